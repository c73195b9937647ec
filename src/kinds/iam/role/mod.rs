//! IAM role: who a function, a task or a service is when it calls AWS.

use std::collections::BTreeMap;

use aws_sdk_iam::types::{AttachedPolicy, EntityType, Role as Described, RoleDetail};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::document;
use crate::aws::{Cx, ErrorCodes, NotFoundExt, Result, Tags};
use crate::catalog::Traits;
use crate::cloud::{Class, CloudError, ReadMode, ReadRequest};
use crate::diff::same_policy;
use crate::kinds::reading::{changed, read_each};
use crate::kinds::tagging::{all_tags, owned_tags, sync_tags, user_tags};
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};
use crate::value::Json;

/// An IAM role.
pub struct Role;

/// The properties of a role.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name, unique in the account whatever the path; 1 to 64 letters, digits and `_+=,.@-`. A change replaces.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_+=,.@-]{1,64}$"), extend("x-change" = "replace"))]
    pub name: String,
    /// Path before the name in the ARN, with a slash at both ends; 1 to 512 characters. `/` when left out. A change replaces.
    #[schemars(length(min = 1, max = 512), regex(pattern = r"^/([!-~]+/)?$"), extend("x-change" = "replace"))]
    pub path: Option<String>,
    /// Trust policy, which says who may assume the role: a policy document whose `Principal` names services or
    /// accounts.
    #[schemars(extend("x-compare" = "policy"))]
    pub assume_role_policy: Json,
    /// Description; at most 1000 characters. An empty text removes it.
    #[schemars(length(max = 1000))]
    pub description: Option<String>,
    /// Longest duration of a session in seconds, 3600 to 43200; 3600 when left out.
    #[schemars(range(min = 3600, max = 43200))]
    pub max_session_duration: Option<i32>,
    /// ARN of the managed policy beyond which nothing is allowed, whatever the role's policies say. An empty text takes it away.
    #[schemars(length(max = 2048))]
    pub permissions_boundary: Option<String>,
    /// Inline policies by name: documents that belong to this role alone; 10,240 characters together.
    /// A policy that is not listed is deleted.
    pub policies: Option<BTreeMap<String, Document>>,
    /// ARNs of managed policies, at most 10 unless the account's quota was raised. One that is not listed is detached.
    #[schemars(extend("x-unordered" = true))]
    pub managed_policies: Option<Vec<String>>,
    /// Tags, by key. Tags that others add stay.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// A policy document.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("x-compare" = "policy"))]
pub struct Document(pub Json);

/// The outputs of a role.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Its unique id, `AROA...`; another one after the role was deleted and made again.
    pub id: String,
}

impl Kind for Role {
    const NAME: &'static str = "iam.Role";
    const ABOUT: &'static str = "An IAM role with its inline and managed policies";
    const EXAMPLE: &'static str = r#"
name: shop-carts
path: /shop/
assume_role_policy:
  Version: "2012-10-17"
  Statement:
    - Effect: Allow
      Principal: {Service: [lambda.amazonaws.com, apigateway.amazonaws.com, ecs-tasks.amazonaws.com]}
      Action: sts:AssumeRole
description: Carts functions
max_session_duration: 3600
permissions_boundary: arn:aws:iam::aws:policy/PowerUserAccess
policies:
  logs:
    Version: "2012-10-17"
    Statement:
      - {Effect: Allow, Action: ["logs:PutLogEvents", "logs:CreateLogStream"], Resource: "*"}
managed_policies:
  - arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole
tags: {team: commerce}
"#;
    const CHANGES: &'static [&'static str] = &[
        r#"
assume_role_policy:
  Version: "2012-10-17"
  Statement:
    - Effect: Allow
      Principal: {Service: [lambda.amazonaws.com, edgelambda.amazonaws.com]}
      Action: sts:AssumeRole
"#,
        "{description: Functions of the carts, max_session_duration: 7200}",
        "description: ''",
        "permissions_boundary: arn:aws:iam::aws:policy/AdministratorAccess",
        "permissions_boundary: ''",
        r#"
policies:
  table:
    Version: "2012-10-17"
    Statement: {Effect: Allow, Action: "dynamodb:GetItem", Resource: "*"}
"#,
        "policies: {}",
        "managed_policies: ['arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess']",
        "managed_policies: []",
        "tags: {team: platform, cost: '7'}",
        "path: /store/",
        "name: shop-orders",
    ];
    const TRAITS: Traits = Traits { unique_by: &["name"], ..Traits::DEFAULT };
    const ERRORS: ErrorCodes = ErrorCodes {
        // A principal that was made a moment ago is not known everywhere at once.
        not_visible_yet: &["MalformedPolicyDocument: Invalid principal"],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        let cx = &cx.home();
        if cx.mode == ReadMode::Listed && requests.len() > 2 {
            let details = cx.cached("iam roles", details(cx)).await?;
            if let Some(details) = &*details {
                return read_each(requests, |request| read_listed(cx, request, details)).await;
            }
        }
        read_each(requests, |request| read_one(cx, request)).await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let found = cx.home().iam().get_role().role_name(&spec.name).send().await.optional()?;
        let Some(role) = found.and_then(|found| found.role) else { return Ok(None) };
        cx.ensure_owned("a role", &spec.name, &all_tags(role.tags.unwrap_or_default()), owner)?;
        Ok(Some(PhysicalId::new(&spec.name)))
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        let call = cx.home().iam().create_role().role_name(&spec.name).set_path(spec.path.clone());
        call.assume_role_policy_document(spec.assume_role_policy.to_string())
            .set_description(non_empty(spec.description.as_ref()))
            .set_max_session_duration(spec.max_session_duration)
            .set_permissions_boundary(non_empty(spec.permissions_boundary.as_ref()))
            .set_tags(Some(owned_tags(spec.tags.as_ref(), owner)))
            .send()
            .await?;
        Ok(PhysicalId::new(&spec.name))
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let cx = &cx.home();
        let name = id.as_str();
        update_role(cx, name, from, to).await?;
        update_boundary(cx, name, from, to).await?;
        update_inline(cx, name, from, to).await?;
        update_managed(cx, name, from, to).await?;
        sync_tags(
            from.tags.as_ref(),
            to.tags.as_ref(),
            |tags| cx.iam().tag_role().role_name(name).set_tags(Some(tags)).send(),
            |keys| cx.iam().untag_role().role_name(name).set_tag_keys(Some(keys)).send(),
        )
        .await
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        let cx = &cx.home();
        let name = id.as_str();
        for policy in inline_names(cx, name).await? {
            cx.iam().delete_role_policy().role_name(name).policy_name(policy).send().await.optional()?;
        }
        for arn in attached(cx, name).await? {
            cx.iam().detach_role_policy().role_name(name).policy_arn(arn).send().await.optional()?;
        }
        cx.iam().delete_role().role_name(name).send().await?;
        Ok(())
    }

    fn check(spec: &Spec) -> Vec<String> {
        let names = spec.policies.iter().flat_map(BTreeMap::keys);
        let is_name = |name: &str| {
            (1..=128).contains(&name.len())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b))
        };
        let mut faults: Vec<String> = names
            .filter(|name| !is_name(name))
            .map(|name| format!("`{name}` is not a valid name of a policy: 1 to 128 letters, digits and `_+=,.@-`"))
            .collect();
        if !spec.assume_role_policy.is_object() {
            faults.push("`assume_role_policy` must be a policy document, a map with `Statement`".to_owned());
        }
        faults
    }
}

async fn update_role(cx: &Cx, name: &str, from: &Spec, to: &Spec) -> Result<()> {
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

async fn update_boundary(cx: &Cx, name: &str, from: &Spec, to: &Spec) -> Result<()> {
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

async fn update_inline(cx: &Cx, name: &str, from: &Spec, to: &Spec) -> Result<()> {
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

async fn update_managed(cx: &Cx, name: &str, from: &Spec, to: &Spec) -> Result<()> {
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

/// Every role of the account with its policies and tags, in one call for a thousand roles. `None` if the
/// credentials are not allowed to see the whole account.
async fn details(cx: &Cx) -> Result<Option<BTreeMap<String, RoleDetail>>> {
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

async fn read_listed(
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
        arn: detail.arn.clone().unwrap_or_default(),
        name: name.to_owned(),
        id: detail.role_id.clone().unwrap_or_default(),
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

async fn read_one(cx: &Cx, request: &ReadRequest) -> Result<Option<Found<Role>>> {
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

async fn inline_names(cx: &Cx, name: &str) -> Result<Vec<String>> {
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

async fn attached(cx: &Cx, name: &str) -> Result<Vec<String>> {
    let pages = cx.iam().list_attached_role_policies().role_name(name).into_paginator().send().try_collect().await?;
    Ok(pages.iter().flat_map(|page| arns(page.attached_policies())).collect())
}

fn arns(policies: &[AttachedPolicy]) -> Vec<String> {
    policies.iter().filter_map(|policy| policy.policy_arn.clone()).collect()
}

fn boundary(attached: Option<&aws_sdk_iam::types::AttachedPermissionsBoundary>) -> String {
    attached.and_then(|boundary| boundary.permissions_boundary_arn.clone()).unwrap_or_default()
}

/// The text to send at creation, where an empty one is the same as none.
fn non_empty(text: Option<&String>) -> Option<String> {
    text.filter(|text| !text.is_empty()).cloned()
}
