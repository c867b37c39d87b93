//! Options of starts: delays, cron schedules, policies for ids, eager starts, repeated requests.

use durably::{
    client::{IdConflictPolicy, IdReusePolicy},
    prelude::*,
};
use durably_proto::api::{enums::v1::WorkflowIdConflictPolicy, workflow::v1::OnConflictOptions};
use durably_tests::{raw, recording::Recording, same_on_both_servers};

#[derive(Default)]
struct Visit {
    over: bool,
}

#[workflow]
impl Visit {
    #[run]
    async fn run(&mut self, ctx: &Ctx, guest: String) -> Result<String> {
        match guest.as_str() {
            "Ann" => ctx.wait_until(|| self.over).await?,
            "nightly" => match (ctx.last_completion::<String>()?, ctx.last_failure()) {
                (None, None) => return Ok("the first night".to_owned()),
                (Some(_), None) => return Err(AppError::new("Rain", "no stars").details(7).into()),
                (last, failure) => {
                    let failure = failure.map(|it| it.to_string());
                    return Ok(format!("{last:?} {failure:?}"));
                }
            },
            _ => {}
        }
        Ok(format!("goodbye, {guest}"))
    }

    #[signal]
    fn leave(&mut self) {
        self.over = true;
    }
}

fn worker(cx: &Recording) -> Worker {
    cx.world.worker().workflow::<Visit>()
}

same_on_both_servers! {
    all_options_of_a_start
    a_delayed_start
    a_delayed_start_that_a_signal_reaches
    an_eager_start
    an_id_in_use
    an_id_that_was_used
    a_repeated_start_request
    a_start_that_attaches_to_a_running_workflow
    nights_of_a_cron_schedule
}

async fn all_options_of_a_start(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let id = cx.name("visit");
    let retry = Retry::attempts(4)
        .initial_interval(secs(3))
        .maximum_interval(mins(2))
        .backoff(1.5)
        .not_for("Lost");
    let visit = Visit::start(cx.client(), "Ann")
        .id(&id)
        .task_queue(cx.queue())
        .execution_timeout(days(1))
        .run_timeout(hours(2))
        .task_timeout(secs(7))
        .retry(retry)
        .memo("note", "a gift")
        .priority(Priority::key(2).fairness_key("acme").fairness_weight(2.5))
        .summary("a visit")
        .details("of *one* guest")
        .await?;
    cx.follow("visit", &visit.untyped());
    cx.idle(&id).await;
    cx.describe("while it waits", &id).await?;
    visit.leave().await?;
    cx.note("the result", visit.result().await?);
    worker.shutdown().await
}

async fn a_delayed_start(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let id = cx.name("visit");
    let start = Visit::start(cx.client(), "Bob")
        .id(&id)
        .start_delay(secs(2));
    let visit = start.task_queue(cx.queue()).await?;
    cx.follow("visit", &visit.untyped());
    cx.describe("before it begins", &id).await?;
    cx.note("the result", visit.result().await?);
    worker.shutdown().await
}

async fn a_delayed_start_that_a_signal_reaches(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let id = cx.name("visit");
    let start = Visit::start(cx.client(), "Ann")
        .id(&id)
        .start_delay(secs(2));
    let visit = start.task_queue(cx.queue()).await?;
    cx.follow("visit", &visit.untyped());
    visit.leave().await?;
    cx.note("the result", visit.result().await?);
    // A signal with the start ends the delay.
    let id = cx.name("visit");
    let start = Visit::start(cx.client(), "Ann")
        .id(&id)
        .start_delay(hours(1));
    let start = start.task_queue(cx.queue());
    let visit = start.with_signal(|visit| visit.leave()).await?;
    cx.follow("another visit", &visit.untyped());
    cx.describe("before it begins", &id).await?;
    visit.terminate("it would take an hour").await?;
    worker.shutdown().await
}

async fn an_eager_start(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let id = cx.name("visit");
    let start = Visit::start(cx.client(), "Bob")
        .id(&id)
        .task_queue(cx.queue());
    let visit = start.eager().await?;
    cx.follow("visit", &visit.untyped());
    cx.note("the result", visit.result().await?);
    worker.shutdown().await
}

async fn an_id_in_use(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let id = cx.name("visit");
    let start = |cx: &Recording| {
        Visit::start(cx.client(), "Ann")
            .id(&id)
            .task_queue(cx.queue())
    };
    let visit = start(cx).await?;
    cx.follow("visit", &visit.untyped());
    cx.idle(&id).await;
    let error = start(cx).await.expect_err("it runs");
    cx.note("the error", error);
    let existing = start(cx)
        .id_conflict_policy(IdConflictPolicy::UseExisting)
        .await?;
    cx.note("the same run", existing.run_id() == visit.run_id());
    let other = start(cx)
        .id_conflict_policy(IdConflictPolicy::TerminateExisting)
        .await?;
    cx.follow("in its place", &other.untyped());
    cx.idle(&id).await;
    other.leave().await?;
    cx.note("the result", other.result().await?);
    worker.shutdown().await
}

async fn an_id_that_was_used(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let id = cx.name("visit");
    let start = |cx: &Recording| {
        Visit::start(cx.client(), "Bob")
            .id(&id)
            .task_queue(cx.queue())
    };
    let visit = start(cx).await?;
    cx.follow("visit", &visit.untyped());
    cx.note("the result", visit.result().await?);
    for policy in [
        IdReusePolicy::RejectDuplicate,
        IdReusePolicy::AllowDuplicateFailedOnly,
    ] {
        let error = start(cx)
            .id_reuse_policy(policy)
            .await
            .expect_err("it was used");
        cx.note(&format!("{policy:?}"), error);
    }
    let again = start(cx).await?;
    cx.follow("again", &again.untyped());
    cx.note("the result", again.result().await?);
    worker.shutdown().await
}

async fn a_repeated_start_request(cx: &mut Recording) -> Result<()> {
    let mut request = cx.world.start_request();
    request.workflow_id = cx.name("raw");
    request.request_id = cx.name("request");
    let mut service = cx.world.service().await?;
    let first = service
        .start_workflow_execution(request.clone())
        .await?
        .into_inner();
    let second = service
        .start_workflow_execution(request.clone())
        .await?
        .into_inner();
    cx.note("the same run", first.run_id == second.run_id);
    cx.note(
        "both started it",
        format!("{} {}", first.started, second.started),
    );
    cx.follow_run("raw", &request.workflow_id, &first.run_id);
    raw::terminate(&mut service, &request.workflow_id).await
}

async fn a_start_that_attaches_to_a_running_workflow(cx: &mut Recording) -> Result<()> {
    let mut request = cx.world.start_request();
    request.workflow_id = cx.name("raw");
    request.request_id = cx.name("request");
    let mut service = cx.world.service().await?;
    let first = service
        .start_workflow_execution(request.clone())
        .await?
        .into_inner();
    cx.follow_run("raw", &request.workflow_id, &first.run_id);
    request.request_id = cx.name("another request");
    request.workflow_id_conflict_policy = WorkflowIdConflictPolicy::UseExisting.into();
    request.on_conflict_options = Some(OnConflictOptions {
        attach_request_id: true,
        attach_links: true,
        ..Default::default()
    });
    let second = service
        .start_workflow_execution(request.clone())
        .await?
        .into_inner();
    cx.note("the same run", first.run_id == second.run_id);
    cx.note("started", second.started);
    cx.describe("with both requests", &request.workflow_id)
        .await?;
    raw::terminate(&mut service, &request.workflow_id).await
}

async fn nights_of_a_cron_schedule(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let id = cx.name("visit");
    let start = Visit::start(cx.client(), "nightly")
        .id(&id)
        .cron("@every 1s");
    let start = start.memo("note", "stars").summary("a night");
    let visit = start.task_queue(cx.queue()).await?;
    cx.follow("visit", &visit.untyped());
    cx.describe("before it begins", &id).await?;
    let mut run_id = visit.run_id().expect("it was started").to_owned();
    for _ in 0..3 {
        cx.closed(&id, &run_id).await?;
        let described = visit.describe().await?;
        run_id = described.run_id.clone();
    }
    visit.terminate("seen").await?;
    worker.shutdown().await
}
