//! Isobar.

pub mod catalog;
pub mod cloud;
pub mod names;
pub mod problem;
pub mod value;

#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "aws")]
pub mod kinds;
