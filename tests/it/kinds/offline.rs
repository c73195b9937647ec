//! What can be said of a kind without making a thing.

use std::collections::BTreeSet;

use isobar::catalog::check::check;
use isobar::catalog::{Catalog, KindInfo, SchemaType};
use isobar::value::{Json, Template};

use super::example;

/// Everything that is wrong with a kind's example and changes.
pub fn faults(kind: &KindInfo, catalog: &Catalog) -> Vec<String> {
    let mut faults = Vec::new();
    if let Err(fault) = example_and_changes(kind, catalog, &mut faults) {
        faults.push(fault);
    }
    faults.into_iter().map(|fault| format!("{}: {fault}", kind.name)).collect()
}

fn example_and_changes(kind: &KindInfo, catalog: &Catalog, faults: &mut Vec<String>) -> Result<(), String> {
    let spec = example::read(kind.example)?;
    fits((kind, catalog), &spec, "EXAMPLE", faults)?;
    let mut written: BTreeSet<String> = spec.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
    let mut current = spec;
    for text in kind.changes {
        let patch = example::read(text)?;
        written.extend(patch.as_object().into_iter().flatten().map(|(name, _)| name.clone()));
        let next = example::patched(&current, &patch);
        fits((kind, catalog), &next, &format!("the change `{}`", text.trim()), faults)?;
        current = next;
    }
    if let SchemaType::Object(fields) = &kind.spec.schema_type {
        let unwritten = fields.keys().filter(|name| !written.contains(*name));
        faults.extend(unwritten.map(|name| format!("`{name}` is neither in EXAMPLE nor in CHANGES")));
        let undocumented = fields.iter().filter(|(_, field)| field.shape.about.is_empty());
        faults.extend(undocumented.map(|(name, _)| format!("`{name}` has no word of documentation")));
    }
    Ok(())
}

fn fits(
    (kind, catalog): (&KindInfo, &Catalog),
    spec: &Json,
    what: &str,
    faults: &mut Vec<String>,
) -> Result<(), String> {
    let template = Template::parse(spec).map_err(|error| format!("{what}: {error}"))?;
    let partial = template.fill(&|_| None);
    faults.extend(
        check(&kind.spec, &partial)
            .into_iter()
            .map(|fault| format!("{what}: {} {}: {}", fault.path, fault.code, fault.message)),
    );
    for (other, output) in example::references(spec)? {
        let info = other.parse().ok().and_then(|name| catalog.get(&name).cloned());
        match info {
            Some(info) if info.outputs.at(output.iter().map(String::as_str)).is_some() => {}
            Some(_) => faults.push(format!("{what}: {other} has no output `{}`", output.join("."))),
            None => faults.push(format!("{what}: no such kind: {other}")),
        }
    }
    let filled = partial.with_placeholders(&mut |_| Json::from("known-after-apply"));
    faults.extend(
        (kind.check)(&filled).unwrap_or_else(|error| vec![error]).into_iter().map(|fault| format!("{what}: {fault}")),
    );
    Ok(())
}
