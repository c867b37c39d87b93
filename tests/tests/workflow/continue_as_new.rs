//! Continue-as-new: each run passes its arguments to the next.

use std::time::Duration;

use durably::{ContinueAsNew, prelude::*};
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

/// What a run was started with.
#[durably::data]
#[derive(Clone, Debug, PartialEq)]
struct Started {
    workflow_type: String,
    queue: String,
    /// Of the execution, the run and its tasks, in seconds.
    timeouts: [Option<u64>; 3],
    attempts: Option<u32>,
}

fn started(view: &View) -> Started {
    let timeouts = [
        view.execution_timeout(),
        view.run_timeout(),
        view.task_timeout(),
    ];
    Started {
        workflow_type: view.workflow_type().to_owned(),
        queue: view.task_queue().to_owned(),
        timeouts: timeouts.map(|timeout| timeout.as_ref().map(Duration::as_secs)),
        attempts: view.retry_policy().map(|retry| retry.max_attempts),
    }
}

/// Continues in the way that it is started with.
#[derive(Default)]
struct Trial;

#[workflow]
impl Trial {
    #[run]
    async fn run(&mut self, ctx: &Ctx, way: String, runs: Vec<Started>) -> Result<Vec<Started>> {
        let mut runs = runs;
        runs.push(started(ctx));
        match way.as_str() {
            "carried" => Self::continue_as_new("end", runs).into(),
            "replaced" => Self::continue_as_new("end", runs)
                .task_queue(format!("{}-other", ctx.task_queue()))
                .run_timeout(mins(50))
                .task_timeout(secs(7))
                .retry(Retry::attempts(2))
                .into(),
            "helper" => {
                self.next(ctx, runs).await?;
                bail!("the helper has continued the run")
            }
            "another type" => Subscription::continue_as_new(12, runs).into(),
            "another type by name" => ContinueAsNew::other::<Subscription>((24, runs)).into(),
            "end" => Ok(runs),
            other => bail!("no way {other}"),
        }
    }

    /// A helper ends the run for its caller.
    async fn next(&self, ctx: &Ctx, runs: Vec<Started>) -> Result<()> {
        ctx.sleep(millis(1)).await?;
        Self::continue_as_new("end", runs).into()
    }
}

/// What follows a trial.
#[derive(Default)]
struct Subscription;

#[workflow]
impl Subscription {
    #[run]
    async fn run(&mut self, ctx: &Ctx, months: u32, runs: Vec<Started>) -> Result<Vec<Started>> {
        let mut runs = runs;
        runs.push(started(ctx));
        runs.push(Started {
            workflow_type: format!("{months} months"),
            ..started(ctx)
        });
        Ok(runs)
    }
}

/// What the runs of a trial were started with.
async fn runs(world: &World, way: &str) -> Result<Vec<Started>> {
    let worker = |queue: &str| {
        let worker = Worker::new(&world.client, queue);
        worker.workflow::<Trial>().workflow::<Subscription>()
    };
    let first = worker(&world.queue).spawn().await?;
    let second = worker(&format!("{}-other", world.queue)).spawn().await?;
    let runs = Trial::start(&world.client, way, vec![])
        .task_queue(&world.queue)
        .execution_timeout(hours(3))
        .run_timeout(hours(2))
        .task_timeout(secs(9))
        .retry(Retry::attempts(4))
        .result()
        .await?;
    first.shutdown().await?;
    second.shutdown().await?;
    Ok(runs)
}

on_both_servers! {
    each_run_hands_its_arguments_to_the_next
    the_next_run_has_the_options_of_the_one_before
    options_of_the_next_run_are_replaced
    a_helper_continues_the_run
    the_next_run_is_of_another_type
}

/// Of a first run.
fn of_trial(world: &World) -> Started {
    Started {
        workflow_type: "Trial".to_owned(),
        queue: world.queue.clone(),
        timeouts: [Some(3 * 3_600), Some(2 * 3_600), Some(9)],
        attempts: Some(4),
    }
}

async fn the_next_run_has_the_options_of_the_one_before(world: &World) -> Result<()> {
    let runs = runs(world, "carried").await?;
    assert_eq!(runs, [of_trial(world), of_trial(world)]);
    Ok(())
}

async fn options_of_the_next_run_are_replaced(world: &World) -> Result<()> {
    let runs = runs(world, "replaced").await?;
    let next = Started {
        queue: format!("{}-other", world.queue),
        timeouts: [Some(3 * 3_600), Some(50 * 60), Some(7)],
        attempts: Some(2),
        ..of_trial(world)
    };
    assert_eq!(runs, [of_trial(world), next]);
    Ok(())
}

async fn a_helper_continues_the_run(world: &World) -> Result<()> {
    let runs = runs(world, "helper").await?;
    assert_eq!(runs, [of_trial(world), of_trial(world)]);
    Ok(())
}

async fn the_next_run_is_of_another_type(world: &World) -> Result<()> {
    for (way, months) in [("another type", 12), ("another type by name", 24)] {
        let runs = runs(world, way).await?;
        let of_type = |workflow_type: String| Started {
            workflow_type,
            ..of_trial(world)
        };
        let types = ["Trial", "Subscription", &format!("{months} months")];
        assert_eq!(runs, types.map(|it| of_type(it.to_owned())), "{way}");
    }
    Ok(())
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
