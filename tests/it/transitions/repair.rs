//! What follows from a change: what refers to things that are gone goes too, and what others need comes.

use super::names::{Names, REGIONS};
use super::yaml::{Yaml, get, keys, remove, set, text, texts, written, yaml};

/// Makes a stack whole again, as somebody would who has changed it on purpose.
pub fn repair(stack: &mut Yaml) {
    regions(stack);
    dns(stack);
    network(stack);
    tables(stack);
    for block in ["services", "fleets"] {
        for name in keys(stack, &[block]) {
            balanced(stack, block, &name);
        }
    }
    access_and_environment(stack);
    apis(stack);
    moved(stack);
}

/// Whether a reference such as `tables.carts` or `tables.carts.name` leads to an entry.
fn stands(stack: &Yaml, reference: &str) -> bool {
    let words: Vec<&str> = reference.split('.').collect();
    words.len() >= 2 && get(stack, &[words[0], words[1]]).is_some()
}

fn regions(stack: &mut Yaml) {
    let regions = texts(stack, &["regions"]);
    let foreign = |region: &String| !regions.contains(region);
    for block in super::language::NAMED {
        for name in keys(stack, &[block]) {
            for region in keys(stack, &[block, &name, "regions"]).into_iter().filter(foreign) {
                remove(stack, &[block, &name, "regions", &region]);
            }
            if texts(stack, &[block, &name, "in"]).iter().any(foreign) {
                set(stack, &[block, &name, "in"], "primary".into());
            }
        }
    }
    let order = texts(stack, &["rollout", "order"]);
    if order.len() != regions.len() || order.iter().any(foreign) {
        remove(stack, &["rollout"]);
    }
}

fn dns(stack: &mut Yaml) {
    let there = text(stack, &["dns", "zone"]) == Some("there.example.com");
    if get(stack, &["dns"]).is_some() {
        // One zone is somebody else's, the others are ours to make.
        set(stack, &["dns", "create"], (!there).into());
        if there {
            remove(stack, &["dns", "protect"]);
            remove(stack, &["dns", "retain"]);
        }
    }
}

fn network(stack: &mut Yaml) {
    let needed = ["services", "fleets"].iter().any(|block| !keys(stack, &[block]).is_empty());
    if needed && get(stack, &["network"]).is_none() {
        set(stack, &["network"], yaml("{nat: single}"));
    }
    if get(stack, &["network"]).is_none() {
        return;
    }
    let regions = texts(stack, &["regions"]);
    for region in keys(stack, &["network", "cidr"]).into_iter().filter(|region| !regions.contains(region)) {
        remove(stack, &["network", "cidr", &region]);
    }
    for region in regions {
        if text(stack, &["network", "cidr", &region]).is_none() {
            let number = REGIONS.iter().position(|known| *known == region).unwrap_or_default();
            let ten = keys(stack, &["network", "cidr"]).first().and_then(|other| {
                let (from, _) = text(stack, &["network", "cidr", other])?.strip_prefix("10.")?.split_once('.')?;
                from.parse::<usize>().ok().map(|from| from / 10 * 10)
            });
            let cidr = format!("10.{}.0.0/16", ten.unwrap_or(10) + number);
            set(stack, &["network", "cidr", &region], cidr.into());
        }
    }
    let closed = text(stack, &["network", "nat"]) == Some("none");
    for name in keys(stack, &["services"]) {
        let image = text(stack, &["services", &name, "image"]).unwrap_or_default();
        if closed && !image.contains(".dkr.ecr.") {
            let tag = image.rsplit_once(':').map_or("1.0", |(_, tag)| tag);
            let inside = format!("000000000000.dkr.ecr.us-east-1.amazonaws.com/app:{tag}");
            set(stack, &["services", &name, "image"], inside.into());
        }
    }
}

fn tables(stack: &mut Yaml) {
    let regions = texts(stack, &["regions"]);
    for name in keys(stack, &["tables"]) {
        let at = |key: &'static str| ["tables", name.as_str(), key];
        if get(stack, &at("existing")).is_some() {
            for key in keys(stack, &["tables", &name]).into_iter().filter(|key| key != "existing") {
                remove(stack, &["tables", &name, &key]);
            }
            continue;
        }
        let strong = text(stack, &at("consistency")) == Some("strong");
        let near = regions.iter().all(|region| region.starts_with("us-"));
        if strong && near && regions.len() == 2 && !regions.contains(&"us-east-2".to_owned()) {
            set(stack, &at("witness"), "us-east-2".into());
        } else if strong && near && regions.len() == 3 {
            remove(stack, &at("witness"));
        } else {
            remove(stack, &at("consistency"));
            remove(stack, &at("witness"));
        }
        if text(stack, &at("consistency")) == Some("strong") {
            // AWS has neither time to live nor local indexes with it.
            remove(stack, &at("ttl"));
        }
    }
}

fn balanced(stack: &mut Yaml, block: &str, name: &str) {
    let drop = |stack: &mut Yaml, key: &str| drop(remove(stack, &[block, name, key]));
    let strategy = text(stack, &[block, name, "deploy", "strategy"]).unwrap_or("rolling").to_owned();
    let has_port = get(stack, &[block, name, "port"]).is_some();
    if !has_port {
        drop(stack, "public");
        drop(stack, "health");
        if strategy != "rolling" {
            drop(stack, "deploy");
        }
    }
    if get(stack, &[block, name, "scale"]).is_some() {
        drop(stack, "desired");
    }
    if !has_port || (block == "services" && strategy != "rolling") {
        remove(stack, &[block, name, "scale", "requests"]);
    }
    if block == "fleets" && get(stack, &[block, name, "user_data"]).is_none() {
        drop(stack, "environment");
    }
}

fn access_and_environment(stack: &mut Yaml) {
    let targets = Names { stack, this: String::new() }.targets();
    for block in ["functions", "services", "fleets"] {
        for name in keys(stack, &[block]) {
            for target in keys(stack, &[block, &name, "access"]) {
                let call = text(stack, &[block, &name, "access", &target]) == Some("call");
                if !stands(stack, &target) || (call && !targets.contains(&target)) {
                    remove(stack, &[block, &name, "access", &target]);
                }
            }
            for variable in keys(stack, &[block, &name, "environment"]) {
                let value = text(stack, &[block, &name, "environment", &variable]).unwrap_or_default().to_owned();
                let reference = value.split_once("${").and_then(|(_, rest)| Some(rest.split_once('}')?.0));
                let balancer = reference.is_some_and(|reference| reference.contains(".load_balancer."));
                let open = |reference: &str| targets.iter().any(|target| reference.starts_with(&format!("{target}.")));
                if reference.is_some_and(|reference| !stands(stack, reference) || (balancer && !open(reference))) {
                    remove(stack, &[block, &name, "environment", &variable]);
                }
            }
        }
    }
}

fn apis(stack: &mut Yaml) {
    let targets = Names { stack, this: String::new() }.targets();
    let zone = text(stack, &["dns", "zone"]).map(str::to_owned);
    for name in keys(stack, &["apis"]) {
        for route in keys(stack, &["apis", &name, "routes"]) {
            let target = text(stack, &["apis", &name, "routes", &route]).unwrap_or_default();
            if !targets.iter().any(|known| known == target) {
                remove(stack, &["apis", &name, "routes", &route]);
            }
        }
        if keys(stack, &["apis", &name, "routes"]).is_empty() {
            let Some(target) = targets.first() else {
                remove(stack, &["apis", &name]);
                continue;
            };
            set(stack, &["apis", &name, "routes", "GET /a"], Yaml::from(target.as_str()));
        }
        let domain = text(stack, &["apis", &name, "domain"]).map(str::to_owned);
        match (&domain, &zone) {
            (Some(domain), Some(zone)) if !domain.ends_with(&format!(".{zone}")) => {
                let first = domain.split('.').next().unwrap_or("api");
                set(stack, &["apis", &name, "domain"], format!("{first}.{zone}").into());
            }
            (Some(_), None) => drop(remove(stack, &["apis", &name, "domain"])),
            _ => {}
        }
        let probed = text(stack, &["apis", &name, "health", "path"]).is_some();
        let served = written(stack.get("apis").unwrap_or(&Yaml::Null));
        if probed && !["GET /a:", "ANY /{proxy+}:"].iter().any(|route| served.contains(route)) {
            remove(stack, &["apis", &name, "health"]);
        }
    }
}

/// A line of `moved` stays for as long as its new name stands and its old one does not.
fn moved(stack: &mut Yaml) {
    for old in keys(stack, &["moved"]) {
        let new = text(stack, &["moved", &old]).unwrap_or_default().to_owned();
        if !stands(stack, &new) || stands(stack, &old) {
            remove(stack, &["moved", &old]);
        }
    }
}

/// Whether somebody may lose this entry's data without another word: it is protected in no region.
pub fn is_unprotected(stack: &Yaml, block: &str, name: &str) -> bool {
    let said = |path: &[&str]| get(stack, path).and_then(Yaml::as_bool);
    let everywhere = said(&[block, name, "protect"]);
    let in_region = |region: &String| said(&[block, name, "regions", region, "protect"]).or(everywhere);
    let regions = texts(stack, &["regions"]);
    if regions.is_empty() {
        everywhere == Some(false)
    } else {
        regions.iter().all(|region| in_region(region) == Some(false))
    }
}
