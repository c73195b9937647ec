//! A plan as JSON, for machines. Documented in the README; a change to it is a breaking change.

use std::collections::BTreeMap;

use serde::Serialize;

use super::changes::UNKNOWN;
use crate::diff::{Change, Effect};
use crate::names::{Address, KindName, PhysicalId, Region, Scope, StackName};
use crate::plan::review::{Review, Risk, RiskClass, Subject};
use crate::plan::{Decision, ObstacleKind, Plan, Planned, ReplaceOrder, Summary};
use crate::value::{Json, Partial};

/// Version of this form.
pub const FORMAT_VERSION: u32 = 1;

/// The whole plan. Resources that stay as they are are only counted.
pub fn json(plan: &Plan) -> serde_json::Result<Json> {
    serde_json::to_value(Document {
        format_version: FORMAT_VERSION,
        stack: &plan.stack,
        account: &plan.account,
        regions: &plan.regions,
        destroy: plan.destroy,
        empty: plan.is_empty(),
        summary: plan.summary(),
        waves: plan.waves.iter().map(|wave| &wave.name).collect(),
        risks: plan.review.risks.iter().map(risk).collect(),
        changes: plan.entries.iter().filter_map(|entry| resource(entry, &plan.review)).collect(),
        obstacles: plan
            .obstacles
            .iter()
            .map(|obstacle| Obstacle {
                address: &obstacle.address,
                kind: match obstacle.kind {
                    ObstacleKind::NotOwned => "taken",
                    ObstacleKind::Protected => "protected",
                    ObstacleKind::Missing => "missing",
                    ObstacleKind::Impossible => "impossible",
                },
                message: &obstacle.message,
                help: &obstacle.help,
            })
            .collect(),
        stays: plan.stays.iter().map(|stay| Stay { address: &stay.address, path: stay.path.to_string() }).collect(),
    })
}

#[derive(Serialize)]
struct Document<'a> {
    format_version: u32,
    stack: &'a StackName,
    account: &'a str,
    regions: &'a [Region],
    destroy: bool,
    empty: bool,
    summary: Summary,
    waves: Vec<&'a Scope>,
    risks: Vec<RiskForm<'a>>,
    changes: Vec<Resource<'a>>,
    obstacles: Vec<Obstacle<'a>>,
    stays: Vec<Stay<'a>>,
}

#[derive(Serialize)]
struct Stay<'a> {
    address: &'a Address,
    path: String,
}

#[derive(Serialize)]
struct RiskForm<'a> {
    class: RiskClass,
    /// The thing at risk: a region, a block, or none for the resources themselves.
    subject: Option<String>,
    kind: Option<&'a KindName>,
    addresses: &'a [Address],
    message: &'a str,
}

#[derive(Serialize)]
struct Resource<'a> {
    address: &'a Address,
    kind: &'a KindName,
    scope: &'a Scope,
    wave: usize,
    action: &'static str,
    id: Option<&'a PhysicalId>,
    why: Option<&'a str>,
    /// Of a replacement: `create_first` or `delete_first`.
    order: Option<&'static str>,
    /// True for the old half of a replacement, which is deleted; another resource has its address.
    deposed: bool,
    /// The address of the change that this one only follows.
    follows: Option<&'a Address>,
    /// The address of the same change in a region that comes earlier.
    same_as: Option<&'a Address>,
    /// The telling properties of a new resource.
    highlights: BTreeMap<String, &'a Json>,
    properties: Vec<Property>,
}

#[derive(Serialize)]
struct Property {
    path: String,
    from: Json,
    to: Json,
    secret: bool,
    forces_replacement: bool,
    /// The references that `to` waits for; empty if it is known.
    waits_for: Vec<String>,
    /// True for a list whose order means nothing.
    unordered: bool,
}

#[derive(Serialize)]
struct Obstacle<'a> {
    address: &'a Address,
    kind: &'static str,
    message: &'a str,
    help: &'a str,
}

fn risk(risk: &Risk) -> RiskForm<'_> {
    let (subject, kind) = match &risk.subject {
        Subject::Region(region) => (Some(region.to_string()), None),
        Subject::Block(block) => (Some(block.clone()), None),
        Subject::Resource(kind) => (None, Some(kind)),
    };
    RiskForm { class: risk.class, subject, kind, addresses: &risk.addresses, message: &risk.message }
}

fn resource<'a>(entry: &'a Planned, review: &'a Review) -> Option<Resource<'a>> {
    let (action, why) = match &entry.decision {
        Decision::Keep => return None,
        Decision::Await { why } => ("await", Some(why.as_str())),
        Decision::Create { why } => ("create", why.as_deref()),
        Decision::Update { .. } => ("update", None),
        Decision::Replace { why, .. } => ("replace", why.as_deref()),
        Decision::Adopt { .. } => ("adopt", None),
        Decision::Delete => ("delete", None),
        Decision::Forget => ("forget", None),
    };
    let order = match &entry.decision {
        Decision::Replace { order: ReplaceOrder::CreateFirst, .. } => Some("create_first"),
        Decision::Replace { order: ReplaceOrder::DeleteFirst, .. } => Some("delete_first"),
        _ => None,
    };
    let id = match &entry.decision {
        Decision::Adopt { id, .. } => Some(id),
        _ => entry.id.as_ref(),
    };
    let highlights = review.highlights.get(&entry.address).map_or(&[][..], Vec::as_slice);
    Some(Resource {
        address: &entry.address,
        kind: &entry.kind,
        scope: &entry.address.at,
        wave: entry.wave,
        action,
        id,
        why,
        order,
        deposed: entry.deposed,
        follows: review.cause(entry),
        same_as: review.same_as.get(&entry.address).filter(|_| !entry.deposed),
        highlights: highlights.iter().map(|one| (one.path.to_string(), &one.value)).collect(),
        properties: entry.changes().iter().map(property).collect(),
    })
}

fn property(change: &Change) -> Property {
    let mut waits_for = Vec::new();
    let to = change.to.with_placeholders(&mut |unknown| {
        waits_for.extend(unknown.waits_for.iter().cloned());
        Json::String(UNKNOWN.to_owned())
    });
    // A value that is unknown as a whole is null, so that no text has to be compared.
    let to = if matches!(change.to, Partial::Unknown(_)) { Json::Null } else { to };
    let shown = |value: Json| if change.secret { Json::Null } else { value };
    Property {
        path: change.path.to_string(),
        from: shown(change.from.clone()),
        to: shown(to),
        secret: change.secret,
        forces_replacement: change.effect == Effect::Replace,
        waits_for,
        unordered: change.unordered,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    #[test]
    fn the_form_is_fixed() {
        let json = json(&sample::plan()).expect("json");
        insta::assert_snapshot!(serde_json::to_string_pretty(&json).expect("text"));
    }
}
