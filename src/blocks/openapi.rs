//! The `OpenAPI` document that an API is made of.

use serde_json::json;

use super::expansion::{Item, partition};
use super::routes::{Part, Route};
use crate::value::Json;

/// An `OpenAPI` 3.0.1 document with one operation per route, each a Lambda proxy integration.
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
    let uri = format!(
        "arn:{}:apigateway:${{region}}:lambda:path/2015-03-31/functions/${{functions.{}.alias.arn}}/invocations",
        partition(item.region),
        route.function
    );
    let mut operation = json!({
        "responses": {},
        "x-amazon-apigateway-integration": {
            "type": "aws_proxy",
            // Lambda is always called with POST, whatever the client's method.
            "httpMethod": "POST",
            "uri": uri,
            "credentials": item.output("role.arn"),
            "passthroughBehavior": "when_no_match",
        },
    });
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    operation
}
