//! What a kind's calls are made with: clients of the right region, tags, and what was read already.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use super::Result;
use super::clients::{Connection, Manner};
use super::repeats::Repeats;
use super::tags::Tags;
use crate::cloud::{Care, Class, CloudError};
use crate::names::{Owner, Region, Scope, StackName, TAG_STACK};

/// The context of one call of a kind.
#[derive(Clone)]
pub struct Cx {
    connection: Arc<Connection>,
    region: Region,
    account: Arc<OnceCell<String>>,
    /// How carefully to read.
    pub care: Care,
    manner: Manner,
    memo: Memo,
}

/// What one survey has read, by name: the same list serves several kinds.
#[derive(Clone, Default)]
pub(crate) struct Memo(Arc<Mutex<HashMap<String, Arc<dyn Any + Send + Sync>>>>);

macro_rules! services {
    ($($(#[$doc:meta])* $service:ident: $sdk:ident;)*) => {
        impl Cx {
            $(
                $(#[$doc])*
                pub fn $service(&self) -> $sdk::Client {
                    self.connection.client(stringify!($service), &self.region, self.manner, |config, meter| {
                        let config = $sdk::config::Builder::from(config).interceptor(meter);
                        $sdk::Client::from_conf(config.retry_classifier(Repeats(self.manner)).build())
                    })
                }
            )*
        }
    };
}

services! {
    /// Certificate Manager.
    acm: aws_sdk_acm;
    /// API Gateway, REST APIs.
    apigateway: aws_sdk_apigateway;
    /// API Gateway, of its second version: VPC links.
    apigatewayv2: aws_sdk_apigatewayv2;
    /// Application Auto Scaling: of ECS services.
    applicationautoscaling: aws_sdk_applicationautoscaling;
    /// EC2 Auto Scaling: of instances.
    autoscaling: aws_sdk_autoscaling;
    /// CloudWatch metrics and alarms.
    cloudwatch: aws_sdk_cloudwatch;
    /// `DynamoDB`.
    dynamodb: aws_sdk_dynamodb;
    /// EC2: networks and what instances are made of.
    ec2: aws_sdk_ec2;
    /// ECS.
    ecs: aws_sdk_ecs;
    /// Elastic Load Balancing of the second version.
    elbv2: aws_sdk_elasticloadbalancingv2;
    /// IAM. Global.
    iam: aws_sdk_iam;
    /// Lambda.
    lambda: aws_sdk_lambda;
    /// CloudWatch Logs.
    logs: aws_sdk_cloudwatchlogs;
    /// Route 53. Global.
    route53: aws_sdk_route53;
    /// SNS.
    sns: aws_sdk_sns;
    /// Security tokens: who we are.
    sts: aws_sdk_sts;
    /// Resource Groups Tagging.
    tagging: aws_sdk_resourcegroupstagging;
}

impl Cx {
    pub(crate) fn new(
        connection: Arc<Connection>,
        account: Arc<OnceCell<String>>,
        at: &Scope,
        care: Care,
        manner: Manner,
        memo: Memo,
    ) -> Self {
        let region = at.region().unwrap_or_else(|| connection.home()).clone();
        Self { connection, region, account, care, manner, memo }
    }

    /// The region that calls go to; the home region for global things.
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
                .ok_or_else(|| CloudError::stated(Class::Other, "sts:GetCallerIdentity", "the answer names no account"))
        });
        account.await.map(String::as_str)
    }

    /// Reads something once per survey and region, however many kinds ask for it.
    /// An exact read is always made anew.
    pub async fn once<T, F>(&self, name: &str, read: F) -> Result<Arc<T>>
    where
        T: Any + Send + Sync,
        F: Future<Output = Result<T>> + Send,
    {
        if self.care == Care::Exact {
            return read.await.map(Arc::new);
        }
        let slot = {
            let mut memo = self.memo.0.lock().unwrap_or_else(PoisonError::into_inner);
            let new = || Arc::new(OnceCell::<Arc<T>>::new()) as Arc<dyn Any + Send + Sync>;
            memo.entry(format!("{}/{name}", self.region)).or_insert_with(new).clone()
        };
        match slot.downcast::<OnceCell<Arc<T>>>() {
            Ok(cell) => cell.get_or_try_init(|| async { read.await.map(Arc::new) }).await.cloned(),
            Err(_) => unreachable!("a name stands for one type"),
        }
    }

    /// The tags of a thing of this stack, from one call for the whole region. `None` when they must
    /// be read from the thing itself: on an exact read, or when the index does not know it (yet).
    pub async fn indexed_tags(&self, arn: &str) -> Result<Option<Tags>> {
        let (Care::Survey, Some(stack)) = (self.care, &self.connection.stack) else { return Ok(None) };
        let index = self.once("tags", self.tagged(stack)).await?;
        Ok(index.get(arn).cloned())
    }

    /// Everything in this region that carries a stack's tag, by ARN.
    pub(crate) async fn tagged(&self, stack: &StackName) -> Result<BTreeMap<String, Tags>> {
        let filter =
            aws_sdk_resourcegroupstagging::types::TagFilter::builder().key(TAG_STACK).values(stack.as_str()).build();
        let mut pages = self.tagging().get_resources().tag_filters(filter).into_paginator().send();
        let mut index = BTreeMap::new();
        while let Some(page) = pages.next().await {
            for found in page?.resource_tag_mapping_list.unwrap_or_default() {
                let tags = found.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect();
                index.insert(found.resource_arn.unwrap_or_default(), tags);
            }
        }
        Ok(index)
    }

    /// The verdict on a thing of our unique name: ours if it carries the tags of this owner's address, else
    /// somebody else's.
    pub fn ours(&self, what: &str, tags: &Tags, owner: &Owner) -> Result<()> {
        if owner.stands_at(|key| tags.get(key).map(String::as_str)) {
            return Ok(());
        }
        let by = match (tags.get(TAG_STACK), tags.get(crate::names::TAG_ADDRESS)) {
            (Some(stack), Some(address)) => format!("it belongs to {address} of the stack {stack}"),
            _ => "it does not carry this stack's tags".to_owned(),
        };
        Err(CloudError {
            hint: Some(format!("delete or rename it, or import it if it is yours; {by}")),
            ..CloudError::stated(Class::Taken, "find", format!("{what} exists already and is somebody else's"))
        })
    }
}
