//! Files that the program wrote at commit 45011b7: they are read, and written back as they were.
//!
//! A plan may have got new fields since then; what was there is as it was.
//!
//! `data/compat` holds what it made of `stack.yaml` on the emulator: a plan, the events and the state of the apply, and a
//! plan of changes after it. In `interrupted` are the state and the journal of a run that was killed in the middle of a
//! delete, and what they come to.

use std::fs;
use std::path::{Path, PathBuf};

use isobar::names::StackName;
use isobar::state::State;
use isobar::state::entry::Entry;
use isobar::store::{document, lines};
use isobar::value::Json;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/compat").join(name)
}

fn bytes(name: &str) -> Vec<u8> {
    fs::read(file(name)).expect("a file")
}

fn stack() -> StackName {
    "compat".parse().expect("a name")
}

fn state(name: &str) -> State {
    document::read(&bytes(name), &stack(), name, String::new).expect("a state")
}

#[test]
fn state_documents_are_written_back_byte_for_byte() {
    for name in ["state.json", "interrupted/state.json", "interrupted/pulled.json"] {
        let written = document::write(&state(name)).expect("written");
        assert_eq!(String::from_utf8_lossy(&written), String::from_utf8_lossy(&bytes(name)), "{name}");
    }
}

#[test]
fn a_journal_with_an_open_call_comes_to_the_same_state() {
    let journal = bytes("interrupted/journal");
    let before = state("interrupted/state.json");
    let read = lines::read(Some(before), &journal, &stack(), "journal", String::new).expect("a journal");
    let expected = state("interrupted/pulled.json");
    assert_eq!((expected.pending.len(), expected.deposed.len()), (1, 1));
    assert_eq!(read.as_ref(), Some(&expected));
}

#[test]
fn journal_entries_are_written_back_byte_for_byte() {
    let journal = bytes("interrupted/journal");
    for line in journal.split_inclusive(|byte| *byte == b'\n') {
        let read: Json = serde_json::from_slice(line).expect("a line");
        let entry: Entry = serde_json::from_value(read["do"].clone()).expect("an entry");
        let (after, lineage) =
            (read["after"].as_u64().expect("a serial"), read["lineage"].as_str().expect("a lineage"));
        let written = lines::write(&[entry], after, lineage).expect("written");
        assert_eq!(String::from_utf8_lossy(&written), String::from_utf8_lossy(line));
    }
}

#[cfg(feature = "aws")]
mod program {
    use std::collections::BTreeMap;

    use isobar::value::Json;
    use serde_json::json;

    use super::{bytes, file};
    use crate::support::emulators::DEFAULT_PACE;
    use crate::support::program::ProgramWorld;

    const FILE: &str = "stack.yaml";

    #[test]
    fn plans_events_and_states_of_the_same_run_have_the_same_form() {
        let world = ProgramWorld::with(&file(""), DEFAULT_PACE);
        let plan = |world: &ProgramWorld| {
            let text = world.isobar(&["plan", "--local", "--format", "json", FILE]).exits(0).data;
            without_additions(serde_json::from_str(&text).expect("a plan"))
        };
        let old = |name: &str| -> Json { serde_json::from_slice(&bytes(name)).expect("a plan") };
        assert_eq!(plan(&world), old("plan.json"));

        world.isobar(&["apply", "--local", "--yes", "--events", "new.jsonl", FILE]).exits(0);
        assert_eq!(events(world.read("new.jsonl").as_bytes()), events(&bytes("events.jsonl")));
        let written: Json = serde_json::from_str(&world.read(".isobar/local/compat.json")).expect("a state");
        assert_eq!(form(&written), form(&serde_json::from_slice(&bytes("state.json")).expect("a state")));

        world.edit(FILE, "compat-orders", "compat-purchases");
        world.edit(FILE, "team: commerce", "team: checkout");
        world.edit(FILE, "key: {id: string}", "key: {id: string}, ttl: expires");
        assert_eq!(plan(&world), old("plan-of-change.json"));
    }

    /// A plan without the fields that the form has got since then, each at its own place. They must be there.
    fn without_additions(mut plan: Json) -> Json {
        take_out(&mut plan, &["risks", "stays"]);
        for change in plan["changes"].as_array_mut().expect("changes") {
            take_out(change, &["deposed", "follows", "same_as", "highlights"]);
            for property in change["properties"].as_array_mut().expect("properties") {
                take_out(property, &["unordered"]);
            }
        }
        plan
    }

    fn take_out(object: &mut Json, names: &[&str]) {
        let fields = object.as_object_mut().expect("an object");
        for name in names {
            assert!(fields.remove(*name).is_some(), "`{name}` is not there");
        }
    }

    /// How often each event is there. The clock's share is left out: times, and what was waited for how often.
    fn events(bytes: &[u8]) -> BTreeMap<String, usize> {
        let mut found = BTreeMap::new();
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let mut event: Json = serde_json::from_slice(line).expect("an event");
            let waiting = event["event"] == "step_waiting";
            let left_out: &[&str] = if waiting { &["time", "address", "why"] } else { &["time", "seconds"] };
            for (name, value) in event.as_object_mut().expect("an object") {
                if left_out.contains(&name.as_str()) {
                    *value = json!("left out");
                }
            }
            let count = found.entry(event.to_string()).or_default();
            *count = if waiting { 1 } else { *count + 1 };
        }
        found
    }

    /// Names and types, without what AWS or chance makes up.
    fn form(json: &Json) -> Json {
        match json {
            Json::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), form(value))).collect(),
            // How many texts a list has, such as the addresses that a resource needs, is no matter of form.
            Json::Array(items) if items.iter().all(Json::is_string) => items.iter().take(1).map(form).collect(),
            Json::Array(items) => items.iter().map(form).collect(),
            Json::String(_) => json!("a text"),
            Json::Number(_) => json!(0),
            plain => plain.clone(),
        }
    }
}
