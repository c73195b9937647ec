//! Calls that create and change a group. Target groups, metrics, processes and tags have calls of their own.

use std::collections::BTreeSet;

use aws_sdk_autoscaling::types::{AvailabilityZoneDistribution, InstanceMaintenancePolicy, Tag};

use super::refresh::template;
use super::spec::{Distribution, MaintenancePolicy, Spec};
use crate::aws::{Cx, Result, Tags, to_wire};
use crate::kinds::changed_fields;
use crate::kinds::reading::changed;
use crate::kinds::tagging::{self, TAG_VARIANT};
use crate::names::Owner;

/// Target groups that one call takes.
const PER_CALL: usize = 10;

/// Fields with a call of their own.
const APART: [&str; 8] = [
    "variant",
    "launch_template",
    "desired_capacity",
    "target_group_arns",
    "instance_refresh",
    "metrics",
    "suspended_processes",
    "tags",
];

/// Settings of both the create and the update call.
macro_rules! set {
    ($call:expr, $spec:expr) => {
        $call
            .min_size($spec.min_size)
            .max_size($spec.max_size)
            .vpc_zone_identifier($spec.subnet_ids.join(","))
            .set_health_check_type($spec.health_check_type.clone())
            .set_health_check_grace_period($spec.health_check_grace_period_seconds)
            .set_default_cooldown($spec.default_cooldown_seconds)
            .set_instance_maintenance_policy($spec.instance_maintenance_policy.map(maintenance))
            .set_termination_policies($spec.termination_policies.clone().filter(|all| !all.is_empty()))
            .set_capacity_rebalance($spec.capacity_rebalance)
            .set_new_instances_protected_from_scale_in($spec.new_instances_protected_from_scale_in)
            .set_availability_zone_distribution($spec.availability_zone_distribution.map(distribution))
            .set_placement_group($spec.placement_group.clone())
            .set_deletion_protection($spec.deletion_protection.map(|case| to_wire(case).as_str().into()))
    };
}

/// Makes the group.
pub(super) async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<()> {
    let user = spec.tags.iter().flatten().map(|(key, value)| tag(&spec.name, key, value, true));
    // Ownership tags stay on the group alone: its instances go with it.
    let ours = owner.tags().into_iter().map(|(key, value)| tag(&spec.name, key, &value, false));
    let ours = ours.chain(spec.variant.as_ref().map(|variant| tag(&spec.name, TAG_VARIANT, variant, false)));
    let call = cx.autoscaling().create_auto_scaling_group().auto_scaling_group_name(&spec.name);
    set!(call, spec)
        .launch_template(template(&spec.launch_template))
        .set_desired_capacity(spec.desired_capacity)
        .set_target_group_arns(spec.target_group_arns.clone().filter(|all| !all.is_empty()))
        .set_default_instance_warmup(spec.default_instance_warmup_seconds.filter(|seconds| *seconds >= 0))
        .set_max_instance_lifetime(spec.max_instance_lifetime_seconds.filter(|seconds| *seconds > 0))
        .set_tags(Some(user.chain(ours).collect()))
        .send()
        .await?;
    Ok(())
}

/// Sizes and everything else that one call changes.
pub(super) async fn settings(cx: &Cx, name: &str, from: &Spec, to: &Spec) -> Result<()> {
    let mut changed = changed_fields::<super::AutoScalingGroup>(from, to)?;
    for field in APART {
        changed.remove(field);
    }
    if changed.is_empty() {
        return Ok(());
    }
    let call = cx.autoscaling().update_auto_scaling_group().auto_scaling_group_name(name);
    set!(call, to)
        .set_default_instance_warmup(to.default_instance_warmup_seconds)
        .set_max_instance_lifetime(to.max_instance_lifetime_seconds)
        .send()
        .await?;
    Ok(())
}

/// Attaches before it detaches, so that there is always somewhere for requests to go.
pub(super) async fn target_groups(cx: &Cx, name: &str, from: &Spec, to: &Spec) -> Result<()> {
    let (new, old) = difference(from.target_group_arns.as_ref(), to.target_group_arns.as_ref());
    for arns in new.chunks(PER_CALL) {
        let call = cx.autoscaling().attach_load_balancer_target_groups().auto_scaling_group_name(name);
        call.set_target_group_arns(Some(arns.to_vec())).send().await?;
    }
    for arns in old.chunks(PER_CALL) {
        let call = cx.autoscaling().detach_load_balancer_target_groups().auto_scaling_group_name(name);
        call.set_target_group_arns(Some(arns.to_vec())).send().await?;
    }
    Ok(())
}

/// Metrics of the group.
pub(super) async fn metrics(cx: &Cx, name: &str, from: &Spec, to: &Spec) -> Result<()> {
    let (new, old) = difference(from.metrics.as_ref(), to.metrics.as_ref());
    if !old.is_empty() {
        let call = cx.autoscaling().disable_metrics_collection().auto_scaling_group_name(name);
        call.set_metrics(Some(old)).send().await?;
    }
    if !new.is_empty() {
        let call = cx.autoscaling().enable_metrics_collection().auto_scaling_group_name(name);
        call.granularity("1Minute").set_metrics(Some(new)).send().await?;
    }
    Ok(())
}

/// Suspended processes.
pub(super) async fn processes(cx: &Cx, name: &str, from: &Spec, to: &Spec) -> Result<()> {
    let (new, old) = difference(from.suspended_processes.as_ref(), to.suspended_processes.as_ref());
    if !old.is_empty() {
        let call = cx.autoscaling().resume_processes().auto_scaling_group_name(name);
        call.set_scaling_processes(Some(old)).send().await?;
    }
    if !new.is_empty() {
        let call = cx.autoscaling().suspend_processes().auto_scaling_group_name(name);
        call.set_scaling_processes(Some(new)).send().await?;
    }
    Ok(())
}

/// Tags of the group and of what it launches.
pub(super) async fn tags(cx: &Cx, name: &str, from: &Spec, to: &Spec) -> Result<()> {
    if let Some(variant) = changed(&from.variant, &to.variant) {
        let tag = tag(name, TAG_VARIANT, variant, false);
        cx.autoscaling().create_or_update_tags().tags(tag).send().await?;
    }
    tagging::sync_tags(
        from.tags.as_ref(),
        to.tags.as_ref(),
        |tags: Tags| {
            let tags = tags.iter().map(|(key, value)| tag(name, key, value, true)).collect();
            cx.autoscaling().create_or_update_tags().set_tags(Some(tags)).send()
        },
        |keys| {
            let of = |key| Tag::builder().resource_type("auto-scaling-group").resource_id(name).key(key).build();
            cx.autoscaling().delete_tags().set_tags(Some(keys.into_iter().map(of).collect())).send()
        },
    )
    .await
}

/// Values to add and to remove; none if the field is not managed.
fn difference(from: Option<&Vec<String>>, to: Option<&Vec<String>>) -> (Vec<String>, Vec<String>) {
    let Some(to) = to else { return (Vec::new(), Vec::new()) };
    let of = |all: &Vec<String>| all.iter().cloned().collect::<BTreeSet<_>>();
    let (from, to) = (from.map(of).unwrap_or_default(), of(to));
    (to.difference(&from).cloned().collect(), from.difference(&to).cloned().collect())
}

fn maintenance(policy: MaintenancePolicy) -> InstanceMaintenancePolicy {
    InstanceMaintenancePolicy::builder()
        .min_healthy_percentage(policy.min_healthy_percentage)
        .max_healthy_percentage(policy.max_healthy_percentage)
        .build()
}

fn distribution(of: Distribution) -> AvailabilityZoneDistribution {
    AvailabilityZoneDistribution::builder().capacity_distribution_strategy(to_wire(of).as_str().into()).build()
}

fn tag(group: &str, key: &str, value: &str, propagated: bool) -> Tag {
    Tag::builder()
        .resource_type("auto-scaling-group")
        .resource_id(group)
        .key(key)
        .value(value)
        .propagate_at_launch(propagated)
        .build()
}
