//! A task definition as ECS tells it, with everything filled in that ECS takes when it is left out.

use aws_sdk_ecs::types as aws;

use super::read_container::{container_of, sorted, values_of};
use super::spec::{
    CpuArchitecture, DockerVolume, Efs, FsxWindows, NetworkMode, Proxy, RuntimePlatform, S3Files, Scope, Spec, Volume,
};
use crate::aws::{Result, Tags, from_wire, live_tags};
use crate::cloud::{Class, CloudError};

/// The spec that a revision stands for.
pub(super) fn spec_of(live: aws::TaskDefinition, tags: Tags) -> Result<Spec> {
    let network_mode = live.network_mode.as_ref().and_then(|mode| from_wire(mode.as_str()));
    let network_mode = network_mode.unwrap_or(NetworkMode::Bridge);
    let compatibilities = live.requires_compatibilities.unwrap_or_default();
    let containers = live.container_definitions.unwrap_or_default().into_iter();
    let constraints = live.placement_constraints.unwrap_or_default().into_iter();
    Ok(Spec {
        family: live.family.unwrap_or_default(),
        cpu: live.cpu.as_deref().map(|text| number("cpu", text)).transpose()?,
        memory: live.memory.as_deref().map(|text| number("memory", text)).transpose()?,
        network_mode: Some(network_mode),
        requires_compatibilities: Some(compatibilities.iter().filter_map(|one| from_wire(one.as_str())).collect()),
        execution_role_arn: live.execution_role_arn,
        task_role_arn: live.task_role_arn,
        runtime_platform: live.runtime_platform.map(platform_of),
        ephemeral_storage_gib: live.ephemeral_storage.map(|storage| storage.size_in_gib),
        containers: containers.map(|one| container_of(one, network_mode)).collect(),
        volumes: Some(live.volumes.unwrap_or_default().into_iter().map(volume_of).collect()),
        pid_mode: live.pid_mode.and_then(|mode| from_wire(mode.as_str())),
        ipc_mode: live.ipc_mode.and_then(|mode| from_wire(mode.as_str())),
        placement_constraints: Some(constraints.filter_map(|one| one.expression).collect()),
        proxy: live.proxy_configuration.map(proxy_of),
        enable_fault_injection: Some(live.enable_fault_injection.unwrap_or(false)),
        tags: Some(live_tags(tags)),
    })
}

/// ECS tells sizes as text.
fn number(what: &str, text: &str) -> Result<i32> {
    let wrong =
        |_| CloudError::local(Class::Other, "ecs:DescribeTaskDefinition", format!("AWS answers a {what} of `{text}`"));
    text.trim().parse().map_err(wrong)
}

fn platform_of(live: aws::RuntimePlatform) -> RuntimePlatform {
    let family = live.operating_system_family.map_or_else(|| "LINUX".to_owned(), |family| family.as_str().to_owned());
    let processor = live.cpu_architecture.and_then(|one| from_wire(one.as_str()));
    RuntimePlatform {
        cpu_architecture: Some(processor.unwrap_or(CpuArchitecture::X86)),
        operating_system_family: Some(family),
    }
}

fn proxy_of(live: aws::ProxyConfiguration) -> Proxy {
    Proxy { container_name: live.container_name, properties: Some(values_of(live.properties)) }
}

fn volume_of(live: aws::Volume) -> Volume {
    Volume {
        name: live.name.unwrap_or_default(),
        host_path: live.host.and_then(|host| host.source_path),
        efs: live.efs_volume_configuration.map(efs_of),
        s3_files: live.s3files_volume_configuration.map(s3_files_of),
        docker: live.docker_volume_configuration.map(docker_of),
        fsx_windows: live.fsx_windows_file_server_volume_configuration.map(fsx_windows_of),
        configured_at_launch: Some(live.configured_at_launch.unwrap_or(false)),
    }
}

fn efs_of(live: aws::EfsVolumeConfiguration) -> Efs {
    let authorization = live.authorization_config;
    let iam = authorization.as_ref().and_then(|found| found.iam.as_ref()).is_some_and(|is| is.as_str() == "ENABLED");
    Efs {
        file_system_id: live.file_system_id,
        root_directory: Some(live.root_directory.unwrap_or_else(|| "/".to_owned())),
        transit_encryption: Some(live.transit_encryption.is_some_and(|is| is.as_str() == "ENABLED")),
        transit_encryption_port: live.transit_encryption_port,
        access_point_id: authorization.and_then(|found| found.access_point_id),
        iam: Some(iam),
    }
}

fn s3_files_of(live: aws::S3FilesVolumeConfiguration) -> S3Files {
    S3Files {
        file_system_arn: live.file_system_arn,
        root_directory: Some(live.root_directory.unwrap_or_else(|| "/".to_owned())),
        transit_encryption_port: live.transit_encryption_port,
        access_point_arn: live.access_point_arn,
    }
}

fn docker_of(live: aws::DockerVolumeConfiguration) -> DockerVolume {
    DockerVolume {
        scope: Some(live.scope.and_then(|scope| from_wire(scope.as_str())).unwrap_or(Scope::Task)),
        autoprovision: Some(live.autoprovision.unwrap_or(false)),
        driver: Some(live.driver.unwrap_or_else(|| "local".to_owned())),
        driver_options: Some(sorted(live.driver_opts)),
        labels: Some(sorted(live.labels)),
    }
}

fn fsx_windows_of(live: aws::FSxWindowsFileServerVolumeConfiguration) -> FsxWindows {
    let authorization = live.authorization_config;
    let (credentials_parameter, domain) =
        authorization.map(|found| (found.credentials_parameter, found.domain)).unwrap_or_default();
    FsxWindows {
        file_system_id: live.file_system_id,
        root_directory: live.root_directory,
        credentials_parameter,
        domain,
    }
}
