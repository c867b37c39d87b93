//! The close event as clients read it that do not follow the next run of a chain.

use durably_proto::api::enums::v1::{EventType, TimeoutType};
use durably_proto::api::failure::v1::failure::FailureInfo;
use durably_proto::api::failure::v1::{Failure, TimeoutFailureInfo};
use durably_proto::api::history::v1::history_event::Attributes;
use durably_proto::api::history::v1::{
    HistoryEvent, WorkflowExecutionContinuedAsNewEventAttributes as ContinuedAsNew,
};
use tonic::metadata::MetadataMap;

/// Whether a client follows the next run that the end of a run names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NextRun {
    Followed,
    /// It takes the end of a retried or repeated run for the end of the workflow, unless the run continues as new.
    Overlooked,
}

impl NextRun {
    /// What a client declares about itself.
    pub(super) fn of(metadata: &MetadataMap) -> Self {
        let features = metadata.get("supported-features");
        let features = features.and_then(|it| it.to_str().ok()).unwrap_or_default();
        match features.split(',').any(|it| it == "follows-next-run-id") {
            true => Self::Followed,
            false => Self::Overlooked,
        }
    }

    /// The close event for such a client.
    pub(super) fn close_event(self, event: HistoryEvent) -> HistoryEvent {
        match (self, continued(&event)) {
            (Self::Overlooked, Some(continued)) => HistoryEvent {
                event_type: EventType::WorkflowExecutionContinuedAsNew.into(),
                attributes: Some(Attributes::WorkflowExecutionContinuedAsNewEventAttributes(
                    continued,
                )),
                event_id: event.event_id,
                event_time: event.event_time,
                version: event.version,
                task_id: event.task_id,
                ..HistoryEvent::default()
            },
            (Self::Overlooked | Self::Followed, _) => event,
        }
    }
}

/// What the event of a run that continues as new would say, if another run follows this one.
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
            failure: Some(timed_out()),
            ..ContinuedAsNew::default()
        },
        _ => return None,
    };
    (!continued.new_execution_run_id.is_empty()).then_some(continued)
}

fn timed_out() -> Failure {
    Failure {
        message: "workflow timeout".to_owned(),
        source: "Server".to_owned(),
        failure_info: Some(FailureInfo::TimeoutFailureInfo(TimeoutFailureInfo {
            timeout_type: TimeoutType::StartToClose.into(),
            ..TimeoutFailureInfo::default()
        })),
        ..Failure::default()
    }
}
