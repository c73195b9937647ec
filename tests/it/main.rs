//! Everything that is tested from outside, in one binary.

mod errors;
#[cfg(feature = "aws")]
mod expand;
#[cfg(feature = "aws")]
mod kinds;
mod robustness;
