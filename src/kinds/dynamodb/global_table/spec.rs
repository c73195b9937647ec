//! The properties of a global table, and the rules AWS has for it.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Tags;

/// The properties of a table and its replicas.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name, unique in each of its regions; 3 to 255 letters, digits, `_`, `-` and `.`.
    #[schemars(regex(pattern = r"^[a-zA-Z0-9_.-]{3,255}$"), extend("x-highlight" = true, "x-change" = "replace"))]
    pub name: String,
    /// Region that the table is made in, and that its other replicas are made from; the first one of `replicas` when left
    /// out. When it is taken out of `replicas`, another one takes its place: AWS lets it go a day after the last replica
    /// was made from it.
    #[schemars(regex(pattern = r"^[a-z]+(-[a-z]+)+-\d+$"), extend("x-change" = "replace"))]
    pub home: Option<String>,
    /// The primary key.
    #[schemars(extend("x-highlight" = true, "x-change" = "replace"))]
    pub key: Key,
    /// Global secondary indexes, by name; up to 20. AWS makes and removes them one after the other, and
    /// cannot change the key or the projection of one: such an index is removed and made again, and
    /// queries of it fail until it is filled.
    #[schemars(extend("x-risk" = "data", "x-reset" = {}))]
    pub indexes: Option<BTreeMap<String, Index>>,
    /// Local secondary indexes, by name; up to 5, of a table with a sort key.
    #[schemars(extend("x-change" = "replace", "x-reset" = {}))]
    pub local_indexes: Option<BTreeMap<String, LocalIndex>>,
    /// Billing of throughput; by request when left out.
    pub billing: Option<Billing>,
    /// Throughput that the table can take without warming up. AWS raises it by itself as the table is used,
    /// so it is compared with what was last asked for.
    #[schemars(extend("x-write-only" = true))]
    pub warm_throughput: Option<WarmThroughput>,
    /// Attribute that holds the time (seconds since 1970) after which an item is deleted; empty to switch
    /// that off. Another attribute takes two changes, and AWS takes one in an hour: until both are made, nothing expires.
    /// All other changes of the table are made before it.
    #[schemars(length(max = 255), extend("x-wait" = "AWS takes up to an hour for a change, and another attribute is two changes; nothing expires meanwhile", "x-reset" = ""))]
    pub ttl_attribute: Option<String>,
    /// Contents of the stream of changes; `NEW_AND_OLD_IMAGES` when left out, which replicas need.
    pub stream: Option<Stream>,
    /// Storage class; AWS takes STANDARD when left out, and two changes in 30 days.
    #[schemars(extend("x-reset" = "STANDARD"))]
    pub table_class: Option<TableClass>,
    /// Consistency of replicas; EVENTUAL when left out. STRONG takes exactly three regions of one continent, one
    /// of which may be the `witness`. It cannot be changed once there are replicas: a change replaces the table.
    #[schemars(extend("x-change" = "replace", "x-reset" = "EVENTUAL"))]
    pub consistency: Option<Consistency>,
    /// With STRONG: a third region that holds no readable data, only the vote.
    #[schemars(regex(pattern = r"^[a-z]+(-[a-z]+)+-\d+$"), extend("x-change" = "replace", "x-reset" = null))]
    pub witness: Option<String>,
    /// Whose key encrypts it: DynamoDB's own, or KMS with the `kms_key` of each replica.
    #[schemars(extend("x-reset" = "AWS_OWNED"))]
    pub encryption: Option<Encryption>,
    /// The regions that hold the table. One that is taken out of the file loses its data; those that come are made first.
    #[schemars(length(min = 1), extend("x-risk" = "data", "x-key" = "region"))]
    pub replicas: Vec<Replica>,
    /// Tags, the same in every region.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// A primary key. It is said whole: without `sort` there is no sort key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-whole" = true))]
pub struct Key {
    /// Attribute that spreads the items.
    pub partition: Attribute,
    /// Attribute that orders the items of one partition.
    pub sort: Option<Attribute>,
}

/// An attribute of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attribute {
    /// Its name; 1 to 255 characters.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub of: AttributeType,
}

/// Type of an attribute of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AttributeType {
    /// Text.
    S,
    /// Number.
    N,
    /// Bytes.
    B,
}

/// A global secondary index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// Its key.
    #[schemars(extend("x-risk" = "rebuild"))]
    pub key: Key,
    /// Attributes that it holds; ALL when left out.
    #[schemars(extend("x-risk" = "rebuild"))]
    pub projection: Option<Projection>,
    /// With INCLUDE: the attributes beside the keys; up to 20.
    #[schemars(length(min = 1, max = 20), extend("x-risk" = "rebuild", "x-unordered" = true))]
    pub include: Option<Vec<String>>,
    /// With provisioned billing: reads in a second.
    #[schemars(range(min = 1))]
    pub read_capacity: Option<i64>,
    /// With provisioned billing: writes in a second.
    #[schemars(range(min = 1))]
    pub write_capacity: Option<i64>,
}

/// A local secondary index: the table's partition attribute with another sort attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LocalIndex {
    /// Its sort attribute.
    pub sort: Attribute,
    /// Attributes that it holds; ALL when left out.
    pub projection: Option<Projection>,
    /// With INCLUDE: the attributes beside the keys; up to 20.
    #[schemars(length(min = 1, max = 20), extend("x-unordered" = true))]
    pub include: Option<Vec<String>>,
}

/// Attributes that an index holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Projection {
    /// All of them.
    All,
    /// Its own key and the table's.
    KeysOnly,
    /// The keys and those in `include`.
    Include,
}

/// Billing of throughput.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Billing {
    /// By request or by what is set aside.
    pub mode: BillingMode,
    /// PROVISIONED: reads in a second.
    #[schemars(range(min = 1))]
    pub read_capacity: Option<i64>,
    /// PROVISIONED: writes in a second.
    #[schemars(range(min = 1))]
    pub write_capacity: Option<i64>,
    /// `PAY_PER_REQUEST`: most reads in a second; -1 for no limit.
    #[schemars(range(min = -1))]
    pub max_read_units: Option<i64>,
    /// `PAY_PER_REQUEST`: most writes in a second; -1 for no limit.
    #[schemars(range(min = -1))]
    pub max_write_units: Option<i64>,
}

/// Billing of throughput.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BillingMode {
    /// By request.
    PayPerRequest,
    /// By what is set aside. For a table of one region only, because replicas need autoscaling with it.
    Provisioned,
}

/// Throughput that a table can take without warming up. It can only be raised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WarmThroughput {
    /// Reads in a second; AWS gives 12,000 when left out.
    #[schemars(range(min = 1))]
    pub read_units: i64,
    /// Writes in a second; AWS gives 4,000 when left out.
    #[schemars(range(min = 1))]
    pub write_units: i64,
}

/// Contents of the stream of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Stream {
    /// There is no stream.
    None,
    /// The keys of what changed.
    KeysOnly,
    /// Items as they are after the change.
    NewImage,
    /// Items as they were before.
    OldImage,
    /// Both.
    NewAndOldImages,
}

/// Storage class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TableClass {
    /// For tables that are read and written much.
    Standard,
    /// Cheaper storage, dearer access.
    StandardInfrequentAccess,
}

/// Consistency of replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Consistency {
    /// Each region answers at once and tells the others; the last writer wins.
    Eventual,
    /// A write is there everywhere before it is answered.
    Strong,
}

/// Whose key encrypts a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Encryption {
    /// `DynamoDB`'s own, at no cost.
    AwsOwned,
    /// A key of the account: each replica's `kms_key`, or the key that AWS manages where none stands.
    Kms,
}

/// One region of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Replica {
    /// The region.
    #[schemars(regex(pattern = r"^[a-z]+(-[a-z]+)+-\d+$"))]
    pub region: String,
    /// Protection from being deleted; false when left out. A replica that has it on is taken out on the user's word alone,
    /// and then it is switched off there.
    #[schemars(extend("x-risk" = "protection", "x-protects" = true, "x-reset" = false))]
    pub deletion_protection: Option<bool>,
    /// For how many days back it can be restored to any second, 1 to 35; 0 for not at all.
    #[schemars(range(min = 0, max = 35), extend("x-risk" = "backup", "x-reset" = 0))]
    pub point_in_time_days: Option<i32>,
    /// Storage class, if it is not that of the table. Not for the home region.
    pub table_class: Option<TableClass>,
    /// With `encryption: KMS`: ARN of the key of this region, not of an alias. Needed to remove the replica, so it
    /// goes last.
    #[schemars(regex(pattern = "^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$"))]
    pub kms_key: Option<String>,
    /// Reports the keys that are used most to CloudWatch; costs extra.
    #[schemars(extend("x-reset" = false))]
    pub contributor_insights: Option<bool>,
}

impl Spec {
    /// The region that everything else is made from.
    pub(super) fn home(&self) -> &str {
        let first = || self.replicas.first().map(|replica| replica.region.as_str());
        self.home.as_deref().or_else(first).unwrap_or_default()
    }

    /// The replica of a region.
    pub(super) fn replica(&self, region: &str) -> Option<&Replica> {
        self.replicas.iter().find(|replica| replica.region == region)
    }

    pub(super) fn is_strong(&self) -> bool {
        self.consistency == Some(Consistency::Strong)
    }

    /// The attributes of all keys, each once: what AWS calls attribute definitions.
    pub(super) fn attributes(&self) -> BTreeMap<&str, AttributeType> {
        let indexes = self.indexes.iter().flatten().map(|(_, index)| &index.key);
        let keys = std::iter::once(&self.key).chain(indexes);
        let local = self.local_indexes.iter().flatten().map(|(_, index)| &index.sort);
        let all = keys.flat_map(|key| std::iter::once(&key.partition).chain(&key.sort)).chain(local);
        all.map(|attribute| (attribute.name.as_str(), attribute.of)).collect()
    }
}

/// Regions that can agree strongly with each other.
const STRONG: [&[&str]; 3] = [
    &["us-east-1", "us-east-2", "us-west-2"],
    &["eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1"],
    &["ap-northeast-1", "ap-northeast-2", "ap-northeast-3"],
];

/// The rules between fields.
pub(super) fn check(spec: &Spec) -> Vec<String> {
    let mut wrong = Vec::new();
    let regions: BTreeSet<&str> = spec.replicas.iter().map(|replica| replica.region.as_str()).collect();
    let mut rule = |broken: bool, words: &str| {
        if broken {
            wrong.push(words.to_owned());
        }
    };
    rule(regions.len() < spec.replicas.len(), "duplicate region in `replicas`");
    rule(!regions.contains(spec.home()), "`home` is not among `replicas`");
    rule(
        spec.replica(spec.home()).is_some_and(|home| home.table_class.is_some()),
        "the storage class of the home region is the table's own `table_class`",
    );
    let keys = spec.replicas.iter().any(|replica| replica.kms_key.is_some());
    rule(keys && spec.encryption != Some(Encryption::Kms), "`kms_key` has no effect without `encryption: KMS`");
    let every = spec.replicas.iter().all(|replica| replica.kms_key.is_some());
    rule(keys && !every, "all replicas take the same type of key: either each has a `kms_key` or none");
    if regions.len() > 1 {
        let eventual = !spec.is_strong();
        let images = matches!(spec.stream, None | Some(Stream::NewAndOldImages));
        rule(eventual && !images, "replicas need `stream: NEW_AND_OLD_IMAGES`");
        let provisioned = spec.billing.as_ref().is_some_and(|billing| billing.mode == BillingMode::Provisioned);
        rule(
            provisioned,
            "replicas need `mode: PAY_PER_REQUEST`: with provisioned throughput AWS wants autoscaling first",
        );
    }
    check_billing(spec, &mut rule);
    check_indexes(spec, &mut rule);
    check_consistency(spec, &regions, &mut rule);
    wrong
}

fn check_billing(spec: &Spec, rule: &mut impl FnMut(bool, &str)) {
    let Some(billing) = &spec.billing else { return };
    let indexes = || spec.indexes.iter().flatten().map(|(_, index)| index);
    let set_aside = billing.read_capacity.is_some() || billing.write_capacity.is_some();
    match billing.mode {
        BillingMode::PayPerRequest => {
            let of_index = indexes().any(|index| index.read_capacity.is_some() || index.write_capacity.is_some());
            rule(
                set_aside || of_index,
                "`read_capacity` and `write_capacity` have no effect without `mode: PROVISIONED`",
            );
        }
        BillingMode::Provisioned => {
            let both = billing.read_capacity.is_some() && billing.write_capacity.is_some();
            let of_indexes = indexes().all(|index| index.read_capacity.is_some() && index.write_capacity.is_some());
            rule(
                !both || !of_indexes,
                "`mode: PROVISIONED` needs `read_capacity` and `write_capacity`, of the table and of each index",
            );
            let limits = billing.max_read_units.is_some() || billing.max_write_units.is_some();
            rule(limits, "`max_read_units` and `max_write_units` have no effect without `mode: PAY_PER_REQUEST`");
        }
    }
}

fn check_indexes(spec: &Spec, rule: &mut impl FnMut(bool, &str)) {
    let fits = |projection: Option<Projection>, include: &Option<Vec<String>>| {
        (projection == Some(Projection::Include)) == include.is_some()
    };
    let global = spec.indexes.iter().flatten().map(|(_, index)| fits(index.projection, &index.include));
    let local = spec.local_indexes.iter().flatten().map(|(_, index)| fits(index.projection, &index.include));
    rule(!global.chain(local).all(|fits| fits), "`projection: INCLUDE` and `include` go together");
    rule(spec.indexes.as_ref().is_some_and(|all| all.len() > 20), "a table has at most 20 `indexes`");
    rule(spec.local_indexes.as_ref().is_some_and(|all| all.len() > 5), "a table has at most 5 `local_indexes`");
    let local = spec.local_indexes.as_ref().is_some_and(|all| !all.is_empty());
    rule(local && spec.key.sort.is_none(), "`local_indexes` need a table with a sort key");
    let name = regex_lite::Regex::new("^[a-zA-Z0-9_.-]{3,255}$");
    let names = spec.indexes.iter().flatten().map(|(name, _)| name);
    let mut names = names.chain(spec.local_indexes.iter().flatten().map(|(name, _)| name));
    let bad = names.any(|one| name.as_ref().is_ok_and(|name| !name.is_match(one)));
    rule(bad, "the name of an index has 3 to 255 letters, digits, `_`, `-` and `.`");
    let types = spec.attributes();
    let differs = |attribute: &Attribute| types.get(attribute.name.as_str()) != Some(&attribute.of);
    let of_key = |key: &Key| differs(&key.partition) || key.sort.as_ref().is_some_and(differs);
    let indexes = spec.indexes.iter().flatten().any(|(_, index)| of_key(&index.key));
    let local = spec.local_indexes.iter().flatten().any(|(_, index)| differs(&index.sort));
    rule(of_key(&spec.key) || indexes || local, "an attribute has two types in the keys of the table and its indexes");
}

fn check_consistency(spec: &Spec, regions: &BTreeSet<&str>, rule: &mut impl FnMut(bool, &str)) {
    rule(spec.witness.is_some() && !spec.is_strong(), "`witness` has no effect without `consistency: STRONG`");
    if !spec.is_strong() {
        return;
    }
    let witness = spec.witness.as_deref();
    rule(witness.is_some_and(|witness| regions.contains(witness)), "the `witness` holds no replica");
    let all: BTreeSet<&str> = regions.iter().copied().chain(witness).collect();
    rule(all.len() != 3, "`consistency: STRONG` takes three regions: three replicas, or two and a `witness`");
    let together = STRONG.iter().any(|set| all.iter().all(|region| set.contains(region)));
    rule(
        !together,
        "regions that agree strongly are of one set: us-east-1, us-east-2 and us-west-2; three of eu-west-1, eu-west-2, eu-west-3 and eu-central-1; or ap-northeast-1, -2 and -3",
    );
    rule(
        spec.ttl_attribute.as_ref().is_some_and(|name| !name.is_empty()),
        "a table with `consistency: STRONG` has no TTL",
    );
    rule(
        spec.local_indexes.as_ref().is_some_and(|all| !all.is_empty()),
        "a table with `consistency: STRONG` has no `local_indexes`",
    );
}
