//! Every test beyond single functions, in one binary.

mod engine;
mod engine_hard;
mod engine_properties;
#[cfg(feature = "aws")]
mod errors;
#[cfg(feature = "aws")]
mod expand;
#[cfg(feature = "aws")]
mod journal_cost;
#[cfg(feature = "aws")]
mod kinds;
mod memory_store;
mod plans;
#[cfg(feature = "aws")]
mod program;
mod readers;
mod recover;
mod robustness;
#[cfg(feature = "aws")]
mod stacks;
mod tidy;
#[cfg(feature = "aws")]
mod torture;
#[cfg(feature = "aws")]
mod validate;
