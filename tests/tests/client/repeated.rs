//! Requests that the client repeats because the connection broke between request and response: the first attempt
//! has arrived, and what it did is not held against the second.

use durably::{
    error::{BatchError, HandleError, NamespaceError, ResultError, ScheduleError, SignalError},
    prelude::*,
    worker::WorkerGuard,
};
use durably_tests::{World, eventually, on_both_servers, proxy::Proxy, unique};

/// Ends when it is signalled.
#[derive(Default)]
struct Door {
    knocks: u32,
    open: bool,
}

#[workflow]
impl Door {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u32> {
        ctx.wait_until(|| self.open).await?;
        Ok(self.knocks)
    }

    #[signal]
    fn knock(&mut self) {
        self.knocks += 1;
    }

    #[signal]
    fn open(&mut self) {
        self.open = true;
    }

    #[query]
    fn knocks(&self) -> u32 {
        self.knocks
    }
}

/// A running `Door`, and a handle of it whose connection can break.
struct Visit {
    direct: Handle<Door>,
    proxied: Handle<Door>,
    proxy: Proxy,
    _worker: WorkerGuard,
}

impl Visit {
    async fn begin(world: &World) -> Result<Self> {
        let worker = world.worker().workflow::<Door>().spawn().await?;
        let direct = Door::start(&world.client).task_queue(&world.queue).await?;
        let proxy = Proxy::start(world.address()).await?;
        let client = Client::connect(proxy.address()).await?;
        let proxied = Door::handle(&client, direct.id());
        // Connected, and the workflow has begun.
        assert_eq!(proxied.knocks().await?, 0);
        proxy.withhold_responses();
        Ok(Self {
            direct,
            proxied,
            proxy,
            _worker: worker,
        })
    }
}

on_both_servers! {
    a_repeated_signal_is_one_signal
    a_repeated_signal_succeeds_although_the_first_ended_the_workflow
    a_repeated_cancel_request_succeeds_although_the_first_ended_the_workflow
    a_repeated_termination_succeeds_although_the_first_ended_the_workflow
    a_repeated_deletion_of_a_schedule_succeeds
    a_repeated_registration_of_a_namespace_succeeds
}

durably_tests::on_the_real_server! {
    a_repeated_deletion_of_a_workflow_succeeds
    a_repeated_deletion_of_a_namespace_succeeds
    a_repeated_start_and_stop_of_a_batch_succeed
}

async fn a_repeated_signal_is_one_signal(world: &World) -> Result<()> {
    let visit = Visit::begin(world).await?;
    let signal = tokio::spawn(visit.proxied.knock());
    eventually("the first attempt", || async {
        (visit.direct.knocks().await.ok()? > 0).then_some(())
    })
    .await;
    visit.proxy.break_connections();
    signal.await??;
    visit.direct.open().await?;
    assert_eq!(visit.direct.result().await?, 1);
    Ok(())
}

async fn a_repeated_signal_succeeds_although_the_first_ended_the_workflow(
    world: &World,
) -> Result<()> {
    let visit = Visit::begin(world).await?;
    let signal = tokio::spawn(visit.proxied.open());
    assert_eq!(visit.direct.result().await?, 0);
    visit.proxy.break_connections();
    signal.await??;
    // Another signal is refused.
    let refused = visit.direct.open().await.unwrap_err();
    assert!(matches!(refused, SignalError::NotFound(missing) if missing.closed));
    Ok(())
}

async fn a_repeated_cancel_request_succeeds_although_the_first_ended_the_workflow(
    world: &World,
) -> Result<()> {
    let visit = Visit::begin(world).await?;
    let cancel = tokio::spawn(visit.proxied.cancel());
    let ended = visit.direct.result().await.unwrap_err();
    assert!(ended.is_cancelled(), "{ended}");
    visit.proxy.break_connections();
    cancel.await??;
    Ok(())
}

async fn a_repeated_termination_succeeds_although_the_first_ended_the_workflow(
    world: &World,
) -> Result<()> {
    let visit = Visit::begin(world).await?;
    let terminate = tokio::spawn(visit.proxied.terminate("enough"));
    let ended = visit.direct.result().await.unwrap_err();
    assert!(matches!(&ended, ResultError::Terminated(_)), "{ended:?}");
    visit.proxy.break_connections();
    terminate.await??;
    Ok(())
}

/// A proxy whose responses get lost, and a client behind it.
async fn unreliable(world: &World) -> Result<(Proxy, Client)> {
    let proxy = Proxy::start(world.address()).await?;
    let client = Client::connect(proxy.address()).await?;
    proxy.withhold_responses();
    Ok((proxy, client))
}

async fn a_repeated_deletion_of_a_schedule_succeeds(world: &World) -> Result<()> {
    let schedule = world
        .client
        .create_schedule(unique("nightly"), "Report", ())
        .every(hours(1))
        .task_queue(&world.queue)
        .await?;
    let (proxy, client) = unreliable(world).await?;
    let deletion = tokio::spawn(client.schedule(schedule.id()).delete().timeout(mins(2)));
    eventually("the deletion", || async {
        let gone = schedule.describe().await;
        matches!(gone, Err(ScheduleError::NotFound(_))).then_some(())
    })
    .await;
    proxy.break_connections();
    deletion.await??;
    let gone = schedule.delete().await;
    assert!(matches!(gone, Err(ScheduleError::NotFound(_))), "{gone:?}");
    Ok(())
}

async fn a_repeated_registration_of_a_namespace_succeeds(world: &World) -> Result<()> {
    let name = unique("shop");
    let (proxy, client) = unreliable(world).await?;
    let registration = tokio::spawn(client.register_namespace(&name).timeout(mins(2)));
    eventually("the registration", || async {
        world.client.describe_namespace(&name).await.ok()
    })
    .await;
    proxy.break_connections();
    registration.await??;
    Ok(())
}

async fn a_repeated_deletion_of_a_workflow_succeeds(world: &World) -> Result<()> {
    let door = Door::start(&world.client).task_queue(&world.queue).await?;
    let (proxy, client) = unreliable(world).await?;
    let deletion = tokio::spawn(client.handle(door.id()).delete().timeout(mins(2)));
    eventually("the deletion", || async {
        let gone = door.describe().await;
        matches!(gone, Err(HandleError::NotFound(_))).then_some(())
    })
    .await;
    proxy.break_connections();
    deletion.await??;
    Ok(())
}

async fn a_repeated_deletion_of_a_namespace_succeeds(world: &World) -> Result<()> {
    let name = unique("short");
    world.client.register_namespace(&name).await?;
    let (proxy, client) = unreliable(world).await?;
    let deletion = tokio::spawn(client.delete_namespace(&name).timeout(mins(2)));
    eventually("the deletion", || async {
        let gone = world.client.describe_namespace(&name).await;
        matches!(gone, Err(NamespaceError::NotFound(_))).then_some(())
    })
    .await;
    proxy.break_connections();
    deletion.await??;
    Ok(())
}

async fn a_repeated_start_and_stop_of_a_batch_succeed(world: &World) -> Result<()> {
    let (id, filter) = (unique("batch"), format!("TaskQueue = '{}'", world.queue));
    let (proxy, client) = unreliable(world).await?;
    let start = client
        .batch(&filter)
        .cancel("recall")
        .id(&id)
        .timeout(mins(2));
    let start = tokio::spawn(start);
    let batch = world.client.batch_operation(&id);
    eventually("the batch", || async { batch.describe().await.ok() }).await;
    proxy.break_connections();
    assert_eq!(start.await??.id(), id);
    // An id is never used again.
    batch.finished().await?;
    let again = world.client.batch(&filter).cancel("again").id(&id).await;
    assert!(
        matches!(&again, Err(BatchError::AlreadyExists(it)) if it.batch_id == id),
        "{again:?}"
    );
    let ended = batch.stop("it has ended").await;
    assert!(matches!(ended, Err(BatchError::NotFound(_))), "{ended:?}");
    Ok(())
}
