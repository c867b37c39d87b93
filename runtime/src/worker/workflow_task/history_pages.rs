//! Fetches the pages of history that a task came without.

use std::time::{Duration, Instant};

use crate::{
    transport::retry::Patience,
    wire::{
        history::{Events, EventsKind, GetHistory},
        request::Execution,
        status::CallError,
    },
    worker::server::Server,
};

/// How long one page is tried for. Its task times out at the server meanwhile, ten seconds by default.
const PATIENCE: Duration = Duration::from_secs(30);

/// The pages from `page_token` on; with an empty token, all of history.
pub(crate) async fn fetch_pages(
    server: &Server,
    execution: Execution,
    mut page_token: Vec<u8>,
) -> Result<Events, CallError> {
    let mut events = Events::new();
    loop {
        let request = GetHistory {
            execution: execution.clone(),
            page_size: None,
            page_token,
            kind: EventsKind::All,
            waits: false,
        };
        let patience = Patience::until(Instant::now() + PATIENCE);
        let page = server.caller.call(request, patience).await?;
        events.extend(page.events);
        if page.next_page_token.is_empty() {
            return Ok(events);
        }
        page_token = page.next_page_token;
    }
}
