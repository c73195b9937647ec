//! A cloud in which nothing can be changed, and a state of what is in it.

use std::collections::BTreeMap;
use std::path::Path;

use futures::future::BoxFuture;
use isobar::cloud::{Class, Cloud, CloudError, HeldPart, Holder, Live, ReadMode, ReadRequest, Readiness, Tagged};
use isobar::names::{Address, KindName, Owner, PhysicalId, Region, Scope, StackName};
use isobar::value::Json;

/// A cloud that can only be looked at. An id is the address it stands at.
pub struct StillCloud(pub BTreeMap<String, Json>);

type Answer<'a, T> = BoxFuture<'a, Result<T, CloudError>>;

fn refused<T>() -> Result<T, CloudError> {
    Err(CloudError::local(Class::Denied, "test", "a plan changes nothing"))
}

impl StillCloud {
    fn live(&self, id: &PhysicalId) -> Option<Live> {
        let found = self.0.get(id.as_str())?;
        let readiness = match found.get("readiness").and_then(Json::as_str) {
            None => Readiness::Serving,
            Some(text) => match text.split_once(": ") {
                Some(("failed", why)) => Readiness::Failed(why.into()),
                Some(("pending", why)) => Readiness::Pending(why.into()),
                _ => Readiness::Configured(text.into()),
            },
        };
        let held = found.get("held").and_then(Json::as_array).into_iter().flatten().map(held).collect();
        Some(Live { held, ..Live::new(found["spec"].clone(), found["outputs"].clone(), readiness) })
    }
}

/// A part that AWS holds: `{path, why, help, by?}`, where `by` has addresses of things of the kind `test.Thing`.
fn held(json: &Json) -> HeldPart {
    let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    let addresses = json.get("by").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
    let holder = |address: &str| {
        let at = address.parse::<Address>().expect("an address").at;
        Holder { kind: "test.Thing".to_owned(), at, id: PhysicalId::new(address) }
    };
    HeldPart { path: text("path"), why: text("why"), help: text("help"), by: addresses.map(holder).collect() }
}

impl Cloud for StillCloud {
    fn account(&self) -> Answer<'_, String> {
        Box::pin(async { Ok("000000000000".into()) })
    }

    fn tagged<'a>(&'a self, _: &'a StackName, _: &'a [Region]) -> Answer<'a, Vec<Tagged>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn read<'a>(
        &'a self,
        _: &'a Scope,
        _: &'a KindName,
        asks: &'a [ReadRequest],
        _: ReadMode,
    ) -> Answer<'a, Vec<Option<Live>>> {
        Box::pin(async { Ok(asks.iter().map(|ask| self.live(&ask.id)).collect()) })
    }

    fn find<'a>(
        &'a self,
        _: &'a Scope,
        kind: &'a KindName,
        owner: &'a Owner,
        _: &'a Json,
    ) -> Answer<'a, Option<PhysicalId>> {
        Box::pin(async move {
            let address = owner.address.to_string();
            match self.0.get(&address) {
                None => Ok(None),
                Some(found) if found.get("owner").is_none() => Ok(Some(PhysicalId::new(address))),
                Some(_) => {
                    Err(CloudError::local(Class::NotOwned, kind.as_str(), "it exists and is not managed by this stack"))
                }
            }
        })
    }

    fn lookup<'a>(&'a self, _: &'a Scope, _: &'a KindName, _: &'a Json) -> Answer<'a, Option<PhysicalId>> {
        Box::pin(async { Ok(None) })
    }

    fn create<'a>(&'a self, _: &'a Scope, _: &'a KindName, _: &'a Json, _: &'a Owner) -> Answer<'a, PhysicalId> {
        Box::pin(async { refused() })
    }

    fn update<'a>(
        &'a self,
        _: &'a Scope,
        _: &'a KindName,
        _: &'a PhysicalId,
        _: &'a Json,
        _: &'a Json,
    ) -> Answer<'a, ()> {
        Box::pin(async { refused() })
    }

    fn delete<'a>(&'a self, _: &'a Scope, _: &'a KindName, _: &'a PhysicalId) -> Answer<'a, ()> {
        Box::pin(async { refused() })
    }
}

/// Writes a state of records by address, `{kind, spec, outputs, needs?, protect?}`; the id is the address.
pub fn remember(folder: &Path, stack: &str, records: BTreeMap<String, Json>) {
    let records: BTreeMap<String, Json> = records
        .into_iter()
        .map(|(address, record)| {
            let whole = serde_json::json!({
                "kind": record["kind"], "id": address, "generation": 1, "spec": record["spec"],
                "outputs": record["outputs"], "needs": record.get("needs").cloned().unwrap_or(Json::Array(vec![])),
                "protect": record.get("protect").cloned().unwrap_or(false.into()), "retain": false,
            });
            (address, whole)
        })
        .collect();
    let state = serde_json::json!({
        "format_version": 1, "stack": stack, "account": "", "lineage": "case", "serial": 1, "regions": [],
        "records": records, "pending": [], "leaving": [],
    });
    std::fs::write(folder.join(format!("{stack}.json")), state.to_string()).expect("written");
}
