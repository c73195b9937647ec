//! Regions, and the scope of a resource: one region, or the account.

use std::fmt;
use std::str::FromStr;

use super::text::{NameError, serde_as_text, text_name};

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

/// The scope of a resource: one region, or the account as a whole.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_region_codes_are_rejected() {
        for good in ["us-east-1", "ap-southeast-2", "us-gov-west-1", "eu-central-1"] {
            assert_eq!(good.parse::<Region>().map(|r| r.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "us", "useast1", "us-east", "US-EAST-1", "us-east-1a", "us--1"] {
            assert!(bad.parse::<Region>().is_err(), "{bad}");
        }
    }
}
