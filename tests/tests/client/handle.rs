//! Handles of workflows: attached by id, described, listed, and awaited by several tasks.

use durably::{client::WorkflowStatus, prelude::*};
use durably_tests::{World, eventually, on_both_servers, unique};

/// Waits until it is told a number.
#[derive(Default)]
struct Box1 {
    number: Option<u32>,
}

#[workflow(name = "a box")]
impl Box1 {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u32> {
        ctx.wait_until(|| self.number.is_some()).await?;
        Ok(self.number.unwrap_or_default())
    }

    #[signal]
    fn put(&mut self, number: u32) {
        self.number = Some(number);
    }
}

/// Waits for its last leg to be ended; each leg is a run.
#[derive(Default)]
struct Relay {
    ended: bool,
}

#[workflow]
impl Relay {
    #[run]
    async fn run(&mut self, ctx: &Ctx, legs: u32) -> Result<()> {
        if legs > 1 {
            return Self::continue_as_new(legs - 1).into();
        }
        Ok(ctx.wait_until(|| self.ended).await?)
    }

    #[signal]
    fn end(&mut self) {
        self.ended = true;
    }
}

on_both_servers! {
    a_handle_of_a_start_describes_the_run_that_its_messages_reach
    a_handle_attached_by_id_does_all_a_started_one_does
    describe_tells_type_status_and_queue
    a_result_can_be_awaited_again_and_by_many
    list_finds_runs_by_type_and_status
}

async fn a_handle_of_a_start_describes_the_run_that_its_messages_reach(
    world: &World,
) -> Result<()> {
    let worker = world.worker().workflow::<Relay>().spawn().await?;
    let id = unique("relay");
    let start = |legs| {
        Relay::start(&world.client, legs)
            .id(&id)
            .task_queue(&world.queue)
    };
    let relay = start(2).await?;
    let second = eventually("the second run", || async {
        let found = relay.describe().await.ok()?;
        (Some(&*found.run_id) != relay.run_id()).then_some(found)
    })
    .await;
    assert!(second.status.is_running());
    // Its history is that of the run that was started.
    let history = relay.history().await?;
    assert_eq!(Some(history.run_id()), relay.run_id());
    let last = history.events().last().map(|event| event.name());
    assert_eq!(last.as_deref(), Some("WorkflowExecutionContinuedAsNew"));
    relay.end().await?;
    relay.result().await?;
    let ended = relay.describe().await?;
    assert_eq!(
        (&ended.run_id, ended.status),
        (&second.run_id, WorkflowStatus::Completed)
    );

    // A later start of the id is another workflow.
    let later = start(1).await?;
    assert_eq!(
        later.describe().await?.run_id,
        later.run_id().unwrap_or_default()
    );
    let first = relay.describe().await?;
    assert_eq!(
        (Some(&*first.run_id), first.status),
        (relay.run_id(), WorkflowStatus::ContinuedAsNew)
    );
    later.end().await?;
    later.result().await?;
    worker.shutdown().await
}

async fn a_handle_attached_by_id_does_all_a_started_one_does(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Box1>().spawn().await?;
    let id = unique("box");
    Box1::start(&world.client)
        .id(&id)
        .task_queue(&world.queue)
        .await?;
    let attached = Box1::handle(&world.client, &id);
    attached.put(4).await?;
    assert_eq!(attached.result().await?, 4);
    assert_eq!(world.client.handle(&id).result::<u32>().await?, 4);
    worker.shutdown().await
}

async fn describe_tells_type_status_and_queue(world: &World) -> Result<()> {
    let handle = Box1::start(&world.client).task_queue(&world.queue).await?;
    let description = handle.describe().await?;
    assert_eq!(description.workflow_type, "a box");
    assert_eq!(description.task_queue, world.queue);
    assert!(description.status.is_running());
    handle.terminate("seen").await?;
    assert!(!handle.describe().await?.status.is_running());
    Ok(())
}

async fn a_result_can_be_awaited_again_and_by_many(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Box1>().spawn().await?;
    let handle = Box1::start(&world.client).task_queue(&world.queue).await?;
    let waiters: Vec<_> = (0..10)
        .map(|_| {
            let handle = handle.clone();
            tokio::spawn(async move { handle.result().await })
        })
        .collect();
    handle.put(5).await?;
    for waiter in waiters {
        assert_eq!(waiter.await.expect("the waiter does not panic")?, 5);
    }
    assert_eq!(handle.result().await?, 5);
    worker.shutdown().await
}

async fn list_finds_runs_by_type_and_status(world: &World) -> Result<()> {
    use futures::TryStreamExt;

    let mut ids = Vec::new();
    for _ in 0..3 {
        let handle = Box1::start(&world.client)
            .id(unique("listed"))
            .task_queue(&world.queue)
            .await?;
        ids.push(handle.id().to_owned());
    }
    let query = format!(
        "WorkflowType = 'a box' AND ExecutionStatus = 'Running' AND TaskQueue = '{}'",
        world.queue
    );
    let found = eventually("three runs in the list", || async {
        let found: Vec<_> = world.client.list(&query).try_collect().await.ok()?;
        (found.len() == 3).then_some(found)
    })
    .await;
    for run in &found {
        assert!(ids.contains(&run.workflow_id), "{}", run.workflow_id);
    }
    assert_eq!(world.client.count(&query).await?, 3);
    for id in ids {
        world.client.handle(id).terminate("seen").await?;
    }
    Ok(())
}
