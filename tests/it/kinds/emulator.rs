//! The emulator that kinds are tried on, and calls to it that are repeated while that may help.

use std::any::Any;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use isobar::aws::{Connection, Settings};
use isobar::cloud::CloudError;
use isobar::kinds::AwsCloud;
use isobar::names::StackName;
use tokio::sync::Mutex;

use crate::support::emulators::{DEFAULT_PACE, Lease};

/// How long anything may take on the emulator.
pub const PATIENCE: Duration = Duration::from_mins(1);
/// How long to wait between two looks.
pub const PAUSE: Duration = Duration::from_millis(100);

/// Held by the test that uses the emulator at `ISOBAR_TEST_ENDPOINT`: some things are there once in an account.
static GIVEN: Mutex<()> = Mutex::const_new(());

/// A door to an emulator that no other test uses meanwhile, and names that no other run has used.
pub struct Emulator {
    /// The stack that everything belongs to.
    pub stack: StackName,
    /// The door.
    pub cloud: AwsCloud,
    /// Where it is.
    pub endpoint: String,
    run: String,
    /// Given back at the end: a lease, or a lock.
    _ours: Box<dyn Any + Send + Sync>,
}

impl Emulator {
    /// The emulator at `ISOBAR_TEST_ENDPOINT`, or one of those that tests share.
    pub async fn reach() -> Self {
        let (endpoint, ours): (String, Box<dyn Any + Send + Sync>) =
            if let Ok(endpoint) = std::env::var("ISOBAR_TEST_ENDPOINT") {
                (endpoint, Box::new(GIVEN.lock().await))
            } else {
                let lease = Lease::take(DEFAULT_PACE);
                (lease.endpoint(), Box::new(lease))
            };
        let run = format!("{:05x}", fastrand::u32(..0x10_0000));
        let stack: StackName = format!("try{run}").parse().expect("a stack name");
        let settings = Settings {
            stack: Some(stack.clone()),
            endpoint: Some(endpoint.clone()),
            emulator: true,
            ..Settings::default()
        };
        let connection = Connection::open(&settings).await;
        Self { stack, cloud: AwsCloud::new(Arc::new(connection)), endpoint, run, _ours: ours }
    }

    /// The word that stands for `shop` while this kind is tried.
    pub fn word(&self, kind: &str) -> String {
        let letters: String = kind.chars().filter(char::is_ascii_alphanumeric).collect();
        format!("s{}{}", self.run, isobar::names::short_hash(&letters, 4))
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
