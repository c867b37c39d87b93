//! Callbacks for the end of a workflow or an update: a server without addresses that it may call accepts none.

use durably::prelude::*;
use durably_proto::api::{
    common::v1::{Callback, callback},
    enums::v1::WorkflowIdConflictPolicy,
    workflow::v1::OnConflictOptions,
};
use durably_tests::{
    World, on_both_servers,
    raw::{describe, ended, terminate},
    raw_update::{operations, update_request, update_with_start},
};

on_both_servers! {
    callbacks_that_are_never_called_are_refused
}

fn nexus(url: &str) -> Callback {
    Callback {
        variant: Some(callback::Variant::Nexus(callback::Nexus {
            url: url.to_owned(),
            ..Default::default()
        })),
        ..Default::default()
    }
}

async fn callbacks_that_are_never_called_are_refused(world: &World) -> Result<()> {
    let mut service = world.service().await?;
    let internal = Callback {
        variant: Some(callback::Variant::Internal(callback::Internal::default())),
        ..Default::default()
    };
    let long = format!("http://localhost:1/{}", "x".repeat(1000));
    for (callback, answer) in [
        (
            nexus("http://127.0.0.1:1/end"),
            "InvalidArgument: invalid url: url does not match any configured callback address: http://127.0.0.1:1/end",
        ),
        (
            nexus("https://localhost/end"),
            "InvalidArgument: invalid url: url does not match any configured callback address: https://localhost/end",
        ),
        (
            nexus("ftp://a/b"),
            "InvalidArgument: invalid url: unknown scheme: ftp://a/b",
        ),
        (
            nexus("nowhere"),
            "InvalidArgument: invalid url: unknown scheme: nowhere",
        ),
        (nexus(""), "InvalidArgument: invalid url: unknown scheme: "),
        (
            nexus("http://"),
            "InvalidArgument: invalid url: missing host",
        ),
        (
            nexus(&long),
            "InvalidArgument: invalid url: url length longer than max length allowed of 1000",
        ),
        (
            internal,
            "InvalidArgument: unsupported callback variant: *common.Callback_Internal_",
        ),
        (
            Callback::default(),
            "Unimplemented: unknown callback variant: <nil>",
        ),
    ] {
        let mut start = world.start_request();
        start.completion_callbacks = vec![callback.clone()];
        let id = start.workflow_id.clone();
        assert_eq!(ended(service.start_workflow_execution(start).await), answer);
        // Nothing has started.
        assert!(describe(&mut service, &id).await.is_err());
        // The library of the real server does not know the callbacks of updates yet, and ignores them.
        if !world.is_ours() {
            continue;
        }
        let mut update = update_request(&id);
        let asked = update.request.get_or_insert_default();
        asked.completion_callbacks = vec![callback];
        let alone = service.update_workflow_execution(update.clone()).await;
        assert_eq!(ended(alone), answer);
        let mut start = world.start_request();
        start.workflow_id.clone_from(&id);
        start.set_workflow_id_conflict_policy(WorkflowIdConflictPolicy::Fail);
        let both = update_with_start(start, update);
        let refused = service.execute_multi_operation(both).await.unwrap_err();
        assert_eq!(operations(&refused)[1], answer);
        assert!(describe(&mut service, &id).await.is_err());
    }
    // Nor are they attached to a run that is there.
    let start = world.start_request();
    service.start_workflow_execution(start.clone()).await?;
    let mut again = world.start_request();
    again.workflow_id.clone_from(&start.workflow_id);
    again.set_workflow_id_conflict_policy(WorkflowIdConflictPolicy::UseExisting);
    let attaches = |attach_request_id| OnConflictOptions {
        attach_request_id,
        attach_completion_callbacks: true,
        ..Default::default()
    };
    again.on_conflict_options = Some(attaches(false));
    assert_eq!(
        ended(service.start_workflow_execution(again.clone()).await),
        "InvalidArgument: attaching request ID is required for attaching completion callbacks"
    );
    again.on_conflict_options = Some(attaches(true));
    again.completion_callbacks = vec![nexus("http://127.0.0.1:1/end")];
    assert_eq!(
        ended(service.start_workflow_execution(again).await),
        "InvalidArgument: invalid url: url does not match any configured callback address: http://127.0.0.1:1/end"
    );
    let described = describe(&mut service, &start.workflow_id).await?;
    assert_eq!(described.callbacks, []);
    terminate(&mut service, &start.workflow_id).await
}
