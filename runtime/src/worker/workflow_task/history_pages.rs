//! Fetches the pages of history that a task came without.

use std::time::Instant;

use durably_proto::{
    Message,
    api::{
        common::v1::WorkflowExecution,
        history::v1::{History, HistoryEvent},
        workflowservice::v1::{
            GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse,
        },
    },
};
use tonic::Status;

use super::{answer::PATIENCE, ticket::Ticket};
use crate::{
    telemetry::log,
    worker::{
        deliver::{ANSWER_TIMEOUT, deliver},
        shared::Shared,
    },
};

/// Adds the pages from `token` on to `events`; with an empty token, all of history.
pub(crate) async fn add_pages(
    shared: &Shared,
    execution: &WorkflowExecution,
    mut token: Vec<u8>,
    events: &mut Vec<HistoryEvent>,
) -> Result<(), Status> {
    loop {
        let page = page(shared, execution, token).await?;
        if let Some(history) = page.history {
            events.extend(history.events);
        }
        for blob in page.raw_history {
            let history = History::decode(blob.data.as_slice())
                .map_err(|error| Status::internal(format!("a page of history: {error}")))?;
            events.extend(history.events);
        }
        if page.next_page_token.is_empty() {
            return Ok(());
        }
        token = page.next_page_token;
    }
}

/// Tells that a task is left to its timeout: without history nothing can be said about it.
pub(crate) fn missing(shared: &Shared, ticket: &Ticket, status: &Status) {
    log::on_task!(
        log::warning,
        shared,
        ticket,
        code = ?status.code(),
        error = status.message(),
        "the history of a workflow task could not be fetched"
    );
}

async fn page(
    shared: &Shared,
    execution: &WorkflowExecution,
    token: Vec<u8>,
) -> Result<GetWorkflowExecutionHistoryResponse, Status> {
    let request = GetWorkflowExecutionHistoryRequest {
        namespace: shared.namespace.clone(),
        execution: Some(execution.clone()),
        next_page_token: token,
        ..Default::default()
    };
    deliver(
        shared,
        "fetching history",
        Instant::now() + PATIENCE,
        || {
            shared
                .rpc
                .get_workflow_execution_history(request.clone(), ANSWER_TIMEOUT)
        },
    )
    .await
}
