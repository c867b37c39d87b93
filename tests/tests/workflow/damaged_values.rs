//! Encrypted payloads that are damaged on their way: nothing is taken for plain text, and what a worker can go on with, it
//! goes on with.

use durably::{
    codec::{CodecContext, CodecError, Codecs, Encryption, Keys, PayloadCodec},
    data::{Encoded, Payload},
    prelude::*,
};
use durably_tests::{World, on_both_servers};

use super::{
    codecs::{Drawer, KEY, encryption, secret},
    encrypted_values::{Till, card, task_failure, with_keys},
};

on_both_servers! {
    a_value_that_no_key_can_decrypt_is_skipped_or_rejected_and_the_run_goes_on
    a_damaged_payload_fails_the_task_until_a_codec_can_read_it
}

/// As a client with the key encrypts it.
async fn encrypted(text: String) -> Payload {
    let plain = Payload::json(format!("\"{text}\"").into_bytes());
    let context = CodecContext::of_namespace("default");
    let encrypted = encryption().encode(vec![plain], &context).await;
    encrypted.expect("it has the key").remove(0)
}

fn with_data(payload: &Payload, data: Vec<u8>) -> Payload {
    let id = payload.metadata_of("encryption-key-id").unwrap_or_default();
    let damaged = Payload::new(payload.encoding().to_owned(), data);
    damaged.with_metadata("encryption-key-id", id.to_vec())
}

fn truncated(payload: &Payload) -> Payload {
    with_data(payload, payload.data()[..20].to_vec())
}

fn without_id(payload: &Payload) -> Payload {
    Payload::new(payload.encoding().to_owned(), payload.data().to_vec())
}

fn changed(payload: &Payload) -> Payload {
    let mut data = payload.data().to_vec();
    data[15] ^= 1;
    with_data(payload, data)
}

const TRUNCATED: &str = "it is truncated: 20 bytes, of at least 28";
const WITHOUT_ID: &str = "its metadata has no `encryption-key-id`";
const CHANGED: &str = "it has been changed, or encrypted with another key that is called `k1`, too";

async fn a_value_that_no_key_can_decrypt_is_skipped_or_rejected_and_the_run_goes_on(
    world: &World,
) -> Result<()> {
    let (client, _) = with_keys(world, Keys::new("k1", KEY));
    let worker = Worker::new(&client, &world.queue).workflow::<Till>();
    let worker = worker.spawn().await?;
    let run = Till::start(&client).task_queue(&world.queue).await?;
    // It sends payloads as they are.
    let sender = world.client.handle(run.id());
    let whole = encrypted(secret("card")).await;
    for (damaged, why) in [
        (truncated(&whole), TRUNCATED),
        (without_id(&whole), WITHOUT_ID),
    ] {
        sender.signal("pay", (Encoded(damaged.clone()),)).await?;
        let update = sender.update::<String>("charge", (Encoded(damaged),));
        let rejected = update.await.unwrap_err();
        let expected = format!(
            "cannot read argument 1 `card` of update `charge` as `Encrypted<String>`: {why}"
        );
        assert!(rejected.to_string().ends_with(&expected), "{rejected}");
    }
    run.pay(card()).await?;
    run.close().await?;
    assert_eq!(run.result().await?, [card()]);
    worker.shutdown().await
}

/// Reads what it cannot decrypt as a text of its own.
struct Lenient(Encryption);

impl PayloadCodec for Lenient {
    async fn encode(
        &self,
        payloads: Vec<Payload>,
        context: &CodecContext,
    ) -> Result<Vec<Payload>, CodecError> {
        self.0.encode(payloads, context).await
    }

    async fn decode(
        &self,
        payloads: Vec<Payload>,
        context: &CodecContext,
    ) -> Result<Vec<Payload>, CodecError> {
        let mut decoded = Vec::new();
        for payload in payloads {
            let read = self.0.decode(vec![payload], context).await;
            let lost = || vec![Payload::json(b"\"lost\"".to_vec())];
            decoded.extend(read.unwrap_or_else(|_| lost()));
        }
        Ok(decoded)
    }
}

async fn a_damaged_payload_fails_the_task_until_a_codec_can_read_it(world: &World) -> Result<()> {
    let client = world.client.with_codecs(Codecs::new().codec(encryption()));
    let lenient = Codecs::new().codec(Lenient(encryption()));
    let lenient = world.client.with_codecs(lenient);
    let whole = encrypted(secret("word")).await;
    for (damaged, why) in [
        (truncated(&whole), TRUNCATED),
        (without_id(&whole), WITHOUT_ID),
        (changed(&whole), CHANGED),
    ] {
        let worker = Worker::new(&client, &world.queue).workflow::<Drawer>();
        let worker = worker.spawn().await?;
        let run = Drawer::start(&client, secret("argument"))
            .task_queue(&world.queue)
            .await?;
        let sender = world.client.handle(run.id());
        sender.signal("say", (Encoded(damaged),)).await?;
        let failed = task_failure(world, run.id()).await;
        let expected = format!(
            "WorkflowExecutionSignaled.input[0]` of workflow `{}`: {why}",
            run.id()
        );
        assert!(failed.ends_with(&expected), "{failed}");
        worker.shutdown().await?;

        let worker = Worker::new(&lenient, &world.queue).workflow::<Drawer>();
        let worker = worker.spawn().await?;
        assert_eq!(run.result().await?, format!("{}, lost", secret("argument")));
        worker.shutdown().await?;
    }
    Ok(())
}
