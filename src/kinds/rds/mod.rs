//! RDS: Aurora clusters, their instances, and the global databases that they make together.
//!
//! # Roles
//!
//! One cluster of a global database is its writer, and which one is a matter of the moment: AWS moves it in a switchover
//! or a failover. So no spec says it. A cluster is made as what the global cluster lacks at that moment, and what only the
//! first one is made with (user, password, database) is no difference from then on.
//!
//! # Order
//!
//! AWS lets a cluster of a global database go once it has left that, and leaving is
//! [`GlobalClusterMember`](global_cluster_member)'s work: it needs the cluster's instances, so it is made after them and
//! goes before them.

mod db_cluster;
mod db_cluster_parameter_group;
mod db_instance;
mod db_parameter_group;
mod db_subnet_group;
mod described;
mod global_cluster;
mod global_cluster_member;
mod global_clusters;
mod parameters;
mod status;

use aws_sdk_rds::types::{StorageEncryptionType, Tag};

use crate::aws::{Cx, Result, Service, Tags, Throttled, sdk_client};
use crate::kinds::RegisteredKind;
use crate::kinds::tagging::{self, AwsTag, all_tags};

const SERVICE: Service = Service { name: "rds", throttled: Throttled::Together, ..Service::DEFAULT };

sdk_client! {
    /// RDS, Aurora among it.
    rds: aws_sdk_rds, SERVICE
}

/// The kinds of this service.
pub(super) fn kinds() -> Vec<RegisteredKind> {
    vec![
        RegisteredKind::of::<db_cluster::DbCluster>(&SERVICE),
        RegisteredKind::of::<db_cluster_parameter_group::DbClusterParameterGroup>(&SERVICE),
        RegisteredKind::of::<db_instance::DbInstance>(&SERVICE),
        RegisteredKind::of::<db_parameter_group::DbParameterGroup>(&SERVICE),
        RegisteredKind::of::<db_subnet_group::DbSubnetGroup>(&SERVICE),
        RegisteredKind::of::<global_cluster::GlobalCluster>(&SERVICE),
        RegisteredKind::of::<global_cluster_member::GlobalClusterMember>(&SERVICE),
    ]
}

impl AwsTag for Tag {
    fn new(key: &str, value: &str) -> Self {
        Self::builder().key(key).value(value).build()
    }

    fn pair(self) -> (String, String) {
        (self.key.unwrap_or_default(), self.value.unwrap_or_default())
    }
}

/// The tags of something whose description has none.
async fn tags_of(cx: &Cx, arn: &str) -> Result<Tags> {
    if let Some(tags) = cx.indexed_tags(arn).await? {
        return Ok(tags);
    }
    let answer = cx.rds().list_tags_for_resource().resource_name(arn).send().await?;
    Ok(all_tags(answer.tag_list.unwrap_or_default()))
}

/// Makes the live tags of a resource the wanted ones.
async fn sync_tags(cx: &Cx, arn: &str, live: Option<&Tags>, wanted: Option<&Tags>) -> Result<()> {
    tagging::sync_tags(
        live,
        wanted,
        |tags| cx.rds().add_tags_to_resource().resource_name(arn).set_tags(Some(tags)).send(),
        |keys| cx.rds().remove_tags_from_resource().resource_name(arn).set_tag_keys(Some(keys)).send(),
    )
    .await
}

/// Encryption as a spec says it; unknown where AWS encrypts with a key of its own without being asked, which is neither
/// what a file has asked for nor a lack of it.
fn encrypted(of: Option<&StorageEncryptionType>, flag: Option<bool>) -> Option<bool> {
    match of.map(StorageEncryptionType::as_str) {
        Some("sse-kms") => Some(true),
        Some("none") => Some(false),
        Some(_) => None,
        None => flag,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encryption_with_a_key_of_aws_is_no_difference_from_anything() {
        let of = |word: &str, flag| encrypted(Some(&StorageEncryptionType::from(word)), Some(flag));
        assert_eq!([of("sse-kms", true), of("none", false), of("sse-rds", false)], [Some(true), Some(false), None]);
        assert_eq!(encrypted(None, Some(true)), Some(true));
    }
}
