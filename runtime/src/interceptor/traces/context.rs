//! The context of OpenTelemetry in headers.

use std::collections::BTreeMap;

use durably_engine::Payload;
use opentelemetry::{
    Context, SpanId, TraceFlags, TraceId,
    propagation::{Extractor, Injector},
    trace::{SpanContext, TraceContextExt, TraceState},
};
use uuid::Uuid;

use super::Traces;
use crate::{data::Headers, workflow::View};

/// The text map of a propagator, which all SDKs write as an object in JSON, whatever the encoding of the client is.
#[derive(Default)]
struct Fields(BTreeMap<String, String>);

impl Injector for Fields {
    fn set(&mut self, key: &str, value: String) {
        self.0.insert(key.to_owned(), value);
    }
}

impl Extractor for Fields {
    /// Keys are those of HTTP headers, whose case does not matter.
    fn get(&self, key: &str) -> Option<&str> {
        let mut fields = self.0.iter();
        let found = fields.find(|(name, _)| name.eq_ignore_ascii_case(key));
        found.map(|(_, value)| value.as_str())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }
}

impl Traces {
    /// Writes a context into headers; nothing if it has neither a span nor baggage.
    pub(super) fn write(&self, context: &Context, headers: &mut Headers) {
        let mut fields = Fields::default();
        self.0.propagator.inject_context(context, &mut fields);
        if fields.0.is_empty() {
            return;
        }
        let json = serde_json::to_vec(&fields.0);
        let json = json.expect("a map of texts is an object");
        headers.set_payload(self.0.header.clone(), Payload::json(json));
    }

    /// The context that headers have; none if they have no span.
    pub(super) fn read(&self, headers: &Headers) -> Option<Context> {
        let payload = headers.payload(&self.0.header)?;
        let fields = Fields(serde_json::from_slice(payload.data()).ok()?);
        let context = self
            .0
            .propagator
            .extract_with_context(&Context::new(), &fields);
        context.has_active_span().then_some(context)
    }

    /// The context in which a workflow was started. It is the same on whatever worker the run continues.
    pub(super) fn of_run(&self, view: &View) -> Option<Context> {
        let started = self.read(&view.headers());
        match self.0.every_workflow {
            true => started.or_else(|| named_after(view.run_id())),
            false => started,
        }
    }
}

/// A trace with the id of a run, by a parent that nobody records.
fn named_after(run_id: &str) -> Option<Context> {
    let id = Uuid::try_parse(run_id).ok()?;
    // The lower half, because the upper one of ids in the order of time is the same for runs of one time.
    let (_, span) = id.as_u64_pair();
    let span = SpanContext::new(
        TraceId::from_bytes(id.into_bytes()),
        SpanId::from_bytes(span.to_be_bytes()),
        TraceFlags::SAMPLED,
        true,
        TraceState::default(),
    );
    Some(Context::new().with_remote_span_context(span))
}
