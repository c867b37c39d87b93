//! `Run::apply`: dispatches an input to its handler and ends the transition.

use crate::event;
use crate::id::OutgoingKind;
use crate::input::{Delivered, Input};
use crate::open_transition::OpenTransition;
use crate::rejection::{Closed, Rejection, TaskNotFound};
use crate::state::{Phase, Run, TaskType, WorkflowTask};
use crate::task::task_end::{self, Failed};
use crate::task::{termination, workflow_task};
use crate::time::Time;
use crate::transition::{Effect, Reply, Transition};
use crate::{command, delivery, limits, request, reset, task, time_skipping, timeout};

impl Run {
    /// Applies one input at the time `now` of the server.
    ///
    /// # Errors
    /// [`Rejection`] if the input is refused; the run has not changed then.
    pub fn apply(&mut self, input: Input, now: Time) -> Result<Transition, Rejection> {
        let first = self.events.len();
        let mut out = OpenTransition::new(self.virtual_time_at(now));
        self.check_phase(&input)?;
        let is_written_down = is_written_down(&input);
        let is_unrecorded = matches!(
            input,
            Input::Update(_) | Input::Delivered(Delivered::Done(_))
        );
        let starts_task = matches!(input, Input::StartWorkflowTask(_));
        let paused = self.activities.paused();
        let reply = match input {
            Input::Signal(signal) => request::signal::apply(signal, self, &mut out)?,
            Input::SignalWithStart(signal) => {
                request::signal::apply_with_start(signal, self, &mut out)?
            }
            Input::RequestCancel(cancel) => request::cancel::apply(cancel, self, &mut out)?,
            Input::Terminate(terminate) => request::terminate::apply(terminate, self, &mut out)?,
            Input::Delete => request::delete::apply(self, &mut out),
            Input::EndForReset(end) => {
                reset::end_current(end, self, &mut out);
                Reply::Done
            }
            Input::Update(update) => request::update::apply(update, self, &mut out)?,
            Input::Attach(attach) => request::attach::apply(attach, self, &mut out),
            Input::RepeatEagerStart => workflow_task::repeat_eager(self),
            Input::ResetStickiness => {
                self.sticky = None;
                Reply::Done
            }
            Input::StartWorkflowTask(start) => workflow_task::start(start, self, &mut out)?,
            Input::CompleteWorkflowTask(complete) => command::complete(*complete, self, &mut out)?,
            Input::FailWorkflowTask(fail) => task_end::fail(*fail, self, &mut out)?,
            Input::StartActivity(start) => task::activity_task::start(start, self, &mut out)?,
            Input::Heartbeat(heartbeat) => task::report::heartbeat(heartbeat, self, &mut out)?,
            Input::CompleteActivity(complete) => task::report::complete(complete, self, &mut out)?,
            Input::FailActivity(fail) => task::report::fail(*fail, self, &mut out)?,
            Input::CancelActivity(cancel) => task::report::cancel(cancel, self, &mut out)?,
            Input::PauseActivities(pause) => {
                request::pause_activities::apply(pause, self, &mut out)?
            }
            Input::UnpauseActivities(unpause) => {
                request::unpause_activities::apply(unpause, self, &mut out)?
            }
            Input::ResetActivities(reset) => {
                request::reset_activities::apply(reset, self, &mut out)?
            }
            Input::UpdateOptions(update) => {
                request::workflow_options::apply(*update, self, &mut out)?
            }
            Input::UpdateActivityOptions(update) => {
                request::activity_options::apply(*update, self, &mut out)?
            }
            Input::BeginFirstTask(begin) => request::begin::apply(begin, self, &mut out)?,
            Input::ChildClosed(closed) => delivery::child_closed(*closed, self, &mut out),
            Input::Delivered(delivered) => delivery::apply(delivered, self, &mut out),
            Input::Due(deadline) => {
                timeout::apply(deadline, self, &mut out)?;
                Reply::Done
            }
        };
        if self.activities.paused() != paused {
            out.effect(Effect::VisibilityChanged);
        }
        if is_written_down {
            event::workflow_task::convert_speculative(self);
        }
        // Not counted as a state transition: the real server keeps updates and speculative tasks in
        // memory only, and writes nothing for a repeated request or a delivery without an answer.
        let is_kept = !(is_unrecorded
            || starts_task && self.has_speculative_task()
            || matches!(
                reply,
                Reply::AlreadyDone | Reply::WorkflowOptions { changed: false, .. }
            ));
        if is_kept {
            self.transitions += 1;
        }
        Ok(self.close_off(first, out, reply))
    }

    /// Ends a transition: flushes buffered events, enforces limits, skips time and seals the event log.
    pub(crate) fn close_off(
        &mut self,
        first: usize,
        mut out: OpenTransition,
        mut reply: Reply,
    ) -> Transition {
        if self.is_running() && !self.has_started_workflow_task() {
            self.flush_buffer();
        }
        if self.is_running() {
            enforce_limits(self, &mut out);
        }
        time_skipping::skip(self, first..self.events.len(), &mut out, &mut reply);
        if self.is_removable() {
            out.effect(Effect::Remove);
        }
        self.assert_invariants();
        self.events.seal();
        Transition {
            events: first..self.events.len(),
            effects: out.into_effects(),
            reply,
        }
    }

    /// Asserts what holds between inputs, beyond what the owners of pending work assert themselves.
    ///
    /// Checked once per input, in constant time: a broken invariant is a bug, and the history that
    /// follows from it must not be committed.
    pub(crate) fn assert_invariants(&self) {
        assert!(
            self.buffered.is_empty() || self.has_started_workflow_task(),
            "events are buffered only while a workflow task is started"
        );
        assert!(
            self.is_running() || !self.has_pending(),
            "a closed run has nothing pending"
        );
        assert!(
            !self.is_running() || !self.deletion_requested,
            "a run that is to be deleted is closed"
        );
        let unstarted = match self.is_running() {
            true => self.children.unstarted(),
            false => 0,
        };
        assert_eq!(
            self.outgoing.count(OutgoingKind::StartChild),
            unstarted,
            "a running run starts the children that are not started"
        );
        if let Some(time) = &self.virtual_time
            && let Err(broken) = time.check()
        {
            panic!("{broken}, but there is {time:?}");
        }
    }

    fn has_speculative_task(&self) -> bool {
        matches!(&self.task, WorkflowTask::Started(started) if started.task.task_type == TaskType::Speculative)
    }

    /// Rejects inputs to a closed run, except reads of completed updates and signals that it has received.
    fn check_phase(&self, input: &Input) -> Result<(), Rejection> {
        let Phase::Closed { status, .. } = self.phase else {
            return Ok(());
        };
        Err(match input {
            Input::Update(_) | Input::Delivered(_) | Input::Delete => return Ok(()),
            Input::Signal(signal) if self.requests.has_signal(&signal.request_id) => {
                return Ok(());
            }
            Input::CompleteWorkflowTask(_)
            | Input::FailWorkflowTask(_)
            | Input::StartWorkflowTask(_) => Rejection::TaskNotFound(TaskNotFound::Workflow),
            Input::StartActivity(_) => Rejection::TaskNotFound(TaskNotFound::Activity),
            Input::Due(_) => Rejection::StaleDeadline,
            Input::Heartbeat(_)
            | Input::CompleteActivity(_)
            | Input::FailActivity(_)
            | Input::CancelActivity(_)
            | Input::PauseActivities(_)
            | Input::UnpauseActivities(_)
            | Input::ResetActivities(_)
            | Input::UpdateActivityOptions(_)
            | Input::UpdateOptions(_)
            | Input::Signal(_)
            | Input::SignalWithStart(_)
            | Input::RequestCancel(_)
            | Input::Terminate(_)
            | Input::EndForReset(_)
            | Input::Attach(_)
            | Input::RepeatEagerStart
            | Input::BeginFirstTask(_)
            | Input::ChildClosed(_)
            | Input::ResetStickiness => Rejection::Closed(Closed { status }),
        })
    }
}

/// Whether the input records events. Such an input converts a speculative task to a normal one; the
/// task's own inputs do not.
fn is_written_down(input: &Input) -> bool {
    !matches!(
        input,
        Input::Update(_)
            | Input::StartWorkflowTask(_)
            | Input::CompleteWorkflowTask(_)
            | Input::FailWorkflowTask(_)
            // Their events are buffered, which does the same.
            | Input::ChildClosed(_)
            | Input::Delivered(_)
            | Input::UpdateOptions(_)
    )
}

/// Terminates a run whose history exceeds a limit, and fails a workflow task with too many buffered
/// events.
fn enforce_limits(run: &mut Run, out: &mut OpenTransition) {
    let buffered: usize = run.buffered.values().map(prost::Message::encoded_len).sum();
    if run.buffered.len() > limits::BUFFERED_EVENTS || buffered > limits::BUFFERED_EVENTS_SIZE {
        task_end::end_failed(run, Failed::force_close(), out);
        // Before the next task is scheduled, which is a repetition then, as on the real server.
        run.flush_buffer();
        workflow_task::schedule(run, TaskType::Normal, out);
    }
    let reason = if run.history_size >= limits::HISTORY_SIZE {
        "Workflow history size exceeds limit."
    } else if run.events.len() >= limits::HISTORY_COUNT {
        "Workflow history count exceeds limit."
    } else {
        return;
    };
    termination::by_server(run, reason.to_owned(), out);
}
