//! `services`: containers on ECS Fargate, the same in every region, each with roles of its own.

mod check;
mod deploy;
mod task;

use serde_json::json;

use super::balancer::{self, Backend};
use super::block::{Accesses, Block, Grant, Granted, RouteTarget};
use super::expansion::{Expansion, Item, without_nulls};
use super::{After, Level, access, network, scaling};
use crate::names::Region;
use crate::problem::{Code, Problem};
use crate::stack::file::{Access, Service, Stack};
use crate::value::{Json, Path};

/// What of a service may differ by region. Its shape, and what would take another load balancer, is the same everywhere.
const REGIONAL: [&str; 20] = [
    "image",
    "cpu",
    "memory",
    "architecture",
    "disk",
    "command",
    "entry_point",
    "user",
    "read_only",
    "stop_timeout",
    "environment",
    "secrets",
    "access",
    "health",
    "public",
    "desired",
    "scale",
    "deploy",
    "exec",
    "log_days",
];

/// Containers on ECS Fargate.
pub(super) struct Services;

impl Block for Services {
    const NAME: &'static str = "services";
    const GRANTED: Granted = Granted::ByConnection;

    /// Declares every service in every region.
    fn expand(cx: &mut Expansion<'_>) {
        if !cx.stack().services.is_empty() && cx.stack().network.is_some() {
            for region in cx.regions() {
                cluster(cx, region);
            }
        }
        for (name, service) in &cx.stack().services {
            if !cx.name_is_good("services", name) {
                continue;
            }
            let everywhere = Item::new("services", name, None, service.retain);
            for (region, differences) in &service.regions {
                cx.only_regional(&everywhere, differences, region, &REGIONAL);
            }
            has_network(cx, &everywhere, "service");
            for region in cx.regions() {
                let Some(service) = cx.in_region(region).services.get(name) else { continue };
                let item = Item { region: Some(region), ..everywhere.clone() };
                check::check(cx, &item, service);
                let backend = Backend {
                    block: "services",
                    name,
                    port: service.port,
                    target_type: "ip",
                    health: service.health.clone().unwrap_or_default(),
                    public: service.public,
                    shifts_traffic: service.port.is_some() && service.deploy.strategy.shifts_traffic(),
                    calls: access::calls_any(&service.access),
                };
                scaling::check(cx, &item, &backend, service.desired, service.scale.as_ref());
                if let Some(network) = network::of(cx, region) {
                    declare(cx, &item, service, &network, &backend);
                }
            }
        }
    }

    fn entries(stack: &Stack) -> Vec<&String> {
        stack.services.keys().collect()
    }

    fn in_network(stack: &Stack, name: &str) -> bool {
        stack.services.contains_key(name)
    }

    fn grant(_: &Expansion<'_>, _: &Item<'_>, stack: &Stack, name: &str, access: Access) -> Option<Grant> {
        let port = stack.services.get(name)?.port;
        Some(Grant::call(port, access))
    }

    fn accesses(stack: &Stack) -> Accesses<'_> {
        stack.services.iter().map(|(name, one)| (name, &one.access)).collect()
    }

    fn route_target(stack: &Stack, name: &str) -> Option<RouteTarget> {
        stack.services.get(name).map(|one| RouteTarget::Balanced { port: one.port })
    }

    fn is_public(stack: &Stack) -> bool {
        stack.services.values().any(|one| one.public && one.port.is_some())
    }

    /// Images come from ECR, logs go to CloudWatch Logs; secrets from where they are kept.
    fn endpoints(stack: &Stack) -> Vec<&'static str> {
        if stack.services.is_empty() {
            return Vec::new();
        }
        let mut names = vec!["ecr", "logs"];
        let mut secrets = stack.services.values().flat_map(|service| service.secrets.values());
        let in_ssm = |secret: &String| secret.starts_with('/') || secret.contains(":ssm:");
        if secrets.clone().any(in_ssm) {
            names.push("ssm");
        }
        if secrets.any(|secret| !in_ssm(secret)) {
            names.push("secretsmanager");
        }
        names
    }
}

/// Reports a stack without a network, for something that runs in one.
pub(super) fn has_network(cx: &mut Expansion<'_>, item: &Item<'_>, what: &str) {
    if cx.stack().network.is_some() {
        return;
    }
    let cidrs: Vec<String> =
        cx.regions().iter().zip(1..).map(|(region, at)| format!("{region}: 10.{at}.0.0/16")).collect();
    let problem = Problem::new(Code::NoNetwork, format!("a {what} runs in a network, and the stack has none"));
    let help = format!("add `network: {{cidr: {{{}}}}}`", cidrs.join(", "));
    cx.report(problem.at(cx.loaded.places.key(&item.origin)).help(help));
}

/// One cluster for all services of a region: with Fargate it is no more than a name.
fn cluster(cx: &mut Expansion<'_>, region: &Region) {
    let retain = cx.stack().services.values().any(|service| service.retain);
    let item = Item { prefix: "ecs".into(), origin: Path::of(["services"]), region: Some(region), retain };
    let spec = json!({"name": cx.physical(&[], 255), "settings": {"containerInsights": "enabled"}});
    cx.declare(&item, "cluster", "ecs.Cluster", spec);
}

fn declare(
    cx: &mut Expansion<'_>,
    item: &Item<'_>,
    service: &Service,
    network: &network::Network,
    backend: &Backend<'_>,
) {
    balancer::expand(cx, item, network, backend);
    balancer::alarms(cx, item, backend);
    task::expand(cx, item, backend.name, service);
    deploy::expand(cx, item, backend);
    let spec = spec(cx, item, service, network, backend);
    let timeout = deploy::timeout(&service.deploy);
    let declared = cx.declare(item, "", "ecs.Service", spec);
    declared.timeout = timeout;
    declared.default_unless(service.scale.is_some() || service.desired.is_some(), ["desired_count"]);
    declared.default_unless(backend.health.grace.is_some(), ["health_check_grace_period_seconds"]);
    deploy::defaults(declared, &service.deploy);
    // A task that cannot pull its image or write its logs fails, and is tried again and again.
    declared.after.extend(network.ways_out.clone());
    // ECS refuses a target group that no load balancer asks, and must be gone before its rule is.
    let rule = |part| After { address: item.address(part), level: Level::Serving };
    declared.after.extend(balancer::asked_by(backend).map(rule));
    if let Some(scale) = &service.scale {
        scaling::service(cx, item, backend, scale);
    }
}

fn spec(
    cx: &Expansion<'_>,
    item: &Item<'_>,
    service: &Service,
    network: &network::Network,
    backend: &Backend<'_>,
) -> Json {
    let balancers = backend.port.map(|port| {
        let shifts = |value: String| backend.shifts_traffic.then_some(value);
        json!([without_nulls(json!({
            "target_group_arn": item.output("target_group.arn"),
            "container_name": cx.first_name("services", backend.name),
            "container_port": port,
            "alternate_target_group_arn": shifts(item.output("alternate_target_group.arn")),
            "production_listener_rule_arn": shifts(item.output("rule.arn")),
            "role_arn": shifts(item.output("infrastructure_role.arn")),
        }))])
    });
    without_nulls(json!({
        "name": backend.variant_name(cx, network, &[cx.first_name("services", backend.name)], 255),
        "variant": backend.variant(network),
        "cluster": "${ecs.cluster.name}",
        "task_definition": item.output("task.arn"),
        (if service.scale.is_some() { "initial_count" } else { "desired_count" }):
            scaling::first_count(service.desired, service.scale.as_ref()),
        "launch_type": "FARGATE",
        "subnet_ids": network.private,
        "security_group_ids": backend.group_ids(item),
        "load_balancers": balancers,
        "health_check_grace_period_seconds": backend.port.map(|_| backend.grace()),
        "deployment": deploy::spec(item, &service.deploy, backend),
        "enable_execute_command": service.exec,
        "propagate_tags": "SERVICE",
        "enable_ecs_managed_tags": true,
    }))
}
