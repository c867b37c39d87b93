//! Failures of activities in Python, read by a workflow of ours: timeouts, cancellations and chains of causes.

use durably::{
    error::{DataError, Failure},
    prelude::*,
    workflow::CancellationType,
};
use durably_tests::{World, eventually, on_both_servers};

use super::python_worker::PythonWorker;

#[activity(start_to_close = "1m", remote)]
async fn survey(case: String) -> String;

/// Returns what it reads of the failure that a case causes.
#[derive(Default)]
struct Reader {
    given_up: bool,
}

#[workflow(name = "RustReader")]
impl Reader {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String, queue: String) -> Result<Vec<String>> {
        let retry = Retry::attempts(2).initial_interval(millis(10));
        let call = survey::call(ctx, &case).task_queue(queue);
        let call = match case.as_str() {
            "silent" => call.heartbeat(secs(5)).retry(retry),
            // The pause would be longer than the time that is left.
            "late" => call
                .schedule_to_close(secs(30))
                .retry(Retry::attempts(2).initial_interval(hours(1))),
            "cancelled" => call.cancellation(CancellationType::WaitCompleted),
            _ => call.retry(retry),
        };
        let mut started = call.start();
        if case == "cancelled" {
            ctx.wait_until(|| self.given_up).await?;
            started.cancel();
        }
        let error = started.await.expect_err("no case gives a result");
        assert_eq!(error.activity, "survey");
        Ok(read(&error)?)
    }

    #[signal]
    fn give_up(&mut self) {
        self.given_up = true;
    }
}

fn read(error: &ActivityError) -> Result<Vec<String>, DataError> {
    let mut read = vec![format!("{:?}", error.retry_state())];
    match &error.cause {
        Failure::Timeout(kind) => {
            let first: Option<String> = error.last_heartbeat()?;
            read.push(format!("{kind:?} {first:?} {}", error.detail::<u32>(1)?));
        }
        Failure::Cancelled => {
            let (at, mile): (String, u32) = (error.detail(0)?, error.detail(1)?);
            read.push(format!("cancelled {at} {mile}"));
        }
        _ => {
            for app in error.apps() {
                read.push(format!("{}: {}", app.kind, app.message));
                // The frames of the SDK come first.
                let trace = app.stack_trace().lines();
                let own = trace.filter(|line| line.contains("python_failures.py"));
                let functions = own.filter_map(|line| line.trim().rsplit_once(", in "));
                read.extend(functions.map(|(_, function)| format!("in {function}")));
            }
        }
    }
    Ok(read)
}

on_both_servers! {
    a_workflow_reads_the_failures_of_python_activities
}

async fn a_workflow_reads_the_failures_of_python_activities(world: &World) -> Result<()> {
    let Some(python) = PythonWorker::start("python_failures.py", world)? else {
        return Ok(());
    };
    let worker = world.worker().workflow::<Reader>().spawn().await?;
    for (case, expected) in [
        (
            "silent",
            vec!["MaximumAttemptsReached", "Heartbeat Some(\"mile\") 2"],
        ),
        (
            "cancelled",
            vec!["CancelRequested", "cancelled at the reef 7"],
        ),
        (
            "caused",
            vec![
                "NonRetryableFailure",
                "SurveyError: no survey",
                "in survey",
                "ValueError: no chart",
                "in survey",
                "in find_chart",
                "KeyError: 'north'",
                "in find_chart",
            ],
        ),
        (
            "fails",
            vec![
                "MaximumAttemptsReached",
                "RuntimeError: in attempt 2",
                "in survey",
            ],
        ),
        (
            "late",
            vec!["Timeout", "RuntimeError: in attempt 1", "in survey"],
        ),
    ] {
        let reader = Reader::start(&world.client, case, &python.queue);
        let reader = reader.task_queue(&world.queue).await?;
        if case == "cancelled" {
            eventually("the activity runs", || async {
                let pending = reader.describe().await.ok()?.pending_activities;
                pending.first()?.is_started.then_some(())
            })
            .await;
            reader.give_up().await?;
        }
        let read = reader.result().timeout(mins(3)).await?;
        assert_eq!(read, expected, "{case}");
    }
    worker.shutdown().await?;
    python.end().await
}
