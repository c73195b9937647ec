//! Acquisition of a lease, by compare-and-swap.

use std::time::Duration;

use super::lease::{Lease, StoredLease};
use super::place::{LEASE, Place};
use crate::store::objects::{ObjectError, Tag, When};
use crate::store::{Holder, StoreError};

/// The outcome of an attempt to take the lease.
pub(super) enum Acquired {
    /// It is ours, under this tag; what stood there before.
    Ours { tag: Tag, before: Option<StoredLease> },
    /// Somebody has it.
    Held(Option<Holder>),
}

/// Takes the lease of a place if nobody has it, with an epoch that is at least this. One that names a copy is nobody's
/// any more once somebody with a later epoch has that copy's lease, who alone may ask so.
pub(super) async fn acquire(
    place: &Place,
    holder: &Holder,
    nonce: &str,
    lasts: Duration,
    at_least: u64,
    copy: Option<String>,
) -> Result<(Lease, Acquired), StoreError> {
    let mut lease = Lease::of(holder, nonce, lasts, copy);
    let before = place.lease().await?;
    if let Some(found) = &before {
        let superseded = lease.copy.is_some() && found.lease.copy == lease.copy && found.lease.epoch < at_least;
        if found.is_held() && !superseded {
            return Ok((lease, Acquired::Held(found.lease.holder.clone())));
        }
        lease.epoch = found.lease.epoch + 1;
    }
    lease.epoch = lease.epoch.max(at_least);
    let when = before.as_ref().map_or(When::Absent, |found| When::Is(found.tag.clone()));
    match place.put_lease(&lease, when).await {
        Ok(tag) => Ok((lease, Acquired::Ours { tag, before })),
        Err(ObjectError::Condition) => Ok((lease, Acquired::Held(None))),
        Err(error) => Err(place.failed(LEASE, error)),
    }
}
