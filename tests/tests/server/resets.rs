//! Resets: the histories of the runs that they start and of those that they end, and their errors.

use durably::Result;
use durably_proto::api::{
    command::v1::{
        Command, ScheduleActivityTaskCommandAttributes, StartTimerCommandAttributes,
        command::Attributes,
    },
    common::v1::{ActivityType, WorkflowExecution},
    enums::v1::{CommandType, EventType, ResetReapplyExcludeType, ResetReapplyType},
    workflowservice::v1::{
        PollActivityTaskQueueRequest, ResetWorkflowExecutionRequest,
        RespondActivityTaskCompletedRequest, SignalWorkflowExecutionRequest,
        StartWorkflowExecutionRequest,
    },
};
use durably_proto::wkt;
use durably_tests::{
    World, history, on_both_servers,
    raw::{self, NAMESPACE, Service},
    raw_update, unique,
};
use tonic::{Code, Status};

on_both_servers! {
    a_closed_run_can_be_reset
    a_reset_point_is_the_end_or_the_start_of_a_workflow_task
    a_request_without_an_id_is_refused
    a_run_is_reset_twice
    a_reset_run_that_is_reset_keeps_what_came_before
}

/// A workflow whose tasks a test answers.
pub(super) struct Scene<'a> {
    pub(super) world: &'a World,
    pub(super) service: Service,
    pub(super) id: String,
    pub(super) run_id: String,
}

impl<'a> Scene<'a> {
    pub(super) async fn start(world: &'a World) -> Result<Self> {
        let mut service = world.service().await?;
        let request = StartWorkflowExecutionRequest {
            workflow_id: unique("reset"),
            ..world.start_request()
        };
        let id = request.workflow_id.clone();
        let started = service.start_workflow_execution(request).await?;
        let run_id = started.into_inner().run_id;
        Ok(Self {
            world,
            service,
            id,
            run_id,
        })
    }

    /// Answers the next workflow task.
    pub(super) async fn work(&mut self, commands: Vec<Command>) -> Result<()> {
        let task = raw::workflow_task(&mut self.service, &self.world.queue).await?;
        raw::complete(&mut self.service, &task, commands, Vec::new()).await?;
        Ok(())
    }

    pub(super) async fn signal(&mut self, name: &str) -> Result<()> {
        let signal = SignalWorkflowExecutionRequest {
            namespace: NAMESPACE.to_owned(),
            workflow_execution: raw::execution(&self.id),
            signal_name: name.to_owned(),
            request_id: unique("signal"),
            ..Default::default()
        };
        self.service.signal_workflow_execution(signal).await?;
        Ok(())
    }

    /// Sends an update, which the next task accepts and completes.
    async fn update(&mut self) -> Result<()> {
        let request = raw_update::update_request(&self.id);
        let mut service = self.service.clone();
        let update = tokio::spawn(async move { service.update_workflow_execution(request).await });
        let task = raw::workflow_task(&mut self.service, &self.world.queue).await?;
        let mut answers: Vec<_> = task.messages.iter().map(raw_update::accept).collect();
        answers.extend(task.messages.iter().map(|it| raw_update::respond(it, None)));
        let commands = raw_update::ordered(&answers);
        raw::complete(&mut self.service, &task, commands, answers).await?;
        update.await.expect("the task does not panic")?;
        Ok(())
    }

    pub(super) fn request(&self, point: i64) -> ResetWorkflowExecutionRequest {
        ResetWorkflowExecutionRequest {
            namespace: NAMESPACE.to_owned(),
            workflow_execution: raw::execution(&self.id),
            reason: "test".to_owned(),
            workflow_task_finish_event_id: point,
            request_id: unique("request"),
            ..Default::default()
        }
    }

    /// Resets the run that was started first, whatever came after it.
    pub(super) fn first_run(&self, point: i64) -> ResetWorkflowExecutionRequest {
        ResetWorkflowExecutionRequest {
            workflow_execution: Some(WorkflowExecution {
                workflow_id: self.id.clone(),
                run_id: self.run_id.clone(),
            }),
            ..self.request(point)
        }
    }

    pub(super) async fn reset(
        &mut self,
        request: ResetWorkflowExecutionRequest,
    ) -> std::result::Result<String, Status> {
        let reset = self.service.reset_workflow_execution(request).await?;
        Ok(reset.into_inner().run_id)
    }

    pub(super) async fn history(&self, run_id: &str) -> Vec<String> {
        history::comparable(history::events(&self.world.address(), &self.id, run_id).await)
    }

    /// The history of the first run and of the one that the reset starts.
    pub(super) async fn after(
        &mut self,
        request: ResetWorkflowExecutionRequest,
    ) -> Result<Vec<String>> {
        let run_id = self.reset(request).await?;
        let mut events = self.history(&self.run_id).await;
        events.push("reset:".to_owned());
        events.extend(self.history(&run_id).await);
        raw::terminate(&mut self.service, &self.id).await?;
        Ok(events)
    }
}

fn timer(id: &str) -> Command {
    raw::command(
        CommandType::StartTimer,
        Attributes::StartTimerCommandAttributes(StartTimerCommandAttributes {
            timer_id: id.to_owned(),
            start_to_fire_timeout: seconds(3600),
        }),
    )
}

fn activity(world: &World, id: &str) -> Command {
    raw::command(
        CommandType::ScheduleActivityTask,
        Attributes::ScheduleActivityTaskCommandAttributes(ScheduleActivityTaskCommandAttributes {
            activity_id: id.to_owned(),
            activity_type: Some(ActivityType {
                name: "act".to_owned(),
            }),
            task_queue: raw::task_queue(&world.queue),
            start_to_close_timeout: seconds(60),
            ..Default::default()
        }),
    )
}

fn seconds(seconds: i64) -> Option<wkt::Duration> {
    Some(wkt::Duration { seconds, nanos: 0 })
}

/// Compares what a body tells of the two servers.
macro_rules! as_the_real_server {
    ($($name:ident => $body:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() -> Result<()> {
            let ours = $body(&World::embedded().await?).await?;
            let Some(world) = World::real(concat!(module_path!(), "::", stringify!($name))).await?
            else {
                return Ok(());
            };
            let theirs = $body(&world).await?;
            for (ours, theirs) in ours.iter().zip(&theirs) {
                assert_eq!(ours, theirs);
            }
            assert_eq!(ours.len(), theirs.len());
            Ok(())
        }
    )*};
}
pub(super) use as_the_real_server;

as_the_real_server! {
    signals_and_updates_come_again => end_of_second_task
    a_task_that_is_not_started_is_started_and_fails => unstarted_task
    a_buffered_signal_comes_again => buffered_signal
    events_of_later_runs_come_again => chain
    signals_are_left_out => without_signals
    updates_are_left_out => only_signals
    everything_is_left_out => nothing
}

/// Two tasks, then a signal, an update, and a signal that no task has delivered.
async fn lively(world: &World) -> Result<Scene<'_>> {
    let mut scene = Scene::start(world).await?;
    scene.work(vec![timer("t"), activity(world, "a")]).await?;
    scene.signal("one").await?;
    scene.work(Vec::new()).await?;
    scene.signal("two").await?;
    scene.work(Vec::new()).await?;
    scene.update().await?;
    scene.signal("three").await?;
    Ok(scene)
}

async fn end_of_second_task(world: &World) -> Result<Vec<String>> {
    let mut scene = lively(world).await?;
    let request = scene.request(10);
    scene.after(request).await
}

async fn unstarted_task(world: &World) -> Result<Vec<String>> {
    let mut scene = lively(world).await?;
    let request = scene.request(9);
    scene.after(request).await
}

async fn without_signals(world: &World) -> Result<Vec<String>> {
    let mut scene = lively(world).await?;
    let mut request = scene.request(4);
    request.reset_reapply_exclude_types = vec![ResetReapplyExcludeType::Signal.into()];
    scene.after(request).await
}

#[expect(deprecated, reason = "clients still send it")]
async fn only_signals(world: &World) -> Result<Vec<String>> {
    let mut scene = lively(world).await?;
    let mut request = scene.request(4);
    request.reset_reapply_type = ResetReapplyType::Signal.into();
    scene.after(request).await
}

#[expect(deprecated, reason = "clients still send it")]
async fn nothing(world: &World) -> Result<Vec<String>> {
    let mut scene = lively(world).await?;
    let mut request = scene.request(4);
    request.reset_reapply_type = ResetReapplyType::None.into();
    scene.after(request).await
}

/// An activity that ends while a task waits is recorded as started and ended, and the reset comes
/// between the two. The real server stores both together, and refuses to take them apart.
#[tokio::test(flavor = "multi_thread")]
async fn a_started_activity_fails() -> Result<()> {
    let world = World::embedded().await?;
    let mut scene = Scene::start(&world).await?;
    scene.work(vec![activity(&world, "a")]).await?;
    scene.signal("go").await?;
    let poll = PollActivityTaskQueueRequest {
        namespace: NAMESPACE.to_owned(),
        task_queue: raw::task_queue(&world.queue),
        ..Default::default()
    };
    let poll = raw::within(60, poll);
    let task = scene.service.poll_activity_task_queue(poll).await?;
    let completed = RespondActivityTaskCompletedRequest {
        namespace: NAMESPACE.to_owned(),
        task_token: task.into_inner().task_token,
        ..Default::default()
    };
    let service = &mut scene.service;
    service.respond_activity_task_completed(completed).await?;
    scene.work(Vec::new()).await?;
    // 6 is the signal, 7 schedules a task, and 9 completes the activity.
    let request = scene.request(9);
    scene.reset(request).await?;
    let types = raw::event_types(&mut scene.service, &scene.id).await?;
    assert_eq!(
        types[6..],
        [
            EventType::WorkflowTaskScheduled,
            EventType::ActivityTaskStarted,
            EventType::WorkflowTaskStarted,
            EventType::WorkflowTaskFailed,
            EventType::ActivityTaskFailed,
            EventType::WorkflowTaskScheduled,
        ]
    );
    Ok(())
}

async fn buffered_signal(world: &World) -> Result<Vec<String>> {
    let mut scene = Scene::start(world).await?;
    scene.work(Vec::new()).await?;
    scene.signal("one").await?;
    let _task = raw::workflow_task(&mut scene.service, &world.queue).await?;
    scene.signal("buffered").await?;
    let request = scene.request(4);
    scene.after(request).await
}

async fn chain(world: &World) -> Result<Vec<String>> {
    let mut scene = Scene::start(world).await?;
    scene.signal("first run").await?;
    scene
        .work(vec![raw::continue_as_new(Default::default())])
        .await?;
    scene.signal("second run").await?;
    scene.work(Vec::new()).await?;
    scene.signal("second run again").await?;
    let request = scene.first_run(5);
    scene.after(request).await
}

async fn a_closed_run_can_be_reset(world: &World) -> Result<()> {
    let mut scene = Scene::start(world).await?;
    scene.work(vec![raw::complete_workflow()]).await?;
    let request = scene.request(4);
    let run_id = scene.reset(request).await?;
    scene.work(vec![raw::complete_workflow()]).await?;
    assert_eq!(scene.history(&scene.run_id).await.len(), 5);
    assert_eq!(scene.history(&run_id).await.len(), 8);
    let described = raw::describe(&mut scene.service, &scene.id).await?;
    let info = described.workflow_execution_info.unwrap_or_default();
    assert_eq!(info.execution.unwrap_or_default().run_id, run_id);
    assert_eq!(info.first_run_id, scene.run_id);
    assert_eq!(info.history_length, 8);
    Ok(())
}

async fn a_reset_point_is_the_end_or_the_start_of_a_workflow_task(world: &World) -> Result<()> {
    let mut scene = Scene::start(world).await?;
    scene.work(vec![timer("t")]).await?;
    // 6 is the signal, 7 schedules a task for it.
    scene.signal("one").await?;
    let outside = "Workflow task finish ID must be > 1 && <= workflow last event ID.";
    for point in [-1, 0, 1, 8, 1000] {
        let request = scene.request(point);
        let refused = scene.reset(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert_eq!(refused.message(), outside, "{point}");
    }
    let request = scene.request(6);
    let refused = scene.reset(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(
        refused.message(),
        "Can only reset workflow to event ID in range [WorkflowTaskScheduled +1, WorkflowTaskStarted + 1]: 6"
    );
    // The real server first sees that it stored these events together with the ones before them.
    for point in [2, 5] {
        let request = scene.request(point);
        let refused = scene.reset(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    }
    // A refused reset has changed nothing.
    assert_eq!(scene.history("").await.len(), 7);
    let unknown = ResetWorkflowExecutionRequest {
        workflow_execution: raw::execution("nobody"),
        ..scene.request(4)
    };
    let refused = scene.reset(unknown).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound, "{refused}");
    Ok(())
}

async fn a_request_without_an_id_is_refused(world: &World) -> Result<()> {
    let mut scene = Scene::start(world).await?;
    scene.work(Vec::new()).await?;
    let mut request = scene.request(4);
    request.request_id.clear();
    let refused = scene.reset(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(refused.message(), "RequestId is not set on request.");
    Ok(())
}

/// What the real server does in other ways, or does not say.
#[tokio::test(flavor = "multi_thread")]
#[expect(deprecated, reason = "clients still send it")]
async fn what_the_embedded_server_does_not_do_is_refused() -> Result<()> {
    let world = World::embedded().await?;
    let mut scene = Scene::start(&world).await?;
    scene.work(Vec::new()).await?;
    let mut request = scene.request(4);
    request.reset_reapply_type = 77;
    let refused = scene.reset(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(refused.message(), "unknown reset reapply type: 77");
    let request = scene.request(4);
    scene.reset(request).await?;
    Ok(())
}

/// A client that does not get the answer sends the request again.
#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_finds_the_run_that_it_started() -> Result<()> {
    let world = World::embedded().await?;
    let mut scene = Scene::start(&world).await?;
    scene.work(Vec::new()).await?;
    let request = scene.first_run(4);
    let run_id = scene.reset(request.clone()).await?;
    assert_eq!(scene.reset(request).await?, run_id);
    assert_eq!(scene.history("").await.len(), 5);
    Ok(())
}

async fn a_run_is_reset_twice(world: &World) -> Result<()> {
    let mut scene = Scene::start(world).await?;
    scene.signal("one").await?;
    scene.work(vec![timer("t")]).await?;
    scene.signal("two").await?;
    let first = scene.first_run(5);
    let once = scene.reset(first).await?;
    let second = scene.first_run(5);
    let again = scene.reset(second).await?;
    assert_ne!(once, again);
    // The second reset ends the run of the first one.
    let ended = history::events(&world.address(), &scene.id, &once).await;
    let names: Vec<_> = ended
        .iter()
        .map(|it| it.event_type().as_str_name())
        .collect();
    assert_eq!(
        names.last(),
        Some(&"EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED")
    );
    assert_eq!(scene.history(&again).await.len(), 7);
    Ok(())
}

async fn a_reset_run_that_is_reset_keeps_what_came_before(world: &World) -> Result<()> {
    let mut scene = lively(world).await?;
    let request = scene.request(4);
    scene.reset(request).await?;
    scene.work(vec![timer("t")]).await?;
    let events = scene.history("").await;
    let ended = events
        .iter()
        .rposition(|it| it.contains("WorkflowTaskCompleted"));
    let point = i64::try_from(ended.expect("a task") + 1).expect("a short history");
    let request = scene.request(point);
    let run_id = scene.reset(request).await?;
    let again = scene.history(&run_id).await;
    let kept = usize::try_from(point - 1).expect("positive");
    assert_eq!(again[..kept], events[..kept]);
    assert_eq!(again.len(), kept + 2, "failed, and the next one scheduled");
    Ok(())
}
