//! Changes of a key.

use aws_sdk_kms::types::Tag;

use super::read::{described, is_going, tags_of, window};
use super::spec::Spec;
use super::{TAG_DELETED, TAG_WINDOW, settling};
use crate::aws::{Cx, Result, Tags, to_wire, with_owner};
use crate::diff::same_policy;
use crate::kinds::arns::region_of;
use crate::kinds::reading::{changed, created};
use crate::kinds::tagging::{AwsTag, sync_tags, to_aws};
use crate::names::{Owner, PhysicalId};

/// Makes a key, or a replica of one. The policy comes with it, so that it is never without.
pub(super) async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
    let mut tags: Tags = with_owner(spec.tags.as_ref(), owner);
    tags.extend(spec.deletion_window_days.map(|days| (TAG_WINDOW.to_owned(), days.to_string())));
    let tags: Vec<Tag> = to_aws(&tags);
    let policy = spec.policy.as_ref().map(ToString::to_string);
    let description = spec.description.clone().filter(|text| !text.is_empty());
    let Some(primary) = &spec.replica_of else {
        let call = cx.kms().create_key().set_policy(policy).set_description(description).set_tags(Some(tags));
        let call = call
            .set_multi_region(spec.multi_region)
            .set_key_spec(spec.key_spec.map(|spec| to_wire(spec).as_str().into()))
            .set_key_usage(spec.key_usage.map(|usage| to_wire(usage).as_str().into()));
        let made = call.send().await?.key_metadata;
        return created("kms:CreateKey", made.and_then(|key| key.arn));
    };
    let primary = primary_of(cx, primary).await?;
    let there = cx.in_region(&region_of(&primary)?);
    let call = there.kms().replicate_key().key_id(primary).replica_region(cx.region().as_str());
    let call = call.set_policy(policy).set_description(description).set_tags(Some(tags));
    let made = call.send().await.map_err(settling)?.replica_key_metadata;
    created("kms:ReplicateKey", made.and_then(|key| key.arn))
}

/// A key that is switched on first, and off last: in between AWS takes every change.
pub(super) async fn update(cx: &Cx, arn: &str, from: &Spec, to: &Spec) -> Result<()> {
    let client = cx.kms();
    let switched = changed(&from.enabled, &to.enabled);
    if switched == Some(&true) {
        client.enable_key().key_id(arn).send().await.map_err(settling)?;
    }
    if let Some(text) = changed(&from.description, &to.description) {
        client.update_key_description().key_id(arn).description(text).send().await.map_err(settling)?;
    }
    if let Some(policy) = &to.policy
        && !from.policy.as_ref().is_some_and(|live| same_policy(live, policy))
    {
        client.put_key_policy().key_id(arn).policy(policy.to_string()).send().await.map_err(settling)?;
    }
    if let Some(days) = changed(&from.rotation_days, &to.rotation_days) {
        rotate(cx, arn, *days).await?;
    }
    if let Some(days) = changed(&from.deletion_window_days, &to.deletion_window_days) {
        tag(cx, arn, TAG_WINDOW, &days.to_string()).await?;
    }
    sync_tags(
        from.tags.as_ref(),
        to.tags.as_ref(),
        |tags| client.tag_resource().key_id(arn).set_tags(Some(tags)).send(),
        |keys| client.untag_resource().key_id(arn).set_tag_keys(Some(keys)).send(),
    )
    .await
    .map_err(settling)?;
    if switched == Some(&false) {
        client.disable_key().key_id(arn).send().await.map_err(settling)?;
    }
    Ok(())
}

/// The primary of a key, wherever that is by now: its region alone makes replicas and sets the rotation. The key itself, if
/// it is of one region.
async fn primary_of(cx: &Cx, arn: &str) -> Result<String> {
    let live = described(&cx.in_region(&region_of(arn)?), arn).await?;
    let regions = live.and_then(|live| live.multi_region_configuration);
    let primary = regions.and_then(|regions| regions.primary_key).and_then(|primary| primary.arn);
    Ok(primary.unwrap_or_else(|| arn.to_owned()))
}

/// Sets or ends the rotation.
async fn rotate(cx: &Cx, arn: &str, days: i32) -> Result<()> {
    let primary = primary_of(cx, arn).await?;
    let client = cx.in_region(&region_of(&primary)?).kms();
    if days > 0 {
        let call = client.enable_key_rotation().key_id(primary).rotation_period_in_days(days);
        call.send().await.map_err(settling)?;
    } else {
        client.disable_key_rotation().key_id(primary).send().await.map_err(settling)?;
    }
    Ok(())
}

/// Schedules the deletion. A primary that has replicas left, even such as wait for their deletion, waits for them
/// (`PendingReplicaDeletion`), and its window begins after theirs.
pub(super) async fn delete(cx: &Cx, arn: &str) -> Result<()> {
    if described(cx, arn).await?.is_none_or(|live| is_going(&live)) {
        return Ok(());
    }
    let days = window(&tags_of(cx, arn).await?);
    tag(cx, arn, TAG_DELETED, "true").await?;
    let call = cx.kms().schedule_key_deletion().key_id(arn).pending_window_in_days(days);
    call.send().await.map_err(settling)?;
    Ok(())
}

async fn tag(cx: &Cx, arn: &str, key: &str, value: &str) -> Result<()> {
    cx.kms().tag_resource().key_id(arn).tags(Tag::new(key, value)).send().await.map_err(settling)?;
    Ok(())
}
