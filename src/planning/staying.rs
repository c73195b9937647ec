//! Fields that a raw resource no longer says and that AWS has no way back from: they stay as they were last sent.
//!
//! Blocks have none: every key of a block has a default, and what else a block writes goes with a key.

use std::collections::BTreeMap;

use super::inputs::Inputs;
use crate::diff::staying;
use crate::names::Address;
use crate::plan::{Decision, Planned, Stay};
use crate::value::Partial;

/// The fields that stay, of everything that is not made anew.
pub(super) fn of(inputs: Inputs<'_>, entries: &[Planned], wanted: &BTreeMap<Address, Partial>) -> Vec<Stay> {
    let mut stays = Vec::new();
    for Planned { address, decision, .. } in entries {
        let is_there = matches!(decision, Decision::Keep | Decision::Await { .. } | Decision::Update { .. });
        let node = inputs.graph.get(address).filter(|node| is_there && node.declaration.is_raw());
        let known = node.and_then(|node| Some((inputs.kind_of(node)?, inputs.state.records.get(address)?)));
        if let (Some((info, record)), Some(wanted)) = (known, wanted.get(address)) {
            let paths = staying(&info.spec, wanted, &record.spec);
            stays.extend(paths.into_iter().map(|path| Stay { address: address.clone(), path }));
        }
    }
    stays
}
