//! What an Auto Scaling group can be told to be, and the rules AWS has for it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Tags;

/// What a group can be told to be.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name, unique in the region; 1 to 255 characters without a colon. A change replaces.
    #[schemars(regex(pattern = r"^[^:]{1,255}$"), extend("x-change" = "replace"))]
    pub name: String,
    /// What instances are made of. A change is rolled out as `instance_refresh` says.
    pub launch_template: Template,
    /// Fewest instances.
    #[schemars(range(min = 0))]
    pub min_size: i32,
    /// Most instances.
    #[schemars(range(min = 0))]
    pub max_size: i32,
    /// How many there are at first; `min_size` when left out. From then on scaling decides, and a change of this is no
    /// difference.
    #[schemars(range(min = 0), extend("x-owned-by-aws" = true))]
    pub desired_capacity: Option<i32>,
    /// Subnets that instances stand in.
    #[schemars(length(min = 1), extend("x-unordered" = true))]
    pub subnet_ids: Vec<String>,
    /// ARNs of target groups that instances are registered with. The group serves once all of them are healthy there.
    #[schemars(extend("x-unordered" = true))]
    pub target_group_arns: Option<Vec<String>>,
    /// Whose word it is that an instance is unhealthy, besides EC2's own: a list of `EC2`, `EBS`, `ELB`, `VPC_LATTICE`,
    /// with commas; `EC2` when left out. With target groups, `ELB` replaces what does not answer.
    #[schemars(regex(pattern = "^(EC2|EBS|ELB|VPC_LATTICE)(,(EC2|EBS|ELB|VPC_LATTICE))*$"))]
    pub health_check_type: Option<String>,
    /// Seconds that a new instance has to become healthy; 0 when left out.
    #[schemars(range(min = 0))]
    pub health_check_grace_period_seconds: Option<i32>,
    /// Seconds until a new instance counts in metrics, and until a refresh goes on; -1 for none, as when left out.
    #[schemars(range(min = -1, max = 3600))]
    pub default_instance_warmup_seconds: Option<i32>,
    /// Seconds between two simple scalings; 300 when left out.
    #[schemars(range(min = 0))]
    pub default_cooldown_seconds: Option<i32>,
    /// How another launch template comes to the instances that run.
    #[schemars(extend("x-write-only" = true))]
    pub instance_refresh: Option<InstanceRefresh>,
    /// How many instances there may be while some are replaced, in per cent of those wanted.
    pub instance_maintenance_policy: Option<MaintenancePolicy>,
    /// Which instances go first when there are too many, such as `OldestLaunchTemplate`; `Default` when left out.
    pub termination_policies: Option<Vec<String>>,
    /// Whether a spot instance is replaced as soon as AWS may take it back; false when left out.
    pub capacity_rebalance: Option<bool>,
    /// Seconds after which an instance is replaced, at least 86,400; 0 for never, as when left out.
    #[schemars(range(min = 0, max = 31_536_000))]
    pub max_instance_lifetime_seconds: Option<i32>,
    /// Whether scaling in spares new instances; false when left out.
    pub new_instances_protected_from_scale_in: Option<bool>,
    /// What happens when a zone has no room; `balanced-best-effort` when left out.
    pub availability_zone_distribution: Option<Distribution>,
    /// Name of a placement group.
    pub placement_group: Option<String>,
    /// Metrics of the group that are published every minute, such as `GroupInServiceInstances`; none when left out.
    #[schemars(extend("x-unordered" = true))]
    pub metrics: Option<Vec<String>>,
    /// Processes of AWS's that stand still, such as `AZRebalance`; none when left out.
    #[schemars(extend("x-unordered" = true))]
    pub suspended_processes: Option<Vec<String>>,
    /// What keeps the group from being deleted. To delete it, set this to `none` and apply first.
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

/// How another launch template comes to the instances that run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstanceRefresh {
    /// Whether it comes to them at all; true when left out. With false only new instances get it.
    pub enabled: Option<bool>,
    /// How many of the wanted instances must stay healthy, in per cent; AWS takes 90 when left out.
    #[schemars(range(min = 0, max = 100))]
    pub min_healthy_percentage: Option<i32>,
    /// How many there may be, in per cent of those wanted, 100 to 200; AWS takes 100 when left out. Above 100, new ones
    /// come before old ones go.
    #[schemars(range(min = 100, max = 200))]
    pub max_healthy_percentage: Option<i32>,
    /// Seconds after which a new instance counts; `default_instance_warmup_seconds` when left out.
    #[schemars(range(min = 0))]
    pub instance_warmup_seconds: Option<i32>,
    /// Whether everything goes back if it fails or an alarm rings; false when left out. Not with an image that is
    /// looked up in a parameter.
    pub auto_rollback: Option<bool>,
    /// Names of alarms on which it fails, up to 10.
    #[schemars(length(max = 10), extend("x-unordered" = true))]
    pub alarms: Option<Vec<String>>,
    /// Whether instances that have the template already are left alone; false when left out.
    pub skip_matching: Option<bool>,
    /// Per cents after which it pauses, in rising order.
    pub checkpoint_percentages: Option<Vec<i32>>,
    /// How long it pauses, in seconds; AWS takes an hour when left out.
    #[schemars(range(min = 0, max = 172_800))]
    pub checkpoint_delay_seconds: Option<i32>,
    /// How long the alarms are watched after the last instance, in seconds.
    #[schemars(range(min = 0, max = 172_800))]
    pub bake_time_seconds: Option<i32>,
}

/// How many instances there may be while some are replaced.
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

/// What happens when a zone has no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Distribution {
    /// Only that zone is tried.
    BalancedOnly,
    /// Another zone gets the instance.
    BalancedBestEffort,
}

/// What keeps a group from being deleted.
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

/// Rules beyond the schema.
pub(super) fn check(spec: &Spec) -> Vec<String> {
    let mut faults = Vec::new();
    let mut rule = |broken: bool, words: &str| {
        if broken {
            faults.push(words.to_owned());
        }
    };
    rule(spec.min_size > spec.max_size, "`min_size` cannot be more than `max_size`");
    let outside = |desired: i32| desired < spec.min_size || desired > spec.max_size;
    rule(spec.desired_capacity.is_some_and(outside), "`desired_capacity` is between `min_size` and `max_size`");
    rule(
        spec.launch_template.version.starts_with('$'),
        "a launch template's `version` is a number, so that a change of it is seen and rolled out",
    );
    let lifetime = spec.max_instance_lifetime_seconds.unwrap_or(0);
    rule((1..86_400).contains(&lifetime), "`max_instance_lifetime_seconds` is 0 or at least 86400, a day");
    if let Some(refresh) = &spec.instance_refresh {
        let (low, high) = (refresh.min_healthy_percentage, refresh.max_healthy_percentage);
        rule(high.is_some() && low.is_none(), "`max_healthy_percentage` needs `min_healthy_percentage` beside it");
        let wide = low.zip(high).is_some_and(|(low, high)| high - low > 100);
        rule(wide, "between `min_healthy_percentage` and `max_healthy_percentage` are at most 100");
        let rising = |all: &Vec<i32>| all.is_sorted_by(|one, next| one < next);
        let checkpoints = refresh.checkpoint_percentages.as_ref();
        rule(checkpoints.is_some_and(|all| !rising(all)), "`checkpoint_percentages` stand in rising order");
    }
    if let Some(policy) = &spec.instance_maintenance_policy {
        let (low, high) = (policy.min_healthy_percentage, policy.max_healthy_percentage);
        rule((low == -1) != (high == -1), "a maintenance policy says both percentages, or -1 for both");
        rule(high != -1 && !(100..=200).contains(&high), "`max_healthy_percentage` is between 100 and 200");
        rule(high - low > 100, "between `min_healthy_percentage` and `max_healthy_percentage` are at most 100");
    }
    faults
}
