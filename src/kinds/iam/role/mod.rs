//! IAM role: who a function, a task or a service is when it calls AWS.

mod read;
mod spec;
mod write;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::size;
use crate::aws::{Cx, ErrorCodes, NotFoundExt, Result};
use crate::catalog::Traits;
use crate::cloud::{ReadMode, ReadRequest};
use crate::kinds::reading::read_each;
use crate::kinds::tagging::{all_tags, owned_tags, sync_tags};
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};
use read::{attached, details, inline_names, read_listed, read_one};
use spec::Spec;
use write::{update_boundary, update_inline, update_managed, update_role};

/// An IAM role.
pub struct Role;

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
    const TRAITS: Traits = super::traits();
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
        let inline = spec.policies.iter().flatten().map(|(_, document)| size(&document.0)).sum::<usize>();
        if inline > LONGEST_INLINE {
            faults.push("inline policies of a role have at most 10,240 characters together".to_owned());
        }
        if size(&spec.assume_role_policy) > LONGEST_TRUST {
            faults.push("a trust policy has at most 4,096 characters".to_owned());
        }
        faults
    }
}

/// Characters of all inline policies of a role together, and of its trust policy where the account's quota is raised
/// (IAM User Guide, "IAM and AWS STS quotas").
const LONGEST_INLINE: usize = 10_240;
const LONGEST_TRUST: usize = 4_096;

/// The text to send at creation, where an empty one is the same as none.
fn non_empty(text: Option<&String>) -> Option<String> {
    text.filter(|text| !text.is_empty()).cloned()
}
