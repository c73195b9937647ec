//! Rules for a service beyond the schema.

use super::deployment;
use super::spec::{ConstraintType, LaunchType, LoadBalancer, SchedulingStrategy, Spec};
use crate::kinds::ecs::strategy_faults;

/// Faults of a service that the schema does not find.
pub(super) fn check(spec: &Spec) -> Vec<String> {
    let capacity = spec.capacity_provider_strategy.as_deref().unwrap_or_default();
    let mut faults = strategy_faults(capacity);
    if spec.launch_type.is_some() && !capacity.is_empty() {
        faults.push("`launch_type` and `capacity_provider_strategy` exclude each other".to_owned());
    }
    if spec.desired_count.is_some() && spec.initial_count.is_some() {
        faults.push("`desired_count` and `initial_count` exclude each other".to_owned());
    }
    let on_fargate = spec.launch_type == Some(LaunchType::Fargate)
        || capacity.iter().any(|one| one.capacity_provider.starts_with("FARGATE"));
    if on_fargate && spec.subnet_ids.as_ref().is_none_or(Vec::is_empty) {
        faults.push("Fargate needs `subnet_ids`".to_owned());
    }
    if on_fargate && spec.scheduling_strategy == Some(SchedulingStrategy::Daemon) {
        faults.push("`scheduling_strategy: DAEMON` is not available on Fargate".to_owned());
    }
    let placed = spec.placement_constraints.as_ref().is_some_and(|all| !all.is_empty())
        || spec.placement_strategy.as_ref().is_some_and(|all| !all.is_empty());
    if on_fargate && placed {
        faults.push("Fargate takes neither `placement_constraints` nor `placement_strategy`".to_owned());
    }
    let no_network = spec.subnet_ids.as_ref().is_none_or(Vec::is_empty);
    if no_network && (spec.security_group_ids.is_some() || spec.assign_public_ip.is_some()) {
        faults.push("`security_group_ids` and `assign_public_ip` have no effect without `subnet_ids`".to_owned());
    }
    for constraint in spec.placement_constraints.iter().flatten() {
        if (constraint.r#type == ConstraintType::MemberOf) != constraint.expression.is_some() {
            faults.push("`type: memberOf` needs `expression`, which has no effect without it".to_owned());
        }
    }
    faults.extend(spec.deployment.iter().flat_map(deployment::check));
    faults.extend(shifting(spec));
    faults
}

/// Faults of load balancers: deployments that shift traffic need two target groups, a rule and a role.
fn shifting(spec: &Spec) -> Vec<String> {
    let mut faults = Vec::new();
    let shifts =
        spec.deployment.as_ref().and_then(|all| all.strategy).is_some_and(deployment::Strategy::shifts_traffic);
    for balancer in spec.load_balancers.iter().flatten() {
        let parts = parts(balancer);
        let missing: Vec<String> =
            parts.iter().filter(|(_, given)| !given).map(|(name, _)| format!("`{name}`")).collect();
        let some = missing.len() < parts.len() || balancer.test_listener_rule_arn.is_some();
        if (shifts || some) && !missing.is_empty() {
            let why = if shifts { "a deployment that shifts traffic" } else { "shifting traffic" };
            faults.push(format!("load_balancers: {why} needs {}", missing.join(", ")));
        }
        if balancer.alternate_target_group_arn.as_ref() == Some(&balancer.target_group_arn) {
            faults.push("load_balancers: `alternate_target_group_arn` must differ from `target_group_arn`".to_owned());
        }
    }
    faults
}

fn parts(balancer: &LoadBalancer) -> [(&'static str, bool); 3] {
    [
        ("alternate_target_group_arn", balancer.alternate_target_group_arn.is_some()),
        ("production_listener_rule_arn", balancer.production_listener_rule_arn.is_some()),
        ("role_arn", balancer.role_arn.is_some()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canaries_need_two_target_groups_a_rule_and_a_role() {
        let spec = |yaml: &str| -> Spec { serde_yaml::from_str(yaml).expect("a spec") };
        let found = check(&spec(
            "
name: a
cluster: a
task_definition: a
launch_type: FARGATE
capacity_provider_strategy: [{capacity_provider: FARGATE, base: 1}, {capacity_provider: FARGATE_SPOT, base: 1}]
load_balancers: [{target_group_arn: a, container_name: web, container_port: 80, role_arn: r}]
deployment: {strategy: canary, step_percent: 10, minimum_healthy_percent: 100, maximum_percent: 100}
",
        ));
        insta::assert_snapshot!(found.join("\n"), @r"
        only one capacity provider of a strategy can have a `base`
        one capacity provider of a strategy must have a `weight` above 0
        `launch_type` and `capacity_provider_strategy` exclude each other
        Fargate needs `subnet_ids`
        deployment: `step_percent` has no effect without `strategy: linear`
        deployment: nothing can roll out while all tasks are kept and none may be added
        load_balancers: a deployment that shifts traffic needs `alternate_target_group_arn`, `production_listener_rule_arn`
        ");
    }
}
