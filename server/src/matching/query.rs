//! DirectQueries on their way. A query that finds the run at rest goes to a worker by itself; one that
//! finds a workflow task under way goes along with it, so that it sees what that task will see.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use durably_proto::api::common::v1::Payloads;
use durably_proto::api::failure::v1::Failure;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

/// What a worker says to a query.
pub(crate) type QueryAnswer = Result<Option<Payloads>, Box<QueryFailed>>;

/// The error that a worker answered a query with.
#[derive(Clone, Debug)]
pub(crate) struct QueryFailed {
    pub(crate) message: String,
    pub(crate) failure: Option<Failure>,
}

/// Names a query that went to a worker by itself.
pub(crate) type QueryId = u64;

/// The queries of a namespace that went to workers by themselves and are not answered yet.
#[derive(Debug, Default)]
pub(crate) struct DirectQueries {
    pending: Mutex<HashMap<QueryId, oneshot::Sender<QueryAnswer>>>,
    next: AtomicU64,
}

/// A query that waits for its answer. Dropped, it is forgotten.
#[derive(Debug)]
pub(crate) struct PendingQuery<'a> {
    pub(crate) id: QueryId,
    queries: &'a DirectQueries,
    pub(crate) answer: oneshot::Receiver<QueryAnswer>,
}

impl DirectQueries {
    /// Opens a query.
    pub(crate) fn register(&self) -> PendingQuery<'_> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        self.lock().insert(id, sender);
        PendingQuery {
            id,
            queries: self,
            answer,
        }
    }

    /// Whether somebody still waits for the answer.
    pub(crate) fn is_open(&self, id: QueryId) -> bool {
        self.lock().contains_key(&id)
    }

    /// Gives the answer to whoever asked. `false`: nobody waits for it.
    pub(crate) fn answer(&self, id: QueryId, answer: QueryAnswer) -> bool {
        let pending = self.lock().remove(&id);
        pending.is_some_and(|sender| sender.send(answer).is_ok())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<QueryId, oneshot::Sender<QueryAnswer>>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for PendingQuery<'_> {
    fn drop(&mut self) {
        self.queries.lock().remove(&self.id);
    }
}

impl PendingQuery<'_> {
    /// The answer, if it comes in time.
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
    fn a_query_nobody_waits_for_is_forgotten() {
        let queries = DirectQueries::default();
        let pending = queries.register();
        let id = pending.id;
        assert!(queries.is_open(id));
        drop(pending);
        assert!(!queries.is_open(id));
        assert!(!queries.answer(id, Ok(None)));
    }

    #[test]
    fn an_answer_reaches_who_asked() {
        let queries = DirectQueries::default();
        let mut first = queries.register();
        let mut second = queries.register();
        assert!(queries.answer(second.id, Ok(Some(Payloads::default()))));
        assert!(matches!(second.answer.try_recv(), Ok(Ok(Some(_)))));
        assert!(first.answer.try_recv().is_err());
    }
}
