//! A REST API as AWS shows it, in the form in which users write it.

use aws_sdk_apigateway::operation::get_rest_api::GetRestApiOutput;
use aws_sdk_apigateway::operation::put_rest_api::PutRestApiOutput;
use aws_sdk_apigateway::types::{ApiStatus, EndpointConfiguration, RestApi as SdkRestApi};
use serde_json::json;

use super::{EndpointType, Outputs, RestApi, Spec};
use crate::aws::{Cx, Tags, from_wire, live_tags};
use crate::cloud::Readiness;
use crate::kinds::Found;
use crate::kinds::apigateway::{IpAddressType, arn};
use crate::kinds::tagging::all_tags;
use crate::value::{Json, fingerprint};

/// Our tag that holds the fingerprint of the document that AWS has taken.
pub(super) const TAG_DOCUMENT: &str = "isobar:document";

/// An API as AWS shows it, whichever call did.
#[derive(Clone)]
pub(in crate::kinds::apigateway) struct Seen {
    pub(super) id: String,
    pub(super) name: String,
    description: Option<String>,
    binary_media_types: Vec<String>,
    minimum_compression_size: Option<i32>,
    api_key_source: Option<String>,
    endpoint: Option<EndpointConfiguration>,
    policy: Option<String>,
    pub(super) tags: Tags,
    closed: bool,
    root_resource_id: String,
    security_policy: Option<String>,
    endpoint_access_mode: Option<String>,
    status: Option<ApiStatus>,
    status_message: Option<String>,
}

macro_rules! seen_in {
    ($($answer:ty),*) => {$(
        impl From<$answer> for Seen {
            fn from(api: $answer) -> Self {
                Self {
                    id: api.id.unwrap_or_default(),
                    name: api.name.unwrap_or_default(),
                    description: Some(api.description.unwrap_or_default()),
                    binary_media_types: api.binary_media_types.unwrap_or_default(),
                    minimum_compression_size: api.minimum_compression_size,
                    api_key_source: api.api_key_source.map(|source| source.as_str().to_owned()),
                    endpoint: api.endpoint_configuration,
                    policy: api.policy,
                    tags: all_tags(api.tags.unwrap_or_default()),
                    closed: api.disable_execute_api_endpoint,
                    root_resource_id: api.root_resource_id.unwrap_or_default(),
                    security_policy: api.security_policy.map(|policy| policy.as_str().to_owned()),
                    endpoint_access_mode: api.endpoint_access_mode.map(|mode| mode.as_str().to_owned()),
                    status: api.api_status,
                    status_message: api.api_status_message,
                }
            }
        }
    )*};
}
seen_in!(SdkRestApi, GetRestApiOutput, PutRestApiOutput);

impl Seen {
    /// Its properties.
    pub(super) fn spec(&self) -> Spec {
        let endpoint = self.endpoint.as_ref();
        let kind = endpoint.and_then(|it| it.types().first()).and_then(|kind| from_wire(kind.as_str()));
        let addresses = endpoint.and_then(EndpointConfiguration::ip_address_type);
        let usual = (kind != Some(EndpointType::Private)).then_some(IpAddressType::Ipv4);
        Spec {
            name: self.name.clone(),
            description: self.description.clone(),
            document: self.tags.get(TAG_DOCUMENT).map_or(Json::Null, |hash| hash.clone().into()),
            binary_media_types: Some(self.binary_media_types.clone()),
            minimum_compression_size: self.minimum_compression_size,
            api_key_source: self.api_key_source.as_deref().and_then(from_wire),
            disable_execute_api_endpoint: Some(self.closed),
            endpoint_type: kind,
            ip_address_type: addresses.and_then(|it| from_wire(it.as_str())).or(usual),
            policy: self.policy.as_deref().and_then(|text| policy(text, &self.id)),
            security_policy: self.security_policy.clone(),
            endpoint_access_mode: self.endpoint_access_mode.as_deref().and_then(from_wire),
            tags: Some(live_tags(self.tags.clone())),
        }
    }

    /// With its outputs.
    pub(super) fn found(self, cx: &Cx, account: &str) -> Found<RestApi> {
        let spec = self.spec();
        let readiness = match (self.status, self.status_message) {
            // It is there with everything that refers to it: another change heals it, not another API.
            (Some(ApiStatus::Failed), why) => {
                let why = why.unwrap_or_else(|| "AWS does not say why".into());
                Readiness::Configured(format!("API Gateway could not change it: {why}"))
            }
            (Some(ApiStatus::Pending), _) => Readiness::Pending("creating".into()),
            // It serves as before, but takes no change and may not show the last one yet.
            (Some(ApiStatus::Updating), _) => Readiness::Pending("updating".into()),
            _ => Readiness::Serving,
        };
        let (partition, region) = (cx.region().partition(), cx.region());
        let outputs = Outputs {
            arn: arn(cx, &format!("restapis/{}", self.id)),
            execute_arn: format!("arn:{partition}:execute-api:{region}:{account}:{}", self.id),
            document_sha256: spec.document.as_str().map(str::to_owned),
            content_sha256: content(&spec),
            endpoint: format!("{}.execute-api.{region}.amazonaws.com", self.id),
            name: self.name,
            root_resource_id: self.root_resource_id,
            id: self.id,
        };
        Found { readiness, ..Found::serving(spec, outputs) }
    }
}

/// The fingerprint of what a deployment freezes.
fn content(spec: &Spec) -> String {
    let mut types = spec.binary_media_types.clone().unwrap_or_default();
    types.sort();
    fingerprint(&json!([
        spec.document,
        types,
        spec.minimum_compression_size,
        spec.api_key_source,
        spec.disable_execute_api_endpoint,
        spec.policy,
        spec.security_policy,
        spec.endpoint_access_mode,
    ]))
}

/// The policy as it was written. AWS answers it with quotes escaped once more, and with the API's
/// ARN in place of the short `execute-api:/`.
fn policy(text: &str, id: &str) -> Option<Json> {
    let unquoted = serde_json::from_str::<String>(&format!("\"{text}\"")).unwrap_or_else(|_| text.to_owned());
    let mut policy = serde_json::from_str(&unquoted).ok()?;
    shorten(&mut policy, &format!(":{id}/"));
    Some(policy)
}

fn shorten(value: &mut Json, id: &str) {
    match value {
        Json::String(text) if text.starts_with("arn:") && text.contains(":execute-api:") => {
            if let Some((_, path)) = text.split_once(id) {
                *text = format!("execute-api:/{path}");
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| shorten(item, id)),
        Json::Object(fields) => fields.values_mut().for_each(|field| shorten(field, id)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_comes_back_as_it_was_written() {
        let live = r#"{\"Statement\":[{\"Resource\":\"arn:aws:execute-api:us-east-1:123456789012:abc123\/*\"}]}"#;
        assert_eq!(policy(live, "abc123"), Some(json!({"Statement": [{"Resource": "execute-api:/*"}]})));
        let plain = r#"{"Statement":[{"Resource":"execute-api:/*"}]}"#;
        assert_eq!(policy(plain, "abc123"), Some(json!({"Statement": [{"Resource": "execute-api:/*"}]})));
    }
}
