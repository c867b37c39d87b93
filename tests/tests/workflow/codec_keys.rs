//! Keys of codecs that a worker or a client lacks, or learns late: nothing is readable without them, and nothing is lost.

use durably::{
    client::WorkflowStatus,
    codec::{Codecs, Encryption, Keys},
    error::{ResultError, RpcError},
    prelude::*,
};
use durably_proto::api::history::v1::history_event::Attributes;
use durably_tests::{World, eventually, history, on_both_servers};

use super::codecs::{Drawer, KEY, encryption, payloads, secret, secured};

on_both_servers! {
    without_the_key_calls_and_tasks_fail_with_words_and_a_worker_with_it_goes_on
    keys_are_rotated_under_a_running_workflow
}

async fn without_the_key_calls_and_tasks_fail_with_words_and_a_worker_with_it_goes_on(
    world: &World,
) -> Result<()> {
    let client = secured(world);
    let other = Encryption::aes256_gcm(Keys::new("k2", [8; 32]));
    let other = world.client.with_codecs(Codecs::new().codec(other));
    let run = Drawer::start(&client, secret("argument"))
        .task_queue(&world.queue)
        .await?;

    let worker = Worker::new(&other, &world.queue).workflow::<Drawer>();
    let worker = worker.spawn().await?;
    let failed = eventually("the task to fail", || async {
        let events = history::events(&world.address(), run.id(), "").await;
        events.into_iter().find_map(|event| match event.attributes {
            Some(Attributes::WorkflowTaskFailedEventAttributes(failed)) => failed.failure,
            _ => None,
        })
    })
    .await;
    let unknown = "it is encrypted with key `k1`, which is not here; the keys are `k2`";
    assert_eq!(
        failed.message,
        format!(
            "workflow task: `payloads` cannot be decoded: codec `Encryption` cannot decode payload \
             `history.events[0].WorkflowExecutionStarted.input[0]` of workflow `{}`: {unknown}",
            run.id()
        )
    );
    worker.shutdown().await?;

    let worker = Worker::new(&client, &world.queue).workflow::<Drawer>();
    let worker = worker.spawn().await?;
    run.say(secret("signal")).await?;
    assert_eq!(
        run.result().await?,
        format!("{}, {}", secret("argument"), secret("signal"))
    );
    let unread = Drawer::handle(&other, run.id()).result().await.unwrap_err();
    let ResultError::Rpc(RpcError::Codec { message }) = &unread else {
        panic!("{unread:?}");
    };
    assert_eq!(
        *message,
        format!(
            "codec `Encryption` cannot decode payload \
             `history.events[0].WorkflowExecutionCompleted.result[0]` of workflow `{}`: {unknown}",
            run.id()
        )
    );
    // Without a codec it is no text, either.
    let unread = Drawer::handle(&world.client, run.id())
        .result()
        .await
        .unwrap_err();
    let expected = "encoding `binary/encrypted` is not known here; is a codec missing?";
    assert!(unread.to_string().ends_with(expected), "{unread}");
    worker.shutdown().await
}

async fn keys_are_rotated_under_a_running_workflow(world: &World) -> Result<()> {
    let rotating = encryption();
    let client = world
        .client
        .with_codecs(Codecs::new().codec(rotating.clone()));
    let worker = Worker::new(&client, &world.queue).workflow::<Drawer>();
    let worker = worker.spawn().await?;
    let run = Drawer::start(&client, secret("old key"))
        .task_queue(&world.queue)
        .await?;
    rotating.set_keys(Keys::new("k2", [8; 32]).and("k1", KEY));
    run.say(secret("new key")).await?;
    assert_eq!(
        run.result().await?,
        format!("{}, {}", secret("old key"), secret("new key"))
    );
    assert_eq!(run.describe().await?.status, WorkflowStatus::Completed);
    let events = payloads(&history::events(&world.address(), run.id(), "").await);
    for id in [b"k1", b"k2"] {
        assert!(events.windows(2).any(|it| it == id));
    }
    worker.shutdown().await
}
