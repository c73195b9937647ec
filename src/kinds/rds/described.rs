//! Clusters and instances as RDS describes them: all of a region with one call where a list will do, else by filter, to
//! which an id that is gone is no error.

use std::sync::Arc;

use aws_sdk_rds::types::{DbCluster, DbInstance, Filter};

use crate::aws::{Cx, Result};
use crate::cloud::ReadMode;

/// Results of one page.
const PER_PAGE: i32 = 100;

/// The clusters of these names that exist; in a list, those of the whole region.
pub(super) async fn clusters(cx: &Cx, names: &[&str]) -> Result<Arc<Vec<DbCluster>>> {
    let filter = (cx.mode == ReadMode::Fresh).then(|| filter("db-cluster-id", names));
    let list = async {
        let call = cx.rds().describe_db_clusters().set_filters(filter.map(|filter| vec![filter])).max_records(PER_PAGE);
        Ok(call.into_paginator().items().send().try_collect().await?)
    };
    cx.cached("rds/clusters", list).await
}

/// The cluster of a name.
pub(super) async fn cluster(cx: &Cx, name: &str) -> Result<Option<DbCluster>> {
    let all = clusters(cx, &[name]).await?;
    Ok(all.iter().find(|one| one.db_cluster_identifier() == Some(name)).cloned())
}

/// The instances of these names that exist; in a list, those of the whole region.
pub(super) async fn instances(cx: &Cx, names: &[&str]) -> Result<Arc<Vec<DbInstance>>> {
    let filter = (cx.mode == ReadMode::Fresh).then(|| filter("db-instance-id", names));
    cx.cached("rds/instances", listed(cx, filter)).await
}

/// The instances of a cluster, from their own description.
pub(super) async fn instances_of(cx: &Cx, cluster: &str) -> Result<Vec<DbInstance>> {
    listed(cx, Some(filter("db-cluster-id", &[cluster]))).await
}

async fn listed(cx: &Cx, filter: Option<Filter>) -> Result<Vec<DbInstance>> {
    let call = cx.rds().describe_db_instances().set_filters(filter.map(|filter| vec![filter])).max_records(PER_PAGE);
    Ok(call.into_paginator().items().send().try_collect().await?)
}

fn filter(name: &str, values: &[&str]) -> Filter {
    let mut values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
    values.sort();
    values.dedup();
    Filter::builder().name(name).set_values(Some(values)).build()
}
