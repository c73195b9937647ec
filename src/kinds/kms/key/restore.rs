//! Keys that wait for their deletion and are wanted again.

use aws_sdk_kms::types::KeyMetadata;

use super::read::{described, is_going, tags_of};
use super::spec::Spec;
use super::{TAG_DELETED, replica_arn, search, settling};
use crate::aws::{Cx, Result, Tags, from_wire};
use crate::cloud::{Class, CloudError};
use crate::kinds::tagging::owned_tags;
use crate::names::Owner;

/// The key of this address that was on its way out, brought back; none if there is none, or another one stands there.
pub(super) async fn restored(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<Option<String>> {
    let Some((arn, live)) = wanted_again(cx, spec, owner).await? else { return Ok(None) };
    let client = cx.kms();
    if is_going(&live) {
        client.cancel_key_deletion().key_id(&arn).send().await.map_err(settling)?;
    }
    let ours = owned_tags(spec.tags.as_ref(), owner);
    client.tag_resource().key_id(&arn).set_tags(Some(ours)).send().await.map_err(settling)?;
    if spec.enabled != Some(false) {
        client.enable_key().key_id(&arn).send().await.map_err(settling)?;
    }
    client.untag_resource().key_id(&arn).tag_keys(TAG_DELETED).send().await.map_err(settling)?;
    Ok(Some(arn))
}

async fn wanted_again(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<Option<(String, KeyMetadata)>> {
    if let Some(primary) = &spec.replica_of {
        return replica(cx, owner, primary).await;
    }
    let mut last: Option<(String, KeyMetadata)> = None;
    for (arn, tags) in search::at_address(cx, owner).await? {
        let Some(live) = described(cx, &arn).await? else { continue };
        if !is_on_its_way_out(&live, &tags) {
            return Ok(None);
        }
        if is_alike(&live, spec) && last.as_ref().is_none_or(|(_, last)| deletion(last) < deletion(&live)) {
            last = Some((arn, live));
        }
    }
    Ok(last)
}

/// A replica that waits for its deletion keeps its region: if it is not ours, there can be no other.
async fn replica(cx: &Cx, owner: &Owner, primary: &str) -> Result<Option<(String, KeyMetadata)>> {
    let arn = replica_arn(cx, primary);
    let Some(live) = described(cx, &arn).await? else { return Ok(None) };
    let tags = tags_of(cx, &arn).await?;
    if !is_on_its_way_out(&live, &tags) {
        return Ok(None);
    }
    if owner.stands_at(|key| tags.get(key).map(String::as_str)) {
        return Ok(Some((arn, live)));
    }
    let message =
        format!("a replica of {primary} waits for its deletion in {}, and is not managed by this stack", cx.region());
    Err(CloudError {
        hint: Some("cancel its deletion if it is needed, or wait for the end of its window".to_owned()),
        ..CloudError::local(Class::NotOwned, "kms:CancelKeyDeletion", message)
    })
}

fn is_on_its_way_out(live: &KeyMetadata, tags: &Tags) -> bool {
    is_going(live) || tags.contains_key(TAG_DELETED)
}

/// True for a key that is what a new one would be.
fn is_alike(live: &KeyMetadata, spec: &Spec) -> bool {
    let key_spec = live.key_spec.as_ref().and_then(|there| from_wire(there.as_str()));
    let key_usage = live.key_usage.as_ref().and_then(|there| from_wire(there.as_str()));
    (spec.multi_region.is_none() || spec.multi_region == Some(live.multi_region == Some(true)))
        && (spec.key_spec.is_none() || spec.key_spec == key_spec)
        && (spec.key_usage.is_none() || spec.key_usage == key_usage)
}

/// The end of the window; a primary with replicas has none yet.
fn deletion(live: &KeyMetadata) -> i64 {
    live.deletion_date.map_or(i64::MAX, |date| date.secs())
}
