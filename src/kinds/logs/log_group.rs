//! `CloudWatch` Logs log group: made before its writers, so that retention, key and tags are there from the first line.

use aws_sdk_cloudwatchlogs::types::{LogGroup as Described, LogGroupClass};
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::{Cx, NotFoundExt, Result, Tags, live_tags, tag_changes, with_owner};
use crate::catalog::Traits;
use crate::cloud::{Class, CloudError, ReadMode, ReadRequest};
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};

/// A log group.
pub struct LogGroup;

/// What a log group can be told to be.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name, unique in the region; 1 to 512 letters, digits and `.-_/#`, not beginning with `aws/`. A change replaces.
    #[schemars(regex(pattern = r"^[.\-_/#A-Za-z0-9]{1,512}$"), extend("x-change" = "replace"))]
    pub name: String,
    /// Days after which events expire: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192,
    /// 2557, 2922, 3288 or 3653; 0 keeps them for ever, which is what AWS does when this is left out.
    #[schemars(range(min = 0, max = 3653))]
    pub retention_days: Option<i32>,
    /// ARN of the KMS key that encrypts new events; its policy must allow `logs.<region>.amazonaws.com`.
    /// An empty text goes back to the key that AWS keeps.
    #[schemars(length(max = 256))]
    pub kms_key: Option<String>,
    /// What the group can do and costs; `STANDARD` when left out. A change replaces: the group is deleted with all
    /// logs in it, unless `deletion_protection` is on.
    #[schemars(extend("x-change" = "replace"))]
    pub class: Option<GroupClass>,
    /// Whether the group is kept from being deleted, by a change of the file too; false when left out. Logs do not
    /// count as data otherwise. To delete the group, turn this off and apply first.
    pub deletion_protection: Option<bool>,
    /// Tags.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// What a log group can do and costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum GroupClass {
    /// Everything, such as metric filters, live tail and subscriptions.
    Standard,
    /// Half the price, without those.
    InfrequentAccess,
    /// Only passed on to S3 or X-Ray; kept for a day, whatever the retention.
    Delivery,
}

/// What a log group can be referred to by.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN, without `:*`.
    pub arn: String,
    /// Its name.
    pub name: String,
}

const RETENTIONS: [i32; 23] =
    [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

impl Kind for LogGroup {
    const NAME: &'static str = "logs.LogGroup";
    const ABOUT: &'static str = "A log group of CloudWatch Logs";
    const EXAMPLE: &'static str = "
name: /aws/lambda/shop-carts
retention_days: 30
class: STANDARD
deletion_protection: false
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "retention_days: 14",
        "retention_days: 0",
        "kms_key: arn:aws:kms:us-east-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "kms_key: ''",
        "deletion_protection: true",
        "deletion_protection: false",
        "tags: {team: platform, cost: '7'}",
        "class: INFREQUENT_ACCESS",
        "name: /aws/lambda/shop-orders",
    ];
    const TRAITS: Traits = Traits { unique_by: &["name"], ..Traits::DEFAULT };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        let surveyed = cx.mode == ReadMode::Listed && requests.len() > 1;
        let groups = if surveyed { describe_many(cx, requests).await? } else { Vec::new() };
        let groups = &groups;
        try_join_all(requests.iter().map(|request| async move {
            let name = request.id.as_str();
            let listed = groups.iter().find(|group| group.log_group_name() == Some(name)).cloned();
            let group = if surveyed { listed } else { describe(cx, name).await? };
            match group {
                Some(group) => found(cx, group).await,
                None => Ok(None),
            }
        }))
        .await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let Some(group) = describe(cx, &spec.name).await? else { return Ok(None) };
        let Some(tags) = tags(cx, &arn(&group)).await? else { return Ok(None) };
        if is_of(owner, &spec.name) && is_leftover(&group, &tags) {
            return Ok(None);
        }
        cx.ensure_owned("a log group", &spec.name, &tags, owner)?;
        Ok(Some(PhysicalId::new(&spec.name)))
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        let tags = with_owner(spec.tags.as_ref(), owner);
        let call = cx.logs().create_log_group().log_group_name(&spec.name);
        let made = call
            .set_kms_key_id(spec.kms_key.clone().filter(|key| !key.is_empty()))
            .set_log_group_class(spec.class.map(GroupClass::to_aws))
            .set_deletion_protection_enabled(spec.deletion_protection.filter(|on| *on))
            .set_tags(Some(tags.clone().into_iter().collect()))
            .send()
            .await
            .map_err(CloudError::from);
        match made {
            Err(error) if error.class == Class::Exists && is_of(owner, &spec.name) => {
                take_over(cx, spec, tags, error).await?;
            }
            other => drop(other?),
        }
        Ok(PhysicalId::new(&spec.name))
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let name = id.as_str();
        match to.retention_days {
            Some(0) if from.retention_days != Some(0) => {
                cx.logs().delete_retention_policy().log_group_name(name).send().await?;
            }
            Some(days) if from.retention_days != Some(days) => {
                cx.logs().put_retention_policy().log_group_name(name).retention_in_days(days).send().await?;
            }
            _ => {}
        }
        if let Some(key) = to.kms_key.as_ref().filter(|_| to.kms_key != from.kms_key) {
            if key.is_empty() {
                cx.logs().disassociate_kms_key().log_group_name(name).send().await?;
            } else {
                cx.logs().associate_kms_key().log_group_name(name).kms_key_id(key).send().await?;
            }
        }
        if let Some(on) = to.deletion_protection.filter(|_| to.deletion_protection != from.deletion_protection) {
            protect(cx, name, on).await?;
        }
        update_tags(cx, name, from, to).await
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        let Some(group) = describe(cx, id.as_str()).await? else { return Ok(()) };
        if group.deletion_protection_enabled == Some(true) {
            let hint = "set `deletion_protection: false` and apply, then delete it".to_owned();
            let error = CloudError::local(Class::Invalid, "delete", format!("the log group {id} is protected"));
            return Err(CloudError { hint: Some(hint), ..error });
        }
        cx.logs().delete_log_group().log_group_name(id.as_str()).send().await?;
        Ok(())
    }

    fn check(spec: &Spec) -> Vec<String> {
        let mut faults = Vec::new();
        if let Some(days) = spec.retention_days.filter(|days| !RETENTIONS.contains(days)) {
            let near = RETENTIONS.iter().skip(1).min_by_key(|known| (**known - days).abs()).unwrap_or(&0);
            faults.push(format!("{days} days of retention are not to be had; the nearest that are: {near}"));
        }
        if spec.name.starts_with("aws/") {
            faults.push("a log group's name must not begin with `aws/`; `/aws/` is allowed".to_owned());
        }
        faults
    }
}

impl GroupClass {
    fn to_aws(self) -> LogGroupClass {
        match self {
            Self::Standard => LogGroupClass::Standard,
            Self::InfrequentAccess => LogGroupClass::InfrequentAccess,
            Self::Delivery => LogGroupClass::Delivery,
        }
    }

    /// A class that we do not know is none.
    fn from_aws(class: Option<&LogGroupClass>) -> Option<Self> {
        match class {
            None | Some(LogGroupClass::Standard) => Some(Self::Standard),
            Some(LogGroupClass::InfrequentAccess) => Some(Self::InfrequentAccess),
            Some(LogGroupClass::Delivery) => Some(Self::Delivery),
            Some(_) => None,
        }
    }
}

/// Events that come in late make a deleted group again, bare. Such a one is in the way of the next
/// creation and holds nothing that was set up by anybody, so it is made ours; any other is not.
async fn take_over(cx: &Cx, spec: &Spec, tags: Tags, refused: CloudError) -> Result<()> {
    let Some(group) = describe(cx, &spec.name).await? else { return Err(refused) };
    let arn = arn(&group);
    let Some(there) = self::tags(cx, &arn).await? else { return Err(refused) };
    let class = GroupClass::from_aws(group.log_group_class.as_ref());
    if !is_leftover(&group, &there) || spec.class.is_some_and(|wanted| class != Some(wanted)) {
        return Err(refused);
    }
    cx.logs().tag_resource().resource_arn(arn).set_tags(Some(tags.into_iter().collect())).send().await?;
    Ok(())
}

/// Whether a group of this name is what a function of this stack logs to: only such a one can be a leftover of ours.
fn is_of(owner: &Owner, name: &str) -> bool {
    name.starts_with(&format!("/aws/lambda/{}-", owner.stack))
}

/// Whether this is a group as AWS makes them by itself, without anything that a person would set.
fn is_leftover(group: &Described, tags: &Tags) -> bool {
    tags.is_empty() && group.retention_in_days.is_none() && group.kms_key_id.is_none()
}

async fn protect(cx: &Cx, name: &str, on: bool) -> Result<()> {
    let call = cx.logs().put_log_group_deletion_protection().log_group_identifier(name);
    call.deletion_protection_enabled(on).send().await?;
    Ok(())
}

async fn update_tags(cx: &Cx, name: &str, from: &Spec, to: &Spec) -> Result<()> {
    let (set, unset) = tag_changes(from.tags.as_ref(), to.tags.as_ref());
    if set.is_empty() && unset.is_empty() {
        return Ok(());
    }
    let Some(group) = describe(cx, name).await? else { return Ok(()) };
    let arn = arn(&group);
    if !set.is_empty() {
        cx.logs().tag_resource().resource_arn(&arn).set_tags(Some(set.into_iter().collect())).send().await?;
    }
    if !unset.is_empty() {
        cx.logs().untag_resource().resource_arn(&arn).set_tag_keys(Some(unset)).send().await?;
    }
    Ok(())
}

/// The groups of these names, fifty at a time.
async fn describe_many(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Described>> {
    let pages = requests.chunks(50).map(|requests| async move {
        let names = requests.iter().map(|request| request.id.to_string()).collect();
        let call = cx.logs().describe_log_groups().set_log_group_identifiers(Some(names));
        let mut pages = call.into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(group) = pages.next().await {
            found.push(group?);
        }
        Ok::<_, CloudError>(found)
    });
    Ok(try_join_all(pages).await?.into_iter().flatten().collect())
}

/// The group of exactly this name. Of those whose names begin with it, it is the first in the list.
async fn describe(cx: &Cx, name: &str) -> Result<Option<Described>> {
    let listed = cx.logs().describe_log_groups().log_group_name_prefix(name).send().await?;
    Ok(listed.log_groups.unwrap_or_default().into_iter().find(|group| group.log_group_name() == Some(name)))
}

async fn found(cx: &Cx, group: Described) -> Result<Option<Found<LogGroup>>> {
    let arn = arn(&group);
    let tags = match cx.indexed_tags(&arn).await? {
        Some(tags) => tags,
        None => match tags(cx, &arn).await? {
            Some(tags) => tags,
            None => return Ok(None),
        },
    };
    let name = group.log_group_name.unwrap_or_default();
    let spec = Spec {
        name: name.clone(),
        retention_days: Some(group.retention_in_days.unwrap_or(0)),
        kms_key: Some(group.kms_key_id.unwrap_or_default()),
        class: GroupClass::from_aws(group.log_group_class.as_ref()),
        deletion_protection: Some(group.deletion_protection_enabled.unwrap_or(false)),
        tags: Some(live_tags(tags)),
    };
    Ok(Some(Found::serving(spec, Outputs { arn, name })))
}

async fn tags(cx: &Cx, arn: &str) -> Result<Option<Tags>> {
    let listed = cx.logs().list_tags_for_resource().resource_arn(arn).send().await.optional()?;
    Ok(listed.map(|listed| listed.tags.unwrap_or_default().into_iter().collect()))
}

/// The ARN that tags go by: without the `:*` that stands for the streams in the group.
fn arn(group: &Described) -> String {
    let with_streams = group.arn().unwrap_or_default();
    group.log_group_arn().unwrap_or_else(|| with_streams.strip_suffix(":*").unwrap_or(with_streams)).to_owned()
}
