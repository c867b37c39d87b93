//! The values of one series, recorded without a lock.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::telemetry::meter::Series;

/// The values of one series.
pub(super) enum Values {
    Counter(Float),
    Gauge(Float),
    Histogram(Histogram),
}

pub(super) struct Histogram {
    /// Upper bounds, in rising order.
    pub(super) bounds: Vec<f64>,
    /// Observations up to each bound and above the one before it, and at last those above all bounds.
    pub(super) counts: Vec<AtomicU64>,
    pub(super) sum: Float,
    /// Observations are multiplied by it.
    scale: f64,
}

impl Values {
    pub(super) fn counter() -> Self {
        Self::Counter(Float::default())
    }

    pub(super) fn gauge() -> Self {
        Self::Gauge(Float::default())
    }

    pub(super) fn histogram(bounds: Vec<f64>, scale: f64) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self::Histogram(Histogram {
            bounds,
            counts,
            sum: Float::default(),
            scale,
        })
    }
}

impl Series for Values {
    fn record(&self, value: f64) {
        match self {
            Self::Counter(sum) => sum.add(value),
            Self::Gauge(last) => last.set(value),
            Self::Histogram(it) => {
                let value = value * it.scale;
                let bucket = it.bounds.partition_point(|bound| *bound < value);
                it.counts[bucket].fetch_add(1, Ordering::Relaxed);
                it.sum.add(value);
            }
        }
    }
}

/// A number that several threads change.
#[derive(Default)]
pub(super) struct Float(AtomicU64);

impl Float {
    pub(super) fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    fn add(&self, more: f64) {
        let mut known = self.0.load(Ordering::Relaxed);
        loop {
            let sum = (f64::from_bits(known) + more).to_bits();
            let swapped =
                self.0
                    .compare_exchange_weak(known, sum, Ordering::Relaxed, Ordering::Relaxed);
            match swapped {
                Ok(_) => return,
                Err(now) => known = now,
            }
        }
    }
}
