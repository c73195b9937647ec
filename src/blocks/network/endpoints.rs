//! Endpoints: AWS services that a network reaches without the internet.

use std::collections::BTreeSet;

use serde_json::json;

use super::choice::Choice;
use super::{id, named, routes};
use crate::blocks::BLOCKS;
use crate::blocks::expansion::{Expansion, Item};
use crate::names::Region;
use crate::problem::{Code, Problem, nearest};
use crate::stack::file::{Nat, Network};
use crate::value::Path;

/// Services whose endpoint is an entry in route tables.
const GATEWAYS: [&str; 2] = ["dynamodb", "s3"];
/// What it takes to pull an image from ECR: layers come from S3.
const ECR: [&str; 3] = ["ecr.api", "ecr.dkr", "s3"];
/// Frequent ones, for suggestions. Others are taken as they are.
const FREQUENT: [&str; 24] = [
    "dynamodb",
    "s3",
    "ecr",
    "ecr.api",
    "ecr.dkr",
    "logs",
    "secretsmanager",
    "ssm",
    "ssmmessages",
    "ec2messages",
    "kms",
    "sts",
    "sns",
    "sqs",
    "lambda",
    "events",
    "states",
    "monitoring",
    "execute-api",
    "ec2",
    "autoscaling",
    "xray",
    "rds-data",
    "kinesis-streams",
];

/// The part of the network that is an endpoint.
pub(super) fn part(name: &str) -> String {
    format!("endpoint.{}", name.replace('.', "_"))
}

/// The endpoints of a region: those that the file names, and those without which no task could start.
pub(super) fn names(cx: &Expansion<'_>, region: &Region) -> BTreeSet<String> {
    let Some(network) = &cx.stack().network else { return BTreeSet::new() };
    let stack = cx.in_region(region);
    let mut names: BTreeSet<&str> = network.endpoints.iter().map(String::as_str).collect();
    if network.nat == Nat::None {
        names.extend(BLOCKS.iter().flat_map(|block| (block.endpoints)(stack)));
    }
    if names.remove("ecr") {
        names.extend(ECR);
    }
    names.into_iter().map(str::to_owned).collect()
}

/// Declares the endpoints of a region.
pub(super) fn expand(cx: &mut Expansion<'_>, item: &Item<'_>, choice: &Choice) {
    let Some(region) = item.region else { return };
    let names = names(cx, region);
    let (gateways, interfaces): (Vec<&String>, Vec<&String>) =
        names.iter().partition(|name| GATEWAYS.contains(&name.as_str()));
    let tables: Vec<String> = choice.zones.iter().map(|zone| id(&routes(zone))).collect();
    for name in gateways {
        let spec = json!({
            "vpc_id": id("vpc"),
            "service_name": format!("com.amazonaws.${{region}}.{name}"),
            "vpc_endpoint_type": "gateway",
            "route_table_ids": tables,
            "tags": named(cx, &[name]),
        });
        cx.declare(item, &part(name), "ec2.VpcEndpoint", spec);
    }
    if interfaces.is_empty() {
        return;
    }
    let group = json!({
        "name": cx.physical(&["endpoints"], 255),
        "description": "AWS services that are reached without the internet",
        "vpc_id": id("vpc"),
        "ingress": [{"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_ipv4": choice.cidr.to_string()}],
    });
    cx.declare(item, "endpoint_group", "ec2.SecurityGroup", group);
    let subnets: Vec<String> = choice.zones.iter().map(|zone| id(&format!("private.{}", zone.id))).collect();
    for name in interfaces {
        let spec = json!({
            "vpc_id": id("vpc"),
            "service_name": format!("com.amazonaws.${{region}}.{name}"),
            "vpc_endpoint_type": "interface",
            "subnet_ids": subnets,
            "security_group_ids": [id("endpoint_group")],
            "private_dns_enabled": true,
            "tags": named(cx, &[name]),
        });
        cx.declare(item, &part(name), "ec2.VpcEndpoint", spec);
    }
}

/// Reports names that cannot be endpoints.
pub(super) fn check(cx: &mut Expansion<'_>, network: &Network) {
    for (index, name) in network.endpoints.iter().enumerate() {
        let well_formed = !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-_".contains(&b));
        let near = nearest(name, FREQUENT).filter(|near| near != name);
        if FREQUENT.contains(&name.as_str()) || (well_formed && near.is_none()) {
            continue;
        }
        let at = cx.loaded.places.value(&Path::of(["network", "endpoints"]).index(index));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "write what stands behind the region in the endpoint's name, such as `logs`".to_owned(),
        };
        let problem =
            Problem::new(Code::UnknownEndpoint, format!("`{name}` is not a known endpoint")).at(at).help(help);
        // There are hundreds, and new ones all the time.
        cx.report(if well_formed { problem.warning() } else { problem });
    }
}
