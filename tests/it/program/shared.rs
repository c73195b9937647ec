//! A state in a bucket, with a copy in a second region, on an emulator.

use serde_json::{Value as Json, json};

use crate::support::program::{ProgramWorld, Ran};

const SMALL: &str = "small.yaml";
const STACK: &str = "
stack: small
regions: [us-east-1, us-west-2]
notify:
  email: [one@example.com]
state:
  bucket: small-state
  region: us-east-1
  lease: 15s
";
const COPY: &str = "  copy: {bucket: small-state-west, region: us-west-2}\n";

fn world(stack: &str) -> ProgramWorld {
    let world = ProgramWorld::new();
    world.write(SMALL, stack);
    world
}

fn run(world: &ProgramWorld, words: &[&str]) -> Ran {
    world.isobar(&[words, &["--local", SMALL]].concat())
}

fn lose_buckets(world: &ProgramWorld, region: &str) {
    world.control("POST", "faults", &json!({"service": "s3", "region": region, "action": "drop"}));
}

fn find_them_again(world: &ProgramWorld) {
    world.control("DELETE", "faults", &Json::Null);
}

/// Another address in place of the last one.
fn change(world: &ProgramWorld, from: &str, to: &str) {
    world.edit(SMALL, &format!("{from}@"), &format!("{to}@"));
}

fn both_say_the_same(world: &ProgramWorld) {
    let [first, copy] = ["first", "copy"].map(|place| run(world, &["state", "pull", "--from", place]).exits(0).data);
    assert_eq!(first, copy);
}

#[test]
fn a_lost_primary_is_survived_and_a_lost_replica_blocks_changes() {
    let world = world(&format!("{STACK}{COPY}"));
    run(&world, &["apply", "--yes"]).exits(0);
    let calls = world.calls();
    for region in ["us-east-1", "us-west-2"] {
        for call in ["CreateBucket", "PutBucketVersioning", "PutPublicAccessBlock"] {
            assert_eq!(calls["calls"][region]["s3"][call], 1, "{region} {call}: {calls:#}");
        }
    }
    assert!(!world.path(".isobar").join("local/small.json").exists(), "the state is in a file");
    both_say_the_same(&world);

    lose_buckets(&world, "us-east-1");
    change(&world, "one", "two");
    let told = run(&world, &["apply", "--yes"]).exits(0).talk;
    assert!(told.contains("note: ") && told.contains("small-state"), "{told}");
    run(&world, &["plan", "--detailed-exitcode"]).exits(0);
    find_them_again(&world);
    change(&world, "two", "three");
    run(&world, &["apply", "--yes"]).exits(0);
    both_say_the_same(&world);

    let alive = world.inventory();
    lose_buckets(&world, "us-west-2");
    change(&world, "three", "four");
    run(&world, &["plan", "--detailed-exitcode"]).exits(2);
    let told = run(&world, &["apply", "--yes"]).exits(1).talk;
    assert!(told.contains("small-state-west"), "{told}");
    find_them_again(&world);
    assert_eq!(world.inventory(), alive, "it was changed without the copy");
}

#[test]
fn a_lost_replica_is_detached_by_command_and_attached_again() {
    let world = world(&format!("{STACK}{COPY}"));
    run(&world, &["apply", "--yes"]).exits(0);
    lose_buckets(&world, "us-west-2");
    world.edit(SMALL, COPY, "");
    change(&world, "one", "two");
    let refused = run(&world, &["apply", "--yes"]).exits(4);
    insta::assert_snapshot!(refused.shown(), @r"
    exit 4
    -- stderr
    Wave 1: us-west-2
      ~   update  notify.topic@us-west-2, @us-east-1  sns.Topic
            subscriptions:
              - {endpoint: one@example.com, protocol: email}
              + {endpoint: two@example.com, protocol: email}

    Wave 2: us-east-1
      1 change shown above

    Plan: 2 to update, in 2 regions.
    refused: s3://small-state/small/state.json: this state has a copy at s3://small-state-west/small/state.json, and the stack file does not say so
    help: add `copy:` with s3://small-state-west/small/state.json under `state`
    help: if the copy is lost for good, `isobar state detach` lets the first place stand alone
    ");
    run(&world, &["state", "detach", "--yes"]).exits(0);
    run(&world, &["apply", "--yes"]).exits(0);
    find_them_again(&world);

    world.write(SMALL, &(world.read(SMALL) + COPY));
    run(&world, &["plan", "--detailed-exitcode"]).exits(0);
    change(&world, "two", "three");
    run(&world, &["apply", "--yes"]).exits(0);
    both_say_the_same(&world);
    run(&world, &["destroy", "--yes"]).exits(0);
    let left = world.inventory();
    assert!(left.iter().all(|thing| thing["service"] == "s3"), "{left:#?}");
}
