//! `notify`: a topic in every region that every alarm of that region speaks to.

use serde_json::json;

use super::block::Block;
use super::expansion::{Expansion, Item};
use crate::problem::{Code, Problem};
use crate::value::{Json, Path};

/// The topics that alarms speak to.
pub(super) struct Notify;

impl Block for Notify {
    const NAME: &'static str = "notify";

    /// Declares `notify.topic` in every region.
    fn expand(cx: &mut Expansion<'_>) {
        let Some(notify) = &cx.stack().notify else { return };
        for (at, email) in notify.email.iter().enumerate() {
            let well_formed = email.split_once('@').is_some_and(|(who, host)| !who.is_empty() && host.contains('.'));
            if !well_formed && !email.contains("${") {
                let span = cx.loaded.places.value(&Path::of(["notify", "email"]).index(at));
                cx.report(Problem::new(Code::BadEmail, format!("`{email}` is not an e-mail address")).at(span));
            }
        }
        let subscriptions: Vec<Json> =
            notify.email.iter().map(|email| json!({"protocol": "email", "endpoint": email})).collect();
        for region in cx.regions() {
            let item =
                Item { prefix: "notify".into(), origin: Path::of(["notify"]), region: Some(region), retain: false };
            let name = cx.physical(&["notify"], 256);
            let spec = json!({"name": name, "subscriptions": subscriptions});
            cx.declare(&item, "topic", "sns.Topic", spec);
        }
    }
}

/// The fields of an alarm that make it speak to the topic of its region, if there is one.
pub(super) fn tell(cx: &Expansion<'_>, alarm: &mut Json) {
    if cx.stack().notify.is_some() {
        for actions in ["alarm_actions", "ok_actions"] {
            alarm[actions] = json!(["${notify.topic.arn}"]);
        }
    }
}
