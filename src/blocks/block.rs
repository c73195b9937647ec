//! A block: the resources that it declares, and what other blocks may ask of its entries.

use std::collections::BTreeMap;

use super::expansion::{Expansion, Item};
use crate::names::Region;
use crate::stack::file::{Access, Stack};
use crate::value::Template;

/// A block of the stack file. Only the first two are its own business; the rest answers other blocks, and a block that
/// says nothing cannot be granted access to, routed to, or reached.
pub(super) trait Block {
    /// Its key in the file, and the first word of its addresses.
    const NAME: &'static str;
    /// How its entries can stand in `access`.
    const GRANTED: Granted = Granted::Never;

    /// Declares its resources.
    fn expand(cx: &mut Expansion<'_>);

    /// The names of its entries.
    fn entries(_stack: &Stack) -> Vec<&String> {
        Vec::new()
    }

    /// True if an entry runs in the network: security groups let it through to others.
    fn in_network(_stack: &Stack, _name: &str) -> bool {
        false
    }

    /// What `access` to one of its entries means; nothing if there is no such entry.
    fn grant(_cx: &Expansion<'_>, _item: &Item<'_>, _stack: &Stack, _name: &str, _access: Access) -> Option<Grant> {
        None
    }

    /// What its entries have access to, by their names.
    fn accesses(_stack: &Stack) -> Accesses<'_> {
        Vec::new()
    }

    /// What a route of an API to one of its entries leads to; nothing if there is no such entry.
    fn route_target(_stack: &Stack, _name: &str) -> Option<RouteTarget> {
        None
    }

    /// The names of the outputs that an entry has as a whole, beside those of its resources.
    fn outputs() -> &'static [&'static str] {
        &[]
    }

    /// An output of an entry as a whole in a region: the text that it stands for, with references.
    fn output(_cx: &Expansion<'_>, _region: &Region, _name: &str, _output: &str) -> Option<Template> {
        None
    }

    /// AWS services without which its entries cannot start, as endpoints name them.
    fn endpoints(_stack: &Stack) -> Vec<&'static str> {
        Vec::new()
    }

    /// True if any of its entries takes requests from the internet.
    fn is_public(_stack: &Stack) -> bool {
        false
    }
}

/// What entries have access to, by their names.
pub(super) type Accesses<'a> = Vec<(&'a String, &'a BTreeMap<String, Access>)>;

/// How the entries of a block can stand in `access`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Granted {
    /// Not at all.
    Never,
    /// By a statement of the role's policy.
    ByPolicy,
    /// By rules of security groups, to what runs in the network.
    ByConnection,
}

/// What one line of `access` means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Grant {
    /// A policy statement allows it.
    Allow {
        /// The IAM actions.
        actions: Vec<&'static str>,
        /// ARNs, with references.
        resources: Vec<String>,
    },
    /// Security groups let connections to the port through, and a policy statement allows what else it takes.
    Connect {
        /// The port, if it has one.
        port: Option<u16>,
        /// The IAM actions; none if IAM is not asked.
        actions: Vec<&'static str>,
        /// ARNs, with references.
        resources: Vec<String>,
    },
    /// The entry takes other words than this, as a message names them: `read`, `write` or `read-write`.
    TakesOnly(&'static str),
    /// The entry takes no access at all: why, and what to do.
    Never {
        /// The reason, as a message gives it.
        why: String,
        /// The remedy.
        help: String,
    },
}

impl Grant {
    /// Access to what is called at a port, which takes a connection alone.
    pub(super) fn call(port: Option<u16>, access: Access) -> Self {
        match access {
            Access::Call => Self::Connect { port, actions: Vec::new(), resources: Vec::new() },
            _ => Self::TakesOnly("`call`"),
        }
    }
}

/// What a route leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RouteTarget {
    /// A function, which API Gateway calls.
    Function,
    /// A load balancer, which API Gateway reaches over a VPC link.
    Balanced {
        /// The port, if it has one.
        port: Option<u16>,
    },
}

/// A block without its type: one row of the table of blocks.
pub(super) struct Registered {
    pub name: &'static str,
    pub granted: Granted,
    pub in_network: fn(&Stack, &str) -> bool,
    pub expand: fn(&mut Expansion<'_>),
    pub entries: fn(&Stack) -> Vec<&String>,
    pub grant: fn(&Expansion<'_>, &Item<'_>, &Stack, &str, Access) -> Option<Grant>,
    pub accesses: fn(&Stack) -> Accesses<'_>,
    pub route_target: fn(&Stack, &str) -> Option<RouteTarget>,
    pub outputs: fn() -> &'static [&'static str],
    pub output: fn(&Expansion<'_>, &Region, &str, &str) -> Option<Template>,
    pub endpoints: fn(&Stack) -> Vec<&'static str>,
    pub is_public: fn(&Stack) -> bool,
}

impl Registered {
    /// The row of a block.
    pub const fn of<B: Block>() -> Self {
        Self {
            name: B::NAME,
            granted: B::GRANTED,
            in_network: B::in_network,
            expand: B::expand,
            entries: B::entries,
            grant: B::grant,
            accesses: B::accesses,
            route_target: B::route_target,
            outputs: B::outputs,
            output: B::output,
            endpoints: B::endpoints,
            is_public: B::is_public,
        }
    }

    /// The addresses of its entries, without regions: `tables.carts`.
    pub fn addresses(&self, stack: &Stack) -> Vec<String> {
        (self.entries)(stack).into_iter().map(|name| format!("{}.{name}", self.name)).collect()
    }
}
