//! Traces from a client through workflows and activities, on both servers.

use durably::{
    client::IdConflictPolicy,
    codec::{Codecs, Encryption, Keys},
    interceptor::Traces,
    prelude::*,
};
use durably_proto::api::history::v1::history_event::Attributes;
use durably_tests::{World, history, on_both_servers, spans::Spans};
use opentelemetry::{
    Context, KeyValue,
    baggage::BaggageExt,
    trace::{FutureExt, TraceContextExt},
};

/// The ids of the trace and of the span in which code runs.
fn current() -> String {
    let context = Context::current();
    let span = context.span();
    let span = span.span_context();
    format!("{} {}", span.trace_id(), span.span_id())
}

#[activity(start_to_close = "10s")]
async fn pack(ctx: &ActivityCtx) -> Result<String> {
    if ctx.attempt() == 1 {
        let error = AppError::new("Busy", "not yet");
        return Err(error.next_retry_delay(millis(1)).into());
    }
    Ok(current())
}

/// Runs on a thread for code that blocks.
#[activity(start_to_close = "10s")]
fn weigh() -> String {
    current()
}

#[derive(Default)]
struct Parcel {
    is_sent: bool,
}

#[workflow]
impl Parcel {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        ctx.wait_until(|| self.is_sent).await?;
        Ok(weigh::call(ctx).await?)
    }

    #[signal]
    fn send(&mut self) {
        self.is_sent = true;
    }
}

/// The spans that an order has seen when it starts.
const NOTHING: [String; 0] = [];

/// Does all that is traced, signals the parcel of an id, and returns the spans of its activities in its second run.
#[derive(Default)]
struct Order {
    parcels: u32,
}

#[workflow]
impl Order {
    #[run]
    async fn run(&mut self, ctx: &Ctx, other: String, seen: Vec<String>) -> Result<Vec<String>> {
        if other.is_empty() {
            return match seen.is_empty() {
                true => Err(AppError::new("SoldOut", "no parcel is left").into()),
                false => Ok(seen),
            };
        }
        ctx.wait_until(|| self.parcels == 2).await?;
        let packed = pack::call(ctx).await?;
        let weighed = weigh::call(ctx).local().await?;
        let parcel = Parcel::child(ctx).start().await?;
        parcel.send().await?;
        let sent = parcel.result().await?;
        Parcel::external(ctx, other).send().await?;
        Self::continue_as_new("", vec![packed, weighed, sent]).into()
    }

    #[signal]
    fn add(&mut self) {
        self.parcels += 1;
    }

    #[update(validator = check)]
    fn change(&mut self, parcels: u32) -> u32 {
        self.parcels += parcels;
        self.parcels
    }

    fn check(&self, parcels: &u32) -> Result<(), &'static str> {
        match parcels {
            0 => Err("nothing to add"),
            _ => Ok(()),
        }
    }

    #[query]
    fn parcels(&self) -> u32 {
        self.parcels
    }
}

on_both_servers! {
    a_trace_has_all_that_a_client_causes
    a_run_that_is_replayed_at_each_task_records_each_step_once
    workflows_outside_of_a_trace_have_spans_on_request
    traces_and_baggage_pass_codecs
}

async fn a_trace_has_all_that_a_client_causes(world: &World) -> Result<()> {
    traced(world, world.worker()).await
}

async fn a_run_that_is_replayed_at_each_task_records_each_step_once(world: &World) -> Result<()> {
    traced(world, world.worker().max_cached_workflows(0)).await
}

async fn traced(world: &World, worker: Worker) -> Result<()> {
    let spans = Spans::default();
    let traces = Traces::new(&spans.provider);
    let worker = worker
        .workflow::<Order>()
        .workflow::<Parcel>()
        .activity::<pack>()
        .activity::<weigh>()
        .workflow_interceptor(traces.clone())
        .activity_interceptor(traces.clone())
        .spawn()
        .await?;
    let client = world.client.with_interceptor(traces);
    let id = |name: &str| format!("{}-{name}", world.queue);
    let calls = async {
        let other = Parcel::start(&client).id(id("other"));
        let other = other.task_queue(&world.queue).await?;
        let order = Order::start(&client, id("other"), NOTHING);
        let order = order.id(id("order")).task_queue(&world.queue).await?;
        assert!(order.change(0).await.is_err(), "it is rejected");
        assert_eq!(order.change(1).await?, 1);
        assert_eq!(order.parcels().await?, 1);
        order.add().await?;
        let seen = order.result().await?;
        other.result().await?;
        Ok::<_, Error>(seen)
    };
    let (seen, trace) = spans.within("calls", calls).await;
    assert_eq!(
        spans.tree(&trace),
        [
            "internal calls",
            "  client QueryWorkflow:parcels",
            "    server HandleQuery:parcels (links: StartWorkflow:Order)",
            "  client SignalWorkflow:add",
            "  client StartWorkflow:Order",
            "    internal CompleteWorkflow:Order",
            "    server HandleSignal:add (links: SignalWorkflow:add)",
            "    server HandleUpdate:change (links: StartWorkflowUpdate:change)",
            "    server RunWorkflow:Order",
            "    server RunWorkflow:Order",
            "    client SignalChildWorkflow:send",
            "    client SignalExternalWorkflow:send",
            "    client StartActivity:pack",
            "      server RunActivity:pack failed",
            "      server RunActivity:pack",
            "    client StartActivity:weigh",
            "      server RunActivity:weigh",
            "    client StartChildWorkflow:Parcel",
            "      internal CompleteWorkflow:Parcel",
            "      server HandleSignal:send (links: SignalChildWorkflow:send)",
            "      server RunWorkflow:Parcel",
            "      client StartActivity:weigh",
            "        server RunActivity:weigh",
            "    server ValidateUpdate:change failed (links: StartWorkflowUpdate:change)",
            "    server ValidateUpdate:change (links: StartWorkflowUpdate:change)",
            "  client StartWorkflow:Parcel",
            "    internal CompleteWorkflow:Parcel",
            "    server HandleSignal:send (links: SignalExternalWorkflow:send)",
            "    server RunWorkflow:Parcel",
            "    client StartActivity:weigh",
            "      server RunActivity:weigh",
            "  client StartWorkflowUpdate:change failed",
            "  client StartWorkflowUpdate:change",
        ]
    );
    // The code of activities runs in their spans.
    let ended = spans.ended();
    let span_of = |ids: &String| {
        let of_ids = ended.iter().find(|span| {
            let span = &span.span_context;
            *ids == format!("{} {}", span.trace_id(), span.span_id())
        });
        of_ids.map(|span| span.name.clone())
    };
    let names: Vec<_> = seen?.iter().filter_map(span_of).collect();
    assert_eq!(
        names,
        ["RunActivity:pack", "RunActivity:weigh", "RunActivity:weigh"]
    );
    // What dashboards of other SDKs look for.
    let attributes = |name: &str| {
        let found = ended.iter().find(|span| span.name == name);
        let found = found.map(|span| span.attributes.iter().map(|it| it.key.to_string()));
        found.map(Vec::from_iter).unwrap_or_default()
    };
    assert_eq!(attributes("StartWorkflow:Order"), ["temporalWorkflowID"]);
    assert_eq!(
        attributes("RunWorkflow:Order"),
        ["temporalWorkflowID", "temporalRunID"]
    );
    assert_eq!(
        attributes("HandleUpdate:change"),
        ["temporalWorkflowID", "temporalRunID", "temporalUpdateID"]
    );
    assert_eq!(
        attributes("RunActivity:pack"),
        ["temporalWorkflowID", "temporalRunID", "temporalActivityID"]
    );

    let starts = async {
        let failing = Order::start(&client, "", NOTHING);
        let failing = failing.id(id("failing")).task_queue(&world.queue).await?;
        assert!(failing.result().await.is_err(), "no parcel is left");
        let parcel = Parcel::start(&client).id(id("parcel"));
        let parcel = parcel.task_queue(&world.queue);
        let parcel = parcel.with_signal(|parcel| parcel.send()).await?;
        parcel.result().await?;
        let (order, update) = Order::start(&client, id("nothing"), NOTHING)
            .id(id("changed"))
            .task_queue(&world.queue)
            .id_conflict_policy(IdConflictPolicy::UseExisting)
            .with_update(|order| order.change(1))
            .await?;
        update.result().await?;
        order.terminate("enough").await?;
        let schedule = Order::schedule(&client, id("schedule"), "", NOTHING);
        let schedule = schedule.task_queue(&world.queue).only_triggered().await?;
        schedule.delete().await?;
        Ok::<_, Error>(())
    };
    let (done, trace) = spans.within("starts", starts).await;
    done?;
    assert_eq!(
        spans.tree(&trace),
        [
            "internal starts",
            format!("  client CreateSchedule:{}", id("schedule")).as_str(),
            "  client SignalWithStartWorkflow:Parcel",
            "    internal CompleteWorkflow:Parcel",
            "    server HandleSignal:send (links: SignalWithStartWorkflow:Parcel)",
            "    server RunWorkflow:Parcel",
            "    client StartActivity:weigh",
            "      server RunActivity:weigh",
            "  client StartUpdateWithStartWorkflow:Order",
            "    server HandleUpdate:change (links: StartUpdateWithStartWorkflow:Order)",
            "    server RunWorkflow:Order",
            "    server ValidateUpdate:change (links: StartUpdateWithStartWorkflow:Order)",
            "  client StartWorkflow:Order",
            "    internal CompleteWorkflow:Order failed",
            "    server RunWorkflow:Order",
        ]
    );
    let failed = spans.ended().into_iter().find(|span| {
        let of_trace = span.span_context.trace_id().to_string() == trace;
        of_trace && span.name == "CompleteWorkflow:Order"
    });
    let events = failed.expect("it was recorded").events;
    let exception: Vec<_> = events.iter().flat_map(|event| &event.attributes).collect();
    assert_eq!(
        exception,
        [
            &KeyValue::new("exception.type", "SoldOut"),
            &KeyValue::new("exception.message", "no parcel is left"),
        ]
    );
    worker.shutdown().await
}

async fn workflows_outside_of_a_trace_have_spans_on_request(world: &World) -> Result<()> {
    let id = |name: &str| format!("{}-{name}", world.queue);
    let start = |name: &str| {
        Parcel::start(&world.client)
            .id(id(name))
            .task_queue(&world.queue)
    };

    let spans = Spans::default();
    let traces = Traces::new(&spans.provider);
    let worker = |traces: &Traces| {
        let worker = world.worker().workflow::<Parcel>().activity::<weigh>();
        worker
            .workflow_interceptor(traces.clone())
            .activity_interceptor(traces.clone())
    };
    let running = worker(&traces).spawn().await?;
    let parcel = start("without").await?;
    let client = world.client.with_interceptor(traces.clone());
    let signal = Parcel::handle(&client, parcel.id());
    let (sent, trace) = spans.within("signal", signal.send()).await;
    sent?;
    let weighed = parcel.result().await?;
    assert_eq!(
        spans.tree(&trace),
        [
            "internal signal",
            "  client SignalWorkflow:send",
            "    server HandleSignal:send",
        ]
    );
    let (alone, _) = weighed.split_once(' ').expect("two ids");
    assert_eq!(spans.tree(alone), ["server RunActivity:weigh"]);
    running.shutdown().await?;

    let running = worker(&traces.every_workflow()).spawn().await?;
    let parcel = start("with").await?;
    parcel.send().await?;
    parcel.result().await?;
    let trace = parcel.run_id().expect("it was started").replace('-', "");
    assert_eq!(
        spans.tree(&trace),
        [
            "internal CompleteWorkflow:Parcel",
            "server HandleSignal:send",
            "server RunWorkflow:Parcel",
            "client StartActivity:weigh",
            "  server RunActivity:weigh",
        ]
    );
    running.shutdown().await
}

/// The tenant in the baggage of an activity.
#[activity(start_to_close = "10s")]
async fn tenant() -> String {
    let context = Context::current();
    let tenant = context.baggage().get("tenant");
    tenant.map(ToString::to_string).unwrap_or_default()
}

#[derive(Default)]
struct Tenant;

#[workflow]
impl Tenant {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        Ok(tenant::call(ctx).await?)
    }
}

async fn traces_and_baggage_pass_codecs(world: &World) -> Result<()> {
    for encodes_headers in [false, true] {
        let codecs = Codecs::new().codec(Encryption::aes256_gcm(Keys::new("k1", [7; 32])));
        let codecs = match encodes_headers {
            true => codecs.encode_headers(),
            false => codecs,
        };
        let spans = Spans::default();
        let traces = Traces::new(&spans.provider);
        let client = world.client.with_codecs(codecs);
        let worker = Worker::new(&client, &world.queue)
            .workflow::<Tenant>()
            .activity::<tenant>()
            .workflow_interceptor(traces.clone())
            .activity_interceptor(traces.clone())
            .spawn()
            .await?;
        let client = client.with_interceptor(traces);
        let start = Tenant::start(&client).task_queue(&world.queue);
        let in_baggage = async {
            let tenant = KeyValue::new("tenant", "acme & sons");
            let context = Context::current().with_baggage([tenant]);
            start.into_future().with_context(context).await
        };
        let (started, trace) = spans.within("start", in_baggage).await;
        let started = started?;
        assert_eq!(started.result().await?, "acme & sons");
        assert_eq!(
            spans.tree(&trace),
            [
                "internal start",
                "  client StartWorkflow:Tenant",
                "    internal CompleteWorkflow:Tenant",
                "    server RunWorkflow:Tenant",
                "    client StartActivity:tenant",
                "      server RunActivity:tenant",
            ]
        );
        let recorded = history::events(&world.address(), started.id(), "").await;
        let mut headers = 0;
        for event in recorded {
            let header = match event.attributes {
                Some(Attributes::WorkflowExecutionStartedEventAttributes(it)) => it.header,
                Some(Attributes::ActivityTaskScheduledEventAttributes(it)) => it.header,
                _ => continue,
            };
            let header = header.expect("it has a trace").fields;
            let payload = header.get("_tracer-data").expect("other SDKs look for it");
            let text = String::from_utf8_lossy(&payload.data);
            let is_readable = text.starts_with('{')
                && text.contains(&format!("\"traceparent\":\"00-{trace}-"))
                && text.contains("\"baggage\":\"tenant=acme%20&%20sons\"");
            assert_eq!(is_readable, !encodes_headers, "{text}");
            headers += 1;
        }
        assert_eq!(headers, 2);
        worker.shutdown().await?;
    }
    Ok(())
}
