//! A workflow task on its way from the server to the thread that owns its run.

use std::sync::Arc;

use durably_engine::{EventId, Task};

use super::{
    executor::{Executors, QueuedTask, Wake, Work},
    failing_runs::{FailingRuns, Held},
    failure_report::FailureReport,
    prolonged::Pages,
    task_info::TaskInfo,
};
use crate::{
    telemetry::log,
    wire::{self, WireError, history::Events, status::CallError, workflow_task::PolledTask},
    worker::{
        lifecycle::{Lifecycle, Phase},
        server::Server,
        slots::{Permit, Slots},
    },
};

/// Brings workflow tasks to the threads that own their runs.
pub(crate) struct Intake {
    pub(crate) server: Arc<Server>,
    pub(crate) lifecycle: Arc<Lifecycle>,
    /// Workflow tasks in progress.
    pub(crate) slots: Slots,
    pub(crate) failing_runs: FailingRuns,
}

impl Intake {
    /// Brings a task to its thread, with the pages of history that it came without; later, if its run
    /// is in a pause because its tasks fail.
    pub(crate) fn take(
        self: &Arc<Self>,
        executors: &Arc<Executors>,
        task: PolledTask,
        permit: Permit,
    ) {
        let (until, run_id) = match self.failing_runs.hold(task) {
            Held::No(task) => return self.take_now(executors, task, permit),
            Held::WithEarlier => return,
            Held::Until(until, run_id) => (until, run_id),
        };
        let (this, executors) = (Arc::clone(self), Arc::clone(executors));
        self.server.spawn(async move {
            tokio::select! {
                () = this.server.timers.sleep_until(until) => {}
                () = this.lifecycle.reached(Phase::Stopping) => {}
            }
            if let Some(task) = this.failing_runs.release(&run_id) {
                let permit = this.slots.acquire().await;
                this.take_now(&executors, task, permit);
            }
        });
    }

    /// Brings a task to its thread at once, also if its run fails here.
    fn take_now(self: &Arc<Self>, executors: &Arc<Executors>, task: PolledTask, permit: Permit) {
        let permit = permit.for_task();
        if !task.has_more_pages() {
            wake(executors, task, permit);
            return;
        }
        let (this, executors) = (Arc::clone(self), Arc::clone(executors));
        self.server.spawn(async move {
            let mut task = task;
            let info = TaskInfo::of(&task);
            let token = task.take_page_token();
            let pages = Pages::fetch(&this.server, &executors, info, token).await;
            // Without it the server hands the task out again.
            let Some(Pages { events, later }) = pages else {
                return;
            };
            match events {
                Ok(events) => task.append(events),
                // Without its history the task cannot be worked on, but it can fail with the reason.
                Err(CallError::Codec(fault)) => task = task.undecodable(fault),
                Err(error) => return this.log_no_history(&TaskInfo::of(&task), &error),
            }
            for later in later {
                task.prolong(later);
            }
            wake(&executors, task, permit);
        });
    }

    /// Brings a task to its thread again, with all of history: its run is not cached.
    ///
    /// # Errors
    /// Why the task fails, with the task as it is by then.
    pub(crate) async fn take_with_history(
        &self,
        executors: &Arc<Executors>,
        mut info: Arc<TaskInfo>,
        mut task: Box<Task>,
        permit: Permit,
    ) -> Result<(), (Arc<TaskInfo>, FailureReport)> {
        let pages = Pages::fetch(&self.server, executors, info.as_ref().clone(), Vec::new()).await;
        let Some(Pages { events, later }) = pages else {
            return Ok(());
        };
        if let Some(last) = later.last() {
            info = Arc::new(TaskInfo::of(last));
        }
        let events = match events {
            Ok(events) => events,
            Err(CallError::Codec(fault)) => return Err((info, FailureReport::codec(&fault))),
            Err(error) => {
                self.log_no_history(&info, &error);
                return Ok(());
            }
        };
        if let Err(error) = complete(&mut task, events, later) {
            return Err((info, FailureReport::of(&error.into())));
        }
        let run_id = info.run_id.clone();
        let work = Work::Decoded(info, task);
        let queued = Box::new(QueuedTask { work, permit });
        executors.wake(&run_id, Wake::Task(queued));
        Ok(())
    }

    /// Logs that a task is left to its timeout: without history nothing can be said about it.
    fn log_no_history(&self, info: &TaskInfo, error: &CallError) {
        log::on_task!(
            log::warning,
            self.server.identity,
            info,
            code = ?error.code(),
            error = error.message(),
            "the history of a workflow task could not be fetched"
        );
    }
}

/// Puts the pages of history before the tail that came with the task, and what the server returned later behind it.
fn complete(task: &mut Task, mut events: Events, later: Vec<PolledTask>) -> Result<(), WireError> {
    // The tail may hold events that are not in history yet: those of a task that leaves no trace unless it does
    // something.
    if let Some(first) = task.history.first() {
        let before_tail = events.partition_point(|event| event.event_id < first.id.0);
        events.truncate(before_tail);
    }
    let mut tail = std::mem::take(&mut task.history);
    wire::workflow_task::append_history(task, events)?;
    task.history.append(&mut tail);
    for later in later {
        let last = task.history.last().map_or(EventId(0), |event| event.id);
        task.prolong(later.decode()?, last);
    }
    Ok(())
}

fn wake(executors: &Arc<Executors>, task: PolledTask, permit: Permit) {
    let run_id = task.run_id().to_owned();
    let work = Work::Polled(task);
    executors.wake(&run_id, Wake::Task(Box::new(QueuedTask { work, permit })));
}
