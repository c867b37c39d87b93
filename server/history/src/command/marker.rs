//! `RecordMarker`: records a marker, which the worker reads in replay.

use durably_proto::Message;
use durably_proto::api::command::v1::RecordMarkerCommandAttributes;
use durably_proto::api::enums::v1::WorkflowTaskFailedCause as Cause;
use durably_proto::api::history::v1::MarkerRecordedEventAttributes;
use durably_proto::api::history::v1::history_event::Attributes;

use crate::command::Completion;
use crate::command::bad_command::BadCommand;
use crate::id::EventId;
use crate::limits;
use crate::open_transition::OpenTransition;
use crate::state::Run;

pub(crate) struct RecordMarker(RecordMarkerCommandAttributes);

pub(crate) fn read(attributes: RecordMarkerCommandAttributes) -> Result<RecordMarker, BadCommand> {
    const CAUSE: Cause = Cause::BadRecordMarkerAttributes;
    if attributes.marker_name.is_empty() {
        return Err(BadCommand::new(
            CAUSE,
            "MarkerName is not set on RecordMarkerCommand.".to_owned(),
        ));
    }
    let name = &attributes.marker_name;
    if name.len() > limits::ID {
        return Err(BadCommand::new(
            CAUSE,
            format!(
                "MarkerName on RecordMarkerCommand exceeds length limit. MarkerName={name} Length={} Limit={}",
                name.len(),
                limits::ID
            ),
        ));
    }
    let size: usize = attributes
        .details
        .iter()
        .map(|(name, payloads)| name.len() + payloads.encoded_len())
        .sum();
    if size > limits::BLOB {
        let message = "RecordMarkerCommandAttributes.Details exceeds size limit.";
        return Err(BadCommand::too_large(CAUSE, message));
    }
    Ok(RecordMarker(attributes))
}

impl RecordMarker {
    pub(crate) fn apply(
        self,
        run: &mut Run,
        completing: &Completion,
        out: &OpenTransition,
    ) -> EventId {
        let event = MarkerRecordedEventAttributes {
            marker_name: self.0.marker_name,
            details: self.0.details,
            workflow_task_completed_event_id: completing.completed.0,
            header: self.0.header,
            failure: self.0.failure,
        };
        run.record(out.now, Attributes::MarkerRecordedEventAttributes(event))
    }
}
