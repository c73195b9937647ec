//! Enums to and from AWS's wire format: their `serde` names are AWS's own.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Result;
use crate::cloud::{Class, CloudError};
use crate::value::Json;

/// The wire text of an enum.
pub fn to_wire(case: impl Serialize) -> String {
    match serde_json::to_value(case) {
        Ok(Json::String(word)) => word,
        _ => unreachable!("an enum without data"),
    }
}

/// The enum of a wire text; `None` for one that is newer than this program.
pub fn from_wire<T: DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(Json::String(word.to_owned())).ok()
}

/// As [`from_wire`], with an error for an unknown text.
pub fn parse_wire<T: DeserializeOwned>(what: &str, word: &str) -> Result<T> {
    let unknown = || CloudError::local(Class::Other, "read", format!("AWS returned an unknown {what}: `{word}`"));
    from_wire(word).ok_or_else(unknown)
}
