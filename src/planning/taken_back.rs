//! Replacements that are taken back: their old half still stands, and is what the file wants again.

use crate::catalog::Catalog;
use crate::cloud::Live;
use crate::diff::{Effect, changes};
use crate::names::Address;
use crate::plan::Decision;
use crate::planning::decide::Decided;
use crate::state::{Deposed, Record, State};

/// Old halves that the file may want again: something else stands at their address, and is to be replaced.
pub(crate) fn candidates<'a>(decided: &Decided, state: &'a State) -> Vec<&'a Deposed> {
    let is_replaced = |old: &&Deposed| {
        let entries = decided.plan.entries.iter().filter(|entry| entry.address == old.address);
        let mut replaced = entries.filter(|entry| matches!(entry.decision, Decision::Replace { why: None, .. }));
        replaced.any(|entry| entry.kind == old.record.kind)
    };
    state.deposed.iter().filter(is_replaced).collect()
}

/// True if an old half is what is wanted, but for what an update can change.
pub(crate) fn is_wanted(catalog: &Catalog, decided: &Decided, old: (&Address, &Record), live: &Live) -> bool {
    let (address, record) = old;
    let known = decided.wanted.get(address).zip(catalog.get(&record.kind));
    let Some((wanted, info)) = known.filter(|_| live.readiness.is_there()) else { return false };
    let changes = changes(&info.spec, wanted, &live.spec, Some(&record.spec));
    changes.iter().all(|change| change.effect == Effect::Update)
}
