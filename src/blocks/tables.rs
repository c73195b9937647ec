//! `tables`: `DynamoDB` global tables, one resource each with a replica in every region.
//!
//! The table is one global thing and not a resource per region, because AWS changes its replicas one
//! at a time and through each other: the kind knows that, and a plan shows it in one place.

use serde_json::json;

use super::block::{Block, Grant, Granted};
use super::expansion::{Expansion, Item, known, partition, without_nulls};
use super::{keys, table_alarms, units};
use crate::names::Region;
use crate::problem::{Code, Problem};
use crate::stack::file::{Access, Consistency, Stack, Table, TableBackup};
use crate::value::Json;

const READ: [&str; 6] = [
    "dynamodb:BatchGetItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DescribeTable",
    "dynamodb:GetItem",
    "dynamodb:Query",
    "dynamodb:Scan",
];
const WRITE: [&str; 4] = ["dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"];

/// Regions among which a table can be strongly consistent: three of one row.
const STRONG: [&[&str]; 3] = [
    &["us-east-1", "us-east-2", "us-west-2"],
    &["eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1"],
    &["ap-northeast-1", "ap-northeast-2", "ap-northeast-3"],
];

/// The table's name in AWS: fixed before it exists, so that policies can be written without it.
pub(super) fn physical(cx: &Expansion<'_>, name: &str, table: &Table) -> String {
    let Some(existing) = &table.existing else { return cx.physical(&[cx.first_name("tables", name)], 255) };
    existing.id.rsplit('/').next().unwrap_or_default().to_owned()
}

/// Global tables.
pub(super) struct Tables;

impl Block for Tables {
    const NAME: &'static str = "tables";
    const GRANTED: Granted = Granted::ByPolicy;

    /// Declares `tables.NAME@global` for every table.
    fn expand(cx: &mut Expansion<'_>) {
        for (name, table) in &cx.stack().tables {
            if !cx.name_is_good("tables", name) {
                continue;
            }
            let item = Item::new("tables", name, None, table.retain);
            for (region, differences) in &table.regions {
                cx.only_regional(&item, differences, region, &["backup", "protect"]);
            }
            if table.existing.is_some() {
                existing(cx, &item, table);
            } else {
                managed(cx, &item, name, table);
                table_alarms::expand(cx, name, table);
            }
        }
    }

    fn entries(stack: &Stack) -> Vec<&String> {
        stack.tables.keys().collect()
    }

    fn grant(cx: &Expansion<'_>, item: &Item<'_>, stack: &Stack, name: &str, access: Access) -> Option<Grant> {
        let table = stack.tables.get(name)?;
        let actions = match access {
            Access::Read => READ.to_vec(),
            Access::Write => WRITE.to_vec(),
            Access::ReadWrite => READ.into_iter().chain(WRITE).collect(),
            Access::Invoke | Access::Call | Access::Connect => {
                return Some(Grant::TakesOnly("`read`, `write` or `read-write`"));
            }
        };
        let partition = partition(item.region);
        let arn = format!("arn:{partition}:dynamodb:${{region}}:${{account}}:table/{}", physical(cx, name, table));
        let has_indexes = table.indexes().next().is_some() || table.existing.is_some();
        let indexes = (has_indexes && access != Access::Write).then(|| format!("{arn}/index/*"));
        Some(Grant::Allow { actions, resources: [arn].into_iter().chain(indexes).collect() })
    }
}

fn existing(cx: &mut Expansion<'_>, item: &Item<'_>, table: &Table) {
    let Some(existing) = &table.existing else { return };
    let defined = [
        ("key", table.key.is_some()),
        ("indexes", table.indexes.is_some()),
        ("ttl", table.ttl.is_some()),
        ("witness", table.witness.is_some()),
        ("backup", table.backup.is_some()),
        ("protect", table.protect.is_some()),
    ];
    for (field, _) in defined.iter().filter(|(_, is_set)| *is_set) {
        let problem = Problem::new(Code::NotManaged, format!("`{field}` of a table that somebody else looks after"));
        let help = "remove it, or remove `existing` to make the table part of this stack";
        cx.report(problem.at(cx.loaded.places.key(&item.path([*field]))).help(help));
    }
    let query = if existing.id.starts_with("arn:") {
        json!({"id": existing.id})
    } else {
        json!({"name": existing.id, "region": cx.regions().first()})
    };
    cx.existing(item, item.address(""), known("dynamodb.GlobalTable"), &query);
}

fn managed(cx: &mut Expansion<'_>, item: &Item<'_>, name: &str, table: &Table) {
    let key = table.key.as_ref().and_then(|attributes| keys::key(cx, &item.path(["key"]), attributes));
    if table.key.is_none() {
        let problem = Problem::new(Code::MissingKey, format!("table `{name}` has no `key`"));
        let help = "add `key: {id: string}`: the partition key, and after it the sort key if there is one";
        cx.report(problem.at(cx.loaded.places.key(&item.origin)).help(help));
    }
    let indexes = indexes(cx, item, table);
    if table.consistency == Consistency::Strong {
        check_strong(cx, item, table);
    } else if let Some(witness) = &table.witness {
        let problem =
            Problem::new(Code::BadWitness, format!("a witness (in {witness}) is for strong consistency only"));
        let help = "add `consistency: strong`, or remove `witness`";
        cx.report(problem.at(cx.loaded.places.key(&item.path(["witness"]))).help(help));
    }
    let replicas: Vec<Json> = cx.regions().iter().map(|region| replica(cx, name, region)).collect();
    let protected = replicas.iter().any(|replica| replica["deletion_protection"] == json!(true));
    let spec = without_nulls(json!({
        "name": physical(cx, name, table),
        "key": key,
        "indexes": table.indexes.as_ref().map(|_| indexes),
        "ttl_attribute": table.ttl,
        "consistency": consistency(table, replicas.len()),
        "witness": table.witness,
        "replicas": replicas,
    }));
    cx.declare(item, "", "dynamodb.GlobalTable", spec).protect = protected;
}

/// The consistency to ask for. Of a table in one region AWS does not tell it, so that the state has to: one that holds items
/// cannot become strongly consistent any more.
fn consistency(table: &Table, replicas: usize) -> Option<&'static str> {
    match table.consistency {
        Consistency::Strong => Some("STRONG"),
        Consistency::Eventual => (replicas == 1).then_some("EVENTUAL"),
    }
}

fn indexes(cx: &mut Expansion<'_>, item: &Item<'_>, table: &Table) -> serde_json::Map<String, Json> {
    let mut indexes = serde_json::Map::new();
    for (name, index) in table.indexes() {
        let Some(key) = keys::key(cx, &item.path(["indexes", name, "key"]), &index.key) else { continue };
        if let Some(attributes) = &table.key {
            keys::one_type_each(cx, item, attributes, name, &index.key);
        }
        let projection = match index.include.as_deref() {
            None => "ALL",
            Some([]) => "KEYS_ONLY",
            Some(_) => "INCLUDE",
        };
        let include = index.include.as_ref().filter(|include| !include.is_empty());
        let spec = without_nulls(json!({"key": key, "projection": projection, "include": include}));
        indexes.insert(name.clone(), spec);
    }
    indexes
}

/// Each replica has its own protection and its own backups, so a region may differ in these.
fn replica(cx: &mut Expansion<'_>, name: &str, region: &Region) -> Json {
    let Some(table) = cx.in_region(region).tables.get(name) else { return json!({"region": region}) };
    let days = table.backup.as_ref().and_then(|backup| point_in_time(cx, name, region, backup));
    without_nulls(json!({
        "region": region,
        "deletion_protection": table.protect.unwrap_or(true),
        "point_in_time_days": days,
    }))
}

fn point_in_time(cx: &mut Expansion<'_>, name: &str, region: &Region, backup: &TableBackup) -> Option<u64> {
    let days = units::days(&backup.point_in_time).filter(|days| (0..=35).contains(days));
    if days.is_none() {
        let item = Item::new("tables", name, None, false);
        let item = Item { region: Some(region), ..item };
        let span = cx.value(&item, &item.path(["backup", "point_in_time"]));
        let problem =
            Problem::new(Code::OutOfRange, format!("`{}` is not 0 to 35 days", backup.point_in_time)).at(span);
        cx.report(problem.help("write whole days, such as `35d`, or `0d` for no backups"));
    }
    days
}

fn check_strong(cx: &mut Expansion<'_>, item: &Item<'_>, table: &Table) {
    let replicas: Vec<&str> = cx.regions().iter().map(Region::as_str).collect();
    let mut all = replicas.clone();
    all.extend(table.witness.as_deref());
    let at_mode = cx.loaded.places.value(&item.path(["consistency"]));
    let at_witness = cx.loaded.places.value(&item.path(["witness"]));
    if let Some(witness) = table.witness.as_deref().filter(|witness| replicas.contains(witness)) {
        let problem =
            Problem::new(Code::BadWitness, format!("the witness is in {witness}, which has a replica already"));
        cx.report(problem.at(at_witness).help("put it in a region that this stack does not use"));
    } else if all.len() != 3 {
        let with = if table.witness.is_some() { " and a witness" } else { "" };
        let message = format!("strong consistency takes three regions, not {}{with}", replicas.len());
        let problem = Problem::new(Code::BadConsistency, message);
        let help = match replicas.len() {
            2 => "add a region, or `witness: REGION` in one that this stack does not use",
            _ => "use `consistency: eventual`, or exactly three regions, one of which may be a witness",
        };
        cx.report(problem.at(at_mode).help(help));
    } else if !STRONG.iter().any(|set| all.iter().all(|region| set.contains(region))) {
        let problem = Problem::new(Code::BadConsistency, format!("{} cannot be strongly consistent", all.join(", ")));
        let sets = STRONG.map(|set| set.join(", ")).join("; ");
        cx.report(problem.at(at_mode).help(format!("use three regions of one of these sets: {sets}")));
    }
    if table.ttl.as_ref().is_some_and(|ttl| !ttl.is_empty()) {
        let problem = Problem::new(Code::BadConsistency, "a strongly consistent table cannot have `ttl`");
        cx.report(
            problem.at(cx.loaded.places.key(&item.path(["ttl"]))).help("remove `ttl`, or use `consistency: eventual`"),
        );
    }
}
