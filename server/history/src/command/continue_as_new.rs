//! `ContinueAsNewWorkflowExecution`: closes the run and starts the next one with a new history.

use std::time::Duration;

use durably_proto::Message;
use durably_proto::api::command::v1::ContinueAsNewWorkflowExecutionCommandAttributes;
use durably_proto::api::common::v1::WorkflowType;
use durably_proto::api::enums::v1::{
    ContinueAsNewInitiator, WorkflowExecutionStatus, WorkflowTaskFailedCause as Cause,
};
use durably_proto::api::history::v1::WorkflowExecutionContinuedAsNewEventAttributes;
use durably_proto::api::history::v1::history_event::Attributes;

use crate::command::Completion;
use crate::command::bad_command::BadCommand;
use crate::cron::CronSchedule;
use crate::id::EventId;
use crate::input::{BadSearchAttributes, SearchAttributeProblem};
use crate::open_transition::OpenTransition;
use crate::request::parse::task_timeout;
use crate::retry::RetryPolicy;
use crate::start::{Chain, Start, StartDelay, Timeouts};
use crate::state::Run;
use crate::time::{timeout_from_proto, timeout_to_proto, to_proto};
use crate::transition::Effect;
use crate::versioning::InheritedVersion;
use crate::{limits, next_run, queue};

pub(crate) struct ContinueAsNew {
    workflow_type: String,
    task_queue: String,
    timeouts: Timeouts,
    backoff: Option<Duration>,
    retry_policy: Option<RetryPolicy>,
    cron: Option<CronSchedule>,
    attributes: ContinueAsNewWorkflowExecutionCommandAttributes,
}

/// Parses the command; unset fields are inherited from this run.
pub(crate) fn read(
    attributes: ContinueAsNewWorkflowExecutionCommandAttributes,
    run: &Run,
) -> Result<ContinueAsNew, BadCommand> {
    let config = &run.config;
    let named = |name: Option<&String>| name.filter(|name| !name.is_empty()).cloned();
    let workflow_type = named(attributes.workflow_type.as_ref().map(|kind| &kind.name));
    let task_queue = named(attributes.task_queue.as_ref().map(|queue| &queue.name));
    let kind = workflow_type.as_ref().unwrap_or(&config.workflow_type);
    if kind.len() > limits::ID {
        return Err(BadCommand::new(
            CAUSE,
            format!(
                "WorkflowType on ContinueAsNewWorkflowExecutionCommand exceeds length limit. WorkflowType={kind} Length={} Limit={}",
                kind.len(),
                limits::ID
            ),
        ));
    }
    if let Some(name) = &task_queue {
        let named = queue::normal(name);
        queue::check_users(Some(&named)).map_err(|invalid| {
            // The double space is the platform's, which prints the message of the queue.
            BadCommand::new(
                CAUSE,
                format!(
                    "error validating ContinueAsNewWorkflowExecutionCommand TaskQueue: {}. WorkflowType={kind} TaskQueue=name:{name:?}  kind:TASK_QUEUE_KIND_NORMAL",
                    invalid.0
                ),
            )
        })?;
    }
    let run_timeout =
        timeout_from_proto(attributes.workflow_run_timeout.as_ref()).or(config.timeouts.run);
    let task = timeout_from_proto(attributes.workflow_task_timeout.as_ref())
        .unwrap_or(config.timeouts.task);
    let bad = |invalid: crate::rejection::Invalid| BadCommand::new(CAUSE, invalid.0);
    let retry_policy = attributes
        .retry_policy
        .as_ref()
        .map(RetryPolicy::from_proto)
        .transpose()
        .map_err(bad)?;
    // An invalid schedule does not fail the command: the next run starts at once, as on the real
    // server.
    let cron = CronSchedule::parse(&attributes.cron_schedule).ok();
    if attributes.input.as_ref().map_or(0, Message::encoded_len) > limits::BLOB {
        let message = "ContinueAsNewWorkflowExecutionCommandAttributes. Input exceeds size limit.";
        return Err(BadCommand::too_large(CAUSE, message));
    }
    if attributes.memo.as_ref().map_or(0, Message::encoded_len) > limits::MEMO {
        let message = "ContinueAsNewWorkflowExecutionCommandAttributes. Memo exceeds size limit.";
        return Err(BadCommand::too_large(CAUSE, message));
    }
    Ok(ContinueAsNew {
        workflow_type: workflow_type.unwrap_or_else(|| config.workflow_type.clone()),
        task_queue: task_queue.unwrap_or_else(|| config.task_queue.to_string()),
        timeouts: Timeouts {
            execution: config.timeouts.execution,
            run: run_timeout,
            task: task_timeout(Some(task), run_timeout),
        },
        backoff: timeout_from_proto(attributes.backoff_start_interval.as_ref()),
        retry_policy,
        cron,
        attributes,
    })
}

/// The error of a command whose search attributes the namespace does not accept.
pub(crate) fn refusal(
    refused: &BadSearchAttributes,
    attributes: ContinueAsNewWorkflowExecutionCommandAttributes,
    run: &Run,
) -> BadCommand {
    let message = &refused.message;
    if refused.problem == SearchAttributeProblem::Unknown {
        return BadCommand::new(Cause::BadSearchAttributes, message.clone());
    }
    let read = match read(attributes, run) {
        Ok(read) => read,
        Err(refusal) => return refusal,
    };
    if refused.problem == SearchAttributeProblem::TooLarge {
        return BadCommand::too_large(CAUSE, message);
    }
    // The double space is the platform's, which prints the message of the queue.
    BadCommand::new(
        Cause::BadSearchAttributes,
        format!(
            "invalid SearchAttributes on ContinueAsNewWorkflowExecutionCommand: {message}. WorkflowType={} TaskQueue=name:{:?}  kind:TASK_QUEUE_KIND_NORMAL",
            read.workflow_type, read.task_queue
        ),
    )
}

impl ContinueAsNew {
    pub(crate) fn apply(
        self,
        run: &mut Run,
        completing: &Completion,
        out: &mut OpenTransition,
    ) -> EventId {
        let attributes = self.attributes;
        let run_id = run.random.run_id();
        let event = WorkflowExecutionContinuedAsNewEventAttributes {
            new_execution_run_id: run_id.to_string(),
            workflow_type: Some(WorkflowType {
                name: self.workflow_type.clone(),
            }),
            task_queue: Some(queue::normal(&self.task_queue)),
            input: attributes.input.clone(),
            workflow_run_timeout: Some(timeout_to_proto(self.timeouts.run)),
            workflow_task_timeout: Some(to_proto(self.timeouts.task)),
            workflow_task_completed_event_id: completing.completed.0,
            backoff_start_interval: self.backoff.map(to_proto),
            initiator: attributes.initiator,
            last_completion_result: attributes.last_completion_result.clone(),
            header: attributes.header.clone(),
            memo: attributes.memo.clone(),
            search_attributes: attributes.search_attributes.clone(),
            initial_versioning_behavior: attributes.initial_versioning_behavior,
            ..Default::default()
        };
        #[expect(
            deprecated,
            reason = "workers still send them and histories still show them"
        )]
        let event = WorkflowExecutionContinuedAsNewEventAttributes {
            inherit_build_id: attributes.inherit_build_id,
            failure: attributes.failure.clone(),
            ..event
        };
        let continued = run.record(
            out.now,
            Attributes::WorkflowExecutionContinuedAsNewEventAttributes(event),
        );
        let initiator = match ContinueAsNewInitiator::try_from(attributes.initiator) {
            Ok(ContinueAsNewInitiator::Unspecified) | Err(_) => ContinueAsNewInitiator::Workflow,
            Ok(given) => given,
        };
        let initial = attributes.initial_versioning_behavior();
        let (inherited_version, versioning_override) = match completing.leaves_version {
            true => (InheritedVersion::None, None),
            false => (
                run.versioning.continued(initial),
                run.versioning.inherited_override(),
            ),
        };
        let inherited = next_run::inherited_start(run, run_id, initiator, out.now);
        let start = Start {
            inherited_version,
            versioning_override,
            workflow_type: self.workflow_type,
            task_queue: self.task_queue.into(),
            input: attributes.input,
            header: attributes.header,
            memo: attributes.memo,
            search_attributes: attributes.search_attributes,
            completion_callbacks: run.callbacks.values().cloned().collect(),
            timeouts: self.timeouts,
            retry_policy: self.retry_policy,
            cron: self.cron,
            delay: StartDelay::Backoff(next_run::throttled_backoff(
                run,
                self.backoff.unwrap_or_default(),
                out.now,
            )),
            chain: Chain {
                last_completion_result: attributes.last_completion_result,
                continued_failure: attributes.failure,
                ..inherited.chain
            },
            ..inherited
        };
        run.close(WorkflowExecutionStatus::ContinuedAsNew, out);
        out.effect(Effect::StartNext(Box::new(start)));
        continued
    }
}

const CAUSE: Cause = Cause::BadContinueAsNewAttributes;
