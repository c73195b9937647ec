//! Fields of a scalable target.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Tags;

/// Fields of a scalable target.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The service it is part of, such as `ecs`. A change replaces.
    #[schemars(regex(pattern = "^[a-z-]+$"), extend("x-change" = "replace"))]
    pub service_namespace: String,
    /// Scaled resource: of ECS, `service/<cluster>/<service>`. A change replaces.
    #[schemars(length(min = 1, max = 1600), regex(pattern = r"^[^|]+$"), extend("x-change" = "replace"))]
    pub resource_id: String,
    /// Scaled dimension, such as `ecs:service:DesiredCount`. A change replaces.
    #[schemars(regex(pattern = "^[a-z-]+:[a-z-]+:[A-Za-z]+$"), extend("x-change" = "replace"))]
    pub scalable_dimension: String,
    /// The least that it is scaled to. If there is less, there is more at once.
    #[schemars(range(min = 0), extend("x-risk" = "capacity", "x-highlight" = true))]
    pub min_capacity: i32,
    /// The most that it is scaled to. If there is more, there is less at once.
    #[schemars(range(min = 0), extend("x-risk" = "capacity", "x-highlight" = true))]
    pub max_capacity: i32,
    /// Suspended kinds of scaling.
    #[schemars(extend("x-reset" = {"dynamic_scaling_in": false, "dynamic_scaling_out": false, "scheduled_scaling": false}))]
    pub suspended: Option<Suspended>,
    /// ARN of the role that scales it; the service's own role, which AWS makes, when left out.
    #[schemars(length(min = 1))]
    pub role_arn: Option<String>,
    /// Scheduled changes of the bounds, by name. An action that is not listed is deleted.
    #[schemars(extend("x-reset" = {}))]
    pub scheduled_actions: Option<BTreeMap<String, Schedule>>,
    /// Tags, beside those by which Isobar knows its own.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Suspended kinds of scaling.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Suspended {
    /// Policies do not scale it in.
    pub dynamic_scaling_in: Option<bool>,
    /// Policies do not scale it out.
    pub dynamic_scaling_out: Option<bool>,
    /// Schedules do not change its bounds.
    pub scheduled_scaling: Option<bool>,
}

/// A scheduled change of the bounds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-whole" = true))]
#[expect(clippy::struct_field_names, reason = "AWS's own words")]
pub struct Schedule {
    /// `at(yyyy-mm-ddThh:mm:ss)`, `rate(5 minutes)` or `cron(...)` of six fields.
    #[schemars(regex(pattern = r"^(at|rate|cron)\(.+\)$"))]
    pub schedule: String,
    /// Time zone of `at` and `cron`, such as `Europe/Berlin`; `UTC` when left out.
    #[schemars(length(min = 1), extend("default" = UTC))]
    pub timezone: Option<String>,
    /// The new least; as it is when left out.
    #[schemars(range(min = 0))]
    pub min_capacity: Option<i32>,
    /// The new most; as it is when left out.
    #[schemars(range(min = 0))]
    pub max_capacity: Option<i32>,
}

/// The time zone of schedules that name none.
pub(super) const UTC: &str = "UTC";
