//! The EC2 kinds, and what they share: tags, filters, and the dependents of a resource that cannot be deleted.
//!
//! Resources are described by filter, never by id: of an unknown id AWS makes an error that fails the ids beside
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
use futures::FutureExt;
use futures::future::{OptionFuture, try_join_all};

use crate::aws::{Cx, Result, Service, Tags, sdk_client};
use crate::cloud::{Class, CloudError, ReadRequest};
use crate::kinds::reading::required;
use crate::kinds::tagging::{self, AwsTag, owned_tags};
use crate::kinds::{Found, Kind, RegisteredKind};
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

/// Values that one filter takes.
const PER_FILTER: usize = 200;
/// Dependents that a refusal names.
const NAMED: usize = 5;

/// A resource as EC2 describes it.
pub(super) trait Described: Sized + Send {
    /// Name of the filter by id.
    const ID_FILTER: &'static str;

    /// Everything that passes these filters.
    fn list(cx: &Cx, filters: Vec<Filter>) -> impl Future<Output = Result<Vec<Self>>> + Send;

    /// Its id.
    fn id(&self) -> &str;

    /// Its tags.
    fn tag_list(&self) -> &[Tag];

    /// False for what AWS has deleted and goes on listing for a while.
    fn exists(&self) -> bool {
        true
    }
}

macro_rules! described {
    ($($thing:ident: $by_id:literal, $describe:ident, $set_filters:ident, $id:ident, $tags:ident $(, $there:expr)?;)*) => {
        $(impl Described for $thing {
            const ID_FILTER: &'static str = $by_id;

            async fn list(cx: &Cx, filters: Vec<Filter>) -> Result<Vec<Self>> {
                let pages = cx.ec2().$describe().$set_filters(Some(filters)).into_paginator().items().send();
                Ok(pages.try_collect().await?)
            }

            fn id(&self) -> &str {
                self.$id().unwrap_or_default()
            }

            fn tag_list(&self) -> &[Tag] {
                self.$tags()
            }

            $(fn exists(&self) -> bool {
                $there(self)
            })?
        })*
    };
}

described! {
    InternetGateway: "internet-gateway-id", describe_internet_gateways, set_filters, internet_gateway_id, tags;
    NatGateway: "nat-gateway-id", describe_nat_gateways, set_filter, nat_gateway_id, tags, is_gateway;
    NetworkInterface: "network-interface-id", describe_network_interfaces, set_filters, network_interface_id, tag_set;
    RouteTable: "route-table-id", describe_route_tables, set_filters, route_table_id, tags;
    SecurityGroup: "group-id", describe_security_groups, set_filters, group_id, tags;
    Subnet: "subnet-id", describe_subnets, set_filters, subnet_id, tags;
    Vpc: "vpc-id", describe_vpcs, set_filters, vpc_id, tags;
    VpcEndpoint: "vpc-endpoint-id", describe_vpc_endpoints, set_filters, vpc_endpoint_id, tags, is_endpoint;
}

impl Described for Address {
    const ID_FILTER: &'static str = "allocation-id";

    async fn list(cx: &Cx, filters: Vec<Filter>) -> Result<Vec<Self>> {
        let answer = cx.ec2().describe_addresses().set_filters(Some(filters)).send().await?;
        Ok(answer.addresses.unwrap_or_default())
    }

    fn id(&self) -> &str {
        self.allocation_id().unwrap_or_default()
    }

    fn tag_list(&self) -> &[Tag] {
        self.tags()
    }
}

/// AWS lists a deleted gateway for an hour.
fn is_gateway(live: &NatGateway) -> bool {
    live.state != Some(NatGatewayState::Deleted)
}

fn is_endpoint(live: &VpcEndpoint) -> bool {
    !live.state().is_some_and(|state| is_state(state, "deleted"))
}

/// Compares states of an endpoint; AWS writes them with and without a capital letter.
pub(super) fn is_state(state: &State, word: &str) -> bool {
    state.as_str().eq_ignore_ascii_case(word)
}

/// A filter.
pub(super) fn filter(name: impl Into<String>, values: impl IntoIterator<Item = impl Into<String>>) -> Filter {
    let values = values.into_iter().map(Into::into).collect();
    Filter::builder().name(name).set_values(Some(values)).build()
}

/// The resources of these ids that exist, with one call for two hundred.
pub(super) async fn describe<T: Described>(
    cx: &Cx,
    ids: impl IntoIterator<Item = &str>,
) -> Result<BTreeMap<String, T>> {
    let ids: Vec<&str> = ids.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    let calls = ids.chunks(PER_FILTER).map(|ids| T::list(cx, vec![filter(T::ID_FILTER, ids.iter().copied())]));
    let found = try_join_all(calls).await?.into_iter().flatten().filter(Described::exists);
    Ok(found.map(|live| (live.id().to_owned(), live)).collect())
}

/// The requested resources that exist.
pub(super) async fn describe_requested<T: Described>(cx: &Cx, requests: &[ReadRequest]) -> Result<BTreeMap<String, T>> {
    describe(cx, requests.iter().map(|request| request.id.as_str())).await
}

/// The resource of this id, if it exists.
pub(super) async fn describe_one<T: Described>(cx: &Cx, id: &PhysicalId) -> Result<Option<T>> {
    Ok(describe(cx, [id.as_str()]).await?.into_values().next())
}

/// Reads resources that one describe call tells everything of.
pub(super) async fn read_described<'a, T, K, F>(
    cx: &Cx,
    requests: &'a [ReadRequest],
    found: impl Fn(&'a ReadRequest, T) -> F,
) -> Result<Vec<Option<Found<K>>>>
where
    T: Described + Clone,
    K: Kind,
    F: Future<Output = Result<Found<K>>>,
{
    let live = describe_requested::<T>(cx, requests).await?;
    let reads: Vec<_> = requests
        .iter()
        .map(|request| live.get(request.id.as_str()).cloned().map(|live| found(request, live)))
        .map(|read| OptionFuture::from(read).map(Option::transpose))
        .collect();
    try_join_all(reads).await
}

/// The resource that carries this owner's tags. What the filter lets through is looked at: taking up another one's
/// resource would be to change it.
pub(super) async fn find_owned<T: Described>(cx: &Cx, owner: &Owner) -> Result<Option<PhysicalId>> {
    let tags = owner.tags().into_iter().filter(|(key, _)| owner.generation != 0 || *key != TAG_GENERATION);
    let filters = tags.map(|(key, value)| filter(format!("tag:{key}"), [value]));
    let found = T::list(cx, filters.collect()).await?;
    let is_owned = |live: &&T| {
        let tag = |key: &str| live.tag_list().iter().find(|tag| tag.key() == Some(key)).and_then(Tag::value);
        owner.owns(tag)
    };
    found.iter().filter(|live| live.exists()).find(is_owned).map(physical_id).transpose()
}

fn physical_id<T: Described>(live: &T) -> Result<PhysicalId> {
    required("ec2:Describe", T::ID_FILTER, Some(live.id().to_owned())).map(PhysicalId::new)
}

/// A resource that is managed elsewhere: by `id`, by `name` (its `Name` tag), by `tags`, by `vpc_id`, or by
/// several of them.
pub(super) async fn look_up<T: Described>(cx: &Cx, query: &Json) -> Result<Option<PhysicalId>> {
    look_up_by::<T>(cx, query, "tag:Name").await
}

/// As [`look_up`], with another filter for `name`.
pub(super) async fn look_up_by<T: Described>(cx: &Cx, query: &Json, name: &str) -> Result<Option<PhysicalId>> {
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
    let found: Vec<T> = T::list(cx, filters).await?.into_iter().filter(Described::exists).collect();
    match found.as_slice() {
        [] => Ok(None),
        [only] => physical_id(only).map(Some),
        several => {
            let ids: Vec<&str> = several.iter().map(Described::id).collect();
            let message = format!("{query} matches {}: add a condition, or give the `id`", ids.join(", "));
            Err(CloudError::local(Class::Invalid, "lookup", message))
        }
    }
}

impl AwsTag for Tag {
    fn new(key: &str, value: &str) -> Self {
        Self::builder().key(key).value(value).build()
    }

    fn pair(self) -> (String, String) {
        (self.key.unwrap_or_default(), self.value.unwrap_or_default())
    }
}

/// The user's and the owner's tags, for a create call.
pub(super) fn tag_specification(kind: ResourceType, tags: Option<&Tags>, owner: &Owner) -> TagSpecification {
    TagSpecification::builder().resource_type(kind).set_tags(Some(owned_tags(tags, owner))).build()
}

/// Makes the live tags of a resource the wanted ones.
pub(super) async fn sync_tags(cx: &Cx, id: &PhysicalId, live: Option<&Tags>, wanted: Option<&Tags>) -> Result<()> {
    let by_key = |key| Tag::builder().key(key).build();
    tagging::sync_tags(
        live,
        wanted,
        |tags| cx.ec2().create_tags().resources(id.as_str()).set_tags(Some(tags)).send(),
        |keys| {
            let tags = keys.into_iter().map(by_key).collect();
            cx.ec2().delete_tags().resources(id.as_str()).set_tags(Some(tags)).send()
        },
    )
    .await
}

/// The ARN of a resource of which AWS does not tell it; its owner is this account if AWS names none.
pub(super) async fn arn(cx: &Cx, owner: Option<&str>, kind: &str, id: &str) -> Result<String> {
    let region = cx.region();
    match owner {
        Some(account) => Ok(format!("arn:{}:ec2:{region}:{account}:{kind}/{id}", region.partition())),
        None => cx.arn("ec2", format!("{kind}/{id}")).await,
    }
}

/// A not-found answer to an update as an eventual consistency: a read found the resource, and what it refers to was
/// created before it.
pub(super) fn as_not_visible_yet(error: CloudError) -> CloudError {
    let not_found = error.code.ends_with(".NotFound") || error.code == "NatGatewayNotFound";
    CloudError { class: if not_found { Class::NotVisibleYet } else { error.class }, ..error }
}

/// A refusal to delete, with the network interfaces that are in the way: AWS does not name them.
pub(super) async fn refused_delete(cx: &Cx, error: impl Into<CloudError>, by: &str, id: &PhysicalId) -> CloudError {
    let error = error.into();
    if error.code != "DependencyViolation" {
        return error;
    }
    let interfaces = NetworkInterface::list(cx, vec![filter(by, [id.as_str()])]).await.unwrap_or_default();
    with_dependents(error, interfaces.iter().map(interface_label).collect())
}

/// A refusal to delete, with the first of the dependents that are in the way.
pub(super) fn with_dependents(error: CloudError, dependents: Vec<String>) -> CloudError {
    if dependents.is_empty() {
        return error;
    }
    let more = match dependents.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let named = dependents.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
    CloudError { message: format!("{}; held by {named}{more}", error.message), ..error }
}

/// `eni-0a1b (ELB app/shop/0123, amazon-elb)`.
pub(super) fn interface_label(live: &NetworkInterface) -> String {
    let known = [live.description(), live.requester_id(), live.attachment().and_then(|it| it.instance_id())];
    let known: Vec<&str> = known.into_iter().flatten().filter(|text| !text.is_empty()).collect();
    let id = live.id();
    if known.is_empty() { id.to_owned() } else { format!("{id} ({})", known.join(", ")) }
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
    fn refused_deletes_name_the_dependents() {
        let elb = NetworkInterface::builder().network_interface_id("eni-1");
        let elb = elb.description("ELB app/shop/0123").requester_id("amazon-elb").build();
        let attachment = NetworkInterfaceAttachment::builder().instance_id("i-7").build();
        let instance = NetworkInterface::builder().network_interface_id("eni-2").description("");
        let instance = instance.attachment(attachment).build();
        let bare = NetworkInterface::builder().network_interface_id("eni-3").build();
        let dependents = [&elb, &instance, &bare].map(interface_label).to_vec();
        assert_eq!(
            with_dependents(refused(), dependents).message,
            "The subnet has dependencies.; held by eni-1 (ELB app/shop/0123, amazon-elb), eni-2 (i-7), eni-3"
        );
        let many = (0..7).map(|number| format!("eni-{number}")).collect();
        assert!(with_dependents(refused(), many).message.ends_with("eni-3, eni-4 and 2 more"));
        assert_eq!(with_dependents(refused(), Vec::new()), refused());
    }

    #[test]
    fn not_found_answers_to_updates_are_not_visible_yet() {
        let class = |code: &str| as_not_visible_yet(CloudError { code: code.into(), ..refused() }).class;
        for code in ["InvalidSubnetID.NotFound", "InvalidGroup.NotFound", "NatGatewayNotFound"] {
            assert_eq!(class(code), Class::NotVisibleYet, "{code}");
        }
        assert_eq!(class("InvalidParameterValue"), Class::Other);
    }
}
