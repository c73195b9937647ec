//! The calls that create and change a function, and its spec in AWS's types.

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{self as aws, FunctionCode, FunctionConfiguration, PackageType};
use base64::Engine;
use sha2::{Digest, Sha256};

use super::spec::{Code, FileSystem, Spec, Zip};
use crate::aws::{Cx, Result, to_wire};
use crate::cloud::{Class, CloudError};
use crate::kinds::lambda::configuration::get;
use crate::kinds::reading::{changed, required};
use crate::kinds::tagging::{owned_tags, sync_tags};
use crate::names::{Owner, PhysicalId};

/// Everything that creating and configuring send alike, set on either call.
macro_rules! configured {
    ($call:expr, $spec:expr) => {
        $call
            .role(&$spec.role)
            .set_handler($spec.handler.clone())
            .set_runtime($spec.runtime.as_deref().map(aws_sdk_lambda::types::Runtime::from))
            .set_memory_size($spec.memory_size)
            .set_timeout($spec.timeout_seconds)
            .set_environment(environment($spec))
            .set_description($spec.description.clone())
            .set_ephemeral_storage(ephemeral_storage($spec)?)
            .set_layers($spec.layers.clone())
            .set_vpc_config(vpc($spec))
            .set_tracing_config(tracing($spec))
            .set_dead_letter_config(dead_letter($spec))
            .set_kms_key_arn($spec.kms_key.clone())
            .set_snap_start(snap_start($spec))
            .set_logging_config(logging($spec))
            .set_file_system_configs(file_systems($spec)?)
            .set_image_config(image_config($spec))
    };
}

fn architectures(spec: &Spec) -> Option<Vec<aws::Architecture>> {
    Some(spec.architectures.as_ref()?.iter().map(|one| aws::Architecture::from(to_wire(one).as_str())).collect())
}

fn environment(spec: &Spec) -> Option<aws::Environment> {
    let variables = spec.environment.clone()?.into_iter().collect();
    Some(aws::Environment::builder().set_variables(Some(variables)).build())
}

fn ephemeral_storage(spec: &Spec) -> Result<Option<aws::EphemeralStorage>> {
    let storage = spec.ephemeral_storage.map(|size| aws::EphemeralStorage::builder().size(size).build());
    storage.transpose().map_err(|error| incomplete(&error))
}

fn vpc(spec: &Spec) -> Option<aws::VpcConfig> {
    let vpc = spec.vpc.as_ref()?;
    let config = aws::VpcConfig::builder()
        .set_subnet_ids(Some(vpc.subnets.clone()))
        .set_security_group_ids(Some(vpc.security_groups.clone()));
    Some(config.set_ipv6_allowed_for_dual_stack(vpc.ipv6).build())
}

fn tracing(spec: &Spec) -> Option<aws::TracingConfig> {
    let mode = aws::TracingMode::from(to_wire(spec.tracing?).as_str());
    Some(aws::TracingConfig::builder().mode(mode).build())
}

fn dead_letter(spec: &Spec) -> Option<aws::DeadLetterConfig> {
    Some(aws::DeadLetterConfig::builder().target_arn(spec.dead_letter_arn.as_ref()?).build())
}

fn snap_start(spec: &Spec) -> Option<aws::SnapStart> {
    let on = aws::SnapStartApplyOn::from(to_wire(spec.snap_start?).as_str());
    Some(aws::SnapStart::builder().apply_on(on).build())
}

fn logging(spec: &Spec) -> Option<aws::LoggingConfig> {
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

fn file_systems(spec: &Spec) -> Result<Option<Vec<aws::FileSystemConfig>>> {
    let build = |system: &FileSystem| {
        let config = aws::FileSystemConfig::builder().arn(&system.access_point_arn);
        config.local_mount_path(&system.mount_path).build().map_err(|error| incomplete(&error))
    };
    spec.file_systems.as_ref().map(|systems| systems.iter().map(build).collect()).transpose()
}

fn image_config(spec: &Spec) -> Option<aws::ImageConfig> {
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

/// The most that a call can carry.
const LARGEST_ZIP: usize = 50 * 1024 * 1024;

pub(super) async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<()> {
    let (package, code) = match &spec.code {
        Code::Zip(zip) => (PackageType::Zip, FunctionCode::builder().zip_file(contents(zip).await?)),
        Code::Image(image) => (PackageType::Image, FunctionCode::builder().image_uri(&image.uri)),
    };
    let call = cx.lambda().create_function().function_name(&spec.name).package_type(package).code(code.build());
    configured!(call, spec)
        .set_architectures(architectures(spec))
        .set_tags(Some(owned_tags(spec.tags.as_ref(), owner)))
        .send()
        .await?;
    Ok(())
}

pub(super) async fn update_code(cx: &Cx, id: &PhysicalId, to: &Spec) -> Result<()> {
    let call = cx.lambda().update_function_code().function_name(id.as_str());
    let call = match &to.code {
        Code::Zip(zip) => call.zip_file(contents(zip).await?),
        Code::Image(image) => call.image_uri(&image.uri),
    };
    call.set_architectures(architectures(to)).send().await?;
    Ok(())
}

/// Sends everything that the file says.
pub(super) async fn configure(cx: &Cx, id: &PhysicalId, to: &Spec, network: bool) -> Result<()> {
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

pub(super) async fn update_tags(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
    if changed(&from.tags, &to.tags).is_none() {
        return Ok(());
    }
    let Some(found) = get(cx, id.as_str(), None).await? else { return Ok(()) };
    let arn = found.configuration().and_then(FunctionConfiguration::function_arn).map(str::to_owned);
    let arn = required("lambda:GetFunction", "the ARN of the function", arn)?;
    sync_tags(
        from.tags.as_ref(),
        to.tags.as_ref(),
        |tags| cx.lambda().tag_resource().resource(&arn).set_tags(Some(tags)).send(),
        |keys| cx.lambda().untag_resource().resource(&arn).set_tag_keys(Some(keys)).send(),
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
