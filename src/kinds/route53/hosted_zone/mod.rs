//! Route 53 hosted zone: the names of a domain. Sacred: its name servers stand at the registrar.

mod read;
mod spec;
mod write;

use std::time::Duration;

use aws_sdk_route53::types::{HostedZone as Live, TagResourceType};
use schemars::JsonSchema;
use serde::Serialize;

use super::{all_references, bare, plain_name, put_tags, tags, too_many_tags, update_tags};
use crate::aws::{Cx, ErrorCodes, Result, with_owner};
use crate::catalog::Traits;
use crate::cloud::{Class, CloudError, ReadRequest};
use crate::kinds::reading::changed;
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId, TAG_ADDRESS, TAG_STACK};
use crate::value::Json;
use read::{Recovery, described, found, indexed, is_private, recovery};
use spec::Spec;
use write::{create_zone, update_vpcs};

/// A hosted zone.
pub struct HostedZone;

/// The outputs of a hosted zone.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its id, which record sets take.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its name, without trailing dot.
    pub name: String,
    /// Its name servers, which the registrar has to know. None for a private zone.
    pub name_servers: Vec<String>,
}

impl Kind for HostedZone {
    const NAME: &'static str = "route53.HostedZone";
    const ABOUT: &'static str = "A Route 53 hosted zone";
    const EXAMPLE: &'static str = "
name: shop.example.com
comment: The shop
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "comment: The shop, active everywhere",
        "accelerated_recovery: true",
        "accelerated_recovery: false",
        "tags: {team: platform, cost: '7'}",
        "name: store.example.com",
        "delegation_set: N1PA6795SAMPLE",
        "
name: inside.example.com
delegation_set: null
accelerated_recovery: null
private: true
vpcs: [{id: vpc-0123456789abcdef0, region: us-east-1}]
",
    ];
    const TRAITS: Traits = Traits {
        // Accelerated recovery takes its time, and is turned off before the zone goes.
        deadline: Duration::from_hours(2),
        holds_data: true,
        tags_after_create: true,
        ..Traits::DEFAULT
    };
    const ERRORS: ErrorCodes =
        ErrorCodes { conflict: &["PriorRequestNotComplete", "ConflictingTypes"], ..ErrorCodes::NONE };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        let cx = &cx.home();
        if let Some(found) = indexed(cx, requests).await? {
            return Ok(found);
        }
        let live =
            futures::future::try_join_all(requests.iter().map(|request| described(cx, request.id.as_str()))).await?;
        let tagged = requests.iter().zip(&live).filter(|(request, live)| live.is_some() && request.manages("tags"));
        let ids: Vec<&str> = tagged.map(|(request, _)| request.id.as_str()).collect();
        let tags = tags(cx, &TagResourceType::Hostedzone, &ids).await?;
        let found = requests.iter().zip(live).map(|(request, live)| {
            let (live, zone) = live?;
            Some(found(cx, live, &zone, request.id.as_str(), tags.get(request.id.as_str()).cloned()))
        });
        Ok(found.collect())
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let cx = &cx.home();
        let zones = named(cx, &spec.name).await?;
        let references = all_references(owner);
        match zones.iter().find(|zone| references.contains(&zone.caller_reference)) {
            Some(ours) => Ok(Some(PhysicalId::new(bare(&ours.id)))),
            None => others(cx, owner, spec, &zones).await,
        }
    }

    async fn tag_as_owned(cx: &Cx, id: &PhysicalId, spec: &Spec, owner: &Owner) -> Result<()> {
        put_tags(&cx.home(), &TagResourceType::Hostedzone, id.as_str(), &with_owner(spec.tags.as_ref(), owner)).await
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        // Route 53 makes a second zone of the same name without a word, and nobody ever asks it.
        let id = match Self::find(cx, owner, spec).await? {
            Some(id) => id,
            None => create_zone(&cx.home(), spec, owner).await?,
        };
        Self::tag_as_owned(cx, &id, spec, owner).await?;
        Ok(id)
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let cx = &cx.home();
        let (id, r53) = (id.as_str(), cx.route53());
        if let Some(comment) = changed(&from.comment, &to.comment) {
            let comment = Some(comment.clone()).filter(|comment| !comment.is_empty());
            r53.update_hosted_zone_comment().id(id).set_comment(comment).send().await?;
        }
        update_vpcs(cx, id, from, to).await?;
        if let Some(wanted) = changed(&from.accelerated_recovery, &to.accelerated_recovery) {
            r53.update_hosted_zone_features().hosted_zone_id(id).enable_accelerated_recovery(*wanted).send().await?;
        }
        if let Some(wanted) = &to.tags {
            update_tags(cx, &TagResourceType::Hostedzone, id, &from.tags.clone().unwrap_or_default(), wanted).await?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        let cx = &cx.home();
        let Some((_, zone)) = described(cx, id.as_str()).await? else { return Ok(()) };
        match recovery(&zone) {
            Recovery::Off => {}
            Recovery::Enabling | Recovery::Disabling => return Ok(()),
            Recovery::On | Recovery::Failed => {
                let call = cx.route53().update_hosted_zone_features().hosted_zone_id(id.as_str());
                call.enable_accelerated_recovery(false).send().await?;
                return Ok(());
            }
        }
        let Err(error) = cx.route53().delete_hosted_zone().id(id.as_str()).send().await else { return Ok(()) };
        let error = CloudError::from(error);
        if error.code == "HostedZoneNotEmpty" {
            let left = left_over(cx, id.as_str()).await?;
            let hint = format!("delete the records that the stack did not make, or keep the zone: {left}");
            return Err(CloudError { class: Class::Invalid, hint: Some(hint), ..error });
        }
        Err(error)
    }

    // By `id`, or by `name` and `private`.
    async fn lookup(cx: &Cx, query: &Json) -> Result<Option<PhysicalId>> {
        if let Some(id) = query.get("id").and_then(Json::as_str) {
            return Ok(Some(PhysicalId::new(bare(id))));
        }
        let Some(name) = query.get("name").and_then(Json::as_str) else { return Ok(None) };
        let private = query.get("private").and_then(Json::as_bool).unwrap_or(false);
        let zones = named(&cx.home(), name).await?;
        let fits: Vec<&Live> = zones.iter().filter(|zone| is_private(zone) == private).collect();
        match fits.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(PhysicalId::new(bare(&one.id)))),
            several => {
                let ids: Vec<&str> = several.iter().map(|zone| bare(&zone.id)).collect();
                let message = format!("{} zones are called {name}: {}", several.len(), ids.join(", "));
                let error = CloudError::local(Class::Invalid, "lookup", message);
                Err(CloudError { hint: Some("say which one by `id: Z...`".to_owned()), ..error })
            }
        }
    }

    fn check(spec: &Spec) -> Vec<String> {
        let mut wrong = Vec::new();
        let private = spec.private.unwrap_or(false);
        if private != spec.vpcs.is_some() {
            wrong.push("`private: true` and `vpcs` go together".to_owned());
        }
        if private && (spec.delegation_set.is_some() || spec.accelerated_recovery == Some(true)) {
            wrong.push("`delegation_set` and `accelerated_recovery` have no effect on a private zone".to_owned());
        }
        wrong.extend(too_many_tags(spec.tags.iter().flatten().count()));
        wrong
    }
}

/// Every zone of a name. The list begins at the name and goes on to later ones.
async fn named(cx: &Cx, name: &str) -> Result<Vec<Live>> {
    let name = plain_name(name);
    let page = cx.route53().list_hosted_zones_by_name().dns_name(format!("{name}.")).send().await?;
    Ok(page.hosted_zones.into_iter().take_while(|zone| plain_name(&zone.name) == name).collect())
}

/// Zones of our name that we did not make. One of this address that waits to be replaced is not in
/// the way, and private zones of one name live beside each other.
async fn others(cx: &Cx, owner: &Owner, spec: &Spec, zones: &[Live]) -> Result<Option<PhysicalId>> {
    if spec.private.unwrap_or(false) {
        return Ok(None);
    }
    let public: Vec<&str> = zones.iter().filter(|zone| !is_private(zone)).map(|zone| bare(&zone.id)).collect();
    let tagged = tags(cx, &TagResourceType::Hostedzone, &public).await?;
    let [stack, address, _] = owner.tags();
    for id in public {
        let tags = tagged.get(id).cloned().unwrap_or_default();
        if owner.owns(|key| tags.get(key).map(String::as_str)) {
            return Ok(Some(PhysicalId::new(id)));
        }
        if tags.get(TAG_STACK) != Some(&stack.1) || tags.get(TAG_ADDRESS) != Some(&address.1) {
            let message =
                format!("a hosted zone named {} already exists as {id} and is not managed by this stack", spec.name);
            let hint = "refer to it: in `dns` without `create: true`, of a raw resource with `existing:`; a second zone of the \
                 name would never be asked"
                .to_owned();
            return Err(CloudError { hint: Some(hint), ..CloudError::local(Class::NotOwned, "find", message) });
        }
    }
    Ok(None)
}

/// A few records that keep a zone from being deleted.
async fn left_over(cx: &Cx, id: &str) -> Result<String> {
    let page = cx.route53().list_resource_record_sets().hosted_zone_id(id).max_items(20).send().await?;
    let apex = page.resource_record_sets.first().map(|set| set.name.clone()).unwrap_or_default();
    let own = |kind: &str, name: &str| matches!(kind, "NS" | "SOA") && name == apex;
    let sets = page.resource_record_sets.iter().filter(|set| !own(set.r#type.as_str(), &set.name));
    let names: Vec<String> =
        sets.take(5).map(|set| format!("{} {}", set.r#type.as_str(), plain_name(&set.name))).collect();
    Ok(names.join(", "))
}
