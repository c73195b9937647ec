//! Everything that is tested from outside, in one binary.

mod errors;
#[cfg(feature = "aws")]
mod expand;
mod kinds;
mod robustness;
