//! Reads: a live secret and its replicas as a spec. Its value is not looked at.

use std::collections::BTreeMap;

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::{ReplicationStatusType, StatusType};

use super::spec::{Replica, Rotation, Spec};
use super::{MANAGED_KEY, Outputs, Secret, TAG_WINDOW, WINDOW};
use crate::aws::{Cx, NotFoundExt, Result, Tags, live_tags};
use crate::cloud::{Class, CloudError, ReadRequest, Readiness};
use crate::kinds::Found;
use crate::kinds::arns::in_region;
use crate::kinds::reading::required;
use crate::kinds::tagging::all_tags;
use crate::value::Json;

/// One call, on surveys too: no list holds the replicas. A secret that waits for the end of its window is gone.
pub(super) async fn read_one(cx: &Cx, request: &ReadRequest) -> Result<Option<Found<Secret>>> {
    let arn = request.id.as_str();
    let Some(live) = described(cx, arn).await? else { return Ok(None) };
    let policy = if request.manages("policy") { policy(cx, arn).await? } else { None };
    let name = required("secretsmanager:DescribeSecret", "the name of the secret", live.name.clone())?;
    let replicas: Vec<Replica> = live.replication_status().iter().filter(|one| !has_failed(one)).map(replica).collect();
    let regions = replicas.iter().map(|replica| replica.region.as_str()).chain([cx.region().as_str()]);
    let arns: BTreeMap<_, _> = regions.map(|region| (region.to_owned(), in_region(arn, region))).collect();
    let readiness = readiness(live.replication_status());
    let tags = tags(&live);
    let spec = Spec {
        description: Some(live.description.clone().unwrap_or_default()),
        kms_key: Some(key(live.kms_key_id())),
        generate: None,
        replicas: Some(replicas),
        rotation: Some(rotation(&live)),
        policy,
        recovery_window_days: Some(window(&tags)),
        tags: Some(live_tags(tags)),
        name: name.clone(),
    };
    Ok(Some(Found { readiness, ..Found::serving(spec, Outputs { name, arn: arn.to_owned(), arns }) }))
}

/// The secret, unless it is gone or waits for the end of its window.
pub(super) async fn described(cx: &Cx, arn: &str) -> Result<Option<DescribeSecretOutput>> {
    let described = cx.secretsmanager().describe_secret().secret_id(arn).send().await.optional()?;
    Ok(described.filter(|live| live.deleted_date.is_none()))
}

/// All tags of a secret.
pub(super) fn tags(live: &DescribeSecretOutput) -> Tags {
    all_tags(live.tags().iter().cloned())
}

/// The recovery window that the tags tell.
pub(super) fn window(tags: &Tags) -> i32 {
    tags.get(TAG_WINDOW).and_then(|days| days.parse().ok()).unwrap_or(WINDOW)
}

/// True for a replica that could not be made. It is not there: it is taken away and made again.
pub(super) fn has_failed(status: &ReplicationStatusType) -> bool {
    status.status == Some(StatusType::Failed)
}

fn replica(status: &ReplicationStatusType) -> Replica {
    Replica { region: status.region.clone().unwrap_or_default(), kms_key: Some(key(status.kms_key_id())) }
}

/// A key as the file says it: the one that AWS manages is none.
fn key(live: Option<&str>) -> String {
    live.filter(|key| !key.ends_with(MANAGED_KEY)).unwrap_or_default().to_owned()
}

/// The rotation; a function that no longer rotates stays in the description.
fn rotation(live: &DescribeSecretOutput) -> Rotation {
    let function = live.rotation_lambda_arn.clone().filter(|_| live.rotation_enabled == Some(true));
    let rules = live.rotation_rules.as_ref().filter(|_| function.is_some());
    Rotation {
        after_days: rules.and_then(|rules| rules.automatically_after_days),
        schedule: rules.and_then(|rules| rules.schedule_expression.clone()),
        duration: rules.and_then(|rules| rules.duration.clone()),
        function: function.unwrap_or_default(),
    }
}

async fn policy(cx: &Cx, arn: &str) -> Result<Option<Json>> {
    let Some(answer) = cx.secretsmanager().get_resource_policy().secret_id(arn).send().await.optional()? else {
        return Ok(None);
    };
    let document = answer.resource_policy.filter(|text| !text.is_empty()).unwrap_or_else(|| "{}".to_owned());
    let wrong = |error| {
        CloudError::local(
            Class::Other,
            "secretsmanager:GetResourcePolicy",
            format!("a policy that is no JSON: {error}"),
        )
    };
    serde_json::from_str(&document).map(Some).map_err(wrong)
}

/// Replication takes its time; one that has failed is told in AWS's words, once nothing is under way any more.
fn readiness(replicas: &[ReplicationStatusType]) -> Readiness {
    let regions = |wanted: &dyn Fn(&ReplicationStatusType) -> bool| {
        let some = replicas.iter().filter(|one| wanted(one));
        some.map(|one| one.region.as_deref().unwrap_or_default()).collect::<Vec<_>>().join(", ")
    };
    let under_way =
        regions(&|one| one.status.as_ref().is_some_and(|status| matches!(status.as_str(), "InProgress" | "Pending")));
    let failed = replicas.iter().find(|one| has_failed(one));
    match failed {
        _ if !under_way.is_empty() => Readiness::Pending(format!("replicating to {under_way}")),
        Some(one) => {
            let why = one.status_message.as_deref().unwrap_or("AWS gives no reason");
            Readiness::Failed(format!("the replica in {} failed: {why}", one.region.as_deref().unwrap_or_default()))
        }
        None => Readiness::Serving,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(region: &str, status: &str) -> ReplicationStatusType {
        let status = ReplicationStatusType::builder().region(region).status(status.into());
        status.status_message("Secret with this name already exists in this region").build()
    }

    #[test]
    fn secrets_serve_once_every_replica_has_their_value() {
        assert_eq!(readiness(&[]), Readiness::Serving);
        assert_eq!(readiness(&[status("eu-west-1", "InSync")]), Readiness::Serving);
        let pending = |regions: &str| Readiness::Pending(format!("replicating to {regions}"));
        assert_eq!(
            readiness(&[status("eu-west-1", "Pending"), status("us-west-2", "InProgress")]),
            pending("eu-west-1, us-west-2")
        );
        assert_eq!(
            readiness(&[status("eu-west-1", "Failed"), status("us-west-2", "InProgress")]),
            pending("us-west-2")
        );
        let why = "the replica in eu-west-1 failed: Secret with this name already exists in this region";
        assert_eq!(
            readiness(&[status("us-west-2", "InSync"), status("eu-west-1", "Failed")]),
            Readiness::Failed(why.to_owned())
        );
    }

    #[test]
    fn keys_that_aws_manages_are_none() {
        for managed in [None, Some(""), Some(MANAGED_KEY), Some("arn:aws:kms:us-east-1:1:alias/aws/secretsmanager")] {
            assert_eq!(key(managed), "");
        }
        assert_eq!(key(Some("arn:aws:kms:us-east-1:1:key/2")), "arn:aws:kms:us-east-1:1:key/2");
    }
}
