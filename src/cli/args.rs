//! Commands and options, as clap reads them. The doc comments are the help texts.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::TypedValueParser;
use clap::{Parser, Subcommand, ValueEnum};

/// Deploys multi-region active-active stacks on AWS, region by region, from one YAML file
#[derive(Debug, Parser)]
#[command(name = "isobar", version, propagate_version = false, disable_help_subcommand = true)]
#[command(after_help = "STACK is a YAML file, `isobar.yaml` if left out. `isobar COMMAND --help` tells more.")]
pub struct Args {
    #[command(flatten)]
    pub globals: Globals,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub struct Globals {
    /// Use LocalStack on this machine, started if it is not running; its own state, no real credentials
    #[arg(long, global = true)]
    pub local: bool,
    /// Call this endpoint in place of AWS's
    #[arg(long, global = true, value_name = "URL", conflicts_with = "local")]
    pub endpoint_url: Option<String>,
    /// Profile of the AWS configuration files
    #[arg(long, global = true, value_name = "NAME", conflicts_with = "local")]
    pub profile: Option<String>,
    /// Set a parameter of the stack; may be repeated
    #[arg(long, global = true, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Read parameters from a YAML file; may be repeated, later files win
    #[arg(long, global = true, value_name = "FILE")]
    pub vars: Vec<PathBuf>,
    /// How many steps may run at once
    #[arg(long, global = true, value_name = "N", default_value = "64",
          value_parser = clap::value_parser!(u16).range(1..).map(usize::from))]
    pub parallelism: usize,
    /// How long to wait for somebody else's run to end, such as `5m`
    #[arg(long, global = true, value_name = "DURATION", default_value = "0s", value_parser = duration)]
    pub lock_timeout: Duration,
    /// Use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// Log what is done; twice: every call to AWS
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Form of the log
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check the stack file, without any network
    Validate(Stack),
    /// Print the raw resources that the stack file stands for
    Expand(Expand),
    /// Read AWS and print what would change, by wave and region
    Plan(Plan),
    /// Plan, ask, and bring the changes about, region by region
    Apply(Apply),
    /// Take the stack down
    Destroy(Destroy),
    /// Print what the stack offers: URLs, names, and other values for scripts
    Output(Output),
    /// Rebuild or repair the state from AWS, in which nothing changes
    Recover(Recover),
    /// Look after what is remembered of the stack
    State(State),
    /// Print the JSON Schema of the stack file, for editors
    Schema,
    /// Print a completion script for a shell
    Completions(Completions),
}

#[derive(Debug, clap::Args)]
pub struct Stack {
    /// The stack file
    #[arg(value_name = "STACK", default_value = "isobar.yaml")]
    pub stack: PathBuf,
}

#[derive(Debug, clap::Args)]
pub struct Expand {
    #[command(flatten)]
    pub stack: Stack,
    /// Form of what is printed
    #[arg(long, default_value = "yaml")]
    pub format: ExpandFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExpandFormat {
    Yaml,
    Json,
}

#[derive(Debug, Clone, clap::Args)]
pub struct Selection {
    /// Only this address and what it needs; may be repeated, `*` is a wildcard
    #[arg(long, value_name = "ADDRESS")]
    pub target: Vec<String>,
    /// Not this address; may be repeated, `*` is a wildcard
    #[arg(long, value_name = "ADDRESS")]
    pub exclude: Vec<String>,
    /// Replace this resource even if nothing differs; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub replace: Vec<String>,
    /// Let protected data at this address be deleted or replaced, or `all`; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub allow_data_loss: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub struct Plan {
    #[command(flatten)]
    pub stack: Stack,
    #[command(flatten)]
    pub selection: Selection,
    /// Plan to take the stack down
    #[arg(long)]
    pub destroy: bool,
    /// Form of what is printed
    #[arg(long, default_value = "text")]
    pub format: PlanFormat,
    /// Exit with 2 if anything would change
    #[arg(long)]
    pub detailed_exitcode: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    Text,
    Json,
    Markdown,
}

#[derive(Debug, clap::Args)]
pub struct Apply {
    #[command(flatten)]
    pub stack: Stack,
    #[command(flatten)]
    pub selection: Selection,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Write every event to this file, as JSON lines
    #[arg(long, value_name = "FILE")]
    pub events: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct Destroy {
    #[command(flatten)]
    pub stack: Stack,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Let protected data at this address go, or `all`; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub allow_data_loss: Vec<String>,
    /// Write every event to this file, as JSON lines
    #[arg(long, value_name = "FILE")]
    pub events: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct Recover {
    #[command(flatten)]
    pub stack: Stack,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

#[derive(Debug, clap::Args)]
pub struct Output {
    /// The stack file (ends in .yaml or .yml), then the name of a value; both may be left out
    #[arg(value_name = "STACK] [NAME", num_args = 0..=2)]
    pub words: Vec<String>,
    /// List every value of every resource
    #[arg(long)]
    pub all: bool,
    /// Form of what is printed
    #[arg(long, default_value = "text")]
    pub format: OutputFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    Text,
    Json,
}

#[derive(Debug, clap::Args)]
pub struct State {
    #[command(subcommand)]
    pub command: StateCommand,
}

#[derive(Debug, Subcommand)]
pub enum StateCommand {
    /// List every resource: address, kind and id
    List(Stack),
    /// Declare that the state's copy is lost for good, so that the first place stands alone
    Detach {
        #[command(flatten)]
        stack: Stack,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Give what is remembered another address, or a block with all its parts another name
    Mv(Words),
    /// Print the whole state as JSON, with what the journal says read into it
    Pull {
        #[command(flatten)]
        stack: Stack,
        /// Which of two places, when the state has a copy
        #[arg(long, value_name = "PLACE")]
        from: Option<StateFrom>,
    },
    /// Put a state from a file in the place of what is remembered
    #[command(allow_missing_positional = true)]
    Push {
        #[command(flatten)]
        stack: Stack,
        /// The file, such as `state pull` prints
        #[arg(required = true)]
        file: PathBuf,
        /// Whatever its lineage and its serial are, and if both places of a state have changed
        #[arg(long)]
        force: bool,
    },
    /// Forget resources, which stay in AWS; `*` is a wildcard
    Rm {
        #[command(flatten)]
        words: Words,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Tell who holds the lock, and break it
    Unlock {
        #[command(flatten)]
        stack: Stack,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Print what is remembered of one resource, as JSON
    #[command(allow_missing_positional = true)]
    Show {
        #[command(flatten)]
        stack: Stack,
        /// The resource, such as `tables.carts.table@global`
        #[arg(required = true)]
        address: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StateFrom {
    First,
    Copy,
}

#[derive(Debug, clap::Args)]
pub struct Words {
    /// The stack file (ends in .yaml or .yml), which may be left out, then the addresses
    #[arg(value_name = "STACK] ADDRESS", required = true)]
    pub words: Vec<String>,
}

impl Words {
    /// The stack file and what comes after it.
    pub fn stack_and_rest(&self) -> (&Path, &[String]) {
        match self.words.split_first() {
            Some((stack, rest)) if is_stack_file(stack) => (Path::new(stack), rest),
            _ => (Path::new("isobar.yaml"), &self.words),
        }
    }
}

#[derive(Debug, clap::Args)]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}

impl Output {
    /// The stack file and the name asked for.
    pub fn stack_and_name(&self) -> (&Path, Option<&str>) {
        let default = Path::new("isobar.yaml");
        match self.words.as_slice() {
            [] => (default, None),
            [word] if is_stack_file(word) => (Path::new(word), None),
            [word] => (default, Some(word)),
            [stack, name, ..] => (Path::new(stack), Some(name)),
        }
    }
}

fn is_stack_file(word: &str) -> bool {
    let ending = Path::new(word).extension();
    ending.is_some_and(|ending| ending.eq_ignore_ascii_case("yaml") || ending.eq_ignore_ascii_case("yml"))
}

fn duration(text: &str) -> Result<Duration, String> {
    let rule = || "write it as a number and s, m or h, such as 90s or 5m".to_owned();
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(rule)?;
    let number: u32 = number.parse().map_err(|_| rule())?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(rule()),
    };
    Ok(Duration::from_secs(u64::from(number) * seconds))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_stack_and_a_name_are_told_apart_by_the_ending() {
        let check = |words: &[&str], stack: &str, name: Option<&str>| {
            let words = words.iter().map(|word| (*word).to_owned()).collect();
            let output = Output { words, all: false, format: OutputFormat::Text };
            assert_eq!(output.stack_and_name(), (Path::new(stack), name));
        };
        check(&[], "isobar.yaml", None);
        check(&["shop.yaml"], "shop.yaml", None);
        check(&["apis.shop.domain"], "isobar.yaml", Some("apis.shop.domain"));
        check(&["shop.yml", "apis.shop.domain"], "shop.yml", Some("apis.shop.domain"));
    }

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(duration("5m"), Ok(Duration::from_mins(5)));
        assert_eq!(duration("0s"), Ok(Duration::ZERO));
        for bad in ["", "5", "m", "5d", "-1s", "5µ"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
