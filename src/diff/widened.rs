//! The wider half of a change that both gives and takes: what is wanted, and what is there and will be taken away.

use super::equal::{same, same_policy};
use super::policy::written;
use crate::catalog::{Compare, SchemaType, Shape};
use crate::value::Json;

/// The wanted spec with everything that `live` lets others do besides; `None` if the change takes nothing of that away.
///
/// Only fields marked `x-grants` are widened: what they hold adds up, as policies, rules and routes do. What `x-holds`
/// names stays as it is.
pub fn widened(shape: &Shape, wanted: &Json, live: &Json) -> Option<Json> {
    let (SchemaType::Object(fields), Json::Object(all)) = (&shape.schema_type, wanted) else { return None };
    let grants = fields.iter().filter(|(_, field)| field.shape.annotations.grants.is_some());
    let wider = grants.filter_map(|(name, field)| {
        let wanted = all.get(name).filter(|wanted| !wanted.is_null())?;
        Some((name.clone(), union(&field.shape, wanted, live.get(name)?)?))
    });
    let wider: Vec<(String, Json)> = wider.chain(held(shape, wanted, live)).collect();
    if wider.is_empty() {
        return None;
    }
    let mut all = all.clone();
    all.extend(wider);
    Some(Json::Object(all))
}

/// The fields that others move until those who rest on them have turned, with what they live are.
fn held<'a>(shape: &'a Shape, wanted: &'a Json, live: &'a Json) -> impl Iterator<Item = (String, Json)> + use<'a> {
    let SchemaType::Object(fields) = &shape.schema_type else { return None.into_iter().flatten() };
    let is = |json: &Json, name: &str| json.get(name).and_then(Json::as_bool) == Some(true);
    let ends = move |name: &str| is(live, name) && !is(wanted, name);
    let holders = fields.iter().filter(move |(name, field)| !field.shape.annotations.holds.is_empty() && ends(name));
    let names = holders.flat_map(|(name, field)| field.shape.annotations.holds.iter().chain([name]));
    Some(names.filter_map(|name| Some((name.clone(), live.get(name)?.clone())))).into_iter().flatten()
}

/// Both together; `None` if the wanted value has all of it.
fn union(shape: &Shape, wanted: &Json, live: &Json) -> Option<Json> {
    match (&shape.schema_type, wanted, live) {
        _ if shape.annotations.compare == Compare::Policy => both_policies(wanted, live),
        (SchemaType::List { .. }, Json::Array(wanted), Json::Array(live)) => {
            let fields = shape.annotations.grants.as_deref().unwrap_or_default();
            let lost: Vec<Json> =
                live.iter().filter(|one| !wanted.iter().any(|item| is_one(item, one, fields))).cloned().collect();
            (!lost.is_empty()).then(|| wanted.iter().cloned().chain(lost).collect())
        }
        (SchemaType::Map(of), Json::Object(wanted), Json::Object(live)) => {
            let wider = live.iter().filter_map(|(key, live)| match wanted.get(key) {
                Some(wanted) => Some((key.clone(), union(of, wanted, live)?)),
                None => Some((key.clone(), live.clone())),
            });
            let wider: Vec<(String, Json)> = wider.collect();
            let mut all = wanted.clone();
            (!wider.is_empty()).then(|| {
                all.extend(wider);
                Json::Object(all)
            })
        }
        _ => None,
    }
}

/// True if two items are one, by these fields or by all.
fn is_one(one: &Json, other: &Json, fields: &[String]) -> bool {
    if fields.is_empty() {
        return same(one, other);
    }
    let field = |item: &Json, name: &str| item.get(name).cloned().unwrap_or_default();
    fields.iter().all(|name| same(&field(one, name), &field(other, name)))
}

/// The statements of both policies.
fn both_policies(wanted: &Json, live: &Json) -> Option<Json> {
    let ours = written(wanted);
    let lost = written(live).iter().filter(|one| !ours.iter().any(|own| same_policy(own, one)));
    let lost: Vec<Json> = lost.cloned().collect();
    if lost.is_empty() {
        return None;
    }
    let mut policy = wanted.as_object()?.clone();
    // Two statements of one id are refused, and the one that goes needs none.
    let unnamed = lost.into_iter().map(|mut statement| {
        if let Some(fields) = statement.as_object_mut() {
            fields.remove("Sid");
        }
        statement
    });
    policy.insert("Statement".into(), ours.iter().cloned().chain(unnamed).collect());
    Some(Json::Object(policy))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shape() -> Shape {
        Shape::from_schema(&json!({"type": "object", "properties": {
            "policies": {"type": "object", "x-grants": [], "additionalProperties": {"x-compare": "policy"}},
            "rules": {"type": "array", "x-grants": ["port", "peer"], "items": {"type": "object", "properties": {
                "port": {"type": "integer"}, "peer": {"type": "string"}, "about": {"type": "string"}}}},
            "memory": {"type": "integer"}}}))
        .expect("a shape")
    }

    #[test]
    fn rules_that_go_are_kept_beside_those_that_come() {
        let wanted = json!({"memory": 2, "rules": [{"port": 80, "peer": "a", "about": "new"}]});
        let live =
            json!({"memory": 1, "rules": [{"port": 80, "peer": "a", "about": "old"}, {"port": 8080, "peer": "a"}]});
        let wider =
            json!({"memory": 2, "rules": [{"port": 80, "peer": "a", "about": "new"}, {"port": 8080, "peer": "a"}]});
        assert_eq!(widened(&shape(), &wanted, &live), Some(wider));
    }

    #[test]
    fn changes_that_only_give_are_not_widened() {
        let live = json!({"rules": [{"port": 80, "peer": "a"}], "policies": {}});
        let wanted = json!({"rules": [{"port": 80, "peer": "a"}, {"port": 81, "peer": "a"}], "policies": {"x": {"Statement": []}}});
        assert_eq!(widened(&shape(), &wanted, &live), None);
        assert_eq!(widened(&shape(), &json!({"memory": 2}), &live), None, "what is left out is not managed");
    }

    #[test]
    fn what_others_move_stays_until_they_have_ended() {
        let shape = Shape::from_schema(&json!({"type": "object", "properties": {
            "owned": {"type": "boolean", "x-holds": ["actions"]}, "actions": {"type": "array"}}}))
        .expect("a shape");
        let live = json!({"owned": true, "actions": ["both"]});
        assert_eq!(widened(&shape, &json!({"owned": false, "actions": ["one"]}), &live), Some(live.clone()));
        assert_eq!(widened(&shape, &json!({"owned": true, "actions": ["one"]}), &live), None);
        assert_eq!(widened(&shape, &json!({"owned": true, "actions": ["both"]}), &json!({"actions": ["one"]})), None);
    }

    #[test]
    fn policies_keep_the_statements_that_go() {
        let read = json!({"Sid": "Read", "Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "a"});
        let logs = json!({"Effect": "Allow", "Action": ["logs:PutLogEvents"], "Resource": "b"});
        let live =
            json!({"policies": {"access": {"Version": "2012-10-17", "Statement": [read]}, "old": {"Statement": logs}}});
        let wanted = json!({"policies": {"access": {"Version": "2012-10-17", "Statement": [logs]}}});
        let unnamed = json!({"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "a"});
        let wider = json!({"policies": {
            "access": {"Version": "2012-10-17", "Statement": [logs, unnamed]}, "old": {"Statement": logs}}});
        assert_eq!(widened(&shape(), &wanted, &live), Some(wider));
    }
}
