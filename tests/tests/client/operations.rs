//! What operators do: look at workflows and histories, delete them, run batches, manage namespaces.

use durably::{
    client::{BatchKind, BatchState, NamespaceState, WorkflowStatus},
    error::{BatchError, HandleError, NamespaceError, RpcError},
    prelude::*,
    search::{Keyword, SearchKey},
};
use durably_tests::{World, eventually, on_both_servers, unique};
use futures::TryStreamExt;

const STATUS: SearchKey<Keyword> = SearchKey::new("ExecutionStatus");

/// Fails in its first attempts, after it has sent a heartbeat.
#[activity(start_to_close = "10s", heartbeat = "10s")]
async fn flaky(ctx: &ActivityCtx) -> Result<()> {
    ctx.heartbeat(40);
    bail!("attempt {} fails", ctx.attempt())
}

/// Waits for an activity that fails, and for a child.
#[derive(Default)]
struct Parent;

#[workflow]
impl Parent {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        let child = Child::child(ctx).start().await?;
        let retry = Retry::attempts(9).initial_interval(hours(1));
        flaky::call(ctx).retry(retry).await?;
        child.result().await?;
        Ok(())
    }
}

/// Waits until it is told to end.
#[derive(Default)]
struct Child {
    done: bool,
}

#[workflow]
impl Child {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        Ok(ctx.wait_until(|| self.done).await?)
    }

    #[signal]
    fn finish(&mut self) {
        self.done = true;
    }
}

/// Code that has a bug.
#[derive(Default)]
struct Broken;

#[workflow]
impl Broken {
    #[run]
    async fn run(&mut self) -> Result<()> {
        panic!("a bug in the code")
    }
}

on_both_servers! {
    a_description_shows_what_is_pending
    a_description_tells_why_the_code_fails
    events_are_followed_until_the_run_closes
    events_of_a_task_that_fails_again_are_followed_once
    a_history_as_json_is_what_it_was
    a_history_is_read_from_its_end
    workflows_are_counted_by_status
    a_namespace_is_registered_and_used
    a_deleted_workflow_is_gone
    a_namespace_is_updated_and_deleted
    batches_do_one_thing_with_all
}

async fn a_description_shows_what_is_pending(world: &World) -> Result<()> {
    let worker = world
        .worker()
        .workflow::<Parent>()
        .workflow::<Child>()
        .activity::<flaky>()
        .spawn()
        .await?;
    let parent = Parent::start(&world.client)
        .task_queue(&world.queue)
        .execution_timeout(days(1))
        .run_timeout(hours(2))
        .task_timeout(secs(5))
        .await?;
    let found = eventually("the second attempt", || async {
        let found = parent.describe().await.ok()?;
        let activity = found.pending_activities.first()?;
        (activity.attempt == 2).then_some(found)
    })
    .await;
    assert_eq!(found.execution_timeout, Some(days(1)));
    assert_eq!(found.run_timeout, Some(hours(2)));
    assert_eq!(found.task_timeout, Some(secs(5)));
    let activity = &found.pending_activities[0];
    assert_eq!(activity.max_attempts, Some(9));
    assert_eq!(activity.heartbeat::<u32>()?, Some(40));
    assert!(!activity.is_started && !activity.is_paused && !activity.is_cancel_requested);
    let failure = activity.last_failure.as_ref().map(ToString::to_string);
    assert_eq!(failure.as_deref(), Some("attempt 1 fails"));
    // The pause is an hour.
    let next = activity.next_attempt.zip(found.start_time);
    let (next, start) = next.expect("both are known");
    assert!(
        next.duration_since(start).is_ok_and(|it| it >= mins(59)),
        "{next:?}"
    );
    let [child] = &found.pending_children[..] else {
        panic!("{:?}", found.pending_children);
    };
    assert_eq!(child.workflow_type, "Child");
    let described = world.client.handle(&child.workflow_id).describe().await?;
    assert_eq!(
        (&described.run_id, described.parent_id.as_deref()),
        (&child.run_id, Some(parent.id()))
    );
    assert_eq!(described.root_id.as_deref(), Some(parent.id()));
    assert!(described.pending_workflow_task.is_none() && described.callbacks.is_empty());
    parent.terminate("seen").await?;
    worker.shutdown().await
}

async fn a_description_tells_why_the_code_fails(world: &World) -> Result<()> {
    let broken = Broken::start(&world.client)
        .task_queue(&world.queue)
        .await?;
    let task = broken.describe().await?.pending_workflow_task;
    let task = task.expect("it waits for a worker");
    assert!(task.attempt == 1 && task.waiting_since.is_some() && task.started.is_none());
    assert_eq!(task.failure, None);
    let worker = world.worker().workflow::<Broken>().spawn().await?;
    let failure = eventually("a failed task", || async {
        broken.describe().await.ok()?.pending_workflow_task?.failure
    })
    .await;
    assert!(failure.contains("a bug in the code"), "{failure}");
    broken.terminate("seen").await?;
    worker.shutdown().await
}

async fn events_are_followed_until_the_run_closes(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Child>().spawn().await?;
    let handle = Child::start(&world.client).task_queue(&world.queue).await?;
    let open = handle.untyped().events().closing().next().await?;
    assert!(open.is_none(), "{open:?}");
    let mut events = handle.untyped().events().wait();
    let mut names = Vec::new();
    while let Some(event) = events.next().await? {
        names.push(event.name());
        if event.name() == "WorkflowTaskCompleted" && names.len() < 5 {
            handle.finish().await?;
        }
    }
    assert_eq!(
        names.last().map(String::as_str),
        Some("WorkflowExecutionCompleted")
    );
    let all = handle.history().await?;
    assert_eq!(names.len(), all.len());
    let closing: Vec<_> = handle.untyped().events().closing().try_collect().await?;
    assert_eq!(
        closing.iter().map(|it| it.name()).collect::<Vec<_>>(),
        ["WorkflowExecutionCompleted"]
    );
    let nobody = world.client.handle(unique("nobody")).events().next().await;
    assert!(
        matches!(nobody, Err(HandleError::NotFound(_))),
        "{nobody:?}"
    );
    worker.shutdown().await
}

async fn events_of_a_task_that_fails_again_are_followed_once(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Broken>().spawn().await?;
    let broken = Broken::start(&world.client)
        .task_queue(&world.queue)
        .await?;
    // The server records no events of this attempt, and shows them all the same.
    eventually("the second attempt", || async {
        let task = broken.describe().await.ok()?.pending_workflow_task?;
        (task.attempt > 1).then_some(())
    })
    .await;
    let mut events = broken.untyped().events().wait();
    let mut ids = Vec::new();
    while let Some(event) = events.next().await? {
        ids.push(event.id());
        if event.name() == "WorkflowTaskFailed" {
            broken.terminate("seen").await?;
        }
    }
    let recorded = broken.history().await?;
    let recorded: Vec<_> = recorded.events().iter().map(|event| event.id()).collect();
    assert_eq!(ids, recorded);
    worker.shutdown().await
}

async fn a_history_as_json_is_what_it_was(world: &World) -> Result<()> {
    use durably::client::History;

    let worker = world.worker().workflow::<Child>().spawn().await?;
    let handle = Child::start(&world.client).task_queue(&world.queue).await?;
    handle.finish().await?;
    handle.result().await?;
    let history = handle.history().await?;
    let json = history.to_json();
    assert!(
        json.contains("EVENT_TYPE_WORKFLOW_EXECUTION_STARTED"),
        "{json}"
    );
    assert_eq!(History::from_json(&json)?.into_raw(), history.into_raw());
    worker.shutdown().await
}

async fn a_history_is_read_from_its_end(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Child>().spawn().await?;
    let handle = Child::start(&world.client).task_queue(&world.queue).await?;
    handle.finish().await?;
    handle.result().await?;
    let history = handle.history().await?;
    let mut forwards: Vec<_> = history.events().iter().map(|event| event.id()).collect();
    let backwards = handle.untyped().events().newest_first();
    let backwards: Vec<_> = backwards.map_ok(|event| event.id()).try_collect().await?;
    forwards.reverse();
    assert_eq!(backwards, forwards);
    // A limit takes the last ones, page by page.
    let mut last = handle
        .untyped()
        .events()
        .wait()
        .closing()
        .newest_first()
        .limit(1);
    let event = last.next().await?.expect("it has ended");
    assert_eq!(event.name(), "WorkflowExecutionCompleted");
    assert!(last.next().await?.is_none());
    let mut again = handle.untyped().events().newest_first().wait();
    let event = again.next().await?.expect("it has begun");
    assert_eq!(event.name(), "WorkflowExecutionStarted");
    worker.shutdown().await
}

async fn workflows_are_counted_by_status(world: &World) -> Result<()> {
    let mut handles = Vec::new();
    for _ in 0..3 {
        handles.push(Child::start(&world.client).task_queue(&world.queue).await?);
    }
    handles[0].terminate("counted").await?;
    let filter = format!("TaskQueue = '{}'", world.queue);
    let counted = || async {
        let mut groups = world.client.count_by(STATUS, &filter).await.ok()?;
        groups.sort();
        let expected = [
            (Some("Running".to_owned()), 2),
            (Some("Terminated".to_owned()), 1),
        ];
        (groups == expected).then_some(())
    };
    eventually("the counts", counted).await;
    let malformed = world.client.count_by(STATUS, "TaskQueue = ").await;
    assert!(
        matches!(malformed, Err(RpcError::InvalidArgument { .. })),
        "{malformed:?}"
    );
    const TYPE: SearchKey<Keyword> = SearchKey::new("WorkflowType");
    match world.client.count_by(TYPE, &filter).await {
        Err(RpcError::InvalidArgument { message }) => assert_eq!(
            message,
            "invalid query: operation is not supported: 'GROUP BY' clause is not supported for search attribute \
             WorkflowType"
        ),
        other => panic!("{other:?}"),
    }
    for handle in &handles[1..] {
        handle.terminate("seen").await?;
    }
    Ok(())
}

async fn a_namespace_is_registered_and_used(world: &World) -> Result<()> {
    let name = unique("shop");
    let register = || world.client.register_namespace(&name).retention(days(7));
    register()
        .description("orders")
        .owner_email("shop@example.com")
        .data("team", "checkout")
        .await?;
    let found = world.client.describe_namespace(&name).await?;
    assert_eq!((&found.name, &*found.description), (&name, "orders"));
    assert_eq!(found.owner_email, "shop@example.com");
    assert_eq!(found.data.get("team").map(String::as_str), Some("checkout"));
    assert_eq!(
        (found.retention, found.state),
        (Some(days(7)), NamespaceState::Registered)
    );
    match register().await {
        Err(NamespaceError::AlreadyExists(it)) => assert_eq!(it.namespace, name),
        other => panic!("{other:?}"),
    }
    match world.client.describe_namespace(unique("nowhere")).await {
        Err(NamespaceError::NotFound(_)) => {}
        other => panic!("{other:?}"),
    }
    let listed: Vec<_> = world.client.namespaces().try_collect().await?;
    assert!(listed.contains(&found));

    let shop = world.client.in_namespace(&name);
    assert_eq!(shop.namespace(), name);
    let handle = eventually("the namespace to be used", || async {
        Child::start(&shop).task_queue(&world.queue).await.ok()
    })
    .await;
    assert!(handle.describe().await?.status.is_running());
    let elsewhere = world.client.handle(handle.id()).describe().await;
    assert!(
        matches!(elsewhere, Err(HandleError::NotFound(_))),
        "{elsewhere:?}"
    );
    Ok(handle.terminate("seen").await?)
}

async fn a_namespace_is_updated_and_deleted(world: &World) -> Result<()> {
    let name = unique("short");
    world
        .client
        .register_namespace(&name)
        .description("first")
        .data("a", "1")
        .await?;
    let update = world.client.update_namespace(&name).data("b", "2");
    update.retention(days(9)).timeout(secs(5)).await?;
    let found = world.client.describe_namespace(&name).await?;
    // What was not set is as it was.
    assert_eq!(
        (&*found.description, found.retention),
        ("first", Some(days(9)))
    );
    assert_eq!(found.data.into_keys().collect::<Vec<_>>(), ["a", "b"]);
    let nobody = world
        .client
        .update_namespace(unique("nowhere"))
        .data("a", "1")
        .await;
    assert!(
        matches!(nobody, Err(NamespaceError::NotFound(_))),
        "{nobody:?}"
    );
    eventually("the deletion", || async {
        world.client.delete_namespace(&name).await.ok()
    })
    .await;
    match world.client.describe_namespace(&name).await {
        Err(NamespaceError::NotFound(_)) => Ok(()),
        other => panic!("{other:?}"),
    }
}

async fn a_deleted_workflow_is_gone(world: &World) -> Result<()> {
    let handle = Child::start(&world.client)
        .task_queue(&world.queue)
        .await?
        .untyped();
    handle.delete().await?;
    eventually("the deletion", || async {
        let gone = handle.describe().await;
        matches!(gone, Err(HandleError::NotFound(_))).then_some(())
    })
    .await;
    let nobody = world.client.handle(unique("nobody")).delete().await;
    assert!(
        matches!(nobody, Err(HandleError::NotFound(_))),
        "{nobody:?}"
    );
    Ok(())
}

async fn batches_do_one_thing_with_all(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Child>().spawn().await?;
    let filter = format!(
        "TaskQueue = '{}' AND ExecutionStatus = 'Running'",
        world.queue
    );
    let start = async || {
        eventually("those of before to be listed as closed", || async {
            (world.client.count(&filter).await.ok()? == 0).then_some(())
        })
        .await;
        let mut handles = Vec::new();
        for _ in 0..3 {
            handles.push(Child::start(&world.client).task_queue(&world.queue).await?);
        }
        eventually("three workflows in the list", || async {
            (world.client.count(&filter).await.ok()? == 3).then_some(())
        })
        .await;
        Ok::<_, Error>(handles)
    };

    let signalled = start().await?;
    let batch = world
        .client
        .batch(&filter)
        .signal("finish", (), "the test")
        .timeout(mins(2))
        .await?;
    let done = batch.finished().timeout(mins(3)).await?;
    assert_eq!(
        (done.state, done.kind),
        (BatchState::Completed, BatchKind::Signal)
    );
    assert_eq!((done.total, done.completed, done.failed), (3, 3, 0));
    assert_eq!(
        (&*done.reason, &done.id),
        ("the test", &batch.id().to_owned())
    );
    for handle in &signalled {
        handle.result().await?;
    }
    let ended = async |handles: &[Handle<Child>], status: WorkflowStatus| {
        for handle in handles {
            eventually("the end of a workflow", || async {
                (handle.describe().await.ok()?.status == status).then_some(())
            })
            .await;
        }
    };
    let handles = start().await?;
    let id = unique("batch");
    let batch = world
        .client
        .batch(&filter)
        .cancel("recall")
        .id(&id)
        .max_per_second(50.0)
        .timeout(mins(2));
    assert_eq!(batch.await?.id(), id);
    ended(&handles, WorkflowStatus::Cancelled).await;

    let handles = start().await?;
    for handle in &handles {
        // Started, and its first task scheduled, started and completed.
        eventually("the end of the first task", || async {
            (handle.describe().await.ok()?.history_length >= 4).then_some(())
        })
        .await;
    }
    let batch = world
        .client
        .batch(&filter)
        .reset_to_first_task("again")
        .timeout(mins(2))
        .await?;
    assert_eq!(batch.finished().await?.completed, 3);
    let runs: Vec<_> = handles
        .iter()
        .map(|it| world.client.handle(it.id()))
        .collect();
    for (first, latest) in handles.iter().zip(&runs) {
        let latest = latest.describe().await?;
        assert!(latest.status.is_running() && Some(&*latest.run_id) != first.run_id());
    }
    let batch = world
        .client
        .batch(&filter)
        .terminate("recall")
        .timeout(mins(2))
        .await?;
    let finished = batch.finished().await?;
    assert_eq!((finished.kind, finished.failed), (BatchKind::Terminate, 0));
    let all = format!("TaskQueue = '{}'", world.queue);
    let batch = world
        .client
        .batch(&all)
        .delete("cleaning")
        .timeout(mins(2))
        .await?;
    let deleted = batch.finished().timeout(mins(3)).await?;
    assert_eq!((deleted.kind, deleted.failed), (BatchKind::Delete, 0));
    // The server deletes after a while, and its lists follow later still.
    eventually("the deletion", || async {
        let gone = signalled[0].describe().await;
        matches!(gone, Err(HandleError::NotFound(_))).then_some(())
    })
    .await;

    let listed: Vec<_> = world.client.batches().try_collect().await?;
    assert!(
        listed
            .iter()
            .any(|it| it.id == id && it.kind == BatchKind::Cancel)
    );
    let nobody = world.client.batch_operation(unique("nobody"));
    assert!(matches!(
        nobody.describe().await,
        Err(BatchError::NotFound(_))
    ));
    let stopped = nobody.stop("it is none").await;
    assert!(
        matches!(stopped, Err(BatchError::NotFound(_))),
        "{stopped:?}"
    );
    let all = world.client.batch(" ").terminate("all of them").await;
    assert!(matches!(all, Err(BatchError::NoFilter(_))), "{all:?}");
    let malformed = world.client.batch("TaskQueue = ").cancel("malformed").await;
    let is_refused = matches!(
        malformed,
        Err(BatchError::Rpc(RpcError::InvalidArgument { .. }))
    );
    assert!(is_refused, "{malformed:?}");
    worker.shutdown().await
}
