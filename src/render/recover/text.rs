//! A recovery as text.

use std::fmt::Write;

use crate::ops::recover::{Orphan, OrphanReason, Recovery};

/// Resources found and gone, then orphans, then a summary.
pub fn text(found: &Recovery) -> String {
    let mut text = String::new();
    if let Some(error) = &found.damaged {
        line(&mut text, &format!("The state is unreadable and will be rebuilt: {error}"));
    }
    for taken in &found.taken_up {
        let differs = if taken.differs { "  # differs from the file: the next apply changes it" } else { "" };
        line(&mut text, &format!("  <= found   {}  {}{differs}", taken.address, taken.id));
    }
    for (address, id) in &found.gone {
        line(&mut text, &format!("  -  gone    {address}  {id}  # no longer in AWS"));
    }
    for obstacle in &found.obstacles {
        line(&mut text, &format!("  !  {}  {}; {}", obstacle.address, obstacle.message, obstacle.help));
    }
    if !found.absent.is_empty() {
        let absent: Vec<String> = found.absent.iter().map(ToString::to_string).collect();
        line(&mut text, &format!("In the file but not in AWS; the next apply creates them: {}", absent.join(", ")));
    }
    orphans(&mut text, &found.orphans);
    let (taken, gone, confirmed) = (found.taken_up.len(), found.gone.len(), found.confirmed);
    line(
        &mut text,
        &format!("Recover: {taken} found again, {gone} gone, {confirmed} confirmed, {} open calls.", found.open_calls),
    );
    if found.is_empty() {
        line(&mut text, "The state matches AWS.");
    }
    text
}

fn orphans(text: &mut String, orphans: &[Orphan]) {
    let groups = [
        (
            OrphanReason::NotInFile,
            "Orphaned: tagged by this stack but in neither the file nor the state. Delete them by hand, or put their \
             blocks back into the file and recover again (the tag index may still list deleted resources):",
        ),
        (OrphanReason::Superseded, "Orphaned: replaced by a newer resource and never deleted. Delete them by hand:"),
        (
            OrphanReason::NotFound,
            "In the file but not found by name. The next apply searches again once their dependencies exist:",
        ),
    ];
    for (why, heading) in groups {
        let mut these = orphans.iter().filter(|orphan| orphan.why == why).peekable();
        if these.peek().is_some() {
            line(text, heading);
        }
        for orphan in these {
            let address = orphan.address.as_ref().map_or_else(|| "(no address)".to_owned(), ToString::to_string);
            line(text, &format!("  {address}  {}", orphan.arn));
        }
    }
}

fn line(text: &mut String, line: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{line}");
}
