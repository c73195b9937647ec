//! Reads: a live role as a spec, from the list of all roles or from calls of its own.

use std::collections::BTreeMap;

use aws_sdk_iam::types::{AttachedPolicy, EntityType, Role as Described, RoleDetail};

use super::spec::{Document, Spec};
use super::{Outputs, Role};
use crate::aws::{Cx, NotFoundExt, Result};
use crate::cloud::{Class, CloudError, ReadRequest};
use crate::kinds::Found;
use crate::kinds::iam::document;
use crate::kinds::reading::required;
use crate::kinds::tagging::user_tags;

/// The call that lists every role.
const LISTED: &str = "iam:GetAccountAuthorizationDetails";

/// Every role of the account with its policies and tags, in one call for a thousand roles. `None` if the
/// credentials are not allowed to see the whole account.
pub(super) async fn details(cx: &Cx) -> Result<Option<BTreeMap<String, RoleDetail>>> {
    let call = cx.iam().get_account_authorization_details().filter(EntityType::Role).max_items(1000);
    let mut pages = call.into_paginator().send();
    let mut all = BTreeMap::new();
    while let Some(page) = pages.next().await {
        let page = match page.map_err(CloudError::from) {
            Err(error) if error.class == Class::Denied => return Ok(None),
            page => page?,
        };
        let roles = page.role_detail_list.unwrap_or_default();
        all.extend(roles.into_iter().map(|role| (role.role_name.clone().unwrap_or_default(), role)));
    }
    Ok(Some(all))
}

pub(super) async fn read_listed(
    cx: &Cx,
    request: &ReadRequest,
    details: &BTreeMap<String, RoleDetail>,
) -> Result<Option<Found<Role>>> {
    let name = request.id.as_str();
    // One that is not listed may be a moment old.
    let Some(detail) = details.get(name) else { return read_one(cx, request).await };
    let mut policies = BTreeMap::new();
    for policy in detail.role_policy_list() {
        let document = document(policy.policy_document().unwrap_or_default())?;
        policies.insert(policy.policy_name().unwrap_or_default().to_owned(), Document(document));
    }
    let mut spec = Spec {
        name: name.to_owned(),
        path: detail.path.clone(),
        assume_role_policy: document(detail.assume_role_policy_document().unwrap_or_default())?,
        description: None,
        max_session_duration: None,
        permissions_boundary: Some(boundary(detail.permissions_boundary.as_ref())),
        policies: Some(policies),
        managed_policies: Some(arns(detail.attached_managed_policies())),
        tags: Some(user_tags(detail.tags.clone().unwrap_or_default())),
    };
    let outputs = Outputs {
        arn: required(LISTED, "the ARN of the role", detail.arn.clone())?,
        name: name.to_owned(),
        id: required(LISTED, "the id of the role", detail.role_id.clone())?,
    };
    let mut not_read: &[_] = &["description", "max_session_duration"];
    if not_read.iter().any(|field| request.manages(field)) {
        let Some(role) = get(cx, name).await? else { return Ok(None) };
        spec.description = Some(role.description.unwrap_or_default());
        spec.max_session_duration = role.max_session_duration;
        not_read = &[];
    }
    Ok(Some(Found { not_read, ..Found::serving(spec, outputs) }))
}

pub(super) async fn read_one(cx: &Cx, request: &ReadRequest) -> Result<Option<Found<Role>>> {
    let name = request.id.as_str();
    let Some(role) = get(cx, name).await? else { return Ok(None) };
    let policies = if request.manages("policies") { Some(inline(cx, name).await?) } else { None };
    let managed_policies = if request.manages("managed_policies") { Some(attached(cx, name).await?) } else { None };
    let not_read: &[_] = match (&policies, &managed_policies) {
        (Some(_), Some(_)) => &[],
        (Some(_), None) => &["managed_policies"],
        (None, Some(_)) => &["policies"],
        (None, None) => &["managed_policies", "policies"],
    };
    let outputs = Outputs { arn: role.arn, name: role.role_name.clone(), id: role.role_id };
    let spec = Spec {
        name: role.role_name,
        path: Some(role.path),
        assume_role_policy: document(&role.assume_role_policy_document.unwrap_or_default())?,
        description: Some(role.description.unwrap_or_default()),
        max_session_duration: role.max_session_duration,
        permissions_boundary: Some(boundary(role.permissions_boundary.as_ref())),
        policies,
        managed_policies,
        tags: Some(user_tags(role.tags.unwrap_or_default())),
    };
    Ok(Some(Found { not_read, ..Found::serving(spec, outputs) }))
}

async fn get(cx: &Cx, name: &str) -> Result<Option<Described>> {
    Ok(cx.iam().get_role().role_name(name).send().await.optional()?.and_then(|found| found.role))
}

pub(super) async fn inline_names(cx: &Cx, name: &str) -> Result<Vec<String>> {
    Ok(cx.iam().list_role_policies().role_name(name).into_paginator().items().send().try_collect().await?)
}

async fn inline(cx: &Cx, name: &str) -> Result<BTreeMap<String, Document>> {
    let mut all = BTreeMap::new();
    for policy in inline_names(cx, name).await? {
        let found = cx.iam().get_role_policy().role_name(name).policy_name(&policy).send().await.optional()?;
        if let Some(found) = found {
            all.insert(policy, Document(document(&found.policy_document)?));
        }
    }
    Ok(all)
}

pub(super) async fn attached(cx: &Cx, name: &str) -> Result<Vec<String>> {
    let pages = cx.iam().list_attached_role_policies().role_name(name).into_paginator().send().try_collect().await?;
    Ok(pages.iter().flat_map(|page| arns(page.attached_policies())).collect())
}

fn arns(policies: &[AttachedPolicy]) -> Vec<String> {
    policies.iter().filter_map(|policy| policy.policy_arn.clone()).collect()
}

fn boundary(attached: Option<&aws_sdk_iam::types::AttachedPermissionsBoundary>) -> String {
    attached.and_then(|boundary| boundary.permissions_boundary_arn.clone()).unwrap_or_default()
}
