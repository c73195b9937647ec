//! API Gateway, its second version: VPC links.

mod vpc_link;

use crate::aws::{Service, sdk_client};
use crate::kinds::RegisteredKind;

const SERVICE: Service = Service { name: "apigatewayv2", ..Service::DEFAULT };

sdk_client! {
    /// API Gateway, of its second version: VPC links.
    apigatewayv2: aws_sdk_apigatewayv2, SERVICE
}

/// The kinds of this service.
pub(super) fn kinds() -> Vec<RegisteredKind> {
    vec![RegisteredKind::of::<vpc_link::VpcLink>(&SERVICE)]
}
