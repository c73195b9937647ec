//! Emulators that tests take in turn: started when all are in use, emptied before they are used again, and gone with
//! this process, however it ends.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};

use serde_json::{Value as Json, json};

/// A minute of AWS takes 0.6 s: what `localstack/up` does by itself.
pub const DEFAULT_PACE: &str = "0.01";
/// Where scripts look for their Python first.
pub const PYTHON_VARIABLE: &str = "ISOBAR_PYTHON";
/// Emulators that nobody uses at the moment.
static FREE: Mutex<Vec<Emulator>> = Mutex::new(Vec::new());
/// The Python that emulators run on, or what to do without one. It is looked for once: some that are found on the way take
/// long to say what they are.
static PYTHON: LazyLock<Result<String, String>> = LazyLock::new(|| {
    let mut find = Command::new("sh");
    find.args(["-euc", ". \"$0\"; find_python; echo \"$python\""]).arg(script("find_python.sh"));
    let output = find.output().expect("a shell");
    let [found, missing] = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).trim().to_owned());
    if output.status.success() { Ok(found) } else { Err(missing) }
});
/// Stops an emulator once nothing is left that could write to its stdin. An interrupt at the terminal is not for it.
const WATCH: &str = "trap '' INT TERM HUP; cat; exec \"$0\" --port \"$1\"";

/// A running emulator.
struct Emulator {
    port: u16,
    pace: &'static str,
    /// What its watcher waits for the end of. No destructor runs for a static, so a pipe has to tell.
    _alive: ChildStdin,
}

/// An emulator that one test has to itself. The next one gets it when this is dropped.
pub struct Lease {
    emulator: Option<Emulator>,
}

impl Lease {
    /// An empty emulator whose waiting goes at this pace.
    pub fn take(pace: &'static str) -> Self {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        let found = free.iter().position(|emulator| emulator.pace == pace).map(|position| free.swap_remove(position));
        drop(free);
        let emulator = found.inspect(Emulator::empty).unwrap_or_else(|| Emulator::start(pace));
        Self { emulator: Some(emulator) }
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port())
    }

    pub fn port(&self) -> u16 {
        self.emulator.as_ref().expect("there until it is dropped").port
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        FREE.lock().unwrap_or_else(PoisonError::into_inner).extend(self.emulator.take());
    }
}

impl Emulator {
    fn start(pace: &'static str) -> Self {
        let number = free_port();
        let port = number.to_string();
        let mut up = Command::new("sh");
        up.arg(script("up")).args(["--port", &port]).env("ISOBAR_EMULATOR_PACE", pace);
        let output = up.env(PYTHON_VARIABLE, python()).output().expect("the script can be run");
        assert!(output.status.success(), "localstack/up: {}", String::from_utf8_lossy(&output.stderr));
        let mut watcher = Command::new("sh");
        watcher.args(["-c", WATCH]).arg(script("down")).arg(&port).env(PYTHON_VARIABLE, python());
        watcher.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let alive = watcher.spawn().expect("a shell").stdin.expect("a pipe");
        Self { port: number, pace, _alive: alive }
    }

    /// As after its start.
    fn empty(&self) {
        control(self.port, "DELETE", "faults", &Json::Null);
        control(self.port, "POST", "reset", &Json::Null);
        control(self.port, "POST", "clock", &json!({"freeze": false}));
        control(self.port, "DELETE", "calls", &Json::Null);
        control(self.port, "DELETE", "snapshot", &Json::Null);
    }
}

pub fn free_port() -> u16 {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port");
    free.port()
}

/// A Python that is new enough for an emulator; without one, the test fails with what to do.
pub fn python() -> &'static str {
    PYTHON.as_ref().unwrap_or_else(|missing| panic!("{missing}"))
}

/// A script of the emulator's folder.
pub fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("localstack").join(name)
}

/// Asks one of an emulator's own endpoints.
pub fn control(port: u16, method: &str, path: &str, body: &Json) -> Json {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    ask(port, method, path, body.as_bytes())
}

/// Asks one of an emulator's own endpoints about a text or a file, as it is.
pub fn ask(port: u16, method: &str, path: &str, body: &[u8]) -> Json {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).expect("the emulator");
    let head = format!("Host: localhost\r\nContent-Type: application/json\r\nContent-Length: {}", body.len());
    write!(socket, "{method} /_isobar/{path} HTTP/1.0\r\n{head}\r\n\r\n").expect("asked");
    socket.write_all(body).expect("asked");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a body");
    let first = head.lines().next().unwrap_or_default();
    assert!(first.contains(" 200"), "{method} {path}: {answer}");
    serde_json::from_str(body).expect("JSON")
}
