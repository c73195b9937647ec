//! Blocks become declarations: what the application needs, in terms of single AWS resources. Pure.

mod declaration;

pub use declaration::{After, Declaration, Level};
