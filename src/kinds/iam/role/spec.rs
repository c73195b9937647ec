//! The properties of a role.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Tags;
use crate::value::Json;

/// The properties of a role.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name, unique in the account whatever the path; 1 to 64 letters, digits and `_+=,.@-`. A change replaces.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_+=,.@-]{1,64}$"), extend("x-highlight" = true, "x-change" = "replace"))]
    pub name: String,
    /// Path before the name in the ARN, with a slash at both ends; 1 to 512 characters. `/` when left out. A change replaces.
    #[schemars(length(min = 1, max = 512), regex(pattern = r"^/([!-~]+/)?$"), extend("x-change" = "replace", "x-reset" = "/"))]
    pub path: Option<String>,
    /// Trust policy, which says who may assume the role: a policy document whose `Principal` names services or
    /// accounts.
    #[schemars(extend("x-compare" = "policy", "x-grants" = [], "x-risk" = "permissions"))]
    pub assume_role_policy: Json,
    /// Description; at most 1000 characters. An empty text removes it.
    #[schemars(length(max = 1000), extend("x-reset" = ""))]
    pub description: Option<String>,
    /// Longest duration of a session in seconds, 3600 to 43200; 3600 when left out.
    #[schemars(range(min = 3600, max = 43200), extend("x-reset" = 3600))]
    pub max_session_duration: Option<i32>,
    /// ARN of the managed policy beyond which nothing is allowed, whatever the role's policies say. An empty text takes it away.
    #[schemars(length(max = 2048), extend("x-risk" = "boundary", "x-reset" = ""))]
    pub permissions_boundary: Option<String>,
    /// Inline policies by name: documents that belong to this role alone; 10,240 characters together.
    /// A policy that is not listed is deleted.
    #[schemars(extend("x-grants" = [], "x-highlight" = true, "x-reset" = {}))]
    pub policies: Option<BTreeMap<String, Document>>,
    /// ARNs of managed policies, at most 10 unless the account's quota was raised. One that is not listed is detached.
    #[schemars(extend("x-unordered" = true, "x-grants" = [], "x-risk" = "permissions", "x-highlight" = true, "x-reset" = []))]
    pub managed_policies: Option<Vec<String>>,
    /// Tags, by key. Tags that others add stay.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// A policy document.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("x-compare" = "policy"))]
#[schemars(extend("x-risk" = "permissions"))]
pub struct Document(pub Json);
