//! What the server is told about workflow tasks, and what follows from what it says.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use durably_engine::{EngineError, EventId, FailureRecord};
use durably_proto::api::{
    enums::v1::{QueryResultType, WorkflowTaskFailedCause},
    workflowservice::v1::{
        PollActivityTaskQueueResponse, PollWorkflowTaskQueueResponse,
        RespondQueryTaskCompletedRequest, RespondWorkflowTaskCompletedRequest,
        RespondWorkflowTaskFailedRequest,
    },
};
use tonic::{Code, Status};

use super::{executor::Wake, intake, ticket::Ticket};
use crate::{
    driver::instance::TaskFailure,
    error::{AppError, Error},
    telemetry::log,
    wire,
    wire::status::is_too_large,
    worker::{
        activity_task,
        deliver::{ANSWER_TIMEOUT, deliver},
        shared::{Phase, Shared},
        slots::Permit,
    },
};

/// How long an answer about a workflow task is tried for. The server gives the task to somebody
/// else after its timeout, ten seconds by default, and refuses the late answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The answer to a task that moves the run.
pub(crate) struct Completed {
    pub(crate) request: RespondWorkflowTaskCompletedRequest,
    pub(crate) mark: Mark,
    /// Permits for the activities that are to start here at once.
    pub(crate) eager: Vec<Permit>,
}

/// A cached run as it was after one of its tasks.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub(crate) ticket: Arc<Ticket>,
    /// The number of the task; a later one makes the mark void.
    pub(crate) task: u64,
}

/// Why a task fails.
#[derive(Debug)]
pub(crate) struct Failure {
    cause: WorkflowTaskFailedCause,
    record: Box<FailureRecord>,
}

/// Completes a task, and starts what the server gives in return: activities, and the next task.
pub(crate) async fn complete(shared: Arc<Shared>, completed: Completed, permit: Permit) {
    let Completed {
        request,
        mark,
        mut eager,
    } = completed;
    let deadline = Instant::now() + PATIENCE;
    let reply = deliver(&shared, "completing a workflow task", deadline, || {
        let request = request.clone();
        shared
            .rpc
            .respond_workflow_task_completed(request, ANSWER_TIMEOUT)
    });
    let reply = match reply.await {
        Ok(reply) => reply,
        Err(status) => {
            drop((eager, permit));
            refused(&shared, mark, status).await;
            return;
        }
    };
    shared.failing_runs.succeeded(&mark.ticket.run_id);
    for task in reply.activity_tasks {
        start_activity(&shared, task, eager.pop()).await;
    }
    drop(eager);
    if reply.reset_history_event_id > 0 {
        let started = EventId(reply.reset_history_event_id);
        let run_id = mark.ticket.run_id.clone();
        shared.wake(&run_id, Wake::Reset(mark, started));
    }
    if let Some(task) = reply.workflow_task
        && !task.task_token.is_empty()
    {
        intake::take(&shared, Box::new(task), permit);
    }
}

/// Prolongs a task whose replay takes longer than the server waits; returns the task that the server
/// gives in its place.
pub(crate) async fn prolong(
    shared: &Shared,
    ticket: &Ticket,
) -> Option<Box<PollWorkflowTaskQueueResponse>> {
    let mut request = wire::command::task_completed(durably_engine::Run::heartbeat());
    request.task_token.clone_from(&ticket.token);
    request.force_create_new_workflow_task = true;
    shared.sign_completion(&mut request, shared.caches());
    let deadline = ticket.since + ticket.timeout;
    let reply = deliver(shared, "prolonging a workflow task", deadline, || {
        let request = request.clone();
        shared
            .rpc
            .respond_workflow_task_completed(request, ANSWER_TIMEOUT)
    });
    match reply.await {
        Ok(reply) => reply
            .workflow_task
            .filter(|task| !task.task_token.is_empty() && reply.reset_history_event_id == 0)
            .map(Box::new),
        Err(status) => {
            untold(shared, ticket, "the heartbeat of a workflow task", &status);
            None
        }
    }
}

/// Answers a task that only asks a query.
pub(crate) async fn query(
    shared: &Shared,
    ticket: &Ticket,
    mut request: RespondQueryTaskCompletedRequest,
) {
    request.namespace.clone_from(&shared.namespace);
    request.task_token.clone_from(&ticket.token);
    let deadline = Instant::now() + PATIENCE;
    let reply = deliver(shared, "answering a query", deadline, || {
        let request = request.clone();
        shared
            .rpc
            .respond_query_task_completed(request, ANSWER_TIMEOUT)
    });
    match reply.await {
        Ok(_) => {}
        Err(status) if is_too_large(&status) => {
            let failure = Failure::too_large("the answer to a query", &status);
            Box::pin(fail(shared, ticket, failure)).await;
        }
        Err(status) => untold(shared, ticket, "the answer to a query", &status),
    }
}

/// Fails a task, and logs why. The server tries it again; its run waits until a worker can handle it.
///
/// The server hands it out again at once, and what failed twice fails a third time: from the second
/// failure on the answer is withheld for a while. Answering at once and pausing before the retry is
/// run would be no different for the server, which waits for a worker in both cases and gives up on it
/// only after the task's timeout. Other SDKs do not answer a second failure at all. Callers hold no
/// permit meanwhile, so that runs that fail do not hold up the others.
pub(crate) async fn fail(shared: &Shared, ticket: &Ticket, failure: Failure) {
    let what = match ticket.query_only {
        true => "query failed",
        false => "workflow task failed, and will be tried again",
    };
    let error = wire::failure::chain(&failure.record);
    log::on_task!(log::warning, shared, ticket, error, "{what}");
    if ticket.query_only {
        query(shared, ticket, failure.into_query_answer()).await;
        return;
    }
    let pause = shared.failing_runs.failed(ticket);
    tokio::select! {
        () = shared.sleep(pause) => {}
        // The next worker may have the code that works.
        () = shared.reached(Phase::Stopping) => {}
    }
    let _in_progress = shared.workflow_slots.try_acquire();
    let request = RespondWorkflowTaskFailedRequest {
        namespace: shared.namespace.clone(),
        task_token: ticket.token.clone(),
        identity: shared.options.identity.clone(),
        cause: failure.cause.into(),
        failure: Some(wire::failure::to_proto(*failure.record)),
        ..Default::default()
    };
    let deadline = Instant::now() + PATIENCE;
    let reply = deliver(shared, "failing a workflow task", deadline, || {
        let request = request.clone();
        shared
            .rpc
            .respond_workflow_task_failed(request, ANSWER_TIMEOUT)
    });
    if let Err(status) = reply.await {
        untold(shared, ticket, "the failure of a workflow task", &status);
    }
}

impl Failure {
    /// For this error; a bug of the worker, its configuration or the workflow.
    pub(crate) fn of(error: &Error) -> Self {
        Self {
            cause: WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure,
            record: error.to_record().into(),
        }
    }

    fn too_large(what: &str, status: &Status) -> Self {
        let error = AppError::new(
            "MessageTooLarge",
            format!("{what} is too large for the server: {}", status.message()),
        );
        Self {
            cause: WorkflowTaskFailedCause::GrpcMessageTooLarge,
            record: Error::from(error).to_record().into(),
        }
    }

    fn into_query_answer(self) -> RespondQueryTaskCompletedRequest {
        RespondQueryTaskCompletedRequest {
            completed_type: QueryResultType::Failed.into(),
            error_message: self.record.message.clone(),
            failure: Some(wire::failure::to_proto(*self.record)),
            cause: self.cause.into(),
            ..Default::default()
        }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let (cause, error) = match error {
            EngineError::Mismatch(mismatch) => (
                WorkflowTaskFailedCause::NonDeterministicError,
                Error::from(*mismatch),
            ),
            other @ (EngineError::CacheMiss { .. }
            | EngineError::UnknownEvent { .. }
            | EngineError::MalformedHistory { .. }
            | EngineError::IncompleteHistory { .. }
            | EngineError::UnknownCommand { .. }
            | EngineError::DuplicateCommand { .. }
            | EngineError::UnknownUpdate { .. }) => (
                WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure,
                Error::from(other),
            ),
        };
        Self {
            cause,
            record: error.to_record().into(),
        }
    }
}

impl From<TaskFailure> for Failure {
    fn from(failure: TaskFailure) -> Self {
        let cause = if failure.nondeterminism {
            WorkflowTaskFailedCause::NonDeterministicError
        } else {
            WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure
        };
        Self {
            cause,
            record: failure.failure,
        }
    }
}

/// The server did not take the answer: the run is not what this worker made of it.
async fn refused(shared: &Arc<Shared>, mark: Mark, status: Status) {
    let ticket = Arc::clone(&mark.ticket);
    shared.wake(&ticket.run_id, Wake::Forget(mark));
    if is_too_large(&status) {
        let failure = Failure::too_large("the answer to a workflow task", &status);
        fail(shared, &ticket, failure).await;
    } else {
        untold(shared, &ticket, "the answer to a workflow task", &status);
    }
}

/// The server's text where a task ends a run that something has arrived for meanwhile.
const UNHANDLED_COMMAND: &str = "UnhandledCommand";

/// The server gives a task again when it misses the answer, so this is worth a line and no more.
fn untold(shared: &Shared, ticket: &Ticket, what: &str, status: &Status) {
    let (code, error) = (status.code(), status.message());
    let ended_too_early = code == Code::InvalidArgument && error == UNHANDLED_COMMAND;
    if code == Code::NotFound || ended_too_early {
        log::on_task!(
            tracing::debug,
            shared,
            ticket,
            error,
            "{what} arrived too late"
        );
    } else {
        log::on_task!(
            log::warning,
            shared,
            ticket,
            ?code,
            error,
            "the server refused {what}"
        );
    }
}

/// A server may give more activities than were asked for; those wait for a permit.
async fn start_activity(
    shared: &Arc<Shared>,
    task: PollActivityTaskQueueResponse,
    permit: Option<Permit>,
) {
    let permit = match permit {
        Some(permit) => permit,
        None => shared.activity_slots.acquire().await,
    };
    activity_task::start(shared, Box::new(task), permit);
}
