//! A workflow task on its way from the server to the thread that owns its run.

use std::sync::Arc;

use durably_engine::Task;

use super::{
    executor::{Executors, QueuedTask, Wake, Work},
    failing_runs::{FailingRuns, Held},
    failure_report::FailureReport,
    history_pages::fetch_pages,
    task_info::TaskInfo,
};
use crate::{
    telemetry::log,
    wire::{self, request::Execution, status::CallError, workflow_task::PolledTask},
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
        if !task.has_more_pages() {
            wake(executors, task, permit);
            return;
        }
        let (this, executors) = (Arc::clone(self), Arc::clone(executors));
        self.server.spawn(async move {
            let mut task = task;
            let token = task.take_page_token();
            match fetch_pages(&this.server, task.execution(), token).await {
                Ok(events) => {
                    task.append(events);
                    wake(&executors, task, permit);
                }
                // Without its history the task cannot be worked on, but it can fail with the reason.
                Err(CallError::Codec(fault)) => wake(&executors, task.undecodable(fault), permit),
                Err(error) => this.log_no_history(&TaskInfo::take(&mut task), &error),
            }
        });
    }

    /// Brings a task to its thread again, with all of history: its run is not cached.
    ///
    /// # Errors
    /// Why the task fails.
    pub(crate) async fn take_with_history(
        &self,
        executors: &Arc<Executors>,
        info: &Arc<TaskInfo>,
        mut task: Box<Task>,
        permit: Permit,
    ) -> Result<(), FailureReport> {
        let execution = Execution {
            workflow_id: info.workflow_id.clone(),
            run_id: info.run_id.clone(),
        };
        let mut events = match fetch_pages(&self.server, execution, Vec::new()).await {
            Ok(events) => events,
            Err(CallError::Codec(fault)) => {
                return Err(FailureReport::codec(&fault));
            }
            Err(error) => {
                self.log_no_history(info, &error);
                return Ok(());
            }
        };
        // The tail came with the task. It may hold events that are not in history yet: those of a task
        // that leaves no trace unless it does something.
        if let Some(first) = task.history.first() {
            let before_tail = events.partition_point(|event| event.event_id < first.id.0);
            events.truncate(before_tail);
        }
        let mut tail = std::mem::take(&mut task.history);
        let appended = wire::workflow_task::append_history(&mut task, events);
        appended.map_err(|error| FailureReport::of(&error.into()))?;
        task.history.append(&mut tail);
        let work = Work::Decoded(Arc::clone(info), task);
        let queued = Box::new(QueuedTask { work, permit });
        executors.wake(&info.run_id, Wake::Task(queued));
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

fn wake(executors: &Arc<Executors>, task: PolledTask, permit: Permit) {
    let run_id = task.run_id().to_owned();
    let work = Work::Polled(task);
    executors.wake(&run_id, Wake::Task(Box::new(QueuedTask { work, permit })));
}
