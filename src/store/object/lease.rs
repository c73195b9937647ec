//! The lease: who may write, until when, and how often that has changed hands.
//!
//! It is one object. It changes hands by compare-and-swap alone, and only once it has run out by the
//! clock of the place that keeps it; it is never deleted, so that its epoch only grows.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::place::Place;
use crate::store::objects::{ObjectError, Tag, When};
use crate::store::{Holder, StoreError};

/// Ages are told in whole seconds: a lease counts as run out only when it must have.
const ROUNDING: Duration = Duration::from_secs(2);

/// What stands in the object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lease {
    /// Version of this form.
    pub format_version: u32,
    /// Grows by one whenever somebody takes it.
    pub epoch: u64,
    /// Who has it; nobody once it was given back.
    pub holder: Option<Holder>,
    /// Tells two holders apart that look alike.
    pub nonce: String,
    /// Grows by one with every renewal: what keeps the lease tells writes apart by their content alone.
    #[serde(default)]
    pub renewals: u64,
    /// For how many milliseconds it holds after it was written.
    pub lasts_ms: u64,
    /// Where the copy of this state is: whoever works without it is refused.
    #[serde(default)]
    pub copy: Option<String>,
}

/// A lease as it was read.
pub(super) struct Found {
    pub lease: Lease,
    pub tag: Tag,
    pub age: Duration,
}

impl Found {
    /// Whether somebody has it right now.
    pub(super) fn is_held(&self) -> bool {
        self.lease.holder.is_some() && self.age < Duration::from_millis(self.lease.lasts_ms) + ROUNDING
    }

    /// Whether its holder never gave it back.
    pub(super) fn was_left(&self) -> bool {
        self.lease.holder.is_some()
    }
}

/// What becomes of an attempt to take it.
pub(super) enum Taken {
    /// It is ours, under this tag; what stood there before.
    Ours { tag: Tag, before: Option<Found> },
    /// Somebody has it.
    Held(Option<Holder>),
}

impl Lease {
    fn of(holder: &Holder, nonce: &str, lasts: Duration, copy: Option<String>) -> Self {
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

/// Takes the lease of a place if nobody has it, with an epoch that is at least this. One that names a copy is nobody's
/// any more once somebody with a later epoch has that copy's lease, who alone may ask so.
pub(super) async fn take(
    place: &Place,
    holder: &Holder,
    nonce: &str,
    lasts: Duration,
    at_least: u64,
    copy: Option<String>,
) -> Result<(Lease, Taken), StoreError> {
    let mut lease = Lease::of(holder, nonce, lasts, copy);
    let before = place.lease().await?;
    if let Some(found) = &before {
        let superseded = lease.copy.is_some() && found.lease.copy == lease.copy && found.lease.epoch < at_least;
        if found.is_held() && !superseded {
            return Ok((lease, Taken::Held(found.lease.holder.clone())));
        }
        lease.epoch = found.lease.epoch + 1;
    }
    lease.epoch = lease.epoch.max(at_least);
    let when = before.as_ref().map_or(When::Absent, |found| When::Is(found.tag.clone()));
    match place.put_lease(&lease, when).await {
        Ok(tag) => Ok((lease, Taken::Ours { tag, before })),
        Err(ObjectError::Condition) => Ok((lease, Taken::Held(None))),
        Err(error) => Err(place.failed(super::place::LEASE, error)),
    }
}
