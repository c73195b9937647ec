//! `functions`: Lambda functions, and what one thing may do with another.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::Json;

/// A Lambda function, in every region.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// A folder, made into a reproducible zip, or a `.zip`; relative to the stack file.
    pub code: Option<String>,
    /// A container image in place of code.
    pub image: Option<String>,
    /// `module.function`; needed with `code`.
    pub handler: Option<String>,
    /// Runtime, such as `python3.13`; needed with `code`.
    pub runtime: Option<String>,
    /// Memory in MB, 128 to 10240; 256 if left out.
    #[schemars(range(min = 128, max = 10240))]
    pub memory: Option<u32>,
    /// How long a call may take, such as `10s`; at most 15 minutes, 10s if left out.
    #[schemars(regex(pattern = r"^[0-9]+(s|m)$"))]
    pub timeout: Option<String>,
    /// Environment variables. Not for secrets: they are shown in plans and kept in the state, as AWS shows them to
    /// whoever may look at the function. Name a secret here, and let the function fetch it. `{}` for none.
    pub environment: Option<BTreeMap<String, String>>,
    /// What it may use: `tables.carts: read`. Becomes a least-privilege role.
    #[serde(default)]
    pub access: BTreeMap<String, Access>,
    /// Processor: `arm64` or `x86_64`, which is what stands if left out.
    pub architecture: Option<Architecture>,
    /// Whether it runs in the private subnets of the network, with a security group of its own; false if left out. It
    /// reaches what the network reaches, and nothing else: with `nat: none`, AWS services by `endpoints` alone. It can then
    /// `connect` to databases and `call` services.
    pub network: Option<bool>,
    /// Layers, by version ARN; `[]` for none.
    pub layers: Option<Vec<String>>,
    /// Days that logs are kept; 30 if left out.
    pub log_days: Option<u32>,
    /// Calls that may run at once, taken out of the account's limit; 0 stops the function, -1 reserves nothing.
    #[schemars(range(min = -1))]
    pub reserved_concurrency: Option<i32>,
    /// Differences by region.
    #[serde(default)]
    pub regions: BTreeMap<String, Json>,
    /// Whether its resources stay in AWS when it leaves the file.
    #[serde(default)]
    pub retain: bool,
}

/// A processor architecture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Architecture {
    /// AWS Graviton.
    Arm64,
    /// Intel and AMD.
    #[serde(rename = "x86_64")]
    X86,
}

/// What one thing may do with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Read items.
    Read,
    /// Write items.
    Write,
    /// Read and write items.
    ReadWrite,
    /// Call a function.
    Invoke,
    /// Open connections to a service or a fleet.
    Call,
    /// Open connections to a database, and read its secret.
    Connect,
}

impl Access {
    /// The word of the file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::ReadWrite => "read-write",
            Self::Invoke => "invoke",
            Self::Call => "call",
            Self::Connect => "connect",
        }
    }
}
