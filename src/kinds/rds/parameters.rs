//! Parameter groups of both kinds: their fields, and the calls that set and reset parameters.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use aws_sdk_rds::types::{ApplyMethod, Filter, Parameter};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::aws::{Result, Tags, live_tags};
use crate::cloud::CloudError;
use crate::kinds::{Found, Kind};
use crate::value::fingerprint;

/// Parameters by name.
pub type Parameters = BTreeMap<String, String>;

/// Fields of a parameter group, of clusters or of instances.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name, unique in the region; 1 to 255 lower-case letters, digits and dashes, a letter first, no dash at the end.
    #[schemars(
        regex(pattern = r"^[a-z](-?[a-z0-9])*$"),
        length(max = 255),
        extend("x-highlight" = true, "x-change" = "replace")
    )]
    pub name: String,
    /// Family of engines, such as `aurora-postgresql16` or `aurora-mysql8.0`. A change replaces.
    #[schemars(regex(pattern = r"^[a-z0-9.-]+$"), extend("x-highlight" = true, "x-change" = "replace"))]
    pub family: String,
    /// Description, for people; the name when left out. A change replaces.
    #[schemars(length(min = 1, max = 255), extend("x-change" = "replace"))]
    pub description: Option<String>,
    /// Values of parameters by name, as texts; those that are not listed have the engine's default. Dynamic ones count at
    /// once, static ones from the next start of an instance: see `restart_key` of `rds.DbInstance`.
    /// After a group is made with parameters of character sets, AWS advises five minutes before a cluster is made with it.
    #[schemars(extend("x-reset" = {}))]
    pub parameters: Option<Parameters>,
    /// Tags, beside those by which Isobar knows its own.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Outputs of a parameter group.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Text that changes when static parameters do, or the group: for `restart_key` of `rds.DbInstance`.
    #[schemars(extend("x-volatile" = true, "x-stable-under" = ["tags"]))]
    pub restart_key: String,
}

/// Parameters that one call takes.
const PER_CALL: usize = 20;

/// Parameters that somebody has set in a group.
struct Live {
    values: Parameters,
    /// Text that changes with those that count from the next start only, and with the group.
    restart_key: String,
}

impl Live {
    /// Parameters of a group, as AWS describes those of the source `user`.
    fn of(group: &str, described: Vec<Parameter>) -> Self {
        let is_static = |one: &Parameter| one.apply_type.as_deref() == Some("static");
        let pair = |one: Parameter| Some((one.parameter_name?, one.parameter_value?));
        let fixed: Parameters = described.iter().filter(|one| is_static(one)).cloned().filter_map(pair).collect();
        let hash = fingerprint(&json!([group, fixed])).replace("sha256:", "");
        Self { values: described.into_iter().filter_map(pair).collect(), restart_key: hash.chars().take(16).collect() }
    }
}

/// A group as it was read. `said`: family and description, if AWS was asked for them.
pub(super) fn found<K: Kind<Spec = Spec, Outputs = Outputs>>(
    (name, arn): (&str, String),
    said: Option<(String, Option<String>)>,
    described: Vec<Parameter>,
    tags: Tags,
) -> Found<K> {
    let live = Live::of(name, described);
    let not_read: &[&str] = if said.is_none() { &["family", "description"] } else { &[] };
    let (family, description) = said.unwrap_or_default();
    let (parameters, tags) = (Some(live.values), Some(live_tags(tags)));
    let spec = Spec { name: name.to_owned(), family, description, parameters, tags };
    let outputs = Outputs { name: name.to_owned(), arn, restart_key: live.restart_key };
    Found { not_read, ..Found::serving(spec, outputs) }
}

/// The difference between two sets of parameters: those to set, and the names of those to reset.
fn differences(from: Option<&Parameters>, to: Option<&Parameters>) -> (Vec<(String, String)>, Vec<String>) {
    let (Some(to), empty) = (to, Parameters::new()) else { return (Vec::new(), Vec::new()) };
    let from = from.unwrap_or(&empty);
    let set = to.iter().filter(|(name, value)| from.get(*name) != Some(value));
    let unset = from.keys().filter(|name| !to.contains_key(*name));
    (set.map(|(name, value)| (name.clone(), value.clone())).collect(), unset.cloned().collect())
}

/// Makes the live parameters the wanted ones, twenty with one call: those that count from the next start as such, the
/// others at once.
pub(super) async fn sync<Describe, Modify, Reset>(
    (from, to): (Option<&Parameters>, Option<&Parameters>),
    describe: impl Fn(Filter) -> Describe,
    modify: impl Fn(Vec<Parameter>) -> Modify,
    reset: impl Fn(Vec<Parameter>) -> Reset,
) -> Result<()>
where
    Describe: Future<Output = Result<Vec<Parameter>>>,
    Modify: Future<Output = Result<()>>,
    Reset: Future<Output = Result<()>>,
{
    let (set, unset) = differences(from, to);
    for chunk in set.chunks(PER_CALL) {
        let fixed = fixed(chunk.iter().map(|(name, _)| name.as_str()), &describe).await?;
        let parameter = |(name, value): &(String, String)| parameter(name, &fixed).parameter_value(value).build();
        modify(chunk.iter().map(parameter).collect()).await?;
    }
    for chunk in unset.chunks(PER_CALL) {
        let fixed = fixed(chunk.iter().map(String::as_str), &describe).await?;
        reset(chunk.iter().map(|name| parameter(name, &fixed).build()).collect()).await?;
    }
    Ok(())
}

/// Those of these parameters that count from the next start only.
async fn fixed<'a, Describe>(
    names: impl Iterator<Item = &'a str>,
    describe: &impl Fn(Filter) -> Describe,
) -> Result<BTreeSet<String>>
where
    Describe: Future<Output = Result<Vec<Parameter>>>,
{
    let by_name = Filter::builder().name("parameter-name").set_values(Some(names.map(str::to_owned).collect()));
    let described = describe(by_name.build()).await?.into_iter();
    Ok(described
        .filter(|one| one.apply_type.as_deref() == Some("static"))
        .filter_map(|one| one.parameter_name)
        .collect())
}

fn parameter(name: &str, fixed: &BTreeSet<String>) -> aws_sdk_rds::types::builders::ParameterBuilder {
    let method = if fixed.contains(name) { ApplyMethod::PendingReboot } else { ApplyMethod::Immediate };
    Parameter::builder().parameter_name(name).apply_method(method)
}

/// Values that AWS takes for one another would differ for ever; these texts it does not take at all.
pub(super) fn check(parameters: Option<&Parameters>) -> Vec<String> {
    let empty = parameters.into_iter().flatten().filter(|(_, value)| value.is_empty());
    empty.map(|(name, _)| format!("`{name}` has no value; leave it out for the engine's default")).collect()
}

/// The error of an SDK call as ours.
pub(super) fn answered<T, E: Into<CloudError>>(answer: std::result::Result<T, E>) -> Result<()> {
    answer.map(drop).map_err(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Parameters {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn parameters_that_leave_the_file_are_reset() {
        let (set, unset) = differences(
            Some(&of(&[("a", "1"), ("b", "1"), ("c", "1")])),
            Some(&of(&[("a", "1"), ("b", "2"), ("d", "3")])),
        );
        assert_eq!(set, [("b".to_owned(), "2".to_owned()), ("d".to_owned(), "3".to_owned())]);
        assert_eq!(unset, ["c"]);
        assert_eq!(differences(Some(&of(&[("a", "1")])), None), (vec![], vec![]));
    }

    #[test]
    fn the_restart_key_changes_with_static_parameters_and_with_the_group() {
        let parameter = |name: &str, value: &str, of: &str| {
            Parameter::builder().parameter_name(name).parameter_value(value).apply_type(of).build()
        };
        let key = |all: Vec<Parameter>| Live::of("orders", all).restart_key;
        let one = key(vec![parameter("shared_buffers", "1", "static"), parameter("work_mem", "1", "dynamic")]);
        assert_eq!(one, key(vec![parameter("shared_buffers", "1", "static"), parameter("work_mem", "2", "dynamic")]));
        assert_ne!(one, key(vec![parameter("shared_buffers", "2", "static")]));
        assert_ne!(Live::of("sales", vec![]).restart_key, key(vec![]));
        assert_eq!(Live::of("orders", vec![parameter("work_mem", "1", "dynamic")]).values, of(&[("work_mem", "1")]));
    }
}
