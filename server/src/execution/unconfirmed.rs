//! Commits that the store has taken but not confirmed, in order.

use std::collections::VecDeque;

use durably_history::{Effect, RunId, Time};
use tokio::sync::oneshot;

use crate::clock::WorkGuard;
use crate::error::StoreError;

/// Result of a commit.
type Confirmation = Result<(), StoreError>;

/// The unconfirmed commits of an execution.
#[derive(Debug, Default)]
pub(crate) struct Unconfirmed {
    commits: VecDeque<UnconfirmedCommit>,
    /// Whether a task awaits the confirmations.
    is_awaited: bool,
}

/// A commit whose consequences follow when the store confirms it.
#[derive(Debug)]
struct UnconfirmedCommit {
    confirmation: Option<oneshot::Receiver<Confirmation>>,
    consequences: Consequences,
    /// Requests that must not be answered before.
    watchers: Vec<oneshot::Sender<Confirmation>>,
}

/// What the server does when a commit is durable.
#[derive(Debug)]
pub(crate) struct Consequences {
    /// In the order of their execution.
    pub(crate) effects: Vec<RunEffects>,
    pub(crate) has_events: bool,
    /// The time of the input.
    pub(crate) now: Time,
    /// Keeps a skipping clock from jumping past the effects.
    pub(crate) work: Option<WorkGuard>,
}

/// The effects of one run's transition.
#[derive(Debug)]
pub(crate) struct RunEffects {
    pub(crate) run_id: RunId,
    pub(crate) effects: Vec<Effect>,
}

impl UnconfirmedCommit {
    /// Ends the waits for the commit.
    fn notify(&mut self, confirmation: &Confirmation) {
        for watcher in self.watchers.drain(..) {
            // The request may have been cancelled.
            let _ = watcher.send(confirmation.clone());
        }
    }
}

impl Unconfirmed {
    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.commits.is_empty() && !self.is_awaited
    }

    /// Whether the store has yet to answer a commit.
    pub(crate) fn has_commits(&self) -> bool {
        !self.commits.is_empty()
    }

    /// Adds a commit; returns whether the caller must await the confirmations.
    pub(crate) fn push(
        &mut self,
        confirmation: oneshot::Receiver<Confirmation>,
        consequences: Consequences,
    ) -> bool {
        self.commits.push_back(UnconfirmedCommit {
            confirmation: Some(confirmation),
            consequences,
            watchers: Vec::new(),
        });
        !std::mem::replace(&mut self.is_awaited, true)
    }

    /// The confirmation of the first commit; `None` if there is no commit, and then nobody awaits
    /// the next ones any more.
    pub(crate) fn next_confirmation(&mut self) -> Option<oneshot::Receiver<Confirmation>> {
        let next = self.commits.front_mut().map(|commit| {
            commit
                .confirmation
                .take()
                .expect("one task awaits the confirmations, one after the other")
        });
        self.is_awaited = next.is_some();
        next
    }

    /// Removes the first commit, which is durable, and notifies those who wait for it.
    pub(crate) fn confirm_first(&mut self) -> Option<Consequences> {
        let mut commit = self.commits.pop_front()?;
        commit.notify(&Ok(()));
        Some(commit.consequences)
    }

    /// Drops all commits, because the first one failed and the others follow it.
    pub(crate) fn fail(&mut self, error: &StoreError) {
        for mut commit in self.commits.drain(..) {
            commit.notify(&Err(error.clone()));
        }
    }

    /// Receives the confirmation of the last commit; `None` if all are confirmed.
    pub(crate) fn watch(&mut self) -> Option<oneshot::Receiver<Confirmation>> {
        let last = self.commits.back_mut()?;
        let (watcher, confirmed) = oneshot::channel();
        last.watchers.push(watcher);
        Some(confirmed)
    }
}
