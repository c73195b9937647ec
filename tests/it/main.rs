//! Every test beyond single functions, in one binary.

mod engine;
mod errors;
mod kinds;
mod robustness;
