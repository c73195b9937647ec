//! Fields of a service.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::deployment::Deployment;
use super::service_connect::ServiceConnect;
use super::volumes::VolumeConfiguration;
use crate::aws::Tags;
use crate::kinds::ecs::Capacity;

/// Fields of a service.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name, unique in the cluster; 1 to 255 letters, digits, `_` and `-`. A change replaces; beside `variant`, it counts
    /// for the next service only.
    #[schemars(
        regex(pattern = r"^[A-Za-z0-9_-]{1,255}$"),
        extend("x-highlight" = true, "x-change" = "replace", "x-settled-by" = "variant"),
    )]
    pub name: String,
    /// Text that tells it from another one for the same purpose, such as the network that it is in: with another text it
    /// is replaced, and old and new stand side by side until the new one serves. Kept in the tag `isobar:variant`.
    #[schemars(regex(pattern = r"^[A-Za-z0-9 +=._:/@-]{1,256}$"), extend("x-change" = "replace-set"))]
    pub variant: Option<String>,
    /// Name of the cluster. A change replaces.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,255}$"), extend("x-change" = "replace"))]
    pub cluster: String,
    /// ARN of a task definition with its revision. Another one rolls out.
    #[schemars(length(min = 1), extend("x-copies" = true))]
    pub task_definition: String,
    /// Number of tasks. Not with `initial_count`, which is for a service that something else scales.
    #[schemars(range(min = 0), extend("x-risk" = "capacity", "x-highlight" = true))]
    pub desired_count: Option<i32>,
    /// Number of tasks at first; 0 when both are left out. From then on the number is what scaling has made of it, and
    /// a change of this is no difference.
    #[schemars(range(min = 0), extend("x-owned-by-aws" = true))]
    pub initial_count: Option<i32>,
    /// Launch type of the tasks. Not with `capacity_provider_strategy`. A change replaces.
    #[schemars(extend("x-change" = "replace"))]
    pub launch_type: Option<LaunchType>,
    /// Distribution of tasks over capacity providers. An empty list goes back to the launch type.
    #[schemars(length(max = 20), extend("x-key" = "capacity_provider"))]
    pub capacity_provider_strategy: Option<Vec<Capacity>>,
    /// Version of Fargate; `LATEST` when left out.
    #[schemars(regex(pattern = r"^(LATEST|\d+\.\d+\.\d+)$"), extend("x-reset" = "LATEST"))]
    pub platform_version: Option<String>,
    /// Scheduling: a number of tasks, or one on each instance; `REPLICA` when left out. A change replaces.
    #[schemars(extend("x-change" = "replace"))]
    pub scheduling_strategy: Option<SchedulingStrategy>,
    /// Ids of subnets in which its tasks run, with the network mode `awsvpc`; up to 16.
    #[schemars(length(max = 16), extend("x-unordered" = true))]
    pub subnet_ids: Option<Vec<String>>,
    /// Ids of security groups of its tasks; the network's default group when left out. Up to 5.
    #[schemars(length(max = 5), extend("x-unordered" = true))]
    pub security_group_ids: Option<Vec<String>>,
    /// Public addresses of the tasks; false when left out.
    #[schemars(extend("x-public" = [true], "x-reset" = false))]
    pub assign_public_ip: Option<bool>,
    /// Target groups in which its tasks are registered. Each must hang on a listener already. Up to 5.
    #[schemars(length(max = 5), extend("x-reset" = []))]
    pub load_balancers: Option<Vec<LoadBalancer>>,
    /// For how long after its start a task's failing health checks do not count, in seconds; 0 when left out, with
    /// which slow starters are killed.
    #[schemars(range(min = 0))]
    pub health_check_grace_period_seconds: Option<i32>,
    /// Rollout of a change.
    pub deployment: Option<Deployment>,
    /// Rebalancing of tasks over zones; AWS enables it when left out.
    #[schemars(extend("x-reset" = "ENABLED"))]
    pub availability_zone_rebalancing: Option<Rebalancing>,
    /// Commands in running tasks (ECS Exec); false when left out. A change starts new tasks.
    #[schemars(extend("x-reset" = false))]
    pub enable_execute_command: Option<bool>,
    /// From where its tasks get their tags. A change counts for tasks that start after it.
    #[schemars(extend("x-reset" = "NONE"))]
    pub propagate_tags: Option<PropagateTags>,
    /// Tags with cluster and service on tasks; false when left out. A change counts for tasks that
    /// start after it.
    #[schemars(extend("x-reset" = false))]
    pub enable_ecs_managed_tags: Option<bool>,
    /// Entries of Cloud Map in which its tasks are registered.
    #[schemars(length(max = 5), extend("x-reset" = []))]
    pub service_registries: Option<Vec<ServiceRegistry>>,
    /// Service Connect: names by which services call each other.
    pub service_connect: Option<ServiceConnect>,
    /// EBS volumes of its tasks, for volumes that the task definition says are configured at launch.
    #[schemars(length(max = 1), extend("x-key" = "name"))]
    pub volume_configurations: Option<Vec<VolumeConfiguration>>,
    /// On which instances its tasks may run; up to 10. Not on Fargate.
    #[schemars(length(max = 10), extend("x-reset" = []))]
    pub placement_constraints: Option<Vec<PlacementConstraint>>,
    /// Placement of the tasks on instances; up to 5 strategies. Not on Fargate.
    #[schemars(length(max = 5), extend("x-reset" = []))]
    pub placement_strategy: Option<Vec<PlacementStrategy>>,
    /// Tags, beside those by which Isobar knows its own.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Launch type of tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LaunchType {
    /// Fargate.
    Fargate,
    /// Instances of one's own.
    Ec2,
    /// Machines elsewhere.
    External,
    /// Instances that ECS looks after.
    ManagedInstances,
}

/// Scheduling of tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SchedulingStrategy {
    /// So many.
    Replica,
    /// One on each instance.
    Daemon,
}

/// A target group in which tasks are registered. The last four are for deployments that shift traffic; which of the
/// two groups is the live one is the service's affair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-whole" = true))]
pub struct LoadBalancer {
    /// ARN of the target group.
    pub target_group_arn: String,
    /// Name of the container.
    pub container_name: String,
    /// Its port.
    #[schemars(range(min = 1, max = 65535))]
    pub container_port: i32,
    /// ARN of the target group that the other half of the tasks is registered in.
    pub alternate_target_group_arn: Option<String>,
    /// ARN of the listener's rule, or of a network load balancer's listener, whose traffic is shifted. ECS writes
    /// its weights.
    pub production_listener_rule_arn: Option<String>,
    /// ARN of a rule or listener for tests before the shift.
    pub test_listener_rule_arn: Option<String>,
    /// ARN of the role with which ECS writes listeners.
    pub role_arn: Option<String>,
}

/// Rebalancing of tasks over zones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Rebalancing {
    /// They are.
    Enabled,
    /// They are not.
    Disabled,
}

/// From where tasks get their tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PropagateTags {
    /// The service.
    Service,
    /// The task definition.
    TaskDefinition,
    /// Nowhere.
    None,
}

/// An entry of Cloud Map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceRegistry {
    /// ARN of the Cloud Map service.
    pub registry_arn: String,
    /// Port of an `SRV` record, where the network mode is `awsvpc`.
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<i32>,
    /// Name of the container, where it is not.
    pub container_name: Option<String>,
    /// Its port.
    #[schemars(range(min = 1, max = 65535))]
    pub container_port: Option<i32>,
}

/// On which instances tasks may run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlacementConstraint {
    /// Type of constraint.
    pub r#type: ConstraintType,
    /// With `memberOf`: an expression of the cluster query language that the instance must meet.
    pub expression: Option<String>,
}

/// Type of constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ConstraintType {
    /// Each task on another instance.
    DistinctInstance,
    /// Instances that meet an expression.
    MemberOf,
}

/// A placement strategy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlacementStrategy {
    /// Type of placement.
    pub r#type: StrategyType,
    /// By what: `attribute:ecs.availability-zone`, `instanceId`, `cpu`, `memory`.
    pub field: Option<String>,
}

/// A placement strategy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StrategyType {
    /// Evenly.
    Spread,
    /// On as few instances as possible.
    Binpack,
    /// By chance.
    Random,
}

/// Outputs of a service.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Name of its cluster.
    pub cluster_name: String,
}
