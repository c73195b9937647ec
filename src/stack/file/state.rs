//! The `state` block: a bucket for the state, and its copy.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A bucket for the state, shared by everybody who works on the stack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatePlace {
    /// The bucket; the stack's objects are under its name in it.
    #[schemars(regex(pattern = r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"))]
    pub bucket: String,
    /// The bucket's region.
    pub region: String,
    /// Whether the bucket, and the copy's, is made if it is not there: versioned, encrypted, and closed to the public.
    #[serde(default)]
    pub create: bool,
    /// KMS key that encrypts the state; S3's own if left out.
    pub kms_key: Option<String>,
    /// A copy in a second region, which has every step as soon as it is done. With it the stack can be worked on
    /// while the first region is gone; without it, while the copy's is gone, it can only be looked at.
    pub copy: Option<StateCopy>,
    /// How long a run that has died keeps others out, 15s to 15m; 1m if left out.
    #[schemars(regex(pattern = r"^[0-9]+(s|m)$"))]
    pub lease: Option<String>,
}

/// A copy of the state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StateCopy {
    /// The bucket.
    #[schemars(regex(pattern = r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"))]
    pub bucket: String,
    /// The bucket's region, not that of the first.
    pub region: String,
    /// KMS key of that region that encrypts the copy; S3's own if left out.
    pub kms_key: Option<String>,
}
