//! Why a workflow task that is tried again and again has failed.

use super::target::FromClient;
use crate::{
    error::HandleError,
    wire::{
        history::{self, GetHistoryReverse},
        status::with_remedy,
    },
};

/// Why the workflow task that is tried again failed first: the server records no more of failures in a row. None if the
/// run has no such task, or its history cannot be read.
pub(super) async fn last_failure(target: &FromClient, run: &str) -> Option<String> {
    let mut page_token = Vec::new();
    loop {
        let request = GetHistoryReverse {
            execution: target.execution_of_run(run),
            page_size: None,
            page_token,
        };
        let page = target.send::<_, HandleError>(request, None).await.ok()?;
        if let Some(failure) = page.events.into_iter().find_map(history::task_failure) {
            return failure.map(with_remedy);
        }
        // Signals may have followed it, as many as there are.
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return None;
        }
    }
}
