//! The program, a folder with the example stacks, and an emulator that nobody else uses meanwhile.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use regex_lite::Regex;
use serde_json::Value as Json;

use super::emulators::{self, DEFAULT_PACE, Lease, PYTHON_VARIABLE};
use super::running::Running;

/// What differs from run to run, and what stands for it in a snapshot.
static MASKS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let masks = [
        (r"[^\s`]*/\.tmp[A-Za-z0-9]{6}", "[folder]"),
        (r"\[ *[0-9.]+s\]", "[time]"),
        (r"\bin [0-9]+(\.[0-9]+)?m?s\b", "in [time]"),
        (r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z", "[time]"),
        (r"\b(process +)[0-9]+", "$1[pid]"),
        (r"EOF while parsing .* at line [0-9]+ column [0-9]+", "[the end of the file]"),
        (r"(  apis\.[^ ]+  )[0-9a-z]{10}\b(/[0-9a-z]{10}\b)?", "$1[id]"),
    ];
    masks.into_iter().map(|(pattern, mask)| (Regex::new(pattern).expect("a pattern"), mask)).collect()
});

/// Variables that tell whose machine this is, or which CI job: they stand in what is printed of a lock.
const OF_THIS_MACHINE: [&str; 6] =
    ["HOSTNAME", "GITHUB_SERVER_URL", "CI_JOB_URL", "BUILDKITE_BUILD_URL", "CIRCLE_BUILD_URL", "BUILD_URL"];

/// Everything one test needs.
pub struct ProgramWorld {
    folder: tempfile::TempDir,
    place: Place,
}

/// Where the emulator is.
enum Place {
    /// It runs, and others had it before.
    Shared(Lease),
    /// The program's first command starts it; it goes away with the world.
    Own(u16),
}

/// What a run of the program came to.
pub struct Ran {
    pub arguments: String,
    /// Its exit code; none if it was killed.
    pub code: Option<i32>,
    /// What it wrote to stdout.
    pub data: String,
    /// What it wrote to stderr.
    pub talk: String,
}

impl ProgramWorld {
    pub fn new() -> Self {
        Self::with(&root().join("stacks"), DEFAULT_PACE)
    }

    /// With what is in this folder, and an emulator of this pace.
    pub fn with(stacks: &Path, pace: &'static str) -> Self {
        Self::at(stacks, Place::Shared(Lease::take(pace)))
    }

    /// With an emulator that the program has to start.
    pub fn without_emulator() -> Self {
        Self::at(&root().join("stacks"), Place::Own(emulators::free_port()))
    }

    fn at(stacks: &Path, place: Place) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        copy(stacks, folder.path());
        Self { folder, place }
    }

    fn port(&self) -> u16 {
        match &self.place {
            Place::Shared(lease) => lease.port(),
            Place::Own(port) => *port,
        }
    }

    /// Runs the program in the folder.
    pub fn isobar(&self, arguments: &[&str]) -> Ran {
        Ran::of(arguments, &self.command(arguments).output().expect("the program"))
    }

    /// Runs the program where no file may grow beyond so many blocks of 512 bytes, as on a disk that is full.
    pub fn on_a_full_disk(&self, blocks: u64, arguments: &[&str]) -> Ran {
        let program = self.command(arguments);
        let mut command = Command::new("sh");
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        command.arg("-c").arg(script).arg(program.get_program()).args(program.get_args());
        command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = command.current_dir(self.folder.path()).output().expect("the program");
        Ran::of(arguments, &output)
    }

    /// Starts the program in the folder.
    pub fn start(&self, arguments: &[&str]) -> Running {
        let mut command = self.command(arguments);
        command.stdin(Stdio::null());
        Running::start(command, arguments.join(" "))
    }

    /// Runs the program until it says a word on stderr, and sends it a signal then.
    pub fn signalled(&self, arguments: &[&str], word: &str, signal: &str) -> Ran {
        let mut child = self.command(arguments).stderr(Stdio::piped()).spawn().expect("the program");
        let mut talk = String::new();
        let mut sent = false;
        for line in BufReader::new(child.stderr.take().expect("a pipe")).lines() {
            let line = line.expect("a line");
            if !sent && line.starts_with('[') && line.contains(word) {
                let id = child.id().to_string();
                let status = Command::new("kill").args(["-s", signal, &id]).status().expect("kill");
                sent = status.success();
            }
            talk.push_str(&line);
            talk.push('\n');
        }
        let code = child.wait().expect("an end").code();
        Ran { arguments: arguments.join(" "), code, data: String::new(), talk }
    }

    /// Makes the emulator misbehave by these rules, which take the place of others.
    pub fn fault(&self, rules: &Json) {
        self.control("DELETE", "faults", &Json::Null);
        self.control("POST", "faults", rules);
    }

    /// How often a number of a rule was counted: `matched`, `acted` or `struck`.
    pub fn count(&self, rule: usize, what: &str) -> u64 {
        let rules = self.control("GET", "faults", &Json::Null);
        rules["rules"][rule][what].as_u64().expect("a number")
    }

    /// The program, about to run in the folder. What could lead to real credentials is broken on purpose.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_isobar"));
        command.args(arguments).current_dir(self.folder.path()).env("ISOBAR_LOCAL_PORT", self.port().to_string());
        if matches!(self.place, Place::Shared(_)) {
            command.env(PYTHON_VARIABLE, emulators::python());
        }
        command.env("AWS_PROFILE", "there-is-no-such-profile").env("AWS_CONFIG_FILE", "there-is-no-such-file");
        for name in OF_THIS_MACHINE {
            command.env(name, "");
        }
        command.env("USER", "tester");
        command
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("a text")
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("written");
    }

    /// Removes a file, or a folder with all that is in it.
    pub fn remove(&self, name: &str) {
        let path = self.path(name);
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.expect("removed");
    }

    /// Replaces the first place where a text stands; it must be there.
    pub fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{name} holds no {from:?}");
        self.write(name, &text.replacen(from, to, 1));
    }

    /// Everything that is alive in the emulator, in any region in which anything was written.
    pub fn inventory(&self) -> Vec<Json> {
        serde_json::from_value(self.control("GET", "inventory", &Json::Null)).expect("a list")
    }

    /// Everything that is alive in the emulator, as people list it: every region is asked, which takes a while.
    pub fn inventory_of_all_regions(&self) -> Vec<Json> {
        let output = self.script("inventory", &["--json"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("a list")
    }

    /// Calls that the emulator has served since they were last asked for, by region, service and operation.
    pub fn calls(&self) -> Json {
        let calls = self.control("GET", "calls", &Json::Null);
        self.control("DELETE", "calls", &Json::Null);
        calls
    }

    /// Asks one of the emulator's own endpoints.
    pub fn control(&self, method: &str, path: &str, body: &Json) -> Json {
        emulators::control(self.port(), method, path, body)
    }

    /// The values of secrets that stand in a text or a file, by their names: the emulator knows them all.
    pub fn exposed(&self, text: &[u8]) -> Vec<String> {
        let found = emulators::ask(self.port(), "POST", "secretsmanager/exposed", text);
        assert!(found["known"].as_u64().is_some_and(|known| known > 0), "there is no value yet");
        serde_json::from_value(found["found"].clone()).expect("a list")
    }

    /// The emulator's address.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port())
    }

    fn script(&self, name: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new("sh");
        command.arg(emulators::script(name)).args(["--port", &self.port().to_string()]).args(arguments);
        command.env(PYTHON_VARIABLE, emulators::python()).output().expect("the script")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for ProgramWorld {
    fn drop(&mut self) {
        if matches!(self.place, Place::Own(_)) {
            self.script("down", &[]);
        }
    }
}

impl Ran {
    fn of(arguments: &[&str], output: &Output) -> Self {
        let (data, talk) = (text(&output.stdout), text(&output.stderr));
        Self { arguments: arguments.join(" "), code: output.status.code(), data, talk }
    }

    /// The same, if it ended with this code.
    pub fn exits(self, code: i32) -> Self {
        let Self { arguments, data, talk, .. } = &self;
        assert_eq!(self.code, Some(code), "`isobar {arguments}`\n{data}\n{talk}");
        self
    }

    /// Everything that was printed, for a snapshot. Folders, times, ids of processes and ids that AWS makes up are masked.
    pub fn shown(&self) -> String {
        let mut text = format!("exit {}\n", self.code.map_or("none".to_owned(), |code| code.to_string()));
        for (name, printed) in [("stdout", &self.data), ("stderr", &self.talk)] {
            if !printed.is_empty() {
                text = format!("{text}-- {name}\n{printed}");
            }
        }
        MASKS.iter().fold(text, |text, (pattern, mask)| pattern.replace_all(&text, *mask).into_owned())
    }

    pub fn json(&self) -> Json {
        serde_json::from_str(&self.data).expect("JSON")
    }
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.ends_with(".isobar") {
            continue;
        }
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("copied");
        }
    }
}
