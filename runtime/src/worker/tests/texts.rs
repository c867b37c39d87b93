//! What a worker says of what it cannot do.

use std::{
    future::poll_fn,
    sync::Mutex,
    task::{Poll, Waker},
    time::Duration,
};

use durably_engine::Payload;
use durably_proto::api::enums::v1::WorkflowTaskFailedCause;

use super::{
    past::{Past, attempt, json},
    server::{Call, Server},
};
use crate::{
    data::{Callee, Converter, decode_result, encode_result},
    error::DataError,
    prelude::*,
    telemetry::log::test_log,
    texts::Texts,
};

mod shop {
    use crate::prelude::*;

    #[activity(start_to_close = "10s")]
    pub(crate) async fn greet() {}
}

#[activity(start_to_close = "10s")]
async fn greet(name: String) -> String {
    name
}

/// Greets.
#[derive(Default)]
struct Greeting;

#[workflow]
impl Greeting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        let said = greet::call(ctx, "Bob").await?;
        ctx.sleep(secs(1)).await?;
        Ok(said)
    }
}

/// Is called like another one.
#[derive(Default)]
struct Welcome;

#[workflow(name = "Greeting")]
impl Welcome {
    #[run]
    async fn run(&mut self) {}
}

/// Blocks its thread where its argument says.
#[derive(Default)]
struct Blocking;

#[workflow]
impl Blocking {
    #[run]
    async fn run(&mut self, ctx: &Ctx, at: String) -> Result<()> {
        if at == "start" {
            block();
        }
        race(ctx.sleep(secs(1)), std::future::ready(())).await;
        if at == "later" {
            block();
        }
        std::future::pending::<()>().await;
        Ok(())
    }

    #[signal]
    fn stop(&mut self) {
        block();
    }
}

fn block() {
    std::thread::sleep(millis(700));
}

static LEFT: Mutex<Vec<Waker>> = Mutex::new(Vec::new());

/// A future that another thread wakes.
async fn stranger() {
    poll_fn(|cx| {
        LEFT.lock().unwrap().push(cx.waker().clone());
        Poll::Pending
    })
    .await
}

/// Waits for what another thread wakes; signals come too.
#[derive(Default)]
struct Strays;

#[workflow]
impl Strays {
    #[run]
    async fn run(&mut self) {
        stranger().await;
    }

    #[signal]
    fn poke(&mut self) {}
}

/// Asks the server something, until it says it.
pub(crate) async fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..1_000 {
        if let Some(seen) = look() {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nothing of it was seen");
}

#[tokio::test]
async fn registrations_that_cannot_work() {
    let mut texts = Texts::of("registration");
    let server = Server::new();
    let error = server.worker().run().await.unwrap_err();
    texts.add("nothing registered", error.to_string());
    let error = server
        .worker()
        .workflow::<Greeting>()
        .workflow::<Greeting>()
        .workflow::<Welcome>()
        .activity::<greet>()
        .activity::<shop::greet>()
        .max_concurrent_workflow_tasks(1)
        .activity_pollers(0)
        .deadlock_timeout(Duration::ZERO)
        .run()
        .await
        .unwrap_err();
    texts.add("all at once", error.to_string());
    texts.check();
}

#[tokio::test]
async fn what_is_not_registered_is_told() -> Result<()> {
    test_log::open();
    let mut texts = Texts::of("unregistered");
    let mut server = Server::new();
    let worker = server
        .worker()
        .workflow::<Greeting>()
        .activity::<welcome>()
        .spawn()
        .await?;
    server
        .normal
        .send(Ok(Past::begin("Goodbye", "run").whole()))?;
    let failure = server.failed().await.failure.unwrap();
    texts.add("a workflow type that no worker has", failure.message);
    let told = test_log::find("`Goodbye` is not registered").expect("it is told");
    texts.add("the same, in the log", told);

    for run in ["run-1", "run-2"] {
        server
            .normal
            .send(Ok(Past::begin("Greeting", run).whole()))?;
        server.completed().await;
    }
    let missing = "`Greeting` calls activity `greet`";
    let told = test_log::find(missing).expect("it is told");
    texts.add("an activity that this worker lacks", told);
    assert_eq!(test_log::count(missing), 1, "once for each workflow type");

    server.activities.send(Ok(attempt("greet", None)))?;
    let failure = server.activity_failed().await.failure.unwrap();
    texts.add("an attempt at it", failure.message);
    worker.shutdown().await?;

    let server = Server::new();
    server.script().activity_pollers = Some(0);
    let worker = server.worker().workflow::<Alone>().spawn().await?;
    server
        .normal
        .send(Ok(Past::begin("Alone", "run").whole()))?;
    let told = eventually(|| test_log::find("`Alone` calls activity")).await;
    texts.add("an activity that no worker of the queue has", told);
    worker.shutdown().await?;
    texts.check();
    Ok(())
}

#[tokio::test]
async fn an_activity_of_another_worker_is_not_missed() -> Result<()> {
    test_log::open();
    let mut server = Server::new();
    server.script().activity_pollers = Some(1);
    let worker = server.worker().workflow::<Shared>().spawn().await?;
    server
        .normal
        .send(Ok(Past::begin("Shared", "run").whole()))?;
    let mut asked = 0;
    for _ in 0..2 {
        asked += usize::from(matches!(server.next_call().await, Call::DescribeTaskQueue));
    }
    worker.shutdown().await?;
    assert_eq!((asked, test_log::count("`Shared` calls activity")), (1, 0));
    Ok(())
}

#[tokio::test]
async fn an_activity_of_another_queue_is_not_missed() -> Result<()> {
    test_log::open();
    let mut server = Server::new();
    let worker = server
        .worker()
        .workflow::<Elsewhere>()
        .activity::<welcome>();
    let worker = worker.spawn().await?;
    server
        .normal
        .send(Ok(Past::begin("Elsewhere", "run").whole()))?;
    server.completed().await;
    worker.shutdown().await?;
    assert_eq!(test_log::count("`Elsewhere` calls activity"), 0);
    Ok(())
}

#[tokio::test]
async fn runs_that_left_their_history() -> Result<()> {
    let mut texts = Texts::of("replay");
    let mut server = Server::new();
    let worker = server.worker().workflow::<Greeting>().spawn().await?;
    let begun = || Past::begin("Greeting", "run").answered();
    let charged = begun().activity("1", "charge", "1").task();
    let twice = begun()
        .activity("1", "greet", "\"Hi\"")
        .task()
        .answered()
        .activity("2", "greet", "\"Hi\"")
        .task();
    let ended = begun().ended("1").task();
    for (case, past) in [
        ("another activity", charged),
        ("an activity where the code now sleeps", twice),
        ("an end where the code now goes on", ended),
    ] {
        server.normal.send(Ok(past.whole()))?;
        let failed = server.failed().await;
        let cause = WorkflowTaskFailedCause::NonDeterministicError;
        assert_eq!(failed.cause(), cause, "{failed:?}");
        let failure = failed.failure.unwrap();
        assert_eq!(failure.cause, None, "it says all by itself");
        texts.add(case, failure.message);
    }
    worker.shutdown().await?;
    texts.check();
    Ok(())
}

#[tokio::test]
async fn code_that_blocks_is_told_in_the_task_that_blocked() -> Result<()> {
    let mut texts = Texts::of("blocking");
    for (case, at) in [
        ("before the first wait", "start"),
        ("after a wait", "later"),
        ("in a signal handler", "handler"),
    ] {
        let mut server = Server::new();
        let worker = server.worker().workflow::<Blocking>();
        let worker = worker.deadlock_timeout(millis(100)).spawn().await?;
        let mut past = Past::begin("Blocking", at).with_input(json(&format!("\"{at}\"")));
        if at == "handler" {
            past = past.answered().signal("stop").task();
        }
        server.normal.send(Ok(past.whole()))?;
        let failed = server.failed().await;
        assert_eq!(failed.task_token, past.whole().task_token);
        texts.add(case, failed.failure.unwrap().message);
        worker.shutdown().await?;
    }
    texts.check();
    Ok(())
}

#[tokio::test]
async fn a_wake_from_outside_is_told_at_once_and_fails_the_next_task() -> Result<()> {
    test_log::open();
    let mut texts = Texts::of("foreign_wake");
    let mut server = Server::new();
    let worker = server.worker().workflow::<Strays>().spawn().await?;
    let begun = Past::begin("Strays", "run");
    server.normal.send(Ok(begun.whole()))?;
    server.completed().await;
    let told = "`Strays` awaits a future";
    assert_eq!(test_log::count(told), 0);
    let left = std::mem::take(&mut *LEFT.lock().unwrap());
    left.into_iter().for_each(Waker::wake);
    let said = eventually(|| test_log::find(told)).await;
    texts.add("the log, when the wake comes", said);

    let next = begun.answered().signal("poke").task();
    server.sticky.send(Ok(next.tail()))?;
    let failed = server.failed().await;
    let cause = WorkflowTaskFailedCause::NonDeterministicError;
    assert_eq!(failed.cause(), cause);
    texts.add("the next task", failed.failure.unwrap().message);
    worker.shutdown().await?;
    texts.check();
    Ok(())
}

#[tokio::test]
async fn payloads_that_do_not_decode_outside_of_workflows() -> Result<()> {
    let mut texts = Texts::of("payloads");
    let mut server = Server::new();
    let worker = server.worker().activity::<greet>().activity::<resumes>();
    let worker = worker.spawn().await?;
    for (case, kind, input) in [
        ("an argument of an activity", "greet", json("5")),
        ("a missing argument of an activity", "greet", None),
        ("what an attempt before told", "resumes", None),
    ] {
        let mut task = attempt(kind, input);
        task.heartbeat_details = json("{\"step\":\"two\"}");
        server.activities.send(Ok(task))?;
        let failed = server.activity_failed().await;
        texts.add(case, failed.failure.unwrap().message);
    }
    worker.shutdown().await?;

    let wrong = || [Payload::json(br#"{"step":"two"}"#.to_vec())];
    let read = |callee: Callee| {
        decode_result::<Progress, _>(&callee, wrong(), &Converter::default()).unwrap_err()
    };
    for (case, callee) in [
        (
            "the result of a workflow",
            Callee::Workflow("Greeting".into()),
        ),
        ("the answer to a query", Callee::Query("progress".into())),
        ("the result of an update", Callee::Update("advance".into())),
    ] {
        texts.add(case, read(callee).to_string());
    }
    let none = decode_result::<Progress, _>(
        &Callee::Workflow("Greeting".into()),
        [],
        &Converter::default(),
    );
    texts.add("a result that is not there", none.unwrap_err().to_string());
    let error = AppError::new("OutOfStock", "none left").details("three");
    let detail = |index| -> DataError { error.detail::<u32>(index).unwrap_err() };
    texts.add("a detail of a failure", detail(0).to_string());
    texts.add("a detail that is not there", detail(1).to_string());
    let odd = std::collections::BTreeMap::from([((1, 2), 3)]);
    let unwritten = encode_result(&Odd(odd)).unwrap_err();
    texts.add("a result that JSON cannot hold", unwritten.to_string());
    let unwritten = encode_result(&vec![Progress { step: 1 }.of(0)]).unwrap_err();
    texts.add("a number that JSON cannot hold", unwritten.to_string());
    texts.check();
    Ok(())
}

/// How far an activity came.
#[durably::data]
#[derive(Debug)]
struct Progress {
    step: u32,
}

/// A share of what is to be done.
#[durably::data]
struct Share {
    done: f64,
}

impl Progress {
    fn of(&self, all: u32) -> Share {
        let done = f64::from(self.step) / f64::from(all);
        Share { done }
    }
}

/// Has keys that JSON cannot have.
#[durably::data]
struct Odd(std::collections::BTreeMap<(u8, u8), u8>);

#[activity(start_to_close = "10s")]
async fn welcome() {}

#[activity(start_to_close = "10s", heartbeat = "5s")]
async fn resumes(ctx: &ActivityCtx) -> Result<u32> {
    let before = ctx.heartbeat_details::<Progress>()?;
    Ok(before.map_or(0, |progress| progress.step))
}

/// Calls an activity of another queue.
#[derive(Default)]
struct Elsewhere;

#[workflow]
impl Elsewhere {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        Ok(greet::call(ctx, "Bob").task_queue("others").await?)
    }
}

/// Calls an activity that another worker runs.
#[derive(Default)]
struct Shared;

#[workflow]
impl Shared {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        Ok(greet::call(ctx, "Bob").await?)
    }
}

/// Calls an activity that nobody runs.
#[derive(Default)]
struct Alone;

#[workflow]
impl Alone {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        Ok(greet::call(ctx, "Bob").await?)
    }
}
