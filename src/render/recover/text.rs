//! What a recovery has found, as text.

use std::fmt::Write;

use crate::ops::recover::{Orphan, OrphanReason, Recovery};

/// What was found, what is to be recorded, and what nobody looks after.
pub fn text(found: &Recovery) -> String {
    let mut text = String::new();
    if let Some(error) = &found.damaged {
        line(&mut text, &format!("The state cannot be read, and is rebuilt: {error}"));
    }
    for taken in &found.taken_up {
        let differs = if taken.differs { "  # differs from the file: the next apply changes it" } else { "" };
        line(&mut text, &format!("  <= found   {}  {}{differs}", taken.address, taken.id));
    }
    for (address, id) in &found.gone {
        line(&mut text, &format!("  -  gone    {address}  {id}  # not in AWS any more"));
    }
    for obstacle in &found.obstacles {
        line(&mut text, &format!("  !  {}  {}; {}", obstacle.address, obstacle.message, obstacle.help));
    }
    if !found.absent.is_empty() {
        let absent: Vec<String> = found.absent.iter().map(ToString::to_string).collect();
        line(&mut text, &format!("In the file and not found in AWS; the next apply makes them: {}", absent.join(", ")));
    }
    orphans(&mut text, &found.orphans);
    let (taken, gone, confirmed) = (found.taken_up.len(), found.gone.len(), found.confirmed);
    line(
        &mut text,
        &format!("Recover: {taken} found again, {gone} gone, {confirmed} confirmed, {} open calls.", found.open_calls),
    );
    if found.is_empty() {
        line(&mut text, "The state is as it should be.");
    }
    text
}

fn orphans(text: &mut String, orphans: &[Orphan]) {
    let groups = [
        (
            OrphanReason::NotInFile,
            "Not in the file, and looked after by nobody. Delete these by hand, or put their blocks back into the file \
             and recover again (an index that lags may still list what is gone):",
        ),
        (OrphanReason::Superseded, "The old halves of replacements, looked after by nobody. Delete these by hand:"),
        (
            OrphanReason::NotFound,
            "In the file, and not found by their names. The next apply looks again when what they need is there:",
        ),
    ];
    for (why, heading) in groups {
        let mut these = orphans.iter().filter(|stray| stray.why == why).peekable();
        if these.peek().is_some() {
            line(text, heading);
        }
        for stray in these {
            let address = stray.address.as_ref().map_or_else(|| "(no address)".to_owned(), ToString::to_string);
            line(text, &format!("  {address}  {}", stray.arn));
        }
    }
}

fn line(text: &mut String, line: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{line}");
}
