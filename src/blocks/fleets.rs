//! `fleets`: instances in Auto Scaling groups, the same in every region, each with a role of its own.

use serde_json::json;

use super::balancer::{self, Backend, role_name};
use super::block::{Accesses, Block, Grant, Granted, RouteTarget};
use super::expansion::{Expansion, Item, partition, without_nulls};
use super::{After, Level, access, network, scaling, services, units};
use crate::problem::{Code, Problem};
use crate::stack::file::{Access, Fleet, Stack};
use crate::value::Json;

/// What of a fleet may differ by region.
const REGIONAL: [&str; 12] = [
    "ami",
    "type",
    "environment",
    "access",
    "health",
    "public",
    "desired",
    "scale",
    "refresh",
    "session_manager",
    "key",
    "port",
];

/// Auto Scaling groups of instances.
pub(super) struct Fleets;

impl Block for Fleets {
    const NAME: &'static str = "fleets";
    const GRANTED: Granted = Granted::ByConnection;

    /// Declares every fleet in every region.
    fn expand(cx: &mut Expansion<'_>) {
        for (name, fleet) in &cx.stack().fleets {
            if !cx.name_is_good("fleets", name) {
                continue;
            }
            let everywhere = Item::new("fleets", name, None, fleet.retain);
            for (region, differences) in &fleet.regions {
                cx.only_regional(&everywhere, differences, region, &REGIONAL);
            }
            services::has_network(cx, &everywhere, "fleet");
            for region in cx.regions() {
                let Some(fleet) = cx.in_region(region).fleets.get(name) else { continue };
                let item = Item { region: Some(region), ..everywhere.clone() };
                check(cx, &item, name, fleet);
                let backend = Backend {
                    block: "fleets",
                    name,
                    port: fleet.port,
                    target_type: "instance",
                    health: fleet.health.clone().unwrap_or_default(),
                    public: fleet.public,
                    shifts_traffic: false,
                    calls: access::calls_any(&fleet.access),
                };
                scaling::check(cx, &item, &backend, fleet.desired, fleet.scale.as_ref());
                if let Some(network) = network::of(cx, region) {
                    declare(cx, &item, fleet, &network, &backend);
                }
            }
        }
    }

    fn entries(stack: &Stack) -> Vec<&String> {
        stack.fleets.keys().collect()
    }

    fn in_network(stack: &Stack, name: &str) -> bool {
        stack.fleets.contains_key(name)
    }

    fn grant(_: &Expansion<'_>, _: &Item<'_>, stack: &Stack, name: &str, access: Access) -> Option<Grant> {
        let port = stack.fleets.get(name)?.port;
        Some(Grant::call(port, access))
    }

    fn accesses(stack: &Stack) -> Accesses<'_> {
        stack.fleets.iter().map(|(name, one)| (name, &one.access)).collect()
    }

    fn route_target(stack: &Stack, name: &str) -> Option<RouteTarget> {
        stack.fleets.get(name).map(|one| RouteTarget::Balanced { port: one.port })
    }

    fn is_public(stack: &Stack) -> bool {
        stack.fleets.values().any(|one| one.public && one.port.is_some())
    }
}

fn declare(cx: &mut Expansion<'_>, item: &Item<'_>, fleet: &Fleet, network: &network::Network, backend: &Backend<'_>) {
    balancer::expand(cx, item, network, backend);
    balancer::alarms(cx, item, backend);
    profile(cx, item, fleet, backend);
    let template = template(cx, item, fleet, backend);
    cx.declare(item, "template", "ec2.LaunchTemplate", template);
    let group = group(cx, item, fleet, network, backend);
    let declared = cx.declare(item, "", "autoscaling.AutoScalingGroup", group);
    for size in ["min_size", "max_size"] {
        declared.default_unless(fleet.desired.is_some() || fleet.scale.is_some(), [size]);
    }
    declared.default_unless(backend.health.grace.is_some(), ["health_check_grace_period_seconds"]);
    declared.default_unless(fleet.refresh.warmup.is_some(), ["default_instance_warmup_seconds"]);
    // What an instance fetches when it starts must be within reach.
    declared.after.extend(network.ways_out.clone());
    let rule = |part| After { address: item.address(part), level: Level::Serving };
    declared.after.extend(balancer::asked_by(backend).map(rule));
    if let Some(scale) = &fleet.scale {
        scaling::fleet(cx, item, backend, scale);
    }
}

fn profile(cx: &mut Expansion<'_>, item: &Item<'_>, fleet: &Fleet, backend: &Backend<'_>) {
    let policies = access::policies(cx, item, &fleet.access);
    let sessions = format!("arn:{}:iam::aws:policy/AmazonSSMManagedInstanceCore", partition(item.region));
    let name = role_name(cx, item, ("fleets", backend.name), "instance");
    let role = without_nulls(json!({
        "name": name,
        "assume_role_policy": access::trust("ec2.amazonaws.com"),
        "policies": policies,
        "managed_policies": fleet.session_manager.map(|on| Vec::from_iter(on.then_some(sessions))),
    }));
    cx.declare(item, "role", "iam.Role", role);
    let profile = json!({"name": name, "role": item.output("role.name")});
    cx.declare(item, "instance_profile", "iam.InstanceProfile", profile);
}

fn template(cx: &Expansion<'_>, item: &Item<'_>, fleet: &Fleet, backend: &Backend<'_>) -> Json {
    let name = cx.physical(&["fleets", cx.first_name("fleets", backend.name)], 128);
    let image = match fleet.ami.strip_prefix("ssm:") {
        Some(parameter) => format!("resolve:ssm:{parameter}"),
        None => fleet.ami.clone(),
    };
    without_nulls(json!({
        "name": name,
        "image_id": image,
        "instance_type": fleet.r#type,
        "instance_profile_arn": item.output("instance_profile.arn"),
        "security_group_ids": backend.group_ids(item),
        "user_data": cx.loaded.user_data.get(backend.name).map(|text| user_data(text, fleet)),
        "key_name": fleet.key,
        // Without a token, whatever makes an instance fetch an address could ask for its role's credentials.
        "metadata_options": {"http_tokens": "required", "http_put_response_hop_limit": 1},
        "instance_tags": {"Name": name},
    }))
}

/// The file, with the variables behind its first line. `${...}` in the file is the shell's own.
fn user_data(text: &str, fleet: &Fleet) -> String {
    let literal = |text: &str| text.replace("${", "$${");
    if fleet.environment.is_empty() {
        return literal(text);
    }
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let quoted = |value: &str| value.replace('\'', r"'\''");
    let variables: Vec<String> =
        fleet.environment.iter().map(|(name, value)| format!("export {name}='{}'\n", quoted(value))).collect();
    let variables = variables.concat();
    format!("{}\n{variables}{}", literal(first), literal(rest))
}

fn group(
    cx: &Expansion<'_>,
    item: &Item<'_>,
    fleet: &Fleet,
    network: &network::Network,
    backend: &Backend<'_>,
) -> Json {
    let first = scaling::first_count(fleet.desired, fleet.scale.as_ref());
    let targets: Vec<String> = backend.target_groups().iter().map(|part| item.output(&format!("{part}.arn"))).collect();
    let warmup = fleet.refresh.warmup.as_deref().and_then(units::seconds).unwrap_or(120);
    let share = |text: &String| text.strip_suffix('%').and_then(|number| number.parse::<u32>().ok());
    without_nulls(json!({
        "name": backend.variant_name(cx, network, &["fleets", cx.first_name("fleets", backend.name)], 255),
        "variant": backend.variant(network),
        "launch_template": {"id": item.output("template.id"), "version": item.output("template.version")},
        "min_size": first,
        "max_size": fleet.scale.as_ref().map_or(first, |scale| scale.max),
        "desired_capacity": first,
        "subnet_ids": network.private,
        "target_group_arns": backend.port.map(|_| targets),
        // An instance that answers nobody is no better than one that does not run.
        "health_check_type": if backend.port.is_some() { "ELB" } else { "EC2" },
        "health_check_grace_period_seconds": backend.grace(),
        "default_instance_warmup_seconds": warmup,
        "instance_refresh": {
            "min_healthy_percentage": fleet.refresh.min_healthy.as_ref().and_then(share).unwrap_or(90),
        },
    }))
}

fn check(cx: &mut Expansion<'_>, item: &Item<'_>, name: &str, fleet: &Fleet) {
    check_ami(cx, item, name, fleet);
    if let Some(text) = &fleet.refresh.warmup
        && units::seconds(text).is_none_or(|seconds| seconds > 3600)
    {
        let problem = Problem::new(Code::OutOfRange, format!("an instance warms up within an hour, not `{text}`"));
        let span = cx.value(item, &item.path(["refresh", "warmup"]));
        cx.report(problem.at(span).help("write `60m` or less"));
    }
    if fleet.environment.is_empty() {
        return;
    }
    let script = cx.loaded.user_data.get(name).map(|text| text.starts_with("#!"));
    if fleet.user_data.is_none() || script == Some(false) {
        let problem = Problem::new(Code::NoScript, "variables are for a script, and `user_data` is none");
        let span = cx.key(item, &item.path(["environment"]));
        cx.report(problem.at(span).help("give a file that begins with `#!/bin/bash`"));
    }
    for variable in fleet.environment.keys() {
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if variable.is_empty() || variable.as_bytes()[0].is_ascii_digit() || !variable.bytes().all(word) {
            let problem = Problem::new(Code::BadName, format!("`{variable}` cannot be the name of a shell's variable"));
            let span = cx.key(item, &item.path(["environment", variable]));
            cx.report(problem.at(span).help("use letters, digits and `_`, no digit first"));
        }
    }
}

fn check_ami(cx: &mut Expansion<'_>, item: &Item<'_>, name: &str, fleet: &Fleet) {
    let ami = &fleet.ami;
    let span = cx.value(item, &item.path(["ami"]));
    let hex = |id: &str| matches!(id.len(), 8 | 17) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_id = ami.strip_prefix("ami-").is_some_and(hex);
    if !is_id && !ami.starts_with("ssm:/") && !ami.starts_with("${") {
        let problem = Problem::new(Code::BadAmi, format!("`{ami}` does not name a machine image"));
        let help = match ami.strip_prefix("resolve:").unwrap_or(ami) {
            path if path.starts_with('/') => format!("write `ssm:{path}` for the parameter that holds one"),
            path if path.starts_with("ssm:/") => format!("write `{path}`"),
            _ => "write `ami-` with 8 or 17 hexadecimal digits, or `ssm:/PATH` of a parameter that holds one".into(),
        };
        cx.report(problem.at(span).help(help));
    }
    let Some(region) = item.region.filter(|_| is_id) else { return };
    let others = cx.regions().iter().take_while(|other| *other != region);
    let twin = others.into_iter().find(|other| cx.in_region(other).fleets.get(name).is_some_and(|one| one.ami == *ami));
    if let Some(twin) = twin {
        let problem = Problem::new(Code::AmiOfOneRegion, format!("`{ami}` cannot be in {twin} and in {region}"));
        let help = format!("write another one: `regions: {{{region}: {{ami: ami-...}}}}`, or use `ssm:/PATH`");
        cx.report(problem.at(span).help(help));
    }
}
