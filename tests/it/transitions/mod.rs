//! Changes of a live stack: random valid files over the whole stack language, one after the other, through the program
//! itself, with kills, throttling, lost answers and lagging lists. Whatever comes of them is judged from outside: items in
//! tables are still there, a plan keeps its promise, what is refused changes nothing, what was used goes after its user
//! has turned, every request is answered, a second plan is empty, and destroy leaves nothing.
//!
//! A few edits by default. `ISOBAR_TRANSITIONS` takes so many, `ISOBAR_TRANSITIONS_WORKERS` so many chains at once,
//! `ISOBAR_TRANSITIONS_SEED` that chain alone, `ISOBAR_TRANSITIONS_FROM` chains from that one on, and
//! `ISOBAR_TRANSITIONS_LENGTH` so many edits in each. A chain that fails is made smaller for
//! `ISOBAR_TRANSITIONS_SHRINK` seconds, and left with its files in `target/transitions`.

mod edits;
mod facts;
mod language;
mod live;
mod markers;
mod names;
mod order;
mod play;
mod promise;
mod repair;
mod report;
mod scenario;
mod shrink;
mod stacks;
mod traffic;
mod yaml;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use live::Live;
use report::Report;

/// Chains of the short form: the first seed, how many, and the edits of each. Some of these are killed and taken back.
const FEW: (u64, u64, usize) = (4002, 3, 4);

#[test]
fn edits_of_a_live_stack_keep_what_it_has_and_what_they_promise() {
    let wanted = number("ISOBAR_TRANSITIONS");
    let one = number("ISOBAR_TRANSITIONS_SEED");
    let (from, chains, length) = match (one, wanted) {
        (Some(seed), _) => (seed, 1, scenario::LENGTH),
        (None, Some(wanted)) => (number("ISOBAR_TRANSITIONS_FROM").unwrap_or(1), wanted, scenario::LENGTH),
        (None, None) => FEW,
    };
    let length = number("ISOBAR_TRANSITIONS_LENGTH").map_or(length, |length| usize::try_from(length).expect("small"));
    let edits =
        wanted.filter(|_| one.is_none()).map_or(usize::MAX, |wanted| usize::try_from(wanted).expect("a number"));
    let report = Mutex::new(Report::default());
    let (next, done) = (AtomicU64::new(from), AtomicUsize::new(0));
    let start = Instant::now();
    let work = || {
        let live = Live::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= from + chains || done.load(Ordering::Relaxed) >= edits {
                return;
            }
            let steps = scenario::of(seed, length, &|file| live.is_valid(file));
            let mut rest = steps.as_slice();
            while !rest.is_empty() {
                let played = play::play(&live, rest);
                done.fetch_add(played.edits + usize::from(played.fault.is_some()), Ordering::Relaxed);
                let fault = played.fault.clone();
                let new = report.lock().expect("whole").add(seed, played, start.elapsed());
                let Some(fault) = fault else { break };
                let time = if new { number("ISOBAR_TRANSITIONS_SHRINK").unwrap_or(90) } else { 0 };
                let (shortest, fault) = shrink::shrunk(&live, rest, &fault, Duration::from_secs(time));
                report::keep(seed, &shortest, &fault, new);
                // The files after it are for a stack that is made anew.
                rest = &rest[rest.len().min(fault.step.max(1))..];
                if rest.len() < 2 {
                    break;
                }
            }
        }
    };
    std::thread::scope(|scope| {
        let workers = number("ISOBAR_TRANSITIONS_WORKERS").unwrap_or(2);
        let all: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        for one in all {
            one.join().expect("no panic");
        }
    });
    report.into_inner().expect("whole").conclude(start.elapsed());
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

#[test]
fn every_key_of_the_stack_file_is_written_or_left_alone_with_a_reason() {
    let schema = schemars::schema_for!(isobar::stack::file::Stack);
    let definition = |block: &str| match block {
        "functions" => "Function",
        "services" => "Service",
        "fleets" => "Fleet",
        "apis" => "Api",
        "tables" => "Table",
        "resources" => "Resource",
        "network" => "Network",
        "dns" => "Dns",
        "notify" => "Notify",
        _ => "Rollout",
    };
    let schema = schema.as_value();
    let keys = |schema: &serde_json::Value| -> Vec<String> {
        schema["properties"].as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect()
    };
    let mut missing = Vec::new();
    let blocks: Vec<&str> =
        language::NAMED.into_iter().chain(language::SINGLE).filter(|block| *block != "tags").collect();
    for block in &blocks {
        let of = keys(&schema["$defs"][definition(block)]);
        assert!(!of.is_empty(), "{block} has no keys");
        let known = |key: &String| language::fields(block).iter().any(|field| field.key == key);
        missing.extend(of.into_iter().filter(|key| !known(key)).map(|key| format!("{block}.{key}")));
    }
    let edited = ["regions", "account", "tags", "parameters", "moved"];
    let top = keys(schema).into_iter().filter(|key| !blocks.contains(&key.as_str()) && !edited.contains(&key.as_str()));
    missing.extend(top);
    missing.retain(|key| !language::LEFT_ALONE.iter().any(|(left, why)| left == key && !why.is_empty()));
    assert!(missing.is_empty(), "{missing:?} never change in this test");
}
