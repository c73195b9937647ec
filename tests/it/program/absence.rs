//! Keys that leave the file, on an emulator: AWS has its own defaults afterwards, though a run was killed on the way.

use serde_json::{Value as Json, json};

use crate::support::program::ProgramWorld;

const FILE: &str = "said.yaml";

/// A stack with lines of the function, the API, the table, and the services.
fn stack(function: &str, api: &str, table: &str, web: &str, schedule: &str) -> String {
    format!(
        "stack: said
regions: [us-east-1]
network: {{cidr: {{us-east-1: 10.1.0.0/16}}}}
functions:
  carts: {{code: ./serverless/functions/carts, handler: app.handler, runtime: python3.13, {function}}}
apis:
  shop: {{routes: {{GET /: functions.carts}}, {api}}}
tables:
  carts: {{key: {{user: string}}, protect: false, {table}}}
services:
  web: {{image: \"public.ecr.aws/acme/web:1\", port: 8080, {web}}}
  scaled: {{image: \"public.ecr.aws/acme/web:1\", scale: {{min: 1, max: 4, cpu: 60, {schedule}}}}}
"
    )
}

fn said() -> String {
    stack(
        "architecture: arm64, reserved_concurrency: 2",
        "throttle: {rate: 50, burst: 10}",
        "ttl: expires_at, backup: {point_in_time: 7d}, indexes: {by_x: {key: {x: string}}}",
        "desired: 2, exec: true",
        "schedule: {night: {at: \"cron(0 20 * * ? *)\", max: 2}}",
    )
}

fn said_no() -> String {
    stack(
        "architecture: x86_64, reserved_concurrency: -1",
        "throttle: {}",
        "ttl: \"\", backup: {point_in_time: 0d}, indexes: {}",
        "desired: 2, exec: false",
        "schedule: {}",
    )
}

#[test]
fn keys_that_leave_the_file_are_taken_back_though_a_run_is_killed() {
    let world = ProgramWorld::new();
    let apply = ["apply", "--local", "--yes", FILE];
    let plan = ["plan", "--local", "--detailed-exitcode", FILE];
    world.write(FILE, &said());
    world.isobar(&apply).exits(0);
    world.isobar(&plan).exits(0);

    world.write(FILE, &stack("", "", "", "desired: 2", ""));
    let planned = world.isobar(&plan).exits(2);
    for line in [
        "architectures[0]: \"arm64\" → \"x86_64\"",
        "reserved_concurrency: 2 → -1",
        "throttle.rate: 50.0 → -1.0",
        "ttl_attribute: \"expires_at\" → \"\"",
        "replicas.us-east-1.point_in_time_days: 7 → 0",
        "indexes.by_x:",
        "enable_execute_command: true → false",
        "scheduled_actions.night:",
    ] {
        assert!(planned.data.contains(line), "{line}: {}", planned.data);
    }
    let killed = world.signalled(&apply, "updating", "KILL");
    assert_eq!(killed.code, None, "{}", killed.talk);
    world.isobar(&apply).exits(0);
    world.isobar(&plan).exits(0);

    // A file that says no finds nothing to do: AWS has it so.
    world.write(FILE, &said_no());
    let planned = world.isobar(&plan);
    assert_eq!(planned.code, Some(0), "{}", planned.data);
    world.isobar(&["destroy", "--local", "--yes", FILE]).exits(0);
    assert_eq!(world.inventory(), Vec::<Json>::new());
}

#[test]
fn a_number_of_tasks_that_the_file_says_is_kept() {
    let world = ProgramWorld::new();
    let apply = ["apply", "--local", "--yes", FILE];
    let plan = ["plan", "--local", "--detailed-exitcode", FILE];
    world.write(FILE, &stack("", "", "", "desired: 1", ""));
    world.isobar(&apply).exits(0);
    let set = |service: &str, desired: u32| {
        let address = format!("services.{service}@us-east-1");
        let record = world.isobar(&["state", "show", "--local", FILE, &address]).exits(0).json();
        let named = |output: &str| record["outputs"][output].clone();
        let (cluster, name) = (named("cluster_name"), named("name"));
        let body = json!({"cluster": cluster, "service": name, "desired": desired, "region": "us-east-1"});
        world.control("POST", "ecs/desired", &body);
    };
    set("scaled", 3);
    world.isobar(&plan).exits(0);
    set("web", 0);
    let planned = world.isobar(&plan).exits(2);
    assert!(planned.data.contains("desired_count: 0 → 1"), "{}", planned.data);

    world.write(FILE, &stack("", "", "", "desired: 2", ""));
    world.isobar(&apply).exits(0);
    world.isobar(&plan).exits(0);
    // What nobody says is whoever's who operates it.
    world.write(FILE, &stack("", "", "", "", ""));
    set("web", 3);
    world.isobar(&plan).exits(0);
    world.isobar(&["destroy", "--local", "--yes", FILE]).exits(0);
}
