//! A chain of edits, applied one after the other, and whatever is wrong with what comes of it.

use serde_json::Value as Json;

use super::facts::{self, facts};
use super::live::{Live, Seen};
use super::markers::{Markers, entry_of, may_go};
use super::promise::difference;
use super::scenario::{Mode, Step};
use super::yaml::{Yaml, get, keys, paths, remove, texts, yaml};
use super::{order, promise, traffic};
use crate::support::program::Ran;

/// Something wrong, at a step of the chain.
#[derive(Debug, Clone)]
pub struct Fault {
    /// The same for the same fault elsewhere.
    pub kind: String,
    pub told: String,
    pub step: usize,
}

/// What a chain came to.
#[derive(Debug, Default)]
pub struct Played {
    pub edits: usize,
    pub killed: usize,
    /// Requests that were asked.
    pub asked: u64,
    /// What was refused, in the words of the obstacles.
    pub refused: Vec<String>,
    pub fault: Option<Fault>,
}

/// What is known of the stack before a step.
struct Chain<'a> {
    live: &'a Live,
    markers: Markers,
    outside: Seen,
    /// Files that may stand in AWS: one, or both ends of a change that was killed.
    stand: Vec<Yaml>,
    /// Entries whose data may go, by name.
    allowed: Vec<String>,
    retained: bool,
    /// Whether scaling left a number of tasks or instances that the file has not said since.
    number_is_left: bool,
    played: Played,
}

type Wrong = (String, String);

/// Plays a chain, and destroys the stack at the end.
pub fn play(live: &Live, steps: &[Step]) -> Played {
    live.begin_again();
    let outside = live.see();
    let empty = yaml("{stack: tt}");
    let mut chain = Chain {
        live,
        markers: Markers::default(),
        outside,
        stand: vec![empty],
        allowed: Vec::new(),
        retained: false,
        number_is_left: false,
        played: Played::default(),
    };
    for (at, step) in steps.iter().enumerate() {
        if let Err((kind, told)) = chain.step(step) {
            chain.played.fault = Some(Fault { kind, told, step: at });
            return chain.played;
        }
        chain.played.edits += usize::from(at > 0);
    }
    let end = chain.as_made_anew(steps.last()).and_then(|()| chain.destroy());
    if let Err((kind, told)) = end {
        chain.played.fault = Some(Fault { kind, told, step: steps.len() });
    }
    chain.played
}

impl Chain<'_> {
    fn step(&mut self, step: &Step) -> Result<(), Wrong> {
        let before = self.live.see();
        self.live.write(&step.file);
        self.number_is_left |= self.stand.iter().any(|old| is_scaled_no_more(old, &step.file));
        self.markers.put(self.live, &before);
        let mut words: Vec<String> = Vec::new();
        let mut plan = self.plan(&[])?;
        if plan["obstacles"].as_array().is_some_and(|all| !all.is_empty()) {
            let protected = self.refused(&plan, &before, &step.file)?;
            let addresses = protected.filter(|_| step.allows_loss).unwrap_or_default();
            if addresses.is_empty() {
                return Ok(());
            }
            for address in addresses {
                self.allowed.push(
                    address
                        .split('.')
                        .take(2)
                        .collect::<Vec<_>>()
                        .join(".")
                        .split('@')
                        .next()
                        .unwrap_or_default()
                        .to_owned(),
                );
                words.extend(["--allow-data-loss".to_owned(), address]);
            }
            plan = self.plan(&words.iter().map(String::as_str).collect::<Vec<_>>())?;
            if plan["obstacles"].as_array().is_some_and(|all| !all.is_empty()) {
                return self.refused(&plan, &before, &step.file).map(drop);
            }
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.apply(step, &plan, &before, &words)
    }

    /// The plan as JSON; one that is refused is one too.
    fn plan(&self, words: &[&str]) -> Result<Json, Wrong> {
        let ran = self.live.run("plan", &[&["--format", "json"], words].concat());
        match (ran.code, serde_json::from_str::<Json>(&ran.data)) {
            (Some(0 | 4), Ok(plan)) => Ok(plan),
            _ => Err((format!("plan fails: {}", first_error(&ran)), told(&ran))),
        }
    }

    /// Something is refused: nothing may have changed, and there has to be a reason. The addresses of protected data, if
    /// that is all.
    fn refused(&mut self, plan: &Json, before: &Seen, new: &Yaml) -> Result<Option<Vec<String>>, Wrong> {
        let (ran, calls) = self.live.counted("apply", &[]);
        let after = self.live.see();
        if ran.code != Some(4) || calls != 0 || after != *before {
            let kind = format!("the plan is refused, and apply ends with {:?} after {calls} changing calls", ran.code);
            return Err((kind, format!("{}\n{}", difference(before, &after), told(&ran))));
        }
        let mut addresses = Vec::new();
        for obstacle in plan["obstacles"].as_array().into_iter().flatten() {
            let [address, kind, message] =
                ["address", "kind", "message"].map(|key| obstacle[key].as_str().unwrap_or_default());
            let words = format!("{kind}: {}: {message}", address.split('.').next().unwrap_or_default());
            self.played.refused.push(words.clone());
            match kind {
                "taken" => {
                    return Err((
                        format!("ours is called somebody else's: {}", address.split('.').next().unwrap_or_default()),
                        format!("{obstacle:#}"),
                    ));
                }
                "protected" if self.is_kept(address, new) => {
                    return Err((format!("what stays is refused as data that goes: {words}"), format!("{obstacle:#}")));
                }
                "protected" => addresses.push(address.to_owned()),
                _ => {}
            }
        }
        let all = plan["obstacles"].as_array().is_some_and(|all| all.len() == addresses.len());
        Ok(all.then_some(addresses))
    }

    /// Whether a table stays as it is, by both files.
    fn is_kept(&self, address: &str, new: &Yaml) -> bool {
        let path = address.split('@').next().unwrap_or_default();
        let Some(name) = path.strip_prefix("tables.") else { return false };
        let [old] = self.stand.as_slice() else { return false };
        let same = |key: &str| get(old, &["tables", name, key]) == get(new, &["tables", name, key]);
        let first = |stack: &Yaml| keys(stack, &["moved"]);
        order::stays(old, new, "tables", name)
            && ["key", "consistency", "existing"].into_iter().all(same)
            && get(old, &["regions"]) == get(new, &["regions"])
            && first(old) == first(new)
    }

    fn apply(&mut self, step: &Step, plan: &Json, before: &Seen, words: &[&str]) -> Result<(), Wrong> {
        let changes = plan["changes"].as_array().map_or(0, Vec::len);
        let calm = step.mode == Mode::Calm;
        if calm {
            self.live.watches_traffic(true);
        }
        let ran = self.live.apply(step.mode, changes, words);
        let watched = if calm { self.live.watches_traffic(false) } else { Json::Null };
        self.played.asked += watched["asked"].as_u64().unwrap_or_default();
        self.retained |= plan["changes"].as_array().into_iter().flatten().any(|change| change["action"] == "forget");
        let after = self.live.see();
        self.no_data_is_lost(&step.file, &after)?;
        let Some(ran) = ran else {
            self.played.killed += 1;
            self.stand.push(step.file.clone());
            return self.others_are_left_alone(&after);
        };
        if ran.code != Some(0) {
            let how = if ran.code.is_none() { "apply never ends" } else { "apply fails after a plan that exits 0" };
            return Err((format!("{how}: {}", failed_step(&self.live.events(), &ran)), told(&ran)));
        }
        self.others_are_left_alone(&after)?;
        let alone = matches!(step.mode, Mode::Calm | Mode::Lagging | Mode::Killed { .. });
        let old = if let [old] = self.stand.as_slice() { Some(old.clone()) } else { None };
        if alone {
            flip(promise::broken(&step.file, plan, before, &after))?;
        }
        if let Some(old) = old.filter(|_| calm) {
            flip(promise::renamed_anew(&old, &step.file, before, &after))?;
            flip(order::broken(&old, plan, &self.live.events()))?;
            flip(traffic::broken(&old, &step.file, plan, before, &watched))?;
        }
        self.stand = vec![step.file.clone()];
        self.allowed.clear();
        self.settled()
    }

    /// Whether a second plan is empty.
    fn settled(&self) -> Result<(), Wrong> {
        let ran = self.live.run("plan", &["--detailed-exitcode", "--format", "json"]);
        if ran.code == Some(0) {
            return Ok(());
        }
        let plan: Json = serde_json::from_str(&ran.data).unwrap_or_default();
        let first = plan["changes"].as_array().into_iter().flatten().next();
        let kind = first.map_or_else(
            || first_error(&ran),
            |change| {
                let property = change["properties"][0]["path"].as_str().unwrap_or_default();
                format!(
                    "{} {} {property}",
                    change["action"].as_str().unwrap_or_default(),
                    change["kind"].as_str().unwrap_or_default()
                )
            },
        );
        Err((format!("the second plan is not empty: {kind}"), told(&ran)))
    }

    fn no_data_is_lost(&mut self, new: &Yaml, after: &Seen) -> Result<(), Wrong> {
        for (table, item) in self.markers.lost(self.live, after) {
            if table == "outside" {
                return Err(("an item of somebody else's table is lost".into(), table));
            }
            let may = self
                .stand
                .iter()
                .any(|old| entry_of(old, &table).is_none() || may_go(old, new, &self.allowed, &table, &item).is_some());
            if !may {
                return Err(("a marker is lost".into(), format!("the item of {table} has gone")));
            }
        }
        Ok(())
    }

    fn others_are_left_alone(&self, after: &Seen) -> Result<(), Wrong> {
        let gone: Vec<&String> = self.outside.things.iter().filter(|thing| !after.things.contains(thing)).collect();
        if gone.is_empty() { Ok(()) } else { Err(("somebody else's thing has gone".into(), format!("{gone:?}"))) }
    }

    /// The last file has to have led to what a first apply of it makes.
    fn as_made_anew(&mut self, last: Option<&Step>) -> Result<(), Wrong> {
        let [file] = self.stand.as_slice() else { return Ok(()) };
        // What was retained is there beside it.
        if self.retained || last.is_none_or(|last| last.file != *file) {
            return Ok(());
        }
        let regions = texts(file, &["regions"]);
        let found = facts(self.live, &regions);
        self.live.put_aside();
        self.live.write(file);
        let ran = self.live.run("apply", &[]);
        let fresh = facts(self.live, &regions);
        self.live.take_back();
        if ran.code != Some(0) {
            return Err((format!("a first apply fails: {}", first_error(&ran)), told(&ran)));
        }
        let mut differs = facts::difference(&fresh, &found);
        differs.retain(|one| {
            !self.number_is_left || !["desiredCount", "DesiredCapacity"].iter().any(|is| one.contains(is))
        });
        let Some(first) = differs.first() else { return Ok(()) };
        let kind = first.split(" = ").next().unwrap_or_default().split_once(' ').map_or("", |(_, rest)| rest);
        Err((format!("not as a first apply makes it: {kind}"), differs.join("\n")))
    }

    /// Applies the last file without the word that keeps things from being destroyed; whether it had it.
    fn nothing_is_retained(&self) -> Result<bool, Wrong> {
        let Some(last) = self.stand.last() else { return Ok(false) };
        let mut open = last.clone();
        for path in retains(last) {
            remove(&mut open, &path.iter().map(String::as_str).collect::<Vec<_>>());
        }
        if open == *last {
            return Ok(false);
        }
        self.live.write(&open);
        let ran = self.live.run("apply", &[]);
        let fails = || ("what was retained cannot be let go".to_owned(), told(&ran));
        if ran.code == Some(0) { Ok(true) } else { Err(fails()) }
    }

    fn destroy(&mut self) -> Result<(), Wrong> {
        let before = self.live.see();
        // The last file may have been refused.
        if let Some(stands) = self.stand.last() {
            self.live.write(stands);
        }
        let mut ran = self.live.run("destroy", &["--allow-data-loss", "all"]);
        let stays = self.retained || self.stand.iter().any(|file| !retains(file).is_empty());
        let after = self.live.see();
        if ran.code == Some(4) && after != before {
            return Err(("a refused destroy changes something".into(), difference(&before, &after)));
        }
        if ran.code == Some(4) && self.nothing_is_retained()? {
            ran = self.live.run("destroy", &["--allow-data-loss", "all"]);
        }
        if ran.code == Some(4) && self.retained && told(&ran).contains("an earlier run left it in AWS") {
            // It stands in what would go.
            return Ok(());
        }
        let after = self.live.see();
        if ran.code != Some(0) {
            return Err((format!("destroy fails: {}", failed_step(&self.live.events(), &ran)), told(&ran)));
        }
        self.others_are_left_alone(&after)?;
        let plan = self.live.run("plan", &["--destroy", "--detailed-exitcode"]);
        if plan.code != Some(0) && !stays {
            return Err((format!("after destroy there is something to destroy: {}", first_error(&plan)), told(&plan)));
        }
        let left: Vec<&String> = after.things.iter().filter(|thing| !self.outside.things.contains(thing)).collect();
        // What was retained stays; nothing else does.
        if left.is_empty() || stays {
            return Ok(());
        }
        let kinds: Vec<&str> = left.iter().map(|thing| thing.split(' ').nth(2).unwrap_or_default()).collect();
        Err((format!("destroy leaves {}", kinds.first().unwrap_or(&"")), format!("{left:#?}")))
    }
}

/// Whether something is scaled no more, and the file does not say how many there are to be: they stay as they are.
fn is_scaled_no_more(old: &Yaml, new: &Yaml) -> bool {
    let has = |stack: &Yaml, block: &str, name: &str, key: &str| get(stack, &[block, name, key]).is_some();
    let left = |block: &str, name: &str| {
        has(old, block, name, "scale") && !has(new, block, name, "scale") && !has(new, block, name, "desired")
    };
    ["services", "fleets"].iter().any(|block| keys(old, &[block]).iter().any(|name| left(block, name)))
}

/// Where a file says that something stays.
fn retains(file: &Yaml) -> Vec<Vec<String>> {
    let word = |path: &Vec<String>| path.last().is_some_and(|key| key == "retain");
    paths(file, 3).into_iter().filter(word).collect()
}

fn flip(wrong: Option<Wrong>) -> Result<(), Wrong> {
    wrong.map_or(Ok(()), Err)
}

pub fn told(ran: &Ran) -> String {
    format!("`isobar {}` ended with {:?}\n{}{}", ran.arguments, ran.code, ran.data, ran.talk)
}

/// The step that failed first, and how, by kinds.
fn failed_step(events: &[Json], ran: &Ran) -> String {
    let retry = || events.iter().rfind(|event| event["event"] == "step_retry").filter(|_| ran.code.is_none());
    let Some(failed) = events.iter().find(|event| event["event"] == "step_failed").or_else(retry) else {
        return first_error(ran);
    };
    let address = failed["address"].as_str().unwrap_or_default();
    let started = events.iter().find(|event| event["event"] == "step_started" && event["address"] == *address);
    let kind = started
        .and_then(|event| event["kind"].as_str())
        .unwrap_or_else(|| address.split('.').next().unwrap_or_default());
    let [class, operation, code] =
        ["class", "operation", "code"].map(|key| failed["error"][key].as_str().unwrap_or_default());
    let message: String = failed["error"]["message"]
        .as_str()
        .unwrap_or_default()
        .split(' ')
        .filter(|word| is_word(word))
        .take(8)
        .collect::<Vec<_>>()
        .join(" ");
    format!("{} {kind} {operation} {class} {code} ({message})", failed["verb"].as_str().unwrap_or_default())
}

/// The first line that tells of an error, names left out.
fn first_error(ran: &Ran) -> String {
    let told = |line: &&str| {
        line.contains("error") || line.contains("refused") || line.contains("panicked") || line.starts_with("  ! ")
    };
    let line = ran.talk.lines().find(told).or_else(|| ran.talk.lines().last()).unwrap_or_default();
    line.split(' ').filter(|word| is_word(word)).take(14).collect::<Vec<_>>().join(" ")
}

fn is_word(word: &str) -> bool {
    !word.is_empty() && !word.contains(|sign: char| sign.is_ascii_digit()) && !word.contains(['/', '@', '`', '='])
}
