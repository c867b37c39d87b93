//! Timeouts of runs, of executions and of workflow tasks, as clients and histories show them.

use durably::{
    error::{ResultError, RetryState},
    prelude::*,
};
use durably_tests::{World, on_both_servers, raw::workflow_task};

/// Sleeps, unless it is a later attempt.
#[derive(Default)]
struct Sleeper;

#[workflow]
impl Sleeper {
    #[run]
    async fn run(&mut self, ctx: &Ctx, hours: u64) -> Result<String> {
        if ctx.attempt() == 1 && hours > 0 {
            ctx.sleep(durably::hours(hours)).await?;
        }
        Ok(format!("attempt {}", ctx.attempt()))
    }
}

on_both_servers! {
    a_run_that_takes_too_long_times_out
    an_execution_that_takes_too_long_times_out
    a_run_that_takes_too_long_is_retried_under_its_policy
    a_task_that_no_worker_answers_times_out_and_is_given_to_another
}

/// How it ended, once it took too long.
async fn timed_out(call: Handle<Sleeper>) -> (String, RetryState) {
    let error = call.result().await.unwrap_err();
    let ResultError::TimedOut(it) = &error else {
        panic!("it took too long: {error:?}");
    };
    assert_eq!(it.workflow_id, call.id());
    assert_eq!(
        error.to_string(),
        format!("workflow `{}` timed out", call.id())
    );
    (it.run_id.clone(), it.retry_state)
}

async fn a_run_that_takes_too_long_times_out(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Sleeper>().spawn().await?;
    let sleeper = Sleeper::start(&world.client, 1)
        .task_queue(&world.queue)
        .run_timeout(secs(1))
        .await?;
    let (run_id, state) = timed_out(sleeper.clone()).await;
    assert_eq!(Some(&*run_id), sleeper.run_id());
    assert_eq!(state, RetryState::RetryPolicyNotSet);
    worker.shutdown().await
}

async fn an_execution_that_takes_too_long_times_out(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Sleeper>().spawn().await?;
    let sleeper = Sleeper::start(&world.client, 1)
        .task_queue(&world.queue)
        .execution_timeout(secs(1))
        .retry(Retry::attempts(3))
        .await?;
    // There is no time left for another attempt.
    let (_, state) = timed_out(sleeper).await;
    assert_eq!(state, RetryState::Timeout);
    worker.shutdown().await
}

async fn a_run_that_takes_too_long_is_retried_under_its_policy(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Sleeper>().spawn().await?;
    let sleeper = Sleeper::start(&world.client, 1)
        .task_queue(&world.queue)
        .run_timeout(secs(4))
        .retry(Retry::attempts(2).initial_interval(millis(10)))
        .await?;
    assert_eq!(sleeper.result().await?, "attempt 2");
    worker.shutdown().await
}

async fn a_task_that_no_worker_answers_times_out_and_is_given_to_another(
    world: &World,
) -> Result<()> {
    let sleeper = Sleeper::start(&world.client, 0)
        .task_queue(&world.queue)
        .task_timeout(secs(1))
        .await?;
    let mut service = world.service().await?;
    workflow_task(&mut service, &world.queue).await?;
    let worker = world.worker().workflow::<Sleeper>().spawn().await?;
    assert_eq!(sleeper.result().await?, "attempt 1");
    let history = sleeper.history().await?;
    let names = history.events().iter().map(|event| event.name().to_owned());
    let names: Vec<_> = names.collect();
    assert_eq!(
        names,
        [
            "WorkflowExecutionStarted",
            "WorkflowTaskScheduled",
            "WorkflowTaskStarted",
            "WorkflowTaskTimedOut",
            "WorkflowTaskScheduled",
            "WorkflowTaskStarted",
            "WorkflowTaskCompleted",
            "WorkflowExecutionCompleted"
        ]
    );
    let text = history.to_string();
    assert!(text.contains("StartToClose"), "{text}");
    worker.shutdown().await
}
