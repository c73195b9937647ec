//! Isobar deploys multi-region active-active stacks on AWS.
//!
//! # The flow, one direction
//! ```text
//! stack.yaml ─ stack::load ─▶ Loaded ─ blocks::expand ─▶ Declarations ─ graph::of ─▶ Graph
//!                                                                          │     State ◀─ store
//!               Cloud ─ observe (batched) ─▶ Observed                      │       │
//!                                       planning::decide(Graph, State, Observed, Catalog, Intent) ─▶ Plan   (for people)
//!                                       plan::steps(Plan, planning::waves::Waves) ─▶ Steps with gates   (for the run)
//!                                       apply::Run(Schedule, Journal, Cloud, Listener) ─▶ Outcome
//!                                                └─▶ journal, then state, after every call
//! ```
//! *A stack is expanded into a graph; we observe the cloud, make a plan, arrange it into waves,
//! schedule its steps, apply them, and remember the state.* [`ops`] says this sentence in code.
//!
//! # Layers
//! A module imports only what stands above it. A test reads every `crate::` path and holds it against this table.
//!
//! | layer | modules |
//! |---|---|
//! | words | [`names`], [`problem`] |
//! | values | [`value`] |
//! | knowledge | [`catalog`], [`state`], [`stack`] |
//! | comparison | [`diff`] |
//! | expansion | [`blocks`], [`graph`] |
//! | intent | [`intent`] |
//! | plan, as data | [`plan`], [`schedule`] |
//! | doors | [`cloud`], [`store`] |
//! | reading | [`observe`] |
//! | deciding | [`planning`] |
//! | doing | [`apply`] |
//! | operations | [`ops`] |
//! | text | [`render`] |
//! | AWS | `aws`, `kinds` |
//! | commands | `cli` |
//!
//! # What is absent on purpose
//! - No SDK type outside `aws/` and `kinds/`: `cargo check --lib --no-default-features` compiles
//!   everything else without one SDK crate.
//! - No waiting, retrying, comparing or journaling in a kind: the engine does it, once for all kinds.
//! - No output of a resource but from [`cloud::Cloud::read`]: `create` gives an id and nothing else,
//!   so that the id is recorded before any waiting.
//! - No unknown value where a known one is wanted: [`value::Partial::finish`] is the only gate.
//! - No text for people outside [`render`]; no exit code outside `cli::exit`.
//! - No process-wide region: a client belongs to its resource's region.
//! - No secret in a state, a plan, an event or a log: specs are redacted before they are remembered.
//!
//! # Who owns which file
//! | file | module |
//! |---|---|
//! | the stack file | [`stack`]; only `stack::yaml` names a YAML crate |
//! | `.isobar/build/HASH.zip` | [`stack`], from a function's folder |
//! | `.isobar/NAME.json`, `.journal`, `.lock`, `backup/` | [`store::file`] |
//! | `STACK/state.json`, `lease.json`, `journal/` in a bucket | [`store::object`], over [`store::objects`] |
//! | `--events FILE` | [`render`] |
//! | `localstack/`, carried in the program | `cli`, for `--local` |
//!
//! # Never lost
//! 1. Identity before action: whatever is created can be found again by something fixed before the
//!    call: a unique name, a token made of [`names::Owner`], or the ownership tags.
//! 2. Begin is durable before a call, End before anything that rests on it ([`store::journal`]).
//! 3. A lock that can be lost closes a fence ([`store::fence`]): the run stops before its next call, and
//!    the log that it wrote to is sealed by whoever comes next.
//! 4. A Begin without an End is resolved by `find` at the next start. Only what carries our
//!    identity is taken up; a thing of our name without it is somebody else's, and the plan says so.

pub mod apply;
pub mod blocks;
pub mod catalog;
pub mod cloud;
pub mod diff;
pub mod graph;
pub mod intent;
pub mod names;
pub mod observe;
pub mod ops;
pub mod plan;
pub mod planning;
pub mod problem;
pub mod render;
pub mod schedule;
pub mod stack;
pub mod state;
pub mod store;
pub mod value;

#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "aws")]
pub mod cli;
#[cfg(feature = "aws")]
pub mod kinds;
