//! Secrets Manager secret with its replicas in other regions, as one thing.
//!
//! A secret holds what nobody else knows: it is protected unless the file says otherwise, and what is deleted can be
//! restored for `recovery_window_days`. A deleted secret counts as gone. A new one of its name is that one again, value
//! and all, if it carries our tags: AWS keeps the name for as long, and a value is never made over one that is there.
//!
//! A rotated value is no difference: values are never looked at.

mod read;
mod restore;
mod spec;
mod write;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::aws::{Cx, ErrorCodes, NotFoundExt, Result};
use crate::catalog::Traits;
use crate::cloud::ReadRequest;
use crate::kinds::reading::{created, read_each};
use crate::kinds::tagging::all_tags;
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};
use crate::value::Json;
use spec::Spec;

/// A secret with its replicas.
pub struct Secret;

/// Our tag for the recovery window, which the deletion reads when the file no longer has the secret.
const TAG_WINDOW: &str = "isobar:recovery-window";
/// The recovery window if nothing is said, in days.
const WINDOW: i32 = 30;
/// The alias of the key that AWS manages, which AWS tells as this, or not at all.
const MANAGED_KEY: &str = "alias/aws/secretsmanager";

/// The outputs of a secret.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its name, the same in every region.
    pub name: String,
    /// Its ARN in this region.
    pub arn: String,
    /// Its ARN in each region.
    #[schemars(extend("x-volatile" = true, "x-stable-under" = [
        "description", "kms_key", "rotation", "policy", "recovery_window_days", "tags",
    ]))]
    pub arns: BTreeMap<String, String>,
}

impl Kind for Secret {
    const NAME: &'static str = "secretsmanager.Secret";
    const ABOUT: &'static str = "A Secrets Manager secret, its generated value, and its replicas in other regions";
    const EXAMPLE: &'static str = "
name: shop/orders
description: Login of the orders
generate: {length: 40, exclude: '/@\"'' ', username: shop}
replicas:
  - {region: us-west-2}
  - {region: eu-west-1, kms_key: ''}
rotation: {function: ''}
recovery_window_days: 7
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "description: ''",
        "tags: {team: platform, cost: '7'}",
        "kms_key: ${kms.Key.arn}",
        "recovery_window_days: 14",
        "
policy:
  Version: '2012-10-17'
  Statement:
    - Effect: Deny
      Principal: {AWS: 'arn:aws:iam::000000000000:root'}
      Action: 'secretsmanager:DeleteSecret'
      Resource: '*'
",
        "{policy: {}, kms_key: ''}",
        "replicas: [{region: us-west-2}, {region: us-east-2}]",
        "replicas: []",
        "name: shop/payments",
    ];
    const TRAITS: Traits = Traits { holds_data: true, unique_by: &["name"], ..Traits::DEFAULT };
    const ERRORS: ErrorCodes = ErrorCodes {
        exists: &["ResourceExistsException"],
        conflict: &[
            "InvalidParameterException: still has replica",
            "InvalidRequestException: previous rotation isn't complete",
        ],
        // A key, a function's permission or a role of a policy may be new.
        not_visible_yet: &[
            "EncryptionFailure",
            "AccessDeniedException: cannot invoke the specified Lambda function",
            "MalformedPolicyDocumentException: principal",
        ],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        read_each(requests, |request| read::read_one(cx, request)).await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let described = cx.secretsmanager().describe_secret().secret_id(&spec.name).send().await.optional()?;
        let Some(live) = described.filter(|live| live.deleted_date.is_none()) else { return Ok(None) };
        cx.ensure_owned("a secret", &spec.name, &all_tags(live.tags.unwrap_or_default()), owner)?;
        created("secretsmanager:DescribeSecret", live.arn).map(Some)
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        match write::create(cx, spec, owner).await {
            Err(error) if restore::is_scheduled_for_deletion(&error) => restore::restore(cx, spec, owner).await,
            other => other,
        }
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        write::update(cx, id.as_str(), from, to).await
    }

    // The replicas first: AWS does not delete a secret that has some.
    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        write::delete(cx, id.as_str()).await
    }

    // By `id`, an ARN, or by `name`.
    async fn lookup(cx: &Cx, query: &Json) -> Result<Option<PhysicalId>> {
        let text = |key: &str| query.get(key).and_then(Json::as_str);
        let Some(name) = text("id").or_else(|| text("arn")).or_else(|| text("name")) else { return Ok(None) };
        let described = cx.secretsmanager().describe_secret().secret_id(name).send().await.optional()?;
        let live = described.filter(|live| live.deleted_date.is_none());
        Ok(live.and_then(|live| live.arn).map(PhysicalId::new))
    }

    fn check(spec: &Spec) -> Vec<String> {
        spec::check(spec)
    }
}
