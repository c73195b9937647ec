//! `apis`: an API Gateway REST API in every region, behind one name.
//!
//! API Gateway calls the functions with a role of the API's own instead of a permission on every
//! function. A role is read in bulk with all others, where a function's permissions take a call per
//! alias; and it goes away with the API, where permissions stay behind on functions that live on.

use serde_json::json;

use super::api::{STAGE, physical};
use super::block::Block;
use super::expansion::{Expansion, Item, partition, without_nulls};
use super::routes::{Route, Target};
use super::{access, domains, functions, health, links, openapi, routes};
use crate::names::physical_name;
use crate::problem::{Code, Problem};
use crate::stack::file::{Api, Stack};

/// Longest time that API Gateway waits for an answer, in seconds.
const LONGEST_ANSWER: u64 = 29;

/// APIs with their domains, health checks and alarms.
pub(super) struct Apis;

impl Block for Apis {
    const NAME: &'static str = "apis";

    /// Declares every API in every region.
    fn expand(cx: &mut Expansion<'_>) {
        for (name, api) in &cx.stack().apis {
            if !cx.name_is_good("apis", name) {
                continue;
            }
            let everywhere = Item::new("apis", name, None, api.retain);
            for (region, differences) in &api.regions {
                cx.only_regional(&everywhere, differences, region, &["routes", "throttle", "health", "weight"]);
            }
            let domain = domains::check(cx, &everywhere, name, api);
            if let Some(domain) = &domain {
                domains::validation(cx, &everywhere, domain);
            }
            for region in cx.regions() {
                let stack = cx.in_region(region);
                let Some(api) = stack.apis.get(name) else { continue };
                let item = Item { region: Some(region), ..everywhere.clone() };
                let routes = routes::read(cx, &item, api, stack);
                check_answers_in_time(cx, &item, &routes, stack);
                check_throttle(cx, &item, api);
                health::check(cx, &item, api, &routes, domain.is_some());
                gateway(cx, &item, name, api, &routes);
                health::alarms(cx, &item, name, api);
                if let Some(domain) = &domain {
                    domains::expand(cx, &item, domain);
                    health::checks(cx, &item, name, api);
                    domains::record(cx, &item, domain, api, &routes);
                }
            }
        }
    }
}

fn gateway(cx: &mut Expansion<'_>, item: &Item<'_>, name: &str, api: &Api, routes: &[Route<'_>]) {
    role(cx, item, name, routes);
    let physical = physical(cx, name);
    let document = openapi::document(item, &physical, routes);
    let declared = cx.declare(item, "", "apigateway.RestApi", json!({"name": physical, "document": document}));
    declared.after.extend(links::ways_to(item, routes));
    let deployment = json!({"rest_api_id": item.output("id"), "document_sha256": item.output("document_sha256")});
    cx.declare(item, "deployment", "apigateway.Deployment", deployment);
    // To API Gateway -1 is no limit of the stage's own.
    let throttle = api
        .throttle
        .as_ref()
        .map(|limits| json!({"rate": limits.rate.unwrap_or(-1.0), "burst": limits.burst.map_or(-1, i64::from)}));
    let stage = without_nulls(json!({
        "rest_api_id": item.output("id"),
        "name": STAGE,
        "deployment_id": item.output("deployment.id"),
        "throttle": throttle,
    }));
    let shifted_after = links::served_by(cx, item, routes);
    cx.declare(item, "stage", "apigateway.Stage", stage).after.extend(shifted_after);
}

/// Characters of ARNs up to which the role of an API names each function.
const NAMED: usize = 8000;

/// The role that API Gateway calls this API's functions with, and no others; where there are more than a role's policies
/// can name, those of the stack. Nothing but API Gateway takes the role, and it calls what routes lead to.
fn role(cx: &mut Expansion<'_>, item: &Item<'_>, name: &str, routes: &[Route<'_>]) {
    let mut names: Vec<&str> = routes.iter().filter_map(Route::function).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return;
    }
    let alias = |function: &str| {
        let arn = format!("arn:{}:lambda:${{region}}:${{account}}:function", partition(item.region));
        format!("{arn}:{function}:{}", functions::ALIAS)
    };
    let mut aliases: Vec<String> = names.iter().map(|name| alias(&functions::physical(cx, name))).collect();
    if aliases.iter().map(String::len).sum::<usize>() > NAMED {
        aliases = vec![alias(&format!("{}-*", cx.loaded.name))];
    }
    let invoke = json!({"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": aliases});
    let region = item.region.map_or_else(String::new, ToString::to_string);
    let spec = json!({
        // The dot tells it from the role of a function of the same name.
        "name": physical_name(&[cx.loaded.name.as_str(), &format!("apis.{}", cx.first_name("apis", name)), &region], 64),
        "assume_role_policy": access::trust("apigateway.amazonaws.com"),
        "policies": {"invoke": access::document(&[invoke])},
    });
    cx.declare(item, "role", "iam.Role", spec);
}

fn check_throttle(cx: &mut Expansion<'_>, item: &Item<'_>, api: &Api) {
    let Some(throttle) = &api.throttle else { return };
    let missing = match (throttle.rate, throttle.burst) {
        (Some(_), None) => "burst",
        (None, Some(_)) => "rate",
        _ => return,
    };
    let problem = Problem::new(Code::MissingKey, format!("`{missing}` is missing"));
    let span = cx.value(item, &item.path(["throttle"]));
    cx.report(problem.at(span).help(format!("add `{missing}`, or write `throttle: {{}}` for no limits of its own")));
}

fn check_answers_in_time(cx: &mut Expansion<'_>, item: &Item<'_>, routes: &[Route<'_>], stack: &Stack) {
    for route in routes {
        let Target::Function(name) = route.target else { continue };
        let Some(function) = stack.functions.get(name) else { continue };
        if functions::timeout(function) > LONGEST_ANSWER {
            let of = Item { region: item.region, ..Item::new("functions", name, None, false) };
            let message = format!("`{name}` may take longer than API Gateway waits");
            let problem = Problem::new(Code::SlowRoute, message).warning().at(cx.value(&of, &of.path(["timeout"])));
            cx.report(
                problem.help(format!("an answer must come within {LONGEST_ANSWER}s; make `timeout` that or less")),
            );
        }
    }
}
