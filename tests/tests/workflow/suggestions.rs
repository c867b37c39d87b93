//! When a server suggests to continue as new, and why.

use durably::prelude::*;
use durably_tests::{World, on_both_servers, unique};

/// Whether it is suggested, and the reasons.
type Suggestion = (bool, Vec<String>);

fn suggestion(view: &View) -> Suggestion {
    let reasons = view.continue_as_new_reasons().into_iter();
    let reasons = reasons.map(|reason| format!("{reason:?}")).collect();
    (view.continue_as_new_suggested(), reasons)
}

/// Its history grows in the way that it is started with.
#[derive(Default)]
struct Diary {
    suggestions: Vec<Suggestion>,
    lines: u32,
    closed: bool,
}

#[workflow]
impl Diary {
    #[run]
    async fn run(&mut self, ctx: &Ctx, way: String) -> Result<Vec<Suggestion>> {
        self.suggestions.push(suggestion(ctx));
        match way.as_str() {
            "events" => {
                for _ in 0..4_200 {
                    ctx.side_effect(|| 0_u8).await?;
                }
            }
            "bytes" => {
                for _ in 0..3 {
                    ctx.side_effect(|| "x".repeat(1_500_000)).await?;
                    ctx.sleep(millis(1)).await?;
                }
            }
            "updates" => ctx.wait_until(|| self.closed).await?,
            other => bail!("no way {other}"),
        }
        ctx.sleep(millis(1)).await?;
        self.suggestions.push(suggestion(ctx));
        Ok(self.suggestions.clone())
    }

    #[update]
    fn write(&mut self) -> u32 {
        self.lines += 1;
        self.lines
    }

    #[signal]
    fn close(&mut self) {
        self.closed = true;
    }

    #[query]
    fn suggested(&self, view: &View) -> Suggestion {
        suggestion(view)
    }
}

on_both_servers! {
    a_long_history_is_a_reason_to_continue_as_new
    a_large_history_is_a_reason_to_continue_as_new
    many_updates_are_a_reason_to_continue_as_new
}

fn none() -> Suggestion {
    (false, Vec::new())
}

fn because(reason: &str) -> Suggestion {
    (true, vec![reason.to_owned()])
}

/// Without a cache, so that the last task repeats what the first ones were told.
async fn grown(world: &World, way: &str) -> Result<Vec<Suggestion>> {
    let worker = world.worker().workflow::<Diary>().max_cached_workflows(0);
    let worker = worker.spawn().await?;
    let start = Diary::start(&world.client, way).task_queue(&world.queue);
    let suggestions = start.result().await?;
    worker.shutdown().await?;
    Ok(suggestions)
}

async fn a_long_history_is_a_reason_to_continue_as_new(world: &World) -> Result<()> {
    let suggestions = grown(world, "events").await?;
    assert_eq!(suggestions, [none(), because("EventCount")]);
    Ok(())
}

async fn a_large_history_is_a_reason_to_continue_as_new(world: &World) -> Result<()> {
    let suggestions = grown(world, "bytes").await?;
    assert_eq!(suggestions, [none(), because("HistorySize")]);
    Ok(())
}

async fn many_updates_are_a_reason_to_continue_as_new(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Diary>().spawn().await?;
    let diary = Diary::start(&world.client, "updates")
        .id(unique("diary"))
        .task_queue(&world.queue)
        .await?;
    // As many at once as a run may have.
    for batch in 0..180 {
        let written = (0..10).map(|_| diary.write().into_future());
        for written in futures::future::join_all(written).await {
            written?;
        }
        if batch == 100 {
            assert_eq!(diary.suggested().await?, none());
        }
    }
    diary.close().await?;
    let suggestions = diary.result().await?;
    assert_eq!(suggestions[0], none());
    let (suggested, reasons) = &suggestions[1];
    assert!(
        *suggested && reasons.contains(&"UpdateCount".to_owned()),
        "{reasons:?}"
    );
    worker.shutdown().await
}
