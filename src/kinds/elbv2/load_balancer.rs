//! Load balancer: application, network or gateway. It can be given listeners long before it serves.

use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::types::{LoadBalancer as Described, LoadBalancerAttribute, LoadBalancerStateEnum};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Attributes, arn_of_variant, attributes_of, changed_attributes, check_name, described, full_name, read_tags,
    refused, sync_tags, tag_variant, tags_by_arn,
};
use crate::aws::{Cx, ErrorCodes, NotFoundExt, Result, Tags, from_wire, live_tags, parse_wire, to_wire};
use crate::catalog::Traits;
use crate::cloud::{ReadRequest, Readiness};
use crate::kinds::reading::{changed, created, read_each};
use crate::kinds::tagging::{TAG_VARIANT, owned_tags, with_variant};
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};

/// A load balancer.
pub struct LoadBalancer;

/// The attribute that keeps it from being deleted.
const PROTECTED: &str = "deletion_protection.enabled";

/// Fields of a load balancer.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name, unique in the region; 1 to 32 letters, digits and dashes, no dash at either end, not beginning with
    /// `internal-`. A change replaces; beside `variant`, it counts for the next load balancer only.
    #[schemars(
        regex(pattern = r"^[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?$"),
        extend("x-highlight" = true, "x-change" = "replace", "x-settled-by" = "variant"),
    )]
    pub name: String,
    /// Text that tells it from another one for the same purpose, such as the network that it is in: with another text it
    /// is replaced, and old and new stand side by side until the new one serves. Kept in the tag `isobar:variant`.
    #[schemars(regex(pattern = r"^[A-Za-z0-9 +=._:/@-]{1,256}$"), extend("x-change" = "replace-set"))]
    pub variant: Option<String>,
    /// Type of load balancer; `application` when left out. A change replaces.
    #[serde(rename = "type")]
    #[schemars(extend("x-highlight" = true, "x-change" = "replace"))]
    pub of: Option<Type>,
    /// Public or internal addresses; `internet-facing` when left out. A change replaces.
    #[schemars(extend("x-public" = ["internet-facing"], "x-highlight" = true, "x-change" = "replace"))]
    pub scheme: Option<Scheme>,
    /// Subnets it stands in, one of each zone; at least two of an application load balancer.
    #[schemars(length(min = 1), extend("x-unordered" = true))]
    pub subnet_ids: Vec<String>,
    /// Security groups, up to 5; AWS takes the VPC's default group when left out. A network load balancer
    /// that was made without any can never get one.
    #[schemars(extend("x-unordered" = true, "x-grants" = []))]
    pub security_group_ids: Option<Vec<String>>,
    /// Kind of addresses; `ipv4` when left out. The others need subnets with IPv6.
    #[schemars(extend("x-reset" = "ipv4"))]
    pub ip_address_type: Option<IpAddressType>,
    /// AWS's attributes by name, such as `idle_timeout.timeout_seconds: '30'`. With
    /// `deletion_protection.enabled: 'true'` it cannot be deleted until that is set to `'false'` and applied.
    /// One that is not listed, or no longer, stays as it is.
    #[schemars(extend("x-risk" = "protection", "x-merge" = true, "x-stays" = true))]
    pub attributes: Option<Attributes>,
    /// Tags, beside those by which Isobar knows its own.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Type of load balancer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    /// HTTP requests.
    Application,
    /// Connections and datagrams.
    Network,
    /// Packets, to appliances.
    Gateway,
}

/// Scheme of a load balancer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// Addresses of its VPC only.
    Internal,
    /// Public addresses; its subnets need a route to an internet gateway.
    InternetFacing,
}

/// Kind of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IpAddressType {
    /// IPv4.
    Ipv4,
    /// IPv4 and IPv6.
    Dualstack,
    /// IPv6 for the public, IPv4 inside only.
    DualstackWithoutPublicIpv4,
}

/// Outputs of a load balancer.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// The name that it can be reached by.
    pub dns_name: String,
    /// The zone that alias records for it name.
    pub canonical_hosted_zone_id: String,
    /// Name in metrics: `app/name/id`.
    pub full_name: String,
}

impl Kind for LoadBalancer {
    const NAME: &'static str = "elbv2.LoadBalancer";
    const ABOUT: &'static str = "A load balancer for HTTP, connections or packets";
    const EXAMPLE: &'static str = "
name: shop-web
type: application
scheme: internal
subnet_ids: [subnet-0a1b2c3d4e5f60001, subnet-0a1b2c3d4e5f60002]
security_group_ids: [sg-0a1b2c3d4e5f60001]
ip_address_type: ipv4
attributes: {idle_timeout.timeout_seconds: '30', routing.http.drop_invalid_header_fields.enabled: 'true'}
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "attributes: {idle_timeout.timeout_seconds: '60', routing.http.drop_invalid_header_fields.enabled: 'false', deletion_protection.enabled: 'true'}",
        "attributes: {idle_timeout.timeout_seconds: '60', routing.http.drop_invalid_header_fields.enabled: 'false', deletion_protection.enabled: 'false'}",
        "security_group_ids: [sg-0a1b2c3d4e5f60001, sg-0a1b2c3d4e5f60002]",
        "subnet_ids: [subnet-0a1b2c3d4e5f60002, subnet-0a1b2c3d4e5f60003]",
        "tags: {team: platform, cost: '7'}",
        "ip_address_type: dualstack",
        "ip_address_type: ipv4",
        "scheme: internet-facing",
        "{type: network, attributes: null}",
        "name: shop-front",
        "variant: internal",
        "{variant: public, name: shop-public}",
    ];
    const TRAITS: Traits = Traits { deadline: Duration::from_mins(15), unique_by: &["name"], ..Traits::DEFAULT };
    const ERRORS: ErrorCodes = ErrorCodes {
        exists: &["DuplicateLoadBalancerName"],
        // A network load balancer's endpoint service, or a link of API Gateway, must go before it.
        conflict: &["ResourceInUse"],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        let arns: Vec<&str> = requests.iter().map(|request| request.id.as_str()).collect();
        let live = described(&arns, |arns| async move {
            let answer = cx.elbv2().describe_load_balancers().set_load_balancer_arns(Some(arns)).send().await?;
            Ok(answer.load_balancers.unwrap_or_default())
        });
        let live = live.await?;
        let there: Vec<&str> = live.iter().filter_map(Described::load_balancer_arn).collect();
        let (live, tags) = (&live, &tags_by_arn(cx, &there).await?);
        read_each(requests, |request| async move {
            let arn = request.id.as_str();
            let Some(one) = live.iter().find(|one| one.load_balancer_arn() == Some(arn)) else { return Ok(None) };
            let attributes = if request.manages("attributes") { attributes(cx, arn).await? } else { None };
            found(one, attributes, tags.get(arn).cloned().unwrap_or_default()).map(Some)
        })
        .await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let found = cx.elbv2().describe_load_balancers().names(&spec.name).send().await.optional()?;
        let arn = found.and_then(|found| found.load_balancers?.into_iter().find_map(|one| one.load_balancer_arn));
        let Some(arn) = arn else { return find_variant(cx, owner, spec).await };
        cx.ensure_owned("a load balancer", &spec.name, &read_tags(cx, &arn).await?, owner)?;
        Ok(Some(PhysicalId::new(arn)))
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        // The call succeeds with an existing one of the same name and settings, whoever owns it.
        if let Some(id) = Self::find(cx, owner, spec).await? {
            return Ok(id);
        }
        let made = cx
            .elbv2()
            .create_load_balancer()
            .name(&spec.name)
            .set_type(spec.of.map(|case| to_wire(case).as_str().into()))
            .set_scheme(spec.scheme.map(|case| to_wire(case).as_str().into()))
            .set_subnets(Some(spec.subnet_ids.clone()))
            .set_security_groups(spec.security_group_ids.clone().filter(|all| !all.is_empty()))
            .set_ip_address_type(spec.ip_address_type.map(|case| to_wire(case).as_str().into()))
            .set_tags(Some(owned_tags(Some(&with_variant(spec.tags.as_ref(), spec.variant.as_ref())), owner)))
            .send()
            .await?;
        let arn = made.load_balancers.unwrap_or_default().into_iter().find_map(|one| one.load_balancer_arn);
        created("elbv2:CreateLoadBalancer", arn)
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let arn = id.as_str();
        if sorted(&from.subnet_ids) != sorted(&to.subnet_ids) {
            let call = cx.elbv2().set_subnets().load_balancer_arn(arn);
            call.set_subnets(Some(to.subnet_ids.clone())).send().await?;
        }
        let live = sorted(from.security_group_ids.as_deref().unwrap_or_default());
        if let Some(wanted) = to.security_group_ids.as_ref().filter(|wanted| live != sorted(wanted)) {
            let call = cx.elbv2().set_security_groups().load_balancer_arn(arn);
            call.set_security_groups(Some(wanted.clone())).send().await?;
        }
        if let Some(&wanted) = changed(&from.ip_address_type, &to.ip_address_type) {
            let call = cx.elbv2().set_ip_address_type().load_balancer_arn(arn);
            call.ip_address_type(to_wire(wanted).as_str().into()).send().await?;
        }
        if let Some(variant) = changed(&from.variant, &to.variant) {
            tag_variant(cx, arn, variant).await?;
        }
        let changed = changed_attributes(from.attributes.as_ref(), to.attributes.as_ref());
        if !changed.is_empty() {
            let of = |(key, value)| LoadBalancerAttribute::builder().key(key).value(value).build();
            let call = cx.elbv2().modify_load_balancer_attributes().load_balancer_arn(arn);
            call.set_attributes(Some(changed.into_iter().map(of).collect())).send().await?;
        }
        sync_tags(cx, arn, from.tags.as_ref(), to.tags.as_ref()).await
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        let Some(attributes) = attributes(cx, id.as_str()).await? else { return Ok(()) };
        if attributes.get(PROTECTED).is_some_and(|on| on == "true") {
            let hint = "set the attribute `deletion_protection.enabled: 'false'` and apply, then delete it";
            return Err(refused("delete", format!("the load balancer {id} is protected against deletion"), hint));
        }
        cx.elbv2().delete_load_balancer().load_balancer_arn(id.as_str()).send().await?;
        Ok(())
    }

    fn check(spec: &Spec) -> Vec<String> {
        let mut faults: Vec<String> = check_name("a load balancer", &spec.name).into_iter().collect();
        let of = spec.of.unwrap_or(Type::Application);
        if of == Type::Application && spec.subnet_ids.len() == 1 {
            faults.push("an application load balancer needs at least two subnets, of different zones".to_owned());
        }
        if of == Type::Gateway && (spec.scheme.is_some() || spec.security_group_ids.is_some()) {
            faults.push("a gateway load balancer has neither `scheme` nor `security_group_ids`".to_owned());
        }
        if spec.ip_address_type == Some(IpAddressType::DualstackWithoutPublicIpv4)
            && (of != Type::Application || spec.scheme == Some(Scheme::Internal))
        {
            let words = "`dualstack-without-public-ipv4` is for internet-facing application load balancers";
            faults.push(words.to_owned());
        }
        faults
    }
}

/// A load balancer of another name: beside a variant, a name stays what it was made with.
async fn find_variant(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
    let Some(arn) = arn_of_variant(cx, owner, spec.variant.as_ref(), ":loadbalancer/").await? else { return Ok(None) };
    let there = cx.elbv2().describe_load_balancers().load_balancer_arns(&arn).send().await.optional()?;
    Ok(there.map(|_| PhysicalId::new(arn)))
}

/// `None` for a load balancer that does not exist.
async fn attributes(cx: &Cx, arn: &str) -> Result<Option<Attributes>> {
    let answer = cx.elbv2().describe_load_balancer_attributes().load_balancer_arn(arn).send().await.optional()?;
    Ok(answer.map(|answer| attributes_of(answer.attributes, |one| (one.key, one.value))))
}

fn found(live: &Described, attributes: Option<Attributes>, tags: Tags) -> Result<Found<LoadBalancer>> {
    let arn = live.load_balancer_arn().unwrap_or_default().to_owned();
    let name = live.load_balancer_name().unwrap_or_default().to_owned();
    let kind = live.r#type().map_or("application", |case| case.as_str());
    let subnets = live.availability_zones().iter().filter_map(|zone| zone.subnet_id.clone()).collect();
    let spec = Spec {
        name: name.clone(),
        variant: tags.get(TAG_VARIANT).cloned(),
        of: Some(parse_wire("type of load balancer", kind)?),
        scheme: live.scheme().and_then(|case| from_wire(case.as_str())),
        subnet_ids: subnets,
        security_group_ids: Some(live.security_groups().to_vec()),
        ip_address_type: live.ip_address_type().and_then(|case| from_wire(case.as_str())),
        attributes,
        tags: Some(live_tags(tags)),
    };
    let outputs = Outputs {
        full_name: full_name(&arn),
        arn,
        name,
        dns_name: live.dns_name().unwrap_or_default().to_owned(),
        canonical_hosted_zone_id: live.canonical_hosted_zone_id().unwrap_or_default().to_owned(),
    };
    Ok(Found { readiness: readiness(live), ..Found::serving(spec, outputs) })
}

fn readiness(live: &Described) -> Readiness {
    let why = |without: &str| live.state().and_then(|state| state.reason()).unwrap_or(without).to_owned();
    match live.state().and_then(|state| state.code()) {
        Some(LoadBalancerStateEnum::Provisioning) => Readiness::Configured(why("provisioning the load balancer")),
        Some(LoadBalancerStateEnum::Failed) => Readiness::Failed(why("the load balancer could not be provisioned")),
        _ => Readiness::Serving,
    }
}

fn sorted(all: &[String]) -> Vec<&String> {
    let mut all: Vec<&String> = all.iter().collect();
    all.sort();
    all
}
