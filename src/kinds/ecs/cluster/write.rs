//! A cluster, as ECS takes it.

use aws_sdk_ecs::types as aws;

use super::spec::{Configuration, Logging, Spec};
use crate::aws::to_wire;

pub(super) fn settings(spec: &Spec) -> Option<Vec<aws::ClusterSetting>> {
    let insights = spec.settings.as_ref()?.container_insights?;
    let setting = aws::ClusterSetting::builder().name(aws::ClusterSettingName::ContainerInsights);
    Some(vec![setting.value(to_wire(insights)).build()])
}

pub(super) fn configuration(wanted: Option<&Configuration>) -> Option<aws::ClusterConfiguration> {
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

pub(super) fn namespace(spec: &Spec) -> Option<aws::ClusterServiceConnectDefaultsRequest> {
    let namespace = spec.service_connect_namespace.as_ref()?;
    aws::ClusterServiceConnectDefaultsRequest::builder().namespace(namespace).build().ok()
}
