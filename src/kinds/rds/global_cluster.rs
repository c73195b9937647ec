//! Global cluster: the frame of a database that stands in several regions.
//!
//! It is made empty; clusters come into it when they are made, and it can go once the last one has left it.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::db_cluster::{Engine, is_major_change};
use super::{encrypted, global_clusters, status, sync_tags};
use crate::aws::{Cx, ErrorCodes, Result, Tags, parse_wire, to_wire};
use crate::catalog::Traits;
use crate::cloud::{ReadRequest, Readiness};
use crate::kinds::reading::{changed, read_each, required};
use crate::kinds::tagging::{all_tags, owned_tags, user_tags};
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};

/// A global cluster.
pub struct GlobalCluster;

/// Fields of a global cluster.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name, unique in the account; 1 to 63 lower-case letters, digits and dashes, a letter first, no dash at the end.
    #[schemars(
        regex(pattern = r"^[a-z](-?[a-z0-9])*$"),
        length(max = 63),
        extend("x-highlight" = true, "x-change" = "replace")
    )]
    pub name: String,
    /// Engine, that of its clusters. It cannot be changed.
    #[schemars(extend("x-highlight" = true, "x-change" = "replace"))]
    pub engine: Engine,
    /// Version of the engine, in full, as its clusters say it. Another major version upgrades all members at once, and gives
    /// them the default parameter groups, in place of which the clusters then get theirs again. A minor version is changed
    /// by the clusters.
    #[schemars(extend("x-write-only" = true, "x-wait" = "another major version: the database answers nothing while all members are upgraded"))]
    pub engine_version: Option<String>,
    /// Database that is made with the first cluster; none when left out.
    #[schemars(
        regex(pattern = r"^[A-Za-z][A-Za-z0-9]{0,63}$"),
        extend("x-change" = "replace", "x-write-only" = true)
    )]
    pub database_name: Option<String>,
    /// Encryption at rest of all members. It cannot be changed.
    #[schemars(extend("x-change" = "replace"))]
    pub storage_encrypted: Option<bool>,
    /// Protection from being deleted; false when left out. While it is on in AWS, it is deleted on the user's word alone,
    /// and then it is switched off.
    #[schemars(extend("x-risk" = "protection", "x-protects" = true, "x-reset" = false))]
    pub deletion_protection: Option<bool>,
    /// Tags, beside those by which Isobar knows its own.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Outputs of a global cluster.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The name that leads to whichever instance writes, in whichever region; nothing before there is a member, see
    /// `rds.GlobalClusterMember`.
    #[schemars(extend("x-volatile" = true, "x-stable-under" = ["tags", "deletion_protection", "engine_version"]))]
    pub endpoint: Option<String>,
    /// Its id, which stays with it whatever it is called.
    pub resource_id: String,
}

impl Kind for GlobalCluster {
    const NAME: &'static str = "rds.GlobalCluster";
    const ABOUT: &'static str = "An Aurora global database: the frame of clusters in several regions";
    const EXAMPLE: &'static str = "
name: shop-orders
engine: aurora-postgresql
engine_version: '16.8'
database_name: orders
storage_encrypted: true
deletion_protection: false
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "deletion_protection: true",
        "{deletion_protection: false, tags: {team: platform, cost: '7'}}",
        "engine_version: '16.9'",
        "storage_encrypted: false",
        "database_name: sales",
        "{engine: aurora-mysql, engine_version: 8.0.mysql_aurora.3.08.0}",
        "name: shop-returns",
    ];
    const TRAITS: Traits = Traits {
        deadline: Duration::from_hours(2),
        replace_failed: false,
        unique_by: &["name"],
        unique_in_account: true,
        held_by: &["rds.DbCluster"],
        ..Traits::DEFAULT
    };
    const ERRORS: ErrorCodes = ErrorCodes {
        exists: &["GlobalClusterAlreadyExistsFault"],
        // It is not empty yet, or AWS is at work on it.
        conflict: &["InvalidGlobalClusterStateFault", "InvalidDBClusterStateFault", "InvalidDBInstanceState"],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        read_each(requests, |request| async move {
            match global_clusters::named(cx, request.id.as_str()).await? {
                Some(live) => found(&live).map(Some),
                None => Ok(None),
            }
        })
        .await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let live = global_clusters::named(cx, &spec.name).await?;
        let Some(live) = live.filter(|live| !status::is_deleting(live.status())) else { return Ok(None) };
        cx.ensure_owned("a global cluster", &spec.name, &all_tags(live.tag_list().to_vec()), owner)?;
        Ok(Some(PhysicalId::new(&spec.name)))
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        let call = cx
            .rds()
            .create_global_cluster()
            .global_cluster_identifier(&spec.name)
            .engine(to_wire(spec.engine))
            .set_engine_version(spec.engine_version.clone())
            .set_database_name(spec.database_name.clone())
            .set_storage_encrypted(spec.storage_encrypted)
            .set_deletion_protection(spec.deletion_protection);
        call.set_tags(Some(owned_tags(spec.tags.as_ref(), owner))).send().await?;
        Ok(PhysicalId::new(&spec.name))
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let Some(live) = global_clusters::named(cx, id.as_str()).await? else { return Ok(()) };
        let arn = live.global_cluster_arn().unwrap_or_default();
        sync_tags(cx, arn, from.tags.as_ref(), to.tags.as_ref()).await?;
        let call = || cx.rds().modify_global_cluster().global_cluster_identifier(id.as_str());
        if let Some(protect) = changed(&from.deletion_protection, &to.deletion_protection) {
            call().deletion_protection(*protect).send().await?;
        }
        let there = live.engine_version().unwrap_or_default();
        if let Some(version) = to.engine_version.as_ref().filter(|version| is_major_change(there, version)) {
            call().engine_version(version).allow_major_version_upgrade(true).send().await?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        let live = global_clusters::named(cx, id.as_str()).await?;
        let Some(live) = live.filter(|live| !status::is_deleting(live.status())) else { return Ok(()) };
        if live.deletion_protection() == Some(true) && live.global_cluster_members().is_empty() {
            let call = cx.rds().modify_global_cluster().global_cluster_identifier(id.as_str());
            call.deletion_protection(false).send().await?;
        }
        cx.rds().delete_global_cluster().global_cluster_identifier(id.as_str()).send().await?;
        Ok(())
    }
}

fn found(live: &aws_sdk_rds::types::GlobalCluster) -> Result<Found<GlobalCluster>> {
    let name = live.global_cluster_identifier().unwrap_or_default().to_owned();
    let encrypted = encrypted(live.storage_encryption_type(), live.storage_encrypted());
    let spec = Spec {
        name: name.clone(),
        engine: parse_wire("engine", live.engine().unwrap_or_default())?,
        engine_version: live.engine_version().map(str::to_owned),
        database_name: live.database_name().map(str::to_owned),
        storage_encrypted: encrypted,
        deletion_protection: Some(live.deletion_protection().unwrap_or(false)),
        tags: Some(user_tags(live.tag_list().to_vec())),
    };
    let told = |what: &str, text: Option<&str>| required("rds:DescribeGlobalClusters", what, text.map(str::to_owned));
    let outputs = Outputs {
        name,
        arn: told("the ARN of the global cluster", live.global_cluster_arn())?,
        endpoint: live.endpoint().filter(|endpoint| !endpoint.is_empty()).map(str::to_owned),
        resource_id: told("the id of the global cluster", live.global_cluster_resource_id())?,
    };
    let not_read: &[&str] = if encrypted.is_none() { &["storage_encrypted"] } else { &[] };
    Ok(Found { readiness: readiness(live), not_read, ..Found::serving(spec, outputs) })
}

/// AWS takes no other change during a switchover, of which it may tell in words that are newer than its SDK.
fn readiness(live: &aws_sdk_rds::types::GlobalCluster) -> Readiness {
    match live.failover_state().and_then(|state| state.status()) {
        Some(status) => Readiness::Pending(format!("the global cluster is {}", status.as_str().replace('-', " "))),
        None => status::readiness("global cluster", live.status()),
    }
}
