//! Lists that the server sends page by page.

use std::{
    collections::VecDeque,
    fmt,
    future::poll_fn,
    num::NonZeroU16,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures::{Stream, future::BoxFuture};

use super::{Client, call::within, schedule::ScheduleSummary};
use crate::{
    data::{Converter, search::Filter},
    error::{HandleError, RpcError},
    interceptor::{ListRequest, Listed},
    time::span::Span,
    transport::{retry::Patience, rpc::Rpc},
    wire::{
        history::{EventsKind, HistoryEvent},
        page::Page,
        request::Request,
    },
};

/// A list on the server: a stream, read page by page as it is consumed.
///
/// ```no_run
/// use durably::{client::{List, WorkflowSummary}, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let running: List<WorkflowSummary> = client.list("ExecutionStatus = 'Running'");
/// let mut running = running.limit(100).timeout(secs(10));
/// while let Some(workflow) = running.next().await? {
///     println!("{}", workflow.workflow_id);
/// }
/// # Ok(())
/// # }
/// ```
///
/// With the methods of `futures::TryStreamExt`:
/// ```no_run
/// use durably::prelude::*;
/// use futures::TryStreamExt;
///
/// # async fn example(client: Client) -> Result<()> {
/// let schedules: Vec<_> = client.schedules().try_collect().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a list sends its requests when it is read"]
pub struct List<T, E = RpcError> {
    fetch: Fetch<T, E>,
    filter: String,
    events: ListedEvents,
    waits: bool,
    /// What the items are, for errors.
    items: &'static str,
    /// What was fetched and not yet taken.
    fetched: VecDeque<T>,
    next: Next<T, E>,
    timeout: Option<Duration>,
    /// How many items may follow; no limit by default.
    left: Option<usize>,
}

/// Fetches a page.
type Fetch<T, E> = Box<dyn Fn(PageRequest, Patience) -> Fetching<T, E> + Send>;

type Fetching<T, E> = BoxFuture<'static, Result<Page<T>, E>>;

/// What is fetched next.
pub(crate) struct PageRequest {
    /// Empty for all items.
    pub(crate) filter: String,
    /// How many items are still wanted; none for the server's number.
    pub(crate) size: Option<NonZeroU16>,
    /// Empty for the first page.
    pub(crate) page_token: Vec<u8>,
    /// Which events, of a list of events.
    pub(crate) events: ListedEvents,
    /// Whether the server waits for items that are not there yet.
    pub(crate) waits: bool,
}

/// Which events of a history a list has, and from which end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListedEvents {
    OldestFirst(EventsKind),
    NewestFirst,
}

enum Next<T, E> {
    /// The page this token stands for; the empty one for the first page.
    Page(Vec<u8>),
    Fetching(Fetching<T, E>),
    /// There are no more pages.
    End,
}

impl<T> List<T> {
    /// A list whose pages are the responses to these requests; `item` makes what users see of an item.
    pub(crate) fn of_requests<R, I>(
        client: &Client,
        listed: Listed,
        filter: Filter,
        request: impl Fn(PageRequest) -> R + Send + Sync + 'static,
        item: fn(I, &Converter) -> T,
    ) -> Self
    where
        R: Request<Message: Rpc<Reply = R::Reply>, Reply: Send, Response = Page<I>>
            + Send
            + 'static,
        T: 'static,
        I: Send + 'static,
    {
        let (client, request) = (client.clone(), Arc::new(request));
        Self::new(listed.name(), filter, move |page, patience| {
            let (client, request) = (client.clone(), Arc::clone(&request));
            async move {
                let interceptors = client.interceptors();
                let page = match interceptors.is_empty() {
                    true => client.caller().call(request(page), patience).await?,
                    false => {
                        let filter = page.filter.clone();
                        let sender = client.clone();
                        let send = move |list: ListRequest| async move {
                            let filter = list.filter;
                            let request = request(PageRequest { filter, ..page });
                            let response = sender.caller().call(request, patience).await;
                            response.map_err(RpcError::from)
                        };
                        let list = ListRequest { listed, filter };
                        interceptors.around(list, send).await?
                    }
                };
                let items = page.items.into_iter();
                Ok(Page {
                    items: items.map(|it| item(it, client.converter())).collect(),
                    next_page_token: page.next_page_token,
                })
            }
        })
    }
}

impl<T, E> List<T, E> {
    pub(crate) fn new<F>(
        items: &'static str,
        filter: Filter,
        fetch: impl Fn(PageRequest, Patience) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Page<T>, E>> + Send + 'static,
    {
        Self {
            fetch: Box::new(move |request, patience| Box::pin(fetch(request, patience))),
            filter: filter.to_string(),
            events: ListedEvents::OldestFirst(EventsKind::All),
            waits: false,
            items,
            fetched: VecDeque::new(),
            next: Next::Page(Vec::new()),
            timeout: None,
            left: None,
        }
    }

    /// At most this many items.
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

    /// The next item, or `None` at the end.
    ///
    /// # Errors
    /// The filter is invalid, or the request failed; the list ends there.
    pub async fn next(&mut self) -> Result<Option<T>, E>
    where
        T: Unpin + Send + 'static,
        E: From<RpcError> + 'static,
    {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx))
            .await
            .transpose()
    }

    /// The page size to request: what is left of the limit; none above 65,535, which no server returns in one page.
    fn page_size(&self) -> Option<NonZeroU16> {
        let left = u16::try_from(self.left?).ok()?;
        NonZeroU16::new(left)
    }

    fn fetch_page(&self, page_token: Vec<u8>) -> Next<T, E>
    where
        T: Send + 'static,
        E: From<RpcError> + 'static,
    {
        let (timeout, items) = (self.timeout, self.items);
        let request = PageRequest {
            filter: self.filter.clone(),
            size: self.page_size(),
            page_token,
            events: self.events,
            waits: self.waits,
        };
        let patience = match self.waits {
            true => Patience::until_answered(),
            false => Patience::at_once(timeout),
        };
        let page = (self.fetch)(request, patience);
        let what = move || format!("page of {items}");
        Next::Fetching(Box::pin(within(timeout, what, page)))
    }
}

impl List<ScheduleSummary> {
    /// The schedules that match a [list filter](https://docs.temporal.io/list-filter); an empty one matches all.
    ///
    /// ```no_run
    /// use durably::{prelude::*, search::{Keyword, SearchKey}};
    ///
    /// const TEAM: SearchKey<Keyword> = SearchKey::new("Team");
    ///
    /// # async fn example(client: Client) -> Result<()> {
    /// let paused = TEAM.eq("billing").and("TemporalSchedulePaused = true");
    /// let mut schedules = client.schedules().matching(paused);
    /// while let Some(schedule) = schedules.next().await? {
    ///     println!("{} is paused: {}", schedule.id, schedule.note);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn matching(mut self, filter: impl Into<Filter>) -> Self {
        self.filter = filter.into().to_string();
        self
    }
}

impl List<HistoryEvent, HandleError> {
    /// Waits for events that are not there yet: the list ends when the run has closed.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// let mut events = client.handle("order-1").events().wait();
    /// while let Some(event) = events.next().await? {
    ///     println!("{} {} {}", event.id(), event.name(), event.summary());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn wait(mut self) -> Self {
        self.waits = true;
        if self.events == ListedEvents::NewestFirst {
            self.events = ListedEvents::OldestFirst(EventsKind::All);
        }
        self
    }

    /// All events that are there, from the last to the first: what a person wants to see of a long history. Overrides
    /// an earlier [`wait`](Self::wait) or [`closing`](Self::closing); a later one overrides this.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// let mut last = client.handle("order-1").events().newest_first().limit(10);
    /// while let Some(event) = last.next().await? {
    ///     println!("{} {} {}", event.id(), event.name(), event.summary());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn newest_first(mut self) -> Self {
        self.events = ListedEvents::NewestFirst;
        self.waits = false;
        self
    }

    /// Only the event that closed the run: none of an open run, and with [`wait`](Self::wait) the one that will close
    /// it.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// if let Some(event) = client.handle("order-1").events().closing().wait().next().await? {
    ///     println!("{} at {:?}", event.name(), event.time());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn closing(mut self) -> Self {
        self.events = ListedEvents::OldestFirst(EventsKind::Closing);
        self
    }
}

impl<T: Unpin + Send + 'static, E: From<RpcError> + 'static> Stream for List<T, E> {
    type Item = Result<T, E>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if self.left == Some(0) {
                return Poll::Ready(None);
            }
            if let Some(item) = self.fetched.pop_front() {
                if let Some(left) = &mut self.left {
                    *left -= 1;
                }
                return Poll::Ready(Some(Ok(item)));
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
                        self.fetched = page.items;
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

impl<T, E> fmt::Debug for List<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List")
            .field("items", &self.items)
            .field("fetched", &self.fetched.len())
            .finish_non_exhaustive()
    }
}
