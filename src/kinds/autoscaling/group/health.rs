//! Readiness of a group: as many instances in service as are wanted, and healthy targets where it has any.

use std::collections::BTreeSet;

use aws_sdk_autoscaling::types::{AutoScalingGroup as Described, Instance, InstanceRefresh, LifecycleState};
use aws_sdk_elasticloadbalancingv2::types::{TargetHealthDescription, TargetHealthStateEnum};

use super::refresh::progress;
use crate::aws::{Cx, NotFoundExt, Result};
use crate::cloud::{ReadMode, Readiness};

/// Pending while a refresh runs, because AWS takes no other one until then.
pub(super) async fn readiness(cx: &Cx, group: &Described, last: Option<&InstanceRefresh>) -> Result<Readiness> {
    if let Some(status) = group.status() {
        return Ok(Readiness::Pending(format!("{status}, waiting for the instances to end")));
    }
    if let Some(how_far) = last.and_then(progress) {
        return Ok(Readiness::Pending(how_far));
    }
    let wanted = usize::try_from(group.desired_capacity().unwrap_or_default()).unwrap_or_default();
    let serving: BTreeSet<&str> =
        group.instances().iter().filter(|one| serves(one)).filter_map(Instance::instance_id).collect();
    if serving.len() < wanted {
        let why = trouble(cx, group).await?.map(|why| format!("; {why}")).unwrap_or_default();
        return Ok(Readiness::Configured(format!("{} of {wanted} instances in service{why}", serving.len())));
    }
    for arn in group.target_group_arns() {
        let answer = cx.elbv2().describe_target_health().target_group_arn(arn).send().await.optional()?;
        let targets = answer.and_then(|answer| answer.target_health_descriptions).unwrap_or_default();
        let healthy = targets.iter().filter(|target| is_healthy(target, &serving)).count();
        if healthy < wanted {
            return Ok(Readiness::Configured(format!("{healthy} of {wanted} instances healthy in the target group")));
        }
    }
    Ok(Readiness::Serving)
}

fn serves(instance: &Instance) -> bool {
    instance.lifecycle_state() == Some(&LifecycleState::InService) && instance.health_status() == Some("Healthy")
}

/// A target of a group that no listener uses is never asked, and is as good as it gets.
fn is_healthy(target: &TargetHealthDescription, serving: &BTreeSet<&str>) -> bool {
    let ours = target.target().and_then(|target| target.id()).is_some_and(|id| serving.contains(id));
    let state = target.target_health().and_then(|health| health.state());
    ours && matches!(state, Some(TargetHealthStateEnum::Healthy | TargetHealthStateEnum::Unused))
}

/// AWS's reason for the last failed launch of an instance.
async fn trouble(cx: &Cx, group: &Described) -> Result<Option<String>> {
    let (ReadMode::Fresh, Some(name)) = (cx.mode, group.auto_scaling_group_name()) else { return Ok(None) };
    let call = cx.autoscaling().describe_scaling_activities().auto_scaling_group_name(name).max_records(1);
    let last = call.send().await?.activities.unwrap_or_default().into_iter().next();
    let failed = last.filter(|one| one.status_code().is_some_and(|code| code.as_str() == "Failed"));
    Ok(failed.and_then(|one| one.status_message.or(one.cause)))
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticloadbalancingv2::types::{TargetDescription, TargetHealth};

    use super::*;

    #[test]
    fn healthy_targets_of_other_groups_do_not_count() {
        let target = |id: &str, state| {
            TargetHealthDescription::builder()
                .target(TargetDescription::builder().id(id).build())
                .target_health(TargetHealth::builder().state(state).build())
                .build()
        };
        let serving = BTreeSet::from(["i-1"]);
        assert!(is_healthy(&target("i-1", TargetHealthStateEnum::Healthy), &serving));
        assert!(is_healthy(&target("i-1", TargetHealthStateEnum::Unused), &serving));
        assert!(!is_healthy(&target("i-1", TargetHealthStateEnum::Initial), &serving));
        assert!(!is_healthy(&target("i-2", TargetHealthStateEnum::Healthy), &serving));
    }
}
