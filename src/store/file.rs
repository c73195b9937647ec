//! A state in a folder of this machine: `NAME.json`, `NAME.journal` and `NAME.lock`.
//!
//! The state is replaced by rename, the journal only grows between two states, and both are synced
//! to disk before a call returns. A journal whose last line was cut off by a crash is read up to
//! there. The lock is the operating system's, so it ends with the process that held it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;

use super::{Holder, Store, StoreError};
use super::{document, lines};
use crate::names::StackName;
use crate::state::State;
use crate::state::entry::Entry;

/// Number of earlier states that are kept beside the newest.
const BACKUPS: u64 = 20;

/// A state in a folder.
#[derive(Debug, Clone)]
pub struct FileStore {
    folder: PathBuf,
    stack: StackName,
    lock: Arc<Mutex<Option<File>>>,
    writer: Arc<Mutex<Option<Writer>>>,
    /// One piece of work at a time: one that was given up by its caller still comes to its end.
    turn: Arc<Mutex<()>>,
}

/// The journal, open for more: made at the first entry after a state.
#[derive(Debug)]
struct Writer {
    file: File,
    after: u64,
    lineage: String,
}

impl FileStore {
    /// The store of a stack in this folder, which need not be there yet.
    pub fn new(folder: impl Into<PathBuf>, stack: StackName) -> Self {
        Self { folder: folder.into(), stack, lock: Arc::default(), writer: Arc::default(), turn: Arc::default() }
    }

    fn path(&self, ending: &str) -> PathBuf {
        self.folder.join(format!("{}.{ending}", self.stack))
    }

    fn load_now(&self) -> Result<Option<State>, StoreError> {
        let (path, journal) = (self.path("json"), self.path("journal"));
        let state = read_if_there(&path)?.map(|bytes| self.parse(&path, &bytes)).transpose()?;
        let bytes = read_if_there(&journal)?.unwrap_or_default();
        lines::read(state, &bytes, &self.stack, &journal.display().to_string(), || self.rescue())
    }

    fn parse(&self, path: &Path, bytes: &[u8]) -> Result<State, StoreError> {
        document::read(bytes, &self.stack, &path.display().to_string(), || self.rescue())
    }

    /// Help with a damaged state: the newest backup that can be read.
    fn rescue(&self) -> String {
        let folder = self.folder.join("backup");
        let begins = format!("{}.", self.stack);
        // By age and then by serial: a state that was rebuilt counts from 1 again.
        let order = |path: &Path| {
            let name = path.file_name()?.to_str()?.strip_prefix(&begins)?.strip_suffix(".json")?;
            Some((fs::metadata(path).and_then(|about| about.modified()).ok(), name.parse::<u64>().ok()?))
        };
        let paths = fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut backups: Vec<_> = paths.filter_map(|path| Some((order(&path)?, path))).collect();
        backups.sort();
        let is_good = |path: &&PathBuf| {
            fs::read(path).is_ok_and(|bytes| document::read(&bytes, &self.stack, "", String::new).is_ok())
        };
        match backups.iter().rev().map(|(_, path)| path).find(is_good) {
            Some(path) => format!(
                "the last good copy is {}: `isobar state push` takes it, or `isobar recover` asks AWS",
                path.display()
            ),
            None => "`isobar recover` rebuilds it from AWS".to_owned(),
        }
    }

    fn append_now(&self, entries: &[Entry]) -> Result<(), StoreError> {
        let path = self.path("journal");
        let mut slot = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut writer = match slot.take() {
            Some(writer) => writer,
            None => self.open_journal(&path)?,
        };
        let bytes = lines::write(entries, writer.after, &writer.lineage);
        let bytes = bytes.map_err(|error| failed(&path, error.into()))?;
        // After a failed write the slot stays empty: the next one opens the file anew and cuts what is torn.
        writer.file.write_all(&bytes).and_then(|()| writer.file.sync_data()).map_err(|error| failed(&path, error))?;
        *slot = Some(writer);
        Ok(())
    }

    fn open_journal(&self, path: &Path) -> Result<Writer, StoreError> {
        let state = self.path("json");
        let bytes = fs::read(&state).map_err(|error| failed(&state, error))?;
        let State { serial, lineage, .. } = self.parse(&state, &bytes)?;
        let open = || -> io::Result<File> {
            let mut file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
            cut_torn_line(&mut file)?;
            // What is durable in a file counts only once the folder has its name.
            File::open(&self.folder)?.sync_all()?;
            Ok(file)
        };
        let file = open().map_err(|error| failed(path, error))?;
        Ok(Writer { file, after: serial, lineage })
    }

    fn save_now(&self, state: &State) -> Result<(), StoreError> {
        let path = self.path("json");
        fs::create_dir_all(self.folder.join("backup")).map_err(|error| failed(&self.folder, error))?;
        if let Ok(old) = fs::read(&path) {
            let found = self.parse(&path, &old)?.serial;
            if found + 1 != state.serial {
                return Err(StoreError::Stale { place: path.display().to_string(), expected: state.serial - 1, found });
            }
            self.back_up(&path, found);
        }
        let write = || -> io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
            file.write_all(&document::write(state)?)?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)?;
            File::open(&self.folder)?.sync_all()
        };
        write().map_err(|error| failed(&path, error))?;
        *self.writer.lock().unwrap_or_else(PoisonError::into_inner) = None;
        // Its entries are in the state now; if this fails they are passed over by their serial.
        let _ = fs::remove_file(self.path("journal"));
        Ok(())
    }

    /// Keeps the state that is about to be replaced. Best left out rather than in the way: what is
    /// written next does not rest on it.
    fn back_up(&self, path: &Path, serial: u64) {
        let backup = |serial: u64| self.folder.join("backup").join(format!("{}.{serial}.json", self.stack));
        if fs::copy(path, backup(serial)).is_err() {
            let _ = fs::remove_file(backup(serial));
        }
        if let Some(old) = serial.checked_sub(BACKUPS) {
            let _ = fs::remove_file(backup(old));
        }
    }

    fn lock_now(&self, holder: &Holder, wait: Duration) -> Result<(), StoreError> {
        let path = self.path("lock");
        fs::create_dir_all(&self.folder).map_err(|error| failed(&self.folder, error))?;
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|error| failed(&path, error))?;
        let until = Instant::now() + wait;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < until => {
                    std::thread::sleep(Duration::from_millis(100).min(wait));
                }
                Err(TryLockError::WouldBlock) => {
                    let mut text = String::new();
                    let _ = file.read_to_string(&mut text);
                    return Err(StoreError::Locked(serde_json::from_str(&text).ok()));
                }
                Err(TryLockError::Error(error)) => return Err(failed(&path, error)),
            }
        }
        let write = |file: &mut File| -> io::Result<()> {
            file.set_len(0)?;
            file.rewind()?;
            serde_json::to_writer(&mut *file, holder)?;
            file.flush()
        };
        write(&mut file).map_err(|error| failed(&path, error))?;
        *self.lock.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
        Ok(())
    }

    /// Moves a state that cannot be read, and its journal, out of the way.
    fn set_aside_now(&self) -> Result<Vec<String>, StoreError> {
        let Err(StoreError::Damaged { .. }) = self.load_now() else { return Ok(Vec::new()) };
        let mut kept = Vec::new();
        for ending in ["journal", "json"] {
            let (from, to) = (self.path(ending), self.path(&format!("{ending}.damaged")));
            match fs::rename(&from, &to) {
                Ok(()) => kept.push(to.display().to_string()),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed(&from, error)),
            }
        }
        Ok(kept)
    }

    fn holder_now(&self) -> Result<Option<Holder>, StoreError> {
        let path = self.path("lock");
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(&path, error)),
        };
        match file.try_lock() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                file.read_to_string(&mut text).map_err(|error| failed(&path, error))?;
                Ok(serde_json::from_str(&text).ok())
            }
            Err(TryLockError::Error(error)) => Err(failed(&path, error)),
        }
    }

    /// Runs file work off the async threads.
    fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        let store = self.clone();
        Box::pin(async move {
            let in_turn = move || {
                let _turn = store.turn.lock().unwrap_or_else(PoisonError::into_inner);
                work(&store)
            };
            match tokio::task::spawn_blocking(in_turn).await {
                Ok(result) => result,
                Err(error) => Err(StoreError::Io { place: "state".into(), source: io::Error::other(error) }),
            }
        })
    }
}

impl Store for FileStore {
    fn lock<'a>(&'a self, holder: &'a Holder, wait: Duration) -> BoxFuture<'a, Result<(), StoreError>> {
        let holder = holder.clone();
        self.blocking(move |store| store.lock_now(&holder, wait))
    }

    fn unlock(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        // Closing the file gives the lock back; the file itself stays, so that nobody can hold a
        // lock on one that was removed.
        *self.lock.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Box::pin(async { Ok(()) })
    }

    fn load(&self) -> BoxFuture<'_, Result<Option<State>, StoreError>> {
        self.blocking(Self::load_now)
    }

    fn append<'a>(&'a self, entries: &'a [Entry]) -> BoxFuture<'a, Result<(), StoreError>> {
        let entries = entries.to_vec();
        self.blocking(move |store| store.append_now(&entries))
    }

    fn save<'a>(&'a self, state: &'a State) -> BoxFuture<'a, Result<(), StoreError>> {
        let state = state.clone();
        self.blocking(move |store| store.save_now(&state))
    }

    fn set_aside<'a>(&'a self, holder: &'a Holder) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        let holder = holder.clone();
        self.blocking(move |store| {
            store.lock_now(&holder, Duration::ZERO)?;
            let kept = store.set_aside_now();
            *store.lock.lock().unwrap_or_else(PoisonError::into_inner) = None;
            kept
        })
    }

    fn place(&self) -> String {
        self.path("json").display().to_string()
    }

    fn holder(&self) -> BoxFuture<'_, Result<Option<Holder>, StoreError>> {
        self.blocking(FileStore::holder_now)
    }

    fn break_lock(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.blocking(|store| match store.holder_now()? {
            None => Ok(()),
            Some(holder) => Err(StoreError::Unbreakable {
                place: store.path("lock").display().to_string(),
                what: format!("it is held by {holder}, which is alive: the lock ends with it, not before"),
            }),
        })
    }
}

/// The bytes of a file; `None` if there is none.
fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(path, error)),
    }
}

/// A line that was cut off by a crash goes before new ones are added.
fn cut_torn_line(file: &mut File) -> io::Result<()> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    let whole = lines::whole(&bytes);
    if whole < bytes.len() {
        file.set_len(whole as u64)?;
    }
    Ok(())
}

fn failed(path: &Path, source: io::Error) -> StoreError {
    StoreError::Io { place: path.display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> StackName {
        "demo".parse().expect("a name")
    }

    fn entry(address: &str) -> Entry {
        Entry::Cleared { address: address.parse().expect("an address"), generation: 1 }
    }

    fn used(account: &str) -> Entry {
        Entry::Used { account: account.into(), regions: Vec::new() }
    }

    fn saved(folder: &Path, serial: u64) -> (FileStore, State) {
        let store = FileStore::new(folder, name());
        let state = State { serial, ..State::new(name(), "line".into()) };
        store.save_now(&state).expect("saved");
        (store, state)
    }

    #[test]
    fn entries_are_read_up_to_a_truncated_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, _) = saved(folder.path(), 1);
        store.append_now(&[used("1"), used("2")]).expect("written");
        let journal = folder.path().join("demo.journal");
        let mut bytes = fs::read(&journal).expect("read");
        bytes.extend(b"{\"after\":1,\"lineage");
        fs::write(&journal, bytes).expect("written");
        assert_eq!(store.load_now().expect("a state").expect("a state").account, "2");
        // A new process goes on behind the last whole line.
        let next = FileStore::new(folder.path(), name());
        next.append_now(&[used("3")]).expect("written");
        assert_eq!(next.load_now().expect("a state").expect("a state").account, "3");
    }

    #[test]
    fn entries_of_an_earlier_state_are_skipped() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, state) = saved(folder.path(), 1);
        store.append_now(&[used("1")]).expect("written");
        let journal = fs::read(folder.path().join("demo.journal")).expect("read");
        store.save_now(&State { serial: 2, account: "9".into(), ..state }).expect("saved");
        fs::write(folder.path().join("demo.journal"), journal).expect("written");
        assert_eq!(store.load_now().expect("a state").expect("a state").account, "9");
    }

    #[test]
    fn states_written_by_another_process_are_not_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, state) = saved(folder.path(), 1);
        let refused = store.save_now(&State { serial: 5, ..state });
        assert!(matches!(refused, Err(StoreError::Stale { expected: 4, found: 1, .. })), "{refused:?}");
    }

    #[test]
    fn files_that_are_no_state_of_this_stack_are_rejected_with_help() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, _) = saved(folder.path(), 1);
        let path = folder.path().join("demo.json");
        let whole = fs::read_to_string(&path).expect("read");
        store.save_now(&State { serial: 2, ..State::new(name(), "line".into()) }).expect("saved");
        for (text, says) in [
            (whole[..whole.len() / 2].to_owned(), "backup/demo.1.json"),
            (whole.replace("\"demo\"", "\"other\""), "the stack `other`"),
            (whole.replace("\"format_version\": 1", "\"format_version\": 9"), "newer version"),
            (String::new(), "backup/demo.1.json"),
        ] {
            fs::write(&path, text).expect("written");
            let error = store.load_now().expect_err("refused").to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn a_lock_has_one_holder_and_names_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let holder = Holder { command: "apply".into(), pid: 7, who: "ci".into(), since: "today".into(), job: None };
        let (one, other) = (FileStore::new(folder.path(), name()), FileStore::new(folder.path(), name()));
        one.lock_now(&holder, Duration::ZERO).expect("a lock");
        match other.lock_now(&holder, Duration::ZERO) {
            Err(StoreError::Locked(Some(found))) => assert_eq!(found, holder),
            unexpected => panic!("{unexpected:?}"),
        }
        *one.lock.lock().expect("a lock") = None;
        other.lock_now(&holder, Duration::ZERO).expect("a lock");
    }

    #[test]
    fn a_limited_number_of_backups_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, state) = saved(folder.path(), 1);
        for serial in 2..=40 {
            store.append_now(&[entry("a.b@global")]).expect("written");
            store.save_now(&State { serial, ..state.clone() }).expect("saved");
        }
        assert_eq!(fs::read_dir(folder.path().join("backup")).expect("a folder").count() as u64, BACKUPS);
    }
}
