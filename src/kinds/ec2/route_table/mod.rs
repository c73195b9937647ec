//! Route table: where the traffic of some subnets goes.

mod route;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_ec2::types::{
    ResourceType, RouteTable as Live, RouteTableAssociation, RouteTableAssociationStateCode as Code,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Described, arn, as_not_visible_yet, describe_one, filter, find_owned, look_up, read_described, sync_tags,
    tag_specification,
};
use crate::aws::{Cx, ErrorCodes, Result, Tags};
use crate::catalog::Traits;
use crate::cloud::{CloudError, ReadRequest, Readiness};
use crate::kinds::reading::created;
use crate::kinds::tagging::user_tags;
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};
use crate::value::Json;
use route::{Route, put};

/// A route table.
pub struct RouteTable;

/// Fields of a route table.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The VPC that it is a part of. A change replaces.
    #[schemars(extend("x-change" = "replace"))]
    pub vpc_id: String,
    /// Its routes besides those of AWS: within the VPC, to gateway endpoints, and those that gateways spread. One that
    /// is not listed is deleted; one that gets another target is changed without a gap.
    #[schemars(extend("x-unordered" = true, "x-grants" = route::DESTINATION, "x-reset" = []))]
    pub routes: Option<Vec<Route>>,
    /// The subnets whose traffic it is for. One that has another table is taken over without a gap; one that is not
    /// listed falls back to the main table of the VPC.
    #[schemars(extend("x-unordered" = true, "x-grants" = [], "x-reset" = []))]
    pub subnet_ids: Option<Vec<String>>,
    /// Tags, beside those by which Isobar knows its own.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Outputs of a route table.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its id, `rtb-...`, which gateway endpoints take.
    pub id: String,
    /// Its ARN.
    pub arn: String,
}

impl Kind for RouteTable {
    const NAME: &'static str = "ec2.RouteTable";
    const ABOUT: &'static str = "A route table, its routes and its subnets";
    const EXAMPLE: &'static str = "
vpc_id: ${ec2.Vpc.id}
routes:
  - {destination_cidr_block: 0.0.0.0/0, gateway_id: '${ec2.InternetGateway.id}'}
subnet_ids: ['${ec2.Subnet.id}']
tags: {Name: shop-public, team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "routes: [{destination_cidr_block: 0.0.0.0/0, nat_gateway_id: '${ec2.NatGateway.id}'}]",
        "
routes:
  - {destination_cidr_block: 192.168.0.0/16, nat_gateway_id: '${ec2.NatGateway.id}'}
  - {destination_cidr_block: 0.0.0.0/0, gateway_id: '${ec2.InternetGateway.id}'}
",
        "routes: []",
        "subnet_ids: []",
        "subnet_ids: ['${ec2.Subnet.id}']",
        "tags: {Name: shop-public, team: platform, cost: '7'}",
        "vpc_id: vpc-0123456789abcdef0",
    ];
    const TRAITS: Traits = Traits { deadline: Duration::from_mins(10), ..Traits::DEFAULT };
    const ERRORS: ErrorCodes = ErrorCodes {
        not_found: &["InvalidRouteTableID.NotFound"],
        exists: &["IdempotentParameterMismatch"],
        conflict: &["DependencyViolation", "Resource.AlreadyAssociated", "RouteAlreadyExists"],
        not_visible_yet: &["InvalidVpcID.NotFound"],
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        read_described(cx, requests, |request, live| found(cx, request, live)).await
    }

    async fn find(cx: &Cx, owner: &Owner, _spec: &Spec) -> Result<Option<PhysicalId>> {
        find_owned::<Live>(cx, owner).await
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        let call = cx.ec2().create_route_table().vpc_id(&spec.vpc_id).client_token(owner.token());
        let made = call
            .tag_specifications(tag_specification(ResourceType::RouteTable, spec.tags.as_ref(), owner))
            .send()
            .await?;
        created("ec2:CreateRouteTable", made.route_table.and_then(|table| table.route_table_id))
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let done = async {
            update_routes(cx, id, from, to).await?;
            update_subnets(cx, id, from, to).await?;
            sync_tags(cx, id, from.tags.as_ref(), to.tags.as_ref()).await
        };
        done.await.map_err(as_not_visible_yet)
    }

    /// Its subnets let go, then deleted.
    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        // A read may miss what exists: only the call itself tells that it is gone.
        for association in describe_one::<Live>(cx, id).await?.iter().flat_map(subnets) {
            disassociate(cx, association).await?;
        }
        cx.ec2().delete_route_table().route_table_id(id.as_str()).send().await?;
        Ok(())
    }

    async fn lookup(cx: &Cx, query: &Json) -> Result<Option<PhysicalId>> {
        look_up::<Live>(cx, query).await
    }

    fn check(spec: &Spec) -> Vec<String> {
        let routes = spec.routes.iter().flatten();
        let mut wrong: Vec<String> = routes.clone().flat_map(Route::faults).collect();
        let mut seen = BTreeSet::new();
        let twice = routes.filter(|route| !seen.insert(route.destination()));
        wrong.extend(twice.map(|route| format!("duplicate route to {}", route.destination())));
        wrong
    }
}

fn code(association: &RouteTableAssociation) -> Option<&Code> {
    association.association_state().and_then(|state| state.state())
}

/// The associations with subnets that are there, or on their way.
fn subnets(live: &Live) -> impl Iterator<Item = &RouteTableAssociation> {
    let all = live.associations().iter().filter(|one| one.main != Some(true) && one.subnet_id.is_some());
    all.filter(|one| !matches!(code(one), Some(Code::Disassociating | Code::Disassociated | Code::Failed)))
}

async fn found(cx: &Cx, request: &ReadRequest, live: Live) -> Result<Found<RouteTable>> {
    let spec = Spec {
        vpc_id: live.vpc_id.clone().unwrap_or_default(),
        routes: Some(live.routes().iter().filter_map(|route| Route::of(route, request)).collect()),
        subnet_ids: Some(subnets(&live).filter_map(|one| one.subnet_id.clone()).collect()),
        tags: Some(user_tags(live.tags.clone().unwrap_or_default())),
    };
    let outputs = Outputs { id: live.id().to_owned(), arn: arn(cx, live.owner_id(), "route-table", live.id()).await? };
    let moving = subnets(&live).any(|one| code(one) == Some(&Code::Associating));
    let readiness =
        if moving { Readiness::Pending("associating subnets with the table".to_owned()) } else { Readiness::Serving };
    Ok(Found { readiness, ..Found::serving(spec, outputs) })
}

async fn update_routes(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
    let Some(wanted) = &to.routes else { return Ok(()) };
    let live: BTreeMap<&str, &Route> = from.routes.iter().flatten().map(|route| (route.destination(), route)).collect();
    for route in wanted {
        match live.get(route.destination()) {
            Some(there) if *there == route => {}
            Some(_) => {
                put!(cx.ec2().replace_route().route_table_id(id.as_str()), route).send().await?;
            }
            None => {
                put!(cx.ec2().create_route().route_table_id(id.as_str()), route).send().await?;
            }
        }
    }
    let goes = |route: &&&Route| wanted.iter().all(|wanted| wanted.destination() != route.destination());
    for route in live.values().filter(goes) {
        let call = cx.ec2().delete_route().route_table_id(id.as_str());
        let call = call
            .set_destination_cidr_block(route.destination_cidr_block.clone())
            .set_destination_ipv6_cidr_block(route.destination_ipv6_cidr_block.clone())
            .set_destination_prefix_list_id(route.destination_prefix_list_id.clone());
        gone_already(call.send().await.map(drop).map_err(CloudError::from), "InvalidRoute.NotFound")?;
    }
    Ok(())
}

async fn update_subnets(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
    let Some(wanted) = &to.subnet_ids else { return Ok(()) };
    let there = from.subnet_ids.as_deref().unwrap_or_default();
    let coming: Vec<&str> = wanted.iter().filter(|subnet| !there.contains(subnet)).map(String::as_str).collect();
    if !coming.is_empty() {
        let tables = Live::list(cx, vec![filter("association.subnet-id", coming.iter().copied())]).await?;
        let elsewhere: BTreeMap<&str, &RouteTableAssociation> =
            tables.iter().flat_map(subnets).filter_map(|one| Some((one.subnet_id()?, one))).collect();
        for subnet in coming {
            if let Some(association) = elsewhere.get(subnet) {
                let call = cx.ec2().replace_route_table_association().route_table_id(id.as_str());
                call.set_association_id(association.route_table_association_id.clone()).send().await?;
            } else {
                cx.ec2().associate_route_table().route_table_id(id.as_str()).subnet_id(subnet).send().await?;
            }
        }
    }
    if there.iter().any(|subnet| !wanted.contains(subnet)) {
        let live = describe_one::<Live>(cx, id).await?;
        let goes = |one: &&RouteTableAssociation| one.subnet_id.as_ref().is_some_and(|id| !wanted.contains(id));
        for association in live.iter().flat_map(subnets).filter(goes) {
            disassociate(cx, association).await?;
        }
    }
    Ok(())
}

async fn disassociate(cx: &Cx, association: &RouteTableAssociation) -> Result<()> {
    let call = cx.ec2().disassociate_route_table();
    let sent = call.set_association_id(association.route_table_association_id.clone()).send().await;
    gone_already(sent.map(drop).map_err(CloudError::from), "InvalidAssociationID.NotFound")
}

/// A removal that found nothing to remove has succeeded.
fn gone_already(sent: Result<()>, code: &str) -> Result<()> {
    match sent {
        Err(error) if error.code == code => Ok(()),
        other => other,
    }
}
