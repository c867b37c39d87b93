//! Continue-as-new: what the next run takes over, and what is replaced.

use durably::{
    prelude::*,
    search::{Keyword, SearchKey},
};
use durably_tests::{raw::add_search_attributes, recording::Recording, same_on_both_servers};

const CUSTOMER: SearchKey<Keyword> = SearchKey::new("DurablyKeyword");
const COUNT: SearchKey<i64> = SearchKey::new("DurablyInt");

#[derive(Default)]
struct Meter {
    units: u64,
}

#[workflow]
impl Meter {
    #[run]
    async fn run(&mut self, ctx: &Ctx, way: String, total: u64) -> Result<u64> {
        match way.as_str() {
            "carried" => {
                ctx.upsert([CUSTOMER.set("c-2")])?;
                ctx.upsert_memo("page", 2)?;
                Self::continue_as_new("end", total + 1).into()
            }
            "replaced" => Self::continue_as_new("end", total + 1)
                .task_queue(format!("{}-other", ctx.task_queue()))
                .run_timeout(mins(50))
                .task_timeout(secs(7))
                .retry(Retry::attempts(2))
                .search(COUNT, 9)
                .memo("page", 9)
                .into(),
            "another type" => Report::continue_as_new(total + 1).into(),
            "signalled" => {
                ctx.wait_until(|| self.units > 0).await?;
                Self::continue_as_new("end", total + self.units).into()
            }
            "after a retry" if ctx.attempt() == 1 => bail!("once more"),
            "after a retry" => Self::continue_as_new("end", total + 1).into(),
            "in a handler's time" => {
                ctx.sleep(millis(10)).await?;
                Self::continue_as_new("end", total + 1).into()
            }
            _ => Ok(total),
        }
    }

    #[signal]
    fn count(&mut self, units: u64) {
        self.units += units;
    }
}

#[derive(Default)]
struct Report;

#[workflow]
impl Report {
    #[run]
    async fn run(&mut self, total: u64) -> u64 {
        total
    }
}

/// Continues a child and a grandchild as new.
#[derive(Default)]
struct Parent;

#[workflow]
impl Parent {
    #[run]
    async fn run(&mut self, ctx: &Ctx, id: String) -> Result<u64> {
        Ok(Meter::child(ctx, "carried", 1)
            .id(id)
            .memo("page", 1)
            .await?)
    }
}

same_on_both_servers! {
    the_next_run_takes_over_what_is_set
    options_of_the_next_run_are_replaced
    the_next_run_of_another_type
    a_signal_before_the_next_run
    a_retried_run_continues
    a_child_continues
}

fn worker(cx: &Recording, queue: &str) -> Worker {
    let worker = Worker::new(cx.client(), queue);
    worker
        .workflow::<Meter>()
        .workflow::<Report>()
        .workflow::<Parent>()
}

async fn continued(cx: &mut Recording, way: &str) -> Result<()> {
    add_search_attributes(&cx.world).await?;
    let first = worker(cx, cx.queue()).spawn().await?;
    let second = worker(cx, &format!("{}-other", cx.queue())).spawn().await?;
    let id = cx.name("meter");
    let meter = Meter::start(cx.client(), way, 1)
        .id(&id)
        .task_queue(cx.queue())
        .execution_timeout(hours(3))
        .run_timeout(hours(1))
        .task_timeout(secs(9))
        .retry(Retry::attempts(4).initial_interval(millis(10)))
        .search(CUSTOMER, "c-1")
        .search(COUNT, 1)
        .memo("page", 1)
        .memo("owner", "bob")
        .priority(Priority::key(2))
        .summary("a meter")
        .await?;
    cx.follow(way, &meter.untyped());
    if way == "signalled" {
        cx.idle(&id).await;
        meter.count(5).await?;
    }
    cx.note("the result", meter.result().await?);
    first.shutdown().await?;
    second.shutdown().await
}

async fn the_next_run_takes_over_what_is_set(cx: &mut Recording) -> Result<()> {
    continued(cx, "carried").await
}

async fn options_of_the_next_run_are_replaced(cx: &mut Recording) -> Result<()> {
    continued(cx, "replaced").await
}

async fn the_next_run_of_another_type(cx: &mut Recording) -> Result<()> {
    continued(cx, "another type").await
}

async fn a_signal_before_the_next_run(cx: &mut Recording) -> Result<()> {
    continued(cx, "signalled").await
}

async fn a_retried_run_continues(cx: &mut Recording) -> Result<()> {
    continued(cx, "after a retry").await
}

async fn a_child_continues(cx: &mut Recording) -> Result<()> {
    add_search_attributes(&cx.world).await?;
    let worker = worker(cx, cx.queue()).spawn().await?;
    let (id, child) = (cx.name("parent"), cx.name("meter"));
    let start = Parent::start(cx.client(), child).id(id);
    let parent = start.task_queue(cx.queue()).await?;
    cx.follow("parent", &parent.untyped());
    cx.note("the result", parent.result().await?);
    worker.shutdown().await
}
