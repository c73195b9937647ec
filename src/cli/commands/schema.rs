//! `isobar schema`: the JSON Schema of the stack file, for editors.

use serde_json::json;

use crate::catalog::KindInfo;
use crate::cli::{Done, Failure, console};
use crate::kinds;
use crate::stack::file::Stack;
use crate::value::Json;

/// Print the JSON Schema of the stack file, for editors
#[derive(Debug, clap::Args)]
pub struct Args;

pub fn run() -> Result<Done, Failure> {
    let text = serde_json::to_string_pretty(&schema()).map_err(Failure::error)?;
    console::data(&format!("{text}\n"))?;
    Ok(Done::Clean)
}

/// The schema of the file's types, with the kinds there are laid over raw resources.
fn schema() -> Json {
    let mut schema = schemars::schema_for!(Stack).to_value();
    let catalog = kinds::catalog();
    let names: Vec<&str> = catalog.kinds().map(|kind| kind.name.as_str()).collect();
    let rules: Vec<Json> = catalog.kinds().map(rule).collect();
    if let Some(resource) = schema.pointer_mut("/$defs/Resource") {
        resource["properties"]["kind"]["enum"] = json!(names);
        resource["allOf"] = json!(rules);
    }
    schema
}

/// The names of a kind's properties with their descriptions. Not their types: any of them may be
/// a text that holds a reference.
fn rule(kind: &KindInfo) -> Json {
    let properties = kind.schema.get("properties").and_then(Json::as_object);
    let properties: serde_json::Map<String, Json> = properties
        .into_iter()
        .flatten()
        .map(|(name, schema)| (name.clone(), json!({"description": schema.get("description")})))
        .collect();
    json!({
        "if": {"properties": {"kind": {"const": kind.name}}},
        "then": {"properties": {"properties": {
            "description": kind.about, "properties": properties, "additionalProperties": false
        }}}
    })
}
