//! Fetches the pages of history that a task came without.

use std::time::{Duration, Instant};

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

use crate::worker::{
    deliver::{ANSWER_TIMEOUT, deliver},
    server::Server,
};

/// How long one page is tried for. Its task times out at the server meanwhile, ten seconds by default.
const PATIENCE: Duration = Duration::from_secs(30);

/// Adds the pages from `token` on to `events`; with an empty token, all of history.
pub(crate) async fn add_pages(
    server: &Server,
    execution: &WorkflowExecution,
    mut token: Vec<u8>,
    events: &mut Vec<HistoryEvent>,
) -> Result<(), Status> {
    loop {
        let page = page(server, execution, token).await?;
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

async fn page(
    server: &Server,
    execution: &WorkflowExecution,
    token: Vec<u8>,
) -> Result<GetWorkflowExecutionHistoryResponse, Status> {
    let request = GetWorkflowExecutionHistoryRequest {
        namespace: server.identity.namespace.clone(),
        execution: Some(execution.clone()),
        next_page_token: token,
        ..Default::default()
    };
    deliver(
        server,
        "fetching history",
        Instant::now() + PATIENCE,
        || {
            server
                .rpc
                .get_workflow_execution_history(request.clone(), ANSWER_TIMEOUT)
        },
    )
    .await
}
