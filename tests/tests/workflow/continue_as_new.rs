//! Continue-as-new: each run passes its arguments to the next.

use durably::prelude::*;
use durably_tests::{World, on_both_servers, unique};

/// Counts down, one run a step.
#[derive(Default)]
struct Countdown {
    nudges: u32,
}

#[workflow]
impl Countdown {
    #[run]
    async fn run(&mut self, ctx: &Ctx, left: u32, runs: Vec<String>) -> Result<Vec<String>> {
        let mut runs = runs;
        runs.push(ctx.run_id().to_owned());
        ctx.sleep(millis(5)).await?;
        if left == 0 {
            return Ok(runs);
        }
        Self::continue_as_new(left - 1, runs).into()
    }

    #[signal]
    fn nudge(&mut self) {
        self.nudges += 1;
    }
}

on_both_servers! {
    each_run_hands_its_arguments_to_the_next
}

async fn each_run_hands_its_arguments_to_the_next(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Countdown>().spawn().await?;
    let handle = Countdown::start(&world.client, 3, vec![])
        .id(unique("countdown"))
        .task_queue(&world.queue)
        .await?;
    let runs = handle.result().await?;
    assert_eq!(runs.len(), 4);
    assert_eq!(Some(runs[0].as_str()), handle.run_id());
    let mut distinct = runs.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), 4);
    worker.shutdown().await
}
