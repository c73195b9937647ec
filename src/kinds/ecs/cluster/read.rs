//! A cluster, as ECS tells it.

use aws_sdk_ecs::types as aws;

use super::spec::{Configuration, ExecuteCommand, Insights, ManagedStorage, Settings, Spec};
use super::{Cluster, Outputs};
use crate::aws::{Cx, Result, from_wire};
use crate::cloud::Readiness;
use crate::kinds::Found;
use crate::kinds::ecs::{check_failures, not_found_as_none, strategy_of};
use crate::kinds::reading::required;
use crate::kinds::tagging::user_tags;

/// Clusters of these names. One that was deleted lingers as inactive, and is not there.
pub(super) async fn describe(cx: &Cx, names: Vec<String>) -> Result<Vec<aws::Cluster>> {
    use aws::ClusterField::{Configurations, Settings, Tags};
    let call = cx.ecs().describe_clusters().set_clusters(Some(names));
    let answer = call.set_include(Some(vec![Configurations, Settings, Tags])).send().await;
    let Some(answer) = not_found_as_none(answer)? else { return Ok(Vec::new()) };
    check_failures("ecs:DescribeClusters", answer.failures.as_deref())?;
    let clusters = answer.clusters.unwrap_or_default().into_iter();
    Ok(clusters.filter(|cluster| cluster.status.as_deref() != Some("INACTIVE")).collect())
}

pub(super) fn found_of(live: aws::Cluster) -> Result<Found<Cluster>> {
    let name = live.cluster_name.unwrap_or_default();
    let attaching = live.attachments_status.as_deref().is_some_and(|status| status.ends_with("IN_PROGRESS"));
    let readiness = match live.status.as_deref() {
        Some("FAILED") => Readiness::Failed("the cluster could not be created".to_owned()),
        Some("PROVISIONING") => Readiness::Pending("provisioning the cluster".to_owned()),
        Some("DEPROVISIONING") => Readiness::Pending("deleting the cluster".to_owned()),
        _ if attaching => Readiness::Pending("updating capacity providers".to_owned()),
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
        tags: Some(user_tags(live.tags.unwrap_or_default())),
        name: name.clone(),
    };
    let arn = required("ecs:DescribeClusters", "the ARN of the cluster", live.cluster_arn)?;
    Ok(Found { readiness, ..Found::serving(spec, Outputs { arn, name }) })
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
