//! Objects in an S3 bucket, written on condition: where a shared state is kept.
//!
//! Sources: `PutObject` with `If-Match` and `If-None-Match`, which S3 answers with 412 if they do not
//! hold and 409 if another write was under way; `Last-Modified` and `Date` of one answer are of one clock.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::ConfigBag;
use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_s3::primitives::{ByteStream, DateTime, DateTimeFormat};
use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration, Delete,
    ExpirationStatus, LifecycleRule, LifecycleRuleFilter, NoncurrentVersionExpiration, ObjectIdentifier,
    PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, VersioningConfiguration,
};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::error::operation::BuildError;
use futures::future::BoxFuture;

use super::clients::Connection;
use crate::cloud::{Class, CloudError};
use crate::names::Region;
use crate::store::objects::{Object, ObjectError, Objects, Tag, Version, When};

/// Days that what was overwritten or deleted is kept.
const KEPT_DAYS: i32 = 90;
/// The most earlier versions of a state that are searched for a good one.
const VERSIONS: i32 = 20;

/// A bucket.
pub struct S3Objects {
    client: Client,
    bucket: Bucket,
}

/// A bucket, and the permission to create it.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// Its region.
    pub region: Region,
    /// The KMS key that encrypts what is written; S3's own key if none.
    pub kms_key: Option<String>,
    /// Permission to create it if it does not exist.
    pub create: bool,
}

type Answer<'a, T> = BoxFuture<'a, Result<T, ObjectError>>;

impl S3Objects {
    /// The objects of a bucket; no call is made.
    pub fn new(connection: &Connection, bucket: Bucket) -> Self {
        Self { client: connection.state_client(&bucket.region), bucket }
    }

    async fn get_now(&self, key: &str) -> Result<Option<Object>, ObjectError> {
        let answered = Answered::default();
        let call = self.client.get_object().bucket(&self.bucket.name).key(key);
        let found = match call.customize().interceptor(answered.clone()).send().await.map_err(CloudError::from) {
            Ok(found) => found,
            Err(error) if error.code == "NoSuchKey" => return Ok(None),
            Err(error) => return Err(refined(error)),
        };
        let age = age(found.last_modified, answered.at());
        let tag = Tag(found.e_tag.unwrap_or_default());
        let bytes = found.body.collect().await.map_err(|error| unread(&error))?.to_vec();
        Ok(Some(Object { bytes, tag, age }))
    }

    async fn put_now(&self, key: &str, bytes: Vec<u8>, when: When) -> Result<Tag, ObjectError> {
        let call = self.client.put_object().bucket(&self.bucket.name).key(key).content_type("application/json");
        let call = match when {
            When::Absent => call.if_none_match("*"),
            When::Is(tag) => call.if_match(tag.0),
            When::Anyhow => call,
        };
        let call = match &self.bucket.kms_key {
            Some(key) => call.server_side_encryption(ServerSideEncryption::AwsKms).ssekms_key_id(key),
            None => call,
        };
        match call.body(ByteStream::from(bytes)).send().await.map_err(CloudError::from) {
            Ok(put) => Ok(Tag(put.e_tag.unwrap_or_default())),
            // What was to be overwritten is not there at all.
            Err(error) if matches!(error.code.as_str(), "PreconditionFailed" | "NoSuchKey") => {
                Err(ObjectError::Condition)
            }
            Err(error) => Err(refined(error)),
        }
    }

    async fn list_now(&self, prefix: &str) -> Result<Vec<String>, ObjectError> {
        let call = self.client.list_objects_v2().bucket(&self.bucket.name).prefix(prefix);
        let mut pages = call.into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| refined(error.into()))?;
            keys.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key));
        }
        Ok(keys)
    }

    async fn delete_now(&self, keys: &[String]) -> Result<(), ObjectError> {
        for some in keys.chunks(1000) {
            let objects = some.iter().map(|key| ObjectIdentifier::builder().key(key).build());
            let objects = objects.collect::<Result<_, _>>().map_err(|error| unbuilt(&error))?;
            let delete =
                Delete::builder().set_objects(Some(objects)).quiet(true).build().map_err(|error| unbuilt(&error))?;
            let call = self.client.delete_objects().bucket(&self.bucket.name).delete(delete);
            call.send().await.map_err(|error| refined(error.into()))?;
        }
        Ok(())
    }

    async fn versions_now(&self, key: &str) -> Result<Vec<Version>, ObjectError> {
        let bucket = &self.bucket.name;
        let call = self.client.list_object_versions().bucket(bucket).prefix(key).max_keys(VERSIONS);
        let listed = call.send().await.map_err(|error| refined(error.into()))?;
        let mut found = Vec::new();
        for version in listed.versions.unwrap_or_default() {
            let (Some(id), false) = (version.version_id, version.is_latest.unwrap_or_default()) else { continue };
            let call = self.client.get_object().bucket(bucket).key(key).version_id(&id);
            let object = call.send().await.map_err(|error| refined(error.into()))?;
            let bytes = object.body.collect().await.map_err(|error| unread(&error))?.to_vec();
            found.push((format!("version {id} of s3://{bucket}/{key}"), bytes));
        }
        Ok(found)
    }

    /// Makes the bucket: versioned, encrypted, closed to the public. One that is there is brought to
    /// that, if it is not versioned yet: a run that died here goes on so.
    async fn prepare_now(&self) -> Result<(), ObjectError> {
        if !self.bucket.create {
            return Ok(());
        }
        let name = &self.bucket.name;
        let versioning = self.client.get_bucket_versioning().bucket(name).send().await.map_err(CloudError::from);
        match versioning {
            Ok(found) if found.status == Some(BucketVersioningStatus::Enabled) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.code == "NoSuchBucket" => self.make().await?,
            Err(error) => return Err(refined(error)),
        }
        self.close_to_the_public().await?;
        self.encrypt().await?;
        self.expire_versions().await?;
        let versioned = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        let call = self.client.put_bucket_versioning().bucket(name).versioning_configuration(versioned);
        call.send().await.map_err(|error| refined(error.into()))?;
        Ok(())
    }

    async fn make(&self) -> Result<(), ObjectError> {
        let region = self.bucket.region.as_str();
        let call = self.client.create_bucket().bucket(&self.bucket.name);
        let call = if region == "us-east-1" {
            call
        } else {
            let place = BucketLocationConstraint::from(region);
            call.create_bucket_configuration(CreateBucketConfiguration::builder().location_constraint(place).build())
        };
        match call.send().await.map_err(CloudError::from) {
            Err(error) if error.code != "BucketAlreadyOwnedByYou" => Err(refined(error)),
            _ => Ok(()),
        }
    }

    async fn close_to_the_public(&self) -> Result<(), ObjectError> {
        let closed = PublicAccessBlockConfiguration::builder()
            .block_public_acls(true)
            .block_public_policy(true)
            .ignore_public_acls(true)
            .restrict_public_buckets(true)
            .build();
        let call = self.client.put_public_access_block().bucket(&self.bucket.name);
        call.public_access_block_configuration(closed).send().await.map_err(|error| refined(error.into()))?;
        Ok(())
    }

    async fn encrypt(&self) -> Result<(), ObjectError> {
        let key = self.bucket.kms_key.clone();
        let algorithm = if key.is_some() { ServerSideEncryption::AwsKms } else { ServerSideEncryption::Aes256 };
        let by = ServerSideEncryptionByDefault::builder().sse_algorithm(algorithm).set_kms_master_key_id(key);
        let by = by.build().map_err(|error| unbuilt(&error))?;
        let rule = ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(by);
        let rule = rule.bucket_key_enabled(true).build();
        let rules =
            ServerSideEncryptionConfiguration::builder().rules(rule).build().map_err(|error| unbuilt(&error))?;
        let call = self.client.put_bucket_encryption().bucket(&self.bucket.name);
        let call = call.server_side_encryption_configuration(rules);
        call.send().await.map_err(|error| refined(error.into()))?;
        Ok(())
    }

    async fn expire_versions(&self) -> Result<(), ObjectError> {
        let rule = LifecycleRule::builder()
            .id("old-versions")
            .status(ExpirationStatus::Enabled)
            .filter(LifecycleRuleFilter::builder().prefix("").build())
            .noncurrent_version_expiration(NoncurrentVersionExpiration::builder().noncurrent_days(KEPT_DAYS).build());
        let rules = BucketLifecycleConfiguration::builder().rules(rule.build().map_err(|error| unbuilt(&error))?);
        let call = self.client.put_bucket_lifecycle_configuration().bucket(&self.bucket.name);
        let call = call.lifecycle_configuration(rules.build().map_err(|error| unbuilt(&error))?);
        call.send().await.map_err(|error| refined(error.into()))?;
        Ok(())
    }
}

impl Objects for S3Objects {
    fn get<'a>(&'a self, key: &'a str) -> Answer<'a, Option<Object>> {
        Box::pin(self.get_now(key))
    }

    fn put<'a>(&'a self, key: &'a str, bytes: Vec<u8>, when: When) -> Answer<'a, Tag> {
        Box::pin(self.put_now(key, bytes, when))
    }

    fn list<'a>(&'a self, prefix: &'a str) -> Answer<'a, Vec<String>> {
        Box::pin(self.list_now(prefix))
    }

    fn delete<'a>(&'a self, keys: &'a [String]) -> Answer<'a, ()> {
        Box::pin(self.delete_now(keys))
    }

    fn versions<'a>(&'a self, key: &'a str) -> Answer<'a, Vec<Version>> {
        Box::pin(self.versions_now(key))
    }

    fn prepare(&self) -> Answer<'_, ()> {
        Box::pin(self.prepare_now())
    }

    fn place(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket.name)
    }
}

/// The time of the answer, by S3's clock.
#[derive(Debug, Clone, Default)]
struct Answered(Arc<Mutex<Option<DateTime>>>);

impl Answered {
    fn at(&self) -> Option<DateTime> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for Answered {
    fn name(&self) -> &'static str {
        "IsobarAnswered"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let date = date.and_then(|date| DateTime::from_str(date, DateTimeFormat::HttpDate).ok());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = date;
        Ok(())
    }
}

/// The age of an object by S3's own clock. Zero if the endpoint's answer has no date: our own clock may be wrong, and a
/// lease could be taken from a holder that is alive.
fn age(written: Option<DateTime>, answered: Option<DateTime>) -> Duration {
    let (Some(written), Some(answered)) = (written, answered) else { return Duration::ZERO };
    Duration::from_secs(u64::try_from(answered.secs().saturating_sub(written.secs())).unwrap_or_default())
}

fn refined(error: CloudError) -> ObjectError {
    match error.code.as_str() {
        "NoSuchBucket" => ObjectError::NoBucket,
        "ConditionalRequestConflict" => ObjectError::Cloud(CloudError { class: Class::Conflict, ..error }),
        _ => ObjectError::Cloud(error),
    }
}

fn unbuilt(error: &BuildError) -> ObjectError {
    ObjectError::Cloud(CloudError::local(Class::Invalid, "s3", error.to_string()))
}

fn unread(error: &dyn std::error::Error) -> ObjectError {
    ObjectError::Cloud(CloudError::local(Class::Unreachable, "s3:GetObject", error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_of_an_object_follows_the_clock_of_s3() {
        let at = |seconds| Some(DateTime::from_secs(seconds));
        assert_eq!(age(at(1000), at(1060)), Duration::from_mins(1));
        assert_eq!(age(at(1000), at(990)), Duration::ZERO);
        assert_eq!(age(at(1000), None), Duration::ZERO);
    }
}
