//! The stack file: read, checked, and made into types.

pub mod file;
