//! Reads: a live key as a spec.

use aws_sdk_kms::types::{KeyMetadata, KeySpec as AwsKeySpec, KeyState};
use futures::future::try_join3;

use super::spec::Spec;
use super::{Key, Outputs, TAG_WINDOW, WINDOW};
use crate::aws::{Cx, NotFoundExt, Result, Tags, from_wire, live_tags};
use crate::cloud::{Class, CloudError, ReadRequest, Readiness};
use crate::kinds::Found;
use crate::kinds::reading::required;
use crate::kinds::tagging::all_tags;
use crate::value::Json;

/// A call for the key, and one each for its policy and its rotation if they are managed.
pub(super) async fn read_one(cx: &Cx, request: &ReadRequest) -> Result<Option<Found<Key>>> {
    let arn = request.id.as_str();
    let Some(live) = described(cx, arn).await?.filter(|live| !is_going(live)) else { return Ok(None) };
    let policy = policy(cx, arn, request.manages("policy"));
    let rotation = rotation_days(cx, arn, &live, request.manages("rotation_days"));
    let tagged = request.manages("tags") || request.manages("deletion_window_days");
    let (policy, rotation_days, tags) = try_join3(policy, rotation, tags(cx, arn, tagged)).await?;
    let spec = Spec {
        description: Some(live.description.clone().unwrap_or_default()),
        policy,
        multi_region: Some(live.multi_region == Some(true)),
        replica_of: replica_of(&live, request),
        key_spec: live.key_spec.as_ref().and_then(|spec| from_wire(spec.as_str())),
        key_usage: live.key_usage.as_ref().and_then(|usage| from_wire(usage.as_str())),
        rotation_days,
        enabled: Some(live.enabled),
        deletion_window_days: tags.as_ref().map(window),
        tags: tags.map(live_tags),
    };
    let outputs =
        Outputs { id: live.key_id.clone(), arn: required("kms:DescribeKey", "the ARN of the key", live.arn.clone())? };
    Ok(Some(Found { readiness: readiness(&live), ..Found::serving(spec, outputs) }))
}

/// The primary, as the file says it if it means this key: which of its regions is the primary may change, and it stays the
/// same key, with the same id everywhere.
fn replica_of(live: &KeyMetadata, request: &ReadRequest) -> Option<String> {
    let is_this = |arn: &&str| arn.rsplit('/').next() == Some(live.key_id.as_str());
    let regions = live.multi_region_configuration.as_ref()?;
    let primary = || regions.primary_key.as_ref()?.arn.clone().filter(|arn| Some(arn.as_str()) != live.arn());
    request.texts("replica_of").find(is_this).map(str::to_owned).or_else(primary)
}

/// The key as its own region describes it.
pub(super) async fn described(cx: &Cx, key: &str) -> Result<Option<KeyMetadata>> {
    Ok(cx.kms().describe_key().key_id(key).send().await.optional()?.and_then(|answer| answer.key_metadata))
}

/// True for a key that waits for its deletion.
pub(super) fn is_going(live: &KeyMetadata) -> bool {
    matches!(live.key_state, Some(KeyState::PendingDeletion | KeyState::PendingReplicaDeletion))
}

fn readiness(live: &KeyMetadata) -> Readiness {
    match &live.key_state {
        Some(KeyState::Creating) => Readiness::Pending("creating the key".to_owned()),
        Some(KeyState::Updating) => Readiness::Pending("updating the key".to_owned()),
        Some(state @ (KeyState::PendingImport | KeyState::Unavailable)) => {
            Readiness::Failed(format!("the key is {}", state.as_str()))
        }
        _ => Readiness::Serving,
    }
}

async fn policy(cx: &Cx, arn: &str, wanted: bool) -> Result<Option<Json>> {
    if !wanted {
        return Ok(None);
    }
    let answer = cx.kms().get_key_policy().key_id(arn).policy_name("default").send().await.optional()?;
    let wrong =
        |error| CloudError::local(Class::Other, "kms:GetKeyPolicy", format!("a policy that is no JSON: {error}"));
    answer.and_then(|answer| answer.policy).map(|text| serde_json::from_str(&text)).transpose().map_err(wrong)
}

async fn rotation_days(cx: &Cx, arn: &str, live: &KeyMetadata, wanted: bool) -> Result<Option<i32>> {
    if !wanted {
        return Ok(None);
    }
    if live.key_spec.as_ref().is_some_and(|spec| *spec != AwsKeySpec::SymmetricDefault) {
        return Ok(Some(0));
    }
    let answer = cx.kms().get_key_rotation_status().key_id(arn).send().await.optional()?;
    Ok(answer.map(|answer| if answer.key_rotation_enabled { answer.rotation_period_in_days.unwrap_or(365) } else { 0 }))
}

async fn tags(cx: &Cx, arn: &str, wanted: bool) -> Result<Option<Tags>> {
    match cx.indexed_tags(arn).await? {
        Some(tags) => Ok(Some(tags)),
        None if wanted => tags_of(cx, arn).await.optional(),
        None => Ok(None),
    }
}

/// All tags of a key, from the key itself.
pub(super) async fn tags_of(cx: &Cx, arn: &str) -> Result<Tags> {
    let pages = cx.kms().list_resource_tags().key_id(arn).into_paginator().items().send();
    Ok(all_tags(pages.try_collect().await?))
}

/// The deletion window that the tags tell.
pub(super) fn window(tags: &Tags) -> i32 {
    tags.get(TAG_WINDOW).and_then(|days| days.parse().ok()).unwrap_or(WINDOW)
}
