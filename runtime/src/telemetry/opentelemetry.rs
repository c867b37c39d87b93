//! A meter that passes measurements to OpenTelemetry.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use opentelemetry::{
    KeyValue,
    metrics::{self as otel, MeterProvider},
};

use super::{
    buckets,
    meter::{Label, Meter, Metric, MetricError, MetricKind, Series},
};

/// A [`Meter`] that passes measurements to OpenTelemetry, and so to any collector that speaks OTLP. Needs the feature
/// `opentelemetry`.
///
/// It takes the `MeterProvider` of your program, whose resource, exporter and views you decide; keep the provider to
/// shut it down. The metrics of clients and workers have the names, labels and units that other SDKs of Temporal
/// have: durations are in milliseconds.
///
/// ```
/// use durably::{Client, telemetry::OpenTelemetry};
///
/// # async fn example(provider: impl opentelemetry::metrics::MeterProvider) -> durably::Result<()> {
/// let client = Client::builder("localhost:7233").meter(OpenTelemetry::new(&provider)).connect().await?;
/// # Ok(())
/// # }
/// ```
pub struct OpenTelemetry {
    meter: otel::Meter,
    durations_in_seconds: bool,
    /// By name: a second instrument of one name would be a second metric.
    instruments: Mutex<HashMap<String, (MetricKind, Instrument)>>,
}

#[derive(Clone)]
enum Instrument {
    Counter(otel::Counter<f64>),
    Gauge(otel::Gauge<f64>),
    /// Observations are multiplied by the second.
    Histogram(otel::Histogram<f64>, f64),
}

struct OneSeries {
    instrument: Instrument,
    attributes: Vec<KeyValue>,
}

impl fmt::Debug for OpenTelemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenTelemetry").finish_non_exhaustive()
    }
}

impl OpenTelemetry {
    /// Passes measurements to a meter named `durably` of this provider.
    pub fn new(provider: &impl MeterProvider) -> Self {
        Self {
            meter: provider.meter("durably"),
            durations_in_seconds: false,
            instruments: Mutex::default(),
        }
    }

    /// Durations are in seconds, as OpenTelemetry recommends, and not in milliseconds, as other SDKs of Temporal have
    /// them.
    ///
    /// ```
    /// # use durably::telemetry::OpenTelemetry;
    /// # fn example(provider: impl opentelemetry::metrics::MeterProvider) -> OpenTelemetry {
    /// OpenTelemetry::new(&provider).durations_in_seconds()
    /// # }
    /// ```
    pub fn durations_in_seconds(mut self) -> Self {
        self.durations_in_seconds = true;
        self
    }

    fn instrument(&self, metric: &Metric) -> Instrument {
        let name = metric.name.clone();
        let (description, unit) = (metric.description.clone(), metric.unit.clone());
        match metric.kind {
            MetricKind::Counter => {
                let counter = self.meter.f64_counter(name);
                Instrument::Counter(
                    counter
                        .with_description(description)
                        .with_unit(unit)
                        .build(),
                )
            }
            MetricKind::Gauge => {
                let gauge = self.meter.f64_gauge(name);
                Instrument::Gauge(gauge.with_description(description).with_unit(unit).build())
            }
            MetricKind::Histogram => {
                let histogram = self.meter.f64_histogram(name);
                let histogram = histogram.with_description(description).with_unit(unit);
                Instrument::Histogram(histogram.build(), 1.0)
            }
            MetricKind::DurationHistogram => {
                let (unit, scale) = match self.durations_in_seconds {
                    true => ("s", 1.0),
                    false => ("ms", 1e3),
                };
                let bounds = buckets::of(&metric.name).iter();
                let bounds = bounds.map(|bound| bound / 1e3 * scale).collect();
                let histogram = self.meter.f64_histogram(name).with_boundaries(bounds);
                let histogram = histogram.with_description(description).with_unit(unit);
                Instrument::Histogram(histogram.build(), scale)
            }
        }
    }
}

impl Meter for OpenTelemetry {
    fn series(&self, metric: &Metric, labels: &[Label]) -> Result<Arc<dyn Series>, MetricError> {
        check(&metric.name)?;
        let instruments = self.instruments.lock();
        let mut instruments = instruments.unwrap_or_else(PoisonError::into_inner);
        // OpenTelemetry's names do not depend on case.
        let key = metric.name.to_ascii_lowercase();
        let (known, instrument) = instruments
            .entry(key)
            .or_insert_with(|| (metric.kind, self.instrument(metric)));
        if *known != metric.kind {
            return Err(MetricError::OtherKind {
                name: metric.name.to_string(),
                known: *known,
                used: metric.kind,
            });
        }
        Ok(Arc::new(OneSeries {
            instrument: instrument.clone(),
            attributes: labels
                .iter()
                .map(|Label { key, value }| KeyValue::new(key.clone(), Arc::clone(value)))
                .collect(),
        }))
    }
}

impl Series for OneSeries {
    fn record(&self, value: f64) {
        match &self.instrument {
            Instrument::Counter(counter) => counter.add(value, &self.attributes),
            Instrument::Gauge(gauge) => gauge.record(value, &self.attributes),
            Instrument::Histogram(histogram, scale) => {
                histogram.record(value * scale, &self.attributes);
            }
        }
    }
}

/// OpenTelemetry drops what it has no name for without a word to the caller.
fn check(name: &str) -> Result<(), MetricError> {
    let begins_well = name.starts_with(|it: char| it.is_ascii_alphabetic());
    let is_kept = |it: char| it.is_ascii_alphanumeric() || "_.-/".contains(it);
    match begins_well && name.len() <= 255 && name.chars().all(is_kept) {
        true => Ok(()),
        false => Err(MetricError::Name {
            name: name.to_owned(),
        }),
    }
}
