//! What the server recorded about workflow tasks that failed.

use super::{Result, Server};
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;

/// The messages of all failed workflow tasks of what this program started.
pub(super) async fn failures(server: &Server) -> Result<String> {
    let ids = server.started.borrow().clone();
    let mut said = Vec::new();
    for id in ids {
        let history = server
            .client
            .get_workflow_handle::<temporalio_client::UntypedWorkflow>(id)
            .fetch_history(Default::default());
        for event in history.into_events().await? {
            match event.attributes {
                Some(Attributes::WorkflowTaskFailedEventAttributes(failed)) => {
                    said.push(failed.failure.map_or_else(String::new, |f| f.message));
                }
                Some(Attributes::ActivityTaskFailedEventAttributes(failed)) => {
                    said.push(failed.failure.map_or_else(String::new, |f| f.message));
                }
                _ => {}
            }
        }
    }
    Ok(said.join("; "))
}
