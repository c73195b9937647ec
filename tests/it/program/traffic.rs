//! The example stacks under requests: what a team changes in a week costs no request.

use crate::support::program::ProgramWorld;
use crate::support::traffic::watched;

/// A change of a file: what it is, and the texts that take the place of others.
type Edit = (&'static str, &'static [(&'static str, &'static str)]);

const SERVERLESS: &[Edit] = &[
    ("more memory and less time", &[("memory: 256 ", "memory: 320 "), ("timeout: 10s", "timeout: 8s")]),
    ("other code", &[("code: ./serverless/functions/carts", "code: ./serverless/functions/health")]),
    (
        "routes to another function, and fewer rights",
        &[("GET /carts/{user}: functions.carts", "GET /carts/{user}: functions.health"), ("read-write", "read")],
    ),
    ("a route less", &[("      GET /carts/{user}: functions.health\n", "")]),
    (
        "a region less",
        &[
            ("regions: [us-east-1, us-west-2]", "regions: [us-east-1]"),
            ("    regions:                     # any block may differ by region\n", ""),
            ("      us-west-2: {memory: 512}\n", ""),
            ("order: [us-west-2, us-east-1]", "order: [us-east-1]"),
        ],
    ),
];

const CONTAINERS: &[Edit] = &[
    ("a new version", &[("default: \"1.4.2\"", "default: \"1.5.0\"")]),
    (
        "another port of tasks and of instances",
        &[("stock:3.1.0\n    port: 8080", "stock:3.1.0\n    port: 8081"), ("port: 9200", "port: 9300")],
    ),
    ("deployed the plain way", &[("    deploy: {strategy: linear, step: 10%, every: 1m, bake: 5m}\n", "")]),
    ("a way out for each zone", &[("nat: single  ", "nat: per-zone")]),
    ("other addresses in a region", &[("us-west-2: 10.2.0.0/16", "us-west-2: 10.9.0.0/16")]),
    ("a balancer for everybody", &[("    architecture: arm64", "    public: true")]),
];

#[test]
fn the_serverless_example_answers_while_it_changes() {
    changes("serverless.yaml", SERVERLESS);
}

#[test]
fn the_container_example_answers_while_it_changes() {
    changes("containers.yaml", CONTAINERS);
}

fn changes(stack: &str, edits: &[Edit]) {
    let world = ProgramWorld::new();
    let apply = || world.isobar(&["apply", "--local", "--yes", "--allow-data-loss", "all", stack]).exits(0);
    apply();
    for (what, texts) in edits {
        for (from, to) in *texts {
            world.edit(stack, from, to);
        }
        let (_, requests) = watched(&world, apply);
        requests.is_whole(&format!("{stack}: {what}"));
        world.isobar(&["plan", "--local", "--detailed-exitcode", stack]).exits(0);
    }
    world.isobar(&["destroy", "--local", "--yes", "--allow-data-loss", "all", stack]).exits(0);
}
