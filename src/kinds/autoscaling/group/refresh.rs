//! The roll-out of a launch template over the instances of a group.
//!
//! A refresh is given the template as its aim: AWS writes it into the group when the refresh has succeeded. So one
//! that has failed leaves a difference behind, and the next run tries again. That a refresh has failed is told
//! once, by the run that waited for it: a tag on the group remembers which one was told.

use aws_sdk_autoscaling::types::{
    AlarmSpecification, AutoScalingGroup as Described, DesiredConfiguration, InstanceRefresh, InstanceRefreshStatus,
    LaunchTemplateSpecification, RefreshPreferences, Tag,
};

use super::spec::{self, Spec, Template};
use crate::aws::{Cx, Result};
use crate::cloud::{Class, CloudError};

/// Our tag that says which failed refresh has been told, or with a word after it that it matters no more.
const TAG_TOLD: &str = "isobar:refresh";
/// Suffix of a tag on a failed refresh that matters no more.
const DROPPED: &str = " dropped";

/// The latest refresh of a group, if there ever was one.
pub(super) async fn last(cx: &Cx, group: &Described) -> Result<Option<InstanceRefresh>> {
    let name = group.auto_scaling_group_name().unwrap_or_default();
    let call = cx.autoscaling().describe_instance_refreshes().auto_scaling_group_name(name).max_records(1);
    match call.send().await.map_err(CloudError::from) {
        Ok(answer) => Ok(answer.instance_refreshes.unwrap_or_default().into_iter().next()),
        // The group has gone since it was listed.
        Err(error) if error.message.contains("not found") => Ok(None),
        Err(error) => Err(error),
    }
}

/// Progress of a running refresh.
pub(super) fn progress(refresh: &InstanceRefresh) -> Option<String> {
    let percent = refresh.percentage_complete().unwrap_or(0);
    let why = refresh.status_reason().map(|why| format!(": {why}")).unwrap_or_default();
    match refresh.status()? {
        InstanceRefreshStatus::Pending => Some("starting the instance refresh".to_owned()),
        InstanceRefreshStatus::InProgress => Some(format!("refreshing instances, {percent} % done{why}")),
        InstanceRefreshStatus::Baking => Some("watching alarms after the instance refresh".to_owned()),
        InstanceRefreshStatus::Cancelling => Some("cancelling the instance refresh".to_owned()),
        InstanceRefreshStatus::RollbackInProgress => Some(format!("rolling back the instance refresh{why}")),
        _ => None,
    }
}

/// Reason of a failed refresh.
fn failure(refresh: &InstanceRefresh) -> Option<String> {
    let status = refresh.status()?;
    let failed = matches!(
        status,
        InstanceRefreshStatus::Failed
            | InstanceRefreshStatus::Cancelled
            | InstanceRefreshStatus::RollbackSuccessful
            | InstanceRefreshStatus::RollbackFailed
    );
    let rolled_back = refresh.rollback_details().and_then(|details| details.rollback_reason());
    let why = refresh.status_reason().or(rolled_back).unwrap_or("AWS does not say why");
    failed.then(|| format!("{} ({why})", status.as_str()))
}

/// The version that a group counts as having: its own, with a word on what is not as it should be. No file asks for
/// such a one, so that it always differs from what is wanted.
pub(super) fn version(group: &Described, last: Option<&InstanceRefresh>) -> String {
    let own = group.launch_template().and_then(|one| one.version()).unwrap_or_default().to_owned();
    let told = told(group).unwrap_or_default();
    let (Some(refresh), Some(failure)) = (last, last.and_then(failure)) else { return own };
    let id = refresh.instance_refresh_id().unwrap_or_default();
    if told.strip_suffix(DROPPED) == Some(id) {
        return own;
    }
    if told != id {
        return format!("{own}, the refresh of its instances: {failure}");
    }
    let is_other = |one: &&LaunchTemplateSpecification| one.version() != Some(own.as_str());
    let others = group.instances().iter().filter_map(|instance| instance.launch_template()).filter(is_other).count();
    if others == 0 { own } else { format!("{own}, but {others} of its instances have another one") }
}

/// Brings the wanted template to the group, or says why the last refresh did not.
pub(super) async fn roll_out(cx: &Cx, group: &Described, to: &Spec) -> Result<()> {
    let name = group.auto_scaling_group_name().unwrap_or_default();
    let last = last(cx, group).await?;
    let id = last.as_ref().and_then(InstanceRefresh::instance_refresh_id).unwrap_or_default();
    let failure = last.as_ref().and_then(failure);
    let told = told(group).unwrap_or_default();
    let is_told = told == id || told.strip_suffix(DROPPED) == Some(id);
    let wanted = last.as_ref().is_some_and(|refresh| aims_at(refresh, &to.launch_template));
    if let Some(failure) = failure.as_ref().filter(|_| wanted && !is_told) {
        remember(cx, name, id.to_owned()).await?;
        let version = &to.launch_template.version;
        let message = format!("the refresh of the instances to version {version} of the template: {failure}");
        let hint =
            Some("the next run tries again; the activities of the group tell what became of each instance".into());
        return Err(CloudError {
            hint,
            ..CloudError::local(Class::Other, "autoscaling:StartInstanceRefresh", message)
        });
    }
    let preferences = to.instance_refresh.clone().unwrap_or_default();
    if preferences.enabled == Some(false) || group.instances().is_empty() {
        if failure.is_some() {
            remember(cx, name, format!("{id}{DROPPED}")).await?;
        }
        let call = cx.autoscaling().update_auto_scaling_group().auto_scaling_group_name(name);
        call.launch_template(template(&to.launch_template)).send().await?;
        return Ok(());
    }
    let desired = DesiredConfiguration::builder().launch_template(template(&to.launch_template)).build();
    let call = cx.autoscaling().start_instance_refresh().auto_scaling_group_name(name);
    call.desired_configuration(desired).preferences(preferences.to_aws()).send().await?;
    Ok(())
}

/// A version of a template as AWS takes it.
pub(super) fn template(of: &Template) -> LaunchTemplateSpecification {
    LaunchTemplateSpecification::builder().launch_template_id(&of.id).version(&of.version).build()
}

fn aims_at(refresh: &InstanceRefresh, wanted: &Template) -> bool {
    let aim = refresh.desired_configuration().and_then(|desired| desired.launch_template());
    aim.is_some_and(|aim| {
        aim.launch_template_id() == Some(wanted.id.as_str()) && aim.version() == Some(wanted.version.as_str())
    })
}

fn told(group: &Described) -> Option<&str> {
    group.tags().iter().find(|tag| tag.key() == Some(TAG_TOLD)).and_then(|tag| tag.value())
}

async fn remember(cx: &Cx, group: &str, what: String) -> Result<()> {
    let tag = Tag::builder().resource_type("auto-scaling-group").resource_id(group).propagate_at_launch(false);
    cx.autoscaling().create_or_update_tags().tags(tag.key(TAG_TOLD).value(what).build()).send().await?;
    Ok(())
}

impl spec::InstanceRefresh {
    fn to_aws(&self) -> RefreshPreferences {
        let alarms = self.alarms.as_ref().filter(|all| !all.is_empty());
        RefreshPreferences::builder()
            .set_min_healthy_percentage(self.min_healthy_percentage)
            .set_max_healthy_percentage(self.max_healthy_percentage)
            .set_instance_warmup(self.instance_warmup_seconds)
            .set_auto_rollback(self.auto_rollback)
            .set_alarm_specification(
                alarms.map(|all| AlarmSpecification::builder().set_alarms(Some(all.clone())).build()),
            )
            .set_skip_matching(self.skip_matching)
            .set_checkpoint_percentages(self.checkpoint_percentages.clone().filter(|all| !all.is_empty()))
            .set_checkpoint_delay(self.checkpoint_delay_seconds)
            .set_bake_time(self.bake_time_seconds)
            .build()
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_autoscaling::types::{Instance, TagDescription};

    use super::*;

    fn of(version: &str) -> LaunchTemplateSpecification {
        template(&Template { id: "lt-1".to_owned(), version: version.to_owned() })
    }

    fn group(told: Option<&str>, instances: &[&str]) -> Described {
        let tag = told.map(|told| TagDescription::builder().key(TAG_TOLD).value(told).build());
        let instances = instances.iter().map(|version| Instance::builder().launch_template(of(version)).build());
        Described::builder()
            .launch_template(of("3"))
            .set_tags(Some(tag.into_iter().collect()))
            .set_instances(Some(instances.collect()))
            .build()
    }

    fn refresh(status: InstanceRefreshStatus) -> InstanceRefresh {
        InstanceRefresh::builder().instance_refresh_id("r-1").status(status).status_reason("unhealthy").build()
    }

    #[test]
    fn failed_refreshes_are_differences_until_reported() {
        let failed = refresh(InstanceRefreshStatus::Failed);
        let untold = version(&group(None, &["3", "4"]), Some(&failed));
        assert_eq!(untold, "3, the refresh of its instances: Failed (unhealthy)");
        assert_eq!(version(&group(Some("r-0"), &["3"]), Some(&failed)), untold);
        assert_eq!(version(&group(Some("r-1"), &["3", "3"]), Some(&failed)), "3");
    }

    #[test]
    fn half_refreshed_groups_are_differences() {
        let failed = refresh(InstanceRefreshStatus::Failed);
        let half = version(&group(Some("r-1"), &["3", "4"]), Some(&failed));
        assert_eq!(half, "3, but 1 of its instances have another one");
        assert_eq!(version(&group(Some("r-1 dropped"), &["3", "4"]), Some(&failed)), "3");
        let done = refresh(InstanceRefreshStatus::Successful);
        assert_eq!(version(&group(None, &["2", "3"]), Some(&done)), "3");
        assert_eq!(version(&group(None, &["2", "3"]), None), "3");
    }

    #[test]
    fn running_refreshes_have_progress() {
        assert!(
            progress(&refresh(InstanceRefreshStatus::InProgress))
                .is_some_and(|how| how.starts_with("refreshing instances, 0 %"))
        );
        assert_eq!(progress(&refresh(InstanceRefreshStatus::Failed)), None);
        assert_eq!(progress(&refresh(InstanceRefreshStatus::Successful)), None);
    }
}
