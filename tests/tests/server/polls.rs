//! Polls that are cancelled while a task arrives.

use std::time::Duration;

use durably::prelude::*;
use durably_proto::api::workflowservice::v1::*;
use durably_tests::{
    World, on_both_servers,
    raw::{NAMESPACE, task_queue, terminate, within},
    unique,
};

on_both_servers! {
    a_task_that_arrives_at_a_cancelled_poll_is_offered_again
}

async fn a_task_that_arrives_at_a_cancelled_poll_is_offered_again(world: &World) -> Result<()> {
    const TRIES: usize = 40;
    let mut service = world.service().await?;
    let mut starter = world.service().await?;
    let mut lost = 0;
    for _ in 0..TRIES {
        let mut request = world.start_request();
        let id = request.workflow_id.clone();
        let queue = unique("queue");
        request.task_queue = task_queue(&queue);
        let poll = |seconds| {
            within(
                seconds,
                PollWorkflowTaskQueueRequest {
                    namespace: NAMESPACE.to_owned(),
                    task_queue: task_queue(&queue),
                    ..Default::default()
                },
            )
        };
        let cancelled = tokio::spawn({
            let mut service = service.clone();
            let poll = poll(60);
            async move { service.poll_workflow_task_queue(poll).await }
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
        cancelled.abort();
        starter.start_workflow_execution(request).await?;
        if cancelled.await.is_err() {
            let task = service.poll_workflow_task_queue(poll(5)).await;
            let token = task.map(|task| task.into_inner().task_token);
            lost += usize::from(token.unwrap_or_default().is_empty());
        }
        terminate(&mut starter, &id).await?;
    }
    // What is on its way to the client when the client cancels is lost on any server, and a start may overtake the
    // cancellation, which comes on another connection. A server that does not notice loses all.
    assert!(lost < TRIES / 2, "{lost} of {TRIES} tasks were lost");
    Ok(())
}
