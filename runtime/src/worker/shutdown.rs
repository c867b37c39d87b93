//! Ends a worker: polls, workflow tasks, activities, threads, in this order.

use std::{sync::Arc, time::Duration};

use tokio::{sync::mpsc, task::JoinHandle};

use super::{
    activity_task::ActivityTasks,
    error::WorkerError,
    lifecycle::{Lifecycle, Phase},
    local_activity::LocalActivityTasks,
    server::Server,
    worker_heartbeat::WorkerHeartbeats,
    workflow_task::WorkflowTasks,
};
use crate::{
    telemetry::log,
    transport::retry::{ANSWER_TIMEOUT, Patience},
    wire::{shutdown::ShutdownWorker, worker_heartbeat::WorkerStatus},
};

/// How long the announcement and the polls in flight may take to return; a server that can end them does so at
/// once.
const POLLS_END: Duration = Duration::from_secs(2);
/// How long workflow tasks may take to be answered; the server gives them again after ten seconds.
const TASKS_END: Duration = Duration::from_secs(10);
/// How long the reports on abandoned activities may take.
const REPORTS_END: Duration = Duration::from_secs(10);
/// The same if the worker ends at once.
const LAST_REPORTS_END: Duration = Duration::from_secs(1);

/// What has to end, and in which time.
pub(crate) struct Shutdown {
    pub(crate) server: Arc<Server>,
    pub(crate) lifecycle: Arc<Lifecycle>,
    pub(crate) has_workflows: bool,
    pub(crate) has_activities: bool,
    pub(crate) has_sticky_queue: bool,
    /// How long running activities may take to end.
    pub(crate) grace: Duration,
    /// How long all of it may take.
    pub(crate) deadline: Option<Duration>,
    pub(crate) workflows: Arc<WorkflowTasks>,
    pub(crate) activities: Arc<ActivityTasks>,
    pub(crate) local: Arc<LocalActivityTasks>,
    /// None if the server takes none.
    pub(crate) heartbeats: Option<Arc<WorkerHeartbeats>>,
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
    ///
    /// # Errors
    /// If the server has rejected the worker's polls.
    pub(crate) async fn run(mut self) -> Result<(), WorkerError> {
        let lifecycle = Arc::clone(&self.lifecycle);
        lifecycle.reached(Phase::Stopping).await;
        let (task_queue, namespace) = self.queue_and_namespace();
        tracing::info!(task_queue, namespace, "worker is shutting down");
        let deadline = self.deadline;
        let too_long = async {
            match deadline {
                Some(deadline) => tokio::time::sleep(deadline).await,
                None => std::future::pending().await,
            }
        };
        // Also if the worker ends at once: cached runs move to other workers without waiting for this one.
        let mut announced = self.announce();
        tokio::select! {
            () = self.in_order(&mut announced) => {}
            () = lifecycle.reached(Phase::Aborted) => self.abort(&mut announced).await,
            () = too_long => {
                let task_queue = &self.server.identity.task_queue;
                log::warning!(task_queue, "the shutdown exceeds its deadline, and ends at once");
                self.abort(&mut announced).await;
            }
        }
        self.workflows.stop();
        let rejection = lifecycle.take_rejection();
        let rejection = rejection.map(|it| self.server.rejected(it));
        // With the reason at once: nobody may see a worker that failed as one that stopped.
        lifecycle.end(rejection.as_ref().map(ToString::to_string));
        let (task_queue, namespace) = self.queue_and_namespace();
        match &rejection {
            Some(error) => {
                log::error!(task_queue, namespace, %error, "the server refuses the worker, which has ended")
            }
            None => tracing::info!(task_queue, namespace, "worker stopped"),
        }
        rejection.map_or(Ok(()), Err)
    }

    fn queue_and_namespace(&self) -> (&str, &str) {
        let identity = &self.server.identity;
        (&identity.task_queue, &identity.namespace)
    }

    /// Lets running attempts fail, and gives the reports of that and the announcement a last chance.
    async fn abort(&self, announced: &mut JoinHandle<()>) {
        self.lifecycle.advance(Phase::Aborted);
        let announced = async {
            // It may have been awaited by the orderly shutdown.
            if !announced.is_finished() {
                let _ = tokio::time::timeout(LAST_REPORTS_END, announced).await;
            }
        };
        tokio::join!(
            announced,
            self.activities.unreported.all_free(LAST_REPORTS_END)
        );
    }

    fn announce(&self) -> JoinHandle<()> {
        let (server, request) = (Arc::clone(&self.server), self.request());
        self.server
            .spawn(async move { announce(&server, request).await })
    }

    async fn in_order(&mut self, announced: &mut JoinHandle<()>) {
        let polls_ended = async {
            // If the runtime of the connection has ended, no RPC is possible.
            let _ = announced.await;
            if self.polls_come_back {
                self.polls_ended.recv().await;
            }
        };
        // A server that does not answer the announcement does not end the polls either.
        let _ = tokio::time::timeout(POLLS_END, polls_ended).await;
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
    }

    fn request(&self) -> ShutdownWorker {
        let identity = &self.server.identity;
        ShutdownWorker {
            task_queue: identity.task_queue.clone(),
            sticky_queue: self.has_sticky_queue.then(|| identity.sticky_queue.clone()),
            instance_key: identity.instance_key.clone(),
            polls_workflows: self.has_workflows,
            polls_activities: self.has_activities,
            last_heartbeat: self
                .heartbeats
                .as_ref()
                .map(|it| it.take(WorkerStatus::ShuttingDown)),
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
