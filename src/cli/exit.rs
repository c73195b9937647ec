//! Exit codes. No other file knows one.

use std::process::ExitCode;

use super::console;
use super::failure::{Done, Failure, Kind};

/// The exit code of what a command came to.
pub fn code(result: &Result<Done, Failure>) -> ExitCode {
    ExitCode::from(match result {
        Ok(Done::Clean) => 0,
        Ok(Done::Differences) => 2,
        Err(failure) => match failure.kind {
            Kind::Error => 1,
            Kind::Refused => 4,
            Kind::Interrupted => 130,
        },
    })
}

/// Prints what clap has to say: help and version are no errors.
pub fn usage(error: &clap::Error) -> ExitCode {
    let text = error.render().ansi().to_string();
    if error.use_stderr() {
        console::say(text.trim_end());
        return ExitCode::from(1);
    }
    let printed = console::data(&text).map(|()| Done::Clean);
    code(&printed)
}
