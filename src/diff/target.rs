//! The target of an update: what the file says, and what stands for what it no longer says.
//!
//! A field that a file leaves out has one of three meanings, for every field of every kind:
//!
//! | meaning | how it is known | what is wanted |
//! |---|---|---|
//! | never said | nothing was sent | what is there: the field is not managed |
//! | no longer said | it was sent, and the file no longer has it | AWS's default (`x-reset`) |
//! | said no | the file has `false`, `0`, `""`, `[]` or `{}` | that value, like any other |
//!
//! A block's own default, such as the memory of a function that says none, is sent to a new resource. From then on the
//! field is as if it were never said; one that was said, and no longer is, goes back to that default.
//!
//! The values that stand for what is no longer said are sent and not remembered: once AWS has them, the field is as if
//! it were never said, and what somebody sets by hand stays.

use super::equal::same;
use crate::catalog::{SchemaType, Shape};
use crate::value::{Json, Key, Partial, Path};

/// The spec that is wanted of a resource that is there. `defaults`: the fields of `wanted` that are a block's own defaults.
pub fn target(shape: &Shape, wanted: &Partial, defaults: &[Path], live: &Json, sent: Option<&Json>) -> Partial {
    let Some(sent) = sent else { return wanted.clone() };
    let mut target = filled(shape, wanted, sent, &|reset, _| reset.clone());
    for path in defaults.iter().filter(|path| former(wanted, path, sent).is_none()) {
        if let Some(live) = json_at(live, path) {
            put(&mut target, path, live);
        }
    }
    target
}

/// The spec that is remembered as sent until AWS has all of the target: fields that are no longer said as they were sent, so that
/// a run that comes after one that was killed takes them back as well.
pub fn unfinished(shape: &Shape, wanted: &Json, defaults: &[Path], sent: &Json) -> Json {
    let wanted = Partial::from_json(wanted);
    let mut kept = filled(shape, &wanted, sent, &|_, sent| sent.clone());
    for path in defaults {
        if let Some(former) = former(&wanted, path, sent) {
            put(&mut kept, path, former);
        }
    }
    kept.with_placeholders(&mut |_| Json::Null)
}

/// The fields that were sent and are no longer said, where AWS has no default to go back to.
pub fn staying(shape: &Shape, wanted: &Partial, sent: &Json) -> Vec<Path> {
    let mut paths = Vec::new();
    collect_staying(shape, wanted, sent, &Path::default(), &mut paths);
    paths
}

fn collect_staying(shape: &Shape, wanted: &Partial, sent: &Json, path: &Path, paths: &mut Vec<Path>) {
    let (Partial::Map(said), Json::Object(sent)) = (wanted, sent) else { return };
    for (name, sent) in sent.iter().filter(|(_, sent)| !sent.is_null()) {
        let Some(inner) = shape.at([name.as_str()]) else { continue };
        let (annotations, path) = (&inner.annotations, path.field(name));
        match (&shape.schema_type, said.get(name).filter(|said| !said.is_null())) {
            (_, Some(said)) => collect_staying(inner, said, sent, &path, paths),
            (SchemaType::Map(_), None) if shape.annotations.stays => paths.push(path),
            (SchemaType::Object(_), None) => {
                let goes = shape.annotations.whole || annotations.reset.is_some() || reset(inner).is_some();
                if !goes && !annotations.owned_by_aws {
                    paths.push(path);
                }
            }
            _ => {}
        }
    }
}

/// The value that says a field's default; none if there is no such value. Of what is shared with others, only what is
/// ours goes.
fn reset(shape: &Shape) -> Option<Json> {
    let empty = match &shape.schema_type {
        SchemaType::Map(_) => Json::Object(serde_json::Map::new()),
        SchemaType::List { .. } => Json::Array(Vec::new()),
        _ => Json::Null,
    };
    let annotations = &shape.annotations;
    let of_ours = (annotations.merge && !annotations.stays).then_some(empty);
    annotations.reset.clone().or(of_ours).filter(|reset| !reset.is_null())
}

/// The wanted value, with a value for each field that was sent and is no longer said.
fn filled(shape: &Shape, wanted: &Partial, sent: &Json, value: &impl Fn(&Json, &Json) -> Json) -> Partial {
    match (&shape.schema_type, wanted, sent) {
        (SchemaType::Object(fields), Partial::Map(said), Json::Object(sent)) => {
            let mut all = said.clone();
            for (name, field) in fields {
                let Some(sent) = sent.get(name).filter(|sent| !sent.is_null()) else { continue };
                let now = match said.get(name).filter(|said| !said.is_null()) {
                    Some(said) => Some(filled(&field.shape, said, sent, value)),
                    // What is sent whole is compared whole.
                    None if shape.annotations.whole => None,
                    None => {
                        let reset = reset(&field.shape).filter(|reset| !same(reset, sent));
                        reset.map(|reset| Partial::from_json(&value(&reset, sent)))
                    }
                };
                all.extend(now.map(|now| (name.clone(), now)));
            }
            Partial::Map(all)
        }
        (SchemaType::OneOf(cases), Partial::Map(said), Json::Object(sent)) => {
            let inner = |name: &String, said: &Partial| match (cases.get(name), sent.get(name)) {
                (Some(case), Some(sent)) => filled(case, said, sent, value),
                _ => said.clone(),
            };
            Partial::Map(said.iter().map(|(name, said)| (name.clone(), inner(name, said))).collect())
        }
        (SchemaType::Map(of), Partial::Map(said), Json::Object(sent)) => {
            let inner = |key: &String, said: &Partial| {
                sent.get(key).map_or_else(|| said.clone(), |sent| filled(of, said, sent, value))
            };
            Partial::Map(said.iter().map(|(key, said)| (key.clone(), inner(key, said))).collect())
        }
        (SchemaType::List { of, .. }, Partial::List(said), Json::Array(sent)) => {
            let inner = |(at, said): (usize, &Partial)| {
                item(shape, (at, said), sent).map_or_else(|| said.clone(), |sent| filled(of, said, sent, value))
            };
            Partial::List(said.iter().enumerate().map(inner).collect())
        }
        _ => wanted.clone(),
    }
}

/// The item of a list that was sent, which is now this one.
fn item<'a>(list: &Shape, (at, said): (usize, &Partial), sent: &'a [Json]) -> Option<&'a Json> {
    let Some(key) = &list.annotations.key else {
        let in_order = !list.annotations.unordered && !list.annotations.merge && !list.annotations.rest_unordered;
        return sent.get(at).filter(|_| in_order);
    };
    let Some(Partial::Text(name)) = said.get(key) else { return None };
    sent.iter().find(|item| item.get(key).and_then(Json::as_str) == Some(name))
}

/// The value that was sent at a place where a block's default stands now, if that was something else: the file no longer says it.
fn former<'a>(wanted: &Partial, path: &Path, sent: &'a Json) -> Option<&'a Json> {
    let default = path.0.iter().try_fold(wanted, |value, key| match (value, key) {
        (Partial::Map(fields), Key::Field(name)) => fields.get(name),
        (Partial::List(items), Key::Index(at)) => items.get(*at),
        _ => None,
    });
    let default = default.and_then(|default| default.finish().ok())?;
    json_at(sent, path).filter(|sent| !same(sent, &default))
}

/// The value at a path, unless it is null.
fn json_at<'a>(json: &'a Json, path: &Path) -> Option<&'a Json> {
    let found = path.0.iter().try_fold(json, |json, key| match key {
        Key::Field(name) => json.get(name),
        Key::Index(at) => json.get(at),
    });
    found.filter(|json| !json.is_null())
}

/// Puts a value in the place of the one that is there.
fn put(partial: &mut Partial, path: &Path, value: &Json) {
    let place = path.0.iter().try_fold(partial, |value, key| match (value, key) {
        (Partial::Map(fields), Key::Field(name)) => fields.get_mut(name),
        (Partial::List(items), Key::Index(at)) => items.get_mut(*at),
        _ => None,
    });
    if let Some(place) = place {
        *place = Partial::from_json(value);
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
                "name": {"type": "string"},
                "memory": {"type": ["integer", "null"], "x-reset": 128},
                "exec": {"type": ["boolean", "null"], "x-reset": false},
                "witness": {"type": ["string", "null"], "x-change": "replace", "x-reset": null},
                "warmth": {"type": ["integer", "null"]},
                "tags": {"type": ["object", "null"], "additionalProperties": {"type": "string"}, "x-merge": true},
                "replicas": {"type": "array", "x-key": "region", "items": {"type": "object", "properties": {
                    "region": {"type": "string"}, "days": {"type": ["integer", "null"], "x-reset": 0}}}}
            }
        }))
        .expect("a shape")
    }

    #[expect(clippy::needless_pass_by_value, reason = "cases read better without borrows")]
    fn of(wanted: Json, live: Json, sent: Json) -> Json {
        let defaults = [Path::of(["memory"])];
        target(&shape(), &Partial::from_json(&wanted), &defaults, &live, Some(&sent)).finish().expect("known")
    }

    #[test]
    fn fields_never_said_are_not_wanted() {
        assert_eq!(of(json!({"name": "a"}), json!({"exec": true}), json!({"name": "a"})), json!({"name": "a"}));
    }

    #[test]
    fn fields_no_longer_said_are_wanted_at_the_default_of_aws() {
        let sent = json!({"exec": true, "warmth": 3, "witness": "w", "tags": {"a": "1"},
            "replicas": [{"region": "x", "days": 7}, {"region": "y", "days": 0}]});
        let wanted = json!({"exec": null, "replicas": [{"region": "y"}, {"region": "x"}, {"region": "z"}]});
        let expected = json!({"exec": false, "tags": {}, "replicas": [{"region": "y"}, {"region": "x", "days": 0}, {"region": "z"}]});
        assert_eq!(of(wanted, json!({}), sent), expected);
    }

    #[test]
    fn fields_said_no_are_wanted_so_and_need_no_reset_later() {
        assert_eq!(of(json!({"exec": false}), json!({"exec": true}), json!({"exec": true})), json!({"exec": false}));
        assert_eq!(of(json!({}), json!({"exec": true}), json!({"exec": false})), json!({}));
    }

    #[test]
    fn defaults_of_blocks_are_not_held_against_what_is_there() {
        assert_eq!(
            of(json!({"memory": 256}), json!({"memory": 1024}), json!({"memory": 256})),
            json!({"memory": 1024})
        );
        assert_eq!(of(json!({"memory": 256}), json!({"memory": 1024}), json!({"memory": 512})), json!({"memory": 256}));
        let new = target(&shape(), &Partial::from_json(&json!({"memory": 256})), &[], &json!({"memory": 128}), None);
        assert_eq!(new.finish(), Ok(json!({"memory": 256})));
    }

    #[test]
    fn fields_without_a_default_stay_and_are_told() {
        let sent = json!({"name": "a", "warmth": 3, "exec": true, "witness": "w", "tags": {"a": "1"}});
        let stays = staying(&shape(), &Partial::from_json(&json!({"name": "a"})), &sent);
        assert_eq!(stays, [Path::of(["warmth"])]);
        assert!(staying(&shape(), &Partial::from_json(&sent), &sent).is_empty());
    }

    #[test]
    fn what_is_taken_back_is_remembered_until_it_is_done() {
        let sent = json!({"name": "a", "exec": true, "memory": 512, "tags": {"old": "1"}, "warmth": 3});
        let wanted = json!({"name": "b", "memory": 256});
        let kept = unfinished(&shape(), &wanted, &[Path::of(["memory"])], &sent);
        assert_eq!(kept, json!({"name": "b", "exec": true, "memory": 512, "tags": {"old": "1"}}));
        assert_eq!(unfinished(&shape(), &wanted, &[], &wanted), wanted);
    }
}
