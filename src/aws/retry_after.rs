//! After how long AWS wants to be asked again. The SDK itself reads one of the two headers that say it.

use std::time::Duration;

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority, RetryReason,
};

/// The longest time that is believed.
const LONGEST: Duration = Duration::from_secs(20);
/// Up to so much later is asked, in milliseconds: many that were told the same do not come back together.
const SPREAD: u64 = 250;

/// What an answer's headers say: `x-amz-retry-after` in milliseconds, `Retry-After` in seconds.
pub(super) fn retry_after(response: &HttpResponse) -> Option<Duration> {
    let number = |name| response.headers().get(name).and_then(|text| text.trim().parse::<u64>().ok());
    let seconds = || number("retry-after").map(Duration::from_secs);
    let asked = number("x-amz-retry-after").map(Duration::from_millis).or_else(seconds)?;
    Some(asked.min(LONGEST) + Duration::from_millis(fastrand::u64(0..SPREAD)))
}

/// Lets the SDK's own repetitions wait that long.
#[derive(Debug)]
pub(super) struct RetryAfter;

impl ClassifyRetry for RetryAfter {
    fn classify_retry(&self, _context: &InterceptorContext) -> RetryAction {
        RetryAction::NoActionIndicated
    }

    fn classify_retry_v2(&self, context: &InterceptorContext, previous: &RetryAction) -> RetryAction {
        let RetryAction::RetryIndicated(RetryReason::RetryableError { kind, .. }) = previous else {
            return RetryAction::NoActionIndicated;
        };
        let asked = context.response().and_then(retry_after);
        asked.map_or(RetryAction::NoActionIndicated, |delay| {
            RetryAction::retryable_error_with_explicit_delay(*kind, delay)
        })
    }

    fn name(&self) -> &'static str {
        "IsobarRetryAfter"
    }

    fn priority(&self) -> RetryClassifierPriority {
        // After all others: it adds to what they say.
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
            assert!((milliseconds.into()..u128::from(milliseconds + SPREAD)).contains(&asked), "{headers:?}: {asked}");
        };
        check(&[("retry-after", "2")], 2_000);
        check(&[("x-amz-retry-after", "1500"), ("retry-after", "9")], 1_500);
        check(&[("retry-after", "86400")], 20_000);
        assert_eq!(retry_after(&answer(&[])), None);
        assert_eq!(retry_after(&answer(&[("retry-after", "Fri, 31 Dec 1999 23:59:59 GMT")])), None);
    }

    #[test]
    fn what_is_not_repeated_is_not_repeated_later_either() {
        let mut context = InterceptorContext::new(Input::doesnt_matter());
        context.set_response(answer(&[("retry-after", "2")]));
        let classify = |previous| RetryAfter.classify_retry_v2(&context, &previous);
        assert_eq!(classify(RetryAction::NoActionIndicated), RetryAction::NoActionIndicated);
        let RetryAction::RetryIndicated(RetryReason::RetryableError { retry_after: Some(delay), .. }) =
            classify(RetryAction::throttling_error())
        else {
            panic!("throttling is repeated later");
        };
        assert!(delay >= Duration::from_secs(2));
    }
}
