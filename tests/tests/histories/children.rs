//! Child workflows: every end, every type of cancellation, every policy for the end of the parent.

use durably::{client::IdReusePolicy, prelude::*, workflow::ChildCancellationType};
use durably_tests::{recording::Recording, same_on_both_servers};

#[derive(Default)]
struct Ship {
    held: Vec<String>,
    released: bool,
}

#[workflow]
impl Ship {
    #[run]
    async fn run(&mut self, ctx: &Ctx, how: String) -> Result<String> {
        match how.as_str() {
            // Its parent's task that follows its start is completed by then.
            "arrives" => {
                ctx.sleep(millis(300)).await?;
                Ok("it has arrived".to_owned())
            }
            "waits" => {
                ctx.wait_until(|| self.released).await?;
                Ok(self.held.join(", "))
            }
            "cleans up" => {
                let waited = ctx.wait_until(|| self.released).await;
                ctx.shield().sleep(millis(10)).await?;
                waited?;
                Ok("in time".to_owned())
            }
            "stubborn" => {
                ctx.shield().wait_until(|| self.released).await?;
                Ok("stubborn".to_owned())
            }
            "tells why" => {
                ctx.cancelled().await;
                Ok(format!("{:?}", ctx.cancel_reason()))
            }
            "sinks" => {
                ctx.sleep(millis(300)).await?;
                Err(AppError::new("Sunk", "in a storm").details(45).into())
            }
            "fails twice" if ctx.attempt() < 3 => bail!("attempt {}", ctx.attempt()),
            "fails twice" => Ok("at the third attempt".to_owned()),
            "takes long" => {
                ctx.sleep(days(300)).await?;
                Ok(String::new())
            }
            "has a child that sinks" => {
                let id = format!("{}-boat", ctx.workflow_id());
                Ok(Self::child(ctx, "sinks").id(id).await?)
            }
            other => bail!("no ship {other}"),
        }
    }

    #[signal]
    fn hold(&mut self, why: String) {
        self.held.push(why);
    }

    #[signal]
    fn release(&mut self) {
        self.released = true;
    }
}

#[derive(Default)]
struct Order {
    go: bool,
}

#[workflow]
impl Order {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String, id: String) -> Result<String> {
        let ship = |how: &str| Ship::child(ctx, how).id(&id);
        Ok(match case.as_str() {
            "with all options" => {
                ship("arrives")
                    .execution_timeout(days(3))
                    .run_timeout(days(2))
                    .task_timeout(secs(7))
                    .retry(Retry::attempts(3).initial_interval(secs(2)))
                    .memo("note", "fragile")
                    .priority(Priority::key(1))
                    .summary("by ship")
                    .details("with the *next* one")
                    .id_reuse_policy(IdReusePolicy::RejectDuplicate)
                    .parent_close(ParentClose::Abandon)
                    .await?
            }
            "signalled" => {
                let ship = ship("waits").start().await?;
                ctx.sleep(millis(300)).await?;
                ship.hold("customs").await?;
                ship.release().await?;
                ship.result().await?
            }
            "retried" => {
                let retry = Retry::attempts(3).initial_interval(millis(10));
                ship("fails twice").retry(retry).await?
            }
            "sinks" => ship("sinks").await?,
            "a grandchild sinks" => ship("has a child that sinks").await?,
            "times out" => ship("takes long").run_timeout(secs(1)).await?,
            "is ended by a client" => ship("waits").await?,
            "an id in use" => {
                let first = ship("waits").start().await?;
                ctx.sleep(millis(300)).await?;
                let error = ship("arrives").await.unwrap_err();
                first.release().await?;
                first.result().await?;
                let reject = IdReusePolicy::RejectDuplicate;
                let used = ship("arrives").id_reuse_policy(reject).await.unwrap_err();
                format!("{error}, {used}")
            }
            "a reason" => {
                let ship = ship("tells why").start().await?;
                ctx.sleep(millis(300)).await?;
                ship.cancel_with_reason("sold out");
                ship.result().await?
            }
            "cancelled by a scope" => {
                let (scope, inner) = ctx.scope();
                let call = ctx.spawn({
                    let id = id.clone();
                    async move { Ship::child(&inner, "tells why").id(id).await }
                });
                ctx.sleep(millis(300)).await?;
                scope.cancel();
                format!("{:?}", call.await.map_err(|error| error.cause))
            }
            "unsent" => {
                let (scope, inner) = ctx.scope();
                scope.cancel();
                let ended = Ship::child(&inner, "arrives").id(&id).await;
                format!("{:?}", ended.map_err(|error| error.cause))
            }
            other => match other.split_once(": ") {
                Some(("close", policy)) => {
                    let policy = match policy {
                        "abandon" => ParentClose::Abandon,
                        "request cancel" => ParentClose::RequestCancel,
                        _ => ParentClose::Terminate,
                    };
                    ship("waits").parent_close(policy).start().await?;
                    ctx.wait_until(|| self.go).await?;
                    "closed first".to_owned()
                }
                Some(("fail", _)) => {
                    ship("waits").start().await?;
                    ctx.wait_until(|| self.go).await?;
                    bail!("the parent fails")
                }
                Some(("continue", _)) => {
                    ship("waits").start().await?;
                    ctx.wait_until(|| self.go).await?;
                    return Self::continue_as_new("end", id).into();
                }
                Some(("cancel", kind)) => {
                    let (kind, how) = match kind {
                        "try" => (ChildCancellationType::TryCancel, "stubborn"),
                        "requested" => (ChildCancellationType::WaitRequested, "stubborn"),
                        "completed" => (ChildCancellationType::WaitCompleted, "cleans up"),
                        _ => (ChildCancellationType::Abandon, "stubborn"),
                    };
                    let ship = ship(how).cancellation(kind).start().await?;
                    match ship.result().await {
                        Err(error) if error.is_cancelled() => "cancelled".to_owned(),
                        result => result?,
                    }
                }
                _ => "nothing to do".to_owned(),
            },
        })
    }

    #[signal]
    fn go(&mut self) {
        self.go = true;
    }
}

fn worker(cx: &Recording) -> Worker {
    cx.world.worker().workflow::<Order>().workflow::<Ship>()
}

/// An order, and the id of its ship.
async fn order(cx: &mut Recording, case: &str) -> Result<(Handle<Order>, String)> {
    let (id, ship) = (cx.name("order"), cx.name("ship"));
    let start = Order::start(cx.client(), case, &ship).id(id);
    let order = start.task_queue(cx.queue()).await?;
    cx.follow(case, &order.untyped());
    Ok((order, ship))
}

async fn note_end(cx: &mut Recording, case: &str, order: &Handle<Order>) {
    let ended = order.result().await;
    let text = ended.unwrap_or_else(|error| Error::from(error).to_string());
    cx.note(&format!("{case}: its end"), text);
}

async fn run_all(cx: &mut Recording, cases: &[&str]) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    for case in cases {
        let (order, _) = order(cx, case).await?;
        note_end(cx, case, &order).await;
    }
    worker.shutdown().await
}

/// Waits until the parent has nothing to do but to wait for its child, which waits, too.
async fn waits_for_child(cx: &Recording, order: &str, ship: &str) {
    cx.recorded(order, "ChildWorkflowExecutionStarted", 1).await;
    cx.idle(ship).await;
    cx.idle(order).await;
}

same_on_both_servers! {
    children_complete_with_their_options
    children_fail_time_out_and_are_retried
    children_that_a_client_ends
    ids_of_children_in_use
    children_are_cancelled_in_each_way
    a_child_is_cancelled_with_a_reason_by_a_scope_and_unsent
    parents_that_close_first
    parents_that_fail_continue_and_are_terminated_first
    children_of_a_waiting_parent_are_described
}

async fn children_complete_with_their_options(cx: &mut Recording) -> Result<()> {
    run_all(cx, &["with all options", "signalled"]).await
}

async fn children_fail_time_out_and_are_retried(cx: &mut Recording) -> Result<()> {
    run_all(cx, &["sinks", "a grandchild sinks", "times out", "retried"]).await
}

async fn children_that_a_client_ends(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    for how in ["terminated", "cancelled"] {
        let (order, ship) = order(cx, "is ended by a client").await?;
        waits_for_child(cx, order.id(), &ship).await;
        let ship = Ship::handle(cx.client(), ship);
        match how {
            "terminated" => ship.terminate("sunk").await?,
            _ => ship.cancel().await?,
        }
        note_end(cx, how, &order).await;
    }
    worker.shutdown().await
}

async fn ids_of_children_in_use(cx: &mut Recording) -> Result<()> {
    run_all(cx, &["an id in use"]).await
}

async fn children_are_cancelled_in_each_way(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    for case in [
        "cancel: try",
        "cancel: requested",
        "cancel: completed",
        "cancel: abandon",
    ] {
        let (order, ship) = order(cx, case).await?;
        waits_for_child(cx, order.id(), &ship).await;
        order.cancel().await?;
        note_end(cx, case, &order).await;
        // The parent's end terminates it.
        let child = cx.client().handle(&ship).describe().await?;
        cx.closed(&ship, &child.run_id).await?;
    }
    worker.shutdown().await
}

async fn a_child_is_cancelled_with_a_reason_by_a_scope_and_unsent(
    cx: &mut Recording,
) -> Result<()> {
    run_all(cx, &["a reason", "unsent", "cancelled by a scope"]).await
}

async fn parents_that_close_first(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    for case in [
        "close: terminate",
        "close: abandon",
        "close: request cancel",
    ] {
        let (order, ship) = order(cx, case).await?;
        waits_for_child(cx, order.id(), &ship).await;
        order.go().await?;
        note_end(cx, case, &order).await;
        let ship = Ship::handle(cx.client(), ship);
        let run_id = ship.describe().await?.run_id.clone();
        if case == "close: abandon" {
            cx.idle(ship.id()).await;
            cx.describe("abandoned", ship.id()).await?;
            ship.release().await?;
        }
        cx.closed(ship.id(), &run_id).await?;
    }
    worker.shutdown().await
}

async fn parents_that_fail_continue_and_are_terminated_first(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    for case in ["fail: first", "continue: first", "is ended by a client"] {
        let (order, ship) = order(cx, case).await?;
        waits_for_child(cx, order.id(), &ship).await;
        match case {
            "is ended by a client" => order.terminate("enough").await?,
            _ => order.go().await?,
        }
        note_end(cx, case, &order).await;
        let child = cx.client().handle(&ship).describe().await?;
        cx.closed(&ship, &child.run_id).await?;
    }
    worker.shutdown().await
}

async fn children_of_a_waiting_parent_are_described(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let (order, ship) = order(cx, "is ended by a client").await?;
    waits_for_child(cx, order.id(), &ship).await;
    cx.describe("the parent", order.id()).await?;
    cx.describe("the child", &ship).await?;
    let ship = Ship::handle(cx.client(), ship);
    ship.release().await?;
    note_end(cx, "both", &order).await;
    worker.shutdown().await
}
