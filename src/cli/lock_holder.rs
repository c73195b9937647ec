//! The holder of a lock: what others are told of this run when they find the stack locked.

use crate::store::Holder;

/// This run.
pub fn this_run(command: &str) -> Holder {
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

/// The CI job, as far as the usual services tell: GitHub, GitLab, Jenkins, Buildkite, `CircleCI`.
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
