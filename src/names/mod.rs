//! The names things go by: regions, addresses, kinds, ids and owners.
//!
//! Every name is a type of its own, so that a region cannot be passed where an id is meant.
//! Parsing is the only way in; a value of one of these types is well formed.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// A string that is not the name it should be, with the rule it breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not {rule}")]
pub struct NameError {
    /// What was written.
    pub given: String,
    /// The rule in words, to be read after "is not".
    pub rule: &'static str,
}

macro_rules! text_name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

macro_rules! serde_as_text {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

text_name! {
    /// An AWS region code, such as `us-east-1`. Well formed, not necessarily one that exists.
    Region
}
serde_as_text!(Region);

impl FromStr for Region {
    type Err = NameError;

    fn from_str(given: &str) -> Result<Self, NameError> {
        let parts: Vec<&str> = given.split('-').collect();
        let lower = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
        match parts.as_slice() {
            [words @ .., number]
                if words.len() >= 2 && words.iter().all(lower) && number.len() <= 2 && number.parse::<u8>().is_ok() =>
            {
                Ok(Self(given.into()))
            }
            _ => Err(NameError { given: given.into(), rule: "a region code such as us-east-1" }),
        }
    }
}

impl Region {
    /// The partition, which every ARN of the region names.
    pub fn partition(&self) -> &'static str {
        let prefixes = [("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"), ("eusc-", "aws-eusc")];
        prefixes.iter().find(|(prefix, _)| self.0.starts_with(prefix)).map_or("aws", |(_, partition)| partition)
    }
}

text_name! {
    /// A stack's name: `[a-z][a-z0-9-]{1,24}`, the prefix of every physical name.
    StackName
}
serde_as_text!(StackName);

impl FromStr for StackName {
    type Err = NameError;

    fn from_str(given: &str) -> Result<Self, NameError> {
        let mut bytes = given.bytes();
        let first = bytes.next().is_some_and(|b| b.is_ascii_lowercase());
        let rest = bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if first && rest && (2..=25).contains(&given.len()) {
            Ok(Self(given.into()))
        } else {
            Err(NameError {
                given: given.into(),
                rule: "a stack name: 2 to 25 characters, lower-case letters, digits and dashes, a letter first",
            })
        }
    }
}

text_name! {
    /// A kind of resource, `service.Thing`, as in `dynamodb.GlobalTable`.
    KindName
}
serde_as_text!(KindName);

impl KindName {
    /// The part before the dot: the service as the AWS SDK spells it.
    pub fn service(&self) -> &str {
        self.0.split_once('.').map_or(&*self.0, |(service, _)| service)
    }
}

impl FromStr for KindName {
    type Err = NameError;

    fn from_str(given: &str) -> Result<Self, NameError> {
        let well_formed = given.split_once('.').is_some_and(|(service, thing)| {
            !service.is_empty()
                && service.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
                && thing.bytes().next().is_some_and(|b| b.is_ascii_uppercase())
                && thing.bytes().all(|b| b.is_ascii_alphanumeric())
        });
        if well_formed {
            Ok(Self(given.into()))
        } else {
            Err(NameError { given: given.into(), rule: "a kind such as sns.Topic" })
        }
    }
}

text_name! {
    /// What AWS calls a thing: an id, an ARN or a name, whichever its kind reads by.
    PhysicalId
}
serde_as_text!(PhysicalId);

impl PhysicalId {
    /// An id as AWS gave it.
    pub fn new(id: impl AsRef<str>) -> Self {
        Self(id.as_ref().into())
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

/// Where a resource belongs: to one region, or to the account as a whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// One for the whole account, such as a hosted zone or a global table.
    Global,
    /// One in this region.
    In(Region),
}

impl Scope {
    /// The region, unless global.
    pub fn region(&self) -> Option<&Region> {
        match self {
            Self::Global => None,
            Self::In(region) => Some(region),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.pad("global"),
            Self::In(region) => region.fmt(f),
        }
    }
}

impl FromStr for Scope {
    type Err = NameError;

    fn from_str(given: &str) -> Result<Self, NameError> {
        match given {
            "global" => Ok(Self::Global),
            region => region.parse().map(Self::In),
        }
    }
}
serde_as_text!(Scope);

/// The logical name of a resource: `block.name[.part]@region`, or `@global`.
///
/// It is what plans print and `--target` takes; never the identity of the thing in AWS.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// `block.name[.part]`.
    pub path: Arc<str>,
    /// Where it belongs.
    pub at: Scope,
}
serde_as_text!(Address);

impl Address {
    /// An address from its parts. The path must be dotted words; see [`Address::from_str`].
    pub fn new(path: impl AsRef<str>, at: Scope) -> Self {
        Self { path: path.as_ref().into(), at }
    }

    /// Whether this address fits a pattern, or is a part of one that does: `functions.carts` has
    /// `functions.carts.alias` in it.
    pub fn is_in(&self, pattern: &str) -> bool {
        let (path, at) = pattern.split_once('@').map_or((pattern, None), |(path, at)| (path, Some(at)));
        let part = at.map_or_else(|| format!("{path}.*"), |at| format!("{path}.*@{at}"));
        self.matches(pattern) || self.matches(&part)
    }

    /// Whether this address fits a pattern in which `*` stands for any run of characters.
    /// A pattern without `@` fits every region.
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

/// Who made a thing: fixed before the create call, so that a create whose answer was lost is found again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The stack it belongs to.
    pub stack: StackName,
    /// Its address in that stack.
    pub address: Address,
    /// Counts the things that have stood at this address, from 1; a replacement has the next number.
    /// 0 when any of them is looked for, after the state was lost.
    pub generation: u32,
}

/// Tag that names the stack.
pub const TAG_STACK: &str = "isobar:stack";
/// Tag that names the address.
pub const TAG_ADDRESS: &str = "isobar:address";
/// Tag that counts generations.
pub const TAG_GENERATION: &str = "isobar:generation";

impl Owner {
    /// The ownership tags. `@` is replaced by `/`, because API Gateway refuses it in tag values of some resources.
    pub fn tags(&self) -> [(&'static str, String); 3] {
        [
            (TAG_STACK, self.stack.to_string()),
            (TAG_ADDRESS, self.address.to_string().replace('@', "/")),
            (TAG_GENERATION, self.generation.to_string()),
        ]
    }

    /// Whether these are the tags of this owner's address, whatever the generation. Enough for things with a
    /// unique name, of which there is only one; others must also ask for the generation.
    pub fn stands_at<'a>(&self, mut tag: impl FnMut(&str) -> Option<&'a str>) -> bool {
        self.tags().iter().take(2).all(|(key, value)| tag(key) == Some(value.as_str()))
    }

    /// Whether these tags are exactly this owner's.
    pub fn owns<'a>(&self, mut tag: impl FnMut(&str) -> Option<&'a str>) -> bool {
        if self.generation == 0 {
            return self.stands_at(tag);
        }
        self.tags().iter().all(|(key, value)| tag(key) == Some(value.as_str()))
    }

    /// The owners it may stand for: itself, or those of the first generations if any is looked for.
    pub fn each_generation(&self) -> impl Iterator<Item = Self> + '_ {
        let range = if self.generation == 0 { 1..=GENERATIONS } else { self.generation..=self.generation };
        range.map(|generation| Self { generation, ..self.clone() })
    }

    /// A token for calls that take one: 32 hexadecimal characters, the same for the same owner.
    /// Fits every service's rule (ACM: `\w+`, at most 32; ECS: at most 36; Route 53: at most 64).
    pub fn token(&self) -> String {
        short_hash(&format!("{}\n{}\n{}", self.stack, self.address, self.generation), 32)
    }
}

/// How many generations are tried when any is looked for.
const GENERATIONS: u32 = 200;

/// The address that a tag of [`TAG_ADDRESS`] tells; see [`Owner::tags`].
pub fn address_of_tag(tag: &str) -> Option<Address> {
    let (path, at) = tag.rsplit_once('/')?;
    format!("{path}@{at}").parse().ok()
}

/// The first `length` (at most 64) hexadecimal digits of the text's SHA-256.
pub fn short_hash(text: &str, length: usize) -> String {
    let mut hex = sha256_hex(text.as_bytes());
    hex.truncate(length);
    hex
}

/// The SHA-256 of some bytes in 64 hexadecimal digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    Sha256::digest(bytes).iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
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
    fn regions_are_checked_for_form() {
        for good in ["us-east-1", "ap-southeast-2", "us-gov-west-1", "eu-central-1"] {
            assert_eq!(good.parse::<Region>().map(|r| r.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "us", "useast1", "us-east", "US-EAST-1", "us-east-1a", "us--1"] {
            assert!(bad.parse::<Region>().is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_round_trip_and_match_wildcards() {
        let address: Address = "tables.carts.table@us-east-1".parse().expect("an address");
        assert_eq!(address.to_string(), "tables.carts.table@us-east-1");
        for pattern in ["tables.*", "*", "tables.carts.table", "*@us-east-1", "tables.*@us-*", "*.table"] {
            assert!(address.matches(pattern), "{pattern}");
        }
        for pattern in ["tables", "tables.carts", "*@us-west-2", "apis.*"] {
            assert!(!address.matches(pattern), "{pattern}");
        }
        for bad in ["tables", "tables@us-east-1", "a.b", "a.b@nowhere", "a..b@global"] {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_long_name_is_shortened_and_stays_unique() {
        let long = "x".repeat(80);
        let one = physical_name(&["shop", &long, "a"], 64);
        let two = physical_name(&["shop", &long, "b"], 64);
        assert_eq!(one.len(), 64);
        assert_ne!(one, two);
        assert_eq!(physical_name(&["shop", "carts"], 64), "shop-carts");
    }

    #[test]
    fn a_token_is_fixed_by_its_owner() {
        let owner = |generation| Owner {
            stack: "shop".parse().expect("a name"),
            address: "tables.carts@global".parse().expect("an address"),
            generation,
        };
        assert_eq!(owner(1).token(), owner(1).token());
        assert_ne!(owner(1).token(), owner(2).token());
        assert_eq!(owner(1).token().len(), 32);
    }
}
