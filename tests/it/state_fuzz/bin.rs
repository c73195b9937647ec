//! A bucket in memory whose objects are all an hour old, and which notices somebody who never stops asking.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use isobar::cloud::{Class, CloudError};
use isobar::store::objects::memory::MemoryObjects;
use isobar::store::objects::{Object, ObjectError, Objects, Tag, Version, When};

const AGE: Duration = Duration::from_hours(1);
/// No command needs so many calls for a handful of objects.
const ENOUGH: u32 = 1000;

#[derive(Default)]
pub struct Bin {
    objects: MemoryObjects,
    calls: AtomicU32,
}

type Answer<'a, T> = BoxFuture<'a, Result<T, ObjectError>>;

impl Bin {
    pub async fn of(objects: &BTreeMap<String, Vec<u8>>) -> Self {
        let bin = Self::default();
        for (key, bytes) in objects {
            bin.objects.put(key, bytes.clone(), When::Anyhow).await.expect("put");
        }
        bin
    }

    pub async fn all(&self) -> BTreeMap<String, Vec<u8>> {
        let mut all = BTreeMap::new();
        for key in self.objects.keys() {
            let found = self.objects.get(&key).await.expect("an answer").expect("an object");
            all.insert(key, found.bytes);
        }
        all
    }

    /// Whether somebody went on asking without end.
    pub fn is_worn_out(&self) -> bool {
        self.calls.load(Ordering::Relaxed) > ENOUGH
    }

    fn count(&self) -> Result<(), ObjectError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if self.is_worn_out() { Err(CloudError::local(Class::Other, "bin", "no more").into()) } else { Ok(()) }
    }
}

impl Objects for Bin {
    fn get<'a>(&'a self, key: &'a str) -> Answer<'a, Option<Object>> {
        Box::pin(async move {
            self.count()?;
            Ok(self.objects.get(key).await?.map(|object| Object { age: AGE, ..object }))
        })
    }

    fn put<'a>(&'a self, key: &'a str, bytes: Vec<u8>, when: When) -> Answer<'a, Tag> {
        Box::pin(async move {
            self.count()?;
            self.objects.put(key, bytes, when).await
        })
    }

    fn list<'a>(&'a self, prefix: &'a str) -> Answer<'a, Vec<String>> {
        Box::pin(async move {
            self.count()?;
            self.objects.list(prefix).await
        })
    }

    fn delete<'a>(&'a self, keys: &'a [String]) -> Answer<'a, ()> {
        Box::pin(async move {
            self.count()?;
            self.objects.delete(keys).await
        })
    }

    fn versions<'a>(&'a self, key: &'a str) -> Answer<'a, Vec<Version>> {
        self.objects.versions(key)
    }

    fn prepare(&self) -> Answer<'_, ()> {
        self.objects.prepare()
    }

    fn place(&self, key: &str) -> String {
        self.objects.place(key)
    }
}
