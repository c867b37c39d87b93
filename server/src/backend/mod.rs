//! The backend: the path of every input. Finds the execution, locks it, applies the input in the
//! history core, commits the transition and executes its effects once the commit is durable.
//! Nothing here waits; requests that wait are built on top.

pub(crate) mod advance;
mod batches;
mod commit;
mod complete;
mod deployments;
pub(crate) mod disk;
pub(crate) mod effects;
mod namespaces;
pub(crate) mod outage;
mod queue_configs;
mod recover;
mod removal;
pub(crate) mod request;
pub(crate) mod reset;
pub(crate) mod schedules;
pub(crate) mod sweep;
pub(crate) mod timers;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::time::Duration;

use durably_history::{
    Effect, IdConflict, Input, Policies, Reply, Run, RunId, Start, StartDecision, Terminate, Time,
};
use durably_proto::api::enums::v1::{EventType, WorkflowExecutionStatus};
use tokio::sync::{mpsc, watch};

use crate::backend::commit::Applied;
use crate::backend::disk::DiskThreads;
use crate::backend::outage::Outage;
use crate::backend::request::RequestScope;
use crate::backend::timers::Timers;
use crate::batch::Batches;
use crate::clock::Timekeeper;
use crate::error::{AlreadyStarted, Error, StoreError};
use crate::execution::executions::Executions;
use crate::execution::{Execution, Record, Runs};
use crate::ids::Ids;
use crate::name::{BatchName, Delivery, RunName};
use crate::namespace::{Namespace, Namespaces};
use crate::schedule::Schedules;
use crate::store::Store;

/// The server behind its gRPC frontend.
#[derive(Debug)]
pub(crate) struct Backend {
    pub(crate) namespaces: Namespaces,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) executions: Executions,
    pub(crate) schedules: Schedules,
    pub(crate) batches: Batches,
    /// Takes the batch operations that are to be worked on.
    pub(crate) running_batches: mpsc::UnboundedSender<BatchName>,
    pub(crate) clock: Timekeeper,
    pub(crate) timers: Timers,
    /// Takes the messages to other executions and the actions of schedules whose commits are durable.
    pub(crate) outbox: mpsc::UnboundedSender<Delivery>,
    pub(crate) ids: Ids,
    pub(crate) disk_threads: DiskThreads,
    pub(crate) outage: Outage,
    /// Becomes true when the server stops: waiting requests are aborted, new ones refused.
    pub(crate) stop: watch::Sender<bool>,
    /// The server's runtime. A client in process may use another one, which may end before the
    /// server does.
    pub(crate) runtime: tokio::runtime::Handle,
    /// The backend itself, for its tasks.
    pub(crate) own: Weak<Self>,
}

/// The run that a start request is answered with.
#[derive(Debug)]
pub(crate) struct StartedRun<R> {
    pub(crate) run_id: RunId,
    pub(crate) first_run_id: RunId,
    pub(crate) status: WorkflowExecutionStatus,
    /// Whether this request started the run, in this call or in an earlier attempt.
    pub(crate) is_new: bool,
    pub(crate) result: R,
}

/// How a start request was resolved.
#[derive(Debug)]
pub(crate) enum StartResolution {
    /// The request started the run.
    Started(Reply),
    /// The request is a repetition; its first attempt caused an event of this type.
    Repeated(EventType),
    /// A run is at work, and the conflict policy is `USE_EXISTING`.
    InUse,
}

impl Backend {
    /// Aborts waiting requests, refuses new ones and ends the background tasks.
    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
        for namespace in self.namespaces.all() {
            namespace.close_queues();
        }
    }

    /// Whether the server stops.
    pub(crate) fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Waits until the server stops.
    pub(crate) async fn stopped(&self) {
        // The sender is the backend's own, so it cannot be gone.
        let _ = self.stop.subscribe().wait_for(|stopped| *stopped).await;
    }

    /// Waits until the server has been stopping for so long.
    async fn stopped_for(&self, span: Duration) {
        self.stopped().await;
        tokio::time::sleep(span).await;
    }

    /// Returns an error if the server is shutting down.
    pub(crate) fn check_running(&self) -> Result<(), Error> {
        match self.is_stopping() {
            true => Err(self.why_stopped()),
            false => Ok(()),
        }
    }

    /// The error of requests to a server that stops.
    pub(crate) fn why_stopped(&self) -> Error {
        match *self.store.is_broken().borrow() {
            true => StoreError::Broken.into(),
            false => Error::Unavailable("the server is shutting down"),
        }
    }

    /// Stops the server when its store can write no more.
    pub(crate) async fn stop_when_broken(self: Arc<Self>) {
        let mut broken = self.store.is_broken();
        tokio::select! {
            biased;
            () = self.stopped() => {}
            Ok(_) = broken.wait_for(|broken| *broken) => {
                tracing::error!(reason = %StoreError::Broken, "the server stops");
                self.stop();
            }
        }
    }

    /// Applies an input to a run of a locked execution and commits the transition. `then` receives
    /// the reply while the execution is still locked; its result must not leave the server before
    /// the commit is durable.
    pub(crate) fn apply<R>(
        &self,
        execution: &Arc<Execution>,
        runs: &mut Runs,
        run_id: &RunId,
        input: Input,
        then: impl FnOnce(&mut Record, Reply) -> R,
    ) -> Result<R, Error> {
        // While the execution is locked: a deletion waits for that.
        execution.namespace.check_not_deleted()?;
        let work = self.begin_input();
        let now = self.clock.now();
        let found = match runs.get(run_id) {
            Ok(found) => found,
            Err(error) => {
                self.recover_later(execution, runs, &error);
                return Err(error.into());
            }
        };
        let record = found.ok_or_else(|| no_such_workflow(execution.workflow_id()))?;
        let applied = catch_unwind(AssertUnwindSafe(|| record.run.apply(input, now)));
        let Ok(transition) = applied else {
            return Err(self.panicked(execution, runs));
        };
        let transition = transition?;
        let mut applied = Applied::new(now, work);
        if let Some((run, next)) = next_run(&transition.effects, now) {
            applied.start(run, next.effects);
        }
        applied.change(record, transition.effects);
        self.commit(execution, runs, applied)?;
        let record = runs
            .get(run_id)?
            .ok_or_else(|| no_such_workflow(execution.workflow_id()))?;
        let result = then(record, transition.reply);
        if !record.run.has_workflow_task() {
            record.waiters.release_queries();
        }
        Ok(result)
    }

    /// Applies all due deadlines of a run.
    pub(crate) fn fire_deadlines(&self, name: &RunName) {
        // The run was deleted with its namespace.
        let Ok(namespace) = self.namespaces.find(&name.execution.namespace) else {
            return;
        };
        let workflow_id = &name.execution.workflow_id;
        let execution = self.executions.find_or_create(&namespace, workflow_id);
        let mut runs = execution.lock();
        let now = self.clock.now();
        loop {
            let record = match runs.get(&name.run_id) {
                Ok(Some(record)) => record,
                Ok(None) => return,
                // The deadline fires when the execution is recovered.
                Err(error) => return self.recover_later(&execution, &mut runs, &error),
            };
            let Some(deadline) = record.due(now) else {
                return self.set_alarm(&execution, record);
            };
            let due = Input::Due(deadline);
            match self.apply(&execution, &mut runs, &name.run_id, due, |_, _| ()) {
                Ok(()) => {}
                // The deadline fires when the execution is recovered.
                Err(error) => {
                    tracing::debug!(run_id = %name.run_id, ?error, "firing a deadline failed");
                    return;
                }
            }
        }
    }

    fn terminate_running(
        &self,
        execution: &Arc<Execution>,
        runs: &mut Runs,
        run_id: &RunId,
        new_run_id: &RunId,
    ) -> Result<(), Error> {
        let terminate = Input::Terminate(Terminate {
            reason: "TerminateIfRunning WorkflowIdReusePolicy".to_owned(),
            identity: "history-service".to_owned(),
            details: Some(durably_proto::api::common::v1::Payloads {
                payloads: vec![durably_proto::api::common::v1::Payload {
                    metadata: [("encoding".to_owned(), b"json/plain".to_vec())].into(),
                    data: format!("\"terminated by new runID: {new_run_id}\"").into_bytes(),
                    ..Default::default()
                }],
            }),
            ..Terminate::default()
        });
        self.apply(execution, runs, run_id, terminate, |_, _| ())
    }
}

impl RequestScope<'_> {
    /// Applies an input to the run that a request names.
    pub(crate) fn apply_to(
        &self,
        namespace: &Arc<Namespace>,
        workflow_id: &str,
        run_id: &str,
        input: Input,
    ) -> Result<Reply, Error> {
        let execution = self.execution(namespace, workflow_id)?;
        let mut runs = execution.lock();
        let run_id = resolve_run(&execution, &mut runs, run_id)?;
        self.apply(&execution, &mut runs, &run_id, input, |_, reply| reply)
    }

    /// Starts a run if the policies allow it. `with` receives the run and how the request was
    /// resolved, and may apply further inputs before the execution is unlocked.
    pub(crate) fn start<R>(
        &self,
        namespace: &Arc<Namespace>,
        start: Start,
        policies: Policies,
        with: impl FnOnce(&Arc<Execution>, &mut Runs, &RunId, StartResolution) -> Result<R, Error>,
    ) -> Result<StartedRun<R>, Error> {
        let execution = self.to_start(namespace, &start);
        let mut runs = execution.lock();
        namespace.check_not_deleted()?;
        if let Some(latest) = runs.latest()? {
            let latest_id = latest.run.run_id().clone();
            let answer = |is_new| StartedRun {
                run_id: latest_id.clone(),
                first_run_id: latest.run.first_run_id().clone(),
                status: latest.run.status(),
                is_new,
                result: (),
            };
            let repeated = match start.signal {
                None => latest.run.request_event(&start.request_id),
                // In a signal-with-start the request id belongs to the signal; the run that
                // recorded the signal detects the repetition.
                Some(_) => None,
            };
            if let Some(event_type) = repeated {
                let found = answer(event_type == EventType::WorkflowExecutionStarted);
                let result = with(
                    &execution,
                    &mut runs,
                    &latest_id,
                    StartResolution::Repeated(event_type),
                )?;
                return Ok(found.with(result));
            }
            match policies.decide(latest.run.status()) {
                StartDecision::Start => {}
                StartDecision::UseExisting => {
                    let found = answer(false);
                    let result = with(&execution, &mut runs, &latest_id, StartResolution::InUse)?;
                    return Ok(found.with(result));
                }
                StartDecision::TerminateThenStart => {
                    self.terminate_running(&execution, &mut runs, &latest_id, &start.run_id)?;
                }
                StartDecision::Refuse(refused) => {
                    return Err(Error::AlreadyStarted(AlreadyStarted {
                        message: refusal(refused, &latest.run),
                        start_request_id: latest.run.start_request_id().to_string(),
                        run_id: latest_id.to_string(),
                        first_run_id: latest.run.first_run_id().to_string(),
                    }));
                }
            }
        }
        let work = self.begin_input();
        let now = self.clock.now();
        let run_id = start.run_id.clone();
        let (run, transition) = Run::start(start, now);
        let mut applied = Applied::new(now, work);
        applied.start(run, transition.effects);
        self.commit(&execution, &mut runs, applied)?;
        self.clock.count_run();
        let result = with(
            &execution,
            &mut runs,
            &run_id,
            StartResolution::Started(transition.reply),
        )?;
        Ok(StartedRun {
            first_run_id: run_id.clone(),
            run_id,
            status: WorkflowExecutionStatus::Running,
            is_new: true,
            result,
        })
    }
}

impl StartedRun<()> {
    fn with<R>(self, result: R) -> StartedRun<R> {
        StartedRun {
            run_id: self.run_id,
            first_run_id: self.first_run_id,
            status: self.status,
            is_new: self.is_new,
            result,
        }
    }
}

/// The run of a locked execution that a request names; the latest if it names none.
pub(crate) fn resolve_run(
    execution: &Execution,
    runs: &mut Runs,
    run_id: &str,
) -> Result<RunId, Error> {
    let record = match run_id.is_empty() {
        true => runs.latest()?,
        false => runs.get(&RunId::from(run_id))?,
    };
    match record {
        Some(record) => Ok(record.run.run_id().clone()),
        None if run_id.is_empty() => Err(no_such_workflow(execution.workflow_id())),
        None => Err(Error::NotFound(format!(
            "workflow execution not found for workflow ID \"{}\" and run ID \"{run_id}\"",
            execution.workflow_id()
        ))),
    }
}

pub(crate) fn no_such_workflow(workflow_id: &str) -> Error {
    Error::NotFound(format!("workflow not found for ID: {workflow_id}"))
}

/// The real server's words for a workflow id that is in use.
fn refusal(refused: IdConflict, run: &Run) -> String {
    let ids = format!(
        "WorkflowId: {}, RunId: {}.",
        run.workflow_id(),
        run.run_id()
    );
    match refused {
        IdConflict::Running => format!("Workflow execution is already running. {ids}"),
        IdConflict::Closed => format!(
            "Workflow execution already finished. {ids} Workflow Id reuse policy: reject duplicate workflow Id."
        ),
        IdConflict::Completed => format!(
            "Workflow execution already finished successfully. {ids} Workflow Id reuse policy: allow duplicate workflow Id if last run failed."
        ),
    }
}

fn next_run(effects: &[Effect], now: Time) -> Option<(Run, durably_history::Transition)> {
    effects.iter().find_map(|effect| match effect {
        Effect::StartNext(start) => Some(Run::start((**start).clone(), now)),
        _ => None,
    })
}
