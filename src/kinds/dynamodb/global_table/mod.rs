//! DynamoDB table with its replicas in other regions, as one thing.
//!
//! It is made in its home region; everything else is a step of `update`. While AWS works on any part of it, it is
//! pending, because AWS takes no further change until then. Replicas that the file no longer lists are removed with
//! their data, the home region last: then another region is the home, and the table's id is its ARN there.

mod converge;
mod held;
mod leaving;
mod read;
mod spec;
mod write;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::primitives::DateTime;
use aws_sdk_dynamodb::types::{
    DeleteGlobalTableWitnessGroupMemberAction, GlobalSecondaryIndex, GlobalTableWitnessGroupUpdate,
    LocalSecondaryIndex, TableDescription, TableStatus, WarmThroughput as AwsWarmThroughput,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::aws::{Cx, ErrorCodes, NotFoundExt, Result, to_wire, with_owner};
use crate::catalog::Traits;
use crate::cloud::{Class, CloudError, ReadRequest};
use crate::kinds::arns::in_region;
use crate::kinds::reading::{created, read_each, required};
use crate::kinds::tagging::to_aws;
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId, Region};
use crate::value::Json;
use spec::{BillingMode, Key, LocalIndex, Spec, Stream};
use write::{built, hinted, invalid};

/// Our tag that says where the table was made, on every replica.
const TAG_HOME: &str = "isobar:home";

/// A table with its replicas.
pub struct GlobalTable;

/// The outputs of a table.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its name, the same in every region.
    pub name: String,
    /// Its ARN in the home region.
    #[schemars(extend("x-volatile" = true, "x-stable-under" = [
        "tags", "indexes", "ttl_attribute", "billing", "warm_throughput", "stream", "table_class", "encryption",
    ]))]
    pub arn: String,
    /// The ARN of its stream in the home region.
    #[schemars(extend("x-volatile" = true))]
    pub stream_arn: Option<String>,
    /// Its ARN in each region.
    #[schemars(extend("x-volatile" = true))]
    pub arns: BTreeMap<String, String>,
}

impl Kind for GlobalTable {
    const NAME: &'static str = "dynamodb.GlobalTable";
    const ABOUT: &'static str = "A DynamoDB table and its replicas in other regions";
    const EXAMPLE: &'static str = "
name: shop-carts
home: us-east-1
key: {partition: {name: customer, type: S}, sort: {name: item, type: S}}
indexes:
  by-item: {key: {partition: {name: item, type: S}}, projection: KEYS_ONLY}
local_indexes:
  by-age: {sort: {name: age, type: N}, projection: INCLUDE, include: [price]}
billing: {mode: PAY_PER_REQUEST}
stream: NEW_AND_OLD_IMAGES
table_class: STANDARD
consistency: EVENTUAL
encryption: AWS_OWNED
replicas:
  - {region: us-east-1, deletion_protection: true, point_in_time_days: 35}
  - {region: us-west-2, point_in_time_days: 7}
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "ttl_attribute: expires",
        "tags: {team: platform, cost: '7'}",
        "
indexes:
  by-item: {key: {partition: {name: item, type: S}}, projection: KEYS_ONLY}
  by-age: {key: {partition: {name: customer, type: S}, sort: {name: age, type: N}}, projection: INCLUDE, include: [price]}
",
        "
indexes:
  by-age: {key: {partition: {name: customer, type: S}, sort: {name: age, type: N}}, projection: ALL}
",
        "{table_class: STANDARD_INFREQUENT_ACCESS}",
        "
replicas:
  - {region: us-east-1, deletion_protection: true, point_in_time_days: 14}
  - {region: us-west-2, deletion_protection: true, point_in_time_days: 14}
  - {region: eu-west-1, point_in_time_days: 0}
",
        "
replicas:
  - {region: us-east-1, deletion_protection: false, point_in_time_days: 14}
  - {region: us-west-2, deletion_protection: false, point_in_time_days: 14}
",
        "
consistency: STRONG
witness: us-east-2
local_indexes: null
ttl_attribute: null
warm_throughput: {read_units: 14000, write_units: 5000}
billing: {mode: PAY_PER_REQUEST, max_read_units: 500, max_write_units: 100}
",
    ];
    const TRAITS: Traits = Traits {
        // AWS takes one change of the TTL in an hour, and another attribute takes two changes.
        deadline: Duration::from_mins(130),
        holds_data: true,
        // With another home it is the same name in the same regions.
        unique_by: &["name"],
        ..Traits::DEFAULT
    };
    const ERRORS: ErrorCodes = ErrorCodes {
        exists: &["ResourceInUseException: already exists", "ResourceInUseException: Table already exists"],
        conflict: &[
            "ResourceInUseException",
            "ValidationException: modified multiple times within a fixed interval",
            "LimitExceededException: simultaneously",
            "ContinuousBackupsUnavailableException",
            "ReplicaNotFoundException",
        ],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        read_each(requests, |request| read::read_one(cx, request)).await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        // One that has lost its first region is in the others; a replica that was made a moment ago has no tags.
        let regions =
            spec.replicas.iter().map(|replica| replica.region.as_str()).filter(|region| *region != spec.home());
        let mut found = Ok(None);
        for region in std::iter::once(spec.home()).chain(regions) {
            match find_in(&cx.in_region(&read::must_region(region)?), owner, spec).await {
                Ok(None) => {}
                Ok(Some(id)) => return Ok(Some(id)),
                Err(error) if error.class == Class::NotOwned => found = found.and(Err(error)),
                Err(error) => return Err(error),
            }
        }
        found
    }
    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        let cx = cx.in_region(&read::must_region(spec.home())?);
        let answer = creation(&cx, spec, owner)?.send().await.map_err(|error| hinted(error.into()))?;
        created("dynamodb:CreateTable", answer.table_description.and_then(|table| table.table_arn))
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let (made_in, name) = at(id)?;
        let home = from.home.as_deref().map(read::must_region).transpose()?.unwrap_or(made_in);
        converge::step(&cx.in_region(&home), &name, id.as_str(), from, to).await
    }

    // Protection off everywhere, then the replicas one by one, then the table.
    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        let (home, name) = at(id)?;
        let cx = cx.in_region(&home);
        let Some(live) = table(&cx, &name).await? else { return Ok(()) };
        let others: Vec<&str> = read::others(&live, home.as_str()).map(read::region_of).collect();
        let busy = !matches!(live.table_status, None | Some(TableStatus::Active));
        let going = read::others(&live, home.as_str()).any(|one| {
            one.replica_status
                .as_ref()
                .is_some_and(|status| matches!(status.as_str(), "DELETING" | "CREATING" | "UPDATING"))
        });
        let encrypted_out =
            live.table_status.as_ref().is_some_and(|status| status.as_str().starts_with("INACCESSIBLE"));
        if (busy && !encrypted_out) || going || unprotect(&cx, &name, &live, &others).await? {
            return Ok(());
        }
        let call = cx.dynamodb().update_table().table_name(&name);
        let witness = live.global_table_witnesses().first().and_then(|witness| witness.region_name.clone());
        let strong = live.multi_region_consistency.as_ref().is_some_and(|mode| mode.as_str() == "STRONG");
        let done = if others.is_empty() && witness.is_none() {
            cx.dynamodb().delete_table().table_name(&name).send().await.map(drop).map_err(CloudError::from)
        } else {
            // With strong consistency all go at once, and else one at a time.
            let count = if strong { others.len() } else { 1 };
            let going = others.iter().take(count).map(|region| write::removal(region)).collect::<Result<Vec<_>>>()?;
            let mut call = call.set_replica_updates(Some(going).filter(|going| !going.is_empty()));
            if let Some(region) = witness {
                let delete = DeleteGlobalTableWitnessGroupMemberAction::builder().region_name(region).build();
                let delete = delete.map_err(|error| built(&error))?;
                call =
                    call.global_table_witness_updates(GlobalTableWitnessGroupUpdate::builder().delete(delete).build());
            }
            call.send().await.map(drop).map_err(CloudError::from)
        };
        done.map_err(hinted)
    }

    // By `id`, an ARN, or by `name` and the region that it is looked up in.
    async fn lookup(cx: &Cx, query: &Json) -> Result<Option<PhysicalId>> {
        if let Some(id) = query.get("id").and_then(Json::as_str) {
            return Ok(Some(PhysicalId::new(id)));
        }
        let Some(name) = query.get("name").and_then(Json::as_str) else { return Ok(None) };
        let region = query.get("region").or_else(|| query.get("home")).and_then(Json::as_str);
        let region = region.map(read::must_region).transpose()?;
        let cx = region.map_or_else(|| cx.clone(), |region| cx.in_region(&region));
        Ok(table(&cx, name).await?.and_then(|live| live.table_arn).map(PhysicalId::new))
    }

    fn check(spec: &Spec) -> Vec<String> {
        spec::check(spec)
    }
}

/// The table of this owner in one region, by its ARN in its home region.
async fn find_in(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
    let Some(live) = table(cx, &spec.name).await? else { return Ok(None) };
    let arn = required("dynamodb:DescribeTable", "the ARN of the table", live.table_arn)?;
    let tags = read::tags_of(cx, &arn).await?;
    if tags.is_empty() && is_young(live.creation_date_time) {
        let message = format!("the table {} was created a moment ago, and its tags are not visible yet", spec.name);
        return Err(CloudError::local(Class::NotVisibleYet, "find", message));
    }
    cx.ensure_owned("a table", &spec.name, &tags, owner)?;
    let elsewhere = tags.get(TAG_HOME).filter(|home| *home != cx.region().as_str());
    let Some(home) = elsewhere else { return Ok(Some(PhysicalId::new(arn))) };
    let is_there = table(&cx.in_region(&read::must_region(home)?), &spec.name).await?.is_some();
    Ok(Some(PhysicalId::new(if is_there { in_region(&arn, home) } else { arn })))
}

/// Home region and name, from the ARN.
fn at(id: &PhysicalId) -> Result<(Region, String)> {
    let parts: Vec<&str> = id.as_str().splitn(6, ':').collect();
    match parts.as_slice() {
        [_, _, _, region, _, table] if table.starts_with("table/") => {
            Ok((read::must_region(region)?, table.trim_start_matches("table/").to_owned()))
        }
        _ => Err(invalid(&format!("`{id}` is not the ARN of a table"))),
    }
}

/// True if a table was created so lately that its tags may not be visible yet.
fn is_young(created: Option<DateTime>) -> bool {
    let created = created.and_then(|created| SystemTime::try_from(created).ok());
    created.is_some_and(|created| created.elapsed().is_ok_and(|age| age < Duration::from_mins(2)))
}

/// The table as one region describes it.
async fn table(cx: &Cx, name: &str) -> Result<Option<TableDescription>> {
    Ok(cx.dynamodb().describe_table().table_name(name).send().await.optional()?.and_then(|answer| answer.table))
}

/// Lifts the protection of every region; whether there was any.
async fn unprotect(cx: &Cx, name: &str, live: &TableDescription, others: &[&str]) -> Result<bool> {
    let mut lifted = false;
    if live.deletion_protection_enabled == Some(true) {
        cx.dynamodb().update_table().table_name(name).deletion_protection_enabled(false).send().await?;
        lifted = true;
    }
    for region in others {
        let here = cx.in_region(&read::must_region(region)?);
        let own = table(&here, name).await?;
        if own.is_some_and(|own| own.deletion_protection_enabled == Some(true)) {
            here.dynamodb().update_table().table_name(name).deletion_protection_enabled(false).send().await?;
            lifted = true;
        }
    }
    Ok(lifted)
}

/// The table in its home region, with everything that the call takes.
fn creation(
    cx: &Cx,
    spec: &Spec,
    owner: &Owner,
) -> Result<aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder> {
    let mut tags = with_owner(spec.tags.as_ref(), owner);
    tags.insert(TAG_HOME.to_owned(), spec.home().to_owned());
    let home = spec.replica(spec.home());
    let billing = spec.billing.as_ref();
    let mode = billing.map_or(BillingMode::PayPerRequest, |billing| billing.mode);
    let encryption = spec.encryption.map(|kind| write::encryption(kind, home.and_then(|home| home.kms_key.clone())));
    let warm = spec.warm_throughput.as_ref().map(|warm| {
        AwsWarmThroughput::builder()
            .read_units_per_second(warm.read_units)
            .write_units_per_second(warm.write_units)
            .build()
    });
    Ok(cx
        .dynamodb()
        .create_table()
        .table_name(&spec.name)
        .set_key_schema(Some(write::key_schema(&spec.key)?))
        .set_attribute_definitions(Some(write::attributes(spec)?))
        .set_global_secondary_indexes(global_indexes(spec)?)
        .set_local_secondary_indexes(local_indexes(spec)?)
        .billing_mode(to_wire(mode).as_str().into())
        .set_provisioned_throughput(billing.and_then(|all| write::throughput(all.read_capacity, all.write_capacity)))
        .set_on_demand_throughput(billing.and_then(write::limits))
        .set_warm_throughput(warm)
        .stream_specification(write::stream(spec.stream.unwrap_or(Stream::NewAndOldImages)))
        .set_sse_specification(encryption)
        .set_table_class(spec.table_class.map(|class| to_wire(class).as_str().into()))
        .set_deletion_protection_enabled(home.and_then(|home| home.deletion_protection))
        .set_tags(Some(to_aws(&tags))))
}

fn global_indexes(spec: &Spec) -> Result<Option<Vec<GlobalSecondaryIndex>>> {
    let all = spec.indexes.iter().flatten().map(|(name, index)| {
        GlobalSecondaryIndex::builder()
            .index_name(name)
            .set_key_schema(Some(write::key_schema(&index.key)?))
            .projection(write::projection(index.projection, index.include.as_ref()))
            .set_provisioned_throughput(write::throughput(index.read_capacity, index.write_capacity))
            .build()
            .map_err(|error| built(&error))
    });
    // AWS refuses an empty list.
    Ok(Some(all.collect::<Result<Vec<_>>>()?).filter(|all| !all.is_empty()))
}

fn local_indexes(spec: &Spec) -> Result<Option<Vec<LocalSecondaryIndex>>> {
    let key = |index: &LocalIndex| Key { partition: spec.key.partition.clone(), sort: Some(index.sort.clone()) };
    let all = spec.local_indexes.iter().flatten().map(|(name, index)| {
        LocalSecondaryIndex::builder()
            .index_name(name)
            .set_key_schema(Some(write::key_schema(&key(index))?))
            .projection(write::projection(index.projection, index.include.as_ref()))
            .build()
            .map_err(|error| built(&error))
    });
    Ok(Some(all.collect::<Result<Vec<_>>>()?).filter(|all| !all.is_empty()))
}
