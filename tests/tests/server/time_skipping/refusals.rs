//! Options that servers refuse.

use durably::Result;
use durably_proto::api::{
    common::v1::TimeSkippingConfig, workflowservice::v1::StartWorkflowExecutionRequest,
};
use durably_tests::{World, on_both_servers, raw::ended};

use super::{Scene, forward, off, on, signal_with, update_of};

on_both_servers! {
    a_configuration_that_makes_no_sense_is_refused
    a_part_of_a_configuration_is_not_updated
}

async fn a_configuration_that_makes_no_sense_is_refused(world: &World) -> Result<()> {
    const NO_ID: &str =
        "InvalidArgument: Time skipping config invalid: fast_forward_id must be set";
    const NOT_POSITIVE: &str =
        "InvalidArgument: Time skipping config invalid: fast_forward duration must be positive";
    const OFF: &str =
        "InvalidArgument: time_skipping_config: cannot set fast_forward when enabled is false";
    let mut scene = Scene::start(world, None, |_| {}).await?;
    let disabled = |config: TimeSkippingConfig| TimeSkippingConfig {
        enabled: false,
        ..config
    };
    for (config, expected) in [
        (forward("", 5), NO_ID),
        (forward(" ", 5), NO_ID),
        (forward("f", 0), NOT_POSITIVE),
        (forward("f", -5), NOT_POSITIVE),
        (forward("", -5), NOT_POSITIVE),
        (disabled(forward("f", 5)), OFF),
        (disabled(forward("", 5)), NO_ID),
    ] {
        let start = StartWorkflowExecutionRequest {
            time_skipping_config: Some(config.clone()),
            ..world.start_request()
        };
        let signal = signal_with(&start, config.clone());
        // It is refused whatever the mask names.
        let update = update_of(&scene.id, Some(config), "priority");
        let service = &mut scene.service;
        let answer = service.start_workflow_execution(start).await;
        assert_eq!(ended(answer), expected);
        let answer = service.signal_with_start_workflow_execution(signal).await;
        assert_eq!(ended(answer), expected);
        let answer = service.update_workflow_execution_options(update).await;
        assert_eq!(ended(answer), expected);
    }
    let unlimited = TimeSkippingConfig {
        max_session_skip_count: -1,
        ..off()
    };
    let updated = scene.update(Some(unlimited)).await?;
    assert_eq!(updated.map(|it| it.max_session_skip_count), Some(200));
    scene.terminate().await?;
    let update = update_of(&scene.id, Some(on()), "time_skipping_config");
    let service = &mut scene.service;
    let answer = service.update_workflow_execution_options(update).await;
    assert_eq!(
        ended(answer),
        "NotFound: workflow execution already completed"
    );
    Ok(())
}

async fn a_part_of_a_configuration_is_not_updated(world: &World) -> Result<()> {
    let mut scene = Scene::skipping(world, on()).await?;
    let partial = "InvalidArgument: error applying update_options: time_skipping_config doesn't support partial update";
    for path in [
        "time_skipping_config.enabled",
        "time_skipping_config.disable_propagation",
        "time_skipping_config.max_session_skip_count",
        "time_skipping_config.fast_forward_config",
        "time_skipping_config.fast_forward_config.id",
        "time_skipping_config.fast_forward_config.duration",
        "time_skipping_config.fast_forward_config.duration.seconds",
    ] {
        let update = update_of(&scene.id, Some(off()), path);
        let service = &mut scene.service;
        let answer = service.update_workflow_execution_options(update).await;
        assert_eq!(ended(answer), partial, "{path}");
    }
    for path in [
        "time_skipping_config.nope",
        "time_skipping_config.enabled.nope",
    ] {
        let update = update_of(&scene.id, Some(off()), path);
        let service = &mut scene.service;
        let answer = ended(service.update_workflow_execution_options(update).await);
        // protobuf for Go puts a space into its errors that may be another one from build to build.
        assert!(
            answer
                .replace('\u{a0}', " ")
                .contains(&format!("invalid path \"{path}\"")),
            "{answer}"
        );
    }
    scene.terminate().await
}
