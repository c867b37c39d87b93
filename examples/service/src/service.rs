//! The API, the relay and the worker in one process, and their end in order.

use std::time::Duration;

use durably::prelude::*;
use tokio::{net::TcpListener, signal::unix, sync::watch};

use crate::{
    api::Api,
    orders::{Checkout, Payments, QUEUE},
    relay,
    store::Store,
};

/// How long activities may go on when the service stops.
pub const GRACE: Duration = secs(10);

/// How long a stop takes at the most; an orchestrator has to wait longer before it kills the process.
pub const STOP: Duration = secs(20);

/// Runs until `stop` is ready. Then the probe of readiness fails, requests that have begun are answered, and activities
/// have their grace.
pub async fn run(
    client: Client,
    store: Store,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) -> Result<()> {
    let worker = Worker::new(&client, QUEUE)
        .workflow::<Checkout>()
        .activities(Payments {
            store: store.clone(),
        })
        .shutdown_grace(GRACE)
        .shutdown_deadline(STOP);
    let api = Api {
        client: client.clone(),
        store: store.clone(),
        worker: worker.handle(),
    };
    let (stopping, mut stopped) = watch::channel(());
    let serving = axum::serve(listener, api.router()).with_graceful_shutdown(async move {
        // The sender is dropped when the service stops.
        let _ = stopped.changed().await;
    });
    let serving = tokio::spawn(serving.into_future());
    // The worker stops when the relay does, and it ends after its activities.
    let until = async {
        tokio::select! {
            () = stop => {}
            () = relay::run(&client, &store) => {}
        }
        drop(stopping);
    };
    worker.run_until(until).await?;
    serving.await??;
    store.close().await;
    Ok(())
}

/// Is ready when the process is asked to stop: ctrl-c, or SIGTERM of an orchestrator.
pub async fn stop_requested() {
    let signals = [unix::SignalKind::interrupt(), unix::SignalKind::terminate()];
    let [interrupt, terminate] = signals.map(unix::signal);
    match (interrupt, terminate) {
        (Ok(mut interrupt), Ok(mut terminate)) => {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        }
        // Without signals, it runs until it is killed.
        (Err(error), _) | (_, Err(error)) => {
            eprintln!("signals are not received: {error}");
            std::future::pending().await
        }
    }
}
