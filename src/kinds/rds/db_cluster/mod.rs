//! Aurora cluster: the storage of a database, with an endpoint that leads to whichever instance writes.
//!
//! Primary and secondary are one kind, because AWS changes the roles: see [`rds`](super).

mod held;
mod leaving;
mod read;
mod spec;
mod subnets;
mod version;
mod write;

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::{described, status};
use crate::aws::{Cx, ErrorCodes, Result};
use crate::catalog::Traits;
use crate::cloud::ReadRequest;
use crate::kinds::reading::read_each;
use crate::kinds::tagging::all_tags;
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};

pub(super) use spec::Engine;
pub(super) use version::is_major_change;

use spec::Spec;

/// A cluster.
pub struct DbCluster;

/// Our tag that says how the final snapshot is called; [`NO_SNAPSHOT`] for none.
const TAG_FINAL_SNAPSHOT: &str = "isobar:final-snapshot";
/// The value of that tag for a cluster that is deleted without one.
const NO_SNAPSHOT: &str = "none";
/// The middle of the snapshot's name where the tag does not say it.
const FINAL: &str = "final";

/// Outputs of a cluster.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The name that leads to its writer; in a reader of a global database it leads nowhere until that becomes the writer.
    pub endpoint: String,
    /// The name that leads to its readers, or to the writer if there is no other instance.
    pub reader_endpoint: String,
    /// Its port.
    #[schemars(extend("x-volatile" = true, "x-stable-under" = [
        "engine_version", "master_secret", "subnet_group", "security_groups", "parameter_group", "storage_type", "capacity",
        "write_forwarding", "backup_retention_days", "backup_window", "maintenance_window", "deletion_protection",
        "copy_tags_to_snapshot", "log_exports", "iam_authentication", "data_api", "final_snapshot", "tags",
    ]))]
    pub port: i32,
    /// Its id, which policies for a login with IAM name it by.
    pub resource_id: String,
}

impl Kind for DbCluster {
    const NAME: &'static str = "rds.DbCluster";
    const ABOUT: &'static str = "An Aurora cluster, alone or as a member of a global database";
    const EXAMPLE: &'static str = "
name: shop-orders
engine: aurora-postgresql
engine_version: '16.8'
global_cluster: '${rds.GlobalCluster.name}'
master_username: orders
master_secret: '${secretsmanager.Secret.arn}'
database_name: orders
subnet_group: '${rds.DbSubnetGroup.name}'
security_groups: [sg-0a1b2c3d4e5f60001]
parameter_group: '${rds.DbClusterParameterGroup.name}'
storage_encrypted: true
capacity: {min: 0.5, max: 16}
write_forwarding: true
backup_retention_days: 14
backup_window: 02:00-03:00
maintenance_window: sun:04:00-sun:05:00
deletion_protection: false
copy_tags_to_snapshot: true
final_snapshot: ''
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "tags: {team: platform, cost: '7'}",
        "deletion_protection: true",
        "{capacity: {min: 0, max: 8, auto_pause: 600}, deletion_protection: false}",
        "{write_forwarding: false, backup_retention_days: 7, backup_window: 05:00-06:00, maintenance_window: mon:04:00-mon:05:00}",
        "{log_exports: [postgresql], iam_authentication: true, copy_tags_to_snapshot: false}",
        "{log_exports: [], iam_authentication: false, data_api: true}",
        "data_api: false",
        "storage_type: aurora-iopt1",
        "storage_type: aurora",
        "security_groups: [sg-0a1b2c3d4e5f60001, sg-0a1b2c3d4e5f60002]",
        "port: 5433",
        "engine_version: '16.9'",
        "final_snapshot: last",
        "final_snapshot: ''",
        "kms_key: arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555",
        "name: shop-returns",
    ];
    const TRAITS: Traits = Traits {
        deadline: Duration::from_hours(2),
        holds_data: true,
        replace_failed: false,
        unique_by: &["name"],
        held_by: &["rds.DbInstance", "rds.GlobalClusterMember"],
        ..Traits::DEFAULT
    };
    const ERRORS: ErrorCodes = ErrorCodes {
        exists: &["DBClusterAlreadyExistsFault"],
        conflict: &[
            // AWS is at work on it, or on the cluster that a new one is filled from.
            "InvalidDBClusterStateFault",
            "InvalidGlobalClusterStateFault",
            "InvalidDBInstanceState",
            "InvalidDBSubnetGroupStateFault",
            // A snapshot of this second has the name; the next one has another.
            "DBClusterSnapshotAlreadyExistsFault",
            // Another region has become the writer a moment ago.
            "InvalidParameterCombination: cross region replication cluster",
            // The readers are on their way to the version.
            "InvalidParameterValue: upgrade global replicas first",
        ],
        // The service-linked role is made with the first cluster of an account.
        not_visible_yet: &["InvalidParameterValue: service linked role"],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        let names: Vec<&str> = requests.iter().map(|request| request.id.as_str()).collect();
        let clusters = &described::clusters(cx, &names).await?;
        read_each(requests, |request| async move {
            let name = Some(request.id.as_str());
            match clusters.iter().find(|one| one.db_cluster_identifier() == name) {
                Some(live) => read::found(cx, live, request).await.map(Some),
                None => Ok(None),
            }
        })
        .await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let live = described::cluster(cx, &spec.name).await?;
        let Some(live) = live.filter(|live| !status::is_deleting(live.status())) else { return Ok(None) };
        cx.ensure_owned("an Aurora cluster", &spec.name, &all_tags(live.tag_list().to_vec()), owner)?;
        Ok(Some(PhysicalId::new(&spec.name)))
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        write::create(cx, spec, owner).await?;
        Ok(PhysicalId::new(&spec.name))
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        write::update(cx, id.as_str(), from, to).await
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        leaving::next(cx, id.as_str()).await
    }

    fn check(spec: &Spec) -> Vec<String> {
        spec::check(spec)
    }
}
