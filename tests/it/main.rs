//! Every test beyond single functions, in one binary.

#[cfg(feature = "aws")]
mod absence;
mod compat;
mod engine;
mod engine_changes;
mod engine_hard;
mod engine_properties;
mod engine_starts;
#[cfg(feature = "aws")]
mod errors;
#[cfg(feature = "aws")]
mod expand;
#[cfg(feature = "aws")]
mod journal_cost;
#[cfg(feature = "aws")]
mod kinds;
#[cfg(feature = "aws")]
mod limits;
mod plans;
#[cfg(feature = "aws")]
mod program;
mod recover;
#[cfg(feature = "aws")]
mod reviews;
mod robustness;
#[cfg(feature = "aws")]
mod stacks;
mod state_fuzz;
mod support;
mod tidy;
#[cfg(feature = "aws")]
mod torture;
#[cfg(feature = "aws")]
mod transitions;
#[cfg(feature = "aws")]
mod validate;
