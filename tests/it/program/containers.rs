//! The container stack: a roll-out that fails stays in its region, and what scaling does is no change.

use serde_json::{Value as Json, json};

use crate::support::program::ProgramWorld;

const STACK: &str = "containers.yaml";
const IMAGE: &str = "acme/stock:9.9.9";
/// Reads in a plan that finds nothing to do, for a hundred resources.
const READS_OF_A_HUNDRED: u64 = 75;

#[test]
fn a_failing_image_stops_in_the_first_region_with_its_reason() {
    let world = ProgramWorld::new();
    world.isobar(&["apply", "--local", "--yes", STACK]).exits(0);
    world.calls();
    let plan = world.isobar(&["plan", "--local", "--detailed-exitcode", STACK]).exits(0);
    let resources = plan.data.split_whitespace().find_map(|word| word.strip_prefix('(')?.parse::<u64>().ok());
    let (resources, calls) = (resources.expect("a count"), world.calls()["total"].as_u64().expect("a count"));
    assert!(calls * 100 <= resources * READS_OF_A_HUNDRED, "{calls} calls for {resources} resources");

    let service = world.isobar(&["state", "show", "--local", STACK, "services.checkout@us-west-2"]).exits(0).json();
    let service = &service["outputs"]["name"];
    let scaled = json!({"cluster": "store", "service": service, "desired": 5, "region": "us-west-2"});
    world.control("POST", "ecs/desired", &scaled);
    world.isobar(&["plan", "--local", "--detailed-exitcode", STACK]).exits(0);

    let reason = "CannotPullContainerError: failed to resolve ref acme/stock:9.9.9: not found";
    world.control("POST", "ecs/failing-images", &json!({"image": format!("*{IMAGE}"), "reason": reason}));
    world.edit(STACK, "acme/stock:3.1.0", IMAGE);
    world.calls();
    let failed = world.isobar(&["apply", "--local", "--yes", STACK]).exits(1);
    assert!(failed.talk.contains("services.stock@us-west-2 could not be updated"), "{}", failed.talk);
    assert!(failed.talk.contains("was rolled back") && failed.talk.contains(reason), "{}", failed.talk);
    let ecs = &world.calls()["calls"];
    assert!(ecs["us-west-2"]["ecs"]["UpdateService"].is_u64(), "{ecs}");
    for operation in ["UpdateService", "RegisterTaskDefinition"] {
        assert!(ecs["us-east-1"]["ecs"][operation].is_null(), "{operation} in the other region: {ecs}");
    }
    world.isobar(&["plan", "--local", "--detailed-exitcode", STACK]).exits(2);

    world.edit(STACK, IMAGE, "acme/stock:3.1.0");
    world.isobar(&["apply", "--local", "--yes", STACK]).exits(0);
    world.isobar(&["plan", "--local", "--detailed-exitcode", STACK]).exits(0);
    world.isobar(&["destroy", "--local", "--yes", STACK]).exits(0);
    assert_eq!(world.inventory(), Vec::<Json>::new());
}
