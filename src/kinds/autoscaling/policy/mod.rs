//! Scaling policy of an EC2 Auto Scaling group: when there are more instances, and when fewer.
//!
//! One call makes and changes it, and overwrites all of it. The type of a policy cannot be changed: such a one is
//! deleted and made again in the same step. Alarms of target tracking are AWS's own, and go with the policy.

mod read;
mod spec;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_autoscaling::types::ScalingPolicy as Described;
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::Serialize;

use crate::aws::{Cx, ErrorCodes, Result};
use crate::catalog::Traits;
use crate::cloud::{Class, CloudError, ReadRequest};
use crate::kinds::reading::required;
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId, TAG_STACK};
use spec::Spec;

/// A scaling policy.
pub struct ScalingPolicy;

/// Outputs of a policy.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN, which alarms of step and simple policies name as their action.
    pub arn: String,
    /// Its name.
    pub name: String,
}

impl Kind for ScalingPolicy {
    const NAME: &'static str = "autoscaling.ScalingPolicy";
    const ABOUT: &'static str = "When an Auto Scaling group grows and shrinks";
    const EXAMPLE: &'static str = "
auto_scaling_group_name: ${autoscaling.AutoScalingGroup.name}
name: shop-busy
enabled: true
target_tracking: {metric: ASGAverageCPUUtilization, target_value: 50, disable_scale_in: false}
estimated_instance_warmup_seconds: 60
";
    const CHANGES: &'static [&'static str] = &[
        "{enabled: false, estimated_instance_warmup_seconds: 90}",
        "{enabled: true, target_tracking: {metric: ASGAverageNetworkIn, target_value: 1000000, disable_scale_in: true}}",
        "target_tracking: {custom: {namespace: Shop, metric_name: Waiting, dimensions: {Queue: carts}, statistic: Average}, target_value: 10}",
        "
target_tracking: null
step:
  adjustment_type: ChangeInCapacity
  aggregation: Average
  steps: [{lower: 0, upper: 10, adjustment: 1}, {lower: 10, adjustment: 2}]
",
        "
step: null
estimated_instance_warmup_seconds: null
simple: {adjustment_type: PercentChangeInCapacity, adjustment: 20, min_adjustment_magnitude: 1, cooldown_seconds: 120}
",
        "{simple: null, predictive: {metric: ASGCPUUtilization, target_value: 40, mode: ForecastOnly}}",
        "predictive: {metric: ASGCPUUtilization, target_value: 60, mode: ForecastAndScale, max_capacity_breach_behavior: IncreaseMaxCapacity, max_capacity_buffer: 10, scheduling_buffer_seconds: 300}",
        "name: shop-idle",
        "auto_scaling_group_name: shop-others",
    ];
    const TRAITS: Traits = Traits { unique_by: &["auto_scaling_group_name", "name"], ..Traits::DEFAULT };
    const ERRORS: ErrorCodes = ErrorCodes {
        conflict: &["ResourceContention", "ScalingActivityInProgress"],
        not_visible_yet: &["ServiceLinkedRoleFailure"],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        let mut by_group = BTreeMap::<&str, BTreeSet<&str>>::new();
        for request in requests {
            let (group, name) = split_id(&request.id)?;
            by_group.entry(group).or_default().insert(name);
        }
        let reads = by_group.iter().map(|(group, names)| policies(cx, group, names));
        let live: Vec<Described> = try_join_all(reads).await?.into_iter().flatten().collect();
        let found_by = |request: &ReadRequest| {
            let (group, name) = split_id(&request.id)?;
            let is = |one: &&Described| one.auto_scaling_group_name() == Some(group) && one.policy_name() == Some(name);
            live.iter().find(is).map(|one| found(one.clone())).transpose()
        };
        requests.iter().map(found_by).collect()
    }

    /// Policies have no tags: one of this name on a group of this stack is the stack's.
    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let group = &spec.auto_scaling_group_name;
        if policies(cx, group, &BTreeSet::from([spec.name.as_str()])).await?.is_empty() {
            return Ok(None);
        }
        let answer = cx.autoscaling().describe_auto_scaling_groups().auto_scaling_group_names(group).send().await?;
        let tags = answer.auto_scaling_groups.unwrap_or_default().into_iter().filter_map(|group| group.tags).flatten();
        let stack = tags.into_iter().find(|tag| tag.key() == Some(TAG_STACK)).and_then(|tag| tag.value);
        match stack.filter(|stack| *stack != owner.stack.to_string()) {
            None => Ok(Some(id(spec))),
            Some(stack) => Err(CloudError {
                hint: Some(format!("the group {group} belongs to the stack {stack}")),
                ..CloudError::local(
                    Class::NotOwned,
                    "find",
                    format!("a scaling policy named {} already exists and is not managed by this stack", spec.name),
                )
            }),
        }
    }

    async fn create(cx: &Cx, spec: &Spec, _owner: &Owner) -> Result<PhysicalId> {
        write::put(cx, spec).send().await?;
        Ok(id(spec))
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        if from.policy_type() != to.policy_type() {
            Self::delete(cx, id).await?;
        }
        write::put(cx, to).send().await?;
        Ok(())
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        let (group, name) = split_id(id)?;
        if policies(cx, group, &BTreeSet::from([name])).await?.is_empty() {
            return Ok(());
        }
        cx.autoscaling().delete_policy().auto_scaling_group_name(group).policy_name(name).send().await?;
        Ok(())
    }

    fn check(spec: &Spec) -> Vec<String> {
        spec::check(spec)
    }
}

/// The policies of these names on one group; none if the group does not exist.
async fn policies(cx: &Cx, group: &str, names: &BTreeSet<&str>) -> Result<Vec<Described>> {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    let call = cx.autoscaling().describe_policies().auto_scaling_group_name(group).set_policy_names(Some(names));
    let mut pages = call.into_paginator().items().send();
    let mut all = Vec::new();
    while let Some(policy) = pages.next().await {
        match policy.map_err(CloudError::from) {
            Ok(policy) => all.push(policy),
            Err(error) if error.code == "ValidationError" && error.message.contains("not found") => break,
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

fn found(live: Described) -> Result<Found<ScalingPolicy>> {
    let outputs = Outputs {
        arn: required("autoscaling:DescribePolicies", "the ARN of the policy", live.policy_arn.clone())?,
        name: live.policy_name().unwrap_or_default().to_owned(),
    };
    Ok(Found::serving(read::spec(live)?, outputs))
}

fn id(spec: &Spec) -> PhysicalId {
    PhysicalId::new(format!("{}:{}", spec.auto_scaling_group_name, spec.name))
}

/// Group and policy of `group:policy`; a group's name has no colon.
fn split_id(id: &PhysicalId) -> Result<(&str, &str)> {
    let wrong =
        || CloudError::local(Class::Invalid, "autoscaling.ScalingPolicy", format!("`{id}` is not `group:policy`"));
    id.as_str().split_once(':').ok_or_else(wrong)
}
