//! The kinds of Application Auto Scaling, and what they share: the parts of a scaled resource, which are its id.

mod scalable_target;
mod scaling_policy;

use std::fmt::Display;

use crate::aws::{Result, Service, Throttled, sdk_client};
use crate::cloud::{Class, CloudError};
use crate::kinds::RegisteredKind;
use crate::names::PhysicalId;

const SERVICE: Service = Service { name: "applicationautoscaling", throttled: Throttled::Together, ..Service::DEFAULT };

sdk_client! {
    /// Application Auto Scaling: of ECS services.
    applicationautoscaling: aws_sdk_applicationautoscaling, SERVICE
}

/// The kinds of this service.
pub(super) fn kinds() -> Vec<RegisteredKind> {
    vec![
        RegisteredKind::of::<scalable_target::ScalableTarget>(&SERVICE),
        RegisteredKind::of::<scaling_policy::ScalingPolicy>(&SERVICE),
    ]
}

/// Codes that mean that someone is changing the target.
pub(super) const CONFLICT: &[&str] = &["ConcurrentUpdateException"];
/// Codes that mean that it is not there.
pub(super) const NOT_FOUND: &[&str] = &["ObjectNotFoundException"];

/// The parts of an id, `ecs|service/shop/carts|ecs:service:DesiredCount`, with the name of a policy
/// as a fourth where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Parts<'a> {
    /// Name space of the service.
    pub namespace: &'a str,
    /// The resource.
    pub resource: &'a str,
    /// Scaled dimension.
    pub dimension: &'a str,
    /// Name of the policy; empty if it is the target itself.
    pub policy: &'a str,
}

impl<'a> Parts<'a> {
    /// The parts of an id.
    pub(super) fn of(id: &'a PhysicalId) -> Result<Self> {
        let mut parts = id.as_str().splitn(4, '|');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(namespace), Some(resource), Some(dimension), policy) => {
                Ok(Self { namespace, resource, dimension, policy: policy.unwrap_or_default() })
            }
            _ => Err(CloudError::local(
                Class::Invalid,
                "applicationautoscaling",
                format!("`{id}` is not `namespace|resource|dimension`"),
            )),
        }
    }

    /// The id of these parts.
    pub(super) fn id(&self) -> PhysicalId {
        let Self { namespace, resource, dimension, policy } = self;
        let end = if policy.is_empty() { String::new() } else { format!("|{policy}") };
        PhysicalId::new(format!("{namespace}|{resource}|{dimension}{end}"))
    }
}

/// Something that a request lacks.
pub(super) fn incomplete(error: &impl Display) -> CloudError {
    CloudError::local(Class::Invalid, "applicationautoscaling", error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_its_parts() {
        for text in ["ecs|service/a/b|ecs:service:DesiredCount", "ecs|service/a/b|ecs:service:DesiredCount|cpu|50"] {
            let id = PhysicalId::new(text);
            let parts = Parts::of(&id).expect("parts");
            assert_eq!((parts.resource, parts.id()), ("service/a/b", id.clone()));
        }
        assert!(Parts::of(&PhysicalId::new("ecs|service")).is_err());
    }
}
