//! Protection from being deleted that is switched off.

use super::{Finding, RiskyChange, finding};
use crate::catalog::Stake;
use crate::plan::review::RiskClass::Protection;
use crate::value::{Json, Key, Path};

pub(super) fn of(change: &RiskyChange<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for field in change.staked().into_iter().filter(|field| field.stakes.risk == Some(Stake::Protection)) {
        let to = field.to.finish().unwrap_or_default();
        // Of a map of attributes, the change is of one of them.
        let is_about_it = field.inside() == 0 || is_of_deletion(&field.changed);
        if is_about_it && protects(&field.from) && !protects(&to) {
            let message = format!("`{}` is off: AWS no longer refuses to delete it", field.changed);
            found.push(finding(Protection, message));
        }
    }
    found
}

fn is_of_deletion(path: &Path) -> bool {
    matches!(path.0.last(), Some(Key::Field(name)) if name.contains("deletion_protection"))
}

fn protects(json: &Json) -> bool {
    match json {
        Json::Bool(on) => *on,
        Json::String(word) => !["", "false", "none"].contains(&word.to_lowercase().as_str()),
        _ => false,
    }
}
