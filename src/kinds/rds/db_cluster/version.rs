//! Versions of engines, and the way of a cluster to another one.

use aws_sdk_rds::operation::modify_db_cluster::builders::ModifyDBClusterFluentBuilder;

use super::spec::Spec;
use crate::aws::{Cx, Result};
use crate::cloud::{Class, CloudError};
use crate::kinds::arns::region_of;
use crate::kinds::rds::described;
use crate::kinds::rds::global_clusters::{is_writer, name_in, others, with_member};

/// True if it takes a major upgrade to come from one version to another.
pub(in crate::kinds::rds) fn is_major_change(from: &str, to: &str) -> bool {
    !from.is_empty() && major(from) != major(to)
}

/// The part of a version that only a major upgrade changes: `16` of `16.6`, and `8.0.mysql_aurora.3` of
/// `8.0.mysql_aurora.3.08.0`.
fn major(version: &str) -> &str {
    let (before, after) = version.split_once("mysql_aurora.").unwrap_or(("", version));
    let number = after.split('.').next().unwrap_or_default();
    let start = if before.is_empty() { 0 } else { before.len() + "mysql_aurora.".len() };
    &version[..start + number.len()]
}

/// The call for another version, if the file wants one; for a writer it comes after those of all readers.
pub(super) async fn step(cx: &Cx, name: &str, arn: &str, from: &Spec, to: &Spec) -> Result<bool> {
    let Some(wanted) = to.engine_version.as_ref().filter(|wanted| from.engine_version.as_ref() != Some(wanted)) else {
        return Ok(false);
    };
    let global = with_member(cx, arn).await?;
    let call = modify(cx, name).engine_version(wanted);
    if !is_major_change(from.engine_version.as_deref().unwrap_or_default(), wanted) {
        if let Some(global) = global.filter(|global| is_writer(global, arn)) {
            let readers: Vec<&str> = others(&global, arn).collect();
            readers_first(cx, &readers, wanted).await?;
        }
        call.send().await?;
        return Ok(true);
    }
    if let Some(global) = global {
        let global = global.global_cluster_identifier().unwrap_or_default();
        let message = format!("{wanted} is another major version, which {global} takes all its members to at once");
        let hint = Some(format!("say the version of the global cluster {global} as well"));
        return Err(CloudError { hint, ..CloudError::local(Class::Invalid, "update", message) });
    }
    // The parameter group of the old version does not fit the new one.
    let call = call.allow_major_version_upgrade(true);
    call.set_db_cluster_parameter_group_name(to.parameter_group.clone()).send().await?;
    Ok(true)
}

pub(super) fn modify(cx: &Cx, name: &str) -> ModifyDBClusterFluentBuilder {
    cx.rds().modify_db_cluster().db_cluster_identifier(name).apply_immediately(true)
}

/// Takes the readers to a version, whatever wave their regions are in: AWS takes a writer there only after them.
///
/// # Errors
/// As long as one of them is not there: the writer's own change is then tried again.
async fn readers_first(cx: &Cx, readers: &[&str], wanted: &str) -> Result<()> {
    let mut waits = Vec::new();
    for arn in readers {
        let (here, name) = (cx.in_region(&region_of(arn)?), name_in(arn));
        let Some(reader) = described::cluster(&here, name).await? else { continue };
        let is_there = reader.engine_version() == Some(wanted) && reader.status() == Some("available");
        if is_there {
            continue;
        }
        if reader.engine_version() != Some(wanted) && reader.status() == Some("available") {
            modify(&here, name).engine_version(wanted).send().await?;
        }
        waits.push(format!("{name} in {}", here.region()));
    }
    if waits.is_empty() {
        return Ok(());
    }
    let message = format!("the writer is upgraded after its readers: {} first", waits.join(", "));
    Err(CloudError::local(Class::Conflict, "update", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minor_versions_are_told_from_major_ones() {
        assert!(!is_major_change("16.6", "16.8"));
        assert!(is_major_change("16.6", "17.4"));
        assert!(!is_major_change("8.0.mysql_aurora.3.08.0", "8.0.mysql_aurora.3.10.1"));
        assert!(is_major_change("5.7.mysql_aurora.2.12.0", "8.0.mysql_aurora.3.08.0"));
        assert!(!is_major_change("", "16.8"));
    }
}
