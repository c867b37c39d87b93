//! Spans of the steps of workflows.

use std::time::SystemTime;

use opentelemetry::{
    Context, KeyValue,
    trace::{FutureExt, Link, Span, SpanBuilder, SpanKind, TraceContextExt, Tracer},
};

use super::{Around, Fault, RUN_ID, Traces, UPDATE_ID, WORKFLOW_ID};
use crate::{
    data::{Headers, Output},
    error::{Error, Meaning, Result},
    interceptor::{
        ActivityRequest, ChildRequest, ExternalSignalRequest, LocalActivityRequest, LocalNext,
        NextRunRequest, ReadNext, ReceivedQuery, ReceivedSignal, ReceivedStart, ReceivedUpdate,
        WorkflowInterceptor,
    },
    workflow::{Ctx, View},
};

/// A step of a workflow.
struct Step<'a> {
    operation: &'static str,
    /// The name of what is run, handled or started.
    of: &'a str,
    kind: SpanKind,
    parent: Context,
    linked: Option<Context>,
    /// Attributes in addition to those of the run.
    attributes: Vec<KeyValue>,
    fault: Option<Fault>,
}

impl<'a> Step<'a> {
    fn new(operation: &'static str, of: &'a str, kind: SpanKind, parent: Context) -> Self {
        Self {
            operation,
            of,
            kind,
            parent,
            linked: None,
            attributes: Vec::new(),
            fault: None,
        }
    }

    fn linked(mut self, to: Option<Context>) -> Self {
        self.linked = to;
        self
    }

    fn update(mut self, id: &str) -> Self {
        self.attributes = vec![KeyValue::new(UPDATE_ID, id.to_owned())];
        self
    }

    fn failed(mut self, fault: Option<Fault>) -> Self {
        self.fault = fault;
        self
    }

    fn builder(self, view: &View) -> (SpanBuilder, Context, Option<Fault>) {
        let mut attributes = vec![
            KeyValue::new(WORKFLOW_ID, view.workflow_id().to_owned()),
            KeyValue::new(RUN_ID, view.run_id().to_owned()),
        ];
        attributes.extend(self.attributes);
        let links = self.linked.map(|linked| {
            let linked = linked.span().span_context().clone();
            Link::with_context(linked)
        });
        let name = format!("{}:{}", self.operation, self.of);
        let builder = SpanBuilder::from_name(name)
            .with_kind(self.kind)
            .with_attributes(attributes)
            .with_links(Vec::from_iter(links));
        (builder, self.parent, self.fault)
    }
}

impl Traces {
    /// Records a step that was taken now, which ends when it begins. Returns the context in which it is the current
    /// span; nothing while the run is replayed, when the step was recorded before.
    fn step(&self, view: &View, step: Step<'_>) -> Option<Context> {
        if view.is_replaying() {
            return None;
        }
        let time = SystemTime::from(view.now());
        let (builder, parent, fault) = step.builder(view);
        let builder = builder.with_start_time(time);
        let mut span = self.0.tracer.build_with_context(builder, &parent);
        if let Some(fault) = fault {
            span.add_event_with_timestamp(Fault::EVENT, time, fault.attributes());
            span.set_status(fault.status());
        }
        span.end_with_timestamp(time);
        Some(parent.with_span(span))
    }

    /// Runs code that history has no trace of, and that no replay repeats, inside of a span of the real time.
    fn read_in<T>(
        &self,
        view: &View,
        step: Option<Step<'_>>,
        code: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let Some(step) = step else {
            return code();
        };
        let (builder, parent, _) = step.builder(view);
        let span = self.0.tracer.build_with_context(builder, &parent);
        let context = parent.with_span(span);
        let attached = context.clone().attach();
        let result = code();
        drop(attached);
        Around(context).end(result.as_ref().err());
        result
    }

    /// The parent of a step that was taken because of a message, and what it is linked to: that of the run, and the
    /// message. The message alone is the parent if the run was not started in a trace.
    fn of_message(&self, view: &View, headers: &Headers) -> Option<(Context, Option<Context>)> {
        let message = self.read(headers);
        match self.of_run(view) {
            Some(run) => Some((run, message)),
            None => Some((message?, None)),
        }
    }

    /// Records that the workflow starts something, which belongs to the step.
    fn starts(&self, view: &View, operation: &'static str, of: &str, headers: &mut Headers) {
        // Headers are not compared in a replay.
        if view.is_replaying() {
            return;
        }
        if let Some(parent) = self.of_run(view) {
            let step = Step::new(operation, of, SpanKind::Client, parent);
            if let Some(context) = self.step(view, step) {
                self.write(&context, headers);
            }
        }
    }

    /// Records the end of a run, in whatever code it has ended.
    fn completed(&self, view: &View, error: Option<&Error>) {
        if let Some(Meaning::ContinueAsNew(_)) = error.map(Error::meaning) {
            return;
        }
        if let Some(parent) = self.of_run(view) {
            let of = view.workflow_type();
            let step = Step::new("CompleteWorkflow", of, SpanKind::Internal, parent);
            self.step(view, step.failed(error.and_then(Fault::of)));
        }
    }
}

/// The context in which workflow code runs. It is not that of the thread, which runs the code of other workflows, too.
fn code_of(parent: Option<Context>) -> Context {
    parent.unwrap_or_default()
}

impl WorkflowInterceptor for Traces {
    async fn execute(
        &self,
        ctx: &Ctx,
        start: ReceivedStart,
        next: LocalNext<ReceivedStart>,
    ) -> Result<Output> {
        let parent = self.of_run(ctx);
        if let Some(parent) = parent.clone() {
            let of = ctx.workflow_type();
            self.step(ctx, Step::new("RunWorkflow", of, SpanKind::Server, parent));
        }
        let result = next.run(start).with_context(code_of(parent)).await;
        self.completed(ctx, result.as_ref().err());
        result
    }

    async fn signal(
        &self,
        ctx: &Ctx,
        signal: ReceivedSignal,
        next: LocalNext<ReceivedSignal>,
    ) -> Result<()> {
        let found = self.of_message(ctx, &signal.headers);
        let parent = found.as_ref().map(|(parent, _)| parent.clone());
        if let Some((parent, linked)) = found {
            let step = Step::new("HandleSignal", &signal.name, SpanKind::Server, parent);
            self.step(ctx, step.linked(linked));
        }
        let result = next.run(signal).with_context(code_of(parent)).await;
        if let Err(error) = &result {
            // The error fails the workflow, unless the run was cancelled, whose end is that of the run method.
            if !(ctx.is_cancelled() && error.is_cancelled()) {
                self.completed(ctx, Some(error));
            }
        }
        result
    }

    fn validate(
        &self,
        view: &View,
        update: ReceivedUpdate,
        next: ReadNext<'_, ReceivedUpdate>,
    ) -> Result<()> {
        let (name, id) = (update.name.clone(), update.id.clone());
        let found = self.of_message(view, &update.headers);
        let step = found.map(|(parent, linked)| {
            let step = Step::new("ValidateUpdate", &name, SpanKind::Server, parent);
            step.linked(linked).update(&id)
        });
        self.read_in(view, step, || next.run(update))
    }

    async fn update(
        &self,
        ctx: &Ctx,
        update: ReceivedUpdate,
        next: LocalNext<ReceivedUpdate>,
    ) -> Result<Output> {
        let found = self.of_message(ctx, &update.headers);
        let parent = found.as_ref().map(|(parent, _)| parent.clone());
        if let Some((parent, linked)) = found {
            let step = Step::new("HandleUpdate", &update.name, SpanKind::Server, parent);
            self.step(ctx, step.linked(linked).update(&update.id));
        }
        next.run(update).with_context(code_of(parent)).await
    }

    fn query(
        &self,
        view: &View,
        query: ReceivedQuery,
        next: ReadNext<'_, ReceivedQuery>,
    ) -> Result<Output> {
        let name = query.name.clone();
        let step = self.read(&query.headers).map(|parent| {
            let step = Step::new("HandleQuery", &name, SpanKind::Server, parent);
            step.linked(self.of_run(view))
        });
        self.read_in(view, step, || next.run(query))
    }

    fn start_activity(&self, view: &View, request: &mut ActivityRequest) -> Result<()> {
        let (of, headers) = (&request.activity_type, &mut request.headers);
        self.starts(view, "StartActivity", of, headers);
        Ok(())
    }

    fn start_local_activity(&self, view: &View, request: &mut LocalActivityRequest) -> Result<()> {
        let (of, headers) = (&request.activity_type, &mut request.headers);
        self.starts(view, "StartActivity", of, headers);
        Ok(())
    }

    fn start_child(&self, view: &View, request: &mut ChildRequest) -> Result<()> {
        let (of, headers) = (&request.workflow_type, &mut request.headers);
        self.starts(view, "StartChildWorkflow", of, headers);
        Ok(())
    }

    fn signal_external(&self, view: &View, request: &mut ExternalSignalRequest) -> Result<()> {
        let operation = match request.is_child() {
            true => "SignalChildWorkflow",
            false => "SignalExternalWorkflow",
        };
        self.starts(view, operation, &request.name, &mut request.headers);
        Ok(())
    }

    fn continue_as_new(&self, view: &View, request: &mut NextRunRequest) -> Result<()> {
        if let Some(run) = self.of_run(view) {
            self.write(&run, &mut request.headers);
        }
        Ok(())
    }
}
