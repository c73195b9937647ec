//! Grants: updates that take away what others may still use, such as a statement of a policy or a rule of a group.

use std::collections::BTreeSet;

use super::inputs::Inputs;
use crate::catalog::{SchemaType, Shape};
use crate::diff::{managed_part, target, widened};
use crate::graph::Node;
use crate::names::Address;
use crate::plan::{Decision, Narrowing};
use crate::value::{Json, Partial, Target, Template};

/// The narrowing half of an update, if it takes something away.
///
/// A value that is not known yet counts as one that takes nothing, and what stands beside it as what it is.
pub(super) fn narrowing(
    inputs: Inputs<'_>,
    address: &Address,
    node: &Node,
    decision: &Decision,
    wanted: &Partial,
) -> Option<Narrowing> {
    let Decision::Update { .. } = decision else { return None };
    let info = inputs.kind_of(node)?;
    let live = inputs.observed.live(address)?;
    let record = inputs.state.records.get(address)?;
    let defaults = node.declaration.defaults_after(record.is_whole());
    let target = target(&info.spec, wanted, defaults, &live.spec, Some(&record.spec));
    let wanted = target.with_placeholders(&mut |_| Json::Null);
    let live = managed_part(&info.spec, &wanted, &live.spec, Some(&record.spec));
    widened(&info.spec, &wanted, &live)?;
    let declared: BTreeSet<&Address> = node.needs.keys().collect();
    let mut peers: BTreeSet<Address> = record.needs.iter().filter(|need| !declared.contains(need)).cloned().collect();
    named_in(&node.declaration.spec, &info.spec, &mut peers);
    Some(Narrowing { peers })
}

/// The addresses that the fields which grant something refer to.
fn named_in(spec: &Template, shape: &Shape, peers: &mut BTreeSet<Address>) {
    let (Template::Map(values), SchemaType::Object(fields)) = (spec, &shape.schema_type) else { return };
    for (name, value) in values {
        if fields.get(name).is_some_and(|field| field.shape.annotations.grants.is_some()) {
            for reference in value.references() {
                if let Target::Output { of, .. } = &reference.target {
                    peers.insert(of.clone());
                }
            }
        }
    }
}
