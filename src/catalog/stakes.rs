//! Stakes of a field: words of a schema that tell a reviewer what a change of it puts at risk, and what of a new one to show.

use crate::value::Json;

/// The words of a field for the review of a plan.
///
/// | word | meaning |
/// |---|---|
/// | `x-risk: WORD` | what a change of it puts at risk, see [`Stake`] |
/// | `x-public: [VALUE]` | with these values it can be reached from the internet |
/// | `x-wait: TEXT` | AWS takes its time for a change of it; on a whole spec: for making one |
/// | `x-highlight` | worth telling of a new one |
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stakes {
    /// The risk of a change.
    pub risk: Option<Stake>,
    /// The values with which it can be reached from the internet.
    pub public: Vec<Json>,
    /// The time that AWS takes, and what does not work meanwhile.
    pub wait: Option<String>,
    /// Worth telling of a new one.
    pub highlight: bool,
}

/// The risk of a change of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stake {
    /// Each of its entries holds data, which goes with it.
    Data,
    /// A change of it deletes the part that it belongs to and builds that again.
    Rebuild,
    /// Time for which data is kept; 0 is for ever.
    Retention,
    /// Time for which data can be restored; 0 is not at all.
    Backup,
    /// Keeps from being deleted. In a map, so do the keys with `deletion_protection` in them.
    Protection,
    /// Rules that let connections in.
    Ingress,
    /// Policy documents, or the ARNs of such: what may be done, on what, and by whom.
    Permissions,
    /// A limit on what policies allow.
    Boundary,
    /// Anybody who may call: a service, an account, or `*`.
    Principal,
    /// Share of the requests, or where they go; one that is deleted gets none.
    Traffic,
    /// Number of those that serve; 0 is nobody.
    Capacity,
    /// Takes what is unhealthy out of the traffic, unless it is off or empty.
    Health,
    /// Health does not count while it is on.
    HealthOff,
}

impl Stakes {
    /// These words and those of a schema.
    pub(super) fn with(mut self, schema: &Json) -> Self {
        self.risk = Self::risk(schema).or(self.risk);
        self.public.extend(schema.get("x-public").and_then(Json::as_array).into_iter().flatten().cloned());
        self.wait = schema.get("x-wait").and_then(Json::as_str).map(str::to_owned).or(self.wait);
        self.highlight |= schema.get("x-highlight").and_then(Json::as_bool).unwrap_or(false);
        self
    }

    fn risk(schema: &Json) -> Option<Stake> {
        serde_json::from_value(schema.get("x-risk")?.clone()).ok()
    }

    /// A word of risk that there is not, if the schema has such.
    pub(super) fn unknown(schema: &Json) -> Option<String> {
        schema.get("x-risk").filter(|_| Self::risk(schema).is_none()).map(Json::to_string)
    }

    /// True if there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
