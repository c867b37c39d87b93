//! The store: keeps runs, histories and armed deadlines behind one contract.
//!
//! | key                        | value                                          | written by            |
//! |----------------------------|------------------------------------------------|-----------------------|
//! | namespace, workflow id     | the latest run                                 | start, next run       |
//! | namespace, run id          | state and history ([`Run`]), armed deadlines   | every accepted input  |
//!
//! A store hands out one [`Execution`] per name. The backend locks it, applies an input to a run of
//! it, and hands the change to [`Store::commit`], which makes events, state, effects and the latest
//! run durable together. Nothing is answered or dispatched before that.

#[cfg(test)]
mod contract;
pub(crate) mod memory;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use durably_history::{Effect, Run, RunId};

use crate::error::StoreError;
use crate::execution::{Execution, Runs};
use crate::namespace::Namespace;

/// Stores executions.
pub(crate) trait Store: fmt::Debug + Send + Sync {
    /// Finds the execution of that name. It may have no run yet: its first start is in progress, or
    /// was refused.
    fn find(
        &self,
        namespace: &Namespace,
        workflow_id: &str,
    ) -> Result<Option<Arc<Execution>>, StoreError>;

    /// Finds the execution of that name or creates one without runs.
    fn find_or_create(
        &self,
        namespace: &Arc<Namespace>,
        workflow_id: &str,
    ) -> Result<Arc<Execution>, StoreError>;

    /// Commits changes of one locked execution, all or none. On an error the execution is as after
    /// the commit before: the store drops this copy, and the next lookup returns another.
    fn commit(&self, runs: &mut Runs, changes: Vec<Change<'_>>) -> Result<(), StoreError>;
}

/// One change of a commit.
#[derive(Debug)]
pub(crate) enum Change<'a> {
    /// An input was applied to an existing run.
    Applied {
        run_id: &'a RunId,
        /// The new events, as indices into [`Run::events`].
        events: Range<usize>,
        /// The effects of the input; the deadlines among them are stored with the run.
        effects: &'a [Effect],
    },
    /// A new run becomes the latest of the execution.
    Started {
        run: Box<Run>,
        effects: &'a [Effect],
    },
}
