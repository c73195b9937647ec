//! Deployment of a service: its fields, how ECS takes them and how it tells them.

use aws_sdk_ecs::types as aws;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::{Result, from_wire, to_wire};
use crate::kinds::ecs::incomplete;

/// Rollout of a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// Strategy; `rolling` when left out.
    #[schemars(extend("x-reset" = "rolling"))]
    pub strategy: Option<Strategy>,
    /// The least share of the tasks that stays healthy, in percent; 100 when left out.
    #[schemars(range(min = 0, max = 200))]
    pub minimum_healthy_percent: Option<i32>,
    /// The most tasks that run at a time, in percent; 200 when left out.
    #[schemars(range(min = 0, max = 200))]
    pub maximum_percent: Option<i32>,
    /// Circuit breaker: gives up a deployment whose tasks do not start.
    #[schemars(extend("x-reset" = {"enable": false, "rollback": false}))]
    pub circuit_breaker: Option<CircuitBreaker>,
    /// Alarms that end a deployment when one of them fires.
    #[schemars(extend("x-reset" = {"names": [], "enable": false, "rollback": false}))]
    pub alarms: Option<Alarms>,
    /// For how many minutes both sides stay after all traffic was shifted; 0 to 1440.
    #[schemars(range(min = 0, max = 1440))]
    pub bake_minutes: Option<i32>,
    /// With `linear`: how much of the traffic each step shifts, in percent; 3 to 100, 10 when left out.
    #[schemars(range(min = 3.0, max = 100.0))]
    pub step_percent: Option<f64>,
    /// With `linear`: minutes between two steps; 0 to 1440, 6 when left out.
    #[schemars(range(min = 0, max = 1440))]
    pub step_bake_minutes: Option<i32>,
    /// With `canary`: how much of the traffic the first step shifts, in percent; 0.1 to 100, 5 when left out.
    #[schemars(range(min = 0.1, max = 100.0))]
    pub canary_percent: Option<f64>,
    /// With `canary`: minutes between the first step and the second; 0 to 1440, 10 when left out.
    #[schemars(range(min = 0, max = 1440))]
    pub canary_bake_minutes: Option<i32>,
    /// Lambda functions that are asked at stages of a deployment that shifts traffic.
    #[schemars(extend("x-reset" = []))]
    pub lifecycle_hooks: Option<Vec<LifecycleHook>>,
}

/// Rollout of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// New tasks take the place of old ones, some at a time.
    Rolling,
    /// All traffic is shifted at once to a second set of tasks.
    BlueGreen,
    /// Traffic is shifted in even steps.
    Linear,
    /// Some traffic is shifted first, then the rest.
    Canary,
}

/// Circuit breaker: gives up a deployment whose tasks do not start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CircuitBreaker {
    /// Circuit breaker on or off.
    pub enable: bool,
    /// Rollback to the previous deployment afterwards.
    pub rollback: bool,
}

/// Alarms that end a deployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alarms {
    /// Their names.
    #[schemars(extend("x-unordered" = true))]
    pub names: Vec<String>,
    /// True if the alarms are watched.
    pub enable: bool,
    /// Rollback to the previous deployment afterwards.
    pub rollback: bool,
}

/// A Lambda function that is asked at stages of a deployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LifecycleHook {
    /// ARN of the function.
    pub function_arn: String,
    /// ARN of the role with which ECS calls it.
    pub role_arn: String,
    /// Stages at which the function is called.
    #[schemars(length(min = 1), extend("x-unordered" = true))]
    pub stages: Vec<Stage>,
}

/// A stage of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Stage {
    ReconcileService,
    PreScaleUp,
    PostScaleUp,
    TestTrafficShift,
    PostTestTrafficShift,
    PreProductionTrafficShift,
    ProductionTrafficShift,
    PostProductionTrafficShift,
}

impl Strategy {
    /// True for strategies that shift traffic from one target group to another.
    pub(super) fn shifts_traffic(self) -> bool {
        self != Self::Rolling
    }
}

/// The wanted values, completed by the live ones.
pub(super) fn complete(wanted: &Deployment, live: Option<&Deployment>) -> Deployment {
    let live = live.cloned().unwrap_or_else(|| of(None));
    Deployment {
        strategy: wanted.strategy.or(live.strategy),
        minimum_healthy_percent: wanted.minimum_healthy_percent.or(live.minimum_healthy_percent),
        maximum_percent: wanted.maximum_percent.or(live.maximum_percent),
        circuit_breaker: wanted.circuit_breaker.clone().or(live.circuit_breaker),
        alarms: wanted.alarms.clone().or(live.alarms),
        bake_minutes: wanted.bake_minutes.or(live.bake_minutes),
        step_percent: wanted.step_percent.or(live.step_percent),
        step_bake_minutes: wanted.step_bake_minutes.or(live.step_bake_minutes),
        canary_percent: wanted.canary_percent.or(live.canary_percent),
        canary_bake_minutes: wanted.canary_bake_minutes.or(live.canary_bake_minutes),
        lifecycle_hooks: wanted.lifecycle_hooks.clone().or(live.lifecycle_hooks),
    }
}

/// As ECS takes it: what belongs to another strategy is left out.
pub(super) fn configuration(wanted: &Deployment) -> Result<aws::DeploymentConfiguration> {
    let strategy = wanted.strategy.unwrap_or(Strategy::Rolling);
    let breaker = wanted.circuit_breaker.as_ref().map(|breaker| {
        aws::DeploymentCircuitBreaker::builder().enable(breaker.enable).rollback(breaker.rollback).build()
    });
    let alarms = wanted.alarms.as_ref().map(|alarms| {
        let alarms = aws::DeploymentAlarms::builder()
            .set_alarm_names(Some(alarms.names.clone()))
            .enable(alarms.enable)
            .rollback(alarms.rollback);
        alarms.build().map_err(|error| incomplete(&error))
    });
    let linear = aws::LinearConfiguration::builder()
        .set_step_percent(wanted.step_percent)
        .set_step_bake_time_in_minutes(wanted.step_bake_minutes);
    let canary = aws::CanaryConfiguration::builder()
        .set_canary_percent(wanted.canary_percent)
        .set_canary_bake_time_in_minutes(wanted.canary_bake_minutes);
    let hooks = wanted.lifecycle_hooks.as_ref().filter(|hooks| strategy.shifts_traffic() || hooks.is_empty());
    Ok(aws::DeploymentConfiguration::builder()
        .set_strategy(wanted.strategy.map(strategy_word))
        .set_minimum_healthy_percent(wanted.minimum_healthy_percent)
        .set_maximum_percent(wanted.maximum_percent)
        .set_deployment_circuit_breaker(breaker)
        .set_alarms(alarms.transpose()?)
        .set_bake_time_in_minutes(wanted.bake_minutes.filter(|_| strategy.shifts_traffic()))
        .set_linear_configuration((strategy == Strategy::Linear).then(|| linear.build()))
        .set_canary_configuration((strategy == Strategy::Canary).then(|| canary.build()))
        .set_lifecycle_hooks(hooks.map(|hooks| hooks.iter().map(hook).collect()))
        .build())
}

fn strategy_word(strategy: Strategy) -> aws::DeploymentStrategy {
    match strategy {
        Strategy::Rolling => aws::DeploymentStrategy::Rolling,
        Strategy::BlueGreen => aws::DeploymentStrategy::BlueGreen,
        Strategy::Linear => aws::DeploymentStrategy::Linear,
        Strategy::Canary => aws::DeploymentStrategy::Canary,
    }
}

fn hook(wanted: &LifecycleHook) -> aws::DeploymentLifecycleHook {
    aws::DeploymentLifecycleHook::builder()
        .hook_target_arn(&wanted.function_arn)
        .role_arn(&wanted.role_arn)
        .set_lifecycle_stages(Some(wanted.stages.iter().map(|stage| to_wire(stage).as_str().into()).collect()))
        .build()
}

/// As ECS tells it, with what it takes when it is not told.
pub(super) fn of(live: Option<&aws::DeploymentConfiguration>) -> Deployment {
    let breaker = live.and_then(aws::DeploymentConfiguration::deployment_circuit_breaker);
    let alarms = live.and_then(aws::DeploymentConfiguration::alarms);
    let linear = live.and_then(aws::DeploymentConfiguration::linear_configuration);
    let canary = live.and_then(aws::DeploymentConfiguration::canary_configuration);
    let strategy = match live.and_then(aws::DeploymentConfiguration::strategy) {
        Some(aws::DeploymentStrategy::BlueGreen) => Strategy::BlueGreen,
        Some(aws::DeploymentStrategy::Linear) => Strategy::Linear,
        Some(aws::DeploymentStrategy::Canary) => Strategy::Canary,
        _ => Strategy::Rolling,
    };
    let hooks = live.map(aws::DeploymentConfiguration::lifecycle_hooks).unwrap_or_default();
    Deployment {
        strategy: Some(strategy),
        minimum_healthy_percent: live.and_then(aws::DeploymentConfiguration::minimum_healthy_percent),
        maximum_percent: live.and_then(aws::DeploymentConfiguration::maximum_percent),
        circuit_breaker: Some(CircuitBreaker {
            enable: breaker.is_some_and(|breaker| breaker.enable),
            rollback: breaker.is_some_and(|breaker| breaker.rollback),
        }),
        alarms: Some(Alarms {
            names: alarms.map(|alarms| alarms.alarm_names.clone()).unwrap_or_default(),
            enable: alarms.is_some_and(|alarms| alarms.enable),
            rollback: alarms.is_some_and(|alarms| alarms.rollback),
        }),
        bake_minutes: live.and_then(aws::DeploymentConfiguration::bake_time_in_minutes),
        step_percent: linear.and_then(aws::LinearConfiguration::step_percent),
        step_bake_minutes: linear.and_then(aws::LinearConfiguration::step_bake_time_in_minutes),
        canary_percent: canary.and_then(aws::CanaryConfiguration::canary_percent),
        canary_bake_minutes: canary.and_then(aws::CanaryConfiguration::canary_bake_time_in_minutes),
        lifecycle_hooks: Some(hooks.iter().map(hook_of).collect()),
    }
}

fn hook_of(live: &aws::DeploymentLifecycleHook) -> LifecycleHook {
    LifecycleHook {
        function_arn: live.hook_target_arn().unwrap_or_default().to_owned(),
        role_arn: live.role_arn().unwrap_or_default().to_owned(),
        stages: live.lifecycle_stages().iter().filter_map(|stage| from_wire(stage.as_str())).collect(),
    }
}

/// Faults of a deployment configuration.
pub(super) fn check(deployment: &Deployment) -> Vec<String> {
    let strategy = deployment.strategy.unwrap_or(Strategy::Rolling);
    let mut faults = Vec::new();
    let mut only = |given: bool, name: &str, fits: bool, with: &str| {
        if given && !fits {
            faults.push(format!("deployment: `{name}` has no effect without `strategy: {with}`"));
        }
    };
    let (linear, canary) = (strategy == Strategy::Linear, strategy == Strategy::Canary);
    only(deployment.step_percent.is_some(), "step_percent", linear, "linear");
    only(deployment.step_bake_minutes.is_some(), "step_bake_minutes", linear, "linear");
    only(deployment.canary_percent.is_some(), "canary_percent", canary, "canary");
    only(deployment.canary_bake_minutes.is_some(), "canary_bake_minutes", canary, "canary");
    let hooks = deployment.lifecycle_hooks.as_ref().is_some_and(|hooks| !hooks.is_empty());
    let shifting = "blue-green`, `linear` or `canary";
    only(hooks, "lifecycle_hooks", strategy.shifts_traffic(), shifting);
    only(deployment.bake_minutes.is_some(), "bake_minutes", strategy.shifts_traffic(), shifting);
    if strategy == Strategy::BlueGreen && deployment.bake_minutes.is_none() {
        faults.push("deployment: `strategy: blue-green` needs `bake_minutes`".to_owned());
    }
    if let (Some(least), Some(most)) = (deployment.minimum_healthy_percent, deployment.maximum_percent)
        && least >= 100
        && most <= 100
    {
        faults.push("deployment: nothing can roll out while all tasks are kept and none may be added".to_owned());
    }
    if deployment.alarms.as_ref().is_some_and(|alarms| alarms.enable && alarms.names.is_empty()) {
        faults.push("deployment: `alarms` needs at least one name".to_owned());
    }
    faults
}
