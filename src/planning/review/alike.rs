//! Changes that are the same in several regions.

use std::collections::BTreeMap;

use serde_json::json;

use super::cascade::Cascade;
use crate::names::{Address, Scope};
use crate::plan::{Decision, Plan, Planned, ReplaceOrder};
use crate::value::{Json, Partial};

/// The changes that are the same as one of an earlier wave, in another region.
pub(super) fn same_as(
    plan: &Plan,
    cascade: &Cascade<'_>,
    wanted: &BTreeMap<Address, Partial>,
) -> BTreeMap<Address, Address> {
    let mut first: BTreeMap<(&str, String), &Address> = BTreeMap::new();
    let mut same = BTreeMap::new();
    // Entries come in the order of waves.
    let changing = plan.entries.iter().filter(|entry| !entry.deposed && entry.decision != Decision::Keep);
    for entry in changing {
        let Scope::In(region) = &entry.address.at else { continue };
        let content = content(entry, cascade, wanted.get(&entry.address));
        let key = (&*entry.address.path, content.to_string().replace(region.as_str(), "REGION"));
        match first.get(&key) {
            Some(earlier) if earlier.at != entry.address.at => {
                same.insert(entry.address.clone(), (*earlier).clone());
            }
            _ => {
                first.insert(key, &entry.address);
            }
        }
    }
    same
}

/// The content of a change, by which it is known. Ids differ from region to region: what only follows others is known by what it
/// follows.
fn content(entry: &Planned, cascade: &Cascade<'_>, wanted: Option<&Partial>) -> Json {
    let (action, why) = match &entry.decision {
        Decision::Keep => ("keep", None),
        Decision::Await { why } => ("await", Some(why.as_str())),
        Decision::Create { why } => ("create", why.as_deref()),
        Decision::Update { .. } => ("update", None),
        Decision::Replace { why, order: ReplaceOrder::CreateFirst, .. } => ("replace", why.as_deref()),
        Decision::Replace { why, order: ReplaceOrder::DeleteFirst, .. } => ("replace with a gap", why.as_deref()),
        Decision::Adopt { .. } => ("adopt", None),
        Decision::Delete => ("delete", None),
        Decision::Forget => ("forget", None),
    };
    let changes = entry.changes().iter().map(|change| {
        let follows = cascade.is_following(entry, change);
        let from = if follows { &Json::Null } else { &change.from };
        json!([change.path.to_string(), from, shown(&change.to), change.effect as u8])
    });
    let new = matches!(entry.decision, Decision::Create { .. }).then(|| wanted.map(shown));
    json!([entry.kind, action, why, changes.collect::<Vec<_>>(), new])
}

fn shown(partial: &Partial) -> Json {
    partial.with_placeholders(&mut |unknown| json!({"waits_for": unknown.waits_for}))
}
