//! A place that keeps objects by key and can write on condition: what a shared state needs of S3.

pub mod memory;

use std::time::Duration;

use futures::future::BoxFuture;

use crate::cloud::CloudError;

/// A place that keeps objects. Reads and lists show every write that was answered.
///
/// No call is repeated below: an answer that was lost comes back as [`ObjectError::Cloud`] with
/// `maybe_done`, and whoever called looks what is there.
pub trait Objects: Send + Sync {
    /// The object at a key, if there is one.
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Object>, ObjectError>>;

    /// Writes an object if the condition holds; gives its tag.
    fn put<'a>(&'a self, key: &'a str, bytes: Vec<u8>, when: When) -> BoxFuture<'a, Result<Tag, ObjectError>>;

    /// Every key that begins like this, in order.
    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, ObjectError>>;

    /// Deletes objects; those that are gone already are no error.
    fn delete<'a>(&'a self, keys: &'a [String]) -> BoxFuture<'a, Result<(), ObjectError>>;

    /// Earlier versions of an object, the newest first, for people: how to get at each, and its bytes.
    fn versions<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Vec<Version>, ObjectError>>;

    /// Makes the place itself, if it is not there and is to be made.
    fn prepare(&self) -> BoxFuture<'_, Result<(), ObjectError>>;

    /// The place of a key, for people.
    fn place(&self, key: &str) -> String;
}

/// An earlier version of an object: how to get at it, for people, and its bytes.
pub type Version = (String, Vec<u8>);

/// An object.
#[derive(Debug, Clone)]
pub struct Object {
    /// Its content.
    pub bytes: Vec<u8>,
    /// Changes with every write.
    pub tag: Tag,
    /// Time since it was written, by the clock of the place alone; up to a second off.
    pub age: Duration,
}

/// Changes with every write of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag(pub String);

/// Condition of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// If there is no object.
    Absent,
    /// If the object is the one with this tag.
    Is(Tag),
    /// In any case.
    Anyhow,
}

/// An object that could not be read or written.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ObjectError {
    /// The condition does not hold.
    #[error("somebody else has written it")]
    Condition,
    /// There is no such place.
    #[error("there is no such bucket")]
    NoBucket,
    /// AWS said no, or nothing.
    #[error(transparent)]
    Cloud(#[from] CloudError),
}

impl ObjectError {
    /// True if the same call may succeed a little later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Cloud(error) if error.class.is_transient())
    }
}
