//! Waiters of a run: queries that are piggybacked on its workflow tasks, and requests that await
//! updates.

use std::collections::HashMap;
use std::sync::Arc;

use durably_history::{UpdateId, UpdateStage, UpdateStatus};
use durably_proto::api::enums::v1::UpdateWorkflowExecutionLifecycleStage as WaitStage;
use durably_proto::api::query::v1::WorkflowQuery;
use tokio::sync::oneshot;

use crate::clock::Timekeeper;
use crate::clock::wait::{Wait, WaitGuard};
use crate::matching::query::QueryAnswer;

/// Waiters of one run.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    queries: Vec<PiggybackedQuery>,
    updates: Vec<UpdateWaiter>,
    /// Waits that let a skipping clock skip until the run closes.
    closes: Vec<Arc<Wait>>,
    /// Waits that let a skipping clock skip until the run's fast-forward is settled.
    fast_forwards: Vec<Arc<Wait>>,
    /// Waits that let a skipping clock skip until an update reaches a stage.
    update_waits: Vec<(UpdateId, WaitStage, Arc<Wait>)>,
}

/// A query that is delivered together with the next workflow task.
#[derive(Debug)]
struct PiggybackedQuery {
    id: String,
    query: WorkflowQuery,
    resolution: oneshot::Sender<QueryResolution>,
}

/// Resolution of a piggybacked query.
#[derive(Debug)]
pub(crate) enum QueryResolution {
    /// A worker answered.
    Answered(QueryAnswer),
    /// No workflow task is left to carry the query; the request must route it again.
    Retry,
}

#[derive(Debug)]
struct UpdateWaiter {
    id: UpdateId,
    until: WaitStage,
    status: oneshot::Sender<UpdateStatus>,
}

impl Waiters {
    /// Whether nobody waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.queries
            .iter()
            .all(|query| query.resolution.is_closed())
            && self.updates.iter().all(|waiter| waiter.status.is_closed())
            && self.closes.iter().all(|wait| wait.is_over())
            && self.fast_forwards.iter().all(|wait| wait.is_over())
            && self.update_waits.iter().all(|(_, _, wait)| wait.is_over())
    }

    /// Adds a query to the next workflow task.
    pub(crate) fn piggyback_query(
        &mut self,
        id: String,
        query: WorkflowQuery,
    ) -> oneshot::Receiver<QueryResolution> {
        // A run without a worker must not accumulate queries whose clients have given up.
        self.queries.retain(|query| !query.resolution.is_closed());
        let (resolution, receiver) = oneshot::channel();
        self.queries.push(PiggybackedQuery {
            id,
            query,
            resolution,
        });
        receiver
    }

    /// The queries that a workflow task carries, by id.
    pub(crate) fn piggybacked_queries(&mut self) -> HashMap<String, WorkflowQuery> {
        self.queries.retain(|query| !query.resolution.is_closed());
        self.queries
            .iter()
            .map(|query| (query.id.clone(), query.query.clone()))
            .collect()
    }

    /// Delivers a worker's answer.
    pub(crate) fn answer_query(&mut self, id: &str, answer: QueryAnswer) {
        if let Some(at) = self.queries.iter().position(|query| query.id == id) {
            // The client may have given up.
            let _ = self
                .queries
                .swap_remove(at)
                .resolution
                .send(QueryResolution::Answered(answer));
        }
    }

    /// Makes the remaining queries be routed again, because no workflow task is left to carry them.
    pub(crate) fn release_queries(&mut self) {
        for query in self.queries.drain(..) {
            let _ = query.resolution.send(QueryResolution::Retry);
        }
    }

    /// Adds a waiter that is notified when an update reaches the stage `until`.
    pub(crate) fn add_update_waiter(
        &mut self,
        id: UpdateId,
        until: WaitStage,
    ) -> oneshot::Receiver<UpdateStatus> {
        self.updates.retain(|waiter| !waiter.status.is_closed());
        let (status, receiver) = oneshot::channel();
        self.updates.push(UpdateWaiter { id, until, status });
        receiver
    }

    /// Lets the clock skip until the run closes.
    pub(crate) fn begin_close_wait(&mut self, clock: &Timekeeper) -> WaitGuard {
        self.closes.retain(|wait| !wait.is_over());
        let wait = Wait::begin(clock);
        self.closes.push(Arc::clone(&wait));
        WaitGuard::new(wait)
    }

    /// Lets the clock skip until the run's fast-forward is settled.
    pub(crate) fn begin_fast_forward_wait(&mut self, clock: &Timekeeper) -> WaitGuard {
        self.fast_forwards.retain(|wait| !wait.is_over());
        let wait = Wait::begin(clock);
        self.fast_forwards.push(Arc::clone(&wait));
        WaitGuard::new(wait)
    }

    /// Lets the clock skip until an update reaches the stage `until`.
    pub(crate) fn begin_update_wait(
        &mut self,
        id: UpdateId,
        until: WaitStage,
        clock: &Timekeeper,
    ) -> WaitGuard {
        self.update_waits.retain(|(_, _, wait)| !wait.is_over());
        let wait = Wait::begin(clock);
        self.update_waits.push((id, until, Arc::clone(&wait)));
        WaitGuard::new(wait)
    }

    /// Ends the waits for the run's close.
    pub(crate) fn end_close_waits(&mut self) {
        for wait in self.closes.drain(..) {
            wait.end();
        }
    }

    /// Ends the waits for the run's fast-forward.
    pub(crate) fn end_fast_forward_waits(&mut self) {
        for wait in self.fast_forwards.drain(..) {
            wait.end();
        }
    }

    /// Notifies the waiters of an update of its new stage.
    pub(crate) fn notify_update(&mut self, status: &UpdateStatus) {
        self.update_waits.retain(|(id, until, wait)| {
            let reached = *id == status.id && has_reached(&status.stage, *until);
            if reached {
                wait.end();
            }
            !reached
        });
        let (reached, waiting): (Vec<_>, Vec<_>) = std::mem::take(&mut self.updates)
            .into_iter()
            .partition(|waiter| waiter.id == status.id && has_reached(&status.stage, waiter.until));
        self.updates = waiting;
        for waiter in reached {
            let _ = waiter.status.send(status.clone());
        }
    }
}

/// Whether an update has reached the stage that a client waits for.
pub(crate) fn has_reached(stage: &UpdateStage, until: WaitStage) -> bool {
    match stage {
        UpdateStage::Admitted => matches!(until, WaitStage::Unspecified | WaitStage::Admitted),
        UpdateStage::Accepted => until != WaitStage::Completed,
        UpdateStage::Completed(_) | UpdateStage::Aborted(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn piggybacked_queries_stay_until_they_are_answered() {
        let mut waiters = Waiters::default();
        let mut resolution = waiters.piggyback_query("a".to_owned(), WorkflowQuery::default());
        let mut other = waiters.piggyback_query("b".to_owned(), WorkflowQuery::default());
        assert_eq!(waiters.piggybacked_queries().len(), 2);
        assert_eq!(
            waiters.piggybacked_queries().len(),
            2,
            "a task that failed is repeated"
        );
        waiters.answer_query("a", Ok(None));
        assert!(matches!(
            resolution.try_recv(),
            Ok(QueryResolution::Answered(Ok(None)))
        ));
        waiters.release_queries();
        assert!(matches!(other.try_recv(), Ok(QueryResolution::Retry)));
        assert!(waiters.piggybacked_queries().is_empty());
    }

    #[test]
    fn a_query_whose_client_has_given_up_is_removed() {
        let mut waiters = Waiters::default();
        for id in ["a", "b", "c"] {
            drop(waiters.piggyback_query(id.to_owned(), WorkflowQuery::default()));
        }
        assert_eq!(waiters.queries.len(), 1);
    }

    #[test]
    fn an_update_is_awaited_up_to_a_stage() {
        let mut waiters = Waiters::default();
        let mut accepted = waiters.add_update_waiter("u".into(), WaitStage::Accepted);
        let mut completed = waiters.add_update_waiter("u".into(), WaitStage::Completed);
        waiters.notify_update(&UpdateStatus {
            id: "u".into(),
            stage: UpdateStage::Accepted,
        });
        assert!(accepted.try_recv().is_ok());
        assert!(completed.try_recv().is_err());
        waiters.notify_update(&UpdateStatus {
            id: "u".into(),
            stage: UpdateStage::Completed(Default::default()),
        });
        assert!(completed.try_recv().is_ok());
    }
}
