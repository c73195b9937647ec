//! Fields of an Auto Scaling group, and rules beyond the schema.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Tags;

/// Fields of a group.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name, unique in the region; 1 to 255 characters without a colon. A change replaces; beside `variant`, it counts for
    /// the next group only.
    #[schemars(regex(pattern = r"^[^:]{1,255}$"), extend("x-change" = "replace", "x-settled-by" = "variant"))]
    pub name: String,
    /// Text that tells it from another one for the same purpose, such as the network that it is in: with another text it
    /// is replaced, and old and new stand side by side until the new one serves. Kept in the tag `isobar:variant`.
    #[schemars(regex(pattern = r"^[A-Za-z0-9 +=._:/@-]{1,256}$"), extend("x-change" = "replace-set"))]
    pub variant: Option<String>,
    /// Launch template of the instances. A change is rolled out as `instance_refresh` says.
    #[schemars(extend("x-copies" = true))]
    pub launch_template: Template,
    /// Fewest instances.
    #[schemars(range(min = 0), extend("x-risk" = "capacity", "x-highlight" = true))]
    pub min_size: i32,
    /// Most instances.
    #[schemars(range(min = 0), extend("x-risk" = "capacity", "x-highlight" = true))]
    pub max_size: i32,
    /// Initial number of instances; `min_size` when left out. From then on scaling decides, and a change of this is no
    /// difference.
    #[schemars(range(min = 0), extend("x-risk" = "capacity", "x-owned-by-aws" = true))]
    pub desired_capacity: Option<i32>,
    /// Subnets that instances stand in.
    #[schemars(length(min = 1), extend("x-unordered" = true))]
    pub subnet_ids: Vec<String>,
    /// ARNs of target groups that instances are registered with. The group serves once all of them are healthy there.
    #[schemars(extend("x-unordered" = true, "x-reset" = []))]
    pub target_group_arns: Option<Vec<String>>,
    /// Sources of health beside EC2's own checks: a list of `EC2`, `EBS`, `ELB`, `VPC_LATTICE`,
    /// with commas; `EC2` when left out. With target groups, `ELB` replaces what does not answer.
    #[schemars(regex(pattern = "^(EC2|EBS|ELB|VPC_LATTICE)(,(EC2|EBS|ELB|VPC_LATTICE))*$"), extend("x-reset" = "EC2"))]
    pub health_check_type: Option<String>,
    /// Seconds that a new instance has to become healthy; 0 when left out.
    #[schemars(range(min = 0), extend("x-reset" = 0))]
    pub health_check_grace_period_seconds: Option<i32>,
    /// Seconds until a new instance counts in metrics, and until a refresh goes on; -1 for none, as when left out.
    #[schemars(range(min = -1, max = 3600), extend("x-reset" = -1))]
    pub default_instance_warmup_seconds: Option<i32>,
    /// Seconds between two simple scalings; 300 when left out.
    #[schemars(range(min = 0), extend("x-reset" = 300))]
    pub default_cooldown_seconds: Option<i32>,
    /// Rollout of a changed launch template to running instances.
    #[schemars(extend("x-write-only" = true))]
    pub instance_refresh: Option<InstanceRefresh>,
    /// Limits on instances during replacements, in percent of the wanted ones.
    pub instance_maintenance_policy: Option<MaintenancePolicy>,
    /// Which instances go first when there are too many, such as `OldestLaunchTemplate`; `Default` when left out.
    #[schemars(extend("x-reset" = ["Default"]))]
    pub termination_policies: Option<Vec<String>>,
    /// Replacement of a spot instance as soon as AWS may take it back; false when left out.
    #[schemars(extend("x-reset" = false))]
    pub capacity_rebalance: Option<bool>,
    /// Seconds after which an instance is replaced, at least 86,400; 0 for never, as when left out.
    #[schemars(range(min = 0, max = 31_536_000), extend("x-reset" = 0))]
    pub max_instance_lifetime_seconds: Option<i32>,
    /// Protection of new instances from scaling in; false when left out.
    #[schemars(extend("x-reset" = false))]
    pub new_instances_protected_from_scale_in: Option<bool>,
    /// Behaviour when a zone has no capacity; `balanced-best-effort` when left out.
    pub availability_zone_distribution: Option<Distribution>,
    /// Name of a placement group.
    pub placement_group: Option<String>,
    /// Metrics of the group that are published every minute, such as `GroupInServiceInstances`; none when left out.
    #[schemars(extend("x-unordered" = true, "x-reset" = []))]
    pub metrics: Option<Vec<String>>,
    /// Processes of AWS's that stand still, such as `AZRebalance`; none when left out.
    #[schemars(extend("x-unordered" = true, "x-reset" = []))]
    pub suspended_processes: Option<Vec<String>>,
    /// Protection from deletion; `none` when left out. To delete the group, set this to `none` and apply first.
    #[schemars(extend("x-risk" = "protection", "x-reset" = "none"))]
    pub deletion_protection: Option<DeletionProtection>,
    /// Tags of the group and of all instances it launches from then on. The tags by which Isobar knows the group are on
    /// the group alone.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// A version of a launch template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Id of the template.
    pub id: String,
    /// Number of the version, as a text. `$Latest` and `$Default` would roll out by accident.
    pub version: String,
}

/// Rollout of a changed launch template to running instances.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstanceRefresh {
    /// Refresh on or off; true when left out. When off, only new instances get the template.
    pub enabled: Option<bool>,
    /// Minimum of healthy instances, in percent of the wanted ones; AWS takes 90 when left out.
    #[schemars(range(min = 0, max = 100))]
    pub min_healthy_percentage: Option<i32>,
    /// Maximum of instances, in percent of the wanted ones, 100 to 200; AWS takes 100 when left out. Above 100, new
    /// ones come before old ones go.
    #[schemars(range(min = 100, max = 200))]
    pub max_healthy_percentage: Option<i32>,
    /// Seconds after which a new instance counts; `default_instance_warmup_seconds` when left out.
    #[schemars(range(min = 0))]
    pub instance_warmup_seconds: Option<i32>,
    /// Rollback when the refresh fails or an alarm fires; false when left out. Not with an image that is
    /// looked up in a parameter.
    pub auto_rollback: Option<bool>,
    /// Names of alarms on which it fails, up to 10.
    #[schemars(length(max = 10), extend("x-unordered" = true))]
    pub alarms: Option<Vec<String>>,
    /// Skipping of instances that have the template already; false when left out.
    pub skip_matching: Option<bool>,
    /// Per cents after which it pauses, in rising order.
    pub checkpoint_percentages: Option<Vec<i32>>,
    /// Pause at a checkpoint in seconds; AWS takes an hour when left out.
    #[schemars(range(min = 0, max = 172_800))]
    pub checkpoint_delay_seconds: Option<i32>,
    /// Time that alarms are watched after the last instance, in seconds.
    #[schemars(range(min = 0, max = 172_800))]
    pub bake_time_seconds: Option<i32>,
}

/// Limits on instances during replacements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MaintenancePolicy {
    /// Least, in per cent of those wanted, 0 to 100; -1 for no rule.
    #[schemars(range(min = -1, max = 100))]
    pub min_healthy_percentage: i32,
    /// Most, in per cent of those wanted, 100 to 200; -1 for no rule.
    #[schemars(range(min = -1, max = 200))]
    pub max_healthy_percentage: i32,
}

/// Behaviour when a zone has no capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Distribution {
    /// Only that zone is tried.
    BalancedOnly,
    /// Another zone gets the instance.
    BalancedBestEffort,
}

/// Protection from deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DeletionProtection {
    /// Nothing.
    None,
    /// It cannot go while it has instances.
    PreventForceDeletion,
    /// It cannot go.
    PreventAllDeletion,
}

/// Faults that the schema does not find.
pub(super) fn check(spec: &Spec) -> Vec<String> {
    let mut faults = Vec::new();
    let mut rule = |broken: bool, words: &str| {
        if broken {
            faults.push(words.to_owned());
        }
    };
    rule(spec.min_size > spec.max_size, "`min_size` cannot be more than `max_size`");
    let outside = |desired: i32| desired < spec.min_size || desired > spec.max_size;
    rule(spec.desired_capacity.is_some_and(outside), "`desired_capacity` must be between `min_size` and `max_size`");
    rule(
        spec.launch_template.version.starts_with('$'),
        "`version` of a launch template must be a number, so that a change of it is seen and rolled out",
    );
    let lifetime = spec.max_instance_lifetime_seconds.unwrap_or(0);
    rule((1..86_400).contains(&lifetime), "`max_instance_lifetime_seconds` must be 0, or at least 86400 (a day)");
    if let Some(refresh) = &spec.instance_refresh {
        let (low, high) = (refresh.min_healthy_percentage, refresh.max_healthy_percentage);
        rule(high.is_some() && low.is_none(), "`max_healthy_percentage` needs `min_healthy_percentage` beside it");
        let wide = low.zip(high).is_some_and(|(low, high)| high - low > 100);
        rule(wide, "`min_healthy_percentage` and `max_healthy_percentage` must be at most 100 apart");
        let rising = |all: &Vec<i32>| all.is_sorted_by(|one, next| one < next);
        let checkpoints = refresh.checkpoint_percentages.as_ref();
        rule(checkpoints.is_some_and(|all| !rising(all)), "`checkpoint_percentages` must be in rising order");
    }
    if let Some(policy) = &spec.instance_maintenance_policy {
        let (low, high) = (policy.min_healthy_percentage, policy.max_healthy_percentage);
        rule((low == -1) != (high == -1), "a maintenance policy needs both percentages, or -1 for both");
        rule(high != -1 && !(100..=200).contains(&high), "`max_healthy_percentage` must be between 100 and 200");
        rule(high - low > 100, "`min_healthy_percentage` and `max_healthy_percentage` must be at most 100 apart");
    }
    faults
}
