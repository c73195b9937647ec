//! Lambda alias: a stable name for a version.

use std::collections::BTreeMap;

use aws_sdk_lambda::types::AliasRoutingConfiguration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::configuration::{function_of, invoke_arn};
use crate::aws::{Cx, ErrorCodes, NotFoundExt, Result};
use crate::catalog::Traits;
use crate::cloud::{Class, CloudError, ReadRequest};
use crate::kinds::reading::{read_each, required};
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};

/// An alias of a Lambda function.
pub struct Alias;

/// The properties of an alias.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name of the function. A change replaces.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,64}$"), extend("x-change" = "replace"))]
    pub function_name: String,
    /// Name of the alias; 1 to 128 letters, digits, `-` and `_`, not only digits. A change replaces.
    #[schemars(regex(pattern = r"^[0-9]*[A-Za-z_-][A-Za-z0-9_-]*$"), length(max = 128), extend("x-change" = "replace"))]
    pub name: String,
    /// Number of the version it stands for, or `$LATEST`.
    #[schemars(regex(pattern = r"^(\$LATEST|[0-9]+)$"))]
    pub function_version: String,
    /// Description; at most 256 characters.
    #[schemars(length(max = 256), extend("x-reset" = ""))]
    pub description: Option<String>,
    /// A second version and the share of calls it gets, 0 to 1. Both versions must be published, with the same role
    /// and dead-letter target. An empty map gives all calls to `function_version`.
    #[schemars(extend("x-reset" = {}))]
    pub routing: Option<BTreeMap<String, f64>>,
}

/// The outputs of an alias.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN: the function's and its name.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// ARN by which API Gateway calls it.
    pub invoke_arn: String,
}

impl Kind for Alias {
    const NAME: &'static str = "lambda.Alias";
    const ABOUT: &'static str = "A name for a version of a Lambda function";
    const EXAMPLE: &'static str = "
function_name: ${lambda.Function.name}
name: live
function_version: ${lambda.Version.version}
description: What callers get
routing: {}
";
    // A second version, which a share of the calls could go to, is beyond an example.
    const CHANGES: &'static [&'static str] = &[
        "{description: What all callers get}",
        "{description: '', function_version: $LATEST}",
        "function_version: ${lambda.Version.version}",
        "name: next",
        "function_name: shop-orders",
    ];
    const TRAITS: Traits = Traits { unique_by: &["function_name", "name"], ..Traits::DEFAULT };
    const ERRORS: ErrorCodes = ErrorCodes {
        exists: &["ResourceConflictException: already exist"],
        conflict: &["PreconditionFailedException"],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        read_each(requests, |request| read_one(cx, request)).await
    }

    // An alias has no tags: one of this name on a function of our own stack is ours.
    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let id = id(spec);
        if read_one(cx, &ReadRequest::new(id.clone(), &crate::value::Json::Null)).await?.is_none() {
            return Ok(None);
        }
        Ok(function_of(cx, &spec.function_name, owner, &format!("an alias named {id}")).await?.map(|_| id))
    }

    async fn create(cx: &Cx, spec: &Spec, _owner: &Owner) -> Result<PhysicalId> {
        let call = cx.lambda().create_alias().function_name(&spec.function_name).name(&spec.name);
        call.function_version(&spec.function_version)
            .set_description(spec.description.clone())
            .set_routing_config(routing(spec).filter(|_| spec.routing.as_ref().is_some_and(|all| !all.is_empty())))
            .send()
            .await?;
        Ok(id(spec))
    }

    async fn update(cx: &Cx, id: &PhysicalId, _from: &Spec, to: &Spec) -> Result<()> {
        let (function, name) = parts(id)?;
        let call = cx.lambda().update_alias().function_name(function).name(name);
        call.function_version(&to.function_version)
            .set_description(to.description.clone())
            .set_routing_config(routing(to))
            .send()
            .await?;
        Ok(())
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        let (function, name) = parts(id)?;
        cx.lambda().delete_alias().function_name(function).name(name).send().await?;
        Ok(())
    }

    fn check(spec: &Spec) -> Vec<String> {
        let mut faults = Vec::new();
        let routing = spec.routing.iter().flatten();
        if routing.clone().count() > 1 {
            faults.push("`routing` takes at most one version besides `function_version`".to_owned());
        }
        for (version, share) in routing {
            if version.parse::<u64>().is_err() {
                faults.push(format!("`{version}` in `routing` is not the number of a version"));
            }
            if !(0.0..=1.0).contains(share) {
                faults.push(format!("a share in `routing` must be between 0 and 1, but is {share}"));
            }
            if spec.function_version == "$LATEST" {
                faults.push("with `routing`, `function_version` must be a number".to_owned());
            }
        }
        faults
    }
}

async fn read_one(cx: &Cx, request: &ReadRequest) -> Result<Option<Found<Alias>>> {
    let (function, name) = parts(&request.id)?;
    let found = cx.lambda().get_alias().function_name(function).name(name).send().await.optional()?;
    let Some(found) = found else { return Ok(None) };
    let weights = found.routing_config.and_then(|routing| routing.additional_version_weights);
    let spec = Spec {
        function_name: function.to_owned(),
        name: name.to_owned(),
        function_version: found.function_version.unwrap_or_default(),
        description: Some(found.description.unwrap_or_default()),
        routing: Some(weights.unwrap_or_default().into_iter().collect()),
    };
    let arn = required("lambda:GetAlias", "the ARN of the alias", found.alias_arn)?;
    let outputs = Outputs { invoke_arn: invoke_arn(&arn), arn, name: name.to_owned() };
    Ok(Some(Found::serving(spec, outputs)))
}

fn routing(spec: &Spec) -> Option<AliasRoutingConfiguration> {
    let weights = spec.routing.clone()?.into_iter().collect();
    Some(AliasRoutingConfiguration::builder().set_additional_version_weights(Some(weights)).build())
}

/// `function:alias`.
fn id(spec: &Spec) -> PhysicalId {
    PhysicalId::new(format!("{}:{}", spec.function_name, spec.name))
}

/// Function and alias of `function:alias`.
fn parts(id: &PhysicalId) -> Result<(&str, &str)> {
    let wrong = || CloudError::local(Class::Invalid, "lambda.Alias", format!("`{id}` is not `function:alias`"));
    id.as_str().rsplit_once(':').ok_or_else(wrong)
}
