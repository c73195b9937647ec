//! Calls that change a listener.

use aws_sdk_elasticloadbalancingv2::types::Certificate;

use super::Listener;
use super::mutual::MutualAuthentication;
use super::spec::Spec;
use crate::aws::{Cx, Result, to_wire};
use crate::kinds::changed_fields;
use crate::kinds::elbv2::action::{self as action, Action};

pub(super) async fn modify(cx: &Cx, arn: &str, from: &Spec, to: &Spec) -> Result<()> {
    let mut changed = changed_fields::<Listener>(from, to)?;
    for other in ["attributes", "tags", "traffic_owned_by_service"] {
        changed.remove(other);
    }
    let default = to.certificate_arns.iter().flatten().next();
    if from.certificate_arns.iter().flatten().next() == default {
        changed.remove("certificate_arns");
    }
    if changed.is_empty() {
        return Ok(());
    }
    // Fields that this call leaves out stay as they are.
    let actions = if changed.contains("default_actions") { Some(actions(cx, arn, to).await?) } else { None };
    let mutual = changed.contains("mutual_authentication").then_some(to.mutual_authentication.as_ref()).flatten();
    cx.elbv2()
        .modify_listener()
        .listener_arn(arn)
        .set_port(to.port)
        .set_protocol(to.protocol.map(|case| to_wire(case).as_str().into()))
        .set_certificates(default.map(|arn| vec![certificate(arn)]))
        .set_ssl_policy(to.ssl_policy.clone())
        .set_alpn_policy(to.alpn_policy.map(|case| vec![to_wire(case)]))
        .set_mutual_authentication(mutual.map(MutualAuthentication::to_aws))
        .set_default_actions(actions.map(|all| action::to_aws(&all)))
        .send()
        .await?;
    Ok(())
}

/// The wanted actions; where a service shifts the traffic, with its live weights.
async fn actions(cx: &Cx, arn: &str, to: &Spec) -> Result<Vec<Action>> {
    if to.traffic_owned_by_service != Some(true) {
        return Ok(to.default_actions.clone());
    }
    let answer = cx.elbv2().describe_listeners().listener_arns(arn).send().await?;
    let live = answer.listeners.unwrap_or_default().into_iter().find_map(|one| one.default_actions);
    Ok(action::with_live_weights(&to.default_actions, &action::from_aws(live.unwrap_or_default(), false)?))
}

/// Those of `one` besides the default that are not in `other`.
fn further(one: &Spec, other: &Spec) -> Vec<String> {
    let (Some(one), others) = (&one.certificate_arns, other.certificate_arns.as_deref().unwrap_or_default()) else {
        return Vec::new();
    };
    one.iter().skip(1).filter(|arn| !others.iter().skip(1).any(|other| other == *arn)).cloned().collect()
}

pub(super) async fn add_certificates(cx: &Cx, arn: &str, from: &Spec, to: &Spec) -> Result<()> {
    // A listener that is not encrypted yet takes none; the next step adds them.
    if from.certificate_arns.as_ref().is_none_or(Vec::is_empty) {
        return Ok(());
    }
    for new in further(to, from) {
        let call = cx.elbv2().add_listener_certificates().listener_arn(arn);
        call.certificates(certificate(&new)).send().await?;
    }
    Ok(())
}

pub(super) async fn remove_certificates(cx: &Cx, arn: &str, from: &Spec, to: &Spec) -> Result<()> {
    if to.certificate_arns.as_ref().is_none_or(Vec::is_empty) {
        return Ok(());
    }
    // The default one cannot be taken away.
    let default = to.certificate_arns.iter().flatten().next();
    for old in further(from, to).into_iter().filter(|old| Some(old) != default) {
        let call = cx.elbv2().remove_listener_certificates().listener_arn(arn);
        call.certificates(certificate(&old)).send().await?;
    }
    Ok(())
}

pub(super) fn certificate(arn: &str) -> Certificate {
    Certificate::builder().certificate_arn(arn).build()
}
