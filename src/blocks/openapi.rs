//! The `OpenAPI` document that an API is made of.

use serde_json::json;

use super::expansion::{Item, partition};
use super::routes::{Part, Route, Target};
use crate::value::Json;

/// An `OpenAPI` 3.0.1 document with one operation per route: a Lambda proxy integration, or a request through the
/// VPC link to a load balancer.
///
/// Its title is the API's name: API Gateway takes the name from there, and metrics go by it.
pub(super) fn document(item: &Item<'_>, title: &str, routes: &[Route<'_>]) -> Json {
    let mut paths = serde_json::Map::new();
    for route in routes {
        let path = paths.entry(route.path()).or_insert_with(|| json!({}));
        path[method(route.method)] = operation(item, route);
    }
    json!({"openapi": "3.0.1", "info": {"title": title, "version": "1"}, "paths": paths})
}

fn method(method: &str) -> String {
    match method {
        "ANY" => "x-amazon-apigateway-any-method".into(),
        other => other.to_lowercase(),
    }
}

fn operation(item: &Item<'_>, route: &Route<'_>) -> Json {
    let parameters: Vec<Json> = route
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Literal(_) => None,
            Part::One(name) | Part::Rest(name) => {
                Some(json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
            }
        })
        .collect();
    let integration = match route.target {
        Target::Function(name) => function(item, name),
        Target::Balanced(target) => balanced(route, target),
    };
    let mut operation = json!({"responses": {}, "x-amazon-apigateway-integration": integration});
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    operation
}

fn function(item: &Item<'_>, name: &str) -> Json {
    let uri = format!(
        "arn:{}:apigateway:${{region}}:lambda:path/2015-03-31/functions/${{functions.{name}.alias.arn}}/invocations",
        partition(item.region),
    );
    json!({
        "type": "aws_proxy",
        // Lambda is always called with POST, whatever the client's method.
        "httpMethod": "POST",
        "uri": uri,
        "credentials": item.output("role.arn"),
        "passthroughBehavior": "when_no_match",
    })
}

/// A request that is passed on as it came. Scheme and port of the URI choose the listener, and its host is only the
/// `Host` header; which load balancer it is, `integrationTarget` says.
fn balanced(route: &Route<'_>, target: &str) -> Json {
    let mut words = Vec::new();
    let mut parameters = serde_json::Map::new();
    for part in &route.parts {
        match part {
            Part::Literal(text) => words.push((*text).to_owned()),
            Part::One(name) | Part::Rest(name) => {
                words.push(format!("{{{name}}}"));
                let from = format!("method.request.path.{name}");
                parameters.insert(format!("integration.request.path.{name}"), from.into());
            }
        }
    }
    let path = words.join("/");
    let mut integration = json!({
        "type": "http_proxy",
        "httpMethod": route.method,
        "uri": format!("http://${{{target}.load_balancer.dns_name}}/{path}"),
        "connectionType": "VPC_LINK",
        "connectionId": "${network.vpc_link.id}",
        "integrationTarget": format!("${{{target}.load_balancer.arn}}"),
        "passthroughBehavior": "when_no_match",
    });
    if !parameters.is_empty() {
        integration["requestParameters"] = parameters.into();
    }
    integration
}
