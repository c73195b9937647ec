//! Differences between the desired and the live.
//!
//! Three ways: the file (`wanted`), AWS (`live`) and what was last sent (`sent`). A field that the
//! file leaves out is not ours and never differs; one that it left out only now is part of the [`target()`], at
//! AWS's default. A field that AWS does not return is compared with what was last sent.

mod equal;
mod managed;
pub mod policy;
mod target;
mod widened;

use std::collections::{BTreeMap, BTreeSet};

pub use equal::same_policy;
use equal::{dns, same, sorted};
pub use managed::managed_part;
pub use target::{staying, target, unfinished};
pub use widened::widened;

use crate::catalog::{Annotations, Compare, Field, SchemaType, Shape};
use crate::value::{Json, Partial, Path, fingerprint};

/// One difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The place in the spec.
    pub path: Path,
    /// The live value; null if there is none.
    pub from: Json,
    /// The desired value; null if it is to go.
    pub to: Partial,
    /// The effect of the change on the resource.
    pub effect: Effect,
    /// True if it must not be shown.
    pub secret: bool,
    /// True if it is a list whose order means nothing: items come and go.
    pub unordered: bool,
}

/// The effect of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// The resource stays.
    Update,
    /// A new resource in place of the old one.
    Replace,
}

/// Everything that differs. `sent` is what was last sent, if we remember.
pub fn changes(shape: &Shape, wanted: &Partial, live: &Json, sent: Option<&Json>) -> Vec<Change> {
    let mut comparison = Comparison { changes: Vec::new() };
    comparison.value(shape, wanted, Some(live), sent, &Path::default(), Effect::Update);
    comparison.changes
}

struct Comparison {
    changes: Vec<Change>,
}

impl Comparison {
    fn value(
        &mut self,
        shape: &Shape,
        wanted: &Partial,
        live: Option<&Json>,
        sent: Option<&Json>,
        path: &Path,
        outer: Effect,
    ) {
        let annotations = &shape.annotations;
        if annotations.owned_by_aws || wanted.is_null() {
            return;
        }
        let unseen = annotations.write_only || live.is_none();
        let is_other = annotations.replace_set && is_made_for_another(wanted, live, sent);
        let effect = if annotations.replace || is_other { Effect::Replace } else { outer };
        // What AWS does not show and we do not remember cannot be judged. It is sent again if that
        // is harmless, and taken as right if it would cost a replacement.
        let there = match (unseen, sent) {
            (true, Some(sent)) => sent,
            (true, None) if effect == Effect::Replace => return,
            (true, None) => &Json::Null,
            (false, _) => live.unwrap_or(&Json::Null),
        };
        let differs = Difference { shape, path, effect };
        match (annotations.compare, wanted) {
            (_, Partial::Unknown(_)) => self.push(&differs, there, wanted),
            // Of a secret that AWS does not show, only the hash is remembered.
            _ if annotations.secret && unseen => self.by_hash(&differs, wanted, there, None),
            (Compare::Sha256, _) if !unseen => self.by_hash(&differs, wanted, there, sent),
            (Compare::Policy, _) => {
                let same = wanted.finish().is_ok_and(|wanted| same_policy(&wanted, there));
                if !same {
                    self.push(&differs, there, wanted);
                }
            }
            (Compare::Dns, Partial::Text(wanted_name))
                if there.as_str().is_some_and(|there| dns(there) == dns(wanted_name)) => {}
            _ => self.inside(&differs, wanted, there, sent),
        }
    }

    fn by_hash(&mut self, at: &Difference<'_>, wanted: &Partial, live: &Json, sent: Option<&Json>) {
        let same = wanted.finish().is_ok_and(|wanted| live.as_str() == Some(&fingerprint(&wanted)));
        if !same {
            // What was sent is more telling than a hash, as long as it is still what is there.
            let known = sent.filter(|sent| live.as_str() == Some(&fingerprint(sent)));
            self.push(at, known.unwrap_or(live), wanted);
        }
    }

    fn inside(&mut self, at: &Difference<'_>, wanted: &Partial, there: &Json, sent: Option<&Json>) {
        match (&at.shape.schema_type, wanted, there) {
            (SchemaType::Object(fields), Partial::Map(wanted), Json::Object(there)) => {
                for (name, field) in fields {
                    let sent = sent.and_then(|sent| sent.get(name));
                    let left_out = wanted.get(name).is_none_or(Partial::is_null);
                    if at.shape.annotations.whole && left_out {
                        self.left_out(at, name, field, there.get(name));
                    } else if left_out {
                        self.no_longer_said(at, name, field, there.get(name), sent);
                    }
                    if is_settled(field, wanted, there.get(name)) {
                        continue;
                    }
                    let Some(wanted) = wanted.get(name) else { continue };
                    self.value(&field.shape, wanted, there.get(name), sent, &at.path.field(name), at.effect);
                }
            }
            (SchemaType::OneOf(cases), Partial::Map(wanted), Json::Object(there))
                if wanted.keys().all(|case| cases.contains_key(case) && there.contains_key(case)) =>
            {
                for (case, wanted) in wanted {
                    let sent = sent.and_then(|sent| sent.get(case));
                    self.value(&cases[case], wanted, there.get(case), sent, &at.path.field(case), at.effect);
                }
            }
            (SchemaType::OneOf(_), Partial::Map(_), Json::Object(_)) if at.shape.annotations.replace_case => {
                self.push(&Difference { effect: Effect::Replace, ..*at }, there, wanted);
            }
            (SchemaType::Map(_), Partial::Map(_), Json::Object(_) | Json::Null) => self.map(at, wanted, there, sent),
            (SchemaType::List { of, .. }, Partial::List(wanted), Json::Array(there)) => {
                self.list(at, of, wanted, there, sent);
            }
            (SchemaType::List { .. }, Partial::List(wanted), Json::Null) if wanted.is_empty() => {}
            _ => {
                if !wanted.finish().is_ok_and(|wanted| same(&wanted, there)) {
                    self.push(at, there, wanted);
                }
            }
        }
    }

    /// A field left out of what is sent whole.
    fn left_out(&mut self, at: &Difference<'_>, name: &str, field: &Field, there: Option<&Json>) {
        let (annotations, there) = (&field.shape.annotations, there.unwrap_or(&Json::Null));
        if annotations.owned_by_aws || annotations.write_only || annotations.merge || is_default(field, there) {
            return;
        }
        let effect = if annotations.replace { Effect::Replace } else { at.effect };
        let to = Partial::from_json(&field.default.clone().unwrap_or_default());
        self.push(&Difference { shape: &field.shape, path: &at.path.field(name), effect }, there, &to);
    }

    /// A field that was sent and that the file no longer says, where only a new resource is without it.
    fn no_longer_said(
        &mut self,
        at: &Difference<'_>,
        name: &str,
        field: &Field,
        there: Option<&Json>,
        sent: Option<&Json>,
    ) {
        let annotations = &field.shape.annotations;
        let only_anew = annotations.replace && annotations.reset == Some(Json::Null);
        if let Some(there) = there.or(sent)
            && only_anew
            && sent.is_some_and(|sent| !sent.is_null())
            && !there.is_null()
        {
            let path = &at.path.field(name);
            let gone = Difference { shape: &field.shape, path, effect: Effect::Replace };
            self.push(&gone, there, &Partial::Plain(Json::Null));
        }
    }

    fn map(&mut self, at: &Difference<'_>, wanted: &Partial, there: &Json, sent: Option<&Json>) {
        let Partial::Map(wanted) = wanted else { return };
        let SchemaType::Map(of) = &at.shape.schema_type else { return };
        let empty = serde_json::Map::new();
        let there = there.as_object().unwrap_or(&empty);
        let sent = sent.and_then(Json::as_object);
        for (key, value) in wanted {
            let live = there.get(key).unwrap_or(&Json::Null);
            self.value(of, value, Some(live), sent.and_then(|sent| sent.get(key)), &at.path.field(key), at.effect);
        }
        for (key, value) in there {
            let ours = !at.shape.annotations.merge || sent.is_some_and(|sent| sent.contains_key(key));
            if ours && !at.shape.annotations.stays && !wanted.contains_key(key) {
                let gone = Difference { shape: of, path: &at.path.field(key), ..*at };
                self.push(&gone, value, &Partial::Plain(Json::Null));
            }
        }
    }

    fn list(&mut self, at: &Difference<'_>, of: &Shape, wanted: &[Partial], there: &[Json], sent: Option<&Json>) {
        let sent = sent.and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
        if let Some(key) = &at.shape.annotations.key {
            return self.keyed(at, of, key, (wanted, there, sent));
        }
        let whole = Partial::List(wanted.to_vec());
        if at.shape.annotations.merge {
            // An item of somebody else's, or one that AWS does not let go of, is not ours.
            let known = whole.finish().unwrap_or_default();
            let is_ours = |item: &&Json| known.as_array().is_some_and(|all| all.contains(item)) || sent.contains(item);
            let there: Vec<Json> = there.iter().filter(is_ours).cloned().collect();
            if sorted(&known) != sorted(&Json::Array(there.clone())) {
                self.push(at, &Json::Array(there), &whole);
            }
        } else if at.shape.annotations.unordered {
            if !whole.finish().is_ok_and(|wanted| sorted(&wanted) == sorted(&Json::Array(there.to_vec()))) {
                self.push(at, &Json::Array(there.to_vec()), &whole);
            }
        } else if at.shape.annotations.rest_unordered {
            let there = Json::Array(there.to_vec());
            let same = |wanted: Json| wanted.get(0) == there.get(0) && sorted(&wanted) == sorted(&there);
            if !whole.finish().is_ok_and(same) {
                self.push(at, &there, &whole);
            }
        } else if wanted.len() == there.len() {
            for (index, (wanted, there)) in wanted.iter().zip(there).enumerate() {
                self.value(of, wanted, Some(there), sent.get(index), &at.path.index(index), at.effect);
            }
        } else {
            self.push(at, &Json::Array(there.to_vec()), &whole);
        }
    }

    /// Items told apart by one of their fields.
    fn keyed(&mut self, at: &Difference<'_>, of: &Shape, key: &str, lists: (&[Partial], &[Json], &[Json])) {
        let (wanted, there, sent) = lists;
        let name = |item: &Json| item.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
        let find = |items: &[Json], of: &str| items.iter().find(|item| name(item) == of).cloned();
        let mut seen = BTreeSet::new();
        for item in wanted {
            let Some(Partial::Text(id)) = item.get(key) else { continue };
            seen.insert(id.clone());
            let path = at.path.field(id);
            match find(there, id) {
                Some(live) => self.value(of, item, Some(&live), find(sent, id).as_ref(), &path, at.effect),
                None => self.push(&Difference { path: &path, ..*at }, &Json::Null, item),
            }
        }
        for item in there.iter().filter(|item| !seen.contains(&name(item))) {
            let path = at.path.field(&name(item));
            self.push(&Difference { path: &path, ..*at }, item, &Partial::Plain(Json::Null));
        }
    }

    fn push(&mut self, at: &Difference<'_>, from: &Json, to: &Partial) {
        self.changes.push(Change {
            path: at.path.clone(),
            from: from.clone(),
            to: to.clone(),
            effect: at.effect,
            secret: holds_secret(at.shape),
            unordered: is_unordered(at.shape),
        });
    }
}

/// True if a thing has another value than the wanted one, or was to get one: then it is not for this one.
fn is_made_for_another(wanted: &Partial, live: Option<&Json>, sent: Option<&Json>) -> bool {
    let wanted = match wanted {
        Partial::Unknown(_) => None,
        known => known.finish().ok(),
    };
    let is_other =
        |value: &Json| is_set(value) && wanted.as_ref().is_none_or(|wanted| is_set(wanted) && !same(wanted, value));
    live.is_some_and(is_other) || sent.is_some_and(is_other)
}

/// True if a value is more than nothing, or an empty text.
fn is_set(value: &Json) -> bool {
    !value.is_null() && value.as_str() != Some("")
}

/// True if a field stays what the thing was made with, because the file says the field that settles it.
fn is_settled(field: &Field, wanted: &BTreeMap<String, Partial>, there: Option<&Json>) -> bool {
    let by = field.shape.annotations.settled_by.as_ref();
    there.is_some_and(is_set) && by.and_then(|by| wanted.get(by)).is_some_and(|by| !by.is_null())
}

/// True if a value of this shape is a secret, or has one in it.
fn holds_secret(shape: &Shape) -> bool {
    shape.annotations.secret
        || match &shape.schema_type {
            SchemaType::Object(fields) => fields.values().any(|field| holds_secret(&field.shape)),
            SchemaType::OneOf(cases) => cases.values().any(holds_secret),
            SchemaType::List { of, .. } | SchemaType::Map(of) => holds_secret(of),
            _ => false,
        }
}

/// True if the order of its items means nothing.
fn is_unordered(shape: &Shape) -> bool {
    let Annotations { unordered, rest_unordered, merge, ref key, .. } = shape.annotations;
    matches!(shape.schema_type, SchemaType::List { .. }) && (unordered || rest_unordered || merge || key.is_some())
}

#[derive(Clone, Copy)]
struct Difference<'a> {
    shape: &'a Shape,
    path: &'a Path,
    effect: Effect,
}

/// True if it says no more than leaving the field out does.
fn is_default(field: &Field, there: &Json) -> bool {
    let default = field.default.as_ref().unwrap_or(&Json::Null);
    same(default, there)
        || match (&field.shape.schema_type, there) {
            (_, Json::Null) => true,
            (SchemaType::Object(inner), Json::Object(there)) => there
                .iter()
                .all(|(name, value)| inner.get(name).is_some_and(|field| !field.required && is_default(field, value))),
            (_, Json::Object(there)) => there.is_empty(),
            (_, Json::Array(there)) => there.is_empty(),
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shape() -> Shape {
        Shape::from_schema(&json!({
            "type": "object",
            "properties": {
                "name": {"type": "string", "x-change": "replace"},
                "memory": {"type": ["integer", "null"]},
                "count": {"type": ["integer", "null"], "x-owned-by-aws": true},
                "body": {"x-compare": "sha256"},
                "policy": {"x-compare": "policy"},
                "zip": {"type": ["string", "null"], "x-write-only": true},
                "alias": {"type": ["string", "null"], "x-compare": "dns"},
                "vpc": {"type": ["string", "null"], "x-change": "replace-set"},
                "port": {"type": ["integer", "null"], "x-change": "replace", "x-settled-by": "vpc"},
                "code": {"x-change": "replace-case", "oneOf": [
                    {"type": "object", "properties": {"image": {"type": "string"}}},
                    {"type": "object", "properties": {"zip": {"type": "object", "properties": {
                        "path": {"type": "string", "x-owned-by-aws": true}, "sha256": {"type": "string"}}}}}]},
                "layers": {"type": "array", "items": {"type": "string"}, "x-unordered": true},
                "certificates": {"type": "array", "items": {"type": "string"}, "x-unordered": "rest"},
                "guests": {"type": "array", "items": {"type": "string"}, "x-merge": true},
                "tags": {"type": "object", "additionalProperties": {"type": "string"}, "x-merge": true},
                "replicas": {"type": "array", "x-key": "region", "items": {"type": "object", "properties": {
                    "region": {"type": "string"}, "pitr": {"type": ["boolean", "null"]}}}},
                "image": {"type": ["object", "null"], "x-whole": true, "properties": {
                    "uri": {"type": "string"},
                    "essential": {"type": ["boolean", "null"], "default": true},
                    "labels": {"type": ["object", "null"], "additionalProperties": {"type": "string"}},
                    "health": {"type": ["object", "null"], "properties": {
                        "retries": {"type": ["integer", "null"], "default": 3}}}}}
            }
        }))
        .expect("a shape")
    }

    #[expect(clippy::needless_pass_by_value, reason = "cases read better without borrows")]
    fn check(wanted: Json, live: Json, sent: Json, expected: &[&str]) {
        let sent = Some(&sent).filter(|sent| !sent.is_null());
        let found: Vec<String> = changes(&shape(), &Partial::from_json(&wanted), &live, sent)
            .into_iter()
            .map(|change| {
                format!("{} {} -> {} {:?}", change.path, change.from, change.to.finish().expect("known"), change.effect)
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn fields_left_out_of_the_file_never_differ() {
        check(json!({"name": "a"}), json!({"name": "a", "memory": 128}), json!(null), &[]);
        check(json!({"memory": null}), json!({"memory": 128}), json!(null), &[]);
        check(json!({"count": 2}), json!({"count": 9}), json!(null), &[]);
    }

    #[test]
    fn changes_of_fixed_fields_replace() {
        check(
            json!({"name": "b", "memory": 2}),
            json!({"name": "a", "memory": 1}),
            json!(null),
            &["memory 1 -> 2 Update", "name \"a\" -> \"b\" Replace"],
        );
    }

    #[test]
    fn another_value_replaces_where_a_first_one_updates() {
        let vpc = |value: Json| json!({"vpc": value});
        check(vpc(json!("a")), vpc(json!(null)), json!(null), &["vpc null -> \"a\" Update"]);
        check(vpc(json!("a")), vpc(json!("")), json!(null), &["vpc \"\" -> \"a\" Update"]);
        check(vpc(json!("b")), vpc(json!("a")), json!(null), &["vpc \"a\" -> \"b\" Replace"]);
        check(vpc(json!("")), vpc(json!("a")), json!(null), &["vpc \"a\" -> \"\" Update"]);
        // What was made for one value, and has not got it yet, is not for another.
        check(vpc(json!("a")), vpc(json!(null)), vpc(json!("b")), &["vpc null -> \"a\" Replace"]);
    }

    #[test]
    fn a_settled_field_differs_only_without_the_field_that_settles_it() {
        let live = json!({"vpc": "a", "port": 80});
        check(json!({"vpc": "a", "port": 81}), live.clone(), json!(null), &[]);
        check(json!({"port": 81}), live.clone(), json!(null), &["port 80 -> 81 Replace"]);
        check(json!({"vpc": "b", "port": 81}), live, json!(null), &["vpc \"a\" -> \"b\" Replace"]);
        check(
            json!({"vpc": "a", "port": 81}),
            json!({"port": null}),
            json!(null),
            &["port null -> 81 Replace", "vpc null -> \"a\" Update"],
        );
    }

    #[test]
    fn tags_of_others_stay_and_ours_are_removed() {
        check(
            json!({"tags": {"a": "1"}}),
            json!({"tags": {"a": "1", "ours": "x", "theirs": "y"}}),
            json!({"tags": {"a": "1", "ours": "x"}}),
            &["tags.ours \"x\" -> null Update"],
        );
    }

    #[test]
    fn list_items_of_others_stay_and_ours_are_removed() {
        let live = json!({"guests": ["a", "ours", "theirs"]});
        check(json!({"guests": ["a"]}), live.clone(), json!({"guests": ["a"]}), &[]);
        check(
            json!({"guests": ["a"]}),
            live.clone(),
            json!({"guests": ["a", "ours"]}),
            &["guests [\"a\",\"ours\"] -> [\"a\"] Update"],
        );
        check(json!({"guests": ["b"]}), live, json!(null), &["guests [] -> [\"b\"] Update"]);
    }

    #[test]
    fn hashes_policies_and_sets_are_compared_by_meaning() {
        let body = json!({"paths": {"/a": 1}});
        check(json!({"body": body}), json!({"body": fingerprint(&body)}), json!(null), &[]);
        check(
            json!({"body": {"x": 2}}),
            json!({"body": fingerprint(&body)}),
            json!({"body": body}),
            &["body {\"paths\":{\"/a\":1}} -> {\"x\":2} Update"],
        );
        check(
            json!({"policy": {"Statement": [{"Action": ["b", "a"]}]}}),
            json!({"policy": {"Statement": {"Action": ["a", "b"]}}}),
            json!(null),
            &[],
        );
        check(
            json!({"policy": {"Principal": {"AWS": ["123456789012"]}}}),
            json!({"policy": {"Principal": {"AWS": "arn:aws:iam::123456789012:root"}}}),
            json!(null),
            &[],
        );
        check(json!({"layers": ["b", "a"]}), json!({"layers": ["a", "b"]}), json!(null), &[]);
        check(json!({"alias": "My.example.com."}), json!({"alias": "my.example.com"}), json!(null), &[]);
        check(
            json!({"alias": "b.example.com"}),
            json!({"alias": null}),
            json!(null),
            &["alias null -> \"b.example.com\" Update"],
        );
    }

    #[test]
    fn lists_with_a_fixed_first_item_are_unordered_after_it() {
        let live = json!({"certificates": ["default", "a", "b"]});
        check(json!({"certificates": ["default", "b", "a"]}), live.clone(), json!(null), &[]);
        check(
            json!({"certificates": ["a", "b", "default"]}),
            live.clone(),
            json!(null),
            &["certificates [\"default\",\"a\",\"b\"] -> [\"a\",\"b\",\"default\"] Update"],
        );
        check(json!({"certificates": []}), live, json!(null), &["certificates [\"default\",\"a\",\"b\"] -> [] Update"]);
    }

    #[test]
    fn another_case_may_replace_where_its_content_updates() {
        let zip = |sha: &str| json!({"code": {"zip": {"path": "p", "sha256": sha}}});
        check(zip("a"), json!({"code": {"zip": {"path": "", "sha256": "a"}}}), json!(null), &[]);
        check(zip("b"), zip("a"), json!(null), &["code.zip.sha256 \"a\" -> \"b\" Update"]);
        let image = json!({"code": {"image": "i"}});
        check(
            image.clone(),
            zip("a"),
            json!(null),
            &["code {\"zip\":{\"path\":\"p\",\"sha256\":\"a\"}} -> {\"image\":\"i\"} Replace"],
        );
        assert_eq!(managed_part(&shape(), &zip("b"), &zip("a"), None), zip("a"));
    }

    #[test]
    fn fields_that_aws_does_not_return_are_compared_with_what_was_sent() {
        check(json!({"zip": "a"}), json!({"zip": null}), json!({"zip": "a"}), &[]);
        check(json!({"zip": "b"}), json!({}), json!({"zip": "a"}), &["zip \"a\" -> \"b\" Update"]);
        check(json!({"name": "n"}), json!({}), json!(null), &[]);
    }

    #[test]
    fn updates_start_from_the_managed_part() {
        let from = managed_part(
            &shape(),
            &json!({"tags": {"a": "2"}}),
            &json!({"memory": 1, "zip": null, "tags": {"a": "1", "old": "x", "theirs": "y"}}),
            Some(&json!({"zip": "z", "tags": {"old": "x"}})),
        );
        assert_eq!(from, json!({"memory": 1, "zip": "z", "tags": {"a": "1", "old": "x"}}));
    }

    #[test]
    fn objects_sent_whole_reset_fields_left_out() {
        let defaults = json!({"image": {"uri": "a", "essential": true, "labels": {}, "health": {"retries": 3}}});
        check(json!({"image": {"uri": "a"}}), defaults, json!(null), &[]);
        let live = json!({"image": {"uri": "a", "essential": false, "labels": {"x": "1"}, "health": {"retries": 5}}});
        check(
            json!({"image": {"uri": "a", "labels": null}}),
            live,
            json!(null),
            &[
                "image.essential false -> true Update",
                "image.health {\"retries\":5} -> null Update",
                "image.labels {\"x\":\"1\"} -> null Update",
            ],
        );
    }

    #[test]
    fn list_items_are_matched_by_their_key() {
        check(
            json!({"replicas": [{"region": "b", "pitr": true}, {"region": "c"}]}),
            json!({"replicas": [{"region": "a"}, {"region": "b", "pitr": false}]}),
            json!(null),
            &[
                "replicas.b.pitr false -> true Update",
                "replicas.c null -> {\"region\":\"c\"} Update",
                "replicas.a {\"region\":\"a\"} -> null Update",
            ],
        );
    }
}
