//! Handover: a service that ends shifting traffic brings its requests to the target group that it goes on with.
//!
//! Every deployment that shifts traffic leaves the requests in the other one of two groups. A rolling service has one, and
//! the first deployment after the change stops the tasks of the old one as soon as the new ones run, wherever the
//! listener's rule leads. So one more deployment of what is there brings the requests back first, where they have to.

use aws_sdk_ecs::types as aws;

use super::deployment::{self, Strategy};
use super::read::primary;
use super::spec::{LoadBalancer, Spec};
use crate::aws::{Cx, Result};
use crate::cloud::{Class, CloudError};
use crate::kinds::elbv2::groups_in_use;

/// An error that passes while the requests are on their way, or while a deployment of the other sort is under way: one
/// that took its place would stop its tasks, and some of the old ones may have gone already.
pub(super) async fn ensure_over(cx: &Cx, live: &aws::Service, to: &Spec) -> Result<()> {
    let shifts = live.load_balancers().iter().any(|one| one.advanced_configuration().is_some());
    let Some(wanted) = to.load_balancers.as_ref().filter(|wanted| shift(wanted) != shifts) else { return Ok(()) };
    if is_under_way(live) {
        return Err(passing("a deployment is under way; how the requests move can change once it has ended"));
    }
    let Some(rule) = rule_to_leave(live, wanted) else { return Ok(()) };
    let kept: Vec<&str> = wanted.iter().map(|one| one.target_group_arn.as_str()).collect();
    let used = groups_in_use(cx, rule).await?;
    if used.iter().all(|group| kept.contains(&group.as_str())) {
        return Ok(());
    }
    bring_back(cx, live).await?;
    Err(passing("a deployment brings the requests back to the target group that the service goes on with"))
}

fn passing(words: &str) -> CloudError {
    CloudError::local(Class::Conflict, "ecs:UpdateService", words)
}

/// True if requests are shifted from one group to another.
fn shift(balancers: &[LoadBalancer]) -> bool {
    balancers.iter().any(|one| one.alternate_target_group_arn.is_some())
}

/// The rule whose weights the service has moved, if it keeps one of the two groups.
fn rule_to_leave<'a>(live: &'a aws::Service, wanted: &[LoadBalancer]) -> Option<&'a str> {
    live.load_balancers().iter().find_map(|one| {
        let stays = wanted.iter().any(|wanted| Some(wanted.target_group_arn.as_str()) == one.target_group_arn());
        one.advanced_configuration().filter(|_| stays)?.production_listener_rule()
    })
}

fn is_under_way(live: &aws::Service) -> bool {
    let state = primary(live).and_then(aws::Deployment::rollout_state);
    live.deployments().len() > 1 || state == Some(&aws::DeploymentRolloutState::InProgress)
}

/// A deployment of what is there: all requests at once, without a bake.
async fn bring_back(cx: &Cx, live: &aws::Service) -> Result<()> {
    let at_once = deployment::Deployment {
        strategy: Some(Strategy::BlueGreen),
        bake_minutes: Some(0),
        ..deployment::of(live.deployment_configuration())
    };
    let call = cx.ecs().update_service().set_cluster(live.cluster_arn.clone()).set_service(live.service_arn.clone());
    call.deployment_configuration(deployment::configuration(&at_once)?).force_new_deployment(true).send().await?;
    Ok(())
}
