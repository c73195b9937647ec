//! A plan as Markdown, for a comment on a pull request: the table, then the risks, then folded details.

use super::text::{entry, is_kept, summary};
use crate::diff::Effect;
use crate::names::Scope;
use crate::plan::{Decision, Plan, Planned};
use crate::render::style::plain;
use crate::render::words::count;

/// A comment on GitHub may have 65 536 characters; some are left for what a pipeline adds.
const MOST_CHARACTERS: usize = 60_000;

/// The whole plan.
pub fn markdown(plan: &Plan) -> String {
    let title = if plan.destroy { "Isobar would destroy" } else { "Isobar plan for" };
    let head = [
        format!("### {title} `{}`", plan.stack),
        format!("Account `{}`. {}", plan.account, plain(&summary(plan))),
        risks(plan),
        table(plan),
    ];
    let mut text = head.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n");
    text.push('\n');
    let details = details(plan);
    if text.len() + details.len() > MOST_CHARACTERS {
        text.push_str("\nThe details are too long for a comment; `isobar plan` prints them.\n");
    } else {
        text.push_str(&details);
    }
    text
}

/// The changes that need review: obstacles, deletes, replacements.
fn risks(plan: &Plan) -> String {
    let obstacles = plan
        .obstacles
        .iter()
        .map(|obstacle| format!("- **blocked** `{}`: {}. {}", obstacle.address, obstacle.message, obstacle.help));
    let risky = plan.entries.iter().filter_map(|entry| match &entry.decision {
        Decision::Delete => Some(format!("- **delete** `{}` ({})", entry.address, entry.kind)),
        Decision::Replace { changes, why, .. } => {
            let causes = changes.iter().filter(|change| change.effect == Effect::Replace);
            let causes: Vec<String> =
                why.iter().cloned().chain(causes.map(|change| format!("`{}` changes", change.path))).collect();
            Some(format!("- **replace** `{}` ({}), because {}", entry.address, entry.kind, causes.join(", ")))
        }
        _ => None,
    });
    let lines: Vec<String> = obstacles.chain(risky).collect();
    if lines.is_empty() { String::new() } else { format!("**Needs review:**\n{}", lines.join("\n")) }
}

fn table(plan: &Plan) -> String {
    if plan.is_empty() {
        return String::new();
    }
    let mut lines = vec![
        "| region | create | update | replace | delete | other |".to_owned(),
        "|---|--:|--:|--:|--:|--:|".to_owned(),
    ];
    for scope in scopes(plan) {
        let part = Plan { entries: of_scope(plan, &scope).cloned().collect(), ..plan.clone() };
        let sums = part.summary();
        let other = sums.adopt + sums.forget + sums.awaited;
        let cells = [sums.create, sums.update, sums.replace, sums.delete, other];
        let cells: Vec<String> = cells.iter().map(usize::to_string).collect();
        lines.push(format!("| {scope} | {} |", cells.join(" | ")));
    }
    lines.join("\n")
}

fn details(plan: &Plan) -> String {
    let mut parts = Vec::new();
    for scope in scopes(plan) {
        let entries: Vec<&Planned> = of_scope(plan, &scope).filter(|entry| !is_kept(entry)).collect();
        if entries.is_empty() {
            continue;
        }
        let body = plain(&entries.iter().flat_map(|one| entry(one)).collect::<Vec<_>>().join("\n"));
        let fence = fence(&body);
        let heading = format!("<summary>{scope}: {}</summary>", count(entries.len(), "change"));
        parts.push(format!("\n<details>{heading}\n\n{fence}diff\n{body}\n{fence}\n\n</details>\n"));
    }
    parts.concat()
}

/// The scopes in the order of their waves, each once.
fn scopes(plan: &Plan) -> Vec<Scope> {
    let mut scopes: Vec<Scope> = Vec::new();
    let named = plan.waves.iter().map(|wave| &wave.name).chain(plan.entries.iter().map(|entry| &entry.address.at));
    for scope in named {
        if !scopes.contains(scope) {
            scopes.push(scope.clone());
        }
    }
    scopes.retain(|scope| of_scope(plan, scope).next().is_some());
    scopes
}

fn of_scope<'a>(plan: &'a Plan, scope: &'a Scope) -> impl Iterator<Item = &'a Planned> {
    plan.entries.iter().filter(move |entry| entry.address.at == *scope)
}

/// A fence longer than any in the text.
fn fence(text: &str) -> String {
    let longest = text.lines().map(|line| line.trim_start().bytes().take_while(|byte| *byte == b'`').count()).max();
    "`".repeat(longest.map_or(3, |longest| longest + 1).max(3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    #[test]
    fn a_reviewer_sees_risks_first() {
        insta::assert_snapshot!(markdown(&sample::plan()));
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        assert_eq!(fence("a\n```\nb"), "````");
        assert_eq!(fence("a"), "```");
    }
}
