//! Interceptors of activities, and layers of `tower` around them.

use std::sync::{Arc, Mutex};

use durably::{
    Error,
    error::{ActivityError, RetryState},
    interceptor::{ActivityInterceptor, Heartbeat, Next, Output, ReceivedActivity},
    prelude::*,
};
use durably_tests::{World, on_both_servers};
use tower::{
    ServiceBuilder, layer::util::Identity, limit::ConcurrencyLimitLayer, timeout::TimeoutLayer,
};

/// Writes down what passes it.
#[derive(Clone)]
struct Log(&'static str, Arc<Mutex<Vec<String>>>);

impl Log {
    fn note(&self, what: &str) {
        let mut notes = self.1.lock().expect("nobody panics with it");
        notes.push(format!("{}: {what}", self.0));
    }
}

impl ActivityInterceptor for Log {
    async fn execute(
        &self,
        request: ReceivedActivity,
        next: Next<ReceivedActivity>,
    ) -> Result<Output> {
        let what = match request.info().is_local {
            true => format!("local {}", request.info().activity_type),
            false => request.info().activity_type.clone(),
        };
        self.note(&what);
        let output = next.run(request).await;
        self.note(&match &output {
            Ok(output) => format!("{what} returned {}", output.get::<String>()?),
            Err(error) => format!("{what} failed: {error}"),
        });
        output
    }

    fn heartbeat(&self, heartbeat: &mut Heartbeat<'_>) {
        if let Ok(Some(details)) = heartbeat.details::<String>() {
            self.note(&format!("heartbeat {details}"));
            let longer = format!("{details} by {}", self.0);
            heartbeat.set_details(longer).expect("a text is written");
        }
    }
}

/// Answers, fails, panics or passes on, as the argument says.
struct Decides;

impl ActivityInterceptor for Decides {
    async fn execute(
        &self,
        mut request: ReceivedActivity,
        next: Next<ReceivedActivity>,
    ) -> Result<Output> {
        let word: String = request.args.get(0)?;
        match word.as_str() {
            "answer" => Ok(request.output("by the interceptor")?),
            "fail" => Err(AppError::new("Forbidden", "no").non_retryable().into()),
            "panic" => panic!("the interceptor has a bug"),
            word => {
                request.args.set(0, format!("{word}!"))?;
                next.run(request).await
            }
        }
    }
}

#[activity(start_to_close = "10s", heartbeat = "5s", max_attempts = 2)]
async fn echo(ctx: &ActivityCtx, word: String) -> Result<String> {
    match word.as_str() {
        "beat!" if ctx.attempt() == 1 => {
            ctx.heartbeat("half");
            bail!("the first attempt fails")
        }
        "beat!" => Ok(ctx.heartbeat_details::<String>()?.unwrap_or_default()),
        "sleep!" => {
            tokio::time::sleep(hours(1)).await;
            Ok(word)
        }
        _ => Ok(word),
    }
}

#[derive(Default)]
struct Echo;

#[workflow]
impl Echo {
    /// The result, or the type and the text of the failure.
    #[run]
    async fn run(&mut self, ctx: &Ctx, word: String, local: bool) -> Result<String> {
        let called = echo::call(ctx, word).retry(Retry::attempts(2).initial_interval(millis(10)));
        let result = match local {
            true => called.local().await,
            false => called.await,
        };
        Ok(result.unwrap_or_else(in_words))
    }
}

fn in_words(error: ActivityError) -> String {
    let error = Error::from(error);
    let app = error
        .apps()
        .last()
        .map(|app| (app.kind.clone(), app.message.clone()));
    let (kind, message) = app.unwrap_or_default();
    format!("{kind}: {message}")
}

on_both_servers! {
    the_first_interceptor_is_the_outermost_and_local_activities_pass_too
    an_interceptor_answers_fails_or_panics_in_place_of_the_activity
    interceptors_change_the_details_of_heartbeats
    layers_of_tower_limit_activities
    layers_of_tower_leave_the_errors_of_activities_as_they_are
}

async fn the_first_interceptor_is_the_outermost_and_local_activities_pass_too(
    world: &World,
) -> Result<()> {
    let notes = Arc::new(Mutex::new(Vec::new()));
    let worker = world
        .worker()
        .workflow::<Echo>()
        .activity::<echo>()
        .activity_interceptor(Log("outer", Arc::clone(&notes)))
        .activity_interceptor(Decides)
        .activity_interceptor(Log("inner", Arc::clone(&notes)))
        .spawn()
        .await?;
    for (local, name) in [(false, "echo"), (true, "local echo")] {
        let start = Echo::start(&world.client, "hello", local).task_queue(&world.queue);
        assert_eq!(start.result().await?, "hello!");
        let notes = std::mem::take(&mut *notes.lock().expect("nobody panics with it"));
        assert_eq!(
            notes,
            [
                format!("outer: {name}"),
                format!("inner: {name}"),
                format!("inner: {name} returned hello!"),
                format!("outer: {name} returned hello!"),
            ]
        );
    }
    worker.shutdown().await
}

async fn an_interceptor_answers_fails_or_panics_in_place_of_the_activity(
    world: &World,
) -> Result<()> {
    let worker = world
        .worker()
        .workflow::<Echo>()
        .activity::<echo>()
        .activity_interceptor(Decides)
        .spawn()
        .await?;
    for local in [false, true] {
        let run = async |word: &str| {
            let start = Echo::start(&world.client, word, local).task_queue(&world.queue);
            start.result().await
        };
        assert_eq!(run("answer").await?, "by the interceptor");
        assert_eq!(run("fail").await?, "Forbidden: no");
        let panicked = run("panic").await?;
        assert!(
            panicked.starts_with("Panic: an interceptor of the worker panicked at "),
            "{panicked}"
        );
        assert!(
            panicked.ends_with("the interceptor has a bug"),
            "{panicked}"
        );
    }
    worker.shutdown().await
}

async fn interceptors_change_the_details_of_heartbeats(world: &World) -> Result<()> {
    let notes = Arc::new(Mutex::new(Vec::new()));
    let worker = world
        .worker()
        .workflow::<Echo>()
        .activity::<echo>()
        .activity_interceptor(Decides)
        .activity_interceptor(Log("first", Arc::clone(&notes)))
        .activity_interceptor(Log("second", Arc::clone(&notes)))
        .spawn()
        .await?;
    let start = Echo::start(&world.client, "beat", false).task_queue(&world.queue);
    assert_eq!(start.result().await?, "half by first by second");
    worker.shutdown().await
}

async fn layers_of_tower_limit_activities(world: &World) -> Result<()> {
    let notes = Arc::new(Mutex::new(Vec::new()));
    let layers = ServiceBuilder::new()
        .layer(TimeoutLayer::new(millis(200)))
        .layer(ConcurrencyLimitLayer::new(1));
    let worker = world
        .worker()
        .workflow::<Echo>()
        .activity::<echo>()
        .activity_interceptor(Log("outer", Arc::clone(&notes)))
        .activity_layer(layers)
        .activity_interceptor(Decides)
        .spawn()
        .await?;
    let run = async |word: &str| {
        let start = Echo::start(&world.client, word, false).task_queue(&world.queue);
        start.result().await
    };
    assert_eq!(run("hello").await?, "hello!");
    let failed = run("sleep").await?;
    assert_eq!(failed, "Error: request timed out");
    let notes = std::mem::take(&mut *notes.lock().expect("nobody panics with it"));
    assert_eq!(
        notes[..3],
        ["outer: echo", "outer: echo returned hello!", "outer: echo",]
    );
    assert_eq!(notes[3], "outer: echo failed: request timed out");
    worker.shutdown().await
}

#[derive(Debug, PartialEq, thiserror::Error, durably::Failure)]
enum PayError {
    #[error("card declined: {reason}")]
    #[failure(non_retryable)]
    Declined { reason: String },
}

#[activity(start_to_close = "10s")]
async fn pay(reason: String) -> Result<(), PayError> {
    Err(PayError::Declined { reason })
}

#[derive(Default)]
struct Payment;

#[workflow]
impl Payment {
    /// The reason for which the card was declined, if the failure is still a `PayError` that is not retried.
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<Option<String>> {
        let called =
            pay::call(ctx, "no card").retry(Retry::attempts(2).initial_interval(millis(1)));
        let Err(error) = called.await else {
            return Ok(None);
        };
        if error.retry_state() != RetryState::NonRetryableFailure {
            return Ok(None);
        }
        let declined = Error::from(error).failed::<PayError>();
        Ok(declined.map(|PayError::Declined { reason }| reason))
    }
}

async fn layers_of_tower_leave_the_errors_of_activities_as_they_are(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Payment>().activity::<pay>();
    let worker = worker
        .activity_layer(Identity::new())
        .activity_layer(TimeoutLayer::new(secs(5)))
        .spawn()
        .await?;
    let payment = Payment::start(&world.client).task_queue(&world.queue);
    assert_eq!(payment.result().await?.as_deref(), Some("no card"));
    worker.shutdown().await
}
