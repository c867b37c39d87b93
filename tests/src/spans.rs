//! Spans of OpenTelemetry, kept in memory and written as a tree.

use std::collections::HashMap;

use opentelemetry::{
    Context,
    trace::{FutureExt, SpanKind, Status, TraceContextExt, Tracer, TracerProvider},
};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};

/// A provider whose spans are kept.
#[derive(Debug)]
pub struct Spans {
    exporter: InMemorySpanExporter,
    /// What records them.
    pub provider: SdkTracerProvider,
}

impl Default for Spans {
    fn default() -> Self {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder();
        let provider = provider.with_simple_exporter(exporter.clone()).build();
        Self { exporter, provider }
    }
}

impl Spans {
    /// Runs code inside of a span of this name; returns the trace, too.
    pub async fn within<T>(
        &self,
        name: &'static str,
        code: impl Future<Output = T>,
    ) -> (T, String) {
        let span = self.provider.tracer("test").start(name);
        let context = Context::new().with_span(span);
        let trace = context.span().span_context().trace_id().to_string();
        (code.with_context(context).await, trace)
    }

    /// All that have ended.
    pub fn ended(&self) -> Vec<SpanData> {
        let spans = self.exporter.get_finished_spans();
        spans.expect("the exporter keeps spans")
    }

    /// The ended spans of a trace as a [`tree`].
    pub fn tree(&self, trace: &str) -> Vec<String> {
        let spans: Vec<_> = self.ended().iter().map(RecordedSpan::from).collect();
        tree(&spans, trace)
    }
}

/// What tests compare of a span, of whatever language.
#[derive(Clone, Debug, PartialEq, Eq)]
#[durably::data]
pub struct RecordedSpan {
    /// Its name.
    pub name: String,
    /// Its kind, in lower case.
    pub kind: String,
    /// The id of its trace.
    pub trace: String,
    /// Its id.
    pub id: String,
    /// The id of its parent.
    pub parent: Option<String>,
    /// Whether its status is that of an error.
    pub failed: bool,
    /// The ids of the spans to which it is linked.
    pub links: Vec<String>,
}

impl From<&SpanData> for RecordedSpan {
    fn from(span: &SpanData) -> Self {
        let kind = match span.span_kind {
            SpanKind::Client => "client",
            SpanKind::Server => "server",
            SpanKind::Producer => "producer",
            SpanKind::Consumer => "consumer",
            SpanKind::Internal => "internal",
        };
        let links = span.links.iter();
        let links = links.map(|link| link.span_context.span_id().to_string());
        let parent = Some(span.parent_span_id.to_string());
        Self {
            name: span.name.to_string(),
            kind: kind.to_owned(),
            trace: span.span_context.trace_id().to_string(),
            id: span.span_context.span_id().to_string(),
            parent: parent.filter(|id| id.bytes().any(|digit| digit != b'0')),
            failed: matches!(span.status, Status::Error { .. }),
            links: links.collect(),
        }
    }
}

/// The spans of a trace as a tree, one a line with two spaces for each parent: `client Start:Name failed (links:
/// Other)`. Those of one parent stand in the order of their names. A parent that was not recorded has no line.
pub fn tree(spans: &[RecordedSpan], trace: &str) -> Vec<String> {
    let names: HashMap<_, _> = spans.iter().map(|span| (&span.id, &*span.name)).collect();
    let mut of_trace: Vec<_> = spans.iter().filter(|span| span.trace == trace).collect();
    of_trace.sort_by(|one, other| one.name.cmp(&other.name));
    let is_root = |span: &&&RecordedSpan| {
        let parent = span.parent.as_ref();
        !of_trace.iter().any(|it| Some(&it.id) == parent)
    };
    let roots = of_trace.iter().rev().filter(is_root);
    let mut stack: Vec<_> = roots.map(|span| (0, *span)).collect();
    let mut lines = Vec::new();
    while let Some((depth, span)) = stack.pop() {
        let mut line = format!("{}{} {}", "  ".repeat(depth), span.kind, span.name);
        if span.failed {
            line += " failed";
        }
        for link in &span.links {
            let linked = names.get(link).copied();
            line += &format!(" (links: {})", linked.unwrap_or("not recorded"));
        }
        lines.push(line);
        let is_child = |it: &&&RecordedSpan| it.parent.as_ref() == Some(&span.id);
        let children = of_trace.iter().rev().filter(is_child);
        stack.extend(children.map(|child| (depth + 1, *child)));
    }
    lines
}
