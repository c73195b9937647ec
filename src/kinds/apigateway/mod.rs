//! API Gateway, REST APIs: the kinds, and the ARNs, tags and JSON patches that they share.

mod account;
mod base_path_mapping;
mod deployment;
pub(super) mod domain_name;
mod method_settings;
mod rest_api;
mod stage;

use std::fmt::Display;

use aws_sdk_apigateway::types::{Op, PatchOperation};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::{Cx, Result, Service, Tags, sdk_client, to_wire};
use crate::kinds::RegisteredKind;
use crate::kinds::tagging::sync_tags;

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

/// The most items that one page of a list has.
pub(super) const PAGE: i32 = 500;

/// The ARN under which API Gateway tags a resource; it names no account. AWS itself does not return it.
pub(super) fn arn(cx: &Cx, path: &str) -> String {
    format!("arn:{}:apigateway:{}::/{path}", cx.region().partition(), cx.region())
}

/// Makes the live tags the wanted ones.
pub(super) async fn update_tags(cx: &Cx, arn: &str, live: Option<&Tags>, wanted: Option<&Tags>) -> Result<()> {
    sync_tags(
        live,
        wanted,
        |tags| cx.apigateway().tag_resource().resource_arn(arn).set_tags(Some(tags)).send(),
        |keys| cx.apigateway().untag_resource().resource_arn(arn).set_tag_keys(Some(keys)).send(),
    )
    .await
}

/// A builder of a JSON patch. API Gateway applies one as a whole or not at all.
#[derive(Default)]
pub(super) struct Patch(Vec<PatchOperation>);

impl Patch {
    /// Sets a value that is wanted and differs. One that is not wanted is not managed and stays.
    pub(super) fn set<T: Display + PartialEq>(&mut self, path: &str, live: Option<&T>, wanted: Option<&T>) {
        if let Some(value) = wanted.filter(|_| live != wanted) {
            self.push(Op::Replace, path, Some(value.to_string()));
        }
    }

    /// As [`set`](Self::set), for enums.
    pub(super) fn set_enum<T: Serialize + PartialEq>(&mut self, path: &str, live: Option<&T>, wanted: Option<&T>) {
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

/// Strictness with which the newer security policies are applied.
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
    /// The patch from one to the other. The mode has to be emptied on the way back to `TLS_1_0` or `TLS_1_2`.
    pub(super) fn patch(self, to: Self, patch: &mut Patch) {
        patch.set("/securityPolicy", self.0, to.0);
        patch.set_enum("/endpointAccessMode", self.1.as_ref(), to.1.as_ref());
        let plain = to.0.is_some_and(|policy| policy.starts_with("TLS_"));
        if plain && self.1.is_some() && to.1.is_none() {
            patch.push(Op::Replace, "/endpointAccessMode", Some(String::new()));
        }
    }

    /// Problems of the combination.
    pub(super) fn check(self) -> Vec<String> {
        let plain = self.0.is_none_or(|policy| policy.starts_with("TLS_"));
        let problem =
            "`endpoint_access_mode` has no effect without a `security_policy` that begins with `SecurityPolicy_`";
        (plain && self.1.is_some()).then(|| problem.to_owned()).into_iter().collect()
    }
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
