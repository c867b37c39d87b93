//! Cancellation and termination of workflows and activities.

use durably::{
    client::WorkflowStatus,
    error::{HandleError, ResultError},
    prelude::*,
    workflow::CancellationType,
};
use durably_tests::{World, eventually, on_both_servers};

#[activity(start_to_close = "10s")]
async fn note(what: String) -> String {
    what
}

#[activity(start_to_close = "60s", heartbeat = "5s")]
async fn long(ctx: &ActivityCtx) -> Result<String> {
    loop {
        ctx.heartbeat(());
        if ctx.is_cancelled() {
            return Err(Cancelled.into());
        }
        tokio::time::sleep(millis(50)).await;
    }
}

/// Waits for ever, and cleans up when it is cancelled.
#[derive(Default)]
struct Trip {
    log: Vec<String>,
    travelling: bool,
}

#[workflow]
impl Trip {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String) -> Result<Vec<String>> {
        let mut saga = Saga::new();
        for step in ["first", "second"] {
            note::call(ctx, step).await?;
            saga.undo(note::call(ctx, format!("{step} undone")));
        }
        self.travelling = true;
        match case.as_str() {
            "sleep" => ctx.sleep(hours(1)).await?,
            "clean up" => {
                if let Err(error) = ctx.sleep(hours(1)).await {
                    let errors = saga.compensate().await;
                    self.log.push(format!("{error}, {} errors", errors.len()));
                    let unshielded = note::call(ctx, "x").await;
                    self.log
                        .push(format!("{}", unshielded.is_err_and(|e| e.is_cancelled())));
                    self.log
                        .push(note::call(ctx, "still works").shielded().await?);
                }
            }
            "activity" => {
                let error = long::call(ctx)
                    .cancellation(CancellationType::WaitCompleted)
                    .await
                    .unwrap_err();
                self.log.push(format!("{}", error.is_cancelled()));
            }
            _ => bail!("no case {case}"),
        }
        Ok(self.log.clone())
    }

    #[query]
    fn travelling(&self) -> bool {
        self.travelling
    }
}

async fn cancelled(world: &World, case: &str) -> Result<Vec<String>> {
    let worker = world
        .worker()
        .workflow::<Trip>()
        .activity::<note>()
        .activity::<long>()
        .spawn()
        .await?;
    let trip = Trip::start(&world.client, case)
        .task_queue(&world.queue)
        .await?;
    eventually("the trip to begin", || async {
        trip.travelling().await.ok().filter(|on| *on)
    })
    .await;
    trip.cancel().await?;
    let result = trip.result().await;
    worker.shutdown().await?;
    Ok(result?)
}

on_both_servers! {
    a_cancelled_wait_ends_the_run_as_cancelled
    a_cancelled_run_can_clean_up_under_a_shield
    cancellation_reaches_an_activity_through_its_heartbeat
    termination_needs_no_worker
    the_reason_and_the_details_of_a_termination_reach_the_client
}

async fn a_cancelled_wait_ends_the_run_as_cancelled(world: &World) -> Result<()> {
    let error = cancelled(world, "sleep").await.unwrap_err();
    assert!(error.is_cancelled(), "{error}");
    Ok(())
}

async fn a_cancelled_run_can_clean_up_under_a_shield(world: &World) -> Result<()> {
    assert_eq!(
        cancelled(world, "clean up").await?,
        ["cancelled, 0 errors", "true", "still works"]
    );
    Ok(())
}

async fn cancellation_reaches_an_activity_through_its_heartbeat(world: &World) -> Result<()> {
    assert_eq!(cancelled(world, "activity").await?, ["true"]);
    Ok(())
}

async fn termination_needs_no_worker(world: &World) -> Result<()> {
    let trip = Trip::start(&world.client, "sleep")
        .task_queue(&world.queue)
        .await?;
    trip.terminate("enough").await?;
    let error = trip.result().await.unwrap_err().to_string();
    assert!(
        error.contains("terminated") && error.contains("enough"),
        "{error}"
    );
    let error = trip.terminate("again").await.unwrap_err().to_string();
    assert!(error.contains(trip.id()), "{error}");
    Ok(())
}

async fn the_reason_and_the_details_of_a_termination_reach_the_client(world: &World) -> Result<()> {
    let trip = Trip::start(&world.client, "sleep")
        .task_queue(&world.queue)
        .await?;
    let terminate = trip.terminate("enough").details("the bridge is closed");
    terminate.details((7, vec![true])).await?;
    let error = trip.result().await.unwrap_err();
    let ResultError::Terminated(terminated) = &error else {
        panic!("it was terminated: {error:?}");
    };
    assert_eq!(terminated.reason, "enough");
    assert_eq!(terminated.details.len(), 2);
    assert_eq!(terminated.detail::<String>(0)?, "the bridge is closed");
    assert_eq!(terminated.detail::<(u8, Vec<bool>)>(1)?, (7, vec![true]));
    assert!(terminated.detail::<String>(1).is_err());
    assert!(terminated.detail::<String>(2).is_err());

    // What cannot be written is refused before anything is sent.
    let trip = Trip::start(&world.client, "sleep")
        .task_queue(&world.queue)
        .await?;
    let refused = trip.untyped().terminate("enough").details(f64::NAN).await;
    assert!(matches!(refused, Err(HandleError::Data(_))), "{refused:?}");
    assert_eq!(
        trip.describe().await?.summary.status,
        WorkflowStatus::Running
    );
    trip.terminate("seen").await?;
    Ok(())
}
