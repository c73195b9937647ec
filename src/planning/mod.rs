//! Planning: a graph, a state and what was observed become a [`Plan`](crate::plan::Plan). Pure.

pub mod decide;
pub mod select;
pub mod waves;
