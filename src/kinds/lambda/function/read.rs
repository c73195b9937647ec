//! Reads: a live function as a spec, from the list of all functions or from a call of its own.

use aws_sdk_lambda::types::{self as aws, FunctionConfiguration, LastUpdateStatus, PackageType, State};

use super::spec::{Code, FileSystem, Image, ImageConfig, Logging, Spec, Vpc, Zip};
use super::{Function, Outputs};
use crate::aws::{Cx, NotFoundExt, Result, Tags, from_wire, live_tags};
use crate::cloud::{Class, CloudError, ReadRequest, Readiness};
use crate::kinds::Found;
use crate::kinds::lambda::configuration::{get, invoke_arn, published_state, unqualified};
use crate::kinds::reading::required;
use crate::kinds::tagging::all_tags;

/// The start of the role that is read of a function whose last update failed; AWS's reason and a bracket follow.
pub(super) const FAILED_UPDATE: &str = "(the last update failed: ";

pub(super) async fn read_one(cx: &Cx, request: &ReadRequest) -> Result<Option<Found<Function>>> {
    let Some(found) = get(cx, request.id.as_str(), None).await? else { return Ok(None) };
    let Some(config) = found.configuration else { return Ok(None) };
    let image = found.code.and_then(|code| code.image_uri);
    let concurrency = found.concurrency.and_then(|concurrency| concurrency.reserved_concurrent_executions);
    let tags = all_tags(found.tags.unwrap_or_default());
    found_of(request, &config, image.as_deref(), concurrency, tags).map(Some)
}

pub(super) async fn read_listed(
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
    let arn = required("lambda:GetFunction", "the ARN of the function", config.function_arn.clone())?;
    let arn = unqualified(&arn).to_owned();
    let outputs = Outputs {
        invoke_arn: invoke_arn(&arn),
        arn,
        name: request.id.to_string(),
        code_sha256: config.code_sha256().unwrap_or_default().to_owned(),
        published_state: published_state(config),
    };
    let mut spec = spec_of(config, image, concurrency, tags);
    // Every file says the role, so that a failed update always differs from what is wanted, and is made again.
    if config.last_update_status() == Some(&LastUpdateStatus::Failed) {
        spec.role = format!("{FAILED_UPDATE}{})", config.last_update_status_reason().unwrap_or("AWS does not say why"));
    }
    Ok(Found { readiness: readiness(config), ..Found::serving(spec, outputs) })
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

/// The spec that a function's configuration stands for.
fn spec_of(config: &aws::FunctionConfiguration, image: Option<&str>, concurrency: Option<i32>, tags: Tags) -> Spec {
    let text = |text: Option<&str>| Some(text.unwrap_or_default().to_owned());
    let environment = config.environment().and_then(|environment| environment.variables());
    Spec {
        name: config.function_name().unwrap_or_default().to_owned(),
        code: code_of(config, image),
        role: config.role().unwrap_or_default().to_owned(),
        handler: config.handler().map(str::to_owned),
        runtime: config.runtime().map(|runtime| runtime.as_str().to_owned()),
        memory_size: config.memory_size(),
        timeout_seconds: config.timeout(),
        environment: Some(environment.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect()),
        description: text(config.description()),
        architectures: Some(config.architectures().iter().filter_map(|one| from_wire(one.as_str())).collect()),
        ephemeral_storage: config.ephemeral_storage().map(aws::EphemeralStorage::size),
        layers: Some(config.layers().iter().filter_map(|layer| layer.arn().map(str::to_owned)).collect()),
        vpc: Some(vpc_of(config.vpc_config())),
        tracing: config.tracing_config().and_then(|tracing| from_wire(tracing.mode()?.as_str())),
        dead_letter_arn: text(config.dead_letter_config().and_then(aws::DeadLetterConfig::target_arn)),
        kms_key: text(config.kms_key_arn()),
        snap_start: config.snap_start().and_then(|snap| from_wire(snap.apply_on()?.as_str())),
        logging: config.logging_config().map(logging_of),
        file_systems: Some(config.file_system_configs().iter().map(file_system_of).collect()),
        image_config: Some(image_config_of(config.image_config_response().and_then(|found| found.image_config()))),
        reserved_concurrency: Some(concurrency.unwrap_or(-1)),
        tags: Some(live_tags(tags)),
    }
}

fn code_of(config: &aws::FunctionConfiguration, image: Option<&str>) -> Code {
    if config.package_type() == Some(&aws::PackageType::Image) {
        Code::Image(Image { uri: image.unwrap_or_default().to_owned() })
    } else {
        Code::Zip(Zip { path: String::new(), sha256: config.code_sha256().unwrap_or_default().to_owned() })
    }
}

fn vpc_of(vpc: Option<&aws::VpcConfigResponse>) -> Vpc {
    Vpc {
        subnets: vpc.map(|vpc| vpc.subnet_ids().to_vec()).unwrap_or_default(),
        security_groups: vpc.map(|vpc| vpc.security_group_ids().to_vec()).unwrap_or_default(),
        ipv6: Some(vpc.and_then(aws::VpcConfigResponse::ipv6_allowed_for_dual_stack).unwrap_or(false)),
    }
}

fn logging_of(logging: &aws::LoggingConfig) -> Logging {
    Logging {
        format: logging.log_format().and_then(|word| from_wire(word.as_str())),
        log_group: logging.log_group().map(str::to_owned),
        application_level: logging.application_log_level().and_then(|word| from_wire(word.as_str())),
        system_level: logging.system_log_level().and_then(|word| from_wire(word.as_str())),
    }
}

fn file_system_of(config: &aws::FileSystemConfig) -> FileSystem {
    FileSystem { access_point_arn: config.arn().to_owned(), mount_path: config.local_mount_path().to_owned() }
}

fn image_config_of(config: Option<&aws::ImageConfig>) -> ImageConfig {
    ImageConfig {
        entry_point: Some(config.map(|config| config.entry_point().to_vec()).unwrap_or_default()),
        command: Some(config.map(|config| config.command().to_vec()).unwrap_or_default()),
        working_directory: Some(config.and_then(aws::ImageConfig::working_directory).unwrap_or_default().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::changed_fields;
    use crate::names::PhysicalId;

    #[test]
    fn a_failed_update_is_made_again_and_replaces_nothing() {
        let config = FunctionConfiguration::builder()
            .function_arn("arn:aws:lambda:us-east-1:123456789012:function:carts")
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
