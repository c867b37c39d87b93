//! Task queues of a namespace, by name.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use durably_history::{DeploymentVersion, Time};
use tokio::time::Instant;

use super::backlog::Placed;
use super::fairness::DispatchOrder;
use super::limits::Limits;
use super::matcher::Matcher;
use super::offer::Routed;
use super::poller::{Poller, Pollers};
use super::priority::{PriorityLevel, TaskPriority};
use super::queue::{Poll, Queue, QueueKind, Queued};
use super::rate::RateSource;
use super::shut_down_workers::ShutDownWorkers;
use super::sweep::Sweep;
use crate::deployment::Deployments;
use crate::queue_config::QueueLimits;

/// The queues of one namespace for one type of task.
#[derive(Debug)]
pub(crate) struct Queues<T> {
    named: RwLock<QueueMap<T>>,
    /// Dispatch order of shared queues; a worker's own queue is in the order of arrival, as on the real server.
    order: DispatchOrder,
    shut_down: ShutDownWorkers,
    /// The worker deployments of the namespace. Locked while a task is added to a queue, so that no task
    /// is added where a change has just taken the others away.
    deployments: Arc<RwLock<Deployments>>,
}

#[derive(Debug)]
struct QueueMap<T> {
    queues: HashMap<Arc<str>, Versions<T>>,
    /// Limits that clients have set, also for queues that are unused.
    configured: HashMap<Arc<str>, QueueLimits>,
    /// When unused queues are removed.
    sweep: Sweep,
    /// New queues are created closed.
    closed: bool,
}

/// The queues of one name: one for the workers of each version.
#[derive(Debug)]
struct Versions<T> {
    /// The queue of workers outside of deployments.
    unversioned: Arc<Queue<T>>,
    /// The limits that all of them share.
    limits: Arc<Mutex<Limits>>,
    versioned: BTreeMap<DeploymentVersion, Arc<Queue<T>>>,
}

impl<T> Versions<T> {
    fn get(&self, version: Option<&DeploymentVersion>) -> Option<&Arc<Queue<T>>> {
        match version {
            None => Some(&self.unversioned),
            Some(version) => self.versioned.get(version),
        }
    }

    fn all(&self) -> impl Iterator<Item = &Arc<Queue<T>>> {
        std::iter::once(&self.unversioned).chain(self.versioned.values())
    }

    fn limits(&self) -> MutexGuard<'_, Limits> {
        self.unversioned.limits()
    }
}

/// A queue as DescribeTaskQueue shows it.
#[derive(Debug, Default)]
pub(crate) struct Description {
    /// With the version of each.
    pub(crate) pollers: Vec<(Option<DeploymentVersion>, Poller)>,
    /// By priority; those that the queue has had.
    pub(crate) levels: BTreeMap<PriorityLevel, LevelStatistics>,
    /// Whether the rate limit has held tasks back lately.
    pub(crate) is_rate_limited: bool,
    /// Maximum rate in tasks a second, and who has set it; none for no limit.
    pub(crate) rate: Option<(f64, RateSource)>,
    /// The rate of its workers alone.
    pub(crate) polled_rate: Option<f64>,
}

/// The tasks of one priority.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LevelStatistics {
    pub(crate) backlog: usize,
    /// How long the oldest one has waited.
    pub(crate) age: Duration,
    /// Tasks a second that came.
    pub(crate) added: f64,
    /// Tasks a second that polls have received.
    pub(crate) dispatched: f64,
}

impl LevelStatistics {
    /// Those of both.
    pub(crate) fn merge(self, other: Self) -> Self {
        Self {
            backlog: self.backlog + other.backlog,
            age: self.age.max(other.age),
            added: self.added + other.added,
            dispatched: self.dispatched + other.dispatched,
        }
    }
}

impl Description {
    fn add(&mut self, level: PriorityLevel, statistics: LevelStatistics) {
        let all = self.levels.entry(level).or_default();
        *all = all.merge(statistics);
    }

    /// The tasks of all priorities.
    pub(crate) fn total(&self) -> LevelStatistics {
        let levels = self.levels.values().copied();
        levels.reduce(LevelStatistics::merge).unwrap_or_default()
    }
}

impl<T: Routed + Send> Queues<T> {
    pub(crate) fn new(order: DispatchOrder, deployments: Arc<RwLock<Deployments>>) -> Self {
        Self {
            order,
            named: RwLock::new(QueueMap {
                queues: HashMap::new(),
                configured: HashMap::new(),
                sweep: Sweep::new(FIRST_SWEEP),
                closed: false,
            }),
            shut_down: ShutDownWorkers::default(),
            deployments,
        }
    }

    /// Delivers a task to the longest waiting poll of the workers that may take it, or adds it to the
    /// backlog.
    pub(crate) fn offer(
        &self,
        queue: &Arc<str>,
        kind: QueueKind,
        priority: TaskPriority,
        task: T,
        now: Time,
    ) {
        let deployments = self.deployments.read();
        let deployments = deployments.unwrap_or_else(PoisonError::into_inner);
        let queue = self.queue_of(&deployments, queue, kind, &task, now);
        queue.offer(priority, task, now);
    }

    /// The queue that receives a task.
    fn queue_of(
        &self,
        deployments: &Deployments,
        name: &str,
        kind: QueueKind,
        task: &T,
        now: Time,
    ) -> Arc<Queue<T>> {
        let version = match kind {
            QueueKind::Normal => task.destination(name, deployments),
            QueueKind::Sticky => None,
        };
        match self.find(name, version.as_ref()) {
            Some(queue) => queue,
            None => self.create(name.into(), version.as_ref(), kind, now),
        }
    }

    /// Waits for a task until the deadline. Dropping the future loses no task.
    pub(crate) async fn poll(&self, poll: Poll<'_>, now: Time, deadline: Instant) -> Option<T> {
        let queue = match self.find(poll.queue, poll.version) {
            Some(queue) => queue,
            None => self.create(poll.queue.into(), poll.version, poll.kind, now),
        };
        let put_back = |task: Placed<Queued<T>>| {
            queue.return_tokens(&task.priority);
            match queue.is_shared() {
                true => self.put_back(&queue, poll.queue, task, now),
                false => queue.requeue(task),
            }
        };
        queue
            .poll(poll, &self.shut_down, &put_back, now, deadline)
            .await
    }

    /// Puts a task that was in a shared queue back into the one to which it belongs now.
    fn put_back(&self, from: &Arc<Queue<T>>, name: &str, task: Placed<Queued<T>>, now: Time) {
        let deployments = self.deployments.read();
        let deployments = deployments.unwrap_or_else(PoisonError::into_inner);
        let queue = self.queue_of(&deployments, name, QueueKind::Normal, &task.task.task, now);
        match Arc::ptr_eq(from, &queue) {
            true => queue.requeue(task),
            false => queue.add(task, now),
        }
    }

    /// A task that a poll has taken is stale: it counts for no limit.
    pub(crate) fn return_tokens(
        &self,
        queue: &str,
        version: Option<&DeploymentVersion>,
        priority: &TaskPriority,
    ) {
        if let Some(queue) = self.find(queue, version) {
            queue.return_tokens(priority);
        }
    }

    /// Replaces what a client has set for a queue, for workers of all versions together.
    pub(crate) fn configure(&self, queue: &str, limits: QueueLimits) {
        let queues: Vec<_> = {
            let mut named = self.named.write().unwrap_or_else(PoisonError::into_inner);
            if let Some(versions) = named.queues.get(queue) {
                versions.limits().configure(&limits, Instant::now());
            }
            named.configured.insert(queue.into(), limits);
            let versions = named.queues.get(queue).into_iter();
            versions.flat_map(Versions::all).cloned().collect()
        };
        for queue in queues {
            queue.notify_limits_change();
        }
    }

    /// Whether a poll of these workers waits for the queue or was seen within `span`.
    pub(crate) fn is_polled(
        &self,
        queue: &str,
        version: Option<&DeploymentVersion>,
        span: Duration,
        now: Time,
    ) -> bool {
        self.find(queue, version).is_some_and(|queue| {
            let state = queue.lock();
            state.tasks.waiting() > 0 || state.pollers.any_since(span, now)
        })
    }

    /// Moves the tasks that wait for workers of one version and belong to another one now, in the queues
    /// whose routing has changed. The caller has locked the deployments.
    pub(crate) fn redistribute(
        &self,
        deployments: &Deployments,
        has_changed: impl Fn(&str) -> bool,
        now: Time,
    ) {
        let queues: Vec<_> = {
            let named = self.named.read().unwrap_or_else(PoisonError::into_inner);
            let named = named.queues.iter();
            named
                .filter(|(name, _)| has_changed(name))
                .flat_map(|(name, versions)| {
                    let queues = versions.all().filter(|queue| queue.is_shared());
                    queues.map(|queue| (Arc::clone(name), Arc::clone(queue)))
                })
                .collect()
        };
        let mut tasks = Vec::new();
        for (name, queue) in queues {
            let mut state = queue.lock();
            while let Some(task) = state.take(Instant::now()) {
                tasks.push((Arc::clone(&name), task));
            }
        }
        // Those of several versions by age, as if they had waited in one queue.
        tasks.sort_by(|(one, first), (other, second)| {
            (one, first.place.number).cmp(&(other, second.place.number))
        });
        for (name, task) in tasks {
            let kind = QueueKind::Normal;
            let queue = self.queue_of(deployments, &name, kind, &task.task.task, now);
            queue.add(task, now);
        }
    }

    /// Ends the polls of a worker without a task: those that wait and those that arrive later.
    pub(crate) fn end_polls_of(&self, queue: &str, instance_key: &str) {
        self.shut_down.insert(instance_key);
        for (_, queue) in self.versions(queue) {
            let mut state = queue.lock();
            state
                .tasks
                .drain_waiters(|waiter| waiter.instance_key == instance_key);
        }
    }

    /// Empties the queue of a sticky worker that shuts down: ends its polls without a task and returns
    /// its tasks.
    pub(crate) fn drain(&self, queue: &str) -> Vec<T> {
        let Some(queue) = self.find(queue, None) else {
            return Vec::new();
        };
        let mut state = queue.lock();
        state.pollers = Pollers::default();
        state.tasks.drain_waiters(|_| true);
        std::iter::from_fn(|| state.take(Instant::now()))
            .map(|placed| placed.task.task)
            .collect()
    }

    /// Ends all polls and drops all tasks: the server stops, or the namespace is deleted.
    pub(crate) fn close(&self) {
        let queues = {
            let mut named = self.named.write().unwrap_or_else(PoisonError::into_inner);
            named.closed = true;
            std::mem::take(&mut named.queues)
        };
        // In an order, so that the end of a server with a seed can be repeated.
        let mut queues: Vec<_> = queues.into_iter().collect();
        queues.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        for (_, versions) in queues {
            for queue in versions.all() {
                // The tasks are dropped after the lock is released.
                let _gone = queue.lock().tasks.close();
            }
        }
    }

    /// Describes a queue, the workers of all versions together.
    pub(crate) fn describe(&self, queue: &str, now: Time) -> Description {
        let mut description = Description {
            rate: self.configured_rate(queue),
            ..Description::default()
        };
        for (version, queue) in self.versions(queue) {
            let mut state = queue.lock();
            let pollers = state.pollers.list(now).into_iter();
            let pollers = pollers.map(|poller| (version.clone(), poller));
            description.pollers.extend(pollers);
            for (level, backlog, heads) in state.tasks.levels() {
                let ages = heads.map(|head| now.since(head.since));
                let waits = LevelStatistics {
                    backlog,
                    age: ages.max().unwrap_or_default(),
                    ..LevelStatistics::default()
                };
                description.add(level, waits);
            }
            let at = Instant::now();
            description.is_rate_limited |= state.statistics.is_rate_limited(at);
            for (level, added, dispatched) in state.statistics.rates(at) {
                let rates = LevelStatistics {
                    added,
                    dispatched,
                    ..LevelStatistics::default()
                };
                description.add(level, rates);
            }
            let limits = queue.limits();
            description.rate = limits.rate.effective();
            description.polled_rate = limits.rate.polled();
        }
        description
    }

    /// The rate that a client has set for a queue, which nobody may have polled.
    fn configured_rate(&self, queue: &str) -> Option<(f64, RateSource)> {
        let named = self.named.read().unwrap_or_else(PoisonError::into_inner);
        let rate = named.configured.get(queue)?.per_second?;
        Some((rate, RateSource::Client))
    }

    /// Number of tasks in the backlog of a version's workers.
    pub(crate) fn backlog(&self, queue: &str, version: Option<&DeploymentVersion>) -> usize {
        self.find(queue, version)
            .map_or(0, |queue| queue.lock().tasks.backlog())
    }

    /// How many polls more, or fewer, a worker should have whose poll began then and takes a task now.
    pub(crate) fn advice(
        &self,
        queue: &str,
        version: Option<&DeploymentVersion>,
        began: Instant,
    ) -> Option<i32> {
        self.find(queue, version)?.advice(began)
    }

    fn find(&self, name: &str, version: Option<&DeploymentVersion>) -> Option<Arc<Queue<T>>> {
        let named = self.named.read().unwrap_or_else(PoisonError::into_inner);
        named.queues.get(name)?.get(version).cloned()
    }

    /// The queues of all versions.
    fn versions(&self, name: &str) -> Vec<(Option<DeploymentVersion>, Arc<Queue<T>>)> {
        let named = self.named.read().unwrap_or_else(PoisonError::into_inner);
        let Some(versions) = named.queues.get(name) else {
            return Vec::new();
        };
        let versioned = versions.versioned.iter();
        let versioned = versioned.map(|(version, queue)| (Some(version.clone()), queue));
        std::iter::once((None, &versions.unversioned))
            .chain(versioned)
            .map(|(version, queue)| (version, Arc::clone(queue)))
            .collect()
    }

    fn create(
        &self,
        name: Arc<str>,
        version: Option<&DeploymentVersion>,
        kind: QueueKind,
        now: Time,
    ) -> Arc<Queue<T>> {
        let mut named = self.named.write().unwrap_or_else(PoisonError::into_inner);
        if named.sweep.is_due(named.queues.len()) {
            named
                .queues
                .retain(|_, versions| versions.all().any(|queue| queue.is_in_use(now)));
            let len = named.queues.len();
            named.sweep.record(len);
        }
        let closed = named.closed;
        let order = match kind {
            QueueKind::Normal => self.order,
            QueueKind::Sticky => DispatchOrder::Arrival,
        };
        let queue = |limits: &Arc<Mutex<Limits>>| {
            let mut tasks = Matcher::new(order);
            if closed {
                tasks.close();
            }
            Arc::new(Queue::new(kind, tasks, Arc::clone(limits)))
        };
        let configured = named.configured.get(&name).cloned().unwrap_or_default();
        let versions = named.queues.entry(name).or_insert_with(|| {
            let limits = Limits::configured(&configured, Instant::now());
            let limits = Arc::new(Mutex::new(limits));
            Versions {
                unversioned: queue(&limits),
                limits,
                versioned: BTreeMap::new(),
            }
        });
        Arc::clone(match version {
            None => &versions.unversioned,
            Some(version) => {
                let limits = &versions.limits;
                let versioned = versions.versioned.entry(version.clone());
                versioned.or_insert_with(|| queue(limits))
            }
        })
    }
}

/// Number of queues below which unused ones are kept.
const FIRST_SWEEP: usize = 256;

#[cfg(test)]
mod tests {
    use durably_history::Route;

    use super::*;
    use crate::deployment::tests::UNUSED;
    use crate::deployment::{QueueType, RoutingRequest};

    impl Routed for u32 {
        fn destination(&self, _: &str, _: &Deployments) -> Option<DeploymentVersion> {
            None
        }
    }

    impl Routed for Arc<()> {
        fn destination(&self, _: &str, _: &Deployments) -> Option<DeploymentVersion> {
            None
        }
    }

    /// A task of a run.
    #[derive(Debug, PartialEq)]
    struct Task(u32, Route);

    impl Routed for Task {
        fn destination(&self, queue: &str, all: &Deployments) -> Option<DeploymentVersion> {
            all.destination(QueueType::Workflow, queue, &self.1, "workflow")
        }
    }

    const UNPINNED: Route = Route::Unpinned(None);

    fn version(build_id: &str) -> DeploymentVersion {
        DeploymentVersion {
            deployment: "orders".into(),
            build_id: build_id.into(),
        }
    }

    /// Makes a version current in the queue.
    fn set_current(queues: &Queues<Task>, build_id: &str) {
        let mut deployments = queues.deployments.write().unwrap();
        let (version, now) = (version(build_id), Time::default());
        let ty = QueueType::Workflow;
        let registered = deployments.register(&version, ty, "q", now, &UNUSED);
        registered.expect("there are few versions");
        let request = RoutingRequest {
            deployment: "orders",
            conflict_token: &[],
            identity: "client",
            allows_no_pollers: false,
            ignores_missing_queues: false,
            now,
        };
        let changed = deployments.set_current(build_id, request, &UNUSED);
        changed.expect("the version exists");
        queues.redistribute(&deployments, |_| true, now);
    }

    async fn poll(queues: &Queues<u32>, queue: &str) -> Option<u32> {
        let soon = Instant::now() + Duration::from_secs(5);
        queues.poll(by(queue), Time::default(), soon).await
    }

    fn by(queue: &str) -> Poll<'_> {
        Poll {
            queue,
            version: None,
            kind: QueueKind::Normal,
            identity: "worker",
            instance_key: "instance",
            rate: None,
        }
    }

    fn offer<T: Routed + Send>(queues: &Queues<T>, queue: &str, task: T) {
        queues.offer(
            &queue.into(),
            QueueKind::Normal,
            TaskPriority::default(),
            task,
            Time::default(),
        );
    }

    #[tokio::test]
    async fn a_task_reaches_the_poll_that_waits_for_it() {
        let queues = Arc::new(Queues::new(DispatchOrder::Arrival, Arc::default()));
        let waiting = tokio::spawn({
            let queues = Arc::clone(&queues);
            async move { poll(&queues, "q").await }
        });
        while !queues.is_polled("q", None, Duration::ZERO, Time::default()) {
            tokio::task::yield_now().await;
        }
        offer(&queues, "q", 7);
        assert_eq!(waiting.await.expect("the poll ends"), Some(7));
    }

    #[tokio::test]
    async fn queues_do_not_mix() {
        let queues = Queues::new(DispatchOrder::Arrival, Arc::default());
        offer(&queues, "a", 1);
        offer(&queues, "b", 2);
        assert_eq!(poll(&queues, "b").await, Some(2));
        assert_eq!(poll(&queues, "a").await, Some(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_poll_ends_empty_at_its_deadline() {
        let queues: Queues<u32> = Queues::new(DispatchOrder::Arrival, Arc::default());
        assert_eq!(poll(&queues, "q").await, None);
        offer(&queues, "q", 1);
        assert_eq!(queues.backlog("q", None), 1, "the waiter has left");
    }

    #[tokio::test]
    async fn a_cancelled_poll_loses_no_task() {
        let queues = Queues::new(DispatchOrder::Arrival, Arc::default());
        let mut cancelled = Box::pin(poll(&queues, "q"));
        let parked = futures_poll_once(&mut cancelled).await;
        assert!(parked.is_none());
        offer(&queues, "q", 1);
        offer(&queues, "q", 2);
        drop(cancelled);
        assert_eq!(poll(&queues, "q").await, Some(1), "it is first again");
        assert_eq!(poll(&queues, "q").await, Some(2));
    }

    #[tokio::test]
    async fn a_task_is_offered_again_when_its_poll_is_cancelled_as_it_arrives() {
        let queues = Queues::new(DispatchOrder::Arrival, Arc::default());
        let mut waiting = Box::pin(poll(&queues, "q"));
        assert!(futures_poll_once(&mut waiting).await.is_none());
        offer(&queues, "q", 1);
        offer(&queues, "q", 2);
        let mut late = Box::pin(poll(&queues, "q"));
        for cancelled in [&mut waiting, &mut late] {
            let handed = futures_poll_once(cancelled).await;
            assert!(handed.is_none(), "its connection can still cancel it");
        }
        assert_eq!(queues.backlog("q", None), 0, "each poll has a task");
        drop(late);
        drop(waiting);
        assert_eq!(poll(&queues, "q").await, Some(1));
        assert_eq!(poll(&queues, "q").await, Some(2));
    }

    #[tokio::test]
    async fn a_worker_that_shuts_down_is_answered_with_nothing() {
        let queues: Queues<u32> = Queues::new(DispatchOrder::Arrival, Arc::default());
        let mut waiting = Box::pin(poll(&queues, "q"));
        assert!(futures_poll_once(&mut waiting).await.is_none());
        queues.end_polls_of("q", "instance");
        assert_eq!(waiting.await, None);
        offer(&queues, "q", 1);
        assert_eq!(poll(&queues, "q").await, None, "it arrives too late");
        let another = Poll {
            instance_key: "another",
            ..by("q")
        };
        let soon = Instant::now() + Duration::from_secs(5);
        let task = queues.poll(another, Time::default(), soon).await;
        assert_eq!(task, Some(1), "it has the same identity");
    }

    #[tokio::test(start_paused = true)]
    async fn tasks_leave_at_the_rate_that_polls_ask_for() {
        let queues: Arc<Queues<u32>> =
            Arc::new(Queues::new(DispatchOrder::Arrival, Arc::default()));
        let begin = Instant::now();
        let polls: Vec<_> = (0..4)
            .map(|_| {
                let queues = Arc::clone(&queues);
                tokio::spawn(async move {
                    let poll = Poll {
                        rate: Some(1.0),
                        ..by("q")
                    };
                    let far = begin + Duration::from_secs(60);
                    let task = queues.poll(poll, Time::default(), far).await;
                    (task, begin.elapsed().as_secs())
                })
            })
            .collect();
        while queues
            .find("q", None)
            .is_none_or(|queue| queue.lock().tasks.waiting() < 4)
        {
            tokio::task::yield_now().await;
        }
        for task in 1..=4 {
            offer(&queues, "q", task);
        }
        let mut ended = Vec::new();
        for poll in polls {
            ended.push(poll.await.expect("the poll ends"));
        }
        ended.sort_unstable();
        let expected = [(Some(1), 0), (Some(2), 1), (Some(3), 2), (Some(4), 3)];
        assert_eq!(ended, expected);
    }

    #[tokio::test]
    async fn a_task_of_a_cancelled_poll_goes_where_the_routing_sends_it_meanwhile() {
        let queues: Queues<Task> = Queues::new(DispatchOrder::Arrival, Arc::default());
        let soon = Instant::now() + Duration::from_secs(5);
        let (one, two) = (version("1"), version("2"));
        let poll = |version| Poll {
            version: Some(version),
            ..by("q")
        };
        set_current(&queues, "1");
        let mut parked = Box::pin(queues.poll(poll(&one), Time::default(), soon));
        assert!(futures_poll_once(&mut parked).await.is_none());
        offer(&queues, "q", Task(1, UNPINNED));
        offer(&queues, "q", Task(2, UNPINNED));
        let mut handed = Box::pin(queues.poll(poll(&one), Time::default(), soon));
        assert!(futures_poll_once(&mut handed).await.is_none());
        assert_eq!(queues.backlog("q", Some(&one)), 0, "each poll has a task");
        set_current(&queues, "2");
        drop(handed);
        drop(parked);
        for task in [1, 2] {
            let taken = queues.poll(poll(&two), Time::default(), soon).await;
            assert_eq!(taken, Some(Task(task, UNPINNED)));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_rate_of_a_queue_limits_the_workers_of_all_versions_together() {
        let queues: Queues<Task> = Queues::new(DispatchOrder::Arrival, Arc::default());
        let begin = Instant::now();
        let far = begin + Duration::from_secs(60);
        let versions = [version("1"), version("2")];
        for task in 0..4 {
            let version = versions[task as usize % 2].clone();
            offer(&queues, "q", Task(task, Route::Pinned(version)));
        }
        let mut taken = Vec::new();
        for task in 0..4 {
            let poll = Poll {
                version: Some(&versions[task as usize % 2]),
                rate: Some(1.0),
                ..by("q")
            };
            let offered = queues.poll(poll, Time::default(), far).await;
            taken.push((offered.map(|task| task.0), begin.elapsed().as_secs()));
        }
        let expected = [(Some(0), 0), (Some(1), 1), (Some(2), 2), (Some(3), 3)];
        assert_eq!(taken, expected);
        let described = queues.describe("q", Time::default());
        assert_eq!(described.rate, Some((1.0, RateSource::Worker)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_poll_that_waits_takes_a_task_when_a_client_raises_the_rate() {
        let queues = Arc::new(Queues::<u32>::new(DispatchOrder::Arrival, Arc::default()));
        let limited = |rate| {
            let limits = QueueLimits {
                per_second: Some(rate),
                ..QueueLimits::default()
            };
            queues.configure("q", limits);
            queues.describe("q", Time::default()).rate
        };
        // Known before the queue is.
        assert_eq!(limited(0.0), Some((0.0, RateSource::Client)));
        offer(&queues, "q", 7);
        let waiting = tokio::spawn({
            let queues = Arc::clone(&queues);
            async move { poll(&queues, "q").await }
        });
        while !queues.is_polled("q", None, Duration::ZERO, Time::default()) {
            tokio::task::yield_now().await;
        }
        assert_eq!(limited(1.0), Some((1.0, RateSource::Client)));
        assert_eq!(waiting.await.expect("the poll ends"), Some(7));
        queues.configure("q", QueueLimits::default());
        assert_eq!(queues.describe("q", Time::default()).rate, None);
    }

    #[tokio::test(start_paused = true)]
    async fn queues_of_a_server_that_stops_end_their_polls_and_keep_no_task() {
        let queues: Queues<Arc<()>> = Queues::new(DispatchOrder::Arrival, Arc::default());
        let task = Arc::new(());
        offer(&queues, "q", Arc::clone(&task));
        queues.close();
        offer(&queues, "q", Arc::clone(&task));
        assert_eq!(Arc::strong_count(&task), 1);
        let begun = Instant::now();
        let far = begun + Duration::from_secs(60);
        let late = queues.poll(by("q"), Time::default(), far);
        assert_eq!(late.await, None);
        assert_eq!(begun.elapsed(), Duration::ZERO, "it does not wait");
    }

    #[tokio::test]
    async fn a_worker_is_there_while_it_works_on_what_it_waited_for() {
        let queues: Queues<u32> = Queues::new(DispatchOrder::Arrival, Arc::default());
        let mut waiting = Box::pin(poll(&queues, "q"));
        assert!(futures_poll_once(&mut waiting).await.is_none());
        let later = Time::default() + Duration::from_secs(60);
        queues.offer(
            &"q".into(),
            QueueKind::Normal,
            TaskPriority::default(),
            1,
            later,
        );
        assert_eq!(waiting.await, Some(1));
        assert!(queues.is_polled("q", None, Duration::from_secs(10), later));
    }

    #[tokio::test]
    async fn a_poller_is_listed() {
        let queues: Queues<u32> = Queues::new(DispatchOrder::Arrival, Arc::default());
        offer(&queues, "q", 1);
        poll(&queues, "q").await;
        let description = queues.describe("q", Time::default());
        let (version, poller) = &description.pollers[0];
        assert_eq!((version, &*poller.identity), (&None, "worker"));
        assert_eq!(description.total().backlog, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn tasks_that_wait_are_counted_by_priority_with_their_age() {
        let queues: Queues<u32> = Queues::new(DispatchOrder::Arrival, Arc::default());
        let (urgent, late) = (PriorityLevel::of(1), PriorityLevel::of(5));
        let at = |seconds| Time::default() + Duration::from_secs(seconds);
        let offer = |level, task, now| {
            let priority = TaskPriority {
                level,
                ..TaskPriority::default()
            };
            queues.offer(&"q".into(), QueueKind::Normal, priority, task, now);
        };
        offer(late, 1, at(0));
        offer(late, 2, at(10));
        offer(urgent, 3, at(20));
        let waits = |found: &Description, level| {
            let found = found.levels[&level];
            (found.backlog, found.age.as_secs())
        };
        let found = queues.describe("q", at(30));
        assert_eq!(
            (waits(&found, urgent), waits(&found, late)),
            ((1, 10), (2, 30))
        );
        let total = found.total();
        assert_eq!((total.backlog, total.age.as_secs()), (3, 30));

        // The poll of a task that is given up puts it back, as old as it was.
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(poll(&queues, "q").await, Some(3));
        {
            let mut given_up = Box::pin(poll(&queues, "q"));
            assert!(futures_poll_once(&mut given_up).await.is_none());
        }
        let found = queues.describe("q", at(40));
        assert_eq!(
            (waits(&found, urgent), waits(&found, late)),
            ((0, 0), (2, 40))
        );
        assert_eq!(found.levels[&urgent].added, 0.1);
        assert_eq!(found.levels[&urgent].dispatched, 0.1);
        assert!(!found.is_rate_limited);
    }

    /// Polls a future once: `None` while it waits.
    async fn futures_poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        std::future::poll_fn(|cx| {
            std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(cx) {
                std::task::Poll::Ready(output) => Some(output),
                std::task::Poll::Pending => None,
            })
        })
        .await
    }
}
