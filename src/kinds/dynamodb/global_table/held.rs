//! Regions that AWS does not let go of.

use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::primitives::DateTime;

use crate::cloud::HeldPart;

/// Time for which AWS keeps a region that a replica was made from.
const SOURCE_STAYS: Duration = Duration::from_hours(24);

/// The regions that AWS does not let go of: those of a strongly consistent table, of which only all others can go at
/// once, and the one that a replica was made from within the last day. `made` tells when each other region was.
pub(super) fn held(regions: &[&str], home: &str, strong: bool, made: &[(&str, Option<DateTime>)]) -> Vec<HeldPart> {
    let path = |region: &str| format!("replicas.{region}");
    if strong {
        let why = "the regions of a table with strong consistency do not go one by one";
        let help = "keep the region, or move the data to a new table with the wanted regions";
        let part = |region: &&str| HeldPart::part(path(region), why, help);
        return regions.iter().map(part).collect();
    }
    let age = |at: &Option<DateTime>| SystemTime::try_from((*at)?).ok()?.elapsed().ok();
    let young = made.iter().filter_map(|(region, at)| Some((*region, age(at)?))).min_by_key(|(_, age)| *age);
    let Some((last, age)) = young.filter(|(_, age)| *age < SOURCE_STAYS) else { return Vec::new() };
    let hours = SOURCE_STAYS.saturating_sub(age).as_secs().div_ceil(3600);
    vec![HeldPart::part(
        path(home),
        format!("the replica in {last} was made from it less than a day ago, and AWS keeps it that long"),
        format!("keep the region until then, and take it out in {hours} hours"),
    )]
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
        let words = "keep the region until then, and take it out in 4 hours";
        let expected = [("replicas.us-east-1".to_owned(), words.to_owned())];
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
