//! `dns`: the zone that public names stand in, made by the stack or looked up.

use serde_json::json;

use super::block::Block;
use super::expansion::{Expansion, Item, known};
use crate::problem::{Code, Problem};
use crate::value::Path;

/// The zone's name as Route 53 keeps it: lower case, no dot at the end.
pub(super) fn plain_name(name: &str) -> String {
    name.trim_end_matches('.').to_lowercase()
}

/// The hosted zone of the stack.
pub(super) struct Dns;

impl Block for Dns {
    const NAME: &'static str = "dns";

    /// Declares `dns.zone@global`.
    fn expand(cx: &mut Expansion<'_>) {
        let Some(dns) = &cx.stack().dns else { return };
        let item = Item { prefix: "dns".into(), origin: Path::of(["dns"]), region: None, retain: dns.retain };
        let spec = json!({"name": plain_name(&dns.zone)});
        if let (Some(id), false) = (&dns.id, dns.create) {
            let query = json!({"id": id, "name": plain_name(&dns.zone)});
            cx.existing(&item, item.address("zone"), known("route53.HostedZone"), &query);
        } else if dns.create {
            if dns.id.is_some() {
                let problem = Problem::new(Code::NotManaged, "`id` of a zone that this stack makes");
                let span = cx.loaded.places.key(&Path::of(["dns", "id"]));
                cx.report(problem.at(span).help("remove `id`, or remove `create` to use the zone that is there"));
            }
            // New name servers would have to be told to the registrar, which takes days.
            cx.declare(&item, "zone", "route53.HostedZone", spec).protect = dns.protect.unwrap_or(true);
        } else {
            cx.existing(&item, item.address("zone"), known("route53.HostedZone"), &spec);
        }
    }
}
