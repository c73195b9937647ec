//! The properties of a hosted zone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Tags;

/// The properties of a hosted zone.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name of the domain, such as `example.com`. A zone in its place has other name servers, which
    /// the registrar has to be told.
    #[schemars(length(min = 1, max = 1024), extend("x-highlight" = true, "x-change" = "replace", "x-compare" = "dns"))]
    pub name: String,
    /// Description; at most 256 characters.
    #[schemars(length(max = 256), extend("x-reset" = ""))]
    pub comment: Option<String>,
    /// Restricts it to queries from within `vpcs`; public when left out.
    #[schemars(extend("x-change" = "replace"))]
    pub private: Option<bool>,
    /// Networks that a private zone is seen from; at least one.
    #[schemars(length(min = 1), extend("x-unordered" = true))]
    pub vpcs: Option<Vec<Vpc>>,
    /// Id of a reusable delegation set, whose name servers the zone gets. Public zones only.
    #[schemars(length(min = 1, max = 32), extend("x-change" = "replace"))]
    pub delegation_set: Option<String>,
    /// Records can still be changed within about an hour when us-east-1 is impaired; public zones
    /// only. Turning it on takes up to hours.
    pub accelerated_recovery: Option<bool>,
    /// Tags, at most 7.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// A network that a private zone is seen from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vpc {
    /// Its id.
    #[schemars(length(min = 1, max = 1024))]
    pub id: String,
    /// Its region.
    #[schemars(length(min = 1, max = 64))]
    pub region: String,
}
