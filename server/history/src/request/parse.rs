//! Parses start requests into a [`Start`].

use std::time::Duration;

use durably_proto::Message;
use durably_proto::api::common::v1::{Memo, Payloads};
use durably_proto::api::workflowservice::v1::{
    SignalWithStartWorkflowExecutionRequest, StartWorkflowExecutionRequest,
};
use durably_proto::wkt;

use crate::cron::CronSchedule;
use crate::id::{RunId, WorkflowId};
use crate::input::Signal;
use crate::limits;
use crate::rejection::Invalid;
use crate::retry::RetryPolicy;
use crate::start::{Chain, ChildStart, Start, StartDelay, Timeouts};
use crate::time::{check_duration, timeout_from_proto};
use crate::versioning::{InheritedVersion, check_override};
use crate::virtual_time::{InheritedTime, check_time_skipping};
use crate::{priority, queue};

impl Start {
    /// Parses a start request; the run gets this id and seed.
    ///
    /// # Errors
    /// What is missing or wrong in the request, in the platform's words.
    pub fn from_request(
        request: StartWorkflowExecutionRequest,
        run_id: RunId,
        seed: u64,
    ) -> Result<Self, Invalid> {
        check_set(&request.workflow_id, "WorkflowId is not set on request.")?;
        check_length(&request.workflow_id, "WorkflowId")?;
        let workflow_type = request.workflow_type.unwrap_or_default().name;
        check_set(&workflow_type, "WorkflowType is not set on request.")?;
        if workflow_type.len() > limits::ID {
            return Err(invalid("WorkflowType length exceeds limit."));
        }
        queue::check_users(request.task_queue.as_ref())?;
        let task_queue = request.task_queue.unwrap_or_default().name;
        if request.request_id.len() > limits::ID {
            return Err(invalid("RequestId length exceeds limit."));
        }
        priority::check(request.priority.as_ref())?;
        check_sizes(request.input.as_ref(), request.memo.as_ref())?;
        let cron = match request.cron_schedule.as_str() {
            "" => None,
            text => Some(CronSchedule::parse(text)?),
        };
        let delay = timeout(request.workflow_start_delay.as_ref(), "WorkflowStartDelay")?;
        if cron.is_some() && delay.is_some() {
            return Err(invalid(
                "CronSchedule and WorkflowStartDelay may not be used together.",
            ));
        }
        let timeouts = timeouts(
            request.workflow_execution_timeout.as_ref(),
            request.workflow_run_timeout.as_ref(),
            request.workflow_task_timeout.as_ref(),
        )?;
        check_override(request.versioning_override.as_ref()).map_err(Invalid)?;
        let mut time_skipping = request.time_skipping_config;
        check_time_skipping(time_skipping.as_mut())?;
        Ok(Self {
            workflow_id: WorkflowId::from(request.workflow_id),
            seed,
            request_id: request.request_id.into(),
            identity: request.identity,
            workflow_type,
            task_queue: task_queue.into(),
            input: request.input,
            header: request.header,
            memo: request.memo,
            search_attributes: request.search_attributes,
            user_metadata: request.user_metadata,
            links: request.links,
            completion_callbacks: request.completion_callbacks,
            priority: request.priority,
            versioning_override: request.versioning_override,
            inherited_version: InheritedVersion::None,
            time_skipping,
            inherited_time: InheritedTime::default(),
            timeouts,
            retry_policy: request
                .retry_policy
                .as_ref()
                .map(RetryPolicy::from_proto)
                .transpose()?,
            cron,
            delay: delay.map_or(StartDelay::None, StartDelay::Requested),
            chain: Chain {
                first_run_id: run_id.clone(),
                execution_expires_at: None,
                attempt: 1,
                continued: None,
                last_completion_result: request.last_completion_result,
                continued_failure: request.continued_failure,
                reset_points: Vec::new(),
            },
            parent: None,
            schedule: None,
            root: None,
            signal: None,
            update: None,
            eager: request.request_eager_execution,
            run_id,
        })
    }

    /// The start of a workflow by a schedule; the run gets this id and seed.
    ///
    /// # Errors
    /// What is wrong with the request, in the platform's words.
    pub fn scheduled(
        request: StartWorkflowExecutionRequest,
        schedule_id: &str,
        run_id: RunId,
        seed: u64,
    ) -> Result<Self, Invalid> {
        Ok(Self {
            schedule: Some(schedule_id.into()),
            ..Self::from_request(request, run_id, seed)?
        })
    }

    /// The start of a child; the run gets this id and seed.
    ///
    /// # Errors
    /// What is wrong with a request of a stored event that another program wrote.
    pub fn child(child: ChildStart, run_id: RunId, seed: u64) -> Result<Self, Invalid> {
        Ok(Self {
            parent: Some(child.parent),
            root: Some(child.root),
            inherited_version: child.inherited_version,
            inherited_time: child.inherited_time,
            ..Self::from_request(child.request, run_id, seed)?
        })
    }

    /// Parses a signal-with-start request; [`Start::signal`] has the signal, for an existing run
    /// too.
    ///
    /// # Errors
    /// What is missing or wrong in the request, in the platform's words.
    pub fn from_signal_with_start(
        request: SignalWithStartWorkflowExecutionRequest,
        run_id: RunId,
        seed: u64,
    ) -> Result<Self, Invalid> {
        // The real server checks this request with other texts than a plain start.
        check_set(&request.signal_name, "signal not set")?;
        check_length(&request.signal_name, "signal name")?;
        let workflow_type = request.workflow_type.as_ref().map_or("", |it| &it.name);
        check_set(&request.workflow_id, "WorkflowId is not set on request.")?;
        check_set(workflow_type, "workflow type not set")?;
        check_length(workflow_type, "workflow type name")?;
        check_length(&request.request_id, "Request ID")?;
        check_sizes(request.signal_input.as_ref(), None)?;
        let signal = Signal {
            name: request.signal_name,
            input: request.signal_input,
            header: request.header.clone(),
            identity: request.identity.clone(),
            request_id: request.request_id.as_str().into(),
            links: request.links.clone(),
            external: None,
            child_only: false,
        };
        let start = StartWorkflowExecutionRequest {
            namespace: request.namespace,
            workflow_id: request.workflow_id,
            workflow_type: request.workflow_type,
            task_queue: request.task_queue,
            input: request.input,
            workflow_execution_timeout: request.workflow_execution_timeout,
            workflow_run_timeout: request.workflow_run_timeout,
            workflow_task_timeout: request.workflow_task_timeout,
            identity: request.identity,
            request_id: request.request_id,
            retry_policy: request.retry_policy,
            cron_schedule: request.cron_schedule,
            memo: request.memo,
            search_attributes: request.search_attributes,
            header: request.header,
            workflow_start_delay: request.workflow_start_delay,
            user_metadata: request.user_metadata,
            links: request.links,
            versioning_override: request.versioning_override,
            priority: request.priority,
            time_skipping_config: request.time_skipping_config,
            ..Default::default()
        };
        Ok(Self {
            signal: Some(signal),
            ..Self::from_request(start, run_id, seed)?
        })
    }
}

/// Clamps the timeouts: a task's to its run's, a run's to its execution's.
fn timeouts(
    execution: Option<&wkt::Duration>,
    run: Option<&wkt::Duration>,
    task: Option<&wkt::Duration>,
) -> Result<Timeouts, Invalid> {
    let execution = timeout(execution, "WorkflowExecutionTimeout")?;
    let run = match (timeout(run, "WorkflowRunTimeout")?, execution) {
        (Some(run), Some(execution)) => Some(run.min(execution)),
        (run, execution) => run.or(execution),
    };
    let task = timeout(task, "WorkflowTaskTimeout")?;
    Ok(Timeouts {
        execution,
        run,
        task: task_timeout(task, run),
    })
}

/// The workflow task timeout, clamped to the run timeout.
pub(crate) fn task_timeout(wanted: Option<Duration>, run: Option<Duration>) -> Duration {
    wanted
        .unwrap_or(limits::DEFAULT_WORKFLOW_TASK_TIMEOUT)
        .min(limits::MAX_WORKFLOW_TASK_TIMEOUT)
        .min(run.unwrap_or(Duration::MAX))
}

fn timeout(duration: Option<&wkt::Duration>, field: &str) -> Result<Option<Duration>, Invalid> {
    check_duration(duration).map_err(|why| {
        invalid(&format!(
            "An invalid {field}Seconds is set on request. cause: {why}"
        ))
    })?;
    Ok(timeout_from_proto(duration))
}

fn check_set(name: &str, otherwise: &str) -> Result<(), Invalid> {
    match name {
        "" => Err(invalid(otherwise)),
        _ => Ok(()),
    }
}

fn check_length(name: &str, field: &str) -> Result<(), Invalid> {
    match name.len() {
        0..=limits::ID => Ok(()),
        length => Err(invalid(&format!(
            "{field} exceeds maximum allowed length ({length}/{})",
            limits::ID
        ))),
    }
}

fn check_sizes(input: Option<&Payloads>, memo: Option<&Memo>) -> Result<(), Invalid> {
    if input.map_or(0, Message::encoded_len) > limits::BLOB {
        return Err(invalid("Blob data size exceeds limit."));
    }
    if memo.map_or(0, Message::encoded_len) > limits::MEMO {
        return Err(invalid("Memo size exceeds limit."));
    }
    Ok(())
}

fn invalid(message: &str) -> Invalid {
    Invalid(message.to_owned())
}
