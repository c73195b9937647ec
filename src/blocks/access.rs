//! `access`: what a function, a service or a fleet may use, as the least policies that allow it.
//!
//! Names are known before things exist, so a policy is written from names and not from outputs: two
//! functions that may call each other do not wait for each other. Raw resources have the names that the file gives
//! them, which may hold outputs, so these are waited for.

use std::collections::BTreeMap;

use serde_json::json;

use super::block::{Grant, Granted};
use super::expansion::{Expansion, Item};
use super::{BLOCKS, block_of};
use crate::problem::{Code, Problem, nearest};
use crate::stack::file::{Access, Stack};
use crate::value::Json;

/// Characters of the policies of one role up to which each line of `access` has a policy of its own.
const APART: usize = 4096;
/// Characters that the policies of `access` may take of the 10,240 that a role has; the rest is for logs and the like.
const TOGETHER: usize = 9500;

/// One inline policy for each line of `access` that takes one, by the name of what it gives access to. Where there are
/// many, there is one for the lines of a block with the same word, such as `tables.read`: IAM counts every character.
pub(super) fn policies(
    cx: &mut Expansion<'_>,
    item: &Item<'_>,
    access: &BTreeMap<String, Access>,
) -> BTreeMap<String, Json> {
    let mut statements = Vec::new();
    for (target, access) in access {
        match statement(cx, item, target, *access) {
            Ok(Some(statement)) => statements.push((first_path(cx, target), *access, statement)),
            Ok(None) => {}
            Err(problem) => cx.report(*problem),
        }
    }
    let alone =
        |(target, _, statement): &(String, Access, Statement)| (target.clone(), document(&[statement.written()]));
    let apart: BTreeMap<String, Json> = statements.iter().map(alone).collect();
    if characters(item, &apart) <= APART {
        return apart;
    }
    let together = together(&statements);
    let number = characters(item, &together);
    if number > TOGETHER {
        let message = format!("`access` takes policies of some {number} characters, and IAM gives a role {TOGETHER}");
        let span = cx.key(item, &item.path(["access"]));
        let help = "give the rights to several functions or services, each with what it needs";
        cx.report(Problem::new(Code::TooLong, message).at(span).help(help));
    }
    together
}

/// What one line of `access` allows.
struct Statement {
    actions: Vec<&'static str>,
    resources: Vec<String>,
}

impl Statement {
    fn written(&self) -> Json {
        json!({"Effect": "Allow", "Action": self.actions, "Resource": self.resources})
    }
}

/// A policy for each block and word, with a statement for each set of actions.
fn together(statements: &[(String, Access, Statement)]) -> BTreeMap<String, Json> {
    let mut policies: BTreeMap<String, BTreeMap<&[&'static str], Vec<String>>> = BTreeMap::new();
    for (target, access, statement) in statements {
        let block = target.split('.').next().unwrap_or(target);
        let name = format!("{block}.{}", access.word());
        let resources = policies.entry(name).or_default().entry(&statement.actions).or_default();
        resources.extend(statement.resources.iter().cloned());
    }
    let policy = |(name, statements): (String, BTreeMap<&[&'static str], Vec<String>>)| {
        let statements = statements.into_iter();
        let written: Vec<Json> = statements
            .map(|(actions, resources)| Statement { actions: actions.to_vec(), resources }.written())
            .collect();
        (name, document(&written))
    };
    policies.into_iter().map(policy).collect()
}

/// Characters of policies as IAM counts them, with what references to region and account will be.
fn characters(item: &Item<'_>, policies: &BTreeMap<String, Json>) -> usize {
    let region = item.region.map_or("", |region| region.as_str());
    let text = |policy: &Json| policy.to_string().replace("${region}", region).replace("${account}", "123456789012");
    policies.values().map(|policy| text(policy).len()).sum()
}

/// The path that an entry had at first: another one would be another policy.
fn first_path(cx: &Expansion<'_>, target: &str) -> String {
    target
        .split_once('.')
        .map_or_else(|| target.to_owned(), |(block, name)| format!("{block}.{}", cx.first_name(block, name)))
}

/// What may open connections to an entry, `services.checkout`.
pub(super) fn callers(stack: &Stack, target: &str) -> Vec<String> {
    let mut callers = Vec::new();
    for block in BLOCKS {
        for (name, access) in (block.accesses)(stack) {
            let caller = format!("{}.{name}", block.name);
            if access.get(target).is_some_and(|access| opens(*access)) && caller != target {
                callers.push(caller);
            }
        }
    }
    callers
}

/// Whether anything that is connected to is among this.
pub(super) fn calls_any(access: &BTreeMap<String, Access>) -> bool {
    access.values().any(|access| opens(*access))
}

/// Whether a word opens a way in the network.
fn opens(access: Access) -> bool {
    matches!(access, Access::Call | Access::Connect)
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
fn statement(
    cx: &Expansion<'_>,
    item: &Item<'_>,
    target: &str,
    access: Access,
) -> Result<Option<Statement>, Box<Problem>> {
    let stack = item.region.map_or(cx.stack(), |region| cx.in_region(region));
    match block_of(target).and_then(|(block, name)| (block.grant)(cx, item, stack, name, access)) {
        Some(Grant::Allow { actions, resources }) => Ok(Some(Statement { actions, resources })),
        Some(Grant::Connect { port, actions, resources }) => {
            connect(cx, item, stack, (target, port))?;
            // Connections alone are let through by security groups, and no policy says anything of them.
            Ok((!actions.is_empty()).then_some(Statement { actions, resources }))
        }
        Some(Grant::TakesOnly(words)) => Err(wrong(cx, item, target, words).into()),
        Some(Grant::Never { why, help }) => {
            let at = cx.key(item, &item.path(["access", target]));
            Err(Problem::new(Code::WrongAccess, why).at(at).help(help).into())
        }
        None => Err(unknown(cx, item, target, stack).into()),
    }
}

fn connect(
    cx: &Expansion<'_>,
    item: &Item<'_>,
    stack: &Stack,
    (target, port): (&str, Option<u16>),
) -> Result<(), Box<Problem>> {
    let at = cx.key(item, &item.path(["access", target]));
    if !is_in_network(item, stack) {
        let message = format!("the function is not in the network, and cannot reach `{target}`");
        let help = "add `network: true` to the function, with `nat` or `endpoints` for all else that it reaches";
        return Err(Problem::new(Code::WrongAccess, message).at(at).help(help).into());
    }
    if port.is_none() {
        let problem = Problem::new(Code::NoPort, format!("`{target}` has no `port`, and cannot be called"));
        return Err(problem.at(at).help(format!("add `port` to `{target}`")).into());
    }
    Ok(())
}

fn is_in_network(item: &Item<'_>, stack: &Stack) -> bool {
    block_of(&item.prefix).is_some_and(|(block, name)| (block.in_network)(stack, name))
}

fn wrong(cx: &Expansion<'_>, item: &Item<'_>, target: &str, wanted: &str) -> Problem {
    let problem = Problem::new(Code::WrongAccess, format!("access to `{target}` is {wanted}"));
    problem.at(cx.value(item, &item.path(["access", target])))
}

fn unknown(cx: &Expansion<'_>, item: &Item<'_>, target: &str, stack: &Stack) -> Problem {
    let in_network = is_in_network(item, stack);
    let can_stand = |granted| granted == Granted::ByPolicy || (granted == Granted::ByConnection && in_network);
    let blocks = BLOCKS.iter().filter(|block| can_stand(block.granted));
    let mut known: Vec<String> = blocks.flat_map(|block| block.addresses(stack)).collect();
    known.retain(|name| !in_network || *name != item.prefix);
    let help = match nearest(target, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "this stack has nothing to give access to".to_owned(),
        None => format!("known: {}", known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    };
    let problem = Problem::new(Code::UnknownName, format!("`{target}` is not in this file"));
    problem.at(cx.key(item, &item.path(["access", target]))).help(help)
}
