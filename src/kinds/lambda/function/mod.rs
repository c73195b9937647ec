//! Lambda function: code, configuration and limits.

mod spec;
mod write;

use std::time::Duration;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{FunctionCode, FunctionConfiguration, LastUpdateStatus, PackageType, State, VpcConfig};
use base64::Engine;
use sha2::{Digest, Sha256};

use self::write::configured;
use super::configuration::{LISTED, get, invoke_arn, list, published_state, unqualified};
use crate::aws::{Cx, ErrorCodes, NotFoundExt, Result, Tags};
use crate::catalog::Traits;
use crate::cloud::{Class, CloudError, ReadMode, ReadRequest, Readiness};
use crate::kinds::reading::{changed, read_each};
use crate::kinds::tagging::{all_tags, owned_tags, sync_tags};
use crate::kinds::{Found, Kind, changed_fields};
use crate::names::{Owner, PhysicalId};

pub use self::spec::{Code, Outputs, Spec, Zip};

/// A Lambda function.
pub struct Function;

/// The start of the role that is read of a function whose last update failed; AWS's reason and a bracket follow.
const FAILED_UPDATE: &str = "(the last update failed: ";

/// The most that a call can carry.
const LARGEST_ZIP: usize = 50 * 1024 * 1024;

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
        let (package, code) = match &spec.code {
            Code::Zip(zip) => (PackageType::Zip, FunctionCode::builder().zip_file(contents(zip).await?)),
            Code::Image(image) => (PackageType::Image, FunctionCode::builder().image_uri(&image.uri)),
        };
        let call = cx.lambda().create_function().function_name(&spec.name).package_type(package).code(code.build());
        configured!(call, spec)
            .set_architectures(write::architectures(spec))
            .set_tags(Some(owned_tags(spec.tags.as_ref(), owner)))
            .send()
            .await?;
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

async fn read_one(cx: &Cx, request: &ReadRequest) -> Result<Option<Found<Function>>> {
    let Some(found) = get(cx, request.id.as_str(), None).await? else { return Ok(None) };
    let Some(config) = found.configuration else { return Ok(None) };
    let image = found.code.and_then(|code| code.image_uri);
    let concurrency = found.concurrency.and_then(|concurrency| concurrency.reserved_concurrent_executions);
    let tags = all_tags(found.tags.unwrap_or_default());
    found_of(request, &config, image.as_deref(), concurrency, tags).map(Some)
}

async fn read_listed(
    cx: &Cx,
    request: &ReadRequest,
    listed: &[FunctionConfiguration],
) -> Result<Option<Found<Function>>> {
    let name = request.id.as_str();
    let is_it = |config: &&FunctionConfiguration| {
        config.function_name() == Some(name) && config.version().is_none_or(|version| version == "$LATEST")
    };
    // A list does not have an image's URI; and one that is not in it may be a moment old.
    let listed = listed.iter().find(is_it).filter(|config| config.package_type() != Some(&PackageType::Image));
    let Some(config) = listed else { return read_one(cx, request).await };
    let arn = unqualified(config.function_arn().unwrap_or_default());
    let tags = match cx.indexed_tags(arn).await? {
        Some(tags) => tags,
        None => match cx.lambda().list_tags().resource(arn).send().await.optional()? {
            Some(listed) => all_tags(listed.tags.unwrap_or_default()),
            None => return Ok(None),
        },
    };
    if !request.manages("reserved_concurrency") {
        let found = found_of(request, config, None, None, tags)?;
        return Ok(Some(Found { not_read: &["reserved_concurrency"], ..found }));
    }
    let reserved = cx.lambda().get_function_concurrency().function_name(name).send().await.optional()?;
    let concurrency = reserved.and_then(|reserved| reserved.reserved_concurrent_executions);
    found_of(request, config, None, concurrency, tags).map(Some)
}

fn found_of(
    request: &ReadRequest,
    config: &FunctionConfiguration,
    image: Option<&str>,
    concurrency: Option<i32>,
    tags: Tags,
) -> Result<Found<Function>> {
    if let Some(error) = config.environment().and_then(|environment| environment.error())
        && request.manages("environment")
    {
        let why = format!("the environment cannot be read: {}", error.message().unwrap_or_default());
        let code = error.error_code().unwrap_or_default().to_owned();
        return Err(CloudError { code, ..CloudError::local(Class::Denied, "lambda:GetFunction", why) });
    }
    let arn = unqualified(config.function_arn().unwrap_or_default()).to_owned();
    let outputs = Outputs {
        invoke_arn: invoke_arn(&arn),
        arn,
        name: request.id.to_string(),
        code_sha256: config.code_sha256().unwrap_or_default().to_owned(),
        published_state: published_state(config),
    };
    let mut spec = write::spec_of(config, image, concurrency, tags);
    // Every file says the role, so that a failed update always differs from what is wanted, and is made again.
    if config.last_update_status() == Some(&LastUpdateStatus::Failed) {
        spec.role = format!("{FAILED_UPDATE}{})", config.last_update_status_reason().unwrap_or("AWS does not say why"));
    }
    Ok(Found { spec, outputs, readiness: readiness(config), not_read: &[] })
}

/// Pending while AWS refuses changes. A function whose last update failed goes on as it was before, and wants
/// another update, not another function.
///
/// A list tells no states: a survey of several functions takes each of them to serve, and does not see one that
/// has failed or sleeps. The next exact read does.
fn readiness(config: &FunctionConfiguration) -> Readiness {
    let reason = |reason: Option<&str>, without: &str| reason.unwrap_or(without).to_owned();
    match (config.state(), config.last_update_status()) {
        (Some(State::Failed), _) => Readiness::Failed(reason(config.state_reason(), "the function failed")),
        (Some(State::Pending), _) => Readiness::Pending(reason(config.state_reason(), "creating")),
        (Some(State::Deleting), _) => Readiness::Pending("deleting".to_owned()),
        (_, Some(LastUpdateStatus::InProgress)) => Readiness::Pending("updating".to_owned()),
        (_, Some(LastUpdateStatus::Failed)) => {
            let why = reason(config.last_update_status_reason(), "AWS does not say why");
            Readiness::Configured(format!("the last update failed: {why}"))
        }
        (Some(state @ (State::Deactivating | State::Deactivated | State::ActiveNonInvocable)), _) => {
            Readiness::Configured(reason(config.state_reason(), state.as_str()))
        }
        // One that has been idle for long wakes up at its next call.
        _ => Readiness::Serving,
    }
}

async fn update_code(cx: &Cx, id: &PhysicalId, to: &Spec) -> Result<()> {
    let call = cx.lambda().update_function_code().function_name(id.as_str());
    let call = match &to.code {
        Code::Zip(zip) => call.zip_file(contents(zip).await?),
        Code::Image(image) => call.image_uri(&image.uri),
    };
    call.set_architectures(write::architectures(to)).send().await?;
    Ok(())
}

/// Sends everything that the file says.
async fn configure(cx: &Cx, id: &PhysicalId, to: &Spec, network: bool) -> Result<()> {
    let mut to = to.clone();
    // A network that is named again is set up again, and takes as long.
    if !network {
        to.vpc = None;
    }
    let to = &to;
    let call = cx.lambda().update_function_configuration().function_name(id.as_str());
    configured!(call, to).send().await?;
    Ok(())
}

async fn update_tags(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
    if changed(&from.tags, &to.tags).is_none() {
        return Ok(());
    }
    let Some(found) = get(cx, id.as_str(), None).await? else { return Ok(()) };
    let arn = found.configuration().and_then(FunctionConfiguration::function_arn).unwrap_or_default();
    sync_tags(
        from.tags.as_ref(),
        to.tags.as_ref(),
        |tags| cx.lambda().tag_resource().resource(arn).set_tags(Some(tags)).send(),
        |keys| cx.lambda().untag_resource().resource(arn).set_tag_keys(Some(keys)).send(),
    )
    .await
}

/// The bytes of a zip file, if they are still those that the plan has seen.
async fn contents(zip: &Zip) -> Result<Blob> {
    let wrong = |why: String| CloudError::local(Class::Invalid, "lambda.Function", why);
    let path = zip.path.clone();
    let read = tokio::task::spawn_blocking(move || std::fs::read(path)).await;
    let bytes = match read {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) => return Err(wrong(format!("{} cannot be read: {error}", zip.path))),
        Err(error) => return Err(wrong(format!("{} cannot be read: {error}", zip.path))),
    };
    if base64::engine::general_purpose::STANDARD.encode(Sha256::digest(&bytes)) != zip.sha256 {
        return Err(wrong(format!("{} is not the file that was planned: its hash differs", zip.path)));
    }
    if bytes.len() > LARGEST_ZIP {
        return Err(wrong(format!("{} is larger than 50 MB; use an image", zip.path)));
    }
    Ok(Blob::new(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_update_is_made_again_and_replaces_nothing() {
        let config = FunctionConfiguration::builder()
            .role("arn:aws:iam::123456789012:role/carts")
            .state(State::Active)
            .last_update_status(LastUpdateStatus::Failed)
            .last_update_status_reason("no such key");
        let request = ReadRequest::new(PhysicalId::new("carts"), &crate::value::Json::Null);
        let found = found_of(&request, &config.build(), None, None, Tags::new()).expect("a function");
        assert_eq!(found.readiness, Readiness::Configured("the last update failed: no such key".to_owned()));
        let to = Spec { role: "arn:aws:iam::123456789012:role/carts".to_owned(), ..found.spec.clone() };
        let changed = changed_fields::<Function>(&found.spec, &to).expect("fields");
        assert_eq!(changed.into_iter().collect::<Vec<_>>(), ["role"]);
        assert!(found.spec.role.starts_with(FAILED_UPDATE), "{}", found.spec.role);
    }
}
