//! Isobar.

pub mod apply;
pub mod blocks;
pub mod catalog;
pub mod cloud;
pub mod engine;
pub mod graph;
pub mod names;
pub mod observe;
pub mod plan;
pub mod problem;
pub mod render;
pub mod rollout;
pub mod schedule;
pub mod stack;
pub mod state;
pub mod value;

#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "aws")]
pub mod cli;
#[cfg(feature = "aws")]
pub mod kinds;
