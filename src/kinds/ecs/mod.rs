//! The ECS kinds, and what they share: tags, capacity, and failures that come inside an answer of success.

mod cluster;
mod service;
mod task_definition;

use aws_sdk_ecs::types::{CapacityProviderStrategyItem, Failure, Tag};
use aws_smithy_types::error::operation::BuildError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::{Cx, Result, Service, Tags, sdk_client};
use crate::cloud::{Class, CloudError};
use crate::kinds::RegisteredKind;
use crate::kinds::tagging::{self, AwsTag};

const SERVICE: Service = Service { name: "ecs", ..Service::DEFAULT };

sdk_client! {
    /// ECS.
    ecs: aws_sdk_ecs, SERVICE
}

/// The kinds of this service.
pub(super) fn kinds() -> Vec<RegisteredKind> {
    vec![
        RegisteredKind::of::<cluster::Cluster>(&SERVICE),
        RegisteredKind::of::<service::Service>(&SERVICE),
        RegisteredKind::of::<task_definition::TaskDefinition>(&SERVICE),
    ]
}

/// Codes with which ECS says that something is not there.
pub(super) const NOT_FOUND: &[&str] = &[
    "ClientException: Unable to describe task definition",
    "ClusterNotFoundException",
    "ServiceNotActiveException",
    "ServiceNotFoundException",
];

/// Share of tasks on one capacity provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "AWS's own words")]
pub struct Capacity {
    /// `FARGATE`, `FARGATE_SPOT` or the name of a capacity provider.
    #[schemars(length(min = 1))]
    pub capacity_provider: String,
    /// Its share of the tasks beyond every base, relative to the other providers; 0 to 1000, 0 when left out.
    #[schemars(range(min = 0, max = 1000))]
    pub weight: Option<i32>,
    /// Tasks on this provider before the weights count; 0 when left out. Only one provider may have a base.
    #[schemars(range(min = 0, max = 100_000))]
    pub base: Option<i32>,
}

/// A strategy as ECS takes it.
pub(super) fn strategy(wanted: &[Capacity]) -> Result<Vec<CapacityProviderStrategyItem>> {
    let item = |one: &Capacity| {
        let item = CapacityProviderStrategyItem::builder().capacity_provider(&one.capacity_provider);
        item.set_weight(one.weight).set_base(one.base).build().map_err(|error| incomplete(&error))
    };
    wanted.iter().map(item).collect()
}

/// A strategy as ECS tells it.
pub(super) fn strategy_of(live: Option<Vec<CapacityProviderStrategyItem>>) -> Vec<Capacity> {
    let item = |one: CapacityProviderStrategyItem| Capacity {
        capacity_provider: one.capacity_provider,
        weight: Some(one.weight),
        base: Some(one.base),
    };
    live.unwrap_or_default().into_iter().map(item).collect()
}

/// Faults of a strategy.
pub(super) fn strategy_faults(strategy: &[Capacity]) -> Vec<String> {
    let mut faults = Vec::new();
    if strategy.iter().filter(|one| one.base.unwrap_or(0) > 0).count() > 1 {
        faults.push("only one capacity provider of a strategy can have a `base`".to_owned());
    }
    if !strategy.is_empty() && strategy.iter().all(|one| one.weight.unwrap_or(0) == 0) {
        faults.push("one capacity provider of a strategy must have a `weight` above 0".to_owned());
    }
    faults
}

impl AwsTag for Tag {
    fn new(key: &str, value: &str) -> Self {
        Self::builder().key(key).value(value).build()
    }

    fn pair(self) -> (String, String) {
        (self.key.unwrap_or_default(), self.value.unwrap_or_default())
    }
}

/// Makes the live tags of a resource the wanted ones.
pub(super) async fn sync_tags(cx: &Cx, arn: &str, live: Option<&Tags>, wanted: Option<&Tags>) -> Result<()> {
    tagging::sync_tags(
        live,
        wanted,
        |tags| cx.ecs().tag_resource().resource_arn(arn).set_tags(Some(tags)).send(),
        |keys| cx.ecs().untag_resource().resource_arn(arn).set_tag_keys(Some(keys)).send(),
    )
    .await
}

/// `None` for what ECS says does not exist.
pub(super) fn not_found_as_none<T, E: Into<CloudError>>(answer: std::result::Result<T, E>) -> Result<Option<T>> {
    let says = |error: &CloudError, rule: &str| match rule.split_once(": ") {
        Some((code, words)) => error.code == code && error.message.contains(words),
        None => error.code == rule,
    };
    match answer.map_err(Into::into) {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.class == Class::NotFound || NOT_FOUND.iter().any(|rule| says(&error, rule)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Failures inside an answer of success. `MISSING` only says that something is not there, or does not show yet.
pub(super) fn check_failures(operation: &str, failures: Option<&[Failure]>) -> Result<()> {
    let real = |failure: &&Failure| failure.reason() != Some("MISSING");
    let Some(failure) = failures.unwrap_or_default().iter().find(real) else { return Ok(()) };
    let words = [failure.arn(), failure.reason(), failure.detail()];
    let message = words.into_iter().flatten().collect::<Vec<_>>().join(": ");
    let code = failure.reason().unwrap_or_default().to_owned();
    Err(CloudError { code, ..CloudError::local(Class::Other, operation, message) })
}

/// Something that a request lacks.
pub(super) fn incomplete(error: &BuildError) -> CloudError {
    CloudError::local(Class::Invalid, "ecs", error.to_string())
}

/// The last part of an ARN, or the name itself: `shop` of `arn:aws:ecs:…:cluster/shop`.
pub(super) fn last_part(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_inside_an_answer_are_errors_unless_missing() {
        let failure = |reason: &str| Failure::builder().arn("arn:a").reason(reason).build();
        assert_eq!(check_failures("ecs:DescribeServices", Some(&[failure("MISSING")])), Ok(()));
        let error = check_failures("ecs:DescribeServices", Some(&[failure("MISSING"), failure("ACCESS_DENIED")]));
        let error = error.expect_err("an error");
        assert_eq!((error.code.as_str(), error.message.as_str()), ("ACCESS_DENIED", "arn:a: ACCESS_DENIED"));
    }

    #[test]
    fn task_definitions_that_cannot_be_described_do_not_exist() {
        let error = |message: &str| CloudError {
            code: "ClientException".to_owned(),
            ..CloudError::local(Class::Other, "ecs:DescribeTaskDefinition", message)
        };
        assert_eq!(not_found_as_none::<(), _>(Err(error("Unable to describe task definition."))), Ok(None));
        assert!(not_found_as_none::<(), _>(Err(error("Family is not valid."))).is_err());
    }
}
