//! The `isobar` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    isobar::cli::run()
}
