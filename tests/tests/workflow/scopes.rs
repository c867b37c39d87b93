//! Scopes and shields around children, other workflows, local activities, side effects, sleeps and waiting.

use durably::{
    prelude::*,
    workflow::{FutureSet, Lock, join5},
};
use durably_tests::{World, eventually, on_both_servers, unique};

/// Runs until it is stopped.
#[activity(start_to_close = "1m")]
async fn hold(ctx: &ActivityCtx) -> Result<String> {
    ctx.cancelled().await;
    Err(Cancelled.into())
}

#[activity(start_to_close = "10s")]
async fn greet(name: String) -> String {
    format!("Hello, {name}")
}

/// Waits for its signals.
#[derive(Default)]
struct Parcel {
    notes: Vec<String>,
    delivered: bool,
}

#[workflow]
impl Parcel {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        ctx.wait_until(|| self.delivered).await?;
        Ok(self.notes.join(", "))
    }

    #[signal]
    fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    #[signal]
    fn deliver(&mut self) {
        self.delivered = true;
    }
}

/// Notes at another workflow that it ran.
#[derive(Default)]
struct Refund;

#[workflow]
impl Refund {
    #[run]
    async fn run(&mut self, ctx: &Ctx, parcel: String, what: String) -> Result<()> {
        Ok(Parcel::external(ctx, &parcel).note(what).await?)
    }
}

#[derive(Default)]
struct Office {
    waits: bool,
}

#[workflow]
impl Office {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String, id: String) -> Result<Vec<String>> {
        let mut log = Vec::new();
        match case.as_str() {
            "scope" => {
                let (scope, inner) = ctx.scope();
                let child = Parcel::child(&inner).id(&id).start().await?;
                let local = hold::call(&inner).local().start();
                let outside = Parcel::child(ctx).id(format!("{id}-outside"));
                let outside = outside.start().await?;
                ctx.sleep(millis(1)).await?;
                scope.cancel();
                assert!(scope.is_cancelled() && inner.is_cancelled() && !ctx.is_cancelled());
                let (child, local) = join(child.result(), local).await;
                log.push(child.unwrap_err().to_string());
                log.push(local.unwrap_err().to_string());
                // What is called from now on does not begin.
                let signal = Parcel::external(&inner, outside.id());
                let signal = signal.note("too late").await.unwrap_err();
                log.push(format!("{}", signal.is_cancelled()));
                let late = Parcel::child(&inner).await.unwrap_err();
                log.push(format!("{}", late.is_cancelled()));
                let late = greet::call(&inner, "late").local().await.unwrap_err();
                log.push(format!("{}", late.is_cancelled()));
                log.push(format!("{}", inner.sleep(secs(1)).await.is_err()));
                let typed = Parcel::external(&inner, outside.id()).cancel().await;
                let untyped = inner.external(outside.id()).cancel().await;
                for sent in [typed, untyped] {
                    log.push(format!("{}", sent.unwrap_err().is_cancelled()));
                }
                // All else goes on.
                outside.note("in time").await?;
                outside.deliver().await?;
                log.push(outside.result().await?);
            }
            "waiting" => {
                let (scope, inner) = ctx.scope();
                let lock = Lock::new();
                let held = lock.acquire(ctx).await?;
                let mut sleeps = FutureSet::new();
                sleeps.push(inner.sleep(hours(1)));
                let waits = join5(
                    inner.wait_until(|| false),
                    inner.wait_until(|| false).timeout(hours(1)),
                    lock.acquire(&inner),
                    sleeps.join_next(),
                    async {
                        ctx.sleep(millis(1)).await?;
                        scope.cancel();
                        Ok::<_, Cancelled>(())
                    },
                );
                let (until, in_time, acquired, slept, cancelled) = waits.await;
                cancelled?;
                log.push(format!("{} {}", until.is_err(), in_time.is_err()));
                log.push(format!("{} {slept:?}", acquired.is_err()));
                let shield = inner.shield();
                shield.wait_until(|| true).await?;
                drop(held);
                // Nobody before has kept a place in the queue.
                let _held = lock.acquire(&shield).await?;
                let nobody = shield.external("nobody has this id").cancel().await;
                log.push(nobody.unwrap_err().to_string());
            }
            "inner scope" => {
                let (outer, ctx) = ctx.scope();
                let (_inner, inner) = ctx.scope();
                let shield = inner.shield();
                outer.cancel();
                log.push(format!("{}", inner.is_cancelled()));
                log.push(format!("{}", shield.is_cancelled()));
                log.push(greet::call(&shield, "Bob").local().await?);
            }
            "shield" => {
                self.waits = true;
                ctx.cancelled().await;
                let parcel = Parcel::external(ctx, &id);
                log.push(format!("{}", parcel.note("lost").await.is_err()));
                parcel.note("kept").shielded().await?;
                log.push(greet::call(ctx, "Bob").local().shielded().await?);
                log.push(greet::call(ctx, "Eve").shielded().await?);
                let refund = Refund::child(ctx, &id, "a child");
                refund.shielded().await?;
                let taken = ctx.side_effect(|| 7).await;
                log.push(format!("{}", taken.is_err()));
                let taken = ctx.shield().side_effect(|| 8).await?;
                log.push(taken.to_string());
                ctx.shield().sleep(millis(1)).await?;
                parcel.deliver().shielded().await?;
            }
            "saga" => {
                let mut saga = Saga::new();
                greet::call(ctx, "Bob").await?;
                saga.undo(Refund::child(ctx, &id, "first"));
                greet::call(ctx, "Eve").await?;
                saga.undo(Parcel::external(ctx, &id).note("second"));
                saga.undo(ctx.external("nobody has this id").signal("note", ("lost",)));
                saga.undo(Refund::child(ctx, &id, "third"));
                self.waits = true;
                ctx.cancelled().await;
                let errors = saga.compensate().await;
                log.extend(errors.iter().map(ToString::to_string));
                let parcel = Parcel::external(ctx, &id);
                parcel.deliver().shielded().await?;
            }
            "sleep" => {
                let (scope, inner) = ctx.scope();
                let nap = ctx.spawn(async move { inner.sleep(hours(1)).await });
                ctx.sleep(millis(1)).await?;
                scope.cancel();
                let error = Error::from(nap.await.unwrap_err());
                log.push(format!("{error} {}", error.is_cancelled()));
            }
            other => bail!("no case {other}"),
        }
        Ok(log)
    }

    #[query]
    fn waits(&self) -> bool {
        self.waits
    }
}

on_both_servers! {
    a_scope_cancels_what_is_called_in_it_and_nothing_else
    a_scope_ends_what_waits_in_it_and_a_shield_does_not
    a_scope_ends_with_the_one_around_it_and_a_shield_does_not
    what_is_shielded_goes_on_in_a_cancelled_run
    children_and_signals_compensate_in_reverse_order
    a_cancelled_sleep_takes_its_timer_back
}

struct Case {
    office: Handle<Office>,
    parcel: Handle<Parcel>,
    worker: durably::worker::WorkerGuard,
}

impl Case {
    /// Starts the office with the id of a parcel that runs, unless it is its own child.
    async fn begin(world: &World, case: &str) -> Result<Self> {
        let worker = world
            .worker()
            .workflow::<Office>()
            .workflow::<Parcel>()
            .workflow::<Refund>()
            .activity::<hold>()
            .activity::<greet>()
            .spawn()
            .await?;
        let id = unique("parcel");
        let parcel = match case {
            "shield" | "saga" => {
                let start = Parcel::start(&world.client).id(&id);
                start.task_queue(&world.queue).await?
            }
            _ => Parcel::handle(&world.client, &id),
        };
        let office = Office::start(&world.client, case, &id)
            .id(unique("office"))
            .task_queue(&world.queue)
            .await?;
        Ok(Self {
            office,
            parcel,
            worker,
        })
    }

    async fn cancel(&self) -> Result<()> {
        eventually("the office to wait", || async {
            self.office.waits().await.ok().filter(|waits| *waits)
        })
        .await;
        Ok(self.office.cancel().await?)
    }

    async fn end(self) -> Result<Vec<String>> {
        let log = self.office.result().timeout(mins(3)).await;
        self.worker.shutdown().await?;
        Ok(log?)
    }
}

async fn a_scope_cancels_what_is_called_in_it_and_nothing_else(world: &World) -> Result<()> {
    let case = Case::begin(world, "scope").await?;
    let parcel = case.parcel.clone();
    let log = case.end().await?;
    assert_eq!(
        log,
        [
            &*format!(
                "child workflow `Parcel` with id `{}` was cancelled",
                parcel.id()
            ),
            "activity `hold` was cancelled",
            "true",
            "true",
            "true",
            "true",
            "true",
            "true",
            "in time",
        ]
    );
    let error = parcel.result().await.unwrap_err();
    assert!(error.is_cancelled(), "{error}");
    Ok(())
}

async fn a_scope_ends_what_waits_in_it_and_a_shield_does_not(world: &World) -> Result<()> {
    let case = Case::begin(world, "waiting").await?;
    assert_eq!(
        case.end().await?,
        [
            "true true",
            "true Some(Err(Cancelled))",
            "cancellation of workflow `nobody has this id` was not requested: no such workflow is running",
        ]
    );
    Ok(())
}

async fn a_scope_ends_with_the_one_around_it_and_a_shield_does_not(world: &World) -> Result<()> {
    let case = Case::begin(world, "inner scope").await?;
    assert_eq!(case.end().await?, ["true", "false", "Hello, Bob"]);
    Ok(())
}

async fn what_is_shielded_goes_on_in_a_cancelled_run(world: &World) -> Result<()> {
    let case = Case::begin(world, "shield").await?;
    case.cancel().await?;
    let parcel = case.parcel.clone();
    let log = case.end().await?;
    assert_eq!(log, ["true", "Hello, Bob", "Hello, Eve", "true", "8"]);
    assert_eq!(parcel.result().await?, "kept, a child");
    Ok(())
}

async fn children_and_signals_compensate_in_reverse_order(world: &World) -> Result<()> {
    let case = Case::begin(world, "saga").await?;
    case.cancel().await?;
    let parcel = case.parcel.clone();
    let log = case.end().await?;
    assert_eq!(
        log,
        [
            "signal `note` was not sent to workflow `nobody has this id`: no such workflow is running"
        ]
    );
    assert_eq!(parcel.result().await?, "third, second, first");
    Ok(())
}

async fn a_cancelled_sleep_takes_its_timer_back(world: &World) -> Result<()> {
    let case = Case::begin(world, "sleep").await?;
    let office = case.office.clone();
    assert_eq!(case.end().await?, ["cancelled true"]);
    let history = office.history().await?.to_string();
    let count = |event: &str| history.matches(event).count();
    assert_eq!(count("TimerStarted"), 2, "{history}");
    assert_eq!(count("TimerFired"), 1, "{history}");
    assert_eq!(count("TimerCanceled"), 1, "{history}");
    Ok(())
}
