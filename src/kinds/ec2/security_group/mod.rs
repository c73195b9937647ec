//! Security group: who may talk to the things in it, and whom they may talk to.
//!
//! Its rules are part of it. Groups may name each other in a circle: each is made without rules, and a rule
//! whose peer is not there yet waits for it. On the way out a group first drops its own rules, so that
//! a circle comes apart.

mod rule;
mod rules;

use std::time::Duration;

use aws_sdk_ec2::types::{NetworkInterface, ResourceType, SecurityGroup as Live};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Described, arn, as_not_visible_yet, describe_requested, filter, interface_label, look_up_by, physical_id,
    sync_tags, tag_specification, with_dependents,
};
use crate::aws::{Cx, ErrorCodes, Result, Tags};
use crate::catalog::Traits;
use crate::cloud::{CloudError, ReadRequest};
use crate::kinds::reading::{created, read_each};
use crate::kinds::tagging::{all_tags, user_tags};
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};
use crate::value::Json;
use rule::Rule;
use rules::{Seen, revoke_all, update_rules};

/// A security group.
pub struct SecurityGroup;

/// Fields of a security group.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name, unique in the VPC whatever its case; 1 to 255 letters, digits, spaces and `._-:/()#,@[]+=&;{}!$*`, not
    /// beginning with `sg-`. A change replaces.
    #[schemars(regex(pattern = r"^[A-Za-z0-9 ._:/()#,@\[\]+=&;{}!$*-]{1,255}$"), extend("x-highlight" = true, "x-change" = "replace"))]
    pub name: String,
    /// Description, of the same letters. A change replaces; as the name is taken while the old group is in use,
    /// change the name with it.
    #[schemars(regex(pattern = r"^[A-Za-z0-9 ._:/()#,@\[\]+=&;{}!$*-]{1,255}$"), extend("x-change" = "replace"))]
    pub description: String,
    /// The VPC that it is a part of. A change replaces.
    #[schemars(extend("x-change" = "replace"))]
    pub vpc_id: String,
    /// Rules for incoming connections; at most 60 unless the quota was raised. A rule that is not listed is
    /// revoked. When left out, the rules are not this file's.
    #[schemars(extend("x-unordered" = true, "x-grants" = rule::IDENTITY, "x-risk" = "ingress", "x-highlight" = true, "x-reset" = []))]
    pub ingress: Option<Vec<Rule>>,
    /// Rules for outgoing connections. A rule that is not listed is revoked, also the one that AWS gives
    /// every new group, to everybody, among them. When left out, the rules are not this file's.
    #[schemars(extend("x-unordered" = true, "x-grants" = rule::IDENTITY))]
    pub egress: Option<Vec<Rule>>,
    /// Tags, beside those by which Isobar knows its own.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Outputs of a security group.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its id, `sg-...`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
}

impl Kind for SecurityGroup {
    const NAME: &'static str = "ec2.SecurityGroup";
    const ABOUT: &'static str = "A security group and its rules";
    const EXAMPLE: &'static str = "
name: shop-carts
description: Carts service
vpc_id: ${ec2.Vpc.id}
ingress:
  - {protocol: tcp, from_port: 443, to_port: 443, cidr_ipv4: 10.40.0.0/16, description: From the network}
  - {protocol: all, security_group_name: shop-carts}
egress:
  - {protocol: all, cidr_ipv4: 0.0.0.0/0}
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "
ingress:
  - {protocol: all, security_group_name: shop-carts, description: Each other}
  - {protocol: tcp, from_port: 443, to_port: 443, cidr_ipv4: 10.40.0.0/16, description: Whole network}
",
        "
ingress:
  - {protocol: tcp, from_port: 8080, to_port: 8090, cidr_ipv4: 10.40.0.0/16}
  - {protocol: udp, from_port: 53, to_port: 53, cidr_ipv6: '::/0'}
  - {protocol: icmp, from_port: 8, to_port: -1, cidr_ipv4: 10.40.0.0/16}
  - {protocol: icmp, cidr_ipv4: 10.0.0.0/8}
",
        "egress: [{protocol: tcp, from_port: 443, to_port: 443, cidr_ipv4: 0.0.0.0/0}]",
        "{ingress: [], egress: []}",
        "egress: [{protocol: all, cidr_ipv4: 0.0.0.0/0}]",
        "tags: {team: platform, cost: '7'}",
        "description: Carts and orders",
        "vpc_id: vpc-0123456789abcdef0",
        "name: shop-orders",
    ];
    const TRAITS: Traits = Traits {
        // Interfaces that Lambda lent go up to 45 minutes after the functions.
        deadline: Duration::from_mins(45),
        unique_by: &["name", "vpc_id"],
        held_by: &[
            "apigatewayv2.VpcLink",
            "autoscaling.AutoScalingGroup",
            "ec2.SecurityGroup",
            "ec2.VpcEndpoint",
            "ecs.Service",
            "elbv2.LoadBalancer",
        ],
        ..Traits::DEFAULT
    };
    const ERRORS: ErrorCodes = ErrorCodes {
        not_found: &["InvalidGroup.NotFound", "InvalidGroupId.NotFound"],
        exists: &["InvalidGroup.Duplicate"],
        conflict: &["DependencyViolation", "InvalidPermission.Duplicate"],
        not_visible_yet: &["InvalidVpcID.NotFound"],
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        let live = describe_requested::<Live>(cx, requests).await?;
        let seen = Seen::read(cx, requests, &live).await?;
        let (live, seen) = (&live, &seen);
        read_each(requests, |request| async move {
            match live.get(request.id.as_str()) {
                Some(live) => found(cx, request, live, seen).await.map(Some),
                None => Ok(None),
            }
        })
        .await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let filters = vec![filter("vpc-id", [&spec.vpc_id]), filter("group-name", [&spec.name])];
        let Some(live) = Live::list(cx, filters).await?.into_iter().next() else { return Ok(None) };
        let id = physical_id(&live)?;
        cx.ensure_owned("a security group", &spec.name, &all_tags(live.tags.unwrap_or_default()), owner)?;
        Ok(Some(id))
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        let call = cx.ec2().create_security_group().group_name(&spec.name).description(&spec.description);
        let call = call.vpc_id(&spec.vpc_id);
        let made = call
            .tag_specifications(tag_specification(ResourceType::SecurityGroup, spec.tags.as_ref(), owner))
            .send()
            .await?;
        created("ec2:CreateSecurityGroup", made.group_id)
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let done = async {
            sync_tags(cx, id, from.tags.as_ref(), to.tags.as_ref()).await?;
            update_rules(cx, id, to).await
        };
        done.await.map_err(as_not_visible_yet)
    }

    /// Its own rules first, then the group.
    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        revoke_all(cx, id).await?;
        match cx.ec2().delete_security_group().group_id(id.as_str()).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(refused_delete(cx, error.into(), id).await),
        }
    }

    /// By `id`, by `name` and `vpc_id`, or by `tags`.
    async fn lookup(cx: &Cx, query: &Json) -> Result<Option<PhysicalId>> {
        look_up_by::<Live>(cx, query, "group-name").await
    }

    fn check(spec: &Spec) -> Vec<String> {
        let mut wrong = Vec::new();
        if spec.name.starts_with("sg-") {
            wrong.push("a security group's name must not begin with `sg-`".to_owned());
        }
        for rules in [&spec.ingress, &spec.egress].into_iter().flatten() {
            wrong.extend(rules.iter().flat_map(Rule::faults));
            let bare = |rule: &Rule| Rule { description: None, ..rule.clone() };
            let repeats = |at: usize| rules[..at].iter().any(|rule| bare(rule) == bare(&rules[at]));
            wrong.extend((0..rules.len()).filter(|at| repeats(*at)).map(|at| {
                let rule = &rules[at];
                format!("duplicate rule for {} from {:?}", rule.protocol, rule.from_port)
            }));
        }
        wrong
    }
}

async fn found(cx: &Cx, request: &ReadRequest, live: &Live, seen: &Seen) -> Result<Found<SecurityGroup>> {
    let id = live.id();
    let name = live.group_name.clone().unwrap_or_default();
    let spec = Spec {
        name: name.clone(),
        description: live.description.clone().unwrap_or_default(),
        vpc_id: live.vpc_id.clone().unwrap_or_default(),
        ingress: seen.rules(live, request, false),
        egress: seen.rules(live, request, true),
        tags: Some(user_tags(live.tags.clone().unwrap_or_default())),
    };
    let not_read: &[&str] = match (&spec.ingress, &spec.egress) {
        (None, None) => &["ingress", "egress"],
        _ => &[],
    };
    let arn = match &live.security_group_arn {
        Some(arn) => arn.clone(),
        None => arn(cx, live.owner_id(), "security-group", id).await?,
    };
    Ok(Found { not_read, ..Found::serving(spec, Outputs { id: id.to_owned(), arn, name }) })
}

/// A refusal to delete, with the interfaces in the group, or else the groups whose rules refer to it.
async fn refused_delete(cx: &Cx, error: CloudError, id: &PhysicalId) -> CloudError {
    let interfaces = NetworkInterface::list(cx, vec![filter("group-id", [id.as_str()])]);
    if error.code != "DependencyViolation" {
        return error;
    }
    let interfaces = interfaces.await.unwrap_or_default();
    if !interfaces.is_empty() {
        return with_dependents(error, interfaces.iter().map(interface_label).collect());
    }
    let mut groups = Vec::new();
    for by in ["ip-permission.group-id", "egress.ip-permission.group-id"] {
        let found = Live::list(cx, vec![filter(by, [id.as_str()])]).await.unwrap_or_default();
        groups.extend(
            found
                .into_iter()
                .filter(|group| group.id() != id.as_str())
                .map(|group| format!("a rule of {} ({})", group.id(), group.group_name().unwrap_or_default())),
        );
    }
    groups.dedup();
    with_dependents(error, groups)
}
