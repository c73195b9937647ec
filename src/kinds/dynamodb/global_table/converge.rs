//! The next step from the table that is there to the one that is wanted.
//!
//! AWS takes one change at a time, and none while it works on the last one. Every step here is one
//! such change, in the order in which they help each other: what belongs to one region, the table itself, its indexes,
//! its replicas. The time to live comes last, because AWS may take an hour for it.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::operation::update_table::builders::UpdateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    CreateGlobalSecondaryIndexAction, CreateGlobalTableWitnessGroupMemberAction, CreateReplicationGroupMemberAction,
    DeleteGlobalSecondaryIndexAction, GlobalSecondaryIndexUpdate, GlobalTableWitnessGroupUpdate,
    MultiRegionConsistency, PointInTimeRecoverySpecification, ReplicaStatus, ReplicationGroupUpdate,
    TimeToLiveSpecification, UpdateGlobalSecondaryIndexAction, UpdateReplicationGroupMemberAction,
    WarmThroughput as AwsWarmThroughput,
};

use super::read::{must_region, others, ownership, region_of};
use super::spec::{BillingMode, Encryption, Index, Replica, Spec, Stream};
use super::write::{self, built, removal};
use super::{leaving, table};
use crate::aws::{Cx, Result, tag_changes, to_wire};
use crate::kinds::arns;
use crate::kinds::reading::changed;
use crate::kinds::tagging::to_aws;

/// Takes the next step. `cx` is in the home region.
pub(super) async fn step(cx: &Cx, name: &str, arn: &str, from: &Spec, to: &Spec) -> Result<()> {
    if in_regions(cx, name, arn, from, to).await? {
        return Ok(());
    }
    let update = || cx.dynamodb().update_table().table_name(name);
    let call = match throughput(update(), from, to).or_else(|| settings(update(), from, to)) {
        Some(call) => Some(call),
        None => {
            match encryption(update(), from, to)?.map_or_else(|| indexes(update(), from, to), |call| Ok(Some(call)))? {
                Some(call) => Some(call),
                None => replicas(cx, name, arn, from, to).await?,
            }
        }
    };
    match call {
        Some(call) => call.send().await.map(drop).map_err(|error| write::hinted(error.into())),
        None => ttl(cx, name, from, to).await,
    }
}

/// The properties of each region: tags, restore, insights, protection. All of them in one step.
async fn in_regions(cx: &Cx, name: &str, arn: &str, from: &Spec, to: &Spec) -> Result<bool> {
    let (set, unset) = tag_changes(from.tags.as_ref(), to.tags.as_ref());
    let mut owner = None;
    let mut any = false;
    for live in &from.replicas {
        let here = cx.in_region(&must_region(&live.region)?);
        let own = match to.replica(&live.region) {
            Some(wanted) => in_region(&here, name, live, wanted).await?,
            None => false,
        };
        if own || !set.is_empty() {
            // New replicas come without tags: they get the home region's ownership tags too.
            let owner = match &owner {
                Some(owner) => owner,
                None => owner.insert(ownership(cx, arn, from.home()).await?),
            };
            let tags = set.clone().into_iter().chain(owner.clone()).collect();
            let call = here.dynamodb().tag_resource().resource_arn(arns::in_region(arn, &live.region));
            call.set_tags(Some(to_aws(&tags))).send().await?;
        }
        if !unset.is_empty() {
            let call = here.dynamodb().untag_resource().resource_arn(arns::in_region(arn, &live.region));
            call.set_tag_keys(Some(unset.clone())).send().await?;
        }
        any |= own || !set.is_empty() || !unset.is_empty();
    }
    Ok(any)
}

async fn in_region(cx: &Cx, name: &str, live: &Replica, wanted: &Replica) -> Result<bool> {
    let client = cx.dynamodb();
    let mut sent = false;
    if let Some(days) = changed(&live.point_in_time_days, &wanted.point_in_time_days).copied() {
        let to = PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(days > 0);
        let to = to.set_recovery_period_in_days(Some(days).filter(|days| *days > 0));
        let to = to.build().map_err(|error| built(&error))?;
        let call = client.update_continuous_backups().table_name(name).point_in_time_recovery_specification(to);
        call.send().await?;
        sent = true;
    }
    if let Some(on) = changed(&live.contributor_insights, &wanted.contributor_insights).copied() {
        let action = if on { "ENABLE" } else { "DISABLE" };
        let call = client.update_contributor_insights().table_name(name);
        call.contributor_insights_action(action.into()).send().await?;
        sent = true;
    }
    // Last, because AWS takes no other change while it works on this one.
    if let Some(on) = changed(&live.deletion_protection, &wanted.deletion_protection).copied() {
        client.update_table().table_name(name).deletion_protection_enabled(on).send().await?;
        sent = true;
    }
    Ok(sent)
}

async fn ttl(cx: &Cx, name: &str, from: &Spec, to: &Spec) -> Result<()> {
    let Some(wanted) = changed(&from.ttl_attribute, &to.ttl_attribute) else { return Ok(()) };
    let live = from.ttl_attribute.as_deref().unwrap_or_default();
    // Another attribute is only taken after the old one was switched off.
    let (attribute, on) = if live.is_empty() { (wanted.as_str(), true) } else { (live, false) };
    if attribute.is_empty() {
        return Ok(());
    }
    let to = TimeToLiveSpecification::builder().attribute_name(attribute).enabled(on).build();
    let to = to.map_err(|error| built(&error))?;
    let call = cx.dynamodb().update_time_to_live().table_name(name).time_to_live_specification(to);
    call.send().await.map_err(|error| write::hinted(error.into()))?;
    Ok(())
}

/// Billing and throughput, of the table and of the indexes that stay.
fn throughput(call: UpdateTableFluentBuilder, from: &Spec, to: &Spec) -> Option<UpdateTableFluentBuilder> {
    let live = from.billing.as_ref();
    if let Some(wanted) = &to.billing {
        let switched = live.is_none_or(|live| live.mode != wanted.mode);
        let differs = |live: Option<i64>, wanted: Option<i64>| wanted.is_some() && live != wanted;
        let capacity = differs(live.and_then(|live| live.read_capacity), wanted.read_capacity)
            || differs(live.and_then(|live| live.write_capacity), wanted.write_capacity);
        let limits = differs(live.and_then(|live| live.max_read_units), wanted.max_read_units)
            || differs(live.and_then(|live| live.max_write_units), wanted.max_write_units);
        let indexes = index_throughput(from, to, switched);
        let set_aside = wanted.mode == BillingMode::Provisioned;
        if switched || (set_aside && (capacity || !indexes.is_empty())) {
            let mut call = call.billing_mode(to_wire(wanted.mode).as_str().into());
            if switched || capacity {
                call = call.set_provisioned_throughput(write::throughput(wanted.read_capacity, wanted.write_capacity));
            }
            let indexes = Some(indexes).filter(|all| set_aside && !all.is_empty());
            return Some(call.set_global_secondary_index_updates(indexes));
        }
        if limits {
            return Some(call.set_on_demand_throughput(write::limits(wanted)));
        }
    }
    let wanted = to.warm_throughput.as_ref().filter(|wanted| from.warm_throughput.as_ref() != Some(wanted))?;
    let warm = AwsWarmThroughput::builder().read_units_per_second(wanted.read_units);
    Some(call.warm_throughput(warm.write_units_per_second(wanted.write_units).build()))
}

fn index_throughput(from: &Spec, to: &Spec, switched: bool) -> Vec<GlobalSecondaryIndexUpdate> {
    let wanted = to.indexes.as_ref().or(from.indexes.as_ref()).into_iter().flatten();
    let there = wanted.filter_map(|(name, wanted)| Some((name, wanted, from.indexes.as_ref()?.get(name)?)));
    let differs = there.filter(|(_, wanted, live)| {
        switched || (wanted.read_capacity, wanted.write_capacity) != (live.read_capacity, live.write_capacity)
    });
    differs
        .filter_map(|(name, wanted, _)| {
            let throughput = write::throughput(wanted.read_capacity, wanted.write_capacity)?;
            let update = UpdateGlobalSecondaryIndexAction::builder().index_name(name);
            let update = update.provisioned_throughput(throughput).build().ok()?;
            Some(GlobalSecondaryIndexUpdate::builder().update(update).build())
        })
        .collect()
}

/// Storage class and stream.
fn settings(call: UpdateTableFluentBuilder, from: &Spec, to: &Spec) -> Option<UpdateTableFluentBuilder> {
    if let Some(class) = to.table_class.filter(|_| from.table_class != to.table_class) {
        return Some(call.table_class(to_wire(class).as_str().into()));
    }
    // Replicas need the stream, whether the file speaks of it or not.
    let needed = (to.replicas.len() > 1 && !to.is_strong()).then_some(Stream::NewAndOldImages);
    let wanted = to.stream.or_else(|| needed.filter(|_| from.stream == Some(Stream::None)))?;
    let live = from.stream.unwrap_or(Stream::None);
    if live == wanted {
        return None;
    }
    // A stream that is on cannot be changed, only switched off and on again.
    let next = if live == Stream::None { wanted } else { Stream::None };
    Some(call.stream_specification(write::stream(next)))
}

/// The type of key, with the keys of all replicas; or the key of one region.
fn encryption(call: UpdateTableFluentBuilder, from: &Spec, to: &Spec) -> Result<Option<UpdateTableFluentBuilder>> {
    let home = from.home();
    let key = |spec: &Spec, region: &str| spec.replica(region).and_then(|replica| replica.kms_key.clone());
    let wanted = to.encryption.unwrap_or(from.encryption.unwrap_or(Encryption::AwsOwned));
    let switched = to.encryption.is_some() && from.encryption != to.encryption;
    let other = |region: &str| key(to, region).is_some() && key(from, region) != key(to, region);
    let there = || from.replicas.iter().map(|replica| replica.region.as_str()).filter(|region| *region != home);
    let others: Vec<&str> = there().filter(|region| other(region) || (switched && key(to, region).is_some())).collect();
    if !switched && !other(home) && others.is_empty() {
        return Ok(None);
    }
    let updates = others.into_iter().map(|region| {
        let update = UpdateReplicationGroupMemberAction::builder().region_name(region);
        let update = update.set_kms_master_key_id(key(to, region)).build().map_err(|error| built(&error))?;
        Ok(ReplicationGroupUpdate::builder().update(update).build())
    });
    let updates = updates.collect::<Result<Vec<_>>>()?;
    let call = call.sse_specification(write::encryption(wanted, key(to, home).or_else(|| key(from, home))));
    Ok(Some(call.set_replica_updates(Some(updates).filter(|all| !all.is_empty()))))
}

/// One index: first those that go, then those that come.
fn indexes(call: UpdateTableFluentBuilder, from: &Spec, to: &Spec) -> Result<Option<UpdateTableFluentBuilder>> {
    let Some(wanted) = &to.indexes else { return Ok(None) };
    let none = BTreeMap::new();
    let live = from.indexes.as_ref().unwrap_or(&none);
    let stays = |name: &String, live: &Index| wanted.get(name).is_some_and(|wanted| is_same_index(live, wanted));
    let update = if let Some((name, _)) = live.iter().find(|(name, live)| !stays(name, live)) {
        let delete = DeleteGlobalSecondaryIndexAction::builder().index_name(name).build();
        GlobalSecondaryIndexUpdate::builder().delete(delete.map_err(|error| built(&error))?).build()
    } else if let Some((name, index)) = wanted.iter().find(|(name, _)| !live.contains_key(*name)) {
        let create = CreateGlobalSecondaryIndexAction::builder()
            .index_name(name)
            .set_key_schema(Some(write::key_schema(&index.key)?))
            .projection(write::projection(index.projection, index.include.as_ref()))
            .set_provisioned_throughput(write::throughput(index.read_capacity, index.write_capacity))
            .build();
        GlobalSecondaryIndexUpdate::builder().create(create.map_err(|error| built(&error))?).build()
    } else {
        return Ok(None);
    };
    Ok(Some(call.set_attribute_definitions(Some(write::attributes(to)?)).global_secondary_index_updates(update)))
}

/// True if an index can stay: its key and projection are the wanted ones.
fn is_same_index(live: &Index, wanted: &Index) -> bool {
    let sorted = |include: &Option<Vec<String>>| {
        let mut include = include.clone().unwrap_or_default();
        include.sort();
        include
    };
    let projection = wanted.projection.is_none() || live.projection == wanted.projection;
    let include = wanted.include.is_none() || sorted(&live.include) == sorted(&wanted.include);
    live.key == wanted.key && projection && include
}

/// One replica: first those that come, then those that change, then those that go, the home region last.
async fn replicas(cx: &Cx, name: &str, arn: &str, from: &Spec, to: &Spec) -> Result<Option<UpdateTableFluentBuilder>> {
    let home = from.home();
    let call = cx.dynamodb().update_table().table_name(name);
    let Some(live) = table(cx, name).await? else { return Ok(None) };
    if let Some(failed) = others(&live, home).find(|one| one.replica_status == Some(ReplicaStatus::CreationFailed)) {
        return Ok(Some(call.replica_updates(removal(region_of(failed))?)));
    }
    let coming: Vec<&Replica> = to.replicas.iter().filter(|replica| from.replica(&replica.region).is_none()).collect();
    if to.is_strong() && !coming.is_empty() {
        return strong(call, &coming, to.witness.as_ref()).map(Some);
    }
    if let Some(coming) = coming.first() {
        return Ok(Some(call.replica_updates(creation(coming)?)));
    }
    let class = |spec: &Spec, region: &str| spec.replica(region).and_then(|replica| replica.table_class);
    let other = |replica: &&Replica| {
        let region = &replica.region;
        region != home && class(to, region).is_some() && class(to, region) != class(from, region)
    };
    if let Some(replica) = from.replicas.iter().find(other) {
        let update = UpdateReplicationGroupMemberAction::builder().region_name(&replica.region);
        let update =
            update.set_table_class_override(class(to, &replica.region).map(|class| to_wire(class).as_str().into()));
        let update = update.build().map_err(|error| built(&error))?;
        return Ok(Some(call.replica_updates(ReplicationGroupUpdate::builder().update(update).build())));
    }
    leaving::next(cx, name, arn, from, to).await
}

/// All regions of a table that agrees strongly come with one call.
fn strong(
    call: UpdateTableFluentBuilder,
    coming: &[&Replica],
    witness: Option<&String>,
) -> Result<UpdateTableFluentBuilder> {
    let creates = coming.iter().map(|replica| creation(replica)).collect::<Result<_>>()?;
    let call = call.multi_region_consistency(MultiRegionConsistency::Strong).set_replica_updates(Some(creates));
    let Some(region) = witness else { return Ok(call) };
    let create = CreateGlobalTableWitnessGroupMemberAction::builder().region_name(region).build();
    let create = create.map_err(|error| built(&error))?;
    Ok(call.global_table_witness_updates(GlobalTableWitnessGroupUpdate::builder().create(create).build()))
}

fn creation(replica: &Replica) -> Result<ReplicationGroupUpdate> {
    let create = CreateReplicationGroupMemberAction::builder()
        .region_name(&replica.region)
        .set_kms_master_key_id(replica.kms_key.clone())
        .set_table_class_override(replica.table_class.map(|class| to_wire(class).as_str().into()))
        .build();
    Ok(ReplicationGroupUpdate::builder().create(create.map_err(|error| built(&error))?).build())
}
