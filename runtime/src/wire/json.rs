//! Histories as JSON, the way the Temporal CLI and UI export them: the proto3 JSON mapping.

use std::{cmp::Ordering, fmt, ops::RangeInclusive, sync::LazyLock};

use durably_proto::{FILE_DESCRIPTOR_SET, Message as _, api::history::v1::History};
use prost_reflect::{
    DescriptorPool, DeserializeOptions, DynamicMessage, MessageDescriptor, ReflectMessage,
    Value as Reflected,
};
use serde::de::{Deserializer, Error as _};
use serde_json::Value;

use super::{
    json_styles,
    payload_fields::{Field, Subject, VisitOptions, Visitor},
};

/// Reads a history. Fields and names that only newer or older servers know are passed over: what an
/// event is, its attributes say, and replay refuses an event without any.
pub(crate) fn history(json: &str) -> Result<History, NotAHistory> {
    let strict = DeserializeOptions::new();
    if let Ok(history) = read_text(json, &strict) {
        return Ok(history);
    }
    // A name in another style would be passed over like one of a newer server, and its value would be lost.
    let value: Value =
        serde_json::from_str(json).map_err(|error| NotAHistory(error.to_string()))?;
    let value =
        json_styles::proto3(value, &HISTORY).map_err(|error| NotAHistory(error.to_string()))?;
    let lenient = DeserializeOptions::new().deny_unknown_fields(false);
    read(value, &lenient).map_err(|error| {
        // The text has lines and columns, which the value does not have.
        let in_text = read_text(json, &lenient).err();
        NotAHistory(in_text.unwrap_or(error).to_string())
    })
}

fn read_text(json: &str, options: &DeserializeOptions) -> Result<History, serde_json::Error> {
    let mut text = serde_json::Deserializer::from_str(json);
    let history = read(&mut text, options)?;
    text.end()?;
    Ok(history)
}

fn read<'a, D: Deserializer<'a>>(
    json: D,
    options: &DeserializeOptions,
) -> Result<History, D::Error> {
    let message = DynamicMessage::deserialize_with_options(HISTORY.clone(), json, options)?;
    History::decode(&*message.encode_to_vec()).map_err(D::Error::custom)
}

/// The text is not a history; says why, with its place in the text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotAHistory(String);

impl fmt::Display for NotAHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it is not a history in JSON: {}", self.0)
    }
}

/// Writes a history, which [`history`] and the tools of Temporal read. Of a time that JSON cannot say it has the
/// nearest that it can, and causes of failures that are nested deeper than can be read are left out.
pub(crate) fn write(mut history: History) -> String {
    limit_failures(&mut history);
    let bytes = history.encode_to_vec();
    let mut message = DynamicMessage::decode(HISTORY.clone(), &*bytes)
        .expect("the descriptors are those of the message that was encoded");
    limit_times(&mut message);
    serde_json::to_string_pretty(&message).expect("all times are in the ranges of JSON")
}

/// Failures are the only messages of a history that may be nested at will.
fn limit_failures(history: &mut History) {
    let options = VisitOptions {
        limit_causes: true,
        ..VisitOptions::default()
    };
    let mut ignore = |_: &Subject, _: Field<'_>| {};
    // What cannot be read stays as it is.
    let _ = Visitor::new(Subject::default(), options, &mut ignore).all_of(history);
}

const TIMESTAMP: &str = "google.protobuf.Timestamp";
const DURATION: &str = "google.protobuf.Duration";
/// The seconds of timestamps in JSON, which has years of four digits: 0001 to 9999.
const TIMESTAMPS: RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
/// The seconds of durations in JSON: ten thousand years.
const DURATIONS: RangeInclusive<i64> = -315_576_000_000..=315_576_000_000;
const MAX_NANOS: i32 = 999_999_999;

/// Moves the times in a message into the ranges of JSON, which protobuf does not have.
fn limit_times(message: &mut DynamicMessage) {
    match message.descriptor().full_name() {
        TIMESTAMP => limit_time(message, TIMESTAMPS, 0..=MAX_NANOS),
        DURATION => limit_time(message, DURATIONS, -MAX_NANOS..=MAX_NANOS),
        _ => message
            .fields_mut()
            .for_each(|(_, value)| limit_times_in(value)),
    }
}

fn limit_times_in(value: &mut Reflected) {
    match value {
        Reflected::Message(message) => limit_times(message),
        Reflected::List(values) => values.iter_mut().for_each(limit_times_in),
        Reflected::Map(values) => values.values_mut().for_each(limit_times_in),
        // Numbers and texts.
        _ => {}
    }
}

/// Both kinds of times have their seconds in the first field and their nanoseconds in the second.
fn limit_time(time: &mut DynamicMessage, seconds: RangeInclusive<i64>, nanos: RangeInclusive<i32>) {
    const SECONDS: u32 = 1;
    const NANOS: u32 = 2;
    let field = |number| time.get_field_by_number(number);
    let found_seconds = field(SECONDS)
        .and_then(|it| it.as_i64())
        .unwrap_or_default();
    let found_nanos = field(NANOS).and_then(|it| it.as_i32()).unwrap_or_default();
    let nearest = found_seconds.clamp(*seconds.start(), *seconds.end());
    let nearest_nanos = match found_seconds.cmp(&nearest) {
        Ordering::Less => *nanos.start(),
        Ordering::Equal => found_nanos.clamp(*nanos.start(), *nanos.end()),
        Ordering::Greater => *nanos.end(),
    };
    time.set_field_by_number(SECONDS, Reflected::I64(nearest));
    time.set_field_by_number(NANOS, Reflected::I32(nearest_nanos));
}

/// What a history looks like; taken from the descriptors once.
static HISTORY: LazyLock<MessageDescriptor> = LazyLock::new(|| {
    DescriptorPool::decode(FILE_DESCRIPTOR_SET)
        .expect("the descriptors were written by the build script")
        .get_message_by_name("temporal.api.history.v1.History")
        .expect("Temporal's API has histories")
});

#[cfg(test)]
mod tests {
    use durably_engine::{
        Completion, EndRun, EventKind, Fact, Intent, Job, Payload, Run, ScheduleActivity, Seq, Task,
    };
    use std::collections::BTreeSet;

    use durably_proto::{
        api::{
            failure::v1::Failure,
            history::v1::{self as proto, history_event::Attributes},
        },
        wkt,
    };

    use super::*;
    use crate::wire::workflow_task::append_history;

    /// Histories that the Python SDK wrote on a real server.
    const RECORDED: [&str; 9] = [
        include_str!("../../../tests/histories/python_activities.json"),
        include_str!("../../../tests/histories/python_cancel_unstarted.json"),
        include_str!("../../../tests/histories/python_cancellation.json"),
        include_str!("../../../tests/histories/python_continue_as_new.json"),
        include_str!("../../../tests/histories/python_failure.json"),
        include_str!("../../../tests/histories/python_patches.json"),
        include_str!("../../../tests/histories/python_signals.json"),
        include_str!("../../../tests/histories/python_timers.json"),
        include_str!("../../../tests/histories/python_updates.json"),
    ];

    /// The style of the JSON that tools and the UI wrote before they used the proto3 mapping.
    fn in_pascal_case(json: &str) -> String {
        let name = |prefix: &str, rest: &str| {
            let mut words = String::new();
            for word in rest.split('_') {
                words += &word[..1];
                words += &word[1..].to_lowercase();
            }
            (format!("\"{prefix}{rest}\""), format!("\"{words}\""))
        };
        let mut text = json.to_owned();
        for prefix in [
            "EVENT_TYPE_",
            "TASK_QUEUE_KIND_",
            "RETRY_STATE_",
            "TIMEOUT_TYPE_",
            "CONTINUE_AS_NEW_INITIATOR_",
            "PARENT_CLOSE_POLICY_",
            "WORKFLOW_ID_REUSE_POLICY_",
        ] {
            let rests: Vec<_> = text.split(&format!("\"{prefix}")).skip(1).collect();
            let rests = rests.into_iter().filter_map(|it| it.split('"').next());
            let names: Vec<_> = rests.map(|rest| name(prefix, rest)).collect();
            for (from, to) in names {
                text = text.replace(&from, &to);
            }
        }
        text
    }

    fn read(json: &str) -> Task {
        let mut task = Task::default();
        append_history(&mut task, history(json).unwrap().events).unwrap();
        task
    }

    #[test]
    fn a_history_that_was_written_is_read_as_it_was() {
        for json in RECORDED {
            let recorded = history(json).unwrap();
            assert_eq!(history(&write(recorded.clone())), Ok(recorded));
        }
    }

    #[test]
    fn times_that_json_cannot_say_are_written_as_the_nearest() {
        let time = |seconds, nanos| wkt::Timestamp { seconds, nanos };
        let span = |seconds, nanos| wkt::Duration { seconds, nanos };
        for (written, expected) in [
            ((i64::MAX, 0), "9999-12-31T23:59:59.999999999Z"),
            ((i64::MIN, i32::MAX), "0001-01-01T00:00:00Z"),
            ((1, i32::MAX), "1970-01-01T00:00:01.999999999Z"),
            ((1, -1), "1970-01-01T00:00:01Z"),
        ] {
            let json = write(of_times(time(written.0, written.1), span(0, 0)));
            assert!(json.contains(expected), "{json}");
            assert_eq!(write(history(&json).unwrap()), json);
        }
        for (written, expected) in [
            ((i64::MAX, 0), "\"315576000000.999999999s\""),
            ((i64::MIN, 0), "\"-315576000000.999999999s\""),
            ((0, i32::MAX), "\"0.999999999s\""),
        ] {
            let json = write(of_times(time(0, 0), span(written.0, written.1)));
            assert!(json.contains(expected), "{json}");
            assert_eq!(write(history(&json).unwrap()), json);
        }
    }

    fn of_times(time: wkt::Timestamp, span: wkt::Duration) -> History {
        let started = proto::TimerStartedEventAttributes {
            start_to_fire_timeout: Some(span),
            ..Default::default()
        };
        let event = proto::HistoryEvent {
            event_time: Some(time),
            attributes: Some(Attributes::TimerStartedEventAttributes(started)),
            ..Default::default()
        };
        History {
            events: vec![event],
        }
    }

    /// Of the types with rules of their own in JSON, all others take every value.
    #[test]
    fn a_history_has_no_types_but_times_that_json_cannot_always_say() {
        let mut found = BTreeSet::new();
        let mut waiting = vec![HISTORY.clone()];
        while let Some(message) = waiting.pop() {
            if !found.insert(message.full_name().to_owned()) {
                continue;
            }
            let kinds = message.fields().map(|field| field.kind());
            waiting.extend(kinds.filter_map(|kind| kind.as_message().cloned()));
        }
        let of_protobuf = found.iter().filter(|it| it.starts_with("google.protobuf."));
        let of_protobuf: Vec<_> = of_protobuf.collect();
        assert_eq!(of_protobuf, [DURATION, TIMESTAMP]);
    }

    /// A message that is nested at will is refused by readers, and so it is limited.
    #[test]
    fn a_history_has_no_messages_but_failures_that_are_parts_of_themselves() {
        fn visit(
            message: &MessageDescriptor,
            path: &mut Vec<String>,
            nested: &mut BTreeSet<String>,
        ) {
            let name = message.full_name().to_owned();
            if path.contains(&name) {
                nested.insert(name);
                return;
            }
            path.push(name);
            for field in message.fields() {
                if let Some(part) = field.kind().as_message() {
                    visit(part, path, nested);
                }
            }
            path.pop();
        }
        let mut nested = BTreeSet::new();
        visit(&HISTORY, &mut Vec::new(), &mut nested);
        assert_eq!(Vec::from_iter(nested), ["temporal.api.failure.v1.Failure"]);
    }

    #[test]
    fn failures_that_are_nested_at_will_are_written() {
        let failed = |causes: usize| {
            let mut failure = Failure::default();
            for number in 0..causes {
                failure = Failure {
                    message: format!("cause {number}"),
                    cause: Some(Box::new(failure)),
                    ..Default::default()
                };
            }
            let attributes = proto::ActivityTaskFailedEventAttributes {
                failure: Some(failure),
                ..Default::default()
            };
            let event = proto::HistoryEvent {
                attributes: Some(Attributes::ActivityTaskFailedEventAttributes(attributes)),
                ..Default::default()
            };
            History {
                events: vec![event],
            }
        };
        let readable = failed(40);
        assert_eq!(history(&write(readable.clone())), Ok(readable));
        let json = write(failed(500));
        assert!(json.contains("more causes"), "{json}");
        assert_eq!(write(history(&json).unwrap()), json);
    }

    #[test]
    fn names_of_enums_in_every_style_are_the_same() {
        for json in RECORDED {
            let recorded = history(json).unwrap();
            let pascal = in_pascal_case(json);
            assert!(!pascal.contains("EVENT_TYPE_"));
            assert_eq!(history(&pascal), Ok(recorded.clone()));
            let mut numbers = Vec::new();
            let message = DynamicMessage::decode(HISTORY.clone(), &*recorded.encode_to_vec());
            let options = prost_reflect::SerializeOptions::new().use_enum_numbers(true);
            let mut writer = serde_json::Serializer::new(&mut numbers);
            message
                .unwrap()
                .serialize_with_options(&mut writer, &options)
                .unwrap();
            let numbers = String::from_utf8(numbers).unwrap();
            assert!(numbers.contains("\"eventType\":1,"), "{numbers}");
            assert_eq!(history(&numbers), Ok(recorded));
        }
    }

    #[test]
    fn causes_of_failures_keep_their_meaning_in_every_style() {
        let json = r#"{"events": [{"eventId": "1", "eventType": "ActivityTaskFailed",
            "activityTaskFailedEventAttributes": {"retryState": "MaximumAttemptsReached",
            "failure": {"cause": {"timeoutFailureInfo": {"timeoutType": "StartToClose"}}}}}]}"#;
        let modern = json
            .replace("ActivityTaskFailed\"", "EVENT_TYPE_ACTIVITY_TASK_FAILED\"")
            .replace("Maximum", "RETRY_STATE_MAXIMUM_")
            .replace("AttemptsReached", "ATTEMPTS_REACHED")
            .replace("StartToClose", "TIMEOUT_TYPE_START_TO_CLOSE");
        let strict = read_text(&modern, &DeserializeOptions::new()).unwrap();
        assert_eq!(history(json), Ok(strict));
    }

    #[test]
    fn what_surrounds_the_events_in_responses_and_older_exports_is_accepted() {
        let recorded = history(RECORDED[0]).unwrap();
        let object: Value = serde_json::from_str(RECORDED[0]).unwrap();
        let list = object["events"].to_string();
        assert_eq!(history(&list), Ok(recorded.clone()));
        let response = format!(r#"{{"history": {}, "nextPageToken": ""}}"#, RECORDED[0]);
        assert_eq!(history(&response), Ok(recorded));
    }

    #[test]
    fn fields_and_names_of_other_versions_are_passed_over() {
        let newer = RECORDED[0]
            .replacen(
                "\"eventId\"",
                "\"classification\": {\"a\": 1}, \"eventId\"",
                1,
            )
            .replacen("TASK_QUEUE_KIND_NORMAL", "TASK_QUEUE_KIND_SOMETHING_NEW", 1);
        let mut expected = history(RECORDED[0]).unwrap();
        let found = history(&newer).unwrap();
        assert_ne!(found, expected);
        let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) =
            &mut expected.events[0].attributes
        else {
            panic!("a history begins with its start");
        };
        started.task_queue.as_mut().unwrap().kind = 0;
        assert_eq!(found, expected);
    }

    #[test]
    fn payloads_that_an_export_decoded_are_refused_by_their_place() {
        let decoded = r#"{"events": [{"eventId": "1", "workflowExecutionStartedEventAttributes":
            {"workflowType": {"name": "Order"}, "input": ["Bob"]}}]}"#;
        let fields = decoded
            .replace("\"input\"", "\"memo\"")
            .replace("[\"Bob\"]", r#"{"fields": {"note": {"text": "urgent"}}}"#);
        for (json, place) in [(decoded, "input"), (&*fields, "memo.fields.note")] {
            let error = history(json).unwrap_err().to_string();
            let found = format!(
                "`events[0].workflowExecutionStartedEventAttributes.{place}` is a decoded value"
            );
            assert!(error.contains(&found), "{error}");
        }
    }

    #[test]
    fn every_event_of_recorded_histories_is_understood() {
        for json in RECORDED {
            for event in read(json).history {
                assert!(
                    !matches!(event.kind, EventKind::Fact(Fact::Unknown { .. })),
                    "{event:?}"
                );
            }
        }
    }

    #[test]
    fn recorded_history_of_activities_replays() {
        let mut run = Run::new();
        run.handle_task(read(RECORDED[0])).unwrap();
        let mut calls = 0;
        while let Some(job) = run.poll_job() {
            if !matches!(job, Job::Start(_) | Job::ActivityResolved { .. }) {
                continue;
            }
            calls += 1;
            let intent = if calls <= 5 {
                Intent::ScheduleActivity(Box::new(ScheduleActivity {
                    seq: Seq(calls),
                    activity_type: "inc".to_owned(),
                    ..ScheduleActivity::default()
                }))
            } else {
                let result = vec![Payload::json(b"5".to_vec())];
                Intent::EndRun(EndRun::Complete(result))
            };
            run.issue(intent, None);
        }
        assert_eq!(run.finish(), Ok(Completion::Task(Default::default())));
    }

    #[test]
    fn what_is_no_history_is_refused_with_a_reason() {
        let error = history(r#"{"events": [{"eventId": "first"}]}"#).unwrap_err();
        assert!(error.to_string().contains("line 1 column 31"), "{error}");
        let error = history("<html>").unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("it is not a history in JSON: expected value"),
            "{error}"
        );
    }
}
