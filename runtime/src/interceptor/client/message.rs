//! The signals, queries and updates of a client, as interceptors see them.

use durably_engine::FailureRecord;

use super::{execution, some};
use crate::{
    data::{Args, Callee, Converter, Headers, Outgoing, Output},
    error::{DataError, Failure},
    wire::{
        query::{QueryReject, QueryWorkflow},
        signal::SignalWorkflow,
        update::{self, UpdateWorkflow},
    },
};

/// A signal to a workflow.
///
/// ```
/// use durably::{interceptor::{ClientInterceptor, Next, SignalRequest}, prelude::*};
///
/// struct Tenant(String);
///
/// impl ClientInterceptor for Tenant {
///     async fn signal(&self, mut request: SignalRequest, next: Next<SignalRequest>) -> Result<()> {
///         request.headers.set("tenant", &self.0)?;
///         tracing::info!("signal {} for {}", request.name, request.workflow_id);
///         next.run(request).await
///     }
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct SignalRequest {
    /// The workflow id.
    pub workflow_id: String,
    /// The run; the latest one if not set.
    pub run_id: Option<String>,
    /// The name of the signal.
    pub name: String,
    /// Its arguments.
    pub args: Args,
    /// Headers, which the interceptors of the worker read.
    pub headers: Headers,
}

/// A query of a workflow.
///
/// ```
/// use durably::{interceptor::{ClientInterceptor, Next, Output, QueryRequest}, prelude::*};
///
/// /// Answers one query without a worker.
/// struct Version;
///
/// impl ClientInterceptor for Version {
///     async fn query(&self, request: QueryRequest, next: Next<QueryRequest>) -> Result<Output> {
///         match request.name.as_str() {
///             "version" => Ok(request.output("1.2.3")?),
///             _ => next.run(request).await,
///         }
///     }
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct QueryRequest {
    /// The workflow id.
    pub workflow_id: String,
    /// The run; the latest one if not set.
    pub run_id: Option<String>,
    /// The name of the query.
    pub name: String,
    /// Its arguments.
    pub args: Args,
    /// Headers, which the interceptors of the worker read.
    pub headers: Headers,
    /// The states in which the query is rejected.
    pub reject: Option<QueryReject>,
}

/// An update of a workflow.
///
/// ```
/// use durably::{interceptor::{ClientInterceptor, Next, UpdateRequest, UpdateResponse}, prelude::*};
///
/// struct Audit;
///
/// impl ClientInterceptor for Audit {
///     async fn update(&self, request: UpdateRequest, next: Next<UpdateRequest>) -> Result<UpdateResponse> {
///         let what = format!("{} {} of {}", request.name, request.update_id, request.workflow_id);
///         tracing::info!("{what}, with its result: {}", request.waits_for_result());
///         let response = next.run(request).await?;
///         if let Some(failure) = response.failure() {
///             tracing::warn!("{what}: {failure}");
///         }
///         Ok(response)
///     }
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct UpdateRequest {
    /// The workflow id.
    pub workflow_id: String,
    /// The run; the latest one if not set.
    pub run_id: Option<String>,
    /// The run that has to be the first of the chain, if any has to.
    pub first_run_id: Option<String>,
    /// The id of the update.
    pub update_id: String,
    /// The name of the update.
    pub name: String,
    /// Its arguments.
    pub args: Args,
    /// Headers, which the interceptors of the worker read.
    pub headers: Headers,
    wait_for: update::Stage,
}

/// How far an update is.
///
/// ```
/// use durably::{interceptor::UpdateResponse, prelude::*};
///
/// fn log(response: &UpdateResponse) -> Result<()> {
///     tracing::info!("update {}", response.update_id());
///     match (response.output(), response.failure()) {
///         (Some(output), _) => tracing::info!("completed with {}", output.get::<u64>()?),
///         (None, Some(failure)) => tracing::warn!("{failure}"),
///         (None, None) => tracing::info!("accepted: {}", response.is_accepted()),
///     }
///     Ok(())
/// }
/// ```
pub struct UpdateResponse {
    sent: SentUpdate,
    response: update::UpdateResponse,
    converter: Converter,
}

impl SignalRequest {
    pub(crate) fn new(request: SignalWorkflow, converter: &Converter) -> Self {
        let callee = Callee::Signal(request.name.clone().into());
        Self {
            workflow_id: request.execution.workflow_id,
            run_id: some(request.execution.run_id),
            name: request.name,
            args: Args::new(callee, request.input, converter.clone()),
            headers: Headers::new(request.header, converter),
        }
    }

    pub(crate) fn into_wire(self) -> SignalWorkflow {
        SignalWorkflow {
            execution: execution(self.workflow_id, self.run_id),
            name: self.name,
            input: self.args.into_payloads(),
            header: self.headers.into_fields(),
        }
    }
}

impl QueryRequest {
    pub(crate) fn new(request: QueryWorkflow, converter: &Converter) -> Self {
        let callee = Callee::Query(request.name.clone().into());
        Self {
            workflow_id: request.execution.workflow_id,
            run_id: some(request.execution.run_id),
            name: request.name,
            args: Args::new(callee, request.input, converter.clone()),
            headers: Headers::new(request.header, converter),
            reject: request.reject,
        }
    }

    pub(crate) fn into_wire(self) -> QueryWorkflow {
        QueryWorkflow {
            execution: execution(self.workflow_id, self.run_id),
            name: self.name,
            input: self.args.into_payloads(),
            header: self.headers.into_fields(),
            reject: self.reject,
        }
    }

    /// An answer of this value, for an interceptor that does not call `next`.
    ///
    /// # Errors
    /// The value cannot be serialised.
    pub fn output<T: Outgoing>(&self, value: T) -> Result<Output, DataError> {
        Output::of(&value, self.args.converter())
    }
}

impl UpdateRequest {
    pub(crate) fn new(request: UpdateWorkflow, converter: &Converter) -> Self {
        let callee = Callee::Update(request.name.clone().into());
        Self {
            workflow_id: request.execution.workflow_id,
            run_id: some(request.execution.run_id),
            first_run_id: some(request.first_run_id),
            update_id: request.update_id,
            name: request.name,
            args: Args::new(callee, request.input, converter.clone()),
            headers: Headers::new(request.header, converter),
            wait_for: request.wait_for,
        }
    }

    pub(crate) fn into_wire(self) -> UpdateWorkflow {
        UpdateWorkflow {
            execution: execution(self.workflow_id, self.run_id),
            first_run_id: self.first_run_id.unwrap_or_default(),
            update_id: self.update_id,
            name: self.name,
            input: self.args.into_payloads(),
            header: self.headers.into_fields(),
            wait_for: self.wait_for,
        }
    }

    pub(crate) fn sent(&self) -> SentUpdate {
        SentUpdate {
            workflow_id: self.workflow_id.clone(),
            run_id: self.run_id.clone(),
            update_id: self.update_id.clone(),
            name: self.name.clone(),
        }
    }

    /// Whether the call waits for the result, and not only until the update is accepted.
    pub fn waits_for_result(&self) -> bool {
        self.wait_for == update::Stage::Completed
    }
}

/// An update as it was sent, after all interceptors.
#[derive(Clone, Debug)]
pub(crate) struct SentUpdate {
    pub(crate) workflow_id: String,
    pub(crate) run_id: Option<String>,
    pub(crate) update_id: String,
    pub(crate) name: String,
}

impl UpdateResponse {
    pub(crate) fn new(
        sent: SentUpdate,
        response: update::UpdateResponse,
        converter: &Converter,
    ) -> Self {
        Self {
            sent,
            response,
            converter: converter.clone(),
        }
    }

    pub(crate) fn into_wire(self) -> (SentUpdate, update::UpdateResponse) {
        (self.sent, self.response)
    }

    /// The id under which the update was sent, which the caller's handle has as well.
    pub fn update_id(&self) -> &str {
        &self.sent.update_id
    }

    /// Whether the workflow has accepted it, as far as the server says so: of one that failed it does not tell
    /// whether it was accepted before.
    pub fn is_accepted(&self) -> bool {
        match &self.response.outcome {
            Some(outcome) => outcome.is_ok(),
            None => self.response.accepted,
        }
    }

    /// The result; `None` if there is none yet.
    pub fn output(&self) -> Option<Output> {
        let completed = self.response.outcome.as_ref()?.as_ref().ok()?;
        Some(Output::new(completed.clone(), &self.converter))
    }

    /// Why the update was rejected or has failed, if it was or has.
    pub fn failure(&self) -> Option<Failure> {
        let failed: &FailureRecord = self.response.outcome.as_ref()?.as_ref().err()?;
        Some(Failure::from_record(failed.clone(), &self.converter))
    }
}
