//! Values that are always encrypted, with and without codecs.

use durably::{
    codec::Codecs,
    data::{Encoded, Encrypted, Sensitive},
    prelude::*,
    replay::{ReplayError, Replayer},
};
use durably_tests::{World, history, on_both_servers, unique};

use super::codecs::{encryption, exported, payloads, secret, secured, shows_secret};

/// Takes and returns what is always encrypted.
#[derive(Default)]
struct Charges {
    last: Option<Encrypted<String>>,
}

#[activity(start_to_close = "10s", max_attempts = 1)]
async fn charge(ctx: &ActivityCtx, card: Encrypted<String>) -> Result<Encrypted<String>> {
    ctx.heartbeat(Encoded(card.clone()));
    if card.expose().ends_with("blocked") {
        return Err(AppError::new("Blocked", "no").details(Encoded(card)).into());
    }
    Ok(Encrypted::new(format!("charged {}", card.expose())))
}

#[workflow(name = "charges")]
impl Charges {
    #[run]
    async fn run(&mut self, ctx: &Ctx, runs: u32) -> Result<Encrypted<String>> {
        ctx.wait_until(|| self.last.is_some()).await?;
        let card = self.last.take().map(Encrypted::into_sensitive);
        let card = card.unwrap_or_else(|| Sensitive::new(String::new()));
        let charged = charge::call(ctx, card.encrypt()).await?;
        let blocked = charge::call(ctx, Encrypted::new(secret("blocked")))
            .await
            .unwrap_err();
        let app = blocked.app().expect("the activity says why");
        let detail: Encoded<Encrypted<String>> = app.detail(0)?;
        assert_eq!(detail.0.expose(), &secret("blocked"));
        match runs {
            1 => Ok(charged),
            _ => Self::continue_as_new(runs - 1).into(),
        }
    }

    #[signal]
    fn pay(&mut self, card: Encrypted<String>) {
        self.last = Some(card);
    }

    #[query]
    fn last(&self) -> Option<Encrypted<String>> {
        self.last.clone()
    }
}

on_both_servers! {
    an_encrypted_value_is_encrypted_without_a_codec_too
}

async fn an_encrypted_value_is_encrypted_without_a_codec_too(world: &World) -> Result<()> {
    let error = Charges::handle(&world.client, "nobody")
        .pay(Encrypted::new(secret("card")))
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("this client has no keys"),
        "{error}"
    );

    let client = world
        .client
        .with_codecs(Codecs::new().encrypted_values(encryption()));
    let worker = Worker::new(&client, &world.queue)
        .workflow::<Charges>()
        .activity::<charge>();
    let worker = worker.spawn().await?;
    let id = unique("charges");
    let run = Charges::start(&client, 1)
        .id(&id)
        .task_queue(&world.queue)
        .await?;
    run.pay(Encrypted::new(secret("card"))).await?;
    assert_eq!(
        run.result().await?.expose(),
        &format!("charged {}", secret("card"))
    );
    let events = history::events(&world.address(), &id, "").await;
    assert!(!shows_secret(&payloads(&events)));
    let exported = exported(world, &id, None).await?;
    let keys = Codecs::new().encrypted_values(encryption());
    let replayer = Replayer::new().codecs(keys).workflow::<Charges>();
    replayer.replay(exported.clone())?;
    // Without keys the signal is dropped.
    let replayed = Replayer::new().workflow::<Charges>().replay(exported);
    assert!(
        matches!(replayed, Err(ReplayError::Mismatch(_))),
        "{replayed:?}"
    );
    // Another client has the codec for everything, and the same key.
    let whole = Charges::handle(&secured(world), &id);
    assert_eq!(
        whole.result().await?.expose(),
        &format!("charged {}", secret("card"))
    );
    worker.shutdown().await
}
