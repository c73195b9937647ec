//! Confirmation before something is done.

use std::io;

use super::{Failure, console};

/// Asks, and goes on only if the answer is exactly `expected`.
pub fn confirm(question: &str, expected: &str) -> Result<(), Failure> {
    if !console::can_ask() {
        return Err(Failure::error("confirmation needs a terminal").help("review `isobar plan`, then pass `--yes`"));
    }
    console::prompt(question);
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(|error| Failure::error(format!("cannot read the answer: {error}")))?;
    if answer.trim() == expected {
        return Ok(());
    }
    Err(Failure::error("not confirmed; nothing was changed"))
}

/// Asks for `yes`, unless it was given beforehand.
pub fn confirm_unless(yes: bool, question: &str) -> Result<(), Failure> {
    if yes { Ok(()) } else { confirm(&format!("{question} Only \"yes\" is accepted:"), "yes") }
}
