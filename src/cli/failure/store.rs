//! Failures of the state's store, and what to do about them.

use std::io::ErrorKind;

use super::Failure;
use crate::store::StoreError;

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::from(&error)
    }
}

impl From<&StoreError> for Failure {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Locked(_) => Self::refused(error)
                .help("wait for that run to end, or pass `--lock-timeout 10m`")
                .help("if it is dead, its lock expires by itself; `isobar state unlock` says what breaking it would do"),
            StoreError::Lost { .. } => Self::error(error).help("run the same command again: finished steps are kept"),
            StoreError::NoBucket { .. } => Self::error(error)
                .help("create it, or set `create: true` under `state` to have the first apply create it"),
            StoreError::Cloud { error: cloud, .. } => Self::error(error).help(match &cloud.hint {
                _ if cloud.class.is_transient() => "nothing can be changed while the state cannot be written; try again",
                Some(hint) => hint,
                None => "check the credentials and their permissions on the bucket",
            }),
            StoreError::HasCopy { copy, .. } => Self::refused(error)
                .help(format!("add `copy:` with {copy} under `state`"))
                .help("if the copy is lost for good, `isobar state detach` lets the first place stand alone"),
            StoreError::Diverged { .. } => Self::refused(error)
                .help("compare `isobar state pull --from first` and `--from copy`, keep one with `isobar state push --force`")
                .help("`isobar recover` then finds in AWS what that one lacks"),
            StoreError::Io { source, .. } => Self::error(error).help(disk(source.kind())),
            StoreError::Unusable { .. } | StoreError::Damaged { .. } => Self::error(error),
            StoreError::Stale { .. } => Self::error(error).help("plan again"),
            StoreError::Unbreakable { .. } => Self::refused(error).help("stop that process; its lock ends with it"),
        }
    }
}

/// The remedy for an error of a file system.
fn disk(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            "free some space and run the same command again; nothing is lost"
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => "give this user read and write access there",
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists | ErrorKind::IsADirectory => {
            "move away the file or folder that is in the state's place"
        }
        _ => "check that path and run the same command again; nothing is lost",
    }
}
