//! Histories as JSON, the way the Temporal CLI and UI export them: the proto3 JSON mapping.

use std::sync::LazyLock;

use durably_proto::{FILE_DESCRIPTOR_SET, Message as _, api::history::v1::History};
use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage, MessageDescriptor};

use super::{Fault, WireError};

/// Reads a history. Fields and names that only newer or older servers know are passed over: what an
/// event is, its attributes say, and replay refuses an event without any.
pub(crate) fn history(json: &str) -> Result<History, WireError> {
    let unreadable =
        |reason: String| WireError::new("history", "events", Fault::Undecodable(reason));
    let mut text = serde_json::Deserializer::from_str(json);
    let options = DeserializeOptions::new().deny_unknown_fields(false);
    let message = DynamicMessage::deserialize_with_options(HISTORY.clone(), &mut text, &options)
        .map_err(|error| unreadable(error.to_string()))?;
    text.end().map_err(|error| unreadable(error.to_string()))?;
    History::decode(&*message.encode_to_vec()).map_err(|error| unreadable(error.to_string()))
}

/// Writes a history, which [`history`] and the tools of Temporal read.
pub(crate) fn write(history: &History) -> String {
    let bytes = history.encode_to_vec();
    let message = DynamicMessage::decode(HISTORY.clone(), &*bytes)
        .expect("the descriptors are those of the message that was encoded");
    serde_json::to_string_pretty(&message).expect("messages are always JSON")
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

    fn read(json: &str) -> Task {
        let mut task = Task::default();
        append_history(&mut task, history(json).unwrap().events).unwrap();
        task
    }

    #[test]
    fn a_history_that_was_written_is_read_as_it_was() {
        for json in RECORDED {
            let recorded = history(json).unwrap();
            assert_eq!(history(&write(&recorded)), Ok(recorded));
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
                .starts_with("history: `events` cannot be decoded"),
            "{error}"
        );
    }
}
