//! Delayed runs: which requests end the delay of the first workflow task, and which wait.

use std::time::Instant;

use durably::prelude::*;
use durably_proto::{
    api::{
        command::v1::ContinueAsNewWorkflowExecutionCommandAttributes,
        common::v1::RetryPolicy,
        enums::v1::{EventType as Event, WorkflowExecutionStatus, WorkflowIdConflictPolicy},
        history::v1::history_event::Attributes,
        workflowservice::v1::*,
    },
    wkt::Duration,
};
use durably_tests::{
    World, eventually, on_both_servers,
    raw::{
        NAMESPACE, Service, cancel_workflow, complete, complete_workflow, continue_as_new,
        describe, ended, event_types, events, execution, fail_workflow, terminate, within,
        workflow_task,
    },
    raw_update::{accept, ordered, reject, task_with_update, update_request, update_with_start},
    unique,
};

on_both_servers! {
    a_cancel_request_ends_every_delay
    an_update_ends_every_delay
    a_signal_with_start_ends_every_delay
    a_plain_signal_waits
    a_rejected_update_leaves_the_delay_as_it_was
    a_cron_run_that_started_early_does_not_use_up_its_time
}

/// What holds the first workflow task of a run back.
#[derive(Clone, Copy, Debug)]
enum Delay {
    Start,
    Cron,
    Retry,
    ContinueAsNew,
}

const DELAYS: [Delay; 4] = [
    Delay::Start,
    Delay::Cron,
    Delay::Retry,
    Delay::ContinueAsNew,
];
const HOUR: Option<Duration> = Some(Duration {
    seconds: 3600,
    nanos: 0,
});

/// A workflow whose latest run is held back: its id.
async fn delayed(world: &World, service: &mut Service, delay: Delay) -> Result<String> {
    let mut request = world.start_request();
    match delay {
        Delay::Start => request.workflow_start_delay = HOUR,
        Delay::Cron => request.cron_schedule = "0 0 1 1 *".to_owned(),
        Delay::Retry => {
            request.retry_policy = Some(RetryPolicy {
                initial_interval: HOUR,
                maximum_interval: HOUR,
                ..Default::default()
            });
        }
        Delay::ContinueAsNew => {}
    }
    let workflow_id = request.workflow_id.clone();
    service.start_workflow_execution(request).await?;
    let command = match delay {
        Delay::Start | Delay::Cron => return Ok(workflow_id),
        Delay::Retry => fail_workflow(),
        Delay::ContinueAsNew => continue_as_new(ContinueAsNewWorkflowExecutionCommandAttributes {
            backoff_start_interval: HOUR,
            ..Default::default()
        }),
    };
    let task = workflow_task(service, &world.queue).await?;
    complete(service, &task, vec![command], vec![]).await?;
    Ok(workflow_id)
}

async fn cancel(service: &mut Service, workflow_id: &str) -> Result<()> {
    service
        .request_cancel_workflow_execution(RequestCancelWorkflowExecutionRequest {
            namespace: NAMESPACE.to_owned(),
            workflow_execution: execution(workflow_id),
            ..Default::default()
        })
        .await?;
    Ok(())
}

async fn signal(service: &mut Service, workflow_id: &str) -> Result<()> {
    service
        .signal_workflow_execution(SignalWorkflowExecutionRequest {
            namespace: NAMESPACE.to_owned(),
            workflow_execution: execution(workflow_id),
            signal_name: "signal".to_owned(),
            ..Default::default()
        })
        .await?;
    Ok(())
}

async fn a_cancel_request_ends_every_delay(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    for delay in DELAYS {
        let workflow_id = delayed(world, &mut service, delay).await?;
        cancel(&mut service, &workflow_id).await?;
        let task = workflow_task(&mut service, &world.queue).await?;
        complete(&mut service, &task, vec![cancel_workflow()], vec![]).await?;
        assert_eq!(
            event_types(&mut service, &workflow_id).await?,
            [
                Event::WorkflowExecutionStarted,
                Event::WorkflowExecutionCancelRequested,
                Event::WorkflowTaskScheduled,
                Event::WorkflowTaskStarted,
                Event::WorkflowTaskCompleted,
                Event::WorkflowExecutionCanceled,
            ],
            "{delay:?}"
        );
        let described = describe(&mut service, &workflow_id).await?;
        let info = described.workflow_execution_info.unwrap_or_default();
        assert_eq!(info.status(), WorkflowExecutionStatus::Canceled);
        // The time at which it should have begun stays, so it has lasted less than no time.
        let lasted = info.execution_duration.unwrap_or_default();
        assert!(lasted.seconds < -3500, "{delay:?}: {lasted:?}");
    }
    Ok(())
}

async fn an_update_ends_every_delay(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    for delay in DELAYS {
        for with_start in [false, true] {
            let workflow_id = delayed(world, &mut service, delay).await?;
            let update = update_request(&workflow_id);
            let mut client = service.clone();
            let sent = match with_start {
                false => tokio::spawn(async move {
                    ended(client.update_workflow_execution(within(30, update)).await)
                }),
                true => {
                    let start = StartWorkflowExecutionRequest {
                        workflow_id: workflow_id.clone(),
                        workflow_id_conflict_policy: WorkflowIdConflictPolicy::UseExisting.into(),
                        ..world.start_request()
                    };
                    let both = update_with_start(start, update);
                    tokio::spawn(async move {
                        ended(client.execute_multi_operation(within(30, both)).await)
                    })
                }
            };
            let task = workflow_task(&mut service, &world.queue).await?;
            let messages = vec![accept(&task.messages[0])];
            complete(&mut service, &task, ordered(&messages), messages).await?;
            assert_eq!(sent.await.expect("no panic"), "OK", "{delay:?}");
            assert_eq!(
                event_types(&mut service, &workflow_id).await?,
                [
                    Event::WorkflowExecutionStarted,
                    Event::WorkflowTaskScheduled,
                    Event::WorkflowTaskStarted,
                    Event::WorkflowTaskCompleted,
                    Event::WorkflowExecutionUpdateAccepted,
                ],
                "{delay:?}"
            );
            terminate(&mut service, &workflow_id).await?;
        }
    }
    Ok(())
}

async fn a_signal_with_start_ends_every_delay(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    for delay in DELAYS {
        let workflow_id = delayed(world, &mut service, delay).await?;
        // The first one waits, and is seen with the second one.
        signal(&mut service, &workflow_id).await?;
        let start = world.start_request();
        service
            .signal_with_start_workflow_execution(SignalWithStartWorkflowExecutionRequest {
                namespace: NAMESPACE.to_owned(),
                workflow_id: workflow_id.clone(),
                workflow_type: start.workflow_type,
                task_queue: start.task_queue,
                request_id: unique("request"),
                signal_name: "signal".to_owned(),
                ..Default::default()
            })
            .await?;
        workflow_task(&mut service, &world.queue).await?;
        assert_eq!(
            event_types(&mut service, &workflow_id).await?,
            [
                Event::WorkflowExecutionStarted,
                Event::WorkflowExecutionSignaled,
                Event::WorkflowExecutionSignaled,
                Event::WorkflowTaskScheduled,
                Event::WorkflowTaskStarted,
            ],
            "{delay:?}"
        );
        terminate(&mut service, &workflow_id).await?;
    }
    Ok(())
}

async fn a_plain_signal_waits(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    for delay in DELAYS {
        let workflow_id = delayed(world, &mut service, delay).await?;
        signal(&mut service, &workflow_id).await?;
        // Neither does a start that finds the run and is content with it.
        service
            .start_workflow_execution(StartWorkflowExecutionRequest {
                workflow_id: workflow_id.clone(),
                workflow_id_conflict_policy: WorkflowIdConflictPolicy::UseExisting.into(),
                ..world.start_request()
            })
            .await?;
        assert_eq!(
            event_types(&mut service, &workflow_id).await?,
            [
                Event::WorkflowExecutionStarted,
                Event::WorkflowExecutionSignaled
            ],
            "{delay:?}"
        );
        let described = describe(&mut service, &workflow_id).await?;
        assert_eq!(described.pending_workflow_task, None);
        terminate(&mut service, &workflow_id).await?;
        assert_eq!(
            event_types(&mut service, &workflow_id).await?.last(),
            Some(&Event::WorkflowExecutionTerminated)
        );
    }
    Ok(())
}

async fn a_rejected_update_leaves_the_delay_as_it_was(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    // A machine that is too slow for the short delay gets a long one.
    for seconds in [3, 30] {
        let mut request = world.start_request();
        let workflow_id = request.workflow_id.clone();
        request.workflow_start_delay = Some(Duration { seconds, nanos: 0 });
        let began = Instant::now();
        service.start_workflow_execution(request).await?;
        let update = update_request(&workflow_id);
        let mut client = service.clone();
        let sent =
            tokio::spawn(async move { client.update_workflow_execution(within(30, update)).await });
        let task = task_with_update(&mut service, &world.queue).await?;
        let messages = vec![reject(&task.messages[0])];
        complete(&mut service, &task, vec![], messages).await?;
        sent.await.expect("no panic")?;
        signal(&mut service, &workflow_id).await?;
        let types = event_types(&mut service, &workflow_id).await?;
        if began.elapsed().as_secs() + 1 >= seconds.unsigned_abs() {
            terminate(&mut service, &workflow_id).await?;
            continue;
        }
        let waiting = [
            Event::WorkflowExecutionStarted,
            Event::WorkflowExecutionSignaled,
        ];
        assert_eq!(types, waiting);
        // The end of the delay brings the first task.
        workflow_task(&mut service, &world.queue).await?;
        return terminate(&mut service, &workflow_id).await;
    }
    panic!("half a minute is not enough for five requests");
}

async fn a_cron_run_that_started_early_does_not_use_up_its_time(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    for (delay, command) in [
        (Delay::Cron, complete_workflow()),
        (Delay::Start, continue_as_new(Default::default())),
    ] {
        let workflow_id = delayed(world, &mut service, delay).await?;
        let before = backoff(&mut service, &workflow_id).await?;
        cancel(&mut service, &workflow_id).await?;
        let task = workflow_task(&mut service, &world.queue).await?;
        complete(&mut service, &task, vec![command], vec![]).await?;
        let next = eventually("the next run has started", || {
            let mut service = service.clone();
            let workflow_id = workflow_id.clone();
            async move {
                let types = event_types(&mut service, &workflow_id).await.ok()?;
                (types.len() == 1).then_some(())?;
                backoff(&mut service, &workflow_id).await.ok()
            }
        })
        .await;
        match delay {
            // The next run has the time that this one did not wait for.
            Delay::Cron => assert!((before - 60..=before).contains(&next), "{before} -> {next}"),
            // A second at most from the start that came early.
            _ => assert_eq!(next, 0),
        }
        terminate(&mut service, &workflow_id).await?;
    }
    Ok(())
}

/// For how many seconds the first task of the latest run is held back.
async fn backoff(service: &mut Service, workflow_id: &str) -> Result<i64> {
    let started = events(service, workflow_id).await?.remove(0);
    match started.attributes {
        Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) => {
            let backoff = started.first_workflow_task_backoff;
            Ok(backoff.map_or(0, |backoff| backoff.seconds))
        }
        other => panic!("a history begins with its start, not {other:?}"),
    }
}
