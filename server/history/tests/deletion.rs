//! Deletions: the run is closed, and removed when its messages are delivered.

use durably_history::{Delivered, Effect, EventId, Input, OutgoingKey, OutgoingKind, Terminate};

use crate::case::Case;
use crate::command::start_child;

fn is_removal(effect: &Effect) -> bool {
    matches!(effect, Effect::Remove)
}

#[test]
fn a_running_run_is_terminated_and_removed() {
    let mut case = Case::start();
    case.skip();
    case.ok(Input::Delete);
    case.expect(&["3 workflow_execution_terminated Delete workflow execution"]);
    assert!(!case.run.is_running());
    assert!(case.effects.iter().any(is_removal));
}

#[test]
fn a_closed_run_is_removed_without_an_event() {
    let mut case = Case::start();
    case.ok(Input::Terminate(Terminate::default()));
    case.skip();
    assert!(!case.effects.iter().any(is_removal));
    case.ok(Input::Delete);
    case.expect(&[]);
    assert!(case.effects.iter().any(is_removal));
    // A restart removes it, too.
    assert!(case.run.has_pending_task());
    assert!(case.run.pending_tasks().iter().any(is_removal));
}

#[test]
fn a_run_is_removed_after_the_delivery_of_its_messages() {
    let mut case = Case::start();
    case.work(vec![start_child("kid")]);
    case.ok(Input::Delivered(Delivered::ChildStarted {
        initiated: EventId(5),
        run_id: "kid run".into(),
    }));
    case.ok(Input::Delete);
    assert!(!case.effects.iter().any(is_removal));
    assert!(!case.run.pending_tasks().iter().any(is_removal));
    let policy = OutgoingKey {
        event: EventId(5),
        kind: OutgoingKind::ClosePolicy,
    };
    assert!(case.messages.contains(&policy), "{:?}", case.messages);
    case.ok(Input::Delivered(Delivered::Done(OutgoingKey {
        event: EventId(5),
        kind: OutgoingKind::BeginChild,
    })));
    case.ok(Input::Delivered(Delivered::Done(policy)));
    assert!(case.effects.iter().any(is_removal));
}
