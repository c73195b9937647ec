//! Every test beyond single functions, in one binary.

mod engine;
mod engine_properties;
mod errors;
#[cfg(feature = "aws")]
mod expand;
#[cfg(feature = "aws")]
mod kinds;
mod robustness;
mod tidy;
