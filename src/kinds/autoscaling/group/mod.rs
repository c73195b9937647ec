//! EC2 Auto Scaling group: so many instances of a launch template, in these subnets.
//!
//! Another version of the template is rolled out by an instance refresh; the group takes it over when the refresh
//! has succeeded, and keeps the old one when it has not. How many instances there are is scaling's business.

mod health;
mod refresh;
mod spec;
mod write;

use std::time::Duration;

use aws_sdk_autoscaling::types::{AutoScalingGroup as Described, Filter, InstanceRefresh, TagDescription};
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::Serialize;

use crate::aws::{Cx, ErrorCodes, Result, from_wire};
use crate::catalog::Traits;
use crate::cloud::{CloudError, ReadRequest};
use crate::kinds::elbv2::refused;
use crate::kinds::reading::{read_each, required};
use crate::kinds::tagging::{AwsTag, TAG_VARIANT, all_tags, is_variant, user_tags};
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};
use spec::{DeletionProtection, MaintenancePolicy, Spec, Template};

/// An Auto Scaling group.
pub struct AutoScalingGroup;

/// Outputs of a group.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
}

/// Groups that one call describes.
const PER_CALL: usize = 50;

impl Kind for AutoScalingGroup {
    const NAME: &'static str = "autoscaling.AutoScalingGroup";
    const ABOUT: &'static str = "A group of EC2 instances that grows, shrinks and replaces what is unhealthy";
    const EXAMPLE: &'static str = "
name: shop-workers
launch_template: {id: '${ec2.LaunchTemplate.id}', version: '${ec2.LaunchTemplate.version}'}
min_size: 1
max_size: 4
desired_capacity: 2
subnet_ids: [subnet-0a1b2c3d4e5f60001, subnet-0a1b2c3d4e5f60002]
target_group_arns: []
health_check_type: EC2
health_check_grace_period_seconds: 60
default_instance_warmup_seconds: 30
instance_refresh: {min_healthy_percentage: 50, max_healthy_percentage: 100, instance_warmup_seconds: 10}
termination_policies: [OldestLaunchTemplate, Default]
deletion_protection: none
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "{min_size: 2, max_size: 6, default_cooldown_seconds: 120, capacity_rebalance: true}",
        "{health_check_type: 'EC2,EBS', health_check_grace_period_seconds: 90, default_instance_warmup_seconds: 60}",
        "subnet_ids: [subnet-0a1b2c3d4e5f60002]",
        "{metrics: [GroupInServiceInstances, GroupTotalInstances], max_instance_lifetime_seconds: 604800}",
        "{metrics: [], max_instance_lifetime_seconds: 0, termination_policies: [Default]}",
        "{new_instances_protected_from_scale_in: true, suspended_processes: [AZRebalance]}",
        "{new_instances_protected_from_scale_in: false, suspended_processes: []}",
        "instance_maintenance_policy: {min_healthy_percentage: 90, max_healthy_percentage: 120}",
        "availability_zone_distribution: balanced-only",
        "deletion_protection: prevent-force-deletion",
        "deletion_protection: none",
        "tags: {team: platform, cost: '7'}",
        "{name: shop-others, placement_group: shop-near}",
        "variant: internal",
        "{variant: public, name: shop-public}",
    ];
    const TRAITS: Traits = Traits { deadline: Duration::from_hours(2), unique_by: &["name"], ..Traits::DEFAULT };
    const ERRORS: ErrorCodes = ErrorCodes {
        not_found: &["ValidationError: AutoScalingGroup name not found"],
        exists: &["AlreadyExists"],
        conflict: &["ResourceContention", "ResourceInUse", "ScalingActivityInProgress", "InstanceRefreshInProgress"],
        // A profile that was made a moment ago, a role of AWS's own, and a group of the name that is on its way out.
        not_visible_yet: &[
            "ValidationError: Invalid IAM Instance Profile",
            "ValidationError: has no associated IAM Roles",
            "ServiceLinkedRoleFailure",
            "AlreadyExists: pending delete",
        ],
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        let names: Vec<&str> = requests.iter().map(|request| request.id.as_str()).collect();
        let groups = &describe(cx, &names).await?;
        read_each(requests, |request| async move {
            let name = request.id.as_str();
            match groups.iter().find(|group| group.auto_scaling_group_name() == Some(name)) {
                Some(group) => found(cx, group).await.map(Some),
                None => Ok(None),
            }
        })
        .await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        // One that is being deleted does not count; to make another of its name is refused until it has gone.
        let group = describe(cx, &[&spec.name]).await?.into_iter().find(|group| group.status.is_none());
        let Some(group) = group else { return find_variant(cx, owner, spec).await };
        cx.ensure_owned("an Auto Scaling group", &spec.name, &all_tags(group.tags.unwrap_or_default()), owner)?;
        Ok(Some(PhysicalId::new(&spec.name)))
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        write::create(cx, spec, owner).await?;
        Ok(PhysicalId::new(&spec.name))
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let name = id.as_str();
        write::settings(cx, name, from, to).await?;
        write::target_groups(cx, name, from, to).await?;
        write::metrics(cx, name, from, to).await?;
        write::processes(cx, name, from, to).await?;
        write::tags(cx, name, from, to).await?;
        if from.launch_template != to.launch_template
            && let Some(group) = describe(cx, &[name]).await?.first()
        {
            refresh::roll_out(cx, group, to).await?;
        }
        Ok(())
    }

    /// With its instances, unless it is protected.
    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        let groups = describe(cx, &[id.as_str()]).await?;
        let Some(group) = groups.first().filter(|group| group.status.is_none()) else { return Ok(()) };
        if protection(group) != DeletionProtection::None {
            let hint = "set `deletion_protection: none` and apply, then delete it";
            return Err(refused("delete", format!("the Auto Scaling group {id} is protected against deletion"), hint));
        }
        let call = cx.autoscaling().delete_auto_scaling_group().auto_scaling_group_name(id.as_str());
        call.force_delete(true).send().await?;
        Ok(())
    }

    fn check(spec: &Spec) -> Vec<String> {
        spec::check(spec)
    }
}

/// A group of another name: beside a variant, a name stays what the group was made with.
async fn find_variant(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
    if spec.variant.is_none() {
        return Ok(None);
    }
    let mut call = cx.autoscaling().describe_auto_scaling_groups();
    for (key, value) in owner.tags().into_iter().take(2) {
        call = call.filters(Filter::builder().name(format!("tag:{key}")).values(value).build());
    }
    let groups: Vec<Described> = call.into_paginator().items().send().try_collect().await?;
    let tags = |group: &Described| all_tags(group.tags.clone().unwrap_or_default());
    let mut there = groups.iter().filter(|group| group.status.is_none());
    let ours = there.find(|group| is_variant(&tags(group), owner, spec.variant.as_ref()));
    Ok(ours.and_then(Described::auto_scaling_group_name).map(PhysicalId::new))
}

/// The groups of these names that exist.
async fn describe(cx: &Cx, names: &[&str]) -> Result<Vec<Described>> {
    let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    names.sort();
    names.dedup();
    let chunks = names.chunks(PER_CALL).map(|names| async move {
        let call = cx.autoscaling().describe_auto_scaling_groups();
        let pages = call.set_auto_scaling_group_names(Some(names.to_vec())).into_paginator().items().send();
        let groups: Vec<Described> = pages.try_collect().await?;
        Ok::<_, CloudError>(groups)
    });
    Ok(try_join_all(chunks).await?.into_iter().flatten().collect())
}

async fn found(cx: &Cx, group: &Described) -> Result<Found<AutoScalingGroup>> {
    let last = refresh::last(cx, group).await?;
    let readiness = health::readiness(cx, group, last.as_ref()).await?;
    let outputs = Outputs {
        arn: required(
            "autoscaling:DescribeAutoScalingGroups",
            "the ARN of the group",
            group.auto_scaling_group_arn.clone(),
        )?,
        name: group.auto_scaling_group_name().unwrap_or_default().to_owned(),
    };
    Ok(Found { readiness, ..Found::serving(spec_of(group, last.as_ref()), outputs) })
}

fn spec_of(group: &Described, last: Option<&InstanceRefresh>) -> Spec {
    let template = group.launch_template();
    let zones = group.vpc_zone_identifier().unwrap_or_default().split(',');
    let propagated = group.tags().iter().filter(|tag| tag.propagate_at_launch == Some(true)).cloned();
    let policy = group.instance_maintenance_policy();
    let texts = |all: &[String]| Some(all.to_vec());
    Spec {
        name: group.auto_scaling_group_name().unwrap_or_default().to_owned(),
        variant: all_tags(group.tags().to_vec()).remove(TAG_VARIANT),
        launch_template: Template {
            id: template.and_then(|one| one.launch_template_id()).unwrap_or_default().to_owned(),
            version: refresh::version(group, last),
        },
        min_size: group.min_size().unwrap_or_default(),
        max_size: group.max_size().unwrap_or_default(),
        desired_capacity: group.desired_capacity(),
        subnet_ids: zones.map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect(),
        target_group_arns: texts(group.target_group_arns()),
        health_check_type: group.health_check_type().map(str::to_owned),
        health_check_grace_period_seconds: Some(group.health_check_grace_period().unwrap_or(0)),
        default_instance_warmup_seconds: Some(group.default_instance_warmup().unwrap_or(-1)),
        default_cooldown_seconds: group.default_cooldown(),
        instance_refresh: None,
        instance_maintenance_policy: policy.map(|policy| MaintenancePolicy {
            min_healthy_percentage: policy.min_healthy_percentage().unwrap_or(-1),
            max_healthy_percentage: policy.max_healthy_percentage().unwrap_or(-1),
        }),
        termination_policies: texts(group.termination_policies()),
        capacity_rebalance: Some(group.capacity_rebalance().unwrap_or(false)),
        max_instance_lifetime_seconds: Some(group.max_instance_lifetime().unwrap_or(0)),
        new_instances_protected_from_scale_in: Some(group.new_instances_protected_from_scale_in().unwrap_or(false)),
        availability_zone_distribution: group
            .availability_zone_distribution()
            .and_then(|of| of.capacity_distribution_strategy())
            .and_then(|of| from_wire(of.as_str())),
        placement_group: group.placement_group().map(str::to_owned),
        metrics: Some(group.enabled_metrics().iter().filter_map(|one| one.metric.clone()).collect()),
        suspended_processes: Some(
            group.suspended_processes().iter().filter_map(|one| one.process_name.clone()).collect(),
        ),
        deletion_protection: Some(protection(group)),
        tags: Some(user_tags(propagated)),
    }
}

fn protection(group: &Described) -> DeletionProtection {
    group.deletion_protection().and_then(|of| from_wire(of.as_str())).unwrap_or(DeletionProtection::None)
}

impl AwsTag for TagDescription {
    fn new(key: &str, value: &str) -> Self {
        Self::builder().key(key).value(value).build()
    }

    fn pair(self) -> (String, String) {
        (self.key.unwrap_or_default(), self.value.unwrap_or_default())
    }
}
