//! Holds of AWS: what it does not let go of, or does not change. A plan that would is refused before its first call.

use super::inputs::Inputs;
use crate::cloud::{HeldPart, Holder};
use crate::names::{Address, PhysicalId};
use crate::plan::{Decision, Obstacle, ObstacleKind, Planned};

/// The obstacles of parts that a decision changes or takes away.
pub(super) fn parts(inputs: Inputs<'_>, address: &Address, decision: &Decision) -> Vec<Obstacle> {
    let Some(live) = inputs.observed.live(address) else { return Vec::new() };
    let (Decision::Update { changes } | Decision::Adopt { changes, .. } | Decision::Replace { changes, .. }) = decision
    else {
        return Vec::new();
    };
    let paths: Vec<(String, bool)> =
        changes.iter().map(|change| (change.path.to_string(), change.to.is_null())).collect();
    let held = live.held.iter().filter_map(|part| {
        let (_, goes) = paths.iter().find(|(path, _)| *path == part.path)?;
        Some((part, if *goes { "taken away" } else { "changed" }))
    });
    held.map(|(part, fate)| obstacle(address, &format!("`{}` cannot be {fate}", part.path), part)).collect()
}

/// The obstacles of resources that would go for good while something stays that holds them.
pub(super) fn wholes(inputs: Inputs<'_>, entries: &[Planned]) -> Vec<Obstacle> {
    let going: Vec<&Planned> = entries.iter().filter(|entry| entry.decision == Decision::Delete).collect();
    let is_going = |holder: &Holder| {
        let is_it = |entry: &&&Planned| {
            let same_id = entry.id.as_ref().map(PhysicalId::as_str) == Some(holder.id.as_str());
            same_id && entry.kind.as_str() == holder.kind && entry.address.at == holder.at
        };
        going.iter().any(|entry| is_it(&entry))
    };
    let mut obstacles = Vec::new();
    for entry in going.iter().filter(|entry| !entry.deposed) {
        let Some(live) = inputs.observed.live(&entry.address) else { continue };
        let whole = live.held.iter().filter(|part| part.path.is_empty());
        let held = whole.filter(|part| !part.by.iter().all(&is_going));
        obstacles.extend(held.map(|part| obstacle(&entry.address, "it cannot be deleted", part)));
    }
    obstacles
}

fn obstacle(address: &Address, what: &str, part: &HeldPart) -> Obstacle {
    Obstacle {
        address: address.clone(),
        kind: ObstacleKind::Impossible,
        message: format!("{what}: {}", part.why),
        help: part.help.clone(),
    }
}
