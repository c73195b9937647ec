//! The decision on one resource: the desired, the remembered and the observed side by side.

use super::inputs::Inputs;
use crate::catalog::KindInfo;
use crate::cloud::{CloudError, Live, Readiness};
use crate::diff::{Change, Effect, changes, target};
use crate::names::Address;
use crate::observe::SearchResult;
use crate::plan::{Decision, Obstacle, ObstacleKind, ReplaceOrder};
use crate::state::Record;
use crate::value::{Key, Partial};

/// The decision on a declared resource, as if it alone were planned.
pub(super) fn decision(inputs: Inputs<'_>, address: &Address, wanted: &Partial, info: &KindInfo) -> Decision {
    let Some(record) = inputs.state.records.get(address) else {
        return without_record(inputs, address, wanted, info);
    };
    if record.kind != info.name {
        let why = Some(format!("its kind was {}", record.kind));
        return Decision::Replace { changes: Vec::new(), why, order: ReplaceOrder::CreateFirst };
    }
    let Some(live) = inputs.observed.live(address) else {
        return Decision::Create { why: Some("gone from AWS".into()) };
    };
    let decision = with_live(inputs, address, (wanted, live, record), info);
    if is_untagged(record, info) { tagged_first(decision, record) } else { decision }
}

/// The obstacle of a resource whose name is in use by a resource that the stack does not own.
pub(super) fn name_conflict(inputs: Inputs<'_>, address: &Address) -> Option<Obstacle> {
    let Some(SearchResult::NotOwned(error)) = inputs.observed.found.get(address) else { return None };
    let is_new = !inputs.state.records.contains_key(address);
    is_new.then(|| match &error.held_by {
        Some(holder) if holder != address => held_by_ours(address, holder),
        _ => not_owned(address, error),
    })
}

/// What is in the way belongs to this stack, under an address that the plan cannot carry over by itself.
fn held_by_ours(address: &Address, holder: &Address) -> Obstacle {
    Obstacle {
        address: address.clone(),
        kind: ObstacleKind::Impossible,
        message: format!(
            "`{address}` and `{holder}` would be one resource in AWS, which carries the tags of `{holder}`"
        ),
        help: format!(
            "if it is that one under a new name, write the old and the new name of the block under `moved`; if it is \
             another one, give it another name, or delete `{holder}` first"
        ),
    }
}

fn not_owned(address: &Address, error: &CloudError) -> Obstacle {
    let help = error.hint.clone().unwrap_or_else(|| "rename it, or delete the other".into());
    Obstacle { address: address.clone(), kind: ObstacleKind::NotOwned, message: error.message.clone(), help }
}

fn without_record(inputs: Inputs<'_>, address: &Address, wanted: &Partial, info: &KindInfo) -> Decision {
    match inputs.observed.found.get(address) {
        Some(SearchResult::Ours(id)) => {
            let live = inputs.observed.live(address);
            let changes = live.map(|live| changes(&info.spec, wanted, &live.spec, None)).unwrap_or_default();
            Decision::Adopt { id: id.clone(), changes }
        }
        Some(SearchResult::NotOwned(_)) => Decision::Create { why: None },
        Some(SearchResult::Nothing) | None => {
            let gone = inputs.observed.gone.contains(address);
            Decision::Create { why: gone.then(|| "gone from AWS".into()) }
        }
    }
}

/// The decision on a resource that exists.
fn with_live(
    inputs: Inputs<'_>,
    address: &Address,
    (wanted, live, record): (&Partial, &Live, &Record),
    info: &KindInfo,
) -> Decision {
    let sent = Some(&record.spec);
    let defaults = inputs.graph.get(address).map_or(&[][..], |node| node.declaration.defaults_after(record.is_whole()));
    let target = target(&info.spec, wanted, defaults, &live.spec, sent);
    let changes = changes(&info.spec, &target, &live.spec, sent);
    if changes.iter().any(|change| change.effect == Effect::Replace) {
        let order = replace_order(info, &changes);
        return Decision::Replace { changes, why: None, order };
    }
    if let Some(why) = reason_to_replace(inputs, address, live, info) {
        let order = replace_order(info, &changes);
        return Decision::Replace { changes, why: Some(why), order };
    }
    if !changes.is_empty() {
        return Decision::Update { changes };
    }
    match &live.readiness {
        Readiness::Pending(why) | Readiness::Configured(why) | Readiness::Failed(why) => {
            Decision::Await { why: why.clone() }
        }
        Readiness::Serving => Decision::Keep,
    }
}

/// The reason to replace a resource although none of its changes asks for that.
fn reason_to_replace(inputs: Inputs<'_>, address: &Address, live: &Live, info: &KindInfo) -> Option<String> {
    match &live.readiness {
        Readiness::Failed(why) if info.traits.replace_failed && !info.traits.holds_data => {
            Some(format!("it has failed: {why}"))
        }
        _ => inputs.intent.is_to_be_replaced(address).then(|| "requested".to_owned()),
    }
}

fn replace_order(info: &KindInfo, changes: &[Change]) -> ReplaceOrder {
    let is_changed = |field: &str| {
        changes.iter().any(|change| matches!(change.path.0.first(), Some(Key::Field(name)) if name == field))
    };
    // A settled field gets its new value when the field that settles it has another one.
    let settled_by = |field: &str| info.spec.at([field]).and_then(|shape| shape.annotations.settled_by.as_deref());
    let is_changed = |field: &str| is_changed(field) || settled_by(field).is_some_and(is_changed);
    if info.traits.deletes_first(is_changed) { ReplaceOrder::DeleteFirst } else { ReplaceOrder::CreateFirst }
}

/// A resource created by a run that died before it read it: it may be without our tags.
fn is_untagged(record: &Record, info: &KindInfo) -> bool {
    info.traits.tags_after_create && record.outputs.is_null()
}

/// An adoption instead of an update: it puts our tags on the resource before anything else.
fn tagged_first(decision: Decision, record: &Record) -> Decision {
    match decision {
        Decision::Update { changes } => Decision::Adopt { id: record.id.clone(), changes },
        Decision::Keep | Decision::Await { .. } => Decision::Adopt { id: record.id.clone(), changes: Vec::new() },
        decision => decision,
    }
}
