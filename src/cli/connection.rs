//! A connection to AWS, guarded by the lock of the stack's state, and that state.

use std::path::Path;
use std::sync::Arc;

use super::globals::Globals;
use super::{Failure, console, local};
use crate::aws::{self, Bucket, Connection, S3Objects};
use crate::names::StackName;
use crate::stack::file::StatePlace;
use crate::stack::{Loaded, place};
use crate::store::Store;
use crate::store::file::FileStore;
use crate::store::object::ObjectStore;
use crate::store::objects::Objects;

/// AWS and the state's store.
pub struct Connected {
    pub connection: Arc<Connection>,
    pub store: Arc<dyn Store>,
    /// The same store, if it is in a bucket.
    pub shared: Option<ObjectStore>,
}

impl Connected {
    /// Reads the configuration and the credentials; no call is made.
    pub(super) async fn open(globals: &Globals, loaded: &Loaded, path: &Path) -> Result<Self, Failure> {
        let endpoint = if globals.local { Some(local::endpoint()?) } else { globals.endpoint_url.clone() };
        let settings = aws::Settings {
            stack: Some(loaded.name.clone()),
            profile: globals.profile.clone(),
            endpoint,
            emulator: globals.local,
            home: None,
        };
        let connection = Arc::new(Connection::open(&settings).await);
        let Some(place) = &loaded.stack.state else {
            let store = Arc::new(file_store(globals, loaded.name.clone(), path));
            return Ok(Self { connection, store, shared: None });
        };
        let shared = object_store(globals, &connection, &loaded.name, place)?;
        connection.guard(shared.fence());
        Ok(Self { connection, store: Arc::new(shared.clone()), shared: Some(shared) })
    }

    /// Prints what the store has noticed: a replica that is out of reach or was brought in step.
    pub fn print_notes(&self) {
        print_notes(self.store.as_ref());
    }
}

/// Prints what a store has noticed.
pub fn print_notes(store: &dyn Store) {
    store.notes().iter().for_each(|note| console::say(&format!("note: {note}")));
}

fn object_store(
    globals: &Globals,
    connection: &Connection,
    stack: &StackName,
    place: &StatePlace,
) -> Result<ObjectStore, Failure> {
    let objects = |name: &str, region: &str, kms_key: Option<String>| -> Result<Arc<dyn Objects>, Failure> {
        let region = place::region(region).map_err(Failure::error)?;
        // An emulator begins empty: there are no buckets that somebody could have made.
        let create = place.create || globals.local;
        Ok(Arc::new(S3Objects::new(connection, Bucket { name: name.to_owned(), region, kms_key, create })))
    };
    let first = objects(&place.bucket, &place.region, place.kms_key.clone())?;
    let copy = place.copy.as_ref().map(|copy| objects(&copy.bucket, &copy.region, copy.kms_key.clone())).transpose()?;
    Ok(ObjectStore::new(stack, first, copy, place::lease(place)))
}

/// The state beside the stack file, LocalStack's apart from the real one.
fn file_store(globals: &Globals, stack: StackName, path: &Path) -> FileStore {
    let beside = path.parent().unwrap_or(Path::new("")).join(".isobar");
    FileStore::new(if globals.local { beside.join("local") } else { beside }, stack)
}
