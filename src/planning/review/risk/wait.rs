//! Waits that AWS imposes, and what does not work meanwhile.

use super::{Finding, RiskyChange, finding};
use crate::plan::Decision;
use crate::plan::review::RiskClass::Wait;

pub(super) fn of(change: &RiskyChange<'_>) -> Vec<Finding> {
    let mut messages: Vec<String> = Vec::new();
    match (&change.entry.decision, change.info) {
        (Decision::Create { .. } | Decision::Replace { .. }, Some(info)) => {
            messages.extend(info.spec.annotations.stakes.wait.clone());
        }
        (Decision::Update { .. } | Decision::Adopt { .. }, _) => {
            for field in change.staked() {
                let message = field.stakes.wait.as_ref().map(|wait| format!("`{}`: {wait}", field.path));
                messages.extend(message.filter(|message| !messages.contains(message)));
            }
        }
        _ => {}
    }
    messages.into_iter().map(|message| finding(Wait, message)).collect()
}
