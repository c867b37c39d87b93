//! `View`: what workflow code may know.

use std::{rc::Rc, time::Duration};

use durably_engine::{Payload, RunRef};

use crate::{
    data::{Callee, Data, decode_result},
    error::{Failure, Result},
    instance::core::Core,
    time::Time,
};

/// Read-only facts about a run: what a query, a validator or a constructor may see.
///
/// Everything here is the same when the run is replayed. A [`Ctx`](crate::workflow::Ctx) derefs to it.
#[derive(Clone)]
pub struct View {
    pub(crate) core: Rc<Core>,
}

impl View {
    /// Workflow time: when the current workflow task started, not what the clock says.
    pub fn now(&self) -> Time {
        self.core.facts.get().now
    }

    /// The workflow id.
    pub fn workflow_id(&self) -> &str {
        &self.core.start.event.workflow_id
    }

    /// The id of this run; a continuation or a retry is another run of the same workflow.
    pub fn run_id(&self) -> &str {
        &self.core.start.run_id
    }

    /// The id of the first run of the chain of continuations and retries.
    pub fn first_run_id(&self) -> &str {
        &self.core.start.event.first_run_id
    }

    /// The run this one continues, if any.
    pub fn continued_from(&self) -> Option<&str> {
        some(&self.core.start.event.continued_from)
    }

    /// The name of the workflow's type.
    pub fn workflow_type(&self) -> &str {
        &self.core.start.event.workflow_type
    }

    /// The namespace the workflow lives in.
    pub fn namespace(&self) -> &str {
        &self.core.namespace
    }

    /// The task queue of the workflow; activities go there too unless told otherwise.
    pub fn task_queue(&self) -> &str {
        &self.core.start.event.task_queue
    }

    /// Which attempt this is under the workflow's retry policy, from 1.
    pub fn attempt(&self) -> u32 {
        self.core.start.event.attempt
    }

    /// When the run started.
    pub fn started_at(&self) -> Time {
        self.core.start.event.time.into()
    }

    /// The time the whole chain of runs may take; none is no limit.
    pub fn execution_timeout(&self) -> Option<Duration> {
        self.core.start.event.execution_timeout
    }

    /// The time this run may take; none is no limit.
    pub fn run_timeout(&self) -> Option<Duration> {
        self.core.start.event.run_timeout
    }

    /// The time one workflow task may take.
    pub fn task_timeout(&self) -> Option<Duration> {
        self.core.start.event.task_timeout
    }

    /// The cron schedule the workflow was started with, if any.
    pub fn cron(&self) -> Option<&str> {
        some(&self.core.start.event.cron)
    }

    /// The workflow that started this one as its child.
    pub fn parent(&self) -> Option<WorkflowRef<'_>> {
        self.core.start.event.parent.as_ref().map(WorkflowRef)
    }

    /// The workflow at the top of the tree of children; none for the top itself.
    pub fn root(&self) -> Option<WorkflowRef<'_>> {
        self.core.start.event.root.as_ref().map(WorkflowRef)
    }

    /// The result of the run before this one, under a cron schedule.
    ///
    /// # Errors
    /// When it is no `T`.
    pub fn last_completion<T: Data>(&self) -> Result<Option<T>> {
        let Some(payload) = self.core.start.event.last_completion.first() else {
            return Ok(None);
        };
        let workflow = Callee::Workflow(self.workflow_type().to_owned().into());
        Ok(Some(decode_result(&workflow, [payload.clone()])?))
    }

    /// Why the run before this one failed, under a cron schedule or a retry policy.
    pub fn last_failure(&self) -> Option<Failure> {
        let record = self.core.start.event.last_failure.clone()?;
        Some(Failure::from_record(record))
    }

    /// A note that was kept with the workflow when it started.
    pub fn memo(&self, name: &str) -> Option<&Payload> {
        self.core.start.event.memo.get(name)
    }

    /// A search attribute, as it was when the run started.
    pub fn search_attribute(&self, name: &str) -> Option<&Payload> {
        self.core.start.event.search_attributes.get(name)
    }

    /// How many events history has at the current workflow task.
    pub fn history_length(&self) -> u32 {
        self.core.facts.get().history_length
    }

    /// How many bytes history has at the current workflow task.
    pub fn history_size(&self) -> u64 {
        self.core.facts.get().history_size
    }

    /// Whether the server finds history long enough for the workflow to continue as new.
    pub fn continue_as_new_suggested(&self) -> bool {
        self.core.facts.get().continue_as_new_suggested
    }

    /// Whether every async signal and update handler that began came to its end.
    ///
    /// A workflow that ends earlier takes the running handlers down with it, and their callers get
    /// an error: `ctx.wait_until(|| ctx.handlers_finished()).await?` waits for them.
    pub fn handlers_finished(&self) -> bool {
        self.core.open_handlers.get() == 0
    }

    /// Whether what runs now happened before and is only repeated. For logs and metrics; code that
    /// decides by it breaks replay.
    pub fn is_replaying(&self) -> bool {
        self.core.facts.get().replaying
    }
}

/// Another workflow, by its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkflowRef<'a>(&'a RunRef);

impl<'a> WorkflowRef<'a> {
    /// Its namespace; none if it is the same.
    pub fn namespace(self) -> Option<&'a str> {
        some(&self.0.namespace)
    }

    /// Its workflow id.
    pub fn workflow_id(self) -> &'a str {
        &self.0.workflow_id
    }

    /// Its run id.
    pub fn run_id(self) -> &'a str {
        &self.0.run_id
    }
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
