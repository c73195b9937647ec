//! A service, as ECS tells it.

use aws_sdk_ecs::types as aws;

use super::spec::{
    ConstraintType, LoadBalancer, PlacementConstraint, PlacementStrategy, PropagateTags, Rebalancing,
    SchedulingStrategy, ServiceRegistry, Spec, StrategyType,
};
use super::{deployment, service_connect, volumes};
use crate::aws::from_wire;
use crate::kinds::ecs::{last_part, strategy_of};
use crate::kinds::tagging::{TAG_VARIANT, all_tags, user_tags};

/// The deployment that is, or becomes, the service's current one.
pub(super) fn primary(live: &aws::Service) -> Option<&aws::Deployment> {
    live.deployments().iter().find(|one| one.status() == Some("PRIMARY"))
}

/// The spec that a service stands for.
pub(super) fn spec_of(live: &aws::Service) -> Spec {
    let network = live.network_configuration().and_then(|network| network.awsvpc_configuration());
    let primary = primary(live);
    let connect = primary.and_then(aws::Deployment::service_connect_configuration);
    let public = network.and_then(aws::AwsVpcConfiguration::assign_public_ip);
    let is_public = public.is_some_and(|public| *public == aws::AssignPublicIp::Enabled);
    let volumes = primary.map(aws::Deployment::volume_configurations).unwrap_or_default();
    Spec {
        name: live.service_name().unwrap_or_default().to_owned(),
        variant: all_tags(live.tags.clone().unwrap_or_default()).remove(TAG_VARIANT),
        cluster: last_part(live.cluster_arn().unwrap_or_default()).to_owned(),
        task_definition: live.task_definition().unwrap_or_default().to_owned(),
        desired_count: Some(live.desired_count),
        initial_count: None,
        launch_type: live.launch_type().and_then(|case| from_wire(case.as_str())),
        capacity_provider_strategy: Some(strategy_of(live.capacity_provider_strategy.clone())),
        platform_version: live.platform_version().map(str::to_owned),
        scheduling_strategy: Some(
            live.scheduling_strategy().and_then(|case| from_wire(case.as_str())).unwrap_or(SchedulingStrategy::Replica),
        ),
        subnet_ids: Some(network.map(|network| network.subnets().to_vec()).unwrap_or_default()),
        security_group_ids: Some(network.map(|network| network.security_groups().to_vec()).unwrap_or_default()),
        assign_public_ip: Some(is_public),
        load_balancers: Some(live.load_balancers().iter().map(load_balancer_of).collect()),
        health_check_grace_period_seconds: Some(live.health_check_grace_period_seconds().unwrap_or(0)),
        deployment: Some(deployment::of(live.deployment_configuration())),
        availability_zone_rebalancing: Some(
            live.availability_zone_rebalancing()
                .and_then(|case| from_wire(case.as_str()))
                .unwrap_or(Rebalancing::Disabled),
        ),
        enable_execute_command: Some(live.enable_execute_command),
        propagate_tags: Some(
            live.propagate_tags().and_then(|case| from_wire(case.as_str())).unwrap_or(PropagateTags::None),
        ),
        enable_ecs_managed_tags: Some(live.enable_ecs_managed_tags),
        service_registries: Some(live.service_registries().iter().map(registry_of).collect()),
        service_connect: connect.map(service_connect::of),
        volume_configurations: Some(volumes.iter().filter_map(volumes::of).collect()),
        placement_constraints: Some(live.placement_constraints().iter().filter_map(constraint_of).collect()),
        placement_strategy: Some(live.placement_strategy().iter().filter_map(placement_of).collect()),
        tags: Some(user_tags(live.tags.clone().unwrap_or_default())),
    }
}

fn load_balancer_of(live: &aws::LoadBalancer) -> LoadBalancer {
    let shifting = live.advanced_configuration();
    let text = |get: fn(&aws::AdvancedConfiguration) -> Option<&str>| shifting.and_then(get).map(str::to_owned);
    LoadBalancer {
        target_group_arn: live.target_group_arn().unwrap_or_default().to_owned(),
        container_name: live.container_name().unwrap_or_default().to_owned(),
        container_port: live.container_port().unwrap_or_default(),
        alternate_target_group_arn: text(aws::AdvancedConfiguration::alternate_target_group_arn),
        production_listener_rule_arn: text(aws::AdvancedConfiguration::production_listener_rule),
        test_listener_rule_arn: text(aws::AdvancedConfiguration::test_listener_rule),
        role_arn: text(aws::AdvancedConfiguration::role_arn),
    }
}

fn registry_of(live: &aws::ServiceRegistry) -> ServiceRegistry {
    ServiceRegistry {
        registry_arn: live.registry_arn().unwrap_or_default().to_owned(),
        port: live.port(),
        container_name: live.container_name().map(str::to_owned),
        container_port: live.container_port(),
    }
}

fn constraint_of(live: &aws::PlacementConstraint) -> Option<PlacementConstraint> {
    let kind: ConstraintType = from_wire(live.r#type()?.as_str())?;
    Some(PlacementConstraint { r#type: kind, expression: live.expression().map(str::to_owned) })
}

fn placement_of(live: &aws::PlacementStrategy) -> Option<PlacementStrategy> {
    let kind: StrategyType = from_wire(live.r#type()?.as_str())?;
    Some(PlacementStrategy { r#type: kind, field: live.field().map(str::to_owned) })
}

/// The name of a service's cluster.
pub(super) fn cluster_of(live: &aws::Service) -> &str {
    last_part(live.cluster_arn().unwrap_or_default())
}
