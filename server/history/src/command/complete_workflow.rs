//! `CompleteWorkflowExecution`: closes the run as completed; a cron schedule starts the next one.

use durably_proto::Message;
use durably_proto::api::command::v1::CompleteWorkflowExecutionCommandAttributes;
use durably_proto::api::common::v1::Payloads;
use durably_proto::api::enums::v1::{
    ContinueAsNewInitiator, WorkflowExecutionStatus, WorkflowTaskFailedCause as Cause,
};
use durably_proto::api::history::v1::WorkflowExecutionCompletedEventAttributes;
use durably_proto::api::history::v1::history_event::Attributes;

use crate::command::Completion;
use crate::command::bad_command::BadCommand;
use crate::id::EventId;
use crate::limits;
use crate::next_run::{self, Successor};
use crate::open_transition::OpenTransition;
use crate::state::Run;

pub(crate) struct CompleteWorkflow {
    result: Option<Payloads>,
}

pub(crate) fn read(
    attributes: CompleteWorkflowExecutionCommandAttributes,
) -> Result<CompleteWorkflow, BadCommand> {
    if attributes.result.as_ref().map_or(0, Message::encoded_len) > limits::BLOB {
        let message = "CompleteWorkflowExecutionCommandAttributes.Result exceeds size limit.";
        // The real server names this cause for it, although no activity is involved.
        return Err(BadCommand::too_large(
            Cause::BadScheduleActivityAttributes,
            message,
        ));
    }
    Ok(CompleteWorkflow {
        result: attributes.result,
    })
}

impl CompleteWorkflow {
    pub(crate) fn apply(
        self,
        run: &mut Run,
        completing: &Completion,
        out: &mut OpenTransition,
    ) -> EventId {
        let successor = next_run::cron_backoff(run, out.now).map(|backoff| {
            let initiator = ContinueAsNewInitiator::CronSchedule;
            Successor::new(run, initiator, backoff).with_result(self.result.clone())
        });
        let event = WorkflowExecutionCompletedEventAttributes {
            result: self.result,
            workflow_task_completed_event_id: completing.completed.0,
            new_execution_run_id: successor
                .as_ref()
                .map_or_else(String::new, Successor::run_id_text),
        };
        let completed = run.record(
            out.now,
            Attributes::WorkflowExecutionCompletedEventAttributes(event),
        );
        run.close(WorkflowExecutionStatus::Completed, out);
        if let Some(successor) = successor {
            next_run::start_next(run, successor, out);
        }
        completed
    }
}
