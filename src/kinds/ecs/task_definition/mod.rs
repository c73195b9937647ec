//! ECS task definition: what a service runs, as a family of numbered revisions.
//!
//! AWS cannot change a revision, and makes a new one at every call, even of the same content. So the family is the
//! thing: it reads as its newest revision of ours, and an update registers the next one when anything differs. A
//! call whose answer was lost shows as a revision that no longer differs, and is not made twice. Earlier revisions
//! stay, for services that go back to them; they go with the family.

mod container;
mod read;
mod read_container;
mod rules;
mod spec;
mod write;
mod write_container;

use aws_sdk_ecs::types::{SortOrder, TaskDefinition as Described, TaskDefinitionField, TaskDefinitionStatus};

use super::{check_failures, last_part, not_found_as_none, sync_tags};
use crate::aws::{Cx, ErrorCodes, Result, Tags};
use crate::catalog::Traits;
use crate::cloud::{Class, CloudError, ReadRequest};
use crate::kinds::reading::{read_each, required};
use crate::kinds::tagging::{all_tags, owned_tags, to_aws};
use crate::kinds::{Found, Kind, changed_fields};
use crate::names::{Owner, PhysicalId, TAG_ADDRESS, TAG_STACK};
use crate::value::Json;

pub use spec::{Outputs, Spec};

/// A family of task definitions.
pub struct TaskDefinition;

/// The operation that reads.
const DESCRIBE: &str = "ecs:DescribeTaskDefinition";
/// Revisions that one step of a deletion takes: as many as one call deletes.
const PER_STEP: usize = 10;

impl Kind for TaskDefinition {
    const NAME: &'static str = "ecs.TaskDefinition";
    const ABOUT: &'static str = "An ECS task definition: the containers that a service runs";
    const EXAMPLE: &'static str = "
family: shop-carts
cpu: 256
memory: 512
network_mode: awsvpc
requires_compatibilities: [FARGATE]
execution_role_arn: ${iam.Role.arn}
runtime_platform: {cpu_architecture: ARM64, operating_system_family: LINUX}
containers:
  - name: web
    image: 000000000000.dkr.ecr.us-east-1.amazonaws.com/carts:1
    port_mappings: [{container_port: 8080, name: http, app_protocol: http}]
    environment: {TABLE: carts, STAGE: live}
    secrets: {PASSWORD: 'arn:aws:ssm:us-east-1:000000000000:parameter/carts'}
    log: {driver: awslogs, options: {awslogs-group: '${logs.LogGroup.name}', awslogs-region: us-east-1, awslogs-stream-prefix: web}}
    health_check: {command: [CMD-SHELL, 'curl -f http://localhost:8080/ || exit 1'], retries: 2}
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "{cpu: 512, memory: 1024, task_role_arn: '${iam.Role.arn}', ephemeral_storage_gib: 30}",
        "
containers:
  - {name: web, image: '000000000000.dkr.ecr.us-east-1.amazonaws.com/carts:2', port_mappings: [{container_port: 8080}]}
",
        "tags: {team: platform, cost: '7'}",
        "
pid_mode: task
volumes:
  - {name: scratch}
  - {name: shared, efs: {file_system_id: fs-12345678, transit_encryption: true, access_point_id: fsap-12345678, iam: true}}
containers:
  - name: web
    image: 000000000000.dkr.ecr.us-east-1.amazonaws.com/carts:2
    port_mappings: [{container_port: 8080}, {container_port: 9090}]
    command: [serve]
    mount_points: [{source_volume: shared, container_path: /data, read_only: true}]
    depends_on: {init: SUCCESS}
    ulimits: {nofile: {soft: 1024, hard: 4096}}
    linux_parameters: {init_process_enabled: true, drop_capabilities: [NET_RAW]}
    stop_timeout_seconds: 60
    readonly_root_filesystem: true
    docker_labels: {part: web}
    user: '1000'
  - name: init
    image: busybox:1.36
    essential: false
    mount_points: [{source_volume: scratch, container_path: /scratch}]
",
        "{volumes: null, pid_mode: null, ephemeral_storage_gib: null, containers: [{name: web, image: 'carts:3'}]}",
        "enable_fault_injection: true",
        "enable_fault_injection: null",
        "
network_mode: bridge
requires_compatibilities: [EC2]
runtime_platform: null
cpu: null
ipc_mode: task
placement_constraints: ['attribute:ecs.instance-type =~ m7g.*']
containers: [{name: web, image: 'carts:3', port_mappings: [{container_port: 8080}], privileged: true}]
",
        "
network_mode: awsvpc
requires_compatibilities: [EC2]
ipc_mode: null
placement_constraints: []
proxy: {container_name: envoy, properties: {AppPorts: '8080', IgnoredUID: '1337'}}
containers: [{name: web, image: 'carts:3', memory: 256}, {name: envoy, image: 'envoy:1', memory: 128}]
",
        "family: shop-orders",
    ];
    const TRAITS: Traits = Traits {
        unique_by: &["family"],
        // Every call registers another revision.
        idempotent_create: false,
        snapshot: true,
        ..Traits::DEFAULT
    };
    const ERRORS: ErrorCodes = ErrorCodes {
        not_found: super::NOT_FOUND,
        conflict: &["ClientException: Too many concurrent attempts"],
        not_visible_yet: &["ClientException: Role is not valid"],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        read_each(requests, |request| read_one(cx, request)).await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let ours = |tags: &Tags| owner.stands_at(|key| tags.get(key).map(String::as_str));
        if newest(cx, &spec.family, ours).await?.is_some() {
            return Ok(Some(PhysicalId::new(&spec.family)));
        }
        let Some((_, tags)) = describe(cx, &spec.family).await? else { return Ok(None) };
        cx.ensure_owned("a task definition", &spec.family, &tags, owner)?;
        Ok(Some(PhysicalId::new(&spec.family)))
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        let call = write::registration(cx, spec)?;
        call.set_tags(Some(owned_tags(spec.tags.as_ref(), owner))).send().await?;
        Ok(PhysicalId::new(&spec.family))
    }

    /// The next revision has the tags of the one before it, ownership among them.
    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let Some((live, mut tags)) = newest(cx, id.as_str(), is_owned).await? else {
            return Err(CloudError::local(Class::NotFound, "ecs:RegisterTaskDefinition", format!("no family {id}")));
        };
        let mut changed = changed_fields::<Self>(from, to)?;
        changed.remove("tags");
        if changed.is_empty() {
            let arn = required(DESCRIBE, "the ARN of the task definition", live.task_definition_arn)?;
            return sync_tags(cx, &arn, from.tags.as_ref(), to.tags.as_ref()).await;
        }
        if let Some(wanted) = &to.tags {
            let gone = from.tags.iter().flatten().map(|(key, _)| key).filter(|key| !wanted.contains_key(*key));
            gone.for_each(|key| drop(tags.remove(key)));
            tags.extend(wanted.clone());
        }
        tags.retain(|key, _| !key.starts_with("aws:"));
        write::registration(cx, to)?.set_tags(Some(to_aws(&tags))).send().await?;
        Ok(())
    }

    /// The oldest of our revisions, so that the newest, which tells which are ours, goes last.
    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        let mut going = Vec::new();
        let newest = newest(cx, id.as_str(), is_owned).await?;
        let Some((_, own)) = newest else { return Ok(()) };
        let same = |tags: &Tags| [TAG_STACK, TAG_ADDRESS].iter().all(|key| tags.get(*key) == own.get(*key));
        for arn in revisions(cx, id.as_str(), SortOrder::Asc).await? {
            if going.len() < PER_STEP && describe(cx, &arn).await?.is_some_and(|(_, tags)| same(&tags)) {
                going.push(arn);
            }
        }
        for arn in &going {
            cx.ecs().deregister_task_definition().task_definition(arn).send().await?;
        }
        if going.is_empty() {
            return Ok(());
        }
        let deleted = cx.ecs().delete_task_definitions().set_task_definitions(Some(going)).send().await?;
        check_failures("ecs:DeleteTaskDefinitions", deleted.failures.as_deref())
    }

    /// By `id`, the ARN of a revision, or by `family`: then its newest revision, whosever it is.
    async fn lookup(cx: &Cx, query: &Json) -> Result<Option<PhysicalId>> {
        let text = |name: &str| query.get(name).and_then(Json::as_str);
        let Some(name) = text("id").or_else(|| text("family")) else { return Ok(None) };
        let found = describe(cx, name).await?;
        Ok(found.and_then(|(live, _)| live.task_definition_arn).map(PhysicalId::new))
    }

    fn check(spec: &Spec) -> Vec<String> {
        rules::check(spec)
    }
}

async fn read_one(cx: &Cx, request: &ReadRequest) -> Result<Option<Found<TaskDefinition>>> {
    let id = request.id.as_str();
    // Somebody else's is known by the ARN of a revision.
    let found = if id.starts_with("arn:") { describe(cx, id).await? } else { newest(cx, id, is_owned).await? };
    let Some((live, tags)) = found else { return Ok(None) };
    let outputs = Outputs {
        arn: required(DESCRIBE, "the ARN of the task definition", live.task_definition_arn.clone())?,
        family: live.family.clone().unwrap_or_default(),
        revision: live.revision,
    };
    Ok(Some(Found::serving(read::spec_of(live, tags)?, outputs)))
}

/// True for revisions of a stack; those that others register in the family do not count.
fn is_owned(tags: &Tags) -> bool {
    tags.contains_key(TAG_STACK)
}

/// The newest active revision with such tags.
async fn newest(cx: &Cx, family: &str, is_it: impl Fn(&Tags) -> bool) -> Result<Option<(Described, Tags)>> {
    let Some((live, tags)) = describe(cx, family).await? else { return Ok(None) };
    if is_it(&tags) {
        return Ok(Some((live, tags)));
    }
    for arn in revisions(cx, family, SortOrder::Desc).await? {
        if let Some((live, tags)) = describe(cx, &arn).await?.filter(|(_, tags)| is_it(tags)) {
            return Ok(Some((live, tags)));
        }
    }
    Ok(None)
}

/// A revision, or the newest active one of a family. One that is no longer active is not there.
async fn describe(cx: &Cx, name: &str) -> Result<Option<(Described, Tags)>> {
    let call = cx.ecs().describe_task_definition().task_definition(name).include(TaskDefinitionField::Tags);
    let Some(answer) = not_found_as_none(call.send().await)? else { return Ok(None) };
    let active = answer.task_definition.filter(|live| live.status == Some(TaskDefinitionStatus::Active));
    Ok(active.map(|live| (live, all_tags(answer.tags.unwrap_or_default()))))
}

/// ARNs of a family's active revisions.
async fn revisions(cx: &Cx, family: &str, sort: SortOrder) -> Result<Vec<String>> {
    let call = cx.ecs().list_task_definitions().family_prefix(family).status(TaskDefinitionStatus::Active).sort(sort);
    let mut arns: Vec<String> = call.into_paginator().items().send().try_collect().await?;
    // The filter is a prefix by name, and a whole family by what AWS says.
    let is_of_it = |arn: &String| last_part(arn).rsplit_once(':').is_some_and(|(name, _)| name == family);
    arns.retain(is_of_it);
    Ok(arns)
}
