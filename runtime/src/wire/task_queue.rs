//! Descriptions of task queues.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use durably_proto::api::{
    enums::v1::{self as enums, TaskQueueType},
    taskqueue::v1 as proto,
    workflowservice::v1::{self as pb, describe_task_queue_response::EffectiveRateLimit},
};

use super::{
    WireError, command,
    deployment::DeploymentVersion,
    request::{Request, Sender},
    routing::Ramp,
    time::{instant, span},
};

/// What the server knows of a task queue.
///
/// ```no_run
/// use durably::{client::TaskQueueDescription, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let orders: TaskQueueDescription = client.task_queue("orders").describe().await?;
/// for poller in &orders.activities.pollers {
///     println!("{} polled at {:?}", poller.identity, poller.last_poll);
/// }
/// if let Some(waiting) = orders.activities.tasks {
///     println!("{} activities wait, the oldest one for {:?}", waiting.backlog, waiting.backlog_age);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TaskQueueDescription {
    /// Its name.
    pub name: String,
    /// Its workflow tasks, without those of runs that a worker has cached, and their pollers.
    pub workflow_tasks: TaskQueueState,
    /// Its activities, and their pollers.
    pub activities: TaskQueueState,
}

/// The tasks of one kind in a task queue: who takes them, and how many wait.
///
/// ```no_run
/// use durably::{client::TaskQueueState, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let activities: TaskQueueState = client.task_queue("orders").describe().await?.activities;
/// if activities.pollers.is_empty() {
///     println!("no worker");
/// } else if activities.tasks.is_some_and(|tasks| tasks.add_rate > tasks.dispatch_rate) {
///     println!("too few workers, or a limit: {:?}", activities.rate_limit);
/// }
/// println!("{:?}, {:?}", activities.config, activities.current);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TaskQueueState {
    /// The workers that have polled within the last minutes.
    pub pollers: Vec<Poller>,
    /// All tasks; none from a server that does not report them.
    pub tasks: Option<TaskStatistics>,
    /// The tasks of each priority key that was in use; empty from a server that does not report them.
    pub priorities: BTreeMap<u32, TaskStatistics>,
    /// The limit that holds; none from a server that reports none.
    pub rate_limit: Option<RateLimit>,
    /// What clients have set.
    pub config: TaskQueueConfig,
    /// The version on which new workflows start; none for workers outside of deployments.
    pub current: Option<DeploymentVersion>,
    /// A share of the new workflows starts on another version, or on unversioned workers.
    pub ramping: Option<Ramp>,
}

/// A worker that polls a task queue.
///
/// ```no_run
/// use durably::{client::Poller, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let pollers: Vec<Poller> = client.task_queue("orders").describe().await?.workflow_tasks.pollers;
/// for poller in pollers {
///     println!("{} {:?} {:?}", poller.identity, poller.version, poller.last_poll);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Poller {
    /// The identity of the worker.
    pub identity: String,
    /// When it last polled.
    pub last_poll: Option<SystemTime>,
    /// The limit of the queue that it has sent, in tasks a second; none if it has sent none.
    pub rate_limit: Option<f64>,
    /// Its version of a worker deployment, if it is in one.
    pub version: Option<DeploymentVersion>,
}

/// How many tasks wait, come and go. Servers count approximately.
///
/// ```no_run
/// use durably::{client::TaskStatistics, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let orders = client.task_queue("orders").describe().await?;
/// let urgent: Option<&TaskStatistics> = orders.activities.priorities.get(&1);
/// println!("{:?} urgent ones wait", urgent.map(|tasks| tasks.backlog));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct TaskStatistics {
    /// How many wait for a worker.
    pub backlog: u64,
    /// How long the oldest one has waited.
    pub backlog_age: Duration,
    /// How many come in a second, over the last half minute. Tasks that a worker has without a poll do not count.
    pub add_rate: f32,
    /// How many workers take in a second, over the last half minute.
    pub dispatch_rate: f32,
    /// Whether a rate limit has held tasks back within the last half minute: more workers would not help.
    pub is_rate_limited: bool,
}

/// A limit of the rate at which tasks are handed out.
///
/// ```no_run
/// use durably::{client::{RateLimit, RateLimitSource}, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let limit: Option<RateLimit> = client.task_queue("orders").describe().await?.activities.rate_limit;
/// if let Some(limit) = limit.filter(|limit| limit.source == RateLimitSource::Worker) {
///     println!("the workers want {} a second at most", limit.per_second);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct RateLimit {
    /// In tasks a second.
    pub per_second: f32,
    /// Where it comes from.
    pub source: RateLimitSource,
}

/// Where a rate limit comes from.
///
/// ```
/// use durably::client::RateLimitSource;
///
/// fn can_be_changed(source: RateLimitSource) -> bool {
///     source != RateLimitSource::System
/// }
/// assert!(can_be_changed(RateLimitSource::Client));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RateLimitSource {
    /// A client has set it for the queue.
    Client,
    /// The workers' [`max_task_queue_activities_per_second`](crate::Worker::max_task_queue_activities_per_second).
    Worker,
    /// The server's default.
    System,
    /// A source this version does not know.
    Unknown,
}

/// What clients have set for the tasks of one kind in a task queue: `temporal task-queue config set`.
///
/// ```no_run
/// use durably::{client::TaskQueueConfig, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let config: TaskQueueConfig = client.task_queue("orders").describe().await?.activities.config;
/// println!("{:?}, {:?}", config.rate_limit, config.fairness_weights.get("acme"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TaskQueueConfig {
    /// The limit of the queue.
    pub rate_limit: Option<ConfiguredRateLimit>,
    /// The limit of each fairness key.
    pub fairness_key_rate_limit: Option<ConfiguredRateLimit>,
    /// The weights of fairness keys, in place of those of the tasks.
    pub fairness_weights: BTreeMap<String, f32>,
}

/// A limit that a client has set.
///
/// ```no_run
/// use durably::{client::ConfiguredRateLimit, prelude::*};
///
/// # async fn example(client: Client) -> Result<()> {
/// let found = client.task_queue("orders").describe().await?.activities;
/// let limit: Option<ConfiguredRateLimit> = found.config.rate_limit;
/// if let Some(limit) = limit {
///     println!("{:?} a second since {:?}: {}", limit.per_second, limit.time, limit.reason);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ConfiguredRateLimit {
    /// In tasks a second; none if the limit was removed.
    pub per_second: Option<f32>,
    /// Why, for people.
    pub reason: String,
    /// The identity of the client.
    pub identity: String,
    /// When.
    pub time: Option<SystemTime>,
}

/// The kind of tasks that are described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskKind {
    Workflow,
    Activity,
}

/// Describes the tasks of one kind in a queue.
#[derive(Clone, Debug)]
pub(crate) struct DescribeTaskQueue {
    pub(crate) name: String,
    pub(crate) kind: TaskKind,
}

impl Request for DescribeTaskQueue {
    type Message = pb::DescribeTaskQueueRequest;
    type Reply = pb::DescribeTaskQueueResponse;
    type Response = TaskQueueState;

    fn into_message(self, sender: Sender<'_>) -> Self::Message {
        let kind = match self.kind {
            TaskKind::Workflow => TaskQueueType::Workflow,
            TaskKind::Activity => TaskQueueType::Activity,
        };
        pb::DescribeTaskQueueRequest {
            namespace: sender.namespace(),
            task_queue: Some(command::task_queue(self.name)),
            task_queue_type: kind.into(),
            report_stats: true,
            report_config: true,
            ..Default::default()
        }
    }

    fn read(reply: Self::Reply) -> Result<TaskQueueState, WireError> {
        let versioning = reply.versioning_info.unwrap_or_default();
        let ramping = DeploymentVersion::from_proto(versioning.ramping_deployment_version);
        let percent = versioning.ramping_version_percentage;
        let priorities = reply.stats_by_priority_key.into_iter();
        let priorities = priorities
            .filter_map(|(key, stats)| Some((u32::try_from(key).ok()?, statistics(stats))));
        Ok(TaskQueueState {
            pollers: reply.pollers.into_iter().map(poller).collect(),
            tasks: reply.stats.map(statistics),
            priorities: priorities.collect(),
            rate_limit: reply.effective_rate_limit.map(rate_limit),
            config: reply.config.map(config).unwrap_or_default(),
            current: DeploymentVersion::from_proto(versioning.current_deployment_version),
            ramping: (ramping.is_some() || percent > 0.0).then_some(Ramp {
                version: ramping,
                percent,
            }),
        })
    }
}

fn poller(poller: proto::PollerInfo) -> Poller {
    let options = poller.deployment_options.unwrap_or_default();
    let is_versioned = options.worker_versioning_mode() == enums::WorkerVersioningMode::Versioned;
    Poller {
        identity: poller.identity,
        last_poll: poller.last_access_time.and_then(instant),
        rate_limit: (poller.rate_per_second < UNLIMITED_RATE).then_some(poller.rate_per_second),
        version: is_versioned.then_some(DeploymentVersion {
            deployment: options.deployment_name,
            build_id: options.build_id,
        }),
    }
}

/// What servers report as the rate of a poller that has sent no limit.
const UNLIMITED_RATE: f64 = 100_000.0;

fn statistics(stats: proto::TaskQueueStats) -> TaskStatistics {
    TaskStatistics {
        backlog: u64::try_from(stats.approximate_backlog_count).unwrap_or_default(),
        backlog_age: stats.approximate_backlog_age.map(span).unwrap_or_default(),
        add_rate: stats.tasks_add_rate,
        dispatch_rate: stats.tasks_dispatch_rate,
        is_rate_limited: stats.rate_limiting_active,
    }
}

fn rate_limit(limit: EffectiveRateLimit) -> RateLimit {
    RateLimit {
        per_second: limit.requests_per_second,
        source: match limit.rate_limit_source() {
            enums::RateLimitSource::Api => RateLimitSource::Client,
            enums::RateLimitSource::Worker => RateLimitSource::Worker,
            enums::RateLimitSource::System => RateLimitSource::System,
            enums::RateLimitSource::Unspecified => RateLimitSource::Unknown,
        },
    }
}

fn config(config: proto::TaskQueueConfig) -> TaskQueueConfig {
    TaskQueueConfig {
        rate_limit: config.queue_rate_limit.map(configured),
        fairness_key_rate_limit: config.fairness_keys_rate_limit_default.map(configured),
        fairness_weights: config.fairness_weight_overrides.into_iter().collect(),
    }
}

fn configured(limit: proto::RateLimitConfig) -> ConfiguredRateLimit {
    let metadata = limit.metadata.unwrap_or_default();
    ConfiguredRateLimit {
        per_second: limit.rate_limit.map(|limit| limit.requests_per_second),
        reason: metadata.reason,
        identity: metadata.update_identity,
        time: metadata.update_time.and_then(instant),
    }
}
