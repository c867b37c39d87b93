//! One running worker: composes its parts, and starts and ends them in order.

use std::sync::{Arc, Weak};

use tokio::sync::mpsc;

use super::{
    activity_limits::ActivityLimits,
    activity_task::ActivityTasks,
    error::WorkerError,
    health::Health,
    lifecycle::{Lifecycle, Phase},
    local_activity::LocalActivityTasks,
    options::{Options, PollerLimit, SlotKind, SlotLimit},
    poll::{ActivityQueue, PollKind, Pollers, Polls, Queue, WorkflowQueue},
    rate::RateLimit,
    registry::Registry,
    server::Server,
    shutdown::Shutdown,
    slots::{Machine, Slots},
    worker_heartbeat::WorkerHeartbeats,
    workflow_task::WorkflowTasks,
};
use crate::{
    telemetry::metrics::WorkerType,
    transport::eager_starts::FirstTasks,
    wire::{deployment::WorkerBuild, namespace::Capabilities},
};

/// What a worker is made of before it polls.
pub(crate) struct Host {
    pub(crate) server: Arc<Server>,
    pub(crate) lifecycle: Arc<Lifecycle>,
    pub(crate) health: Arc<Health>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) options: Options,
    /// Decides about slots; none if all of them are numbers.
    pub(crate) machine: Option<Arc<Machine>>,
}

/// The parts that run tasks.
struct Parts {
    workflows: Arc<WorkflowTasks>,
    activities: Arc<ActivityTasks>,
    local: Arc<LocalActivityTasks>,
}

impl Host {
    /// Starts the parts, and the polls; returns what ends them.
    ///
    /// # Errors
    /// If the operating system refuses a thread.
    pub(crate) fn start(&self, namespace: Capabilities) -> Result<Shutdown, WorkerError> {
        let Self {
            server,
            lifecycle,
            registry,
            options,
            ..
        } = self;
        server
            .caller
            .check_sizes(options.sizes.in_namespace(namespace.limits));
        let parts = self.parts()?;
        let first_tasks: Weak<dyn FirstTasks> = Arc::downgrade(&parts.workflows) as _;
        // The server decides which version of a deployment receives a first task.
        if !matches!(server.identity.build, Some(WorkerBuild::Versioned(_))) {
            server.caller.eager_starts().add(first_tasks);
        }
        self.log_start();
        server.metrics.started();
        let (alive, polls_ended) = mpsc::channel(1);
        let polls = self.start_polls(&parts, namespace, &alive);
        let heartbeats = namespace.takes_worker_heartbeats && !options.heartbeat_interval.is_zero();
        let heartbeats = heartbeats.then(|| self.start_heartbeats(&parts, &polls));
        let workflows = Arc::clone(&parts.workflows);
        self.health.begin(polls, move || workflows.is_blocked());
        lifecycle.advance(Phase::Running);
        Ok(Shutdown {
            server: Arc::clone(server),
            lifecycle: Arc::clone(lifecycle),
            has_workflows: registry.has_workflows(),
            has_activities: registry.has_activities(),
            has_sticky_queue: self.has_sticky_queue(),
            grace: options.shutdown_grace,
            deadline: options.shutdown_deadline,
            workflows: parts.workflows,
            activities: parts.activities,
            local: parts.local,
            heartbeats,
            polls_ended,
            polls_come_back: namespace.ends_polls_on_shutdown,
        })
    }

    fn parts(&self) -> Result<Parts, WorkerError> {
        let Self {
            server,
            lifecycle,
            registry,
            options,
            ..
        } = self;
        let limits = Arc::new(ActivityLimits::new(&options.activity_limits));
        let activities = Arc::new(ActivityTasks::new(
            Arc::clone(server),
            Arc::clone(lifecycle),
            Arc::clone(registry),
            Arc::clone(&limits),
            self.slots(SlotKind::Activity, options.activity_slots),
        ));
        let local = Arc::new(LocalActivityTasks::new(
            Arc::clone(server),
            Arc::clone(lifecycle),
            Arc::clone(registry),
            limits,
            self.slots(SlotKind::LocalActivity, options.local_activity_slots),
        ));
        let slots = self.slots(SlotKind::WorkflowTask, options.workflow_slots);
        let workflows = WorkflowTasks::new(
            server,
            lifecycle,
            registry,
            &activities,
            &local,
            slots,
            options,
        );
        Ok(Parts {
            workflows: Arc::new(workflows.map_err(WorkerError::Thread)?),
            activities,
            local,
        })
    }

    fn slots(&self, kind: SlotKind, limit: SlotLimit) -> Slots {
        let metrics = self.server.metrics.slots(match kind {
            SlotKind::WorkflowTask => WorkerType::Workflow,
            SlotKind::Activity => WorkerType::Activity,
            SlotKind::LocalActivity => WorkerType::LocalActivity,
        });
        let slots = match (limit, &self.machine) {
            (SlotLimit::Fixed(total), _) => Slots::new(total),
            (SlotLimit::ByResources(slots), Some(machine)) => Slots::of_machine(
                kind.resolve(slots),
                self.options.resource_targets,
                Arc::clone(machine),
                self.server.timers.clone(),
                self.server.metrics.resources(),
            ),
            (SlotLimit::ByResources(_), None) => {
                unreachable!("a worker whose machine cannot be read does not start")
            }
        };
        slots.measured(metrics)
    }

    fn start_heartbeats(&self, parts: &Parts, polls: &[Arc<Polls>]) -> Arc<WorkerHeartbeats> {
        let Parts {
            workflows,
            activities,
            local,
        } = parts;
        let heartbeats = WorkerHeartbeats::new(&self.server, workflows, activities, local, polls);
        let heartbeats = Arc::new(heartbeats);
        let interval = self.options.heartbeat_interval;
        let running = Arc::clone(&heartbeats).run(Arc::clone(&self.lifecycle), interval);
        self.server.spawn(running);
        heartbeats
    }

    /// Starts polling the queues the worker has something registered for; returns what is known of the polls.
    fn start_polls(
        &self,
        parts: &Parts,
        namespace: Capabilities,
        alive: &mpsc::Sender<()>,
    ) -> Vec<Arc<Polls>> {
        let mut polls = Vec::new();
        if self.registry.has_workflows() {
            let slots = &parts.workflows.slots;
            let normal = self.workflow_queue(&parts.workflows, false, slots.clone());
            let limit = self.options.pollers_of_each_workflow_queue();
            let pollers = self.pollers(normal, PollKind::Workflows, limit, namespace, alive);
            polls.push(Arc::clone(&pollers.polls));
            pollers.start();
            if self.has_sticky_queue() {
                let slots = slots.for_another_holder();
                let sticky = self.workflow_queue(&parts.workflows, true, slots);
                let kind = PollKind::CachedWorkflows;
                let pollers = self.pollers(sticky, kind, limit, namespace, alive);
                polls.push(Arc::clone(&pollers.polls));
                pollers.start();
            }
        }
        if self.registry.has_activities() {
            let queue = ActivityQueue {
                server: Arc::clone(&self.server),
                tasks: Arc::clone(&parts.activities),
                rate: self.options.max_activities_per_second.map(RateLimit::new),
                max_per_second: self.options.max_task_queue_activities_per_second,
            };
            let limit = self.options.activity_pollers;
            let pollers = self.pollers(queue, PollKind::Activities, limit, namespace, alive);
            polls.push(Arc::clone(&pollers.polls));
            pollers.start();
        }
        polls
    }

    fn workflow_queue(
        &self,
        tasks: &Arc<WorkflowTasks>,
        sticky: bool,
        slots: Slots,
    ) -> WorkflowQueue {
        WorkflowQueue {
            server: Arc::clone(&self.server),
            tasks: Arc::clone(tasks),
            sticky,
            slots,
        }
    }

    fn pollers<Q: Queue>(
        &self,
        queue: Q,
        kind: PollKind,
        limit: PollerLimit,
        namespace: Capabilities,
        alive: &mpsc::Sender<()>,
    ) -> Pollers<Q> {
        Pollers {
            queue,
            server: Arc::clone(&self.server),
            lifecycle: Arc::clone(&self.lifecycle),
            polls: Arc::new(Polls::new(kind, limit, &self.server.metrics)),
            limit,
            gives_advice: namespace.advises_pollers,
            _alive: alive.clone(),
        }
    }

    /// Whether the worker caches runs, so that their tasks come to a queue that only it polls.
    fn has_sticky_queue(&self) -> bool {
        self.registry.has_workflows() && self.options.max_cached_workflows > 0
    }

    /// Logs what the worker polls for. A run that makes no progress may wait for another queue, namespace
    /// or type.
    fn log_start(&self) {
        tracing::info!(
            task_queue = self.server.identity.task_queue,
            namespace = self.server.identity.namespace,
            workflows = %self.registry.workflow_names(),
            activities = %self.registry.activity_names(),
            "worker started"
        );
    }
}
