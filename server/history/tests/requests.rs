//! Signals, cancel requests, terminations and attachments.

use durably_history::{Attach, Input, Rejection, Reply, RequestCancel, Signal, Terminate};
use durably_proto::api::enums::v1::{EventType, PendingActivityState, WorkflowExecutionStatus};

use crate::case::{Case, signal};
use crate::command::{cancel_workflow, schedule_activity};

pub fn cancel() -> Input {
    Input::RequestCancel(RequestCancel {
        reason: "enough".to_owned(),
        ..Default::default()
    })
}

#[test]
fn a_repeated_signal_request_is_one_signal() {
    let mut case = Case::start();
    let once = Signal {
        request_id: "once".into(),
        ..signal("one")
    };
    assert!(matches!(case.ok(Input::Signal(once.clone())), Reply::Done));
    assert!(matches!(case.ok(Input::Signal(once)), Reply::AlreadyDone));
    case.skip();
    assert_eq!(case.run.events().len(), 3);
}

#[test]
fn a_signal_that_the_run_received_before_it_closed_is_known_afterwards() {
    let mut case = Case::start();
    let once = Signal {
        request_id: "once".into(),
        ..signal("one")
    };
    case.ok(Input::Signal(once.clone()));
    case.work(vec![cancel_workflow()]);
    case.skip();
    assert!(matches!(case.ok(Input::Signal(once)), Reply::AlreadyDone));
    let other = Signal {
        request_id: "other".into(),
        ..signal("one")
    };
    for unknown in [other, signal("one")] {
        let refused = case.run.apply(Input::Signal(unknown), case.now);
        assert!(matches!(refused, Err(Rejection::Closed(_))));
    }
    case.expect(&[]);
}

#[test]
fn a_cancelled_workflow_closes_as_canceled() {
    let mut case = Case::start();
    case.work(vec![]);
    case.skip();
    case.ok(cancel());
    case.work(vec![cancel_workflow()]);
    case.expect(&[
        "5 workflow_execution_cancel_requested enough",
        "6 workflow_task_scheduled on=queue attempt=1 timeout=10s",
        "7 workflow_task_started scheduled=6",
        "8 workflow_task_completed scheduled=6 started=7",
        "9 workflow_execution_canceled completed=8",
    ]);
    assert_eq!(case.run.status(), WorkflowExecutionStatus::Canceled);
}

#[test]
fn only_one_cancel_request_counts() {
    let mut case = Case::start();
    case.skip();
    case.ok(cancel());
    assert!(matches!(case.ok(cancel()), Reply::AlreadyDone));
    case.expect(&["3 workflow_execution_cancel_requested enough"]);
}

#[test]
fn a_termination_ends_the_run_and_the_task_a_worker_has() {
    let mut case = Case::start();
    let task = case.poll();
    case.signal("waits");
    case.skip();
    case.ok(Input::Terminate(Terminate {
        reason: "broken".to_owned(),
        ..Default::default()
    }));
    case.expect(&[
        "4 workflow_task_failed scheduled=2 started=3 force_close_command",
        "5 workflow_execution_signaled waits",
        "6 workflow_execution_terminated broken",
    ]);
    assert_eq!(case.deadline(), None);
    let late = case.apply(crate::case::completion(task.token, vec![], vec![], |_| {}));
    assert!(matches!(late.unwrap_err(), Rejection::TaskNotFound(_)));
    assert!(matches!(
        case.apply(Input::Signal(signal("late"))).unwrap_err(),
        Rejection::Closed(_)
    ));
}

#[test]
fn a_termination_without_a_reason_is_given_one() {
    let mut case = Case::start();
    case.skip();
    case.ok(Input::Terminate(Terminate::default()));
    case.expect(&["3 workflow_execution_terminated terminated by user via frontend"]);
}

#[test]
fn a_request_for_another_chain_is_rejected() {
    let mut case = Case::start();
    let other = Terminate {
        first_run_id: Some("another".into()),
        ..Default::default()
    };
    assert!(matches!(
        case.apply(Input::Terminate(other)).unwrap_err(),
        Rejection::ChainMismatch(_)
    ));
}

#[test]
fn a_start_request_that_found_the_run_is_remembered() {
    let mut case = Case::start();
    case.skip();
    let attach = Attach {
        request_id: Some("second".into()),
        ..Default::default()
    };
    case.ok(Input::Attach(attach.clone()));
    case.expect(&["3 workflow_execution_options_updated attached=second"]);
    assert!(matches!(case.ok(Input::Attach(attach)), Reply::AlreadyDone));
    assert_eq!(
        case.run.request_event(&"second".into()),
        Some(EventType::WorkflowExecutionOptionsUpdated)
    );
}

#[test]
fn a_description_shows_what_is_pending() {
    let mut case = Case::start();
    case.work(vec![schedule_activity("1"), schedule_activity("2")]);
    case.start_activity();
    let description = case.run.describe(case.now);
    let states: Vec<_> = description
        .pending_activities
        .iter()
        .map(|a| (a.activity_id.as_str(), a.state()))
        .collect();
    assert_eq!(
        states,
        [
            ("1", PendingActivityState::Scheduled),
            ("2", PendingActivityState::Started)
        ]
    );
    let info = description.workflow_execution_info.expect("an info");
    assert_eq!(
        (info.history_length, info.status()),
        (6, WorkflowExecutionStatus::Running)
    );
    assert!(description.pending_workflow_task.is_none());
}
