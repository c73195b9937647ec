//! Rate limiter: one [`AdaptiveRate`] for all calls that AWS counts together.
//!
//! The SDK has one asynchronous hook that runs before every attempt and before the request is signed: the lookup of
//! credentials. Calls wait there, so that signatures are fresh and the interceptor's check of the fence stays the last
//! thing before the request is sent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::identity::{
    IdentityFuture, ResolveCachedIdentity, SharedIdentityCache, SharedIdentityResolver,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::{RuntimeComponents, RuntimeComponentsBuilder};
use aws_smithy_types::config_bag::ConfigBag;

use super::adaptive_rate::AdaptiveRate;
use super::service::{Service, Throttled};
use crate::names::Region;

/// The rate limiter of one service in one region. Clones share their state.
#[derive(Debug, Clone)]
pub(super) struct RateLimiter {
    service: &'static Service,
    region: Region,
    /// By operation; by the empty text where all are counted together.
    rates: Arc<Mutex<HashMap<String, AdaptiveRate>>>,
}

impl RateLimiter {
    pub(super) fn new(service: &'static Service, region: Region) -> Self {
        Self { service, region, rates: Arc::default() }
    }

    /// Waits until a call may be sent.
    pub(super) async fn wait(&self, operation: &str) {
        let wait = self.with(operation, |rate| {
            let now = now();
            if rate.lift(now) {
                tracing::debug!(target: "isobar::pace", "{}: no limit", self.name(operation));
            }
            rate.acquire(now)
        });
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    /// Records the answer to a call that was sent at `sent`.
    pub(super) fn answered(&self, operation: &str, sent: Instant, throttled: bool) {
        if let Some(rate) = self.with(operation, |rate| rate.answered(sent, now(), throttled)) {
            tracing::debug!(target: "isobar::pace", "{}: {rate:.1} calls per second", self.name(operation));
        }
    }

    fn with<T>(&self, operation: &str, does: impl FnOnce(&mut AdaptiveRate) -> T) -> T {
        let key = if self.service.throttled == Throttled::Together { "" } else { operation };
        let mut rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
        match rates.get_mut(key) {
            Some(rate) => does(rate),
            None => does(rates.entry(key.to_owned()).or_default()),
        }
    }

    fn name(&self, operation: &str) -> String {
        let (service, region) = (self.service.name, &self.region);
        if self.service.throttled == Throttled::Together {
            format!("{service} in {region}")
        } else {
            format!("{service}:{operation} in {region}")
        }
    }
}

/// The clock of the rate limiter, which tests can pause.
pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The credentials of a client, behind its rate limiter.
#[derive(Debug)]
pub(super) struct ThrottledCredentials {
    pub(super) limiter: RateLimiter,
    pub(super) credentials: SharedIdentityCache,
}

impl ResolveCachedIdentity for ThrottledCredentials {
    fn resolve_cached_identity<'a>(
        &'a self,
        resolver: SharedIdentityResolver,
        components: &'a RuntimeComponents,
        cfg: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        IdentityFuture::new(async move {
            self.limiter.wait(cfg.load::<Metadata>().map_or("", Metadata::name)).await;
            self.credentials.resolve_cached_identity(resolver, components, cfg).await
        })
    }

    fn validate_base_client_config(&self, parts: &RuntimeComponentsBuilder, cfg: &ConfigBag) -> Result<(), BoxError> {
        self.credentials.validate_base_client_config(parts, cfg)
    }

    fn validate_final_config(&self, components: &RuntimeComponents, cfg: &ConfigBag) -> Result<(), BoxError> {
        self.credentials.validate_final_config(components, cfg)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::time::Duration;

    use super::super::clients::{Connection, RetryPolicy, Settings};
    use super::super::cx::{Cx, ReadCache};
    use super::*;
    use crate::cloud::ReadMode;
    use crate::names::Scope;

    static IAM: Service = Service { name: "iam", throttled: Throttled::Together, ..Service::DEFAULT };
    static LAMBDA: Service = Service { name: "lambda", throttled: Throttled::Together, ..Service::DEFAULT };
    static EC2: Service = Service { name: "ec2", ..Service::DEFAULT };

    /// A connection to something that answers every request with this error, in IAM's form.
    async fn answering(status: &'static str, code: &str) -> Arc<Connection> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a socket");
        let url = format!("http://{}", listener.local_addr().expect("a port"));
        let body = format!("<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code></Error></ErrorResponse>");
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let mut socket = socket.expect("a connection");
                // A request of these fits one packet, and what is not read is not missed.
                let _ = socket.read(&mut [0; 16_384]);
                let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}", body.len());
                let _ = write!(socket, "{head}\r\n\r\n{body}");
            }
        });
        let settings = Settings { endpoint: Some(url), emulator: true, ..Settings::default() };
        Arc::new(Connection::open(&settings).await)
    }

    fn iam(connection: &Arc<Connection>, policy: RetryPolicy) -> aws_sdk_iam::Client {
        Cx::new(connection.clone(), Arc::default(), &Scope::Global, ReadMode::Fresh, policy, ReadCache::default()).iam()
    }

    /// The longest wait of a hundred calls that are sent at once.
    fn longest_wait(connection: &Connection, service: &'static Service, region: &str) -> Duration {
        let limiter = connection.limiter(service, &region.parse().expect("a region"));
        (0..100).map(|_| limiter.with("CreateRole", |rate| rate.acquire(now()))).max().expect("a hundred")
    }

    #[tokio::test]
    async fn throttling_slows_reads_and_changes_of_that_service_and_region() {
        let connection = answering("400 Bad Request", "Throttling").await;
        let (reads, changes) = (iam(&connection, RetryPolicy::Reads), iam(&connection, RetryPolicy::Writes));
        let calls = (0..4).map(|_| async {
            let _ = tokio::join!(reads.get_role().role_name("a").send(), changes.delete_role().role_name("a").send());
        });
        let limited = async {
            while longest_wait(&connection, &IAM, "us-east-1").is_zero() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::select! {
            _ = futures::future::join_all(calls) => panic!("all were repeated as fast as they came"),
            () = limited => {}
        }
        assert_eq!(longest_wait(&connection, &LAMBDA, "us-east-1"), Duration::ZERO);
        assert_eq!(longest_wait(&connection, &IAM, "eu-west-1"), Duration::ZERO);
    }

    #[tokio::test]
    async fn a_change_is_repeated_only_if_throttled() {
        let throttled = answering("400 Bad Request", "Throttling").await;
        let _ = iam(&throttled, RetryPolicy::Writes).delete_role().role_name("a").send().await.expect_err("throttled");
        assert_eq!(throttled.calls()["iam:DeleteRole"], 5);
        let broken = answering("503 Service Unavailable", "ServiceFailure").await;
        let _ = iam(&broken, RetryPolicy::Writes).delete_role().role_name("a").send().await.expect_err("broken");
        assert_eq!(broken.calls()["iam:DeleteRole"], 1);
    }

    #[tokio::test(start_paused = true)]
    async fn calls_wait_for_the_rate_limiter() {
        let home: Region = "us-east-1".parse().expect("a region");
        let limiter = RateLimiter::new(&EC2, home);
        for _ in 0..4 {
            limiter.answered("CreateVpc", now(), true);
        }
        let start = now();
        for _ in 0..3 {
            limiter.wait("DescribeVpcs").await;
        }
        assert_eq!(now(), start, "another operation is counted apart");
        for _ in 0..3 {
            limiter.wait("CreateVpc").await;
        }
        let waited = now() - start;
        assert!((Duration::from_millis(1400)..Duration::from_millis(1600)).contains(&waited), "{waited:?}");
    }
}
