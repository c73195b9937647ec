//! Connections that a change lets in: on which ports, and from whom.

use std::net::IpAddr;

use super::{Finding, RiskyChange, finding};
use crate::catalog::Stake;
use crate::plan::review::RiskClass::NetworkAccess;
use crate::value::Partial;

pub(super) fn of(change: &RiskyChange<'_>) -> Vec<Finding> {
    let fields = if change.is_new() { change.wanted() } else { change.staked() };
    let fields = fields.into_iter().filter(|field| field.inside() == 0 && field.stakes.risk == Some(Stake::Ingress));
    let mut found = Vec::new();
    for field in fields {
        let before: Vec<Rule> = items(&Partial::from_json(&field.from)).iter().map(Rule::of).collect();
        let after: Vec<Rule> = items(&field.to).iter().map(Rule::of).collect();
        for rule in after.iter().filter(|rule| rule.is_new(&before, &after)) {
            // What a new thing lets in is its own affair, unless it is everybody.
            if rule.is_for_everybody() || !change.is_new() {
                found.push(finding(NetworkAccess, rule.words()));
            }
        }
    }
    found
}

/// A rule, whatever it is called where it stands.
#[derive(Debug, Clone, PartialEq)]
struct Rule {
    protocol: String,
    ports: (i64, i64),
    source: Source,
}

#[derive(Debug, Clone, PartialEq)]
enum Source {
    /// A range of addresses.
    Range(IpAddr, u8),
    /// A group or a list of ranges.
    Named(String),
    /// A reference that is known after apply.
    Unknown(String),
}

/// The fields in which the source of a rule stands.
const SOURCES: [&str; 5] = ["cidr_ipv4", "cidr_ipv6", "prefix_list_id", "security_group_id", "security_group_name"];

impl Rule {
    fn of(item: &Partial) -> Self {
        let known =
            |field: &str| item.get(field).and_then(|value| value.finish().ok()).filter(|value| !value.is_null());
        let port = |field: &str| known(field).and_then(|value| value.as_i64());
        let protocol = known("protocol").and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default();
        let from = port("from_port").unwrap_or(0);
        let last = if from == 0 { 65_535 } else { from };
        let ports = if protocol == "all" { (0, 65_535) } else { (from, port("to_port").unwrap_or(last)) };
        let source = SOURCES.into_iter().find_map(|field| item.get(field).filter(|value| !value.is_null()));
        let source = match source {
            Some(Partial::Text(text)) => range(text).unwrap_or_else(|| Source::Named(text.clone())),
            Some(Partial::Unknown(unknown)) => Source::Unknown(unknown.waits_for.join(", ")),
            _ => Source::Named("anybody".into()),
        };
        Self { protocol, ports, source }
    }

    fn is_new(&self, before: &[Self], after: &[Self]) -> bool {
        if let Source::Unknown(_) = self.source {
            let alike = |rule: &&Self| (&rule.protocol, rule.ports) == (&self.protocol, self.ports);
            // As many sources as before may be those of before, which stand elsewhere now.
            let unknown = after.iter().filter(alike).filter(|rule| matches!(rule.source, Source::Unknown(_))).count();
            let left = before.iter().filter(alike).filter(|rule| !after.contains(rule)).count();
            return unknown > left;
        }
        !before.iter().any(|rule| rule.covers(self))
    }

    fn covers(&self, other: &Self) -> bool {
        let protocol = self.protocol == "all" || self.protocol == other.protocol;
        let ports = self.ports.0 <= other.ports.0 && other.ports.1 <= self.ports.1;
        protocol && ports && self.source.covers(&other.source)
    }

    fn is_for_everybody(&self) -> bool {
        matches!(self.source, Source::Range(_, 0))
    }

    fn words(&self) -> String {
        let ports = match (self.protocol.as_str(), self.ports) {
            ("all", _) => "all traffic".to_owned(),
            (protocol @ ("tcp" | "udp"), (0, 65_535)) => format!("every port of {protocol}"),
            (protocol @ ("tcp" | "udp"), (from, to)) if from == to => format!("{protocol} {from}"),
            (protocol @ ("tcp" | "udp"), (from, to)) => format!("{protocol} {from}-{to}"),
            (protocol, _) => protocol.to_owned(),
        };
        let source = match &self.source {
            Source::Range(address, 0) => format!("the whole internet ({address}/0)"),
            Source::Range(address, bits) => format!("{address}/{bits}"),
            Source::Named(name) | Source::Unknown(name) => name.clone(),
        };
        format!("lets in {source} on {ports}")
    }
}

impl Source {
    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Range(IpAddr::V4(one), bits), Self::Range(IpAddr::V4(other), more)) => {
                bits <= more
                    && prefix(u128::from(u32::from(*one)), *bits, 32)
                        == prefix(u128::from(u32::from(*other)), *bits, 32)
            }
            (Self::Range(IpAddr::V6(one), bits), Self::Range(IpAddr::V6(other), more)) => {
                bits <= more && prefix(u128::from(*one), *bits, 128) == prefix(u128::from(*other), *bits, 128)
            }
            _ => self == other,
        }
    }
}

fn prefix(address: u128, bits: u8, width: u8) -> u128 {
    address.checked_shr(u32::from(width.saturating_sub(bits))).unwrap_or(0)
}

fn range(text: &str) -> Option<Source> {
    let (address, bits) = text.split_once('/')?;
    Some(Source::Range(address.parse().ok()?, bits.parse().ok()?))
}

fn items(list: &Partial) -> &[Partial] {
    match list {
        Partial::List(items) => items,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::Json;

    fn check(before: &Json, after: &Json, expected: &[&str]) {
        let rules = |json: &Json| -> Vec<Rule> { items(&Partial::from_json(json)).iter().map(Rule::of).collect() };
        let (before, after) = (rules(before), rules(after));
        let found: Vec<String> = after.iter().filter(|rule| rule.is_new(&before, &after)).map(Rule::words).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_was_let_in_before_is_not_new() {
        let network = json!([{"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_ipv4": "10.0.0.0/8"}]);
        check(&network, &network, &[]);
        check(
            &network,
            &json!([{"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_ipv4": "10.40.0.0/16"}]),
            &[],
        );
        check(&json!([{"protocol": "all", "cidr_ipv4": "0.0.0.0/0"}]), &network, &[]);
        check(&json!([{"protocol": "all", "cidr_ipv6": "::/0"}]), &network, &["lets in 10.0.0.0/8 on tcp 443"]);
    }

    #[test]
    fn wider_ranges_ports_and_groups_are_new() {
        let rule = |port: u16, source: &str| json!([{"protocol": "tcp", "from_port": port, "to_port": port, "cidr_ipv4": source}]);
        check(
            &rule(443, "10.0.0.0/8"),
            &rule(443, "0.0.0.0/0"),
            &["lets in the whole internet (0.0.0.0/0) on tcp 443"],
        );
        check(&rule(443, "10.0.0.0/8"), &rule(22, "10.0.0.0/8"), &["lets in 10.0.0.0/8 on tcp 22"]);
        let group = json!([{"protocol": "tcp", "from_port": 8000, "to_port": 8999, "security_group_id": "sg-1"}]);
        check(&json!([]), &group, &["lets in sg-1 on tcp 8000-8999"]);
    }
}
