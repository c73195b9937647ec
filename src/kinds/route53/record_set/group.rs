//! The records of one name and type in all regions of a stack, which are all chosen in the same way or refused.
//!
//! Each is a resource of its own. When one of them is to be chosen in another way, the others go along in the same
//! batch, as well as can be told from their set identifiers; what is still wrong with them, their own updates put right.

use aws_sdk_route53::types::{Change, ChangeAction, ResourceRecordSet};

use super::change;
use super::spec::{RecordType, Routing, Spec, routing};
use crate::aws::{Result, from_wire};
use crate::names::Region;

/// The changes that make the records beside ours be chosen as ours is to be. `all` are those of the name.
///
/// None if it cannot be told how one of them should be: then AWS refuses ours, and says so.
pub(super) fn follow(all: &[ResourceRecordSet], to: &Spec, types: &[RecordType]) -> Result<Vec<Change>> {
    let (Some(wanted), Some((stack, _))) = (&to.routing, to.set_identifier.as_deref().and_then(split)) else {
        return Ok(Vec::new());
    };
    let is_type = |set: &ResourceRecordSet| from_wire(set.r#type.as_str()).is_some_and(|kind| types.contains(&kind));
    let place = |set: &ResourceRecordSet| {
        let identifier = set.set_identifier.clone().filter(|one| Some(one) != to.set_identifier.as_ref())?;
        split(&identifier).filter(|(of, _)| *of == stack).map(|(_, place)| place.to_owned())
    };
    let same = |set: &ResourceRecordSet| std::mem::discriminant(&routing(set)) == std::mem::discriminant(wanted);
    let (mut gone, mut new) = (Vec::new(), Vec::new());
    for set in all.iter().filter(|set| is_type(set) && !same(set)) {
        let Some(place) = place(set) else { continue };
        let Some(followed) = chosen_like(set, wanted, &place) else { return Ok(Vec::new()) };
        gone.push(change(&ChangeAction::Delete, set.clone())?);
        new.push(change(&ChangeAction::Create, followed)?);
    }
    gone.append(&mut new);
    Ok(gone)
}

/// The stack and the place of `stack:place`.
fn split(identifier: &str) -> Option<(&str, &str)> {
    identifier.rsplit_once(':')
}

/// A record that is chosen in the way of another, but for its own place.
fn chosen_like(set: &ResourceRecordSet, wanted: &Routing, place: &str) -> Option<ResourceRecordSet> {
    let mut set = set.clone();
    (set.region, set.weight, set.geo_location) = (None, None, None);
    (set.failover, set.multi_value_answer, set.cidr_routing_config) = (None, None, None);
    match wanted {
        Routing::Latency { .. } => set.region = Some(place.parse::<Region>().ok()?.as_str().into()),
        Routing::Weighted { weight } => set.weight = Some(*weight),
        Routing::Multivalue {} => set.multi_value_answer = Some(true),
        _ => return None,
    }
    Some(set)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::spec::record;
    use super::*;

    fn spec(identifier: &str, routing: &serde_json::Value) -> Spec {
        serde_json::from_value(json!({
            "zone_id": "Z1", "name": "api.example.com", "types": ["A"], "set_identifier": identifier,
            "routing": routing, "alias": {"dns_name": format!("{identifier}.example.org"), "zone_id": "Z2"},
        }))
        .expect("a spec")
    }

    fn live(identifier: &str, routing: &serde_json::Value) -> ResourceRecordSet {
        record(RecordType::A, &spec(identifier, routing), None).expect("a record")
    }

    #[test]
    fn the_regions_of_a_stack_change_together() {
        let weighted = json!({"weighted": {"weight": 7}});
        let latency = |region: &str| json!({"latency": {"region": region}});
        let all = ["shop:us-east-1", "shop:eu-west-1", "store:eu-west-2"].map(|one| live(one, &weighted));
        let to = spec("shop:us-east-1", &latency("us-east-1"));
        let changes = follow(&all, &to, &[RecordType::A]).expect("changes");
        let [gone, new] = changes.as_slice() else { panic!("{changes:?}") };
        let of = |change: &Change| change.resource_record_set.clone().expect("a record");
        assert_eq!((&gone.action, of(gone)), (&ChangeAction::Delete, all[1].clone()));
        assert_eq!((&new.action, of(new)), (&ChangeAction::Create, live("shop:eu-west-1", &latency("eu-west-1"))));

        let back = follow(&[of(new)], &spec("shop:us-east-1", &weighted), &[RecordType::A]).expect("changes");
        assert_eq!(back.len(), 2);
        assert_eq!(of(&back[1]).weight, Some(7));
        assert!(
            follow(&[of(new)], &spec("shop:us-east-1", &weighted), &[RecordType::AAAA]).expect("changes").is_empty()
        );
    }

    #[test]
    fn records_of_unknown_places_are_left_alone() {
        let all = [live("shop:blue", &json!({"weighted": {"weight": 7}}))];
        let latency = spec("shop:us-east-1", &json!({"latency": {"region": "us-east-1"}}));
        assert!(follow(&all, &latency, &[RecordType::A]).expect("changes").is_empty());
        let far = spec("shop:us-east-1", &json!({"geolocation": {"country": "US"}}));
        assert!(follow(&all, &far, &[RecordType::A]).expect("changes").is_empty());
    }
}
