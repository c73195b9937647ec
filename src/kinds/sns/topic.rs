//! SNS topic: where alarms speak.

use std::collections::BTreeMap;

use aws_sdk_sns::types::Tag;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::{Cx, Gone, Result, Tags, live_tags, tag_changes, with_owner};
use crate::cloud::Ask;
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};

/// An SNS topic.
pub struct Topic;

/// What a topic can be told to be.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name, unique in the region; 1 to 256 letters, digits, `_` and `-`.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,256}$"), extend("x-change" = "replace"))]
    pub name: String,
    /// What stands as the sender of e-mails and text messages.
    #[schemars(length(max = 100))]
    pub display_name: Option<String>,
    /// KMS key that encrypts messages at rest; it must allow `cloudwatch.amazonaws.com` if alarms publish here.
    /// An empty text for none.
    pub kms_key: Option<String>,
    /// Who gets the messages. An e-mail address has to be confirmed by its owner; one that never was
    /// cannot be taken off, and leaves by itself after two days. Subscriptions of others stay.
    #[schemars(extend("x-merge" = true))]
    pub subscriptions: Option<Vec<Subscription>>,
    /// Tags.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Somebody who gets the messages.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// How: `email`, `https`, `lambda`, `sqs` and so on.
    pub protocol: String,
    /// Where: an address, a URL or an ARN.
    pub endpoint: String,
}

/// What a topic can be referred to by.
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

    const DELETE_FIRST: bool = true;

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, asks: &[Ask]) -> Result<Vec<Option<Found<Self>>>> {
        futures::future::try_join_all(asks.iter().map(|ask| read_one(cx, ask))).await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let arn = format!("arn:aws:sns:{}:{}:{}", cx.region(), cx.account().await?, spec.name);
        let listed = cx.sns().list_tags_for_resource().resource_arn(&arn).send().await.or_gone()?;
        let Some(listed) = listed else { return Ok(None) };
        cx.ours(&format!("the topic {}", spec.name), &pairs(listed.tags), owner)?;
        Ok(Some(PhysicalId::new(arn)))
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        let tags = with_owner(spec.tags.as_ref(), owner).into_iter().map(|(key, value)| tag(&key, &value));
        let made = cx.sns().create_topic().name(&spec.name).set_tags(Some(tags.collect())).send().await?;
        Ok(PhysicalId::new(made.topic_arn.unwrap_or_default()))
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let attributes =
            [("DisplayName", &from.display_name, &to.display_name), ("KmsMasterKeyId", &from.kms_key, &to.kms_key)];
        for (name, live, wanted) in attributes {
            if let Some(wanted) = wanted.as_ref().filter(|_| live != wanted) {
                let call = cx.sns().set_topic_attributes().topic_arn(id.as_str());
                call.attribute_name(name).attribute_value(wanted).send().await?;
            }
        }
        update_subscriptions(cx, id, from, to).await?;
        let (set, unset) = tag_changes(from.tags.as_ref(), to.tags.as_ref());
        if !set.is_empty() {
            let tags = set.iter().map(|(key, value)| tag(key, value)).collect();
            cx.sns().tag_resource().resource_arn(id.as_str()).set_tags(Some(tags)).send().await?;
        }
        if !unset.is_empty() {
            cx.sns().untag_resource().resource_arn(id.as_str()).set_tag_keys(Some(unset)).send().await?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        cx.sns().delete_topic().topic_arn(id.as_str()).send().await?;
        Ok(())
    }
}

async fn read_one(cx: &Cx, ask: &Ask) -> Result<Option<Found<Topic>>> {
    let arn = ask.id.as_str();
    let name = arn.rsplit(':').next().unwrap_or_default().to_owned();
    let indexed = cx.indexed_tags(arn).await?;
    // A topic that the index knows is there; its attributes are worth a call only if they are ours.
    let known = indexed.is_some() && !ask.manages("display_name") && !ask.manages("kms_key");
    let mut attributes = BTreeMap::new();
    if !known {
        let Some(found) = cx.sns().get_topic_attributes().topic_arn(arn).send().await.or_gone()? else {
            return Ok(None);
        };
        attributes.extend(found.attributes.unwrap_or_default());
    }
    let tags = match indexed {
        Some(tags) => tags,
        None => pairs(cx.sns().list_tags_for_resource().resource_arn(arn).send().await?.tags),
    };
    let subscriptions = if ask.manages("subscriptions") { Some(subscriptions(cx, arn).await?) } else { None };
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
    let mut pages = cx.sns().list_subscriptions_by_topic().topic_arn(arn).into_paginator().send();
    let mut all = Vec::new();
    while let Some(page) = pages.next().await {
        // One that was deleted is still listed for a while.
        let listed = page?.subscriptions.unwrap_or_default().into_iter();
        for found in listed.filter(|found| found.subscription_arn.as_deref() != Some("Deleted")) {
            let what = Subscription {
                protocol: found.protocol.unwrap_or_default(),
                endpoint: found.endpoint.unwrap_or_default(),
            };
            all.push((what, found.subscription_arn.filter(|arn| arn.starts_with("arn:"))));
        }
    }
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

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build().unwrap_or_else(|_| unreachable!("both parts are set"))
}

fn pairs(tags: Option<Vec<Tag>>) -> Tags {
    tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect()
}
