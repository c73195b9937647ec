//! Policies that allow more than before: what, on what, and to whom.

use super::{Finding, RiskyChange, finding};
use crate::catalog::Stake;
use crate::diff::policy::{Statement, statements, statements_of, widened};
use crate::plan::Decision;
use crate::plan::review::RiskClass::{Permissions, Public};
use crate::value::{Json, Partial};

pub(super) fn of(change: &RiskyChange<'_>) -> Vec<Finding> {
    let mut found = documents(change);
    found.extend(attached(change));
    found.extend(boundaries(change));
    found.extend(principals(change));
    found
}

/// The statements that a change adds; of a new resource, only those that allow everything, or to everybody.
fn documents(change: &RiskyChange<'_>) -> Vec<Finding> {
    let is_policy = |stake: Option<Stake>, value: &Partial| stake == Some(Stake::Permissions) && !is_list(value);
    if change.is_new() {
        let fields = change.wanted().into_iter().filter(|field| is_policy(field.stakes.risk, &field.to));
        let all = fields.flat_map(|field| statements(&field.to));
        return all.filter(|one| one.is_for_everybody() || one.allows_everything()).map(|one| told(&one)).collect();
    }
    let changed = change.staked().into_iter().filter(|field| is_policy(field.stakes.risk, &field.to));
    let changed: Vec<_> = changed.filter(|field| !matches!(field.from, Json::Array(_))).collect();
    let after: Vec<Statement> = changed.iter().flat_map(|field| statements(&field.to)).collect();
    let mut before: Vec<Statement> = changed.iter().flat_map(|field| statements_of(&field.from)).collect();
    // A statement may only move from one document to another.
    let kept = change.wanted().into_iter().filter(|field| is_policy(field.stakes.risk, &field.to));
    let kept = kept.filter(|field| changed.iter().all(|one| one.path != field.path));
    before.extend(kept.flat_map(|field| statements(&field.to)).filter(|one| one.principals.is_empty()));
    widened(&before, &after).iter().map(told).collect()
}

fn told(statement: &Statement) -> Finding {
    let class = if statement.is_for_everybody() { Public } else { Permissions };
    let words = statement.words();
    match (statement.allows, statement.is_for_everybody()) {
        (false, _) => finding(class, format!("no longer denies {words}")),
        (true, true) => finding(class, format!("allows everybody, of any account: {words}")),
        (true, false) => finding(class, format!("allows {words}")),
    }
}

/// Managed policies that are attached.
fn attached(change: &RiskyChange<'_>) -> Vec<Finding> {
    if change.is_new() {
        let lists = change.wanted().into_iter().filter(|field| field.stakes.risk == Some(Stake::Permissions));
        let all = lists.filter(|field| is_list(&field.to)).flat_map(|field| texts(&field.to));
        let full = all.filter(|arn| arn.ends_with("/AdministratorAccess"));
        return full.map(|arn| finding(Permissions, format!("attaches {arn}"))).collect();
    }
    let lists = change.changed(Stake::Permissions).filter(|field| is_list(&field.to));
    let new = lists.flat_map(|field| {
        let before = texts(&Partial::from_json(&field.from));
        texts(&field.to).into_iter().filter(move |arn| !before.contains(arn))
    });
    new.map(|arn| finding(Permissions, format!("attaches {arn}"))).collect()
}

/// Limits that are lifted or changed.
fn boundaries(change: &RiskyChange<'_>) -> Vec<Finding> {
    let changed =
        change.changed(Stake::Boundary).filter(|field| field.from.as_str().is_some_and(|arn| !arn.is_empty()));
    let messages = changed.map(|field| match field.to.finish() {
        Ok(Json::String(arn)) if !arn.is_empty() => format!("`{}` is another one: {arn}", field.path),
        Ok(Json::Null | Json::String(_)) => format!("`{}` is taken away: {}", field.path, field.from),
        _ => format!("`{}` is another one", field.path),
    });
    messages.map(|message| finding(Permissions, message)).collect()
}

/// Callers of what takes one caller: everybody, or another account.
fn principals(change: &RiskyChange<'_>) -> Vec<Finding> {
    let fields = match change.entry.decision {
        Decision::Create { .. } => change.wanted(),
        _ => change.staked(),
    };
    let fields = fields.into_iter().filter(|field| field.inside() == 0 && field.stakes.risk == Some(Stake::Principal));
    let found = fields.filter_map(|field| match &field.to {
        Partial::Text(who) if who == "*" => Some(finding(Public, "may be called by everybody, of any account")),
        Partial::Text(who) if who.starts_with("arn:") || who.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(finding(Permissions, format!("may be called by {who}")))
        }
        _ => None,
    });
    found.collect()
}

fn is_list(partial: &Partial) -> bool {
    matches!(partial, Partial::List(_))
}

fn texts(partial: &Partial) -> Vec<String> {
    let Partial::List(items) = partial else { return Vec::new() };
    let text = |item: &Partial| match item {
        Partial::Text(text) => Some(text.clone()),
        Partial::Unknown(unknown) => Some(unknown.waits_for.join(", ")),
        _ => None,
    };
    items.iter().filter_map(text).collect()
}
