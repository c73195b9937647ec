//! One rule of a security group, in the one form in which the same rule is always written.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{
    IpPermission, IpRange, Ipv6Range, PrefixListId, SecurityGroupRule, SecurityGroupRuleRequest, UserIdGroupPair,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kinds::ec2::cidr::{wrong_ipv4, wrong_ipv6};

/// A rule: what may pass, and from or to whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// `tcp`, `udp`, `icmp`, `icmpv6`, another one's number in quotes, or `all`.
    #[schemars(regex(pattern = r"^(all|tcp|udp|icmp|icmpv6|[0-9]{1,3})$"))]
    pub protocol: String,
    /// Of TCP and UDP: the first port. Of ICMP: the type; all types when left out.
    #[schemars(range(min = 0, max = 65535))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_port: Option<i32>,
    /// Of TCP and UDP: the last port. Of ICMP: the code, -1 for all codes of the type.
    #[schemars(range(min = -1, max = 65535))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_port: Option<i32>,
    /// Peer: a block of IPv4 addresses.
    #[schemars(regex(pattern = r"^[0-9.]+/[0-9]{1,2}$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cidr_ipv4: Option<String>,
    /// Peer: a block of IPv6 addresses.
    #[schemars(regex(pattern = r"^[0-9a-f:.]+/[0-9]{1,3}$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cidr_ipv6: Option<String>,
    /// Peer: id of a prefix list, such as that of S3 in the region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix_list_id: Option<String>,
    /// Peer: what is in this security group, by its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_group_id: Option<String>,
    /// Peer: what is in the security group of this name in the same VPC, this one itself or one that refers back. It
    /// is waited for, so it must not depend on this group in any other way than by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_group_name: Option<String>,
    /// Description; up to 255 letters, digits, spaces and `._-:/()#,@[]+=&;{}!$*`.
    #[schemars(regex(pattern = r"^[A-Za-z0-9 ._:/()#,@\[\]+=&;{}!$*-]{1,255}$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Peer of a rule, as AWS knows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Peer {
    Ipv4(String),
    Ipv6(String),
    PrefixList(String),
    Group(String),
}

/// Identity of a rule: everything but its description.
pub(super) type Identity = (String, Option<i32>, Option<i32>, Peer);

/// The fields that its identity is made of.
pub(super) const IDENTITY: [&str; 8] = [
    "protocol",
    "from_port",
    "to_port",
    "cidr_ipv4",
    "cidr_ipv6",
    "prefix_list_id",
    "security_group_id",
    "security_group_name",
];

const ALL: &str = "all";
/// Protocols that AWS has a word for, by number.
const WORDS: [(&str, &str); 4] = [("1", "icmp"), ("6", "tcp"), ("17", "udp"), ("58", "icmpv6")];

impl Rule {
    /// The rule's identity. `ids` are the groups of the VPC by name; the error is a name that is not among them.
    pub(super) fn identity(&self, ids: &BTreeMap<String, String>) -> Result<Identity, String> {
        let peer = match (&self.cidr_ipv4, &self.cidr_ipv6, &self.prefix_list_id, &self.security_group_id) {
            (Some(block), ..) => Peer::Ipv4(block.clone()),
            (_, Some(block), ..) => Peer::Ipv6(block.clone()),
            (_, _, Some(list), _) => Peer::PrefixList(list.clone()),
            (.., Some(group)) => Peer::Group(group.clone()),
            _ => {
                let name = self.security_group_name.clone().unwrap_or_default();
                Peer::Group(ids.get(&name).cloned().ok_or(name)?)
            }
        };
        Ok((self.protocol.clone(), self.from_port, self.to_port, peer))
    }

    /// A live rule. Groups in `names` stand by their name, because the file names them so.
    pub(super) fn of(live: &SecurityGroupRule, names: &BTreeMap<String, String>) -> Self {
        let (protocol, from_port, to_port, peer) = identity_of(live);
        let name = match &peer {
            Peer::Group(id) => names.get(id).cloned(),
            _ => None,
        };
        let (mut four, mut six, mut list, mut group) = (None, None, None, None);
        match peer {
            Peer::Ipv4(block) => four = Some(block),
            Peer::Ipv6(block) => six = Some(block),
            Peer::PrefixList(id) => list = Some(id),
            Peer::Group(id) => group = Some(id).filter(|_| name.is_none()),
        }
        Self {
            protocol,
            from_port,
            to_port,
            cidr_ipv4: four,
            cidr_ipv6: six,
            prefix_list_id: list,
            security_group_id: group,
            security_group_name: name,
            description: live.description.clone().filter(|text| !text.is_empty()),
        }
    }

    /// Faults that the schema does not find.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let peers = [
            &self.cidr_ipv4,
            &self.cidr_ipv6,
            &self.prefix_list_id,
            &self.security_group_id,
            &self.security_group_name,
        ];
        if peers.into_iter().flatten().count() != 1 {
            wrong.push(
                "a rule needs exactly one of `cidr_ipv4`, `cidr_ipv6`, `prefix_list_id`, `security_group_id` and `security_group_name`"
                    .to_owned(),
            );
        }
        wrong.extend(self.cidr_ipv4.iter().filter_map(|block| wrong_ipv4("cidr_ipv4", block)));
        wrong.extend(self.cidr_ipv6.iter().filter_map(|block| wrong_ipv6("cidr_ipv6", block)));
        wrong.extend(self.wrong_ports());
        wrong
    }

    fn wrong_ports(&self) -> Option<String> {
        let ports = (self.from_port, self.to_port);
        match (self.protocol.as_str(), ports) {
            (number, _) if WORDS.iter().any(|(known, _)| *known == number) => {
                let word = WORDS.iter().find(|(known, _)| *known == number).map_or("", |(_, word)| *word);
                Some(format!("protocol {number} is written as `{word}`"))
            }
            ("tcp" | "udp", (Some(from), Some(to))) => {
                (from > to).then(|| format!("`from_port` {from} is above `to_port` {to}"))
            }
            ("tcp" | "udp", _) => Some(format!("a rule for {} needs `from_port` and `to_port`", self.protocol)),
            ("icmp" | "icmpv6", (Some(kind), Some(code))) => {
                (kind > 255 || code > 255).then(|| "types and codes of ICMP must be between 0 and 255".to_owned())
            }
            ("icmp" | "icmpv6", (Some(_), None) | (None, Some(_))) => Some(
                "a rule for ICMP needs a type (`from_port`) and a code (`to_port`, -1 for all), or neither".to_owned(),
            ),
            (_, (None, None)) => None,
            (protocol, _) => Some(format!("`from_port` and `to_port` have no effect with protocol `{protocol}`")),
        }
    }
}

/// A live rule's identity.
pub(super) fn identity_of(live: &SecurityGroupRule) -> Identity {
    let protocol = match live.ip_protocol().unwrap_or("-1") {
        "-1" => ALL,
        number => WORDS.iter().find(|(known, _)| *known == number).map_or(number, |(_, word)| *word),
    };
    let ports = match protocol {
        "tcp" | "udp" => (live.from_port, live.to_port),
        "icmp" | "icmpv6" if live.from_port.is_some_and(|kind| kind >= 0) => {
            (live.from_port, live.to_port.or(Some(-1)))
        }
        _ => (None, None),
    };
    let group = live.referenced_group_info().and_then(|group| group.group_id.clone());
    let peer = match (&live.cidr_ipv4, &live.cidr_ipv6, &live.prefix_list_id) {
        (Some(block), ..) => Peer::Ipv4(block.clone()),
        (_, Some(block), _) => Peer::Ipv6(block.clone()),
        (.., Some(list)) => Peer::PrefixList(list.clone()),
        _ => Peer::Group(group.unwrap_or_default()),
    };
    (protocol.to_owned(), ports.0, ports.1, peer)
}

fn wire(protocol: &str) -> &str {
    if protocol == ALL { "-1" } else { protocol }
}

/// The ports as AWS takes them: all types of ICMP are -1.
fn wire_ports((protocol, from, to, _): &Identity) -> (Option<i32>, Option<i32>) {
    let icmp = protocol.starts_with("icmp");
    (from.or(icmp.then_some(-1)), to.or(icmp.then_some(-1)))
}

/// A rule for the calls that make it.
pub(super) fn permission(identity: &Identity, description: Option<&String>) -> IpPermission {
    let (from, to) = wire_ports(identity);
    let call = IpPermission::builder().ip_protocol(wire(&identity.0)).set_from_port(from).set_to_port(to);
    let text = description.cloned();
    let call = match &identity.3 {
        Peer::Ipv4(block) => call.ip_ranges(IpRange::builder().cidr_ip(block).set_description(text).build()),
        Peer::Ipv6(block) => call.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(block).set_description(text).build()),
        Peer::PrefixList(id) => {
            call.prefix_list_ids(PrefixListId::builder().prefix_list_id(id).set_description(text).build())
        }
        Peer::Group(id) => {
            call.user_id_group_pairs(UserIdGroupPair::builder().group_id(id).set_description(text).build())
        }
    };
    call.build()
}

/// A rule for the call that changes its description: AWS takes all of it once more.
pub(super) fn request(identity: &Identity, description: Option<&String>) -> SecurityGroupRuleRequest {
    let (from, to) = wire_ports(identity);
    let call = SecurityGroupRuleRequest::builder().ip_protocol(wire(&identity.0)).set_description(description.cloned());
    let call = call.set_from_port(from).set_to_port(to);
    let call = match &identity.3 {
        Peer::Ipv4(block) => call.cidr_ipv4(block),
        Peer::Ipv6(block) => call.cidr_ipv6(block),
        Peer::PrefixList(id) => call.prefix_list_id(id),
        Peer::Group(id) => call.referenced_group_id(id),
    };
    call.build()
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::ReferencedSecurityGroup;
    use serde_json::json;

    use super::*;

    fn rule(json: serde_json::Value) -> Rule {
        serde_json::from_value(json).expect("a rule")
    }

    #[test]
    fn rules_read_as_they_are_written() {
        let names = BTreeMap::from([("sg-1".to_owned(), "shop-alb".to_owned())]);
        let ids = BTreeMap::from([("shop-alb".to_owned(), "sg-1".to_owned())]);
        for written in [
            json!({"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_ipv4": "10.0.0.0/16", "description": "in"}),
            json!({"protocol": "udp", "from_port": 53, "to_port": 53, "cidr_ipv6": "::/0"}),
            json!({"protocol": "all", "security_group_id": "sg-2"}),
            json!({"protocol": "all", "security_group_name": "shop-alb"}),
            json!({"protocol": "icmp", "cidr_ipv4": "0.0.0.0/0"}),
            json!({"protocol": "icmp", "from_port": 8, "to_port": -1, "cidr_ipv4": "0.0.0.0/0"}),
            json!({"protocol": "50", "prefix_list_id": "pl-1"}),
        ] {
            let rule = rule(written.clone());
            assert_eq!(rule.faults(), Vec::<String>::new(), "{written}");
            let identity = rule.identity(&ids).expect("known names");
            let sent = request(&identity, rule.description.as_ref());
            let referenced =
                sent.referenced_group_id().map(|id| ReferencedSecurityGroup::builder().group_id(id).build());
            let live = SecurityGroupRule::builder()
                .set_ip_protocol(sent.ip_protocol.clone())
                .set_from_port(sent.from_port.or(Some(-1)))
                .set_to_port(sent.to_port.or(Some(-1)))
                .set_cidr_ipv4(sent.cidr_ipv4.clone())
                .set_cidr_ipv6(sent.cidr_ipv6.clone())
                .set_prefix_list_id(sent.prefix_list_id.clone())
                .set_referenced_group_info(referenced)
                .set_description(sent.description.clone())
                .build();
            assert_eq!(serde_json::to_value(Rule::of(&live, &names)).expect("json"), written);
            assert_eq!(identity_of(&live), identity);
        }
    }

    #[test]
    fn unknown_group_names_are_returned() {
        let rule = rule(json!({"protocol": "all", "security_group_name": "shop-web"}));
        assert_eq!(rule.identity(&BTreeMap::new()), Err("shop-web".to_owned()));
    }

    #[test]
    fn faulty_rules_are_reported() {
        for (wrong, count) in [
            (json!({"protocol": "tcp", "from_port": 443, "to_port": 443}), 1),
            (json!({"protocol": "tcp", "cidr_ipv4": "10.0.0.0/16"}), 1),
            (json!({"protocol": "tcp", "from_port": 9, "to_port": 7, "cidr_ipv4": "10.0.0.1/16"}), 2),
            (json!({"protocol": "all", "from_port": 1, "to_port": 2, "cidr_ipv4": "0.0.0.0/0"}), 1),
            (json!({"protocol": "6", "cidr_ipv4": "0.0.0.0/0"}), 1),
            (json!({"protocol": "icmp", "from_port": 8, "cidr_ipv4": "0.0.0.0/0"}), 1),
            (json!({"protocol": "all", "cidr_ipv4": "0.0.0.0/0", "cidr_ipv6": "::/0"}), 1),
        ] {
            assert_eq!(rule(wrong.clone()).faults().len(), count, "{wrong}");
        }
    }
}
