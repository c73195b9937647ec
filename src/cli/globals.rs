//! Global options, and their types.

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use clap::builder::TypedValueParser;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub struct Globals {
    /// Use LocalStack on this machine, started if needed; a state of its own, no real credentials
    #[arg(long, global = true)]
    pub local: bool,
    /// Call this endpoint instead of AWS
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
    /// Maximum number of steps that run at once
    #[arg(long, global = true, value_name = "N", default_value = "64",
          value_parser = clap::value_parser!(u16).range(1..).map(usize::from))]
    pub parallelism: usize,
    /// Longest wait for another run to release the lock, such as `5m`
    #[arg(long, global = true, value_name = "DURATION", default_value = "0s", value_parser = duration)]
    pub lock_timeout: Duration,
    /// Use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// Log progress; twice: every call to AWS
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Format of the log
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
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(duration("5m"), Ok(Duration::from_mins(5)));
        assert_eq!(duration("0s"), Ok(Duration::ZERO));
        for bad in ["", "5", "m", "5d", "-1s", "5µ"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
