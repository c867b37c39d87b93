//! One attempt at a delivery: the message is applied to its target, and the outcome becomes the answer
//! to its sender.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use durably_history::{
    ChildStart, Delivered, Input, LimitExceeded, Outgoing, OutgoingKind, Policies, Rejection,
    RunId, Start,
};
use durably_proto::api::common::v1::WorkflowExecution;
use durably_proto::api::enums::v1::{
    CancelExternalWorkflowExecutionFailedCause as CancelFailed,
    SignalExternalWorkflowExecutionFailedCause as SignalFailed,
    StartChildWorkflowExecutionFailedCause as StartFailed,
};

use crate::backend::request::RequestScope;
use crate::backend::{Backend, resolve_run};
use crate::error::{Error, StoreError};
use crate::name::MessageName;
use crate::namespace::Namespace;

/// An attempt that did not fail.
pub(super) enum Attempt<'a> {
    /// The message is delivered already, or withdrawn.
    Void,
    /// The message was applied, which must become durable before it is answered.
    Applied {
        scope: RequestScope<'a>,
        answer: Delivered,
    },
}

/// What a target did with a message.
enum Outcome {
    Applied,
    /// There is no such run, or the message is not for it.
    NotFound,
    Closed,
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

/// Applies the answer to the sender.
///
/// # Errors
/// The delivery must be repeated.
pub(super) fn answer(backend: &Backend, name: &MessageName, answer: Input) -> Result<(), Error> {
    let namespace = backend.namespaces.find(&name.run.execution.namespace)?;
    let workflow_id = &name.run.execution.workflow_id;
    let execution = backend.executions.find_or_create(&namespace, workflow_id);
    let mut runs = execution.lock();
    match backend.apply(&execution, &mut runs, &name.run.run_id, answer, |_, _| ()) {
        // Without the run nobody waits for the answer.
        Err(Error::NotFound(_)) => Ok(()),
        answered => answered,
    }
}

fn try_once<'a>(backend: &'a Backend, name: &MessageName) -> Result<Attempt<'a>, Error> {
    let namespace = backend.namespaces.find(&name.run.execution.namespace)?;
    let Some(message) = find(backend, &namespace, name)? else {
        return Ok(Attempt::Void);
    };
    let scope = RequestScope::new(backend);
    let answer = match message {
        Outgoing::StartChild(child) => start_child(&scope, &namespace, *child)?,
        Outgoing::Input { target, input } => {
            let outcome = match is_to_itself(name, &target) {
                true => Outcome::NotFound,
                false => apply(&scope, &namespace, &target, *input)?,
            };
            answer_of(name, outcome)
        }
    };
    Ok(Attempt::Applied { scope, answer })
}

/// The message, unless it was delivered or withdrawn.
fn find(
    backend: &Backend,
    namespace: &Arc<Namespace>,
    name: &MessageName,
) -> Result<Option<Outgoing>, Error> {
    let workflow_id = &name.run.execution.workflow_id;
    let execution = backend.executions.find_or_create(namespace, workflow_id);
    let mut runs = execution.lock();
    let record = runs.get(&name.run.run_id)?;
    Ok(record.and_then(|record| record.run.outgoing(name.key)))
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
    child: ChildStart,
) -> Result<Delivered, Error> {
    let initiated = child.parent.initiated;
    if let Some(run_id) = started_before(scope, namespace, &child)? {
        return Ok(Delivered::ChildStarted { initiated, run_id });
    }
    let policies = Policies::of_child(child.request.workflow_id_reuse_policy());
    let run_id = scope.ids.run_id(scope.clock.now());
    let start = Start::child(child, run_id, scope.ids.number())?;
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
    let Some(latest) = runs.latest()? else {
        return Ok(None);
    };
    let parent = (&child.parent.execution, child.parent.initiated);
    let is_child = latest.run.parent() == Some(parent);
    Ok(is_child.then(|| latest.run.first_run_id().clone()))
}

fn apply(
    scope: &RequestScope<'_>,
    namespace: &Arc<Namespace>,
    target: &WorkflowExecution,
    input: Input,
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
    match scope.apply(&execution, &mut runs, &run_id, input, |_, _| ()) {
        Ok(()) => Ok(Outcome::Applied),
        Err(Error::NotFound(_)) => Ok(Outcome::NotFound),
        Err(Error::Rejected(rejection)) => outcome_of(rejection),
        Err(error) => Err(error),
    }
}

fn outcome_of(rejection: Rejection) -> Result<Outcome, Error> {
    match rejection {
        Rejection::Closed(_) => Ok(Outcome::Closed),
        Rejection::OtherParent | Rejection::ChainMismatch(_) => Ok(Outcome::NotFound),
        Rejection::LimitExceeded(LimitExceeded::Signals) => Ok(Outcome::LimitExceeded),
        // The target is about to close, or it is a bug: either way another attempt finds out.
        Rejection::Closing
        | Rejection::LimitExceeded(
            LimitExceeded::UpdatesInFlight { .. } | LimitExceeded::UpdatesInTotal { .. },
        )
        | Rejection::TaskNotFound(_)
        | Rejection::TaskAlreadyStarted
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
            Outcome::NotFound | Outcome::Closed => Delivered::SignalFailed {
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
            Outcome::NotFound | Outcome::LimitExceeded => Delivered::RequestCancelFailed {
                initiated,
                cause: CancelFailed::ExternalWorkflowExecutionNotFound,
            },
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
        assert!(outcome_of(Rejection::Closing).is_err());
    }
}
