//! A container as ECS tells it.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_ecs::types as aws;

use super::container::{
    Container, Device, Firelens, HealthCheck, LinuxParameters, Log, MountPoint, PortMapping, Protocol, RestartPolicy,
    Tmpfs, Ulimit, VersionConsistency, VolumesFrom,
};
use super::spec::NetworkMode;
use crate::aws::from_wire;

/// The spec that a container stands for.
pub(super) fn container_of(live: aws::ContainerDefinition, network: NetworkMode) -> Container {
    let consistency = live.version_consistency.and_then(|case| from_wire(case.as_str()));
    let ports = live.port_mappings.unwrap_or_default().into_iter();
    let hosts = live.extra_hosts.unwrap_or_default().into_iter();
    let limits = live.ulimits.unwrap_or_default();
    let controls = live.system_controls.unwrap_or_default().into_iter();
    let devices = live.resource_requirements.unwrap_or_default().into_iter();
    let dependencies = live.depends_on.unwrap_or_default().into_iter();
    let from = live.volumes_from.unwrap_or_default().into_iter();
    Container {
        name: live.name.unwrap_or_default(),
        image: live.image.unwrap_or_default(),
        essential: Some(live.essential.unwrap_or(true)),
        cpu: Some(live.cpu),
        memory: live.memory,
        memory_reservation: live.memory_reservation,
        port_mappings: Some(ports.map(|port| port_of(port, network)).collect()),
        environment: Some(values_of(live.environment)),
        environment_files: Some(
            live.environment_files.unwrap_or_default().into_iter().map(|file| file.value).collect(),
        ),
        secrets: Some(secrets_of(live.secrets)),
        command: live.command,
        entry_point: live.entry_point,
        working_directory: live.working_directory,
        user: live.user,
        log: live.log_configuration.map(log_of),
        health_check: live.health_check.map(health_check_of),
        depends_on: Some(
            dependencies.filter_map(|one| Some((one.container_name, from_wire(one.condition.as_str())?))).collect(),
        ),
        restart_policy: live.restart_policy.map(restart_policy_of),
        start_timeout_seconds: live.start_timeout,
        stop_timeout_seconds: live.stop_timeout,
        mount_points: Some(live.mount_points.unwrap_or_default().into_iter().map(mount_of).collect()),
        volumes_from: Some(from.map(from_of).collect()),
        readonly_root_filesystem: Some(live.readonly_root_filesystem.unwrap_or(false)),
        privileged: Some(live.privileged.unwrap_or(false)),
        linux_parameters: live.linux_parameters.map(linux_of),
        ulimits: Some(limits.iter().map(limit_of).collect()),
        system_controls: Some(controls.filter_map(|one| Some((one.namespace?, one.value?))).collect()),
        resource_requirements: Some(devices.map(|one| (one.r#type.as_str().to_owned(), one.value)).collect()),
        firelens: live.firelens_configuration.map(firelens_of),
        repository_credentials: live.repository_credentials.map(|found| found.credentials_parameter),
        version_consistency: Some(consistency.unwrap_or(VersionConsistency::Enabled)),
        hostname: live.hostname,
        extra_hosts: Some(hosts.map(|host| (host.hostname, host.ip_address)).collect()),
        disable_networking: Some(live.disable_networking.unwrap_or(false)),
        dns_servers: live.dns_servers,
        dns_search_domains: live.dns_search_domains,
        links: live.links,
        docker_security_options: live.docker_security_options,
        docker_labels: Some(sorted(live.docker_labels)),
        credential_specs: live.credential_specs,
        interactive: Some(live.interactive.unwrap_or(false)),
        pseudo_terminal: Some(live.pseudo_terminal.unwrap_or(false)),
    }
}

/// With `awsvpc` and `host` the instance's port is the container's, and with `bridge` 0 is a free one: both are what
/// ECS fills in.
fn port_of(live: aws::PortMapping, network: NetworkMode) -> PortMapping {
    let filled_in = match network {
        NetworkMode::Bridge => Some(0),
        NetworkMode::Awsvpc | NetworkMode::Host | NetworkMode::None => live.container_port,
    };
    PortMapping {
        container_port: live.container_port,
        host_port: live.host_port.filter(|port| Some(*port) != filled_in && *port != 0),
        container_port_range: live.container_port_range,
        protocol: Some(live.protocol.and_then(|case| from_wire(case.as_str())).unwrap_or(Protocol::Tcp)),
        name: live.name,
        app_protocol: live.app_protocol.and_then(|case| from_wire(case.as_str())),
    }
}

fn secrets_of(live: Option<Vec<aws::Secret>>) -> BTreeMap<String, String> {
    live.unwrap_or_default().into_iter().map(|secret| (secret.name, secret.value_from)).collect()
}

fn log_of(live: aws::LogConfiguration) -> Log {
    Log {
        driver: live.log_driver.as_str().to_owned(),
        options: Some(sorted(live.options)),
        secret_options: Some(secrets_of(live.secret_options)),
    }
}

fn health_check_of(live: aws::HealthCheck) -> HealthCheck {
    HealthCheck {
        command: live.command,
        interval_seconds: Some(live.interval.unwrap_or(30)),
        timeout_seconds: Some(live.timeout.unwrap_or(5)),
        retries: Some(live.retries.unwrap_or(3)),
        start_period_seconds: Some(live.start_period.unwrap_or(0)),
    }
}

fn restart_policy_of(live: aws::ContainerRestartPolicy) -> RestartPolicy {
    RestartPolicy {
        enabled: live.enabled,
        ignored_exit_codes: Some(live.ignored_exit_codes.unwrap_or_default()),
        restart_attempt_period_seconds: Some(live.restart_attempt_period.unwrap_or(300)),
    }
}

fn mount_of(live: aws::MountPoint) -> MountPoint {
    MountPoint {
        source_volume: live.source_volume.unwrap_or_default(),
        container_path: live.container_path.unwrap_or_default(),
        read_only: Some(live.read_only.unwrap_or(false)),
    }
}

fn from_of(live: aws::VolumeFrom) -> VolumesFrom {
    VolumesFrom {
        source_container: live.source_container.unwrap_or_default(),
        read_only: Some(live.read_only.unwrap_or(false)),
    }
}

fn limit_of(live: &aws::Ulimit) -> (String, Ulimit) {
    (live.name.as_str().to_owned(), Ulimit { soft: live.soft_limit, hard: live.hard_limit })
}

fn firelens_of(live: aws::FirelensConfiguration) -> Firelens {
    Firelens { r#type: live.r#type.as_str().to_owned(), options: Some(sorted(live.options)) }
}

fn linux_of(live: aws::LinuxParameters) -> LinuxParameters {
    let (add, drop) = live.capabilities.map(|found| (found.add, found.drop)).unwrap_or_default();
    let device = |device: aws::Device| Device {
        host_path: device.host_path,
        container_path: device.container_path,
        permissions: device.permissions.map(|all| all.iter().map(|one| one.as_str().to_owned()).collect()),
    };
    let tmpfs = |folder: aws::Tmpfs| Tmpfs {
        container_path: folder.container_path,
        size_mib: folder.size,
        mount_options: folder.mount_options,
    };
    LinuxParameters {
        init_process_enabled: Some(live.init_process_enabled.unwrap_or(false)),
        add_capabilities: add,
        drop_capabilities: drop,
        devices: Some(live.devices.unwrap_or_default().into_iter().map(device).collect()),
        shared_memory_mib: live.shared_memory_size,
        tmpfs: Some(live.tmpfs.unwrap_or_default().into_iter().map(tmpfs).collect()),
        max_swap_mib: live.max_swap,
        swappiness: live.swappiness,
    }
}

/// Pairs as ECS tells them.
pub(super) fn values_of(pairs: Option<Vec<aws::KeyValuePair>>) -> BTreeMap<String, String> {
    let pair = |pair: aws::KeyValuePair| (pair.name.unwrap_or_default(), pair.value.unwrap_or_default());
    pairs.unwrap_or_default().into_iter().map(pair).collect()
}

/// A map in the order of its keys.
pub(super) fn sorted(map: Option<HashMap<String, String>>) -> BTreeMap<String, String> {
    map.unwrap_or_default().into_iter().collect()
}
