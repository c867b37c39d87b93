//! What the log and the history say of workflow code that went wrong.

use std::{
    cell::RefCell,
    future::{pending, poll_fn},
    task::{Poll, Waker},
};

use super::{
    Case, ExecutorWaker, Job, Seq, TaskFailure, WorkerInfo, WorkflowEntry, completed, host, signal,
    update,
};
use crate::{prelude::*, telemetry::log::test_log, texts::Texts};

thread_local! {
    static LEFT: RefCell<Vec<Waker>> = const { RefCell::new(Vec::new()) };
}

/// A future that some thread wakes later, or never: here, when the test says so.
async fn stranger() {
    poll_fn(|cx| {
        LEFT.with_borrow_mut(|left| left.push(cx.waker().clone()));
        Poll::Pending
    })
    .await
}

/// Another thread wakes everybody who waits for a stranger.
fn strangers_wake() {
    let left = LEFT.take();
    std::thread::scope(|scope| {
        scope.spawn(|| left.into_iter().for_each(Waker::wake));
    });
}

/// A future whose thread is quicker than the workflow.
async fn quick_stranger() {
    let mut polled = false;
    poll_fn(|cx| {
        let waker = cx.waker().clone();
        std::thread::scope(|scope| {
            scope.spawn(|| waker.wake());
        });
        match std::mem::replace(&mut polled, true) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await
}

macro_rules! wait_for {
    ($future:expr) => {
        $future.await
    };
}

#[activity(start_to_close = "10s")]
async fn greet(name: String) -> String {
    format!("Hello, {name}!")
}

/// Goes wrong, each time in the way its argument names.
#[derive(Default)]
struct Wrong {
    ctx: Option<Ctx>,
}

#[workflow]
impl Wrong {
    #[run]
    async fn run(&mut self, ctx: &Ctx, how: String) -> Result<()> {
        self.ctx = Some(ctx.clone());
        match &*how {
            "stranger" => {
                ctx.sleep(secs(1)).await?;
                stranger().await;
            }
            "race" => {
                race(ctx.sleep(hours(1)), stranger()).await;
            }
            "quick" => quick_stranger().await,
            "spawned" => {
                ctx.spawn(stranger());
                ctx.sleep(hours(1)).await?;
            }
            "hidden sleep" => wait_for!(ctx.sleep(secs(1)))?,
            "hidden stranger" => {
                ctx.sleep(secs(1)).await?;
                wait_for!(stranger());
            }
            "panic" => {
                ctx.sleep(secs(1)).await?;
                panic!("no such luck");
            }
            "panic in a spawned future" => {
                ctx.spawn(async { panic!("no such luck") }).await;
            }
            "tokio" => tokio_sleeps().await,
            "plain activity" => {
                greet("Bob".into()).await;
            }
            "waits" => ctx.sleep(hours(1)).await?,
            other => bail!("no such way: {other}"),
        }
        Ok(())
    }

    #[signal]
    async fn wait(&mut self) {
        stranger().await;
    }

    #[signal]
    async fn hide(&mut self, ctx: &Ctx) -> Result<()> {
        Ok(wait_for!(ctx.sleep(secs(1)))?)
    }

    #[signal]
    fn panic(&mut self) {
        panic!("no such luck");
    }

    #[update]
    fn fall(&mut self) {
        panic!("no such luck");
    }

    #[query]
    fn ask(&self) -> bool {
        self.ctx
            .as_ref()
            .is_some_and(|ctx| ctx.patched(Patch::new("x")))
    }
}

/// Nothing can be sent to it.
#[derive(Default)]
struct Alone;

#[workflow]
impl Alone {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.sleep(secs(1)).await?;
        pending::<()>().await;
        Ok(())
    }
}

/// Has no first state.
struct Unlucky;

#[workflow]
impl Unlucky {
    #[init]
    fn new() -> Self {
        panic!("no such luck");
    }

    #[run]
    async fn run(&mut self) {}
}

async fn tokio_sleeps() {
    tokio::time::sleep(millis(1)).await;
}

/// A run that goes wrong in this way, after its first task.
fn wrong(how: &str) -> Case {
    let mut case = beginning(how);
    case.settle();
    case
}

fn beginning(how: &str) -> Case {
    let mut case = Case::unborn::<Wrong>();
    case.begin((how.to_owned(),)).expect("the run begins");
    case
}

#[test]
fn faults_of_workflow_code() {
    test_log::open();
    let mut texts = Texts::of("faults");

    let mut case = wrong("stranger");
    case.fire(1);
    strangers_wake();
    texts.add("a wake from outside, between two tasks", case.failing());
    let mut case = wrong("race");
    strangers_wake();
    texts.add("the same, beside a durable wait", case.failing());
    let mut case = beginning("quick");
    texts.add("a wake from outside, while the task runs", case.failing());
    let mut case = wrong("waits");
    case.signal("wait", ());
    case.settle();
    strangers_wake();
    texts.add("a wake from outside, in a handler", case.failing());
    let mut case = wrong("spawned");
    strangers_wake();
    texts.add("a wake from outside, in a spawned future", case.failing());
    let mut case = Case::begun::<Alone>();
    case.settle();
    case.handle(Job::TimerFired { seq: Seq(1) });
    texts.add("a wait that nothing can end", case.failing());

    let mut case = beginning("hidden sleep");
    texts.add("an await hidden in a macro", case.failing());
    let mut case = wrong("hidden stranger");
    case.handle(Job::TimerFired { seq: Seq(1) });
    texts.add("the same, of a future that is not durable", case.failing());
    let mut case = wrong("waits");
    case.signal("hide", ());
    texts.add("the same, in a handler", case.failing());

    let mut case = wrong("panic");
    case.handle(Job::TimerFired { seq: Seq(1) });
    texts.add("a panic", case.failing());
    let mut case = beginning("panic in a spawned future");
    texts.add("a panic in a spawned future", case.failing());
    let mut case = wrong("waits");
    let failed = case.try_handle(signal("panic", ())).unwrap_err();
    texts.add("a panic in a signal handler", failed.failure.message);
    let mut case = wrong("waits");
    let failed = case.try_handle(update("1", "fall", (), false));
    texts.add(
        "a panic in an update handler",
        failed.unwrap_err().failure.message,
    );
    let failed = Case::try_begin::<Unlucky>(false, &[]).err();
    texts.add("a panic in a constructor", failed.unwrap().failure.message);
    let mut case = beginning("tokio");
    texts.add("tokio", case.failing());
    let mut case = beginning("plain activity");
    texts.add("an activity called as a function", case.failing());
    let mut case = wrong("waits");
    texts.add(
        "a query that asks for a command",
        case.query("ask", ()).unwrap_err(),
    );
    let mut case = wrong("stranger");
    case.fire(1);
    texts.add(
        "where a workflow waits that waits for nothing durable",
        case.query("__stack_trace", ()).unwrap(),
    );
    texts.check();
}

/// A worker whose executor is woken through the receiver.
fn worker_with_waker() -> (WorkerInfo, std::sync::mpsc::Receiver<()>) {
    let (sender, woken) = std::sync::mpsc::channel();
    let worker = WorkerInfo {
        executor: ExecutorWaker::new(move || sender.send(()).expect("the test listens")),
        ..host()
    };
    (worker, woken)
}

#[test]
fn a_wake_between_two_tasks_wakes_the_executor_once_and_is_logged_once() {
    test_log::open();
    let (worker, woken) = worker_with_waker();
    let mut case = Case::of((WorkflowEntry::of::<Wrong>().start)(worker));
    case.begin(("spawned",)).expect("the run begins");
    case.settle();
    case.run.log_foreign_wake();
    assert!(woken.try_recv().is_err());
    LEFT.with_borrow_mut(|left| {
        let again = left[0].clone();
        left.push(again);
    });
    strangers_wake();
    assert_eq!(
        (woken.try_recv(), woken.try_recv().is_err()),
        (Ok(()), true)
    );
    case.run.log_foreign_wake();
    case.run.log_foreign_wake();
    let told = "the run's next workflow task will fail: `Wrong` awaits a future";
    assert_eq!(test_log::count(told), 1);
}

#[test]
fn a_wake_of_a_dropped_run_wakes_no_executor() {
    let (worker, woken) = worker_with_waker();
    let mut case = Case::of((WorkflowEntry::of::<Wrong>().start)(worker));
    case.begin(("spawned",)).expect("the run begins");
    case.settle();
    drop(case);
    strangers_wake();
    assert!(woken.try_recv().is_err());
}

/// Reads what it is sent.
struct Reader {
    #[expect(dead_code, reason = "it only has to be read")]
    cents: u64,
    longest: usize,
}

#[durably::data]
struct Order {
    id: String,
    items: Vec<Item>,
}

#[durably::data]
struct Item {
    cents: u64,
}

#[workflow]
impl Reader {
    #[init]
    fn new(order: Order, copies: u32) -> Self {
        let cents = order.items.iter().map(|item| item.cents).sum();
        let longest = order.id.len() + copies as usize;
        Self { cents, longest }
    }

    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        Ok(greet::call(ctx, "Bob").await?)
    }

    #[signal]
    fn add(&mut self, at: usize, order: Order) {
        self.longest = order.id.len().max(at);
    }

    #[query]
    fn find(&self, order: Order) -> bool {
        order.id.len() == self.longest
    }

    #[update(validator = check)]
    fn put(&mut self, order: Order) {
        self.longest = order.id.len();
    }

    fn check(&self, order: &Order) -> Result<(), String> {
        match order.id.is_empty() {
            true => Err("no id".into()),
            false => Ok(()),
        }
    }
}

/// Has no `#[init]`.
#[derive(Default)]
struct Plain;

#[workflow]
impl Plain {
    #[run]
    async fn run(&mut self, name: String) -> usize {
        name.len()
    }
}

#[test]
fn payloads_that_do_not_decode() {
    test_log::open();
    let mut texts = Texts::of("payloads_of_workflows");
    let good = || serde_json::json!({ "id": "o-1", "items": [{ "cents": 1 }] });
    let bad = || serde_json::json!({ "id": "o-1", "items": [{ "cents": 1 }, { "cents": "2" }] });
    let refusal = |begun: Result<(), TaskFailure>| begun.unwrap_err().failure.message;
    let begun = || {
        let mut case = Case::unborn::<Reader>();
        case.begin((good(), 1)).expect("the run begins");
        case.settle();
        case
    };

    let mut case = Case::unborn::<Plain>();
    texts.add("an argument of `run`", refusal(case.begin((5,))));
    let mut case = Case::unborn::<Plain>();
    texts.add("a missing argument of `run`", refusal(case.begin(())));
    let mut case = Case::unborn::<Plain>();
    let bytes = crate::Bytes(vec![0, 159]);
    texts.add("bytes for text", refusal(case.begin((bytes,))));
    let mut case = Case::unborn::<Plain>();
    let unknown = durably_engine::Payload::new("binary/encrypted", vec![1]);
    let sent = crate::definition::private::EncodedArgs::from_payloads(vec![unknown]);
    texts.add("a payload of a codec", refusal(case.begin(sent)));
    let mut case = Case::unborn::<Reader>();
    texts.add("an argument of `init`", refusal(case.begin((bad(), 1))));
    let mut case = Case::unborn::<Reader>();
    texts.add("a missing one", refusal(case.begin((good(),))));

    let mut case = begun();
    case.signal("add", (0, bad()));
    texts.add(
        "an argument of a signal",
        test_log::find("`order` of signal `add`").expect("it is told"),
    );
    texts.add(
        "an argument of a query",
        case.query("find", (bad(),)).unwrap_err(),
    );
    texts.add(
        "an argument of an update",
        case.update("1", "put", (bad(),)).join("\n"),
    );
    texts.add(
        "the result of an activity",
        match case
            .try_handle(completed(1, 5))
            .and_then(|_| case.try_handle(Job::Settle))
        {
            Ok(asked) => asked.join("\n"),
            Err(failed) => failed.failure.message,
        },
    );

    let mut case = begun();
    case.signal("nobody", ());
    texts.add(
        "a signal that nobody handles",
        test_log::find("known signals: add workflow_type=\"Reader\"").expect("it is told"),
    );
    texts.add(
        "a query that nobody answers",
        case.query("nobody", ()).unwrap_err(),
    );
    texts.add(
        "an update that nobody handles",
        case.update("1", "nobody", ()).join("\n"),
    );
    texts.check();
}
