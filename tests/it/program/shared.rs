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
fn the_first_place_may_go_and_the_copy_may_not() {
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
fn a_copy_that_is_lost_for_good_is_let_go_by_word_and_taken_again() {
    let world = world(&format!("{STACK}{COPY}"));
    run(&world, &["apply", "--yes"]).exits(0);
    lose_buckets(&world, "us-west-2");
    world.edit(SMALL, COPY, "");
    change(&world, "one", "two");
    let told = run(&world, &["apply", "--yes"]).exits(4).talk;
    assert!(told.contains("isobar state detach"), "{told}");
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
