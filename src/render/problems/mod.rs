//! Problems of a stack file.

pub mod json;
mod place;
pub mod text;

pub use json::json;
pub use text::{count, problems};
