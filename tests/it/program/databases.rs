//! An Aurora database in two regions, said raw: its life, what others do to it meanwhile, and its end with one command.

use std::thread::sleep;
use std::time::{Duration, Instant};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_rds::Client;
use aws_sdk_rds::types::{DbCluster, GlobalCluster};
use serde_json::Value as Json;

use crate::support::program::{ProgramWorld, Ran};

const FILE: &str = "orders.yaml";
const STACK: &str = "
stack: orders
regions: [us-east-1, us-west-2]
network:
  cidr: {us-east-1: 10.1.0.0/16, us-west-2: 10.2.0.0/16}
  zones: 2
  nat: none
  endpoints: []
resources:
  secret:
    kind: secretsmanager.Secret
    in: primary
    properties: {name: orders/login, generate: {length: 32, exclude: '/@\" ', username: orders}, replicas: [{region: us-west-2}]}
  subnets:
    kind: rds.DbSubnetGroup
    properties: {name: orders, subnets: ['${network.private.use1-az1.id}', '${network.private.use1-az2.id}']}
    regions:
      us-west-2: {properties: {subnets: ['${network.private.usw2-az1.id}', '${network.private.usw2-az2.id}']}}
  parameters:
    kind: rds.DbClusterParameterGroup
    properties: {name: orders, family: aurora-postgresql16, parameters: {work_mem: '65536', max_connections: '400'}}
  global:
    kind: rds.GlobalCluster
    in: global
    properties: {name: orders, engine: aurora-postgresql, engine_version: '16.8'}
  cluster:
    kind: rds.DbCluster
    protect: false
    properties:
      name: orders
      engine: aurora-postgresql
      engine_version: '16.8'
      global_cluster: '${resources.global.name@global}'
      master_username: orders
      master_secret: '${resources.secret.arn@us-east-1}'
      database_name: orders
      subnet_group: '${resources.subnets.name}'
      parameter_group: '${resources.parameters.name}'
      capacity: {min: 0.5, max: 8}
      write_forwarding: true
      final_snapshot: ''
    regions:
      us-west-2: {after: [resources.one@us-east-1]}
  one:
    kind: rds.DbInstance
    properties:
      name: orders-1
      cluster: '${resources.cluster.name}'
      engine: aurora-postgresql
      class: db.serverless
      restart_key: '${resources.parameters.restart_key}'
  two:
    kind: rds.DbInstance
    properties:
      name: orders-2
      cluster: '${resources.cluster.name}'
      engine: aurora-postgresql
      class: db.serverless
      restart_key: '${resources.parameters.restart_key}'
  member:
    kind: rds.GlobalClusterMember
    properties: {global_cluster: '${resources.global.name@global}', cluster: '${resources.cluster.arn}'}
    after: [resources.one, resources.two]
";
/// A key, where there was none.
const KEYED: &str = "      kms_key: arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555
      write_forwarding";
const EAST: &str = "us-east-1";
const WEST: &str = "us-west-2";
const APPLY: [&str; 4] = ["apply", "--local", "--yes", FILE];
const DESTROY: [&str; 6] = ["destroy", "--local", "--yes", "--allow-data-loss", "resources.secret@us-east-1", FILE];

#[test]
fn roles_and_what_others_do_to_a_database_are_no_difference() {
    let world = standing();
    assert_eq!(writer(&world), EAST);

    switch_over(&world, WEST);
    settled(&world, "after a switchover");
    fail_over(&world, EAST);
    settled(&world, "after a failover");

    let by_hand = rds(&world, WEST);
    let reader = by_hand.create_db_instance().db_instance_identifier("by-hand").db_cluster_identifier("orders");
    wait_for(reader.engine("aurora-postgresql").db_instance_class("db.serverless").send()).expect("a reader");
    settled(&world, "with a reader of somebody else's");
    // The cluster could not be deleted with it, so nothing is begun.
    let before = world.inventory();
    let refused = world.isobar(&DESTROY).exits(4);
    assert!(refused.talk.contains("by-hand"), "{}", refused.talk);
    assert_eq!(world.inventory(), before);
    wait_for(by_hand.delete_db_instance().db_instance_identifier("by-hand").send()).expect("a deletion");
    until("the reader is gone", || cluster(&world, WEST).db_cluster_members().len() == 2);

    // The detachment that a missing field means elsewhere is none.
    world.edit(FILE, "      global_cluster: '${resources.global.name@global}'\n      master", "      master");
    world.edit(FILE, "      write_forwarding: true\n", "");
    world.isobar(&APPLY).exits(0);
    settled(&world, "with nothing said of the global cluster");
    assert_eq!(members(&world).len(), 2);
    gone(&world);
}

#[test]
fn a_writer_whose_region_leaves_is_refused_before_the_first_call() {
    let world = standing();
    switch_over(&world, WEST);
    let before = world.inventory();
    world.edit(FILE, "regions: [us-east-1, us-west-2]", "regions: [us-east-1]");
    without_west(&world);
    let refused = world.isobar(&["apply", "--local", "--yes", "--allow-data-loss", "all", FILE]).exits(4);
    assert!(refused.talk.contains("switchover-global-cluster"), "{}", refused.talk);
    assert_eq!(world.inventory(), before);

    switch_over(&world, EAST);
    world.isobar(&["apply", "--local", "--yes", "--allow-data-loss", "all", FILE]).exits(0);
    settled(&world, "without the region");
    assert_eq!(members(&world).len(), 1);
    gone(&world);
}

#[test]
fn a_protected_database_keeps_its_instances_and_a_last_snapshot_is_taken_as_was_applied() {
    let world = standing();
    let by_hand = rds(&world, EAST).modify_db_cluster().db_cluster_identifier("orders").deletion_protection(true);
    wait_for(by_hand.apply_immediately(true).send()).expect("protection");
    until("protection", || cluster(&world, EAST).deletion_protection() == Some(true));
    let before = world.inventory();
    world.isobar(&DESTROY).exits(4);
    assert_eq!(world.inventory(), before, "something of a protected database is gone");

    world.edit(FILE, "      final_snapshot: ''\n", "");
    world.isobar(&APPLY).exits(0);
    world.isobar(&["destroy", "--local", "--yes", "--allow-data-loss", "all", FILE]).exits(0);
    for region in [EAST, WEST] {
        let snapshots = wait_for(rds(&world, region).describe_db_cluster_snapshots().send()).expect("snapshots");
        let manual = |one: &&aws_sdk_rds::types::DbClusterSnapshot| one.snapshot_type() == Some("manual");
        let names: Vec<_> = snapshots.db_cluster_snapshots().iter().filter(manual).collect();
        assert_eq!(names.len(), 1, "{region}");
        let name = names[0].db_cluster_snapshot_identifier().unwrap_or_default();
        assert!(name.starts_with("orders-final-2"), "{name}");
    }
}

#[test]
fn properties_that_aws_never_changes_are_refused_with_the_way_round() {
    let world = standing();
    let before = world.inventory();
    for (from, to, way) in [
        ("database_name: orders", "database_name: sales", "`CREATE DATABASE`"),
        ("master_username: orders", "master_username: sales", "another user"),
        ("      write_forwarding", KEYED, "take the region out"),
    ] {
        let file = world.read(FILE);
        world.edit(FILE, from, to);
        let refused = world.isobar(&["apply", "--local", "--yes", "--allow-data-loss", "all", FILE]).exits(4);
        assert!(refused.talk.contains("cannot be changed"), "{to}: {}", refused.talk);
        assert!(refused.talk.contains(way), "{to}: {}", refused.talk);
        world.write(FILE, &file);
    }
    assert_eq!(world.inventory(), before);
    gone(&world);
}

#[test]
fn versions_classes_and_static_parameters_change_in_place() {
    let world = standing();
    world.edit(FILE, "engine_version: '16.8'}", "engine_version: '16.9'}");
    world.edit(FILE, "engine_version: '16.8'", "engine_version: '16.9'");
    world.isobar(&APPLY).exits(0);
    settled(&world, "with another minor version");
    assert_eq!(
        [EAST, WEST].map(|region| cluster(&world, region).engine_version().map(str::to_owned)),
        [Some("16.9".to_owned()), Some("16.9".to_owned())]
    );

    world.edit(FILE, "max_connections: '400'", "max_connections: '500'");
    let plan = world.isobar(&["plan", "--local", FILE]).exits(0);
    assert!(plan.data.contains("restart_key"), "{}", plan.data);
    world.isobar(&APPLY).exits(0);
    settled(&world, "with another static parameter");
    for region in [EAST, WEST] {
        let waits =
            |one: &aws_sdk_rds::types::DbClusterMember| one.db_cluster_parameter_group_status() != Some("in-sync");
        until("restarts", || !cluster(&world, region).db_cluster_members().iter().any(waits));
    }

    world.edit(FILE, "class: db.serverless", "class: db.r7g.large");
    world.edit(FILE, "class: db.serverless", "class: db.r7g.large");
    world.isobar(&APPLY).exits(0);
    settled(&world, "with another class");
    // A switchover between wave and wave must not lead into a circle.
    switch_over(&world, WEST);
    gone(&world);
}

/// The stack, applied and settled.
fn standing() -> ProgramWorld {
    let world = ProgramWorld::new();
    world.write(FILE, STACK);
    world.isobar(&APPLY).exits(0);
    settled(&world, "at first");
    world
}

fn settled(world: &ProgramWorld, when: &str) -> Ran {
    let plan = world.isobar(&["plan", "--local", "--detailed-exitcode", FILE]);
    assert_eq!(plan.code, Some(0), "{when}: {}{}", plan.data, plan.talk);
    plan
}

/// Destroys the stack with one command; nothing is left but the secret in its window.
fn gone(world: &ProgramWorld) {
    world.isobar(&DESTROY).exits(0);
    let left: Vec<Json> =
        world.inventory().into_iter().filter(|one| one["kind"] != "secret-pending-deletion").collect();
    assert_eq!(left, Vec::<Json>::new());
}

/// Takes the west out of the file.
fn without_west(world: &ProgramWorld) {
    for line in [
        "    regions:\n      us-west-2: {properties: {subnets: ['${network.private.usw2-az1.id}', '${network.private.usw2-az2.id}']}}\n",
        "    regions:\n      us-west-2: {after: [resources.one@us-east-1]}\n",
    ] {
        world.edit(FILE, line, "");
    }
    world.edit(FILE, "cidr: {us-east-1: 10.1.0.0/16, us-west-2: 10.2.0.0/16}", "cidr: {us-east-1: 10.1.0.0/16}");
    world.edit(FILE, ", replicas: [{region: us-west-2}]", "");
}

fn switch_over(world: &ProgramWorld, to: &'static str) {
    let call = rds(world, to).switchover_global_cluster().global_cluster_identifier("orders");
    wait_for(call.target_db_cluster_identifier(arn(world, to)).send()).expect("a switchover");
    until("the switchover", || writer(world) == to && is_at_rest(world));
}

fn fail_over(world: &ProgramWorld, to: &'static str) {
    let call = rds(world, to).failover_global_cluster().global_cluster_identifier("orders").allow_data_loss(true);
    wait_for(call.target_db_cluster_identifier(arn(world, to)).send()).expect("a failover");
    until("the failover", || writer(world) == to && is_at_rest(world));
}

fn is_at_rest(world: &ProgramWorld) -> bool {
    let at_rest = |region| {
        let cluster = cluster(world, region);
        let is_forwarding = cluster.global_write_forwarding_status().is_none_or(|status| status.as_str() != "enabling");
        cluster.status() == Some("available") && is_forwarding
    };
    global(world).failover_state().is_none() && at_rest(EAST) && at_rest(WEST)
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_mins(1), "{what} takes too long");
        sleep(Duration::from_millis(200));
    }
}

fn arn(world: &ProgramWorld, region: &'static str) -> String {
    cluster(world, region).db_cluster_arn.expect("an ARN")
}

fn cluster(world: &ProgramWorld, region: &'static str) -> DbCluster {
    let found = wait_for(rds(world, region).describe_db_clusters().db_cluster_identifier("orders").send());
    found.expect("an answer").db_clusters.and_then(|all| all.into_iter().next()).expect("a cluster")
}

fn global(world: &ProgramWorld) -> GlobalCluster {
    let found = wait_for(rds(world, EAST).describe_global_clusters().global_cluster_identifier("orders").send());
    found.expect("an answer").global_clusters.and_then(|all| all.into_iter().next()).expect("a global cluster")
}

/// The regions of the members, and which of them is the writer.
fn members(world: &ProgramWorld) -> Vec<(String, bool)> {
    let region = |arn: &str| arn.split(':').nth(3).unwrap_or_default().to_owned();
    let all = global(world).global_cluster_members.unwrap_or_default();
    all.iter().map(|one| (region(one.db_cluster_arn().unwrap_or_default()), one.is_writer() == Some(true))).collect()
}

fn writer(world: &ProgramWorld) -> String {
    members(world).into_iter().find(|(_, is_writer)| *is_writer).map(|(region, _)| region).unwrap_or_default()
}

/// RDS as others use it, by hand.
fn rds(world: &ProgramWorld, region: &'static str) -> Client {
    let keys = SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "test"));
    let config = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).region(Region::new(region));
    Client::new(&config.endpoint_url(world.endpoint()).credentials_provider(keys).build())
}

fn wait_for<T>(call: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().expect("a runtime").block_on(call)
}
