//! Changes of a stack that serves: identities that move, rights that narrow, and what goes when nothing uses it any more.

use isobar::apply::Event;
use isobar::cloud::Class;
use isobar::cloud::fake::{Fault, FaultKind};
use isobar::intent::Intent;
use isobar::names::PhysicalId;
use isobar::observe::{Observed, SearchResult};
use isobar::plan::ObstacleKind;
use isobar::planning::decide::decide;
use isobar::state::State;

use crate::support::engine::{EngineWorld, catalog, decisions, graph, graph_with};

/// A live snapshot as of a function: what `v` copies of `f` goes on until `alias` has moved.
const SERVING: &str = "
    f.role@us-east-1 test.Thing {name: old, rights: [read, write]}
    f.f@us-east-1 test.Thing {name: f, size: 1, of: '${f.role.arn}'}
    f.v@us-east-1 test.Free {copy: '${f.f.hash}'}
    f.alias@us-east-1 test.Free {on: '${f.v.arn}'}
";

/// The place of a step in a run, by the address and the word for its end.
fn place(events: &[Event], line: &str) -> usize {
    let position = events.iter().rposition(|event| match event {
        Event::StepDone { address, verb, .. } => format!("{address} {verb:?}").to_lowercase() == line,
        _ => false,
    });
    position.unwrap_or_else(|| panic!("no `{line}` in {events:#?}"))
}

async fn allowed(world: &EngineWorld, lines: &str) -> Vec<Event> {
    let intent = Intent { allow_data_loss: vec!["all".into()], ..Intent::default() };
    let (outcome, events) = world.apply_with(&graph(lines), &intent).await.expect("an apply");
    assert_eq!(outcome.failures, []);
    events
}

#[tokio::test(start_paused = true)]
async fn a_renamed_resource_keeps_its_name_and_is_carried_over() {
    let world = EngineWorld::new();
    world.apply(&graph("tables.cart@global test.Data {name: t}")).await;
    let renamed = graph("tables.carts@global test.Data {name: t}");
    assert_eq!(decisions(&world.plan(&renamed, &Intent::default()).await), [""; 0]);
    world.apply(&renamed).await;
    assert_eq!(
        world.cloud.inventory(),
        ["tables.cart@global test.Data 1"],
        "the one that was there, by its first tags"
    );
    // Back again, and with the state lost in between.
    world.apply(&graph("tables.cart@global test.Data {name: t}")).await;
    assert_eq!(world.cloud.inventory().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn names_exchanged_by_two_addresses_are_exchanged_in_the_state_alone() {
    let world = EngineWorld::new();
    let stack = |one: &str, two: &str| {
        graph(&format!(
            "d.one@us-east-1 test.Thing {{name: {one}}}
             d.two@us-east-1 test.Thing {{name: {two}}}
             m.one@us-east-1 test.Free {{of: '${{d.one.arn}}'}}
             m.two@us-east-1 test.Free {{of: '${{d.two.arn}}'}}"
        ))
    };
    world.apply(&stack("a", "b")).await;
    let before = world.cloud.inventory();
    let swapped = stack("b", "a");
    let plan = world.plan(&swapped, &Intent::default()).await;
    assert_eq!(plan.obstacles, []);
    assert_eq!(decisions(&plan), ["1 m.one@us-east-1 update of", "1 m.two@us-east-1 update of"]);
    world.apply(&swapped).await;
    assert_eq!(world.cloud.inventory(), before);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_a_leaving_resource_of_data_holds_is_not_taken_over_silently() {
    let world = EngineWorld::new();
    world.apply(&graph("t.a@global test.Data {name: one}\n t.b@global test.Data {name: two}")).await;
    let plan = world.plan(&graph("t.a@global test.Data {name: two}"), &Intent::default()).await;
    assert!(plan.obstacles.iter().any(|obstacle| obstacle.kind == ObstacleKind::Protected), "{:?}", plan.obstacles);
}

#[tokio::test(start_paused = true)]
async fn one_name_for_two_addresses_is_refused_with_both() {
    let world = EngineWorld::new();
    let both = graph("a.x@us-east-1 test.Thing {name: n}\n b.x@us-east-1 test.Thing {name: n}");
    let obstacles = world.plan(&both, &Intent::default()).await.obstacles;
    let [obstacle] = obstacles.as_slice() else { panic!("one obstacle, not {obstacles:?}") };
    assert_eq!(obstacle.message, "`a.x@us-east-1` and `b.x@us-east-1` would be one resource in AWS: both are named n");
}

#[tokio::test(start_paused = true)]
async fn a_state_with_one_resource_under_two_addresses_is_refused() {
    let world = EngineWorld::new();
    let both = "a.x@us-east-1 test.Free {size: 1}\n a.y@us-east-1 test.Free {size: 1}";
    world.apply(&graph(both)).await;
    world
        .edit_state(|state| {
            let id = state.records.values().next().expect("a record").id.clone();
            state.records.values_mut().for_each(|record| record.id = id.clone());
        })
        .await;
    let plan = world.plan(&graph("a.x@us-east-1 test.Free {size: 1}"), &Intent::default()).await;
    let [obstacle] = plan.obstacles.as_slice() else { panic!("one obstacle, not {:?}", plan.obstacles) };
    assert!(obstacle.message.contains("`a.x@us-east-1` and `a.y@us-east-1`"), "{obstacle:?}");
}

#[tokio::test(start_paused = true)]
async fn rights_are_widened_first_and_narrowed_once_the_last_copy_has_gone() {
    let world = EngineWorld::new();
    world.apply(&graph(SERVING)).await;
    let changed = SERVING.replace("rights: [read, write]", "rights: [list, write]").replace("size: 1", "size: 2");
    let events = world.apply(&graph(&changed)).await;
    let role: Vec<usize> = (0..events.len())
        .filter(|at| matches!(&events[*at], Event::StepDone { address, .. } if address.path.as_ref() == "f.role"))
        .collect();
    let [widened, narrowed] = role.as_slice() else { panic!("two halves, not {events:#?}") };
    assert!(*widened < place(&events, "f.f@us-east-1 update"));
    assert!(*narrowed > place(&events, "f.alias@us-east-1 update"));
}

#[tokio::test(start_paused = true)]
async fn rights_stay_if_the_shift_fails_and_a_change_taken_back_finds_them() {
    let world = EngineWorld::new();
    world.apply(&graph(SERVING)).await;
    let changed = SERVING.replace("rights: [read, write]", "rights: [list]").replace("size: 1", "size: 2");
    // The role is widened, the function changes, and its copy cannot be made.
    world.cloud.break_with(vec![Fault { nth: 2, after: false, kind: FaultKind::Fails(Class::Denied) }]);
    let (outcome, _) = world.apply_with(&graph(&changed), &Intent::default()).await.expect("an apply");
    assert_eq!(outcome.failures.len(), 1);
    world.cloud.break_with(Vec::new());
    let rights = world.cloud.spec("f.role@us-east-1")["rights"].clone();
    let mut rights: Vec<&str> = rights.as_array().expect("a list").iter().filter_map(|right| right.as_str()).collect();
    rights.sort_unstable();
    assert_eq!(rights, ["list", "read", "write"]);
    world.apply(&graph(SERVING)).await;
}

#[tokio::test(start_paused = true)]
async fn an_update_that_takes_from_nobody_who_changes_is_one_step() {
    let world = EngineWorld::new();
    world.apply(&graph(SERVING)).await;
    let events = world.apply(&graph(&SERVING.replace("rights: [read, write]", "rights: [write]"))).await;
    assert_eq!(events.iter().filter(|event| matches!(event, Event::StepDone { .. })).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_copy_still_uses_goes_after_the_last_that_serves_it() {
    let world = EngineWorld::new();
    world.apply(&graph(SERVING)).await;
    let moved = SERVING.replace("f.role", "g.role").replace("name: old", "name: new");
    let events = world.apply(&graph(&moved)).await;
    assert!(place(&events, "f.role@us-east-1 delete") > place(&events, "f.alias@us-east-1 update"));
}

#[tokio::test(start_paused = true)]
async fn a_run_killed_before_the_last_has_moved_leaves_what_it_uses_to_the_next() {
    for nth in 1..8 {
        let world = EngineWorld::new();
        world.apply(&graph(SERVING)).await;
        let moved = graph(&SERVING.replace("f.role", "g.role").replace("name: old", "name: new"));
        world.cloud.break_with(vec![Fault { nth, after: true, kind: FaultKind::Dies }]);
        if !world.killed(&moved).await {
            return;
        }
        let events = world.apply(&moved).await;
        let gone = events
            .iter()
            .any(|event| matches!(event, Event::StepDone { address, .. } if address.path.as_ref() == "f.role"));
        let shifted = events
            .iter()
            .any(|event| matches!(event, Event::StepDone { address, .. } if address.path.as_ref() == "f.alias"));
        if gone && shifted {
            let (gone, shifted) =
                (place(&events, "f.role@us-east-1 delete"), place(&events, "f.alias@us-east-1 update"));
            assert!(gone > shifted, "killed at {nth}: {events:#?}");
        }
    }
    panic!("the change has fewer calls than were killed");
}

#[tokio::test(start_paused = true)]
async fn data_deleted_by_somebody_else_is_made_again_on_a_word_only() {
    let world = EngineWorld::new();
    let stack = graph("tables.t@global test.Data {name: t}");
    world.apply(&stack).await;
    world.cloud.lose("tables.t@global");
    for _ in 0..2 {
        let plan = world.plan(&stack, &Intent::default()).await;
        let [obstacle] = plan.obstacles.as_slice() else { panic!("one obstacle, not {:?}", plan.obstacles) };
        assert_eq!(obstacle.kind, ObstacleKind::Protected);
        assert!(obstacle.message.contains("gone from AWS"), "{obstacle:?}");
    }
    allowed(&world, "tables.t@global test.Data {name: t}").await;
    world.nothing_to_do(&stack).await;
}

#[tokio::test(start_paused = true)]
async fn a_change_of_kind_asks_before_data_is_lost() {
    let world = EngineWorld::new();
    world.apply(&graph("r.t@us-east-1 test.Data {name: t}")).await;
    let plan = world.plan(&graph("r.t@us-east-1 test.Free {}"), &Intent::default()).await;
    let [obstacle] = plan.obstacles.as_slice() else { panic!("one obstacle, not {:?}", plan.obstacles) };
    assert_eq!(obstacle.kind, ObstacleKind::Protected);
}

#[tokio::test(start_paused = true)]
async fn a_destroy_without_its_state_finds_what_is_ours() {
    let mut world = EngineWorld::new();
    let stack = graph(SERVING);
    world.apply(&stack).await;
    world.lose_state();
    world.destroy(&stack).await;
}

#[tokio::test(start_paused = true)]
async fn a_block_that_was_moved_is_found_after_the_loss_of_the_state() {
    let mut world = EngineWorld::new();
    world.apply(&graph("tables.cart@global test.Data {name: t}\n a.cart@us-east-1 test.Free {size: 1}")).await;
    let mut moved = graph("tables.carts@global test.Data {name: t}\n a.carts@us-east-1 test.Free {size: 1}");
    moved.moved = vec![("tables.cart".into(), "tables.carts".into()), ("a.cart".into(), "a.carts".into())];
    world.apply(&moved).await;
    world.lose_state();
    world.apply(&moved).await;
    assert_eq!(world.cloud.inventory().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn ours_under_another_address_is_not_called_somebody_elses() {
    let mut world = EngineWorld::new();
    world.apply(&graph("a.x@us-east-1 test.Thing {name: n}")).await;
    world.lose_state();
    let plan = world.plan(&graph("a.y@us-east-1 test.Thing {name: n}"), &Intent::default()).await;
    let [obstacle] = plan.obstacles.as_slice() else { panic!("one obstacle, not {:?}", plan.obstacles) };
    assert_eq!(obstacle.kind, ObstacleKind::Impossible);
    assert!(obstacle.message.contains("`a.x@us-east-1`"), "{obstacle:?}");
}

#[tokio::test(start_paused = true)]
async fn a_retained_resource_is_not_left_without_what_it_needs() {
    let world = EngineWorld::new();
    let stack = graph_with(SERVING, |declaration| declaration.retain = &*declaration.address.path == "f.alias");
    world.apply(&stack).await;
    let plan = world.plan(&graph(""), &Intent::default()).await;
    let messages: Vec<&str> = plan.obstacles.iter().map(|obstacle| obstacle.message.as_str()).collect();
    insta::assert_snapshot!(messages.join("\n"), @r"
    it is to stay in AWS (`retain`), and needs `f.f@us-east-1`, which would be deleted
    it is to stay in AWS (`retain`), and needs `f.role@us-east-1`, which would be deleted
    it is to stay in AWS (`retain`), and needs `f.v@us-east-1`, which would be deleted
    ");
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_run_has_retained_keeps_what_it_needs_as_long_as_it_is_there() {
    let world = EngineWorld::new();
    let network = "n.net@us-east-1 test.Thing {name: net}";
    let user = "n.net@us-east-1 test.Thing {name: net}\n s.user@us-east-1 test.Free {of: '${n.net.arn}'}";
    world.apply(&graph_with(user, |declaration| declaration.retain = &*declaration.address.path == "s.user")).await;
    world.apply(&graph(network)).await;
    let plan = world.plan(&graph(""), &Intent::default()).await;
    let messages: Vec<&str> = plan.obstacles.iter().map(|obstacle| obstacle.message.as_str()).collect();
    insta::assert_snapshot!(messages.join("\n"), @"an earlier run left it in AWS (`retain`), and needs `n.net@us-east-1`, which would be deleted");
    // Another name replaces it, and the old one goes.
    let renamed = "n.net@us-east-1 test.Thing {name: other}";
    let plan = world.plan(&graph(renamed), &Intent::default()).await;
    assert!(plan.obstacles[0].message.ends_with("which would be replaced"), "{:?}", plan.obstacles);
    // Taken back into the file it goes with the rest, and so does what it needs.
    world.apply(&graph(user)).await;
    world.apply(&graph("")).await;
    assert!(world.cloud.inventory().is_empty(), "{:?}", world.cloud.inventory());
}

#[tokio::test(start_paused = true)]
async fn what_was_retained_and_is_gone_from_aws_holds_nothing() {
    let world = EngineWorld::new();
    let network = "n.net@us-east-1 test.Thing {name: net}";
    let user = "n.net@us-east-1 test.Thing {name: net}\n s.user@us-east-1 test.Free {of: '${n.net.arn}'}";
    world.apply(&graph_with(user, |declaration| declaration.retain = &*declaration.address.path == "s.user")).await;
    world.apply(&graph(network)).await;
    world.cloud.lose("s.user@us-east-1");
    world.apply(&graph("")).await;
    assert!(world.cloud.inventory().is_empty(), "{:?}", world.cloud.inventory());
}

#[tokio::test(start_paused = true)]
async fn what_becomes_existing_gives_the_outputs_of_what_was_looked_up() {
    let world = EngineWorld::new();
    world.apply(&graph("x.other@us-east-1 test.Thing {name: outside}")).await;
    let both = "x.other@us-east-1 test.Thing {name: outside}\n x.t@us-east-1 test.Thing {name: ours}";
    let user = "\n x.user@us-east-1 test.Free {of: '${x.t.arn}'}";
    world.apply(&graph(&format!("{both}{user}"))).await;
    let existing = both.replace("{name: ours}", "{name: outside}");
    let existing = graph_with(&format!("{existing}{user}"), |declaration| {
        declaration.existing = &*declaration.address.path == "x.t";
    });
    let (outcome, _) = world.apply_with(&existing, &Intent::default()).await.expect("an apply");
    assert_eq!(outcome.failures, []);
    world.nothing_to_do(&existing).await;
}

#[tokio::test(start_paused = true)]
async fn a_destroy_lets_retained_resources_go_once() {
    let world = EngineWorld::new();
    let stack = graph_with("a.x@us-east-1 test.Thing {name: n}", |declaration| declaration.retain = true);
    world.apply(&stack).await;
    let (outcome, _) = world.apply_with(&stack, &Intent::destroyed()).await.expect("a destroy");
    assert_eq!(outcome.failures, []);
    assert_eq!(decisions(&world.plan(&stack, &Intent::destroyed()).await), [""; 0]);
    assert_eq!(world.cloud.inventory().len(), 1);
}

#[test]
fn a_search_that_finds_one_resource_for_several_addresses_is_refused() {
    let stack = graph("a.x@us-east-1 test.Free {size: 1}\n a.y@us-east-1 test.Free {size: 1}");
    let ours = SearchResult::Ours(PhysicalId::new("free-1"));
    let found = stack.in_order().map(|(address, _)| (address.clone(), ours.clone())).collect();
    let observed = Observed { found, ..Observed::default() };
    let state = State::new("demo".parse().expect("a name"), String::new());
    let decided = decide(&stack, &state, &observed, &catalog(), &Intent::default(), "000000000000");
    let [obstacle] = decided.plan.obstacles.as_slice() else { panic!("one, not {:?}", decided.plan.obstacles) };
    assert_eq!(obstacle.message, "free-1 was found for `a.y@us-east-1`, and it is `a.x@us-east-1` already");
    assert_eq!(obstacle.kind, ObstacleKind::Impossible);
}
