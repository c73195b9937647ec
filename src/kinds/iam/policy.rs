//! IAM managed policy: permissions that several roles share.

use aws_sdk_iam::types::PolicyVersion;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::document;
use crate::aws::{Cx, NotFoundExt, Result, Tags};
use crate::catalog::Traits;
use crate::cloud::ReadRequest;
use crate::kinds::reading::{created, read_each};
use crate::kinds::tagging::{all_tags, owned_tags, sync_tags, user_tags};
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};
use crate::value::Json;

/// An IAM managed policy.
pub struct Policy;

/// The most versions of a policy that AWS keeps; a sixth is refused.
const MOST_VERSIONS: usize = 5;

/// The properties of a managed policy.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name, unique in the account whatever the path; 1 to 128 letters, digits and `_+=,.@-`. A change replaces.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_+=,.@-]{1,128}$"), extend("x-highlight" = true, "x-change" = "replace"))]
    pub name: String,
    /// Path before the name in the ARN, with a slash at both ends. `/` when left out. A change replaces.
    #[schemars(length(min = 1, max = 512), regex(pattern = r"^/([!-~]+/)?$"), extend("x-change" = "replace"))]
    pub path: Option<String>,
    /// Permissions: a policy document of at most 6,144 characters. The last five versions are kept.
    #[schemars(extend("x-risk" = "permissions", "x-compare" = "policy"))]
    pub document: Json,
    /// Description; at most 1000 characters. A change replaces.
    #[schemars(length(max = 1000), extend("x-change" = "replace"))]
    pub description: Option<String>,
    /// Tags, by key. Tags that others add stay.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// The outputs of a managed policy.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
}

impl Kind for Policy {
    const NAME: &'static str = "iam.Policy";
    const ABOUT: &'static str = "An IAM managed policy, which several roles can share";
    const EXAMPLE: &'static str = "
name: shop-read-parameters
path: /shop/
document:
  Version: '2012-10-17'
  Statement: [{Effect: Allow, Action: 'ssm:GetParameter', Resource: '*'}]
description: reads parameters
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "document: {Version: '2012-10-17', Statement: [{Effect: Allow, Action: ['ssm:GetParameter', 'ssm:GetParameters'], Resource: '*'}]}",
        "tags: {team: platform, cost: '7'}",
        "description: reads all parameters",
        "path: /other/",
        "name: shop-read-more",
    ];
    // `DeleteConflict` of DeletePolicy.
    const TRAITS: Traits = Traits { held_by: &["iam.Role"], ..super::traits() };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        let cx = &cx.home();
        read_each(requests, |request| read_one(cx, &request.id)).await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let path = spec.path.as_deref().unwrap_or("/");
        let (partition, account) = (cx.region().partition(), cx.account().await?);
        let arn = format!("arn:{partition}:iam::{account}:policy{path}{}", spec.name);
        let found = cx.home().iam().get_policy().policy_arn(&arn).send().await.optional()?;
        let Some(policy) = found.and_then(|found| found.policy) else { return Ok(None) };
        cx.ensure_owned("a policy", &spec.name, &all_tags(policy.tags.unwrap_or_default()), owner)?;
        Ok(Some(PhysicalId::new(arn)))
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        let call = cx.home().iam().create_policy().policy_name(&spec.name).set_path(spec.path.clone());
        let answer = call
            .policy_document(spec.document.to_string())
            .set_description(spec.description.clone())
            .set_tags(Some(owned_tags(spec.tags.as_ref(), owner)))
            .send()
            .await?;
        created("iam:CreatePolicy", answer.policy.and_then(|policy| policy.arn))
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let cx = &cx.home();
        let arn = id.as_str();
        if !crate::diff::same_policy(&from.document, &to.document) {
            make_room(cx, arn).await?;
            let call = cx.iam().create_policy_version().policy_arn(arn).set_as_default(true);
            call.policy_document(to.document.to_string()).send().await?;
        }
        sync_tags(
            from.tags.as_ref(),
            to.tags.as_ref(),
            |tags| cx.iam().tag_policy().policy_arn(arn).set_tags(Some(tags)).send(),
            |keys| cx.iam().untag_policy().policy_arn(arn).set_tag_keys(Some(keys)).send(),
        )
        .await
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        let cx = &cx.home();
        let arn = id.as_str();
        let Some(versions) = versions(cx, arn).await.optional()? else { return Ok(()) };
        for version in versions.iter().filter(|version| !version.is_default_version) {
            delete_version(cx, arn, version).await?;
        }
        cx.iam().delete_policy().policy_arn(arn).send().await?;
        Ok(())
    }
}

async fn read_one(cx: &Cx, id: &PhysicalId) -> Result<Option<Found<Policy>>> {
    let arn = id.as_str();
    let found = cx.iam().get_policy().policy_arn(arn).send().await.optional()?;
    let Some(policy) = found.and_then(|found| found.policy) else { return Ok(None) };
    let version = policy.default_version_id.unwrap_or_default();
    let version = cx.iam().get_policy_version().policy_arn(arn).version_id(version).send().await.optional()?;
    let Some(text) = version.and_then(|found| found.policy_version?.document) else { return Ok(None) };
    let name = policy.policy_name.unwrap_or_default();
    let spec = Spec {
        name: name.clone(),
        path: policy.path,
        document: document(&text)?,
        description: policy.description,
        tags: Some(user_tags(policy.tags.unwrap_or_default())),
    };
    Ok(Some(Found::serving(spec, Outputs { arn: arn.to_owned(), name })))
}

/// Deletes the oldest version that is not in force, if there are as many as AWS keeps.
async fn make_room(cx: &Cx, arn: &str) -> Result<()> {
    let versions = versions(cx, arn).await?;
    let oldest = versions.iter().filter(|version| !version.is_default_version).min_by_key(|version| number(version));
    match oldest {
        Some(oldest) if versions.len() >= MOST_VERSIONS => delete_version(cx, arn, oldest).await,
        _ => Ok(()),
    }
}

/// Versions are called `v1`, `v2` and so on.
fn number(version: &PolicyVersion) -> u32 {
    version.version_id.as_deref().and_then(|id| id.strip_prefix('v')?.parse().ok()).unwrap_or_default()
}

async fn versions(cx: &Cx, arn: &str) -> Result<Vec<PolicyVersion>> {
    Ok(cx.iam().list_policy_versions().policy_arn(arn).send().await?.versions.unwrap_or_default())
}

async fn delete_version(cx: &Cx, arn: &str, version: &PolicyVersion) -> Result<()> {
    let call = cx.iam().delete_policy_version().policy_arn(arn).set_version_id(version.version_id.clone());
    call.send().await.optional().map(drop)
}
