//! API Gateway custom domain: a name of ours in front of REST APIs, one per region for the same name.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_apigateway::operation::get_domain_name::GetDomainNameOutput;
use aws_sdk_apigateway::types::{
    DomainName as SdkDomain, DomainNameStatus, EndpointConfiguration, EndpointType, MutualTlsAuthenticationInput,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{EndpointAccessMode, IpAddressType, PAGE, Patch, Security, arn, update_tags};
use crate::aws::{Cx, ErrorCodes, NotFoundExt, Result, Tags, from_wire, to_wire};
use crate::catalog::Traits;
use crate::cloud::{Class, CloudError, ReadMode, ReadRequest, Readiness};
use crate::kinds::reading::read_each;
use crate::kinds::tagging::{all_tags, owned_tags, user_tags};
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};
use crate::value::Json;

/// A custom domain.
pub struct DomainName;

/// The properties of a custom domain.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The name, in lower case; `*.` at the start stands for one label. The same name may stand in
    /// every region of an account, and in one account only.
    #[schemars(
        length(max = 253),
        regex(pattern = r"^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$"),
        extend("x-change" = "replace")
    )]
    pub domain: String,
    /// ARN of an issued certificate of the same region that holds the name.
    #[schemars(regex(pattern = r"^arn:[a-z-]+:acm:[a-z0-9-]+:\d+:certificate/.+$"), extend("x-needs" = "serving"))]
    pub certificate_arn: String,
    /// Least TLS version and ciphers: `TLS_1_0`, `TLS_1_2` or a `SecurityPolicy_…`; AWS chooses when
    /// left out. A change takes about 15 minutes.
    #[schemars(regex(pattern = r"^(TLS_1_[02]|SecurityPolicy_[A-Za-z0-9_]+)$"))]
    pub security_policy: Option<String>,
    /// Strictness with which a `SecurityPolicy_…` is applied.
    pub endpoint_access_mode: Option<EndpointAccessMode>,
    /// Routing of requests to APIs; `BASE_PATH_MAPPING_ONLY` when left out.
    pub routing_mode: Option<RoutingMode>,
    /// Addresses it answers on; `ipv4` when left out.
    pub ip_address_type: Option<IpAddressType>,
    /// Callers must show a certificate of their own; they need none when left out.
    pub mutual_tls: Option<MutualTls>,
    /// ARN of a public ACM certificate that proves the name ours, if `certificate_arn` is imported or
    /// private and `mutual_tls` is on.
    pub ownership_verification_certificate_arn: Option<String>,
    /// Tags, by key, without spaces and `@`. Tags that others add stay.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Routing of requests to APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RoutingMode {
    /// By base path mappings.
    BasePathMappingOnly,
    /// By routing rules.
    RoutingRuleOnly,
    /// By routing rules, then by base path mappings.
    RoutingRuleThenBasePathMapping,
}

/// Authorities of the certificates that callers must show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MutualTls {
    /// `s3://bucket/key` of a PEM file with the authorities that are trusted.
    #[schemars(regex(pattern = r"^s3://[^/]+/.+$"))]
    pub truststore_uri: String,
    /// Version of that object; AWS takes the newest when left out, and does not notice newer ones.
    pub truststore_version: Option<String>,
}

/// The outputs of a custom domain.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// The name.
    pub domain: String,
    /// Host name of AWS's to which an alias record points.
    pub regional_domain_name: String,
    /// Hosted zone of that host name, for the alias record.
    pub regional_hosted_zone_id: String,
    /// Its ARN.
    pub arn: String,
}

impl Kind for DomainName {
    const NAME: &'static str = "apigateway.DomainName";
    const ABOUT: &'static str = "A custom domain of API Gateway in one region";
    const EXAMPLE: &'static str = "
domain: api.shop.example.com
certificate_arn: ${acm.Certificate.arn}
security_policy: TLS_1_2
routing_mode: BASE_PATH_MAPPING_ONLY
ip_address_type: ipv4
mutual_tls: {truststore_uri: 's3://shop-trust/authorities.pem', truststore_version: '3'}
ownership_verification_certificate_arn: ${acm.Certificate.arn}
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "{security_policy: SecurityPolicy_TLS13_1_2_PQ_2025_09, endpoint_access_mode: BASIC}",
        "endpoint_access_mode: STRICT",
        "{security_policy: TLS_1_2, endpoint_access_mode: null}",
        "{routing_mode: ROUTING_RULE_THEN_BASE_PATH_MAPPING, ip_address_type: dualstack}",
        "tags: {team: platform, cost: '7'}",
        "domain: checkout.shop.example.com",
    ];
    const TRAITS: Traits = Traits {
        // AWS makes, changes and deletes one per 30 s and account, and takes 15 minutes to change a security policy.
        deadline: Duration::from_mins(40),
        unique_by: &["domain"],
        ..Traits::DEFAULT
    };
    const ERRORS: ErrorCodes = ErrorCodes {
        exists: &["BadRequestException: already exists", "ConflictException: already exists"],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        if cx.mode == ReadMode::Fresh {
            return read_each(requests, async |request| {
                let call = cx.apigateway().get_domain_name().domain_name(request.id.as_str());
                Ok(call.send().await.optional()?.map(|live| found(cx, live.into())))
            })
            .await;
        }
        let all = listed(cx).await?;
        Ok(requests
            .iter()
            .map(|request| all.get(request.id.as_str()).map(|live| found(cx, live.clone().into())))
            .collect())
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let live = cx.apigateway().get_domain_name().domain_name(&spec.domain).send().await.optional()?;
        let Some(live) = live else { return Ok(None) };
        cx.ensure_owned("a custom domain", &spec.domain, &all_tags(live.tags.unwrap_or_default()), owner)?;
        Ok(Some(PhysicalId::new(&spec.domain)))
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        let endpoint = EndpointConfiguration::builder()
            .types(EndpointType::Regional)
            .set_ip_address_type(spec.ip_address_type.map(|kind| to_wire(kind).as_str().into()));
        let trust = spec.mutual_tls.clone().map(|trust| {
            let input = MutualTlsAuthenticationInput::builder().truststore_uri(trust.truststore_uri);
            input.set_truststore_version(trust.truststore_version).build()
        });
        let call = cx.apigateway().create_domain_name().domain_name(&spec.domain);
        let made = call
            .regional_certificate_arn(&spec.certificate_arn)
            .endpoint_configuration(endpoint.build())
            .set_security_policy(spec.security_policy.as_deref().map(Into::into))
            .set_endpoint_access_mode(spec.endpoint_access_mode.map(|mode| to_wire(mode).as_str().into()))
            .set_routing_mode(spec.routing_mode.map(|mode| to_wire(mode).as_str().into()))
            .set_mutual_tls_authentication(trust)
            .set_ownership_verification_certificate_arn(spec.ownership_verification_certificate_arn.clone())
            .set_tags(Some(owned_tags(spec.tags.as_ref(), owner)))
            .send()
            .await;
        match made.map_err(CloudError::from) {
            Ok(_) => Ok(PhysicalId::new(&spec.domain)),
            Err(error) if error.message.contains("already exists") => Err(not_ours(cx, spec, error).await?),
            Err(error) => Err(error),
        }
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        // All in one call: AWS takes one change per 30 s.
        if let Some(operations) = patch(from, to).operations() {
            let call = cx.apigateway().update_domain_name().domain_name(id.as_str());
            call.set_patch_operations(Some(operations)).send().await?;
        }
        update_tags(cx, &arn(cx, &format!("domainnames/{id}")), from.tags.as_ref(), to.tags.as_ref()).await
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        cx.apigateway().delete_domain_name().domain_name(id.as_str()).send().await?;
        Ok(())
    }

    async fn lookup(_cx: &Cx, query: &Json) -> Result<Option<PhysicalId>> {
        Ok(query.get("domain").or_else(|| query.get("id")).and_then(Json::as_str).map(PhysicalId::new))
    }

    fn check(spec: &Spec) -> Vec<String> {
        let mut problems = Security(spec.security_policy.as_ref(), spec.endpoint_access_mode).check();
        if spec.mutual_tls.is_some() && spec.domain.starts_with("*.") {
            problems.push("`mutual_tls` does not go with a wildcard domain".into());
        }
        problems
    }
}

/// Every domain name of the region, by name; one list for a whole survey.
pub(super) async fn listed(cx: &Cx) -> Result<Arc<BTreeMap<String, SdkDomain>>> {
    cx.cached("apigateway.domain_names", async {
        let pages = cx.apigateway().get_domain_names().limit(PAGE).into_paginator().send().try_collect().await?;
        let listed = pages.into_iter().flat_map(|page| page.items.unwrap_or_default());
        Ok(listed.filter_map(|one| Some((one.domain_name.clone()?, one))).collect())
    })
    .await
}

/// True if a domain that serves in this region uses this certificate: API Gateway takes none but issued ones.
pub(in crate::kinds) async fn uses_certificate(cx: &Cx, arn: &str) -> Result<bool> {
    let serves = |one: &SdkDomain| one.domain_name_status == Some(DomainNameStatus::Available);
    Ok(listed(cx).await?.values().any(|one| serves(one) && one.regional_certificate_arn.as_deref() == Some(arn)))
}

/// The error for a name that exists: if this account does not have it, another account is the owner.
async fn not_ours(cx: &Cx, spec: &Spec, error: CloudError) -> Result<CloudError> {
    let here = cx.apigateway().get_domain_name().domain_name(&spec.domain).send().await.optional()?;
    if here.is_some() {
        return Ok(error);
    }
    let region = cx.region();
    let hint = format!("another AWS account has {} in {region}: delete it there, or take another name", spec.domain);
    Ok(CloudError { class: Class::NotOwned, code: String::new(), hint: Some(hint), ..error })
}

fn patch(from: &Spec, to: &Spec) -> Patch {
    let mut patch = Patch::default();
    patch.set("/regionalCertificateArn", Some(&from.certificate_arn), Some(&to.certificate_arn));
    let [before, after] = [from, to].map(|spec| Security(spec.security_policy.as_ref(), spec.endpoint_access_mode));
    before.patch(after, &mut patch);
    patch.set_enum("/routingMode", from.routing_mode.as_ref(), to.routing_mode.as_ref());
    let addresses = [from, to].map(|spec| spec.ip_address_type.as_ref());
    patch.set_enum("/endpointConfiguration/ipAddressType", addresses[0], addresses[1]);
    let trust = [from, to].map(|spec| spec.mutual_tls.as_ref());
    let places = trust.map(|trust| trust.map(|trust| &trust.truststore_uri));
    patch.set("/mutualTlsAuthentication/truststoreUri", places[0], places[1]);
    let versions = trust.map(|trust| trust.and_then(|trust| trust.truststore_version.as_ref()));
    patch.set("/mutualTlsAuthentication/truststoreVersion", versions[0], versions[1]);
    let proofs = [from, to].map(|spec| spec.ownership_verification_certificate_arn.as_ref());
    patch.set("/ownershipVerificationCertificateArn", proofs[0], proofs[1]);
    patch
}

/// A domain as AWS shows it, whichever call did.
struct Seen {
    spec: Spec,
    host: Option<String>,
    zone: Option<String>,
    status: Option<DomainNameStatus>,
    message: Option<String>,
}

macro_rules! seen_in {
    ($($answer:ty),*) => {$(
        impl From<$answer> for Seen {
            fn from(live: $answer) -> Self {
                let addresses = live.endpoint_configuration.and_then(|endpoint| endpoint.ip_address_type);
                let trust = live.mutual_tls_authentication.and_then(|trust| {
                    let truststore_uri = trust.truststore_uri.filter(|uri| !uri.is_empty())?;
                    Some(MutualTls { truststore_uri, truststore_version: trust.truststore_version })
                });
                let spec = Spec {
                    domain: live.domain_name.unwrap_or_default(),
                    certificate_arn: live.regional_certificate_arn.unwrap_or_default(),
                    security_policy: live.security_policy.map(|policy| policy.as_str().to_owned()),
                    endpoint_access_mode: live.endpoint_access_mode.and_then(|mode| from_wire(mode.as_str())),
                    routing_mode: live.routing_mode.map_or(Some(RoutingMode::BasePathMappingOnly), |mode| {
                        from_wire(mode.as_str())
                    }),
                    ip_address_type: addresses.map_or(Some(IpAddressType::Ipv4), |kind| from_wire(kind.as_str())),
                    mutual_tls: trust,
                    ownership_verification_certificate_arn: live.ownership_verification_certificate_arn,
                    tags: Some(user_tags(live.tags.unwrap_or_default())),
                };
                Self {
                    spec,
                    host: live.regional_domain_name,
                    zone: live.regional_hosted_zone_id,
                    status: live.domain_name_status,
                    message: live.domain_name_status_message,
                }
            }
        }
    )*};
}
seen_in!(SdkDomain, GetDomainNameOutput);

fn found(cx: &Cx, seen: Seen) -> Found<DomainName> {
    let complete = seen.host.is_some() && seen.zone.is_some();
    let why = |what: &str| seen.message.as_ref().map_or(what.to_owned(), |message| format!("{what}: {message}"));
    let readiness = match &seen.status {
        // One that never came up can be made anew; one that did still serves, and a new one would take its host away.
        Some(DomainNameStatus::Failed) if !complete => Readiness::Failed(why("API Gateway could not set it up")),
        Some(DomainNameStatus::Failed) => Readiness::Configured(why("API Gateway could not change it")),
        _ if !complete => Readiness::Pending("creating".into()),
        None | Some(DomainNameStatus::Available) => Readiness::Serving,
        // These two are for the user to heal, by a change of it and not by a new one.
        Some(DomainNameStatus::PendingCertificateReimport) => {
            Readiness::Configured(why("its certificate has to be imported into ACM again"))
        }
        Some(DomainNameStatus::PendingOwnershipVerification) => {
            Readiness::Configured(why("it needs an `ownership_verification_certificate_arn`"))
        }
        // It serves as before, but takes no change and may not show the last one yet.
        Some(_) => Readiness::Pending(why("updating")),
    };
    let outputs = Outputs {
        domain: seen.spec.domain.clone(),
        regional_domain_name: seen.host.unwrap_or_default(),
        regional_hosted_zone_id: seen.zone.unwrap_or_default(),
        arn: arn(cx, &format!("domainnames/{}", seen.spec.domain)),
    };
    Found { spec: seen.spec, outputs, readiness, not_read: &[] }
}
