//! Traces that go through programs of ours and of the Python SDK, which has its own interceptor for them.

use durably::{interceptor::Traces, prelude::*};
use durably_tests::{
    World, on_both_servers,
    process::{Process, python},
    spans::{RecordedSpan, Spans, tree},
};

#[activity(start_to_close = "10s")]
async fn whisper(word: String) -> String {
    word.to_lowercase()
}

/// Calls an activity of its own worker, and one of a Python worker.
#[derive(Default)]
struct Order {
    words: Vec<String>,
    closed: bool,
}

#[workflow(name = "order")]
impl Order {
    #[run]
    async fn run(&mut self, ctx: &Ctx, queue: String) -> Result<String> {
        ctx.wait_until(|| self.closed).await?;
        let word = whisper::call(ctx, self.words.concat()).await?;
        let shout = ctx.activity("shout", (word.clone(),)).task_queue(queue);
        let shouted: String = shout.start_to_close(secs(10)).await?;
        Ok(format!("{word} {shouted}"))
    }

    #[signal]
    fn close(&mut self) {
        self.closed = true;
    }

    #[query]
    fn words(&self) -> usize {
        self.words.len()
    }

    #[update]
    fn add(&mut self, word: String) -> usize {
        self.words.push(word);
        self.words.len()
    }
}

/// Fetches the spans that a Python worker has recorded.
#[derive(Default)]
struct Fetch;

#[workflow]
impl Fetch {
    #[run]
    async fn run(&mut self, ctx: &Ctx, queue: String) -> Result<Vec<RecordedSpan>> {
        let spans = ctx.activity("spans", ()).task_queue(queue);
        Ok(spans.start_to_close(secs(10)).await?)
    }
}

on_both_servers! {
    one_trace_goes_through_both_languages
}

async fn one_trace_goes_through_both_languages(world: &World) -> Result<()> {
    let Some(mut command) = python("traces.py") else {
        return Ok(());
    };
    let spans = Spans::default();
    let traces = Traces::new(&spans.provider);
    let worker = world
        .worker()
        .workflow::<Order>()
        .workflow::<Fetch>()
        .activity::<whisper>()
        .workflow_interceptor(traces.clone())
        .activity_interceptor(traces.clone())
        .spawn()
        .await?;
    command.args([world.address(), world.queue.clone()]);
    let _python = Process::start(command, "driven");

    let python_queue = format!("{}-python", world.queue);
    let client = world.client.with_interceptor(traces);
    let id = format!("{}-foreign", world.queue);
    let foreign = async {
        let started = client.start("Foreign", (world.queue.clone(),)).id(&id);
        let foreign = started.task_queue(&python_queue).await?;
        foreign.signal("close", ()).await?;
        Ok::<String, Error>(foreign.result().await?)
    };
    let (whispered, of_ours) = spans.within("rust", foreign).await;
    assert_eq!(whispered?, "hello");

    let fetch = Fetch::start(&world.client, python_queue).task_queue(&world.queue);
    let of_python: Vec<RecordedSpan> = fetch.result().await?;
    let ours = spans.ended();
    let mut all: Vec<_> = ours.iter().map(RecordedSpan::from).collect();
    all.extend(of_python.iter().cloned());
    let root = of_python.iter().find(|span| span.name == "python");
    let of_theirs = &root.expect("the client of Python has recorded it").trace;
    assert_eq!(
        tree(&all, of_theirs),
        [
            "internal python",
            "  client QueryWorkflow:words",
            "    server HandleQuery:words (links: StartWorkflow:order)",
            "  client SignalWorkflow:close",
            "  client StartWorkflow:order",
            "    internal CompleteWorkflow:order",
            "    server HandleSignal:close (links: SignalWorkflow:close)",
            "    server HandleUpdate:add (links: StartWorkflowUpdate:add)",
            "    server RunWorkflow:order",
            "    client StartActivity:shout",
            "      server RunActivity:shout",
            "        internal shouting",
            "    client StartActivity:whisper",
            "      server RunActivity:whisper",
            "    server ValidateUpdate:add (links: StartWorkflowUpdate:add)",
            "  client StartWorkflowUpdate:add",
        ]
    );
    assert_eq!(
        tree(&all, &of_ours),
        [
            "internal rust",
            "  client SignalWorkflow:close",
            "  client StartWorkflow:Foreign",
            "    internal CompleteWorkflow:Foreign",
            "    server HandleSignal:close (links: SignalWorkflow:close)",
            "    server RunWorkflow:Foreign",
            "    client StartActivity:whisper",
            "      server RunActivity:whisper",
        ]
    );
    worker.shutdown().await
}
