//! Client code: connecting to a Temporal server, starting workflows, and talking to them.
//!
//! - [`Client`] is bound to one namespace of a server; [`ClientBuilder`] has the options of its
//!   connection.
//! - [`StartCall`] starts a workflow; [`RunCall`] waits for its result too; [`StartWithUpdate`] sends an
//!   update along.
//! - [`Handle`] is a running or closed workflow, whose signals, queries and updates are methods of it:
//!   [`SignalCall`], [`QueryCall`], [`UpdateCall`], [`UpdateHandle`].
//! - [`AsyncActivityHandle`] completes an activity whose function has ended.
//! - [`SelectedActivities`] and [`AllActivities`] pause, unpause and reset the activities of a workflow, and change
//!   their options.
//! - [`DynHandle`] and [`DynStart`] reach workflows in other languages, by name.
//! - [`List`], [`WorkflowDescription`] and [`History`] are what the server reports of workflows.
//! - [`TaskQueue`] reports the workers and the tasks of a queue.
//! - Schedules have a [module](crate::schedule) of their own.
//!
//! All of it can be shared between threads and tasks. Requests that may be repeated are retried while
//! the server is unreachable.
//!
//! ```no_run
//! use durably::{client::IdReusePolicy, prelude::*};
//! # #[derive(Default)]
//! # struct Greeting {
//! #     names: Vec<String>,
//! # }
//! # #[workflow]
//! # impl Greeting {
//! #     #[run]
//! #     async fn run(&mut self, greeting: String) -> Vec<String> {
//! #         vec![greeting]
//! #     }
//! #     #[signal]
//! #     fn submit_greeting(&mut self, name: String) {
//! #         self.names.push(name);
//! #     }
//! # }
//!
//! # async fn example() -> Result<()> {
//! let client = Client::connect("localhost:7233").await?;
//! let handle = Greeting::start(&client, "Hello")
//!     .id("greeting-1")
//!     .task_queue("greetings")
//!     .id_reuse_policy(IdReusePolicy::RejectDuplicate)
//!     .await?;
//! handle.submit_greeting("Bob").await?;
//! println!("{:?}", handle.result().await?);
//! # Ok(())
//! # }
//! ```

mod activity_operations;
mod async_activity;
mod batch;
mod call;
mod connect;
mod deployment;
pub(crate) mod handle;
mod list;
pub(crate) mod message;
mod namespace;
mod pages;
pub(crate) mod schedule;
pub(crate) mod start;
pub(crate) mod task_queue;
mod version;

#[cfg(test)]
pub(crate) mod tests;

#[cfg(any(feature = "server", test))]
use std::any::Any;
use std::{borrow::Cow, sync::Arc};

#[cfg(feature = "remote-codec")]
pub use self::connect::RemoteCodec;
use self::schedule::{NoTimes, ScheduleCall, ScheduleHandle, ScheduleSummary};
pub use self::{
    activity_operations::{
        AllActivities, ResetActivitiesCall, SelectedActivities, UnpauseActivitiesCall,
        UpdateActivityOptionsCall,
    },
    async_activity::AsyncActivityHandle,
    batch::{Batch, BatchActivities, BatchActivityOptions, BatchCall, BatchHandle},
    call::Call,
    connect::ClientBuilder,
    deployment::Deployment,
    handle::{
        Handle,
        description::{
            ActivityPause, Callback, PendingActivity, PendingActivityOptions, PendingWorkflowTask,
            WorkflowDescription, WorkflowSummary,
        },
        options::UpdateOptionsCall,
        reset::ResetPoint,
        target::FromClient,
        terminate::TerminateCall,
        untyped::DynHandle,
    },
    message::{
        query::QueryCall,
        signal::SignalCall,
        update::{UpdateCall, UpdateHandle},
    },
    namespace::NamespaceCall,
    pages::List,
    start::{
        DynStart, StartCall, Startable, Untyped,
        execute::RunCall,
        with_message::{RecordedSignal, RecordedUpdate, Recorder, StartWithUpdate},
    },
    task_queue::TaskQueue,
    version::VersionDescription,
};
pub use crate::definition::{AsClient, HasQueue, NoQueue, QueueSet};
#[cfg(not(feature = "server"))]
#[doc(hidden)]
pub use crate::hints::without_server::{FeatureIsOff, NeedsServer, ServerFeature};
#[cfg(any(feature = "server", test))]
use crate::transport::in_process::Services;
#[cfg(feature = "tls")]
pub use crate::transport::tls::Tls;
pub use crate::wire::{
    batch::{BatchDescription, BatchKind, BatchState, BatchSummary},
    deployment::{RunVersioning, VersioningOverride},
    describe::{CallbackState, PendingChild, WorkflowStatus},
    history::{History, HistoryEvent},
    namespace::{NamespaceDescription, NamespaceState},
    query::QueryReject,
    routing::{DeploymentDescription, Ramp, VersionStatus, VersionSummary},
    start::{IdConflictPolicy, IdReusePolicy},
    task_queue::{
        ConfiguredRateLimit, Poller, RateLimit, RateLimitSource, TaskQueueConfig,
        TaskQueueDescription, TaskQueueState, TaskStatistics,
    },
    time_skipping::{FastForward, FastForwardState, TimeSkipping, TimeSkippingState},
    workers::{WorkerDescription, WorkerPhase, WorkerPolls, WorkerSlots, WorkerSummary},
};
use crate::{
    codec::Codecs,
    data::{
        ArgList, ArgsEncoder, Bytes, Converter, Format, Text,
        search::{Filter, SearchKey, SearchKind},
    },
    error::{ConnectError, HandleError, NamespaceError, RpcError},
    interceptor::{ClientChain, ClientInterceptor},
    telemetry::{Meter, Metrics},
    transport::{caller::Caller, rpc::RawClient},
};

/// A namespace on a server.
///
/// Cheap to clone, and safe to share between threads and tasks: all clones use one connection,
/// which is made again when it breaks.
///
/// ```no_run
/// # use durably::prelude::*;
/// # async fn example() -> Result<()> {
/// let client = Client::connect("localhost:7233").await?;
/// println!("bound to namespace {}", client.namespace());
/// # Ok(())
/// # }
/// ```
///
/// ```no_run
/// # use durably::prelude::*;
/// # async fn example() -> Result<()> {
/// // As the variables of the environment say.
/// let client = Client::from_env().await?;
/// println!("{} in {}", client.identity(), client.namespace());
///
/// // Another namespace, with a key.
/// let shop = Client::builder("temporal.internal:7233").namespace("shop").api_key("secret");
/// let shop = shop.connect().await?;
///
/// // Workflows that exist, by id and by a filter.
/// shop.handle("order-1").signal("pay", (100,)).await?;
/// println!("{} are running", shop.count("ExecutionStatus = 'Running'").await?);
///
/// // Activities that wait for somebody to complete them.
/// client.activity("order-1", "approve").complete(true).await?;
/// client.activity_by_token(b"from the activity".as_slice()).complete(true).await?;
///
/// // Requests that have no method here.
/// let info = shop.raw().get_system_info(Default::default(), secs(5)).await?;
/// println!("server {}", info.server_version);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Caller>, Converter, ClientChain);

impl Client {
    /// Connects to the server at `address` (`host:port` or `http://host:port`), namespace
    /// `default`. [`Client::builder`] has the options.
    ///
    /// # Errors
    /// The address is not one, nothing answers there, or what answers is no Temporal server.
    pub async fn connect(address: impl Text) -> Result<Self, ConnectError> {
        Self::builder(address).connect().await
    }

    /// Connects as configured: by the profile of `temporal.toml` that `TEMPORAL_PROFILE` names (`default` if
    /// it is not set), and by the variables, which come before the file. The CLI and the other SDKs
    /// [read the same](https://docs.temporal.io/develop/environment-configuration). Without either it is
    /// `localhost:7233`, namespace `default`.
    ///
    /// | variable | in a profile | |
    /// |---|---|---|
    /// | `TEMPORAL_CONFIG_FILE` | | the file; `temporalio/temporal.toml` in the folder for configuration (`~/.config`) if not set |
    /// | `TEMPORAL_ADDRESS` | `address` | `host:port` |
    /// | `TEMPORAL_CLIENT_AUTHORITY` | `authority` | see [`ClientBuilder::authority`] |
    /// | `TEMPORAL_NAMESPACE` | `namespace` | |
    /// | `TEMPORAL_API_KEY` | `api_key` | switches TLS on |
    /// | `TEMPORAL_TLS` | `tls.disabled` (the reverse) | `true` or `false`; any other key of `tls` switches it on, too |
    /// | `TEMPORAL_TLS_CLIENT_CERT_PATH`, `_DATA` | `tls.client_cert_path`, `_data` | PEM |
    /// | `TEMPORAL_TLS_CLIENT_KEY_PATH`, `_DATA` | `tls.client_key_path`, `_data` | PEM |
    /// | `TEMPORAL_TLS_SERVER_CA_CERT_PATH`, `_DATA` | `tls.server_ca_cert_path`, `_data` | PEM |
    /// | `TEMPORAL_TLS_SERVER_NAME` | `tls.server_name` | |
    /// | `TEMPORAL_TLS_DISABLE_HOST_VERIFICATION` | `tls.disable_host_verification` | |
    /// | `TEMPORAL_GRPC_META_<NAME>` | `grpc_meta.<name>` | a header |
    /// | `TEMPORAL_CODEC_ENDPOINT`, `_AUTH` | `codec.endpoint`, `codec.auth` | see below |
    ///
    /// An unknown key of the profile is an error.
    ///
    /// A codec endpoint is where the CLI encodes and decodes payloads. The codecs of
    /// [`ClientBuilder::codec`] take its place; a program that names none lets the endpoint encode and decode, too, if
    /// it has the feature `remote-codec` (`RemoteCodec`). Without that feature it is an error, because payloads would be
    /// sent as they are; `ClientBuilder::from_env()?.codecs(Codecs::new())` sends them so.
    ///
    /// # Errors
    /// As [`Client::connect`]; [`ConnectError::Configuration`] names the file and line, or the variable.
    pub async fn from_env() -> Result<Self, ConnectError> {
        ClientBuilder::from_env()?.connect().await
    }

    /// As [`from_env`](Self::from_env), with this profile of `temporal.toml`.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example() -> Result<Client> {
    /// let client = Client::from_profile("prod").await?;
    /// # Ok(client)
    /// # }
    /// ```
    ///
    /// # Errors
    /// As those of [`from_env`](Self::from_env); the file has no such profile.
    pub async fn from_profile(name: &str) -> Result<Self, ConnectError> {
        ClientBuilder::from_profile(name)?.connect().await
    }

    /// The options of a connection.
    pub fn builder(address: impl Text) -> ClientBuilder {
        ClientBuilder::new(address.into_text())
    }

    /// A client of a server in this process. All that calls the server through it keeps `server` alive.
    #[cfg(any(feature = "server", test))]
    pub(crate) async fn in_process(
        services: Services,
        namespace: String,
        server: Option<Arc<dyn Any + Send + Sync>>,
    ) -> Result<Self, ConnectError> {
        let caller = Caller::in_process(
            services,
            server,
            &namespace,
            &crate::transport::id::identity(),
        );
        connect::greet(
            &caller,
            || "this process".to_owned(),
            connect::CONNECT_TIMEOUT,
        )
        .await?;
        let interceptors = ClientChain::default();
        Ok(Self(Arc::new(caller), Converter::JSON, interceptors))
    }

    /// The same client and connection, which waits for the result of a workflow also if its workflow task fails again
    /// and again: a worker with other code may come. Only a client of an embedded server that
    /// [skips time](crate::server::ServerBuilder::skip_time) does not do so by itself: its wait ends with
    /// [`ResultError::Stuck`](crate::error::ResultError::Stuck) after the second failure.
    ///
    /// ```
    /// # use durably::prelude::*;
    /// # fn example(client: Client) -> Client {
    /// let client = client.keep_waiting();
    /// # client
    /// # }
    /// ```
    pub fn keep_waiting(&self) -> Self {
        self.ending_with_failing_tasks(false)
    }

    pub(crate) fn ending_with_failing_tasks(&self, ends: bool) -> Self {
        let caller = (*self.0).clone().ending_with_failing_tasks(ends);
        Self(Arc::new(caller), self.1.clone(), self.2.clone())
    }

    /// The same client and connection, which writes values in this format instead of JSON; workers of
    /// the returned client do, too. JSON is still read.
    ///
    /// ```
    /// # use durably::{Client, data::Format};
    /// # fn example(client: Client, format: impl Format) -> Client {
    /// let metrics = client.with_format(format);
    /// # metrics
    /// # }
    /// ```
    pub fn with_format(&self, format: impl Format) -> Self {
        Self(
            Arc::clone(&self.0),
            self.1.with_format(format),
            self.2.clone(),
        )
    }

    /// The same client and connection with these codecs in place of its own; workers of the returned client
    /// have them, too. [`ClientBuilder::codec`] sets them where the client is made.
    ///
    /// ```
    /// # use durably::{Client, codec::{Codecs, PayloadCodec}};
    /// # fn example(client: Client, encryption: impl PayloadCodec) -> Client {
    /// let client = client.with_codecs(Codecs::new().codec(encryption).encode_failures());
    /// # client
    /// # }
    /// ```
    pub fn with_codecs(&self, codecs: Codecs) -> Self {
        let caller = (*self.0).clone().with_codecs(&codecs);
        let converter = self.1.with_cipher(codecs.cipher);
        Self(Arc::new(caller), converter, self.2.clone())
    }

    /// The same client and connection with one more interceptor, within those that it has.
    /// [`ClientBuilder::interceptor`] gives it one where the client is made.
    ///
    /// ```
    /// # use durably::{Client, interceptor::ClientInterceptor};
    /// # fn example(client: Client, audit: impl ClientInterceptor) -> Client {
    /// let client = client.with_interceptor(audit);
    /// # client
    /// # }
    /// ```
    pub fn with_interceptor(&self, interceptor: impl ClientInterceptor) -> Self {
        Self(
            Arc::clone(&self.0),
            self.1.clone(),
            self.2.with(interceptor),
        )
    }

    /// The same client and connection with this meter in place of its own; workers of the returned client have it,
    /// too. [`ClientBuilder::meter`] sets it where the client is made.
    ///
    /// ```
    /// # use durably::{Client, telemetry::Meter};
    /// # fn example(client: Client, meter: impl Meter) -> Client {
    /// let client = client.with_meter(meter);
    /// # client
    /// # }
    /// ```
    pub fn with_meter(&self, meter: impl Meter) -> Self {
        let caller = (*self.0).clone().with_meter(meter);
        Self(Arc::new(caller), self.1.clone(), self.2.clone())
    }

    /// Metrics of your own, for code outside of workflows and activities. They go to the meter of this client, and
    /// have no labels but those that you give them.
    ///
    /// ```
    /// # fn example(client: durably::Client) {
    /// client.metrics().counter("orders_received").add(1);
    /// # }
    /// ```
    pub fn metrics(&self) -> Metrics {
        Metrics::new(self.0.measures(), || [])
    }

    /// The namespace this client is bound to.
    pub fn namespace(&self) -> &str {
        self.0.namespace()
    }

    /// The identity of this client in the histories that it writes to; `process@host` by default.
    pub fn identity(&self) -> &str {
        self.0.identity()
    }

    /// A handle of the workflow with this id, without its type: its messages are sent by their names.
    /// `Greeting::handle(&client, id)` returns a typed one. Neither sends a request.
    pub fn handle(&self, id: impl Text) -> DynHandle {
        DynHandle::new(FromClient::attached(self, id.into_text(), None))
    }

    /// Starts a workflow by the name of its type, in whatever language it is written.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// let handle = client
    ///     .start("Greeting", ("Hello",))
    ///     .task_queue("greetings")
    ///     .await?;
    /// let names: Vec<String> = handle.result().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn start(&self, workflow: impl Text, args: impl ArgList) -> DynStart {
        StartCall::by_name(
            self,
            Cow::Owned(workflow.into_text()),
            args.encode(self.converter()),
        )
    }

    /// The activity whose attempt has this [task token](crate::ActivityCtx::task_token), to report its
    /// result or failure; its function has returned
    /// [`complete_later`](crate::ActivityCtx::complete_later). Sends no request.
    pub fn activity_by_token(&self, token: impl Into<Bytes>) -> AsyncActivityHandle {
        AsyncActivityHandle::by_token(self, token.into())
    }

    /// The activity with this id in the latest run of a workflow, to report its result or failure. A workflow
    /// chooses the id with [`ActivityCall::id`](crate::workflow::ActivityCall::id). Sends no request.
    ///
    /// A report by ids counts for whichever attempt is in progress, also for one that waits for a worker or
    /// for its retry. [`activity_by_token`](Self::activity_by_token) names one attempt.
    pub fn activity(&self, workflow_id: impl Text, activity_id: impl Text) -> AsyncActivityHandle {
        AsyncActivityHandle::by_id(self, workflow_id.into_text(), activity_id.into_text())
    }

    /// The workflows that match a [list filter](https://docs.temporal.io/list-filter), newest
    /// first; an empty filter matches all.
    ///
    /// The list is a stream that goes through all pages. Temporal's `ScanWorkflowExecutions` does the same and is
    /// deprecated for it, so there is no other method for scans; [`raw`](Self::raw) has the request.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// let mut failed = client.list("ExecutionStatus = 'Failed'");
    /// while let Some(workflow) = failed.next().await? {
    ///     println!("{} {}", workflow.workflow_id, workflow.workflow_type);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(&self, filter: impl Into<Filter>) -> List<WorkflowSummary> {
        list::list(self, filter.into())
    }

    /// The histories of the workflows that match a [list filter](https://docs.temporal.io/list-filter), of those that
    /// were started last first; an empty filter matches all. A few are fetched at a time, as the list is read. A
    /// workflow whose history the server has removed meanwhile is left out.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// let mut failed = client.histories("ExecutionStatus = 'Failed'").limit(10);
    /// while let Some(history) = failed.next().await? {
    ///     println!("{history}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn histories(&self, filter: impl Into<Filter>) -> List<History, HandleError> {
        handle::history::list(self, filter.into())
    }

    /// How many workflows match a [list filter](https://docs.temporal.io/list-filter).
    ///
    /// # Errors
    /// [`RpcError::InvalidArgument`] if the filter is invalid; the other kinds if the request failed.
    pub fn count(&self, filter: impl Into<Filter>) -> Call<u64, RpcError> {
        list::count(self.clone(), filter.into().to_string())
    }

    /// How many workflows that match a filter have each value of a search attribute. Servers group by `ExecutionStatus`
    /// only.
    ///
    /// ```no_run
    /// use durably::{prelude::*, search::{Keyword, SearchKey}};
    ///
    /// const STATUS: SearchKey<Keyword> = SearchKey::new("ExecutionStatus");
    ///
    /// # async fn example(client: Client) -> Result<()> {
    /// for (status, count) in client.count_by(STATUS, "WorkflowType = 'Order'").await? {
    ///     println!("{count} are {status:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RpcError::InvalidArgument`] if the filter is invalid, or the server does not group by the attribute; the
    /// other kinds if the request failed.
    pub fn count_by<K: SearchKind>(
        &self,
        key: SearchKey<K>,
        filter: impl Into<Filter>,
    ) -> Call<list::Groups<K::Value>, RpcError>
    where
        K::Value: Send,
    {
        list::count_by(self.clone(), key, &filter.into())
    }

    /// Creates a schedule that starts a workflow by the name of its type, in whatever language it is written.
    /// `Report::schedule(&client, id, args)` creates one of a type of this program.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// let nightly = client
    ///     .create_schedule("nightly", "Report", ("eu",))
    ///     .cron("0 2 * * *")
    ///     .task_queue("reports")
    ///     .await?;
    /// nightly.trigger().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_schedule(
        &self,
        id: impl Text,
        workflow: impl Text,
        args: impl ArgList,
    ) -> ScheduleCall<Untyped, NoQueue, NoTimes> {
        let workflow = Cow::Owned(workflow.into_text());
        ScheduleCall::by_name(
            self,
            id.into_text(),
            workflow,
            args.encode(self.converter()),
        )
    }

    /// The schedule of this id. Sends no request.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// client.schedule("nightly").pause("holidays").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn schedule(&self, id: impl Text) -> ScheduleHandle {
        ScheduleHandle::new(self, id.into_text())
    }

    /// The schedules of the namespace; [`matching`](List::matching) filters them.
    ///
    /// The server shows a new schedule, or one that has changed, after a while only.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// let mut schedules = client.schedules().limit(100);
    /// while let Some(schedule) = schedules.next().await? {
    ///     println!("{} is next at {:?}", schedule.id, schedule.next.first());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn schedules(&self) -> List<ScheduleSummary> {
        schedule::list(self)
    }

    /// All workflows that match a [list filter](https://docs.temporal.io/list-filter), to do one thing with each.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// let recall = client.batch("WorkflowType = 'Order'").cancel("recall").await?;
    /// let done = recall.finished().timeout(mins(5)).await?;
    /// println!("{} of {} are cancelled", done.completed, done.total);
    /// # Ok(())
    /// # }
    /// ```
    pub fn batch(&self, filter: impl Into<Filter>) -> Batch {
        Batch::new(self, &filter.into())
    }

    /// The batch of this id. Sends no request.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// client.batch_operation("recall-1").stop("it was the wrong one").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn batch_operation(&self, id: impl Text) -> BatchHandle {
        BatchHandle::new(self, id.into_text())
    }

    /// The batches of the namespace, running and finished.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// let mut batches = client.batches();
    /// while let Some(batch) = batches.next().await? {
    ///     println!("{}: {:?} is {:?}", batch.id, batch.kind, batch.state);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn batches(&self) -> List<BatchSummary> {
        batch::list(self)
    }

    /// The workers of the namespace that send heartbeats, of any SDK, and match a filter of fields such as `TaskQueue`,
    /// `WorkerIdentity`, `HostName`, `SdkName`, `DeploymentName`, `BuildId`, `WorkerStatus`, `StartTime` and
    /// `HeartbeatTime`; an empty filter matches all. A worker is listed until it has shut down, or for five minutes after its last heartbeat.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// let mut workers = client.workers("TaskQueue = 'orders' AND WorkerStatus = 'Running'");
    /// while let Some(worker) = workers.next().await? {
    ///     println!("{} on {}", worker.identity, worker.host_name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn workers(&self, filter: impl Into<Filter>) -> List<WorkerSummary> {
        list::workers(self, filter.into())
    }

    /// What the last heartbeat of a worker said: its slots, its polls and its load. `None` if the server has no such
    /// worker: it has shut down, or sent no heartbeat for five minutes. The key is that of
    /// [`workers`](Self::workers).
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// let mut workers = client.workers("TaskQueue = 'orders'");
    /// while let Some(worker) = workers.next().await? {
    ///     if let Some(found) = client.describe_worker(&worker.instance_key).await? {
    ///         println!("{} has {} cached runs", found.identity, found.cached_runs);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn describe_worker(
        &self,
        instance_key: impl Text,
    ) -> Call<Option<WorkerDescription>, RpcError> {
        list::describe_worker(self, instance_key.into_text())
    }

    /// The same client and connection, in another namespace.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// let shop = client.in_namespace("shop");
    /// println!("{} are running", shop.count("ExecutionStatus = 'Running'").await?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn in_namespace(&self, namespace: impl Text) -> Self {
        let caller = self.0.in_namespace(&namespace.into_text());
        Self(Arc::new(caller), self.1.clone(), self.2.clone())
    }

    /// Registers a namespace. Servers may need some seconds until they take requests for it. If the request had to be
    /// repeated, a namespace that is there by then counts as registered.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// client.register_namespace("shop").retention(days(30)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn register_namespace(&self, name: impl Text) -> NamespaceCall {
        NamespaceCall::register(self, name.into_text())
    }

    /// Changes a namespace: only what is set.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// client.update_namespace("shop").description("orders and payments").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn update_namespace(&self, name: impl Text) -> NamespaceCall {
        NamespaceCall::update(self, name.into_text())
    }

    /// What the server knows of a namespace.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// println!("{:?}", client.describe_namespace(client.namespace()).await?.retention);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The server does not have it, or the request failed.
    pub fn describe_namespace(
        &self,
        name: impl Text,
    ) -> Call<NamespaceDescription, NamespaceError> {
        namespace::describe(self, name.into_text())
    }

    /// Deletes a namespace with all its workflows. The server does so after a while. If the request had to be repeated, a
    /// namespace that is gone by then counts as deleted.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// client.delete_namespace("shop").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The server does not have it, or the request failed.
    pub fn delete_namespace(&self, name: impl Text) -> Call<(), NamespaceError> {
        namespace::delete(self, name.into_text())
    }

    /// The namespaces of the server.
    ///
    /// ```no_run
    /// # use durably::prelude::*;
    /// # async fn example(client: Client) -> Result<()> {
    /// let mut namespaces = client.namespaces();
    /// while let Some(namespace) = namespaces.next().await? {
    ///     println!("{}: {:?}", namespace.name, namespace.state);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn namespaces(&self) -> List<NamespaceDescription> {
        namespace::list(self)
    }

    /// The RPCs themselves, for what has no method here.
    pub fn raw(&self) -> RawClient {
        let interceptors = (!self.2.is_empty()).then(|| Arc::new(self.2.clone()) as _);
        RawClient::new((*self.0).clone(), interceptors)
    }

    /// How this client converts values.
    pub(crate) fn converter(&self) -> &Converter {
        &self.1
    }

    /// What its calls pass.
    pub(crate) fn interceptors(&self) -> &ClientChain {
        &self.2
    }

    /// Arguments for a call of this client, none yet.
    #[doc(hidden)]
    pub fn __arguments(&self) -> ArgsEncoder {
        ArgsEncoder::new(self.converter())
    }

    pub(crate) fn caller(&self) -> &Caller {
        &self.0
    }
}
