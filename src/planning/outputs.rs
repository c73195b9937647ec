//! Outputs that are known before apply, although a plan may still change the resources that they are of.

use super::inputs::{Decisions, Inputs};
use crate::diff::{Change, Effect, changes};
use crate::names::Address;
use crate::plan::Decision;
use crate::state::Record;
use crate::value::{Json, Key, Partial, Reference, Target, pointer};

/// The value of a reference, if it is known before apply.
pub(super) fn known(inputs: Inputs<'_>, done: &Decisions, reference: &Reference) -> Option<Json> {
    match &reference.target {
        Target::Known(json) => Some(json.clone()),
        Target::Account => Some(inputs.account.to_owned().into()),
        Target::Written { .. } => None,
        Target::Output { of, output } => known_output(inputs, done, of, output),
    }
}

fn known_output(inputs: Inputs<'_>, done: &Decisions, of: &Address, output: &[String]) -> Option<Json> {
    let live = || observed(inputs, of, output);
    let Some((decision, wanted)) = done.get(of) else { return live() };
    let known = match decision {
        Decision::Keep | Decision::Await { .. } => live(),
        Decision::Adopt { changes, .. } if changes.is_empty() => live(),
        Decision::Update { changes } | Decision::Adopt { changes, .. } => {
            let may_move = is_moved(inputs, of, output, changes);
            wanted.mirrored(output).or_else(|| if may_move { None } else { live() })
        }
        Decision::Replace { why: None, .. } => {
            wanted.mirrored(output).or_else(|| taken_back(inputs, of, wanted, output))
        }
        _ => wanted.mirrored(output),
    };
    known.or_else(|| of_another(inputs, of, wanted, output))
}

/// An output that AWS makes of one field and the account, as the state remembers it of another one with that field.
fn of_another(inputs: Inputs<'_>, of: &Address, wanted: &Partial, output: &[String]) -> Option<Json> {
    let info = inputs.kind_of(inputs.graph.get(of)?)?;
    let field = info.outputs.at(output.iter().map(String::as_str))?.annotations.same_for.as_deref()?;
    let value = wanted.get(field)?.finish().ok()?;
    let records = inputs.state.records.values().filter(|record| record.kind == info.name);
    let mut alike = records.filter(|record| record.spec.get(field) == Some(&value));
    let pointer = pointer(output.iter().map(String::as_str));
    alike.find_map(|record| record.outputs.pointer(&pointer).filter(|value| !value.is_null()).cloned())
}

/// An output of what an earlier replacement was to leave behind, if that is what is wanted again.
fn taken_back(inputs: Inputs<'_>, of: &Address, wanted: &Partial, output: &[String]) -> Option<Json> {
    let info = inputs.kind_of(inputs.graph.get(of)?)?;
    let at_address = inputs.state.deposed.iter().filter(|old| old.address == *of && old.record.kind == info.name);
    let replaces = |record: &Record| {
        let changes = changes(&info.spec, wanted, &record.spec, Some(&record.spec));
        changes.iter().any(|change| change.effect == Effect::Replace)
    };
    let old = at_address.map(|old| &old.record).find(|record| !replaces(record))?;
    old.outputs.pointer(&pointer(output.iter().map(String::as_str))).filter(|value| !value.is_null()).cloned()
}

/// An output as it was read, or as it is remembered: a survey leaves out outputs that never change and take a call of
/// their own, and what is not part of the plan.
fn observed(inputs: Inputs<'_>, of: &Address, output: &[String]) -> Option<Json> {
    let pointer = pointer(output.iter().map(String::as_str));
    let seen = inputs.observed.live(of).and_then(|live| live.outputs.pointer(&pointer));
    let seen = seen.filter(|value| !value.is_null());
    let is_existing = inputs.graph.get(of).is_some_and(|node| node.declaration.existing);
    let remembered = || inputs.state.records.get(of).filter(|_| !is_existing)?.outputs.pointer(&pointer);
    seen.or_else(remembered).cloned()
}

/// True if any of these changes may move an output.
fn is_moved(inputs: Inputs<'_>, of: &Address, output: &[String], changes: &[Change]) -> bool {
    let info = inputs.graph.get(of).and_then(|node| inputs.kind_of(node));
    let shape = info.and_then(|info| info.outputs.at(output.iter().map(String::as_str)));
    shape.is_some_and(|shape| shape.annotations.volatile && is_outside(&shape.annotations.stable_under, changes))
}

/// True if any of these changes is of another field than those under which an output stays as it is.
fn is_outside(stable_under: &[String], changes: &[Change]) -> bool {
    changes.iter().any(|change| match change.path.0.first() {
        Some(Key::Field(name)) => !stable_under.contains(name),
        _ => true,
    })
}
