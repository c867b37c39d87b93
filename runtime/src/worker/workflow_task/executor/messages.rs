//! What goes in and out of executor threads.

use std::{sync::Arc, time::Duration};

use crate::{
    telemetry::metrics::RunEnd,
    wire::{
        respond::{AnswerQuery, CompleteWorkflowTask},
        workflow_task::PolledTask,
    },
    worker::{
        slots::Permit,
        workflow_task::{failure_report::FailureReport, task_info::TaskInfo},
    },
};
use durably_engine::{EventId, Task};

/// All that can wake an executor thread.
pub(crate) enum Wake {
    /// A task for one of its runs.
    Task(Box<QueuedTask>),
    /// A task that is put aside has used up most of its time.
    HeartbeatDue(Arc<TaskInfo>),
    /// The response to a heartbeat: the task that the server gave in return.
    HeartbeatAnswered(Arc<TaskInfo>, Option<PolledTask>),
    /// The server rejected the response to a task, so the run is not what history says.
    Evict(RunVersion),
    /// The server dropped a task from history: the run resumes after an earlier one.
    ResetTo(RunVersion, EventId),
    /// Something outside of the run with this id woke it, or a local activity of it has ended.
    RunWoken(Arc<str>),
    /// The worker ends: tasks that are put aside go to other workers.
    HandBack,
    /// The worker has ended.
    Stop,
}

/// A workflow task, and the permit to work on it.
pub(crate) struct QueuedTask {
    pub(crate) work: Work,
    pub(crate) permit: Permit,
}

/// A workflow task as it was polled, or taken in again with its whole history.
pub(crate) enum Work {
    Polled(PolledTask),
    Decoded(Arc<TaskInfo>, Box<Task>),
}

impl Work {
    pub(crate) fn run_id(&self) -> &str {
        match self {
            Self::Polled(task) => task.run_id(),
            Self::Decoded(info, _) => &info.run_id,
        }
    }

    /// Whether the task consists of a query.
    pub(crate) fn is_query_only(&self) -> bool {
        match self {
            Self::Polled(task) => task.is_query_only(),
            Self::Decoded(info, _) => info.query_only,
        }
    }

    /// Separates the names, the token and the time limit of the task.
    pub(crate) fn open(self) -> (Arc<TaskInfo>, Content) {
        match self {
            Self::Polled(mut task) => {
                let info = Arc::new(TaskInfo::take(&mut task));
                (info, Content::Polled(task))
            }
            Self::Decoded(info, task) => (info, Content::Decoded(task)),
        }
    }
}

/// What a workflow task asks of its run.
pub(crate) enum Content {
    Polled(PolledTask),
    Decoded(Box<Task>),
}

/// A cached run as it was after one of its tasks.
#[derive(Clone, Debug)]
pub(crate) struct RunVersion {
    pub(crate) info: Arc<TaskInfo>,
    /// The number of the task; any later task makes a message about this version void.
    pub(crate) task: u64,
}

/// What a thread has to send to the server.
pub(crate) enum Output {
    Completed(Box<Completed>, Permit),
    Answered(Arc<TaskInfo>, AnswerQuery, Permit),
    Failed(Arc<TaskInfo>, FailureReport),
    /// Requests all of history for the task, whose run is not cached.
    FetchHistory(Arc<TaskInfo>, Box<Task>, Permit),
    /// A task that is to be worked on as if it had been polled.
    Task(PolledTask, Permit),
    /// Prolongs the task; the response wakes the thread.
    Heartbeat(Box<Completed>),
}

/// The response to a task that moves the run.
pub(crate) struct Completed {
    pub(crate) request: CompleteWorkflowTask,
    pub(crate) version: RunVersion,
    /// Permits for the activities that are to start here at once.
    pub(crate) eager: Vec<Permit>,
    /// How its run ends, and how long that run existed.
    pub(crate) ended: Option<(RunEnd, Option<Duration>)>,
}
