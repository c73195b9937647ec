//! A strict cloud in memory: it refuses what AWS would refuse, and takes a number of reads for what takes AWS time.
//!
//! It knows nothing of single kinds, only their shapes. Strict means: a spec must fit its shape,
//! what is referred to must be there and no longer pending, a unique name is unique, a fixed field
//! stays, nothing in use is deleted, nothing is changed while it is being changed.

mod faults;
mod rules;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::future::BoxFuture;

pub use faults::{Fault, FaultKind};
use rules::{fits, of_kind, outputs, refusal, same_name, settled_references};

use super::{Class, Cloud, CloudError, Live, ReadMode, ReadRequest, Readiness, Tagged};
use crate::catalog::{Catalog, KindInfo, SchemaType};
use crate::diff::{self, Effect};
use crate::names::{KindName, Owner, PhysicalId, Region, Scope, StackName};
use crate::value::{Json, Partial};

/// A strict cloud in memory.
pub struct FakeCloud {
    catalog: Catalog,
    /// Number of reads for which a resource stays pending after each change.
    pub slowness: u32,
    inner: Mutex<Inner>,
    died: tokio::sync::watch::Sender<bool>,
}

#[derive(Default)]
struct Inner {
    things: BTreeMap<(Scope, KindName, PhysicalId), Thing>,
    made: u64,
    calls: BTreeMap<&'static str, u64>,
    /// Calls that change something, so far.
    changes: u64,
    faults: Vec<Fault>,
    /// Numbers of searches that fail, and that find nothing though it is there.
    failing_finds: u32,
    blind_finds: u32,
    /// Number of reads of single resources that find nothing though it is there.
    blind_reads: u32,
    /// The scope in which nothing answers.
    lost: Option<Region>,
    dead: bool,
}

#[derive(Debug, Clone)]
struct Thing {
    spec: Json,
    owner: Owner,
    pending: u32,
    leaving: bool,
    failed: bool,
}

impl Inner {
    fn reach(&self, at: &Scope, kind: &KindName) -> Result<(), CloudError> {
        let lost = self.lost.is_some() && at.region() == self.lost.as_ref();
        if lost { Err(refusal(Class::Unreachable, kind, "nothing answers")) } else { Ok(()) }
    }
}

type Answer<'a, T> = BoxFuture<'a, Result<T, CloudError>>;

impl FakeCloud {
    /// An empty cloud that knows these kinds.
    pub fn new(catalog: Catalog) -> Self {
        Self { catalog, slowness: 1, inner: Mutex::default(), died: tokio::sync::watch::channel(false).0 }
    }

    /// Returns when a fault has killed the caller.
    pub async fn died(&self) {
        // The sender is ours: it cannot be gone.
        let _ = self.died.subscribe().wait_for(|died| *died).await;
    }

    /// Number of calls that changed something since the last [`break_with`](Self::break_with).
    pub fn changes(&self) -> u64 {
        self.inner().changes
    }

    /// Number of calls of each sort.
    pub fn calls(&self) -> BTreeMap<&'static str, u64> {
        self.inner().calls.clone()
    }

    /// Everything there is: address, kind and generation as the owner has them.
    pub fn inventory(&self) -> Vec<String> {
        let inner = self.inner();
        let lines = inner
            .things
            .iter()
            .map(|((_, kind, _), thing)| format!("{} {kind} {}", thing.owner.address, thing.owner.generation));
        let mut lines: Vec<String> = lines.collect();
        lines.sort();
        lines
    }

    /// The spec of what was made at an address.
    ///
    /// # Panics
    /// If there is nothing.
    pub fn spec(&self, address: &str) -> Json {
        let inner = self.inner();
        let made = inner.things.values().find(|thing| thing.owner.address.to_string() == address);
        made.unwrap_or_else(|| panic!("nothing was made at {address}")).spec.clone()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn info(&self, kind: &KindName) -> Result<&KindInfo, CloudError> {
        self.catalog.get(kind).ok_or_else(|| refusal(Class::Invalid, kind, "no such kind"))
    }

    /// Does work that changes something, with the fault that is due before or after it.
    fn change<'a, T: Send + 'a>(
        &'a self,
        name: &'static str,
        kind: &'a KindName,
        work: impl FnOnce(&mut Inner) -> Result<T, CloudError> + Send + 'a,
    ) -> Answer<'a, T> {
        Box::pin(async move {
            let result = {
                let mut inner = self.inner();
                *inner.calls.entry(name).or_default() += 1;
                inner.changes += 1;
                let fault = inner.faults.iter().find(|fault| fault.nth == inner.changes).cloned();
                match fault {
                    _ if inner.dead => None,
                    None => Some(work(&mut inner)),
                    Some(fault) => {
                        let done = if fault.after { Some(work(&mut inner)) } else { None };
                        match fault.kind {
                            FaultKind::Dies => {
                                inner.dead = true;
                                None
                            }
                            // A call that AWS refuses by itself is refused, whatever befalls the answer.
                            FaultKind::Fails(class) => Some(match done {
                                Some(Err(refused)) => Err(refused),
                                _ => Err(CloudError {
                                    maybe_done: matches!(class, Class::Server | Class::TimedOut | Class::Unreachable),
                                    ..refusal(class, kind, "a fault")
                                }),
                            }),
                        }
                    }
                }
            };
            if let Some(result) = result {
                result
            } else {
                self.died.send_replace(true);
                std::future::pending().await
            }
        })
    }

    fn live(&self, key: &(Scope, KindName, PhysicalId), thing: &Thing) -> Result<Live, CloudError> {
        let info = self.info(&key.1)?;
        let readiness = match thing.pending {
            0 if thing.failed => Readiness::Failed("it broke".into()),
            0 => Readiness::Serving,
            _ => Readiness::Pending("in the works".into()),
        };
        let mut spec = thing.spec.clone();
        if let (SchemaType::Object(fields), Json::Object(map)) = (&info.spec.schema_type, &mut spec) {
            for (name, field) in fields {
                if field.shape.annotations.compare == crate::catalog::Compare::Sha256
                    && let Some(value) = map.get_mut(name).filter(|value| !value.is_null())
                {
                    *value = crate::value::fingerprint(value).into();
                }
            }
        }
        Ok(Live::new(spec, outputs(info, &key.2, &thing.spec), readiness))
    }
}

impl Cloud for FakeCloud {
    fn account(&self) -> Answer<'_, String> {
        Box::pin(async { Ok("000000000000".to_owned()) })
    }

    fn tagged<'a>(&'a self, stack: &'a StackName, regions: &'a [Region]) -> Answer<'a, Vec<Tagged>> {
        Box::pin(async move {
            let inner = self.inner();
            let things = inner.things.iter().filter(|((at, ..), thing)| {
                thing.owner.stack == *stack && at.region().is_none_or(|region| regions.contains(region))
            });
            let tagged = things.map(|((_, _, id), thing)| Tagged {
                arn: id.to_string(),
                address: Some(thing.owner.address.clone()),
                generation: Some(thing.owner.generation),
            });
            Ok(tagged.collect())
        })
    }

    fn read<'a>(
        &'a self,
        at: &'a Scope,
        kind: &'a KindName,
        requests: &'a [ReadRequest],
        _care: ReadMode,
    ) -> Answer<'a, Vec<Option<Live>>> {
        Box::pin(async move {
            let mut inner = self.inner();
            *inner.calls.entry("read").or_default() += 1;
            inner.reach(at, kind)?;
            let mut lives = Vec::new();
            for request in requests {
                if inner.blind_reads > 0 {
                    inner.blind_reads -= 1;
                    lives.push(None);
                    continue;
                }
                let key = (at.clone(), kind.clone(), request.id.clone());
                let Some(thing) = inner.things.get_mut(&key) else {
                    lives.push(None);
                    continue;
                };
                let seen = thing.clone();
                if thing.pending > 0 {
                    thing.pending -= 1;
                    if thing.pending == 0 && thing.leaving {
                        inner.things.remove(&key);
                    }
                }
                lives.push(Some(self.live(&key, &seen)?));
            }
            Ok(lives)
        })
    }

    fn find<'a>(
        &'a self,
        at: &'a Scope,
        kind: &'a KindName,
        owner: &'a Owner,
        spec: &'a Json,
    ) -> Answer<'a, Option<PhysicalId>> {
        Box::pin(async move {
            let mut inner = self.inner();
            *inner.calls.entry("find").or_default() += 1;
            inner.reach(at, kind)?;
            let info = self.info(kind)?;
            // The searches of a first plan come before anything was made.
            if inner.made > 0 && inner.failing_finds > 0 {
                inner.failing_finds -= 1;
                return Err(refusal(Class::Throttled, kind, "too many calls"));
            }
            if inner.made > 0 && inner.blind_finds > 0 {
                inner.blind_finds -= 1;
                return Ok(None);
            }
            // The newest first: it is the one that stands if any generation is looked for.
            let mut things: Vec<_> = of_kind(&inner.things, at, kind).filter(|(_, thing)| !thing.leaving).collect();
            things.sort_by_key(|(_, thing)| std::cmp::Reverse(thing.owner.generation));
            for ((_, _, id), thing) in things {
                let any = Owner { generation: 0, ..thing.owner.clone() };
                if thing.owner == *owner || any == *owner {
                    return Ok(Some(id.clone()));
                }
                if same_name(info, &thing.spec, spec) {
                    let ours = thing.owner.stack == owner.stack && thing.owner.address == owner.address;
                    return if ours {
                        Ok(Some(id.clone()))
                    } else {
                        let held_by = (thing.owner.stack == owner.stack).then(|| thing.owner.address.clone());
                        let refused = refusal(Class::NotOwned, kind, "not managed by this stack");
                        Err(CloudError { held_by, ..refused })
                    };
                }
            }
            Ok(None)
        })
    }

    fn lookup<'a>(&'a self, at: &'a Scope, kind: &'a KindName, query: &'a Json) -> Answer<'a, Option<PhysicalId>> {
        Box::pin(async move {
            let inner = self.inner();
            let fits = |thing: &Thing| {
                query
                    .as_object()
                    .is_some_and(|query| query.iter().all(|(name, value)| thing.spec.get(name) == Some(value)))
            };
            Ok(of_kind(&inner.things, at, kind).find(|(_, thing)| fits(thing)).map(|((_, _, id), _)| id.clone()))
        })
    }

    fn create<'a>(
        &'a self,
        at: &'a Scope,
        kind: &'a KindName,
        spec: &'a Json,
        owner: &'a Owner,
    ) -> Answer<'a, PhysicalId> {
        self.change("create", kind, move |inner| {
            let info = self.info(kind)?;
            fits(info, spec)?;
            settled_references(inner, spec, kind)?;
            if of_kind(&inner.things, at, kind).any(|(_, thing)| same_name(info, &thing.spec, spec)) {
                return Err(refusal(Class::Exists, kind, "a thing of this name exists"));
            }
            inner.made += 1;
            let id = PhysicalId::new(format!("{}-{}", kind.as_str().replace('.', "-").to_lowercase(), inner.made));
            let thing = Thing {
                spec: spec.clone(),
                owner: owner.clone(),
                pending: self.slowness,
                leaving: false,
                failed: false,
            };
            inner.things.insert((at.clone(), kind.clone(), id.clone()), thing);
            Ok(id)
        })
    }

    fn tag_as_owned<'a>(
        &'a self,
        at: &'a Scope,
        kind: &'a KindName,
        id: &'a PhysicalId,
        _spec: &'a Json,
        owner: &'a Owner,
    ) -> Answer<'a, ()> {
        self.change("tag_as_owned", kind, move |inner| {
            let thing = inner.things.get_mut(&(at.clone(), kind.clone(), id.clone()));
            let thing = thing.ok_or_else(|| refusal(Class::NotFound, kind, "it is not there"))?;
            thing.owner = owner.clone();
            Ok(())
        })
    }

    fn update<'a>(
        &'a self,
        at: &'a Scope,
        kind: &'a KindName,
        id: &'a PhysicalId,
        _from: &'a Json,
        to: &'a Json,
    ) -> Answer<'a, ()> {
        self.change("update", kind, move |inner| {
            let info = self.info(kind)?;
            fits(info, to)?;
            settled_references(inner, to, kind)?;
            let slowness = self.slowness;
            let thing = inner.things.get_mut(&(at.clone(), kind.clone(), id.clone()));
            let thing = thing.ok_or_else(|| refusal(Class::NotFound, kind, "it is not there"))?;
            if thing.pending > 0 {
                return Err(refusal(Class::Conflict, kind, "it is being changed"));
            }
            let changes = diff::changes(&info.spec, &Partial::from_json(to), &thing.spec, Some(&thing.spec));
            if changes.iter().any(|change| change.effect == Effect::Replace) {
                return Err(refusal(Class::Invalid, kind, "this cannot be changed"));
            }
            if let (Json::Object(now), Json::Object(to)) = (&mut thing.spec, to) {
                now.extend(
                    to.iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| (key.clone(), value.clone())),
                );
            }
            thing.pending = slowness;
            thing.failed = false;
            Ok(())
        })
    }

    fn delete<'a>(&'a self, at: &'a Scope, kind: &'a KindName, id: &'a PhysicalId) -> Answer<'a, ()> {
        self.change("delete", kind, move |inner| {
            let key = (at.clone(), kind.clone(), id.clone());
            let mark = format!("/{id}/");
            let used = |thing: &Thing| thing.spec.to_string().contains(&mark);
            if let Some((other, _)) = inner.things.iter().find(|(other, thing)| **other != key && used(thing)) {
                return Err(refusal(Class::Conflict, kind, &format!("{id} is in use by {}", other.2)));
            }
            let Some(thing) = inner.things.get_mut(&key) else { return Ok(()) };
            if self.slowness == 0 {
                inner.things.remove(&key);
            } else {
                thing.leaving = true;
                thing.pending = self.slowness;
            }
            Ok(())
        })
    }
}
