//! Addresses: the logical names of resources, and the patterns that they match.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::region::Scope;
use super::text::{NameError, serde_as_text};

/// The logical name of a resource: `block.name[.part]@region`, or `@global`.
///
/// Plans print it and `--target` takes it; it is never the identity of the resource in AWS.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// `block.name[.part]`.
    pub path: Arc<str>,
    /// The scope that it belongs to.
    pub at: Scope,
}
serde_as_text!(Address);

impl Address {
    /// An address from its parts. The path must be dotted words; see [`Address::from_str`].
    pub fn new(path: impl AsRef<str>, at: Scope) -> Self {
        Self { path: path.as_ref().into(), at }
    }

    /// The part of this address below a block, such as `.alias` of `functions.carts.alias` below `functions.carts`; empty
    /// for the block's own resource, none if it is not of the block.
    pub fn part_of(&self, block: &str) -> Option<&str> {
        self.path.strip_prefix(block).filter(|part| part.is_empty() || part.starts_with('.'))
    }

    /// The address that this one has once its block has another name; none if it is not of that block.
    #[must_use]
    pub fn renamed(&self, block: &str, to: &str) -> Option<Self> {
        self.part_of(block).map(|part| Self::new(format!("{to}{part}"), self.at.clone()))
    }

    /// True if this address matches a pattern, or is a part of one that does: `functions.carts` has
    /// `functions.carts.alias` in it.
    pub fn is_in(&self, pattern: &str) -> bool {
        let (path, at) = pattern.split_once('@').map_or((pattern, None), |(path, at)| (path, Some(at)));
        let part = at.map_or_else(|| format!("{path}.*"), |at| format!("{path}.*@{at}"));
        self.matches(pattern) || self.matches(&part)
    }

    /// True if this address matches a pattern in which `*` stands for any run of characters.
    /// A pattern without `@` matches every region.
    pub fn matches(&self, pattern: &str) -> bool {
        if pattern.contains('@') { wildcard(pattern, &self.to_string()) } else { wildcard(pattern, &self.path) }
    }
}

fn wildcard(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text.strip_prefix(head).is_some_and(|rest| {
            rest.char_indices().map(|(at, _)| at).chain([rest.len()]).any(|at| wildcard(tail, &rest[at..]))
        }),
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}@{}", self.path, self.at))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.path, self.at)
    }
}

impl FromStr for Address {
    type Err = NameError;

    fn from_str(given: &str) -> Result<Self, NameError> {
        let error = || NameError { given: given.into(), rule: "an address such as tables.carts@us-east-1" };
        let (path, at) = given.split_once('@').ok_or_else(error)?;
        let word =
            |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if path.split('.').count() < 2 || !path.split('.').all(word) {
            return Err(error());
        }
        Ok(Self { path: path.into(), at: at.parse().map_err(|_| error())? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_round_trip_and_match_wildcard_patterns() {
        let address: Address = "tables.carts.table@us-east-1".parse().expect("an address");
        assert_eq!(address.to_string(), "tables.carts.table@us-east-1");
        for pattern in ["tables.*", "*", "tables.carts.table", "*@us-east-1", "tables.*@us-*", "*.table"] {
            assert!(address.matches(pattern), "{pattern}");
        }
        for pattern in ["tables", "tables.carts", "*@us-west-2", "apis.*"] {
            assert!(!address.matches(pattern), "{pattern}");
        }
        assert_eq!(address.part_of("tables.carts"), Some(".table"));
        assert_eq!((address.part_of("tables.cart"), address.renamed("tables.cart", "tables.x")), (None, None));
        let renamed = address.renamed("tables.carts", "tables.x").expect("a part of it");
        assert_eq!(renamed.to_string(), "tables.x.table@us-east-1");
        for bad in ["tables", "tables@us-east-1", "a.b", "a.b@nowhere", "a..b@global"] {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
    }
}
