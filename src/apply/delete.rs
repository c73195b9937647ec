//! A thing goes, step by step, until a look finds nothing.

use std::time::Duration;

use tokio::time::Instant;

use super::retry::pause;
use super::run::{Failure, Run};
use super::wait::{look, retry, wait};
use crate::cloud::{Live, Readiness};
use crate::names::{Address, KindName};
use crate::state::entry::Entry;
use crate::state::{Call, Pending, Record};

/// Deletes a thing, step by step, until it is gone.
pub(super) async fn delete(
    run: &Run,
    address: &Address,
    kind: &KindName,
    record: &Record,
    limit: Duration,
) -> Result<(), Failure> {
    run.ensure_not_stopping()?;
    let started = Instant::now();
    let deadline = started + limit;
    let pending = Pending {
        call: Call::Delete,
        kind: kind.clone(),
        generation: record.generation,
        spec: record.spec.clone(),
        needs: record.needs.clone(),
        address: address.clone(),
        protect: record.protect,
        retain: record.retain,
    };
    run.write(Entry::Begin { pending }).await?;
    let mut attempt = 0;
    loop {
        run.ensure_lock_held().await?;
        match run.cloud.delete(&address.at, kind, &record.id).await {
            Ok(()) => {}
            Err(error) if error.class.is_transient() => {
                retry(run, address, &error, pause(&error, attempt), deadline).await?;
                attempt += 1;
                continue;
            }
            Err(error) => {
                run.write(Entry::Cleared { address: address.clone(), generation: record.generation }).await?;
                return Err(Failure::Cloud(Box::new(error)));
            }
        }
        // Gone, still going, or ready for the next step.
        loop {
            match look(run, address, kind, (&record.id, &record.spec), deadline).await? {
                None => {
                    return run
                        .write(Entry::Gone {
                            address: address.clone(),
                            generation: record.generation,
                            id: record.id.clone(),
                        })
                        .await;
                }
                Some(Live { readiness: Readiness::Pending(why), .. }) => {
                    wait(run, address, &why, (started, deadline)).await?;
                }
                Some(_) => break,
            }
        }
        wait(run, address, "AWS to delete it", (started, deadline)).await?;
    }
}
