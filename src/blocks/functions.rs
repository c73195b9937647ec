//! `functions`: Lambda functions, the same in every region, each with a role of its own.
//!
//! Callers use the alias `live`, which moves to a version once that version is ready: while the
//! code changes, calls go on being answered by the version before.

use serde_json::json;

use super::block::{Accesses, Block, Grant, Granted, RouteTarget};
use super::expansion::{Expansion, Item, partition, without_nulls};
use super::{After, Level, access, network, notify, services, units};
use crate::names::physical_name;
use crate::problem::{Code, Problem};
use crate::stack::file::{Access, Architecture, Function, Stack};
use crate::value::Json;

/// Name of the alias that callers use.
pub(super) const ALIAS: &str = "live";

/// What it takes to be in a network.
const INTERFACES: [&str; 6] = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
];

/// Days that logs are kept, if the file says nothing.
pub(super) const LOGS_KEPT: u32 = 30;

/// Days that `CloudWatch` Logs can keep events for.
const LOG_DAYS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// The function's name in AWS.
pub(super) fn physical(cx: &Expansion<'_>, name: &str) -> String {
    cx.physical(&[cx.first_name("functions", name)], 64)
}

/// How long a call may take, in seconds; what stands if the file says nothing.
pub(super) fn timeout(function: &Function) -> u64 {
    function.timeout.as_deref().and_then(units::seconds).unwrap_or(10)
}

/// Lambda functions.
pub(super) struct Functions;

impl Block for Functions {
    const NAME: &'static str = "functions";
    const GRANTED: Granted = Granted::ByPolicy;

    /// Declares every function in every region.
    fn expand(cx: &mut Expansion<'_>) {
        for (name, function) in &cx.stack().functions {
            if !cx.name_is_good("functions", name) {
                continue;
            }
            let everywhere = Item::new("functions", name, None, function.retain);
            for (region, differences) in &function.regions {
                // One package is made of a function's code, and it is the same everywhere.
                let allowed = ["image", "handler", "runtime", "memory", "timeout", "environment", "access", "layers"];
                let more = ["architecture", "log_days", "reserved_concurrency", "network"];
                cx.only_regional(&everywhere, differences, region, &[&allowed[..], &more].concat());
            }
            for region in cx.regions() {
                let Some(function) = cx.in_region(region).functions.get(name) else { continue };
                let item = Item { region: Some(region), ..everywhere.clone() };
                check(cx, &item, name, function);
                declare(cx, &item, name, function);
            }
        }
    }

    fn entries(stack: &Stack) -> Vec<&String> {
        stack.functions.keys().collect()
    }

    fn grant(cx: &Expansion<'_>, item: &Item<'_>, stack: &Stack, name: &str, access: Access) -> Option<Grant> {
        stack.functions.get(name)?;
        if access != Access::Invoke {
            return Some(Grant::TakesOnly("`invoke`"));
        }
        let partition = partition(item.region);
        let arn = format!("arn:{partition}:lambda:${{region}}:${{account}}:function:{}", physical(cx, name));
        let alias = format!("{arn}:{ALIAS}");
        Some(Grant::Allow { actions: vec!["lambda:InvokeFunction"], resources: vec![arn, alias] })
    }

    fn in_network(stack: &Stack, name: &str) -> bool {
        stack.functions.get(name).is_some_and(|function| function.network == Some(true))
    }

    fn accesses(stack: &Stack) -> Accesses<'_> {
        stack.functions.iter().map(|(name, one)| (name, &one.access)).collect()
    }

    fn route_target(stack: &Stack, name: &str) -> Option<RouteTarget> {
        stack.functions.get(name).map(|_| RouteTarget::Function)
    }
}

fn declare(cx: &mut Expansion<'_>, item: &Item<'_>, name: &str, function: &Function) {
    let physical = physical(cx, name);
    role(cx, item, name, function);
    let log_group = format!("/aws/lambda/{physical}");
    declare_logs(cx, item, &log_group, function.log_days);
    let network = in_network(cx, item, name, function);
    let spec = spec(cx, item, name, function, network.as_ref());
    // Lambda makes a log group that keeps everything for ever if it finds none.
    let log_group = After { address: item.address("log_group"), level: Level::Configured };
    let declared = cx.declare(item, "", "lambda.Function", spec);
    declared.after.push(log_group);
    // What it reaches from its first call on must be within reach.
    declared.after.extend(network.into_iter().flat_map(|network| network.ways_out));
    declared.default_unless(function.memory.is_some(), ["memory_size"]);
    declared.default_unless(function.timeout.is_some(), ["timeout_seconds"]);
    declared.default_unless(function.environment.is_some(), ["environment"]);
    let version = json!({"function_name": item.output("name"), "of": item.output("published_state")});
    cx.declare(item, "version", "lambda.Version", version);
    let alias = json!({
        "function_name": item.output("name"),
        "name": ALIAS,
        "function_version": item.output("version.version"),
    });
    cx.declare(item, "alias", "lambda.Alias", alias);
    if cx.stack().notify.is_some() {
        alarm(cx, item, name, ("errors", "Errors", "calls fail"));
        alarm(cx, item, name, ("throttles", "Throttles", "calls are refused because too many run at once"));
    }
}

/// Declares a log group that keeps events for so many days.
pub(super) fn declare_logs(cx: &mut Expansion<'_>, item: &Item<'_>, name: &str, days: Option<u32>) {
    let spec = json!({"name": name, "retention_days": days.unwrap_or(LOGS_KEPT)});
    cx.declare(item, "log_group", "logs.LogGroup", spec).default_unless(days.is_some(), ["retention_days"]);
}

/// The network that a function is in, if it is in one, with the group by which others let it in. The group has no rules:
/// nobody opens connections to a function.
fn in_network(cx: &mut Expansion<'_>, item: &Item<'_>, name: &str, function: &Function) -> Option<network::Network> {
    let network = network::of(cx, item.region?).filter(|_| function.network == Some(true))?;
    let spec = json!({
        "name": cx.physical(&["functions", cx.first_name("functions", name)], 255),
        "description": "What others let in",
        "vpc_id": network.vpc,
        "ingress": [],
    });
    cx.declare(item, "caller_group", "ec2.SecurityGroup", spec);
    Some(network)
}

fn spec(
    cx: &Expansion<'_>,
    item: &Item<'_>,
    name: &str,
    function: &Function,
    network: Option<&network::Network>,
) -> Json {
    let code = match (&function.image, cx.loaded.packages.get(name)) {
        (Some(uri), _) => json!({"image": {"uri": uri}}),
        (None, Some(package)) => json!({"zip": {"path": package.path, "sha256": package.sha256}}),
        (None, None) => Json::Null,
    };
    let architectures = function.architecture.map(|architecture| match architecture {
        Architecture::Arm64 => ["arm64"],
        Architecture::X86 => ["x86_64"],
    });
    let attached =
        network.map(|network| json!({"subnets": network.private, "security_groups": [item.output("caller_group.id")]}));
    // Empty lists take a function out of a network that it was in.
    let detached = || (function.network == Some(false)).then(|| json!({"subnets": [], "security_groups": []}));
    without_nulls(json!({
        "name": physical(cx, name),
        "code": code,
        "handler": function.handler,
        "runtime": function.runtime,
        "architectures": architectures,
        "role": item.output("role.arn"),
        "memory_size": function.memory.unwrap_or(256),
        "timeout_seconds": timeout(function),
        "environment": function.environment.clone().unwrap_or_default(),
        "layers": function.layers,
        "vpc": attached.or_else(detached),
        "reserved_concurrency": function.reserved_concurrency,
    }))
}

fn role(cx: &mut Expansion<'_>, item: &Item<'_>, name: &str, function: &Function) {
    let region = item.region.map_or_else(String::new, ToString::to_string);
    let group = format!(
        "arn:{}:logs:${{region}}:${{account}}:log-group:/aws/lambda/{}:*",
        partition(item.region),
        physical(cx, name)
    );
    let logs = json!({
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": group,
    });
    let mut policies = access::policies(cx, item, &function.access);
    policies.insert("logs".into(), access::document(&[logs]));
    if function.network == Some(true) {
        // Lambda makes the interfaces in the function's name. AWS takes no resource for some of these.
        let interfaces = json!({"Effect": "Allow", "Action": INTERFACES, "Resource": "*"});
        policies.insert("network".into(), access::document(&[interfaces]));
    }
    let spec = json!({
        "name": physical_name(&[cx.loaded.name.as_str(), cx.first_name("functions", name), &region], 64),
        "assume_role_policy": access::trust("lambda.amazonaws.com"),
        "policies": policies,
    });
    cx.declare(item, "role", "iam.Role", spec);
}

fn alarm(cx: &mut Expansion<'_>, item: &Item<'_>, name: &str, (part, metric, what): (&str, &str, &str)) {
    let mut spec = json!({
        "name": cx.physical(&["functions", cx.first_name("functions", name), part], 255),
        "description": format!("{name}: {what}"),
        "namespace": "AWS/Lambda",
        "metric_name": metric,
        "dimensions": {"FunctionName": item.output("name")},
        "statistic": "Sum",
        "period": 60,
        "evaluation_periods": 3,
        "threshold": 1,
        "comparison_operator": "GreaterThanOrEqualToThreshold",
        "treat_missing_data": "notBreaching",
    });
    notify::tell(cx, &mut spec);
    cx.declare(item, part, "cloudwatch.Alarm", spec);
}

fn check(cx: &mut Expansion<'_>, item: &Item<'_>, name: &str, function: &Function) {
    check_code(cx, item, name, function);
    if let Some(text) = &function.timeout
        && !units::seconds(text).is_some_and(|seconds| (1..=900).contains(&seconds))
    {
        let span = cx.value(item, &item.path(["timeout"]));
        let problem = Problem::new(Code::OutOfRange, format!("a call may take 1 second to 15 minutes, not `{text}`"));
        cx.report(problem.at(span).help("write `30s` or `15m`"));
    }
    check_log_days(cx, item, function.log_days);
    if function.network == Some(true) {
        services::has_network(cx, item, "function with `network: true`");
    }
}

/// Reports a number of days that CloudWatch Logs does not keep events for.
pub(super) fn check_log_days(cx: &mut Expansion<'_>, item: &Item<'_>, days: Option<u32>) {
    if let Some(days) = days
        && !LOG_DAYS.contains(&days)
    {
        let span = cx.value(item, &item.path(["log_days"]));
        let problem = Problem::new(Code::WrongValue, format!("logs cannot be kept for {days} days")).at(span);
        let known = LOG_DAYS.map(|days| days.to_string()).join(", ");
        let near = LOG_DAYS.iter().min_by_key(|known| known.abs_diff(days)).unwrap_or(&30);
        cx.report(problem.help(format!("use {near}, or one of {known}")));
    }
}

fn check_code(cx: &mut Expansion<'_>, item: &Item<'_>, name: &str, function: &Function) {
    let at = cx.loaded.places.key(&item.origin);
    match (&function.code, &function.image) {
        (Some(_), Some(_)) => {
            let problem = Problem::new(Code::CodeAndImage, format!("function `{name}` has both `code` and `image`"));
            cx.report(problem.at(cx.key(item, &item.path(["image"]))).help("keep one of them"));
        }
        (None, None) => {
            let problem = Problem::new(Code::NoCode, format!("function `{name}` has no code")).at(at);
            cx.report(problem.help("add `code: ./FOLDER` with `handler` and `runtime`, or `image: URI`"));
        }
        (Some(_), None) => {
            let examples =
                [("handler", &function.handler, "app.handler"), ("runtime", &function.runtime, "python3.13")];
            for (field, _, example) in examples.into_iter().filter(|(_, value, _)| value.is_none()) {
                let problem = Problem::new(Code::MissingKey, format!("function `{name}` has code, but no `{field}`"));
                cx.report(problem.at(at).help(format!("add `{field}: {example}`")));
            }
        }
        (None, Some(_)) => {
            for (field, value) in [("handler", &function.handler), ("runtime", &function.runtime)] {
                if value.is_some() {
                    let problem = Problem::new(Code::CodeAndImage, format!("an image brings its own `{field}`"));
                    let span = cx.key(item, &item.path([field]));
                    cx.report(problem.at(span).help(format!("remove `{field}`")));
                }
            }
        }
    }
}
