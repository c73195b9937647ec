//! Whatever stands in a state, a journal, a lease or a log: it is read, or told what is wrong, where, and what
//! to do. Never a panic, never without end, and what was read once can be written and read again.
//!
//! `ISOBAR_FUZZ` is how many documents are tried, `ISOBAR_FUZZ_SEED` which.

mod bin;
mod cut;
mod mutate;
mod seeds;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;
use isobar::state::State;
use isobar::store::{Store, StoreError};
use isobar::store::{document, lines};

use bin::Bin;
use mutate::mutated;
use seeds::{Bucket, Seeds, entries, holder, name, store, with};

const FEW: u64 = 3000;
/// More than this of what went wrong is not shown.
const SHOWN: usize = 5;
const PLACE: &str = "the state";
const JOURNAL: &str = "the journal";
const RESCUE: &str = "`isobar recover` helps";
/// One of these stands in whatever is said of something that cannot be read.
const ADVICE: &[&str] =
    &["`isobar recover`", "use that version", "deleting it gives the lock back", "move it away", "try again"];

/// What came of one document.
enum Came {
    Loaded,
    Refused,
}

#[test]
fn mutated_bytes_are_read_or_rejected() {
    let number = |name: &str, otherwise| std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"));
    let (count, seed) = (number("ISOBAR_FUZZ", FEW), number("ISOBAR_FUZZ_SEED", 1));
    let seeds = Seeds::new();
    let start = Instant::now();
    let (mut loads, mut refusals, mut panics, mut wrong) = (0, 0, 0, Vec::new());
    for turn in 0..count {
        let mut chance = Rng::with_seed(seed << 40 | turn);
        match catch_unwind(AssertUnwindSafe(|| one(&seeds, &mut chance))) {
            Ok(Ok(Came::Loaded)) => loads += 1,
            Ok(Ok(Came::Refused)) => refusals += 1,
            Ok(Err(what)) => wrong.push(format!("turn {turn}: {what}")),
            Err(_) => panics += 1,
        }
        if wrong.len() + panics > SHOWN {
            break;
        }
    }
    say(&format!(
        "state_fuzz: {count} executions of seed {seed}: {loads} loads, {refusals} refusals, {panics} panics, {} wrong, {:.0} s",
        wrong.len(),
        start.elapsed().as_secs_f64(),
    ));
    assert!(panics == 0 && wrong.is_empty(), "{panics} panics\n{}", wrong.join("\n\n"));
    // Both happen, and often: or the changes are too coarse, or too fine.
    assert!(loads * 20 > count && refusals * 20 > count, "{loads} loads, {refusals} refusals of {count}");
}

fn one(seeds: &Seeds, chance: &mut Rng) -> Result<Came, String> {
    if chance.u8(..10) < 6 {
        return a_file(seeds, chance);
    }
    let (first, copy) = &seeds.places[chance.usize(..seeds.places.len())];
    let (mut first, mut copy) = (first.clone(), copy.clone());
    match &mut copy {
        Some(copy) if chance.bool() => change_objects(copy, seeds, chance),
        _ => change_objects(&mut first, seeds, chance),
    }
    runtime().block_on(a_bucket(&first, copy.as_ref()))
}

/// A state beside its journal, in the files' form.
fn a_file(seeds: &Seeds, chance: &mut Rng) -> Result<Came, String> {
    let (state, journal) = seeds.file(chance);
    let which = chance.u8(..8);
    let mutate = |bytes: &[u8], chance: &mut Rng| mutated(bytes, chance, |chance| seeds.any(chance));
    let state = if which < 4 { mutate(state, chance) } else { state.clone() };
    let journal = if which > 2 { mutate(journal, chance) } else { journal.clone() };
    let read = |journal: &[u8]| -> Result<Option<State>, StoreError> {
        // Now and then there is no state any more.
        let state = (which != 7).then(|| document::read(&state, &name(), PLACE, || RESCUE.into())).transpose()?;
        lines::read(state, journal, &name(), JOURNAL, || RESCUE.into())
    };
    let whole = lines::whole(&journal);
    let loaded = read(&journal);
    if let (Ok(all), Ok(up_to)) = (&loaded, read(&journal[..whole]))
        && *all != up_to
    {
        return Err("the torn line counted".into());
    }
    match loaded {
        Ok(Some(state)) => written_and_read(&state, [PLACE, JOURNAL]),
        Ok(None) => Ok(Came::Loaded),
        Err(error) => told(&error, [PLACE, JOURNAL]),
    }
}

/// What was loaded can be saved, and loads again as it was.
fn written_and_read(state: &State, places: [&str; 2]) -> Result<Came, String> {
    let next = State { serial: state.serial + 1, ..state.clone() };
    let bytes = document::write(&next).map_err(|error| format!("it cannot be written: {error}"))?;
    match document::read(&bytes, &name(), PLACE, || RESCUE.into()) {
        Ok(again) if again == next => Ok(Came::Loaded),
        Ok(again) => Err(format!("it comes back as another:\n{next:?}\n{again:?}")),
        // One more than the last number there is.
        Err(error) if next.serial == 1 << 53 => told(&error, places),
        Err(error) => Err(format!("it cannot be read again: {error}\n{next:?}")),
    }
}

/// One object is changed, lost, doubled or takes another's place.
fn change_objects(objects: &mut Bucket, seeds: &Seeds, chance: &mut Rng) {
    let keys: Vec<String> = objects.keys().cloned().collect();
    let pick = |chance: &mut Rng| keys[chance.usize(..keys.len())].clone();
    let (one, two) = (pick(chance), pick(chance));
    match chance.u8(..12) {
        0 => drop(objects.remove(&one)),
        1 => drop(objects.insert(one, objects[&two].clone())),
        2 => {
            let number = chance.usize(1..9);
            let folder = one.rsplit_once('/').map_or("demo", |(folder, _)| folder);
            objects.insert(format!("{folder}/{number:06}.json"), objects[&two].clone());
        }
        3 => {
            let odd = ["x", "1.json", "000000000001.json", "99999999999999999999.json", ".json", "000002.json.tmp"];
            let odd = odd[chance.usize(..odd.len())];
            objects.insert(format!("demo/journal/000000000001/{odd}"), objects[&two].clone());
        }
        _ => {
            let bytes = mutated(&objects[&one], chance, |chance| seeds.any(chance));
            objects.insert(one, bytes);
        }
    }
}

/// A bucket is looked at by one process, and worked on by another.
async fn a_bucket(first: &Bucket, copy: Option<&Bucket>) -> Result<Came, String> {
    let places = ["memory:demo/", "memory:"];
    let bins = async || {
        let copy = match copy {
            Some(copy) => Some(Arc::new(Bin::of(copy).await)),
            None => None,
        };
        (Arc::new(Bin::of(first).await), copy)
    };
    let (first, copy) = bins().await;
    let open = || store(&first, copy.as_ref());
    let without_end = || first.is_worn_out() || copy.as_ref().is_some_and(|copy| copy.is_worn_out());
    let seen = open().load().await;
    let locked = open();
    let came = match locked.lock(&holder(), Duration::ZERO).await {
        Err(error) => told(&error, places),
        Ok(()) => worked_on(&locked, copy.is_none().then_some(seen.as_ref().ok()).flatten(), open()).await,
    };
    let seen = seen.map_or_else(|error| told(&error, places), |_| Ok(Came::Loaded));
    if without_end() {
        return Err("it never stops asking".into());
    }
    seen.and(came)
}

/// What was seen is what is there under the lock; it is saved and added to, and the next one sees all of it.
async fn worked_on(locked: &impl Store, seen: Option<&Option<State>>, next: impl Store) -> Result<Came, String> {
    let failed = |what: &str| {
        let what = what.to_owned();
        move |error: StoreError| format!("{what}: {error}")
    };
    let there = locked.load().await.map_err(failed("not read under the lock"))?;
    if let (Some(Some(seen)), Some(there)) = (seen, &there)
        && !seen.same_content(there)
    {
        return Err(format!("under the lock it is another:\n{seen:?}\n{there:?}"));
    }
    let state = there.unwrap_or_else(|| State::new(name(), "fresh".into()));
    let state = State { serial: state.serial + 1, ..state };
    if state.serial >= (1 << 53) - 2 {
        return Ok(Came::Loaded);
    }
    locked.save(&state).await.map_err(failed("not saved"))?;
    let entry = &entries()[0];
    locked.append(std::slice::from_ref(entry)).await.map_err(failed("not added to"))?;
    locked.unlock().await.map_err(failed("not unlocked"))?;
    match next.load().await.map_err(failed("not read again"))? {
        Some(again) if again.same_content(&with(&state, entry)) => Ok(Came::Loaded),
        again => Err(format!("it comes back as another:\n{state:?}\n{again:?}")),
    }
}

/// An error names the place, and says what to do.
fn told(error: &StoreError, places: [&str; 2]) -> Result<Came, String> {
    let text = error.to_string();
    match error {
        // What to do about these does not hang on the bytes: the command line says it.
        StoreError::Locked(_) => Ok(Came::Refused),
        StoreError::HasCopy { .. } | StoreError::Diverged { .. } if text.contains(places[0]) => Ok(Came::Refused),
        StoreError::Damaged { .. } | StoreError::Unusable { .. }
            if places.iter().any(|place| text.starts_with(place)) && ADVICE.iter().any(|word| text.contains(word)) =>
        {
            Ok(Came::Refused)
        }
        _ => Err(format!("an error that does not help: {text}")),
    }
}

/// One thread, and a clock that does not run.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime")
}

#[expect(clippy::print_stdout, reason = "what it came to is for those who run it")]
fn say(line: &str) {
    println!("{line}");
}
