//! Route 53: the kinds, and the names, tags and caller references that they share.

mod health_check;
mod hosted_zone;
mod record_set;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_route53::types::{ResourceTagSet, Tag, TagResourceType};

use crate::aws::{Cx, NotFoundExt, Result, Service, Tags, Throttled, sdk_client, tag_changes};
use crate::cloud::CloudError;
use crate::kinds::RegisteredKind;
use crate::kinds::tagging::{AwsTag, all_tags, to_aws};
use crate::names::Owner;

const SERVICE: Service = Service { name: "route53", global: true, concurrent: 4, throttled: Throttled::Together };

sdk_client! {
    /// Route 53. Global.
    route53: aws_sdk_route53, SERVICE
}

/// The kinds of this service.
pub(super) fn kinds() -> Vec<RegisteredKind> {
    vec![
        RegisteredKind::of::<health_check::HealthCheck>(&SERVICE),
        RegisteredKind::of::<hosted_zone::HostedZone>(&SERVICE),
        RegisteredKind::of::<record_set::RecordSet>(&SERVICE),
    ]
}

/// The most resources that one `ListTagsForResources` takes.
const PER_CALL: usize = 10;

/// The caller references that one owner has: one that was ever used is never free again, not even after the resource
/// was deleted outside of Isobar.
const REFERENCES: usize = 8;

/// A name as users write it: small letters, no trailing dot, `*` instead of `\052`.
pub(super) fn plain_name(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    let mut rest = name.trim_end_matches('.');
    while let Some(at) = rest.find('\\') {
        let (head, tail) = rest.split_at(at);
        plain.push_str(head);
        let code = tail.get(1..4).filter(|code| code.bytes().all(|digit| digit.is_ascii_digit()));
        if let Some(code) = code.and_then(|code| u8::from_str_radix(code, 8).ok()) {
            plain.push(char::from(code));
            rest = &tail[4..];
        } else {
            plain.push('\\');
            rest = &tail[1..];
        }
    }
    plain.push_str(rest);
    plain.to_lowercase()
}

/// An id without what stands before it, such as `/hostedzone/`.
pub(super) fn bare(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

/// The ARN of a zone or health check. Route 53 itself does not return it.
pub(super) fn arn(cx: &Cx, kind: &TagResourceType, id: &str) -> String {
    format!("arn:{}:route53:::{}/{id}", cx.region().partition(), kind.as_str())
}

/// The caller references of an owner, in the order in which they are tried.
pub(super) fn references(owner: &Owner) -> impl Iterator<Item = String> {
    let token = owner.token();
    (0..REFERENCES).map(move |number| if number == 0 { token.clone() } else { format!("{token}-{number}") })
}

/// Every caller reference that may be this owner's.
pub(super) fn all_references(owner: &Owner) -> BTreeSet<String> {
    owner.each_generation().flat_map(|owner| references(&owner).collect::<Vec<_>>()).collect()
}

/// The tags of zones or health checks, by id: from the index, else ten at a time.
pub(super) async fn tags(cx: &Cx, kind: &TagResourceType, ids: &[&str]) -> Result<BTreeMap<String, Tags>> {
    let mut all = BTreeMap::new();
    let mut unknown = Vec::new();
    for id in ids {
        match cx.indexed_tags(&arn(cx, kind, id)).await? {
            Some(tags) => drop(all.insert((*id).to_owned(), tags)),
            None => unknown.push((*id).to_owned()),
        }
    }
    for some in unknown.chunks(PER_CALL) {
        let call = cx.route53().list_tags_for_resources().resource_type(kind.clone());
        // One that goes away meanwhile fails them all; the next read sees that it is gone.
        let answer = call.set_resource_ids(Some(some.to_vec())).send().await.optional()?;
        all.extend(answer.into_iter().flat_map(|answer| answer.resource_tag_sets).filter_map(tags_of_set));
    }
    Ok(all)
}

fn tags_of_set(set: ResourceTagSet) -> Option<(String, Tags)> {
    Some((set.resource_id?, all_tags(set.tags.unwrap_or_default())))
}

impl AwsTag for Tag {
    fn new(key: &str, value: &str) -> Self {
        Self::builder().key(key).value(value).build()
    }

    fn pair(self) -> (String, String) {
        (self.key.unwrap_or_default(), self.value.unwrap_or_default())
    }
}

/// The limit of tags of zones and health checks: ten in all, three of which are the owner's.
pub(super) fn too_many_tags(count: usize) -> Option<String> {
    let most = 7;
    (count > most)
        .then(|| format!("at most {most} tags are allowed besides those of the stack itself, but there are {count}"))
}

/// Adds tags after the create call, which takes none. An error says that the resource may be there without them.
pub(super) async fn put_tags(cx: &Cx, kind: &TagResourceType, id: &str, tags: &Tags) -> Result<()> {
    let call = cx.route53().change_tags_for_resource().resource_type(kind.clone()).resource_id(id);
    let sent = call.set_add_tags(Some(to_aws(tags))).send().await;
    sent.map_err(|error| CloudError { maybe_done: true, ..error.into() })?;
    Ok(())
}

/// Makes the live tags the wanted ones.
pub(super) async fn update_tags(cx: &Cx, kind: &TagResourceType, id: &str, live: &Tags, wanted: &Tags) -> Result<()> {
    let (set, unset) = tag_changes(Some(live), Some(wanted));
    if set.is_empty() && unset.is_empty() {
        return Ok(());
    }
    let call = cx.route53().change_tags_for_resource().resource_type(kind.clone()).resource_id(id);
    let call = call.set_add_tags(Some(set).filter(|set| !set.is_empty()).map(|set| to_aws(&set)));
    call.set_remove_tag_keys(Some(unset).filter(|unset| !unset.is_empty())).send().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_form() {
        for (given, plain) in [
            ("Shop.Example.com.", "shop.example.com"),
            (r"\052.example.com.", "*.example.com"),
            (r"a\057b.example.com", "a/b.example.com"),
            (r"odd\x.com", r"odd\x.com"),
        ] {
            assert_eq!(plain_name(given), plain);
        }
    }
}
