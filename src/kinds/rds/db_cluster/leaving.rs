//! Deletion of a cluster: out of its global cluster, without its protection, with a last snapshot.

use std::time::SystemTime;

use aws_sdk_rds::primitives::{DateTime, DateTimeFormat};

use super::read::final_snapshot;
use super::version::modify;
use crate::aws::{Cx, Result};
use crate::cloud::{Class, CloudError};
use crate::kinds::rds::global_cluster_member::others_first;
use crate::kinds::rds::global_clusters::{is_writer, others, regions, take_out, with_member};
use crate::kinds::rds::{described, status};
use crate::kinds::tagging::all_tags;

/// The next step towards gone. Nothing of a cluster is touched while something else has to go first.
pub(super) async fn next(cx: &Cx, name: &str) -> Result<()> {
    let Some(live) = described::cluster(cx, name).await? else { return Ok(()) };
    if status::is_deleting(live.status()) {
        return Ok(());
    }
    let instances: Vec<&str> =
        live.db_cluster_members().iter().filter_map(|one| one.db_instance_identifier()).collect();
    if !instances.is_empty() {
        let hint =
            Some("AWS deletes a cluster once it has no instances: delete those that are not the stack's".to_owned());
        let message = format!("it still has the instances {}", instances.join(", "));
        return Err(CloudError { hint, ..CloudError::local(Class::Conflict, "delete", message) });
    }
    let arn = live.db_cluster_arn().unwrap_or_default();
    if let Some(global) = with_member(cx, arn).await? {
        let global_name = global.global_cluster_identifier().unwrap_or_default();
        if is_writer(&global, arn) && others(&global, arn).next().is_some() {
            return Err(others_first(global_name, &regions(others(&global, arn))));
        }
        return take_out(cx, global_name, arn).await;
    }
    if live.deletion_protection() == Some(true) {
        modify(cx, name).deletion_protection(false).send().await?;
    }
    let middle = final_snapshot(&all_tags(live.tag_list().to_vec()));
    let snapshot = (!middle.is_empty()).then(|| snapshot_name(name, &middle, &DateTime::from(SystemTime::now())));
    let call = cx.rds().delete_db_cluster().db_cluster_identifier(name).skip_final_snapshot(snapshot.is_none());
    call.set_final_db_snapshot_identifier(snapshot).send().await?;
    Ok(())
}

/// A name that no earlier snapshot has, and that tells when it was taken: `shop-orders-final-20261129-041500`.
fn snapshot_name(cluster: &str, middle: &str, now: &DateTime) -> String {
    let now = now.fmt(DateTimeFormat::DateTime).unwrap_or_default();
    let digits: String = now.chars().filter(char::is_ascii_digit).take(14).collect();
    let (day, time) = digits.split_at(digits.len().min(8));
    format!("{cluster}-{middle}-{day}-{time}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_last_snapshot_tells_when_it_was_taken() {
        let at = DateTime::from_secs(1_795_924_800);
        assert_eq!(snapshot_name("shop-orders", "final", &at), "shop-orders-final-20261129-040000");
    }
}
