//! KMS alias: a name for a key in one region.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::settling;
use crate::aws::{Cx, ErrorCodes, NotFoundExt, Result};
use crate::catalog::Traits;
use crate::cloud::{Class, CloudError, ReadMode, ReadRequest};
use crate::kinds::reading::{read_each, required};
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};

/// A KMS alias.
pub struct Alias;

/// The properties of an alias.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name, unique in the region: `alias/` and 1 to 250 letters, digits, `/`, `_` and `-`; not `alias/aws/`, which is
    /// AWS's own.
    #[schemars(regex(pattern = "^alias/[A-Za-z0-9/_-]{1,250}$"), extend("x-highlight" = true, "x-change" = "replace"))]
    pub name: String,
    /// ARN of the key that it stands for. Another one is of the same type and purpose; what was encrypted under the old
    /// one needs that as before.
    #[schemars(
        regex(pattern = "^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$"),
        extend("x-highlight" = true)
    )]
    pub target_key: String,
}

/// The outputs of an alias.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
}

/// One line of the list of aliases: its ARN, and the ARN of its key.
#[derive(Debug, Clone)]
struct Listed {
    name: String,
    arn: String,
    target_key: String,
}

impl Kind for Alias {
    const NAME: &'static str = "kms.Alias";
    const ABOUT: &'static str = "A KMS alias: a name for a key";
    const EXAMPLE: &'static str = "
name: alias/shop-orders
target_key: ${kms.Key.arn}
";
    // Another key of the same type is beyond an example.
    const CHANGES: &'static [&'static str] = &["name: alias/shop-payments"];
    const TRAITS: Traits = Traits { unique_by: &["name"], ..Traits::DEFAULT };
    const ERRORS: ErrorCodes = ErrorCodes::NONE;

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        read_each(requests, |request| read_one(cx, request)).await
    }

    // An alias has no tags: one of this name that stands for this key is ours.
    async fn find(cx: &Cx, _owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let Some(live) = described(cx, &spec.name).await? else { return Ok(None) };
        if live.target_key == spec.target_key {
            return Ok(Some(PhysicalId::new(live.name)));
        }
        let message = format!("an alias named {} already exists, and stands for {}", spec.name, live.target_key);
        Err(CloudError {
            hint: Some("delete it, or give this one another name".to_owned()),
            ..CloudError::local(Class::NotOwned, "find", message)
        })
    }

    async fn create(cx: &Cx, spec: &Spec, _owner: &Owner) -> Result<PhysicalId> {
        let call = cx.kms().create_alias().alias_name(&spec.name).target_key_id(&spec.target_key);
        call.send().await.map_err(settling)?;
        Ok(PhysicalId::new(spec.name.clone()))
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        if from.target_key != to.target_key {
            let call = cx.kms().update_alias().alias_name(id.as_str()).target_key_id(&to.target_key);
            call.send().await.map_err(settling)?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        cx.kms().delete_alias().alias_name(id.as_str()).send().await.map_err(settling)?;
        Ok(())
    }

    fn check(spec: &Spec) -> Vec<String> {
        let of_aws = spec.name.starts_with("alias/aws/");
        of_aws
            .then(|| "`name` must not begin with `alias/aws/`, which AWS keeps for its own".to_owned())
            .into_iter()
            .collect()
    }
}

async fn read_one(cx: &Cx, request: &ReadRequest) -> Result<Option<Found<Alias>>> {
    let name = request.id.as_str();
    let live = if cx.mode == ReadMode::Listed {
        let all = cx.cached("kms aliases", list(cx)).await?;
        all.iter().find(|listed| listed.name == name).cloned()
    } else {
        described(cx, name).await?
    };
    Ok(live.map(|Listed { name, arn, target_key }| {
        Found::serving(Spec { name: name.clone(), target_key }, Outputs { name, arn })
    }))
}

/// Every alias of the region that stands for a key.
async fn list(cx: &Cx) -> Result<Vec<Listed>> {
    let all = cx.kms().list_aliases().into_paginator().items().send().try_collect().await?;
    let listed = all.into_iter().filter_map(|alias| {
        let (arn, name) = (alias.alias_arn?, alias.alias_name?);
        let target_key = format!("{}key/{}", arn.strip_suffix(&name)?, alias.target_key_id?);
        Some(Listed { name, arn, target_key })
    });
    Ok(listed.collect())
}

/// The alias of a name, by the key that AWS takes it for.
async fn described(cx: &Cx, name: &str) -> Result<Option<Listed>> {
    let answer = cx.kms().describe_key().key_id(name).send().await.optional()?;
    let Some(key) = answer.and_then(|answer| answer.key_metadata) else { return Ok(None) };
    let target_key = required("kms:DescribeKey", "the ARN of the key", key.arn)?;
    let prefix = target_key.strip_suffix(&format!("key/{}", key.key_id)).unwrap_or_default();
    Ok(Some(Listed { name: name.to_owned(), arn: format!("{prefix}{name}"), target_key }))
}
