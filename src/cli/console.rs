//! The only place that writes to stdout and stderr: data on stdout, talk on stderr.

use std::io::{self, ErrorKind, IsTerminal, Write};

use anstream::ColorChoice;

use super::Failure;
use super::globals::Color;

/// Sets the use of colour, once.
pub fn set_color(color: Color) {
    match color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    }
    .write_global();
}

/// Writes data to stdout. A reader that has gone away is no error.
pub fn data(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::error(format!("cannot write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes a line of talk to stderr. If nobody can hear it, nothing is lost.
pub fn say(line: &str) {
    let mut err = anstream::stderr().lock();
    let _unheard = writeln!(err, "{line}");
}

/// Writes a question to stderr, without a line's end.
pub fn prompt(question: &str) {
    let mut err = anstream::stderr().lock();
    let _unheard = write!(err, "{question} ").and_then(|()| err.flush());
}

/// Shows the cursor of a terminal, which the progress display may have hidden.
pub fn show_cursor() {
    if io::stderr().is_terminal() {
        let _unheard = io::stderr().write_all(b"\x1b[?25h");
    }
}

/// True if a person can be asked.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// True if progress can be drawn.
pub fn can_draw() -> bool {
    io::stderr().is_terminal()
}

/// True if stderr takes colour.
pub fn has_color() -> bool {
    anstream::AutoStream::choice(&io::stderr()) != ColorChoice::Never
}
