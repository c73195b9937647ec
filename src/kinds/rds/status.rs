//! Statuses of clusters and instances: a word each, of which AWS has dozens.

use crate::cloud::Readiness;

/// Statuses in which it serves.
const SERVING: [&str; 3] = ["available", "storage-optimization", "storage-config-upgrade"];
/// Statuses that last until somebody does something.
const FAILED: [&str; 8] = [
    "cloning-failed",
    "failed",
    "inaccessible-encryption-credentials",
    "inaccessible-encryption-credentials-recoverable",
    "insufficient-capacity",
    "migration-failed",
    "restore-error",
    "storage-full",
];

/// The readiness that a status tells. Every word that is not known to be an end is waited for.
pub(super) fn readiness(what: &str, status: Option<&str>) -> Readiness {
    match status.unwrap_or("creating") {
        status if SERVING.contains(&status) => Readiness::Serving,
        "stopped" => Readiness::Failed(format!("the {what} is stopped: start it")),
        status if FAILED.contains(&status) || status.starts_with("incompatible-") => {
            Readiness::Failed(format!("the {what} is {}", words(status)))
        }
        status => Readiness::Pending(format!("the {what} is {}", words(status))),
    }
}

/// True if nothing can be done to it but wait until it is gone.
pub(super) fn is_deleting(status: Option<&str>) -> bool {
    status == Some("deleting")
}

fn words(status: &str) -> String {
    status.replace('-', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_statuses_are_waited_for_and_ends_are_told() {
        let of = |status| readiness("cluster", Some(status));
        assert_eq!(of("available"), Readiness::Serving);
        assert_eq!(of("promoting"), Readiness::Pending("the cluster is promoting".into()));
        assert_eq!(of("something-new"), Readiness::Pending("the cluster is something new".into()));
        assert_eq!(of("incompatible-network"), Readiness::Failed("the cluster is incompatible network".into()));
        assert_eq!(readiness("instance", None), Readiness::Pending("the instance is creating".into()));
    }
}
