//! Runs batch operations: one workflow after another, at the rate of the request, and saves the progress.
//! After a restart the last few operations are repeated, with the same request ids.

use std::sync::Arc;
use std::time::Duration;

use durably_proto::api::enums::v1::BatchOperationState;
use durably_proto::api::workflowservice::v1::StartBatchOperationRequest;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep};
use tonic::{Code, Status};

use crate::backend::Backend;
use crate::backend::request::RequestScope;
use crate::batch::{LiveBatch, Next};
use crate::error::Error;
use crate::grpc::batch::{self, Target};
use crate::name::BatchName;

/// Runs batch operations until the server stops. What is not done then is done after the next start.
pub(crate) async fn run(
    backend: Arc<Backend>,
    mut due: mpsc::UnboundedReceiver<BatchName>,
    mut stop: watch::Receiver<bool>,
) {
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            _ = stop.changed() => return,
            // The backend keeps the sender.
            Some(name) = due.recv() => {
                running.spawn(run_to_the_end(Arc::clone(&backend), name));
            }
            Some(ended) = running.join_next(), if !running.is_empty() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a batch operation panicked, which is a bug of the server; it goes on after a restart");
                }
            }
        }
    }
}

/// Repeats the work after a failure of the store.
async fn run_to_the_end(backend: Arc<Backend>, name: BatchName) {
    let mut delay = FIRST_DELAY;
    // Another one of that name belongs to a later namespace.
    let Some(live) = backend.batches.find(&name) else {
        return;
    };
    loop {
        match work(&backend, &live).await {
            Ok(()) => return,
            Err(_) if backend.is_stopping() => return,
            Err(error) => {
                tracing::warn!(
                    namespace = %name.namespace,
                    job_id = %name.id,
                    ?error,
                    ?delay,
                    "a batch operation failed; it goes on after a delay"
                );
                sleep(delay).await;
                delay = (delay * 2).min(LONGEST_DELAY);
            }
        }
    }
}

async fn work(backend: &Backend, live: &Arc<LiveBatch>) -> Result<(), Error> {
    let request = live.lock().request();
    let mut pace = pace(backend, request.max_operations_per_second);
    let mut saved = Instant::now();
    loop {
        // It was deleted with its namespace.
        if !backend.batches.holds(live) {
            return Ok(());
        }
        let next = live.lock().next();
        match next {
            Next::Stopped => return Ok(()),
            Next::Finish => {
                let completed = BatchOperationState::Completed;
                backend.close_batch(live, completed).await?;
                return Ok(());
            }
            Next::Page(token) => {
                let request = request.clone();
                let page = backend.on_disk(move |backend| batch::page(backend, &request, token));
                let (page, next) = match page.await {
                    Ok(page) => page,
                    // It stays so: the query is for counts, or a search attribute was removed.
                    Err(error @ (Error::Invalid(_) | Error::Query(_))) => {
                        tracing::warn!(job_id = %live.name.id, ?error, "a batch operation has failed: its query cannot list workflows");
                        let failed = BatchOperationState::Failed;
                        backend.close_batch(live, failed).await?;
                        return Ok(());
                    }
                    Err(error) => return Err(error),
                };
                live.lock().turn_page(page, next);
                backend.save_batch(live).await?;
                saved = Instant::now();
            }
            Next::Target(execution) => {
                if let Some(pace) = &mut pace {
                    pace.tick().await;
                    // It may have been stopped meanwhile, or deleted with its namespace.
                    if !live.lock().is_running() || !backend.batches.holds(live) {
                        return Ok(());
                    }
                }
                let request_id = format!("{}-{}", live.lock().run_id, execution.run_id);
                let target = Target {
                    execution,
                    request_id,
                };
                let result = perform(backend, live, &request, &target).await?;
                if let Err(error) = &result {
                    tracing::debug!(job_id = %live.name.id, ?target, ?error, "an operation of a batch failed");
                }
                live.record(result.is_ok());
                if saved.elapsed() >= SAVE_INTERVAL {
                    backend.save_batch(live).await?;
                    saved = Instant::now();
                }
            }
        }
    }
}

/// Performs the operation on one workflow, several times if that can help.
///
/// # Errors
/// The server stops.
async fn perform(
    backend: &Backend,
    live: &LiveBatch,
    request: &StartBatchOperationRequest,
    target: &Target,
) -> Result<Result<(), Status>, Error> {
    let mut attempts = 0;
    loop {
        backend.check_running()?;
        let scope = RequestScope::new(backend);
        let performed = batch::perform(&scope, request, target);
        let settled = scope.settle().await;
        let status = match performed.and(settled) {
            Ok(()) => return Ok(Ok(())),
            Err(error) => Status::from(error),
        };
        attempts += 1;
        match status.code() {
            // The workflow is closed or gone, which is what was wanted.
            Code::NotFound => return Ok(Ok(())),
            Code::Unavailable | Code::Aborted | Code::ResourceExhausted
                if attempts < MOST_ATTEMPTS && live.lock().is_running() =>
            {
                sleep(ATTEMPT_DELAY).await;
            }
            _ => return Ok(Err(status)),
        }
    }
}

/// How fast it may go; none with a clock that is not the machine's.
fn pace(backend: &Backend, per_second: f32) -> Option<Interval> {
    if backend.clock.skips() || backend.clock.is_simulated() {
        return None;
    }
    let per_second = match per_second.is_finite() && per_second > 0.0 {
        true => f64::from(per_second).clamp(SLOWEST, FASTEST),
        false => DEFAULT_PER_SECOND,
    };
    let mut pace = interval(Duration::from_secs_f64(1.0 / per_second));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    Some(pace)
}

/// The real server's own.
const DEFAULT_PER_SECOND: f64 = 50.0;
/// Operations a second that make sense of any number: one an hour, and more than the store takes.
const SLOWEST: f64 = 1.0 / 3600.0;
const FASTEST: f64 = 1_000_000.0;
/// How often the progress is saved within a page.
const SAVE_INTERVAL: Duration = Duration::from_secs(1);
const MOST_ATTEMPTS: u32 = 50;
const ATTEMPT_DELAY: Duration = Duration::from_millis(100);
const FIRST_DELAY: Duration = Duration::from_secs(1);
const LONGEST_DELAY: Duration = Duration::from_secs(60);
