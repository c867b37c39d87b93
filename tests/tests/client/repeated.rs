//! Requests that the client repeats because the connection broke between request and response: the first attempt
//! has arrived, and what it did is not held against the second.

use durably::{
    error::{ResultError, SignalError},
    prelude::*,
    worker::WorkerGuard,
};
use durably_tests::{World, eventually, on_both_servers, proxy::Proxy};

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
