//! Runs that skip the time in which they have nothing to do but wait.

use std::time::Duration;

use durably_history::{
    BeginFirstTask, Deadline, EventId, FastForwardEnd, FastForwardStatus, Input, Invalid, Outgoing,
    OutgoingKind, Rejection, Reply, RunId, Start, TimerId, UpdateOptions,
};
use durably_proto::api::common::v1::{
    FastForwardConfig, TimeSkippingConfig, TimeSkippingStatePropagation, WorkflowExecution,
};
use durably_proto::api::history::v1::history_event::Attributes;
use durably_proto::api::workflow::v1::WorkflowExecutionOptions;
use durably_proto::api::workflowservice::v1::StartWorkflowExecutionRequest;
use durably_proto::wkt::{self, FieldMask};

use crate::case::Case;
use crate::command::{
    attempts, cancel_external, complete, continue_as_new, failure, queue, schedule_activity,
    schedule_activity_with, seconds, start_child, start_timer, workflow_type,
};
use crate::continue_as_new::started;

const DAY: i64 = 24 * 60 * 60;

fn enabled() -> TimeSkippingConfig {
    TimeSkippingConfig {
        enabled: true,
        max_session_skip_count: 200,
        ..TimeSkippingConfig::default()
    }
}

fn forward(id: &str, by: i64) -> TimeSkippingConfig {
    TimeSkippingConfig {
        fast_forward_config: Some(FastForwardConfig {
            id: id.to_owned(),
            duration: Some(seconds(by)),
        }),
        ..enabled()
    }
}

/// The configuration after its end.
fn ended(config: TimeSkippingConfig) -> TimeSkippingConfig {
    TimeSkippingConfig {
        enabled: false,
        ..config
    }
}

fn skipping(config: TimeSkippingConfig) -> Case {
    Case::start_with(|request| request.time_skipping_config = Some(config))
}

/// A run after its first task, whose events are not shown.
fn begun(config: TimeSkippingConfig) -> Case {
    let mut case = skipping(config);
    case.skip();
    case
}

fn update(
    case: &mut Case,
    config: Option<TimeSkippingConfig>,
) -> (Option<TimeSkippingConfig>, bool) {
    let options = WorkflowExecutionOptions {
        time_skipping_config: config,
        ..WorkflowExecutionOptions::default()
    };
    match case.ok(update_of("time_skipping_config", options)) {
        Reply::WorkflowOptions { options, changed } => (options.time_skipping_config, changed),
        other => panic!("the options, not {other:?}"),
    }
}

fn update_of(path: &str, options: WorkflowExecutionOptions) -> Input {
    Input::UpdateOptions(Box::new(UpdateOptions {
        options,
        mask: FieldMask {
            paths: vec![path.to_owned()],
        },
        identity: "operator".to_owned(),
    }))
}

/// How far the run is ahead of the server.
fn ahead(case: &Case) -> Duration {
    let described = case.run.describe(case.now).workflow_extended_info;
    let info = described.and_then(|it| it.time_skipping_info);
    let now = info.and_then(|it| it.current_time).expect("it skips time");
    durably_history::Time::from(now).since(case.now)
}

fn effective(case: &Case) -> Option<TimeSkippingConfig> {
    let described = case.run.describe(case.now).workflow_extended_info;
    described?.time_skipping_info?.effective_config
}

fn timer(id: &str) -> Deadline {
    Deadline::Timer(TimerId::from(id))
}

/// A run that is on its way to the end of a fast-forward, in a chain that has skipped time before.
pub fn forwarded() -> Case {
    let mut case = skipping(forward("f", DAY));
    case.work(vec![start_timer("t", 3600)]);
    case.ring();
    case.pass(Duration::from_secs(5));
    case.work(vec![continue_as_new(|_| {})]);
    let mut next = case.next_run();
    next.work(vec![start_timer("t", 600), schedule_activity("a")]);
    next
}

#[test]
fn a_month_passes_at_once() {
    let mut case = skipping(enabled());
    case.work(vec![start_timer("t", 30 * DAY)]);
    case.expect(&[
        "1 workflow_execution_started attempt=1",
        "2 workflow_task_scheduled on=queue attempt=1 timeout=10s",
        "3 workflow_task_started scheduled=2",
        "4 workflow_task_completed scheduled=2 started=3",
        "5 timer_started id=t after=2592000s",
        "6 workflow_execution_time_skipping_transitioned to=2592000",
    ]);
    assert!(case.last().worker_may_ignore);
    assert_eq!(case.run.next_deadline(), Some((case.now, timer("t"))));
    assert_eq!(ahead(&case), Duration::from_secs(30 * 24 * 60 * 60));
    case.ring();
    case.pass(Duration::from_secs(5));
    case.work(vec![complete("done")]);
    case.expect(&[
        "7 timer_fired id=t started=5",
        "8 workflow_task_scheduled on=queue attempt=1 timeout=10s",
        "9 workflow_task_started scheduled=8",
        "10 workflow_task_completed scheduled=8 started=9",
        "11 workflow_execution_completed completed=10 done",
    ]);
    // Its row has its own time; the server keeps it by its own clock.
    let closed = case.run.info().close_time.expect("it is closed");
    assert_eq!(closed.seconds, 1_000_000_000 + 30 * DAY + 5);
    assert_eq!(case.run.closed_at(), Some(case.now));
}

#[test]
fn the_first_of_several_is_skipped_to() {
    let mut case = begun(enabled());
    case.work(vec![
        start_timer("late", 200),
        start_timer("early", 100),
        start_timer("too", 100),
    ]);
    case.skip();
    assert_eq!(case.ring(), timer("early"));
    case.expect(&[
        "9 timer_fired id=early started=6",
        "10 timer_fired id=too started=7",
        "11 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
    case.work(Vec::new());
    case.skip();
    assert_eq!(case.ring(), timer("late"));
    assert_eq!(ahead(&case), Duration::from_secs(200));
}

#[test]
fn what_is_at_work_holds_time_still() {
    for command in [
        schedule_activity("a"),
        start_child("kid"),
        cancel_external("other"),
    ] {
        let mut case = begun(enabled());
        case.work(vec![start_timer("t", 100), command]);
        assert_eq!(ahead(&case), Duration::ZERO);
        assert_eq!(case.deadline(), Some(timer("t")));
    }
    let mut disabled = begun(ended(enabled()));
    disabled.work(vec![start_timer("t", 100)]);
    assert_eq!(ahead(&disabled), Duration::ZERO);
    let mut without = Case::start();
    without.work(vec![start_timer("t", 100)]);
    let described = without.run.describe(without.now).workflow_extended_info;
    assert_eq!(described.and_then(|it| it.time_skipping_info), None);
}

#[test]
fn a_run_that_waits_for_signals_only_waits() {
    let mut case = begun(enabled());
    case.work(Vec::new());
    assert_eq!(case.deadline(), None);
    assert_eq!(ahead(&case), Duration::ZERO);
}

#[test]
fn the_backoff_of_an_activity_is_skipped_but_not_its_pause() {
    let mut case = begun(enabled());
    case.work(vec![schedule_activity_with("a", |activity| {
        activity.retry_policy = Some(attempts(3));
    })]);
    case.skip();
    let activity = case.start_activity();
    case.fail_activity(&activity, failure("no", "No"));
    case.expect(&["6 workflow_execution_time_skipping_transitioned to=1"]);
    assert_eq!(case.ring(), Deadline::Activity(EventId(5)));
    let activity = case.start_activity();
    assert_eq!(activity.started_at.since(case.now), Duration::from_secs(1));
    case.ok(crate::command::pause_activity("a", "pause"));
    case.fail_activity(&activity, failure("no", "No"));
    case.expect(&[]);
}

#[test]
fn timeouts_are_skipped_to_once_the_workflow_has_begun() {
    let with_timeout = |request: &mut StartWorkflowExecutionRequest| {
        request.workflow_run_timeout = Some(seconds(60));
        request.time_skipping_config = Some(enabled());
    };
    let mut case = Case::start_with(with_timeout);
    assert_eq!(ahead(&case), Duration::ZERO);
    case.work(Vec::new());
    case.skip();
    assert_eq!(case.ring(), Deadline::Run);
    case.expect(&["6 workflow_execution_timed_out retry_policy_not_set"]);
}

#[test]
fn a_start_delay_is_skipped() {
    let mut case = Case::start_with(|request| {
        request.workflow_start_delay = Some(seconds(DAY));
        request.time_skipping_config = Some(enabled());
    });
    assert_eq!(case.run.delayed_until(), Some(case.now));
    assert_eq!(case.ring(), Deadline::FirstWorkflowTask);
    case.expect(&[
        "1 workflow_execution_started attempt=1 backoff=86400s",
        "2 workflow_execution_time_skipping_transitioned to=86400",
        "3 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
}

#[test]
fn a_fast_forward_ends_at_its_target() {
    let mut case = skipping(forward("f", 3600));
    let FastForwardStatus::Pending(info) = case.run.fast_forward_status("f") else {
        panic!("it goes on");
    };
    assert_eq!(info.target_time.map(|at| at.seconds), Some(1_000_003_600));
    assert_eq!(
        case.run.fast_forward_status("g"),
        FastForwardStatus::Unknown(Some(info))
    );
    case.work(vec![start_timer("a", 1800), start_timer("b", 7200)]);
    case.skip();
    case.ring();
    case.work(Vec::new());
    case.expect(&[
        "8 timer_fired id=a started=5",
        "9 workflow_task_scheduled on=queue attempt=1 timeout=10s",
        "10 workflow_task_started scheduled=9",
        "11 workflow_task_completed scheduled=9 started=10",
        "12 workflow_execution_time_skipping_transitioned to=3600 ended",
    ]);
    assert!(matches!(
        case.run.fast_forward_status("f"),
        FastForwardStatus::Reached(_)
    ));
    assert!(!case.run.is_fast_forwarding());
    assert_eq!(effective(&case), Some(ended(forward("f", 3600))));
    // The rest is waited for.
    let (at, deadline) = case.run.next_deadline().expect("a timer");
    assert_eq!(
        (at.since(case.now), deadline),
        (Duration::from_secs(3600), timer("b"))
    );
}

#[test]
fn a_fast_forward_needs_nothing_to_wait_for() {
    let mut case = begun(forward("f", 3600));
    case.work(Vec::new());
    case.skip();
    assert!(matches!(
        case.run.fast_forward_status("f"),
        FastForwardStatus::Reached(_)
    ));
    let (config, changed) = update(&mut case, Some(forward("f", 600)));
    // As on the real server, what is over at once is shown so by the reply and the event.
    assert_eq!((config, changed), (Some(ended(forward("f", 600))), true));
    case.expect(&[
        "6 workflow_execution_options_updated attached=",
        "7 workflow_execution_time_skipping_transitioned to=4200 ended",
    ]);
    let Some(Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(updated)) =
        case.events()[5].attributes.clone()
    else {
        panic!("the update");
    };
    assert!(updated.time_skipping_config_updated);
    assert_eq!(updated.time_skipping_config, Some(ended(forward("f", 600))));
}

#[test]
fn a_fast_forward_of_a_run_at_work_ends_when_its_time_has_passed() {
    let mut case = begun(forward("f", 5));
    let task = case.poll();
    assert_eq!(case.ring_until_forward(), Duration::from_secs(5));
    case.complete(&task, vec![start_timer("t", 100)]);
    case.expect(&[
        "3 workflow_task_started scheduled=2",
        "4 workflow_task_completed scheduled=2 started=3",
        "5 timer_started id=t after=100s",
        "6 workflow_execution_time_skipping_transitioned ended",
        "7 workflow_task_scheduled on=queue attempt=1 timeout=10s",
    ]);
    assert_eq!(ahead(&case), Duration::ZERO);
}

impl Case {
    /// Lets the time of the fast-forward pass; returns how long it took.
    fn ring_until_forward(&mut self) -> Duration {
        let before = self.now;
        assert_eq!(self.ring(), Deadline::FastForward);
        self.now.since(before)
    }
}

#[test]
fn a_fast_forward_ends_with_its_run_and_with_skipping() {
    let mut case = begun(forward("f", 3600));
    case.ok(Input::Terminate(Default::default()));
    assert!(matches!(
        case.run.fast_forward_status("f"),
        FastForwardStatus::Ended(_, FastForwardEnd::Closed)
    ));
    assert!(!case.run.is_fast_forwarding());
    let mut case = begun(TimeSkippingConfig {
        max_session_skip_count: 1,
        ..forward("f", 3600)
    });
    case.work(vec![start_timer("t", 60)]);
    assert!(matches!(
        case.run.fast_forward_status("f"),
        FastForwardStatus::Ended(_, FastForwardEnd::Disabled)
    ));
    update(&mut case, Some(enabled()));
    assert_eq!(
        case.run.fast_forward_status("f"),
        FastForwardStatus::Unknown(None)
    );
}

#[test]
fn skipping_ends_after_so_many_skips() {
    let mut case = begun(TimeSkippingConfig {
        max_session_skip_count: 2,
        ..enabled()
    });
    for id in ["a", "b"] {
        case.work(vec![start_timer(id, 100)]);
        case.ring();
    }
    case.work(vec![start_timer("c", 100)]);
    assert_eq!(ahead(&case), Duration::from_secs(200));
    assert_eq!(effective(&case).map(|it| it.enabled), Some(false));
    case.skip();
    // A new configuration counts anew.
    let once = TimeSkippingConfig {
        max_session_skip_count: 1,
        ..enabled()
    };
    let (config, _) = update(&mut case, Some(once.clone()));
    assert_eq!(config, Some(ended(once)));
    assert_eq!(ahead(&case), Duration::from_secs(300));
    case.expect(&[
        "18 workflow_execution_options_updated attached=",
        "19 workflow_execution_time_skipping_transitioned to=300",
    ]);
}

#[test]
fn skipping_is_switched_on_and_off_and_taken_away() {
    let mut case = Case::start();
    case.work(vec![start_timer("a", 100), start_timer("b", 1000)]);
    assert_eq!(update(&mut case, None), (None, false));
    case.skip();
    assert_eq!(update(&mut case, Some(enabled())), (Some(enabled()), true));
    case.ring();
    assert_eq!(update(&mut case, Some(enabled())), (Some(enabled()), false));
    assert_eq!(update(&mut case, None), (None, true));
    case.work(Vec::new());
    case.expect(&[
        "7 workflow_execution_options_updated attached=",
        "8 workflow_execution_time_skipping_transitioned to=100",
        "9 timer_fired id=a started=5",
        "10 workflow_task_scheduled on=queue attempt=1 timeout=10s",
        "11 workflow_execution_options_updated attached=",
        "12 workflow_task_started scheduled=10",
        "13 workflow_task_completed scheduled=10 started=12",
    ]);
    // The run keeps its time.
    assert_eq!(ahead(&case), Duration::from_secs(100));
    assert_eq!(effective(&case), None);
}

#[test]
fn a_configuration_is_replaced_as_a_whole() {
    let mut case = Case::start();
    let update = update_of("time_skipping_config.enabled", Default::default());
    let message =
        "error applying update_options: time_skipping_config doesn't support partial update";
    let refused = Rejection::Invalid(Invalid(message.to_owned()));
    assert_eq!(case.apply(update).err(), Some(refused));
}

#[test]
fn a_configuration_that_makes_no_sense_is_refused() {
    let with = |change: fn(&mut FastForwardConfig)| {
        let mut config = forward("f", 5);
        change(config.fast_forward_config.as_mut().expect("it has one"));
        config
    };
    let not_positive = "Time skipping config invalid: fast_forward duration must be positive";
    let no_id = "Time skipping config invalid: fast_forward_id must be set";
    let off = "time_skipping_config: cannot set fast_forward when enabled is false";
    for (config, expected) in [
        (with(|it| it.id = " ".to_owned()), no_id),
        (with(|it| it.duration = None), not_positive),
        (with(|it| it.duration = Some(seconds(0))), not_positive),
        (with(|it| it.duration = Some(seconds(-5))), not_positive),
        (
            with(|it| {
                it.duration = Some(wkt::Duration {
                    seconds: 1,
                    nanos: -1_000_000_000,
                })
            }),
            not_positive,
        ),
        (ended(with(|it| it.id = String::new())), no_id),
        (ended(forward("f", 5)), off),
    ] {
        let request = request(config.clone());
        let refused = Start::from_request(request, RunId::from("run"), 7).err();
        assert_eq!(refused, Some(Invalid(expected.to_owned())), "{config:?}");
    }
    let unlimited = TimeSkippingConfig {
        max_session_skip_count: -4,
        ..enabled()
    };
    let start = Start::from_request(request(unlimited), RunId::from("run"), 7);
    assert_eq!(
        start.expect("it is accepted").time_skipping,
        Some(enabled())
    );
}

fn request(config: TimeSkippingConfig) -> StartWorkflowExecutionRequest {
    StartWorkflowExecutionRequest {
        workflow_id: "w".to_owned(),
        workflow_type: Some(workflow_type("Greeting")),
        task_queue: Some(queue("queue")),
        time_skipping_config: Some(config),
        ..StartWorkflowExecutionRequest::default()
    }
}

#[test]
fn nothing_is_skipped_beyond_the_end_of_times() {
    let mut case = begun(forward("f", i64::MAX));
    case.work(Vec::new());
    // A hundred years, as with all durations.
    assert_eq!(ahead(&case), Duration::from_secs(100 * 365 * 24 * 60 * 60));
    for _ in 0..3 {
        update(&mut case, Some(forward("f", i64::MAX)));
    }
    assert_eq!(ahead(&case), Duration::from_secs(200 * 365 * 24 * 60 * 60));
    assert!(case.run.is_fast_forwarding());
    assert_eq!(case.deadline(), None);
}

#[test]
fn the_next_run_goes_on_in_the_time_of_the_last() {
    let mut case = begun(forward("f", DAY));
    case.work(vec![start_timer("t", 3600)]);
    case.ring();
    case.work(vec![continue_as_new(|command| {
        command.backoff_start_interval = Some(seconds(500));
    })]);
    let mut next = case.next_run();
    let first = started(&next);
    assert_eq!(first.time_skipping_config, Some(forward("f", DAY)));
    let state = TimeSkippingStatePropagation {
        initial_skipped_duration: Some(seconds(3600)),
        fast_forward_target_time: Some(wkt::Timestamp {
            seconds: 1_000_000_000 + DAY,
            nanos: 0,
        }),
        initial_skip_count: 1,
    };
    assert_eq!(first.time_skipping_state_propagation, Some(state));
    assert_eq!(next.run.started_at(), next.now, "by the server's clock");
    assert_eq!(next.ring(), Deadline::FirstWorkflowTask);
    next.work(Vec::new());
    next.expect(&[
        "1 workflow_execution_started attempt=1 after=run-1 by=CONTINUE_AS_NEW_INITIATOR_WORKFLOW backoff=500s",
        "2 workflow_execution_time_skipping_transitioned to=4100",
        "3 workflow_task_scheduled on=queue attempt=1 timeout=10s",
        "4 workflow_task_started scheduled=3",
        "5 workflow_task_completed scheduled=3 started=4",
        "6 workflow_execution_time_skipping_transitioned to=86400 ended",
    ]);
    assert!(matches!(
        next.run.fast_forward_status("f"),
        FastForwardStatus::Reached(_)
    ));
    // A run that skips no more passes the time on.
    next.signal("go");
    next.work(vec![continue_as_new(|_| {})]);
    let last = started(&next.next_run());
    let state = last.time_skipping_state_propagation.expect("its time");
    assert_eq!(last.time_skipping_config, None);
    assert_eq!(state.initial_skipped_duration, Some(seconds(DAY)));
    assert_eq!(
        (state.fast_forward_target_time, state.initial_skip_count),
        (None, 0)
    );
}

#[test]
fn a_run_that_has_skipped_nothing_passes_only_its_configuration_on() {
    for (config, expected) in [(enabled(), Some(enabled())), (ended(enabled()), None)] {
        let mut case = begun(config);
        case.pass(Duration::from_secs(2));
        case.work(vec![continue_as_new(|_| {})]);
        let next = started(&case.next_run());
        assert_eq!(next.time_skipping_config, expected);
        assert_eq!(next.time_skipping_state_propagation, None);
    }
}

#[test]
fn retries_and_cron_runs_skip_their_backoffs() {
    let mut case = Case::start_with(|request| {
        request.retry_policy = Some(attempts(2));
        request.time_skipping_config = Some(enabled());
    });
    case.pass(Duration::from_secs(10));
    case.work(vec![crate::command::fail(failure("no", "No"))]);
    let mut next = case.next_run();
    assert_eq!(next.ring(), Deadline::FirstWorkflowTask);
    assert_eq!(ahead(&next), Duration::from_secs(1));
    let mut case = Case::start_with(|request| {
        request.cron_schedule = "0 0 * * *".to_owned();
        request.time_skipping_config = Some(enabled());
    });
    for _ in 0..3 {
        let before = ahead(&case);
        assert_eq!(case.ring(), Deadline::FirstWorkflowTask);
        case.work(vec![complete("done")]);
        case = case.next_run();
        let skipped = ahead(&case) - before;
        assert_eq!(skipped, Duration::from_secs(24 * 60 * 60));
    }
}

#[test]
fn a_child_begins_in_the_time_of_its_parent() {
    let mut parent = begun(forward("f", DAY));
    parent.work(vec![start_timer("t", 3600)]);
    parent.ring();
    parent.work(vec![start_child("kid")]);
    let start = child_of(&parent);
    assert_eq!(
        start.time_skipping,
        Some(enabled()),
        "without the fast-forward"
    );
    let mut child = Case::run(start, parent.now);
    assert_eq!(ahead(&child), Duration::from_secs(3600));
    assert_eq!(child.deadline(), None, "it waits for its parent");
    let begin = BeginFirstTask {
        parent: WorkflowExecution {
            workflow_id: "greeting".to_owned(),
            run_id: "run-1".to_owned(),
        },
        initiated: parent.messages[0].event,
    };
    child.ok(Input::BeginFirstTask(begin));
    child.work(vec![start_timer("t", 60)]);
    assert_eq!(ahead(&child), Duration::from_secs(3660));
    assert_eq!(
        ahead(&parent),
        Duration::from_secs(3600),
        "it waits for the child"
    );
}

#[test]
fn a_child_need_not_skip_time() {
    let mut parent = begun(TimeSkippingConfig {
        disable_propagation: true,
        ..enabled()
    });
    parent.work(vec![start_timer("t", 3600)]);
    parent.ring();
    parent.work(vec![start_child("kid")]);
    let start = child_of(&parent);
    assert_eq!(start.time_skipping, None);
    let child = Case::run(start, parent.now);
    assert_eq!(ahead(&child), Duration::from_secs(3600));
    assert_eq!(effective(&child), None);
}

fn child_of(parent: &Case) -> Start {
    let key = parent.messages[0];
    assert_eq!(key.kind, OutgoingKind::StartChild);
    match parent.run.outgoing(key) {
        Some(Outgoing::StartChild(child)) => {
            Start::child(*child, RunId::from("kid-run"), 9).expect("a good request")
        }
        other => panic!("the start of a child, not {other:?}"),
    }
}

#[test]
fn a_reset_run_goes_on_in_the_time_of_the_point() {
    let mut case = begun(forward("f", DAY));
    case.work(vec![start_timer("a", 3600)]);
    case.ring();
    case.work(vec![start_timer("b", 3600)]);
    assert_eq!(ahead(&case), Duration::from_secs(7200));
    case.pass(Duration::from_secs(10));
    // 10 completes the second task.
    let mut again = case.reset(10).expect("a task ended there");
    assert_eq!(ahead(&again), Duration::from_secs(3600));
    assert_eq!(again.run.started_at(), again.now);
    assert_eq!(effective(&again), Some(forward("f", DAY)));
    again.skip();
    again.work(vec![start_timer("c", 60)]);
    assert_eq!(ahead(&again), Duration::from_secs(3660));
    assert_eq!(again.ring(), timer("c"));
}
