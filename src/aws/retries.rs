//! Retries within the SDK: which calls it may retry, and after which delay. The SDK honours `x-amz-retry-after` but not
//! `Retry-After`; this adds the latter.

use std::time::Duration;

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::retries::ErrorKind;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority, RetryReason,
};

use super::clients::RetryPolicy;

/// The longest delay that a change waits for within the SDK; the engine waits for longer ones.
const SHORT: Duration = Duration::from_secs(2);
/// The longest delay that is honoured.
const LONGEST: Duration = Duration::from_secs(20);
/// The jitter on top, in milliseconds: calls with the same delay do not come back together.
const JITTER: u64 = 250;

/// The delay that an answer's headers ask for: `x-amz-retry-after` in milliseconds, `Retry-After` in seconds.
pub(super) fn retry_after(response: &HttpResponse) -> Option<Duration> {
    let number = |name| response.headers().get(name).and_then(|text| text.trim().parse::<u64>().ok());
    let seconds = || number("retry-after").map(Duration::from_secs);
    let asked = number("x-amz-retry-after").map(Duration::from_millis).or_else(seconds)?;
    Some(asked.min(LONGEST) + Duration::from_millis(fastrand::u64(0..JITTER)))
}

/// Retry classifier: restricts the SDK's own retries to those that are safe, with the delay that AWS asks for.
#[derive(Debug)]
pub(crate) struct RetryClassifier(pub(super) RetryPolicy);

impl ClassifyRetry for RetryClassifier {
    fn classify_retry(&self, _context: &InterceptorContext) -> RetryAction {
        RetryAction::NoActionIndicated
    }

    fn classify_retry_v2(&self, context: &InterceptorContext, previous: &RetryAction) -> RetryAction {
        let asked = context.response().and_then(retry_after);
        match previous {
            // A throttled call was not carried out. The engine waits for a long delay, which can be interrupted there.
            RetryAction::RetryIndicated(RetryReason::RetryableError { kind, .. })
                if self.0 == RetryPolicy::Reads
                    || (*kind == ErrorKind::ThrottlingError && asked.is_none_or(|pause| pause < SHORT)) =>
            {
                asked.map_or(RetryAction::NoActionIndicated, |pause| {
                    RetryAction::retryable_error_with_explicit_delay(*kind, pause)
                })
            }
            _ if self.0 == RetryPolicy::Writes => RetryAction::RetryForbidden,
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "IsobarRetries"
    }

    fn priority(&self) -> RetryClassifierPriority {
        // After all others: it refines their verdict.
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::client::interceptors::context::Input;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    fn answer(headers: &[(&'static str, &'static str)]) -> HttpResponse {
        let mut response = HttpResponse::new(429.try_into().expect("a status"), SdkBody::empty());
        for (name, value) in headers {
            response.headers_mut().insert(*name, *value);
        }
        response
    }

    #[test]
    fn either_header_is_read() {
        let check = |headers: &[_], milliseconds: u64| {
            let asked = retry_after(&answer(headers)).expect("a time").as_millis();
            assert!((milliseconds.into()..u128::from(milliseconds + JITTER)).contains(&asked), "{headers:?}: {asked}");
        };
        check(&[("retry-after", "2")], 2_000);
        check(&[("x-amz-retry-after", "1500"), ("retry-after", "9")], 1_500);
        check(&[("retry-after", "86400")], 20_000);
        assert_eq!(retry_after(&answer(&[])), None);
        assert_eq!(retry_after(&answer(&[("retry-after", "Fri, 31 Dec 1999 23:59:59 GMT")])), None);
    }

    /// The verdict after the other classifiers', on an answer with these headers.
    fn verdict(policy: RetryPolicy, headers: &[(&'static str, &'static str)], others: &RetryAction) -> RetryAction {
        let mut context = InterceptorContext::new(Input::doesnt_matter());
        context.set_response(answer(headers));
        RetryClassifier(policy).classify_retry_v2(&context, others)
    }

    #[test]
    fn reads_are_retried_after_the_delay_that_aws_asks_for() {
        let check = |headers: &[_], others| verdict(RetryPolicy::Reads, headers, &others);
        assert_eq!(check(&[("retry-after", "2")], RetryAction::NoActionIndicated), RetryAction::NoActionIndicated);
        assert_eq!(check(&[], RetryAction::server_error()), RetryAction::NoActionIndicated);
        let later = check(&[("retry-after", "2")], RetryAction::throttling_error());
        let RetryAction::RetryIndicated(RetryReason::RetryableError { retry_after: Some(pause), .. }) = later else {
            panic!("{later:?}");
        };
        assert!(pause >= Duration::from_secs(2));
    }

    #[test]
    fn changes_are_retried_only_if_throttled() {
        let check = |headers: &[_], others| verdict(RetryPolicy::Writes, headers, &others);
        assert_eq!(check(&[], RetryAction::throttling_error()), RetryAction::NoActionIndicated);
        assert!(check(&[("retry-after", "1")], RetryAction::throttling_error()).should_retry());
        assert_eq!(check(&[("retry-after", "5")], RetryAction::throttling_error()), RetryAction::RetryForbidden);
        for others in [RetryAction::server_error(), RetryAction::transient_error(), RetryAction::NoActionIndicated] {
            assert_eq!(check(&[], others), RetryAction::RetryForbidden);
        }
    }
}
