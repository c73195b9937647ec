//! `databases`: Aurora global databases, a cluster with its instances in every region.
//!
//! # Roles
//!
//! The file says where the writer *starts*: at home. The clusters of other regions are made once the home's is a member
//! that serves, and AWS fills them from it, side by side. From then on the role is AWS's: every cluster has the same spec,
//! user, secret and write forwarding among it, so that a switchover is no difference.
//!
//! # One region
//!
//! A stack of one region has a global cluster too. AWS takes no cluster into a global cluster that stands already, and
//! none out of one without making it a database of its own: so that a second region can come later, the first cluster is
//! made as a member of one.
//!
//! # Login
//!
//! One secret holds the master user's name and password, as JSON, the form that RDS gives secrets of its own and that the
//! Data API and rotation functions read. It is at home, with a replica in every other region, and the password is made by
//! Secrets Manager: AWS manages no passwords of global databases by itself.

mod check;
mod cluster;
mod outputs;
mod secret;
mod sizes;
mod version;
mod windows;

use super::block::{Block, Grant, Granted};
use super::expansion::{Expansion, Item, partition};
use super::{access, network, services};
use crate::names::{Region, physical_name};
use crate::stack::file::{Access, Database, Engine, Stack};
use crate::value::Template;

/// What of a database may differ by region.
const REGIONAL: [&str; 5] = ["capacity", "class", "instances", "backup", "protect"];
/// Instances of a region, if the file says nothing.
const INSTANCES: u8 = 2;
/// Longest name of a cluster: its instances have `-15` behind it, of at most 63 characters.
const LONGEST: usize = 60;

/// What the Data API takes.
const DATA_API: [&str; 5] = [
    "rds-data:BatchExecuteStatement",
    "rds-data:BeginTransaction",
    "rds-data:CommitTransaction",
    "rds-data:ExecuteStatement",
    "rds-data:RollbackTransaction",
];

/// Aurora global databases.
pub(super) struct Databases;

impl Block for Databases {
    const NAME: &'static str = "databases";
    const GRANTED: Granted = Granted::ByPolicy;

    /// Declares every database: the global cluster, its secret and keys, and a cluster in every region.
    fn expand(cx: &mut Expansion<'_>) {
        for (name, database) in &cx.stack().databases {
            if !cx.name_is_good("databases", name) {
                continue;
            }
            let everywhere = Item::new("databases", name, None, database.retain);
            for (region, differences) in &database.regions {
                cx.only_regional(&everywhere, differences, region, &REGIONAL);
            }
            services::has_network(cx, &everywhere, "database");
            let home = check::everywhere(cx, &everywhere, name, database);
            for region in cx.regions() {
                let Some(database) = cx.in_region(region).databases.get(name) else { continue };
                let item = Item { region: Some(region), ..everywhere.clone() };
                check::in_region(cx, &item, database, Some(region) == home);
            }
            let Some(home) = home else { continue };
            secret::expand(cx, &everywhere, name, home);
            cluster::global(cx, &everywhere, name, database);
            for region in cx.regions() {
                let Some(database) = cx.in_region(region).databases.get(name) else { continue };
                let Some(network) = network::of(cx, region) else { continue };
                let item = Item { region: Some(region), ..everywhere.clone() };
                cluster::expand(cx, &item, &cluster::Place { name, database, network: &network, home });
            }
        }
    }

    fn entries(stack: &Stack) -> Vec<&String> {
        stack.databases.keys().collect()
    }

    /// Opens the port and lets the secret be read; with `iam` and `data_api`, what these take as well.
    fn grant(cx: &Expansion<'_>, item: &Item<'_>, stack: &Stack, name: &str, access: Access) -> Option<Grant> {
        let database = stack.databases.get(name)?;
        if access != Access::Connect {
            return Some(Grant::TakesOnly("`connect`"));
        }
        let part = |rest: &str| format!("${{databases.{name}.{rest}}}");
        let mut actions = vec!["secretsmanager:GetSecretValue"];
        let mut resources = vec![part("secret")];
        if database.key == Some(true) {
            actions.push("kms:Decrypt");
            resources.push(part("key.arn"));
        }
        let arn = |service: &str, rest: String| {
            format!("arn:{}:{service}:${{region}}:${{account}}:{rest}", partition(item.region))
        };
        if database.iam == Some(true) {
            actions.push("rds-db:connect");
            resources.push(arn("rds-db", format!("dbuser:{}/*", part("cluster.resource_id"))));
        }
        if database.data_api == Some(true) {
            actions.extend(DATA_API);
            resources.push(arn("rds", format!("cluster:{}", physical(cx, name))));
        }
        Some(Grant::Connect { port: Some(port(database)), actions, resources })
    }

    /// Who connects reads the secret first.
    fn endpoints(stack: &Stack) -> Vec<&'static str> {
        let mut databases = stack.databases.keys().map(|name| format!("databases.{name}"));
        let is_used = databases.any(|target| !access::callers(stack, &target).is_empty());
        if is_used { vec!["secretsmanager"] } else { Vec::new() }
    }

    fn output(cx: &Expansion<'_>, region: &Region, name: &str, output: &str) -> Option<Template> {
        outputs::output(cx, region, name, output)
    }

    fn outputs() -> &'static [&'static str] {
        &outputs::NAMES
    }
}

/// The name of the global cluster and of every cluster of it in AWS.
fn physical(cx: &Expansion<'_>, name: &str) -> String {
    let words = [cx.loaded.name.as_str(), cx.first_name("databases", name)].join("-").replace('_', "-");
    // Names of RDS have no two dashes in a row, and none at the end.
    let words: Vec<&str> = words.split('-').filter(|word| !word.is_empty()).collect();
    physical_name(&words, LONGEST)
}

/// The region in which the writer starts.
fn home<'a>(cx: &Expansion<'a>, database: &Database) -> Option<&'a Region> {
    match &database.home {
        Some(home) => cx.regions().iter().find(|region| region.as_str() == home),
        None => cx.regions().first(),
    }
}

fn port(database: &Database) -> u16 {
    database.port.unwrap_or(match database.engine {
        Engine::AuroraPostgresql => 5432,
        Engine::AuroraMysql => 3306,
    })
}

fn user(database: &Database) -> &str {
    database.user.as_deref().unwrap_or(match database.engine {
        Engine::AuroraPostgresql => "postgres",
        Engine::AuroraMysql => "admin",
    })
}

/// The name of the database in it: another one would be another database, so it is made of the first name.
fn database_name(cx: &Expansion<'_>, name: &str, database: &Database) -> String {
    let given = || cx.first_name("databases", name).chars().filter(char::is_ascii_alphanumeric).collect();
    database.name.clone().unwrap_or_else(given)
}

fn instances(database: &Database) -> u8 {
    database.instances.unwrap_or(INSTANCES)
}
