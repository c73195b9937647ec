//! Protected data: which decisions would lose it, and the obstacles that they meet.

use super::inputs::Inputs;
use crate::catalog::KindInfo;
use crate::graph::Node;
use crate::names::Address;
use crate::plan::{Decision, Obstacle, ObstacleKind};
use crate::state::Record;
use crate::value::Key;

/// The obstacles of a decision on a declared resource: protected data that it would delete.
pub(super) fn of_declared(
    inputs: Inputs<'_>,
    address: &Address,
    node: &Node,
    decision: &Decision,
    info: &KindInfo,
) -> Vec<Obstacle> {
    let is_protected = node.declaration.protect || holds_protected(inputs, address);
    if !is_protected || inputs.intent.allows_data_loss(address) {
        return Vec::new();
    }
    if is_empty_again(decision, info) {
        return vec![lost_outside(address)];
    }
    let replaced = matches!(decision, Decision::Replace { .. }).then(|| obstacle(address, "replace it"));
    let lost = lost_parts(decision, info).into_iter().map(|part| obstacle(address, &format!("remove {part} from it")));
    replaced.into_iter().chain(lost).collect()
}

/// True if what stands at an address is protected, whatever the file says of what comes in its place.
fn holds_protected(inputs: Inputs<'_>, address: &Address) -> bool {
    inputs.state.records.get(address).is_some_and(|record| record.protect)
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
    is_obstacle.then(|| obstacle(address, "delete what an earlier run has replaced"))
}

/// The obstacle of deleting a resource that is no longer declared, if it is protected.
pub(super) fn of_deleted(inputs: Inputs<'_>, address: &Address) -> Option<Obstacle> {
    let is_protected = match inputs.graph.get(address) {
        Some(node) => node.declaration.protect,
        None => inputs.state.records.get(address).is_some_and(|record| record.protect),
    };
    let is_obstacle = is_protected && !inputs.intent.allows_data_loss(address);
    is_obstacle.then(|| obstacle(address, "delete it"))
}

fn obstacle(address: &Address, fate: &str) -> Obstacle {
    Obstacle {
        address: address.clone(),
        kind: ObstacleKind::Protected,
        message: format!("this resource holds data and is protected; the plan would {fate}"),
        help: format!("to {fate} anyway, pass `--allow-data-loss {address}`; to keep it, set `retain: true`"),
    }
}

/// Parts of a resource that holds data which an update would take away, such as a table's replica.
fn lost_parts(decision: &Decision, info: &KindInfo) -> Vec<String> {
    let (Decision::Update { changes } | Decision::Adopt { changes, .. }) = decision else { return Vec::new() };
    if !info.traits.holds_data {
        return Vec::new();
    }
    let mut parts = Vec::new();
    for change in changes.iter().filter(|change| change.to.is_null()) {
        if let [Key::Field(field), Key::Field(_)] = change.path.0.as_slice()
            && info.spec.at([field.as_str()]).is_some_and(|shape| shape.annotations.key.is_some())
        {
            parts.push(format!("`{}`", change.path));
        }
    }
    parts
}
