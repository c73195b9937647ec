//! Listener rule: what becomes of requests that fit its conditions. The lowest priority number that fits wins.
//!
//! A priority belongs to one rule at a time. Two rules that change places, or several that move up one after the
//! other, would wait for each other for ever; so a rule that moves to a priority of one of this stack's other
//! rules gives it its own in the same call, and each is where it belongs in the end.

mod condition;
mod spec;

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::types::{Rule as Described, RulePriorityPair, RuleTransform};
use schemars::JsonSchema;
use serde::Serialize;

use super::action::{self as action, Action};
use super::{TAG_TRAFFIC, described, marked_tags, read_tags, sync_tags, sync_traffic_mark, tags_by_arn};
use crate::aws::{Cx, ErrorCodes, NotFoundExt, Result, Tags, live_tags};
use crate::catalog::Traits;
use crate::cloud::{Class, CloudError, ReadRequest};
use crate::kinds::reading::created;
use crate::kinds::{Found, Kind, changed_fields};
use crate::names::{Owner, PhysicalId, TAG_STACK};
use condition::Condition;
use spec::{Spec, Transform};

/// A rule of a listener.
pub struct ListenerRule;

/// Outputs of a rule.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN.
    pub arn: String,
}

impl Kind for ListenerRule {
    const NAME: &'static str = "elbv2.ListenerRule";
    const ABOUT: &'static str = "What a listener does with requests that fit some conditions";
    const EXAMPLE: &'static str = "
listener_arn: ${elbv2.Listener.arn}
priority: 10
conditions:
  - path_pattern: ['/carts', '/carts/*']
  - http_request_method: [GET, POST]
actions:
  - forward: {target_groups: [{arn: '${elbv2.TargetGroup.arn}'}]}
transforms: []
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "priority: 20",
        "
conditions:
  - host_header: [carts.example.com]
  - http_header: {name: X-Shop, values: ['carts*']}
  - query_string: [{key: version, value: '2'}, {value: '*beta*'}]
  - source_ip: [192.0.2.0/24]
",
        "conditions: [{path_pattern_regex: ['^/carts/[0-9]+$']}]",
        "actions: [{fixed_response: {status_code: 503, content_type: application/json, message_body: '{}'}}]",
        "actions: [{redirect: {status_code: 302, host: carts.example.com, path: '/#{path}', query: ''}}]",
        "{traffic_owned_by_service: true, actions: [{forward: {target_groups: [{arn: '${elbv2.TargetGroup.arn}', weight: 100}]}}]}",
        "transforms: [{url_rewrite: {regex: '^/carts/(.*)$', replace: '/$1'}}]",
        "transforms: []",
        "traffic_owned_by_service: false",
        "tags: {team: platform, cost: '7'}",
        "listener_arn: arn:aws:elasticloadbalancing:us-east-1:000000000000:listener/app/shop/0a1b2c3d4e5f6071/0a1b2c3d4e5f6072",
    ];
    const TRAITS: Traits = Traits { unique_by: &["listener_arn", "priority"], ..Traits::DEFAULT };
    const ERRORS: ErrorCodes = ErrorCodes {
        // Another rule is still there.
        conflict: &["PriorityInUse"],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        let arns: Vec<&str> = requests.iter().map(|request| request.id.as_str()).collect();
        let live = described(&arns, |arns| async move {
            let answer = cx.elbv2().describe_rules().set_rule_arns(Some(arns)).send().await?;
            Ok(answer.rules.unwrap_or_default())
        });
        let live = live.await?;
        let there: Vec<&str> = live.iter().filter_map(Described::rule_arn).collect();
        let tags = tags_by_arn(cx, &there).await?;
        let found_by = |request: &ReadRequest| {
            let arn = request.id.as_str();
            let one = live.iter().find(|one| one.rule_arn() == Some(arn))?;
            Some(found(one.clone(), tags.get(arn).cloned().unwrap_or_default()))
        };
        requests.iter().map(|request| found_by(request).transpose()).collect()
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let Some(rules) = rules_of(cx, &spec.listener_arn).await.optional()? else { return Ok(None) };
        let arns: Vec<&str> = rules.values().map(String::as_str).collect();
        let tags = tags_by_arn(cx, &arns).await?;
        let mine = tags.iter().find(|(_, tags)| owner.owns(|key| tags.get(key).map(String::as_str)));
        Ok(mine.map(|(arn, _)| PhysicalId::new(arn)))
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        let made = cx
            .elbv2()
            .create_rule()
            .listener_arn(&spec.listener_arn)
            .priority(spec.priority)
            .set_conditions(Some(spec.conditions.iter().map(Condition::to_aws).collect()))
            .set_actions(Some(action::to_aws(&spec.actions)))
            .set_transforms(spec.transforms.as_ref().filter(|all| !all.is_empty()).map(|all| transforms(all)))
            .set_tags(Some(marked_tags(spec.tags.as_ref(), owner, spec.traffic_owned_by_service)))
            .send()
            .await?;
        let arn = made.rules.unwrap_or_default().into_iter().find_map(|one| one.rule_arn);
        created("elbv2:CreateRule", arn)
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let arn = id.as_str();
        if from.priority != to.priority {
            move_to(cx, arn, from, to).await?;
        }
        let changed = changed_fields::<Self>(from, to)?;
        let is_other = |name: &str| changed.contains(name);
        if ["conditions", "actions", "transforms"].into_iter().any(is_other) {
            let actions = if is_other("actions") { Some(actions(cx, arn, to).await?) } else { None };
            let rewrites = to.transforms.as_ref().filter(|_| is_other("transforms"));
            let conditions = is_other("conditions").then(|| to.conditions.iter().map(Condition::to_aws).collect());
            // Fields that this call leaves out stay as they are.
            let call = cx.elbv2().modify_rule().rule_arn(arn);
            call.set_conditions(conditions)
                .set_actions(actions.map(|all| action::to_aws(&all)))
                .set_transforms(rewrites.filter(|all| !all.is_empty()).map(|all| transforms(all)))
                .set_reset_transforms(rewrites.filter(|all| all.is_empty()).map(|_| true))
                .send()
                .await?;
        }
        sync_traffic_mark(cx, arn, from.traffic_owned_by_service, to.traffic_owned_by_service).await?;
        sync_tags(cx, arn, from.tags.as_ref(), to.tags.as_ref()).await
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        cx.elbv2().delete_rule().rule_arn(id.as_str()).send().await?;
        Ok(())
    }

    fn check(spec: &Spec) -> Vec<String> {
        let mut faults = action::check(&spec.actions, "actions");
        faults.extend(condition::check(&spec.conditions));
        let hosts = |transform: &&Transform| matches!(transform, Transform::HostHeaderRewrite(_));
        let (all, hosts) =
            (spec.transforms.iter().flatten().count(), spec.transforms.iter().flatten().filter(hosts).count());
        if hosts > 1 || all - hosts > 1 {
            faults.push("`transforms` takes at most one rewrite of the host and one of the URL".to_owned());
        }
        faults
    }
}

/// Moves a rule to its priority; a rule of this stack that has it gets the one that becomes free.
async fn move_to(cx: &Cx, arn: &str, from: &Spec, to: &Spec) -> Result<()> {
    let pair = |arn: &str, priority: i32| RulePriorityPair::builder().rule_arn(arn).priority(priority).build();
    let mut call = cx.elbv2().set_rule_priorities().rule_priorities(pair(arn, to.priority));
    if let Some(other) = rules_of(cx, &to.listener_arn).await?.get(&to.priority).filter(|other| *other != arn) {
        let (mine, theirs) = (read_tags(cx, arn).await?, read_tags(cx, other).await?);
        if !mine.contains_key(TAG_STACK) || mine.get(TAG_STACK) != theirs.get(TAG_STACK) {
            let message =
                format!("priority {} belongs to the rule {other}, which is not managed by this stack", to.priority);
            return Err(CloudError::local(Class::NotOwned, "update", message));
        }
        call = call.rule_priorities(pair(other, from.priority));
    }
    call.send().await?;
    Ok(())
}

/// ARNs of a listener's rules by priority, without its default rule.
async fn rules_of(cx: &Cx, listener: &str) -> Result<BTreeMap<i32, String>> {
    let pages = cx.elbv2().describe_rules().listener_arn(listener).into_paginator().items().send();
    let rules: Vec<Described> = pages.try_collect().await?;
    let by_priority = |rule: Described| Some((rule.priority?.parse().ok()?, rule.rule_arn?));
    Ok(rules.into_iter().filter_map(by_priority).collect())
}

/// The wanted actions; where a service shifts the traffic, with its live weights.
async fn actions(cx: &Cx, arn: &str, to: &Spec) -> Result<Vec<Action>> {
    if to.traffic_owned_by_service != Some(true) {
        return Ok(to.actions.clone());
    }
    let answer = cx.elbv2().describe_rules().rule_arns(arn).send().await?;
    let live = answer.rules.unwrap_or_default().into_iter().find_map(|one| one.actions);
    Ok(action::with_live_weights(&to.actions, &action::from_aws(live.unwrap_or_default(), false)?))
}

fn found(live: Described, tags: Tags) -> Result<Found<ListenerRule>> {
    let arn = live.rule_arn.unwrap_or_default();
    let owned = tags.contains_key(TAG_TRAFFIC);
    let conditions = live.conditions.unwrap_or_default().into_iter().map(Condition::from_aws);
    let spec = Spec {
        listener_arn: listener_of(&arn),
        priority: live.priority.and_then(|text| text.parse().ok()).unwrap_or_default(),
        conditions: conditions.collect::<Result<_>>()?,
        actions: action::from_aws(live.actions.unwrap_or_default(), owned)?,
        transforms: Some(live.transforms.unwrap_or_default().into_iter().filter_map(Transform::from_aws).collect()),
        traffic_owned_by_service: Some(owned),
        tags: Some(live_tags(tags)),
    };
    Ok(Found::serving(spec, Outputs { arn }))
}

/// The listener that a rule's ARN names: `…:listener-rule/app/name/lb/listener/rule`.
fn listener_of(rule: &str) -> String {
    let listener = rule.rsplit_once('/').map_or(rule, |(listener, _)| listener);
    listener.replacen(":listener-rule/", ":listener/", 1)
}

fn transforms(all: &[Transform]) -> Vec<RuleTransform> {
    all.iter().map(Transform::to_aws).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_arns_name_the_listener() {
        let arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener";
        assert_eq!(listener_of(&format!("{arn}-rule/app/shop/1a/2b/3c")), format!("{arn}/app/shop/1a/2b"));
    }
}
