//! Rewrites the close event of a run with a successor for clients that do not follow it.

use durably_history::workflow_timeout_failure;
use durably_proto::api::enums::v1::EventType;
use durably_proto::api::history::v1::history_event::Attributes;
use durably_proto::api::history::v1::{
    HistoryEvent, WorkflowExecutionContinuedAsNewEventAttributes as ContinuedAsNew,
};
use tonic::metadata::MetadataMap;

/// Whether a client follows the next run that the end of a run names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NextRun {
    Followed,
    /// The client treats the close event of a retried or cron run as the end of the workflow, unless it is a
    /// continue-as-new event.
    NotFollowed,
}

impl NextRun {
    /// Reads the `supported-features` metadata.
    pub(super) fn of(metadata: &MetadataMap) -> Self {
        let features = metadata.get("supported-features");
        let features = features.and_then(|it| it.to_str().ok()).unwrap_or_default();
        match features.split(',').any(|it| it == "follows-next-run-id") {
            true => Self::Followed,
            false => Self::NotFollowed,
        }
    }

    /// The close event for such a client.
    pub(super) fn close_event(self, event: HistoryEvent) -> HistoryEvent {
        if self == Self::Followed {
            return event;
        }
        let Some(continued) = continued(&event) else {
            return event;
        };
        HistoryEvent {
            event_type: EventType::WorkflowExecutionContinuedAsNew.into(),
            attributes: Some(Attributes::WorkflowExecutionContinuedAsNewEventAttributes(
                continued,
            )),
            event_id: event.event_id,
            event_time: event.event_time,
            version: event.version,
            task_id: event.task_id,
            ..HistoryEvent::default()
        }
    }
}

/// Converts a close event with a successor to continue-as-new attributes.
#[expect(deprecated, reason = "the clients that read it are older")]
fn continued(event: &HistoryEvent) -> Option<ContinuedAsNew> {
    let continued = match event.attributes.as_ref()? {
        Attributes::WorkflowExecutionCompletedEventAttributes(it) => ContinuedAsNew {
            new_execution_run_id: it.new_execution_run_id.clone(),
            last_completion_result: it.result.clone(),
            ..ContinuedAsNew::default()
        },
        Attributes::WorkflowExecutionFailedEventAttributes(it) => ContinuedAsNew {
            new_execution_run_id: it.new_execution_run_id.clone(),
            failure: it.failure.clone(),
            ..ContinuedAsNew::default()
        },
        Attributes::WorkflowExecutionTimedOutEventAttributes(it) => ContinuedAsNew {
            new_execution_run_id: it.new_execution_run_id.clone(),
            failure: Some(workflow_timeout_failure()),
            ..ContinuedAsNew::default()
        },
        _ => return None,
    };
    (!continued.new_execution_run_id.is_empty()).then_some(continued)
}

#[cfg(test)]
mod tests {
    use durably_proto::api::common::v1::{Payload, Payloads};
    use durably_proto::api::enums::v1::TimeoutType;
    use durably_proto::api::failure::v1::failure::FailureInfo;
    use durably_proto::api::failure::v1::{Failure, TimeoutFailureInfo};
    use durably_proto::api::history::v1::{
        WorkflowExecutionCompletedEventAttributes, WorkflowExecutionFailedEventAttributes,
        WorkflowExecutionTerminatedEventAttributes, WorkflowExecutionTimedOutEventAttributes,
    };
    use durably_proto::wkt::Timestamp;

    use super::*;

    const NEXT: &str = "next";

    fn event(event_type: EventType, attributes: Attributes) -> HistoryEvent {
        HistoryEvent {
            event_id: 7,
            event_time: Some(Timestamp {
                seconds: 1,
                nanos: 2,
            }),
            event_type: event_type.into(),
            version: 3,
            task_id: 4,
            attributes: Some(attributes),
            ..HistoryEvent::default()
        }
    }

    fn result() -> Option<Payloads> {
        let payload = Payload {
            data: b"1".to_vec(),
            ..Payload::default()
        };
        Some(Payloads {
            payloads: vec![payload],
        })
    }

    fn failure(message: &str) -> Option<Failure> {
        Some(Failure {
            message: message.to_owned(),
            ..Failure::default()
        })
    }

    fn completed(next: &str) -> HistoryEvent {
        let attributes = WorkflowExecutionCompletedEventAttributes {
            result: result(),
            workflow_task_completed_event_id: 6,
            new_execution_run_id: next.to_owned(),
        };
        event(
            EventType::WorkflowExecutionCompleted,
            Attributes::WorkflowExecutionCompletedEventAttributes(attributes),
        )
    }

    fn failed(next: &str) -> HistoryEvent {
        let attributes = WorkflowExecutionFailedEventAttributes {
            failure: failure("out of stock"),
            new_execution_run_id: next.to_owned(),
            ..WorkflowExecutionFailedEventAttributes::default()
        };
        event(
            EventType::WorkflowExecutionFailed,
            Attributes::WorkflowExecutionFailedEventAttributes(attributes),
        )
    }

    fn timed_out_event(next: &str) -> HistoryEvent {
        let attributes = WorkflowExecutionTimedOutEventAttributes {
            new_execution_run_id: next.to_owned(),
            ..WorkflowExecutionTimedOutEventAttributes::default()
        };
        event(
            EventType::WorkflowExecutionTimedOut,
            Attributes::WorkflowExecutionTimedOutEventAttributes(attributes),
        )
    }

    #[test]
    fn the_end_of_a_run_with_a_successor_is_a_continuation() {
        #[expect(deprecated, reason = "the clients that read it are older")]
        let continuation = |failure, last_completion_result| {
            let attributes = ContinuedAsNew {
                new_execution_run_id: NEXT.to_owned(),
                failure,
                last_completion_result,
                ..ContinuedAsNew::default()
            };
            event(
                EventType::WorkflowExecutionContinuedAsNew,
                Attributes::WorkflowExecutionContinuedAsNewEventAttributes(attributes),
            )
        };
        let timeout = Failure {
            message: "workflow timeout".to_owned(),
            source: "Server".to_owned(),
            failure_info: Some(FailureInfo::TimeoutFailureInfo(TimeoutFailureInfo {
                timeout_type: TimeoutType::StartToClose.into(),
                last_heartbeat_details: None,
            })),
            ..Failure::default()
        };
        for (end, read) in [
            (completed(NEXT), continuation(None, result())),
            (failed(NEXT), continuation(failure("out of stock"), None)),
            (timed_out_event(NEXT), continuation(Some(timeout), None)),
        ] {
            assert_eq!(NextRun::NotFollowed.close_event(end.clone()), read);
            assert_eq!(NextRun::Followed.close_event(end.clone()), end);
        }
    }

    #[test]
    fn an_end_without_a_successor_is_read_as_it_is() {
        let terminated = event(
            EventType::WorkflowExecutionTerminated,
            Attributes::WorkflowExecutionTerminatedEventAttributes(
                WorkflowExecutionTerminatedEventAttributes::default(),
            ),
        );
        for end in [completed(""), failed(""), timed_out_event(""), terminated] {
            assert_eq!(NextRun::NotFollowed.close_event(end.clone()), end);
        }
    }

    #[test]
    fn clients_declare_that_they_follow() {
        for (features, expected) in [
            (None, NextRun::NotFollowed),
            (Some(""), NextRun::NotFollowed),
            (Some("other"), NextRun::NotFollowed),
            (Some("follows-next-run-id"), NextRun::Followed),
            (Some("other,follows-next-run-id"), NextRun::Followed),
        ] {
            let mut metadata = MetadataMap::new();
            if let Some(features) = features {
                let features = features.parse().expect("ASCII");
                metadata.insert("supported-features", features);
            }
            assert_eq!(NextRun::of(&metadata), expected, "{features:?}");
        }
    }
}
