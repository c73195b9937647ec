//! Between a spec and AWS's types.

use aws_sdk_lambda::types as aws;

use super::spec::{Code, FileSystem, Image, ImageConfig, Logging, Spec, Vpc, Zip};
use crate::aws::{Result, Tags, from_wire, live_tags, to_wire};
use crate::cloud::{Class, CloudError};

/// The spec that a function's configuration stands for.
pub fn spec_of(config: &aws::FunctionConfiguration, image: Option<&str>, concurrency: Option<i32>, tags: Tags) -> Spec {
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

/// Everything that creating and configuring send alike, set on either call.
macro_rules! configured {
    ($call:expr, $spec:expr) => {
        $call
            .role(&$spec.role)
            .set_handler($spec.handler.clone())
            .set_runtime($spec.runtime.as_deref().map(aws_sdk_lambda::types::Runtime::from))
            .set_memory_size($spec.memory_size)
            .set_timeout($spec.timeout_seconds)
            .set_environment(write::environment($spec))
            .set_description($spec.description.clone())
            .set_ephemeral_storage(write::ephemeral_storage($spec)?)
            .set_layers($spec.layers.clone())
            .set_vpc_config(write::vpc($spec))
            .set_tracing_config(write::tracing($spec))
            .set_dead_letter_config(write::dead_letter($spec))
            .set_kms_key_arn($spec.kms_key.clone())
            .set_snap_start(write::snap_start($spec))
            .set_logging_config(write::logging($spec))
            .set_file_system_configs(write::file_systems($spec)?)
            .set_image_config(write::image_config($spec))
    };
}
pub(super) use configured;

pub fn architectures(spec: &Spec) -> Option<Vec<aws::Architecture>> {
    Some(spec.architectures.as_ref()?.iter().map(|one| aws::Architecture::from(to_wire(one).as_str())).collect())
}

pub fn environment(spec: &Spec) -> Option<aws::Environment> {
    let variables = spec.environment.clone()?.into_iter().collect();
    Some(aws::Environment::builder().set_variables(Some(variables)).build())
}

pub fn ephemeral_storage(spec: &Spec) -> Result<Option<aws::EphemeralStorage>> {
    let storage = spec.ephemeral_storage.map(|size| aws::EphemeralStorage::builder().size(size).build());
    storage.transpose().map_err(|error| incomplete(&error))
}

pub fn vpc(spec: &Spec) -> Option<aws::VpcConfig> {
    let vpc = spec.vpc.as_ref()?;
    let config = aws::VpcConfig::builder()
        .set_subnet_ids(Some(vpc.subnets.clone()))
        .set_security_group_ids(Some(vpc.security_groups.clone()));
    Some(config.set_ipv6_allowed_for_dual_stack(vpc.ipv6).build())
}

pub fn tracing(spec: &Spec) -> Option<aws::TracingConfig> {
    let mode = aws::TracingMode::from(to_wire(spec.tracing?).as_str());
    Some(aws::TracingConfig::builder().mode(mode).build())
}

pub fn dead_letter(spec: &Spec) -> Option<aws::DeadLetterConfig> {
    Some(aws::DeadLetterConfig::builder().target_arn(spec.dead_letter_arn.as_ref()?).build())
}

pub fn snap_start(spec: &Spec) -> Option<aws::SnapStart> {
    let on = aws::SnapStartApplyOn::from(to_wire(spec.snap_start?).as_str());
    Some(aws::SnapStart::builder().apply_on(on).build())
}

pub fn logging(spec: &Spec) -> Option<aws::LoggingConfig> {
    let logging = spec.logging.as_ref()?;
    let config = aws::LoggingConfig::builder()
        .set_log_format(logging.format.map(|word| aws::LogFormat::from(to_wire(word).as_str())))
        .set_log_group(logging.log_group.clone());
    let (own, system) = (logging.application_level, logging.system_level);
    let config = config
        .set_application_log_level(own.map(|word| aws::ApplicationLogLevel::from(to_wire(word).as_str())))
        .set_system_log_level(system.map(|word| aws::SystemLogLevel::from(to_wire(word).as_str())));
    Some(config.build())
}

pub fn file_systems(spec: &Spec) -> Result<Option<Vec<aws::FileSystemConfig>>> {
    let build = |system: &FileSystem| {
        let config = aws::FileSystemConfig::builder().arn(&system.access_point_arn);
        config.local_mount_path(&system.mount_path).build().map_err(|error| incomplete(&error))
    };
    spec.file_systems.as_ref().map(|systems| systems.iter().map(build).collect()).transpose()
}

pub fn image_config(spec: &Spec) -> Option<aws::ImageConfig> {
    let config = spec.image_config.as_ref()?;
    let built = aws::ImageConfig::builder()
        .set_entry_point(config.entry_point.clone())
        .set_command(config.command.clone())
        .set_working_directory(config.working_directory.clone());
    Some(built.build())
}

fn incomplete(error: &aws_smithy_types::error::operation::BuildError) -> CloudError {
    CloudError::local(Class::Invalid, "lambda.Function", error.to_string())
}
