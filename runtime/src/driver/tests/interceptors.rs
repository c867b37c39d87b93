//! Interceptors of workflows, one job after the other.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::{
    data::{Headers, Output, reject},
    definition::Update,
    error::Error,
    interceptor::{
        ActivityRequest, LocalNext, NextRunRequest, ReadNext, ReceivedQuery, ReceivedSignal,
        ReceivedStart, ReceivedUpdate, TimerRequest, WorkflowChain, WorkflowInterceptor,
    },
};

/// The facts of this worker, with these interceptors.
pub(super) fn host_with(interceptors: WorkflowChain) -> WorkerInfo {
    let mut host = host();
    let facts = std::sync::Arc::make_mut(&mut host.facts);
    facts.outbound = interceptors.outbound();
    host.interceptors = interceptors;
    host
}

pub(super) fn in_host<W: Workflow>(interceptor: impl WorkflowInterceptor) -> Case {
    Case::unborn_in::<W>(host_with(WorkflowChain::default().with(interceptor)))
}

#[derive(Default)]
struct Account {
    balance: u64,
}
table!(Account,
    init: |_, mut args| Ok(Account { balance: args.next("balance")? }),
    run: |state, ctx, mut args| {
        let first: u64 = args.next("balance")?;
        running(async move {
            ctx.sleep(secs(first)).await?;
            greet(&ctx, "Bob").await?;
            if first == 7 {
                return Err(crate::ContinueAsNew::other::<Account>((first,)).into());
            }
            Ok(state.with(|it| it.balance))
        })
    },
    signals: &[on("add", |state, _, mut args| {
        let cents: u64 = args.next("cents")?;
        state.with(|it| it.balance += cents);
        done(Ok(()))
    })],
    queries: &[("balance", |state, _, _| encode_result(&state.balance))],
    updates: &[Update {
        name: "deposit",
        unfinished: Unfinished::Warn,
        validate: Some(|state, _, mut args| {
            let cents: u64 = args.next("cents")?;
            reject(if cents > state.balance { Err("too much") } else { Ok(()) })
        }),
        call: |state, _, mut args| {
            let cents: u64 = args.next("cents")?;
            done(Ok(state.with(|it| { it.balance += cents; it.balance })))
        },
    }, Update {
        name: "set",
        unfinished: Unfinished::Warn,
        validate: None,
        call: |state, _, mut args| {
            let cents: u64 = args.next("cents")?;
            done(Ok(state.with(|it| { it.balance = cents; it.balance })))
        },
    }],
);

fn begun(interceptor: impl WorkflowInterceptor) -> Case {
    let mut case = in_host::<Account>(interceptor);
    case.begin((5,)).expect("the run begins");
    case
}

/// Changes nothing.
pub(super) struct Through;

impl WorkflowInterceptor for Through {}

#[test]
fn a_sync_signal_is_handled_before_the_validator_of_the_next_update() {
    let mut case = begun(Through);
    case.settle();
    assert_eq!(case.handle(signal("add", (10,))), [""; 0]);
    assert_eq!(
        case.handle(update("u", "deposit", (15,), false)),
        ["accept u", "complete u: 30"]
    );
    assert_eq!(case.query("balance", ()), Ok("30".into()));
}

#[test]
fn an_update_that_cannot_be_read_is_rejected_and_such_a_signal_is_skipped() {
    let mut case = begun(Through);
    case.settle();
    for name in ["deposit", "set"] {
        let rejected = case.handle(update("u", name, ("much",), false));
        assert_eq!(rejected.len(), 1, "{rejected:?}");
        assert!(rejected[0].starts_with("reject u: "), "{rejected:?}");
    }
    assert_eq!(case.handle(signal("add", ("much",))), [""; 0]);
    assert_eq!(case.query("balance", ()), Ok("5".into()));
}

/// Draws a random number or spawns a future before each handler.
struct Leaves {
    traces: fn(&Ctx),
}

impl WorkflowInterceptor for Leaves {
    async fn update(
        &self,
        ctx: &Ctx,
        update: ReceivedUpdate,
        next: LocalNext<ReceivedUpdate>,
    ) -> Result<Output> {
        (self.traces)(ctx);
        next.run(update).await
    }
}

#[test]
fn an_update_that_cannot_be_read_is_no_rejection_if_a_replay_must_repeat_what_an_interceptor_did() {
    let traces: [fn(&Ctx); 5] = [
        |ctx| assert!(!ctx.uuid().to_string().is_empty()),
        |ctx| assert!(!ctx.uuid7().to_string().is_empty()),
        |ctx| assert!(ctx.random::<u64>() > 0),
        |ctx| assert!(rand::RngExt::random::<u64>(&mut ctx.rng_named("dice")) > 0),
        |ctx| drop(ctx.spawn(async {})),
    ];
    for (index, traces) in traces.into_iter().enumerate() {
        let mut case = begun(Leaves { traces });
        case.settle();
        let failed = case.handle(update("u", "set", ("much",), false));
        assert_eq!(failed.len(), 2, "{index}: {failed:?}");
        assert_eq!(failed[0], "accept u");
        assert!(failed[1].starts_with("fail u: "), "{failed:?}");
    }
}

#[test]
fn arguments_that_cannot_be_read_fail_the_task_as_without_interceptors() {
    let texts = [Case::unborn::<Account>(), in_host::<Account>(Through)].map(|mut case| {
        let failed = case.begin(("five",)).expect_err("the task fails");
        failed.failure.message
    });
    assert_eq!(texts[0], texts[1]);
    assert!(texts[0].contains("argument 1 `balance`"), "{}", texts[0]);
}

/// Doubles numbers wherever it can.
struct Doubles;

impl Doubles {
    fn double(args: &mut Args) -> Result<()> {
        let number: u64 = args.get(0)?;
        args.set(0, number * 2)
    }
}

impl WorkflowInterceptor for Doubles {
    fn init(&self, _: &View, start: &mut ReceivedStart) -> Result<()> {
        Self::double(&mut start.args)
    }

    async fn execute(
        &self,
        _: &Ctx,
        mut start: ReceivedStart,
        next: LocalNext<ReceivedStart>,
    ) -> Result<Output> {
        Self::double(&mut start.args)?;
        let mut output = next.run(start).await?;
        let result: u64 = output.get()?;
        output.set(result * 2)?;
        Ok(output)
    }

    async fn signal(
        &self,
        ctx: &Ctx,
        mut signal: ReceivedSignal,
        next: LocalNext<ReceivedSignal>,
    ) -> Result<()> {
        Self::double(&mut signal.args)?;
        if signal.args.get::<u64>(0)? > 100 {
            ctx.sleep(secs(1)).await?;
        }
        next.run(signal).await
    }

    fn query(
        &self,
        _: &View,
        query: ReceivedQuery,
        next: ReadNext<'_, ReceivedQuery>,
    ) -> Result<Output> {
        let mut output = next.run(query)?;
        let result: u64 = output.get()?;
        output.set(result * 2)?;
        Ok(output)
    }

    fn validate(
        &self,
        _: &View,
        mut update: ReceivedUpdate,
        next: ReadNext<'_, ReceivedUpdate>,
    ) -> Result<()> {
        Self::double(&mut update.args)?;
        next.run(update)
    }

    async fn update(
        &self,
        _: &Ctx,
        mut update: ReceivedUpdate,
        next: LocalNext<ReceivedUpdate>,
    ) -> Result<Output> {
        Self::double(&mut update.args)?;
        next.run(update).await
    }

    fn start_timer(&self, _: &View, request: &mut TimerRequest) -> Result<()> {
        request.duration *= 2;
        Ok(())
    }

    fn start_activity(&self, _: &View, request: &mut ActivityRequest) -> Result<()> {
        let name: String = request.args.get(0)?;
        request.args.replace((name.repeat(2),))
    }
}

#[test]
fn arguments_results_and_requests_are_those_of_the_interceptor() {
    let mut case = begun(Doubles);
    // Twice before the state, twice before the run method, twice before the timer.
    assert_eq!(case.settle(), ["timer 1: 40s"]);
    assert_eq!(case.query("balance", ()), Ok("20".into()));
    case.after(signal("add", (1,)));
    assert_eq!(case.query("balance", ()), Ok("24".into()));
    assert_eq!(
        case.handle(update("u", "deposit", (7,), false)),
        ["reject u: too much"]
    );
    assert_eq!(
        case.handle(update("u", "deposit", (6,), false)),
        ["accept u", "complete u: 24"]
    );
    assert_eq!(case.fire(1), ["activity 2: greet(\"BobBob\")"]);
    assert_eq!(case.complete(2, "hello"), ["done: 48"]);
}

#[test]
fn an_interceptor_may_wait_before_the_handler() {
    let mut case = begun(Doubles);
    assert_eq!(case.settle(), ["timer 1: 40s"]);
    assert_eq!(case.handle(signal("add", (60,))), ["timer 2: 2s"]);
    assert_eq!(case.settle(), [""; 0]);
    assert_eq!(case.query("balance", ()), Ok("20".into()));
    assert_eq!(case.fire(2), [""; 0]);
    assert_eq!(case.query("balance", ()), Ok("260".into()));
}

#[test]
fn the_first_interceptor_is_the_outermost() {
    struct Adds(&'static str);
    impl WorkflowInterceptor for Adds {
        fn start_activity(&self, _: &View, request: &mut ActivityRequest) -> Result<()> {
            let name: String = request.args.get(0)?;
            request.args.set(0, name + self.0)
        }

        fn query(
            &self,
            _: &View,
            query: ReceivedQuery,
            next: ReadNext<'_, ReceivedQuery>,
        ) -> Result<Output> {
            let mut output = next.run(query)?;
            let text = output.get::<u64>().map(|number| number.to_string());
            let text = text.or_else(|_| output.get::<String>())?;
            output.set(text + self.0)?;
            Ok(output)
        }
    }
    let chain = WorkflowChain::default()
        .with(Adds(" outer"))
        .with(Adds(" inner"));
    let mut case = Case::unborn_in::<Account>(host_with(chain));
    case.begin((5,)).expect("the run begins");
    case.settle();
    assert_eq!(case.query("balance", ()), Ok("\"5 inner outer\"".into()));
    assert_eq!(case.fire(1), ["activity 2: greet(\"Bob outer inner\")"]);
}

/// Returns an error, or panics, in one place.
struct Refuses {
    place: &'static str,
    panics: bool,
}

impl Refuses {
    fn refuse(&self, place: &str) -> Result<()> {
        assert!(!(self.panics && self.place == place), "no {place}");
        match self.place == place {
            true => Err(Error::message(format!("no {place}"))),
            false => Ok(()),
        }
    }
}

impl WorkflowInterceptor for Refuses {
    fn init(&self, _: &View, _: &mut ReceivedStart) -> Result<()> {
        self.refuse("init")
    }

    async fn execute(
        &self,
        _: &Ctx,
        start: ReceivedStart,
        next: LocalNext<ReceivedStart>,
    ) -> Result<Output> {
        self.refuse("execute")?;
        next.run(start).await
    }

    async fn signal(
        &self,
        _: &Ctx,
        signal: ReceivedSignal,
        next: LocalNext<ReceivedSignal>,
    ) -> Result<()> {
        self.refuse("signal")?;
        next.run(signal).await
    }

    async fn update(
        &self,
        _: &Ctx,
        update: ReceivedUpdate,
        next: LocalNext<ReceivedUpdate>,
    ) -> Result<Output> {
        self.refuse("update")?;
        next.run(update).await
    }

    fn query(
        &self,
        _: &View,
        query: ReceivedQuery,
        next: ReadNext<'_, ReceivedQuery>,
    ) -> Result<Output> {
        self.refuse("query")?;
        next.run(query)
    }

    fn start_timer(&self, _: &View, _: &mut TimerRequest) -> Result<()> {
        self.refuse("timer")
    }

    fn continue_as_new(&self, _: &View, _: &mut NextRunRequest) -> Result<()> {
        self.refuse("next run")
    }
}

/// What happens to a run whose interceptor returns an error, or panics, there.
fn refused(place: &'static str, panics: bool) -> String {
    let mut case = in_host::<Account>(Refuses { place, panics });
    let outcome = (|| {
        case.begin((7,))?;
        let mut said = case.try_handle(Job::Settle)?;
        said.extend(case.try_handle(signal("add", (1,)))?);
        said.extend(case.try_handle(update("u", "deposit", (1,), false))?);
        match case.query("balance", ()) {
            Ok(_) => {}
            Err(text) => said.push(format!("query: {text}")),
        }
        for job in [
            Job::TimerFired { seq: Seq(1) },
            Job::Settle,
            completed(2, "hello"),
            Job::Settle,
        ] {
            said.extend(case.try_handle(job)?);
        }
        Ok::<_, TaskFailure>(said)
    })();
    match outcome {
        Ok(said) => said.join("; "),
        Err(failed) => format!("task: {}", failed.failure.message),
    }
}

#[test]
fn an_error_of_an_interceptor_is_one_of_the_code_that_it_wraps() {
    let run = |update: &str, end: &str| {
        format!("timer 1: 7s; accept u; {update}; activity 2: greet(\"Bob\"); {end}")
    };
    let continued = "continue as Account(7)";
    assert_eq!(refused("nothing", false), run("complete u: 9", continued));
    assert_eq!(
        refused("update", false),
        run("fail u: no update", continued)
    );
    assert_eq!(refused("execute", false), "failed: no execute");
    assert_eq!(refused("init", false), "task: no init");
    assert_eq!(
        refused("timer", false),
        "task: an interceptor of the worker refused a timer: no timer"
    );
    assert_eq!(
        refused("next run", false),
        "task: an interceptor of the worker refused the next run: no next run"
    );
    let with_query = refused("query", false);
    assert!(with_query.contains("query: no query"), "{with_query}");
    let signal = refused("signal", false);
    assert!(signal.ends_with("failed: no signal"), "{signal}");
}

#[test]
fn a_panic_of_an_interceptor_fails_the_task_and_not_the_thread() {
    for place in ["init", "execute", "signal", "update", "timer", "next run"] {
        let text = refused(place, true);
        assert!(text.starts_with("task: "), "{text}");
        assert!(text.contains(&format!("no {place}")), "{text}");
        assert!(text.contains("interceptors.rs"), "{text}");
    }
    let query = refused("query", true);
    assert!(query.contains("query: query `balance` panicked"), "{query}");
}

#[test]
fn a_future_that_something_outside_wakes_fails_the_task() {
    struct Sleeps;
    impl WorkflowInterceptor for Sleeps {
        async fn execute(
            &self,
            _: &Ctx,
            start: ReceivedStart,
            next: LocalNext<ReceivedStart>,
        ) -> Result<Output> {
            let (sender, receiver) = futures::channel::oneshot::channel::<()>();
            let thread = std::thread::spawn(move || drop(sender));
            thread.join().expect("the thread ends");
            let _ = receiver.await;
            tokio::time::sleep(secs(1)).await;
            next.run(start).await
        }
    }
    let text = begun(Sleeps).failing();
    assert!(
        text.contains("Workflow code runs outside of tokio: wait with `ctx.sleep(..)`"),
        "{text}"
    );
}

#[test]
fn an_interceptor_reads_headers_and_whether_the_run_is_replayed() {
    static REPLAYED: AtomicBool = AtomicBool::new(false);
    struct Reads;
    impl WorkflowInterceptor for Reads {
        async fn signal(
            &self,
            ctx: &Ctx,
            mut signal: ReceivedSignal,
            next: LocalNext<ReceivedSignal>,
        ) -> Result<()> {
            let cents: u64 = signal.headers.get("cents")?.unwrap_or_default();
            signal.args.replace((cents,))?;
            REPLAYED.store(ctx.is_replaying(), Ordering::Relaxed);
            next.run(signal).await
        }
    }
    let mut headers = Headers::default();
    headers.set("cents", 8).expect("a number is written");
    for replaying in [true, false] {
        let mut case = in_host::<Account>(Reads);
        case.replaying = replaying;
        case.begin((5,)).expect("the run begins");
        let Job::Signal {
            name,
            input,
            identity,
            ..
        } = signal("add", (1,))
        else {
            unreachable!("it is a signal");
        };
        case.handle(Job::Signal {
            name,
            input,
            identity,
            header: headers.clone().into_fields(),
        });
        assert_eq!(case.query("balance", ()), Ok("13".into()));
        assert_eq!(REPLAYED.load(Ordering::Relaxed), replaying);
    }
}
