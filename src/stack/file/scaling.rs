//! What services and fleets share: that they can be called, how much of them there is, and how their health is probed.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Access, Stack};

/// How many tasks or instances there are, and what that follows.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// At least so many. Enough for the whole load, if another region is to be lost.
    pub min: u32,
    /// At most so many.
    #[schemars(range(min = 1, max = 5000))]
    pub max: u32,
    /// Processor use that is aimed at, in percent.
    #[schemars(range(min = 1, max = 100))]
    pub cpu: Option<u32>,
    /// Memory use that is aimed at, in percent; services only.
    #[schemars(range(min = 1, max = 100))]
    pub memory: Option<u32>,
    /// Requests a minute to each task or instance that are aimed at.
    #[schemars(range(min = 1))]
    pub requests: Option<u32>,
    /// Other limits from a time on, by a name of your choice; `{}` for none. Services only.
    pub schedule: Option<BTreeMap<String, Scheduled>>,
}

/// Other limits from a time on.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scheduled {
    /// When: `cron(0 18 * * ? *)`, `rate(...)` or `at(...)`, as Application Auto Scaling takes it.
    #[schemars(regex(pattern = r"^(cron|rate|at)\(.+\)$"))]
    pub at: String,
    /// Time zone, such as `Europe/Paris`; UTC if left out.
    pub timezone: Option<String>,
    /// At least so many from then on.
    pub min: Option<u32>,
    /// At most so many from then on.
    pub max: Option<u32>,
}

/// How the load balancer finds out whether a task or an instance can have requests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetHealth {
    /// Path that is asked for, with a slash first; `/` if left out.
    #[schemars(regex(pattern = r"^/"), length(max = 1024))]
    pub path: Option<String>,
    /// How often, `5s` to `300s`; 10s if left out.
    #[schemars(regex(pattern = r"^[0-9]+(s|m)$"))]
    pub every: Option<String>,
    /// How long an answer may take, `2s` to `120s` and less than `every`; 5s if left out.
    #[schemars(regex(pattern = r"^[0-9]+(s|m)$"))]
    pub timeout: Option<String>,
    /// Good answers in a row that make it healthy, 2 to 10; 2 if left out.
    #[schemars(range(min = 2, max = 10))]
    pub healthy: Option<u32>,
    /// Bad answers in a row that make it unhealthy, 2 to 10; 3 if left out.
    #[schemars(range(min = 2, max = 10))]
    pub unhealthy: Option<u32>,
    /// Status codes of good answers, such as `200-299`; 200 if left out.
    #[schemars(regex(pattern = r"^[0-9]{3}([,-][0-9]{3})*$"))]
    pub codes: Option<String>,
    /// How long after the start bad answers do not count; 60s if left out.
    #[schemars(regex(pattern = r"^[0-9]+(s|m)$"))]
    pub grace: Option<String>,
}

/// A service or a fleet, as those see it that call it.
#[derive(Debug, Clone, Copy)]
pub struct Balanced<'a> {
    /// Its port, if it takes requests.
    pub port: Option<u16>,
    /// What it may use itself.
    pub access: &'a BTreeMap<String, Access>,
}

impl Stack {
    /// The service or fleet at a path such as `services.checkout`.
    pub fn balanced(&self, path: &str) -> Option<Balanced<'_>> {
        let (block, name) = path.split_once('.')?;
        let service = self.services.get(name).filter(|_| block == "services");
        let fleet = self.fleets.get(name).filter(|_| block == "fleets");
        let service = service.map(|service| Balanced { port: service.port, access: &service.access });
        service.or_else(|| fleet.map(|fleet| Balanced { port: fleet.port, access: &fleet.access }))
    }
}
