//! Queries: to a run at rest by themselves, to one that is being worked on along with its task.

use std::sync::Arc;
use std::time::Duration;

use durably_history::{Input, RunId, TaskQueue};
use durably_proto::api::enums::v1::{QueryRejectCondition, WorkflowExecutionStatus};
use durably_proto::api::query::v1::{QueryRejected, WorkflowQuery};
use durably_proto::api::workflowservice::v1::{QueryWorkflowRequest, QueryWorkflowResponse};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::check;
use crate::dispatch::{STICKY_WORKER_GONE, WorkflowOffer};
use crate::engine::{Engine, named_run};
use crate::error::Error;
use crate::matching::Level;
use crate::matching::query::{Answer, News};
use crate::matching::queue::Kind;
use crate::store::{Execution, Record};

/// `QueryWorkflow`.
pub(super) async fn query(
    engine: &Engine,
    request: QueryWorkflowRequest,
    deadline: Instant,
) -> Result<QueryWorkflowResponse, Error> {
    let namespace = engine.namespaces.find(&request.namespace)?;
    let reject = request.query_reject_condition();
    let named = check::execution(request.execution)?;
    let query = checked(request.query)?;
    let execution = engine.execution(&namespace, &named.workflow_id)?;
    let run_id = named_run(&execution, &mut execution.lock(), &named.run_id)?;
    let _in_flight = engine.in_flight();
    loop {
        let news = execution.changed.notified();
        let answer = match way(engine, &execution, &run_id, &query, reject)? {
            Way::Rejected(status) => return Ok(rejected(status)),
            // A worker that comes in time answers, as it would any other query.
            Way::NotStarted => match timeout_at(deadline, news).await {
                Ok(()) => continue,
                Err(_) => return Err(nobody_answered(engine, &execution, &run_id)),
            },
            Way::NotReady => {
                let wait = deadline.min(Instant::now() + FIRST_TASK_WAIT);
                if timeout_at(wait, news).await.is_err() {
                    return Err(Error::NotReady("Workflow task is not scheduled yet."));
                }
                continue;
            }
            Way::Along(news) => match timeout_at(deadline, news).await {
                Ok(Ok(News::Answered(answer))) => answer,
                Ok(Ok(News::AskAgain) | Err(_)) => {
                    engine.check_running()?;
                    continue;
                }
                Err(_) => return Err(nobody_answered(engine, &execution, &run_id)),
            },
            Way::Alone(queue) => {
                match alone(engine, &execution, &run_id, queue, &query, deadline).await {
                    Some(answer) => answer,
                    None => return Err(nobody_answered(engine, &execution, &run_id)),
                }
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

/// How a query gets its answer.
enum Way {
    /// Not at all: the client does not ask runs in this state.
    Rejected(WorkflowExecutionStatus),
    /// Later: the first workflow task waits for a worker, or one has it.
    NotStarted,
    /// Later: there is no first workflow task yet, for instance because the start is delayed.
    NotReady,
    /// With the workflow task that is under way.
    Along(oneshot::Receiver<News>),
    /// By itself, over this queue.
    Alone(TaskQueue),
}

fn way(
    engine: &Engine,
    execution: &Execution,
    run_id: &RunId,
    query: &WorkflowQuery,
    reject: QueryRejectCondition,
) -> Result<Way, Error> {
    engine.check_running()?;
    let mut runs = execution.lock();
    let record = runs
        .get(run_id)
        .ok_or_else(|| Error::NotFound(format!("no run {run_id}")))?;
    let status = record.run.status();
    if is_rejected(reject, status) {
        return Ok(Way::Rejected(status));
    }
    Ok(way_to(engine, record, query))
}

fn way_to(engine: &Engine, record: &mut Record, query: &WorkflowQuery) -> Way {
    let run = &record.run;
    if !run.has_completed_workflow_task() {
        return match run.is_running() {
            true if run.has_workflow_task() => Way::NotStarted,
            true => Way::NotReady,
            // A worker can still replay what there is.
            false => Way::Alone(run.current_task_queue()),
        };
    }
    if run.is_running() && run.has_workflow_task() {
        let id = engine.ids.uuid();
        return Way::Along(record.waiting.go_along(id, query.clone()));
    }
    Way::Alone(run.current_task_queue())
}

/// Asks the worker that has the run at hand; if it does not answer soon, any worker.
async fn alone(
    engine: &Engine,
    execution: &Arc<Execution>,
    run_id: &RunId,
    queue: TaskQueue,
    query: &WorkflowQuery,
    deadline: Instant,
) -> Option<Answer> {
    let normal = match queue {
        TaskQueue::Normal(name) => name,
        TaskQueue::Sticky(sticky) => {
            let queues = &execution.namespace.workflow_tasks;
            if queues.is_polled(&sticky.name, STICKY_WORKER_GONE, engine.clock.now()) {
                let patience = sticky.schedule_to_start.unwrap_or(STICKY_PATIENCE);
                let soon = deadline.min(Instant::now() + patience);
                let asked = ask(engine, execution, run_id, &sticky.name, Kind::Sticky, query);
                if let Some(answer) = asked.answered_by(soon).await {
                    return Some(answer);
                }
            }
            forget_worker(engine, execution, run_id);
            sticky.normal_name
        }
    };
    ask(engine, execution, run_id, &normal, Kind::Normal, query)
        .answered_by(deadline)
        .await
}

/// Whoever has the run at hand does not answer; its next task is for anybody, too.
fn forget_worker(engine: &Engine, execution: &Arc<Execution>, run_id: &RunId) {
    let mut runs = execution.lock();
    if !runs
        .get(run_id)
        .is_some_and(|record| record.run.is_running())
    {
        return;
    }
    let reset = Input::ResetStickiness;
    if let Err(refused) = engine.apply(execution, &mut runs, run_id, reset, |_, _| ()) {
        tracing::debug!(?refused, "stickiness was not reset");
    }
}

fn ask<'a>(
    engine: &Engine,
    execution: &'a Arc<Execution>,
    run_id: &RunId,
    queue: &Arc<str>,
    kind: Kind,
    query: &WorkflowQuery,
) -> crate::matching::query::Asked<'a> {
    let asked = execution.namespace.queries.ask();
    let offer = WorkflowOffer::Query {
        execution: Arc::clone(execution),
        run_id: run_id.clone(),
        id: asked.id,
        query: Box::new(query.clone()),
    };
    let queues = &execution.namespace.workflow_tasks;
    // Somebody waits for the answer: it goes before tasks that are not urgent.
    queues.offer(queue, kind, Level::default(), offer, engine.clock.now());
    asked
}

fn nobody_answered(engine: &Engine, execution: &Execution, run_id: &RunId) -> Error {
    if let Err(stopping) = engine.check_running() {
        return stopping;
    }
    let queue = execution
        .lock()
        .get(run_id)
        .map(|record| Arc::clone(record.run.task_queue()));
    let queues = &execution.namespace.workflow_tasks;
    let now = engine.clock.now();
    match queue {
        Some(queue) if !queues.is_polled(&queue, crate::matching::poller::REMEMBERED, now) => {
            Error::Precondition(
                "no poller seen for task queue recently, worker may be down".to_owned(),
            )
        }
        _ => Error::DeadlineExceeded("no worker answered the query in time"),
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

/// How long a query waits for the first workflow task of a new run; the real server's value.
const FIRST_TASK_WAIT: Duration = Duration::from_secs(5);
/// How long the sticky worker has for a query if it did not say itself.
const STICKY_PATIENCE: Duration = Duration::from_secs(5);
