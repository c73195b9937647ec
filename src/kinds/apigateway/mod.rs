//! What the API Gateway kinds have in common: ARNs, tags, JSON patches, words.

mod account;
mod base_path_mapping;
mod deployment;
pub(super) mod domain_name;
mod method_settings;
mod rest_api;
mod stage;

use std::collections::HashMap;
use std::fmt::Display;

use aws_sdk_apigateway::types::{Op, PatchOperation};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::aws::{Cx, Result, Service, Tags, sdk_client, tag_changes};
use crate::kinds::RegisteredKind;

const SERVICE: Service = Service { name: "apigateway", concurrent: 4, ..Service::DEFAULT };

sdk_client! {
    /// API Gateway, REST APIs.
    apigateway: aws_sdk_apigateway, SERVICE
}

/// The kinds of this service.
pub(super) fn kinds() -> Vec<RegisteredKind> {
    vec![
        RegisteredKind::of::<account::Account>(&SERVICE),
        RegisteredKind::of::<base_path_mapping::BasePathMapping>(&SERVICE),
        RegisteredKind::of::<deployment::Deployment>(&SERVICE),
        RegisteredKind::of::<domain_name::DomainName>(&SERVICE),
        RegisteredKind::of::<rest_api::RestApi>(&SERVICE),
        RegisteredKind::of::<stage::Stage>(&SERVICE),
    ]
}

/// How many items a list answers at most.
pub(super) const PAGE: i32 = 500;

/// The ARN under which API Gateway tags a thing; it names no account. AWS itself does not return it.
pub(super) fn arn(cx: &Cx, path: &str) -> String {
    format!("arn:aws:apigateway:{}::/{path}", cx.region())
}

/// Tags as the SDK has them.
pub(super) fn tags_of(tags: Option<HashMap<String, String>>) -> Tags {
    tags.unwrap_or_default().into_iter().collect()
}

/// Makes the live tags the wanted ones.
pub(super) async fn update_tags(cx: &Cx, arn: &str, live: Option<&Tags>, wanted: Option<&Tags>) -> Result<()> {
    let (set, unset) = tag_changes(live, wanted);
    if !set.is_empty() {
        let tags = set.into_iter().collect();
        cx.apigateway().tag_resource().resource_arn(arn).set_tags(Some(tags)).send().await?;
    }
    if !unset.is_empty() {
        cx.apigateway().untag_resource().resource_arn(arn).set_tag_keys(Some(unset)).send().await?;
    }
    Ok(())
}

/// A JSON patch in the making. API Gateway applies one as a whole or not at all.
#[derive(Default)]
pub(super) struct Patch(Vec<PatchOperation>);

impl Patch {
    /// Sets what is wanted and differs. What is not wanted is not ours and stays.
    pub(super) fn set<T: Display + PartialEq>(&mut self, path: &str, live: Option<&T>, wanted: Option<&T>) {
        if let Some(value) = wanted.filter(|_| live != wanted) {
            self.push(Op::Replace, path, Some(value.to_string()));
        }
    }

    /// As `set`, for values that are one of some words.
    pub(super) fn set_word<T: Serialize + PartialEq>(&mut self, path: &str, live: Option<&T>, wanted: Option<&T>) {
        if let Some(value) = wanted.filter(|_| live != wanted) {
            self.push(Op::Replace, path, Some(to_wire(value)));
        }
    }

    /// One operation.
    pub(super) fn push(&mut self, op: Op, path: &str, value: Option<String>) {
        self.0.push(PatchOperation::builder().op(op).path(path).set_value(value).build());
    }

    /// The operations, unless there are none.
    pub(super) fn operations(self) -> Option<Vec<PatchOperation>> {
        Some(self.0).filter(|all| !all.is_empty())
    }
}

/// How strictly the newer security policies are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum EndpointAccessMode {
    /// As before; the mode in which to try a new policy.
    Basic,
    /// Requests must name the endpoint in SNI and Host alike.
    Strict,
}

/// Addresses that an endpoint answers on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IpAddressType {
    /// IPv4 only.
    Ipv4,
    /// IPv4 and IPv6.
    Dualstack,
}

/// A security policy and the access mode that goes with the newer ones.
#[derive(Clone, Copy)]
pub(super) struct Security<'a>(pub Option<&'a String>, pub Option<EndpointAccessMode>);

impl Security<'_> {
    /// From one to the other. The mode has to be emptied on the way back to `TLS_1_0` or `TLS_1_2`.
    pub(super) fn patch(self, to: Self, patch: &mut Patch) {
        patch.set("/securityPolicy", self.0, to.0);
        patch.set_word("/endpointAccessMode", self.1.as_ref(), to.1.as_ref());
        let plain = to.0.is_some_and(|policy| policy.starts_with("TLS_"));
        if plain && self.1.is_some() && to.1.is_none() {
            patch.push(Op::Replace, "/endpointAccessMode", Some(String::new()));
        }
    }

    /// What is wrong with it.
    pub(super) fn check(self) -> Vec<String> {
        let plain = self.0.is_none_or(|policy| policy.starts_with("TLS_"));
        let problem = "`endpoint_access_mode` goes only with a `security_policy` that begins with `SecurityPolicy_`";
        (plain && self.1.is_some()).then(|| problem.to_owned()).into_iter().collect()
    }
}

/// A word of AWS's from its enum.
pub(super) fn to_wire(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// The enum of a word of AWS's; nothing for a word that is newer than this program.
pub(super) fn from_wire<T: DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(word.into()).ok()
}

/// One step of a JSON pointer.
pub(super) fn escape_pointer(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

/// The text of one escaped step of a JSON pointer.
pub(super) fn unescape_pointer(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

/// The two halves of a composite id.
pub(super) fn split_id(id: &str, between: char) -> (&str, &str) {
    id.split_once(between).unwrap_or((id, ""))
}
