//! One attempt at a delivery: the message is applied to its target, and the outcome becomes the answer
//! to its sender.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use durably_history::{
    ChildStart, Delivered, DeploymentVersion, InheritedVersion, Input, LimitExceeded, Outgoing,
    OutgoingKind, Policies, Rejection, RunId, Start, Time, check_override, checked_version,
    schedule,
};
use durably_proto::api::common::v1::WorkflowExecution;
use durably_proto::api::enums::v1::{
    CancelExternalWorkflowExecutionFailedCause as CancelFailed,
    SignalExternalWorkflowExecutionFailedCause as SignalFailed,
    StartChildWorkflowExecutionFailedCause as StartFailed,
};

use crate::backend::request::RequestScope;
use crate::backend::{Backend, resolve_run};
use crate::deployment::QueueType;
use crate::error::{Error, StoreError};
use crate::execution::Runs;
use crate::name::{MessageName, ScheduleName};
use crate::namespace::Namespace;

/// An attempt that did not fail.
pub(super) enum Attempt<'a> {
    /// The message is delivered already, or withdrawn.
    Void,
    /// The target will take it, or have closed, soon.
    Waits,
    /// The message was applied, which must become durable before it is answered.
    Applied {
        scope: RequestScope<'a>,
        answer: Delivered,
    },
    /// The end of a run is to be reported to the schedule that started it.
    Report {
        schedule: ScheduleName,
        closed: Box<schedule::Closed>,
    },
}

/// What a target did with a message.
enum Outcome {
    Applied,
    /// There is no such run, or the message is not for it.
    NotFound,
    Closed,
    /// The target is about to close.
    Closing,
    /// The target takes no more signals.
    LimitExceeded,
}

/// Applies a message to its target.
///
/// # Errors
/// The attempt must be repeated.
pub(super) fn attempt<'a>(backend: &'a Backend, name: &MessageName) -> Result<Attempt<'a>, Error> {
    // A bug that one message shows must not stop the delivery of all others.
    let attempted = catch_unwind(AssertUnwindSafe(|| try_once(backend, name)));
    attempted.unwrap_or_else(|_| Err(StoreError::panicked().into()))
}

/// Applies the answer to the sender, which must become durable before the message is done with.
///
/// # Errors
/// The delivery must be repeated.
pub(super) fn answer<'a>(
    backend: &'a Backend,
    name: &MessageName,
    answer: Delivered,
) -> Result<RequestScope<'a>, Error> {
    let scope = RequestScope::new(backend);
    let Ok(namespace) = scope.namespaces.find(&name.run.execution.namespace) else {
        return Ok(scope);
    };
    let execution = scope.offered(&namespace, &name.run);
    let mut runs = execution.lock();
    let answered = catch_unwind(AssertUnwindSafe(|| {
        let input = Input::Delivered(answer);
        scope.apply(&execution, &mut runs, &name.run.run_id, input, |_, _| ())
    }));
    match answered.unwrap_or_else(|_| Err(scope.panicked(&execution, &mut runs))) {
        // Without the run nobody waits for the answer.
        Ok(()) | Err(Error::NotFound(_) | Error::NamespaceNotFound(_)) => {}
        Err(error) => return Err(error),
    }
    drop(runs);
    Ok(scope)
}

fn try_once<'a>(backend: &'a Backend, name: &MessageName) -> Result<Attempt<'a>, Error> {
    // The message is deleted with its namespace.
    let Ok(namespace) = backend.namespaces.find(&name.run.execution.namespace) else {
        return Ok(Attempt::Void);
    };
    let found = match find(backend, &namespace, name) {
        Err(Error::Store(StoreError::Corrupted(damage))) => {
            report_damage(
                name,
                &damage,
                "the workflow that sends a message is damaged",
            );
            return Ok(Attempt::Void);
        }
        found => found?,
    };
    let Some((message, sent)) = found else {
        return Ok(Attempt::Void);
    };
    let scope = RequestScope::new(backend);
    let answer = match message {
        Outgoing::ReportToSchedule {
            schedule_id,
            closed,
        } => {
            let schedule = ScheduleName {
                namespace: Arc::clone(&namespace.name),
                id: schedule_id,
            };
            return Ok(Attempt::Report { schedule, closed });
        }
        Outgoing::StartChild(child) => start_child(&scope, &namespace, name, *child)?,
        Outgoing::Input { target, input } => {
            let outcome = match is_to_itself(name, &target) {
                true => Outcome::NotFound,
                false => undamaged(name, apply(&scope, &namespace, &target, *input, sent))?,
            };
            let waits = match outcome {
                Outcome::Closing => true,
                Outcome::NotFound | Outcome::Closed => {
                    is_starting(backend, &namespace, name, &target.workflow_id)?
                }
                Outcome::Applied | Outcome::LimitExceeded => false,
            };
            if waits {
                return Ok(Attempt::Waits);
            }
            answer_of(name, outcome)
        }
    };
    Ok(Attempt::Applied { scope, answer })
}

/// The message and the time when it was sent, unless it was delivered or withdrawn.
fn find(
    backend: &Backend,
    namespace: &Arc<Namespace>,
    name: &MessageName,
) -> Result<Option<(Outgoing, Time)>, Error> {
    let workflow_id = &name.run.execution.workflow_id;
    let execution = backend.executions.find_or_create(namespace, workflow_id);
    let mut runs = execution.lock();
    let record = runs.get(&name.run.run_id)?;
    Ok(record.and_then(|record| {
        let run = &record.run;
        Some((run.outgoing(name.key)?, run.sent_at(name.key)))
    }))
}

/// Whether a signal or a cancel request has overtaken the start of its target by the same run: a
/// start whose delivery failed is repeated later.
fn is_starting(
    backend: &Backend,
    namespace: &Arc<Namespace>,
    name: &MessageName,
    target: &str,
) -> Result<bool, Error> {
    match name.key.kind {
        OutgoingKind::Signal | OutgoingKind::RequestCancel => {}
        OutgoingKind::StartChild
        | OutgoingKind::BeginChild
        | OutgoingKind::ClosePolicy
        | OutgoingKind::ReportClose => return Ok(false),
    }
    let workflow_id = &name.run.execution.workflow_id;
    let execution = backend.executions.find_or_create(namespace, workflow_id);
    let mut runs = execution.lock();
    let record = runs.get(&name.run.run_id)?;
    Ok(record.is_some_and(|record| record.run.is_starting_child(target, name.key.event)))
}

/// A target that is damaged takes no message, now or later.
fn undamaged(name: &MessageName, outcome: Result<Outcome, Error>) -> Result<Outcome, Error> {
    match outcome {
        Err(Error::Store(StoreError::Corrupted(damage))) => {
            report_damage(name, &damage, "the target of a message is damaged");
            Ok(Outcome::NotFound)
        }
        outcome => outcome,
    }
}

fn report_damage(name: &MessageName, damage: &str, what: &str) {
    let MessageName { run, key } = name;
    tracing::error!(
        namespace = %run.execution.namespace,
        workflow_id = %run.execution.workflow_id,
        run_id = %run.run_id,
        kind = ?key.kind,
        event = %key.event,
        damage,
        "{what}"
    );
}

/// A workflow cannot signal or cancel itself, in whichever run, as on the real server.
fn is_to_itself(name: &MessageName, target: &WorkflowExecution) -> bool {
    let is_external = matches!(
        name.key.kind,
        OutgoingKind::Signal | OutgoingKind::RequestCancel
    );
    is_external && target.workflow_id == *name.run.execution.workflow_id
}

fn start_child(
    scope: &RequestScope<'_>,
    namespace: &Arc<Namespace>,
    name: &MessageName,
    child: ChildStart,
) -> Result<Delivered, Error> {
    let initiated = child.parent.initiated;
    match started_before(scope, namespace, &child) {
        Ok(Some(run_id)) => return Ok(Delivered::ChildStarted { initiated, run_id }),
        Ok(None) => {}
        // A damaged workflow keeps its id.
        Err(Error::Store(StoreError::Corrupted(damage))) => {
            report_damage(
                name,
                &damage,
                "the workflow that has the id of a child is damaged",
            );
            return Ok(Delivered::StartChildFailed {
                initiated,
                cause: StartFailed::WorkflowAlreadyExists,
            });
        }
        Err(error) => return Err(error),
    }
    let policies = Policies::of_child(child.request.workflow_id_reuse_policy());
    let run_id = match &child.run_id {
        Some(chosen) => chosen.clone(),
        None => scope.ids.run_id(scope.clock.now()),
    };
    let wrong_override = Delivered::StartChildFailed {
        initiated,
        cause: StartFailed::InvalidVersioningOverride,
    };
    if check_override(child.request.versioning_override.as_ref()).is_err() {
        return Ok(wrong_override);
    }
    let mut start = Start::child(child, run_id, scope.ids.number())?;
    if !complete_versions(namespace, &mut start) {
        return Ok(wrong_override);
    }
    let started = scope.start(namespace, start, policies, |_, _, _, _| Ok(()));
    match started {
        Ok(started) => Ok(Delivered::ChildStarted {
            initiated,
            run_id: started.run_id,
        }),
        Err(Error::AlreadyStarted(_)) => Ok(Delivered::StartChildFailed {
            initiated,
            cause: StartFailed::WorkflowAlreadyExists,
        }),
        Err(error) => Err(error),
    }
}

/// Keeps what the child takes over of versions only if they poll its task queue; returns false if
/// its own override sends it to one that does not.
fn complete_versions(namespace: &Namespace, start: &mut Start) -> bool {
    let deployments = namespace.deployments();
    let polls = |version: &DeploymentVersion| {
        deployments.has(version, QueueType::Workflow, &start.task_queue)
    };
    let inherits = start.inherited_version.version().is_none_or(polls);
    let checked = start.versioning_override.as_ref().and_then(checked_version);
    let is_polled = checked.as_ref().is_none_or(polls);
    let is_own = start.inherited_version == InheritedVersion::None;
    if !inherits {
        start.inherited_version = InheritedVersion::None;
    }
    if !is_polled && !is_own {
        start.versioning_override = None;
        return true;
    }
    is_polled
}

/// The first run of the child, if an earlier attempt has started it.
fn started_before(
    scope: &RequestScope<'_>,
    namespace: &Arc<Namespace>,
    child: &ChildStart,
) -> Result<Option<RunId>, Error> {
    let execution = match scope.execution(namespace, &child.request.workflow_id) {
        Err(Error::NotFound(_)) => return Ok(None),
        found => found?,
    };
    let mut runs = execution.lock();
    // Another workflow may have taken the id since the child ended.
    if let Some(chosen) = &child.run_id
        && runs.get(chosen)?.is_some()
    {
        return Ok(Some(chosen.clone()));
    }
    let Some(latest) = runs.latest()? else {
        return Ok(None);
    };
    let parent = (&child.parent.execution, child.parent.initiated);
    let first_run_id = latest.run.first_run_id().clone();
    let Some((of, initiated)) = latest.run.parent() else {
        return Ok(None);
    };
    if (of, initiated) == parent {
        return Ok(Some(first_run_id));
    }
    // Of a child that was initiated before a reset, another run of the parent has chosen the run.
    if child.run_id.is_some() || of.workflow_id != child.parent.execution.workflow_id {
        return Ok(None);
    }
    let of = RunId::from(of.run_id.as_str());
    drop(runs);
    let repeats = have_one_origin(scope, namespace, &child.parent.execution, &of)?;
    Ok(repeats.then_some(first_run_id))
}

/// Whether resets of one run have started both a run and another one of its workflow.
fn have_one_origin(
    scope: &RequestScope<'_>,
    namespace: &Arc<Namespace>,
    run: &WorkflowExecution,
    other: &RunId,
) -> Result<bool, Error> {
    let execution = scope.execution(namespace, &run.workflow_id)?;
    let mut runs = execution.lock();
    let mut original = |run_id: &RunId| -> Result<_, StoreError> {
        Ok(runs.get(run_id)?.map(|record| record.run.original_run_id()))
    };
    let run_id = RunId::from(run.run_id.as_str());
    let origin = original(&run_id)?;
    Ok(origin.is_some() && origin == original(other)?)
}

fn apply(
    scope: &RequestScope<'_>,
    namespace: &Arc<Namespace>,
    target: &WorkflowExecution,
    input: Input,
    sent: Time,
) -> Result<Outcome, Error> {
    let execution = match scope.execution(namespace, &target.workflow_id) {
        Err(Error::NotFound(_)) => return Ok(Outcome::NotFound),
        found => found?,
    };
    let mut runs = execution.lock();
    let run_id = match resolve_run(&execution, &mut runs, &target.run_id) {
        Err(Error::NotFound(_)) => return Ok(Outcome::NotFound),
        found => found?,
    };
    let run_id = match matches!(input, Input::ChildClosed(_)) {
        true => after_resets(&mut runs, run_id)?,
        false => run_id,
    };
    if target.run_id.is_empty() && has_received(&mut runs, run_id.clone(), &input, sent)? {
        return Ok(Outcome::Applied);
    }
    match scope.apply(&execution, &mut runs, &run_id, input, |_, _| ()) {
        Ok(()) => Ok(Outcome::Applied),
        Err(Error::NotFound(_)) => Ok(Outcome::NotFound),
        Err(Error::Rejected(rejection)) => outcome_of(rejection),
        Err(error) => Err(error),
    }
}

/// The run that waits for the children of a run: one that was reset has left them to the run that the reset started.
fn after_resets(runs: &mut Runs, mut run_id: RunId) -> Result<RunId, StoreError> {
    while let Some(record) = runs.get(&run_id)?
        && let Some(next) = record.run.reset_run()
    {
        run_id = next.clone();
    }
    Ok(run_id)
}

/// Whether an earlier attempt has reached an earlier run of the chain, which has ended since. Such a run
/// has ended after the message was sent, and so the run after it has started after that.
fn has_received(
    runs: &mut Runs,
    latest: RunId,
    input: &Input,
    sent: Time,
) -> Result<bool, StoreError> {
    let mut run_id = latest;
    while let Some(record) = runs.get(&run_id)? {
        let run = &record.run;
        if run.has_received(input) {
            return Ok(true);
        }
        match run.previous_run_id() {
            Some(previous) if run.started_at() >= sent => run_id = previous,
            Some(_) | None => return Ok(false),
        }
    }
    Ok(false)
}

fn outcome_of(rejection: Rejection) -> Result<Outcome, Error> {
    match rejection {
        Rejection::Closed(_) => Ok(Outcome::Closed),
        Rejection::OtherParent | Rejection::ChainMismatch(_) => Ok(Outcome::NotFound),
        Rejection::LimitExceeded(LimitExceeded::Signals) => Ok(Outcome::LimitExceeded),
        Rejection::Closing => Ok(Outcome::Closing),
        // No message is refused so: it is a bug. Another attempt may succeed.
        Rejection::LimitExceeded(
            LimitExceeded::UpdatesInFlight { .. } | LimitExceeded::UpdatesInTotal { .. },
        )
        | Rejection::TaskNotFound(_)
        | Rejection::TaskAlreadyStarted
        | Rejection::AlreadyPaused
        | Rejection::StaleDeadline
        | Rejection::TaskFailing
        | Rejection::Invalid(_) => Err(Error::Rejected(rejection)),
    }
}

fn answer_of(name: &MessageName, outcome: Outcome) -> Delivered {
    let initiated = name.key.event;
    match name.key.kind {
        OutgoingKind::Signal => match outcome {
            Outcome::Applied => Delivered::Signaled { initiated },
            Outcome::NotFound | Outcome::Closed | Outcome::Closing => Delivered::SignalFailed {
                initiated,
                cause: SignalFailed::ExternalWorkflowExecutionNotFound,
            },
            Outcome::LimitExceeded => Delivered::SignalFailed {
                initiated,
                cause: SignalFailed::SignalCountLimitExceeded,
            },
        },
        OutgoingKind::RequestCancel => match outcome {
            // A workflow that has closed needs no cancellation.
            Outcome::Applied | Outcome::Closed => Delivered::CancelRequested { initiated },
            Outcome::NotFound | Outcome::Closing | Outcome::LimitExceeded => {
                Delivered::RequestCancelFailed {
                    initiated,
                    cause: CancelFailed::ExternalWorkflowExecutionNotFound,
                }
            }
        },
        OutgoingKind::StartChild
        | OutgoingKind::BeginChild
        | OutgoingKind::ClosePolicy
        | OutgoingKind::ReportClose => Delivered::Done(name.key),
    }
}

#[cfg(test)]
mod tests {
    use durably_history::{Closed, EventId, OutgoingKey};
    use durably_proto::api::enums::v1::WorkflowExecutionStatus;

    use super::*;
    use crate::name::{ExecutionName, RunName};

    /// The answer to a message of this kind that its target rejected.
    fn answer_to(kind: OutgoingKind, rejection: Rejection) -> Delivered {
        let name = MessageName {
            run: RunName {
                execution: ExecutionName {
                    namespace: "default".into(),
                    workflow_id: "w".into(),
                },
                run_id: "r".into(),
            },
            key: OutgoingKey {
                event: EventId(5),
                kind,
            },
        };
        answer_of(&name, outcome_of(rejection).expect("it has an answer"))
    }

    #[test]
    fn a_rejection_by_the_target_is_an_answer() {
        let closed = || {
            Rejection::Closed(Closed {
                status: WorkflowExecutionStatus::Completed,
            })
        };
        for (rejection, expected) in [
            (closed(), SignalFailed::ExternalWorkflowExecutionNotFound),
            (
                Rejection::OtherParent,
                SignalFailed::ExternalWorkflowExecutionNotFound,
            ),
            (
                Rejection::LimitExceeded(LimitExceeded::Signals),
                SignalFailed::SignalCountLimitExceeded,
            ),
        ] {
            let answer = answer_to(OutgoingKind::Signal, rejection);
            assert!(
                matches!(answer, Delivered::SignalFailed { cause, .. } if cause == expected),
                "{answer:?}"
            );
        }
        let answer = answer_to(OutgoingKind::RequestCancel, closed());
        assert!(matches!(answer, Delivered::CancelRequested { .. }));
        let answer = answer_to(OutgoingKind::RequestCancel, Rejection::OtherParent);
        assert!(matches!(answer, Delivered::RequestCancelFailed { .. }));
        let answer = answer_to(OutgoingKind::ReportClose, closed());
        assert!(matches!(answer, Delivered::Done(_)));
    }

    #[test]
    fn a_signal_to_a_workflow_that_is_about_to_close_is_repeated() {
        assert!(matches!(
            outcome_of(Rejection::Closing),
            Ok(Outcome::Closing)
        ));
    }
}
