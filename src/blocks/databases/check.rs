//! Everything that can be wrong with a database and that can be told without AWS.

use super::cluster::forwarding;
use super::version::Version;
use super::{database_name, home, instances, sizes, user, windows};
use crate::blocks::expansion::{Expansion, Item};
use crate::blocks::{functions, units};
use crate::names::Region;
use crate::problem::{Code, Problem, nearest};
use crate::stack::file::{Database, Engine};
use crate::value::{Json, Path};

/// Regions of a global database: the writer's, and ten others.
const MOST_REGIONS: usize = 11;
/// Most characters of a user's name.
const LONGEST_USER: usize = 16;
/// Names that no user can have, and those that one engine alone keeps for itself. AWS refuses some more.
const RESERVED: [&str; 3] = ["rdsadmin", "rdsproxyadmin", "rdsrepladmin"];
const RESERVED_BY_POSTGRES: [&str; 11] =
    ["admin", "all", "analyse", "analyze", "and", "any", "grant", "public", "select", "table", "user"];
const RESERVED_BY_MYSQL: [&str; 2] = ["mysql", "root"];
/// Logs that go to `CloudWatch`.
const POSTGRES_LOGS: [&str; 3] = ["postgresql", "instance", "iam-db-auth-error"];
const MYSQL_LOGS: [&str; 6] = ["audit", "error", "general", "slowquery", "instance", "iam-db-auth-error"];

/// Reports what is wrong in all regions; the region in which the writer starts, if that is known.
pub(super) fn everywhere<'a>(
    cx: &mut Expansion<'a>,
    item: &Item<'_>,
    name: &str,
    database: &Database,
) -> Option<&'a Region> {
    check_version(cx, item, database);
    check_name(cx, item, name, database);
    check_user(cx, item, database);
    check_parameters(cx, item, database);
    check_logs(cx, item, database);
    functions::check_log_days(cx, item, database.log_days);
    if cx.regions().len() > MOST_REGIONS {
        let message =
            format!("a global database has up to {MOST_REGIONS} regions, and the stack has {}", cx.regions().len());
        let problem = Problem::new(Code::OutOfRange, message).at(cx.loaded.places.key(&item.origin));
        cx.report(problem.help("put it into a stack of fewer regions"));
    }
    let home = home(cx, database);
    if let (None, Some(given)) = (home, &database.home) {
        let known = cx.regions().iter().map(Region::as_str);
        let help = match nearest(given, known.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the stack has {}", known.collect::<Vec<_>>().join(", ")),
        };
        let problem = Problem::new(Code::ForeignRegion, format!("`{given}` is none of the stack's regions"));
        cx.report(problem.at(cx.value(item, &item.path(["home"]))).help(help));
    }
    home
}

/// Reports what is wrong in a region.
pub(super) fn in_region(cx: &mut Expansion<'_>, item: &Item<'_>, database: &Database, is_home: bool) {
    sizes::check(cx, item, database);
    windows::check(cx, item, database);
    check_instances(cx, item, database, is_home);
    let Some(text) = database.backup.as_ref().and_then(|backup| backup.retain.as_ref()) else { return };
    if !units::days(text).is_some_and(|days| (1..=35).contains(&days)) {
        let problem =
            Problem::new(Code::OutOfRange, format!("backups of a database are kept 1 to 35 days, not `{text}`"));
        let problem = problem.at(cx.value(item, &item.path(["backup", "retain"])));
        cx.report(problem.help("write whole days, such as `14d`; for longer, copy snapshots with AWS Backup"));
    }
}

fn check_version(cx: &mut Expansion<'_>, item: &Item<'_>, database: &Database) {
    let (engine, text) = (database.engine, &database.version);
    let at = cx.value(item, &item.path(["version"]));
    let Some(version) = Version::parse(engine, text) else {
        let problem = Problem::new(Code::BadVersion, format!("`{text}` is not a version of {}", engine.word()));
        let form = Version::example(engine);
        cx.report(problem.at(at).help(format!("write it in full, such as `{form}`")));
        return;
    };
    let problem = if version.is_limitless {
        Some((format!("{text} cannot be global"), "use a version without `-limitless`".to_owned()))
    } else {
        let first = version.too_old_for_global();
        first.map(|first| (format!("{text} cannot be global"), format!("use {first} or a later one")))
    };
    if let Some((message, help)) = problem {
        cx.report(Problem::new(Code::BadVersion, message).at(at).help(help));
        return;
    }
    if let Some(first) = version.too_old_for_forwarding().filter(|_| database.write_forwarding == Some(true)) {
        let problem = Problem::new(Code::BadVersion, format!("{text} does not forward writes"));
        let problem = problem.at(at).note(cx.key(item, &item.path(["write_forwarding"])), "which is wanted here");
        cx.report(problem.help(format!("use {first} or a later one, or remove `write_forwarding`")));
    }
}

fn check_name(cx: &mut Expansion<'_>, item: &Item<'_>, name: &str, database: &Database) {
    let longest = match database.engine {
        Engine::AuroraPostgresql => 63,
        Engine::AuroraMysql => 64,
    };
    let at = match &database.name {
        Some(_) => cx.value(item, &item.path(["name"])),
        None => cx.loaded.places.key(&item.origin),
    };
    let text = database_name(cx, name, database);
    if text.len() > longest {
        let message = format!(
            "the name of the database has {} characters, and {} takes {longest}",
            text.len(),
            database.engine.word()
        );
        cx.report(Problem::new(Code::TooLong, message).at(at).help("give it a shorter `name`"));
    } else if !is_word(&text) {
        let problem = Problem::new(Code::BadName, format!("`{text}` cannot be the name of a database")).at(at);
        cx.report(problem.help("use letters and digits, with a letter first"));
    }
}

fn check_user(cx: &mut Expansion<'_>, item: &Item<'_>, database: &Database) {
    let user = user(database);
    let at = cx.value(item, &item.path(["user"]));
    let lower = user.to_lowercase();
    let own: &[&str] = match database.engine {
        Engine::AuroraPostgresql => &RESERVED_BY_POSTGRES,
        Engine::AuroraMysql => &RESERVED_BY_MYSQL,
    };
    if own.iter().chain(&RESERVED).any(|reserved| *reserved == lower) {
        let problem =
            Problem::new(Code::ReservedName, format!("{} keeps the name `{user}` for itself", database.engine.word()));
        cx.report(problem.at(at).help("give the master user another name, such as `owner`"));
    } else if user.len() > LONGEST_USER {
        let message =
            format!("the name of the master user has {} characters, and AWS takes {LONGEST_USER}", user.len());
        cx.report(Problem::new(Code::TooLong, message).at(at).help("give it a shorter name"));
    } else if !is_word(user) {
        let problem = Problem::new(Code::BadName, format!("`{user}` cannot be the name of a user")).at(at);
        cx.report(problem.help("use letters and digits, with a letter first"));
    }
}

fn is_word(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.chars().all(|sign| sign.is_ascii_alphanumeric())
}

fn check_parameters(cx: &mut Expansion<'_>, item: &Item<'_>, database: &Database) {
    let path = item.path(["parameters"]);
    for (name, value) in database.parameters.iter().flatten() {
        let at = cx.value(item, &path.field(name));
        match value {
            Json::String(_) | Json::Number(_) => check_forwarding(cx, database, &path.field(name), (name, value)),
            Json::Bool(on) => {
                let problem = Problem::new(Code::WrongType, format!("`{name}` is a text or a number, not `{on}`"));
                cx.report(problem.at(at).help(format!("write {}, or quote the word", u8::from(*on))));
            }
            _ => {
                let problem = Problem::new(Code::WrongType, format!("the value of `{name}` is a text or a number"));
                cx.report(problem.at(at).help("write it as the engine has it, such as `\"65536\"`"));
            }
        }
    }
}

/// Warns of a parameter that takes back what `write_forwarding` says.
fn check_forwarding(cx: &mut Expansion<'_>, database: &Database, path: &Path, (name, value): (&str, &Json)) {
    let (switch, usual) = forwarding(database.engine);
    let off = value.as_str().is_some_and(|text| text.is_empty() || text.eq_ignore_ascii_case("off"));
    if database.write_forwarding == Some(true) && name == switch && off {
        let message = format!("no session forwards writes with this value of `{name}` unless it sets another one");
        let problem = Problem::new(Code::Unused, message).warning().at(cx.loaded.places.value(path));
        cx.report(problem.help(format!("write `{usual}`, or take it out, which means the same")));
    }
}

fn check_logs(cx: &mut Expansion<'_>, item: &Item<'_>, database: &Database) {
    let known: &[&str] = match database.engine {
        Engine::AuroraPostgresql => &POSTGRES_LOGS,
        Engine::AuroraMysql => &MYSQL_LOGS,
    };
    for (index, log) in database.logs.iter().flatten().enumerate() {
        if known.contains(&log.as_str()) {
            continue;
        }
        let help = match nearest(log, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has {}", known.join(", ")),
        };
        let problem = Problem::new(Code::WrongValue, format!("{} has no log `{log}`", database.engine.word()));
        cx.report(problem.at(cx.value(item, &item.path(["logs"]).index(index))).help(help));
    }
}

fn check_instances(cx: &mut Expansion<'_>, item: &Item<'_>, database: &Database, is_home: bool) {
    let number = instances(database);
    let at = cx.value(item, &item.path(["instances"]));
    let region = item.region.map_or("", |region| region.as_str());
    if number == 0 && is_home {
        let problem = Problem::new(Code::OutOfRange, format!("the writer starts in {region}, which has no instance"));
        let help = "give it at least one; other regions can do without, `regions: {REGION: {instances: 0}}`";
        cx.report(problem.at(at).help(help));
    } else if number == 0 {
        let message =
            format!("{region} keeps the data of the database, and has nothing to read it with or to take over");
        let help = "a switchover to it needs an instance first, which takes AWS 6 to 15 minutes; an application there \
                    reads from another region";
        cx.report(Problem::new(Code::Headless, message).warning().at(at).help(help));
    }
    // Of the fifteen readers of a writer's region, every other region takes the place of one; and each may be the writer's.
    let most = 17 - cx.regions().len().min(MOST_REGIONS);
    if usize::from(number) > most && number <= 15 {
        let message =
            format!("a database of {} regions has up to {most} instances in each, not {number}", cx.regions().len());
        cx.report(Problem::new(Code::OutOfRange, message).at(at).help("use fewer, or a larger size"));
    }
}
