//! A tenant that goes along with everything, an audit of what clients do, and limits around activities: interceptors
//! of a client, of workflows and of activities, and a layer of `tower`.
//!
//! `cargo run --example interceptors`

use std::sync::{Arc, Mutex};

use durably::{
    error::RpcError,
    interceptor::{
        ActivityInterceptor, ActivityRequest, ClientInterceptor, LocalNext, Next, Output,
        ReceivedActivity, ReceivedStart, StartRequest, Started, TerminateRequest,
        WorkflowInterceptor,
    },
    prelude::*,
};
use tower::{ServiceBuilder, limit::GlobalConcurrencyLimitLayer, timeout::TimeoutLayer};

/// Sends the tenant of a client along with the workflows that it starts.
struct SendTenant(&'static str);

impl ClientInterceptor for SendTenant {
    async fn start(&self, mut request: StartRequest, next: Next<StartRequest>) -> Result<Started> {
        request.headers.set("tenant", self.0)?;
        next.run(request).await
    }
}

/// Writes down what a client does, and lets nobody terminate a workflow.
#[derive(Clone, Default)]
struct Audit(Arc<Mutex<Vec<String>>>);

impl Audit {
    fn note(&self, what: String) {
        if let Ok(mut notes) = self.0.lock() {
            notes.push(what);
        }
    }
}

impl ClientInterceptor for Audit {
    async fn start(&self, request: StartRequest, next: Next<StartRequest>) -> Result<Started> {
        let tenant: Option<String> = request.headers.get("tenant")?;
        self.note(format!("{} for {tenant:?}", request.workflow_type));
        next.run(request).await
    }

    async fn terminate(
        &self,
        request: TerminateRequest,
        _next: Next<TerminateRequest>,
    ) -> Result<()> {
        let message = format!("nobody terminates `{}`", request.workflow_id);
        self.note(message.clone());
        Err(RpcError::PermissionDenied { message }.into())
    }
}

/// Passes the tenant of a workflow on to its activities.
struct PassTenant;

impl WorkflowInterceptor for PassTenant {
    async fn execute(
        &self,
        ctx: &Ctx,
        start: ReceivedStart,
        next: LocalNext<ReceivedStart>,
    ) -> Result<Output> {
        // An error here is one of the run method: the workflow fails.
        if start.headers.get::<String>("tenant")?.is_none() {
            let text = format!("{} was started without a tenant", ctx.workflow_id());
            return Err(AppError::new("NoTenant", text).into());
        }
        next.run(start).await
    }

    fn start_activity(&self, view: &View, request: &mut ActivityRequest) -> Result<()> {
        let tenant: Option<String> = view.headers().get("tenant")?;
        Ok(request.headers.set("tenant", tenant)?)
    }
}

/// Puts the tenant before what activities return.
struct ReadTenant;

impl ActivityInterceptor for ReadTenant {
    async fn execute(
        &self,
        request: ReceivedActivity,
        next: Next<ReceivedActivity>,
    ) -> Result<Output> {
        let tenant: String = request.headers.get("tenant")?.unwrap_or_default();
        let mut output = next.run(request).await?;
        let text: String = output.get()?;
        output.set(format!("{tenant}: {text}"))?;
        Ok(output)
    }
}

#[activity(start_to_close = "10s", max_attempts = 1)]
async fn price(ctx: &ActivityCtx, item: String) -> Result<String> {
    // The function can read the headers, too.
    let rebate = ctx.headers().get::<String>("tenant")?.as_deref() == Some("acme");
    if item == "unicorn" {
        tokio::time::sleep(hours(1)).await;
    }
    Ok(format!("{item} for {}", if rebate { 90 } else { 100 }))
}

#[derive(Default)]
struct Quote;

#[workflow(task_queue = "quotes")]
impl Quote {
    #[run]
    async fn run(&mut self, ctx: &Ctx, item: String) -> Result<String> {
        Ok(price::call(ctx, item).await?)
    }
}

#[durably::main]
async fn main() -> Result<()> {
    let plain = Client::development().await?;
    let audit = Audit::default();
    // The first is the outermost: the audit sees the tenant.
    let client = plain
        .with_interceptor(SendTenant("acme"))
        .with_interceptor(audit.clone());

    let limits = ServiceBuilder::new()
        .layer(TimeoutLayer::new(secs(1)))
        .layer(GlobalConcurrencyLimitLayer::new(10));
    let worker = Worker::new(&plain, "quotes")
        .workflow::<Quote>()
        .activity::<price>()
        .workflow_interceptor(PassTenant)
        .activity_interceptor(ReadTenant)
        .activity_layer(limits)
        .spawn()
        .await?;

    println!("{}", Quote::start(&client, "horse").result().await?);
    if let Err(error) = Quote::start(&client, "unicorn").result().await {
        println!("{:#}", Error::from(error));
    }
    if let Err(error) = Quote::start(&plain, "horse").result().await {
        println!("{:#}", Error::from(error));
    }
    let order = Quote::start(&client, "horse").id("quote-1").await?;
    if let Err(error) = order.terminate("no longer needed").await {
        println!("{error}");
    }
    order.result().await?;
    for note in audit.0.lock().expect("nobody panics with it").iter() {
        println!("audit: {note}");
    }
    worker.shutdown().await
}
