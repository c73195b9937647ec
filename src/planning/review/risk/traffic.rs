//! Traffic that a change takes away, or gives to what does not answer.

use super::{Finding, RiskyChange, finding};
use crate::catalog::Stake;
use crate::plan::Decision;
use crate::plan::review::RiskClass::Traffic;
use crate::value::{Json, Partial};

pub(super) fn of(change: &RiskyChange<'_>) -> Vec<Finding> {
    let mut messages: Vec<String> = removed(change).into_iter().collect();
    for field in change.staked().into_iter().filter(|field| field.inside() == 0) {
        let path = &field.path;
        let to = field.to.finish().unwrap_or_default();
        let message = match field.stakes.risk {
            Some(Stake::Traffic) if is_zero(&to) && !is_zero(&field.from) && !field.from.is_null() => {
                Some(format!("`{path}` {} → 0: no more requests", field.from))
            }
            Some(Stake::Capacity) if is_zero(&to) && !is_zero(&field.from) => {
                let from = if field.from.is_null() { String::new() } else { format!("{} → ", field.from) };
                Some(format!("`{path}` {from}0: nothing may be left that answers"))
            }
            Some(Stake::Health) if is_off(&field.to) && !is_off(&Partial::from_json(&field.from)) => {
                Some(format!("`{path}` is taken away: it gets traffic though it is unhealthy"))
            }
            Some(Stake::HealthOff) if to == Json::Bool(true) && field.from != to => {
                Some(format!("`{path}` is on: traffic no longer follows health"))
            }
            _ => None,
        };
        messages.extend(message);
    }
    messages.into_iter().map(|message| finding(Traffic, message)).collect()
}

/// The end of something that traffic is led by.
fn removed(change: &RiskyChange<'_>) -> Option<String> {
    let (info, record) = (change.info?, change.record?);
    if change.is_part_of_more || change.entry.decision != Decision::Delete {
        return None;
    }
    let spec = Partial::from_json(&record.spec);
    let leads = super::all(&info.spec, &spec);
    let mut leads = leads.iter().filter(|field| field.stakes.risk == Some(Stake::Traffic) && !field.to.is_null());
    leads.next()?;
    let name = record.spec.get("name").and_then(Json::as_str);
    Some(format!("deleted: no more requests come by {}", name.unwrap_or_else(|| record.id.as_str())))
}

fn is_zero(json: &Json) -> bool {
    json.as_f64() == Some(0.0)
}

fn is_off(partial: &Partial) -> bool {
    match partial {
        Partial::Text(text) => text.is_empty(),
        Partial::Plain(json) => matches!(json, Json::Null | Json::Bool(false)),
        _ => false,
    }
}
