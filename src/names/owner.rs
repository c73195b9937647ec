//! Owners: the identity that a resource carries in AWS, as tags and as a token.

use serde::{Deserialize, Serialize};

use super::address::Address;
use super::hash::short_hash;
use super::stack_name::StackName;

/// The owner of a resource: fixed before the create call, so that a create whose answer was lost is found again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The stack it belongs to.
    pub stack: StackName,
    /// Its address in that stack.
    pub address: Address,
    /// Counts the resources that have stood at this address, from 1; a replacement has the next number.
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

    /// True if these are the tags of this owner's address, whatever the generation. Enough for resources with a
    /// unique name, of which there is only one; others must also ask for the generation.
    pub fn stands_at<'a>(&self, mut tag: impl FnMut(&str) -> Option<&'a str>) -> bool {
        self.tags().iter().take(2).all(|(key, value)| tag(key) == Some(value.as_str()))
    }

    /// True if these tags are exactly this owner's.
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

/// Number of generations that are tried when any is looked for.
const GENERATIONS: u32 = 200;

/// The address that a tag of [`TAG_ADDRESS`] tells; see [`Owner::tags`].
pub fn address_of_tag(tag: &str) -> Option<Address> {
    let (path, at) = tag.rsplit_once('/')?;
    format!("{path}@{at}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_determined_by_their_owner() {
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
