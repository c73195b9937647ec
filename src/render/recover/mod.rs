//! A recovery, before it is written.

mod text;

pub use text::text;
