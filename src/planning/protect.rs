//! Protected data: which decisions would lose it, and the obstacles that they meet.

use super::inputs::Inputs;
use crate::catalog::KindInfo;
use crate::diff::Change;
use crate::graph::Node;
use crate::names::Address;
use crate::plan::{Decision, Obstacle, ObstacleKind};
use crate::state::Record;
use crate::value::{Json, Key};

/// The obstacles of a decision on a declared resource: protected data that it would delete.
pub(super) fn of_declared(
    inputs: Inputs<'_>,
    address: &Address,
    node: &Node,
    decision: &Decision,
    info: &KindInfo,
) -> Vec<Obstacle> {
    if inputs.intent.allows_data_loss(address) {
        return Vec::new();
    }
    let is_protected = node.declaration.protect || holds_protected(inputs, address);
    if is_protected && is_empty_again(decision, info) {
        return vec![lost_outside(address)];
    }
    let is_replaced = is_protected && matches!(decision, Decision::Replace { .. });
    let replaced = is_replaced.then(|| obstacle(address, "replace it", "set `retain: true`"));
    let lost = lost_parts(decision, info).filter(|change| is_protected || protects(info, change));
    let lost =
        lost.map(|change| obstacle(address, &format!("remove `{}` from it", change.path), "leave it in the file"));
    replaced.into_iter().chain(lost).collect()
}

/// True if what stands at an address is protected, whatever the file says of what comes in its place: by the file that made
/// it, or in AWS.
fn holds_protected(inputs: Inputs<'_>, address: &Address) -> bool {
    let Some(record) = inputs.state.records.get(address) else { return false };
    let info = inputs.catalog.get(&record.kind);
    let live = inputs.observed.live(address).map(|live| &live.spec);
    record.protect || info.zip(live).is_some_and(|(info, live)| is_on(info, &[], live))
}

/// True if a protection of its own is switched on in a resource, or in a part of it.
fn is_on(info: &KindInfo, path: &[&str], live: &Json) -> bool {
    let fields = live.as_object().into_iter().flatten().filter(|(_, value)| value.as_bool() == Some(true));
    let mut shapes = fields.filter_map(|(name, _)| info.spec.at(path.iter().copied().chain([name.as_str()])));
    shapes.any(|shape| shape.annotations.protects)
}

/// True if what held data is gone, and a new one would be empty.
fn is_empty_again(decision: &Decision, info: &KindInfo) -> bool {
    info.traits.holds_data && matches!(decision, Decision::Create { why: Some(_) })
}

fn lost_outside(address: &Address) -> Obstacle {
    Obstacle {
        address: address.clone(),
        kind: ObstacleKind::Protected,
        message: "this resource held data and is gone from AWS: somebody else has deleted it; the plan would make an \
                  empty one in its place"
            .to_owned(),
        help: format!(
            "restore it from a backup under the same name, and plan again; to begin with an empty one, pass \
             `--allow-data-loss {address}`"
        ),
    }
}

/// The obstacle of deleting a deposed resource, if it is protected: the word for its replacement was given to another run.
pub(super) fn of_deposed(inputs: Inputs<'_>, address: &Address, record: &Record) -> Option<Obstacle> {
    let holds_data = inputs.catalog.get(&record.kind).is_some_and(|info| info.traits.holds_data);
    let is_obstacle = holds_data && record.protect && !inputs.intent.allows_data_loss(address);
    is_obstacle
        .then(|| obstacle(address, "delete what an earlier run has replaced", "take the replacement back in the file"))
}

/// The obstacle of deleting a resource that is no longer declared, if it is protected.
pub(super) fn of_deleted(inputs: Inputs<'_>, address: &Address) -> Option<Obstacle> {
    let is_protected = match inputs.graph.get(address) {
        Some(node) => node.declaration.protect,
        None => holds_protected(inputs, address),
    };
    let is_obstacle = is_protected && !inputs.intent.allows_data_loss(address);
    is_obstacle.then(|| obstacle(address, "delete it", "set `retain: true`"))
}

fn obstacle(address: &Address, fate: &str, to_keep: &str) -> Obstacle {
    Obstacle {
        address: address.clone(),
        kind: ObstacleKind::Protected,
        message: format!("this resource holds data and is protected; the plan would {fate}"),
        help: format!("to {fate} anyway, pass `--allow-data-loss {address}`; to keep it, {to_keep}"),
    }
}

/// Parts of a resource that holds data which an update would take away, such as a table's replica.
fn lost_parts<'a>(decision: &'a Decision, info: &'a KindInfo) -> impl Iterator<Item = &'a Change> {
    let is_part = |change: &&Change| match change.path.0.as_slice() {
        [Key::Field(field), Key::Field(_)] => {
            info.spec.at([field.as_str()]).is_some_and(|shape| shape.annotations.key.is_some())
        }
        _ => false,
    };
    removed(decision).filter(|_| info.traits.holds_data).filter(is_part)
}

/// Everything that an update takes away.
fn removed(decision: &Decision) -> impl Iterator<Item = &Change> {
    let changes = match decision {
        Decision::Update { changes } | Decision::Adopt { changes, .. } => changes.as_slice(),
        _ => &[],
    };
    changes.iter().filter(|change| change.to.is_null())
}

/// True if a part that would go has a protection of its own switched on, whatever the file says of it.
fn protects(info: &KindInfo, change: &Change) -> bool {
    let Some(Key::Field(field)) = change.path.0.first() else { return false };
    is_on(info, &[field.as_str(), "*"], &change.from)
}
