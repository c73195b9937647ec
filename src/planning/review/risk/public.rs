//! Everything that can be reached from the internet, and was internal before.

use super::{Finding, RiskyChange, finding};
use crate::plan::review::RiskClass::Public;

pub(super) fn of(change: &RiskyChange<'_>) -> Vec<Finding> {
    let fields = change.staked().into_iter().filter(|field| field.inside() == 0);
    let messages = fields.filter_map(|field| {
        let to = field.to.finish().ok()?;
        let (was, is) = (field.stakes.public.contains(&field.from), field.stakes.public.contains(&to));
        let from = if field.from.is_null() { String::new() } else { format!("{} → ", field.from) };
        (is && !was).then(|| format!("can be reached from the internet from now on: `{}` {from}{to}", field.path))
    });
    messages.map(|message| finding(Public, message)).collect()
}
