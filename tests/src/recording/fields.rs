//! A message as text: one line a field.

use std::{collections::BTreeMap, sync::LazyLock};

use durably_proto::{FILE_DESCRIPTOR_SET, Message};
use prost_reflect::{
    DescriptorPool, DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MapKey, ReflectMessage,
    Value,
};

use super::names::{self, Names};

/// Fields whose values differ in each run on one server, too, as `message.field`. Only whether they are there is
/// compared.
const MASKED: [&str; 6] = [
    // The place of a task in the queue of a shard.
    "HistoryEvent.task_id",
    // Sizes in bytes: those of ids and identities are in them.
    "WorkflowTaskStartedEventAttributes.history_size_bytes",
    "WorkflowExecutionInfo.history_size_bytes",
    // How long the machine needed.
    "WorkflowExecutionInfo.execution_duration",
    // How often the server wrote the run's state: it writes two changes at once, or each by itself.
    "WorkflowExecutionInfo.state_transition_count",
    // A task that is handed out with the response to the one before has a fixed id, others have a random one. Which it
    // is depends on what arrived meanwhile.
    "WorkflowTaskStartedEventAttributes.request_id",
];

/// Durations of which a part has passed when they are written, as whole seconds. The runs of a chain start a second
/// apart, so that what is left of one depends on the machine, and is not compared.
const REMAINING: [&str; 2] = [
    "WorkflowExecutionStartedEventAttributes.first_workflow_task_backoff",
    "PendingActivityInfo.current_retry_interval",
];

/// What the real server keeps of a closed run, and the embedded one does not (guide, "The embedded server").
const PENDING: [&str; 2] = ["pending_activities", "pending_workflow_task"];

/// Keys of the JSON in the marker of a local activity that hold times.
const TIMES_IN_MARKERS: [&str; 2] = ["complete_time", "original_schedule_time"];

/// The fields of a message that are set, sorted: `path`, `value`.
pub(super) fn of(
    message: &impl Message,
    name: &str,
    place: &str,
    names: &mut Names,
) -> Vec<(String, String)> {
    let descriptor = POOL
        .get_message_by_name(name)
        .expect("the message is one of Temporal's");
    let message = DynamicMessage::decode(descriptor, &*message.encode_to_vec())
        .expect("the descriptors are those of the message that was encoded");
    let mut lines = Lines {
        place,
        names,
        lines: Vec::new(),
    };
    lines.message("", &message);
    lines.lines
}

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(FILE_DESCRIPTOR_SET)
        .expect("the descriptors were written by the build script")
});

struct Lines<'a> {
    place: &'a str,
    names: &'a mut Names,
    lines: Vec<(String, String)>,
}

impl Lines<'_> {
    fn add(&mut self, path: &str, value: &str) {
        let place = format!("{}, {path}", self.place);
        let value = self.names.replaced(value, &place);
        self.lines.push((path.to_owned(), value));
    }

    fn message(&mut self, path: &str, message: &DynamicMessage) {
        match message.descriptor().full_name() {
            "google.protobuf.Timestamp" => return self.add(path, "a time"),
            "google.protobuf.Duration" => return self.add(path, &duration(message)),
            "temporal.api.common.v1.Payload" => return self.payload(path, message),
            _ => {}
        }
        let mut fields: Vec<_> = message.fields().collect();
        if is_closed_run(message) {
            fields.retain(|(field, _)| !PENDING.contains(&field.name()));
        }
        fields.sort_by_key(|(field, _)| field.number());
        if fields.is_empty() {
            self.add(path, "{}");
        }
        for (field, value) in fields {
            let path = join(path, field.name());
            let of = message.descriptor();
            let name = format!("{}.{}", of.name(), field.name());
            match value {
                Value::String(text) if MASKED.contains(&&*name) => {
                    // Where else this id stands, it has this place in its name.
                    self.names
                        .replaced(text, &format!("{}, {path}", self.place));
                    self.add(&path, "masked");
                }
                _ if MASKED.contains(&&*name) => self.add(&path, "masked"),
                Value::Message(duration) if REMAINING.contains(&&*name) => {
                    let seconds = seconds(duration).ceil();
                    if seconds > 1.0 {
                        self.add(&path, &format!("{seconds} s"));
                    }
                }
                value => self.value(&path, &field, value),
            }
        }
    }

    fn value(&mut self, path: &str, field: &FieldDescriptor, value: &Value) {
        match value {
            Value::Message(message) => self.message(path, message),
            Value::List(values) => {
                for (at, value) in values.iter().enumerate() {
                    self.value(&format!("{path}[{at}]"), field, value);
                }
            }
            Value::Map(values) => {
                let Kind::Message(entry) = field.kind() else {
                    unreachable!("a map is a list of entries");
                };
                let field = entry.map_entry_value_field();
                let mut values: Vec<_> = values.iter().map(|(k, v)| (key(k), v)).collect();
                // Random keys have no order of their own.
                values.sort_by_key(|(key, value)| match (names::uuid(key), value) {
                    (Some(_), Value::Message(value)) => value.encode_to_vec(),
                    _ => key.clone().into_bytes(),
                });
                for (at, (key, value)) in values.into_iter().enumerate() {
                    let place = format!("{}, {path} {at}", self.place);
                    let key = self.names.replaced(&key, &place);
                    self.value(&format!("{path}[{key}]"), &field, value);
                }
            }
            Value::EnumNumber(number) => match field.kind() {
                Kind::Enum(kind) => self.add(path, &name_of(&kind, *number)),
                _ => self.add(path, &number.to_string()),
            },
            Value::Bytes(bytes) => self.add(path, &text(bytes)),
            Value::String(text) => self.add(path, &format!("{text:?}")),
            Value::Bool(it) => self.add(path, &it.to_string()),
            Value::I32(it) => self.add(path, &it.to_string()),
            Value::I64(it) => self.add(path, &it.to_string()),
            Value::U32(it) => self.add(path, &it.to_string()),
            Value::U64(it) => self.add(path, &it.to_string()),
            Value::F32(it) => self.add(path, &it.to_string()),
            Value::F64(it) => self.add(path, &it.to_string()),
        }
    }

    /// The data as text, in front of its metadata.
    fn payload(&mut self, path: &str, payload: &DynamicMessage) {
        let field = |name| payload.get_field_by_name(name);
        let data = field("data").and_then(|it| it.as_bytes().cloned());
        let mut data = text(&data.unwrap_or_default());
        if let Ok(mut json) = serde_json::from_str::<serde_json::Value>(&data) {
            for time in TIMES_IN_MARKERS {
                if let Some(time) = json.get_mut(time).filter(|it| !it.is_null()) {
                    *time = "a time".into();
                }
            }
            data = json.to_string();
        }
        let metadata = field("metadata");
        let metadata = metadata.as_ref().and_then(|it| it.as_map());
        let metadata: BTreeMap<_, _> = metadata
            .into_iter()
            .flatten()
            .map(|(k, v)| (key(k), text(v.as_bytes().map_or(&[][..], |it| it))))
            .collect();
        self.add(path, &format!("{data} {metadata:?}"));
    }
}

fn join(path: &str, field: &str) -> String {
    match path {
        "" => field.to_owned(),
        path => format!("{path}.{field}"),
    }
}

fn key(key: &MapKey) -> String {
    match key {
        MapKey::String(text) => text.clone(),
        other => format!("{other:?}"),
    }
}

fn name_of(kind: &EnumDescriptor, number: i32) -> String {
    let value = kind.get_value(number);
    value.map_or_else(|| number.to_string(), |value| value.name().to_owned())
}

fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("{bytes:?}"),
    }
}

fn duration(message: &DynamicMessage) -> String {
    let (seconds, nanos) = parts(message);
    format!("{seconds}.{nanos:09} s")
}

/// A duration in seconds, to the millisecond.
fn seconds(message: &DynamicMessage) -> f64 {
    let (seconds, nanos) = parts(message);
    #[expect(
        clippy::cast_precision_loss,
        reason = "the durations of tests are short"
    )]
    let seconds = seconds as f64;
    seconds + f64::from(nanos / 1_000_000) / 1_000.0
}

/// Seconds and nanoseconds of a duration.
fn parts(message: &DynamicMessage) -> (i64, i32) {
    let field = |name| message.get_field_by_name(name);
    let seconds = field("seconds").and_then(|it| it.as_i64());
    let nanos = field("nanos").and_then(|it| it.as_i32());
    (seconds.unwrap_or_default(), nanos.unwrap_or_default())
}

/// Whether this describes a run that is closed.
fn is_closed_run(message: &DynamicMessage) -> bool {
    let info = message.get_field_by_name("workflow_execution_info");
    let info = info.as_ref().and_then(|it| it.as_message());
    info.is_some_and(|it| it.has_field_by_name("close_time"))
}
