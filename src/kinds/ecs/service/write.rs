//! The calls that make and change a service.

use std::collections::BTreeSet;

use aws_sdk_ecs::operation::create_service::builders::CreateServiceFluentBuilder;
use aws_sdk_ecs::operation::update_service::builders::UpdateServiceFluentBuilder;
use aws_sdk_ecs::types as aws;

use super::rollout::FAILED;
use super::spec::{LoadBalancer, PlacementConstraint, PlacementStrategy, ServiceRegistry, Spec};
use super::{deployment, service_connect, volumes};
use crate::aws::{Cx, Result, to_wire};
use crate::kinds::ecs::{incomplete, strategy};
use crate::kinds::tagging::{owned_tags, with_variant};
use crate::names::Owner;

/// The call that makes a service: it takes everything at once.
pub(super) fn creation(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<CreateServiceFluentBuilder> {
    let capacity = spec.capacity_provider_strategy.as_deref().filter(|all| !all.is_empty());
    let tags = with_variant(spec.tags.as_ref(), spec.variant.as_ref());
    Ok(cx
        .ecs()
        .create_service()
        .cluster(&spec.cluster)
        .service_name(&spec.name)
        .client_token(owner.token())
        .task_definition(&spec.task_definition)
        .set_desired_count(spec.desired_count.or(spec.initial_count))
        .set_launch_type(spec.launch_type.map(|case| to_wire(case).as_str().into()))
        .set_capacity_provider_strategy(capacity.map(strategy).transpose()?)
        .set_platform_version(spec.platform_version.clone())
        .set_scheduling_strategy(spec.scheduling_strategy.map(|case| to_wire(case).as_str().into()))
        .set_network_configuration(network(spec)?)
        .set_load_balancers(load_balancers(spec))
        .set_health_check_grace_period_seconds(spec.health_check_grace_period_seconds)
        .set_deployment_configuration(spec.deployment.as_ref().map(deployment::configuration).transpose()?)
        .set_availability_zone_rebalancing(spec.availability_zone_rebalancing.map(|case| to_wire(case).as_str().into()))
        .set_enable_execute_command(spec.enable_execute_command)
        .set_propagate_tags(spec.propagate_tags.map(|case| to_wire(case).as_str().into()))
        .set_enable_ecs_managed_tags(spec.enable_ecs_managed_tags)
        .set_service_registries(registries(spec))
        .set_service_connect_configuration(
            spec.service_connect.as_ref().map(service_connect::configuration).transpose()?,
        )
        .set_volume_configurations(volume_configurations(spec)?)
        .set_placement_constraints(constraints(spec))
        .set_placement_strategy(placement(spec))
        .set_tags(Some(owned_tags(Some(&tags), owner))))
}

/// The call that changes these fields, all in one, so that they roll out once.
pub(super) fn change(
    cx: &Cx,
    from: &Spec,
    to: &Spec,
    changed: &BTreeSet<String>,
) -> Result<UpdateServiceFluentBuilder> {
    let has = |name: &str| changed.contains(name);
    let moves = ["subnet_ids", "security_group_ids", "assign_public_ip"].into_iter().any(has);
    let network = if moves { network(&with_network(from, to))? } else { None };
    let rollout = to.deployment.as_ref().filter(|_| has("deployment"));
    let rollout =
        rollout.map(|wanted| deployment::configuration(&deployment::complete(wanted, from.deployment.as_ref())));
    let capacity = to.capacity_provider_strategy.as_deref().filter(|_| has("capacity_provider_strategy"));
    let connect = to.service_connect.as_ref().filter(|_| has("service_connect"));
    let registries = registries(to).filter(|_| has("service_registries"));
    let rebalancing = to.availability_zone_rebalancing.filter(|_| has("availability_zone_rebalancing"));
    // What only new tasks would follow, or what has failed as it is, is begun anew.
    let anew =
        from.task_definition.ends_with(FAILED) || has("capacity_provider_strategy") || has("enable_execute_command");
    Ok(cx
        .ecs()
        .update_service()
        .cluster(&from.cluster)
        .service(&from.name)
        .set_desired_count(to.desired_count.filter(|_| has("desired_count")))
        .set_task_definition(Some(to.task_definition.clone()).filter(|_| has("task_definition")))
        .set_force_new_deployment(anew.then_some(true))
        .set_capacity_provider_strategy(capacity.map(strategy).transpose()?)
        .set_platform_version(to.platform_version.clone().filter(|_| has("platform_version")))
        .set_network_configuration(network)
        .set_load_balancers(load_balancers(to).filter(|_| has("load_balancers")))
        .set_health_check_grace_period_seconds(
            to.health_check_grace_period_seconds.filter(|_| has("health_check_grace_period_seconds")),
        )
        .set_deployment_configuration(rollout.transpose()?)
        .set_availability_zone_rebalancing(rebalancing.map(|case| to_wire(case).as_str().into()))
        .set_enable_execute_command(to.enable_execute_command.filter(|_| has("enable_execute_command")))
        .set_propagate_tags(
            to.propagate_tags.filter(|_| has("propagate_tags")).map(|case| to_wire(case).as_str().into()),
        )
        .set_enable_ecs_managed_tags(to.enable_ecs_managed_tags.filter(|_| has("enable_ecs_managed_tags")))
        .set_service_registries(registries)
        .set_service_connect_configuration(connect.map(service_connect::configuration).transpose()?)
        .set_volume_configurations(volume_configurations(to)?.filter(|_| has("volume_configurations")))
        .set_placement_constraints(constraints(to).filter(|_| has("placement_constraints")))
        .set_placement_strategy(placement(to).filter(|_| has("placement_strategy"))))
}

/// The network is sent whole: what the file does not say stays as it is.
fn with_network(from: &Spec, to: &Spec) -> Spec {
    Spec {
        subnet_ids: to.subnet_ids.clone().or_else(|| from.subnet_ids.clone()),
        security_group_ids: to.security_group_ids.clone().or_else(|| from.security_group_ids.clone()),
        assign_public_ip: to.assign_public_ip.or(from.assign_public_ip),
        ..to.clone()
    }
}

/// The network as ECS takes it: all of it, or nothing where the file does not say.
fn network(spec: &Spec) -> Result<Option<aws::NetworkConfiguration>> {
    let Some(subnets) = spec.subnet_ids.as_ref().filter(|all| !all.is_empty()) else { return Ok(None) };
    let public = |is: bool| if is { aws::AssignPublicIp::Enabled } else { aws::AssignPublicIp::Disabled };
    let network = aws::AwsVpcConfiguration::builder()
        .set_subnets(Some(subnets.clone()))
        .set_security_groups(spec.security_group_ids.clone())
        .set_assign_public_ip(spec.assign_public_ip.map(public))
        .build()
        .map_err(|error| incomplete(&error))?;
    Ok(Some(aws::NetworkConfiguration::builder().awsvpc_configuration(network).build()))
}

/// Load balancers as ECS takes them.
fn load_balancers(spec: &Spec) -> Option<Vec<aws::LoadBalancer>> {
    Some(spec.load_balancers.as_ref()?.iter().map(load_balancer).collect())
}

fn load_balancer(wanted: &LoadBalancer) -> aws::LoadBalancer {
    let shifting = wanted.alternate_target_group_arn.as_ref().map(|other| {
        aws::AdvancedConfiguration::builder()
            .alternate_target_group_arn(other)
            .set_production_listener_rule(wanted.production_listener_rule_arn.clone())
            .set_test_listener_rule(wanted.test_listener_rule_arn.clone())
            .set_role_arn(wanted.role_arn.clone())
            .build()
    });
    aws::LoadBalancer::builder()
        .target_group_arn(&wanted.target_group_arn)
        .container_name(&wanted.container_name)
        .container_port(wanted.container_port)
        .set_advanced_configuration(shifting)
        .build()
}

/// Entries of Cloud Map as ECS takes them.
fn registries(spec: &Spec) -> Option<Vec<aws::ServiceRegistry>> {
    let registry = |wanted: &ServiceRegistry| {
        aws::ServiceRegistry::builder()
            .registry_arn(&wanted.registry_arn)
            .set_port(wanted.port)
            .set_container_name(wanted.container_name.clone())
            .set_container_port(wanted.container_port)
            .build()
    };
    Some(spec.service_registries.as_ref()?.iter().map(registry).collect())
}

/// Constraints as ECS takes them.
fn constraints(spec: &Spec) -> Option<Vec<aws::PlacementConstraint>> {
    let constraint = |wanted: &PlacementConstraint| {
        let kind = aws::PlacementConstraintType::from(to_wire(wanted.r#type).as_str());
        aws::PlacementConstraint::builder().r#type(kind).set_expression(wanted.expression.clone()).build()
    };
    Some(spec.placement_constraints.as_ref()?.iter().map(constraint).collect())
}

/// Strategies as ECS takes them.
fn placement(spec: &Spec) -> Option<Vec<aws::PlacementStrategy>> {
    let strategy = |wanted: &PlacementStrategy| {
        let kind = aws::PlacementStrategyType::from(to_wire(wanted.r#type).as_str());
        aws::PlacementStrategy::builder().r#type(kind).set_field(wanted.field.clone()).build()
    };
    Some(spec.placement_strategy.as_ref()?.iter().map(strategy).collect())
}

/// Volumes as ECS takes them.
fn volume_configurations(spec: &Spec) -> Result<Option<Vec<aws::ServiceVolumeConfiguration>>> {
    let all = spec.volume_configurations.as_ref();
    all.map(|all| all.iter().map(volumes::configuration).collect()).transpose()
}
