//! Asking before something is done.

use std::io;

use crate::cli::{Failure, console};

/// Asks, and goes on only if the answer is exactly `expected`.
pub fn confirm(question: &str, expected: &str) -> Result<(), Failure> {
    if !console::can_ask() {
        return Err(
            Failure::error("nobody can be asked: this is no terminal").help("look at `isobar plan`, then pass `--yes`")
        );
    }
    console::prompt(question);
    let mut answer = String::new();
    io::stdin()
        .read_line(&mut answer)
        .map_err(|error| Failure::error(format!("the answer cannot be read: {error}")))?;
    if answer.trim() == expected {
        return Ok(());
    }
    Err(Failure::error("not confirmed; nothing was changed"))
}
