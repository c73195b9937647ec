//! ECS cluster: where services run, with its capacity and its defaults.

mod read;
mod spec;
mod write;

use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::Serialize;

use super::{last_part, strategy, strategy_faults, sync_tags};
use crate::aws::{Cx, ErrorCodes, Result};
use crate::catalog::Traits;
use crate::cloud::ReadRequest;
use crate::kinds::reading::required;
use crate::kinds::tagging::{all_tags, owned_tags};
use crate::kinds::{Found, Kind, changed_fields};
use crate::names::{Owner, PhysicalId};
use crate::value::Json;
use read::{describe, found_of};
use spec::{Logging, Spec};
use write::{configuration, namespace, settings};

/// An ECS cluster.
pub struct Cluster;

/// Outputs of a cluster.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
}

/// Names that one `DescribeClusters` takes.
const PER_CALL: usize = 100;

impl Kind for Cluster {
    const NAME: &'static str = "ecs.Cluster";
    const ABOUT: &'static str = "An ECS cluster";
    const EXAMPLE: &'static str = "
name: shop
settings: {containerInsights: enabled}
configuration: {execute_command: {logging: DEFAULT}}
capacity_providers: [FARGATE, FARGATE_SPOT]
default_capacity_provider_strategy:
  - {capacity_provider: FARGATE, weight: 1, base: 1}
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "settings: {containerInsights: enhanced}",
        "
configuration:
  execute_command: {logging: OVERRIDE, log_group: /ecs/shop-exec, log_group_encrypted: false}
",
        "
default_capacity_provider_strategy:
  - {capacity_provider: FARGATE, weight: 1, base: 2}
  - {capacity_provider: FARGATE_SPOT, weight: 3}
",
        "{capacity_providers: [FARGATE], default_capacity_provider_strategy: []}",
        "service_connect_namespace: arn:aws:servicediscovery:us-east-1:000000000000:namespace/ns-0123456789abcdef",
        "service_connect_namespace: ''",
        "tags: {team: platform, cost: '7'}",
        "name: shop-night",
    ];
    const TRAITS: Traits = Traits { unique_by: &["name"], ..Traits::DEFAULT };
    const ERRORS: ErrorCodes = ErrorCodes {
        not_found: super::NOT_FOUND,
        conflict: &[
            "ClusterContainsCapacityProviderException",
            "ClusterContainsContainerInstancesException",
            "ClusterContainsServicesException",
            "ClusterContainsTasksException",
            "ResourceInUseException",
            "UpdateInProgressException",
        ],
        not_visible_yet: &["InvalidParameterException: Unable to assume the service linked role"],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        let chunks = try_join_all(requests.chunks(PER_CALL).map(|requests| read_some(cx, requests))).await?;
        Ok(chunks.into_iter().flatten().collect())
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let Some(live) = describe(cx, vec![spec.name.clone()]).await?.pop() else { return Ok(None) };
        cx.ensure_owned("a cluster", &spec.name, &all_tags(live.tags.unwrap_or_default()), owner)?;
        Ok(Some(PhysicalId::new(&spec.name)))
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        // The call would answer with somebody else's cluster of this name.
        if Self::find(cx, owner, spec).await?.is_none() {
            let call = cx.ecs().create_cluster().cluster_name(&spec.name);
            let call = call.set_settings(settings(spec)).set_configuration(configuration(spec.configuration.as_ref()));
            let strategy = spec.default_capacity_provider_strategy.as_deref().map(strategy).transpose()?;
            call.set_capacity_providers(spec.capacity_providers.clone())
                .set_default_capacity_provider_strategy(strategy)
                .set_service_connect_defaults(namespace(spec).filter(|all| !all.namespace().is_empty()))
                .set_tags(Some(owned_tags(spec.tags.as_ref(), owner)))
                .send()
                .await?;
        }
        Ok(PhysicalId::new(&spec.name))
    }

    /// The capacity takes a call of its own, for which AWS is at work a while.
    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let changed = changed_fields::<Self>(from, to)?;
        let has = |name: &str| changed.contains(name);
        if has("tags")
            && let Some(live) = describe(cx, vec![id.to_string()]).await?.pop()
        {
            let arn = required("ecs:DescribeClusters", "the ARN of the cluster", live.cluster_arn)?;
            sync_tags(cx, &arn, from.tags.as_ref(), to.tags.as_ref()).await?;
        }
        if has("settings") || has("configuration") || has("service_connect_namespace") {
            cx.ecs()
                .update_cluster()
                .cluster(id.as_str())
                .set_settings(settings(to).filter(|_| has("settings")))
                .set_configuration(configuration(to.configuration.as_ref()).filter(|_| has("configuration")))
                .set_service_connect_defaults(namespace(to).filter(|_| has("service_connect_namespace")))
                .send()
                .await?;
        }
        if has("capacity_providers") || has("default_capacity_provider_strategy") {
            let providers = to.capacity_providers.clone().or_else(|| from.capacity_providers.clone());
            let wanted = to.default_capacity_provider_strategy.as_ref();
            let wanted = wanted.or(from.default_capacity_provider_strategy.as_ref()).map_or(&[][..], Vec::as_slice);
            cx.ecs()
                .put_cluster_capacity_providers()
                .cluster(id.as_str())
                .set_capacity_providers(Some(providers.unwrap_or_default()))
                .set_default_capacity_provider_strategy(Some(strategy(wanted)?))
                .send()
                .await?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        cx.ecs().delete_cluster().cluster(id.as_str()).send().await?;
        Ok(())
    }

    /// By `id` or `name`, or by `arn`.
    async fn lookup(cx: &Cx, query: &Json) -> Result<Option<PhysicalId>> {
        let name = ["id", "name", "arn"].into_iter().find_map(|key| query.get(key).and_then(Json::as_str));
        let Some(name) = name else { return Ok(None) };
        let found = describe(cx, vec![last_part(name).to_owned()]).await?.pop();
        Ok(found.and_then(|live| live.cluster_name).map(PhysicalId::new))
    }

    fn check(spec: &Spec) -> Vec<String> {
        let strategy = spec.default_capacity_provider_strategy.as_deref().unwrap_or_default();
        let mut faults = strategy_faults(strategy);
        if let Some(providers) = &spec.capacity_providers {
            let unknown = strategy.iter().map(|one| &one.capacity_provider).filter(|name| !providers.contains(name));
            faults.extend(unknown.map(|name| format!("`{name}` is not among `capacity_providers`")));
        }
        if let Some(command) = spec.configuration.as_ref().and_then(|all| all.execute_command.as_ref()) {
            let named = command.log_group.is_some() || command.s3_bucket.is_some();
            if named != (command.logging == Some(Logging::Override)) {
                faults.push(
                    "`logging: OVERRIDE` needs `log_group` or `s3_bucket`, which have no effect without it".to_owned(),
                );
            }
        }
        faults
    }
}

async fn read_some(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Cluster>>>> {
    let mut names: Vec<String> = requests.iter().map(|request| request.id.to_string()).collect();
    names.sort();
    names.dedup();
    let live = describe(cx, names).await?;
    let of = |request: &ReadRequest| live.iter().find(|one| one.cluster_name.as_deref() == Some(request.id.as_str()));
    requests.iter().map(|request| of(request).cloned().map(found_of).transpose()).collect()
}
