//! Decides how many pollers a queue has: by the tasks that come, or by the server's advice.

use std::time::{Duration, Instant};

use crate::worker::options::{PollerLimit, ResolvedPollers};

/// How long tasks are counted before two counts are compared.
const PERIOD: Duration = Duration::from_millis(100);
/// More pollers help as long as a period brings so many times the tasks of the one before.
const GROWTH: f64 = 1.1;

/// How many pollers a queue should have.
#[derive(Debug)]
pub(super) struct Scaler {
    min: usize,
    max: usize,
    wanted: usize,
    policy: Policy,
}

#[derive(Debug)]
enum Policy {
    /// One more with each task, one less with each poll that brings none.
    Tasks,
    /// What the server advises.
    Advice {
        /// Whether the server gives advice: without it, pollers that are given up would never come back.
        is_given: bool,
        /// Whether more pollers brought more tasks.
        tasks: Intake,
    },
}

/// Tasks of the present period and the one before it.
#[derive(Debug)]
struct Intake {
    began: Instant,
    present: usize,
    before: usize,
    /// Whether the last period that has ended brought more than the one before it.
    grows: bool,
}

impl Scaler {
    /// `gives_advice`: whether the namespace is known to.
    pub(super) fn new(limit: PollerLimit, gives_advice: bool, now: Instant) -> Self {
        match limit {
            PollerLimit::UpTo(max) => Self {
                min: 1,
                max,
                wanted: 1,
                policy: Policy::Tasks,
            },
            PollerLimit::Scaled(pollers) => {
                let ResolvedPollers { min, max, initial } = pollers.resolved();
                Self {
                    min,
                    max,
                    wanted: initial,
                    policy: Policy::Advice {
                        is_given: gives_advice,
                        tasks: Intake {
                            began: now,
                            present: 0,
                            before: 0,
                            grows: true,
                        },
                    },
                }
            }
        }
    }

    /// How many pollers there should be.
    pub(super) fn wanted(&self) -> usize {
        self.wanted
    }

    /// A poll has been answered, with a task or without one.
    pub(super) fn answered(&mut self, has_task: bool, advice: Option<i32>, now: Instant) {
        let change = match (&mut self.policy, advice) {
            (Policy::Tasks, _) => match has_task {
                true => 1,
                false => -1,
            },
            (Policy::Advice { is_given, tasks }, Some(advice)) => {
                *is_given = true;
                let helps = tasks.count(has_task, now);
                match advice > 0 && !helps {
                    true => 0,
                    false => advice,
                }
            }
            (Policy::Advice { is_given, tasks }, None) => {
                tasks.count(has_task, now);
                match *is_given && !has_task {
                    true => -1,
                    false => 0,
                }
            }
        };
        let change = isize::try_from(change).unwrap_or(0);
        self.set(self.wanted.saturating_add_signed(change));
    }

    /// The server's advice has come later than the answer: its payloads had to be decoded.
    pub(super) fn advised(&mut self, advice: i32, now: Instant) {
        if let Policy::Advice { is_given, tasks } = &mut self.policy {
            *is_given = true;
            let helps = tasks.count(false, now);
            let change = isize::try_from(advice).unwrap_or(0);
            if advice < 0 || helps {
                self.set(self.wanted.saturating_add_signed(change));
            }
        }
    }

    /// A poll has failed: each poller adds to what a server that is unreachable or `busy` has to do.
    pub(super) fn failed(&mut self, busy: bool) {
        match self.policy {
            Policy::Advice { is_given: true, .. } if busy => self.set(self.wanted / 2),
            Policy::Advice { is_given: true, .. } => self.set(self.wanted - 1),
            Policy::Advice {
                is_given: false, ..
            }
            | Policy::Tasks => {}
        }
    }

    fn set(&mut self, wanted: usize) {
        self.wanted = wanted.clamp(self.min, self.max);
        assert!(
            (1..=self.max).contains(&self.wanted),
            "a queue without a poller would never be polled again"
        );
    }
}

impl Intake {
    /// Counts an answer; returns whether tasks become more with the pollers that were added. If they do not, it is
    /// the work on them that takes its time.
    fn count(&mut self, has_task: bool, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.began);
        if passed >= PERIOD * 2 {
            (self.before, self.grows) = (0, true);
        } else if passed >= PERIOD {
            self.grows = self.present >= (self.before as f64 * GROWTH) as usize;
            self.before = self.present;
        }
        if passed >= PERIOD {
            (self.began, self.present) = (now, 0);
        }
        self.present += usize::from(has_task);
        self.grows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        time::span::{millis, secs},
        worker::options::ScaledPollers,
    };

    fn scaled(min: usize, max: usize, initial: usize) -> PollerLimit {
        PollerLimit::Scaled(ScaledPollers::new().min(min).max(max).initial(initial))
    }

    #[test]
    fn without_advice_pollers_come_with_tasks_and_go_without_them() {
        let now = Instant::now();
        let mut scaler = Scaler::new(PollerLimit::UpTo(3), false, now);
        let mut wanted = Vec::new();
        for has_task in [true, true, true, false, true, false, false, false] {
            scaler.answered(has_task, None, now);
            wanted.push(scaler.wanted());
        }
        assert_eq!(wanted, [2, 3, 3, 2, 3, 2, 1, 1]);
        scaler.failed(true);
        assert_eq!(scaler.wanted(), 1);
    }

    #[test]
    fn advice_moves_the_number_between_its_limits() {
        let now = Instant::now();
        let mut scaler = Scaler::new(scaled(2, 6, 4), false, now);
        assert_eq!(scaler.wanted(), 4);
        for (advice, expected) in [
            (1, 5),
            (1, 6),
            (1, 6),
            (-3, 3),
            (-9, 2),
            (i32::MAX, 6),
            (0, 6),
        ] {
            scaler.answered(true, Some(advice), now);
            assert_eq!(scaler.wanted(), expected, "{advice}");
        }
        scaler.answered(true, Some(i32::MIN), now);
        assert_eq!(scaler.wanted(), 2);
    }

    #[test]
    fn advice_that_comes_after_the_answer_counts_once() {
        let now = Instant::now();
        let mut scaler = Scaler::new(scaled(1, 9, 5), true, now);
        scaler.answered(true, None, now);
        scaler.advised(1, now);
        assert_eq!(scaler.wanted(), 6);
        let mut by_tasks = Scaler::new(PollerLimit::UpTo(9), true, now);
        by_tasks.advised(3, now);
        assert_eq!(by_tasks.wanted(), 1);
    }

    #[test]
    fn polls_without_tasks_count_once_the_server_gives_advice() {
        let now = Instant::now();
        let mut scaler = Scaler::new(scaled(1, 9, 5), false, now);
        scaler.answered(false, None, now);
        scaler.failed(false);
        assert_eq!(scaler.wanted(), 5, "more would never be advised");
        scaler.answered(true, Some(1), now);
        scaler.answered(false, None, now);
        scaler.failed(false);
        assert_eq!(scaler.wanted(), 4);
        let mut known = Scaler::new(scaled(1, 9, 5), true, now);
        known.answered(false, None, now);
        assert_eq!(known.wanted(), 4);
        known.failed(true);
        assert_eq!(known.wanted(), 2);
        for _ in 0..4 {
            known.failed(true);
            known.failed(false);
        }
        assert_eq!(known.wanted(), 1);
    }

    #[test]
    fn more_pollers_are_wanted_only_while_they_bring_more_tasks() {
        let began = Instant::now();
        let mut scaler = Scaler::new(scaled(1, 99, 5), true, began);
        let period = |scaler: &mut Scaler, number: u64, tasks: usize| {
            let now = began + millis(100 * number + 1);
            for _ in 0..tasks {
                scaler.answered(true, None, now);
            }
            let before = scaler.wanted();
            scaler.answered(true, Some(1), now);
            scaler.wanted() - before
        };
        assert_eq!(period(&mut scaler, 0, 20), 1);
        assert_eq!(period(&mut scaler, 1, 20), 1, "21 and nothing before");
        assert_eq!(period(&mut scaler, 2, 40), 0, "21 after 21");
        assert_eq!(period(&mut scaler, 3, 40), 1, "41 after 21");
        assert_eq!(period(&mut scaler, 4, 40), 0, "41 after 41");
        let later = began + secs(60);
        scaler.answered(true, Some(1), later);
        assert_eq!(scaler.wanted(), 9, "after a pause they may help again");
    }
}
