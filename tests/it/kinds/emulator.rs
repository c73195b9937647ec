//! The emulator that kinds are tried on, and calls to it that are repeated while that may help.

use std::future::Future;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::{Duration, Instant};

use isobar::aws::{Connection, Settings};
use isobar::cloud::CloudError;
use isobar::kinds::AwsCloud;
use isobar::names::StackName;

/// How long anything may take on the emulator.
pub const PATIENCE: Duration = Duration::from_mins(1);
/// How long to wait between two looks.
pub const PAUSE: Duration = Duration::from_millis(100);

/// A door to the emulator, and names that no other run has used.
pub struct Emulator {
    /// The stack that everything belongs to.
    pub stack: StackName,
    /// The door.
    pub cloud: AwsCloud,
    /// Where it is.
    pub endpoint: String,
    run: String,
    _port: Option<Port>,
}

impl Emulator {
    /// The running emulator, or a new one.
    pub async fn reach() -> Self {
        let (endpoint, port) = std::env::var("ISOBAR_TEST_ENDPOINT").map_or_else(
            |_| {
                let (endpoint, port) = start();
                (endpoint, Some(port))
            },
            |endpoint| (endpoint, None),
        );
        let run = format!("{:05x}", fastrand::u32(..0x10_0000));
        let stack: StackName = format!("try{run}").parse().expect("a stack name");
        let settings = Settings {
            stack: Some(stack.clone()),
            endpoint: Some(endpoint.clone()),
            emulator: true,
            ..Settings::default()
        };
        let connection = Connection::open(&settings).await;
        Self { stack, cloud: AwsCloud::new(Arc::new(connection)), endpoint, run, _port: port }
    }

    /// The word that stands for `shop` while this kind is tried.
    pub fn word(&self, kind: &str) -> String {
        let letters: String = kind.chars().filter(char::is_ascii_alphanumeric).collect();
        format!("s{}{}", self.run, isobar::names::short_hash(&letters, 4))
    }
}

/// Starts one on a port of its own, which goes away with what is returned.
fn start() -> (String, Port) {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port");
    let port = Port(free.port().to_string());
    let output = port.script("up");
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "localstack/up: {talk}");
    let said = String::from_utf8_lossy(&output.stdout);
    (said.lines().last().expect("localstack/up says where the emulator is").trim().to_owned(), port)
}

/// The port of an emulator that was started here.
struct Port(String);

impl Port {
    fn script(&self, name: &str) -> Output {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("localstack").join(name);
        Command::new("bash").arg(script).args(["--port", &self.0]).output().expect("the script can be run")
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.script("down");
    }
}

/// Makes a call until it works, fails for good, or has taken too long.
pub async fn repeat<T, F>(what: &str, mut call: impl FnMut() -> F) -> Result<T, String>
where
    F: Future<Output = Result<T, CloudError>>,
{
    let begun = Instant::now();
    loop {
        match call().await {
            // What the emulator does not have it will not have a moment later either.
            Err(error) if error.message.contains("implemented") => return Err(format!("{what}: {error}")),
            Err(error) if error.class.is_transient() && begun.elapsed() < PATIENCE => tokio::time::sleep(PAUSE).await,
            other => return other.map_err(|error| format!("{what}: {:?}: {error}", error.class)),
        }
    }
}
