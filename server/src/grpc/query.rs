//! Queries: dispatched directly while the run is idle, piggybacked on its workflow task otherwise.

use std::sync::Arc;
use std::time::Duration;

use durably_history::{Input, Route, Run, RunId, TaskQueue};
use durably_proto::api::enums::v1::{QueryRejectCondition, WorkflowExecutionStatus};
use durably_proto::api::query::v1::{QueryRejected, WorkflowQuery};
use durably_proto::api::workflowservice::v1::{QueryWorkflowRequest, QueryWorkflowResponse};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::check;
use super::deadline::EXPIRED;
use crate::backend::effects::STICKY_WORKER_GONE;
use crate::backend::request::RequestScope;
use crate::backend::resolve_run;
use crate::deployment::QueueType;
use crate::error::Error;
use crate::execution::Execution;
use crate::execution::waiters::QueryResolution;
use crate::matching::offer::WorkflowOffer;
use crate::matching::priority::TaskPriority;
use crate::matching::query::{PendingQuery, QueryAnswer};
use crate::matching::queue::QueueKind;

/// `QueryWorkflow`.
pub(super) async fn query(
    scope: &RequestScope<'_>,
    request: QueryWorkflowRequest,
    deadline: Instant,
) -> Result<QueryWorkflowResponse, Error> {
    let namespace = scope.namespaces.find(&request.namespace)?;
    let reject = request.query_reject_condition();
    let named = check::execution(request.execution)?;
    let query = checked(request.query)?;
    let execution = scope.execution(&namespace, &named.workflow_id)?;
    let run_id = resolve_run(&execution, &mut execution.lock(), &named.run_id)?;
    let _work = scope.begin_work();
    loop {
        let answer = match route(scope, &execution, &run_id, &query, reject, deadline)? {
            QueryRoute::Rejected(status) => return Ok(rejected(status)),
            QueryRoute::Piggybacked(resolution) => match timeout_at(deadline, resolution).await {
                Ok(Ok(QueryResolution::Answered(answer))) => answer,
                Ok(Ok(QueryResolution::Retry) | Err(_)) => {
                    scope.check_running()?;
                    continue;
                }
                Err(_) => return Err(expired(scope)),
            },
            QueryRoute::Direct(queue, workers) => {
                let query = DirectQuery {
                    execution: &execution,
                    run_id: &run_id,
                    query: &query,
                    workers,
                };
                query.answered(scope, queue, deadline).await?
            }
        };
        return match answer {
            Ok(result) => Ok(QueryWorkflowResponse {
                query_result: result,
                ..QueryWorkflowResponse::default()
            }),
            Err(failed) => Err(Error::QueryFailed(failed)),
        };
    }
}

fn checked(query: Option<WorkflowQuery>) -> Result<WorkflowQuery, Error> {
    let query = query.ok_or_else(|| check::invalid("WorkflowQuery is not set on request."))?;
    if query.query_type.is_empty() {
        return Err(check::invalid("QueryType is not set on request."));
    }
    check::blob(query.query_args.as_ref())?;
    Ok(query)
}

/// Route of a query to a worker.
enum QueryRoute {
    /// No route: the client's reject condition holds for this status.
    Rejected(WorkflowExecutionStatus),
    /// Piggybacked on the workflow task in progress, or on the first one.
    Piggybacked(oneshot::Receiver<QueryResolution>),
    /// Dispatched as a task of its own to this queue, for the workers of this route.
    Direct(TaskQueue, Route),
}

fn route(
    scope: &RequestScope<'_>,
    execution: &Execution,
    run_id: &RunId,
    query: &WorkflowQuery,
    reject: QueryRejectCondition,
    deadline: Instant,
) -> Result<QueryRoute, Error> {
    scope.check_running()?;
    let mut runs = execution.lock();
    let record = runs
        .get(run_id)?
        .ok_or_else(|| Error::NotFound(format!("no run {run_id}")))?;
    let status = record.run.status();
    if is_rejected(reject, status) {
        return Ok(QueryRoute::Rejected(status));
    }
    check_answerable(scope, &record.run, deadline)?;
    let run = &record.run;
    let at_rest = !run.is_running() || !run.has_workflow_task();
    // Before the first workflow task completes there is no state to query.
    if run.has_completed_workflow_task() && at_rest {
        return Ok(QueryRoute::Direct(run.current_task_queue(), run.route()));
    }
    let id = scope.ids.uuid();
    Ok(QueryRoute::Piggybacked(
        record.waiters.piggyback_query(id, query.clone()),
    ))
}

/// Returns an error for a query that no worker can answer before the deadline.
fn check_answerable(scope: &RequestScope<'_>, run: &Run, deadline: Instant) -> Result<(), Error> {
    if !run.is_running() && !run.has_completed_workflow_task() {
        return Err(Error::NotReady(
            "Workflow execution closed before WorkflowTaskStarted event",
        ));
    }
    let left = deadline.saturating_duration_since(Instant::now());
    let too_late = scope.clock.now() + left;
    if run.delayed_until().is_some_and(|at| at > too_late) {
        return Err(Error::NotReady("Workflow task is not scheduled yet."));
    }
    if run.has_failing_workflow_task() {
        return Err(Error::NotReady(
            "Unable to query workflow due to Workflow Task in failed state.",
        ));
    }
    Ok(())
}

/// A query that is a task of its own.
struct DirectQuery<'a> {
    execution: &'a Arc<Execution>,
    run_id: &'a RunId,
    query: &'a WorkflowQuery,
    /// Those that may answer.
    workers: Route,
}

impl DirectQuery<'_> {
    /// Dispatches the query to the sticky worker, then to any worker of the normal queue.
    async fn answered(
        &self,
        scope: &RequestScope<'_>,
        queue: TaskQueue,
        deadline: Instant,
    ) -> Result<QueryAnswer, Error> {
        let namespace = &self.execution.namespace;
        let queues = &namespace.workflow_tasks;
        let workflow_id = self.execution.workflow_id();
        let normal = match queue {
            TaskQueue::Normal(name) => name,
            TaskQueue::Sticky(sticky) => {
                if queues.is_polled(&sticky.name, None, STICKY_WORKER_GONE, scope.clock.now())
                    && namespace.stays(&sticky.normal_name, &self.workers, workflow_id)
                {
                    let patience = sticky.schedule_to_start.unwrap_or(STICKY_PATIENCE);
                    let soon = deadline.min(Instant::now() + patience);
                    let mut pending = self.dispatch(scope, &sticky.name, QueueKind::Sticky);
                    if let Some(answer) = pending.answer_before(soon).await {
                        return Ok(answer);
                    }
                }
                reset_stickiness(scope, self.execution, self.run_id);
                if Instant::now() >= deadline {
                    return Err(expired(scope));
                }
                sticky.normal_name
            }
        };
        let mut pending = self.dispatch(scope, &normal, QueueKind::Normal);
        if let Some(look) = deadline.checked_sub(NO_POLLER_TIME)
            && let Some(answer) = pending.answer_before(look).await
        {
            return Ok(answer);
        }
        scope.check_running()?;
        namespace.check_not_deleted()?;
        let version = namespace.deployments().destination(
            QueueType::Workflow,
            &normal,
            &self.workers,
            workflow_id,
        );
        if !queues.is_polled(&normal, version.as_ref(), POLLER_GONE, scope.clock.now()) {
            return Err(Error::Precondition(
                "no poller seen for task queue recently, worker may be down".to_owned(),
            ));
        }
        match pending.answer_before(deadline).await {
            Some(answer) => Ok(answer),
            None => {
                namespace.check_not_deleted()?;
                Err(expired(scope))
            }
        }
    }

    fn dispatch(
        &self,
        scope: &RequestScope<'_>,
        queue: &Arc<str>,
        kind: QueueKind,
    ) -> PendingQuery<'_> {
        let namespace = &self.execution.namespace;
        let pending = namespace.queries.register(scope.ids.number());
        let offer = WorkflowOffer::Query {
            run: self.execution.run_name(self.run_id),
            id: pending.id,
            query: Box::new(self.query.clone()),
            route: self.workers.clone(),
        };
        // A client waits for the answer, so it has the default priority whatever the run's.
        let priority = TaskPriority::default();
        namespace.offer_workflow_task(queue, kind, priority, offer, scope.clock.now());
        pending
    }
}

/// The error of a query without an answer: its deadline, or the server's shutdown.
fn expired(scope: &RequestScope<'_>) -> Error {
    match scope.check_running() {
        Ok(()) => EXPIRED,
        Err(stopping) => stopping,
    }
}

/// Resets stickiness, because the sticky worker does not answer; the run's next workflow task goes
/// to the normal queue, too.
fn reset_stickiness(scope: &RequestScope<'_>, execution: &Arc<Execution>, run_id: &RunId) {
    let mut runs = execution.lock();
    if !matches!(runs.get(run_id), Ok(Some(record)) if record.run.is_running()) {
        return;
    }
    let reset = Input::ResetStickiness;
    if let Err(error) = scope.apply(execution, &mut runs, run_id, reset, |_, _| ()) {
        tracing::debug!(%run_id, ?error, "resetting stickiness failed");
    }
}

fn is_rejected(condition: QueryRejectCondition, status: WorkflowExecutionStatus) -> bool {
    match condition {
        QueryRejectCondition::Unspecified | QueryRejectCondition::None => false,
        QueryRejectCondition::NotOpen => status != WorkflowExecutionStatus::Running,
        QueryRejectCondition::NotCompletedCleanly => !matches!(
            status,
            WorkflowExecutionStatus::Running | WorkflowExecutionStatus::Completed
        ),
    }
}

fn rejected(status: WorkflowExecutionStatus) -> QueryWorkflowResponse {
    QueryWorkflowResponse {
        query_rejected: Some(QueryRejected {
            status: status.into(),
        }),
        ..QueryWorkflowResponse::default()
    }
}

/// How long before its deadline a query fails for lack of pollers; the real server's value.
const NO_POLLER_TIME: Duration = Duration::from_secs(1);
/// How long after its last poll a queue counts as abandoned; the real server's value.
const POLLER_GONE: Duration = Duration::from_secs(20);
/// How long the sticky worker has for a query if its queue has no schedule-to-start timeout.
const STICKY_PATIENCE: Duration = Duration::from_secs(5);
