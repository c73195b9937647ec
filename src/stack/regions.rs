//! The regions of AWS, those among them that an account has to opt in to, and whether a stack's own are sound.

use std::collections::BTreeSet;

use super::Places;
use crate::names::Region;
use crate::problem::{Code, Problem, nearest};
use crate::value::{Json, Path};

/// Every region, by partition: an account belongs to one partition.
const PARTITIONS: &[(&str, &[&str])] = &[
    (
        "aws",
        &[
            "af-south-1",
            "ap-east-1",
            "ap-east-2",
            "ap-northeast-1",
            "ap-northeast-2",
            "ap-northeast-3",
            "ap-south-1",
            "ap-south-2",
            "ap-southeast-1",
            "ap-southeast-2",
            "ap-southeast-3",
            "ap-southeast-4",
            "ap-southeast-5",
            "ap-southeast-6",
            "ap-southeast-7",
            "ca-central-1",
            "ca-west-1",
            "eu-central-1",
            "eu-central-2",
            "eu-north-1",
            "eu-south-1",
            "eu-south-2",
            "eu-west-1",
            "eu-west-2",
            "eu-west-3",
            "il-central-1",
            "me-central-1",
            "me-south-1",
            "mx-central-1",
            "sa-east-1",
            "us-east-1",
            "us-east-2",
            "us-west-1",
            "us-west-2",
        ],
    ),
    ("aws-cn", &["cn-north-1", "cn-northwest-1"]),
    ("aws-us-gov", &["us-gov-east-1", "us-gov-west-1"]),
    ("aws-eusc", &["eusc-de-east-1"]),
];

/// Every region there is.
pub fn all() -> impl Iterator<Item = &'static str> + Clone {
    PARTITIONS.iter().flat_map(|(_, regions)| regions.iter().copied())
}

/// A region, if it is one that AWS has.
pub fn parse(given: &str) -> Result<Region, String> {
    match given.parse::<Region>() {
        Ok(region) if all().any(|known| known == given) => Ok(region),
        _ => Err(match nearest(given, all()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "it is spelled as in `us-east-1`; a region that AWS has opened since needs a newer isobar".into(),
        }),
    }
}

fn partition(region: &Region) -> Option<&'static str> {
    PARTITIONS.iter().find(|(_, regions)| regions.contains(&region.as_str())).map(|(name, _)| *name)
}

/// The regions of a stack as far as they are sound, and what is wrong with `regions` and `rollout.order`.
pub fn check(json: &Json, places: &Places) -> (Vec<Region>, Vec<Problem>) {
    let mut problems = Vec::new();
    let path = Path::of(["regions"]);
    let regions = list(json.get("regions"), &path, places, &mut problems);
    if let Some(first) = regions.first()
        && let Some(other) = regions.iter().find(|region| partition(region) != partition(first))
    {
        problems.push(
            Problem::new(Code::InvalidRegion, format!("one account cannot use both `{first}` and `{other}`"))
                .at(places.value(&path))
                .help("a stack lives in one partition of AWS; make one stack file for each"),
        );
    }
    if let Some(order) = json.get("rollout").and_then(|rollout| rollout.get("order")).filter(|order| !order.is_null()) {
        check_order(order, &regions, places, &mut problems);
    }
    (regions, problems)
}

fn list(json: Option<&Json>, path: &Path, places: &Places, problems: &mut Vec<Problem>) -> Vec<Region> {
    let mut regions: Vec<Region> = Vec::new();
    let mut at_of = Vec::new();
    let items = json.and_then(Json::as_array).into_iter().flatten().enumerate();
    for (index, given) in items.filter_map(|(index, item)| item.as_str().map(|text| (index, text))) {
        if given.contains("${") {
            continue;
        }
        let at = places.value(&path.index(index));
        match parse(given) {
            Err(help) => problems
                .push(Problem::new(Code::InvalidRegion, format!("`{given}` is not a region of AWS")).at(at).help(help)),
            Ok(region) if regions.contains(&region) => {
                let first = regions.iter().position(|known| *known == region).unwrap_or(0);
                problems.push(
                    Problem::new(Code::DuplicateRegion, format!("duplicate region `{given}`"))
                        .at(at)
                        .label("again here")
                        .note(at_of[first], "first here")
                        .help("keep one of them"),
                );
            }
            Ok(region) => {
                regions.push(region);
                at_of.push(at);
            }
        }
    }
    regions
}

fn check_order(order: &Json, regions: &[Region], places: &Places, problems: &mut Vec<Problem>) {
    let path = Path::of(["rollout", "order"]);
    let before = problems.len();
    let ordered = list(Some(order), &path, places, problems);
    let foreign: Vec<&Region> = ordered.iter().filter(|region| !regions.contains(region)).collect();
    for region in foreign {
        let index = order.as_array().and_then(|items| items.iter().position(|item| item == region.as_str()));
        problems.push(
            Problem::new(Code::ForeignRegion, format!("`{region}` is none of the stack's regions"))
                .at(places.value(&index.map_or(path.clone(), |index| path.index(index))))
                .help("add it to `regions`, or take it out here"),
        );
    }
    let ordered: BTreeSet<&Region> = ordered.iter().collect();
    let missing: Vec<String> =
        regions.iter().filter(|region| !ordered.contains(region)).map(|region| format!("`{region}`")).collect();
    if !missing.is_empty() && order.is_array() && problems.len() == before {
        problems.push(
            Problem::new(Code::IncompleteOrder, format!("`order` leaves {} out", missing.join(", ")))
                .at(places.value(&path))
                .help("name every region of the stack once; leave `order` out for secondaries first, primary last"),
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(json: &Json) -> Vec<String> {
        super::check(json, &Places::default()).1.into_iter().map(|problem| problem.message).collect()
    }

    #[test]
    fn every_region_in_the_list_is_well_formed() {
        assert!(all().all(|region| parse(region).is_ok()));
        assert_eq!(parse("us-est-1"), Err("did you mean `us-east-1`?".into()));
        assert!(parse("nowhere").is_err());
    }

    #[test]
    fn regions_and_their_order_are_checked() {
        let none: [&str; 0] = [];
        assert_eq!(check(&json!({"regions": ["us-east-1", "us-west-2"]})), none);
        assert_eq!(
            check(&json!({"regions": ["us-east-1", "us-east-1", "eu-nowhere-1"]})),
            ["duplicate region `us-east-1`", "`eu-nowhere-1` is not a region of AWS"]
        );
        let order =
            |order: &[&str]| check(&json!({"regions": ["us-east-1", "us-west-2"], "rollout": {"order": order}}));
        assert_eq!(order(&["us-west-2", "us-east-1"]), none);
        assert_eq!(order(&["us-west-2"]), ["`order` leaves `us-east-1` out"]);
        assert_eq!(order(&["us-west-2", "us-east-1", "eu-west-1"]), ["`eu-west-1` is none of the stack's regions"]);
        assert_eq!(order(&["us-west-2", "us-west-2", "us-east-1"]), ["duplicate region `us-west-2`"]);
        assert_eq!(
            check(&json!({"regions": ["us-east-1", "cn-north-1"]})),
            ["one account cannot use both `us-east-1` and `cn-north-1`"]
        );
    }
}
