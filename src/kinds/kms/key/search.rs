//! Searches: the keys that carry an owner's tags.
//!
//! The tag index has every key that is or was tagged, a few seconds or minutes after the fact. A key that it does not
//! have is asked itself: keys without tags, which are few, and new ones. AWS's own keys are left out.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt, stream};

use super::read::{described, is_going, tags_of};
use super::{TAG_DELETED, replica_arn};
use crate::aws::{Cx, Result, Tags};
use crate::cloud::Class;
use crate::kinds::tagging::all_tags;
use crate::names::Owner;

/// The most keys that are asked for their tags at once.
const AT_ONCE: usize = 8;
/// The beginning of AWS's own aliases.
const AWS_ALIAS: &str = "alias/aws/";

/// The key of exactly this owner, if it stands.
pub(super) async fn standing(cx: &Cx, owner: &Owner) -> Result<Option<String>> {
    for (arn, tags) in at_address(cx, owner).await? {
        let is_ours = owner.owns(|key| tags.get(key).map(String::as_str));
        if is_ours && !tags.contains_key(TAG_DELETED) && described(cx, &arn).await?.is_some_and(|live| !is_going(&live))
        {
            return Ok(Some(arn));
        }
    }
    Ok(None)
}

/// The replica of a primary in this region, of which there is one at most.
pub(super) async fn replica(cx: &Cx, owner: &Owner, primary: &str) -> Result<Option<String>> {
    let arn = replica_arn(cx, primary);
    if described(cx, &arn).await?.is_none_or(|live| is_going(&live)) {
        return Ok(None);
    }
    let tags = tags_of(cx, &arn).await?;
    cx.ensure_described_owned(&format!("a replica of {primary} in {}", cx.region()), &tags, owner)?;
    Ok(Some(arn).filter(|_| !tags.contains_key(TAG_DELETED)))
}

/// Every key, with its tags, that has ever been at the address of this owner, whatever its generation and its state.
pub(super) async fn at_address(cx: &Cx, owner: &Owner) -> Result<BTreeMap<String, Tags>> {
    let all: BTreeSet<String> = keys(cx).await?;
    let indexed = indexed(cx).await?;
    let ours = |tags: &Tags| owner.stands_at(|key| tags.get(key).map(String::as_str));
    let unknown: Vec<String> = all.iter().filter(|arn| !indexed.contains_key(*arn)).cloned().collect();
    let unknown = unknown.into_iter().map(|arn| asked(cx, arn));
    let mut found: BTreeMap<String, Tags> = stream::iter(unknown).buffer_unordered(AT_ONCE).try_collect().await?;
    // The index may be behind: what it calls ours is asked again.
    for (arn, _) in indexed.into_iter().filter(|(arn, tags)| ours(tags) && all.contains(arn)) {
        found.extend([asked(cx, arn).await?]);
    }
    found.retain(|_, tags| ours(tags));
    Ok(found)
}

/// The ARN of every key of the account in this region, but for AWS's own.
async fn keys(cx: &Cx) -> Result<BTreeSet<String>> {
    let aliases = cx.kms().list_aliases().into_paginator().items().send().try_collect().await?;
    let of_aws = aliases.into_iter().filter(|alias| alias.alias_name().is_some_and(|name| name.starts_with(AWS_ALIAS)));
    let of_aws: BTreeSet<String> = of_aws.filter_map(|alias| alias.target_key_id).collect();
    let keys = cx.kms().list_keys().limit(1000).into_paginator().items().send().try_collect().await?;
    let keys = keys.into_iter().filter(|key| key.key_id().is_none_or(|id| !of_aws.contains(id)));
    Ok(keys.filter_map(|key| key.key_arn).collect())
}

/// The tags of every key that the tag index has.
async fn indexed(cx: &Cx) -> Result<BTreeMap<String, Tags>> {
    let call = cx.tagging().get_resources().resource_type_filters("kms:key");
    let found = call.into_paginator().items().send().try_collect().await?;
    let tags = found.into_iter().filter_map(|found| {
        let tags = found.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value));
        Some((found.resource_arn?, all_tags(tags)))
    });
    Ok(tags.collect())
}

/// A key with its tags; without any if it has gone, or others keep them from us: then it is not ours.
async fn asked(cx: &Cx, arn: String) -> Result<(String, Tags)> {
    match tags_of(cx, &arn).await {
        Ok(tags) => Ok((arn, tags)),
        Err(error) if matches!(error.class, Class::NotFound | Class::Denied) => Ok((arn, Tags::new())),
        Err(error) => Err(error),
    }
}
