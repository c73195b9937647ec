//! Calls that make and change a cluster.

use aws_sdk_rds::operation::create_db_cluster::builders::CreateDBClusterFluentBuilder;
use aws_sdk_rds::operation::modify_db_cluster::builders::ModifyDBClusterFluentBuilder;
use aws_sdk_rds::types::{CloudwatchLogsExportConfiguration, ServerlessV2ScalingConfiguration};

use super::spec::{Capacity, Spec};
use super::version::{self, modify};
use super::{NO_SNAPSHOT, TAG_FINAL_SNAPSHOT, subnets};
use crate::aws::{Cx, Result, Tags, to_wire};
use crate::kinds::rds::global_clusters::{has_writer, is_writer, named, with_member};
use crate::kinds::rds::sync_tags;
use crate::kinds::reading::changed;
use crate::kinds::secretsmanager;
use crate::kinds::tagging::owned_tags;
use crate::names::Owner;

/// The alias of the key that AWS manages for RDS.
const MANAGED_KEY: &str = "alias/aws/rds";

/// Makes it as what its global cluster lacks: the first one with a user, a password and a database, every other without.
pub(super) async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<()> {
    let is_reader = match &spec.global_cluster {
        Some(name) => named(cx, name).await?.is_some_and(|global| has_writer(&global)),
        None => false,
    };
    let mut call = cx
        .rds()
        .create_db_cluster()
        .db_cluster_identifier(&spec.name)
        .engine(to_wire(spec.engine))
        .set_engine_version(spec.engine_version.clone())
        .set_global_cluster_identifier(spec.global_cluster.clone())
        .set_port(spec.port)
        .set_db_subnet_group_name(spec.subnet_group.clone())
        .set_vpc_security_group_ids(spec.security_groups.clone())
        .set_db_cluster_parameter_group_name(spec.parameter_group.clone())
        .set_kms_key_id(spec.kms_key.clone())
        .set_storage_encrypted(spec.storage_encrypted)
        .set_storage_type(spec.storage_type.map(to_wire))
        .set_serverless_v2_scaling_configuration(spec.capacity.as_ref().map(capacity))
        .set_enable_global_write_forwarding(spec.write_forwarding.filter(|_| spec.global_cluster.is_some()))
        .set_backup_retention_period(spec.backup_retention_days)
        .set_preferred_backup_window(spec.backup_window.clone())
        .set_preferred_maintenance_window(spec.maintenance_window.clone())
        .set_deletion_protection(spec.deletion_protection)
        .set_copy_tags_to_snapshot(spec.copy_tags_to_snapshot)
        .set_enable_cloudwatch_logs_exports(spec.log_exports.clone().filter(|all| !all.is_empty()))
        .set_enable_iam_database_authentication(spec.iam_authentication)
        .set_enable_http_endpoint(spec.data_api)
        .set_tags(Some(owned_tags(Some(&with_snapshot(spec)), owner)));
    if is_reader {
        // Of an encrypted one AWS wants to hear the key of its region, be it the one that AWS manages.
        let managed = (spec.storage_encrypted == Some(true) && spec.kms_key.is_none()).then_some(MANAGED_KEY);
        call = managed.into_iter().fold(call, CreateDBClusterFluentBuilder::kms_key_id);
        call.send().await?;
        return Ok(());
    }
    call = call.set_master_username(spec.master_username.clone()).set_database_name(spec.database_name.clone());
    if let Some(secret) = &spec.master_secret {
        let password = secretsmanager::value(cx, secret).await?;
        call = call.master_user_password(password.reveal());
    }
    call.send().await?;
    Ok(())
}

/// The user's tags, with ours that says how the last snapshot is called.
fn with_snapshot(spec: &Spec) -> Tags {
    let tag =
        spec.final_snapshot.as_deref().map(|middle| (TAG_FINAL_SNAPSHOT.to_owned(), tag_value(middle).to_owned()));
    spec.tags.clone().unwrap_or_default().into_iter().chain(tag).collect()
}

fn tag_value(middle: &str) -> &str {
    if middle.is_empty() { NO_SNAPSHOT } else { middle }
}

fn capacity(of: &Capacity) -> ServerlessV2ScalingConfiguration {
    let range = ServerlessV2ScalingConfiguration::builder().min_capacity(of.min).max_capacity(of.max);
    range.set_seconds_until_auto_pause(of.auto_pause).build()
}

/// Takes one step: AWS takes no second change while it works on the first.
pub(super) async fn update(cx: &Cx, name: &str, from: &Spec, to: &Spec) -> Result<()> {
    let arn = cx.arn("rds", format!("cluster:{name}")).await?;
    sync_tags(cx, &arn, from.tags.as_ref(), to.tags.as_ref()).await?;
    if let Some(middle) = changed(&from.final_snapshot, &to.final_snapshot) {
        let tag = Tags::from([(TAG_FINAL_SNAPSHOT.to_owned(), tag_value(middle).to_owned())]);
        sync_tags(cx, &arn, None, Some(&tag)).await?;
    }
    if version::step(cx, name, &arn, from, to).await? {
        return Ok(());
    }
    if let Some(group) = changed(&from.subnet_group, &to.subnet_group) {
        return subnets::move_to(modify(cx, name), group, to.security_groups.as_deref()).await;
    }
    if let Some(call) = settings(modify(cx, name), from, to) {
        call.send().await?;
        return Ok(());
    }
    match changed(&from.data_api, &to.data_api) {
        Some(true) => drop(cx.rds().enable_http_endpoint().resource_arn(&arn).send().await?),
        Some(false) => drop(cx.rds().disable_http_endpoint().resource_arn(&arn).send().await?),
        None => {}
    }
    password(cx, name, &arn, from, to).await
}

/// The settings that AWS changes in place, if any differ.
fn settings(call: ModifyDBClusterFluentBuilder, from: &Spec, to: &Spec) -> Option<ModifyDBClusterFluentBuilder> {
    let differ = |one: &Option<Vec<String>>, other: &Option<Vec<String>>| {
        let sorted = |all: &[String]| {
            let mut all = all.to_vec();
            all.sort();
            all
        };
        let wanted = other.as_ref().filter(|wanted| sorted(wanted) != sorted(one.as_deref().unwrap_or_default()));
        wanted.cloned()
    };
    let groups = differ(&from.security_groups, &to.security_groups);
    let logs = differ(&from.log_exports, &to.log_exports).map(|wanted| logs(from.log_exports.as_deref(), &wanted));
    let range = changed(&from.capacity, &to.capacity).map(capacity);
    let flags = [
        changed(&from.write_forwarding, &to.write_forwarding),
        changed(&from.deletion_protection, &to.deletion_protection),
        changed(&from.copy_tags_to_snapshot, &to.copy_tags_to_snapshot),
        changed(&from.iam_authentication, &to.iam_authentication),
    ]
    .map(Option::<&bool>::copied);
    let numbers = [changed(&from.port, &to.port), changed(&from.backup_retention_days, &to.backup_retention_days)]
        .map(Option::<&i32>::copied);
    let texts = [
        changed(&from.parameter_group, &to.parameter_group),
        changed(&from.backup_window, &to.backup_window),
        changed(&from.maintenance_window, &to.maintenance_window),
    ]
    .map(Option::<&String>::cloned);
    let storage = changed(&from.storage_type, &to.storage_type).map(to_wire);
    let any = groups.is_some() || logs.is_some() || range.is_some() || storage.is_some();
    let any = any || flags.iter().any(Option::is_some) || numbers.iter().any(Option::is_some);
    if !any && texts.iter().all(Option::is_none) {
        return None;
    }
    let ([forward, protect, copy, iam], [port, days], [parameters, backup, maintenance]) = (flags, numbers, texts);
    Some(
        call.set_vpc_security_group_ids(groups)
            .set_cloudwatch_logs_export_configuration(logs)
            .set_serverless_v2_scaling_configuration(range)
            .set_enable_global_write_forwarding(forward)
            .set_deletion_protection(protect)
            .set_copy_tags_to_snapshot(copy)
            .set_enable_iam_database_authentication(iam)
            .set_port(port)
            .set_backup_retention_period(days)
            .set_db_cluster_parameter_group_name(parameters)
            .set_preferred_backup_window(backup)
            .set_preferred_maintenance_window(maintenance)
            .set_storage_type(storage),
    )
}

fn logs(live: Option<&[String]>, wanted: &[String]) -> CloudwatchLogsExportConfiguration {
    let live = live.unwrap_or_default();
    let without = |all: &[String], others: &[String]| {
        let rest: Vec<String> = all.iter().filter(|one| !others.contains(one)).cloned().collect();
        Some(rest).filter(|rest| !rest.is_empty())
    };
    CloudwatchLogsExportConfiguration::builder()
        .set_enable_log_types(without(wanted, live))
        .set_disable_log_types(without(live, wanted))
        .build()
}

/// Sets the master password to that of another secret, on the cluster that writes: readers have what it has.
async fn password(cx: &Cx, name: &str, arn: &str, from: &Spec, to: &Spec) -> Result<()> {
    let Some(secret) = changed(&from.master_secret, &to.master_secret) else { return Ok(()) };
    let global = with_member(cx, arn).await?;
    if global.is_some_and(|global| !is_writer(&global, arn)) {
        return Ok(());
    }
    let password = secretsmanager::value(cx, secret).await?;
    modify(cx, name).master_user_password(password.reveal()).send().await?;
    Ok(())
}
