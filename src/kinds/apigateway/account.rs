//! API Gateway account settings of one region: the role with which stages write logs.
//!
//! There is one for an account and region, whoever uses it. So it is set only if no working role
//! is there, and taken out only while it is still the one that was set and no stage logs with it.

use std::time::Duration;

use aws_sdk_apigateway::types::{MethodSetting, Op, PatchOperation, Stage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{rest_api, stage};
use crate::aws::{Cx, ErrorCodes, NotFoundExt, Result};
use crate::catalog::Traits;
use crate::cloud::{Class, CloudError, ReadRequest};
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId, TAG_STACK};
use crate::value::Json;

/// The account settings.
pub struct Account;

/// The properties of the account settings.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// ARN of the role with which every stage of the account and region writes logs. It trusts
    /// `apigateway.amazonaws.com` and has the policy `AmazonAPIGatewayPushToCloudWatchLogs`. It is taken out with
    /// this resource, unless a stage of somebody else logs with it: then deleting fails, and `retain` is wanted.
    #[schemars(regex(pattern = r"^arn:[a-z-]+:iam::\d{12}:role/.+$"), extend("x-change" = "replace"))]
    pub cloudwatch_role_arn: String,
}

/// The outputs of the account settings.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// ARN of the role.
    pub cloudwatch_role_arn: String,
}

impl Kind for Account {
    const NAME: &'static str = "apigateway.Account";
    const ABOUT: &'static str = "The role with which API Gateway writes logs, one per account and region";
    const EXAMPLE: &'static str = "
cloudwatch_role_arn: ${iam.Role.arn}
";
    const CHANGES: &'static [&'static str] =
        &["cloudwatch_role_arn: arn:aws:iam::123456789012:role/shop-apigateway-logs"];
    const TRAITS: Traits = Traits {
        // AWS takes one change per 20 s, and a new role late.
        deadline: Duration::from_mins(10),
        ..Traits::DEFAULT
    };
    const ERRORS: ErrorCodes = ErrorCodes {
        not_visible_yet: &[
            "BadRequestException: The role ARN does not have required permissions",
            "BadRequestException: API Gateway could not successfully write to CloudWatch Logs using the ARN specified",
        ],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        let role = role(cx).await?;
        let is_set = |request: &ReadRequest| role.as_deref() == Some(request.id.as_str());
        Ok(requests.iter().map(|request| is_set(request).then(|| found(request.id.as_str()))).collect())
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let Some(live) = role(cx).await? else { return Ok(None) };
        let name = live.rsplit('/').next().unwrap_or_default();
        let described = cx.home().iam().get_role().role_name(name).send().await.optional()?;
        // A role that is no more writes no logs: that setting is nobody's.
        let Some(described) = described.and_then(|answer| answer.role) else { return Ok(None) };
        let stack = described.tags().iter().find(|tag| tag.key() == TAG_STACK).map(|tag| tag.value().to_owned());
        let ours = stack.as_deref() == Some(owner.stack.as_str());
        match (ours, live == spec.cloudwatch_role_arn) {
            (true, true) => Ok(Some(PhysicalId::new(live))),
            // One of ours that another takes the place of.
            (true, false) => Ok(None),
            (false, true) if stack.is_none() => Ok(Some(PhysicalId::new(live))),
            (false, _) => {
                let message =
                    format!("API Gateway writes logs with the role {live} already, in this account and region");
                let hint = "leave this resource out, as that role serves every stage; or mark it `existing`";
                Err(CloudError { hint: Some(hint.into()), ..CloudError::local(Class::NotOwned, "find", message) })
            }
        }
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        // Setting it overwrites what is there, so somebody else's has to be looked for here as well.
        Self::find(cx, owner, spec).await?;
        set(cx, &spec.cloudwatch_role_arn).await?;
        Ok(PhysicalId::new(&spec.cloudwatch_role_arn))
    }

    async fn update(_cx: &Cx, _id: &PhysicalId, _from: &Spec, _to: &Spec) -> Result<()> {
        Ok(())
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        if role(cx).await?.as_deref() != Some(id.as_str()) {
            return Ok(());
        }
        // Stages of this stack are gone by now.
        let Some(stage) = logging_stage(cx).await? else { return set(cx, "").await };
        let message = format!("the stage {stage} writes logs with this role, and would go silent without it");
        let hint = "set `retain: true` on this resource and on its role, or turn the logs of that stage off".to_owned();
        Err(CloudError { hint: Some(hint), ..CloudError::local(Class::Invalid, "delete", message) })
    }

    async fn lookup(cx: &Cx, _query: &Json) -> Result<Option<PhysicalId>> {
        Ok(role(cx).await?.map(PhysicalId::new))
    }
}

fn found(role: &str) -> Found<Account> {
    let spec = Spec { cloudwatch_role_arn: role.to_owned() };
    Found::serving(spec, Outputs { cloudwatch_role_arn: role.to_owned() })
}

async fn role(cx: &Cx) -> Result<Option<String>> {
    let account = cx.apigateway().get_account().send().await?;
    Ok(account.cloudwatch_role_arn.filter(|role| !role.is_empty()))
}

/// A stage of the region that writes execution or access logs, as `api/stage`, whoever made it.
async fn logging_stage(cx: &Cx) -> Result<Option<String>> {
    for api in rest_api::all(cx).await?.keys() {
        let stages = stage::stages(cx, api).await?;
        if let Some(stage) = stages.iter().flatten().find(|stage| logs(stage)) {
            return Ok(Some(format!("{api}/{}", stage.stage_name().unwrap_or_default())));
        }
    }
    Ok(None)
}

fn logs(stage: &Stage) -> bool {
    let level = |settings: &MethodSetting| settings.logging_level().is_some_and(|level| level != "OFF");
    stage.access_log_settings().is_some_and(|log| log.destination_arn().is_some())
        || stage.method_settings().is_some_and(|all| all.values().any(level))
}

/// Sets the role; an empty one takes it out.
async fn set(cx: &Cx, role: &str) -> Result<()> {
    let patch = PatchOperation::builder().op(Op::Replace).path("/cloudwatchRoleArn").value(role).build();
    cx.apigateway().update_account().patch_operations(patch).send().await?;
    Ok(())
}
