//! The changes of a plan as they are shown: each cause once, with the regions in which it is the same, and what only
//! follows folded under it.

use std::collections::BTreeMap;

use crate::names::{Address, Scope};
use crate::plan::{Decision, Plan, Planned};

/// A change with all that is folded under it.
pub(super) struct Group<'a> {
    /// The change, in the first region that it is made in.
    pub lead: &'a Planned,
    /// The same in other regions.
    pub same: Vec<&'a Planned>,
    /// Changes that only follow, in all of these regions.
    pub followers: Vec<&'a Planned>,
}

/// Every change, in the order of the plan.
pub(super) fn groups(plan: &Plan) -> Vec<Group<'_>> {
    let review = &plan.review;
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut leads: BTreeMap<&Address, usize> = BTreeMap::new();
    for entry in changing(plan) {
        if review.cause(entry).is_some() {
            continue;
        }
        let earlier = review.same_as.get(&entry.address).filter(|_| !entry.deposed);
        if let Some(group) = earlier.and_then(|first| leads.get(first)).copied() {
            groups[group].same.push(entry);
            leads.insert(&entry.address, group);
            continue;
        }
        if !entry.deposed {
            leads.insert(&entry.address, groups.len());
        }
        groups.push(Group { lead: entry, same: Vec::new(), followers: Vec::new() });
    }
    for entry in changing(plan) {
        let Some(cause) = review.cause(entry) else { continue };
        match leads.get(cause) {
            Some(group) => groups[*group].followers.push(entry),
            // Its cause is not part of this plan's list.
            None => groups.push(Group { lead: entry, same: Vec::new(), followers: Vec::new() }),
        }
    }
    groups
}

fn changing(plan: &Plan) -> impl Iterator<Item = &Planned> {
    plan.entries.iter().filter(|entry| !matches!(entry.decision, Decision::Keep))
}

impl Group<'_> {
    /// Addresses of one path in several regions: `functions.carts@us-west-2, @us-east-1`.
    pub fn place(&self) -> String {
        let all: Vec<&Address> =
            std::iter::once(self.lead).chain(self.same.iter().copied()).map(|one| &one.address).collect();
        place(&all)
    }

    /// The followers by path, each with the scopes in which it follows. A path that follows in all regions of the
    /// cause is named without them.
    pub fn followers_by_path(&self) -> Vec<(String, &Planned)> {
        let own: Vec<&Scope> =
            std::iter::once(self.lead).chain(self.same.iter().copied()).map(|one| &one.address.at).collect();
        let mut paths: Vec<(&str, Vec<&Planned>)> = Vec::new();
        for entry in &self.followers {
            match paths.iter_mut().find(|(path, all)| *path == &*entry.address.path && is_alike(all[0], entry)) {
                Some((_, all)) => all.push(entry),
                None => paths.push((&entry.address.path, vec![entry])),
            }
        }
        let named = paths.into_iter().map(|(path, all)| {
            let everywhere = all.len() == own.len() && all.iter().all(|entry| own.contains(&&entry.address.at));
            let addresses: Vec<&Address> = all.iter().map(|entry| &entry.address).collect();
            (if everywhere { path.to_owned() } else { place(&addresses) }, all[0])
        });
        named.collect()
    }
}

/// True if both are changed in the same way.
pub(super) fn is_alike(one: &Planned, other: &Planned) -> bool {
    let order = |entry: &Planned| match entry.decision {
        Decision::Replace { order, .. } => Some(order),
        _ => None,
    };
    std::mem::discriminant(&one.decision) == std::mem::discriminant(&other.decision) && order(one) == order(other)
}

/// Addresses of one path, the path once: `functions.carts@us-west-2, @us-east-1`.
pub(super) fn place(addresses: &[&Address]) -> String {
    let Some((first, others)) = addresses.split_first() else { return String::new() };
    let others: Vec<String> = others
        .iter()
        .map(|other| if other.path == first.path { format!("@{}", other.at) } else { other.to_string() })
        .collect();
    std::iter::once(first.to_string()).chain(others).collect::<Vec<_>>().join(", ")
}
