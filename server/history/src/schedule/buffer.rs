//! Overlap policies: which of the buffered starts are due, given whether a run is at work.

use durably_proto::api::enums::v1::ScheduleOverlapPolicy as Overlap;

use crate::time::Time;

/// A start that is due, or waits for another run to end.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct BufferedStart {
    /// The time of the specification.
    pub(super) nominal: Time,
    /// With jitter.
    pub(super) actual: Time,
    /// Unspecified for that of the schedule when the start is decided.
    pub(super) overlap: Overlap,
    /// Whether a trigger or a backfill made it: it does not count as an action of the schedule.
    pub(super) is_manual: bool,
}

/// What is to be done with a buffer.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Decision {
    /// Starts that do not care what else runs.
    pub(super) overlapping: Vec<BufferedStart>,
    /// The one start that must not overlap.
    pub(super) exclusive: Option<BufferedStart>,
    /// The starts that wait.
    pub(super) buffer: Vec<BufferedStart>,
    /// What becomes of the runs at work.
    pub(super) end_others: EndOthers,
    pub(super) skipped: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum EndOthers {
    #[default]
    No,
    Cancel,
    Terminate,
}

/// Decides the starts of a buffer in order; `policy` is the schedule's own.
pub(super) fn decide(buffer: Vec<BufferedStart>, is_running: bool, policy: Overlap) -> Decision {
    let mut decision = Decision::default();
    for start in buffer {
        let overlap = match start.overlap {
            Overlap::Unspecified => policy,
            overlap => overlap,
        };
        if overlap == Overlap::AllowAll {
            decision.overlapping.push(start);
        } else if !is_running && decision.exclusive.is_none() {
            decision.exclusive = Some(start);
        } else {
            decision.overlap(start, overlap, is_running);
        }
    }
    // What is about to be ended would be ended with them.
    if decision.end_others != EndOthers::No {
        decision.overlapping.clear();
    }
    decision
}

impl Decision {
    fn overlap(&mut self, start: BufferedStart, overlap: Overlap, is_running: bool) {
        match overlap {
            Overlap::BufferOne if self.buffer.is_empty() => self.buffer.push(start),
            Overlap::Unspecified | Overlap::Skip | Overlap::BufferOne => self.skipped += 1,
            Overlap::BufferAll => self.buffer.push(start),
            Overlap::CancelOther if is_running => self.end_others(start, EndOthers::Cancel),
            Overlap::TerminateOther if is_running => self.end_others(start, EndOthers::Terminate),
            // The other one has not started, so this one takes its place.
            Overlap::CancelOther | Overlap::TerminateOther => self.exclusive = Some(start),
            Overlap::AllowAll => self.overlapping.push(start),
        }
    }

    /// The start waits until those at work have ended.
    fn end_others(&mut self, start: BufferedStart, end: EndOthers) {
        self.end_others = self.end_others.max(end);
        self.buffer.push(start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(overlaps: &[Overlap]) -> Vec<BufferedStart> {
        let starts = (1..).zip(overlaps).map(|(second, overlap)| BufferedStart {
            nominal: at(second),
            actual: at(second),
            overlap: *overlap,
            is_manual: false,
        });
        starts.collect()
    }

    fn at(second: i64) -> Time {
        Time::from_unix_nanos(second * 1_000_000_000)
    }

    /// Seconds of what starts with others, what starts alone, and what waits.
    fn decided(decision: &Decision) -> (Vec<i64>, Option<i64>, Vec<i64>) {
        let second = |start: &BufferedStart| start.nominal.as_unix_nanos() / 1_000_000_000;
        (
            decision.overlapping.iter().map(second).collect(),
            decision.exclusive.as_ref().map(second),
            decision.buffer.iter().map(second).collect(),
        )
    }

    #[test]
    fn nothing_at_work_lets_the_first_start_whatever_its_policy() {
        for overlap in [Overlap::Skip, Overlap::BufferOne, Overlap::BufferAll] {
            let decision = decide(starts(&[overlap]), false, Overlap::Skip);
            assert_eq!(decided(&decision), (vec![], Some(1), vec![]));
            assert_eq!(decision.skipped, 0);
        }
    }

    #[test]
    fn a_run_at_work_meets_each_policy() {
        let three = |overlap| decide(starts(&[overlap; 3]), true, Overlap::Skip);
        let skip = three(Overlap::Skip);
        assert_eq!((decided(&skip), skip.skipped), ((vec![], None, vec![]), 3));
        let one = three(Overlap::BufferOne);
        assert_eq!((decided(&one), one.skipped), ((vec![], None, vec![1]), 2));
        let all = three(Overlap::BufferAll);
        assert_eq!(
            (decided(&all), all.skipped),
            ((vec![], None, vec![1, 2, 3]), 0)
        );
        let cancel = three(Overlap::CancelOther);
        assert_eq!(cancel.end_others, EndOthers::Cancel);
        assert_eq!(decided(&cancel), (vec![], None, vec![1, 2, 3]));
        let terminate = three(Overlap::TerminateOther);
        assert_eq!(terminate.end_others, EndOthers::Terminate);
        assert_eq!(
            decided(&three(Overlap::AllowAll)),
            (vec![1, 2, 3], None, vec![])
        );
    }

    #[test]
    fn a_start_that_has_not_begun_is_replaced_instead_of_cancelled() {
        let overlaps = [Overlap::Skip, Overlap::CancelOther, Overlap::TerminateOther];
        let decision = decide(starts(&overlaps), false, Overlap::Skip);
        assert_eq!(decided(&decision), (vec![], Some(3), vec![]));
        assert_eq!(decision.end_others, EndOthers::No);
    }

    #[test]
    fn overlapping_starts_are_dropped_when_others_are_ended() {
        let overlaps = [
            Overlap::AllowAll,
            Overlap::TerminateOther,
            Overlap::CancelOther,
        ];
        let decision = decide(starts(&overlaps), true, Overlap::Skip);
        assert_eq!(decided(&decision), (vec![], None, vec![2, 3]));
        assert_eq!(decision.end_others, EndOthers::Terminate);
    }

    #[test]
    fn a_start_without_a_policy_has_that_of_the_schedule() {
        let unspecified = [Overlap::Unspecified];
        let decision = decide(starts(&unspecified), true, Overlap::BufferAll);
        assert_eq!(decided(&decision), (vec![], None, vec![1]));
    }
}
