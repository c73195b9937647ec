//! Tags of resources: every SDK has a tag type of its own, and all work alike.

use std::future::Future;

use crate::aws::{Result, Tags, live_tags, tag_changes, with_owner};
use crate::cloud::CloudError;
use crate::names::Owner;

/// Tag that tells a resource from others for the same purpose, which may stand beside it for a while.
pub(super) const TAG_VARIANT: &str = "isobar:variant";

/// A tag in the type of one SDK; implemented once a service.
pub(super) trait AwsTag: Sized {
    /// A tag of this key and value.
    fn new(key: &str, value: &str) -> Self;

    /// Its key and value.
    fn pair(self) -> (String, String);
}

/// Some services take tags as a map.
impl AwsTag for (String, String) {
    fn new(key: &str, value: &str) -> Self {
        (key.to_owned(), value.to_owned())
    }

    fn pair(self) -> (String, String) {
        self
    }
}

/// The user's tags and the owner's, for a create call.
pub(super) fn owned_tags<T: AwsTag, C: FromIterator<T>>(tags: Option<&Tags>, owner: &Owner) -> C {
    to_aws(&with_owner(tags, owner))
}

/// The user's tags, with the one that tells a variant.
pub(super) fn with_variant(tags: Option<&Tags>, variant: Option<&String>) -> Tags {
    let variant = variant.map(|variant| (TAG_VARIANT.to_owned(), variant.clone()));
    tags.cloned().unwrap_or_default().into_iter().chain(variant).collect()
}

/// True if these are the tags of this owner's resource of a variant. One that was made before it had a variant may be any.
pub(super) fn is_variant(tags: &Tags, owner: &Owner, variant: Option<&String>) -> bool {
    let same = tags.get(TAG_VARIANT).is_none_or(|there| Some(there) == variant);
    same && owner.stands_at(|key| tags.get(key).map(String::as_str))
}

/// Tags as an SDK takes them: a list, or a map.
pub(super) fn to_aws<T: AwsTag, C: FromIterator<T>>(tags: &Tags) -> C {
    tags.iter().map(|(key, value)| T::new(key, value)).collect()
}

/// All tags of a resource, as an SDK gives them: the user's, ours and AWS's.
pub(super) fn all_tags<T: AwsTag>(tags: impl IntoIterator<Item = T>) -> Tags {
    tags.into_iter().map(AwsTag::pair).collect()
}

/// The user's tags of a resource: without ours and AWS's.
pub(super) fn user_tags<T: AwsTag>(tags: impl IntoIterator<Item = T>) -> Tags {
    live_tags(tags.into_iter().map(AwsTag::pair))
}

/// Makes the live tags the wanted ones with at most two calls; does nothing if tags are not managed.
pub(super) async fn sync_tags<T, C, SetFuture, SetOutput, SetError, UnsetFuture, UnsetOutput, UnsetError>(
    live: Option<&Tags>,
    wanted: Option<&Tags>,
    set: impl FnOnce(C) -> SetFuture,
    unset: impl FnOnce(Vec<String>) -> UnsetFuture,
) -> Result<()>
where
    T: AwsTag,
    C: FromIterator<T>,
    SetFuture: Future<Output = std::result::Result<SetOutput, SetError>>,
    SetError: Into<CloudError>,
    UnsetFuture: Future<Output = std::result::Result<UnsetOutput, UnsetError>>,
    UnsetError: Into<CloudError>,
{
    let (changed, removed) = tag_changes(live, wanted);
    if !changed.is_empty() {
        set(to_aws(&changed)).await.map_err(Into::into)?;
    }
    if !removed.is_empty() {
        unset(removed).await.map_err(Into::into)?;
    }
    Ok(())
}
