//! The review of a plan: what it puts at risk, which changes only follow others, which are the same in several
//! regions, and what is telling of new things. Pure, and from properties alone: no kind is named.

mod alike;
mod cascade;
mod highlights;
mod risk;
mod staked;

use std::collections::BTreeMap;

use super::inputs::Inputs;
use crate::names::Address;
use crate::plan::Plan;
use crate::plan::review::Review;
use crate::value::Partial;
use cascade::Cascade;

/// The review of a plan that is complete otherwise.
pub(super) fn review(inputs: Inputs<'_>, plan: &Plan, wanted: &BTreeMap<Address, Partial>) -> Review {
    let cascade = Cascade::of(inputs, plan, wanted);
    let follows = cascade.follows();
    Review {
        risks: risk::risks(inputs, plan, wanted, &follows),
        same_as: alike::same_as(plan, &cascade, wanted),
        highlights: highlights::highlights(inputs, plan, wanted),
        follows,
    }
}
