//! Actions that ask who is there, before the one that answers.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_elasticloadbalancingv2::types::{
    AuthenticateCognitoActionConfig, AuthenticateOidcActionConfig, JwtValidationActionAdditionalClaim,
    JwtValidationActionConfig,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::{from_wire, to_wire};

/// A login at a Cognito user pool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cognito {
    /// ARN of the user pool.
    pub user_pool_arn: String,
    /// Id of the pool's client, which must have a secret.
    pub user_pool_client_id: String,
    /// The pool's domain: its prefix or all of its own.
    pub user_pool_domain: String,
    /// Treatment of a request without a login; `authenticate` when left out.
    pub on_unauthenticated_request: Option<Unauthenticated>,
    /// Requested scope; `openid` when left out.
    pub scope: Option<String>,
    /// Name of the cookie; `AWSELBAuthSessionCookie` when left out.
    pub session_cookie_name: Option<String>,
    /// Lifetime of a login in seconds, 1 to 604,800; 604,800 (a week) when left out.
    #[schemars(range(min = 1, max = 604_800))]
    pub session_timeout_seconds: Option<i64>,
    /// Further parameters for the pool, up to 10.
    pub extra_parameters: Option<BTreeMap<String, String>>,
}

/// A login at a provider of `OpenID` Connect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// The provider, an `https` URL.
    pub issuer: String,
    /// URL of the login page.
    pub authorization_endpoint: String,
    /// URL of the token endpoint.
    pub token_endpoint: String,
    /// URL of the user info endpoint.
    pub user_info_endpoint: String,
    /// Our id at the provider.
    pub client_id: String,
    /// Our secret at the provider.
    #[schemars(extend("x-secret" = true, "x-write-only" = true))]
    pub client_secret: Option<String>,
    /// Treatment of a request without a login; `authenticate` when left out.
    pub on_unauthenticated_request: Option<Unauthenticated>,
    /// Requested scope; `openid` when left out.
    pub scope: Option<String>,
    /// Name of the cookie; `AWSELBAuthSessionCookie` when left out.
    pub session_cookie_name: Option<String>,
    /// Lifetime of a login in seconds, 1 to 604,800; 604,800 (a week) when left out.
    #[schemars(range(min = 1, max = 604_800))]
    pub session_timeout_seconds: Option<i64>,
    /// Further parameters for the provider, up to 10.
    pub extra_parameters: Option<BTreeMap<String, String>>,
}

/// Treatment of a request without a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unauthenticated {
    /// It is refused with 401.
    Deny,
    /// It goes on.
    Allow,
    /// Its sender is sent to log in.
    Authenticate,
}

/// A signed token that must come along.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Jwt {
    /// Issuer of the token, up to 256 characters.
    #[schemars(length(max = 256))]
    pub issuer: String,
    /// URL of the signing keys, with `https`.
    #[schemars(regex(pattern = "^https://"))]
    pub jwks_endpoint: String,
    /// Claims that must hold besides `exp`, `iss`, `nbf` and `iat`, up to 10.
    #[schemars(length(max = 10), extend("x-key" = "name"))]
    pub additional_claims: Option<Vec<Claim>>,
}

/// A claim that must hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Its name.
    pub name: String,
    /// Format of the values in the token.
    pub format: ClaimFormat,
    /// The values, one of which must be there; up to 10.
    #[schemars(length(min = 1, max = 10), extend("x-unordered" = true))]
    pub values: Vec<String>,
}

/// Format of a claim's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClaimFormat {
    /// One text.
    SingleString,
    /// A list of texts.
    StringArray,
    /// Words in one text.
    SpaceSeparatedValues,
}

impl Cognito {
    pub(super) fn to_aws(&self) -> AuthenticateCognitoActionConfig {
        AuthenticateCognitoActionConfig::builder()
            .user_pool_arn(&self.user_pool_arn)
            .user_pool_client_id(&self.user_pool_client_id)
            .user_pool_domain(&self.user_pool_domain)
            .set_on_unauthenticated_request(self.on_unauthenticated_request.map(|case| to_wire(case).as_str().into()))
            .set_scope(self.scope.clone())
            .set_session_cookie_name(self.session_cookie_name.clone())
            .set_session_timeout(self.session_timeout_seconds)
            .set_authentication_request_extra_params(hashed(self.extra_parameters.as_ref()))
            .build()
    }

    pub(super) fn from_aws(live: AuthenticateCognitoActionConfig) -> Self {
        Self {
            user_pool_arn: live.user_pool_arn.unwrap_or_default(),
            user_pool_client_id: live.user_pool_client_id.unwrap_or_default(),
            user_pool_domain: live.user_pool_domain.unwrap_or_default(),
            on_unauthenticated_request: live.on_unauthenticated_request.and_then(|case| from_wire(case.as_str())),
            scope: live.scope,
            session_cookie_name: live.session_cookie_name,
            session_timeout_seconds: live.session_timeout,
            extra_parameters: Some(sorted(live.authentication_request_extra_params)),
        }
    }
}

impl Oidc {
    pub(super) fn to_aws(&self) -> AuthenticateOidcActionConfig {
        AuthenticateOidcActionConfig::builder()
            .issuer(&self.issuer)
            .authorization_endpoint(&self.authorization_endpoint)
            .token_endpoint(&self.token_endpoint)
            .user_info_endpoint(&self.user_info_endpoint)
            .client_id(&self.client_id)
            .set_client_secret(self.client_secret.clone())
            .set_use_existing_client_secret(self.client_secret.is_none().then_some(true))
            .set_on_unauthenticated_request(self.on_unauthenticated_request.map(|case| to_wire(case).as_str().into()))
            .set_scope(self.scope.clone())
            .set_session_cookie_name(self.session_cookie_name.clone())
            .set_session_timeout(self.session_timeout_seconds)
            .set_authentication_request_extra_params(hashed(self.extra_parameters.as_ref()))
            .build()
    }

    pub(super) fn from_aws(live: AuthenticateOidcActionConfig) -> Self {
        Self {
            issuer: live.issuer.unwrap_or_default(),
            authorization_endpoint: live.authorization_endpoint.unwrap_or_default(),
            token_endpoint: live.token_endpoint.unwrap_or_default(),
            user_info_endpoint: live.user_info_endpoint.unwrap_or_default(),
            client_id: live.client_id.unwrap_or_default(),
            client_secret: None,
            on_unauthenticated_request: live.on_unauthenticated_request.and_then(|case| from_wire(case.as_str())),
            scope: live.scope,
            session_cookie_name: live.session_cookie_name,
            session_timeout_seconds: live.session_timeout,
            extra_parameters: Some(sorted(live.authentication_request_extra_params)),
        }
    }
}

impl Jwt {
    pub(super) fn to_aws(&self) -> JwtValidationActionConfig {
        let claim = |claim: &Claim| {
            JwtValidationActionAdditionalClaim::builder()
                .name(&claim.name)
                .format(to_wire(claim.format).as_str().into())
                .set_values(Some(claim.values.clone()))
                .build()
        };
        let claims = self.additional_claims.as_ref().filter(|all| !all.is_empty());
        JwtValidationActionConfig::builder()
            .issuer(&self.issuer)
            .jwks_endpoint(&self.jwks_endpoint)
            .set_additional_claims(claims.map(|all| all.iter().map(claim).collect()))
            .build()
    }

    pub(super) fn from_aws(live: JwtValidationActionConfig) -> Self {
        let claim = |claim: JwtValidationActionAdditionalClaim| {
            let format = claim.format.and_then(|format| from_wire(format.as_str()))?;
            Some(Claim { name: claim.name.unwrap_or_default(), format, values: claim.values.unwrap_or_default() })
        };
        Self {
            issuer: live.issuer.unwrap_or_default(),
            jwks_endpoint: live.jwks_endpoint.unwrap_or_default(),
            additional_claims: Some(live.additional_claims.unwrap_or_default().into_iter().filter_map(claim).collect()),
        }
    }
}

fn hashed(map: Option<&BTreeMap<String, String>>) -> Option<HashMap<String, String>> {
    map.map(|map| map.clone().into_iter().collect())
}

fn sorted(map: Option<HashMap<String, String>>) -> BTreeMap<String, String> {
    map.unwrap_or_default().into_iter().collect()
}
