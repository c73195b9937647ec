//! `resources`: raw AWS resources of any known kind, with their full set of properties.

use std::collections::BTreeSet;
use std::time::Duration;

use super::block::{Block, Grant, Granted};
use super::expansion::{Expansion, Item, wants_text};
use super::{After, Level, units};
use crate::catalog::KindInfo;
use crate::names::{Address, KindName, Region, Scope};
use crate::problem::{Code, Problem, nearest};
use crate::stack::file::{Access, Resource, Stack};
use crate::value::{Json, Path};

/// Longest name that every kind takes.
const SHORTEST_LIMIT: usize = 64;

/// Raw resources that may be used, by kind: what reading takes, and what writing takes. To receive from a queue is to
/// read it, with the deletion of what was received.
const GRANTABLE: [(&str, &[&str], &[&str]); 1] = [(
    "sqs.Queue",
    &[
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
        "sqs:ReceiveMessage",
    ],
    &["sqs:GetQueueUrl", "sqs:SendMessage"],
)];

/// Raw resources.
pub(super) struct Resources;

impl Block for Resources {
    const NAME: &'static str = "resources";
    const GRANTED: Granted = Granted::ByPolicy;

    /// Declares `resources.NAME` wherever it is to be.
    fn expand(cx: &mut Expansion<'_>) {
        let mut waiting = Vec::new();
        for (name, resource) in &cx.stack().resources {
            if !cx.name_is_good("resources", name) {
                continue;
            }
            let item = Item::new("resources", name, None, resource.retain);
            for (region, differences) in &resource.regions {
                let allowed = ["properties", "after", "starts_after", "existing", "protect", "timeout"];
                cx.only_regional(&item, differences, region, &allowed);
            }
            let kind = kind(cx, &item, &resource.kind);
            let Some(scopes) = scopes(cx, &item, &resource.r#in) else { continue };
            let Some((kind, info)) = kind else { continue };
            for region in scopes {
                let item = Item { region, ..item.clone() };
                let stack = region.map_or(cx.stack(), |region| cx.in_region(region));
                let Some(resource) = stack.resources.get(name) else { continue };
                declare(cx, &item, name, resource, (&kind, info));
                waiting.push((cx.declarations.len() - 1, item, resource));
            }
        }
        // Anything may be named, so all must be declared before names are looked up.
        for (at, item, resource) in waiting {
            let after = look_up(cx, &item, "after", &resource.after);
            let starts_after = look_up(cx, &item, "starts_after", &resource.starts_after);
            let first = |address| After { address, level: Level::Configured };
            cx.declarations[at].after.extend(after.into_iter().map(first));
            // What a new one is filled from has to serve.
            let serving = |address| After { address, level: Level::Serving };
            cx.declarations[at].starts_after.extend(starts_after.into_iter().map(serving));
        }
    }

    /// Those that `access` can name.
    fn entries(stack: &Stack) -> Vec<&String> {
        let is_grantable = |resource: &Resource| GRANTABLE.iter().any(|(kind, ..)| *kind == resource.kind);
        stack.resources.iter().filter(|(_, resource)| is_grantable(resource)).map(|(name, _)| name).collect()
    }

    fn grant(_: &Expansion<'_>, _: &Item<'_>, stack: &Stack, name: &str, access: Access) -> Option<Grant> {
        let kind = &stack.resources.get(name)?.kind;
        let Some((_, read, write)) = GRANTABLE.iter().find(|(known, ..)| known == kind) else {
            let known = GRANTABLE.map(|(known, ..)| format!("`{known}`")).join(", ");
            let why = format!("`resources.{name}` is of a kind that takes no `access`: `{kind}`");
            return Some(Grant::Never { why, help: format!("raw resources that take it: {known}") });
        };
        let actions: BTreeSet<&str> = match access {
            Access::Read => read.iter().copied().collect(),
            Access::Write => write.iter().copied().collect(),
            Access::ReadWrite => read.iter().chain(*write).copied().collect(),
            Access::Invoke | Access::Call | Access::Connect => {
                return Some(Grant::TakesOnly("`read`, `write` or `read-write`"));
            }
        };
        let resources = vec![format!("${{resources.{name}.arn}}")];
        Some(Grant::Allow { actions: actions.into_iter().collect(), resources })
    }
}

fn declare(cx: &mut Expansion<'_>, item: &Item<'_>, name: &str, resource: &Resource, kind: (&KindName, &KindInfo)) {
    let (kind, info) = kind;
    let at = item.address("");
    let timeout = resource.timeout.as_deref().and_then(units::seconds).map(Duration::from_secs);
    if let Some(query) = &resource.existing {
        if resource.properties.is_some() {
            let problem = Problem::new(Code::NotManaged, "properties of a thing that somebody else looks after");
            let span = cx.key(item, &item.path(["properties"]));
            cx.report(problem.at(span).help("remove `properties`, or remove `existing` to make it part of this stack"));
        }
        let query = Json::Object(query.clone().into_iter().collect());
        cx.existing(item, at, kind.clone(), &query);
        return;
    }
    let mut properties = resource.properties.clone().unwrap_or_default();
    // Names in the zone's space are domain names, which cannot be made up.
    if wants_text(info, "name") && !properties.contains_key("name") && kind.service() != "route53" {
        properties.insert("name".into(), default_name(cx, item, name, kind).into());
    }
    let spec = Json::Object(properties.into_iter().collect());
    let declared = cx.add(item, at, kind.clone(), spec);
    declared.protect = resource.protect.unwrap_or(info.traits.holds_data);
    declared.timeout = timeout;
}

/// A name like those that blocks give. Names of roles are unique in the account, whatever the region.
fn default_name(cx: &Expansion<'_>, item: &Item<'_>, name: &str, kind: &KindName) -> String {
    let region = item.region.filter(|_| kind.service() == "iam").map(Region::as_str);
    let words: Vec<&str> = [cx.first_name("resources", name)].into_iter().chain(region).collect();
    cx.physical(&words, SHORTEST_LIMIT)
}

fn kind<'a>(cx: &mut Expansion<'a>, item: &Item<'_>, written: &str) -> Option<(KindName, &'a KindInfo)> {
    let known = written.parse::<KindName>().ok().and_then(|kind| cx.catalog.get(&kind));
    if known.is_none() {
        let near = nearest(written, cx.catalog.kinds().map(|kind| kind.name.as_str()));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`isobar schema` lists every kind".to_owned(),
        };
        let problem = Problem::new(Code::UnknownKind, format!("`{written}` is not a known kind of resource"));
        cx.report(problem.at(cx.loaded.places.value(&item.path(["kind"]))).help(help));
    }
    known.map(|info| (info.name.clone(), info))
}

/// Where it is to be; `None` for the account as a whole.
fn scopes<'a>(cx: &mut Expansion<'a>, item: &Item<'_>, written: &Json) -> Option<Vec<Option<&'a Region>>> {
    let all = cx.regions();
    match written {
        Json::String(word) if word == "each-region" => Some(all.iter().map(Some).collect()),
        Json::String(word) if word == "primary" => Some(all.first().map(Some).into_iter().collect()),
        Json::String(word) if word == "global" => Some(vec![None]),
        Json::Array(words) if !words.is_empty() => {
            let mut regions = Vec::new();
            for (index, word) in words.iter().enumerate() {
                let region = all.iter().find(|region| word == region.as_str());
                if region.is_none() {
                    unknown_region(cx, &item.path(["in"]).index(index), word.as_str().unwrap_or_default());
                }
                regions.extend(region.filter(|region| !regions.contains(&Some(*region))).map(Some));
            }
            Some(regions)
        }
        other => {
            let text = other.as_str().map_or_else(|| other.to_string(), str::to_owned);
            let words = ["each-region", "primary", "global"];
            let help = match (all.iter().find(|region| region.as_str() == text), nearest(&text, words)) {
                (Some(region), _) => format!("write `in: [{region}]`"),
                (None, Some(near)) => format!("did you mean `{near}`?"),
                (None, None) => "write `each-region`, `primary`, `global` or a list of regions".into(),
            };
            let problem = Problem::new(Code::WrongValue, format!("`{text}` does not say where the resource is to be"));
            cx.report(problem.at(cx.loaded.places.value(&item.path(["in"]))).help(help));
            None
        }
    }
}

fn unknown_region(cx: &mut Expansion<'_>, path: &Path, word: &str) {
    let known = cx.regions().iter().map(Region::as_str);
    let help = match nearest(word, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the stack has {}", known.collect::<Vec<_>>().join(", ")),
    };
    let problem = Problem::new(Code::UnknownRegion, format!("`{word}` is not a region of this stack"));
    cx.report(problem.at(cx.loaded.places.value(path)).help(help));
}

/// What the names under `after` or `starts_after` stand for.
fn look_up(cx: &mut Expansion<'_>, item: &Item<'_>, field: &str, names: &[String]) -> Vec<Address> {
    let mut found = Vec::new();
    for (index, written) in names.iter().enumerate() {
        found.extend(look_up_one(cx, item, &item.path([field]).index(index), written));
    }
    found
}

/// What a name stands for: here first, then the global one; from a global resource, in every region.
fn look_up_one(cx: &mut Expansion<'_>, item: &Item<'_>, path: &Path, written: &str) -> Vec<Address> {
    let at = |scope| Some(Address::new(written, scope)).filter(|address| is_declared(cx, address));
    let in_region = |region: &Region| at(Scope::In(region.clone()));
    let found: Vec<Address> = if let Ok(exact) = written.parse::<Address>() {
        Some(exact).filter(|exact| is_declared(cx, exact)).into_iter().collect()
    } else if let Some(one) = item.region.and_then(in_region).or_else(|| at(Scope::Global)) {
        vec![one]
    } else if item.region.is_none() {
        cx.regions().iter().filter_map(in_region).collect()
    } else {
        Vec::new()
    };
    if found.is_empty() {
        let near = nearest(written, cx.declarations.iter().map(|one| &*one.address.path));
        let help = match near.filter(|near| *near != written) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`isobar expand` lists every address; one of another region takes `@REGION`".to_owned(),
        };
        let problem = Problem::new(Code::UnknownName, format!("`{written}` is not there"));
        cx.report(problem.at(cx.value(item, path)).help(help));
    }
    found
}

fn is_declared(cx: &Expansion<'_>, address: &Address) -> bool {
    cx.declarations.iter().any(|one| one.address == *address)
}
