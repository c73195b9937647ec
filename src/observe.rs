//! Observation: reads of everything the stack knows of, batched by kind and scope, all batches at once.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;

use crate::cloud::{Class, Cloud, CloudError, Live, ReadMode, ReadRequest};
use crate::names::{Address, KindName, Owner, PhysicalId, Scope};
use crate::state::entry::{Entry, Move};
use crate::value::Json;

/// The cloud as it was read.
#[derive(Debug, Default)]
pub struct Observed {
    /// The resource at each address that was read; `None` if there is none.
    pub live: BTreeMap<Address, Option<Live>>,
    /// Physical ids of existing resources (`existing:`).
    pub existing: BTreeMap<Address, PhysicalId>,
    /// Searches for resources that are not in the state.
    pub found: BTreeMap<Address, SearchResult>,
    /// Addresses whose reading is exact.
    pub exact: BTreeSet<Address>,
    /// Addresses at which something stood that is gone.
    pub gone: BTreeSet<Address>,
    /// Resources beside what stands at their address: old halves of replacements, and retained ones. `None` if it is gone.
    pub aside: BTreeMap<(Address, PhysicalId), Option<Live>>,
}

/// The result of a search for a resource of ours.
#[derive(Debug, Clone, PartialEq)]
pub enum SearchResult {
    /// There is none.
    Nothing,
    /// It is there, and ours.
    Ours(PhysicalId),
    /// A resource of its name is somebody else's.
    NotOwned(CloudError),
}

/// One resource to be read.
#[derive(Debug, Clone)]
pub struct ReadTarget {
    /// Its address.
    pub address: Address,
    /// Its kind.
    pub kind: KindName,
    /// Its physical id.
    pub id: PhysicalId,
    /// The spec, which tells which fields are managed.
    pub spec: Json,
}

/// One resource to be searched for.
#[derive(Debug, Clone)]
pub struct Search {
    /// Its address.
    pub address: Address,
    /// Its kind.
    pub kind: KindName,
    /// Its owner.
    pub owner: Owner,
    /// The addresses that its block had before: tags tell the one under which it was made.
    pub former: Vec<Address>,
    /// Its spec.
    pub spec: Json,
}

/// An address and the error of reading it.
pub type ReadFailure = (Address, CloudError);

impl Search {
    /// The resource of this owner, by its address or by one that it had before.
    async fn find(&self, cloud: &dyn Cloud) -> Result<Option<PhysicalId>, CloudError> {
        let is_nothing =
            |found: &Result<_, CloudError>| matches!(found, Ok(None) | Err(CloudError { class: Class::NotOwned, .. }));
        let now = cloud.find(&self.address.at, &self.kind, &self.owner, &self.spec).await;
        if !is_nothing(&now) {
            return now;
        }
        for address in &self.former {
            let owner = Owner { address: address.clone(), ..self.owner.clone() };
            let found = cloud.find(&self.address.at, &self.kind, &owner, &self.spec).await;
            if !is_nothing(&found) {
                return found;
            }
        }
        now
    }
}

impl Observed {
    /// Reads these, one call per kind and scope where AWS allows. Every failure is reported, not just the first.
    pub async fn read(
        &mut self,
        cloud: &dyn Cloud,
        targets: &[ReadTarget],
        mode: ReadMode,
    ) -> Result<(), Vec<ReadFailure>> {
        let mut groups: BTreeMap<(&Scope, &KindName), Vec<&ReadTarget>> = BTreeMap::new();
        for target in targets {
            groups.entry((&target.address.at, &target.kind)).or_default().push(target);
        }
        let reads = groups.into_iter().map(|((at, kind), group)| async move {
            let requests: Vec<ReadRequest> =
                group.iter().map(|target| ReadRequest::new(target.id.clone(), &target.spec)).collect();
            let read = cloud.read(at, kind, &requests, mode).await;
            (group, read)
        });
        let mut failures = Vec::new();
        for (group, read) in join_all(reads).await {
            match read {
                Ok(lives) => {
                    for (target, live) in group.into_iter().zip(lives) {
                        self.live.insert(target.address.clone(), live);
                        if mode == ReadMode::Fresh {
                            self.exact.insert(target.address.clone());
                        }
                    }
                }
                Err(error) => failures.extend(group.into_iter().map(|target| (target.address.clone(), error.clone()))),
            }
        }
        if failures.is_empty() { Ok(()) } else { Err(failures) }
    }

    /// Reads these beside what stands at their addresses, each once.
    pub async fn read_aside(&mut self, cloud: &dyn Cloud, targets: Vec<ReadTarget>) -> Result<(), Vec<ReadFailure>> {
        let key = |target: &ReadTarget| (target.address.clone(), target.id.clone());
        let targets: Vec<ReadTarget> = targets.into_iter().filter(|one| !self.aside.contains_key(&key(one))).collect();
        for target in targets {
            let mut seen = Self::default();
            seen.read(cloud, std::slice::from_ref(&target), ReadMode::Fresh).await?;
            self.aside.insert(key(&target), seen.live.remove(&target.address).flatten());
        }
        Ok(())
    }

    /// Searches for these, all at once.
    pub async fn search(&mut self, cloud: &dyn Cloud, searches: &[Search]) -> Result<(), Vec<ReadFailure>> {
        let all = searches.iter().map(|search| async move { (search.address.clone(), search.find(cloud).await) });
        let mut failures = Vec::new();
        for (address, found) in join_all(all).await {
            match found {
                Ok(None) => drop(self.found.insert(address, SearchResult::Nothing)),
                Ok(Some(id)) => drop(self.found.insert(address, SearchResult::Ours(id))),
                Err(error) if error.class == Class::NotOwned => {
                    self.found.insert(address, SearchResult::NotOwned(error));
                }
                Err(error) => failures.push((address, error)),
            }
        }
        if failures.is_empty() { Ok(()) } else { Err(failures) }
    }

    /// Forgets the readings of what was found to be gone, so that what comes in its place is looked at anew.
    pub fn forget(&mut self, gone: &[Entry]) {
        for entry in gone {
            if let Entry::Gone { address, .. } = entry {
                self.live.remove(address);
                self.exact.remove(address);
                self.gone.insert(address.clone());
            }
        }
    }

    /// Takes the readings along to new addresses, which may be each other's.
    pub fn rename(&mut self, moves: &[Move]) {
        let live: Vec<_> = moves.iter().map(|one| self.live.remove(&one.from)).collect();
        let exact: Vec<bool> = moves.iter().map(|one| self.exact.remove(&one.from)).collect();
        for ((one, live), exact) in moves.iter().zip(live).zip(exact) {
            self.found.remove(&one.to);
            self.exact.remove(&one.to);
            self.live.remove(&one.to);
            self.live.extend(live.map(|live| (one.to.clone(), live)));
            self.exact.extend(exact.then(|| one.to.clone()));
        }
    }

    /// The resource at an address, if it was read and exists.
    pub fn live(&self, address: &Address) -> Option<&Live> {
        self.live.get(address).and_then(Option::as_ref)
    }
}
