//! `ModifyWorkflowProperties`: sets fields of the memo; an empty value removes one.

use durably_proto::Message;
use durably_proto::api::command::v1::ModifyWorkflowPropertiesCommandAttributes;
use durably_proto::api::common::v1::{Memo, Payload};
use durably_proto::api::enums::v1::WorkflowTaskFailedCause as Cause;
use durably_proto::api::history::v1::WorkflowPropertiesModifiedEventAttributes;
use durably_proto::api::history::v1::history_event::Attributes;

use crate::command::Completion;
use crate::command::bad_command::BadCommand;
use crate::command::plan::Plan;
use crate::command::search_attributes::is_nothing;
use crate::id::EventId;
use crate::limits;
use crate::open_transition::OpenTransition;
use crate::state::Run;
use crate::tracked::Tracked;
use crate::transition::Effect;

pub(crate) struct ModifyProperties(Memo);

pub(crate) fn read(
    attributes: ModifyWorkflowPropertiesCommandAttributes,
) -> Result<ModifyProperties, BadCommand> {
    let memo = attributes.upserted_memo.unwrap_or_default();
    if memo.fields.is_empty() {
        let message =
            "UpsertedMemo.Fields is not set on ModifyWorkflowPropertiesCommand.".to_owned();
        return Err(BadCommand::new(CAUSE, message));
    }
    Ok(ModifyProperties(memo))
}

impl ModifyProperties {
    pub(crate) fn check(&self, plan: &mut Plan<'_>) -> Result<(), BadCommand> {
        if merged_size(&plan.run.memo, &self.0.fields) > limits::MEMO {
            let message = "ModifyWorkflowPropertiesCommandAttributes exceeds size limit.";
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
        set_fields(&mut run.memo, &self.0.fields);
        out.effect(Effect::VisibilityChanged);
        let event = WorkflowPropertiesModifiedEventAttributes {
            workflow_task_completed_event_id: completing.completed.0,
            upserted_memo: Some(self.0),
        };
        run.record(
            out.now,
            Attributes::WorkflowPropertiesModifiedEventAttributes(event),
        )
    }
}

/// Sets fields of the memo or search attributes; an empty value removes one.
#[expect(
    clippy::disallowed_types,
    reason = "the message's own map; the result does not depend on its order"
)]
pub(crate) fn set_fields(
    fields: &mut Tracked<String, Payload>,
    changes: &std::collections::HashMap<String, Payload>,
) {
    for (name, value) in changes {
        if is_nothing(value) {
            fields.remove(name);
        } else {
            fields.insert(name.clone(), value.clone());
        }
    }
}

/// Bytes of all fields after the changes.
#[expect(
    clippy::disallowed_types,
    reason = "the message's own map; a sum does not depend on its order"
)]
pub(crate) fn merged_size(
    fields: &Tracked<String, Payload>,
    changes: &std::collections::HashMap<String, Payload>,
) -> usize {
    let size = |(name, value): (&String, &Payload)| name.len() + value.encoded_len();
    let kept: usize = fields
        .iter()
        .filter(|(name, _)| !changes.contains_key(*name))
        .map(size)
        .sum();
    kept + changes.iter().map(size).sum::<usize>()
}

const CAUSE: Cause = Cause::BadModifyWorkflowPropertiesAttributes;
