//! Internet gateway: the way out of a VPC, and in.

use std::time::Duration;

use aws_sdk_ec2::types::{AttachmentStatus, InternetGateway as Live, NetworkInterface, ResourceType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Described, arn, as_not_visible_yet, describe_one, filter, find_owned, interface_label, look_up, read_described,
    sync_tags, tag_specification, with_dependents,
};
use crate::aws::{Cx, ErrorCodes, Result, Tags};
use crate::catalog::Traits;
use crate::cloud::{CloudError, ReadRequest, Readiness};
use crate::kinds::reading::created;
use crate::kinds::tagging::user_tags;
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};
use crate::value::Json;

/// An internet gateway.
pub struct InternetGateway;

/// Fields of an internet gateway.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The VPC that it is attached to; a VPC has one at most. Another VPC gets another gateway, and the first one keeps its
    /// own until nothing in it is public any more. An empty text leaves it unattached.
    #[schemars(extend("x-change" = "replace-set"))]
    pub vpc_id: String,
    /// Tags, beside those by which Isobar knows its own.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Outputs of an internet gateway.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its id, `igw-...`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
}

impl Kind for InternetGateway {
    const NAME: &'static str = "ec2.InternetGateway";
    const ABOUT: &'static str = "An internet gateway, attached to a VPC";
    const EXAMPLE: &'static str = "
vpc_id: ${ec2.Vpc.id}
tags: {Name: shop, team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "vpc_id: ''",
        "vpc_id: '${ec2.Vpc.id}'",
        "tags: {Name: shop, team: platform, cost: '7'}",
        "vpc_id: vpc-0123456789abcdef0",
    ];
    const TRAITS: Traits = Traits {
        // Public addresses of the VPC go with load balancers and NAT gateways.
        deadline: Duration::from_mins(20),
        // The call takes no token: another one creates another gateway.
        idempotent_create: false,
        ..Traits::DEFAULT
    };
    const ERRORS: ErrorCodes = ErrorCodes {
        not_found: &["InvalidInternetGatewayID.NotFound"],
        // Another gateway of the VPC may be on its way out.
        conflict: &[
            "DependencyViolation",
            "InvalidParameterValue: already has an internet gateway attached",
            "Resource.AlreadyAssociated",
        ],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        read_described(cx, requests, |_, live| found(cx, live)).await
    }

    async fn find(cx: &Cx, owner: &Owner, _spec: &Spec) -> Result<Option<PhysicalId>> {
        find_owned::<Live>(cx, owner).await
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        let tags = tag_specification(ResourceType::InternetGateway, spec.tags.as_ref(), owner);
        let made = cx.ec2().create_internet_gateway().tag_specifications(tags).send().await?;
        created("ec2:CreateInternetGateway", made.internet_gateway.and_then(|made| made.internet_gateway_id))
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let done = async {
            if from.vpc_id != to.vpc_id {
                detach(cx, id, &from.vpc_id).await?;
                attach(cx, id, &to.vpc_id).await?;
            }
            sync_tags(cx, id, from.tags.as_ref(), to.tags.as_ref()).await
        };
        done.await.map_err(as_not_visible_yet)
    }

    /// Detached, then deleted.
    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        // A read may miss what exists: only the call itself tells that it is gone.
        if let Some(live) = describe_one::<Live>(cx, id).await? {
            detach(cx, id, vpc_of(&live)).await?;
        }
        cx.ec2().delete_internet_gateway().internet_gateway_id(id.as_str()).send().await?;
        Ok(())
    }

    async fn lookup(cx: &Cx, query: &Json) -> Result<Option<PhysicalId>> {
        look_up::<Live>(cx, query).await
    }
}

/// The VPC that it is attached to; an empty text for none.
fn vpc_of(live: &Live) -> &str {
    let mut attached = live.attachments().iter().filter(|one| one.state != Some(AttachmentStatus::Detached));
    attached.find_map(|one| one.vpc_id()).unwrap_or_default()
}

async fn found(cx: &Cx, live: Live) -> Result<Found<InternetGateway>> {
    let id = live.id();
    let spec = Spec { vpc_id: vpc_of(&live).to_owned(), tags: Some(user_tags(live.tags.clone().unwrap_or_default())) };
    let outputs = Outputs { id: id.to_owned(), arn: arn(cx, live.owner_id(), "internet-gateway", id).await? };
    let is = |state: AttachmentStatus| live.attachments().iter().any(|one| one.state.as_ref() == Some(&state));
    let readiness = if is(AttachmentStatus::Attaching) {
        Readiness::Pending("attaching the gateway".to_owned())
    } else if is(AttachmentStatus::Detaching) {
        Readiness::Pending("detaching the gateway".to_owned())
    } else {
        Readiness::Serving
    };
    Ok(Found { readiness, ..Found::serving(spec, outputs) })
}

async fn attach(cx: &Cx, id: &PhysicalId, vpc: &str) -> Result<()> {
    if !vpc.is_empty() {
        cx.ec2().attach_internet_gateway().internet_gateway_id(id.as_str()).vpc_id(vpc).send().await?;
    }
    Ok(())
}

async fn detach(cx: &Cx, id: &PhysicalId, vpc: &str) -> Result<()> {
    if vpc.is_empty() {
        return Ok(());
    }
    let call = cx.ec2().detach_internet_gateway().internet_gateway_id(id.as_str()).vpc_id(vpc);
    match call.send().await.map_err(CloudError::from) {
        Err(error) if error.code == "Gateway.NotAttached" => Ok(()),
        Err(error) if error.code == "DependencyViolation" => {
            // Public addresses in the VPC are in the way.
            let all = NetworkInterface::list(cx, vec![filter("vpc-id", [vpc])]).await.unwrap_or_default();
            let public = all.iter().filter(|one| one.association().is_some_and(|it| it.public_ip().is_some()));
            Err(with_dependents(error, public.map(interface_label).collect()))
        }
        other => other.map(drop),
    }
}
