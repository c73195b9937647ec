//! Outputs of a block as a whole: `${databases.orders.endpoint}` in place of the resource that has it.
//!
//! They are written out once everything is declared, so that all that comes after sees raw resources alone.

use super::{BLOCKS, Registered};
use crate::blocks::expansion::Expansion;
use crate::names::{Region, Scope};
use crate::problem::{Code, Problem, nearest};
use crate::value::{Json, Part, Reference, Target, Template};

/// Writes out every output of a block in all that is declared, and reports those that there are not.
pub(super) fn write_out(cx: &mut Expansion<'_>) {
    let has_outputs = |block: &Registered| !(block.outputs)().is_empty() && !(block.entries)(cx.stack()).is_empty();
    if !BLOCKS.iter().any(has_outputs) {
        return;
    }
    for at in 0..cx.declarations.len() {
        // Outputs are looked up by addresses: no spec is missed while it is away.
        let mut spec = std::mem::replace(&mut cx.declarations[at].spec, Template::Plain(Json::Null));
        for problem in write_out_of(cx, &mut spec, &cx.declarations[at].address.at) {
            cx.report(problem);
        }
        cx.declarations[at].spec = spec;
    }
}

fn write_out_of(cx: &Expansion<'_>, template: &mut Template, from: &Scope) -> Vec<Problem> {
    let mut problems = Vec::new();
    template.for_each_text(&mut |parts| {
        let mut written = Vec::new();
        for part in std::mem::take(parts) {
            let found = match &part {
                Part::Reference(reference) => output(cx, reference, from),
                Part::Literal(_) => Ok(None),
            };
            match found {
                Ok(Some(Template::Text(more))) => written.extend(more),
                Ok(_) => written.push(part),
                Err(problem) => {
                    problems.push(*problem);
                    written.push(part);
                }
            }
        }
        *parts = written;
    });
    problems
}

/// The output that a reference names, if it names one of a block.
fn output(cx: &Expansion<'_>, reference: &Reference, from: &Scope) -> Result<Option<Template>, Box<Problem>> {
    let Target::Written { words, at } = &reference.target else { return Ok(None) };
    let [block, name, output] = &words[..] else { return Ok(None) };
    let with_outputs = |one: &&Registered| one.name == block && !(one.outputs)().is_empty();
    let Some(block) = BLOCKS.iter().find(with_outputs) else { return Ok(None) };
    let known = (block.outputs)();
    let Some(Scope::In(region)) = at.as_ref().or(Some(from)) else { return Ok(None) };
    let stack = cx.in_region(region);
    let is_part = || cx.declarations.iter().any(|one| *one.address.path == words.join("."));
    if !(block.entries)(stack).contains(&name)
        || is_unknown(cx, region)
        || (!known.contains(&output.as_str()) && is_part())
    {
        return Ok(None);
    }
    if let Some(found) = (block.output)(cx, region, name, output) {
        return Ok(Some(found));
    }
    let help = match nearest(output, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it has {}", known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    };
    let problem = Problem::new(Code::UnknownOutput, format!("`{}.{name}` has no output `{output}`", block.name));
    Err(problem.at(cx.loaded.places.reference(&reference.text)).help(help).into())
}

fn is_unknown(cx: &Expansion<'_>, region: &Region) -> bool {
    !cx.regions().contains(region)
}
