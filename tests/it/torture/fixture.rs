//! An emulator without waiting times, a stack, and what undisturbed runs make of it.

use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use serde_json::{Value as Json, json};

use super::comparison::{Inventory, inventory};
use crate::support::program::{ProgramWorld, Ran, copy, root};
use crate::support::running::Running;

/// What changes between the first apply and the second, where it stands in the stack file.
const CHANGES: &[(&str, &str)] = &[
    ("    memory: 256 ", "    memory: 384 "),
    ("      TABLE: ${tables.carts.name}\n", "      TABLE: ${tables.carts.name}\n      MOOD: tense\n"),
    ("      CARTS: ${tables.carts.name}\n", "      CARTS: ${tables.carts.name}\n      MOOD: tense\n"),
    ("      GET /health: ", "      DELETE /carts/{user}: functions.carts\n      GET /health: "),
    ("      GET /search: ", "      GET /find: fleets.search\n      GET /search: "),
    ("    ttl: expires_at\n", ""),
    ("    type: t3.large\n", "    type: t3.xlarge\n"),
    ("tags: {team: commerce}", "tags: {team: checkout}"),
];
/// What is made anew, where the stack has it: named by us and by AWS, new first and old first.
const REPLACED: [&str; 4] = ["functions", "services", "fleets", "apis"];
const STATE_BUCKET: &str = "isobar-torture-state";
/// A rule that only counts: it never acts.
pub const NEVER: u64 = 1_000_000_000;

/// What is tortured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// The first apply.
    Apply,
    /// An apply that changes what is there.
    Change,
    /// An apply that makes anew what is there.
    Replace,
    Destroy,
}

/// What an undisturbed run comes to.
pub struct Calm {
    /// Calls that change something.
    pub changing: usize,
    pub calls: usize,
    pub seconds: f64,
    pub leaves: Inventory,
}

pub struct Fixture {
    pub world: ProgramWorld,
    pub stack: String,
    /// Whether the state is in a bucket.
    pub shared: bool,
    original: String,
    changed: String,
    calms: [OnceCell<Calm>; Verb::ALL.len()],
}

impl Verb {
    pub const ALL: [Self; 4] = [Self::Apply, Self::Change, Self::Replace, Self::Destroy];

    pub fn name(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Change => "change",
            Self::Replace => "replace",
            Self::Destroy => "destroy",
        }
    }

    pub fn command(self) -> &'static str {
        if self == Self::Destroy { "destroy" } else { "apply" }
    }
}

impl Fixture {
    /// With the state beside the stack file.
    pub fn new() -> Self {
        Self::make("")
    }

    /// With the state in a bucket, and the shortest lease there is.
    pub fn with_shared_state() -> Self {
        Self::make(&format!("\nstate: {{bucket: {STATE_BUCKET}, region: us-east-1, lease: 15s}}\n"))
    }

    fn make(more: &str) -> Self {
        let path = std::env::var_os("ISOBAR_TORTURE_STACK")
            .map_or_else(|| root().join("stacks/serverless.yaml"), PathBuf::from);
        let world = ProgramWorld::with(path.parent().expect("a folder"), "0");
        let stack = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        let original = world.read(&stack) + more;
        let changed = CHANGES.iter().fold(original.clone(), |text, (from, to)| text.replacen(from, to, 1));
        assert_ne!(original, changed, "{stack} holds nothing that could be changed");
        let fixture = Self { world, stack, shared: !more.is_empty(), original, changed, calms: Default::default() };
        fixture.world.write(&fixture.stack, &fixture.original);
        // The emulator is up before time counts.
        fixture.run("plan", &[]).exits(0);
        fixture.calmly(Verb::Apply);
        fixture.keep();
        fixture
    }

    /// What an undisturbed run of a verb comes to: found out when it is asked for first, which takes a run.
    pub fn calmly(&self, verb: Verb) -> &Calm {
        self.calms[verb as usize].get_or_init(|| self.calm(verb))
    }

    /// Where a verb starts: nothing, or the stack after its first apply.
    pub fn prepare(&self, verb: Verb) {
        self.faults_end();
        let local = self.world.path(".isobar");
        if local.exists() {
            fs::remove_dir_all(&local).expect("removed");
        }
        if verb == Verb::Apply {
            self.world.control("POST", "reset", &Json::Null);
        } else {
            self.world.control("POST", "restore", &json!({"name": "applied"}));
            copy_if_there(&self.world.path("applied"), &local);
        }
        self.world.write(&self.stack, if verb == Verb::Change { &self.changed } else { &self.original });
    }

    /// Keeps the applied stack, its state and all, for `prepare`.
    fn keep(&self) {
        self.world.control("POST", "snapshot", &json!({"name": "applied"}));
        copy_if_there(&self.world.path(".isobar"), &self.world.path("applied"));
    }

    /// What is asked of the first run alone: the next one has to know by itself what is left to do.
    fn once(&self, verb: Verb) -> Vec<String> {
        let blocks = REPLACED.iter().filter(|block| self.original.contains(&format!("\n{block}:\n")));
        let all = blocks.flat_map(|block| ["--replace".to_owned(), format!("{block}.*")]);
        if verb == Verb::Replace { all.collect() } else { Vec::new() }
    }

    /// Starts a verb's first run.
    pub fn begin(&self, verb: Verb) -> Running {
        let once = self.once(verb);
        self.start(verb.command(), &once.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn calm(&self, verb: Verb) -> Calm {
        self.prepare(verb);
        self.fault(&[counter(true), counter(false)]);
        let start = Instant::now();
        self.begin(verb).end().exits(0);
        let seconds = start.elapsed().as_secs_f64();
        let [changing, others] = [self.matched(0), self.matched(1)];
        self.faults_end();
        self.converged(verb).unwrap_or_else(|problem| panic!("undisturbed {}: {problem}", verb.name()));
        let leaves = self.inventory();
        let nothing = leaves == Inventory::default();
        assert_eq!(nothing, verb == Verb::Destroy, "an undisturbed {} leaves {leaves:#?}", verb.name());
        Calm { changing, calls: changing + others, seconds, leaves }
    }

    /// Whether a plan finds nothing to do.
    pub fn converged(&self, verb: Verb) -> Result<(), String> {
        let more: &[&str] = if verb == Verb::Destroy { &["--destroy"] } else { &[] };
        let plan = self.run("plan", &[&["--detailed-exitcode"], more].concat());
        if plan.code == Some(0) { Ok(()) } else { Err(format!("the plan afterwards is not empty\n{}", told(&plan))) }
    }

    /// What is alive, ids that AWS makes up left out, the bucket of the state too.
    pub fn inventory(&self) -> Inventory {
        let things = self.world.control("GET", "inventory", &Json::Null);
        inventory(things.as_array().expect("a list").iter().filter(|thing| thing["name"] != STATE_BUCKET))
    }

    /// Runs a command on the stack to its end.
    pub fn run(&self, command: &str, more: &[&str]) -> Ran {
        self.start(command, more).end()
    }

    /// Starts a command on the stack.
    pub fn start(&self, command: &str, more: &[&str]) -> Running {
        let yes: &[&str] = if command == "plan" { &[] } else { &["--yes"] };
        let arguments = [&[command, "--local"], yes, more, &[self.stack.as_str()]].concat();
        let mut program = self.world.command(&arguments);
        program.stdin(Stdio::null());
        Running::start(program, arguments.join(" "))
    }

    pub fn fault(&self, rules: &[Json]) {
        self.world.control("POST", "faults", &json!(rules));
    }

    /// Ends all rules, and what hangs by them.
    pub fn faults_end(&self) {
        self.world.control("DELETE", "faults", &Json::Null);
    }

    /// A rule as it stands, by the order of their making.
    pub fn rule(&self, position: usize) -> Json {
        self.world.control("GET", "faults", &Json::Null)["rules"][position].clone()
    }

    pub fn matched(&self, position: usize) -> usize {
        usize::try_from(self.rule(position)["matched"].as_u64().expect("a number")).expect("small")
    }
}

/// Counts the calls that change something, or the others.
pub fn counter(mutating: bool) -> Json {
    json!({"mutating": mutating, "nth": NEVER, "action": "drop"})
}

/// A run's code and words, for a failure.
pub fn told(ran: &Ran) -> String {
    format!("`isobar {}` ended with {:?}\n{}{}", ran.arguments, ran.code, ran.data, ran.talk)
}

fn copy_if_there(from: &Path, to: &Path) {
    if from.exists() {
        copy(from, to);
    }
}
