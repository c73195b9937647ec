//! Data that is lost: with what holds it, with a part of that, or because it is kept for a shorter time.

use super::{Finding, RiskyChange, finding, reasons};
use crate::catalog::{SchemaType, Stake};
use crate::plan::Decision;
use crate::plan::review::RiskClass::DataLoss;
use crate::value::{Json, Path};

pub(super) fn of(change: &RiskyChange<'_>) -> Vec<Finding> {
    let whole = if change.holds_data() { with_data(change) } else { with_retention(change) };
    let removed = parts(change);
    let shorter = shorter(change);
    whole.into_iter().map(|message| finding(DataLoss, message)).chain(removed).chain(shorter).collect()
}

/// The fate of a resource that is there to hold data.
fn with_data(change: &RiskyChange<'_>) -> Option<String> {
    match &change.entry.decision {
        Decision::Delete if change.entry.deposed => Some("the old one is deleted, with all data in it".to_owned()),
        Decision::Delete => Some("deleted, with all data in it".to_owned()),
        Decision::Replace { .. } => {
            Some(format!("replaced by a new, empty one because {}: all data in it is deleted", reasons(change.entry)))
        }
        Decision::Create { why: Some(why) } => {
            Some(format!("{why}, with its data: a new one would be empty; restore it first to keep what it held"))
        }
        _ => None,
    }
}

/// The fate of a resource that keeps what others have left, such as logs.
fn with_retention(change: &RiskyChange<'_>) -> Option<String> {
    let SchemaType::Object(fields) = &change.info?.spec.schema_type else { return None };
    let keeps = fields.values().any(|field| field.shape.annotations.stakes.risk == Some(Stake::Retention));
    match &change.entry.decision {
        _ if !keeps || change.is_part_of_more => None,
        Decision::Delete => Some("deleted, with all that it has kept".to_owned()),
        Decision::Replace { .. } => {
            Some(format!("replaced because {}: all that it has kept is deleted", reasons(change.entry)))
        }
        _ => None,
    }
}

/// Parts that hold data of their own: they go, or are built again.
fn parts(change: &RiskyChange<'_>) -> Vec<Finding> {
    let mut found: Vec<String> = Vec::new();
    for field in change.staked() {
        let message = match field.stakes.risk {
            Some(Stake::Data) if field.inside() == 1 && field.to.is_null() => {
                Some(format!("`{}` is removed, with what it holds", field.changed))
            }
            Some(Stake::Rebuild) if !field.from.is_null() => {
                let part = Path(field.path.0[..field.path.0.len().saturating_sub(1)].to_vec());
                Some(format!("`{part}` is deleted and built again: it answers nothing until it is filled"))
            }
            _ => None,
        };
        found.extend(message.filter(|message| !found.contains(message)).into_iter().collect::<Vec<_>>());
    }
    found.into_iter().map(|message| finding(DataLoss, message)).collect()
}

/// Times for which data is kept, or can be restored.
fn shorter(change: &RiskyChange<'_>) -> Vec<Finding> {
    let fields = change.staked().into_iter().filter(|field| field.inside() == 0);
    let messages = fields.filter_map(|field| {
        let path = &field.path;
        let (from, to) = (time(&field.from), field.to.finish().ok().as_ref().map_or(0.0, time));
        let shorter = |from: f64, to: f64| to < from;
        match field.stakes.risk {
            Some(Stake::Retention) if shorter(for_ever(from), for_ever(to)) => {
                Some(format!("`{path}` {} → {to}: what is older is deleted", kept(from)))
            }
            Some(Stake::Backup) if shorter(from, to) && to == 0.0 => {
                Some(format!("`{path}` {from} → 0: it can no longer be restored to a point in time"))
            }
            Some(Stake::Backup) if shorter(from, to) => {
                Some(format!("`{path}` {from} → {to}: it can be restored to no earlier time"))
            }
            _ => None,
        }
    });
    messages.map(|message| finding(DataLoss, message)).collect()
}

fn time(json: &Json) -> f64 {
    json.as_f64().unwrap_or(0.0)
}

fn for_ever(time: f64) -> f64 {
    if time == 0.0 { f64::INFINITY } else { time }
}

fn kept(time: f64) -> String {
    if time == 0.0 { "for ever".to_owned() } else { time.to_string() }
}
