//! Reads of message fields that every part has: times, durations, counters, event ids.

use std::time::Duration;

use durably_proto::wkt;

use crate::event_log::EventLog;
use crate::id::EventId;
use crate::time::{Time, to_proto};

/// A message without fields: a state that has no data, or an entry that is only a key.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Empty {}

pub(super) fn nanos(time: Option<Time>) -> Option<i64> {
    time.map(Time::as_unix_nanos)
}

pub(super) fn time(nanos: Option<i64>) -> Option<Time> {
    nanos.map(Time::from_unix_nanos)
}

pub(super) fn timeout_message(timeout: Option<Duration>) -> Option<wkt::Duration> {
    timeout.map(to_proto)
}

pub(super) fn timeout(
    field: &str,
    timeout: Option<wkt::Duration>,
) -> Result<Option<Duration>, String> {
    timeout
        .map(|timeout| {
            Duration::try_from(timeout).map_err(|_| format!("{field} is out of range: {timeout:?}"))
        })
        .transpose()
}

pub(super) fn required<T>(field: &str, value: Option<T>) -> Result<T, String> {
    value.ok_or_else(|| format!("it has no known {field}"))
}

/// A value that the run counts up: the last one leaves no room for the next.
pub(super) fn counter<T: Copy + Into<i128>>(field: &str, value: T, max: T) -> Result<T, String> {
    let number: i128 = value.into();
    match (0..max.into()).contains(&number) {
        true => Ok(value),
        false => Err(format!("{field} is out of range: {number}")),
    }
}

/// The id of a recorded event.
pub(super) fn recorded(field: &str, id: i64, events: &EventLog) -> Result<EventId, String> {
    up_to(field, id, events.len())
}

/// The id of an event, recorded or to be: at most this one.
pub(super) fn up_to(field: &str, id: i64, last: usize) -> Result<EventId, String> {
    match usize::try_from(id) {
        Ok(place) if (1..=last).contains(&place) => Ok(EventId(id)),
        _ => Err(format!("{field} is event {id}, of {last}")),
    }
}
