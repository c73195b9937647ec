//! What AWS has of a stack in detail, to be compared with what a first apply of the same file makes: whatever the file no
//! longer says has to be as if it had never said it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex_lite::Regex;
use serde_json::Value as Json;

use super::live::Live;

/// How often each leaf of an answer is there: `ecs services enableExecuteCommand = true`.
pub type Facts = BTreeMap<String, usize>;

/// Calls that take nothing and tell of everything, by service: protocol, then operations.
const QUERIES: &[(&str, &str, &[&str])] = &[
    ("elasticloadbalancing", "2015-12-01", &["DescribeLoadBalancers", "DescribeTargetGroups"]),
    ("autoscaling", "2011-01-01", &["DescribeAutoScalingGroups", "DescribePolicies"]),
    ("iam", "2010-05-08", &["GetAccountAuthorizationDetails&Filter.member.1=Role&Filter.member.2=LocalManagedPolicy"]),
    ("monitoring", "2010-08-01", &["DescribeAlarms"]),
    (
        "ec2",
        "2016-11-15",
        &[
            "DescribeSecurityGroupRules",
            "DescribeRouteTables",
            "DescribeVpcEndpoints",
            "DescribeSubnets",
            "DescribeNatGateways",
            "DescribeVpcs",
        ],
    ),
];
/// Calls whose answers are JSON, by header.
const TARGETS: &[(&str, &str, &str)] = &[
    ("logs", "Logs_20140328.DescribeLogGroups", "{}"),
    ("application-autoscaling", "AnyScaleFrontendService.DescribeScalableTargets", "{\"ServiceNamespace\": \"ecs\"}"),
    ("application-autoscaling", "AnyScaleFrontendService.DescribeScheduledActions", "{\"ServiceNamespace\": \"ecs\"}"),
    ("application-autoscaling", "AnyScaleFrontendService.DescribeScalingPolicies", "{\"ServiceNamespace\": \"ecs\"}"),
];

/// Leaves that differ from run to run, or that tell of the way and not of the goal.
static MOVING: LazyLock<Regex> = LazyLock::new(|| {
    let words = "(?i)(time|date|created|requestid|revision|version|sha256|\\betag|uniqueid|roleid|profileid|policyid|arn|owner|accountid|events|deployments|taskdefinition|startedat|generation|runningcount|pendingcount|deploymentid|nexttoken|lastmodified|network-?interface|stored|isobar:|dnsname|hostname|groupid|instances?\\.|streamlabel|itemcount|sizebytes|warmthroughput|connectionid|privateip|publicip|availableipaddress)";
    Regex::new(words).expect("a pattern")
});
/// Leaves that say no more than if they were not there: AWS has no way to leave out again what was said once.
const IDLE: [(&str, &str); 3] = [("enable", "false"), ("rollback", "false"), ("TreatMissingData", "missing")];
static MADE_UP: LazyLock<Regex> = LazyLock::new(|| {
    let uuid = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";
    Regex::new(&format!(
        r"{uuid}|\b[0-9a-f]{{8,64}}\b|\b[a-z]+-[0-9a-f]{{8,17}}\b|\bZ[0-9A-Z]{{8,}}\b|\b[0-9a-z]{{10}}\b|/[0-9]{{1,7}}\b"
    ))
    .expect("a pattern")
});
static ELEMENT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"<(/?)([A-Za-z0-9:]+)[^>]*?(/?)>([^<]*)").expect("a pattern"));

/// All of it, in these regions.
pub fn facts(live: &Live, regions: &[String]) -> Facts {
    let mut found = Facts::new();
    for region in regions {
        for (service, version, operations) in QUERIES {
            for operation in *operations {
                let answer = query(live, region, service, &format!("Action={operation}&Version={version}"));
                leaves_of_xml(&format!("{region} {service} {operation}"), &answer, &mut found);
            }
        }
        topics(live, region, &mut found);
        for (service, target, body) in TARGETS {
            let header = format!("X-Amz-Target: {target}");
            let answer =
                live.aws(region, service, &[&header, "Content-Type: application/x-amz-json-1.1"], "POST /", body);
            leaves(&format!("{region} {target}"), &serde_json::from_str(&answer).unwrap_or_default(), &mut found);
        }
        tables(live, region, &mut found);
        containers(live, region, &mut found);
        functions_and_apis(live, region, &mut found);
    }
    found
}

fn query(live: &Live, region: &str, service: &str, body: &str) -> String {
    live.aws(region, service, &["Content-Type: application/x-www-form-urlencoded"], "POST /", body)
}

/// Subscriptions of topics that are there: the emulator keeps those of others, which AWS does not. One that was never
/// confirmed has no ARN, and nobody can remove it.
fn topics(live: &Live, region: &str, found: &mut Facts) {
    let listed = query(live, region, "sns", "Action=ListTopics&Version=2010-03-31");
    for part in listed.split("<TopicArn>").skip(1) {
        let arn = part.split('<').next().unwrap_or_default();
        let body = format!("Action=ListSubscriptionsByTopic&Version=2010-03-31&TopicArn={arn}");
        let name = arn.rsplit(':').next().unwrap_or_default();
        let told = query(live, region, "sns", &body);
        let confirmed = told.split("<member>").filter(|one| !one.contains("PendingConfirmation"));
        let confirmed: Vec<&str> = confirmed.collect();
        leaves_of_xml(&format!("{region} subscriptions of {name}"), &confirmed.join("<member>"), found);
    }
}

fn tables(live: &Live, region: &str, found: &mut Facts) {
    let names = live.dynamodb(region, "ListTables", &serde_json::json!({}));
    for name in names["TableNames"].as_array().into_iter().flatten().filter(|name| **name != "outside") {
        let body = serde_json::json!({"TableName": name});
        for operation in ["DescribeTable", "DescribeTimeToLive", "DescribeContinuousBackups"] {
            leaves(&format!("{region} {operation} {name}"), &live.dynamodb(region, operation, &body), found);
        }
    }
}

fn containers(live: &Live, region: &str, found: &mut Facts) {
    let ask = |operation: &str, body: &Json| -> Json {
        let header = format!("X-Amz-Target: AmazonEC2ContainerServiceV20141113.{operation}");
        let answer = live.aws(
            region,
            "ecs",
            &[&header, "Content-Type: application/x-amz-json-1.1"],
            "POST /",
            &body.to_string(),
        );
        serde_json::from_str(&answer).unwrap_or_default()
    };
    for cluster in ask("ListClusters", &serde_json::json!({}))["clusterArns"].as_array().into_iter().flatten() {
        let services = ask("ListServices", &serde_json::json!({"cluster": cluster}))["serviceArns"].clone();
        if services.as_array().is_none_or(Vec::is_empty) {
            continue;
        }
        let described = ask("DescribeServices", &serde_json::json!({"cluster": cluster, "services": services}));
        leaves(&format!("{region} DescribeServices"), &described["services"], found);
        for service in described["services"].as_array().into_iter().flatten() {
            let task = ask("DescribeTaskDefinition", &serde_json::json!({"taskDefinition": service["taskDefinition"]}));
            leaves(&format!("{region} DescribeTaskDefinition"), &task["taskDefinition"]["containerDefinitions"], found);
        }
    }
}

fn functions_and_apis(live: &Live, region: &str, found: &mut Facts) {
    let get = |service: &str, path: &str| -> Json {
        serde_json::from_str(&live.aws(region, service, &["Accept: application/json"], &format!("GET {path}"), ""))
            .unwrap_or_default()
    };
    leaves(&format!("{region} ListFunctions"), &get("lambda", "/2015-03-31/functions")["Functions"], found);
    let apis = get("apigateway", "/restapis");
    for api in apis["item"].as_array().into_iter().flatten() {
        let id = api["id"].as_str().unwrap_or_default();
        let mut stages = get("apigateway", &format!("/restapis/{id}/stages"))["item"].clone();
        for stage in stages.as_array_mut().into_iter().flatten() {
            // Without a limit is what one is that never had any.
            if stage["methodSettings"]["*/*"]["throttlingRateLimit"] == -1.0 {
                stage["methodSettings"] = serde_json::json!({});
            }
        }
        leaves(&format!("{region} GetStages"), &stages, found);
        leaves(
            &format!("{region} GetResources"),
            &get("apigateway", &format!("/restapis/{id}/resources?embed=methods"))["item"],
            found,
        );
    }
    leaves(&format!("{region} GetDomainNames"), &get("apigateway", "/domainnames")["item"], found);
}

/// A text, or the leaves of the document that is in it: policies are alike whatever the order of their lists.
fn add(path: &str, value: &str, found: &mut Facts) {
    let document = decoded(value);
    if document.starts_with('{')
        && let Ok(json) = serde_json::from_str::<Json>(&document)
    {
        leaves(path, &json, found);
        return;
    }
    // Of tags that Isobar sets, generations are numbers, and addresses may be of names that were there before.
    let tag = path.to_lowercase().ends_with("value") && path.to_lowercase().contains("tag");
    let of_isobar = tag && (value.parse::<u64>().is_ok() || value.contains(['.', '@']));
    // A group that stays keeps the port that it was made with, on which no task is registered.
    let of_group = path.ends_with("TargetGroups.Port");
    if !of_isobar && !of_group && !IDLE.contains(&(last(path), value)) && !MOVING.is_match(path) {
        *found.entry(format!("{path} = {}", MADE_UP.replace_all(value, "…"))).or_default() += 1;
    }
}

fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or_default()
}

/// A text without the signs that stand for others in addresses, `%7B`.
fn decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut made = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let sign = part.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok()).filter(u8::is_ascii);
        match sign {
            Some(sign) => made.extend([char::from(sign)].into_iter().chain(part[2..].chars())),
            None => made.extend(['%'].into_iter().chain(part.chars())),
        }
    }
    made
}

fn leaves(path: &str, json: &Json, found: &mut Facts) {
    match json {
        Json::Object(fields) => fields.iter().for_each(|(key, value)| leaves(&format!("{path}.{key}"), value, found)),
        Json::Array(items) => items.iter().for_each(|item| leaves(path, item, found)),
        Json::String(text) => add(path, text, found),
        Json::Null => {}
        plain => add(path, &plain.to_string(), found),
    }
}

/// Every element that holds a text, with the names of those around it.
fn leaves_of_xml(path: &str, xml: &str, found: &mut Facts) {
    let mut around: Vec<&str> = Vec::new();
    for part in ELEMENT.captures_iter(xml) {
        let [end, name, single, text] = [1, 2, 3, 4].map(|at| part.get(at).map_or("", |found| found.as_str()));
        if !end.is_empty() {
            around.pop();
        } else if single.is_empty() {
            around.push(name);
            if !text.trim().is_empty() {
                let inner: Vec<&str> =
                    around.iter().filter(|name| !["item", "member"].contains(name)).copied().collect();
                add(&format!("{path} {}", inner.join(".")), text.trim(), found);
            }
        }
    }
}

/// What is there more or less often than a first apply makes it.
pub fn difference(fresh: &Facts, found: &Facts) -> Vec<String> {
    let names = fresh.keys().chain(found.keys().filter(|name| !fresh.contains_key(*name)));
    let count = |facts: &Facts, name: &String| facts.get(name).copied().unwrap_or_default();
    let differs = names.filter(|name| count(fresh, name) != count(found, name));
    differs.map(|name| format!("{name}: {} and not {}", count(found, name), count(fresh, name))).collect()
}

#[test]
fn leaves_of_answers_are_counted_without_what_is_made_up() {
    let mut found = Facts::new();
    leaves_of_xml(
        "x",
        "<A><item><Port>80</Port><Id>sg-0123456789abcdef0</Id></item><item><Port>80</Port><B/></item></A>",
        &mut found,
    );
    leaves("y", &serde_json::json!({"a": [{"b": true}, {"b": true}], "createdAt": 7}), &mut found);
    let [one, other] = ["%7B%22a%22%3A[1,2]%7D", "{\"a\": [2, 1]}"].map(|text| {
        let mut found = Facts::new();
        add("z", text, &mut found);
        found
    });
    assert!(one == other && one.len() == 2, "{one:?} {other:?}");
    let wanted = [("x A.Id = …", 1), ("x A.Port = 80", 2), ("y.a.b = true", 2)];
    assert_eq!(found, wanted.into_iter().map(|(name, times)| (name.to_owned(), times)).collect());
    assert_eq!(difference(&Facts::new(), &found)[1], "x A.Port = 80: 2 and not 0");
}
