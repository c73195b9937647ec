//! A kind's own rules on a spec of which not everything is known yet.
//!
//! A rule that is broken whatever the unknown values turn out to be is broken now: the spec is filled with
//! values of several sorts, and what is wrong with all that fit counts. So `min` above `max` is told by
//! `validate` even where a subnet is known only after apply, and no guess makes a fault of its own.

use super::KindInfo;
use crate::value::{Json, Partial};

/// How many sorts of values are tried.
const SORTS: usize = 7;

impl KindInfo {
    /// What is wrong by the kind's own rules with a spec that fits its shape, in the user's words.
    pub fn broken_rules(&self, spec: &Partial) -> Vec<String> {
        if let Ok(spec) = spec.finish() {
            return (self.check)(&spec).unwrap_or_else(|error| vec![error]);
        }
        let mut fitting = (0..SORTS).filter_map(|sort| (self.check)(&filled(spec, sort)).ok());
        let first = fitting.next().unwrap_or_default();
        fitting.fold(first, |common, faults| common.into_iter().filter(|fault| faults.contains(fault)).collect())
    }
}

/// The spec with values of one sort in its holes, each different from the others.
fn filled(spec: &Partial, sort: usize) -> Json {
    let mut number = 0;
    spec.with_placeholders(&mut |_| {
        number += 1;
        guess(sort, number)
    })
}

fn guess(sort: usize, number: u32) -> Json {
    match sort {
        0 => format!("name-{number}").into(),
        1 => format!("arn:aws:service:us-east-1:123456789012:thing/name-{number}").into(),
        2 => format!("10.{}.0.0/16", number % 256).into(),
        3 => format!("https://host-{number}.example.com/path").into(),
        4 => format!("Z{number:0>12}").into(),
        5 => (1000 + number).into(),
        _ => Json::Null,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::catalog::{Shape, Traits};

    fn kind(check: fn(&Json) -> Result<Vec<String>, String>) -> KindInfo {
        let shape = Shape::from_schema(&json!({"type": "object"})).expect("a shape");
        KindInfo {
            name: "test.Thing".parse().expect("a name"),
            about: String::new(),
            spec: shape.clone(),
            outputs: shape,
            example: "",
            changes: &[],
            schema: json!({}),
            traits: Traits::DEFAULT,
            account_wide: false,
            check,
        }
    }

    fn broken(check: fn(&Json) -> Result<Vec<String>, String>, known: &Json) -> Vec<String> {
        let Partial::Map(mut fields) = Partial::from_json(known) else { panic!("a map") };
        fields.insert("hole".into(), Partial::unknown("a.b.c"));
        fields.insert("other".into(), Partial::unknown("a.b.d"));
        kind(check).broken_rules(&Partial::Map(fields))
    }

    #[test]
    fn what_is_wrong_whatever_comes_is_wrong_now() {
        let low =
            |spec: &Json| Ok((spec["min"].as_i64() > spec["max"].as_i64()).then(|| "min".into()).into_iter().collect());
        assert_eq!(broken(low, &json!({"min": 2, "max": 1})), ["min"]);
        assert!(broken(low, &json!({"min": 1, "max": 2})).is_empty());
    }

    #[test]
    fn what_hangs_on_what_comes_is_not_told() {
        let network = |spec: &Json| {
            let text = spec["hole"].as_str().ok_or("a text is wanted")?;
            Ok(if text.ends_with("/16") { Vec::new() } else { vec!["no network".into()] })
        };
        assert!(broken(network, &json!({})).is_empty());
        let same = |spec: &Json| Ok((spec["hole"] == spec["other"]).then(|| "the same".into()).into_iter().collect());
        assert!(broken(same, &json!({})).is_empty());
    }

    #[test]
    fn what_fits_nothing_that_can_be_guessed_is_left_to_aws() {
        assert!(broken(|_| Err("no such type".into()), &json!({})).is_empty());
        let whole = Partial::Map(BTreeMap::new());
        assert_eq!(kind(|_| Err("no such type".into())).broken_rules(&whole), ["no such type"]);
    }
}
