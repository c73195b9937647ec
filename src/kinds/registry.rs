//! The table of kinds, and the adapter between a typed [`Kind`] and the JSON of the [`Cloud`](crate::cloud::Cloud)
//! interface.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::LazyLock;

use futures::future::BoxFuture;

use super::{Found, Kind};
use crate::aws::{Cx, Result, Service};
use crate::catalog::{Catalog, KindInfo, Shape};
use crate::cloud::{Class, CloudError, Live, ReadRequest};
use crate::names::{KindName, Owner, PhysicalId};
use crate::value::Json;

/// A kind without its types: one row of the table of kinds.
pub struct RegisteredKind {
    info: KindInfo,
    /// The service that its calls go to.
    pub(super) service: &'static Service,
    /// Its calls.
    pub(super) calls: Box<dyn DynKind>,
}

/// Every kind by its name, built on first use, once a process: deriving schemas is the largest part of start-up.
static TABLE: LazyLock<Table> = LazyLock::new(|| Table::of(super::all()));

struct Table {
    catalog: Catalog,
    kinds: BTreeMap<KindName, RegisteredKind>,
}

impl Table {
    fn of(kinds: Vec<RegisteredKind>) -> Self {
        let catalog = Catalog::new(kinds.iter().map(|kind| kind.info.clone()));
        Self { catalog, kinds: kinds.into_iter().map(|kind| (kind.info.name.clone(), kind)).collect() }
    }
}

/// The facts of every kind, for everything above AWS.
pub fn catalog() -> Catalog {
    TABLE.catalog.clone()
}

/// The row of a kind.
pub(super) fn registered(kind: &KindName) -> Result<&'static RegisteredKind> {
    TABLE.kinds.get(kind).ok_or_else(|| CloudError::local(Class::Invalid, kind.as_str(), "no such kind"))
}

/// The shape of a kind's spec.
pub(super) fn shape_of<K: Kind>() -> Result<&'static Shape> {
    let row = TABLE.kinds.values().find(|row| row.info.name.as_str() == K::NAME);
    row.map(|row| &row.info.spec).ok_or_else(|| CloudError::local(Class::Other, K::NAME, "not in the table of kinds"))
}

impl RegisteredKind {
    /// The row of a kind of this service.
    ///
    /// # Panics
    /// If the kind's name or schema is beyond what the core understands, or the name is not of the service; the test
    /// over all kinds sees to that.
    pub fn of<K: Kind>(service: &'static Service) -> Self {
        let schemas = (schemars::schema_for!(K::Spec).to_value(), schemars::schema_for!(K::Outputs).to_value());
        let check = check_spec::<K>;
        let facts = (K::TRAITS, service.global);
        let info = info((K::NAME, K::ABOUT), (K::EXAMPLE, K::CHANGES), schemas, facts, check);
        assert_eq!(info.name.service(), service.name, "{}: another service's folder", K::NAME);
        Self { info, service, calls: Box::new(Adapter::<K>(PhantomData)) }
    }
}

type Check = fn(&Json) -> std::result::Result<Vec<String>, String>;

/// The facts of one kind. Without type parameters, so that it is compiled once, not once a kind.
fn info(
    (name, about): (&str, &str),
    (example, changes): (&'static str, &'static [&'static str]),
    (schema, outputs): (Json, Json),
    (traits, account_wide): (crate::catalog::Traits, bool),
    check: Check,
) -> KindInfo {
    let shape = |schema: &Json| Shape::from_schema(schema).unwrap_or_else(|error| panic!("{name}: {error}"));
    KindInfo {
        name: name.parse().unwrap_or_else(|error| panic!("{error}")),
        about: about.to_owned(),
        spec: shape(&schema),
        outputs: shape(&outputs),
        example,
        changes,
        schema,
        traits,
        account_wide,
        check,
    }
}

fn check_spec<K: Kind>(spec: &Json) -> std::result::Result<Vec<String>, String> {
    let spec: K::Spec = serde_json::from_value(spec.clone()).map_err(|error| error.to_string())?;
    Ok(K::check(&spec))
}

/// A kind's calls, speaking JSON. Object-safe.
pub(super) trait DynKind: Send + Sync {
    fn read<'a>(&'a self, cx: &'a Cx, requests: &'a [ReadRequest]) -> BoxFuture<'a, Result<Vec<Option<Live>>>>;
    fn find<'a>(&'a self, cx: &'a Cx, owner: &'a Owner, spec: &'a Json) -> BoxFuture<'a, Result<Option<PhysicalId>>>;
    fn lookup<'a>(&'a self, cx: &'a Cx, query: &'a Json) -> BoxFuture<'a, Result<Option<PhysicalId>>>;
    fn create<'a>(&'a self, cx: &'a Cx, spec: &'a Json, owner: &'a Owner) -> BoxFuture<'a, Result<PhysicalId>>;
    fn tag_as_owned<'a>(
        &'a self,
        cx: &'a Cx,
        id: &'a PhysicalId,
        spec: &'a Json,
        owner: &'a Owner,
    ) -> BoxFuture<'a, Result<()>>;
    fn update<'a>(&'a self, cx: &'a Cx, id: &'a PhysicalId, from: &'a Json, to: &'a Json) -> BoxFuture<'a, Result<()>>;
    fn delete<'a>(&'a self, cx: &'a Cx, id: &'a PhysicalId) -> BoxFuture<'a, Result<()>>;
}

struct Adapter<K: Kind>(PhantomData<K>);

impl<K: Kind> Adapter<K> {
    /// Decodes a spec. Not inlined: one copy a kind, not one in every call.
    #[inline(never)]
    fn spec(json: &Json) -> Result<K::Spec> {
        serde_json::from_value(json.clone())
            .map_err(|error| CloudError::local(Class::Invalid, K::NAME, format!("the properties do not fit: {error}")))
    }

    /// The error with the class that the kind's own codes give it.
    fn refine(error: CloudError) -> CloudError {
        K::ERRORS.refine(error)
    }
}

impl<K: Kind> DynKind for Adapter<K> {
    fn read<'a>(&'a self, cx: &'a Cx, requests: &'a [ReadRequest]) -> BoxFuture<'a, Result<Vec<Option<Live>>>> {
        Box::pin(async move {
            let found = K::read(cx, requests).await.map_err(Self::refine)?;
            found.into_iter().map(|one| one.map(live_of).transpose()).collect()
        })
    }

    fn find<'a>(&'a self, cx: &'a Cx, owner: &'a Owner, spec: &'a Json) -> BoxFuture<'a, Result<Option<PhysicalId>>> {
        Box::pin(async move { K::find(cx, owner, &Self::spec(spec)?).await.map_err(Self::refine) })
    }

    fn lookup<'a>(&'a self, cx: &'a Cx, query: &'a Json) -> BoxFuture<'a, Result<Option<PhysicalId>>> {
        Box::pin(async move { K::lookup(cx, query).await.map_err(Self::refine) })
    }

    fn create<'a>(&'a self, cx: &'a Cx, spec: &'a Json, owner: &'a Owner) -> BoxFuture<'a, Result<PhysicalId>> {
        Box::pin(async move { K::create(cx, &Self::spec(spec)?, owner).await.map_err(Self::refine) })
    }

    fn tag_as_owned<'a>(
        &'a self,
        cx: &'a Cx,
        id: &'a PhysicalId,
        spec: &'a Json,
        owner: &'a Owner,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { K::tag_as_owned(cx, id, &Self::spec(spec)?, owner).await.map_err(Self::refine) })
    }

    fn update<'a>(&'a self, cx: &'a Cx, id: &'a PhysicalId, from: &'a Json, to: &'a Json) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { K::update(cx, id, &Self::spec(from)?, &Self::spec(to)?).await.map_err(Self::refine) })
    }

    fn delete<'a>(&'a self, cx: &'a Cx, id: &'a PhysicalId) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            match K::delete(cx, id).await.map_err(Self::refine) {
                Err(error) if error.class == Class::NotFound => Ok(()),
                other => other,
            }
        })
    }
}

fn live_of<K: Kind>(found: Found<K>) -> Result<Live> {
    let json = |result: serde_json::Result<Json>| {
        result.map_err(|error| CloudError::local(Class::Other, K::NAME, error.to_string()))
    };
    let mut spec = json(serde_json::to_value(&found.spec))?;
    let mut outputs = json(serde_json::to_value(&found.outputs))?;
    for fields in [&mut spec, &mut outputs].into_iter().filter_map(Json::as_object_mut) {
        fields.retain(|name, _| !found.not_read.contains(&name.as_str()));
    }
    Ok(Live { moved_to: found.moved_to, held: found.held, ..Live::new(spec, outputs, found.readiness) })
}
