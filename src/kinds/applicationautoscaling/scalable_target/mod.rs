//! Scalable target: between which bounds Application Auto Scaling may scale something, and when the bounds change.

use std::collections::BTreeMap;

use aws_sdk_applicationautoscaling::types as aws;
use aws_sdk_applicationautoscaling::types::{ScalableTarget as Described, ScheduledAction};
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Parts;
use crate::aws::{Cx, ErrorCodes, Result, Tags, live_tags, tag_changes, with_owner};
use crate::catalog::Traits;
use crate::cloud::{ReadMode, ReadRequest};
use crate::kinds::{Found, Kind, changed_fields};
use crate::names::{Owner, PhysicalId};

/// A scalable target.
pub struct ScalableTarget;

/// What a scalable target can be told to be.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The service it is part of, such as `ecs`. A change replaces.
    #[schemars(regex(pattern = "^[a-z-]+$"), extend("x-change" = "replace"))]
    pub service_namespace: String,
    /// What is scaled: of ECS, `service/<cluster>/<service>`. A change replaces.
    #[schemars(length(min = 1, max = 1600), regex(pattern = r"^[^|]+$"), extend("x-change" = "replace"))]
    pub resource_id: String,
    /// What of it is scaled: of ECS, `ecs:service:DesiredCount`. A change replaces.
    #[schemars(regex(pattern = "^[a-z-]+:[a-z-]+:[A-Za-z]+$"), extend("x-change" = "replace"))]
    pub scalable_dimension: String,
    /// The least that it is scaled to. If there is less, there is more at once.
    #[schemars(range(min = 0))]
    pub min_capacity: i32,
    /// The most that it is scaled to. If there is more, there is less at once.
    #[schemars(range(min = 0))]
    pub max_capacity: i32,
    /// What does not scale it for now.
    pub suspended: Option<Suspended>,
    /// ARN of the role that scales it; the service's own role, which AWS makes, when left out.
    #[schemars(length(min = 1))]
    pub role_arn: Option<String>,
    /// When the bounds change, by name. An action that is not listed is deleted.
    pub scheduled_actions: Option<BTreeMap<String, Schedule>>,
    /// Tags.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// What does not scale a target.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Suspended {
    /// Policies do not scale it in.
    pub dynamic_scaling_in: Option<bool>,
    /// Policies do not scale it out.
    pub dynamic_scaling_out: Option<bool>,
    /// Schedules do not change its bounds.
    pub scheduled_scaling: Option<bool>,
}

/// When bounds change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-whole" = true))]
#[expect(clippy::struct_field_names, reason = "AWS's own words")]
pub struct Schedule {
    /// `at(yyyy-mm-ddThh:mm:ss)`, `rate(5 minutes)` or `cron(...)` of six fields.
    #[schemars(regex(pattern = r"^(at|rate|cron)\(.+\)$"))]
    pub schedule: String,
    /// Time zone of `at` and `cron`, such as `Europe/Berlin`; `UTC` when left out.
    #[schemars(length(min = 1), extend("default" = UTC))]
    pub timezone: Option<String>,
    /// The new least; as it is when left out.
    #[schemars(range(min = 0))]
    pub min_capacity: Option<i32>,
    /// The new most; as it is when left out.
    #[schemars(range(min = 0))]
    pub max_capacity: Option<i32>,
}

/// What a scalable target can be referred to by.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN.
    pub arn: String,
    /// What is scaled: what a policy takes.
    pub resource_id: String,
}

/// The time zone of schedules that name none.
const UTC: &str = "UTC";
/// How many resources one `DescribeScalableTargets` takes.
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
        let found = requests.iter().map(|request| async move {
            let parts = Parts::of(&request.id)?;
            match live.iter().find(|live| parts_of(live) == parts) {
                Some(live) => found_of(cx, request, live).await.map(Some),
                None => Ok(None),
            }
        });
        try_join_all(found).await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let resources = vec![spec.resource_id.clone()];
        let found = describe(cx, &spec.service_namespace, &spec.scalable_dimension, resources).await?;
        let Some(live) = found.first() else { return Ok(None) };
        let tags = tags_of(cx, live.scalable_target_arn().unwrap_or_default()).await?;
        cx.ensure_owned("a scalable target", &spec.resource_id, &tags, owner)?;
        Ok(Some(parts(spec).id()))
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        // The call would overwrite somebody else's bounds without a word.
        if Self::find(cx, owner, spec).await?.is_none() {
            let tags = with_owner(spec.tags.as_ref(), owner).into_iter().collect();
            register(cx, spec).set_tags(Some(tags)).send().await?;
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
            update_tags(cx, from, to).await?;
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

async fn describe(cx: &Cx, namespace: &str, dimension: &str, resources: Vec<String>) -> Result<Vec<Described>> {
    let call = cx.applicationautoscaling().describe_scalable_targets().service_namespace(namespace.into());
    let call = call.scalable_dimension(dimension.into()).set_resource_ids(Some(resources));
    let mut pages = call.into_paginator().items().send();
    let mut all = Vec::new();
    while let Some(target) = pages.next().await {
        all.push(target?);
    }
    Ok(all)
}

async fn found_of(cx: &Cx, request: &ReadRequest, live: &Described) -> Result<Found<ScalableTarget>> {
    let arn = live.scalable_target_arn.clone().unwrap_or_default();
    let tags = match cx.indexed_tags(&arn).await? {
        Some(tags) => Some(tags),
        None if request.manages("tags") => Some(tags_of(cx, &arn).await?),
        None => None,
    };
    let actions = if request.manages("scheduled_actions") { Some(actions_of(cx, live).await?) } else { None };
    let suspended = live.suspended_state.as_ref();
    let is = |get: fn(&aws::SuspendedState) -> Option<bool>| Some(suspended.and_then(get).unwrap_or(false));
    let spec = Spec {
        service_namespace: live.service_namespace.as_str().to_owned(),
        resource_id: live.resource_id.clone(),
        scalable_dimension: live.scalable_dimension.as_str().to_owned(),
        min_capacity: live.min_capacity,
        max_capacity: live.max_capacity,
        suspended: Some(Suspended {
            dynamic_scaling_in: is(|state| state.dynamic_scaling_in_suspended),
            dynamic_scaling_out: is(|state| state.dynamic_scaling_out_suspended),
            scheduled_scaling: is(|state| state.scheduled_scaling_suspended),
        }),
        role_arn: Some(live.role_arn.clone()),
        scheduled_actions: actions,
        tags: tags.map(live_tags),
    };
    Ok(Found::serving(spec, Outputs { arn, resource_id: live.resource_id.clone() }))
}

/// The actions of one target; in a survey from one list for the whole region.
async fn actions_of(cx: &Cx, live: &Described) -> Result<BTreeMap<String, Schedule>> {
    let namespace = live.service_namespace.as_str();
    let resource = Some(live.resource_id.as_str()).filter(|_| cx.mode == ReadMode::Fresh);
    let listed = cx.cached(&format!("scheduled-actions/{namespace}"), list_actions(cx, namespace, resource)).await?;
    let is_its = |action: &&ScheduledAction| {
        action.resource_id == live.resource_id && action.scalable_dimension.as_ref() == Some(&live.scalable_dimension)
    };
    Ok(listed.iter().filter(is_its).map(action_of).collect())
}

async fn list_actions(cx: &Cx, namespace: &str, resource: Option<&str>) -> Result<Vec<ScheduledAction>> {
    let call = cx.applicationautoscaling().describe_scheduled_actions().service_namespace(namespace.into());
    let mut pages = call.set_resource_id(resource.map(str::to_owned)).into_paginator().items().send();
    let mut all = Vec::new();
    while let Some(action) = pages.next().await {
        all.push(action?);
    }
    Ok(all)
}

fn action_of(live: &ScheduledAction) -> (String, Schedule) {
    let bounds = live.scalable_target_action.as_ref();
    let schedule = Schedule {
        schedule: live.schedule.clone(),
        timezone: Some(live.timezone.clone().unwrap_or_else(|| UTC.to_owned())),
        min_capacity: bounds.and_then(|bounds| bounds.min_capacity),
        max_capacity: bounds.and_then(|bounds| bounds.max_capacity),
    };
    (live.scheduled_action_name.clone(), schedule)
}

fn register(
    cx: &Cx,
    spec: &Spec,
) -> aws_sdk_applicationautoscaling::operation::register_scalable_target::builders::RegisterScalableTargetFluentBuilder
{
    let suspended = spec.suspended.as_ref().map(|suspended| {
        aws::SuspendedState::builder()
            .set_dynamic_scaling_in_suspended(suspended.dynamic_scaling_in)
            .set_dynamic_scaling_out_suspended(suspended.dynamic_scaling_out)
            .set_scheduled_scaling_suspended(suspended.scheduled_scaling)
            .build()
    });
    cx.applicationautoscaling()
        .register_scalable_target()
        .service_namespace(spec.service_namespace.as_str().into())
        .resource_id(&spec.resource_id)
        .scalable_dimension(spec.scalable_dimension.as_str().into())
        .min_capacity(spec.min_capacity)
        .max_capacity(spec.max_capacity)
        .set_role_arn(spec.role_arn.clone())
        .set_suspended_state(suspended)
}

/// An action that is put anew keeps what is not sent, so one that lost a bound or its zone is deleted first.
async fn update_actions(cx: &Cx, from: &Spec, to: &Spec) -> Result<()> {
    let (live, Some(wanted)) = (from.scheduled_actions.clone().unwrap_or_default(), &to.scheduled_actions) else {
        return Ok(());
    };
    let loses = |live: &Schedule, wanted: &Schedule| {
        live.timezone.as_deref().is_some_and(|zone| zone != UTC) && wanted.timezone.is_none()
            || live.min_capacity.is_some() && wanted.min_capacity.is_none()
            || live.max_capacity.is_some() && wanted.max_capacity.is_none()
    };
    for (name, live) in &live {
        if wanted.get(name).is_none_or(|wanted| loses(live, wanted)) {
            let call = cx.applicationautoscaling().delete_scheduled_action().scheduled_action_name(name);
            let call = call.service_namespace(to.service_namespace.as_str().into()).resource_id(&to.resource_id);
            call.scalable_dimension(to.scalable_dimension.as_str().into()).send().await?;
        }
    }
    for (name, action) in wanted.iter().filter(|(name, action)| live.get(*name) != Some(action)) {
        let bounds = aws::ScalableTargetAction::builder();
        let bounds = bounds.set_min_capacity(action.min_capacity).set_max_capacity(action.max_capacity);
        cx.applicationautoscaling()
            .put_scheduled_action()
            .scheduled_action_name(name)
            .service_namespace(to.service_namespace.as_str().into())
            .resource_id(&to.resource_id)
            .scalable_dimension(to.scalable_dimension.as_str().into())
            .schedule(&action.schedule)
            .set_timezone(action.timezone.clone())
            .scalable_target_action(bounds.build())
            .send()
            .await?;
    }
    Ok(())
}

async fn update_tags(cx: &Cx, from: &Spec, to: &Spec) -> Result<()> {
    let resources = vec![to.resource_id.clone()];
    let found = describe(cx, &to.service_namespace, &to.scalable_dimension, resources).await?;
    let Some(arn) = found.into_iter().find_map(|live| live.scalable_target_arn) else { return Ok(()) };
    let (set, unset) = tag_changes(from.tags.as_ref(), to.tags.as_ref());
    if !set.is_empty() {
        let call = cx.applicationautoscaling().tag_resource().resource_arn(&arn);
        call.set_tags(Some(set.into_iter().collect())).send().await?;
    }
    if !unset.is_empty() {
        let call = cx.applicationautoscaling().untag_resource().resource_arn(&arn);
        call.set_tag_keys(Some(unset)).send().await?;
    }
    Ok(())
}

async fn tags_of(cx: &Cx, arn: &str) -> Result<Tags> {
    let listed = cx.applicationautoscaling().list_tags_for_resource().resource_arn(arn).send().await?;
    Ok(listed.tags.unwrap_or_default().into_iter().collect())
}
