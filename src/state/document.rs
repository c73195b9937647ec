//! A state as bytes: what is written, and what is refused with a reason when it is read.
//!
//! Whatever the bytes are, reading them ends in a state of this stack or in an error that says what
//! is the matter; it never panics.

use serde::Deserialize;

use super::store::StoreError;
use super::{FORMAT_VERSION, State};
use crate::names::StackName;

/// What tells whether the rest can be read.
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
    let damaged = |error: serde_json::Error| {
        let what = if bytes.is_empty() { "it is empty".to_owned() } else { format!("this is not a state: {error}") };
        StoreError::Damaged { place: place.to_owned(), what: format!("{what}; {}", rescue()) }
    };
    let version: Version = match serde_json::from_slice(bytes) {
        Ok(version) => version,
        Err(error) => return Err(damaged(error)),
    };
    if version.format_version > FORMAT_VERSION {
        let what = format!("written by a newer version of isobar (form {})", version.format_version);
        return Err(unusable(format!("{what}; use that version, or a newer one")));
    }
    let state: State = match serde_json::from_slice(bytes) {
        Ok(state) => state,
        Err(error) => return Err(damaged(error)),
    };
    if state.stack != *stack {
        return Err(unusable(format!("this is the state of the stack `{}`, not of `{stack}`", state.stack)));
    }
    Ok(state)
}
