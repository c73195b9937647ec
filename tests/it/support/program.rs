//! A folder with the example stacks, an emulator on a port of its own, and the program.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value as Json;

use super::running::Running;

/// Everything one test needs; the emulator goes away with it.
pub struct ProgramWorld {
    folder: tempfile::TempDir,
    port: String,
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
        Self::with(&root().join("stacks"))
    }

    /// With what is in this folder.
    pub fn with(stacks: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        copy(stacks, folder.path());
        let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port");
        Self { folder, port: free.port().to_string() }
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
        command.args(arguments).current_dir(self.folder.path()).env("ISOBAR_LOCAL_PORT", &self.port);
        command.env("AWS_PROFILE", "there-is-no-such-profile").env("AWS_CONFIG_FILE", "there-is-no-such-file");
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

    /// Everything that is alive in the emulator, in any region.
    pub fn inventory(&self) -> Vec<Json> {
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
        let mut socket = TcpStream::connect(format!("127.0.0.1:{}", self.port)).expect("the emulator");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let head = format!("Host: localhost\r\nContent-Type: application/json\r\nContent-Length: {}", body.len());
        write!(socket, "{method} /_isobar/{path} HTTP/1.0\r\n{head}\r\n\r\n{body}").expect("asked");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a body");
        let first = head.lines().next().unwrap_or_default();
        assert!(first.contains(" 200"), "{method} {path}: {answer}");
        serde_json::from_str(body).expect("JSON")
    }

    /// The emulator's address.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn script(&self, name: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new("bash");
        command.arg(root().join("localstack").join(name)).args(["--port", &self.port]).args(arguments);
        command.output().expect("the script")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for ProgramWorld {
    fn drop(&mut self) {
        self.script("down", &[]);
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
