//! Rules of the strict cloud: refusals, and outputs.

use std::collections::BTreeMap;

use super::{Inner, Thing};
use crate::catalog::{KindInfo, SchemaType, check};
use crate::cloud::{Class, CloudError};
use crate::names::{KindName, PhysicalId, Scope};
use crate::problem::Code;
use crate::value::{Json, Partial};

/// True if two specs make one name, of a kind whose names are unique.
pub(super) fn same_name(info: &KindInfo, one: &Json, other: &Json) -> bool {
    let field = |name: &&str| one.get(*name).is_some() && one.get(*name) == other.get(*name);
    !info.traits.unique_by.is_empty() && info.traits.unique_by.iter().all(field)
}

pub(super) fn fits(info: &KindInfo, spec: &Json) -> Result<(), CloudError> {
    let faults = check::check(&info.spec, &Partial::from_json(spec));
    // An output of this cloud has neither the form nor the length of AWS's.
    let real = faults.iter().find(|fault| ![Code::WrongForm, Code::TooLong].contains(&fault.code));
    match real {
        Some(fault) => Err(refusal(Class::Invalid, &info.name, &format!("{}: {}", fault.path, fault.message))),
        None => Ok(()),
    }
}

/// References of a spec must exist, and no longer be pending. Outputs carry the id between slashes.
pub(super) fn settled_references(inner: &Inner, spec: &Json, kind: &KindName) -> Result<(), CloudError> {
    let text = spec.to_string();
    for (at, _) in text.match_indices("fake:/") {
        let id = text[at + 6..].split('/').next().unwrap_or_default();
        let found = inner.things.iter().find(|((_, _, one), _)| one.as_str() == id);
        match found {
            None => return Err(refusal(Class::Invalid, kind, &format!("{id} does not exist"))),
            Some((_, thing)) if thing.leaving => {
                return Err(refusal(Class::Invalid, kind, &format!("{id} is being deleted")));
            }
            Some((_, thing)) if thing.pending > 0 => {
                return Err(refusal(Class::Invalid, kind, &format!("{id} is in the works")));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// An output named like a field has the field's value; any other tells of the id. A map has an entry for each item of the
/// lists whose items are told apart by a field.
pub(super) fn outputs(info: &KindInfo, id: &PhysicalId, spec: &Json) -> Json {
    let SchemaType::Object(fields) = &info.outputs.schema_type else { return Json::Null };
    let value = |name: &String, shape: &crate::catalog::Shape| match spec.get(name).filter(|value| !value.is_null()) {
        Some(value) => value.clone(),
        None if matches!(shape.schema_type, SchemaType::Map(_)) => {
            let entry = |key: &str| (key.to_owned(), Json::from(format!("fake:/{id}/{name}/{key}")));
            Json::Object(keys(info, spec).map(entry).collect())
        }
        None if shape.annotations.volatile => format!("fake:/{id}/{}", crate::value::fingerprint(spec)).into(),
        None => match shape.placeholder() {
            Json::String(_) => format!("fake:/{id}/{name}").into(),
            other => other,
        },
    };
    Json::Object(fields.iter().map(|(name, field)| (name.clone(), value(name, &field.shape))).collect())
}

/// Keys that tell the items of a spec's lists apart.
fn keys<'a>(info: &'a KindInfo, spec: &'a Json) -> impl Iterator<Item = &'a str> {
    let lists = spec.as_object().into_iter().flatten();
    let keyed =
        lists.filter_map(|(field, list)| Some((list, info.spec.at([field.as_str()])?.annotations.key.as_ref()?)));
    keyed.flat_map(|(list, key)| list.as_array().into_iter().flatten().filter_map(move |item| item[key].as_str()))
}

pub(super) fn refusal(class: Class, kind: &KindName, message: &str) -> CloudError {
    CloudError::local(class, kind.as_str(), message)
}

/// The resources of a kind in a place.
pub(super) fn of_kind<'a>(
    things: &'a BTreeMap<(Scope, KindName, PhysicalId), Thing>,
    at: &'a Scope,
    kind: &'a KindName,
) -> impl Iterator<Item = (&'a (Scope, KindName, PhysicalId), &'a Thing)> {
    things.iter().filter(move |((scope, one, _), _)| scope == at && one == kind)
}
