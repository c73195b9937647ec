//! One connection to AWS: credentials, one pool of sockets, a client per service, region and manner.

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

/// How to reach AWS.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The stack whose ownership tags are read in one go.
    pub stack: Option<StackName>,
    /// A profile of the shared configuration files.
    pub profile: Option<String>,
    /// Another endpoint for every service, such as LocalStack's.
    pub endpoint: Option<String>,
    /// Whether this is an emulator: fixed test credentials, and no real ones are ever read.
    pub emulator: bool,
    /// Where global services are called; `us-east-1` in the commercial partition.
    pub home: Option<Region>,
}

/// What a client repeats by itself; [`RetryClassifier`](super::retries::RetryClassifier) sees to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum RetryPolicy {
    /// A read: the SDK may repeat it.
    Reads,
    /// A change: repeated if it was throttled, which is never done. All else the engine repeats, which
    /// first looks whether it was done.
    Writes,
}

/// The longest pause before a call is repeated for the first time.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

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
    /// Reads and changes wait for the same turns.
    limiter: Mutex<HashMap<(&'static str, Region), RateLimiter>>,
    interceptor: CallInterceptor,
    /// Whether S3 is asked by path, as an endpoint of one name wants it.
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
            // Pauses grow from a quarter of a second, as the engine's do: they add up to a minute or two.
            .retry_config(RetryConfig::standard().with_initial_backoff(FIRST_PAUSE).with_max_attempts(10))
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
        // A change may carry 50 MB of code over a thin line.
        let retry = RetryConfig::standard().with_initial_backoff(FIRST_PAUSE).with_max_attempts(5);
        let writes = reads.to_builder().retry_config(retry);
        let writes = writes.timeout_config(timeouts(Duration::from_mins(10))).build();
        Self {
            reads,
            writes,
            home,
            stack: settings.stack.clone(),
            clients: Mutex::default(),
            limiter: Mutex::default(),
            interceptor: CallInterceptor::default(),
            by_path: settings.endpoint.is_some(),
        }
    }

    /// From now on no call is begun while this fence is closed. The state's own calls are: they find out.
    pub fn guard(&self, fence: Fence) {
        self.interceptor.guard(fence);
    }

    /// A client for a state's bucket, which repeats nothing and does not wait long.
    pub(crate) fn state_client(&self, region: &Region) -> aws_sdk_s3::Client {
        let config = self.writes.to_builder().region(aws_config::Region::new(region.to_string()));
        let config = config.timeout_config(timeouts(Duration::from_secs(10)));
        let config = config.retry_config(RetryConfig::disabled()).build();
        let config = aws_sdk_s3::config::Builder::from(&config).force_path_style(self.by_path);
        aws_sdk_s3::Client::from_conf(config.interceptor(self.interceptor.unguarded()).build())
    }

    /// Where global services are called.
    pub fn home(&self) -> &Region {
        &self.home
    }

    /// How many calls were made so far, by `service:Operation`.
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

    /// What calls of a service in a region wait for.
    pub(super) fn limiter(&self, service: &'static Service, region: &Region) -> RateLimiter {
        let mut limiter = self.limiter.lock().unwrap_or_else(PoisonError::into_inner);
        limiter
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
