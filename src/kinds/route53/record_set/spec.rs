//! The properties of a record set, the rules for it, and the same as AWS has it.

use aws_sdk_route53::types::{AliasTarget, CidrRoutingConfig, GeoLocation, ResourceRecord, ResourceRecordSet};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::{Result, from_wire, to_wire};
use crate::cloud::{Class, CloudError};
use crate::kinds::route53::{bare, plain_name};

/// The properties of a record set: what one name answers, for one or several types.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Id of the hosted zone.
    #[schemars(length(min = 1, max = 32), extend("x-change" = "replace"))]
    pub zone_id: String,
    /// The name, in full and without trailing dot; `*.` in front stands for any label.
    #[schemars(length(min = 1, max = 1024), extend("x-highlight" = true, "x-change" = "replace", "x-compare" = "dns"))]
    pub name: String,
    /// The types it answers: one, or `A` and `AAAA` together where `alias` stands. All change in one batch.
    #[schemars(length(min = 1, max = 2), extend("x-highlight" = true, "x-unordered" = true))]
    pub types: Vec<RecordType>,
    /// Identifier among the records of one name and type with `routing`; 1 to 128 characters,
    /// such as `shop:us-east-1`. A change replaces the record, and AWS refuses two records of one place
    /// beside each other.
    #[schemars(length(min = 1, max = 128), extend("x-change" = "replace"))]
    pub set_identifier: Option<String>,
    /// Routing policy among the records of the name. All of them must have the same policy.
    /// There is only one record when left out. A change of the way takes along the records of the other regions,
    /// `<stack>:<region>`, where it is `latency` or `weighted`; every other change of the way needs the others gone.
    #[schemars(extend("x-highlight" = true))]
    pub routing: Option<Routing>,
    /// An AWS resource that it stands for. Either this or `values` is wanted.
    #[schemars(extend("x-risk" = "traffic", "x-wait" = "resolvers go on with the old answer until its TTL is over, 60 seconds for an alias"))]
    pub alias: Option<Alias>,
    /// Time for which resolvers may cache the answer, in seconds. Needed with `values`.
    #[schemars(range(min = 0, max = 2_147_483_647))]
    pub ttl: Option<i64>,
    /// Answers, in DNS's own form: `TXT` in double quotes, in parts of up to 255 characters. Every
    /// certificate of the account for a name is proved by the same CNAME: deleting it stops the renewal of those
    /// of other stacks and regions too, until they make it again.
    #[schemars(length(min = 1, max = 400), extend("x-wait" = "resolvers go on with the old answer until its TTL is over", "x-unordered" = true))]
    pub values: Option<Vec<String>>,
    /// Id of the health check that takes it out when it fails. Empty for none.
    #[schemars(length(max = 64), extend("x-risk" = "health", "x-needs" = "serving"))]
    pub health_check_id: Option<String>,
}

/// Type of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[expect(clippy::upper_case_acronyms, reason = "DNS's own words")]
pub enum RecordType {
    A,
    AAAA,
    CAA,
    CNAME,
    DS,
    HTTPS,
    MX,
    NAPTR,
    NS,
    PTR,
    SOA,
    SPF,
    SRV,
    SSHFP,
    SVCB,
    TLSA,
    TXT,
}

/// Routing policy among the records of one name and type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Routing {
    /// There is only one.
    Simple {},
    /// The one in the region that is nearest to the client by latency.
    Latency {
        /// Region of what it points at; once per name and type.
        region: String,
    },
    /// By lot.
    Weighted {
        /// Its share of all weights, 0 to 255. 0 takes it out, unless all are 0.
        #[schemars(range(min = 0, max = 255), extend("x-risk" = "traffic"))]
        weight: i64,
    },
    /// By where the client is; the smallest place wins. Without a record for the country `*`, clients
    /// of no known place get no answer.
    Geolocation {
        /// A continent: AF, AN, AS, EU, OC, NA or SA. Not beside `country`.
        #[schemars(length(equal = 2))]
        continent: Option<String>,
        /// A country by its two letters, or `*` for whatever fits nothing else.
        #[schemars(length(min = 1, max = 2))]
        country: Option<String>,
        /// A state of the United States, beside `country: US`.
        #[schemars(length(min = 1, max = 3))]
        subdivision: Option<String>,
    },
    /// The primary one as long as it is healthy, else the secondary.
    Failover {
        /// Its role in the pair.
        role: Role,
    },
    /// Up to eight healthy ones, by lot.
    Multivalue {},
    /// By the client's address.
    Cidr {
        /// Id of the collection of address blocks.
        collection: String,
        /// Name of the location in it; `*` for addresses in none.
        #[schemars(length(min = 1, max = 16))]
        location: String,
    },
}

/// One of the two records of a failover pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Role {
    /// Answers while it is healthy. It needs a health check.
    Primary,
    /// Answers while the other is not healthy.
    Secondary,
}

/// An AWS resource that a record stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alias {
    /// Its DNS name, such as the regional domain name of an API.
    #[schemars(length(min = 1, max = 1024), extend("x-needs" = "serving", "x-compare" = "dns"))]
    pub dns_name: String,
    /// The hosted zone of that name, which AWS owns.
    #[schemars(length(min = 1, max = 32))]
    pub zone_id: String,
    /// Takes it out when its target is unhealthy; false when left out. Has no effect for API Gateway: give it a
    /// health check instead.
    #[schemars(extend("x-risk" = "health"))]
    pub evaluate_target_health: Option<bool>,
}

/// The records of one name as a spec; `None` if there are none. It tells what the first one answers,
/// and as `types` those that answer the same: another one counts as missing.
pub(super) fn of(zone_id: &str, live: &[ResourceRecordSet]) -> Option<Spec> {
    let first = live.first()?;
    let same = live.iter().filter(|set| same_content(first, set));
    let types = same.filter_map(|set| from_wire(set.r#type.as_str())).collect();
    Some(Spec { zone_id: zone_id.to_owned(), types, ..content(first) })
}

/// The answer of a record, whatever its type.
fn content(live: &ResourceRecordSet) -> Spec {
    Spec {
        zone_id: String::new(),
        name: plain_name(&live.name),
        types: Vec::new(),
        set_identifier: live.set_identifier.clone(),
        routing: Some(routing(live)),
        alias: live.alias_target.as_ref().map(|alias| Alias {
            dns_name: plain_name(&alias.dns_name),
            zone_id: bare(&alias.hosted_zone_id).to_owned(),
            evaluate_target_health: Some(alias.evaluate_target_health),
        }),
        ttl: live.ttl,
        values: live.resource_records.as_ref().map(|all| all.iter().map(|one| one.value.clone()).collect()),
        health_check_id: Some(live.health_check_id.clone().unwrap_or_default()),
    }
}

/// The routing policy of a record.
pub(super) fn routing(live: &ResourceRecordSet) -> Routing {
    if let Some(region) = &live.region {
        Routing::Latency { region: region.as_str().to_owned() }
    } else if let Some(weight) = live.weight {
        Routing::Weighted { weight }
    } else if let Some(place) = live.geo_location.clone() {
        Routing::Geolocation {
            continent: place.continent_code,
            country: place.country_code,
            subdivision: place.subdivision_code,
        }
    } else if let Some(role) = live.failover.as_ref().and_then(|role| from_wire(role.as_str())) {
        Routing::Failover { role }
    } else if live.multi_value_answer == Some(true) {
        Routing::Multivalue {}
    } else if let Some(cidr) = live.cidr_routing_config.clone() {
        Routing::Cidr { collection: cidr.collection_id, location: cidr.location_name }
    } else {
        Routing::Simple {}
    }
}

/// One record as AWS takes it. What the file leaves out is as it is there.
pub(super) fn record(kind: RecordType, to: &Spec, from: Option<&Spec>) -> Result<ResourceRecordSet> {
    let unbuilt = |error: aws_sdk_route53::error::BuildError| {
        CloudError::local(Class::Invalid, "route53:ChangeResourceRecordSets", error.to_string())
    };
    let health_check = to.health_check_id.as_ref().or_else(|| from?.health_check_id.as_ref());
    let mut set = ResourceRecordSet::builder()
        .name(&to.name)
        .r#type(to_wire(kind).as_str().into())
        .set_set_identifier(to.set_identifier.clone())
        .set_health_check_id(health_check.filter(|id| !id.is_empty()).cloned());
    set = match to.routing.as_ref().or_else(|| from?.routing.as_ref()) {
        None | Some(Routing::Simple {}) => set,
        Some(Routing::Latency { region }) => set.region(region.as_str().into()),
        Some(Routing::Weighted { weight }) => set.weight(*weight),
        Some(Routing::Geolocation { continent, country, subdivision }) => set.geo_location(
            GeoLocation::builder()
                .set_continent_code(continent.clone())
                .set_country_code(country.clone())
                .set_subdivision_code(subdivision.clone())
                .build(),
        ),
        Some(Routing::Failover { role }) => set.failover(to_wire(role).as_str().into()),
        Some(Routing::Multivalue {}) => set.multi_value_answer(true),
        Some(Routing::Cidr { collection, location }) => {
            let cidr = CidrRoutingConfig::builder().collection_id(collection).location_name(location);
            set.cidr_routing_config(cidr.build().map_err(unbuilt)?)
        }
    };
    if let Some(alias) = &to.alias {
        let before = from.and_then(|from| from.alias.as_ref()?.evaluate_target_health);
        let target = AliasTarget::builder()
            .dns_name(&alias.dns_name)
            .hosted_zone_id(&alias.zone_id)
            .evaluate_target_health(alias.evaluate_target_health.or(before).unwrap_or(false));
        return set.alias_target(target.build().map_err(unbuilt)?).build().map_err(unbuilt);
    }
    let values = to.values.iter().flatten().map(|value| ResourceRecord::builder().value(value).build());
    let values = values.collect::<std::result::Result<Vec<_>, _>>().map_err(unbuilt)?;
    let ttl = to.ttl.or_else(|| from?.ttl);
    set.set_ttl(ttl).set_resource_records(Some(values)).build().map_err(unbuilt)
}

/// True if a record answers the same as another of its name, whatever their types.
pub(super) fn same_content(one: &ResourceRecordSet, other: &ResourceRecordSet) -> bool {
    let content = |set: &ResourceRecordSet| {
        let mut content = content(set);
        content.values.iter_mut().for_each(|values| values.sort());
        serde_json::to_value(content).ok()
    };
    content(one) == content(other)
}

/// The rules between fields.
pub(super) fn check(spec: &Spec) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut rule = |broken: bool, words: &str| {
        if broken {
            wrong.push(words.to_owned());
        }
    };
    let simple = matches!(spec.routing, None | Some(Routing::Simple {}));
    rule(spec.alias.is_some() == spec.values.is_some(), "exactly one of `alias` and `values` is needed");
    rule(spec.values.is_some() != spec.ttl.is_some(), "`ttl` goes with `values`, and `values` needs it");
    rule(simple == spec.set_identifier.is_some(), "`set_identifier` and `routing` go together");
    let addresses = spec.types.iter().all(|kind| matches!(kind, RecordType::A | RecordType::AAAA));
    let several = spec.types.len() > 1;
    rule(several && (!addresses || spec.alias.is_none()), "several `types` are for an `alias` of A and AAAA");
    rule(several && spec.types.first() == spec.types.last(), "duplicate type in `types`");
    rule(spec.types.contains(&RecordType::SOA), "the SOA record is managed by Route 53");
    let texts = spec.types.iter().any(|kind| matches!(kind, RecordType::TXT | RecordType::SPF));
    let quoted = |value: &String| value.len() > 1 && value.starts_with('"') && value.ends_with('"');
    rule(
        texts && !spec.values.iter().flatten().all(quoted),
        "the values of TXT records stand in double quotes: '\"v=spf1 -all\"'",
    );
    rule(spec.values.iter().flatten().any(|value| value.len() > 4000), "a value has at most 4,000 characters");
    let single = spec.types.contains(&RecordType::CNAME) && spec.values.as_ref().is_some_and(|values| values.len() > 1);
    rule(single, "a CNAME has one value");
    match &spec.routing {
        Some(Routing::Geolocation { continent, country, subdivision }) => {
            rule(
                continent.is_some() == country.is_some(),
                "`geolocation` needs exactly one of `continent` and `country`",
            );
            rule(
                subdivision.is_some() && country.as_deref() != Some("US"),
                "`subdivision` has no effect without `country: US`",
            );
        }
        Some(Routing::Failover { role: Role::Primary }) => {
            let watched = spec.health_check_id.as_ref().is_some_and(|id| !id.is_empty())
                || spec.alias.as_ref().is_some_and(|alias| alias.evaluate_target_health == Some(true));
            rule(!watched, "the PRIMARY record needs a `health_check_id`, else it never fails over");
        }
        Some(Routing::Multivalue {}) => rule(spec.alias.is_some(), "`multivalue` needs `values`"),
        _ => {}
    }
    wrong
}
