//! Random stacks, changes, failures and deaths on the strict cloud. Whatever happens: run again,
//! and there is exactly what the file says, the second plan is empty, and destroy leaves nothing.

use isobar::cloud::Class;
use isobar::cloud::fake::{Fault, FaultKind};
use proptest::prelude::*;

use crate::support::engine::{EngineWorld, graph};

/// One resource: where it stands, of which kind, what it refers to, and its fields.
#[derive(Debug, Clone)]
struct Thing {
    scope: usize,
    unique: bool,
    refers: Vec<(usize, bool)>,
    size: u8,
    fixed: u8,
    gone: bool,
}

const SCOPES: [&str; 3] = ["global", "us-east-1", "us-west-2"];

fn thing() -> impl Strategy<Value = Thing> {
    let refers = prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 0..3);
    (0..3usize, any::<bool>(), refers, 0..3u8, 0..2u8, prop::bool::weighted(0.15)).prop_map(
        |(scope, unique, refers, size, fixed, gone)| Thing {
            scope,
            unique,
            refers: refers.into_iter().map(|(index, serving)| (index.index(1000), serving)).collect(),
            size,
            fixed,
            gone,
        },
    )
}

fn fault() -> impl Strategy<Value = Fault> {
    let lost = prop::sample::select(vec![Class::TimedOut, Class::Server, Class::Unreachable]);
    let refused = prop::sample::select(vec![Class::Throttled, Class::NotVisibleYet, Class::Conflict, Class::Denied]);
    prop_oneof![
        (1..30u64, any::<bool>()).prop_map(|(nth, after)| Fault { nth, after, kind: FaultKind::Dies }),
        (1..30u64, any::<bool>(), lost).prop_map(|(nth, after, class)| Fault {
            nth,
            after,
            kind: FaultKind::Fails(class)
        }),
        (1..30u64, refused).prop_map(|(nth, class)| Fault { nth, after: false, kind: FaultKind::Fails(class) }),
    ]
}

/// The stack as lines. A reference goes to an earlier resource of the same region, or to a global one;
/// a fixed field of a uniquely named resource stays, because what refers to it would have to go first.
fn lines(things: &[Thing]) -> String {
    let mut text = String::new();
    for (at, thing) in things.iter().enumerate().filter(|(_, thing)| !thing.gone) {
        let (mut of, mut on) = (Vec::new(), Vec::new());
        for (to, serving) in thing.refers.iter().filter(|_| at > 0).map(|(to, serving)| (to % at, serving)) {
            let target = &things[to];
            if !target.gone && (target.scope == 0 || target.scope == thing.scope) {
                let reference = format!("${{test.n{to}.arn@{}}}", SCOPES[target.scope]);
                if *serving { on.push(reference) } else { of.push(reference) }
            }
        }
        let (kind, named) = if thing.unique {
            ("test.Thing", format!("name: n{at}"))
        } else {
            ("test.Free", format!("fixed: f{}", thing.fixed))
        };
        let (of, on) = (of.join("|"), on.join("|"));
        let (scope, size) = (SCOPES[thing.scope], thing.size);
        let line = format!("test.n{at}@{scope} {kind} {{{named}, size: {size}, of: '{of}', on: '{on}'}}\n");
        text.push_str(&line);
    }
    text
}

/// The same resources with other fields, some gone and some back.
fn changed(things: &[Thing], mask: &[(u8, u8, bool)]) -> Vec<Thing> {
    let change = |(thing, (size, fixed, flip)): (&Thing, &(u8, u8, bool))| Thing {
        size: *size,
        fixed: *fixed,
        gone: thing.gone != *flip,
        ..thing.clone()
    };
    things.iter().zip(mask).map(change).collect()
}

async fn converges(first: String, second: String, faults: Vec<Fault>) {
    let world = EngineWorld::new();
    for (round, text) in [&first, &second].into_iter().enumerate() {
        let wanted = graph(text);
        world.cloud.break_with(faults.clone());
        // The faults count calls, so each strikes once; a run that was struck is run again.
        world.killed(&wanted).await;
        world.apply(&wanted).await;
        assert_eq!(world.cloud.inventory().len(), wanted.len(), "round {round}: {:?}", world.cloud.inventory());
    }
    world.destroy(&graph(&second)).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn random_stacks_converge_after_faults_and_deaths(
        things in prop::collection::vec(thing(), 1..10),
        mask in prop::collection::vec((0..3u8, 0..2u8, prop::bool::weighted(0.2)), 10),
        faults in prop::collection::vec(fault(), 0..4),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
        runtime.block_on(converges(lines(&things), lines(&changed(&things, &mask)), faults));
    }
}
