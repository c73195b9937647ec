//! A journal as bytes: a line for each entry, and what a document and the lines after it come to. Pure.
//!
//! A last line without its end was cut off while it was written: nothing relied on it yet, and it is
//! passed over. Any other line that cannot be read is an error that names it.

use serde::{Deserialize, Serialize};

use super::StoreError;
use super::document;
use crate::names::StackName;
use crate::state::State;
use crate::state::entry::Entry;

/// A line: an entry, and the serial and lineage of the state it was written after.
#[derive(Serialize, Deserialize)]
struct Line<T> {
    after: u64,
    lineage: String,
    #[serde(rename = "do")]
    entry: T,
}

/// The lines of entries that follow a state with this serial and lineage.
pub fn write(entries: &[Entry], after: u64, lineage: &str) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for entry in entries {
        serde_json::to_writer(&mut bytes, &Line { after, lineage: lineage.to_owned(), entry })?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}

/// Number of these bytes that are whole lines.
pub fn whole(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
}

/// The state of a document, if there is one, and a journal after it. The error of a journal names `place`; it asks
/// `rescue` where a good copy may be.
pub fn read(
    state: Option<State>,
    bytes: &[u8],
    stack: &StackName,
    place: &str,
    rescue: impl FnOnce() -> String,
) -> Result<Option<State>, StoreError> {
    let mut state = state;
    let lines = match parsed(bytes) {
        Ok(lines) => lines,
        Err((number, error)) => {
            let what = format!("line {number} is damaged: {error}; {}", rescue());
            return Err(StoreError::Damaged { place: place.to_owned(), what });
        }
    };
    for line in lines {
        let state = state.get_or_insert_with(|| State::new(stack.clone(), line.lineage.clone()));
        if line.after == state.serial && line.lineage == state.lineage {
            State::apply(state, &line.entry);
        }
    }
    Ok(state)
}

/// Every whole line; or the number of one that is damaged, and why.
fn parsed(bytes: &[u8]) -> Result<Vec<Line<Entry>>, (usize, String)> {
    let bytes = &bytes[..whole(bytes)];
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').enumerate();
    lines
        .map(|(at, line)| {
            let line: Line<Entry> = serde_json::from_slice(line).map_err(|error| (at + 1, error.to_string()))?;
            document::check_entry(&line.entry).map_err(|what| (at + 1, what))?;
            Ok(line)
        })
        .collect()
}
