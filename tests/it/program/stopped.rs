//! A run that is asked to stop while AWS takes its time, as CI services ask: once, and soon once more.

use std::time::Instant;

use serde_json::{Value as Json, json};

use crate::support::program::{ProgramWorld, Ran};
use crate::support::running::Running;

const FILE: &str = "stopped.yaml";
const BUCKET: &str = "isobar-stopped-state";
const STACK: &str = "
stack: stopped
regions: [us-east-1, us-west-2]
state: {bucket: isobar-stopped-state, region: us-east-1, lease: 15s}
tables:
  carts: {key: {id: string}, protect: false}
notify:
  email: [oncall@example.com]
resources:
  first: {kind: sns.Topic, in: each-region, properties: {name: stopped-first}}
  second: {kind: sns.Topic, in: each-region, properties: {name: stopped-second}}
";
const APPLY: [&str; 6] = ["apply", "--local", "--yes", "--events", "events.jsonl", FILE];

#[test]
fn an_interrupted_run_exits_in_time_and_the_next_one_continues_at_once() {
    let world = ProgramWorld::new();
    world.write(FILE, STACK);
    // The emulator is up before time counts.
    world.isobar(&["plan", "--local", FILE]).exits(0);
    a_call_under_way_is_finished(&world);
    a_wait_is_handed_over(&world);
    a_call_that_hangs_is_left_when_asked_twice(&world, "INT", "TERM");
    a_call_that_hangs_is_left_when_asked_twice(&world, "TERM", "TERM");
    a_call_that_hangs_is_left_when_asked_twice(&world, "TERM", "INT");
}

/// Every change takes a second; the run is asked once, in the middle of the first ones.
fn a_call_under_way_is_finished(world: &ProgramWorld) {
    world.fault(&json!([{"mutating": true, "not_service": "s3", "action": "hang", "seconds": 1, "then": "serve"}]));
    let mut run = world.start(&APPLY);
    run.until("a first change", |_| world.count(0, "struck") > 0);
    let ran = asked(run, &["TERM"]);
    let changes = world.count(0, "matched");
    assert!(ran.talk.contains("interrupted"), "{}", ran.talk);
    nothing_began_afterwards(world);
    let state: Json = world.isobar(&["state", "pull", "--local", FILE]).exits(0).json();
    assert_eq!(state["pending"], json!([]), "it was not waited for: {}", ran.talk);
    assert_eq!(state["records"].as_object().expect("records").len() as u64, changes, "{state:#}");
    goes_on(world);
}

/// AWS's clock stands still: what is waited for never comes.
fn a_wait_is_handed_over(world: &ProgramWorld) {
    world.control("POST", "clock", &json!({"freeze": true}));
    let mut run = world.start(&APPLY);
    run.until("a wait", |_| world.read("events.jsonl").contains(r#""event":"step_waiting","address":"tables.carts"#));
    asked(run, &["TERM"]);
    nothing_began_afterwards(world);
    world.control("POST", "clock", &json!({"freeze": false}));
    goes_on(world);
}

fn a_call_that_hangs_is_left_when_asked_twice(world: &ProgramWorld, first: &str, second: &str) {
    world.fault(&json!([{"mutating": true, "not_service": "s3", "nth": 3, "action": "hang"}]));
    let mut run = world.start(&APPLY);
    run.until("a call that hangs", |_| world.count(0, "struck") == 1);
    asked(run, &[first, second]);
    goes_on(world);
}

/// Asks a run to stop, each time once it has heard the time before, and prints how long it took after the last.
fn asked(mut run: Running, signals: &[&str]) -> Ran {
    let mut last = Instant::now();
    for (number, signal) in signals.iter().enumerate() {
        if number > 0 {
            run.until("an answer", |run| run.has_said("Once more to leave at once"));
        }
        last = Instant::now();
        run.signal(signal);
    }
    let ran = run.end().exits(130);
    say(&format!("stopped by {}: {} ms after the last", signals.join(", "), last.elapsed().as_millis()));
    ran
}

fn nothing_began_afterwards(world: &ProgramWorld) {
    let events = world.read("events.jsonl");
    let (_, after) = events.split_once(r#""event":"interrupted""#).expect("an interruption");
    assert!(!after.contains("step_started") && !after.contains("step_waiting"), "{after}");
}

/// The lock is free, the next run ends what was begun, and everything can go.
fn goes_on(world: &ProgramWorld) {
    world.fault(&json!([]));
    world.isobar(&["apply", "--local", "--yes", FILE]).exits(0);
    world.isobar(&["plan", "--local", "--detailed-exitcode", FILE]).exits(0);
    world.isobar(&["destroy", "--local", "--yes", FILE]).exits(0);
    let left: Vec<Json> = world.inventory().into_iter().filter(|thing| thing["name"] != BUCKET).collect();
    assert_eq!(left, Vec::<Json>::new());
}

#[expect(clippy::print_stdout, reason = "how long it took is for those who run it")]
fn say(line: &str) {
    println!("{line}");
}
