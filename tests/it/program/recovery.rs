//! A state that was lost, damaged or changed by hand, on an emulator.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::support::program::ProgramWorld;

pub const SMALL: &str = "small.yaml";
const STATE: &str = ".isobar/local/small.json";

pub const STACK: &str = "
stack: small
regions: [us-east-1, us-west-2]
tables:
  carts: {key: {id: string}, protect: false}
functions:
  carts:
    code: ./serverless/functions/carts
    handler: app.handler
    runtime: python3.13
    environment: {TABLE: \"${tables.carts.name}\"}
    access: {tables.carts: read-write}
apis:
  shop:
    routes:
      GET /carts: functions.carts
";
pub const MORE: &str = "
notify:
  email: [oncall@example.com]
";

fn applied(text: &str) -> ProgramWorld {
    let world = ProgramWorld::new();
    world.write(SMALL, text);
    world.isobar(&["apply", "--local", "--yes", SMALL]).exits(0);
    world
}

#[test]
fn a_lost_or_damaged_state_is_rebuilt_and_the_next_plan_is_empty() {
    let world = applied(STACK);
    let records = || {
        let list = world.isobar(&["state", "list", "--local", SMALL]).exits(0).data;
        list.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
    };
    let (before, alive) = (records(), world.inventory());

    world.remove(".isobar");
    let refused = world.isobar(&["recover", "--local", SMALL]).exits(1);
    assert!(refused.talk.contains("<= found   tables.carts@global"), "{}", refused.talk);
    assert_eq!(records(), Vec::<String>::new());
    world.isobar(&["recover", "--local", "--yes", SMALL]).exits(0);
    assert_eq!(records(), before);
    world.isobar(&["plan", "--local", "--detailed-exitcode", SMALL]).exits(0);

    let whole = world.read(STATE);
    world.write(STATE, &whole[..whole.len() / 2]);
    world.isobar(&["plan", "--local", SMALL]).exits(1);
    let recovered = world.isobar(&["recover", "--local", "--yes", SMALL]).exits(0);
    assert!(recovered.talk.contains("small.json.damaged"), "{}", recovered.talk);
    assert_eq!(world.read(&format!("{STATE}.damaged")), whole[..whole.len() / 2]);
    assert_eq!(records(), before);
    world.isobar(&["plan", "--local", "--detailed-exitcode", SMALL]).exits(0);

    let again = world.isobar(&["recover", "--local", SMALL]).exits(0);
    assert!(again.talk.contains(&format!("{} confirmed", before.len())), "{}", again.talk);
    assert_eq!(world.inventory(), alive, "recover has changed something");
}

#[test]
fn what_nobody_looks_after_is_told() {
    let world = applied(&format!("{STACK}{MORE}"));
    world.remove(".isobar");
    world.write(SMALL, STACK);
    let told = world.isobar(&["recover", "--local", "--yes", SMALL]).exits(0).talk;
    let stray = |line: &str| line.contains("notify.") && line.contains("arn:aws:sns:us-west-2");
    assert!(told.contains("in neither the file nor the state") && told.lines().any(stray), "{told}");
    // The table is in the file; its alarms came with who hears of them.
    assert!(!told.lines().any(|line| line.starts_with("  tables.carts@")), "{told}");

    // With the block back they are taken up.
    world.write(SMALL, &format!("{STACK}{MORE}"));
    let told = world.isobar(&["recover", "--local", "--yes", SMALL]).exits(0).talk;
    assert!(told.contains("<= found   notify.") && !told.contains("in neither the file nor the state"), "{told}");
    world.isobar(&["plan", "--local", "--detailed-exitcode", SMALL]).exits(0);
}

#[test]
fn a_state_is_pulled_pushed_moved_and_forgotten() {
    let world = applied("stack: small\nregions: [us-east-1]\nnotify:\n  email: [oncall@example.com]\n");
    let pull = || world.isobar(&["state", "pull", "--local", SMALL]).exits(0).data;
    let first = pull();
    world.write("first.json", &first);
    let address = world.isobar(&["state", "list", "--local", SMALL]).exits(0).data;
    let address = address.split_whitespace().next().expect("an address").to_owned();
    let moved = address.replacen("notify.", "resources.", 1);

    let refused = world.isobar(&["state", "mv", "--local", SMALL, &format!("{address}x"), &moved]).exits(4);
    assert!(refused.talk.contains("is not an address") || refused.talk.contains("help:"), "{}", refused.talk);
    world.isobar(&["state", "mv", "--local", SMALL, &address, &moved]).exits(0);
    world.isobar(&["state", "show", "--local", SMALL, &moved]).exits(0);
    let refused = world.isobar(&["state", "push", "--local", SMALL, "first.json"]).exits(4);
    assert!(refused.talk.contains("older"), "{}", refused.talk);
    world.isobar(&["state", "push", "--local", "--force", SMALL, "first.json"]).exits(0);
    world.isobar(&["state", "show", "--local", SMALL, &address]).exits(0);
    world.isobar(&["plan", "--local", "--detailed-exitcode", SMALL]).exits(0);

    world.write("other.json", &first.replace("\"small\"", "\"other\""));
    world.isobar(&["state", "push", "--local", "--force", SMALL, "other.json"]).exits(4);
    world.isobar(&["state", "rm", "--local", SMALL, "nothing.*", "--yes"]).exits(4);
    world.isobar(&["state", "rm", "--local", SMALL, &address]).exits(1);
    let alive = world.inventory();
    let told = world.isobar(&["state", "rm", "--local", SMALL, "notify.*", "--yes"]).exits(0).talk;
    assert!(told.contains("stay in AWS") && told.contains(&address), "{told}");
    assert_eq!(world.isobar(&["state", "list", "--local", SMALL]).exits(0).data, "");
    assert_eq!(world.inventory(), alive);
}

#[test]
fn a_lock_that_is_held_refuses_and_tells_by_whom() {
    let world = ProgramWorld::new();
    world.write(SMALL, STACK);
    world.isobar(&["plan", "--local", SMALL]).exits(0);
    let free = world.isobar(&["state", "unlock", "--local", SMALL]).exits(0);
    assert!(free.talk.contains("Nobody holds the lock"), "{}", free.talk);

    let mut apply = world.command(&["apply", "--local", "--yes", SMALL]).stderr(Stdio::piped()).spawn().expect("it");
    let mut lines = BufReader::new(apply.stderr.take().expect("a pipe")).lines();
    lines.find(|line| line.as_ref().is_ok_and(|line| line.starts_with('['))).expect("a first step").expect("a line");
    let held = world.isobar(&["state", "unlock", "--local", "--yes", SMALL]).exits(4);
    assert!(held.talk.contains("isobar apply") && held.talk.contains(&apply.id().to_string()), "{}", held.talk);
    world.isobar(&["state", "mv", "--local", SMALL, "tables.carts", "tables.other"]).exits(4);
    lines.for_each(drop);
    assert!(apply.wait().expect("an end").success());
    world.isobar(&["state", "unlock", "--local", SMALL]).exits(0);
}
