//! Highlights: the few properties that tell what a new resource is.

use std::collections::BTreeMap;

use crate::catalog::{SchemaType, Shape};
use crate::names::Address;
use crate::plan::review::Highlight;
use crate::plan::{Decision, Plan};
use crate::planning::inputs::Inputs;
use crate::value::{Partial, Path};

/// Most properties of one resource.
const MOST: usize = 4;

/// The highlights of everything that a plan makes.
pub(super) fn highlights(
    inputs: Inputs<'_>,
    plan: &Plan,
    wanted: &BTreeMap<Address, Partial>,
) -> BTreeMap<Address, Vec<Highlight>> {
    let new = plan.entries.iter().filter(|entry| matches!(entry.decision, Decision::Create { .. }));
    let of = |address: &Address, kind| {
        let all = of_new(&inputs.catalog.get(kind)?.spec, wanted.get(address)?);
        (!all.is_empty()).then(|| (address.clone(), all))
    };
    new.filter_map(|entry| of(&entry.address, &entry.kind)).collect()
}

/// Fields marked as telling, then what must be there; only what is known.
fn of_new(shape: &Shape, wanted: &Partial) -> Vec<Highlight> {
    let mut found = Vec::new();
    marked(shape, wanted, &Path::default(), &mut found);
    if found.is_empty()
        && let (SchemaType::Object(fields), Partial::Map(values)) = (&shape.schema_type, wanted)
    {
        let required = fields.iter().filter(|(_, field)| field.required && !field.shape.annotations.secret);
        let known = required.filter_map(|(name, _)| Some((name, values.get(name)?.finish().ok()?)));
        let plain = known.filter(|(_, value)| !value.is_null() && !value.is_object() && !value.is_array());
        found.extend(plain.map(|(name, value)| Highlight { path: Path::of([name.as_str()]), value }));
    }
    found.sort_by_key(|one| one.path != Path::of(["name"]));
    found.truncate(MOST);
    found
}

fn marked(shape: &Shape, wanted: &Partial, path: &Path, found: &mut Vec<Highlight>) {
    if shape.annotations.secret || wanted.is_null() {
        return;
    }
    if shape.annotations.stakes.highlight {
        found.extend(wanted.finish().ok().map(|value| Highlight { path: path.clone(), value }));
        return;
    }
    match (&shape.schema_type, wanted) {
        (SchemaType::Object(fields), Partial::Map(values)) => {
            for (name, field) in fields {
                if let Some(value) = values.get(name) {
                    marked(&field.shape, value, &path.field(name), found);
                }
            }
        }
        (SchemaType::OneOf(cases), Partial::Map(values)) => {
            for (name, value) in values {
                if let Some(case) = cases.get(name) {
                    marked(case, value, &path.field(name), found);
                }
            }
        }
        (SchemaType::Map(of), Partial::Map(values)) => {
            for (key, value) in values {
                marked(of, value, &path.field(key), found);
            }
        }
        (SchemaType::List { of, .. }, Partial::List(items)) => {
            for (at, item) in items.iter().enumerate() {
                let key = shape.annotations.key.as_ref().and_then(|key| item.get(key));
                let place = match key {
                    Some(Partial::Text(name)) => path.field(name),
                    _ => path.index(at),
                };
                marked(of, item, &place, found);
            }
        }
        _ => {}
    }
}
