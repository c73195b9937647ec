//! Parts of a spec as AWS takes them, and errors with what helps to understand them.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, DeleteReplicationGroupMemberAction, KeySchemaElement, KeyType, OnDemandThroughput,
    Projection as AwsProjection, ProjectionType, ProvisionedThroughput, ReplicationGroupUpdate, SseSpecification,
    SseType, StreamSpecification, StreamViewType,
};

use super::spec::{Billing, Encryption, Key, Projection, Spec, Stream};
use crate::aws::{Result, to_wire};
use crate::cloud::{Class, CloudError};

/// Attribute definitions: exactly those that keys use, or AWS refuses them.
pub(super) fn attributes(spec: &Spec) -> Result<Vec<AttributeDefinition>> {
    let all = spec.attributes().into_iter();
    let all = all.map(|(name, of)| {
        AttributeDefinition::builder().attribute_name(name).attribute_type(to_wire(of).as_str().into()).build()
    });
    all.collect::<std::result::Result<_, _>>().map_err(|error| built(&error))
}

pub(super) fn key_schema(key: &Key) -> Result<Vec<KeySchemaElement>> {
    let parts =
        std::iter::once((&key.partition, KeyType::Hash)).chain(key.sort.iter().map(|sort| (sort, KeyType::Range)));
    let parts = parts
        .map(|(attribute, kind)| KeySchemaElement::builder().attribute_name(&attribute.name).key_type(kind).build());
    parts.collect::<std::result::Result<_, _>>().map_err(|error| built(&error))
}

pub(super) fn projection(projection: Option<Projection>, include: Option<&Vec<String>>) -> AwsProjection {
    let kind = projection.map_or(ProjectionType::All, |projection| to_wire(projection).as_str().into());
    AwsProjection::builder().projection_type(kind).set_non_key_attributes(include.cloned()).build()
}

/// Throughput that is set aside, where both halves are known.
pub(super) fn throughput(read: Option<i64>, write: Option<i64>) -> Option<ProvisionedThroughput> {
    let both = ProvisionedThroughput::builder().read_capacity_units(read?).write_capacity_units(write?);
    both.build().ok()
}

/// Limits of a table that is paid for by request, if there are any.
pub(super) fn limits(billing: &Billing) -> Option<OnDemandThroughput> {
    if billing.max_read_units.is_none() && billing.max_write_units.is_none() {
        return None;
    }
    let limits = OnDemandThroughput::builder().set_max_read_request_units(billing.max_read_units);
    Some(limits.set_max_write_request_units(billing.max_write_units).build())
}

pub(super) fn stream(stream: Stream) -> StreamSpecification {
    let on = stream != Stream::None;
    let view = on.then(|| StreamViewType::from(to_wire(stream).as_str()));
    let builder = StreamSpecification::builder().stream_enabled(on).set_stream_view_type(view);
    builder.build().unwrap_or_else(|_| unreachable!("whether it is on is set"))
}

pub(super) fn encryption(encryption: Encryption, key: Option<String>) -> SseSpecification {
    match encryption {
        Encryption::AwsOwned => SseSpecification::builder().enabled(false).build(),
        Encryption::Kms => {
            SseSpecification::builder().enabled(true).sse_type(SseType::Kms).set_kms_master_key_id(key).build()
        }
    }
}

/// The removal of a region.
pub(super) fn removal(region: &str) -> Result<ReplicationGroupUpdate> {
    let delete = DeleteReplicationGroupMemberAction::builder().region_name(region).build();
    Ok(ReplicationGroupUpdate::builder().delete(delete.map_err(|error| built(&error))?).build())
}

/// Something that a request lacks.
pub(super) fn built(error: &dyn std::error::Error) -> CloudError {
    invalid(&error.to_string())
}

pub(super) fn invalid(message: &str) -> CloudError {
    CloudError::local(Class::Invalid, "dynamodb.GlobalTable", message)
}

/// The error with what AWS does not say in its message.
pub(super) fn hinted(error: CloudError) -> CloudError {
    let hints = [
        (
            "source region for new replica",
            "a region that replicas were made from can go 24 hours after the last of them was made: try again then",
        ),
        (
            "modified multiple times within a fixed interval",
            "AWS takes one change of the TTL in an hour; this one waits its turn",
        ),
        (
            "deletion protection",
            "say `protect: false` of the table (`deletion_protection: false` of a raw resource), apply, then try again",
        ),
        ("autoscaling", "replicas need `billing: {mode: PAY_PER_REQUEST}`"),
        ("auto scaling", "replicas need `billing: {mode: PAY_PER_REQUEST}`"),
    ];
    let text = error.message.to_lowercase();
    let hint = hints.iter().find(|(words, _)| text.contains(words)).map(|(_, hint)| (*hint).to_owned());
    CloudError { hint: hint.or_else(|| error.hint.clone()), ..error }
}
