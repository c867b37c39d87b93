//! Schedules: requests are answered, and runs are started, as on the real server.

use durably::prelude::*;
use durably_proto::{
    api::{
        common::v1::WorkflowType,
        enums::v1::{
            ScheduleOverlapPolicy as Overlap, WorkflowExecutionStatus as Status,
            WorkflowIdReusePolicy,
        },
        history::v1::history_event::Attributes,
        schedule::v1::{
            BackfillRequest, CalendarSpec, IntervalSpec, Range, Schedule, ScheduleAction,
            ScheduleInfo, SchedulePatch, SchedulePolicies, ScheduleSpec, ScheduleState,
            StructuredCalendarSpec, TriggerImmediatelyRequest, schedule_action::Action,
        },
        workflow::v1::NewWorkflowExecutionInfo,
        workflowservice::v1::*,
    },
    wkt,
};
use durably_tests::{
    World, eventually, on_both_servers,
    raw::{
        NAMESPACE, Service, complete, complete_workflow, describe, ended, events, fail_workflow,
        payloads, search_attributes, task_queue, workflow_task,
    },
    unique,
};

use super::names::{duration, long};

on_both_servers! {
    a_bad_schedule_is_refused
    a_request_for_no_schedule_is_refused
    a_request_is_applied_once
    a_schedule_is_described_and_listed
    each_overlap_policy_treats_the_run_at_work
    a_started_run_knows_its_schedule_and_the_run_before
    a_trigger_after_an_end_is_not_skipped
    a_failure_pauses_the_schedule
    limited_actions_run_out
    a_backfill_starts_runs_of_the_past
}

/// A schedule of this world, on the queue of the world.
struct Case {
    service: Service,
    queue: String,
    id: String,
}

impl Case {
    async fn new(world: &World) -> Result<Self> {
        Ok(Self {
            service: world.service().await?,
            queue: world.queue.clone(),
            id: unique("schedule"),
        })
    }

    /// Once a day, from the epoch on.
    fn schedule(&self) -> Schedule {
        Schedule {
            spec: Some(every(86_400)),
            action: Some(ScheduleAction {
                action: Some(Action::StartWorkflow(NewWorkflowExecutionInfo {
                    workflow_id: format!("{}-workflow", self.id),
                    workflow_type: Some(WorkflowType {
                        name: "Raw".to_owned(),
                    }),
                    task_queue: task_queue(&self.queue),
                    ..Default::default()
                })),
            }),
            policies: None,
            state: None,
        }
    }

    fn create_request(&self) -> CreateScheduleRequest {
        CreateScheduleRequest {
            namespace: NAMESPACE.to_owned(),
            schedule_id: self.id.clone(),
            schedule: Some(self.schedule()),
            request_id: unique("request"),
            ..Default::default()
        }
    }

    fn update_request(&self) -> UpdateScheduleRequest {
        UpdateScheduleRequest {
            namespace: NAMESPACE.to_owned(),
            schedule_id: self.id.clone(),
            schedule: Some(self.schedule()),
            request_id: unique("request"),
            ..Default::default()
        }
    }

    fn patch_request(&self, patch: SchedulePatch) -> PatchScheduleRequest {
        PatchScheduleRequest {
            namespace: NAMESPACE.to_owned(),
            schedule_id: self.id.clone(),
            patch: Some(patch),
            request_id: unique("request"),
            ..Default::default()
        }
    }

    fn delete_request(&self) -> DeleteScheduleRequest {
        DeleteScheduleRequest {
            namespace: NAMESPACE.to_owned(),
            schedule_id: self.id.clone(),
            identity: String::new(),
        }
    }

    fn describe_request(&self) -> DescribeScheduleRequest {
        DescribeScheduleRequest {
            namespace: NAMESPACE.to_owned(),
            schedule_id: self.id.clone(),
        }
    }

    async fn create(&mut self, change: impl FnOnce(&mut CreateScheduleRequest)) -> Result<()> {
        let mut request = self.create_request();
        change(&mut request);
        self.service.create_schedule(request).await?;
        Ok(())
    }

    async fn patch(&mut self, patch: SchedulePatch) -> Result<()> {
        let request = self.patch_request(patch);
        self.service.patch_schedule(request).await?;
        Ok(())
    }

    async fn described(&mut self) -> Result<DescribeScheduleResponse> {
        let request = self.describe_request();
        Ok(self.service.describe_schedule(request).await?.into_inner())
    }

    /// Waits until the schedule has done what the condition says.
    async fn until(
        &self,
        what: &str,
        condition: impl Fn(&DescribeScheduleResponse) -> bool,
    ) -> DescribeScheduleResponse {
        eventually(what, || async {
            let mut service = self.service.clone();
            let described = service.describe_schedule(self.describe_request()).await;
            described
                .ok()
                .map(tonic::Response::into_inner)
                .filter(&condition)
        })
        .await
    }

    async fn until_info(
        &self,
        what: &str,
        condition: impl Fn(&ScheduleInfo) -> bool,
    ) -> ScheduleInfo {
        let described = self
            .until(what, |it| it.info.as_ref().is_some_and(&condition))
            .await;
        described.info.expect("it has its info")
    }

    async fn delete(&mut self) -> Result<()> {
        let request = self.delete_request();
        self.service.delete_schedule(request).await?;
        Ok(())
    }
}

fn every(seconds: i64) -> ScheduleSpec {
    ScheduleSpec {
        interval: vec![IntervalSpec {
            interval: Some(duration(seconds, 0)),
            phase: None,
        }],
        ..Default::default()
    }
}

fn trigger() -> SchedulePatch {
    SchedulePatch {
        trigger_immediately: Some(TriggerImmediatelyRequest::default()),
        ..Default::default()
    }
}

fn workflow(schedule: &mut Option<Schedule>) -> &mut NewWorkflowExecutionInfo {
    let action = schedule
        .get_or_insert_default()
        .action
        .get_or_insert_default();
    match action.action.as_mut().expect("it starts a workflow") {
        Action::StartWorkflow(workflow) => workflow,
    }
}

fn spec(schedule: &mut Option<Schedule>) -> &mut ScheduleSpec {
    schedule
        .get_or_insert_default()
        .spec
        .get_or_insert_default()
}

async fn a_bad_schedule_is_refused(world: &World) -> Result<()> {
    type Change = fn(&mut CreateScheduleRequest);
    let table: &[(Change, &str)] = &[
        (
            |r| r.schedule_id.clear(),
            "InvalidArgument: Can't load workflow execution.  WorkflowId not set.",
        ),
        (
            |r| r.schedule_id = "x".repeat(990),
            "InvalidArgument: WorkflowId exceeds maximum allowed length (1013/1000)",
        ),
        (
            |r| r.request_id.clear(),
            "InvalidArgument: RequestId is not set on request.",
        ),
        (
            |r| r.request_id = long(),
            "InvalidArgument: RequestId length exceeds limit.",
        ),
        (
            |r| r.namespace = "nowhere".to_owned(),
            "NotFound: Namespace nowhere is not found.",
        ),
        (
            |r| workflow(&mut r.schedule).workflow_type = None,
            "InvalidArgument: WorkflowType is not set on request.",
        ),
        (
            |r| workflow(&mut r.schedule).task_queue = None,
            "InvalidArgument: taskQueue is not set",
        ),
        (
            |r| workflow(&mut r.schedule).workflow_id = "x".repeat(990),
            "InvalidArgument: WorkflowId exceeds maximum allowed length (1011/1000)",
        ),
        (
            |r| workflow(&mut r.schedule).cron_schedule = "* * * * *".to_owned(),
            "InvalidArgument: Scheduled workflow must not contain CronSchedule",
        ),
        (
            |r| {
                let rejects = WorkflowIdReusePolicy::RejectDuplicate;
                workflow(&mut r.schedule).set_workflow_id_reuse_policy(rejects);
            },
            "InvalidArgument: Scheduled workflow must not contain WorkflowIDReusePolicy",
        ),
        (
            |r| workflow(&mut r.schedule).workflow_run_timeout = Some(duration(-1, 0)),
            "InvalidArgument: An invalid WorkflowRunTimeoutSeconds is set on request. cause: negative duration",
        ),
        (
            |r| {
                let unknown = search_attributes(&[("Unknown", "1")]);
                workflow(&mut r.schedule).search_attributes = Some(unknown);
            },
            "InvalidArgument: Namespace default has no mapping defined for search attribute Unknown",
        ),
        (
            |r| r.search_attributes = Some(search_attributes(&[("Unknown", "1")])),
            "InvalidArgument: Namespace default has no mapping defined for search attribute Unknown",
        ),
        (
            |r| *spec(&mut r.schedule) = every(0),
            "InvalidArgument: Invalid schedule spec: interval is too small",
        ),
        (
            |r| *spec(&mut r.schedule) = every(1_000_000_000_000),
            "InvalidArgument: Invalid schedule spec: interval is not a valid duration: proto: duration (seconds:1000000000000) exceeds +10000 years",
        ),
        (
            |r| spec(&mut r.schedule).cron_string = vec!["nonsense".to_owned()],
            "InvalidArgument: Invalid schedule spec: CronString does not have 5-7 fields",
        ),
        (
            |r| spec(&mut r.schedule).timezone_name = "Europe/Nowhere".to_owned(),
            "InvalidArgument: Invalid schedule spec: unknown time zone Europe/Nowhere",
        ),
        (
            |r| spec(&mut r.schedule).timezone_data = b"abc".to_vec(),
            "InvalidArgument: Invalid schedule spec: malformed time zone information",
        ),
        (
            |r| {
                spec(&mut r.schedule).structured_calendar = vec![StructuredCalendarSpec {
                    second: vec![Range {
                        start: 60,
                        ..Default::default()
                    }],
                    comment: "x".repeat(201),
                    ..Default::default()
                }];
            },
            "InvalidArgument: Invalid schedule spec: invalid calendar spec: Second Start is not in range [0-59], comment is too long",
        ),
        (
            |r| {
                spec(&mut r.schedule).calendar = vec![CalendarSpec {
                    hour: "25".to_owned(),
                    month: "foo".to_owned(),
                    ..Default::default()
                }];
            },
            "InvalidArgument: Invalid schedule spec: Hour is not in range [0-23], Month is not in range [1-12]",
        ),
    ];
    let mut case = Case::new(world).await?;
    for (change, answer) in table {
        let mut request = case.create_request();
        change(&mut request);
        // Go's protobuf library puts one of two spaces into its errors, by the build.
        let answered = ended(case.service.create_schedule(request).await);
        assert_eq!(answered.replace('\u{a0}', " "), *answer);
    }
    Ok(())
}

async fn a_request_for_no_schedule_is_refused(world: &World) -> Result<()> {
    let mut case = Case::new(world).await?;
    let none = format!(
        "NotFound: workflow not found for ID: temporal-sys-scheduler:{}",
        case.id
    );
    let request = case.describe_request();
    assert_eq!(ended(case.service.describe_schedule(request).await), none);
    let request = case.update_request();
    assert_eq!(ended(case.service.update_schedule(request).await), none);
    let request = case.patch_request(trigger());
    assert_eq!(ended(case.service.patch_schedule(request).await), none);
    let request = case.delete_request();
    assert_eq!(ended(case.service.delete_schedule(request).await), none);
    let request = ListScheduleMatchingTimesRequest {
        namespace: NAMESPACE.to_owned(),
        schedule_id: case.id.clone(),
        start_time: Some(wkt::Timestamp::default()),
        end_time: Some(wkt::Timestamp::default()),
    };
    let listed = case.service.list_schedule_matching_times(request).await;
    assert_eq!(ended(listed), none);
    case.create(|_| {}).await?;
    let mut request = case.patch_request(trigger());
    request.patch = None;
    assert_eq!(
        ended(case.service.patch_schedule(request).await),
        "InvalidArgument: Patch is not set on request."
    );
    let request = case.patch_request(SchedulePatch {
        pause: "x".repeat(1001),
        ..Default::default()
    });
    assert_eq!(
        ended(case.service.patch_schedule(request).await),
        "InvalidArgument: Schedule notes exceeds limit."
    );
    let mut request = case.update_request();
    request.schedule = None;
    assert_eq!(
        ended(case.service.update_schedule(request).await),
        "InvalidArgument: Only StartWorkflow action is supported for schedules"
    );
    let request = ListScheduleMatchingTimesRequest {
        namespace: NAMESPACE.to_owned(),
        schedule_id: case.id.clone(),
        ..Default::default()
    };
    assert_eq!(
        ended(case.service.list_schedule_matching_times(request).await),
        "InvalidArgument: missing or invalid query"
    );
    for query in ["WorkflowId = 'x'", "StartTime > '2020-01-01T00:00:00Z'"] {
        let request = ListSchedulesRequest {
            namespace: NAMESPACE.to_owned(),
            query: query.to_owned(),
            ..Default::default()
        };
        let field = query.split(' ').next().expect("it has a field");
        assert_eq!(
            ended(case.service.list_schedules(request).await),
            format!(
                "InvalidArgument: invalid query filter for schedules: cannot filter on \"{field}\""
            )
        );
    }
    case.delete().await
}

async fn a_request_is_applied_once(world: &World) -> Result<()> {
    let mut case = Case::new(world).await?;
    let create = case.create_request();
    let created = case
        .service
        .create_schedule(create.clone())
        .await?
        .into_inner();
    let again = case.service.create_schedule(create).await?.into_inner();
    assert_eq!(created, again);
    let other = case.create_request();
    assert_eq!(
        ended(case.service.create_schedule(other).await),
        format!(
            "AlreadyExists: schedule \"{}\" is already registered",
            case.id
        )
    );
    let patch = case.patch_request(trigger());
    case.service.patch_schedule(patch.clone()).await?;
    case.service.patch_schedule(patch).await?;
    case.until_info("the trigger", |info| info.action_count == 1)
        .await;
    let update = case.update_request();
    case.service.update_schedule(update.clone()).await?;
    case.service.update_schedule(update).await?;
    // The real server answers before it applies.
    let described = case
        .until("the update", |it| {
            it.conflict_token != created.conflict_token
        })
        .await;
    assert_eq!(described.conflict_token, 2_u64.to_be_bytes());
    let info = described.info.expect("it has its info");
    // The repeated trigger would have been skipped.
    assert_eq!((info.action_count, info.overlap_skipped), (1, 0));
    case.delete().await?;
    // The id is free again.
    case.create(|_| {}).await?;
    case.delete().await
}

async fn a_schedule_is_described_and_listed(world: &World) -> Result<()> {
    let mut case = Case::new(world).await?;
    case.create(|request| {
        spec(&mut request.schedule).cron_string = vec!["0 12 * * MON-FRI # at noon".to_owned()];
        request.schedule.get_or_insert_default().state = Some(ScheduleState {
            notes: "created".to_owned(),
            paused: true,
            ..Default::default()
        });
        request.memo = Some(durably_proto::api::common::v1::Memo {
            fields: search_attributes(&[("owner", "\"me\"")]).indexed_fields,
        });
    })
    .await?;
    let described = case.described().await?;
    let schedule = described.schedule.expect("it is described");
    let [calendar] = &schedule
        .spec
        .as_ref()
        .expect("it is set")
        .structured_calendar[..]
    else {
        panic!("one calendar: {schedule:?}");
    };
    assert_eq!(calendar.comment, "at noon");
    let weekdays = Range {
        start: 1,
        end: 5,
        step: 1,
    };
    assert_eq!(calendar.day_of_week, [weekdays]);
    let policies = schedule.policies.expect("they are set");
    assert_eq!(policies.overlap_policy(), Overlap::Skip);
    assert_eq!(policies.catchup_window, Some(duration(365 * 86_400, 0)));
    let info = described.info.expect("it is described");
    assert_eq!(info.future_action_times.len(), 10);
    assert!(
        described
            .memo
            .is_some_and(|memo| memo.fields.contains_key("owner"))
    );
    assert_eq!(described.conflict_token, 1_u64.to_be_bytes());

    let list = |query: String| ListSchedulesRequest {
        namespace: NAMESPACE.to_owned(),
        query,
        ..Default::default()
    };
    let by_id = format!("ScheduleId = '{}'", case.id);
    // The real server's lists follow its changes.
    let entry = eventually("the schedule is listed", || async {
        let mut service = case.service.clone();
        let query = format!("{by_id} AND TemporalSchedulePaused = true");
        let listed = service.list_schedules(list(query)).await.ok()?;
        listed.into_inner().schedules.pop()
    })
    .await;
    assert_eq!(entry.schedule_id, case.id);
    let listed = entry.info.expect("it is listed");
    assert_eq!((listed.paused, &*listed.notes), (true, "created"));
    assert_eq!(listed.future_action_times.len(), 5);
    assert_eq!(
        listed.workflow_type.map(|it| it.name).as_deref(),
        Some("Raw")
    );
    let count = CountSchedulesRequest {
        namespace: NAMESPACE.to_owned(),
        query: by_id.clone(),
    };
    assert_eq!(
        case.service
            .count_schedules(count)
            .await?
            .into_inner()
            .count,
        1
    );

    case.patch(SchedulePatch {
        unpause: "go".to_owned(),
        ..Default::default()
    })
    .await?;
    let unpaused = case
        .until("the schedule goes on", |it| {
            it.conflict_token == 2_u64.to_be_bytes()
        })
        .await;
    let state = unpaused
        .schedule
        .and_then(|it| it.state)
        .expect("it is described");
    assert_eq!((state.paused, &*state.notes), (false, "go"));
    case.delete().await?;
    eventually("the schedule is listed no longer", || async {
        let mut service = case.service.clone();
        let listed = service.list_schedules(list(by_id.clone())).await.ok()?;
        listed.into_inner().schedules.is_empty().then_some(())
    })
    .await;
    Ok(())
}

async fn each_overlap_policy_treats_the_run_at_work(world: &World) -> Result<()> {
    for (overlap, buffered, skipped, running) in [
        (Overlap::Skip, 0, 2, 1),
        (Overlap::BufferOne, 1, 1, 1),
        (Overlap::BufferAll, 2, 0, 1),
        (Overlap::CancelOther, 2, 0, 1),
        (Overlap::AllowAll, 0, 0, 0),
    ] {
        let mut case = Case::new(world).await?;
        case.create(|request| {
            request.schedule.get_or_insert_default().policies = Some(SchedulePolicies {
                overlap_policy: overlap.into(),
                ..Default::default()
            });
            request.initial_patch = Some(trigger());
        })
        .await?;
        let first = case
            .until_info("the first run", |info| info.action_count == 1)
            .await;
        for patch in 1..=2 {
            case.patch(SchedulePatch {
                trigger_immediately: Some(TriggerImmediatelyRequest {
                    // Another second, so another workflow id.
                    scheduled_time: Some(wkt::Timestamp {
                        seconds: 1_600_000_000 + i64::from(overlap as i32),
                        nanos: 0,
                    }),
                    ..Default::default()
                }),
                ..Default::default()
            })
            .await?;
            // Of two patches that arrive at once the real server keeps the last.
            if patch == 1 {
                case.until_info("the first trigger", |info| {
                    info.buffer_size + info.overlap_skipped + info.action_count > 1
                })
                .await;
            }
        }
        let info = case
            .until_info("both triggers", |info| {
                info.buffer_size == buffered && info.overlap_skipped == skipped
            })
            .await;
        assert_eq!(info.running_workflows.len(), running, "{overlap:?}");
        let run = first.recent_actions[0]
            .start_workflow_result
            .clone()
            .expect("it has started");
        let workflow_id = run.workflow_id;
        if overlap == Overlap::CancelOther {
            let types = eventually("the cancel request", || async {
                let mut service = case.service.clone();
                let events = events(&mut service, &workflow_id).await.ok()?;
                events
                    .into_iter()
                    .find_map(|event| match event.attributes? {
                        Attributes::WorkflowExecutionCancelRequestedEventAttributes(it) => Some(it),
                        _ => None,
                    })
            })
            .await;
            assert_eq!(types.cause, "cancelled by schedule overlap policy");
            assert_eq!(
                types.identity,
                format!("temporal-scheduler-{NAMESPACE}-{}", case.id)
            );
        }
        case.delete().await?;
    }
    let mut case = Case::new(world).await?;
    case.create(|request| {
        request.schedule.get_or_insert_default().policies = Some(SchedulePolicies {
            overlap_policy: Overlap::TerminateOther.into(),
            ..Default::default()
        });
        request.initial_patch = Some(SchedulePatch {
            trigger_immediately: Some(TriggerImmediatelyRequest {
                scheduled_time: Some(wkt::Timestamp {
                    seconds: 1_600_000_000,
                    nanos: 0,
                }),
                ..Default::default()
            }),
            ..Default::default()
        });
    })
    .await?;
    case.until_info("the first run", |info| info.action_count == 1)
        .await;
    case.patch(trigger()).await?;
    let info = case
        .until_info("the next run", |info| {
            info.action_count == 2
                && info.recent_actions[0].start_workflow_status() == Status::Terminated
        })
        .await;
    assert_eq!(
        info.recent_actions[1].start_workflow_status(),
        Status::Running
    );
    let run = info.recent_actions[0]
        .start_workflow_result
        .clone()
        .expect("it has started");
    let mut service = case.service.clone();
    let end = events(&mut service, &run.workflow_id)
        .await?
        .pop()
        .expect("it has events");
    let Some(Attributes::WorkflowExecutionTerminatedEventAttributes(end)) = end.attributes else {
        panic!("it was terminated: {end:?}");
    };
    assert_eq!(end.reason, "terminated by schedule overlap policy");
    case.delete().await
}

async fn a_trigger_after_an_end_is_not_skipped(world: &World) -> Result<()> {
    let mut case = Case::new(world).await?;
    case.create(|_| ()).await?;
    let mut service = case.service.clone();
    for minute in 0..20 {
        let time = format!("2026-01-02T03:{minute:02}:00Z");
        case.patch(SchedulePatch {
            trigger_immediately: Some(TriggerImmediatelyRequest {
                scheduled_time: Some(time.parse().expect("a time")),
                ..Default::default()
            }),
            ..Default::default()
        })
        .await?;
        let task = workflow_task(&mut service, &case.queue).await?;
        let execution = task.workflow_execution.clone().expect("it is named");
        let expected = format!("{}-workflow-{time}", case.id);
        assert_eq!(execution.workflow_id, expected);
        complete(&mut service, &task, vec![complete_workflow()], vec![]).await?;
    }
    case.delete().await
}

async fn a_started_run_knows_its_schedule_and_the_run_before(world: &World) -> Result<()> {
    let mut case = Case::new(world).await?;
    case.create(|request| {
        workflow(&mut request.schedule).input = payloads(10);
        request.initial_patch = Some(trigger());
    })
    .await?;
    let mut service = case.service.clone();
    let first = workflow_task(&mut service, &case.queue).await?;
    let mut done = complete_workflow();
    if let Some(durably_proto::api::command::v1::command::Attributes::CompleteWorkflowExecutionCommandAttributes(it)) =
        &mut done.attributes
    {
        it.result = payloads(3);
    }
    complete(&mut service, &first, vec![done], vec![]).await?;
    case.patch(SchedulePatch {
        trigger_immediately: Some(TriggerImmediatelyRequest {
            scheduled_time: Some("2026-01-02T03:04:05Z".parse().expect("a time")),
            ..Default::default()
        }),
        ..Default::default()
    })
    .await?;
    let second = workflow_task(&mut service, &case.queue).await?;
    let execution = second.workflow_execution.clone().expect("it is named");
    assert_eq!(
        execution.workflow_id,
        format!("{}-workflow-2026-01-02T03:04:05Z", case.id)
    );
    let started = events(&mut service, &execution.workflow_id)
        .await?
        .remove(0);
    let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = started.attributes
    else {
        panic!("a history begins with its start");
    };
    assert_eq!(started.last_completion_result, payloads(3));
    assert_eq!(started.input, payloads(10));
    assert_eq!(
        started.identity,
        format!("temporal-scheduler-{NAMESPACE}-{}", case.id)
    );
    let attributes = started
        .search_attributes
        .expect("they are set")
        .indexed_fields;
    let text = |name: &str| {
        let payload = attributes.get(name).expect("it is set");
        let value_type = payload.metadata.get("type").cloned().unwrap_or_default();
        (
            String::from_utf8_lossy(&payload.data).into_owned(),
            String::from_utf8_lossy(&value_type).into_owned(),
        )
    };
    let expected = (format!("\"{}\"", case.id), "Keyword".to_owned());
    assert_eq!(text("TemporalScheduledById"), expected);
    let expected = ("\"2026-01-02T03:04:05Z\"".to_owned(), "Datetime".to_owned());
    assert_eq!(text("TemporalScheduledStartTime"), expected);
    // The failure of a run reaches the next one, together with the last result.
    complete(&mut service, &second, vec![fail_workflow()], vec![]).await?;
    case.patch(trigger()).await?;
    let third = workflow_task(&mut service, &case.queue).await?;
    let execution = third.workflow_execution.clone().expect("it is named");
    let started = events(&mut service, &execution.workflow_id)
        .await?
        .remove(0);
    let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = started.attributes
    else {
        panic!("a history begins with its start");
    };
    assert_eq!(started.last_completion_result, payloads(3));
    let failure = started.continued_failure.expect("the run before failed");
    assert_eq!(failure.message, "busy");
    case.delete().await?;
    // A run goes on without its schedule.
    let described = describe(&mut service, &execution.workflow_id).await?;
    let status = described.workflow_execution_info.map(|info| info.status());
    assert_eq!(status, Some(Status::Running));
    complete(&mut service, &third, vec![complete_workflow()], vec![]).await?;
    Ok(())
}

async fn a_failure_pauses_the_schedule(world: &World) -> Result<()> {
    let mut case = Case::new(world).await?;
    case.create(|request| {
        request.schedule.get_or_insert_default().policies = Some(SchedulePolicies {
            pause_on_failure: true,
            overlap_policy: Overlap::BufferAll.into(),
            ..Default::default()
        });
        request.initial_patch = Some(trigger());
    })
    .await?;
    let mut service = case.service.clone();
    let task = workflow_task(&mut service, &case.queue).await?;
    // The real server notices the end at once only while a start waits for it.
    case.patch(trigger()).await?;
    case.until_info("the trigger waits", |info| info.buffer_size == 1)
        .await;
    complete(&mut service, &task, vec![fail_workflow()], vec![]).await?;
    let execution = task.workflow_execution.expect("it is named");
    let described = case
        .until("the schedule pauses", |it| {
            it.schedule
                .as_ref()
                .and_then(|it| it.state.as_ref())
                .is_some_and(|state| state.paused)
        })
        .await;
    let state = described
        .schedule
        .and_then(|it| it.state)
        .expect("it has one");
    assert_eq!(
        state.notes,
        format!(
            "paused due to workflow failure: {}: busy",
            execution.workflow_id
        )
    );
    // What was triggered starts all the same.
    case.until_info("the next run", |info| info.action_count == 2)
        .await;
    case.delete().await
}

async fn limited_actions_run_out(world: &World) -> Result<()> {
    let mut case = Case::new(world).await?;
    case.create(|request| {
        *spec(&mut request.schedule) = every(1);
        let schedule = request.schedule.get_or_insert_default();
        schedule.policies = Some(SchedulePolicies {
            overlap_policy: Overlap::AllowAll.into(),
            ..Default::default()
        });
        schedule.state = Some(ScheduleState {
            limited_actions: true,
            remaining_actions: 2,
            ..Default::default()
        });
    })
    .await?;
    let described = case
        .until("both actions", |it| {
            it.info.as_ref().is_some_and(|info| info.action_count == 2)
        })
        .await;
    let state = described
        .schedule
        .and_then(|it| it.state)
        .expect("it has one");
    assert_eq!(state.remaining_actions, 0);
    let info = described.info.expect("it has its info");
    assert_eq!(info.future_action_times, []);
    let times: Vec<_> = info
        .recent_actions
        .iter()
        .filter_map(|it| it.schedule_time)
        .collect();
    assert_eq!(times[0].seconds + 1, times[1].seconds);
    case.delete().await
}

async fn a_backfill_starts_runs_of_the_past(world: &World) -> Result<()> {
    let mut case = Case::new(world).await?;
    case.create(|_| {}).await?;
    let day = |day: i64| {
        Some(wkt::Timestamp {
            seconds: 1_577_836_800 + day * 86_400,
            nanos: 0,
        })
    };
    case.patch(SchedulePatch {
        backfill_request: vec![BackfillRequest {
            start_time: day(0),
            end_time: day(11),
            overlap_policy: Overlap::AllowAll.into(),
        }],
        ..Default::default()
    })
    .await?;
    let info = case
        .until_info("all runs", |info| info.action_count == 12)
        .await;
    let ids: Vec<_> = info
        .recent_actions
        .iter()
        .filter_map(|it| it.start_workflow_result.as_ref())
        .map(|run| {
            run.workflow_id
                .strip_prefix(&case.id)
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    let expected: Vec<_> = (3..13)
        .map(|day| format!("-workflow-2020-01-{day:02}T00:00:00Z"))
        .collect();
    assert_eq!(ids, expected);
    case.delete().await
}
