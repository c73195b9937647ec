//! The public name of an API: certificate, regional domain, and the record that sends clients to a region.
//!
//! Every region has a certificate of its own for the same name, and all of them are proved by one
//! record: AWS gives the same one for the same name and account, for `x` and `*.x` alike. So it is
//! declared once, and no region's end takes it from the others.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::dns::plain_name;
use super::expansion::{Expansion, Item, known};
use super::routes::{Route, Target};
use super::{After, Level};
use crate::names::{Address, Region, Scope};
use crate::problem::{Code, Problem};
use crate::stack::file::{Api, Routing};
use crate::value::Path;

/// Longest name that a certificate can be for.
const LONGEST: usize = 64;

/// The API's domain in plain form, if it has one that can be used.
pub(super) fn check(cx: &mut Expansion<'_>, item: &Item<'_>, name: &str, api: &Api) -> Option<String> {
    let Some(written) = &api.domain else {
        unused_without_domain(cx, item, api);
        return None;
    };
    let at = cx.loaded.places.value(&item.path(["domain"]));
    let domain = plain_name(written);
    let Some(dns) = &cx.stack().dns else {
        let problem = Problem::new(Code::NoZone, format!("`{written}` takes a DNS zone, and the stack has none"));
        let zone = domain.split_once('.').map_or("example.com", |(_, zone)| zone);
        cx.report(problem.at(at).help(format!("add `dns: {{zone: {zone}}}`")));
        return None;
    };
    let zone = plain_name(&dns.zone);
    if domain != zone && !domain.ends_with(&format!(".{zone}")) {
        let problem = Problem::new(Code::OutsideZone, format!("`{written}` is not inside the zone `{zone}`")).at(at);
        let first = cx.loaded.places.value(&Path::of(["dns", "zone"]));
        cx.report(problem.note(first, "the zone").help(format!("use a name that ends in `.{zone}`")));
        return None;
    }
    if domain.len() > LONGEST {
        let message = format!("a certificate's name has at most {LONGEST} characters, and this one {}", domain.len());
        cx.report(Problem::new(Code::TooLong, message).at(at).help("use a shorter name"));
        return None;
    }
    if let Some((other, _)) = with_domain(cx).find(|(_, other)| *other == domain).filter(|(other, _)| *other != name) {
        let problem = Problem::new(Code::SameDomain, format!("`{written}` is the domain of `apis.{other}` already"));
        let first = cx.loaded.places.value(&Path::of(["apis", other, "domain"]));
        cx.report(
            problem
                .at(at)
                .note(first, "the first one")
                .help("give each API its own name, or put the routes into one API"),
        );
        return None;
    }
    if api.weight.is_some() && routing(cx, api) != Routing::Weighted {
        let problem = Problem::new(Code::Unused, "`weight` has no effect unless routing is weighted").warning();
        let span = cx.loaded.places.key(&item.path(["weight"]));
        cx.report(problem.at(span).help("add `routing: weighted`, or remove `weight`"));
    }
    Some(domain)
}

/// Declares certificate, domain and mapping of one region.
pub(super) fn expand(cx: &mut Expansion<'_>, item: &Item<'_>, domain: &str) {
    let proof = proof(domain);
    let certificate = cx.declare(item, "certificate", "acm.Certificate", json!({"domain": domain}));
    certificate.served_by.push(proof.clone());
    // API Gateway refuses a certificate that is not issued yet.
    let spec = json!({"domain": domain, "certificate_arn": item.output("certificate.arn")});
    let declared = cx.declare(item, "domain_name", "apigateway.DomainName", spec);
    declared.after.push(After { address: proof, level: Level::Configured });
    let mapping = json!({
        "domain": item.output("domain_name.domain"),
        "rest_api_id": item.output("id"),
        "stage": item.output("stage.name"),
    });
    cx.declare(item, "mapping", "apigateway.BasePathMapping", mapping);
}

/// Declares the record that proves an API's name, unless another API has declared it.
pub(super) fn validation(cx: &mut Expansion<'_>, item: &Item<'_>, domain: &str) {
    let address = proof(domain);
    let declared = cx.declarations.iter_mut().find(|declared| declared.address == address);
    if let Some(declared) = declared {
        declared.retain |= item.retain;
        return;
    }
    let Some(origin) = first_region(cx) else { return };
    let spec = json!({
        "zone_id": "${dns.zone.id}",
        "name": item.output(&format!("certificate.validation_name@{origin}")),
        "types": ["CNAME"],
        "ttl": 300,
        "values": [item.output(&format!("certificate.validation_value@{origin}"))],
    });
    cx.add(item, address, known("route53.RecordSet"), spec);
}

/// Declares the record that sends clients to this region. It comes last: not before everything
/// that answers a request serves.
pub(super) fn record(cx: &mut Expansion<'_>, item: &Item<'_>, domain: &str, api: &Api, routes: &[Route<'_>]) {
    let Some(region) = item.region else { return };
    let routing = match routing(cx, api) {
        Routing::Latency => json!({"latency": {"region": region}}),
        Routing::Weighted => json!({"weighted": {"weight": api.weight.unwrap_or(100)}}),
    };
    let spec = json!({
        "zone_id": "${dns.zone.id}",
        "name": domain,
        "types": ["A"],
        "set_identifier": format!("{}:{region}", cx.loaded.name),
        "routing": routing,
        "alias": {
            "dns_name": item.output("domain_name.regional_domain_name"),
            "zone_id": item.output("domain_name.regional_hosted_zone_id"),
            "evaluate_target_health": false,
        },
        "health_check_id": item.output("health.id"),
    });
    let balanced = balanced(cx, item, routes);
    let tables = tables(cx, item, routes, &balanced);
    let here = balanced.into_iter().map(|path| Address::new(path, Scope::In(region.clone())));
    let global = tables.into_iter().map(|path| Address::new(path, Scope::Global));
    let needs = [item.address("mapping")].into_iter().chain(here).chain(global);
    let needs: Vec<After> = needs.map(|address| After { address, level: Level::Serving }).collect();
    let declared = cx.declare(item, "record", "route53.RecordSet", spec);
    declared.after.extend(needs);
    declared.default_unless(api.weight.is_some(), ["routing", "weighted", "weight"]);
}

/// The services and fleets behind these routes, and those that they call in turn.
fn balanced(cx: &Expansion<'_>, item: &Item<'_>, routes: &[Route<'_>]) -> BTreeSet<String> {
    let stack = item.region.map_or(cx.stack(), |region| cx.in_region(region));
    let mut waiting: Vec<&str> = routes
        .iter()
        .filter_map(|route| match route.target {
            Target::Balanced(path) => Some(path),
            Target::Function(_) => None,
        })
        .collect();
    let mut found = BTreeSet::new();
    while let Some(path) = waiting.pop() {
        let Some(called) = stack.balanced(path).filter(|_| found.insert(path.to_owned())) else { continue };
        waiting.extend(called.access.keys().map(String::as_str));
    }
    found
}

/// The tables that what is behind these routes uses.
fn tables(cx: &Expansion<'_>, item: &Item<'_>, routes: &[Route<'_>], balanced: &BTreeSet<String>) -> BTreeSet<String> {
    let stack = item.region.map_or(cx.stack(), |region| cx.in_region(region));
    let functions = routes.iter().filter_map(Route::function).filter_map(|name| stack.functions.get(name));
    let called = balanced.iter().filter_map(|path| stack.balanced(path));
    let used = functions.map(|function| &function.access).chain(called.map(|called| called.access));
    let is_table =
        |target: &&String| target.strip_prefix("tables.").is_some_and(|name| stack.tables.contains_key(name));
    used.flat_map(BTreeMap::keys).filter(is_table).cloned().collect()
}

/// How clients are sent to a region.
fn routing(cx: &Expansion<'_>, api: &Api) -> Routing {
    api.routing.or(cx.stack().dns.as_ref().map(|dns| dns.routing)).unwrap_or_default()
}

/// The address of the record that proves a name. It goes by the name and not by an API: it must not
/// go and come back when an API is renamed, or when one of two that share it goes.
fn proof(domain: &str) -> Address {
    let base = domain.strip_prefix("*.").unwrap_or(domain);
    Address::new(format!("dns.validation.{}", base.replace('.', "_")), Scope::Global)
}

fn with_domain<'a>(cx: &Expansion<'a>) -> impl Iterator<Item = (&'a str, String)> + use<'a> {
    let apis = cx.stack().apis.iter();
    apis.filter_map(|(name, api)| Some((name.as_str(), plain_name(api.domain.as_ref()?))))
}

/// The region that a rollout begins with: its certificate is the first to know the record.
fn first_region<'a>(cx: &Expansion<'a>) -> Option<&'a Region> {
    let regions = cx.regions();
    let first = cx.stack().rollout.order.as_ref().and_then(|order| order.first());
    let named = first.and_then(|first| regions.iter().find(|region| region.as_str() == first));
    named.or(regions.get(1)).or(regions.first())
}

fn unused_without_domain(cx: &mut Expansion<'_>, item: &Item<'_>, api: &Api) {
    for (field, is_set) in [("routing", api.routing.is_some()), ("weight", api.weight.is_some())] {
        if is_set {
            let problem = Problem::new(Code::Unused, format!("`{field}` has no effect without a domain")).warning();
            let span = cx.loaded.places.key(&item.path([field]));
            cx.report(problem.at(span).help(format!("add `domain`, or remove `{field}`")));
        }
    }
}
