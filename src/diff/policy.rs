//! The statements of a policy document, and those by which a change allows more.

use std::fmt;

use crate::value::{Json, Partial};

/// Actions or resources of a statement that are written out before the rest is counted.
const NAMED: usize = 4;

/// One statement. What is not known yet stands in parentheses, which no ARN has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Statement {
    /// False if it denies.
    pub allows: bool,
    /// Whom it is for, such as `Service ecs.amazonaws.com`; empty in a policy of a role.
    pub principals: Vec<String>,
    /// The actions.
    pub actions: Vec<String>,
    /// The things that they are allowed on; empty in a trust policy.
    pub resources: Vec<String>,
    /// The conditions as text; empty without.
    condition: String,
    /// Exclusions, such as `NotAction`, as text; empty as a rule.
    excluded: String,
}

/// The statements of a document, those of lists of one and of texts with JSON in them too.
pub fn statements(document: &Partial) -> Vec<Statement> {
    let known = document.with_placeholders(&mut |unknown| Json::String(format!("({})", unknown.waits_for.join(", "))));
    statements_of(&known)
}

/// The same of what is known.
pub fn statements_of(document: &Json) -> Vec<Statement> {
    if let Some(inner) = document.as_str().and_then(|text| serde_json::from_str::<Json>(text).ok()) {
        return statements_of(&inner);
    }
    written(document).iter().map(statement).collect()
}

/// The statements of a document as they are written: AWS takes one alone as it takes a list.
pub(super) fn written(document: &Json) -> &[Json] {
    match document.get("Statement") {
        Some(Json::Array(all)) => all,
        Some(one) => std::slice::from_ref(one),
        None => &[],
    }
}

fn statement(json: &Json) -> Statement {
    let excluded = ["NotAction", "NotResource", "NotPrincipal"].into_iter().filter_map(|name| {
        let value = json.get(name)?;
        Some(format!("{name} {}", texts(value).join(", ")))
    });
    let condition = json.get("Condition").filter(|value| value.as_object().is_none_or(|all| !all.is_empty()));
    Statement {
        allows: json.get("Effect").and_then(Json::as_str) != Some("Deny"),
        principals: json.get("Principal").map(principals).unwrap_or_default(),
        actions: json.get("Action").map(texts).unwrap_or_default(),
        resources: json.get("Resource").map(texts).unwrap_or_default(),
        condition: condition.map(ToString::to_string).unwrap_or_default(),
        excluded: excluded.collect::<Vec<_>>().join(", "),
    }
}

fn texts(json: &Json) -> Vec<String> {
    let text = |json: &Json| json.as_str().map_or_else(|| json.to_string(), str::to_owned);
    let mut all: Vec<String> = match json {
        Json::Array(items) => items.iter().map(text).collect(),
        one => vec![text(one)],
    };
    all.sort();
    all.dedup();
    all
}

fn principals(json: &Json) -> Vec<String> {
    let Json::Object(kinds) = json else { return texts(json) };
    kinds.iter().flat_map(|(kind, names)| texts(names).into_iter().map(move |name| principal(kind, &name))).collect()
}

/// An account by its number, as AWS takes the ARN of its root.
fn principal(kind: &str, name: &str) -> String {
    let number = name.strip_suffix(":root").and_then(|arn| arn.rsplit(':').next());
    match (kind, name) {
        ("AWS", "*") => "*".to_owned(),
        ("AWS", name) => format!("account {}", number.unwrap_or(name)),
        (kind, name) => format!("{} {name}", kind.to_lowercase()),
    }
}

/// Everything that these statements allow and those before did not: each with the actions and resources that are new alone. A
/// statement that denied and is there no longer is among them.
pub fn widened(before: &[Statement], after: &[Statement]) -> Vec<Statement> {
    let mut wider = newly_allowed(before, after);
    wider.extend(before.iter().filter(|one| !one.allows && !after.contains(one)).cloned());
    wider
}

/// The statements that come with a change: what is allowed or denied from now on, without what was so before.
pub fn coming(before: &[Statement], after: &[Statement]) -> Vec<Statement> {
    let mut new = newly_allowed(before, after);
    new.extend(after.iter().filter(|one| !one.allows && !before.contains(one)).cloned());
    new
}

fn newly_allowed(before: &[Statement], after: &[Statement]) -> Vec<Statement> {
    after.iter().filter(|one| one.allows).flat_map(|one| one.beyond(before)).collect()
}

impl Statement {
    /// True if it is for everybody, without conditions.
    pub fn is_for_everybody(&self) -> bool {
        self.allows && self.condition.is_empty() && self.principals.iter().any(|one| one == "*")
    }

    /// True if it allows whatever there is.
    pub fn allows_everything(&self) -> bool {
        let all = |names: &[String]| names.iter().any(|name| name == "*");
        self.allows && all(&self.actions) && all(&self.resources)
    }

    /// The parts of it that none of these allows.
    fn beyond(&self, before: &[Self]) -> Vec<Self> {
        if !self.excluded.is_empty() {
            let same = |other: &Self| {
                Self { actions: Vec::new(), ..other.clone() } == Self { actions: Vec::new(), ..self.clone() }
            };
            return if before.iter().any(same) { Vec::new() } else { vec![self.clone()] };
        }
        let before: Vec<&Self> = before.iter().filter(|one| one.is_at_least_for(self)).collect();
        let resources: Vec<&str> = match self.resources.as_slice() {
            [] => vec![""],
            all => all.iter().map(String::as_str).collect(),
        };
        let mut parts: Vec<Self> = Vec::new();
        for action in &self.actions {
            let is_new = |resource: &&&str| !before.iter().any(|one| one.covers(action, resource, self));
            let new: Vec<String> = resources.iter().filter(is_new).map(|one| (*one).to_owned()).collect();
            if new.is_empty() {
                continue;
            }
            match parts.iter_mut().find(|part| part.resources == new) {
                Some(part) => part.actions.push(action.clone()),
                None => parts.push(Self { actions: vec![action.clone()], resources: new, ..self.clone() }),
            }
        }
        for part in &mut parts {
            part.resources.retain(|resource| !resource.is_empty());
        }
        parts
    }

    /// True if it allows, whomever the other is for, and under no further conditions.
    fn is_at_least_for(&self, other: &Self) -> bool {
        let everybody = self.principals.iter().any(|one| one == "*");
        let whom = everybody || other.principals.iter().all(|one| self.principals.contains(one));
        let conditions = self.condition.is_empty() || self.condition == other.condition;
        self.allows && self.excluded.is_empty() && whom && conditions
    }

    fn covers(&self, action: &str, resource: &str, of: &Self) -> bool {
        let acts = self.actions.iter().any(|pattern| fits(&pattern.to_lowercase(), &action.to_lowercase()));
        let on = match resource {
            "" => self.resources.is_empty(),
            unknown if is_unknown(unknown) => self.may_hold_unknown(of),
            known => self.resources.iter().any(|pattern| fits(pattern, known)),
        };
        acts && on
    }

    /// True if resources that are not known yet may be those that are here: as many, and none that is missing.
    fn may_hold_unknown(&self, of: &Self) -> bool {
        let known = of.resources.iter().filter(|one| !is_unknown(one));
        let missing = known.clone().filter(|one| !self.resources.contains(one)).count();
        missing == 0 && self.resources.len() >= of.resources.len()
    }

    /// Actions, resources, principals: `dynamodb:GetItem, Query on table/carts`.
    pub fn words(&self) -> String {
        let mut words = short(&services(&self.actions));
        let resources: Vec<String> = self.resources.iter().map(|one| resource(one)).collect();
        for (between, names) in [(" on ", &resources), (" for ", &self.principals)] {
            if !names.is_empty() {
                words = format!("{words}{between}{}", short(&without_repeats(names)));
            }
        }
        let excluded = if self.excluded.is_empty() { String::new() } else { format!(" {}", self.excluded) };
        let condition = if self.condition.is_empty() { "" } else { ", with conditions" };
        format!("{words}{excluded}{condition}").trim_start().to_owned()
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", if self.allows { "Allow" } else { "Deny" }, self.words())
    }
}

fn is_unknown(text: &str) -> bool {
    text.starts_with('(')
}

/// True if a pattern with `*` and `?` matches.
fn fits(pattern: &str, text: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => text.is_empty(),
        Some('*') => {
            text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| fits(rest.as_str(), &text[at..]))
        }
        Some(sign) => {
            let mut signs = text.chars();
            signs.next().is_some_and(|first| (sign == '?' || sign == first) && fits(rest.as_str(), signs.as_str()))
        }
    }
}

/// The actions, each service named once: `dynamodb:GetItem, Query`.
fn services(actions: &[String]) -> Vec<String> {
    let mut last = "";
    let mut words = Vec::new();
    for action in actions {
        match action.split_once(':') {
            Some((service, name)) if service == last => words.push(name.to_owned()),
            Some((service, _)) => {
                last = service;
                words.push(action.clone());
            }
            None => words.push(action.clone()),
        }
    }
    words
}

/// An ARN without partition, region and account; what is not known yet without parentheses.
fn resource(text: &str) -> String {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, service, region, account, rest] => {
            let alone = region.is_empty() && account.is_empty() || !rest.contains(['/', ':']);
            if alone { format!("{service}:{rest}") } else { (*rest).to_owned() }
        }
        _ => text.trim_matches(['(', ')']).to_owned(),
    }
}

fn without_repeats(names: &[String]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for name in names {
        if !all.contains(name) {
            all.push(name.clone());
        }
    }
    all
}

fn short(names: &[String]) -> String {
    match names.len().saturating_sub(NAMED) {
        0 | 1 => names.join(", "),
        more => format!("{} and {more} more", names[..NAMED].join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(before: &Json, after: &Json, expected: &[&str]) {
        let (before, after) = (statements_of(before), statements_of(after));
        let found: Vec<String> = widened(&before, &after).iter().map(ToString::to_string).collect();
        assert_eq!(found, expected);
    }

    fn policy(actions: &[&str], resources: &[&str]) -> Json {
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": actions, "Resource": resources}})
    }

    #[test]
    fn only_the_new_pairs_of_action_and_resource_are_wider() {
        let table = "arn:aws:dynamodb:us-east-1:123456789012:table/carts";
        let index = "arn:aws:dynamodb:us-east-1:123456789012:table/carts/index/*";
        let read = policy(&["dynamodb:GetItem", "dynamodb:Query"], &[table]);
        check(&read, &read, &[]);
        check(&read, &policy(&["dynamodb:GetItem"], &[table]), &[]);
        check(
            &read,
            &policy(&["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"], &[table]),
            &["Allow dynamodb:PutItem on table/carts"],
        );
        check(
            &read,
            &policy(&["dynamodb:GetItem", "dynamodb:Query"], &[table, index]),
            &["Allow dynamodb:GetItem, Query on table/carts/index/*"],
        );
        check(&policy(&["dynamodb:*"], &["*"]), &read, &[]);
        check(&read, &policy(&["*"], &["*"]), &["Allow * on *"]);
    }

    #[test]
    fn what_is_no_longer_denied_is_wider() {
        let deny = json!({"Statement": [{"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"}]});
        check(&deny, &json!({"Statement": []}), &["Deny s3:DeleteObject on *"]);
        check(&json!({"Statement": []}), &deny, &[]);
    }

    #[test]
    fn principals_and_conditions_count() {
        let queue = |principal: &Json, condition: &Json| {
            json!({"Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sqs:SendMessage",
                "Resource": "arn:aws:sqs:us-east-1:123456789012:jobs", "Condition": condition}]})
        };
        let (service, own) =
            (json!({"Service": "events.amazonaws.com"}), json!({"StringEquals": {"aws:SourceAccount": "1"}}));
        check(&queue(&service, &own), &queue(&service, &own), &[]);
        check(
            &queue(&service, &own),
            &queue(&service, &json!({})),
            &["Allow sqs:SendMessage on sqs:jobs for service events.amazonaws.com"],
        );
        check(
            &queue(&service, &json!({})),
            &queue(&json!("*"), &own),
            &["Allow sqs:SendMessage on sqs:jobs for *, with conditions"],
        );
        check(&queue(&json!({"AWS": "*"}), &json!({})), &queue(&service, &json!({})), &[]);
    }

    #[test]
    fn resources_that_are_not_known_yet_may_be_those_of_before() {
        let before = policy(&["dynamodb:GetItem"], &["arn:aws:dynamodb:us-east-1:1:table/carts"]);
        let after = |references: &[&str]| {
            let mut unknown: Vec<Partial> = references.iter().map(|one| Partial::unknown(one)).collect();
            let mut partial = Partial::from_json(&policy(&["dynamodb:GetItem"], &[]));
            if let Partial::Map(fields) = &mut partial
                && let Some(Partial::Map(statement)) = fields.get_mut("Statement")
            {
                statement.insert("Resource".into(), Partial::List(std::mem::take(&mut unknown)));
            }
            statements(&partial)
        };
        let before = statements_of(&before);
        assert_eq!(widened(&before, &after(&["tables.carts.arn"])), []);
        let wider: Vec<String> =
            widened(&before, &after(&["tables.carts.arn", "tables.orders.arn"])).iter().map(Statement::words).collect();
        assert_eq!(wider, ["dynamodb:GetItem on tables.carts.arn, tables.orders.arn"]);
    }
}
