//! Scalable target: between which bounds Application Auto Scaling may scale something, and when the bounds change.

mod read;
mod spec;
mod write;

use std::collections::BTreeMap;

use aws_sdk_applicationautoscaling::types::ScalableTarget as Described;
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::Serialize;

use super::Parts;
use crate::aws::{Cx, ErrorCodes, Result};
use crate::catalog::Traits;
use crate::cloud::ReadRequest;
use crate::kinds::reading::read_each;
use crate::kinds::tagging::owned_tags;
use crate::kinds::{Found, Kind, changed_fields};
use crate::names::{Owner, PhysicalId};
use read::{arn_of, describe, found_of, read_tags};
use spec::Spec;
use write::{register, sync_tags, update_actions};

/// A scalable target.
pub struct ScalableTarget;

/// Outputs of a scalable target.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN.
    pub arn: String,
    /// Id of the scaled resource, which policies take.
    pub resource_id: String,
}
/// Resources that one `DescribeScalableTargets` takes.
const PER_CALL: usize = 50;

impl Kind for ScalableTarget {
    const NAME: &'static str = "applicationautoscaling.ScalableTarget";
    const ABOUT: &'static str = "Bounds between which something such as an ECS service is scaled";
    const EXAMPLE: &'static str = "
service_namespace: ecs
resource_id: service/${ecs.Service.cluster_name}/${ecs.Service.name}
scalable_dimension: ecs:service:DesiredCount
min_capacity: 1
max_capacity: 4
scheduled_actions:
  evening: {schedule: 'cron(0 18 * * ? *)', timezone: Europe/Berlin, min_capacity: 2}
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "{min_capacity: 2, max_capacity: 6}",
        "suspended: {dynamic_scaling_in: true, dynamic_scaling_out: false, scheduled_scaling: true}",
        "suspended: {dynamic_scaling_in: false, scheduled_scaling: false}",
        "
scheduled_actions:
  evening: {schedule: 'cron(0 19 * * ? *)', max_capacity: 8}
  night: {schedule: 'rate(1 day)', min_capacity: 1, max_capacity: 2}
",
        "scheduled_actions: {}",
        "tags: {team: platform, cost: '7'}",
        "role_arn: arn:aws:iam::000000000000:role/shop-scaling",
        "{role_arn: null, resource_id: service/shop/orders}",
        "{service_namespace: dynamodb, scalable_dimension: 'dynamodb:table:ReadCapacityUnits', resource_id: table/shop}",
    ];
    const TRAITS: Traits =
        Traits { unique_by: &["resource_id", "scalable_dimension", "service_namespace"], ..Traits::DEFAULT };
    const ERRORS: ErrorCodes = ErrorCodes {
        not_found: super::NOT_FOUND,
        conflict: super::CONFLICT,
        not_visible_yet: &[
            "ValidationException: ECS service doesn't exist",
            "ValidationException: Unable to assume IAM role",
        ],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        let mut groups: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
        for request in requests {
            let parts = Parts::of(&request.id)?;
            let group = groups.entry((parts.namespace, parts.dimension)).or_default();
            if !group.iter().any(|one| one == parts.resource) {
                group.push(parts.resource.to_owned());
            }
        }
        let chunks = groups.iter().flat_map(|(of, all)| all.chunks(PER_CALL).map(move |resources| (of, resources)));
        let reads = chunks.map(|((namespace, dimension), some)| describe(cx, namespace, dimension, some.to_vec()));
        let live: Vec<Described> = try_join_all(reads).await?.into_iter().flatten().collect();
        let live = &live;
        read_each(requests, |request| async move {
            let parts = Parts::of(&request.id)?;
            match live.iter().find(|live| parts_of(live) == parts) {
                Some(live) => found_of(cx, request, live).await.map(Some),
                None => Ok(None),
            }
        })
        .await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let resources = vec![spec.resource_id.clone()];
        let found = describe(cx, &spec.service_namespace, &spec.scalable_dimension, resources).await?;
        let Some(live) = found.first() else { return Ok(None) };
        let tags = read_tags(cx, &arn_of(live)?).await?;
        cx.ensure_owned("a scalable target", &spec.resource_id, &tags, owner)?;
        Ok(Some(parts(spec).id()))
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        // The call would silently overwrite the bounds of another owner.
        if Self::find(cx, owner, spec).await?.is_none() {
            register(cx, spec).set_tags(Some(owned_tags(spec.tags.as_ref(), owner))).send().await?;
        }
        Ok(parts(spec).id())
    }

    async fn update(cx: &Cx, _id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let mut changed = changed_fields::<Self>(from, to)?;
        let (tags, actions) = (changed.remove("tags"), changed.remove("scheduled_actions"));
        if !changed.is_empty() {
            register(cx, to).send().await?;
        }
        if actions {
            update_actions(cx, from, to).await?;
        }
        if tags {
            sync_tags(cx, from, to).await?;
        }
        Ok(())
    }

    /// Policies, scheduled actions and AWS's alarms go with it.
    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        let parts = Parts::of(id)?;
        let call = cx.applicationautoscaling().deregister_scalable_target().resource_id(parts.resource);
        call.service_namespace(parts.namespace.into()).scalable_dimension(parts.dimension.into()).send().await?;
        Ok(())
    }

    fn check(spec: &Spec) -> Vec<String> {
        let mut faults = Vec::new();
        if spec.min_capacity > spec.max_capacity {
            faults.push("`min_capacity` is above `max_capacity`".to_owned());
        }
        for (name, action) in spec.scheduled_actions.iter().flatten() {
            match (action.min_capacity, action.max_capacity) {
                (None, None) => faults.push(format!("the scheduled action `{name}` changes nothing")),
                (Some(min), Some(max)) if min > max => {
                    faults.push(format!("the scheduled action `{name}`: `min_capacity` is above `max_capacity`"));
                }
                _ => {}
            }
        }
        faults
    }
}

fn parts(spec: &Spec) -> Parts<'_> {
    let (namespace, dimension) = (&spec.service_namespace, &spec.scalable_dimension);
    Parts { namespace, resource: &spec.resource_id, dimension, policy: "" }
}

fn parts_of(live: &Described) -> Parts<'_> {
    let (namespace, dimension) = (live.service_namespace.as_str(), live.scalable_dimension.as_str());
    Parts { namespace, resource: &live.resource_id, dimension, policy: "" }
}
