//! Sizes of instances: a range of capacity, or a class.

use super::version::Version;
use crate::blocks::expansion::{Expansion, Item};
use crate::blocks::units;
use crate::problem::{Code, Problem};
use crate::stack::file::{Database, DatabaseCapacity};

/// Seconds without use after which an instance can pause.
pub(super) const PAUSES: std::ops::RangeInclusive<u64> = 300..=86_400;

/// Families of classes that can be in a global database, by how they begin: those with much memory.
const FAMILIES: [&str; 2] = ["r", "x"];

/// The size of the instances of a region.
#[derive(Debug, Clone, Copy)]
pub(super) enum Size<'a> {
    /// Serverless, in this range.
    Capacity(&'a DatabaseCapacity),
    /// A class.
    Class(&'a str),
}

impl<'a> Size<'a> {
    /// The size, unless the file says none. Where a region says one of the two, it stands in place of the other one that
    /// the block says.
    pub fn of(cx: &Expansion<'_>, item: &Item<'_>, database: &'a Database) -> Option<Self> {
        let capacity = database.capacity.as_ref().filter(|_| is_said_here(cx, item, "class") != Some(true));
        let class = || database.class.as_deref().map(Self::Class);
        capacity.map(Self::Capacity).or_else(class)
    }
}

/// True if a region says this one of the two and not the other one, false if it is the other way round.
fn is_said_here(cx: &Expansion<'_>, item: &Item<'_>, field: &str) -> Option<bool> {
    let whole = cx.stack().databases.get(item.prefix.strip_prefix("databases.")?)?;
    let own = whole.regions.get(item.region?.as_str())?.as_object()?;
    let says = |field: &str| own.contains_key(field);
    (says("capacity") != says("class")).then(|| says(field))
}

/// Reports what is wrong with the size of the instances of a region.
pub(super) fn check(cx: &mut Expansion<'_>, item: &Item<'_>, database: &Database) {
    let is_exchanged = is_said_here(cx, item, "class").is_some();
    if database.capacity.is_some() && database.class.is_some() && !is_exchanged {
        let problem = Problem::new(Code::OneOf, "`capacity` and `class` are two ways to say one thing");
        let other = cx.key(item, &item.path(["capacity"]));
        let problem = problem.at(cx.key(item, &item.path(["class"]))).note(other, "the other one");
        cx.report(problem.help("keep one of them"));
    }
    match Size::of(cx, item, database) {
        Some(Size::Capacity(capacity)) => check_capacity(cx, item, database, capacity),
        Some(Size::Class(class)) => check_class(cx, item, class),
        None => {
            let problem = Problem::new(Code::OneOf, "neither `capacity` nor `class` says how large the instances are");
            let problem = problem.at(cx.loaded.places.key(&item.origin));
            let help = "add `capacity: {min: 0.5, max: 16}`, which grows and shrinks, or `class: db.r7g.large`";
            cx.report(problem.help(help));
        }
    }
}

fn check_capacity(cx: &mut Expansion<'_>, item: &Item<'_>, database: &Database, capacity: &DatabaseCapacity) {
    let at = |cx: &Expansion<'_>, field: &str| cx.value(item, &item.path(["capacity", field]));
    let DatabaseCapacity { min, max, pause } = capacity;
    for (field, units) in [("min", *min), ("max", *max)] {
        if (units * 2.0).fract() != 0.0 {
            let problem =
                Problem::new(Code::OutOfRange, format!("capacity comes in steps of 0.5, and `{field}` is {units}"));
            let near = (units * 2.0).round() / 2.0;
            cx.report(problem.at(at(cx, field)).help(format!("write {near}")));
        }
    }
    if min > max {
        let problem = Problem::new(Code::OutOfRange, format!("`min` is {min}, which is above `max`, {max}"));
        cx.report(problem.at(at(cx, "min")).note(at(cx, "max"), "`max`").help("exchange them"));
    }
    if let Some(version) = Version::parse(database.engine, &database.version) {
        let (least, most) = (version.least_capacity(), version.most_capacity());
        let beyond = [("min", *min, *min < least, least), ("max", *max, *max > most, most)];
        for (field, units, _, limit) in beyond.into_iter().filter(|(_, _, is_beyond, _)| *is_beyond) {
            let message = format!("{} cannot have a `{field}` of {units}", database.version);
            let problem = Problem::new(Code::OutOfRange, message).at(at(cx, field));
            cx.report(problem.help(format!("write {limit}, or use a later version")));
        }
    }
    let Some(text) = pause else { return };
    if *min > 0.0 {
        let problem = Problem::new(Code::Unused, "`pause` has no effect unless `min` is 0")
            .at(cx.key(item, &item.path(["capacity", "pause"])));
        cx.report(problem.help("write `min: 0`, or remove `pause`"));
    } else if !units::seconds(text).is_some_and(|seconds| PAUSES.contains(&seconds)) {
        let problem =
            Problem::new(Code::OutOfRange, format!("an instance pauses after 5 minutes to a day, not `{text}`"));
        cx.report(problem.at(at(cx, "pause")).help("write `5m` to `24h`"));
    }
}

fn check_class(cx: &mut Expansion<'_>, item: &Item<'_>, class: &str) {
    let at = cx.value(item, &item.path(["class"]));
    let family = class.strip_prefix("db.").and_then(|rest| rest.split_once('.')).map(|(family, _)| family);
    let (message, help) = match family {
        _ if class == "db.serverless" => (
            "`db.serverless` says nothing of its size".to_owned(),
            "write `capacity: {min: 0.5, max: 16}` in place of `class`".to_owned(),
        ),
        None => (format!("`{class}` is not a class of instances"), "write it as `db.r7g.large`".to_owned()),
        Some(family) if FAMILIES.iter().any(|known| family.starts_with(known)) => return,
        Some(_) => (
            format!("`{class}` cannot be in a global database"),
            "use a class with much memory, such as `db.r7g.large`, or `capacity`".to_owned(),
        ),
    };
    cx.report(Problem::new(Code::BadClass, message).at(at).help(help));
}
