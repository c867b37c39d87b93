//! `View`: the facts about a run that workflow code can read.

use std::{rc::Rc, time::Duration};

use durably_engine::RunRef;

use crate::{
    data::{
        Callee, Data, Headers, decode_result,
        search::{SearchKey, SearchKind},
    },
    error::{DataError, Failure, Result},
    instance::core::Core,
    options::{Priority, Retry},
    telemetry::Metrics,
    time::Time,
    wire::deployment::DeploymentVersion,
};

/// Read-only facts about a run, for queries, validators and `#[init]` too.
///
/// Everything here is the same when the run is replayed. A [`Ctx`](crate::workflow::Ctx) derefs to it.
///
/// ```
/// use durably::{prelude::*, search::{Keyword, SearchKey}};
///
/// const CUSTOMER: SearchKey<Keyword> = SearchKey::new("CustomerId");
///
/// #[derive(Default)]
/// struct Report {
///     lines: Vec<String>,
/// }
///
/// #[workflow]
/// impl Report {
///     #[run]
///     async fn run(&mut self, ctx: &Ctx) -> Result<()> {
///         // What identifies the run.
///         let id = format!("{}/{}", ctx.workflow_id(), ctx.run_id());
///         self.lines.push(format!("{id} of {} in {}", ctx.workflow_type(), ctx.namespace()));
///         self.lines.push(format!("queue {}, attempt {}", ctx.task_queue(), ctx.attempt()));
///         self.lines.push(format!("chain {}, after {:?}", ctx.first_run_id(), ctx.continued_from()));
///         if let (Some(parent), Some(root)) = (ctx.parent(), ctx.root()) {
///             let namespace = parent.namespace().unwrap_or("the same namespace");
///             self.lines.push(format!("child of {} in {namespace}", parent.workflow_id()));
///             self.lines.push(format!("run {} is at the top", root.run_id()));
///         }
///
///         // When, and how long it may take.
///         let age = ctx.now().duration_since(ctx.started_at());
///         self.lines.push(format!("{age:?} of {:?}", ctx.run_timeout()));
///         self.lines.push(format!("{:?} {:?}", ctx.execution_timeout(), ctx.task_timeout()));
///         let (retry, priority) = (ctx.retry_policy(), ctx.priority());
///         self.lines.push(format!("{retry:?}, {priority:?}, task at {:?}", ctx.first_task_at()));
///
///         // The run before, and what was set at the start.
///         let total = ctx.last_completion::<u64>()?.unwrap_or(0);
///         self.lines.push(format!("{total}, {:?}, cron {:?}", ctx.last_failure(), ctx.cron()));
///         let (note, customer) = (ctx.memo::<String>("note")?, ctx.search(CUSTOMER)?);
///         self.lines.push(format!("{note:?} for {customer:?}"));
///
///         // Before history grows too long, and after all handlers have ended.
///         if ctx.continue_as_new_suggested() || ctx.history_length() > 10_000 {
///             tracing::info!("{:?}, {}", ctx.continue_as_new_reasons(), ctx.current_details());
///             ctx.wait_until(|| ctx.handlers_finished()).await?;
///             return Self::continue_as_new().into();
///         }
///         if !ctx.is_replaying() {
///             tracing::info!("{} bytes of history", ctx.history_size());
///         }
///
///         // The version of the worker.
///         self.lines.push(format!("{:?}, {:?}", ctx.build_id(), ctx.deployment_version()));
///         self.lines.push(format!("new work goes to another: {}", ctx.target_version_changed()));
///         Ok(())
///     }
///
///     /// A query has the facts, but no commands.
///     #[query]
///     fn age(&self, view: &View) -> u64 {
///         view.now().duration_since(view.started_at()).map_or(0, |age| age.as_secs())
///     }
/// }
/// ```
#[derive(Clone)]
pub struct View {
    pub(crate) core: Rc<Core>,
}

impl View {
    /// Workflow time: when the current workflow task started, not the time of the machine's clock.
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
        &self.core.worker.namespace
    }

    /// The task queue of the workflow; activities use it too, unless they set another.
    pub fn task_queue(&self) -> &str {
        &self.core.start.event.task_queue
    }

    /// Which attempt this is under the workflow's retry policy, from 1.
    pub fn attempt(&self) -> u32 {
        self.core.start.event.attempt
    }

    /// How the workflow is retried when it fails; `None` if it is not.
    pub fn retry_policy(&self) -> Option<Retry> {
        self.core.start.event.retry.as_ref().map(Retry::recorded)
    }

    /// How urgent the tasks of the workflow are. Activities and children have what they do not set from it.
    pub fn priority(&self) -> Priority {
        Priority::recorded(&self.core.start.event.priority)
    }

    /// When the first workflow task of the run started: later than [`started_at`](Self::started_at) by a start delay,
    /// by the pause before a retry or the next run of a cron schedule, and by the wait for a worker.
    pub fn first_task_at(&self) -> Time {
        self.core.first_task
    }

    /// When the run started.
    pub fn started_at(&self) -> Time {
        self.core.start.event.time.into()
    }

    /// The longest the whole chain of runs may take; `None` if there is no limit.
    pub fn execution_timeout(&self) -> Option<Duration> {
        self.core.start.event.execution_timeout
    }

    /// The longest this run may take; `None` if there is no limit.
    pub fn run_timeout(&self) -> Option<Duration> {
        self.core.start.event.run_timeout
    }

    /// The longest one workflow task may take.
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

    /// The workflow at the top of the tree of children; `None` for the top itself.
    pub fn root(&self) -> Option<WorkflowRef<'_>> {
        self.core.start.event.root.as_ref().map(WorkflowRef)
    }

    /// The result of the run before this one, under a cron schedule.
    ///
    /// # Errors
    /// It cannot be deserialised as a `T`.
    pub fn last_completion<T: Data>(&self) -> Result<Option<T>, DataError> {
        let Some(payload) = self.core.start.event.last_completion.first() else {
            return Ok(None);
        };
        let workflow = Callee::Workflow(self.workflow_type().to_owned().into());
        Ok(Some(decode_result(
            &workflow,
            [payload.clone()],
            self.core.converter(),
        )?))
    }

    /// Why the run before this one failed, under a cron schedule or a retry policy.
    pub fn last_failure(&self) -> Option<Failure> {
        let record = self.core.start.event.last_failure.clone()?;
        Some(Failure::from_record(record, self.core.converter()))
    }

    /// The memo of this name, as it is now; `None` if there is none.
    ///
    /// # Errors
    /// It cannot be deserialised as a `T`.
    pub fn memo<T: Data>(&self, name: &str) -> Result<Option<T>, DataError> {
        let Some(payload) = self.core.memo(name) else {
            return Ok(None);
        };
        let what = || format!("memo `{name}`");
        Ok(Some(DataError::decode(
            &payload,
            self.core.converter(),
            what,
        )?))
    }

    /// The search attribute of this key, as it is now; `None` if it is not set.
    ///
    /// # Errors
    /// It is of another type.
    pub fn search<K: SearchKind>(&self, key: SearchKey<K>) -> Result<Option<K::Value>, DataError> /* as in `SearchKey::new("..")` */
    {
        key.read(self.core.search_attribute(key.name()).as_ref())
    }

    /// The headers of the run's start, which [interceptors](crate::interceptor) of a client or of another workflow
    /// have set.
    ///
    /// ```
    /// # use durably::prelude::*;
    /// fn tenant(view: &View) -> Result<Option<String>> {
    ///     Ok(view.headers().get("tenant")?)
    /// }
    /// ```
    pub fn headers(&self) -> Headers {
        Headers::new(self.core.start.event.header.clone(), self.core.converter())
    }

    /// The number of events in history at the current workflow task.
    pub fn history_length(&self) -> u32 {
        self.core.facts.get().history_length
    }

    /// The size of history in bytes at the current workflow task.
    pub fn history_size(&self) -> u64 {
        self.core.facts.get().history_size
    }

    /// Whether the server suggests to continue as new, because history has grown long.
    pub fn continue_as_new_suggested(&self) -> bool {
        self.core.facts.get().continue_as_new_suggested
    }

    /// Why the server suggests to continue as new; empty if it does not, or if it is older and does not say.
    pub fn continue_as_new_reasons(&self) -> Vec<ContinueAsNewReason> {
        let reasons = self.core.facts.get().continue_as_new_reasons;
        let all = [
            (reasons.history_size, ContinueAsNewReason::HistorySize),
            (reasons.event_count, ContinueAsNewReason::EventCount),
            (reasons.update_count, ContinueAsNewReason::UpdateCount),
        ];
        let given = all.into_iter().filter(|(is_given, _)| *is_given);
        given.map(|(_, reason)| reason).collect()
    }

    /// The version of the worker deployment whose worker completes the current workflow task; `None` if the worker
    /// belongs to no deployment.
    ///
    /// In a replay it is the version that history records for the task, so code may decide by it.
    pub fn deployment_version(&self) -> Option<DeploymentVersion> {
        self.core.with_version(|version| {
            let version = version.filter(|version| !version.deployment.is_empty())?;
            Some(DeploymentVersion::of(&version.deployment).build(&version.build_id))
        })
    }

    /// The build of the worker that completes the current workflow task, in a deployment or outside of one; `None` if
    /// the worker names none.
    ///
    /// In a replay it is the build that history records for the task, so code may decide by it.
    pub fn build_id(&self) -> Option<String> {
        self.core
            .with_version(|version| Some(version?.build_id.clone()))
    }

    /// Whether the run is pinned to a version, and new workflows start on another: a next run
    /// [may move there](crate::ContinueAsNew::initial_versioning).
    pub fn target_version_changed(&self) -> bool {
        self.core.facts.get().target_version_changed
    }

    /// The description that [`set_current_details`](crate::workflow::Ctx::set_current_details) set last; empty if none
    /// was set.
    pub fn current_details(&self) -> String {
        self.core.current_details()
    }

    /// Whether every async signal and update handler that was started has finished.
    ///
    /// A workflow that ends earlier drops the running handlers, and their callers get an error:
    /// `ctx.wait_until(|| ctx.handlers_finished()).await?` waits for them at a place of your choice, and a handler
    /// with `unfinished = "wait"` is waited for before every end.
    pub fn handlers_finished(&self) -> bool {
        self.core.open_handlers.get() == 0
    }

    /// Metrics of your own, with the namespace, the task queue and the type of the workflow as labels.
    /// Recording is suppressed during replay; a workflow task that fails and is retried records again.
    ///
    /// ```
    /// # use durably::prelude::*;
    /// # #[derive(Default)] struct Order;
    /// # #[workflow] impl Order {
    /// #[run]
    /// async fn run(&mut self, ctx: &Ctx, cents: u64) {
    ///     ctx.metrics().counter("orders").add(1);
    ///     ctx.metrics().with("currency", "EUR").histogram("order_value").record(cents);
    /// }
    /// # }
    /// ```
    pub fn metrics(&self) -> Metrics {
        Metrics::new(&self.core.worker.measures, || {
            [
                ("namespace", self.namespace().into()),
                ("task_queue", self.task_queue().into()),
                ("workflow_type", self.workflow_type().into()),
            ]
        })
    }

    /// Whether the code is replayed from history now. For logs and metrics; code that decides by it
    /// breaks replay.
    pub fn is_replaying(&self) -> bool {
        self.core.facts.get().replaying
    }
}

/// Why the server suggests to continue as new.
///
/// ```
/// use durably::{prelude::*, workflow::ContinueAsNewReason};
///
/// /// Whether another run would begin with fewer updates.
/// fn has_many_updates(view: &View) -> bool {
///     view.continue_as_new_reasons().contains(&ContinueAsNewReason::UpdateCount)
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContinueAsNewReason {
    /// History has many bytes.
    HistorySize,
    /// History has many events.
    EventCount,
    /// History has many updates.
    UpdateCount,
}

/// Another workflow, by its names.
///
/// ```
/// use durably::{prelude::*, workflow::WorkflowRef};
///
/// fn path(parent: WorkflowRef<'_>) -> String {
///     let namespace = parent.namespace().unwrap_or("the same namespace");
///     format!("{}, run {}, in {namespace}", parent.workflow_id(), parent.run_id())
/// }
///
/// fn origin(view: &View) -> String {
///     view.parent().map_or_else(|| "no parent".to_owned(), path)
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkflowRef<'a>(&'a RunRef);

impl<'a> WorkflowRef<'a> {
    /// Its namespace; `None` if it is the same.
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
