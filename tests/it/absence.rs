//! Keys that a file had and no longer has, or says no to: what a plan makes of each.
//!
//! A row sets one key of a stack, and compares the plan of the stack without it, and with its no, to a cloud that has
//! what the stack with it asks for. A key that is not in the table is in the list of those that need no row.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use std::sync::LazyLock;

use isobar::catalog::{Catalog, SchemaType, Shape, check};
use isobar::cloud::{Live, Readiness};
use isobar::graph::{self, Graph};
use isobar::intent::Intent;
use isobar::names::{Address, PhysicalId};
use isobar::observe::Observed;
use isobar::plan::{Decision, Plan};
use isobar::planning::decide::decide;
use isobar::stack::file::Stack;
use isobar::stack::{self, Settings};
use isobar::state::{Record, State};
use isobar::value::{Json, Partial, Target, fingerprint};
use serde_json::json;

static CATALOG: LazyLock<Catalog> = LazyLock::new(isobar::kinds::catalog);

/// A key, what it is set to, and what says no to it.
type Row = (&'static str, fn() -> Json, Option<fn() -> Json>);

macro_rules! rows {
    ($($key:literal: $on:tt $(, no $no:tt)?;)*) => {
        &[$(($key, || json!($on), rows!(@no $($no)?)),)*]
    };
    (@no) => { None };
    (@no $no:tt) => { Some(|| json!($no)) };
}

const ROWS: &[Row] = rows! {
    "functions.f.memory": 512;
    "functions.f.timeout": "20s";
    "functions.f.environment": {"LEVEL": "debug"}, no {};
    "functions.f.access": {"tables.t": "read"}, no {};
    "functions.f.architecture": "arm64", no "x86_64";
    "functions.f.layers": ["arn:aws:lambda:us-east-1:123456789012:layer:x:1"], no [];
    "functions.f.log_days": 7;
    "functions.f.reserved_concurrency": 5, no (-1);
    "services.web.port": 8080;
    "services.web.cpu": 512;
    "services.web.memory": 1024;
    "services.web.architecture": "arm64", no "x86_64";
    "services.web.disk": 40;
    "services.web.command": ["serve"], no [];
    "services.web.entry_point": ["/bin/web"], no [];
    "services.web.user": "1000";
    "services.web.read_only": true, no false;
    "services.web.stop_timeout": "60s";
    "services.web.environment": {"LEVEL": "debug"}, no {};
    "services.web.secrets": {"KEY": "/said/key"}, no {};
    "services.web.access": {"tables.t": "read"}, no {};
    "services.called.health": {"path": "/ready", "every": "20s", "timeout": "4s", "healthy": 3, "unhealthy": 2,
        "codes": "200-299", "grace": "90s"}, no {};
    "services.called.public": true, no false;
    "services.web.desired": 5;
    "services.web.scale": {"min": 2, "max": 6, "cpu": 60};
    "services.scaled.scale.memory": 70;
    "services.scaled.scale.schedule": {"night": {"at": "cron(0 20 * * ? *)", "max": 2}}, no {};
    "services.scaled.scale.schedule.day": {"at": "cron(0 6 * * ? *)", "min": 3};
    "services.called.deploy": {"strategy": "canary", "step": "10%", "every": "2m", "bake": "9m"}, no {};
    "services.web.deploy": {"min_healthy": "50%", "max": "150%"}, no {};
    "services.web.exec": true, no false;
    "services.web.log_days": 7;
    "fleets.pool.user_data": "search.sh";
    "fleets.pool.access": {"tables.t": "read"}, no {};
    "fleets.called.health": {"grace": "90s"}, no {};
    "fleets.pool.desired": 5;
    "fleets.pool.scale": {"min": 2, "max": 6, "cpu": 60};
    "fleets.pool.refresh": {"min_healthy": "50%", "warmup": "60s"}, no {};
    "fleets.pool.session_manager": true, no false;
    "fleets.pool.key": "admin", no "";
    "fleets.pool.port": 8080;
    "tables.t.indexes": {"by_x": {"key": {"x": "string"}}}, no {};
    "tables.t.ttl": "expires_at", no "";
    "tables.t.backup": {"point_in_time": "7d"}, no {"point_in_time": "0d"};
    "tables.t.protect": false, no true;
    "apis.shop.throttle": {"rate": 50, "burst": 10}, no {};
    "apis.shop.domain": "api.said.example.com";
    "apis.shop.health": {"errors": {"above": "9%", "for": "2m"}};
    "apis.named.health": {"path": "/"};
    "apis.named.routing": "weighted", no "latency";
    "apis.weighted.weight": 10;
    "notify": {"email": ["ops@example.com"]};
    "tags": {"team": "commerce"}, no {};
    "network.endpoints": ["s3"], no [];
    "network.nat": "per-zone", no "single";
    "functions.f.network": true, no false;
    "databases.d.instances": 3;
    "databases.d.write_forwarding": true, no false;
    "databases.d.parameters": {"log_min_duration_statement": 500}, no {};
    "databases.d.port": 5440;
    "databases.d.logs": ["postgresql"], no [];
    "databases.logged.log_days": 7;
    "databases.d.iam": true, no false;
    "databases.d.data_api": true, no false;
    "databases.d.backup": {"retain": "14d", "window": "03:00-04:00"}, no {};
    "databases.d.maintenance": "sun:05:00-sun:06:00";
    "databases.d.final_snapshot": false, no true;
    "databases.d.protect": false, no true;
};

/// Keys whose lines make a stack another one, or say nothing to AWS: old data, names and places are not switched.
const NO_ROW: &[&str] = &[
    // What a thing is, rather than a setting of it.
    "functions.*.code",
    "functions.*.image",
    "functions.*.handler",
    "functions.*.runtime",
    "services.*.image",
    "fleets.*.ami",
    "fleets.*.type",
    "fleets.*.environment",
    "fleets.*.public",
    "apis.*.routes",
    "tables.*.key",
    "tables.*.consistency",
    "tables.*.witness",
    "tables.*.existing",
    "databases.*.engine",
    "databases.*.version",
    "databases.*.capacity",
    "databases.*.class",
    "databases.*.home",
    "databases.*.name",
    "databases.*.user",
    "databases.*.key",
    "stack",
    "account",
    "dns",
    "network.cidr",
    "network.zones",
    "network.existing",
    "network.retain",
    // Blocks and places.
    "network",
    "regions",
    "functions",
    "services",
    "fleets",
    "apis",
    "tables",
    "databases",
    "resources",
    "functions.*.regions",
    "services.*.regions",
    "fleets.*.regions",
    "apis.*.regions",
    "tables.*.regions",
    "databases.*.regions",
    // Wishes of the run, kept in the state alone.
    "functions.*.retain",
    "services.*.retain",
    "fleets.*.retain",
    "apis.*.retain",
    "tables.*.retain",
    "databases.*.retain",
    "parameters",
    "state",
    "rollout",
    "moved",
];

fn base() -> Json {
    json!({
        "stack": "said",
        "regions": ["us-east-1"],
        "network": {"cidr": {"us-east-1": "10.1.0.0/16"}},
        "dns": {"zone": "said.example.com"},
        "functions": {"f": {"code": "../serverless/functions/carts", "handler": "app.handler", "runtime": "python3.13"}},
        "services": {
            "web": {"image": "public.ecr.aws/acme/web:1"},
            "called": {"image": "public.ecr.aws/acme/web:1", "port": 8080},
            "scaled": {"image": "public.ecr.aws/acme/web:1", "scale": {"min": 2, "max": 6, "cpu": 60,
                "schedule": {"day": {"at": "cron(0 6 * * ? *)", "min": 2}}}},
        },
        "fleets": {
            "pool": {"ami": "ssm:/acme/ami", "type": "t3.large"},
            "called": {"ami": "ssm:/acme/ami", "type": "t3.large", "port": 8080},
        },
        "apis": {
            "shop": {"routes": {"GET /": "functions.f"}},
            "named": {"domain": "a.said.example.com", "routes": {"GET /": "functions.f"}},
            "weighted": {"domain": "b.said.example.com", "routing": "weighted", "routes": {"GET /": "functions.f"}},
        },
        "tables": {"t": {"key": {"id": "string"}}},
        "databases": {
            "d": {"engine": "aurora-postgresql", "version": "16.8", "class": "db.r6g.large"},
            "logged": {"engine": "aurora-postgresql", "version": "16.8", "class": "db.r6g.large", "logs": ["postgresql"]},
        },
    })
}

/// The stack with one key set, or taken away.
fn with(key: &str, value: Option<&Json>) -> Json {
    let mut stack = base();
    let words: Vec<&str> = key.split('.').collect();
    let (last, before) = words.split_last().expect("a key");
    let place = before.iter().fold(&mut stack, |place, word| &mut place[*word]);
    match value {
        Some(value) => place[*last] = value.clone(),
        None => drop(place.as_object_mut().expect("a map").remove(*last)),
    }
    stack
}

fn graph_of(stack: &Json) -> Graph {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks/containers");
    let settings = Settings { store_packages: false, ..Settings::default() };
    let read = stack::load_text("said.yaml", &stack.to_string(), &folder, &settings);
    graph::check_stack(read, &CATALOG).unwrap_or_else(|wrong| panic!("{:?}", wrong.problems)).graph
}

/// A cloud, and the memory of it.
struct World {
    state: State,
    live: BTreeMap<Address, Option<Live>>,
    existing: BTreeMap<Address, PhysicalId>,
}

/// Every output that something refers to: as the field of its name, or the text of the reference.
fn outputs_of(graph: &Graph) -> BTreeMap<Address, Json> {
    let mut outputs: BTreeMap<Address, Json> = BTreeMap::new();
    for (_, node) in graph.in_order() {
        for reference in node.declaration.spec.references() {
            let Target::Output { of, output } = &reference.target else { continue };
            let field = graph.get(of).map(|node| node.declaration.spec.written()[output.join(".")].clone());
            let named = field.filter(|field| field.as_str().is_some_and(|text| !text.contains("${")));
            let all = outputs.entry(of.clone()).or_insert_with(|| json!({}));
            let place = output.iter().fold(all, |place, word| &mut place[word.as_str()]);
            *place = named.unwrap_or_else(|| format!("{of}:{}", output.join(".")).into());
        }
    }
    outputs
}

/// The world in which everything is as a stack asks.
fn world_of(graph: &Graph) -> World {
    let outputs = outputs_of(graph);
    let mut world = World {
        state: State::new(graph.stack.clone(), "lineage".into()),
        live: BTreeMap::new(),
        existing: BTreeMap::new(),
    };
    for (address, node) in graph.in_order() {
        let declaration = &node.declaration;
        let spec = declaration.spec.fill(&|reference| match &reference.target {
            Target::Output { of, output } => output.iter().try_fold(&outputs[of], |json, word| json.get(word)).cloned(),
            Target::Known(json) => Some(json.clone()),
            _ => Some("123456789012".into()),
        });
        let spec = spec.finish().expect("known");
        let outputs = outputs.get(address).cloned().unwrap_or_else(|| json!({}));
        let mut live = Live::new(spec.clone(), outputs.clone(), Readiness::Serving);
        if let Some(document) = live.spec.get_mut("document") {
            *document = fingerprint(document).into();
        }
        if let Some(count) = live.spec.get("initial_count") {
            live.spec["desired_count"] = count.clone();
        }
        world.live.insert(address.clone(), Some(live));
        if declaration.existing {
            world.existing.insert(address.clone(), PhysicalId::new(address.to_string()));
            continue;
        }
        let record = Record {
            kind: declaration.kind.clone(),
            id: PhysicalId::new(address.to_string()),
            generation: 1,
            spec,
            outputs,
            needs: node.needs.keys().cloned().collect(),
            protect: declaration.protect,
            retain: declaration.retain,
        };
        world.state.records.insert(address.clone(), record);
    }
    world
}

fn plan(graph: &Graph, state: &State, world: &World) -> Plan {
    let observed = Observed { live: world.live.clone(), existing: world.existing.clone(), ..Observed::default() };
    decide(graph, state, &observed, &CATALOG, &Intent::default(), "123456789012").plan
}

/// Lines and characters of a line that are shown.
const SHOWN: (usize, usize) = (20, 160);

/// What a plan changes, without what only follows from it.
fn changes(plan: &Plan) -> String {
    // A raw string would end there.
    let text = all_changes(plan).replace("\"#", "#");
    let mut shown: Vec<String> = text
        .lines()
        .take(SHOWN.0)
        .map(|line| match line.char_indices().nth(SHOWN.1) {
            Some((end, _)) => format!("{}…\n", &line[..end]),
            None => format!("{line}\n"),
        })
        .collect();
    if text.lines().count() > SHOWN.0 {
        shown.push(format!("  and {} more\n", text.lines().count() - SHOWN.0));
    }
    if shown.is_empty() { "  nothing\n".into() } else { shown.concat() }
}

fn all_changes(plan: &Plan) -> String {
    let mut text = String::new();
    for entry in &plan.entries {
        let (word, changes) = match &entry.decision {
            Decision::Keep | Decision::Await { .. } => continue,
            Decision::Update { changes } => ("", changes.as_slice()),
            Decision::Replace { changes, .. } => ("replace ", changes.as_slice()),
            Decision::Create { .. } => ("create ", &[][..]),
            _ => ("delete ", &[][..]),
        };
        if changes.is_empty() {
            let _ = writeln!(text, "  {word}{}", entry.address);
        }
        for change in changes {
            if let Ok(to) = change.to.finish() {
                let _ = writeln!(text, "  {word}{} {}: {} -> {to}", entry.address, change.path, change.from);
            }
        }
    }
    text
}

#[test]
#[expect(clippy::too_many_lines, reason = "the snapshot has a paragraph for each key")]
fn every_key_that_is_taken_out_or_said_no_to_is_undone() {
    let mut text = String::new();
    for (key, on, no) in ROWS {
        let there = world_of(&graph_of(&with(key, Some(&on()))));
        let without = plan(&graph_of(&with(key, None)), &there.state, &there);
        let _ = write!(text, "{key}\n{}", changes(&without));
        let Some(no) = no else { continue };
        let no = plan(&graph_of(&with(key, Some(&no()))), &there.state, &there);
        if changes(&no) != changes(&without) {
            let _ = write!(text, " no:\n{}", changes(&no));
        }
    }
    insta::assert_snapshot!(text, @r#"
    functions.f.memory
      functions.f@us-east-1 memory_size: 512 -> 256
    functions.f.timeout
      functions.f@us-east-1 timeout_seconds: 20 -> 10
    functions.f.environment
      functions.f@us-east-1 environment.LEVEL: "debug" -> null
    functions.f.access
      functions.f.role@us-east-1 policies["tables.t"]: {"Statement":[{"Action":["dynamodb:BatchGetItem","dynamodb:ConditionCheckItem","dynamodb:DescribeTable","dyna…
    functions.f.architecture
      functions.f@us-east-1 architectures[0]: "arm64" -> "x86_64"
    functions.f.layers
      functions.f@us-east-1 layers: ["arn:aws:lambda:us-east-1:123456789012:layer:x:1"] -> []
    functions.f.log_days
      functions.f.log_group@us-east-1 retention_days: 7 -> 30
    functions.f.reserved_concurrency
      functions.f@us-east-1 reserved_concurrency: 5 -> -1
    services.web.port
      replace services.web@us-east-1 load_balancers: [{"container_name":"web","container_port":8080,"target_group_arn":"services.web.target_group@us-east-1:arn"}] -…
      replace services.web@us-east-1 variant: "internal 10.1.0.0/16" -> "10.1.0.0/16"
      services.web.group@us-east-1 ingress: [{"from_port":8080,"protocol":"tcp","security_group_id":"services.web.load_balancer_group@us-east-1:id","to_port":8080}]…
      delete services.web.listener@us-east-1
      delete services.web.load_balancer@us-east-1
      delete services.web.load_balancer_group@us-east-1
      delete services.web.rule@us-east-1
      delete services.web.target_group@us-east-1
      services.web.task@us-east-1 containers.web.port_mappings: [{"container_port":8080,"protocol":"tcp"}] -> null
    services.web.cpu
      services.web.task@us-east-1 cpu: 512 -> 256
      services.web.task@us-east-1 memory: 1024 -> 512
    services.web.memory
      services.web.task@us-east-1 memory: 1024 -> 512
    services.web.architecture
      services.web.task@us-east-1 runtime_platform.cpu_architecture: "ARM64" -> "X86_64"
    services.web.disk
      services.web.task@us-east-1 ephemeral_storage_gib: 40 -> null
    services.web.command
      services.web.task@us-east-1 containers.web.command: ["serve"] -> null
     no:
      services.web.task@us-east-1 containers.web.command: ["serve"] -> []
    services.web.entry_point
      services.web.task@us-east-1 containers.web.entry_point: ["/bin/web"] -> null
     no:
      services.web.task@us-east-1 containers.web.entry_point: ["/bin/web"] -> []
    services.web.user
      services.web.task@us-east-1 containers.web.user: "1000" -> null
    services.web.read_only
      services.web.task@us-east-1 containers.web.readonly_root_filesystem: true -> false
    services.web.stop_timeout
      services.web.task@us-east-1 containers.web.stop_timeout_seconds: 60 -> null
    services.web.environment
      services.web.task@us-east-1 containers.web.environment: {"LEVEL":"debug"} -> null
    services.web.secrets
      services.web.execution_role@us-east-1 policies.secrets: {"Statement":[{"Action":"ssm:GetParameters","Effect":"Allow","Resource":["arn:aws:ssm:us-east-1:123456…
      services.web.task@us-east-1 containers.web.secrets: {"KEY":"/said/key"} -> null
    services.web.access
      services.web.role@us-east-1 policies["tables.t"]: {"Statement":[{"Action":["dynamodb:BatchGetItem","dynamodb:ConditionCheckItem","dynamodb:DescribeTable","dyn…
    services.called.health
      services.called@us-east-1 health_check_grace_period_seconds: 90 -> 60
      services.called.target_group@us-east-1 health_check.healthy_threshold: 3 -> 2
      services.called.target_group@us-east-1 health_check.interval_seconds: 20 -> 10
      services.called.target_group@us-east-1 health_check.matcher: "200-299" -> "200"
      services.called.target_group@us-east-1 health_check.path: "/ready" -> "/"
      services.called.target_group@us-east-1 health_check.timeout_seconds: 4 -> 5
      services.called.target_group@us-east-1 health_check.unhealthy_threshold: 2 -> 3
    services.called.public
      replace services.called@us-east-1 variant: "internet-facing 10.1.0.0/16" -> "internal 10.1.0.0/16"
      replace services.called.load_balancer@us-east-1 scheme: "internet-facing" -> "internal"
      replace services.called.load_balancer@us-east-1 subnet_ids: ["network.public.use1-az1@us-east-1:id","network.public.use1-az2@us-east-1:id"] -> ["network.priva…
      replace services.called.load_balancer@us-east-1 variant: "internet-facing 10.1.0.0/16" -> "internal 10.1.0.0/16"
      services.called.load_balancer_group@us-east-1 ingress: [{"cidr_ipv4":"0.0.0.0/0","from_port":80,"protocol":"tcp","to_port":80}] -> []
      replace services.called.rule@us-east-1 actions[0].forward.target_groups["services.called.target_group@us-east-1:arn"]: {"arn":"services.called.target_group@us…
      replace services.called.target_group@us-east-1 variant: "internet-facing 10.1.0.0/16" -> "internal 10.1.0.0/16"
    services.web.desired
      services.web@us-east-1 desired_count: 5 -> 2
    services.web.scale
      delete services.web.cpu_scaling@us-east-1
      delete services.web.scaling@us-east-1
    services.scaled.scale.memory
      delete services.scaled.memory_scaling@us-east-1
    services.scaled.scale.schedule
      replace services.scaled.cpu_scaling@us-east-1 resource_id: "services.scaled.scaling@us-east-1:resource_id" -> "service/services.scaled@us-east-1:cluster_name/…
      services.scaled.scaling@us-east-1 scheduled_actions.night: {"max_capacity":2,"schedule":"cron(0 20 * * ? *)"} -> null
    services.scaled.scale.schedule.day
      replace services.scaled.cpu_scaling@us-east-1 resource_id: "services.scaled.scaling@us-east-1:resource_id" -> "service/services.scaled@us-east-1:cluster_name/…
      services.scaled.scaling@us-east-1 scheduled_actions.day: {"min_capacity":3,"schedule":"cron(0 6 * * ? *)"} -> null
    services.called.deploy
      services.called@us-east-1 deployment.alarms.enable: true -> false
      services.called@us-east-1 deployment.alarms.names: ["said-services-called-errors"] -> []
      services.called@us-east-1 deployment.alarms.rollback: true -> false
      services.called@us-east-1 deployment.strategy: "canary" -> "rolling"
      services.called@us-east-1 load_balancers[0].alternate_target_group_arn: "services.called.alternate_target_group@us-east-1:arn" -> null
      services.called@us-east-1 load_balancers[0].production_listener_rule_arn: "services.called.rule@us-east-1:arn" -> null
      services.called@us-east-1 load_balancers[0].role_arn: "services.called.infrastructure_role@us-east-1:arn" -> null
      delete services.called.alternate_target_group@us-east-1
      delete services.called.errors_alarm@us-east-1
      delete services.called.infrastructure_role@us-east-1
      services.called.rule@us-east-1 actions[0].forward.target_groups["services.called.alternate_target_group@us-east-1:arn"]: {"arn":"services.called.alternate_tar…
      services.called.rule@us-east-1 traffic_owned_by_service: true -> false
    services.web.deploy
      services.web@us-east-1 deployment.maximum_percent: 150 -> 200
      services.web@us-east-1 deployment.minimum_healthy_percent: 50 -> 100
    services.web.exec
      services.web@us-east-1 enable_execute_command: true -> false
      services.web.role@us-east-1 policies.exec: {"Statement":[{"Action":["ssmmessages:CreateControlChannel","ssmmessages:CreateDataChannel","ssmmessages:OpenContro…
      services.web.task@us-east-1 containers.web.linux_parameters: {"init_process_enabled":true} -> null
    services.web.log_days
      services.web.log_group@us-east-1 retention_days: 7 -> 30
    fleets.pool.user_data
      fleets.pool.template@us-east-1 user_data: #!/bin/bash\n# Starts the search engine. Variables of the fleet's `environment` stand before this line.\nset -euo pi…
    fleets.pool.access
      fleets.pool.role@us-east-1 policies["tables.t"]: {"Statement":[{"Action":["dynamodb:BatchGetItem","dynamodb:ConditionCheckItem","dynamodb:DescribeTable","dyna…
    fleets.called.health
      fleets.called@us-east-1 health_check_grace_period_seconds: 90 -> 60
    fleets.pool.desired
      fleets.pool@us-east-1 max_size: 5 -> 2
      fleets.pool@us-east-1 min_size: 5 -> 2
    fleets.pool.scale
      fleets.pool@us-east-1 max_size: 6 -> 2
      delete fleets.pool.cpu_scaling@us-east-1
    fleets.pool.refresh
      fleets.pool@us-east-1 default_instance_warmup_seconds: 60 -> 120
      fleets.pool@us-east-1 instance_refresh.min_healthy_percentage: 50 -> 90
    fleets.pool.session_manager
      fleets.pool.role@us-east-1 managed_policies: ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"] -> []
    fleets.pool.key
      fleets.pool.template@us-east-1 key_name: "admin" -> ""
    fleets.pool.port
      replace fleets.pool@us-east-1 health_check_type: "ELB" -> "EC2"
      replace fleets.pool@us-east-1 target_group_arns: ["fleets.pool.target_group@us-east-1:arn"] -> []
      replace fleets.pool@us-east-1 variant: "internal 10.1.0.0/16 8080" -> "10.1.0.0/16"
      fleets.pool.group@us-east-1 ingress: [{"from_port":8080,"protocol":"tcp","security_group_id":"fleets.pool.load_balancer_group@us-east-1:id","to_port":8080}] -…
      delete fleets.pool.listener@us-east-1
      delete fleets.pool.load_balancer@us-east-1
      delete fleets.pool.load_balancer_group@us-east-1
      delete fleets.pool.rule@us-east-1
      delete fleets.pool.standby_rule@us-east-1
      delete fleets.pool.target_group@us-east-1
    tables.t.indexes
      tables.t@global indexes.by_x: {"key":{"partition":{"name":"x","type":"S"}},"projection":"ALL"} -> null
    tables.t.ttl
      tables.t@global ttl_attribute: "expires_at" -> ""
    tables.t.backup
      tables.t@global replicas.us-east-1.point_in_time_days: 7 -> 0
    tables.t.protect
      tables.t@global replicas.us-east-1.deletion_protection: false -> true
    apis.shop.throttle
      apis.shop.stage@us-east-1 throttle.burst: 10 -> -1
      apis.shop.stage@us-east-1 throttle.rate: 50.0 -> -1.0
    apis.shop.domain
      delete apis.shop.certificate@us-east-1
      delete apis.shop.domain_name@us-east-1
      delete apis.shop.errors_check@us-east-1
      delete apis.shop.health@us-east-1
      delete apis.shop.mapping@us-east-1
      delete apis.shop.record@us-east-1
      delete dns.validation.api_said_example_com@global
    apis.shop.health
      apis.shop.errors_alarm@us-east-1 description: "shop: more than 9% of answers are errors of ours" -> "shop: more than 5% of answers are errors of ours"
      apis.shop.errors_alarm@us-east-1 evaluation_periods: 2 -> 3
      apis.shop.errors_alarm@us-east-1 threshold: 0.09 -> 0.05
    apis.named.health
      delete apis.named.endpoint_check@us-east-1
      apis.named.health@us-east-1 children: ["apis.named.errors_check@us-east-1:id","apis.named.endpoint_check@us-east-1:id"] -> ["apis.named.errors_check@us-east-1…
      apis.named.health@us-east-1 health_threshold: 2 -> 1
    apis.named.routing
      apis.named.record@us-east-1 routing: {"weighted":{"weight":100}} -> {"latency":{"region":"us-east-1"}}
    apis.weighted.weight
      apis.weighted.record@us-east-1 routing.weighted.weight: 10 -> 100
    notify
      apis.named.errors_alarm@us-east-1 alarm_actions: ["notify.topic@us-east-1:arn"] -> []
      apis.named.errors_alarm@us-east-1 ok_actions: ["notify.topic@us-east-1:arn"] -> []
      delete apis.named.latency_alarm@us-east-1
      apis.shop.errors_alarm@us-east-1 alarm_actions: ["notify.topic@us-east-1:arn"] -> []
      apis.shop.errors_alarm@us-east-1 ok_actions: ["notify.topic@us-east-1:arn"] -> []
      delete apis.shop.latency_alarm@us-east-1
      apis.weighted.errors_alarm@us-east-1 alarm_actions: ["notify.topic@us-east-1:arn"] -> []
      apis.weighted.errors_alarm@us-east-1 ok_actions: ["notify.topic@us-east-1:arn"] -> []
      delete apis.weighted.latency_alarm@us-east-1
      delete fleets.called.errors_alarm@us-east-1
      delete fleets.called.unhealthy_alarm@us-east-1
      delete functions.f.errors@us-east-1
      delete functions.f.throttles@us-east-1
      delete notify.topic@us-east-1
      delete services.called.errors_alarm@us-east-1
      delete services.called.unhealthy_alarm@us-east-1
      delete tables.t.read_throttles@us-east-1
      delete tables.t.write_throttles@us-east-1
    tags
      apis.named@us-east-1 tags.team: "commerce" -> null
      apis.named.certificate@us-east-1 tags.team: "commerce" -> null
      apis.named.domain_name@us-east-1 tags.team: "commerce" -> null
      apis.named.errors_alarm@us-east-1 tags.team: "commerce" -> null
      apis.named.errors_check@us-east-1 tags.team: "commerce" -> null
      apis.named.health@us-east-1 tags.team: "commerce" -> null
      apis.named.role@us-east-1 tags.team: "commerce" -> null
      apis.named.stage@us-east-1 tags.team: "commerce" -> null
      apis.shop@us-east-1 tags.team: "commerce" -> null
      apis.shop.errors_alarm@us-east-1 tags.team: "commerce" -> null
      apis.shop.role@us-east-1 tags.team: "commerce" -> null
      apis.shop.stage@us-east-1 tags.team: "commerce" -> null
      apis.weighted@us-east-1 tags.team: "commerce" -> null
      apis.weighted.certificate@us-east-1 tags.team: "commerce" -> null
      apis.weighted.domain_name@us-east-1 tags.team: "commerce" -> null
      apis.weighted.errors_alarm@us-east-1 tags.team: "commerce" -> null
      apis.weighted.errors_check@us-east-1 tags.team: "commerce" -> null
      apis.weighted.health@us-east-1 tags.team: "commerce" -> null
      apis.weighted.role@us-east-1 tags.team: "commerce" -> null
      apis.weighted.stage@us-east-1 tags.team: "commerce" -> null
      and 71 more
    network.endpoints
      delete network.endpoint.s3@us-east-1
    network.nat
      delete network.address.use1-az2@us-east-1
      delete network.nat.use1-az2@us-east-1
      network.private_routes.use1-az2@us-east-1 routes: [{"destination_cidr_block":"0.0.0.0/0","nat_gateway_id":"network.nat.use1-az2@us-east-1:id"}] -> [{"destinat…
    functions.f.network
      functions.f@us-east-1 vpc.security_groups: ["functions.f.caller_group@us-east-1:id"] -> []
      functions.f@us-east-1 vpc.subnets: ["network.private.use1-az1@us-east-1:id","network.private.use1-az2@us-east-1:id"] -> []
      delete functions.f.caller_group@us-east-1
      functions.f.role@us-east-1 policies.network: {"Statement":[{"Action":["ec2:AssignPrivateIpAddresses","ec2:CreateNetworkInterface","ec2:DeleteNetworkInterface"…
    databases.d.instances
      delete databases.d.instance.3@us-east-1
    databases.d.write_forwarding
      databases.d.cluster@us-east-1 write_forwarding: true -> false
      databases.d.parameters@us-east-1 parameters["apg_write_forward.consistency_mode"]: "SESSION" -> null
    databases.d.parameters
      databases.d.parameters@us-east-1 parameters.log_min_duration_statement: "500" -> null
    databases.d.port
      databases.d.cluster@us-east-1 port: 5440 -> 5432
    databases.d.logs
      databases.d.cluster@us-east-1 log_exports: ["postgresql"] -> []
      delete databases.d.log_group.postgresql@us-east-1
    databases.logged.log_days
      databases.logged.log_group.postgresql@us-east-1 retention_days: 7 -> 30
    databases.d.iam
      databases.d.cluster@us-east-1 iam_authentication: true -> false
    databases.d.data_api
      databases.d.cluster@us-east-1 data_api: true -> false
    databases.d.backup
      databases.d.cluster@us-east-1 backup_retention_days: 14 -> 7
    databases.d.maintenance
      nothing
    databases.d.final_snapshot
      databases.d.cluster@us-east-1 final_snapshot: "" -> "final"
    databases.d.protect
      databases.d.cluster@us-east-1 deletion_protection: false -> true
      databases.d.global_cluster@global deletion_protection: false -> true
    "#);
}

#[test]
fn parts_of_a_table_that_its_file_no_longer_has_go() {
    let table = |table: &str| {
        let stack = format!("{{stack: tt, regions: [us-east-1], tables: {{t: {table}}}}}");
        graph_of(&serde_yaml::from_str(&stack).expect("a stack"))
    };
    let whole = "{key: {at: number}, indexes: {by_x: {key: {x: string}}}, ttl: expires_at}";
    let there = world_of(&table(whole));
    let less = plan(&table("{key: {at: number}, indexes: {}}"), &there.state, &there);
    insta::assert_snapshot!(changes(&less), @r#"
    tables.t@global indexes.by_x: {"key":{"partition":{"name":"x","type":"S"}},"projection":"ALL"} -> null
    tables.t@global ttl_attribute: "expires_at" -> ""
    "#);
    assert!(less.obstacles.is_empty(), "{:?}", less.obstacles);

    // The sort key is part of what a table is: without it there is another table, and this one is protected.
    let world = world_of(&table(&whole.replace("{at: number}", "{at: number, who: string}")));
    let less = plan(&table("{key: {at: number}, indexes: {}}"), &world.state, &world);
    insta::assert_snapshot!(changes(&less), @r#"
    replace tables.t@global indexes.by_x: {"key":{"partition":{"name":"x","type":"S"}},"projection":"ALL"} -> null
    replace tables.t@global key.sort: {"name":"who","type":"S"} -> null
    replace tables.t@global ttl_attribute: "expires_at" -> ""
    "#);
    let refused: Vec<&str> = less.obstacles.iter().map(|obstacle| obstacle.message.as_str()).collect();
    assert_eq!(refused, ["this resource holds data and is protected; the plan would replace it"]);
}

#[test]
fn what_somebody_sets_by_hand_stays_where_the_file_never_said_it() {
    let mut text = String::new();
    for (key, on, _) in ROWS {
        let graph = graph_of(&with(key, None));
        let state = world_of(&graph).state;
        // Somebody has set what the row sets; what the row adds is not there.
        let by_hand = world_of(&graph_of(&with(key, Some(&on()))));
        let mut there = world_of(&graph);
        for (address, live) in &mut there.live {
            if let Some(Some(other)) = by_hand.live.get(address) {
                *live = Some(other.clone());
            }
        }
        let changed = changes(&plan(&graph, &state, &there));
        if changed != "  nothing\n" {
            let _ = write!(text, "{key}\n{changed}");
        }
    }
    insta::assert_snapshot!(text, @r#"
    functions.f.access
      functions.f.role@us-east-1 policies["tables.t"]: {"Statement":[{"Action":["dynamodb:BatchGetItem","dynamodb:ConditionCheckItem","dynamodb:DescribeTable","dyna…
    services.web.port
      replace services.web@us-east-1 variant: "internal 10.1.0.0/16" -> "10.1.0.0/16"
      services.web.group@us-east-1 ingress: [{"from_port":8080,"protocol":"tcp","security_group_id":"services.web.load_balancer_group@us-east-1:id","to_port":8080}]…
      services.web.task@us-east-1 containers.web.port_mappings: [{"container_port":8080,"protocol":"tcp"}] -> null
    services.web.cpu
      services.web.task@us-east-1 cpu: 512 -> 256
      services.web.task@us-east-1 memory: 1024 -> 512
    services.web.memory
      services.web.task@us-east-1 memory: 1024 -> 512
    services.web.architecture
      services.web.task@us-east-1 runtime_platform.cpu_architecture: "ARM64" -> "X86_64"
    services.web.disk
      services.web.task@us-east-1 ephemeral_storage_gib: 40 -> null
    services.web.command
      services.web.task@us-east-1 containers.web.command: ["serve"] -> null
    services.web.entry_point
      services.web.task@us-east-1 containers.web.entry_point: ["/bin/web"] -> null
    services.web.user
      services.web.task@us-east-1 containers.web.user: "1000" -> null
    services.web.read_only
      services.web.task@us-east-1 containers.web.readonly_root_filesystem: true -> false
    services.web.stop_timeout
      services.web.task@us-east-1 containers.web.stop_timeout_seconds: 60 -> null
    services.web.environment
      services.web.task@us-east-1 containers.web.environment: {"LEVEL":"debug"} -> null
    services.web.secrets
      services.web.execution_role@us-east-1 policies.secrets: {"Statement":[{"Action":"ssm:GetParameters","Effect":"Allow","Resource":["arn:aws:ssm:us-east-1:123456…
      services.web.task@us-east-1 containers.web.secrets: {"KEY":"/said/key"} -> null
    services.web.access
      services.web.role@us-east-1 policies["tables.t"]: {"Statement":[{"Action":["dynamodb:BatchGetItem","dynamodb:ConditionCheckItem","dynamodb:DescribeTable","dyn…
    services.called.public
      replace services.called@us-east-1 variant: "internet-facing 10.1.0.0/16" -> "internal 10.1.0.0/16"
      replace services.called.load_balancer@us-east-1 scheme: "internet-facing" -> "internal"
      replace services.called.load_balancer@us-east-1 subnet_ids: ["network.public.use1-az1@us-east-1:id","network.public.use1-az2@us-east-1:id"] -> ["network.priva…
      replace services.called.load_balancer@us-east-1 variant: "internet-facing 10.1.0.0/16" -> "internal 10.1.0.0/16"
      services.called.load_balancer_group@us-east-1 ingress: [{"cidr_ipv4":"0.0.0.0/0","from_port":80,"protocol":"tcp","to_port":80}] -> []
      replace services.called.rule@us-east-1 actions[0].forward.target_groups["services.called.target_group@us-east-1:arn"]: {"arn":"services.called.target_group@us…
      replace services.called.target_group@us-east-1 variant: "internet-facing 10.1.0.0/16" -> "internal 10.1.0.0/16"
    services.scaled.scale.schedule.day
      replace services.scaled.cpu_scaling@us-east-1 resource_id: "services.scaled.scaling@us-east-1:resource_id" -> "service/services.scaled@us-east-1:cluster_name/…
      services.scaled.scaling@us-east-1 scheduled_actions.day: {"min_capacity":3,"schedule":"cron(0 6 * * ? *)"} -> null
    services.called.deploy
      services.called@us-east-1 deployment.strategy: "canary" -> "rolling"
      services.called@us-east-1 load_balancers[0].alternate_target_group_arn: "services.called.alternate_target_group@us-east-1:arn" -> null
      services.called@us-east-1 load_balancers[0].production_listener_rule_arn: "services.called.rule@us-east-1:arn" -> null
      services.called@us-east-1 load_balancers[0].role_arn: "services.called.infrastructure_role@us-east-1:arn" -> null
      services.called.rule@us-east-1 actions[0].forward.target_groups["services.called.alternate_target_group@us-east-1:arn"]: {"arn":"services.called.alternate_tar…
    services.web.exec
      services.web.role@us-east-1 policies.exec: {"Statement":[{"Action":["ssmmessages:CreateControlChannel","ssmmessages:CreateDataChannel","ssmmessages:OpenContro…
      services.web.task@us-east-1 containers.web.linux_parameters: {"init_process_enabled":true} -> null
    fleets.pool.access
      fleets.pool.role@us-east-1 policies["tables.t"]: {"Statement":[{"Action":["dynamodb:BatchGetItem","dynamodb:ConditionCheckItem","dynamodb:DescribeTable","dyna…
    fleets.pool.port
      replace fleets.pool@us-east-1 health_check_type: "ELB" -> "EC2"
      replace fleets.pool@us-east-1 variant: "internal 10.1.0.0/16 8080" -> "10.1.0.0/16"
      fleets.pool.group@us-east-1 ingress: [{"from_port":8080,"protocol":"tcp","security_group_id":"fleets.pool.load_balancer_group@us-east-1:id","to_port":8080}] -…
    tables.t.protect
      tables.t@global replicas.us-east-1.deletion_protection: false -> true
    apis.shop.health
      apis.shop.errors_alarm@us-east-1 description: "shop: more than 9% of answers are errors of ours" -> "shop: more than 5% of answers are errors of ours"
    apis.named.health
      apis.named.health@us-east-1 children: ["apis.named.errors_check@us-east-1:id","apis.named.endpoint_check@us-east-1:id"] -> ["apis.named.errors_check@us-east-1…
      apis.named.health@us-east-1 health_threshold: 2 -> 1
    apis.named.routing
      apis.named.record@us-east-1 routing: {"weighted":{"weight":100}} -> {"latency":{"region":"us-east-1"}}
    network.nat
      network.private_routes.use1-az2@us-east-1 routes: [{"destination_cidr_block":"0.0.0.0/0","nat_gateway_id":"network.nat.use1-az2@us-east-1:id"}] -> [{"destinat…
    functions.f.network
      functions.f.role@us-east-1 policies.network: {"Statement":[{"Action":["ec2:AssignPrivateIpAddresses","ec2:CreateNetworkInterface","ec2:DeleteNetworkInterface"…
    databases.d.write_forwarding
      databases.d.parameters@us-east-1 parameters["apg_write_forward.consistency_mode"]: "SESSION" -> null
    databases.d.parameters
      databases.d.parameters@us-east-1 parameters.log_min_duration_statement: "500" -> null
    databases.d.protect
      databases.d.cluster@us-east-1 deletion_protection: false -> true
      databases.d.global_cluster@global deletion_protection: false -> true
    "#);
}

/// Faults of the values that stand for defaults, in a shape and all that is in it.
fn bad_resets(shape: &Shape, path: &str, faults: &mut Vec<String>) {
    let annotations = &shape.annotations;
    match &annotations.reset {
        Some(Json::Null) if annotations.replace => {}
        Some(Json::Null) => faults.push(format!("{path}: null says nothing to an update")),
        Some(reset) => {
            let wrong = check::check(shape, &Partial::from_json(reset));
            faults.extend(wrong.iter().map(|fault| format!("{path}: {}", fault.message)));
        }
        None => {}
    }
    match &shape.schema_type {
        SchemaType::Object(fields) => {
            for (name, field) in fields {
                bad_resets(&field.shape, &format!("{path}.{name}"), faults);
            }
        }
        SchemaType::OneOf(cases) => {
            for (name, case) in cases {
                bad_resets(case, &format!("{path}.{name}"), faults);
            }
        }
        SchemaType::List { of, .. } | SchemaType::Map(of) => bad_resets(of, &format!("{path}.*"), faults),
        _ => {}
    }
}

#[test]
fn values_that_stand_for_defaults_fit_their_fields() {
    let mut faults = Vec::new();
    for kind in CATALOG.kinds() {
        bad_resets(&kind.spec, kind.name.as_str(), &mut faults);
    }
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn every_key_of_a_block_has_a_row() {
    let schema = serde_json::to_value(schemars::schema_for!(Stack)).expect("a schema");
    let mut keys = BTreeSet::new();
    let of = |name: &str| schema["$defs"][name]["properties"].as_object().cloned().unwrap_or_default();
    for (key, _) in schema["properties"].as_object().expect("keys") {
        keys.insert(key.clone());
    }
    let blocks = [
        ("functions", "Function"),
        ("services", "Service"),
        ("fleets", "Fleet"),
        ("apis", "Api"),
        ("tables", "Table"),
        ("databases", "Database"),
    ];
    for (block, name) in blocks {
        keys.extend(of(name).keys().map(|key| format!("{block}.*.{key}")));
    }
    keys.extend(of("Network").keys().map(|key| format!("network.{key}")));
    let rows: Vec<String> = ROWS
        .iter()
        .map(|(key, ..)| match key.split('.').collect::<Vec<_>>().as_slice() {
            [block, _, key, ..] => format!("{block}.*.{key}"),
            words => words.join("."),
        })
        .collect();
    let known = |key: &&String| !rows.contains(key) && !NO_ROW.contains(&key.as_str());
    assert_eq!(keys.iter().filter(known).collect::<Vec<_>>(), Vec::<&String>::new());
    let stale = NO_ROW.iter().filter(|key| !keys.contains(**key) || rows.iter().any(|row| row == *key));
    assert_eq!(stale.collect::<Vec<_>>(), Vec::<&&str>::new());
}
