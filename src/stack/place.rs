//! Where the state is kept: whether the `state` block is sound.

use std::time::Duration;

use super::{Places, file, regions};
use crate::names::Region;
use crate::problem::{Code, Problem};
use crate::value::{Json, Path};

/// How long a lease holds if the file says nothing.
const LEASE: Duration = Duration::from_mins(1);
/// How short and how long it may be, in seconds.
const BOUNDS: std::ops::RangeInclusive<u64> = 15..=900;

/// How long the lease of a state holds.
pub fn lease(place: &file::StatePlace) -> Duration {
    place.lease.as_deref().and_then(seconds).map_or(LEASE, Duration::from_secs)
}

/// The region of a bucket; `check` has seen to it that it is one.
pub fn region(name: &str) -> Result<Region, String> {
    regions::parse(name)
}

/// What is wrong with `state`, beyond its shape.
pub(super) fn check(json: &Json, places: &Places) -> Vec<Problem> {
    let Some(state) = json.get("state").filter(|state| state.is_object()) else { return Vec::new() };
    let path = Path::of(["state"]);
    let copy = path.join(&Path::of(["copy"]));
    let text = |json: &Json, name: &str| json.get(name).and_then(Json::as_str).map(str::to_owned);
    let mut problems = Vec::new();
    let mut report =
        |problem: Problem, path: &Path, help: &str| problems.push(problem.at(places.value(path)).help(help));
    for (json, path) in [(Some(state), &path), (state.get("copy"), &copy)] {
        let Some(given) = json.and_then(|json| text(json, "region")) else { continue };
        if let Err(help) = regions::parse(&given) {
            let problem = Problem::new(Code::InvalidRegion, format!("`{given}` is not a region of AWS"));
            report(problem, &path.join(&Path::of(["region"])), &help);
        }
    }
    for (name, what, help) in [
        ("region", "stand in one region", "the copy is for the day on which the first region is gone: name another"),
        ("bucket", "are one bucket", "a bucket stands in one region: name another for the copy"),
    ] {
        let both = text(state, name).zip(state.get("copy").and_then(|copy| text(copy, name)));
        if both.is_some_and(|(first, copy)| first == copy) {
            let problem = Problem::new(Code::CopyInOnePlace, format!("the state and its copy {what}"));
            report(problem, &copy.join(&Path::of([name])), help);
        }
    }
    if let Some(lease) = text(state, "lease")
        && !seconds(&lease).is_some_and(|seconds| BOUNDS.contains(&seconds))
    {
        let problem =
            Problem::new(Code::OutOfRange, format!("a lease holds for 15 seconds to 15 minutes, not `{lease}`"));
        report(problem, &path.join(&Path::of(["lease"])), "write `1m`, or leave it out");
    }
    problems
}

fn seconds(text: &str) -> Option<u64> {
    let number = |unit: char| text.strip_suffix(unit)?.parse::<u64>().ok();
    number('s').or_else(|| number('m')?.checked_mul(60))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(state: &Json) -> Vec<String> {
        super::check(&json!({"state": state}), &Places::default()).into_iter().map(|problem| problem.message).collect()
    }

    #[test]
    fn a_copy_stands_elsewhere_and_a_lease_has_bounds() {
        let none: [&str; 0] = [];
        let copy = json!({"bucket": "b", "region": "us-west-2"});
        assert_eq!(check(&json!({"bucket": "a", "region": "us-east-1", "copy": copy, "lease": "30s"})), none);
        assert_eq!(
            check(&json!({"bucket": "b", "region": "us-west-2", "copy": copy, "lease": "1h"})),
            [
                "the state and its copy stand in one region",
                "the state and its copy are one bucket",
                "a lease holds for 15 seconds to 15 minutes, not `1h`"
            ]
        );
        assert_eq!(check(&json!({"bucket": "a", "region": "us-est-1"})), ["`us-est-1` is not a region of AWS"]);
    }
}
