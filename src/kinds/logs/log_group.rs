//! `CloudWatch` Logs log group: made before its writers, so that retention, key and tags are there from the first line.

use aws_sdk_cloudwatchlogs::types::LogGroup as Described;
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::{Cx, NotFoundExt, Result, Tags, from_wire, live_tags, to_wire, with_owner};
use crate::catalog::Traits;
use crate::cloud::{Class, CloudError, ReadMode, ReadRequest};
use crate::kinds::reading::{changed, read_each, required};
use crate::kinds::tagging::{all_tags, sync_tags, to_aws};
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};

/// A log group.
pub struct LogGroup;

/// The properties of a log group.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name, unique in the region; 1 to 512 letters, digits and `.-_/#`, not beginning with `aws/`. A change replaces.
    #[schemars(regex(pattern = r"^[.\-_/#A-Za-z0-9]{1,512}$"), extend("x-highlight" = true, "x-change" = "replace"))]
    pub name: String,
    /// Days after which events expire: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192,
    /// 2557, 2922, 3288 or 3653; 0 keeps them for ever, which is what AWS does when this is left out.
    #[schemars(range(min = 0, max = 3653), extend("x-risk" = "retention", "x-highlight" = true, "x-reset" = 0))]
    pub retention_days: Option<i32>,
    /// ARN of the KMS key that encrypts new events; its policy must allow `logs.<region>.amazonaws.com`.
    /// An empty text goes back to the key that AWS keeps.
    #[schemars(length(max = 256), extend("x-reset" = ""))]
    pub kms_key: Option<String>,
    /// Class, which decides features and price; `STANDARD` when left out. A change replaces: the group is deleted with all
    /// logs in it, unless `deletion_protection` is on.
    #[schemars(extend("x-change" = "replace"))]
    pub class: Option<GroupClass>,
    /// Protection from being deleted, by a change of the file too; false when left out. Logs do not
    /// count as data otherwise. To delete the group, turn this off and apply first.
    #[schemars(extend("x-risk" = "protection", "x-reset" = false))]
    pub deletion_protection: Option<bool>,
    /// Tags, by key. Tags that others add stay.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Class of a log group, which decides features and price.
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

/// The outputs of a log group.
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
        read_each(requests, async |request| {
            let name = request.id.as_str();
            let listed = groups.iter().find(|group| group.log_group_name() == Some(name)).cloned();
            let group = if surveyed { listed } else { describe(cx, name).await? };
            match group {
                Some(group) => found(cx, group).await,
                None => Ok(None),
            }
        })
        .await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let Some(group) = describe(cx, &spec.name).await? else { return Ok(None) };
        let Some(tags) = tags(cx, &arn(&group)?).await? else { return Ok(None) };
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
            .set_log_group_class(spec.class.map(|class| to_wire(class).as_str().into()))
            .set_deletion_protection_enabled(spec.deletion_protection.filter(|on| *on))
            .set_tags(Some(to_aws(&tags)))
            .send()
            .await
            .map_err(CloudError::from);
        match made {
            Err(error) if error.class == Class::Exists && is_of(owner, &spec.name) => {
                take_over(cx, spec, &tags, error).await?;
            }
            other => drop(other?),
        }
        Ok(PhysicalId::new(&spec.name))
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let name = id.as_str();
        match changed(&from.retention_days, &to.retention_days) {
            None => {}
            Some(0) => {
                cx.logs().delete_retention_policy().log_group_name(name).send().await?;
            }
            Some(days) => {
                cx.logs().put_retention_policy().log_group_name(name).retention_in_days(*days).send().await?;
            }
        }
        match changed(&from.kms_key, &to.kms_key).map(String::as_str) {
            None => {}
            Some("") => {
                cx.logs().disassociate_kms_key().log_group_name(name).send().await?;
            }
            Some(key) => {
                cx.logs().associate_kms_key().log_group_name(name).kms_key_id(key).send().await?;
            }
        }
        if let Some(on) = changed(&from.deletion_protection, &to.deletion_protection) {
            let call = cx.logs().put_log_group_deletion_protection().log_group_identifier(name);
            call.deletion_protection_enabled(*on).send().await?;
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
            faults.push(format!("`retention_days`: {days} is not allowed; the nearest allowed value is {near}"));
        }
        if spec.name.starts_with("aws/") {
            faults.push("a log group's name must not begin with `aws/`; `/aws/` is allowed".to_owned());
        }
        faults
    }
}

/// The class of a group; none if it is newer than we are.
fn class(group: &Described) -> Option<GroupClass> {
    group.log_group_class.as_ref().map_or(Some(GroupClass::Standard), |class| from_wire(class.as_str()))
}

/// Events that come in late make a deleted group again, bare. Such a one is in the way of the next
/// creation and holds nothing that was set up by anybody, so it is made ours; any other is not.
async fn take_over(cx: &Cx, spec: &Spec, tags: &Tags, refused: CloudError) -> Result<()> {
    let Some(group) = describe(cx, &spec.name).await? else { return Err(refused) };
    let arn = arn(&group)?;
    let Some(there) = self::tags(cx, &arn).await? else { return Err(refused) };
    let class = class(&group);
    if !is_leftover(&group, &there) || spec.class.is_some_and(|wanted| class != Some(wanted)) {
        return Err(refused);
    }
    cx.logs().tag_resource().resource_arn(arn).set_tags(Some(to_aws(tags))).send().await?;
    Ok(())
}

/// True if a function of this stack logs to a group of this name: only such a group can be a leftover of ours.
fn is_of(owner: &Owner, name: &str) -> bool {
    name.starts_with(&format!("/aws/lambda/{}-", owner.stack))
}

/// True if this is a group as AWS creates them by itself, without anything that a person would set.
fn is_leftover(group: &Described, tags: &Tags) -> bool {
    tags.is_empty() && group.retention_in_days.is_none() && group.kms_key_id.is_none()
}

async fn update_tags(cx: &Cx, name: &str, from: &Spec, to: &Spec) -> Result<()> {
    if changed(&from.tags, &to.tags).is_none() {
        return Ok(());
    }
    let Some(group) = describe(cx, name).await? else { return Ok(()) };
    let arn = arn(&group)?;
    sync_tags(
        from.tags.as_ref(),
        to.tags.as_ref(),
        |tags| cx.logs().tag_resource().resource_arn(&arn).set_tags(Some(tags)).send(),
        |keys| cx.logs().untag_resource().resource_arn(&arn).set_tag_keys(Some(keys)).send(),
    )
    .await
}

/// The groups of these names, fifty at a time.
async fn describe_many(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Described>> {
    let pages = requests.chunks(50).map(|requests| async move {
        let names = requests.iter().map(|request| request.id.to_string()).collect();
        let call = cx.logs().describe_log_groups().set_log_group_identifiers(Some(names));
        Ok::<Vec<_>, CloudError>(call.into_paginator().items().send().try_collect().await?)
    });
    Ok(try_join_all(pages).await?.into_iter().flatten().collect())
}

/// The group of exactly this name. Of those whose names begin with it, it is the first in the list.
async fn describe(cx: &Cx, name: &str) -> Result<Option<Described>> {
    let listed = cx.logs().describe_log_groups().log_group_name_prefix(name).send().await?;
    Ok(listed.log_groups.unwrap_or_default().into_iter().find(|group| group.log_group_name() == Some(name)))
}

async fn found(cx: &Cx, group: Described) -> Result<Option<Found<LogGroup>>> {
    let arn = arn(&group)?;
    let tags = match cx.indexed_tags(&arn).await? {
        Some(tags) => tags,
        None => match tags(cx, &arn).await? {
            Some(tags) => tags,
            None => return Ok(None),
        },
    };
    let class = class(&group);
    let name = group.log_group_name.unwrap_or_default();
    let spec = Spec {
        name: name.clone(),
        retention_days: Some(group.retention_in_days.unwrap_or(0)),
        kms_key: Some(group.kms_key_id.unwrap_or_default()),
        class,
        deletion_protection: Some(group.deletion_protection_enabled.unwrap_or(false)),
        tags: Some(live_tags(tags)),
    };
    Ok(Some(Found::serving(spec, Outputs { arn, name })))
}

async fn tags(cx: &Cx, arn: &str) -> Result<Option<Tags>> {
    let listed = cx.logs().list_tags_for_resource().resource_arn(arn).send().await.optional()?;
    Ok(listed.map(|listed| all_tags(listed.tags.unwrap_or_default())))
}

/// The ARN that tags go by: without the `:*` that stands for the streams in the group.
fn arn(group: &Described) -> Result<String> {
    let with_streams = || group.arn().map(|arn| arn.strip_suffix(":*").unwrap_or(arn));
    let arn = group.log_group_arn().or_else(with_streams).map(str::to_owned);
    required("logs:DescribeLogGroups", "the ARN of the log group", arn)
}
