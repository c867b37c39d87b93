//! What a client receives.

use durably_proto::api::{
    common::v1 as common,
    enums::v1::UpdateWorkflowExecutionLifecycleStage as Stage,
    failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
    history::v1::{History, HistoryEvent, history_event::Attributes, *},
    schedule::v1 as schedule,
    taskqueue::v1::TaskQueue,
    update::v1 as update,
    workflow::v1 as workflow,
    workflowservice::v1 as pb,
};
use futures::TryStreamExt;

use super::{alone, bad, fault, with_faulty};
use crate::{
    client::Handle,
    client::tests::Account,
    error::{
        DataError, DataFault, HandleError, QueryError, Result, ResultError, RpcError,
        ScheduleError, UpdateError, UpdateScheduleError,
    },
    transport::faulty_codec::{ACTS, Act},
    wire::payload,
};

fn list() -> Option<common::Payloads> {
    payload::list_to_proto(vec![bad()])
}

fn memo() -> Option<common::Memo> {
    Some(common::Memo {
        fields: [("color".to_owned(), payload::to_proto(bad()))].into(),
    })
}

fn failure() -> Failure {
    let application = ApplicationFailureInfo {
        r#type: "Kind".to_owned(),
        details: list(),
        ..Default::default()
    };
    Failure {
        message: "no balance".to_owned(),
        failure_info: Some(FailureInfo::ApplicationFailureInfo(application)),
        ..Default::default()
    }
}

fn page(attributes: Attributes) -> pb::GetWorkflowExecutionHistoryResponse {
    pb::GetWorkflowExecutionHistoryResponse {
        history: Some(History {
            events: vec![HistoryEvent {
                attributes: Some(attributes),
                ..Default::default()
            }],
        }),
        ..Default::default()
    }
}

/// How a run ends whose end cannot be decoded.
fn ends() -> [(Attributes, &'static str); 4] {
    [
        (
            Attributes::WorkflowExecutionCompletedEventAttributes(
                WorkflowExecutionCompletedEventAttributes {
                    result: list(),
                    ..Default::default()
                },
            ),
            "WorkflowExecutionCompleted.result[0]",
        ),
        (
            Attributes::WorkflowExecutionFailedEventAttributes(
                WorkflowExecutionFailedEventAttributes {
                    failure: Some(failure()),
                    ..Default::default()
                },
            ),
            "WorkflowExecutionFailed.failure.ApplicationFailureInfo.details[0]",
        ),
        (
            Attributes::WorkflowExecutionCanceledEventAttributes(
                WorkflowExecutionCanceledEventAttributes {
                    details: list(),
                    ..Default::default()
                },
            ),
            "WorkflowExecutionCanceled.details[0]",
        ),
        (
            Attributes::WorkflowExecutionTerminatedEventAttributes(
                WorkflowExecutionTerminatedEventAttributes {
                    details: list(),
                    ..Default::default()
                },
            ),
            "WorkflowExecutionTerminated.details[0]",
        ),
    ]
}

#[tokio::test]
async fn the_end_of_a_run_that_cannot_be_decoded_is_an_error_with_the_reason() {
    for act in ACTS {
        let (fake, client, repair) = with_faulty(act).await;
        let account = Handle::<Account>::attach(&client, "acc-1");
        for (attributes, path) in ends() {
            repair.set(false);
            let page = page(attributes);
            fake.get_workflow_execution_history.then(Ok(page.clone()));
            let expected = |events: &str| {
                let what = format!("payload `{events}[0].{path}` of workflow `acc-1`");
                act.told("decode", &what)
            };
            let ended = fault!(account.result(), ResultError);
            fake.get_workflow_execution_history.then(Ok(page.clone()));
            let read = fault!(account.history(), HandleError);
            assert_eq!([ended, read], ["history.events", "events"].map(expected));
            repair.set(true);
            fake.get_workflow_execution_history.then(Ok(page));
            account.history().await.expect("the codec is repaired");
        }
    }
}

fn outcome(value: update::outcome::Value) -> pb::UpdateWorkflowExecutionResponse {
    pb::UpdateWorkflowExecutionResponse {
        stage: Stage::Completed.into(),
        outcome: Some(update::Outcome { value: Some(value) }),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_response_that_cannot_be_decoded_is_an_error_with_the_reason() {
    use update::outcome::Value;
    for act in ACTS {
        let (fake, client, _) = with_faulty(act).await;
        let account = client.handle("acc-1");
        fake.query_workflow.then(Ok(pb::QueryWorkflowResponse {
            query_result: list(),
            ..Default::default()
        }));
        assert_eq!(
            fault!(account.query::<String>("balance", ()), QueryError),
            alone("query_result[0]").told(act, "decode")
        );
        let values = [
            (
                Value::Success(list().unwrap_or_default()),
                "outcome.value.Success[0]",
            ),
            (
                Value::Failure(failure()),
                "outcome.value.Failure.ApplicationFailureInfo.details[0]",
            ),
        ];
        for (value, path) in values {
            let response = Ok(outcome(value));
            fake.update_workflow_execution.then(response);
            assert_eq!(
                fault!(account.update::<String>("deposit", ()), UpdateError),
                alone(path).told(act, "decode")
            );
        }
    }
}

fn nightly() -> pb::DescribeScheduleResponse {
    use schedule::schedule_action::Action;
    let action = Action::StartWorkflow(workflow::NewWorkflowExecutionInfo {
        workflow_id: "acc-1".to_owned(),
        workflow_type: Some(common::WorkflowType {
            name: "Account".to_owned(),
        }),
        task_queue: Some(TaskQueue {
            name: "accounts".to_owned(),
            ..Default::default()
        }),
        input: list(),
        ..Default::default()
    });
    pb::DescribeScheduleResponse {
        schedule: Some(schedule::Schedule {
            spec: Some(Default::default()),
            action: Some(schedule::ScheduleAction {
                action: Some(action),
            }),
            ..Default::default()
        }),
        info: Some(Default::default()),
        ..Default::default()
    }
}

/// Why a value in a description cannot be read.
#[track_caller]
fn unread<T: std::fmt::Debug>(value: Result<T, DataError>) -> String {
    match value.expect_err("it is bad").fault {
        DataFault::Codec { message } => message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn lists_and_descriptions_show_the_rest_and_are_not_sent_back() {
    for act in ACTS {
        let (fake, client, _) = with_faulty(act).await;
        let info = workflow::WorkflowExecutionInfo {
            execution: Some(common::WorkflowExecution {
                workflow_id: "acc-1".to_owned(),
                run_id: "run".to_owned(),
            }),
            r#type: Some(common::WorkflowType {
                name: "Account".to_owned(),
            }),
            memo: memo(),
            ..Default::default()
        };
        let listed = pb::ListWorkflowExecutionsResponse {
            executions: vec![info.clone()],
            ..Default::default()
        };
        let described = pb::DescribeWorkflowExecutionResponse {
            workflow_execution_info: Some(info),
            ..Default::default()
        };
        fake.list_workflow_executions.then(Ok(listed));
        fake.describe_workflow_execution.then(Ok(described));
        fake.describe_schedule.then(Ok(nightly()));
        fake.describe_schedule.then(Ok(nightly()));
        let list = client.list("");
        let handle = client.handle("acc-1");
        let schedule = client.schedule("nightly");
        let update = schedule.update(|schedule| schedule.note = "moved".to_owned());
        let in_list = alone("executions[0].memo.fields[\"color\"][0]").told(act, "decode");
        let in_description =
            alone("workflow_execution_info.memo.fields[\"color\"][0]").told(act, "decode");
        let in_schedule =
            alone("schedule.action.action.StartWorkflow.input[0]").told(act, "decode");
        match act {
            Act::Refuse | Act::Panic => {
                let listed: Vec<_> = list.try_collect().await.expect("it is listed");
                assert_eq!(unread(listed[0].memo::<String>("color")), in_list);
                let described = handle.describe().await.expect("it is described");
                assert_eq!(unread(described.memo::<String>("color")), in_description);
                let described = schedule.describe().await.expect("it is described");
                let argument = described.action.args().get::<String>(0);
                assert_eq!(unread(argument), in_schedule);
            }
            // Codecs that do not return have decoded nothing.
            Act::Hang | Act::Block => {
                let listed = list.try_collect::<Vec<_>>().await;
                let RpcError::Codec { message } = listed.map(drop).expect_err("it is bad") else {
                    panic!("{act:?}");
                };
                assert_eq!(message, in_list);
                assert_eq!(fault!(handle.describe(), HandleError), in_description);
                assert_eq!(fault!(schedule.describe(), ScheduleError), in_schedule);
            }
        }
        assert_eq!(fault!(update, UpdateScheduleError), in_schedule, "{act:?}");
        assert!(fake.update_schedule.asked().is_empty());
    }
}
