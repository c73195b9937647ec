//! Reads: a live table and its replicas as a spec.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::primitives::DateTime;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode as AwsBillingMode, GlobalSecondaryIndexDescription, IndexStatus, KeySchemaElement,
    KeyType, LocalSecondaryIndexDescription, Projection as AwsProjection, ReplicaDescription, ReplicaStatus, SseStatus,
    TableDescription, TableStatus, TimeToLiveStatus, WitnessStatus,
};

use super::spec::{
    Attribute, AttributeType, Billing, BillingMode, Consistency, Encryption, Index, Key, LocalIndex, Replica, Spec,
    Stream, TableClass, WarmThroughput,
};
use super::{GlobalTable, Outputs, TAG_HOME, at, held, table};
use crate::aws::{Cx, NotFoundExt, Result, Tags, from_wire, live_tags, parse_wire};
use crate::cloud::{CloudError, ReadRequest, Readiness};
use crate::kinds::Found;
use crate::kinds::arns::in_region;
use crate::kinds::tagging::all_tags;
use crate::names::{PhysicalId, Region};

/// The value of a tag that is not the same in every region.
const DIFFERS: &str = "(not the same in every region)";

/// One region of the table, as it is there.
struct Regional {
    replica: Replica,
    arn: String,
    tags: Option<Tags>,
    status: Option<TableStatus>,
    made: Option<DateTime>,
}

pub(super) async fn read_one(cx: &Cx, request: &ReadRequest) -> Result<Option<Found<GlobalTable>>> {
    let (made_in, name) = at(&request.id)?;
    let Some((home, live)) = home_of(cx, request, &made_in, &name).await? else { return Ok(None) };
    let cx = cx.in_region(&home);
    let regions =
        std::iter::once(home.to_string()).chain(others(&live, home.as_str()).map(|one| region_of(one).to_owned()));
    let regional = regions.map(|region| regional(&cx, request, &name, &live, region));
    let (ttl, regional) =
        futures::future::try_join(ttl(&cx, request, &name), futures::future::try_join_all(regional)).await?;
    // One that could not be made is not there: it is removed and made again.
    let failed = |region: &str| {
        let status = others(&live, home.as_str()).find(|one| region_of(one) == region);
        status.is_some_and(|one| one.replica_status == Some(ReplicaStatus::CreationFailed))
    };
    let regional: Vec<Regional> = regional.into_iter().filter(|one| !failed(&one.replica.region)).collect();
    let others: Vec<&Regional> = regional.iter().filter(|one| one.replica.region != home.as_str()).collect();
    let readiness = readiness(&live, &regional);
    let arns = regional.iter().map(|one| (one.replica.region.clone(), one.arn.clone())).collect();
    let arn = in_region(request.id.as_str(), home.as_str());
    let moved_to = (home != made_in).then(|| PhysicalId::new(&arn));
    let made: Vec<_> = others.iter().map(|one| (one.replica.region.as_str(), one.made)).collect();
    let all: Vec<&str> = regional.iter().map(|one| one.replica.region.as_str()).collect();
    let held = held::held(&all, home.as_str(), is_strong(&live), &made);
    let outputs = Outputs { name: name.clone(), arn: arn.clone(), stream_arn: live.latest_stream_arn.clone(), arns };
    // Whether replicas agree strongly is decided with the first of them.
    let alone = live.replicas().is_empty() && live.global_table_witnesses().is_empty();
    let tags = common_tags(&regional);
    let not_read: &[&str] = match (alone, tags.is_none()) {
        (true, true) => &["consistency", "tags", "witness"],
        (true, false) => &["consistency", "witness"],
        (false, true) => &["tags"],
        (false, false) => &[],
    };
    let spec = spec(&live, home.as_str(), ttl, regional, tags)?;
    Ok(Some(Found { spec, outputs, readiness, not_read, moved_to, held }))
}

/// The region that the table is changed from, and its description there: the one that it was made in, or any other once
/// that has left.
async fn home_of(
    cx: &Cx,
    request: &ReadRequest,
    made_in: &Region,
    name: &str,
) -> Result<Option<(Region, TableDescription)>> {
    if let Some(live) = table(&cx.in_region(made_in), name).await? {
        return Ok(Some((made_in.clone(), live)));
    }
    for region in request.texts("replicas.region").filter(|region| *region != made_in.as_str()) {
        let region = must_region(region)?;
        let here = cx.in_region(&region);
        let Some(live) = table(&here, name).await? else { continue };
        let tags = tags_of(&here, &in_region(request.id.as_str(), region.as_str())).await.optional()?;
        if tags.is_some_and(|tags| tags.contains_key(TAG_HOME)) {
            return Ok(Some((region, live)));
        }
    }
    Ok(None)
}

/// The replicas beside the home region. AWS may list the home region among them or not.
pub(super) fn others<'a>(live: &'a TableDescription, home: &'a str) -> impl Iterator<Item = &'a ReplicaDescription> {
    live.replicas().iter().filter(move |one| region_of(one) != home)
}

pub(super) fn region_of(replica: &ReplicaDescription) -> &str {
    replica.region_name.as_deref().unwrap_or_default()
}

async fn regional(
    cx: &Cx,
    request: &ReadRequest,
    name: &str,
    home: &TableDescription,
    region: String,
) -> Result<Regional> {
    let here = cx.in_region(&must_region(&region)?);
    let arn = in_region(home.table_arn.as_deref().unwrap_or_default(), &region);
    let is_home = region == cx.region().as_str();
    let own = if is_home { Some(home.clone()) } else { table(&here, name).await? };
    let described = home.replicas().iter().find(|one| region_of(one) == region);
    let of_replica = described.and_then(|one| one.replica_table_class_summary.as_ref());
    let class = own.as_ref().and_then(|own| own.table_class_summary.as_ref()).or(of_replica);
    let kms_key = own.as_ref().and_then(|own| own.sse_description.as_ref()?.kms_master_key_arn.clone());
    let there = own.is_some();
    let (days, insights, tags) = futures::future::try_join3(
        point_in_time(&here, name, there && request.manages("replicas.point_in_time_days")),
        insights(&here, name, there && request.manages("replicas.contributor_insights")),
        tags(&here, &arn, there && request.manages("tags")),
    )
    .await?;
    let class = class.and_then(|class| class.table_class.as_ref()).and_then(|class| from_wire(class.as_str()));
    Ok(Regional {
        status: own.as_ref().and_then(|own| own.table_status.clone()),
        made: own.as_ref().and_then(|own| own.creation_date_time),
        replica: Replica {
            deletion_protection: Some(own.and_then(|own| own.deletion_protection_enabled).unwrap_or(false)),
            point_in_time_days: days,
            table_class: Some(class.unwrap_or(TableClass::Standard)),
            kms_key: kms_key.or_else(|| described?.kms_master_key_id.clone()),
            contributor_insights: insights,
            region,
        },
        arn,
        tags,
    })
}

pub(super) fn must_region(region: &str) -> Result<crate::names::Region> {
    let wrong = |error| CloudError::local(crate::cloud::Class::Invalid, "dynamodb.GlobalTable", format!("{error}"));
    region.parse().map_err(|error: crate::names::NameError| wrong(error))
}

async fn ttl(cx: &Cx, request: &ReadRequest, name: &str) -> Result<Option<String>> {
    if !request.manages("ttl_attribute") {
        return Ok(None);
    }
    let Some(answer) = cx.dynamodb().describe_time_to_live().table_name(name).send().await.optional()? else {
        return Ok(None);
    };
    let live = answer.time_to_live_description;
    let on = live.filter(|live| {
        matches!(live.time_to_live_status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling))
    });
    Ok(Some(on.and_then(|live| live.attribute_name).unwrap_or_default()))
}

async fn point_in_time(cx: &Cx, name: &str, wanted: bool) -> Result<Option<i32>> {
    if !wanted {
        return Ok(None);
    }
    let answer = cx.dynamodb().describe_continuous_backups().table_name(name).send().await.optional()?;
    let live = answer.and_then(|answer| answer.continuous_backups_description?.point_in_time_recovery_description);
    let on = live
        .filter(|live| live.point_in_time_recovery_status.as_ref().is_some_and(|status| status.as_str() == "ENABLED"));
    Ok(Some(on.map_or(0, |live| live.recovery_period_in_days.unwrap_or(35))))
}

async fn insights(cx: &Cx, name: &str, wanted: bool) -> Result<Option<bool>> {
    if !wanted {
        return Ok(None);
    }
    let answer = cx.dynamodb().describe_contributor_insights().table_name(name).send().await.optional()?;
    let status = answer.and_then(|answer| answer.contributor_insights_status);
    Ok(Some(status.is_some_and(|status| matches!(status.as_str(), "ENABLED" | "ENABLING"))))
}

async fn tags(cx: &Cx, arn: &str, wanted: bool) -> Result<Option<Tags>> {
    match cx.indexed_tags(arn).await? {
        Some(tags) => Ok(Some(tags)),
        None if wanted => tags_of(cx, arn).await.optional(),
        None => Ok(None),
    }
}

/// All tags of one region's table, from the table itself.
pub(super) async fn tags_of(cx: &Cx, arn: &str) -> Result<Tags> {
    let (mut all, mut token) = (Vec::new(), None);
    loop {
        let page = cx.dynamodb().list_tags_of_resource().resource_arn(arn).set_next_token(token).send().await?;
        all.extend(page.tags.unwrap_or_default());
        token = page.next_token;
        if token.is_none() {
            return Ok(all_tags(all));
        }
    }
}

/// Our tags of every region, with the region that is the table's home.
pub(super) async fn ownership(cx: &Cx, arn: &str, home: &str) -> Result<Tags> {
    let all = tags_of(cx, &in_region(arn, cx.region().as_str())).await?;
    let ours = all.into_iter().filter(|(key, _)| key.starts_with("isobar:"));
    Ok(ours.chain([(TAG_HOME.to_owned(), home.to_owned())]).collect())
}

/// The tags of all regions as one: what differs between them shows as different from anything wanted.
fn common_tags(regional: &[Regional]) -> Option<Tags> {
    let all: Option<Vec<Tags>> = regional.iter().map(|one| one.tags.clone().map(live_tags)).collect();
    let all = all?;
    let mut common = Tags::new();
    for (key, value) in all.iter().flatten() {
        let same = all.iter().all(|tags| tags.get(key) == Some(value));
        common.insert(key.clone(), if same { value.clone() } else { DIFFERS.to_owned() });
    }
    Some(common)
}

fn spec(
    live: &TableDescription,
    home: &str,
    ttl: Option<String>,
    regional: Vec<Regional>,
    tags: Option<Tags>,
) -> Result<Spec> {
    let types = types(live)?;
    let global = live
        .global_secondary_indexes()
        .iter()
        .map(|one| Ok((one.index_name.clone().unwrap_or_default(), index(one, &types)?)));
    let local = live
        .local_secondary_indexes()
        .iter()
        .map(|one| Ok((one.index_name.clone().unwrap_or_default(), local_index(one, &types)?)));
    let stream = live.stream_specification.as_ref().filter(|stream| stream.stream_enabled);
    let stream = stream.and_then(|stream| from_wire(stream.stream_view_type.as_ref()?.as_str()));
    let encrypted = live.sse_description.as_ref().and_then(|sse| sse.status.as_ref());
    let kms = matches!(encrypted, Some(SseStatus::Enabled | SseStatus::Enabling | SseStatus::Updating));
    let strong = is_strong(live);
    let class = live.table_class_summary.as_ref().and_then(|class| from_wire(class.table_class.as_ref()?.as_str()));
    let warm = live.warm_throughput.as_ref();
    Ok(Spec {
        name: live.table_name.clone().unwrap_or_default(),
        home: Some(home.to_owned()),
        key: key(live.key_schema(), &types)?,
        indexes: Some(global.collect::<Result<_>>()?),
        local_indexes: Some(local.collect::<Result<_>>()?),
        billing: Some(billing(live)),
        warm_throughput: warm.and_then(|warm| {
            Some(WarmThroughput { read_units: warm.read_units_per_second?, write_units: warm.write_units_per_second? })
        }),
        ttl_attribute: ttl,
        stream: Some(stream.unwrap_or(Stream::None)),
        table_class: Some(class.unwrap_or(TableClass::Standard)),
        consistency: Some(if strong { Consistency::Strong } else { Consistency::Eventual }),
        witness: live.global_table_witnesses().iter().find_map(|witness| witness.region_name.clone()),
        encryption: Some(if kms { Encryption::Kms } else { Encryption::AwsOwned }),
        replicas: regional.into_iter().map(|one| one.replica).collect(),
        tags,
    })
}

fn is_strong(live: &TableDescription) -> bool {
    live.multi_region_consistency.as_ref().is_some_and(|mode| mode.as_str() == "STRONG")
}

fn types(live: &TableDescription) -> Result<BTreeMap<&str, AttributeType>> {
    let of = |definition: &AttributeDefinition| parse_wire("attribute type", definition.attribute_type.as_str());
    live.attribute_definitions().iter().map(|one| Ok((one.attribute_name.as_str(), of(one)?))).collect()
}

fn key(schema: &[KeySchemaElement], types: &BTreeMap<&str, AttributeType>) -> Result<Key> {
    let part = |kind: &KeyType| {
        let name = &schema.iter().find(|part| part.key_type == *kind)?.attribute_name;
        Some(Attribute { name: name.clone(), of: *types.get(name.as_str())? })
    };
    let missing = || CloudError::local(crate::cloud::Class::Other, "dynamodb:DescribeTable", "a key without attribute");
    Ok(Key { partition: part(&KeyType::Hash).ok_or_else(missing)?, sort: part(&KeyType::Range) })
}

fn index(live: &GlobalSecondaryIndexDescription, types: &BTreeMap<&str, AttributeType>) -> Result<Index> {
    let throughput = live.provisioned_throughput.as_ref();
    Ok(Index {
        key: key(live.key_schema(), types)?,
        projection: projection(live.projection.as_ref()),
        include: include(live.projection.as_ref()),
        read_capacity: throughput.and_then(|all| all.read_capacity_units).filter(|units| *units > 0),
        write_capacity: throughput.and_then(|all| all.write_capacity_units).filter(|units| *units > 0),
    })
}

fn local_index(live: &LocalSecondaryIndexDescription, types: &BTreeMap<&str, AttributeType>) -> Result<LocalIndex> {
    let key = key(live.key_schema(), types)?;
    Ok(LocalIndex {
        sort: key.sort.unwrap_or(key.partition),
        projection: projection(live.projection.as_ref()),
        include: include(live.projection.as_ref()),
    })
}

fn projection(live: Option<&AwsProjection>) -> Option<super::spec::Projection> {
    live.and_then(|live| from_wire(live.projection_type.as_ref()?.as_str()))
}

fn include(live: Option<&AwsProjection>) -> Option<Vec<String>> {
    live.and_then(|live| live.non_key_attributes.clone()).filter(|all| !all.is_empty())
}

fn billing(live: &TableDescription) -> Billing {
    // A table that was never paid for by request has no summary.
    let mode = live.billing_mode_summary.as_ref().and_then(|summary| summary.billing_mode.as_ref());
    let by_request = mode == Some(&AwsBillingMode::PayPerRequest);
    let throughput = live.provisioned_throughput.as_ref();
    let limits = live.on_demand_throughput.as_ref();
    Billing {
        mode: if by_request { BillingMode::PayPerRequest } else { BillingMode::Provisioned },
        read_capacity: throughput.and_then(|all| all.read_capacity_units).filter(|units| *units > 0),
        write_capacity: throughput.and_then(|all| all.write_capacity_units).filter(|units| *units > 0),
        max_read_units: by_request.then(|| limits.and_then(|limits| limits.max_read_request_units).unwrap_or(-1)),
        max_write_units: by_request.then(|| limits.and_then(|limits| limits.max_write_request_units).unwrap_or(-1)),
    }
}

/// While anything is being made, changed or removed, AWS refuses further changes: then it is pending.
fn readiness(live: &TableDescription, regional: &[Regional]) -> Readiness {
    let table = |status: Option<&TableStatus>, what: &str| match status {
        Some(TableStatus::Active) => None,
        Some(TableStatus::Creating | TableStatus::Updating | TableStatus::Deleting) | None => {
            Some(Readiness::Pending(format!("{} {what}", participle(status.map_or("CREATING", TableStatus::as_str)))))
        }
        Some(status) => Some(Readiness::Failed(format!("{what} is {}", status.as_str()))),
    };
    let mut all: Vec<Readiness> = table(live.table_status.as_ref(), "the table").into_iter().collect();
    all.extend(live.replicas().iter().filter_map(replica_readiness));
    all.extend(
        regional.iter().filter_map(|one| table(one.status.as_ref(), &format!("the table in {}", one.replica.region))),
    );
    let indexes = live.global_secondary_indexes().iter();
    all.extend(indexes.filter(|one| one.index_status != Some(IndexStatus::Active)).map(|one| {
        let filling = if one.backfilling == Some(true) { ", backfilling" } else { "" };
        let status = one.index_status.as_ref().map_or("CREATING", IndexStatus::as_str);
        let name = one.index_name.as_deref().unwrap_or_default();
        Readiness::Pending(format!("{} the index {name}{filling}", participle(status)))
    }));
    let witnesses = live.global_table_witnesses().iter();
    all.extend(witnesses.filter(|one| one.witness_status != Some(WitnessStatus::Active)).map(|one| {
        let status = one.witness_status.as_ref().map_or("CREATING", WitnessStatus::as_str);
        let region = one.region_name.as_deref().unwrap_or_default();
        Readiness::Pending(format!("{} the witness in {region}", participle(status)))
    }));
    let sse = live.sse_description.as_ref().and_then(|sse| sse.status.as_ref());
    if matches!(sse, Some(SseStatus::Updating | SseStatus::Enabling | SseStatus::Disabling)) {
        all.push(Readiness::Pending("updating encryption".to_owned()));
    }
    // What is still going on is waited for, even beside something that failed.
    let at = all.iter().position(|one| matches!(one, Readiness::Pending(_))).unwrap_or(0);
    if all.is_empty() { Readiness::Serving } else { all.swap_remove(at) }
}

/// The participle of a status: `CREATING` is `creating`.
fn participle(status: &str) -> String {
    status.to_lowercase()
}

fn replica_readiness(live: &ReplicaDescription) -> Option<Readiness> {
    let region = region_of(live);
    match live.replica_status.as_ref()? {
        status @ (ReplicaStatus::Creating | ReplicaStatus::Updating | ReplicaStatus::Deleting) => {
            let done = live.replica_status_percent_progress.as_ref();
            let done = done.map(|percent| format!(", {percent} %")).unwrap_or_default();
            Some(Readiness::Pending(format!("{} the replica in {region}{done}", participle(status.as_str()))))
        }
        // One that could not be made can be made again, so it is a difference rather than the end.
        ReplicaStatus::Active | ReplicaStatus::CreationFailed => None,
        status => {
            let why = live.replica_status_description.as_deref().unwrap_or("AWS gives no reason");
            Some(Readiness::Failed(format!("the replica in {region} is {}: {why}", status.as_str())))
        }
    }
}
