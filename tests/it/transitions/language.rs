//! Everything that a block of the stack file can say, and what it may say there. Nothing of this looks at how Isobar
//! reads it: `validate` alone judges what comes out.

use fastrand::Rng;

use super::names::{self, Names};
use super::yaml::{Yaml, yaml};

/// A key of a block.
pub struct Field {
    pub key: &'static str,
    pub values: Values,
    /// Of a hundred new blocks, how many have it.
    pub often: u8,
}

pub enum Values {
    OneOf(&'static [&'static str]),
    /// Made of what else is in the stack; none if it has nothing for it.
    Made(fn(&mut Rng, &Names<'_>) -> Option<Yaml>),
}
use Values::{Made, OneOf};

impl Field {
    const fn new(key: &'static str, often: u8, values: Values) -> Self {
        Self { key, values, often }
    }

    /// Any value of it.
    pub fn value(&self, chance: &mut Rng, names: &Names<'_>) -> Option<Yaml> {
        match self.values {
            OneOf(texts) => Some(yaml(word(chance, texts))),
            Made(make) => make(chance, names),
        }
    }
}

/// Any of these.
pub fn one<'a, T>(chance: &mut Rng, of: &'a [T]) -> &'a T {
    &of[chance.usize(..of.len())]
}

/// Any of these words.
pub fn word<'a>(chance: &mut Rng, of: &[&'a str]) -> &'a str {
    of[chance.usize(..of.len())]
}

/// Blocks that hold named entries.
pub const NAMED: [&str; 6] = ["functions", "services", "fleets", "apis", "tables", "resources"];
/// Blocks that there are once.
pub const SINGLE: [&str; 5] = ["network", "dns", "notify", "rollout", "tags"];
/// Keys of the file, and of blocks, that the test leaves alone.
pub const LEFT_ALONE: &[(&str, &str)] = &[
    ("state", "where the state is kept is for the torture test"),
    ("stack", "another name is another stack"),
    ("dns.id", "the emulator gives a zone another one each time"),
    ("network.existing", "a network by somebody else's hand has tests of its own"),
    ("databases", "a database takes minutes at every change, of which it has tests of its own"),
    ("functions.network", "interfaces stay for twenty minutes after a function"),
    ("functions.layers", "the emulator has no layers"),
    ("fleets.key", "the emulator has no key pairs"),
    ("resources.starts_after", "order of creation alone, of which the engine has tests"),
    ("resources.kind", "it comes with the properties"),
    ("resources.properties", "they come with the kind"),
];

/// The keys of an entry of a block.
pub fn fields(block: &str) -> &'static [Field] {
    match block {
        "functions" => FUNCTION,
        "services" => SERVICE,
        "fleets" => FLEET,
        "apis" => API,
        "tables" => TABLE,
        "resources" => RESOURCE,
        "network" => NETWORK,
        "dns" => DNS,
        "notify" => NOTIFY,
        "rollout" => ROLLOUT,
        _ => &[],
    }
}

/// What stands for a whole block that has no keys of its own.
pub const TAGS: &[&str] =
    &["{team: commerce}", "{team: checkout}", "{team: commerce, cost: '7'}", "{}", "{team: commerce, Team: commerce}"];

const ON_AND_OFF: Values = OneOf(&["true", "false"]);
const LOG_DAYS: Values = OneOf(&["1", "7", "30", "365"]);
const PROCESSORS: Values = OneOf(&["arm64", "x86_64"]);
const PORTS: Values = OneOf(&["80", "8080", "8081", "9200"]);
const TARGET_HEALTH: Values = OneOf(&[
    "{path: /healthz}",
    "{}",
    "{path: /, every: 20s, timeout: 4s, healthy: 3, unhealthy: 4}",
    "{codes: 200-299, grace: 2m}",
]);

const FUNCTION: &[Field] = &[
    Field::new("code", 100, OneOf(&["./fn/a", "./fn/b", "./fn/c"])),
    Field::new("handler", 100, OneOf(&["app.handler", "app.other"])),
    Field::new("runtime", 100, OneOf(&["python3.13", "python3.12"])),
    Field::new("image", 0, OneOf(&["000000000000.dkr.ecr.us-east-1.amazonaws.com/app:1"])),
    Field::new("memory", 40, OneOf(&["128", "256", "512", "1024"])),
    Field::new("timeout", 30, OneOf(&["3s", "10s", "29s", "1m"])),
    Field::new("environment", 50, Made(names::environment)),
    Field::new("access", 60, Made(names::access_of_function)),
    Field::new("architecture", 20, PROCESSORS),
    Field::new("log_days", 20, LOG_DAYS),
    Field::new("reserved_concurrency", 10, OneOf(&["1", "5", "10"])),
    Field::new("regions", 15, Made(|chance, names| names.by_region(chance, &["{memory: 512}", "{timeout: 20s}"]))),
    Field::new("retain", 5, ON_AND_OFF),
];

const SERVICE: &[Field] = &[
    Field::new("image", 100, Made(names::image)),
    Field::new("port", 85, PORTS),
    Field::new("cpu", 30, OneOf(&["256", "512", "1024"])),
    Field::new("memory", 20, OneOf(&["1024", "2048"])),
    Field::new("architecture", 15, PROCESSORS),
    Field::new("disk", 10, OneOf(&["21", "30"])),
    Field::new("command", 10, OneOf(&["[]", "[run]", "[run, fast]"])),
    Field::new("entry_point", 5, OneOf(&["[]", "[/bin/sh]"])),
    Field::new("user", 10, OneOf(&["'1000:1000'", "'1001'"])),
    Field::new("read_only", 10, ON_AND_OFF),
    Field::new("stop_timeout", 10, OneOf(&["30s", "60s"])),
    Field::new("environment", 40, Made(names::environment)),
    Field::new("secrets", 20, OneOf(&["{}", "{KEY: /app/key}", "{KEY: /app/key, OTHER: /app/other}"])),
    Field::new("access", 60, Made(names::access_in_network)),
    Field::new("health", 40, TARGET_HEALTH),
    Field::new("public", 20, ON_AND_OFF),
    Field::new("desired", 40, OneOf(&["1", "2", "3"])),
    Field::new(
        "scale",
        30,
        OneOf(&[
            "{min: 1, max: 4, cpu: 60}",
            "{min: 2, max: 6, memory: 70}",
            "{min: 2, max: 8, cpu: 50, requests: 1000}",
            "{min: 1, max: 4, schedule: {night: {at: 'cron(0 18 * * ? *)', max: 2}}}",
            "{min: 1, max: 4, cpu: 60, schedule: {}}",
        ]),
    ),
    Field::new(
        "deploy",
        40,
        OneOf(&[
            "{}",
            "{strategy: rolling, min_healthy: 50%, max: 150%}",
            "{strategy: blue-green, bake: 1m}",
            "{strategy: linear, step: 50%, every: 1m, bake: 1m}",
            "{strategy: canary, step: 10%, every: 1m, bake: 2m}",
        ]),
    ),
    Field::new("exec", 15, ON_AND_OFF),
    Field::new("log_days", 15, LOG_DAYS),
    Field::new(
        "regions",
        15,
        Made(|chance, names| {
            names.by_region(chance, &["{log_days: 14}", "{cpu: 1024}", "{environment: {WHERE: here}}"])
        }),
    ),
    Field::new("retain", 5, ON_AND_OFF),
];

const FLEET: &[Field] = &[
    Field::new(
        "ami",
        100,
        OneOf(&[
            "ami-0123456789abcdef0",
            "ami-0fedcba9876543210",
            "ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
        ]),
    ),
    Field::new("type", 100, OneOf(&["t3.large", "t3.xlarge", "m6i.large"])),
    Field::new("port", 85, PORTS),
    Field::new("user_data", 40, OneOf(&["./boot.sh", "./other.sh"])),
    Field::new("environment", 30, Made(names::environment)),
    Field::new("access", 50, Made(names::access_in_network)),
    Field::new("health", 40, TARGET_HEALTH),
    Field::new("public", 20, ON_AND_OFF),
    Field::new("desired", 40, OneOf(&["1", "2", "3"])),
    Field::new(
        "scale",
        30,
        OneOf(&[
            "{min: 1, max: 4, cpu: 60}",
            "{min: 2, max: 6, requests: 1000}",
            "{min: 2, max: 4, cpu: 50, requests: 500}",
        ]),
    ),
    Field::new("refresh", 30, OneOf(&["{}", "{min_healthy: 50%}", "{warmup: 30s}", "{min_healthy: 100%, warmup: 1m}"])),
    Field::new("session_manager", 20, ON_AND_OFF),
    Field::new("regions", 10, Made(|chance, names| names.by_region(chance, &["{type: t3.2xlarge}", "{desired: 1}"]))),
    Field::new("retain", 5, ON_AND_OFF),
];

const API: &[Field] = &[
    Field::new("domain", 50, Made(names::domain)),
    Field::new("routes", 100, Made(names::routes)),
    Field::new("throttle", 30, OneOf(&["{rate: 100, burst: 200}", "{rate: 50.5, burst: 10}"])),
    Field::new(
        "health",
        40,
        OneOf(&[
            "{}",
            "{errors: {above: 5%, for: 3m}}",
            "{errors: {above: 1%, for: 5m}}",
            "{path: /a}",
            "{latency: {above: 2s, for: 5m}}",
        ]),
    ),
    Field::new("routing", 30, OneOf(&["latency", "weighted"])),
    Field::new("weight", 20, OneOf(&["0", "50", "100", "200"])),
    Field::new(
        "regions",
        15,
        Made(|chance, names| names.by_region(chance, &["{weight: 10}", "{throttle: {rate: 10, burst: 20}}"])),
    ),
    Field::new("retain", 5, ON_AND_OFF),
];

const TABLE: &[Field] = &[
    Field::new("key", 100, OneOf(&["{id: string}", "{user: string, at: number}", "{id: string, at: string}"])),
    Field::new(
        "indexes",
        50,
        OneOf(&[
            "{}",
            "{by_x: {key: {x: string}}}",
            "{by_x: {key: {x: string}}, by_y: {key: {y: number, x: string}}}",
            "{by_x: {key: {x: string}, include: []}}",
            "{by_y: {key: {y: number}, include: [z]}}",
        ]),
    ),
    Field::new("ttl", 40, OneOf(&["expires_at", "until"])),
    Field::new("consistency", 15, OneOf(&["eventual", "strong"])),
    Field::new("witness", 5, OneOf(&["us-east-2"])),
    Field::new("backup", 40, OneOf(&["{point_in_time: 7d}", "{point_in_time: 35d}"])),
    Field::new("protect", 60, ON_AND_OFF),
    Field::new("retain", 5, ON_AND_OFF),
    Field::new("existing", 0, OneOf(&["{id: outside}"])),
    Field::new(
        "regions",
        15,
        Made(|chance, names| names.by_region(chance, &["{protect: false}", "{backup: {point_in_time: 14d}}"])),
    ),
];

const NETWORK: &[Field] = &[
    Field::new("cidr", 100, Made(names::cidr)),
    Field::new("zones", 40, OneOf(&["2", "3", "{us-east-1: [use1-az1, use1-az4], us-west-2: [usw2-az1, usw2-az2]}"])),
    Field::new("nat", 60, OneOf(&["none", "single", "per-zone", "regional"])),
    Field::new(
        "endpoints",
        40,
        OneOf(&["[]", "[dynamodb, s3]", "[dynamodb]", "[ecr, s3, logs]", "[dynamodb, secretsmanager]"]),
    ),
    Field::new("retain", 3, ON_AND_OFF),
];

const DNS: &[Field] = &[
    Field::new("zone", 100, OneOf(&["shop.example.com", "shop.example.com", "there.example.com", "store.example.com"])),
    Field::new("create", 100, ON_AND_OFF),
    Field::new("routing", 40, OneOf(&["latency", "weighted"])),
    Field::new("protect", 80, OneOf(&["true", "false", "false"])),
    Field::new("retain", 3, ON_AND_OFF),
];

const NOTIFY: &[Field] =
    &[Field::new("email", 90, OneOf(&["[a@example.com]", "[b@example.com]", "[a@example.com, b@example.com]", "[]"]))];

const ROLLOUT: &[Field] = &[Field::new("order", 100, Made(names::order))];

const RESOURCE: &[Field] = &[
    Field::new("in", 30, Made(names::places)),
    Field::new("after", 10, Made(names::after)),
    Field::new("existing", 0, OneOf(&["{name: outside}"])),
    Field::new("protect", 40, ON_AND_OFF),
    Field::new("retain", 8, ON_AND_OFF),
    Field::new("timeout", 10, OneOf(&["5m", "30m"])),
    Field::new("regions", 5, Made(|chance, names| names.by_region(chance, &["{properties: {tags: {where: here}}}"]))),
];

/// Raw resources: kind, and its properties. Entries of one kind are each other's changes.
pub const RAW: &[(&str, &[&str])] = &[
    (
        "sqs.Queue",
        &[
            "{}",
            "{visibility_timeout_seconds: 60}",
            "{retention_seconds: 3600, delay_seconds: 5}",
            "{fifo: true, name: jobs.fifo}",
        ],
    ),
    ("sns.Topic", &["{display_name: Jobs}", "{display_name: More jobs}", "{}", "{tags: {cost: '7'}}"]),
    (
        "logs.LogGroup",
        &["{retention_days: 7}", "{retention_days: 30}", "{name: '/app/${region}'}", "{retention_days: 0}"],
    ),
    (
        "iam.Policy",
        &[
            "{document: {Version: '2012-10-17', Statement: [{Effect: Allow, Action: 'ssm:GetParameter', Resource: '*'}]}}",
            "{document: {Version: '2012-10-17', Statement: [{Effect: Allow, Action: 'ssm:GetParameters', Resource: '*'}]}}",
        ],
    ),
    (
        "iam.Role",
        &[
            "{assume_role_policy: {Version: '2012-10-17', Statement: {Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}}}",
            "{assume_role_policy: {Version: '2012-10-17', Statement: {Effect: Allow, Principal: {Service: ecs-tasks.amazonaws.com}, Action: 'sts:AssumeRole'}}, description: tasks}",
        ],
    ),
    (
        "cloudwatch.Alarm",
        &[
            "{namespace: App, metric_name: Lost, statistic: Sum, period: 60, evaluation_periods: 3, threshold: 5, comparison_operator: GreaterThanThreshold}",
            "{namespace: App, metric_name: Lost, statistic: Sum, period: 300, evaluation_periods: 1, threshold: 9, comparison_operator: GreaterThanThreshold}",
        ],
    ),
    (
        "route53.HealthCheck",
        &[
            "{type: HTTPS, fqdn: app.example.com, port: 443}",
            "{type: HTTPS, fqdn: app.example.com, port: 443, failure_threshold: 5}",
            "{type: HTTP, fqdn: app.example.com, port: 80}",
        ],
    ),
    ("ec2.ElasticIp", &["{}", "{tags: {cost: '7'}}"]),
    (
        "ec2.Vpc",
        &[
            "{cidr_block: 10.90.0.0/16}",
            "{cidr_block: 10.91.0.0/16}",
            "{cidr_block: 10.90.0.0/16, enable_dns_hostnames: true}",
        ],
    ),
];
