//! Tags of resources: every SDK has a tag type of its own, and all work alike.

use std::future::Future;

use crate::aws::{Result, Tags, live_tags, tag_changes, with_owner};
use crate::cloud::CloudError;
use crate::names::Owner;

/// A tag in the type of one SDK; implemented once a service.
pub(super) trait AwsTag: Sized {
    /// A tag of this key and value.
    fn new(key: &str, value: &str) -> Self;

    /// Its key and value.
    fn pair(self) -> (String, String);
}

/// The user's tags and the owner's, for a create call.
pub(super) fn owned_tags<T: AwsTag>(tags: Option<&Tags>, owner: &Owner) -> Vec<T> {
    to_aws(&with_owner(tags, owner))
}

/// Tags as an SDK takes them.
pub(super) fn to_aws<T: AwsTag>(tags: &Tags) -> Vec<T> {
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
pub(super) async fn sync_tags<T, SetFuture, SetOutput, SetError, UnsetFuture, UnsetOutput, UnsetError>(
    live: Option<&Tags>,
    wanted: Option<&Tags>,
    set: impl FnOnce(Vec<T>) -> SetFuture,
    unset: impl FnOnce(Vec<String>) -> UnsetFuture,
) -> Result<()>
where
    T: AwsTag,
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
