//! Configurations of functions and of their versions, which all Lambda kinds read.

use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::types::{FunctionConfiguration, FunctionVersion};
use serde_json::json;

use crate::aws::{Cx, NotFoundExt, Result};
use crate::cloud::{Class, CloudError};
use crate::names::{Owner, TAG_STACK};
use crate::value::fingerprint;

/// A function with its code and tags, or one of its versions.
pub async fn get(cx: &Cx, name: &str, version: Option<&str>) -> Result<Option<GetFunctionOutput>> {
    let call = cx.lambda().get_function().function_name(name).set_qualifier(version.map(str::to_owned));
    call.send().await.optional()
}

/// Every function of the region with every version, without their states; once per survey for all Lambda kinds.
pub async fn list(cx: &Cx) -> Result<Vec<FunctionConfiguration>> {
    let call = cx.lambda().list_functions().function_version(FunctionVersion::All);
    Ok(call.into_paginator().items().send().try_collect().await?)
}

/// The name under which [`list`] is shared.
pub const LISTED: &str = "lambda functions";

/// A fingerprint of all that a version freezes: code and configuration.
///
/// It is the same whether they were got or listed, and the same for a function and for the version that was
/// published from it. States and revisions, which change by themselves, are not in it, nor is the description,
/// since a version has its own. What is added here makes every version of every stack due for another.
pub fn published_state(of: &FunctionConfiguration) -> String {
    let sorted = |ids: &[String]| {
        let mut ids = ids.to_vec();
        ids.sort();
        ids
    };
    let environment = of.environment().and_then(|environment| environment.variables());
    let image = of.image_config_response().and_then(|response| response.image_config());
    let logging = of.logging_config();
    fingerprint(&json!({
        "architectures": of.architectures().iter().map(aws_sdk_lambda::types::Architecture::as_str).collect::<Vec<_>>(),
        "code": of.code_sha256(),
        "dead_letter": of.dead_letter_config().and_then(|config| config.target_arn()).unwrap_or_default(),
        "environment": environment.cloned().unwrap_or_default(),
        "ephemeral_storage": of.ephemeral_storage().map(aws_sdk_lambda::types::EphemeralStorage::size),
        "file_systems": of.file_system_configs().iter().map(|one| [one.arn(), one.local_mount_path()]).collect::<Vec<_>>(),
        "handler": of.handler(),
        "image": image.map(|image| json!([image.entry_point(), image.command(), image.working_directory()])),
        "kms_key": of.kms_key_arn().unwrap_or_default(),
        "layers": of.layers().iter().map(aws_sdk_lambda::types::Layer::arn).collect::<Vec<_>>(),
        "logging": logging.map(|logging| json!([
            logging.log_format().map(aws_sdk_lambda::types::LogFormat::as_str),
            logging.log_group(),
            logging.application_log_level().map(aws_sdk_lambda::types::ApplicationLogLevel::as_str),
            logging.system_log_level().map(aws_sdk_lambda::types::SystemLogLevel::as_str),
        ])),
        "memory_size": of.memory_size(),
        "role": of.role(),
        "runtime": of.runtime().map(aws_sdk_lambda::types::Runtime::as_str),
        "snap_start": of.snap_start().and_then(|snap| snap.apply_on()).map(aws_sdk_lambda::types::SnapStartApplyOn::as_str),
        "timeout": of.timeout(),
        "tracing": of.tracing_config().and_then(|tracing| tracing.mode()).map(aws_sdk_lambda::types::TracingMode::as_str),
        "vpc": of.vpc_config().map(|vpc| [sorted(vpc.subnet_ids()), sorted(vpc.security_group_ids())]),
    }))
}

/// The ARN of a function without the version that lists append.
pub fn unqualified(arn: &str) -> &str {
    // arn:aws:lambda:us-east-1:123456789012:function:name:qualifier
    match arn.match_indices(':').nth(6) {
        Some((at, _)) => &arn[..at],
        None => arn,
    }
}

/// The ARN by which API Gateway calls a function, version or alias.
pub fn invoke_arn(arn: &str) -> String {
    let mut parts = arn.split(':').skip(1);
    let (partition, region) = (parts.next().unwrap_or("aws"), parts.nth(1).unwrap_or_default());
    format!("arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/{arn}/invocations")
}

/// The function of a version, alias or permission, which have no tags: they belong to the owner's stack if it does.
///
/// `None` if there is no such function. A function without a stack's tag decides nothing.
pub async fn function_of(cx: &Cx, name: &str, owner: &Owner, what: &str) -> Result<Option<GetFunctionOutput>> {
    let Some(function) = get(cx, name, None).await? else { return Ok(None) };
    match function.tags().and_then(|tags| tags.get(TAG_STACK)) {
        Some(stack) if *stack != owner.stack.to_string() => Err(CloudError {
            hint: Some(format!("the function {name} belongs to the stack {stack}")),
            ..CloudError::local(
                Class::NotOwned,
                "find",
                format!("{what} already exists and is not managed by this stack"),
            )
        }),
        _ => Ok(Some(function)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_lose_their_version_and_gain_a_path() {
        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:carts";
        assert_eq!(unqualified(arn), arn);
        assert_eq!(unqualified(&format!("{arn}:$LATEST")), arn);
        assert_eq!(
            invoke_arn(&format!("{arn}:live")),
            "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/\
             arn:aws:lambda:eu-west-1:123456789012:function:carts:live/invocations"
        );
    }
}
