//! Trace context and baggage of OpenTelemetry in the format of the W3C, which other SDKs put into headers.

use std::{borrow::Cow, sync::LazyLock};

use opentelemetry::{
    Context, SpanId, TraceFlags, TraceId,
    baggage::{BaggageExt, KeyValueMetadata},
    propagation::{Extractor, Injector, TextMapPropagator, text_map_propagator::FieldIter},
    trace::{SpanContext, TraceContextExt, TraceState},
};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

const PARENT: &str = "traceparent";
const STATE: &str = "tracestate";
const BAGGAGE: &str = "baggage";

/// Baggage that is longer, or has more entries, is refused: the limits of the W3C.
const MAX_BAGGAGE_BYTES: usize = 8192;
const MAX_BAGGAGE_ENTRIES: usize = 64;

static FIELDS: LazyLock<[String; 3]> = LazyLock::new(|| [PARENT, STATE, BAGGAGE].map(String::from));

/// What no name and no value of an entry has as it is.
const RESERVED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b',')
    .add(b';')
    .add(b'=')
    .add(b'\\')
    .add(b'%');

/// The propagators `tracecontext` and `baggage`, which are the default of every SDK of Temporal.
///
/// OpenTelemetry has them in its SDK, on which a library does not depend: the program chooses its version.
#[derive(Debug)]
pub(crate) struct W3c;

impl TextMapPropagator for W3c {
    fn inject_context(&self, context: &Context, injector: &mut dyn Injector) {
        let span = context.span();
        let span = span.span_context();
        if span.is_valid() {
            let flags = span.trace_flags() & TraceFlags::SAMPLED;
            let parent = format!("00-{}-{}-{flags:02x}", span.trace_id(), span.span_id());
            injector.set(PARENT, parent);
            let state = span.trace_state().header();
            if !state.is_empty() {
                injector.set(STATE, state);
            }
        }
        let entries = context.baggage().iter().map(|(name, (value, metadata))| {
            let name = utf8_percent_encode(name.as_str(), RESERVED);
            let value = utf8_percent_encode(value.as_str(), RESERVED);
            match metadata.as_str() {
                "" => format!("{name}={value}"),
                metadata => format!("{name}={value};{metadata}"),
            }
        });
        let entries: Vec<_> = entries.collect();
        if !entries.is_empty() {
            injector.set(BAGGAGE, entries.join(","));
        }
    }

    fn extract_with_context(&self, context: &Context, extractor: &dyn Extractor) -> Context {
        let mut context = context.clone();
        if let Some(span) = extractor.get(PARENT).and_then(parent) {
            let state = extractor.get(STATE).and_then(|state| state.parse().ok());
            context = context.with_remote_span_context(SpanContext::new(
                span.trace_id(),
                span.span_id(),
                span.trace_flags(),
                true,
                state.unwrap_or_default(),
            ));
        }
        match extractor.get(BAGGAGE) {
            Some(baggage) if baggage.len() <= MAX_BAGGAGE_BYTES => {
                let entries = baggage.split(',').take(MAX_BAGGAGE_ENTRIES);
                context.with_baggage(entries.filter_map(entry))
            }
            Some(_) | None => context,
        }
    }

    fn fields(&self) -> FieldIter<'_> {
        FieldIter::new(&*FIELDS)
    }
}

/// `version-trace-span-flags`. Versions to come may add parts.
fn parent(text: &str) -> Option<SpanContext> {
    let mut parts = text.trim().split('-');
    let version = hex(parts.next()?, 2)?;
    let trace = hex(parts.next()?, 32)?;
    let span = hex(parts.next()?, 16)?;
    let flags = hex(parts.next()?, 2)?;
    let is_known = match version {
        "00" => parts.next().is_none(),
        version => version != "ff",
    };
    let span = SpanContext::new(
        TraceId::from_hex(trace).ok()?,
        SpanId::from_hex(span).ok()?,
        TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED,
        true,
        TraceState::default(),
    );
    (is_known && span.is_valid()).then_some(span)
}

fn hex(part: &str, digits: usize) -> Option<&str> {
    let is_digit = |it: u8| it.is_ascii_digit() || (b'a'..=b'f').contains(&it);
    (part.len() == digits && part.bytes().all(is_digit)).then_some(part)
}

/// `name=value;metadata`.
fn entry(text: &str) -> Option<KeyValueMetadata> {
    let (pair, metadata) = text.split_once(';').unwrap_or((text, ""));
    let (name, value) = pair.split_once('=')?;
    let decoded = |part: &str| -> Option<String> {
        let decoded: Cow<'_, str> = percent_decode_str(part.trim()).decode_utf8().ok()?;
        Some(decoded.into_owned())
    };
    Some(KeyValueMetadata::new(
        decoded(name)?,
        decoded(value)?,
        metadata.trim(),
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn extracted(fields: &[(&str, &str)]) -> Context {
        let fields = fields
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()));
        let fields: HashMap<String, String> = fields.collect();
        W3c.extract_with_context(&Context::new(), &fields)
    }

    fn injected(context: &Context) -> HashMap<String, String> {
        let mut fields = HashMap::new();
        W3c.inject_context(context, &mut fields);
        fields
    }

    #[test]
    fn what_is_read_is_written_again() {
        let fields = [
            (
                PARENT,
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            ),
            (STATE, "vendor=one,other=two"),
            (BAGGAGE, "tenant=a%20b%2Cc;owner=me"),
        ];
        let again = injected(&extracted(&fields));
        let expected = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(again, HashMap::from(expected));
        assert!(injected(&Context::new()).is_empty());
    }

    #[test]
    fn flags_other_than_that_of_sampling_are_dropped() {
        let written = |flags| {
            let text = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{flags}");
            injected(&extracted(&[(PARENT, &text)])).remove(PARENT)
        };
        assert!(written("fe").is_some_and(|parent| parent.ends_with("-00")));
        assert!(written("03").is_some_and(|parent| parent.ends_with("-01")));
    }

    #[test]
    fn a_parent_that_is_not_one_is_ignored() {
        for wrong in [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-+1",
        ] {
            assert!(
                injected(&extracted(&[(PARENT, wrong)])).is_empty(),
                "{wrong}"
            );
        }
        let later = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more";
        assert!(
            extracted(&[(PARENT, later)])
                .span()
                .span_context()
                .is_valid()
        );
    }

    #[test]
    fn baggage_beyond_the_limits_is_ignored() {
        let long = format!("a={}", "x".repeat(MAX_BAGGAGE_BYTES));
        assert!(extracted(&[(BAGGAGE, &long)]).baggage().is_empty());
        let many: Vec<_> = (0..100).map(|number| format!("n{number}=1")).collect();
        let many = extracted(&[(BAGGAGE, &many.join(","))]);
        assert_eq!(many.baggage().len(), MAX_BAGGAGE_ENTRIES);
        assert!(
            extracted(&[(BAGGAGE, "no value,%ff=1")])
                .baggage()
                .is_empty()
        );
    }
}
