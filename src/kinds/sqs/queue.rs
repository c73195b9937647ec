//! SQS queue: messages that wait for their receiver.
//!
//! A queue that is deleted takes its messages with it, and a dead-letter queue may hold the only trace of what went
//! wrong, so queues hold data: they are protected unless the file says otherwise.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_sqs::types::QueueAttributeName as Name;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::aws::{Cx, ErrorCodes, NotFoundExt, Result, Tags, live_tags, tag_changes, with_owner};
use crate::catalog::Traits;
use crate::cloud::{Class, CloudError, ReadRequest};
use crate::diff::same_policy;
use crate::kinds::reading::{changed, created, read_each};
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};
use crate::value::Json;

/// An SQS queue.
pub struct Queue;

/// After so many receives a message goes to the dead-letter queue, if nothing is said.
const MAX_RECEIVES: i32 = 10;
/// The fields of a spec that `GetQueueAttributes` tells.
const ATTRIBUTES: [&str; 10] = [
    "content_based_deduplication",
    "visibility_timeout_seconds",
    "delay_seconds",
    "retention_seconds",
    "max_message_bytes",
    "receive_wait_seconds",
    "dead_letter",
    "kms_key",
    "managed_encryption",
    "policy",
];

/// Properties of a queue.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name, unique in the region: 1 to 80 letters, digits, `_` and `-`; that of a FIFO queue ends with `.fifo`.
    #[schemars(
        regex(pattern = r"^([A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo)$"),
        extend("x-highlight" = true, "x-change" = "replace")
    )]
    pub name: String,
    /// FIFO: messages come in the order in which they were sent, each once. A standard queue when left out.
    #[schemars(extend("x-highlight" = true, "x-change" = "replace"))]
    pub fifo: Option<bool>,
    /// Deduplication by content: equal messages sent within five minutes are one. For FIFO queues; off when left out.
    pub content_based_deduplication: Option<bool>,
    /// Time for which a received message is hidden from other receivers; 0 to 43200 seconds, 30 when left out.
    #[schemars(range(min = 0, max = 43200))]
    pub visibility_timeout_seconds: Option<i32>,
    /// Time for which a new message is hidden; 0 to 900 seconds, 0 when left out.
    #[schemars(range(min = 0, max = 900))]
    pub delay_seconds: Option<i32>,
    /// Time for which a message is kept; 60 to 1209600 seconds (14 days), 345600 (4 days) when left out. A shorter time
    /// deletes messages that are older. A change takes effect within 15 minutes.
    #[schemars(range(min = 60, max = 1_209_600), extend("x-risk" = "retention"))]
    pub retention_seconds: Option<i32>,
    /// Largest message; 1024 to 1048576 bytes, the latter when left out.
    #[schemars(range(min = 1024, max = 1_048_576))]
    pub max_message_bytes: Option<i32>,
    /// Time for which a receive call waits for a message; 0 to 20 seconds, 0 when left out.
    #[schemars(range(min = 0, max = 20))]
    pub receive_wait_seconds: Option<i32>,
    /// Dead-letter queue, for messages that nobody could handle.
    pub dead_letter: Option<DeadLetter>,
    /// KMS key that encrypts messages at rest: its id, ARN or `alias/NAME`. An empty text for none.
    pub kms_key: Option<String>,
    /// Encryption at rest with keys of SQS, in place of `kms_key`. On when neither is given.
    pub managed_encryption: Option<bool>,
    /// Resource policy: who may use the queue besides this account. `{}` for none.
    #[schemars(extend("x-risk" = "permissions", "x-compare" = "policy"))]
    pub policy: Option<Json>,
    /// Tags.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// The dead-letter queue of another queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeadLetter {
    /// ARN of a queue of the same type and region. An empty text for none.
    pub queue: String,
    /// Receives of a message before it goes there; 1 to 1000, 10 when left out.
    #[schemars(range(min = 1, max = 1000))]
    pub max_receives: Option<i32>,
}

/// Outputs of a queue.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its URL, which every call takes.
    pub url: String,
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
}

impl Kind for Queue {
    const NAME: &'static str = "sqs.Queue";
    const ABOUT: &'static str = "An SQS queue";
    const EXAMPLE: &'static str = "
name: shop-jobs.fifo
fifo: true
content_based_deduplication: true
visibility_timeout_seconds: 60
retention_seconds: 1209600
managed_encryption: true
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "{visibility_timeout_seconds: 0, delay_seconds: 5, retention_seconds: 3600, content_based_deduplication: false}",
        "{max_message_bytes: 262144, receive_wait_seconds: 20}",
        "dead_letter: {queue: '${sqs.Queue.arn}', max_receives: 5}",
        "dead_letter: {queue: '${sqs.Queue.arn}', max_receives: 7}",
        "dead_letter: {queue: ''}",
        "{kms_key: alias/shop, managed_encryption: null}",
        "{kms_key: '', managed_encryption: true}",
        "kms_key: alias/shop-two\nmanaged_encryption: false",
        "{kms_key: null, managed_encryption: true}",
        "
policy:
  Version: '2012-10-17'
  Statement:
    - Effect: Allow
      Principal: {Service: events.amazonaws.com}
      Action: 'sqs:SendMessage'
      Resource: 'arn:aws:sqs:us-east-1:000000000000:shop-jobs.fifo'
",
        "policy: {}",
        "tags: {team: platform, cost: '7'}",
        "{name: shop-jobs, fifo: false, content_based_deduplication: null}",
    ];
    const TRAITS: Traits = Traits { holds_data: true, unique_by: &["name"], ..Traits::DEFAULT };
    const ERRORS: ErrorCodes = ErrorCodes {
        exists: &["QueueAlreadyExists", "QueueNameExists"],
        // The name of a deleted queue is free after a minute.
        conflict: &["AWS.SimpleQueueService.QueueDeletedRecently", "QueueDeletedRecently"],
        // A policy may name a role that is new.
        not_visible_yet: &["InvalidAttributeValue: for the parameter Policy"],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        read_each(requests, |request| read_one(cx, request)).await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let found = cx.sqs().get_queue_url().queue_name(&spec.name).send().await.optional()?;
        let Some(url) = found.and_then(|found| found.queue_url) else { return Ok(None) };
        let Some(tags) = tags(cx, &url).await? else { return Ok(None) };
        cx.ensure_owned("a queue", &spec.name, &tags, owner)?;
        Ok(Some(PhysicalId::new(url)))
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        // A second create with other attributes is refused, so all that may change comes by update.
        let mut call = cx.sqs().create_queue().queue_name(&spec.name);
        if spec.fifo == Some(true) {
            call = call.attributes(Name::FifoQueue, "true");
        }
        let tags = with_owner(spec.tags.as_ref(), owner).into_iter().collect();
        created("sqs:CreateQueue", call.set_tags(Some(tags)).send().await?.queue_url)
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let url = id.as_str();
        let attributes = changed_attributes(from, to);
        if !attributes.is_empty() {
            cx.sqs().set_queue_attributes().queue_url(url).set_attributes(Some(attributes)).send().await?;
        }
        let (set, unset) = tag_changes(from.tags.as_ref(), to.tags.as_ref());
        if !set.is_empty() {
            cx.sqs().tag_queue().queue_url(url).set_tags(Some(set.into_iter().collect())).send().await?;
        }
        if !unset.is_empty() {
            cx.sqs().untag_queue().queue_url(url).set_tag_keys(Some(unset)).send().await?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        cx.sqs().delete_queue().queue_url(id.as_str()).send().await?;
        Ok(())
    }

    fn check(spec: &Spec) -> Vec<String> {
        let mut faults = Vec::new();
        let fifo = spec.fifo == Some(true);
        if fifo != is_fifo(&spec.name) {
            faults.push("the name of a FIFO queue ends with `.fifo`, and no other does".to_owned());
        }
        if !fifo && spec.content_based_deduplication.is_some() {
            faults.push("`content_based_deduplication` is for FIFO queues".to_owned());
        }
        if spec.managed_encryption == Some(true) && spec.kms_key.as_ref().is_some_and(|key| !key.is_empty()) {
            faults.push("messages are encrypted with `kms_key` or with `managed_encryption`, not with both".to_owned());
        }
        faults
    }
}

/// A queue is of the type that its name tells.
fn is_fifo(name: &str) -> bool {
    name.strip_suffix(".fifo").is_some()
}

/// Attributes that an update has to send.
fn changed_attributes(from: &Spec, to: &Spec) -> HashMap<Name, String> {
    let mut attributes = HashMap::new();
    let flags = [
        (Name::ContentBasedDeduplication, changed(&from.content_based_deduplication, &to.content_based_deduplication)),
        (Name::SqsManagedSseEnabled, changed(&from.managed_encryption, &to.managed_encryption)),
    ];
    attributes.extend(flags.into_iter().filter_map(|(name, value)| Some((name, value?.to_string()))));
    let numbers = [
        (Name::VisibilityTimeout, changed(&from.visibility_timeout_seconds, &to.visibility_timeout_seconds)),
        (Name::DelaySeconds, changed(&from.delay_seconds, &to.delay_seconds)),
        (Name::MessageRetentionPeriod, changed(&from.retention_seconds, &to.retention_seconds)),
        (Name::MaximumMessageSize, changed(&from.max_message_bytes, &to.max_message_bytes)),
        (Name::ReceiveMessageWaitTimeSeconds, changed(&from.receive_wait_seconds, &to.receive_wait_seconds)),
    ];
    attributes.extend(numbers.into_iter().filter_map(|(name, value)| Some((name, value?.to_string()))));
    attributes.extend(changed(&from.kms_key, &to.kms_key).map(|key| (Name::KmsMasterKeyId, key.clone())));
    if let Some(wanted) = changed(&from.dead_letter, &to.dead_letter) {
        attributes.insert(Name::RedrivePolicy, redrive_policy(from.dead_letter.as_ref(), wanted));
    }
    if let Some(policy) = &to.policy
        && !from.policy.as_ref().is_some_and(|live| same_policy(live, policy))
    {
        let none = policy.as_object().is_some_and(serde_json::Map::is_empty);
        attributes.insert(Name::Policy, if none { String::new() } else { policy.to_string() });
    }
    attributes
}

/// A redrive policy as AWS takes it; a number that the file leaves out stays.
fn redrive_policy(live: Option<&DeadLetter>, wanted: &DeadLetter) -> String {
    if wanted.queue.is_empty() {
        return String::new();
    }
    let receives = wanted.max_receives.or(live.and_then(|live| live.max_receives)).unwrap_or(MAX_RECEIVES);
    json!({"deadLetterTargetArn": wanted.queue, "maxReceiveCount": receives}).to_string()
}

async fn read_one(cx: &Cx, request: &ReadRequest) -> Result<Option<Found<Queue>>> {
    let url = request.id.as_str();
    let name = url.rsplit('/').next().unwrap_or_default().to_owned();
    let arn = cx.arn("sqs", &name).await?;
    let indexed = cx.indexed_tags(&arn).await?;
    // A queue that the index knows is there; its attributes are worth a call only if they are ours.
    let attributes = if indexed.is_some() && !ATTRIBUTES.iter().any(|field| request.manages(field)) {
        None
    } else {
        let call = cx.sqs().get_queue_attributes().queue_url(url).attribute_names(Name::All);
        let Some(found) = call.send().await.optional()? else { return Ok(None) };
        Some(found.attributes.unwrap_or_default())
    };
    let tags = match indexed {
        Some(tags) => Some(tags),
        None => tags(cx, url).await?,
    };
    let Some(tags) = tags else { return Ok(None) };
    let spec = live_spec(name.clone(), attributes.as_ref(), live_tags(tags))?;
    Ok(Some(Found::serving(spec, Outputs { url: url.to_owned(), arn, name })))
}

/// The tags of a queue, if it is there.
async fn tags(cx: &Cx, url: &str) -> Result<Option<Tags>> {
    let listed = cx.sqs().list_queue_tags().queue_url(url).send().await.optional()?;
    Ok(listed.map(|listed| listed.tags.unwrap_or_default().into_iter().collect::<BTreeMap<_, _>>()))
}

/// The live queue; without attributes, only what its name and tags tell.
fn live_spec(name: String, attributes: Option<&HashMap<Name, String>>, tags: Tags) -> Result<Spec> {
    let text = |name: Name| attributes?.get(&name).map(String::as_str);
    let number = |name: Name| text(name).and_then(|value| value.parse().ok());
    let flag = |name: Name| attributes.map(|_| text(name) == Some("true"));
    // What is not set is missing: it reads as the empty value that takes it away.
    let document = |name: Name| attributes.map(|_| parsed(text(name))).transpose();
    let fifo = is_fifo(&name);
    Ok(Spec {
        name,
        fifo: Some(fifo),
        content_based_deduplication: flag(Name::ContentBasedDeduplication),
        visibility_timeout_seconds: number(Name::VisibilityTimeout),
        delay_seconds: number(Name::DelaySeconds),
        retention_seconds: number(Name::MessageRetentionPeriod),
        max_message_bytes: number(Name::MaximumMessageSize),
        receive_wait_seconds: number(Name::ReceiveMessageWaitTimeSeconds),
        dead_letter: document(Name::RedrivePolicy)?.map(|policy| dead_letter(&policy)),
        kms_key: attributes.map(|_| text(Name::KmsMasterKeyId).unwrap_or_default().to_owned()),
        managed_encryption: flag(Name::SqsManagedSseEnabled),
        policy: document(Name::Policy)?,
        tags: Some(tags),
    })
}

/// A redrive policy as AWS tells it: its number is one, or a text.
fn dead_letter(policy: &Json) -> DeadLetter {
    let receives = &policy["maxReceiveCount"];
    let receives = receives.as_i64().or_else(|| receives.as_str()?.parse().ok());
    DeadLetter {
        queue: policy["deadLetterTargetArn"].as_str().unwrap_or_default().to_owned(),
        max_receives: receives.and_then(|receives| receives.try_into().ok()),
    }
}

fn parsed(document: Option<&str>) -> Result<Json> {
    serde_json::from_str(document.filter(|text| !text.is_empty()).unwrap_or("{}"))
        .map_err(|error| CloudError::local(Class::Other, "sqs", format!("an attribute that is no JSON: {error}")))
}
