//! The one binary of tests that need more than one module, a program or an emulator.

mod errors;
mod robustness;
