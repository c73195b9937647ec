//! API Gateway custom domain: a name of ours in front of REST APIs, one per region for the same name.

mod read;
mod spec;

use std::time::Duration;

use aws_sdk_apigateway::types::{EndpointConfiguration, EndpointType, MutualTlsAuthenticationInput};
use schemars::JsonSchema;
use serde::Serialize;

pub(in crate::kinds) use self::read::uses_certificate;
use self::read::{found, listed};
use self::spec::Spec;
use super::{Patch, Security, arn, update_tags};
use crate::aws::{Cx, ErrorCodes, NotFoundExt, Result, to_wire};
use crate::catalog::Traits;
use crate::cloud::{Class, CloudError, ReadMode, ReadRequest};
use crate::kinds::reading::read_each;
use crate::kinds::tagging::{all_tags, owned_tags};
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};
use crate::value::Json;

/// A custom domain.
pub struct DomainName;

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
