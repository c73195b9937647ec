//! One place with a stack's state: `STACK/state.json`, `STACK/lease.json` and a log beside them.
//!
//! The log of the state with serial N is `STACK/journal/N/1`, `N/2` and so on; each page is written only
//! if there is none of its number. So of two writers only one can go on, and whoever takes over ends the
//! log of the one before with a seal: from then on that one's next page is refused.

use std::sync::Arc;
use std::time::Duration;

use futures::future::try_join_all;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::lease::{Lease, StoredLease};
use crate::names::StackName;
use crate::state::entry::Entry;
use crate::state::{FORMAT_VERSION, State};
use crate::store::StoreError;
use crate::store::document;
use crate::store::objects::{Object, ObjectError, Objects, Tag, When};

const STATE: &str = "state.json";
pub(super) const LEASE: &str = "lease.json";

/// One place with a stack's state.
pub(super) struct Place {
    pub(super) objects: Arc<dyn Objects>,
    stack: StackName,
    /// Attempts of a call that may succeed a little later.
    attempts: u32,
}

/// A page of the log.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    format_version: u32,
    lineage: String,
    epoch: u64,
    entries: Vec<Entry>,
    /// The epoch that has ended this log.
    #[serde(default)]
    sealed_by: Option<u64>,
}

/// A state with its log read into it.
#[derive(Default)]
pub(super) struct Replayed {
    pub state: Option<State>,
    /// Of the state's object.
    pub tag: Option<Tag>,
    /// The pages there are; those of any log if there is no state.
    pub pages: Vec<String>,
    pub sealed: bool,
    /// Of the last log of a later serial: somebody has put an earlier state back, and the logs that came
    /// after it are still there. They must never count for what is written next.
    pub ahead: Option<u64>,
}

impl Replayed {
    /// The serial of the state that the pages belong to.
    pub(super) fn serial(&self) -> u64 {
        self.state.as_ref().map_or(0, |state| state.serial)
    }

    /// The number of the next page.
    pub(super) fn next(&self) -> u64 {
        self.pages.len() as u64 + 1
    }
}

impl Page {
    /// A page of entries.
    pub(super) fn of(lineage: &str, epoch: u64, entries: &[Entry]) -> Self {
        let (lineage, entries) = (lineage.to_owned(), entries.to_vec());
        Self { format_version: 1, lineage, epoch, entries, sealed_by: None }
    }

    fn seal(epoch: u64) -> Self {
        Self { sealed_by: Some(epoch), ..Self::of("", epoch, &[]) }
    }
}

impl Place {
    pub(super) fn new(objects: Arc<dyn Objects>, stack: StackName, attempts: u32) -> Self {
        Self { objects, stack, attempts }
    }

    /// The state with its log.
    pub(super) async fn replayed(&self) -> Result<Replayed, StoreError> {
        let mut before = None;
        for _ in 0..self.attempts {
            let found = self.get(STATE).await?;
            let prefix = self.key("journal/");
            let keys =
                self.repeat(|| self.objects.list(&prefix)).await.map_err(|error| self.failed("journal/", error))?;
            let Some(found) = found else { return Ok(Replayed { pages: keys, ..Replayed::default() }) };
            let mut state = self.state_of(&found).await?;
            let listed = self.listed(keys, state.serial)?;
            let read = try_join_all(listed.pages.iter().map(|page| self.page(page))).await?;
            let log = read.into_iter().collect::<Option<Vec<Page>>>().ok_or("a page has gone while it was read");
            let log = match log.and_then(|log| without_gaps(log, listed.last)) {
                Ok(log) => log,
                // The state is the same: no save has dropped the pages that it contains.
                Err(what) if before.as_ref() == Some(&found.tag) => {
                    let what = format!("{what}; `isobar recover` rebuilds the state from AWS");
                    let place = self.objects.place(&log_of(&prefix, state.serial));
                    return Err(StoreError::Damaged { place, what });
                }
                Err(_) => {
                    before = Some(found.tag);
                    continue;
                }
            };
            let lineage = state.lineage.clone();
            let sealed = log.iter().any(|page| page.sealed_by.is_some());
            for page in log.iter().take_while(|page| page.sealed_by.is_none()).filter(|page| page.lineage == lineage) {
                page.entries.iter().for_each(|entry| state.apply(entry));
            }
            let Listed { pages, ahead, .. } = listed;
            return Ok(Replayed { state: Some(state), tag: Some(found.tag), pages, sealed, ahead });
        }
        let what = "it changes faster than it can be read; try again".to_owned();
        Err(StoreError::Unusable { place: self.objects.place(&self.key(STATE)), what })
    }

    async fn state_of(&self, found: &Object) -> Result<State, StoreError> {
        match document::read(&found.bytes, &self.stack, &self.objects.place(&self.key(STATE)), String::new) {
            Err(StoreError::Damaged { place, what }) => {
                Err(StoreError::Damaged { place, what: format!("{what}{}", self.rescue_hint().await) })
            }
            other => other,
        }
    }

    /// The log of the state with this serial among these keys, and the last serial of later logs, if there are any.
    fn listed(&self, keys: Vec<String>, serial: u64) -> Result<Listed, StoreError> {
        let prefix = self.key("journal/");
        let log = log_of(&prefix, serial);
        let mut listed = Listed { pages: Vec::new(), last: 0, ahead: None };
        for key in keys {
            match position(&key, &prefix) {
                Some((of, number)) if of == serial => {
                    listed.last = number;
                    listed.pages.push(key);
                }
                Some((of, _)) if of > serial => listed.ahead = listed.ahead.max(Some(of)),
                None if key.starts_with(&log) => {
                    let what = "this is no page of the log; delete it, or `isobar recover` rebuilds the state from AWS";
                    return Err(StoreError::Damaged { place: self.objects.place(&key), what: what.to_owned() });
                }
                _ => {}
            }
        }
        Ok(listed)
    }

    /// Ends the log of whoever had the lease before, and writes what it came to as a state of its own.
    pub(super) async fn take_over(&self, epoch: u64) -> Result<Replayed, StoreError> {
        loop {
            let replayed = self.replayed().await?;
            let Some(state) = replayed.state.clone() else { return Ok(replayed) };
            if !replayed.sealed {
                match self.put_page(replayed.serial(), replayed.next(), &Page::seal(epoch)).await {
                    Ok(_) => {}
                    // It has written another page in this very moment.
                    Err(ObjectError::Condition) => continue,
                    Err(error) => return Err(self.failed("journal/", error)),
                }
                // What it may have written before the seal counts.
                continue;
            }
            let state = State { serial: state.serial.max(replayed.ahead.unwrap_or_default()) + 1, epoch, ..state };
            match self.save(&state, replayed.tag.clone()).await {
                Ok(tag) => {
                    // The seal, its last page, stays: without it the page could be written again.
                    let log = replayed.pages.split_last().map_or(&[][..], |(_, log)| log);
                    self.drop_pages(log).await;
                    return Ok(Replayed { state: Some(state), tag: Some(tag), ..Replayed::default() });
                }
                Err(ObjectError::Condition) => {}
                Err(error) => return Err(self.failed(STATE, error)),
            }
        }
    }

    /// Writes a state, in place of the one with this tag.
    pub(super) async fn save(&self, state: &State, over: Option<Tag>) -> Result<Tag, ObjectError> {
        self.put(STATE, to_bytes(document::write(state))?, over.map_or(When::Absent, When::Is)).await
    }

    /// Writes a state whatever stands there.
    pub(super) async fn overwrite(&self, state: &State) -> Result<Tag, ObjectError> {
        self.put(STATE, to_bytes(document::write(state))?, When::Anyhow).await
    }

    /// Writes a page if there is none of its number; gives its key.
    pub(super) async fn put_page(&self, serial: u64, number: u64, page: &Page) -> Result<String, ObjectError> {
        let key = format!("journal/{serial:012}/{number:06}.json");
        self.put(&key, to_bytes(serde_json::to_vec(page))?, When::Absent).await?;
        Ok(self.key(&key))
    }

    /// Pages whose entries are in a state by now. If this fails they are passed over by their serial.
    pub(super) async fn drop_pages(&self, pages: &[String]) {
        if !pages.is_empty() {
            let _ = self.objects.delete(pages).await;
        }
    }

    /// The lease as it stands.
    pub(super) async fn lease(&self) -> Result<Option<StoredLease>, StoreError> {
        let Some(found) = self.get(LEASE).await? else { return Ok(None) };
        // Whoever takes it next counts on, twice if there are two places, and has to be readable as well.
        let lease = parsed(&found.bytes, |lease: &Lease| {
            document::check_counters(&[lease.epoch.saturating_add(2), lease.renewals])
        });
        let lease = lease.map_err(|unreadable| StoreError::Unusable {
            place: self.objects.place(&self.key(LEASE)),
            what: match unreadable {
                Unreadable::Newer(what) => what,
                Unreadable::Damaged(what) => format!("{what}; deleting it gives the lock back"),
            },
        })?;
        Ok(Some(StoredLease { lease, tag: found.tag, age: found.age }))
    }

    /// Moves a state that cannot be read, and its log, out of the way; tells where they are kept. Under the lease.
    pub(super) async fn set_aside(&self) -> Result<Vec<String>, StoreError> {
        let Err(StoreError::Damaged { .. }) = self.replayed().await else { return Ok(Vec::new()) };
        let failed = |error| self.failed(STATE, error);
        let mut keys = self.objects.list(&self.key("journal/")).await.map_err(failed)?;
        keys.push(self.key(STATE));
        let mut kept = Vec::new();
        for key in &keys {
            let Some(found) = self.objects.get(key).await.map_err(failed)? else { continue };
            let damaged = format!("{}/damaged/{}", self.stack, key.trim_start_matches(&self.key("")));
            self.objects.put(&damaged, found.bytes, When::Anyhow).await.map_err(failed)?;
            kept.push(self.objects.place(&damaged));
        }
        // The state goes last: a run that dies here leaves it to the next.
        self.objects.delete(&keys[..keys.len() - 1]).await.map_err(failed)?;
        self.objects.delete(&keys[keys.len() - 1..]).await.map_err(failed)?;
        Ok(kept)
    }

    /// Writes the lease, if the condition holds.
    pub(super) async fn put_lease(&self, lease: &Lease, when: When) -> Result<Tag, ObjectError> {
        self.put(LEASE, to_bytes(serde_json::to_vec_pretty(lease))?, when).await
    }

    pub(super) fn failed(&self, what: &str, error: ObjectError) -> StoreError {
        let place = self.objects.place(&self.key(what));
        match error {
            ObjectError::NoBucket => StoreError::NoBucket { place },
            ObjectError::Condition => StoreError::Lost { place, why: super::TAKEN.to_owned() },
            ObjectError::Cloud(error) => StoreError::Cloud { place, error: Box::new(error) },
        }
    }

    /// The place of the state, for people.
    pub(super) fn name(&self) -> String {
        self.objects.place(&self.key(STATE))
    }

    async fn page(&self, key: &str) -> Result<Option<Page>, StoreError> {
        let found = self.repeat(|| self.objects.get(key)).await.map_err(|error| self.failed("journal/", error))?;
        let decode = |found: Object| {
            parsed(&found.bytes, |page: &Page| {
                document::check_counters(&[page.epoch, page.sealed_by.unwrap_or_default()])?;
                page.entries.iter().try_for_each(document::check_entry)
            })
        };
        let place = || self.objects.place(key);
        found.map(decode).transpose().map_err(|unreadable| match unreadable {
            Unreadable::Newer(what) => StoreError::Unusable { place: place(), what },
            Unreadable::Damaged(what) => {
                let what = format!("{what}; `isobar recover` rebuilds the state from AWS");
                StoreError::Damaged { place: place(), what }
            }
        })
    }

    async fn get(&self, name: &str) -> Result<Option<Object>, StoreError> {
        let key = self.key(name);
        self.repeat(|| self.objects.get(&key)).await.map_err(|error| self.failed(name, error))
    }

    /// Writes an object. If an answer was lost, what stands there tells whether it was written: nobody
    /// else writes the same bytes.
    async fn put(&self, name: &str, bytes: Vec<u8>, when: When) -> Result<Tag, ObjectError> {
        let key = self.key(name);
        let mut answer_was_lost = false;
        for attempt in 1.. {
            match self.objects.put(&key, bytes.clone(), when.clone()).await {
                Err(ObjectError::Condition) if answer_was_lost => {
                    let there = self.repeat(|| self.objects.get(&key)).await?;
                    return there
                        .filter(|there| there.bytes == bytes)
                        .map(|there| there.tag)
                        .ok_or(ObjectError::Condition);
                }
                Err(error) if error.is_transient() && attempt < self.attempts => {
                    answer_was_lost = true;
                    tokio::time::sleep(pause(attempt)).await;
                }
                other => return other,
            }
        }
        unreachable!("the last attempt returns")
    }

    async fn repeat<'a, T>(
        &'a self,
        call: impl Fn() -> futures::future::BoxFuture<'a, Result<T, ObjectError>>,
    ) -> Result<T, ObjectError> {
        for attempt in 1.. {
            match call().await {
                Err(error) if error.is_transient() && attempt < self.attempts => {
                    tokio::time::sleep(pause(attempt)).await;
                }
                other => return other,
            }
        }
        unreachable!("the last attempt returns")
    }

    /// Help with a damaged state: the last good version, if there is one.
    async fn rescue_hint(&self) -> String {
        let versions = self.objects.versions(&self.key(STATE)).await.unwrap_or_default();
        let good = versions.iter().find(|(_, bytes)| document::read(bytes, &self.stack, "", String::new).is_ok());
        good.map_or_else(
            || "`isobar recover` rebuilds it from AWS".to_owned(),
            |(name, _)| format!("the last good one is {name}; `isobar recover` rebuilds it from AWS as well"),
        )
    }

    fn key(&self, name: &str) -> String {
        format!("{}/{name}", self.stack)
    }
}

/// The keys of a log, in order.
struct Listed {
    pages: Vec<String>,
    /// The number of the last page; 0 if there is none.
    last: u64,
    ahead: Option<u64>,
}

fn log_of(prefix: &str, serial: u64) -> String {
    format!("{prefix}{serial:012}/")
}

/// The serial and the number of a page.
fn position(key: &str, prefix: &str) -> Option<(u64, u64)> {
    let (serial, number) = key.strip_prefix(prefix)?.strip_suffix(".json")?.split_once('/')?;
    let position = (serial.parse().ok()?, number.parse().ok()?);
    document::check_counters(&[position.0, position.1]).ok().map(|()| position)
}

/// The reason why bytes are not what they should be.
enum Unreadable {
    /// Somebody with a newer version has written them.
    Newer(String),
    Damaged(String),
}

/// A lease or a page.
fn parsed<T: DeserializeOwned>(bytes: &[u8], check: impl FnOnce(&T) -> Result<(), String>) -> Result<T, Unreadable> {
    let damaged = |what: String| Unreadable::Damaged(format!("it is damaged: {what}"));
    let found = document::version(bytes).map_err(|error| damaged(error.to_string()))?;
    if found > FORMAT_VERSION {
        return Err(Unreadable::Newer(document::newer(found)));
    }
    let value = serde_json::from_slice(bytes).map_err(|error| damaged(error.to_string()))?;
    check(&value).map_err(damaged)?;
    Ok(value)
}

/// A log without gaps. Of one that was ended the seal alone may be left: its pages went with the save that
/// contains them, and somebody has put an earlier state back.
fn without_gaps(log: Vec<Page>, last: u64) -> Result<Vec<Page>, &'static str> {
    let seal_alone = log.len() == 1 && log[0].sealed_by.is_some();
    if seal_alone || log.len() as u64 == last { Ok(log) } else { Err("pages of the log are missing") }
}

fn to_bytes(bytes: serde_json::Result<Vec<u8>>) -> Result<Vec<u8>, ObjectError> {
    use crate::cloud::{Class, CloudError};
    bytes.map_err(|error| ObjectError::Cloud(CloudError::local(Class::Invalid, "state", error.to_string())))
}

fn pause(attempt: u32) -> Duration {
    Duration::from_millis(50 << attempt.min(6)).mul_f64(0.5 + fastrand::f64() / 2.0)
}
