//! What the EC2 kinds share: tags, filters, and who holds on to a thing that cannot be deleted.
//!
//! Things are asked for by filter, never by id: of an unknown id AWS makes an error that fails the ids beside
//! it, of an unknown filter value an empty answer.

mod cidr;
mod elastic_ip;
mod internet_gateway;
mod launch_template;
mod nat_gateway;
mod route_table;
mod security_group;
mod subnet;
mod vpc;
mod vpc_endpoint;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use aws_sdk_ec2::types::{
    Address, Filter, InternetGateway, NatGateway, NatGatewayState, NetworkInterface, ResourceType, RouteTable,
    SecurityGroup, State, Subnet, Tag, TagSpecification, Vpc, VpcEndpoint,
};
use futures::future::try_join_all;

use crate::aws::{Cx, Result, Service, Tags, live_tags, sdk_client, tag_changes, with_owner};
use crate::cloud::{Class, CloudError, ReadRequest};
use crate::kinds::RegisteredKind;
use crate::names::{Owner, PhysicalId, TAG_GENERATION};
use crate::value::Json;

const SERVICE: Service = Service { name: "ec2", ..Service::DEFAULT };

sdk_client! {
    /// EC2: networks and what instances are made of.
    ec2: aws_sdk_ec2, SERVICE
}

/// The kinds of this service.
pub(super) fn kinds() -> Vec<RegisteredKind> {
    vec![
        RegisteredKind::of::<elastic_ip::ElasticIp>(&SERVICE),
        RegisteredKind::of::<internet_gateway::InternetGateway>(&SERVICE),
        RegisteredKind::of::<nat_gateway::NatGateway>(&SERVICE),
        RegisteredKind::of::<route_table::RouteTable>(&SERVICE),
        RegisteredKind::of::<security_group::SecurityGroup>(&SERVICE),
        RegisteredKind::of::<subnet::Subnet>(&SERVICE),
        RegisteredKind::of::<vpc::Vpc>(&SERVICE),
        RegisteredKind::of::<vpc_endpoint::VpcEndpoint>(&SERVICE),
        RegisteredKind::of::<launch_template::LaunchTemplate>(&SERVICE),
    ]
}

/// How many values one filter takes.
const PER_FILTER: usize = 200;
/// How many of those who hold on to a thing are named.
const NAMED: usize = 5;

/// A thing as EC2 describes it.
pub(super) trait Described: Sized + Send {
    /// The filter that its id goes by.
    const BY_ID: &'static str;

    /// Everything that passes these filters.
    fn list(cx: &Cx, filters: Vec<Filter>) -> impl Future<Output = Result<Vec<Self>>> + Send;

    /// Its id.
    fn id(&self) -> &str;

    /// Whether it is more than a memory of AWS's.
    fn is_there(&self) -> bool {
        true
    }
}

macro_rules! described {
    ($($thing:ident: $by_id:literal, $describe:ident, $set_filters:ident, $id:ident $(, $there:expr)?;)*) => {
        $(impl Described for $thing {
            const BY_ID: &'static str = $by_id;

            async fn list(cx: &Cx, filters: Vec<Filter>) -> Result<Vec<Self>> {
                let mut pages = cx.ec2().$describe().$set_filters(Some(filters)).into_paginator().items().send();
                let mut all = Vec::new();
                while let Some(found) = pages.next().await {
                    all.push(found?);
                }
                Ok(all)
            }

            fn id(&self) -> &str {
                self.$id().unwrap_or_default()
            }

            $(fn is_there(&self) -> bool {
                $there(self)
            })?
        })*
    };
}

described! {
    InternetGateway: "internet-gateway-id", describe_internet_gateways, set_filters, internet_gateway_id;
    NatGateway: "nat-gateway-id", describe_nat_gateways, set_filter, nat_gateway_id, is_gateway;
    NetworkInterface: "network-interface-id", describe_network_interfaces, set_filters, network_interface_id;
    RouteTable: "route-table-id", describe_route_tables, set_filters, route_table_id;
    SecurityGroup: "group-id", describe_security_groups, set_filters, group_id;
    Subnet: "subnet-id", describe_subnets, set_filters, subnet_id;
    Vpc: "vpc-id", describe_vpcs, set_filters, vpc_id;
    VpcEndpoint: "vpc-endpoint-id", describe_vpc_endpoints, set_filters, vpc_endpoint_id, is_endpoint;
}

impl Described for Address {
    const BY_ID: &'static str = "allocation-id";

    async fn list(cx: &Cx, filters: Vec<Filter>) -> Result<Vec<Self>> {
        let answer = cx.ec2().describe_addresses().set_filters(Some(filters)).send().await?;
        Ok(answer.addresses.unwrap_or_default())
    }

    fn id(&self) -> &str {
        self.allocation_id().unwrap_or_default()
    }
}

/// AWS remembers a deleted gateway for an hour.
fn is_gateway(live: &NatGateway) -> bool {
    live.state != Some(NatGatewayState::Deleted)
}

fn is_endpoint(live: &VpcEndpoint) -> bool {
    !live.state().is_some_and(|state| is_state(state, "deleted"))
}

/// Whether an endpoint is in a state; AWS writes them with and without a capital letter.
pub(super) fn is_state(state: &State, word: &str) -> bool {
    state.as_str().eq_ignore_ascii_case(word)
}

/// A filter.
pub(super) fn filter(name: impl Into<String>, values: impl IntoIterator<Item = impl Into<String>>) -> Filter {
    let values = values.into_iter().map(Into::into).collect();
    Filter::builder().name(name).set_values(Some(values)).build()
}

/// What is there of these ids: one call for two hundred.
pub(super) async fn by_ids<T: Described>(cx: &Cx, ids: impl IntoIterator<Item = &str>) -> Result<BTreeMap<String, T>> {
    let ids: Vec<&str> = ids.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    let calls = ids.chunks(PER_FILTER).map(|ids| T::list(cx, vec![filter(T::BY_ID, ids.iter().copied())]));
    let found = try_join_all(calls).await?.into_iter().flatten().filter(Described::is_there);
    Ok(found.map(|live| (live.id().to_owned(), live)).collect())
}

/// What is there of the things asked for.
pub(super) async fn asked<T: Described>(cx: &Cx, requests: &[ReadRequest]) -> Result<BTreeMap<String, T>> {
    by_ids(cx, requests.iter().map(|request| request.id.as_str())).await
}

/// The one thing of this id.
pub(super) async fn one<T: Described>(cx: &Cx, id: &PhysicalId) -> Result<Option<T>> {
    Ok(by_ids(cx, [id.as_str()]).await?.into_values().next())
}

/// The thing that carries this owner's tags.
pub(super) async fn owned<T: Described>(cx: &Cx, owner: &Owner) -> Result<Option<PhysicalId>> {
    let tags = owner.tags().into_iter().filter(|(key, _)| owner.generation != 0 || *key != TAG_GENERATION);
    let filters = tags.map(|(key, value)| filter(format!("tag:{key}"), [value]));
    let found = T::list(cx, filters.collect()).await?;
    Ok(found.iter().find(|live| live.is_there()).map(|live| PhysicalId::new(live.id())))
}

/// A thing that somebody else looks after: by `id`, by `name` (its `Name` tag), by `tags`, by `vpc_id`, or by
/// several of them.
pub(super) async fn looked_up<T: Described>(cx: &Cx, query: &Json) -> Result<Option<PhysicalId>> {
    looked_up_by::<T>(cx, query, "tag:Name").await
}

/// As [`looked_up`], with another filter for `name`.
pub(super) async fn looked_up_by<T: Described>(cx: &Cx, query: &Json, name: &str) -> Result<Option<PhysicalId>> {
    let text = |key: &str| query.get(key).and_then(Json::as_str);
    if let Some(id) = text("id") {
        return Ok(Some(PhysicalId::new(id)));
    }
    let tags = query.get("tags").and_then(Json::as_object).into_iter().flatten();
    let tags = tags.filter_map(|(key, value)| Some(filter(format!("tag:{key}"), [value.as_str()?])));
    let names = text("name").map(|value| filter(name, [value]));
    let vpc = text("vpc_id").map(|value| filter("vpc-id", [value]));
    let filters: Vec<Filter> = tags.chain(names).chain(vpc).collect();
    if filters.is_empty() {
        return Ok(None);
    }
    let found: Vec<T> = T::list(cx, filters).await?.into_iter().filter(Described::is_there).collect();
    match found.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(PhysicalId::new(only.id()))),
        several => {
            let ids: Vec<&str> = several.iter().map(Described::id).collect();
            let message = format!("{query} fits {}: say more of it, or its `id`", ids.join(", "));
            Err(CloudError::local(Class::Invalid, "lookup", message))
        }
    }
}

/// The user's and the owner's tags, for a create call.
pub(super) fn tagged(of: ResourceType, tags: Option<&Tags>, owner: &Owner) -> TagSpecification {
    let tags = with_owner(tags, owner).into_iter().map(|(key, value)| tag(key, value)).collect();
    TagSpecification::builder().resource_type(of).set_tags(Some(tags)).build()
}

fn tag(key: String, value: String) -> Tag {
    Tag::builder().key(key).value(value).build()
}

/// All tags of a thing.
pub(super) fn pairs(tags: Option<&Vec<Tag>>) -> Tags {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    tags.into_iter().flatten().map(|tag| (text(tag.key()), text(tag.value()))).collect()
}

/// The user's tags of a thing.
pub(super) fn own_tags(tags: Option<&Vec<Tag>>) -> Tags {
    live_tags(pairs(tags))
}

/// Makes the live tags the wanted ones.
pub(super) async fn update_tags(cx: &Cx, id: &PhysicalId, from: Option<&Tags>, to: Option<&Tags>) -> Result<()> {
    let (set, unset) = tag_changes(from, to);
    if !set.is_empty() {
        let tags = set.into_iter().map(|(key, value)| tag(key, value)).collect();
        cx.ec2().create_tags().resources(id.as_str()).set_tags(Some(tags)).send().await?;
    }
    if !unset.is_empty() {
        let tags = unset.into_iter().map(|key| Tag::builder().key(key).build()).collect();
        cx.ec2().delete_tags().resources(id.as_str()).set_tags(Some(tags)).send().await?;
    }
    Ok(())
}

/// The ARN of a thing, for those of which AWS does not tell it.
pub(super) fn arn(cx: &Cx, account: Option<&str>, kind: &str, id: &str) -> String {
    format!("arn:aws:ec2:{}:{}:{kind}/{id}", cx.region(), account.unwrap_or_default())
}

/// An update's answer that something is not there: a look found the thing itself and what it refers to was
/// made before, so the server that was asked does not see it yet.
pub(super) fn not_yet(error: CloudError) -> CloudError {
    let not_read = error.code.ends_with(".NotFound") || error.code == "NatGatewayNotFound";
    CloudError { class: if not_read { Class::NotVisibleYet } else { error.class }, ..error }
}

/// A refusal to delete, with those who hold on to the thing: AWS does not name them.
pub(super) async fn held(cx: &Cx, error: impl Into<CloudError>, by: &str, id: &PhysicalId) -> CloudError {
    let error = error.into();
    if error.code != "DependencyViolation" {
        return error;
    }
    let interfaces = NetworkInterface::list(cx, vec![filter(by, [id.as_str()])]).await.unwrap_or_default();
    with_holders(error, interfaces.iter().map(holder).collect())
}

/// A refusal to delete, and those who hold on to the thing, some of them named.
pub(super) fn with_holders(error: CloudError, holders: Vec<String>) -> CloudError {
    if holders.is_empty() {
        return error;
    }
    let more = match holders.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let named = holders.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
    CloudError { message: format!("{}; held by {named}{more}", error.message), ..error }
}

/// `eni-0a1b (ELB app/shop/0123, amazon-elb)`.
pub(super) fn holder(live: &NetworkInterface) -> String {
    let known = [live.description(), live.requester_id(), live.attachment().and_then(|it| it.instance_id())];
    let known: Vec<&str> = known.into_iter().flatten().filter(|text| !text.is_empty()).collect();
    let id = live.id();
    if known.is_empty() { id.to_owned() } else { format!("{id} ({})", known.join(", ")) }
}

/// What is wanted, if the file says it and it is not there.
pub(super) fn given<T: PartialEq>(from: Option<&T>, to: Option<T>) -> Option<T> {
    to.filter(|wanted| from != Some(wanted))
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::NetworkInterfaceAttachment;

    use super::*;

    fn refused() -> CloudError {
        let error = CloudError::local(Class::Other, "ec2:DeleteSubnet", "The subnet has dependencies.");
        CloudError { code: "DependencyViolation".into(), ..error }
    }

    #[test]
    fn a_refusal_names_who_holds_on() {
        let elb = NetworkInterface::builder().network_interface_id("eni-1");
        let elb = elb.description("ELB app/shop/0123").requester_id("amazon-elb").build();
        let attachment = NetworkInterfaceAttachment::builder().instance_id("i-7").build();
        let instance = NetworkInterface::builder().network_interface_id("eni-2").description("");
        let instance = instance.attachment(attachment).build();
        let bare = NetworkInterface::builder().network_interface_id("eni-3").build();
        let holders = [&elb, &instance, &bare].map(holder).to_vec();
        assert_eq!(
            with_holders(refused(), holders).message,
            "The subnet has dependencies.; held by eni-1 (ELB app/shop/0123, amazon-elb), eni-2 (i-7), eni-3"
        );
        let many = (0..7).map(|number| format!("eni-{number}")).collect();
        assert!(with_holders(refused(), many).message.ends_with("eni-3, eni-4 and 2 more"));
        assert_eq!(with_holders(refused(), Vec::new()), refused());
    }

    #[test]
    fn what_an_update_does_not_find_is_not_seen_yet() {
        let class = |code: &str| not_yet(CloudError { code: code.into(), ..refused() }).class;
        for code in ["InvalidSubnetID.NotFound", "InvalidGroup.NotFound", "NatGatewayNotFound"] {
            assert_eq!(class(code), Class::NotVisibleYet, "{code}");
        }
        assert_eq!(class("InvalidParameterValue"), Class::Other);
    }
}
