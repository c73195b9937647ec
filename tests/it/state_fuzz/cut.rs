//! A state and a journal of a real apply, cut at every byte: what was durable is there, or the last good copy is named.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use isobar::state::State;
use isobar::state::entry::Entry;
use isobar::store::file::FileStore;
use isobar::store::{Holder, Store, StoreError};
use isobar::store::{document, lines};

use crate::support::engine::{EngineWorld, graph};

/// A file store that keeps what is in its folder before each save, and what was added since.
struct Tap {
    store: FileStore,
    folder: PathBuf,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    state: Vec<u8>,
    journal: Vec<u8>,
    added: Vec<Entry>,
    entries: Vec<Entry>,
}

type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

impl Store for Tap {
    fn lock<'a>(&'a self, holder: &'a Holder, wait: Duration) -> Answer<'a, ()> {
        self.store.lock(holder, wait)
    }

    fn unlock(&self) -> Answer<'_, ()> {
        self.store.unlock()
    }

    fn load(&self) -> Answer<'_, Option<State>> {
        self.store.load()
    }

    fn append<'a>(&'a self, entries: &'a [Entry]) -> Answer<'a, ()> {
        self.seen.lock().expect("seen").added.extend_from_slice(entries);
        self.store.append(entries)
    }

    fn save<'a>(&'a self, state: &'a State) -> Answer<'a, ()> {
        let read = |ending: &str| fs::read(self.folder.join(format!("demo.{ending}"))).unwrap_or_default();
        let mut seen = self.seen.lock().expect("seen");
        let entries = std::mem::take(&mut seen.added);
        *seen = Seen { state: read("json"), journal: read("journal"), entries, added: Vec::new() };
        self.store.save(state)
    }

    fn set_aside<'a>(&'a self, holder: &'a Holder) -> Answer<'a, Vec<String>> {
        self.store.set_aside(holder)
    }

    fn place(&self) -> String {
        self.store.place()
    }

    fn holder(&self) -> Answer<'_, Option<Holder>> {
        self.store.holder()
    }

    fn break_lock(&self) -> Answer<'_, ()> {
        self.store.break_lock()
    }
}

/// Two applies in this folder; the state and the journal as the second one had them at its end.
async fn applied(folder: &Path) -> Seen {
    let store = FileStore::new(folder, "demo".parse().expect("a name"));
    let tap = Arc::new(Tap { store, folder: folder.to_owned(), seen: Mutex::default() });
    let mut world = EngineWorld::new();
    world.engine.store = tap.clone();
    let stack = "
        tables.t@global test.Thing {name: t}
        functions.f@us-east-1 test.Thing {name: f, of: '${tables.t.arn}', size: 1}
        apis.a@us-east-1 test.Free {of: '${functions.f.arn}'}
    ";
    world.apply(&graph(stack)).await;
    world.apply(&graph(&stack.replace("size: 1", "size: 2").replace("name: t", "name: u"))).await;
    std::mem::take(&mut *tap.seen.lock().expect("seen"))
}

/// How many lines have their end.
fn ends(bytes: &[u8]) -> usize {
    bytes.split(|byte| *byte == b'\n').count() - 1
}

#[tokio::test(start_paused = true)]
async fn state_cut_at_any_byte_keeps_durable_entries_or_names_the_last_good_copy() {
    let folder = tempfile::tempdir().expect("a folder");
    let Seen { state, journal, entries, .. } = applied(folder.path()).await;
    let name = "demo".parse().expect("a name");
    let base = document::read(&state, &name, "it", String::new).expect("a state");
    assert!(entries.len() > 8 && ends(&journal) == entries.len());

    let mut expected = vec![base.clone()];
    for entry in &entries {
        let mut next = expected[expected.len() - 1].clone();
        next.apply(entry);
        expected.push(next);
    }
    for cut in 0..=journal.len() {
        let there = &journal[..cut];
        let read = lines::read(Some(base.clone()), there, &name, "the journal", String::new);
        assert_eq!(read.expect("a state").as_ref(), Some(&expected[ends(there)]), "cut at {cut}");
    }

    let (file, store) = (folder.path().join("demo.json"), FileStore::new(folder.path(), name));
    let newest = folder.path().join(format!("backup/demo.{}.json", base.serial));
    assert!(newest.exists(), "there is no {}", newest.display());
    for cut in 0..state.len() {
        fs::write(&file, &state[..cut]).expect("written");
        match store.load().await {
            // Nothing but the last line's end is missing.
            Ok(read) => assert_eq!((read.as_ref(), cut), (Some(&base), state.len() - 1)),
            Err(error) => {
                let said = error.to_string();
                let names = [&file, &newest].map(|path| said.contains(&path.display().to_string()));
                assert!(matches!(error, StoreError::Damaged { .. }) && names == [true; 2], "cut at {cut}: {said}");
            }
        }
    }
}
