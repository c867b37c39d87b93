//! Lists of workflows.

use std::{
    collections::VecDeque,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures::{Stream, future::BoxFuture};

use super::{
    Client, WorkflowSummary,
    call::{Call, within},
};
use crate::{
    error::RpcError,
    time::span::Span,
    transport::retry::Patience,
    wire::list::{CountWorkflows, ListWorkflows, WorkflowPage},
};

/// Workflows that match a filter: a stream, read page by page as it is consumed.
///
/// ```no_run
/// # use durably::{prelude::*, search::{Keyword, SearchKey}};
/// const CUSTOMER: SearchKey<Keyword> = SearchKey::new("CustomerId");
///
/// # async fn example(client: Client) -> Result<()> {
/// let mut running = client.list("ExecutionStatus = 'Running'").limit(100).timeout(secs(10));
/// while let Some(workflow) = running.next().await? {
///     let note: Option<String> = workflow.memo("note")?;
///     let customer: Option<String> = workflow.search(CUSTOMER)?;
///     println!("{} {note:?} {customer:?}", workflow.workflow_id);
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a list asks the server when it is read"]
pub struct WorkflowList {
    client: Client,
    filter: String,
    /// What was fetched and not yet taken.
    fetched: VecDeque<WorkflowSummary>,
    next: Next,
    timeout: Option<Duration>,
    /// How many workflows may follow; no limit by default.
    left: Option<usize>,
}

enum Next {
    /// The page this token stands for; the empty one for the first page.
    Page(Vec<u8>),
    Fetching(BoxFuture<'static, Result<WorkflowPage, RpcError>>),
    /// There are no more pages.
    End,
}

impl WorkflowList {
    pub(crate) fn new(client: &Client, filter: String) -> Self {
        Self {
            client: client.clone(),
            filter,
            fetched: VecDeque::new(),
            next: Next::Page(Vec::new()),
            timeout: None,
            left: None,
        }
    }

    /// At most this many workflows.
    pub fn limit(mut self, limit: usize) -> Self {
        self.left = Some(limit);
        self
    }

    /// How long to wait for each page, retries included; about ten seconds if not set. After it the error
    /// is [`RpcError::Timeout`], and the list ends there.
    pub fn timeout(mut self, timeout: impl Span) -> Self {
        self.timeout = Some(timeout.into_duration());
        self
    }

    /// The next workflow, or `None` at the end.
    ///
    /// # Errors
    /// The filter is wrong, or the request failed; the list ends there.
    pub async fn next(&mut self) -> Result<Option<WorkflowSummary>, RpcError> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx))
            .await
            .transpose()
    }

    fn fetch_page(&self, page_token: Vec<u8>) -> Next {
        let client = self.client.clone();
        let request = ListWorkflows {
            filter: self.filter.clone(),
            page_token,
        };
        let patience = Patience::at_once(self.timeout);
        let page = async move {
            let page = client.caller().call(request, patience).await;
            page.map_err(RpcError::from)
        };
        let what = || "page of workflows".to_owned();
        Next::Fetching(Box::pin(within(self.timeout, what, page)))
    }
}

impl Stream for WorkflowList {
    type Item = Result<WorkflowSummary, RpcError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if self.left == Some(0) {
                return Poll::Ready(None);
            }
            if let Some(workflow) = self.fetched.pop_front() {
                if let Some(left) = &mut self.left {
                    *left -= 1;
                }
                return Poll::Ready(Some(Ok(workflow)));
            }
            match &mut self.next {
                Next::End => return Poll::Ready(None),
                Next::Page(token) => {
                    let token = std::mem::take(token);
                    self.next = self.fetch_page(token);
                }
                Next::Fetching(answer) => match ready!(answer.as_mut().poll(cx)) {
                    Ok(page) => {
                        self.next = match page.next_page_token {
                            token if token.is_empty() => Next::End,
                            token => Next::Page(token),
                        };
                        let page = page.workflows.into_iter();
                        let converter = self.client.converter().clone();
                        self.fetched
                            .extend(page.map(|it| WorkflowSummary::new(it, &converter)));
                    }
                    Err(error) => {
                        self.next = Next::End;
                        return Poll::Ready(Some(Err(error)));
                    }
                },
            }
        }
    }
}

pub(crate) fn count(client: Client, filter: String) -> Call<u64, RpcError> {
    Call::new(|timeout| {
        within(timeout, || "count of workflows".to_owned(), async move {
            let request = CountWorkflows { filter };
            let count = client.caller().call(request, Patience::at_once(timeout));
            count.await.map_err(RpcError::from)
        })
    })
}
