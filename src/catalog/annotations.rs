//! Words of a schema beyond its form: what the engine must know of a field.

use super::stakes::Stakes;
use crate::value::Json;

/// The `x-` words of a schema: what the engine must know of a field beyond its form.
///
/// | word | meaning | who reads it |
/// |---|---|---|
/// | `x-change: replace` | AWS cannot change it; the thing is replaced | `diff` |
/// | `x-change: replace-set` | once it is set, another value replaces the thing; to set or unset it does not | `diff` |
/// | `x-settled-by: FIELD` | as long as the file says FIELD, what it was made with stays, and is no difference | `diff`, `planning` |
/// | `x-change: replace-case` | AWS cannot change which of the cases it is, only what is in it | `diff` |
/// | `x-secret` | never in state, plan or log | `catalog`, `render` |
/// | `x-write-only` | AWS never returns it; compared with what was last sent | `diff` |
/// | `x-owned-by-aws` | observed, never a difference | `diff` |
/// | `x-protects` | true in it: what it stands in goes only on the user's word | `planning` |
/// | `x-unordered` | order means nothing; `rest`: only the first item's place means something | `diff` |
/// | `x-key: FIELD` | items are told apart by this field, order means nothing | `diff` |
/// | `x-merge` | only the keys or items that are or were in the file are ours | `diff` |
/// | `x-reset: VALUE` | what says AWS's default: wanted once the file no longer says the field; null: a new thing without it | `diff` |
/// | `x-stays` | AWS has no way back: what the file no longer says stays as it is | `diff` |
/// | `x-whole` | it is always sent whole: a field left out is wanted at its default, or not at all | `diff` |
/// | `x-compare: sha256, policy, dns` | how equality is decided | `diff` |
/// | `x-grants: [FIELD]` | rights or ways of others: widened before they need more, narrowed once they need less; items with these fields alike are one | `diff`, `planning` |
/// | `x-holds: [FIELD]` | while it is true, others move what these fields say: they and it change once those who rest on them have turned | `diff`, `planning` |
/// | `x-copies` | what it refers to is copied as it is now: what that needs is needed as long as the copy is | `graph` |
/// | `x-needs: serving` | what it refers to must be serving, not just configured | `graph` |
/// | `x-needs: nothing` | a text to AWS: what it names need not be there, as long as the name is known | `graph` |
/// | `x-volatile` | an output that an update may change | `plan` |
/// | `x-stable-under: [FIELD]` | a volatile output that a change of these fields alone leaves as it is | `plan` |
/// | `x-same-for: FIELD` | an output that AWS makes of this field and the account: what another one of the stack with the same FIELD has | `planning` |
/// | `x-risk`, `x-public`, `x-wait`, `x-highlight` | what a reviewer should know, see [`Stakes`] | `planning` |
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of a schema, there or not")]
pub struct Annotations {
    /// A change of it replaces the thing.
    pub replace: bool,
    /// Another value than the one that is set replaces the thing.
    pub replace_set: bool,
    /// Another case than the one that is there replaces the thing.
    pub replace_case: bool,
    /// As long as this field of the same object is said, what the thing was made with stays.
    pub settled_by: Option<String>,
    /// Never in state, plan or log.
    pub secret: bool,
    /// AWS never returns it.
    pub write_only: bool,
    /// Observed, never a difference.
    pub owned_by_aws: bool,
    /// True in it: what it stands in goes only on the user's word.
    pub protects: bool,
    /// Order means nothing.
    pub unordered: bool,
    /// The first item is what it is, and the order of the others means nothing.
    pub rest_unordered: bool,
    /// Items are told apart by this field.
    pub key: Option<String>,
    /// Only keys or items that are or were in the file are ours.
    pub merge: bool,
    /// What the file no longer says stays as it is.
    pub stays: bool,
    /// The value that says AWS's default, for a field that was said and no longer is; null if only a new thing is
    /// without it.
    pub reset: Option<Json>,
    /// A field left out is wanted at its default, or not at all.
    pub whole: bool,
    /// It lets others do something: what is taken away goes once nobody uses it. The fields that tell its items apart,
    /// all if none is named.
    pub grants: Option<Vec<String>>,
    /// While it is true, others move what these fields say.
    pub holds: Vec<String>,
    /// What it refers to is copied as it is at that moment, with all that it needs.
    pub copies: bool,
    /// How equality is decided.
    pub compare: Compare,
    /// What it refers to must be serving.
    pub needs_serving: bool,
    /// What it names need not be there.
    pub needs_nothing: bool,
    /// An output that an update may change.
    pub volatile: bool,
    /// A volatile output stays as it is if only these fields change.
    pub stable_under: Vec<String>,
    /// An output that is the same for all of one account with the same value of this field.
    pub same_for: Option<String>,
    /// Facts for the reviewer of a change.
    pub stakes: Stakes,
}

/// How equality of a field is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compare {
    /// As JSON.
    #[default]
    Json,
    /// AWS keeps only a hash, `sha256:<hex>` of the canonical JSON.
    Sha256,
    /// As an IAM policy: a list of one equals its item, and order means nothing.
    Policy,
    /// As a DNS name: case and a trailing dot mean nothing.
    Dns,
}

impl Annotations {
    /// These, and those of a schema.
    pub(super) fn with(mut self, schema: &Json) -> Self {
        let is = |key: &str| schema.get(key).and_then(Json::as_bool).unwrap_or(false);
        let word = |key: &str| schema.get(key).and_then(Json::as_str);
        self.replace |= word("x-change") == Some("replace");
        self.replace_set |= word("x-change") == Some("replace-set");
        self.settled_by = word("x-settled-by").map(str::to_owned).or(self.settled_by);
        self.replace_case |= word("x-change") == Some("replace-case");
        self.secret |= is("x-secret");
        self.write_only |= is("x-write-only");
        self.owned_by_aws |= is("x-owned-by-aws");
        self.protects |= is("x-protects");
        self.unordered |= is("x-unordered");
        self.rest_unordered |= word("x-unordered") == Some("rest");
        self.merge |= is("x-merge");
        self.stays |= is("x-stays");
        self.reset = schema.get("x-reset").cloned().or(self.reset);
        self.whole |= is("x-whole");
        self.copies |= is("x-copies");
        self.volatile |= is("x-volatile");
        self.stakes = std::mem::take(&mut self.stakes).with(schema);
        let words = |key: &str| schema.get(key).and_then(Json::as_array).into_iter().flatten();
        self.stable_under.extend(words("x-stable-under").filter_map(Json::as_str).map(str::to_owned));
        self.holds.extend(words("x-holds").filter_map(Json::as_str).map(str::to_owned));
        self.same_for = word("x-same-for").map(str::to_owned).or(self.same_for);
        self.needs_serving |= word("x-needs") == Some("serving");
        if let Some(fields) = schema.get("x-grants").and_then(Json::as_array) {
            self.grants = Some(fields.iter().filter_map(Json::as_str).map(str::to_owned).collect());
        }
        self.needs_nothing |= word("x-needs") == Some("nothing");
        self.key = word("x-key").map(str::to_owned).or(self.key);
        self.compare = match word("x-compare") {
            Some("sha256") => Compare::Sha256,
            Some("policy") => Compare::Policy,
            Some("dns") => Compare::Dns,
            _ => self.compare,
        };
        self
    }
}
