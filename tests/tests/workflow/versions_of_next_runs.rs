//! Versions of the runs that follow another one, or that another one starts.

use durably::client::ResetPoint;
use durably::prelude::*;
use durably_tests::{World, eventually, on_both_servers, unique};

use super::versioning::{Orders, one, two};

on_both_servers! {
    a_next_run_upgrades_when_it_is_asked_to
    a_next_run_begins_on_the_ramping_version
    what_starts_on_a_queue_without_the_version_does_not_inherit_it
    the_second_attempt_of_a_pinned_run_goes_where_new_work_goes
    each_run_of_a_cron_schedule_goes_where_new_work_goes
    a_reset_run_stays_on_the_version_that_it_had_at_the_point
    queries_of_closed_runs_go_to_their_version
}

/// The first two events that say something of versions.
fn beginning(lines: &[String]) -> [&str; 2] {
    let completed = lines
        .iter()
        .find(|line| line.starts_with("WorkflowTaskCompleted"));
    [
        lines.first().map_or("", String::as_str),
        completed.map_or("", String::as_str),
    ]
}

async fn a_next_run_upgrades_when_it_is_asked_to(world: &World) -> Result<()> {
    let orders = Orders::new(world);
    let one = orders.one().await?;
    orders.set_current("1").await?;
    let run = orders.pinned("1", &["next run upgrades"]).await?;
    let two = orders.two().await?;
    orders.set_current("2").await?;
    run.step().await?;
    assert_eq!(run.result().await?, "2");
    let next = world.client.handle(run.id()).history().await?;
    assert_eq!(
        beginning(&orders.lines(&next)),
        [
            "WorkflowExecutionStarted upgrades from InheritedAutoUpgradeInfo { source_deployment_version: Some(<1>), source_deployment_revision_number: 1, continue_as_new_initial_versioning_behavior: AutoUpgrade }",
            "WorkflowTaskCompleted Pinned, orders, <2>",
        ]
    );
    one.shutdown().await?;
    two.shutdown().await
}

async fn a_next_run_begins_on_the_ramping_version(world: &World) -> Result<()> {
    let orders = Orders::new(world);
    let (one, two) = (orders.one().await?, orders.two().await?);
    orders.set_current("1").await?;
    orders.polled("2").await;
    let deployment = world.client.deployment(&orders.name);
    // A share that no workflow id falls into.
    deployment.set_ramping("2", 0.0001).await?;
    orders.settled().await;
    let run = orders.pinned("1", &["next run ramps"]).await?;
    run.step().await?;
    assert_eq!(run.result().await?, "2");
    let next = world.client.handle(run.id()).history().await?;
    assert_eq!(
        beginning(&orders.lines(&next)),
        [
            "WorkflowExecutionStarted upgrades from InheritedAutoUpgradeInfo { source_deployment_version: Some(<1>), source_deployment_revision_number: 2, continue_as_new_initial_versioning_behavior: UseRampingVersion }",
            "WorkflowTaskCompleted Pinned, orders, <2>",
        ]
    );
    // Without a ramp it is the current one.
    deployment.unset_ramping().await?;
    orders.settled().await;
    let run = orders.pin(&["next run ramps"]).await?;
    run.step().await?;
    assert_eq!(run.result().await?, "1");
    one.shutdown().await?;
    two.shutdown().await
}

async fn what_starts_on_a_queue_without_the_version_does_not_inherit_it(
    world: &World,
) -> Result<()> {
    let orders = Orders::new(world);
    let one = orders.one().await?;
    let elsewhere = unique("elsewhere");
    let outside = two::register(Worker::new(&world.client, &elsewhere));
    let outside = outside.spawn().await?;
    orders.set_current("1").await?;
    let parent = orders.pin(&[&format!("child on {elsewhere}")]).await?;
    assert_eq!(parent.result().await?, "2");
    let chain = orders.pin(&[&format!("next run on {elsewhere}")]).await?;
    chain.step().await?;
    assert_eq!(chain.result().await?, "2");
    let next = world.client.handle(chain.id()).history().await?;
    assert_eq!(
        beginning(&orders.lines(&next)),
        [
            "WorkflowExecutionStarted",
            "WorkflowTaskCompleted Unspecified,"
        ]
    );
    one.shutdown().await?;
    outside.shutdown().await
}

async fn the_second_attempt_of_a_pinned_run_goes_where_new_work_goes(world: &World) -> Result<()> {
    let orders = Orders::new(world);
    let one = orders.one().await?;
    orders.set_current("1").await?;
    let start = |steps: &[&str]| {
        orders
            .pin(steps)
            .retry(Retry::attempts(3).initial_interval(millis(10)))
    };
    let first = start(&["second attempt"]).await?;
    let chain = start(&["next run", "second attempt"]).await?;
    assert_eq!(first.version().await?, "1");
    assert_eq!(chain.version().await?, "1");
    chain.step().await?;
    // The next run has inherited its version, and so has its second attempt.
    let next = world.client.handle(chain.id()).typed::<one::Pin>();
    let two = orders.two().await?;
    orders.set_current("2").await?;
    first.step().await?;
    eventually("the second attempt", || async {
        let described = world.client.handle(first.id()).describe().await.ok()?;
        (Some(described.run_id.as_str()) != first.run_id()).then_some(())
    })
    .await;
    let again = world.client.handle(first.id()).typed::<two::Pin>();
    again.step().await?;
    assert_eq!(again.result().await?, "2");
    let history = world.client.handle(first.id()).history().await?;
    assert_eq!(
        beginning(&orders.lines(&history)),
        [
            "WorkflowExecutionStarted",
            "WorkflowTaskCompleted Pinned, orders, <2>"
        ]
    );
    let second = next.describe().await?.run_id.clone();
    next.step().await?;
    eventually("the second attempt of the next run", || async {
        let described = next.describe().await.ok()?;
        (described.run_id != second).then_some(())
    })
    .await;
    next.step().await?;
    assert_eq!(next.result().await?, "1");
    let history = world.client.handle(chain.id()).history().await?;
    let [started, completed] = beginning(&orders.lines(&history)).map(str::to_owned);
    assert!(
        started.starts_with("WorkflowExecutionStarted inherits <1>"),
        "{started}"
    );
    assert_eq!(completed, "WorkflowTaskCompleted Pinned, orders, <1>");
    one.shutdown().await?;
    two.shutdown().await
}

async fn each_run_of_a_cron_schedule_goes_where_new_work_goes(world: &World) -> Result<()> {
    let orders = Orders::new(world);
    let one = orders.one().await?;
    orders.set_current("1").await?;
    let first = orders.pin(&["activity"]).cron("@every 1s").await?;
    assert_eq!(first.version().await?, "1");
    let two = orders.two().await?;
    orders.set_current("2").await?;
    first.step().await?;
    let cron = world.client.handle(first.id()).typed::<two::Pin>();
    eventually("the next run", || async {
        let described = cron.describe().await.ok()?;
        (Some(described.run_id.as_str()) != first.run_id()).then_some(())
    })
    .await;
    // The query waits until the schedule starts the run.
    assert_eq!(cron.version().await?, "2");
    assert_eq!(
        beginning(&orders.lines(&cron.history().await?)),
        [
            "WorkflowExecutionStarted",
            "WorkflowTaskCompleted Pinned, orders, <2>"
        ]
    );
    cron.terminate("enough").await?;
    one.shutdown().await?;
    two.shutdown().await
}

async fn a_reset_run_stays_on_the_version_that_it_had_at_the_point(world: &World) -> Result<()> {
    let orders = Orders::new(world);
    let one = orders.one().await?;
    orders.set_current("1").await?;
    let run = orders.pinned("1", &["activity"]).await?;
    let two = orders.two().await?;
    orders.set_current("2").await?;
    run.step().await?;
    assert_eq!(run.result().await?, "1 1");
    // Event 8 ends the second task.
    let again = run.reset(ResetPoint::Event(8), "test").await?;
    assert_eq!(again.result().await?, "1 1");
    assert_eq!(
        orders.lines(&again.history().await?)[..10],
        [
            "WorkflowExecutionStarted",
            "WorkflowTaskScheduled",
            "WorkflowTaskStarted",
            "WorkflowTaskCompleted Pinned, orders, <1>",
            "WorkflowExecutionSignaled",
            "WorkflowTaskScheduled",
            "WorkflowTaskStarted another target",
            "WorkflowTaskFailed",
            "WorkflowTaskScheduled",
            "WorkflowTaskStarted another target",
        ]
    );
    // Before its first task had ended, the run had none.
    let again = run.reset(ResetPoint::FirstTask, "test").await?;
    assert_eq!(again.result().await?, "2 2");
    assert_eq!(
        orders.lines(&again.history().await?)[..8],
        [
            "WorkflowExecutionStarted",
            "WorkflowTaskScheduled",
            "WorkflowTaskStarted",
            "WorkflowTaskFailed",
            "WorkflowExecutionSignaled",
            "WorkflowTaskScheduled",
            "WorkflowTaskStarted",
            "WorkflowTaskCompleted Pinned, orders, <2>",
        ]
    );
    one.shutdown().await?;
    two.shutdown().await
}

async fn queries_of_closed_runs_go_to_their_version(world: &World) -> Result<()> {
    let orders = Orders::new(world);
    let one = orders.one().await?;
    orders.set_current("1").await?;
    let pinned = orders.pin(&[]).await?;
    let upgrading = orders.up(&[]).await?;
    assert_eq!(pinned.result().await?, "1");
    assert_eq!(upgrading.result().await?, "1");
    let two = orders.two().await?;
    orders.set_current("2").await?;
    assert_eq!(pinned.version().await?, "1");
    assert_eq!(upgrading.version().await?, "2");
    one.shutdown().await?;
    two.shutdown().await
}
