//! Histories as the server tells them, made comparable.

use durably_proto::{
    api::{
        common::v1::WorkflowExecution,
        history::v1::{HistoryEvent, history_event::Attributes},
        workflowservice::v1::GetWorkflowExecutionHistoryRequest,
    },
    service::workflow::workflow_service_client::WorkflowServiceClient,
};

/// All events of a run.
pub async fn events(address: &str, workflow_id: &str, run_id: &str) -> Vec<HistoryEvent> {
    let mut client = WorkflowServiceClient::connect(format!("http://{address}"))
        .await
        .expect("the server of this test answers")
        .max_decoding_message_size(64 << 20);
    let mut events = Vec::new();
    let mut token = Vec::new();
    loop {
        let page = client
            .get_workflow_execution_history(GetWorkflowExecutionHistoryRequest {
                namespace: "default".into(),
                execution: Some(WorkflowExecution {
                    workflow_id: workflow_id.into(),
                    run_id: run_id.into(),
                }),
                next_page_token: token,
                ..Default::default()
            })
            .await
            .expect("the run exists")
            .into_inner();
        events.extend(page.history.unwrap_or_default().events);
        token = page.next_page_token;
        if token.is_empty() {
            return events;
        }
    }
}

/// One event a string: its type, id and attributes, without what differs from run to run (times,
/// random ids, queue and worker names, sizes).
pub fn comparable(events: Vec<HistoryEvent>) -> Vec<String> {
    events
        .into_iter()
        .map(|mut event| {
            event.event_time = None;
            event.task_id = 0;
            event.version = 0;
            if let Some(attributes) = &mut event.attributes {
                scrub(attributes);
            }
            format!("{event:#?}")
        })
        .collect()
}

/// The run that an end leads to, if there is one.
pub fn next_run_id(end: &HistoryEvent) -> Option<&str> {
    let next = match end.attributes.as_ref()? {
        Attributes::WorkflowExecutionCompletedEventAttributes(it) => &it.new_execution_run_id,
        Attributes::WorkflowExecutionFailedEventAttributes(it) => &it.new_execution_run_id,
        Attributes::WorkflowExecutionTimedOutEventAttributes(it) => &it.new_execution_run_id,
        Attributes::WorkflowExecutionContinuedAsNewEventAttributes(it) => &it.new_execution_run_id,
        _ => return None,
    };
    (!next.is_empty()).then_some(next)
}

#[expect(
    deprecated,
    reason = "servers still fill the fields of older worker versioning"
)]
fn scrub(attributes: &mut Attributes) {
    match attributes {
        Attributes::WorkflowExecutionStartedEventAttributes(a) => {
            for id in [
                &mut a.original_execution_run_id,
                &mut a.first_execution_run_id,
                &mut a.continued_execution_run_id,
                &mut a.workflow_id,
                &mut a.parent_workflow_namespace_id,
            ] {
                mask(id);
            }
            mask_run(&mut a.parent_workflow_execution);
            mask_run(&mut a.root_workflow_execution);
            a.identity.clear();
            a.task_queue = None;
            a.workflow_execution_expiration_time = None;
        }
        Attributes::WorkflowTaskScheduledEventAttributes(a) => a.task_queue = None,
        Attributes::WorkflowTaskStartedEventAttributes(a) => {
            a.identity.clear();
            mask(&mut a.request_id);
            a.history_size_bytes = 0;
            a.worker_version = None;
        }
        Attributes::WorkflowTaskCompletedEventAttributes(a) => {
            a.identity.clear();
            a.worker_version = None;
            a.binary_checksum.clear();
        }
        Attributes::WorkflowTaskFailedEventAttributes(a) => {
            a.identity.clear();
            mask(&mut a.new_run_id);
            mask(&mut a.base_run_id);
        }
        Attributes::ActivityTaskScheduledEventAttributes(a) => a.task_queue = None,
        Attributes::ActivityTaskStartedEventAttributes(a) => {
            a.identity.clear();
            mask(&mut a.request_id);
            a.worker_version = None;
        }
        Attributes::ActivityTaskCompletedEventAttributes(a) => {
            a.identity.clear();
            a.worker_version = None;
        }
        Attributes::ActivityTaskFailedEventAttributes(a) => {
            a.identity.clear();
            a.worker_version = None;
        }
        Attributes::ActivityTaskCanceledEventAttributes(a) => {
            a.identity.clear();
            a.worker_version = None;
        }
        Attributes::TimerCanceledEventAttributes(a) => a.identity.clear(),
        Attributes::WorkflowExecutionSignaledEventAttributes(a) => {
            a.identity.clear();
            mask(&mut a.request_id);
        }
        Attributes::WorkflowExecutionTerminatedEventAttributes(a) => a.identity.clear(),
        Attributes::WorkflowExecutionCancelRequestedEventAttributes(a) => a.identity.clear(),
        Attributes::WorkflowExecutionContinuedAsNewEventAttributes(a) => {
            mask(&mut a.new_execution_run_id);
            a.task_queue = None;
        }
        Attributes::WorkflowExecutionCompletedEventAttributes(a) => {
            mask(&mut a.new_execution_run_id);
        }
        Attributes::WorkflowExecutionFailedEventAttributes(a) => mask(&mut a.new_execution_run_id),
        Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(a) => {
            mask(&mut a.namespace_id);
            mask(&mut a.workflow_id);
            a.task_queue = None;
        }
        Attributes::StartChildWorkflowExecutionFailedEventAttributes(a) => {
            mask(&mut a.namespace_id);
            mask(&mut a.workflow_id);
        }
        Attributes::ChildWorkflowExecutionStartedEventAttributes(a) => {
            mask(&mut a.namespace_id);
            mask_run(&mut a.workflow_execution);
        }
        Attributes::ChildWorkflowExecutionCompletedEventAttributes(a) => {
            mask(&mut a.namespace_id);
            mask_run(&mut a.workflow_execution);
        }
        Attributes::ChildWorkflowExecutionFailedEventAttributes(a) => {
            mask(&mut a.namespace_id);
            mask_run(&mut a.workflow_execution);
        }
        Attributes::ChildWorkflowExecutionCanceledEventAttributes(a) => {
            mask(&mut a.namespace_id);
            mask_run(&mut a.workflow_execution);
        }
        Attributes::ChildWorkflowExecutionTimedOutEventAttributes(a) => {
            mask(&mut a.namespace_id);
            mask_run(&mut a.workflow_execution);
        }
        Attributes::ChildWorkflowExecutionTerminatedEventAttributes(a) => {
            mask(&mut a.namespace_id);
            mask_run(&mut a.workflow_execution);
        }
        Attributes::WorkflowExecutionUpdateAdmittedEventAttributes(a) => {
            if let Some(meta) = a.request.as_mut().and_then(|r| r.meta.as_mut()) {
                meta.identity.clear();
                mask(&mut meta.update_id);
            }
        }
        Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(a) => {
            mask(&mut a.protocol_instance_id);
            mask(&mut a.accepted_request_message_id);
            if let Some(meta) = a.accepted_request.as_mut().and_then(|r| r.meta.as_mut()) {
                meta.identity.clear();
                mask(&mut meta.update_id);
            }
        }
        Attributes::WorkflowExecutionUpdateCompletedEventAttributes(a) => {
            if let Some(meta) = &mut a.meta {
                meta.identity.clear();
                mask(&mut meta.update_id);
            }
        }
        _ => {}
    }
}

fn mask_run(run: &mut Option<WorkflowExecution>) {
    if let Some(run) = run {
        mask(&mut run.workflow_id);
        mask(&mut run.run_id);
    }
}

/// Keeps whether an id is there, not which one it is.
fn mask(id: &mut String) {
    if !id.is_empty() {
        *id = "..".into();
    }
}
