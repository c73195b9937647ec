//! What is in a stack already, for what refers to it.

use fastrand::Rng;

use super::language::{one, word};
use super::yaml::{Yaml, get, keys, set, text, texts, yaml};

/// Every region that a stack of this test may be in; the first ones together can be strongly consistent.
pub const REGIONS: [&str; 4] = ["us-east-1", "us-west-2", "us-east-2", "eu-west-1"];
const ROUTES: [&str; 9] = [
    "GET /",
    "GET /a",
    "POST /a",
    "GET /b/{id}",
    "DELETE /b/{id}",
    "ANY /c/{proxy+}",
    "GET /c/one",
    "PUT /a/{id}/d",
    "ANY /{proxy+}",
];

/// The stack, and which of its entries is being made.
pub struct Names<'a> {
    pub stack: &'a Yaml,
    /// `functions.one`.
    pub this: String,
}

impl Names<'_> {
    pub fn regions(&self) -> Vec<String> {
        texts(self.stack, &["regions"])
    }

    /// Whatever takes requests.
    pub fn targets(&self) -> Vec<String> {
        let mut found = Vec::new();
        for block in ["functions", "services", "fleets"] {
            let names = keys(self.stack, &[block]).into_iter();
            let open = names.filter(|name| block == "functions" || get(self.stack, &[block, name, "port"]).is_some());
            found.extend(open.map(|name| format!("{block}.{name}")));
        }
        found
    }

    fn access(&self, chance: &mut Rng, in_network: bool) -> Yaml {
        let mut access = yaml("{}");
        for block in ["tables", "functions", "services", "fleets", "resources"] {
            for name in keys(self.stack, &[block]) {
                let target = format!("{block}.{name}");
                let queue = text(self.stack, &[block, &name, "kind"]) == Some("sqs.Queue");
                let kinds: &[&str] = match block {
                    "tables" => &["read", "write", "read-write"],
                    "functions" => &["invoke"],
                    "resources" if queue => &["read", "write", "read-write"],
                    "services" | "fleets" if in_network && self.targets().contains(&target) => &["call"],
                    _ => continue,
                };
                if target != self.this && chance.u8(..100) < 40 {
                    set(&mut access, &[&target], Yaml::from(word(chance, kinds)));
                }
            }
        }
        access
    }

    /// Any of these differences, in any region.
    #[expect(clippy::unnecessary_wraps, reason = "one type for all of them")]
    pub fn by_region(&self, chance: &mut Rng, differences: &[&str]) -> Option<Yaml> {
        let regions = self.regions();
        let mut made = Yaml::Null;
        set(&mut made, &[one::<String>(chance, &regions)], yaml(word(chance, differences)));
        Some(made)
    }
}

pub fn routes(chance: &mut Rng, names: &Names<'_>) -> Option<Yaml> {
    let targets = names.targets();
    let mut routes = Yaml::Null;
    for _ in 0..=chance.usize(..4) {
        let target = targets.get(chance.usize(..targets.len().max(1)))?;
        set(&mut routes, &[word(chance, &ROUTES)], Yaml::from(target.as_str()));
    }
    Some(routes)
}

pub fn domain(chance: &mut Rng, names: &Names<'_>) -> Option<Yaml> {
    let zone = text(names.stack, &["dns", "zone"])?;
    Some(Yaml::from(format!("{}.{zone}", word(chance, &["api", "www", "one", "two"]))))
}

#[expect(clippy::unnecessary_wraps, reason = "one type for all of them")]
pub fn image(chance: &mut Rng, names: &Names<'_>) -> Option<Yaml> {
    let closed = text(names.stack, &["network", "nat"]) == Some("none");
    let place = if closed { "000000000000.dkr.ecr.us-east-1.amazonaws.com" } else { "public.ecr.aws/acme" };
    let has_parameter = get(names.stack, &["parameters", "version"]).is_some();
    let tags: &[&str] = if has_parameter { &["1.0", "1.1", "${param.version}"] } else { &["1.0", "1.1", "2.0"] };
    Some(Yaml::from(format!("{place}/app:{}", word(chance, tags))))
}

#[expect(clippy::unnecessary_wraps, reason = "one type for all of them")]
pub fn environment(chance: &mut Rng, names: &Names<'_>) -> Option<Yaml> {
    let mut made = yaml(word(chance, &["{}", "{MOOD: calm}", "{MOOD: tense, A: '1'}"]));
    let tables = keys(names.stack, &["tables"]);
    if let Some(table) = tables.get(chance.usize(..=tables.len())) {
        set(&mut made, &["TABLE"], Yaml::from(format!("${{tables.{table}.name}}")));
    }
    let balanced: Vec<_> = names.targets().into_iter().filter(|target| !target.starts_with("functions")).collect();
    // Two that name each other's balancers would wait for each other.
    if let Some(other) = balanced.get(chance.usize(..=balanced.len())).filter(|other| **other < names.this) {
        set(&mut made, &["OTHER"], Yaml::from(format!("http://${{{other}.load_balancer.dns_name}}")));
    }
    Some(made)
}

#[expect(clippy::unnecessary_wraps, reason = "one type for all of them")]
pub fn access_of_function(chance: &mut Rng, names: &Names<'_>) -> Option<Yaml> {
    Some(names.access(chance, false))
}

#[expect(clippy::unnecessary_wraps, reason = "one type for all of them")]
pub fn access_in_network(chance: &mut Rng, names: &Names<'_>) -> Option<Yaml> {
    Some(names.access(chance, true))
}

#[expect(clippy::unnecessary_wraps, reason = "one type for all of them")]
pub fn cidr(chance: &mut Rng, names: &Names<'_>) -> Option<Yaml> {
    let from = 10 * chance.u8(1..5);
    let mut made = Yaml::Null;
    for region in names.regions() {
        let number = REGIONS.iter().position(|known| *known == region).unwrap_or_default();
        set(&mut made, &[&region], Yaml::from(format!("10.{}.0.0/16", usize::from(from) + number)));
    }
    Some(made)
}

#[expect(clippy::unnecessary_wraps, reason = "one type for all of them")]
pub fn order(chance: &mut Rng, names: &Names<'_>) -> Option<Yaml> {
    let mut regions = names.regions();
    chance.shuffle(&mut regions);
    Some(regions.into_iter().map(Yaml::from).collect::<Vec<_>>().into())
}

#[expect(clippy::unnecessary_wraps, reason = "one type for all of them")]
pub fn places(chance: &mut Rng, names: &Names<'_>) -> Option<Yaml> {
    let regions = names.regions();
    let place = word(chance, &["each-region", "primary", ""]);
    Some(if place.is_empty() { vec![Yaml::from(one(chance, &regions).as_str())].into() } else { place.into() })
}

pub fn after(chance: &mut Rng, names: &Names<'_>) -> Option<Yaml> {
    let mut others =
        keys(names.stack, &["tables"]).into_iter().map(|name| format!("tables.{name}")).collect::<Vec<_>>();
    others.retain(|other| get(names.stack, &["tables", other.trim_start_matches("tables."), "existing"]).is_none());
    let other = others.get(chance.usize(..others.len().max(1)))?;
    Some(vec![Yaml::from(other.as_str())].into())
}
