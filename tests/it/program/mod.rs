//! The program itself, on an emulator of its own: a stack's whole life, as a user lives it.

mod absence;
mod containers;
mod databases;
mod disk;
mod expired;
mod recovery;
mod secrets;
mod shared;
mod stopped;
mod traffic;
mod transitions;

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::support::program::ProgramWorld;

const STACK: &str = "serverless.yaml";

#[test]
fn a_stack_is_applied_changed_recovered_and_destroyed_without_remains() {
    let world = ProgramWorld::without_emulator();
    world.edit(STACK, "    ttl: expires_at\n", "");

    let valid = world.isobar(&["validate", STACK]).exits(0);
    insta::assert_snapshot!(valid.shown(), @r"
    exit 0
    -- stderr
    serverless.yaml is valid: stack shop, 65 resources in 2 regions
    ");
    world.isobar(&["plan", "--local", "--detailed-exitcode", STACK]).exits(2);
    let refused = world.isobar(&["apply", "--local", STACK]).exits(1);
    assert!(refused.talk.contains("pass `--yes`"), "{}", refused.talk);

    let applied = world.isobar(&["apply", "--local", "--yes", "--events", "events.jsonl", STACK]).exits(0);
    assert!(applied.talk.contains("Done in"), "{}", applied.talk);
    one_region_after_the_other(&world.read("events.jsonl"));
    world.calls();
    let plan = world.isobar(&["plan", "--local", "--detailed-exitcode", STACK]).exits(0);
    insta::assert_snapshot!(plan.shown(), @r"
    exit 0
    -- stdout
    No changes. Your stack matches AWS in 2 regions (65 resources).
    ");
    few_calls(&world);

    outputs_are_for_scripts(&world);
    a_change_is_planned_exactly_and_applied(&world);
    all_is_found_again(&world, STACK);

    world.isobar(&["destroy", "--local", STACK]).exits(1);
    world.isobar(&["destroy", "--local", "--yes", STACK]).exits(0);
    assert_eq!(world.inventory_of_all_regions(), Vec::<Json>::new());
    let plan = world.isobar(&["plan", "--local", "--destroy", "--detailed-exitcode", STACK]).exits(0);
    insta::assert_snapshot!(plan.shown(), @r"
    exit 0
    -- stdout
    Nothing to destroy: stack shop has no resources.
    ");
}

#[test]
fn containers_move_to_other_ports_and_zones_without_remains() {
    const STACK: &str = "containers.yaml";
    let world = ProgramWorld::new();
    let settled = |what: &str| {
        let applied = world.isobar(&["apply", "--local", "--yes", STACK]);
        assert_eq!(applied.code, Some(0), "{what}: {}", applied.talk);
        let plan = world.isobar(&["plan", "--local", "--detailed-exitcode", STACK]);
        assert_eq!(plan.code, Some(0), "{what}: {}", plan.data);
    };
    settled("the first time");
    world.edit(STACK, "port: 9200", "port: 9201");
    world.edit(STACK, "acme/stock:3.1.0\n    port: 8080", "acme/stock:3.2.0\n    port: 8081");
    world.edit(STACK, "default: \"1.4.2\"", "default: \"1.5.0\"");
    world.edit(STACK, "type: t3.large", "type: t3.xlarge");
    settled("other ports and versions");
    world.edit(STACK, "zones: 2", "zones: 3");
    world.edit(STACK, "nat: single", "nat: regional");
    world.edit(STACK, "    architecture: arm64", "    deploy: {strategy: blue-green, bake: 1m}");
    settled("another zone, another way out, another way to deploy");
    world.edit(STACK, "zones: 3", "zones: 2");
    world.edit(STACK, "nat: regional", "nat: per-zone");
    settled("a zone less");
    all_is_found_again(&world, STACK);
    world.isobar(&["destroy", "--local", "--yes", STACK]).exits(0);
    assert_eq!(world.inventory(), Vec::<Json>::new());
}

#[test]
fn deletion_of_protected_data_is_refused_before_the_first_call() {
    let world = ProgramWorld::new();
    world.write("data.yaml", "stack: data\nregions: [us-east-1, us-west-2]\ntables:\n  carts: {key: {id: string}}\n");
    world.isobar(&["apply", "--local", "--yes", "data.yaml"]).exits(0);
    let before = world.inventory();
    assert!(!before.is_empty());

    let refused = world.isobar(&["destroy", "--local", "--yes", "data.yaml"]).exits(4);
    insta::assert_snapshot!(refused.shown(), @r"
    exit 4
    -- stderr
    1 problem blocks this plan:
      ! tables.carts@global: this resource holds data and is protected; the plan would delete it
        help: to delete it anyway, pass `--allow-data-loss tables.carts@global`; to keep it, set `retain: true`

    Risks:
      ! data loss      tables.carts@global: deleted, with all data in it

    global
      -   delete  tables.carts@global  dynamodb.GlobalTable  arn:aws:dynamodb:us-east-1:000000000000:table/data-carts

    Plan: 1 to delete, in 2 regions.
    refused: the plan cannot be applied; nothing was changed
    help: to lose protected data, pass `--allow-data-loss tables.carts@global`, once for each address, or `--allow-data-loss all`
    ");
    assert_eq!(world.inventory(), before);

    world.isobar(&["destroy", "--local", "--yes", "--allow-data-loss", "all", "data.yaml"]).exits(0);
    assert_eq!(world.inventory(), Vec::<Json>::new());
}

#[test]
fn a_stopped_run_and_a_killed_run_are_completed_by_the_next() {
    let world = ProgramWorld::new();
    let apply = ["apply", "--local", "--yes", STACK];
    // The emulator is up before time counts.
    world.isobar(&["plan", "--local", STACK]).exits(0);

    let stopped = world.signalled(&apply, "✓", "INT");
    assert_eq!(stopped.code, Some(130), "{}", stopped.talk);
    assert!(stopped.talk.contains("isobar apply"), "{}", stopped.talk);
    let killed = world.signalled(&apply, "creating", "KILL");
    assert_eq!(killed.code, None, "{}", killed.talk);

    world.isobar(&apply).exits(0);
    world.isobar(&["plan", "--local", "--detailed-exitcode", STACK]).exits(0);
    world.isobar(&["destroy", "--local", "--yes", STACK]).exits(0);
    assert_eq!(world.inventory(), Vec::<Json>::new());
}

#[test]
fn a_closed_pipe_causes_no_panic() {
    let world = ProgramWorld::new();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = world.command(&["expand", STACK]);
    let output = command.stdout(writer).output().expect("the program");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

/// Nothing changes in the second region before the first one serves.
/// The state is lost, and after a recovery there is nothing to do.
fn all_is_found_again(world: &ProgramWorld, stack: &str) {
    world.remove(".isobar");
    world.isobar(&["recover", "--local", "--yes", stack]).exits(0);
    let plan = world.isobar(&["plan", "--local", "--detailed-exitcode", stack]);
    assert_eq!(plan.code, Some(0), "{}", plan.data);
}

fn one_region_after_the_other(events: &str) {
    let events: Vec<Json> = events.lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
    let position = |wanted: &dyn Fn(&Json) -> bool| events.iter().position(wanted);
    let done = position(&|event| event["event"] == "wave_done" && event["name"] == "us-west-2").expect("a first wave");
    let second = position(&|event| {
        event["event"] == "step_started" && event["address"].as_str().is_some_and(|at| at.ends_with("@us-east-1"))
    });
    assert!(done < second.expect("a second wave"), "us-east-1 was changed before us-west-2 served");
    assert!(events.iter().all(|event| event["format_version"] == 1 && event["time"].is_string()));
}

/// A plan without changes makes at most one call for two resources.
fn few_calls(world: &ProgramWorld) {
    let calls = world.calls();
    let resources = world.isobar(&["state", "list", "--local", STACK]).exits(0).data.lines().count();
    let total = calls["total"].as_u64().expect("a number");
    assert!(total * 2 <= resources as u64, "{total} calls for {resources} resources: {calls:#}");
}

fn outputs_are_for_scripts(world: &ProgramWorld) {
    let listed = world.isobar(&["output", "--local", STACK]).exits(0);
    assert!(listed.data.contains("apis.shop.url  "), "{}", listed.data);
    let url = world.isobar(&["output", "--local", STACK, "apis.shop.invoke_url@us-east-1"]).exits(0);
    assert!(url.data.starts_with("https://") && url.data.lines().count() == 1, "{}", url.data);
    let json = world.isobar(&["output", "--local", "--format", "json", STACK]).exits(0).json();
    assert_eq!(json["outputs"]["tables.carts.name"], "shop-carts");
    let unknown = world.isobar(&["output", "--local", STACK, "tables.carts.nam"]).exits(1);
    insta::assert_snapshot!(unknown.shown(), @r"
    exit 1
    -- stderr
    error: there is no output `tables.carts.nam`
    help: did you mean `tables.carts.name`?
    ");
    let state = world.isobar(&["state", "list", "--local", STACK]).exits(0);
    assert!(state.data.contains("tables.carts@global"), "{}", state.data);
    let record = world.isobar(&["state", "show", "--local", STACK, "tables.carts@global"]).exits(0).json();
    assert_eq!(record["kind"], "dynamodb.GlobalTable");
}

fn a_change_is_planned_exactly_and_applied(world: &ProgramWorld) {
    world.edit("serverless/functions/carts/app.py", "import ", "# changed\nimport ");
    world.edit(STACK, "    indexes:\n", "    ttl: expires_on\n    indexes:\n");
    world.edit(STACK, "      GET /health: ", "      DELETE /carts/{user}: functions.carts\n      GET /health: ");
    world.edit(STACK, "tags: {team: commerce}", "tags: {team: checkout}");

    let plan = world.isobar(&["plan", "--local", "--format", "json", STACK]).exits(0).json();
    let mut expected = BTreeSet::from(["tables.carts@global ttl_attribute".to_owned()]);
    for region in ["us-east-1", "us-west-2"] {
        expected.extend([
            format!("apis.shop@{region} document"),
            format!("apis.shop.deployment@{region} document_sha256"),
            format!("apis.shop.stage@{region} deployment_id"),
            format!("functions.carts@{region} code.zip.sha256"),
            format!("functions.carts.version@{region} of"),
            format!("functions.carts.alias@{region} function_version"),
        ]);
    }
    let (tags, others): (BTreeSet<_>, BTreeSet<_>) =
        properties(&plan).into_iter().partition(|line| line.ends_with(" tags.team"));
    assert_eq!(others, expected);
    assert!(tags.contains("dns.zone@global tags.team"));

    let markdown = world.isobar(&["plan", "--local", "--format", "markdown", STACK]).exits(0).data;
    assert!(markdown.contains("-/+ replace functions.carts.version\n"), "{markdown}");
    world.isobar(&["apply", "--local", "--yes", STACK]).exits(0);
    world.isobar(&["plan", "--local", "--detailed-exitcode", STACK]).exits(0);
}

/// Every property that a plan would change, `ADDRESS PATH`.
fn properties(plan: &Json) -> BTreeSet<String> {
    let changes = plan["changes"].as_array().expect("changes").iter();
    let of = |change: &Json| {
        let paths = change["properties"].as_array().cloned().unwrap_or_default();
        let address = change["address"].as_str().expect("an address").to_owned();
        paths.into_iter().map(move |property| format!("{address} {}", property["path"].as_str().expect("a path")))
    };
    changes.flat_map(of).collect()
}
