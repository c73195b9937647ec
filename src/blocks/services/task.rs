//! What the tasks of a service are: container, logs, and the two roles, one that starts them and one that they are.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::check::smallest;
use crate::blocks::balancer::role_name;
use crate::blocks::expansion::{Expansion, Item, partition, without_nulls};
use crate::blocks::{access, functions, units};
use crate::stack::file::{Architecture, Service};
use crate::value::Json;

/// Processor units of a task, if the file says nothing.
const CPU: u32 = 256;

/// Declares log group, roles and task definition.
pub(super) fn expand(cx: &mut Expansion<'_>, item: &Item<'_>, name: &str, service: &Service) {
    let physical = cx.physical(&[cx.first_name("services", name)], 255);
    let log_group = format!("/ecs/{physical}");
    functions::declare_logs(cx, item, &log_group, service.log_days);
    execution_role(cx, item, name, service, &log_group);
    let mut policies = access::policies(cx, item, &service.access);
    if service.exec == Some(true) {
        policies.insert("exec".into(), access::document(&[exec()]));
    }
    let role = json!({
        "name": role_name(cx, item, ("services", name), "task"),
        "assume_role_policy": access::trust("ecs-tasks.amazonaws.com"),
        "policies": policies,
    });
    cx.declare(item, "role", "iam.Role", role);
    let cpu = service.cpu.unwrap_or(CPU);
    let spec = without_nulls(json!({
        "family": physical,
        "cpu": cpu,
        "memory": service.memory.unwrap_or_else(|| smallest(cpu)),
        "network_mode": "awsvpc",
        "requires_compatibilities": ["FARGATE"],
        "execution_role_arn": item.output("execution_role.arn"),
        "task_role_arn": item.output("role.arn"),
        "runtime_platform": {
            "cpu_architecture": match service.architecture {
                Some(Architecture::Arm64) => "ARM64",
                Some(Architecture::X86) | None => "X86_64",
            },
            "operating_system_family": "LINUX",
        },
        "ephemeral_storage_gib": service.disk,
        "containers": [container(item, cx.first_name("services", name), service)],
    }));
    cx.declare(item, "task", "ecs.TaskDefinition", spec);
}

fn container(item: &Item<'_>, name: &str, service: &Service) -> Json {
    let stop = service.stop_timeout.as_deref().and_then(units::seconds);
    let some = |map: &BTreeMap<String, String>| (!map.is_empty()).then(|| json!(map));
    without_nulls(json!({
        "name": name,
        "image": service.image,
        "essential": true,
        "port_mappings": service.port.map(|port| json!([{"container_port": port, "protocol": "tcp"}])),
        "environment": some(&service.environment),
        "secrets": some(&service.secrets.iter().map(|(name, secret)| (name.clone(), value_of(secret))).collect()),
        "command": service.command,
        "entry_point": service.entry_point,
        "user": service.user,
        "readonly_root_filesystem": service.read_only,
        "stop_timeout_seconds": stop,
        // A shell's session needs somebody to bury its processes.
        "linux_parameters": (service.exec == Some(true)).then(|| json!({"init_process_enabled": true})),
        "log": {
            "driver": "awslogs",
            "options": {
                "awslogs-group": item.output("log_group.name"),
                "awslogs-region": "${region}",
                "awslogs-stream-prefix": name,
            },
        },
    }))
}

fn execution_role(cx: &mut Expansion<'_>, item: &Item<'_>, name: &str, service: &Service, log_group: &str) {
    let partition = partition(item.region);
    let logs = json!({
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": format!("arn:{partition}:logs:${{region}}:${{account}}:log-group:{log_group}:*"),
    });
    let mut policies = BTreeMap::from([("logs", access::document(&[logs]))]);
    if let Some(repository) = repository(&service.image, partition) {
        policies.insert("image", access::document(&pull(&repository)));
    }
    let mut secrets = secrets(&service.secrets, partition);
    secrets.extend(decrypt(cx, item, service));
    if !secrets.is_empty() {
        policies.insert("secrets", access::document(&secrets));
    }
    let spec = json!({
        "name": role_name(cx, item, ("services", name), "start"),
        "assume_role_policy": access::trust("ecs-tasks.amazonaws.com"),
        "policies": policies,
    });
    cx.declare(item, "execution_role", "iam.Role", spec);
}

/// The ARN of the repository of an image in ECR: `ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG`.
fn repository(image: &str, partition: &str) -> Option<String> {
    let (host, rest) = image.split_once('/')?;
    let (account, host) = host.split_once(".dkr.ecr.")?;
    let region = host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"))?;
    let name = rest.split(['@', ':']).next()?;
    Some(format!("arn:{partition}:ecr:{region}:{account}:repository/{name}"))
}

fn pull(repository: &str) -> [Json; 2] {
    let layers = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
    [
        // AWS takes no resource for this one.
        json!({"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}),
        json!({"Effect": "Allow", "Action": layers, "Resource": repository}),
    ]
}

/// What it takes to read the values of these secrets, and no others.
fn secrets(secrets: &BTreeMap<String, String>, partition: &str) -> Vec<Json> {
    let mut parameters = Vec::new();
    let mut managed = Vec::new();
    for secret in secrets.values() {
        if secret.starts_with('/') {
            parameters.push(format!("arn:{partition}:ssm:${{region}}:${{account}}:parameter{secret}"));
        } else if secret.contains(":ssm:") {
            parameters.push(secret.clone());
        } else {
            managed.push(without_key(secret));
        }
    }
    let allowed = |action: &str, mut resources: Vec<String>| {
        resources.sort();
        resources.dedup();
        (!resources.is_empty()).then(|| json!({"Effect": "Allow", "Action": action, "Resource": resources}))
    };
    let all = [allowed("secretsmanager:GetSecretValue", managed), allowed("ssm:GetParameters", parameters)];
    all.into_iter().flatten().collect()
}

/// The name of the database whose secret this is: `${databases.orders.secret}`, whatever follows it.
fn database(secret: &str) -> Option<&str> {
    let (reference, _) = secret.strip_prefix("${databases.")?.split_once('}')?;
    reference.split('@').next()?.strip_suffix(".secret")
}

/// Where ECS takes a value from. A database's secret holds a user and a password: alone, it stands for the password.
fn value_of(secret: &str) -> String {
    let is_all = secret.ends_with('}') && database(secret).is_some();
    if is_all { format!("{secret}:password::") } else { secret.to_owned() }
}

/// What it takes to read secrets that are encrypted with a key of their own.
fn decrypt(cx: &Expansion<'_>, item: &Item<'_>, service: &Service) -> Option<Json> {
    let stack = item.region.map_or(cx.stack(), |region| cx.in_region(region));
    let has_key = |name: &&str| stack.databases.get(*name).is_some_and(|database| database.key == Some(true));
    let names: BTreeSet<&str> =
        service.secrets.values().filter_map(|secret| database(secret)).filter(has_key).collect();
    let keys: Vec<String> = names.into_iter().map(|name| format!("${{databases.{name}.key.arn}}")).collect();
    (!keys.is_empty()).then(|| json!({"Effect": "Allow", "Action": "kms:Decrypt", "Resource": keys}))
}

/// The ARN of a secret without what follows it: the key, the stage and the version of its value.
fn without_key(secret: &str) -> String {
    if let Some(end) = secret.find('}').filter(|_| secret.starts_with("${")) {
        return secret[..=end].to_owned();
    }
    secret.split(':').take(7).collect::<Vec<_>>().join(":")
}

fn exec() -> Json {
    let channels = ["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"];
    let actions = channels.map(|channel| format!("ssmmessages:{channel}"));
    json!({"Effect": "Allow", "Action": actions, "Resource": "*"})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_in_ecr_names_its_repository() {
        let arn = |image: &str| repository(image, "aws");
        let image = "${account}.dkr.ecr.${region}.amazonaws.com/shop/checkout:1.4";
        assert_eq!(arn(image).as_deref(), Some("arn:aws:ecr:${region}:${account}:repository/shop/checkout"));
        for image in ["public.ecr.aws/acme/checkout:1", "nginx", "docker.io/library/nginx:1"] {
            assert_eq!(arn(image), None, "{image}");
        }
    }

    #[test]
    fn the_secret_of_a_database_stands_for_its_password() {
        let orders = "${databases.orders.secret}";
        assert_eq!(value_of(orders), format!("{orders}:password::"));
        assert_eq!(value_of("${databases.orders.secret@us-east-1}"), "${databases.orders.secret@us-east-1}:password::");
        for other in [format!("{orders}:username::"), format!("{orders}:::"), "${resources.key.arn}".to_owned()] {
            assert_eq!(value_of(&other), other);
        }
        assert_eq!(database(&format!("{orders}:username::")), Some("orders"));
        assert_eq!(database("${databases.orders.secret.arn}"), None, "the resource, not the output");
    }

    #[test]
    fn a_secret_is_allowed_without_its_key() {
        let arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:orders-AbCdEf";
        for (secret, wanted) in [
            (arn.to_owned(), arn),
            (format!("{arn}:password::"), arn),
            ("${resources.orders.arn}:password::".to_owned(), "${resources.orders.arn}"),
        ] {
            assert_eq!(without_key(&secret), wanted);
        }
    }
}
