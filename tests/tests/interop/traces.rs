//! Traces that go through programs of ours and of the Python SDK, which has its own interceptor for them.

use durably::{interceptor::Traces, prelude::*, worker::WorkerGuard};
use durably_tests::{
    World, on_both_servers,
    process::{Process, python},
    spans::{RecordedSpan, Spans, tree},
};

use super::encryption::{self, is_in_history};

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

/// Has a child in Python, and signals it as any workflow.
#[derive(Default)]
struct RustParent;

#[workflow]
impl RustParent {
    #[run]
    async fn run(&mut self, ctx: &Ctx, queue: String) -> Result<String> {
        let id = format!("{}-leaf", ctx.workflow_id());
        let child = ctx.child::<String>("PythonLeaf", ("leaf",)).id(&id);
        let child = child.task_queue(queue).start().await?;
        ctx.external(&id).signal("close", ()).await?;
        Ok(child.result().await?)
    }
}

#[derive(Default)]
struct RustLeaf {
    closed: bool,
}

#[workflow]
impl RustLeaf {
    #[run]
    async fn run(&mut self, ctx: &Ctx, word: String) -> Result<String> {
        ctx.wait_until(|| self.closed).await?;
        Ok(word)
    }

    #[signal]
    fn close(&mut self) {
        self.closed = true;
    }
}

on_both_servers! {
    one_trace_goes_through_both_languages
    one_trace_goes_through_both_languages_while_all_but_headers_is_encrypted
    one_trace_goes_through_both_languages_while_headers_are_encrypted_too
    one_trace_goes_from_parents_to_children_in_the_other_language
}

async fn one_trace_goes_through_both_languages(world: &World) -> Result<()> {
    trace_through_both_languages(world, None).await?;
    Ok(())
}

async fn one_trace_goes_through_both_languages_while_all_but_headers_is_encrypted(
    world: &World,
) -> Result<()> {
    trace_with_encryption(world, "NO_CODEC", true).await
}

async fn one_trace_goes_through_both_languages_while_headers_are_encrypted_too(
    world: &World,
) -> Result<()> {
    trace_with_encryption(world, "CODEC", false).await
}

/// Arguments are encrypted in the histories; headers are readable or not.
async fn trace_with_encryption(world: &World, codec: &str, has_headers: bool) -> Result<()> {
    if !trace_through_both_languages(world, Some(codec)).await? {
        return Ok(());
    }
    for id in ["order", "foreign"] {
        let id = format!("{}-{id}", world.queue);
        assert!(!is_in_history(world, &id, "hello").await);
        assert_eq!(is_in_history(world, &id, "traceparent").await, has_headers);
    }
    Ok(())
}

/// A client and a worker of ours whose spans are kept, and the program in Python.
struct Traced {
    spans: Spans,
    client: Client,
    worker: WorkerGuard,
    python_queue: String,
    _python: Process,
}

impl Traced {
    /// With the codec of the program in Python if there is a word for what it does with headers; `None` without
    /// Python.
    async fn start(world: &World, headers: Option<&str>) -> Result<Option<Self>> {
        let Some(mut command) = python("traces.py") else {
            return Ok(None);
        };
        let client = match headers {
            Some("CODEC") => world
                .client
                .with_codecs(encryption::codecs().encode_headers()),
            Some(_) => world.client.with_codecs(encryption::codecs()),
            None => world.client.clone(),
        };
        let spans = Spans::default();
        let traces = Traces::new(&spans.provider);
        let worker = Worker::new(&client, &world.queue)
            .workflow::<Order>()
            .workflow::<Fetch>()
            .workflow::<RustParent>()
            .workflow::<RustLeaf>()
            .activity::<whisper>()
            .workflow_interceptor(traces.clone())
            .activity_interceptor(traces.clone())
            .spawn()
            .await?;
        command.args([world.address(), world.queue.clone()]);
        command.args(headers);
        Ok(Some(Self {
            spans,
            client: client.with_interceptor(traces),
            worker,
            python_queue: format!("{}-python", world.queue),
            _python: Process::start(command, "driven"),
        }))
    }

    /// All spans, and those of Python alone.
    async fn recorded(&self, queue: &str) -> Result<(Vec<RecordedSpan>, Vec<RecordedSpan>)> {
        let fetch = Fetch::start(&self.client, self.python_queue.clone()).task_queue(queue);
        let of_python: Vec<RecordedSpan> = fetch.result().await?;
        let ours = self.spans.ended();
        let mut all: Vec<_> = ours.iter().map(RecordedSpan::from).collect();
        all.extend(of_python.iter().cloned());
        Ok((all, of_python))
    }
}

async fn one_trace_goes_from_parents_to_children_in_the_other_language(
    world: &World,
) -> Result<()> {
    let Some(traced) = Traced::start(world, None).await? else {
        return Ok(());
    };
    let (client, spans) = (&traced.client, &traced.spans);
    let of_ours = RustParent::start(client, traced.python_queue.clone())
        .id(format!("{}-ours", world.queue))
        .task_queue(&world.queue);
    let (leaf, of_ours) = spans.within("ours", of_ours.result()).await;
    assert_eq!(leaf?, "leaf");
    let of_theirs = client
        .start("PythonParent", (world.queue.clone(),))
        .id(format!("{}-theirs", world.queue))
        .task_queue(&traced.python_queue);
    let (leaf, of_theirs) = spans.within("theirs", of_theirs.result::<String>()).await;
    assert_eq!(leaf?, "leaf");
    let (all, _) = traced.recorded(&world.queue).await?;
    for (trace, root, parent, leaf) in [
        (of_ours, "ours", "RustParent", "PythonLeaf"),
        (of_theirs, "theirs", "PythonParent", "RustLeaf"),
    ] {
        assert_eq!(
            tree(&all, &trace),
            [
                format!("internal {root}"),
                format!("  client StartWorkflow:{parent}"),
                format!("    internal CompleteWorkflow:{parent}"),
                format!("    server RunWorkflow:{parent}"),
                "    client SignalExternalWorkflow:close".to_owned(),
                format!("    client StartChildWorkflow:{leaf}"),
                format!("      internal CompleteWorkflow:{leaf}"),
                "      server HandleSignal:close (links: SignalExternalWorkflow:close)".to_owned(),
                format!("      server RunWorkflow:{leaf}"),
            ]
        );
    }
    traced.worker.shutdown().await
}

/// Returns whether Python is installed; without it nothing ran.
async fn trace_through_both_languages(world: &World, headers: Option<&str>) -> Result<bool> {
    let Some(traced) = Traced::start(world, headers).await? else {
        return Ok(false);
    };
    let Traced {
        spans,
        client,
        python_queue,
        ..
    } = &traced;
    let id = format!("{}-foreign", world.queue);
    let foreign = async {
        let started = client.start("Foreign", (world.queue.clone(),)).id(&id);
        let foreign = started.task_queue(python_queue).await?;
        foreign.signal("close", ()).await?;
        Ok::<String, Error>(foreign.result().await?)
    };
    let (whispered, of_ours) = spans.within("rust", foreign).await;
    assert_eq!(whispered?, "hello");

    let (all, of_python) = traced.recorded(&world.queue).await?;
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
    traced.worker.shutdown().await?;
    Ok(true)
}
