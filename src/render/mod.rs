//! Text for people and JSON for machines: the only place that forms either. A folder per result, a file per form.
//!
//! Functions here return text with ANSI styles in it; whoever prints takes them out where there is
//! no colour. Everything reads as well without.

pub mod apply;
pub mod plan;
pub mod problems;
pub mod recover;
pub mod style;
mod words;

#[cfg(test)]
mod sample;
