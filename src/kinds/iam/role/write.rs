//! The calls that change a role, its boundary and its policies.

use std::collections::BTreeMap;

use super::spec::Spec;
use crate::aws::{Cx, NotFoundExt, Result};
use crate::diff::same_policy;
use crate::kinds::reading::changed;

pub(super) async fn update_role(cx: &Cx, name: &str, from: &Spec, to: &Spec) -> Result<()> {
    if !same_policy(&from.assume_role_policy, &to.assume_role_policy) {
        let call = cx.iam().update_assume_role_policy().role_name(name);
        call.policy_document(to.assume_role_policy.to_string()).send().await?;
    }
    let described = changed(&from.description, &to.description).is_some();
    if described || changed(&from.max_session_duration, &to.max_session_duration).is_some() {
        // What this call leaves out goes back to its default, so both are always sent.
        let call = cx.iam().update_role().role_name(name);
        call.set_description(to.description.clone().or_else(|| from.description.clone()))
            .set_max_session_duration(to.max_session_duration.or(from.max_session_duration))
            .send()
            .await?;
    }
    Ok(())
}

pub(super) async fn update_boundary(cx: &Cx, name: &str, from: &Spec, to: &Spec) -> Result<()> {
    match changed(&from.permissions_boundary, &to.permissions_boundary).map(String::as_str) {
        None => {}
        Some("") => {
            cx.iam().delete_role_permissions_boundary().role_name(name).send().await.optional()?;
        }
        Some(arn) => {
            cx.iam().put_role_permissions_boundary().role_name(name).permissions_boundary(arn).send().await?;
        }
    }
    Ok(())
}

pub(super) async fn update_inline(cx: &Cx, name: &str, from: &Spec, to: &Spec) -> Result<()> {
    let Some(wanted) = &to.policies else { return Ok(()) };
    let empty = BTreeMap::new();
    let live = from.policies.as_ref().unwrap_or(&empty);
    // New rights first, so that nothing that goes on being allowed is refused in between.
    for (policy, document) in wanted {
        if !live.get(policy).is_some_and(|live| same_policy(&live.0, &document.0)) {
            let call = cx.iam().put_role_policy().role_name(name).policy_name(policy);
            call.policy_document(document.0.to_string()).send().await?;
        }
    }
    for policy in live.keys().filter(|policy| !wanted.contains_key(*policy)) {
        cx.iam().delete_role_policy().role_name(name).policy_name(policy).send().await.optional()?;
    }
    Ok(())
}

pub(super) async fn update_managed(cx: &Cx, name: &str, from: &Spec, to: &Spec) -> Result<()> {
    let Some(wanted) = &to.managed_policies else { return Ok(()) };
    let live = from.managed_policies.as_deref().unwrap_or_default();
    for arn in wanted.iter().filter(|arn| !live.contains(arn)) {
        cx.iam().attach_role_policy().role_name(name).policy_arn(arn).send().await?;
    }
    for arn in live.iter().filter(|arn| !wanted.contains(arn)) {
        cx.iam().detach_role_policy().role_name(name).policy_arn(arn).send().await.optional()?;
    }
    Ok(())
}
