//! The clusters of a database: the frame that they make together, and in every region a cluster with its surroundings.

use std::collections::BTreeMap;

use serde_json::json;

use super::secret::is_protected;
use super::sizes::{self, Size};
use super::version::Version;
use super::{database_name, instances, physical, port, user};
use crate::blocks::expansion::{Expansion, Item, without_nulls};
use crate::blocks::network::Network;
use crate::blocks::{After, Level, access, functions, units};
use crate::names::{Region, Scope, physical_name, short_hash};
use crate::stack::file::{Database, Engine};
use crate::value::Json;

/// Days for which a cluster can be restored to any second, if the file says nothing.
const BACKUP_DAYS: u64 = 7;
/// Lowest rank in a failover.
const LAST_TIER: u8 = 15;

/// A database in a region.
pub(super) struct Place<'a> {
    /// Its name in the file.
    pub name: &'a str,
    /// Its definition there.
    pub database: &'a Database,
    /// The network there.
    pub network: &'a Network,
    /// The region in which the writer starts.
    pub home: &'a Region,
}

/// Declares the global cluster.
pub(super) fn global(cx: &mut Expansion<'_>, item: &Item<'_>, name: &str, database: &Database) {
    let protected = is_protected(cx, name);
    let spec = json!({
        "name": physical(cx, name),
        "engine": database.engine.word(),
        "engine_version": database.version,
        "storage_encrypted": true,
        "deletion_protection": protected,
    });
    cx.declare(item, "global_cluster", "rds.GlobalCluster", spec).protect = protected;
}

/// Declares the cluster of a region, what it stands in, and its instances.
pub(super) fn expand(cx: &mut Expansion<'_>, item: &Item<'_>, place: &Place<'_>) {
    subnet_group(cx, item, place);
    group(cx, item, place);
    parameters(cx, item, place);
    let logs = log_groups(cx, item, place);
    cluster(cx, item, place, &logs);
    let instances = instances(place.database);
    (1..=instances).for_each(|number| instance(cx, item, place, number));
    member(cx, item, instances);
}

/// Its name tells the network: AWS moves no cluster of a global database to another one, and a plan that would can say so.
fn subnet_group(cx: &mut Expansion<'_>, item: &Item<'_>, place: &Place<'_>) {
    let name = physical_name(&[&physical(cx, place.name), &short_hash(&place.network.identity, 8)], 255);
    let spec = json!({
        "name": name,
        "description": format!("Where the database {} stands", cx.first_name("databases", place.name)),
        "subnets": place.network.private,
    });
    cx.declare(item, "subnet_group", "rds.DbSubnetGroup", spec).default_unless(false, ["description"]);
}

/// The group of the cluster lets in those who have access, and nobody else.
fn group(cx: &mut Expansion<'_>, item: &Item<'_>, place: &Place<'_>) {
    let Some(region) = item.region else { return };
    let port = port(place.database);
    let callers = access::callers(cx.in_region(region), &item.prefix);
    let admit = |caller: &String| {
        let group = format!("${{{caller}.caller_group.id}}");
        json!({"protocol": "tcp", "from_port": port, "to_port": port, "security_group_id": group})
    };
    let spec = json!({
        "name": cx.physical(&["databases", cx.first_name("databases", place.name)], 255),
        "description": "A database",
        "vpc_id": place.network.vpc,
        "ingress": callers.iter().map(admit).collect::<Vec<_>>(),
    });
    cx.declare(item, "group", "ec2.SecurityGroup", spec);
}

/// The group is there even without a parameter, since a cluster that changes its group has to be restarted. Another major
/// version takes another one.
fn parameters(cx: &mut Expansion<'_>, item: &Item<'_>, place: &Place<'_>) {
    let database = place.database;
    let version = Version::parse(database.engine, &database.version);
    // A version that is none is told of already.
    let family = version.map_or_else(|| database.engine.word().to_owned(), |version| version.family());
    let tail = family.trim_start_matches("aurora-").replace('.', "-");
    let spec = json!({
        "name": physical_name(&[&physical(cx, place.name), &tail], 255),
        "family": family,
        "description": format!("Settings of the database {}", cx.first_name("databases", place.name)),
        "parameters": values(database),
    });
    cx.declare(item, "parameters", "rds.DbClusterParameterGroup", spec).default_unless(false, ["description"]);
}

/// The parameter without which no session forwards a write: what a session reads after its own writes.
pub(super) fn forwarding(engine: Engine) -> (&'static str, &'static str) {
    match engine {
        Engine::AuroraPostgresql => ("apg_write_forward.consistency_mode", "SESSION"),
        Engine::AuroraMysql => ("aurora_replica_read_consistency", "SESSION"),
    }
}

fn values(database: &Database) -> BTreeMap<String, String> {
    let said = database.parameters.iter().flatten();
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut values: BTreeMap<String, String> = said.map(|(name, value)| (name.clone(), text(value))).collect();
    if database.write_forwarding == Some(true) {
        let (name, value) = forwarding(database.engine);
        values.entry(name.to_owned()).or_insert_with(|| value.to_owned());
    }
    values
}

/// The groups that AWS writes logs to. Those that it makes by itself keep everything for ever.
fn log_groups(cx: &mut Expansion<'_>, item: &Item<'_>, place: &Place<'_>) -> Vec<After> {
    let database = place.database;
    let mut after = Vec::new();
    for log in database.logs.iter().flatten() {
        let name = format!("/aws/rds/cluster/{}/{log}", physical(cx, place.name));
        let part = format!("log_group.{log}");
        let spec = json!({"name": name, "retention_days": database.log_days.unwrap_or(functions::LOGS_KEPT)});
        cx.declare(item, &part, "logs.LogGroup", spec).default_unless(database.log_days.is_some(), ["retention_days"]);
        after.push(After { address: item.address(&part), level: Level::Configured });
    }
    after
}

fn cluster(cx: &mut Expansion<'_>, item: &Item<'_>, place: &Place<'_>, logs: &[After]) {
    let Place { name, database, home, .. } = place;
    let backup = database.backup.clone().unwrap_or_default();
    let days = backup.retain.as_deref().and_then(units::days);
    let protected = database.protect.unwrap_or(true);
    let spec = without_nulls(json!({
        "name": physical(cx, name),
        "engine": database.engine.word(),
        "engine_version": Version::parse(database.engine, &database.version).map(|_| &database.version),
        "global_cluster": item.output("global_cluster.name"),
        "master_username": user(database),
        "master_secret": item.output("secret"),
        "database_name": database_name(cx, name, database),
        "port": port(database),
        "subnet_group": item.output("subnet_group.name"),
        "security_groups": [item.output("group.id")],
        "parameter_group": item.output("parameters.name"),
        "kms_key": (database.key == Some(true)).then(|| item.output("key.arn")),
        "storage_encrypted": true,
        "capacity": capacity(cx, item, database),
        "write_forwarding": database.write_forwarding,
        "backup_retention_days": days.unwrap_or(BACKUP_DAYS),
        "backup_window": backup.window,
        "maintenance_window": database.maintenance,
        "deletion_protection": protected,
        "copy_tags_to_snapshot": true,
        "log_exports": database.logs,
        "iam_authentication": database.iam,
        "data_api": database.data_api,
        "final_snapshot": database.final_snapshot.map(|snapshot| if snapshot { "final" } else { "" }),
    }));
    let starts_after = (item.region != Some(*home))
        .then(|| After { address: item.address_at("member", Scope::In((*home).clone())), level: Level::Serving });
    let declared = cx.declare(item, "cluster", "rds.DbCluster", spec);
    declared.protect = protected;
    declared.after.extend(logs.iter().cloned());
    declared.starts_after.extend(starts_after);
    declared.default_unless(days.is_some(), ["backup_retention_days"]);
    declared.default_unless(false, ["copy_tags_to_snapshot"]);
    declared.default_unless(database.port.is_some(), ["port"]);
}

fn capacity(cx: &Expansion<'_>, item: &Item<'_>, database: &Database) -> Option<Json> {
    let Some(Size::Capacity(capacity)) = Size::of(cx, item, database) else { return None };
    // One that is out of range is told of already.
    let pause = capacity.pause.as_deref().and_then(units::seconds).filter(|pause| sizes::PAUSES.contains(pause));
    Some(without_nulls(json!({"min": capacity.min, "max": capacity.max, "auto_pause": pause})))
}

/// The first instance is the one that writes, unless that moves: the last one of a cluster is protected as its cluster is.
fn instance(cx: &mut Expansion<'_>, item: &Item<'_>, place: &Place<'_>, number: u8) {
    let database = place.database;
    let class = match Size::of(cx, item, database) {
        Some(Size::Capacity(_)) => "db.serverless",
        Some(Size::Class(class)) => class,
        None => "",
    };
    let spec = json!({
        "name": format!("{}-{number}", physical(cx, place.name)),
        "cluster": item.output("cluster.name"),
        "engine": database.engine.word(),
        "class": class,
        "restart_key": item.output("parameters.restart_key"),
        "promotion_tier": number.saturating_sub(1).min(LAST_TIER),
    });
    let is_last = number == 1;
    let declared = cx.declare(item, &format!("instance.{number}"), "rds.DbInstance", spec);
    declared.protect = is_last && database.protect.unwrap_or(true);
    declared.default_unless(false, ["promotion_tier"]);
}

/// The membership comes after the instances and ends before them: AWS makes a database of its own of what leaves.
fn member(cx: &mut Expansion<'_>, item: &Item<'_>, instances: u8) {
    let spec = json!({
        "global_cluster": item.output("global_cluster.name"),
        "cluster": item.output("cluster.arn"),
    });
    let parts = (1..=instances).map(|number| format!("instance.{number}")).chain(["cluster".to_owned()]);
    let after = parts.map(|part| After { address: item.address(&part), level: Level::Serving }).collect::<Vec<_>>();
    cx.declare(item, "member", "rds.GlobalClusterMember", spec).after.extend(after);
}
