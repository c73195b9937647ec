//! Enums of ours and the words that AWS has for them: the names that `serde` knows are AWS's own.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Result;
use crate::cloud::{Class, CloudError};
use crate::value::Json;

/// AWS's word for a case of an enum.
pub fn to_wire(case: impl Serialize) -> String {
    match serde_json::to_value(case) {
        Ok(Json::String(word)) => word,
        _ => unreachable!("an enum of words"),
    }
}

/// The case that AWS's word stands for; nothing for a word that is newer than we are.
pub fn from_wire<T: DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(Json::String(word.to_owned())).ok()
}

/// As [`from_wire`], where there must be one.
pub fn parse_wire<T: DeserializeOwned>(what: &str, word: &str) -> Result<T> {
    let unknown = || CloudError::local(Class::Other, "read", format!("AWS answers a {what} we do not know: `{word}`"));
    from_wire(word).ok_or_else(unknown)
}
