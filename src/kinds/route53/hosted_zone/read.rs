//! Reads: a live zone as a spec, from the index of tags or from a call of its own.

use aws_sdk_route53::operation::get_hosted_zone::GetHostedZoneOutput;
use aws_sdk_route53::types::{AcceleratedRecoveryStatus, HostedZone as Live, TagResourceType};

use super::spec::{Spec, Vpc};
use super::{HostedZone, Outputs};
use crate::aws::{Cx, NotFoundExt, Result, Tags, live_tags};
use crate::cloud::{ReadRequest, Readiness};
use crate::kinds::Found;
use crate::kinds::route53::{arn, bare, plain_name};

/// The zones as the index of tags has them, if nothing but name and tags is managed of them.
pub(super) async fn indexed(cx: &Cx, requests: &[ReadRequest]) -> Result<Option<Vec<Option<Found<HostedZone>>>>> {
    let mut all = Vec::new();
    for request in requests {
        let more = SEEN_BY_DESCRIBE.iter().any(|field| *field != "name" && request.manages(field));
        let tags = cx.indexed_tags(&arn(cx, &TagResourceType::Hostedzone, request.id.as_str())).await?;
        let (false, Some(tags)) = (more, tags) else { return Ok(None) };
        let spec = Spec {
            name: String::new(),
            comment: None,
            private: None,
            vpcs: None,
            delegation_set: None,
            accelerated_recovery: None,
            tags: Some(live_tags(tags)),
        };
        let id = request.id.as_str();
        let arn = arn(cx, &TagResourceType::Hostedzone, id);
        let outputs = Outputs { id: id.to_owned(), arn, name: String::new(), name_servers: Vec::new() };
        all.push(Some(Found { not_read: SEEN_BY_DESCRIBE, ..Found::serving(spec, outputs) }));
    }
    Ok(Some(all))
}

/// The fields of spec and outputs that take a call of their own to read.
const SEEN_BY_DESCRIBE: &[&str] =
    &["name", "comment", "private", "vpcs", "delegation_set", "accelerated_recovery", "name_servers"];

pub(super) async fn described(cx: &Cx, id: &str) -> Result<Option<(GetHostedZoneOutput, Live)>> {
    let answer = cx.route53().get_hosted_zone().id(id).send().await.optional()?;
    Ok(answer.and_then(|answer| answer.hosted_zone.clone().map(|zone| (answer, zone))))
}

pub(super) fn found(
    cx: &Cx,
    live: GetHostedZoneOutput,
    zone: &Live,
    id: &str,
    tags: Option<Tags>,
) -> Found<HostedZone> {
    let config = zone.config.as_ref();
    let private = is_private(zone);
    let vpcs = live.vpcs.unwrap_or_default().into_iter().map(|vpc| Vpc {
        id: vpc.vpc_id.unwrap_or_default(),
        region: vpc.vpc_region.map(|region| region.as_str().to_owned()).unwrap_or_default(),
    });
    let name = plain_name(&zone.name);
    let name_servers = live.delegation_set.iter().flat_map(|set| &set.name_servers);
    let outputs = Outputs {
        id: id.to_owned(),
        arn: arn(cx, &TagResourceType::Hostedzone, id),
        name: name.clone(),
        name_servers: name_servers.map(|name| plain_name(name)).collect(),
    };
    let spec = Spec {
        name,
        comment: Some(config.and_then(|config| config.comment.clone()).unwrap_or_default()),
        private: Some(private),
        vpcs: private.then(|| vpcs.collect()),
        delegation_set: live.delegation_set.and_then(|set| set.id).map(|id| bare(&id).to_owned()),
        accelerated_recovery: Some(is_accelerated(zone)),
        tags: tags.map(live_tags),
    };
    // A zone serves while its recovery is set up, which can take hours, and also where that has failed: then it
    // reads as it was before, so that an update tries again.
    let readiness = match recovery(zone) {
        Recovery::Disabling => Readiness::Pending("turning off accelerated recovery".to_owned()),
        _ => Readiness::Serving,
    };
    Found { readiness, ..Found::serving(spec, outputs) }
}

/// State of accelerated recovery.
pub(super) enum Recovery {
    Off,
    On,
    Enabling,
    Disabling,
    Failed,
}

pub(super) fn recovery(zone: &Live) -> Recovery {
    use AcceleratedRecoveryStatus as Status;
    let Some(features) = &zone.features else { return Recovery::Off };
    match &features.accelerated_recovery_status {
        None | Some(Status::Disabled) => Recovery::Off,
        Some(Status::Enabled) => Recovery::On,
        Some(Status::EnableFailed | Status::DisableFailed) => Recovery::Failed,
        Some(Status::Disabling | Status::DisablingHostedZoneLocked) => Recovery::Disabling,
        Some(_) => Recovery::Enabling,
    }
}

/// True if accelerated recovery is on or being turned on.
fn is_accelerated(zone: &Live) -> bool {
    use AcceleratedRecoveryStatus as Status;
    let status = zone.features.as_ref().and_then(|features| features.accelerated_recovery_status.as_ref());
    matches!(
        status,
        Some(Status::Enabled | Status::Enabling | Status::EnablingHostedZoneLocked | Status::DisableFailed)
    )
}

pub(super) fn is_private(zone: &Live) -> bool {
    zone.config.as_ref().is_some_and(|config| config.private_zone)
}
