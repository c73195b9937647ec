//! The hard cases of the engine, one by one: each is a way in which something was, or could be, lost.

use std::sync::Arc;
use std::time::Duration;

use isobar::apply::{Event, Stop, Verb};
use isobar::cloud::Class;
use isobar::cloud::fake::{FakeCloud, Fault, FaultKind};
use isobar::intent::{Intent, Selection};
use isobar::ops::Engine;
use isobar::plan::ObstacleKind;
use isobar::store::Store;
use isobar::store::object::ObjectStore;
use isobar::store::objects::memory::MemoryObjects;

use crate::support::engine::{EngineWorld, Log, catalog, decisions, graph, graph_with, holder};

fn fault(nth: u64, after: bool, kind: FaultKind) -> Vec<Fault> {
    vec![Fault { nth, after, kind }]
}

fn destroy() -> Intent {
    Intent::destroyed()
}

fn target(pattern: &str) -> Intent {
    Intent { selection: Selection { targets: vec![pattern.into()], ..Selection::default() }, ..Intent::default() }
}

/// A word in the file counts from the next apply on, though nothing in AWS changes by it.
#[tokio::test(start_paused = true)]
async fn protection_and_retention_are_recorded_without_a_step() {
    let world = EngineWorld::new();
    let lines = "a.b@us-east-1 test.Free {size: 1}\n a.c@us-east-1 test.Free {size: 1}";
    world.apply(&graph(lines)).await;
    let kept = graph_with(lines, |declaration| declaration.retain = true);
    let planning = world.engine.plan(&kept, &Intent::default()).await.expect("a plan");
    assert!(planning.plan.is_empty());
    world.engine.record_only(planning, &holder()).await.expect("settled");
    let without = graph("a.c@us-east-1 test.Free {size: 1}");
    assert_eq!(decisions(&world.plan(&without, &Intent::default()).await), ["1 a.b@us-east-1 forget"]);
    let plan = world.plan(&graph_with(lines, |declaration| declaration.protect = true), &destroy()).await;
    assert_eq!(plan.obstacles.len(), 2, "{:?}", plan.obstacles);
}

#[tokio::test(start_paused = true)]
async fn data_created_by_a_crashed_run_is_protected() {
    let world = EngineWorld::new();
    let lines = "t.a@global test.Data {name: a}";
    world.cloud.break_with(fault(1, true, FaultKind::Dies));
    assert!(world.killed(&graph(lines)).await);
    world.apply(&graph(lines)).await;
    let plan = world.plan(&graph(""), &Intent::default()).await;
    assert_eq!(plan.obstacles.len(), 1, "{:?}", decisions(&plan));
}

/// A replacement is killed before the old one goes, then the file changes again.
#[tokio::test(start_paused = true)]
async fn two_interrupted_replacements_leave_one_resource() {
    let stack = |fixed: u8| graph(&format!("a.b@us-east-1 test.Free {{fixed: f{fixed}}}"));
    for (nth, after) in [(1, true), (2, false), (2, true)] {
        for second in 1..4 {
            let world = EngineWorld::new();
            world.apply(&stack(1)).await;
            world.cloud.break_with(fault(nth, after, FaultKind::Dies));
            world.killed(&stack(2)).await;
            world.cloud.break_with(fault(second, second % 2 == 0, FaultKind::Dies));
            world.killed(&stack(3)).await;
            world.apply(&stack(3)).await;
            assert_eq!(world.cloud.inventory().len(), 1, "{nth} {after} {second}: {:?}", world.cloud.inventory());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_cycle_of_steps_is_an_obstacle() {
    let world = EngineWorld::new();
    let before = "
        a.x@us-east-1 test.Thing {name: x, fixed: one}
        a.w@us-east-1 test.Free {of: '${a.x.arn}'}
        a.v@us-east-1 test.Free {of: '${a.w.arn}'}";
    world.apply(&graph(before)).await;
    let after = "
        a.x@us-east-1 test.Thing {name: x, fixed: two}
        a.v@us-east-1 test.Free {of: '${a.x.arn}'}";
    let plan = world.plan(&graph(after), &Intent::default()).await;
    assert_eq!(plan.obstacles.iter().map(|obstacle| obstacle.kind).collect::<Vec<_>>(), [ObstacleKind::Impossible]);
}

#[tokio::test(start_paused = true)]
async fn a_change_of_kind_at_an_address_is_a_replacement() {
    let world = EngineWorld::new();
    world.apply(&graph("a.b@us-east-1 test.Free {size: 1}")).await;
    let other = graph("a.b@us-east-1 test.Thing {name: n, size: 1}");
    assert_eq!(decisions(&world.plan(&other, &Intent::default()).await), ["1 a.b@us-east-1 replace CreateFirst"]);
    world.apply(&other).await;
    assert_eq!(world.cloud.inventory(), ["a.b@us-east-1 test.Thing 2"]);
}

/// An answer is lost, and what was made does not show at once.
#[tokio::test(start_paused = true)]
async fn a_create_with_a_lost_answer_is_searched_until_found() {
    let world = EngineWorld::new();
    world.cloud.break_with(fault(1, true, FaultKind::Fails(Class::TimedOut)));
    world.cloud.fail_finds(3);
    world.apply(&graph("a.b@us-east-1 test.Free {size: 1}")).await;
    assert_eq!(world.cloud.inventory().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_create_of_unknown_outcome_survives_a_later_refusal() {
    let world = EngineWorld::new();
    world.cloud.break_with(vec![
        Fault { nth: 1, after: true, kind: FaultKind::Fails(Class::TimedOut) },
        Fault { nth: 2, after: false, kind: FaultKind::Fails(Class::Denied) },
    ]);
    world.cloud.hide_from_finds(10);
    let stack = graph("a.b@us-east-1 test.Free {size: 1}");
    let (outcome, _) = world.apply_with(&stack, &Intent::default()).await.expect("an apply");
    assert_eq!(outcome.failures.len(), 1);
    world.cloud.break_with(Vec::new());
    world.apply(&stack).await;
    assert_eq!(world.cloud.inventory().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_targeted_run_deletes_nothing_that_other_addresses_use() {
    let world = EngineWorld::new();
    let stack = |size: u8| {
        graph(&format!(
            "a.x@us-east-1 test.Free {{fixed: f{size}}}
             a.y@us-east-1 test.Free {{of: '${{a.x.arn}}'}}
             a.z@us-east-1 test.Free {{size: {size}}}"
        ))
    };
    world.apply(&stack(1)).await;
    let (outcome, _) = world.apply_with(&stack(2), &target("a.x")).await.expect("an apply");
    assert_eq!(outcome.failures, []);
    assert_eq!(world.cloud.inventory().len(), 4, "the old one stays while the other uses it");
    let plan = world.plan(&stack(3), &target("a.z")).await;
    assert_eq!(decisions(&plan), ["1 a.z@us-east-1 update size"]);
    world.apply(&stack(2)).await;
    assert_eq!(world.cloud.inventory().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_resource_declared_as_existing_is_forgotten() {
    let world = EngineWorld::new();
    world.apply(&graph("a.b@us-east-1 test.Thing {name: n}")).await;
    let existing = graph_with("a.b@us-east-1 test.Thing {name: n}", |declaration| declaration.existing = true);
    assert_eq!(decisions(&world.plan(&existing, &Intent::default()).await), ["1 a.b@us-east-1 forget"]);
}

#[tokio::test(start_paused = true)]
async fn a_target_pattern_without_matches_is_rejected_with_a_suggestion() {
    let world = EngineWorld::new();
    let stack = graph("tables.carts@us-east-1 test.Free {size: 1}");
    let error = world.engine.plan(&stack, &target("tables.cart@us-east-1")).await.expect_err("refused").to_string();
    assert!(error.contains("did you mean `tables.carts@us-east-1`?"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_replaced_resource_is_found_after_the_loss_of_the_state() {
    let world = EngineWorld::new();
    world.apply(&graph("a.x@us-east-1 test.Free {fixed: one}")).await;
    let stack = graph("a.x@us-east-1 test.Free {fixed: two}");
    world.apply(&stack).await;
    let other = EngineWorld::new();
    let engine = isobar::ops::Engine { cloud: world.cloud.clone(), ..other.engine.clone() };
    let other = EngineWorld { cloud: world.cloud.clone(), engine };
    other.apply(&stack).await;
    assert_eq!(world.cloud.inventory().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stop_before_the_first_step_starts_no_step() {
    let world = EngineWorld::new();
    let stack = graph("a.x@us-east-1 test.Free {size: 1}");
    let planning = world.engine.plan(&stack, &Intent::default()).await.expect("a plan");
    let stop = Stop::default();
    stop.request();
    let listener = std::sync::Arc::new(crate::support::engine::Log::default());
    let outcome = world.engine.apply(planning, &holder(), listener, stop).await.expect("an apply");
    assert!(outcome.interrupted);
    assert_eq!(world.cloud.inventory().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_dependent_deleted_along_with_its_parent_is_created_again() {
    let world = EngineWorld::new();
    let stack = |fixed: &str| {
        graph(&format!(
            "a.parent@us-east-1 test.Thing {{name: p, fixed: {fixed}}}
             a.child@us-east-1 test.Free {{of: '${{a.parent.name}}'}}"
        ))
    };
    world.apply(&stack("one")).await;
    let planning = world.engine.plan(&stack("two"), &Intent::default()).await.expect("a plan");
    // What AWS does with the versions and aliases of a function that goes.
    world.cloud.lose("a.child@us-east-1");
    let listener = std::sync::Arc::new(crate::support::engine::Log::default());
    let outcome = world.engine.apply(planning, &holder(), listener, Stop::default()).await.expect("an apply");
    assert_eq!(outcome.failures, []);
    world.nothing_to_do(&stack("two")).await;
    assert_eq!(world.cloud.inventory().len(), 2);
}

/// A wait can be long, and the lock be lost in the middle of it.
#[tokio::test(start_paused = true)]
async fn a_run_that_loses_the_lock_while_waiting_calls_nothing_more() {
    let objects = Arc::new(MemoryObjects::default());
    let graph = graph("a.b@us-east-1 test.Free {size: 1}");
    let store = || ObjectStore::new(&graph.stack, objects.clone(), None, Duration::from_secs(15));
    let mut cloud = FakeCloud::new(catalog());
    cloud.slowness = u32::MAX;
    let cloud = Arc::new(cloud);
    let engine = Engine { cloud: cloud.clone(), store: Arc::new(store()), ..EngineWorld::new().engine };
    let planning = engine.plan(&graph, &Intent::default()).await.expect("a plan");
    let holder = holder();
    let apply = engine.apply(planning, &holder, Arc::new(Log::default()), Stop::default());
    let break_in = async {
        while cloud.changes() == 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        store().break_lock().await.expect("broken");
        // By then the holder has tried to renew it.
        tokio::time::sleep(Duration::from_secs(10)).await;
        cloud.calls()
    };
    let (outcome, calls) = tokio::join!(apply, break_in);
    let broken = outcome.expect("an outcome").broken.expect("a reason").to_string();
    assert!(broken.contains("somebody else has taken the lock"), "{broken}");
    assert_eq!(cloud.calls(), calls, "it went on calling");
}

/// A replacement dies half way, and the file goes back to what it said before: what was to leave is what is wanted.
#[tokio::test(start_paused = true)]
async fn a_reverted_replacement_keeps_the_original_resource() {
    let stack = |name: &str| {
        graph(&format!(
            "a.b@us-east-1 test.Thing {{name: {name}}}
             b.c@us-east-1 test.Free {{of: '${{a.b.arn}}'}}"
        ))
    };
    for (nth, after) in (1..5).flat_map(|nth| [(nth, false), (nth, true)]) {
        for second in 0..5 {
            let world = EngineWorld::new();
            world.apply(&stack("one")).await;
            world.cloud.break_with(fault(nth, after, FaultKind::Dies));
            world.killed(&stack("two")).await;
            world.cloud.break_with(fault(second, after, FaultKind::Dies));
            world.killed(&stack("one")).await;
            world.apply(&stack("one")).await;
            let left = world.cloud.inventory();
            assert_eq!(left.len(), 2, "{nth} {after} {second}: {left:?}");
        }
    }
}

/// The same with the new one never serving: the old one was to leave, and is in use all the time.
#[tokio::test(start_paused = true)]
async fn a_deposed_resource_that_is_wanted_again_is_not_deleted() {
    let stack = |name: &str| {
        graph(&format!(
            "a.b@us-east-1 test.Thing {{name: {name}}}
             b.c@us-east-1 test.Free {{of: '${{a.b.arn}}'}}"
        ))
    };
    let world = EngineWorld::new();
    world.apply(&stack("one")).await;
    // The new one is made, and what should use it is refused.
    world.cloud.break_with(fault(2, false, FaultKind::Fails(Class::Denied)));
    let (outcome, _) = world.apply_with(&stack("two"), &Intent::default()).await.expect("an apply");
    assert_eq!(outcome.failures.len(), 1);
    world.cloud.break_with(Vec::new());
    let before = world.cloud.calls()["create"];
    // It is there still, and taken back: what goes is the new one, and the plan says so.
    let plan = world.plan(&stack("one"), &Intent::default()).await;
    assert_eq!(decisions(&plan), ["1 a.b@us-east-1 delete"]);
    world.apply(&stack("one")).await;
    assert_eq!(world.cloud.calls()["create"], before);
    assert_eq!(world.cloud.inventory(), ["a.b@us-east-1 test.Thing 1", "b.c@us-east-1 test.Free 1"]);
}

/// The word that a plan asks for is understood, though nothing but an open call tells of the resource.
#[tokio::test(start_paused = true)]
async fn data_that_a_killed_run_has_made_goes_on_the_users_word() {
    let world = EngineWorld::new();
    let table = graph_with("t.t@global test.Data {name: t}", |declaration| declaration.protect = true);
    world.cloud.break_with(fault(1, true, FaultKind::Dies));
    assert!(world.killed(&table).await);
    let plan = world.plan(&graph(""), &Intent::default()).await;
    assert!(plan.obstacles[0].help.contains("`--allow-data-loss t.t@global`"), "{:?}", plan.obstacles);
    let allowed = Intent { allow_data_loss: vec!["t.t@global".into()], ..Intent::default() };
    world.apply_with(&graph(""), &allowed).await.expect("an apply");
    assert!(world.cloud.inventory().is_empty());
}

/// Two replacements were interrupted before their old halves went: each of those is told by its own id, and so is the
/// resource that leaves with the file.
#[tokio::test(start_paused = true)]
async fn every_deleted_resource_is_told_by_its_own_id() {
    let stack = |fixed: &str| graph(&format!("a.b@us-east-1 test.Free {{fixed: {fixed}}}"));
    let world = EngineWorld::new();
    let told = |events: &[Event], wanted: Verb| -> Vec<String> {
        let ids = events.iter().filter_map(|event| match event {
            Event::StepDone { verb, id, .. } if *verb == wanted => Some(id.as_ref()?.to_string()),
            _ => None,
        });
        ids.collect()
    };
    let first = told(&world.apply(&stack("one")).await, Verb::Create);
    world.cloud.break_with(fault(2, false, FaultKind::Dies));
    assert!(world.killed(&stack("two")).await);
    let state = world.engine.store.load().await.expect("read").expect("a state");
    let second: Vec<String> = state.records.values().map(|record| record.id.to_string()).collect();
    let plan = world.plan(&stack("three"), &Intent::default()).await;
    let deposed: Vec<_> =
        plan.entries.iter().filter(|entry| entry.deposed).filter_map(|entry| entry.id.as_ref()).collect();
    assert_eq!(deposed.iter().map(ToString::to_string).collect::<Vec<_>>(), first);

    let events = world.apply(&stack("three")).await;
    let third = told(&events, Verb::Replace);
    assert_eq!(told(&events, Verb::Delete), [first, second].concat());
    assert_eq!(told(&world.apply(&graph("")).await, Verb::Delete), third);
}

/// A create was under way under the old address.
#[tokio::test(start_paused = true)]
async fn a_resource_created_by_a_crashed_run_moves_with_its_block() {
    let world = EngineWorld::new();
    world.cloud.break_with(fault(1, true, FaultKind::Dies));
    assert!(world.killed(&graph("a.old@us-east-1 test.Thing {name: n}")).await);
    let mut moved = graph("a.new@us-east-1 test.Thing {name: n}");
    moved.moved.push(("a.old".into(), "a.new".into()));
    world.apply(&moved).await;
    assert_eq!(world.cloud.inventory().len(), 1);
}

/// A create is done, nobody hears of it, and lists do not show it yet to the run that comes at once.
#[tokio::test(start_paused = true)]
async fn resources_created_by_a_crashed_run_are_searched_until_visible() {
    for before in [None, Some("a.b@us-east-1 test.Free {fixed: one}")] {
        let world = EngineWorld::new();
        if let Some(before) = before {
            world.apply(&graph(before)).await;
        }
        let stack = graph("a.b@us-east-1 test.Free {fixed: two}");
        world.cloud.break_with(fault(1, true, FaultKind::Dies));
        assert!(world.killed(&stack).await);
        world.cloud.hide_from_finds(3);
        world.apply(&stack).await;
        assert_eq!(world.cloud.inventory().len(), 1, "{:?}", world.cloud.inventory());
    }
}

#[tokio::test(start_paused = true)]
async fn a_resource_not_yet_seen_is_not_missing_at_the_first_read() {
    let world = EngineWorld::new();
    let stack = graph("a.b@us-east-1 test.Free {size: 1}");
    world.cloud.break_with(fault(1, true, FaultKind::Dies));
    assert!(world.killed(&stack).await);
    world.cloud.hide_from_reads(3);
    world.apply(&stack).await;
    assert_eq!(world.cloud.inventory(), ["a.b@us-east-1 test.Free 1"]);
}

/// The state is older than AWS: what it remembers has been replaced since.
#[tokio::test(start_paused = true)]
async fn an_older_state_finds_newer_generations() {
    let world = EngineWorld::new();
    world.apply(&graph("a.b@us-east-1 test.Free {fixed: one}")).await;
    let old = world.engine.store.load().await.expect("read").expect("a state");
    let stack = graph("a.b@us-east-1 test.Free {fixed: two}");
    world.apply(&stack).await;
    let now = world.engine.store.load().await.expect("read").expect("a state");
    let store = &world.engine.store;
    store.lock(&holder(), Duration::ZERO).await.expect("locked");
    store.load().await.expect("read");
    store.save(&isobar::state::State { serial: now.serial + 1, ..old }).await.expect("saved");
    store.unlock().await.expect("unlocked");
    world.apply(&stack).await;
    assert_eq!(world.cloud.inventory(), ["a.b@us-east-1 test.Free 2"]);
}

/// AWS remembers tokens longer than things.
#[tokio::test(start_paused = true)]
async fn a_successor_has_another_generation_and_token() {
    let world = EngineWorld::new();
    let stack = graph("a.b@us-east-1 test.Free {size: 1}\n a.c@us-east-1 test.Thing {name: n, fixed: one}");
    world.apply(&stack).await;
    world.destroy(&stack).await;
    world.apply(&stack).await;
    assert_eq!(world.cloud.inventory(), ["a.b@us-east-1 test.Free 2", "a.c@us-east-1 test.Thing 2"]);
    // The old one goes first, since the name is one.
    world.apply(&graph("a.c@us-east-1 test.Thing {name: n, fixed: two}")).await;
    assert_eq!(world.cloud.inventory(), ["a.c@us-east-1 test.Thing 3"]);
}

/// A destroy dies while a thing is going, and then it is wanted all the same.
#[tokio::test(start_paused = true)]
async fn a_resource_under_deletion_is_created_again_in_one_run() {
    let mut cloud = FakeCloud::new(catalog());
    cloud.slowness = 5;
    let cloud = Arc::new(cloud);
    let world = EngineWorld { engine: Engine { cloud: cloud.clone(), ..EngineWorld::new().engine }, cloud };
    let stack = graph("a.b@us-east-1 test.Thing {name: n}");
    world.apply(&stack).await;
    let stop = Stop::default();
    let planning = world.engine.plan(&stack, &destroy()).await.expect("a plan");
    let holder = holder();
    let going = world.engine.apply(planning, &holder, Arc::new(Log::default()), stop.clone());
    let interrupt = async {
        while !world.cloud.calls().contains_key("delete") {
            tokio::task::yield_now().await;
        }
        stop.request();
    };
    let (outcome, ()) = tokio::join!(going, interrupt);
    assert!(outcome.expect("an outcome").interrupted);
    assert_eq!(world.cloud.inventory(), ["a.b@us-east-1 test.Thing 1"], "it is still going");
    world.apply(&stack).await;
    assert_eq!(world.cloud.inventory(), ["a.b@us-east-1 test.Thing 2"]);
}

/// Not every part of AWS hears at once of what was just made.
#[tokio::test(start_paused = true)]
async fn a_reference_to_a_resource_not_yet_visible_is_retried() {
    let world = EngineWorld::new();
    let stack = "a.b@us-east-1 test.Thing {name: n}\n a.c@us-east-1 test.Free {of: '${a.b.arn}'}";
    world.cloud.break_with(fault(2, false, FaultKind::Fails(Class::NotFound)));
    world.apply(&graph(stack)).await;
    // What nobody has made just now is not waited for.
    let other = graph(&format!("{stack}\n a.d@us-east-1 test.Free {{of: '${{a.b.arn}}'}}"));
    world.cloud.break_with(fault(1, false, FaultKind::Fails(Class::NotFound)));
    let (outcome, _) = world.apply_with(&other, &Intent::default()).await.expect("an apply");
    assert_eq!(outcome.failures.len(), 1);
}

/// A region is out of reach, and the others are worked on without it.
#[tokio::test(start_paused = true)]
async fn an_excluded_region_is_not_read() {
    let world = EngineWorld::new();
    let stack = |size: u8| {
        graph(&format!(
            "t.a@us-west-2 test.Thing {{name: a, size: {size}}}
             f.b@us-west-2 test.Free {{of: '${{t.a.arn}}', size: {size}}}
             f.b@us-east-1 test.Free {{of: '${{t.a.arn@us-west-2}}', size: {size}}}"
        ))
    };
    world.apply(&stack(1)).await;
    world.cloud.lose_region(&"us-west-2".parse().expect("a region"));
    world.engine.plan(&stack(2), &Intent::default()).await.expect_err("it cannot be read");
    let without = Intent {
        selection: Selection { excludes: vec!["*@us-west-2".into()], ..Selection::default() },
        ..Intent::default()
    };
    let plan = world.plan(&stack(2), &without).await;
    assert_eq!(decisions(&plan), ["1 f.b@us-east-1 update size"]);
    let (outcome, _) = world.apply_with(&stack(2), &without).await.expect("an apply");
    assert_eq!(outcome.failures, []);
}

/// A run dies between the call that makes a thing and the one that tags it. A plan finds it and changes nothing.
#[tokio::test(start_paused = true)]
async fn untagged_resources_of_a_crashed_run_are_tagged_by_apply_and_by_no_plan() {
    let world = EngineWorld::new();
    let stack = graph("t.a@global test.Data {name: a}");
    world.cloud.break_with(fault(1, true, FaultKind::Dies));
    assert!(world.killed(&stack).await);
    let plan = world.plan(&stack, &Intent::default()).await;
    assert_eq!((decisions(&plan), world.cloud.changes()), (vec!["1 t.a@global adopt".to_owned()], 0));
    world.apply(&stack).await;
    assert_eq!(world.cloud.calls()["tag_as_owned"], 1);
    assert_eq!(world.cloud.inventory().len(), 1);
}
