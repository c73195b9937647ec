//! Errors of AWS calls.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::names::Address;

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CloudError {
    /// The class of the error.
    pub class: Class,
    /// The operation, `service:Operation`.
    pub operation: String,
    /// AWS's code, empty if no answer came.
    pub code: String,
    /// AWS's message.
    pub message: String,
    /// AWS's request id, if an answer came.
    pub request_id: Option<String>,
    /// True if AWS may have done the work all the same: the answer was lost, or is a server error.
    pub maybe_done: bool,
    /// A hint that helps to understand it.
    pub hint: Option<String>,
    /// After how long AWS wants to be asked again, if it said so.
    #[serde(skip)]
    pub retry_after: Option<Duration>,
    /// The address of this stack that a resource in the way carries as its tag.
    #[serde(skip)]
    pub held_by: Option<Address>,
}

/// The class of an error; decides what the engine does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// It does not exist.
    NotFound,
    /// It exists already; `find` tells whether it is ours.
    Exists,
    /// It exists, and is not managed by this stack.
    #[serde(rename = "taken")]
    NotOwned,
    /// Someone is changing it, or it is in use: worth another try.
    Conflict,
    /// Eventual consistency: what was just created is not visible everywhere yet; worth another try.
    #[serde(rename = "not-yet")]
    NotVisibleYet,
    /// Too many calls: worth another try, later.
    Throttled,
    /// No answer in time.
    TimedOut,
    /// No connection.
    Unreachable,
    /// AWS's own failure: worth another try.
    Server,
    /// The credentials do not allow it.
    Denied,
    /// The credentials have expired or are not known: no call will succeed.
    Credentials,
    /// The request is wrong; another try will fail as well.
    Invalid,
    /// Anything else.
    Other,
}

impl Class {
    /// True if the same call may succeed a little later.
    pub fn is_transient(self) -> bool {
        match self {
            Self::Conflict
            | Self::NotVisibleYet
            | Self::Throttled
            | Self::TimedOut
            | Self::Unreachable
            | Self::Server => true,
            Self::NotFound
            | Self::Exists
            | Self::NotOwned
            | Self::Denied
            | Self::Credentials
            | Self::Invalid
            | Self::Other => false,
        }
    }
}

impl CloudError {
    /// An error that we state ourselves, without a call.
    pub fn local(class: Class, operation: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            class,
            operation: operation.into(),
            code: String::new(),
            message: message.into(),
            request_id: None,
            maybe_done: false,
            hint: None,
            retry_after: None,
            held_by: None,
        }
    }
}

impl std::error::Error for CloudError {}

impl fmt::Display for CloudError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.operation)?;
        if !self.code.is_empty() {
            write!(f, "{}: ", self.code)?;
        }
        write!(f, "{}", self.message)?;
        if let Some(id) = &self.request_id {
            write!(f, " (request {id})")?;
        }
        Ok(())
    }
}
