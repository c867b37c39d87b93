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

/// A commit whose effects are executed when the store confirms it.
#[derive(Debug)]
pub(crate) struct UnconfirmedCommit {
    confirmation: Option<oneshot::Receiver<Confirmation>>,
    pub(crate) effects: Vec<RunEffects>,
    pub(crate) now: Time,
    pub(crate) has_events: bool,
    /// Requests that must not be answered before.
    watchers: Vec<oneshot::Sender<Confirmation>>,
    /// Keeps a skipping clock from jumping past the effects.
    _work: Option<WorkGuard>,
}

/// The effects of one run's transition.
#[derive(Debug)]
pub(crate) struct RunEffects {
    pub(crate) run_id: RunId,
    pub(crate) effects: Vec<Effect>,
}

impl UnconfirmedCommit {
    pub(crate) fn new(
        confirmation: oneshot::Receiver<Confirmation>,
        effects: Vec<RunEffects>,
        now: Time,
        has_events: bool,
        work: Option<WorkGuard>,
    ) -> Self {
        Self {
            confirmation: Some(confirmation),
            effects,
            now,
            has_events,
            watchers: Vec::new(),
            _work: work,
        }
    }

    /// Ends the waits for the commit.
    pub(crate) fn notify(&mut self, confirmation: &Confirmation) {
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
    pub(crate) fn push(&mut self, commit: UnconfirmedCommit) -> bool {
        self.commits.push_back(commit);
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

    /// Takes the first commit, whose confirmation has come.
    pub(crate) fn pop(&mut self) -> Option<UnconfirmedCommit> {
        self.commits.pop_front()
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
