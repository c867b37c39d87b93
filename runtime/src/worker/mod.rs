//! Workers: they poll a task queue and run workflows and activities.
//!
//! - [`Worker`] has what is registered, and the options.
//! - [`WorkerGuard`] is a worker that runs in the background; [`WorkerHandle`] shuts one down from
//!   elsewhere.
//! - [`WorkerError`] is why a worker could not start.
//!
//! ```no_run
//! use durably::prelude::*;
//! # #[activity(start_to_close = "10s")]
//! # async fn greet(name: String) -> String {
//! #     format!("Hello, {name}!")
//! # }
//! # #[derive(Default)]
//! # struct Greeting;
//! # #[workflow]
//! # impl Greeting {
//! #     #[run]
//! #     async fn run(&mut self, ctx: &Ctx, name: String) -> Result<String> {
//! #         Ok(greet::call(ctx, name).await?)
//! #     }
//! # }
//!
//! # async fn example() -> Result<()> {
//! let client = Client::connect("localhost:7233").await?;
//! let worker = Worker::new(&client, "greetings")
//!     .workflow::<Greeting>()
//!     .activity::<greet>()
//!     .spawn()
//!     .await?;
//! println!("{}", Greeting::start(&client, "Bob").task_queue("greetings").result().await?);
//! worker.shutdown().await
//! # }
//! ```

// What a worker does with a task:
//
// poll ──> intake ──> executor (a thread: decode, driver, encode) ──> answer ──> server
//   │         ^── history ──'                                          │
//   '──> activity ──> server            <── eager activities, next task ┘

mod activity_limits;
mod activity_task;
mod error;
mod handle;
mod health;
#[cfg(feature = "health")]
mod health_endpoint;
mod host;
mod identity;
mod lifecycle;
mod local_activity;
mod options;
mod poll;
mod rate;
pub(crate) mod registry;
mod running;
mod server;
mod shutdown;
mod signals;
mod slots;
mod timers;
mod worker_heartbeat;
mod workflow_task;

#[cfg(test)]
mod tests;

use std::{future::Future, io, pin::pin, sync::Arc};

#[cfg(feature = "health")]
pub use self::health_endpoint::{HealthEndpoint, HealthEndpointError};
#[cfg(feature = "simulation")]
pub(crate) use self::workflow_task::FailureReport;
pub use self::{
    error::WorkerError,
    handle::{WorkerGuard, WorkerHandle},
    health::{WorkerHealth, WorkerState},
    options::{
        IntoPollerLimit, IntoSlotLimit, PollerLimit, ResourceSlots, ResourceTargets, ScaledPollers,
        SlotLimit, WorkerOptions,
    },
    poll::{PollKind, PollStatus},
};
use self::{
    health::Health,
    host::Host,
    identity::Identity,
    lifecycle::{EndOnDrop, Lifecycle, Phase},
    options::Options,
    registry::Registry,
    running::Working,
    server::Server,
    signals::stop_requested,
    slots::Machine,
    timers::Timers,
};
pub use crate::wire::deployment::{DeploymentBuild, DeploymentVersion, Versioning};
use crate::{
    client::Client,
    data::Text,
    definition::{ActivitySet, FreeActivity, Workflow},
    error::Result,
    interceptor::{ActivityInterceptor, WorkflowInterceptor},
    transport::caller::Caller,
    wire::namespace::Capabilities,
};

/// Polls one task queue, and runs its workflows and activities.
///
/// What it cannot return to a caller (a workflow task failed, the server is unreachable) it logs through
/// `tracing`; while no subscriber is installed, warnings and errors go to standard error.
///
/// ```no_run
/// # use durably::prelude::*;
/// # #[activity(start_to_close = "10s")]
/// # async fn greet(name: String) -> String { format!("Hello, {name}!") }
/// # #[derive(Default)] struct Greeting;
/// # #[workflow] impl Greeting {
/// #     #[run] async fn run(&mut self, ctx: &Ctx, name: String) -> Result<String> {
/// #         Ok(greet::call(ctx, name).await?)
/// #     }
/// # }
/// # async fn start() -> Result<()> {
/// let client = Client::connect("http://localhost:7233").await?;
/// Worker::new(&client, "greetings")
///     .workflow::<Greeting>()
///     .activity::<greet>()
///     .run()
///     .await
/// # }
/// ```
///
/// All options:
/// ```no_run
/// # use durably::{prelude::*, worker::{ResourceSlots, ResourceTargets, ScaledPollers}};
/// # async fn example(client: Client) -> Result<()> {
/// let worker = Worker::new(&client, "greetings")
///     .max_cached_workflows(10_000)
///     .max_concurrent_workflow_tasks(100)
///     .max_concurrent_activities(ResourceSlots::new().min(5).max(300))
///     .resource_targets(ResourceTargets::new().memory(0.7).cpu(0.8))
///     .activity_limit("greet", 10)
///     .max_activities_per_second(50.0)
///     .max_task_queue_activities_per_second(200.0)
///     .max_eager_activities(3)
///     .max_concurrent_local_activities(50)
///     .workflow_pollers(4)
///     .activity_pollers(ScaledPollers::new().max(20))
///     .executor_threads(2)
///     .max_lost_threads(1)
///     .sticky_timeout(secs(10))
///     .deadlock_timeout(secs(2))
///     .identity("greeter-1")
///     .shutdown_grace(secs(20))
///     .shutdown_deadline(secs(25))
///     .heartbeat_interval(secs(30))
///     .spawn()
///     .await?;
/// let handle = worker.handle();
/// handle.shutdown();
/// # Ok(())
/// # }
/// ```
#[must_use = "a worker does nothing until it runs"]
pub struct Worker {
    caller: Caller,
    task_queue: String,
    options: WorkerOptions,
    registry: Registry,
    lifecycle: Arc<Lifecycle>,
    health: Arc<Health>,
}

impl Worker {
    /// A worker for `task_queue`, with nothing registered.
    pub fn new(client: &Client, task_queue: impl Text) -> Self {
        let mut worker = Self::on(client.caller().clone(), task_queue.into_text());
        worker.registry.converter = client.converter().clone();
        worker
    }

    fn on(caller: Caller, task_queue: String) -> Self {
        Self {
            task_queue,
            options: WorkerOptions::default(),
            registry: Registry::default(),
            lifecycle: Arc::default(),
            health: Arc::default(),
            caller,
        }
    }

    // rustc quotes the first lines of these where they are called in another way, hence the comments
    // in them.

    /// Registers a workflow type.
    pub fn workflow<W: Workflow>(mut self) -> Self /* by its type: `.workflow::<Greeting>()` */ {
        self.registry.add_workflow::<W>();
        self
    }

    /// Registers an activity function.
    pub fn activity<A: FreeActivity>(mut self) -> Self /* by its type: `.activity::<greet>()` */ {
        self.registry.add_function::<A>();
        self
    }

    /// Registers the activities of a value.
    ///
    /// ```
    /// use durably::prelude::*;
    ///
    /// struct Shop {
    ///     currency: String,
    /// }
    ///
    /// #[activities]
    /// impl Shop {
    ///     #[activity(start_to_close = "10s")]
    ///     async fn price(&self, cents: u64) -> String {
    ///         format!("{cents} {}", self.currency)
    ///     }
    /// }
    ///
    /// # fn example(client: &Client) {
    /// let worker = Worker::new(client, "shop").activities(Shop { currency: "EUR".to_owned() });
    /// # }
    /// ```
    pub fn activities<S: ActivitySet>(mut self, set: S) -> Self /* by value: `.activities(shop)` */
    {
        self.registry.add_set(set);
        self
    }

    /// Adds an interceptor of workflows: code around what workflows receive and what they request. The first one
    /// added is the outermost. See [`interceptor`](crate::interceptor).
    ///
    /// ```
    /// # use durably::{interceptor::WorkflowInterceptor, prelude::*};
    /// # fn example(client: &Client, tenant: impl WorkflowInterceptor) {
    /// let worker = Worker::new(client, "orders").workflow_interceptor(tenant);
    /// # }
    /// ```
    pub fn workflow_interceptor(mut self, interceptor: impl WorkflowInterceptor) -> Self /* with an `impl WorkflowInterceptor` */
    {
        let all = &mut self.registry.workflow_interceptors;
        *all = all.with(interceptor);
        self
    }

    /// Adds an interceptor of activities: code around each attempt. The first one added is the outermost. See
    /// [`interceptor`](crate::interceptor).
    ///
    /// ```
    /// # use durably::{interceptor::ActivityInterceptor, prelude::*};
    /// # fn example(client: &Client, authorize: impl ActivityInterceptor) {
    /// let worker = Worker::new(client, "orders").activity_interceptor(authorize);
    /// # }
    /// ```
    pub fn activity_interceptor(mut self, interceptor: impl ActivityInterceptor) -> Self /* with an `impl ActivityInterceptor` */
    {
        let all = &mut self.registry.activity_interceptors;
        *all = all.with(interceptor);
        self
    }

    /// Adds a layer of [`tower`](https://docs.rs/tower) around each attempt of an activity: a timeout, a limit, a
    /// check of the service's own (feature `tower`). It is an interceptor in the order of the others. The service that
    /// the layer makes is cloned for each attempt; its error fails the attempt.
    ///
    /// ```
    /// # use durably::prelude::*;
    /// # use durably::interceptor::ActivityService;
    /// # use tower_layer::Identity;
    /// # fn example(client: &Client) {
    /// # let layer = Identity::new();
    /// // `layer` may be a `tower::timeout::TimeoutLayer`, or what a `tower::ServiceBuilder` has built.
    /// let worker = Worker::new(client, "orders").activity_layer(layer);
    /// # }
    /// ```
    #[cfg(feature = "tower")]
    pub fn activity_layer<L, S>(self, layer: L) -> Self
    where
        L: tower_layer::Layer<crate::interceptor::ActivityService, Service = S>,
        S: tower_service::Service<
                crate::interceptor::ReceivedActivity,
                Response = crate::interceptor::Output,
                Error: Into<Box<dyn std::error::Error + Send + Sync>>,
                Future: Send,
            > + Clone
            + Send
            + 'static,
    {
        self.activity_interceptor(crate::interceptor::Layered::new(&layer))
    }

    /// A handle that shuts the worker down while it runs, and knows its health.
    pub fn handle(&self) -> WorkerHandle {
        WorkerHandle {
            task_queue: self.task_queue.as_str().into(),
            lifecycle: Arc::clone(&self.lifecycle),
            health: Arc::clone(&self.health),
        }
    }

    /// Runs until the process receives ctrl-c or SIGTERM, or [`WorkerHandle::shutdown`] is called; then
    /// shuts down in order: no new tasks are polled, running ones complete, activities are cancelled and
    /// waited for. A second signal ends the worker at once, as
    /// [`WorkerHandle::shutdown_now`](WorkerHandle::shutdown_now) does.
    ///
    /// It retries while the server is unreachable. A workflow task that fails is tried again, with pauses
    /// of up to eight seconds during which this worker withholds the answer; a shutdown sends it at once,
    /// and a process that is killed leaves the task to its timeout at the server, which grows with the
    /// attempts (see ["When nothing happens"](crate::guide#when-nothing-happens)).
    ///
    /// # Errors
    /// [`WorkerError`]: registrations or options that cannot work, or a server that rejects its polls, for
    /// instance because the namespace does not exist.
    ///
    /// # Cancellation
    /// Dropping the future (`tokio::select!`) shuts the worker down in the same order, in the
    /// background: the server is informed at once, so that cached runs move to other workers, and
    /// running activities have the [grace](Self::shutdown_grace) to end and are reported. What
    /// remains when the process or the caller's runtime ends first is retried by the server when it
    /// times out; to wait for the end, call [`WorkerHandle::shutdown`] and await the future.
    pub async fn run(self) -> Result<()> {
        self.work(stop_requested(), stop_requested()).await
    }

    /// Runs until `future` is ready, then shuts down in order, and returns what the future has returned. It handles
    /// no signals of the process.
    ///
    /// The future begins with the worker. Workflows that it starts are run as soon as the worker polls.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # #[derive(Default)] struct Greeting;
    /// # #[workflow] impl Greeting {
    /// #     #[run] async fn run(&mut self, name: String) -> String { name }
    /// # }
    /// # async fn example(client: Client) -> Result<()> {
    /// let greeting = Worker::new(&client, "greetings")
    ///     .workflow::<Greeting>()
    ///     .run_until(async {
    ///         Greeting::start(&client, "Bob").task_queue("greetings").result().await
    ///     })
    ///     .await??;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`run`](Self::run), and [`WorkerError::Stopped`] if the worker is shut down through its
    /// [handle](Self::handle) before the future is ready. The future is dropped then.
    pub async fn run_until<F: Future>(self, future: F) -> Result<F::Output> {
        let task_queue = self.task_queue.clone();
        let mut output = None;
        let ready = async { output = Some(future.await) };
        self.work(ready, std::future::pending()).await?;
        output.ok_or_else(|| WorkerError::Stopped { task_queue }.into())
    }

    /// Runs in the background until the guard is shut down or dropped. It handles no signals of the
    /// process.
    ///
    /// # Errors
    /// As [`run`](Self::run), as far as they show before the first poll.
    pub async fn spawn(self) -> Result<WorkerGuard> {
        let handle = self.handle();
        // Begun here, so that starts of this program can count on the worker as soon as this returns.
        let working = self.begin(std::future::pending()).await?;
        let running = tokio::spawn(async move {
            let never = std::future::pending;
            match working {
                Some(working) => working.until(never(), never()).await,
                None => Ok(()),
            }
        });
        Ok(WorkerGuard {
            handle,
            running: Some(running),
        })
    }

    /// Works until a stop is requested; ends at once if it is requested again.
    async fn work(
        self,
        stop: impl Future<Output = ()>,
        stop_now: impl Future<Output = ()>,
    ) -> Result<()> {
        let mut stop = pin!(stop);
        match self.begin(stop.as_mut()).await? {
            Some(working) => working.until(stop, stop_now).await,
            None => Ok(()),
        }
    }

    /// Starts the parts and the polls; none if a stop was requested before.
    async fn begin(self, stop_requested: impl Future<Output = ()>) -> Result<Option<Working>> {
        let lifecycle = Arc::clone(&self.lifecycle);
        let end = EndOnDrop(&lifecycle);
        let begun = async {
            let (host, namespace) = self.prepare(stop_requested).await?;
            Working::begin(host, namespace)
        };
        let begun = begun.await;
        match &begun {
            Ok(Some(_)) => end.disarm(),
            Ok(None) => lifecycle.end(None),
            Err(error) => lifecycle.end(Some(error.to_string())),
        }
        begun
    }

    /// Checks what can be checked before the first poll.
    async fn prepare(
        self,
        stop_requested: impl Future<Output = ()>,
    ) -> Result<(Host, Capabilities)> {
        let mut mistakes = Vec::new();
        let options = Options::of(self.options, self.caller.identity());
        self.registry.check(&mut mistakes);
        options.check(&mut mistakes);
        self.registry
            .check_limits(&options.activity_limits, &mut mistakes);
        if options.needs_versioning() {
            self.registry.check_versioning(&mut mistakes);
        }
        let machine = match options.use_machine() {
            true => Machine::of_process()
                .map_err(|error| mistakes.push(no_machine(&error)))
                .ok(),
            false => None,
        };
        if self.task_queue.is_empty() {
            mistakes.push("the task queue has no name".to_owned());
        }
        if !mistakes.is_empty() {
            let task_queue = self.task_queue;
            return Err(WorkerError::Setup {
                task_queue,
                mistakes,
            }
            .into());
        }
        let timers = Timers::of_process().map_err(WorkerError::Thread)?;
        let identity = options.identity.clone();
        let namespace = self.caller.namespace().to_owned();
        let build = options.build();
        let identity = Identity::new(namespace, self.task_queue, identity, build);
        let host = Host {
            server: Arc::new(Server::new(&self.caller, identity, timers)),
            lifecycle: self.lifecycle,
            health: self.health,
            registry: Arc::new(self.registry),
            machine,
            options,
        };
        let namespace = tokio::select! {
            known = host.server.find_namespace() => known?,
            () = host.lifecycle.reached(Phase::Stopping) => Capabilities::default(),
            () = stop_requested => {
                host.lifecycle.advance(Phase::Stopping);
                Capabilities::default()
            }
        };
        Ok((host, namespace))
    }
}

fn no_machine(error: &io::Error) -> String {
    format!(
        "`ResourceSlots` need the memory and CPU in use, which cannot be read here ({error}); use numbers of slots"
    )
}
