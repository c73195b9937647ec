//! Windows: when AWS makes its daily backup, and when it does what it has to do. It takes no two that overlap.

use crate::blocks::expansion::{Expansion, Item};
use crate::problem::{Code, Problem};
use crate::stack::file::Database;

const DAY: u32 = 24 * 60;
const WEEK: u32 = 7 * DAY;
/// Minutes that a window has at least.
const SHORTEST: u32 = 30;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A time span in minutes, which may go past the end of its day or week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    start: u32,
    length: u32,
}

/// Reports windows that are too short, or that overlap.
pub(super) fn check(cx: &mut Expansion<'_>, item: &Item<'_>, database: &Database) {
    let backup = database.backup.as_ref().and_then(|backup| backup.window.as_deref());
    let maintenance = database.maintenance.as_deref();
    let backup_path = item.path(["backup", "window"]);
    let maintenance_path = item.path(["maintenance"]);
    let daily = backup.and_then(|text| window(text, DAY));
    let weekly = maintenance.and_then(|text| window(text, WEEK));
    for (path, window) in [(&backup_path, daily), (&maintenance_path, weekly)] {
        if window.is_some_and(|window| window.length < SHORTEST) {
            let problem = Problem::new(Code::OutOfRange, format!("a window has at least {SHORTEST} minutes"));
            cx.report(problem.at(cx.value(item, path)).help("let it begin earlier, or end later"));
        }
    }
    let (Some(daily), Some(weekly)) = (daily, weekly) else { return };
    if overlap(daily, weekly) {
        let problem = Problem::new(Code::WrongValue, "the backup and the maintenance window overlap");
        let problem = problem.at(cx.value(item, &maintenance_path));
        let problem = problem.note(cx.value(item, &backup_path), "the daily backup");
        cx.report(problem.help("AWS takes no two that overlap: move one of them"));
    }
}

/// The window of `03:00-04:00` or `sun:04:00-sun:05:00`.
fn window(text: &str, around: u32) -> Option<Window> {
    let (start, end) = text.split_once('-')?;
    let (start, end) = (minute(start)?, minute(end)?);
    Some(Window { start, length: (end + around - start) % around })
}

fn minute(text: &str) -> Option<u32> {
    let (day, time) = match text.split(':').collect::<Vec<_>>()[..] {
        [hour, minute] => (0, (hour, minute)),
        [day, hour, minute] => (DAYS.iter().position(|known| *known == day)?, (hour, minute)),
        _ => return None,
    };
    let day = u32::try_from(day).ok()?;
    Some(day * DAY + time.0.parse::<u32>().ok()? * 60 + time.1.parse::<u32>().ok()?)
}

fn overlap(daily: Window, weekly: Window) -> bool {
    let days = (0..=7).map(|day| Window { start: daily.start + day * DAY, ..daily });
    // One that goes past the end of the week begins it, too.
    let weeks = [weekly.start, weekly.start + WEEK].map(|start| Window { start, ..weekly });
    let meet =
        |one: Window, other: Window| one.start < other.start + other.length && other.start < one.start + one.length;
    days.into_iter()
        .any(|day| weeks.iter().any(|week| meet(day, *week) || meet(Window { start: day.start + WEEK, ..day }, *week)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meet(daily: &str, weekly: &str) -> bool {
        overlap(window(daily, DAY).expect("a window"), window(weekly, WEEK).expect("a window"))
    }

    #[test]
    fn a_daily_and_a_weekly_window_overlap_on_any_day() {
        assert!(meet("03:00-04:00", "wed:03:30-wed:04:30"));
        assert!(!meet("03:00-04:00", "wed:04:00-wed:05:00"));
        assert!(meet("23:30-00:30", "mon:00:00-mon:00:30"), "past midnight");
        assert!(meet("00:00-00:30", "sun:23:45-mon:00:15"), "past the end of the week");
        assert!(!meet("23:30-00:00", "mon:00:00-mon:00:30"));
    }

    #[test]
    fn windows_have_a_length() {
        assert_eq!(window("23:45-00:15", DAY), Some(Window { start: 1425, length: 30 }));
        assert_eq!(window("sun:23:00-mon:01:00", WEEK).map(|window| window.length), Some(120));
    }
}
