//! Skipping is switched on and off, and ends after so many skips.

use durably::Result;
use durably_proto::api::common::v1::TimeSkippingConfig;
use durably_tests::{World, on_both_servers, raw};

use super::{DAY, Scene, on, timer};

on_both_servers! {
    skipping_is_switched_on_and_off
    skipping_ends_after_so_many_skips
}

async fn skipping_is_switched_on_and_off(world: &World) -> Result<()> {
    let mut scene = Scene::start(world, None, |_| {}).await?;
    scene
        .work(vec![timer("a", DAY), timer("b", 2 * DAY)])
        .await?;
    assert_eq!(scene.update(None).await?, None);
    let once = TimeSkippingConfig {
        max_session_skip_count: 7,
        ..on()
    };
    assert_eq!(scene.update(Some(once.clone())).await?, Some(once.clone()));
    let task = raw::workflow_task(&mut scene.service, &world.queue).await?;
    assert_eq!(scene.update(Some(once.clone())).await?, Some(once));
    assert_eq!(scene.update(None).await?, None);
    raw::complete(&mut scene.service, &task, Vec::new(), Vec::new()).await?;
    scene
        .assert_lines(&[
            "started",
            "workflow_task",
            "timer_started",
            "timer_started",
            "options_updated true on 7",
            "time skipped",
            "timer_fired",
            "workflow_task",
            "options_updated true",
            "workflow_task_scheduled",
        ])
        .await?;
    assert_eq!((scene.effective().await?, scene.ahead().await?), (None, 24));
    scene.terminate().await
}

async fn skipping_ends_after_so_many_skips(world: &World) -> Result<()> {
    let twice = TimeSkippingConfig {
        max_session_skip_count: 2,
        ..on()
    };
    let mut scene = Scene::skipping(world, twice).await?;
    for id in ["a", "b", "c"] {
        scene.work(vec![timer(id, DAY)]).await?;
    }
    assert_eq!(scene.effective().await?.map(|it| it.enabled), Some(false));
    assert_eq!(scene.ahead().await?, 48);
    let lines = scene.lines().await?;
    let skips = lines.iter().filter(|line| line.ends_with("skipped"));
    assert_eq!(skips.count(), 2);
    let once = TimeSkippingConfig {
        max_session_skip_count: 1,
        ..on()
    };
    let updated = scene.update(Some(once)).await?;
    assert_eq!(updated.map(|it| it.enabled), Some(false));
    scene.work(vec![timer("d", DAY)]).await?;
    scene
        .assert_end(&[
            "options_updated true off 1",
            "time skipped",
            "timer_fired",
            "workflow_task",
            "timer_started",
        ])
        .await?;
    scene.terminate().await
}
