//! Answers to workflow tasks: commands, messages, answers to queries.

use durably_engine::{
    Command, ContinueAsNew, EndRun, Header, InitialVersioning, Message, MessageBody, Payload,
    Priority, QueryAnswer, RetryPolicy, ScheduleActivity, SdkMetadata, TaskCompletion,
};
use durably_proto::{
    api::{
        command::{v1 as command, v1::command::Attributes},
        common::v1 as common,
        enums::v1::{CommandType, ContinueAsNewVersioningBehavior, QueryResultType},
        protocol::v1 as protocol,
        query::v1::WorkflowQueryResult,
        sdk::v1::{UserMetadata, WorkflowTaskCompletedMetadata},
        taskqueue::v1::TaskQueue,
        update::v1 as update,
        workflowservice::v1::{
            RespondQueryTaskCompletedRequest, RespondWorkflowTaskCompletedRequest,
        },
    },
    wkt,
};

use super::{CHANGE_VERSION, child, external, failure, marker, payload, time};

/// The answer to a task. What names the task and the worker is left to the caller to fill in.
pub(crate) fn task_completed(completion: TaskCompletion) -> RespondWorkflowTaskCompletedRequest {
    RespondWorkflowTaskCompletedRequest {
        commands: completion.commands.into_iter().map(to_proto).collect(),
        messages: completion.messages.into_iter().map(message).collect(),
        query_results: completion.answers.into_iter().map(query_result).collect(),
        sdk_metadata: Some(sdk(completion.sdk)),
        ..Default::default()
    }
}

/// The answer to a task that only asks. What names the task is left to the caller to fill in.
pub(crate) fn query_completed(answer: QueryAnswer) -> RespondQueryTaskCompletedRequest {
    let (_, result) = query_result(answer);
    RespondQueryTaskCompletedRequest {
        completed_type: result.result_type,
        query_result: result.answer,
        error_message: result.error_message,
        failure: result.failure,
        ..Default::default()
    }
}

/// A task queue, by its name.
pub(crate) fn task_queue(name: String) -> TaskQueue {
    TaskQueue {
        name,
        ..Default::default()
    }
}

fn to_proto(command: Command) -> command::Command {
    match command {
        Command::StartTimer {
            timer_id,
            after,
            summary,
        } => with_summary(
            bare(
                CommandType::StartTimer,
                Attributes::StartTimerCommandAttributes(command::StartTimerCommandAttributes {
                    timer_id,
                    start_to_fire_timeout: Some(time::to_duration(after)),
                }),
            ),
            summary,
        ),
        Command::CancelTimer { timer_id } => bare(
            CommandType::CancelTimer,
            Attributes::CancelTimerCommandAttributes(command::CancelTimerCommandAttributes {
                timer_id,
            }),
        ),
        Command::ScheduleActivity(asked) => schedule_activity(*asked),
        Command::CancelActivity { scheduled } => bare(
            CommandType::RequestCancelActivityTask,
            Attributes::RequestCancelActivityTaskCommandAttributes(
                command::RequestCancelActivityTaskCommandAttributes {
                    scheduled_event_id: scheduled.0,
                },
            ),
        ),
        Command::StartChild(asked) => child::start(*asked),
        Command::SignalExternal(asked) => external::signal(*asked),
        Command::CancelExternal(asked) => external::cancel(*asked),
        Command::MarkLocalActivity { marked, summary } => {
            with_summary(marker(marker::local_activity(*marked)), summary)
        }
        Command::MarkSideEffect { effect, summary } => {
            with_summary(marker(marker::side_effect(*effect)), summary)
        }
        Command::MarkPatch { id, deprecated } => marker(marker::patch(id, deprecated)),
        Command::UpsertPatches { ids } => upsert_patches(&ids),
        Command::UpsertSearchAttributes { attributes } => upsert_search_attributes(attributes),
        Command::UpsertMemo { memo } => upsert_memo(memo),
        Command::ProtocolMessage { message_id } => bare(
            CommandType::ProtocolMessage,
            Attributes::ProtocolMessageCommandAttributes(
                command::ProtocolMessageCommandAttributes { message_id },
            ),
        ),
        Command::EndRun(end) => end_run(end),
    }
}

fn end_run(end: EndRun) -> command::Command {
    match end {
        EndRun::Complete(result) => bare(
            CommandType::CompleteWorkflowExecution,
            Attributes::CompleteWorkflowExecutionCommandAttributes(
                command::CompleteWorkflowExecutionCommandAttributes {
                    result: payload::list_to_proto(result),
                },
            ),
        ),
        EndRun::Fail(failure) => bare(
            CommandType::FailWorkflowExecution,
            Attributes::FailWorkflowExecutionCommandAttributes(
                command::FailWorkflowExecutionCommandAttributes {
                    failure: Some(failure::to_proto(*failure)),
                },
            ),
        ),
        EndRun::Cancel(details) => bare(
            CommandType::CancelWorkflowExecution,
            Attributes::CancelWorkflowExecutionCommandAttributes(
                command::CancelWorkflowExecutionCommandAttributes {
                    details: payload::list_to_proto(details),
                },
            ),
        ),
        EndRun::ContinueAsNew(next) => continue_as_new(*next),
    }
}

pub(super) fn bare(kind: CommandType, attributes: Attributes) -> command::Command {
    command::Command {
        command_type: kind.into(),
        attributes: Some(attributes),
        ..Default::default()
    }
}

fn with_summary(command: command::Command, summary: Option<Payload>) -> command::Command {
    with_metadata(command, summary, None)
}

/// The command, with what people read about it.
pub(super) fn with_metadata(
    mut command: command::Command,
    summary: Option<Payload>,
    details: Option<Payload>,
) -> command::Command {
    command.user_metadata = user_metadata(summary, details);
    command
}

/// Summary and details of a command or a workflow, for people.
pub(super) fn user_metadata(
    summary: Option<Payload>,
    details: Option<Payload>,
) -> Option<UserMetadata> {
    let metadata = UserMetadata {
        summary: summary.map(payload::to_proto),
        details: details.map(payload::to_proto),
    };
    (metadata != UserMetadata::default()).then_some(metadata)
}

fn schedule_activity(asked: ScheduleActivity) -> command::Command {
    let timeouts = asked.timeouts;
    let attributes = command::ScheduleActivityTaskCommandAttributes {
        activity_id: asked.activity_id.unwrap_or_default(),
        activity_type: Some(common::ActivityType {
            name: asked.activity_type,
        }),
        task_queue: Some(task_queue(asked.task_queue.unwrap_or_default())),
        header: payload::header_to_proto(asked.header),
        input: payload::list_to_proto(asked.input),
        schedule_to_close_timeout: timeouts.schedule_to_close.map(time::to_duration),
        schedule_to_start_timeout: timeouts.schedule_to_start.map(time::to_duration),
        start_to_close_timeout: timeouts.start_to_close.map(time::to_duration),
        heartbeat_timeout: timeouts.heartbeat.map(time::to_duration),
        retry_policy: asked.retry.map(retry_policy),
        request_eager_execution: asked.eager,
        use_workflow_build_id: false,
        priority: priority(asked.priority),
    };
    with_summary(
        bare(
            CommandType::ScheduleActivityTask,
            Attributes::ScheduleActivityTaskCommandAttributes(attributes),
        ),
        asked.summary,
    )
}

fn marker(attributes: command::RecordMarkerCommandAttributes) -> command::Command {
    bare(
        CommandType::RecordMarker,
        Attributes::RecordMarkerCommandAttributes(attributes),
    )
}

fn upsert_patches(ids: &[String]) -> command::Command {
    let list = json(&ids).with_metadata("type", b"KeywordList".to_vec());
    upsert_search_attributes(Header::from([(CHANGE_VERSION.to_owned(), list)]))
}

fn upsert_search_attributes(attributes: Header) -> command::Command {
    bare(
        CommandType::UpsertWorkflowSearchAttributes,
        Attributes::UpsertWorkflowSearchAttributesCommandAttributes(
            command::UpsertWorkflowSearchAttributesCommandAttributes {
                search_attributes: payload::search_attributes_to_proto(attributes),
            },
        ),
    )
}

fn upsert_memo(memo: Header) -> command::Command {
    bare(
        CommandType::ModifyWorkflowProperties,
        Attributes::ModifyWorkflowPropertiesCommandAttributes(
            command::ModifyWorkflowPropertiesCommandAttributes {
                upserted_memo: payload::memo_to_proto(memo),
            },
        ),
    )
}

fn continue_as_new(next: ContinueAsNew) -> command::Command {
    bare(
        CommandType::ContinueAsNewWorkflowExecution,
        Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(
            command::ContinueAsNewWorkflowExecutionCommandAttributes {
                workflow_type: next.workflow_type.map(|name| common::WorkflowType { name }),
                task_queue: next.task_queue.map(task_queue),
                input: payload::list_to_proto(next.input),
                workflow_run_timeout: next.run_timeout.map(time::to_duration),
                workflow_task_timeout: next.task_timeout.map(time::to_duration),
                retry_policy: next.retry.map(retry_policy),
                header: payload::header_to_proto(next.header),
                memo: next.memo.and_then(payload::memo_to_proto),
                search_attributes: next
                    .search_attributes
                    .and_then(payload::search_attributes_to_proto),
                initial_versioning_behavior: initial_versioning(next.initial_versioning).into(),
                ..Default::default()
            },
        ),
    )
}

fn initial_versioning(initial: Option<InitialVersioning>) -> ContinueAsNewVersioningBehavior {
    match initial {
        None => ContinueAsNewVersioningBehavior::Unspecified,
        Some(InitialVersioning::AutoUpgrade) => ContinueAsNewVersioningBehavior::AutoUpgrade,
        Some(InitialVersioning::RampingVersion) => {
            ContinueAsNewVersioningBehavior::UseRampingVersion
        }
    }
}

fn message(message: Message) -> protocol::Message {
    let body = match message.body {
        MessageBody::Accepted {
            message_id,
            sequencing,
        } => any(
            "Acceptance",
            &update::Acceptance {
                accepted_request_message_id: message_id,
                accepted_request_sequencing_event_id: sequencing.0,
                accepted_request: None,
            },
        ),
        MessageBody::Rejected {
            message_id,
            sequencing,
            failure,
        } => any(
            "Rejection",
            &update::Rejection {
                rejected_request_message_id: message_id,
                rejected_request_sequencing_event_id: sequencing.0,
                rejected_request: None,
                failure: Some(failure::to_proto(failure)),
            },
        ),
        MessageBody::Completed {
            update_id,
            identity,
            result,
        } => any(
            "Response",
            &update::Response {
                meta: Some(update::Meta {
                    update_id,
                    identity,
                }),
                outcome: Some(update::Outcome {
                    value: Some(outcome(result)),
                }),
            },
        ),
    };
    protocol::Message {
        id: message.id,
        protocol_instance_id: message.protocol_instance,
        sequencing_id: None,
        body: Some(body),
    }
}

fn outcome(result: Result<Vec<Payload>, durably_engine::FailureRecord>) -> update::outcome::Value {
    match result {
        Ok(result) => {
            update::outcome::Value::Success(payload::list_to_proto(result).unwrap_or_default())
        }
        Err(error) => update::outcome::Value::Failure(failure::to_proto(error)),
    }
}

fn any(name: &str, body: &impl durably_proto::Message) -> wkt::Any {
    wkt::Any {
        type_url: format!("type.googleapis.com/temporal.api.update.v1.{name}"),
        value: body.encode_to_vec(),
    }
}

/// The answer to a query, with the query's id.
pub(crate) fn query_result(answer: QueryAnswer) -> (String, WorkflowQueryResult) {
    let result = match answer.result {
        Ok(result) => WorkflowQueryResult {
            result_type: QueryResultType::Answered.into(),
            answer: payload::list_to_proto(vec![result]),
            ..Default::default()
        },
        Err(error) => WorkflowQueryResult {
            result_type: QueryResultType::Failed.into(),
            error_message: error.message.clone(),
            failure: Some(failure::to_proto(error)),
            ..Default::default()
        },
    };
    (answer.id, result)
}

fn sdk(sdk: SdkMetadata) -> WorkflowTaskCompletedMetadata {
    WorkflowTaskCompletedMetadata {
        core_used_flags: sdk.core_flags,
        lang_used_flags: sdk.lang_flags,
        sdk_name: sdk.name,
        sdk_version: sdk.version,
    }
}

pub(crate) fn retry_policy(policy: RetryPolicy) -> common::RetryPolicy {
    common::RetryPolicy {
        initial_interval: policy.initial_interval.map(time::to_duration),
        backoff_coefficient: policy.backoff_coefficient,
        maximum_interval: policy.maximum_interval.map(time::to_duration),
        maximum_attempts: i32::try_from(policy.maximum_attempts).unwrap_or(i32::MAX),
        non_retryable_error_types: policy.non_retryable_error_types,
    }
}

pub(super) fn priority(priority: Priority) -> Option<common::Priority> {
    (priority != Priority::default()).then_some(common::Priority {
        priority_key: priority.key,
        fairness_key: priority.fairness_key,
        fairness_weight: priority.fairness_weight,
    })
}

fn json(value: &impl serde::Serialize) -> Payload {
    Payload::json(serde_json::to_vec(value).expect("strings and flags are always JSON"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use durably_engine::EventId;

    use super::*;

    fn sent(command: Command) -> command::Command {
        let completion = TaskCompletion {
            commands: vec![command],
            ..TaskCompletion::default()
        };
        task_completed(completion).commands.remove(0)
    }

    #[test]
    fn every_command_says_its_type() {
        let commands = [
            Command::StartTimer {
                timer_id: "1".to_owned(),
                after: Duration::from_millis(1_500),
                summary: Some(Payload::json(b"\"nap\"".to_vec())),
            },
            Command::CancelTimer {
                timer_id: "1".to_owned(),
            },
            Command::ScheduleActivity(Box::default()),
            Command::CancelActivity {
                scheduled: EventId(5),
            },
            Command::StartChild(Box::default()),
            Command::SignalExternal(Box::default()),
            Command::CancelExternal(Box::default()),
            Command::MarkPatch {
                id: "p".to_owned(),
                deprecated: false,
            },
            Command::UpsertPatches { ids: Vec::new() },
            Command::ProtocolMessage {
                message_id: "u/request/accept".to_owned(),
            },
            Command::EndRun(EndRun::Complete(Vec::new())),
            Command::EndRun(EndRun::Fail(Box::default())),
            Command::EndRun(EndRun::Cancel(Vec::new())),
            Command::EndRun(EndRun::ContinueAsNew(Box::default())),
        ];
        for command in commands {
            let sent = sent(command);
            assert_ne!(sent.command_type(), CommandType::Unspecified, "{sent:?}");
            assert!(sent.attributes.is_some(), "{sent:?}");
        }
    }

    #[test]
    fn patch_is_marked_as_all_sdks_mark_it() {
        let marker = sent(Command::MarkPatch {
            id: "p".to_owned(),
            deprecated: true,
        });
        let Some(Attributes::RecordMarkerCommandAttributes(marker)) = marker.attributes else {
            panic!("a patch is a marker");
        };
        assert_eq!(marker.marker_name, "core_patch");
        let data = &marker.details["patch-data"].payloads[0];
        assert_eq!(data.metadata["encoding"], b"json/plain");
        assert_eq!(data.data, br#"{"id":"p","deprecated":true}"#);
    }

    #[test]
    fn patches_are_listed_as_all_sdks_list_them() {
        let upsert = sent(Command::UpsertPatches {
            ids: vec!["a".to_owned(), "b".to_owned()],
        });
        let Some(Attributes::UpsertWorkflowSearchAttributesCommandAttributes(upsert)) =
            upsert.attributes
        else {
            panic!("patches are listed as a search attribute");
        };
        let fields = upsert.search_attributes.unwrap_or_default().indexed_fields;
        let list = &fields["TemporalChangeVersion"];
        assert_eq!(list.metadata["type"], b"KeywordList");
        assert_eq!(list.data, br#"["a","b"]"#);
    }

    #[test]
    fn failed_query_tells_its_message_twice_as_old_clients_need_it() {
        let answer = query_completed(QueryAnswer {
            id: String::new(),
            result: Err(durably_engine::FailureRecord::new(
                "no such query",
                Default::default(),
            )),
        });
        assert_eq!(answer.completed_type(), QueryResultType::Failed);
        assert_eq!(answer.error_message, "no such query");
        assert_eq!(answer.failure.unwrap_or_default().message, "no such query");
    }
}
