//! A task definition as ECS takes it.

use std::collections::BTreeMap;

use aws_sdk_ecs::operation::register_task_definition::builders::RegisterTaskDefinitionFluentBuilder;
use aws_sdk_ecs::types as aws;

use super::spec::{DockerVolume, Efs, FsxWindows, Proxy, S3Files, Spec, Volume};
use super::write_container::{container, key_values};
use crate::aws::{Cx, Result, to_wire};
use crate::kinds::ecs::incomplete;

/// The call that registers a revision, without tags.
pub(super) fn registration(cx: &Cx, spec: &Spec) -> Result<RegisterTaskDefinitionFluentBuilder> {
    let containers = spec.containers.iter().map(container).collect::<Result<_>>()?;
    let volumes = spec.volumes.as_ref().map(|all| all.iter().map(volume).collect::<Result<_>>()).transpose()?;
    let platform = spec.runtime_platform.as_ref().map(|platform| {
        aws::RuntimePlatform::builder()
            .set_cpu_architecture(platform.cpu_architecture.map(|case| to_wire(case).as_str().into()))
            .set_operating_system_family(platform.operating_system_family.as_deref().map(Into::into))
            .build()
    });
    let compatibilities = spec.requires_compatibilities.as_ref();
    let disk = spec.ephemeral_storage_gib.map(|size| aws::EphemeralStorage::builder().size_in_gib(size).build());
    let placement = spec.placement_constraints.as_ref().map(|all| {
        let constraint = |expression: &String| {
            let kind = aws::TaskDefinitionPlacementConstraintType::MemberOf;
            aws::TaskDefinitionPlacementConstraint::builder().r#type(kind).expression(expression).build()
        };
        all.iter().map(constraint).collect()
    });
    Ok(cx
        .ecs()
        .register_task_definition()
        .family(&spec.family)
        .set_cpu(spec.cpu.map(|units| units.to_string()))
        .set_memory(spec.memory.map(|size| size.to_string()))
        .set_network_mode(spec.network_mode.map(|case| to_wire(case).as_str().into()))
        .set_requires_compatibilities(
            compatibilities.map(|all| all.iter().map(|case| to_wire(case).as_str().into()).collect()),
        )
        .set_execution_role_arn(spec.execution_role_arn.clone())
        .set_task_role_arn(spec.task_role_arn.clone())
        .set_runtime_platform(platform)
        .set_ephemeral_storage(disk)
        .set_container_definitions(Some(containers))
        .set_volumes(volumes)
        .set_pid_mode(spec.pid_mode.map(|case| to_wire(case).as_str().into()))
        .set_ipc_mode(spec.ipc_mode.map(|case| to_wire(case).as_str().into()))
        .set_placement_constraints(placement)
        .set_proxy_configuration(spec.proxy.as_ref().map(proxy).transpose()?)
        .set_enable_fault_injection(spec.enable_fault_injection))
}

fn proxy(wanted: &Proxy) -> Result<aws::ProxyConfiguration> {
    aws::ProxyConfiguration::builder()
        .r#type(aws::ProxyConfigurationType::Appmesh)
        .container_name(&wanted.container_name)
        .set_properties(wanted.properties.as_ref().map(key_values))
        .build()
        .map_err(|error| incomplete(&error))
}

fn volume(wanted: &Volume) -> Result<aws::Volume> {
    let host = |path: &String| aws::HostVolumeProperties::builder().source_path(path).build();
    Ok(aws::Volume::builder()
        .name(&wanted.name)
        .set_host(wanted.host_path.as_ref().map(host))
        .set_efs_volume_configuration(wanted.efs.as_ref().map(efs).transpose()?)
        .set_s3files_volume_configuration(wanted.s3_files.as_ref().map(s3_files).transpose()?)
        .set_docker_volume_configuration(wanted.docker.as_ref().map(docker))
        .set_fsx_windows_file_server_volume_configuration(wanted.fsx_windows.as_ref().map(fsx_windows).transpose()?)
        .set_configured_at_launch(wanted.configured_at_launch)
        .build())
}

fn efs(wanted: &Efs) -> Result<aws::EfsVolumeConfiguration> {
    let on = |is: bool| if is { "ENABLED" } else { "DISABLED" };
    let authorization = (wanted.access_point_id.is_some() || wanted.iam.is_some()).then(|| {
        aws::EfsAuthorizationConfig::builder()
            .set_access_point_id(wanted.access_point_id.clone())
            .set_iam(wanted.iam.map(|is| on(is).into()))
            .build()
    });
    aws::EfsVolumeConfiguration::builder()
        .file_system_id(&wanted.file_system_id)
        .set_root_directory(wanted.root_directory.clone())
        .set_transit_encryption(wanted.transit_encryption.map(|is| on(is).into()))
        .set_transit_encryption_port(wanted.transit_encryption_port)
        .set_authorization_config(authorization)
        .build()
        .map_err(|error| incomplete(&error))
}

fn s3_files(wanted: &S3Files) -> Result<aws::S3FilesVolumeConfiguration> {
    aws::S3FilesVolumeConfiguration::builder()
        .file_system_arn(&wanted.file_system_arn)
        .set_root_directory(wanted.root_directory.clone())
        .set_transit_encryption_port(wanted.transit_encryption_port)
        .set_access_point_arn(wanted.access_point_arn.clone())
        .build()
        .map_err(|error| incomplete(&error))
}

fn docker(wanted: &DockerVolume) -> aws::DockerVolumeConfiguration {
    let map = |map: &Option<BTreeMap<String, String>>| map.clone().map(|map| map.into_iter().collect());
    aws::DockerVolumeConfiguration::builder()
        .set_scope(wanted.scope.map(|case| to_wire(case).as_str().into()))
        .set_autoprovision(wanted.autoprovision)
        .set_driver(wanted.driver.clone())
        .set_driver_opts(map(&wanted.driver_options))
        .set_labels(map(&wanted.labels))
        .build()
}

fn fsx_windows(wanted: &FsxWindows) -> Result<aws::FSxWindowsFileServerVolumeConfiguration> {
    let authorization = aws::FSxWindowsFileServerAuthorizationConfig::builder()
        .credentials_parameter(&wanted.credentials_parameter)
        .domain(&wanted.domain)
        .build()
        .map_err(|error| incomplete(&error))?;
    aws::FSxWindowsFileServerVolumeConfiguration::builder()
        .file_system_id(&wanted.file_system_id)
        .root_directory(&wanted.root_directory)
        .authorization_config(authorization)
        .build()
        .map_err(|error| incomplete(&error))
}
