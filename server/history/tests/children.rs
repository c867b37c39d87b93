//! Children: their starts, their ends, and what becomes of them when the parent closes.

use durably_history::{
    BeginFirstTask, ChildClosed, ChildEnd, Deadline, Delivered, EventId, Input, Outgoing,
    OutgoingKey, OutgoingKind, Rejection, Reply, Start, Terminate,
};
use durably_proto::api::command::v1::Command;
use durably_proto::api::common::v1::{Priority, WorkflowExecution};
use durably_proto::api::enums::v1::{
    ParentClosePolicy, RetryState, StartChildWorkflowExecutionFailedCause as StartFailed,
    WorkflowTaskFailedCause as Cause,
};
use durably_proto::api::history::v1::history_event::Attributes;

use crate::bad_commands::refused;
use crate::case::{Case, signal};
use crate::command::{
    accept, attempts, cancel_external, complete, continue_as_new, fail, failure, payloads, queue,
    reject, seconds, start_child, start_child_with, update,
};

/// A run whose child `kid` was initiated by event 5.
fn parent() -> Case {
    parent_of(start_child("kid"))
}

fn parent_of(child: Command) -> Case {
    let mut case = Case::start();
    case.work(vec![child]);
    case.expect(&[
        "1 workflow_execution_started attempt=1",
        "2 workflow_task_scheduled on=queue attempt=1 timeout=10s",
        "3 workflow_task_started scheduled=2",
        "4 workflow_task_completed scheduled=2 started=3",
        &format!(
            "5 start_child_workflow_execution_initiated kid {} completed=4",
            policy(&case)
        ),
    ]);
    case
}

fn policy(case: &Case) -> String {
    match case.last().attributes {
        Some(Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(a)) => a
            .parent_close_policy()
            .as_str_name()
            .trim_start_matches("PARENT_CLOSE_POLICY_")
            .to_lowercase(),
        other => panic!("not a child: {other:?}"),
    }
}

fn with_policy(policy: ParentClosePolicy) -> Command {
    start_child_with("kid", |child| child.parent_close_policy = policy.into())
}

fn started(run_id: &str) -> Input {
    Input::Delivered(Delivered::ChildStarted {
        initiated: EventId(5),
        run_id: run_id.into(),
    })
}

fn closed(first: &str, last: &str, end: ChildEnd) -> Input {
    Input::ChildClosed(Box::new(ChildClosed {
        initiated: EventId(5),
        child: WorkflowExecution {
            workflow_id: "kid".to_owned(),
            run_id: last.to_owned(),
        },
        first_run_id: first.into(),
        end,
    }))
}

fn key(event: i64, kind: OutgoingKind) -> OutgoingKey {
    OutgoingKey {
        event: EventId(event),
        kind,
    }
}

/// The child that the parent's message starts.
fn child_of(parent: &Case) -> Case {
    let message = parent.run.outgoing(key(5, OutgoingKind::StartChild));
    match message.expect("the start is not delivered") {
        Outgoing::StartChild(child) => {
            let start = Start::child(*child, "kid-1".into(), 3).expect("a good start");
            Case::run(start, parent.now)
        }
        other => panic!("not a start: {other:?}"),
    }
}

#[test]
fn a_child_keeps_the_run_id_that_its_start_was_recorded_with() {
    let parent = parent();
    let chosen = || match parent.run.outgoing(key(5, OutgoingKind::StartChild)) {
        Some(Outgoing::StartChild(child)) => child.run_id.expect("it is chosen"),
        other => panic!("not a start: {other:?}"),
    };
    let first = chosen();
    assert_eq!(chosen(), first);
    assert_eq!(first.as_str().as_bytes()[14], b'7', "{first}");
}

/// The input that a message applies to its target.
fn input_of(case: &Case, key: OutgoingKey) -> (WorkflowExecution, Input) {
    match case.run.outgoing(key).expect("it is not delivered") {
        Outgoing::Input { target, input } => (target, *input),
        other => panic!("not an input: {other:?}"),
    }
}

#[test]
fn a_child_starts_and_completes() {
    let mut parent = parent();
    assert_eq!(parent.messages, [key(5, OutgoingKind::StartChild)]);
    assert!(parent.run.has_pending_task());
    parent.ok(started("kid-1"));
    assert_eq!(parent.messages[1..], [key(5, OutgoingKind::BeginChild)]);
    parent.work(vec![]);
    parent.ok(closed(
        "kid-1",
        "kid-1",
        ChildEnd::Completed(Some(payloads("done"))),
    ));
    parent.expect(&[
        "6 child_workflow_execution_started kid/kid-1 initiated=5",
        "7 workflow_task_scheduled on=queue attempt=1 timeout=10s",
        "8 workflow_task_started scheduled=7",
        "9 workflow_task_completed scheduled=7 started=8",
        "10 child_workflow_execution_completed kid/kid-1 initiated=5 started=6 done",
        "11 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
    assert!(!parent.run.has_outgoing());
    assert!(parent.run.describe(parent.now).pending_children.is_empty());
}

#[test]
fn each_end_of_a_child_has_its_event() {
    let ends = [
        (
            ChildEnd::Failed(
                Some(Box::new(failure("no", "No"))),
                RetryState::MaximumAttemptsReached,
            ),
            "7 child_workflow_execution_failed kid/kid-2 initiated=5 started=6 maximum_attempts_reached \"no\"",
        ),
        (
            ChildEnd::Canceled(Some(payloads("why"))),
            "7 child_workflow_execution_canceled kid/kid-2 initiated=5 started=6 why",
        ),
        (
            ChildEnd::Terminated,
            "7 child_workflow_execution_terminated kid/kid-2 initiated=5 started=6",
        ),
        (
            ChildEnd::TimedOut(RetryState::Timeout),
            "7 child_workflow_execution_timed_out kid/kid-2 initiated=5 started=6 timeout",
        ),
    ];
    for (end, line) in ends {
        let mut parent = parent();
        parent.ok(started("kid-1"));
        // The first task has the start; the end comes while a worker has it.
        let task = parent.poll();
        parent.skip();
        parent.ok(closed("kid-1", "kid-2", end));
        parent.expect(&[]);
        parent.complete(&task, vec![]);
        let found = parent.events();
        let found: Vec<_> = found.iter().map(crate::text::line).collect();
        let line = line.replace("7 child", "10 child");
        assert_eq!(found[9], line);
    }
}

#[test]
fn a_start_and_an_end_that_a_workflow_task_holds_up_are_linked() {
    let mut parent = parent();
    parent.signal("go");
    let task = parent.poll();
    parent.skip();
    parent.ok(started("kid-1"));
    parent.ok(closed("kid-1", "kid-1", ChildEnd::Completed(None)));
    parent.signal("stop");
    parent.expect(&[]);
    parent.complete(&task, vec![]);
    parent.expect(&[
        "9 workflow_task_completed scheduled=7 started=8",
        "10 child_workflow_execution_started kid/kid-1 initiated=5",
        "11 workflow_execution_signaled stop",
        "12 child_workflow_execution_completed kid/kid-1 initiated=5 started=10 ",
        "13 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn an_end_links_to_a_start_that_was_recorded_late() {
    let mut parent = parent();
    parent.signal("go");
    let task = parent.poll();
    parent.ok(started("kid-1"));
    parent.complete(&task, vec![]);
    let task = parent.poll();
    parent.ok(closed("kid-1", "kid-1", ChildEnd::Completed(None)));
    parent.complete(&task, vec![]);
    parent.skip();
    let completed = parent
        .events()
        .into_iter()
        .find_map(|event| match event.attributes {
            Some(Attributes::ChildWorkflowExecutionCompletedEventAttributes(a)) => Some(a),
            _ => None,
        });
    assert_eq!(completed.expect("it has completed").started_event_id, 10);
}

#[test]
fn a_child_that_cannot_be_started_is_recorded_once() {
    let mut parent = parent();
    let failed = Input::Delivered(Delivered::StartChildFailed {
        initiated: EventId(5),
        cause: StartFailed::WorkflowAlreadyExists,
    });
    parent.ok(failed.clone());
    parent.expect(&[
        "6 start_child_workflow_execution_failed kid initiated=5 workflow_already_exists",
        "7 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
    for late in [
        failed,
        started("kid-1"),
        closed("kid-1", "kid-1", ChildEnd::Terminated),
    ] {
        assert!(matches!(parent.ok(late), Reply::AlreadyDone));
        assert_eq!(parent.changes.parts, []);
    }
    parent.expect(&[]);
}

#[test]
fn repeated_answers_and_reports_change_nothing() {
    let mut parent = parent();
    parent.ok(started("kid-1"));
    for repeated in [
        started("kid-1"),
        started("kid-2"),
        closed("another", "another", ChildEnd::Terminated),
    ] {
        assert!(matches!(parent.ok(repeated), Reply::AlreadyDone));
    }
    let done = || Input::Delivered(Delivered::Done(key(5, OutgoingKind::BeginChild)));
    assert!(matches!(parent.ok(done()), Reply::Done));
    assert!(matches!(parent.ok(done()), Reply::AlreadyDone));
    let end = || closed("kid-1", "kid-1", ChildEnd::Terminated);
    assert!(matches!(parent.ok(end()), Reply::Done));
    assert!(matches!(parent.ok(end()), Reply::AlreadyDone));
    // A message with an answer is not done without it.
    let unanswered = Input::Delivered(Delivered::Done(key(5, OutgoingKind::StartChild)));
    assert!(matches!(parent.ok(unanswered), Reply::AlreadyDone));
}

#[test]
fn a_report_that_overtakes_the_answer_to_the_start_records_both() {
    let mut parent = parent();
    parent.ok(closed("kid-1", "kid-3", ChildEnd::Completed(None)));
    parent.expect(&[
        "6 child_workflow_execution_started kid/kid-1 initiated=5",
        "7 child_workflow_execution_completed kid/kid-3 initiated=5 started=6 ",
        "8 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
    assert!(!parent.run.has_outgoing());
    assert!(matches!(parent.ok(started("kid-1")), Reply::AlreadyDone));
}

#[test]
fn a_child_is_the_start_that_its_event_says() {
    let mut case = Case::start_with(|request| {
        request.priority = Some(Priority {
            priority_key: 2,
            ..Priority::default()
        });
    });
    case.work(vec![start_child_with("kid", |child| {
        child.input = Some(payloads("in"));
        child.task_queue = Some(queue("other"));
        child.workflow_execution_timeout = Some(seconds(100));
        child.workflow_run_timeout = Some(seconds(200));
        child.workflow_task_timeout = Some(seconds(5));
        child.retry_policy = Some(attempts(3));
    })]);
    let child = child_of(&case);
    let Some(Attributes::WorkflowExecutionStartedEventAttributes(first)) = child.last().attributes
    else {
        panic!("a child waits for its first task: {:?}", child.last());
    };
    let parent = WorkflowExecution {
        workflow_id: "greeting".to_owned(),
        run_id: "run-1".to_owned(),
    };
    assert_eq!(first.parent_workflow_execution.as_ref(), Some(&parent));
    assert_eq!(first.root_workflow_execution, Some(parent));
    assert_eq!(first.parent_workflow_namespace, "home");
    assert_eq!(first.parent_workflow_namespace_id, "home-id");
    assert_eq!(first.parent_initiated_event_id, 5);
    assert_eq!(first.first_execution_run_id, "kid-1");
    assert_eq!(first.workflow_run_timeout, Some(seconds(100)));
    assert_eq!(
        first.task_queue.map(|queue| queue.name),
        Some("other".to_owned())
    );
    assert_eq!(
        first.priority.map(|priority| priority.priority_key),
        Some(2)
    );
    assert_eq!(first.input, Some(payloads("in")));
    assert_eq!(child.run.start_request_id().as_str(), "run-1:5:0");
    assert_eq!(
        child.run.parent().map(|(_, initiated)| initiated),
        Some(EventId(5))
    );
}

#[test]
fn a_grandchild_has_the_root_of_its_tree() {
    let parent = parent();
    let mut child = child_of(&parent);
    child.signal("begin");
    child.work(vec![start_child("grandchild")]);
    let message = child.messages.last().expect("a start");
    match child.run.outgoing(*message) {
        Some(Outgoing::StartChild(start)) => {
            assert_eq!(start.root.workflow_id, "greeting");
            assert_eq!(start.parent.execution.workflow_id, "kid");
        }
        other => panic!("not a start: {other:?}"),
    }
}

#[test]
fn a_child_waits_until_its_parent_has_recorded_the_start() {
    let mut parent = parent();
    let mut child = child_of(&parent);
    assert!(!child.run.has_workflow_task());
    assert_eq!(child.deadline(), None);
    parent.ok(started("kid-1"));
    let (target, begin) = input_of(&parent, key(5, OutgoingKind::BeginChild));
    assert_eq!(
        (target.workflow_id.as_str(), target.run_id.as_str()),
        ("kid", "kid-1")
    );
    child.ok(begin.clone());
    child.expect(&[
        "1 workflow_execution_started attempt=1",
        "2 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
    assert!(matches!(child.ok(begin), Reply::AlreadyDone));
    let other = Input::BeginFirstTask(BeginFirstTask {
        parent: WorkflowExecution::default(),
        initiated: EventId(5),
    });
    assert_eq!(child.apply(other).err(), Some(Rejection::OtherParent));
}

#[test]
fn a_signal_begins_a_child_that_waits() {
    let mut parent = parent();
    let mut child = child_of(&parent);
    child.signal("go");
    child.expect(&[
        "1 workflow_execution_started attempt=1",
        "2 workflow_execution_signaled go",
        "3 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
    parent.ok(started("kid-1"));
    let (_, begin) = input_of(&parent, key(5, OutgoingKind::BeginChild));
    assert!(matches!(child.ok(begin), Reply::AlreadyDone));
    child.expect(&[]);
}

#[test]
fn an_update_that_a_waiting_child_rejects_leaves_its_first_task_to_the_parent() {
    let mut parent = parent();
    let [mut first, mut second, mut third] = std::array::from_fn(|_| child_of(&parent));
    parent.ok(started("kid-1"));
    let (_, begin) = input_of(&parent, key(5, OutgoingKind::BeginChild));

    first.ok(Input::Update(update("u1")));
    let task = first.poll();
    first.answer(&task, vec![], vec![reject("u1")]);
    assert!(!first.run.has_workflow_task());
    first.ok(begin.clone());
    assert!(first.run.has_workflow_task());

    second.ok(Input::Update(update("u1")));
    let task = second.poll();
    second.ok(begin.clone());
    second.answer(&task, vec![], vec![reject("u1")]);
    second.expect(&[
        "1 workflow_execution_started attempt=1",
        "2 workflow_task_scheduled on=queue attempt=1 timeout=10s",
        "3 workflow_task_started scheduled=2",
        "4 workflow_task_completed scheduled=2 started=3",
    ]);

    third.ok(Input::Update(update("u1")));
    let task = third.poll();
    third.answer(&task, vec![], vec![accept("u1")]);
    third.ok(begin);
    assert!(!third.run.has_workflow_task());
}

#[test]
fn a_cron_child_waits_for_its_parent_and_its_schedule() {
    let mut parent = parent_of(start_child_with("kid", |child| {
        child.cron_schedule = "@every 1h".to_owned();
    }));
    let mut child = child_of(&parent);
    assert_eq!(child.deadline(), None);
    parent.ok(started("kid-1"));
    let (_, begin) = input_of(&parent, key(5, OutgoingKind::BeginChild));
    child.ok(begin);
    assert!(!child.run.has_workflow_task());
    assert_eq!(child.ring(), Deadline::FirstWorkflowTask);
    assert!(child.run.has_workflow_task());
}

#[test]
fn only_the_last_run_of_a_chain_reports_to_the_parent() {
    let parent = parent();
    let mut first = child_of(&parent);
    first.signal("begin");
    first.work(vec![continue_as_new(|_| {})]);
    assert_eq!(first.messages, []);
    let mut second = first.next_run();
    second.ring_until(&Deadline::FirstWorkflowTask);
    second.work(vec![complete("done")]);
    let reported = *second.messages.last().expect("a report");
    assert_eq!(reported.kind, OutgoingKind::ReportClose);
    let (target, report) = input_of(&second, reported);
    assert_eq!(
        (target.workflow_id.as_str(), target.run_id.as_str()),
        ("greeting", "run-1")
    );
    let Input::ChildClosed(report) = report else {
        panic!("not a report: {report:?}");
    };
    assert_eq!(report.first_run_id, "kid-1".into());
    assert_eq!(report.child.run_id, second.run.run_id().to_string());
    assert!(matches!(report.end, ChildEnd::Completed(Some(_))));
    assert!(second.run.has_outgoing());
    second.ok(Input::Delivered(Delivered::Done(reported)));
    assert!(!second.run.has_outgoing());
}

#[test]
fn every_way_to_close_reports_to_the_parent() {
    type Close = fn(&mut Case);
    type IsExpected = fn(&ChildEnd) -> bool;
    let ends: [(Close, IsExpected); 3] = [
        (
            |child| child.work(vec![fail(failure("no", "No"))]),
            |end| {
                matches!(
                    end,
                    ChildEnd::Failed(Some(_), RetryState::RetryPolicyNotSet)
                )
            },
        ),
        (
            |child| child.work(vec![crate::command::cancel_workflow()]),
            |end| matches!(end, ChildEnd::Canceled(None)),
        ),
        (
            |child| {
                child.ok(Input::Terminate(Terminate::default()));
            },
            |end| matches!(end, ChildEnd::Terminated),
        ),
    ];
    for (close, is_expected) in ends {
        let mut child = child_of(&parent());
        child.signal("begin");
        close(&mut child);
        let (_, report) = input_of(&child, *child.messages.last().expect("a report"));
        match report {
            Input::ChildClosed(report) => assert!(is_expected(&report.end), "{report:?}"),
            other => panic!("not a report: {other:?}"),
        }
    }
}

#[test]
fn a_child_that_times_out_reports_to_the_parent() {
    let parent = parent_of(start_child_with("kid", |child| {
        child.workflow_run_timeout = Some(seconds(7));
    }));
    let mut child = child_of(&parent);
    assert_eq!(child.ring(), Deadline::Run);
    let (_, report) = input_of(&child, *child.messages.last().expect("a report"));
    match report {
        Input::ChildClosed(report) => {
            assert!(matches!(
                report.end,
                ChildEnd::TimedOut(RetryState::RetryPolicyNotSet)
            ));
        }
        other => panic!("not a report: {other:?}"),
    }
}

#[test]
fn a_closing_parent_ends_its_children_as_their_policies_say() {
    let cases = [
        (ParentClosePolicy::Unspecified, Some("terminate")),
        (ParentClosePolicy::Terminate, Some("terminate")),
        (ParentClosePolicy::RequestCancel, Some("cancel")),
        (ParentClosePolicy::Abandon, None),
    ];
    for (policy, expected) in cases {
        let mut parent = parent_of(with_policy(policy));
        let mut child = child_of(&parent);
        parent.ok(started("kid-1"));
        parent.work(vec![complete("done")]);
        let sent = parent.messages.last().copied();
        let Some(expected) = expected else {
            assert_eq!(sent, Some(key(5, OutgoingKind::BeginChild)));
            continue;
        };
        let policy = key(5, OutgoingKind::ClosePolicy);
        assert_eq!(sent, Some(policy));
        let (target, input) = input_of(&parent, policy);
        // The child may have continued in another run of the chain.
        assert_eq!(
            (target.workflow_id.as_str(), target.run_id.as_str()),
            ("kid", "")
        );
        child.ok(input);
        let last = child.events();
        let last = last.iter().rev().map(crate::text::line);
        let last: Vec<_> = last.collect();
        match expected {
            "terminate" => assert_eq!(
                last[0],
                "2 workflow_execution_terminated by parent close policy"
            ),
            _ => assert_eq!(last[1], "2 workflow_execution_cancel_requested"),
        }
        // Descriptions of the closed parent show the child.
        assert_eq!(parent.run.describe(parent.now).pending_children.len(), 1);
        parent.ok(Input::Delivered(Delivered::Done(policy)));
    }
}

#[test]
fn a_parent_that_continues_as_new_or_is_terminated_closes_for_its_children_too() {
    let closes: [fn(&mut Case); 2] = [
        |parent| parent.work(vec![continue_as_new(|_| {})]),
        |parent| {
            parent.ok(Input::Terminate(Terminate::default()));
        },
    ];
    for close in closes {
        let mut parent = parent();
        parent.ok(started("kid-1"));
        close(&mut parent);
        let policy = key(5, OutgoingKind::ClosePolicy);
        assert_eq!(parent.messages.last(), Some(&policy));
    }
}

#[test]
fn a_child_whose_start_is_not_recorded_is_not_started_after_the_parents_close() {
    for policy in [ParentClosePolicy::Terminate, ParentClosePolicy::Abandon] {
        let mut parent = parent_of(with_policy(policy));
        let mut child = child_of(&parent);
        parent.ok(Input::Terminate(Terminate::default()));
        assert!(
            parent
                .run
                .outgoing(key(5, OutgoingKind::StartChild))
                .is_none()
        );
        // A start that was on its way: the child's execution knows that it is this child.
        assert!(matches!(parent.ok(started("kid-1")), Reply::AlreadyDone));
        let (target, input) = input_of(&parent, key(5, OutgoingKind::ClosePolicy));
        assert_eq!(target.run_id, "");
        child.ok(input);
        assert_eq!(child.run.is_running(), policy == ParentClosePolicy::Abandon);
        assert_eq!(child.run.has_workflow_task(), child.run.is_running());
    }
}

#[test]
fn a_policy_for_another_run_does_not_reach_a_child() {
    let mut parent = parent();
    let mut child = child_of(&parent);
    parent.ok(started("kid-0"));
    parent.ok(Input::Terminate(Terminate::default()));
    let (_, input) = input_of(&parent, key(5, OutgoingKind::ClosePolicy));
    assert!(matches!(
        child.apply(input),
        Err(Rejection::ChainMismatch(_))
    ));
    let mut stranger = Case::start();
    let mut unstarted = self::parent();
    unstarted.ok(Input::Terminate(Terminate::default()));
    let (_, input) = input_of(&unstarted, key(5, OutgoingKind::ClosePolicy));
    assert_eq!(stranger.apply(input).err(), Some(Rejection::OtherParent));
}

#[test]
fn a_started_child_is_described() {
    let mut parent = parent();
    let pending = |parent: &Case| {
        parent
            .run
            .describe(parent.now)
            .pending_children
            .pop()
            .expect("a child")
    };
    assert_eq!(pending(&parent).run_id, "");
    parent.ok(started("kid-1"));
    let child = pending(&parent);
    assert_eq!(
        (child.workflow_id.as_str(), child.run_id.as_str()),
        ("kid", "kid-1")
    );
    assert_eq!(
        (child.workflow_type_name.as_str(), child.initiated_id),
        ("Child", 5)
    );
    assert_eq!(child.parent_close_policy(), ParentClosePolicy::Terminate);
}

#[test]
fn a_signal_only_for_children_reaches_no_other() {
    let parent = parent();
    let mut child = child_of(&parent);
    let from = |external: &str| {
        Input::Signal(durably_history::Signal {
            external: Some(WorkflowExecution {
                workflow_id: external.to_owned(),
                run_id: "run-1".to_owned(),
            }),
            child_only: true,
            ..signal("go")
        })
    };
    assert_eq!(
        child.apply(from("another")).err(),
        Some(Rejection::OtherParent)
    );
    child.ok(from("greeting"));
    assert_eq!(
        Case::start().apply(from("greeting")).err(),
        Some(Rejection::OtherParent)
    );
}

#[test]
fn bad_children_are_refused() {
    let long = "x".repeat(1001);
    let ids = "WorkflowId=kid WorkflowType=Child Namespace=home";
    let of = "StartChildWorkflowExecutionCommand";
    let cases: Vec<(Command, String)> = vec![
        (
            start_child(""),
            format!(
                "Required field WorkflowId is not set on {of}. WorkflowType=Child Namespace=home"
            ),
        ),
        (
            start_child_with("kid", |child| child.workflow_type = None),
            format!(
                "Required field WorkflowType is not set on {of}. WorkflowId=kid Namespace=home"
            ),
        ),
        (
            start_child(&long),
            format!(
                "WorkflowId on {of} exceeds length limit. WorkflowId={long} Length=1001 Limit=1000 WorkflowType=Child Namespace=home"
            ),
        ),
        (
            start_child_with("kid", |child| {
                child.workflow_type = Some(crate::command::workflow_type(&long));
            }),
            format!(
                "WorkflowType on {of} exceeds length limit. WorkflowId=kid WorkflowType={long} Length=1001 Limit=1000 Namespace=home"
            ),
        ),
        (
            start_child_with("kid", |child| {
                child.workflow_run_timeout = Some(seconds(-1))
            }),
            format!("Invalid WorkflowRunTimeout on {of}: negative duration. {ids}"),
        ),
        (
            start_child_with("kid", |child| child.retry_policy = Some(attempts(-1))),
            format!(
                "invalid WorkflowRetryPolicy on {of}: MaximumAttempts cannot be negative on retry policy.. {ids}"
            ),
        ),
        (
            start_child_with("kid", |child| child.cron_schedule = "nope".to_owned()),
            format!("invalid CronSchedule on {of}: invalid CronSchedule.. {ids}"),
        ),
        (
            start_child_with("kid", |child| child.task_queue = Some(queue("/_sys/x"))),
            format!(
                "invalid TaskQueue on {of}: task queue name cannot start with reserved prefix /_sys/. {ids} TaskQueue=name:\"/_sys/x\"  kind:TASK_QUEUE_KIND_NORMAL"
            ),
        ),
        (
            start_child_with("kid", |child| {
                #[expect(deprecated, reason = "workers still send it")]
                {
                    child.namespace = "away".to_owned();
                }
            }),
            "cross namespace commands are not allowed".to_owned(),
        ),
    ];
    for (command, message) in cases {
        let message = format!("BadStartChildExecutionAttributes: {message}");
        refused(
            vec![command],
            Cause::BadStartChildExecutionAttributes,
            &message,
        );
    }
}

#[test]
fn a_child_is_not_cancelled_by_the_task_that_starts_it() {
    refused(
        vec![start_child("kid"), cancel_external("kid")],
        Cause::BadRequestCancelExternalWorkflowExecutionAttributes,
        "BadRequestCancelExternalWorkflowExecutionAttributes: Start and RequestCancel for child workflow is not allowed in same workflow task. WorkflowId=kid RunId= Namespace=",
    );
}

#[test]
fn the_number_of_pending_children_is_limited() {
    let mut case = Case::start();
    case.work(
        (0..2000)
            .map(|number| start_child(&number.to_string()))
            .collect(),
    );
    case.signal("go");
    let task = case.poll();
    let refused = case.ok(crate::case::completion(
        task.token,
        vec![start_child("one more")],
        vec![],
        |_| {},
    ));
    match refused {
        Reply::WorkflowTaskRefused { cause, message } => {
            assert_eq!(cause, Cause::PendingChildWorkflowsLimitExceeded);
            assert_eq!(
                message,
                "PendingChildWorkflowsLimitExceeded: the number of pending child workflow executions, 2000, has reached the per-workflow limit of 2000"
            );
        }
        other => panic!("a refusal, not {other:?}"),
    }
}
