//! Cascades: which changes have a value from the file, and which only follow another resource that changes.

use std::collections::{BTreeMap, BTreeSet};

use crate::diff::{Change, Effect};
use crate::graph::Node;
use crate::names::{Address, Scope};
use crate::plan::review::Follows;
use crate::plan::{Decision, Plan, Planned};
use crate::planning::inputs::Inputs;
use crate::value::{Json, Key, Partial, Path, Unknown, pointer};

/// The changes of a plan, by what they follow.
pub(super) struct Cascade<'a> {
    inputs: Inputs<'a>,
    wanted: &'a BTreeMap<Address, Partial>,
    /// The resource at each address that changes; old halves of replacements are not among them.
    changing: BTreeMap<&'a Address, &'a Planned>,
}

impl<'a> Cascade<'a> {
    pub(super) fn of(inputs: Inputs<'a>, plan: &'a Plan, wanted: &'a BTreeMap<Address, Partial>) -> Self {
        let changing = plan.entries.iter().filter(|entry| !entry.deposed && entry.decision != Decision::Keep);
        Self { inputs, wanted, changing: changing.map(|entry| (&entry.address, entry)).collect() }
    }

    /// The changes that only follow another one, with the first cause of each.
    pub(super) fn follows(&self) -> BTreeMap<Address, Follows> {
        let mut found: BTreeMap<Address, Follows> = BTreeMap::new();
        // Whatever is needed comes before what needs it, so that its own cause is known.
        for (address, node) in self.inputs.graph.in_order() {
            let Some(entry) = self.changing.get(address) else { continue };
            let Some((followed, own)) = self.followed(entry, node) else { continue };
            let causes = followed.iter().map(|one| found.get(one).map_or(one, |follows| &follows.cause));
            if let Some(cause) = causes.min_by_key(|cause| (!self.is_replaced(cause), *cause)).cloned() {
                found.insert(address.clone(), Follows { cause, own });
            }
        }
        found.extend(self.parts_that_leave());
        found
    }

    /// Resources deleted along with the block that it is a part of, and the first of that block's resources.
    fn parts_that_leave(&self) -> BTreeMap<Address, Follows> {
        let is_deleted = |entry: &&&Planned| entry.decision == Decision::Delete;
        let deleted: Vec<&Address> = self.changing.values().filter(is_deleted).map(|entry| &entry.address).collect();
        let has_parts = |block: &str| deleted.iter().any(|one| one.path.starts_with(&format!("{block}.")));
        let mut blocks: BTreeMap<(String, &Scope), Vec<&Address>> = BTreeMap::new();
        for address in &deleted {
            let words: Vec<&str> = address.path.split('.').collect();
            let name = words[..words.len().min(2)].join(".");
            let own = Address::new(&name, address.at.clone());
            let block = if deleted.contains(&&own) && has_parts(&name) { name } else { words[0].to_owned() };
            blocks.entry((block, &address.at)).or_default().push(address);
        }
        let mut found = BTreeMap::new();
        for parts in blocks.into_values() {
            let Some(first) = parts.iter().min_by_key(|part| (part.path.split('.').count(), &part.path)).copied()
            else {
                continue;
            };
            let others = parts.into_iter().filter(|part| *part != first);
            found.extend(others.map(|part| (part.clone(), Follows { cause: first.clone(), own: Vec::new() })));
        }
        found
    }

    /// The changing resources that a change of another one comes from alone, and the places of what is its own.
    fn followed(&self, entry: &Planned, node: &Node) -> Option<(BTreeSet<Address>, Vec<Path>)> {
        if let Decision::Await { .. } = &entry.decision {
            let gone = node.needs.keys().filter(|need| self.is_deleted_first(need)).cloned().collect();
            return Some((gone, Vec::new()));
        }
        if matches!(entry.decision, Decision::Adopt { .. } | Decision::Replace { why: Some(_), .. }) {
            return None;
        }
        let (mut followed, mut own, mut forced) = (BTreeSet::new(), Vec::new(), false);
        for change in entry.changes() {
            let moved = self.moved(node, change);
            forced |= !moved.is_empty() && change.effect == Effect::Replace;
            if moved.is_empty() {
                own.push(change);
            }
            followed.extend(moved);
        }
        // A replacement needs another name, and would come even if nothing else had changed.
        let alone = own.iter().all(|change| self.is_name(node, change)) || forced;
        let own = own.into_iter().filter(|change| !self.is_name(node, change)).map(|change| change.path.clone());
        alone.then(|| (followed, own.collect()))
    }

    fn is_name(&self, node: &Node, change: &Change) -> bool {
        let unique = self.inputs.kind_of(node).map_or(&[][..], |info| info.traits.unique_by);
        matches!(change.path.0.first(), Some(Key::Field(field)) if unique.contains(&field.as_str()))
    }

    fn is_replaced(&self, address: &Address) -> bool {
        matches!(self.changing.get(address).map(|entry| &entry.decision), Some(Decision::Replace { .. }))
    }

    fn is_deleted_first(&self, address: &Address) -> bool {
        self.changing.get(address).is_some_and(|entry| entry.decision.deletes_first())
    }

    /// True if a change waits for nothing but what else changes, and is as it was otherwise.
    pub(super) fn is_following(&self, entry: &Planned, change: &Change) -> bool {
        let node = self.inputs.graph.get(&entry.address);
        node.is_some_and(|node| !self.moved(node, change).is_empty())
    }

    /// The changing resources that a change waits for, if it is as it was otherwise.
    fn moved(&self, node: &Node, change: &Change) -> BTreeSet<Address> {
        let mut moved = BTreeSet::new();
        let may_be = |from: &Json, hole: &Unknown| hole.waits_for.iter().all(|text| self.stood(node, text, from));
        if change.to.is_null() {
            return self.moved_item(node, change);
        }
        if !change.from.is_null() && fits(&change.from, &change.to, &may_be) {
            change.to.with_placeholders(&mut |unknown| {
                let needs = unknown.waits_for.iter().filter_map(|text| needed(node, text));
                moved.extend(needs.map(|(need, _)| need.clone()));
                Json::Null
            });
        }
        moved
    }

    /// The changing resources that an item of a list waits for, of which only the old name is known.
    fn moved_item(&self, node: &Node, change: &Change) -> BTreeSet<Address> {
        let Some((_, list)) = change.path.0.split_last() else { return BTreeSet::new() };
        let wanted = self.wanted.get(&node.declaration.address).and_then(|wanted| at(wanted, list));
        let Some(Partial::List(items)) = wanted else { return BTreeSet::new() };
        let fields = items.iter().filter_map(|item| if let Partial::Map(fields) = item { Some(fields) } else { None });
        let unknown = fields.flat_map(BTreeMap::values).filter_map(|value| match value {
            Partial::Unknown(unknown) => Some(unknown),
            _ => None,
        });
        let needs = unknown.flat_map(|unknown| &unknown.waits_for).filter_map(|text| needed(node, text));
        needs.map(|(need, _)| need.clone()).filter(|need| self.changing.contains_key(need)).collect()
    }

    /// True if a value may have come from this reference, whose resource changes.
    fn stood(&self, node: &Node, text: &str, from: &Json) -> bool {
        let Some((need, output)) = needed(node, text) else { return false };
        let changes = match self.changing.get(need).map(|entry| &entry.decision) {
            Some(Decision::Create { why }) => why.is_some(),
            Some(Decision::Update { .. } | Decision::Replace { .. } | Decision::Adopt { .. }) => true,
            _ => false,
        };
        let pointer = pointer(output.split('.'));
        let known = self.inputs.state.records.get(need).and_then(|record| record.outputs.pointer(&pointer));
        let was =
            known.and_then(Json::as_str).is_none_or(|known| from.as_str().is_none_or(|from| from.contains(known)));
        changes && was
    }
}

/// The value at a place, as long as the items of lists on the way are told apart by their number.
fn at<'a>(wanted: &'a Partial, keys: &[Key]) -> Option<&'a Partial> {
    keys.iter().try_fold(wanted, |value, key| match (value, key) {
        (Partial::Map(fields), Key::Field(name)) => fields.get(name),
        (Partial::List(items), Key::Index(at)) => items.get(*at),
        _ => None,
    })
}

/// The target of a reference among the needs of a resource: the longest address that it begins with, and the output.
fn needed<'a>(node: &'a Node, text: &'a str) -> Option<(&'a Address, &'a str)> {
    let (path, at) = text.split_once('@').map_or((text, None), |(path, at)| (path, Some(at)));
    let needs = node.needs.keys().filter(|need| at.is_none_or(|at| need.at.to_string() == at));
    let of = |need: &'a Address| Some((need, path.strip_prefix(&*need.path)?.strip_prefix('.')?));
    needs.filter_map(of).max_by_key(|(need, _)| need.path.len())
}

/// True if a value is as it was but for what is not known yet, and those parts may be what they were.
fn fits(from: &Json, to: &Partial, hole: &impl Fn(&Json, &Unknown) -> bool) -> bool {
    match (from, to) {
        (from, Partial::Unknown(unknown)) => hole(from, unknown),
        (Json::Array(from), Partial::List(to)) => from.len() == to.len() && all_fit(from, to, hole),
        (from, Partial::List(to)) if !from.is_null() && to.len() == 1 => fits(from, &to[0], hole),
        (Json::Array(from), to) if from.len() == 1 => fits(&from[0], to, hole),
        (Json::Object(from), Partial::Map(to)) => {
            to.iter().all(|(key, to)| fits(from.get(key).unwrap_or(&Json::Null), to, hole))
        }
        (Json::String(text), Partial::Map(_)) => {
            serde_json::from_str::<Json>(text).is_ok_and(|from| from.is_object() && fits(&from, to, hole))
        }
        (from, Partial::Text(to)) => from.as_str() == Some(to),
        (Json::Number(from), Partial::Plain(Json::Number(to))) => from.as_f64() == to.as_f64(),
        (from, Partial::Plain(to)) => from == to,
        _ => false,
    }
}

/// True if every item has a counterpart, whatever the order.
fn all_fit(from: &[Json], to: &[Partial], hole: &impl Fn(&Json, &Unknown) -> bool) -> bool {
    let mut left: Vec<&Json> = from.iter().collect();
    // What is known picks first.
    let (known, open): (Vec<&Partial>, Vec<&Partial>) = to.iter().partition(|item| item.is_known());
    known.into_iter().chain(open).all(|item| {
        let found = left.iter().position(|from| fits(from, item, hole));
        found.map(|at| left.remove(at)).is_some()
    })
}
