//! The connection to AWS: clients, rate limits, retries, error classification, tags, and the state's bucket.
//!
//! Outside this folder and `kinds/` no SDK type appears.

mod adaptive_rate;
mod clients;
mod cx;
mod error;
mod interceptor;
mod rate_limiter;
mod retries;
mod s3_objects;
mod service;
mod tags;
mod wire;

pub(crate) use clients::RetryPolicy;
pub use clients::{Connection, Settings};
pub use cx::Cx;
pub(crate) use cx::{ReadCache, sdk_client};
pub use error::{ErrorCodes, NotFoundExt, Result, classify};
pub use s3_objects::{Bucket, S3Objects};
pub use service::{Service, Throttled};
pub use tags::{Tags, live_tags, tag_changes, with_owner};
pub use wire::{from_wire, parse_wire, to_wire};
