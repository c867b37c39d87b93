//! Sends the responses to workflow tasks, and acts on what the server returns.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    executor::{Completed, Executors, Outbox, Output, RunVersion, Wake},
    failure_report::FailureReport,
    intake::Intake,
    rejection::log_rejected,
    task_info::TaskInfo,
};
use crate::{
    telemetry::{log, metrics::WorkflowMetrics},
    transport::{retry::Patience, rpc::Rpc},
    wire::{
        WireError, activity_task::ActivityTask, request::Request, respond::AnswerQuery,
        status::CallError, workflow_task::PolledTask,
    },
    worker::{
        activity_task::ActivityTasks,
        lifecycle::{Lifecycle, Phase},
        server::Server,
        slots::{Permit, Slots},
    },
};

/// How long a response to a workflow task is tried for. The server gives the task to another worker
/// after its timeout, ten seconds by default, and rejects the late response.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends the responses to workflow tasks, and acts on what the server returns.
pub(crate) struct Responder {
    pub(crate) server: Arc<Server>,
    pub(crate) lifecycle: Arc<Lifecycle>,
    /// Workflow tasks in progress.
    pub(crate) slots: Slots,
    pub(crate) intake: Arc<Intake>,
    /// Starts the activities that the server returns.
    pub(crate) activities: Arc<ActivityTasks>,
}

impl Outbox for Responder {
    fn send(self: Arc<Self>, executors: &Arc<Executors>, output: Output) {
        let (server, executors) = (Arc::clone(&self.server), Arc::clone(executors));
        match output {
            Output::Completed(completed, permit) => {
                server.spawn(async move { self.complete(executors, *completed, permit).await });
            }
            Output::Answered(info, request, permit) => {
                server.spawn(async move {
                    match self.answer_query(&info, request).await {
                        Ok(()) => self.slots.task_counts().add_processed(),
                        Err(failure) => self.report_failure(&info, failure).await,
                    }
                    drop(permit);
                });
            }
            Output::Failed(info, failure) => self.fail(info, failure),
            Output::FetchHistory(info, task, permit) => {
                server.spawn(async move {
                    let taken = self
                        .intake
                        .take_with_history(&executors, info, task, permit);
                    if let Err((info, failure)) = taken.await {
                        self.report_failure(&info, failure).await;
                    }
                });
            }
            Output::Task(task, permit) => self.intake.take(&executors, task, permit),
            Output::Heartbeat(completed) => {
                server.spawn(async move {
                    let info = Arc::clone(&completed.version.info);
                    let task = self.prolong(*completed).await;
                    let run_id = info.run_id.clone();
                    executors.wake(&run_id, Wake::HeartbeatAnswered(info, task));
                });
            }
        }
    }
}

impl Responder {
    /// Fails a task, in the background.
    pub(crate) fn fail(self: Arc<Self>, info: Arc<TaskInfo>, failure: FailureReport) {
        let server = Arc::clone(&self.server);
        server.spawn(async move { self.report_failure(&info, failure).await });
    }

    /// Completes a task, and starts the activities and the next task that the server returns.
    async fn complete(
        self: Arc<Self>,
        executors: Arc<Executors>,
        completed: Completed,
        permit: Permit,
    ) {
        let Completed {
            request,
            version,
            mut eager,
            ended,
        } = completed;
        let patience = Patience::until(Instant::now() + PATIENCE);
        let response = match self.call(&version.info, request, patience).await {
            Ok(response) => response,
            Err(error) => {
                drop((eager, permit));
                self.rejected(&executors, version, error).await;
                return;
            }
        };
        self.slots.task_counts().add_processed();
        self.intake.failing_runs.succeeded(&version.info.run_id);
        if let Some(metrics) = self.metrics(&version.info) {
            metrics.task_answered(version.info.since.elapsed());
            if let Some((end, took)) = ended {
                metrics.run_ended(end, took);
            }
        }
        self.start_activities(&version.info, response.activities, &mut eager)
            .await;
        drop(eager);
        if let Some(started) = response.reset_to {
            let run_id = version.info.run_id.clone();
            executors.wake(&run_id, Wake::ResetTo(version, started));
        }
        if let Some(task) = response.task {
            self.intake.take(&executors, task, permit);
        }
    }

    /// Prolongs a task that is put aside; returns the task with which the server replaces it.
    async fn prolong(self: &Arc<Self>, completed: Completed) -> Option<PolledTask> {
        let Completed {
            request,
            version,
            mut eager,
            ended: _,
        } = completed;
        let info = &version.info;
        let patience = Patience::until(info.deadline());
        match self.call(info, request, patience).await {
            Ok(response) => {
                self.start_activities(info, response.activities, &mut eager)
                    .await;
                response.task.filter(|_| response.reset_to.is_none())
            }
            Err(error) => {
                drop(eager);
                let what = "the heartbeat of a workflow task";
                match FailureReport::undeliverable(what, &error) {
                    // In the background: later tasks of the run need not wait for its pause.
                    Some(failure) => Arc::clone(self).fail(Arc::clone(info), failure),
                    None => log_rejected(&self.server, info, what, &error),
                }
                None
            }
        }
    }

    /// Answers a task that consists of a query.
    ///
    /// # Errors
    /// The answer instead of one that cannot be sent.
    async fn answer_query(
        &self,
        info: &TaskInfo,
        request: AnswerQuery,
    ) -> Result<(), FailureReport> {
        let patience = Patience::until(Instant::now() + PATIENCE);
        let Err(error) = self.call(info, request, patience).await else {
            if let Some(metrics) = self.metrics(info) {
                metrics.task_answered(info.since.elapsed());
            }
            return Ok(());
        };
        let what = "the answer to a query";
        if let Some(failure) = FailureReport::undeliverable(what, &error) {
            return Err(failure);
        }
        log_rejected(&self.server, info, what, &error);
        Ok(())
    }

    /// Fails a task that consists of a query: by the reason alone if the failure cannot be sent.
    async fn fail_query(&self, info: &TaskInfo, mut failure: FailureReport) {
        loop {
            let error = failure.text();
            log::on_task!(
                log::warning,
                self.server.identity,
                info,
                error,
                "query failed"
            );
            let answer = failure.into_query_answer(info.token.clone());
            match self.answer_query(info, answer).await {
                Ok(()) => return,
                Err(reason) => failure = reason,
            }
        }
    }

    /// Fails a task, and logs why. The server tries it again; its run waits until a worker can handle it.
    ///
    /// The server hands it out again at once, and what failed twice fails a third time: from the second
    /// failure on the answer is withheld for a while. Answering at once and pausing before the retry is
    /// run would be no different for the server, which waits for a worker in both cases and gives up on it
    /// only after the task's timeout. Other SDKs do not answer a second failure at all. Callers hold no
    /// permit meanwhile, so that runs that fail do not hold up the others.
    async fn report_failure(&self, info: &TaskInfo, failure: FailureReport) {
        self.slots.task_counts().add_failed();
        if info.query_only {
            return self.fail_query(info, failure).await;
        }
        let error = failure.text();
        let what = "workflow task failed, and will be tried again";
        log::on_task!(log::warning, self.server.identity, info, error, "{what}");
        if let Some(metrics) = self.metrics(info) {
            metrics.task_failed(failure.reason());
            metrics.task_answered(info.since.elapsed());
        }
        let pause = self.intake.failing_runs.failed(info);
        tokio::select! {
            () = self.server.timers.sleep(pause) => {}
            // The next worker may have the code that works.
            () = self.lifecycle.reached(Phase::Stopping) => {}
        }
        let _in_progress = self.slots.try_acquire().map(Permit::for_task);
        let send = |failure: FailureReport| {
            let request = failure.into_request(info.token.clone());
            self.call(info, request, Patience::until(Instant::now() + PATIENCE))
        };
        let sent = match send(failure).await {
            // Its details are payloads too; this failure has none.
            Err(CallError::Codec(fault)) => send(FailureReport::codec(&fault)).await,
            sent => sent,
        };
        if let Err(error) = sent {
            log_rejected(&self.server, info, "the failure of a workflow task", &error);
        }
    }

    fn metrics(&self, info: &TaskInfo) -> Option<Arc<WorkflowMetrics>> {
        self.server.metrics.workflow(&info.workflow_type)
    }

    async fn call<R: Request>(
        &self,
        info: &TaskInfo,
        request: R,
        patience: Patience,
    ) -> Result<R::Response, CallError>
    where
        R::Message: Rpc<Reply = R::Reply>,
    {
        let about = Some(|| info.about());
        self.server
            .caller
            .call_about(request, patience, about)
            .await
    }

    /// The server rejected the response: the run is not what this worker made of it.
    async fn rejected(&self, executors: &Arc<Executors>, version: RunVersion, error: CallError) {
        let info = Arc::clone(&version.info);
        executors.wake(&info.run_id, Wake::Evict(version));
        let what = "the answer to a workflow task";
        match FailureReport::undeliverable(what, &error) {
            Some(failure) => self.report_failure(&info, failure).await,
            None => {
                self.slots.task_counts().add_processed();
                log_rejected(&self.server, &info, what, &error);
            }
        }
    }

    /// Starts the activities that the server returned for a task.
    async fn start_activities(
        &self,
        info: &TaskInfo,
        tasks: Vec<Result<ActivityTask, WireError>>,
        eager: &mut Vec<Permit>,
    ) {
        for task in tasks {
            match task {
                Ok(task) => self.start_activity(task, eager.pop()).await,
                Err(error) => log::on_task!(
                    log::warning,
                    self.server.identity,
                    info,
                    %error,
                    "the server returned a malformed activity task, which is left to its timeout"
                ),
            }
        }
    }

    /// A server may return more activities than were requested; those wait for a permit.
    async fn start_activity(&self, task: ActivityTask, permit: Option<Permit>) {
        let permit = match permit {
            Some(permit) => permit,
            None => self.activities.slots.acquire().await,
        };
        self.activities.start_eagerly(task, permit);
    }
}
