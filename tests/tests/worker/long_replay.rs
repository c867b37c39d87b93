//! Replays that take longer than one activation, and longer than a workflow task timeout.

use durably::prelude::*;
use durably_tests::{World, on_both_servers};

const STEPS: u32 = 300;

#[activity(start_to_close = "10s")]
async fn step(n: u32) -> u32 {
    n
}

/// Many activities, with a little work after each. Together it is six seconds.
#[derive(Default)]
struct Laborious {
    sum: u32,
    finish: bool,
}

#[workflow]
impl Laborious {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u32> {
        for n in 0..STEPS {
            self.sum += step::call(ctx, n).await?;
            #[allow_nondeterminism(reason = "the test needs activations that take their time")]
            std::thread::sleep(millis(20));
        }
        ctx.wait_until(|| self.finish).await?;
        Ok(self.sum)
    }

    #[query]
    fn sum(&self) -> u32 {
        self.sum
    }

    #[update]
    fn finish(&mut self) -> u32 {
        self.finish = true;
        self.sum
    }
}

on_both_servers! {
    a_long_replay_is_not_taken_for_a_blocked_thread_and_its_task_is_kept_alive
}

async fn a_long_replay_is_not_taken_for_a_blocked_thread_and_its_task_is_kept_alive(
    world: &World,
) -> Result<()> {
    let worker = || {
        world
            .worker()
            .executor_threads(1)
            .deadlock_timeout(secs(3))
            .workflow::<Laborious>()
            .activity::<step>()
            .spawn()
    };
    let expected: u32 = (0..STEPS).sum();
    let first = worker().await?;
    let handle = Laborious::start(&world.client)
        .task_queue(&world.queue)
        .task_timeout(secs(5))
        .await?;
    durably_tests::eventually("all steps", || async {
        handle.sum().await.ok().filter(|sum| *sum == expected)
    })
    .await;
    first.shutdown().await?;
    // The second worker replays the run for the query, and again for the update: its task is answered
    // with a heartbeat meanwhile.
    let second = worker().await?;
    assert_eq!(handle.sum().await?, expected);
    assert_eq!(handle.finish().await?, expected);
    assert_eq!(handle.result().await?, expected);
    let history = handle.history().await?.to_string();
    for trouble in ["WorkflowTaskFailed", "WorkflowTaskTimedOut"] {
        assert!(!history.contains(trouble), "{history}");
    }
    let lines: Vec<_> = history.lines().collect();
    let heartbeat = lines.windows(2).any(|pair| {
        pair[0].contains("WorkflowTaskCompleted") && pair[1].contains("WorkflowTaskScheduled")
    });
    assert!(heartbeat, "{history}");
    second.shutdown().await?;
    // A history with heartbeats replays as it was.
    let third = worker().await?;
    assert_eq!(handle.sum().await?, expected);
    third.shutdown().await
}
