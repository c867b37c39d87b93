//! How runs end: cancelled, with a clean-up or against it, terminated, timed out, failed.

use durably::prelude::*;
use durably_proto::api::{
    common::v1::WorkflowExecution,
    workflowservice::v1::{
        RequestCancelWorkflowExecutionRequest, SignalWorkflowExecutionRequest,
        TerminateWorkflowExecutionRequest,
    },
};
use durably_tests::{
    raw::{self, NAMESPACE, workflow_task},
    recording::Recording,
    same_on_both_servers,
};

#[activity(start_to_close = "10s")]
async fn undo(what: String) -> String {
    what
}

#[activity(start_to_close = "1m", heartbeat = "10s")]
async fn hold(ctx: &ActivityCtx) -> Result<()> {
    ctx.cancelled().await;
    Err(Cancelled.into())
}

#[derive(Default)]
struct Trip;

#[workflow]
impl Trip {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String) -> Result<String> {
        match case.as_str() {
            "cleans up" => {
                let waited = ctx.sleep(hours(1)).await;
                undo::call(&ctx.shield(), "the booking").await?;
                waited?;
                Ok(String::new())
            }
            "completes" => {
                ctx.cancelled().await;
                Ok(format!("{:?}", ctx.cancel_reason()))
            }
            "several waits" => {
                let (timer, held) = join(ctx.sleep(hours(1)), hold::call(ctx)).await;
                timer?;
                held?;
                Ok(String::new())
            }
            "fails" => Err(AppError::new("Storm", "no flight")
                .details(("row", 7))
                .into()),
            "fails once" if ctx.attempt() == 1 => bail!("attempt 1"),
            "fails once" => Ok(format!("{:?}", ctx.last_failure().map(|it| it.to_string()))),
            "is not retried" => Err(AppError::new("Storm", "no flight").non_retryable().into()),
            "of a listed type" => Err(AppError::new("Listed", "no flight").into()),
            "its own pause" if ctx.attempt() == 1 => Err(AppError::new("Storm", "later")
                .next_retry_delay(millis(20))
                .into()),
            "its own pause" => Ok("landed".to_owned()),
            "always fails" => bail!("attempt {}", ctx.attempt()),
            "panics" => panic!("a bug"),
            "late once" if ctx.attempt() > 1 => Ok("in time".to_owned()),
            _ => {
                ctx.sleep(hours(1)).await?;
                Ok(String::new())
            }
        }
    }
}

fn worker(cx: &Recording) -> Worker {
    let worker = cx.world.worker().workflow::<Trip>();
    worker.activity::<undo>().activity::<hold>()
}

/// A trip that waits for its end.
async fn waiting(cx: &mut Recording, case: &str) -> Result<Handle<Trip>> {
    let id = cx.name("trip");
    let start = Trip::start(cx.client(), case).id(&id);
    let trip = start.task_queue(cx.queue()).await?;
    cx.follow(case, &trip.untyped());
    cx.idle(&id).await;
    if case == "several waits" {
        cx.until(&id, "the activity", |it| {
            it.pending_activities
                .iter()
                .any(|it| it.last_started_time.is_some())
        })
        .await;
    }
    cx.describe(&format!("{case}: while it waits"), &id).await?;
    Ok(trip)
}

async fn note_end(cx: &mut Recording, case: &str, trip: &Handle<Trip>) {
    let ended = trip.result().await;
    let text = ended.unwrap_or_else(|error| Error::from(error).to_string());
    cx.note(&format!("{case}: its end"), text);
}

same_on_both_servers! {
    cancelled_runs_clean_up_complete_and_end_as_cancelled
    a_request_to_cancel_has_its_reason_and_is_one
    a_run_is_cancelled_before_its_first_task
    terminated_runs_keep_reason_and_details
    failing_runs_are_retried_under_their_policy
    a_policy_ends_with_its_attempts_its_types_and_its_time
    runs_and_executions_time_out
    a_task_that_nobody_answers_times_out
    a_panic_fails_the_task
    requests_that_say_nothing_of_themselves
}

async fn cancelled_runs_clean_up_complete_and_end_as_cancelled(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    for case in ["waits", "cleans up", "completes", "several waits"] {
        let trip = waiting(cx, case).await?;
        trip.cancel().await?;
        note_end(cx, case, &trip).await;
        // It has no effect any more.
        trip.cancel().await?;
    }
    worker.shutdown().await
}

fn cancel_request(
    id: &str,
    reason: &str,
    request_id: &str,
) -> RequestCancelWorkflowExecutionRequest {
    RequestCancelWorkflowExecutionRequest {
        namespace: NAMESPACE.to_owned(),
        workflow_execution: raw::execution(id),
        identity: "an operator".to_owned(),
        request_id: request_id.to_owned(),
        reason: reason.to_owned(),
        ..Default::default()
    }
}

async fn a_request_to_cancel_has_its_reason_and_is_one(cx: &mut Recording) -> Result<()> {
    let first = worker(cx).spawn().await?;
    let trip = waiting(cx, "cleans up").await?;
    first.shutdown().await?;
    let mut service = cx.world.service().await?;
    for (reason, request_id) in [("fog", "first"), ("fog", "first"), ("rain", "second")] {
        let request = cancel_request(trip.id(), reason, request_id);
        let ended = raw::ended(service.request_cancel_workflow_execution(request).await);
        cx.note("a request", ended);
    }
    cx.describe("after the requests", trip.id()).await?;
    let second = worker(cx).spawn().await?;
    note_end(cx, "fog", &trip).await;
    second.shutdown().await
}

async fn a_run_is_cancelled_before_its_first_task(cx: &mut Recording) -> Result<()> {
    let id = cx.name("trip");
    let start = Trip::start(cx.client(), "waits").id(&id);
    let trip = start.task_queue(cx.queue()).await?;
    cx.follow("trip", &trip.untyped());
    trip.cancel().await?;
    cx.describe("before a worker comes", &id).await?;
    let worker = worker(cx).spawn().await?;
    note_end(cx, "early", &trip).await;
    worker.shutdown().await
}

async fn terminated_runs_keep_reason_and_details(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    for case in ["waits", "several waits"] {
        let trip = waiting(cx, case).await?;
        let mut service = cx.world.service().await?;
        let run_id = trip.run_id().expect("it was started").to_owned();
        let request = TerminateWorkflowExecutionRequest {
            namespace: NAMESPACE.to_owned(),
            workflow_execution: Some(WorkflowExecution {
                workflow_id: trip.id().to_owned(),
                run_id,
            }),
            reason: "sold out".to_owned(),
            details: raw::payloads(4),
            identity: "an operator".to_owned(),
            ..Default::default()
        };
        service
            .terminate_workflow_execution(request.clone())
            .await?;
        note_end(cx, case, &trip).await;
        let again = service.terminate_workflow_execution(request).await;
        cx.note("terminated again", raw::ended(again));
    }
    let id = cx.name("trip");
    let start = Trip::start(cx.client(), "waits").id(&id);
    let queue = format!("{}-empty", cx.queue());
    let trip = start.task_queue(queue).await?;
    cx.follow("without a worker", &trip.untyped());
    trip.terminate("never begun").await?;
    worker.shutdown().await
}

/// Starts with a policy, and follows all attempts.
async fn retried(cx: &mut Recording, case: &str, retry: Retry) -> Result<()> {
    let id = cx.name("trip");
    let start = Trip::start(cx.client(), case).id(&id).retry(retry);
    let trip = start.task_queue(cx.queue()).memo("seat", 7).await?;
    cx.follow(case, &trip.untyped());
    note_end(cx, case, &trip).await;
    Ok(())
}

async fn failing_runs_are_retried_under_their_policy(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let quick = Retry::attempts(3).initial_interval(millis(10));
    retried(cx, "fails once", quick.clone()).await?;
    retried(
        cx,
        "its own pause",
        Retry::attempts(3).initial_interval(hours(1)),
    )
    .await?;
    let id = cx.name("trip");
    let start = Trip::start(cx.client(), "late once").id(&id).retry(quick);
    let trip = start.task_queue(cx.queue()).run_timeout(secs(2)).await?;
    cx.follow("late once", &trip.untyped());
    note_end(cx, "late once", &trip).await;
    worker.shutdown().await
}

async fn a_policy_ends_with_its_attempts_its_types_and_its_time(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let quick = Retry::attempts(2).initial_interval(millis(10));
    retried(cx, "always fails", quick.clone()).await?;
    retried(cx, "is not retried", quick.clone()).await?;
    retried(cx, "of a listed type", quick.not_for("Listed")).await?;
    let id = cx.name("trip");
    let retry = Retry::attempts(9).initial_interval(hours(1));
    let start = Trip::start(cx.client(), "always fails")
        .id(&id)
        .retry(retry);
    let start = start.execution_timeout(mins(1)).run_timeout(secs(30));
    let trip = start.task_queue(cx.queue()).await?;
    cx.follow("no time left", &trip.untyped());
    note_end(cx, "no time left", &trip).await;
    let id = cx.name("trip");
    let start = Trip::start(cx.client(), "fails").id(&id);
    let trip = start.task_queue(cx.queue()).await?;
    cx.follow("without a policy", &trip.untyped());
    note_end(cx, "without a policy", &trip).await;
    worker.shutdown().await
}

async fn runs_and_executions_time_out(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let start = |cx: &mut Recording| {
        let id = cx.name("trip");
        Trip::start(cx.client(), "waits")
            .id(id)
            .task_queue(cx.queue())
    };
    let run = start(cx).run_timeout(secs(1)).await?;
    let execution = start(cx).execution_timeout(secs(1)).await?;
    let both = start(cx).execution_timeout(secs(1)).run_timeout(hours(1));
    let both = both.retry(Retry::attempts(3)).await?;
    let queue = format!("{}-empty", cx.queue());
    let idle = start(cx).task_queue(queue).run_timeout(secs(1)).await?;
    for (case, trip) in [
        ("run", run),
        ("execution", execution),
        ("both", both),
        ("idle", idle),
    ] {
        cx.follow(case, &trip.untyped());
        note_end(cx, case, &trip).await;
    }
    worker.shutdown().await
}

async fn a_task_that_nobody_answers_times_out(cx: &mut Recording) -> Result<()> {
    let id = cx.name("trip");
    let start = Trip::start(cx.client(), "fails")
        .id(&id)
        .task_timeout(secs(1));
    let trip = start.task_queue(cx.queue()).await?;
    cx.follow("trip", &trip.untyped());
    let mut service = cx.world.service().await?;
    workflow_task(&mut service, cx.queue()).await?;
    cx.describe("while the task is open", &id).await?;
    cx.recorded(&id, "WorkflowTaskTimedOut", 1).await;
    let worker = worker(cx).spawn().await?;
    note_end(cx, "by the second worker", &trip).await;
    worker.shutdown().await
}

async fn a_panic_fails_the_task(cx: &mut Recording) -> Result<()> {
    let worker = worker(cx).spawn().await?;
    let id = cx.name("trip");
    let start = Trip::start(cx.client(), "panics").id(&id);
    let trip = start.task_queue(cx.queue()).await?;
    cx.follow("trip", &trip.untyped());
    // Further attempts fail without events.
    cx.recorded(&id, "WorkflowTaskFailed", 1).await;
    worker.shutdown().await?;
    cx.task_waits(&id).await;
    trip.terminate("seen").await?;
    Ok(())
}

async fn requests_that_say_nothing_of_themselves(cx: &mut Recording) -> Result<()> {
    let mut request = cx.world.start_request();
    request.workflow_id = cx.name("raw");
    request.request_id = cx.name("request");
    request.identity.clear();
    let id = request.workflow_id.clone();
    let mut service = cx.world.service().await?;
    let started = service
        .start_workflow_execution(request)
        .await?
        .into_inner();
    cx.follow_run("raw", &id, &started.run_id);
    let signal = SignalWorkflowExecutionRequest {
        namespace: NAMESPACE.to_owned(),
        workflow_execution: raw::execution(&id),
        signal_name: "a signal".to_owned(),
        ..Default::default()
    };
    service.signal_workflow_execution(signal).await?;
    let task = workflow_task(&mut service, cx.queue()).await?;
    raw::complete(&mut service, &task, Vec::new(), Vec::new()).await?;
    service
        .request_cancel_workflow_execution(cancel_request(&id, "", ""))
        .await?;
    let task = workflow_task(&mut service, cx.queue()).await?;
    raw::fail_task(&mut service, task).await?;
    cx.task_waits(&id).await;
    raw::terminate(&mut service, &id).await
}
