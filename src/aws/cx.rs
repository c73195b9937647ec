//! The context of a kind's calls: clients of the right region, tags, and the read cache.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::SdkConfig;
use tokio::sync::OnceCell;

use super::Result;
use super::clients::{Connection, RetryPolicy};
use super::interceptor::CallInterceptor;
use super::retries::RetryClassifier;
use super::service::Service;
use super::tags::Tags;
use crate::cloud::{Class, CloudError, ReadMode};
use crate::names::{Owner, Region, Scope, StackName, TAG_ADDRESS, TAG_STACK, address_of_tag};

/// The context of one call of a kind.
#[derive(Clone)]
pub struct Cx {
    connection: Arc<Connection>,
    region: Region,
    account: Arc<OnceCell<String>>,
    /// Permission to answer reads from lists.
    pub mode: ReadMode,
    policy: RetryPolicy,
    cache: ReadCache,
}

/// The lists that one survey has read, by name: one list serves several kinds.
#[derive(Clone, Default)]
pub(crate) struct ReadCache(Arc<Mutex<HashMap<String, Arc<dyn Any + Send + Sync>>>>);

/// Defines a method of [`Cx`] that gives the SDK client of a service.
macro_rules! sdk_client {
    ($(#[$doc:meta])* $method:ident: $sdk:ident, $service:expr) => {
        impl $crate::aws::Cx {
            $(#[$doc])*
            pub fn $method(&self) -> $sdk::Client {
                self.client(&$service, |config, interceptor, classifier| {
                    let config = $sdk::config::Builder::from(config).interceptor(interceptor);
                    $sdk::Client::from_conf(config.retry_classifier(classifier).build())
                })
            }
        }
    };
}
pub(crate) use sdk_client;

const STS: Service = Service { name: "sts", ..Service::DEFAULT };
const TAGGING: Service = Service { name: "tagging", ..Service::DEFAULT };

sdk_client! {
    /// Security tokens: the caller's identity.
    sts: aws_sdk_sts, STS
}
sdk_client! {
    /// Resource Groups Tagging.
    tagging: aws_sdk_resourcegroupstagging, TAGGING
}

impl Cx {
    pub(crate) fn new(
        connection: Arc<Connection>,
        account: Arc<OnceCell<String>>,
        at: &Scope,
        mode: ReadMode,
        policy: RetryPolicy,
        cache: ReadCache,
    ) -> Self {
        let region = at.region().unwrap_or_else(|| connection.home()).clone();
        Self { connection, region, account, mode, policy, cache }
    }

    /// The client of a service in this region, made on first use.
    pub(crate) fn client<C: Any + Clone + Send + Sync>(
        &self,
        service: &'static Service,
        make: impl FnOnce(&SdkConfig, CallInterceptor, RetryClassifier) -> C,
    ) -> C {
        self.connection.client(service, &self.region, self.policy, |config, interceptor| {
            make(config, interceptor, RetryClassifier(self.policy))
        })
    }

    /// The region that calls go to; the home region for global resources.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// The same context in another region.
    #[must_use]
    pub fn in_region(&self, region: &Region) -> Self {
        Self { region: region.clone(), ..self.clone() }
    }

    /// The same context in the home region, where global services such as IAM and Route 53 are called.
    #[must_use]
    pub fn home(&self) -> Self {
        self.in_region(self.connection.home())
    }

    /// The account's number; asked once.
    pub async fn account(&self) -> Result<&str> {
        let account = self.account.get_or_try_init(|| async {
            let identity = self.sts().get_caller_identity().send().await?;
            identity
                .account
                .ok_or_else(|| CloudError::local(Class::Other, "sts:GetCallerIdentity", "the answer names no account"))
        });
        account.await.map(String::as_str)
    }

    /// The ARN of a resource of this account in this region: `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.
    pub async fn arn(&self, service: &str, resource: impl std::fmt::Display) -> Result<String> {
        let (partition, region) = (self.region.partition(), &self.region);
        Ok(format!("arn:{partition}:{service}:{region}:{}:{resource}", self.account().await?))
    }

    /// Reads something once per survey and region, however many kinds ask for it.
    /// In [`ReadMode::Fresh`] the cache is not used.
    pub async fn cached<T, F>(&self, name: &str, read: F) -> Result<Arc<T>>
    where
        T: Any + Send + Sync,
        F: Future<Output = Result<T>> + Send,
    {
        if self.mode == ReadMode::Fresh {
            return read.await.map(Arc::new);
        }
        let slot = {
            let mut cache = self.cache.0.lock().unwrap_or_else(PoisonError::into_inner);
            let new = || Arc::new(OnceCell::<Arc<T>>::new()) as Arc<dyn Any + Send + Sync>;
            cache.entry(format!("{}/{name}", self.region)).or_insert_with(new).clone()
        };
        match slot.downcast::<OnceCell<Arc<T>>>() {
            Ok(cell) => cell.get_or_try_init(|| async { read.await.map(Arc::new) }).await.cloned(),
            Err(_) => unreachable!("a name stands for one type"),
        }
    }

    /// The tags of a resource of this stack, from one call for the whole region. `None` when they must be read from the
    /// resource itself: in [`ReadMode::Fresh`], or when the index, which is eventually consistent, does not have it.
    pub async fn indexed_tags(&self, arn: &str) -> Result<Option<Tags>> {
        let (ReadMode::Listed, Some(stack)) = (self.mode, &self.connection.stack) else { return Ok(None) };
        let index = self.cached("tags", self.tagged(stack)).await?;
        Ok(index.get(arn).cloned())
    }

    /// Every resource in this region that carries a stack's tag, by ARN: from the index, which is eventually consistent.
    pub async fn tagged_of(&self, stack: &StackName) -> Result<Arc<BTreeMap<String, Tags>>> {
        self.cached("tags", self.tagged(stack)).await
    }

    /// Every resource in this region that carries a stack's tag, by ARN.
    pub(crate) async fn tagged(&self, stack: &StackName) -> Result<BTreeMap<String, Tags>> {
        let filter =
            aws_sdk_resourcegroupstagging::types::TagFilter::builder().key(TAG_STACK).values(stack.as_str()).build();
        let call = self.tagging().get_resources().tag_filters(filter);
        let mappings = call.into_paginator().items().send().try_collect().await?;
        let tagged = mappings.into_iter().filter_map(|found| {
            let tags = found.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect();
            Some((found.resource_arn?, tags))
        });
        Ok(tagged.collect())
    }

    /// Refuses a resource of our unique name that does not carry the tags of this owner's address. `kind` is a noun
    /// with its article: `a topic`.
    pub fn ensure_owned(&self, kind: &str, name: &str, tags: &Tags, owner: &Owner) -> Result<()> {
        self.ensure_described_owned(&format!("{kind} named {name}"), tags, owner)
    }

    /// As [`ensure_owned`](Self::ensure_owned), for a resource without a name: `a listener on port 80`.
    pub fn ensure_described_owned(&self, what: &str, tags: &Tags, owner: &Owner) -> Result<()> {
        if owner.stands_at(|key| tags.get(key).map(String::as_str)) {
            return Ok(());
        }
        let by = match (tags.get(TAG_STACK), tags.get(TAG_ADDRESS)) {
            (Some(stack), Some(address)) => format!("it belongs to {address} of the stack {stack}"),
            _ => "it does not carry this stack's tags".to_owned(),
        };
        let is_of_stack = tags.get(TAG_STACK).is_some_and(|stack| stack == owner.stack.as_str());
        let address = tags.get(TAG_ADDRESS).filter(|_| is_of_stack).and_then(|tag| address_of_tag(tag));
        Err(CloudError {
            hint: Some(format!("delete or rename it, or give this one another name; {by}")),
            held_by: address,
            ..CloudError::local(
                Class::NotOwned,
                "find",
                format!("{what} already exists and is not managed by this stack"),
            )
        })
    }
}
