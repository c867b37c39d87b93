//! Starting runs.

use durably_history::{Deadline, Reply, Run, RunId, Start, Time};
use durably_proto::api::common::v1::RetryPolicy;
use durably_proto::api::enums::v1::EventType;
use durably_proto::api::workflowservice::v1::{
    SignalWithStartWorkflowExecutionRequest, StartWorkflowExecutionRequest,
};

use crate::case::Case;
use crate::command::{self, seconds};
use crate::continue_as_new::started;

fn request() -> StartWorkflowExecutionRequest {
    StartWorkflowExecutionRequest {
        workflow_id: "greeting".to_owned(),
        workflow_type: Some(command::workflow_type("Greeting")),
        task_queue: Some(command::queue("queue")),
        ..Default::default()
    }
}

#[test]
fn a_signal_with_start_comes_before_the_first_task() {
    let request = SignalWithStartWorkflowExecutionRequest {
        workflow_id: "greeting".to_owned(),
        workflow_type: Some(command::workflow_type("Greeting")),
        task_queue: Some(command::queue("queue")),
        signal_name: "rename".to_owned(),
        ..Default::default()
    };
    let start =
        Start::from_signal_with_start(request, RunId::from("run-1"), 7).expect("a good request");
    Case::run(start, Time::default()).expect(&[
        "1 workflow_execution_started attempt=1",
        "2 workflow_execution_signaled rename",
        "3 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn the_request_of_a_signal_with_start_is_described_with_its_signal() {
    let request = SignalWithStartWorkflowExecutionRequest {
        workflow_id: "greeting".to_owned(),
        workflow_type: Some(command::workflow_type("Greeting")),
        task_queue: Some(command::queue("queue")),
        signal_name: "rename".to_owned(),
        request_id: "both".to_owned(),
        ..Default::default()
    };
    let start =
        Start::from_signal_with_start(request, RunId::from("run-1"), 7).expect("a good request");
    let case = Case::run(start, Time::default());
    let described = case.run.describe(case.now).workflow_extended_info;
    let infos = described.expect("an info").request_id_infos;
    let both = infos["both"];
    assert_eq!(both.event_type(), EventType::WorkflowExecutionStarted);
    assert_eq!(both.event_id, 2);
}

#[test]
fn a_delayed_start_waits_for_its_first_task() {
    let mut case = Case::start_with(|request| request.workflow_start_delay = Some(seconds(60)));
    case.expect(&["1 workflow_execution_started attempt=1 backoff=60s"]);
    assert!(case.run.is_delayed());
    case.signal("early");
    case.expect(&["2 workflow_execution_signaled early"]);
    assert_eq!(case.ring(), Deadline::FirstWorkflowTask);
    case.expect(&["3 workflow_task_scheduled on=queue attempt=1 timeout=10s"]);
}

#[test]
fn an_eager_start_hands_the_first_task_to_its_caller() {
    let start = Start {
        eager: true,
        ..Start::from_request(request(), RunId::from("run-1"), 7).expect("good")
    };
    let (run, transition) = Run::start(start, Time::default());
    let Reply::WorkflowTask(task) = transition.reply else {
        panic!("the first task, not {:?}", transition.reply);
    };
    assert_eq!(task.history, 0..3);
    assert!(run.has_started_workflow_task());
}

#[test]
fn the_start_event_says_what_was_asked_and_what_was_assumed() {
    let case = Case::start_with(|request| {
        request.workflow_run_timeout = Some(seconds(5));
        request.retry_policy = Some(RetryPolicy {
            maximum_attempts: 3,
            ..Default::default()
        });
    });
    let event = started(&case);
    assert_eq!(
        event.workflow_task_timeout,
        Some(seconds(5)),
        "no task outlasts its run"
    );
    assert_eq!(event.workflow_execution_timeout, None);
    assert_eq!(event.first_workflow_task_backoff, Some(seconds(0)));
    assert_eq!(event.first_execution_run_id, "run-1");
    assert_eq!(event.original_execution_run_id, "run-1");
    assert_eq!(event.workflow_id, "greeting");
    let policy = event.retry_policy.clone().expect("a policy");
    assert_eq!(policy.initial_interval, Some(seconds(1)));
    assert_eq!(policy.maximum_interval, Some(seconds(100)));
    assert_eq!(
        (policy.backoff_coefficient, policy.maximum_attempts),
        (2.0, 3)
    );
}

#[test]
fn a_request_that_lacks_something_says_what() {
    type Change = fn(&mut StartWorkflowExecutionRequest);
    let cases: [(Change, &str); 5] = [
        (
            |r| r.workflow_id.clear(),
            "WorkflowId is not set on request.",
        ),
        (
            |r| r.workflow_type = None,
            "WorkflowType is not set on request.",
        ),
        (|r| r.task_queue = None, "taskQueue is not set"),
        (
            |r| r.cron_schedule = "never".to_owned(),
            "invalid CronSchedule.",
        ),
        (
            |r| {
                r.retry_policy = Some(RetryPolicy {
                    backoff_coefficient: 0.5,
                    ..Default::default()
                })
            },
            "BackoffCoefficient cannot be less than 1 on retry policy.",
        ),
    ];
    for (change, message) in cases {
        let mut request = request();
        change(&mut request);
        let refused = Start::from_request(request, RunId::from("run-1"), 7).expect_err(message);
        assert_eq!(refused.0, message);
    }
}
