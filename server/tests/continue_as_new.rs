use durably_proto::api::command::v1::ContinueAsNewWorkflowExecutionCommandAttributes;
use durably_proto::api::command::v1::command::Attributes;
use durably_proto::api::common::v1::{WorkflowExecution, WorkflowType};
use durably_proto::api::enums::v1::CommandType;
use durably_proto::api::history::v1::history_event;

use crate::case::*;

#[tokio::test]
async fn the_next_run_takes_over() {
    let case = Case::with(durably_server::Clock::skipping().unlocked()).await;
    let first_run = case.start("w").await;
    let task = case.task().await;
    let again = command(
        CommandType::ContinueAsNewWorkflowExecution,
        Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(
            ContinueAsNewWorkflowExecutionCommandAttributes {
                workflow_type: Some(WorkflowType {
                    name: "Test".to_owned(),
                }),
                task_queue: Some(normal(QUEUE)),
                input: payloads("2"),
                ..Default::default()
            },
        ),
    );
    case.complete(&task, vec![again]).await;
    let first = case
        .events_of(WorkflowExecution {
            workflow_id: "w".to_owned(),
            run_id: first_run.clone(),
        })
        .await;
    let Some(history_event::Attributes::WorkflowExecutionContinuedAsNewEventAttributes(last)) =
        first.last().and_then(|event| event.attributes.clone())
    else {
        panic!("it continues: {first:?}");
    };
    let task = case.task().await;
    let second = task.workflow_execution.clone().unwrap_or_default();
    assert_eq!(second.run_id, last.new_execution_run_id);
    case.signal("w", "s")
        .await
        .expect("the new run is the latest");
    let task_with_signal = case.complete(&task, Vec::new()).await;
    assert!(task_with_signal.workflow_task.is_none());
    let task = case.task().await;
    case.complete(&task, vec![complete_workflow()]).await;
    assert_eq!(short(&case.closed("w").await), "WorkflowExecutionCompleted");
    let info = case.describe("w").await.workflow_execution_info;
    assert_eq!(info.unwrap_or_default().first_run_id, first_run);
}
