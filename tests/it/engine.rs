//! The engine through whole lives on the strict cloud: no AWS, no LocalStack, no clock to speak of.

use std::sync::Arc;

use isobar::apply::{Event, Stop};
use isobar::cloud::Class;
use isobar::cloud::fake::{Fault, FaultKind};
use isobar::engine::{Engine, EngineError};
use isobar::plan::Decision;
use isobar::planning::decide::Options;
use serde_json::json;

use crate::support::engine::{EngineWorld, Log, decisions, graph, holder};

const STACK: &str = "
    tables.t@global test.Thing {name: t}
    functions.f.role@us-east-1 test.Thing {name: f-east}
    functions.f.role@us-west-2 test.Thing {name: f-west}
    functions.f@us-east-1 test.Thing {name: fn-east, of: '${functions.f.role.arn}/${tables.t.arn}', size: 1}
    functions.f@us-west-2 test.Thing {name: fn-west, of: '${functions.f.role.arn}/${tables.t.arn}', size: 1}
    apis.a@us-east-1 test.Free {of: '${functions.f.arn}'}
    apis.a@us-west-2 test.Free {of: '${functions.f.arn}'}
    apis.a.deployment@us-east-1 test.Free {fixed: '${apis.a.hash}', of: '${apis.a.arn}'}
    apis.a.deployment@us-west-2 test.Free {fixed: '${apis.a.hash}', of: '${apis.a.arn}'}
    apis.a.record@us-east-1 test.Free {on: '${apis.a.deployment.arn}'}
    apis.a.record@us-west-2 test.Free {on: '${apis.a.deployment.arn}'}
";

#[tokio::test(start_paused = true)]
async fn a_stack_is_applied_changed_and_destroyed_region_by_region() {
    let world = EngineWorld::new();
    let events = world.apply(&graph(STACK)).await;
    assert_eq!(world.cloud.inventory().len(), 11);

    // Region by region: nothing of the primary begins before everything of the secondary serves.
    let done = events.iter().position(|event| matches!(event, Event::WaveDone { wave: 0, .. })).expect("a wave");
    let east =
        |event: &Event| matches!(event, Event::StepStarted { address, .. } if address.at.to_string() == "us-east-1");
    let west =
        |event: &Event| matches!(event, Event::StepStarted { address, .. } if address.at.to_string() == "us-west-2");
    assert!(events.iter().position(east).expect("a step") > done);
    assert!(events.iter().rposition(west).expect("a step") < done);

    let changed = graph(&STACK.replace("size: 1", "size: 2"));
    let plan = world.plan(&changed, &Options::default()).await;
    assert_eq!(decisions(&plan), ["0 functions.f@us-west-2 update size", "1 functions.f@us-east-1 update size"]);
    world.apply(&changed).await;
    world.destroy(&changed).await;
}

#[tokio::test(start_paused = true)]
async fn a_volatile_output_replaces_its_dependents() {
    let world = EngineWorld::new();
    world.apply(&graph(STACK)).await;
    let changed =
        graph(&STACK.replace("test.Free {of: '${functions.f.arn}'}", "test.Free {of: '${functions.f.arn}', size: 3}"));
    let plan = world.plan(&changed, &Options::default()).await;
    insta::assert_snapshot!(decisions(&plan).join("\n"), @r"
    0 apis.a@us-west-2 update size
    0 apis.a.deployment@us-west-2 replace CreateFirst
    0 apis.a.record@us-west-2 update on
    1 apis.a@us-east-1 update size
    1 apis.a.deployment@us-east-1 replace CreateFirst
    1 apis.a.record@us-east-1 update on
    ");
    world.apply(&changed).await;
    assert_eq!(world.cloud.inventory().len(), 11);
    world.destroy(&changed).await;
}

#[tokio::test(start_paused = true)]
async fn a_unique_name_is_freed_before_it_is_taken_again() {
    let world = EngineWorld::new();
    world.apply(&graph("a.b@us-east-1 test.Thing {name: n, fixed: one}")).await;
    let changed = graph("a.b@us-east-1 test.Thing {name: n, fixed: two}");
    assert_eq!(decisions(&world.plan(&changed, &Options::default()).await), ["1 a.b@us-east-1 replace DeleteFirst"]);
    world.apply(&changed).await;
    let renamed = graph("a.b@us-east-1 test.Thing {name: m, fixed: two}");
    assert_eq!(decisions(&world.plan(&renamed, &Options::default()).await), ["1 a.b@us-east-1 replace CreateFirst"]);
    world.apply(&renamed).await;
    assert_eq!(world.cloud.inventory().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn drift_and_deletions_outside_the_run_are_planned() {
    let world = EngineWorld::new();
    world.apply(&graph(STACK)).await;
    world.cloud.lose("apis.a.record@us-west-2");
    world.cloud.meddle("functions.f@us-east-1", "size", &json!(9));
    let plan = world.plan(&graph(STACK), &Options::default()).await;
    assert_eq!(
        decisions(&plan),
        ["0 apis.a.record@us-west-2 create (gone from AWS)", "1 functions.f@us-east-1 update size",]
    );
    world.apply(&graph(STACK)).await;
}

#[tokio::test(start_paused = true)]
async fn protected_data_is_an_obstacle_without_consent() {
    let world = EngineWorld::new();
    world.apply(&graph("tables.t@global test.Data {name: t, fixed: one}")).await;
    for options in [Options { destroy: true, ..Options::default() }, Options::default()] {
        let plan = world.plan(&graph("tables.t@global test.Data {name: t, fixed: two}"), &options).await;
        assert_eq!(plan.obstacles.len(), 1, "{:?}", plan.obstacles);
    }
    world.destroy(&graph("")).await;
}

#[tokio::test(start_paused = true)]
async fn a_failure_stops_its_dependents_and_later_regions_only() {
    let world = EngineWorld::new();
    // The third change is one of the first wave's; what hangs on it is left out, the rest goes on.
    world.cloud.break_with(vec![Fault { nth: 1, after: false, kind: FaultKind::Fails(Class::Denied) }]);
    let (outcome, _) = world.apply_with(&graph(STACK), &Options::default()).await.expect("an apply");
    assert_eq!(outcome.failures.len(), 1);
    assert!(outcome.counts.skipped > 0, "{:?}", outcome.counts);
    assert!(world.cloud.inventory().iter().all(|line| !line.contains("us-east-1")), "{:?}", world.cloud.inventory());
    world.cloud.break_with(Vec::new());
    world.apply(&graph(STACK)).await;
    world.destroy(&graph(STACK)).await;
}

#[tokio::test(start_paused = true)]
async fn lost_answers_and_throttling_leave_no_orphan() {
    for class in [Class::Throttled, Class::NotVisibleYet, Class::TimedOut, Class::Server, Class::Unreachable] {
        // What was throttled was not done; an answer that was lost may be one of work that was.
        let lost = matches!(class, Class::TimedOut | Class::Server | Class::Unreachable);
        for after in [false, true].into_iter().filter(|after| lost || !after) {
            let world = EngineWorld::new();
            let every_second = (1..200).step_by(2).map(|nth| Fault { nth, after, kind: FaultKind::Fails(class) });
            world.cloud.break_with(every_second.collect());
            let (outcome, _) = world.apply_with(&graph(STACK), &Options::default()).await.expect("an apply");
            assert_eq!(outcome.failures, [], "{class:?} {after}");
            assert_eq!(world.cloud.inventory().len(), 11, "{class:?} {after}");
            world.nothing_to_do(&graph(STACK)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn throttling_does_not_consume_the_idempotency_token() {
    let world = EngineWorld::new();
    let throttled = (1..=6).map(|nth| Fault { nth, after: false, kind: FaultKind::Fails(Class::Throttled) });
    let used_token = Fault { nth: 7, after: false, kind: FaultKind::Fails(Class::Exists) };
    world.cloud.break_with(throttled.chain([used_token]).collect());
    world.apply(&graph("apis.a@us-east-1 test.Free {}")).await;
    assert_eq!(world.cloud.inventory(), ["apis.a@us-east-1 test.Free 2"]);
}

#[tokio::test(start_paused = true)]
async fn throttling_does_not_consume_the_repair_attempt() {
    let world = EngineWorld::new();
    world.apply(&graph("tables.t@us-east-1 test.Data {name: t, size: 1}")).await;
    world.cloud.fail("tables.t@us-east-1");
    world.cloud.break_with(vec![Fault { nth: 1, after: false, kind: FaultKind::Fails(Class::Throttled) }]);
    world.apply(&graph("tables.t@us-east-1 test.Data {name: t, size: 2}")).await;
    assert_eq!(world.cloud.changes(), 2);
}

/// Kills the process at every call that changes something, before and after it, and goes on with a new one.
#[tokio::test(start_paused = true)]
async fn a_run_killed_at_any_change_converges_in_the_next() {
    let changed = STACK
        .replace("size: 1", "size: 2")
        .replace("test.Free {of: '${functions.f.arn}'}", "test.Free {of: '${functions.f.arn}', size: 3}");
    let mut points = 0;
    for nth in 1.. {
        let mut hit = false;
        for after in [false, true] {
            let world = EngineWorld::new();
            world.apply(&graph(STACK)).await;
            world.cloud.break_with(vec![Fault { nth, after, kind: FaultKind::Dies }]);
            if world.killed(&graph(&changed)).await {
                hit = true;
                points += 1;
            }
            world.apply(&graph(&changed)).await;
            assert_eq!(world.cloud.inventory().len(), 11, "killed at {nth}, after: {after}");
            world.destroy(&graph(&changed)).await;
        }
        if !hit {
            break;
        }
    }
    assert!(points > 10, "only {points} points");
}

#[tokio::test(start_paused = true)]
async fn a_first_apply_killed_at_any_change_converges_in_the_next() {
    for nth in 1..=11 {
        for after in [false, true] {
            let world = EngineWorld::new();
            world.cloud.break_with(vec![Fault { nth, after, kind: FaultKind::Dies }]);
            assert!(world.killed(&graph(STACK)).await, "not killed at {nth}");
            world.apply(&graph(STACK)).await;
            assert_eq!(world.cloud.inventory().len(), 11, "killed at {nth}, after: {after}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn resources_of_a_lost_state_are_adopted_by_identity() {
    let world = EngineWorld::new();
    world.apply(&graph(STACK)).await;
    let other = EngineWorld::new();
    let engine = Engine { cloud: world.cloud.clone(), ..other.engine.clone() };
    let other = EngineWorld { cloud: world.cloud.clone(), engine };
    let plan = other.plan(&graph(STACK), &Options::default()).await;
    assert!(
        plan.entries.iter().all(|entry| matches!(entry.decision, Decision::Adopt { .. })),
        "{:?}",
        decisions(&plan)
    );
    other.apply(&graph(STACK)).await;
    assert_eq!(world.cloud.inventory().len(), 11);
}

#[tokio::test(start_paused = true)]
async fn a_stale_plan_is_refused() {
    let world = EngineWorld::new();
    let planning = world.engine.plan(&graph(STACK), &Options::default()).await.expect("a plan");
    world.apply(&graph(STACK)).await;
    let applied = world.engine.apply(planning, &holder(), Arc::new(Log::default()), Stop::default()).await;
    assert!(matches!(applied, Err(EngineError::StalePlan)));
}
