//! Schedules: what is sent, and what is concluded from what is described.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use durably_proto::{
    api::{
        common::v1::WorkflowType, schedule::v1 as proto, schedule::v1::schedule_action::Action,
        taskqueue::v1::TaskQueue, workflow::v1::NewWorkflowExecutionInfo,
        workflowservice::v1 as pb,
    },
    wkt,
};
use tonic::Status;

use super::fake::{Fake, server};
use crate::{
    client::Client,
    error::{ScheduleError, UpdateScheduleError},
    schedule::{Interval, ScheduleDescription},
    time::{
        Time,
        span::{hours, secs},
    },
};

/// The state of an hourly schedule.
#[derive(Clone, Copy)]
struct State {
    token: i64,
    /// When it was updated, in seconds.
    updated: i64,
    note: &'static str,
}

impl State {
    fn described(self) -> Result<pb::DescribeScheduleResponse, Status> {
        let point = |seconds| wkt::Timestamp { seconds, nanos: 0 };
        let span = |seconds| wkt::Duration { seconds, nanos: 0 };
        Ok(pb::DescribeScheduleResponse {
            schedule: Some(proto::Schedule {
                spec: Some(proto::ScheduleSpec {
                    interval: vec![proto::IntervalSpec {
                        interval: Some(span(3600)),
                        phase: Some(span(0)),
                    }],
                    ..Default::default()
                }),
                action: Some(proto::ScheduleAction {
                    action: Some(Action::StartWorkflow(NewWorkflowExecutionInfo {
                        workflow_id: "report".to_owned(),
                        workflow_type: Some(WorkflowType {
                            name: "Report".to_owned(),
                        }),
                        task_queue: Some(TaskQueue {
                            name: "reports".to_owned(),
                            ..Default::default()
                        }),
                        ..Default::default()
                    })),
                }),
                state: Some(proto::ScheduleState {
                    notes: self.note.to_owned(),
                    ..Default::default()
                }),
                ..Default::default()
            }),
            info: Some(proto::ScheduleInfo {
                update_time: Some(point(self.updated)),
                ..Default::default()
            }),
            conflict_token: self.token.to_be_bytes().to_vec(),
            ..Default::default()
        })
    }
}

const BEFORE: State = State {
    token: 1,
    updated: 10,
    note: "",
};

/// Adds an `a` to the note, and returns how often that was asked for.
async fn update(client: &Client) -> (Result<(), UpdateScheduleError>, u32) {
    update_by(client, |schedule| schedule.note.push('a')).await
}

async fn update_by(
    client: &Client,
    change: impl Fn(&mut ScheduleDescription) + Send + 'static,
) -> (Result<(), UpdateScheduleError>, u32) {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let updated = client.schedule("hourly").update(move |schedule| {
        counted.fetch_add(1, Ordering::Relaxed);
        change(schedule);
    });
    (updated.await, calls.load(Ordering::Relaxed))
}

fn describe(fake: &Fake, states: impl IntoIterator<Item = State>) {
    for state in states {
        fake.describe_schedule.then(state.described());
    }
}

fn accept(fake: &Fake, updates: usize) {
    for _ in 0..updates {
        fake.update_schedule.then(Ok(Default::default()));
    }
}

fn conflict() -> Status {
    Status::failed_precondition("mismatched conflict token")
}

#[tokio::test]
async fn an_update_that_is_described_as_it_was_sent_is_made_once() {
    let (fake, client) = server().await;
    let after = State {
        token: 2,
        updated: 20,
        note: "a",
    };
    describe(&fake, [BEFORE, after]);
    accept(&fake, 1);
    let (updated, calls) = update(&client).await;
    updated.expect("it is described as it was sent");
    assert_eq!(calls, 1);
    let [asked] = &fake.update_schedule.asked()[..] else {
        panic!("one request");
    };
    assert_eq!(asked.conflict_token, 1_i64.to_be_bytes());
}

#[tokio::test]
async fn an_update_that_is_ignored_in_silence_begins_again() {
    let (fake, client) = server().await;
    // Another client has paused and unpaused it meanwhile, and left the note of the update by chance.
    let ignored = State {
        token: 3,
        note: "a",
        ..BEFORE
    };
    let made = State {
        token: 4,
        updated: 20,
        note: "aa",
    };
    describe(&fake, [BEFORE, ignored, ignored, made]);
    accept(&fake, 3);
    let (updated, calls) = update(&client).await;
    updated.expect("the second is described as it was sent");
    assert_eq!(calls, 2);
    let asked = fake.update_schedule.asked();
    let tokens: Vec<_> = asked.iter().map(|it| it.conflict_token[7]).collect();
    assert_eq!(tokens, [1, 1, 3]);
}

#[tokio::test]
async fn an_update_whose_conflict_the_server_would_report_is_made_once() {
    // Another update followed; and a clock that stands still.
    let followed = State {
        token: 3,
        updated: 30,
        note: "another",
    };
    let at_once = State {
        token: 2,
        note: "a",
        ..BEFORE
    };
    for after in [followed, at_once] {
        let (fake, client) = server().await;
        describe(&fake, [BEFORE, after]);
        accept(&fake, 1);
        fake.update_schedule.then(Err(conflict()));
        let (updated, calls) = update(&client).await;
        updated.expect("the server reports conflicts, and did not at first");
        assert_eq!(calls, 1);
        let asked = fake.update_schedule.asked();
        assert_eq!(asked.len(), 2);
        assert_eq!(asked[0].schedule, asked[1].schedule);
        assert_eq!(asked[0].conflict_token, asked[1].conflict_token);
    }
}

#[tokio::test]
async fn after_a_reported_conflict_an_accepted_update_is_made() {
    let (fake, client) = server().await;
    let other = State {
        token: 2,
        updated: 20,
        note: "b",
    };
    describe(&fake, [BEFORE, other]);
    fake.update_schedule.then(Err(conflict()));
    accept(&fake, 1);
    let (updated, calls) = update(&client).await;
    updated.expect("the second is accepted");
    assert_eq!((calls, fake.describe_schedule.asked().len()), (2, 2));
    let asked = fake.update_schedule.asked();
    let state = asked[1].schedule.as_ref().and_then(|it| it.state.as_ref());
    assert_eq!(state.map(|it| &*it.notes), Some("ba"));
}

#[tokio::test]
async fn an_update_that_is_never_made_is_a_conflict() {
    let (fake, client) = server().await;
    let others = (1..=16).map(|token| State { token, ..BEFORE });
    describe(&fake, others);
    accept(&fake, 16);
    let (updated, calls) = update(&client).await;
    match updated {
        Err(UpdateScheduleError::Conflict(conflict)) => assert_eq!(conflict.attempts, calls),
        other => panic!("{other:?}"),
    }
    assert_eq!(calls, 8);
}

#[tokio::test]
async fn limits_of_zero_are_sent_and_compared_as_none() {
    let (fake, client) = server().await;
    let after = State {
        token: 2,
        updated: 20,
        ..BEFORE
    };
    describe(&fake, [BEFORE, after]);
    accept(&fake, 1);
    let (updated, calls) = update_by(&client, |schedule| {
        assert_eq!(schedule.spec.intervals, [Interval::every(hours(1))]);
        let zero = Some(Duration::ZERO);
        schedule.spec.jitter = zero;
        let action = &mut schedule.action;
        (action.run_timeout, action.execution_timeout) = (zero, zero);
        action.task_timeout = zero;
    })
    .await;
    updated.expect("it is described as it was sent");
    assert_eq!(calls, 1);
    let asked = fake.update_schedule.asked();
    assert_eq!(
        asked[0].schedule,
        after
            .described()
            .expect("it is one")
            .schedule
            .map(|mut it| {
                it.policies = asked[0].schedule.as_ref().and_then(|it| it.policies);
                it
            })
    );
}

#[tokio::test]
async fn times_are_requested_until_a_page_is_not_full() {
    let (fake, client) = server().await;
    let page = |seconds: std::ops::Range<i64>| pb::ListScheduleMatchingTimesResponse {
        start_time: seconds
            .map(|seconds| wkt::Timestamp { seconds, nanos: 0 })
            .collect(),
    };
    let range = || Time::UNIX_EPOCH + secs(1)..Time::UNIX_EPOCH + hours(1);
    let every_second = client.schedule("every-second");
    for seconds in [1..1001, 1001..2001, 2001..2101] {
        fake.list_schedule_matching_times.then(Ok(page(seconds)));
    }
    let times = every_second.times(range()).await;
    let times = times.expect("there are three pages");
    let expected = (1..2101).map(|it| Time::UNIX_EPOCH + secs(it));
    assert!(times.into_iter().eq(expected));
    let asked = fake.list_schedule_matching_times.asked();
    let starts = asked.iter().filter_map(|it| it.start_time);
    let starts: Vec<_> = starts.map(|it| (it.seconds, it.nanos)).collect();
    // The server begins after them.
    assert_eq!(starts, [(0, 999_999_999), (1000, 0), (2000, 0)]);

    // As many as are asked for, and no page more.
    fake.list_schedule_matching_times.then(Ok(page(1..1001)));
    let times = every_second.times(range()).limit(1000).await;
    assert_eq!(times.expect("one page is enough").len(), 1000);
    fake.list_schedule_matching_times.then(Ok(page(1..1001)));
    let times = every_second.times(range()).limit(7).await;
    assert_eq!(times.expect("one page is enough").len(), 7);

    // A server that repeats itself.
    fake.list_schedule_matching_times.then(Ok(page(1..1001)));
    fake.list_schedule_matching_times.then(Ok(page(1..1001)));
    let times = every_second.times(range()).await;
    assert_eq!(times.expect("the second page is the last").len(), 2000);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_names_the_request() {
    let (fake, client) = server().await;
    fake.patch_schedule.then_silence();
    fake.list_schedule_matching_times.then_silence();
    let (schedule, range) = (
        client.schedule("a"),
        Time::UNIX_EPOCH..Time::UNIX_EPOCH + hours(1),
    );
    let message = |error: Option<ScheduleError>| error.map(|it| it.to_string());
    for (result, request) in [
        (
            schedule.trigger().timeout(secs(1)).await.err(),
            "response to the trigger",
        ),
        (
            schedule
                .backfill(range.clone())
                .timeout(secs(1))
                .await
                .err(),
            "response to the backfill",
        ),
        (schedule.times(range).timeout(secs(1)).await.err(), "times"),
    ] {
        let expected = format!("no answer in time: no {request} of schedule `a` within 1s");
        assert_eq!(message(result), Some(expected));
    }
}

#[tokio::test]
async fn a_schedule_in_place_of_another_one_keeps_its_state() {
    let state = |paused, remaining, notes: &str| proto::ScheduleState {
        notes: notes.to_owned(),
        paused,
        limited_actions: true,
        remaining_actions: remaining,
    };
    for (old, is_new_limited, new) in [
        (state(true, 3, "old"), false, state(true, 3, "old")),
        (state(true, 3, "old"), true, state(true, 9, "new")),
        (state(false, 0, ""), false, state(false, 0, "")),
        (state(false, 0, ""), true, state(false, 9, "new")),
    ] {
        let (fake, client) = server().await;
        let mut before = BEFORE.described().expect("it is one");
        before.schedule.as_mut().expect("it is one").state = Some(old);
        fake.describe_schedule.then(Ok(before));
        fake.update_schedule.then(Err(Status::not_found("deleted")));
        let another = client.clone();
        let next = move || {
            let call = another.create_schedule("hourly", "Report", ());
            let call = call.task_queue("others").cron("@daily");
            match is_new_limited {
                true => call.limit(9).note("new"),
                false => call,
            }
        };
        let updated = update_by(&client, move |schedule| schedule.replace(next())).await;
        assert!(matches!(
            updated,
            (Err(UpdateScheduleError::NotFound(_)), 1)
        ));
        let asked = fake.update_schedule.asked();
        let schedule = asked[0].schedule.as_ref().expect("it is sent");
        assert_eq!(schedule.state, Some(new));
        let spec = schedule.spec.as_ref().expect("it has times");
        assert!(spec.interval.is_empty() && spec.cron_string == ["@daily"]);
    }
}
