//! Conversion of the SDK's errors to [`CloudError`], and the meanings of AWS's error codes.

use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{DispatchFailure, SdkError};
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::retries::retry_after;
use crate::cloud::{Class, CloudError};

/// The result of a kind's calls.
pub type Result<T, E = CloudError> = std::result::Result<T, E>;

/// Codes whose meaning is the same in every service. A kind may have its own: [`ErrorCodes`].
const CODES: &[(Class, &[&str])] = &[
    (
        Class::NotFound,
        &[
            "AWS.SimpleQueueService.NonExistentQueue",
            "ListenerNotFound",
            "LoadBalancerNotFound",
            "NotFound",
            "NotFoundException",
            "NoSuchEntity",
            "NoSuchHostedZone",
            "NoSuchHealthCheck",
            "QueueDoesNotExist",
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
            "KmsThrottled",
            "RequestLimitExceeded",
            "RequestThrottled",
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
    // Quotas, even with the status 429: the same call fails again until something is deleted or the quota is raised.
    (Class::Other, &["LimitExceeded", "LimitExceededException", "ServiceQuotaExceededException"]),
];

/// A kind's own error codes, asked before the common ones. A code may be narrowed with words of the message:
/// `Code: words`.
#[derive(Debug, Clone, Copy)]
pub struct ErrorCodes {
    /// The resource does not exist.
    pub not_found: &'static [&'static str],
    /// The resource exists already.
    pub exists: &'static [&'static str],
    /// The resource is being changed or is in use: the call is retried.
    pub conflict: &'static [&'static str],
    /// Eventual consistency: another service does not see a new resource yet, such as an IAM role. The call is retried.
    pub not_visible_yet: &'static [&'static str],
}

impl ErrorCodes {
    /// No codes.
    pub const NONE: Self = Self { not_found: &[], exists: &[], conflict: &[], not_visible_yet: &[] };

    /// The error with the class that these codes give it.
    pub(crate) fn refine(&self, error: CloudError) -> CloudError {
        let fits = |rules: &[&str]| {
            rules.iter().any(|rule| match rule.split_once(": ") {
                Some((code, words)) => error.code == code && error.message.contains(words),
                None => error.code == *rule,
            })
        };
        // An error that the kind itself has called "not visible yet" stays so, whatever its code means to other calls.
        let class = if error.class == Class::NotVisibleYet || fits(self.not_visible_yet) {
            Class::NotVisibleYet
        } else if fits(self.not_found) {
            Class::NotFound
        } else if fits(self.exists) {
            Class::Exists
        } else if fits(self.conflict) {
            Class::Conflict
        } else {
            error.class
        };
        CloudError { class, ..error }
    }
}

/// The hint for credentials that have expired or are not known.
const NEW_CREDENTIALS: &str =
    "get new credentials, for instance with `aws sso login`; a long run needs credentials that last as long";

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
    /// Takes the error apart; everything else is in `Answer`, which is compiled once, not once an operation.
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        let metadata = match &error {
            SdkError::ServiceError(context) => Some(context.err().meta()),
            _ => None,
        };
        let answer = Answer::new(operation_of(std::any::type_name::<E>()), error.raw_response());
        match (&error, metadata) {
            (_, Some(metadata)) => answer.refused(metadata),
            (SdkError::TimeoutError(_), _) => answer.unanswered(Class::TimedOut, "no answer in time".into()),
            (SdkError::DispatchFailure(failure), _) => answer.undelivered(failure),
            // The request could not be built, or the response could not be parsed.
            (SdkError::ConstructionFailure(_), _) => answer.local(Class::Denied, chain(&error)),
            _ => answer.unanswered(Class::Server, chain(&error)),
        }
    }
}

/// A failed call, without its types.
struct Answer {
    operation: String,
    status: Option<u16>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
}

impl Answer {
    fn new(operation: String, response: Option<&HttpResponse>) -> Self {
        Self {
            operation,
            status: response.map(|response| response.status().as_u16()),
            request_id: response.and_then(request_id),
            retry_after: response.and_then(retry_after),
        }
    }

    /// AWS answered with an error of its own.
    fn refused(self, metadata: &ErrorMetadata) -> CloudError {
        let code = metadata.code().unwrap_or_default().to_owned();
        let class = classify(&code, self.status);
        CloudError {
            message: metadata.message().unwrap_or("no message").to_owned(),
            request_id: self.request_id,
            maybe_done: class == Class::Server,
            hint: (class == Class::Credentials).then(|| NEW_CREDENTIALS.into()),
            code,
            retry_after: self.retry_after,
            ..CloudError::local(class, self.operation, "")
        }
    }

    /// The request did not leave, or its answer was lost.
    fn undelivered(self, failure: &DispatchFailure) -> CloudError {
        let cause = failure.as_connector_error();
        let message = cause.map_or_else(|| "the request could not be sent".to_owned(), |cause| chain(cause));
        if cause.is_some_and(|error| no_credentials(error)) {
            // Nothing was sent.
            CloudError { hint: Some(NEW_CREDENTIALS.into()), ..self.local(Class::Credentials, message) }
        } else if failure.is_user() {
            self.local(Class::Denied, message)
        } else if failure.is_timeout() {
            self.unanswered(Class::TimedOut, message)
        } else {
            self.unanswered(Class::Unreachable, message)
        }
    }

    /// There was no answer: AWS may have carried out the call all the same.
    fn unanswered(self, class: Class, message: String) -> CloudError {
        let request_id = self.request_id.clone();
        CloudError { maybe_done: true, request_id, ..self.local(class, message) }
    }

    /// The call was not sent.
    fn local(self, class: Class, message: String) -> CloudError {
        CloudError::local(class, self.operation, message)
    }
}

/// `aws_sdk_sns::operation::create_topic::CreateTopicError` is `sns:CreateTopic`.
fn operation_of(name: &str) -> String {
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

/// True if the credentials provider has no credentials. One that timed out may have some later.
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

/// Conversion for calls whose "not found" is an answer, not a failure.
pub trait NotFoundExt<T> {
    /// `None` if the resource does not exist.
    fn optional(self) -> Result<Option<T>>;
}

impl<T, E: Into<CloudError>> NotFoundExt<T> for std::result::Result<T, E> {
    fn optional(self) -> Result<Option<T>> {
        match self.map_err(Into::into) {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.class == Class::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}
