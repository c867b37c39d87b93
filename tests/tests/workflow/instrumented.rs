//! `#[tracing::instrument]` in a workflow: a span for each call, and none again when it is replayed.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fmt::Debug,
    sync::{Mutex, MutexGuard, Once, PoisonError},
};

use durably::prelude::*;
use durably_tests::{World, on_both_servers};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

#[derive(Debug)]
struct Traced {
    id: String,
    n: u64,
    names: Vec<String>,
    done: bool,
}

#[workflow]
impl Traced {
    #[init]
    fn new(id: String) -> Self {
        let (n, names, done) = (0, Vec::new(), false);
        Self { id, n, names, done }
    }

    #[run]
    #[tracing::instrument(skip(self, ctx), fields(queue = ctx.task_queue()))]
    async fn run(&mut self, ctx: &Ctx, id: String) -> Result<u64> {
        ctx.wait_until(|| self.done).await?;
        ctx.wait_until(|| ctx.handlers_finished()).await?;
        self.total(ctx, 2).await
    }

    #[tracing::instrument(
        level = "debug",
        skip_all,
        fields(id = self.id.as_str(), names = ?self.names, first = %self.names[0]),
        ret,
        err
    )]
    async fn total(&mut self, ctx: &Ctx, count: usize) -> Result<u64> {
        ctx.sleep(millis(1)).await?;
        match self.names.len() == count {
            true => Ok(self.n),
            false => bail!("not {count} names"),
        }
    }

    #[update]
    #[tracing::instrument(skip(self, ctx), fields(id = self.id, n = self.n))]
    async fn add(&mut self, ctx: &Ctx, by: u64) -> Result<()> {
        tracing::info!("adding");
        ctx.sleep(millis(1)).await?;
        self.n += by;
        tracing::info!(n = self.n, "added");
        Ok(())
    }

    #[tracing::instrument(skip(ctx), fields(id = self.id), err)]
    #[update]
    async fn name(&mut self, ctx: &Ctx, name: String) -> Result<usize> {
        ctx.sleep(millis(1)).await?;
        if name.is_empty() {
            bail!("no name");
        }
        self.names.push(name);
        Ok(self.names.len())
    }

    #[query]
    #[tracing::instrument(skip(self), fields(id = self.id), ret)]
    fn count(&self) -> u64 {
        self.n
    }

    #[signal]
    #[tracing::instrument(name = "end", skip_all, fields(id = self.id))]
    async fn finish(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.sleep(millis(1)).await?;
        self.done = true;
        Ok(())
    }
}

on_both_servers! {
    instrumented_methods_have_their_spans_and_a_replay_is_silent
}

async fn instrumented_methods_have_their_spans_and_a_replay_is_silent(world: &World) -> Result<()> {
    Told::listen();
    let id = world.queue.clone();
    let worker = world.worker().workflow::<Traced>().spawn().await?;
    let handle = Traced::start(&world.client, &id)
        .id(&id)
        .task_queue(&world.queue)
        .await?;
    assert_eq!(handle.count().await?, 0);
    assert_eq!(handle.name("Ann").await?, 1);
    handle.add(7).await?;
    assert_eq!(handle.count().await?, 7);
    handle.name("").await.expect_err("no name");
    worker.shutdown().await?;

    // A worker that does not have the run in its cache replays it.
    let worker = world.worker().workflow::<Traced>().spawn().await?;
    assert_eq!(handle.name("Bob").await?, 2);
    handle.finish().await?;
    assert_eq!(handle.result().await?, 7);
    worker.shutdown().await?;

    let state = |n: u64, names: &str| {
        format!("self=Traced {{ id: \"{id}\", n: {n}, names: {names}, done: false }}")
    };
    let expected = [
        format!("span run id=\"{id}\" queue=\"{id}\""),
        format!("span count id=\"{id}\""),
        "count: return=0".into(),
        format!("span name name=\"Ann\" {} id=\"{id}\"", state(0, "[]")),
        format!("span add by=7 id=\"{id}\" n=0"),
        "add: message=adding".into(),
        "add: message=added n=7".into(),
        format!("span count id=\"{id}\""),
        "count: return=7".into(),
        format!("span name name=\"\" {} id=\"{id}\"", state(7, "[\"Ann\"]")),
        "name: error=no name".into(),
        format!(
            "span name name=\"Bob\" {} id=\"{id}\"",
            state(7, "[\"Ann\"]")
        ),
        format!("span end id=\"{id}\""),
        format!("span total id=\"{id}\" names=[\"Ann\", \"Bob\"] first=Ann"),
        "total: return=7".into(),
    ];
    assert_eq!(Told::of(&id), expected);
    Ok(())
}

/// What the methods above told `tracing`, a line each, by the field `id` of their spans.
struct Told;

static LINES: Mutex<BTreeMap<String, Vec<String>>> = Mutex::new(BTreeMap::new());
/// The id of each span, and what it is.
static SPANS: Mutex<Vec<(String, &Metadata<'_>)>> = Mutex::new(Vec::new());

thread_local! {
    static ENTERED: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

impl Told {
    /// Installs the subscriber of the process, once for both servers.
    fn listen() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            tracing::subscriber::set_global_default(Self).expect("no other test installs one");
        });
    }

    fn of(id: &str) -> Vec<String> {
        locked(&LINES).remove(id).unwrap_or_default()
    }
}

impl Subscriber for Told {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == module_path!() || *metadata.level() <= Level::WARN
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields::default();
        span.record(&mut fields);
        let (name, id) = (span.metadata().name(), fields.id);
        let line = format!("span {name}{}", fields.text);
        locked(&LINES).entry(id.clone()).or_default().push(line);
        let mut spans = locked(&SPANS);
        spans.push((id, span.metadata()));
        Id::from_u64(spans.len() as u64)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        if metadata.target() != module_path!() {
            return eprintln!("{} {}{}", metadata.level(), metadata.target(), fields.text);
        }
        let span = ENTERED.with_borrow(|entered| entered.last().copied());
        tell(span.expect("all of it happens in spans"), &fields.text);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, span: &Id) {
        ENTERED.with_borrow_mut(|entered| entered.push(index(span)));
    }

    fn exit(&self, _: &Id) {
        ENTERED.with_borrow_mut(|entered| entered.pop());
    }
}

fn tell(span: usize, text: &str) {
    let (id, metadata) = locked(&SPANS)[span].clone();
    let line = format!("{}:{text}", metadata.name());
    locked(&LINES).entry(id).or_default().push(line);
}

fn index(span: &Id) -> usize {
    span.into_u64() as usize - 1
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Default)]
struct Fields {
    text: String,
    id: String,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "id" {
            self.id = value.to_owned();
        }
        self.record_debug(field, &value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.text += &format!(" {}={value:?}", field.name());
        if field.name() == "id" && self.id.is_empty() {
            self.id = format!("{value:?}").trim_matches('"').to_owned();
        }
    }
}
