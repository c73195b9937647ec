//! `isobar output`: the outputs of a stack, for people and scripts, from the state's records.

use std::collections::BTreeMap;
use std::path::Path;

use clap::ValueEnum;

use crate::cli::globals::Globals;
use crate::cli::session::Session;
use crate::cli::{Done, Failure, console, stack_file};
use crate::names::{Address, Scope};
use crate::problem::nearest;
use crate::state::State;
use crate::value::Json;

/// Print the outputs of the stack: URLs, names, and other values for scripts
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The stack file (ends in .yaml or .yml), then the name of a value; both may be left out
    #[arg(value_name = "STACK] [NAME", num_args = 0..=2)]
    words: Vec<String>,
    /// List every value of every resource
    #[arg(long)]
    all: bool,
    /// Output format
    #[arg(long, default_value = "text")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl Args {
    /// The stack file and the name asked for.
    fn stack_and_name(&self) -> (&Path, Option<&str>) {
        // Of two words the first is the file, whatever its name.
        if let [stack, name] = self.words.as_slice() {
            return (Path::new(stack), Some(name));
        }
        let (stack, rest) = stack_file::split(&self.words);
        (stack, rest.first().map(String::as_str))
    }
}

pub fn run(globals: &Globals, args: &Args) -> Result<Done, Failure> {
    let (stack, name) = args.stack_and_name();
    let all = Outputs::of(&Session::new(globals, stack).state()?);
    let Some(name) = name else {
        let values = if args.all { all.written() } else { all.offered() };
        console::data(&listing(&values, args.format)?)?;
        return Ok(Done::Clean);
    };
    let found = all.named(name);
    let text = match (found.len(), args.format) {
        (0, _) => return Err(all.unknown(name)),
        (1, Format::Text) => found.values().map(bare).collect::<String>() + "\n",
        (1, Format::Json) => pretty(found.values().next())?,
        _ => listing(&found, args.format)?,
    };
    console::data(&text)?;
    Ok(Done::Clean)
}

/// Outputs of every resource that are offered by default.
const OFFERED: [&str; 3] = ["url", "invoke_url", "name_servers"];
/// Outputs of a block's own resource, not of its parts, that are offered by default.
const OFFERED_OF_BLOCKS: [&str; 2] = ["name", "arn"];

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

    /// All of them, by their full names.
    fn written(&self) -> BTreeMap<String, Json> {
        self.0.iter().map(|(name, value)| (name.to_string(), value.clone())).collect()
    }

    /// The outputs that others need, by short names: without the part, and without the region
    /// where every region has the same.
    fn offered(&self) -> BTreeMap<String, Json> {
        let mut offered: BTreeMap<String, BTreeMap<&Scope, &Json>> = BTreeMap::new();
        for (name, value) in &self.0 {
            let words: Vec<&str> = name.path.split('.').collect();
            let of_block = words.len() == 2 && OFFERED_OF_BLOCKS.contains(&name.output.as_str());
            if of_block || OFFERED.contains(&name.output.as_str()) {
                let short = format!("{}.{}", words[..words.len().min(2)].join("."), name.output);
                offered.entry(short).or_default().insert(&name.at, value);
            }
        }
        let named = offered.into_iter().flat_map(|(short, values)| {
            let first = values.values().next().copied();
            let same = values.values().all(|value| Some(*value) == first);
            let shown = if same { 1 } else { values.len() };
            let name = move |at: &Scope| if same { short.clone() } else { format!("{short}@{at}") };
            values.into_iter().take(shown).map(move |(at, value)| (name(at), value.clone())).collect::<Vec<_>>()
        });
        named.collect()
    }

    /// The values that a name means: in full, without its part (`tables.carts.name`), or without its
    /// region, which is then every region. The fullest meaning wins.
    fn named(&self, name: &str) -> BTreeMap<String, Json> {
        let (words, at) = match name.split_once('@') {
            Some((words, at)) => (words, Some(at)),
            None => (name, None),
        };
        let Some((path, output)) = words.rsplit_once('.') else { return BTreeMap::new() };
        let here = |key: &Name| key.output == output && at.is_none_or(|at| key.at.to_string() == at);
        let pick = |fits: &dyn Fn(&Name) -> bool| -> BTreeMap<String, Json> {
            let found: Vec<(&Name, &Json)> = self.0.iter().filter(|(key, _)| fits(key)).collect();
            let same = found.windows(2).all(|two| two[0].0.path == two[1].0.path && two[0].1 == two[1].1);
            let shown = if same { found.len().min(1) } else { found.len() };
            found[..shown].iter().map(|(key, value)| (key.to_string(), (*value).clone())).collect()
        };
        let exact = pick(&|key| here(key) && key.path == path);
        if !exact.is_empty() {
            return exact;
        }
        pick(&|key| here(key) && key.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
    }

    fn unknown(&self, name: &str) -> Failure {
        let failure = Failure::error(format!("there is no output `{name}`"));
        let known: Vec<String> = self.offered().into_keys().chain(self.0.keys().map(Name::to_string)).collect();
        match (known.is_empty(), nearest(name, known.iter().map(String::as_str))) {
            (true, _) => failure.help("nothing has been applied yet; run `isobar apply`"),
            (false, Some(near)) => failure.help(format!("did you mean `{near}`?")),
            (false, None) => failure.help("`isobar output` lists every name"),
        }
    }
}

fn named(address: &Address, output: &str) -> Name {
    Name { path: address.path.to_string(), output: output.to_owned(), at: address.at.clone() }
}

fn listing(values: &BTreeMap<String, Json>, format: Format) -> Result<String, Failure> {
    match format {
        Format::Text => {
            let width = values.keys().map(String::len).max().unwrap_or_default();
            let line = |(name, value)| format!("{name:<width$}  {}\n", bare(value));
            Ok(values.iter().map(line).collect::<Vec<_>>().concat())
        }
        Format::Json => {
            let document = serde_json::json!({"format_version": 1, "outputs": values});
            pretty(Some(&document))
        }
    }
}

fn pretty(json: Option<&Json>) -> Result<String, Failure> {
    serde_json::to_string_pretty(&json).map(|text| text + "\n").map_err(Failure::error)
}

/// A text without quotes, anything else as JSON.
fn bare(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_stack_and_a_name_are_told_apart_by_the_ending() {
        let check = |words: &[&str], stack: &str, name: Option<&str>| {
            let words = words.iter().map(|word| (*word).to_owned()).collect();
            let output = Args { words, all: false, format: Format::Text };
            assert_eq!(output.stack_and_name(), (Path::new(stack), name));
        };
        check(&[], "isobar.yaml", None);
        check(&["shop.yaml"], "shop.yaml", None);
        check(&["apis.shop.domain"], "isobar.yaml", Some("apis.shop.domain"));
        check(&["shop.yml", "apis.shop.domain"], "shop.yml", Some("apis.shop.domain"));
    }

    fn outputs() -> Outputs {
        let mut all = BTreeMap::new();
        for (address, output, value) in [
            ("apis.shop.mapping@us-east-1", "url", "https://shop"),
            ("apis.shop.mapping@us-west-2", "url", "https://shop"),
            ("apis.shop.mapping@us-west-2", "domain", "shop"),
            ("apis.shop.stage@us-east-1", "invoke_url", "https://a"),
            ("apis.shop.stage@us-west-2", "invoke_url", "https://b"),
            ("tables.carts@global", "name", "shop-carts"),
        ] {
            let address: Address = address.parse().expect("an address");
            all.insert(named(&address, output), json!(value));
        }
        Outputs(all)
    }

    fn check(name: &str, expected: &[&str]) {
        let found: Vec<String> = outputs().named(name).values().map(bare).collect();
        assert_eq!(found, expected, "{name}");
    }

    #[test]
    fn a_name_may_leave_out_the_part_and_the_region() {
        check("apis.shop.stage.invoke_url@us-east-1", &["https://a"]);
        check("apis.shop.invoke_url@us-west-2", &["https://b"]);
        check("apis.shop.invoke_url", &["https://a", "https://b"]);
        check("apis.shop.url", &["https://shop"]);
        check("tables.carts.name", &["shop-carts"]);
        check("tables.cart.name", &[]);
        check("name", &[]);
    }

    #[test]
    fn offered_outputs_have_the_shortest_names() {
        let names: Vec<String> = outputs().offered().into_keys().collect();
        let expected =
            ["apis.shop.invoke_url@us-east-1", "apis.shop.invoke_url@us-west-2", "apis.shop.url", "tables.carts.name"];
        assert_eq!(names, expected);
    }
}
