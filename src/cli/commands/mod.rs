//! One file per command.

pub mod apply;
pub mod completions;
pub mod destroy;
pub mod expand;
pub mod output;
pub mod plan;
pub mod recover;
pub mod schema;
pub mod state;
pub mod validate;
