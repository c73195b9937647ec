//! `access`: what a function, a service or a fleet may use, as the least policies that allow it.
//!
//! Names are known before things exist, so a policy is written from names and not from outputs: two
//! functions that may call each other do not wait for each other. Raw resources have the names that the file gives
//! them, which may hold outputs, so these are waited for.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::expansion::{Expansion, Item, partition};
use super::{functions, tables};
use crate::problem::{Problem, nearest};
use crate::stack::file::{Access, Stack};
use crate::value::Json;

const READ: [&str; 6] = [
    "dynamodb:BatchGetItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DescribeTable",
    "dynamodb:GetItem",
    "dynamodb:Query",
    "dynamodb:Scan",
];
const WRITE: [&str; 4] = ["dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"];

/// Raw resources that may be used, by kind: what reading takes, and what writing takes. To receive from a queue is to read
/// it, with the deletion of what was received.
const RAW: [(&str, &[&str], &[&str]); 1] = [(
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

/// One inline policy for each line of `access` that takes one, by the name of what it gives access to.
pub(super) fn policies(
    cx: &mut Expansion<'_>,
    item: &Item<'_>,
    access: &BTreeMap<String, Access>,
) -> BTreeMap<String, Json> {
    let mut policies = BTreeMap::new();
    for (target, access) in access {
        match statement(cx, item, target, *access) {
            Ok(Some(statement)) => {
                policies.insert(target.clone(), document(&[statement]));
            }
            Ok(None) => {}
            Err(problem) => cx.report(*problem),
        }
    }
    policies
}

/// The services and fleets of a region that may open connections to this one.
pub(super) fn callers(stack: &Stack, target: &str) -> Vec<String> {
    let calls = |access: &BTreeMap<String, Access>| access.get(target) == Some(&Access::Call);
    let services = stack.services.iter().filter(|(_, one)| calls(&one.access)).map(|(name, _)| ("services", name));
    let fleets = stack.fleets.iter().filter(|(_, one)| calls(&one.access)).map(|(name, _)| ("fleets", name));
    services.chain(fleets).map(|(block, name)| format!("{block}.{name}")).filter(|caller| caller != target).collect()
}

/// Whether anything that may be called is among this.
pub(super) fn calls_any(access: &BTreeMap<String, Access>) -> bool {
    access.values().any(|access| *access == Access::Call)
}

/// A policy document.
pub(super) fn document(statements: &[Json]) -> Json {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// Who may assume a role: one service.
pub(super) fn trust(service: &str) -> Json {
    document(&[json!({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"})])
}

/// The statement that allows it; none if it is not IAM's business.
fn statement(cx: &Expansion<'_>, item: &Item<'_>, target: &str, access: Access) -> Result<Option<Json>, Box<Problem>> {
    let stack = item.region.map_or(cx.stack(), |region| cx.in_region(region));
    let partition = partition(item.region);
    let allowed = |actions: Vec<&str>, resources: Vec<String>| {
        Some(json!({"Effect": "Allow", "Action": actions, "Resource": resources}))
    };
    match target.split_once('.') {
        Some(("tables", name)) if stack.tables.contains_key(name) => {
            let table = &stack.tables[name];
            let actions = match access {
                Access::Read => READ.to_vec(),
                Access::Write => WRITE.to_vec(),
                Access::ReadWrite => READ.into_iter().chain(WRITE).collect(),
                Access::Invoke | Access::Call => {
                    return Err(wrong(cx, item, target, "`read`, `write` or `read-write`"));
                }
            };
            let arn = format!(
                "arn:{partition}:dynamodb:${{region}}:${{account}}:table/{}",
                tables::physical(cx, name, table)
            );
            let has_indexes = !table.indexes.is_empty() || table.existing.is_some();
            let indexes = (has_indexes && access != Access::Write).then(|| format!("{arn}/index/*"));
            Ok(allowed(actions, [arn].into_iter().chain(indexes).collect()))
        }
        Some(("functions", name)) if stack.functions.contains_key(name) => {
            if access != Access::Invoke {
                return Err(wrong(cx, item, target, "`invoke`"));
            }
            let arn =
                format!("arn:{partition}:lambda:${{region}}:${{account}}:function:{}", functions::physical(cx, name));
            let alias = format!("{arn}:{}", functions::ALIAS);
            Ok(allowed(vec!["lambda:InvokeFunction"], vec![arn, alias]))
        }
        Some(("resources", name)) if let Some(resource) = stack.resources.get(name) => {
            let actions = raw(cx, item, target, &resource.kind, access)?;
            Ok(allowed(actions, vec![format!("${{{target}.arn}}")]))
        }
        Some(("services" | "fleets", _)) if let Some(called) = stack.balanced(target) => {
            callable(cx, item, target, access, called.port)
        }
        _ => Err(unknown(cx, item, target, stack)),
    }
}

/// The actions that allow it on a raw resource.
fn raw(
    cx: &Expansion<'_>,
    item: &Item<'_>,
    target: &str,
    kind: &str,
    access: Access,
) -> Result<Vec<&'static str>, Box<Problem>> {
    let Some((_, read, write)) = RAW.iter().find(|(known, ..)| *known == kind) else {
        let problem = Problem::new("wrong-access", format!("`{target}` is of a kind that takes no `access`: `{kind}`"));
        let known = RAW.map(|(known, ..)| format!("`{known}`")).join(", ");
        let at = cx.key(item, &item.path(["access", target]));
        return Err(problem.at(at).help(format!("raw resources that take it: {known}")).into());
    };
    let actions: BTreeSet<&str> = match access {
        Access::Read => read.iter().copied().collect(),
        Access::Write => write.iter().copied().collect(),
        Access::ReadWrite => read.iter().chain(*write).copied().collect(),
        Access::Invoke | Access::Call => return Err(wrong(cx, item, target, "`read`, `write` or `read-write`")),
    };
    Ok(actions.into_iter().collect())
}

/// Connections are let through by security groups, so no policy says anything of them.
fn callable(
    cx: &Expansion<'_>,
    item: &Item<'_>,
    target: &str,
    access: Access,
    port: Option<u16>,
) -> Result<Option<Json>, Box<Problem>> {
    if access != Access::Call {
        return Err(wrong(cx, item, target, "`call`"));
    }
    let at = cx.key(item, &item.path(["access", target]));
    if item.prefix.starts_with("functions.") {
        let problem =
            Problem::new("wrong-access", format!("a function is not in the network, and cannot call `{target}`"));
        return Err(problem.at(at).help("call it through an API").into());
    }
    if port.is_none() {
        let problem = Problem::new("no-port", format!("`{target}` has no `port`, and cannot be called"));
        return Err(problem.at(at).help(format!("add `port` to `{target}`")).into());
    }
    Ok(None)
}

fn wrong(cx: &Expansion<'_>, item: &Item<'_>, target: &str, wanted: &str) -> Box<Problem> {
    let problem = Problem::new("wrong-access", format!("access to `{target}` is {wanted}"));
    Box::new(problem.at(cx.value(item, &item.path(["access", target]))))
}

fn unknown(cx: &Expansion<'_>, item: &Item<'_>, target: &str, stack: &Stack) -> Box<Problem> {
    let tables = stack.tables.keys().map(|name| format!("tables.{name}"));
    let functions = stack.functions.keys().map(|name| format!("functions.{name}"));
    let raw = stack.resources.iter().filter(|(_, one)| RAW.iter().any(|(kind, ..)| *kind == one.kind));
    let raw = raw.map(|(name, _)| format!("resources.{name}"));
    let mut known: Vec<String> = tables.chain(functions).chain(raw).collect();
    if !item.prefix.starts_with("functions.") {
        known.extend(stack.services.keys().map(|name| format!("services.{name}")));
        known.extend(stack.fleets.keys().map(|name| format!("fleets.{name}")));
        known.retain(|name| *name != item.prefix);
    }
    let help = match nearest(target, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "this stack has nothing to give access to".to_owned(),
        None => format!("known: {}", known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    };
    let problem = Problem::new("unknown-name", format!("`{target}` is not in this file"));
    Box::new(problem.at(cx.key(item, &item.path(["access", target]))).help(help))
}
