//! Whoever encodes a payload and all who decode it name the same subject.
//!
//! Each test follows one payload from the message that brings it to the server, through the messages
//! that the server puts it into. The codec ties it to its subject.

use durably_engine::Payload;
use durably_proto::{
    Message as _,
    api::{
        command::v1 as command,
        common::v1::{self as common, ActivityType, WorkflowExecution, WorkflowType},
        failure::v1 as failure,
        history::v1 as history,
        protocol::v1 as protocol,
        query::v1 as query,
        sdk::v1 as sdk,
        update::v1 as update,
        workflow::v1 as workflow,
        workflowservice::v1 as pb,
    },
    wkt::Any,
};

use super::{message_codecs::MessageCodecs, test_codec::keyed};
use crate::wire::{
    describe::DescribeWorkflow,
    history::GetHistory,
    list::ListWorkflows,
    payload,
    payload_fields::{Field, PayloadFields, Subject, VisitOptions, Visitor},
    poll::{PollActivityTask, PollWorkflowTask},
    query::QueryWorkflow,
    request::Request,
    result::AwaitClose,
    signal::SignalWorkflow,
    start::{SignalWithStart, StartWorkflow, UpdateWithStart},
    stop::TerminateWorkflow,
    update::{PollUpdate, UpdateWorkflow},
};

/// The workflow that everything is about, and others.
const CALLER: &str = "caller";
const CHILD: &str = "child";
const OTHER: &str = "other";

fn subject(id: &str) -> Subject {
    Subject::workflow(id)
}

fn execution(id: &str) -> Option<WorkflowExecution> {
    Some(WorkflowExecution {
        workflow_id: id.to_owned(),
        run_id: "run".to_owned(),
    })
}

fn secret() -> Payload {
    Payload::json(b"\"secret\"".to_vec())
}

/// A field that holds the payload under test.
fn one() -> Option<common::Payload> {
    Some(payload::to_proto(secret()))
}

/// See [`one`].
fn list() -> Option<common::Payloads> {
    payload::list_to_proto(vec![secret()])
}

/// See [`one`].
fn fields() -> std::collections::HashMap<String, common::Payload> {
    [("key".to_owned(), payload::to_proto(secret()))].into()
}

/// With headers.
const ALL: VisitOptions = VisitOptions {
    headers: true,
    encode_failures: false,
    limit_causes: false,
};

fn codecs() -> MessageCodecs {
    MessageCodecs::new(&keyed())
}

/// See [`one`].
fn header() -> Option<common::Header> {
    Some(common::Header { fields: fields() })
}

/// See [`one`].
fn memo() -> Option<common::Memo> {
    Some(common::Memo { fields: fields() })
}

/// See [`one`].
fn summary() -> Option<sdk::UserMetadata> {
    Some(sdk::UserMetadata {
        summary: one(),
        details: None,
    })
}

/// A failure with details.
fn failed() -> Option<failure::Failure> {
    let info = failure::ApplicationFailureInfo {
        details: list(),
        ..Default::default()
    };
    Some(failure::Failure {
        failure_info: Some(failure::failure::FailureInfo::ApplicationFailureInfo(info)),
        ..Default::default()
    })
}

/// A timeout after a heartbeat.
fn timed_out() -> Option<failure::Failure> {
    let info = failure::TimeoutFailureInfo {
        last_heartbeat_details: list(),
        ..Default::default()
    };
    Some(failure::Failure {
        failure_info: Some(failure::failure::FailureInfo::TimeoutFailureInfo(info)),
        ..Default::default()
    })
}

fn workflow_type() -> Option<WorkflowType> {
    Some(WorkflowType {
        name: "Order".to_owned(),
    })
}

fn activity_type() -> Option<ActivityType> {
    Some(ActivityType {
        name: "charge".to_owned(),
    })
}

/// One payload on its way.
struct Sealed(Payload);

/// Encodes a message as its sender does, and takes its payload, of which it has one.
async fn sent<M: PayloadFields>(mut message: M, about: Subject) -> Sealed {
    let encoded = codecs()
        .encode(&mut message, &"default".into(), about)
        .await;
    encoded.expect("everything can be encoded");
    Sealed(only_payload(&mut message))
}

/// Encodes the message of a request.
async fn requested<R: Request>(message: R::Message) -> Sealed {
    let about = R::about(&message);
    sent(message, about).await
}

fn only_payload<M: PayloadFields>(message: &mut M) -> Payload {
    let mut found = Vec::new();
    let mut take = |_: &Subject, field: Field<'_>| found.extend(field.take());
    let visited = Visitor::new(Subject::default(), ALL, &mut take).all_of(message);
    visited.expect("what is within it can be read");
    assert_eq!(found.len(), 1, "one payload is under test");
    found.remove(0)
}

impl Sealed {
    /// Puts the payload into a message, and decodes it as its receiver does.
    async fn arrives_in<M: PayloadFields>(&self, mut message: M, about: Subject) {
        let mut put = |_: &Subject, field: Field<'_>| {
            let field = match field {
                Field::Many(list) => {
                    list.clear();
                    Field::Many(list)
                }
                one @ Field::One(_) => one,
            };
            field.put([self.0.clone()].into_iter());
        };
        let visited = Visitor::new(Subject::default(), ALL, &mut put).all_of(&mut message);
        visited.expect("what is within it can be read");
        let decoded = codecs()
            .decode(&mut message, &"default".into(), about)
            .await;
        decoded.expect("the receiver names the same subject");
        assert_eq!(only_payload(&mut message), secret());
    }

    /// In the response to a request.
    async fn answers<R: Request>(&self, request: R::Message, reply: R::Reply) {
        let about = R::about_reply(&reply).unwrap_or_else(|| R::about(&request));
        self.arrives_in(reply, about).await;
    }

    /// In an event, which a worker and a client read.
    async fn is_recorded(&self, id: &str, event: impl Into<Recorded>) {
        let event = event.into().0;
        let history = || {
            Some(history::History {
                events: vec![event.clone()],
            })
        };
        let polled = pb::PollWorkflowTaskQueueResponse {
            workflow_execution: execution(id),
            history: history(),
            ..Default::default()
        };
        self.answers::<PollWorkflowTask>(Default::default(), polled)
            .await;
        let request = || pb::GetWorkflowExecutionHistoryRequest {
            execution: execution(id),
            ..Default::default()
        };
        let page = || pb::GetWorkflowExecutionHistoryResponse {
            history: history(),
            ..Default::default()
        };
        self.answers::<GetHistory>(request(), page()).await;
        self.answers::<AwaitClose>(request(), page()).await;
    }

    /// In the list and the description of a workflow.
    async fn is_shown(&self, id: &str) {
        let info = || workflow::WorkflowExecutionInfo {
            execution: execution(id),
            memo: memo(),
            ..Default::default()
        };
        let listed = pb::ListWorkflowExecutionsResponse {
            executions: vec![info()],
            ..Default::default()
        };
        self.answers::<ListWorkflows>(Default::default(), listed)
            .await;
        let described = pb::DescribeWorkflowExecutionResponse {
            workflow_execution_info: Some(info()),
            ..Default::default()
        };
        self.is_described(id, described).await;
    }

    async fn is_described(&self, id: &str, description: pb::DescribeWorkflowExecutionResponse) {
        let request = pb::DescribeWorkflowExecutionRequest {
            execution: execution(id),
            ..Default::default()
        };
        self.answers::<DescribeWorkflow>(request, description).await;
    }

    async fn is_pending(&self, id: &str, activity: workflow::PendingActivityInfo) {
        let description = pb::DescribeWorkflowExecutionResponse {
            pending_activities: vec![workflow::PendingActivityInfo {
                activity_type: activity_type(),
                ..activity
            }],
            ..Default::default()
        };
        self.is_described(id, description).await;
    }

    async fn is_polled(&self, task: pb::PollActivityTaskQueueResponse) {
        let task = pb::PollActivityTaskQueueResponse {
            workflow_execution: execution(CALLER),
            activity_type: activity_type(),
            ..task
        };
        let completed = pb::RespondWorkflowTaskCompletedResponse {
            activity_tasks: vec![task.clone()],
            ..Default::default()
        };
        self.answers::<PollActivityTask>(Default::default(), task)
            .await;
        self.arrives_in(completed, subject(CALLER)).await;
    }
}

/// An event with a payload.
struct Recorded(history::HistoryEvent);

impl From<history::history_event::Attributes> for Recorded {
    fn from(attributes: history::history_event::Attributes) -> Self {
        Self(history::HistoryEvent {
            attributes: Some(attributes),
            ..Default::default()
        })
    }
}

macro_rules! recorded {
    ($($event:ident),* $(,)?) => { $(
        impl From<history::$event> for Recorded {
            fn from(event: history::$event) -> Self {
                history::history_event::Attributes::$event(event).into()
            }
        }
    )* };
}
recorded! {
    ActivityTaskCompletedEventAttributes, ActivityTaskFailedEventAttributes,
    ActivityTaskScheduledEventAttributes, ActivityTaskStartedEventAttributes,
    ActivityTaskTimedOutEventAttributes, ChildWorkflowExecutionCanceledEventAttributes,
    ChildWorkflowExecutionCompletedEventAttributes, ChildWorkflowExecutionFailedEventAttributes,
    ChildWorkflowExecutionStartedEventAttributes,
    SignalExternalWorkflowExecutionInitiatedEventAttributes,
    StartChildWorkflowExecutionInitiatedEventAttributes, WorkflowExecutionCanceledEventAttributes,
    WorkflowExecutionCompletedEventAttributes, WorkflowExecutionContinuedAsNewEventAttributes,
    WorkflowExecutionFailedEventAttributes, WorkflowExecutionSignaledEventAttributes,
    WorkflowExecutionStartedEventAttributes, WorkflowExecutionTerminatedEventAttributes,
    WorkflowExecutionUpdateAcceptedEventAttributes,
    WorkflowExecutionUpdateCompletedEventAttributes, WorkflowPropertiesModifiedEventAttributes,
    WorkflowTaskFailedEventAttributes,
}

/// A command of a workflow.
async fn commanded(id: &str, attributes: command::command::Attributes) -> Sealed {
    let command = command::Command {
        attributes: Some(attributes),
        ..Default::default()
    };
    with_command(id, command).await
}

async fn with_command(id: &str, command: command::Command) -> Sealed {
    let completed = pb::RespondWorkflowTaskCompletedRequest {
        commands: vec![command],
        ..Default::default()
    };
    sent(completed, subject(id)).await
}

use command::command::Attributes as Command;

#[tokio::test]
async fn a_start_by_a_client() {
    let start = || pb::StartWorkflowExecutionRequest {
        workflow_id: CALLER.to_owned(),
        workflow_type: workflow_type(),
        ..Default::default()
    };
    let signal_with_start = || pb::SignalWithStartWorkflowExecutionRequest {
        workflow_id: CALLER.to_owned(),
        workflow_type: workflow_type(),
        ..Default::default()
    };
    let update_with_start = |start| {
        use pb::execute_multi_operation_request::{Operation, operation::Operation as Kind};
        pb::ExecuteMultiOperationRequest {
            operations: vec![Operation {
                operation: Some(Kind::StartWorkflow(start)),
            }],
            ..Default::default()
        }
    };
    let with_input = pb::StartWorkflowExecutionRequest {
        input: list(),
        ..start()
    };
    let started = pb::SignalWithStartWorkflowExecutionRequest {
        input: list(),
        ..signal_with_start()
    };
    for input in [
        requested::<StartWorkflow>(with_input.clone()).await,
        requested::<SignalWithStart>(started).await,
        requested::<UpdateWithStart>(update_with_start(with_input)).await,
    ] {
        let event = history::WorkflowExecutionStartedEventAttributes {
            workflow_type: workflow_type(),
            input: list(),
            ..Default::default()
        };
        input.is_recorded(CALLER, event).await;
    }
    let with_memo = pb::StartWorkflowExecutionRequest {
        memo: memo(),
        ..start()
    };
    requested::<StartWorkflow>(with_memo)
        .await
        .is_shown(CALLER)
        .await;
    let signalled = pb::SignalWithStartWorkflowExecutionRequest {
        signal_input: list(),
        ..signal_with_start()
    };
    let event = history::WorkflowExecutionSignaledEventAttributes {
        input: list(),
        ..Default::default()
    };
    requested::<SignalWithStart>(signalled)
        .await
        .is_recorded(CALLER, event)
        .await;
}

#[tokio::test]
async fn messages_of_a_client_and_their_answers() {
    let signal = pb::SignalWorkflowExecutionRequest {
        workflow_execution: execution(CALLER),
        input: list(),
        ..Default::default()
    };
    let event = history::WorkflowExecutionSignaledEventAttributes {
        input: list(),
        ..Default::default()
    };
    requested::<SignalWorkflow>(signal)
        .await
        .is_recorded(CALLER, event)
        .await;

    let query = |query_args| pb::QueryWorkflowRequest {
        execution: execution(CALLER),
        query: Some(query::WorkflowQuery {
            query_args,
            ..Default::default()
        }),
        ..Default::default()
    };
    let task = pb::PollWorkflowTaskQueueResponse {
        workflow_execution: execution(CALLER),
        query: query(list()).query,
        ..Default::default()
    };
    let asked = requested::<QueryWorkflow>(query(list())).await;
    asked
        .answers::<PollWorkflowTask>(Default::default(), task)
        .await;
    let answer = pb::RespondQueryTaskCompletedRequest {
        query_result: list(),
        ..Default::default()
    };
    let reply = pb::QueryWorkflowResponse {
        query_result: list(),
        ..Default::default()
    };
    sent(answer, subject(CALLER))
        .await
        .answers::<QueryWorkflow>(query(None), reply)
        .await;

    let terminate = pb::TerminateWorkflowExecutionRequest {
        workflow_execution: execution(CALLER),
        details: list(),
        ..Default::default()
    };
    let event = history::WorkflowExecutionTerminatedEventAttributes {
        details: list(),
        ..Default::default()
    };
    requested::<TerminateWorkflow>(terminate)
        .await
        .is_recorded(CALLER, event)
        .await;
}

#[tokio::test]
async fn an_update_and_its_outcome() {
    let request = || update::Request {
        input: Some(update::Input {
            args: list(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let message = |name: &str, value: Vec<u8>| protocol::Message {
        body: Some(Any {
            type_url: format!("type.googleapis.com/temporal.api.update.v1.{name}"),
            value,
        }),
        ..Default::default()
    };
    let sent_update = pb::UpdateWorkflowExecutionRequest {
        workflow_execution: execution(CALLER),
        request: Some(request()),
        ..Default::default()
    };
    let arguments = requested::<UpdateWorkflow>(sent_update).await;
    let task = pb::PollWorkflowTaskQueueResponse {
        workflow_execution: execution(CALLER),
        messages: vec![message("Request", request().encode_to_vec())],
        ..Default::default()
    };
    arguments
        .answers::<PollWorkflowTask>(Default::default(), task)
        .await;
    let accepted = update::Acceptance {
        accepted_request: Some(request()),
        ..Default::default()
    };
    let accepted = pb::RespondWorkflowTaskCompletedRequest {
        messages: vec![message("Acceptance", accepted.encode_to_vec())],
        ..Default::default()
    };
    let event = history::WorkflowExecutionUpdateAcceptedEventAttributes {
        accepted_request: Some(request()),
        ..Default::default()
    };
    sent(accepted, subject(CALLER))
        .await
        .is_recorded(CALLER, event)
        .await;

    let outcome = || update::Outcome {
        value: list().map(update::outcome::Value::Success),
    };
    let response = update::Response {
        outcome: Some(outcome()),
        ..Default::default()
    };
    let completed = pb::RespondWorkflowTaskCompletedRequest {
        messages: vec![message("Response", response.encode_to_vec())],
        ..Default::default()
    };
    let result = sent(completed, subject(CALLER)).await;
    let event = history::WorkflowExecutionUpdateCompletedEventAttributes {
        outcome: Some(outcome()),
        ..Default::default()
    };
    result.is_recorded(CALLER, event).await;
    let request = pb::UpdateWorkflowExecutionRequest {
        workflow_execution: execution(CALLER),
        ..Default::default()
    };
    let reply = pb::UpdateWorkflowExecutionResponse {
        outcome: Some(outcome()),
        ..Default::default()
    };
    result.answers::<UpdateWorkflow>(request, reply).await;
    let poll = pb::PollWorkflowExecutionUpdateRequest {
        update_ref: Some(update::UpdateRef {
            workflow_execution: execution(CALLER),
            update_id: "u".to_owned(),
        }),
        ..Default::default()
    };
    let reply = pb::PollWorkflowExecutionUpdateResponse {
        outcome: Some(outcome()),
        ..Default::default()
    };
    result.answers::<PollUpdate>(poll, reply).await;
}

#[tokio::test]
async fn the_arguments_of_an_activity() {
    let schedule = |input, header| {
        Command::ScheduleActivityTaskCommandAttributes(
            command::ScheduleActivityTaskCommandAttributes {
                activity_type: activity_type(),
                input,
                header,
                ..Default::default()
            },
        )
    };
    let event = |input, header| history::ActivityTaskScheduledEventAttributes {
        activity_type: activity_type(),
        input,
        header,
        ..Default::default()
    };
    let task = |input, header| pb::PollActivityTaskQueueResponse {
        input,
        header,
        ..Default::default()
    };
    for (input, header) in [(list(), None), (None, header())] {
        let sealed = commanded(CALLER, schedule(input.clone(), header.clone())).await;
        sealed
            .is_recorded(CALLER, event(input.clone(), header.clone()))
            .await;
        sealed.is_polled(task(input, header)).await;
    }
}

/// The attempts' reports belong to the workflow, as `Claim::about` says.
#[tokio::test]
async fn the_reports_of_an_activity() {
    let completed = pb::RespondActivityTaskCompletedRequest {
        result: list(),
        ..Default::default()
    };
    let event = history::ActivityTaskCompletedEventAttributes {
        result: list(),
        ..Default::default()
    };
    let result = sent(completed, subject(CALLER)).await;
    result.is_recorded(CALLER, event).await;

    let report = pb::RespondActivityTaskFailedRequest {
        failure: failed(),
        ..Default::default()
    };
    let failure = sent(report, subject(CALLER)).await;
    let event = history::ActivityTaskFailedEventAttributes {
        failure: failed(),
        ..Default::default()
    };
    failure.is_recorded(CALLER, event).await;
    let event = history::ActivityTaskStartedEventAttributes {
        last_failure: failed(),
        ..Default::default()
    };
    failure.is_recorded(CALLER, event).await;
    let pending = workflow::PendingActivityInfo {
        last_failure: failed(),
        ..Default::default()
    };
    failure.is_pending(CALLER, pending).await;

    let beat = pb::RecordActivityTaskHeartbeatRequest {
        details: list(),
        ..Default::default()
    };
    let with_failure = pb::RespondActivityTaskFailedRequest {
        last_heartbeat_details: list(),
        ..Default::default()
    };
    for details in [
        sent(beat, subject(CALLER)).await,
        sent(with_failure, subject(CALLER)).await,
    ] {
        let task = pb::PollActivityTaskQueueResponse {
            heartbeat_details: list(),
            ..Default::default()
        };
        details.is_polled(task).await;
        let pending = workflow::PendingActivityInfo {
            heartbeat_details: list(),
            ..Default::default()
        };
        details.is_pending(CALLER, pending).await;
        let event = history::ActivityTaskTimedOutEventAttributes {
            failure: timed_out(),
            ..Default::default()
        };
        details.is_recorded(CALLER, event).await;
    }
}

#[tokio::test]
async fn the_start_of_a_child() {
    for (input, header, memo) in [
        (list(), None, None),
        (None, header(), None),
        (None, None, memo()),
    ] {
        let start = command::StartChildWorkflowExecutionCommandAttributes {
            workflow_id: CHILD.to_owned(),
            workflow_type: workflow_type(),
            input: input.clone(),
            header: header.clone(),
            memo: memo.clone(),
            ..Default::default()
        };
        let start = Command::StartChildWorkflowExecutionCommandAttributes(start);
        let sealed = commanded(CALLER, start).await;
        let initiated = history::StartChildWorkflowExecutionInitiatedEventAttributes {
            workflow_id: CHILD.to_owned(),
            workflow_type: workflow_type(),
            input: input.clone(),
            header: header.clone(),
            memo: memo.clone(),
            ..Default::default()
        };
        sealed.is_recorded(CALLER, initiated).await;
        if header.is_some() {
            let started = history::ChildWorkflowExecutionStartedEventAttributes {
                workflow_execution: execution(CHILD),
                header: header.clone(),
                ..Default::default()
            };
            sealed.is_recorded(CALLER, started).await;
        }
        if memo.is_some() {
            sealed.is_shown(CHILD).await;
        }
        let started = history::WorkflowExecutionStartedEventAttributes {
            workflow_type: workflow_type(),
            input,
            header,
            memo,
            ..Default::default()
        };
        sealed.is_recorded(CHILD, started).await;
    }
}

#[tokio::test]
async fn the_summary_of_a_child_and_of_an_activity() {
    let start = command::StartChildWorkflowExecutionCommandAttributes {
        workflow_id: CHILD.to_owned(),
        workflow_type: workflow_type(),
        ..Default::default()
    };
    let start = command::Command {
        user_metadata: summary(),
        attributes: Some(Command::StartChildWorkflowExecutionCommandAttributes(start)),
        ..Default::default()
    };
    let sealed = with_command(CALLER, start).await;
    let initiated = history::StartChildWorkflowExecutionInitiatedEventAttributes {
        workflow_id: CHILD.to_owned(),
        workflow_type: workflow_type(),
        ..Default::default()
    };
    let mut initiated = Recorded::from(initiated);
    initiated.0.user_metadata = summary();
    sealed.is_recorded(CALLER, initiated).await;
    let description = pb::DescribeWorkflowExecutionResponse {
        execution_config: Some(workflow::WorkflowExecutionConfig {
            user_metadata: summary(),
            ..Default::default()
        }),
        ..Default::default()
    };
    sealed.is_described(CHILD, description).await;

    let schedule = command::ScheduleActivityTaskCommandAttributes {
        activity_type: activity_type(),
        ..Default::default()
    };
    let schedule = command::Command {
        user_metadata: summary(),
        attributes: Some(Command::ScheduleActivityTaskCommandAttributes(schedule)),
        ..Default::default()
    };
    let scheduled = history::ActivityTaskScheduledEventAttributes {
        activity_type: activity_type(),
        ..Default::default()
    };
    let mut scheduled = Recorded::from(scheduled);
    scheduled.0.user_metadata = summary();
    with_command(CALLER, schedule)
        .await
        .is_recorded(CALLER, scheduled)
        .await;
}

#[tokio::test]
async fn the_end_of_a_run_and_of_a_child() {
    let complete = command::CompleteWorkflowExecutionCommandAttributes { result: list() };
    let result = commanded(
        CHILD,
        Command::CompleteWorkflowExecutionCommandAttributes(complete),
    )
    .await;
    let event = history::WorkflowExecutionCompletedEventAttributes {
        result: list(),
        ..Default::default()
    };
    result.is_recorded(CHILD, event).await;
    let event = history::ChildWorkflowExecutionCompletedEventAttributes {
        workflow_execution: execution(CHILD),
        result: list(),
        ..Default::default()
    };
    result.is_recorded(CALLER, event).await;

    let fail = command::FailWorkflowExecutionCommandAttributes { failure: failed() };
    let failure = commanded(CHILD, Command::FailWorkflowExecutionCommandAttributes(fail)).await;
    let event = history::WorkflowExecutionFailedEventAttributes {
        failure: failed(),
        ..Default::default()
    };
    failure.is_recorded(CHILD, event).await;
    let event = history::ChildWorkflowExecutionFailedEventAttributes {
        workflow_execution: execution(CHILD),
        failure: failed(),
        ..Default::default()
    };
    failure.is_recorded(CALLER, event).await;

    let cancel = command::CancelWorkflowExecutionCommandAttributes { details: list() };
    let cancelled = commanded(
        CHILD,
        Command::CancelWorkflowExecutionCommandAttributes(cancel),
    )
    .await;
    let event = history::WorkflowExecutionCanceledEventAttributes {
        details: list(),
        ..Default::default()
    };
    cancelled.is_recorded(CHILD, event).await;
    let event = history::ChildWorkflowExecutionCanceledEventAttributes {
        workflow_execution: execution(CHILD),
        details: list(),
        ..Default::default()
    };
    cancelled.is_recorded(CALLER, event).await;

    let next = command::ContinueAsNewWorkflowExecutionCommandAttributes {
        workflow_type: workflow_type(),
        input: list(),
        ..Default::default()
    };
    let input = commanded(
        CALLER,
        Command::ContinueAsNewWorkflowExecutionCommandAttributes(next),
    )
    .await;
    let event = history::WorkflowExecutionContinuedAsNewEventAttributes {
        workflow_type: workflow_type(),
        input: list(),
        ..Default::default()
    };
    input.is_recorded(CALLER, event).await;
    let event = history::WorkflowExecutionStartedEventAttributes {
        workflow_type: workflow_type(),
        input: list(),
        ..Default::default()
    };
    input.is_recorded(CALLER, event).await;
}

#[tokio::test]
async fn a_signal_to_another_workflow() {
    for (input, header) in [(list(), None), (None, header())] {
        let signal = command::SignalExternalWorkflowExecutionCommandAttributes {
            execution: execution(OTHER),
            input: input.clone(),
            header: header.clone(),
            ..Default::default()
        };
        let signal = Command::SignalExternalWorkflowExecutionCommandAttributes(signal);
        let sealed = commanded(CALLER, signal).await;
        let event = history::SignalExternalWorkflowExecutionInitiatedEventAttributes {
            workflow_execution: execution(OTHER),
            input: input.clone(),
            header: header.clone(),
            ..Default::default()
        };
        sealed.is_recorded(CALLER, event).await;
        let event = history::WorkflowExecutionSignaledEventAttributes {
            input,
            header,
            ..Default::default()
        };
        sealed.is_recorded(OTHER, event).await;
    }
}

#[tokio::test]
async fn what_a_workflow_notes_and_why_its_task_failed() {
    let upsert = command::ModifyWorkflowPropertiesCommandAttributes {
        upserted_memo: memo(),
    };
    let upsert = Command::ModifyWorkflowPropertiesCommandAttributes(upsert);
    let sealed = commanded(CALLER, upsert).await;
    let event = history::WorkflowPropertiesModifiedEventAttributes {
        upserted_memo: memo(),
        ..Default::default()
    };
    sealed.is_recorded(CALLER, event).await;
    sealed.is_shown(CALLER).await;

    let task = pb::RespondWorkflowTaskFailedRequest {
        failure: failed(),
        ..Default::default()
    };
    let event = history::WorkflowTaskFailedEventAttributes {
        failure: failed(),
        ..Default::default()
    };
    sent(task, subject(CALLER))
        .await
        .is_recorded(CALLER, event)
        .await;
}
