//! Those who wait for a run: queries that go along with its workflow tasks, and updates.

use std::collections::HashMap;
use std::sync::Arc;

use durably_history::{UpdateId, UpdateStage, UpdateStatus};
use durably_proto::api::enums::v1::UpdateWorkflowExecutionLifecycleStage as WaitStage;
use durably_proto::api::query::v1::WorkflowQuery;
use tokio::sync::oneshot;

use crate::clock::Timekeeper;
use crate::clock::wait::{Wait, WaitGuard};
use crate::matching::query::Answer;

/// Those who wait for one run: queries that go along with its workflow tasks, and updates.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    queries: Vec<Along>,
    updates: Vec<UpdateWaiter>,
    /// Waits that let a skipping clock skip until the run closes.
    closes: Vec<Arc<Wait>>,
    /// The same for updates, until they have come as far as the stage says.
    update_waits: Vec<(UpdateId, WaitStage, Arc<Wait>)>,
}

/// A query that goes along with a workflow task.
#[derive(Debug)]
struct Along {
    id: String,
    query: WorkflowQuery,
    news: oneshot::Sender<News>,
}

/// What becomes of a query that goes along.
#[derive(Debug)]
pub(crate) enum News {
    /// A worker answered.
    Answered(Answer),
    /// No workflow task is left to go along with; ask again.
    AskAgain,
}

#[derive(Debug)]
struct UpdateWaiter {
    id: UpdateId,
    until: WaitStage,
    status: oneshot::Sender<UpdateStatus>,
}

impl Waiting {
    /// Lets a query go along with the next workflow task.
    pub(crate) fn go_along(&mut self, id: String, query: WorkflowQuery) -> oneshot::Receiver<News> {
        // A run whose task is long in coming must not collect those whose clients have given up.
        self.queries.retain(|along| !along.news.is_closed());
        let (news, receiver) = oneshot::channel();
        self.queries.push(Along { id, query, news });
        receiver
    }

    /// The queries that a workflow task takes with it, by id.
    pub(crate) fn for_task(&mut self) -> HashMap<String, WorkflowQuery> {
        self.queries.retain(|along| !along.news.is_closed());
        self.queries
            .iter()
            .map(|along| (along.id.clone(), along.query.clone()))
            .collect()
    }

    /// Hands a worker's answer on.
    pub(crate) fn answer(&mut self, id: &str, answer: Answer) {
        if let Some(at) = self.queries.iter().position(|along| along.id == id) {
            // Nobody may wait any more; then nobody misses the answer.
            let _ = self
                .queries
                .swap_remove(at)
                .news
                .send(News::Answered(answer));
        }
    }

    /// No workflow task comes that the queries left could go along with.
    pub(crate) fn ask_again(&mut self) {
        for along in self.queries.drain(..) {
            let _ = along.news.send(News::AskAgain);
        }
    }

    /// Waits until an update has come as far as `until`.
    pub(crate) fn await_update(
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
    pub(crate) fn skip_until_closed(&mut self, clock: &Timekeeper) -> WaitGuard {
        self.closes.retain(|wait| !wait.is_over());
        let wait = Wait::begin(clock);
        self.closes.push(Arc::clone(&wait));
        WaitGuard::new(wait)
    }

    /// Lets the clock skip until an update has come as far as `until`.
    pub(crate) fn skip_until_update(
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

    /// Ends the waits for the end of the run.
    pub(crate) fn run_closed(&mut self) {
        for wait in self.closes.drain(..) {
            wait.end();
        }
    }

    /// Tells those who wait that an update has come further.
    pub(crate) fn update_reached(&mut self, status: &UpdateStatus) {
        self.update_waits.retain(|(id, until, wait)| {
            let reached = *id == status.id && has_reached(&status.stage, *until);
            if reached {
                wait.end();
            }
            !reached
        });
        let (told, waiting): (Vec<_>, Vec<_>) = std::mem::take(&mut self.updates)
            .into_iter()
            .partition(|waiter| waiter.id == status.id && has_reached(&status.stage, waiter.until));
        self.updates = waiting;
        for waiter in told {
            let _ = waiter.status.send(status.clone());
        }
    }
}

/// Whether an update has come as far as a client waits for.
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
    fn queries_go_along_until_they_are_answered() {
        let mut waiting = Waiting::default();
        let mut news = waiting.go_along("a".to_owned(), WorkflowQuery::default());
        let mut other = waiting.go_along("b".to_owned(), WorkflowQuery::default());
        assert_eq!(waiting.for_task().len(), 2);
        assert_eq!(
            waiting.for_task().len(),
            2,
            "a task that failed is repeated"
        );
        waiting.answer("a", Ok(None));
        assert!(matches!(news.try_recv(), Ok(News::Answered(Ok(None)))));
        waiting.ask_again();
        assert!(matches!(other.try_recv(), Ok(News::AskAgain)));
        assert!(waiting.for_task().is_empty());
    }

    #[test]
    fn a_query_whose_client_has_given_up_leaves_nothing_behind() {
        let mut waiting = Waiting::default();
        for id in ["a", "b", "c"] {
            drop(waiting.go_along(id.to_owned(), WorkflowQuery::default()));
        }
        assert_eq!(waiting.queries.len(), 1);
    }

    #[test]
    fn an_update_is_awaited_up_to_a_stage() {
        let mut waiting = Waiting::default();
        let mut accepted = waiting.await_update("u".into(), WaitStage::Accepted);
        let mut completed = waiting.await_update("u".into(), WaitStage::Completed);
        waiting.update_reached(&UpdateStatus {
            id: "u".into(),
            stage: UpdateStage::Accepted,
        });
        assert!(accepted.try_recv().is_ok());
        assert!(completed.try_recv().is_err());
        waiting.update_reached(&UpdateStatus {
            id: "u".into(),
            stage: UpdateStage::Completed(Default::default()),
        });
        assert!(completed.try_recv().is_ok());
    }
}
