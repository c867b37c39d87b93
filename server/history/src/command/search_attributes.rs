//! `UpsertWorkflowSearchAttributes`: sets search attributes; an empty value removes one.

use durably_proto::api::command::v1::UpsertWorkflowSearchAttributesCommandAttributes;
use durably_proto::api::common::v1::{Payload, SearchAttributes};
use durably_proto::api::enums::v1::WorkflowTaskFailedCause as Cause;
use durably_proto::api::history::v1::UpsertWorkflowSearchAttributesEventAttributes;
use durably_proto::api::history::v1::history_event::Attributes;

use crate::command::Completion;
use crate::command::bad_command::BadCommand;
use crate::command::plan::Plan;
use crate::command::properties;
use crate::id::EventId;
use crate::input::{BadSearchAttributes, SearchAttributeProblem};
use crate::limits;
use crate::open_transition::OpenTransition;
use crate::state::Run;
use crate::transition::Effect;

pub(crate) struct UpsertSearchAttributes(SearchAttributes);

pub(crate) fn read(
    attributes: UpsertWorkflowSearchAttributesCommandAttributes,
) -> Result<UpsertSearchAttributes, BadCommand> {
    let attributes = attributes.search_attributes.unwrap_or_default();
    if attributes.indexed_fields.is_empty() {
        let message =
            "IndexedFields is not set on UpsertWorkflowSearchAttributesCommand.".to_owned();
        return Err(BadCommand::new(CAUSE, message));
    }
    Ok(UpsertSearchAttributes(attributes))
}

/// The error of an upsert that the namespace does not accept.
pub(crate) fn refusal(refused: &BadSearchAttributes) -> BadCommand {
    BadCommand {
        fatal: refused.problem == SearchAttributeProblem::TooLarge,
        ..BadCommand::new(CAUSE, refused.message.clone())
    }
}

impl UpsertSearchAttributes {
    pub(crate) fn check(&self, plan: &mut Plan<'_>) -> Result<(), BadCommand> {
        if properties::merged_size(&plan.run.search_attributes, &self.0.indexed_fields)
            > limits::SEARCH_ATTRIBUTES
        {
            let message = "UpsertWorkflowSearchAttributesCommandAttributes exceeds size limit.";
            return Err(BadCommand::too_large(CAUSE, message));
        }
        Ok(())
    }

    pub(crate) fn apply(
        self,
        run: &mut Run,
        completing: &Completion,
        out: &mut OpenTransition,
    ) -> EventId {
        properties::set_fields(&mut run.search_attributes, &self.0.indexed_fields);
        out.effect(Effect::VisibilityChanged);
        let event = UpsertWorkflowSearchAttributesEventAttributes {
            workflow_task_completed_event_id: completing.completed.0,
            search_attributes: Some(self.0),
        };
        run.record(
            out.now,
            Attributes::UpsertWorkflowSearchAttributesEventAttributes(event),
        )
    }
}

/// Whether a payload has one of the two encodings of no value.
pub(crate) fn is_nothing(value: &Payload) -> bool {
    let encoding = value
        .metadata
        .get("encoding")
        .map_or(b"".as_slice(), Vec::as_slice);
    value.data.is_empty()
        || encoding == b"binary/null"
        || matches!(value.data.as_slice(), b"null" | b"[]")
}

const CAUSE: Cause = Cause::BadSearchAttributes;
