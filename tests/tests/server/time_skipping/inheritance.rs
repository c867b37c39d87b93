//! The time and the options pass to children, to the next run of a chain, and to the run of a reset.

use durably::Result;
use durably_proto::api::{
    command::v1::ContinueAsNewWorkflowExecutionCommandAttributes,
    common::v1::{TimeSkippingConfig, TimeSkippingStatePropagation, WorkflowExecution},
    enums::v1::{EventType, FastForwardPollingResult as Polled},
    history::v1::history_event::Attributes as Event,
    workflowservice::v1::ResetWorkflowExecutionRequest,
};
use durably_tests::{
    World, on_both_servers,
    raw::{self, NAMESPACE},
    unique,
};

use super::{DAY, Scene, child, forward, off, on, seconds, shown, signal_with, timer};

on_both_servers! {
    a_child_takes_over_the_time_and_the_configuration
    a_child_may_be_left_out
    a_chain_of_runs_goes_on_in_one_time
    a_signal_with_start_skips_time
    a_reset_run_has_the_time_of_the_point
}

async fn a_child_takes_over_the_time_and_the_configuration(world: &World) -> Result<()> {
    let mut parent = Scene::begun(world, forward("f", 10 * DAY), vec![timer("t", DAY)]).await?;
    let (id, queue) = (unique("child"), unique("queue"));
    parent
        .work(vec![child(&id, &queue), timer("u", DAY)])
        .await?;
    let mut kid = Scene::of(world, &id).await?;
    kid.work_on(&queue, vec![timer("t", 2 * DAY)]).await?;
    kid.work_on(&queue, vec![raw::complete_workflow()]).await?;
    kid.assert_lines(&[
        "started on 200",
        "workflow_task",
        "timer_started",
        "time skipped",
        "timer_fired",
        "workflow_task",
        "workflow_execution_completed",
    ])
    .await?;
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
    parent
        .assert_end(&[
            "time skipped",
            "timer_fired",
            "workflow_task",
            "time skipped ended",
        ])
        .await?;
    parent.terminate().await
}

async fn a_child_may_be_left_out(world: &World) -> Result<()> {
    let alone = TimeSkippingConfig {
        disable_propagation: true,
        ..on()
    };
    let mut parent = Scene::begun(world, alone, vec![timer("t", DAY)]).await?;
    let (id, queue) = (unique("child"), unique("queue"));
    parent.work(vec![child(&id, &queue)]).await?;
    let mut kid = Scene::of(world, &id).await?;
    kid.work_on(&queue, vec![timer("t", DAY)]).await?;
    kid.assert_lines(&["started", "workflow_task", "timer_started"])
        .await?;
    assert_eq!((kid.effective().await?, kid.ahead().await?), (None, 24));
    kid.terminate().await?;
    parent.terminate().await
}

async fn a_chain_of_runs_goes_on_in_one_time(world: &World) -> Result<()> {
    let mut scene = Scene::begun(world, forward("f", 10 * DAY), vec![timer("t", DAY)]).await?;
    let again = || {
        raw::continue_as_new(ContinueAsNewWorkflowExecutionCommandAttributes {
            backoff_start_interval: seconds(DAY),
            ..Default::default()
        })
    };
    scene.work(vec![again()]).await?;
    let poll = scene.polling("f");
    scene.work(Vec::new()).await?;
    let polled = poll.await.expect("it does not panic")?;
    assert_eq!(
        polled.fast_forward_polling_result(),
        Polled::FastForwardCompleted
    );
    scene
        .assert_lines(&[
            "started on to f 200",
            "time skipped",
            "workflow_task",
            "time skipped ended",
        ])
        .await?;
    assert_eq!(scene.ahead().await?, 240);
    let state = inherited(&mut scene).await?;
    assert!(state.initial_skipped_duration.is_some() && state.fast_forward_target_time.is_some());
    assert_eq!(state.initial_skip_count, 1);
    // A run that skips no more passes only its time on.
    scene.signal().await?;
    scene.work(vec![again()]).await?;
    scene.assert_lines(&["started"]).await?;
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

async fn inherited(scene: &mut Scene<'_>) -> Result<TimeSkippingStatePropagation> {
    match scene.events().await?.swap_remove(0).attributes {
        Some(Event::WorkflowExecutionStartedEventAttributes(it)) => {
            Ok(it.time_skipping_state_propagation.unwrap_or_default())
        }
        other => panic!("the first event starts the run, but is {other:?}"),
    }
}

async fn a_signal_with_start_skips_time(world: &World) -> Result<()> {
    let start = world.start_request();
    let mut scene = Scene::of(world, &start.workflow_id).await?;
    let mut request = signal_with(&start, on());
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
    let mut scene = Scene::begun(world, forward("f", 10 * DAY), vec![timer("a", DAY)]).await?;
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
    assert_eq!(scene.lines().await?[0], "started on to f 200");
    scene
        .assert_end(&[
            "workflow_task",
            "timer_started",
            "time skipped",
            "timer_fired",
            "workflow_task",
            "time skipped ended",
        ])
        .await?;
    scene.completed("f").await?;
    scene.terminate().await
}
