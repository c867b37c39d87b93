//! Signals from one workflow to another, and requests to cancel one.

use durably::{client::WorkflowStatus, error::ExternalFault, prelude::*};
use durably_proto::api::history::v1::history_event::Attributes;
use durably_tests::{World, eventually, history, on_both_servers, unique};

/// Gets messages.
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
            Err(_) => Ok(format!(
                "called off: {}",
                ctx.cancel_reason().unwrap_or_default()
            )),
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

/// Of another type, with none of the ship's signals.
#[derive(Default)]
struct Lighthouse {
    off: bool,
}

#[workflow]
impl Lighthouse {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        Ok(ctx.wait_until(|| self.off).await?)
    }

    #[signal]
    fn switch_off(&mut self) {
        self.off = true;
    }
}

/// Sends messages, by cases.
#[derive(Default)]
struct Harbour;

#[workflow]
impl Harbour {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String, id: String) -> Result<String> {
        let ship = Ship::external(ctx, &id);
        Ok(match case.as_str() {
            "typed" => {
                ship.hold("customs").await?;
                ship.release().await?;
                ship.id().to_owned()
            }
            "untyped" => {
                let ship = ctx.external(&id);
                ship.signal("hold", ("customs",)).await?;
                ship.signal("let go", ()).await?;
                ship.id().to_owned()
            }
            "at once" => {
                let signals = (0..20).map(|n| ship.hold(n.to_string()));
                let sent = join_all(signals).await;
                ship.release().await?;
                sent.iter().filter(|it| it.is_ok()).count().to_string()
            }
            "cancel" => {
                ship.cancel().reason("fog").await?;
                "requested".to_owned()
            }
            "nobody" => {
                let error = ship.hold("customs").await.unwrap_err();
                assert_eq!((error.is_not_found(), error.is_cancelled()), (true, false));
                assert_eq!(error.signal.as_deref(), Some("hold"));
                let error = ship.cancel().await.unwrap_err();
                assert_eq!(error.fault(), Some(ExternalFault::NotFound));
                assert_eq!((&*error.workflow_id, error.signal), (&*id, None));
                "not found".to_owned()
            }
            "over the limit" => {
                let error = ship.hold("once too often").await.unwrap_err();
                assert_eq!(error.signal.as_deref(), Some("hold"));
                assert_eq!((error.is_not_found(), error.is_cancelled()), (false, false));
                format!("{:?}", error.fault())
            }
            "too many at once" => {
                let signals = (0..2_001).map(|n| ship.hold(n.to_string()));
                join_all(signals).await.len().to_string()
            }
            "fails" => {
                ship.hold("customs").await?;
                "never".to_owned()
            }
            "cancel closed" => match ship.cancel().await {
                Ok(()) => "accepted".to_owned(),
                Err(error) => format!("{:?}", error.fault()),
            },
            other => match other.strip_prefix("run ") {
                Some(run_id) => match ship.run_id(run_id).hold("customs").await {
                    Ok(()) => "delivered".to_owned(),
                    Err(error) => format!("{:?}", error.fault()),
                },
                None => bail!("no case {other}"),
            },
        })
    }
}

async fn worker(world: &World) -> Result<durably::worker::WorkerGuard> {
    world
        .worker()
        .workflow::<Harbour>()
        .workflow::<Ship>()
        .workflow::<Lighthouse>()
        .spawn()
        .await
}

/// The result of a harbour, and its handle.
async fn harbour(world: &World, case: &str, id: &str) -> Result<(String, Handle<Harbour>)> {
    let harbour = Harbour::start(&world.client, case, id)
        .task_queue(&world.queue)
        .await?;
    let result = harbour.result().timeout(mins(3)).await?;
    Ok((result, harbour))
}

async fn ship(world: &World) -> Result<Handle<Ship>> {
    Ok(Ship::start(&world.client)
        .id(unique("ship"))
        .task_queue(&world.queue)
        .await?)
}

on_both_servers! {
    signals_arrive_in_order
    many_signals_at_once
    a_request_to_cancel_arrives_with_its_reason
    nobody_is_an_error_that_can_be_matched
    a_signal_to_nobody_fails_the_workflow_with_a_kind
    a_closed_workflow_takes_no_signal
    a_signal_may_be_for_one_run_only
    a_workflow_of_another_type_keeps_the_signal
    a_target_that_has_received_too_many_signals_is_an_error_that_can_be_matched
    more_signals_than_may_be_pending_fail_the_task_and_are_not_sent
}

async fn signals_arrive_in_order(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    for case in ["typed", "untyped"] {
        let ship = ship(world).await?;
        let (id, harbour) = harbour(world, case, ship.id()).await?;
        assert_eq!(id, ship.id());
        assert_eq!(ship.result().await?, "customs");
        let run_id = harbour.run_id().expect("it was started").to_owned();
        let events = history::events(&world.address(), harbour.id(), &run_id).await;
        let kinds: Vec<_> = events
            .iter()
            .map(|it| {
                it.event_type()
                    .as_str_name()
                    .trim_start_matches("EVENT_TYPE_")
            })
            .filter(|it| !it.contains("WORKFLOW_TASK"))
            .collect();
        assert_eq!(
            kinds,
            [
                "WORKFLOW_EXECUTION_STARTED",
                "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED",
                "EXTERNAL_WORKFLOW_EXECUTION_SIGNALED",
                "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED",
                "EXTERNAL_WORKFLOW_EXECUTION_SIGNALED",
                "WORKFLOW_EXECUTION_COMPLETED",
            ]
        );
        let signal = events.iter().find_map(|event| match &event.attributes {
            Some(Attributes::SignalExternalWorkflowExecutionInitiatedEventAttributes(it)) => {
                Some(it)
            }
            _ => None,
        });
        assert!(!signal.expect("it was sent").child_workflow_only);
    }
    worker.shutdown().await
}

async fn many_signals_at_once(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let ship = ship(world).await?;
    assert_eq!(harbour(world, "at once", ship.id()).await?.0, "20");
    assert_eq!(ship.result().await?.split(", ").count(), 20);
    worker.shutdown().await
}

async fn a_request_to_cancel_arrives_with_its_reason(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let ship = ship(world).await?;
    assert_eq!(harbour(world, "cancel", ship.id()).await?.0, "requested");
    assert_eq!(ship.result().await?, "called off: fog");
    worker.shutdown().await
}

async fn nobody_is_an_error_that_can_be_matched(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let (result, _) = harbour(world, "nobody", &unique("ship")).await?;
    assert_eq!(result, "not found");
    worker.shutdown().await
}

async fn a_signal_to_nobody_fails_the_workflow_with_a_kind(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let error = harbour(world, "fails", &unique("ship")).await.unwrap_err();
    let app = error.app().expect("the workflow failed with an error");
    assert_eq!(app.kind, "ExternalWorkflowExecutionNotFound");
    worker.shutdown().await
}

async fn a_closed_workflow_takes_no_signal(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let ship = ship(world).await?;
    ship.release().await?;
    ship.result().await?;
    let error = harbour(world, "fails", ship.id()).await.unwrap_err();
    let app = error.app().expect("the workflow failed with an error");
    assert_eq!(app.kind, "ExternalWorkflowExecutionNotFound");
    // A client's request to cancel a closed workflow is accepted, without effect, and so is this one.
    assert_eq!(
        harbour(world, "cancel closed", ship.id()).await?.0,
        "accepted"
    );
    worker.shutdown().await
}

async fn a_signal_may_be_for_one_run_only(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let first = ship(world).await?;
    let run = first.run_id().expect("it was started").to_owned();
    first.hold("fog").await?;
    assert_eq!(
        harbour(world, &format!("run {run}"), first.id()).await?.0,
        "delivered"
    );
    first.release().await?;
    assert_eq!(first.result().await?, "fog, customs");
    let second = Ship::start(&world.client)
        .id(first.id())
        .task_queue(&world.queue)
        .await?;
    assert_eq!(
        harbour(world, &format!("run {run}"), first.id()).await?.0,
        "Some(NotFound)"
    );
    second.release().await?;
    assert_eq!(second.result().await?, "");
    worker.shutdown().await
}

async fn a_workflow_of_another_type_keeps_the_signal(world: &World) -> Result<()> {
    let worker = worker(world).await?;
    let lighthouse = Lighthouse::start(&world.client)
        .id(unique("lighthouse"))
        .task_queue(&world.queue)
        .await?;
    // It is delivered: nobody checks the type.
    assert_eq!(
        harbour(world, "typed", lighthouse.id()).await?.0,
        lighthouse.id()
    );
    lighthouse.switch_off().await?;
    lighthouse.result().await?;
    let id = lighthouse.id();
    eventually("the lighthouse to be off", || async {
        let described = world.client.handle(id).describe().await.ok()?;
        (described.summary.status == WorkflowStatus::Completed).then_some(())
    })
    .await;
    worker.shutdown().await
}

async fn a_target_that_has_received_too_many_signals_is_an_error_that_can_be_matched(
    world: &World,
) -> Result<()> {
    let worker = worker(world).await?;
    // No worker reads what it receives.
    let ship = Ship::start(&world.client)
        .id(unique("ship"))
        .task_queue(unique("nobody"))
        .await?;
    for _ in 0..100 {
        let sent = (0..100).map(|_| ship.hold("fog").into_future());
        for sent in futures::future::join_all(sent).await {
            sent?;
        }
    }
    let (fault, _) = harbour(world, "over the limit", ship.id()).await?;
    assert_eq!(fault, "Some(SignalLimit)");
    let error = harbour(world, "fails", ship.id()).await.unwrap_err();
    let app = error.app().expect("the workflow failed with an error");
    assert_eq!(app.kind, ExternalFault::SignalLimit.kind());
    ship.terminate("seen").await?;
    worker.shutdown().await
}

async fn more_signals_than_may_be_pending_fail_the_task_and_are_not_sent(
    world: &World,
) -> Result<()> {
    let worker = worker(world).await?;
    let ship = ship(world).await?;
    let harbour = Harbour::start(&world.client, "too many at once", ship.id())
        .task_queue(&world.queue)
        .await?;
    let failed = eventually("the workflow task fails", || async {
        let history = harbour.history().await.ok()?.to_string();
        history.contains("WorkflowTaskFailed").then_some(history)
    });
    let failed = failed.await;
    assert!(failed.contains("PendingSignalsLimitExceeded"), "{failed}");
    harbour.terminate("seen").await?;
    ship.release().await?;
    assert_eq!(ship.result().await?, "");
    worker.shutdown().await
}
