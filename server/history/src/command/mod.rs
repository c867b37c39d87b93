//! Commands of a completed workflow task.
//!
//! All commands are parsed and checked before the first one is applied, so that one bad command
//! fails the task without any effect of the good ones.

mod bad_command;
mod cancel_activity;
mod cancel_external;
mod cancel_timer;
mod cancel_workflow;
mod complete_workflow;
mod continue_as_new;
mod external;
mod fail_workflow;
mod marker;
mod plan;
pub(crate) mod properties;
mod protocol_message;
mod schedule_activity;
mod search_attributes;
pub(crate) mod sequence;
mod signal_external;
mod start_child;
mod start_timer;
pub(crate) mod task_completed;

use durably_proto::api::command::v1::Command as Message;
use durably_proto::api::command::v1::command::Attributes;
use durably_proto::api::enums::v1::{CommandType, WorkflowTaskFailedCause as Cause};

use crate::id::EventId;
use crate::input::RunNamespace;
use crate::open_transition::OpenTransition;
use crate::state::Run;

use bad_command::BadCommand;
use plan::Plan;
pub(crate) use task_completed::complete;

/// One parsed command.
pub(crate) enum Command {
    ScheduleActivity(schedule_activity::ScheduleActivity),
    CancelActivity(cancel_activity::CancelActivity),
    StartTimer(start_timer::StartTimer),
    CancelTimer(cancel_timer::CancelTimer),
    StartChild(Box<start_child::StartChild>),
    SignalExternal(Box<signal_external::SignalExternal>),
    CancelExternal(Box<cancel_external::CancelExternal>),
    RecordMarker(marker::RecordMarker),
    UpsertSearchAttributes(search_attributes::UpsertSearchAttributes),
    ModifyProperties(properties::ModifyProperties),
    CompleteWorkflow(complete_workflow::CompleteWorkflow),
    FailWorkflow(fail_workflow::FailWorkflow),
    CancelWorkflow(cancel_workflow::CancelWorkflow),
    ContinueAsNew(Box<continue_as_new::ContinueAsNew>),
}

/// Context that the commands of one completion share, and what they leave to its end.
pub(crate) struct Completion {
    /// The `WorkflowTaskCompleted` event they come from.
    pub completed: EventId,
    /// The worker.
    pub identity: String,
    /// Activities that the worker starts eagerly, by scheduled event.
    pub eager: Vec<EventId>,
    /// See [`CompleteWorkflowTask::leaves_version`](crate::CompleteWorkflowTask::leaves_version).
    pub leaves_version: bool,
    /// Whether another workflow task is needed.
    pub wants_task: bool,
}

impl Command {
    /// Parses a command. Protocol messages are handled by the plan.
    fn read(message: Message, run: &Run, namespace: &RunNamespace) -> Result<Self, BadCommand> {
        let kind = message.command_type();
        Ok(match message.attributes {
            Some(Attributes::ScheduleActivityTaskCommandAttributes(a)) => {
                Self::ScheduleActivity(schedule_activity::read(a, run)?)
            }
            Some(Attributes::RequestCancelActivityTaskCommandAttributes(a)) => {
                Self::CancelActivity(cancel_activity::read(&a)?)
            }
            Some(Attributes::StartTimerCommandAttributes(a)) => {
                Self::StartTimer(start_timer::read(a)?)
            }
            Some(Attributes::CancelTimerCommandAttributes(a)) => {
                Self::CancelTimer(cancel_timer::read(&a)?)
            }
            Some(Attributes::StartChildWorkflowExecutionCommandAttributes(a)) => {
                Self::StartChild(Box::new(start_child::read(a, run, namespace)?))
            }
            Some(Attributes::SignalExternalWorkflowExecutionCommandAttributes(a)) => {
                Self::SignalExternal(Box::new(signal_external::read(a, namespace)?))
            }
            Some(Attributes::RequestCancelExternalWorkflowExecutionCommandAttributes(a)) => {
                Self::CancelExternal(Box::new(cancel_external::read(a, namespace)?))
            }
            Some(Attributes::RecordMarkerCommandAttributes(a)) => {
                Self::RecordMarker(marker::read(a)?)
            }
            Some(Attributes::UpsertWorkflowSearchAttributesCommandAttributes(a)) => {
                Self::UpsertSearchAttributes(search_attributes::read(a)?)
            }
            Some(Attributes::ModifyWorkflowPropertiesCommandAttributes(a)) => {
                Self::ModifyProperties(properties::read(a)?)
            }
            Some(Attributes::CompleteWorkflowExecutionCommandAttributes(a)) => {
                Self::CompleteWorkflow(complete_workflow::read(a)?)
            }
            Some(Attributes::FailWorkflowExecutionCommandAttributes(a)) => {
                Self::FailWorkflow(fail_workflow::read(a)?)
            }
            Some(Attributes::CancelWorkflowExecutionCommandAttributes(a)) => {
                Self::CancelWorkflow(cancel_workflow::read(a))
            }
            Some(Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(a)) => {
                Self::ContinueAsNew(Box::new(continue_as_new::read(a, run)?))
            }
            Some(_) => return Err(unsupported(kind)),
            None => {
                let name = bad_command::command_name(kind);
                let message = format!("{name}CommandAttributes is not set on {name}Command.");
                return Err(BadCommand::new(cause_of(kind), message));
            }
        })
    }

    fn check(&self, plan: &mut Plan<'_>) -> Result<(), BadCommand> {
        match self {
            Self::ScheduleActivity(command) => command.check(plan),
            Self::CancelActivity(command) => command.check(plan),
            Self::StartTimer(command) => command.check(plan),
            Self::CancelTimer(command) => command.check(plan),
            Self::StartChild(command) => command.check(plan),
            Self::SignalExternal(command) => command.check(plan),
            Self::CancelExternal(command) => command.check(plan),
            Self::UpsertSearchAttributes(command) => command.check(plan),
            Self::ModifyProperties(command) => command.check(plan),
            Self::RecordMarker(_) => Ok(()),
            Self::CompleteWorkflow(_)
            | Self::FailWorkflow(_)
            | Self::CancelWorkflow(_)
            | Self::ContinueAsNew(_) => plan.check_close(),
        }
    }

    /// Applies a checked command; returns its event.
    fn apply(
        self,
        run: &mut Run,
        completing: &mut Completion,
        out: &mut OpenTransition,
    ) -> EventId {
        match self {
            Self::ScheduleActivity(command) => command.apply(run, completing, out),
            Self::CancelActivity(command) => command.apply(run, completing, out),
            Self::StartTimer(command) => command.apply(run, completing, out),
            Self::CancelTimer(command) => command.apply(run, completing, out),
            Self::StartChild(command) => command.apply(run, completing, out),
            Self::SignalExternal(command) => command.apply(run, completing, out),
            Self::CancelExternal(command) => command.apply(run, completing, out),
            Self::RecordMarker(command) => command.apply(run, completing, out),
            Self::UpsertSearchAttributes(command) => command.apply(run, completing, out),
            Self::ModifyProperties(command) => command.apply(run, completing, out),
            Self::CompleteWorkflow(command) => command.apply(run, completing, out),
            Self::FailWorkflow(command) => command.apply(run, completing, out),
            Self::CancelWorkflow(command) => command.apply(run, completing, out),
            Self::ContinueAsNew(command) => command.apply(run, completing, out),
        }
    }
}

fn unsupported(kind: CommandType) -> BadCommand {
    let message = format!("this server does not support {} yet", kind.as_str_name());
    BadCommand::new(cause_of(kind), message)
}

fn cause_of(kind: CommandType) -> Cause {
    match kind {
        CommandType::ScheduleActivityTask => Cause::BadScheduleActivityAttributes,
        CommandType::RequestCancelActivityTask => Cause::BadRequestCancelActivityAttributes,
        CommandType::StartTimer => Cause::BadStartTimerAttributes,
        CommandType::CancelTimer => Cause::BadCancelTimerAttributes,
        CommandType::RecordMarker => Cause::BadRecordMarkerAttributes,
        CommandType::CompleteWorkflowExecution => Cause::BadCompleteWorkflowExecutionAttributes,
        CommandType::FailWorkflowExecution => Cause::BadFailWorkflowExecutionAttributes,
        CommandType::CancelWorkflowExecution => Cause::BadCancelWorkflowExecutionAttributes,
        CommandType::ContinueAsNewWorkflowExecution => Cause::BadContinueAsNewAttributes,
        CommandType::StartChildWorkflowExecution => Cause::BadStartChildExecutionAttributes,
        CommandType::SignalExternalWorkflowExecution => Cause::BadSignalWorkflowExecutionAttributes,
        CommandType::RequestCancelExternalWorkflowExecution => {
            Cause::BadRequestCancelExternalWorkflowExecutionAttributes
        }
        CommandType::UpsertWorkflowSearchAttributes => Cause::BadSearchAttributes,
        CommandType::ModifyWorkflowProperties => Cause::BadModifyWorkflowPropertiesAttributes,
        CommandType::ProtocolMessage => Cause::BadUpdateWorkflowExecutionMessage,
        CommandType::ScheduleNexusOperation => Cause::BadScheduleNexusOperationAttributes,
        CommandType::RequestCancelNexusOperation => Cause::BadRequestCancelNexusOperationAttributes,
        CommandType::Unspecified => Cause::Unspecified,
    }
}
