//! Calls that make and change a scalable target.

use aws_sdk_applicationautoscaling::operation::register_scalable_target::builders::RegisterScalableTargetFluentBuilder;
use aws_sdk_applicationautoscaling::types as aws;

use super::read::describe;
use super::spec::{Schedule, Spec, UTC};
use crate::aws::{Cx, Result};
use crate::kinds::tagging;

/// The call for a whole target, without tags.
pub(super) fn register(cx: &Cx, spec: &Spec) -> RegisterScalableTargetFluentBuilder {
    let suspended = spec.suspended.as_ref().map(|suspended| {
        aws::SuspendedState::builder()
            .set_dynamic_scaling_in_suspended(suspended.dynamic_scaling_in)
            .set_dynamic_scaling_out_suspended(suspended.dynamic_scaling_out)
            .set_scheduled_scaling_suspended(suspended.scheduled_scaling)
            .build()
    });
    cx.applicationautoscaling()
        .register_scalable_target()
        .service_namespace(spec.service_namespace.as_str().into())
        .resource_id(&spec.resource_id)
        .scalable_dimension(spec.scalable_dimension.as_str().into())
        .min_capacity(spec.min_capacity)
        .max_capacity(spec.max_capacity)
        .set_role_arn(spec.role_arn.clone())
        .set_suspended_state(suspended)
}

/// A put action keeps what is not sent, so one that lost a bound or its time zone is deleted first.
pub(super) async fn update_actions(cx: &Cx, from: &Spec, to: &Spec) -> Result<()> {
    let (live, Some(wanted)) = (from.scheduled_actions.clone().unwrap_or_default(), &to.scheduled_actions) else {
        return Ok(());
    };
    let loses = |live: &Schedule, wanted: &Schedule| {
        live.timezone.as_deref().is_some_and(|zone| zone != UTC) && wanted.timezone.is_none()
            || live.min_capacity.is_some() && wanted.min_capacity.is_none()
            || live.max_capacity.is_some() && wanted.max_capacity.is_none()
    };
    for (name, live) in &live {
        if wanted.get(name).is_none_or(|wanted| loses(live, wanted)) {
            let call = cx.applicationautoscaling().delete_scheduled_action().scheduled_action_name(name);
            let call = call.service_namespace(to.service_namespace.as_str().into()).resource_id(&to.resource_id);
            call.scalable_dimension(to.scalable_dimension.as_str().into()).send().await?;
        }
    }
    for (name, action) in wanted.iter().filter(|(name, action)| live.get(*name) != Some(action)) {
        let bounds = aws::ScalableTargetAction::builder();
        let bounds = bounds.set_min_capacity(action.min_capacity).set_max_capacity(action.max_capacity);
        cx.applicationautoscaling()
            .put_scheduled_action()
            .scheduled_action_name(name)
            .service_namespace(to.service_namespace.as_str().into())
            .resource_id(&to.resource_id)
            .scalable_dimension(to.scalable_dimension.as_str().into())
            .schedule(&action.schedule)
            .set_timezone(action.timezone.clone())
            .scalable_target_action(bounds.build())
            .send()
            .await?;
    }
    Ok(())
}

/// Makes the live tags of a target the wanted ones.
pub(super) async fn sync_tags(cx: &Cx, from: &Spec, to: &Spec) -> Result<()> {
    let resources = vec![to.resource_id.clone()];
    let found = describe(cx, &to.service_namespace, &to.scalable_dimension, resources).await?;
    let Some(arn) = found.into_iter().find_map(|live| live.scalable_target_arn) else { return Ok(()) };
    tagging::sync_tags(
        from.tags.as_ref(),
        to.tags.as_ref(),
        |tags| cx.applicationautoscaling().tag_resource().resource_arn(&arn).set_tags(Some(tags)).send(),
        |keys| cx.applicationautoscaling().untag_resource().resource_arn(&arn).set_tag_keys(Some(keys)).send(),
    )
    .await
}
