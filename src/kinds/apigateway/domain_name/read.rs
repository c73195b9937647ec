//! Reads: a live domain as a spec, from the list of all domains or from a call of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_apigateway::operation::get_domain_name::GetDomainNameOutput;
use aws_sdk_apigateway::types::{DomainName as SdkDomain, DomainNameStatus};

use super::spec::{MutualTls, RoutingMode, Spec};
use super::{DomainName, Outputs};
use crate::aws::{Cx, Result, from_wire};
use crate::cloud::Readiness;
use crate::kinds::Found;
use crate::kinds::apigateway::{IpAddressType, PAGE, arn};
use crate::kinds::tagging::user_tags;

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

/// A domain as AWS shows it, whichever call did.
pub(super) struct Seen {
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

pub(super) fn found(cx: &Cx, seen: Seen) -> Found<DomainName> {
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
    Found { readiness, ..Found::serving(seen.spec, outputs) }
}
