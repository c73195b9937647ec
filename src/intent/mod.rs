//! Intent: wishes of a run that are not in the stack file, as data. Pure.
//!
//! An operation that changes AWS has no executor of its own. It is an [`Overlay`], laid over the graph before planning;
//! the planner that serves `apply` decides, and the same journal, gates and executor carry it out. A run that is killed
//! half way, a lock that is lost, a plan as JSON: all of it holds for every overlay without a further line.
//!
//! A new operation is a variant of [`Overlay`] and a file beside this one:
//!
//! | overlay | lays over the graph |
//! |---|---|
//! | `AsDeclared` | nothing |
//! | `Destroyed` (`destroyed`) | no resource is wanted any more |
//! | `evacuate`, `readmit` | weights and records of one region, which take its traffic away and give it back |
//! | `restore` | a table's point in time |
//! | `import` | an address that adopts a resource by its id |
//!
//! The last three rows are not built. What outlives its run, such as an evacuation, is to be kept in the state until it
//! is taken back, so that the next `apply` does not undo it.

mod destroyed;
mod selection;

pub use selection::Selection;

use crate::graph::Graph;
use crate::names::Address;

/// The wish of a run, and its limits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Intent {
    /// The mode: how the wanted resources follow from the declared ones.
    pub overlay: Overlay,
    /// The part of the stack that is planned.
    pub selection: Selection,
    /// Addresses to be replaced even if nothing differs. `*` is a wildcard.
    pub replace: Vec<String>,
    /// Addresses whose protected data may be deleted; `all` for every one.
    pub allow_data_loss: Vec<String>,
}

/// Modes of a run, laid over the graph before planning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Overlay {
    /// The stack is to be as its file declares.
    #[default]
    AsDeclared,
    /// The stack is to be gone.
    Destroyed,
}

impl Intent {
    /// The intent to take the whole stack down.
    pub fn destroyed() -> Self {
        Self { overlay: Overlay::Destroyed, ..Self::default() }
    }

    /// True if a resource is to be replaced even if nothing differs.
    pub fn is_to_be_replaced(&self, address: &Address) -> bool {
        self.replace.iter().any(|pattern| address.matches(pattern))
    }

    /// True if protected data at an address may be deleted.
    pub fn allows_data_loss(&self, address: &Address) -> bool {
        self.allow_data_loss.iter().any(|pattern| pattern == "all" || address.matches(pattern))
    }

    /// Every pattern in it, in the order of the command line's options.
    pub fn patterns(&self) -> impl Iterator<Item = &String> {
        let Selection { targets, excludes } = &self.selection;
        [targets, excludes, &self.replace, &self.allow_data_loss].into_iter().flatten()
    }
}

impl Overlay {
    /// The graph that is planned.
    pub fn over(self, graph: &Graph) -> Graph {
        match self {
            Self::AsDeclared => graph.clone(),
            Self::Destroyed => destroyed::over(graph),
        }
    }

    /// True if the stack goes as a whole: in one wave, whose order is that of the dependencies.
    pub fn is_destroy(self) -> bool {
        self == Self::Destroyed
    }
}
