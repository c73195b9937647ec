//! Reads: a live cluster as a spec.

use aws_sdk_rds::types::{DbCluster as Described, WriteForwardingStatus};

use super::spec::{Capacity, Spec, StorageType};
use super::{DbCluster, FINAL, NO_SNAPSHOT, Outputs, TAG_FINAL_SNAPSHOT, held};
use crate::aws::{Cx, Result, Tags, from_wire, live_tags, parse_wire};
use crate::cloud::{ReadRequest, Readiness};
use crate::kinds::Found;
use crate::kinds::rds::{encrypted, global_clusters, status};
use crate::kinds::reading::required;
use crate::kinds::tagging::all_tags;

pub(super) async fn found(cx: &Cx, live: &Described, request: &ReadRequest) -> Result<Found<DbCluster>> {
    let outputs = outputs(live)?;
    let global = match live.global_cluster_identifier().filter(|name| !name.is_empty()) {
        Some(name) => Some(name.to_owned()),
        None if request.manages("global_cluster") => {
            let global = global_clusters::with_member(cx, &outputs.arn).await?;
            global.and_then(|global| global.global_cluster_identifier().map(str::to_owned))
        }
        None => None,
    };
    let encrypted = encrypted(live.storage_encryption_type(), live.storage_encrypted());
    let not_read: &[&str] = if encrypted.is_none() { &["storage_encrypted"] } else { &[] };
    let held = held::parts(cx, live, global.as_deref());
    let spec = spec(live, global, encrypted)?;
    Ok(Found { readiness: readiness(live), held, not_read, ..Found::serving(spec, outputs) })
}

fn outputs(live: &Described) -> Result<Outputs> {
    let told = |what: &str, text: Option<&str>| required("rds:DescribeDBClusters", what, text.map(str::to_owned));
    Ok(Outputs {
        name: live.db_cluster_identifier().unwrap_or_default().to_owned(),
        arn: told("the ARN of the cluster", live.db_cluster_arn())?,
        endpoint: live.endpoint().unwrap_or_default().to_owned(),
        reader_endpoint: live.reader_endpoint().unwrap_or_default().to_owned(),
        port: live.port().unwrap_or_default(),
        resource_id: live.db_cluster_resource_id().unwrap_or_default().to_owned(),
    })
}

fn spec(live: &Described, global: Option<String>, encrypted: Option<bool>) -> Result<Spec> {
    let tags = all_tags(live.tag_list().to_vec());
    let text = |text: Option<&str>| text.map(str::to_owned);
    let capacity = live.serverless_v2_scaling_configuration().and_then(|range| {
        let auto_pause = range.seconds_until_auto_pause();
        Some(Capacity { min: range.min_capacity()?, max: range.max_capacity()?, auto_pause })
    });
    Ok(Spec {
        name: live.db_cluster_identifier().unwrap_or_default().to_owned(),
        engine: parse_wire("engine", live.engine().unwrap_or_default())?,
        engine_version: text(live.engine_version()),
        global_cluster: global,
        master_username: text(live.master_username()),
        master_secret: None,
        database_name: text(live.database_name()),
        port: live.port(),
        subnet_group: text(live.db_subnet_group()),
        security_groups: Some(
            live.vpc_security_groups().iter().filter_map(|one| text(one.vpc_security_group_id())).collect(),
        ),
        parameter_group: text(live.db_cluster_parameter_group()),
        kms_key: text(live.kms_key_id()),
        storage_encrypted: encrypted,
        // AWS tells it only of I/O-Optimized storage.
        storage_type: Some(live.storage_type().and_then(from_wire).unwrap_or(StorageType::Standard)),
        capacity,
        write_forwarding: Some(forwards_writes(live)),
        backup_retention_days: live.backup_retention_period(),
        backup_window: text(live.preferred_backup_window()),
        maintenance_window: text(live.preferred_maintenance_window()),
        deletion_protection: Some(live.deletion_protection().unwrap_or(false)),
        copy_tags_to_snapshot: Some(live.copy_tags_to_snapshot().unwrap_or(false)),
        log_exports: Some(live.enabled_cloudwatch_logs_exports().to_vec()),
        iam_authentication: Some(live.iam_database_authentication_enabled().unwrap_or(false)),
        data_api: Some(live.http_endpoint_enabled().unwrap_or(false)),
        final_snapshot: Some(final_snapshot(&tags)),
        tags: Some(live_tags(tags)),
    })
}

/// The middle of the final snapshot's name; empty for none.
pub(super) fn final_snapshot(tags: &Tags) -> String {
    match tags.get(TAG_FINAL_SNAPSHOT).map(String::as_str) {
        Some(NO_SNAPSHOT) => String::new(),
        Some(middle) => middle.to_owned(),
        None => FINAL.to_owned(),
    }
}

/// True if it is to forward writes, or is on its way there. The writer of a global database tells it too, for the time
/// after it.
fn forwards_writes(live: &Described) -> bool {
    let on = [WriteForwardingStatus::Enabled, WriteForwardingStatus::Enabling];
    let status = || live.global_write_forwarding_status().is_some_and(|status| on.contains(status));
    live.global_write_forwarding_requested().unwrap_or_else(status)
}

/// A cluster is at rest once nothing is pending any more: AWS shows `available` before it takes up a change.
fn readiness(live: &Described) -> Readiness {
    let forwarding = [WriteForwardingStatus::Enabling, WriteForwardingStatus::Disabling];
    let forwarding = live.global_write_forwarding_status().filter(|status| forwarding.contains(status));
    match status::readiness("cluster", live.status()) {
        Readiness::Serving if has_pending(live) => Readiness::Pending("the cluster has pending changes".into()),
        Readiness::Serving => forwarding.map_or(Readiness::Serving, |status| {
            Readiness::Pending(format!("{} the forwarding of writes", status.as_str()))
        }),
        other => other,
    }
}

fn has_pending(live: &Described) -> bool {
    let Some(pending) = live.pending_modified_values() else { return false };
    let logs = pending
        .pending_cloudwatch_logs_exports()
        .is_some_and(|logs| !logs.log_types_to_enable().is_empty() || !logs.log_types_to_disable().is_empty());
    logs || pending.db_cluster_identifier().is_some()
        || pending.master_user_password().is_some()
        || pending.iam_database_authentication_enabled().is_some()
        || pending.engine_version().is_some()
        || pending.backup_retention_period().is_some()
        || pending.storage_type().is_some()
        || pending.allocated_storage().is_some()
        || pending.iops().is_some()
        || pending.certificate_details().is_some()
}
