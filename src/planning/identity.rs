//! Physical identity: one resource in AWS is never under two addresses.
//!
//! The state tells what stands where, a search what is found there, and the file what will stand there. Where the file
//! has a resource under another address than the state, it is carried over: a rename is a rename, whatever it is called
//! in the file. What cannot be told apart is refused.

use std::collections::{BTreeMap, BTreeSet};

use super::inputs::Inputs;
use crate::catalog::KindInfo;
use crate::diff::changes;
use crate::names::{Address, KindName, PhysicalId, Scope};
use crate::observe::SearchResult;
use crate::plan::{Obstacle, ObstacleKind};
use crate::state::entry::Move;
use crate::state::{Deposed, Record, State};
use crate::value::{Json, Partial};

/// The values that AWS tells two resources of a kind apart by, within a scope.
type Identity = (KindName, Scope, Vec<String>);

/// Moves of records to the addresses under which the file declares the same resources.
///
/// Two ways lead there: the file wants a name that a resource has which leaves another address, or a search for a new
/// address has found one that is recorded under another, because its tags tell its first one.
pub(crate) fn carried_over(inputs: Inputs<'_>, wanted: &BTreeMap<Address, Partial>) -> Vec<Move> {
    let holders = holders(inputs);
    let mut moves: Vec<Move> = Vec::new();
    for (address, partial) in wanted {
        let Some(identity) = identity_of(inputs, address, partial) else { continue };
        let Some(holder) = holders.get(&identity).filter(|holder| **holder != address) else { continue };
        if is_given_up(inputs, wanted, holder, &identity) && is_free(inputs, address) {
            moves.extend(move_of(inputs.state, holder, address));
        }
    }
    for (address, found) in &inputs.observed.found {
        let SearchResult::Ours(id) = found else { continue };
        let Some(node) = inputs.graph.get(address) else { continue };
        let Some(holder) = recorded_at(inputs, address, &node.declaration.kind, id) else { continue };
        if inputs.graph.get(&holder).is_none() && !moves.iter().any(|one| one.from == holder || one.to == *address) {
            moves.extend(move_of(inputs.state, &holder, address));
        }
    }
    let moves = without_losses(inputs, moves);
    let exchanged = impure_exchanges(inputs, wanted, &moves);
    moves.into_iter().filter(|one| !exchanged.contains(&one.to)).collect()
}

/// Old halves of replacements that are wanted again under another address: a block was renamed, a part of it replaced, and
/// then both are taken back. Each with the address that wants it.
pub(crate) fn restored(inputs: Inputs<'_>) -> Vec<(Address, Deposed)> {
    let State { records, deposed, .. } = inputs.state;
    let wanted = inputs.observed.found.iter().filter(|(address, _)| !records.contains_key(address));
    let restored = wanted.filter_map(|(address, found)| {
        let (SearchResult::Ours(id), Some(node)) = (found, inputs.graph.get(address)) else { return None };
        let kind = &node.declaration.kind;
        let is_it = |old: &&Deposed| {
            let same_place = place(inputs, kind, &old.address) == place(inputs, kind, address);
            old.record.kind == *kind && old.record.id == *id && same_place
        };
        Some((address.clone(), deposed.iter().find(is_it)?.clone()))
    });
    restored.collect()
}

/// Addresses that would exchange resources which then differ from what is wanted all the same.
///
/// An exchange of names alone is one of the state. If more changes, each would stand for the other until all of it has
/// changed, and no order of the updates avoids that.
fn impure_exchanges(inputs: Inputs<'_>, wanted: &BTreeMap<Address, Partial>, moves: &[Move]) -> BTreeSet<Address> {
    let mut rest: Vec<&Move> = moves.iter().collect();
    // Of chains nothing is left once their ends are taken off; of circles everything is.
    loop {
        let before = rest.len();
        let from: BTreeSet<&Address> = rest.iter().map(|one| &one.from).collect();
        rest.retain(|one| from.contains(&one.to));
        if rest.len() == before {
            break;
        }
    }
    let differs = |one: &&&Move| {
        let (Some(wanted), Some(live)) = (wanted.get(&one.to), inputs.observed.live(&one.from)) else { return true };
        let record = inputs.state.records.get(&one.from);
        let info = record.and_then(|record| inputs.catalog.get(&record.kind));
        info.is_none_or(|info| !changes(&info.spec, wanted, &live.spec, record.map(|record| &record.spec)).is_empty())
    };
    if rest.iter().any(|one| differs(&one)) {
        rest.into_iter().map(|one| one.to.clone()).collect()
    } else {
        BTreeSet::new()
    }
}

/// The address of each resource that the state knows, by its identity.
fn holders(inputs: Inputs<'_>) -> BTreeMap<Identity, &Address> {
    let known = inputs.state.records.iter().filter_map(|(address, record)| {
        let info = inputs.catalog.get(&record.kind)?;
        let live = inputs.observed.live(address).map(|live| &live.spec);
        // As it was sent, which is how the file says it; AWS may tell a default where the file says nothing.
        let sent = Some(&record.spec).filter(|sent| !sent.is_null()).or(live)?;
        Some(((record.kind.clone(), address.at.clone(), values_of(info, sent)?), address))
    });
    known.collect()
}

/// The identity that a declared resource will have, as far as the file tells.
fn identity_of(inputs: Inputs<'_>, address: &Address, wanted: &Partial) -> Option<Identity> {
    let node = inputs.graph.get(address).filter(|node| !node.declaration.existing)?;
    let info = inputs.catalog.get(&node.declaration.kind)?;
    let fields: BTreeMap<&str, Json> =
        info.traits.unique_by.iter().filter_map(|field| Some((*field, known_field(wanted, field)?))).collect();
    let values = info.unique_values(|field| fields.get(field))?;
    Some((info.name.clone(), address.at.clone(), values))
}

/// True if what stands at an address has no place there any more: the address is gone, or wants another resource.
fn is_given_up(inputs: Inputs<'_>, wanted: &BTreeMap<Address, Partial>, holder: &Address, identity: &Identity) -> bool {
    match wanted.get(holder) {
        None => inputs.graph.get(holder).is_none(),
        Some(partial) => identity_of(inputs, holder, partial).is_some_and(|own| own != *identity),
    }
}

/// True if nothing is open at an address: an open call is found by the address that it began under.
fn is_free(inputs: Inputs<'_>, address: &Address) -> bool {
    !inputs.state.pending.iter().any(|pending| pending.address == *address)
}

fn move_of(state: &State, from: &Address, to: &Address) -> Option<Move> {
    let id = state.records.get(from)?.id.clone();
    Some(Move { from: from.clone(), to: to.clone(), id })
}

/// Only the moves that displace nothing which holds data: that would have to be deleted without a word.
fn without_losses(inputs: Inputs<'_>, mut moves: Vec<Move>) -> Vec<Move> {
    loop {
        let from: BTreeSet<&Address> = moves.iter().map(|one| &one.from).collect();
        let displaced = |one: &Move| !from.contains(&one.to) && holds_data(inputs, inputs.state.records.get(&one.to));
        let Some(at) = moves.iter().position(displaced) else { return moves };
        moves.remove(at);
    }
}

fn holds_data(inputs: Inputs<'_>, record: Option<&Record>) -> bool {
    let info = record.and_then(|record| inputs.catalog.get(&record.kind));
    info.is_some_and(|info| info.traits.holds_data)
}

/// The address other than this one under which a resource is recorded.
fn recorded_at(inputs: Inputs<'_>, address: &Address, kind: &KindName, id: &PhysicalId) -> Option<Address> {
    let place = place(inputs, kind, address);
    let is_it = |(at, record): &(&Address, &Record)| {
        *at != address && record.kind == *kind && record.id == *id && self::place(inputs, kind, at) == place
    };
    inputs.state.records.iter().find(is_it).map(|(at, _)| at.clone())
}

/// The part of AWS in which an id names one resource: a region, or the whole account.
fn place<'a>(inputs: Inputs<'_>, kind: &KindName, address: &'a Address) -> Option<&'a Scope> {
    let account_wide = inputs.catalog.get(kind).is_some_and(|info| info.account_wide);
    (!account_wide).then_some(&address.at)
}

/// Obstacles of resources that stand, or would stand, under two addresses.
pub(super) fn shared(inputs: Inputs<'_>, wanted: &BTreeMap<Address, &Partial>) -> Vec<Obstacle> {
    let mut obstacles = recorded_twice(inputs);
    obstacles.extend(found_twice(inputs));
    obstacles.extend(wanted_twice(inputs, wanted));
    obstacles
}

/// Two records of one resource: whatever is done to one is done to the other.
fn recorded_twice(inputs: Inputs<'_>) -> Vec<Obstacle> {
    let mut first: BTreeMap<(&KindName, &PhysicalId, Option<&Scope>), &Address> = BTreeMap::new();
    let mut obstacles = Vec::new();
    for (address, record) in inputs.state.everything() {
        let place = place(inputs, &record.kind, address);
        let Some(other) = first.insert((&record.kind, &record.id, place), address) else { continue };
        obstacles.push(Obstacle {
            address: address.clone(),
            kind: ObstacleKind::Impossible,
            message: format!(
                "the state has one resource under two addresses: `{other}` and `{address}` are both {}",
                record.id
            ),
            help: format!("forget the wrong one: `isobar state rm '{address}'` or `isobar state rm '{other}'`"),
        });
    }
    obstacles
}

/// Searches of several addresses that came to one resource, or to one that the state has elsewhere.
fn found_twice(inputs: Inputs<'_>) -> Vec<Obstacle> {
    let mut first: BTreeMap<(&KindName, &PhysicalId, Option<&Scope>), &Address> = BTreeMap::new();
    let mut obstacles = Vec::new();
    for (address, found) in &inputs.observed.found {
        let (SearchResult::Ours(id), Some(node)) = (found, inputs.graph.get(address)) else { continue };
        if inputs.state.records.contains_key(address) {
            continue;
        }
        let kind = &node.declaration.kind;
        let other = first.insert((kind, id, place(inputs, kind, address)), address).cloned();
        let Some(other) = other.or_else(|| recorded_at(inputs, address, kind, id)) else { continue };
        obstacles.push(Obstacle {
            address: address.clone(),
            kind: ObstacleKind::Impossible,
            message: format!("{id} was found for `{address}`, and it is `{other}` already"),
            help: format!(
                "if `{address}` is the new name of `{other}`, write it under `moved`; else give it another name"
            ),
        });
    }
    obstacles
}

/// Two declarations of one name, where only the plan can tell: the other one is not about to leave.
fn wanted_twice(inputs: Inputs<'_>, wanted: &BTreeMap<Address, &Partial>) -> Vec<Obstacle> {
    let mut first: BTreeMap<Identity, &Address> = BTreeMap::new();
    let mut obstacles = Vec::new();
    for (address, partial) in wanted {
        let Some(identity) = identity_of(inputs, address, partial) else { continue };
        let name = identity.2.join(", ");
        let Some(other) = first.insert(identity, address) else { continue };
        obstacles.push(Obstacle {
            address: address.clone(),
            kind: ObstacleKind::Impossible,
            message: format!("`{other}` and `{address}` would be one resource in AWS: both are named {name}"),
            help: "give one of them another name".into(),
        });
    }
    obstacles
}

/// For each declared resource, the addresses at which something leaves that holds its name: that must go first.
pub(super) fn names_held(
    inputs: Inputs<'_>,
    wanted: &BTreeMap<Address, &Partial>,
    leaves: impl Fn(&Address) -> bool,
) -> BTreeMap<Address, BTreeSet<Address>> {
    let mut held: BTreeMap<Identity, BTreeSet<Address>> = BTreeMap::new();
    let records = inputs.state.records.iter().filter(|(address, _)| leaves(address));
    let deposed = inputs.state.deposed.iter().map(|old| (&old.address, &old.record));
    for (address, record) in records.chain(deposed) {
        let values = inputs.catalog.get(&record.kind).and_then(|info| values_of(info, &record.spec));
        if let Some(values) = values {
            held.entry((record.kind.clone(), address.at.clone(), values)).or_default().insert(address.clone());
        }
    }
    let of = |(address, partial): (&Address, &&Partial)| {
        let mut holders = held.get(&identity_of(inputs, address, partial)?)?.clone();
        holders.remove(address);
        (!holders.is_empty()).then(|| (address.clone(), holders))
    };
    wanted.iter().filter_map(of).collect()
}

fn values_of(info: &KindInfo, spec: &Json) -> Option<Vec<String>> {
    info.unique_values(|field| Some(field_of(spec, field)))
}

/// A field of a spec; null if it is left out.
fn field_of<'a>(spec: &'a Json, field: &str) -> &'a Json {
    spec.get(field).unwrap_or(&Json::Null)
}

/// A field of a wanted spec, unless it is known only after apply; null if it is left out.
fn known_field(wanted: &Partial, field: &str) -> Option<Json> {
    wanted.get(field).map_or(Some(Json::Null), |value| value.finish().ok())
}
