//! One connection to AWS: credentials, one connection pool, a client per service, region and retry policy.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};

use super::interceptor::CallInterceptor;
use super::rate_limiter::{RateLimiter, ThrottledCredentials};
use super::service::Service;
use crate::names::{Region, StackName};
use crate::store::fence::Fence;

/// Settings of a connection.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The stack whose ownership tags are read in one go.
    pub stack: Option<StackName>,
    /// A profile of the shared configuration files.
    pub profile: Option<String>,
    /// Another endpoint for every service, such as LocalStack's.
    pub endpoint: Option<String>,
    /// True for an emulator: fixed test credentials, and no real ones are ever read.
    pub emulator: bool,
    /// The region in which global services are called; `us-east-1` in the commercial partition.
    pub home: Option<Region>,
}

/// Retry policy of a client; [`RetryClassifier`](super::retries::RetryClassifier) enforces it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum RetryPolicy {
    /// A read: the SDK retries it.
    Reads,
    /// A change: the SDK retries it only if it was throttled, and so not carried out. After any other error the engine
    /// reads whether it was carried out before it tries again.
    Writes,
}

/// The longest delay before the first retry; it grows exponentially.
const INITIAL_BACKOFF: Duration = Duration::from_millis(250);

/// A client of any service.
type AnyClient = Box<dyn Any + Send + Sync>;

/// One connection, shared by every kind.
pub struct Connection {
    reads: SdkConfig,
    writes: SdkConfig,
    home: Region,
    /// The stack whose tags are read in one go.
    pub(crate) stack: Option<StackName>,
    clients: Mutex<HashMap<(&'static str, Region, RetryPolicy), AnyClient>>,
    /// Reads and changes share a rate limiter.
    limiters: Mutex<HashMap<(&'static str, Region), RateLimiter>>,
    interceptor: CallInterceptor,
    /// S3 buckets are addressed by path, which an endpoint of one host name needs.
    by_path: bool,
}

impl Connection {
    /// Reads the configuration that the AWS CLI reads; no call is made.
    pub async fn open(settings: &Settings) -> Self {
        let home = settings.home.clone().unwrap_or_else(default_home);
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(aws_config::Region::new(home.to_string()))
            .http_client(
                aws_smithy_http_client::Builder::new()
                    .tls_provider(aws_smithy_http_client::tls::Provider::Rustls(
                        aws_smithy_http_client::tls::rustls_provider::CryptoMode::AwsLc,
                    ))
                    .build_https(),
            )
            .timeout_config(timeouts(Duration::from_mins(1)))
            // Exponential backoff from a quarter of a second, as the engine's: it adds up to a minute or two.
            .retry_config(RetryConfig::standard().with_initial_backoff(INITIAL_BACKOFF).with_max_attempts(10))
            .app_name(
                aws_config::AppName::new(concat!("isobar-", env!("CARGO_PKG_VERSION")))
                    .unwrap_or_else(|_| unreachable!("a plain name")),
            );
        if let Some(profile) = &settings.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(endpoint) = &settings.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        if settings.emulator {
            loader = loader.empty_test_environment().test_credentials();
        }
        let reads = loader.load().await;
        // A change may carry 50 MB of code over a slow line.
        let retry = RetryConfig::standard().with_initial_backoff(INITIAL_BACKOFF).with_max_attempts(5);
        let writes = reads.to_builder().retry_config(retry);
        let writes = writes.timeout_config(timeouts(Duration::from_mins(10))).build();
        Self {
            reads,
            writes,
            home,
            stack: settings.stack.clone(),
            clients: Mutex::default(),
            limiters: Mutex::default(),
            interceptor: CallInterceptor::default(),
            by_path: settings.endpoint.is_some(),
        }
    }

    /// Refuses calls from now on while this fence is closed, except those of the state's bucket, which find out
    /// whether the lock is lost.
    pub fn guard(&self, fence: Fence) {
        self.interceptor.guard(fence);
    }

    /// A client for a state's bucket: no retries, a short timeout, no fence.
    pub(crate) fn state_client(&self, region: &Region) -> aws_sdk_s3::Client {
        let config = self.writes.to_builder().region(aws_config::Region::new(region.to_string()));
        let config = config.timeout_config(timeouts(Duration::from_secs(10)));
        let config = config.retry_config(RetryConfig::disabled()).build();
        let config = aws_sdk_s3::config::Builder::from(&config).force_path_style(self.by_path);
        aws_sdk_s3::Client::from_conf(config.interceptor(self.interceptor.unguarded()).build())
    }

    /// The region in which global services are called.
    pub fn home(&self) -> &Region {
        &self.home
    }

    /// The number of calls so far, by `service:Operation`.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.interceptor.calls()
    }

    /// The client of a service in a region, made on first use.
    pub(crate) fn client<C: Any + Clone + Send + Sync>(
        &self,
        service: &'static Service,
        region: &Region,
        policy: RetryPolicy,
        make: impl FnOnce(&SdkConfig, CallInterceptor) -> C,
    ) -> C {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = clients.entry((service.name, region.clone(), policy)).or_insert_with(|| {
            let base = match policy {
                RetryPolicy::Reads => &self.reads,
                RetryPolicy::Writes => &self.writes,
            };
            let limiter = self.limiter(service, region);
            let mut config = base.to_builder().region(aws_config::Region::new(region.to_string()));
            if let Some(credentials) = base.identity_cache() {
                config = config.identity_cache(ThrottledCredentials { limiter: limiter.clone(), credentials });
            }
            Box::new(make(&config.build(), self.interceptor.with(limiter)))
        });
        match slot.downcast_ref::<C>() {
            Some(client) => client.clone(),
            None => unreachable!("a service's name stands for one client type"),
        }
    }

    /// The rate limiter of a service in a region.
    pub(super) fn limiter(&self, service: &'static Service, region: &Region) -> RateLimiter {
        let mut limiters = self.limiters.lock().unwrap_or_else(PoisonError::into_inner);
        limiters
            .entry((service.name, region.clone()))
            .or_insert_with(|| RateLimiter::new(service, region.clone()))
            .clone()
    }
}

fn timeouts(attempt: Duration) -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(Duration::from_secs(4)).operation_attempt_timeout(attempt).build()
}

fn default_home() -> Region {
    "us-east-1".parse().unwrap_or_else(|_| unreachable!("a well-formed region"))
}
