//! The load balancing kinds, and what they share: describe calls for many, tags and attributes.

mod action;
mod listener;
mod listener_rule;
mod load_balancer;
mod target_group;

use std::collections::BTreeMap;
use std::future::Future;

use aws_sdk_elasticloadbalancingv2::types::Tag;
use futures::future::try_join_all;

use crate::aws::{Cx, NotFoundExt, Result, Service, Tags, Throttled, sdk_client};
use crate::cloud::{Class, CloudError};
use crate::kinds::RegisteredKind;
use crate::kinds::tagging::{self, AwsTag, TAG_VARIANT, all_tags, is_variant, owned_tags};
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

/// ARNs that one call takes.
const PER_CALL: usize = 20;

/// Tag on a listener or rule whose traffic a service shifts: its live weights are the service's.
pub(super) const TAG_TRAFFIC: &str = "isobar:traffic";

/// Attributes by name.
pub(super) type Attributes = BTreeMap<String, String>;

/// Describes those of these that exist, twenty with one call. AWS refuses the call if one is gone: then each is
/// described alone.
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

/// Tags by ARN: from the index where it knows them.
pub(super) async fn tags_by_arn(cx: &Cx, arns: &[&str]) -> Result<BTreeMap<String, Tags>> {
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
        known.insert(found.resource_arn.unwrap_or_default(), all_tags(found.tags.unwrap_or_default()));
    }
    Ok(known)
}

/// The tags of one resource.
pub(super) async fn read_tags(cx: &Cx, arn: &str) -> Result<Tags> {
    Ok(tags_by_arn(cx, &[arn]).await?.remove(arn).unwrap_or_default())
}

impl AwsTag for Tag {
    fn new(key: &str, value: &str) -> Self {
        Self::builder().key(key).value(value).build()
    }

    fn pair(self) -> (String, String) {
        (self.key.unwrap_or_default(), self.value.unwrap_or_default())
    }
}

/// The target groups that a rule sends requests to; none of a rule that has gone.
pub(in crate::kinds) async fn groups_in_use(cx: &Cx, rule: &str) -> Result<Vec<String>> {
    let Some(answer) = cx.elbv2().describe_rules().rule_arns(rule).send().await.optional()? else {
        return Ok(Vec::new());
    };
    let actions = answer.rules.unwrap_or_default().into_iter().flat_map(|rule| rule.actions.unwrap_or_default());
    let groups = actions
        .filter_map(|action| action.forward_config)
        .flat_map(|forward| forward.target_groups.unwrap_or_default());
    let used = groups.filter(|group| group.weight.is_none_or(|weight| weight > 0));
    Ok(used.filter_map(|group| group.target_group_arn).collect())
}

/// The tags of a listener or rule for its create call, the traffic mark among them.
pub(super) fn marked_tags(tags: Option<&Tags>, owner: &Owner, traffic: Option<bool>) -> Vec<Tag> {
    let mut all: Vec<Tag> = owned_tags(tags, owner);
    all.extend((traffic == Some(true)).then(traffic_mark));
    all
}

fn traffic_mark() -> Tag {
    Tag::new(TAG_TRAFFIC, "service")
}

/// Makes the live tags of a resource the wanted ones.
pub(super) async fn sync_tags(cx: &Cx, arn: &str, live: Option<&Tags>, wanted: Option<&Tags>) -> Result<()> {
    tagging::sync_tags(
        live,
        wanted,
        |tags| cx.elbv2().add_tags().resource_arns(arn).set_tags(Some(tags)).send(),
        |keys| cx.elbv2().remove_tags().resource_arns(arn).set_tag_keys(Some(keys)).send(),
    )
    .await
}

/// The ARN of the owner's resource of a variant, as far as the index of tags tells: it goes on telling of what is gone.
pub(super) async fn arn_of_variant(
    cx: &Cx,
    owner: &Owner,
    variant: Option<&String>,
    part: &str,
) -> Result<Option<String>> {
    if variant.is_none() {
        return Ok(None);
    }
    let all = cx.tagged_of(&owner.stack).await?;
    let mut ours = all.iter().filter(|(arn, tags)| arn.contains(part) && is_variant(tags, owner, variant));
    Ok(ours.next().map(|(arn, _)| arn.clone()))
}

/// Notes which variant a resource is.
pub(super) async fn tag_variant(cx: &Cx, arn: &str, variant: &str) -> Result<()> {
    cx.elbv2().add_tags().resource_arns(arn).tags(Tag::new(TAG_VARIANT, variant)).send().await?;
    Ok(())
}

/// Sets or removes the mark that a service shifts the traffic.
pub(super) async fn sync_traffic_mark(cx: &Cx, arn: &str, from: Option<bool>, to: Option<bool>) -> Result<()> {
    match to {
        Some(true) if from != Some(true) => {
            cx.elbv2().add_tags().resource_arns(arn).tags(traffic_mark()).send().await?;
        }
        Some(false) if from == Some(true) => {
            cx.elbv2().remove_tags().resource_arns(arn).tag_keys(TAG_TRAFFIC).send().await?;
        }
        _ => {}
    }
    Ok(())
}

/// Attributes to set. One that is no longer wanted has no way back to its default, and stays.
pub(super) fn changed_attributes(from: Option<&Attributes>, to: Option<&Attributes>) -> Vec<(String, String)> {
    let live = |key: &String| from.and_then(|from| from.get(key));
    let wanted = to.into_iter().flatten().filter(|(key, value)| live(key) != Some(value));
    wanted.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Attributes from AWS's pairs, both parts of which are optional.
pub(super) fn attributes_of<T>(
    all: Option<Vec<T>>,
    parts: impl Fn(T) -> (Option<String>, Option<String>),
) -> Attributes {
    let parts = all.unwrap_or_default().into_iter().map(parts);
    parts.map(|(key, value)| (key.unwrap_or_default(), value.unwrap_or_default())).collect()
}

/// A fault of a name that the schema does not find.
pub(super) fn check_name(what: &str, name: &str) -> Option<String> {
    (name.starts_with("internal-")).then(|| format!("{what}'s name must not begin with `internal-`"))
}

/// The last part of an ARN, the dimension of metrics: `app/name/id` or `targetgroup/name/id`.
pub(super) fn full_name(arn: &str) -> String {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    resource.strip_prefix("loadbalancer/").unwrap_or(resource).to_owned()
}

/// A refusal of ours.
pub(super) fn refused(operation: &str, message: String, hint: &str) -> CloudError {
    CloudError { hint: Some(hint.to_owned()), ..CloudError::local(Class::Invalid, operation, message) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_names_are_the_end_of_an_arn() {
        let arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:";
        assert_eq!(full_name(&format!("{arn}loadbalancer/app/shop/50dc6c495c0c9188")), "app/shop/50dc6c495c0c9188");
        assert_eq!(full_name(&format!("{arn}targetgroup/shop/73e2d6bc24d8a067")), "targetgroup/shop/73e2d6bc24d8a067");
    }

    #[test]
    fn attributes_are_set_and_never_removed() {
        let of = |pairs: &[(&str, &str)]| -> Attributes {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let (live, wanted) = (of(&[("a", "1"), ("b", "1"), ("c", "1")]), of(&[("a", "1"), ("b", "2"), ("d", "1")]));
        let changed = changed_attributes(Some(&live), Some(&wanted));
        assert_eq!(changed, [("b".to_owned(), "2".to_owned()), ("d".to_owned(), "1".to_owned())]);
        assert!(changed_attributes(Some(&live), None).is_empty());
    }
}
