//! What a state, its journal and its lease look like before anything happens to them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use isobar::names::Address;
use isobar::state::entry::Entry;
use isobar::state::{Call, Deposed, Pending, Record, State};
use isobar::store::object::ObjectStore;
use isobar::store::objects::Objects;
use isobar::store::{Holder, Store};
use isobar::store::{document, lines};
use isobar::value::Json;
use serde_json::json;

use super::bin::Bin;

/// What is in a bucket, by key.
pub type Bucket = BTreeMap<String, Vec<u8>>;

/// Everything that is mutated.
pub struct Seeds {
    /// States in a file, each with the journal after it; the last is large.
    pub files: Vec<(Vec<u8>, Vec<u8>)>,
    /// Buckets: the first place, and the copy if there is one.
    pub places: Vec<(Bucket, Option<Bucket>)>,
}

impl Seeds {
    pub fn new() -> Self {
        let files = [1, 4, 40].map(|resources| {
            let state = state(resources);
            let journal = lines::write(&entries(), state.serial, &state.lineage).expect("written");
            (document::write(&state).expect("written"), journal)
        });
        let runtime = super::runtime();
        Self { files: files.into(), places: runtime.block_on(places()) }
    }

    /// One of the files, now and then the large one.
    pub fn file(&self, chance: &mut fastrand::Rng) -> &(Vec<u8>, Vec<u8>) {
        let large = self.files.len() - 1;
        &self.files[if chance.u8(..32) == 0 { large } else { chance.usize(..large) }]
    }

    /// Any of the documents, to take a piece from.
    pub fn any(&self, chance: &mut fastrand::Rng) -> &[u8] {
        let file = self.file(chance);
        let (first, copy) = &self.places[chance.usize(..self.places.len())];
        match chance.u8(..4) {
            0 => &file.0,
            1 => &file.1,
            turn => {
                let objects = copy.as_ref().filter(|_| turn == 3).unwrap_or(first);
                objects.values().nth(chance.usize(..objects.len())).expect("an object")
            }
        }
    }
}

pub fn name() -> isobar::names::StackName {
    "demo".parse().expect("a name")
}

pub fn holder() -> Holder {
    let job = Some("https://ci.example.com/jobs/7".to_owned());
    Holder { command: "apply".into(), pid: 7, who: "ci@runner".into(), since: "2026-01-01T00:00:00Z".into(), job }
}

/// A store of a bucket, with a copy or without.
pub fn store(first: &Arc<Bin>, copy: Option<&Arc<Bin>>) -> ObjectStore {
    let copy = copy.map(|copy| Arc::clone(copy) as Arc<dyn Objects>);
    ObjectStore::new(&name(), first.clone(), copy, Duration::from_mins(1))
}

fn address(text: &str) -> Address {
    text.parse().expect("an address")
}

/// A state with so many resources, open calls and old halves.
fn state(resources: usize) -> State {
    let mut state = State { account: "123456789012".into(), serial: 41, ..State::new(name(), "8c1f0b6a".into()) };
    state.regions = ["us-east-1", "eu-central-1"].map(|region| region.parse().expect("a region")).into();
    for number in 0..resources {
        state.records.insert(address(&format!("functions.f{number}@us-east-1")), record(number, 1));
    }
    state.pending = vec![pending(Call::Create, 1), pending(Call::Update, 2), pending(Call::Delete, 3)];
    state.deposed.push(Deposed { address: address("apis.shop.stage@eu-central-1"), record: record(2, 3) });
    state
}

fn record(number: usize, generation: u32) -> Record {
    let (kind, spec, outputs) = match number % 4 {
        0 => (
            "lambda.Function",
            json!({"name": "shop-carts", "memory_size": 256, "environment": {"TABLE": "shop-carts", "É": "naïve \u{1f30d}"},
                "code": {"zip": {"sha256": "992b7c"}}, "layers": [], "timeout": null}),
            json!({"arn": "arn:aws:lambda:us-east-1:123456789012:function:shop-carts", "hash": "MzYw"}),
        ),
        1 => (
            "cloudwatch.Alarm",
            json!({"threshold": 0.05, "period": 60, "evaluation_periods": 3, "dimensions": [{"name": "Api", "value": "shop"}],
                "low": -1.5e-7, "high": 1.7e300}),
            json!({"name": "shop-errors"}),
        ),
        2 => (
            "apigateway.RestApi",
            json!({"name": "shop", "document": "{\"openapi\":\"3.0.1\",\"paths\":{\"/\\\"quoted\\\"\":{}}}\n", "binary": ["*/*"]}),
            json!({"id": "a1b2c3d4e5", "root": "x"}),
        ),
        _ => ("sns.Topic", json!({"name": "oncall", "tags": {"team": "commerce"}, "fifo": false}), Json::Null),
    };
    Record {
        kind: kind.parse().expect("a kind"),
        id: format!("shop-{number}").parse().expect("an id"),
        generation,
        spec,
        outputs,
        needs: [address("tables.carts@global"), address("functions.role@global")].into(),
        protect: number == 1,
        retain: false,
    }
}

fn pending(call: Call, generation: u32) -> Pending {
    let Record { kind, spec, needs, protect, retain, .. } = record(3, generation);
    let spec = if call == Call::Delete { Json::Null } else { spec };
    Pending { address: address("notify.topic@eu-central-1"), call, kind, generation, spec, needs, protect, retain }
}

/// Every kind of entry.
pub fn entries() -> Vec<Entry> {
    let at = || address("notify.topic@eu-central-1");
    vec![
        Entry::Used { account: "123456789012".into(), regions: vec!["us-east-1".parse().expect("a region")] },
        Entry::Begin { pending: pending(Call::Create, 4) },
        Entry::Made { address: at(), record: record(3, 4) },
        Entry::Begin { pending: pending(Call::Update, 4) },
        Entry::Cleared { address: at(), generation: 4 },
        Entry::Replaced { address: at(), record: Record { id: "other".parse().expect("an id"), ..record(1, 5) } },
        Entry::Begin { pending: pending(Call::Delete, 4) },
        Entry::Gone { address: at(), generation: 4, id: "shop-3".parse().expect("an id") },
        Entry::Moved { from: address("functions.f0@us-east-1"), to: address("functions.moved@us-east-1") },
        Entry::Forgotten { address: address("functions.moved@us-east-1") },
    ]
}

/// What whole runs leave in their buckets.
async fn places() -> Vec<(Bucket, Option<Bucket>)> {
    let (given_back, _) = ran(false, true).await;
    let (left, _) = ran(false, false).await;
    let taken_over = next(&left).await;
    // Whoever took over died between the seal and the save.
    let mut sealed = left.clone();
    sealed.extend(
        taken_over.iter().filter(|(key, _)| key.contains("/journal/")).map(|(key, it)| (key.clone(), it.clone())),
    );
    let (first, copy) = ran(true, true).await;
    let (first_left, copy_left) = ran(true, false).await;
    vec![(given_back, None), (left, None), (taken_over, None), (sealed, None), (first, copy), (first_left, copy_left)]
}

/// A run with or without a copy, which gives the lock back or dies.
async fn ran(with_copy: bool, gives_back: bool) -> (Bucket, Option<Bucket>) {
    let (first, copy) = (Arc::new(Bin::default()), with_copy.then(|| Arc::new(Bin::default())));
    let store = store(&first, copy.as_ref());
    store.lock(&holder(), Duration::ZERO).await.expect("the lock");
    store.save(&State { serial: 1, ..state(2) }).await.expect("saved");
    let entries = entries();
    for some in entries.chunks(4) {
        store.append(some).await.expect("appended");
    }
    if gives_back {
        store.unlock().await.expect("unlocked");
    }
    (
        first.all().await,
        match copy {
            Some(copy) => Some(copy.all().await),
            None => None,
        },
    )
}

/// Another run takes over from one that died, and dies as well.
async fn next(left: &Bucket) -> Bucket {
    let place = Arc::new(Bin::of(left).await);
    let store = store(&place, None);
    store.lock(&holder(), Duration::ZERO).await.expect("the lock");
    store.append(&entries()[..2]).await.expect("appended");
    place.all().await
}

/// A state as it is once an entry was added.
pub fn with(state: &State, entry: &Entry) -> State {
    let mut state = state.clone();
    state.apply(entry);
    state
}
