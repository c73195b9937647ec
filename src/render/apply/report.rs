//! The report of a run: steps done, failures with their reasons, steps skipped because of them, and what to do next.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::apply::{Event, Listener, Verb};
use crate::cloud::{Class, CloudError};
use crate::names::Address;
use crate::render::style::{BAD, CALM, FAINT, GOOD, paint};
use crate::render::words::{count, done, duration, not_done};

/// The most skipped steps that are named.
const NAMED: usize = 5;

/// Listens to a run and sums it up.
pub struct Report {
    start: Instant,
    heard: Mutex<Heard>,
}

#[derive(Default)]
struct Heard {
    done: BTreeMap<Verb, usize>,
    failed: Vec<(Address, Verb, CloudError)>,
    skipped: Vec<(Address, Address)>,
    interrupted: bool,
    halted: bool,
}

impl Default for Report {
    fn default() -> Self {
        Self { start: Instant::now(), heard: Mutex::default() }
    }
}

impl Listener for Report {
    fn on(&self, event: &Event) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::StepDone { verb, .. } => *heard.done.entry(*verb).or_default() += 1,
            Event::StepFailed { address, verb, error } => heard.failed.push((address.clone(), *verb, error.clone())),
            Event::StepSkipped { address, because, .. } => heard.skipped.push((address.clone(), because.clone())),
            Event::Interrupted => heard.interrupted = true,
            Event::Halted { .. } => heard.halted = true,
            _ => {}
        }
    }
}

impl Report {
    /// `Done in 41.0s: 12 created, 3 updated.`
    pub fn summary(&self) -> String {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let verbs: Vec<String> = heard.done.iter().map(|(verb, number)| format!("{number} {}", done(*verb))).collect();
        let fine = heard.failed.is_empty() && !heard.halted;
        // What was begun and not completed may have changed something.
        let none = if fine && !heard.interrupted { "nothing changed" } else { "nothing was completed" };
        let verbs = if verbs.is_empty() { none.to_owned() } else { verbs.join(", ") };
        let time = duration(self.start.elapsed());
        match (fine, heard.interrupted) {
            (true, false) => format!("{} in {time}: {verbs}.", paint(GOOD, "Done")),
            (false, _) => format!("{} after {time}: {verbs}.", paint(BAD, "Failed")),
            (true, true) => format!("{} after {time}: {verbs}.", paint(CALM, "Interrupted")),
        }
    }

    /// Every failure with the answer of AWS, and the steps skipped; empty if nothing failed.
    pub fn failures(&self) -> String {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.failed.is_empty() {
            return String::new();
        }
        let mut lines = vec![format!("{} failed", count(heard.failed.len(), "resource"))];
        let (alike, each): (Vec<_>, Vec<_>) =
            heard.failed.iter().partition(|(_, _, error)| error.class == Class::Credentials);
        // The first of those stands for all.
        for (address, verb, error) in alike.first().into_iter().chain(&each) {
            lines.push(String::new());
            lines.push(format!("  {} {address} could not {}", paint(BAD, "✗"), not_done(*verb)));
            lines.extend(details(error).into_iter().map(|line| format!("    {line}")));
            lines.extend(skipped_lines(&heard.skipped, address));
        }
        let others: BTreeSet<&Address> = alike.iter().skip(1).map(|(address, ..)| address).collect();
        if !others.is_empty() {
            lines.push(String::new());
            lines.push(format!(
                "  {} also failed because the credentials expired: {}",
                paint(BAD, "✗"),
                named(&others)
            ));
        }
        lines.join("\n")
    }

    /// True if something failed, and only because AWS refused what was asked for: the same would fail again.
    pub fn is_refused(&self) -> bool {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let mut failed = heard.failed.iter().peekable();
        failed.peek().is_some() && failed.all(|(_, _, error)| error.class == Class::Invalid)
    }

    /// The number of failed steps.
    pub fn failed(&self) -> usize {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).failed.len()
    }
}

/// The steps skipped because of a failure, each address once.
fn skipped_lines(skipped: &[(Address, Address)], because: &Address) -> Option<String> {
    let all: BTreeSet<&Address> =
        skipped.iter().filter(|(_, other)| other == because).map(|(address, _)| address).collect();
    (!all.is_empty()).then(|| paint(FAINT, format!("    skipped because of it: {}", named(&all))))
}

/// The first few by name.
fn named(all: &BTreeSet<&Address>) -> String {
    let named: Vec<String> = all.iter().take(NAMED).map(ToString::to_string).collect();
    let more = if all.len() > NAMED { format!(" and {} more", all.len() - NAMED) } else { String::new() };
    format!("{}{more}", named.join(", "))
}

/// The answer of AWS, line by line.
pub fn details(error: &CloudError) -> Vec<String> {
    let code = if error.code.is_empty() { String::new() } else { format!(": {}", error.code) };
    let mut lines = vec![format!("{}{code}", error.operation)];
    lines.extend(error.message.lines().map(str::to_owned));
    lines.extend(error.request_id.iter().map(|id| paint(FAINT, format!("request id: {id}"))));
    lines.extend(error.hint.iter().map(|hint| format!("{} {hint}", paint(CALM, "help:"))));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::address;
    use crate::render::style::plain;

    #[test]
    fn a_failure_has_the_answer_of_aws_and_the_steps_skipped() {
        let report = Report::default();
        let (function, api) = (address("functions.a.function@us-west-2"), address("apis.b.api@us-west-2"));
        let error = CloudError {
            code: "AccessDeniedException".into(),
            request_id: Some("0b1c".into()),
            hint: Some("allow `lambda:CreateFunction`".into()),
            ..CloudError::local(Class::Denied, "lambda:CreateFunction", "not authorized")
        };
        report.on(&Event::StepFailed { address: function.clone(), verb: Verb::Create, error });
        report.on(&Event::StepSkipped { address: api, verb: Verb::Create, because: function });
        assert_eq!(
            plain(&report.failures()),
            "1 resource failed\n\n  ✗ functions.a.function@us-west-2 could not be created\n    \
             lambda:CreateFunction: AccessDeniedException\n    not authorized\n    request id: 0b1c\n    \
             help: allow `lambda:CreateFunction`\n    skipped because of it: apis.b.api@us-west-2"
        );
    }

    #[test]
    fn a_run_is_refused_if_nothing_but_its_input_was() {
        let report = Report::default();
        assert!(!report.is_refused());
        let fail = |class| Event::StepFailed {
            address: address("functions.a.role@us-west-2"),
            verb: Verb::Create,
            error: CloudError::local(class, "iam:CreateRole", "no"),
        };
        report.on(&fail(Class::Invalid));
        assert!(report.is_refused());
        report.on(&fail(Class::Server));
        assert!(!report.is_refused());
    }

    #[test]
    fn expired_credentials_are_reported_once() {
        let report = Report::default();
        for number in 0..8 {
            let error = CloudError {
                code: "ExpiredToken".into(),
                hint: Some("get new ones".into()),
                ..CloudError::local(Class::Credentials, "sns:CreateTopic", "it has expired")
            };
            let address = address(&format!("resources.t{number}@us-west-2"));
            report.on(&Event::StepFailed { address, verb: Verb::Create, error });
        }
        report.on(&Event::Halted { why: "it has expired".into() });
        assert_eq!(
            plain(&report.failures()),
            "8 resources failed\n\n  ✗ resources.t0@us-west-2 could not be created\n    \
             sns:CreateTopic: ExpiredToken\n    it has expired\n    help: get new ones\n\n  \
             ✗ also failed because the credentials expired: resources.t1@us-west-2, resources.t2@us-west-2, resources.t3@us-west-2, \
             resources.t4@us-west-2, resources.t5@us-west-2 and 2 more"
        );
    }

    #[test]
    fn a_run_that_could_not_go_on_is_not_done() {
        let report = Report::default();
        report.on(&Event::Halted { why: "the disk is full".into() });
        assert!(plain(&report.summary()).starts_with("Failed after "), "{}", report.summary());
    }
}
