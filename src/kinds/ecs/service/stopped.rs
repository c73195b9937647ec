//! Reasons for which tasks of a service have stopped: the first thing that a person would look for.

use aws_sdk_ecs::types as aws;

use super::read::cluster_of;
use crate::aws::{Cx, Result};
use crate::kinds::ecs::check_failures;

/// Reasons that are told.
const TOLD: usize = 2;

/// Reasons for which tasks stopped lately, the newest first; only those of one deployment if it is named. ECS
/// remembers stopped tasks for an hour.
pub(super) async fn reasons(cx: &Cx, live: &aws::Service, deployment: Option<&str>) -> Result<Vec<String>> {
    let cluster = cluster_of(live);
    let call = cx.ecs().list_tasks().cluster(cluster).service_name(live.service_name().unwrap_or_default());
    let listed = call.desired_status(aws::DesiredStatus::Stopped).send().await?.task_arns.unwrap_or_default();
    if listed.is_empty() {
        return Ok(Vec::new());
    }
    let answer = cx.ecs().describe_tasks().cluster(cluster).set_tasks(Some(listed)).send().await?;
    check_failures("ecs:DescribeTasks", answer.failures.as_deref())?;
    let mut tasks = answer.tasks.unwrap_or_default();
    tasks.sort_by_key(|task| std::cmp::Reverse(task.stopped_at.map(|at| at.secs())));
    let mut told: Vec<String> = Vec::new();
    for task in tasks.iter().filter(|task| deployment.is_none_or(|id| task.started_by() == Some(id))) {
        if let Some(reason) = reason(task).filter(|reason| !told.contains(reason)) {
            told.push(reason);
        }
        if told.len() == TOLD {
            break;
        }
    }
    Ok(told)
}

/// Reason that one task stopped, unless it was told to.
fn reason(task: &aws::Task) -> Option<String> {
    let stopped = task.stopped_reason().unwrap_or_default();
    if stopped.starts_with("Scaling activity") || task.stop_code() == Some(&aws::TaskStopCode::UserInitiated) {
        return None;
    }
    let of_container = |container: &aws::Container| {
        let name = container.name().unwrap_or_default();
        match (container.reason(), container.exit_code()) {
            // Often the task says the same.
            (Some(reason), _) if stopped.contains(reason) => None,
            (Some(reason), _) => Some(format!("{name}: {reason}")),
            (None, Some(code)) if code != 0 => Some(format!("{name} ended with {code}")),
            _ => None,
        }
    };
    let details: Vec<String> = task.containers().iter().filter_map(of_container).collect();
    match (stopped, details.is_empty()) {
        ("", true) => None,
        (_, true) => Some(stopped.to_owned()),
        ("" | "Essential container in task exited", false) => Some(details.join(", ")),
        (_, false) => Some(format!("{stopped} ({})", details.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_of_stopped_tasks_are_told() {
        let container = |name: &str| aws::Container::builder().name(name);
        let task = |reason: &str, container: aws::Container| {
            aws::Task::builder().stopped_reason(reason).containers(container).build()
        };
        let told = |task: &aws::Task| reason(task);
        let exited = "Essential container in task exited";
        assert_eq!(told(&task(exited, container("web").exit_code(1).build())).as_deref(), Some("web ended with 1"));
        let pull = container("web").reason("CannotPullContainerError: not found").build();
        assert_eq!(
            told(&task("Task failed to start", pull)).as_deref(),
            Some("Task failed to start (web: CannotPullContainerError: not found)")
        );
        let twice = container("web").reason("CannotPullContainerError: not found").build();
        let twice = task("CannotPullContainerError: not found", twice);
        assert_eq!(told(&twice).as_deref(), Some("CannotPullContainerError: not found"));
        let scaled = task("Scaling activity initiated by (deployment ecs-svc/1)", container("web").build());
        assert_eq!(told(&scaled), None);
    }
}
