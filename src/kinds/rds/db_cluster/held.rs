//! Properties of a cluster that AWS never changes, and what it never lets go of: a plan that would is refused.

use aws_sdk_rds::types::DbCluster as Described;

use crate::aws::Cx;
use crate::cloud::{HeldPart, Holder};
use crate::names::{PhysicalId, Scope};

/// The parts of a live cluster that stay as they are. `global`: the global cluster that it is a member of.
pub(super) fn parts(cx: &Cx, live: &Described, global: Option<&str>) -> Vec<HeldPart> {
    let name = live.db_cluster_identifier().unwrap_or_default();
    let copy = match global {
        None => format!(
            "put it back; for the other value, restore a snapshot as a cluster of another name (`aws rds \
             restore-db-cluster-from-snapshot`), which `{name}` then gives way to"
        ),
        Some(_) => {
            "put it back; for the other value, take the region out of the database and apply, then put it back and \
                    apply: AWS fills the new cluster from the writer, which must be in another region by then"
                .to_owned()
        }
    };
    let made_with = "AWS fixes it when a cluster is made, and a new cluster would be empty";
    let mut held = vec![
        HeldPart::part("kms_key", "AWS encrypts a cluster for ever with the key that it was made with", &copy),
        HeldPart::part("storage_encrypted", made_with, &copy),
        HeldPart::part("engine", made_with, "put it back; data moves to another engine with AWS DMS, or with a dump"),
        HeldPart::part("master_username", made_with, "put it back; in the database, create another user beside it"),
        HeldPart::part("database_name", made_with, "put it back; in the database, `CREATE DATABASE` makes another one"),
        HeldPart::part(
            "global_cluster",
            match global {
                Some(_) => "AWS takes a cluster into another global cluster only when it is made",
                None => "it is in no global cluster (any more), and AWS takes none in that stands already",
            },
            "take `global_cluster` out of the file to keep it as it is; or delete it, and apply: a new one is filled from \
             the writer",
        ),
    ];
    if global.is_some() {
        held.push(HeldPart::part(
            "subnet_group",
            "AWS moves no member of a global database to another subnet group",
            "put it back, and change the `subnets` of the group; or take the region out of the database, apply, and put it \
             back",
        ));
    }
    let at = Scope::In(cx.region().clone());
    let instances = live.db_cluster_members().iter().filter_map(|member| member.db_instance_identifier());
    let by: Vec<Holder> = instances
        .map(|name| Holder { kind: "rds.DbInstance".to_owned(), at: at.clone(), id: PhysicalId::new(name) })
        .collect();
    if !by.is_empty() {
        let names = by.iter().map(|holder| holder.id.as_str()).collect::<Vec<_>>().join(", ");
        let why = format!("AWS deletes no cluster that has instances, and of {names} not all are deleted with it");
        held.push(HeldPart::whole(by, why, "delete those that this stack does not look after".to_owned()));
    }
    held
}
