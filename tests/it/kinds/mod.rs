//! What every kind must keep, tried with nothing but its own `EXAMPLE` and `CHANGES`.
//!
//! Offline: the example fits the kind's own schema and rules, and documents every field. On the emulator: the
//! whole life of a thing. The emulator is the one at `ISOBAR_TEST_ENDPOINT`; without it, one is started on
//! a port of its own for as long as the test runs. `ISOBAR_TEST_KINDS=iam.Role,logs.LogGroup` tries only those.
//!
//! Three conventions for examples: a natural name holds the word `shop`, which stands for another
//! word in each run, so that runs do not meet; a text that names a file in `tests/it/data` stands
//! for that file; and the ids in `kinds/network.rs` and `kinds/balanced.rs` stand for a network and a load
//! balancer in it that the test makes.

mod balanced;
mod emulator;
mod example;
mod life;
mod network;
mod networks;
mod offline;
mod roll_out;
mod rollouts;
mod surroundings;
mod traffic;

use std::collections::BTreeSet;

use isobar::catalog::KindInfo;
use isobar::kinds::catalog;

/// The kinds to be tried.
fn selected() -> Vec<KindInfo> {
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
    report(&selected().iter().flat_map(offline::faults).collect::<Vec<_>>());
}

#[test]
fn every_kind_lives_on_the_emulator() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    report(&runtime.block_on(async {
        let emulator = emulator::Emulator::reach().await;
        let mut faults = Vec::new();
        // One after the other: some things are there once in an account, whatever their names.
        for kind in selected() {
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
fn networks_hold_together_on_the_emulator() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    report(&runtime.block_on(async {
        let emulator = emulator::Emulator::reach().await;
        let mut network = networks::Network::new(&emulator);
        let mut faults: Vec<String> = network.live().await.err().into_iter().collect();
        faults.extend(network.clear().await);
        faults
    }));
}

/// A trial of its own, and nothing left of it.
async fn trial(
    emulator: &emulator::Emulator,
    (name, kind): (&str, &str),
    of: impl AsyncFnOnce(&mut life::Life<'_>) -> life::Outcome<()>,
) -> Vec<String> {
    let mut life = life::Life::new(emulator, &kind.parse().expect("a kind"));
    let mut faults: Vec<String> = of(&mut life).await.err().into_iter().collect();
    faults.extend(life.clear().await.into_iter().map(|fault| format!("clearing up: {fault}")));
    faults.into_iter().map(|fault| format!("{name}: {fault}")).collect()
}

#[test]
fn several_things_of_a_kind_get_on_with_each_other() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    report(&runtime.block_on(async {
        let it = &emulator::Emulator::reach().await;
        let group = ("a new version of a template", "autoscaling.AutoScalingGroup");
        let mut faults = trial(it, group, async |life| life.roll_out().await).await;
        let rules = ("rules that change places", "elbv2.ListenerRule");
        faults.extend(trial(it, rules, async |life| life.change_places().await).await);
        let traffic = ("traffic that a service shifts", "elbv2.TargetGroup");
        faults.extend(trial(it, traffic, async |life| life.shift_traffic().await).await);
        let certificates = ("several certificates", "elbv2.Listener");
        faults.extend(trial(it, certificates, async |life| life.certify().await).await);
        faults
    }));
}

#[test]
fn a_rollout_that_fails_is_never_taken_for_one_that_went_well() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    report(&runtime.block_on(async {
        let emulator = emulator::Emulator::reach().await;
        let mut rollouts = rollouts::Rollouts::new(&emulator);
        let mut faults: Vec<String> = rollouts.live().await.err().into_iter().collect();
        faults.extend(rollouts.clear().await);
        faults
    }));
}
