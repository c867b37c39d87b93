//! A workflow task on its way from the server to the thread that owns its run.

use std::sync::Arc;

use durably_engine::Task;
use durably_proto::api::{
    common::v1::WorkflowExecution, history::v1::History,
    workflowservice::v1::PollWorkflowTaskQueueResponse,
};
use tonic::Status;

use super::{
    executor::{Executors, QueuedTask, Wake, Work},
    failing_runs::{FailingRuns, Held},
    failure_report::FailureReport,
    history_pages::add_pages,
    task_info::TaskInfo,
};
use crate::{
    telemetry::log,
    wire,
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
        task: Box<PollWorkflowTaskQueueResponse>,
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
    fn take_now(
        self: &Arc<Self>,
        executors: &Arc<Executors>,
        task: Box<PollWorkflowTaskQueueResponse>,
        permit: Permit,
    ) {
        if task.next_page_token.is_empty() {
            self.wake(executors, task, permit);
            return;
        }
        let (this, executors) = (Arc::clone(self), Arc::clone(executors));
        self.server.spawn(async move {
            let mut task = task;
            let execution = task.workflow_execution.clone().unwrap_or_default();
            let token = std::mem::take(&mut task.next_page_token);
            let history = task.history.get_or_insert_default();
            match add_pages(&this.server, &execution, token, &mut history.events).await {
                Ok(()) => this.wake(&executors, task, permit),
                Err(status) => this.log_no_history(&TaskInfo::take(&mut task), &status),
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
        let execution = WorkflowExecution {
            workflow_id: info.workflow_id.clone(),
            run_id: info.run_id.clone(),
        };
        let mut events = Vec::new();
        let fetched = add_pages(&self.server, &execution, Vec::new(), &mut events);
        if let Err(status) = fetched.await {
            self.log_no_history(info, &status);
            return Ok(());
        }
        // The tail came with the task. It may hold events that are not in history yet: those of a task
        // that leaves no trace unless it does something.
        if let Some(first) = task.history.first() {
            let before_tail = events.partition_point(|event| event.event_id < first.id.0);
            events.truncate(before_tail);
        }
        let mut tail = std::mem::take(&mut task.history);
        let appended = wire::task::append_history(&mut task, History { events });
        appended.map_err(|error| FailureReport::of(&error.into()))?;
        task.history.append(&mut tail);
        let work = Work::Decoded(Arc::clone(info), task);
        let queued = Box::new(QueuedTask { work, permit });
        executors.wake(&info.run_id, Wake::Task(queued));
        Ok(())
    }

    fn wake(
        &self,
        executors: &Arc<Executors>,
        task: Box<PollWorkflowTaskQueueResponse>,
        permit: Permit,
    ) {
        let Some(execution) = &task.workflow_execution else {
            log::warning!(
                task_queue = self.server.identity.task_queue,
                "the server gave a workflow task without an execution; it is left alone"
            );
            return;
        };
        let run_id = execution.run_id.clone();
        let work = Work::Raw(task);
        executors.wake(&run_id, Wake::Task(Box::new(QueuedTask { work, permit })));
    }

    /// Logs that a task is left to its timeout: without history nothing can be said about it.
    fn log_no_history(&self, info: &TaskInfo, status: &Status) {
        log::on_task!(
            log::warning,
            self.server.identity,
            info,
            code = ?status.code(),
            error = status.message(),
            "the history of a workflow task could not be fetched"
        );
    }
}
