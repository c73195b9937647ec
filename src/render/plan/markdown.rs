//! A plan as Markdown, for a comment on a pull request: risks, counts and causes first, then folded details.

use super::entry::summary_line;
use super::groups::groups;
use super::risks::{class, subject};
use super::text::{Section, is_kept, sections, summary};
use crate::names::Scope;
use crate::plan::review::Risk;
use crate::plan::{Obstacle, Plan, Planned};
use crate::render::style::plain;
use crate::render::words::count;

/// A comment on GitHub may have 65 536 characters; some are left for what a pipeline adds.
const MOST_CHARACTERS: usize = 60_000;
/// Causes that are listed before the rest is counted.
const MOST_CAUSES: usize = 20;

/// The whole plan.
pub fn markdown(plan: &Plan) -> String {
    let title = if plan.destroy { "Isobar would destroy" } else { "Isobar plan for" };
    let head = [
        format!("### {title} `{}`", plan.stack),
        obstacles(plan),
        risks(plan),
        format!("Account `{}`. {}", plan.account, plain(&summary(plan))),
        stays(plan),
        table(plan),
        causes(plan),
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

fn obstacles(plan: &Plan) -> String {
    let line =
        |obstacle: &Obstacle| format!("- **blocked** `{}`: {}. {}", obstacle.address, obstacle.message, obstacle.help);
    plan.obstacles.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The risks, or that there is none.
fn risks(plan: &Plan) -> String {
    if plan.is_empty() {
        return String::new();
    }
    let risks = &plan.review.risks;
    if risks.is_empty() {
        return "No risks found.".to_owned();
    }
    let line = |risk: &Risk| format!("- **{}** `{}`: {}", class(risk.class), subject(risk), risk.message);
    let lines: Vec<String> = risks.iter().map(line).collect();
    format!("**{}:**\n{}", count(risks.len(), "risk"), lines.join("\n"))
}

/// Every change with a value from the file, in a line.
fn causes(plan: &Plan) -> String {
    let groups = groups(plan);
    let mut lines: Vec<String> =
        groups.iter().take(MOST_CAUSES).map(|group| format!("- {}", summary_line(group))).collect();
    if groups.len() > MOST_CAUSES {
        lines.push(format!("- … and {} more", groups.len() - MOST_CAUSES));
    }
    lines.join("\n")
}

/// The fields that stay as they are although the file no longer has them.
fn stays(plan: &Plan) -> String {
    let lines: Vec<String> = plan.stays.iter().map(|stay| format!("- `{}`: `{}`", stay.address, stay.path)).collect();
    if lines.is_empty() {
        return String::new();
    }
    format!("**Stays as it is**, though no longer in the file:\n{}", lines.join("\n"))
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
    let section = |section: Section| {
        let body = plain(&section.lines.join("\n"));
        let fence = fence(&body);
        let heading = format!("<summary>{}: {}</summary>", section.heading, count(section.number, "change"));
        format!("\n<details>{heading}\n\n{fence}diff\n{body}\n{fence}\n\n</details>\n")
    };
    sections(plan).into_iter().map(section).collect()
}

/// The scopes in which something changes, in the order of their waves, each once.
fn scopes(plan: &Plan) -> Vec<Scope> {
    let mut scopes: Vec<Scope> = Vec::new();
    let named = plan.waves.iter().map(|wave| &wave.name).chain(plan.entries.iter().map(|entry| &entry.address.at));
    for scope in named {
        if !scopes.contains(scope) {
            scopes.push(scope.clone());
        }
    }
    scopes.retain(|scope| of_scope(plan, scope).any(|entry| !is_kept(entry)));
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
