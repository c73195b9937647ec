//! What every kind must keep, tried with nothing but its own `EXAMPLE` and `CHANGES`.
//!
//! Offline: the example fits the kind's own schema and rules, and documents every field. On the emulator: the
//! whole life of a thing. The emulator is the one at `ISOBAR_TEST_ENDPOINT`; without it, one is started on
//! a port of its own for as long as the test runs. `ISOBAR_TEST_KINDS=iam.Role,logs.LogGroup` tries only those.
//!
//! Three conventions for examples: a natural name holds the word `shop`, which stands for another
//! word in each run, so that runs do not meet; a text that names a file in `tests/it/data` stands
//! for that file; and the ids in `kinds/network.rs` stand for a network that the test makes.

mod emulator;
mod example;
mod life;
mod network;
mod offline;
mod roll_out;
mod surroundings;

use std::collections::BTreeSet;

use isobar::aws::catalog;
use isobar::catalog::KindInfo;

/// The kinds to be tried.
fn chosen() -> Vec<KindInfo> {
    let wanted: Option<BTreeSet<String>> =
        std::env::var("ISOBAR_TEST_KINDS").ok().map(|list| list.split(',').map(str::to_owned).collect());
    let is_wanted = |kind: &&KindInfo| wanted.as_ref().is_none_or(|wanted| wanted.contains(kind.name.as_str()));
    catalog().kinds().filter(is_wanted).cloned().collect()
}

/// Fails with everything that is wrong, or not at all.
fn report(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults\n\n{}\n", faults.len(), faults.join("\n"));
}

#[test]
fn every_example_is_valid_and_complete() {
    report(&chosen().iter().flat_map(offline::faults).collect::<Vec<_>>());
}

#[test]
fn every_kind_lives_on_the_emulator() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    report(&runtime.block_on(async {
        let emulator = emulator::Emulator::reach().await;
        let mut faults = Vec::new();
        // One after the other: some things are there once in an account, whatever their names.
        for kind in chosen() {
            let mut life = life::Life::new(&emulator, &kind.name);
            if let Err(fault) = life.live(&kind).await {
                faults.push(format!("{}: {fault}", kind.name));
            }
            faults.extend(life.clear().await.into_iter().map(|fault| format!("{}: clearing up: {fault}", kind.name)));
        }
        faults
    }));
}

#[test]
fn a_new_template_comes_to_the_instances() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    report(&runtime.block_on(async {
        let emulator = emulator::Emulator::reach().await;
        let kind = "autoscaling.AutoScalingGroup".parse().expect("a kind");
        let mut life = life::Life::new(&emulator, &kind);
        let mut faults: Vec<String> = life.roll_out().await.err().into_iter().collect();
        faults.extend(life.clear().await.into_iter().map(|fault| format!("clearing up: {fault}")));
        faults
    }));
}
