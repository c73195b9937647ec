//! What tests of several files rest on.

#[cfg(feature = "aws")]
pub mod emulators;
pub mod engine;
pub mod memory_store;
#[cfg(feature = "aws")]
pub mod program;
#[cfg(feature = "aws")]
pub mod running;
pub mod still_cloud;
pub mod traffic;
