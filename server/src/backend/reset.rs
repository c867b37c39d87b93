//! Resets: a run starts with the first events of another one, and the current run ends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use durably_history::{EndForReset, EventId, Input, Reapply, Reset, RunId, UpdateOptions};

use super::commit::Applied;
use super::request::RequestScope;
use super::{no_such_workflow, resolve_run};
use crate::error::Error;
use crate::execution::Runs;
use crate::namespace::Namespace;

/// A request to reset a run.
#[derive(Debug)]
pub(crate) struct ResetRequest {
    pub(crate) workflow_id: String,
    /// The run to reset; empty stands for the latest.
    pub(crate) run_id: String,
    /// See [`Reset::point`].
    pub(crate) point: EventId,
    pub(crate) request_id: String,
    pub(crate) reason: String,
    pub(crate) reapply: Reapply,
    /// Whether the runs that the reset one continued as are read.
    pub(crate) follows_chain: bool,
    /// What is changed in the options of the run that starts, in this order.
    pub(crate) options: Vec<UpdateOptions>,
}

impl RequestScope<'_> {
    /// Resets a run and returns the run that starts. It and the end of the current run are one
    /// commit.
    pub(crate) fn reset(
        &self,
        namespace: &Arc<Namespace>,
        request: ResetRequest,
    ) -> Result<RunId, Error> {
        let execution = self.execution(namespace, &request.workflow_id)?;
        let mut runs = execution.lock();
        namespace.check_not_deleted()?;
        let base_id = resolve_run(&execution, &mut runs, &request.run_id)?;
        let no_run = || no_such_workflow(execution.workflow_id());
        let request_id = request.request_id.as_str().into();
        let current = runs.latest()?.ok_or_else(no_run)?;
        let current_id = current.run.run_id().clone();
        let is_running = current.run.is_running();
        if current.run.is_reset_of(&request_id) {
            return Ok(current_id);
        }
        let work = self.begin_input();
        let now = self.clock.now();
        let run_id = self.ids.run_id(now);
        let reset = Reset {
            point: request.point,
            run_id: run_id.clone(),
            seed: self.ids.number(),
            request_id,
            reason: request.reason.clone(),
            reapply: request.reapply,
            namespace: Arc::clone(&namespace.name),
        };
        let base = runs.get(&base_id)?.ok_or_else(no_run)?;
        let mut resetting = base.run.reset(reset, now)?;
        for update in &request.options {
            let given = update.options.versioning_override.as_ref();
            namespace.check_override(given, base.run.task_queue())?;
            base.run.check_options(update)?;
        }
        let mut last_read = base_id.clone();
        resetting.reapply(&base.run, request.point);
        if request.follows_chain {
            while let Some(next_id) = continued_as(&mut runs, &last_read)? {
                // Retention may have removed it.
                let Some(next) = runs.get(&next_id)? else {
                    break;
                };
                resetting.reapply(&next.run, EventId::FIRST);
                last_read = next_id;
            }
        }
        let mut applied = Applied::new(now, work);
        // Nothing is refused from here on, so that no run is changed without its commit.
        let ended = if is_running {
            let current = runs.get(&current_id)?.ok_or_else(no_run)?;
            let end = Input::EndForReset(EndForReset {
                reason: request.reason,
                reset_run: (base_id == current_id).then(|| run_id.clone()),
            });
            let ended = catch_unwind(AssertUnwindSafe(|| current.run.apply(end, now)));
            let Ok(ended) = ended else {
                return Err(self.panicked(&execution, &mut runs));
            };
            let ended = ended?;
            // What waited for the end of a workflow task is recorded now.
            if last_read == current_id {
                let first = i64::try_from(ended.events.start).unwrap_or(i64::MAX);
                resetting.reapply(&current.run, EventId(first).next());
            }
            Some((current, ended.effects))
        } else {
            None
        };
        for update in request.options {
            let updated = resetting.update_options(update);
            updated.expect("the options were checked above");
        }
        let (run, started) = resetting.start();
        applied.start(run, started.effects);
        if let Some((current, effects)) = ended {
            applied.change(current, effects);
        }
        if !is_running || base_id != current_id {
            let base = runs.get(&base_id)?.ok_or_else(no_run)?;
            base.run.record_reset(run_id.clone());
            applied.change(base, Vec::new());
        }
        self.commit(&execution, &mut runs, applied)?;
        if let Some(ended) = runs.get(&current_id)? {
            ended.waiters.release_queries();
        }
        self.clock.count_run();
        Ok(run_id)
    }
}

fn continued_as(runs: &mut Runs, run_id: &RunId) -> Result<Option<RunId>, Error> {
    let record = runs.get(run_id)?;
    Ok(record.and_then(|record| record.run.continued_as()))
}
