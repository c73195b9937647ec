//! Reads: a live instance as a spec.

use aws_sdk_rds::types::DbInstance as Described;

use super::spec::{Monitoring, PerformanceInsights, Spec};
use super::{DbInstance, Outputs};
use crate::aws::{Result, parse_wire};
use crate::cloud::Readiness;
use crate::kinds::Found;
use crate::kinds::rds::status;
use crate::kinds::reading::required;
use crate::kinds::tagging::user_tags;

pub(super) fn found(live: &Described) -> Result<Found<DbInstance>> {
    let text = |text: Option<&str>| text.map(str::to_owned);
    let endpoint = live.endpoint();
    let outputs = Outputs {
        name: live.db_instance_identifier().unwrap_or_default().to_owned(),
        arn: required("rds:DescribeDBInstances", "the ARN of the instance", text(live.db_instance_arn()))?,
        endpoint: endpoint.and_then(|endpoint| endpoint.address()).unwrap_or_default().to_owned(),
        port: endpoint.and_then(aws_sdk_rds::types::Endpoint::port).unwrap_or_default(),
        resource_id: live.dbi_resource_id().unwrap_or_default().to_owned(),
    };
    let groups = live.db_parameter_groups();
    let interval = live.monitoring_interval().unwrap_or(0);
    let enabled = live.performance_insights_enabled().unwrap_or(false);
    let spec = Spec {
        name: outputs.name.clone(),
        cluster: live.db_cluster_identifier().unwrap_or_default().to_owned(),
        engine: parse_wire("engine", live.engine().unwrap_or_default())?,
        class: live.db_instance_class().unwrap_or_default().to_owned(),
        parameter_group: groups.first().and_then(|group| text(group.db_parameter_group_name())),
        restart_key: None,
        promotion_tier: live.promotion_tier(),
        zone: text(live.availability_zone()),
        publicly_accessible: Some(live.publicly_accessible().unwrap_or(false)),
        monitoring: Some(Monitoring {
            interval,
            role: text(live.monitoring_role_arn()).filter(|role| interval > 0 && !role.is_empty()),
        }),
        performance_insights: Some(PerformanceInsights {
            enabled,
            retention_days: live.performance_insights_retention_period().filter(|_| enabled),
            kms_key: text(live.performance_insights_kms_key_id()).filter(|_| enabled),
        }),
        auto_minor_version_upgrade: Some(live.auto_minor_version_upgrade().unwrap_or(false)),
        ca_certificate: text(live.ca_certificate_identifier()),
        tags: Some(user_tags(live.tag_list().to_vec())),
    };
    Ok(Found { readiness: readiness(live), ..Found::serving(spec, outputs) })
}

/// An instance is at rest once nothing is pending any more: AWS shows `available` before it takes up a change.
fn readiness(live: &Described) -> Readiness {
    match status::readiness("instance", live.db_instance_status()) {
        Readiness::Serving if has_pending(live) => Readiness::Pending("the instance has pending changes".into()),
        other => other,
    }
}

pub(super) fn has_pending(live: &Described) -> bool {
    let Some(pending) = live.pending_modified_values() else { return false };
    let logs = pending
        .pending_cloudwatch_logs_exports()
        .is_some_and(|logs| !logs.log_types_to_enable().is_empty() || !logs.log_types_to_disable().is_empty());
    logs || pending.db_instance_class().is_some()
        || pending.master_user_password().is_some()
        || pending.port().is_some()
        || pending.backup_retention_period().is_some()
        || pending.engine_version().is_some()
        || pending.db_instance_identifier().is_some()
        || pending.storage_type().is_some()
        || pending.ca_certificate_identifier().is_some()
        || pending.db_subnet_group_name().is_some()
        || pending.iam_database_authentication_enabled().is_some()
        || !pending.processor_features().is_empty()
}
