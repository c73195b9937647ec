//! Service Connect of a service: its fields, how ECS takes them and how it tells them.

use std::collections::BTreeMap;

use aws_sdk_ecs::types as aws;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Result;
use crate::kinds::ecs::incomplete;

/// Service Connect of a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceConnect {
    /// Service Connect on or off.
    pub enabled: bool,
    /// Name or ARN of the Cloud Map namespace; the cluster's when left out.
    pub namespace: Option<String>,
    /// Endpoints that others call. A service that only calls others has none.
    pub services: Option<Vec<Endpoint>>,
    /// Log driver of the proxy, such as `awslogs`.
    pub log_driver: Option<String>,
    /// Options of the driver.
    pub log_options: Option<BTreeMap<String, String>>,
}

/// An endpoint of Service Connect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// Name of a port of the task definition.
    pub port_name: String,
    /// Name in Cloud Map; that of the port when left out.
    pub discovery_name: Option<String>,
    /// Names and ports by which others call it.
    pub client_aliases: Option<Vec<ClientAlias>>,
    /// Port of the proxy, where the network mode is `awsvpc`.
    #[schemars(range(min = 1, max = 65535))]
    pub ingress_port_override: Option<i32>,
    /// Timeout of an idle connection in seconds; 0 for none.
    #[schemars(range(min = 0))]
    pub idle_timeout_seconds: Option<i32>,
    /// Timeout of a request in seconds; 0 for none.
    #[schemars(range(min = 0))]
    pub per_request_timeout_seconds: Option<i32>,
    /// Encryption of traffic; none when left out.
    pub tls: Option<Tls>,
}

/// A name and a port by which others call a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientAlias {
    /// The port.
    #[schemars(range(min = 1, max = 65535))]
    pub port: i32,
    /// The name; `<discovery name>.<namespace>` when left out.
    pub dns_name: Option<String>,
}

/// Encryption of traffic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// ARN of the private certificate authority.
    pub certificate_authority_arn: String,
    /// KMS key of the certificate's secret.
    pub kms_key_id: Option<String>,
    /// ARN of the role with which ECS gets certificates.
    pub role_arn: Option<String>,
}

/// As ECS takes it.
pub(super) fn configuration(wanted: &ServiceConnect) -> Result<aws::ServiceConnectConfiguration> {
    let services = wanted.services.as_ref().map(|all| all.iter().map(service).collect::<Result<_>>());
    let log = wanted.log_driver.as_ref().map(|driver| {
        let log = aws::LogConfiguration::builder().log_driver(driver.as_str().into());
        let log = log.set_options(wanted.log_options.clone().map(|all| all.into_iter().collect()));
        log.build().map_err(|error| incomplete(&error))
    });
    Ok(aws::ServiceConnectConfiguration::builder()
        .enabled(wanted.enabled)
        .set_namespace(wanted.namespace.clone())
        .set_services(services.transpose()?)
        .set_log_configuration(log.transpose()?)
        .build())
}

fn service(wanted: &Endpoint) -> Result<aws::ServiceConnectService> {
    let alias = |alias: &ClientAlias| {
        let alias = aws::ServiceConnectClientAlias::builder().port(alias.port).set_dns_name(alias.dns_name.clone());
        alias.build().map_err(|error| incomplete(&error))
    };
    let aliases = wanted.client_aliases.as_ref().map(|all| all.iter().map(alias).collect::<Result<_>>());
    let (idle, request) = (wanted.idle_timeout_seconds, wanted.per_request_timeout_seconds);
    let timeout = (idle.is_some() || request.is_some()).then(|| {
        let timeout = aws::TimeoutConfiguration::builder().set_idle_timeout_seconds(idle);
        timeout.set_per_request_timeout_seconds(request).build()
    });
    let tls = wanted.tls.as_ref().map(|tls| {
        let authority = aws::ServiceConnectTlsCertificateAuthority::builder();
        aws::ServiceConnectTlsConfiguration::builder()
            .issuer_certificate_authority(authority.aws_pca_authority_arn(&tls.certificate_authority_arn).build())
            .set_kms_key(tls.kms_key_id.clone())
            .set_role_arn(tls.role_arn.clone())
            .build()
    });
    aws::ServiceConnectService::builder()
        .port_name(&wanted.port_name)
        .set_discovery_name(wanted.discovery_name.clone())
        .set_client_aliases(aliases.transpose()?)
        .set_ingress_port_override(wanted.ingress_port_override)
        .set_timeout(timeout)
        .set_tls(tls)
        .build()
        .map_err(|error| incomplete(&error))
}

/// As ECS tells it.
pub(super) fn of(live: &aws::ServiceConnectConfiguration) -> ServiceConnect {
    let log = live.log_configuration();
    let options = log.and_then(aws::LogConfiguration::options);
    ServiceConnect {
        enabled: live.enabled,
        namespace: live.namespace.clone(),
        services: Some(live.services().iter().map(endpoint_of).collect()),
        log_driver: log.map(|log| log.log_driver.as_str().to_owned()),
        log_options: options.map(|all| all.iter().map(|(name, value)| (name.clone(), value.clone())).collect()),
    }
}

fn endpoint_of(live: &aws::ServiceConnectService) -> Endpoint {
    let alias =
        |alias: &aws::ServiceConnectClientAlias| ClientAlias { port: alias.port, dns_name: alias.dns_name.clone() };
    let tls = live.tls().map(|tls| Tls {
        certificate_authority_arn: tls
            .issuer_certificate_authority()
            .and_then(aws::ServiceConnectTlsCertificateAuthority::aws_pca_authority_arn)
            .unwrap_or_default()
            .to_owned(),
        kms_key_id: tls.kms_key().map(str::to_owned),
        role_arn: tls.role_arn().map(str::to_owned),
    });
    Endpoint {
        port_name: live.port_name.clone(),
        discovery_name: live.discovery_name.clone(),
        client_aliases: Some(live.client_aliases().iter().map(alias).collect()),
        ingress_port_override: live.ingress_port_override,
        idle_timeout_seconds: live.timeout().and_then(aws::TimeoutConfiguration::idle_timeout_seconds),
        per_request_timeout_seconds: live.timeout().and_then(aws::TimeoutConfiguration::per_request_timeout_seconds),
        tls,
    }
}
