//! The load balancer in front of a service or a fleet: who may speak to it, and whom it speaks to.
//!
//! What calls another service carries a group of its own, without rules, that the other's load balancer lets in. So
//! groups never need each other in a circle, even where two services call each other.

use serde_json::json;

use super::expansion::{Expansion, Item, without_nulls};
use super::network::Network;
use super::{After, Level, access, links, notify, units};
use crate::names::{physical_name, short_hash};
use crate::problem::{Code, Problem};
use crate::stack::file::TargetHealth;
use crate::value::Json;

/// Port of the listener.
const PORT: u16 = 80;

/// Longest name that load balancers and target groups can have.
const LONGEST: usize = 32;

/// What stands behind a load balancer.
#[derive(Debug, Clone)]
pub(super) struct Backend<'a> {
    /// Its block.
    pub block: &'static str,
    /// Its name there.
    pub name: &'a str,
    /// Where it listens, if it takes requests.
    pub port: Option<u16>,
    /// What its targets are: `ip` or `instance`.
    pub target_type: &'static str,
    /// How it is probed.
    pub health: TargetHealth,
    /// Whether the load balancer is open to the internet.
    pub public: bool,
    /// Whether ECS moves requests between two target groups.
    pub shifts_traffic: bool,
    /// Whether it calls others.
    pub calls: bool,
}

impl Backend<'_> {
    /// The groups that tasks or instances are in.
    pub fn group_ids(&self, item: &Item<'_>) -> Vec<String> {
        let caller = self.calls.then(|| item.output("caller_group.id"));
        [item.output("group.id")].into_iter().chain(caller).collect()
    }

    /// The parts that are target groups.
    pub fn target_groups(&self) -> &'static [&'static str] {
        match (self.port, self.shifts_traffic) {
            (None, _) => &[],
            (Some(_), false) => &["target_group"],
            (Some(_), true) => &["target_group", "alternate_target_group"],
        }
    }

    /// Whether its targets are registered on the port of their target group: another port takes another group.
    fn port_is_the_groups(&self) -> bool {
        self.target_type == "instance"
    }

    /// What tells it and its target groups from those that stood there before, or will: what cannot be changed in place.
    /// With another of these, a new one is made beside the old one, which serves until the new one does.
    pub fn variant(&self, network: &Network) -> String {
        let port = self.port.filter(|_| self.port_is_the_groups()).map(|port| port.to_string());
        [self.place(network)].into_iter().chain(port).collect::<Vec<_>>().join(" ")
    }

    /// What tells its load balancer from those that stood there before, or will.
    fn place(&self, network: &Network) -> String {
        let scheme = self.port.map(|_| self.scheme().to_owned());
        scheme.into_iter().chain([network.identity.clone()]).collect::<Vec<_>>().join(" ")
    }

    /// A physical name of a variant.
    pub fn variant_name(&self, cx: &Expansion<'_>, network: &Network, words: &[&str], max: usize) -> String {
        let hash = short_hash(&self.variant(network), 8);
        cx.physical(&[words, &[&hash]].concat(), max)
    }

    fn scheme(&self) -> &'static str {
        if self.public { "internet-facing" } else { "internal" }
    }

    /// How long after its start an unhealthy answer does not count, in seconds.
    pub fn grace(&self) -> u64 {
        self.health.grace.as_deref().and_then(units::seconds).unwrap_or(60)
    }
}

/// Declares the groups of what stands behind, and the load balancer if it takes requests.
pub(super) fn expand(cx: &mut Expansion<'_>, item: &Item<'_>, network: &Network, backend: &Backend<'_>) {
    check(cx, item, network, backend);
    if backend.calls {
        let spec = group(cx, network, backend, ("caller", "What others let in"), &[]);
        cx.declare(item, "caller_group", "ec2.SecurityGroup", spec);
    }
    let Some(port) = backend.port else {
        own_group(cx, item, network, backend, &[]);
        return;
    };
    balancer(cx, item, network, backend);
    let from = admit(port, json!({"security_group_id": item.output("load_balancer_group.id")}));
    own_group(cx, item, network, backend, &[from]);
    for part in backend.target_groups() {
        let spec = target_group(cx, network, backend, part, port);
        let declared = cx.declare(item, part, "elbv2.TargetGroup", spec);
        for (field, is_said) in said(&backend.health) {
            declared.default_unless(is_said, ["health_check", field]);
        }
    }
    listener(cx, item, backend);
}

fn balancer(cx: &mut Expansion<'_>, item: &Item<'_>, network: &Network, backend: &Backend<'_>) {
    let target = format!("{}.{}", backend.block, backend.name);
    let from = |group: String| admit(PORT, json!({"security_group_id": group}));
    let mut ingress = Vec::new();
    if let Some(region) = item.region {
        if links::routed(cx, region).contains(&target) {
            ingress.push(from("${network.vpc_link_group.id}".into()));
        }
        let callers = access::callers(cx.in_region(region), &target);
        ingress.extend(callers.iter().map(|caller| from(format!("${{{caller}.caller_group.id}}"))));
    }
    if backend.public {
        ingress.push(admit(PORT, json!({"cidr_ipv4": "0.0.0.0/0"})));
    }
    let spec = group(cx, network, backend, ("balancer", "The load balancer"), &ingress);
    cx.declare(item, "load_balancer_group", "ec2.SecurityGroup", spec);
    let (scheme, subnets) = (backend.scheme(), if backend.public { &network.public } else { &network.private });
    let spec = json!({
        "name": name(cx, backend, &["balancer", scheme, &network.identity]),
        "variant": backend.place(network),
        "type": "application",
        "scheme": scheme,
        "subnet_ids": subnets,
        "security_group_ids": [item.output("load_balancer_group.id")],
        "attributes": {"routing.http.drop_invalid_header_fields.enabled": "true"},
    });
    let declared = cx.declare(item, "load_balancer", "elbv2.LoadBalancer", spec);
    if backend.public {
        declared.after.extend(network.ways_in.clone());
    }
}

/// A name with the hash of what cannot be changed: a replacement stands beside what it replaces.
fn name(cx: &Expansion<'_>, backend: &Backend<'_>, fixed: &[&str]) -> String {
    let first = cx.first_name(backend.block, backend.name);
    let words = [&[cx.loaded.name.as_str(), backend.block, first], fixed].concat();
    let plain = format!("{}-{first}", cx.loaded.name).replace('_', "-");
    // AWS keeps names that begin with `internal-` for itself.
    let plain = plain.strip_prefix("internal-").unwrap_or(&plain);
    let head: String = plain.chars().take(LONGEST - 9).collect();
    format!("{}-{}", head.trim_end_matches('-'), short_hash(&words.join("\n"), 8))
}

/// The group of tasks or instances. It says the same with and without a port: AWS cannot change a description.
fn own_group(cx: &mut Expansion<'_>, item: &Item<'_>, network: &Network, backend: &Backend<'_>, ingress: &[Json]) {
    let spec = group(cx, network, backend, ("own", "Tasks or instances"), ingress);
    cx.declare(item, "group", "ec2.SecurityGroup", spec).default_unless(false, ["description"]);
}

fn group(
    cx: &Expansion<'_>,
    network: &Network,
    backend: &Backend<'_>,
    (part, description): (&str, &str),
    ingress: &[Json],
) -> Json {
    let first = cx.first_name(backend.block, backend.name);
    json!({
        "name": cx.physical(&[backend.block, first, part], 255),
        "description": description,
        "vpc_id": network.vpc,
        "ingress": ingress,
    })
}

fn admit(port: u16, from: Json) -> Json {
    let mut rule = json!({"protocol": "tcp", "from_port": port, "to_port": port});
    if let (Json::Object(rule), Json::Object(from)) = (&mut rule, from) {
        rule.extend(from);
    }
    rule
}

fn target_group(cx: &Expansion<'_>, network: &Network, backend: &Backend<'_>, role: &str, port: u16) -> Json {
    let health = &backend.health;
    let seconds = |text: &Option<String>, usual| text.as_deref().and_then(units::seconds).unwrap_or(usual);
    let variant = backend.variant(network);
    json!({
        "name": name(cx, backend, &[role, backend.target_type, &variant]),
        "variant": variant,
        "protocol": "HTTP",
        "port": port,
        "vpc_id": network.vpc,
        "target_type": backend.target_type,
        "health_check": {
            "path": health.path.as_deref().unwrap_or("/"),
            "interval_seconds": seconds(&health.every, 10),
            "timeout_seconds": seconds(&health.timeout, 5),
            "healthy_threshold": health.healthy.unwrap_or(2),
            "unhealthy_threshold": health.unhealthy.unwrap_or(3),
            "matcher": health.codes.as_deref().unwrap_or("200"),
        },
        // AWS waits five minutes for a leaving target, however idle it is.
        "attributes": {"deregistration_delay.timeout_seconds": "30"},
    })
}

/// The fields of a health check, and whether the file says them.
fn said(health: &TargetHealth) -> [(&'static str, bool); 6] {
    [
        ("path", health.path.is_some()),
        ("interval_seconds", health.every.is_some()),
        ("timeout_seconds", health.timeout.is_some()),
        ("healthy_threshold", health.healthy.is_some()),
        ("unhealthy_threshold", health.unhealthy.is_some()),
        ("matcher", health.codes.is_some()),
    ]
}

/// What is not asked for by the rule is answered with 404. The rule is one for all paths, because ECS moves the
/// requests of exactly one rule.
fn listener(cx: &mut Expansion<'_>, item: &Item<'_>, backend: &Backend<'_>) {
    let listener = json!({
        "load_balancer_arn": item.output("load_balancer.arn"),
        "port": PORT,
        "protocol": "HTTP",
        "default_actions": [{"fixed_response": {"status_code": 404, "content_type": "text/plain"}}],
    });
    cx.declare(item, "listener", "elbv2.Listener", listener);
    let arn = |part: &str| item.output(&format!("{part}.arn"));
    let groups = if backend.shifts_traffic {
        json!([
            {"arn": arn("target_group"), "weight": 100},
            {"arn": arn("alternate_target_group"), "weight": 0},
        ])
    } else {
        json!([{"arn": arn("target_group")}])
    };
    let target = format!("{}.{}", backend.block, backend.name);
    let routed = item.region.is_some_and(|region| links::routed(cx, region).contains(&target));
    if backend.port_is_the_groups() {
        standby(cx, item, &groups);
    }
    let rule = without_nulls(json!({
        "listener_arn": item.output("listener.arn"),
        "priority": 1,
        "conditions": [{"path_pattern": ["/*"]}],
        "actions": [{"forward": {"target_groups": groups}}],
        "transforms": routed.then(links::without_stage),
        "traffic_owned_by_service": backend.shifts_traffic.then_some(true),
    }));
    let declared = cx.declare(item, "rule", "elbv2.ListenerRule", rule);
    if backend.port_is_the_groups() {
        declared.after.push(After { address: item.address(""), level: Level::Serving });
    }
}

/// A rule that no request fits. The load balancer asks the targets of a group only once a rule leads to it: with this one
/// it finds out that those of a new group are healthy before the requests come to them.
fn standby(cx: &mut Expansion<'_>, item: &Item<'_>, groups: &Json) {
    let rule = json!({
        "listener_arn": item.output("listener.arn"),
        "priority": 2,
        "conditions": [{"path_pattern": ["/*"]}, {"http_header": {"name": "X-Isobar-Standby", "values": ["never"]}}],
        "actions": [{"forward": {"target_groups": groups}}],
    });
    cx.declare(item, "standby_rule", "elbv2.ListenerRule", rule);
}

/// The part that the targets must come after: from then on the load balancer asks them.
pub(super) fn asked_by(backend: &Backend<'_>) -> Option<&'static str> {
    backend.port?;
    Some(if backend.port_is_the_groups() { "standby_rule" } else { "rule" })
}

/// Declares the alarms of what takes requests: for people, and for deployments that watch them.
pub(super) fn alarms(cx: &mut Expansion<'_>, item: &Item<'_>, backend: &Backend<'_>) {
    if backend.port.is_none() || (cx.stack().notify.is_none() && !backend.shifts_traffic) {
        return;
    }
    let first = cx.first_name(backend.block, backend.name).to_owned();
    let balancer = item.output("load_balancer.full_name");
    let metric = |name: &str| {
        let dimensions = json!({"LoadBalancer": balancer});
        json!({"namespace": "AWS/ApplicationELB", "metric_name": name, "dimensions": dimensions, "stat": "Sum", "period": 60})
    };
    let mut errors = json!({
        "name": cx.physical(&[backend.block, &first, "errors"], 255),
        "description": format!("{}: more than 5% of answers are errors", backend.name),
        "metrics": [
            {"id": "errors", "metric": metric("HTTPCode_Target_5XX_Count"), "return_data": false},
            {"id": "requests", "metric": metric("RequestCount"), "return_data": false},
            {"id": "share", "expression": "100 * FILL(errors, 0) / requests", "label": "errors in percent"},
        ],
        "evaluation_periods": 3,
        "threshold": 5,
        "comparison_operator": "GreaterThanThreshold",
        "treat_missing_data": "notBreaching",
    });
    notify::tell(cx, &mut errors);
    cx.declare(item, "errors_alarm", "cloudwatch.Alarm", errors);
    if cx.stack().notify.is_none() {
        return;
    }
    for part in backend.target_groups() {
        let name = part.strip_suffix("target_group").unwrap_or(part);
        let dimensions = json!({"LoadBalancer": balancer, "TargetGroup": item.output(&format!("{part}.full_name"))});
        let mut unhealthy = json!({
            "name": cx.physical(&[backend.block, &first, &format!("{name}unhealthy").replace('_', "-")], 255),
            "description": format!("{}: some of it is unhealthy", backend.name),
            "namespace": "AWS/ApplicationELB",
            "metric_name": "UnHealthyHostCount",
            "dimensions": dimensions,
            "statistic": "Maximum",
            "period": 60,
            "evaluation_periods": 5,
            "threshold": 1,
            "comparison_operator": "GreaterThanOrEqualToThreshold",
            "treat_missing_data": "notBreaching",
        });
        notify::tell(cx, &mut unhealthy);
        cx.declare(item, &format!("{name}unhealthy_alarm"), "cloudwatch.Alarm", unhealthy);
    }
}

/// Name of a role: unique in the account, so it holds the region; the block tells it from others of the same name.
pub(super) fn role_name(cx: &Expansion<'_>, item: &Item<'_>, backend: (&str, &str), part: &str) -> String {
    let region = item.region.map_or_else(String::new, ToString::to_string);
    let (block, name) = backend;
    let words = [cx.loaded.name.as_str(), &format!("{block}.{}", cx.first_name(block, name)), part, &region];
    physical_name(
        &words.map(str::to_owned).iter().map(String::as_str).filter(|word| !word.is_empty()).collect::<Vec<_>>(),
        64,
    )
}

fn check(cx: &mut Expansion<'_>, item: &Item<'_>, network: &Network, backend: &Backend<'_>) {
    let block = backend.block.trim_end_matches('s');
    if backend.port.is_none() {
        let fields = [("health", backend.health != TargetHealth::default()), ("public", backend.public)];
        for (field, _) in fields.into_iter().filter(|(_, is_set)| *is_set) {
            let problem = Problem::new(Code::NoPort, format!("`{field}` has no effect on a {block} without a `port`"));
            cx.report(problem.at(cx.key(item, &item.path([field]))).help(format!("add `port`, or remove `{field}`")));
        }
    }
    if backend.public && backend.port.is_some() && network.public.is_empty() {
        let problem =
            Problem::new(Code::NoPublicSubnets, format!("the network has no public subnets for this {block}"));
        let span = cx.key(item, &item.path(["public"]));
        cx.report(problem.at(span).help("name two of them under `network.existing`, or remove `public`"));
    }
    check_times(cx, item, &backend.health);
}

fn check_times(cx: &mut Expansion<'_>, item: &Item<'_>, health: &TargetHealth) {
    let fields = [
        ("every", &health.every, 5..=300, "`5s` to `300s`"),
        ("timeout", &health.timeout, 2..=120, "`2s` to `120s`"),
        ("grace", &health.grace, 0..=7200, "`0s` to `120m`"),
    ];
    let mut good = true;
    for (field, text, range, words) in fields {
        let Some(text) = text else { continue };
        if !units::seconds(text).is_some_and(|seconds| range.contains(&seconds)) {
            good = false;
            let problem = Problem::new(Code::OutOfRange, format!("`{text}` is not a valid `{field}`"));
            cx.report(problem.at(cx.value(item, &item.path(["health", field]))).help(format!("write {words}")));
        }
    }
    let seconds = |text: &Option<String>, usual| text.as_deref().and_then(units::seconds).unwrap_or(usual);
    let (every, timeout) = (seconds(&health.every, 10), seconds(&health.timeout, 5));
    if good && timeout >= every {
        let message = format!("an answer may take {timeout}s, and the next probe comes after {every}s");
        let span = cx.value(item, &item.path(["health"]));
        cx.report(Problem::new(Code::OutOfRange, message).at(span).help("make `timeout` less than `every`"));
    }
}
