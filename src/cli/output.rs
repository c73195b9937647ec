//! `isobar output`: what a stack offers, for people and scripts, from the state's records.

use std::collections::BTreeMap;

use super::args::{Globals, Output, OutputFormat};
use super::{Done, Failure, console, engine};
use crate::names::{Address, Scope};
use crate::problem::nearest;
use crate::state::State;
use crate::value::Json;

pub fn run(globals: &Globals, args: &Output) -> Result<Done, Failure> {
    let (stack, name) = args.stack_and_name();
    let all = Outputs::of(&engine::state(globals, stack)?);
    let Some(name) = name else {
        console::data(&listing(&all.0, args.format)?)?;
        return Ok(Done::Clean);
    };
    let found = all.named(name);
    let text = match (found.len(), args.format) {
        (0, _) => return Err(all.unknown(name)),
        (1, OutputFormat::Text) => bare(&found.values().collect::<Vec<_>>()) + "\n",
        (1, OutputFormat::Json) => found.values().map(|value| format!("{value:#}")).collect::<Vec<_>>().join("") + "\n",
        _ => listing(&found, args.format)?,
    };
    console::data(&text)?;
    Ok(Done::Clean)
}

/// Values by their full names: `PATH.OUTPUT@SCOPE`.
struct Outputs(BTreeMap<Name, Json>);

/// The name of a value, in the order in which values are listed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    path: String,
    output: String,
    at: Scope,
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}@{}", self.path, self.output, self.at)
    }
}

impl Outputs {
    fn of(state: &State) -> Self {
        let values = state.records.iter().flat_map(|(address, record)| {
            let outputs = record.outputs.as_object().into_iter().flatten();
            outputs.filter(|(_, value)| !value.is_null()).map(|(output, value)| (named(address, output), value.clone()))
        });
        Self(values.collect())
    }

    /// Those that a name means: in full, without its part (`tables.carts.name`), or without its
    /// region, which is then every region. The fullest meaning wins.
    fn named(&self, name: &str) -> BTreeMap<Name, Json> {
        let (words, at) = match name.split_once('@') {
            Some((words, at)) => (words, Some(at)),
            None => (name, None),
        };
        let Some((path, output)) = words.rsplit_once('.') else { return BTreeMap::new() };
        let here = |key: &Name| key.output == output && at.is_none_or(|at| key.at.to_string() == at);
        let pick = |fits: &dyn Fn(&Name) -> bool| -> BTreeMap<Name, Json> {
            self.0.iter().filter(|(key, _)| fits(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
        };
        let exact = pick(&|key| here(key) && key.path == path);
        if !exact.is_empty() {
            return exact;
        }
        pick(&|key| here(key) && key.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
    }

    fn unknown(&self, name: &str) -> Failure {
        let failure = Failure::error(format!("there is no output `{name}`"));
        let known: Vec<String> = self.0.keys().map(Name::to_string).collect();
        match (known.is_empty(), nearest(name, known.iter().map(String::as_str))) {
            (true, _) => failure.help("nothing was applied yet; run `isobar apply`"),
            (false, Some(near)) => failure.help(format!("did you mean `{near}`?")),
            (false, None) => failure.help("`isobar output` lists what there is"),
        }
    }
}

fn named(address: &Address, output: &str) -> Name {
    Name { path: address.path.to_string(), output: output.to_owned(), at: address.at.clone() }
}

fn listing(values: &BTreeMap<Name, Json>, format: OutputFormat) -> Result<String, Failure> {
    match format {
        OutputFormat::Text => {
            let width = values.keys().map(|name| name.to_string().len()).max().unwrap_or_default();
            let line = |(name, value): (&Name, &Json)| format!("{:<width$}  {}\n", name.to_string(), bare(&[value]));
            Ok(values.iter().map(line).collect())
        }
        OutputFormat::Json => {
            let values: BTreeMap<String, &Json> =
                values.iter().map(|(name, value)| (name.to_string(), value)).collect();
            let document = serde_json::json!({"format_version": 1, "outputs": values});
            serde_json::to_string_pretty(&document).map(|text| text + "\n").map_err(Failure::error)
        }
    }
}

/// Texts without quotes, anything else as JSON.
fn bare(values: &[&Json]) -> String {
    let texts = values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    texts.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn outputs() -> Outputs {
        let mut all = BTreeMap::new();
        for (address, output, value) in [
            ("apis.shop.stage@us-east-1", "invoke_url", "https://a"),
            ("apis.shop.stage@us-west-2", "invoke_url", "https://b"),
            ("tables.carts.table@global", "name", "shop-carts"),
        ] {
            let address: Address = address.parse().expect("an address");
            all.insert(named(&address, output), json!(value));
        }
        Outputs(all)
    }

    fn check(name: &str, expected: &[&str]) {
        let found: Vec<String> = outputs().named(name).values().map(|value| bare(&[value])).collect();
        assert_eq!(found, expected, "{name}");
    }

    #[test]
    fn a_name_may_leave_out_the_part_and_the_region() {
        check("apis.shop.stage.invoke_url@us-east-1", &["https://a"]);
        check("apis.shop.invoke_url@us-west-2", &["https://b"]);
        check("apis.shop.invoke_url", &["https://a", "https://b"]);
        check("tables.carts.name", &["shop-carts"]);
        check("tables.cart.name", &[]);
        check("name", &[]);
    }
}
