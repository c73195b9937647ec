//! What every kind must keep, tried with nothing but its own `EXAMPLE` and `CHANGES`.
//!
//! Offline: the example fits the kind's own schema and rules, and documents every field. On the emulator: the
//! whole life of a thing, a test for each kind: `cargo test kinds::sns_topic`. The emulator is the one at
//! `ISOBAR_TEST_ENDPOINT`; without it, tests share some that are started as they are needed.
//! `ISOBAR_TEST_KINDS=iam.Role,logs.LogGroup` tries only those.
//!
//! Three conventions for examples: a natural name holds the word `shop`, which stands for another
//! word in each run, so that runs do not meet; a text that names a file in `tests/it/data` stands
//! for that file; and the ids in `kinds/network.rs` and `kinds/balanced.rs` stand for a network and a load
//! balancer in it that the test makes.

mod balanced;
mod emulator;
mod example;
mod life;
mod network;
mod networks;
mod offline;
mod roll_out;
mod rollouts;
mod surroundings;
mod traffic;

use std::collections::BTreeSet;

use isobar::catalog::KindInfo;
use isobar::kinds::catalog;

/// A test for each kind, and their table.
macro_rules! contract_tests {
    ($($test:ident: $kind:literal,)*) => {
        const CONTRACT_TESTS: &[(&str, &str)] = &[$((stringify!($test), $kind)),*];
        $(
            #[test]
            fn $test() {
                contract($kind);
            }
        )*
    };
}

contract_tests! {
    acm_certificate: "acm.Certificate",
    apigateway_account: "apigateway.Account",
    apigateway_base_path_mapping: "apigateway.BasePathMapping",
    apigateway_deployment: "apigateway.Deployment",
    apigateway_domain_name: "apigateway.DomainName",
    apigateway_rest_api: "apigateway.RestApi",
    apigateway_stage: "apigateway.Stage",
    apigatewayv2_vpc_link: "apigatewayv2.VpcLink",
    applicationautoscaling_scalable_target: "applicationautoscaling.ScalableTarget",
    applicationautoscaling_scaling_policy: "applicationautoscaling.ScalingPolicy",
    autoscaling_auto_scaling_group: "autoscaling.AutoScalingGroup",
    autoscaling_scaling_policy: "autoscaling.ScalingPolicy",
    cloudwatch_alarm: "cloudwatch.Alarm",
    dynamodb_global_table: "dynamodb.GlobalTable",
    ec2_elastic_ip: "ec2.ElasticIp",
    ec2_internet_gateway: "ec2.InternetGateway",
    ec2_launch_template: "ec2.LaunchTemplate",
    ec2_nat_gateway: "ec2.NatGateway",
    ec2_route_table: "ec2.RouteTable",
    ec2_security_group: "ec2.SecurityGroup",
    ec2_subnet: "ec2.Subnet",
    ec2_vpc: "ec2.Vpc",
    ec2_vpc_endpoint: "ec2.VpcEndpoint",
    ecs_cluster: "ecs.Cluster",
    ecs_service: "ecs.Service",
    ecs_task_definition: "ecs.TaskDefinition",
    elbv2_listener: "elbv2.Listener",
    elbv2_listener_rule: "elbv2.ListenerRule",
    elbv2_load_balancer: "elbv2.LoadBalancer",
    elbv2_target_group: "elbv2.TargetGroup",
    iam_instance_profile: "iam.InstanceProfile",
    iam_policy: "iam.Policy",
    iam_role: "iam.Role",
    kms_alias: "kms.Alias",
    kms_key: "kms.Key",
    lambda_alias: "lambda.Alias",
    lambda_function: "lambda.Function",
    lambda_permission: "lambda.Permission",
    lambda_version: "lambda.Version",
    logs_log_group: "logs.LogGroup",
    rds_db_cluster: "rds.DbCluster",
    rds_db_cluster_parameter_group: "rds.DbClusterParameterGroup",
    rds_db_instance: "rds.DbInstance",
    rds_db_parameter_group: "rds.DbParameterGroup",
    rds_db_subnet_group: "rds.DbSubnetGroup",
    rds_global_cluster: "rds.GlobalCluster",
    rds_global_cluster_member: "rds.GlobalClusterMember",
    route53_health_check: "route53.HealthCheck",
    route53_hosted_zone: "route53.HostedZone",
    route53_record_set: "route53.RecordSet",
    secretsmanager_secret: "secretsmanager.Secret",
    sns_topic: "sns.Topic",
    sqs_queue: "sqs.Queue",
}

#[test]
fn every_kind_of_the_catalog_has_a_contract_test_of_its_name() {
    let kinds = catalog().kinds().map(|kind| (test_name(kind.name.as_str()), kind.name.to_string())).collect();
    let tests = CONTRACT_TESTS.iter().map(|(test, kind)| ((*test).to_owned(), (*kind).to_owned()));
    assert_eq!(tests.collect::<BTreeSet<_>>(), kinds);
}

/// `sns.Topic` is tried by `sns_topic`.
fn test_name(kind: &str) -> String {
    let (service, thing) = kind.split_once('.').expect("a service and a thing");
    let words = thing
        .chars()
        .flat_map(|letter| letter.is_ascii_uppercase().then_some('_').into_iter().chain([letter.to_ascii_lowercase()]));
    service.chars().chain(words).collect()
}

/// Whether a kind is to be tried: all of them, or those that were asked for.
fn is_chosen(kind: &str) -> bool {
    std::env::var("ISOBAR_TEST_KINDS").map_or(true, |list| list.split(',').any(|chosen| chosen == kind))
}

/// Fails with everything that is wrong, or not at all.
fn report(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults\n\n{}\n", faults.len(), faults.join("\n"));
}

#[test]
fn every_example_is_valid_and_complete() {
    let catalog = catalog();
    let chosen = catalog.kinds().filter(|kind| is_chosen(kind.name.as_str()));
    report(&chosen.flat_map(|kind| offline::faults(kind, &catalog)).collect::<Vec<_>>());
}

/// The whole life of a thing of this kind, on the emulator.
fn contract(name: &str) {
    if !is_chosen(name) {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    report(&runtime.block_on(async {
        let emulator = emulator::Emulator::reach().await;
        let kind = name.parse().ok().and_then(|name| catalog().get(&name).cloned());
        let kind: KindInfo = kind.unwrap_or_else(|| panic!("{name} is not in the catalog"));
        let mut life = life::Life::new(&emulator, &kind.name);
        let mut faults = Vec::new();
        if let Err(fault) = life.live(&kind).await {
            faults.push(format!("{name}: {fault}"));
        }
        faults.extend(life.clear().await.into_iter().map(|fault| format!("{name}: clearing up: {fault}")));
        faults
    }));
}

#[test]
fn resources_of_a_network_work_together_on_the_emulator() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    report(&runtime.block_on(async {
        let emulator = emulator::Emulator::reach().await;
        let mut network = networks::Network::new(&emulator);
        let mut faults: Vec<String> = network.live().await.err().into_iter().collect();
        faults.extend(network.clear().await);
        faults
    }));
}

/// A trial of its own, and nothing left of it.
async fn trial(
    emulator: &emulator::Emulator,
    (name, kind): (&str, &str),
    of: impl AsyncFnOnce(&mut life::Life<'_>) -> life::Outcome<()>,
) -> Vec<String> {
    let mut life = life::Life::new(emulator, &kind.parse().expect("a kind"));
    let mut faults: Vec<String> = of(&mut life).await.err().into_iter().collect();
    faults.extend(life.clear().await.into_iter().map(|fault| format!("clearing up: {fault}")));
    faults.into_iter().map(|fault| format!("{name}: {fault}")).collect()
}

#[test]
fn several_resources_of_a_kind_work_together() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    report(&runtime.block_on(async {
        let it = &emulator::Emulator::reach().await;
        let group = ("a new version of a template", "autoscaling.AutoScalingGroup");
        let mut faults = trial(it, group, async |life| life.roll_out().await).await;
        let rules = ("rules that change places", "elbv2.ListenerRule");
        faults.extend(trial(it, rules, async |life| life.change_places().await).await);
        let traffic = ("traffic that a service shifts", "elbv2.TargetGroup");
        faults.extend(trial(it, traffic, async |life| life.shift_traffic().await).await);
        let certificates = ("several certificates", "elbv2.Listener");
        faults.extend(trial(it, certificates, async |life| life.certify().await).await);
        faults
    }));
}

#[test]
fn a_failed_rollout_is_never_reported_as_a_success() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    report(&runtime.block_on(async {
        let emulator = emulator::Emulator::reach().await;
        let mut rollouts = rollouts::Rollouts::new(&emulator);
        let mut faults: Vec<String> = rollouts.live().await.err().into_iter().collect();
        faults.extend(rollouts.clear().await);
        faults
    }));
}
