//! Ends a worker: polls, workflow tasks, activities, threads, in this order.

use std::{sync::Arc, time::Duration};

use tokio::sync::mpsc;

use super::{
    activity_task::ActivityTasks,
    lifecycle::{Lifecycle, Phase},
    local_activity::LocalActivityTasks,
    server::Server,
    workflow_task::WorkflowTasks,
};
use crate::{
    telemetry::log,
    transport::retry::{ANSWER_TIMEOUT, Patience},
    wire::shutdown::ShutdownWorker,
};

/// How long polls in flight may take to return after the shutdown was announced; a server that can
/// end them does so at once.
const POLLS_END: Duration = Duration::from_secs(2);
/// How long workflow tasks may take to be answered; the server gives them again after ten seconds.
const TASKS_END: Duration = Duration::from_secs(10);
/// How long the reports on abandoned activities may take.
const REPORTS_END: Duration = Duration::from_secs(10);

/// What has to end, and in which time.
pub(crate) struct Shutdown {
    pub(crate) server: Arc<Server>,
    pub(crate) lifecycle: Arc<Lifecycle>,
    pub(crate) has_workflows: bool,
    pub(crate) has_activities: bool,
    pub(crate) has_sticky_queue: bool,
    /// How long running activities may take to end.
    pub(crate) grace: Duration,
    pub(crate) workflows: Arc<WorkflowTasks>,
    pub(crate) activities: Arc<ActivityTasks>,
    pub(crate) local: Arc<LocalActivityTasks>,
    /// Ends when the last poll has ended.
    pub(crate) polls_ended: mpsc::Receiver<()>,
    /// Whether the server ends the polls of a worker that shuts down.
    pub(crate) polls_come_back: bool,
}

impl Shutdown {
    /// Ends the worker once [`Phase::Stopping`] is reached.
    ///
    /// It runs on the thread for timers, so that it also completes when the future of `Worker::run` is
    /// dropped or the runtime of the caller ends.
    pub(crate) async fn run(mut self) {
        self.lifecycle.reached(Phase::Stopping).await;
        let request = self.request();
        let server = Arc::clone(&self.server);
        // If the runtime of the connection has ended, no RPC is possible.
        let _ = self
            .server
            .spawn(async move { announce(&server, request).await })
            .await;
        if self.polls_come_back {
            let _ = tokio::time::timeout(POLLS_END, self.polls_ended.recv()).await;
        }
        self.lifecycle.advance(Phase::PollsAbandoned);
        self.polls_ended.recv().await;

        let task_queue = &self.server.identity.task_queue;
        if !self.workflows.ended(TASKS_END).await {
            log::warning!(
                task_queue,
                "workflow tasks are still in progress; the server will give them to another worker"
            );
        }

        self.activities.cancel_all();
        self.local.cancel_all();
        tokio::join!(
            self.activities.slots.all_free(self.grace),
            self.local.slots.all_free(self.grace),
        );
        self.lifecycle.advance(Phase::ActivitiesAbandoned);
        // A function that blocks keeps its slot; its attempt is reported all the same.
        self.activities.unreported.all_free(REPORTS_END).await;
        if !self.activities.slots.are_free() {
            log::warning!(
                task_queue,
                "activities that block are still running; their attempts are reported as failed, and are retried"
            );
        }
        self.workflows.stop();
    }

    fn request(&self) -> ShutdownWorker {
        let identity = &self.server.identity;
        ShutdownWorker {
            task_queue: identity.task_queue.clone(),
            sticky_queue: self.has_sticky_queue.then(|| identity.sticky_queue.clone()),
            instance_key: identity.instance_key.clone(),
            polls_workflows: self.has_workflows,
            polls_activities: self.has_activities,
        }
    }
}

async fn announce(server: &Server, request: ShutdownWorker) {
    let patience = Patience::one_attempt(ANSWER_TIMEOUT);
    if let Err(error) = server.caller.call(request, patience).await {
        // Without it tasks of cached runs only wait until the sticky timeout.
        tracing::debug!(
            code = ?error.code(),
            error = error.message(),
            "the worker's shutdown could not be announced to the server"
        );
    }
}
