//! A checkout whose traces and metrics are exported by OTLP: from the client, through a workflow and its child, into
//! the code of activities.
//!
//! `OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4317 cargo run -p durably-example-otlp`

use durably::{interceptor::Traces, prelude::*, telemetry::OpenTelemetry};
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{Resource, metrics::SdkMeterProvider, trace::SdkTracerProvider};
use tracing::Instrument;
use tracing_subscriber::{filter::filter_fn, layer::SubscriberExt};

/// Charges a customer.
#[activity(start_to_close = "10s", max_attempts = 3)]
pub async fn charge(ctx: &ActivityCtx, cents: u64) -> Result<String> {
    ctx.metrics().counter("charges").unit("{charge}").add(1);
    // A span of `tracing` is within that of the activity.
    let call = async { Ok(format!("charged {cents} cents")) };
    call.instrument(tracing::info_span!("call_bank")).await
}

/// Sends a parcel.
#[derive(Default)]
pub struct Shipment;

#[workflow]
impl Shipment {
    #[run]
    async fn run(&mut self) -> String {
        "shipped".to_owned()
    }
}

/// Charges a customer and sends the parcel.
#[derive(Default)]
pub struct Checkout;

#[workflow(task_queue = "checkouts")]
impl Checkout {
    #[run]
    async fn run(&mut self, ctx: &Ctx, cents: u64) -> Result<Vec<String>> {
        ctx.metrics()
            .histogram("order_value")
            .unit("cents")
            .record(cents);
        let charged = charge::call(ctx, cents).await?;
        let shipped = Shipment::child(ctx).await?;
        Ok(vec![charged, shipped])
    }
}

/// What exports spans and metrics.
#[derive(Debug)]
pub struct Exporters {
    /// Of spans.
    pub tracer: SdkTracerProvider,
    /// Of metrics.
    pub meter: SdkMeterProvider,
}

impl Exporters {
    /// Exports to a collector: `http://localhost:4317`.
    ///
    /// # Errors
    /// The endpoint is not a URL.
    pub fn to(endpoint: &str) -> Result<Self> {
        let resource = Resource::builder().with_service_name("checkouts").build();
        let spans = SpanExporter::builder().with_tonic().with_endpoint(endpoint);
        let metrics = MetricExporter::builder()
            .with_tonic()
            .with_endpoint(endpoint);
        Ok(Self {
            tracer: SdkTracerProvider::builder()
                .with_resource(resource.clone())
                .with_batch_exporter(spans.build()?)
                .build(),
            meter: SdkMeterProvider::builder()
                .with_resource(resource)
                .with_periodic_exporter(metrics.build()?)
                .build(),
        })
    }

    /// Has spans of `tracing` exported, too. Those of durably itself are left out: `Traces` records what they are about
    /// under the names of all SDKs.
    pub fn subscriber(&self) -> impl tracing::Subscriber + Send + Sync + use<> {
        let spans = tracing_opentelemetry::layer().with_tracer(self.tracer.tracer("checkouts"));
        let of_program = filter_fn(|of| of.target() != "durably");
        let spans = tracing_subscriber::Layer::with_filter(spans, of_program);
        tracing_subscriber::registry().with(spans)
    }

    /// Exports what there is, and ends. It blocks its thread until the collector has responded.
    ///
    /// # Errors
    /// The collector has not taken it.
    pub async fn shutdown(self) -> Result<()> {
        let ended = tokio::task::spawn_blocking(move || {
            self.tracer.shutdown()?;
            self.meter.shutdown()
        });
        Ok(ended.await??)
    }
}

/// Runs a checkout on the embedded server, within a span of the program.
///
/// # Errors
/// The workflow failed.
pub async fn check_out(exporters: &Exporters) -> Result<Vec<String>> {
    let traces = Traces::new(&exporters.tracer);
    // A client of a real server has both from its builder: `.interceptor(..).meter(..)`.
    let client = Client::development()
        .await?
        .with_interceptor(traces.clone())
        .with_meter(OpenTelemetry::new(&exporters.meter));
    let worker = Worker::new(&client, "checkouts")
        .workflow::<Checkout>()
        .workflow::<Shipment>()
        .activity::<charge>()
        .workflow_interceptor(traces.clone())
        .activity_interceptor(traces)
        .spawn()
        .await?;
    let order = async {
        let order = Checkout::start(&client, 4_999).id("order-1").await?;
        Ok::<_, Error>(order.result().await?)
    };
    let done = order.instrument(tracing::info_span!("order")).await?;
    worker.shutdown().await?;
    Ok(done)
}
