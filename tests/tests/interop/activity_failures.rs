//! Failures of our activities in a workflow of the Python SDK: their types, details and causes.

use durably::prelude::*;
use durably_tests::{World, on_both_servers};

use super::payloads::run_python;

#[derive(Debug, thiserror::Error, durably::Failure)]
enum PayError {
    #[error("card declined: {reason}")]
    #[failure(non_retryable)]
    Declined { reason: String },
    #[error("gateway busy in attempt {attempt}")]
    Busy { attempt: u32 },
}

#[activity]
async fn charge(ctx: &ActivityCtx, case: String) -> Result<()> {
    let attempt = ctx.attempt();
    match case.as_str() {
        "declined" => {
            let reason = "stolen".to_owned();
            Err(Error::from_typed(PayError::Declined { reason }))
        }
        "busy" => Err(Error::from_typed(PayError::Busy { attempt })),
        "caused" => Err(AppError::new("Outer", "no payment")
            .details(7)
            .details("cents")
            .caused_by(AppError::new("Inner", "no gateway"))
            .non_retryable()
            .into()),
        "silent" => {
            ctx.heartbeat(attempt);
            tokio::time::sleep(mins(1)).await;
            Ok(())
        }
        other => bail!("no case {other}"),
    }
}

#[activity]
async fn wait_for_the_end(ctx: &ActivityCtx) -> Result<()> {
    while !ctx.is_cancelled() {
        ctx.heartbeat(());
        tokio::time::sleep(millis(50)).await;
    }
    Err(Cancelled.into())
}

on_both_servers! {
    a_python_workflow_reads_the_failures_of_our_activities
}

async fn a_python_workflow_reads_the_failures_of_our_activities(world: &World) -> Result<()> {
    let worker = world.worker().activity::<charge>();
    let worker = worker.activity::<wait_for_the_end>().spawn().await?;
    run_python("activity_failures.py", world).await?;
    worker.shutdown().await
}
