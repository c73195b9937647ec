//! Route 53 record sets of one name.
//!
//! One resource holds all types of a name that answer the same, so that they change in one batch.
//! Which records are its own is told by its id: `zone|name|types|set identifier`, with the types it
//! was made with. `A` and `AAAA` of one name belong together where they answer the same.
//! It counts as serving at once; Route 53's own servers all know a change within a minute.
//!
//! The CNAME that proves a certificate's name is the same for every certificate of the account for that name. It is
//! shared when it is made, but nothing tells who else relies on it when it is deleted: the certificates may stand
//! in any region and belong to any stack. One that is still wanted is made again by the next apply of its stack;
//! `retain: true` keeps it.

mod group;
mod spec;

use aws_sdk_route53::operation::change_resource_record_sets::ChangeResourceRecordSetsError;
use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, ResourceRecordSet};
use schemars::JsonSchema;
use serde::Serialize;

use super::{bare, plain_name};
use crate::aws::{Cx, ErrorCodes, NotFoundExt, Result, from_wire, to_wire};
use crate::catalog::Traits;
use crate::cloud::{Class, CloudError, ReadMode, ReadRequest};
use crate::kinds::reading::read_each;
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};
use spec::{RecordType, Spec};

/// The record sets of one name.
pub struct RecordSet;

/// The outputs of a record set.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// The name, without trailing dot.
    pub name: String,
}

impl Kind for RecordSet {
    const NAME: &'static str = "route53.RecordSet";
    const ABOUT: &'static str = "What a DNS name answers";
    const EXAMPLE: &'static str = "
zone_id: ${route53.HostedZone.id}
name: api.shop.example.com
types: [A, AAAA]
set_identifier: shop:us-east-1
routing: {latency: {region: us-east-1}}
alias: {dns_name: d-abc.execute-api.us-east-1.amazonaws.com, zone_id: Z1UJRXOUMOOFQ8}
health_check_id: ${route53.HealthCheck.id}
";
    const CHANGES: &'static [&'static str] = &[
        "alias: {dns_name: d-def.execute-api.us-east-1.amazonaws.com, zone_id: Z1UJRXOUMOOFQ8, evaluate_target_health: true}",
        "types: [A]",
        "types: [A, AAAA]",
        "routing: {weighted: {weight: 10}}",
        "routing: {weighted: {weight: 0}}",
        "health_check_id: ''",
        "routing: {geolocation: {country: US, subdivision: CA}}",
        "{types: [A], alias: null, ttl: 60, values: [192.0.2.1, 192.0.2.2], routing: {multivalue: {}}}",
        "{ttl: 30, values: [192.0.2.3], routing: {failover: {role: SECONDARY}}}",
        "{name: www.shop.example.com, set_identifier: null, routing: null}",
        "{name: shop.example.com, types: [TXT], values: ['\"v=spf1 -all\"']}",
    ];
    const TRAITS: Traits = Traits {
        // A name is answered by one record, or by several that must not be alike. Only another name is never in the way.
        unique_by: &["zone_id", "name"],
        ..Traits::DEFAULT
    };
    const ERRORS: ErrorCodes = ErrorCodes {
        not_found: &["InvalidChangeBatch: but it was not found"],
        exists: &["InvalidChangeBatch: but it already exists"],
        conflict: &["PriorRequestNotComplete"],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        let cx = &cx.home();
        read_each(requests, |request| read_one(cx, request)).await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let id = Id::of(spec);
        let live = own(&id, &exact(&cx.home(), &id).await?);
        if live.is_empty() {
            return Ok(None);
        }
        let wanted = spec.types.iter().map(|kind| spec::record(*kind, spec, None)).collect::<Result<Vec<_>>>()?;
        let same = live
            .iter()
            .all(|live| wanted.iter().any(|wanted| wanted.r#type == live.r#type && spec::same_content(wanted, live)));
        // Records have no tags: the set identifier names the stack, or the content is what we would write.
        let prefixes = [format!("{}:", owner.stack), format!("{}-", owner.stack)];
        let named = spec.set_identifier.as_ref().is_some_and(|set| prefixes.iter().any(|stack| set.starts_with(stack)));
        if same || named {
            return Ok(Some(id.physical()));
        }
        let types: Vec<&str> = live.iter().map(|set| set.r#type.as_str()).collect();
        let message = format!("a {} record of {} already exists and answers something else", types.join(", "), id.name);
        let hint = "delete it, or take another name".to_owned();
        Err(CloudError { hint: Some(hint), ..CloudError::local(Class::NotOwned, "find", message) })
    }

    async fn create(cx: &Cx, spec: &Spec, _owner: &Owner) -> Result<PhysicalId> {
        // Every certificate of the account for a name wants this same record, whatever its region or stack.
        let shared =
            spec.types == [RecordType::CNAME] && spec.values.iter().flatten().all(|value| is_validation(value));
        let action = if shared { ChangeAction::Upsert } else { ChangeAction::Create };
        let changes = spec.types.iter().map(|kind| change(&action, spec::record(*kind, spec, None)?));
        let (cx, id, changes) = (&cx.home(), Id::of(spec), changes.collect::<Result<Vec<_>>>()?);
        match send(cx, &id.zone, changes.clone()).await {
            Err(error) if is_mixed(&error.message) => {
                let mut all = group::follow(&exact(cx, &id).await?, spec, &spec.types)?;
                if all.is_empty() {
                    return Err(error);
                }
                all.extend(changes);
                send(cx, &id.zone, all).await?;
            }
            sent => sent?,
        }
        Ok(id.physical())
    }

    async fn update(cx: &Cx, id: &PhysicalId, _from: &Spec, to: &Spec) -> Result<()> {
        let (cx, id) = (&cx.home(), Id::parse(id)?);
        // What is deleted must be named exactly as it is, so it is read once more.
        let all = exact(cx, &id).await?;
        let live = own(&id, &all);
        let from = spec::of(&id.zone, &live);
        let rerouted = from.as_ref().zip(to.routing.as_ref()).is_some_and(|(from, to)| {
            from.routing.as_ref().map(std::mem::discriminant) != Some(std::mem::discriminant(to))
        });
        let mut changes = if rerouted { group::follow(&all, to, &to.types)? } else { Vec::new() };
        let gone =
            |set: &&ResourceRecordSet| rerouted || !to.types.iter().any(|kind| to_wire(kind) == set.r#type.as_str());
        for set in live.iter().filter(gone) {
            changes.push(change(&ChangeAction::Delete, set.clone())?);
        }
        for kind in &to.types {
            let there = live.iter().find(|set| set.r#type.as_str() == to_wire(kind));
            let wanted = spec::record(*kind, to, from.as_ref())?;
            if !rerouted && there.is_some_and(|there| spec::same_content(there, &wanted)) {
                continue;
            }
            // A record of a new type that is there already is not ours to overwrite.
            let action = if rerouted || there.is_none() { ChangeAction::Create } else { ChangeAction::Upsert };
            changes.push(change(&action, wanted)?);
        }
        // None of the old way is left when the first of the new way comes.
        changes.sort_by_key(|change| change.action != ChangeAction::Delete);
        if changes.is_empty() { Ok(()) } else { send(cx, &id.zone, changes).await }
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        let (cx, id) = (&cx.home(), Id::parse(id)?);
        let live = own(&id, &exact(cx, &id).await?);
        let changes: Vec<Change> =
            live.into_iter().map(|set| change(&ChangeAction::Delete, set)).collect::<Result<_>>()?;
        if changes.is_empty() { Ok(()) } else { send(cx, &id.zone, changes).await }
    }

    fn check(spec: &Spec) -> Vec<String> {
        spec::check(spec)
    }
}

async fn read_one(cx: &Cx, request: &ReadRequest) -> Result<Option<Found<RecordSet>>> {
    let id = Id::parse(&request.id)?;
    let live = match cx.mode {
        ReadMode::Fresh => own(&id, &exact(cx, &id).await?),
        ReadMode::Listed => {
            own(&id, cx.cached(&format!("records/{}", id.zone), Box::pin(all(cx, &id.zone))).await?.as_slice())
        }
    };
    let Some(spec) = spec::of(&id.zone, &live) else { return Ok(None) };
    let outputs = Outputs { name: spec.name.clone() };
    Ok(Some(Found::serving(spec, outputs)))
}

/// The parts of an id.
struct Id {
    zone: String,
    name: String,
    types: Vec<RecordType>,
    set_identifier: Option<String>,
}

impl Id {
    fn of(spec: &Spec) -> Self {
        Self {
            zone: bare(&spec.zone_id).to_owned(),
            name: plain_name(&spec.name),
            types: spec.types.clone(),
            set_identifier: spec.set_identifier.clone(),
        }
    }

    fn physical(&self) -> PhysicalId {
        let types: Vec<String> = self.types.iter().map(to_wire).collect();
        let set = self.set_identifier.as_deref().unwrap_or_default();
        PhysicalId::new(format!("{}|{}|{}|{set}", self.zone, self.name, types.join(",")))
    }

    fn parse(id: &PhysicalId) -> Result<Self> {
        let mut parts = id.as_str().splitn(4, '|');
        let (Some(zone), Some(name), Some(types)) = (parts.next(), parts.next(), parts.next()) else {
            let message = format!("`{id}` is not an id of the form zone|name|types|set identifier");
            return Err(CloudError::local(Class::Invalid, "route53.RecordSet", message));
        };
        Ok(Self {
            zone: bare(zone).to_owned(),
            name: plain_name(name),
            types: types.split(',').filter_map(from_wire).collect(),
            set_identifier: parts.next().filter(|set| !set.is_empty()).map(str::to_owned),
        })
    }
}

/// The records that belong to an id, of all there are: those of its types, and the other address
/// type where it answers the same.
fn own(id: &Id, all: &[ResourceRecordSet]) -> Vec<ResourceRecordSet> {
    let group = || all.iter().filter(|set| plain_name(&set.name) == id.name && set.set_identifier == id.set_identifier);
    let kind = |set: &ResourceRecordSet| from_wire::<RecordType>(set.r#type.as_str());
    let is_own = |set: &ResourceRecordSet| kind(set).is_some_and(|kind| id.types.contains(&kind));
    let is_address = |set: &ResourceRecordSet| matches!(kind(set), Some(RecordType::A | RecordType::AAAA));
    let addresses = id.types.iter().any(|kind| matches!(kind, RecordType::A | RecordType::AAAA));
    // With a set identifier of ours there is no doubt, even if all its own types are gone.
    let partner = |set: &ResourceRecordSet| {
        addresses
            && is_address(set)
            && set.alias_target.is_some()
            && (id.set_identifier.is_some() || group().any(|own| is_own(own) && spec::same_content(own, set)))
    };
    let mut own: Vec<ResourceRecordSet> = group().filter(|set| is_own(set) || partner(set)).cloned().collect();
    own.sort_by_key(kind);
    own
}

/// Every record of a zone; none if the zone is gone.
async fn all(cx: &Cx, zone: &str) -> Result<Vec<ResourceRecordSet>> {
    pages(cx, zone, None).await
}

/// The records of one name and no other: the list only begins with them.
async fn exact(cx: &Cx, id: &Id) -> Result<Vec<ResourceRecordSet>> {
    let mut all = pages(cx, &id.zone, Some(&id.name)).await?;
    all.retain(|set| plain_name(&set.name) == id.name);
    Ok(all)
}

async fn pages(cx: &Cx, zone: &str, only: Option<&str>) -> Result<Vec<ResourceRecordSet>> {
    let mut all = Vec::new();
    let mut call = cx.route53().list_resource_record_sets().hosted_zone_id(zone).max_items(300);
    call = call.set_start_record_name(only.map(str::to_owned));
    loop {
        let Some(page) = call.clone().send().await.optional()? else { return Ok(Vec::new()) };
        let past = only.is_some_and(|only| page.resource_record_sets.iter().any(|set| plain_name(&set.name) != only));
        all.extend(page.resource_record_sets);
        if past || !page.is_truncated {
            return Ok(all);
        }
        call = cx.route53().list_resource_record_sets().hosted_zone_id(zone).max_items(300);
        call = call.set_start_record_name(page.next_record_name).set_start_record_type(page.next_record_type);
        call = call.set_start_record_identifier(page.next_record_identifier);
    }
}

fn change(action: &ChangeAction, set: ResourceRecordSet) -> Result<Change> {
    Change::builder().action(action.clone()).resource_record_set(set).build().map_err(unbuilt)
}

fn unbuilt(error: impl std::fmt::Display) -> CloudError {
    CloudError::local(Class::Invalid, "route53:ChangeResourceRecordSets", error.to_string())
}

/// All changes or none.
async fn send(cx: &Cx, zone: &str, changes: Vec<Change>) -> Result<()> {
    let batch = ChangeBatch::builder().set_changes(Some(changes)).build().map_err(unbuilt)?;
    let call = cx.route53().change_resource_record_sets().hosted_zone_id(bare(zone)).change_batch(batch);
    let Err(error) = call.send().await else { return Ok(()) };
    // What is wrong stands in a list of its own.
    let messages = match error.as_service_error() {
        Some(ChangeResourceRecordSetsError::InvalidChangeBatch(batch)) => batch.messages().join(" "),
        _ => String::new(),
    };
    let error = CloudError::from(error);
    let message = if messages.is_empty() { error.message.clone() } else { messages };
    if message.contains("do not match the current values") {
        // Another region's change has just taken the record along. What else is wrong follows from that, so the code
        // must not be read any further.
        return Err(CloudError { class: Class::Conflict, code: String::new(), message, ..error });
    }
    let hint = is_mixed(&message).then(|| {
        "all records of one name and type must have the same routing policy: delete the others first, or use another name"
            .to_owned()
    });
    Err(CloudError { message, hint: hint.or(error.hint.clone()), ..error })
}

/// True if AWS refuses a record because those beside it have another routing policy.
fn is_mixed(message: &str) -> bool {
    message.contains("same name and type") || message.contains("routing policy")
}

/// True if a value is that of ACM's validation records.
fn is_validation(value: &str) -> bool {
    plain_name(value).ends_with(".acm-validations.aws")
}
