//! Physical ids, as AWS gives them, and physical names, as we give them.

use std::str::FromStr;

use super::hash::short_hash;
use super::text::{NameError, serde_as_text, text_name};

text_name! {
    /// The name of a resource in AWS: an id, an ARN or a name, whichever its kind reads by. Never empty.
    PhysicalId
}
serde_as_text!(PhysicalId);

impl PhysicalId {
    /// An id that AWS is known to have given. An answer that may be without one is for [`PhysicalId::from_str`].
    pub fn new(id: impl AsRef<str>) -> Self {
        let id = id.as_ref();
        debug_assert!(!id.is_empty(), "an answer without an id was taken for one with an id");
        Self(id.into())
    }
}

impl FromStr for PhysicalId {
    type Err = NameError;

    fn from_str(given: &str) -> Result<Self, NameError> {
        if given.is_empty() {
            return Err(NameError { given: String::new(), rule: "an id" });
        }
        Ok(Self(given.into()))
    }
}

/// A physical name of at most `max` characters from its words, joined by dashes.
///
/// One that is too long keeps its beginning and ends in eight digits of its hash, so that
/// two long names never become one.
pub fn physical_name(words: &[&str], max: usize) -> String {
    let name = words.join("-");
    if name.len() <= max {
        return name;
    }
    let keep = max.saturating_sub(9);
    let head: String = name.chars().take(keep).collect();
    format!("{}-{}", head.trim_end_matches('-'), short_hash(&name, 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_physical_ids_are_rejected() {
        assert!("".parse::<PhysicalId>().is_err());
        assert_eq!("vpc-1".parse::<PhysicalId>(), Ok(PhysicalId::new("vpc-1")));
    }

    #[test]
    fn long_physical_names_are_shortened_and_stay_unique() {
        let long = "x".repeat(80);
        let one = physical_name(&["shop", &long, "a"], 64);
        let two = physical_name(&["shop", &long, "b"], 64);
        assert_eq!(one.len(), 64);
        assert_ne!(one, two);
        assert_eq!(physical_name(&["shop", "carts"], 64), "shop-carts");
    }
}
