//! Readiness of a service: the state of its rollout, and the reasons of one that fails.
//!
//! A rollout is done when its service deployment says `SUCCESSFUL`, and not before: a service whose deployment was
//! rolled back is as steady as one whose deployment went well. While ECS is at work the service is configured, not
//! pending, so that another change can take the place of one that does not come to an end.

use std::time::{Duration, SystemTime};

use aws_sdk_ecs::types as aws;
use aws_sdk_ecs::types::{DeploymentRolloutState as State, ServiceDeploymentStatus as Status};

use super::read::primary;
use super::stopped;
use crate::aws::{Cx, Result};
use crate::cloud::{ReadMode, Readiness};
use crate::kinds::ecs::check_failures;

/// Mark on the task definition of a service whose deployment has failed and was not rolled back. Every file
/// says the task definition, so that it always differs from what is wanted, and is rolled out again.
pub(super) const FAILED: &str = " (its deployment failed)";

/// For how long a deployment that was rolled back counts as what has just been tried. Later the service is what it
/// is, and what differs from the file tells that there was more to it.
const NEWS: Duration = Duration::from_mins(5);

/// State of a service beyond its properties.
#[derive(Clone, Debug)]
pub(super) struct Rollout {
    /// Readiness of the service.
    pub readiness: Readiness,
    /// True if the deployment has failed and was not rolled back.
    pub failed: bool,
}

impl From<Readiness> for Rollout {
    fn from(readiness: Readiness) -> Self {
        Self { readiness, failed: false }
    }
}

/// Progress of a service's rollout.
pub(super) async fn of(cx: &Cx, live: &aws::Service) -> Result<Rollout> {
    if live.status() == Some("DRAINING") {
        let running = live.running_count;
        return Ok(Readiness::Pending(format!("deleting the service, {running} tasks still running")).into());
    }
    let state = primary(live).and_then(aws::Deployment::rollout_state);
    let steady = live.deployments().len() == 1 && !matches!(state, Some(State::InProgress | State::Failed));
    if steady && cx.mode == ReadMode::Listed {
        return Ok(serving(live).into());
    }
    let newest = newest(cx, live).await?;
    if state == Some(&State::Failed) {
        let readiness = Readiness::Failed(failure(cx, live, newest.as_ref()).await?);
        return Ok(Rollout { readiness, failed: true });
    }
    // The list may lag: a deployment that was over before the current one began says nothing of it.
    let newest = newest.filter(|newest| !is_before(newest, primary(live)));
    match newest.as_ref().and_then(|newest| newest.status()) {
        Some(Status::Successful) if state != Some(&State::InProgress) => Ok(serving(live).into()),
        Some(Status::Stopped | Status::RollbackSuccessful | Status::RollbackFailed)
            if newest.as_ref().is_some_and(is_news) =>
        {
            Ok(Readiness::Failed(failure(cx, live, newest.as_ref()).await?).into())
        }
        Some(Status::Stopped | Status::RollbackSuccessful | Status::RollbackFailed) | None if steady => {
            Ok(serving(live).into())
        }
        _ => Ok(Readiness::Configured(progress(cx, live, newest.as_ref()).await?).into()),
    }
}

fn serving(live: &aws::Service) -> Readiness {
    if live.desired_count > 0 && live.running_count == 0 {
        return Readiness::Configured(format!("0 of {} tasks running", live.desired_count));
    }
    Readiness::Serving
}

/// The newest service deployment.
async fn newest(cx: &Cx, live: &aws::Service) -> Result<Option<aws::ServiceDeployment>> {
    let cluster = live.cluster_arn().unwrap_or_default();
    let call = cx.ecs().list_service_deployments().cluster(cluster).service(live.service_name().unwrap_or_default());
    let listed = call.send().await?.service_deployments.unwrap_or_default();
    let newest = listed.into_iter().max_by_key(|one| one.created_at.map(|at| (at.secs(), at.subsec_nanos())));
    let Some(arn) = newest.and_then(|newest| newest.service_deployment_arn) else { return Ok(None) };
    let answer = cx.ecs().describe_service_deployments().service_deployment_arns(arn).send().await?;
    check_failures("ecs:DescribeServiceDeployments", answer.failures.as_deref())?;
    Ok(answer.service_deployments.unwrap_or_default().into_iter().next())
}

/// True if a service deployment ended before the current deployment began.
fn is_before(deployment: &aws::ServiceDeployment, primary: Option<&aws::Deployment>) -> bool {
    let begun = primary.and_then(aws::Deployment::created_at);
    matches!((deployment.finished_at(), begun), (Some(finished), Some(begun)) if finished < begun)
}

fn is_news(deployment: &aws::ServiceDeployment) -> bool {
    let end = deployment.finished_at().or(deployment.stopped_at()).or(deployment.updated_at());
    let end = end.and_then(|end| SystemTime::try_from(*end).ok());
    // One that ends in what is the future here has ended just now.
    end.is_none_or(|end| end.elapsed().map_or(true, |age| age < NEWS))
}

/// Progress of a service that is not ready yet.
async fn progress(cx: &Cx, live: &aws::Service, newest: Option<&aws::ServiceDeployment>) -> Result<String> {
    let Some(primary) = primary(live) else {
        return Ok("starting the deployment".to_owned());
    };
    let mut words = vec![format!("{} of {} tasks running", primary.running_count, primary.desired_count)];
    if primary.failed_tasks > 0 {
        let reasons = stopped::reasons(cx, live, primary.id()).await?;
        words.push(format!("{} failed{}", primary.failed_tasks, after_colon(&reasons)));
    }
    if let Some(stage) = newest.and_then(aws::ServiceDeployment::lifecycle_stage) {
        words.push(stage.as_str().to_lowercase().replace('_', " "));
    }
    let target = newest.and_then(aws::ServiceDeployment::target_service_revision);
    if let Some(weight) = target.and_then(|revision| revision.requested_production_traffic_weight) {
        words.push(format!("{weight} % of the traffic shifted"));
    }
    match newest.and_then(aws::ServiceDeployment::status) {
        Some(Status::RollbackRequested | Status::RollbackInProgress) => {
            words.insert(0, format!("rolling back{}", after_colon(&reasons_of(newest))));
        }
        Some(Status::StopRequested) => words.insert(0, "stopping the deployment".to_owned()),
        _ => {}
    }
    Ok(words.join("; "))
}

/// Reasons of a failed deployment, from every source.
async fn failure(cx: &Cx, live: &aws::Service, newest: Option<&aws::ServiceDeployment>) -> Result<String> {
    let status = newest.and_then(aws::ServiceDeployment::status);
    let what = match status {
        Some(Status::RollbackSuccessful) => "the deployment failed and was rolled back",
        Some(Status::RollbackFailed) => "the deployment failed, and so did its rollback",
        Some(Status::Stopped) => "the deployment was stopped",
        _ => "the deployment failed",
    };
    let mut reasons = reasons_of(newest);
    if let Some(reason) = primary(live).and_then(aws::Deployment::rollout_state_reason).filter(|_| reasons.is_empty()) {
        reasons.push(plain(reason, live));
    }
    reasons.extend(stopped::reasons(cx, live, None).await?);
    let begun = newest.and_then(aws::ServiceDeployment::created_at);
    let events = live.events().iter().filter(|event| begun.is_none_or(|begun| event.created_at() >= Some(begun)));
    let messages = events.filter_map(aws::ServiceEvent::message).filter(|text| is_trouble(text));
    reasons.extend(messages.map(|text| plain(text, live)).take(2));
    reasons.dedup();
    Ok(format!("{what}{}", after_colon(&reasons)))
}

/// Reasons that the service deployment gives.
fn reasons_of(deployment: Option<&aws::ServiceDeployment>) -> Vec<String> {
    let Some(deployment) = deployment else { return Vec::new() };
    let rollback = deployment.rollback().and_then(aws::Rollback::reason);
    let mut reasons: Vec<String> = Vec::new();
    for reason in [deployment.status_reason(), rollback].into_iter().flatten().filter(|text| !text.is_empty()) {
        if !reasons.iter().any(|known| known == reason.trim_end_matches('.')) {
            reasons.push(reason.trim_end_matches('.').to_owned());
        }
    }
    let alarms = deployment.alarms().map(aws::ServiceDeploymentAlarms::triggered_alarm_names).unwrap_or_default();
    if !alarms.is_empty() {
        reasons.push(format!("the alarm {} fired", alarms.join(", ")));
    }
    reasons
}

/// True for events that tell of trouble: most only tell that tasks start and stop.
fn is_trouble(message: &str) -> bool {
    let usual = [
        "has reached a steady state",
        "has started",
        "has begun draining",
        "registered",
        "has stopped",
        "deployment completed",
        "deployment failed",
        "rolling back",
    ];
    !usual.iter().any(|words| message.contains(words))
}

/// An event without the name of the service, which is known.
fn plain(message: &str, live: &aws::Service) -> String {
    let name = format!("(service {}) ", live.service_name().unwrap_or_default());
    message.strip_prefix(&name).unwrap_or(message).trim_end_matches('.').to_owned()
}

fn after_colon(reasons: &[String]) -> String {
    if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join("; ")) }
}

/// The task definition as the service reads: with the mark if its deployment has failed.
pub(super) fn marked(task_definition: &str, rollout: &Rollout) -> String {
    format!("{task_definition}{}", if rollout.failed { FAILED } else { "" })
}
