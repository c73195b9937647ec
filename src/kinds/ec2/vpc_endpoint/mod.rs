//! VPC endpoint: the way from a VPC to a service that does not lead over the internet.
//!
//! A gateway endpoint puts routes into route tables by itself; the route table's kind leaves those alone.

mod spec;

use std::time::Duration;

use aws_sdk_ec2::operation::modify_vpc_endpoint::builders::ModifyVpcEndpointFluentBuilder;
use aws_sdk_ec2::types::{ResourceType, State, VpcEndpoint as Live};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Described, arn, as_not_visible_yet, find_owned, is_state, look_up, read_described, sync_tags, tag_specification,
};
use crate::aws::{Cx, ErrorCodes, Result, from_wire, to_wire};
use crate::catalog::Traits;
use crate::cloud::{Class, CloudError, ReadRequest, Readiness};
use crate::diff::same_policy;
use crate::kinds::reading::{changed, created};
use crate::kinds::tagging::user_tags;
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};
use crate::value::Json;
use spec::{EndpointType, Spec};

/// A VPC endpoint.
pub struct VpcEndpoint;

/// Outputs of a VPC endpoint.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its id, `vpce-...`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Of an interface: the names that it has, the one for all zones first.
    #[schemars(extend("x-volatile" = true, "x-stable-under" = ["tags", "policy", "security_group_ids"]))]
    pub dns_names: Vec<String>,
}

impl Kind for VpcEndpoint {
    const NAME: &'static str = "ec2.VpcEndpoint";
    const ABOUT: &'static str = "A VPC endpoint: a way to a service that does not lead over the internet";
    const EXAMPLE: &'static str = r#"
vpc_id: ${ec2.Vpc.id}
service_name: com.amazonaws.us-east-1.secretsmanager
vpc_endpoint_type: interface
subnet_ids: ['${ec2.Subnet.id}']
security_group_ids: ['${ec2.SecurityGroup.id}']
private_dns_enabled: true
ip_address_type: ipv4
policy:
  Version: "2012-10-17"
  Statement: {Effect: Allow, Principal: "*", Action: "secretsmanager:GetSecretValue", Resource: "*"}
tags: {Name: shop-secrets, team: commerce}
"#;
    const CHANGES: &'static [&'static str] = &[
        r#"
policy:
  Version: "2012-10-17"
  Statement: {Effect: Allow, Principal: "*", Action: "secretsmanager:*", Resource: "*"}
"#,
        "private_dns_enabled: false",
        "subnet_ids: []",
        "subnet_ids: ['${ec2.Subnet.id}']",
        "security_group_ids: ['${ec2.Vpc.default_security_group_id}']",
        "tags: {Name: shop-secrets, team: platform, cost: '7'}",
        "service_region: us-west-2",
        "
service_region: null
service_name: com.amazonaws.us-east-1.dynamodb
vpc_endpoint_type: gateway
subnet_ids: null
security_group_ids: null
private_dns_enabled: null
ip_address_type: null
route_table_ids: ['${ec2.RouteTable.id}']
",
        "vpc_id: vpc-0123456789abcdef0",
    ];
    const TRAITS: Traits = Traits {
        deadline: Duration::from_mins(20),
        // A service has one private name in a VPC, and one route in a table.
        unique_by: &["service_name", "vpc_id"],
        ..Traits::DEFAULT
    };
    const ERRORS: ErrorCodes = ErrorCodes {
        not_found: &["InvalidVpcEndpointId.NotFound", "InvalidVpcEndpoint.NotFound"],
        exists: &["IdempotentParameterMismatch"],
        // The private name and the route of one that was just deleted take a while to go.
        conflict: &[
            "InvalidParameter: conflicting DNS domain",
            "RouteAlreadyExists",
            "IncorrectState",
            "InvalidState",
            "OperationInProgress",
        ],
        not_visible_yet: &[
            "InvalidGroup.NotFound",
            "InvalidRouteTableID.NotFound",
            "InvalidRouteTableId.NotFound",
            "InvalidSecurityGroupId.NotFound",
            "InvalidSubnetID.NotFound",
            "InvalidSubnetId.NotFound",
            "InvalidVpcID.NotFound",
            "InvalidVpcId.NotFound",
        ],
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
        let call = cx.ec2().create_vpc_endpoint().client_token(owner.token());
        let made = call
            .vpc_id(&spec.vpc_id)
            .service_name(&spec.service_name)
            .vpc_endpoint_type(spec.vpc_endpoint_type.to_aws())
            .set_service_region(spec.service_region.clone())
            .set_route_table_ids(some(spec.route_table_ids.as_ref()))
            .set_subnet_ids(some(spec.subnet_ids.as_ref()))
            .set_security_group_ids(some(spec.security_group_ids.as_ref()))
            .set_private_dns_enabled(spec.private_dns_enabled)
            .set_ip_address_type(spec.ip_address_type.map(|kind| to_wire(kind).as_str().into()))
            .set_policy_document(spec.policy.as_ref().map(Json::to_string))
            .tag_specifications(tag_specification(ResourceType::VpcEndpoint, spec.tags.as_ref(), owner))
            .send()
            .await?;
        let made = made.vpc_endpoint;
        let is_gone = |made: &Live| !made.exists() || made.state().is_some_and(|state| is_state(state, "deleting"));
        let gone = made.as_ref().is_some_and(is_gone);
        let id = created("ec2:CreateVpcEndpoint", made.and_then(|made| made.vpc_endpoint_id))?;
        if gone {
            let message = format!("the token belongs to {id}, which was deleted");
            return Err(CloudError::local(Class::Exists, "ec2:CreateVpcEndpoint", message));
        }
        Ok(id)
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let done = async {
            let call = cx.ec2().modify_vpc_endpoint().vpc_endpoint_id(id.as_str());
            if let Some(call) = modified(call, from, to) {
                call.send().await?;
            }
            sync_tags(cx, id, from.tags.as_ref(), to.tags.as_ref()).await
        };
        done.await.map_err(as_not_visible_yet)
    }

    /// The call takes many endpoints, and its answer holds their errors.
    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        let answer = cx.ec2().delete_vpc_endpoints().vpc_endpoint_ids(id.as_str()).send().await?;
        let failed = answer.unsuccessful.unwrap_or_default().into_iter().find_map(|one| one.error);
        match failed {
            None => Ok(()),
            Some(error) => Err(CloudError {
                code: error.code.unwrap_or_default(),
                ..CloudError::local(Class::Other, "ec2:DeleteVpcEndpoints", error.message.unwrap_or_default())
            }),
        }
    }

    async fn lookup(cx: &Cx, query: &Json) -> Result<Option<PhysicalId>> {
        look_up::<Live>(cx, query).await
    }

    fn check(spec: &Spec) -> Vec<String> {
        spec::check(spec)
    }
}

/// A list for a create call, which takes no empty one.
fn some(list: Option<&Vec<String>>) -> Option<Vec<String>> {
    list.filter(|list| !list.is_empty()).cloned()
}

async fn found(cx: &Cx, live: Live) -> Result<Found<VpcEndpoint>> {
    let unknown = |what: &str| CloudError::local(Class::Other, "ec2:DescribeVpcEndpoints", what);
    let policy = live.policy_document().filter(|text| !text.is_empty()).map(serde_json::from_str).transpose();
    let kind = live.vpc_endpoint_type().map_or(Some(EndpointType::Gateway), EndpointType::from_aws);
    let spec = Spec {
        vpc_id: live.vpc_id.clone().unwrap_or_default(),
        service_name: live.service_name.clone().unwrap_or_default(),
        vpc_endpoint_type: kind.ok_or_else(|| unknown("an endpoint of a type that we do not know"))?,
        service_region: live.service_region.clone().or_else(|| Some(cx.region().to_string())),
        route_table_ids: Some(live.route_table_ids.clone().unwrap_or_default()),
        subnet_ids: Some(live.subnet_ids.clone().unwrap_or_default()),
        security_group_ids: Some(live.groups().iter().filter_map(|group| group.group_id.clone()).collect()),
        private_dns_enabled: Some(live.private_dns_enabled.unwrap_or(false)),
        ip_address_type: live.ip_address_type().and_then(|kind| from_wire(kind.as_str())),
        policy: policy.map_err(|_| unknown("a policy that is no JSON"))?,
        tags: Some(user_tags(live.tags.clone().unwrap_or_default())),
    };
    let outputs = Outputs {
        id: live.id().to_owned(),
        arn: arn(cx, live.owner_id(), "vpc-endpoint", live.id()).await?,
        dns_names: live.dns_entries().iter().filter_map(|entry| entry.dns_name.clone()).collect(),
    };
    Ok(Found { readiness: readiness(&live), ..Found::serving(spec, outputs) })
}

fn readiness(live: &Live) -> Readiness {
    let is = |word: &str| live.state().is_some_and(|state| is_state(state, word));
    let why = || {
        let error = live.last_error().and_then(|error| error.message());
        error.or(live.failure_reason()).unwrap_or("no reason given")
    };
    if is("pending") {
        Readiness::Pending("creating the endpoint".to_owned())
    } else if is("deleting") {
        Readiness::Pending("deleting the endpoint".to_owned())
    } else if is("pendingAcceptance") {
        Readiness::Configured("waiting for the owner of the service to accept the endpoint".to_owned())
    } else if ["failed", "rejected", "expired", "partial"].into_iter().any(is) {
        let state = live.state().map(State::as_str).unwrap_or_default();
        Readiness::Failed(format!("the endpoint is {state}: {}", why()))
    } else {
        Readiness::Serving
    }
}

/// Everything that differs in one call: while AWS works on one change it takes no other.
fn modified(call: ModifyVpcEndpointFluentBuilder, from: &Spec, to: &Spec) -> Option<ModifyVpcEndpointFluentBuilder> {
    let tables = moves(from.route_table_ids.as_ref(), to.route_table_ids.as_ref());
    let subnets = moves(from.subnet_ids.as_ref(), to.subnet_ids.as_ref());
    let groups = moves(from.security_group_ids.as_ref(), to.security_group_ids.as_ref());
    let dns = changed(&from.private_dns_enabled, &to.private_dns_enabled).copied();
    let addresses = changed(&from.ip_address_type, &to.ip_address_type);
    let policy =
        to.policy.as_ref().filter(|wanted| !from.policy.as_ref().is_some_and(|live| same_policy(live, wanted)));
    let lists = [&tables, &subnets, &groups].into_iter().any(|moves| *moves != (None, None));
    if !lists && dns.is_none() && addresses.is_none() && policy.is_none() {
        return None;
    }
    let call = call.set_add_route_table_ids(tables.0).set_remove_route_table_ids(tables.1);
    let call = call.set_add_subnet_ids(subnets.0).set_remove_subnet_ids(subnets.1);
    let call = call.set_add_security_group_ids(groups.0).set_remove_security_group_ids(groups.1);
    let call =
        call.set_private_dns_enabled(dns).set_ip_address_type(addresses.map(|kind| to_wire(kind).as_str().into()));
    Some(call.set_policy_document(policy.map(Json::to_string)))
}

type Moves = (Option<Vec<String>>, Option<Vec<String>>);

/// Values to add and to remove.
fn moves(from: Option<&Vec<String>>, to: Option<&Vec<String>>) -> Moves {
    let Some(wanted) = to else { return (None, None) };
    let there = from.map(Vec::as_slice).unwrap_or_default();
    let but = |list: &[String], others: &[String]| {
        let left: Vec<String> = list.iter().filter(|one| !others.contains(one)).cloned().collect();
        Some(left).filter(|left| !left.is_empty())
    };
    (but(wanted, there), but(there, wanted))
}
