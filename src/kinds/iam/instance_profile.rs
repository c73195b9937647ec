//! IAM instance profile: the role that an EC2 instance is. EC2 does not see a new one for up to a minute; what
//! launches instances tries again.

use aws_sdk_iam::types::InstanceProfile as Described;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::{Cx, ErrorCodes, NotFoundExt, Result, Tags};
use crate::catalog::Traits;
use crate::cloud::ReadRequest;
use crate::kinds::reading::read_each;
use crate::kinds::tagging::{all_tags, owned_tags, sync_tags, user_tags};
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};

/// An instance profile.
pub struct InstanceProfile;

/// The properties of an instance profile.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name, unique in the account whatever the path; 1 to 128 letters, digits and `_+=,.@-`. A change replaces.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_+=,.@-]{1,128}$"), extend("x-change" = "replace"))]
    pub name: String,
    /// Path before the name in the ARN, with a slash at both ends; 1 to 512 characters. `/` when left out. A change replaces.
    #[schemars(length(min = 1, max = 512), regex(pattern = r"^/([!-~]+/)?$"), extend("x-change" = "replace"))]
    pub path: Option<String>,
    /// Name of the role. Another one takes the place of the old in two steps; instances go on with what they have
    /// and get the new one's credentials after a while. An empty text takes it away.
    #[schemars(length(max = 64))]
    pub role: Option<String>,
    /// Tags, by key. Tags that others add stay.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// The outputs of an instance profile.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
}

impl Kind for InstanceProfile {
    const NAME: &'static str = "iam.InstanceProfile";
    const ABOUT: &'static str = "What gives EC2 instances a role";
    const EXAMPLE: &'static str = "
name: shop-workers
path: /shop/
role: ${iam.Role.name}
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "role: ''",
        "role: ${iam.Role.name}",
        "tags: {team: platform, cost: '7'}",
        "path: /store/",
        "name: shop-others",
    ];
    const TRAITS: Traits = super::traits();
    const ERRORS: ErrorCodes = ErrorCodes {
        // One role at a time: the old one is still in it.
        conflict: &["LimitExceeded: Cannot exceed quota for InstanceSessionsPerInstanceProfile"],
        // A role that was made a moment ago is not known everywhere at once.
        not_visible_yet: &["NoSuchEntity: The role with name"],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        let cx = &cx.home();
        read_each(requests, async |request| Ok(describe(cx, request.id.as_str()).await?.map(found_of))).await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let Some(profile) = describe(&cx.home(), &spec.name).await? else { return Ok(None) };
        cx.ensure_owned("an instance profile", &spec.name, &all_tags(profile.tags.unwrap_or_default()), owner)?;
        Ok(Some(PhysicalId::new(&spec.name)))
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        let call = cx.home().iam().create_instance_profile().instance_profile_name(&spec.name);
        call.set_path(spec.path.clone()).set_tags(Some(owned_tags(spec.tags.as_ref(), owner))).send().await?;
        Ok(PhysicalId::new(&spec.name))
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let (iam, name) = (cx.home().iam(), id.as_str());
        let role = |spec: &Spec| spec.role.clone().filter(|role| !role.is_empty());
        if to.role.is_some() && role(from) != role(to) {
            if let Some(old) = role(from) {
                let call = iam.remove_role_from_instance_profile().instance_profile_name(name);
                call.role_name(old).send().await.optional()?;
            }
            if let Some(new) = role(to) {
                iam.add_role_to_instance_profile().instance_profile_name(name).role_name(new).send().await?;
            }
        }
        sync_tags(
            from.tags.as_ref(),
            to.tags.as_ref(),
            |tags| iam.tag_instance_profile().instance_profile_name(name).set_tags(Some(tags)).send(),
            |keys| iam.untag_instance_profile().instance_profile_name(name).set_tag_keys(Some(keys)).send(),
        )
        .await
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        let (cx, name) = (&cx.home(), id.as_str());
        let Some(profile) = describe(cx, name).await? else { return Ok(()) };
        for role in profile.roles {
            let call = cx.iam().remove_role_from_instance_profile().instance_profile_name(name);
            call.role_name(role.role_name).send().await.optional()?;
        }
        cx.iam().delete_instance_profile().instance_profile_name(name).send().await?;
        Ok(())
    }
}

async fn describe(cx: &Cx, name: &str) -> Result<Option<Described>> {
    let found = cx.iam().get_instance_profile().instance_profile_name(name).send().await.optional()?;
    Ok(found.and_then(|found| found.instance_profile))
}

fn found_of(live: Described) -> Found<InstanceProfile> {
    let spec = Spec {
        name: live.instance_profile_name.clone(),
        path: Some(live.path),
        role: Some(live.roles.into_iter().next().map(|role| role.role_name).unwrap_or_default()),
        tags: Some(user_tags(live.tags.unwrap_or_default())),
    };
    Found::serving(spec, Outputs { arn: live.arn, name: live.instance_profile_name })
}
