//! Pollers of a queue and when each was last seen.

use std::collections::HashMap;
use std::time::Duration;

use durably_history::Time;

/// The pollers of one queue.
#[derive(Debug, Default)]
pub(crate) struct Pollers {
    /// When each identity last began a poll or received a task.
    seen: HashMap<String, Time>,
}

/// A worker as DescribeTaskQueue shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Poller {
    pub(crate) identity: String,
    pub(crate) last_access: Time,
}

impl Pollers {
    /// Records that a worker polls or receives a task.
    pub(crate) fn record_access(&mut self, identity: &str, now: Time) {
        match self.seen.get_mut(identity) {
            // A task that is put back brings the time of an earlier poll.
            Some(last) => *last = now.max(*last),
            None => {
                // Restarted workers have new identities; old ones must not accumulate.
                self.forget(now);
                self.seen.insert(identity.to_owned(), now);
            }
        }
    }

    /// Whether a worker polled within the last `span`.
    pub(crate) fn any_since(&self, span: Duration, now: Time) -> bool {
        self.seen.values().any(|last| is_within(*last, span, now))
    }

    /// How many are remembered.
    pub(crate) fn count(&self) -> usize {
        self.seen.len()
    }

    /// The pollers of the last five minutes, by identity.
    pub(crate) fn list(&mut self, now: Time) -> Vec<Poller> {
        self.forget(now);
        let mut pollers: Vec<_> = self
            .seen
            .iter()
            .map(|(identity, last_access)| Poller {
                identity: identity.clone(),
                last_access: *last_access,
            })
            .collect();
        pollers.sort_by(|left, right| left.identity.cmp(&right.identity));
        pollers
    }

    fn forget(&mut self, now: Time) {
        self.seen
            .retain(|_, last| is_within(*last, REMEMBERED, now));
    }
}

fn is_within(last: Time, span: Duration, now: Time) -> bool {
    now.since(last) <= span
}

/// How long a poller is shown after its last poll; the real server's value.
pub(crate) const REMEMBERED: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poller_is_forgotten_after_a_while() {
        let start = Time::default();
        let mut pollers = Pollers::default();
        pollers.record_access("old", start);
        pollers.record_access("new", start + REMEMBERED);
        let later = start + REMEMBERED + Duration::from_secs(1);
        assert!(pollers.any_since(Duration::from_secs(1), later));
        let names: Vec<_> = pollers
            .list(later)
            .into_iter()
            .map(|p| p.identity)
            .collect();
        assert_eq!(names, ["new"]);
    }

    #[test]
    fn workers_that_come_once_do_not_pile_up() {
        let mut pollers = Pollers::default();
        let mut now = Time::default();
        for worker in 0..100 {
            now = now + REMEMBERED;
            pollers.record_access(&format!("worker {worker}"), now);
        }
        assert!(pollers.seen.len() <= 2, "{pollers:?}");
    }
}
