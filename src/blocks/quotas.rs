//! Quotas that a stack exceeds by itself: what blocks generate is counted here, where a file may still be changed.
//!
//! All of them can be raised for an account, so each is a warning. Limits that cannot be raised are rules of the kinds.

use std::collections::{BTreeMap, BTreeSet};

use super::Declaration;
use super::expansion::Expansion;
use crate::names::Scope;
use crate::problem::{Code, Problem};
use crate::value::Json;

/// Things of one kind: how many AWS allows at first, in a region or in the account, and what to call them. The numbers
/// are the defaults that Service Quotas shows.
const THINGS: [(&str, usize, bool, &str); 7] = [
    ("ec2.ElasticIp", 5, true, "Elastic IP addresses"),
    ("elbv2.LoadBalancer", 50, true, "load balancers"),
    ("rds.DbCluster", 40, true, "database clusters"),
    ("rds.DbInstance", 40, true, "database instances"),
    ("apigateway.RestApi", 600, true, "REST APIs"),
    ("route53.HealthCheck", 200, false, "health checks"),
    ("iam.Role", 1000, false, "roles"),
];

/// Rules of a security group in one direction, and resources of a REST API: the parts of its paths.
const RULES: usize = 60;
const API_RESOURCES: usize = 300;

/// Reports what is more than AWS allows at first.
pub(super) fn check(cx: &mut Expansion<'_>) {
    let mut problems = counted(cx);
    problems.extend(cx.declarations.iter().filter_map(|declaration| inside(cx, declaration)));
    for problem in problems {
        cx.report(problem);
    }
}

fn counted(cx: &Expansion<'_>) -> Vec<Problem> {
    let mut numbers: BTreeMap<(&str, Option<&Scope>), Vec<&Declaration>> = BTreeMap::new();
    for declaration in cx.declarations.iter().filter(|declaration| !declaration.existing) {
        if let Some((kind, _, regional, _)) = THINGS.iter().find(|(kind, ..)| *kind == declaration.kind.as_str()) {
            numbers.entry((kind, regional.then_some(&declaration.address.at))).or_default().push(declaration);
        }
    }
    let beyond = |((kind, at), all): ((&str, Option<&Scope>), Vec<&Declaration>)| {
        let (_, limit, _, what) = THINGS.iter().find(|(one, ..)| *one == kind)?;
        let first = all.get(*limit)?;
        let place = at.map_or_else(|| "an account".to_owned(), ToString::to_string);
        Some(problem(cx, first, &format!("this stack has {} {what} in {place}", all.len()), *limit))
    };
    numbers.into_iter().filter_map(beyond).collect()
}

fn inside(cx: &Expansion<'_>, declaration: &Declaration) -> Option<Problem> {
    let path = &declaration.address.path;
    let (number, limit, what) = match declaration.kind.as_str() {
        "ec2.SecurityGroup" => {
            let spec = declaration.spec.written();
            let rules = ["ingress", "egress"].map(|field| spec[field].as_array().map_or(0, Vec::len));
            (rules.into_iter().max().unwrap_or(0), RULES, format!("rules in one direction of `{path}`"))
        }
        "apigateway.RestApi" => {
            let number = resources(&declaration.spec.written()["document"]["paths"]);
            (number, API_RESOURCES, format!("resources, the parts of the paths of `{path}`"))
        }
        _ => return None,
    };
    (number > limit).then(|| problem(cx, declaration, &format!("there are {number} {what}"), limit))
}

/// The resources of an API: every path and every beginning of one, each once.
fn resources(paths: &Json) -> usize {
    let paths = paths.as_object().into_iter().flat_map(serde_json::Map::keys);
    let parts = |path: &str| -> Vec<String> {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        ends.map(|end| path[..end].trim_end_matches('/').to_owned()).collect()
    };
    paths.flat_map(|path| parts(path)).collect::<BTreeSet<_>>().len()
}

fn problem(cx: &Expansion<'_>, declaration: &Declaration, message: &str, limit: usize) -> Problem {
    let message = format!("{message}, and AWS allows {limit} unless the account's quota was raised");
    let problem = Problem::new(Code::OverQuota, message).warning().at(cx.loaded.places.key(&declaration.origin));
    problem.help("raise it in Service Quotas before `isobar apply`, or use fewer")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_part_of_a_path_is_a_resource() {
        assert_eq!(resources(&json!({})), 0);
        assert_eq!(resources(&json!({"/": {}})), 1);
        assert_eq!(resources(&json!({"/": {}, "/a/{id}": {}, "/a/{id}/b": {}, "/c": {}})), 5);
    }
}
