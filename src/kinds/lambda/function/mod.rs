//! Lambda function: code, configuration and limits.

mod read;
mod spec;
mod write;

use std::time::Duration;

use aws_sdk_lambda::types::{FunctionConfiguration, VpcConfig};

use self::read::{FAILED_UPDATE, read_listed, read_one};
use self::spec::{Code, Outputs, Spec};
use self::write::{configure, create, update_code, update_tags};
use super::configuration::{LISTED, get, list};
use crate::aws::{Cx, ErrorCodes, Result};
use crate::catalog::Traits;
use crate::cloud::{CloudError, ReadMode, ReadRequest};
use crate::kinds::reading::read_each;
use crate::kinds::tagging::all_tags;
use crate::kinds::{Found, Kind, changed_fields};
use crate::names::{Owner, PhysicalId};

/// A Lambda function.
pub struct Function;

impl Kind for Function {
    const NAME: &'static str = "lambda.Function";
    const ABOUT: &'static str = "A Lambda function from a zip file or a container image";
    const EXAMPLE: &'static str = "
name: shop-carts
code:
  zip:
    path: build/carts-1.zip
    sha256: qNq3BRSgldAmQT+9bmS96fghfNmApPgMZFAI4G9XfTE=
role: ${iam.Role.arn}
handler: index.handler
runtime: nodejs24.x
memory_size: 256
timeout_seconds: 10
environment: {TABLE: carts, STAGE: live}
description: Carts
architectures: [arm64]
ephemeral_storage: 512
layers: []
tracing: PassThrough
logging: {format: JSON, log_group: /aws/lambda/shop-carts, application_level: INFO, system_level: WARN}
tags: {team: commerce}
";
    // The last change asks for what an emulator does not have; it takes a replacement, so it is never made there.
    const CHANGES: &'static [&'static str] = &[
        "code: {zip: {path: build/carts-2.zip, sha256: ABEvQ2vtU1m5+ru3sIQwIdPk6b9wTwIVWJ0c9fgvLzM=}}",
        "{memory_size: 512, timeout_seconds: 20, description: ''}",
        "{code: {zip: {path: build/carts-1.zip, sha256: qNq3BRSgldAmQT+9bmS96fghfNmApPgMZFAI4G9XfTE=}}, runtime: python3.14, handler: index.carts}",
        "environment: {TABLE: carts-2}",
        "environment: {}",
        "architectures: [x86_64]",
        "ephemeral_storage: 1024",
        "tracing: Active",
        "dead_letter_arn: ${sns.Topic.arn}",
        "dead_letter_arn: ''",
        "kms_key: arn:aws:kms:us-east-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "kms_key: ''",
        "{snap_start: PublishedVersions, runtime: java25, handler: 'shop.Carts::handle'}",
        "snap_start: None",
        "logging: {format: JSON, log_group: /aws/lambda/shop-all, application_level: WARN, system_level: INFO}",
        "logging: {format: Text, log_group: /aws/lambda/shop-all}",
        "reserved_concurrency: 5",
        "{reserved_concurrency: 7, memory_size: 1024}",
        "reserved_concurrency: -1",
        "tags: {team: platform, cost: '7'}",
        "name: shop-orders",
        "
code: {image: {uri: '000000000000.dkr.ecr.us-east-1.amazonaws.com/carts:1'}}
handler: null
runtime: null
layers: null
image_config: {entry_point: [/carts], command: [serve], working_directory: /srv}
vpc: {subnets: [subnet-0a1b2c3d], security_groups: [sg-0a1b2c3d], ipv6: false}
file_systems:
  - access_point_arn: arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/fsap-0123456789abcdef0
    mount_path: /mnt/carts
",
    ];
    const TRAITS: Traits = Traits { deadline: Duration::from_mins(10), unique_by: &["name"], ..Traits::DEFAULT };
    const ERRORS: ErrorCodes = ErrorCodes {
        exists: &["ResourceConflictException: already exist"],
        conflict: &["PreconditionFailedException"],
        // A role or key that was made a moment ago, or network interfaces that EC2 makes one after the other.
        not_visible_yet: &[
            "InvalidParameterValueException: cannot be assumed by Lambda",
            "InvalidParameterValueException: execution role does not have permissions to call",
            "InvalidParameterValueException: KMS key is invalid for CreateGrant",
            "InvalidParameterValueException: throttled by EC2",
        ],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        if cx.mode == ReadMode::Listed && requests.len() > 1 {
            let listed = cx.cached(LISTED, list(cx)).await?;
            let listed = &*listed;
            return read_each(requests, |request| read_listed(cx, request, listed)).await;
        }
        read_each(requests, |request| read_one(cx, request)).await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let Some(found) = get(cx, &spec.name, None).await? else { return Ok(None) };
        cx.ensure_owned("a function", &spec.name, &all_tags(found.tags.unwrap_or_default()), owner)?;
        Ok(Some(PhysicalId::new(&spec.name)))
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        create(cx, spec, owner).await?;
        Ok(PhysicalId::new(&spec.name))
    }

    // Code and configuration one at a time: while AWS works on one it refuses the other.
    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let mut fields = changed_fields::<Self>(from, to)?;
        update_tags(cx, id, from, to).await?;
        fields.remove("tags");
        let concurrency = fields.remove("reserved_concurrency");
        let code = fields.remove("code") | fields.remove("architectures");
        if code {
            return update_code(cx, id, to).await;
        }
        if !fields.is_empty() {
            let again = from.role.starts_with(FAILED_UPDATE);
            return configure(cx, id, to, again || fields.contains("vpc")).await;
        }
        match to.reserved_concurrency.filter(|_| concurrency) {
            Some(-1) => {
                cx.lambda().delete_function_concurrency().function_name(id.as_str()).send().await?;
            }
            Some(count) => {
                let call = cx.lambda().put_function_concurrency().function_name(id.as_str());
                call.reserved_concurrent_executions(count).send().await?;
            }
            None => {}
        }
        Ok(())
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        let name = id.as_str();
        let Some(found) = get(cx, name, None).await? else { return Ok(()) };
        let vpc = found.configuration().and_then(FunctionConfiguration::vpc_config);
        if vpc.is_some_and(|vpc| !vpc.subnet_ids().is_empty()) {
            // The sooner it leaves the network, the sooner AWS lets go of subnets and security groups. Where that
            // cannot be, as when its role is gone already, it is deleted as it is.
            let nowhere =
                VpcConfig::builder().set_subnet_ids(Some(Vec::new())).set_security_group_ids(Some(Vec::new()));
            let call = cx.lambda().update_function_configuration().function_name(name).vpc_config(nowhere.build());
            match call.send().await.map_err(CloudError::from) {
                Err(error) if error.class.is_transient() => return Err(error),
                Err(_) => {}
                Ok(_) => return Ok(()),
            }
        }
        cx.lambda().delete_function().function_name(name).send().await?;
        Ok(())
    }

    fn check(spec: &Spec) -> Vec<String> {
        let mut faults = Vec::new();
        match spec.code {
            Code::Zip(_) if spec.handler.is_none() || spec.runtime.is_none() => {
                faults.push("code in a zip file needs `handler` and `runtime`".to_owned());
            }
            Code::Zip(_) if spec.image_config.is_some() => {
                faults.push("`image_config` has no effect on a zip file".to_owned());
            }
            Code::Image(_) if spec.handler.is_some() || spec.runtime.is_some() || spec.layers.is_some() => {
                faults.push("an image brings its own `handler`, `runtime` and `layers`; leave them out".to_owned());
            }
            _ => {}
        }
        faults.extend(check_environment(spec));
        if let Some(logging) = &spec.logging
            && logging.format != Some(spec::LogFormat::Json)
            && (logging.application_level.is_some() || logging.system_level.is_some())
        {
            faults.push("log levels need `format: JSON`".to_owned());
        }
        if spec.file_systems.as_ref().is_some_and(|all| !all.is_empty()) && spec.vpc.is_none() {
            faults.push("`file_systems` needs `vpc`".to_owned());
        }
        faults
    }
}

fn check_environment(spec: &Spec) -> Vec<String> {
    let variables = spec.environment.iter().flatten();
    let is_name = |name: &str| {
        let mut bytes = name.bytes();
        name.len() > 1
            && bytes.next().is_some_and(|b| b.is_ascii_alphabetic())
            && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    let mut faults: Vec<String> = variables
        .clone()
        .filter(|(name, _)| !is_name(name))
        .map(|(name, _)| {
            format!("`{name}` is not a valid name of an environment variable: a letter, then letters, digits and `_`")
        })
        .collect();
    if variables.map(|(name, value)| name.len() + value.len()).sum::<usize>() > 4096 {
        faults.push("the environment is larger than 4 KB".to_owned());
    }
    faults
}
