//! Regions that leave a table, the one that it was made in among them.
//!
//! A region leaves with its data, which the engine has had the user's word for before it calls. AWS takes a region away
//! when another one asks for it; from then on that one is the table's home.

use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::operation::update_table::builders::UpdateTableFluentBuilder;
use aws_sdk_dynamodb::primitives::DateTime;

use super::read::{arn_in, must_region, ownership};
use super::spec::{Replica, Spec};
use super::write::removal;
use crate::aws::{Cx, Result};
use crate::cloud::HeldPart;
use crate::kinds::tagging::to_aws;

/// Time for which AWS keeps a region that a replica was made from.
const SOURCE_STAYS: Duration = Duration::from_hours(24);

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
        let call = here.dynamodb().tag_resource().resource_arn(arn_in(arn, &replica.region));
        call.set_tags(Some(to_aws(&ours))).send().await?;
    }
    Ok(Some(call(&cx.in_region(&must_region(&next_home.region)?)).replica_updates(removal(region)?)))
}

/// The regions that AWS does not let go of: those of a strongly consistent table, of which only all others can go at
/// once, and the one that a replica was made from within the last day. `made` tells when each other region was.
pub(super) fn held(regions: &[&str], home: &str, strong: bool, made: &[(&str, Option<DateTime>)]) -> Vec<HeldPart> {
    let path = |region: &str| format!("replicas.{region}");
    if strong {
        let why = "the regions of a table with strong consistency do not go one by one";
        let help = "keep the region, or move the data to a new table with the wanted regions";
        let part = |region: &&str| HeldPart { path: path(region), why: why.to_owned(), help: help.to_owned() };
        return regions.iter().map(part).collect();
    }
    let age = |at: &Option<DateTime>| SystemTime::try_from((*at)?).ok()?.elapsed().ok();
    let young = made.iter().filter_map(|(region, at)| Some((*region, age(at)?))).min_by_key(|(_, age)| *age);
    let Some((last, age)) = young.filter(|(_, age)| *age < SOURCE_STAYS) else { return Vec::new() };
    let hours = (SOURCE_STAYS - age).as_secs().div_ceil(3600);
    vec![HeldPart {
        path: path(home),
        why: format!("the replica in {last} was made from it less than a day ago, and AWS keeps it that long"),
        help: format!("keep the region until then, and take it out in {hours} hours"),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_stays_for_a_day_after_the_last_replica_was_made_from_it() {
        let ago = |hours: u64| Some(DateTime::from(SystemTime::now() - Duration::from_hours(hours)));
        let held = |made: &[(&str, Option<DateTime>)]| {
            let held = held(&["us-east-1", "us-west-2"], "us-east-1", false, made);
            held.into_iter().map(|part| (part.path, part.help)).collect::<Vec<_>>()
        };
        let help = "keep the region until then, and take it out in 4 hours";
        let expected = [("replicas.us-east-1".to_owned(), help.to_owned())];
        assert_eq!(held(&[("us-west-2", ago(20)), ("eu-west-1", ago(90))]), expected);
        assert_eq!(held(&[("us-west-2", ago(25))]), []);
        assert_eq!(held(&[("us-west-2", None)]), []);
    }

    #[test]
    fn no_region_of_a_strongly_consistent_table_goes_alone() {
        let held = held(&["us-east-1", "us-west-2"], "us-east-1", true, &[]);
        assert_eq!(
            held.iter().map(|part| part.path.as_str()).collect::<Vec<_>>(),
            ["replicas.us-east-1", "replicas.us-west-2"]
        );
    }
}
