//! Listener: a port of a load balancer, and what becomes of requests that no rule takes.
//!
//! The first certificate is the one shown to callers that name no host; the others are added and taken away
//! one by one. Where a service shifts the traffic (`traffic_owned_by_service`), the weights are never ours again
//! after creation, and a tag on the listener says so.

mod mutual;
mod spec;
mod write;

use aws_sdk_elasticloadbalancingv2::types::{Listener as Described, ListenerAttribute};
use schemars::JsonSchema;
use serde::Serialize;

use super::action;
use super::{
    Attributes, TAG_TRAFFIC, attributes_of, changed_attributes, described, marked_tags, read_tags, sync_tags,
    sync_traffic_mark, tags_by_arn,
};
use crate::aws::{Cx, ErrorCodes, NotFoundExt, Result, Tags, from_wire, live_tags, to_wire};
use crate::catalog::Traits;
use crate::cloud::{CloudError, ReadRequest};
use crate::kinds::reading::{created, read_each};
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};
use mutual::{MutualAuthentication, MutualMode};
use spec::{Protocol, Spec};
use write::{add_certificates, certificate, modify, remove_certificates};

/// A listener.
pub struct Listener;

/// Outputs of a listener.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN.
    pub arn: String,
    /// Its port.
    pub port: Option<i32>,
}

impl Kind for Listener {
    const NAME: &'static str = "elbv2.Listener";
    const ABOUT: &'static str = "A port of a load balancer";
    const EXAMPLE: &'static str = "
load_balancer_arn: ${elbv2.LoadBalancer.arn}
port: 80
protocol: HTTP
default_actions:
  - fixed_response: {status_code: 404, content_type: text/plain, message_body: Nothing here}
attributes: {routing.http.response.server.enabled: 'false'}
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "{port: 8080, default_actions: [{fixed_response: {status_code: 503}}]}",
        "default_actions: [{redirect: {status_code: 301, protocol: HTTPS, port: '443'}}]",
        "default_actions: [{forward: {target_groups: [{arn: '${elbv2.TargetGroup.arn}'}]}}]",
        "traffic_owned_by_service: true",
        "default_actions: [{forward: {target_groups: [{arn: '${elbv2.TargetGroup.arn}', weight: 100}], stickiness_seconds: 60}}]",
        "{traffic_owned_by_service: false, default_actions: [{forward: {target_groups: [{arn: '${elbv2.TargetGroup.arn}', weight: 1}], stickiness_seconds: 0}}]}",
        "{port: 443, protocol: HTTPS, certificate_arns: ['${acm.Certificate.arn}'], ssl_policy: ELBSecurityPolicy-TLS13-1-2-2021-06}",
        "mutual_authentication: {mode: passthrough}",
        "{mutual_authentication: {mode: 'off'}, ssl_policy: ELBSecurityPolicy-TLS13-1-3-2021-06}",
        "attributes: {routing.http.response.server.enabled: 'true'}",
        "tags: {team: platform, cost: '7'}",
        "
load_balancer_arn: arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/net/shop/0a1b2c3d4e5f6071
protocol: TLS
alpn_policy: HTTP2Preferred
mutual_authentication: null
attributes: null
",
    ];
    const TRAITS: Traits = Traits { unique_by: &["load_balancer_arn", "port", "protocol"], ..Traits::DEFAULT };
    const ERRORS: ErrorCodes = ErrorCodes { exists: &["DuplicateListener"], ..ErrorCodes::NONE };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        let arns: Vec<&str> = requests.iter().map(|request| request.id.as_str()).collect();
        let live = described(&arns, |arns| async move {
            let answer = cx.elbv2().describe_listeners().set_listener_arns(Some(arns)).send().await?;
            Ok(answer.listeners.unwrap_or_default())
        });
        let live = live.await?;
        let there: Vec<&str> = live.iter().filter_map(Described::listener_arn).collect();
        let (live, tags) = (&live, &tags_by_arn(cx, &there).await?);
        read_each(requests, |request| async move {
            let arn = request.id.as_str();
            let Some(one) = live.iter().find(|one| one.listener_arn() == Some(arn)) else { return Ok(None) };
            let attributes = if request.manages("attributes") { attributes(cx, arn).await? } else { None };
            let more =
                if request.manages("certificate_arns") { further_certificates(cx, arn).await? } else { Vec::new() };
            found(one.clone(), more, attributes, tags.get(arn).cloned().unwrap_or_default()).map(Some)
        })
        .await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let call = cx.elbv2().describe_listeners().load_balancer_arn(&spec.load_balancer_arn);
        let mut pages = call.into_paginator().items().send();
        while let Some(listener) = pages.next().await {
            let Some(listener) = listener.optional()? else { return Ok(None) };
            let same = listener.port == spec.port;
            let Some(arn) = listener.listener_arn else { continue };
            let tags = read_tags(cx, &arn).await?;
            if owner.owns(|key| tags.get(key).map(String::as_str)) {
                return Ok(Some(PhysicalId::new(arn)));
            }
            if same {
                // A port has one listener: one of ours, whatever its generation, is the one.
                let what = format!("a listener on port {}", spec.port.unwrap_or_default());
                cx.ensure_described_owned(&what, &tags, owner)?;
                return Ok(Some(PhysicalId::new(arn)));
            }
        }
        Ok(None)
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        let default = spec.certificate_arns.iter().flatten().take(1).map(|arn| certificate(arn)).collect();
        let made = cx
            .elbv2()
            .create_listener()
            .load_balancer_arn(&spec.load_balancer_arn)
            .set_port(spec.port)
            .set_protocol(spec.protocol.map(|case| to_wire(case).as_str().into()))
            .set_certificates(Some(default).filter(|all: &Vec<_>| !all.is_empty()))
            .set_ssl_policy(spec.ssl_policy.clone())
            .set_alpn_policy(spec.alpn_policy.map(|case| vec![to_wire(case)]))
            .set_mutual_authentication(spec.mutual_authentication.as_ref().map(MutualAuthentication::to_aws))
            .set_default_actions(Some(action::to_aws(&spec.default_actions)))
            .set_tags(Some(marked_tags(spec.tags.as_ref(), owner, spec.traffic_owned_by_service)))
            .send()
            .await?;
        let arn = made.listeners.unwrap_or_default().into_iter().find_map(|one| one.listener_arn);
        created("elbv2:CreateListener", arn)
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let arn = id.as_str();
        add_certificates(cx, arn, from, to).await?;
        modify(cx, arn, from, to).await?;
        remove_certificates(cx, arn, from, to).await?;
        sync_traffic_mark(cx, arn, from.traffic_owned_by_service, to.traffic_owned_by_service).await?;
        let changed = changed_attributes(from.attributes.as_ref(), to.attributes.as_ref());
        if !changed.is_empty() {
            let of = |(key, value)| ListenerAttribute::builder().key(key).value(value).build();
            let call = cx.elbv2().modify_listener_attributes().listener_arn(arn);
            call.set_attributes(Some(changed.into_iter().map(of).collect())).send().await?;
        }
        sync_tags(cx, arn, from.tags.as_ref(), to.tags.as_ref()).await
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        cx.elbv2().delete_listener().listener_arn(id.as_str()).send().await?;
        Ok(())
    }

    fn check(spec: &Spec) -> Vec<String> {
        let mut faults = action::check(&spec.default_actions, "default_actions");
        let mut rule = |broken: bool, words: &str| {
            if broken {
                faults.push(words.to_owned());
            }
        };
        let encrypted = matches!(spec.protocol, Some(Protocol::Https | Protocol::Tls));
        let certified = spec.certificate_arns.as_ref().is_some_and(|all| !all.is_empty());
        rule(encrypted && spec.certificate_arns.is_none(), "HTTPS and TLS need `certificate_arns`");
        rule(!encrypted && certified, "`certificate_arns` have no effect without HTTPS or TLS");
        rule(!encrypted && spec.ssl_policy.is_some(), "`ssl_policy` has no effect without HTTPS or TLS");
        let tls = spec.protocol == Some(Protocol::Tls);
        rule(!tls && spec.alpn_policy.is_some(), "`alpn_policy` has no effect without TLS");
        rule(spec.port.is_some() != spec.protocol.is_some(), "`port` and `protocol` need each other");
        if let Some(mutual) = &spec.mutual_authentication {
            rule(spec.protocol != Some(Protocol::Https), "`mutual_authentication` has no effect without HTTPS");
            let verifies = mutual.mode == MutualMode::Verify;
            rule(
                verifies != mutual.trust_store_arn.is_some(),
                "`mode: verify` needs `trust_store_arn`, which has no effect without it",
            );
        }
        faults
    }
}

/// Certificates besides the default one, which AWS lists among them.
async fn further_certificates(cx: &Cx, arn: &str) -> Result<Vec<String>> {
    let mut pages = cx.elbv2().describe_listener_certificates().listener_arn(arn).into_paginator().items().send();
    let mut all = Vec::new();
    while let Some(found) = pages.next().await {
        let Some(found) = found.map_err(CloudError::from).optional()? else { break };
        if found.is_default != Some(true) {
            all.extend(found.certificate_arn);
        }
    }
    all.sort();
    Ok(all)
}

/// `None` for a listener that does not exist, or has no attributes.
async fn attributes(cx: &Cx, arn: &str) -> Result<Option<Attributes>> {
    let answer = cx.elbv2().describe_listener_attributes().listener_arn(arn).send().await.optional()?;
    Ok(answer.map(|answer| attributes_of(answer.attributes, |one| (one.key, one.value))))
}

fn found(live: Described, more: Vec<String>, attributes: Option<Attributes>, tags: Tags) -> Result<Found<Listener>> {
    let owned = tags.contains_key(TAG_TRAFFIC);
    let default = live.certificates.unwrap_or_default().into_iter().find_map(|one| one.certificate_arn);
    // One that became the default may go on being listed as another.
    let more = more.into_iter().filter(|arn| Some(arn) != default.as_ref());
    let certificates = default.iter().cloned().chain(more).collect();
    let spec = Spec {
        load_balancer_arn: live.load_balancer_arn.unwrap_or_default(),
        port: live.port,
        protocol: live.protocol.and_then(|case| from_wire(case.as_str())),
        certificate_arns: Some(certificates),
        ssl_policy: live.ssl_policy,
        alpn_policy: live.alpn_policy.unwrap_or_default().first().and_then(|case| from_wire(case)),
        mutual_authentication: live.mutual_authentication.and_then(MutualAuthentication::from_aws),
        default_actions: action::from_aws(live.default_actions.unwrap_or_default(), owned)?,
        traffic_owned_by_service: Some(owned),
        attributes,
        tags: Some(live_tags(tags)),
    };
    let outputs = Outputs { arn: live.listener_arn.unwrap_or_default(), port: live.port };
    Ok(Found::serving(spec, outputs))
}
