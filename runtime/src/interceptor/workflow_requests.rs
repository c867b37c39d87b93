//! What workflows request, as interceptors change it.

use std::{mem, time::Duration};

use durably_engine::{
    ChildId, ContinueAsNew, Payload, ScheduleActivity, ScheduleLocalActivity, SignalExternal,
    StartChild,
};

use crate::{
    data::{Args, Callee, Converter, Headers},
    options::{ActivityOptions, ChildOptions, Priority, Retry},
};

/// An activity about to be scheduled.
///
/// ```
/// use durably::{interceptor::{ActivityRequest, WorkflowInterceptor}, prelude::*};
///
/// /// Limits attempts, and moves large films to another queue.
/// struct Films;
///
/// impl WorkflowInterceptor for Films {
///     fn start_activity(&self, view: &View, request: &mut ActivityRequest) -> Result<()> {
///         request.headers.set("caller", view.workflow_type())?;
///         request.retry.get_or_insert(Retry::attempts(5));
///         if request.activity_type == "render" && request.args.get::<u64>(0)? > 1_000 {
///             request.task_queue = Some("large".to_owned());
///             request.start_to_close = Some(hours(2));
///         }
///         Ok(())
///     }
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct ActivityRequest {
    /// The name of the activity's type.
    pub activity_type: String,
    /// The id of the activity, if the workflow has chosen one.
    pub activity_id: Option<String>,
    /// The task queue of its workers; that of the workflow if not set.
    pub task_queue: Option<String>,
    /// Its arguments.
    pub args: Args,
    /// Headers, which the activity and the interceptors of its worker read.
    pub headers: Headers,
    /// The longest all attempts together may take.
    pub schedule_to_close: Option<Duration>,
    /// The longest an attempt may wait for a worker.
    pub schedule_to_start: Option<Duration>,
    /// The longest one attempt may take.
    pub start_to_close: Option<Duration>,
    /// The longest pause between two heartbeats.
    pub heartbeat: Option<Duration>,
    /// How failed attempts are retried; the server's default if not set.
    pub retry: Option<Retry>,
    /// How urgent it is.
    pub priority: Priority,
}

/// A local activity about to be started.
///
/// ```
/// use durably::{interceptor::{LocalActivityRequest, WorkflowInterceptor}, prelude::*};
///
/// struct Log;
///
/// impl WorkflowInterceptor for Log {
///     fn start_local_activity(&self, view: &View, request: &mut LocalActivityRequest) -> Result<()> {
///         request.headers.set("caller", view.workflow_type())?;
///         tracing::info!("{} with {} arguments", request.activity_type, request.args.len());
///         Ok(())
///     }
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct LocalActivityRequest {
    /// The name of the activity's type.
    pub activity_type: String,
    /// The id of the activity, if the workflow has chosen one.
    pub activity_id: Option<String>,
    /// Its arguments.
    pub args: Args,
    /// Headers, which the activity and the interceptors of its worker read.
    pub headers: Headers,
    /// The longest all attempts together may take.
    pub schedule_to_close: Option<Duration>,
    /// The longest an attempt may wait for a slot of the worker.
    pub schedule_to_start: Option<Duration>,
    /// The longest one attempt may take.
    pub start_to_close: Option<Duration>,
    /// How failed attempts are retried; without limit if not set.
    pub retry: Option<Retry>,
}

/// A child workflow about to be started.
///
/// ```
/// use durably::{interceptor::{ChildRequest, WorkflowInterceptor}, prelude::*};
///
/// struct Limit;
///
/// impl WorkflowInterceptor for Limit {
///     fn start_child(&self, view: &View, request: &mut ChildRequest) -> Result<()> {
///         request.headers.set("parent", view.workflow_type())?;
///         request.execution_timeout.get_or_insert(days(30));
///         tracing::info!("child {} {:?}", request.workflow_type, request.workflow_id);
///         Ok(())
///     }
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct ChildRequest {
    /// The name of the child's type.
    pub workflow_type: String,
    /// The child's workflow id, if the workflow has chosen one; it is generated otherwise.
    pub workflow_id: Option<String>,
    /// The task queue of its workers; that of the workflow if not set.
    pub task_queue: Option<String>,
    /// Its arguments.
    pub args: Args,
    /// Headers, which the child and the interceptors of its worker read.
    pub headers: Headers,
    /// The longest the whole chain of its runs may take.
    pub execution_timeout: Option<Duration>,
    /// The longest one run may take.
    pub run_timeout: Option<Duration>,
    /// The longest one workflow task may take.
    pub task_timeout: Option<Duration>,
    /// How it is retried when it fails; not at all if not set.
    pub retry: Option<Retry>,
    /// How urgent its tasks are.
    pub priority: Priority,
}

/// A signal about to be sent to a child or to another workflow.
///
/// ```
/// use durably::{interceptor::{ExternalSignalRequest, WorkflowInterceptor}, prelude::*};
///
/// struct Log;
///
/// impl WorkflowInterceptor for Log {
///     fn signal_external(&self, view: &View, request: &mut ExternalSignalRequest) -> Result<()> {
///         request.headers.set("sender", view.workflow_id())?;
///         tracing::info!("{} for {} (a child: {})", request.name, request.workflow_id, request.is_child());
///         Ok(())
///     }
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct ExternalSignalRequest {
    /// The workflow id of the target.
    pub workflow_id: String,
    /// Its run; the latest one if not set.
    pub run_id: Option<String>,
    /// The name of the signal.
    pub name: String,
    /// Its arguments.
    pub args: Args,
    /// Headers, which the interceptors of the target's worker read.
    pub headers: Headers,
    is_child: bool,
}

/// A timer about to be started.
///
/// ```
/// use durably::{interceptor::{TimerRequest, WorkflowInterceptor}, prelude::*};
///
/// /// No timer runs longer than a year.
/// struct AtMostOneYear;
///
/// impl WorkflowInterceptor for AtMostOneYear {
///     fn start_timer(&self, _view: &View, request: &mut TimerRequest) -> Result<()> {
///         request.duration = request.duration.min(days(365));
///         request.summary.get_or_insert_with(|| "a timer".to_owned());
///         Ok(())
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TimerRequest {
    /// How long it runs.
    pub duration: Duration,
    /// A description for people.
    pub summary: Option<String>,
}

/// The next run, as which a workflow is about to continue.
///
/// ```
/// use durably::{interceptor::{NextRunRequest, WorkflowInterceptor}, prelude::*};
///
/// /// Sends the headers of a run along to the next one.
/// struct Keep;
///
/// impl WorkflowInterceptor for Keep {
///     fn continue_as_new(&self, view: &View, request: &mut NextRunRequest) -> Result<()> {
///         let own = view.headers();
///         for name in own.names() {
///             if let Some(value) = own.payload(name) {
///                 request.headers.set_payload(name, value.clone());
///             }
///         }
///         Ok(())
///     }
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct NextRunRequest {
    /// The name of the workflow's type, if it is another one.
    pub workflow_type: Option<String>,
    /// The task queue, if it is another one.
    pub task_queue: Option<String>,
    /// The arguments of the next run.
    pub args: Args,
    /// Headers, which the next run and the interceptors of its worker read.
    pub headers: Headers,
    /// The longest the next run may take; as before if not set.
    pub run_timeout: Option<Duration>,
    /// The longest one of its tasks may take; as before if not set.
    pub task_timeout: Option<Duration>,
    /// How it is retried when it fails; as before if not set.
    pub retry: Option<Retry>,
}

// Each takes what may be changed out of the engine's request, and puts it back.

impl ActivityRequest {
    pub(super) fn take(from: &mut ScheduleActivity, converter: &Converter) -> Self {
        let callee = Callee::Activity(from.activity_type.clone().into());
        Self {
            activity_type: mem::take(&mut from.activity_type),
            activity_id: from.activity_id.take(),
            task_queue: from.task_queue.take(),
            args: args(callee, &mut from.input, converter),
            headers: Headers::new(mem::take(&mut from.header), converter),
            schedule_to_close: from.timeouts.schedule_to_close,
            schedule_to_start: from.timeouts.schedule_to_start,
            start_to_close: from.timeouts.start_to_close,
            heartbeat: from.timeouts.heartbeat,
            retry: from.retry.take().map(|policy| Retry::recorded(&policy)),
            priority: Priority::recorded(&from.priority),
        }
    }

    /// What the call itself was checked for before.
    pub(super) fn check(&self) -> Result<(), String> {
        let options = ActivityOptions {
            start_to_close: self.start_to_close,
            schedule_to_close: self.schedule_to_close,
            schedule_to_start: self.schedule_to_start,
            heartbeat: self.heartbeat,
            retry: self.retry.clone(),
            task_queue: None,
            priority: Some(self.priority.clone()),
        };
        let checked = options.check(&self.activity_type);
        checked.map_err(|wrong| wrong.to_string())
    }

    pub(super) fn put(self, into: &mut ScheduleActivity) {
        into.activity_type = self.activity_type;
        into.activity_id = self.activity_id;
        into.task_queue = self.task_queue;
        into.input = self.args.into_payloads();
        into.header = self.headers.into_fields();
        into.timeouts.schedule_to_close = self.schedule_to_close;
        into.timeouts.schedule_to_start = self.schedule_to_start;
        into.timeouts.start_to_close = self.start_to_close;
        into.timeouts.heartbeat = self.heartbeat;
        into.retry = self.retry.map(|retry| retry.policy());
        into.priority = self.priority.into_engine();
    }
}

impl LocalActivityRequest {
    pub(super) fn take(from: &mut ScheduleLocalActivity, converter: &Converter) -> Self {
        let callee = Callee::Activity(from.activity_type.clone().into());
        Self {
            activity_type: mem::take(&mut from.activity_type),
            activity_id: from.activity_id.take(),
            args: args(callee, &mut from.input, converter),
            headers: Headers::new(mem::take(&mut from.header), converter),
            schedule_to_close: from.timeouts.schedule_to_close,
            schedule_to_start: from.timeouts.schedule_to_start,
            start_to_close: from.timeouts.start_to_close,
            retry: from.retry.take().map(|policy| Retry::recorded(&policy)),
        }
    }

    /// What the call itself was checked for before.
    pub(super) fn check(&self) -> Result<(), String> {
        let options = ActivityOptions {
            start_to_close: self.start_to_close,
            schedule_to_close: self.schedule_to_close,
            schedule_to_start: self.schedule_to_start,
            retry: self.retry.clone(),
            ..ActivityOptions::default()
        };
        let checked = options.check(&self.activity_type);
        checked.map_err(|wrong| wrong.to_string())
    }

    pub(super) fn put(self, into: &mut ScheduleLocalActivity) {
        into.activity_type = self.activity_type;
        into.activity_id = self.activity_id;
        into.input = self.args.into_payloads();
        into.header = self.headers.into_fields();
        into.timeouts.schedule_to_close = self.schedule_to_close;
        into.timeouts.schedule_to_start = self.schedule_to_start;
        into.timeouts.start_to_close = self.start_to_close;
        into.retry = self.retry.map(|retry| retry.policy());
    }
}

impl ChildRequest {
    pub(super) fn take(from: &mut StartChild, converter: &Converter) -> Self {
        let callee = Callee::Workflow(from.workflow_type.clone().into());
        Self {
            workflow_type: mem::take(&mut from.workflow_type),
            workflow_id: match &from.id {
                ChildId::Chosen(id) => Some(id.clone()),
                ChildId::Generated(_) => None,
            },
            task_queue: from.task_queue.take(),
            args: args(callee, &mut from.input, converter),
            headers: Headers::new(mem::take(&mut from.header), converter),
            execution_timeout: from.execution_timeout,
            run_timeout: from.run_timeout,
            task_timeout: from.task_timeout,
            retry: from.retry.take().map(|policy| Retry::recorded(&policy)),
            priority: Priority::recorded(&from.priority),
        }
    }

    /// What the call itself was checked for before.
    pub(super) fn check(&self) -> Result<(), String> {
        let options = ChildOptions {
            id: self.workflow_id.clone(),
            task_queue: self.task_queue.clone(),
            execution_timeout: self.execution_timeout,
            run_timeout: self.run_timeout,
            task_timeout: self.task_timeout,
            retry: self.retry.clone(),
            priority: Some(self.priority.clone()),
            ..ChildOptions::default()
        };
        let of_child = |wrong| {
            format!(
                "options of child workflow `{}`: {wrong}",
                self.workflow_type
            )
        };
        options.check().map_err(of_child)
    }

    pub(super) fn put(self, into: &mut StartChild) {
        into.workflow_type = self.workflow_type;
        if let Some(id) = self.workflow_id {
            into.id = ChildId::Chosen(id);
        }
        into.task_queue = self.task_queue;
        into.input = self.args.into_payloads();
        into.header = self.headers.into_fields();
        into.execution_timeout = self.execution_timeout;
        into.run_timeout = self.run_timeout;
        into.task_timeout = self.task_timeout;
        into.retry = self.retry.map(|retry| retry.policy());
        into.priority = self.priority.into_engine();
    }
}

impl ExternalSignalRequest {
    pub(super) fn take(from: &mut SignalExternal, converter: &Converter) -> Self {
        let callee = Callee::Signal(from.name.clone().into());
        let run_id = mem::take(&mut from.target.run_id);
        Self {
            workflow_id: mem::take(&mut from.target.workflow_id),
            run_id: Some(run_id).filter(|id| !id.is_empty()),
            name: mem::take(&mut from.name),
            args: args(callee, &mut from.input, converter),
            headers: Headers::new(mem::take(&mut from.header), converter),
            is_child: from.target.child,
        }
    }

    pub(super) fn put(self, into: &mut SignalExternal) {
        into.target.workflow_id = self.workflow_id;
        into.target.run_id = self.run_id.unwrap_or_default();
        into.name = self.name;
        into.input = self.args.into_payloads();
        into.header = self.headers.into_fields();
    }

    /// Whether the target has to be a child of the workflow.
    pub fn is_child(&self) -> bool {
        self.is_child
    }
}

impl NextRunRequest {
    /// `of_run` is the type of the run that continues.
    pub(super) fn take(from: &mut ContinueAsNew, of_run: &str, converter: &Converter) -> Self {
        let workflow_type = from.workflow_type.as_deref().unwrap_or(of_run);
        let callee = Callee::Workflow(workflow_type.to_owned().into());
        Self {
            workflow_type: from.workflow_type.take(),
            task_queue: from.task_queue.take(),
            args: args(callee, &mut from.input, converter),
            headers: Headers::new(mem::take(&mut from.header), converter),
            run_timeout: from.run_timeout,
            task_timeout: from.task_timeout,
            retry: from.retry.take().map(|policy| Retry::recorded(&policy)),
        }
    }

    pub(super) fn put(self, into: &mut ContinueAsNew) {
        into.workflow_type = self.workflow_type;
        into.task_queue = self.task_queue;
        into.input = self.args.into_payloads();
        into.header = self.headers.into_fields();
        into.run_timeout = self.run_timeout;
        into.task_timeout = self.task_timeout;
        into.retry = self.retry.map(|retry| retry.policy());
    }
}

fn args(callee: Callee, input: &mut Vec<Payload>, converter: &Converter) -> Args {
    Args::new(callee, mem::take(input), converter.clone())
}
