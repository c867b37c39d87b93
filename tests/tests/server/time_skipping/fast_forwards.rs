//! Fast-forwards, and the polls of them.

use durably::Result;
use durably_proto::api::{
    common::v1::TimeSkippingConfig, enums::v1::FastForwardPollingResult as Polled,
};
use durably_tests::{
    World, on_both_servers,
    raw::{self, ended},
};

use super::{DAY, HOUR, Scene, forward, off, on, poll_of, seconds, timer};

on_both_servers! {
    a_fast_forward_is_polled_until_it_is_reached
    a_fast_forward_ends_when_its_time_passes_at_work
    a_poll_ends_when_the_fast_forward_cannot_complete
}

async fn a_fast_forward_is_polled_until_it_is_reached(world: &World) -> Result<()> {
    let mut scene = Scene::skipping(world, forward("first", DAY)).await?;
    let poll = scene.polling("first");
    scene
        .work(vec![timer("a", HOUR), timer("b", 2 * DAY)])
        .await?;
    scene.work(Vec::new()).await?;
    let polled = poll.await.expect("it does not panic")?;
    assert_eq!(
        polled.fast_forward_polling_result(),
        Polled::FastForwardCompleted
    );
    let info = polled.fast_forward_info.unwrap_or_default();
    assert_eq!(
        (&*info.fast_forward_id, info.has_completed),
        ("first", true)
    );
    assert_eq!(info.fast_forward_duration, seconds(DAY));
    let events = scene.events().await?;
    let started = events[0].event_time.unwrap_or_default();
    let target = info.target_time.unwrap_or_default();
    assert_eq!(target.seconds - started.seconds, DAY);
    assert_eq!(scene.ahead().await?, 24);

    // The same is reached by one that is idle, at once.
    let updated = scene.update(Some(forward("second", HOUR))).await?;
    assert_eq!(updated.map(|it| it.enabled), Some(false));
    scene.completed("second").await?;
    let polled = scene.poll("first").await?;
    assert_eq!(
        (polled.fast_forward_polling_result(), &*polled.failed_reason),
        (
            Polled::FastForwardFailed,
            "the requested fast_forward_id does not match the execution's current fast-forward"
        )
    );
    assert_eq!(
        polled.fast_forward_info.map(|it| it.fast_forward_id),
        Some("second".into())
    );
    scene
        .assert_lines(&[
            "started on to first 200",
            "workflow_task",
            "timer_started",
            "timer_started",
            "time skipped",
            "timer_fired",
            "workflow_task",
            "time skipped ended",
            "options_updated true off to second 200",
            "time skipped ended",
        ])
        .await?;
    assert_eq!(scene.ahead().await?, 25);
    scene.terminate().await
}

async fn a_fast_forward_ends_when_its_time_passes_at_work(world: &World) -> Result<()> {
    let mut scene = Scene::skipping(world, forward("f", 1)).await?;
    let task = raw::workflow_task(&mut scene.service, &world.queue).await?;
    scene.completed("f").await?;
    let commands = vec![timer("t", DAY)];
    raw::complete(&mut scene.service, &task, commands, Vec::new()).await?;
    scene
        .assert_lines(&[
            "started on to f 200",
            "workflow_task",
            "timer_started",
            "time ended",
            "workflow_task_scheduled",
        ])
        .await?;
    assert_eq!(scene.ahead().await?, 0);
    scene.terminate().await
}

async fn a_poll_ends_when_the_fast_forward_cannot_complete(world: &World) -> Result<()> {
    const OTHER: &str =
        "the requested fast_forward_id does not match the execution's current fast-forward";
    for (change, expected) in [
        (
            Change::Terminate,
            "the execution ended before the fast-forward completed",
        ),
        (Change::Update(off()), OTHER),
        (Change::Update(on()), OTHER),
        (
            Change::Update(forward("f", 2 * HOUR)),
            "the fast-forward was reset",
        ),
    ] {
        let mut scene = Scene::skipping(world, forward("f", HOUR)).await?;
        let poll = scene.polling("f");
        // The poll may come after the change, which some changes hide from it.
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        match change {
            Change::Terminate => scene.terminate().await?,
            Change::Update(config) => {
                scene.update(Some(config)).await?;
            }
        }
        let polled = poll.await.expect("it does not panic")?;
        assert_eq!(
            polled.fast_forward_polling_result(),
            Polled::FastForwardFailed
        );
        assert_eq!(polled.failed_reason, expected);
        let _ = scene.terminate().await;
    }
    let mut scene = Scene::skipping(world, on()).await?;
    let polled = scene.poll("f").await?;
    assert_eq!(
        (&*polled.failed_reason, polled.fast_forward_info),
        (OTHER, None)
    );
    for (workflow_id, id, expected) in [
        (
            &*scene.id,
            " ",
            "InvalidArgument: Time skipping config invalid: fast_forward_id must be set",
        ),
        (
            "",
            "f",
            "InvalidArgument: WorkflowId is not set on request.",
        ),
        ("nobody", "f", "NotFound: workflow not found for ID: nobody"),
    ] {
        let request = poll_of(workflow_id, id);
        let service = &mut scene.service;
        let answer = service.poll_workflow_execution_time_skipping(request).await;
        assert_eq!(ended(answer), expected);
    }
    scene.terminate().await?;
    // The client's own deadline is not the server's.
    let mut scene = Scene::skipping(world, forward("f", HOUR)).await?;
    let request = raw::within(1, poll_of(&scene.id, "f"));
    let service = &mut scene.service;
    let answer = service.poll_workflow_execution_time_skipping(request).await;
    assert!(raw::expired(answer));
    scene.terminate().await
}

enum Change {
    Terminate,
    Update(TimeSkippingConfig),
}
