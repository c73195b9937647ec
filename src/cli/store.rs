//! Where a stack's state is, and who we are to those who share it.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use crate::aws::{self, Bucket, Connection, S3Objects};
use crate::cli::args::Globals;
use crate::cli::{Failure, local};
use crate::names::StackName;
use crate::stack::file::StatePlace;
use crate::stack::{Loaded, place};
use crate::store::file::FileStore;
use crate::store::object::ObjectStore;
use crate::store::objects::Objects;
use crate::store::{Holder, Store, StoreError};

/// A connection to AWS, guarded by the lock of the stack's state, and that state.
pub struct Opened {
    pub connection: Arc<Connection>,
    pub store: Arc<dyn Store>,
    /// The same, if it is in a bucket.
    pub shared: Option<ObjectStore>,
}

/// Reads the configuration and the credentials; no call is made.
pub async fn open(globals: &Globals, loaded: &Loaded, path: &Path) -> Result<Opened, Failure> {
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
        return Ok(Opened { connection, store, shared: None });
    };
    let shared = shared(globals, &connection, &loaded.name, place)?;
    connection.guard(shared.fence());
    Ok(Opened { connection, store: Arc::new(shared.clone()), shared: Some(shared) })
}

fn shared(
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

/// What a state's trouble means for the user.
pub fn failure(error: &StoreError) -> Failure {
    match error {
        StoreError::Locked(_) => Failure::refused(error)
            .help("wait for it to end, or let this run wait with `--lock-timeout 10m`")
            .help("if it is dead, its lock runs out by itself; `isobar state unlock` tells what breaking it would do"),
        StoreError::Lost { .. } => Failure::error(error).help("run the same command again: it goes on from there"),
        StoreError::NoBucket { .. } => {
            Failure::error(error).help("make it, or let `create: true` under `state` make it with the first apply")
        }
        StoreError::Cloud { error: cloud, .. } => {
            let check = "check the credentials, and what they may do with the bucket";
            Failure::error(error).help(match &cloud.hint {
                _ if cloud.class.is_transient() => "nothing can be changed while the state cannot be written; try again",
                Some(hint) => hint,
                None => check,
            })
        }
        StoreError::HasCopy { copy, .. } => Failure::refused(error)
            .help(format!("add `copy:` with {copy} under `state`"))
            .help("if the copy is lost for good, `isobar state detach` lets this place stand alone"),
        StoreError::Diverged { .. } => Failure::refused(error)
            .help("look at both with `isobar state pull --from first` and `--from copy`, keep one with `isobar state push --force`")
            .help("`isobar recover` then finds in AWS what that one does not know"),
        StoreError::Io { source, .. } => Failure::error(error).help(disk(source.kind())),
        StoreError::Unusable { .. } | StoreError::Damaged { .. } => Failure::error(error),
        StoreError::Stale { .. } => Failure::error(error).help("plan again"),
        StoreError::Unbreakable { .. } => Failure::refused(error).help("stop that process, and its lock is gone"),
    }
}

/// What to do about a disk.
fn disk(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            "make room there and run the same command again; nothing is lost"
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => "let this user read and write there",
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists | ErrorKind::IsADirectory => {
            "move away what is in the state's place"
        }
        _ => "see what is wrong with that place, and run the same command again; nothing is lost",
    }
}

/// Who we are, for those who find the lock held.
pub fn holder(command: &str) -> Holder {
    let user = set("USER").or_else(|| set("LOGNAME")).unwrap_or_else(|| "somebody".to_owned());
    let machine = set("HOSTNAME").map(|machine| format!("@{machine}")).unwrap_or_default();
    Holder {
        command: command.to_owned(),
        pid: std::process::id(),
        who: format!("{user}{machine}"),
        since: jiff::Timestamp::now().to_string(),
        job: job(),
    }
}

/// The CI job that this is, as far as the usual services tell: GitHub, GitLab, Jenkins, Buildkite, `CircleCI`.
fn job() -> Option<String> {
    let github = || {
        let (server, repository, run) = (set("GITHUB_SERVER_URL")?, set("GITHUB_REPOSITORY")?, set("GITHUB_RUN_ID")?);
        Some(format!("{server}/{repository}/actions/runs/{run}"))
    };
    github()
        .or_else(|| ["CI_JOB_URL", "BUILDKITE_BUILD_URL", "CIRCLE_BUILD_URL", "BUILD_URL"].into_iter().find_map(set))
}

fn set(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
