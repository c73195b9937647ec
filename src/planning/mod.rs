//! Planning: a graph, a state and an observation become a [`Plan`](crate::plan::Plan). Pure.
//!
//! [`decide`] walks over all resources in the order of their needs. For each it asks `resource` for the decision,
//! `protect` for protected data that would be lost, `held` for what AWS does not let go of, `grants` for what it takes away from others, and `outputs` for what
//! references to it are known to stand for. `identity` sees to it that one resource in AWS is under one address; `review`
//! tells what the plan puts at risk, and which changes only follow others;
//! [`select`] and [`waves`] tell which resources are planned, and when each changes.

pub mod decide;
mod grants;
mod held;
mod identity;
mod in_use;
mod inputs;
mod leads;
mod outputs;
mod protect;
mod resource;
pub(crate) mod retain;
mod review;
pub mod select;
mod staying;
pub(crate) mod taken_back;
pub mod waves;
