//! Changes of a state by hand: checks first, then a new state or a reason why not. Pure.

use std::collections::BTreeSet;

use super::State;
use crate::names::Address;
use crate::problem::nearest;

/// The reason why a state is not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Refusal {
    /// The problem.
    pub what: String,
    /// The remedy.
    pub help: Option<String>,
}

impl Refusal {
    fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), help: Some(help.into()) }
    }
}

/// The state that is pushed, as what follows the one that is there.
///
/// `force` passes over another lineage and an older serial, and nothing else.
pub fn pushed(given: State, there: Option<&State>, account: Option<&str>, force: bool) -> Result<State, Refusal> {
    let expected = [account.unwrap_or_default(), there.map_or("", |there| there.account.as_str())];
    if let Some(expected) =
        expected.iter().find(|one| !one.is_empty() && !given.account.is_empty() && **one != given.account)
    {
        return Err(Refusal::new(
            format!("it is a state of the account {}, and this stack is in {expected}", given.account),
            "a state cannot be taken from one account to another",
        ));
    }
    let Some(there) = there else { return Ok(State { serial: 1, epoch: 0, copied: 0, ..given }) };
    let despite = "look at both with `isobar state pull`; to put it in the place of what is there, pass `--force`";
    if !force && given.lineage != there.lineage {
        let what = format!("its lineage is `{}`, not `{}`: it began as another state", given.lineage, there.lineage);
        return Err(Refusal::new(what, despite));
    }
    if !force && given.serial < there.serial {
        let what = format!(
            "its serial is {}, older than {}: somebody has changed the stack since",
            given.serial, there.serial
        );
        return Err(Refusal::new(what, despite));
    }
    Ok(State { serial: there.serial + 1, epoch: there.epoch, copied: there.copied, ..given })
}

/// The new address of each old one, when an address, or a block with all its parts, gets another name.
pub fn moves(state: &State, from: &str, to: &str) -> Result<Vec<(Address, Address)>, Refusal> {
    let known = known(state);
    let (path, at) = from.split_once('@').map_or((from, None), |(path, at)| (path, Some(at)));
    let (new, new_at) = to.split_once('@').map_or((to, None), |(path, at)| (path, Some(at)));
    if at != new_at {
        let what = format!("`{from}` and `{to}` are in different scopes: a resource cannot be moved to another region");
        return Err(Refusal::new(
            what,
            "write both with the same `@region`, or both without: all parts in all regions",
        ));
    }
    let mut moves = Vec::new();
    for address in &known {
        let Some(rest) = address.path.strip_prefix(path) else { continue };
        let whole = rest.is_empty() || (at.is_none() && rest.starts_with('.'));
        if whole && at.is_none_or(|at| address.at.to_string() == at) {
            let target = format!("{new}{rest}@{}", address.at).parse();
            let target: Address = target.map_err(|error| Refusal { what: format!("{error}"), help: None })?;
            moves.push((address.clone(), target));
        }
    }
    if moves.is_empty() {
        return Err(unknown(from, &known));
    }
    if let Some((_, taken)) = moves.iter().find(|(_, target)| known.contains(target)) {
        return Err(Refusal::new(
            format!("the state already has something at `{taken}`"),
            "move or forget that one first: `isobar state mv`, `isobar state rm`",
        ));
    }
    if let Some(open) = state.pending.iter().find(|pending| moves.iter().any(|(from, _)| *from == pending.address)) {
        return Err(Refusal::new(
            format!("a call for `{}` is open, and its answer is found by this address", open.address),
            "`isobar recover` finds out what became of it",
        ));
    }
    Ok(moves)
}

/// The state after these moves.
pub fn moved(state: &State, moves: &[(Address, Address)]) -> State {
    let mut state = state.clone();
    rename(&mut state, moves);
    state.serial += 1;
    state
}

/// Renames addresses, in records and in what needs them. Not of open calls: their outcome is found by the address
/// under which they began.
pub(super) fn rename(state: &mut State, moves: &[(Address, Address)]) {
    let new = |address: &Address| {
        moves.iter().find(|(from, _)| from == address).map_or_else(|| address.clone(), |(_, to)| to.clone())
    };
    state.records = std::mem::take(&mut state.records).into_iter().map(|(at, record)| (new(&at), record)).collect();
    for old in &mut state.deposed {
        old.address = new(&old.address);
    }
    let deposed = state.deposed.iter_mut().map(|old| &mut old.record.needs);
    let pending = state.pending.iter_mut().map(|pending| &mut pending.needs);
    let records = state.records.values_mut().chain(state.retained.values_mut());
    for needs in records.map(|record| &mut record.needs).chain(deposed).chain(pending) {
        *needs = needs.iter().map(new).collect();
    }
}

/// Every address that these patterns fit; each must fit one.
pub fn fitting(state: &State, patterns: &[String]) -> Result<BTreeSet<Address>, Refusal> {
    let known = known(state);
    let mut fitting = BTreeSet::new();
    for pattern in patterns {
        let these: Vec<&Address> = known.iter().filter(|address| address.matches(pattern)).collect();
        if these.is_empty() {
            return Err(unknown(pattern, &known));
        }
        fitting.extend(these.into_iter().cloned());
    }
    Ok(fitting)
}

/// The state without anything of these addresses.
pub fn forgotten(state: &State, addresses: &BTreeSet<Address>) -> State {
    let mut state = state.clone();
    state.records.retain(|address, _| !addresses.contains(address));
    state.pending.retain(|pending| !addresses.contains(&pending.address));
    state.deposed.retain(|old| !addresses.contains(&old.address));
    state.serial += 1;
    state
}

/// Every address in the state.
fn known(state: &State) -> BTreeSet<Address> {
    let pending = state.pending.iter().map(|pending| &pending.address);
    let deposed = state.deposed.iter().map(|old| &old.address);
    state.records.keys().chain(pending).chain(deposed).cloned().collect()
}

fn unknown(given: &str, known: &BTreeSet<Address>) -> Refusal {
    let whole = known.iter().map(ToString::to_string);
    // Blocks are meant as often as whole addresses.
    let paths = known.iter().flat_map(|address| {
        let ends = address.path.match_indices('.').map(|(end, _)| end).skip(1).chain([address.path.len()]);
        ends.map(|end| address.path[..end].to_owned()).collect::<Vec<_>>()
    });
    let names: Vec<String> = if given.contains('@') { whole.collect() } else { paths.collect() };
    let help = match nearest(given, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`isobar state list` lists what there is".to_owned(),
    };
    Refusal::new(format!("the state has nothing at `{given}`"), help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Record;

    fn state(addresses: &[&str]) -> State {
        let mut state = State::new("demo".parse().expect("a name"), "line".into());
        (state.serial, state.account) = (7, "111111111111".into());
        for (number, address) in addresses.iter().enumerate() {
            let before = addresses[..number].iter().map(|need| need.parse().expect("an address"));
            let record = Record {
                kind: "sns.Topic".parse().expect("a kind"),
                id: address.parse().expect("an id"),
                generation: 1,
                spec: serde_json::Value::Null,
                outputs: serde_json::Value::Null,
                needs: before.collect(),
                protect: false,
                retain: false,
            };
            state.records.insert(address.parse().expect("an address"), record);
        }
        state
    }

    fn addresses(state: &State) -> Vec<String> {
        state.records.keys().map(ToString::to_string).collect()
    }

    #[test]
    fn a_block_moves_with_its_parts_and_its_dependents_follow() {
        let before = state(&["f.a@us-east-1", "f.a.role@us-east-1", "f.ab@us-east-1"]);
        let after = moved(&before, &moves(&before, "f.a", "f.c").expect("moves"));
        assert_eq!(addresses(&after), ["f.ab@us-east-1", "f.c@us-east-1", "f.c.role@us-east-1"]);
        let needs = &after.records[&"f.ab@us-east-1".parse().expect("an address")].needs;
        let needs: Vec<String> = needs.iter().map(ToString::to_string).collect();
        assert_eq!((needs, after.serial), (vec!["f.c@us-east-1".into(), "f.c.role@us-east-1".into()], 8));
        let one = moves(&before, "f.a@us-east-1", "f.c@us-east-1").expect("moves");
        assert_eq!(addresses(&moved(&before, &one)), ["f.a.role@us-east-1", "f.ab@us-east-1", "f.c@us-east-1"]);
    }

    #[test]
    fn moves_that_lose_something_are_rejected() {
        let state = state(&["f.one@us-east-1", "f.two@us-east-1"]);
        for (from, to, says) in [
            ("f.one", "f.two", "already"),
            ("f.one", "f.one", "already"),
            ("f.on", "f.three", "has nothing"),
            ("f.one@us-east-1", "f.three@us-west-2", "another region"),
            ("f.one", "f..x", "not an address"),
        ] {
            let refused = moves(&state, from, to).expect_err(to);
            assert!(refused.what.contains(says), "{refused}");
        }
        let near = moves(&state, "f.onee", "f.x").expect_err("refused").help;
        assert_eq!(near.as_deref(), Some("did you mean `f.one`?"));
    }

    #[test]
    fn forgotten_addresses_are_named_and_each_pattern_matches_one() {
        let before = state(&["f.a@us-east-1", "f.a@us-west-2", "f.b@us-east-1"]);
        let these = fitting(&before, &["f.a".into(), "*@us-west-2".into()]).expect("addresses");
        assert_eq!(addresses(&forgotten(&before, &these)), ["f.b@us-east-1"]);
        let refused = fitting(&before, &["f.a".into(), "f.c@us-east-1".into()]).expect_err("refused");
        assert!(refused.what.contains("f.c@us-east-1"), "{refused}");
    }

    #[test]
    fn pushed_states_descend_from_this_one_and_force_has_its_bounds() {
        let there = state(&["f.a@us-east-1"]);
        let check = |given: State, account: Option<&str>, force| pushed(given, Some(&there), account, force);
        assert_eq!(check(there.clone(), None, false).map(|state| state.serial), Ok(8));
        let older = State { serial: 6, ..there.clone() };
        assert!(check(older.clone(), None, false).expect_err("refused").what.contains("older than 7"));
        assert_eq!(check(older, None, true).map(|state| state.serial), Ok(8));
        let other = State { lineage: "other".into(), ..there.clone() };
        assert!(check(other.clone(), None, false).expect_err("refused").what.contains("lineage"));
        assert_eq!(check(other, None, true).map(|state| state.lineage), Ok("other".into()));
        let stranger = State { account: "222222222222".into(), ..there.clone() };
        assert!(check(stranger, None, true).expect_err("refused").what.contains("account"));
        assert!(check(there.clone(), Some("333333333333"), true).expect_err("refused").what.contains("account"));
        assert_eq!(pushed(there.clone(), None, None, false).map(|state| state.serial), Ok(1));
    }
}
