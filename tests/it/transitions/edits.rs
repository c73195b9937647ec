//! Changes of a stack, as people make them.

use fastrand::Rng;

use super::language::{self, NAMED, RAW, SINGLE, one, word};
use super::names::Names;
use super::repair::repair;
use super::stacks::{self, NAMES, another_region, entry};
use super::yaml::{Yaml, each_text, get, is_true, keys, remove, set, text, texts, yaml};

/// A change, if the stack has anything for it, and what it was.
type Edit = fn(&mut Rng, &mut Yaml) -> Option<String>;

/// Every change, and how often it is among a hundred or so.
const EDITS: &[(u8, Edit)] = &[
    (30, change_of_a_key),
    (14, key_taken_out),
    (10, entry_added),
    (9, entry_removed),
    (6, rename_with_moved),
    (4, rename_without_moved),
    (3, swap_of_names),
    (3, swap_of_domains),
    (2, end_of_moved),
    (6, region_added),
    (5, region_removed),
    (2, another_primary),
    (7, single_block),
    (2, single_block_removed),
    (4, route_to_another),
    (4, raw_properties),
    (2, existing),
    (2, image_in_place_of_code),
    (2, parameter),
    (2, account),
];

/// Changes a stack, and says how.
pub fn any(chance: &mut Rng, stack: &mut Yaml) -> Option<String> {
    let total: u16 = EDITS.iter().map(|(weight, _)| u16::from(*weight)).sum();
    let mut at = chance.u16(..total);
    let edit = EDITS.iter().find(|(weight, _)| {
        let found = at < u16::from(*weight);
        at = at.saturating_sub(u16::from(*weight));
        found
    });
    let before = stack.clone();
    let said = edit.and_then(|(_, edit)| edit(chance, stack));
    repair(stack);
    said.filter(|_| *stack != before)
}

/// Any entry of the stack, as block and name.
fn some_entry(chance: &mut Rng, stack: &Yaml, blocks: &[&str]) -> Option<(String, String)> {
    let all: Vec<(String, String)> = blocks
        .iter()
        .flat_map(|block| keys(stack, &[block]).into_iter().map(|name| ((*block).to_owned(), name)))
        .collect();
    all.get(chance.usize(..all.len().max(1))).cloned()
}

fn change_of_a_key(chance: &mut Rng, stack: &mut Yaml) -> Option<String> {
    let (block, name) = some_entry(chance, stack, &NAMED)?;
    let usual: Vec<_> = language::fields(&block).iter().filter(|field| field.often > 0).collect();
    let field = *one(chance, &usual);
    let value = field.value(chance, &Names { stack, this: format!("{block}.{name}") })?;
    set(stack, &[&block, &name, field.key], value);
    Some(format!("{block}.{name}.{} changes", field.key))
}

fn key_taken_out(chance: &mut Rng, stack: &mut Yaml) -> Option<String> {
    let (block, name) = some_entry(chance, stack, &NAMED)?;
    let needed = |key: &str| language::fields(&block).iter().any(|field| field.key == key && field.often == 100);
    let mut out: Vec<_> = keys(stack, &[&block, &name]).into_iter().filter(|key| !needed(key)).collect();
    out.retain(|key| !["kind", "image", "existing"].contains(&key.as_str()));
    let key = out.get(chance.usize(..out.len().max(1)))?;
    remove(stack, &[&block, &name, key]);
    Some(format!("{block}.{name}.{key} is taken out"))
}

fn entry_added(chance: &mut Rng, stack: &mut Yaml) -> Option<String> {
    let block = word(chance, &NAMED);
    let name = entry(chance, stack, block)?;
    Some(format!("{block}.{name} comes"))
}

fn entry_removed(chance: &mut Rng, stack: &mut Yaml) -> Option<String> {
    let (block, name) = some_entry(chance, stack, &NAMED)?;
    remove(stack, &[&block, &name]);
    Some(format!("{block}.{name} goes"))
}

/// Gives an entry another name, wherever it stands.
fn rename(stack: &mut Yaml, block: &str, from: &str, to: &str) {
    let Some(mut map) = get(stack, &[block]).and_then(Yaml::as_mapping).cloned() else { return };
    if let Some(entry) = map.shift_remove(from) {
        map.insert(to.into(), entry);
    }
    set(stack, &[block], Yaml::Mapping(map));
    let (old, new) = (format!("{block}.{from}"), format!("{block}.{to}"));
    each_text(stack, &|text| replaced(text, &old, &new));
}

/// A text with a name replaced where it stands as a whole.
fn replaced(text: &str, old: &str, new: &str) -> String {
    let mut made = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(old) {
        let whole = !after.starts_with(|sign: char| sign.is_alphanumeric() || sign == '_' || sign == '-');
        made.push_str(before);
        made.push_str(if whole { new } else { old });
        rest = after;
    }
    made + rest
}

fn new_name(chance: &mut Rng, stack: &Yaml, block: &str) -> Option<String> {
    let taken = keys(stack, &[block]);
    let free: Vec<_> = NAMES.iter().filter(|name| !taken.iter().any(|one| one == *name)).collect();
    free.get(chance.usize(..free.len().max(1))).map(|name| (**name).to_owned())
}

fn rename_with_moved(chance: &mut Rng, stack: &mut Yaml) -> Option<String> {
    let (block, from) = some_entry(chance, stack, &NAMED)?;
    let to = new_name(chance, stack, &block)?;
    // Lines that stand lead to the new name too, as their author would see.
    rename(stack, &block, &from, &to);
    set(stack, &["moved", &format!("{block}.{from}")], Yaml::from(format!("{block}.{to}")));
    Some(format!("{block}.{from} is called {to}, with a line in moved"))
}

fn rename_without_moved(chance: &mut Rng, stack: &mut Yaml) -> Option<String> {
    let (block, from) = some_entry(chance, stack, &NAMED)?;
    let to = new_name(chance, stack, &block)?;
    let moved = remove(stack, &["moved"]);
    rename(stack, &block, &from, &to);
    if let Some(moved) = moved {
        set(stack, &["moved"], moved);
    }
    Some(format!("{block}.{from} is called {to}"))
}

/// Two entries exchange what they are: on paper, their names.
fn swap_of_names(chance: &mut Rng, stack: &mut Yaml) -> Option<String> {
    let (block, one) = some_entry(chance, stack, &NAMED)?;
    let other = keys(stack, &[&block]).into_iter().find(|name| *name != one)?;
    let [first, second] = [&one, &other].map(|name| get(stack, &[&block, name]).cloned());
    set(stack, &[&block, &one], second?);
    set(stack, &[&block, &other], first?);
    Some(format!("{block}.{one} and {block}.{other} change places"))
}

fn swap_of_domains(chance: &mut Rng, stack: &mut Yaml) -> Option<String> {
    let (_, one) = some_entry(chance, stack, &["apis"])?;
    let other = keys(stack, &["apis"]).into_iter().find(|name| *name != one)?;
    let [first, second] = [&one, &other].map(|name| get(stack, &["apis", name, "domain"]).cloned());
    set(stack, &["apis", &one, "domain"], second?);
    set(stack, &["apis", &other, "domain"], first?);
    Some(format!("apis.{one} and apis.{other} exchange domains"))
}

fn end_of_moved(_: &mut Rng, stack: &mut Yaml) -> Option<String> {
    remove(stack, &["moved"])?;
    Some("the lines of moved are taken out".to_owned())
}

fn region_added(chance: &mut Rng, stack: &mut Yaml) -> Option<String> {
    if texts(stack, &["regions"]).len() > 2 {
        return None;
    }
    let region = another_region(chance, stack)?;
    let mut regions = get(stack, &["regions"])?.as_sequence()?.clone();
    regions.push(region.as_str().into());
    set(stack, &["regions"], regions.into());
    Some(format!("{region} comes"))
}

fn region_removed(chance: &mut Rng, stack: &mut Yaml) -> Option<String> {
    let mut regions = get(stack, &["regions"])?.as_sequence()?.clone();
    if regions.len() < 2 {
        return None;
    }
    // The primary region leaves too, now and then.
    let gone = regions.remove(chance.usize(..regions.len()));
    set(stack, &["regions"], regions.into());
    Some(format!("{} leaves", gone.as_str()?))
}

fn another_primary(_: &mut Rng, stack: &mut Yaml) -> Option<String> {
    let mut regions = get(stack, &["regions"])?.as_sequence()?.clone();
    regions.rotate_left(1);
    set(stack, &["regions"], regions.into());
    Some("another region is the primary".to_owned())
}

fn single_block(chance: &mut Rng, stack: &mut Yaml) -> Option<String> {
    let block = word(chance, &SINGLE);
    let usual: Vec<_> = language::fields(block).iter().collect();
    if usual.is_empty() || get(stack, &[block]).is_none() || chance.u8(..4) == 0 {
        stacks::single(chance, stack, block);
        return Some(format!("{block} is written anew"));
    }
    let field = *one(chance, &usual);
    if chance.bool() {
        remove(stack, &[block, field.key])?;
        return Some(format!("{block}.{} is taken out", field.key));
    }
    let value = field.value(chance, &Names { stack, this: block.to_owned() })?;
    set(stack, &[block, field.key], value);
    Some(format!("{block}.{} changes", field.key))
}

fn single_block_removed(chance: &mut Rng, stack: &mut Yaml) -> Option<String> {
    let block = word(chance, &SINGLE);
    remove(stack, &[block])?;
    Some(format!("{block} goes"))
}

fn route_to_another(chance: &mut Rng, stack: &mut Yaml) -> Option<String> {
    let (_, api) = some_entry(chance, stack, &["apis"])?;
    let routes = keys(stack, &["apis", &api, "routes"]);
    let route = routes.get(chance.usize(..routes.len().max(1)))?;
    let targets = Names { stack, this: String::new() }.targets();
    let target = targets.get(chance.usize(..targets.len().max(1)))?;
    let before = text(stack, &["apis", &api, "routes", route])?.to_owned();
    set(stack, &["apis", &api, "routes", route], target.as_str().into());
    // What the route has left, nobody may need any more.
    let (block, name) = before.split_once('.')?;
    if before != *target && chance.bool() {
        remove(stack, &[block, name]);
        return Some(format!("apis.{api}: `{route}` goes to {target}, and {before} goes"));
    }
    Some(format!("apis.{api}: `{route}` goes to {target}"))
}

fn raw_properties(chance: &mut Rng, stack: &mut Yaml) -> Option<String> {
    let (_, name) = some_entry(chance, stack, &["resources"])?;
    let kind = text(stack, &["resources", &name, "kind"])?.to_owned();
    let (_, properties) = RAW.iter().find(|(known, _)| *known == kind)?;
    set(stack, &["resources", &name, "properties"], yaml(word(chance, properties)));
    Some(format!("resources.{name}.properties change"))
}

/// A thing that somebody else looks after takes the place of ours, or ours its place.
fn existing(chance: &mut Rng, stack: &mut Yaml) -> Option<String> {
    if let Some((block, name)) = some_entry(chance, stack, &["tables", "resources"])
        && chance.bool()
    {
        let kind = text(stack, &[&block, &name, "kind"]).unwrap_or_default();
        let query = if block == "tables" {
            "{existing: {id: outside}}"
        } else {
            "{kind: sqs.Queue, in: primary, existing: {name: outside}}"
        };
        if block == "resources" && kind != "sqs.Queue" {
            return None;
        }
        set(stack, &[&block, &name], yaml(query));
        return Some(format!("{block}.{name} is somebody else's"));
    }
    let name = new_name(chance, stack, "tables")?;
    set(stack, &["tables", &name], yaml("{existing: {id: outside}}"));
    Some(format!("tables.{name} comes and is somebody else's"))
}

fn image_in_place_of_code(chance: &mut Rng, stack: &mut Yaml) -> Option<String> {
    let (_, name) = some_entry(chance, stack, &["functions"])?;
    let at = |key| ["functions", name.as_str(), key];
    if remove(stack, &at("image")).is_some() {
        for (key, value) in [("code", "./fn/a"), ("handler", "app.handler"), ("runtime", "python3.13")] {
            set(stack, &at(key), value.into());
        }
        return Some(format!("functions.{name} is code"));
    }
    for key in ["code", "handler", "runtime"] {
        remove(stack, &at(key));
    }
    set(stack, &at("image"), "000000000000.dkr.ecr.us-east-1.amazonaws.com/app:1".into());
    Some(format!("functions.{name} is an image"))
}

#[expect(clippy::unnecessary_wraps, reason = "one type for all of them")]
fn parameter(chance: &mut Rng, stack: &mut Yaml) -> Option<String> {
    let used = super::yaml::written(stack).contains("${param.");
    if get(stack, &["parameters"]).is_some() && !used && chance.bool() {
        remove(stack, &["parameters"]);
        return Some("parameters go".to_owned());
    }
    stacks::single(chance, stack, "parameters");
    Some("a parameter has another default".to_owned())
}

#[expect(clippy::unnecessary_wraps, reason = "one type for all of them")]
fn account(_: &mut Rng, stack: &mut Yaml) -> Option<String> {
    if remove(stack, &["account"]).is_none() {
        set(stack, &["account"], "000000000000".into());
    }
    Some("the account is guarded, or no longer".to_owned())
}

/// Whether an entry stays in AWS when it leaves the file.
pub fn is_retained(stack: &Yaml, block: &str, name: &str) -> bool {
    is_true(stack, &[block, name, "retain"])
}

#[test]
fn names_are_replaced_where_they_stand_as_a_whole() {
    assert_eq!(
        replaced("${tables.cart.name} tables.carts tables.cart", "tables.cart", "tables.x"),
        "${tables.x.name} tables.carts tables.x"
    );
    let mut stack = yaml("{tables: {cart: {key: {id: string}}}, functions: {f: {access: {tables.cart: read}}}}");
    rename(&mut stack, "tables", "cart", "carts");
    assert_eq!(keys(&stack, &["functions", "f", "access"]), ["tables.carts"]);
}

#[test]
fn the_same_chance_makes_the_same_changes() {
    let made = |seed| {
        let mut chance = Rng::with_seed(seed);
        let mut stack = stacks::any(&mut chance);
        let said: Vec<_> = (0..40).filter_map(|_| any(&mut chance, &mut stack)).collect();
        (stack, said)
    };
    assert_eq!(made(7), made(7));
    assert_ne!(made(7), made(8));
}
