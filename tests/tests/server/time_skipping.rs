//! Time skipping of one workflow: histories, fast-forwards, and what is passed on.

use durably::Result;
use durably_proto::{
    api::{
        command::v1::{
            Command, ContinueAsNewWorkflowExecutionCommandAttributes,
            ScheduleActivityTaskCommandAttributes, StartChildWorkflowExecutionCommandAttributes,
            StartTimerCommandAttributes, command::Attributes,
        },
        common::v1::{
            ActivityType, FastForwardConfig, RetryPolicy, TimeSkippingConfig, WorkflowExecution,
            WorkflowType,
        },
        enums::v1::{CommandType, EventType, FastForwardPollingResult as Polled},
        history::v1::{HistoryEvent, history_event::Attributes as Event},
        workflow::v1::WorkflowExecutionOptions,
        workflowservice::v1::{
            PollActivityTaskQueueRequest, PollWorkflowExecutionTimeSkippingRequest,
            PollWorkflowExecutionTimeSkippingResponse, ResetWorkflowExecutionRequest,
            RespondActivityTaskCompletedRequest, RespondActivityTaskFailedRequest,
            SignalWithStartWorkflowExecutionRequest, SignalWorkflowExecutionRequest,
            StartWorkflowExecutionRequest, UpdateWorkflowExecutionOptionsRequest,
        },
    },
    wkt,
};
use durably_tests::{
    World, eventually, on_both_servers,
    raw::{self, NAMESPACE, Service, ended},
    unique,
};
use tonic::Status;

on_both_servers! {
    a_month_passes_at_once
    a_fast_forward_is_polled_until_it_is_reached
    a_fast_forward_ends_when_its_time_passes_at_work
    a_poll_ends_when_the_fast_forward_cannot_complete
    skipping_is_switched_on_and_off
    skipping_ends_after_so_many_skips
    a_child_takes_over_the_time_and_the_configuration
    a_child_may_be_left_out
    a_chain_of_runs_goes_on_in_one_time
    retries_are_skipped_to
    timeouts_and_delays_are_skipped_to
    a_signal_with_start_skips_time
    a_reset_run_has_the_time_of_the_point
    a_configuration_that_makes_no_sense_is_refused
    a_part_of_a_configuration_is_not_updated
}

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// A workflow whose tasks a test answers.
struct Scene<'a> {
    world: &'a World,
    service: Service,
    id: String,
}

impl<'a> Scene<'a> {
    async fn start(
        world: &'a World,
        config: Option<TimeSkippingConfig>,
        change: impl FnOnce(&mut StartWorkflowExecutionRequest),
    ) -> Result<Self> {
        let mut request = StartWorkflowExecutionRequest {
            time_skipping_config: config,
            ..world.start_request()
        };
        change(&mut request);
        let mut scene = Self::of(world, &request.workflow_id).await?;
        scene.service.start_workflow_execution(request).await?;
        Ok(scene)
    }

    async fn skipping(world: &'a World, config: TimeSkippingConfig) -> Result<Self> {
        Self::start(world, Some(config), |_| {}).await
    }

    async fn of(world: &'a World, id: &str) -> Result<Self> {
        Ok(Self {
            world,
            service: world.service().await?,
            id: id.to_owned(),
        })
    }

    /// Answers the next workflow task.
    async fn work(&mut self, commands: Vec<Command>) -> Result<()> {
        self.work_on(&self.world.queue, commands).await
    }

    async fn work_on(&self, queue: &str, commands: Vec<Command>) -> Result<()> {
        let mut service = self.service.clone();
        let task = raw::workflow_task(&mut service, queue).await?;
        raw::complete(&mut service, &task, commands, Vec::new()).await?;
        Ok(())
    }

    async fn signal(&mut self) -> Result<()> {
        let signal = SignalWorkflowExecutionRequest {
            namespace: NAMESPACE.to_owned(),
            workflow_execution: raw::execution(&self.id),
            signal_name: "go".to_owned(),
            request_id: unique("signal"),
            ..Default::default()
        };
        self.service.signal_workflow_execution(signal).await?;
        Ok(())
    }

    async fn update(
        &mut self,
        config: Option<TimeSkippingConfig>,
    ) -> Result<Option<TimeSkippingConfig>> {
        let request = update_of(&self.id, config, "time_skipping_config");
        let service = &mut self.service;
        let updated = service.update_workflow_execution_options(request).await?;
        let options = updated.into_inner().workflow_execution_options;
        Ok(options.and_then(|options| options.time_skipping_config))
    }

    async fn poll(
        &mut self,
        id: &str,
    ) -> std::result::Result<PollWorkflowExecutionTimeSkippingResponse, Status> {
        let service = &mut self.service;
        let request = raw::within(30, poll_of(&self.id, id));
        let polled = service
            .poll_workflow_execution_time_skipping(request)
            .await?;
        Ok(polled.into_inner())
    }

    async fn effective(&mut self) -> Result<Option<TimeSkippingConfig>> {
        let described = raw::describe(&mut self.service, &self.id).await?;
        let info = described.workflow_extended_info;
        let info = info.and_then(|it| it.time_skipping_info);
        Ok(info.and_then(|it| it.effective_config))
    }

    /// How far the run is ahead of the machine, in whole hours.
    async fn ahead(&mut self) -> Result<i64> {
        let described = raw::describe(&mut self.service, &self.id).await?;
        let info = described.workflow_extended_info;
        let info = info.and_then(|it| it.time_skipping_info);
        let now = info.and_then(|it| it.current_time).unwrap_or_default();
        let machine = std::time::UNIX_EPOCH.elapsed().expect("it is later");
        let machine = i64::try_from(machine.as_secs()).expect("seconds fit");
        Ok((now.seconds - machine + HOUR / 2) / HOUR)
    }

    async fn events(&mut self) -> Result<Vec<HistoryEvent>> {
        raw::events(&mut self.service, &self.id).await
    }

    /// The events as lines; skips have no times, which differ by what the machine needs.
    async fn lines(&mut self) -> Result<Vec<String>> {
        Ok(self.events().await?.iter().map(line).collect())
    }

    async fn terminate(&mut self) -> Result<()> {
        raw::terminate(&mut self.service, &self.id).await
    }
}

fn line(event: &HistoryEvent) -> String {
    let name = event.event_type().as_str_name();
    let name = name.trim_start_matches("EVENT_TYPE_").to_lowercase();
    let detail = match &event.attributes {
        Some(Event::WorkflowExecutionTimeSkippingTransitionedEventAttributes(it)) => {
            assert!(event.worker_may_ignore && it.wall_clock_time.is_some());
            let skipped = it.target_time.map(|_| " skipped");
            let ended = it.disabled_after_fast_forward.then_some(" ended");
            [skipped, ended].map(Option::unwrap_or_default).concat()
        }
        Some(Event::WorkflowExecutionOptionsUpdatedEventAttributes(it)) => {
            assert!(event.worker_may_ignore);
            format!(
                " {}{}",
                it.time_skipping_config_updated,
                shown(it.time_skipping_config.as_ref())
            )
        }
        Some(Event::WorkflowExecutionStartedEventAttributes(it)) => {
            shown(it.time_skipping_config.as_ref())
        }
        _ => String::new(),
    };
    name + &detail
}

fn shown(config: Option<&TimeSkippingConfig>) -> String {
    let Some(config) = config else {
        return String::new();
    };
    let state = if config.enabled { " on" } else { " off" };
    let forward = config.fast_forward_config.as_ref();
    let forward = forward.map_or(String::new(), |it| format!(" to {}", it.id));
    format!("{state}{forward} {}", config.max_session_skip_count)
}

fn on() -> TimeSkippingConfig {
    TimeSkippingConfig {
        enabled: true,
        ..TimeSkippingConfig::default()
    }
}

fn off() -> TimeSkippingConfig {
    TimeSkippingConfig::default()
}

fn forward(id: &str, by: i64) -> TimeSkippingConfig {
    TimeSkippingConfig {
        fast_forward_config: Some(FastForwardConfig {
            id: id.to_owned(),
            duration: seconds(by),
        }),
        ..on()
    }
}

fn seconds(seconds: i64) -> Option<wkt::Duration> {
    Some(wkt::Duration { seconds, nanos: 0 })
}

fn timer(id: &str, after: i64) -> Command {
    raw::command(
        CommandType::StartTimer,
        Attributes::StartTimerCommandAttributes(StartTimerCommandAttributes {
            timer_id: id.to_owned(),
            start_to_fire_timeout: seconds(after),
        }),
    )
}

fn child(id: &str, queue: &str) -> Command {
    raw::command(
        CommandType::StartChildWorkflowExecution,
        Attributes::StartChildWorkflowExecutionCommandAttributes(
            StartChildWorkflowExecutionCommandAttributes {
                workflow_id: id.to_owned(),
                workflow_type: Some(WorkflowType {
                    name: "Child".to_owned(),
                }),
                task_queue: raw::task_queue(queue),
                ..Default::default()
            },
        ),
    )
}

fn poll_of(workflow_id: &str, id: &str) -> PollWorkflowExecutionTimeSkippingRequest {
    PollWorkflowExecutionTimeSkippingRequest {
        namespace: NAMESPACE.to_owned(),
        workflow_execution: raw::execution(workflow_id),
        fast_forward_id: id.to_owned(),
    }
}

fn update_of(
    workflow_id: &str,
    config: Option<TimeSkippingConfig>,
    path: &str,
) -> UpdateWorkflowExecutionOptionsRequest {
    UpdateWorkflowExecutionOptionsRequest {
        namespace: NAMESPACE.to_owned(),
        workflow_execution: raw::execution(workflow_id),
        workflow_execution_options: Some(WorkflowExecutionOptions {
            time_skipping_config: config,
            ..Default::default()
        }),
        update_mask: Some(wkt::FieldMask {
            paths: vec![path.to_owned()],
        }),
        identity: "operator".to_owned(),
    }
}

const FIRST_TASK: [&str; 3] = [
    "workflow_task_scheduled",
    "workflow_task_started",
    "workflow_task_completed",
];

/// The lines of a history that begins with a first task.
fn begun<'a>(started: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    let first = [started].into_iter().chain(FIRST_TASK);
    first.chain(rest.iter().copied()).collect()
}

async fn a_month_passes_at_once(world: &World) -> Result<()> {
    let mut scene = Scene::skipping(world, on()).await?;
    scene.work(vec![timer("t", 30 * DAY)]).await?;
    scene.work(vec![raw::complete_workflow()]).await?;
    let expected = begun(
        "workflow_execution_started on 200",
        &[
            "timer_started",
            "workflow_execution_time_skipping_transitioned skipped",
            "timer_fired",
            "workflow_task_scheduled",
            "workflow_task_started",
            "workflow_task_completed",
            "workflow_execution_completed",
        ],
    );
    assert_eq!(scene.lines().await?, expected);
    let described = raw::describe(&mut scene.service, &scene.id).await?;
    let info = described.workflow_execution_info.unwrap_or_default();
    let took = info.execution_duration.unwrap_or_default().seconds;
    assert!((30 * DAY..31 * DAY).contains(&took), "it took {took} s");
    Ok(())
}

async fn a_fast_forward_is_polled_until_it_is_reached(world: &World) -> Result<()> {
    let mut scene = Scene::skipping(world, forward("first", DAY)).await?;
    let mut poller = Scene::of(world, &scene.id).await?;
    let poll = tokio::spawn({
        let mut service = poller.service.clone();
        let request = raw::within(30, poll_of(&scene.id, "first"));
        async move { service.poll_workflow_execution_time_skipping(request).await }
    });
    scene
        .work(vec![timer("a", HOUR), timer("b", 2 * DAY)])
        .await?;
    scene.work(Vec::new()).await?;
    let polled = poll.await.expect("it does not panic")?.into_inner();
    assert_eq!(
        polled.fast_forward_polling_result(),
        Polled::FastForwardCompleted
    );
    let info = polled.fast_forward_info.unwrap_or_default();
    assert_eq!(
        (&*info.fast_forward_id, info.has_completed),
        ("first", true)
    );
    assert_eq!(info.fast_forward_duration, seconds(DAY));
    let events = scene.events().await?;
    let started = events[0].event_time.unwrap_or_default();
    let target = info.target_time.unwrap_or_default();
    assert_eq!(target.seconds - started.seconds, DAY);
    assert_eq!(scene.ahead().await?, 24);

    // The same is reached by one that is idle, at once.
    let updated = scene.update(Some(forward("second", HOUR))).await?;
    assert_eq!(updated.map(|it| it.enabled), Some(false));
    let polled = scene.poll("second").await?;
    assert_eq!(
        polled.fast_forward_polling_result(),
        Polled::FastForwardCompleted
    );
    let polled = poller.poll("first").await?;
    assert_eq!(
        (polled.fast_forward_polling_result(), &*polled.failed_reason),
        (
            Polled::FastForwardFailed,
            "the requested fast_forward_id does not match the execution's current fast-forward"
        )
    );
    assert_eq!(
        polled.fast_forward_info.map(|it| it.fast_forward_id),
        Some("second".into())
    );
    let expected = begun(
        "workflow_execution_started on to first 200",
        &[
            "timer_started",
            "timer_started",
            "workflow_execution_time_skipping_transitioned skipped",
            "timer_fired",
            "workflow_task_scheduled",
            "workflow_task_started",
            "workflow_task_completed",
            "workflow_execution_time_skipping_transitioned skipped ended",
            "workflow_execution_options_updated true off to second 200",
            "workflow_execution_time_skipping_transitioned skipped ended",
        ],
    );
    assert_eq!(scene.lines().await?, expected);
    assert_eq!(scene.ahead().await?, 25);
    scene.terminate().await
}

async fn a_fast_forward_ends_when_its_time_passes_at_work(world: &World) -> Result<()> {
    let mut scene = Scene::skipping(world, forward("f", 1)).await?;
    let task = raw::workflow_task(&mut scene.service, &world.queue).await?;
    let polled = scene.poll("f").await?;
    assert_eq!(
        polled.fast_forward_polling_result(),
        Polled::FastForwardCompleted
    );
    let commands = vec![timer("t", DAY)];
    raw::complete(&mut scene.service, &task, commands, Vec::new()).await?;
    let expected = begun(
        "workflow_execution_started on to f 200",
        &[
            "timer_started",
            "workflow_execution_time_skipping_transitioned ended",
            "workflow_task_scheduled",
        ],
    );
    assert_eq!(scene.lines().await?, expected);
    assert_eq!(scene.ahead().await?, 0);
    scene.terminate().await
}

async fn a_poll_ends_when_the_fast_forward_cannot_complete(world: &World) -> Result<()> {
    const OTHER: &str =
        "the requested fast_forward_id does not match the execution's current fast-forward";
    for (change, expected) in [
        (
            Change::Terminate,
            "the execution ended before the fast-forward completed",
        ),
        (Change::Update(off()), OTHER),
        (Change::Update(on()), OTHER),
        (
            Change::Update(forward("f", 2 * HOUR)),
            "the fast-forward was reset",
        ),
    ] {
        let mut scene = Scene::skipping(world, forward("f", HOUR)).await?;
        let poll = tokio::spawn({
            let mut service = scene.service.clone();
            let request = raw::within(30, poll_of(&scene.id, "f"));
            async move { service.poll_workflow_execution_time_skipping(request).await }
        });
        // The poll may come after the change, which some changes hide from it.
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        match change {
            Change::Terminate => scene.terminate().await?,
            Change::Update(config) => {
                scene.update(Some(config)).await?;
            }
        }
        let polled = poll.await.expect("it does not panic")?.into_inner();
        assert_eq!(
            polled.fast_forward_polling_result(),
            Polled::FastForwardFailed
        );
        assert_eq!(polled.failed_reason, expected);
        let _ = scene.terminate().await;
    }
    let mut scene = Scene::skipping(world, on()).await?;
    let polled = scene.poll("f").await?;
    assert_eq!(
        (&*polled.failed_reason, polled.fast_forward_info),
        (OTHER, None)
    );
    for (workflow_id, id, expected) in [
        (
            &*scene.id,
            " ",
            "InvalidArgument: Time skipping config invalid: fast_forward_id must be set",
        ),
        (
            "",
            "f",
            "InvalidArgument: WorkflowId is not set on request.",
        ),
        ("nobody", "f", "NotFound: workflow not found for ID: nobody"),
    ] {
        let request = poll_of(workflow_id, id);
        let service = &mut scene.service;
        let answer = service.poll_workflow_execution_time_skipping(request).await;
        assert_eq!(ended(answer), expected);
    }
    scene.terminate().await?;
    // The client's own deadline is not the server's.
    let mut scene = Scene::skipping(world, forward("f", HOUR)).await?;
    let request = raw::within(1, poll_of(&scene.id, "f"));
    let service = &mut scene.service;
    let answer = service.poll_workflow_execution_time_skipping(request).await;
    assert!(raw::expired(answer));
    scene.terminate().await
}

enum Change {
    Terminate,
    Update(TimeSkippingConfig),
}

async fn skipping_is_switched_on_and_off(world: &World) -> Result<()> {
    let mut scene = Scene::start(world, None, |_| {}).await?;
    scene
        .work(vec![timer("a", DAY), timer("b", 2 * DAY)])
        .await?;
    assert_eq!(scene.update(None).await?, None);
    let once = TimeSkippingConfig {
        max_session_skip_count: 7,
        ..on()
    };
    assert_eq!(scene.update(Some(once.clone())).await?, Some(once.clone()));
    let task = raw::workflow_task(&mut scene.service, &world.queue).await?;
    assert_eq!(scene.update(Some(once.clone())).await?, Some(once));
    assert_eq!(scene.update(None).await?, None);
    raw::complete(&mut scene.service, &task, Vec::new(), Vec::new()).await?;
    let expected = begun(
        "workflow_execution_started",
        &[
            "timer_started",
            "timer_started",
            "workflow_execution_options_updated true on 7",
            "workflow_execution_time_skipping_transitioned skipped",
            "timer_fired",
            "workflow_task_scheduled",
            "workflow_task_started",
            "workflow_task_completed",
            "workflow_execution_options_updated true",
            "workflow_task_scheduled",
        ],
    );
    assert_eq!(scene.lines().await?, expected);
    assert_eq!((scene.effective().await?, scene.ahead().await?), (None, 24));
    scene.terminate().await
}

async fn skipping_ends_after_so_many_skips(world: &World) -> Result<()> {
    let twice = TimeSkippingConfig {
        max_session_skip_count: 2,
        ..on()
    };
    let mut scene = Scene::skipping(world, twice).await?;
    for id in ["a", "b", "c"] {
        scene.work(vec![timer(id, DAY)]).await?;
    }
    assert_eq!(scene.effective().await?.map(|it| it.enabled), Some(false));
    assert_eq!(scene.ahead().await?, 48);
    let lines = scene.lines().await?;
    let skips = lines.iter().filter(|line| line.ends_with("skipped"));
    assert_eq!(skips.count(), 2);
    let once = TimeSkippingConfig {
        max_session_skip_count: 1,
        ..on()
    };
    let updated = scene.update(Some(once)).await?;
    assert_eq!(updated.map(|it| it.enabled), Some(false));
    scene.work(vec![timer("d", DAY)]).await?;
    let lines = scene.lines().await?;
    assert_eq!(
        lines[lines.len() - 7..],
        [
            "workflow_execution_options_updated true off 1",
            "workflow_execution_time_skipping_transitioned skipped",
            "timer_fired",
            "workflow_task_scheduled",
            "workflow_task_started",
            "workflow_task_completed",
            "timer_started",
        ]
    );
    scene.terminate().await
}

async fn a_child_takes_over_the_time_and_the_configuration(world: &World) -> Result<()> {
    let mut parent = Scene::skipping(world, forward("f", 10 * DAY)).await?;
    parent.work(vec![timer("t", DAY)]).await?;
    let (id, queue) = (unique("child"), unique("queue"));
    parent
        .work(vec![child(&id, &queue), timer("u", DAY)])
        .await?;
    let mut kid = Scene::of(world, &id).await?;
    kid.work_on(&queue, vec![timer("t", 2 * DAY)]).await?;
    kid.work_on(&queue, vec![raw::complete_workflow()]).await?;
    let expected = begun(
        "workflow_execution_started on 200",
        &[
            "timer_started",
            "workflow_execution_time_skipping_transitioned skipped",
            "timer_fired",
            "workflow_task_scheduled",
            "workflow_task_started",
            "workflow_task_completed",
            "workflow_execution_completed",
        ],
    );
    assert_eq!(kid.lines().await?, expected);
    assert_eq!(kid.ahead().await?, 72);
    // The parent has waited, in its own time.
    assert_eq!(parent.ahead().await?, 24);
    let initiated = parent
        .events()
        .await?
        .into_iter()
        .find_map(|it| match it.attributes {
            Some(Event::StartChildWorkflowExecutionInitiatedEventAttributes(it)) => Some(it),
            _ => None,
        });
    let initiated = initiated.expect("the child is initiated");
    assert_eq!(shown(initiated.time_skipping_config.as_ref()), " on 200");
    let state = initiated
        .time_skipping_state_propagation
        .unwrap_or_default();
    assert!(state.initial_skipped_duration.is_some());
    assert_eq!(
        (state.fast_forward_target_time, state.initial_skip_count),
        (None, 0)
    );
    parent.work(Vec::new()).await?;
    parent.work(Vec::new()).await?;
    // Nothing is left to wait for but the end of the fast-forward.
    assert_eq!(parent.ahead().await?, 240);
    let lines = parent.lines().await?;
    assert_eq!(
        lines[lines.len() - 6..],
        [
            "workflow_execution_time_skipping_transitioned skipped",
            "timer_fired",
            "workflow_task_scheduled",
            "workflow_task_started",
            "workflow_task_completed",
            "workflow_execution_time_skipping_transitioned skipped ended",
        ]
    );
    parent.terminate().await
}

async fn a_child_may_be_left_out(world: &World) -> Result<()> {
    let alone = TimeSkippingConfig {
        disable_propagation: true,
        ..on()
    };
    let mut parent = Scene::skipping(world, alone).await?;
    parent.work(vec![timer("t", DAY)]).await?;
    let (id, queue) = (unique("child"), unique("queue"));
    parent.work(vec![child(&id, &queue)]).await?;
    let mut kid = Scene::of(world, &id).await?;
    kid.work_on(&queue, vec![timer("t", DAY)]).await?;
    assert_eq!(
        kid.lines().await?,
        begun("workflow_execution_started", &["timer_started"])
    );
    assert_eq!((kid.effective().await?, kid.ahead().await?), (None, 24));
    kid.terminate().await?;
    parent.terminate().await
}

async fn a_chain_of_runs_goes_on_in_one_time(world: &World) -> Result<()> {
    let mut scene = Scene::skipping(world, forward("f", 10 * DAY)).await?;
    scene.work(vec![timer("t", DAY)]).await?;
    let again = || {
        raw::continue_as_new(ContinueAsNewWorkflowExecutionCommandAttributes {
            backoff_start_interval: seconds(DAY),
            ..Default::default()
        })
    };
    scene.work(vec![again()]).await?;
    let mut poller = Scene::of(world, &scene.id).await?;
    let (polled, worked) = tokio::join!(poller.poll("f"), scene.work(Vec::new()));
    worked?;
    assert_eq!(
        polled?.fast_forward_polling_result(),
        Polled::FastForwardCompleted
    );
    let expected = [
        "workflow_execution_started on to f 200",
        "workflow_execution_time_skipping_transitioned skipped",
        "workflow_task_scheduled",
        "workflow_task_started",
        "workflow_task_completed",
        "workflow_execution_time_skipping_transitioned skipped ended",
    ];
    assert_eq!(scene.lines().await?, expected);
    assert_eq!(scene.ahead().await?, 240);
    let state = inherited(&mut scene).await?;
    assert!(state.initial_skipped_duration.is_some() && state.fast_forward_target_time.is_some());
    assert_eq!(state.initial_skip_count, 1);
    // A run that skips no more passes only its time on.
    scene.signal().await?;
    scene.work(vec![again()]).await?;
    assert_eq!(scene.lines().await?, ["workflow_execution_started"]);
    let state = inherited(&mut scene).await?;
    assert!(state.initial_skipped_duration.is_some());
    assert_eq!(
        (state.fast_forward_target_time, state.initial_skip_count),
        (None, 0)
    );
    assert_eq!(
        (scene.effective().await?, scene.ahead().await?),
        (None, 240)
    );
    scene.terminate().await
}

async fn inherited(
    scene: &mut Scene<'_>,
) -> Result<durably_proto::api::common::v1::TimeSkippingStatePropagation> {
    match scene.events().await?.swap_remove(0).attributes {
        Some(Event::WorkflowExecutionStartedEventAttributes(it)) => {
            Ok(it.time_skipping_state_propagation.unwrap_or_default())
        }
        other => panic!("the first event starts the run, but is {other:?}"),
    }
}

async fn retries_are_skipped_to(world: &World) -> Result<()> {
    let a_day = || RetryPolicy {
        initial_interval: seconds(DAY),
        maximum_attempts: 2,
        ..RetryPolicy::default()
    };
    let mut scene = Scene::start(world, Some(on()), |request| {
        request.retry_policy = Some(a_day());
    })
    .await?;
    let queue = unique("activities");
    let activity = ScheduleActivityTaskCommandAttributes {
        activity_id: "a".to_owned(),
        activity_type: Some(ActivityType {
            name: "act".to_owned(),
        }),
        task_queue: raw::task_queue(&queue),
        start_to_close_timeout: seconds(60),
        retry_policy: Some(a_day()),
        ..Default::default()
    };
    let schedule = raw::command(
        CommandType::ScheduleActivityTask,
        Attributes::ScheduleActivityTaskCommandAttributes(activity),
    );
    scene.work(vec![schedule]).await?;
    let poll = || {
        let poll = PollActivityTaskQueueRequest {
            namespace: NAMESPACE.to_owned(),
            task_queue: raw::task_queue(&queue),
            ..Default::default()
        };
        raw::within(60, poll)
    };
    let service = &mut scene.service;
    let first = service.poll_activity_task_queue(poll()).await?.into_inner();
    let failed = RespondActivityTaskFailedRequest {
        namespace: NAMESPACE.to_owned(),
        task_token: first.task_token,
        ..Default::default()
    };
    service.respond_activity_task_failed(failed).await?;
    let second = service.poll_activity_task_queue(poll()).await?.into_inner();
    assert_eq!(second.attempt, 2);
    let began = |task: Option<wkt::Timestamp>| task.unwrap_or_default().seconds;
    let later = began(second.started_time) - began(first.started_time);
    assert!((DAY..2 * DAY).contains(&later), "{later} s later");
    let completed = RespondActivityTaskCompletedRequest {
        namespace: NAMESPACE.to_owned(),
        task_token: second.task_token,
        ..Default::default()
    };
    service.respond_activity_task_completed(completed).await?;
    scene.work(vec![raw::fail_workflow()]).await?;
    // The next attempt of the workflow, another day later.
    scene.work(Vec::new()).await?;
    let expected = [
        "workflow_execution_started on 200",
        "workflow_execution_time_skipping_transitioned skipped",
        "workflow_task_scheduled",
        "workflow_task_started",
        "workflow_task_completed",
    ];
    assert_eq!(scene.lines().await?, expected);
    assert_eq!(scene.ahead().await?, 48);
    scene.terminate().await
}

async fn timeouts_and_delays_are_skipped_to(world: &World) -> Result<()> {
    let mut scene = Scene::start(world, Some(on()), |request| {
        request.workflow_start_delay = seconds(DAY);
        request.workflow_run_timeout = seconds(DAY);
    })
    .await?;
    scene.work(Vec::new()).await?;
    let expected = [
        "workflow_execution_started on 200",
        "workflow_execution_time_skipping_transitioned skipped",
        "workflow_task_scheduled",
        "workflow_task_started",
        "workflow_task_completed",
        "workflow_execution_time_skipping_transitioned skipped",
        "workflow_execution_timed_out",
    ];
    let (world, id) = (scene.world, scene.id.clone());
    let lines = eventually("the timeout", || async {
        let mut scene = Scene::of(world, &id).await.ok()?;
        let lines = scene.lines().await.ok()?;
        (lines.len() == expected.len()).then_some(lines)
    })
    .await;
    assert_eq!(lines, expected);
    assert_eq!(scene.ahead().await?, 48);
    Ok(())
}

async fn a_signal_with_start_skips_time(world: &World) -> Result<()> {
    let start = world.start_request();
    let mut scene = Scene::of(world, &start.workflow_id).await?;
    let mut request = SignalWithStartWorkflowExecutionRequest {
        namespace: start.namespace,
        workflow_id: start.workflow_id,
        workflow_type: start.workflow_type,
        task_queue: start.task_queue,
        request_id: start.request_id,
        signal_name: "go".to_owned(),
        time_skipping_config: Some(on()),
        ..Default::default()
    };
    let service = &mut scene.service;
    service
        .signal_with_start_workflow_execution(request.clone())
        .await?;
    // A run that is there keeps its configuration.
    request.request_id = unique("request");
    request.time_skipping_config = Some(off());
    service
        .signal_with_start_workflow_execution(request)
        .await?;
    scene.work(vec![timer("t", DAY)]).await?;
    scene.work(Vec::new()).await?;
    assert_eq!(scene.ahead().await?, 24);
    scene.terminate().await
}

async fn a_reset_run_has_the_time_of_the_point(world: &World) -> Result<()> {
    let mut scene = Scene::skipping(world, forward("f", 10 * DAY)).await?;
    scene.work(vec![timer("a", DAY)]).await?;
    scene.work(vec![timer("b", DAY)]).await?;
    let task = raw::workflow_task(&mut scene.service, &world.queue).await?;
    let events = scene.events().await?;
    let mut completed = events
        .iter()
        .filter(|event| event.event_type() == EventType::WorkflowTaskCompleted);
    let point = completed.nth(1).expect("the second task").event_id;
    let reset = ResetWorkflowExecutionRequest {
        namespace: NAMESPACE.to_owned(),
        workflow_execution: Some(WorkflowExecution {
            workflow_id: scene.id.clone(),
            run_id: String::new(),
        }),
        reason: "test".to_owned(),
        workflow_task_finish_event_id: point,
        request_id: unique("request"),
        ..Default::default()
    };
    scene.service.reset_workflow_execution(reset).await?;
    drop(task);
    assert_eq!(scene.ahead().await?, 24);
    scene.work(vec![timer("c", 2 * DAY)]).await?;
    scene.work(Vec::new()).await?;
    let lines = scene.lines().await?;
    assert_eq!(lines[0], "workflow_execution_started on to f 200");
    assert_eq!(
        lines[lines.len() - 9..],
        [
            "workflow_task_started",
            "workflow_task_completed",
            "timer_started",
            "workflow_execution_time_skipping_transitioned skipped",
            "timer_fired",
            "workflow_task_scheduled",
            "workflow_task_started",
            "workflow_task_completed",
            "workflow_execution_time_skipping_transitioned skipped ended",
        ]
    );
    let polled = scene.poll("f").await?;
    assert_eq!(
        polled.fast_forward_polling_result(),
        Polled::FastForwardCompleted
    );
    scene.terminate().await
}

async fn a_configuration_that_makes_no_sense_is_refused(world: &World) -> Result<()> {
    const NO_ID: &str =
        "InvalidArgument: Time skipping config invalid: fast_forward_id must be set";
    const NOT_POSITIVE: &str =
        "InvalidArgument: Time skipping config invalid: fast_forward duration must be positive";
    const OFF: &str =
        "InvalidArgument: time_skipping_config: cannot set fast_forward when enabled is false";
    let mut scene = Scene::start(world, None, |_| {}).await?;
    let disabled = |config: TimeSkippingConfig| TimeSkippingConfig {
        enabled: false,
        ..config
    };
    for (config, expected) in [
        (forward("", 5), NO_ID),
        (forward(" ", 5), NO_ID),
        (forward("f", 0), NOT_POSITIVE),
        (forward("f", -5), NOT_POSITIVE),
        (forward("", -5), NOT_POSITIVE),
        (disabled(forward("f", 5)), OFF),
        (disabled(forward("", 5)), NO_ID),
    ] {
        let start = StartWorkflowExecutionRequest {
            time_skipping_config: Some(config.clone()),
            ..world.start_request()
        };
        let signal = SignalWithStartWorkflowExecutionRequest {
            namespace: start.namespace.clone(),
            workflow_id: start.workflow_id.clone(),
            workflow_type: start.workflow_type.clone(),
            task_queue: start.task_queue.clone(),
            request_id: start.request_id.clone(),
            signal_name: "go".to_owned(),
            time_skipping_config: Some(config.clone()),
            ..Default::default()
        };
        // It is refused whatever the mask names.
        let update = update_of(&scene.id, Some(config), "priority");
        let service = &mut scene.service;
        let answer = service.start_workflow_execution(start).await;
        assert_eq!(ended(answer), expected);
        let answer = service.signal_with_start_workflow_execution(signal).await;
        assert_eq!(ended(answer), expected);
        let answer = service.update_workflow_execution_options(update).await;
        assert_eq!(ended(answer), expected);
    }
    let unlimited = TimeSkippingConfig {
        max_session_skip_count: -1,
        ..off()
    };
    let updated = scene.update(Some(unlimited)).await?;
    assert_eq!(updated.map(|it| it.max_session_skip_count), Some(200));
    scene.terminate().await?;
    let update = update_of(&scene.id, Some(on()), "time_skipping_config");
    let service = &mut scene.service;
    let answer = service.update_workflow_execution_options(update).await;
    assert_eq!(
        ended(answer),
        "NotFound: workflow execution already completed"
    );
    Ok(())
}

async fn a_part_of_a_configuration_is_not_updated(world: &World) -> Result<()> {
    let mut scene = Scene::skipping(world, on()).await?;
    let partial = "InvalidArgument: error applying update_options: time_skipping_config doesn't support partial update";
    for path in [
        "time_skipping_config.enabled",
        "time_skipping_config.disable_propagation",
        "time_skipping_config.max_session_skip_count",
        "time_skipping_config.fast_forward_config",
        "time_skipping_config.fast_forward_config.id",
        "time_skipping_config.fast_forward_config.duration",
        "time_skipping_config.fast_forward_config.duration.seconds",
    ] {
        let update = update_of(&scene.id, Some(off()), path);
        let service = &mut scene.service;
        let answer = service.update_workflow_execution_options(update).await;
        assert_eq!(ended(answer), partial, "{path}");
    }
    for path in [
        "time_skipping_config.nope",
        "time_skipping_config.enabled.nope",
    ] {
        let update = update_of(&scene.id, Some(off()), path);
        let service = &mut scene.service;
        let answer = ended(service.update_workflow_execution_options(update).await);
        // protobuf for Go puts a space into its errors that may be another one from build to build.
        assert!(
            answer
                .replace('\u{a0}', " ")
                .contains(&format!("invalid path \"{path}\"")),
            "{answer}"
        );
    }
    scene.terminate().await
}
