//! The properties of a health check, which fields go with which type, and how AWS's answer reads.

use aws_sdk_route53::types::{AlarmIdentifier, HealthCheckConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::{Result, Tags, from_wire, parse_wire, to_wire};
use crate::cloud::{Class, CloudError};

/// The properties of a health check. Which fields are for which `type` is said with each.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Type, which says what is checked.
    #[serde(rename = "type")]
    #[schemars(extend("x-highlight" = true, "x-change" = "replace"))]
    pub check: Type,
    /// Its name in the console: the tag `Name`.
    #[schemars(length(max = 256))]
    pub name: Option<String>,
    /// Inverts the status: healthy counts as unhealthy. This is how traffic is taken away by hand.
    #[schemars(extend("x-risk" = "health-off", "x-reset" = false))]
    pub inverted: Option<bool>,
    /// Stops checking. A disabled check counts as **healthy**; to take traffic away use `inverted`.
    #[schemars(extend("x-risk" = "health-off", "x-reset" = false))]
    pub disabled: Option<bool>,

    /// HTTP, HTTPS, TCP: name that is looked up and asked; with `ip_address`, the `Host` that is sent.
    /// It must be the name of one region, never the one that all regions share. Empty takes it away.
    #[schemars(length(max = 255), extend("x-highlight" = true))]
    pub fqdn: Option<String>,
    /// HTTP, HTTPS, TCP: address that is asked, IPv4 or IPv6. A change replaces the check, because AWS
    /// cannot give an address to a check that has none.
    #[schemars(length(max = 45), extend("x-change" = "replace"))]
    pub ip_address: Option<String>,
    /// HTTP, HTTPS, TCP: port. AWS takes 80 or 443 for HTTP and HTTPS when left out; TCP needs it.
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<i32>,
    /// HTTP, HTTPS: path that is asked for, such as `/health`; 2xx and 3xx are healthy. Empty takes it away.
    #[schemars(length(max = 255), extend("x-highlight" = true))]
    pub resource_path: Option<String>,
    /// The `_STR_MATCH` types: text that must stand in the first 5,120 bytes of the body.
    #[schemars(length(min = 1, max = 255))]
    pub search_string: Option<String>,
    /// HTTP, HTTPS, TCP: seconds between two looks of one checker, 10 or 30; AWS takes 30 when left out.
    /// A change replaces the check.
    #[schemars(range(min = 10, max = 30), extend("x-change" = "replace"))]
    pub request_interval: Option<i32>,
    /// HTTP, HTTPS, TCP: how many looks in a row must agree before the verdict changes; AWS takes 3 when left out.
    #[schemars(range(min = 1, max = 10))]
    pub failure_threshold: Option<i32>,
    /// HTTP, HTTPS, TCP: whether latency is measured and graphed. A change replaces the check.
    #[schemars(extend("x-change" = "replace"))]
    pub measure_latency: Option<bool>,
    /// HTTPS: whether the name is sent in the TLS handshake; API Gateway needs it. AWS takes `true` when left out.
    pub enable_sni: Option<bool>,
    /// HTTP, HTTPS, TCP: from where it is looked at, at least three of the eight checker regions. Empty
    /// takes AWS's own choice, which is all of them.
    #[schemars(length(max = 8), extend("x-unordered" = true))]
    pub regions: Option<Vec<CheckerRegion>>,

    /// `CALCULATED`: ids of the health checks that are counted; up to 256.
    #[schemars(length(max = 256), extend("x-unordered" = true))]
    pub children: Option<Vec<String>>,
    /// `CALCULATED`: how many children must be healthy. 0 is always healthy, more than there are never.
    #[schemars(range(min = 0, max = 256))]
    pub health_threshold: Option<i32>,

    /// `CLOUDWATCH_METRIC`: the alarm whose metric is judged. Route 53 copies its definition and judges
    /// the data itself, so the alarm must be on one metric, with a plain statistic and periods of 60
    /// seconds or more, and without "M out of N".
    pub alarm: Option<Alarm>,
    /// `CLOUDWATCH_METRIC`: what the check counts as while there is no data. AWS takes `LastKnownStatus` when left out.
    pub insufficient_data_health_status: Option<InsufficientData>,
    /// `CLOUDWATCH_METRIC`: the output `definition` of the alarm. When it changes, Route 53 is told to copy
    /// the alarm anew; without it the check goes on with the old definition.
    #[schemars(extend("x-write-only" = true))]
    pub alarm_definition: Option<String>,

    /// `RECOVERY_CONTROL`: ARN of the routing control. A change replaces the check.
    #[schemars(length(min = 1, max = 255), extend("x-change" = "replace"))]
    pub routing_control_arn: Option<String>,

    /// Tags, at most 7, or 6 beside `name`, which is the tag `Name`.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Type of a health check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Type {
    /// An address answers over HTTP.
    Http,
    /// An address answers over HTTPS. The certificate is not judged.
    Https,
    /// The body of an HTTP response holds a text.
    HttpStrMatch,
    /// The body of an HTTPS response holds a text.
    HttpsStrMatch,
    /// A connection can be opened.
    Tcp,
    /// Enough other checks are healthy.
    Calculated,
    /// A CloudWatch metric, as an alarm defines it.
    CloudwatchMetric,
    /// A routing control of the Application Recovery Controller.
    RecoveryControl,
}

/// An alarm, by region and name. It must belong to the same account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alarm {
    /// Region of the alarm.
    #[schemars(length(min = 1, max = 64))]
    pub region: String,
    /// Name of the alarm.
    #[schemars(length(min = 1, max = 256))]
    pub name: String,
}

/// Status of a check while its metric has no data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum InsufficientData {
    /// As healthy: right for a metric of errors, where no traffic is no error.
    Healthy,
    /// As unhealthy: right for a canary, whose silence is a failure.
    Unhealthy,
    /// As the last known status; healthy at first.
    LastKnownStatus,
}

/// A region that checkers look from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum CheckerRegion {
    /// Northern Virginia.
    #[serde(rename = "us-east-1")]
    UsEast1,
    /// Northern California.
    #[serde(rename = "us-west-1")]
    UsWest1,
    /// Oregon.
    #[serde(rename = "us-west-2")]
    UsWest2,
    /// Ireland.
    #[serde(rename = "eu-west-1")]
    EuWest1,
    /// Singapore.
    #[serde(rename = "ap-southeast-1")]
    ApSoutheast1,
    /// Sydney.
    #[serde(rename = "ap-southeast-2")]
    ApSoutheast2,
    /// Tokyo.
    #[serde(rename = "ap-northeast-1")]
    ApNortheast1,
    /// São Paulo.
    #[serde(rename = "sa-east-1")]
    SaEast1,
}

impl Type {
    fn is_http(self) -> bool {
        matches!(self, Self::Http | Self::HttpStrMatch) || self.is_https()
    }

    fn is_https(self) -> bool {
        matches!(self, Self::Https | Self::HttpsStrMatch)
    }

    fn is_match(self) -> bool {
        matches!(self, Self::HttpStrMatch | Self::HttpsStrMatch)
    }

    fn is_endpoint(self) -> bool {
        self.is_http() || self == Self::Tcp
    }
}

/// A check as AWS tells it, without its name and tags. What can be taken away reads as empty, not
/// as missing, so that an empty field in the file equals it.
pub(super) fn of(live: HealthCheckConfig) -> Result<Spec> {
    let check: Type = parse_wire("health check type", live.r#type.as_str())?;
    let endpoint = check.is_endpoint();
    let regions = live.regions.unwrap_or_default();
    Ok(Spec {
        check,
        name: None,
        inverted: Some(live.inverted.unwrap_or(false)),
        disabled: Some(live.disabled.unwrap_or(false)),
        fqdn: endpoint.then(|| live.fully_qualified_domain_name.unwrap_or_default()),
        ip_address: live.ip_address,
        port: live.port,
        resource_path: check.is_http().then(|| live.resource_path.unwrap_or_default()),
        search_string: live.search_string,
        request_interval: live.request_interval,
        failure_threshold: live.failure_threshold,
        measure_latency: live.measure_latency,
        enable_sni: live.enable_sni,
        regions: endpoint.then(|| regions.iter().filter_map(|region| from_wire(region.as_str())).collect()),
        children: (check == Type::Calculated).then(|| live.child_health_checks.unwrap_or_default()),
        health_threshold: live.health_threshold,
        alarm: live.alarm_identifier.map(|alarm| Alarm { region: alarm.region.as_str().to_owned(), name: alarm.name }),
        insufficient_data_health_status: live.insufficient_data_health_status.and_then(|word| from_wire(word.as_str())),
        alarm_definition: None,
        routing_control_arn: live.routing_control_arn,
        tags: None,
    })
}

/// The check as the create call takes it.
pub(super) fn config(spec: &Spec) -> Result<HealthCheckConfig> {
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let regions = spec.regions.as_ref().filter(|regions| !regions.is_empty());
    HealthCheckConfig::builder()
        .r#type(to_wire(spec.check).as_str().into())
        .set_inverted(spec.inverted)
        .set_disabled(spec.disabled)
        .set_fully_qualified_domain_name(text(&spec.fqdn))
        .set_ip_address(spec.ip_address.clone())
        .set_port(spec.port)
        .set_resource_path(text(&spec.resource_path))
        .set_search_string(spec.search_string.clone())
        .set_request_interval(spec.request_interval)
        .set_failure_threshold(spec.failure_threshold)
        .set_measure_latency(spec.measure_latency)
        .set_enable_sni(spec.enable_sni)
        .set_regions(regions.map(|regions| regions.iter().map(|region| to_wire(region).as_str().into()).collect()))
        .set_child_health_checks(spec.children.clone().filter(|children| !children.is_empty()))
        .set_health_threshold(spec.health_threshold)
        .set_alarm_identifier(spec.alarm.as_ref().map(alarm).transpose()?)
        .set_insufficient_data_health_status(
            spec.insufficient_data_health_status.map(|status| to_wire(status).as_str().into()),
        )
        .set_routing_control_arn(spec.routing_control_arn.clone())
        .build()
        .map_err(unbuilt)
}

/// The alarm as AWS takes it.
pub(super) fn alarm(alarm: &Alarm) -> Result<AlarmIdentifier> {
    AlarmIdentifier::builder().region(alarm.region.as_str().into()).name(&alarm.name).build().map_err(unbuilt)
}

fn unbuilt(error: impl std::fmt::Display) -> CloudError {
    CloudError::local(Class::Invalid, "route53:HealthCheck", error.to_string())
}

/// The fields that only some types take: whether they are given, and whether the type takes them.
fn fields(spec: &Spec) -> [(&'static str, bool, bool); 16] {
    let check = spec.check;
    let endpoint = check.is_endpoint();
    let (counted, metric) = (check == Type::Calculated, check == Type::CloudwatchMetric);
    [
        ("fqdn", spec.fqdn.is_some(), endpoint),
        ("ip_address", spec.ip_address.is_some(), endpoint),
        ("port", spec.port.is_some(), endpoint),
        ("resource_path", spec.resource_path.is_some(), check.is_http()),
        ("search_string", spec.search_string.is_some(), check.is_match()),
        ("request_interval", spec.request_interval.is_some(), endpoint),
        ("failure_threshold", spec.failure_threshold.is_some(), endpoint),
        ("measure_latency", spec.measure_latency.is_some(), endpoint),
        ("enable_sni", spec.enable_sni.is_some(), check.is_https()),
        ("regions", spec.regions.is_some(), endpoint),
        ("children", spec.children.is_some(), counted),
        ("health_threshold", spec.health_threshold.is_some(), counted),
        ("alarm", spec.alarm.is_some(), metric),
        ("alarm_definition", spec.alarm_definition.is_some(), metric),
        ("insufficient_data_health_status", spec.insufficient_data_health_status.is_some(), metric),
        ("routing_control_arn", spec.routing_control_arn.is_some(), check == Type::RecoveryControl),
    ]
}

/// Checks which fields go with which type.
pub(super) fn check(spec: &Spec) -> Vec<String> {
    let check = spec.check;
    let name = to_wire(check);
    let fields = fields(spec);
    let mut wrong = Vec::new();
    wrong.extend(
        fields
            .iter()
            .filter(|(_, given, fits)| *given && !fits)
            .map(|(field, ..)| format!("`{field}` has no effect with the type {name}")),
    );
    let needed: &[&str] = match check {
        Type::Http | Type::Https => &[],
        Type::HttpStrMatch | Type::HttpsStrMatch => &["search_string"],
        Type::Tcp => &["port"],
        Type::Calculated => &["children", "health_threshold"],
        Type::CloudwatchMetric => &["alarm"],
        Type::RecoveryControl => &["routing_control_arn"],
    };
    wrong.extend(
        fields
            .iter()
            .filter(|(field, given, _)| needed.contains(field) && !given)
            .map(|(field, ..)| format!("the type {name} needs `{field}`")),
    );
    let nowhere = spec.fqdn.as_ref().is_none_or(String::is_empty) && spec.ip_address.is_none();
    let mut rule = |broken: bool, words: &str| {
        if broken {
            wrong.push(words.to_owned());
        }
    };
    rule(check.is_endpoint() && nowhere, "`fqdn` or `ip_address` is needed");
    rule(
        spec.request_interval.is_some_and(|seconds| seconds != 10 && seconds != 30),
        "`request_interval` must be 10 or 30 seconds",
    );
    rule(
        spec.regions.as_ref().is_some_and(|regions| matches!(regions.len(), 1 | 2)),
        "`regions` needs at least three, or none for AWS's own choice",
    );
    rule(spec.tags.as_ref().is_some_and(|tags| tags.contains_key("Name")), "the tag `Name` is the field `name`");
    wrong
}
