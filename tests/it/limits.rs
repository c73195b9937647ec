//! Sums of what blocks generate, and names that need nothing: stacks that are right or wrong as a whole.

use std::fmt::Write;
use std::path::Path;

use isobar::graph::{self, CheckedStack};
use isobar::problem::{Code, Problem};
use isobar::stack::{self, Rejected, Settings};
use isobar::value::{Json, Target};

fn checked(text: &str) -> Result<CheckedStack, Vec<Problem>> {
    let settings = Settings { store_packages: false, ..Settings::default() };
    let read = stack::load_text("stack.yaml", text, Path::new("."), &settings);
    graph::check_stack(read, &isobar::kinds::catalog()).map_err(|Rejected { problems, .. }| problems)
}

fn valid(text: &str) -> CheckedStack {
    checked(text).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// Characters of the inline policies of a role, with a region and an account in them.
fn policies_of(stack: &CheckedStack, role: &str) -> (usize, Vec<String>) {
    let role = stack.declarations.iter().find(|one| one.address.to_string() == role).expect("a role");
    let policies = role.spec.written()["policies"].as_object().expect("policies").clone();
    let text =
        |policy: &Json| policy.to_string().replace("${region}", "us-east-1").replace("${account}", "123456789012");
    (policies.values().map(|policy| text(policy).len()).sum(), policies.keys().cloned().collect())
}

fn function(name: &str) -> String {
    format!("  {name}: {{image: \"123456789012.dkr.ecr.us-east-1.amazonaws.com/f:1\"}}\n")
}

#[test]
fn an_api_of_130_functions_has_a_role_that_iam_takes() {
    let mut functions = String::new();
    let mut routes = String::new();
    for number in 0..130 {
        let name = format!("order-handler-{number:03}");
        functions += &function(&name);
        let _ = writeln!(routes, "      GET /{number}: functions.{name}");
    }
    let stack =
        format!("stack: orders\nregions: [us-east-1]\nfunctions:\n{functions}apis:\n  shop:\n    routes:\n{routes}");
    let (size, policies) = policies_of(&valid(&stack), "apis.shop.role@us-east-1");
    assert!(size < 10_240, "{size}");
    assert_eq!(policies, ["invoke"]);
}

fn with_tables(number: usize) -> String {
    let mut tables = String::new();
    let mut access = String::new();
    for number in 0..number {
        let _ = writeln!(tables, "  table-{number:03}: {{key: {{id: string}}}}");
        let _ = writeln!(access, "      tables.table-{number:03}: {}", ["read", "read-write"][number % 2]);
    }
    let image = "image: \"123456789012.dkr.ecr.us-east-1.amazonaws.com/f:1\"";
    format!(
        "stack: orders\nregions: [us-east-1]\nfunctions:\n  f:\n    {image}\n    access:\n{access}tables:\n{tables}"
    )
}

#[test]
fn rights_to_many_tables_are_written_as_one_statement_each_for_reading_and_writing() {
    let (size, policies) = policies_of(&valid(&with_tables(4)), "functions.f.role@us-east-1");
    assert!(size < 4096, "{size}");
    assert_eq!(policies, ["logs", "tables.table-000", "tables.table-001", "tables.table-002", "tables.table-003"]);
    let (size, policies) = policies_of(&valid(&with_tables(30)), "functions.f.role@us-east-1");
    assert!(size < 4096, "{size}");
    assert_eq!(policies, ["logs", "tables.read", "tables.read-write"]);
}

#[test]
fn rights_that_no_role_can_hold_are_refused() {
    let problems = checked(&with_tables(170)).expect_err("too long");
    let [problem] = problems.as_slice() else { panic!("{problems:?}") };
    assert_eq!(problem.code, Code::TooLong);
    assert!(problem.message.starts_with("`access` takes policies of some "), "{problem}");
    assert!(problem.help.is_some() && problem.span.is_some());
}

#[test]
fn inline_policies_of_a_raw_role_are_counted() {
    let arns: Vec<String> =
        (0..200).map(|number| format!("\"arn:aws:sqs:us-east-1:123456789012:queue-{number:020}\"")).collect();
    let statement = |effect: &str, more: &str| {
        format!("{{Version: \"2012-10-17\", Statement: [{{Effect: Allow, Action: \"{effect}\", {more}}}]}}")
    };
    let stack = format!(
        "stack: raw\nregions: [us-east-1]\nresources:\n  r:\n    kind: iam.Role\n    in: global\n    properties:\n      name: r\n      \
         assume_role_policy: {}\n      policies: {{all: {}}}\n",
        statement("sts:AssumeRole", "Principal: {Service: lambda.amazonaws.com}"),
        statement("sqs:SendMessage", &format!("Resource: [{}]", arns.join(", "))),
    );
    let problems = checked(&stack).expect_err("too long");
    let messages: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(messages, ["inline policies of a role have at most 10,240 characters together [wrong-value]"]);
}

#[test]
fn an_api_of_more_paths_than_the_quota_is_warned_of() {
    let routes = (0..320).fold(String::new(), |text, number| format!("{text}      GET /{number}: functions.f\n"));
    let stack = format!(
        "stack: orders\nregions: [us-east-1]\nfunctions:\n{}apis:\n  shop:\n    routes:\n{routes}",
        function("f")
    );
    let warnings: Vec<Code> = valid(&stack).warnings.iter().map(|problem| problem.code).collect();
    assert_eq!(warnings, [Code::OverQuota]);
}

fn naming(first: &str, second: &str) -> String {
    let image = "image: \"123456789012.dkr.ecr.us-east-1.amazonaws.com/f:1\"";
    format!(
        "stack: pair\nregions: [us-east-1]\nfunctions:\n  one: {{{image}, environment: {{OTHER: \"{first}\"}}}}\n  \
         two: {{{image}, environment: {{OTHER: \"{second}\"}}}}\n"
    )
}

#[test]
fn functions_that_name_each_other_are_no_circle() {
    let stack = valid(&naming("${functions.two.name}", "${functions.one.name}"));
    let one = "functions.one@us-east-1".parse().expect("an address");
    let two = "functions.two@us-east-1".parse().expect("an address");
    let needs = |from, to| stack.graph.get(from).is_some_and(|node| node.needs.contains_key(to));
    assert!(needs(&one, &two) != needs(&two, &one), "one of them comes first");
    for address in [&one, &two] {
        let node = stack.graph.get(address).expect("a node");
        let filled = node.declaration.spec.fill(&|reference| match &reference.target {
            Target::Known(known) => Some(known.clone()),
            _ => Some("later".into()),
        });
        let other = filled.get("environment").and_then(|all| all.get("OTHER")).and_then(|name| name.finish().ok());
        assert!(matches!(other, Some(Json::String(name)) if ["pair-one", "pair-two", "later"].contains(&&*name)));
    }
}

#[test]
fn a_circle_says_which_name_could_stand_in_it() {
    let problems = checked(&naming("${functions.two.arn}", "${functions.one.arn}")).expect_err("a circle");
    let [problem] = problems.as_slice() else { panic!("{problems:?}") };
    assert_eq!(problem.code, Code::Cycle);
    let help = problem.help.as_deref().unwrap_or_default();
    assert!(help.contains("${functions.two.name}") || help.contains("${functions.one.name}"), "{help}");
}

#[test]
fn an_output_of_a_part_is_suggested_in_full() {
    let image = "image: \"123456789012.dkr.ecr.us-east-1.amazonaws.com/f:1\"";
    let stack = format!(
        "stack: pair\nregions: [us-east-1]\nfunctions:\n  one: {{{image}}}\n  \
         two: {{{image}, environment: {{URL: \"${{apis.shop.invoke_url}}\"}}}}\napis: {{shop: {{routes: {{GET /: functions.one}}}}}}\n"
    );
    let problems = checked(&stack).expect_err("unknown");
    let [problem] = problems.as_slice() else { panic!("{problems:?}") };
    assert_eq!(problem.help.as_deref(), Some("did you mean `${apis.shop.stage.invoke_url}`?"));
}
