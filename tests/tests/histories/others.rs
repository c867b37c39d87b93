//! Signals and requests to cancel from one workflow to another that is not its child.

use durably::prelude::*;
use durably_tests::{recording::Recording, same_on_both_servers};

#[derive(Default)]
struct Ship {
    held: Vec<String>,
    released: bool,
}

#[workflow]
impl Ship {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        match ctx.wait_until(|| self.released).await {
            Ok(()) => Ok(self.held.join(", ")),
            Err(_) => Ok(format!("called off: {:?}", ctx.cancel_reason())),
        }
    }

    #[signal]
    fn hold(&mut self, why: String) {
        self.held.push(why);
    }

    #[signal(name = "let go")]
    fn release(&mut self) {
        self.released = true;
    }
}

#[derive(Default)]
struct Harbour;

#[workflow]
impl Harbour {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String, id: String) -> Result<String> {
        let ship = Ship::external(ctx, &id);
        match case.as_str() {
            "signals" => {
                ship.hold("customs").await?;
                ctx.external(&id).signal("hold", ("storm",)).await?;
                ship.release().await?;
            }
            "cancels" => ship.cancel().reason("fog").await?,
            "nobody" => {
                let signal = ship.hold("customs").await.unwrap_err();
                let cancel = ship.cancel().await.unwrap_err();
                return Ok(format!("{signal}, {cancel}"));
            }
            "itself" => {
                let signal = ctx.external(ctx.workflow_id()).signal("hold", ()).await;
                let cancel = ctx.external(ctx.workflow_id()).cancel().await;
                return Ok(format!("{} {}", signal.is_ok(), cancel.is_ok()));
            }
            "unsent" => {
                let (scope, inner) = ctx.scope();
                scope.cancel();
                let signal = Ship::external(&inner, &id).hold("late").await;
                return Ok(format!("{}", signal.unwrap_err()));
            }
            "fails" => ship.hold("customs").await?,
            run_id => ship.run_id(run_id).hold("customs").await?,
        }
        Ok(case)
    }
}

fn worker(cx: &Recording) -> Worker {
    cx.world.worker().workflow::<Harbour>().workflow::<Ship>()
}

async fn ship(cx: &mut Recording) -> Result<Handle<Ship>> {
    let id = cx.name("ship");
    let start = Ship::start(cx.client()).id(&id);
    let ship = start.task_queue(cx.queue()).await?;
    cx.follow("ship", &ship.untyped());
    cx.idle(&id).await;
    Ok(ship)
}

async fn harbour(cx: &mut Recording, case: &str, ship: &str) -> Result<()> {
    let id = cx.name("harbour");
    let start = Harbour::start(cx.client(), case, ship).id(&id);
    let harbour = start.task_queue(cx.queue()).await?;
    cx.follow("harbour", &harbour.untyped());
    let ended = harbour.result().await;
    let text = ended.unwrap_or_else(|error| Error::from(error).to_string());
    cx.note("harbour: its end", text);
    Ok(())
}

same_on_both_servers! {
    signals_reach_another_workflow
    a_request_to_cancel_reaches_another_workflow
    nobody_is_reached
    a_closed_workflow_is_not_reached
    one_run_is_reached
    what_a_workflow_sends_itself
}

async fn signals_reach_another_workflow(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let ship = ship(cx).await?;
    harbour(cx, "signals", ship.id()).await?;
    cx.note("the result", ship.result().await?);
    worker.shutdown().await
}

async fn a_request_to_cancel_reaches_another_workflow(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let ship = ship(cx).await?;
    harbour(cx, "cancels", ship.id()).await?;
    cx.note("the result", ship.result().await?);
    worker.shutdown().await
}

async fn nobody_is_reached(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let nobody = cx.name("nobody");
    harbour(cx, "nobody", &nobody).await?;
    harbour(cx, "fails", &nobody).await?;
    harbour(cx, "unsent", &nobody).await?;
    worker.shutdown().await
}

async fn a_closed_workflow_is_not_reached(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let ship = ship(cx).await?;
    ship.release().await?;
    ship.result().await?;
    harbour(cx, "fails", ship.id()).await?;
    harbour(cx, "cancels", ship.id()).await?;
    worker.shutdown().await
}

async fn one_run_is_reached(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let ship = ship(cx).await?;
    let run_id = ship.run_id().expect("it was started").to_owned();
    harbour(cx, &run_id, ship.id()).await?;
    harbour(cx, "0199b6f4-6e5b-7c0e-8f0a-2d1b3c4d5e6f", ship.id()).await?;
    ship.release().await?;
    cx.note("the result", ship.result().await?);
    worker.shutdown().await
}

async fn what_a_workflow_sends_itself(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    harbour(cx, "itself", "").await?;
    worker.shutdown().await
}
