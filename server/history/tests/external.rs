//! Signals and cancel requests to other workflows.

use durably_history::{
    Delivered, EventId, Input, Outgoing, OutgoingKey, OutgoingKind, Reply, Terminate,
};
use durably_proto::api::command::v1::Command;
use durably_proto::api::common::v1::WorkflowExecution;
use durably_proto::api::enums::v1::{
    CancelExternalWorkflowExecutionFailedCause as CancelFailed,
    SignalExternalWorkflowExecutionFailedCause as SignalFailed, WorkflowTaskFailedCause as Cause,
};

use crate::bad_commands::refused;
use crate::case::{Case, completion};
use crate::command::{
    cancel_external, cancel_external_with, complete, payloads, signal_external,
    signal_external_with,
};

const INITIATED: EventId = EventId(5);

fn key(kind: OutgoingKind) -> OutgoingKey {
    OutgoingKey {
        event: INITIATED,
        kind,
    }
}

fn after(command: Command) -> Case {
    let mut case = Case::start();
    case.work(vec![command]);
    case
}

fn input_of(case: &Case, kind: OutgoingKind) -> (WorkflowExecution, Input) {
    match case.run.outgoing(key(kind)).expect("it is not delivered") {
        Outgoing::Input { target, input } => (target, *input),
        other => panic!("not an input: {other:?}"),
    }
}

#[test]
fn a_signal_is_recorded_on_both_sides() {
    let mut sender = after(signal_external_with("other", |signal| {
        signal.input = Some(payloads("now"));
    }));
    assert_eq!(sender.messages, [key(OutgoingKind::Signal)]);
    let (target, signal) = input_of(&sender, OutgoingKind::Signal);
    assert_eq!(
        (target.workflow_id.as_str(), target.run_id.as_str()),
        ("other", "")
    );
    let mut other = Case::start();
    other.skip();
    assert!(matches!(other.ok(signal.clone()), Reply::Done));
    // A delivery may be repeated.
    assert!(matches!(other.ok(signal), Reply::AlreadyDone));
    other.expect(&["3 workflow_execution_signaled go"]);
    sender.ok(Input::Delivered(Delivered::Signaled {
        initiated: INITIATED,
    }));
    sender.skip();
    sender.work(vec![]);
    let lines: Vec<_> = sender.events().iter().map(crate::text::line).collect();
    assert_eq!(
        lines[4..7],
        [
            "5 signal_external_workflow_execution_initiated other go completed=4",
            "6 external_workflow_execution_signaled other initiated=5 in=home",
            "7 workflow_task_scheduled on=queue attempt=1 timeout=10s",
        ]
    );
    assert!(!sender.run.has_outgoing());
}

#[test]
fn a_cancel_request_is_recorded_on_both_sides() {
    let mut sender = after(cancel_external_with("other", |cancel| {
        cancel.reason = "enough".to_owned();
    }));
    let (_, cancel) = input_of(&sender, OutgoingKind::RequestCancel);
    let mut other = Case::start();
    other.skip();
    other.ok(cancel.clone());
    assert!(matches!(other.ok(cancel), Reply::AlreadyDone));
    other.expect(&["3 workflow_execution_cancel_requested enough"]);
    sender.skip();
    sender.ok(Input::Delivered(Delivered::CancelRequested {
        initiated: INITIATED,
    }));
    sender.expect(&[
        "6 external_workflow_execution_cancel_requested other initiated=5 in=home",
        "7 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn failures_are_recorded_once() {
    let mut sender = after(signal_external("other"));
    sender.skip();
    let failed = Input::Delivered(Delivered::SignalFailed {
        initiated: INITIATED,
        cause: SignalFailed::ExternalWorkflowExecutionNotFound,
    });
    sender.ok(failed.clone());
    assert!(matches!(sender.ok(failed), Reply::AlreadyDone));
    let late = Input::Delivered(Delivered::Signaled {
        initiated: INITIATED,
    });
    assert!(matches!(sender.ok(late), Reply::AlreadyDone));
    sender.expect(&[
        "6 signal_external_workflow_execution_failed other initiated=5 in=home external_workflow_execution_not_found",
        "7 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
    let mut sender = after(cancel_external("other"));
    sender.skip();
    let failed = Input::Delivered(Delivered::RequestCancelFailed {
        initiated: INITIATED,
        cause: CancelFailed::ExternalWorkflowExecutionNotFound,
    });
    sender.ok(failed.clone());
    assert!(matches!(sender.ok(failed), Reply::AlreadyDone));
    let late = Input::Delivered(Delivered::CancelRequested {
        initiated: INITIATED,
    });
    assert!(matches!(sender.ok(late), Reply::AlreadyDone));
    sender.expect(&[
        "6 request_cancel_external_workflow_execution_failed other initiated=5 in=home external_workflow_execution_not_found",
        "7 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn an_answer_waits_for_the_end_of_a_workflow_task() {
    let mut sender = after(signal_external("other"));
    sender.signal("go");
    let task = sender.poll();
    sender.skip();
    sender.ok(Input::Delivered(Delivered::Signaled {
        initiated: INITIATED,
    }));
    sender.expect(&[]);
    sender.complete(&task, vec![]);
    sender.expect(&[
        "9 workflow_task_completed scheduled=7 started=8",
        "10 external_workflow_execution_signaled other initiated=5 in=home",
        "11 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn a_closing_run_withdraws_what_it_has_not_delivered() {
    let mut sender = Case::start();
    sender.work(vec![
        signal_external("other"),
        cancel_external("other"),
        complete("done"),
    ]);
    assert!(!sender.run.has_outgoing());
    for key in sender.messages.clone() {
        assert!(sender.run.outgoing(key).is_none());
    }
    let mut sender = after(signal_external("other"));
    sender.ok(Input::Terminate(Terminate::default()));
    sender.skip();
    let late = Input::Delivered(Delivered::Signaled {
        initiated: INITIATED,
    });
    assert!(matches!(sender.ok(late), Reply::AlreadyDone));
    sender.expect(&[]);
}

#[test]
fn messages_are_found_again_after_a_restart() {
    let case = after(signal_external("other"));
    let effects = case.run.pending_tasks();
    assert!(matches!(
        effects[..],
        [durably_history::Effect::Deliver(found)] if found == key(OutgoingKind::Signal)
    ));
}

#[test]
fn bad_signals_and_cancel_requests_are_refused() {
    let long = "x".repeat(1001);
    let run = "01a228c5-b457-7b77-995d-126a784f5e0b";
    let execution = |workflow_id: &str, run_id: &str| {
        Some(WorkflowExecution {
            workflow_id: workflow_id.to_owned(),
            run_id: run_id.to_owned(),
        })
    };
    let of = "SignalExternalWorkflowExecutionCommand";
    let signals = [
        (
            signal_external_with("", |signal| signal.execution = None),
            format!("Execution is not set on {of}."),
        ),
        (
            signal_external(""),
            format!("WorkflowId is not set on {of}. Namespace= RunId= SignalName=go"),
        ),
        (
            signal_external(&long),
            format!(
                "WorkflowId on {of} exceeds length limit. WorkflowId={long} Length=1001 Limit=1000 Namespace= RunId= SignalName=go"
            ),
        ),
        (
            signal_external_with("", |signal| signal.execution = execution("other", "nope")),
            format!(
                "Invalid RunId set on {of}. WorkflowId=other Namespace= RunId=nope SignalName=go"
            ),
        ),
        (
            signal_external_with("", |signal| {
                signal.execution = execution("other", run);
                signal.signal_name = String::new();
            }),
            format!("SignalName is not set on {of}. WorkflowId=other Namespace= RunId={run}"),
        ),
        (
            signal_external_with("other", |signal| {
                #[expect(deprecated, reason = "workers still send it")]
                {
                    signal.namespace = "away".to_owned();
                }
            }),
            "cross namespace commands are not allowed".to_owned(),
        ),
    ];
    for (command, message) in signals {
        let message = format!("BadSignalWorkflowExecutionAttributes: {message}");
        refused(
            vec![command],
            Cause::BadSignalWorkflowExecutionAttributes,
            &message,
        );
    }
    let of = "RequestCancelExternalWorkflowExecutionCommand";
    let cancels = [
        (
            cancel_external(""),
            format!("WorkflowId is not set on {of}. Namespace= RunId="),
        ),
        (
            cancel_external(&long),
            format!(
                "WorkflowId on {of} exceeds length limit. WorkflowId={long} Length=1001 Limit=1000 RunId= Namespace="
            ),
        ),
        (
            cancel_external_with("other", |cancel| cancel.run_id = "nope".to_owned()),
            format!("Invalid RunId set on {of}. WorkflowId=other RunId=nope Namespace="),
        ),
        (
            cancel_external_with("other", |cancel| {
                #[expect(deprecated, reason = "workers still send it")]
                {
                    cancel.namespace = "away".to_owned();
                }
            }),
            "cross namespace commands are not allowed".to_owned(),
        ),
    ];
    for (command, message) in cancels {
        let cause = Cause::BadRequestCancelExternalWorkflowExecutionAttributes;
        let message = format!("BadRequestCancelExternalWorkflowExecutionAttributes: {message}");
        refused(vec![command], cause, &message);
    }
}

#[test]
fn the_numbers_of_pending_signals_and_cancel_requests_are_limited() {
    type Make = fn(&str) -> Command;
    let cases: [(Make, Cause, &str); 2] = [
        (
            signal_external,
            Cause::PendingSignalsLimitExceeded,
            "PendingSignalsLimitExceeded: the number of pending signals to external workflows, 2000, has reached the per-workflow limit of 2000",
        ),
        (
            cancel_external,
            Cause::PendingRequestCancelLimitExceeded,
            "PendingRequestCancelLimitExceeded: the number of pending requests to cancel external workflows, 2000, has reached the per-workflow limit of 2000",
        ),
    ];
    for (command, cause, message) in cases {
        let mut case = Case::start();
        let task = case.poll();
        let commands = (0..2001).map(|number| command(&number.to_string()));
        match case.ok(completion(task.token, commands.collect(), vec![], |_| {})) {
            Reply::WorkflowTaskRefused {
                cause: found,
                message: text,
            } => assert_eq!((found, text.as_str()), (cause, message)),
            other => panic!("a refusal, not {other:?}"),
        }
    }
}
