//! History events, by move, once, and only what replay needs of them.

use durably_engine::{
    ActivityCanceled, ActivityFailed, ActivityScheduled, Answer, ChildAnswer, CommandEvent,
    ContinueAsNewReasons, Ending, Event, EventId, EventKind, Fact, Priority, RetryPolicy, RunRef,
    RunStarted, SdkMetadata, Signaled, TaskEvent, TaskStarted, UpdateAccepted, UpdateRequest,
    WorkerVersion,
};
use durably_proto::{
    api::{
        common::v1 as common,
        enums::v1::{EventType, SuggestContinueAsNewReason, WorkflowTaskFailedCause},
        history::{v1 as history, v1::history_event::Attributes},
        sdk::v1::WorkflowTaskCompletedMetadata,
        update::v1 as update,
    },
    wkt,
};

use super::{CHANGE_VERSION, Fault, WireError, child, external, failure, marker, payload, time};

/// Reads one event.
pub(crate) fn from_proto(event: history::HistoryEvent) -> Result<Event, WireError> {
    let id = event.event_id;
    let kind = match event.attributes {
        Some(attributes) => match kind(id, event.event_time, attributes)? {
            Some(kind) => kind,
            None => unknown(event.event_type, event.worker_may_ignore),
        },
        None => unknown(event.event_type, event.worker_may_ignore),
    };
    Ok(Event {
        id: EventId(id),
        kind,
    })
}

/// Reads a request for an update, from whatever `place` holds it.
pub(crate) fn update_request(
    place: impl Fn() -> String,
    request: update::Request,
) -> Result<UpdateRequest, WireError> {
    let Some(meta) = request.meta else {
        return Err(WireError::missing(place(), "request.meta"));
    };
    let Some(input) = request.input else {
        return Err(WireError::missing(place(), "request.input"));
    };
    Ok(UpdateRequest {
        id: meta.update_id,
        name: input.name,
        input: payload::list_from_proto(input.args),
        header: payload::header_from_proto(input.header),
        identity: meta.identity,
        replaying: false,
    })
}

/// What happened; none for kinds that replay does not know.
fn kind(
    id: i64,
    at: Option<wkt::Timestamp>,
    attributes: Attributes,
) -> Result<Option<EventKind>, WireError> {
    let place = || format!("event {id}");
    Ok(Some(match attributes {
        Attributes::WorkflowExecutionStartedEventAttributes(it) => {
            Fact::RunStarted(Box::new(run_started(id, at, it)?)).into()
        }
        Attributes::WorkflowTaskScheduledEventAttributes(_) => TaskEvent::Scheduled.into(),
        Attributes::WorkflowTaskStartedEventAttributes(it) => TaskEvent::Started(TaskStarted {
            time: event_time(id, at)?,
            history_size: u64::try_from(it.history_size_bytes).unwrap_or(0),
            continue_as_new_suggested: it.suggest_continue_as_new,
            continue_as_new_reasons: continue_as_new_reasons(&it),
            target_version_changed: it.target_worker_deployment_version_changed,
        })
        .into(),
        Attributes::WorkflowTaskCompletedEventAttributes(it) => TaskEvent::Completed {
            version: version(&it),
            sdk: it.sdk_metadata.and_then(sdk),
        }
        .into(),
        Attributes::WorkflowTaskTimedOutEventAttributes(_) => TaskEvent::TimedOut.into(),
        Attributes::WorkflowTaskFailedEventAttributes(it) => TaskEvent::Failed {
            reset_to_run: (it.cause == i32::from(WorkflowTaskFailedCause::ResetWorkflow))
                .then_some(it.new_run_id),
        }
        .into(),
        Attributes::ActivityTaskScheduledEventAttributes(it) => {
            CommandEvent::ActivityScheduled(ActivityScheduled {
                activity_id: it.activity_id,
                activity_type: it
                    .activity_type
                    .ok_or_else(|| WireError::missing(place(), "activity_type"))?
                    .name,
            })
            .into()
        }
        Attributes::ActivityTaskStartedEventAttributes(_) => Fact::Ignored.into(),
        Attributes::ActivityTaskCompletedEventAttributes(it) => answer(
            it.scheduled_event_id,
            Answer::ActivityCompleted {
                result: payload::list_from_proto(it.result),
            },
        ),
        Attributes::ActivityTaskFailedEventAttributes(it) => answer(
            it.scheduled_event_id,
            Answer::ActivityFailed(Box::new(ActivityFailed {
                started: EventId(it.started_event_id),
                identity: it.identity,
                failure: failure::from_proto(it.failure.unwrap_or_default()),
                retry_state: failure::retry_state(it.retry_state),
            })),
        ),
        Attributes::ActivityTaskTimedOutEventAttributes(it) => answer(
            it.scheduled_event_id,
            Answer::ActivityTimedOut(Box::new(ActivityFailed {
                started: EventId(it.started_event_id),
                identity: String::new(),
                failure: failure::from_proto(it.failure.unwrap_or_default()),
                retry_state: failure::retry_state(it.retry_state),
            })),
        ),
        Attributes::ActivityTaskCancelRequestedEventAttributes(it) => {
            CommandEvent::ActivityCancelRequested {
                scheduled: EventId(it.scheduled_event_id),
            }
            .into()
        }
        Attributes::ActivityTaskCanceledEventAttributes(it) => answer(
            it.scheduled_event_id,
            Answer::ActivityCanceled(Box::new(ActivityCanceled {
                started: EventId(it.started_event_id),
                identity: it.identity,
                details: payload::list_from_proto(it.details),
            })),
        ),
        Attributes::TimerStartedEventAttributes(it) => CommandEvent::TimerStarted {
            timer_id: it.timer_id,
            after: it.start_to_fire_timeout.map(time::span).unwrap_or_default(),
        }
        .into(),
        Attributes::TimerFiredEventAttributes(it) => {
            answer(it.started_event_id, Answer::TimerFired)
        }
        Attributes::TimerCanceledEventAttributes(it) => CommandEvent::TimerCanceled {
            started: EventId(it.started_event_id),
        }
        .into(),
        Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(it) => {
            CommandEvent::ChildInitiated(child::initiated(id, it)?).into()
        }
        Attributes::StartChildWorkflowExecutionFailedEventAttributes(it) => of_child(
            it.initiated_event_id,
            ChildAnswer::NotStarted(child::start_fault(it.cause)),
        ),
        Attributes::ChildWorkflowExecutionStartedEventAttributes(it) => {
            of_child(it.initiated_event_id, child::started(id, it)?)
        }
        Attributes::ChildWorkflowExecutionCompletedEventAttributes(it) => of_child(
            it.initiated_event_id,
            ChildAnswer::Completed {
                result: payload::list_from_proto(it.result),
            },
        ),
        Attributes::ChildWorkflowExecutionFailedEventAttributes(it) => {
            of_child(it.initiated_event_id, child::failed(it))
        }
        Attributes::ChildWorkflowExecutionCanceledEventAttributes(it) => of_child(
            it.initiated_event_id,
            ChildAnswer::Canceled {
                details: payload::list_from_proto(it.details),
            },
        ),
        Attributes::ChildWorkflowExecutionTimedOutEventAttributes(it) => of_child(
            it.initiated_event_id,
            ChildAnswer::TimedOut {
                retry_state: failure::retry_state(it.retry_state),
            },
        ),
        Attributes::ChildWorkflowExecutionTerminatedEventAttributes(it) => {
            of_child(it.initiated_event_id, ChildAnswer::Terminated)
        }
        Attributes::SignalExternalWorkflowExecutionInitiatedEventAttributes(it) => {
            let initiated = external::signal_initiated(id, it)?;
            CommandEvent::ExternalSignalInitiated(Box::new(initiated)).into()
        }
        Attributes::ExternalWorkflowExecutionSignaledEventAttributes(it) => {
            answer(it.initiated_event_id, Answer::ExternalSignal(Ok(())))
        }
        Attributes::SignalExternalWorkflowExecutionFailedEventAttributes(it) => answer(
            it.initiated_event_id,
            Answer::ExternalSignal(Err(external::signal_fault(it.cause))),
        ),
        Attributes::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(it) => {
            external::cancel_initiated(id, it)?.into()
        }
        Attributes::ExternalWorkflowExecutionCancelRequestedEventAttributes(it) => {
            answer(it.initiated_event_id, Answer::ExternalCancel(Ok(())))
        }
        Attributes::RequestCancelExternalWorkflowExecutionFailedEventAttributes(it) => answer(
            it.initiated_event_id,
            Answer::ExternalCancel(Err(external::cancel_fault(it.cause))),
        ),
        Attributes::MarkerRecordedEventAttributes(it) => marker::from_proto(id, it)?,
        Attributes::UpsertWorkflowSearchAttributesEventAttributes(it) => {
            let fields = it.search_attributes.unwrap_or_default().indexed_fields;
            CommandEvent::SearchAttributesUpserted {
                only_change_version: fields.len() == 1 && fields.contains_key(CHANGE_VERSION),
            }
            .into()
        }
        Attributes::WorkflowExecutionSignaledEventAttributes(it) => {
            Fact::Signaled(Box::new(Signaled {
                name: it.signal_name,
                input: payload::list_from_proto(it.input),
                header: payload::header_from_proto(it.header),
                identity: it.identity,
            }))
            .into()
        }
        Attributes::WorkflowExecutionCancelRequestedEventAttributes(it) => {
            Fact::CancelRequested { reason: it.cause }.into()
        }
        Attributes::WorkflowExecutionUpdateAdmittedEventAttributes(it) => {
            let request = it
                .request
                .ok_or_else(|| WireError::missing(place(), "request"))?;
            Fact::UpdateAdmitted(Box::new(update_request(place, request)?)).into()
        }
        Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(it) => {
            CommandEvent::UpdateAccepted(Box::new(UpdateAccepted {
                id: it.protocol_instance_id,
                message_id: it.accepted_request_message_id,
                sequencing: EventId(it.accepted_request_sequencing_event_id),
                request: match it.accepted_request {
                    Some(request) => Some(update_request(place, request)?),
                    None => None,
                },
            }))
            .into()
        }
        Attributes::WorkflowExecutionUpdateCompletedEventAttributes(it) => {
            CommandEvent::UpdateCompleted {
                id: it
                    .meta
                    .ok_or_else(|| WireError::missing(place(), "meta"))?
                    .update_id,
            }
            .into()
        }
        Attributes::WorkflowExecutionCompletedEventAttributes(_) => {
            CommandEvent::RunEnded(Ending::Completed).into()
        }
        Attributes::WorkflowExecutionFailedEventAttributes(_) => {
            CommandEvent::RunEnded(Ending::Failed).into()
        }
        Attributes::WorkflowExecutionCanceledEventAttributes(_) => {
            CommandEvent::RunEnded(Ending::Canceled).into()
        }
        Attributes::WorkflowExecutionContinuedAsNewEventAttributes(_) => {
            CommandEvent::RunEnded(Ending::ContinuedAsNew).into()
        }
        Attributes::WorkflowExecutionTerminatedEventAttributes(_)
        | Attributes::WorkflowExecutionTimedOutEventAttributes(_) => Fact::RunStopped.into(),
        Attributes::WorkflowPropertiesModifiedEventAttributes(_) => {
            CommandEvent::MemoUpserted.into()
        }
        Attributes::WorkflowPropertiesModifiedExternallyEventAttributes(_)
        | Attributes::ActivityPropertiesModifiedExternallyEventAttributes(_)
        | Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(_)
        | Attributes::WorkflowExecutionPausedEventAttributes(_)
        | Attributes::WorkflowExecutionUnpausedEventAttributes(_)
        | Attributes::WorkflowExecutionTimeSkippingTransitionedEventAttributes(_) => {
            Fact::Ignored.into()
        }
        _ => return Ok(None),
    }))
}

fn answer(opened: i64, answer: Answer) -> EventKind {
    EventKind::Answer {
        opened: EventId(opened),
        answer,
    }
}

fn of_child(initiated: i64, it: ChildAnswer) -> EventKind {
    answer(initiated, Answer::Child(Box::new(it)))
}

fn unknown(event_type: i32, may_ignore: bool) -> EventKind {
    let name = match EventType::try_from(event_type) {
        Ok(known) => known.as_str_name().to_owned(),
        Err(_) => format!("event type {event_type}"),
    };
    Fact::Unknown { name, may_ignore }.into()
}

fn event_time(id: i64, at: Option<wkt::Timestamp>) -> Result<std::time::SystemTime, WireError> {
    let Some(at) = at else {
        return Err(WireError::missing(format!("event {id}"), "event_time"));
    };
    time::instant(at)
        .ok_or_else(|| WireError::new(format!("event {id}"), "event_time", Fault::OutOfRange))
}

fn sdk(metadata: WorkflowTaskCompletedMetadata) -> Option<Box<SdkMetadata>> {
    let sdk = SdkMetadata {
        name: metadata.sdk_name,
        version: metadata.sdk_version,
        core_flags: metadata.core_used_flags,
        lang_flags: metadata.lang_used_flags,
    };
    (sdk != SdkMetadata::default()).then(|| Box::new(sdk))
}

/// The version of the worker that completed a task. Workers outside of deployments may name a build.
fn version(it: &history::WorkflowTaskCompletedEventAttributes) -> Option<Box<WorkerVersion>> {
    #[expect(
        deprecated,
        reason = "workers outside of deployments name their build so"
    )]
    let stamp = it.worker_version.as_ref().map(|it| it.build_id.clone());
    let version = match &it.deployment_version {
        Some(version) => WorkerVersion {
            deployment: version.deployment_name.clone(),
            build_id: version.build_id.clone(),
        },
        None => WorkerVersion {
            deployment: it.worker_deployment_name.clone(),
            build_id: stamp.unwrap_or_default(),
        },
    };
    (!version.build_id.is_empty()).then(|| Box::new(version))
}

fn run_started(
    id: i64,
    at: Option<wkt::Timestamp>,
    it: history::WorkflowExecutionStartedEventAttributes,
) -> Result<RunStarted, WireError> {
    let time = event_time(id, at)?;
    let Some(workflow_type) = it.workflow_type else {
        return Err(WireError::missing(format!("event {id}"), "workflow_type"));
    };
    Ok(RunStarted {
        time,
        workflow_type: workflow_type.name,
        workflow_id: it.workflow_id,
        original_run_id: it.original_execution_run_id,
        first_run_id: it.first_execution_run_id,
        continued_from: it.continued_execution_run_id,
        input: payload::list_from_proto(it.input),
        header: payload::header_from_proto(it.header),
        attempt: u32::try_from(it.attempt).unwrap_or(1),
        task_queue: it.task_queue.unwrap_or_default().name,
        execution_timeout: time::limit(it.workflow_execution_timeout),
        run_timeout: time::limit(it.workflow_run_timeout),
        task_timeout: time::limit(it.workflow_task_timeout),
        retry: it.retry_policy.map(retry_policy),
        cron: it.cron_schedule,
        parent: it
            .parent_workflow_execution
            .map(|parent| run_ref(it.parent_workflow_namespace, parent)),
        root: it
            .root_workflow_execution
            .map(|root| run_ref(String::new(), root)),
        last_completion: payload::list_from_proto(it.last_completion_result),
        last_failure: it.continued_failure.map(failure::from_proto),
        memo: payload::memo_from_proto(it.memo),
        search_attributes: payload::search_attributes_from_proto(it.search_attributes),
        identity: it.identity,
        priority: it.priority.map(priority).unwrap_or_default(),
    })
}

fn continue_as_new_reasons(
    it: &history::WorkflowTaskStartedEventAttributes,
) -> ContinueAsNewReasons {
    use SuggestContinueAsNewReason as Reason;
    let mut reasons = ContinueAsNewReasons::default();
    for reason in it.suggest_continue_as_new_reasons() {
        match reason {
            Reason::HistorySizeTooLarge => reasons.history_size = true,
            Reason::TooManyHistoryEvents => reasons.event_count = true,
            Reason::TooManyUpdates => reasons.update_count = true,
            Reason::Unspecified => {}
        }
    }
    reasons
}

fn run_ref(namespace: String, execution: common::WorkflowExecution) -> RunRef {
    RunRef {
        namespace,
        workflow_id: execution.workflow_id,
        run_id: execution.run_id,
    }
}

pub(super) fn priority(priority: common::Priority) -> Priority {
    Priority {
        key: priority.priority_key,
        fairness_key: priority.fairness_key,
        fairness_weight: priority.fairness_weight,
    }
}

pub(crate) fn retry_policy(policy: common::RetryPolicy) -> RetryPolicy {
    RetryPolicy {
        initial_interval: time::limit(policy.initial_interval),
        backoff_coefficient: policy.backoff_coefficient,
        maximum_interval: time::limit(policy.maximum_interval),
        maximum_attempts: u32::try_from(policy.maximum_attempts).unwrap_or(0),
        non_retryable_error_types: policy.non_retryable_error_types,
    }
}
