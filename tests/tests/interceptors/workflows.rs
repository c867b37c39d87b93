//! Interceptors of workflows whose errors fail a task, and replays through them.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use durably::{
    interceptor::{
        ActivityRequest, LocalNext, Output, ReceivedStart, ReceivedUpdate, TimerRequest,
        WorkflowInterceptor,
    },
    prelude::*,
    replay::{ReplayError, Replayer},
};
use durably_proto::api::history::v1::history_event::Attributes;
use durably_tests::{World, history, on_both_servers};

#[activity(start_to_close = "10s")]
async fn greet(name: String) -> String {
    format!("Hello, {name}!")
}

#[derive(Default)]
struct Greeting;

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx, name: String) -> Result<String> {
        ctx.sleep(millis(10)).await?;
        Ok(greet::call(ctx, name).await?)
    }
}

on_both_servers! {
    an_error_of_an_interceptor_fails_the_task_until_it_lets_the_request_pass
    options_that_an_interceptor_made_wrong_fail_the_task
    a_timer_of_tokio_in_an_interceptor_fails_the_task
    a_history_replays_with_the_interceptors_that_made_it
    an_interceptor_gives_an_unreadable_update_a_result
}

/// Refuses activities until a service is there.
struct Waits(Arc<AtomicBool>);

impl WorkflowInterceptor for Waits {
    fn start_activity(&self, _: &View, _: &mut ActivityRequest) -> Result<()> {
        match self.0.swap(true, Ordering::Relaxed) {
            true => Ok(()),
            false => Err(AppError::new("NotReady", "the service is not there").into()),
        }
    }
}

/// The texts of the failures of a run's workflow tasks.
async fn task_failures(world: &World, workflow_id: &str) -> Vec<String> {
    let events = history::events(&world.address(), workflow_id, "").await;
    let failures = events
        .into_iter()
        .filter_map(|event| match event.attributes? {
            Attributes::WorkflowTaskFailedEventAttributes(it) => Some(it.failure?.message),
            _ => None,
        });
    failures.collect()
}

async fn an_error_of_an_interceptor_fails_the_task_until_it_lets_the_request_pass(
    world: &World,
) -> Result<()> {
    let worker = world
        .worker()
        .workflow::<Greeting>()
        .activity::<greet>()
        .workflow_interceptor(Waits(Arc::default()))
        .spawn()
        .await?;
    let greeting = Greeting::start(&world.client, "Bob")
        .task_queue(&world.queue)
        .await?;
    assert_eq!(greeting.result().await?, "Hello, Bob!");
    assert_eq!(
        task_failures(world, greeting.id()).await,
        [
            "an interceptor of the worker refused activity `greet`: NotReady: the service is not there"
        ]
    );
    worker.shutdown().await
}

/// Takes the timeout from an activity, once.
struct Forgets(AtomicBool);

impl WorkflowInterceptor for Forgets {
    fn start_activity(&self, _: &View, request: &mut ActivityRequest) -> Result<()> {
        if !self.0.swap(true, Ordering::Relaxed) {
            request.start_to_close = None;
        }
        Ok(())
    }
}

async fn options_that_an_interceptor_made_wrong_fail_the_task(world: &World) -> Result<()> {
    let worker = world
        .worker()
        .workflow::<Greeting>()
        .activity::<greet>()
        .workflow_interceptor(Forgets(AtomicBool::new(false)))
        .spawn()
        .await?;
    let greeting = Greeting::start(&world.client, "Bob")
        .task_queue(&world.queue)
        .await?;
    assert_eq!(greeting.result().await?, "Hello, Bob!");
    assert_eq!(
        task_failures(world, greeting.id()).await,
        [
            "an interceptor of the worker changed the options of activity `greet`: neither \
             `start_to_close` nor `schedule_to_close` is given; Temporal needs one"
        ]
    );
    worker.shutdown().await
}

/// Waits by the clock of tokio, once.
struct Sleeps(AtomicU32);

impl WorkflowInterceptor for Sleeps {
    async fn execute(
        &self,
        _: &Ctx,
        start: ReceivedStart,
        next: LocalNext<ReceivedStart>,
    ) -> Result<Output> {
        if self.0.fetch_add(1, Ordering::Relaxed) == 0 {
            tokio::time::sleep(millis(1)).await;
        }
        next.run(start).await
    }
}

async fn a_timer_of_tokio_in_an_interceptor_fails_the_task(world: &World) -> Result<()> {
    let worker = world
        .worker()
        .workflow::<Greeting>()
        .activity::<greet>()
        .workflow_interceptor(Sleeps(AtomicU32::new(0)))
        .spawn()
        .await?;
    let greeting = Greeting::start(&world.client, "Bob")
        .task_queue(&world.queue)
        .await?;
    assert_eq!(greeting.result().await?, "Hello, Bob!");
    let failures = task_failures(world, greeting.id()).await;
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert!(
        failures[0].contains("Workflow code runs outside of tokio: wait with `ctx.sleep(..)`"),
        "{failures:?}"
    );
    worker.shutdown().await
}

/// Makes timers longer, and gives activities ids that end with its number.
struct Longer(u32);

impl WorkflowInterceptor for Longer {
    fn start_timer(&self, _: &View, request: &mut TimerRequest) -> Result<()> {
        request.duration *= 2;
        request.summary = Some("twice as long".to_owned());
        Ok(())
    }

    fn start_activity(&self, _: &View, request: &mut ActivityRequest) -> Result<()> {
        request.activity_id = Some(format!("{}-{}", request.activity_type, self.0));
        let name: String = request.args.get(0)?;
        request.args.set(0, name.to_uppercase())
    }
}

async fn a_history_replays_with_the_interceptors_that_made_it(world: &World) -> Result<()> {
    let worker = world
        .worker()
        .workflow::<Greeting>()
        .activity::<greet>()
        .workflow_interceptor(Longer(1))
        // A run that no worker has cached is replayed for each task.
        .max_cached_workflows(0)
        .spawn()
        .await?;
    let greeting = Greeting::start(&world.client, "Bob")
        .task_queue(&world.queue)
        .await?;
    assert_eq!(greeting.result().await?, "Hello, BOB!");
    let recorded = greeting.history().await?;
    let replayer = |number| {
        Replayer::new()
            .workflow::<Greeting>()
            .workflow_interceptor(Longer(number))
    };
    replayer(1).replay(recorded.clone())?;
    let mismatch = replayer(2).replay(recorded).expect_err("the id is another");
    assert!(matches!(mismatch, ReplayError::Mismatch(_)), "{mismatch}");
    worker.shutdown().await
}

#[derive(Default)]
struct Total(u64);

#[workflow]
impl Total {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<u64> {
        ctx.wait_until(|| self.0 > 0).await?;
        Ok(self.0)
    }

    #[update]
    fn add(&mut self, number: u64) -> u64 {
        self.0 += number;
        self.0
    }
}

/// Answers updates that fail with zero.
struct Forgives;

impl WorkflowInterceptor for Forgives {
    async fn update(
        &self,
        _: &Ctx,
        update: ReceivedUpdate,
        next: LocalNext<ReceivedUpdate>,
    ) -> Result<Output> {
        let zero = update.output(0)?;
        Ok(next.run(update).await.unwrap_or(zero))
    }
}

async fn an_interceptor_gives_an_unreadable_update_a_result(world: &World) -> Result<()> {
    let worker = world
        .worker()
        .workflow::<Total>()
        .workflow_interceptor(Forgives)
        .spawn()
        .await?;
    let total = Total::start(&world.client).task_queue(&world.queue).await?;
    let unreadable = total.untyped().update::<u64>("add", ("many",));
    assert_eq!(unreadable.await?, 0);
    assert_eq!(total.add(2).await?, 2);
    assert_eq!(total.result().await?, 2);
    worker.shutdown().await
}
