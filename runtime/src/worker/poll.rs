//! Long polls: one at rest, more while tasks come, none while the worker is full.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use durably_proto::api::workflowservice::v1::{
    PollActivityTaskQueueRequest, PollActivityTaskQueueResponse, PollWorkflowTaskQueueRequest,
    PollWorkflowTaskQueueResponse,
};
use tokio::sync::mpsc;
use tonic::{Code, Status};

use super::{
    activity_task,
    backoff::{Backoff, Outlook, outlook},
    shared::{Phase, Shared},
    slots::{Permit, Slots},
    workflow_task::intake,
};

/// The server answers an empty poll after a minute; past this the connection is taken for dead.
const POLL_TIMEOUT: Duration = Duration::from_secs(70);
/// The longest pause while the server is away.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A poll that came back without a task sooner than this was no long poll: pause before the next.
const LONG_ENOUGH: Duration = Duration::from_secs(1);

/// A queue this worker polls.
trait Source: Send + Sync + 'static {
    type Task: Send;

    /// For messages.
    const WHAT: &'static str;

    fn slots(shared: &Shared) -> &Slots;

    /// Resolves while the worker may take more of these tasks.
    fn may_poll(shared: &Shared) -> impl Future<Output = ()> + Send;

    /// One long poll; none if the server had no task for it.
    fn poll(
        &self,
        shared: &Shared,
    ) -> impl Future<Output = Result<Option<Self::Task>, Status>> + Send;

    /// Starts the work on a task.
    fn take(shared: &Arc<Shared>, task: Self::Task, permit: Permit);
}

/// The pollers of one queue.
struct Group<S> {
    shared: Arc<Shared>,
    source: S,
    most: usize,
    active: AtomicUsize,
    /// Held by each poller: the receiver ends when the last one has ended.
    alive: mpsc::Sender<()>,
}

/// Starts polling the queues the worker has something registered for. The receiver ends when the
/// last poll has ended.
pub(crate) fn start(shared: &Arc<Shared>) -> mpsc::Receiver<()> {
    let (alive, ended) = mpsc::channel(1);
    let options = &shared.options;
    if shared.registry.has_workflows() {
        let most = options.pollers_of_each_workflow_queue();
        let normal = WorkflowQueue { sticky: false };
        Group::start(shared, normal, most, alive.clone());
        if shared.caches() {
            let sticky = WorkflowQueue { sticky: true };
            Group::start(shared, sticky, most, alive.clone());
        }
    }
    if shared.registry.has_activities() {
        Group::start(shared, ActivityQueue, options.activity_pollers, alive);
    }
    ended
}

impl<S: Source> Group<S> {
    fn start(shared: &Arc<Shared>, source: S, most: usize, alive: mpsc::Sender<()>) {
        let group = Arc::new(Self {
            shared: Arc::clone(shared),
            source,
            most,
            active: AtomicUsize::new(1),
            alive,
        });
        let first = Arc::clone(&group);
        shared.net.spawn(async move { first.run().await });
    }

    async fn run(self: Arc<Self>) {
        let _alive = self.alive.clone();
        let shared = &self.shared;
        let mut backoff = Backoff::up_to(LONGEST_PAUSE);
        loop {
            let permit = tokio::select! {
                biased;
                () = shared.reached(Phase::Stopping) => break,
                permit = async {
                    S::may_poll(shared).await;
                    S::slots(shared).acquire().await
                } => permit,
            };
            let began = Instant::now();
            let polled = tokio::select! {
                biased;
                polled = self.source.poll(shared) => polled,
                () = shared.reached(Phase::PollsAbandoned) => break,
            };
            match polled {
                Ok(Some(task)) => {
                    shared.found();
                    backoff.reset();
                    self.grow();
                    S::take(shared, task, permit);
                    continue;
                }
                Ok(None) => {
                    shared.found();
                    if self.shrinks() {
                        return;
                    }
                }
                // The end of a long poll that the server, or a proxy, did not end itself.
                Err(status) if status.code() == Code::DeadlineExceeded => {}
                Err(status) if outlook(&status) == Outlook::Final => {
                    shared.refuse(status);
                    break;
                }
                Err(status) => shared.lost(S::WHAT, &status),
            }
            drop(permit);
            if began.elapsed() >= LONG_ENOUGH {
                backoff.reset();
                continue;
            }
            tokio::select! {
                () = shared.reached(Phase::Stopping) => break,
                () = shared.sleep(backoff.pause()) => {}
            }
        }
        self.active.fetch_sub(1, Ordering::Relaxed);
    }

    /// Tasks are coming: one more poller, up to the limit.
    fn grow(self: &Arc<Self>) {
        let wants =
            |active| (active < self.most && !self.shared.is_stopping()).then_some(active + 1);
        let (set, fetch) = (Ordering::Relaxed, Ordering::Relaxed);
        if self.active.fetch_update(set, fetch, wants).is_ok() {
            let another = Arc::clone(self);
            self.shared
                .net
                .spawn(async move { another.run_boxed().await });
        }
    }

    /// The queue is empty: all pollers but one end.
    fn shrinks(&self) -> bool {
        let spare = |active| (active > 1).then(|| active - 1);
        self.active
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, spare)
            .is_ok()
    }

    /// A poller may start another, so its future has to be named without itself.
    fn run_boxed(self: Arc<Self>) -> futures::future::BoxFuture<'static, ()> {
        Box::pin(self.run())
    }
}

/// The task queue, or the worker's own queue.
struct WorkflowQueue {
    sticky: bool,
}

impl Source for WorkflowQueue {
    type Task = Box<PollWorkflowTaskQueueResponse>;
    const WHAT: &'static str = "polling for workflow tasks";

    fn slots(shared: &Shared) -> &Slots {
        &shared.workflow_slots
    }

    async fn may_poll(shared: &Shared) {
        let limit = shared.options.max_lost_threads();
        shared.lost_threads.at_most(limit).await;
    }

    async fn poll(&self, shared: &Shared) -> Result<Option<Self::Task>, Status> {
        let task_queue = if self.sticky {
            shared.sticky_task_queue()
        } else {
            shared.normal_task_queue()
        };
        let request = PollWorkflowTaskQueueRequest {
            namespace: shared.namespace.clone(),
            task_queue: Some(task_queue),
            identity: shared.options.identity.clone(),
            worker_instance_key: shared.instance_key.clone(),
            ..Default::default()
        };
        let response = shared
            .rpc
            .poll_workflow_task_queue(request, POLL_TIMEOUT)
            .await?;
        Ok((!response.task_token.is_empty()).then(|| Box::new(response)))
    }

    fn take(shared: &Arc<Shared>, task: Self::Task, permit: Permit) {
        intake::take(shared, task, permit);
    }
}

/// The task queue's activities.
struct ActivityQueue;

impl Source for ActivityQueue {
    type Task = Box<PollActivityTaskQueueResponse>;
    const WHAT: &'static str = "polling for activity tasks";

    fn slots(shared: &Shared) -> &Slots {
        &shared.activity_slots
    }

    async fn may_poll(_: &Shared) {}

    async fn poll(&self, shared: &Shared) -> Result<Option<Self::Task>, Status> {
        let request = PollActivityTaskQueueRequest {
            namespace: shared.namespace.clone(),
            task_queue: Some(shared.normal_task_queue()),
            identity: shared.options.identity.clone(),
            worker_instance_key: shared.instance_key.clone(),
            ..Default::default()
        };
        let response = shared
            .rpc
            .poll_activity_task_queue(request, POLL_TIMEOUT)
            .await?;
        Ok((!response.task_token.is_empty()).then(|| Box::new(response)))
    }

    fn take(shared: &Arc<Shared>, task: Self::Task, permit: Permit) {
        activity_task::start(shared, task, permit);
    }
}
