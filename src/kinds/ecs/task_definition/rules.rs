//! Rules for a task definition beyond the schema.

use std::collections::BTreeSet;

use super::container::{Condition, Container};
use super::spec::{Compatibility, NetworkMode, Spec, Volume};
use crate::catalog::fargate;

/// Faults of a task definition that the schema does not find.
pub(super) fn check(spec: &Spec) -> Vec<String> {
    let mut faults = Vec::new();
    if is_on_fargate(spec) {
        faults.extend(on_fargate(spec));
    }
    faults.extend(spec.volumes.iter().flatten().filter_map(volume));
    let mut names = BTreeSet::new();
    for container in &spec.containers {
        let name = &container.name;
        if !names.insert(name) {
            faults.push(format!("duplicate container `{name}`"));
        }
        faults.extend(of_container(spec, container).into_iter().map(|fault| format!("container `{name}`: {fault}")));
    }
    if !spec.containers.iter().any(|one| one.essential.unwrap_or(true)) {
        faults.push("one container must be `essential`".to_owned());
    }
    let together = spec.containers.iter().map(|one| one.cpu.unwrap_or(0)).sum::<i32>();
    if let Some(whole) = spec.cpu.filter(|whole| *whole < together) {
        faults.push(format!("the containers need {together} CPU units, but the task has {whole}"));
    }
    faults
}

fn is_on_fargate(spec: &Spec) -> bool {
    spec.requires_compatibilities.iter().flatten().any(|one| *one == Compatibility::Fargate)
}

fn on_fargate(spec: &Spec) -> Vec<String> {
    let mut faults = Vec::new();
    if spec.network_mode != Some(NetworkMode::Awsvpc) {
        faults.push("Fargate needs `network_mode: awsvpc`".to_owned());
    }
    match (spec.cpu, spec.memory) {
        (Some(cpu), Some(memory)) => faults.extend(size(cpu, memory)),
        _ => faults.push("Fargate needs `cpu` and `memory`".to_owned()),
    }
    if spec.placement_constraints.as_ref().is_some_and(|all| !all.is_empty()) || spec.ipc_mode.is_some() {
        faults.push("Fargate takes neither `placement_constraints` nor `ipc_mode`".to_owned());
    }
    for container in &spec.containers {
        let name = &container.name;
        if container.privileged == Some(true) {
            faults.push(format!("container `{name}`: `privileged` is not available on Fargate"));
        }
        if container.stop_timeout_seconds.is_some_and(|seconds| seconds > 120) {
            faults.push(format!("container `{name}`: `stop_timeout_seconds` must be at most 120 on Fargate"));
        }
        let needs = container.secrets.as_ref().is_some_and(|all| !all.is_empty())
            || container.log.as_ref().is_some_and(|log| log.driver == "awslogs");
        if needs && spec.execution_role_arn.is_none() {
            faults.push(format!("container `{name}`: secrets and `awslogs` need `execution_role_arn`"));
        }
    }
    faults
}

fn size(cpu: i32, memory: i32) -> Option<String> {
    let units = cpu.unsigned_abs();
    let memories = fargate::memories(units);
    if memories.is_empty() || cpu < 0 {
        let known = fargate::processors().iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        return Some(format!("Fargate does not take `cpu: {cpu}`; it takes {known}"));
    }
    if u32::try_from(memory).is_ok_and(|memory| memories.contains(&memory)) {
        return None;
    }
    let known = fargate::memories_in_words(units);
    Some(format!("Fargate does not take `memory: {memory}` with `cpu: {cpu}`; it takes {known}"))
}

fn volume(volume: &Volume) -> Option<String> {
    let kinds = [
        volume.host_path.is_some(),
        volume.efs.is_some(),
        volume.s3_files.is_some(),
        volume.docker.is_some(),
        volume.fsx_windows.is_some(),
        volume.configured_at_launch == Some(true),
    ];
    let name = &volume.name;
    if kinds.into_iter().filter(|is| *is).count() > 1 {
        return Some(format!("the volume `{name}` has more than one source"));
    }
    let efs = volume.efs.as_ref()?;
    let encrypted = efs.transit_encryption == Some(true);
    let guarded = efs.access_point_id.is_some() || efs.iam == Some(true);
    (guarded && !encrypted)
        .then(|| format!("the volume `{name}`: an access point and `iam` need `transit_encryption: true`"))
}

fn of_container(spec: &Spec, container: &Container) -> Vec<String> {
    let mut faults = network(spec, container);
    let variables: BTreeSet<&String> = container.environment.iter().flatten().map(|(name, _)| name).collect();
    let both = container.secrets.iter().flatten().map(|(name, _)| name).filter(|name| variables.contains(name));
    faults.extend(both.map(|name| format!("`{name}` is both in `environment` and in `secrets`")));
    for (other, condition) in container.depends_on.iter().flatten() {
        match spec.containers.iter().find(|one| one.name == *other) {
            None => faults.push(format!("`depends_on` names `{other}`, which is not a container of the task")),
            Some(_) if *other == container.name => faults.push("`depends_on` names the container itself".to_owned()),
            Some(one) if *condition == Condition::Healthy && one.health_check.is_none() => {
                faults.push(format!("`depends_on` waits for `{other}` to be healthy, which has no `health_check`"));
            }
            Some(_) => {}
        }
    }
    let is_volume = |name: &String| spec.volumes.iter().flatten().any(|volume| volume.name == *name);
    let unknown = container.mount_points.iter().flatten().map(|mount| &mount.source_volume);
    faults.extend(
        unknown.filter(|name| !is_volume(name)).map(|name| format!("`{name}` is not a volume of the task definition")),
    );
    if let (Some(soft), Some(hard)) = (container.memory_reservation, container.memory)
        && soft > hard
    {
        faults.push("`memory_reservation` is above `memory`".to_owned());
    }
    match (spec.memory, container.memory) {
        (Some(whole), Some(own)) if own > whole => {
            faults.push(format!("`memory` is {own} MiB, but the task has {whole}"));
        }
        (None, None) if container.memory_reservation.is_none() => {
            faults.push("`memory` or `memory_reservation` is required without the task's `memory`".to_owned());
        }
        _ => {}
    }
    faults
}

fn network(spec: &Spec, container: &Container) -> Vec<String> {
    let mut faults = Vec::new();
    let own_network = matches!(spec.network_mode, Some(NetworkMode::Awsvpc | NetworkMode::Host));
    let mut ports = BTreeSet::new();
    for mapping in container.port_mappings.iter().flatten() {
        if mapping.container_port.is_some() == mapping.container_port_range.is_some() {
            faults.push("a port mapping needs exactly one of `container_port` and `container_port_range`".to_owned());
        }
        if own_network && mapping.host_port.is_some() {
            faults.push("`host_port` has no effect with `awsvpc` and `host`: it is the container's port".to_owned());
        }
        let protocol = mapping.protocol.unwrap_or(super::container::Protocol::Tcp);
        if let Some(port) = mapping.container_port
            && !ports.insert((port, crate::aws::to_wire(protocol)))
        {
            faults.push(format!("duplicate port {port}"));
        }
    }
    if spec.network_mode == Some(NetworkMode::Awsvpc) && container.hostname.is_some() {
        faults.push("`hostname` cannot be used with `awsvpc`".to_owned());
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fargate_sizes_are_limited() {
        for (cpu, memory) in [(256, 512), (256, 1024), (256, 2048), (512, 4096), (8192, 20_480), (16_384, 122_880)] {
            assert_eq!(size(cpu, memory), None, "{cpu} {memory}");
        }
        assert_eq!(
            size(256, 1536).as_deref(),
            Some("Fargate does not take `memory: 1536` with `cpu: 256`; it takes 512, 1024 or 2048")
        );
        assert!(size(8192, 17_408).is_some());
        assert_eq!(
            size(300, 512).as_deref(),
            Some("Fargate does not take `cpu: 300`; it takes 256, 512, 1024, 2048, 4096, 8192, 16384")
        );
    }

    fn faults(yaml: &str) -> Vec<String> {
        check(&serde_yaml::from_str(yaml).expect("a spec"))
    }

    #[test]
    fn faulty_containers_are_reported() {
        let found = faults(
            "
family: shop
cpu: 256
memory: 512
network_mode: awsvpc
requires_compatibilities: [FARGATE]
containers:
  - {name: a, image: a, essential: false, secrets: {X: arn:x}, environment: {X: '1'}, depends_on: {b: HEALTHY, c: START}}
  - {name: b, image: b, essential: false, port_mappings: [{container_port: 80, host_port: 80}]}
  - {name: b, image: b, essential: false, mount_points: [{source_volume: v, container_path: /v}]}
",
        );
        insta::assert_snapshot!(found.join("\n"), @r"
        container `a`: secrets and `awslogs` need `execution_role_arn`
        container `a`: `X` is both in `environment` and in `secrets`
        container `a`: `depends_on` waits for `b` to be healthy, which has no `health_check`
        container `a`: `depends_on` names `c`, which is not a container of the task
        container `b`: `host_port` has no effect with `awsvpc` and `host`: it is the container's port
        duplicate container `b`
        container `b`: `v` is not a volume of the task definition
        one container must be `essential`
        ");
    }
}
