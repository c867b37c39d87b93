//! Signals and queries: in every state of a run, with and without handlers.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use durably::{Args, Value, prelude::*};
use durably_tests::{eventually, recording::Recording, same_on_both_servers};

/// Holds a workflow task open: the test does something meanwhile.
#[derive(Clone, Default)]
struct Gate {
    reached: Arc<AtomicBool>,
    open: Arc<AtomicBool>,
}

#[activities]
impl Gate {
    #[activity(start_to_close = "10s")]
    async fn pass(&self) {
        self.reached.store(true, Ordering::SeqCst);
        while !self.open.load(Ordering::SeqCst) {
            tokio::time::sleep(millis(5)).await;
        }
    }
}

#[activity(start_to_close = "10s")]
async fn greet(name: String) -> String {
    format!("Hello, {name}")
}

#[durably::data]
#[derive(Clone)]
struct Note {
    text: String,
    page: Option<u32>,
}

#[derive(Default)]
struct Diary {
    notes: Vec<String>,
}

#[workflow]
impl Diary {
    #[run]
    async fn run(&mut self, ctx: &Ctx, notes: usize, gated: bool) -> Result<Vec<String>> {
        if gated {
            Gate::stub(ctx).pass().local().await?;
        }
        ctx.wait_until(|| self.notes.len() >= notes && ctx.handlers_finished())
            .await?;
        Ok(self.notes.clone())
    }

    #[signal]
    fn plain(&mut self) {
        self.notes.push("plain".to_owned());
    }

    #[signal(name = "A name with spaces")]
    fn named(&mut self, note: Note, times: u32) {
        self.notes
            .push(format!("{} {:?} {times}", note.text, note.page));
    }

    #[signal]
    async fn slow(&mut self, ctx: &Ctx, name: String) -> Result<()> {
        let text = greet::call(ctx, name).await?;
        self.notes.push(text);
        Ok(())
    }

    #[signal]
    fn fatal(&mut self) -> Result<()> {
        bail!("the pen is broken")
    }

    #[query]
    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    #[query]
    fn fails(&self) -> Result<u32> {
        Err(AppError::new("Torn", "the page is torn").details(7).into())
    }
}

/// Serves whatever it is sent.
#[derive(Default)]
struct Form {
    fields: Vec<String>,
}

#[workflow(dynamic)]
impl Form {
    #[run]
    async fn run(&mut self, ctx: &Ctx, args: Args) -> Result<Value> {
        let wanted: usize = args.get(0)?;
        ctx.wait_until(|| self.fields.len() >= wanted).await?;
        let text: String = ctx
            .activity("any name", (self.fields.len(),))
            .start_to_close(secs(10))
            .await?;
        Ok(Value::of((ctx.workflow_type(), text)))
    }

    #[signal(dynamic)]
    fn any_signal(&mut self, name: String, args: Args) -> Result<()> {
        self.fields
            .push(format!("{name}: {}", args.get::<String>(0)?));
        Ok(())
    }

    #[update(dynamic)]
    fn any_update(&mut self, name: String, _args: Args) -> usize {
        self.fields.push(name);
        self.fields.len()
    }

    #[query(dynamic)]
    fn any_query(&self, name: String, _args: Args) -> Value {
        Value::of(format!("{name}: {}", self.fields.len()))
    }
}

#[activity(dynamic)]
async fn any_activity(ctx: &ActivityCtx, args: Args) -> Result<Value> {
    let count: u32 = args.get(0)?;
    Ok(Value::of(format!("{} {count}", ctx.info().activity_type)))
}

fn worker(cx: &Recording, gate: Gate) -> Worker {
    let worker = cx.world.worker().workflow::<Diary>().workflow::<Form>();
    let worker = worker.activities(gate).activity::<greet>();
    worker.activity::<any_activity>()
}

async fn diary(cx: &mut Recording, notes: usize, gated: bool) -> Result<Handle<Diary>> {
    let id = cx.name("diary");
    let start = Diary::start(cx.client(), notes, gated).id(id);
    let diary = start.task_queue(cx.queue()).await?;
    cx.follow("diary", &diary.untyped());
    Ok(diary)
}

same_on_both_servers! {
    signals_of_every_kind
    signals_before_the_first_task
    signals_while_a_task_is_open
    signals_that_no_handler_takes
    a_signal_that_fails_the_run
    signal_with_start_starts_and_then_signals
    queries_leave_no_trace
    dynamic_handlers_take_what_is_sent
}

async fn signals_of_every_kind(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx, Gate::default()).spawn().await?;
    let diary = diary(cx, 3, false).await?;
    cx.idle(diary.id()).await;
    diary.plain().await?;
    cx.idle(diary.id()).await;
    let note = Note {
        text: "a note".to_owned(),
        page: Some(3),
    };
    diary.named(note, 2).await?;
    cx.idle(diary.id()).await;
    diary.slow("Bob").await?;
    cx.note("the result", format!("{:?}", diary.result().await?));
    worker.shutdown().await
}

async fn signals_before_the_first_task(cx: &mut Recording) -> Result<()> {
    let diary = diary(cx, 2, false).await?;
    diary.plain().await?;
    diary.plain().await?;
    cx.describe("before a worker comes", diary.id()).await?;
    let worker = worker(cx, Gate::default()).spawn().await?;
    cx.note("the result", format!("{:?}", diary.result().await?));
    worker.shutdown().await
}

async fn signals_while_a_task_is_open(cx: &mut Recording) -> Result<()> {
    let gate = Gate::default();
    let worker = worker(cx, gate.clone()).spawn().await?;
    let diary = diary(cx, 2, true).await?;
    let reached = async || gate.reached.load(Ordering::SeqCst).then_some(());
    eventually("the open task", reached).await;
    diary.plain().await?;
    diary.plain().await?;
    cx.describe("while the task is open", diary.id()).await?;
    gate.open.store(true, Ordering::SeqCst);
    cx.note("the result", format!("{:?}", diary.result().await?));
    worker.shutdown().await
}

async fn signals_that_no_handler_takes(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx, Gate::default()).spawn().await?;
    let diary = diary(cx, 1, false).await?;
    cx.idle(diary.id()).await;
    diary.untyped().signal("unheard", (1, "two")).await?;
    cx.idle(diary.id()).await;
    diary.untyped().signal("slow", (7,)).await?;
    cx.idle(diary.id()).await;
    diary.untyped().signal("slow", ()).await?;
    cx.idle(diary.id()).await;
    diary.plain().await?;
    cx.note("the result", format!("{:?}", diary.result().await?));
    let late = diary.plain().await.expect_err("it is closed");
    cx.note("a signal of a closed run", late);
    worker.shutdown().await
}

async fn a_signal_that_fails_the_run(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx, Gate::default()).spawn().await?;
    let diary = diary(cx, 1, false).await?;
    cx.idle(diary.id()).await;
    diary.fatal().await?;
    let error = diary.result().await.expect_err("the handler failed");
    cx.note("the error", error);
    worker.shutdown().await
}

async fn signal_with_start_starts_and_then_signals(cx: &mut Recording) -> Result<()> {
    let id = cx.name("diary");
    let start = |cx: &Recording| {
        let start = Diary::start(cx.client(), 2, false).id(&id);
        start
            .task_queue(cx.queue())
            .memo("page", 1)
            .summary("a diary")
    };
    let first = start(cx).with_signal(|diary| diary.slow("Ann")).await?;
    cx.follow("diary", &first.untyped());
    let worker = worker(cx, Gate::default()).spawn().await?;
    cx.idle(&id).await;
    cx.recorded(&id, "ActivityTaskCompleted", 1).await;
    cx.idle(&id).await;
    let second = start(cx).with_signal(|diary| diary.plain()).await?;
    cx.note("the result", format!("{:?}", second.result().await?));
    // The id is free again.
    let third = start(cx).with_signal(|diary| diary.plain()).await?;
    cx.follow("the second diary", &third.untyped());
    cx.idle(&id).await;
    third.terminate("seen").await?;
    worker.shutdown().await
}

async fn queries_leave_no_trace(cx: &mut Recording) -> Result<()> {
    let first = worker(cx, Gate::default()).spawn().await?;
    let diary = diary(cx, 1, false).await?;
    cx.note("while it runs", format!("{:?}", diary.notes().await?));
    let error = diary.fails().await.expect_err("it fails");
    cx.note("a failure", error);
    let unknown = diary.untyped().query::<u32>("nobody", ()).await;
    cx.note("an unknown one", unknown.expect_err("there is none"));
    diary.plain().await?;
    diary.result().await?;
    cx.note("when it is closed", format!("{:?}", diary.notes().await?));
    first.shutdown().await?;
    let second = worker(cx, Gate::default()).spawn().await?;
    cx.note("another worker", format!("{:?}", diary.notes().await?));
    second.shutdown().await
}

async fn dynamic_handlers_take_what_is_sent(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx, Gate::default()).spawn().await?;
    let id = cx.name("form");
    let start = cx.client().start("Any type", (2,)).id(&id);
    let form = start.task_queue(cx.queue()).await?;
    cx.follow("form", &form);
    cx.idle(&id).await;
    form.signal("any signal", ("a field",)).await?;
    cx.idle(&id).await;
    cx.note("a query", form.query::<String>("any query", (1,)).await?);
    let fields: usize = form.update("any update", ()).id("an update").await?;
    cx.note("an update", fields);
    let result: (String, String) = form.result().await?;
    cx.note("the result", format!("{result:?}"));
    worker.shutdown().await
}
