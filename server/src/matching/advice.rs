//! Advice to the workers of a queue: whether more polls would take its tasks sooner.

use std::time::Duration;

use tokio::time::Instant;

use super::rate::RateLimit;

/// A poll that waited longer than this for its task is one too many.
const IDLE: Duration = Duration::from_secs(1);
/// Tasks that wait longer than this need one more.
const BEHIND: Duration = Duration::from_millis(200);
/// Decisions a second for each poller, so that their number does not jump.
const DECISIONS: f64 = 10.0;

/// Decides about the polls of one queue, as the real server does.
#[derive(Debug, Default)]
pub(super) struct Advice {
    decisions: RateLimit,
    /// Since when tasks have waited without a break. The real server has the age of the oldest one, which is less
    /// while tasks come and go.
    behind_since: Option<Instant>,
}

impl Advice {
    /// Notes how many tasks wait.
    pub(super) fn note_backlog(&mut self, backlog: usize, now: Instant) {
        match backlog {
            0 => self.behind_since = None,
            _ => _ = self.behind_since.get_or_insert(now),
        }
    }

    /// How many polls more, or fewer, the worker should have whose poll has waited since `began` and takes a task
    /// now; none if as many. `held_back`: a rate limit keeps tasks from polls.
    pub(super) fn decide(
        &mut self,
        began: Instant,
        pollers: usize,
        held_back: bool,
        now: Instant,
    ) -> Option<i32> {
        if now.saturating_duration_since(began) >= IDLE && !held_back {
            return Some(-1);
        }
        self.decisions.set(Some(DECISIONS * pollers.max(1) as f64));
        if self.decisions.next(now) != Some(now) {
            return None;
        }
        self.decisions.record_task(now);
        let is_behind = |since| now.saturating_duration_since(since) > BEHIND;
        (!held_back && self.behind_since.is_some_and(is_behind)).then_some(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_that_wait_need_one_more_poll() {
        let now = Instant::now();
        let mut advice = Advice::default();
        advice.note_backlog(3, now);
        assert_eq!(advice.decide(now, 1, false, now + BEHIND), None);
        let later = now + BEHIND * 2;
        advice.note_backlog(2, later);
        assert_eq!(advice.decide(later, 1, false, later), Some(1));
        assert_eq!(advice.decide(later, 1, true, later), None, "a rate limit");
        advice.note_backlog(0, later);
        assert_eq!(advice.decide(later, 1, false, later), None);
    }

    #[test]
    fn a_poll_that_waited_for_its_task_is_one_too_many() {
        let now = Instant::now();
        let mut advice = Advice::default();
        assert_eq!(advice.decide(now, 1, false, now + IDLE), Some(-1));
        assert_eq!(advice.decide(now, 1, true, now + IDLE), None);
        assert_eq!(advice.decide(now, 1, false, now + IDLE / 2), None);
    }

    #[test]
    fn decisions_are_as_many_as_there_are_pollers_and_seconds_for() {
        let now = Instant::now();
        let mut advice = Advice::default();
        advice.note_backlog(1, now);
        let later = now + BEHIND * 2;
        let decided = (0..50).filter_map(|_| advice.decide(later, 2, false, later));
        assert_eq!(decided.count(), 20);
    }
}
