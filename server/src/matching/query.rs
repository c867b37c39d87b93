//! Direct queries: dispatched to a worker as tasks of their own, because the run is idle. A query
//! of a run with a workflow task in progress is piggybacked on it instead (see
//! [`crate::execution::waiters`]), so that it sees the state after that task.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use durably_proto::api::common::v1::Payloads;
use durably_proto::api::failure::v1::Failure;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

/// A worker's answer to a query.
pub(crate) type QueryAnswer = Result<Option<Payloads>, Box<QueryFailed>>;

/// The error that a worker answered a query with.
#[derive(Clone, Debug)]
pub(crate) struct QueryFailed {
    pub(crate) message: String,
    pub(crate) failure: Option<Failure>,
}

/// Names a direct query: a random number, because the answer to a query of a server that has stopped
/// may reach the next one.
pub(crate) type QueryId = u64;

/// The unanswered direct queries of a namespace.
#[derive(Debug, Default)]
pub(crate) struct DirectQueries {
    pending: Mutex<Pending>,
}

#[derive(Debug, Default)]
struct Pending {
    answers: HashMap<QueryId, oneshot::Sender<QueryAnswer>>,
    is_closed: bool,
}

/// A query that waits for its answer; deregistered when it is dropped.
#[derive(Debug)]
pub(crate) struct PendingQuery<'a> {
    pub(crate) id: QueryId,
    queries: &'a DirectQueries,
    pub(crate) answer: oneshot::Receiver<QueryAnswer>,
}

impl DirectQueries {
    /// Registers a query. It has no answer if the queries are closed.
    pub(crate) fn register(&self, id: QueryId) -> PendingQuery<'_> {
        let (sender, answer) = oneshot::channel();
        let mut pending = self.lock();
        if !pending.is_closed {
            pending.answers.insert(id, sender);
        }
        drop(pending);
        PendingQuery {
            id,
            queries: self,
            answer,
        }
    }

    /// Whether a client still waits for the answer.
    pub(crate) fn is_open(&self, id: QueryId) -> bool {
        self.lock().answers.contains_key(&id)
    }

    /// Delivers an answer; returns false if no client waits for it.
    pub(crate) fn answer(&self, id: QueryId, answer: QueryAnswer) -> bool {
        let pending = self.lock().answers.remove(&id);
        pending.is_some_and(|sender| sender.send(answer).is_ok())
    }

    /// Ends the wait for all answers, also of later queries: the namespace is deleted, or the server
    /// stops.
    pub(crate) fn close(&self) {
        let mut pending = self.lock();
        pending.is_closed = true;
        pending.answers.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for PendingQuery<'_> {
    fn drop(&mut self) {
        self.queries.lock().answers.remove(&self.id);
    }
}

impl PendingQuery<'_> {
    /// Waits for the answer until the deadline. None at once if the queries are closed.
    pub(crate) async fn answer_before(&mut self, deadline: Instant) -> Option<QueryAnswer> {
        timeout_at(deadline, &mut self.answer)
            .await
            .ok()
            .and_then(Result::ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_query_is_deregistered() {
        let queries = DirectQueries::default();
        let pending = queries.register(1);
        let id = pending.id;
        assert!(queries.is_open(id));
        drop(pending);
        assert!(!queries.is_open(id));
        assert!(!queries.answer(id, Ok(None)));
    }

    #[test]
    fn an_answer_reaches_its_query() {
        let queries = DirectQueries::default();
        let mut first = queries.register(1);
        let mut second = queries.register(2);
        assert!(queries.answer(second.id, Ok(Some(Payloads::default()))));
        assert!(matches!(second.answer.try_recv(), Ok(Ok(Some(_)))));
        assert!(first.answer.try_recv().is_err());
    }
}
