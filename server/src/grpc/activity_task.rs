//! Activity tasks: polls, heartbeats and reports, by task token or by activity id.

use std::sync::Arc;

use durably_history::{
    ActivityId, ActivityRef, CancelActivity, CompleteActivity, DeploymentVersion, FailActivity,
    Heartbeat, HeartbeatReply, Input, PolledBy, Reply, RequestId, RoutingTarget, StartActivity,
    StartedActivity,
};
use durably_proto::Message;
use durably_proto::api::common::v1::{
    Payloads, WorkerVersionStamp, WorkflowExecution, WorkflowType,
};
use durably_proto::api::failure::v1::failure::FailureInfo;
use durably_proto::api::workflowservice::v1::{
    PollActivityTaskQueueRequest, PollActivityTaskQueueResponse,
    RecordActivityTaskHeartbeatByIdRequest, RecordActivityTaskHeartbeatRequest,
    RespondActivityTaskCanceledByIdRequest, RespondActivityTaskCanceledRequest,
    RespondActivityTaskCompletedByIdRequest, RespondActivityTaskCompletedRequest,
    RespondActivityTaskFailedByIdRequest, RespondActivityTaskFailedRequest,
};
use tokio::time::Instant;

use super::check;
use super::task_queue::scaling;
use super::token::{self, ActivityToken};
use super::workflow_task::polled_queue;
use crate::backend::request::RequestScope;
use crate::deployment::QueueType;
use crate::error::Error;
use crate::execution::{Execution, Record};
use crate::matching::offer::ActivityOffer;
use crate::matching::queue::Poll;
use crate::namespace::Namespace;

/// `PollActivityTaskQueue`.
pub(super) async fn poll(
    scope: &RequestScope<'_>,
    request: PollActivityTaskQueueRequest,
    deadline: Instant,
) -> Result<PollActivityTaskQueueResponse, Error> {
    let namespace = scope.namespaces.find(&request.namespace)?;
    check::length(&request.identity, "Identity")?;
    let (queue, kind) = polled_queue(request.task_queue.as_ref())?;
    let limits = request.task_queue_metadata.as_ref();
    let version = DeploymentVersion::of_worker(request.deployment_options.as_ref());
    if let Some(version) = &version {
        check::deployment_version(version)?;
        scope
            .register_poll(&namespace, version, QueueType::Activity, queue)
            .await?;
    }
    let poll = Poll {
        queue,
        version: version.as_ref(),
        kind,
        identity: &request.identity,
        instance_key: &request.worker_instance_key,
        rate: limits.and_then(|limits| limits.max_tasks_per_second),
    };
    let began = Instant::now();
    loop {
        scope.check_running()?;
        let offer = namespace
            .activity_tasks
            .poll(poll, scope.clock.now(), deadline)
            .await;
        let Some(offer) = offer else {
            scope.check_running()?;
            namespace.check_not_deleted()?;
            return Ok(PollActivityTaskQueueResponse::default());
        };
        let execution = scope.offered(&namespace, &offer.run);
        match start(
            scope,
            &execution,
            &offer,
            &request.identity,
            version.clone(),
        ) {
            Ok(mut task) => {
                let queues = &namespace.activity_tasks;
                task.poller_scaling_decision = scaling(queues.advice(queue, poll.version, began));
                return Ok(task);
            }
            // The task is stale: the activity timed out or was cancelled, or the run has closed.
            Err(stale) => {
                tracing::debug!(error = ?stale, "stale activity task dropped");
                let queues = &namespace.activity_tasks;
                queues.return_tokens(queue, poll.version, &offer.priority);
                scope.forget(&execution);
            }
        }
    }
}

/// The activity that a heartbeat or report names.
struct Report {
    namespace: Arc<Namespace>,
    workflow_id: String,
    run_id: String,
    activity: ActivityRef,
}

impl Report {
    fn by_token(scope: &RequestScope<'_>, namespace: &str, token: &[u8]) -> Result<Self, Error> {
        let token = ActivityToken::from_bytes(token)?;
        Ok(Self {
            namespace: token::namespace_of(&scope.namespaces, &token.namespace, namespace)?,
            activity: ActivityRef::Token(token.task()),
            workflow_id: token.workflow_id,
            run_id: token.run_id,
        })
    }

    fn by_id(
        scope: &RequestScope<'_>,
        namespace: &str,
        workflow_id: String,
        run_id: String,
        activity_id: &str,
    ) -> Result<Self, Error> {
        if activity_id.is_empty() {
            return Err(Error::Invalid("ActivityId is not set on request.".into()));
        }
        if workflow_id.is_empty() {
            // The real server takes it for an activity that no workflow scheduled.
            return Err(Error::NotFound(format!(
                "activity not found for ID: {activity_id}"
            )));
        }
        let run_id = check::run_id(run_id, "RunId is not valid UUID.")?;
        Ok(Self {
            namespace: scope.namespaces.find(namespace)?,
            activity: ActivityRef::Id(ActivityId::from(activity_id)),
            workflow_id,
            run_id,
        })
    }

    /// Records a heartbeat.
    fn heartbeat(
        self,
        scope: &RequestScope<'_>,
        details: Option<Payloads>,
        identity: String,
    ) -> Result<HeartbeatReply, Error> {
        let reply = self.apply(scope, |activity| {
            Input::Heartbeat(Heartbeat {
                activity,
                details,
                identity,
            })
        })?;
        match reply {
            Reply::Heartbeat(reply) => Ok(reply),
            other => Err(Error::NotFound(format!("no heartbeat: {other:?}"))),
        }
    }

    fn complete(
        self,
        scope: &RequestScope<'_>,
        result: Option<Payloads>,
        identity: String,
        worker_version: Option<WorkerVersionStamp>,
    ) -> Result<(), Error> {
        self.apply(scope, |activity| {
            Input::CompleteActivity(CompleteActivity {
                activity,
                result,
                identity,
                worker_version,
            })
        })?;
        Ok(())
    }

    fn fail(
        self,
        scope: &RequestScope<'_>,
        fail: impl FnOnce(ActivityRef) -> FailActivity,
    ) -> Result<(), Error> {
        self.apply(scope, |activity| {
            Input::FailActivity(Box::new(fail(activity)))
        })?;
        Ok(())
    }

    fn cancel(
        self,
        scope: &RequestScope<'_>,
        details: Option<Payloads>,
        identity: String,
        worker_version: Option<WorkerVersionStamp>,
    ) -> Result<(), Error> {
        self.apply(scope, |activity| {
            Input::CancelActivity(CancelActivity {
                activity,
                details,
                identity,
                worker_version,
            })
        })?;
        Ok(())
    }

    fn apply(
        self,
        scope: &RequestScope<'_>,
        input: impl FnOnce(ActivityRef) -> Input,
    ) -> Result<Reply, Error> {
        let input = input(self.activity);
        scope.apply_to(&self.namespace, &self.workflow_id, &self.run_id, input)
    }
}

/// The report of a request that names its activity by id. Four messages have these fields.
macro_rules! by_id {
    ($scope:expr, $request:expr) => {
        Report::by_id(
            $scope,
            &$request.namespace,
            $request.workflow_id,
            $request.run_id,
            &$request.activity_id,
        )?
    };
}

/// `RecordActivityTaskHeartbeat`.
pub(super) fn heartbeat(
    scope: &RequestScope<'_>,
    request: RecordActivityTaskHeartbeatRequest,
) -> Result<HeartbeatReply, Error> {
    Report::by_token(scope, &request.namespace, &request.task_token)?.heartbeat(
        scope,
        request.details,
        request.identity,
    )
}

/// `RecordActivityTaskHeartbeatById`.
pub(super) fn heartbeat_by_id(
    scope: &RequestScope<'_>,
    request: RecordActivityTaskHeartbeatByIdRequest,
) -> Result<HeartbeatReply, Error> {
    by_id!(scope, request).heartbeat(scope, request.details, request.identity)
}

/// `RespondActivityTaskCompleted`.
pub(super) fn complete(
    scope: &RequestScope<'_>,
    request: RespondActivityTaskCompletedRequest,
) -> Result<(), Error> {
    let report = Report::by_token(scope, &request.namespace, &request.task_token)?;
    check::length(&request.identity, "Identity")?;
    #[expect(deprecated, reason = "older workers still send it")]
    let version = request.worker_version;
    report.complete(scope, request.result, request.identity, version)
}

/// `RespondActivityTaskCompletedById`.
pub(super) fn complete_by_id(
    scope: &RequestScope<'_>,
    request: RespondActivityTaskCompletedByIdRequest,
) -> Result<(), Error> {
    check::length(&request.identity, "Identity")?;
    by_id!(scope, request).complete(scope, request.result, request.identity, None)
}

/// `RespondActivityTaskFailed`.
pub(super) fn fail(
    scope: &RequestScope<'_>,
    request: RespondActivityTaskFailedRequest,
) -> Result<(), Error> {
    let report = Report::by_token(scope, &request.namespace, &request.task_token)?;
    check::length(&request.identity, "Identity")?;
    if request.failure.as_ref().is_some_and(|failure| {
        !matches!(
            failure.failure_info,
            Some(FailureInfo::ApplicationFailureInfo(_))
        )
    }) {
        return Err(check::invalid("Failure must have ApplicationFailureInfo."));
    }
    report.fail(scope, |activity| FailActivity {
        activity,
        failure: request.failure,
        last_heartbeat_details: request.last_heartbeat_details,
        identity: request.identity,
        #[expect(deprecated, reason = "older workers still send it")]
        worker_version: request.worker_version,
    })
}

/// `RespondActivityTaskFailedById`.
pub(super) fn fail_by_id(
    scope: &RequestScope<'_>,
    request: RespondActivityTaskFailedByIdRequest,
) -> Result<(), Error> {
    check::length(&request.identity, "Identity")?;
    by_id!(scope, request).fail(scope, |activity| FailActivity {
        activity,
        failure: request.failure,
        last_heartbeat_details: request.last_heartbeat_details,
        identity: request.identity,
        worker_version: None,
    })
}

/// `RespondActivityTaskCanceled`.
pub(super) fn cancel(
    scope: &RequestScope<'_>,
    request: RespondActivityTaskCanceledRequest,
) -> Result<(), Error> {
    let report = Report::by_token(scope, &request.namespace, &request.task_token)?;
    check::length(&request.identity, "Identity")?;
    #[expect(deprecated, reason = "older workers still send it")]
    let version = request.worker_version;
    report.cancel(scope, request.details, request.identity, version)
}

/// `RespondActivityTaskCanceledById`.
pub(super) fn cancel_by_id(
    scope: &RequestScope<'_>,
    request: RespondActivityTaskCanceledByIdRequest,
) -> Result<(), Error> {
    check::length(&request.identity, "Identity")?;
    by_id!(scope, request).cancel(scope, request.details, request.identity, None)
}

/// Builds the task that the worker receives.
pub(super) fn response(
    execution: &Execution,
    record: &Record,
    started: StartedActivity,
) -> PollActivityTaskQueueResponse {
    let run = &record.run;
    let namespace = &execution.namespace.name;
    let token = ActivityToken::new(
        namespace,
        execution.workflow_id(),
        run.run_id(),
        started.token,
    );
    PollActivityTaskQueueResponse {
        task_token: token.encode_to_vec(),
        workflow_namespace: namespace.to_string(),
        workflow_type: Some(WorkflowType {
            name: run.workflow_type().to_owned(),
        }),
        workflow_execution: Some(WorkflowExecution {
            workflow_id: execution.workflow_id().to_string(),
            run_id: run.run_id().to_string(),
        }),
        activity_type: started.activity_type,
        activity_id: started.activity_id.to_string(),
        header: started.header,
        input: started.input,
        heartbeat_details: started.heartbeat_details,
        scheduled_time: Some(started.scheduled_at.into()),
        current_attempt_scheduled_time: Some(started.attempt_scheduled_at.into()),
        started_time: Some(started.started_at.into()),
        attempt: i32::try_from(started.token.attempt).unwrap_or(i32::MAX),
        schedule_to_close_timeout: started.schedule_to_close_timeout,
        start_to_close_timeout: started.start_to_close_timeout,
        heartbeat_timeout: started.heartbeat_timeout,
        retry_policy: started.retry_policy,
        priority: started.priority,
        ..PollActivityTaskQueueResponse::default()
    }
}

fn start(
    scope: &RequestScope<'_>,
    execution: &Arc<Execution>,
    offer: &ActivityOffer,
    identity: &str,
    version: Option<DeploymentVersion>,
) -> Result<PollActivityTaskQueueResponse, Error> {
    let mut runs = execution.lock();
    // Where the workflow's own tasks go: an activity that goes there moves the workflow first.
    let target = match runs.get(&offer.run.run_id)? {
        Some(record) => execution.namespace.deployments().workflow_target(
            record.run.task_queue(),
            &record.run.route(),
            execution.workflow_id(),
        ),
        None => RoutingTarget::default(),
    };
    let input = Input::StartActivity(StartActivity {
        task_key: offer.task_key,
        request_id: RequestId::from(scope.ids.uuid()),
        identity: identity.to_owned(),
        worker_version: None,
        polled_by: PolledBy { version, target },
    });
    scope.apply(
        execution,
        &mut runs,
        &offer.run.run_id,
        input,
        |record, reply| match reply {
            Reply::Activity(started) => Ok(response(execution, record, *started)),
            other => Err(Error::NotFound(format!("no activity task: {other:?}"))),
        },
    )?
}
