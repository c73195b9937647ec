//! The stack file: read, checked, and made into types.

mod check;
pub mod file;
mod load;
mod overrides;
pub mod package;
mod parameters;
pub mod place;
pub mod regions;
mod syntax;
mod tree;
pub mod user_data;
pub mod yaml;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use load::{Rejected, Settings, decode, load, load_text};
use load::{read_text, read_tree};

use crate::names::{Region, StackName};
use crate::problem::{Problem, Span};
use crate::value::Path;

/// A stack file that was read and has the right shape.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The text it was read from.
    pub source: Source,
    /// Where everything stands in the text.
    pub places: Places,
    /// The stack's name.
    pub name: StackName,
    /// Its regions, the primary first.
    pub regions: Vec<Region>,
    /// The file as it stands, without regional differences.
    pub stack: file::Stack,
    /// The file as it is for each region, its differences laid over.
    pub by_region: BTreeMap<Region, file::Stack>,
    /// The code of each function that has any, by the function's name.
    pub packages: BTreeMap<String, Package>,
    /// What the instances of each fleet that says so start with, by the fleet's name.
    pub user_data: BTreeMap<String, String>,
    /// What is worth a look, though nothing is wrong.
    pub warnings: Vec<Problem>,
}

/// The text of a stack file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its path as the user gave it.
    pub name: String,
    /// What it says.
    pub text: String,
}

/// A function's code, as a zip that is the same for the same files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Where the zip is.
    pub path: PathBuf,
    /// Base64 of its SHA-256, as Lambda tells it.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: u64,
}

/// Where everything stands in the text.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// The key (if it has one) and the value at each path.
    pub at: BTreeMap<Path, Place>,
    /// Every `${...}`, by the text between its braces.
    pub references: BTreeMap<String, Vec<Span>>,
}

/// Where a value and its key stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The key, unless this is a list item or the whole file.
    pub key: Option<Span>,
    /// The value.
    pub value: Span,
}

impl Places {
    /// Where the value at a path stands, or what is nearest around it.
    pub fn value(&self, path: &Path) -> Option<Span> {
        self.nearest(path).map(|(place, exact)| match place.key {
            // Something that is not in the file is pointed at by the key it would stand under.
            Some(key) if !exact => key,
            _ => place.value,
        })
    }

    /// Where the key at a path stands, or what is nearest around it.
    pub fn key(&self, path: &Path) -> Option<Span> {
        self.nearest(path).map(|(place, _)| place.key.unwrap_or(place.value))
    }

    /// Where a reference stands, if it is written anywhere.
    pub fn reference(&self, text: &str) -> Option<Span> {
        self.references.get(text).and_then(|spans| spans.first()).copied()
    }

    fn nearest(&self, path: &Path) -> Option<(Place, bool)> {
        let lengths = (0..=path.0.len()).rev();
        lengths
            .map(|length| Path(path.0[..length].to_vec()))
            .find_map(|part| self.at.get(&part).map(|place| (*place, part.0.len() == path.0.len())))
    }
}
