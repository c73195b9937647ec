//! The calls that create a zone and change its networks.

use aws_sdk_route53::types::{HostedZoneConfig, Vpc as AwsVpc};

use super::spec::{Spec, Vpc};
use crate::aws::{Cx, Result};
use crate::cloud::{Class, CloudError};
use crate::kinds::reading::created;
use crate::kinds::route53::{bare, references};
use crate::names::{Owner, PhysicalId};

/// Creates the zone. One that was deleted outside of Isobar has used its caller reference up.
pub(super) async fn create_zone(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
    let private = spec.private.unwrap_or(false);
    let config = HostedZoneConfig::builder().private_zone(private).set_comment(spec.comment.clone()).build();
    let first = spec.vpcs.as_ref().and_then(|vpcs| vpcs.first()).map(vpc);
    let mut last = None;
    for reference in references(owner) {
        let call = cx.route53().create_hosted_zone().name(&spec.name).caller_reference(reference);
        let call = call.hosted_zone_config(config.clone()).set_vpc(first.clone());
        let error = match call.set_delegation_set_id(spec.delegation_set.clone()).send().await {
            Ok(answer) => {
                let id = answer.hosted_zone.map(|zone| bare(&zone.id).to_owned());
                return created("route53:CreateHostedZone", id);
            }
            Err(error) => CloudError::from(error),
        };
        // `find` has seen no zone of ours, so whoever used the reference is gone.
        if error.class != Class::Exists {
            return Err(error);
        }
        last = Some(error);
    }
    Err(last.unwrap_or_else(|| CloudError::local(Class::Other, "route53:CreateHostedZone", "no reference is left")))
}

fn vpc(vpc: &Vpc) -> AwsVpc {
    AwsVpc::builder().vpc_id(&vpc.id).vpc_region(vpc.region.as_str().into()).build()
}

/// New networks first: a private zone can never be without one.
pub(super) async fn update_vpcs(cx: &Cx, id: &str, from: &Spec, to: &Spec) -> Result<()> {
    let Some(wanted) = &to.vpcs else { return Ok(()) };
    let none = Vec::new();
    let live = from.vpcs.as_ref().unwrap_or(&none);
    for new in wanted.iter().filter(|wanted| !live.contains(wanted)) {
        cx.route53().associate_vpc_with_hosted_zone().hosted_zone_id(id).vpc(vpc(new)).send().await?;
    }
    for old in live.iter().filter(|live| !wanted.contains(live)) {
        cx.route53().disassociate_vpc_from_hosted_zone().hosted_zone_id(id).vpc(vpc(old)).send().await?;
    }
    Ok(())
}
