//! The whole life of one thing of a kind, and of what it needs.

use std::collections::BTreeMap;
use std::time::Instant;

use futures::future::BoxFuture;
use isobar::catalog::{Catalog, KindInfo};
use isobar::cloud::{Class, Cloud, Live, ReadMode, ReadRequest, Readiness};
use isobar::diff::{self, Change, Effect};
use isobar::kinds::catalog;
use isobar::names::{Address, KindName, Owner, PhysicalId, Scope, StackName};
use isobar::value::{Json, Partial, Target, Template};

use super::emulator::{Emulator, PATIENCE, PAUSE, repeat};
use super::example;
use super::surroundings::Surroundings;

/// What a trial gives, or what is wrong.
pub type Outcome<T> = Result<T, String>;

/// One kind's trial.
pub struct Life<'a> {
    pub(super) emulator: &'a Emulator,
    pub(super) catalog: Catalog,
    pub(super) at: Scope,
    word: String,
    /// Outputs of what the examples refer to, by kind.
    outputs: BTreeMap<KindName, Json>,
    /// Everything made, in order.
    pub(super) made: Vec<(KindName, PhysicalId)>,
    pub(super) surroundings: Surroundings,
}

/// A thing that was made, and what it was told.
pub struct Thing<'k> {
    pub(super) kind: &'k KindInfo,
    pub(super) id: PhysicalId,
    owner: Owner,
    pub(super) sent: Json,
}

impl<'a> Life<'a> {
    /// A trial of a kind that has not begun.
    pub fn new(emulator: &'a Emulator, kind: &KindName) -> Self {
        Self {
            emulator,
            catalog: catalog(),
            at: Scope::In("us-east-1".parse().expect("a region")),
            word: emulator.word(kind.as_str()),
            outputs: BTreeMap::new(),
            made: Vec::new(),
            surroundings: Surroundings::new(&emulator.endpoint),
        }
    }

    /// Made, changed, deleted and made again.
    pub async fn live(&mut self, kind: &KindInfo) -> Outcome<()> {
        let example = example::read(kind.example)?;
        let mut thing = self.make(kind, &example, 1).await.map_err(|fault| format!("EXAMPLE: {fault}"))?;
        self.findable(&thing).await?;
        let mut spec = example;
        for text in kind.changes {
            let next = example::patched(&spec, &example::read(text)?);
            let stays = self.change(&mut thing, &next).await;
            if stays.map_err(|fault| format!("the change `{}`: {fault}", text.trim()))? {
                spec = next;
            }
        }
        self.end(kind, &thing.id).await?;
        self.gone(&thing, ReadMode::Fresh).await?;
        self.gone(&thing, ReadMode::Listed).await?;
        let cloud = &self.emulator.cloud;
        repeat("deleting what is gone", || cloud.delete(&self.at, &kind.name, &thing.id)).await?;
        self.make(kind, &spec, 2).await.map_err(|fault| format!("made again: {fault}"))?;
        Ok(())
    }

    /// Deletes everything that is left; says what could not be deleted.
    pub async fn clear(&mut self) -> Vec<String> {
        let mut faults = Vec::new();
        while let Some((kind, id)) = self.made.pop() {
            let info = self.catalog.get(&kind).cloned();
            if let Some(info) = info
                && let Err(fault) = self.end(&info, &id).await
            {
                faults.push(format!("{kind} {id}: {fault}"));
            }
        }
        faults.extend(self.surroundings.clear().await.err());
        faults
    }

    /// What the core knows of a kind.
    pub(super) fn kind(&self, name: &str) -> Outcome<KindInfo> {
        let name: KindName = name.parse().map_err(|error| format!("{error}"))?;
        self.catalog.get(&name).cloned().ok_or_else(|| format!("no such kind: {name}"))
    }

    /// Makes a thing of this example, and what it refers to before it.
    pub(super) fn make<'s, 'k: 's>(
        &'s mut self,
        kind: &'k KindInfo,
        example: &'s Json,
        generation: u32,
    ) -> BoxFuture<'s, Outcome<Thing<'k>>> {
        Box::pin(async move {
            match kind.name.as_str() {
                "apigateway.Stage" => self.surroundings.allow_logging().await?,
                // An interrupted run may have left one.
                "apigateway.Account" => self.surroundings.set_logging_role("").await?,
                // A cluster that has left never comes back: another one is made.
                "rds.GlobalClusterMember" if generation > 1 => {
                    drop(self.outputs.remove(&"rds.DbCluster".parse().map_err(|error| format!("{error}"))?));
                }
                _ => {}
            }
            let wanted = self.wanted(example).await?;
            let owner = Owner {
                stack: self.emulator.stack.clone(),
                // Of each life its own, so that no token is used twice.
                address: Address::new(format!("try.{}.{}", self.word, kind.name), self.at.clone()),
                generation,
            };
            let cloud = &self.emulator.cloud;
            let id = repeat("create", || cloud.create(&self.at, &kind.name, &wanted, &owner)).await?;
            self.made.push((kind.name.clone(), id.clone()));
            let mut thing = Thing { kind, id, owner, sent: wanted.clone() };
            self.converge(&mut thing, &wanted).await?;
            Ok(thing)
        })
    }

    /// The example with everything filled in that it refers to.
    async fn wanted(&mut self, example: &Json) -> Outcome<Json> {
        for (name, _) in example::references(example)? {
            let name: KindName = name.parse().map_err(|error| format!("{error}"))?;
            if self.outputs.contains_key(&name) {
                continue;
            }
            let info = self.catalog.get(&name).cloned().ok_or_else(|| format!("no such kind: {name}"))?;
            let needed = example::read(info.example)?;
            // Another one of the kind on trial has another name than that.
            let word = self.word.clone();
            if self.made.iter().any(|(kind, _)| *kind == name) {
                self.word.push_str("-other");
            }
            let made = self.make(&info, &needed, 1).await.map(|thing| thing.id);
            self.word = word;
            let id = made.map_err(|fault| format!("{name}, which the example refers to: {fault}"))?;
            let live = self.settled(&info, &id, &needed).await?;
            if name.as_str() == "acm.Certificate" {
                self.surroundings.publish(&live.outputs).await?;
                self.serving(&info, &id, &needed).await?;
            }
            self.outputs.insert(name, live.outputs);
        }
        let own = self.surroundings.placed(example::of_this_run(example, &self.word)).await?;
        let template = Template::parse(&own).map_err(|error| error.to_string())?;
        let known = |reference: &isobar::value::Reference| match &reference.target {
            Target::Written { .. } => {
                let (kind, output) = example::target(&reference.text).ok()?;
                let outputs = self.outputs.get(&kind.parse().ok()?)?;
                output.iter().try_fold(outputs, |value, word| value.get(word)).cloned()
            }
            _ => None,
        };
        let filled = template.fill(&known).finish();
        filled.map_err(|unknown| format!("no such output: {}", unknown.waits_for.join(", ")))
    }

    /// Makes a change in place; false if it takes a replacement, which is not made.
    async fn change(&mut self, thing: &mut Thing<'_>, example: &Json) -> Outcome<bool> {
        let wanted = self.wanted(example).await?;
        let live = self.settled(thing.kind, &thing.id, &wanted).await?;
        let changes = changes(thing.kind, &wanted, &live, &thing.sent);
        if changes.is_empty() {
            return Err("it changes nothing".to_owned());
        }
        if changes.iter().any(|change| change.effect == Effect::Replace) {
            return Ok(false);
        }
        self.converge(thing, &wanted).await?;
        Ok(true)
    }

    /// Updates until nothing differs, and looks at it both ways.
    pub(super) async fn converge(&self, thing: &mut Thing<'_>, wanted: &Json) -> Outcome<()> {
        let cloud = &self.emulator.cloud;
        let (kind, begun) = (thing.kind, Instant::now());
        loop {
            let live = self.settled(kind, &thing.id, wanted).await?;
            let changes = changes(kind, wanted, &live, &thing.sent);
            if changes.is_empty() {
                break;
            }
            if let Some(change) = changes.iter().find(|change| change.effect == Effect::Replace) {
                return Err(format!("it should be replaced: {}", text(change)));
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("it still differs: {}", texts(&changes)));
            }
            let from = diff::managed_part(&kind.spec, wanted, &live.spec, Some(&thing.sent));
            repeat("update", || cloud.update(&self.at, &kind.name, &thing.id, &from, wanted)).await?;
            // Keys of before stay ours until they are gone.
            thing.sent = united(&thing.sent, wanted);
        }
        thing.sent = wanted.clone();
        let live = self.surveyed(kind, &thing.id, wanted).await?.ok_or("a survey does not see it")?;
        let changes = changes(kind, wanted, &live, &thing.sent);
        if changes.is_empty() { Ok(()) } else { Err(format!("a survey sees differences: {}", texts(&changes))) }
    }

    /// What is there once AWS is no longer at work on it.
    pub(super) async fn settled(&self, kind: &KindInfo, id: &PhysicalId, spec: &Json) -> Outcome<Live> {
        let begun = Instant::now();
        loop {
            let live = self.read(kind, id, spec, ReadMode::Fresh).await?.ok_or("it is not there")?;
            match &live.readiness {
                Readiness::Failed(why) => return Err(format!("it failed: {why}")),
                Readiness::Pending(why) if begun.elapsed() > PATIENCE => {
                    return Err(format!("it stays pending: {why}"));
                }
                Readiness::Pending(_) => tokio::time::sleep(PAUSE).await,
                Readiness::Configured(_) | Readiness::Serving => return Ok(live),
            }
        }
    }

    /// Waits until it serves.
    pub(super) async fn serving(&self, kind: &KindInfo, id: &PhysicalId, spec: &Json) -> Outcome<()> {
        let begun = Instant::now();
        loop {
            match self.settled(kind, id, spec).await?.readiness {
                Readiness::Configured(why) if begun.elapsed() > PATIENCE => {
                    return Err(format!("it does not come to serve: {why}"));
                }
                Readiness::Configured(_) => tokio::time::sleep(PAUSE).await,
                _ => return Ok(()),
            }
        }
    }

    async fn surveyed(&self, kind: &KindInfo, id: &PhysicalId, spec: &Json) -> Outcome<Option<Live>> {
        self.emulator.cloud.start_survey();
        // The second time the answers may come from what the first has read.
        let first = self.read(kind, id, spec, ReadMode::Listed).await?;
        let second = self.read(kind, id, spec, ReadMode::Listed).await?;
        // What it is must be the same; how far it has come may be further.
        let what = |live: &Option<Live>| live.clone().map(|live| (live.spec, live.outputs));
        if what(&first) == what(&second) {
            Ok(second)
        } else {
            Err(format!("two reads of one survey differ: {first:?}, {second:?}"))
        }
    }

    /// Reads it alone and among others of its kind, which must not differ.
    async fn read(&self, kind: &KindInfo, id: &PhysicalId, spec: &Json, care: ReadMode) -> Outcome<Option<Live>> {
        let ask = ReadRequest::new(id.clone(), spec);
        let cloud = &self.emulator.cloud;
        let count = if care == ReadMode::Listed { 3 } else { 1 };
        let alone = repeat("read", || cloud.read(&self.at, &kind.name, std::slice::from_ref(&ask), care)).await?;
        let asks = vec![ask.clone(); count];
        let many = repeat("read of many", || cloud.read(&self.at, &kind.name, &asks, care)).await?;
        if many.len() != count || alone.len() != 1 {
            return Err(format!("{count} asks, {} answers", many.len()));
        }
        let there = |found: &Option<Live>| found.is_some();
        let agrees = |alone: &[Option<Live>]| many.iter().map(there).eq(std::iter::repeat_n(there(&alone[0]), count));
        if !agrees(&alone) {
            // It may have gone in between.
            let again = repeat("read", || cloud.read(&self.at, &kind.name, std::slice::from_ref(&ask), care)).await?;
            if again.len() != 1 || !agrees(&again) {
                return Err("alone and among others it is there and not there".to_owned());
            }
        }
        Ok(many.into_iter().next().flatten())
    }

    /// Found by its owner, and by nobody else.
    async fn findable(&self, thing: &Thing<'_>) -> Outcome<()> {
        let (cloud, kind) = (&self.emulator.cloud, &thing.kind.name);
        let found = repeat("find", || cloud.find(&self.at, kind, &thing.owner, &thing.sent)).await?;
        if found.as_ref() != Some(&thing.id) {
            return Err(format!("its owner finds {found:?}, not {}", thing.id));
        }
        if thing.kind.spec.at(["tags"]).is_none() {
            // Nothing on it tells whose it is: it is known by what it says, to whoever would say the same.
            return Ok(());
        }
        let stack: StackName = "somebodyelse".parse().map_err(|error| format!("{error}"))?;
        let other = Owner { stack, ..thing.owner.clone() };
        match cloud.find(&self.at, kind, &other, &thing.sent).await {
            Ok(None) => Ok(()),
            Err(error) if error.class == Class::NotOwned => Ok(()),
            Ok(Some(id)) => Err(format!("another owner claims {id}")),
            Err(error) => Err(format!("another owner's find: {error}")),
        }
    }

    /// Deletes until nothing is there.
    async fn end(&mut self, kind: &KindInfo, id: &PhysicalId) -> Outcome<()> {
        let cloud = &self.emulator.cloud;
        let begun = Instant::now();
        loop {
            repeat("delete", || cloud.delete(&self.at, &kind.name, id)).await?;
            if self.read(kind, id, &Json::Null, ReadMode::Fresh).await?.is_none() {
                break;
            }
            if begun.elapsed() > PATIENCE {
                return Err("delete works, but it stays".to_owned());
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.made.retain(|(made, there)| *made != kind.name || there != id);
        Ok(())
    }

    async fn gone(&self, thing: &Thing<'_>, care: ReadMode) -> Outcome<()> {
        self.emulator.cloud.start_survey();
        match self.read(thing.kind, &thing.id, &thing.sent, care).await? {
            None => Ok(()),
            Some(_) => Err(format!("deleted, but still there on a read ({care:?})")),
        }
    }
}

fn changes(kind: &KindInfo, wanted: &Json, live: &Live, sent: &Json) -> Vec<Change> {
    diff::changes(&kind.spec, &Partial::from_json(wanted), &live.spec, Some(sent))
}

fn texts(changes: &[Change]) -> String {
    changes.iter().map(text).collect::<Vec<_>>().join("; ")
}

fn text(change: &Change) -> String {
    let to = change.to.with_placeholders(&mut |_| Json::from("?"));
    format!("{} {} -> {to}", change.path, change.from)
}

/// Both, and of fields that are in both the second's.
fn united(one: &Json, other: &Json) -> Json {
    match (one, other) {
        (Json::Object(one), Json::Object(other)) => {
            let mut all = one.clone();
            for (key, value) in other {
                let value = one.get(key).map_or_else(|| value.clone(), |before| united(before, value));
                all.insert(key.clone(), value);
            }
            Json::Object(all)
        }
        _ => other.clone(),
    }
}
