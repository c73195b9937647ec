//! What the network of a region is to be: addresses, zones, a way out. Everything that can be wrong with it is told
//! here.

use super::cidr::{Cidr, LENGTHS, MAX_ZONES};
use super::zones::{self, Zone};
use crate::blocks::BLOCKS;
use crate::blocks::expansion::Expansion;
use crate::names::Region;
use crate::problem::{Code, Problem, nearest};
use crate::stack::file::{Nat, Network};
use crate::value::{Json, Path};

/// What the network of a region is to be.
pub(super) struct Choice {
    /// Its addresses.
    pub cidr: Cidr,
    /// Its zones, two or more.
    pub zones: Vec<Zone>,
    /// The way out.
    pub nat: Nat,
    /// Whether there are public subnets.
    pub public: bool,
    /// Whether there is an internet gateway.
    pub internet: bool,
}

impl Choice {
    /// The zones with a NAT gateway of their own.
    pub fn nat_zones(&self) -> &[Zone] {
        match self.nat {
            Nat::Single => &self.zones[..self.zones.len().min(1)],
            Nat::PerZone => &self.zones,
            Nat::None | Nat::Regional => &[],
        }
    }

    /// The part of the network that is the NAT gateway of a zone.
    pub fn nat_of(&self, zone: &Zone) -> Option<String> {
        match self.nat {
            Nat::None => None,
            Nat::Regional => Some("nat.regional".into()),
            Nat::PerZone => Some(format!("nat.{}", zone.id)),
            Nat::Single => self.zones.first().map(|first| format!("nat.{}", first.id)),
        }
    }
}

/// What the network of a region is to be, or what is wrong with it.
pub(super) fn choice(cx: &Expansion<'_>, region: &Region) -> Result<Choice, Vec<Problem>> {
    let Some(network) = &cx.stack().network else { return Err(Vec::new()) };
    let cidr = addresses(cx, network, region);
    let zones = selected(cx, network, region);
    match (cidr, zones) {
        (Ok(cidr), Ok(zones)) => {
            let open = BLOCKS.iter().any(|block| (block.is_public)(cx.in_region(region)));
            let public = open || matches!(network.nat, Nat::Single | Nat::PerZone);
            Ok(Choice { cidr, zones, nat: network.nat, public, internet: open || network.nat != Nat::None })
        }
        (cidr, zones) => Err([cidr.err(), zones.err()].into_iter().flatten().flatten().collect()),
    }
}

type Found<T> = Result<T, Option<Problem>>;

fn addresses(cx: &Expansion<'_>, network: &Network, region: &Region) -> Found<Cidr> {
    let path = Path::of(["network", "cidr", region.as_str()]);
    let Some(text) = network.cidr.get(region.as_str()) else {
        let at = cx.loaded.places.key(&Path::of(["network", "cidr"]));
        let free = (1..=255).map(|n| format!("10.{n}.0.0/16")).find(|free| !taken(network, free));
        let free = free.unwrap_or_else(|| "10.0.0.0/16".into());
        let problem = Problem::new(Code::NoCidr, format!("the network of {region} has no addresses"));
        return Err(Some(problem.at(at).help(format!("add `{region}: {free}` to `cidr`"))));
    };
    let at = cx.loaded.places.value(&path);
    match Cidr::parse(text) {
        Ok(cidr) if cidr.length < *LENGTHS.start() => {
            let problem = Problem::new(Code::BadCidr, format!("`{text}` is more than a network can have")).at(at);
            Err(Some(problem.help("use a `/16` inside it")))
        }
        Ok(cidr) if cidr.length > *LENGTHS.end() => {
            let message = format!("`{text}` is too small for subnets in up to {MAX_ZONES} zones");
            let help = format!("use `/{}` or more addresses; `/16` leaves room for everything", LENGTHS.end());
            Err(Some(Problem::new(Code::BadCidr, message).at(at).help(help)))
        }
        Ok(cidr) => Ok(cidr),
        Err(Some(plain)) => {
            let problem = Problem::new(Code::BadCidr, format!("`{text}` does not begin where its range begins"));
            Err(Some(problem.at(at).help(format!("write `{plain}`"))))
        }
        Err(None) => {
            let problem = Problem::new(Code::BadCidr, format!("`{text}` is not a range of IPv4 addresses"));
            Err(Some(problem.at(at).help("write it as `10.1.0.0/16`")))
        }
    }
}

fn taken(network: &Network, free: &str) -> bool {
    let parse = |text: &str| Cidr::parse(text).or_else(|plain| plain.ok_or(())).ok();
    network.cidr.values().filter_map(|text| parse(text)).any(|other| parse(free).is_some_and(|one| one.overlaps(other)))
}

fn selected(cx: &Expansion<'_>, network: &Network, region: &Region) -> Found<Vec<Zone>> {
    let path = Path::of(["network", "zones"]);
    let known = zones::of(region);
    let count = match &network.zones {
        None => 2,
        Some(Json::Object(by_region)) => match by_region.get(region.as_str()) {
            Some(list) => return listed(cx, &path.field(region.as_str()), list, region, &known),
            None => 2,
        },
        Some(Json::Number(number)) if number.as_u64().is_some_and(|n| (2..=u64::from(MAX_ZONES)).contains(&n)) => {
            number.as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or(2)
        }
        // Told once, for all regions.
        Some(_) => return Err(None),
    };
    if known.is_empty() {
        let problem = Problem::new(Code::UnknownZones, format!("the zones of {region} are not known to this version"));
        let help = format!("write their IDs out: `zones: {{{region}: [...]}}`");
        return Err(Some(problem.at(cx.loaded.places.key(&path)).help(help)));
    }
    if known.len() < count {
        let problem = Problem::new(Code::UnknownZones, format!("{region} has {} zones, not {count}", known.len()));
        return Err(Some(problem.at(cx.loaded.places.value(&path)).help("use fewer, or write zones out by region")));
    }
    Ok(known.into_iter().take(count).collect())
}

fn listed(cx: &Expansion<'_>, path: &Path, list: &Json, region: &Region, known: &[Zone]) -> Found<Vec<Zone>> {
    let at = cx.loaded.places.value(path);
    let texts: Option<Vec<&str>> = list.as_array().and_then(|items| items.iter().map(Json::as_str).collect());
    let Some(texts) = texts else {
        let problem = Problem::new(Code::WrongType, format!("the zones of {region} are a list of IDs")).at(at);
        return Err(Some(problem.help("write them as `[use1-az1, use1-az2]`")));
    };
    let mut chosen: Vec<Zone> = Vec::new();
    for (index, id) in texts.iter().enumerate() {
        let at = cx.loaded.places.value(&path.index(index));
        let found = known.iter().find(|zone| zone.id == *id).cloned();
        let found = found.or_else(|| if known.is_empty() { zones::unlisted(id) } else { None });
        let Some(zone) = found else {
            let ids = known.iter().map(|zone| zone.id.as_str());
            let help = match nearest(id, ids.clone()) {
                _ if known.is_empty() => "an ID ends in `-az1` to `-az6`".to_owned(),
                _ if id.starts_with(region.as_str()) => {
                    format!("names differ from account to account; use IDs: {}", ids.collect::<Vec<_>>().join(", "))
                }
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it has {}", ids.collect::<Vec<_>>().join(", ")),
            };
            return Err(Some(
                Problem::new(Code::UnknownZones, format!("{region} has no zone `{id}`")).at(at).help(help),
            ));
        };
        if chosen.contains(&zone) {
            let problem = Problem::new(Code::UnknownZones, format!("duplicate zone `{id}`")).at(at);
            return Err(Some(problem.help("name each zone once")));
        }
        chosen.push(zone);
    }
    if chosen.len() < 2 {
        let problem =
            Problem::new(Code::UnknownZones, format!("a load balancer takes two zones, not {}", chosen.len()));
        return Err(Some(problem.at(at).help("name at least two zones")));
    }
    Ok(chosen)
}

/// Reports what is wrong with the network as a whole.
pub(super) fn check(cx: &mut Expansion<'_>, network: &Network) {
    let path = Path::of(["network"]);
    let by_region = match &network.zones {
        Some(Json::Object(by_region)) => by_region.keys().map(String::as_str).collect(),
        Some(Json::Number(number)) if number.as_u64().is_some_and(|n| (2..=u64::from(MAX_ZONES)).contains(&n)) => {
            Vec::new()
        }
        Some(other) => {
            let message = format!("`{other}` does not say how many zones, or which");
            let help = format!("write 2 to {MAX_ZONES}, or IDs by region: `{{us-east-1: [use1-az1, use1-az4]}}`");
            let at = cx.loaded.places.value(&path.field("zones"));
            cx.report(Problem::new(Code::WrongValue, message).at(at).help(help));
            Vec::new()
        }
        None => Vec::new(),
    };
    let cidrs = network.cidr.keys().map(|region| ("cidr", region.as_str()));
    let existing = network.existing.keys().map(|region| ("existing", region.as_str()));
    let named: Vec<(&str, &str)> =
        by_region.into_iter().map(|region| ("zones", region)).chain(cidrs).chain(existing).collect();
    for (field, name) in named {
        foreign(cx, &path.field(field).field(name), name);
        if field != "existing" && network.existing.contains_key(name) {
            let at = cx.loaded.places.key(&path.field(field).field(name));
            let problem =
                Problem::new(Code::NotManaged, format!("`{field}` of a network that somebody else looks after"));
            cx.report(problem.at(at).help("remove it, or remove the region under `existing`"));
        }
    }
    overlaps(cx, network);
}

fn foreign(cx: &mut Expansion<'_>, path: &Path, name: &str) {
    let known = cx.regions().iter().map(Region::as_str);
    if known.clone().any(|region| region == name) {
        return;
    }
    let help = match nearest(name, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "add it to `regions`, or take it out here".to_owned(),
    };
    let problem = Problem::new(Code::ForeignRegion, format!("`{name}` is none of the stack's regions"));
    cx.report(problem.at(cx.loaded.places.key(path)).help(help));
}

/// Networks that overlap can never be joined, and nothing about them can be changed later.
fn overlaps(cx: &mut Expansion<'_>, network: &Network) {
    let ranges: Vec<(&String, &String, Cidr)> =
        network.cidr.iter().filter_map(|(region, text)| Some((region, text, Cidr::parse(text).ok()?))).collect();
    for (at, (region, text, cidr)) in ranges.iter().enumerate() {
        let Some((other, _, _)) = ranges[..at].iter().find(|(.., other)| other.overlaps(*cidr)) else { continue };
        let place = |region: &str| cx.loaded.places.value(&Path::of(["network", "cidr", region]));
        let problem = Problem::new(Code::CidrOverlap, format!("`{text}` in {region} overlaps the network of {other}"));
        let problem = problem.at(place(region)).note(place(other), "the other one");
        cx.report(problem.help("networks that may be peered later must not overlap"));
    }
}
