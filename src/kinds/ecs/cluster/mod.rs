//! ECS cluster: where services run, with its capacity and its defaults.

use aws_sdk_ecs::types as aws;
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Capacity, check_failures, last_part, owned, pairs, retag, strategy, strategy_faults, strategy_of, unless_gone,
};
use crate::aws::{Cx, ErrorCodes, Result, Tags, from_wire, live_tags, to_wire};
use crate::catalog::Traits;
use crate::cloud::{ReadRequest, Readiness};
use crate::kinds::{Found, Kind, changed_fields};
use crate::names::{Owner, PhysicalId};
use crate::value::Json;

/// An ECS cluster.
pub struct Cluster;

/// What a cluster can be told to be.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name, unique in the region; 1 to 255 letters, digits, `_` and `-`. A change replaces.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,255}$"), extend("x-change" = "replace"))]
    pub name: String,
    /// Settings by AWS's names.
    pub settings: Option<Settings>,
    /// What commands in running tasks, and stored data, are encrypted and logged with.
    pub configuration: Option<Configuration>,
    /// Capacity providers that services may use: `FARGATE`, `FARGATE_SPOT` or names; up to 20. One that is not
    /// listed is detached.
    #[schemars(length(max = 20), extend("x-unordered" = true))]
    pub capacity_providers: Option<Vec<String>>,
    /// How tasks are spread when neither a service nor its launch type says so.
    #[schemars(extend("x-key" = "capacity_provider"))]
    pub default_capacity_provider_strategy: Option<Vec<Capacity>>,
    /// ARN of the Cloud Map namespace in which services find each other by default. An empty text takes it away.
    pub service_connect_namespace: Option<String>,
    /// Tags.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Settings of a cluster.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How closely CloudWatch watches it; the account's setting when left out.
    #[serde(rename = "containerInsights")]
    pub container_insights: Option<Insights>,
}

/// How closely CloudWatch watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Insights {
    /// Down to each container.
    Enhanced,
    /// By service and task.
    Enabled,
    /// Not beyond each service's CPU and memory.
    Disabled,
}

/// What is encrypted and logged, and how.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// How commands in running tasks are encrypted and logged.
    pub execute_command: Option<ExecuteCommand>,
    /// How stored data is encrypted.
    pub managed_storage: Option<ManagedStorage>,
}

/// How commands in running tasks are encrypted and logged.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExecuteCommand {
    /// KMS key between this machine and the container.
    pub kms_key_id: Option<String>,
    /// Where it is logged; `DEFAULT` when left out.
    pub logging: Option<Logging>,
    /// CloudWatch log group, with `logging: OVERRIDE`.
    pub log_group: Option<String>,
    /// Whether the log group is encrypted.
    pub log_group_encrypted: Option<bool>,
    /// S3 bucket, with `logging: OVERRIDE`.
    pub s3_bucket: Option<String>,
    /// What keys in the bucket begin with.
    pub s3_key_prefix: Option<String>,
    /// Whether the bucket is encrypted.
    pub s3_encrypted: Option<bool>,
}

/// Where commands are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Logging {
    /// Nowhere.
    None,
    /// Where the container logs.
    Default,
    /// To the log group and bucket that are named.
    Override,
}

/// How stored data is encrypted.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ManagedStorage {
    /// KMS key of volumes that ECS makes.
    pub kms_key_id: Option<String>,
    /// KMS key of the disks of tasks on Fargate.
    pub fargate_ephemeral_storage_kms_key_id: Option<String>,
}

/// What a cluster can be referred to by.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
}

/// How many names one `DescribeClusters` takes.
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
        cx.ensure_owned("a cluster", &spec.name, &pairs(live.tags), owner)?;
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
                .set_tags(Some(owned(spec.tags.as_ref(), owner)))
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
            let arn = live.cluster_arn.unwrap_or_default();
            retag(cx, &arn, from.tags.as_ref(), to.tags.as_ref()).await?;
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
                faults.push("`log_group` or `s3_bucket` goes with `logging: OVERRIDE`, which wants one".to_owned());
            }
        }
        faults
    }
}

/// Clusters of these names. One that was deleted lingers as inactive, and is not there.
async fn describe(cx: &Cx, names: Vec<String>) -> Result<Vec<aws::Cluster>> {
    use aws::ClusterField::{Configurations, Settings, Tags};
    let call = cx.ecs().describe_clusters().set_clusters(Some(names));
    let answer = call.set_include(Some(vec![Configurations, Settings, Tags])).send().await;
    let Some(answer) = unless_gone(answer)? else { return Ok(Vec::new()) };
    check_failures("ecs:DescribeClusters", answer.failures.as_deref())?;
    let clusters = answer.clusters.unwrap_or_default().into_iter();
    Ok(clusters.filter(|cluster| cluster.status.as_deref() != Some("INACTIVE")).collect())
}

async fn read_some(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Cluster>>>> {
    let mut names: Vec<String> = requests.iter().map(|request| request.id.to_string()).collect();
    names.sort();
    names.dedup();
    let live = describe(cx, names).await?;
    let of = |request: &ReadRequest| live.iter().find(|one| one.cluster_name.as_deref() == Some(request.id.as_str()));
    Ok(requests.iter().map(|request| of(request).cloned().map(found_of)).collect())
}

fn found_of(live: aws::Cluster) -> Found<Cluster> {
    let name = live.cluster_name.unwrap_or_default();
    let attaching = live.attachments_status.as_deref().is_some_and(|status| status.ends_with("IN_PROGRESS"));
    let readiness = match live.status.as_deref() {
        Some("FAILED") => Readiness::Failed("the cluster could not be made".to_owned()),
        Some(status @ ("PROVISIONING" | "DEPROVISIONING")) => Readiness::Pending(status.to_lowercase()),
        _ if attaching => Readiness::Pending("its capacity providers are being changed".to_owned()),
        _ => Readiness::Serving,
    };
    let insights = live.settings.unwrap_or_default().into_iter();
    let mut insights = insights.filter(|one| one.name == Some(aws::ClusterSettingName::ContainerInsights));
    let insights = insights.next().and_then(|one| from_wire(one.value.as_deref()?));
    let spec = Spec {
        settings: Some(Settings { container_insights: Some(insights.unwrap_or(Insights::Disabled)) }),
        configuration: live.configuration.map(configuration_of),
        capacity_providers: Some(live.capacity_providers.unwrap_or_default()),
        default_capacity_provider_strategy: Some(strategy_of(live.default_capacity_provider_strategy)),
        service_connect_namespace: Some(
            live.service_connect_defaults.and_then(|defaults| defaults.namespace).unwrap_or_default(),
        ),
        tags: Some(live_tags(pairs(live.tags))),
        name: name.clone(),
    };
    let outputs = Outputs { arn: live.cluster_arn.unwrap_or_default(), name };
    Found { spec, outputs, readiness, not_read: &[] }
}

fn configuration_of(live: aws::ClusterConfiguration) -> Configuration {
    Configuration {
        execute_command: live.execute_command_configuration.map(|command| {
            let logs =
                command.log_configuration.unwrap_or_else(|| aws::ExecuteCommandLogConfiguration::builder().build());
            ExecuteCommand {
                kms_key_id: command.kms_key_id,
                logging: command.logging.and_then(|case| from_wire(case.as_str())),
                log_group: logs.cloud_watch_log_group_name,
                log_group_encrypted: Some(logs.cloud_watch_encryption_enabled),
                s3_bucket: logs.s3_bucket_name,
                s3_key_prefix: logs.s3_key_prefix,
                s3_encrypted: Some(logs.s3_encryption_enabled),
            }
        }),
        managed_storage: live.managed_storage_configuration.map(|storage| ManagedStorage {
            kms_key_id: storage.kms_key_id,
            fargate_ephemeral_storage_kms_key_id: storage.fargate_ephemeral_storage_kms_key_id,
        }),
    }
}

fn settings(spec: &Spec) -> Option<Vec<aws::ClusterSetting>> {
    let insights = spec.settings.as_ref()?.container_insights?;
    let setting = aws::ClusterSetting::builder().name(aws::ClusterSettingName::ContainerInsights);
    Some(vec![setting.value(to_wire(insights)).build()])
}

fn configuration(wanted: Option<&Configuration>) -> Option<aws::ClusterConfiguration> {
    let wanted = wanted?;
    let command = wanted.execute_command.as_ref().map(|command| {
        let logs = aws::ExecuteCommandLogConfiguration::builder()
            .set_cloud_watch_log_group_name(command.log_group.clone())
            .set_cloud_watch_encryption_enabled(command.log_group_encrypted)
            .set_s3_bucket_name(command.s3_bucket.clone())
            .set_s3_key_prefix(command.s3_key_prefix.clone())
            .set_s3_encryption_enabled(command.s3_encrypted);
        aws::ExecuteCommandConfiguration::builder()
            .set_kms_key_id(command.kms_key_id.clone())
            .set_logging(command.logging.map(|case| to_wire(case).as_str().into()))
            .set_log_configuration((command.logging == Some(Logging::Override)).then(|| logs.build()))
            .build()
    });
    let storage = wanted.managed_storage.as_ref().map(|storage| {
        aws::ManagedStorageConfiguration::builder()
            .set_kms_key_id(storage.kms_key_id.clone())
            .set_fargate_ephemeral_storage_kms_key_id(storage.fargate_ephemeral_storage_kms_key_id.clone())
            .build()
    });
    let both = aws::ClusterConfiguration::builder().set_execute_command_configuration(command);
    Some(both.set_managed_storage_configuration(storage).build())
}

fn namespace(spec: &Spec) -> Option<aws::ClusterServiceConnectDefaultsRequest> {
    let namespace = spec.service_connect_namespace.as_ref()?;
    aws::ClusterServiceConnectDefaultsRequest::builder().namespace(namespace).build().ok()
}
