//! Changes of a secret. Its value is made once, with the secret, and never touched again.

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::{ReplicaRegionType, RotationRulesType, Tag};

use super::read::{described, has_failed, tags, window};
use super::spec::{Generate, Replica, Rotation, Spec};
use super::{MANAGED_KEY, TAG_WINDOW};
use crate::aws::{Cx, Result, with_owner};
use crate::diff::same_policy;
use crate::kinds::reading::{changed, created, required};
use crate::kinds::secretsmanager::SecretText;
use crate::kinds::tagging::{sync_tags, to_aws};
use crate::names::{Owner, PhysicalId};

/// Makes the secret with its value. The replicas come by update.
pub(super) async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
    let mut tags = with_owner(spec.tags.as_ref(), owner);
    tags.extend(spec.recovery_window_days.map(|days| (TAG_WINDOW.to_owned(), days.to_string())));
    let value = match &spec.generate {
        Some(generate) => Some(generated(cx, generate).await?),
        None => None,
    };
    let call = cx.secretsmanager().create_secret().name(&spec.name).client_request_token(owner.token());
    let call = call
        .set_description(spec.description.clone().filter(|text| !text.is_empty()))
        .set_kms_key_id(spec.kms_key.clone().filter(|key| !key.is_empty()))
        .set_secret_string(value.as_ref().map(|value| value.reveal().to_owned()))
        .set_tags(Some(to_aws(&tags)));
    created("secretsmanager:CreateSecret", call.send().await?.arn)
}

/// A value that AWS makes.
pub(super) async fn generated(cx: &Cx, generate: &Generate) -> Result<SecretText> {
    let call = cx.secretsmanager().get_random_password();
    let answer = call
        .set_password_length(generate.length.map(i64::from))
        .set_exclude_characters(generate.exclude.clone())
        .set_exclude_punctuation(generate.punctuation.map(|wanted| !wanted))
        .send()
        .await?;
    let password = SecretText::new(required("secretsmanager:GetRandomPassword", "a password", answer.random_password)?);
    match &generate.username {
        Some(username) => password.with_username(username),
        None => Ok(password),
    }
}

/// The secret first, which its replicas follow; then the replicas.
pub(super) async fn update(cx: &Cx, arn: &str, from: &Spec, to: &Spec) -> Result<()> {
    let key = changed(&from.kms_key, &to.kms_key);
    let description = changed(&from.description, &to.description);
    if key.is_some() || description.is_some() {
        let key = key.map(|key| if key.is_empty() { MANAGED_KEY.to_owned() } else { key.clone() });
        let call = cx.secretsmanager().update_secret().secret_id(arn).set_kms_key_id(key);
        call.set_description(description.cloned()).send().await?;
    }
    update_tags(cx, arn, from, to).await?;
    update_policy(cx, arn, from, to).await?;
    if let Some(rotation) = to.rotation.as_ref().filter(|wanted| rotates_otherwise(from.rotation.as_ref(), wanted)) {
        let duration = rotation.duration.clone().or_else(|| from.rotation.as_ref()?.duration.clone());
        rotate(cx, arn, &Rotation { duration, ..rotation.clone() }).await?;
    }
    if to.replicas.is_some() { replicate(cx, arn, from, to).await } else { Ok(()) }
}

async fn update_tags(cx: &Cx, arn: &str, from: &Spec, to: &Spec) -> Result<()> {
    if let Some(days) = changed(&from.recovery_window_days, &to.recovery_window_days) {
        let tag = Tag::builder().key(TAG_WINDOW).value(days.to_string()).build();
        cx.secretsmanager().tag_resource().secret_id(arn).tags(tag).send().await?;
    }
    sync_tags(
        from.tags.as_ref(),
        to.tags.as_ref(),
        |tags| cx.secretsmanager().tag_resource().secret_id(arn).set_tags(Some(tags)).send(),
        |keys| cx.secretsmanager().untag_resource().secret_id(arn).set_tag_keys(Some(keys)).send(),
    )
    .await
}

async fn update_policy(cx: &Cx, arn: &str, from: &Spec, to: &Spec) -> Result<()> {
    let Some(policy) = &to.policy else { return Ok(()) };
    if from.policy.as_ref().is_some_and(|live| same_policy(live, policy)) {
        return Ok(());
    }
    if policy.as_object().is_some_and(serde_json::Map::is_empty) {
        cx.secretsmanager().delete_resource_policy().secret_id(arn).send().await?;
    } else {
        let call = cx.secretsmanager().put_resource_policy().secret_id(arn).block_public_policy(true);
        call.resource_policy(policy.to_string()).send().await?;
    }
    Ok(())
}

/// True if the rotation is another than the wanted one; what the file leaves out stays as it is.
fn rotates_otherwise(live: Option<&Rotation>, wanted: &Rotation) -> bool {
    live.is_none_or(|live| {
        live.function != wanted.function
            || changed(&live.after_days, &wanted.after_days).is_some()
            || changed(&live.schedule, &wanted.schedule).is_some()
            || changed(&live.duration, &wanted.duration).is_some()
    })
}

/// Sets or ends the rotation. The value that is there stays until the schedule says so.
async fn rotate(cx: &Cx, arn: &str, rotation: &Rotation) -> Result<()> {
    if rotation.function.is_empty() {
        cx.secretsmanager().cancel_rotate_secret().secret_id(arn).send().await?;
        return Ok(());
    }
    let rules = RotationRulesType::builder()
        .set_automatically_after_days(rotation.after_days)
        .set_schedule_expression(rotation.schedule.clone())
        .set_duration(rotation.duration.clone())
        .build();
    let call = cx.secretsmanager().rotate_secret().secret_id(arn).rotation_lambda_arn(&rotation.function);
    call.rotation_rules(rules).rotate_immediately(false).send().await?;
    Ok(())
}

/// One step: replicas that go, that have failed or that get another key are taken away; then those that are missing are
/// made.
async fn replicate(cx: &Cx, arn: &str, from: &Spec, to: &Spec) -> Result<()> {
    let (there, wanted) = (from.replicas(), to.replicas());
    let live = described(cx, arn).await?;
    let failed = live.iter().flat_map(DescribeSecretOutput::replication_status).filter(|one| has_failed(one));
    let failed = failed.filter_map(|one| one.region.as_deref());
    let going: Vec<String> = there
        .values()
        .filter(|live| wanted.get(live.region.as_str()).is_none_or(|wanted| has_other_key(live, wanted)))
        .map(|live| live.region.as_str())
        .chain(failed)
        .map(str::to_owned)
        .collect();
    if !going.is_empty() {
        let call = cx.secretsmanager().remove_regions_from_replication().secret_id(arn);
        call.set_remove_replica_regions(Some(going)).send().await?;
        return Ok(());
    }
    let missing = wanted.values().filter(|wanted| !there.contains_key(wanted.region.as_str()));
    let missing: Vec<ReplicaRegionType> = missing.map(|wanted| to_wire(wanted)).collect();
    if !missing.is_empty() {
        let call = cx.secretsmanager().replicate_secret_to_regions().secret_id(arn);
        call.set_add_replica_regions(Some(missing)).send().await?;
    }
    Ok(())
}

/// AWS has no call for another key of a replica. A key that the file leaves out stays.
fn has_other_key(live: &Replica, wanted: &Replica) -> bool {
    changed(&live.kms_key, &wanted.kms_key).is_some()
}

fn to_wire(replica: &Replica) -> ReplicaRegionType {
    let key = replica.kms_key.clone().filter(|key| !key.is_empty());
    ReplicaRegionType::builder().region(&replica.region).set_kms_key_id(key).build()
}

/// One step: the replicas, which go at once and for good, then the secret, which can be restored for a while.
pub(super) async fn delete(cx: &Cx, arn: &str) -> Result<()> {
    let Some(live) = described(cx, arn).await? else { return Ok(()) };
    let regions: Vec<String> = live.replication_status().iter().filter_map(|one| one.region.clone()).collect();
    if !regions.is_empty() {
        let call = cx.secretsmanager().remove_regions_from_replication().secret_id(arn);
        call.set_remove_replica_regions(Some(regions)).send().await?;
        return Ok(());
    }
    let days = i64::from(window(&tags(&live)));
    cx.secretsmanager().delete_secret().secret_id(arn).recovery_window_in_days(days).send().await?;
    Ok(())
}
