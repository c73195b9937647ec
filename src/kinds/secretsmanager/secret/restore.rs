//! Secrets that wait for the end of their recovery window and are wanted again.
//!
//! AWS keeps the name of a deleted secret until its window ends. One that carries our tags is restored with its value and
//! taken up; everything that differs comes by update. A run that dies in between has left a secret of our name and tags,
//! which the next one finds.

use super::read::tags;
use super::spec::Spec;
use super::write::generated;
use crate::aws::{Cx, NotFoundExt, Result};
use crate::cloud::{Class, CloudError};
use crate::kinds::reading::created;
use crate::kinds::tagging::owned_tags;
use crate::names::{Owner, PhysicalId};

/// True if a secret of this name waits for the end of its window.
pub(super) fn is_scheduled_for_deletion(error: &CloudError) -> bool {
    error.code == "InvalidRequestException" && error.message.contains("scheduled for deletion")
}

/// Restores the secret of this name, if it is ours.
pub(super) async fn restore(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
    const OPERATION: &str = "secretsmanager:RestoreSecret";
    let described = cx.secretsmanager().describe_secret().secret_id(&spec.name).send().await.optional()?;
    let Some(live) = described else {
        let message = format!("the secret {} is gone by now", spec.name);
        return Err(CloudError::local(Class::NotVisibleYet, OPERATION, message));
    };
    let there = tags(&live);
    if !owner.stands_at(|key| there.get(key).map(String::as_str)) {
        let message =
            format!("a secret named {} is scheduled for deletion, and is not managed by this stack", spec.name);
        let hint = "give this one another name; or restore that one with `aws secretsmanager restore-secret` if it is \
                    needed, or wait for the end of its recovery window";
        return Err(CloudError {
            hint: Some(hint.to_owned()),
            ..CloudError::local(Class::NotOwned, OPERATION, message)
        });
    }
    let is_empty = live.version_ids_to_stages.as_ref().is_none_or(std::collections::HashMap::is_empty);
    let id = created("secretsmanager:DescribeSecret", live.arn)?;
    let client = cx.secretsmanager();
    client.restore_secret().secret_id(id.as_str()).send().await?;
    let ours = owned_tags(spec.tags.as_ref(), owner);
    client.tag_resource().secret_id(id.as_str()).set_tags(Some(ours)).send().await?;
    if let Some(generate) = spec.generate.as_ref().filter(|_| is_empty) {
        let value = generated(cx, generate).await?;
        let call = client.put_secret_value().secret_id(id.as_str()).client_request_token(owner.token());
        call.secret_string(value.reveal()).send().await?;
    }
    Ok(id)
}
