//! Closing a run: discards what is pending, applies the close policies of its children, and reports
//! to its parent or its schedule.

use durably_proto::api::enums::v1::{ParentClosePolicy, WorkflowExecutionStatus};

use crate::id::{EventId, OutgoingKind};
use crate::open_transition::OpenTransition;
use crate::pending::children::Child;
use crate::pending::outgoing::OutgoingEntry;
use crate::state::{Phase, Run, WorkflowTask};
use crate::transition::Effect;

impl Run {
    /// Closes the run.
    pub(crate) fn close(&mut self, status: WorkflowExecutionStatus, out: &mut OpenTransition) {
        self.close_unreported(status, out);
        // A parent or a schedule waits for the end of the chain.
        let is_awaited = self.config.parent.is_some() || self.config.schedule.is_some();
        if is_awaited && self.next_run_id().is_none() {
            let closing = EventId(self.next_event_id().0 - 1);
            let report = OutgoingKind::ReportClose.of(closing);
            self.send(report, OutgoingEntry::default(), out);
        }
    }

    /// Closes the run without a report to its parent or schedule, which waits for another one.
    pub(crate) fn close_unreported(
        &mut self,
        status: WorkflowExecutionStatus,
        out: &mut OpenTransition,
    ) {
        let children = self.children.iter();
        let children = children.filter(|(_, child)| has_close_policy(child));
        let children: Vec<_> = children.map(|(initiated, _)| initiated).collect();
        self.close_leaving_children(status, out);
        for initiated in children {
            let policy = OutgoingKind::ClosePolicy.of(initiated);
            self.send(policy, OutgoingEntry::default(), out);
        }
    }

    /// As [`close_unreported`](Self::close_unreported), without applying the close policies of the children.
    pub(crate) fn close_leaving_children(
        &mut self,
        status: WorkflowExecutionStatus,
        out: &mut OpenTransition,
    ) {
        self.phase = Phase::Closed {
            status,
            at: out.now,
        };
        self.buffered.clear();
        self.task = WorkflowTask::Idle;
        self.timers.clear();
        self.activities.clear();
        self.outgoing.withdraw_at_close();
        out.effect(Effect::Closed(status));
    }
}

/// Whether something is to be done with a child of a closed run. A child whose start is not recorded
/// may have started all the same; an abandoned one must then begin.
fn has_close_policy(child: &Child) -> bool {
    child.started.is_none() || child.close_policy != ParentClosePolicy::Abandon
}
