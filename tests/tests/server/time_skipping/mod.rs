//! Time skipping of one workflow, by the messages of the server.

mod fast_forwards;
mod inheritance;
mod limits;
mod refusals;
mod waits;

use durably::Result;
use durably_proto::{
    api::{
        command::v1::{
            Command, StartChildWorkflowExecutionCommandAttributes, StartTimerCommandAttributes,
            command::Attributes,
        },
        common::v1::{FastForwardConfig, TimeSkippingConfig, WorkflowType},
        enums::v1::{CommandType, FastForwardPollingResult as Polled},
        history::v1::{HistoryEvent, history_event::Attributes as Event},
        workflow::v1::WorkflowExecutionOptions,
        workflowservice::v1::{
            PollWorkflowExecutionTimeSkippingRequest, PollWorkflowExecutionTimeSkippingResponse,
            SignalWithStartWorkflowExecutionRequest, SignalWorkflowExecutionRequest,
            StartWorkflowExecutionRequest, UpdateWorkflowExecutionOptionsRequest,
        },
    },
    wkt,
};
use durably_tests::{
    World,
    raw::{self, NAMESPACE, Service},
    unique,
};
use tokio::task::JoinHandle;
use tonic::Status;

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

    /// A workflow that skips time, whose first task has these commands.
    async fn begun(
        world: &'a World,
        config: TimeSkippingConfig,
        commands: Vec<Command>,
    ) -> Result<Self> {
        let mut scene = Self::skipping(world, config).await?;
        scene.work(commands).await?;
        Ok(scene)
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

    /// Polls the fast-forward in the background.
    fn polling(&self, id: &str) -> JoinHandle<PollResult> {
        let mut service = self.service.clone();
        let request = raw::within(30, poll_of(&self.id, id));
        tokio::spawn(async move {
            let polled = service.poll_workflow_execution_time_skipping(request);
            Ok(polled.await?.into_inner())
        })
    }

    async fn poll(&self, id: &str) -> PollResult {
        self.polling(id).await.expect("it does not panic")
    }

    /// Polls the fast-forward, which completes.
    async fn completed(&self, id: &str) -> Result<()> {
        let polled = self.poll(id).await?;
        assert_eq!(
            polled.fast_forward_polling_result(),
            Polled::FastForwardCompleted
        );
        Ok(())
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

    /// The events as lines. Skips have no times, which differ by what the machine needs. The three events of a workflow
    /// task are one line.
    async fn lines(&mut self) -> Result<Vec<String>> {
        let mut lines: Vec<String> = self.events().await?.iter().map(line).collect();
        while let Some(at) = lines.windows(3).position(|lines| lines == TASK) {
            lines.splice(at..at + 3, ["workflow_task".to_owned()]);
        }
        Ok(lines)
    }

    async fn assert_lines(&mut self, expected: &[&str]) -> Result<()> {
        assert_eq!(self.lines().await?, expected);
        Ok(())
    }

    /// The last lines.
    async fn assert_end(&mut self, expected: &[&str]) -> Result<()> {
        let lines = self.lines().await?;
        assert!(lines.len() >= expected.len(), "{lines:?}");
        assert_eq!(lines[lines.len() - expected.len()..], *expected);
        Ok(())
    }

    async fn terminate(&mut self) -> Result<()> {
        raw::terminate(&mut self.service, &self.id).await
    }
}

type PollResult = std::result::Result<PollWorkflowExecutionTimeSkippingResponse, Status>;

const TASK: [&str; 3] = [
    "workflow_task_scheduled",
    "workflow_task_started",
    "workflow_task_completed",
];

fn line(event: &HistoryEvent) -> String {
    let name = event.event_type().as_str_name();
    let name = name.trim_start_matches("EVENT_TYPE_").to_lowercase();
    let name = match &*name {
        "workflow_execution_time_skipping_transitioned" => "time",
        "workflow_execution_options_updated" => "options_updated",
        "workflow_execution_started" => "started",
        name => name,
    };
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
    name.to_owned() + &detail
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

/// A start of the same workflow with a signal.
fn signal_with(
    start: &StartWorkflowExecutionRequest,
    config: TimeSkippingConfig,
) -> SignalWithStartWorkflowExecutionRequest {
    SignalWithStartWorkflowExecutionRequest {
        namespace: start.namespace.clone(),
        workflow_id: start.workflow_id.clone(),
        workflow_type: start.workflow_type.clone(),
        task_queue: start.task_queue.clone(),
        request_id: unique("request"),
        signal_name: "go".to_owned(),
        time_skipping_config: Some(config),
        ..Default::default()
    }
}
