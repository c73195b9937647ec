//! Handover: a service that ends shifting traffic brings its requests to the target group that it goes on with.
//!
//! Every deployment that shifts traffic leaves the requests in the other one of two groups. A rolling service has one, and
//! the first deployment after the change stops the tasks of the old one as soon as the new ones run, wherever the
//! listener's rule leads. So one more deployment of what is there brings the requests back first, where they have to.

use aws_sdk_ecs::types as aws;

use super::deployment::{self, Strategy};
use super::read::primary;
use super::spec::Spec;
use crate::aws::{Cx, Result};
use crate::cloud::{Class, CloudError};
use crate::kinds::elbv2::groups_in_use;

/// An error that passes while the requests are on their way.
pub(super) async fn ensure_over(cx: &Cx, live: &aws::Service, to: &Spec) -> Result<()> {
    let Some(rule) = rule_to_leave(live, to) else { return Ok(()) };
    let kept: Vec<&str> = to.load_balancers.iter().flatten().map(|one| one.target_group_arn.as_str()).collect();
    let used = groups_in_use(cx, rule).await?;
    if used.iter().all(|group| kept.contains(&group.as_str())) {
        return Ok(());
    }
    if !is_under_way(live) {
        bring_back(cx, live).await?;
    }
    let words = "a deployment brings the requests back to the target group that the service goes on with";
    Err(CloudError::local(Class::Conflict, "ecs:UpdateService", words))
}

/// The rule whose weights the service has moved, if it is to keep one of the two groups and move them no more.
fn rule_to_leave<'a>(live: &'a aws::Service, to: &Spec) -> Option<&'a str> {
    let wanted = to.load_balancers.as_ref()?;
    let shifts = wanted.iter().any(|one| one.alternate_target_group_arn.is_some());
    live.load_balancers().iter().filter(|_| !shifts).find_map(|one| {
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
