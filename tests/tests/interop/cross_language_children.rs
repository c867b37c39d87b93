//! Children across languages: one in Python of a parent in Rust, and the other way round.

use durably::{
    error::{ChildError, Failure},
    prelude::*,
};
use durably_tests::{World, eventually, on_both_servers, unique};

use super::python_worker::PythonWorker;

#[derive(Default)]
struct Shipment {
    held: Vec<String>,
    released: bool,
}

#[workflow(name = "RustShipment")]
impl Shipment {
    #[run]
    async fn run(&mut self, ctx: &Ctx, how: String) -> Result<String> {
        match how.as_str() {
            "arrives" => Ok(format!("{} has arrived", ctx.workflow_id())),
            "sinks" => Err(AppError::new("Sunk", "in a storm")
                .details(vec!["45 degrees"])
                .into()),
            "signals its parent" => {
                let parent = ctx.parent().map(|it| it.workflow_id().to_owned());
                let parent = ctx.external(parent.unwrap_or_default());
                parent.signal("report", ("from RustShipment",)).await?;
                Ok("reported".to_owned())
            }
            _ => {
                ctx.wait_until(|| self.released).await?;
                Ok(self.held.join(", "))
            }
        }
    }

    #[signal]
    fn hold(&mut self, why: String) {
        self.held.push(why);
    }

    #[signal]
    fn release(&mut self) {
        self.released = true;
    }
}

/// A parent of children in Python, by cases. They run on the task queue of the Python worker.
#[derive(Default)]
struct Order {
    reports: Vec<String>,
}

#[workflow(name = "RustOrder")]
impl Order {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String, id: String, queue: String) -> Result<String> {
        let ship = |how: &str| {
            ctx.child::<String>("PythonShipment", (how.to_owned(),))
                .id(&id)
                .task_queue(&queue)
        };
        Ok(match case.as_str() {
            "result" => ship("arrives").await?,
            "sinks" => {
                let error: ChildError = ship("sinks").await.unwrap_err();
                assert_eq!(
                    (&*error.workflow, &*error.workflow_id),
                    ("PythonShipment", &*id)
                );
                let app = error.app().expect("the child says why");
                let angle: Vec<String> = app.detail(0)?;
                format!("{}: {} at {}", app.kind, app.message, angle[0])
            }
            "passes on" => ship("sinks").await?,
            "handle" => {
                let ship = ship("waits").start().await?;
                ship.signal("hold", ("customs",)).await?;
                let external = ctx.external(&id);
                external.signal("hold", ("storm",)).await?;
                external.signal("release", ()).await?;
                ship.result().await?
            }
            "cancels" => {
                let ship = ship("waits").start().await?;
                ship.cancel();
                match ship.result().await {
                    Err(error) if error.is_cancelled() => "cancelled".to_owned(),
                    other => other?,
                }
            }
            "times out" => ended(&ship("waits").run_timeout(secs(1)).await.unwrap_err()),
            "is ended" => ended(&ship("waits").await.unwrap_err()),
            "already started" => {
                let _first = ship("waits").start().await?;
                match ship("waits").start().await {
                    Err(error) if error.is_already_started() => "already started".to_owned(),
                    other => other?.id().to_owned(),
                }
            }
            "is signalled" => {
                let _ship = ship("signals its parent").start().await?;
                ctx.wait_until(|| !self.reports.is_empty()).await?;
                self.reports[0].clone()
            }
            other => bail!("no case {other}"),
        })
    }

    #[signal]
    fn report(&mut self, text: String) {
        self.reports.push(text);
    }
}

const SCRIPT: &str = "cross_language_children.py";

on_both_servers! {
    children_in_python_of_a_parent_in_rust
    children_in_rust_of_a_parent_in_python
}

/// How a child ended, as its parent reads it.
fn ended(error: &ChildError) -> String {
    let how = match &error.cause {
        Failure::Timeout(kind) => format!("timed out: {kind:?}"),
        Failure::Cancelled => "was cancelled".to_owned(),
        Failure::Terminated => "was terminated".to_owned(),
        other => format!("{other:?}"),
    };
    format!("{how}, {:?}", error.retry_state())
}

/// How a client stops a child.
#[derive(Clone, Copy, Debug)]
enum Stop {
    Cancel,
    Terminate,
}

/// Stops a child as soon as it runs.
async fn stop_child(world: &World, ship: &str, stop: Stop) {
    let ship = world.client.handle(ship);
    eventually("the child runs", || async {
        match stop {
            Stop::Cancel => ship.cancel().await.ok(),
            Stop::Terminate => ship.terminate("for the test").await.ok(),
        }
    })
    .await;
}

/// The ends of a child by a client, with what its parent returns.
const STOPS: [(Stop, &str); 2] = [
    (Stop::Cancel, "was cancelled, NonRetryableFailure"),
    (Stop::Terminate, "was terminated, NonRetryableFailure"),
];

/// The cases that both parents have, with what each gives.
fn cases(ship: &str, child: &str) -> [(&'static str, String); 7] {
    [
        ("result", format!("{ship} has arrived")),
        ("sinks", "Sunk: in a storm at 45 degrees".to_owned()),
        ("handle", "customs, storm".to_owned()),
        ("cancels", "cancelled".to_owned()),
        (
            "times out",
            "timed out: StartToClose, RetryPolicyNotSet".to_owned(),
        ),
        ("already started", "already started".to_owned()),
        ("is signalled", format!("from {child}")),
    ]
}

async fn children_in_python_of_a_parent_in_rust(world: &World) -> Result<()> {
    let Some(python) = PythonWorker::start(SCRIPT, world)? else {
        return Ok(());
    };
    let worker = world.worker().workflow::<Order>().spawn().await?;
    let ship = unique("ship");
    for (case, expected) in cases(&ship, "PythonShipment") {
        let order = Order::start(&world.client, case, &ship, &python.queue);
        let order = order.task_queue(&world.queue).await?;
        let result = order.result().timeout(mins(3)).await?;
        assert_eq!(result, expected, "{case}");
        terminate(world, &ship).await;
    }
    for (stop, expected) in STOPS {
        let ship = unique("ship");
        let order = Order::start(&world.client, "is ended", &ship, &python.queue);
        let order = order.task_queue(&world.queue).await?;
        stop_child(world, &ship, stop).await;
        let result = order.result().timeout(mins(3)).await?;
        assert_eq!(result, expected, "{stop:?}");
    }
    let order = Order::start(&world.client, "passes on", &ship, &python.queue);
    let order = order.task_queue(&world.queue).await?;
    let error = order.result().timeout(mins(3)).await.unwrap_err();
    let child = error.child().expect("the child is the cause");
    assert_eq!(child.workflow, "PythonShipment");
    assert_eq!(error.app().map(|app| &*app.kind), Some("Sunk"));
    worker.shutdown().await?;
    python.end().await
}

async fn children_in_rust_of_a_parent_in_python(world: &World) -> Result<()> {
    let Some(python) = PythonWorker::start(SCRIPT, world)? else {
        return Ok(());
    };
    let worker = world.worker().workflow::<Shipment>().spawn().await?;
    let ship = unique("ship");
    for (case, expected) in cases(&ship, "RustShipment") {
        let args = (case.to_owned(), ship.clone(), world.queue.clone());
        let order = world.client.start("PythonOrder", args);
        let order = order.task_queue(&python.queue).await?;
        let result: String = order.result().timeout(mins(3)).await?;
        assert_eq!(result, expected, "{case}");
        terminate(world, &ship).await;
    }
    for (stop, expected) in STOPS {
        let ship = unique("ship");
        let args = ("is ended".to_owned(), ship.clone(), world.queue.clone());
        let order = world.client.start("PythonOrder", args);
        let order = order.task_queue(&python.queue).await?;
        stop_child(world, &ship, stop).await;
        let result: String = order.result().timeout(mins(3)).await?;
        assert_eq!(result, expected, "{stop:?}");
    }
    let args = ("passes on".to_owned(), ship.clone(), world.queue.clone());
    let order = world.client.start("PythonOrder", args);
    let order = order.task_queue(&python.queue).await?;
    let error = order.result::<String>().timeout(mins(3)).await.unwrap_err();
    let child = error.child().expect("the child is the cause");
    assert_eq!(child.workflow, "RustShipment");
    assert_eq!(error.app().map(|app| &*app.kind), Some("Sunk"));
    worker.shutdown().await?;
    python.end().await
}

/// Ends a child that a case left behind; its parent may have ended it.
async fn terminate(world: &World, ship: &str) {
    let _closed = world
        .client
        .handle(ship)
        .terminate("the case is over")
        .await;
}
