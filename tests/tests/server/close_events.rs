//! The end of a run that another one follows, as clients read it that follow it and as those that do not.

use durably::prelude::*;
use durably_proto::api::{
    enums::v1::{EventType, HistoryEventFilterType},
    history::v1::history_event::Attributes,
    workflowservice::v1::GetWorkflowExecutionHistoryRequest,
};
use durably_tests::{
    World, history, on_both_servers,
    raw::{NAMESPACE, complete, execution, fail_workflow, terminate, workflow_task},
};
use tonic::{Request, metadata::MetadataValue};

on_both_servers! {
    a_client_that_does_not_follow_runs_reads_a_continuation
}

#[expect(deprecated, reason = "the clients that read it are older")]
async fn a_client_that_does_not_follow_runs_reads_a_continuation(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let mut start = world.start_request();
    start.cron_schedule = "@every 1s".to_owned();
    let id = start.workflow_id.clone();
    let first = service
        .start_workflow_execution(start)
        .await?
        .into_inner()
        .run_id;
    let task = workflow_task(&mut service, &world.queue).await?;
    complete(&mut service, &task, vec![fail_workflow()], vec![]).await?;
    let request = |filter: HistoryEventFilterType, features: Option<&'static str>| {
        let mut request = GetWorkflowExecutionHistoryRequest {
            namespace: NAMESPACE.to_owned(),
            execution: execution(&id),
            history_event_filter_type: filter.into(),
            ..Default::default()
        };
        if let Some(execution) = &mut request.execution {
            execution.run_id.clone_from(&first);
        }
        let mut request = Request::new(request);
        if let Some(features) = features {
            let value = MetadataValue::from_static(features);
            request.metadata_mut().insert("supported-features", value);
        }
        request
    };
    let (all, closing) = (
        HistoryEventFilterType::AllEvent,
        HistoryEventFilterType::CloseEvent,
    );
    for (filter, features, expected) in [
        (closing, None, EventType::WorkflowExecutionContinuedAsNew),
        (
            closing,
            Some("others"),
            EventType::WorkflowExecutionContinuedAsNew,
        ),
        (
            closing,
            Some("others,follows-next-run-id"),
            EventType::WorkflowExecutionFailed,
        ),
        (all, None, EventType::WorkflowExecutionFailed),
    ] {
        let history = service
            .get_workflow_execution_history(request(filter, features))
            .await?;
        let mut events = history.into_inner().history.unwrap_or_default().events;
        let last = events.pop().expect("the run has ended");
        assert_eq!(
            (last.event_type(), last.event_id),
            (expected, 5),
            "{features:?}"
        );
        assert!(history::next_run_id(&last).is_some(), "{last:?}");
        let failure = match last.attributes {
            Some(Attributes::WorkflowExecutionContinuedAsNewEventAttributes(it)) => it.failure,
            Some(Attributes::WorkflowExecutionFailedEventAttributes(it)) => it.failure,
            other => panic!("{other:?}"),
        };
        assert_eq!(failure.unwrap_or_default().message, "busy");
    }
    terminate(&mut service, &id).await
}
