//! Target group: where a load balancer sends requests, and how it finds out who can take them.

mod spec;

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::types::{Matcher, TargetGroup as Described, TargetGroupAttribute, TargetTypeEnum};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Attributes, arn_of_variant, attributes_of, changed_attributes, described, full_name, read_tags, sync_tags,
    tag_variant, tags_by_arn,
};
use crate::aws::{Cx, ErrorCodes, NotFoundExt, Result, from_wire, live_tags, to_wire};
use crate::catalog::Traits;
use crate::cloud::ReadRequest;
use crate::kinds::reading::{changed, created, read_each};
use crate::kinds::tagging::{TAG_VARIANT, owned_tags, with_variant};
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};
use spec::{HealthCheck, Protocol, ProtocolVersion, Spec, TargetType};

/// A target group.
pub struct TargetGroup;

/// Outputs of a target group.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Name in metrics and scaling policies: `targetgroup/name/id`.
    pub full_name: String,
}

impl Kind for TargetGroup {
    const NAME: &'static str = "elbv2.TargetGroup";
    const ABOUT: &'static str = "A group of targets that a load balancer sends requests to";
    const EXAMPLE: &'static str = "
name: shop-carts
protocol: HTTP
port: 8080
protocol_version: HTTP1
vpc_id: vpc-0a1b2c3d4e5f60001
target_type: ip
ip_address_type: ipv4
health_check:
  enabled: true
  protocol: HTTP
  port: traffic-port
  path: /health
  interval_seconds: 15
  timeout_seconds: 5
  healthy_threshold: 2
  unhealthy_threshold: 3
  matcher: '200'
attributes: {deregistration_delay.timeout_seconds: '30'}
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "health_check: {path: /ready, matcher: '200-299', interval_seconds: 10, timeout_seconds: 4}",
        "health_check: {protocol: HTTP, port: '8081', healthy_threshold: 3, unhealthy_threshold: 2}",
        "attributes: {deregistration_delay.timeout_seconds: '15', slow_start.duration_seconds: '60'}",
        "tags: {team: platform, cost: '7'}",
        "port: 9090",
        "protocol_version: HTTP2",
        "target_type: instance",
        "ip_address_type: ipv6",
        "target_control_port: 9000",
        "{protocol: HTTPS, vpc_id: vpc-0a1b2c3d}",
        "name: shop-orders",
        "variant: internal",
        "{variant: public, name: shop-public}",
    ];
    // `TargetGroupAssociationLimit` of CreateListener and CreateRule: one load balancer for each group.
    const TRAITS: Traits = Traits {
        unique_by: &["name"],
        led_to_by_one: Some("elbv2.LoadBalancer"),
        held_by: &["elbv2.Listener", "elbv2.ListenerRule"],
        ..Traits::DEFAULT
    };
    const ERRORS: ErrorCodes = ErrorCodes {
        exists: &["DuplicateTargetGroupName"],
        // A listener or rule still sends requests to it.
        conflict: &["ResourceInUse"],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        let arns: Vec<&str> = requests.iter().map(|request| request.id.as_str()).collect();
        let live = described(&arns, |arns| async move {
            let answer = cx.elbv2().describe_target_groups().set_target_group_arns(Some(arns)).send().await?;
            Ok(answer.target_groups.unwrap_or_default())
        });
        let live = live.await?;
        let there: Vec<&str> = live.iter().filter_map(Described::target_group_arn).collect();
        let (live, tags) = (&live, &tags_by_arn(cx, &there).await?);
        read_each(requests, |request| async move {
            let arn = request.id.as_str();
            let Some(one) = live.iter().find(|one| one.target_group_arn() == Some(arn)) else { return Ok(None) };
            let attributes = if request.manages("attributes") { attributes(cx, arn).await? } else { None };
            Ok(Some(found(one.clone(), attributes, tags.get(arn).cloned().unwrap_or_default())))
        })
        .await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let found = cx.elbv2().describe_target_groups().names(&spec.name).send().await.optional()?;
        let arn = found.and_then(|found| found.target_groups?.into_iter().find_map(|one| one.target_group_arn));
        let Some(arn) = arn else { return find_variant(cx, owner, spec).await };
        cx.ensure_owned("a target group", &spec.name, &read_tags(cx, &arn).await?, owner)?;
        Ok(Some(PhysicalId::new(arn)))
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        // The call succeeds with an existing one of the same name and settings, whoever owns it.
        if let Some(id) = Self::find(cx, owner, spec).await? {
            return Ok(id);
        }
        let check = spec.health_check.clone().unwrap_or_default();
        let made = cx
            .elbv2()
            .create_target_group()
            .name(&spec.name)
            .set_protocol(spec.protocol.map(|case| to_wire(case).as_str().into()))
            .set_port(spec.port)
            .set_protocol_version(spec.protocol_version.map(to_wire))
            .set_vpc_id(spec.vpc_id.clone())
            .set_target_type(spec.target_type.map(|case| to_wire(case).as_str().into()))
            .set_ip_address_type(spec.ip_address_type.map(|case| to_wire(case).as_str().into()))
            .set_target_control_port(spec.target_control_port)
            .set_health_check_enabled(check.enabled)
            .set_health_check_protocol(check.protocol.map(|case| to_wire(case).as_str().into()))
            .set_health_check_port(check.port)
            .set_health_check_path(check.path)
            .set_health_check_interval_seconds(check.interval_seconds)
            .set_health_check_timeout_seconds(check.timeout_seconds)
            .set_healthy_threshold_count(check.healthy_threshold)
            .set_unhealthy_threshold_count(check.unhealthy_threshold)
            .set_matcher(check.matcher.map(|codes| matcher(spec, codes)))
            .set_tags(Some(owned_tags(Some(&with_variant(spec.tags.as_ref(), spec.variant.as_ref())), owner)))
            .send()
            .await?;
        let arn = made.target_groups.unwrap_or_default().into_iter().find_map(|one| one.target_group_arn);
        created("elbv2:CreateTargetGroup", arn)
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let arn = id.as_str();
        if let Some(check) = changed(&from.health_check, &to.health_check).cloned() {
            // Fields that this call leaves out stay as they are.
            let call = cx.elbv2().modify_target_group().target_group_arn(arn);
            call.set_health_check_enabled(check.enabled)
                .set_health_check_protocol(check.protocol.map(|case| to_wire(case).as_str().into()))
                .set_health_check_port(check.port)
                .set_health_check_path(check.path)
                .set_health_check_interval_seconds(check.interval_seconds)
                .set_health_check_timeout_seconds(check.timeout_seconds)
                .set_healthy_threshold_count(check.healthy_threshold)
                .set_unhealthy_threshold_count(check.unhealthy_threshold)
                .set_matcher(check.matcher.map(|codes| matcher(from, codes)))
                .send()
                .await?;
        }
        let attributes = changed_attributes(from.attributes.as_ref(), to.attributes.as_ref());
        if !attributes.is_empty() {
            let of = |(key, value)| TargetGroupAttribute::builder().key(key).value(value).build();
            let call = cx.elbv2().modify_target_group_attributes().target_group_arn(arn);
            call.set_attributes(Some(attributes.into_iter().map(of).collect())).send().await?;
        }
        if let Some(variant) = changed(&from.variant, &to.variant) {
            tag_variant(cx, arn, variant).await?;
        }
        sync_tags(cx, arn, from.tags.as_ref(), to.tags.as_ref()).await
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        cx.elbv2().delete_target_group().target_group_arn(id.as_str()).send().await?;
        Ok(())
    }

    fn check(spec: &Spec) -> Vec<String> {
        let mut faults = Vec::new();
        let mut rule = |broken: bool, words: &str| {
            if broken {
                faults.push(words.to_owned());
            }
        };
        let network = [spec.protocol.is_some(), spec.port.is_some(), spec.vpc_id.is_some()];
        if spec.target_type == Some(TargetType::Lambda) {
            rule(network.contains(&true), "`protocol`, `port` and `vpc_id` have no effect with `target_type: lambda`");
        } else {
            rule(
                network.contains(&false),
                "`protocol`, `port` and `vpc_id` are required, except with `target_type: lambda`",
            );
        }
        let http = matches!(spec.protocol, Some(Protocol::Http | Protocol::Https));
        rule(spec.protocol_version.is_some() && !http, "`protocol_version` has no effect without HTTP or HTTPS");
        rule(
            spec.target_type == Some(TargetType::Alb) && spec.protocol != Some(Protocol::Tcp),
            "`target_type: alb` needs `protocol: TCP`",
        );
        if let Some(check) = &spec.health_check {
            let late = check.timeout_seconds.zip(check.interval_seconds).is_some_and(|(wait, every)| wait >= every);
            rule(late && http, "`timeout_seconds` of a health check must be less than its `interval_seconds`");
            let off = check.enabled == Some(false) && spec.target_type != Some(TargetType::Lambda);
            rule(off, "health checks can be off with `target_type: lambda` only");
        }
        faults
    }
}

/// A group of another name: beside a variant, a name stays what the group was made with.
async fn find_variant(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
    let Some(arn) = arn_of_variant(cx, owner, spec.variant.as_ref(), ":targetgroup/").await? else { return Ok(None) };
    let there = cx.elbv2().describe_target_groups().target_group_arns(&arn).send().await.optional()?;
    Ok(there.map(|_| PhysicalId::new(arn)))
}

/// `None` for a target group that does not exist.
async fn attributes(cx: &Cx, arn: &str) -> Result<Option<Attributes>> {
    let answer = cx.elbv2().describe_target_group_attributes().target_group_arn(arn).send().await.optional()?;
    Ok(answer.map(|answer| attributes_of(answer.attributes, |one| (one.key, one.value))))
}

fn matcher(spec: &Spec, codes: String) -> Matcher {
    let of = Matcher::builder();
    if spec.protocol_version == Some(ProtocolVersion::Grpc) { of.grpc_code(codes) } else { of.http_code(codes) }.build()
}

fn found(live: Described, attributes: Option<Attributes>, tags: BTreeMap<String, String>) -> Found<TargetGroup> {
    let arn = live.target_group_arn.unwrap_or_default();
    let name = live.target_group_name.unwrap_or_default();
    let health_check = HealthCheck {
        enabled: live.health_check_enabled,
        protocol: live.health_check_protocol.and_then(|case| from_wire(case.as_str())),
        port: live.health_check_port,
        path: live.health_check_path,
        interval_seconds: live.health_check_interval_seconds,
        timeout_seconds: live.health_check_timeout_seconds,
        healthy_threshold: live.healthy_threshold_count,
        unhealthy_threshold: live.unhealthy_threshold_count,
        matcher: live.matcher.and_then(|matcher| matcher.http_code.or(matcher.grpc_code)),
    };
    let spec = Spec {
        name: name.clone(),
        variant: tags.get(TAG_VARIANT).cloned(),
        protocol: live.protocol.and_then(|case| from_wire(case.as_str())),
        port: live.port,
        protocol_version: live.protocol_version.and_then(|version| from_wire(&version)),
        vpc_id: live.vpc_id,
        target_type: live.target_type.as_ref().map(TargetTypeEnum::as_str).and_then(from_wire),
        ip_address_type: live.ip_address_type.and_then(|case| from_wire(case.as_str())),
        target_control_port: live.target_control_port,
        health_check: Some(health_check),
        attributes,
        tags: Some(live_tags(tags)),
    };
    Found::serving(spec, Outputs { full_name: full_name(&arn), arn, name })
}
