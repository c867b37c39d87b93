//! `RespondWorkflowTaskCompleted`: completes a workflow task and applies its commands.

use durably_proto::api::enums::v1::{VersioningBehavior, WorkflowTaskFailedCause};
use durably_proto::api::history::v1::WorkflowTaskCompletedEventAttributes;
use durably_proto::api::history::v1::history_event::Attributes;
use durably_proto::api::workflow::v1::ResetPointInfo;
use durably_proto::api::workflowservice::v1::RespondWorkflowTaskCompletedRequest;

use crate::command::bad_command::BadCommand;
use crate::command::plan::{self, Step};
use crate::command::{Completion, sequence};
use crate::id::{EventId, RequestId};
use crate::input::CompleteWorkflowTask;
use crate::open_transition::OpenTransition;
use crate::queue::StickyQueue;
use crate::rejection::{Invalid, Rejection};
use crate::state::{Run, StartedTask, TaskType};
use crate::task::task_end::{self, Failed};
use crate::task::{activity_task, termination, workflow_task};
use crate::time::{Time, timeout_from_proto};
use crate::transition::{
    CompletedWorkflowTask, Effect, Reply, StartedActivity, StartedWorkflowTask, UpdateAbort,
};
use crate::versioning::{DeploymentVersion, PolledBy};
use crate::{event, failure, limits, updates};

/// Completes the workflow task and applies its commands, or fails it if a command is bad.
pub(crate) fn complete(
    complete: CompleteWorkflowTask,
    run: &mut Run,
    out: &mut OpenTransition,
) -> Result<Reply, Rejection> {
    let task = run.started_task(&complete.token)?.clone();
    let mut response = complete.response;
    let mut commands = std::mem::take(&mut response.commands);
    let messages = std::mem::take(&mut response.messages);
    sequence::check(&commands)?;
    sequence::drop_foreign_attributes(&mut commands);
    check_versioning(&response)?;
    let idle = commands.is_empty();
    let prolongs = response.force_create_new_workflow_task && idle && messages.is_empty();
    if prolongs && task.task.original_at + limits::WORKFLOW_TASK_HEARTBEAT < out.now {
        task_end::end_timed_out(run, out);
        workflow_task::schedule(run, TaskType::Normal, out);
        return Ok(Reply::WorkflowTaskHeartbeatTimeout);
    }
    let (namespace, refused) = (complete.namespace, complete.refused);
    let steps = match plan::plan(run, &task, commands, messages, &namespace, refused) {
        Ok(steps) => steps,
        Err(refusal) => return refuse(refusal, &response, run, out),
    };
    let vanishes = idle
        && !response.force_create_new_workflow_task
        && leaves_no_trace(run, &task, &steps, &response);
    task_end::take_started(run);
    // The start delay ended while this task was started, so its deadline scheduled no other task.
    let is_overdue = vanishes && run.held_back_until().is_some_and(|at| at <= out.now);
    let mut completing = Completion {
        completed: EventId::NONE,
        identity: response.identity.clone(),
        eager: Vec::new(),
        leaves_version: complete.leaves_version,
        wants_task: response.force_create_new_workflow_task || is_overdue,
    };
    if !vanishes {
        completing.completed = record(run, &task, &mut response, out);
    }
    run.task_attempt = 1;
    run.close_attempted = false;
    run.sticky = sticky(run, &response);
    if run.versioning.transition.is_some() {
        // Its next task goes to another version.
        run.sticky = None;
        completing.wants_task = true;
    }
    apply_steps(steps, run, &mut completing, out);
    if !response.force_create_new_workflow_task && run.is_running() {
        updates::reject_unprocessed(run, out);
    }
    let activities = start_eager(run, &completing, out);
    let original_at = if prolongs {
        task.task.original_at
    } else {
        out.now
    };
    let next = next_task(run, &completing, &response, original_at, out);
    if !run.is_running() {
        let continued = run.next_run_id().is_some();
        updates::abort_all(
            run,
            if continued {
                UpdateAbort::Continued
            } else {
                UpdateAbort::Closed
            },
            out,
        );
    }
    let reset_to = vanishes.then_some(run.last_completed_started);
    Ok(Reply::WorkflowTaskCompleted(Box::new(
        CompletedWorkflowTask {
            next,
            activities,
            reset_to,
        },
    )))
}

/// Checks that a worker that declares the versioning of its workflow names its own version.
fn check_versioning(response: &RespondWorkflowTaskCompletedRequest) -> Result<(), Rejection> {
    let declares = response.versioning_behavior() != VersioningBehavior::Unspecified;
    let version = DeploymentVersion::of_worker(response.deployment_options.as_ref());
    if declares && version.is_none() {
        return Err(Rejection::Invalid(Invalid(
            "versioning behavior cannot be specified without deployment options being set with versioned mode"
                .to_owned(),
        )));
    }
    Ok(())
}

fn refuse(
    refusal: BadCommand,
    response: &RespondWorkflowTaskCompletedRequest,
    run: &mut Run,
    out: &mut OpenTransition,
) -> Result<Reply, Rejection> {
    let BadCommand {
        cause,
        message,
        fatal,
    } = refusal;
    // A task that failed before is left to time out, which slows its repetition down.
    if run.task_attempt > 1 && cause != WorkflowTaskFailedCause::UnhandledCommand {
        return Err(Rejection::Invalid(Invalid(message)));
    }
    let failed = Failed {
        cause,
        failure: Some(failure::server(message.clone())),
        identity: response.identity.clone(),
        #[expect(deprecated, reason = "histories still show it")]
        binary_checksum: response.binary_checksum.clone(),
    };
    task_end::end_failed(run, failed, out);
    if fatal {
        termination::by_server(run, message.clone(), out);
    } else {
        workflow_task::schedule(run, TaskType::Normal, out);
    }
    Ok(Reply::WorkflowTaskRefused { cause, message })
}

/// Whether a speculative task leaves no events, because all its updates were rejected. The next
/// task then delivers the same events again, which older workers do not accept, and which is
/// limited in number.
fn leaves_no_trace(
    run: &Run,
    task: &StartedTask,
    steps: &[Step],
    response: &RespondWorkflowTaskCompletedRequest,
) -> bool {
    let takes_events_again = response
        .capabilities
        .as_ref()
        .is_some_and(|worker| worker.discard_speculative_workflow_task_with_events);
    let most = match takes_events_again {
        true => limits::EVENTS_BROUGHT_AGAIN,
        false => 0,
    };
    let brought = run.next_event_id().0 - (run.last_completed_started.0 + 2);
    task.task.task_type == TaskType::Speculative
        && brought <= most
        && steps
            .iter()
            .all(|step| matches!(step, Step::Message(message) if message.is_rejection()))
}

fn record(
    run: &mut Run,
    task: &StartedTask,
    response: &mut RespondWorkflowTaskCompletedRequest,
    out: &mut OpenTransition,
) -> EventId {
    let (scheduled, started) =
        event::workflow_task::record_deferred_events(run, task, &response.identity);
    #[expect(deprecated, reason = "workers still send it")]
    let (binary_checksum, worker_version) = (
        std::mem::take(&mut response.binary_checksum),
        response.worker_version_stamp.take(),
    );
    let deployment = DeploymentVersion::of_worker(response.deployment_options.as_ref());
    let event = WorkflowTaskCompletedEventAttributes {
        scheduled_event_id: scheduled.0,
        started_event_id: started.0,
        identity: response.identity.clone(),
        sdk_metadata: response.sdk_metadata.take(),
        metering_metadata: response.metering_metadata.take(),
        versioning_behavior: response.versioning_behavior,
        worker_deployment_name: response
            .deployment_options
            .as_ref()
            .map(|options| options.deployment_name.clone())
            .unwrap_or_default(),
        deployment_version: deployment.as_ref().map(DeploymentVersion::to_proto),
        ..Default::default()
    };
    #[expect(deprecated, reason = "histories still show them")]
    let event = WorkflowTaskCompletedEventAttributes {
        binary_checksum: binary_checksum.clone(),
        worker_version: worker_version.clone(),
        ..event
    };
    let completed = run.next_event_id();
    let applied = apply_completed(run, &event, completed, out.now);
    run.record(
        out.now,
        Attributes::WorkflowTaskCompletedEventAttributes(event),
    );
    if applied.is_listed {
        // Lists show builds and versions.
        out.effect(Effect::VisibilityChanged);
    }
    if applied.moves_activities {
        activity_task::offer_anew(run, out);
    }
    completed
}

/// What follows from a completion.
pub(crate) struct Applied {
    /// Lists show the run otherwise: its build is new, or its version has changed.
    is_listed: bool,
    /// Activities that wait in queues belong elsewhere: the run is on another version.
    moves_activities: bool,
}

/// Sets what a run has once the completion of a workflow task is recorded.
pub(crate) fn apply_completed(
    run: &mut Run,
    event: &WorkflowTaskCompletedEventAttributes,
    completed: EventId,
    at: Time,
) -> Applied {
    #[expect(deprecated, reason = "histories still show them")]
    let (checksum, version) = (&event.binary_checksum, &event.worker_version);
    let shown = |run: &Run| {
        let versioning = &run.versioning;
        (
            run.has_completed_workflow_task(),
            versioning.listed(),
            versioning.used.len(),
            versioning.deployment.clone(),
        )
    };
    let before = shown(run);
    run.last_completed_started = EventId(event.started_event_id);
    let is_other_stamp = run.last_worker_version != *version;
    run.last_worker_version.clone_from(version);
    let moves_activities = run.versioning.apply_completed(event);
    let build = match &event.deployment_version {
        Some(version) => version.build_id.as_str(),
        None => version.as_ref().map_or("", |stamp| stamp.build_id.as_str()),
    };
    let is_new_build = add_reset_point(run, checksum, build, completed, at);
    Applied {
        is_listed: is_new_build || is_other_stamp || before != shown(run),
        moves_activities,
    }
}

/// Records a reset point for the first task that each build completes; returns whether this one is.
#[expect(deprecated, reason = "histories still show the checksum")]
fn add_reset_point(
    run: &mut Run,
    binary_checksum: &str,
    build_id: &str,
    completed: EventId,
    at: Time,
) -> bool {
    let known = |point: &ResetPointInfo| {
        point.build_id == build_id && point.binary_checksum == binary_checksum
    };
    if run.reset_points.values().any(known) {
        return false;
    }
    if run.reset_points.len() >= MAX_RESET_POINTS {
        run.reset_points.remove_first();
    }
    run.reset_points.push(ResetPointInfo {
        build_id: build_id.to_owned(),
        binary_checksum: binary_checksum.to_owned(),
        run_id: run.config.run_id.to_string(),
        first_workflow_task_completed_id: completed.0,
        create_time: Some(at.into()),
        expire_time: None,
        resettable: true,
    });
    true
}

fn sticky(run: &Run, response: &RespondWorkflowTaskCompletedRequest) -> Option<StickyQueue> {
    let attributes = response.sticky_attributes.as_ref()?;
    let queue = attributes
        .worker_task_queue
        .as_ref()
        .filter(|queue| !queue.name.is_empty())?;
    Some(StickyQueue {
        name: queue.name.as_str().into(),
        normal_name: run.config.task_queue.clone(),
        schedule_to_start: timeout_from_proto(attributes.schedule_to_start_timeout.as_ref()),
    })
}

fn apply_steps(
    steps: Vec<Step>,
    run: &mut Run,
    completing: &mut Completion,
    out: &mut OpenTransition,
) {
    for step in steps {
        match step {
            Step::Message(message) => message.apply(run, out),
            Step::Command { command, extras } => {
                let id = command.apply(run, completing, out);
                let place = usize::try_from(id.0 - 1).expect("an event id");
                if let Some(event) = run.events.open_mut(place) {
                    event.user_metadata = extras.user_metadata;
                    event.event_group_markers = extras.event_group_markers;
                }
            }
        }
    }
}

/// Starts the activities that the worker requested eagerly.
fn start_eager(
    run: &mut Run,
    completing: &Completion,
    out: &mut OpenTransition,
) -> Vec<StartedActivity> {
    let mut started = Vec::new();
    for scheduled in &completing.eager {
        // A later command may have cancelled it or closed the run.
        if run.activities.get(*scheduled).is_some() {
            let request_id = RequestId::from(run.random.run_id().as_str());
            let identity = completing.identity.clone();
            started.push(activity_task::start_eagerly(
                run, *scheduled, request_id, identity, out,
            ));
        }
    }
    started
}

/// Schedules the next workflow task if it is needed, and starts it at once if the worker asks for
/// it.
fn next_task(
    run: &mut Run,
    completing: &Completion,
    response: &RespondWorkflowTaskCompletedRequest,
    original_at: Time,
    out: &mut OpenTransition,
) -> Option<StartedWorkflowTask> {
    if !run.is_running() {
        return None;
    }
    // A run that moves to another version gets its next task there.
    let at_once = response.return_new_workflow_task && run.versioning.transition.is_none();
    let task_type = if completing.wants_task || !run.buffered.is_empty() {
        TaskType::Normal
    } else if run.updates.any_to_send(true) {
        // Only a task that is started at once can be speculative; one that waits in a queue is
        // recorded.
        if at_once {
            TaskType::Speculative
        } else {
            TaskType::Normal
        }
    } else {
        return None;
    };
    workflow_task::schedule_undispatched(run, task_type, original_at, out);
    if !at_once {
        workflow_task::dispatch(run, out);
        return None;
    }
    let request_id = RequestId::from("request-from-RespondWorkflowTaskCompleted");
    let by = DeploymentVersion::of_worker(response.deployment_options.as_ref());
    let polled_by = PolledBy::no_queue(by);
    let identity = response.identity.clone();
    let size = run.size();
    workflow_task::start_scheduled(run, request_id, identity, None, &polled_by, size, out);
    let resend = !response.force_create_new_workflow_task;
    Some(workflow_task::delivery(run, true, resend))
}

const MAX_RESET_POINTS: usize = 20;
