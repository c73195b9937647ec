//! Instance of an Aurora cluster: a computer that reads, or writes, what the cluster stores.
//!
//! Which one writes is a matter of the moment, within a cluster as among clusters.

mod read;
mod spec;
mod turns;

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::{described, status, sync_tags};
use crate::aws::{Cx, ErrorCodes, Result, to_wire};
use crate::catalog::Traits;
use crate::cloud::ReadRequest;
use crate::kinds::reading::{changed, read_each};
use crate::kinds::tagging::{all_tags, owned_tags};
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};
use spec::Spec;

/// An instance.
pub struct DbInstance;

/// Outputs of an instance.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The name that leads to it alone.
    pub endpoint: String,
    /// Its port.
    pub port: i32,
    /// Its id, in metrics and policies.
    pub resource_id: String,
}

impl Kind for DbInstance {
    const NAME: &'static str = "rds.DbInstance";
    const ABOUT: &'static str = "An instance of an Aurora cluster";
    const EXAMPLE: &'static str = "
name: shop-orders-1
cluster: '${rds.DbCluster.name}'
engine: aurora-postgresql
class: db.serverless
parameter_group: '${rds.DbParameterGroup.name}'
restart_key: '${rds.DbParameterGroup.restart_key}'
promotion_tier: 0
publicly_accessible: false
monitoring: {interval: 0}
performance_insights: {enabled: false}
auto_minor_version_upgrade: false
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "tags: {team: platform, cost: '7'}",
        "{promotion_tier: 2, auto_minor_version_upgrade: true}",
        "restart_key: another",
        "performance_insights: {enabled: true, retention_days: 7}",
        "performance_insights: {enabled: false}",
        "ca_certificate: rds-ca-rsa4096-g1",
        "class: db.r6g.large",
        "{zone: us-east-1f, publicly_accessible: true}",
        "name: shop-orders-2",
    ];
    const TRAITS: Traits =
        Traits { deadline: Duration::from_hours(2), replace_failed: false, unique_by: &["name"], ..Traits::DEFAULT };
    const ERRORS: ErrorCodes = ErrorCodes {
        exists: &["DBInstanceAlreadyExists"],
        // AWS is at work on it or its cluster; the last instance of a writer stays until all readers have left.
        conflict: &["InvalidDBInstanceState", "InvalidDBClusterStateFault"],
        // The role for monitoring, or the service-linked one, is a moment old.
        not_visible_yet: &[
            "InvalidParameterValue: IAM role ARN value is invalid",
            "InvalidParameterValue: service linked role",
        ],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        let names: Vec<&str> = requests.iter().map(|request| request.id.as_str()).collect();
        let instances = &described::instances(cx, &names).await?;
        read_each(requests, |request| async move {
            let name = Some(request.id.as_str());
            instances.iter().find(|one| one.db_instance_identifier() == name).map(read::found).transpose()
        })
        .await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let all = described::instances(cx, &[&spec.name]).await?;
        let live = all.iter().find(|one| one.db_instance_identifier() == Some(&spec.name));
        let Some(live) = live.filter(|live| !status::is_deleting(live.db_instance_status())) else { return Ok(None) };
        cx.ensure_owned("a DB instance", &spec.name, &all_tags(live.tag_list().to_vec()), owner)?;
        Ok(Some(PhysicalId::new(&spec.name)))
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        let (monitoring, insights) = (spec.monitoring.as_ref(), spec.performance_insights.as_ref());
        let call = cx
            .rds()
            .create_db_instance()
            .db_instance_identifier(&spec.name)
            .db_cluster_identifier(&spec.cluster)
            .engine(to_wire(spec.engine))
            .db_instance_class(&spec.class)
            .set_db_parameter_group_name(spec.parameter_group.clone())
            .set_promotion_tier(spec.promotion_tier)
            .set_availability_zone(spec.zone.clone())
            .set_publicly_accessible(spec.publicly_accessible)
            .set_monitoring_interval(monitoring.map(|to| to.interval))
            .set_monitoring_role_arn(monitoring.and_then(|to| to.role.clone()))
            .set_enable_performance_insights(insights.map(|to| to.enabled))
            .set_performance_insights_retention_period(insights.and_then(|to| to.retention_days))
            .set_performance_insights_kms_key_id(insights.and_then(|to| to.kms_key.clone()))
            .set_auto_minor_version_upgrade(spec.auto_minor_version_upgrade)
            .set_ca_certificate_identifier(spec.ca_certificate.clone());
        call.set_tags(Some(owned_tags(spec.tags.as_ref(), owner))).send().await?;
        Ok(PhysicalId::new(&spec.name))
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let name = id.as_str();
        let arn = cx.arn("rds", format!("db:{name}")).await?;
        sync_tags(cx, &arn, from.tags.as_ref(), to.tags.as_ref()).await?;
        if modify(cx, name, from, to).await? {
            return Ok(());
        }
        restart(cx, name, from, to).await
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        let all = described::instances(cx, &[id.as_str()]).await?;
        let live = all.iter().find(|one| one.db_instance_identifier() == Some(id.as_str()));
        if live.is_none_or(|live| status::is_deleting(live.db_instance_status())) {
            return Ok(());
        }
        // AWS takes snapshots of clusters, not of their instances.
        cx.rds().delete_db_instance().db_instance_identifier(id.as_str()).skip_final_snapshot(true).send().await?;
        Ok(())
    }

    fn check(spec: &Spec) -> Vec<String> {
        spec::check(spec)
    }
}

/// Sends what differs, if anything does. What interrupts the instance waits for its turn.
async fn modify(cx: &Cx, name: &str, from: &Spec, to: &Spec) -> Result<bool> {
    let class = (from.class != to.class).then_some(&to.class);
    let group = changed(&from.parameter_group, &to.parameter_group);
    let tier = changed(&from.promotion_tier, &to.promotion_tier);
    let public = changed(&from.publicly_accessible, &to.publicly_accessible);
    let monitoring = changed(&from.monitoring, &to.monitoring);
    let insights = to.performance_insights.as_ref().filter(|to| {
        !from.performance_insights.as_ref().is_some_and(|from| {
            let days = to.retention_days.is_none() || from.retention_days == to.retention_days;
            let key = to.kms_key.is_none() || from.kms_key == to.kms_key;
            from.enabled == to.enabled && days && key
        })
    });
    let automatic = changed(&from.auto_minor_version_upgrade, &to.auto_minor_version_upgrade);
    let authority = changed(&from.ca_certificate, &to.ca_certificate);
    let restarts = class.is_some() || authority.is_some();
    let others =
        tier.is_some() || public.is_some() || monitoring.is_some() || insights.is_some() || automatic.is_some();
    if !restarts && !others && group.is_none() {
        return Ok(false);
    }
    if restarts {
        turns::take(cx, &to.cluster, name).await?;
    }
    let call = cx
        .rds()
        .modify_db_instance()
        .db_instance_identifier(name)
        .apply_immediately(true)
        .set_db_instance_class(class.cloned())
        .set_db_parameter_group_name(group.cloned())
        .set_promotion_tier(tier.copied())
        .set_publicly_accessible(public.copied())
        .set_monitoring_interval(monitoring.map(|to| to.interval))
        .set_monitoring_role_arn(monitoring.and_then(|to| to.role.clone()))
        .set_enable_performance_insights(insights.map(|to| to.enabled))
        .set_performance_insights_retention_period(insights.and_then(|to| to.retention_days))
        .set_performance_insights_kms_key_id(insights.and_then(|to| to.kms_key.clone()))
        .set_auto_minor_version_upgrade(automatic.copied())
        .set_ca_certificate_identifier(authority.cloned());
    call.send().await?;
    Ok(true)
}

/// Restarts the instance, if static parameters have changed since it was last started for them.
async fn restart(cx: &Cx, name: &str, from: &Spec, to: &Spec) -> Result<()> {
    if changed(&from.restart_key, &to.restart_key).is_none() {
        return Ok(());
    }
    // One that was taken up is restarted only if AWS says that it waits for that.
    if from.restart_key.is_none() && !waits_for_restart(cx, name, &to.cluster).await? {
        return Ok(());
    }
    turns::take(cx, &to.cluster, name).await?;
    cx.rds().reboot_db_instance().db_instance_identifier(name).send().await?;
    Ok(())
}

/// True if parameters of its own group, or of its cluster's, count from the next start.
async fn waits_for_restart(cx: &Cx, name: &str, cluster: &str) -> Result<bool> {
    const WAITS: Option<&str> = Some("pending-reboot");
    let instances = described::instances(cx, &[name]).await?;
    let own = instances.iter().find(|one| one.db_instance_identifier() == Some(name));
    let own =
        own.is_some_and(|one| one.db_parameter_groups().iter().any(|group| group.parameter_apply_status() == WAITS));
    let cluster = described::cluster(cx, cluster).await?;
    let members = cluster.as_ref().map(aws_sdk_rds::types::DbCluster::db_cluster_members).unwrap_or_default();
    let member = members.iter().find(|member| member.db_instance_identifier() == Some(name));
    Ok(own || member.is_some_and(|member| member.db_cluster_parameter_group_status() == WAITS))
}
