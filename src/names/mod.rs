//! Names: regions, addresses, kinds, physical ids and owners.
//!
//! Every name is a type of its own, so that a region cannot be passed where an id is meant.
//! Parsing is the only way in; a value of one of these types is well formed.

mod address;
mod hash;
mod kind_name;
mod owner;
mod physical;
mod region;
mod stack_name;
mod text;

pub use address::Address;
pub use hash::{sha256_hex, short_hash};
pub use kind_name::KindName;
pub use owner::{Owner, TAG_ADDRESS, TAG_GENERATION, TAG_STACK, address_of_tag};
pub use physical::{PhysicalId, physical_name};
pub use region::{Region, Scope};
pub use stack_name::StackName;
pub use text::NameError;
