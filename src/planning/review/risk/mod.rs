//! Risks of a plan, a file for each class. What a class looks at are properties: traits of kinds and words of fields.

mod data;
mod deletion;
mod network;
mod permissions;
mod protection;
mod public;
mod replacement;
mod traffic;
mod wait;

use std::collections::BTreeMap;

use super::staked::{Staked, all, staked};
use crate::catalog::{KindInfo, Stake};
use crate::diff::Effect;
use crate::names::Address;
use crate::plan::review::{Follows, Risk, RiskClass, Subject};
use crate::plan::{Decision, Plan, Planned};
use crate::planning::inputs::Inputs;
use crate::state::Record;
use crate::value::Partial;

/// The risks of a plan, the worst first; one that is the same in several regions stands there once.
pub(super) fn risks(
    inputs: Inputs<'_>,
    plan: &Plan,
    wanted: &BTreeMap<Address, Partial>,
    follows: &BTreeMap<Address, Follows>,
) -> Vec<Risk> {
    let mut risks = Risks::default();
    let leaving = deletion::leaving_regions(inputs, plan);
    let leaves = |entry: &Planned| leaving.iter().any(|risk| risk.addresses.contains(&entry.address));
    for entry in plan.entries.iter().filter(|entry| entry.decision != Decision::Keep) {
        let change = RiskyChange {
            entry,
            is_part_of_more: plan.destroy || leaves(entry),
            info: inputs.catalog.get(&entry.kind),
            wanted: wanted.get(&entry.address),
            record: inputs.state.records.get(&entry.address).filter(|_| !entry.deposed),
        };
        for class in CLASSES {
            risks.add(entry, class(&change));
        }
        risks.add(entry, replacement::of(inputs, plan, entry, follows));
    }
    risks.0.extend(leaving);
    risks.0.extend(deletion::deleted_blocks(inputs, plan, &risks.0));
    risks.0.sort_by(|one, other| (one.class, &one.subject).cmp(&(other.class, &other.subject)));
    risks.0
}

type Class = fn(&RiskyChange<'_>) -> Vec<Finding>;

const CLASSES: [Class; 7] = [data::of, traffic::of, public::of, network::of, permissions::of, protection::of, wait::of];

/// A change, with what is known of the resource.
struct RiskyChange<'a> {
    entry: &'a Planned,
    /// True if it goes with everything around it, which is told as a whole.
    is_part_of_more: bool,
    info: Option<&'a KindInfo>,
    wanted: Option<&'a Partial>,
    /// The resource that is there.
    record: Option<&'a Record>,
}

/// A risk of one change.
struct Finding {
    class: RiskClass,
    message: String,
}

fn finding(class: RiskClass, message: impl Into<String>) -> Finding {
    Finding { class, message: message.into() }
}

impl<'a> RiskyChange<'a> {
    /// The fields that are changed and have a word for the reviewer.
    fn staked(&self) -> Vec<Staked<'a>> {
        let Some(info) = self.info else { return Vec::new() };
        self.entry.changes().iter().flat_map(|change| staked(&info.spec, change)).collect()
    }

    /// Those that are themselves changed, with this word.
    fn changed(&self, stake: Stake) -> impl Iterator<Item = Staked<'a>> {
        self.staked().into_iter().filter(move |field| field.inside() == 0 && field.stakes.risk == Some(stake))
    }

    /// The fields with such a word of what is to be there.
    fn wanted(&self) -> Vec<Staked<'a>> {
        match (self.info, self.wanted) {
            (Some(info), Some(wanted)) => all(&info.spec, wanted),
            _ => Vec::new(),
        }
    }

    /// True if it is made where nothing was.
    fn is_new(&self) -> bool {
        matches!(self.entry.decision, Decision::Create { .. })
    }

    fn holds_data(&self) -> bool {
        self.info.is_some_and(|info| info.traits.holds_data)
    }
}

/// The reasons for which a resource is replaced, in words.
fn reasons(entry: &Planned) -> String {
    let why = match &entry.decision {
        Decision::Replace { why, .. } => why.clone(),
        _ => None,
    };
    let forcing = entry.changes().iter().filter(|change| change.effect == Effect::Replace);
    let changes: Vec<String> = forcing.map(|change| format!("`{}`", change.path)).collect();
    let verb = if changes.len() == 1 { "changes" } else { "change" };
    let changes = (!changes.is_empty()).then(|| format!("{} {verb}", changes.join(" and ")));
    why.into_iter().chain(changes).collect::<Vec<_>>().join("; ")
}

#[derive(Default)]
struct Risks(Vec<Risk>);

impl Risks {
    /// Adds the risks of a change, or its address to the same ones of other regions.
    fn add(&mut self, entry: &Planned, findings: impl IntoIterator<Item = Finding>) {
        let subject = Subject::Resource(entry.kind.clone());
        for Finding { class, message } in findings {
            let same = self.0.iter_mut().find(|risk| {
                let alike = (risk.class, &risk.subject, &risk.message) == (class, &subject, &message);
                alike && risk.addresses.iter().all(|other| other.path == entry.address.path && *other != entry.address)
            });
            if let Some(risk) = same {
                risk.addresses.push(entry.address.clone());
            } else {
                let addresses = vec![entry.address.clone()];
                self.0.push(Risk { class, subject: subject.clone(), addresses, message });
            }
        }
    }
}
