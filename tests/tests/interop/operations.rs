//! The Python SDK as operator: of schedules, cron, namespaces, batches, task queues and workers, whose workflows are
//! not in Python.

use std::process::Command;

use durably::{Worker, prelude::*};
use durably_tests::{
    World, on_both_servers,
    process::{output, python},
    raw, unique,
};
use serde_json::{Value as Json, json};

/// Returns its city, with a plus sign for each run before it.
#[derive(Default)]
struct Nightly;

#[workflow(name = "nightly")]
impl Nightly {
    #[run]
    async fn run(&mut self, ctx: &Ctx, city: String) -> Result<String> {
        let last = ctx.last_completion::<String>()?;
        Ok(last.map_or(city, |last| format!("{last}+")))
    }
}

/// Waits for a signal.
#[derive(Default)]
struct Waiting {
    is_finished: bool,
}

#[workflow(name = "waiting")]
impl Waiting {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        ctx.wait_until(|| self.is_finished).await?;
        Ok("done".to_owned())
    }

    #[signal]
    fn finish(&mut self) {
        self.is_finished = true;
    }
}

on_both_servers! {
    python_drives_schedules_and_cron
    python_operates_namespaces_batches_and_workers
}

/// What a program prints.
async fn printed(mut program: Command, arguments: &[&str]) -> Json {
    program.args(arguments);
    let printed = output(program).await;
    serde_json::from_str(&printed).expect("it prints JSON")
}

async fn python_drives_schedules_and_cron(world: &World) -> Result<()> {
    let Some(program) = python("schedules.py") else {
        return Ok(());
    };
    raw::add_search_attributes(world).await?;
    let worker = world.worker().workflow::<Nightly>().spawn().await?;
    let arguments = [&*world.address(), &world.queue, &unique("python")];
    assert_eq!(
        printed(program, &arguments).await,
        json!({
            "schedule": {
                "created": {
                    "workflow": "nightly",
                    "run_timeout": "1:00:00",
                    "calendars": [["[(4, 8, 2)]", "in winter"], ["[(0, 0, 1)]", null]],
                    "intervals": ["1000 days, 0:00:00 1:00:00"],
                    "skipped": 1,
                    "from": "2030-01-01 00:00:00+00:00 2040-01-01 00:00:00+00:00 0:00:05 Europe/Berlin",
                    "policy": "BUFFER_ONE 2:00:00 True",
                    "state": "every night True 9",
                    "memo": {"of": "the schedule"},
                    "keyword": "ID",
                    "actions": 0,
                },
                "again": "Schedule already running",
                "updated": {
                    "workflow": "nightly",
                    "run_timeout": "1:00:00",
                    "calendars": [],
                    "intervals": ["1 day, 0:00:00 None"],
                    "skipped": 0,
                    "from": "None None None None",
                    "policy": "ALLOW_ALL 2:00:00 True",
                    "state": "every day True 0",
                    "memo": {"of": "the schedule"},
                    "keyword": "ID",
                    "actions": 0,
                },
                "result": "Berlin",
                "run": {
                    "type": "nightly",
                    "memo": {"from": "python"},
                    "keyword": "ID-run",
                    "by": "ID",
                },
                "backfilled": ["2025-03-02T00:00:00Z", "2025-03-03T00:00:00Z", "2025-03-04T00:00:00Z"],
                "unpaused": "open False",
                "paused": "closed True",
                "listed": [{
                    "id": "ID",
                    "note": "closed",
                    "memo": {"of": "the schedule"},
                    "keyword": "ID",
                }],
            },
            "cron": {"results": ["Oslo", "Oslo+", "Oslo++"], "ended": "TerminatedError"},
        })
    );
    worker.shutdown().await
}

async fn python_operates_namespaces_batches_and_workers(world: &World) -> Result<()> {
    const PROGRAM: &str = "operations.py";
    let (Some(registers), Some(operates)) = (python(PROGRAM), python(PROGRAM)) else {
        return Ok(());
    };
    let namespace = unique("python");
    let arguments = [&*world.address(), &namespace];
    assert_eq!(
        printed(registers, &arguments).await,
        json!({
            "again": "ALREADY_EXISTS: Namespace \"NAMESPACE\" already exists",
            "described": [
                "the other shop",
                "shop@example.com",
                {"floor": "2", "team": "checkout"},
            ],
            "retention": 3 * 86_400,
            "nowhere": "NOT_FOUND: Namespace nowhere is not found.",
        })
    );
    let client = world.client.in_namespace(&namespace);
    let worker = Worker::new(&client, &world.queue).workflow::<Waiting>();
    let worker = worker.identity("the-worker").heartbeat_interval(secs(1));
    let worker = worker.spawn().await?;
    let arguments = [&*world.address(), &namespace, &world.queue];
    assert_eq!(
        printed(operates, &arguments).await,
        json!({
            "workflows": {
                "groups": [4, [["Running", 3], ["Terminated", 1]]],
                "signal": ["BATCH_OPERATION_STATE_COMPLETED", "the test", "python", 3, 3, 0],
                "results": ["done", "done", "done"],
                "reset": "done",
                "deleted": "NOT_FOUND: workflow not found for ID: QUEUE-1",
                "nothing": ["BATCH_OPERATION_STATE_COMPLETED", "the test", "python", 0, 0, 0],
                "stopped": "NOT_FOUND: workflow execution already completed",
                "unknown": "NOT_FOUND: workflow not found for ID: nothing",
                "batches": [
                    "QUEUE-nothing BATCH_OPERATION_STATE_COMPLETED",
                    "QUEUE-signal BATCH_OPERATION_STATE_COMPLETED",
                ],
            },
            "workers": {
                "pollers": ["the-worker"],
                "backlog": 0,
                "worker": ["the-worker", "QUEUE", true],
                "unknown": "NOT_FOUND: Worker nothing not found",
            },
        })
    );
    worker.shutdown().await?;
    world.client.delete_namespace(&namespace).await?;
    Ok(())
}
