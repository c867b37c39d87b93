//! A value that interceptors pass on from a client to all that its workflows do.

use std::collections::BTreeMap;

use durably::{
    interceptor::{
        ActivityInterceptor, ActivityRequest, ChildRequest, ClientInterceptor,
        ExternalSignalRequest, Headers, LocalActivityRequest, LocalNext, Next, NextRunRequest,
        Output, QueryRequest, ReadNext, ReceivedActivity, ReceivedQuery, ReceivedSignal,
        ReceivedUpdate, SignalRequest, StartRequest, Started, UpdateRequest, UpdateResponse,
        WorkflowInterceptor,
    },
    prelude::*,
};
use durably_proto::api::{common::v1::Header, history::v1::history_event::Attributes};
use durably_tests::{World, history, on_both_servers};

/// Sends a tenant along with all that a client sends.
struct SendTenant(&'static str);

impl ClientInterceptor for SendTenant {
    async fn start(&self, mut request: StartRequest, next: Next<StartRequest>) -> Result<Started> {
        request.headers.set("tenant", self.0)?;
        next.run(request).await
    }

    async fn signal(&self, mut request: SignalRequest, next: Next<SignalRequest>) -> Result<()> {
        request
            .headers
            .set("tenant", format!("{} by signal", self.0))?;
        next.run(request).await
    }

    async fn query(&self, mut request: QueryRequest, next: Next<QueryRequest>) -> Result<Output> {
        request
            .headers
            .set("tenant", format!("{} by query", self.0))?;
        next.run(request).await
    }

    async fn update(
        &self,
        mut request: UpdateRequest,
        next: Next<UpdateRequest>,
    ) -> Result<UpdateResponse> {
        request
            .headers
            .set("tenant", format!("{} by update", self.0))?;
        next.run(request).await
    }
}

/// Passes the tenant of a run on to what it starts, and adds that of messages to their arguments.
struct PassTenant;

impl PassTenant {
    fn pass(view: &View, headers: &mut Headers) {
        if let Some(tenant) = view.headers().payload("tenant") {
            headers.set_payload("tenant", tenant.clone());
        }
    }
}

fn tenant(headers: &Headers) -> Result<String> {
    Ok(headers.get("tenant")?.unwrap_or_default())
}

impl WorkflowInterceptor for PassTenant {
    async fn signal(
        &self,
        _: &Ctx,
        mut signal: ReceivedSignal,
        next: LocalNext<ReceivedSignal>,
    ) -> Result<()> {
        signal.args.set(0, tenant(&signal.headers)?)?;
        next.run(signal).await
    }

    fn validate(
        &self,
        _: &View,
        update: ReceivedUpdate,
        next: ReadNext<'_, ReceivedUpdate>,
    ) -> Result<()> {
        if tenant(&update.headers)?.is_empty() {
            bail!("no tenant");
        }
        next.run(update)
    }

    async fn update(
        &self,
        _: &Ctx,
        mut update: ReceivedUpdate,
        next: LocalNext<ReceivedUpdate>,
    ) -> Result<Output> {
        update.args.set(0, tenant(&update.headers)?)?;
        next.run(update).await
    }

    fn query(
        &self,
        _: &View,
        query: ReceivedQuery,
        next: ReadNext<'_, ReceivedQuery>,
    ) -> Result<Output> {
        let tenant = tenant(&query.headers)?;
        let mut output = next.run(query)?;
        let seen: Vec<String> = output.get()?;
        output.set([seen, vec![tenant]].concat())?;
        Ok(output)
    }

    fn start_activity(&self, view: &View, request: &mut ActivityRequest) -> Result<()> {
        Self::pass(view, &mut request.headers);
        Ok(())
    }

    fn start_local_activity(&self, view: &View, request: &mut LocalActivityRequest) -> Result<()> {
        Self::pass(view, &mut request.headers);
        Ok(())
    }

    fn start_child(&self, view: &View, request: &mut ChildRequest) -> Result<()> {
        Self::pass(view, &mut request.headers);
        Ok(())
    }

    fn signal_external(&self, view: &View, request: &mut ExternalSignalRequest) -> Result<()> {
        let text = format!("{} of a parent", tenant(&view.headers())?);
        Ok(request.headers.set("tenant", text)?)
    }

    fn continue_as_new(&self, view: &View, request: &mut NextRunRequest) -> Result<()> {
        Self::pass(view, &mut request.headers);
        Ok(())
    }
}

/// Adds the tenant to results of activities.
struct ReadTenant;

impl ActivityInterceptor for ReadTenant {
    async fn execute(
        &self,
        request: ReceivedActivity,
        next: Next<ReceivedActivity>,
    ) -> Result<Output> {
        let tenant = tenant(&request.headers)?;
        let mut output = next.run(request).await?;
        output.set(format!("{} {tenant}", output.get::<String>()?))?;
        Ok(output)
    }
}

#[activity(start_to_close = "10s")]
async fn whose(ctx: &ActivityCtx, what: String) -> Result<String> {
    Ok(format!("{what}: {},", tenant(ctx.headers())?))
}

#[derive(Default)]
struct Child {
    seen: String,
}

#[workflow]
impl Child {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<(String, String)> {
        ctx.wait_until(|| !self.seen.is_empty()).await?;
        Ok((tenant(&ctx.headers())?, self.seen.clone()))
    }

    #[signal]
    fn see(&mut self, tenant: String) {
        self.seen = tenant;
    }
}

#[derive(Default)]
struct Parent {
    seen: Vec<String>,
}

#[workflow]
impl Parent {
    #[run]
    async fn run(&mut self, ctx: &Ctx, is_last: bool) -> Result<BTreeMap<String, String>> {
        let mut whole = BTreeMap::new();
        let mut add = |name: &str, value: String| whole.insert(name.to_owned(), value);
        if is_last {
            add("next run", tenant(&ctx.headers())?);
            return Ok(whole);
        }
        ctx.wait_until(|| self.seen.len() == 2).await?;
        let remote = whose::call(ctx, "remote").await?;
        let local = whose::call(ctx, "local").local().await?;
        let child = Child::child(ctx).start().await?;
        child.see("").await?;
        let (started, signaled) = child.result().await?;
        if [remote, local, started, signaled]
            != [
                "remote: acme, acme",
                "local: acme, acme",
                "acme",
                "acme of a parent",
            ]
        {
            bail!("another tenant was sent");
        }
        Self::continue_as_new(true).into()
    }

    #[signal]
    fn see(&mut self, tenant: String) {
        self.seen.push(tenant);
    }

    #[update]
    fn note(&mut self, tenant: String) -> String {
        self.seen.push(tenant.clone());
        tenant
    }

    #[query]
    fn seen(&self) -> Vec<String> {
        self.seen.clone()
    }
}

on_both_servers! {
    a_tenant_is_passed_on_from_the_client_to_everything
}

/// The names of the events with headers, with what their headers hold.
async fn recorded(world: &World, workflow_id: &str, run_id: &str) -> Vec<(&'static str, String)> {
    let events = history::events(&world.address(), workflow_id, run_id).await;
    let headers = events.into_iter().filter_map(|event| {
        let (kind, header) = match event.attributes? {
            Attributes::WorkflowExecutionStartedEventAttributes(it) => ("start", it.header),
            Attributes::WorkflowExecutionSignaledEventAttributes(it) => ("signal", it.header),
            Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(it) => {
                ("update", it.accepted_request?.input?.header)
            }
            Attributes::ActivityTaskScheduledEventAttributes(it) => ("activity", it.header),
            Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(it) => {
                ("child", it.header)
            }
            Attributes::SignalExternalWorkflowExecutionInitiatedEventAttributes(it) => {
                ("external signal", it.header)
            }
            Attributes::WorkflowExecutionContinuedAsNewEventAttributes(it) => {
                ("next run", it.header)
            }
            _ => return None,
        };
        let Header { fields } = header?;
        let tenant = fields.get("tenant")?;
        Some((kind, String::from_utf8_lossy(&tenant.data).into_owned()))
    });
    headers.collect()
}

async fn a_tenant_is_passed_on_from_the_client_to_everything(world: &World) -> Result<()> {
    let worker = world
        .worker()
        .workflow::<Parent>()
        .workflow::<Child>()
        .activity::<whose>()
        .workflow_interceptor(PassTenant)
        .activity_interceptor(ReadTenant)
        .spawn()
        .await?;
    let client = world.client.with_interceptor(SendTenant("acme"));
    let id = format!("{}-parent", world.queue);
    let parent = Parent::start(&client, false)
        .id(&id)
        .task_queue(&world.queue)
        .await?;
    assert_eq!(parent.note("").await?, "acme by update");
    let without = Parent::handle(&world.client, &id);
    let refused = without.note("").await.expect_err("no tenant was sent");
    assert!(refused.to_string().contains("no tenant"), "{refused}");
    assert_eq!(parent.seen().await?, ["acme by update", "acme by query"]);
    parent.see("").await?;
    let result = parent.result().await?;
    assert_eq!(result, [("next run".to_owned(), "acme".to_owned())].into());
    let first = parent.run_id().expect("it was started");
    let tenants = |text: &str| format!("\"{text}\"");
    assert_eq!(
        recorded(world, &id, first).await,
        [
            ("start", tenants("acme")),
            ("update", tenants("acme by update")),
            ("signal", tenants("acme by signal")),
            ("activity", tenants("acme")),
            ("child", tenants("acme")),
            ("external signal", tenants("acme of a parent")),
            ("next run", tenants("acme")),
        ]
    );
    worker.shutdown().await
}
