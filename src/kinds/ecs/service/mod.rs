//! ECS service: so many tasks of a task definition, and how another one takes their place.
//!
//! The result of a change is read by `rollout`. Which of two target groups is the live one is the service's own affair
//! and never a difference.

mod deployment;
mod handover;
mod read;
mod rollout;
mod rules;
mod service_connect;
mod spec;
mod stopped;
mod volumes;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_ecs::types::{Service as Described, ServiceField};
use futures::future::try_join_all;

use super::{check_failures, last_part, not_found_as_none, sync_tags};
use crate::aws::{Cx, ErrorCodes, Result};
use crate::catalog::Traits;
use crate::cloud::{Class, CloudError, ReadRequest};
use crate::kinds::reading::{read_each, required};
use crate::kinds::tagging::{AwsTag, TAG_VARIANT, all_tags, is_variant};
use crate::kinds::{Found, Kind, changed_fields};
use crate::names::{Owner, PhysicalId};
use crate::value::Json;
use rollout::Rollout;

pub use spec::{Outputs, Spec};

/// An ECS service.
pub struct Service;

/// Services that one `DescribeServices` takes.
const PER_CALL: usize = 10;

impl Kind for Service {
    const NAME: &'static str = "ecs.Service";
    const ABOUT: &'static str = "An ECS service: tasks that are kept running, behind load balancers";
    const EXAMPLE: &'static str = "
name: shop-carts
cluster: ${ecs.Cluster.name}
task_definition: ${ecs.TaskDefinition.arn}
desired_count: 1
launch_type: FARGATE
platform_version: LATEST
scheduling_strategy: REPLICA
subnet_ids: [subnet-0a1b2c3d4e5f60001, subnet-0a1b2c3d4e5f60002]
security_group_ids: [sg-0a1b2c3d4e5f60001]
assign_public_ip: false
load_balancers:
  - target_group_arn: arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/try-1/0a1b2c3d4e5f6000
    container_name: web
    container_port: 8080
health_check_grace_period_seconds: 60
deployment:
  minimum_healthy_percent: 100
  maximum_percent: 200
  circuit_breaker: {enable: true, rollback: true}
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "{health_check_grace_period_seconds: 90, availability_zone_rebalancing: DISABLED, desired_count: 2}",
        "{desired_count: null, initial_count: 1, availability_zone_rebalancing: ENABLED}",
        "{propagate_tags: SERVICE, enable_ecs_managed_tags: true, enable_execute_command: true}",
        "{subnet_ids: [subnet-0a1b2c3d4e5f60001], assign_public_ip: true}",
        "deployment: {minimum_healthy_percent: 50, circuit_breaker: {enable: false, rollback: false}}",
        "
load_balancers:
  - target_group_arn: arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/try-1/0a1b2c3d4e5f6000
    container_name: web
    container_port: 8080
    alternate_target_group_arn: arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/try-2/0a1b2c3d4e5f6000
    production_listener_rule_arn: arn:aws:elasticloadbalancing:us-east-1:000000000000:listener-rule/app/try/0a1b2c3d4e5f6000/1/1
    role_arn: arn:aws:iam::000000000000:role/try-ecs
deployment: {strategy: canary, canary_percent: 10, canary_bake_minutes: 0, bake_minutes: 0}
",
        "tags: {team: platform, cost: '7'}",
        "{load_balancers: [], health_check_grace_period_seconds: null}",
        "
launch_type: null
platform_version: null
capacity_provider_strategy: [{capacity_provider: FARGATE_SPOT, weight: 1}]
",
        "
service_registries: [{registry_arn: 'arn:aws:servicediscovery:us-east-1:000000000000:service/srv-shop'}]
service_connect: {enabled: true, namespace: shop, services: [{port_name: http}]}
volume_configurations: [{name: data, role_arn: 'arn:aws:iam::000000000000:role/try-ecs', size_gib: 10}]
capacity_provider_strategy: null
launch_type: EC2
placement_constraints: [{type: distinctInstance}]
placement_strategy: [{type: spread, field: 'attribute:ecs.availability-zone'}]
name: shop-orders
",
        "variant: internal",
        "{variant: public, name: shop-public}",
    ];
    const TRAITS: Traits = Traits {
        deadline: Duration::from_hours(1),
        // A failed service is a failed rollout, which the next one repairs.
        replace_failed: false,
        unique_by: &["name", "cluster"],
        ..Traits::DEFAULT
    };
    const ERRORS: ErrorCodes = ErrorCodes {
        not_found: super::NOT_FOUND,
        exists: &["InvalidParameterException: Creation of service was not idempotent"],
        not_visible_yet: &["InvalidParameterException: Unable to assume", "InvalidParameterException: still Draining"],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        let mut clusters: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for request in requests {
            let (cluster, name) = split_id(&request.id)?;
            let names = clusters.entry(cluster).or_default();
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        let chunks =
            clusters.iter().flat_map(|(cluster, names)| names.chunks(PER_CALL).map(move |some| (*cluster, some)));
        let read = try_join_all(chunks.map(|(cluster, some)| describe(cx, cluster, some))).await?;
        let live: Vec<&Described> = read.iter().flat_map(|some| some.iter()).collect();
        let live = &live;
        read_each(requests, |request| async move {
            match live.iter().find(|live| id_of(live).is_some_and(|id| id == request.id)) {
                Some(live) => found_of(cx, live, request.id.as_str()).await.map(Some),
                None => Ok(None),
            }
        })
        .await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let found = describe(cx, &spec.cluster, std::slice::from_ref(&spec.name)).await?;
        // One that drains is on its way out; its name is free when it has gone.
        let Some(live) = found.iter().find(|live| live.status() == Some("ACTIVE")) else {
            return find_variant(cx, owner, spec).await;
        };
        cx.ensure_owned("a service", &spec.name, &all_tags(live.tags.clone().unwrap_or_default()), owner)?;
        Ok(Some(id(&spec.cluster, &spec.name)))
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        write::creation(cx, spec, owner)?.send().await?;
        Ok(id(&spec.cluster, &spec.name))
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let mut changed = changed_fields::<Self>(from, to)?;
        let is_tagged = changed.contains("tags") || changed.contains("variant");
        let live = if is_tagged || changed.contains("load_balancers") {
            let (cluster, name) = split_id(id)?;
            describe(cx, cluster, &[name.to_owned()]).await?
        } else {
            Arc::default()
        };
        if let Some(live) = live.first().filter(|_| changed.contains("load_balancers")) {
            handover::ensure_over(cx, live, to).await?;
        }
        if is_tagged {
            let arn = live.first().and_then(Described::service_arn).map(str::to_owned);
            let arn = required("ecs:DescribeServices", "the ARN of the service", arn)?;
            if let Some(variant) = to.variant.as_ref().filter(|_| changed.remove("variant")) {
                cx.ecs().tag_resource().resource_arn(&arn).tags(AwsTag::new(TAG_VARIANT, variant)).send().await?;
            }
            changed.remove("tags");
            sync_tags(cx, &arn, from.tags.as_ref(), to.tags.as_ref()).await?;
        }
        if !changed.is_empty() {
            write::change(cx, from, to, &changed)?.send().await?;
        }
        Ok(())
    }

    /// By force: without it AWS wants no task to be left.
    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        let (cluster, name) = split_id(id)?;
        let live = describe(cx, cluster, &[name.to_owned()]).await?;
        if live.iter().any(|live| live.status() == Some("ACTIVE")) {
            cx.ecs().delete_service().cluster(cluster).service(name).force(true).send().await?;
        }
        Ok(())
    }

    /// By `id`, `cluster/service`, or by `cluster` and `name`.
    async fn lookup(cx: &Cx, query: &Json) -> Result<Option<PhysicalId>> {
        let text = |name: &str| query.get(name).and_then(Json::as_str);
        if let Some(id) = text("id") {
            return Ok(Some(PhysicalId::new(id)));
        }
        let (Some(cluster), Some(name)) = (text("cluster").map(last_part), text("name")) else { return Ok(None) };
        let found = describe(cx, cluster, &[name.to_owned()]).await?;
        Ok(found.first().and_then(id_of))
    }

    fn check(spec: &Spec) -> Vec<String> {
        rules::check(spec)
    }
}

/// A service of another name: beside a variant, a name stays what the service was made with.
async fn find_variant(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
    if spec.variant.is_none() {
        return Ok(None);
    }
    let all = cx.tagged_of(&owner.stack).await?;
    let services = all.iter().filter(|(arn, _)| arn.contains(&format!(":service/{}/", spec.cluster)));
    let ours = services.filter(|(_, tags)| is_variant(tags, owner, spec.variant.as_ref()));
    let names: Vec<String> = ours.map(|(arn, _)| last_part(arn).to_owned()).collect();
    if names.is_empty() {
        return Ok(None);
    }
    // The index of tags goes on telling of what is gone.
    let found = describe(cx, &spec.cluster, &names).await?;
    Ok(found.iter().find(|live| live.status() == Some("ACTIVE")).and_then(id_of))
}

/// Cluster and service, from the id.
fn split_id(id: &PhysicalId) -> Result<(&str, &str)> {
    id.as_str()
        .split_once('/')
        .ok_or_else(|| CloudError::local(Class::Invalid, "ecs.Service", format!("`{id}` is not `cluster/service`")))
}

fn id(cluster: &str, name: &str) -> PhysicalId {
    PhysicalId::new(format!("{cluster}/{name}"))
}

fn id_of(live: &Described) -> Option<PhysicalId> {
    Some(id(last_part(live.cluster_arn()?), live.service_name()?))
}

/// Services of one cluster. One that was deleted lingers as inactive, and is not there; one that was made a moment
/// ago may be missing.
async fn describe(cx: &Cx, cluster: &str, names: &[String]) -> Result<Arc<Vec<Described>>> {
    let call = Box::pin(async {
        let call = cx.ecs().describe_services().cluster(cluster).set_services(Some(names.to_vec()));
        let Some(answer) = not_found_as_none(call.include(ServiceField::Tags).send().await)? else {
            return Ok(Vec::new());
        };
        check_failures("ecs:DescribeServices", answer.failures.as_deref())?;
        let services = answer.services.unwrap_or_default().into_iter();
        Ok(services.filter(|live| live.status() != Some("INACTIVE")).collect())
    });
    cx.cached(&format!("ecs-services/{cluster}/{}", names.join(",")), call).await
}

async fn found_of(cx: &Cx, live: &Described, id: &str) -> Result<Found<Service>> {
    let rollout: Arc<Rollout> = cx.cached(&format!("ecs-rollout/{id}"), Box::pin(rollout::of(cx, live))).await?;
    let mut spec = read::spec_of(live);
    spec.task_definition = rollout::marked(&spec.task_definition, &rollout);
    let outputs = Outputs {
        arn: required("ecs:DescribeServices", "the ARN of the service", live.service_arn.clone())?,
        name: spec.name.clone(),
        cluster_name: spec.cluster.clone(),
    };
    Ok(Found { readiness: rollout.readiness.clone(), ..Found::serving(spec, outputs) })
}
