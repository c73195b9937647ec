//! SDK interceptor, which runs at every attempt of a call.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef, InterceptorContext,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::retries::ErrorKind;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction, RetryReason};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};

use super::rate_limiter::{RateLimiter, now};
use crate::store::fence::Fence;

/// Counts and traces calls, reports their answers to the rate limiter, and refuses them once the stack's lock is lost:
/// this is the last moment before a request is sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallInterceptor {
    calls: Arc<Mutex<BTreeMap<String, u64>>>,
    fence: Arc<OnceLock<Fence>>,
    limiter: Option<RateLimiter>,
}

/// The time at which an attempt was sent.
#[derive(Debug, Clone, Copy)]
struct Sent(Instant);

impl Storable for Sent {
    type Storer = StoreReplace<Self>;
}

impl CallInterceptor {
    /// Refuses calls from now on while this fence is closed.
    pub(super) fn guard(&self, fence: Fence) {
        // A connection serves one stack, which has one fence.
        let _ = self.fence.set(fence);
    }

    /// The number of calls so far, by `service:Operation`.
    pub(super) fn calls(&self) -> BTreeMap<String, u64> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The same counts and fence, for a client with this rate limiter.
    pub(super) fn with(&self, limiter: RateLimiter) -> Self {
        Self { limiter: Some(limiter), ..self.clone() }
    }

    /// The same counts, without the fence.
    pub(super) fn unguarded(&self) -> Self {
        Self { calls: self.calls.clone(), fence: Arc::default(), limiter: None }
    }
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for CallInterceptor {
    fn name(&self) -> &'static str {
        "IsobarCalls"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.fence.get().is_some_and(|fence| fence.check().is_err()) {
            return Err("the lock of this stack is lost".into());
        }
        if let Some(metadata) = cfg.load::<Metadata>() {
            let name = format!("{}:{}", metadata.service().to_lowercase().replace(' ', ""), metadata.name());
            tracing::debug!(target: "isobar::calls", "{name}");
            *self.calls.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default() += 1;
        }
        cfg.interceptor_state().store_put(Sent(now()));
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // A call without an answer says nothing about the rate.
        let answered = context.response().is_some();
        if let (true, Some(limiter), Some(Sent(sent)), Some(call)) =
            (answered, &self.limiter, cfg.load::<Sent>(), cfg.load::<Metadata>())
        {
            limiter.answered(call.name(), *sent, is_throttled(context.inner(), components));
        }
        Ok(())
    }
}

/// True if the SDK takes an answer for throttling.
fn is_throttled(context: &InterceptorContext, components: &RuntimeComponents) -> bool {
    components.retry_classifiers().any(|classifier| {
        matches!(
            classifier.classify_retry(context),
            RetryAction::RetryIndicated(RetryReason::RetryableError { kind: ErrorKind::ThrottlingError, .. })
        )
    })
}
