//! The secret of a database and the keys that encrypt it: at home, with replicas in every other region.

use serde_json::json;

use super::user;
use crate::blocks::expansion::{Expansion, Item, without_nulls};
use crate::names::{Region, Scope};
use crate::value::Json;

/// Characters of the password, of the 41 that every engine takes.
const LENGTH: u32 = 40;
/// Characters that AWS takes in no password of a database, and those that end a text in shells and addresses.
const EXCLUDED: &str = "/@\"'\\ ";

/// Declares the keys, if there are any, and the secret.
pub(super) fn expand<'a>(cx: &mut Expansion<'a>, everywhere: &Item<'a>, name: &str, home: &'a Region) {
    let Some(database) = cx.stack().databases.get(name) else { return };
    let has_key = database.key == Some(true);
    if has_key {
        keys(cx, everywhere, name, home);
    }
    let key = |region: &Region| has_key.then(|| at(everywhere, "key.arn", region));
    let others = cx.regions().iter().filter(|region| *region != home);
    let replicas: Vec<Json> =
        others.map(|region| without_nulls(json!({"region": region, "kms_key": key(region)}))).collect();
    let spec = without_nulls(json!({
        "name": physical(cx, name),
        "description": format!("Login of the database {}", cx.first_name("databases", name)),
        "kms_key": key(home),
        "generate": {"length": LENGTH, "exclude": EXCLUDED, "username": user(database)},
        "replicas": replicas,
    }));
    let protected = is_protected(cx, name);
    let item = Item { region: Some(home), ..everywhere.clone() };
    cx.declare(&item, "secret", "secretsmanager.Secret", spec).protect = protected;
}

/// The secret's name. AWS takes none that ends in a hyphen and six characters, as `shop-orders` does.
fn physical(cx: &Expansion<'_>, name: &str) -> String {
    format!("{}/{}/master", cx.loaded.name, cx.first_name("databases", name))
}

/// A key with a replica in every region: what is encrypted in one can be read in the others.
fn keys<'a>(cx: &mut Expansion<'a>, everywhere: &Item<'a>, name: &str, home: &Region) {
    for region in cx.regions() {
        let item = Item { region: Some(region), ..everywhere.clone() };
        let replica_of = (region != home).then(|| at(everywhere, "key.arn", home));
        let spec = without_nulls(json!({
            "description": format!("The database {}, its backups and its secret", cx.first_name("databases", name)),
            "multi_region": true,
            "replica_of": replica_of,
        }));
        let database = cx.in_region(region).databases.get(name);
        let protected = database.is_none_or(|database| database.protect.unwrap_or(true));
        cx.declare(&item, "key", "kms.Key", spec).protect = protected;
        let alias = format!("alias/{}", cx.physical(&[cx.first_name("databases", name)], 240));
        cx.declare(&item, "key_alias", "kms.Alias", json!({"name": alias, "target_key": item.output("key.arn")}));
    }
}

/// True if the database is protected in any region: what all regions share is protected then.
pub(super) fn is_protected(cx: &Expansion<'_>, name: &str) -> bool {
    let all = cx.regions().iter().filter_map(|region| cx.in_region(region).databases.get(name));
    let mut protected = all.map(|database| database.protect.unwrap_or(true));
    protected.any(|protected| protected)
}

fn at(item: &Item<'_>, output: &str, region: &Region) -> String {
    format!("${{{}.{output}@{}}}", item.prefix, Scope::In(region.clone()))
}
