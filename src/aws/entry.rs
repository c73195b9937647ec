//! The adapter between typed kinds and the JSON door.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use tokio::sync::{OnceCell, Semaphore};

use super::Result;
use super::clients::{Connection, Manner};
use super::cx::{Cx, Memo};
use crate::catalog::{Catalog, KindInfo, Shape};
use crate::cloud::{Ask, Care, Class, Cloud, CloudError, Live, Tagged};
use crate::kinds::{self, Kind};
use crate::names::{
    KindName, Owner, PhysicalId, Region, Scope, StackName, TAG_ADDRESS, TAG_GENERATION, address_of_tag,
};
use crate::value::Json;

/// A kind without its types: one row of the table of kinds.
pub struct Entry {
    /// What the core knows of it.
    pub info: KindInfo,
    door: Box<dyn Door>,
}

/// Everything the core knows of every kind.
pub fn catalog() -> Catalog {
    Catalog::new(kinds::all().into_iter().map(|entry| entry.info))
}

impl Entry {
    /// The row of a kind.
    ///
    /// # Panics
    /// If the kind's name or schema is beyond what the core understands; the test over all kinds sees to that.
    pub fn of<K: Kind>() -> Self {
        let schema = schemars::schema_for!(K::Spec).to_value();
        let outputs = schemars::schema_for!(K::Outputs).to_value();
        let shape = |schema: &Json| Shape::from_schema(schema).unwrap_or_else(|error| panic!("{}: {error}", K::NAME));
        let info = KindInfo {
            name: K::NAME.parse().unwrap_or_else(|error| panic!("{error}")),
            about: K::ABOUT.to_owned(),
            spec: shape(&schema),
            outputs: shape(&outputs),
            example: K::EXAMPLE,
            changes: K::CHANGES,
            schema,
            deadline: K::DEADLINE,
            holds_data: K::HOLDS_DATA,
            replace_failed: K::REPLACE_FAILED,
            delete_first: K::DELETE_FIRST,
            repeatable: K::REPEATABLE,
            tagged_later: K::TAGGED_LATER,
            named_by: K::NAMED_BY,
            check: check_spec::<K>,
        };
        Self { info, door: Box::new(Typed::<K>(PhantomData)) }
    }
}

fn check_spec<K: Kind>(spec: &Json) -> std::result::Result<Vec<String>, String> {
    let spec: K::Spec = serde_json::from_value(spec.clone()).map_err(|error| error.to_string())?;
    Ok(K::check(&spec))
}

/// A kind's calls, speaking JSON.
trait Door: Send + Sync {
    fn read<'a>(&'a self, cx: &'a Cx, asks: &'a [Ask]) -> BoxFuture<'a, Result<Vec<Option<Live>>>>;
    fn find<'a>(&'a self, cx: &'a Cx, owner: &'a Owner, spec: &'a Json) -> BoxFuture<'a, Result<Option<PhysicalId>>>;
    fn lookup<'a>(&'a self, cx: &'a Cx, query: &'a Json) -> BoxFuture<'a, Result<Option<PhysicalId>>>;
    fn create<'a>(&'a self, cx: &'a Cx, spec: &'a Json, owner: &'a Owner) -> BoxFuture<'a, Result<PhysicalId>>;
    fn claim<'a>(
        &'a self,
        cx: &'a Cx,
        id: &'a PhysicalId,
        spec: &'a Json,
        owner: &'a Owner,
    ) -> BoxFuture<'a, Result<()>>;
    fn update<'a>(&'a self, cx: &'a Cx, id: &'a PhysicalId, from: &'a Json, to: &'a Json) -> BoxFuture<'a, Result<()>>;
    fn delete<'a>(&'a self, cx: &'a Cx, id: &'a PhysicalId) -> BoxFuture<'a, Result<()>>;
}

struct Typed<K: Kind>(PhantomData<K>);

impl<K: Kind> Typed<K> {
    fn spec(json: &Json) -> Result<K::Spec> {
        serde_json::from_value(json.clone())
            .map_err(|error| CloudError::stated(Class::Invalid, K::NAME, format!("the properties do not fit: {error}")))
    }
}

impl<K: Kind> Door for Typed<K> {
    fn read<'a>(&'a self, cx: &'a Cx, asks: &'a [Ask]) -> BoxFuture<'a, Result<Vec<Option<Live>>>> {
        Box::pin(async move {
            let found = K::read(cx, asks).await.map_err(refine::<K>)?;
            found.into_iter().map(|one| one.map(live_of).transpose()).collect()
        })
    }

    fn find<'a>(&'a self, cx: &'a Cx, owner: &'a Owner, spec: &'a Json) -> BoxFuture<'a, Result<Option<PhysicalId>>> {
        Box::pin(async move { K::find(cx, owner, &Self::spec(spec)?).await.map_err(refine::<K>) })
    }

    fn lookup<'a>(&'a self, cx: &'a Cx, query: &'a Json) -> BoxFuture<'a, Result<Option<PhysicalId>>> {
        Box::pin(async move { K::lookup(cx, query).await.map_err(refine::<K>) })
    }

    fn create<'a>(&'a self, cx: &'a Cx, spec: &'a Json, owner: &'a Owner) -> BoxFuture<'a, Result<PhysicalId>> {
        Box::pin(async move { K::create(cx, &Self::spec(spec)?, owner).await.map_err(refine::<K>) })
    }

    fn claim<'a>(
        &'a self,
        cx: &'a Cx,
        id: &'a PhysicalId,
        spec: &'a Json,
        owner: &'a Owner,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { K::claim(cx, id, &Self::spec(spec)?, owner).await.map_err(refine::<K>) })
    }

    fn update<'a>(&'a self, cx: &'a Cx, id: &'a PhysicalId, from: &'a Json, to: &'a Json) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { K::update(cx, id, &Self::spec(from)?, &Self::spec(to)?).await.map_err(refine::<K>) })
    }

    fn delete<'a>(&'a self, cx: &'a Cx, id: &'a PhysicalId) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            match K::delete(cx, id).await.map_err(refine::<K>) {
                Err(error) if error.class == Class::NotFound => Ok(()),
                other => other,
            }
        })
    }
}

fn live_of<K: Kind>(found: kinds::Found<K>) -> Result<Live> {
    let json = |result: serde_json::Result<Json>| {
        result.map_err(|error| CloudError::stated(Class::Other, K::NAME, error.to_string()))
    };
    let mut spec = json(serde_json::to_value(&found.spec))?;
    let mut outputs = json(serde_json::to_value(&found.outputs))?;
    for fields in [&mut spec, &mut outputs].into_iter().filter_map(Json::as_object_mut) {
        fields.retain(|name, _| !found.unseen.contains(&name.as_str()));
    }
    Ok(Live { spec, outputs, readiness: found.readiness })
}

/// A kind's own reading of error codes, before the common one.
fn refine<K: Kind>(error: CloudError) -> CloudError {
    let fits = |rules: &[&str]| {
        rules.iter().any(|rule| match rule.split_once(": ") {
            Some((code, words)) => error.code == code && error.message.contains(words),
            None => error.code == *rule,
        })
    };
    // What the kind itself has called "not yet" stays so, whatever its code means to other calls.
    let class = if error.class == Class::NotYet || fits(K::NOT_YET) {
        Class::NotYet
    } else if fits(K::NOT_FOUND) {
        Class::NotFound
    } else if fits(K::EXISTS) {
        Class::Exists
    } else if fits(K::CONFLICT) {
        Class::Conflict
    } else {
        error.class
    };
    CloudError { class, ..error }
}

/// AWS, behind the door.
pub struct AwsCloud {
    connection: Arc<Connection>,
    account: Arc<OnceCell<String>>,
    kinds: BTreeMap<KindName, Entry>,
    memo: Mutex<Memo>,
    lanes: Mutex<HashMap<(String, Region), Arc<Semaphore>>>,
}

/// How many operations of one service run at once in one region. Services whose limits count for
/// the whole account are called in the home region, so that they have one lane.
const LANES: &[(&str, usize)] = &[("route53", 4), ("iam", 6), ("apigateway", 4), ("cloudwatch", 3)];
const LANE: usize = 8;

impl AwsCloud {
    /// The door over a connection.
    pub fn new(connection: Arc<Connection>) -> Self {
        Self {
            connection,
            account: Arc::default(),
            kinds: kinds::all().into_iter().map(|entry| (entry.info.name.clone(), entry)).collect(),
            memo: Mutex::default(),
            lanes: Mutex::default(),
        }
    }

    fn cx(&self, at: &Scope, care: Care, manner: Manner) -> Cx {
        let memo = self.memo.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Cx::new(self.connection.clone(), self.account.clone(), at, care, manner, memo)
    }

    fn door(&self, kind: &KindName) -> Result<&dyn Door> {
        let entry = self.kinds.get(kind).map(|entry| entry.door.as_ref());
        entry.ok_or_else(|| CloudError::stated(Class::Invalid, kind.as_str(), "no such kind"))
    }

    /// Waits for a place among the operations of this service and region.
    async fn lane(&self, kind: &KindName, cx: &Cx) -> Option<tokio::sync::OwnedSemaphorePermit> {
        let service = kind.service();
        let region = if matches!(service, "iam" | "route53") { self.connection.home() } else { cx.region() };
        let lane = {
            let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
            let width = LANES.iter().find(|(name, _)| *name == service).map_or(LANE, |(_, width)| *width);
            lanes.entry((service.to_owned(), region.clone())).or_insert_with(|| Arc::new(Semaphore::new(width))).clone()
        };
        lane.acquire_owned().await.ok()
    }
}

impl Cloud for AwsCloud {
    fn account(&self) -> BoxFuture<'_, Result<String>> {
        Box::pin(async {
            let cx = self.cx(&Scope::Global, Care::Exact, Manner::Repeat);
            cx.account().await.map(str::to_owned)
        })
    }

    fn start_survey(&self) {
        *self.memo.lock().unwrap_or_else(PoisonError::into_inner) = Memo::default();
    }

    fn tagged<'a>(&'a self, stack: &'a StackName, regions: &'a [Region]) -> BoxFuture<'a, Result<Vec<Tagged>>> {
        Box::pin(async move {
            let mut regions: Vec<Scope> = regions.iter().cloned().map(Scope::In).collect();
            regions.extend(Some(Scope::Global).filter(|_| {
                let home = self.connection.home();
                !regions.iter().any(|at| at.region() == Some(home))
            }));
            let all = regions.iter().map(|at| async move {
                let cx = self.cx(at, Care::Exact, Manner::Repeat);
                cx.tagged(stack).await
            });
            let found = futures::future::try_join_all(all).await?;
            let all = found.into_iter().flatten().map(|(arn, tags)| Tagged {
                address: tags.get(TAG_ADDRESS).and_then(|tag| address_of_tag(tag)),
                generation: tags.get(TAG_GENERATION).and_then(|tag| tag.parse().ok()),
                arn,
            });
            Ok(all.collect::<BTreeSet<_>>().into_iter().collect())
        })
    }

    fn read<'a>(
        &'a self,
        at: &'a Scope,
        kind: &'a KindName,
        asks: &'a [Ask],
        care: Care,
    ) -> BoxFuture<'a, Result<Vec<Option<Live>>>> {
        Box::pin(async move {
            let cx = self.cx(at, care, Manner::Repeat);
            let _lane = self.lane(kind, &cx).await;
            self.door(kind)?.read(&cx, asks).await
        })
    }

    fn find<'a>(
        &'a self,
        at: &'a Scope,
        kind: &'a KindName,
        owner: &'a Owner,
        spec: &'a Json,
    ) -> BoxFuture<'a, Result<Option<PhysicalId>>> {
        Box::pin(async move {
            let cx = self.cx(at, Care::Exact, Manner::Repeat);
            let _lane = self.lane(kind, &cx).await;
            self.door(kind)?.find(&cx, owner, spec).await
        })
    }

    fn lookup<'a>(
        &'a self,
        at: &'a Scope,
        kind: &'a KindName,
        query: &'a Json,
    ) -> BoxFuture<'a, Result<Option<PhysicalId>>> {
        Box::pin(async move {
            let cx = self.cx(at, Care::Exact, Manner::Repeat);
            let _lane = self.lane(kind, &cx).await;
            self.door(kind)?.lookup(&cx, query).await
        })
    }

    fn create<'a>(
        &'a self,
        at: &'a Scope,
        kind: &'a KindName,
        spec: &'a Json,
        owner: &'a Owner,
    ) -> BoxFuture<'a, Result<PhysicalId>> {
        Box::pin(async move {
            let cx = self.cx(at, Care::Exact, Manner::Once);
            let _lane = self.lane(kind, &cx).await;
            self.door(kind)?.create(&cx, spec, owner).await
        })
    }

    fn claim<'a>(
        &'a self,
        at: &'a Scope,
        kind: &'a KindName,
        id: &'a PhysicalId,
        spec: &'a Json,
        owner: &'a Owner,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let cx = self.cx(at, Care::Exact, Manner::Once);
            let _lane = self.lane(kind, &cx).await;
            self.door(kind)?.claim(&cx, id, spec, owner).await
        })
    }

    fn update<'a>(
        &'a self,
        at: &'a Scope,
        kind: &'a KindName,
        id: &'a PhysicalId,
        from: &'a Json,
        to: &'a Json,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let cx = self.cx(at, Care::Exact, Manner::Once);
            let _lane = self.lane(kind, &cx).await;
            self.door(kind)?.update(&cx, id, from, to).await
        })
    }

    fn delete<'a>(&'a self, at: &'a Scope, kind: &'a KindName, id: &'a PhysicalId) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let cx = self.cx(at, Care::Exact, Manner::Once);
            let _lane = self.lane(kind, &cx).await;
            self.door(kind)?.delete(&cx, id).await
        })
    }
}
