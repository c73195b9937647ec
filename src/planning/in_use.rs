//! Things in use: AWS deletes none of these, so a replacement that has to delete first could never begin.

use super::inputs::{Decisions, Inputs};
use crate::names::Address;
use crate::plan::{Obstacle, ObstacleKind};

/// Obstacles of replacements that delete first what goes on being used.
pub(super) fn held(inputs: Inputs<'_>, decisions: &Decisions) -> Vec<Obstacle> {
    let replaced = decisions.iter().filter(|(_, (decision, _))| decision.deletes_first());
    replaced.filter_map(|(address, _)| Some(obstacle(address, holder(inputs, decisions, address)?))).collect()
}

/// Something that uses what stands at an address, is to go on with the new one, and does not itself go before it.
fn holder<'a>(inputs: Inputs<'a>, decisions: &Decisions, address: &Address) -> Option<&'a Address> {
    let kinds = inputs.kind_of(inputs.graph.get(address)?)?.traits.held_by;
    let holders = inputs.graph.in_order().filter(|(user, node)| {
        let uses_it_now = inputs.state.records.get(user).is_some_and(|record| record.needs.contains(address));
        let goes_first = decisions.get(user).is_some_and(|(decision, _)| decision.deletes_first());
        let holds = kinds.contains(&node.declaration.kind.as_str()) && node.needs.contains_key(address);
        holds && uses_it_now && !goes_first
    });
    holders.map(|(user, _)| user).next()
}

fn obstacle(address: &Address, holder: &Address) -> Obstacle {
    Obstacle {
        address: address.clone(),
        kind: ObstacleKind::Impossible,
        message: format!(
            "it has to be deleted before there is a new one of its name, and AWS deletes none that `{holder}` uses"
        ),
        help: "give it another name as well: the new one then stands beside the old one until that is used no more"
            .into(),
    }
}
