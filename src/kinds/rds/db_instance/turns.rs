//! Turns of the instances of one cluster: what interrupts an instance is done to one at a time, and to the writer last.
//!
//! AWS shows that an instance is being changed only a moment after it has accepted the change, and nothing of what is still to
//! come. So those of this process that want a turn are remembered here.

use std::collections::{BTreeMap, HashMap};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_sdk_rds::types::DbInstance;

use crate::aws::{Cx, Result};
use crate::cloud::{Class, CloudError};
use crate::kinds::rds::described;

/// Time until AWS shows for sure that an instance is being changed.
const SHOWN_AFTER: Duration = Duration::from_secs(5);
/// Time after which one that wants a turn, and no longer asks for it, has given up: more than the longest pause between
/// two tries.
const ASKS_WITHIN: Duration = Duration::from_secs(15);

/// The queues of all clusters, by ARN.
static QUEUES: LazyLock<Mutex<HashMap<String, Queue>>> = LazyLock::new(Mutex::default);

/// The instances of one cluster that want a turn.
#[derive(Default)]
struct Queue {
    /// The last question of each that waits.
    asked: BTreeMap<String, Instant>,
    /// The one that has had the last turn, and since when.
    last: Option<(String, Instant)>,
}

impl Queue {
    /// The instance for which another one has to wait now, if any; none gives it the turn.
    fn ahead_of(&mut self, name: &str, is_writer: bool, others: usize, now: Instant) -> Option<String> {
        self.asked.retain(|_, asked| now.duration_since(*asked) < ASKS_WITHIN);
        let is_first_question = self.asked.insert(name.to_owned(), now).is_none();
        if let Some((last, since)) = &self.last
            && last != name
            && now.duration_since(*since) < SHOWN_AFTER
        {
            return Some(last.clone());
        }
        let reader = self.asked.keys().find(|other| *other != name);
        if is_writer && let Some(reader) = reader {
            return Some(reader.clone());
        }
        // The readers may be about to ask.
        if is_writer && is_first_question && others > 0 {
            return Some("the readers".to_owned());
        }
        self.asked.remove(name);
        self.last = Some((name.to_owned(), now));
        None
    }
}

/// Waits for the turn of an instance, or takes it.
///
/// # Errors
/// As long as it is another one's turn: the change is then tried again.
pub(super) async fn take(cx: &Cx, cluster: &str, name: &str) -> Result<()> {
    let Some(live) = described::cluster(cx, cluster).await? else { return Ok(()) };
    let members = live.db_cluster_members();
    let is = |one: Option<&str>| one == Some(name);
    let is_writer = members.iter().any(|one| is(one.db_instance_identifier()) && one.is_cluster_writer() == Some(true));
    let instances = described::instances_of(cx, cluster).await?;
    let others: Vec<&DbInstance> = instances.iter().filter(|one| !is(one.db_instance_identifier())).collect();
    let busy = others.iter().find(|one| !is_settled(one)).and_then(|one| one.db_instance_identifier());
    let ahead = if let Some(busy) = busy {
        Some(busy.to_owned())
    } else {
        let key = live.db_cluster_arn().unwrap_or(cluster).to_owned();
        let mut queues = QUEUES.lock().unwrap_or_else(PoisonError::into_inner);
        queues.entry(key).or_default().ahead_of(name, is_writer, others.len(), Instant::now())
    };
    match ahead {
        Some(ahead) => Err(waits_for(&ahead)),
        None => Ok(()),
    }
}

/// True if AWS has nothing to do with an instance.
pub(super) fn is_settled(live: &DbInstance) -> bool {
    live.db_instance_status() == Some("available") && !super::read::has_pending(live)
}

fn waits_for(ahead: &str) -> CloudError {
    let message = format!("the instances of a cluster take turns, so that one always answers: {ahead} first");
    CloudError::local(Class::Conflict, "update", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_take_turns_and_the_writer_is_last() {
        let (mut queue, start) = (Queue::default(), Instant::now());
        let mut at =
            |name, is_writer, seconds| queue.ahead_of(name, is_writer, 2, start + Duration::from_secs(seconds));
        assert_eq!(at("writer", true, 0).as_deref(), Some("the readers"));
        assert_eq!(at("one", false, 0), None);
        assert_eq!(at("two", false, 1).as_deref(), Some("one"));
        assert_eq!(at("writer", true, 6).as_deref(), Some("two"));
        assert_eq!(at("two", false, 7), None);
        assert_eq!(at("writer", true, 13), None);
    }

    #[test]
    fn an_instance_that_no_longer_asks_is_not_waited_for() {
        let (mut queue, start) = (Queue::default(), Instant::now());
        let mut at =
            |name, is_writer, seconds| queue.ahead_of(name, is_writer, 1, start + Duration::from_secs(seconds));
        assert_eq!(at("writer", true, 0).as_deref(), Some("the readers"));
        assert_eq!(at("writer", true, 1), None);
        assert_eq!(at("reader", false, 2).as_deref(), Some("writer"));
        assert_eq!(at("writer", true, 30).as_deref(), Some("the readers"));
    }
}
