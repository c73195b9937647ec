//! What is alive, comparable between two runs: ids that AWS makes up are left out, how many are not.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex_lite::Regex;
use serde_json::Value as Json;

/// How often each thing is there.
pub type Inventory = BTreeMap<String, usize>;

/// UUIDs, ids of EC2, long hexadecimal numbers, zones, ids of API Gateway, addresses.
static MADE_UP: LazyLock<Regex> = LazyLock::new(|| {
    let uuid = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";
    let address = r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+";
    Regex::new(&format!(r"\b({uuid}|[0-9a-f]{{16,32}}|Z[0-9A-Z]{{8,}}|{address})\b|\b([a-z]+-[0-9a-f]{{8,17}})\b"))
        .expect("a pattern")
});
/// Of APIs, deployments and links: ten letters and digits, which a name could be too.
static OF_API_GATEWAY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b[0-9a-z]{6,10}\b").expect("a pattern"));
/// Of a link again, where its network interfaces name it.
static OF_LINK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(of API Gateway for )[0-9a-z]+\b").expect("a pattern"));

pub fn inventory<'a>(things: impl Iterator<Item = &'a Json>) -> Inventory {
    let mut found = Inventory::new();
    for thing in things {
        let [region, service, kind, name] =
            ["region", "service", "kind", "name"].map(|key| thing[key].as_str().expect("a text"));
        let name = MADE_UP.replace_all(name, "…");
        let name = OF_LINK.replace_all(&name, "$1…");
        let made_up =
            service.starts_with("apigateway") && ["rest-api", "deployment", "stage", "vpc-link"].contains(&kind);
        let name = match kind {
            _ if made_up => last_word(kind, &name),
            // Which revision it is hangs on how often one was made.
            "task-definition" => name.rsplit_once(':').map_or(&*name, |(family, _)| family).to_owned(),
            _ => name.into_owned(),
        };
        *found.entry(format!("{region} {service} {kind} {name}")).or_default() += 1;
    }
    found
}

/// The name is kept where there is one: of APIs before the id, of stages after it.
fn last_word(kind: &str, name: &str) -> String {
    match kind {
        "rest-api" => name.rsplit_once(' ').map_or(name, |(name, _)| name).to_owned(),
        "stage" => name.split_once('/').map_or(name, |(_, stage)| stage).to_owned(),
        _ => OF_API_GATEWAY.replace_all(name, "…").into_owned(),
    }
}

/// What one has more of than the other, as a test says it.
pub fn difference(wanted: &Inventory, found: &Inventory) -> Option<String> {
    let mut lines = Vec::new();
    for name in wanted.keys().chain(found.keys().filter(|name| !wanted.contains_key(*name))) {
        let [wanted, found] = [wanted, found].map(|of| of.get(name).copied().unwrap_or_default());
        if wanted != found {
            let what = if wanted == 0 {
                "orphan"
            } else if found > wanted {
                "duplicate"
            } else {
                "missing"
            };
            lines.push(format!("{what}: {name} ({found} instead of {wanted})"));
        }
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

#[test]
fn ids_are_masked_and_names_are_kept() {
    let thing = |kind: &str, name: &str| serde_json::json!({"region": "r", "service": "apigateway", "kind": kind, "name": name});
    let things = [
        thing("rest-api", "shop-shop a1b2c3d4e5"),
        thing("stage", "a1b2c3d4e5/live"),
        thing("domain-name", "api.shop.example.com"),
    ];
    let names: Vec<String> = inventory(things.iter()).into_keys().collect();
    assert_eq!(
        names,
        ["r apigateway domain-name api.shop.example.com", "r apigateway rest-api shop-shop", "r apigateway stage live"]
    );
    let more = inventory(things.iter().chain(&things[..1]));
    let said = difference(&inventory(things.iter()), &more);
    assert_eq!(said.as_deref(), Some("duplicate: r apigateway rest-api shop-shop (2 instead of 1)"));
}
