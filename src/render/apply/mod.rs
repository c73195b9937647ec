//! A run: its events as they happen, as lines, on a terminal, or as JSON, and the report at its end.

pub mod json;
pub mod report;
pub mod tee;
pub mod terminal;
pub mod text;
