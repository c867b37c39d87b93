//! What a schedule does with its times, with requests, and with the ends of the runs that it starts.

use std::time::Duration;

use durably_history::Time;
use durably_history::schedule::{
    Action, ActionId, ActionResult, Closed, CreateSchedule, Effort, Schedule, ScheduleName,
    UpdateConflict, UpdateSchedule,
};
use durably_proto::api::common::v1::{Payload, Payloads, WorkflowExecution, WorkflowType};
use durably_proto::api::enums::v1::{
    ScheduleOverlapPolicy as Overlap, WorkflowExecutionStatus as Status,
};
use durably_proto::api::failure::v1::Failure;
use durably_proto::api::schedule::v1::{
    BackfillRequest, IntervalSpec, Range, Schedule as Definition, ScheduleAction, SchedulePatch,
    SchedulePolicies, ScheduleSpec, ScheduleState, StructuredCalendarSpec,
    TriggerImmediatelyRequest, schedule_action,
};
use durably_proto::api::workflow::v1::NewWorkflowExecutionInfo;
use durably_proto::api::workflowservice::v1::StartWorkflowExecutionRequest;
use durably_proto::wkt;

/// A schedule and its time. After each change it is restored from what is stored.
struct Case {
    schedule: Schedule,
    now: Time,
}

/// 1 January 2027, midnight.
const START: i64 = 1_798_761_600;
const HOUR: i64 = 3600;

fn name() -> ScheduleName {
    ScheduleName {
        namespace: "default".to_owned(),
        namespace_id: "7f1c9a0e-0000-4000-8000-000000000000".to_owned(),
        id: "hourly".to_owned(),
    }
}

/// Each hour, with this policy.
fn hourly(overlap: Overlap) -> Definition {
    Definition {
        spec: Some(ScheduleSpec {
            interval: vec![IntervalSpec {
                interval: Some(length(HOUR)),
                phase: None,
            }],
            ..ScheduleSpec::default()
        }),
        action: Some(ScheduleAction {
            action: Some(schedule_action::Action::StartWorkflow(
                NewWorkflowExecutionInfo {
                    workflow_id: "report".to_owned(),
                    workflow_type: Some(WorkflowType {
                        name: "Report".to_owned(),
                    }),
                    ..NewWorkflowExecutionInfo::default()
                },
            )),
        }),
        policies: Some(SchedulePolicies {
            overlap_policy: overlap.into(),
            ..SchedulePolicies::default()
        }),
        state: None,
    }
}

fn length(seconds: i64) -> wkt::Duration {
    wkt::Duration { seconds, nanos: 0 }
}

fn at(second: i64) -> Time {
    Time::from_unix_nanos((START + second) * 1_000_000_000)
}

impl Case {
    fn new(definition: Definition) -> Self {
        Self::with_patch(definition, None)
    }

    fn with_patch(definition: Definition, patch: Option<SchedulePatch>) -> Self {
        let create = CreateSchedule {
            name: name(),
            definition,
            patch,
            memo: None,
            search_attributes: None,
            request_id: "create".to_owned(),
            seed: 7,
        };
        let schedule = Schedule::create(create, at(0)).expect("a good definition");
        Self {
            schedule,
            now: at(0),
        }
    }

    /// Restores the schedule from its stored state.
    fn restart(&mut self) {
        let stored = self.schedule.encode();
        let restored = Schedule::decode(name(), &stored).expect("it was stored");
        assert_eq!(format!("{restored:?}"), format!("{:?}", self.schedule));
        self.schedule = restored;
    }

    /// Lets the time come, with all wake-ups on the way.
    fn wait_until(&mut self, second: i64) {
        while let Some(due) = self.schedule.next_wakeup().filter(|due| *due <= at(second)) {
            self.now = self.now.max(due);
            self.schedule.wake(self.now);
            self.restart();
        }
        self.now = at(second);
    }

    /// The next action, which is a start.
    fn next_start(&self) -> Option<(ActionId, StartWorkflowExecutionRequest)> {
        let id = self.schedule.next_action()?;
        match self.schedule.action(id)? {
            Action::Start { request, run_id } => {
                assert_eq!(request.request_id, run_id.as_str());
                Some((id, *request))
            }
            other => panic!("not a start: {other:?}"),
        }
    }

    /// Starts what is to be started; returns the runs.
    fn start(&mut self) -> Vec<WorkflowExecution> {
        let mut started = Vec::new();
        while let Some((id, request)) = self.next_start() {
            self.schedule
                .finish_action(id, ActionResult::Started(self.now), self.now);
            self.restart();
            started.push(WorkflowExecution {
                workflow_id: request.workflow_id,
                run_id: request.request_id,
            });
        }
        started
    }

    fn started_ids(&mut self) -> Vec<String> {
        self.start().into_iter().map(|it| it.workflow_id).collect()
    }

    fn close(&mut self, execution: &WorkflowExecution, status: Status) {
        let closed = Closed {
            execution: execution.clone(),
            status,
            result: (status == Status::Completed).then(|| payloads("result")),
            failure: (status == Status::Failed).then(|| Failure {
                message: "broken".to_owned(),
                ..Failure::default()
            }),
        };
        self.schedule.workflow_closed(closed, self.now);
        self.restart();
    }

    fn patch(&mut self, patch: SchedulePatch) {
        self.schedule.patch(patch, String::new(), self.now);
        self.restart();
    }

    fn trigger(&mut self, overlap: Overlap) {
        self.patch(trigger(overlap));
    }
}

fn trigger(overlap: Overlap) -> SchedulePatch {
    SchedulePatch {
        trigger_immediately: Some(TriggerImmediatelyRequest {
            overlap_policy: overlap.into(),
            scheduled_time: None,
        }),
        ..SchedulePatch::default()
    }
}

fn payloads(text: &str) -> Payloads {
    Payloads {
        payloads: vec![Payload {
            data: text.as_bytes().to_vec(),
            ..Payload::default()
        }],
    }
}

#[test]
fn a_time_that_comes_starts_a_workflow() {
    let mut case = Case::new(hourly(Overlap::Skip));
    assert_eq!(case.schedule.next_wakeup(), Some(at(HOUR)));
    case.wait_until(HOUR);
    let (_, request) = case.next_start().expect("it is due");
    assert_eq!(request.workflow_id, "report-2027-01-01T01:00:00Z");
    assert_eq!(request.identity, "temporal-scheduler-default-hourly");
    let attributes = request.search_attributes.expect("they are set");
    let text = |name: &str| {
        let payload = attributes.indexed_fields.get(name);
        String::from_utf8(payload.expect("it is set").data.clone()).expect("a text")
    };
    assert_eq!(text("TemporalScheduledById"), "\"hourly\"");
    assert_eq!(
        text("TemporalScheduledStartTime"),
        "\"2027-01-01T01:00:00Z\""
    );
    case.start();
    let info = case.schedule.info();
    assert_eq!((info.action_count, info.running_workflows.len()), (1, 1));
    assert_eq!(
        info.recent_actions[0].start_workflow_status(),
        Status::Running
    );
    assert_eq!(info.future_action_times[0], at(2 * HOUR).into());
}

#[test]
fn results_and_failures_reach_the_next_run() {
    let mut case = Case::new(hourly(Overlap::Skip));
    case.wait_until(HOUR);
    let first = case.start().remove(0);
    case.close(&first, Status::Completed);
    case.wait_until(2 * HOUR);
    let (_, request) = case.next_start().expect("it is due");
    assert_eq!(request.last_completion_result, Some(payloads("result")));
    assert_eq!(request.continued_failure, None);
    let second = case.start().remove(0);
    case.close(&second, Status::Failed);
    case.wait_until(3 * HOUR);
    let (_, request) = case.next_start().expect("it is due");
    assert_eq!(request.last_completion_result, Some(payloads("result")));
    let failure = request.continued_failure.expect("the last run failed");
    assert_eq!(failure.message, "broken");
    let statuses: Vec<_> = case
        .schedule
        .info()
        .recent_actions
        .iter()
        .map(|it| it.start_workflow_status())
        .collect();
    assert_eq!(statuses, [Status::Completed, Status::Failed]);
}

#[test]
fn a_time_that_meets_a_run_is_skipped_or_waits() {
    for (overlap, waiting, skipped) in [
        (Overlap::Skip, 0, 3),
        (Overlap::BufferOne, 1, 2),
        (Overlap::BufferAll, 3, 0),
    ] {
        let mut case = Case::new(hourly(overlap));
        case.wait_until(HOUR);
        let first = case.start().remove(0);
        case.wait_until(4 * HOUR);
        assert_eq!(case.start(), []);
        let info = case.schedule.info();
        assert_eq!((info.buffer_size, info.overlap_skipped), (waiting, skipped));
        case.close(&first, Status::Completed);
        let next = case.started_ids();
        let expected: &[&str] = match waiting {
            0 => &[],
            _ => &["report-2027-01-01T02:00:00Z"],
        };
        assert_eq!(next, expected, "{overlap:?}");
    }
}

#[test]
fn a_run_is_cancelled_or_terminated_for_the_next_one() {
    for overlap in [Overlap::CancelOther, Overlap::TerminateOther] {
        let mut case = Case::new(hourly(overlap));
        case.wait_until(HOUR);
        let first = case.start().remove(0);
        case.wait_until(2 * HOUR);
        let id = case.schedule.next_action().expect("the run is to end");
        let (end, reason) = match case.schedule.action(id).expect("it is to be done") {
            Action::Cancel(end) => (end, "cancelled by schedule overlap policy"),
            Action::Terminate(end) => (end, "terminated by schedule overlap policy"),
            Action::Start { request, .. } => panic!("not before the other has ended: {request:?}"),
        };
        assert_eq!((&end.execution, &*end.reason), (&first, reason));
        case.schedule
            .finish_action(id, ActionResult::Ended, case.now);
        assert_eq!(case.start(), []);
        case.close(&first, Status::Canceled);
        assert_eq!(case.started_ids(), ["report-2027-01-01T02:00:00Z"]);
    }
}

#[test]
fn runs_that_may_overlap_are_not_waited_for() {
    let mut case = Case::new(hourly(Overlap::AllowAll));
    case.wait_until(HOUR);
    let first = case.start().remove(0);
    case.wait_until(2 * HOUR);
    assert_eq!(case.started_ids(), ["report-2027-01-01T02:00:00Z"]);
    case.close(&first, Status::Completed);
    let info = case.schedule.info();
    assert_eq!(info.running_workflows, []);
    assert_eq!(
        info.recent_actions[0].start_workflow_status(),
        Status::Completed
    );
}

#[test]
fn times_within_the_catch_up_window_are_made_up_for() {
    let mut definition = hourly(Overlap::BufferAll);
    definition.policies.get_or_insert_default().catchup_window = Some(length(2 * HOUR));
    let mut case = Case::new(definition);
    // The server was down for five hours.
    case.now = at(5 * HOUR);
    case.schedule.wake(case.now);
    assert_eq!(case.started_ids(), ["report-2027-01-01T03:00:00Z"]);
    let info = case.schedule.info();
    assert_eq!((info.missed_catchup_window, info.buffer_size), (2, 2));
    case.schedule.wake(case.now);
    assert_eq!(
        case.schedule.info().missed_catchup_window,
        2,
        "they are counted once"
    );
}

#[test]
fn a_paused_schedule_does_nothing_but_what_is_requested() {
    let mut case = Case::new(hourly(Overlap::Skip));
    case.patch(SchedulePatch {
        pause: "holidays".to_owned(),
        ..SchedulePatch::default()
    });
    assert_eq!(case.schedule.next_wakeup(), None);
    case.wait_until(3 * HOUR);
    case.trigger(Overlap::Unspecified);
    assert_eq!(case.started_ids(), ["report-2027-01-01T03:00:00Z"]);
    case.wait_until(5 * HOUR + 1);
    case.patch(SchedulePatch {
        unpause: "back".to_owned(),
        ..SchedulePatch::default()
    });
    let state = case.schedule.definition().state.expect("it has one");
    assert_eq!((state.paused, &*state.notes), (false, "back"));
    // The times of the pause are not made up for.
    assert_eq!(case.schedule.next_wakeup(), Some(at(6 * HOUR)));
    assert_eq!(case.schedule.info().missed_catchup_window, 0);
}

#[test]
fn a_failure_pauses_if_the_policy_says_so() {
    for (status, notes) in [
        (
            Status::Failed,
            "paused due to workflow failure: report-2027-01-01T01:00:00Z: broken",
        ),
        (
            Status::TimedOut,
            "paused due to workflow timeout: report-2027-01-01T01:00:00Z",
        ),
        (Status::Canceled, ""),
    ] {
        let mut definition = hourly(Overlap::Skip);
        definition.policies.get_or_insert_default().pause_on_failure = true;
        let mut case = Case::new(definition);
        case.wait_until(HOUR);
        let run = case.start().remove(0);
        case.close(&run, status);
        let state = case.schedule.definition().state.expect("it has one");
        assert_eq!((state.paused, &*state.notes), (!notes.is_empty(), notes));
    }
}

#[test]
fn limited_actions_run_out_and_triggers_do_not_count() {
    let mut definition = hourly(Overlap::AllowAll);
    definition.state = Some(ScheduleState {
        limited_actions: true,
        remaining_actions: 2,
        ..ScheduleState::default()
    });
    let mut case = Case::with_patch(definition, Some(trigger(Overlap::Unspecified)));
    assert_eq!(case.start().len(), 1);
    for hour in 1..5 {
        case.wait_until(hour * HOUR);
        assert_eq!(case.start().len(), usize::from(hour <= 2), "hour {hour}");
    }
    let state = case.schedule.definition().state.expect("it has one");
    assert_eq!(state.remaining_actions, 0);
    assert!(case.schedule.info().future_action_times.is_empty());
}

#[test]
fn a_schedule_without_anything_to_do_ends_after_a_week() {
    let mut definition = hourly(Overlap::Skip);
    definition.state = Some(ScheduleState {
        limited_actions: true,
        ..ScheduleState::default()
    });
    let mut case = Case::new(definition);
    let week = 7 * 24 * HOUR;
    assert_eq!(case.schedule.next_wakeup(), Some(at(week)));
    case.schedule.wake(at(week - 1));
    assert!(!case.schedule.is_over());
    case.schedule.wake(at(week));
    assert!(case.schedule.is_over());
}

#[test]
fn a_request_after_that_week_prolongs_a_schedule_that_was_not_woken_yet() {
    let day = 24 * HOUR;
    let idle = || Definition {
        spec: None,
        ..hourly(Overlap::Skip)
    };
    let mut case = Case::new(idle());
    case.now = at(8 * day);
    case.trigger(Overlap::Unspecified);
    assert!(!case.schedule.is_over());
    assert_eq!(case.start().len(), 1);
    let mut case = Case::new(idle());
    let update = UpdateSchedule {
        definition: hourly(Overlap::Skip),
        search_attributes: None,
        conflict_token: None,
        request_id: "update".to_owned(),
    };
    let updated = case.schedule.update(update, at(8 * day));
    assert_eq!(updated, Ok(Ok(())));
    assert!(!case.schedule.is_over());
    assert_eq!(case.schedule.next_wakeup(), Some(at(8 * day + HOUR)));
}

#[test]
fn the_schedules_of_a_list_share_an_effort() {
    let all = |start, end| {
        vec![Range {
            start,
            end,
            step: 0,
        }]
    };
    let mut never = hourly(Overlap::Skip);
    never.spec = Some(ScheduleSpec {
        interval: vec![IntervalSpec {
            interval: Some(length(1)),
            phase: None,
        }],
        exclude_structured_calendar: vec![StructuredCalendarSpec {
            second: all(0, 59),
            minute: all(0, 59),
            hour: all(0, 23),
            day_of_month: all(1, 31),
            month: all(1, 12),
            day_of_week: all(0, 6),
            ..StructuredCalendarSpec::default()
        }],
        ..ScheduleSpec::default()
    });
    let (never, hourly) = (Case::new(never), Case::new(hourly(Overlap::Skip)));
    let count = |case: &Case, effort: &mut Effort| {
        let info = case.schedule.list_info(effort);
        info.future_action_times.len()
    };
    let mut effort = Effort::default();
    assert_eq!(count(&hourly, &mut effort), 5);
    assert_eq!(count(&never, &mut effort), 0);
    assert_eq!(count(&hourly, &mut effort), 0);
}

#[test]
fn a_backfill_starts_what_would_have_started() {
    let mut case = Case::new(hourly(Overlap::Skip));
    let day = 24 * HOUR;
    case.patch(SchedulePatch {
        backfill_request: vec![BackfillRequest {
            start_time: Some(at(-day).into()),
            end_time: Some(at(-day + 11 * HOUR).into()),
            overlap_policy: Overlap::AllowAll.into(),
        }],
        ..SchedulePatch::default()
    });
    let mut started = case.started_ids();
    assert_eq!(started.len(), 10, "at most ten at once");
    assert_eq!(started[0], "report-2026-12-31T00:00:00Z");
    case.wait_until(1);
    started.extend(case.started_ids());
    // Both ends of the range belong to it.
    assert_eq!(started.len(), 12);
    assert_eq!(started[11], "report-2026-12-31T11:00:00Z");
    assert_eq!(case.schedule.next_wakeup(), Some(at(HOUR)));
}

#[test]
fn a_backfill_over_a_century_is_bounded() {
    let mut definition = hourly(Overlap::BufferAll);
    definition.spec.get_or_insert_default().interval[0].interval = Some(length(1));
    let mut case = Case::new(definition);
    let century = SchedulePatch {
        backfill_request: vec![
            BackfillRequest {
                start_time: Some(at(-100 * 365 * 24 * HOUR).into()),
                end_time: Some(at(0).into()),
                overlap_policy: Overlap::BufferAll.into(),
            };
            2000
        ],
        ..SchedulePatch::default()
    };
    case.patch(century);
    let info = case.schedule.info();
    assert_eq!((info.buffer_dropped, info.buffer_size), (1000, 9));
    for second in 1..2000 {
        case.schedule.wake(at(second));
    }
    let info = case.schedule.info();
    assert_eq!(info.buffer_size, 1000);
    assert!(info.buffer_dropped > 1000, "{}", info.buffer_dropped);
}

#[test]
fn an_update_of_an_old_definition_conflicts() {
    let mut case = Case::new(hourly(Overlap::Skip));
    let update = |token| UpdateSchedule {
        definition: hourly(Overlap::BufferOne),
        search_attributes: None,
        conflict_token: token,
        request_id: "update".to_owned(),
    };
    let token = case.schedule.conflict_token();
    let updated = case.schedule.update(update(Some(token)), case.now);
    assert_eq!(updated, Ok(Ok(())));
    assert!(case.schedule.has_applied("update"));
    let before = case.schedule.encode();
    let conflict = case.schedule.update(update(Some(token)), case.now);
    assert_eq!(conflict, Ok(Err(UpdateConflict)));
    assert_eq!(case.schedule.encode(), before);
    let bad = UpdateSchedule {
        definition: Definition {
            spec: Some(ScheduleSpec {
                timezone_name: "Nowhere".to_owned(),
                ..ScheduleSpec::default()
            }),
            ..Definition::default()
        },
        ..update(None)
    };
    let refused = case.schedule.update(bad, case.now).expect_err("it is bad");
    assert_eq!(
        refused.0,
        "Invalid schedule spec: unknown time zone Nowhere"
    );
}

#[test]
fn an_end_that_overtakes_the_result_of_its_start_counts() {
    let mut case = Case::new(hourly(Overlap::BufferAll));
    case.wait_until(HOUR);
    let (id, request) = case.next_start().expect("it is due");
    let execution = WorkflowExecution {
        workflow_id: request.workflow_id,
        run_id: request.request_id,
    };
    case.close(&execution, Status::Completed);
    assert_eq!(case.schedule.next_action(), Some(id));
    case.schedule
        .finish_action(id, ActionResult::Started(case.now), case.now);
    let info = case.schedule.info();
    assert_eq!(info.running_workflows, []);
    assert_eq!(
        info.recent_actions[0].start_workflow_status(),
        Status::Completed
    );
}

#[test]
fn a_refused_start_lets_the_next_one_start() {
    let mut case = Case::new(hourly(Overlap::BufferAll));
    case.wait_until(HOUR);
    let (id, _) = case.next_start().expect("it is due");
    case.wait_until(2 * HOUR);
    case.schedule
        .finish_action(id, ActionResult::Refused, case.now);
    assert_eq!(case.started_ids(), ["report-2027-01-01T02:00:00Z"]);
    assert_eq!(case.schedule.info().action_count, 1);
}

#[test]
fn a_long_downtime_is_made_up_for_in_steps() {
    let mut definition = hourly(Overlap::Skip);
    definition.spec.get_or_insert_default().interval[0].interval = Some(length(1));
    definition.policies.get_or_insert_default().catchup_window = Some(length(60));
    let mut case = Case::new(definition);
    let later = 100 * HOUR;
    case.now = at(later);
    case.schedule.wake(case.now);
    // Not all at once.
    assert!(
        case.schedule
            .next_wakeup()
            .is_some_and(|due| due < case.now)
    );
    case.wait_until(later);
    let info = case.schedule.info();
    assert_eq!(info.missed_catchup_window, later - 61);
    assert_eq!(
        case.schedule.next_wakeup(),
        Some(case.now + Duration::from_secs(1))
    );
}

#[test]
fn damaged_state_is_an_error() {
    let stored = Case::new(hourly(Overlap::Skip)).schedule.encode();
    for length in 1..stored.len() {
        // Some of the lengths are whole messages of fewer fields.
        let _ = Schedule::decode(name(), &stored[..length]);
    }
    let error = Schedule::decode(name(), b"\xff").expect_err("it is damaged");
    assert!(error.to_string().contains("schedule hourly"), "{error}");
}
