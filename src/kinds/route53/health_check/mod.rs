//! Route 53 health check, which takes a region out of DNS when it fails.

mod spec;

use std::collections::BTreeMap;

use aws_sdk_route53::types::{HealthCheck as Live, ResettableElementName, TagResourceType};
use schemars::JsonSchema;
use serde::Serialize;

use super::{all_references, arn, put_tags, references, tags, too_many_tags, update_tags};
use crate::aws::{Cx, ErrorCodes, NotFoundExt, Result, Tags, live_tags, to_wire, with_owner};
use crate::catalog::Traits;
use crate::cloud::{Class, CloudError, ReadMode, ReadRequest};
use crate::kinds::reading::created;
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};
use spec::Spec;

/// A health check.
pub struct HealthCheck;

/// The outputs of a health check.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its id, which record sets and calculated checks take.
    pub id: String,
    /// Its ARN.
    pub arn: String,
}

impl Kind for HealthCheck {
    const NAME: &'static str = "route53.HealthCheck";
    const ABOUT: &'static str = "A Route 53 health check";
    const EXAMPLE: &'static str = "
type: HTTPS_STR_MATCH
name: shop-us-east-1
fqdn: us-east-1.shop.example.com
port: 443
resource_path: /health
search_string: ok
request_interval: 10
failure_threshold: 2
measure_latency: true
enable_sni: true
regions: [us-east-1, us-west-2, eu-west-1]
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "{inverted: true, name: shop-east}",
        "{inverted: false, disabled: true}",
        "{fqdn: east.shop.example.com, port: 8443, resource_path: /ready, search_string: ready, disabled: false}",
        "{failure_threshold: 4, enable_sni: false, regions: [us-east-1, us-west-1, us-west-2, sa-east-1]}",
        "{resource_path: '', regions: []}",
        "tags: {team: platform, cost: '7'}",
        "{ip_address: 192.0.2.44, fqdn: ''}",
        "{request_interval: 30, measure_latency: false}",
        "
type: CALCULATED
fqdn: null
ip_address: null
port: null
resource_path: null
search_string: null
request_interval: null
failure_threshold: null
measure_latency: null
enable_sni: null
regions: null
children: []
health_threshold: 0
",
        "health_threshold: 1",
        "
type: CLOUDWATCH_METRIC
children: null
health_threshold: null
alarm: {region: us-east-1, name: '${cloudwatch.Alarm.name}'}
alarm_definition: '${cloudwatch.Alarm.definition}'
insufficient_data_health_status: Healthy
",
        "{alarm_definition: another, insufficient_data_health_status: LastKnownStatus}",
        "
type: RECOVERY_CONTROL
alarm: null
alarm_definition: null
insufficient_data_health_status: null
routing_control_arn: arn:aws:route53-recovery-control::123456789012:controlpanel/0123456789abcdef/routingcontrol/fedcba98
",
    ];
    const TRAITS: Traits = Traits { tags_after_create: true, ..Traits::DEFAULT };
    const ERRORS: ErrorCodes = ErrorCodes { conflict: &["HealthCheckVersionMismatch"], ..ErrorCodes::NONE };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        let cx = &cx.home();
        let live = match cx.mode {
            ReadMode::Listed => listed(cx, requests).await?,
            ReadMode::Fresh => {
                futures::future::try_join_all(requests.iter().map(|request| described(cx, request.id.as_str()))).await?
            }
        };
        let there = requests.iter().zip(&live).filter(|(_, live)| live.is_some());
        let tagged = there.filter(|(request, _)| request.manages("tags") || request.manages("name"));
        let ids: Vec<&str> = tagged.map(|(request, _)| request.id.as_str()).collect();
        let tags = tags(cx, &TagResourceType::Healthcheck, &ids).await?;
        let found_of = |live: Live| {
            let tags = tags.get(&live.id).cloned();
            found(cx, live, tags)
        };
        live.into_iter().map(|live| live.map(found_of).transpose()).collect()
    }

    async fn find(cx: &Cx, owner: &Owner, _spec: &Spec) -> Result<Option<PhysicalId>> {
        let cx = &cx.home();
        let references = all_references(owner);
        let mut all = list(cx).await?.into_values();
        Ok(all.find(|live| references.contains(&live.caller_reference)).map(|ours| PhysicalId::new(ours.id)))
    }

    async fn tag_as_owned(cx: &Cx, id: &PhysicalId, spec: &Spec, owner: &Owner) -> Result<()> {
        put_tags(&cx.home(), &TagResourceType::Healthcheck, id.as_str(), &wanted_tags(spec, owner)).await
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        let cx = &cx.home();
        let id = create_check(cx, spec, owner).await?;
        Self::tag_as_owned(cx, &id, spec, owner).await?;
        Ok(id)
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let cx = &cx.home();
        if needs_update(from, to) {
            update(cx, id, from, to).await?;
        }
        // Only what the file manages is compared: a name or tags that it leaves out stay as they are.
        let live = Spec {
            name: from.name.clone().filter(|_| to.name.is_some()),
            tags: from.tags.clone().filter(|_| to.tags.is_some()),
            ..from.clone()
        };
        update_tags(cx, &TagResourceType::Healthcheck, id.as_str(), &all_tags(&live), &all_tags(to)).await
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        cx.home().route53().delete_health_check().health_check_id(id.as_str()).send().await?;
        Ok(())
    }

    fn check(spec: &Spec) -> Vec<String> {
        let mut wrong = spec::check(spec);
        wrong.extend(too_many_tags(all_tags(spec).len()));
        wrong
    }
}

/// Every health check of the account, by id.
async fn list(cx: &Cx) -> Result<BTreeMap<String, Live>> {
    let pages = cx.route53().list_health_checks().max_items(1000).into_paginator().send().try_collect().await?;
    Ok(pages.into_iter().flat_map(|page| page.health_checks).map(|live| (live.id.clone(), live)).collect())
}

async fn listed(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Live>>> {
    let all = cx.cached("health-checks", list(cx)).await?;
    Ok(requests.iter().map(|request| all.get(request.id.as_str()).cloned()).collect())
}

async fn described(cx: &Cx, id: &str) -> Result<Option<Live>> {
    let answer = cx.route53().get_health_check().health_check_id(id).send().await.optional()?;
    Ok(answer.and_then(|answer| answer.health_check))
}

fn found(cx: &Cx, live: Live, tags: Option<Tags>) -> Result<Found<HealthCheck>> {
    let Some(config) = live.health_check_config else {
        return Err(CloudError::local(Class::Other, "route53:GetHealthCheck", "the answer holds no configuration"));
    };
    let not_read: &[&str] = if tags.is_none() { &["alarm_definition", "name", "tags"] } else { &["alarm_definition"] };
    let mut tags = tags.map(live_tags);
    let name = tags.as_mut().and_then(|tags| tags.remove("Name"));
    let outputs = Outputs { arn: arn(cx, &TagResourceType::Healthcheck, &live.id), id: live.id };
    Ok(Found { not_read, ..Found::serving(Spec { name, tags, ..spec::of(config)? }, outputs) })
}

/// Creates the check. The same caller reference with the same content gives the check that is there, so the call may
/// be repeated; a check that was deleted outside of Isobar has used its reference up.
async fn create_check(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
    let mut last = None;
    for reference in references(owner) {
        let call = cx.route53().create_health_check().caller_reference(&reference);
        let error: CloudError = match call.health_check_config(spec::config(spec)?).send().await {
            Ok(answer) => return created("route53:CreateHealthCheck", answer.health_check.map(|check| check.id)),
            Err(error) => error.into(),
        };
        let used =
            error.class == Class::Exists && !list(cx).await?.values().any(|live| live.caller_reference == reference);
        if !used {
            return Err(error);
        }
        last = Some(error);
    }
    Err(last.unwrap_or_else(|| CloudError::local(Class::Other, "route53:CreateHealthCheck", "no reference is left")))
}

/// The name among the other tags.
fn all_tags(spec: &Spec) -> Tags {
    let name = spec.name.iter().map(|name| ("Name".to_owned(), name.clone()));
    spec.tags.iter().flatten().map(|(key, value)| (key.clone(), value.clone())).chain(name).collect()
}

fn wanted_tags(spec: &Spec, owner: &Owner) -> Tags {
    with_owner(Some(&all_tags(spec)), owner)
}

/// True if anything but the tags differs; fields that the file leaves out do not.
fn needs_update(from: &Spec, to: &Spec) -> bool {
    fn differs<T: PartialEq>(from: Option<&T>, to: Option<&T>) -> bool {
        to.is_some() && from != to
    }
    fn sorted<T: Ord + Clone>(list: Option<&Vec<T>>) -> Option<Vec<T>> {
        let mut list = list?.clone();
        list.sort();
        Some(list)
    }
    differs(from.inverted.as_ref(), to.inverted.as_ref())
        || differs(from.disabled.as_ref(), to.disabled.as_ref())
        || differs(from.fqdn.as_ref(), to.fqdn.as_ref())
        || differs(from.port.as_ref(), to.port.as_ref())
        || differs(from.resource_path.as_ref(), to.resource_path.as_ref())
        || differs(from.search_string.as_ref(), to.search_string.as_ref())
        || differs(from.failure_threshold.as_ref(), to.failure_threshold.as_ref())
        || differs(from.enable_sni.as_ref(), to.enable_sni.as_ref())
        || differs(sorted(from.regions.as_ref()).as_ref(), sorted(to.regions.as_ref()).as_ref())
        || differs(sorted(from.children.as_ref()).as_ref(), sorted(to.children.as_ref()).as_ref())
        || differs(from.health_threshold.as_ref(), to.health_threshold.as_ref())
        || differs(from.alarm.as_ref(), to.alarm.as_ref())
        || differs(from.insufficient_data_health_status.as_ref(), to.insufficient_data_health_status.as_ref())
        || differs(from.alarm_definition.as_ref(), to.alarm_definition.as_ref())
}

async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
    // The version keeps us from writing over a change that somebody makes at this moment.
    let version = described(cx, id.as_str()).await?.map(|live| live.health_check_version);
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let regions = to.regions.as_ref().filter(|regions| !regions.is_empty());
    // The alarm always goes along where there is one: that is what makes Route 53 copy it anew.
    let alarm = to.alarm.as_ref().or(from.alarm.as_ref()).map(spec::alarm).transpose()?;
    let status = to.insufficient_data_health_status.map(|status| to_wire(status).as_str().into());
    cx.route53()
        .update_health_check()
        .health_check_id(id.as_str())
        .set_health_check_version(version)
        .set_inverted(to.inverted)
        .set_disabled(to.disabled)
        .set_fully_qualified_domain_name(text(&to.fqdn))
        .set_port(to.port)
        .set_resource_path(text(&to.resource_path))
        .set_search_string(to.search_string.clone())
        .set_failure_threshold(to.failure_threshold)
        .set_enable_sni(to.enable_sni)
        .set_regions(regions.map(|regions| regions.iter().map(|region| to_wire(region).as_str().into()).collect()))
        .set_child_health_checks(to.children.clone().filter(|children| !children.is_empty()))
        .set_health_threshold(to.health_threshold)
        .set_alarm_identifier(alarm)
        .set_insufficient_data_health_status(status)
        .set_reset_elements(Some(cleared(from, to)).filter(|all| !all.is_empty()))
        .send()
        .await?;
    Ok(())
}

/// The elements to reset: set in AWS, and empty in the file.
fn cleared(from: &Spec, to: &Spec) -> Vec<ResettableElementName> {
    let text = |from: &Option<String>, to: &Option<String>| {
        to.as_ref().is_some_and(String::is_empty) && from.as_ref().is_some_and(|from| !from.is_empty())
    };
    let regions =
        to.regions.as_ref().is_some_and(Vec::is_empty) && from.regions.as_ref().is_some_and(|all| !all.is_empty());
    let children =
        to.children.as_ref().is_some_and(Vec::is_empty) && from.children.as_ref().is_some_and(|all| !all.is_empty());
    let all = [
        (text(&from.fqdn, &to.fqdn), ResettableElementName::FullyQualifiedDomainName),
        (text(&from.resource_path, &to.resource_path), ResettableElementName::ResourcePath),
        (regions, ResettableElementName::Regions),
        (children, ResettableElementName::ChildHealthChecks),
    ];
    all.into_iter().filter(|(cleared, _)| *cleared).map(|(_, name)| name).collect()
}
