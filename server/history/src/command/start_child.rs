//! `StartChildWorkflowExecution`: records the child; a message starts it.

use durably_proto::Message;
use durably_proto::api::command::v1::StartChildWorkflowExecutionCommandAttributes;
use durably_proto::api::enums::v1::{
    ParentClosePolicy, WorkflowIdReusePolicy, WorkflowTaskFailedCause as Cause,
};
use durably_proto::api::history::v1::StartChildWorkflowExecutionInitiatedEventAttributes;
use durably_proto::api::history::v1::history_event::Attributes;
use durably_proto::api::taskqueue::v1::TaskQueue;
use durably_proto::wkt;

use crate::command::Completion;
use crate::command::bad_command::BadCommand;
use crate::command::external::{check_namespace, check_pending};
use crate::command::plan::Plan;
use crate::cron::CronSchedule;
use crate::id::{EventId, OutgoingKind};
use crate::input::{BadSearchAttributes, RunNamespace, SearchAttributeProblem};
use crate::open_transition::OpenTransition;
use crate::pending::children::Child;
use crate::pending::outgoing::OutgoingEntry;
use crate::request::parse::task_timeout;
use crate::retry::RetryPolicy;
use crate::state::Run;
use crate::time::{check_duration, timeout_from_proto, timeout_to_proto, to_proto};
use crate::versioning::{check_override, in_newest_form};
use crate::{limits, priority, queue};

pub(crate) struct StartChild {
    attributes: StartChildWorkflowExecutionInitiatedEventAttributes,
}

pub(crate) fn read(
    attributes: StartChildWorkflowExecutionCommandAttributes,
    run: &Run,
    namespace: &RunNamespace,
) -> Result<StartChild, BadCommand> {
    #[expect(deprecated, reason = "workers still send them")]
    let (named_namespace, inherit_build_id) = (&attributes.namespace, attributes.inherit_build_id);
    check_namespace(named_namespace, namespace).map_err(bad)?;
    let child = Names::of(&attributes, namespace);
    child.check()?;
    let execution = attributes.workflow_execution_timeout.as_ref();
    let run_timeout = attributes.workflow_run_timeout.as_ref();
    let task = attributes.workflow_task_timeout.as_ref();
    child.check_timeout(execution, "WorkflowExecutionTimeout")?;
    child.check_timeout(run_timeout, "WorkflowRunTimeout")?;
    child.check_timeout(task, "WorkflowTaskTimeout")?;
    let retry_policy = attributes
        .retry_policy
        .as_ref()
        .map(RetryPolicy::from_proto);
    let retry_policy = retry_policy
        .transpose()
        .map_err(|invalid| child.bad("invalid WorkflowRetryPolicy", &invalid.0))?;
    if !attributes.cron_schedule.is_empty() {
        CronSchedule::parse(&attributes.cron_schedule)
            .map_err(|invalid| child.bad("invalid CronSchedule", &invalid.0))?;
    }
    priority::check(attributes.priority.as_ref()).map_err(|invalid| bad(invalid.0))?;
    let task_queue = task_queue(attributes.task_queue.as_ref(), run);
    if let Err(invalid) = queue::check_users(Some(&task_queue)) {
        // The double space is the platform's, which prints the message of the queue.
        return Err(bad(format!(
            "invalid TaskQueue on StartChildWorkflowExecutionCommand: {}. {child} TaskQueue=name:{:?}  kind:TASK_QUEUE_KIND_NORMAL",
            invalid.0, task_queue.name
        )));
    }
    check_override(attributes.versioning_override.as_ref()).map_err(bad)?;
    check_sizes(&attributes)?;
    let execution = timeout_from_proto(execution);
    let run_timeout = match (timeout_from_proto(run_timeout), execution) {
        (Some(run), Some(execution)) => Some(run.min(execution)),
        (run, execution) => run.or(execution),
    };
    let event = StartChildWorkflowExecutionInitiatedEventAttributes {
        namespace: namespace.name.to_string(),
        namespace_id: namespace.id.to_string(),
        workflow_id: attributes.workflow_id,
        workflow_type: attributes.workflow_type,
        task_queue: Some(task_queue),
        input: attributes.input,
        workflow_execution_timeout: attributes.workflow_execution_timeout,
        workflow_run_timeout: Some(timeout_to_proto(run_timeout)),
        workflow_task_timeout: Some(to_proto(task_timeout(
            timeout_from_proto(task),
            run_timeout,
        ))),
        parent_close_policy: policy(attributes.parent_close_policy),
        workflow_id_reuse_policy: reuse_policy(attributes.workflow_id_reuse_policy),
        retry_policy: retry_policy.as_ref().map(RetryPolicy::to_proto),
        cron_schedule: attributes.cron_schedule,
        header: attributes.header,
        memo: attributes.memo.filter(|memo| !memo.fields.is_empty()),
        search_attributes: attributes
            .search_attributes
            .filter(|given| !given.indexed_fields.is_empty()),
        priority: attributes.priority,
        versioning_override: attributes.versioning_override.as_ref().map(in_newest_form),
        ..Default::default()
    };
    #[expect(deprecated, reason = "histories still show them")]
    let event = StartChildWorkflowExecutionInitiatedEventAttributes {
        control: attributes.control,
        inherit_build_id,
        ..event
    };
    Ok(StartChild { attributes: event })
}

/// The error of a command whose search attributes the namespace does not accept.
pub(crate) fn refusal(
    refused: &BadSearchAttributes,
    attributes: StartChildWorkflowExecutionCommandAttributes,
    run: &Run,
    namespace: &RunNamespace,
) -> BadCommand {
    let message = &refused.message;
    if refused.problem == SearchAttributeProblem::Unknown {
        return BadCommand::new(Cause::BadSearchAttributes, message.clone());
    }
    let names = Names::of(&attributes, namespace).to_string();
    if let Err(refusal) = read(attributes, run, namespace) {
        return refusal;
    }
    if refused.problem == SearchAttributeProblem::TooLarge {
        return BadCommand::too_large(CAUSE, message);
    }
    BadCommand::new(
        Cause::BadSearchAttributes,
        format!("invalid SearchAttributes on StartChildWorkflowCommand: {message}. {names}"),
    )
}

/// What the real server's texts about a child name.
struct Names {
    workflow_id: String,
    workflow_type: String,
    namespace: String,
}

impl Names {
    fn of(
        attributes: &StartChildWorkflowExecutionCommandAttributes,
        namespace: &RunNamespace,
    ) -> Self {
        let workflow_type = attributes.workflow_type.as_ref();
        Self {
            workflow_id: attributes.workflow_id.clone(),
            workflow_type: workflow_type.map_or_else(String::new, |kind| kind.name.clone()),
            namespace: namespace.name.to_string(),
        }
    }

    fn check(&self) -> Result<(), BadCommand> {
        let Self {
            workflow_id,
            workflow_type,
            namespace,
        } = self;
        let limit = limits::ID;
        if workflow_id.is_empty() {
            return Err(bad(format!(
                "Required field WorkflowId is not set on StartChildWorkflowExecutionCommand. WorkflowType={workflow_type} Namespace={namespace}"
            )));
        }
        if workflow_type.is_empty() {
            return Err(bad(format!(
                "Required field WorkflowType is not set on StartChildWorkflowExecutionCommand. WorkflowId={workflow_id} Namespace={namespace}"
            )));
        }
        if workflow_id.len() > limit {
            return Err(bad(format!(
                "WorkflowId on StartChildWorkflowExecutionCommand exceeds length limit. WorkflowId={workflow_id} Length={} Limit={limit} WorkflowType={workflow_type} Namespace={namespace}",
                workflow_id.len()
            )));
        }
        if workflow_type.len() > limit {
            return Err(bad(format!(
                "WorkflowType on StartChildWorkflowExecutionCommand exceeds length limit. WorkflowId={workflow_id} WorkflowType={workflow_type} Length={} Limit={limit} Namespace={namespace}",
                workflow_type.len()
            )));
        }
        Ok(())
    }

    fn check_timeout(
        &self,
        timeout: Option<&wkt::Duration>,
        field: &str,
    ) -> Result<(), BadCommand> {
        check_duration(timeout).map_err(|why| {
            bad(format!(
                "Invalid {field} on StartChildWorkflowExecutionCommand: {why}. {self}"
            ))
        })
    }

    fn bad(&self, what: &str, why: &str) -> BadCommand {
        bad(format!(
            "{what} on StartChildWorkflowExecutionCommand: {why}. {self}"
        ))
    }
}

impl std::fmt::Display for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            workflow_id,
            workflow_type,
            namespace,
        } = self;
        write!(
            f,
            "WorkflowId={workflow_id} WorkflowType={workflow_type} Namespace={namespace}"
        )
    }
}

fn check_sizes(
    attributes: &StartChildWorkflowExecutionCommandAttributes,
) -> Result<(), BadCommand> {
    if attributes.input.as_ref().map_or(0, Message::encoded_len) > limits::BLOB {
        let message = "StartChildWorkflowExecutionCommandAttributes. Input exceeds size limit.";
        return Err(BadCommand::too_large(CAUSE, message));
    }
    if attributes.memo.as_ref().map_or(0, Message::encoded_len) > limits::MEMO {
        let message = "StartChildWorkflowExecutionCommandAttributes.Memo exceeds size limit.";
        return Err(BadCommand::too_large(CAUSE, message));
    }
    Ok(())
}

/// The child's queue: the parent's, unless the command names one.
fn task_queue(named: Option<&TaskQueue>, run: &Run) -> TaskQueue {
    match named {
        Some(named) if !named.name.is_empty() => queue::normal(&named.name),
        _ => queue::normal(&run.config.task_queue),
    }
}

fn policy(given: i32) -> i32 {
    match ParentClosePolicy::try_from(given) {
        Ok(ParentClosePolicy::Unspecified) => ParentClosePolicy::Terminate.into(),
        _ => given,
    }
}

fn reuse_policy(given: i32) -> i32 {
    match WorkflowIdReusePolicy::try_from(given) {
        Ok(WorkflowIdReusePolicy::Unspecified) => WorkflowIdReusePolicy::AllowDuplicate.into(),
        _ => given,
    }
}

impl StartChild {
    pub(crate) fn check(&self, plan: &mut Plan<'_>) -> Result<(), BadCommand> {
        check_pending(
            plan.pending_children,
            limits::PENDING_CHILDREN,
            "pending child workflow executions",
            Cause::PendingChildWorkflowsLimitExceeded,
        )?;
        plan.pending_children += 1;
        plan.started_children
            .insert(self.attributes.workflow_id.clone());
        Ok(())
    }

    pub(crate) fn apply(
        self,
        run: &mut Run,
        completing: &mut Completion,
        out: &mut OpenTransition,
    ) -> EventId {
        let time = run.virtual_time.as_ref();
        let (time_skipping_config, inherited) = time.map(|it| it.of_child()).unwrap_or_default();
        let event = StartChildWorkflowExecutionInitiatedEventAttributes {
            workflow_task_completed_event_id: completing.completed.0,
            time_skipping_config,
            time_skipping_state_propagation: inherited.to_proto(),
            ..self.attributes
        };
        let child = Child::from(&event);
        let initiated = run.record(
            out.now,
            Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(event),
        );
        run.children.initiate(initiated, child);
        let start = OutgoingKind::StartChild.of(initiated);
        let entry = OutgoingEntry::child(run.random.first_run_id(out.now));
        run.send(start, entry, out);
        initiated
    }
}

fn bad(message: String) -> BadCommand {
    BadCommand::new(CAUSE, message)
}

const CAUSE: Cause = Cause::BadStartChildExecutionAttributes;
