//! What describes a run: search attributes, memos, summaries, details, priorities, headers, and what it knows itself.

use durably::{
    Time,
    interceptor::{
        ActivityRequest, ChildRequest, ClientInterceptor, Next, NextRunRequest, SignalRequest,
        StartRequest, Started, UpdateRequest, UpdateResponse, WorkflowInterceptor,
    },
    prelude::*,
    search::{Keyword, KeywordList, SearchKey, Text},
};
use durably_tests::{raw::add_search_attributes, recording::Recording, same_on_both_servers};

const CUSTOMER: SearchKey<Keyword> = SearchKey::new("DurablyKeyword");
const NOTE: SearchKey<Text> = SearchKey::new("DurablyText");
const ITEMS: SearchKey<KeywordList> = SearchKey::new("DurablyKeywordList");
const COUNT: SearchKey<i64> = SearchKey::new("DurablyInt");
const AMOUNT: SearchKey<f64> = SearchKey::new("DurablyDouble");
const PAID: SearchKey<bool> = SearchKey::new("DurablyBool");
const DUE: SearchKey<Time> = SearchKey::new("DurablyDatetime");

#[activity(start_to_close = "10s")]
async fn echo(text: String) -> String {
    text
}

#[derive(Default)]
struct Errand {
    steps: u32,
}

#[workflow]
impl Errand {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String) -> Result<Vec<String>> {
        match case.as_str() {
            "upserts" => {
                ctx.upsert([CUSTOMER.set("c-2"), AMOUNT.unset()])?;
                ctx.upsert_memo("page", 7)?;
                ctx.upsert_memo("draft", None::<String>)?;
                ctx.sleep(millis(1)).await?;
                ctx.upsert([ITEMS.set(["tea", "cup"]), COUNT.set(2)])?;
                ctx.upsert(PAID.set(true))?;
                ctx.upsert_memo("list", vec![1, 2])?;
                self.wait(ctx).await?;
            }
            "unregistered" => {
                ctx.upsert(SearchKey::<Keyword>::new("NobodyRegisteredThis").set("x"))?;
            }
            "summaries" => {
                ctx.set_current_details("at *work*");
                echo::call(ctx, "a").summary("an echo").await?;
                echo::call(ctx, "b").local().summary("a local echo").await?;
                ctx.sleep(millis(1)).summary("a moment").await?;
                ctx.side_effect(|| 1).summary("a value").await?;
                let child = Self::child(ctx, "ends").id(format!("{}-child", ctx.workflow_id()));
                child.summary("a child").details("with *details*").await?;
            }
            "priorities" => {
                echo::call(ctx, "inherits").await?;
                let own = Priority::key(1).fairness_key("own").fairness_weight(3.0);
                echo::call(ctx, "sets all").priority(own).await?;
                echo::call(ctx, "sets one")
                    .priority(Priority::key(5))
                    .await?;
                let child = |name: &str| {
                    let id = format!("{}-{name}", ctx.workflow_id());
                    Self::child(ctx, "ends").id(id)
                };
                child("inherits").await?;
                child("sets").priority(Priority::key(4)).await?;
                return Self::continue_as_new("ends").into();
            }
            "headers" => {
                self.wait(ctx).await?;
                echo::call(ctx, "a").await?;
                echo::call(ctx, "b").local().await?;
                let child = Self::child(ctx, "ends").id(format!("{}-child", ctx.workflow_id()));
                child.await?;
                return Self::continue_as_new("ends").into();
            }
            "knows" => {
                let child = Self::child(ctx, "facts").id(format!("{}-child", ctx.workflow_id()));
                let mut facts = facts(ctx);
                facts.extend(child.await?);
                return Ok(facts);
            }
            "facts" => {
                ctx.sleep(millis(300)).await?;
                return Ok(facts(ctx));
            }
            // The task of its parent that follows its start is completed by then.
            _ => ctx.sleep(millis(300)).await?,
        }
        Ok(Vec::new())
    }

    async fn wait(&self, ctx: &Ctx) -> Result<()> {
        Ok(ctx.wait_until(|| self.steps > 0).await?)
    }

    #[signal]
    fn step(&mut self) {
        self.steps += 1;
    }

    #[update]
    fn look(&mut self) -> u32 {
        self.steps
    }
}

fn facts(view: &View) -> Vec<String> {
    vec![
        format!(
            "{} {} {}",
            view.workflow_type(),
            view.namespace(),
            view.task_queue()
        ),
        format!("{:?} {:?}", view.execution_timeout(), view.run_timeout()),
        format!("{:?} {:?}", view.task_timeout(), view.retry_policy()),
        format!("{} {}", view.attempt(), view.history_length()),
        format!("{:?} {:?}", view.continued_from(), view.cron()),
        format!("{:?}", view.parent().map(|it| it.workflow_id().to_owned())),
        format!("{:?}", view.root().map(|it| it.workflow_id().to_owned())),
        format!("{}", view.run_id() == view.first_run_id()),
    ]
}

/// Sends a tenant along with all that a client sends.
struct SendTenant;

impl ClientInterceptor for SendTenant {
    async fn start(&self, mut request: StartRequest, next: Next<StartRequest>) -> Result<Started> {
        request.headers.set("tenant", "by start")?;
        next.run(request).await
    }

    async fn signal(&self, mut request: SignalRequest, next: Next<SignalRequest>) -> Result<()> {
        request.headers.set("tenant", "by signal")?;
        next.run(request).await
    }

    async fn update(
        &self,
        mut request: UpdateRequest,
        next: Next<UpdateRequest>,
    ) -> Result<UpdateResponse> {
        request.headers.set("tenant", "by update")?;
        next.run(request).await
    }
}

/// Passes a tenant on to what a workflow starts.
struct PassTenant;

impl WorkflowInterceptor for PassTenant {
    fn start_activity(&self, _: &View, request: &mut ActivityRequest) -> Result<()> {
        Ok(request.headers.set("tenant", "of an activity")?)
    }

    fn start_child(&self, _: &View, request: &mut ChildRequest) -> Result<()> {
        Ok(request.headers.set("tenant", "of a child")?)
    }

    fn continue_as_new(&self, _: &View, request: &mut NextRunRequest) -> Result<()> {
        Ok(request.headers.set("tenant", "of the next run")?)
    }
}

fn worker(cx: &Recording) -> Worker {
    let worker = cx.world.worker().workflow::<Errand>();
    worker.activity::<echo>()
}

same_on_both_servers! {
    search_attributes_and_memos_change
    an_attribute_that_is_not_registered_fails_the_task
    summaries_and_details_are_recorded
    priorities_are_passed_on
    headers_are_passed_on
    a_run_knows_the_same_of_itself
    options_of_a_running_workflow_change
}

async fn search_attributes_and_memos_change(cx: &mut Recording) -> Result<()> {
    add_search_attributes(&cx.world).await?;
    let worker = worker(cx).spawn().await?;
    let id = cx.name("errand");
    let errand = Errand::start(cx.client(), "upserts")
        .id(&id)
        .task_queue(cx.queue())
        .search(CUSTOMER, "c-1")
        .search(NOTE, "handle with care")
        .search(ITEMS, ["tea"])
        .search(COUNT, 1)
        .search(AMOUNT, 4.5)
        .search(PAID, false)
        .search(DUE, Time::UNIX_EPOCH + secs(1_700_000_000))
        .memo("page", 1)
        .memo("draft", "yes")
        .await?;
    cx.follow("errand", &errand.untyped());
    cx.recorded(&id, "TimerFired", 1).await;
    cx.idle(&id).await;
    cx.describe("while it waits", &id).await?;
    errand.step().await?;
    errand.result().await?;
    worker.shutdown().await
}

async fn an_attribute_that_is_not_registered_fails_the_task(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let id = cx.name("errand");
    let start = Errand::start(cx.client(), "unregistered").id(&id);
    let errand = start.task_queue(cx.queue()).await?;
    cx.follow("errand", &errand.untyped());
    // Further attempts fail without events.
    cx.recorded(&id, "WorkflowTaskFailed", 1).await;
    worker.shutdown().await?;
    cx.task_waits(&id).await;
    errand.terminate("seen").await?;
    Ok(())
}

async fn summaries_and_details_are_recorded(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let id = cx.name("errand");
    let errand = Errand::start(cx.client(), "summaries")
        .id(&id)
        .task_queue(cx.queue())
        .summary("an errand")
        .details("to the *baker*")
        .await?;
    cx.follow("errand", &errand.untyped());
    errand.result().await?;
    let details = errand.describe().await?.current_details().await?;
    cx.note("current details", details);
    worker.shutdown().await
}

async fn priorities_are_passed_on(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).max_eager_activities(0).spawn().await?;
    let id = cx.name("errand");
    let acme = Priority::key(2).fairness_key("acme").fairness_weight(2.0);
    let start = Errand::start(cx.client(), "priorities")
        .id(&id)
        .priority(acme);
    let errand = start.task_queue(cx.queue()).await?;
    cx.follow("errand", &errand.untyped());
    errand.result().await?;
    worker.shutdown().await
}

async fn headers_are_passed_on(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).workflow_interceptor(PassTenant).spawn().await?;
    let client = cx.client().with_interceptor(SendTenant);
    let id = cx.name("errand");
    let start = Errand::start(&client, "headers").id(&id);
    let errand = start.task_queue(cx.queue()).await?;
    cx.follow("errand", &errand.untyped());
    cx.idle(&id).await;
    cx.note("an update", errand.look().await?);
    cx.idle(&id).await;
    errand.step().await?;
    errand.result().await?;
    worker.shutdown().await
}

async fn a_run_knows_the_same_of_itself(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let id = cx.name("errand");
    let errand = Errand::start(cx.client(), "knows")
        .id(&id)
        .task_queue(cx.queue())
        .execution_timeout(hours(2))
        .run_timeout(hours(1))
        .task_timeout(secs(20))
        .retry(Retry::attempts(3))
        .await?;
    cx.follow("errand", &errand.untyped());
    for fact in errand.result().await? {
        cx.note("a fact", fact);
    }
    worker.shutdown().await
}

async fn options_of_a_running_workflow_change(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let id = cx.name("errand");
    let start = Errand::start(cx.client(), "headers").id(&id);
    let errand = start.task_queue(cx.queue()).await?;
    cx.follow("errand", &errand.untyped());
    cx.idle(&id).await;
    let changed = errand.untyped().update_options();
    changed
        .priority(Priority::key(1).fairness_key("acme"))
        .await?;
    cx.describe("with other options", &id).await?;
    errand.step().await?;
    errand.result().await?;
    worker.shutdown().await
}
