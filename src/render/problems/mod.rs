//! Problems of a stack file.

pub mod text;

pub use text::{problems, problems_json};
