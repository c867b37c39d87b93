//! Handlers that run when their workflow is about to end: warned about, abandoned or waited for, as declared.

use durably::{client::WorkflowStatus, error::ResultError, prelude::*};
use durably_proto::api::{enums::v1::EventType, history::v1::HistoryEvent};
use durably_tests::{World, eventually, history, on_both_servers, told::Told};

/// Ends when it is told to, in the way that its argument names.
#[derive(Default)]
struct Till {
    closed: bool,
    released: bool,
    receipts: Vec<String>,
}

#[workflow]
impl Till {
    #[run]
    async fn run(&mut self, ctx: &Ctx, how: String, receipts: Vec<String>) -> Result<Vec<String>> {
        self.receipts = receipts;
        ctx.wait_until(|| self.closed).await?;
        match how.as_str() {
            "fail" => bail!("out of paper"),
            "continue" => Err(Self::continue_as_new("again", self.receipts.clone()).into()),
            "again" | "complete" => Ok(self.receipts.clone()),
            other => bail!("no case {other}"),
        }
    }

    #[signal]
    fn close(&mut self) {
        self.closed = true;
    }

    #[signal]
    fn release(&mut self) {
        self.released = true;
    }

    #[signal(unfinished = "wait")]
    async fn paid(&mut self, ctx: &Ctx, order: String) -> Result<()> {
        ctx.shield().wait_until(|| self.released).await?;
        self.receipts.push(order);
        Ok(())
    }

    #[update(unfinished = "wait")]
    async fn receipt(&mut self, ctx: &Ctx, order: String) -> Result<usize> {
        ctx.shield().wait_until(|| self.released).await?;
        self.receipts.push(order);
        Ok(self.receipts.len())
    }

    #[signal]
    async fn count(&mut self, ctx: &Ctx) -> Result<()> {
        Ok(ctx.wait_until(|| self.released).await?)
    }

    #[update]
    async fn audit(&mut self, ctx: &Ctx) -> Result<()> {
        Ok(ctx.wait_until(|| self.released).await?)
    }

    #[signal(unfinished = "abandon")]
    async fn tidy(&mut self, ctx: &Ctx) -> Result<()> {
        Ok(ctx.wait_until(|| self.released).await?)
    }

    #[query]
    fn receipts(&self) -> Vec<String> {
        self.receipts.clone()
    }
}

on_both_servers! {
    every_end_waits_for_the_handlers_that_declare_it
    messages_that_arrive_while_the_end_waits_are_handled
    a_worker_that_takes_over_waits_as_well
    the_worker_warns_of_handlers_that_the_end_cuts_off
}

async fn open(world: &World, how: &str) -> Result<Handle<Till>> {
    let start = Till::start(&world.client, how, Vec::new());
    Ok(start.task_queue(&world.queue).await?)
}

/// Waits until the run method has ended, and the handlers hold the end back.
async fn held(till: &Handle<Till>, what: &str) {
    let expected = format!("the {what} of the run waits for ");
    eventually(&format!("the {what} waits"), || async {
        let trace: Result<String, _> = till.untyped().query("__stack_trace", ()).await;
        trace.ok().filter(|trace| trace.starts_with(&expected))
    })
    .await;
}

async fn every_end_waits_for_the_handlers_that_declare_it(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Till>().spawn().await?;
    for (how, what, last) in [
        (
            "complete",
            "completion",
            EventType::WorkflowExecutionCompleted,
        ),
        ("fail", "failure", EventType::WorkflowExecutionFailed),
        (
            "cancel",
            "cancellation",
            EventType::WorkflowExecutionCanceled,
        ),
        (
            "continue",
            "continue-as-new",
            EventType::WorkflowExecutionContinuedAsNew,
        ),
    ] {
        let till = open(world, how).await?;
        till.paid("o-1").await?;
        let receipt = till.receipt("o-2").accepted().await?;
        match how {
            "cancel" => till.cancel().await?,
            _ => till.close().await?,
        }
        held(&till, what).await;
        let trace: String = till.untyped().query("__stack_trace", ()).await?;
        let line = trace.lines().next().unwrap_or_default();
        assert_eq!(
            line,
            format!(
                "the {what} of the run waits for signal handler `paid`, update handler `receipt`"
            )
        );
        assert_eq!(
            till.describe().await?.summary.status,
            WorkflowStatus::Running
        );
        till.release().await?;
        // Both handlers have ended, each with its effect, before the run has.
        assert_eq!(receipt.result().await?, 2, "{how}");
        let run = till.run_id().expect("it was started");
        let names = eventually(&format!("the end by {how}"), || async {
            let events = history::events(&world.address(), till.id(), run).await;
            let names: Vec<_> = events.iter().map(HistoryEvent::event_type).collect();
            (names.last() == Some(&last)).then_some(names)
        })
        .await;
        // Both are ended by one task.
        assert!(
            names.ends_with(&[
                EventType::WorkflowTaskCompleted,
                EventType::WorkflowExecutionUpdateCompleted,
                last
            ]),
            "{names:?}"
        );
        if how == "continue" {
            till.close().await?;
            // The next run begins with what the run method returned, before the handlers ended.
            assert_eq!(till.result().await?, [""; 0]);
        }
    }
    worker.shutdown().await
}

async fn messages_that_arrive_while_the_end_waits_are_handled(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Till>().spawn().await?;
    let till = open(world, "complete").await?;
    till.paid("o-1").await?;
    till.close().await?;
    held(&till, "completion").await;
    till.paid("o-2").await?;
    let receipt = till.receipt("o-3").accepted().await?;
    assert_eq!(till.receipts().await?, [""; 0]);
    till.release().await?;
    assert_eq!(receipt.result().await?, 3);
    // The result is what the run method returned.
    assert_eq!(till.result().await?, [""; 0]);
    assert_eq!(till.receipts().await?, ["o-1", "o-2", "o-3"]);
    worker.shutdown().await
}

async fn a_worker_that_takes_over_waits_as_well(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Till>().spawn().await?;
    let till = open(world, "fail").await?;
    till.paid("o-1").await?;
    till.close().await?;
    held(&till, "failure").await;
    worker.shutdown().await?;
    let next = world.worker().workflow::<Till>().spawn().await?;
    held(&till, "failure").await;
    till.release().await?;
    let error = till.result().await.expect_err("it failed");
    let ResultError::Failed(failed) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(failed.app().map(|app| &*app.message), Some("out of paper"));
    assert_eq!(till.receipts().await?, ["o-1"]);
    next.shutdown().await
}

async fn the_worker_warns_of_handlers_that_the_end_cuts_off(world: &World) -> Result<()> {
    Told::listen();
    let worker = world.worker().workflow::<Till>().spawn().await?;
    let till = open(world, "complete").await?;
    till.count().await?;
    till.tidy().await?;
    let audit = till.audit().id("a-1").accepted().await?;
    till.close().await?;
    till.result().await?;
    audit.result().await.expect_err("it is cut off");
    let warnings = Told::warnings(till.id());
    let [signal, update] = &warnings[..] else {
        panic!("two handlers are cut off: {warnings:#?}");
    };
    for part in [
        "the workflow ended while signal handler `count` was running",
        "signal=\"count\"",
        &format!("sender={:?}", world.client.identity()),
    ] {
        assert!(signal.contains(part), "{part}: {signal}");
    }
    for part in [
        "the workflow ended while update handler `audit` was running",
        "update=\"audit\"",
        "update_id=\"a-1\"",
    ] {
        assert!(update.contains(part), "{part}: {update}");
    }
    worker.shutdown().await
}
