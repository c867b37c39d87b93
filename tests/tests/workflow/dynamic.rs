//! Handlers, workflows and activities that serve names which nobody declares.

use durably::{
    Args, Value,
    data::Payload,
    error::{QueryError, UpdateError},
    prelude::*,
};
use durably_tests::{
    World, eventually, on_both_servers,
    process::{output, python},
};

/// A clerk who takes all messages.
#[derive(Default)]
struct Clerk {
    seen: Vec<String>,
    closed: bool,
}

#[workflow]
impl Clerk {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<Vec<String>> {
        ctx.wait_until(|| self.closed && ctx.handlers_finished())
            .await?;
        Ok(self.seen.clone())
    }

    #[signal]
    fn close(&mut self) {
        self.closed = true;
    }

    #[signal(dynamic)]
    async fn other_signal(&mut self, ctx: &Ctx, name: String, args: Args) -> Result<()> {
        let first: Option<String> = args.get(0)?;
        if name == "slow" {
            ctx.sleep(millis(20)).await?;
        }
        self.seen
            .push(format!("signal {name}({first:?}) of {}", args.len()));
        Ok(())
    }

    #[query]
    fn count(&self) -> usize {
        self.seen.len()
    }

    #[query(dynamic)]
    fn other_query(&self, view: &View, name: String, args: Args) -> Result<Value> {
        match name.as_str() {
            "type" => Ok(Value::of(view.workflow_type())),
            "sum" => Ok(Value::of(args.get::<u32>(0)? + args.get::<u32>(1)?)),
            "echo" => Ok(Value::from(args.into_payloads().swap_remove(0))),
            other => bail!("no query {other}"),
        }
    }

    #[update]
    fn named(&mut self) -> String {
        "named".to_owned()
    }

    #[update(dynamic, validator = check)]
    async fn other_update(&mut self, ctx: &Ctx, name: String, args: Args) -> Result<Payload> {
        ctx.sleep(millis(10)).await?;
        self.seen.push(format!("update {name}"));
        let mut payloads = args.into_payloads();
        match payloads.pop() {
            Some(last) => Ok(last),
            None => bail!("nothing to return"),
        }
    }

    fn check(&self, name: &str, args: &Args) -> Result<(), String> {
        match name {
            "refused" => Err(format!("{} arguments are refused", args.len())),
            _ => Ok(()),
        }
    }
}

/// Runs every workflow type.
#[derive(Default)]
struct Any {
    steps: u32,
}

#[workflow(dynamic)]
impl Any {
    #[run]
    async fn run(&mut self, ctx: &Ctx, args: Args) -> Result<Value> {
        let kind = ctx.workflow_type().to_owned();
        match kind.as_str() {
            "Sum" => {
                let (one, other) = (args.get::<u32>(0)?, args.get::<u32>(1)?);
                let call = any_activity::call(ctx, "add", (one, other));
                Ok(call.start_to_close(secs(10)).await?)
            }
            "Twice" => match args.get::<u32>(0)? {
                0 => Self::continue_as_new((1,)).into(),
                run => Ok(Value::of(format!("run {run} of {kind}"))),
            },
            "Waits" => {
                ctx.wait_until(|| self.steps > 0).await?;
                Ok(Value::of(self.steps))
            }
            other => bail!("no workflow {other}"),
        }
    }

    #[signal]
    fn step(&mut self, by: u32) {
        self.steps += by;
    }
}

/// Runs every activity type.
#[activity(dynamic)]
async fn any_activity(ctx: &ActivityCtx, args: Args) -> Result<Value> {
    match ctx.info().activity_type.as_str() {
        "add" => Ok(Value::of(args.get::<u32>(0)? + args.get::<u32>(1)?)),
        other => Err(AppError::new("NoActivity", other).non_retryable().into()),
    }
}

/// Runs the type it is named after, though the dynamic one is there too.
#[derive(Default)]
struct Named;

#[workflow]
impl Named {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<(String, u32, String)> {
        let named = named_activity::call(ctx).await?;
        let call = ctx.activity::<u32>("add", (2, 3));
        let sum = call.start_to_close(secs(10)).await?;
        let call = ctx.activity::<u32>("subtract", ());
        let error = call.start_to_close(secs(10)).await.unwrap_err();
        Ok((named, sum, error.to_string()))
    }
}

#[activity(start_to_close = "10s")]
async fn named_activity() -> String {
    "named".to_owned()
}

/// Activities of a value, one of which serves every other name.
struct Set(u32);

#[activities]
impl Set {
    #[activity(dynamic, start_to_close = "10s")]
    fn rest(&self, ctx: &ActivityCtx, args: Args) -> Result<String> {
        let kind = &ctx.info().activity_type;
        Ok(format!("{kind} {} {}", self.0, args.get::<String>(0)?))
    }
}

#[derive(Default)]
struct OfSet;

#[workflow]
impl OfSet {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        let rest = Set::stub(ctx).schedule_to_close(secs(20));
        Ok(rest.rest("paint", ("blue",)).await?)
    }
}

on_both_servers! {
    a_dynamic_signal_takes_what_no_handler_is_named_after
    a_dynamic_query_answers_what_no_handler_is_named_after
    a_dynamic_update_validates_and_runs_what_no_handler_is_named_after
    an_argument_that_cannot_be_read_is_named_by_its_position
    a_dynamic_workflow_and_a_dynamic_activity_run_every_type
    what_is_registered_by_name_comes_before_what_is_dynamic
    an_activity_of_a_set_can_be_dynamic
    the_metadata_of_a_workflow_lists_dynamic_handlers
    python_sends_what_only_dynamic_handlers_serve
}

async fn clerk(world: &World) -> Result<(durably::worker::WorkerGuard, Handle<Clerk>)> {
    let worker = world.worker().workflow::<Clerk>().spawn().await?;
    let clerk = Clerk::start(&world.client).task_queue(&world.queue).await?;
    Ok((worker, clerk))
}

async fn a_dynamic_signal_takes_what_no_handler_is_named_after(world: &World) -> Result<()> {
    let (worker, clerk) = clerk(world).await?;
    let messages = clerk.untyped();
    messages.signal("slow", ("a", 2)).await?;
    messages.signal("nothing", ()).await?;
    eventually("both were handled", || async {
        (clerk.count().await.ok()? == 2).then_some(())
    })
    .await;
    clerk.close().await?;
    let mut seen = clerk.result().await?;
    seen.sort();
    let all = ["signal nothing(None) of 0", "signal slow(Some(\"a\")) of 2"];
    assert_eq!(seen, all);
    worker.shutdown().await
}

async fn a_dynamic_query_answers_what_no_handler_is_named_after(world: &World) -> Result<()> {
    let (worker, clerk) = clerk(world).await?;
    let messages = clerk.untyped();
    assert_eq!(messages.query::<String>("type", ()).await?, "Clerk");
    assert_eq!(messages.query::<u32>("sum", (2, 3)).await?, 5);
    assert_eq!(messages.query::<[u8; 2]>("echo", ([1, 2],)).await?, [1, 2]);
    assert_eq!(clerk.count().await?, 0);
    let error = messages.query::<u32>("weather", ()).await.unwrap_err();
    assert!(matches!(error, QueryError::Failed(_)), "{error:?}");
    assert!(error.to_string().contains("no query weather"), "{error}");
    // Queries of the platform are not for it.
    let reserved = messages.query::<u32>("__temporal_unknown", ()).await;
    let error = reserved.unwrap_err().to_string();
    assert!(error.contains("expected but not found"), "{error}");
    let trace = messages.query::<String>("__stack_trace", ()).await?;
    assert!(trace.contains("dynamic.rs"), "{trace}");
    clerk.close().await?;
    clerk.result().await?;
    worker.shutdown().await
}

async fn a_dynamic_update_validates_and_runs_what_no_handler_is_named_after(
    world: &World,
) -> Result<()> {
    let (worker, clerk) = clerk(world).await?;
    let messages = clerk.untyped();
    assert_eq!(messages.update::<u32>("last", (1, 2)).await?, 2);
    assert_eq!(clerk.named().await?, "named");
    let error = messages.update::<u32>("refused", (1, 2)).await.unwrap_err();
    assert!(matches!(error, UpdateError::Rejected(_)), "{error:?}");
    assert!(error.to_string().contains("2 arguments"), "{error}");
    let error = messages.update::<u32>("empty", ()).await.unwrap_err();
    assert!(matches!(error, UpdateError::Failed(_)), "{error:?}");
    clerk.close().await?;
    assert_eq!(clerk.result().await?, ["update last", "update empty"]);
    worker.shutdown().await
}

async fn an_argument_that_cannot_be_read_is_named_by_its_position(world: &World) -> Result<()> {
    let (worker, clerk) = clerk(world).await?;
    let messages = clerk.untyped();
    for args in [(1, "two".to_owned()), (1, "three".to_owned())] {
        let error = messages.query::<u32>("sum", args).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("argument 2 of query `sum`"), "{text}");
    }
    let error = messages.query::<u32>("sum", (1,)).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("argument 2 of query `sum`"), "{text}");
    clerk.close().await?;
    clerk.result().await?;
    worker.shutdown().await
}

async fn a_dynamic_workflow_and_a_dynamic_activity_run_every_type(world: &World) -> Result<()> {
    let worker = world
        .worker()
        .workflow::<Any>()
        .activity::<any_activity>()
        .spawn()
        .await?;
    let queue = &world.queue;
    let sum = Any::start(&world.client, "Sum", (2, 3)).task_queue(queue);
    assert_eq!(sum.result().await?.get::<u32>()?, 5);
    let sum = world.client.start("Sum", (20, 30)).task_queue(queue);
    assert_eq!(sum.result::<u32>().await?, 50);
    let twice = world.client.start("Twice", (0,)).task_queue(queue);
    assert_eq!(twice.result::<String>().await?, "run 1 of Twice");
    let waits = Any::start(&world.client, "Waits", ()).task_queue(queue);
    let waits = waits.await?;
    assert_eq!(waits.describe().await?.workflow_type, "Waits");
    waits.step(3).await?;
    assert_eq!(waits.result().await?.get::<u32>()?, 3);
    let unknown = world.client.start("Unknown", ()).task_queue(queue);
    let error = unknown.result::<u32>().await.unwrap_err().to_string();
    assert!(error.contains("no workflow Unknown"), "{error}");
    worker.shutdown().await
}

async fn what_is_registered_by_name_comes_before_what_is_dynamic(world: &World) -> Result<()> {
    let worker = world
        .worker()
        .workflow::<Any>()
        .workflow::<Named>()
        .activity::<any_activity>()
        .activity::<named_activity>()
        .spawn()
        .await?;
    let named = Named::start(&world.client).task_queue(&world.queue);
    let (named, sum, error) = named.result().await?;
    assert_eq!((named.as_str(), sum), ("named", 5));
    assert!(error.contains("NoActivity: subtract"), "{error}");
    worker.shutdown().await
}

async fn an_activity_of_a_set_can_be_dynamic(world: &World) -> Result<()> {
    let worker = world
        .worker()
        .workflow::<OfSet>()
        .activities(Set(7))
        .spawn()
        .await?;
    let of_set = OfSet::start(&world.client).task_queue(&world.queue);
    assert_eq!(of_set.result().await?, "paint 7 blue");
    worker.shutdown().await
}

async fn the_metadata_of_a_workflow_lists_dynamic_handlers(world: &World) -> Result<()> {
    let (worker, clerk) = clerk(world).await?;
    let metadata = clerk.untyped();
    let metadata = metadata.query::<serde_json::Value>("__temporal_workflow_metadata", ());
    let definition = &metadata.await?["definition"];
    assert_eq!(definition["type"], "Clerk");
    let signals = definition["signalDefinitions"].as_array().expect("a list");
    assert_eq!(signals[0]["name"], "close");
    assert_eq!(signals[1].get("name"), None);
    clerk.close().await?;
    clerk.result().await?;
    worker.shutdown().await
}

async fn python_sends_what_only_dynamic_handlers_serve(world: &World) -> Result<()> {
    let Some(mut command) = python("dynamic_client.py") else {
        return Ok(());
    };
    let worker = world
        .worker()
        .workflow::<Clerk>()
        .workflow::<Any>()
        .activity::<any_activity>()
        .spawn()
        .await?;
    command.args([&world.address(), &world.queue]);
    output(command).await;
    worker.shutdown().await
}
