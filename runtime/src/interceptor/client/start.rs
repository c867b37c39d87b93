//! The requests of a client that start workflows, and their responses, as interceptors see them.

use std::time::Duration;

use super::message::{SentUpdate, UpdateRequest, UpdateResponse};
use crate::{
    data::{
        Args, Callee, Converter, Headers, Incoming, Outgoing, Text, note,
        search::{SearchKey, SearchKind, SearchValue},
    },
    error::DataError,
    options::{Priority, Retry},
    wire::{
        start::{
            self, IdConflictPolicy, IdReusePolicy, SignalWithStart, StartWorkflow, UpdateWithStart,
        },
        time_skipping::TimeSkipping,
    },
};

/// A workflow about to be started.
///
/// ```
/// use durably::{interceptor::{ClientInterceptor, Next, StartRequest, Started}, prelude::*};
/// use durably::search::{Keyword, SearchKey};
///
/// const TEAM: SearchKey<Keyword> = SearchKey::new("Team");
///
/// /// Marks the workflows of a team, and limits how long they may take.
/// struct Team(String);
///
/// impl ClientInterceptor for Team {
///     async fn start(&self, mut request: StartRequest, next: Next<StartRequest>) -> Result<Started> {
///         request.headers.set("team", &self.0)?;
///         if request.search(TEAM)?.is_none() {
///             request.set_search(TEAM, self.0.as_str())?;
///         }
///         if request.memo::<String>("started for")?.is_none() {
///             request.set_memo("started for", &self.0)?;
///         }
///         request.execution_timeout.get_or_insert(days(30));
///         if request.workflow_type == "Order" {
///             let item: String = request.args.get(0)?;
///             request.args.set(0, item.trim())?;
///         }
///         next.run(request).await
///     }
/// }
/// ```
#[non_exhaustive]
pub struct StartRequest {
    /// The workflow id.
    pub workflow_id: String,
    /// The name of the workflow's type.
    pub workflow_type: String,
    /// The task queue of its workers.
    pub task_queue: String,
    /// Its arguments.
    pub args: Args,
    /// Headers, which its run and the interceptors of its worker read.
    pub headers: Headers,
    /// The longest the whole chain of runs may take.
    pub execution_timeout: Option<Duration>,
    /// The longest one run may take.
    pub run_timeout: Option<Duration>,
    /// The longest one workflow task may take.
    pub task_timeout: Option<Duration>,
    /// How it is retried when it fails; not at all if not set.
    pub retry: Option<Retry>,
    /// How urgent its tasks are.
    pub priority: Priority,
    /// The cron schedule; empty for none.
    pub cron: String,
    /// The time from the start to the first workflow task.
    pub start_delay: Option<Duration>,
    /// Whether the id of a closed workflow may be used again.
    pub id_reuse_policy: IdReusePolicy,
    /// What to do when a workflow of that id is running; the server's default if not set.
    pub id_conflict_policy: Option<IdConflictPolicy>,
    /// How it skips time; not at all if not set.
    pub time_skipping: Option<TimeSkipping>,
    /// All else, as it was set.
    rest: StartWorkflow,
    converter: Converter,
}

/// A workflow that was started, or was running already and may be used.
///
/// ```
/// use durably::{interceptor::{ClientInterceptor, Next, StartRequest, Started}, prelude::*};
///
/// /// Logs what is started.
/// struct Log;
///
/// impl ClientInterceptor for Log {
///     async fn start(&self, request: StartRequest, next: Next<StartRequest>) -> Result<Started> {
///         let started: Started = next.run(request).await?;
///         tracing::info!("{} runs as {}", started.workflow_id, started.run_id);
///         Ok(started)
///     }
/// }
///
/// /// Starts nothing, for a trial run.
/// struct Dry;
///
/// impl ClientInterceptor for Dry {
///     async fn start(&self, request: StartRequest, _: Next<StartRequest>) -> Result<Started> {
///         Ok(Started::new(request.workflow_id, "none"))
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Started {
    /// The workflow id.
    pub workflow_id: String,
    /// The run.
    pub run_id: String,
}

/// A signal to a workflow, which is started if it does not run.
///
/// ```
/// use durably::{interceptor::{ClientInterceptor, Next, SignalWithStartRequest, Started}, prelude::*};
///
/// struct Tenant(String);
///
/// impl ClientInterceptor for Tenant {
///     async fn signal_with_start(
///         &self,
///         mut request: SignalWithStartRequest,
///         next: Next<SignalWithStartRequest>,
///     ) -> Result<Started> {
///         request.start.headers.set("tenant", &self.0)?;
///         tracing::info!("signal {} with {} arguments", request.signal, request.signal_args.len());
///         next.run(request).await
///     }
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct SignalWithStartRequest {
    /// The start. Its headers are those of the signal, too.
    pub start: StartRequest,
    /// The name of the signal.
    pub signal: String,
    /// The arguments of the signal.
    pub signal_args: Args,
}

/// An update of a workflow, which is started if it does not run.
///
/// ```
/// use durably::{interceptor::{ClientInterceptor, Next}, prelude::*};
/// use durably::interceptor::{UpdateWithStartRequest, UpdateWithStartResponse};
///
/// struct Tenant(String);
///
/// impl ClientInterceptor for Tenant {
///     async fn update_with_start(
///         &self,
///         mut request: UpdateWithStartRequest,
///         next: Next<UpdateWithStartRequest>,
///     ) -> Result<UpdateWithStartResponse> {
///         request.start.headers.set("tenant", &self.0)?;
///         request.update.headers.set("tenant", &self.0)?;
///         next.run(request).await
///     }
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct UpdateWithStartRequest {
    /// The start.
    pub start: StartRequest,
    /// The update, of the workflow that is started.
    pub update: UpdateRequest,
}

/// The responses to a start and an update.
///
/// ```
/// use durably::interceptor::UpdateWithStartResponse;
///
/// fn log(response: &UpdateWithStartResponse) {
///     let run = &response.started.run_id;
///     tracing::info!("{run} has accepted the update: {}", response.update.is_accepted());
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct UpdateWithStartResponse {
    /// The workflow.
    pub started: Started,
    /// How far the update is.
    pub update: UpdateResponse,
}

impl StartRequest {
    pub(crate) fn new(mut rest: StartWorkflow, converter: &Converter) -> Self {
        use std::mem::take;
        let callee = Callee::Workflow(rest.workflow_type.clone().into());
        Self {
            workflow_id: take(&mut rest.workflow_id),
            workflow_type: take(&mut rest.workflow_type),
            task_queue: take(&mut rest.task_queue),
            args: Args::new(callee, take(&mut rest.input), converter.clone()),
            headers: Headers::new(take(&mut rest.header), converter),
            execution_timeout: rest.execution_timeout,
            run_timeout: rest.run_timeout,
            task_timeout: rest.task_timeout,
            retry: rest.retry.take().map(|retry| Retry::recorded(&retry)),
            priority: Priority::recorded(&rest.priority),
            cron: take(&mut rest.cron),
            start_delay: rest.start_delay,
            id_reuse_policy: rest.id_reuse,
            id_conflict_policy: rest.id_conflict,
            time_skipping: rest.time_skipping.take(),
            rest,
            converter: converter.clone(),
        }
    }

    pub(crate) fn into_wire(self) -> StartWorkflow {
        StartWorkflow {
            workflow_id: self.workflow_id,
            workflow_type: self.workflow_type,
            task_queue: self.task_queue,
            input: self.args.into_payloads(),
            header: self.headers.into_fields(),
            execution_timeout: self.execution_timeout,
            run_timeout: self.run_timeout,
            task_timeout: self.task_timeout,
            retry: self.retry.map(|retry| retry.policy()),
            priority: self.priority.into_engine(),
            cron: self.cron,
            start_delay: self.start_delay,
            id_reuse: self.id_reuse_policy,
            id_conflict: self.id_conflict_policy,
            time_skipping: self.time_skipping,
            ..self.rest
        }
    }

    /// The memo of this name; `None` if it is not set.
    ///
    /// # Errors
    /// It cannot be deserialised as a `T`.
    pub fn memo<T: Incoming>(&self, name: &str) -> Result<Option<T>, DataError> {
        let memo = self.rest.memo.get(name).cloned();
        let memo = memo.map(|payload| T::__decode(payload, &self.converter));
        memo.transpose()
            .map_err(|fault| DataError::read::<T>(format!("memo `{name}`"), fault))
    }

    /// Sets a memo, in place of the one that it had.
    ///
    /// # Errors
    /// The value cannot be serialised.
    pub fn set_memo<T: Outgoing>(&mut self, name: impl Text, value: T) -> Result<(), DataError> {
        let name = name.into_text();
        let payload = note("memo", &name, &value, &self.converter)?;
        self.rest.memo.insert(name, payload);
        Ok(())
    }

    /// The search attribute of this key; `None` if it is not set.
    ///
    /// # Errors
    /// It is of another type.
    pub fn search<K: SearchKind>(&self, key: SearchKey<K>) -> Result<Option<K::Value>, DataError> {
        key.read(self.rest.search_attributes.get(key.name()))
    }

    /// Sets a search attribute, which must be registered with the server.
    ///
    /// # Errors
    /// The value cannot be serialised.
    pub fn set_search<K: SearchKind>(
        &mut self,
        key: SearchKey<K>,
        value: impl SearchValue<K>,
    ) -> Result<(), DataError> {
        let (name, payload) = key.set(value).into_parts();
        self.rest.search_attributes.insert(name, payload?);
        Ok(())
    }
}

impl Started {
    /// The workflow of this id, and its run: the response of an interceptor that does not call `next`.
    pub fn new(workflow_id: impl Text, run_id: impl Text) -> Self {
        Self {
            workflow_id: workflow_id.into_text(),
            run_id: run_id.into_text(),
        }
    }
}

impl SignalWithStartRequest {
    pub(crate) fn new(request: SignalWithStart, converter: &Converter) -> Self {
        let callee = Callee::Signal(request.signal.clone().into());
        Self {
            start: StartRequest::new(request.start, converter),
            signal: request.signal,
            signal_args: Args::new(callee, request.input, converter.clone()),
        }
    }

    pub(crate) fn into_wire(self) -> SignalWithStart {
        SignalWithStart {
            start: self.start.into_wire(),
            signal: self.signal,
            input: self.signal_args.into_payloads(),
        }
    }
}

impl UpdateWithStartRequest {
    pub(crate) fn new(request: UpdateWithStart, converter: &Converter) -> Self {
        Self {
            start: StartRequest::new(request.start, converter),
            update: UpdateRequest::new(request.update, converter),
        }
    }

    /// The update, which goes to the workflow that is started, whose id an interceptor may have changed.
    pub(crate) fn sent_update(&self) -> SentUpdate {
        SentUpdate {
            workflow_id: self.start.workflow_id.clone(),
            run_id: None,
            ..self.update.sent()
        }
    }

    pub(crate) fn into_wire(self) -> UpdateWithStart {
        let start = self.start.into_wire();
        let mut update = self.update.into_wire();
        update.execution.workflow_id.clone_from(&start.workflow_id);
        UpdateWithStart { start, update }
    }
}

impl UpdateWithStartResponse {
    pub(crate) fn new(
        sent: SentUpdate,
        response: start::UpdateWithStartResponse,
        converter: &Converter,
    ) -> Self {
        Self {
            started: Started::new(sent.workflow_id.clone(), response.run_id),
            update: UpdateResponse::new(sent, response.update, converter),
        }
    }
}
