//! What the load balancing kinds share: reads of many at once, tags and attributes.

mod action;
mod listener;
mod listener_rule;
mod load_balancer;
mod target_group;

use std::collections::BTreeMap;
use std::future::Future;

use aws_sdk_elasticloadbalancingv2::types::Tag;
use futures::future::try_join_all;

use crate::aws::{Cx, NotFoundExt, Result, Service, Tags, Throttled, sdk_client, tag_changes, with_owner};
use crate::cloud::{Class, CloudError};
use crate::kinds::RegisteredKind;
use crate::names::Owner;

const SERVICE: Service = Service { name: "elbv2", throttled: Throttled::Together, ..Service::DEFAULT };

sdk_client! {
    /// Elastic Load Balancing of the second version.
    elbv2: aws_sdk_elasticloadbalancingv2, SERVICE
}

/// The kinds of this service.
pub(super) fn kinds() -> Vec<RegisteredKind> {
    vec![
        RegisteredKind::of::<listener::Listener>(&SERVICE),
        RegisteredKind::of::<listener_rule::ListenerRule>(&SERVICE),
        RegisteredKind::of::<load_balancer::LoadBalancer>(&SERVICE),
        RegisteredKind::of::<target_group::TargetGroup>(&SERVICE),
    ]
}

/// How many things one call takes.
const PER_CALL: usize = 20;

/// Our tag on a listener or rule whose traffic a service shifts: the weights that AWS tells of it are the service's.
pub(super) const TAG_TRAFFIC: &str = "isobar:traffic";

/// Attributes by name.
pub(super) type Attributes = BTreeMap<String, String>;

/// What is there of these, twenty at a time. AWS refuses a call for all of them if one is gone: then each is
/// asked for alone.
pub(super) async fn described<T, F>(arns: &[&str], call: impl Fn(Vec<String>) -> F + Sync) -> Result<Vec<T>>
where
    T: Send,
    F: Future<Output = Result<Vec<T>>> + Send,
{
    let mut arns: Vec<String> = arns.iter().map(|arn| (*arn).to_owned()).collect();
    arns.sort();
    arns.dedup();
    let call = &call;
    let chunks = arns.chunks(PER_CALL).map(|chunk| async move {
        match call(chunk.to_vec()).await.optional()? {
            Some(found) => Ok::<_, CloudError>(found),
            None if chunk.len() == 1 => Ok(Vec::new()),
            None => {
                let alone = chunk.iter().map(|arn| async move { call(vec![arn.clone()]).await.optional() });
                Ok(try_join_all(alone).await?.into_iter().flatten().flatten().collect())
            }
        }
    });
    Ok(try_join_all(chunks).await?.into_iter().flatten().collect())
}

/// The tags of these, by ARN: from the index where it knows them.
pub(super) async fn tags_of(cx: &Cx, arns: &[&str]) -> Result<BTreeMap<String, Tags>> {
    let mut known = BTreeMap::new();
    let mut unknown = Vec::new();
    for arn in arns {
        match cx.indexed_tags(arn).await? {
            Some(tags) => drop(known.insert((*arn).to_owned(), tags)),
            None => unknown.push(*arn),
        }
    }
    let read = described(&unknown, |arns| async move {
        let answer = cx.elbv2().describe_tags().set_resource_arns(Some(arns)).send().await?;
        Ok(answer.tag_descriptions.unwrap_or_default())
    });
    for found in read.await? {
        let tags = found.tags.unwrap_or_default().into_iter();
        let tags = tags.map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())).collect();
        known.insert(found.resource_arn.unwrap_or_default(), tags);
    }
    Ok(known)
}

/// The tags of one, read from itself.
pub(super) async fn own_tags(cx: &Cx, arn: &str) -> Result<Tags> {
    Ok(tags_of(cx, &[arn]).await?.remove(arn).unwrap_or_default())
}

/// The tags of a create call.
pub(super) fn first_tags(tags: Option<&Tags>, owner: &Owner, traffic: Option<bool>) -> Vec<Tag> {
    let mark = (traffic == Some(true)).then(|| (TAG_TRAFFIC.to_owned(), "service".to_owned()));
    with_owner(tags, owner).into_iter().chain(mark).map(|(key, value)| tag(&key, &value)).collect()
}

/// Makes the live tags the wanted ones.
pub(super) async fn update_tags(cx: &Cx, arn: &str, from: Option<&Tags>, to: Option<&Tags>) -> Result<()> {
    let (set, unset) = tag_changes(from, to);
    if !set.is_empty() {
        let tags = set.iter().map(|(key, value)| tag(key, value)).collect();
        cx.elbv2().add_tags().resource_arns(arn).set_tags(Some(tags)).send().await?;
    }
    if !unset.is_empty() {
        cx.elbv2().remove_tags().resource_arns(arn).set_tag_keys(Some(unset)).send().await?;
    }
    Ok(())
}

/// Marks, or no longer marks, that a service shifts the traffic.
pub(super) async fn update_mark(cx: &Cx, arn: &str, from: Option<bool>, to: Option<bool>) -> Result<()> {
    match to {
        Some(true) if from != Some(true) => {
            cx.elbv2().add_tags().resource_arns(arn).tags(tag(TAG_TRAFFIC, "service")).send().await?;
        }
        Some(false) if from == Some(true) => {
            cx.elbv2().remove_tags().resource_arns(arn).tag_keys(TAG_TRAFFIC).send().await?;
        }
        _ => {}
    }
    Ok(())
}

/// The attributes to be set. One that is no longer wanted has no way back to its default, and stays.
pub(super) fn changed_attributes(from: Option<&Attributes>, to: Option<&Attributes>) -> Vec<(String, String)> {
    let live = |key: &String| from.and_then(|from| from.get(key));
    let wanted = to.into_iter().flatten().filter(|(key, value)| live(key) != Some(value));
    wanted.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Pairs as AWS has them, every part of which may be missing.
pub(super) fn pairs<T>(
    all: Option<Vec<T>>,
    parts: impl Fn(T) -> (Option<String>, Option<String>),
) -> BTreeMap<String, String> {
    let parts = all.unwrap_or_default().into_iter().map(parts);
    parts.map(|(key, value)| (key.unwrap_or_default(), value.unwrap_or_default())).collect()
}

/// Whether a name is one that AWS takes for load balancers and target groups, besides what the schema says.
pub(super) fn check_name(what: &str, name: &str) -> Option<String> {
    (name.starts_with("internal-")).then(|| format!("{what}'s name must not begin with `internal-`"))
}

/// The last part of an ARN, which metrics go by: `app/name/id` or `targetgroup/name/id`.
pub(super) fn full_name(arn: &str) -> String {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    resource.strip_prefix("loadbalancer/").unwrap_or(resource).to_owned()
}

/// A refusal of ours.
pub(super) fn refused(operation: &str, message: String, hint: &str) -> CloudError {
    CloudError { hint: Some(hint.to_owned()), ..CloudError::local(Class::Invalid, operation, message) }
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_go_by_the_end_of_an_arn() {
        let arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:";
        assert_eq!(full_name(&format!("{arn}loadbalancer/app/shop/50dc6c495c0c9188")), "app/shop/50dc6c495c0c9188");
        assert_eq!(full_name(&format!("{arn}targetgroup/shop/73e2d6bc24d8a067")), "targetgroup/shop/73e2d6bc24d8a067");
    }

    #[test]
    fn attributes_are_set_and_never_taken_away() {
        let of = |pairs: &[(&str, &str)]| -> Attributes {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let (live, wanted) = (of(&[("a", "1"), ("b", "1"), ("c", "1")]), of(&[("a", "1"), ("b", "2"), ("d", "1")]));
        let changed = changed_attributes(Some(&live), Some(&wanted));
        assert_eq!(changed, [("b".to_owned(), "2".to_owned()), ("d".to_owned(), "1".to_owned())]);
        assert!(changed_attributes(Some(&live), None).is_empty());
    }
}
