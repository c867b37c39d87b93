//! Starts whose first task comes in the server's response.

use durably::prelude::*;
use durably_proto::api::history::v1::history_event::Attributes;
use durably_tests::{World, on_both_servers, raw::events};

#[derive(Default)]
struct Greeting;

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx, name: String) -> Result<String> {
        ctx.sleep(millis(10)).await?;
        Ok(format!("Hello, {name}!"))
    }
}

on_both_servers! {
    a_worker_of_the_client_takes_the_first_task_of_an_eager_start
    an_eager_start_without_a_worker_is_a_plain_one
}

/// Whether the server handed the first task out in its response to the start.
async fn is_eager(world: &World, id: &str) -> Result<bool> {
    let events = events(&mut world.service().await?, id).await?;
    match events.into_iter().next().and_then(|event| event.attributes) {
        Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) => {
            Ok(started.eager_execution_accepted)
        }
        other => panic!("a history begins with its start: {other:?}"),
    }
}

async fn a_worker_of_the_client_takes_the_first_task_of_an_eager_start(
    world: &World,
) -> Result<()> {
    let worker = world.worker().workflow::<Greeting>().spawn().await?;
    let eager = Greeting::start(&world.client, "Ann").task_queue(&world.queue);
    let eager = eager.eager().await?;
    assert_eq!(eager.result().await?, "Hello, Ann!");
    assert!(is_eager(world, eager.id()).await?);
    let plain = Greeting::start(&world.client, "Bob").task_queue(&world.queue);
    let plain = plain.await?;
    assert_eq!(plain.result().await?, "Hello, Bob!");
    assert!(!is_eager(world, plain.id()).await?);
    worker.shutdown().await
}

async fn an_eager_start_without_a_worker_is_a_plain_one(world: &World) -> Result<()> {
    // The worker uses a connection of its own, as one in another process does.
    let other = Client::connect(world.address()).await?;
    let worker = Worker::new(&other, &world.queue).workflow::<Greeting>();
    let worker = worker.spawn().await?;
    let start = Greeting::start(&world.client, "Ann").task_queue(&world.queue);
    let greeting = start.eager().await?;
    assert_eq!(greeting.result().await?, "Hello, Ann!");
    assert!(!is_eager(world, greeting.id()).await?);
    worker.shutdown().await?;
    // One of the same client that has ended takes none.
    let worker = world.worker().workflow::<Greeting>().spawn().await?;
    worker.shutdown().await?;
    let start = Greeting::start(&world.client, "Bob").task_queue(&world.queue);
    let greeting = start.eager().await?;
    assert!(!is_eager(world, greeting.id()).await?);
    greeting.terminate("seen").await?;
    Ok(())
}
