//! The VPC link of a region: how its APIs reach load balancers that only the network reaches.
//!
//! API Gateway puts the stage's name before the path that it asks a load balancer for. A mapping template could take
//! it off, but templates go by content type and write the body anew; so it is the load balancer that takes it off.

use std::collections::BTreeSet;

use serde_json::json;

use super::api::STAGE;
use super::block::{Block, RouteTarget};
use super::expansion::{Expansion, Item};
use super::routes::{Route, Target};
use super::{After, Level, block_of, network};
use crate::names::{Address, Region, Scope};
use crate::problem::{Code, Problem};
use crate::value::{Json, Path};

/// The VPC links of the network.
pub(super) struct Links;

impl Block for Links {
    const NAME: &'static str = "network";

    /// Declares the VPC link of every region whose APIs take one.
    fn expand(cx: &mut Expansion<'_>) {
        for region in cx.regions() {
            let Some(network) = network::of(cx, region).filter(|_| !routed(cx, region).is_empty()) else { continue };
            let item = network::item(cx, region);
            if network.linked.is_empty() {
                let problem = Problem::new(Code::NoLink, format!("no zone chosen in {region} can have a VPC link"));
                let at = cx.loaded.places.value(&Path::of(["network", "zones", region.as_str()]));
                cx.report(problem.at(at).help("add another zone"));
                continue;
            }
            let group = json!({
                "name": cx.physical(&["vpc-link"], 255),
                "description": "Requests of the APIs",
                "vpc_id": network.vpc,
            });
            cx.declare(&item, "vpc_link_group", "ec2.SecurityGroup", group);
            let link = json!({
                "name": cx.physical(&[], 128),
                "subnet_ids": network.linked,
                "security_group_ids": ["${network.vpc_link_group.id}"],
            });
            cx.declare(&item, "vpc_link", "apigatewayv2.VpcLink", link);
        }
    }
}

/// The services and fleets that the APIs of a region have routes to, `services.checkout`.
pub(super) fn routed(cx: &Expansion<'_>, region: &Region) -> BTreeSet<String> {
    let stack = cx.in_region(region);
    let targets = stack.apis.values().flat_map(|api| api.routes.values());
    let is_balanced = |target: &&String| {
        let found = block_of(target).and_then(|(block, name)| (block.route_target)(stack, name));
        matches!(found, Some(RouteTarget::Balanced { .. }))
    };
    targets.filter(is_balanced).cloned().collect()
}

/// What an API with these routes must come after: the link must serve before anything is deployed that uses it, and
/// so must the load balancers.
pub(super) fn ways_to(item: &Item<'_>, routes: &[Route<'_>]) -> Vec<After> {
    let Some(region) = item.region else { return Vec::new() };
    let balanced: BTreeSet<&str> = routes
        .iter()
        .filter_map(|route| match route.target {
            Target::Balanced(path) => Some(path),
            Target::Function(_) => None,
        })
        .collect();
    let after = |path: String, level| After { address: Address::new(path, Scope::In(region.clone())), level };
    let link = (!balanced.is_empty()).then(|| after("network.vpc_link".into(), Level::Serving));
    let rules = balanced.iter().map(|path| after(format!("{path}.{}", first_rule(path)), Level::Serving));
    link.into_iter().chain(rules).collect()
}

/// The services and fleets behind these routes: requests come to them with the stage, which is moved once they serve. One
/// that refers to an API itself cannot be waited for.
pub(super) fn served_by(cx: &Expansion<'_>, item: &Item<'_>, routes: &[Route<'_>]) -> Vec<After> {
    let Some(region) = item.region else { return Vec::new() };
    let targets: BTreeSet<&str> = routes
        .iter()
        .filter_map(|route| match route.target {
            Target::Balanced(path) => Some(path),
            Target::Function(_) => None,
        })
        .filter(|path| !refers_to_an_api(cx, region, path))
        .collect();
    // Of a fleet, the rule that leads to it comes last.
    let last = |path: &str| if is_fleet(path) { format!("{path}.rule") } else { path.to_owned() };
    let after = |path| After { address: Address::new(last(path), Scope::In(region.clone())), level: Level::Serving };
    targets.into_iter().map(after).collect()
}

fn is_fleet(path: &str) -> bool {
    block_of(path).is_some_and(|(block, _)| block.name == "fleets")
}

/// The rule that comes before what it leads to.
fn first_rule(path: &str) -> &'static str {
    if is_fleet(path) { "standby_rule" } else { "rule" }
}

fn refers_to_an_api(cx: &Expansion<'_>, region: &Region, path: &str) -> bool {
    let stack = cx.in_region(region);
    let environment = match block_of(path) {
        Some((block, name)) if block.name == "services" => stack.services.get(name).map(|one| &one.environment),
        Some((block, name)) if block.name == "fleets" => stack.fleets.get(name).map(|one| &one.environment),
        _ => None,
    };
    environment.is_some_and(|all| all.values().any(|value| value.contains("${apis.")))
}

/// What a load balancer does to requests that come through the link.
pub(super) fn without_stage() -> Json {
    json!([{"url_rewrite": {"regex": format!("^/{STAGE}(/|$)(.*)$"), "replace": "/$2"}}])
}
