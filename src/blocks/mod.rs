//! Blocks become declarations: what the application needs, in terms of single AWS resources. Pure.
//!
//! Everything is written as the raw resource that it is, with `${...}` where it needs another one;
//! the graph looks those up, in the same region first and then among global things. The AWS half is
//! not asked: what a kind takes is read from the catalog, so that a spec that a block produces is
//! checked like one that a user writes.

mod access;
mod api;
mod apis;
mod balancer;
mod block;
mod databases;
mod declaration;
mod dns;
mod domains;
mod expansion;
mod fleets;
mod functions;
mod health;
mod keys;
mod links;
mod moved;
mod names;
mod network;
mod notify;
mod openapi;
mod outputs;
mod quotas;
mod resources;
mod routes;
mod scaling;
mod services;
mod table_alarms;
mod tables;
mod units;

pub use declaration::{After, Declaration, Level};

use crate::catalog::Catalog;
use crate::problem::Problem;
use crate::stack::Loaded;
use crate::value::Json;
use block::Registered;
use expansion::Expansion;

/// Every block, in the order in which they are expanded and suggested. A new block is its file, its field in
/// [`Stack`](crate::stack::file::Stack), and its line here.
const BLOCKS: &[Registered] = &[
    Registered::of::<dns::Dns>(),
    Registered::of::<notify::Notify>(),
    Registered::of::<tables::Tables>(),
    Registered::of::<databases::Databases>(),
    Registered::of::<network::Networks>(),
    // A second row of the same block, since a link comes after the networks and neither needs the other's file. Nothing
    // can be asked of either, so it does not matter which of the two a name leads to.
    Registered::of::<links::Links>(),
    Registered::of::<functions::Functions>(),
    Registered::of::<services::Services>(),
    Registered::of::<fleets::Fleets>(),
    Registered::of::<apis::Apis>(),
    Registered::of::<resources::Resources>(),
];

/// The block and the name of an entry, `tables.carts`, if there is such a block.
fn block_of(entry: &str) -> Option<(&'static Registered, &str)> {
    let (block, name) = entry.split_once('.')?;
    Some((BLOCKS.iter().find(|one| one.name == block)?, name))
}

/// Every resource that a stack stands for, and everything that is wrong with it.
///
/// What is declared is complete only if no problem is an error.
pub fn expand(loaded: &Loaded, catalog: &Catalog) -> (Vec<Declaration>, Vec<Problem>) {
    let mut cx = Expansion::new(loaded, catalog);
    for block in BLOCKS {
        (block.expand)(&mut cx);
    }
    outputs::write_out(&mut cx);
    moved::check(&mut cx);
    names::check(&mut cx);
    quotas::check(&mut cx);
    cx.finish()
}

/// The declarations as raw YAML would have them, by address: what `expand` prints.
pub fn expanded_json(declarations: &[Declaration]) -> Json {
    Json::Object(declarations.iter().map(|one| (one.address.to_string(), one.written())).collect())
}
