//! Steps of a plan: single things to do, each with what must be done before it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::starts::{is_whole, starts_after};
use super::users::Users;
use super::{Decision, Plan, Planned, ReplaceOrder};
use crate::blocks::Level;
use crate::graph::Graph;
use crate::names::{Address, KindName, PhysicalId};
use crate::state::State;

/// The number of a step in its list.
pub type StepId = usize;

/// One thing to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The resource; none for a gate.
    pub address: Option<Address>,
    /// The action.
    pub action: Action,
    /// The wave it belongs to.
    pub wave: usize,
    /// Steps that must be done before it, and how far.
    pub needs: BTreeMap<StepId, Level>,
}

/// The action of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Creates a resource where there is none.
    Create,
    /// Changes what is there until it is as it should be.
    Update,
    /// Changes what is there, and takes nothing away from those who still use it.
    Widen,
    /// Takes away what a widening has left.
    Narrow,
    /// Makes the new one of a replacement; the old one leaves in a step of its own.
    Replace,
    /// Takes up what is ours, and changes it until it is as it should be.
    Adopt(PhysicalId),
    /// Waits until it serves.
    Await,
    /// Deletes a resource.
    Delete {
        /// Its kind.
        kind: KindName,
        /// Its physical id.
        id: PhysicalId,
    },
    /// Deletes what replacements have left, whatever it is called by then.
    DeleteOld,
    /// Stops looking after it.
    Forget,
    /// Lets the next wave begin.
    Gate,
}

/// The action of a step, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Makes it.
    Create,
    /// Changes it in place.
    Update,
    /// Makes the new one of a replacement.
    Replace,
    /// Takes up again what is ours.
    Adopt,
    /// Deletes it, or the old one of a replacement.
    Delete,
    /// Stops looking after it.
    Forget,
    /// Waits until it serves.
    Await,
}

impl Action {
    /// The word for people; none for a gate.
    pub fn verb(&self) -> Option<Verb> {
        Some(match self {
            Self::Create => Verb::Create,
            Self::Update | Self::Widen | Self::Narrow => Verb::Update,
            Self::Replace => Verb::Replace,
            Self::Adopt(_) => Verb::Adopt,
            Self::Await => Verb::Await,
            Self::Delete { .. } | Self::DeleteOld => Verb::Delete,
            Self::Forget => Verb::Forget,
            Self::Gate => return None,
        })
    }
}

/// The steps of a plan.
pub fn steps(plan: &Plan, graph: &Graph, state: &State) -> Vec<Step> {
    let mut builder = Builder {
        plan,
        graph,
        users: Users::of(graph, state),
        state,
        steps: Vec::new(),
        main: BTreeMap::new(),
        gone: BTreeMap::new(),
        narrow: BTreeMap::new(),
    };
    for entry in &plan.entries {
        builder.add(entry);
    }
    builder.add_dependency_edges();
    builder.add_delete_edges();
    builder.add_name_edges();
    if !plan.destroy {
        builder.split_narrowing_updates();
        builder.add_waits_for_users();
        builder.delay_deletes();
        builder.gates();
    }
    builder.steps
}

/// The addresses of steps that wait for each other, if any do: none of them could ever begin.
pub fn circle(steps: &[Step]) -> Vec<Address> {
    let left: BTreeSet<Address> = stuck(steps).into_iter().filter_map(|id| steps[id].address.clone()).collect();
    left.into_iter().collect()
}

/// The steps that could never begin, because they wait for each other.
fn stuck(steps: &[Step]) -> Vec<StepId> {
    let mut done = vec![false; steps.len()];
    loop {
        let ready = |id: &StepId| !done[*id] && steps[*id].needs.keys().all(|before| done[*before]);
        let next: Vec<StepId> = (0..steps.len()).filter(ready).collect();
        if next.is_empty() {
            break;
        }
        for id in next {
            done[id] = true;
        }
    }
    (0..steps.len()).filter(|id| !done[*id]).collect()
}

struct Builder<'a> {
    plan: &'a Plan,
    graph: &'a Graph,
    state: &'a State,
    users: Users,
    steps: Vec<Step>,
    /// The step after which the resource at an address is as it should be.
    main: BTreeMap<Address, StepId>,
    /// The steps after which a resource that stood at an address is gone.
    gone: BTreeMap<Address, Vec<StepId>>,
    /// The step after which an address takes nothing away any more, where that is a step of its own.
    narrow: BTreeMap<Address, StepId>,
}

impl Builder<'_> {
    fn push(&mut self, entry: &Planned, action: Action) -> StepId {
        let needs = BTreeMap::new();
        self.steps.push(Step { address: Some(entry.address.clone()), action, wave: entry.wave, needs });
        self.steps.len() - 1
    }

    fn add(&mut self, entry: &Planned) {
        let address = entry.address.clone();
        match &entry.decision {
            Decision::Keep => {}
            Decision::Create { .. } => self.add_main(entry, Action::Create),
            Decision::Update { .. } => self.add_main(entry, Action::Update),
            Decision::Await { .. } => self.add_main(entry, Action::Await),
            Decision::Adopt { id, .. } => self.add_main(entry, Action::Adopt(id.clone())),
            Decision::Forget => {
                self.push(entry, Action::Forget);
            }
            Decision::Delete => {
                let Some(id) = entry.id.clone() else { return };
                if self.state.records.get(&address).is_some_and(|record| record.id == id) {
                    let delete = self.push(entry, Action::Delete { kind: entry.kind.clone(), id });
                    self.gone.entry(address).or_default().push(delete);
                } else {
                    self.add_delete_old(entry);
                }
            }
            Decision::Replace { order: ReplaceOrder::CreateFirst, .. } => {
                self.add_main(entry, Action::Replace);
                // In a run of only some addresses the old one stays while others still use it.
                if !self.plan.keep_old.contains(&address) {
                    self.add_delete_old(entry);
                }
            }
            Decision::Replace { order: ReplaceOrder::DeleteFirst, .. } => {
                let Some(id) = entry.id.clone() else { return };
                let delete = self.push(entry, Action::Delete { kind: entry.kind.clone(), id });
                self.gone.entry(address).or_default().push(delete);
                self.add_main(entry, Action::Create);
                let main = self.steps.len() - 1;
                self.steps[main].needs.insert(delete, Level::Configured);
            }
        }
    }

    /// Adds the step that deletes deposed resources. It finds out by itself which those are: the new one may turn
    /// out to be one of those that were to leave.
    fn add_delete_old(&mut self, entry: &Planned) {
        let deletes = self.gone.get(&entry.address).into_iter().flatten();
        if !deletes.clone().any(|delete| self.steps[*delete].action == Action::DeleteOld) {
            let delete = self.push(entry, Action::DeleteOld);
            self.gone.entry(entry.address.clone()).or_default().push(delete);
        }
    }

    fn add_main(&mut self, entry: &Planned, action: Action) {
        let step = self.push(entry, action);
        self.main.insert(entry.address.clone(), step);
    }

    /// Adds an edge from each create or update to those of its needs, and to those of what it starts after. What stays as it
    /// is has no step, and is only as ready as what it rests on itself: a service that gets requests needs the port that its
    /// group is about to open.
    fn add_dependency_edges(&mut self) {
        for (address, step) in &self.main {
            // What is there already and only changes does not hold up what starts after it.
            let is_there = |first: &Address, before: &StepId| {
                is_whole(self.state, first) && matches!(self.steps[*before].action, Action::Update)
            };
            let starts = starts_after(self.graph, self.state, address)
                .filter_map(|(first, level)| Some((*self.main.get(first).filter(|id| !is_there(first, id))?, level)));
            let mut edges: Vec<(StepId, Level)> = starts.collect();
            let mut seen: BTreeSet<&Address> = BTreeSet::new();
            let mut next = vec![address];
            while let Some(at) = next.pop() {
                let needs = self.graph.get(at).into_iter().flat_map(|node| &node.needs);
                for (need, level) in needs.filter(|(need, _)| seen.insert(need)) {
                    match self.main.get(need) {
                        Some(before) => edges.push((*before, *level)),
                        None => next.push(need),
                    }
                }
            }
            self.steps[*step].needs.extend(edges);
        }
    }

    /// Adds edges to each delete from the deletes and moves of everything that depended on it.
    fn add_delete_edges(&mut self) {
        let mut edges = Vec::new();
        for (address, deletes) in &self.gone {
            for delete in deletes {
                // The first half of a replacement cannot wait for what waits for its second half.
                let first_half = self.is_first_half(address, *delete);
                for dependent in self.users.direct(address) {
                    let gone = self.gone.get(dependent).into_iter().flatten();
                    let gone = gone.filter(|gone| !first_half || self.steps[**gone].action != Action::DeleteOld);
                    edges.extend(gone.map(|before| (*delete, *before, Level::Configured)));
                    if !first_half {
                        edges.extend(self.main.get(dependent).map(|before| (*delete, *before, Level::Serving)));
                    }
                }
                if self.steps[*delete].action == Action::DeleteOld {
                    edges.extend(self.main.get(address).map(|before| (*delete, *before, Level::Serving)));
                }
            }
        }
        for (step, before, level) in edges {
            if step != before {
                self.steps[step].needs.insert(before, level);
            }
        }
    }

    fn is_first_half(&self, address: &Address, delete: StepId) -> bool {
        self.main.get(address).is_some_and(|main| self.steps[*main].needs.contains_key(&delete))
    }

    /// Lets the holder of a name go before the resource that is to have it.
    fn add_name_edges(&mut self) {
        for (address, holders) in &self.plan.names_held {
            let Some(main) = self.main.get(address) else { continue };
            for before in holders.iter().filter_map(|holder| self.gone.get(holder)).flatten() {
                self.steps[*main].needs.insert(*before, Level::Configured);
            }
        }
    }

    /// Makes an update that takes something away two steps, if anything that may still use it changes as well.
    fn split_narrowing_updates(&mut self) {
        for entry in &self.plan.entries {
            let Some(main) = self.main.get(&entry.address).copied() else { continue };
            let splits = entry.narrows.is_some() && self.steps[main].action == Action::Update;
            if splits && !self.steps_of(&self.users_of_grants(entry)).is_empty() {
                self.steps[main].action = Action::Widen;
                let narrow = self.push(entry, Action::Narrow);
                self.steps[narrow].needs.insert(main, Level::Configured);
                self.narrow.insert(entry.address.clone(), narrow);
            }
        }
    }

    /// The users of what an update takes away: those who rest on the resource, and those who rest on what it lets in.
    fn users_of_grants(&self, entry: &Planned) -> BTreeSet<Address> {
        let peers = entry.narrows.iter().flat_map(|narrowing| &narrowing.peers);
        let mut users: BTreeSet<Address> = peers.flat_map(|peer| self.users.all(peer)).collect();
        users.extend(self.users.all(&entry.address));
        let record = self.state.records.get(&entry.address);
        users.retain(|user| *user != entry.address && record.is_none_or(|record| !record.needs.contains(user)));
        users
    }

    /// The steps after which these addresses use nothing of old.
    fn steps_of(&self, addresses: &BTreeSet<Address>) -> Vec<(StepId, Level)> {
        let main = addresses.iter().filter_map(|address| self.main.get(address)).map(|step| (*step, Level::Serving));
        let gone = addresses.iter().filter_map(|address| self.gone.get(address)).flatten();
        main.chain(gone.map(|step| (*step, Level::Configured))).collect()
    }

    /// Lets deletes and narrowings wait for the last of those who use what goes, however many steps away: a version, a
    /// deployment, a stage hold copies of what they were made from, and traffic moves with the last of them.
    ///
    /// The order by what each thing needs comes first: a wait that would close a circle is left out.
    fn add_waits_for_users(&mut self) {
        let mut waits: Vec<(StepId, StepId, Level)> = Vec::new();
        for (address, deletes) in &self.gone {
            let used = self.steps_of(&self.users.in_any_way(address));
            for delete in deletes.iter().filter(|delete| !self.is_first_half(address, **delete)) {
                waits.extend(used.iter().map(|(before, level)| (*delete, *before, *level)));
                let users = self.users.direct(address).chain(self.users.naming(address));
                let narrow = users.filter_map(|user| self.narrow.get(user));
                waits.extend(narrow.map(|before| (*delete, *before, Level::Configured)));
            }
        }
        for entry in &self.plan.entries {
            let Some(narrow) = self.narrow.get(&entry.address) else { continue };
            let used = self.steps_of(&self.users_of_grants(entry));
            waits.extend(used.into_iter().map(|(before, level)| (*narrow, before, level)));
        }
        waits.retain(|(step, before, _)| step != before && !self.steps[*step].needs.contains_key(before));
        for (step, before, level) in &waits {
            self.steps[*step].needs.insert(*before, *level);
        }
        let stuck: BTreeSet<StepId> = stuck(&self.steps).into_iter().collect();
        for (step, before, _) in waits.iter().filter(|(step, before, _)| stuck.contains(step) && stuck.contains(before))
        {
            self.steps[*step].needs.remove(before);
        }
    }

    /// A delete waits for the wave of the last thing that rested on it.
    fn delay_deletes(&mut self) {
        loop {
            let mut moved = false;
            for step in 0..self.steps.len() {
                let latest = self.steps[step].needs.keys().map(|before| self.steps[*before].wave).max();
                if latest.is_some_and(|latest| latest > self.steps[step].wave) {
                    self.steps[step].wave = latest.unwrap_or_default();
                    moved = true;
                }
            }
            if !moved {
                return;
            }
        }
    }

    /// Between two waves with steps stands a gate: everything before it serves before anything after it begins.
    fn gates(&mut self) {
        let waves: BTreeSet<usize> = self.steps.iter().map(|step| step.wave).collect();
        let count = self.steps.len();
        let mut gate = None;
        for wave in waves {
            for step in (0..count).filter(|step| self.steps[*step].wave == wave).collect::<Vec<_>>() {
                if let Some(gate) = gate {
                    self.steps[step].needs.insert(gate, Level::Configured);
                }
            }
            let within = (0..count).filter(|step| self.steps[*step].wave == wave);
            let needs = within.map(|step| (step, Level::Serving)).collect();
            self.steps.push(Step { address: None, action: Action::Gate, wave, needs });
            gate = Some(self.steps.len() - 1);
        }
    }
}
