//! Markers: what workers record for their own replay, in the forms of other SDKs.

use std::{
    collections::HashMap,
    time::{Duration, SystemTime},
};

use durably_engine::{
    CommandEvent, EventKind, LocalActivityMarked, Payload, SideEffect, SideEffectId,
};
use durably_proto::api::{
    command::v1::RecordMarkerCommandAttributes, common::v1 as common,
    history::v1::MarkerRecordedEventAttributes,
};
use serde::{Deserialize, Serialize};

use super::{Fault, WireError, failure, payload, time};

/// The marker that SDKs write for a patch.
const PATCH: &str = "core_patch";
/// The marker that SDKs built on the shared core write for a local activity.
const LOCAL_ACTIVITY: &str = "core_local_activity";
/// The markers of Temporal's Go SDK for side effects; the shared core has none.
const SIDE_EFFECT: &str = "SideEffect";
const MUTABLE_SIDE_EFFECT: &str = "MutableSideEffect";

const PATCH_DATA: Detail = Detail::new("patch-data", "details.patch-data");
const DATA: Detail = Detail::new("data", "details.data");
const RESULT: Detail = Detail::new("result", "details.result");
const SIDE_EFFECT_ID: Detail = Detail::new("side-effect-id", "details.side-effect-id");
const CALL_COUNTER: Detail = Detail::new(
    "mutable-side-effect-call-counter",
    "details.mutable-side-effect-call-counter",
);

/// A detail of a marker: its key, and its path for errors.
#[derive(Clone, Copy)]
struct Detail {
    key: &'static str,
    path: &'static str,
}

impl Detail {
    const fn new(key: &'static str, path: &'static str) -> Self {
        Self { key, path }
    }
}

/// What the marker of a patch says, as JSON.
#[derive(Debug, Serialize, Deserialize)]
struct PatchData {
    id: String,
    deprecated: bool,
}

/// What the marker of a local activity says, as JSON. Its names are those of the shared core's message.
#[derive(Debug, Serialize, Deserialize)]
struct LocalActivityData {
    seq: u32,
    attempt: u32,
    activity_id: String,
    activity_type: String,
    complete_time: Option<Timestamp>,
    backoff: Option<Timestamp>,
    original_schedule_time: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    activation_index: Option<u64>,
}

/// A point in time or a span of it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Timestamp {
    seconds: i64,
    nanos: i32,
}

/// Whether a detail of a marker is data of the SDK, which is left as it is, and not a value of users.
pub(super) fn is_own_detail(marker: &str, key: &str) -> bool {
    marker == PATCH || marker == LOCAL_ACTIVITY && key == DATA.key
}

pub(super) fn patch(id: String, deprecated: bool) -> RecordMarkerCommandAttributes {
    let data = json(&PatchData { id, deprecated });
    record(PATCH, [(PATCH_DATA, vec![data])])
}

pub(super) fn local_activity(marked: LocalActivityMarked) -> RecordMarkerCommandAttributes {
    let data = LocalActivityData {
        seq: marked.number,
        attempt: marked.attempt,
        activity_id: marked.activity_id,
        activity_type: marked.activity_type,
        complete_time: marked.complete_time.map(Timestamp::of),
        backoff: marked.backoff.map(Timestamp::after),
        original_schedule_time: marked.first_scheduled.map(Timestamp::of),
        activation_index: marked.activation,
    };
    let mut marker = record(LOCAL_ACTIVITY, [(DATA, vec![json(&data)])]);
    match marked.result {
        Ok(result) => {
            if let Some(result) = payload::list_to_proto(result) {
                marker.details.insert(RESULT.key.to_owned(), result);
            }
        }
        Err(record) => marker.failure = Some(failure::to_proto(record)),
    }
    marker
}

pub(super) fn side_effect(effect: SideEffect) -> RecordMarkerCommandAttributes {
    match effect.id {
        SideEffectId::Once(number) => record(
            SIDE_EFFECT,
            [(SIDE_EFFECT_ID, vec![json(&number)]), (DATA, effect.data)],
        ),
        SideEffectId::Mutable { name, call } => record(
            MUTABLE_SIDE_EFFECT,
            [
                // The Go SDK makes the id unique.
                (SIDE_EFFECT_ID, vec![json(&format!("{name}_{call}"))]),
                (DATA, vec![json(&name), payload::pack_json(effect.data)]),
                (CALL_COUNTER, vec![json(&call)]),
            ],
        ),
    }
}

/// What the marker records, for people.
pub(super) fn describe(marker: &RecordMarkerCommandAttributes) -> String {
    match &*marker.marker_name {
        LOCAL_ACTIVITY => {
            let data = marker.details.get(DATA.key);
            let data = data.and_then(|it| it.payloads.first());
            let data = data.and_then(|it| serde_json::from_slice(&it.data).ok());
            let name = data.map_or_else(String::new, |it: LocalActivityData| it.activity_type);
            format!("the result of local activity `{name}`")
        }
        SIDE_EFFECT | MUTABLE_SIDE_EFFECT => "the value of a side effect".to_owned(),
        other => format!("marker `{other}`"),
    }
}

fn record<const N: usize>(
    name: &str,
    details: [(Detail, Vec<Payload>); N],
) -> RecordMarkerCommandAttributes {
    let details = details.into_iter().map(|(detail, payloads)| {
        let payloads = payloads.into_iter().map(payload::to_proto).collect();
        (detail.key.to_owned(), common::Payloads { payloads })
    });
    RecordMarkerCommandAttributes {
        marker_name: name.to_owned(),
        details: details.collect(),
        ..Default::default()
    }
}

/// Reads the marker of event `id`.
pub(super) fn from_proto(
    id: i64,
    it: MarkerRecordedEventAttributes,
) -> Result<EventKind, WireError> {
    let details = Details {
        event: id,
        details: it.details,
    };
    let event = match it.marker_name.as_str() {
        PATCH => read_patch(details)?,
        LOCAL_ACTIVITY => {
            let failed = it.failure.map(failure::from_proto);
            read_local_activity(details, failed)?
        }
        SIDE_EFFECT => read_side_effect(details)?,
        MUTABLE_SIDE_EFFECT => read_mutable_side_effect(details)?,
        _ => CommandEvent::MarkerRecorded {
            name: it.marker_name,
        },
    };
    Ok(event.into())
}

fn read_patch(mut details: Details) -> Result<CommandEvent, WireError> {
    let patch: PatchData = details.json(PATCH_DATA)?;
    Ok(CommandEvent::PatchMarked {
        id: patch.id,
        deprecated: patch.deprecated,
    })
}

fn read_local_activity(
    mut details: Details,
    failed: Option<durably_engine::FailureRecord>,
) -> Result<CommandEvent, WireError> {
    let data: LocalActivityData = details.json(DATA)?;
    let result = details.details.remove(RESULT.key);
    Ok(CommandEvent::LocalActivityMarked(Box::new(
        LocalActivityMarked {
            number: data.seq,
            attempt: data.attempt,
            activity_id: data.activity_id,
            activity_type: data.activity_type,
            complete_time: data.complete_time.and_then(Timestamp::instant),
            backoff: data.backoff.map(Timestamp::span),
            first_scheduled: data.original_schedule_time.and_then(Timestamp::instant),
            activation: data.activation_index,
            result: match failed {
                Some(failed) => Err(failed),
                None => Ok(payload::list_from_proto(result)),
            },
        },
    )))
}

fn read_side_effect(mut details: Details) -> Result<CommandEvent, WireError> {
    let id = SideEffectId::Once(details.json(SIDE_EFFECT_ID)?);
    let data = details.list(DATA)?;
    Ok(side_effect_marked(id, data))
}

fn read_mutable_side_effect(mut details: Details) -> Result<CommandEvent, WireError> {
    let call = details.json(CALL_COUNTER)?;
    let mut data = details.list(DATA)?.into_iter();
    let (Some(name), Some(packed)) = (data.next(), data.next()) else {
        return Err(details.missing(DATA));
    };
    let name = serde_json::from_slice(name.data()).map_err(|error| details.fault(DATA, error))?;
    let data = payload::unpack_json(&packed).map_err(|error| details.fault(DATA, error))?;
    Ok(side_effect_marked(
        SideEffectId::Mutable { name, call },
        data,
    ))
}

fn side_effect_marked(id: SideEffectId, data: Vec<Payload>) -> CommandEvent {
    CommandEvent::SideEffectMarked(Box::new(SideEffect { id, data }))
}

/// The details of the marker of an event.
struct Details {
    event: i64,
    details: HashMap<String, common::Payloads>,
}

impl Details {
    fn list(&mut self, detail: Detail) -> Result<Vec<Payload>, WireError> {
        match self.details.remove(detail.key) {
            Some(list) => Ok(payload::list_from_proto(Some(list))),
            None => Err(self.missing(detail)),
        }
    }

    fn json<T: for<'a> Deserialize<'a>>(&mut self, detail: Detail) -> Result<T, WireError> {
        let list = self.list(detail)?;
        let bytes = list.first().map_or(&[][..], Payload::data);
        serde_json::from_slice(bytes).map_err(|error| self.fault(detail, error))
    }

    fn missing(&self, detail: Detail) -> WireError {
        WireError::missing(format!("event {}", self.event), detail.path)
    }

    fn fault(&self, detail: Detail, error: impl ToString) -> WireError {
        let fault = Fault::Undecodable(error.to_string());
        WireError::new(format!("event {}", self.event), detail.path, fault)
    }
}

impl Timestamp {
    fn of(time: SystemTime) -> Self {
        let (seconds, nanos) = match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => (seconds(after), after.subsec_nanos()),
            Err(before) => {
                let before = before.duration();
                let nanos = (1_000_000_000 - before.subsec_nanos()) % 1_000_000_000;
                (-seconds(before) - i64::from(nanos > 0), nanos)
            }
        };
        Self {
            seconds,
            nanos: nanos.cast_signed(),
        }
    }

    fn after(span: Duration) -> Self {
        Self {
            seconds: seconds(span),
            nanos: span.subsec_nanos().cast_signed(),
        }
    }

    fn instant(self) -> Option<SystemTime> {
        time::instant(durably_proto::wkt::Timestamp {
            seconds: self.seconds,
            nanos: self.nanos,
        })
    }

    fn span(self) -> Duration {
        time::span(durably_proto::wkt::Duration {
            seconds: self.seconds,
            nanos: self.nanos,
        })
    }
}

fn seconds(span: Duration) -> i64 {
    i64::try_from(span.as_secs()).unwrap_or(i64::MAX)
}

fn json(value: &impl Serialize) -> Payload {
    Payload::json(serde_json::to_vec(value).expect("strings, numbers and flags are always JSON"))
}

#[cfg(test)]
mod tests {
    use durably_engine::{EventKind, FailureInfo, FailureRecord};
    use durably_proto::api::common::v1::Payloads;

    use super::*;

    fn epoch(seconds: u64, nanos: u32) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos)
    }

    fn marked() -> LocalActivityMarked {
        LocalActivityMarked {
            number: 2,
            attempt: 3,
            activity_id: "2".to_owned(),
            activity_type: "greet".to_owned(),
            complete_time: Some(epoch(1_795_980_888, 58_938_014)),
            backoff: Some(Duration::from_millis(100)),
            first_scheduled: None,
            activation: Some(1),
            result: Ok(vec![Payload::json(b"\"hi\"".to_vec())]),
        }
    }

    fn recorded(command: RecordMarkerCommandAttributes) -> CommandEvent {
        let event = MarkerRecordedEventAttributes {
            marker_name: command.marker_name,
            details: command.details,
            failure: command.failure,
            ..Default::default()
        };
        match from_proto(5, event).unwrap() {
            EventKind::Command(event) => event,
            other => panic!("{other:?}"),
        }
    }

    fn data<'a>(details: &'a HashMap<String, Payloads>, key: &str) -> &'a [u8] {
        &details[key].payloads[0].data
    }

    #[test]
    fn local_activity_is_marked_as_the_shared_core_marks_it() {
        let marker = local_activity(marked());
        assert_eq!(marker.marker_name, "core_local_activity");
        let written = data(&marker.details, "data");
        assert_eq!(
            String::from_utf8_lossy(written),
            r#"{"seq":2,"attempt":3,"activity_id":"2","activity_type":"greet","complete_time":{"seconds":1795980888,"nanos":58938014},"backoff":{"seconds":0,"nanos":100000000},"original_schedule_time":null,"activation_index":1}"#
        );
        assert_eq!(data(&marker.details, "result"), b"\"hi\"");
        let expected = CommandEvent::LocalActivityMarked(Box::new(marked()));
        assert_eq!(recorded(marker), expected);
    }

    #[test]
    fn a_failed_local_activity_has_its_failure_in_the_marker() {
        let failure = FailureRecord::new(
            "no",
            FailureInfo::Canceled {
                details: Vec::new(),
            },
        );
        let failed = LocalActivityMarked {
            activation: None,
            result: Err(failure),
            ..marked()
        };
        let marker = local_activity(failed.clone());
        assert!(marker.failure.is_some() && !marker.details.contains_key("result"));
        assert!(!data(&marker.details, "data").ends_with(b"\"activation_index\":null}"));
        let expected = CommandEvent::LocalActivityMarked(Box::new(failed));
        assert_eq!(recorded(marker), expected);
    }

    #[test]
    fn side_effects_are_marked_as_the_go_sdk_marks_them() {
        let once = SideEffect {
            id: SideEffectId::Once(7),
            data: vec![Payload::json(b"true".to_vec())],
        };
        let marker = side_effect(once.clone());
        assert_eq!(marker.marker_name, "SideEffect");
        assert_eq!(data(&marker.details, "side-effect-id"), b"7");
        assert_eq!(data(&marker.details, "data"), b"true");
        assert_eq!(
            recorded(marker),
            CommandEvent::SideEffectMarked(once.into())
        );

        let mutable = SideEffect {
            id: SideEffectId::Mutable {
                name: "limit".to_owned(),
                call: 3,
            },
            data: vec![Payload::json(b"100".to_vec())],
        };
        let marker = side_effect(mutable.clone());
        assert_eq!(marker.marker_name, "MutableSideEffect");
        assert_eq!(data(&marker.details, "side-effect-id"), b"\"limit_3\"");
        let call = data(&marker.details, "mutable-side-effect-call-counter");
        assert_eq!(call, b"3");
        let [name, value] = &marker.details["data"].payloads[..] else {
            panic!("the value has a name");
        };
        assert_eq!(name.data, b"\"limit\"");
        assert_eq!(value.metadata["encoding"], b"json/protobuf");
        assert_eq!(
            String::from_utf8_lossy(&value.data),
            r#"{"payloads":[{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"MTAw"}]}"#
        );
        assert_eq!(
            recorded(marker),
            CommandEvent::SideEffectMarked(mutable.into())
        );
    }

    #[test]
    fn what_a_marker_lacks_is_named() {
        let event = MarkerRecordedEventAttributes {
            marker_name: SIDE_EFFECT.to_owned(),
            ..Default::default()
        };
        let error = from_proto(9, event).unwrap_err();
        assert_eq!(error.to_string(), "event 9 lacks `details.side-effect-id`");
    }

    #[test]
    fn times_before_1970_survive() {
        let before = SystemTime::UNIX_EPOCH - Duration::from_millis(1_500);
        assert_eq!(Timestamp::of(before).instant(), Some(before));
        assert_eq!(Timestamp::of(before).seconds, -2);
    }

    #[test]
    fn codecs_leave_the_data_of_sdks_alone() {
        assert!(is_own_detail("core_local_activity", "data"));
        assert!(!is_own_detail("core_local_activity", "result"));
        assert!(is_own_detail("core_patch", "patch-data"));
        assert!(!is_own_detail("SideEffect", "data"));
    }
}
