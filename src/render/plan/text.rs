//! A plan as text: obstacles first, then risks, then each wave's changes, then a summary.

use super::entry;
use super::groups::{Group, groups};
use super::risks::{obstacles, risks};
use crate::names::Scope;
use crate::plan::{Decision, Plan, Planned, Stay, Summary};
use crate::render::style::{FAINT, STRONG, paint};
use crate::render::words::count;

/// The whole plan.
pub fn text(plan: &Plan) -> String {
    let mut lines = obstacles(&plan.obstacles);
    lines.extend(risks(plan));
    for section in sections(plan) {
        lines.push(paint(STRONG, &section.heading));
        lines.extend(section.lines.into_iter().map(|line| format!("  {line}")));
        lines.push(String::new());
    }
    lines.extend(stays(plan));
    lines.push(summary(plan));
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

/// The fields that stay as they are although the file no longer has them.
fn stays(plan: &Plan) -> Vec<String> {
    if plan.stays.is_empty() {
        return Vec::new();
    }
    let line = |stay: &Stay| format!("  {}  {}", stay.address, stay.path);
    let lines = plan.stays.iter().map(line);
    let heading = "Stays as it is, though no longer in the file (AWS has no default to go back to):".to_owned();
    std::iter::once(heading).chain(lines).chain([String::new()]).collect()
}

/// One sentence that sums a plan up.
pub fn summary(plan: &Plan) -> String {
    let total = plan.entries.len();
    let regions = count(plan.regions.len(), "region");
    if plan.is_empty() && plan.obstacles.is_empty() {
        return match (plan.destroy, total) {
            (true, _) => format!("Nothing to destroy: stack {} has no resources.", plan.stack),
            _ => format!("No changes. Your stack matches AWS in {regions} ({}).", count(total, "resource")),
        };
    }
    let summary = plan.summary();
    let mut parts: Vec<String> = counts(&summary)
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, words)| format!("{number} {words}"))
        .collect();
    if parts.is_empty() {
        parts.push("no changes".to_owned());
    }
    let kept = if summary.keep > 0 { format!("; {} unchanged", summary.keep) } else { String::new() };
    format!("{}: {}{kept}, in {regions}.", paint(STRONG, "Plan"), parts.join(", "))
}

/// The number of resources for each action, in words.
pub(super) fn counts(summary: &Summary) -> [(usize, &'static str); 7] {
    [
        (summary.create, "to create"),
        (summary.update, "to update"),
        (summary.replace, "to replace"),
        (summary.delete, "to delete"),
        (summary.adopt, "to adopt"),
        (summary.awaited, "to wait for"),
        (summary.forget, "to forget"),
    ]
}

/// An entry without an action.
pub(super) fn is_kept(entry: &Planned) -> bool {
    matches!(entry.decision, Decision::Keep)
}

/// The changes of one wave, or of one region where everything goes at once.
pub(super) struct Section {
    /// Its heading.
    pub heading: String,
    /// The changes of the plan in it, those shown elsewhere among them.
    pub number: usize,
    /// Its lines.
    pub lines: Vec<String>,
}

/// Everything that changes, in the order in which it does.
pub(super) fn sections(plan: &Plan) -> Vec<Section> {
    let all = groups(plan);
    let section = |heading: String, own: &Scope, is_in: &dyn Fn(&Planned) -> bool| {
        let number = plan.entries.iter().filter(|entry| !is_kept(entry) && is_in(entry)).count();
        let here: Vec<&Group<'_>> = all.iter().filter(|group| is_in(group.lead)).collect();
        let mut lines = shown(plan, own, &here);
        let folded = here.iter().flat_map(|group| group.same.iter().chain(&group.followers));
        let elsewhere = number - here.len() - folded.filter(|entry| is_in(entry)).count();
        if elsewhere > 0 {
            lines.push(paint(FAINT, format!("{} shown above", count(elsewhere, "change"))));
        }
        Section { heading, number, lines }
    };
    let sections: Vec<Section> = if plan.destroy {
        scopes(plan).iter().map(|own| section(own.to_string(), own, &|entry| entry.address.at == *own)).collect()
    } else {
        let waves = plan.waves.iter().enumerate().map(|(number, wave)| {
            section(format!("Wave {}: {}", number + 1, wave.name), &wave.name, &|entry| entry.wave == number)
        });
        waves.collect()
    };
    sections.into_iter().filter(|section| section.number > 0).collect()
}

/// The lines of groups: a wave's own scope first, then what was pulled forward into it.
fn shown(plan: &Plan, own: &Scope, groups: &[&Group<'_>]) -> Vec<String> {
    let mut scopes: Vec<&Scope> = Vec::new();
    for group in groups {
        if !scopes.contains(&&group.lead.address.at) {
            scopes.push(&group.lead.address.at);
        }
    }
    scopes.sort_by_key(|scope| *scope != own);
    let mut lines = Vec::new();
    for scope in scopes {
        if scope != own {
            lines.push(paint(FAINT, format!("also in this wave: {scope}")));
        }
        let here = groups.iter().filter(|group| group.lead.address.at == *scope);
        lines.extend(here.flat_map(|group| entry::lines(group, &plan.review)));
    }
    lines
}

/// The scopes in which something changes, in the order of the plan.
fn scopes(plan: &Plan) -> Vec<Scope> {
    let mut scopes: Vec<Scope> = Vec::new();
    for entry in plan.entries.iter().filter(|entry| !is_kept(entry)) {
        if !scopes.contains(&entry.address.at) {
            scopes.push(entry.address.at.clone());
        }
    }
    scopes.sort_by_key(|scope| *scope != Scope::Global);
    scopes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::review::Review;
    use crate::render::sample;
    use crate::render::style::plain;

    #[test]
    fn a_plan_reads_without_colour() {
        insta::assert_snapshot!(plain(&text(&sample::plan())));
    }

    #[test]
    fn a_destroy_is_grouped_by_region() {
        let plan = Plan { destroy: true, review: Review::default(), ..sample::plan() };
        let headings = |line: &&str| !line.starts_with(' ') && !line.is_empty();
        let text = plain(&text(&plan));
        let headings: Vec<&str> = text.lines().filter(headings).take(3).collect();
        assert_eq!(headings, ["global", "us-west-2", "us-east-1"]);
    }

    #[test]
    fn obstacles_come_first() {
        insta::assert_snapshot!(plain(&text(&sample::blocked())));
    }

    #[test]
    fn an_empty_plan_is_one_line() {
        assert_eq!(plain(&text(&sample::empty())), "No changes. Your stack matches AWS in 2 regions (1 resource).\n");
    }
}
