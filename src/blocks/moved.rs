//! `moved`: blocks with a new name. The plan reads the map; here it is checked that it makes sense.

use super::expansion::Expansion;
use crate::names::Address;
use crate::problem::{Code, Problem, nearest};
use crate::value::Path;

/// Reports names that nothing has, and old names that are still in use.
pub(super) fn check(cx: &mut Expansion<'_>) {
    let known: Vec<Address> = cx.declarations.iter().map(|one| one.address.clone()).collect();
    let stands = |path: &str| {
        let inside = |one: &Address| one.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
        known.iter().any(|one| &*one.path == path || one.to_string() == path || inside(one))
    };
    for (old, new) in &cx.stack().moved {
        let path = Path::of(["moved", old]);
        if !stands(new) {
            let near = nearest(new, known.iter().map(|one| &*one.path)).map(|near| format!("did you mean `{near}`?"));
            let help =
                near.unwrap_or_else(|| format!("write `{old}: NEW_NAME`, where the new name stands in this file"));
            let problem = Problem::new(Code::UnknownName, format!("`{new}` is not in this file"));
            cx.report(problem.at(cx.loaded.places.value(&path)).help(help));
        }
        if stands(old) {
            let problem = Problem::new(Code::MovedInUse, format!("`{old}` was moved, but still stands in this file"));
            let help = format!("remove `{old}`, or the line under `moved`");
            cx.report(problem.at(cx.loaded.places.key(&path)).help(help));
        }
    }
}
