//! Resets: what the new run takes over, and what is applied to it again.

use durably::{client::ResetPoint, prelude::*};
use durably_tests::{recording::Recording, same_on_both_servers};

#[activity(start_to_close = "10s")]
async fn print(text: String) -> String {
    text
}

#[activity(start_to_close = "1m", heartbeat = "20s", max_attempts = 1)]
async fn hold(ctx: &ActivityCtx) -> Result<()> {
    ctx.cancelled().await;
    Err(Cancelled.into())
}

#[derive(Default)]
struct Diary {
    lines: Vec<String>,
    printed: Vec<String>,
    closed: bool,
}

#[workflow]
impl Diary {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String) -> Result<Vec<String>> {
        match case.as_str() {
            "with a timer" => {
                ctx.spawn({
                    let ctx = ctx.clone();
                    async move { ctx.sleep(hours(1)).await }
                });
            }
            "with an activity" => {
                ctx.spawn(hold::call(ctx));
            }
            "with a child" => {
                let child = Page::child(ctx).id(format!("{}-page", ctx.workflow_id()));
                let child = child.parent_close(ParentClose::Abandon).start().await?;
                ctx.sleep(millis(1)).await?;
                self.printed.push(child.result().await?);
            }
            _ => {}
        }
        loop {
            ctx.wait_until(|| self.closed || self.lines.len() > self.printed.len())
                .await?;
            let Some(line) = self.lines.get(self.printed.len()) else {
                return Ok(std::mem::take(&mut self.printed));
            };
            let line = line.clone();
            let line = print::call(ctx, line).await?;
            self.printed.push(line);
        }
    }

    #[signal]
    fn note(&mut self, text: String) {
        self.lines.push(text);
    }

    #[update]
    fn enter(&mut self, text: String) -> usize {
        self.lines.push(text);
        self.lines.len()
    }

    #[signal]
    fn close(&mut self) {
        self.closed = true;
    }
}

#[derive(Default)]
struct Page {
    full: bool,
}

#[workflow]
impl Page {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        ctx.wait_until(|| self.full).await?;
        Ok("full".to_owned())
    }

    #[signal]
    fn fill(&mut self) {
        self.full = true;
    }
}

fn worker(cx: &Recording) -> Worker {
    let worker = cx.world.worker().workflow::<Diary>().workflow::<Page>();
    worker.activity::<print>().activity::<hold>()
}

async fn diary(cx: &mut Recording, case: &str) -> Result<Handle<Diary>> {
    let id = cx.name("diary");
    let start = Diary::start(cx.client(), case).id(&id).memo("owner", "ann");
    let diary = start.task_queue(cx.queue()).await?;
    cx.follow(case, &diary.untyped());
    cx.idle(&id).await;
    Ok(diary)
}

/// Sends the lines, each when the one before has been printed.
async fn write(cx: &Recording, diary: &Handle<Diary>) -> Result<()> {
    for (at, line) in ["one", "two", "three"].into_iter().enumerate() {
        match at {
            1 => {
                let id = format!("update {line}");
                diary.enter(line).id(id).await?;
            }
            _ => diary.note(line).await?,
        }
        cx.recorded(diary.id(), "ActivityTaskCompleted", at + 1)
            .await;
        cx.idle(diary.id()).await;
    }
    Ok(())
}

same_on_both_servers! {
    messages_are_applied_again
    a_closed_run_is_reset
    a_run_with_a_timer_and_an_activity_is_reset
    a_run_with_a_child_is_reset
}

async fn messages_are_applied_again(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    for (case, point) in [
        ("to the first task", ResetPoint::FirstTask),
        ("to the last task", ResetPoint::LastTask),
        // The task that called the first activity.
        ("to an event", ResetPoint::Event(8)),
    ] {
        let diary = diary(cx, case).await?;
        write(cx, &diary).await?;
        let again = diary.reset(point, "a bug").await?;
        cx.follow(&format!("{case}, again"), &again.untyped());
        cx.recorded(diary.id(), "ActivityTaskCompleted", 3).await;
        cx.idle(diary.id()).await;
        cx.describe(&format!("{case}: after it"), diary.id())
            .await?;
        again.close().await?;
        cx.note("the result", format!("{:?}", again.result().await?));
    }
    worker.shutdown().await
}

async fn a_closed_run_is_reset(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let diary = diary(cx, "closed").await?;
    write(cx, &diary).await?;
    diary.close().await?;
    diary.result().await?;
    let again = diary.reset(ResetPoint::LastTask, "a bug").await?;
    cx.follow("again", &again.untyped());
    cx.note("the result", format!("{:?}", again.result().await?));
    worker.shutdown().await
}

async fn a_run_with_a_timer_and_an_activity_is_reset(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).max_eager_activities(0).spawn().await?;
    for case in ["with a timer", "with an activity"] {
        let diary = diary(cx, case).await?;
        if case == "with an activity" {
            cx.until(diary.id(), "the activity", |it| {
                it.pending_activities
                    .iter()
                    .any(|it| it.last_started_time.is_some())
            })
            .await;
        }
        diary.note("one").await?;
        cx.recorded(diary.id(), "ActivityTaskCompleted", 1).await;
        cx.idle(diary.id()).await;
        let again = diary.reset(ResetPoint::LastTask, "a bug").await?;
        cx.follow(&format!("{case}, again"), &again.untyped());
        cx.idle(diary.id()).await;
        cx.describe(&format!("{case}: after it"), diary.id())
            .await?;
        again.close().await?;
        cx.note("the result", format!("{:?}", again.result().await?));
    }
    worker.shutdown().await
}

async fn a_run_with_a_child_is_reset(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let diary = diary(cx, "with a child").await?;
    cx.recorded(diary.id(), "TimerFired", 1).await;
    cx.idle(diary.id()).await;
    let again = diary.reset(ResetPoint::LastTask, "a bug").await?;
    cx.follow("again", &again.untyped());
    cx.idle(diary.id()).await;
    cx.describe("after it", diary.id()).await?;
    let page = Page::handle(cx.client(), format!("{}-page", diary.id()));
    page.fill().await?;
    cx.recorded(diary.id(), "ChildWorkflowExecutionCompleted", 1)
        .await;
    again.close().await?;
    cx.note("the result", format!("{:?}", again.result().await?));
    worker.shutdown().await
}
