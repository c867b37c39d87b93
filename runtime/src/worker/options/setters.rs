//! The options of a worker, one method each.

use super::{IntoPollerLimit, IntoSlotLimit, ResourceTargets, WorkerOptions};
use crate::{data::Text, time::span::Span, wire::deployment::Versioning, worker::Worker};

/// # Options
/// All have defaults that suit most programs.
impl Worker {
    /// Runs kept in memory between their tasks, 10,000 by default. With 0 each task replays its
    /// run's whole history.
    pub fn max_cached_workflows(mut self, n: usize) -> Self {
        self.options.max_cached_workflows = Some(n);
        self
    }

    /// Takes over what `options` sets, for instance by a configuration file.
    ///
    /// ```
    /// use durably::{prelude::*, worker::WorkerOptions};
    ///
    /// # fn example(client: &Client) -> Result<()> {
    /// let options: WorkerOptions = serde_json::from_str(r#"{ "shutdown_grace": "25s" }"#)?;
    /// let worker = Worker::new(client, "shop").max_concurrent_activities(50).options(options);
    /// # Ok(())
    /// # }
    /// ```
    pub fn options(mut self, options: WorkerOptions) -> Self {
        self.options.replace_with(options);
        self
    }

    /// Workflow tasks in progress at a time: a number, 200 by default, or
    /// [as many as the machine has room for](crate::worker::ResourceSlots).
    pub fn max_concurrent_workflow_tasks(mut self, n: impl IntoSlotLimit) -> Self {
        self.options.max_concurrent_workflow_tasks = Some(n.into_slot_limit());
        self
    }

    /// Activities in progress at a time: a number, 200 by default, or
    /// [as many as the machine has room for](crate::worker::ResourceSlots).
    pub fn max_concurrent_activities(mut self, n: impl IntoSlotLimit) -> Self {
        self.options.max_concurrent_activities = Some(n.into_slot_limit());
        self
    }

    /// [Local activities](crate::workflow::LocalActivityCall) in progress at a time: a number, 200 by default, or
    /// [as many as the machine has room for](crate::worker::ResourceSlots). Others wait for their turn.
    pub fn max_concurrent_local_activities(mut self, n: impl IntoSlotLimit) -> Self {
        self.options.max_concurrent_local_activities = Some(n.into_slot_limit());
        self
    }

    /// How much of the machine may be in use before [`ResourceSlots`](crate::worker::ResourceSlots) are held back:
    /// 0.8 of the memory and 0.9 of the CPU by default.
    pub fn resource_targets(mut self, targets: ResourceTargets) -> Self {
        self.options.resource_targets = Some(targets);
        self
    }

    /// Whether the worker fails a workflow task, an activity or a heartbeat whose values are over the limits of the
    /// namespace, `true` by default. With `false` it sends them, and the server terminates the workflow.
    ///
    /// The limits are those that the server tells, or its defaults: 2 MiB for the arguments of a call, a result, an
    /// error, a marker, and for a memo; 4 MiB for a whole response. A workflow task that fails because of them has the
    /// cause `PAYLOADS_TOO_LARGE`, and is tried again until a worker with other code completes it. They are compared
    /// with what is sent, after [codecs](crate::codec).
    ///
    /// ```
    /// # use durably::prelude::*;
    /// # fn example(client: &Client) {
    /// let worker = Worker::new(client, "reports")
    ///     .check_payload_sizes(true)
    ///     .payload_size_warning(1 << 20)
    ///     .memo_size_warning(0);
    /// # }
    /// ```
    pub fn check_payload_sizes(mut self, checks: bool) -> Self {
        self.options.check_payload_sizes = Some(checks);
        self
    }

    /// The bytes of arguments, results and other values from which on the worker logs a warning, 524,288 by default, as
    /// servers do; 0 for no warning.
    pub fn payload_size_warning(mut self, bytes: usize) -> Self {
        self.options.payload_size_warning = Some(bytes);
        self
    }

    /// The bytes of a memo from which on the worker logs a warning, 2,048 by default, as servers do; 0 for no warning.
    pub fn memo_size_warning(mut self, bytes: usize) -> Self {
        self.options.memo_size_warning = Some(bytes);
        self
    }

    /// Attempts in progress of the activity type of this name, local ones included; only
    /// [`max_concurrent_activities`](Self::max_concurrent_activities) limits them by default.
    ///
    /// An attempt past the limit waits in this worker. It keeps its slot, and its start-to-close time passes
    /// meanwhile; one that other workers should take is better on a task queue of its own.
    ///
    /// ```
    /// use durably::{activity::Activity, prelude::*};
    ///
    /// #[activity(start_to_close = "1m")]
    /// async fn charge(cents: u64) {}
    ///
    /// # fn example(client: &Client) {
    /// let worker = Worker::new(client, "shop").activity::<charge>().activity_limit(charge::NAME, 5);
    /// # }
    /// ```
    pub fn activity_limit(mut self, name: impl Text, n: usize) -> Self {
        self.options.activity_limits.insert(name.into_text(), n);
        self
    }

    /// Activities that this worker begins in a second; no limit by default. The rate is kept evenly: with 10 there
    /// is a tenth of a second between two of them.
    ///
    /// Activities do not start [without a poll](Self::max_eager_activities) then. A high rate needs as many
    /// [pollers](Self::activity_pollers) as answers of the server in the time of one.
    pub fn max_activities_per_second(mut self, rate: f64) -> Self {
        self.options.max_activities_per_second = Some(rate);
        self
    }

    /// Activities of the task queue that the server hands out in a second, to all of its workers together; no limit
    /// by default. The last poll of any worker with a limit counts.
    ///
    /// Activities do not start [without a poll](Self::max_eager_activities) then.
    pub fn max_task_queue_activities_per_second(mut self, rate: f64) -> Self {
        self.options.max_task_queue_activities_per_second = Some(rate);
        self
    }

    /// Activities that one workflow task may start on this worker at once, 3 by default: the server hands them
    /// out in its answer to the task, and they need no poll. More of a task's activities go through the task
    /// queue, so that a large fan-out keeps no work from idle workers. With 0 all of them do.
    ///
    /// Only activities of the worker's own queue that it has registered are requested, and a slot is held for
    /// each. If the worker is lost, the server retries them as any other attempt.
    pub fn max_eager_activities(mut self, n: usize) -> Self {
        self.options.max_eager_activities = Some(n);
        self
    }

    /// Long polls for workflow tasks at a time, for each of the worker's two queues: up to a number, 5 by default,
    /// or [as many as the server advises](crate::worker::ScaledPollers). With a number, an idle worker holds one for
    /// each queue.
    pub fn workflow_pollers(mut self, n: impl IntoPollerLimit) -> Self {
        self.options.workflow_pollers = Some(n.into_poller_limit());
        self
    }

    /// Long polls for activities at a time: up to a number, 5 by default, or
    /// [as many as the server advises](crate::worker::ScaledPollers). With a number, an idle worker holds one.
    pub fn activity_pollers(mut self, n: impl IntoPollerLimit) -> Self {
        self.options.activity_pollers = Some(n.into_poller_limit());
        self
    }

    /// Gives this worker `n` threads of its own to run workflow code on. By default the workers of a
    /// process share one thread per core. Each run stays on one thread.
    pub fn executor_threads(mut self, n: usize) -> Self {
        self.options.executor_threads = Some(n);
        self
    }

    /// Undoes [`executor_threads`](Self::executor_threads).
    #[cfg(test)]
    pub(crate) fn shared_threads(mut self) -> Self {
        self.options.executor_threads = None;
        self
    }

    /// Threads that workflow code may block before the worker stops polling for workflow tasks; by
    /// default as many as it has executor threads.
    ///
    /// A run that blocks or computes past [`deadlock_timeout`](Self::deadlock_timeout) keeps its
    /// thread until its code returns, which may be never. The thread is replaced, so the other runs are
    /// not held up, but a loop keeps a core busy. Each such run costs one thread and one slot for
    /// workflow tasks: its later tasks fail on this worker without running its code again. A worker
    /// that has lost more threads than `n` logs an error, and resumes polling when one returns.
    pub fn max_lost_threads(mut self, n: usize) -> Self {
        self.options.max_lost_threads = Some(n);
        self
    }

    /// How long a task of a cached run waits for this worker before any other may take it and
    /// replay the run; 10 seconds by default.
    pub fn sticky_timeout(mut self, d: impl Span) -> Self {
        self.options.sticky_timeout = Some(d.into_duration());
        self
    }

    /// Who this worker is, for people who read histories; its client's identity by default.
    pub fn identity(mut self, identity: impl Text) -> Self {
        self.options.identity = Some(identity.into_text());
        self
    }

    /// Makes the worker part of a worker deployment, as a version of it that
    /// [`build_id`](Self::build_id) names.
    ///
    /// The server then gives tasks by version: new workflows to the deployment's current version (and
    /// to the ramping one, its share), and those of a running workflow as its
    /// [versioning](Versioning) says. Each workflow declares that,
    /// `#[workflow(versioning = "pinned")]` or `"auto_upgrade"`, or the worker has a
    /// [default](Self::default_versioning). A version receives no new workflows until it is made
    /// current or ramping (`temporal worker deployment set-current-version`).
    ///
    /// ```
    /// # use durably::prelude::*;
    /// # fn example(client: &Client) {
    /// let worker = Worker::new(client, "orders").deployment("orders").build_id("1.4.2");
    /// # }
    /// ```
    pub fn deployment(mut self, name: impl Text) -> Self {
        self.options.deployment = Some(name.into_text());
        self
    }

    /// Names the build that the worker runs, such as a version or a commit. Without a
    /// [`deployment`](Self::deployment) it is shown and routes nothing.
    pub fn build_id(mut self, id: impl Text) -> Self {
        self.options.build_id = Some(id.into_text());
        self
    }

    /// The versioning of workflows that declare none. Without it, a worker of a deployment with such
    /// workflows does not start.
    ///
    /// ```
    /// use durably::{prelude::*, worker::Versioning};
    ///
    /// # fn example(client: &Client) {
    /// let worker = Worker::new(client, "orders")
    ///     .deployment("orders")
    ///     .build_id("1.4.2")
    ///     .default_versioning(Versioning::AutoUpgrade);
    /// # }
    /// ```
    pub fn default_versioning(mut self, versioning: Versioning) -> Self {
        self.options.default_versioning = Some(versioning);
        self
    }

    /// How long running activities may take to end when the worker shuts down, 10 seconds by
    /// default. What still runs then is reported as failed, so that another worker tries it again:
    /// async bodies are dropped, and functions that block are not waited for. Local activities have five seconds: then
    /// the workflow task that waits for them is handed to another worker.
    pub fn shutdown_grace(mut self, d: impl Span) -> Self {
        self.options.shutdown_grace = Some(d.into_duration());
        self
    }

    /// How long the whole shutdown may take; no limit by default. Past it the worker ends as by
    /// [`WorkerHandle::shutdown_now`](crate::worker::WorkerHandle::shutdown_now): a value below the time after which
    /// an orchestrator kills the process leaves the server informed.
    pub fn shutdown_deadline(mut self, d: impl Span) -> Self {
        self.options.shutdown_deadline = Some(d.into_duration());
        self
    }

    /// The pause between two heartbeats of the worker, a minute by default; zero for none.
    ///
    /// With them the server knows its workers, their slots and their load (`temporal worker list`). They are sent if
    /// the namespace takes them.
    pub fn heartbeat_interval(mut self, d: impl Span) -> Self {
        self.options.heartbeat_interval = Some(d.into_duration());
        self
    }

    /// How long workflow code may keep its thread without a durable wait, 2 seconds by default.
    /// Then its task fails, with the place where it was seen last.
    ///
    /// The limit is on one activation, between two workflow tasks; the replay of a long history
    /// consists of many, and may take longer.
    pub fn deadlock_timeout(mut self, d: impl Span) -> Self {
        self.options.deadlock_timeout = Some(d.into_duration());
        self
    }
}
