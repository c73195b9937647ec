//! The risks of a plan in words.

use super::groups::place;
use crate::plan::review::{Risk, RiskClass, Subject};
use crate::plan::{Obstacle, Plan};
use crate::render::style::{BAD, CALM, CHANGE, STRONG, paint};
use crate::render::words::count;

/// Obstacles of a plan, and how to go on.
pub(super) fn obstacles(obstacles: &[Obstacle]) -> Vec<String> {
    if obstacles.is_empty() {
        return Vec::new();
    }
    let verb = if obstacles.len() == 1 { "blocks" } else { "block" };
    let mut lines = vec![paint(BAD, format!("{} {verb} this plan:", count(obstacles.len(), "problem")))];
    for obstacle in obstacles {
        lines.push(format!("  {} {}: {}", paint(BAD, "!"), obstacle.address, obstacle.message));
        lines.push(format!("    {} {}", paint(CALM, "help:"), obstacle.help));
    }
    lines.push(String::new());
    lines
}

/// The risks of a plan, the worst first.
pub(super) fn risks(plan: &Plan) -> Vec<String> {
    let risks = &plan.review.risks;
    if risks.is_empty() {
        return Vec::new();
    }
    let line = |risk: &Risk| {
        let style = if risk.class <= RiskClass::Gap { BAD } else { CHANGE };
        let class = paint(style, format!("! {:<14}", class(risk.class)));
        format!("  {class} {}: {}", subject(risk), risk.message)
    };
    let heading = paint(STRONG, "Risks:");
    std::iter::once(heading).chain(risks.iter().map(line)).chain([String::new()]).collect()
}

/// The class of a risk in words.
pub(super) fn class(class: RiskClass) -> &'static str {
    match class {
        RiskClass::DataLoss => "data loss",
        RiskClass::Traffic => "traffic",
        RiskClass::Gap => "gap",
        RiskClass::Public => "public",
        RiskClass::NetworkAccess => "network access",
        RiskClass::Permissions => "permissions",
        RiskClass::Protection => "protection off",
        RiskClass::Replacement => "replacement",
        RiskClass::Deletion => "deletion",
        RiskClass::Wait => "wait",
    }
}

/// The thing at risk, and its place.
pub(super) fn subject(risk: &Risk) -> String {
    match &risk.subject {
        Subject::Region(region) => region.to_string(),
        Subject::Block(block) => {
            let mut scopes: Vec<String> = Vec::new();
            for address in &risk.addresses {
                let scope = format!("@{}", address.at);
                if !scopes.contains(&scope) {
                    scopes.push(scope);
                }
            }
            format!("{block}{}", scopes.join(", "))
        }
        Subject::Resource(_) => place(&risk.addresses.iter().collect::<Vec<_>>()),
    }
}
