//! Lambda version: a function's code and configuration, frozen under a number.

use std::time::Duration;

use aws_sdk_lambda::types::{FunctionConfiguration, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::configuration::{LISTED, function_of, get, list, published_state};
use crate::aws::{Cx, ErrorCodes, NotFoundExt, Result};
use crate::catalog::Traits;
use crate::cloud::{Class, CloudError, ReadMode, ReadRequest, Readiness};
use crate::kinds::reading::{created, read_each, required};
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};

/// A version of a Lambda function.
pub struct Version;

/// The properties of a version.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name of the function. A change replaces.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,64}$"), extend("x-change" = "replace", "x-copies" = true))]
    pub function_name: String,
    /// The function's `published_state`: when that is another one, a new version is published.
    #[schemars(extend("x-change" = "replace", "x-write-only" = true))]
    pub of: Option<String>,
    /// Description; at most 256 characters. The function's own description when left out. A version keeps the
    /// one that it was published with: a change counts from the next version on.
    #[schemars(length(max = 256), extend("x-write-only" = true))]
    pub description: Option<String>,
}

/// The outputs of a version.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN, with the number.
    pub arn: String,
    /// Its number.
    pub version: String,
}

impl Kind for Version {
    const NAME: &'static str = "lambda.Version";
    const ABOUT: &'static str = "A published version of a Lambda function";
    const EXAMPLE: &'static str = "
function_name: ${lambda.Function.name}
of: ${lambda.Function.published_state}
description: First release
";
    const CHANGES: &'static [&'static str] =
        &["description: Second release", "of: 'sha256:0'", "function_name: shop-orders"];
    const TRAITS: Traits = Traits { deadline: Duration::from_mins(15), snapshot: true, ..Traits::DEFAULT };
    const ERRORS: ErrorCodes = ErrorCodes { conflict: &["PreconditionFailedException"], ..ErrorCodes::NONE };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        if cx.mode == ReadMode::Listed && requests.len() > 1 {
            let listed = cx.cached(LISTED, list(cx)).await?;
            let listed = &*listed;
            return read_each(requests, async |request| {
                let (function, version) = parts(&request.id)?;
                let is_it = |config: &&FunctionConfiguration| {
                    config.function_name() == Some(function) && config.version() == Some(version)
                };
                // One that is not in the list may be a moment old.
                match listed.iter().find(is_it) {
                    Some(config) => found_of(config).map(Some),
                    None => read_one(cx, request).await,
                }
            })
            .await;
        }
        read_each(requests, |request| read_one(cx, request)).await
    }

    // The newest version that freezes what is wanted. If there is none, publishing does no harm.
    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let name = &spec.function_name;
        if function_of(cx, name, owner, &format!("a version of {name}")).await?.is_none() {
            return Ok(None);
        }
        let mut pages = cx.lambda().list_versions_by_function().function_name(name).into_paginator().items().send();
        let mut newest: Option<u64> = None;
        while let Some(config) = pages.next().await {
            let config = config?;
            let number = config.version().and_then(|version| version.parse().ok());
            let described = || spec.description.as_ref().is_none_or(|text| config.description() == Some(text));
            let same = spec.of.as_ref().map_or_else(described, |of| published_state(&config) == *of);
            newest = newest.max(number.filter(|_| same));
        }
        Ok(newest.map(|number| PhysicalId::new(format!("{name}:{number}"))))
    }

    async fn create(cx: &Cx, spec: &Spec, _owner: &Owner) -> Result<PhysicalId> {
        let name = &spec.function_name;
        let call = cx.lambda().publish_version().function_name(name).set_description(spec.description.clone());
        let answer = match &spec.of {
            Some(of) => call.revision_id(revision(cx, name, of).await?).send().await?,
            None => call.send().await?,
        };
        let number = created("lambda:PublishVersion", answer.version)?;
        Ok(PhysicalId::new(format!("{name}:{number}")))
    }

    // There is nothing to send: another description is for the version after this one.
    async fn update(_cx: &Cx, _id: &PhysicalId, _from: &Spec, _to: &Spec) -> Result<()> {
        Ok(())
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        // Without a number this call would delete the function.
        let (function, version) = parts(id)?;
        cx.lambda().delete_function().function_name(function).qualifier(version).send().await.optional()?;
        Ok(())
    }
}

/// The function's revision, if it is still what was planned to be published.
async fn revision(cx: &Cx, name: &str, of: &str) -> Result<String> {
    let found = get(cx, name, None).await?.and_then(|found| found.configuration);
    let config = found
        .ok_or_else(|| CloudError::local(Class::NotFound, "lambda:PublishVersion", format!("no function {name}")))?;
    if published_state(&config) != of {
        let why = format!("the function {name} has changed since this version was planned");
        return Err(CloudError::local(Class::Conflict, "lambda:PublishVersion", why));
    }
    required("lambda:GetFunction", "a revision", config.revision_id)
}

async fn read_one(cx: &Cx, request: &ReadRequest) -> Result<Option<Found<Version>>> {
    let (function, version) = parts(&request.id)?;
    let found = get(cx, function, Some(version)).await?;
    found.and_then(|found| found.configuration).as_ref().map(found_of).transpose()
}

fn found_of(config: &FunctionConfiguration) -> Result<Found<Version>> {
    let spec = Spec {
        function_name: config.function_name().unwrap_or_default().to_owned(),
        of: None,
        description: Some(config.description().unwrap_or_default().to_owned()),
    };
    let outputs = Outputs {
        arn: required("lambda:GetFunction", "the ARN of the version", config.function_arn.clone())?,
        version: config.version().unwrap_or_default().to_owned(),
    };
    let reason = |without: &str| config.state_reason().unwrap_or(without).to_owned();
    // A version that starts from a snapshot takes minutes until there is one.
    let readiness = match config.state() {
        Some(State::Pending) => Readiness::Pending(reason("preparing the version")),
        Some(State::Failed) => Readiness::Failed(reason("the version failed")),
        Some(State::Deleting) => Readiness::Pending("deleting".to_owned()),
        _ => Readiness::Serving,
    };
    Ok(Found { readiness, ..Found::serving(spec, outputs) })
}

/// Function and number of `function:number`.
fn parts(id: &PhysicalId) -> Result<(&str, &str)> {
    let parts = id.as_str().rsplit_once(':').filter(|(_, number)| number.parse::<u64>().is_ok());
    parts.ok_or_else(|| CloudError::local(Class::Invalid, "lambda.Version", format!("`{id}` is not `function:number`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_without_a_number_deletes_no_function() {
        assert_eq!(parts(&PhysicalId::new("carts:12")), Ok(("carts", "12")));
        for bad in ["carts", "carts:", "carts:$LATEST", "carts:live"] {
            assert!(parts(&PhysicalId::new(bad)).is_err(), "{bad}");
        }
    }
}
