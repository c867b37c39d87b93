//! The example exports to a collector in this process, which keeps what it receives.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::TcpListener,
    sync::{Arc, Mutex},
};

use durably::prelude::*;
use durably_example_otlp::{Exporters, check_out};
use opentelemetry_proto::tonic::{
    collector::{
        metrics::v1::{
            ExportMetricsServiceRequest, ExportMetricsServiceResponse,
            metrics_service_server::{MetricsService, MetricsServiceServer},
        },
        trace::v1::{
            ExportTraceServiceRequest, ExportTraceServiceResponse,
            trace_service_server::{TraceService, TraceServiceServer},
        },
    },
    common::v1::{AnyValue, KeyValue, any_value::Value},
    metrics::v1::{Metric, metric::Data, number_data_point},
    trace::v1::{Span, span::SpanKind},
};
use tonic::{Request, Response, Status, transport::Server};

/// What a collector has received.
#[derive(Clone, Default)]
struct Collector {
    spans: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
    metrics: Arc<Mutex<Vec<ExportMetricsServiceRequest>>>,
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut spans = self.spans.lock().expect("nobody panics with it");
        spans.push(request.into_inner());
        Ok(Response::new(Default::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Collector {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let mut metrics = self.metrics.lock().expect("nobody panics with it");
        metrics.push(request.into_inner());
        Ok(Response::new(Default::default()))
    }
}

impl Collector {
    /// Listens on a free port; returns its endpoint.
    fn serve(&self) -> Result<String> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let incoming = tokio::net::TcpListener::from_std(listener)?;
        let server = Server::builder()
            .add_service(TraceServiceServer::new(self.clone()))
            .add_service(MetricsServiceServer::new(self.clone()))
            .serve_with_incoming(tonic::transport::server::TcpIncoming::from(incoming));
        tokio::spawn(server);
        Ok(endpoint)
    }

    /// The spans, with the service that has recorded them.
    fn spans(&self) -> Vec<(String, Span)> {
        let requests = self.spans.lock().expect("nobody panics with it");
        let of_resources = requests.iter().flat_map(|it| &it.resource_spans);
        let spans = of_resources.flat_map(|it| {
            let service = service(it.resource.as_ref().map(|it| &*it.attributes));
            let spans = it.scope_spans.iter().flat_map(|it| it.spans.clone());
            spans.map(move |span| (service.clone(), span))
        });
        spans.collect()
    }

    /// The metrics by their names. The exporter sums up, so the last message has all.
    fn metrics(&self) -> BTreeMap<String, Metric> {
        let requests = self.metrics.lock().expect("nobody panics with it");
        let of_resources = requests.iter().flat_map(|it| &it.resource_metrics);
        let of_scopes = of_resources.flat_map(|it| &it.scope_metrics);
        let metrics = of_scopes.flat_map(|it| it.metrics.clone());
        metrics
            .map(|metric| (metric.name.clone(), metric))
            .collect()
    }
}

fn text(value: Option<&AnyValue>) -> String {
    match value.and_then(|it| it.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        other => format!("{other:?}"),
    }
}

fn labels(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let labels = attributes.iter();
    labels
        .map(|it| (it.key.clone(), text(it.value.as_ref())))
        .collect()
}

fn service(attributes: Option<&[KeyValue]>) -> String {
    let mut labels = labels(attributes.unwrap_or_default());
    labels.remove("service.name").unwrap_or_default()
}

/// One span a line, within its parent.
fn tree(spans: &[(String, Span)], parent: &[u8], depth: usize, lines: &mut Vec<String>) {
    let mut children: Vec<_> = spans
        .iter()
        .filter(|(_, it)| it.parent_span_id == parent)
        .collect();
    children.sort_by(|(_, one), (_, other)| one.name.cmp(&other.name));
    for (service, span) in children {
        let kind = match SpanKind::try_from(span.kind) {
            Ok(SpanKind::Client) => "client",
            Ok(SpanKind::Server) => "server",
            _ => "internal",
        };
        lines.push(format!(
            "{}{service}: {kind} {}",
            "  ".repeat(depth),
            span.name
        ));
        tree(spans, &span.span_id, depth + 1, lines);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_receives_one_trace_and_all_metrics() -> Result<()> {
    let collector = Collector::default();
    let exporters = Exporters::to(&collector.serve()?)?;
    tracing::subscriber::set_global_default(exporters.subscriber())?;
    let done = check_out(&exporters).await?;
    assert_eq!(done, ["charged 4999 cents", "shipped"]);
    exporters.shutdown().await?;

    let spans = collector.spans();
    let traces: BTreeSet<_> = spans.iter().map(|(_, it)| &it.trace_id).collect();
    let mut lines = Vec::new();
    tree(&spans, &[], 0, &mut lines);
    assert_eq!(
        lines,
        [
            "checkouts: internal order",
            "  checkouts: client StartWorkflow:Checkout",
            "    checkouts: internal CompleteWorkflow:Checkout",
            "    checkouts: server RunWorkflow:Checkout",
            "    checkouts: client StartActivity:charge",
            "      checkouts: server RunActivity:charge",
            "        checkouts: internal call_bank",
            "    checkouts: client StartChildWorkflow:Shipment",
            "      checkouts: internal CompleteWorkflow:Shipment",
            "      checkouts: server RunWorkflow:Shipment",
        ]
    );
    assert_eq!(traces.len(), 1, "all spans are of one trace");

    let metrics = collector.metrics();
    // (name, unit, labels, how often it was recorded, the sum of its values)
    let sum = |name: &str| {
        let metric = &metrics[name];
        let Some(Data::Sum(sum)) = &metric.data else {
            panic!("{name} is a counter: {metric:?}");
        };
        let values = sum.data_points.iter().map(|point| match point.value {
            Some(number_data_point::Value::AsDouble(value)) => value,
            Some(number_data_point::Value::AsInt(value)) => value as f64,
            None => panic!("{name} has a value"),
        });
        let of = sum
            .data_points
            .first()
            .map(|point| labels(&point.attributes));
        (
            metric.unit.clone(),
            of.unwrap_or_default(),
            values.sum::<f64>(),
        )
    };
    let in_queue = [("namespace", "default"), ("task_queue", "checkouts")];
    let expected = |more: (&str, &str)| -> BTreeMap<String, String> {
        let all = in_queue.into_iter().chain([more]);
        all.map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    };
    let (unit, of, value) = sum("charges");
    assert_eq!((&*unit, value), ("{charge}", 1.0));
    assert_eq!(of, expected(("activity_type", "charge")));
    assert_eq!(
        sum("temporal_workflow_completed").2,
        2.0,
        "the parent and its child"
    );
    let histogram = |name: &str| {
        let metric = &metrics[name];
        let Some(Data::Histogram(histogram)) = &metric.data else {
            panic!("{name} is a histogram: {metric:?}");
        };
        (metric.unit.clone(), histogram.data_points.clone())
    };
    let (unit, points) = histogram("order_value");
    assert_eq!(unit, "cents");
    assert_eq!((points[0].count, points[0].sum), (1, Some(4_999.0)));
    assert_eq!(
        labels(&points[0].attributes),
        expected(("workflow_type", "Checkout"))
    );
    let (unit, points) = histogram("temporal_activity_execution_latency");
    assert_eq!(unit, "ms", "as other SDKs measure it");
    assert_eq!(points[0].count, 1);
    let Some(Data::Gauge(_)) = &metrics["temporal_worker_task_slots_available"].data else {
        panic!("{:?}", metrics["temporal_worker_task_slots_available"]);
    };
    Ok(())
}
