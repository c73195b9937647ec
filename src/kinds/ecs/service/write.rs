//! The calls that make and change a service.

use std::collections::BTreeSet;

use aws_sdk_ecs::operation::create_service::builders::CreateServiceFluentBuilder;
use aws_sdk_ecs::operation::update_service::builders::UpdateServiceFluentBuilder;

use super::rollout::FAILED;
use super::spec::Spec;
use super::{deployment, read, service_connect};
use crate::aws::{Cx, Result, to_wire};
use crate::kinds::ecs::{owned, strategy};
use crate::names::Owner;

/// The call that makes a service: it takes everything at once.
pub(super) fn creation(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<CreateServiceFluentBuilder> {
    let capacity = spec.capacity_provider_strategy.as_deref().filter(|all| !all.is_empty());
    Ok(cx
        .ecs()
        .create_service()
        .cluster(&spec.cluster)
        .service_name(&spec.name)
        .client_token(owner.token())
        .task_definition(&spec.task_definition)
        .set_desired_count(spec.desired_count)
        .set_launch_type(spec.launch_type.map(|case| to_wire(case).as_str().into()))
        .set_capacity_provider_strategy(capacity.map(strategy).transpose()?)
        .set_platform_version(spec.platform_version.clone())
        .set_scheduling_strategy(spec.scheduling_strategy.map(|case| to_wire(case).as_str().into()))
        .set_network_configuration(read::network(spec)?)
        .set_load_balancers(read::load_balancers(spec))
        .set_health_check_grace_period_seconds(spec.health_check_grace_period_seconds)
        .set_deployment_configuration(spec.deployment.as_ref().map(deployment::configuration).transpose()?)
        .set_availability_zone_rebalancing(spec.availability_zone_rebalancing.map(|case| to_wire(case).as_str().into()))
        .set_enable_execute_command(spec.enable_execute_command)
        .set_propagate_tags(spec.propagate_tags.map(|case| to_wire(case).as_str().into()))
        .set_enable_ecs_managed_tags(spec.enable_ecs_managed_tags)
        .set_service_registries(read::registries(spec))
        .set_service_connect_configuration(
            spec.service_connect.as_ref().map(service_connect::configuration).transpose()?,
        )
        .set_volume_configurations(read::volume_configurations(spec)?)
        .set_placement_constraints(read::constraints(spec))
        .set_placement_strategy(read::placement(spec))
        .set_tags(Some(owned(spec.tags.as_ref(), owner))))
}

/// The call that changes these fields, all in one, so that they roll out once.
pub(super) fn change(
    cx: &Cx,
    from: &Spec,
    to: &Spec,
    changed: &BTreeSet<String>,
) -> Result<UpdateServiceFluentBuilder> {
    let has = |name: &str| changed.contains(name);
    let network = ["subnet_ids", "security_group_ids", "assign_public_ip"].into_iter().any(has);
    let network = if network { read::network(&with_network(from, to))? } else { None };
    let rollout = to.deployment.as_ref().filter(|_| has("deployment"));
    let rollout =
        rollout.map(|wanted| deployment::configuration(&deployment::complete(wanted, from.deployment.as_ref())));
    let capacity = to.capacity_provider_strategy.as_deref().filter(|_| has("capacity_provider_strategy"));
    let connect = to.service_connect.as_ref().filter(|_| has("service_connect"));
    let registries = read::registries(to).filter(|_| has("service_registries"));
    let rebalancing = to.availability_zone_rebalancing.filter(|_| has("availability_zone_rebalancing"));
    // What only new tasks would follow, or what has failed as it is, is begun anew.
    let anew =
        from.task_definition.ends_with(FAILED) || has("capacity_provider_strategy") || has("enable_execute_command");
    Ok(cx
        .ecs()
        .update_service()
        .cluster(&to.cluster)
        .service(&to.name)
        .set_task_definition(Some(to.task_definition.clone()).filter(|_| has("task_definition")))
        .set_force_new_deployment(anew.then_some(true))
        .set_capacity_provider_strategy(capacity.map(strategy).transpose()?)
        .set_platform_version(to.platform_version.clone().filter(|_| has("platform_version")))
        .set_network_configuration(network)
        .set_load_balancers(read::load_balancers(to).filter(|_| has("load_balancers")))
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
        .set_volume_configurations(read::volume_configurations(to)?.filter(|_| has("volume_configurations")))
        .set_placement_constraints(read::constraints(to).filter(|_| has("placement_constraints")))
        .set_placement_strategy(read::placement(to).filter(|_| has("placement_strategy"))))
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
