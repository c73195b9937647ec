//! From the SDK's errors to ours, by wire code: the one place that knows what AWS's codes mean.

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::repeats::retry_after;
use crate::cloud::{Class, CloudError};

/// What a kind's calls give.
pub type Result<T, E = CloudError> = std::result::Result<T, E>;

/// Codes whose meaning is the same in every service. A kind may say otherwise for its own.
const CODES: &[(Class, &[&str])] = &[
    (
        Class::NotFound,
        &[
            "ListenerNotFound",
            "LoadBalancerNotFound",
            "NotFound",
            "NotFoundException",
            "NoSuchEntity",
            "NoSuchHostedZone",
            "NoSuchHealthCheck",
            "ResourceNotFound",
            "ResourceNotFoundException",
            "RuleNotFound",
            "TableNotFoundException",
            "TargetGroupNotFound",
        ],
    ),
    (
        Class::Exists,
        &[
            "AlreadyExistsException",
            "EntityAlreadyExists",
            "HealthCheckAlreadyExists",
            "HostedZoneAlreadyExists",
            "ResourceAlreadyExistsException",
        ],
    ),
    (
        Class::Conflict,
        &[
            "ConcurrentAccess",
            "ConcurrentModification",
            "ConflictException",
            "DeleteConflict",
            "OperationAborted",
            "OperationAbortedException",
            "PriorRequestNotComplete",
            "ResourceConflictException",
            "ResourceInUseException",
        ],
    ),
    (
        Class::Throttled,
        &[
            "RequestLimitExceeded",
            "SlowDown",
            "Throttled",
            "ThrottledException",
            "Throttling",
            "ThrottlingException",
            "TooManyRequestsException",
        ],
    ),
    (Class::Denied, &["AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"]),
    (
        Class::Credentials,
        &[
            "ExpiredToken",
            "ExpiredTokenException",
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "InvalidToken",
            "RequestExpired",
            "UnrecognizedClientException",
        ],
    ),
    (
        Class::Invalid,
        &[
            "BadRequestException",
            "InvalidChangeBatch",
            "InvalidInput",
            "InvalidParameter",
            "InvalidParameterCombination",
            "InvalidParameterException",
            "InvalidParameterValue",
            "InvalidParameterValueException",
            "MalformedPolicyDocument",
            "ValidationError",
            "ValidationException",
        ],
    ),
    // Hard quotas, even where they come as 429: the same call fails again until something is deleted or raised.
    (Class::Other, &["LimitExceeded", "LimitExceededException", "ServiceQuotaExceededException"]),
];

/// What to do about credentials that have expired or are not known.
const NEW_CREDENTIALS: &str =
    "get new credentials, for instance with `aws sso login`; a job that takes longer than they last needs longer ones";

/// The class of a wire code.
pub fn classify(code: &str, http_status: Option<u16>) -> Class {
    let known = CODES.iter().find(|(_, codes)| codes.contains(&code)).map(|(class, _)| *class);
    known.unwrap_or(match http_status {
        Some(429) => Class::Throttled,
        Some(404) => Class::NotFound,
        Some(403) => Class::Denied,
        Some(500..) => Class::Server,
        _ => Class::Other,
    })
}

impl<E> From<SdkError<E, HttpResponse>> for CloudError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        let operation = operation_of::<E>();
        let status = error.raw_response().map(|response| response.status().as_u16());
        let request_id = error.raw_response().and_then(request_id);
        let retry_after = error.raw_response().and_then(retry_after);
        let unanswered =
            |class, message: String| Self { maybe_done: true, ..Self::stated(class, operation.clone(), message) };
        match &error {
            SdkError::TimeoutError(_) => unanswered(Class::TimedOut, "no answer in time".into()),
            SdkError::DispatchFailure(failure) => {
                let message = failure
                    .as_connector_error()
                    .map_or_else(|| "the request could not be sent".to_owned(), |cause| chain(cause));
                if failure.as_connector_error().is_some_and(|error| no_credentials(error)) {
                    // Nothing was sent.
                    Self { hint: Some(NEW_CREDENTIALS.into()), ..Self::stated(Class::Credentials, operation, message) }
                } else if failure.is_user() {
                    Self::stated(Class::Denied, operation, message)
                } else if failure.is_timeout() {
                    unanswered(Class::TimedOut, message)
                } else {
                    unanswered(Class::Unreachable, message)
                }
            }
            SdkError::ServiceError(context) => {
                let code = context.err().code().unwrap_or_default().to_owned();
                let class = classify(&code, status);
                Self {
                    class,
                    message: context.err().message().unwrap_or("no message").to_owned(),
                    request_id,
                    maybe_done: class == Class::Server,
                    hint: (class == Class::Credentials).then(|| NEW_CREDENTIALS.into()),
                    code,
                    retry_after,
                    ..Self::stated(class, operation, "")
                }
            }
            // Not built, or answered with something that is no answer of this service.
            SdkError::ConstructionFailure(_) => Self::stated(Class::Denied, operation, chain(&error)),
            _ => Self { request_id, ..unanswered(Class::Server, chain(&error)) },
        }
    }
}

/// `aws_sdk_sns::operation::create_topic::CreateTopicError` is `sns:CreateTopic`.
fn operation_of<E>() -> String {
    let name = std::any::type_name::<E>();
    let service = name.strip_prefix("aws_sdk_").and_then(|rest| rest.split("::").next()).unwrap_or("aws");
    let operation = name.rsplit("::").next().unwrap_or(name);
    let service = match service {
        "cloudwatchlogs" => "logs",
        "resourcegroupstagging" => "tag",
        other => other,
    };
    format!("{service}:{}", operation.strip_suffix("Error").unwrap_or(operation))
}

fn request_id(response: &HttpResponse) -> Option<String> {
    let headers = response.headers();
    ["x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"]
        .into_iter()
        .find_map(|name| headers.get(name))
        .map(str::to_owned)
}

/// Whether whoever gives out credentials has none to give any more. One that does not answer may do so later.
fn no_credentials(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    let found = causes.find_map(|cause| cause.downcast_ref::<CredentialsError>());
    found.is_some_and(|error| !matches!(error, CredentialsError::ProviderTimedOut(_)))
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let more = next.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = next.source();
    }
    text
}

/// Shorthand for calls whose "not found" is an answer, not a failure.
pub trait Gone<T> {
    /// `None` if the thing is not there.
    fn or_gone(self) -> Result<Option<T>>;
}

impl<T, E: Into<CloudError>> Gone<T> for std::result::Result<T, E> {
    fn or_gone(self) -> Result<Option<T>> {
        match self.map_err(Into::into) {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.class == Class::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}
