//! The text format of Prometheus, version 0.0.4.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
    sync::atomic::Ordering,
};

use super::{Family, Labels, series::Values};
use crate::telemetry::meter::MetricKind;

pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) fn render(families: &BTreeMap<String, Family>) -> String {
    let mut text = String::new();
    for (name, family) in families {
        let written = write_family(&mut text, name, family);
        debug_assert!(written.is_ok(), "a string takes everything");
    }
    text
}

fn write_family(out: &mut String, name: &str, family: &Family) -> fmt::Result {
    let description = match family.description.as_str() {
        "" => name,
        description => description,
    };
    let kind = match family.kind {
        MetricKind::Counter => "counter",
        MetricKind::Gauge => "gauge",
        MetricKind::Histogram | MetricKind::DurationHistogram => "histogram",
    };
    writeln!(out, "# HELP {name} {}", Escaped(description, false))?;
    writeln!(out, "# TYPE {name} {kind}")?;
    for (labels, values) in &family.series {
        match &**values {
            Values::Counter(value) | Values::Gauge(value) => {
                writeln!(out, "{name}{} {}", Braces(labels, None), value.get())?;
            }
            Values::Histogram(histogram) => {
                let mut count = 0;
                let bounds = histogram.bounds.iter().map(f64::to_string);
                let bounds = bounds.chain(["+Inf".to_owned()]);
                for (bound, observed) in bounds.zip(&histogram.counts) {
                    count += observed.load(Ordering::Relaxed);
                    let labels = Braces(labels, Some(&bound));
                    writeln!(out, "{name}_bucket{labels} {count}")?;
                }
                let labels = Braces(labels, None);
                writeln!(out, "{name}_sum{labels} {}", histogram.sum.get())?;
                writeln!(out, "{name}_count{labels} {count}")?;
            }
        }
    }
    Ok(())
}

/// Labels in braces, with the bound of a bucket.
struct Braces<'a>(&'a Labels, Option<&'a str>);

impl fmt::Display for Braces<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(labels, bound) = self;
        let labels = labels.iter().map(|(key, value)| (&**key, &**value));
        let mut separator = '{';
        for (key, value) in labels.chain(bound.map(|bound| ("le", bound))) {
            write!(f, "{separator}{key}=\"{}\"", Escaped(value, true))?;
            separator = ',';
        }
        match separator {
            ',' => f.write_char('}'),
            _ => Ok(()),
        }
    }
}

/// A text in one line, and in quotes if the second is true.
struct Escaped<'a>(&'a str, bool);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for it in self.0.chars() {
            match it {
                '\n' => f.write_str("\\n")?,
                '\\' => f.write_str("\\\\")?,
                '"' if self.1 => f.write_str("\\\"")?,
                _ => f.write_char(it)?,
            }
        }
        Ok(())
    }
}
