//! A container as ECS takes it.

use std::collections::BTreeMap;

use aws_sdk_ecs::types as aws;

use super::container::{
    Container, Device, Firelens, HealthCheck, LinuxParameters, Log, PortMapping, RestartPolicy, Tmpfs, Ulimit,
};
use crate::aws::{Result, to_wire};
use crate::kinds::ecs::incomplete;

/// The definition of a container. Fields that were left out are left to ECS.
pub(super) fn container(wanted: &Container) -> Result<aws::ContainerDefinition> {
    let depends_on = each(wanted.depends_on.as_ref(), |(name, condition)| {
        let condition = aws::ContainerCondition::from(to_wire(condition).as_str());
        aws::ContainerDependency::builder().container_name(name).condition(condition).build()
    });
    let hosts = each(wanted.extra_hosts.as_ref(), |(name, address)| {
        aws::HostEntry::builder().hostname(name).ip_address(address).build()
    });
    let devices = each(wanted.resource_requirements.as_ref(), |(kind, value)| {
        aws::ResourceRequirement::builder().r#type(kind.as_str().into()).value(value).build()
    });
    let files = each(wanted.environment_files.as_ref(), |arn| {
        aws::EnvironmentFile::builder().r#type(aws::EnvironmentFileType::S3).value(arn).build()
    });
    let registry = wanted.repository_credentials.as_ref().map(|secret| {
        let credentials = aws::RepositoryCredentials::builder().credentials_parameter(secret).build();
        credentials.map_err(|error| incomplete(&error))
    });
    let builder = aws::ContainerDefinition::builder()
        .name(&wanted.name)
        .image(&wanted.image)
        .set_repository_credentials(registry.transpose()?)
        .set_cpu(wanted.cpu)
        .set_memory(wanted.memory)
        .set_memory_reservation(wanted.memory_reservation)
        .set_links(wanted.links.clone())
        .set_port_mappings(wanted.port_mappings.as_ref().map(|all| all.iter().map(port).collect()))
        .set_essential(wanted.essential)
        .set_restart_policy(wanted.restart_policy.as_ref().map(restart_policy).transpose()?)
        .set_entry_point(wanted.entry_point.clone())
        .set_command(wanted.command.clone())
        .set_environment(wanted.environment.as_ref().map(key_values))
        .set_environment_files(files?)
        .set_secrets(secrets(wanted.secrets.as_ref())?)
        .set_depends_on(depends_on?)
        .set_start_timeout(wanted.start_timeout_seconds)
        .set_stop_timeout(wanted.stop_timeout_seconds)
        .set_version_consistency(wanted.version_consistency.map(|case| to_wire(case).as_str().into()))
        .set_extra_hosts(hosts?)
        .set_resource_requirements(devices?)
        .set_log_configuration(wanted.log.as_ref().map(log).transpose()?)
        .set_health_check(wanted.health_check.as_ref().map(health_check).transpose()?)
        .set_firelens_configuration(wanted.firelens.as_ref().map(firelens).transpose()?);
    Ok(of_docker(builder, wanted)?.build())
}

/// Options of Docker and Linux.
fn of_docker(
    builder: aws::builders::ContainerDefinitionBuilder,
    wanted: &Container,
) -> Result<aws::builders::ContainerDefinitionBuilder> {
    let limits = each(wanted.ulimits.as_ref(), |(name, limit): (&String, &Ulimit)| {
        aws::Ulimit::builder().name(name.as_str().into()).soft_limit(limit.soft).hard_limit(limit.hard).build()
    });
    let mounts = wanted.mount_points.as_ref().map(|all| {
        let mount = all.iter().map(|mount| {
            aws::MountPoint::builder()
                .source_volume(&mount.source_volume)
                .container_path(&mount.container_path)
                .set_read_only(mount.read_only)
                .build()
        });
        mount.collect()
    });
    let from = wanted.volumes_from.as_ref().map(|all| {
        let from = all.iter().map(|from| {
            aws::VolumeFrom::builder().source_container(&from.source_container).set_read_only(from.read_only).build()
        });
        from.collect()
    });
    let controls = wanted.system_controls.as_ref().map(|all| {
        let control =
            |(name, value): (&String, &String)| aws::SystemControl::builder().namespace(name).value(value).build();
        all.iter().map(control).collect()
    });
    Ok(builder
        .set_mount_points(mounts)
        .set_volumes_from(from)
        .set_linux_parameters(wanted.linux_parameters.as_ref().map(linux).transpose()?)
        .set_hostname(wanted.hostname.clone())
        .set_user(wanted.user.clone())
        .set_working_directory(wanted.working_directory.clone())
        .set_disable_networking(wanted.disable_networking)
        .set_privileged(wanted.privileged)
        .set_readonly_root_filesystem(wanted.readonly_root_filesystem)
        .set_dns_servers(wanted.dns_servers.clone())
        .set_dns_search_domains(wanted.dns_search_domains.clone())
        .set_docker_security_options(wanted.docker_security_options.clone())
        .set_interactive(wanted.interactive)
        .set_pseudo_terminal(wanted.pseudo_terminal)
        .set_docker_labels(wanted.docker_labels.clone().map(|map| map.into_iter().collect()))
        .set_ulimits(limits?)
        .set_system_controls(controls)
        .set_credential_specs(wanted.credential_specs.clone()))
}

/// Builds one for each, if there is a list at all.
fn each<I: IntoIterator, T>(
    wanted: Option<I>,
    build: impl Fn(I::Item) -> std::result::Result<T, aws_smithy_types::error::operation::BuildError>,
) -> Result<Option<Vec<T>>> {
    let all = |items: I| items.into_iter().map(|item| build(item).map_err(|error| incomplete(&error))).collect();
    wanted.map(all).transpose()
}

fn secrets(wanted: Option<&BTreeMap<String, String>>) -> Result<Option<Vec<aws::Secret>>> {
    each(wanted, |(name, from)| aws::Secret::builder().name(name).value_from(from).build())
}

fn port(wanted: &PortMapping) -> aws::PortMapping {
    aws::PortMapping::builder()
        .set_container_port(wanted.container_port)
        .set_host_port(wanted.host_port)
        .set_container_port_range(wanted.container_port_range.clone())
        .set_protocol(wanted.protocol.map(|case| to_wire(case).as_str().into()))
        .set_name(wanted.name.clone())
        .set_app_protocol(wanted.app_protocol.map(|case| to_wire(case).as_str().into()))
        .build()
}

fn restart_policy(wanted: &RestartPolicy) -> Result<aws::ContainerRestartPolicy> {
    aws::ContainerRestartPolicy::builder()
        .enabled(wanted.enabled)
        .set_ignored_exit_codes(wanted.ignored_exit_codes.clone())
        .set_restart_attempt_period(wanted.restart_attempt_period_seconds)
        .build()
        .map_err(|error| incomplete(&error))
}

fn log(wanted: &Log) -> Result<aws::LogConfiguration> {
    aws::LogConfiguration::builder()
        .log_driver(wanted.driver.as_str().into())
        .set_options(wanted.options.clone().map(|map| map.into_iter().collect()))
        .set_secret_options(secrets(wanted.secret_options.as_ref())?)
        .build()
        .map_err(|error| incomplete(&error))
}

fn health_check(wanted: &HealthCheck) -> Result<aws::HealthCheck> {
    aws::HealthCheck::builder()
        .set_command(Some(wanted.command.clone()))
        .set_interval(wanted.interval_seconds)
        .set_timeout(wanted.timeout_seconds)
        .set_retries(wanted.retries)
        .set_start_period(wanted.start_period_seconds)
        .build()
        .map_err(|error| incomplete(&error))
}

fn firelens(wanted: &Firelens) -> Result<aws::FirelensConfiguration> {
    aws::FirelensConfiguration::builder()
        .r#type(wanted.r#type.as_str().into())
        .set_options(wanted.options.clone().map(|map| map.into_iter().collect()))
        .build()
        .map_err(|error| incomplete(&error))
}

fn linux(wanted: &LinuxParameters) -> Result<aws::LinuxParameters> {
    let device = |device: &Device| {
        let permissions = device.permissions.as_ref();
        aws::Device::builder()
            .host_path(&device.host_path)
            .set_container_path(device.container_path.clone())
            .set_permissions(permissions.map(|all| all.iter().map(|word| word.as_str().into()).collect()))
            .build()
    };
    let tmpfs = |folder: &Tmpfs| {
        let tmpfs = aws::Tmpfs::builder().container_path(&folder.container_path).size(folder.size_mib);
        tmpfs.set_mount_options(folder.mount_options.clone()).build()
    };
    let capabilities = (wanted.add_capabilities.is_some() || wanted.drop_capabilities.is_some()).then(|| {
        aws::KernelCapabilities::builder()
            .set_add(wanted.add_capabilities.clone())
            .set_drop(wanted.drop_capabilities.clone())
            .build()
    });
    Ok(aws::LinuxParameters::builder()
        .set_capabilities(capabilities)
        .set_devices(each(wanted.devices.as_ref(), device)?)
        .set_init_process_enabled(wanted.init_process_enabled)
        .set_shared_memory_size(wanted.shared_memory_mib)
        .set_tmpfs(each(wanted.tmpfs.as_ref(), tmpfs)?)
        .set_max_swap(wanted.max_swap_mib)
        .set_swappiness(wanted.swappiness)
        .build())
}

/// Pairs as ECS takes them.
pub(super) fn key_values(wanted: &BTreeMap<String, String>) -> Vec<aws::KeyValuePair> {
    wanted.iter().map(|(name, value)| aws::KeyValuePair::builder().name(name).value(value).build()).collect()
}
