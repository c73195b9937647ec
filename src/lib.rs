//! Isobar deploys multi-region active-active stacks on AWS.
//!
//! # The flow, one direction
//! ```text
//! stack.yaml ─ stack::load ─▶ Loaded ─ blocks::expand ─▶ Declarations ─ graph::of ─▶ Graph
//!                                                                          │     State ◀─ store
//!               Cloud ─ observe (batched) ─▶ Observed                      │       │
//!                                       planning::decide(Graph, State, Observed, Catalog, Intent) ─▶ Plan   (for people)
//!                                       plan::steps(Plan, planning::waves::Waves) ─▶ Steps with gates   (for the run)
//!                                       apply::Run(Steps, Journal, Cloud, Listener) ─▶ Outcome
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
//! - No value of a secret outside the call that makes it and the call that takes it (`kinds::secretsmanager`), and no
//!   core dump (`cli::core_dumps`) or logged request (`cli::log`) that it could be in.
//!
//! # Glossary
//! - **Stack**: everything that one stack file declares, under one name, in one account and its regions.
//! - **Block**: a part of the stack file, such as a service; it expands into declarations.
//! - **Resource**: one thing in AWS that has a kind, an address and a physical id.
//! - **Kind**: a type of resource, `service.Thing`: its spec, its outputs, its calls.
//! - **Spec**: the desired properties of a resource; **outputs**: the properties that others can refer to.
//! - **Address**: the logical name of a resource, `block.name[.part]@region` or `@global`.
//! - **Physical id**: the name that AWS knows a resource by.
//! - **Owner**: stack, address and generation, which a resource carries as tags or as a token.
//! - **Generation**: the number of a resource among all that have stood at its address.
//! - **Graph**: declarations with their needs; a circle is an error.
//! - **Start after**: to be created once something else serves, and to do without it from then on.
//! - **State**: a cache of what AWS knows, with a serial (number of writes) and a lineage (its origin).
//! - **Record**: one resource in the state; **pending**: a call in it whose answer is not known.
//! - **Journal**: the log of entries that a state grows by between two writes of it.
//! - **Drift**: a difference between AWS and what was last applied.
//! - **Plan**: a decision for every resource; **obstacle**: something that blocks it.
//! - **Adopt**: to take up a resource that is ours and not in the state; **forget**: to drop a record alone.
//! - **Orphan**: a resource with our tags that is in neither the file nor the state.
//! - **Deposed**: the old half of a replacement, until it is deleted.
//! - **Risk**: something that a plan puts at stake; **cause**: a change with a value from the file, others only **follow** it.
//! - **Protect**: to delete data only on the user's word; **retain**: to keep a resource that leaves the file.
//! - **Wave**: the steps of one region, after those of the region before; **gate**: the step between two waves.
//! - **Step**: one action on one resource, with the steps that must come before it.
//! - **Readiness**: pending, configured (its outputs are known), serving, or failed.
//! - **Survey**: reads of everything, in few calls, from lists if possible; **fresh read**: by the resource's own call.
//! - **Retry**, **backoff**: the same call again, after a pause that grows; **rate limit**: the most calls AWS takes.
//! - **Idempotent**: harmless to repeat, as creates with a token are.
//! - **Eventual consistency**: the time in which AWS does not show everywhere what it has accepted.
//! - **Store**: a place for a state; **replica**: one of its two places, of which the copy decides (the leader).
//! - **Lease**: a lock that runs out unless it is renewed; **epoch**: the number of its holders so far.
//! - **Fence**: the local side of a lease, closed once it may be somebody else's.
//! - **Diverged**: both replicas were changed, each without the other (split brain).
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
