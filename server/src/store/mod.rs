//! The store: what the server must not forget, behind one contract.
//!
//! | key                        | value                                          | written by            |
//! |----------------------------|------------------------------------------------|-----------------------|
//! | namespace, workflow id     | the latest run                                 | start, next run       |
//! | namespace, run id          | state and history ([`Run`]), armed deadlines   | every accepted input  |
//!
//! A store hands out [`Execution`]s, the same one to everybody who asks for the same name. The
//! engine locks one, lets the history core change a run in it, and hands the change to
//! [`Store::commit`], which makes events, state, effects and the latest run last together.
//! Nothing leaves the lock before that.

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

/// Keeps executions.
pub(crate) trait Store: fmt::Debug + Send + Sync {
    /// The execution of that name, if there is one. It may have no run yet: its first start is
    /// just under way, or was refused.
    fn find(
        &self,
        namespace: &Namespace,
        workflow_id: &str,
    ) -> Result<Option<Arc<Execution>>, StoreError>;

    /// The execution of that name; a new one has no runs yet.
    fn find_or_create(
        &self,
        namespace: &Arc<Namespace>,
        workflow_id: &str,
    ) -> Result<Arc<Execution>, StoreError>;

    /// Makes changes of one locked execution last, all or none. On an error the execution is as
    /// it was after the commit before: the store has forgotten this copy, and whoever finds the
    /// execution again gets another.
    fn commit(&self, runs: &mut Runs, changes: Vec<Change<'_>>) -> Result<(), StoreError>;
}

/// One change within a commit.
#[derive(Debug)]
pub(crate) enum Change<'a> {
    /// A run that is in [`Runs`] took an input.
    Applied {
        run_id: &'a RunId,
        /// Its new events, as places in [`Run::events`].
        events: Range<usize>,
        /// What the input led to; the deadlines among them are kept with the run.
        effects: &'a [Effect],
    },
    /// A run that was not there yet becomes the latest of the execution.
    Started {
        run: Box<Run>,
        effects: &'a [Effect],
    },
}
