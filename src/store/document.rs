//! The state as bytes: written, and refused with a reason when it cannot be read.
//!
//! Whatever the bytes are, reading them ends in a state of this stack or in an error that says what
//! is the matter; it never panics.

use serde::Deserialize;

use super::StoreError;
use crate::names::StackName;
use crate::state::entry::Entry;
use crate::state::{FORMAT_VERSION, Pending, Record, State};
use crate::value::Json;

/// The first number that a counter never comes to. From here on not every reader of JSON could tell two apart.
const NEVER: u64 = 1 << 53;
/// The first generation that nothing ever comes to.
const NEVER_A_GENERATION: u32 = 1 << 31;
/// Deepest nesting of lists and maps in what was sent or read. It leaves room for what is written around them:
/// the parser stops at 128, and what was read once must be readable wherever it is written next.
const DEEPEST: usize = 100;

/// The version, which tells whether the rest can be read.
#[derive(Deserialize)]
struct Version {
    format_version: u32,
}

/// The bytes of a state: JSON with a line's end, the same for the same state.
pub fn write(state: &State) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = serde_json::to_vec_pretty(state)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The state of this stack that was written at a place.
///
/// `rescue` says where a good copy may be; it is called only if there is need of one.
pub fn read(
    bytes: &[u8],
    stack: &StackName,
    place: &str,
    rescue: impl FnOnce() -> String,
) -> Result<State, StoreError> {
    let unusable = |what: String| StoreError::Unusable { place: place.to_owned(), what };
    let damaged = |error: String| {
        let what = if bytes.is_empty() { "it is empty".to_owned() } else { format!("this is not a state: {error}") };
        StoreError::Damaged { place: place.to_owned(), what: format!("{what}; {}", rescue()) }
    };
    match version(bytes) {
        Ok(found) if found > FORMAT_VERSION => return Err(unusable(newer(found))),
        Ok(_) => {}
        Err(error) => return Err(damaged(error.to_string())),
    }
    let state: State = match serde_json::from_slice(bytes) {
        Ok(state) => state,
        Err(error) => return Err(damaged(error.to_string())),
    };
    if state.stack != *stack {
        return Err(unusable(format!(
            "this is the state of the stack `{}`, not of `{stack}`; move it away, or back",
            state.stack
        )));
    }
    match check(&state) {
        Ok(()) => Ok(state),
        Err(what) => Err(damaged(what)),
    }
}

/// The version of the form of a document: whether the rest can be read.
pub(super) fn version(bytes: &[u8]) -> serde_json::Result<u32> {
    serde_json::from_slice(bytes).map(|version: Version| version.format_version)
}

/// The message for a format that we do not know.
pub(super) fn newer(version: u32) -> String {
    format!("written by a newer version of isobar (form {version}); use that version, or a newer one")
}

/// Refuses what no state of ours can say, however well formed it is.
fn check(state: &State) -> Result<(), String> {
    check_counters(&[state.serial, state.epoch, state.copied])?;
    state.records.values().try_for_each(check_record)?;
    state.deposed.iter().try_for_each(|deposed| check_record(&deposed.record))?;
    state.retained.values().try_for_each(check_record)?;
    state.last_generation.values().copied().try_for_each(check_generation)?;
    state.pending.iter().try_for_each(check_pending)
}

/// Refuses what no entry of ours can say.
pub(super) fn check_entry(entry: &Entry) -> Result<(), String> {
    match entry {
        Entry::Begin { pending } => check_pending(pending),
        Entry::Made { record, .. } | Entry::Replaced { record, .. } => check_record(record),
        Entry::Gone { generation, .. } | Entry::Cleared { generation, .. } => check_generation(*generation),
        Entry::Forgotten { .. } | Entry::Moved { .. } | Entry::Renamed { .. } | Entry::Used { .. } => Ok(()),
    }
}

/// Numbers that only grow, by one at a time.
pub(super) fn check_counters(counters: &[u64]) -> Result<(), String> {
    let never = counters.iter().find(|counter| **counter >= NEVER);
    never.map_or(Ok(()), |counter| Err(format!("nothing is ever counted as far as {counter}")))
}

fn check_record(record: &Record) -> Result<(), String> {
    check_generation(record.generation)?;
    check_depth(&record.spec)?;
    check_depth(&record.outputs)
}

fn check_pending(pending: &Pending) -> Result<(), String> {
    check_generation(pending.generation)?;
    check_depth(&pending.spec)
}

fn check_generation(generation: u32) -> Result<(), String> {
    let never = generation >= NEVER_A_GENERATION;
    if never { Err(format!("there never is a generation {generation}")) } else { Ok(()) }
}

fn check_depth(json: &Json) -> Result<(), String> {
    let too_deep = depth(json) > DEEPEST;
    if too_deep { Err(format!("lists and maps in it are more than {DEEPEST} deep")) } else { Ok(()) }
}

fn depth(json: &Json) -> usize {
    let inner = match json {
        Json::Array(items) => items.iter().map(depth).max(),
        Json::Object(fields) => fields.values().map(depth).max(),
        _ => return 0,
    };
    1 + inner.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut State)) -> String {
        let stack: StackName = "demo".parse().expect("a name");
        let record = Record {
            kind: "sns.Topic".parse().expect("a kind"),
            id: "id".parse().expect("an id"),
            generation: 1,
            spec: Json::Null,
            outputs: Json::Null,
            needs: std::collections::BTreeSet::new(),
            protect: false,
            retain: false,
        };
        let mut state = State::new(stack.clone(), "line".into());
        state.records.insert("a.b@global".parse().expect("an address"), record);
        change(&mut state);
        let bytes = write(&state).expect("written");
        match read(&bytes, &stack, "here", || "help".into()) {
            Ok(read) => {
                assert_eq!(read, state);
                String::new()
            }
            Err(error) => error.to_string(),
        }
    }

    fn record(state: &mut State) -> &mut Record {
        state.records.values_mut().next().expect("a record")
    }

    #[test]
    fn counters_at_their_end_are_damage() {
        assert_eq!(refused(|_| ()), "");
        let ends: [fn(&mut State); 4] = [
            |state| state.serial = u64::MAX,
            |state| state.epoch = NEVER,
            |state| state.copied = u64::MAX,
            |state| record(state).generation = u32::MAX,
        ];
        for end in ends {
            let said = refused(end);
            assert!(said.starts_with("here: this is not a state: ") && said.ends_with("; help"), "{said}");
        }
    }

    #[test]
    fn documents_that_could_not_be_written_again_are_rejected() {
        let nested = |deep| (0..deep).fold(Json::Null, |inner, _| Json::Array(vec![inner]));
        assert_eq!(refused(|state| record(state).spec = nested(DEEPEST)), "");
        for deep in [DEEPEST + 1, 124, 200] {
            let said = refused(|state| record(state).outputs = nested(deep));
            assert!(said.ends_with("; help"), "{said}");
        }
    }

    /// A spec in a state is compared with the desired one: it must come back to the last digit.
    #[test]
    fn numbers_round_trip_to_the_last_digit() {
        for number in [
            0.1,
            24_606.431_368_767_502,
            5e-324,
            1.797_693_134_862_315_7e308,
            2.225_073_858_507_201_4e-308,
            51.248_178_375_510_3,
        ] {
            assert_eq!(refused(|state| record(state).spec = number.into()), "", "{number}");
        }
    }
}
