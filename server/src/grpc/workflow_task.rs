//! Workflow and query tasks: polls and responses of workers.

use std::collections::BTreeMap;
use std::sync::Arc;

use durably_history::{
    BadSearchAttributes, CompleteWorkflowTask, DeploymentVersion, FailWorkflowTask, Input,
    PolledBy, Reply, RequestId, RoutingTarget, RunId, RunNamespace, StartWorkflowTask,
    StartedWorkflowTask, WorkflowTaskKey, drop_foreign_attributes,
};
use durably_proto::Message;
use durably_proto::api::command::v1::Command;
use durably_proto::api::command::v1::command::Attributes;
use durably_proto::api::common::v1::{WorkerVersionStamp, WorkflowExecution, WorkflowType};
use durably_proto::api::enums::v1::{QueryResultType, TaskQueueKind};
use durably_proto::api::failure::v1::Failure;
use durably_proto::api::history::v1::History;
use durably_proto::api::query::v1::{WorkflowQuery, WorkflowQueryResult};
use durably_proto::api::taskqueue::v1::TaskQueue;
use durably_proto::api::workflowservice::v1::{
    PollWorkflowTaskQueueRequest, PollWorkflowTaskQueueResponse, RespondQueryTaskCompletedRequest,
    RespondWorkflowTaskCompletedRequest, RespondWorkflowTaskCompletedResponse,
    RespondWorkflowTaskFailedRequest,
};
use tokio::time::Instant;

use super::history_reader::first_page;
use super::task_queue::scaling;
use super::token::{self, QueryToken, WorkflowToken};
use super::{activity_task, check};
use crate::backend::request::RequestScope;
use crate::deployment::QueueType;
use crate::error::Error;
use crate::execution::{Execution, Record};
use crate::matching::offer::WorkflowOffer;
use crate::matching::priority::TaskPriority;
use crate::matching::query::{QueryAnswer, QueryFailed, QueryId};
use crate::matching::queue::{Poll, QueueKind};
use crate::name::ExecutionName;
use crate::namespace::Namespace;
use crate::visibility::values;

/// `PollWorkflowTaskQueue`.
pub(super) async fn poll(
    scope: &RequestScope<'_>,
    request: PollWorkflowTaskQueueRequest,
    deadline: Instant,
) -> Result<PollWorkflowTaskQueueResponse, Error> {
    let namespace = scope.namespaces.find(&request.namespace)?;
    check::length(&request.identity, "Identity")?;
    let (queue, kind) = polled_queue(request.task_queue.as_ref())?;
    let version = DeploymentVersion::of_worker(request.deployment_options.as_ref());
    if let (Some(version), QueueKind::Normal) = (&version, kind) {
        check::deployment_version(version)?;
        scope
            .register_poll(&namespace, version, QueueType::Workflow, queue)
            .await?;
    }
    let poll = Poll {
        queue,
        version: version.as_ref().filter(|_| kind == QueueKind::Normal),
        kind,
        identity: &request.identity,
        instance_key: &request.worker_instance_key,
        rate: None,
    };
    let began = Instant::now();
    loop {
        scope.check_running()?;
        let offer = namespace
            .workflow_tasks
            .poll(poll, scope.clock.now(), deadline)
            .await;
        let (execution, answer, priority) = match offer {
            None => {
                scope.check_running()?;
                namespace.check_not_deleted()?;
                return Ok(PollWorkflowTaskQueueResponse::default());
            }
            Some(WorkflowOffer::Task {
                run,
                task_key,
                priority,
                ..
            }) => {
                let execution = scope.offered(&namespace, &run);
                let task = start(scope, &execution, &run.run_id, task_key, queue, &request);
                (execution, task, priority)
            }
            Some(WorkflowOffer::Query { run, id, query, .. }) => {
                let execution = scope.offered(&namespace, &run);
                let task = query_task(&execution, &run.run_id, id, *query, kind);
                (execution, task, TaskPriority::default())
            }
        };
        match answer {
            Ok(mut task) => {
                let backlog = namespace.workflow_tasks.backlog(queue, poll.version);
                task.backlog_count_hint = i64::try_from(backlog).unwrap_or(i64::MAX);
                let advice = namespace.workflow_tasks.advice(queue, poll.version, began);
                task.poller_scaling_decision = scaling(advice);
                return Ok(task);
            }
            // The task is stale: the run has closed, or another poll took the task.
            Err(stale) => {
                tracing::debug!(error = ?stale, "stale workflow task dropped");
                let queues = &namespace.workflow_tasks;
                queues.return_tokens(queue, poll.version, &priority);
                scope.forget(&execution);
            }
        }
    }
}

/// `RespondWorkflowTaskCompleted`.
pub(super) fn complete(
    scope: &RequestScope<'_>,
    mut request: RespondWorkflowTaskCompletedRequest,
) -> Result<RespondWorkflowTaskCompletedResponse, Error> {
    let token = WorkflowToken::from_bytes(&request.task_token)?;
    let namespace = token::namespace_of(&scope.namespaces, &token.namespace, &request.namespace)?;
    let execution = scope.execution(&namespace, &token.workflow_id)?;
    let run_id = RunId::from(token.run_id.as_str());
    check::length(&request.identity, "Identity")?;
    // In an order, so that a simulation repeats.
    let answers: BTreeMap<_, _> = std::mem::take(&mut request.query_results)
        .into_iter()
        .collect();
    drop_foreign_attributes(&mut request.commands);
    check_namespaces(scope, &request.commands)?;
    let refused = check_search_attributes(&namespace, &mut request.commands);
    let leaves_version = leaves_version(&namespace, &request);
    let input = Input::CompleteWorkflowTask(Box::new(CompleteWorkflowTask {
        leaves_version,
        token: token.task(),
        response: request,
        namespace: RunNamespace {
            name: Arc::clone(&namespace.name),
            id: namespace.id.as_str().into(),
        },
        refused,
    }));
    let mut runs = execution.lock();
    scope.apply(&execution, &mut runs, &run_id, input, |record, reply| {
        for (id, result) in answers {
            record.waiters.answer_query(&id, answer(result));
        }
        let completed = match reply {
            Reply::WorkflowTaskCompleted(completed) => *completed,
            Reply::WorkflowTaskRefused { message, .. } => return Err(Error::Invalid(message)),
            Reply::WorkflowTaskHeartbeatTimeout => {
                return Err(Error::NotFound("workflow task heartbeat timeout".into()));
            }
            Reply::Done
            | Reply::AlreadyDone
            | Reply::Update(_)
            | Reply::WorkflowTask(_)
            | Reply::Activity(_)
            | Reply::Heartbeat(_)
            | Reply::WorkflowOptions { .. }
            | Reply::ActivityOptions(_) => {
                return Ok(RespondWorkflowTaskCompletedResponse::default());
            }
        };
        Ok(RespondWorkflowTaskCompletedResponse {
            workflow_task: completed
                .next
                .map(|task| response(&execution, record, task)),
            activity_tasks: completed
                .activities
                .into_iter()
                .map(|started| activity_task::response(&execution, record, started))
                .collect(),
            reset_history_event_id: completed.reset_to.map(|event| event.0).unwrap_or_default(),
        })
    })?
}

/// Whether a command continues as new in a task queue that the worker's version does not poll.
fn leaves_version(namespace: &Namespace, request: &RespondWorkflowTaskCompletedRequest) -> bool {
    let Some(version) = DeploymentVersion::of_worker(request.deployment_options.as_ref()) else {
        return false;
    };
    let mut commands = request.commands.iter();
    commands.any(|command| match &command.attributes {
        Some(Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(next)) => {
            let queue = next.task_queue.as_ref().map_or("", |queue| &queue.name);
            let deployments = namespace.deployments();
            !queue.is_empty() && !deployments.has(&version, QueueType::Workflow, queue)
        }
        _ => false,
    })
}

/// Checks that the namespaces that commands name exist; otherwise the response is refused, and the
/// task goes on.
fn check_namespaces(scope: &RequestScope<'_>, commands: &[Command]) -> Result<(), Error> {
    for command in commands {
        #[expect(deprecated, reason = "workers still name namespaces")]
        let named = match &command.attributes {
            Some(Attributes::StartChildWorkflowExecutionCommandAttributes(a)) => &a.namespace,
            Some(Attributes::SignalExternalWorkflowExecutionCommandAttributes(a)) => &a.namespace,
            Some(Attributes::RequestCancelExternalWorkflowExecutionCommandAttributes(a)) => {
                &a.namespace
            }
            _ => continue,
        };
        if !named.is_empty() && scope.namespaces.find(named).is_err() {
            return Err(Error::NamespaceNotFound(named.clone()));
        }
    }
    Ok(())
}

/// Labels the search attributes of commands with their types; returns the first command whose
/// attributes the namespace does not accept.
fn check_search_attributes(
    namespace: &Namespace,
    commands: &mut [Command],
) -> Option<BadSearchAttributes> {
    let known = namespace.attributes();
    commands
        .iter_mut()
        .enumerate()
        .find_map(|(place, command)| {
            let (attributes, starts_run) = match &mut command.attributes {
                Some(Attributes::UpsertWorkflowSearchAttributesCommandAttributes(upsert)) => {
                    (&mut upsert.search_attributes, false)
                }
                Some(Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(next)) => {
                    (&mut next.search_attributes, true)
                }
                Some(Attributes::StartChildWorkflowExecutionCommandAttributes(child)) => {
                    (&mut child.search_attributes, true)
                }
                _ => return None,
            };
            let fields = &mut attributes.as_mut()?.indexed_fields;
            let bad = values::check(&namespace.name, &known, fields).err();
            // An upsert with an empty value removes the attribute; a new run has none to remove.
            if starts_run {
                fields.retain(|_, value| !values::is_unset(value));
            }
            let bad = bad?;
            Some(BadSearchAttributes {
                place,
                message: bad.message,
                problem: bad.problem,
            })
        })
}

/// `RespondWorkflowTaskFailed`.
pub(super) fn fail(
    scope: &RequestScope<'_>,
    request: RespondWorkflowTaskFailedRequest,
) -> Result<(), Error> {
    let token = WorkflowToken::from_bytes(&request.task_token)?;
    let namespace = token::namespace_of(&scope.namespaces, &token.namespace, &request.namespace)?;
    let cause = request.cause();
    let input = Input::FailWorkflowTask(Box::new(FailWorkflowTask {
        token: token.task(),
        cause,
        failure: request.failure,
        identity: request.identity,
        #[expect(deprecated, reason = "older workers still name their binary")]
        binary_checksum: request.binary_checksum,
    }));
    scope.apply_to(&namespace, &token.workflow_id, &token.run_id, input)?;
    Ok(())
}

/// `RespondQueryTaskCompleted`.
pub(super) fn complete_query(
    scope: &RequestScope<'_>,
    request: RespondQueryTaskCompletedRequest,
) -> Result<(), Error> {
    let token = QueryToken::from_bytes(&request.task_token)?;
    let namespace = token::namespace_of(&scope.namespaces, &token.namespace, &request.namespace)?;
    let answer = match request.completed_type() {
        QueryResultType::Answered => {
            // The worker's response succeeds; the client receives the error.
            check::blob(request.query_result.as_ref())
                .map(|()| request.query_result)
                .map_err(|_| too_large(Some(Failure::default())))
        }
        QueryResultType::Failed => Err(Box::new(QueryFailed {
            message: request.error_message,
            failure: request.failure,
        })),
        QueryResultType::Unspecified => {
            return Err(Error::Invalid(
                "QueryResultType must be ANSWERED or FAILED.".to_owned(),
            ));
        }
    };
    match namespace.queries.answer(token.id, answer) {
        true => Ok(()),
        false => Err(Error::NotFound(
            "query task not found, or already expired".to_owned(),
        )),
    }
}

/// Builds the task that the worker receives.
pub(super) fn response(
    execution: &Execution,
    record: &mut Record,
    task: StartedWorkflowTask,
) -> PollWorkflowTaskQueueResponse {
    let run = &record.run;
    let ExecutionName {
        namespace,
        workflow_id,
    } = &execution.name;
    let token = WorkflowToken::new(namespace, workflow_id, run.run_id(), &task);
    let (events, next_page_token) = first_page(
        &execution.namespace,
        run.events(),
        task.history.end,
        run.run_id(),
        task.history.start,
        task.transient,
    );
    PollWorkflowTaskQueueResponse {
        task_token: token.encode_to_vec(),
        previous_started_event_id: task.previous_started.0,
        started_event_id: task.token.started.0,
        attempt: i32::try_from(task.token.attempt).unwrap_or(i32::MAX),
        history: Some(History { events }),
        next_page_token,
        scheduled_time: Some(task.scheduled_at.into()),
        started_time: Some(task.started_at.into()),
        messages: task.messages,
        queries: record.waiters.piggybacked_queries(),
        ..task_header(record)
    }
}

/// The name and kind of the queue that a poll names.
pub(super) fn polled_queue(queue: Option<&TaskQueue>) -> Result<(&str, QueueKind), Error> {
    let kind = match queue {
        Some(queue) if queue.kind() == TaskQueueKind::Sticky => QueueKind::Sticky,
        _ => QueueKind::Normal,
    };
    Ok((check::task_queue(queue)?, kind))
}

fn start(
    scope: &RequestScope<'_>,
    execution: &Arc<Execution>,
    run_id: &RunId,
    task_key: WorkflowTaskKey,
    queue: &str,
    request: &PollWorkflowTaskQueueRequest,
) -> Result<PollWorkflowTaskQueueResponse, Error> {
    let mut runs = execution.lock();
    let target = match runs.get(run_id)? {
        Some(record) => execution.namespace.deployments().workflow_target(
            record.run.task_queue(),
            &record.run.route(),
            execution.workflow_id(),
        ),
        None => RoutingTarget::default(),
    };
    let input = Input::StartWorkflowTask(StartWorkflowTask {
        task_key,
        request_id: RequestId::from(scope.ids.uuid()),
        queue: queue.into(),
        identity: request.identity.clone(),
        worker_version: worker_version(request),
        polled_by: PolledBy {
            version: DeploymentVersion::of_worker(request.deployment_options.as_ref()),
            target,
        },
    });
    scope.apply(
        execution,
        &mut runs,
        run_id,
        input,
        |record, reply| match reply {
            Reply::WorkflowTask(task) => Ok(response(execution, record, *task)),
            other => Err(Error::NotFound(format!("no workflow task: {other:?}"))),
        },
    )?
}

/// The build of the polling worker, as the history records it.
#[expect(
    deprecated,
    reason = "workers send it until versioning by deployment replaces it"
)]
fn worker_version(request: &PollWorkflowTaskQueueRequest) -> Option<WorkerVersionStamp> {
    let worker = request.worker_version_capabilities.as_ref()?;
    Some(WorkerVersionStamp {
        build_id: worker.build_id.clone(),
        use_versioning: worker.use_versioning,
    })
}

/// Builds a direct query's task. The sticky worker has the run cached and needs no history.
fn query_task(
    execution: &Execution,
    run_id: &RunId,
    id: QueryId,
    query: WorkflowQuery,
    kind: QueueKind,
) -> Result<PollWorkflowTaskQueueResponse, Error> {
    if !execution.namespace.queries.is_open(id) {
        return Err(Error::NotFound("no client waits for the query".to_owned()));
    }
    let mut runs = execution.lock();
    let record = runs
        .get(run_id)?
        .ok_or_else(|| Error::NotFound("the queried run does not exist".to_owned()))?;
    let run = &record.run;
    let (events, next_page_token) = match kind {
        QueueKind::Normal => first_page(
            &execution.namespace,
            run.events(),
            run.events().len(),
            run_id,
            0,
            Vec::new(),
        ),
        QueueKind::Sticky => Default::default(),
    };
    Ok(PollWorkflowTaskQueueResponse {
        task_token: QueryToken::new(&execution.name.namespace, id).encode_to_vec(),
        previous_started_event_id: run.previous_started().0,
        attempt: 1,
        history: Some(History { events }),
        next_page_token,
        query: Some(query),
        ..task_header(record)
    })
}

fn task_header(record: &Record) -> PollWorkflowTaskQueueResponse {
    let run = &record.run;
    PollWorkflowTaskQueueResponse {
        workflow_execution: Some(WorkflowExecution {
            workflow_id: run.workflow_id().to_string(),
            run_id: run.run_id().to_string(),
        }),
        workflow_type: Some(WorkflowType {
            name: run.workflow_type().to_owned(),
        }),
        workflow_execution_task_queue: Some(TaskQueue {
            name: run.task_queue().to_string(),
            kind: TaskQueueKind::Normal.into(),
            ..TaskQueue::default()
        }),
        ..PollWorkflowTaskQueueResponse::default()
    }
}

/// The error of an answer over the size limit: a direct query carries the failure that SDKs raise,
/// a piggybacked one none.
fn too_large(failure: Option<Failure>) -> Box<QueryFailed> {
    Box::new(QueryFailed {
        message: "Blob data size exceeds limit.".to_owned(),
        failure,
    })
}

fn answer(result: WorkflowQueryResult) -> QueryAnswer {
    match result.result_type() {
        QueryResultType::Answered => check::blob(result.answer.as_ref())
            .map(|()| result.answer)
            .map_err(|_| too_large(None)),
        QueryResultType::Failed | QueryResultType::Unspecified => Err(Box::new(QueryFailed {
            message: result.error_message,
            failure: result.failure,
        })),
    }
}
