//! Global clusters and their members, as RDS describes them: the one place that tells roles.

use std::sync::Arc;

use aws_sdk_rds::types::{GlobalCluster, GlobalClusterMember};

use crate::aws::{Cx, NotFoundExt, Result};
use crate::cloud::ReadMode;
use crate::kinds::arns::region_of;
use crate::names::Region;

/// Results of one page.
const PER_PAGE: i32 = 100;

/// The global cluster of a name.
pub(super) async fn named(cx: &Cx, name: &str) -> Result<Option<Arc<GlobalCluster>>> {
    if cx.mode == ReadMode::Listed {
        let all = all(cx).await?;
        return Ok(all.iter().find(|one| one.global_cluster_identifier() == Some(name)).cloned());
    }
    let answer = cx.rds().describe_global_clusters().global_cluster_identifier(name).send().await.optional()?;
    Ok(answer.and_then(|answer| answer.global_clusters?.into_iter().next()).map(Arc::new))
}

/// The global cluster that a cluster is a member of.
pub(super) async fn with_member(cx: &Cx, arn: &str) -> Result<Option<Arc<GlobalCluster>>> {
    Ok(all(cx).await?.iter().find(|one| member(one, arn).is_some()).cloned())
}

/// Every global cluster. All regions tell the same, so a survey asks in one of them.
async fn all(cx: &Cx) -> Result<Arc<Vec<Arc<GlobalCluster>>>> {
    let cx = if cx.mode == ReadMode::Listed { cx.home() } else { cx.clone() };
    let list = async {
        let pages = cx.rds().describe_global_clusters().max_records(PER_PAGE).into_paginator().items().send();
        let all: Vec<GlobalCluster> = pages.try_collect().await?;
        Ok(all.into_iter().map(Arc::new).collect())
    };
    cx.cached("rds/global-clusters", list).await
}

/// A cluster as a member of a global cluster.
pub(super) fn member<'a>(of: &'a GlobalCluster, arn: &str) -> Option<&'a GlobalClusterMember> {
    of.global_cluster_members().iter().find(|member| member.db_cluster_arn() == Some(arn))
}

/// True if the cluster writes now.
pub(super) fn is_writer(of: &GlobalCluster, arn: &str) -> bool {
    member(of, arn).is_some_and(|member| member.is_writer() == Some(true))
}

/// True if any cluster writes now.
pub(super) fn has_writer(of: &GlobalCluster) -> bool {
    of.global_cluster_members().iter().any(|member| member.is_writer() == Some(true))
}

/// The ARNs of the other members.
pub(super) fn others<'a>(of: &'a GlobalCluster, arn: &'a str) -> impl Iterator<Item = &'a str> {
    of.global_cluster_members().iter().filter_map(|member| member.db_cluster_arn()).filter(move |other| *other != arn)
}

/// The regions of clusters, for people.
pub(super) fn regions<'a>(arns: impl Iterator<Item = &'a str>) -> String {
    let regions: Vec<String> =
        arns.map(|arn| region_of(arn).as_ref().map_or_else(|_| arn.to_owned(), Region::to_string)).collect();
    regions.join(", ")
}

/// The name of a cluster in its ARN.
pub(super) fn name_in(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or_default()
}

/// Takes a cluster out of its global cluster. One that is out already is no error.
pub(super) async fn take_out(cx: &Cx, global: &str, arn: &str) -> Result<()> {
    let call = cx.rds().remove_from_global_cluster().global_cluster_identifier(global).db_cluster_identifier(arn);
    match call.send().await.optional() {
        Err(error)
            if error.code == "InvalidParameterValue" && error.message.contains("is not found in global cluster") =>
        {
            Ok(())
        }
        other => other.map(drop),
    }
}
