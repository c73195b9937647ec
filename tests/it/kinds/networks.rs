//! What the networks of EC2 must keep and no single thing's life shows: groups that name each other, addresses
//! that move, subnets that change hands, and who is named when something cannot be deleted.

use std::time::Instant;

use isobar::catalog::Catalog;
use isobar::cloud::{Class, Cloud, CloudError, Live, ReadMode, ReadRequest, Readiness};
use isobar::diff::{self, Change};
use isobar::kinds::catalog;
use isobar::names::{Address, KindName, Owner, PhysicalId, Scope};
use isobar::value::{Json, Partial};
use serde_json::json;

use super::emulator::{Emulator, PATIENCE, PAUSE, repeat};

/// A network that is made up as it goes.
pub struct Network<'a> {
    emulator: &'a Emulator,
    catalog: Catalog,
    at: Scope,
    word: String,
    made: Vec<(KindName, PhysicalId)>,
}

type Outcome<T> = Result<T, String>;

impl<'a> Network<'a> {
    /// Nothing yet.
    pub fn new(emulator: &'a Emulator) -> Self {
        let at = Scope::In("us-east-1".parse().expect("a region"));
        Self { emulator, catalog: catalog(), at, word: emulator.word("networks"), made: Vec::new() }
    }

    /// Everything that is tried.
    pub async fn live(&mut self) -> Outcome<()> {
        let vpc = self.make("ec2.Vpc", "vpc", &json!({"cidr_block": "10.60.0.0/16"})).await?;
        self.groups(&vpc).await.map_err(|fault| format!("groups: {fault}"))?;
        self.tables(&vpc).await.map_err(|fault| format!("tables: {fault}"))?;
        self.addresses(&vpc).await.map_err(|fault| format!("addresses: {fault}"))
    }

    /// Two groups, each made before the other's rules can be.
    async fn groups(&mut self, vpc: &str) -> Outcome<()> {
        let kind = "ec2.SecurityGroup";
        let (web, data) = (format!("{}-web", self.word), format!("{}-data", self.word));
        let rule = |port: u16, peer: &str| json!([{"protocol": "tcp", "from_port": port, "to_port": port, "security_group_name": peer}]);
        let group = |name: &str, rules: Json| json!({"name": name, "description": "Circle", "vpc_id": vpc, "ingress": [], "egress": rules});
        let of_web = group(&web, rule(5432, &data));
        let one = self.create(kind, "web", &of_web).await?;
        match self.update(kind, &one, &of_web).await {
            Err(error) if error.class == Class::NotVisibleYet && error.message.contains(&data) => {}
            other => return Err(format!("a peer that is not there: {other:?}")),
        }
        let mut of_data = group(&data, json!([]));
        of_data["ingress"] = rule(5432, &web);
        let other = self.make(kind, "data", &of_data).await?;
        self.reach(kind, &one, &of_web).await?;
        // The same peers by id, which is how the file says it this time.
        let mut by_id = of_web.clone();
        by_id["egress"] = json!([{"protocol": "tcp", "from_port": 5432, "to_port": 5432, "security_group_id": other}]);
        if !self.differences(kind, &one, &by_id).await?.is_empty() {
            return Err("by name and by id is not the same".to_owned());
        }
        let kind = self.kind(kind);
        match self.emulator.cloud.delete(&self.at, &kind, &one).await {
            Err(error) if error.class == Class::Conflict && error.message.contains(&other) => {}
            refused => return Err(format!("deleted while another group's rule is for it: {refused:?}")),
        }
        self.end(&kind, &PhysicalId::new(other)).await?;
        self.end(&kind, &one).await
    }

    /// A subnet goes from one table to another, and a gateway endpoint's routes are nobody's.
    async fn tables(&mut self, vpc: &str) -> Outcome<()> {
        let subnet = json!({"vpc_id": vpc, "cidr_block": "10.60.0.0/20", "availability_zone_id": "use1-az1"});
        let subnet = self.make("ec2.Subnet", "subnet", &subnet).await?;
        let table = json!({"vpc_id": vpc, "routes": [], "subnet_ids": [subnet]});
        let first = self.make("ec2.RouteTable", "first", &table).await?;
        self.make("ec2.RouteTable", "second", &table).await?;
        let first = PhysicalId::new(first);
        let lost = self.differences("ec2.RouteTable", &first, &table).await?;
        if lost.len() != 1 {
            return Err(format!("the first table has lost its subnet, and says {lost:?}"));
        }
        let endpoint = |tables: &[&PhysicalId]| {
            let ids: Vec<&str> = tables.iter().map(|id| id.as_str()).collect();
            let service = "com.amazonaws.us-east-1.s3";
            json!({"vpc_id": vpc, "service_name": service, "vpc_endpoint_type": "gateway", "route_table_ids": ids})
        };
        let id = PhysicalId::new(self.make("ec2.VpcEndpoint", "endpoint", &endpoint(&[&first])).await?);
        let empty = json!({"vpc_id": vpc, "routes": [], "subnet_ids": []});
        let foreign = self.differences("ec2.RouteTable", &first, &empty).await?;
        if !foreign.is_empty() {
            return Err(format!("the endpoint's routes count as ours: {foreign:?}"));
        }
        self.reach("ec2.VpcEndpoint", &id, &endpoint(&[])).await?;
        self.reach("ec2.VpcEndpoint", &id, &endpoint(&[&first])).await
    }

    /// A regional gateway gets an address, and one that moves to another zone.
    async fn addresses(&mut self, vpc: &str) -> Outcome<()> {
        self.make("ec2.InternetGateway", "internet", &json!({"vpc_id": vpc})).await?;
        let one = self.make("ec2.ElasticIp", "one", &json!({})).await?;
        let two = self.make("ec2.ElasticIp", "two", &json!({})).await?;
        let gateway = |zones: Json| json!({"availability_mode": "regional", "vpc_id": vpc, "zone_addresses": zones});
        let zone = |id: &str, addresses: &[&str]| json!({"availability_zone_id": id, "allocation_ids": addresses});
        let kind = "ec2.NatGateway";
        let id = PhysicalId::new(self.make(kind, "nat", &gateway(json!([zone("use1-az1", &[&one])]))).await?);
        for zones in [
            json!([zone("use1-az1", &[&one]), zone("use1-az2", &[&two])]),
            json!([zone("use1-az2", &[&one, &two])]),
            json!([zone("use1-az2", &[&one])]),
        ] {
            self.reach(kind, &id, &gateway(zones)).await?;
        }
        let address = self.kind("ec2.ElasticIp");
        match self.emulator.cloud.delete(&self.at, &address, &PhysicalId::new(&one)).await {
            Err(error) if error.class == Class::Conflict => Ok(()),
            other => Err(format!("an address in use was given back: {other:?}")),
        }
    }

    /// Deletes what is left, the last first.
    pub async fn clear(&mut self) -> Vec<String> {
        let mut faults = Vec::new();
        for (kind, id) in self.made.clone().into_iter().rev() {
            faults.extend(self.end(&kind, &id).await.err());
        }
        faults
    }

    fn kind(&self, name: &str) -> KindName {
        let name = name.parse().expect("a kind's name");
        assert!(self.catalog.get(&name).is_some(), "{name}");
        name
    }

    async fn make(&mut self, kind: &str, name: &str, spec: &Json) -> Outcome<String> {
        let id = self.create(kind, name, spec).await?;
        self.reach(kind, &id, spec).await?;
        Ok(id.to_string())
    }

    async fn create(&mut self, kind: &str, name: &str, spec: &Json) -> Outcome<PhysicalId> {
        let kind = self.kind(kind);
        let address = Address::new(format!("networks.{name}"), self.at.clone());
        let owner = Owner { stack: self.emulator.stack.clone(), address, generation: 1 };
        let id = repeat("create", || self.emulator.cloud.create(&self.at, &kind, spec, &owner)).await?;
        self.made.push((kind, id.clone()));
        Ok(id)
    }

    /// Updates until nothing differs.
    async fn reach(&self, kind: &str, id: &PhysicalId, spec: &Json) -> Outcome<()> {
        let begun = Instant::now();
        loop {
            let differences = self.differences(kind, id, spec).await?;
            if differences.is_empty() {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("{kind} still differs: {differences:?}"));
            }
            match self.update(kind, id, spec).await {
                Ok(()) => {}
                Err(error) if error.class.is_transient() => tokio::time::sleep(PAUSE).await,
                Err(error) => return Err(format!("{kind}: {error}")),
            }
        }
    }

    async fn update(&self, kind: &str, id: &PhysicalId, spec: &Json) -> Result<(), CloudError> {
        let kind = self.kind(kind);
        let live =
            self.settled(&kind, id, spec).await.map_err(|fault| CloudError::local(Class::Other, "read", fault))?;
        let shape = &self.catalog.get(&kind).expect("a kind").spec;
        let from = diff::managed_part(shape, spec, &live.spec, Some(spec));
        self.emulator.cloud.update(&self.at, &kind, id, &from, spec).await
    }

    async fn differences(&self, kind: &str, id: &PhysicalId, spec: &Json) -> Outcome<Vec<Change>> {
        let kind = self.kind(kind);
        let live = self.settled(&kind, id, spec).await?;
        let shape = &self.catalog.get(&kind).expect("a kind").spec;
        Ok(diff::changes(shape, &Partial::from_json(spec), &live.spec, Some(spec)))
    }

    /// What is there once AWS is no longer at work on it.
    async fn settled(&self, kind: &KindName, id: &PhysicalId, spec: &Json) -> Outcome<Live> {
        let begun = Instant::now();
        loop {
            let live = self.read(kind, id, spec).await?.ok_or_else(|| format!("{kind} {id} is not there"))?;
            match &live.readiness {
                Readiness::Failed(why) => return Err(format!("{kind} {id} failed: {why}")),
                Readiness::Pending(_) if begun.elapsed() < PATIENCE => tokio::time::sleep(PAUSE).await,
                _ => return Ok(live),
            }
        }
    }

    async fn read(&self, kind: &KindName, id: &PhysicalId, spec: &Json) -> Outcome<Option<Live>> {
        let ask = [ReadRequest::new(id.clone(), spec)];
        let mut live = repeat("read", || self.emulator.cloud.read(&self.at, kind, &ask, ReadMode::Fresh)).await?;
        Ok(live.pop().flatten())
    }

    async fn end(&mut self, kind: &KindName, id: &PhysicalId) -> Outcome<()> {
        let begun = Instant::now();
        while self.read(kind, id, &Json::Null).await?.is_some() {
            repeat("delete", || self.emulator.cloud.delete(&self.at, kind, id)).await?;
            if begun.elapsed() > PATIENCE {
                return Err(format!("{kind} {id} stays"));
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.made.retain(|(_, made)| made != id);
        Ok(())
    }
}
