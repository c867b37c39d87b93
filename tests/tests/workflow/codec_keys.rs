//! Keys of codecs that a worker or a client lacks, or learns late: nothing is readable without them, and nothing is lost.

use durably::{
    client::{Client, WorkflowStatus},
    codec::{CodecContext, CodecError, Codecs, Encryption, Keys, PayloadCodec},
    data::Payload,
    error::{ResultError, RpcError},
    prelude::*,
};
use durably_proto::api::{enums::v1::EventType, history::v1::HistoryEvent};
use durably_tests::{World, eventually, history, on_both_servers};

use super::{
    codecs::{Drawer, KEY, encryption, payloads, secret, secured},
    encrypted_values::task_failure,
};

on_both_servers! {
    without_the_key_calls_and_tasks_fail_with_words_and_a_worker_with_it_goes_on
    keys_are_rotated_under_a_running_workflow
    markers_and_arguments_of_next_runs_wait_for_their_key
}

/// Encrypts with keys that it need not know when it decrypts.
struct Apart {
    encrypts: Encryption,
    decrypts: Encryption,
}

impl PayloadCodec for Apart {
    async fn encode(
        &self,
        payloads: Vec<Payload>,
        context: &CodecContext,
    ) -> Result<Vec<Payload>, CodecError> {
        self.encrypts.encode(payloads, context).await
    }

    async fn decode(
        &self,
        payloads: Vec<Payload>,
        context: &CodecContext,
    ) -> Result<Vec<Payload>, CodecError> {
        self.decrypts.decode(payloads, context).await
    }
}

#[activity(start_to_close = "10s")]
async fn whisper() -> String {
    secret("whispered")
}

/// Records a secret, or passes it to its next run.
#[derive(Default)]
struct Relay {
    closed: bool,
}

#[workflow(name = "relay")]
impl Relay {
    #[run]
    async fn run(&mut self, ctx: &Ctx, text: String) -> Result<String> {
        match &*text {
            "local" => {
                let whispered = whisper::call(ctx).local().await?;
                ctx.wait_until(|| self.closed).await?;
                Ok(whispered)
            }
            "next" => Self::continue_as_new(secret("passed on")).into(),
            _ => Ok(text),
        }
    }

    #[signal]
    fn close(&mut self) {
        self.closed = true;
    }
}

fn secured_by(world: &World, keys: Keys) -> Client {
    let codecs = Codecs::new().codec(Encryption::aes256_gcm(keys));
    world.client.with_codecs(codecs)
}

async fn without_the_key_calls_and_tasks_fail_with_words_and_a_worker_with_it_goes_on(
    world: &World,
) -> Result<()> {
    let client = secured(world);
    let other = secured_by(world, Keys::new("k2", [8; 32]));
    let run = Drawer::start(&client, secret("argument"))
        .task_queue(&world.queue)
        .await?;

    let worker = Worker::new(&other, &world.queue).workflow::<Drawer>();
    let worker = worker.spawn().await?;
    let failed = task_failure(world, run.id()).await;
    let unknown = "it is encrypted with key `k1`, which is not here; the keys are `k2`";
    assert_eq!(
        failed,
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

async fn markers_and_arguments_of_next_runs_wait_for_their_key(world: &World) -> Result<()> {
    let client = secured_by(world, Keys::new("k2", [8; 32]).and("k1", KEY));
    let missing = || Keys::new("k2", [8; 32]);
    let decrypts = Encryption::aes256_gcm(missing());
    let codec = Apart {
        encrypts: encryption(),
        decrypts: decrypts.clone(),
    };
    let worker = world.client.with_codecs(Codecs::new().codec(codec));
    let worker = Worker::new(&worker, &world.queue).workflow::<Relay>();
    let worker = worker.activity::<whisper>().spawn().await?;
    for (text, place, result) in [
        ("local", "MarkerRecorded[\"result\"][0]", "whispered"),
        (
            "next",
            "events[0].WorkflowExecutionStarted.input[0]",
            "passed on",
        ),
    ] {
        decrypts.set_keys(missing());
        let run = Relay::start(&client, text).task_queue(&world.queue).await?;
        if text == "local" {
            eventually("the marker", || async {
                let events = history::events(&world.address(), run.id(), "").await;
                let mut kinds = events.iter().map(HistoryEvent::event_type);
                kinds
                    .any(|kind| kind == EventType::MarkerRecorded)
                    .then_some(())
            })
            .await;
            run.close().await?;
        }
        let failed = task_failure(world, run.id()).await;
        let expected = format!(
            "{place}` of workflow `{}`: it is encrypted with key `k1`, which is not here; the keys are `k2`",
            run.id()
        );
        assert!(failed.ends_with(&expected), "{failed}");
        decrypts.set_keys(missing().and("k1", KEY));
        assert_eq!(run.result().await?, secret(result));
    }
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
