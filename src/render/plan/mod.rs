//! A plan: as text, as JSON, and as Markdown for a pull request.

mod changes;
mod entry;
mod flow;
mod groups;
pub mod json;
pub mod markdown;
mod risks;
pub mod text;

pub use json::json;
pub use markdown::markdown;
pub use text::text;
