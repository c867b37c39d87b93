//! Resolves local activities from the markers of history and from the results of the worker.
//!
//! A marker stands among the commands of the task in which its activity ended. It is read ahead, and resolves the
//! activity when no other job of the slice is left: one after another, in the order of the markers.

use super::Run;
use crate::machine::Resolution;
use crate::{Job, LocalActivityMarked, Seq};

impl Run {
    /// Ends the local activity of the next marker of the slice, and those that ended together with it; false if
    /// there is none that waits for it.
    pub(super) fn end_next_marked(&mut self) -> bool {
        let mut ended = None;
        while let Some(marked) = self
            .hand
            .marked
            .pop_front_if(|next| ended.is_none_or(|activation| next.activation == Some(activation)))
        {
            let activation = marked.activation;
            let Some((seq, resolution)) = self.commands.find_local(marked) else {
                // The event of the marker is a mismatch, which names both sides.
                self.hand.marked.clear();
                return ended.is_some();
            };
            self.queue_local_end(seq, resolution);
            match activation {
                Some(activation) => ended = Some(activation),
                None => return true,
            }
        }
        ended.is_some()
    }

    /// Takes the marker of an activity that user code cancels, in a replay; false if the slice holds none.
    pub(super) fn take_marker_of_cancelled(&mut self, seq: Seq) -> bool {
        if self.hand.marked.is_empty() {
            return false;
        }
        let Some(number) = self.commands.number_of_cancelled_local(seq) else {
            return false;
        };
        let mut marked = self.hand.marked.iter();
        let settled = self.out.settled();
        let is_taken = |marked: &LocalActivityMarked| {
            marked.number == number && marked.activation.is_none_or(|it| it <= settled)
        };
        let Some(at) = marked.position(is_taken) else {
            return false;
        };
        let Some(marked) = self.hand.marked.remove(at) else {
            return false;
        };
        match self.commands.find_local(marked) {
            Some((seq, resolution)) => {
                self.queue_local_end(seq, resolution);
                true
            }
            None => false,
        }
    }

    /// Queues the jobs for the end of a local activity: as if it had ended after all jobs before.
    pub(super) fn queue_local_end(&mut self, seq: Seq, resolution: Resolution) {
        let Resolution {
            complete_time,
            outcome,
        } = resolution;
        if let (Some(time), Some(advance)) = (complete_time, &mut self.advance)
            && time > advance.now
        {
            advance.now = time;
            let advance = *advance;
            self.out.job_before_settle(Job::Advance(advance));
        }
        if let Some(outcome) = outcome {
            let ended = Job::ActivityResolved { seq, outcome };
            self.out.job_before_settle(ended);
        }
    }
}
