//! Children and other workflows: commands with all that they say, and events that say it back.

use std::time::Duration;

use durably_engine::{
    Answer, CancelExternal, ChildAnswer, ChildId, ChildInitiated, ChildStartFault, Command,
    CommandEvent, EventId, EventKind, ExternalFault, ExternalSignalInitiated, Header,
    IdReusePolicy, ParentClose, Payload, RetryPolicy, RetryState, SignalExternal, StartChild,
    Target, TaskCompletion,
};
use durably_proto::api::{
    command::{v1 as command, v1::command::Attributes as Sent},
    common::v1 as common,
    enums::v1 as enums,
    failure::v1 as failure,
    history::{v1 as history, v1::history_event::Attributes},
};

use super::{command as commands, event, payload};

fn sent(command: Command) -> command::Command {
    let completion = TaskCompletion {
        commands: vec![command],
        ..TaskCompletion::default()
    };
    commands::task_completed(completion).commands.remove(0)
}

fn json(text: &str) -> Payload {
    Payload::json(format!("{text:?}").into_bytes())
}

fn notes() -> Header {
    Header::from([("note".to_owned(), json("fragile"))])
}

fn execution() -> Option<common::WorkflowExecution> {
    Some(common::WorkflowExecution {
        workflow_id: "ship-7".to_owned(),
        run_id: "run-1".to_owned(),
    })
}

/// Reads an event with number 9.
fn read(attributes: Attributes) -> EventKind {
    let event = event::from_proto(history::HistoryEvent {
        event_id: 9,
        attributes: Some(attributes),
        ..Default::default()
    });
    event.expect("nothing is missing").kind
}

fn of_child(answer: ChildAnswer) -> EventKind {
    EventKind::Answer {
        opened: EventId(5),
        answer: Answer::Child(Box::new(answer)),
    }
}

fn answer(answer: Answer) -> EventKind {
    let opened = EventId(5);
    EventKind::Answer { opened, answer }
}

#[test]
#[expect(deprecated, reason = "other SDKs name the namespace")]
fn the_command_of_a_child_says_all_that_is_asked() {
    let second = Duration::from_secs(1);
    let command = sent(Command::StartChild(Box::new(StartChild {
        id: ChildId::Chosen("ship-7".to_owned()),
        workflow_type: "Shipment".to_owned(),
        namespace: "orders".to_owned(),
        input: vec![json("order")],
        task_queue: Some("ships".to_owned()),
        execution_timeout: Some(second * 3),
        run_timeout: Some(second * 2),
        task_timeout: Some(second),
        retry: Some(RetryPolicy {
            maximum_attempts: 3,
            ..RetryPolicy::default()
        }),
        cron: "@daily".to_owned(),
        id_reuse: IdReusePolicy::RejectDuplicate,
        parent_close: ParentClose::RequestCancel,
        memo: notes(),
        search_attributes: notes(),
        summary: Some(json("one ship")),
        details: Some(json("of many")),
        ..StartChild::default()
    })));
    let metadata = command.user_metadata.unwrap_or_default();
    assert_eq!(metadata.summary, Some(payload::to_proto(json("one ship"))));
    assert_eq!(metadata.details, Some(payload::to_proto(json("of many"))));
    let Some(Sent::StartChildWorkflowExecutionCommandAttributes(start)) = command.attributes else {
        panic!("the command starts a child");
    };
    assert_eq!(
        [&start.namespace, &start.workflow_id, &start.cron_schedule],
        ["orders", "ship-7", "@daily"]
    );
    assert_eq!(start.workflow_type, Some("Shipment".into()));
    assert_eq!(start.task_queue.map(|it| it.name).as_deref(), Some("ships"));
    assert_eq!(start.input, payload::list_to_proto(vec![json("order")]));
    let timeouts = [
        start.workflow_execution_timeout,
        start.workflow_run_timeout,
        start.workflow_task_timeout,
    ];
    assert_eq!(
        timeouts.map(|it| it.map(|it| it.seconds)),
        [3, 2, 1].map(Some)
    );
    assert_eq!(start.retry_policy.map(|it| it.maximum_attempts), Some(3));
    assert_eq!(
        start.parent_close_policy,
        i32::from(enums::ParentClosePolicy::RequestCancel)
    );
    assert_eq!(
        start.workflow_id_reuse_policy,
        i32::from(enums::WorkflowIdReusePolicy::RejectDuplicate)
    );
    assert_eq!(start.memo, payload::memo_to_proto(notes()));
    assert_eq!(
        start.search_attributes,
        payload::search_attributes_to_proto(notes())
    );
}

#[test]
#[expect(deprecated, reason = "other SDKs name the namespace")]
fn commands_to_other_workflows_name_them() {
    let target = Target {
        namespace: "orders".to_owned(),
        workflow_id: "ship-7".to_owned(),
        run_id: "run-1".to_owned(),
        child: true,
    };
    let signal = sent(Command::SignalExternal(Box::new(SignalExternal {
        target: target.clone(),
        name: "hold".to_owned(),
        input: vec![json("customs")],
        ..SignalExternal::default()
    })));
    let Some(Sent::SignalExternalWorkflowExecutionCommandAttributes(signal)) = signal.attributes
    else {
        panic!("the command sends a signal");
    };
    assert_eq!(
        [&*signal.namespace, &*signal.signal_name],
        ["orders", "hold"]
    );
    assert_eq!(
        (signal.execution, signal.child_workflow_only),
        (execution(), true)
    );
    assert_eq!(signal.input, payload::list_to_proto(vec![json("customs")]));

    let cancel = sent(Command::CancelExternal(Box::new(CancelExternal {
        target,
        reason: "sold out".to_owned(),
        ..CancelExternal::default()
    })));
    let Some(Sent::RequestCancelExternalWorkflowExecutionCommandAttributes(cancel)) =
        cancel.attributes
    else {
        panic!("the command requests a cancellation");
    };
    assert_eq!(
        [
            &*cancel.namespace,
            &*cancel.workflow_id,
            &*cancel.run_id,
            &*cancel.reason
        ],
        ["orders", "ship-7", "run-1", "sold out"]
    );
    assert!(cancel.child_workflow_only);
}

#[test]
fn events_of_children_are_read() {
    use Attributes as A;
    let initiated = history::StartChildWorkflowExecutionInitiatedEventAttributes {
        workflow_id: "ship-7".to_owned(),
        workflow_type: Some("Shipment".into()),
        ..Default::default()
    };
    assert_eq!(
        read(A::StartChildWorkflowExecutionInitiatedEventAttributes(
            initiated
        )),
        EventKind::Command(CommandEvent::ChildInitiated(ChildInitiated {
            workflow_id: "ship-7".to_owned(),
            workflow_type: "Shipment".to_owned(),
        }))
    );
    let started = history::ChildWorkflowExecutionStartedEventAttributes {
        initiated_event_id: 5,
        workflow_execution: execution(),
        ..Default::default()
    };
    assert_eq!(
        read(A::ChildWorkflowExecutionStartedEventAttributes(started)),
        of_child(ChildAnswer::Started {
            started: EventId(9),
            run_id: "run-1".to_owned(),
        })
    );
    let completed = history::ChildWorkflowExecutionCompletedEventAttributes {
        initiated_event_id: 5,
        result: payload::list_to_proto(vec![json("there")]),
        ..Default::default()
    };
    assert_eq!(
        read(A::ChildWorkflowExecutionCompletedEventAttributes(completed)),
        of_child(ChildAnswer::Completed {
            result: vec![json("there")],
        })
    );
    let failed = history::ChildWorkflowExecutionFailedEventAttributes {
        initiated_event_id: 5,
        failure: Some(failure::Failure {
            message: "sunk".to_owned(),
            ..Default::default()
        }),
        retry_state: enums::RetryState::Timeout.into(),
        ..Default::default()
    };
    let EventKind::Answer { opened, answer } =
        read(A::ChildWorkflowExecutionFailedEventAttributes(failed))
    else {
        panic!("it is an answer");
    };
    let Answer::Child(answer) = answer else {
        panic!("it is a child's");
    };
    let ChildAnswer::Failed {
        failure,
        retry_state,
    } = *answer
    else {
        panic!("it failed");
    };
    assert_eq!((opened.0, &*failure.message), (5, "sunk"));
    assert_eq!(retry_state, RetryState::Timeout);
    let canceled = history::ChildWorkflowExecutionCanceledEventAttributes {
        initiated_event_id: 5,
        details: payload::list_to_proto(vec![json("storm")]),
        ..Default::default()
    };
    assert_eq!(
        read(A::ChildWorkflowExecutionCanceledEventAttributes(canceled)),
        of_child(ChildAnswer::Canceled {
            details: vec![json("storm")],
        })
    );
    let timed_out = history::ChildWorkflowExecutionTimedOutEventAttributes {
        initiated_event_id: 5,
        retry_state: enums::RetryState::RetryPolicyNotSet.into(),
        ..Default::default()
    };
    assert_eq!(
        read(A::ChildWorkflowExecutionTimedOutEventAttributes(timed_out)),
        of_child(ChildAnswer::TimedOut {
            retry_state: RetryState::RetryPolicyNotSet,
        })
    );
    let terminated = history::ChildWorkflowExecutionTerminatedEventAttributes {
        initiated_event_id: 5,
        ..Default::default()
    };
    assert_eq!(
        read(A::ChildWorkflowExecutionTerminatedEventAttributes(
            terminated
        )),
        of_child(ChildAnswer::Terminated)
    );
}

#[test]
fn causes_are_told_apart_and_unknown_ones_keep_their_number() {
    for (cause, fault) in [
        (1, ChildStartFault::AlreadyStarted),
        (2, ChildStartFault::NamespaceNotFound),
        (3, ChildStartFault::InvalidVersioningOverride),
        (77, ChildStartFault::Other(77)),
    ] {
        let failed = history::StartChildWorkflowExecutionFailedEventAttributes {
            initiated_event_id: 5,
            cause,
            ..Default::default()
        };
        assert_eq!(
            read(Attributes::StartChildWorkflowExecutionFailedEventAttributes(failed)),
            of_child(ChildAnswer::NotStarted(fault))
        );
    }
    for (cause, fault) in [
        (1, ExternalFault::NotFound),
        (2, ExternalFault::NamespaceNotFound),
        (3, ExternalFault::SignalLimit),
        (77, ExternalFault::Other(77)),
    ] {
        let failed = history::SignalExternalWorkflowExecutionFailedEventAttributes {
            initiated_event_id: 5,
            cause,
            ..Default::default()
        };
        assert_eq!(
            read(Attributes::SignalExternalWorkflowExecutionFailedEventAttributes(failed)),
            answer(Answer::ExternalSignal(Err(fault)))
        );
    }
    for (cause, fault) in [
        (1, ExternalFault::NotFound),
        (2, ExternalFault::NamespaceNotFound),
        (77, ExternalFault::Other(77)),
    ] {
        let failed = history::RequestCancelExternalWorkflowExecutionFailedEventAttributes {
            initiated_event_id: 5,
            cause,
            ..Default::default()
        };
        assert_eq!(
            read(Attributes::RequestCancelExternalWorkflowExecutionFailedEventAttributes(failed)),
            answer(Answer::ExternalCancel(Err(fault)))
        );
    }
}

#[test]
fn events_of_signals_and_requests_to_cancel_are_read() {
    use Attributes as A;
    let signal = history::SignalExternalWorkflowExecutionInitiatedEventAttributes {
        workflow_execution: execution(),
        signal_name: "hold".to_owned(),
        child_workflow_only: true,
        ..Default::default()
    };
    let initiated = ExternalSignalInitiated {
        workflow_id: "ship-7".to_owned(),
        name: "hold".to_owned(),
        child: true,
    };
    assert_eq!(
        read(A::SignalExternalWorkflowExecutionInitiatedEventAttributes(
            signal
        )),
        EventKind::Command(CommandEvent::ExternalSignalInitiated(Box::new(initiated)))
    );
    let cancel = history::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes {
        workflow_execution: execution(),
        ..Default::default()
    };
    assert_eq!(
        read(A::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(cancel)),
        EventKind::Command(CommandEvent::ExternalCancelInitiated {
            workflow_id: "ship-7".to_owned(),
            child: false,
        })
    );
    let signaled = history::ExternalWorkflowExecutionSignaledEventAttributes {
        initiated_event_id: 5,
        ..Default::default()
    };
    assert_eq!(
        read(A::ExternalWorkflowExecutionSignaledEventAttributes(
            signaled
        )),
        answer(Answer::ExternalSignal(Ok(())))
    );
    let requested = history::ExternalWorkflowExecutionCancelRequestedEventAttributes {
        initiated_event_id: 5,
        ..Default::default()
    };
    assert_eq!(
        read(A::ExternalWorkflowExecutionCancelRequestedEventAttributes(
            requested
        )),
        answer(Answer::ExternalCancel(Ok(())))
    );
}

#[test]
fn an_event_that_lacks_something_is_an_error_that_names_the_field() {
    let read = |attributes| {
        let event = history::HistoryEvent {
            event_id: 9,
            attributes: Some(attributes),
            ..Default::default()
        };
        event::from_proto(event)
            .map(|_| ())
            .map_err(|it| it.to_string())
    };
    let text =
        read(Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(Default::default()));
    let text = text.expect_err("the type is missing");
    assert!(
        text.contains("event 9") && text.contains("workflow_type"),
        "{text}"
    );
    let text = read(
        Attributes::SignalExternalWorkflowExecutionInitiatedEventAttributes(Default::default()),
    );
    let text = text.expect_err("the workflow is missing");
    assert!(text.contains("workflow_execution"), "{text}");
}
