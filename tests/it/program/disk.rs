//! A disk that is full, or will not be written: nothing is done in AWS that could not be remembered.

use std::fs;

use serde_json::{Value as Json, json};

use crate::support::program::{ProgramWorld, Ran};

const FILE: &str = "disk.yaml";
const STATE: &str = ".isobar/local/disk.json";
const APPLY: [&str; 4] = ["apply", "--local", "--yes", FILE];
/// A rule that only counts changes: it never acts.
const NEVER: u64 = 1_000_000_000;
const TOPICS: usize = 12;

fn stack(topics: usize) -> String {
    let topic = |number: usize| {
        format!(
            "  t{number}: {{kind: sns.Topic, in: each-region, properties: {{name: disk-{number}, tags: {{note: {0}}}}}}}\n",
            "n".repeat(200)
        )
    };
    format!("stack: disk\nregions: [us-east-1]\nresources:\n{}", (0..topics).map(topic).collect::<String>())
}

fn world() -> ProgramWorld {
    let world = ProgramWorld::new();
    world.write(FILE, &stack(TOPICS));
    // The emulator does not start on the full disk.
    world.isobar(&["plan", "--local", FILE]).exits(0);
    world
}

/// Runs an apply; how many calls it made that change something.
fn changes(world: &ProgramWorld, run: impl FnOnce() -> Ran) -> (Ran, u64) {
    world.fault(&json!([{"mutating": true, "nth": NEVER, "action": "drop"}]));
    let ran = run();
    (ran, world.count(0, "matched"))
}

/// How many resources and open calls the state knows.
fn known(world: &ProgramWorld) -> u64 {
    let pulled = world.isobar(&["state", "pull", "--local", FILE]);
    if pulled.talk.contains("nothing is remembered") {
        return 0;
    }
    let state = pulled.exits(0).json();
    let count = |json: &Json| json.as_object().map_or(0, serde_json::Map::len) + json.as_array().map_or(0, Vec::len);
    (count(&state["records"]) + count(&state["pending"])) as u64
}

fn tells(ran: &Ran, place: &str, words: &str, help: &str) {
    for part in [place, words, help] {
        assert!(ran.talk.contains(part), "no {part:?} in\n{}", ran.talk);
    }
}

fn converges(world: &ProgramWorld, topics: usize) {
    world.isobar(&APPLY).exits(0);
    world.isobar(&["plan", "--local", "--detailed-exitcode", FILE]).exits(0);
    let alive = world.control("GET", "inventory", &Json::Null);
    let alive = alive.as_array().expect("a list");
    assert_eq!(alive.iter().filter(|thing| thing["service"] == "sns").count(), topics, "{alive:#?}");
}

#[test]
fn a_full_disk_stops_a_run_before_its_next_change() {
    let world = world();
    let mut struck = Vec::new();
    // The lock, the first state, then ever later in the journal.
    for blocks in [0, 1, 4, 16] {
        world.control("POST", "reset", &Json::Null);
        if world.path(".isobar/local").exists() {
            world.remove(".isobar/local");
        }
        let (ran, changes) = changes(&world, || world.on_a_full_disk(blocks, &APPLY));
        let ran = ran.exits(1);
        tells(&ran, ".isobar/local/disk.", "File too large", "make room there");
        // What was not announced was not called.
        assert!(changes <= known(&world), "{blocks} blocks: {changes} changes\n{}", ran.talk);
        let of = |file: &str| ran.talk.contains(&format!(".isobar/local/disk.{file}: File too large"));
        struck.push((blocks, changes, ["lock", "journal", "json"].into_iter().find(|file| of(file)).unwrap_or("none")));
        converges(&world, TOPICS);
    }
    let files: Vec<&str> = struck.iter().map(|(.., file)| *file).collect();
    assert_eq!((files[0], struck[0].1), ("lock", 0), "{struck:?}");
    assert!(files[1..].contains(&"journal"), "{struck:?}");
    assert!(struck.iter().any(|(_, changes, _)| *changes > 0), "always before the first change: {struck:?}");
}

#[test]
fn a_full_disk_at_the_save_loses_nothing() {
    let world = world();
    world.isobar(&APPLY).exits(0);
    let blocks = fs::metadata(world.path(STATE)).expect("a state").len().div_ceil(512);

    // The first save of a run does not fit: nothing is changed.
    world.write(FILE, &stack(TOPICS + 1));
    let (ran, none) = changes(&world, || world.on_a_full_disk(blocks - 2, &APPLY));
    tells(&ran.exits(1), STATE, "File too large", "make room there");
    assert_eq!(none, 0);

    // The last save does not fit, because of what was made. The journal has it.
    let (ran, one) = changes(&world, || world.on_a_full_disk(blocks, &APPLY));
    tells(&ran.exits(1), STATE, "File too large", "make room there");
    assert_eq!(one, 1);
    let (ran, none) = changes(&world, || world.isobar(&APPLY));
    ran.exits(0);
    assert_eq!(none, 0, "it was remembered");
    converges(&world, TOPICS + 1);
}

#[test]
fn an_unwritable_state_is_reported_and_nothing_is_changed() {
    let world = world();
    for place in [".isobar", ".isobar/local"] {
        if world.path(".isobar").exists() {
            world.remove(".isobar");
        }
        if place == ".isobar/local" {
            fs::create_dir(world.path(".isobar")).expect("a folder");
        }
        world.write(place, "");
        let (ran, none) = changes(&world, || world.isobar(&APPLY));
        tells(&ran.exits(1), ".isobar/local", "os error", "move away what is in the state's place");
        assert_eq!(none, 0);
        world.remove(place);
        fs::create_dir_all(world.path(".isobar")).expect("a folder");
    }
    // A folder stands where the state is to be.
    fs::create_dir_all(world.path(STATE)).expect("a folder");
    let (ran, none) = changes(&world, || world.isobar(&APPLY));
    let ran = ran.exits(1);
    tells(&ran, STATE, "os error", "move away what is in the state's place");
    insta::assert_snapshot!(ran.shown(), @r"
    exit 1
    -- stderr
    error: .isobar/local/disk.json: Is a directory (os error 21)
    help: move away what is in the state's place
    ");
    assert_eq!(none, 0);
    world.remove(STATE);
    converges(&world, TOPICS);
}
