//! Random stacks.

use fastrand::Rng;

use super::language::{self, NAMED, RAW, TAGS, one, word};
use super::names::{Names, REGIONS};
use super::repair::repair;
use super::yaml::{Yaml, get, keys, set, yaml};

pub const NAMES: [&str; 6] = ["one", "two", "cart", "carts", "web", "jobs"];

/// A stack of a few blocks.
pub fn any(chance: &mut Rng) -> Yaml {
    let mut stack = yaml("{stack: tt}");
    let regions: &[&str] = &["us-east-1", "us-west-2"][..=usize::from(chance.u8(..3) > 0)];
    set(&mut stack, &["regions"], regions.iter().map(|region| Yaml::from(*region)).collect::<Vec<_>>().into());
    for (block, often) in [("network", 20), ("dns", 40), ("notify", 30), ("tags", 40), ("parameters", 20)] {
        if chance.u8(..100) < often {
            single(chance, &mut stack, block);
        }
    }
    let sizes: [(&str, &[usize]); 6] = [
        ("tables", &[0, 1, 1, 2]),
        ("resources", &[0, 0, 1, 2]),
        ("functions", &[0, 1, 1, 2]),
        ("services", &[0, 0, 0, 1, 1, 2]),
        ("fleets", &[0, 0, 0, 0, 1]),
        ("apis", &[0, 1, 1, 2]),
    ];
    for (block, sizes) in sizes {
        for _ in 0..sizes[chance.usize(..sizes.len())] {
            entry(chance, &mut stack, block);
        }
    }
    if NAMED.iter().all(|block| keys(&stack, &[block]).is_empty()) {
        entry(chance, &mut stack, "tables");
    }
    repair(&mut stack);
    stack
}

/// Makes a block that there is once, or makes it anew.
pub fn single(chance: &mut Rng, stack: &mut Yaml, block: &str) {
    let value = match block {
        "tags" => yaml(word(chance, TAGS)),
        "parameters" => yaml(word(chance, &["{version: {default: '1.0'}}", "{version: {default: '1.1'}}"])),
        _ => filled(chance, stack, block, block.to_owned()),
    };
    set(stack, &[block], value);
}

/// Adds an entry to a block, under a name that is free in it; its name, if there was one left.
pub fn entry(chance: &mut Rng, stack: &mut Yaml, block: &str) -> Option<String> {
    let taken = keys(stack, &[block]);
    let free: Vec<_> = NAMES.iter().filter(|name| !taken.iter().any(|one| one == *name)).collect();
    let name = *free.get(chance.usize(..free.len().max(1)))?;
    let mut made = filled(chance, stack, block, format!("{block}.{name}"));
    if block == "resources" {
        let (kind, properties) = one(chance, RAW);
        set(&mut made, &["kind"], Yaml::from(*kind));
        set(&mut made, &["properties"], yaml(word(chance, properties)));
    }
    let nowhere = block == "apis" && get(&made, &["routes"]).is_none();
    if nowhere {
        entry(chance, stack, "functions");
        made = filled(chance, stack, block, format!("{block}.{name}"));
    }
    set(stack, &[block, name], made);
    Some((*name).to_owned())
}

fn filled(chance: &mut Rng, stack: &Yaml, block: &str, this: String) -> Yaml {
    let names = Names { stack, this };
    let mut made = yaml("{}");
    for field in language::fields(block) {
        if chance.u8(..100) < field.often
            && let Some(value) = field.value(chance, &names)
        {
            set(&mut made, &[field.key], value);
        }
    }
    made
}

/// A region that the stack is not in.
pub fn another_region(chance: &mut Rng, stack: &Yaml) -> Option<String> {
    let regions = Names { stack, this: String::new() }.regions();
    let free: Vec<_> = REGIONS.iter().filter(|region| !regions.iter().any(|one| one == *region)).collect();
    free.get(chance.usize(..free.len().max(1))).map(|region| (**region).to_owned())
}
