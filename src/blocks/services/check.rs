//! Everything about a service that Fargate does not take, told before AWS is asked.

use super::deploy;
use crate::blocks::expansion::{Expansion, Item};
use crate::blocks::{functions, units};
use crate::catalog::fargate;
use crate::problem::{Code, Problem};
use crate::stack::file::{Nat, Service};

/// The least memory that goes with these processor units.
pub(super) fn smallest(cpu: u32) -> u32 {
    fargate::memories(cpu).first().copied().unwrap_or(512)
}

/// Reports what is wrong with a service in a region.
pub(super) fn check(cx: &mut Expansion<'_>, item: &Item<'_>, service: &Service) {
    check_image(cx, item, service);
    check_size(cx, item, service);
    check_secrets(cx, item, service);
    functions::check_log_days(cx, item, service.log_days);
    deploy::check(cx, item, service);
    if let Some(text) = &service.stop_timeout
        && units::seconds(text).is_none_or(|seconds| seconds > 120)
    {
        let problem = Problem::new(Code::OutOfRange, format!("Fargate waits up to two minutes, not `{text}`"));
        cx.report(problem.at(cx.value(item, &item.path(["stop_timeout"]))).help("write `120s` or less"));
    }
}

fn check_image(cx: &mut Expansion<'_>, item: &Item<'_>, service: &Service) {
    let image = &service.image;
    let at = cx.value(item, &item.path(["image"]));
    if image.chars().any(char::is_whitespace) {
        let problem = Problem::new(Code::BadImage, format!("`{image}` is not the name of an image"));
        cx.report(problem.at(at).help("write it as `HOST/NAME:TAG`"));
        return;
    }
    let last = image.rsplit('/').next().unwrap_or(image);
    let tag = last.rsplit_once(['@', ':']).map(|(_, tag)| tag);
    let is_reference = last.ends_with('}');
    if tag.is_none_or(|tag| tag == "latest" || tag.is_empty()) && !is_reference {
        let problem = Problem::new(Code::NoTag, format!("the tag of `{image}` can move")).warning();
        cx.report(
            problem.at(at).help("name a tag that never moves, such as a version; the next task may start with it"),
        );
    }
    let in_ecr = image.contains(".dkr.ecr.") || is_reference;
    let cut_off = cx.stack().network.as_ref().is_some_and(|network| {
        let managed = item.region.is_none_or(|region| !network.existing.contains_key(region.as_str()));
        managed && network.nat == Nat::None
    });
    if cut_off && !in_ecr {
        let problem = Problem::new(Code::UnreachableImage, format!("`{image}` cannot be pulled without the internet"));
        let help = "use an image in ECR (`ACCOUNT.dkr.ecr.REGION.amazonaws.com/...`), or `nat: single`";
        cx.report(problem.at(at).help(help));
    }
}

fn check_size(cx: &mut Expansion<'_>, item: &Item<'_>, service: &Service) {
    let cpu = service.cpu.unwrap_or(256);
    let known = fargate::processors();
    let memories = fargate::memories(cpu);
    if memories.is_empty() {
        let near = known.iter().min_by_key(|units| units.abs_diff(cpu)).unwrap_or(&256);
        let all = known.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        let problem = Problem::new(Code::BadSize, format!("Fargate has no task size with {cpu} CPU units"));
        cx.report(problem.at(cx.value(item, &item.path(["cpu"]))).help(format!("use {near}, or one of {all}")));
        return;
    }
    let Some(memory) = service.memory.filter(|memory| !memories.contains(memory)) else { return };
    // The next one that is enough, if there is one.
    let near = memories.iter().find(|one| **one >= memory).or(memories.last()).copied().unwrap_or(memory);
    let fitting = known.iter().find(|cpu| fargate::memories(**cpu).contains(&memory));
    let problem =
        Problem::new(Code::BadSize, format!("Fargate has no task size with {cpu} CPU units and {memory} MiB"));
    let other = fitting.map_or_else(String::new, |cpu| format!("; `cpu: {cpu}` goes with {memory}"));
    let help = format!("use {near}: with {cpu} units it has {}, in MiB{other}", fargate::memories_in_words(cpu));
    cx.report(problem.at(cx.value(item, &item.path(["memory"]))).help(help));
}

fn check_secrets(cx: &mut Expansion<'_>, item: &Item<'_>, service: &Service) {
    for (name, secret) in &service.secrets {
        let known = ["/", "arn:", "${"].iter().any(|start| secret.starts_with(start));
        if !known {
            let problem = Problem::new(Code::BadSecret, format!("`{name}` is not where a secret is kept"));
            let help = "write the ARN of a secret or a parameter, or a parameter's name, `/shop/orders/password`";
            cx.report(problem.at(cx.value(item, &item.path(["secrets", name]))).help(help));
        }
        if service.environment.contains_key(name) {
            let problem = Problem::new(Code::DuplicateKey, format!("`{name}` is a secret and a plain variable"));
            let first = cx.key(item, &item.path(["environment", name]));
            let span = cx.key(item, &item.path(["secrets", name]));
            cx.report(problem.at(span).note(first, "the plain one").help("remove one of them"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_memory_goes_with_its_processor() {
        assert_eq!([256, 1024, 16_384, 7].map(smallest), [512, 2048, 32_768, 512]);
    }
}
