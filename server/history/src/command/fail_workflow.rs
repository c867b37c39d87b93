//! `FailWorkflowExecution`: closes the run as failed; its retry policy or cron schedule may start
//! the next one.

use durably_proto::Message;
use durably_proto::api::command::v1::FailWorkflowExecutionCommandAttributes;
use durably_proto::api::enums::v1::{
    ContinueAsNewInitiator, RetryState, WorkflowExecutionStatus, WorkflowTaskFailedCause as Cause,
};
use durably_proto::api::failure::v1::Failure;
use durably_proto::api::history::v1::WorkflowExecutionFailedEventAttributes;
use durably_proto::api::history::v1::history_event::Attributes;

use crate::command::Completion;
use crate::command::bad_command::BadCommand;
use crate::id::EventId;
use crate::limits;
use crate::next_run::{self, Successor};
use crate::open_transition::OpenTransition;
use crate::retry::RetryDecision;
use crate::state::Run;

pub(crate) struct FailWorkflow {
    failure: Failure,
}

pub(crate) fn read(
    attributes: FailWorkflowExecutionCommandAttributes,
) -> Result<FailWorkflow, BadCommand> {
    let Some(failure) = attributes.failure else {
        let message = "Failure is not set on FailWorkflowExecutionCommand.".to_owned();
        return Err(BadCommand::new(CAUSE, message));
    };
    if failure.encoded_len() > limits::BLOB {
        let message = "FailWorkflowExecutionCommandAttributes.Failure exceeds size limit.";
        return Err(BadCommand::too_large(CAUSE, message));
    }
    Ok(FailWorkflow { failure })
}

impl FailWorkflow {
    pub(crate) fn apply(
        self,
        run: &mut Run,
        completing: &Completion,
        out: &mut OpenTransition,
    ) -> EventId {
        let (retry_state, successor) = match next_run::retry_backoff(run, &self.failure, out.now) {
            RetryDecision::After(backoff) => {
                // The real server drops the last result here, and does not at a retry after a timeout.
                let successor = Successor::new(run, ContinueAsNewInitiator::Retry, backoff);
                let successor = successor.with_result(None);
                (RetryState::InProgress, Some(successor))
            }
            RetryDecision::No(reason) => {
                let successor = next_run::cron_backoff(run, out.now).map(|backoff| {
                    Successor::new(run, ContinueAsNewInitiator::CronSchedule, backoff)
                });
                (reason, successor)
            }
        };
        let successor = successor.map(|successor| successor.failed(self.failure.clone()));
        let event = WorkflowExecutionFailedEventAttributes {
            failure: Some(self.failure),
            retry_state: retry_state.into(),
            workflow_task_completed_event_id: completing.completed.0,
            new_execution_run_id: successor
                .as_ref()
                .map_or_else(String::new, Successor::run_id_text),
        };
        let failed = run.record(
            out.now,
            Attributes::WorkflowExecutionFailedEventAttributes(event),
        );
        run.close(WorkflowExecutionStatus::Failed, out);
        if let Some(successor) = successor {
            next_run::start_next(run, successor, out);
        }
        failed
    }
}

const CAUSE: Cause = Cause::BadFailWorkflowExecutionAttributes;
