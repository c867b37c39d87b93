//! Child workflows: starts, results, failures, cancellation, options.

use durably::{
    client::{IdReusePolicy, WorkflowStatus},
    error::{ChildError, Failure, ResultError, RetryState, TimeoutKind},
    prelude::*,
    workflow::{ChildCall, ChildCancellationType},
};
use durably_proto::api::{
    enums::v1::EventType,
    history::v1::{HistoryEvent, history_event::Attributes},
};
use durably_tests::{World, eventually, history, on_both_servers, unique};

/// Does as it is told.
#[derive(Default)]
struct Shipment {
    held: Vec<String>,
    released: bool,
}

#[workflow]
impl Shipment {
    #[run]
    async fn run(&mut self, ctx: &Ctx, how: String) -> Result<String> {
        match how.as_str() {
            "arrives" => Ok(format!("{} has arrived", ctx.workflow_id())),
            "says its queue" => Ok(ctx.task_queue().to_owned()),
            "waits" => {
                ctx.wait_until(|| self.released).await?;
                Ok(self.held.join(", "))
            }
            "waits and cleans up" => {
                if let Err(error) = ctx.wait_until(|| self.released).await {
                    ctx.shield().sleep(millis(100)).await?;
                    return Err(error.into());
                }
                Ok("in time".to_owned())
            }
            "ignores cancellation" => {
                ctx.shield().wait_until(|| self.released).await?;
                Ok("stubborn".to_owned())
            }
            "tells why it is cancelled" => {
                ctx.cancelled().await;
                Ok(ctx.cancel_reason().unwrap_or_default())
            }
            "fails twice" if ctx.attempt() < 3 => bail!("attempt {} fails", ctx.attempt()),
            "fails twice" => Ok(format!("attempt {}", ctx.attempt())),
            "sinks" => Err(AppError::new("Sunk", "in a storm")
                .details(vec!["45 degrees"])
                .into()),
            "takes for ever" => {
                ctx.sleep(days(300)).await?;
                Ok("at last".to_owned())
            }
            "continues" => Self::continue_as_new("arrives").into(),
            "has a child that sinks" => Ok(Self::child(ctx, "sinks")
                .task_queue(ctx.task_queue())
                .await?),
            other => bail!("no such shipment: {other}"),
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

/// A type that no worker has.
#[derive(Default)]
struct Unregistered;

#[workflow]
impl Unregistered {
    #[run]
    async fn run(&mut self) -> String {
        "never".to_owned()
    }
}

/// A shipment by the code that was corrected, which takes a number.
mod corrected {
    use super::*;

    #[derive(Default)]
    pub(super) struct Shipment;

    #[workflow]
    impl Shipment {
        #[run]
        pub(super) async fn run(&mut self, days: u32) -> String {
            format!("in {days} days")
        }
    }
}

/// Of a queue of its own.
#[derive(Default)]
struct Express;

#[workflow(task_queue = "a queue of its own")]
impl Express {
    #[run]
    async fn run(&mut self) {}
}

/// The parent, by cases.
#[derive(Default)]
struct Order {
    go: bool,
    started: Vec<String>,
}

#[workflow]
impl Order {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String, id: String) -> Result<String> {
        let ship = |how: &str| Shipment::child(ctx, how).id(&id);
        Ok(match case.as_str() {
            "result" => ship("arrives").await?,
            "handle" => {
                let ship = ship("waits").start().await?;
                self.started.push(ship.run_id().to_owned());
                ship.hold("customs").await?;
                ship.hold("storm").await?;
                ship.release().await?;
                let held = ship.result().await?;
                assert_eq!(ship.result().await?, held, "it can be asked again");
                format!("{}: {held}", ship.id())
            }
            "random id" => {
                let ship = Shipment::child(ctx, "arrives").start().await?;
                format!("{} {}", ship.id(), ship.result().await?)
            }
            "queues" => {
                let own = ship("says its queue").await?;
                let express = Express::child(ctx).id(format!("{id}-express"));
                let express = express.parent_close(ParentClose::Abandon).start().await?;
                self.started.push(express.id().to_owned());
                own
            }
            "continues" => ship("continues").await?,
            "retried" => {
                let retry = Retry::attempts(3).initial_interval(millis(10));
                ship("fails twice").retry(retry).await?
            }
            "options" => {
                let ship = ship("waits")
                    .execution_timeout(days(3))
                    .run_timeout(days(2))
                    .task_timeout(secs(7))
                    .memo("note", "fragile")
                    .summary("by ship")
                    .details("with the *next* one");
                let ship = ship.start().await?;
                self.started.push(ship.id().to_owned());
                ctx.wait_until(|| self.go).await?;
                ship.release().await?;
                ship.result().await?
            }
            "sinks" => ship("sinks").await?,
            "grandchild" => ship("has a child that sinks").await?,
            "matches" => match ship("sinks").await {
                Ok(arrived) => arrived,
                Err(error) => describe(&error, &id),
            },
            "times out" => match ship("takes for ever").run_timeout(millis(600)).await {
                Ok(arrived) => arrived,
                Err(error) => {
                    assert_eq!(error.timeout(), Some(TimeoutKind::StartToClose));
                    "timed out".to_owned()
                }
            },
            "terminated" => {
                let ship = ship("waits").start().await?;
                self.started.push(ship.id().to_owned());
                match ship.result().await {
                    Err(ChildError {
                        cause: Failure::Terminated,
                        ..
                    }) => "terminated".to_owned(),
                    other => other?,
                }
            }
            "cancelled by another" => {
                let ship = ship("waits").start().await?;
                self.started.push(ship.id().to_owned());
                ship.result().await?
            }
            "already started" => {
                let first = ship("waits").start().await?;
                let error = ship("arrives").await.unwrap_err();
                assert!(error.is_already_started(), "{error}");
                let error = ship("arrives").start().await.unwrap_err();
                assert!(error.is_already_started(), "{error}");
                first.release().await?;
                first.result().await?;
                // A closed one is in nobody's way, unless it is to be.
                ship("arrives").await?;
                let reject = IdReusePolicy::RejectDuplicate;
                let error = ship("arrives").id_reuse_policy(reject).await.unwrap_err();
                assert!(error.is_already_started(), "{error}");
                let failed_only = IdReusePolicy::AllowDuplicateFailedOnly;
                let error = ship("arrives")
                    .id_reuse_policy(failed_only)
                    .await
                    .unwrap_err();
                assert!(error.is_already_started(), "{error}");
                ship("sinks").await.unwrap_err();
                ship("arrives").id_reuse_policy(failed_only).await?
            }
            "fails because it runs" => {
                ship("waits").start().await?;
                ship("arrives").await?
            }
            "signal of a closed one" => {
                let ship = ship("arrives").start().await?;
                ship.result().await?;
                let error = ship.hold("too late").await.unwrap_err();
                assert_eq!(error.signal.as_deref(), Some("hold"));
                assert_eq!(error.workflow_id, id);
                // A request to cancel it is accepted, without effect.
                ship.cancel();
                ship.result().await?;
                format!("{:?} {}", error.fault(), error.is_not_found())
            }
            "needs a type" => Unregistered::child(ctx).id(&id).await?,
            "needs a reader" => ctx.child::<String>("Shipment", (7,)).id(&id).await?,
            "unregistered" => {
                let lost = Unregistered::child(ctx).id(&id).start().await?;
                self.started.push(lost.id().to_owned());
                let other = Shipment::child(ctx, "arrives").id(format!("{id}-other"));
                other.await?
            }
            "undecodable argument" => {
                let lost = ctx.child::<String>("Shipment", (7,)).id(&id);
                self.started.push(lost.start().await?.id().to_owned());
                "the parent goes on".to_owned()
            }
            "reason" => {
                let ship = ship("tells why it is cancelled").start().await?;
                ship.cancel_with_reason("sold out");
                ship.result().await?
            }
            "200" => {
                let ships =
                    (0..200).map(|n| Shipment::child(ctx, "arrives").id(format!("{id}-{n}")));
                let arrived = join_all(ships).await;
                let arrived: Result<Vec<String>, ChildError> = arrived.into_iter().collect();
                arrived?.len().to_string()
            }
            "concurrent" => {
                let first = ctx.spawn(ship("waits"));
                let second = Shipment::child(ctx, "arrives").id(format!("{id}-2"));
                let fast = race(second, ctx.sleep(hours(1))).await.first();
                ctx.external(&id).signal("release", ()).await?;
                first.await?;
                fast.expect("the child is faster")?
            }
            "slow is dropped" => {
                let slow = ship("waits and cleans up");
                assert!(race(slow, ctx.sleep(millis(300))).await.second().is_some());
                self.started.push(id.clone());
                ctx.wait_until(|| self.go).await?;
                "went on".to_owned()
            }
            other => match other.split_once(": ") {
                Some(("close", policy)) => {
                    let policy = match policy {
                        "abandon" => ParentClose::Abandon,
                        "request cancel" => ParentClose::RequestCancel,
                        _ => ParentClose::Terminate,
                    };
                    ship("waits").parent_close(policy).start().await?;
                    "closed first".to_owned()
                }
                Some(("cancel", kind)) => {
                    let (kind, how) = cancellation(kind);
                    let call: ChildCall<Shipment> = ship(how).cancellation(kind);
                    let ship = call.start().await?;
                    self.started.push(ship.id().to_owned());
                    match ship.result().await {
                        Err(error) if error.is_cancelled() => "cancelled".to_owned(),
                        result => result?,
                    }
                }
                _ => bail!("no case {other}"),
            },
        })
    }

    #[signal]
    fn go(&mut self) {
        self.go = true;
    }

    #[query]
    fn started(&self) -> Vec<String> {
        self.started.clone()
    }
}

fn cancellation(kind: &str) -> (ChildCancellationType, &'static str) {
    match kind {
        "try" => (ChildCancellationType::TryCancel, "ignores cancellation"),
        "requested" => (ChildCancellationType::WaitRequested, "ignores cancellation"),
        "completed" => (ChildCancellationType::WaitCompleted, "waits and cleans up"),
        "stubborn" => (ChildCancellationType::WaitCompleted, "ignores cancellation"),
        _ => (ChildCancellationType::Abandon, "ignores cancellation"),
    }
}

fn describe(error: &ChildError, id: &str) -> String {
    assert_eq!((&*error.workflow, &*error.workflow_id), ("Shipment", id));
    assert!(!error.run_id().is_empty() && !error.is_already_started());
    assert_eq!(error.retry_state(), RetryState::RetryPolicyNotSet);
    let app = error.app().expect("the child says why");
    let angle: Vec<String> = app.detail(0).expect("it has details");
    format!("{}: {} at {}", app.kind, app.message, angle[0])
}

/// One parent, its child's id, and a worker for both.
struct Voyage {
    order: Handle<Order>,
    ship: String,
    worker: durably::worker::WorkerGuard,
}

impl Voyage {
    async fn begin(world: &World, case: &str) -> Result<Self> {
        let worker = world
            .worker()
            .workflow::<Order>()
            .workflow::<Shipment>()
            .spawn()
            .await?;
        let ship = unique("ship");
        let order = Order::start(&world.client, case, &ship)
            .task_queue(&world.queue)
            .await?;
        Ok(Self {
            order,
            ship,
            worker,
        })
    }

    /// Waits until the parent has started its child.
    async fn child_started(&self) -> Vec<String> {
        eventually("the child to start", || async {
            let started = self.order.started().await.ok()?;
            (!started.is_empty()).then_some(started)
        })
        .await
    }

    async fn end(self) -> Result<Result<String, ResultError>> {
        let result = self.order.result().timeout(mins(3)).await;
        self.worker.shutdown().await?;
        Ok(result)
    }
}

/// The result of a parent that needs nobody.
async fn result(world: &World, case: &str) -> Result<(Result<String, ResultError>, String)> {
    let voyage = Voyage::begin(world, case).await?;
    let ship = voyage.ship.clone();
    Ok((voyage.end().await?, ship))
}

async fn events(world: &World, handle: &Handle<Order>) -> Vec<HistoryEvent> {
    let run_id = handle.run_id().expect("it was started").to_owned();
    history::events(&world.address(), handle.id(), &run_id).await
}

fn names(events: &[HistoryEvent]) -> Vec<&'static str> {
    let about_tasks =
        |event: &&HistoryEvent| !event.event_type().as_str_name().contains("WORKFLOW_TASK");
    let named = events.iter().filter(about_tasks);
    named
        .map(|event| {
            event
                .event_type()
                .as_str_name()
                .trim_start_matches("EVENT_TYPE_")
        })
        .collect()
}

on_both_servers! {
    a_child_gives_its_result
    a_handle_signals_and_gives_the_result
    a_child_without_an_id_gets_a_random_one
    a_child_has_the_queue_of_its_parent_or_of_its_type
    the_result_of_a_child_is_that_of_its_last_run
    a_child_is_retried
    options_reach_the_child
    the_failure_of_a_child_reaches_the_client_with_its_causes
    the_failure_of_a_child_can_be_matched
    a_child_that_takes_too_long_times_out
    a_terminated_child_says_so
    a_child_that_a_client_cancels_fails_its_parent
    an_id_in_use_is_an_error_that_can_be_matched
    an_error_that_a_child_runs_already_keeps_its_meaning_at_the_client
    a_type_that_no_worker_has_waits_and_its_parent_goes_on
    a_child_that_cannot_read_its_argument_waits_and_its_parent_goes_on
    a_handle_cancels_with_a_reason
    two_hundred_children_at_once
    children_are_spawned_and_raced
    a_dropped_call_cancels_its_child
    parents_that_close_first
    cancellation_in_every_way
    a_child_on_a_cron_schedule
    a_signal_to_a_closed_child_is_an_error_that_can_be_matched
    a_child_of_an_unknown_type_goes_on_with_a_worker_that_has_it
    a_child_that_cannot_read_its_argument_goes_on_with_corrected_code
}

async fn a_child_gives_its_result(world: &World) -> Result<()> {
    let voyage = Voyage::begin(world, "result").await?;
    let (order, ship) = (voyage.order.clone(), voyage.ship.clone());
    assert_eq!(voyage.end().await??, format!("{ship} has arrived"));
    assert_eq!(
        names(&events(world, &order).await),
        [
            "WORKFLOW_EXECUTION_STARTED",
            "START_CHILD_WORKFLOW_EXECUTION_INITIATED",
            "CHILD_WORKFLOW_EXECUTION_STARTED",
            "CHILD_WORKFLOW_EXECUTION_COMPLETED",
            "WORKFLOW_EXECUTION_COMPLETED",
        ]
    );
    Ok(())
}

async fn a_handle_signals_and_gives_the_result(world: &World) -> Result<()> {
    let voyage = Voyage::begin(world, "handle").await?;
    let (order, ship) = (voyage.order.clone(), voyage.ship.clone());
    assert_eq!(voyage.end().await??, format!("{ship}: customs, storm"));
    let all = events(world, &order).await;
    let signals = all.iter().filter_map(|event| match &event.attributes {
        Some(Attributes::SignalExternalWorkflowExecutionInitiatedEventAttributes(it)) => Some(it),
        _ => None,
    });
    for (signal, name) in signals.zip(["hold", "hold", "release"]) {
        assert!(signal.child_workflow_only);
        assert_eq!(signal.signal_name, name);
        assert_eq!(signal.namespace, "default");
        let to = signal.workflow_execution.clone().unwrap_or_default();
        assert_eq!(to.workflow_id, ship);
    }
    let kinds = names(&all);
    let signaled = kinds
        .iter()
        .filter(|it| **it == "EXTERNAL_WORKFLOW_EXECUTION_SIGNALED");
    assert_eq!(signaled.count(), 3, "{kinds:?}");
    let client = Shipment::handle(&world.client, &ship);
    let theirs = history::events(&world.address(), client.id(), "").await;
    let received = theirs
        .iter()
        .filter(|it| it.event_type() == EventType::WorkflowExecutionSignaled);
    assert_eq!(received.count(), 3);
    Ok(())
}

async fn a_child_without_an_id_gets_a_random_one(world: &World) -> Result<()> {
    let (result, _) = result(world, "random id").await?;
    let result = result?;
    let (id, arrived) = result.split_once(' ').expect("an id and a result");
    assert_eq!(arrived, format!("{id} has arrived"));
    assert_eq!(id.len(), 36, "{id}");
    Ok(())
}

async fn a_child_has_the_queue_of_its_parent_or_of_its_type(world: &World) -> Result<()> {
    let voyage = Voyage::begin(world, "queues").await?;
    let order = voyage.order.clone();
    assert_eq!(voyage.end().await??, world.queue);
    let all = events(world, &order).await;
    let queues = all.iter().filter_map(|event| match &event.attributes {
        Some(Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(it)) => {
            it.task_queue.as_ref().map(|it| it.name.clone())
        }
        _ => None,
    });
    let queues: Vec<_> = queues.collect();
    assert_eq!(queues, [world.queue.as_str(), "a queue of its own"]);
    let express = world.client.handle(format!("{}-express", order_ship(&all)));
    express.terminate("it has done its work").await?;
    Ok(())
}

/// The id of the first child.
fn order_ship(all: &[HistoryEvent]) -> String {
    let mut ids = all.iter().filter_map(|event| match &event.attributes {
        Some(Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(it)) => {
            Some(it.workflow_id.clone())
        }
        _ => None,
    });
    ids.next().expect("the parent has a child")
}

async fn the_result_of_a_child_is_that_of_its_last_run(world: &World) -> Result<()> {
    let (result, ship) = result(world, "continues").await?;
    assert_eq!(result?, format!("{ship} has arrived"));
    Ok(())
}

async fn a_child_is_retried(world: &World) -> Result<()> {
    let (result, _) = result(world, "retried").await?;
    assert_eq!(result?, "attempt 3");
    Ok(())
}

async fn options_reach_the_child(world: &World) -> Result<()> {
    let voyage = Voyage::begin(world, "options").await?;
    voyage.child_started().await;
    let theirs = history::events(&world.address(), &voyage.ship, "").await;
    let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = &theirs[0].attributes
    else {
        panic!("a history begins with the start");
    };
    let timeouts = [
        &started.workflow_execution_timeout,
        &started.workflow_run_timeout,
        &started.workflow_task_timeout,
    ];
    assert_eq!(
        timeouts.map(|it| it.as_ref().map_or(0, |it| it.seconds)),
        [3 * 86_400, 2 * 86_400, 7]
    );
    let parent = started
        .parent_workflow_execution
        .clone()
        .unwrap_or_default();
    assert_eq!(parent.workflow_id, voyage.order.id());
    let memo = started.memo.clone().unwrap_or_default();
    assert_eq!(memo.fields["note"].data, b"\"fragile\"");

    let ours = events(world, &voyage.order).await;
    let initiated = ours
        .iter()
        .find(|event| event.event_type() == EventType::StartChildWorkflowExecutionInitiated);
    let metadata = initiated.and_then(|it| it.user_metadata.clone());
    let metadata = metadata.expect("the child has a summary");
    assert_eq!(
        metadata.summary.map(|it| it.data),
        Some(b"\"by ship\"".to_vec())
    );
    assert_eq!(
        metadata.details.map(|it| it.data),
        Some(b"\"with the *next* one\"".to_vec())
    );
    voyage.order.go().await?;
    assert_eq!(voyage.end().await??, "");
    Ok(())
}

async fn the_failure_of_a_child_reaches_the_client_with_its_causes(world: &World) -> Result<()> {
    let (sunk, ship) = result(world, "sinks").await?;
    let error = sunk.unwrap_err();
    let child = error.child().expect("the child is the cause");
    assert_eq!(
        (&*child.workflow, &*child.workflow_id),
        ("Shipment", &*ship)
    );
    assert_eq!(error.app().map(|app| &*app.kind), Some("Sunk"));

    let (grandchild, ship) = result(world, "grandchild").await?;
    let error = grandchild.unwrap_err();
    let child = error.child().expect("the child is the cause");
    assert_eq!(child.workflow_id, ship);
    let Failure::Child(inner) = &child.cause else {
        panic!("its own child is its cause: {child:?}");
    };
    assert_ne!(inner.workflow_id, ship);
    assert_eq!(inner.app().map(|app| &*app.message), Some("in a storm"));
    Ok(())
}

async fn the_failure_of_a_child_can_be_matched(world: &World) -> Result<()> {
    let (result, _) = result(world, "matches").await?;
    assert_eq!(result?, "Sunk: in a storm at 45 degrees");
    Ok(())
}

async fn a_child_that_takes_too_long_times_out(world: &World) -> Result<()> {
    let (result, _) = result(world, "times out").await?;
    assert_eq!(result?, "timed out");
    Ok(())
}

async fn a_terminated_child_says_so(world: &World) -> Result<()> {
    let voyage = Voyage::begin(world, "terminated").await?;
    voyage.child_started().await;
    let ship = world.client.handle(&voyage.ship);
    ship.terminate("not needed").await?;
    assert_eq!(voyage.end().await??, "terminated");
    Ok(())
}

async fn a_child_that_a_client_cancels_fails_its_parent(world: &World) -> Result<()> {
    let voyage = Voyage::begin(world, "cancelled by another").await?;
    voyage.child_started().await;
    world.client.handle(&voyage.ship).cancel().await?;
    let error = voyage.end().await?.unwrap_err();
    let ResultError::Failed(failed) = &error else {
        panic!("the parent was not cancelled: {error:?}");
    };
    assert!(failed.cause.is_cancelled(), "{failed}");
    Ok(())
}

async fn an_id_in_use_is_an_error_that_can_be_matched(world: &World) -> Result<()> {
    let (result, ship) = result(world, "already started").await?;
    assert_eq!(result?, format!("{ship} has arrived"));
    Ok(())
}

async fn an_error_that_a_child_runs_already_keeps_its_meaning_at_the_client(
    world: &World,
) -> Result<()> {
    let (result, ship) = result(world, "fails because it runs").await?;
    let error = result.unwrap_err();
    let child = error.child().expect("the child is the cause");
    assert!(child.is_already_started(), "{child:?}");
    assert_eq!(child.workflow_id, ship);
    Ok(())
}

async fn a_type_that_no_worker_has_waits_and_its_parent_goes_on(world: &World) -> Result<()> {
    let (result, ship) = result(world, "unregistered").await?;
    assert_eq!(result?, format!("{ship}-other has arrived"));
    // Its parent has closed, and it with it.
    closed(world, &ship, WorkflowStatus::Terminated).await;
    Ok(())
}

async fn a_child_that_cannot_read_its_argument_waits_and_its_parent_goes_on(
    world: &World,
) -> Result<()> {
    let (result, ship) = result(world, "undecodable argument").await?;
    assert_eq!(result?, "the parent goes on");
    closed(world, &ship, WorkflowStatus::Terminated).await;
    Ok(())
}

/// Waits until a workflow has this status.
async fn closed(world: &World, id: &str, status: WorkflowStatus) {
    eventually(&format!("{id} to be {status:?}"), || async {
        let described = world.client.handle(id).describe().await.ok()?;
        (described.summary.status == status).then_some(())
    })
    .await;
}

async fn a_handle_cancels_with_a_reason(world: &World) -> Result<()> {
    let voyage = Voyage::begin(world, "reason").await?;
    let order = voyage.order.clone();
    assert_eq!(voyage.end().await??, "sold out");
    let all = events(world, &order).await;
    let request = all.iter().find_map(|event| match &event.attributes {
        Some(Attributes::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(it)) => {
            Some(it.clone())
        }
        _ => None,
    });
    let request = request.expect("the cancellation was requested");
    assert!(request.child_workflow_only);
    assert_eq!(
        (&*request.reason, &*request.namespace),
        ("sold out", "default")
    );
    Ok(())
}

async fn two_hundred_children_at_once(world: &World) -> Result<()> {
    let (result, _) = result(world, "200").await?;
    assert_eq!(result?, "200");
    Ok(())
}

async fn children_are_spawned_and_raced(world: &World) -> Result<()> {
    let (result, ship) = result(world, "concurrent").await?;
    assert_eq!(result?, format!("{ship}-2 has arrived"));
    Ok(())
}

async fn a_dropped_call_cancels_its_child(world: &World) -> Result<()> {
    let voyage = Voyage::begin(world, "slow is dropped").await?;
    voyage.child_started().await;
    closed(world, &voyage.ship, WorkflowStatus::Cancelled).await;
    voyage.order.go().await?;
    assert_eq!(voyage.end().await??, "went on");
    Ok(())
}

async fn parents_that_close_first(world: &World) -> Result<()> {
    for (policy, status) in [
        ("terminate", WorkflowStatus::Terminated),
        ("request cancel", WorkflowStatus::Cancelled),
        ("abandon", WorkflowStatus::Completed),
    ] {
        let voyage = Voyage::begin(world, &format!("close: {policy}")).await?;
        assert_eq!(voyage.order.result().await?, "closed first");
        if policy == "abandon" {
            Shipment::handle(&world.client, &voyage.ship)
                .release()
                .await?;
        }
        closed(world, &voyage.ship, status).await;
        voyage.worker.shutdown().await?;
    }
    Ok(())
}

async fn cancellation_in_every_way(world: &World) -> Result<()> {
    for (kind, requested, expected) in [
        ("try", true, "cancelled"),
        ("requested", true, "cancelled"),
        ("completed", true, "cancelled"),
        ("stubborn", true, "stubborn"),
        ("abandon", false, "cancelled"),
    ] {
        let voyage = Voyage::begin(world, &format!("cancel: {kind}")).await?;
        voyage.child_started().await;
        voyage.order.cancel().await?;
        let ship = Shipment::handle(&world.client, &voyage.ship);
        if kind == "stubborn" {
            let order = voyage.order.clone();
            eventually("the child to be asked", || async {
                let all = events(world, &order).await;
                let asked = names(&all);
                asked
                    .contains(&"EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED")
                    .then_some(())
            })
            .await;
            ship.release().await?;
        }
        let (order, id) = (voyage.order.clone(), voyage.ship.clone());
        assert_eq!(voyage.end().await??, expected, "{kind}");
        let all = events(world, &order).await;
        let kinds = names(&all);
        let asked = kinds.contains(&"REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED");
        assert_eq!(asked, requested, "{kind}: {kinds:?}");
        let delivered = kinds.contains(&"EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED");
        if kind == "requested" || kind == "completed" {
            assert!(delivered, "{kind}: {kinds:?}");
        }
        let ended = kinds.contains(&"CHILD_WORKFLOW_EXECUTION_CANCELED");
        assert_eq!(ended, kind == "completed", "{kind}: {kinds:?}");
        if kind != "completed" && kind != "stubborn" {
            closed(world, &id, WorkflowStatus::Terminated).await;
        }
    }
    Ok(())
}

/// Starts a child on a cron schedule, and goes.
#[derive(Default)]
struct Daily;

#[workflow]
impl Daily {
    #[run]
    async fn run(&mut self, ctx: &Ctx, id: String) -> Result<()> {
        let tick = Shipment::child(ctx, "arrives").id(id).cron("@every 1s");
        tick.parent_close(ParentClose::Abandon).start().await?;
        Ok(())
    }
}

async fn a_child_on_a_cron_schedule(world: &World) -> Result<()> {
    let worker = world
        .worker()
        .workflow::<Daily>()
        .workflow::<Shipment>()
        .spawn()
        .await?;
    let id = unique("daily");
    let daily = Daily::start(&world.client, &id).task_queue(&world.queue);
    daily.result().await?;
    let handle = world.client.handle(&id);
    let first = eventually("the first run", || async {
        handle.describe().await.ok().map(|it| it.summary.run_id)
    })
    .await;
    eventually("the second run", || async {
        let described = handle.describe().await.ok()?;
        (described.summary.run_id != first).then_some(())
    })
    .await;
    handle.terminate("seen enough").await?;
    worker.shutdown().await
}

async fn a_signal_to_a_closed_child_is_an_error_that_can_be_matched(world: &World) -> Result<()> {
    let (result, _) = result(world, "signal of a closed one").await?;
    assert_eq!(result?, "Some(NotFound) true");
    Ok(())
}

/// A parent whose child fails its first workflow task by the first worker.
async fn stuck(world: &World, case: &str) -> Result<Handle<Order>> {
    let voyage = Voyage::begin(world, case).await?;
    let ship = world.client.handle(&voyage.ship);
    eventually("the child to fail its task", || async {
        let history = ship.history().await.ok()?.to_string();
        history.contains("WorkflowTaskFailed").then_some(())
    })
    .await;
    voyage.worker.shutdown().await?;
    Ok(voyage.order)
}

async fn a_child_of_an_unknown_type_goes_on_with_a_worker_that_has_it(world: &World) -> Result<()> {
    let order = stuck(world, "needs a type").await?;
    let worker = world.worker().workflow::<Order>();
    let worker = worker.workflow::<Unregistered>().spawn().await?;
    assert_eq!(order.result().await?, "never");
    worker.shutdown().await
}

async fn a_child_that_cannot_read_its_argument_goes_on_with_corrected_code(
    world: &World,
) -> Result<()> {
    let order = stuck(world, "needs a reader").await?;
    let worker = world.worker().workflow::<Order>();
    let worker = worker.workflow::<corrected::Shipment>().spawn().await?;
    assert_eq!(order.result().await?, "in 7 days");
    worker.shutdown().await
}
