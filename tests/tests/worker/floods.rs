//! Runs that receive signals faster than their tasks complete: tasks time out and are superseded.

use durably::prelude::*;
use durably_proto::api::{
    enums::v1::WorkflowTaskFailedCause, history::v1::history_event::Attributes,
};
use durably_tests::{World, on_both_servers};

const SENDERS: u32 = 40;

#[activity(start_to_close = "10s")]
async fn note(n: u32) -> u32 {
    n
}

#[derive(Default)]
struct Flooded {
    seen: u32,
    noted: u32,
}

#[workflow]
impl Flooded {
    #[run]
    async fn run(&mut self, ctx: &Ctx, enough: u32) -> Result<(u32, u32)> {
        ctx.wait_until(|| self.seen >= enough).await?;
        ctx.wait_until(|| ctx.handlers_finished()).await?;
        Ok((self.seen, self.noted))
    }

    #[signal]
    async fn drop_in(&mut self, ctx: &Ctx, n: u32) -> Result<()> {
        self.seen += 1;
        if n.is_multiple_of(4) {
            self.noted += note::call(ctx, 1).await?;
        }
        Ok(())
    }
}

on_both_servers! {
    a_flood_of_signals_is_counted_once_from_the_cache
    a_flood_of_signals_is_counted_once_by_replays
}

async fn a_flood_of_signals_is_counted_once_from_the_cache(world: &World) -> Result<()> {
    flood(world, 100, 40).await
}

async fn a_flood_of_signals_is_counted_once_by_replays(world: &World) -> Result<()> {
    flood(world, 0, 8).await
}

async fn flood(world: &World, cached: usize, signals: u32) -> Result<()> {
    let total = SENDERS * signals;
    let worker = world
        .worker()
        .max_cached_workflows(cached)
        .workflow::<Flooded>()
        .activity::<note>()
        .spawn()
        .await?;
    let run = Flooded::start(&world.client, total)
        .task_queue(&world.queue)
        .await?;
    let senders = (0..SENDERS).map(|_| {
        let run = run.clone();
        tokio::spawn(async move {
            for n in 0..signals {
                run.drop_in(n).await?;
            }
            Ok::<_, Error>(())
        })
    });
    for sent in futures::future::join_all(senders).await {
        sent.expect("a sender does not panic")?;
    }
    assert_eq!(run.result().await?, (total, total / 4));
    // The server may give tasks up, because too much arrives meanwhile; the worker fails none.
    for event in run.history().await?.events() {
        if let Some(Attributes::WorkflowTaskFailedEventAttributes(failed)) = &event.raw().attributes
        {
            let given_up = [
                WorkflowTaskFailedCause::ForceCloseCommand,
                WorkflowTaskFailedCause::UnhandledCommand,
            ];
            assert!(given_up.contains(&failed.cause()), "{failed:?}");
        }
    }
    worker.shutdown().await
}
