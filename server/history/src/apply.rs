//! One input: matched, handed to the one who knows, and closed off.

use std::collections::BTreeSet;

use crate::input::{Deadline, Input};
use crate::outcome::{Effect, Outcome, Reply, UpdateStatus};
use crate::rejection::{Closed, Rejection, TaskNotFound};
use crate::state::{Form, Phase, Run, WorkflowTask};
use crate::time::Time;
use crate::{command, limits, request, task, timeout};

/// What the handling of one input collects beside the events.
pub(crate) struct Out {
    /// When the input happens.
    pub now: Time,
    effects: Vec<Effect>,
}

impl Out {
    pub(crate) fn new(now: Time) -> Self {
        Self {
            now,
            effects: Vec::new(),
        }
    }

    pub(crate) fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Reports the stage that an update has reached. Only the last stage of an input is reported:
    /// the task that accepts an update may also complete it or close the run.
    pub(crate) fn update_reached(&mut self, status: UpdateStatus) {
        let overtaken =
            |effect: &Effect| matches!(effect, Effect::UpdateReached(it) if it.id == status.id);
        self.effects.retain(|effect| !overtaken(effect));
        self.effects.push(Effect::UpdateReached(status));
    }
}

impl Run {
    /// Applies one input that happens at `now`.
    ///
    /// # Errors
    /// A [`Rejection`] says why the input was refused; the run has not changed.
    pub fn apply(&mut self, input: Input, now: Time) -> Result<Outcome, Rejection> {
        let first = self.events.len();
        let mut out = Out::new(now);
        self.check_phase(&input)?;
        let is_written_down = is_written_down(&input);
        let is_update = matches!(input, Input::Update(_));
        let starts_task = matches!(input, Input::StartWorkflowTask(_));
        let reply = match input {
            Input::Signal(signal) => request::signal::apply(signal, self, &mut out)?,
            Input::SignalWithStart(signal) => {
                request::signal::apply_with_start(signal, self, &mut out)?
            }
            Input::RequestCancel(cancel) => request::cancel::apply(cancel, self, &mut out)?,
            Input::Terminate(terminate) => request::terminate::apply(terminate, self, &mut out)?,
            Input::Update(update) => request::update::apply(update, self, &mut out)?,
            Input::Attach(attach) => request::attach::apply(attach, self, &mut out),
            Input::RepeatEagerStart => task::workflow_task::repeat_eager(self),
            Input::ResetStickiness => {
                self.sticky = None;
                Reply::Done
            }
            Input::StartWorkflowTask(start) => task::workflow_task::start(start, self, &mut out)?,
            Input::CompleteWorkflowTask(complete) => command::complete(*complete, self, &mut out)?,
            Input::FailWorkflowTask(fail) => task::task_end::fail(*fail, self, &mut out)?,
            Input::StartActivity(start) => task::activity_task::start(start, self, &mut out)?,
            Input::Heartbeat(heartbeat) => task::report::heartbeat(heartbeat, self, &mut out)?,
            Input::CompleteActivity(complete) => task::report::complete(complete, self, &mut out)?,
            Input::FailActivity(fail) => task::report::fail(*fail, self, &mut out)?,
            Input::CancelActivity(cancel) => task::report::cancel(cancel, self, &mut out)?,
            Input::Due(deadline) => {
                timeout::apply(deadline, self, &mut out)?;
                Reply::Done
            }
        };
        if is_written_down {
            task::task_event::make_ordinary(self);
        }
        // The real server keeps updates and their speculative tasks in memory only, and writes
        // nothing for a repeated request.
        let is_kept = !(is_update
            || starts_task && self.has_speculative_task()
            || matches!(reply, Reply::AlreadyDone));
        if is_kept {
            self.transitions += 1;
        }
        Ok(self.close_off(first, out, reply))
    }

    /// What every accepted input ends with.
    pub(crate) fn close_off(&mut self, first: usize, mut out: Out, reply: Reply) -> Outcome {
        if self.is_running() && !self.has_started_workflow_task() {
            self.flush_buffer();
        }
        if self.is_running() {
            limits::enforce(self, &mut out);
        }
        self.events.seal();
        if !self.is_running() {
            self.events.close();
        }
        Outcome {
            events: first..self.events.len(),
            effects: out.effects,
            reply,
        }
    }

    fn has_speculative_task(&self) -> bool {
        matches!(&self.task, WorkflowTask::Started(started) if started.task.form == Form::Speculative)
    }

    /// Schedules a workflow task for what was just recorded, unless one will see it anyway. This also
    /// ends a start delay.
    pub(crate) fn wake(&mut self, out: &mut Out) {
        if !self.has_workflow_task() {
            task::workflow_task::schedule(self, Form::Recorded, out);
        }
    }

    /// A closed run accepts nothing, except that finished updates can still be read.
    fn check_phase(&self, input: &Input) -> Result<(), Rejection> {
        let Phase::Closed { status, .. } = self.phase else {
            return Ok(());
        };
        Err(match input {
            Input::Update(_) => return Ok(()),
            Input::CompleteWorkflowTask(_)
            | Input::FailWorkflowTask(_)
            | Input::StartWorkflowTask(_) => Rejection::TaskNotFound(TaskNotFound::Workflow),
            Input::StartActivity(_) => Rejection::TaskNotFound(TaskNotFound::Activity),
            Input::Due(_) => Rejection::StaleDeadline,
            Input::Heartbeat(_)
            | Input::CompleteActivity(_)
            | Input::FailActivity(_)
            | Input::CancelActivity(_)
            | Input::Signal(_)
            | Input::SignalWithStart(_)
            | Input::RequestCancel(_)
            | Input::Terminate(_)
            | Input::Attach(_)
            | Input::RepeatEagerStart
            | Input::ResetStickiness => Rejection::Closed(Closed { status }),
        })
    }

    /// Ends the run: nothing of it is pending any more.
    pub(crate) fn close(
        &mut self,
        status: durably_proto::api::enums::v1::WorkflowExecutionStatus,
        out: &mut Out,
    ) {
        self.phase = Phase::Closed {
            status,
            at: out.now,
        };
        self.buffered.clear();
        if let WorkflowTask::Scheduled(task) = std::mem::replace(&mut self.task, WorkflowTask::Idle)
            && task.waits_until.is_some()
        {
            out.effect(Effect::Disarm(Deadline::WorkflowTask(task.stamp)));
        }
        self.timers_by_time.clear();
        for id in std::mem::take(&mut self.timers).into_keys() {
            out.effect(Effect::Disarm(Deadline::Timer(id)));
        }
        for activity in std::mem::take(&mut self.activities).into_values() {
            if activity.armed.is_some() {
                out.effect(Effect::Disarm(Deadline::Activity(activity.scheduled)));
            }
        }
        self.activity_ids.clear();
        // No signal reaches a closed run.
        self.signal_requests = BTreeSet::new();
        if self.terms.run_expires_at.is_some() {
            out.effect(Effect::Disarm(Deadline::Run));
        }
        out.effect(Effect::Closed(status));
    }
}

/// Whatever is written down beside a speculative task makes it an ordinary one; its own comings and goings do not.
fn is_written_down(input: &Input) -> bool {
    !matches!(
        input,
        Input::Update(_)
            | Input::StartWorkflowTask(_)
            | Input::CompleteWorkflowTask(_)
            | Input::FailWorkflowTask(_)
    )
}
