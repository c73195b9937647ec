//! The alarms of a table, where somebody is told: calls that are refused in a region, and writes that
//! take long to reach the other regions.

use serde_json::json;

use super::expansion::{Expansion, Item};
use super::notify;
use crate::names::Region;
use crate::stack::file::{Consistency, Table};
use crate::value::Json;

/// A minute, in milliseconds: DynamoDB promises no time, and usually needs about a second.
const SLOW: u32 = 60_000;

/// Declares the alarms of a table in every region, if anybody is told.
pub(super) fn expand(cx: &mut Expansion<'_>, name: &str, table: &Table) {
    if cx.stack().notify.is_none() {
        return;
    }
    for region in cx.regions() {
        let item = Item::new("tables", name, Some(region), table.retain);
        for (part, metric) in [("read_throttles", "ReadThrottleEvents"), ("write_throttles", "WriteThrottleEvents")] {
            let what = format!("{name}: calls are refused because the table is used too much");
            let rule = json!({"metric_name": metric, "statistic": "Sum", "evaluation_periods": 3, "threshold": 1});
            alarm(cx, &item, (name, part, &what), json!({}), rule);
        }
        // With strong consistency a write is everywhere before it is answered, and nothing is measured.
        let measured = table.consistency == Consistency::Eventual;
        for receiving in cx.regions().iter().filter(|other| measured && *other != region) {
            replication(cx, &item, name, receiving);
        }
    }
}

/// Writes made here and not yet there.
fn replication(cx: &mut Expansion<'_>, item: &Item<'_>, name: &str, receiving: &Region) {
    let part = format!("replication.{receiving}");
    let what = format!("{name}: writes take more than a minute to reach {receiving}");
    let rule = json!({
        "metric_name": "ReplicationLatency",
        "statistic": "Average",
        "evaluation_periods": 5,
        "threshold": SLOW,
    });
    alarm(cx, item, (name, &part, &what), json!({"ReceivingRegion": receiving}), rule);
}

fn alarm(
    cx: &mut Expansion<'_>,
    item: &Item<'_>,
    (name, part, what): (&str, &str, &str),
    mut dimensions: Json,
    mut spec: Json,
) {
    dimensions["TableName"] = item.output("name").into();
    let words = [&["tables", cx.first_name("tables", name)][..], &part.split('.').collect::<Vec<_>>()].concat();
    let common = json!({
        "name": cx.physical(&words, 255),
        "description": what,
        "namespace": "AWS/DynamoDB",
        "dimensions": dimensions,
        "period": 60,
        "comparison_operator": "GreaterThanOrEqualToThreshold",
        "treat_missing_data": "notBreaching",
    });
    if let (Json::Object(spec), Json::Object(common)) = (&mut spec, common) {
        spec.extend(common);
    }
    notify::tell(cx, &mut spec);
    cx.declare(item, part, "cloudwatch.Alarm", spec);
}
