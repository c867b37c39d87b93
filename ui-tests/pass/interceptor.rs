//! Interceptors of clients, workflows and activities, with state of their own.
#![deny(warnings)]

use std::sync::atomic::{AtomicU32, Ordering};

use durably::{interceptor::*, prelude::*};

#[derive(Default)]
pub struct Count(AtomicU32);

impl Count {
    fn one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl ClientInterceptor for Count {
    async fn start(&self, mut request: StartRequest, next: Next<StartRequest>) -> Result<Started> {
        self.one();
        request
            .headers
            .set("count", self.0.load(Ordering::Relaxed))?;
        next.run(request).await
    }

    // Without `async`, too.
    fn signal(
        &self,
        request: SignalRequest,
        next: Next<SignalRequest>,
    ) -> impl Future<Output = Result<()>> + Send {
        self.one();
        next.run(request)
    }
}

impl ActivityInterceptor for Count {
    async fn execute(
        &self,
        request: ReceivedActivity,
        next: Next<ReceivedActivity>,
    ) -> Result<Output> {
        self.one();
        tokio::time::sleep(millis(1)).await;
        next.run(request).await
    }
}

impl WorkflowInterceptor for Count {
    async fn execute(
        &self,
        ctx: &Ctx,
        start: ReceivedStart,
        next: LocalNext<ReceivedStart>,
    ) -> Result<Output> {
        // What a run waits with need not be `Send`.
        let seen = std::rc::Rc::new(std::cell::Cell::new(0));
        ctx.sleep(secs(1)).await?;
        seen.set(seen.get() + 1);
        next.run(start).await
    }
}

pub async fn all() -> Result<Worker> {
    let client = Client::builder("localhost:7233")
        .interceptor(Count::default())
        .interceptor(Count::default())
        .await?;
    let client = client.with_interceptor(Count::default());
    Ok(Worker::new(&client, "counts")
        .activity_interceptor(Count::default())
        .workflow_interceptor(Count::default()))
}

fn main() {}
