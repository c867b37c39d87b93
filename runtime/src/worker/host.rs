//! One running worker: composes its parts, and starts and ends them in order.

use std::sync::{Arc, Weak};

use tokio::sync::{mpsc, watch};

use super::{
    activity_task::ActivityTasks,
    error::WorkerError,
    lifecycle::{Lifecycle, Phase},
    local_activity::LocalActivityTasks,
    options::Options,
    poll::{ActivityQueue, Pollers, WorkflowQueue},
    registry::Registry,
    server::Server,
    shutdown::Shutdown,
    workflow_task::WorkflowTasks,
};
use crate::{transport::eager_starts::FirstTasks, wire::deployment::WorkerBuild};

/// What a worker is made of before it polls.
pub(crate) struct Host {
    pub(crate) server: Arc<Server>,
    pub(crate) lifecycle: Arc<Lifecycle>,
    registry: Arc<Registry>,
    options: Options,
}

impl Host {
    pub(crate) fn new(
        server: Server,
        phase: Arc<watch::Sender<Phase>>,
        registry: Registry,
        options: Options,
    ) -> Self {
        Self {
            server: Arc::new(server),
            lifecycle: Arc::new(Lifecycle::new(phase)),
            registry: Arc::new(registry),
            options,
        }
    }

    /// Starts the parts, and the polls; returns what ends them.
    ///
    /// # Errors
    /// If the operating system refuses a thread.
    pub(crate) fn start(&self, polls_come_back: bool) -> Result<Shutdown, WorkerError> {
        let Self {
            server,
            lifecycle,
            registry,
            options,
        } = self;
        let activities = Arc::new(ActivityTasks::new(
            Arc::clone(server),
            Arc::clone(lifecycle),
            Arc::clone(registry),
            options.max_concurrent_activities,
        ));
        let local = Arc::new(LocalActivityTasks::new(
            Arc::clone(server),
            Arc::clone(lifecycle),
            Arc::clone(registry),
            options.max_concurrent_local_activities,
        ));
        let workflows =
            WorkflowTasks::new(server, lifecycle, registry, &activities, &local, options);
        let workflows = Arc::new(workflows.map_err(WorkerError::Thread)?);
        let first_tasks: Weak<dyn FirstTasks> = Arc::downgrade(&workflows) as _;
        // The server decides which version of a deployment receives a first task.
        if !matches!(server.identity.build, Some(WorkerBuild::Versioned(_))) {
            server.caller.eager_starts().add(first_tasks);
        }
        self.log_start();
        let (alive, polls_ended) = mpsc::channel(1);
        self.start_polls(&workflows, &activities, &alive);
        Ok(Shutdown {
            server: Arc::clone(server),
            lifecycle: Arc::clone(lifecycle),
            has_workflows: registry.has_workflows(),
            has_activities: registry.has_activities(),
            has_sticky_queue: self.has_sticky_queue(),
            grace: options.shutdown_grace,
            workflows,
            activities,
            local,
            polls_ended,
            polls_come_back,
        })
    }

    /// Starts polling the queues the worker has something registered for.
    fn start_polls(
        &self,
        workflows: &Arc<WorkflowTasks>,
        activities: &Arc<ActivityTasks>,
        alive: &mpsc::Sender<()>,
    ) {
        let workflow_queue = |sticky| Pollers {
            queue: WorkflowQueue {
                server: Arc::clone(&self.server),
                tasks: Arc::clone(workflows),
                sticky,
            },
            server: Arc::clone(&self.server),
            lifecycle: Arc::clone(&self.lifecycle),
            most: self.options.pollers_of_each_workflow_queue(),
            alive: alive.clone(),
        };
        if self.registry.has_workflows() {
            workflow_queue(false).start();
            if self.has_sticky_queue() {
                workflow_queue(true).start();
            }
        }
        if self.registry.has_activities() {
            let pollers = Pollers {
                queue: ActivityQueue {
                    server: Arc::clone(&self.server),
                    tasks: Arc::clone(activities),
                },
                server: Arc::clone(&self.server),
                lifecycle: Arc::clone(&self.lifecycle),
                most: self.options.activity_pollers,
                alive: alive.clone(),
            };
            pollers.start();
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
