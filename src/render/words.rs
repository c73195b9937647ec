//! Words that several renderings share.

use std::time::Duration;

use crate::apply::Verb;

/// `1 region`, `2 regions`.
pub(super) fn count(number: usize, one: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {one}{ending}")
}

/// The verb of a running step: `creating`.
pub(super) fn doing(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "creating",
        Verb::Update => "updating",
        Verb::Replace => "replacing",
        Verb::Adopt => "adopting",
        Verb::Delete => "deleting",
        Verb::Forget => "forgetting",
        Verb::Await => "waiting",
    }
}

/// The verb of a finished step: `created`.
pub(super) fn done(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "created",
        Verb::Update => "updated",
        Verb::Replace => "replaced",
        Verb::Adopt => "adopted",
        Verb::Delete => "deleted",
        Verb::Forget => "forgotten",
        Verb::Await => "ready",
    }
}

/// The verb of a failed step, after "could not": `be created`.
pub(super) fn not_done(verb: Verb) -> String {
    match verb {
        Verb::Await => "become ready".to_owned(),
        other => format!("be {}", done(other)),
    }
}

/// `3.2s`, `1m 04s`, `2h 03m`.
pub(super) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{:.1}s", time.as_secs_f64()),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// The same of seconds as an event tells them.
pub(super) fn seconds(seconds: f64) -> String {
    duration(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        assert_eq!(seconds(3.21), "3.2s");
        assert_eq!(seconds(64.0), "1m 04s");
        assert_eq!(seconds(7380.0), "2h 03m");
        assert_eq!(seconds(-1.0), "0.0s");
    }
}
