//! A plan: as text, as JSON, and as Markdown for a pull request.

mod changes;
pub mod json;
pub mod markdown;
pub mod text;

pub use json::json;
pub use markdown::markdown;
pub use text::text;
