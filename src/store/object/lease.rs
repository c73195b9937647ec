//! The lease: who may write, until when, and how often that has changed hands.
//!
//! It is one object. It changes hands by compare-and-swap alone, and only once it has run out by the
//! clock of the place that keeps it; it is never deleted, so that its epoch only grows.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::store::Holder;
use crate::store::objects::Tag;

/// Ages are told in whole seconds: a lease counts as run out only when it must have.
const ROUNDING: Duration = Duration::from_secs(2);

/// The content of the lease's object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lease {
    /// Version of this form.
    pub format_version: u32,
    /// Grows by one whenever somebody takes it.
    pub epoch: u64,
    /// The holder; nobody once it was given back.
    pub holder: Option<Holder>,
    /// Tells two holders apart that look alike.
    pub nonce: String,
    /// Grows by one with every renewal: what keeps the lease tells writes apart by their content alone.
    #[serde(default)]
    pub renewals: u64,
    /// Milliseconds for which it holds after it was written.
    pub lasts_ms: u64,
    /// The place of this state's copy: whoever works without it is refused.
    #[serde(default)]
    pub copy: Option<String>,
}

/// A lease as it was read.
pub(super) struct StoredLease {
    pub lease: Lease,
    pub tag: Tag,
    pub age: Duration,
}

impl StoredLease {
    /// True if somebody has it right now.
    pub(super) fn is_held(&self) -> bool {
        self.lease.holder.is_some() && self.age < Duration::from_millis(self.lease.lasts_ms) + ROUNDING
    }

    /// True if its holder never gave it back.
    pub(super) fn was_abandoned(&self) -> bool {
        self.lease.holder.is_some()
    }
}

impl Lease {
    /// A lease of the first epoch, as its holder would write it.
    pub(super) fn of(holder: &Holder, nonce: &str, lasts: Duration, copy: Option<String>) -> Self {
        Self {
            format_version: 1,
            epoch: 1,
            holder: Some(holder.clone()),
            nonce: nonce.to_owned(),
            renewals: 0,
            lasts_ms: u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX),
            copy,
        }
    }
}
