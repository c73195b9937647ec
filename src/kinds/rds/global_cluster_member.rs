//! Membership of a cluster in a global cluster: something that AWS makes with the cluster, and that must end before it.
//!
//! It needs the instances of its cluster. So in a destroy it goes before them, while the cluster still has all that it
//! needs to become a database of its own: AWS promotes it, and lets it be deleted then. The writer leaves last.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::global_clusters::{is_writer, member, name_in, named, others, regions, take_out};
use super::{described, status};
use crate::aws::{Cx, ErrorCodes, Result};
use crate::catalog::Traits;
use crate::cloud::{Class, CloudError, HeldPart, Holder, ReadRequest};
use crate::kinds::arns::region_of;
use crate::kinds::reading::read_each;
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId, Scope};

/// The membership of a cluster in a global cluster.
pub struct GlobalClusterMember;

/// Fields of a membership.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name of the global cluster. A change replaces.
    #[schemars(extend("x-highlight" = true, "x-change" = "replace"))]
    pub global_cluster: String,
    /// ARN of the cluster in this region, which was made as a member. A change replaces.
    #[schemars(regex(pattern = "^arn:[a-z-]+:rds:.+:cluster:.+$"), extend("x-highlight" = true, "x-change" = "replace"))]
    pub cluster: String,
}

/// Outputs of a membership.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// The name that leads to whichever instance of the global cluster writes, in whichever region.
    pub endpoint: String,
}

impl Kind for GlobalClusterMember {
    const NAME: &'static str = "rds.GlobalClusterMember";
    const ABOUT: &'static str =
        "The membership of an Aurora cluster in a global database, which ends before the cluster";
    const EXAMPLE: &'static str = "
global_cluster: '${rds.GlobalCluster.name}'
cluster: '${rds.DbCluster.arn}'
";
    const CHANGES: &'static [&'static str] = &[];
    // A region has one member of a global cluster.
    const TRAITS: Traits =
        Traits { deadline: Duration::from_hours(2), unique_by: &["global_cluster"], ..Traits::DEFAULT };
    const ERRORS: ErrorCodes = ErrorCodes {
        // AWS is at work on either, or others have to leave first.
        conflict: &["InvalidDBClusterStateFault", "InvalidGlobalClusterStateFault"],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        read_each(requests, |request| read_one(cx, &request.id)).await
    }

    async fn find(cx: &Cx, _owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let global = named(cx, &spec.global_cluster).await?;
        let is_member = global.is_some_and(|global| member(&global, &spec.cluster).is_some());
        Ok(is_member.then(|| id_of(spec)))
    }

    /// Makes nothing: AWS has made it with the cluster.
    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        if let Some(id) = Self::find(cx, owner, spec).await? {
            return Ok(id);
        }
        let Spec { global_cluster, cluster } = spec;
        let hint = "AWS takes no cluster into a global cluster that stands already: delete this one, or give it another \
                    name, so that it is made anew and filled from the writer";
        Err(CloudError {
            hint: Some(hint.to_owned()),
            ..CloudError::local(Class::Invalid, "create", format!("{cluster} is no member of {global_cluster}"))
        })
    }

    /// Nothing of it can be changed.
    async fn update(_cx: &Cx, _id: &PhysicalId, _from: &Spec, _to: &Spec) -> Result<()> {
        Ok(())
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        let Spec { global_cluster, cluster } = parts(id)?;
        let Some(global) = named(cx, &global_cluster).await? else { return Ok(()) };
        if member(&global, &cluster).is_none() {
            return Ok(());
        }
        if is_writer(&global, &cluster) && others(&global, &cluster).next().is_some() {
            return Err(others_first(&global_cluster, &regions(others(&global, &cluster))));
        }
        take_out(cx, &global_cluster, &cluster).await
    }
}

/// The writer leaves after the others, which may be on their way in the same run.
pub(super) fn others_first(global: &str, regions: &str) -> CloudError {
    let hint = format!(
        "take the clusters in {regions} out first; if they are to stay, switch over to one of them: `aws rds \
         switchover-global-cluster --global-cluster-identifier {global} --target-db-cluster-identifier ARN`"
    );
    let message = format!("it is the writer of {global}, which has members in {regions} yet");
    CloudError { hint: Some(hint), ..CloudError::local(Class::Conflict, "delete", message) }
}

fn id_of(spec: &Spec) -> PhysicalId {
    PhysicalId::new(format!("{}/{}", spec.global_cluster, spec.cluster))
}

fn parts(id: &PhysicalId) -> Result<Spec> {
    let wrong = || CloudError::local(Class::Invalid, "rds.GlobalClusterMember", format!("`{id}` is no membership"));
    let (global_cluster, cluster) = id.as_str().split_once('/').ok_or_else(wrong)?;
    Ok(Spec { global_cluster: global_cluster.to_owned(), cluster: cluster.to_owned() })
}

/// The membership, which lasts until the cluster that has left is a database of its own.
async fn read_one(cx: &Cx, id: &PhysicalId) -> Result<Option<Found<GlobalClusterMember>>> {
    let spec = parts(id)?;
    let name = name_in(&spec.cluster);
    let (global, clusters) =
        futures::future::try_join(named(cx, &spec.global_cluster), described::clusters(cx, &[name])).await?;
    let global = global.filter(|global| member(global, &spec.cluster).is_some());
    let cluster = clusters.iter().find(|one| one.db_cluster_arn() == Some(&spec.cluster));
    if let Some(leaving) = cluster.filter(|one| one.status() == Some("promoting")) {
        let readiness = status::readiness("cluster", leaving.status());
        return Ok(Some(Found { readiness, ..Found::serving(spec, Outputs { endpoint: String::new() }) }));
    }
    let Some(global) = global else { return Ok(None) };
    let held = if is_writer(&global, &spec.cluster) { held(&global, &spec)? } else { Vec::new() };
    let outputs = Outputs { endpoint: global.endpoint().unwrap_or_default().to_owned() };
    Ok(Some(Found { held, ..Found::serving(spec, outputs) }))
}

/// The writer stays as long as any other member does.
fn held(global: &aws_sdk_rds::types::GlobalCluster, spec: &Spec) -> Result<Vec<HeldPart>> {
    let kind = GlobalClusterMember::NAME;
    let holder = |arn: &str| {
        let id = id_of(&Spec { cluster: arn.to_owned(), ..spec.clone() });
        Ok(Holder { kind: kind.to_owned(), at: Scope::In(region_of(arn)?), id })
    };
    let by: Vec<Holder> = others(global, &spec.cluster).map(holder).collect::<Result<_>>()?;
    if by.is_empty() {
        return Ok(Vec::new());
    }
    let name = &spec.global_cluster;
    Ok(vec![HeldPart::whole(
        by,
        format!("its cluster is the writer of {name}, which has other members: AWS lets the writer go last"),
        format!(
            "switch over to a region that stays, and plan again: `aws rds switchover-global-cluster \
             --global-cluster-identifier {name} --target-db-cluster-identifier ARN`"
        ),
    )])
}
