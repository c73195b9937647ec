//! AWS itself: clients, error classification, tags, and the one adapter that makes a
//! [`Kind`](crate::kinds::Kind) speak through the [`Cloud`](crate::cloud::Cloud) door.
//!
//! Outside this folder and `kinds/` no SDK type appears.

mod clients;
mod cx;
mod entry;
mod error;
mod meter;
mod pace;
mod repeats;
mod s3_objects;
mod tags;
mod turns;
mod words;

pub use clients::{Connection, Settings};
pub use cx::Cx;
pub use entry::{AwsCloud, Entry, catalog};
pub use error::{Gone, Result, classify};
pub use s3_objects::{Bucket, S3Objects};
pub use tags::{Tags, live_tags, tag_changes, with_owner};
pub use words::{must_be, of_word, word};
