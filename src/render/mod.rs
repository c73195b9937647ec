//! Text for people and JSON for machines: the only place that forms either.
//!
//! Functions here return text with ANSI styles in it; whoever prints takes them out where there is
//! no colour. Everything reads as well without.

pub mod changes;
pub mod events;
pub mod listeners;
pub mod markdown;
pub mod plain;
pub mod plan;
pub mod plan_json;
pub mod problems;
pub mod progress;
pub mod recovery;
pub mod report;
pub mod style;
mod words;

#[cfg(test)]
mod sample;
