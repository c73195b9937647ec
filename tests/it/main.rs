//! Everything that is tested from outside, in one binary.

mod errors;
mod expand;
mod kinds;
mod robustness;
