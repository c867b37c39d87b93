//! Commands that cannot be done fail the task, and nothing else of the task is done.

use durably_history::{BadSearchAttributes, Input, Rejection, Reply, SearchAttributeProblem};
use durably_proto::api::command::v1::command::Attributes;
use durably_proto::api::command::v1::{Command, ScheduleNexusOperationCommandAttributes};
use durably_proto::api::enums::v1::{
    CommandType, WorkflowExecutionStatus, WorkflowTaskFailedCause as Cause,
};

use crate::case::{Case, completion};
use crate::command::{
    cancel_activity, cancel_timer, complete, continue_as_new, protocol, schedule_activity,
    schedule_activity_with, start_timer,
};

#[track_caller]
pub fn refused(commands: Vec<Command>, cause: Cause, message: &str) {
    let mut case = Case::start();
    let task = case.poll();
    case.skip();
    let mut all = vec![start_timer("good", 5)];
    all.extend(commands);
    match case.ok(completion(task.token, all, vec![], |_| {})) {
        Reply::WorkflowTaskRefused {
            cause: found,
            message: text,
        } => {
            assert_eq!((found, text.as_str()), (cause, message));
        }
        other => panic!("a refusal, not {other:?}"),
    }
    let name = cause
        .as_str_name()
        .trim_start_matches("WORKFLOW_TASK_FAILED_CAUSE_")
        .to_lowercase();
    case.expect(&[&format!(
        "4 workflow_task_failed scheduled=2 started=3 {name}"
    )]);
    assert!(case.run.has_workflow_task(), "the task is tried again");
    assert_eq!(case.deadline(), None, "no timer was started");
}

#[test]
fn a_timer_id_in_use() {
    refused(
        vec![start_timer("good", 1)],
        Cause::StartTimerDuplicateId,
        "StartTimerDuplicateId: invalid history builder state for action: add-timer-started-event, TimerID: good",
    );
}

#[test]
fn a_timer_that_is_not_there() {
    refused(
        vec![cancel_timer("bad")],
        Cause::BadCancelTimerAttributes,
        "BadCancelTimerAttributes: invalid history builder state for action: add-timer-canceled-event, TimerID: bad",
    );
}

#[test]
fn an_activity_without_a_timeout() {
    refused(
        vec![schedule_activity_with("1", |a| {
            a.start_to_close_timeout = None
        })],
        Cause::BadScheduleActivityAttributes,
        "BadScheduleActivityAttributes: A valid StartToClose or ScheduleToCloseTimeout is not set on command. ActivityID=1",
    );
}

#[test]
fn an_activity_id_in_use() {
    refused(
        vec![schedule_activity("1"), schedule_activity("1")],
        Cause::ScheduleActivityDuplicateId,
        "ScheduleActivityDuplicateId: invalid history builder state for action: add-activitytask-scheduled-event, ActivityID: 1",
    );
}

#[test]
fn an_activity_that_is_not_there() {
    refused(
        vec![cancel_activity(99)],
        Cause::BadRequestCancelActivityAttributes,
        "BadRequestCancelActivityAttributes: invalid history builder state for action: add-activitytask-cancel-requested-event, ScheduledEventID: 99",
    );
}

#[test]
fn a_message_that_is_not_there() {
    refused(
        vec![protocol("nowhere")],
        Cause::BadUpdateWorkflowExecutionMessage,
        "BadUpdateWorkflowExecutionMessage: ProtocolMessageCommand referenced absent message ID nowhere",
    );
}

#[test]
fn attributes_of_another_type() {
    let closing_by_its_attributes = Command {
        command_type: CommandType::CancelTimer.into(),
        ..complete("result")
    };
    refused(
        vec![closing_by_its_attributes, start_timer("after", 1)],
        Cause::BadCancelTimerAttributes,
        "BadCancelTimerAttributes: CancelTimerCommandAttributes is not set on CancelTimerCommand.",
    );
}

#[test]
fn a_command_this_server_does_not_know() {
    let operation = Command {
        command_type: CommandType::ScheduleNexusOperation.into(),
        attributes: Some(Attributes::ScheduleNexusOperationCommandAttributes(
            ScheduleNexusOperationCommandAttributes::default(),
        )),
        ..Default::default()
    };
    refused(
        vec![operation],
        Cause::BadScheduleNexusOperationAttributes,
        "BadScheduleNexusOperationAttributes: this server does not support COMMAND_TYPE_SCHEDULE_NEXUS_OPERATION yet",
    );
}

#[test]
fn a_repeated_task_with_bad_commands_is_left_to_time_out() {
    let mut case = Case::start();
    let task = case.poll();
    case.ok(completion(
        task.token,
        vec![cancel_timer("bad")],
        vec![],
        |_| {},
    ));
    let task = case.poll();
    let refused = case.apply(completion(
        task.token,
        vec![cancel_timer("bad")],
        vec![],
        |_| {},
    ));
    assert!(matches!(refused.unwrap_err(), Rejection::Invalid(_)));
    assert!(case.run.has_started_workflow_task());
}

#[test]
fn nothing_may_follow_the_command_that_closes_the_run() {
    let mut case = Case::start();
    let task = case.poll();
    let refused = case.apply(completion(
        task.token,
        vec![complete("done"), start_timer("1", 1)],
        vec![],
        |_| {},
    ));
    assert!(matches!(refused.unwrap_err(), Rejection::Invalid(_)));
}

#[test]
fn what_is_too_large_ends_the_run() {
    let mut case = Case::start();
    let task = case.poll();
    case.skip();
    let large = "x".repeat(3 * 1024 * 1024);
    case.ok(completion(
        task.token,
        vec![complete(&large)],
        vec![],
        |_| {},
    ));
    case.expect(&[
        "4 workflow_task_failed scheduled=2 started=3 bad_schedule_activity_attributes",
        "5 workflow_execution_terminated BadScheduleActivityAttributes: CompleteWorkflowExecutionCommandAttributes.Result exceeds size limit.",
    ]);
    assert_eq!(case.run.status(), WorkflowExecutionStatus::Terminated);
}

#[test]
fn search_attributes_that_the_namespace_does_not_accept_for_the_next_run() {
    use SearchAttributeProblem as Problem;
    let refused = |case: &mut Case, problem| {
        let task = case.poll();
        let commands = vec![continue_as_new(|_| {})];
        let Input::CompleteWorkflowTask(mut completion) =
            completion(task.token, commands, vec![], |_| {})
        else {
            panic!("a completion");
        };
        completion.refused = Some(BadSearchAttributes {
            place: 0,
            message: "not that one".to_owned(),
            problem,
        });
        Input::CompleteWorkflowTask(completion)
    };
    for (problem, cause, message) in [
        (
            Problem::Unknown,
            Cause::BadSearchAttributes,
            "BadSearchAttributes: not that one",
        ),
        (
            Problem::Wrong,
            Cause::BadSearchAttributes,
            "BadSearchAttributes: invalid SearchAttributes on ContinueAsNewWorkflowExecutionCommand: not that one. WorkflowType=Greeting TaskQueue=name:\"queue\"  kind:TASK_QUEUE_KIND_NORMAL",
        ),
        (
            Problem::TooLarge,
            Cause::BadContinueAsNewAttributes,
            "BadContinueAsNewAttributes: not that one",
        ),
    ] {
        let mut case = Case::start();
        let input = refused(&mut case, problem);
        match case.ok(input) {
            Reply::WorkflowTaskRefused {
                cause: found,
                message: text,
            } => {
                assert_eq!((found, text.as_str()), (cause, message));
            }
            other => panic!("a refusal, not {other:?}"),
        }
        assert_eq!(case.run.is_running(), problem != Problem::TooLarge);
        assert!(case.next.is_none());
    }
    // What the worker has not seen comes first.
    let mut case = Case::start();
    let input = refused(&mut case, Problem::Wrong);
    case.signal("meanwhile");
    match case.ok(input) {
        Reply::WorkflowTaskRefused { cause, .. } => assert_eq!(cause, Cause::UnhandledCommand),
        other => panic!("a refusal, not {other:?}"),
    }
}
