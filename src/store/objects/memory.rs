//! Objects in memory, with the failures that the real place has; for tests.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;

use super::{Object, ObjectError, Objects, Tag, Version, When};
use crate::cloud::{Class, CloudError};
use crate::names::sha256_hex;

/// Objects in memory. Shared by everybody who holds it.
#[derive(Default)]
pub struct MemoryObjects(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    objects: BTreeMap<String, (Vec<u8>, Instant)>,
    /// The name for people; nothing special if empty.
    name: String,
    bytes: u64,
    calls: u64,
    latency: Duration,
    /// The error that every call is answered with, if so.
    refuses: Option<Class>,
    /// Every n-th write loses its answer after it was done, and another one before.
    unreliable: Option<u64>,
}

type Answer<'a, T> = BoxFuture<'a, Result<T, ObjectError>>;

impl MemoryObjects {
    /// Objects in a place of this name.
    pub fn named(name: &str) -> Self {
        Self(Mutex::new(Inner { name: name.to_owned(), ..Inner::default() }))
    }

    /// From now on nothing answers, or everything does again.
    pub fn set_gone(&self, gone: bool) {
        self.refuse(gone.then_some(Class::Unreachable));
    }

    /// From now on every call is refused, or none.
    pub fn refuse(&self, class: Option<Class>) {
        self.inner().refuses = class;
    }

    /// From now on every n-th call fails: in turn before it is done, and after.
    pub fn fail_every(&self, calls: u64) {
        self.inner().unreliable = Some(calls);
    }

    /// From now on every call takes this long.
    pub fn answer_after(&self, latency: Duration) {
        self.inner().latency = latency;
    }

    /// Numbers of calls made, and of bytes written.
    pub fn traffic(&self) -> (u64, u64) {
        let inner = self.inner();
        (inner.calls, inner.bytes)
    }

    /// Every key there is.
    pub fn keys(&self) -> Vec<String> {
        self.inner().objects.keys().cloned().collect()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call<'a, T: Send + 'a>(
        &'a self,
        work: impl FnOnce(&mut Inner) -> Result<T, ObjectError> + Send + 'a,
    ) -> Answer<'a, T> {
        Box::pin(async move {
            // Others run between any two calls.
            tokio::task::yield_now().await;
            let latency = self.inner().latency;
            if !latency.is_zero() {
                tokio::time::sleep(latency).await;
            }
            let mut inner = self.inner();
            inner.calls += 1;
            let turn = inner.unreliable.map(|every| (inner.calls.is_multiple_of(every), inner.calls / every));
            let failed = |class: Class| {
                ObjectError::Cloud(CloudError {
                    maybe_done: class.is_transient(),
                    ..CloudError::local(class, "s3", "no answer")
                })
            };
            let lost = || failed(Class::Unreachable);
            if let Some(class) = inner.refuses {
                return Err(failed(class));
            }
            match turn {
                Some((true, count)) if count.is_multiple_of(2) => Err(lost()),
                Some((true, _)) => work(&mut inner).and(Err(lost())),
                _ => work(&mut inner),
            }
        })
    }
}

/// As S3 makes it of what is not encrypted by a key of the user's: the same content has the same tag.
fn tag(bytes: &[u8]) -> Tag {
    Tag(sha256_hex(bytes))
}

impl Objects for MemoryObjects {
    fn get<'a>(&'a self, key: &'a str) -> Answer<'a, Option<Object>> {
        self.call(move |inner| {
            let object =
                |(bytes, at): &(Vec<u8>, Instant)| Object { bytes: bytes.clone(), tag: tag(bytes), age: at.elapsed() };
            Ok(inner.objects.get(key).map(object))
        })
    }

    fn put<'a>(&'a self, key: &'a str, bytes: Vec<u8>, when: When) -> Answer<'a, Tag> {
        self.call(move |inner| {
            let there = inner.objects.get(key).map(|(bytes, _)| tag(bytes));
            let holds = match when {
                When::Absent => there.is_none(),
                When::Is(tag) => there == Some(tag),
                When::Anyhow => true,
            };
            if !holds {
                return Err(ObjectError::Condition);
            }
            inner.bytes += bytes.len() as u64;
            let written = tag(&bytes);
            inner.objects.insert(key.to_owned(), (bytes, Instant::now()));
            Ok(written)
        })
    }

    fn list<'a>(&'a self, prefix: &'a str) -> Answer<'a, Vec<String>> {
        self.call(move |inner| Ok(inner.objects.keys().filter(|key| key.starts_with(prefix)).cloned().collect()))
    }

    fn delete<'a>(&'a self, keys: &'a [String]) -> Answer<'a, ()> {
        self.call(move |inner| {
            inner.objects.retain(|key, _| !keys.contains(key));
            Ok(())
        })
    }

    fn versions<'a>(&'a self, _: &'a str) -> Answer<'a, Vec<Version>> {
        self.call(|_| Ok(Vec::new()))
    }

    fn prepare(&self) -> Answer<'_, ()> {
        self.call(|_| Ok(()))
    }

    fn place(&self, key: &str) -> String {
        let inner = self.inner();
        let name = if inner.name.is_empty() { "memory" } else { &inner.name };
        format!("{name}:{key}")
    }
}
