//! Spans of OpenTelemetry around calls and steps, and the header that joins them to one trace.

mod activity;
mod client;
mod context;
mod workflow;

use std::{borrow::Cow, fmt, sync::Arc};

use opentelemetry::{
    Context, KeyValue,
    global::BoxedTracer,
    propagation::TextMapPropagator,
    trace::{
        FutureExt, Span, SpanBuilder, SpanKind, Status, TraceContextExt, Tracer, TracerProvider,
    },
};

use crate::{
    data::Headers,
    error::{Error, Failure, Meaning, Result},
    telemetry::trace_context::W3c,
};

/// Traces: spans of OpenTelemetry around the calls of a client, the steps of workflows, and activities, joined to one
/// trace across programs and languages. Needs the feature `opentelemetry`.
///
/// It is an interceptor of clients, of workflows and of activities; give clones of one value to all three. It takes
/// the `TracerProvider` of your program, whose resource, sampler and exporter you decide; keep the provider to shut it
/// down. The trace is passed on in the header `_tracer-data`, as W3C trace context and baggage, and spans have the
/// names, kinds and attributes that other SDKs of Temporal give them, so that a trace goes from a client in Python
/// through a workflow in Rust to an activity in Go.
///
/// ```
/// use durably::{interceptor::Traces, prelude::*};
/// use opentelemetry::trace::{Span, Tracer, TracerProvider};
///
/// # async fn example<P>(provider: P) -> Result<()>
/// # where
/// #     P: TracerProvider<Tracer: Tracer<Span: Span + Send + Sync + 'static> + Send + Sync + 'static>,
/// # {
/// let traces = Traces::new(&provider);
/// let client = Client::builder("localhost:7233").interceptor(traces.clone()).await?;
/// let worker = Worker::new(&client, "orders")
///     .workflow_interceptor(traces.clone())
///     .activity_interceptor(traces);
/// # Ok(())
/// # }
/// ```
///
/// # Spans
/// | span | kind | parent |
/// |---|---|---|
/// | `StartWorkflow:Order`, `SignalWithStartWorkflow:Order`, `StartUpdateWithStartWorkflow:Order`, `CreateSchedule:id` | client | the span in which the client is called |
/// | `SignalWorkflow:name`, `QueryWorkflow:name`, `StartWorkflowUpdate:name` | client | the span in which the client is called |
/// | `RunWorkflow:Order`, `CompleteWorkflow:Order` | server, internal | the span that started the workflow |
/// | `HandleSignal:name`, `ValidateUpdate:name`, `HandleUpdate:name` | server | the span that started the workflow; linked to that of the message |
/// | `HandleQuery:name` | server | the span of the query; linked to that which started the workflow |
/// | `StartActivity:name`, `StartChildWorkflow:Order`, `SignalChildWorkflow:name`, `SignalExternalWorkflow:name` | client | the span that started the workflow |
/// | `RunActivity:name`, one for each attempt | server | the `StartActivity` of its workflow |
///
/// While an activity runs, its span is the current one of its thread, so that spans of your own and calls of clients
/// are within it, those of `tracing` by way of `tracing-opentelemetry`, too. Workflow code runs in the span that started
/// the workflow; use `tracing` there, which is silent while a run is replayed. The next run of a workflow that
/// continues as new belongs to the trace of the first one.
///
/// # Workflows
/// A step of a workflow takes no time, so that its spans end when they begin, at the time of the workflow. Nothing is
/// recorded while a run is replayed: each step is recorded once, unless its workflow task failed and is attempted
/// again. All that has to be known of a trace stands in the header of the run's start, on whatever worker it
/// continues. A workflow that was not started in a trace, from the command line for one, has no spans, but for those
/// of messages that were sent in one; see [`every_workflow`](Self::every_workflow).
///
/// An exporter must not block: workflows wait for it. `BatchSpanProcessor` of OpenTelemetry's SDK does not.
///
/// # Errors
/// A call or an attempt that failed has the status `Error` and an event named `exception`, with the type and the
/// message of its error, as other SDKs record it. Messages are not encoded by codecs: a program whose errors hold
/// secrets should not export its traces to others. What a header has that is no trace is ignored.
#[derive(Clone)]
pub struct Traces(Arc<Shared>);

#[derive(Clone)]
struct Shared {
    tracer: Arc<BoxedTracer>,
    propagator: Arc<dyn TextMapPropagator + Send + Sync>,
    header: Cow<'static, str>,
    every_workflow: bool,
}

/// The key of the header in all SDKs.
const HEADER: &str = "_tracer-data";

/// The attributes of all SDKs.
const WORKFLOW_ID: &str = "temporalWorkflowID";
const RUN_ID: &str = "temporalRunID";
const ACTIVITY_ID: &str = "temporalActivityID";
const UPDATE_ID: &str = "temporalUpdateID";

impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traces")
            .field("header", &self.0.header)
            .field("propagator", &self.0.propagator)
            .field("every_workflow", &self.0.every_workflow)
            .finish_non_exhaustive()
    }
}

impl Traces {
    /// Records spans with a tracer named `durably` of this provider, which may be the global one,
    /// `opentelemetry::global::tracer_provider()`.
    pub fn new<P>(provider: &P) -> Self
    where
        P: TracerProvider<
            Tracer: Tracer<Span: Span + Send + Sync + 'static> + Send + Sync + 'static,
        >,
    {
        let tracer = BoxedTracer::new(Box::new(provider.tracer("durably")));
        Self(Arc::new(Shared {
            tracer: Arc::new(tracer),
            propagator: Arc::new(W3c),
            header: Cow::Borrowed(HEADER),
            every_workflow: false,
        }))
    }

    /// Records the steps of workflows that were not started in a trace, too: in a trace whose id is the run id without
    /// its dashes.
    ///
    /// ```
    /// # use durably::interceptor::Traces;
    /// let traces = Traces::new(&opentelemetry::global::tracer_provider()).every_workflow();
    /// ```
    pub fn every_workflow(self) -> Self {
        self.changed(|shared| shared.every_workflow = true)
    }

    /// Passes traces on in another format than that of the W3C, such as that of Jaeger.
    ///
    /// ```
    /// # use durably::interceptor::Traces;
    /// use opentelemetry::propagation::TextMapPropagator;
    ///
    /// fn traces(jaeger: impl TextMapPropagator + Send + Sync + 'static) -> Traces {
    ///     Traces::new(&opentelemetry::global::tracer_provider()).propagator(jaeger)
    /// }
    /// ```
    pub fn propagator(self, propagator: impl TextMapPropagator + Send + Sync + 'static) -> Self {
        self.changed(|shared| shared.propagator = Arc::new(propagator))
    }

    /// Passes traces on in a header of another name than `_tracer-data`.
    ///
    /// ```
    /// # use durably::interceptor::Traces;
    /// let traces = Traces::new(&opentelemetry::global::tracer_provider()).header("trace");
    /// ```
    pub fn header(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.changed(|shared| shared.header = name.into())
    }

    fn changed(self, change: impl FnOnce(&mut Shared)) -> Self {
        let mut shared = Arc::unwrap_or_clone(self.0);
        change(&mut shared);
        Self(Arc::new(shared))
    }

    /// A span that lasts as long as what it is around; the current one meanwhile.
    fn around(
        &self,
        name: String,
        kind: SpanKind,
        attributes: Vec<KeyValue>,
        parent: &Context,
    ) -> Around {
        let builder = SpanBuilder::from_name(name);
        let builder = builder.with_kind(kind).with_attributes(attributes);
        let span = self.0.tracer.build_with_context(builder, parent);
        Around(parent.with_span(span))
    }
}

/// A span that has begun, in the context in which it is the current one.
struct Around(Context);

impl Around {
    /// Runs what the span is around, and ends it.
    async fn run<T>(self, code: impl Future<Output = Result<T>>) -> Result<T> {
        self.run_with(code, |_| None).await
    }

    /// As [`run`](Self::run), for a response that may say that the call has failed.
    async fn run_with<T>(
        self,
        code: impl Future<Output = Result<T>>,
        failure: impl FnOnce(&T) -> Option<Failure>,
    ) -> Result<T> {
        let result = code.with_context(self.0.clone()).await;
        match result.as_ref().ok().and_then(failure) {
            Some(failure) => self.end(Some(&failure.into())),
            None => self.end(result.as_ref().err()),
        }
        result
    }

    /// Ends the span.
    fn end(self, error: Option<&Error>) {
        let span = self.0.span();
        if let Some(fault) = error.and_then(Fault::of) {
            span.add_event(Fault::EVENT, fault.attributes());
            span.set_status(fault.status());
        }
        span.end();
    }

    /// Has the span be the parent of those of the receiver.
    fn write(&self, traces: &Traces, headers: &mut Headers) {
        traces.write(&self.0, headers);
    }
}

/// An error, as spans have it.
struct Fault {
    kind: String,
    message: String,
}

impl Fault {
    const EVENT: &str = "exception";

    /// None of cancellations, of benign errors, and of what ends code without being a failure.
    fn of(error: &Error) -> Option<Self> {
        let is_failure = match error.meaning() {
            Meaning::Failure | Meaning::OtherCancelled => !error.is_benign(),
            Meaning::Cancelled | Meaning::CompleteLater | Meaning::ContinueAsNew(_) => false,
        };
        is_failure.then(|| {
            let (kind, message) = error.type_and_message();
            Self { kind, message }
        })
    }

    fn attributes(&self) -> Vec<KeyValue> {
        vec![
            KeyValue::new("exception.type", self.kind.clone()),
            KeyValue::new("exception.message", self.message.clone()),
        ]
    }

    fn status(&self) -> Status {
        Status::error(format!("{}: {}", self.kind, self.message))
    }
}
