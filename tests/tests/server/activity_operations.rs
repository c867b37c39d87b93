//! Activities that operators pause, unpause, reset and give other options: what both servers describe after each step.

use durably::prelude::*;
use durably_proto::api::{
    activity::v1::ActivityOptions,
    command::v1::{Command, ScheduleActivityTaskCommandAttributes, command::Attributes},
    common::v1::{ActivityType, Payload, Payloads, Priority, RetryPolicy, WorkflowExecution},
    enums::v1::CommandType,
    failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
    taskqueue::v1::TaskQueue,
    workflow::v1::{PendingActivityInfo, pending_activity_info::pause_info::PausedBy},
    workflowservice::v1::{
        pause_activity_request::Activity as Paused, reset_activity_request::Activity as Reset,
        unpause_activity_request::Activity as Unpaused,
        update_activity_options_request::Activity as Updated, *,
    },
};
use durably_proto::wkt::{Duration, FieldMask};
use durably_tests::{
    World, on_both_servers,
    raw::{
        NAMESPACE, Service, complete, describe, events, task_queue, terminate, within,
        workflow_task,
    },
};
use tonic::{Code, Status};

on_both_servers! {
    a_pause_holds_the_next_attempt
    attempts_are_reset
    options_are_changed_and_restored
    what_operations_refuse
}

/// A workflow with one activity `a` of type `Activity`, and what a worker of it has in hand.
struct Case<'a> {
    world: &'a World,
    service: Service,
    execution: WorkflowExecution,
    token: Vec<u8>,
}

impl<'a> Case<'a> {
    async fn new(world: &'a World) -> Result<Self> {
        let mut service = world.service().await?;
        let request = world.start_request();
        let workflow_id = request.workflow_id.clone();
        service.start_workflow_execution(request).await?;
        let task = workflow_task(&mut service, &world.queue).await?;
        let activity = ScheduleActivityTaskCommandAttributes {
            activity_id: "a".to_owned(),
            activity_type: Some(ActivityType {
                name: "Activity".to_owned(),
            }),
            task_queue: task_queue(&world.queue),
            start_to_close_timeout: seconds(60),
            retry_policy: Some(RetryPolicy {
                initial_interval: seconds(600),
                maximum_attempts: 9,
                non_retryable_error_types: vec!["Hopeless".to_owned()],
                ..Default::default()
            }),
            ..Default::default()
        };
        let command = Command {
            command_type: CommandType::ScheduleActivityTask.into(),
            attributes: Some(Attributes::ScheduleActivityTaskCommandAttributes(activity)),
            ..Default::default()
        };
        complete(&mut service, &task, vec![command], Vec::new()).await?;
        Ok(Self {
            world,
            service,
            execution: WorkflowExecution {
                workflow_id,
                run_id: String::new(),
            },
            token: Vec::new(),
        })
    }

    /// Takes the attempt from a queue: its number, and the details of the last heartbeat.
    async fn poll_on(&mut self, queue: &str) -> Result<String> {
        let request = PollActivityTaskQueueRequest {
            namespace: NAMESPACE.to_owned(),
            task_queue: task_queue(queue),
            identity: "worker".to_owned(),
            ..Default::default()
        };
        let polled = self
            .service
            .poll_activity_task_queue(within(60, request))
            .await?
            .into_inner();
        self.token = polled.task_token;
        Ok(format!(
            "attempt {} after {}",
            polled.attempt,
            text(polled.heartbeat_details)
        ))
    }

    async fn poll(&mut self) -> Result<String> {
        let queue = self.world.queue.clone();
        self.poll_on(&queue).await
    }

    /// What a heartbeat is answered.
    async fn heartbeat(&mut self, details: &str) -> String {
        let request = RecordActivityTaskHeartbeatRequest {
            namespace: NAMESPACE.to_owned(),
            task_token: self.token.clone(),
            details: Some(Payloads {
                payloads: vec![Payload {
                    data: details.as_bytes().to_vec(),
                    ..Default::default()
                }],
            }),
            identity: "worker".to_owned(),
            ..Default::default()
        };
        match self.service.record_activity_task_heartbeat(request).await {
            Ok(reply) => {
                let reply = reply.into_inner();
                let flags = [
                    (reply.cancel_requested, "cancelled"),
                    (reply.activity_paused, "paused"),
                    (reply.activity_reset, "reset"),
                ];
                let set = flags.iter().filter(|(is_set, _)| *is_set);
                set.map(|(_, name)| *name).collect::<Vec<_>>().join(" ")
            }
            Err(status) => format!("{:?}", status.code()),
        }
    }

    async fn fail(&mut self, kind: &str) -> Result<()> {
        let request = RespondActivityTaskFailedRequest {
            namespace: NAMESPACE.to_owned(),
            task_token: self.token.clone(),
            failure: Some(Failure {
                message: "busy".to_owned(),
                failure_info: Some(FailureInfo::ApplicationFailureInfo(
                    ApplicationFailureInfo {
                        r#type: kind.to_owned(),
                        ..Default::default()
                    },
                )),
                ..Default::default()
            }),
            identity: "worker".to_owned(),
            ..Default::default()
        };
        self.service.respond_activity_task_failed(request).await?;
        Ok(())
    }

    fn pause_request(&self, request_id: &str) -> PauseActivityRequest {
        PauseActivityRequest {
            namespace: NAMESPACE.to_owned(),
            execution: Some(self.execution.clone()),
            identity: "operator".to_owned(),
            reason: "maintenance".to_owned(),
            request_id: request_id.to_owned(),
            activity: Some(Paused::Id("a".to_owned())),
        }
    }

    async fn pause(&mut self) -> Result<()> {
        let request = self.pause_request("pause");
        self.service.pause_activity(request).await?;
        Ok(())
    }

    async fn unpause(&mut self, change: impl FnOnce(&mut UnpauseActivityRequest)) -> Result<()> {
        let mut request = UnpauseActivityRequest {
            namespace: NAMESPACE.to_owned(),
            execution: Some(self.execution.clone()),
            activity: Some(Unpaused::UnpauseAll(true)),
            ..Default::default()
        };
        change(&mut request);
        self.service.unpause_activity(request).await?;
        Ok(())
    }

    async fn reset(&mut self, change: impl FnOnce(&mut ResetActivityRequest)) -> Result<()> {
        let mut request = ResetActivityRequest {
            namespace: NAMESPACE.to_owned(),
            execution: Some(self.execution.clone()),
            activity: Some(Reset::Type("Activity".to_owned())),
            ..Default::default()
        };
        change(&mut request);
        self.service.reset_activity(request).await?;
        Ok(())
    }

    async fn update(
        &mut self,
        fields: &[&str],
        options: ActivityOptions,
    ) -> std::result::Result<ActivityOptions, Status> {
        let request = UpdateActivityOptionsRequest {
            namespace: NAMESPACE.to_owned(),
            execution: Some(self.execution.clone()),
            activity_options: Some(options),
            update_mask: Some(FieldMask {
                paths: fields.iter().map(ToString::to_string).collect(),
            }),
            activity: Some(Updated::MatchAll(true)),
            ..Default::default()
        };
        let updated = self.service.update_activity_options(request).await?;
        Ok(updated.into_inner().activity_options.unwrap_or_default())
    }

    async fn described(&mut self) -> Result<PendingActivityInfo> {
        let id = self.execution.workflow_id.clone();
        let mut found = describe(&mut self.service, &id).await?.pending_activities;
        assert_eq!(found.len(), 1, "{found:?}");
        Ok(found.remove(0))
    }

    /// The activity in a line, without times.
    async fn shown(&mut self) -> Result<String> {
        let info = self.described().await?;
        let mut line = format!("{:?} attempt={}", info.state(), info.attempt);
        if let Some(pause) = &info.pause_info {
            let Some(PausedBy::Manual(manual)) = &pause.paused_by else {
                panic!("paused by a person: {pause:?}");
            };
            line += &format!(" by={} because={}", manual.identity, manual.reason);
        }
        assert_eq!(info.paused, info.pause_info.is_some());
        if let Some(failure) = &info.last_failure {
            line += &format!(" failure={}", failure.message);
        }
        if info.next_attempt_schedule_time.is_some() {
            line += " backoff";
        }
        Ok(format!("{line} heartbeat={}", text(info.heartbeat_details)))
    }

    /// The search attribute of pauses.
    async fn pauses(&mut self) -> Result<Option<String>> {
        let id = self.execution.workflow_id.clone();
        let info = describe(&mut self.service, &id)
            .await?
            .workflow_execution_info;
        let attributes = info
            .unwrap_or_default()
            .search_attributes
            .unwrap_or_default();
        let pauses = attributes.indexed_fields.get("TemporalPauseInfo");
        Ok(pauses.map(|it| String::from_utf8_lossy(&it.data).into_owned()))
    }

    async fn ends(mut self) -> Result<()> {
        terminate(&mut self.service, &self.execution.workflow_id).await?;
        Ok(())
    }
}

fn text(payloads: Option<Payloads>) -> String {
    let payloads = payloads.unwrap_or_default().payloads;
    match payloads.first() {
        Some(payload) => String::from_utf8_lossy(&payload.data).into_owned(),
        None => "none".to_owned(),
    }
}

fn seconds(seconds: i64) -> Option<Duration> {
    Some(Duration { seconds, nanos: 0 })
}

async fn a_pause_holds_the_next_attempt(world: &World) -> Result<()> {
    let mut case = Case::new(world).await?;
    case.pause().await?;
    let paused = "by=operator because=maintenance";
    assert_eq!(
        case.shown().await?,
        format!("Paused attempt=1 {paused} heartbeat=none")
    );
    let types = "[\"property:activityType=Activity\"]";
    assert_eq!(case.pauses().await?.as_deref(), Some(types));
    // The same request again.
    case.pause().await?;
    case.unpause(|_| {}).await?;
    case.unpause(|_| {}).await?;
    assert_eq!(case.shown().await?, "Scheduled attempt=1 heartbeat=none");
    assert_eq!(case.pauses().await?, None);
    assert_eq!(case.poll().await?, "attempt 1 after none");
    assert_eq!(case.heartbeat("1").await, "");
    case.pause().await?;
    assert_eq!(case.heartbeat("2").await, "paused");
    assert_eq!(
        case.shown().await?,
        format!("PauseRequested attempt=1 {paused} heartbeat=2")
    );
    case.unpause(|_| {}).await?;
    assert_eq!(case.heartbeat("3").await, "");
    case.pause().await?;
    case.fail("Busy").await?;
    assert_eq!(
        case.shown().await?,
        format!("Paused attempt=2 {paused} failure=busy heartbeat=3")
    );
    case.unpause(|_| {}).await?;
    assert_eq!(case.shown().await?, "Scheduled attempt=2 heartbeat=3");
    assert_eq!(case.poll().await?, "attempt 2 after 3");
    case.fail("Busy").await?;
    assert_eq!(
        case.shown().await?,
        "Scheduled attempt=3 failure=busy backoff heartbeat=3"
    );
    case.pause().await?;
    case.unpause(|request| {
        request.reset_attempts = true;
        request.reset_heartbeat = true;
        request.jitter = seconds(300);
    })
    .await?;
    assert_eq!(
        case.shown().await?,
        "Scheduled attempt=1 backoff heartbeat=none"
    );
    case.pause().await?;
    case.unpause(|_| {}).await?;
    assert_eq!(case.poll().await?, "attempt 1 after none");
    case.pause().await?;
    // A failure for good ends it.
    case.fail("Hopeless").await?;
    let history = events(&mut case.service, &case.execution.workflow_id).await?;
    let last: Vec<_> = history.iter().map(|event| event.event_type()).collect();
    assert_eq!(
        last[4..],
        [
            durably_proto::api::enums::v1::EventType::ActivityTaskScheduled,
            durably_proto::api::enums::v1::EventType::ActivityTaskStarted,
            durably_proto::api::enums::v1::EventType::ActivityTaskFailed,
            durably_proto::api::enums::v1::EventType::WorkflowTaskScheduled,
        ]
    );
    case.ends().await
}

async fn attempts_are_reset(world: &World) -> Result<()> {
    let mut case = Case::new(world).await?;
    case.poll().await?;
    case.heartbeat("1").await;
    case.fail("Busy").await?;
    case.reset(|_| {}).await?;
    assert_eq!(case.shown().await?, "Scheduled attempt=1 heartbeat=1");
    assert_eq!(case.poll().await?, "attempt 1 after 1");
    case.reset(|request| request.reset_heartbeat = true).await?;
    assert_eq!(case.heartbeat("2").await, "reset");
    assert_eq!(case.shown().await?, "Started attempt=1 heartbeat=2");
    case.fail("Busy").await?;
    assert_eq!(
        case.shown().await?,
        "Scheduled attempt=2 failure=busy backoff heartbeat=none"
    );
    case.pause().await?;
    let paused = "by=operator because=maintenance";
    case.reset(|request| request.keep_paused = true).await?;
    assert_eq!(
        case.shown().await?,
        format!("Paused attempt=1 {paused} failure=busy heartbeat=none")
    );
    case.reset(|request| request.jitter = seconds(300)).await?;
    assert_eq!(
        case.shown().await?,
        "Scheduled attempt=1 backoff heartbeat=none"
    );
    case.reset(|_| {}).await?;
    assert_eq!(case.poll().await?, "attempt 1 after none");
    case.fail("Busy").await?;
    case.pause().await?;
    case.unpause(|_| {}).await?;
    assert_eq!(case.poll().await?, "attempt 2 after none");
    case.pause().await?;
    case.reset(|request| request.keep_paused = true).await?;
    // The token names the second attempt, which there is no more.
    assert_eq!(case.heartbeat("3").await, "NotFound");
    assert_eq!(
        case.shown().await?,
        format!("PauseRequested attempt=1 {paused} heartbeat=none")
    );
    case.ends().await
}

async fn options_are_changed_and_restored(world: &World) -> Result<()> {
    let mut case = Case::new(world).await?;
    let before = case.described().await?.activity_options;
    let other = format!("{}-other", world.queue);
    let options = ActivityOptions {
        task_queue: task_queue(&other),
        heartbeat_timeout: seconds(100),
        schedule_to_close_timeout: seconds(2000),
        retry_policy: Some(RetryPolicy {
            initial_interval: seconds(5),
            maximum_attempts: 3,
            ..Default::default()
        }),
        priority: Some(Priority {
            priority_key: 2,
            fairness_key: "k".to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let replied = case
        .update(
            &[
                "task_queue.name",
                "HeartbeatTimeout",
                "scheduleToCloseTimeout",
                "retry_policy.initial_interval",
                "retryPolicy.maximumAttempts",
                "priority",
                "nonsense",
            ],
            options,
        )
        .await?;
    let expected = ActivityOptions {
        task_queue: task_queue(&other),
        schedule_to_close_timeout: seconds(2000),
        schedule_to_start_timeout: seconds(2000),
        start_to_close_timeout: seconds(60),
        heartbeat_timeout: seconds(60),
        retry_policy: Some(RetryPolicy {
            initial_interval: seconds(5),
            backoff_coefficient: 2.0,
            maximum_interval: seconds(60000),
            maximum_attempts: 3,
            non_retryable_error_types: Vec::new(),
        }),
        priority: Some(Priority {
            priority_key: 2,
            fairness_key: "k".to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let plain = |mut options: ActivityOptions| {
        let queue = options.task_queue.unwrap_or_default();
        options.task_queue = Some(TaskQueue {
            name: queue.name,
            ..Default::default()
        });
        options
    };
    assert_eq!(plain(replied), plain(expected.clone()));
    let described = case.described().await?;
    assert_eq!(described.expiration_time, None);
    assert_eq!(described.maximum_attempts, 3);
    assert_eq!(described.priority, expected.priority);
    let shown = described.activity_options.unwrap_or_default();
    assert_eq!(plain(shown), plain(expected));
    assert_eq!(case.poll_on(&other).await?, "attempt 1 after none");
    case.fail("Busy").await?;
    // The pause is measured again, with the policy that holds now.
    let options = ActivityOptions {
        retry_policy: Some(RetryPolicy {
            initial_interval: seconds(50),
            ..Default::default()
        }),
        ..Default::default()
    };
    case.update(&["retry_policy.initial_interval"], options)
        .await?;
    assert_eq!(
        case.shown().await?,
        "Scheduled attempt=2 backoff heartbeat=none"
    );
    let described = case.described().await?;
    assert_eq!(described.current_retry_interval, seconds(100));
    let restore = UpdateActivityOptionsRequest {
        namespace: NAMESPACE.to_owned(),
        execution: Some(case.execution.clone()),
        restore_original: true,
        activity: Some(Updated::Id("a".to_owned())),
        ..Default::default()
    };
    case.service.update_activity_options(restore).await?;
    let described = case.described().await?;
    assert_eq!(described.activity_options, before);
    assert_eq!(described.current_retry_interval, seconds(1200));
    case.ends().await
}

/// What makes a request wrong.
type Change = fn(&mut PauseActivityRequest);

async fn what_operations_refuse(world: &World) -> Result<()> {
    let mut case = Case::new(world).await?;
    let code = |result: std::result::Result<(), Status>| match result {
        Ok(()) => "done".to_owned(),
        Err(status) => format!("{:?}: {}", status.code(), status.message()),
    };
    let missing = "NotFound: Can't find pending activity with such ID. Invalid activityID or activity already completed";
    let unnamed = "InvalidArgument: Either Activity.Id or Activity.Type should be set on request.";
    let cases: [(&str, Change); 6] = [
        (unnamed, |request| request.activity = None),
        (missing, |request| {
            request.activity = Some(Paused::Id("b".to_owned()))
        }),
        (missing, |request| {
            request.activity = Some(Paused::Type("B".to_owned()))
        }),
        (
            "InvalidArgument: WorkflowId is not set on request.",
            |request| request.execution = None,
        ),
        ("InvalidArgument: RunId is not valid UUID.", |request| {
            request.execution.get_or_insert_default().run_id = "nonsense".to_owned();
        }),
        ("NotFound: Namespace nowhere is not found.", |request| {
            request.namespace = "nowhere".to_owned();
        }),
    ];
    for (expected, change) in cases {
        let mut request = case.pause_request("pause");
        change(&mut request);
        let answer = case.service.pause_activity(request).await;
        assert_eq!(code(answer.map(|_| ())), expected);
    }
    case.pause().await?;
    let another = case.pause_request("another");
    let answer = case.service.pause_activity(another).await;
    assert_eq!(
        code(answer.map(|_| ())),
        "FailedPrecondition: activity is already paused"
    );
    for (expected, fields, options) in [
        (
            "TaskQueue is not provided",
            &["task_queue.name"][..],
            ActivityOptions::default(),
        ),
        (
            "priority key can't be negative",
            &["priority"],
            ActivityOptions {
                priority: Some(Priority {
                    priority_key: -1,
                    ..Default::default()
                }),
                ..Default::default()
            },
        ),
        (
            "MaximumAttempts cannot be negative on retry policy.",
            &["retry_policy.maximum_attempts"],
            ActivityOptions {
                retry_policy: Some(RetryPolicy {
                    maximum_attempts: -1,
                    ..Default::default()
                }),
                ..Default::default()
            },
        ),
        (
            "invalid HeartbeatTimeout: negative duration",
            &["heartbeat_timeout"],
            ActivityOptions {
                heartbeat_timeout: seconds(-1),
                ..Default::default()
            },
        ),
        (
            "a valid StartToCloseTimeout or ScheduleToCloseTimeout must be set on the activity. ActivityId=a ActivityType=Activity",
            &["start_to_close_timeout"],
            ActivityOptions::default(),
        ),
    ] {
        let refused = case.update(fields, options).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert_eq!(refused.message(), expected);
    }
    let id = case.execution.workflow_id.clone();
    terminate(&mut case.service, &id).await?;
    let answer = case
        .service
        .pause_activity(case.pause_request("later"))
        .await;
    assert_eq!(
        code(answer.map(|_| ())),
        "NotFound: workflow execution already completed"
    );
    Ok(())
}
