//! Resources that start after others: created once those serve, and without them from then on.

use isobar::apply::Event;
use isobar::blocks::{After, Declaration, Level};
use isobar::cloud::fake::{Fault, FaultKind};
use isobar::graph::Graph;
use isobar::intent::Intent;

use crate::support::engine::{EngineWorld, decisions, graph_with};

/// A writer with its membership in the primary region, and readers that are filled from it in two others.
const DATABASE: &str = "
    d.network@us-east-1 test.Thing {name: network}
    d.cluster@us-east-1 test.Thing {name: writer, of: '${d.network.arn}', size: 1}
    d.member@us-east-1 test.Thing {name: member, of: '${d.cluster.arn}'}
    d.other@us-east-1 test.Thing {name: other}
    d.cluster@us-west-2 test.Thing {name: reader}
    d.member@us-west-2 test.Thing {name: reader-member, of: '${d.cluster.arn}'}
";

/// The stack of these lines, in which clusters outside the primary region start after the member there.
fn database(lines: &str) -> Graph {
    graph_with(lines, |declaration: &mut Declaration| {
        if declaration.address.to_string().starts_with("d.cluster@us-west") {
            let address = "d.member@us-east-1".parse().expect("an address");
            declaration.starts_after.push(After { address, level: Level::Serving });
        }
    })
}

fn without(lines: &str, word: &str) -> String {
    lines.lines().filter(|line| !line.contains(word)).collect::<Vec<_>>().join("\n")
}

/// The place of the first event of this sort at an address.
fn place(events: &[Event], what: &str) -> usize {
    let said = |event: &Event| match event {
        Event::StepStarted { address, .. } => format!("{address} starts"),
        Event::StepDone { address, .. } => format!("{address} is done"),
        _ => String::new(),
    };
    events.iter().position(|event| said(event) == what).unwrap_or_else(|| panic!("no `{what}` in {events:#?}"))
}

#[tokio::test(start_paused = true)]
async fn a_reader_is_created_once_the_member_it_starts_after_serves() {
    let world = EngineWorld::new();
    let plan = world.plan(&database(DATABASE), &Intent::default()).await;
    // What the reader starts after comes forward into its wave, with all that it needs; the rest of the region does not.
    assert_eq!(
        decisions(&plan),
        [
            "0 d.cluster@us-east-1 create",
            "0 d.cluster@us-west-2 create",
            "0 d.member@us-east-1 create",
            "0 d.member@us-west-2 create",
            "0 d.network@us-east-1 create",
            "1 d.other@us-east-1 create",
        ]
    );
    let events = world.apply(&database(DATABASE)).await;
    assert!(place(&events, "d.member@us-east-1 is done") < place(&events, "d.cluster@us-west-2 starts"));
    world.destroy(&database(DATABASE)).await;
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_is_there_does_without_what_it_started_after() {
    let world = EngineWorld::new();
    world.apply(&database(DATABASE)).await;
    // A change of the writer comes in its own wave.
    let changed = DATABASE.replace("size: 1", "size: 2");
    let plan = world.plan(&database(&changed), &Intent::default()).await;
    assert_eq!(decisions(&plan), ["1 d.cluster@us-east-1 update size"]);
    world.apply(&database(&changed)).await;
    // The region of the writer leaves: nothing holds its parts.
    let left = without(&changed, "us-east-1");
    let graph = graph_with(&left, |_| ());
    world.apply(&graph).await;
    assert_eq!(world.cloud.inventory(), ["d.cluster@us-west-2 test.Thing 1", "d.member@us-west-2 test.Thing 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_region_that_comes_later_holds_up_no_change_of_the_first() {
    let world = EngineWorld::new();
    world.apply(&database(&without(DATABASE, "us-west-2"))).await;
    let changed = DATABASE.replace("size: 1", "size: 2");
    let plan = world.plan(&database(&changed), &Intent::default()).await;
    assert_eq!(
        decisions(&plan),
        ["0 d.cluster@us-west-2 create", "0 d.member@us-west-2 create", "1 d.cluster@us-east-1 update size",]
    );
    world.apply(&database(&changed)).await;
}

#[tokio::test(start_paused = true)]
async fn a_target_brings_along_what_it_starts_after() {
    let world = EngineWorld::new();
    let mut intent = Intent::default();
    intent.selection.targets = vec!["d.cluster@us-west-2".into()];
    let (outcome, _) = world.apply_with(&database(DATABASE), &intent).await.expect("an apply");
    assert_eq!(outcome.failures, []);
    assert_eq!(
        world.cloud.inventory(),
        [
            "d.cluster@us-east-1 test.Thing 1",
            "d.cluster@us-west-2 test.Thing 1",
            "d.member@us-east-1 test.Thing 1",
            "d.network@us-east-1 test.Thing 1",
        ]
    );
    world.apply(&database(DATABASE)).await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_dies_anywhere_keeps_the_order_in_the_next_one() {
    for after in [false, true] {
        for nth in 1.. {
            let world = EngineWorld::new();
            world.cloud.break_with(vec![Fault { nth, after, kind: FaultKind::Dies }]);
            if !world.killed(&database(DATABASE)).await {
                assert!(nth > 6, "a call for each resource: {nth}");
                break;
            }
            let reader_was_there = world.cloud.inventory().iter().any(|line| line.contains("d.cluster@us-west-2"));
            let events = world.apply(&database(DATABASE)).await;
            let member_is_made = events.iter().any(
                |event| matches!(event, Event::StepDone { address, .. } if address.to_string() == "d.member@us-east-1"),
            );
            if member_is_made && !reader_was_there {
                assert!(place(&events, "d.member@us-east-1 is done") < place(&events, "d.cluster@us-west-2 starts"));
            }
            assert_eq!(world.cloud.inventory().len(), 6);
        }
    }
}
