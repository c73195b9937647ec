//! Regions that leave a table, the one that it was made in among them.
//!
//! A region leaves with its data, which the engine has had the user's word for before it calls. AWS takes a region away
//! when another one asks for it; from then on that one is the table's home.

use aws_sdk_dynamodb::operation::update_table::builders::UpdateTableFluentBuilder;

use super::read::{must_region, ownership};
use super::spec::{Replica, Spec};
use super::write::removal;
use crate::aws::{Cx, Result};
use crate::kinds::arns::in_region;
use crate::kinds::tagging::to_aws;

/// The next step towards the regions that the file lists: a protection that is lifted, or a region that goes.
pub(super) async fn next(
    cx: &Cx,
    name: &str,
    arn: &str,
    from: &Spec,
    to: &Spec,
) -> Result<Option<UpdateTableFluentBuilder>> {
    let home = from.home();
    let goes = |replica: &&Replica| to.replica(&replica.region).is_none();
    let mut going: Vec<&Replica> = from.replicas.iter().filter(goes).collect();
    going.sort_by_key(|replica| replica.region == home);
    let Some(replica) = going.first() else { return Ok(None) };
    let (region, call) = (&replica.region, |cx: &Cx| cx.dynamodb().update_table().table_name(name));
    if replica.deletion_protection == Some(true) {
        return Ok(Some(call(&cx.in_region(&must_region(region)?)).deletion_protection_enabled(false)));
    }
    if region != home {
        return Ok(Some(call(cx).replica_updates(removal(region)?)));
    }
    let staying: Vec<&Replica> = from.replicas.iter().filter(|replica| !goes(replica)).collect();
    let Some(next_home) = staying.first() else { return Ok(None) };
    // Our tags are in the home region for sure, and in others only where something else was set after they were made.
    let ours = ownership(cx, arn, &next_home.region).await?;
    for replica in &staying {
        let here = cx.in_region(&must_region(&replica.region)?);
        let call = here.dynamodb().tag_resource().resource_arn(in_region(arn, &replica.region));
        call.set_tags(Some(to_aws(&ours))).send().await?;
    }
    Ok(Some(call(&cx.in_region(&must_region(&next_home.region)?)).replica_updates(removal(region)?)))
}
