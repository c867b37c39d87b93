//! What many at once cost in one workflow, on an embedded server and replayed.
//!
//! `fanout served KIND N`: the wall time of a run with N timers, activities or children at once.
//! `fanout replayed KIND N`: the replay of such a history, in which one workflow task sees all of them end
//! (`together_us`, for one of them) and in which each ends in a task of its own (`apart_us`). The server keeps
//! 2,000 activities or children pending, as a real one does, so larger numbers are replayed.
//! `fanout chain EVENTS`: the replay of activities one after another.

use std::time::Instant;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bench_ours::{FanOut, Hello, One, inc};
use durably::{Result, Server, Worker, bail, client::History, replay::Replayer, secs};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["served", kind, n] => served(kind, n.parse()?).await,
        ["replayed", kind, n] => {
            let n = n.parse()?;
            let together = replay_us(&fan_out(kind, n, n as usize))? / f64::from(n);
            let apart = replay_us(&fan_out(kind, n, 1))? / f64::from(n);
            println!("together_us={together:.3} apart_us={apart:.3}");
            Ok(())
        }
        ["chain", events] => {
            let events = events.parse()?;
            println!(
                "event_us={:.3}",
                replay_us(&chain(events))? / f64::from(events)
            );
            Ok(())
        }
        _ => bail!(
            "usage: fanout served|replayed timers|activities|children N | fanout chain EVENTS"
        ),
    }
}

async fn served(kind: &str, n: u32) -> Result<()> {
    let server = Server::start().await?;
    let client = server.client().await?;
    let worker = Worker::new(&client, "fan-out")
        .workflow::<FanOut>()
        .workflow::<One>()
        .activity::<inc>()
        .spawn()
        .await?;
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let start = Instant::now();
        FanOut::start(&client, kind, n)
            .task_queue("fan-out")
            .task_timeout(secs(60))
            .result()
            .await?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!(
        "run_ms={:.1} each_us={:.1}",
        best * 1e3,
        best * 1e6 / f64::from(n)
    );
    worker.shutdown().await
}

/// The least microseconds of five replays.
fn replay_us(history: &Value) -> Result<f64> {
    let history = History::from_json(&history.to_string())?;
    let replayer = Replayer::new().workflow::<FanOut>().workflow::<Hello>();
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let history = history.clone();
        let start = Instant::now();
        replayer.replay(history)?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(best * 1e6)
}

/// A run that starts `n` of a kind in its first workflow task; each later task sees `per_task` of them end.
fn fan_out(kind: &str, n: u32, per_task: usize) -> Value {
    let mut events = Events::started("FanOut", json!([payload(&json!(kind)), payload(&json!(n))]));
    events.task();
    let open: Vec<i64> = (0..n).map(|index| events.initiated(kind, index)).collect();
    for ended in open.chunks(per_task) {
        for scheduled in ended {
            events.ended(kind, *scheduled);
        }
        events.task();
    }
    events.completed()
}

/// Activities one after another, about `events` events in all.
fn chain(events: u32) -> Value {
    let activities = events / 6;
    let mut events = Events::started("Hello", json!([payload(&json!(activities))]));
    for index in 0..activities {
        events.task();
        let scheduled = events.initiated("activities", index);
        events.ended("activities", scheduled);
    }
    events.task();
    events.completed()
}

/// A history as `temporal workflow show -o json` prints it.
struct Events(Vec<Value>);

impl Events {
    fn started(workflow: &str, arguments: Value) -> Self {
        let mut events = Self(Vec::new());
        let started = json!({
            "workflowType": { "name": workflow }, "taskQueue": { "name": "fan-out" },
            "input": { "payloads": arguments }, "attempt": 1, "originalExecutionRunId": "run",
            "firstExecutionRunId": "run", "workflowId": "fan-out",
        });
        events.push("WorkflowExecutionStarted", started);
        events
    }

    fn push(&mut self, kind: &str, attributes: Value) -> i64 {
        let id = self.0.len() as i64 + 1;
        let name = format!("{}{}EventAttributes", kind[..1].to_lowercase(), &kind[1..]);
        self.0.push(json!({
            "eventId": id, "eventTime": "2026-01-01T00:00:00Z", "eventType": kind, name: attributes,
        }));
        id
    }

    fn task(&mut self) {
        let scheduled = self.push("WorkflowTaskScheduled", json!({ "attempt": 1 }));
        let started = self.push(
            "WorkflowTaskStarted",
            json!({ "scheduledEventId": scheduled }),
        );
        self.push(
            "WorkflowTaskCompleted",
            json!({ "scheduledEventId": scheduled, "startedEventId": started }),
        );
    }

    fn initiated(&mut self, kind: &str, index: u32) -> i64 {
        let id = (index + 1).to_string();
        match kind {
            "timers" => self.push(
                "TimerStarted",
                json!({ "timerId": id, "startToFireTimeout": "1s" }),
            ),
            "activities" => self.push(
                "ActivityTaskScheduled",
                json!({ "activityId": id, "activityType": { "name": "inc" } }),
            ),
            _ => self.push(
                "StartChildWorkflowExecutionInitiated",
                json!({ "workflowId": format!("child-{id}"), "workflowType": { "name": "One" } }),
            ),
        }
    }

    fn ended(&mut self, kind: &str, initiated: i64) {
        let one = json!({ "payloads": [payload(&json!(1))] });
        match kind {
            "timers" => {
                let id = self.0[initiated as usize - 1]["timerStartedEventAttributes"]["timerId"]
                    .clone();
                self.push(
                    "TimerFired",
                    json!({ "timerId": id, "startedEventId": initiated }),
                );
            }
            "activities" => {
                let started = self.push(
                    "ActivityTaskStarted",
                    json!({ "scheduledEventId": initiated, "attempt": 1 }),
                );
                self.push(
                    "ActivityTaskCompleted",
                    json!({ "scheduledEventId": initiated, "startedEventId": started, "result": one }),
                );
            }
            _ => {
                let id = self.0[initiated as usize - 1]
                    ["startChildWorkflowExecutionInitiatedEventAttributes"]["workflowId"]
                    .clone();
                let run = json!({ "workflowId": id, "runId": format!("run-{initiated}") });
                let started = self.push(
                    "ChildWorkflowExecutionStarted",
                    json!({
                        "initiatedEventId": initiated, "workflowExecution": run,
                        "workflowType": { "name": "One" },
                    }),
                );
                self.push(
                    "ChildWorkflowExecutionCompleted",
                    json!({
                        "initiatedEventId": initiated, "startedEventId": started,
                        "workflowExecution": run, "workflowType": { "name": "One" }, "result": one,
                    }),
                );
            }
        }
    }

    fn completed(mut self) -> Value {
        self.push("WorkflowExecutionCompleted", json!({}));
        json!({ "events": self.0 })
    }
}

fn payload(value: &Value) -> Value {
    json!({ "metadata": { "encoding": STANDARD.encode("json/plain") }, "data": STANDARD.encode(value.to_string()) })
}
