//! `network`: a VPC in every region, with a private subnet in each zone.
//!
//! Public subnets and an internet gateway are there only if something public is: a NAT gateway, or a load
//! balancer that is open to the internet. Every zone has a route table of its own, so that another way to the
//! internet changes routes and never which table a subnet has.

mod choice;
mod cidr;
mod endpoints;
mod zones;

use serde_json::json;

use super::block::Block;
use super::expansion::{Expansion, Item, known};
use super::{After, Level};
use crate::names::{Address, Region, Scope};
use crate::stack::file::{ExistingNetwork, Nat};
use crate::value::{Json, Path};
use choice::{Choice, choice};
use zones::Zone;

/// The network of a region, as what is in it refers to it.
#[derive(Debug, Clone)]
pub(super) struct Network {
    /// The VPC's id.
    pub vpc: String,
    /// Ids of the private subnets.
    pub private: Vec<String>,
    /// Ids of the public subnets, if there are any.
    pub public: Vec<String>,
    /// Ids of the private subnets that VPC links can be in.
    pub linked: Vec<String>,
    /// What must be there before tasks and instances can reach what they start from.
    pub ways_out: Vec<After>,
    /// What must be there before anything can be open to the internet.
    pub ways_in: Vec<After>,
    /// What a change of replaces the VPC, and so all that is in it.
    pub identity: String,
}

/// The item that everything of the network belongs to.
pub(super) fn item<'a>(cx: &Expansion<'a>, region: &'a Region) -> Item<'a> {
    let retain = cx.stack().network.as_ref().is_some_and(|network| network.retain);
    Item { prefix: "network".into(), origin: Path::of(["network"]), region: Some(region), retain }
}

/// The network of each region.
pub(super) struct Networks;

impl Block for Networks {
    const NAME: &'static str = "network";

    /// Declares the network of every region.
    fn expand(cx: &mut Expansion<'_>) {
        let Some(network) = &cx.stack().network else { return };
        choice::check(cx, network);
        endpoints::check(cx, network);
        for region in cx.regions() {
            let item = item(cx, region);
            match network.existing.get(region.as_str()) {
                Some(found) => existing(cx, &item, found),
                None => match choice(cx, region) {
                    Ok(choice) => managed(cx, &item, &choice),
                    Err(problems) => problems.into_iter().for_each(|problem| cx.report(problem)),
                },
            }
        }
    }
}

/// The network of a region, unless there is none or it is not what it should be.
pub(super) fn of(cx: &Expansion<'_>, region: &Region) -> Option<Network> {
    let network = cx.stack().network.as_ref()?;
    if let Some(found) = network.existing.get(region.as_str()) {
        let ids = |part: &str, ids: &[String]| (1..=ids.len()).map(|at| id(&format!("{part}.{at}"))).collect();
        return Some(Network {
            vpc: id("vpc"),
            private: ids("private", &found.private),
            public: ids("public", &found.public),
            linked: ids("private", &found.private),
            ways_out: Vec::new(),
            ways_in: Vec::new(),
            identity: found.vpc.clone(),
        });
    }
    let choice = choice(cx, region).ok()?;
    let subnets = |kind: &str, zones: &mut dyn Iterator<Item = &Zone>| -> Vec<String> {
        zones.map(|zone| id(&format!("{kind}.{}", zone.id))).collect()
    };
    let at = |part: &str| Address::new(format!("network.{part}"), Scope::In(region.clone()));
    let after = |part: String| After { address: at(&part), level: Level::Serving };
    let endpoints = endpoints::names(cx, region);
    let mut ways_out: Vec<After> = choice.zones.iter().map(|zone| after(routes(zone))).collect();
    ways_out.extend(endpoints.iter().map(|name| after(endpoints::part(name))));
    let ways_in = if choice.public { vec![after("public_routes".into())] } else { Vec::new() };
    ways_out.extend(ways_in.clone());
    Some(Network {
        vpc: id("vpc"),
        private: subnets("private", &mut choice.zones.iter()),
        public: if choice.public { subnets("public", &mut choice.zones.iter()) } else { Vec::new() },
        linked: subnets("private", &mut choice.zones.iter().filter(|zone| zone.has_links)),
        ways_out,
        ways_in,
        identity: choice.cidr.to_string(),
    })
}

fn id(part: &str) -> String {
    format!("${{network.{part}.id}}")
}

fn routes(zone: &Zone) -> String {
    format!("private_routes.{}", zone.id)
}

fn existing(cx: &mut Expansion<'_>, item: &Item<'_>, found: &ExistingNetwork) {
    cx.existing(item, item.address("vpc"), known("ec2.Vpc"), &json!({"id": found.vpc}));
    for (kind, ids) in [("private", &found.private), ("public", &found.public)] {
        for (at, id) in ids.iter().enumerate() {
            let address = item.address(&format!("{kind}.{}", at + 1));
            cx.existing(item, address, known("ec2.Subnet"), &json!({"id": id}));
        }
    }
}

fn managed(cx: &mut Expansion<'_>, item: &Item<'_>, choice: &Choice) {
    let vpc = json!({
        "cidr_block": choice.cidr.to_string(),
        // Interface endpoints have private names only where both are on.
        "enable_dns_support": true,
        "enable_dns_hostnames": true,
        "tags": named(cx, &[]),
    });
    cx.declare(item, "vpc", "ec2.Vpc", vpc);
    if choice.internet {
        let gateway = json!({"vpc_id": id("vpc"), "tags": named(cx, &[])});
        cx.declare(item, "internet_gateway", "ec2.InternetGateway", gateway);
    }
    if choice.public {
        public(cx, item, choice);
    }
    nat(cx, item, choice);
    for zone in &choice.zones {
        let subnet = subnet(cx, "private", zone, choice.cidr.private(zone.number));
        cx.declare(item, &format!("private.{}", zone.id), "ec2.Subnet", subnet);
        private_routes(cx, item, choice, zone);
    }
    endpoints::expand(cx, item, choice);
}

fn subnet(cx: &Expansion<'_>, kind: &str, zone: &Zone, cidr: cidr::Cidr) -> Json {
    json!({
        "vpc_id": id("vpc"),
        "cidr_block": cidr.to_string(),
        "availability_zone_id": zone.id,
        "tags": named(cx, &[kind, &zone.id]),
    })
}

fn public(cx: &mut Expansion<'_>, item: &Item<'_>, choice: &Choice) {
    for zone in &choice.zones {
        let subnet = subnet(cx, "public", zone, choice.cidr.public(zone.number));
        cx.declare(item, &format!("public.{}", zone.id), "ec2.Subnet", subnet);
    }
    let subnets: Vec<String> = choice.zones.iter().map(|zone| id(&format!("public.{}", zone.id))).collect();
    let table = json!({
        "vpc_id": id("vpc"),
        "routes": [{"destination_cidr_block": "0.0.0.0/0", "gateway_id": id("internet_gateway")}],
        "subnet_ids": subnets,
        "tags": named(cx, &["public"]),
    });
    cx.declare(item, "public_routes", "ec2.RouteTable", table);
}

fn nat(cx: &mut Expansion<'_>, item: &Item<'_>, choice: &Choice) {
    // AWS refuses a NAT gateway in a network without a way out; and takes that way away only after it.
    let gateway = After { address: item.address("internet_gateway"), level: Level::Configured };
    if choice.nat == Nat::Regional {
        let spec = json!({
            "availability_mode": "regional",
            "connectivity_type": "public",
            "vpc_id": id("vpc"),
            "tags": named(cx, &[]),
        });
        cx.declare(item, "nat.regional", "ec2.NatGateway", spec).after.push(gateway);
        return;
    }
    for zone in choice.nat_zones() {
        let (address, part) = (format!("address.{}", zone.id), format!("nat.{}", zone.id));
        let tags = named(cx, &["nat", &zone.id]);
        // In another network another gateway stands beside the old one, and cannot have its address.
        cx.declare(item, &address, "ec2.ElasticIp", json!({"variant": choice.cidr.to_string(), "tags": tags}));
        let spec = json!({
            "subnet_id": id(&format!("public.{}", zone.id)),
            "allocation_id": format!("${{network.{address}.allocation_id}}"),
            "connectivity_type": "public",
            "tags": tags,
        });
        cx.declare(item, &part, "ec2.NatGateway", spec).after.push(gateway.clone());
    }
}

fn private_routes(cx: &mut Expansion<'_>, item: &Item<'_>, choice: &Choice, zone: &Zone) {
    let gateway = choice.nat_of(zone);
    let routes: Vec<Json> =
        gateway.iter().map(|part| json!({"destination_cidr_block": "0.0.0.0/0", "nat_gateway_id": id(part)})).collect();
    let table = json!({
        "vpc_id": id("vpc"),
        "routes": routes,
        "subnet_ids": [id(&format!("private.{}", zone.id))],
        "tags": named(cx, &["private", &zone.id]),
    });
    let declared = cx.declare(item, &self::routes(zone), "ec2.RouteTable", table);
    // A route to a gateway that is not there yet leads nowhere.
    declared.after.extend(gateway.map(|part| After { address: item.address(&part), level: Level::Serving }));
}

/// Tags with a name, which is what people see in AWS's lists: none of these things has a name otherwise.
fn named(cx: &Expansion<'_>, words: &[&str]) -> Json {
    json!({"Name": cx.physical(words, 255)})
}
