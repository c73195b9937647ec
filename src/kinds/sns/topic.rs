//! SNS topic, for notifications of alarms.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::{Cx, NotFoundExt, Result, Tags, live_tags};
use crate::catalog::Traits;
use crate::cloud::ReadRequest;
use crate::kinds::reading::{changed, created, read_each};
use crate::kinds::tagging::{all_tags, owned_tags, sync_tags};
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};

/// An SNS topic.
pub struct Topic;

/// The properties of a topic.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name, unique in the region; 1 to 256 letters, digits, `_` and `-`.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,256}$"), extend("x-highlight" = true, "x-change" = "replace"))]
    pub name: String,
    /// Sender of e-mails and text messages.
    #[schemars(length(max = 100), extend("x-reset" = ""))]
    pub display_name: Option<String>,
    /// KMS key that encrypts messages at rest; it must allow `cloudwatch.amazonaws.com` if alarms publish here.
    /// An empty text for none.
    #[schemars(extend("x-reset" = ""))]
    pub kms_key: Option<String>,
    /// Subscribers. An e-mail address has to be confirmed by its owner; one that never was
    /// cannot be taken off, and leaves by itself after two days. Subscriptions of others stay.
    #[schemars(extend("x-merge" = true))]
    pub subscriptions: Option<Vec<Subscription>>,
    /// Tags, by key. Tags that others add stay.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// A subscriber.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// Protocol: `email`, `https`, `lambda`, `sqs` and so on.
    pub protocol: String,
    /// Endpoint: an address, a URL or an ARN.
    pub endpoint: String,
}

/// The outputs of a topic.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
}

impl Kind for Topic {
    const NAME: &'static str = "sns.Topic";
    const ABOUT: &'static str = "An SNS topic and its subscriptions";
    const EXAMPLE: &'static str = "
name: shop-oncall
display_name: Shop
subscriptions:
  - {protocol: email, endpoint: oncall@example.com}
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "display_name: Shop on call",
        "kms_key: alias/aws/sns",
        "kms_key: ''",
        "subscriptions: [{protocol: sms, endpoint: '+15555550100'}]",
        "tags: {team: platform, cost: '7'}",
        "name: shop-night",
    ];
    const TRAITS: Traits = Traits { unique_by: &["name"], ..Traits::DEFAULT };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        read_each(requests, |request| read_one(cx, request)).await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let arn = cx.arn("sns", &spec.name).await?;
        let listed = cx.sns().list_tags_for_resource().resource_arn(&arn).send().await.optional()?;
        let Some(listed) = listed else { return Ok(None) };
        cx.ensure_owned("a topic", &spec.name, &all_tags(listed.tags.unwrap_or_default()), owner)?;
        Ok(Some(PhysicalId::new(arn)))
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        let call = cx.sns().create_topic().name(&spec.name);
        let answer = call.set_tags(Some(owned_tags(spec.tags.as_ref(), owner))).send().await?;
        created("sns:CreateTopic", answer.topic_arn)
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let attributes = [
            ("DisplayName", changed(&from.display_name, &to.display_name)),
            ("KmsMasterKeyId", changed(&from.kms_key, &to.kms_key)),
        ];
        for (name, value) in attributes {
            if let Some(value) = value {
                let call = cx.sns().set_topic_attributes().topic_arn(id.as_str());
                call.attribute_name(name).attribute_value(value).send().await?;
            }
        }
        update_subscriptions(cx, id, from, to).await?;
        sync_tags(
            from.tags.as_ref(),
            to.tags.as_ref(),
            |tags| cx.sns().tag_resource().resource_arn(id.as_str()).set_tags(Some(tags)).send(),
            |keys| cx.sns().untag_resource().resource_arn(id.as_str()).set_tag_keys(Some(keys)).send(),
        )
        .await
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        cx.sns().delete_topic().topic_arn(id.as_str()).send().await?;
        Ok(())
    }
}

async fn read_one(cx: &Cx, request: &ReadRequest) -> Result<Option<Found<Topic>>> {
    let arn = request.id.as_str();
    let name = arn.rsplit(':').next().unwrap_or_default().to_owned();
    let indexed = cx.indexed_tags(arn).await?;
    // A topic that the index knows is there; its attributes are worth a call only if they are ours.
    let known = indexed.is_some() && !request.manages("display_name") && !request.manages("kms_key");
    let mut attributes = BTreeMap::new();
    if !known {
        let Some(found) = cx.sns().get_topic_attributes().topic_arn(arn).send().await.optional()? else {
            return Ok(None);
        };
        attributes.extend(found.attributes.unwrap_or_default());
    }
    let tags = match indexed {
        Some(tags) => tags,
        None => all_tags(cx.sns().list_tags_for_resource().resource_arn(arn).send().await?.tags.unwrap_or_default()),
    };
    let subscriptions = if request.manages("subscriptions") { Some(subscriptions(cx, arn).await?) } else { None };
    // What is not set is missing: it reads as the empty text that takes it away.
    let mut text = |name: &str| (!known).then(|| attributes.remove(name).unwrap_or_default());
    let spec = Spec {
        name: name.clone(),
        display_name: text("DisplayName"),
        kms_key: text("KmsMasterKeyId"),
        subscriptions: subscriptions.map(|all| all.into_iter().map(|(what, _)| what).collect()),
        tags: Some(live_tags(tags)),
    };
    Ok(Some(Found::serving(spec, Outputs { arn: arn.to_owned(), name })))
}

/// Subscriptions with their ARNs; one that waits for confirmation has none, and cannot be removed.
async fn subscriptions(cx: &Cx, arn: &str) -> Result<Vec<(Subscription, Option<String>)>> {
    let pages = cx.sns().list_subscriptions_by_topic().topic_arn(arn).into_paginator().send();
    let pages = pages.try_collect().await?;
    let listed = pages.into_iter().flat_map(|page| page.subscriptions.unwrap_or_default());
    // One that was deleted is still listed for a while.
    let mut all: Vec<_> = listed
        .filter(|found| found.subscription_arn.as_deref() != Some("Deleted"))
        .map(|found| {
            let subscription = Subscription {
                protocol: found.protocol.unwrap_or_default(),
                endpoint: found.endpoint.unwrap_or_default(),
            };
            (subscription, found.subscription_arn.filter(|arn| arn.starts_with("arn:")))
        })
        .collect();
    all.sort();
    Ok(all)
}

async fn update_subscriptions(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
    let (Some(wanted), ours) = (&to.subscriptions, from.subscriptions.as_deref().unwrap_or_default()) else {
        return Ok(());
    };
    let live = subscriptions(cx, id.as_str()).await?;
    for new in wanted.iter().filter(|wanted| !live.iter().any(|(live, _)| live == *wanted)) {
        let call = cx.sns().subscribe().topic_arn(id.as_str());
        call.protocol(&new.protocol).endpoint(&new.endpoint).return_subscription_arn(true).send().await?;
    }
    for (_, arn) in live.iter().filter(|(live, _)| ours.contains(live) && !wanted.contains(live)) {
        if let Some(arn) = arn {
            cx.sns().unsubscribe().subscription_arn(arn).send().await?;
        }
    }
    Ok(())
}
