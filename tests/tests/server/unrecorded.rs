//! Histories that end with the events of a workflow task that is not recorded yet.

use durably::prelude::*;
use durably_proto::api::{enums::v1::EventType, history::v1::HistoryEvent, workflowservice::v1::*};
use durably_tests::{
    World, on_both_servers,
    raw::{
        NAMESPACE, Service, complete, events, execution, expired, fail_task, terminate, within,
        workflow_task,
    },
    raw_update::update_request,
};

on_both_servers! {
    the_history_ends_with_the_next_attempt_of_a_failed_task
    the_history_ends_with_the_task_of_an_update
    a_reader_that_waits_reads_the_next_attempt_again_once_it_is_recorded
    a_worker_takes_the_attempt_after_failed_ones
}

/// The id and type of each event: `5 WorkflowTaskScheduled`.
fn lines(events: &[HistoryEvent]) -> Vec<String> {
    let line = |event: &HistoryEvent| format!("{} {:?}", event.event_id, event.event_type());
    events.iter().map(line).collect()
}

async fn failed(world: &World, service: &mut Service, times: usize) -> Result<String> {
    let request = world.start_request();
    let workflow_id = request.workflow_id.clone();
    service.start_workflow_execution(request).await?;
    for _ in 0..times {
        let task = workflow_task(service, &world.queue).await?;
        fail_task(service, task).await?;
    }
    Ok(workflow_id)
}

fn request(workflow_id: &str) -> GetWorkflowExecutionHistoryRequest {
    GetWorkflowExecutionHistoryRequest {
        namespace: NAMESPACE.to_owned(),
        execution: execution(workflow_id),
        ..Default::default()
    }
}

async fn page(
    service: &mut Service,
    request: GetWorkflowExecutionHistoryRequest,
) -> Result<(Vec<HistoryEvent>, Vec<u8>)> {
    let page = service.get_workflow_execution_history(within(30, request));
    let page = page.await?.into_inner();
    Ok((
        page.history.unwrap_or_default().events,
        page.next_page_token,
    ))
}

async fn the_history_ends_with_the_next_attempt_of_a_failed_task(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    for times in [1, 2] {
        let id = failed(world, &mut service, times).await?;
        let scheduled = "5 WorkflowTaskScheduled";
        let started = "6 WorkflowTaskStarted";
        for unrecorded in [vec![scheduled], vec![scheduled, started]] {
            let taken = unrecorded.len() == 2;
            if taken {
                let task = workflow_task(&mut service, &world.queue).await?;
                assert_eq!(usize::try_from(task.attempt)?, times + 1);
                let events = task.history.unwrap_or_default().events;
                assert_eq!(lines(&events[4..]), unrecorded);
            }
            let events = events(&mut service, &id).await?;
            assert_eq!(lines(&events[3..])[0], "4 WorkflowTaskFailed");
            assert_eq!(lines(&events[4..]), unrecorded);
            assert!(events[4..].iter().all(|event| event.task_id == 0));

            // They follow the last page, whatever its size, and are no page of their own.
            let mut paged = Vec::new();
            let mut next_page_token = Vec::new();
            loop {
                let (events, next) = page(
                    &mut service,
                    GetWorkflowExecutionHistoryRequest {
                        maximum_page_size: 3,
                        next_page_token,
                        ..request(&id)
                    },
                )
                .await?;
                paged.extend(events);
                next_page_token = next;
                if next_page_token.is_empty() {
                    break;
                }
            }
            assert_eq!(lines(&paged), lines(&events));

            let reverse = service
                .get_workflow_execution_history_reverse(GetWorkflowExecutionHistoryReverseRequest {
                    namespace: NAMESPACE.to_owned(),
                    execution: execution(&id),
                    ..Default::default()
                })
                .await?
                .into_inner();
            let reverse = reverse.history.unwrap_or_default().events;
            assert_eq!(lines(&reverse)[0], "4 WorkflowTaskFailed");

            // The command line and the web page of the platform read recorded events only.
            for client in ["temporal-cli", "temporal-ui"] {
                let mut request = within(30, request(&id));
                let name = client.parse().expect("a header");
                request.metadata_mut().insert("client-name", name);
                let page = service.get_workflow_execution_history(request).await?;
                let events = page.into_inner().history.unwrap_or_default().events;
                assert_eq!(events.len(), 4, "{client}");
            }
        }
        terminate(&mut service, &id).await?;
        let closed = events(&mut service, &id).await?;
        let last = closed.last().map(HistoryEvent::event_type);
        assert_eq!(last, Some(EventType::WorkflowExecutionTerminated));
    }
    Ok(())
}

async fn the_history_ends_with_the_task_of_an_update(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let id = failed(world, &mut service, 0).await?;
    let task = workflow_task(&mut service, &world.queue).await?;
    complete(&mut service, &task, vec![], vec![]).await?;
    let update = within(3, update_request(&id));
    assert!(expired(service.update_workflow_execution(update).await));
    let scheduled = "5 WorkflowTaskScheduled";
    let found = events(&mut service, &id).await?;
    assert_eq!(lines(&found[4..]), [scheduled]);
    workflow_task(&mut service, &world.queue).await?;
    let found = events(&mut service, &id).await?;
    assert_eq!(lines(&found[4..]), [scheduled, "6 WorkflowTaskStarted"]);
    Ok(())
}

async fn a_reader_that_waits_reads_the_next_attempt_again_once_it_is_recorded(
    world: &World,
) -> Result<()> {
    let mut service = world.service().await?;
    let id = failed(world, &mut service, 2).await?;
    let task = workflow_task(&mut service, &world.queue).await?;
    let request = GetWorkflowExecutionHistoryRequest {
        wait_new_event: true,
        ..request(&id)
    };
    let (first, next_page_token) = page(&mut service, request.clone()).await?;
    assert_eq!(first.len(), 6);
    complete(&mut service, &task, vec![], vec![]).await?;
    let (second, _) = page(
        &mut service,
        GetWorkflowExecutionHistoryRequest {
            next_page_token,
            ..request
        },
    )
    .await?;
    assert_eq!(
        lines(&second),
        [
            "5 WorkflowTaskScheduled",
            "6 WorkflowTaskStarted",
            "7 WorkflowTaskCompleted"
        ]
    );
    Ok(())
}

/// Sleeps, so that it takes two tasks.
#[derive(Default)]
struct Sleeper;

#[workflow]
impl Sleeper {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u32> {
        ctx.sleep(millis(10)).await?;
        Ok(1)
    }
}

async fn a_worker_takes_the_attempt_after_failed_ones(world: &World) -> Result<()> {
    let handle = Sleeper::start(&world.client)
        .task_queue(&world.queue)
        .await?;
    let mut service = world.service().await?;
    for _ in 0..2 {
        let task = workflow_task(&mut service, &world.queue).await?;
        fail_task(&mut service, task).await?;
    }
    let worker = world.worker().workflow::<Sleeper>().spawn().await?;
    assert_eq!(handle.result().await?, 1);
    let history = handle.history().await?;
    let ids: Vec<_> = history.events().iter().map(|event| event.id()).collect();
    let expected: Vec<_> = (1..).take(ids.len()).collect();
    assert_eq!(ids, expected);
    worker.shutdown().await
}
