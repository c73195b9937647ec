//! Actions of listeners and rules, and how AWS's answer reads in the same form.
//!
//! AWS tells a forwarding to one group twice, gives every action a number, fills in weights, a stickiness
//! that is off, and the parts of a URL that a redirect keeps. None of these is a difference.

mod authenticate;

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::types::{
    Action as AwsAction, ActionTypeEnum, FixedResponseActionConfig, ForwardActionConfig, RedirectActionConfig,
    TargetGroupStickinessConfig, TargetGroupTuple,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Result;
use crate::cloud::{Class, CloudError};
use authenticate::{Cognito, Jwt, Oidc};

/// One thing done with a request. The last one answers or forwards; those before it ask who is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It goes on to targets.
    Forward(Forward),
    /// It gets an answer that is always the same.
    FixedResponse(FixedResponse),
    /// It is told to go elsewhere.
    Redirect(Redirect),
    /// A login at a Cognito user pool. HTTPS listeners only.
    AuthenticateCognito(Cognito),
    /// A login at an `OpenID` Connect provider. HTTPS listeners only.
    AuthenticateOidc(Oidc),
    /// It must carry a signed token. HTTPS listeners only.
    JwtValidation(Jwt),
}

/// On to targets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Forward {
    /// The groups that share the requests, up to 5.
    #[schemars(length(min = 1, max = 5), extend("x-key" = "arn"))]
    pub target_groups: Vec<Share>,
    /// For how many seconds a caller stays with the group it was first sent to, 1 to 604,800; 0 for not at all,
    /// as AWS takes it when this is left out.
    #[schemars(range(min = 0, max = 604_800))]
    pub stickiness_seconds: Option<i32>,
}

/// A target group and its share of the requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// ARN of the target group.
    pub arn: String,
    /// Its share of the requests beside the weights of the others, 0 to 999; AWS takes 1 when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 999), extend("x-risk" = "traffic"))]
    pub weight: Option<i32>,
}

/// An answer that is always the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixedResponse {
    /// Status, 200 to 299 or 400 to 599.
    #[schemars(range(min = 200, max = 599))]
    pub status_code: u16,
    /// Type of the body: `text/plain`, `text/css`, `text/html`, `application/javascript` or `application/json`.
    pub content_type: Option<ContentType>,
    /// The body, up to 1,024 bytes; none when left out.
    #[schemars(length(max = 1024))]
    pub message_body: Option<String>,
}

/// Type of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ContentType {
    /// Plain text.
    #[serde(rename = "text/plain")]
    Plain,
    /// A style sheet.
    #[serde(rename = "text/css")]
    Css,
    /// A page.
    #[serde(rename = "text/html")]
    Html,
    /// A script.
    #[serde(rename = "application/javascript")]
    JavaScript,
    /// JSON.
    #[serde(rename = "application/json")]
    Json,
}

/// Elsewhere. Whatever is left out stays as the request has it; at least one part other than the query must differ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Redirect {
    /// Status: 301 for a permanent redirect, 302 for a temporary one.
    #[schemars(range(min = 301, max = 302))]
    pub status_code: u16,
    /// `HTTP`, `HTTPS` or `#{protocol}`.
    #[schemars(regex(pattern = r"^(HTTPS?|#\{protocol\})$"))]
    pub protocol: Option<String>,
    /// Host, in which `#{host}` stands for the one asked for.
    #[schemars(length(min = 1, max = 128))]
    pub host: Option<String>,
    /// Port, or `#{port}`.
    #[schemars(regex(pattern = r"^(\d{1,5}|#\{port\})$"))]
    pub port: Option<String>,
    /// Path with a slash first, in which `#{host}`, `#{path}` and `#{port}` may stand.
    #[schemars(length(min = 1, max = 128), regex(pattern = "^/"))]
    pub path: Option<String>,
    /// Query without the question mark, in which `#{query}` may stand too. An empty text drops it.
    #[schemars(length(max = 128))]
    pub query: Option<String>,
}

/// The actions as AWS takes them, in order.
pub(super) fn to_aws(actions: &[Action]) -> Vec<AwsAction> {
    actions.iter().zip(1..).map(|(action, order)| one_to_aws(action, order)).collect()
}

fn one_to_aws(action: &Action, order: i32) -> AwsAction {
    let of = |kind| AwsAction::builder().r#type(kind).order(order);
    let built = match action {
        Action::Forward(forward) => of(ActionTypeEnum::Forward).forward_config(forward.to_aws()),
        Action::FixedResponse(response) => of(ActionTypeEnum::FixedResponse).fixed_response_config(response.to_aws()),
        Action::Redirect(redirect) => of(ActionTypeEnum::Redirect).redirect_config(redirect.to_aws()),
        Action::AuthenticateCognito(pool) => {
            of(ActionTypeEnum::AuthenticateCognito).authenticate_cognito_config(pool.to_aws())
        }
        Action::AuthenticateOidc(provider) => {
            of(ActionTypeEnum::AuthenticateOidc).authenticate_oidc_config(provider.to_aws())
        }
        Action::JwtValidation(token) => of(ActionTypeEnum::JwtValidation).jwt_validation_config(token.to_aws()),
    };
    built.build()
}

/// AWS's actions in our form. Where a service shifts the traffic, the weights are not told: they count as last sent.
pub(super) fn from_aws(mut live: Vec<AwsAction>, is_shifted: bool) -> Result<Vec<Action>> {
    live.sort_by_key(|action| action.order.unwrap_or_default());
    live.into_iter().map(|action| one_from_aws(action, is_shifted)).collect()
}

fn one_from_aws(live: AwsAction, is_shifted: bool) -> Result<Action> {
    let kind = live.r#type.as_ref().map_or("", ActionTypeEnum::as_str).to_owned();
    let unknown = || CloudError::local(Class::Other, "read", format!("AWS answers an action we do not know: `{kind}`"));
    let action = match kind.as_str() {
        "forward" => Some(Action::Forward(Forward::from_aws(live.forward_config, live.target_group_arn, is_shifted))),
        "fixed-response" => live.fixed_response_config.map(FixedResponse::from_aws).map(Action::FixedResponse),
        "redirect" => live.redirect_config.map(Redirect::from_aws).map(Action::Redirect),
        "authenticate-cognito" => {
            live.authenticate_cognito_config.map(Cognito::from_aws).map(Action::AuthenticateCognito)
        }
        "authenticate-oidc" => live.authenticate_oidc_config.map(Oidc::from_aws).map(Action::AuthenticateOidc),
        "jwt-validation" => live.jwt_validation_config.map(Jwt::from_aws).map(Action::JwtValidation),
        _ => None,
    };
    action.ok_or_else(unknown)
}

/// The wanted actions with the weights that a service has given: of a group that is there already its own, and
/// of a new one none, unless nothing would be left to take the requests.
pub(super) fn with_live_weights(wanted: &[Action], live: &[Action]) -> Vec<Action> {
    let shares = live.iter().filter_map(|action| match action {
        Action::Forward(forward) => Some(&forward.target_groups),
        _ => None,
    });
    let live: BTreeMap<&str, i32> =
        shares.flatten().map(|share| (share.arn.as_str(), share.weight.unwrap_or(1))).collect();
    let kept = |action: &Action| match action {
        Action::Forward(forward) => {
            let known = forward.target_groups.iter().filter_map(|share| live.get(share.arn.as_str()));
            if known.sum::<i32>() == 0 {
                return action.clone();
            }
            let share = |share: &Share| Share {
                arn: share.arn.clone(),
                weight: Some(live.get(share.arn.as_str()).copied().unwrap_or(0)),
            };
            let target_groups = forward.target_groups.iter().map(share).collect();
            Action::Forward(Forward { target_groups, ..forward.clone() })
        }
        _ => action.clone(),
    };
    wanted.iter().map(kept).collect()
}

/// Faults that the schema does not find.
pub(super) fn check(actions: &[Action], field: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let ends = |action: &&Action| matches!(action, Action::Forward(_) | Action::FixedResponse(_) | Action::Redirect(_));
    if actions.iter().filter(ends).count() != 1 || !actions.last().is_some_and(|last| ends(&last)) {
        faults.push(format!("`{field}` must end with exactly one of forward, fixed_response and redirect"));
    }
    for action in actions {
        match action {
            Action::FixedResponse(response) if (300..400).contains(&response.status_code) => {
                faults.push(format!("{} is not a status of a fixed response; use `redirect`", response.status_code));
            }
            Action::Redirect(to) if [&to.protocol, &to.host, &to.port, &to.path].into_iter().all(Option::is_none) => {
                faults.push("a redirect needs another protocol, host, port or path".to_owned());
            }
            Action::Forward(forward) if forward.target_groups.iter().all(|share| share.weight == Some(0)) => {
                faults.push("a forward needs a target group with a weight above 0".to_owned());
            }
            _ => {}
        }
    }
    faults
}

impl Forward {
    fn to_aws(&self) -> ForwardActionConfig {
        let share =
            |share: &Share| TargetGroupTuple::builder().target_group_arn(&share.arn).set_weight(share.weight).build();
        let sticky = self.stickiness_seconds.map(|seconds| {
            let sticky = TargetGroupStickinessConfig::builder().enabled(seconds > 0);
            sticky.set_duration_seconds(Some(seconds).filter(|seconds| *seconds > 0)).build()
        });
        ForwardActionConfig::builder()
            .set_target_groups(Some(self.target_groups.iter().map(share).collect()))
            .set_target_group_stickiness_config(sticky)
            .build()
    }

    fn from_aws(live: Option<ForwardActionConfig>, single: Option<String>, is_shifted: bool) -> Self {
        let (groups, sticky) =
            live.map_or((None, None), |live| (live.target_groups, live.target_group_stickiness_config));
        let share = |group: TargetGroupTuple| Share {
            arn: group.target_group_arn.unwrap_or_default(),
            weight: Some(group.weight.unwrap_or(1)).filter(|_| !is_shifted),
        };
        let mut target_groups: Vec<Share> = groups.unwrap_or_default().into_iter().map(share).collect();
        if let (true, Some(arn)) = (target_groups.is_empty(), single) {
            target_groups.push(Share { arn, weight: Some(1).filter(|_| !is_shifted) });
        }
        let sticky = sticky.filter(|sticky| sticky.enabled == Some(true)).and_then(|sticky| sticky.duration_seconds);
        Self { target_groups, stickiness_seconds: Some(sticky.unwrap_or(0)) }
    }
}

impl FixedResponse {
    fn to_aws(&self) -> FixedResponseActionConfig {
        FixedResponseActionConfig::builder()
            .status_code(self.status_code.to_string())
            .set_content_type(self.content_type.map(crate::aws::to_wire))
            .set_message_body(self.message_body.clone())
            .build()
    }

    fn from_aws(live: FixedResponseActionConfig) -> Self {
        Self {
            status_code: live.status_code.and_then(|code| code.parse().ok()).unwrap_or_default(),
            content_type: live.content_type.and_then(|word| crate::aws::from_wire(&word)),
            message_body: Some(live.message_body.unwrap_or_default()),
        }
    }
}

impl Redirect {
    fn to_aws(&self) -> RedirectActionConfig {
        RedirectActionConfig::builder()
            .status_code(format!("HTTP_{}", self.status_code).as_str().into())
            .set_protocol(self.protocol.clone())
            .set_host(self.host.clone())
            .set_port(self.port.clone())
            .set_path(self.path.clone())
            .set_query(self.query.clone())
            .build()
    }

    fn from_aws(live: RedirectActionConfig) -> Self {
        let code = live.status_code.as_ref().map_or("", |code| code.as_str());
        Self {
            status_code: code.trim_start_matches("HTTP_").parse().unwrap_or_default(),
            protocol: live.protocol,
            host: live.host,
            port: live.port,
            path: live.path,
            query: Some(live.query.unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forward(shares: &[(&str, Option<i32>)]) -> Action {
        let share = |(arn, weight): &(&str, Option<i32>)| Share { arn: (*arn).to_owned(), weight: *weight };
        Action::Forward(Forward { target_groups: shares.iter().map(share).collect(), stickiness_seconds: Some(0) })
    }

    #[test]
    fn actions_read_as_they_were_sent() {
        let all = vec![
            forward(&[("blue", Some(100)), ("green", Some(0))]),
            Action::FixedResponse(FixedResponse {
                status_code: 404,
                content_type: Some(ContentType::Json),
                message_body: Some("{}".to_owned()),
            }),
        ];
        assert_eq!(from_aws(to_aws(&all), false), Ok(all.clone()));
        let first = from_aws(to_aws(&all), true).expect("actions").remove(0);
        assert_eq!(first, forward(&[("blue", None), ("green", None)]));
    }

    #[test]
    fn a_single_target_group_reads_as_a_list_of_one() {
        let once = AwsAction::builder().r#type(ActionTypeEnum::Forward).target_group_arn("blue").build();
        assert_eq!(from_aws(vec![once], false), Ok(vec![forward(&[("blue", Some(1))])]));
    }

    #[test]
    fn weights_given_by_a_service_are_kept() {
        let wanted = [forward(&[("blue", Some(100)), ("green", Some(0))])];
        let shifted = [forward(&[("green", Some(100)), ("blue", Some(0))])];
        assert_eq!(with_live_weights(&wanted, &shifted), [forward(&[("blue", Some(0)), ("green", Some(100))])]);
        let other_blue = [forward(&[("green", Some(100)), ("old", Some(0))])];
        assert_eq!(with_live_weights(&wanted, &other_blue), [forward(&[("blue", Some(0)), ("green", Some(100))])]);
        let gone = [forward(&[("green", Some(0)), ("old", Some(100))])];
        assert_eq!(with_live_weights(&wanted, &gone), wanted);
    }
}
