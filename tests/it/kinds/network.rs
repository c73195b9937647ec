//! The network that some examples stand in: a VPC with a subnet in each of three zones, and two security groups.
//!
//! An example names them by ids that no account has, and gets those of the network made here:
//! `vpc-0a1b2c3d4e5f60001`, `subnet-0a1b2c3d4e5f60001` to `…3`, `sg-0a1b2c3d4e5f60001` and `…2`.

use std::collections::BTreeMap;
use std::time::Instant;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::config::{BehaviorVersion, Region};
use isobar::value::Json;

use super::emulator::{PATIENCE, PAUSE};
use super::surroundings::{REGION, keys, said};

const PLACEHOLDER: &str = "-0a1b2c3d4e5f6000";

/// A network, once something needs it.
pub struct Network {
    endpoint: String,
    /// Real ids by those in examples, in the order in which they were made.
    ids: Vec<(String, String)>,
}

impl Network {
    /// Nothing yet.
    pub fn new(endpoint: &str) -> Self {
        Self { endpoint: endpoint.to_owned(), ids: Vec::new() }
    }

    /// The example with the ids of this network, which is made if the example needs one.
    pub async fn placed(&mut self, example: Json) -> Result<Json, String> {
        if !example.to_string().contains(PLACEHOLDER) {
            return Ok(example);
        }
        if self.ids.is_empty() {
            self.make().await?;
        }
        let ids: BTreeMap<&str, &str> = self.ids.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
        Ok(replaced(&example, &ids))
    }

    async fn make(&mut self) -> Result<(), String> {
        let ec2 = self.client();
        let call = ec2.create_vpc().cidr_block("10.77.0.0/16").amazon_provided_ipv6_cidr_block(true);
        let vpc = call.send().await.map_err(said)?.vpc.ok_or("no VPC")?;
        let vpc_id = vpc.vpc_id().unwrap_or_default().to_owned();
        self.keep("vpc", 1, &vpc_id);
        let described = ec2.describe_vpcs().vpc_ids(&vpc_id).send().await.map_err(said)?;
        let six =
            described.vpcs().first().and_then(|vpc| vpc.ipv6_cidr_block_association_set().first()?.ipv6_cidr_block());
        let six = six.ok_or("no IPv6 block")?.replace("00::/56", "");
        for (number, zone) in (1..).zip(["a", "b", "c"]) {
            let call = ec2.create_subnet().vpc_id(&vpc_id).cidr_block(format!("10.77.{number}.0/24"));
            let call =
                call.availability_zone(format!("{REGION}{zone}")).ipv6_cidr_block(format!("{six}0{number}::/64"));
            let made = call.send().await.map_err(said)?;
            self.keep("subnet", number, made.subnet.and_then(|subnet| subnet.subnet_id).as_deref().unwrap_or_default());
        }
        for number in 1..=2 {
            let call = ec2.create_security_group().group_name(format!("try-{number}")).vpc_id(&vpc_id);
            let made = call.description("Tried").send().await.map_err(said)?;
            self.keep("sg", number, made.group_id.as_deref().unwrap_or_default());
        }
        Ok(())
    }

    /// Takes it back, last made first. What stood in it lets go of it only after a while.
    pub async fn clear(&mut self) -> Result<(), String> {
        let ec2 = self.client();
        let begun = Instant::now();
        while let Some((placeholder, id)) = self.ids.last() {
            let gone = match placeholder.split_once('-').map(|(kind, _)| kind) {
                Some("sg") => ec2.delete_security_group().group_id(id).send().await.map(drop).map_err(said),
                Some("subnet") => ec2.delete_subnet().subnet_id(id).send().await.map(drop).map_err(said),
                _ => ec2.delete_vpc().vpc_id(id).send().await.map(drop).map_err(said),
            };
            match gone {
                Ok(()) => drop(self.ids.pop()),
                Err(said) if said.contains("DependencyViolation") && begun.elapsed() < PATIENCE => {
                    tokio::time::sleep(PAUSE).await;
                }
                Err(said) => return Err(format!("{id}: {said}")),
            }
        }
        Ok(())
    }

    fn keep(&mut self, kind: &str, number: u8, id: &str) {
        self.ids.push((format!("{kind}{PLACEHOLDER}{number}"), id.to_owned()));
    }

    fn client(&self) -> Client {
        let config = aws_sdk_ec2::Config::builder().behavior_version(BehaviorVersion::latest());
        let config = config.region(Region::new(REGION)).credentials_provider(keys()).endpoint_url(&self.endpoint);
        Client::from_conf(config.build())
    }
}

/// The example with other texts in place of these.
pub fn replaced(json: &Json, ids: &BTreeMap<&str, &str>) -> Json {
    match json {
        Json::String(text) => Json::from(ids.get(text.as_str()).copied().unwrap_or(text)),
        Json::Array(items) => items.iter().map(|item| replaced(item, ids)).collect(),
        Json::Object(fields) => {
            Json::Object(fields.iter().map(|(key, value)| (key.clone(), replaced(value, ids))).collect())
        }
        plain => plain.clone(),
    }
}
