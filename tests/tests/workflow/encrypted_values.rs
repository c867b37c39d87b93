//! Values that are always encrypted, with and without codecs.

use durably::{
    client::Client,
    codec::{Codecs, Encryption, Keys},
    data::{Encoded, Encrypted, Sensitive},
    prelude::*,
    replay::Replayer,
};
use durably_proto::api::history::v1::history_event::Attributes;
use durably_tests::{World, eventually, history, on_both_servers, unique};

use super::codecs::{
    KEY, STARTED_BY, encryption, exported, payloads, secret, secured, shows_secret,
};

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

/// Keeps the cards that it is told.
#[derive(Default)]
pub(super) struct Till {
    cards: Vec<String>,
    closed: bool,
}

#[workflow(name = "till")]
impl Till {
    #[run]
    pub(super) async fn run(&mut self, ctx: &Ctx) -> Result<Vec<Encrypted<String>>> {
        ctx.wait_until(|| self.closed).await?;
        Ok(self.cards.iter().cloned().map(Encrypted::new).collect())
    }

    #[signal]
    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    #[signal]
    pub(super) fn pay(&mut self, card: Encrypted<String>) {
        self.cards.push(card.into_exposed());
    }

    #[update(validator = check)]
    pub(super) fn charge(&mut self, card: Encrypted<String>) -> Encrypted<String> {
        let charged = format!("charged {}", card.expose());
        self.cards.push(card.into_exposed());
        Encrypted::new(charged)
    }

    fn check(&self, card: &Encrypted<String>) -> Result<(), String> {
        match self.cards.contains(card.expose()) {
            true => Err("it is here already".to_owned()),
            false => Ok(()),
        }
    }

    #[query]
    fn has(&self, card: Encrypted<String>) -> bool {
        self.cards.contains(card.expose())
    }
}

/// Returns what it is given, or what its memo has.
#[derive(Default)]
struct Shelf;

#[workflow(name = "shelf")]
impl Shelf {
    #[run]
    async fn run(
        &mut self,
        ctx: &Ctx,
        card: Option<Encrypted<String>>,
    ) -> Result<Encrypted<String>> {
        match card {
            Some(card) => Ok(card),
            None => {
                let memo: Option<Encoded<Encrypted<String>>> = ctx.memo("card")?;
                Ok(memo.expect("it has the memo").0)
            }
        }
    }
}

#[activity(start_to_close = "10s", max_attempts = 1)]
async fn polish(card: Encrypted<String>) -> Encrypted<String> {
    Encrypted::new(format!("polished {}", card.expose()))
}

/// Passes a card on: to a local activity, a child on another task queue, and its next run.
#[derive(Default)]
struct Purse;

#[workflow(name = "purse")]
impl Purse {
    #[run]
    async fn run(
        &mut self,
        ctx: &Ctx,
        card: Encrypted<String>,
        queue: String,
        runs: u32,
    ) -> Result<Encrypted<String>> {
        if runs == 0 {
            return Ok(card);
        }
        let polished = polish::call(ctx, card).local().await?;
        let shelf = Shelf::child(ctx, Some(polished)).task_queue(&queue);
        let kept = shelf.start().await?.result().await?;
        Self::continue_as_new(kept, queue, runs - 1).into()
    }
}

on_both_servers! {
    an_encrypted_value_is_encrypted_without_a_codec_too
    what_a_worker_cannot_decrypt_waits_until_it_has_the_key
    a_card_is_passed_on_by_workers_that_learn_each_others_keys_late
    a_memo_and_a_schedule_wait_for_the_key_and_a_client_without_it_reads_the_rest
}

/// Why the latest workflow task failed; how many there were is for the pauses between them.
pub(super) async fn task_failure(world: &World, workflow_id: &str) -> String {
    eventually("the task to fail", || async {
        let events = history::events(&world.address(), workflow_id, "").await;
        events
            .into_iter()
            .rev()
            .find_map(|event| match event.attributes {
                Some(Attributes::WorkflowTaskFailedEventAttributes(failed)) => {
                    Some(failed.failure.unwrap_or_default().message)
                }
                _ => None,
            })
    })
    .await
}

fn unknown(what: &str, type_name: &str, key: &str, keys: &str) -> String {
    format!(
        "cannot read {what} as `{type_name}`: it is encrypted with key `{key}`, which is not here; the keys are `{keys}`"
    )
}

/// A client whose `Encrypted` values have these keys, which can be replaced.
pub(super) fn with_keys(world: &World, keys: Keys) -> (Client, Encryption) {
    let encryption = Encryption::aes256_gcm(keys);
    let codecs = Codecs::new().encrypted_values(encryption.clone());
    (world.client.with_codecs(codecs), encryption)
}

pub(super) fn card() -> Encrypted<String> {
    Encrypted::new(secret("card"))
}

async fn what_a_worker_cannot_decrypt_waits_until_it_has_the_key(world: &World) -> Result<()> {
    let (client, _) = with_keys(world, Keys::new("k1", KEY));
    let (other, learns) = with_keys(world, Keys::new("k2", [8; 32]));
    let worker = Worker::new(&other, &world.queue).workflow::<Till>();
    let worker = worker.spawn().await?;
    let changed = |what: &str| {
        format!(
            "cannot read {what} as `Encrypted<String>`: it has been changed, or encrypted with another key that \
             is called `k1`, too"
        )
    };
    let missing = |what: &str| unknown(what, "Encrypted<String>", "k1", "k2");
    let told: [fn(&str) -> String; 2] = [missing, changed];
    let keys = [Keys::new("k2", [8; 32]), Keys::new("k1", [9; 32])];
    for (keys, told) in keys.into_iter().zip(told) {
        learns.set_keys(keys.clone());
        let run = Till::start(&client).task_queue(&world.queue).await?;
        let asked = run.has(card()).await.unwrap_err();
        let argument = told("argument 1 `card` of query `has`");
        assert!(asked.to_string().contains(&argument), "{asked}");
        run.pay(card()).await?;
        let failed = task_failure(world, run.id()).await;
        assert_eq!(failed, told("argument 1 `card` of signal `pay`"));
        learns.set_keys(Keys::new("k1", KEY));
        run.close().await?;
        assert_eq!(run.result().await?, [card()]);
        assert!(run.has(card()).await?);

        learns.set_keys(keys.clone());
        let run = Till::start(&client).task_queue(&world.queue).await?;
        let caller = Till::handle(&client, run.id());
        let call = tokio::spawn(async move { caller.charge(card()).await });
        let failed = task_failure(world, run.id()).await;
        assert_eq!(failed, told("argument 1 `card` of update `charge`"));
        learns.set_keys(Keys::new("k1", KEY));
        let charged = call.await.expect("it does not panic")?;
        assert_eq!(charged.expose(), &format!("charged {}", secret("card")));
        let again = run.charge(card()).await.unwrap_err();
        assert!(again.to_string().contains("it is here already"), "{again}");
        run.close().await?;
        assert_eq!(run.result().await?, [card()]);
        let events = history::events(&world.address(), run.id(), "").await;
        assert!(!shows_secret(&payloads(&events)));
    }
    worker.shutdown().await
}

async fn a_card_is_passed_on_by_workers_that_learn_each_others_keys_late(
    world: &World,
) -> Result<()> {
    let (client, client_keys) = with_keys(world, Keys::new("k1", KEY));
    let (purses, purse_keys) = with_keys(world, Keys::new("k2", [8; 32]));
    let (shelves, shelf_keys) = with_keys(world, Keys::new("k3", [9; 32]));
    let worker = Worker::new(&purses, &world.queue).workflow::<Purse>();
    let worker = worker.activity::<polish>().spawn().await?;
    let queue = unique("shelves");
    let shelf = Worker::new(&shelves, &queue).workflow::<Shelf>();
    let shelf = shelf.spawn().await?;
    let id = unique("purse");
    let run = Purse::start(&client, card(), &queue, 1)
        .id(&id)
        .task_queue(&world.queue)
        .await?;
    let first = run.run_id().unwrap_or_default().to_owned();
    let of = |what: &str, key: &str, keys: &str| unknown(what, "Encrypted<String>", key, keys);
    assert_eq!(
        task_failure(world, &id).await,
        of("argument 1 `card` of workflow `purse`", "k1", "k2")
    );
    purse_keys.set_keys(Keys::new("k2", [8; 32]).and("k1", KEY));
    let child = eventually("the child", || async {
        let events = history::events(&world.address(), &id, &first).await;
        events.into_iter().find_map(|event| match event.attributes {
            Some(Attributes::ChildWorkflowExecutionStartedEventAttributes(child)) => {
                Some(child.workflow_execution.unwrap_or_default().workflow_id)
            }
            _ => None,
        })
    })
    .await;
    assert_eq!(
        task_failure(world, &child).await,
        unknown(
            "argument 1 `card` of workflow `shelf`",
            "Option<Encrypted<String>>",
            "k2",
            "k3"
        )
    );
    shelf_keys.set_keys(Keys::new("k3", [9; 32]).and("k2", [8; 32]));
    let result = of("the result of workflow `shelf`", "k3", "k1`, `k2");
    eventually("the parent to fail", || async {
        (task_failure(world, &id).await == result).then_some(())
    })
    .await;
    let both = Keys::new("k2", [8; 32]).and("k1", KEY);
    purse_keys.set_keys(both.and("k3", [9; 32]));
    let unread = run.result().await.unwrap_err();
    let expected = of("the result of workflow `purse`", "k2", "k1");
    assert_eq!(unread.to_string(), expected);
    client_keys.set_keys(Keys::new("k1", KEY).and("k2", [8; 32]));
    assert_eq!(
        run.result().await?.expose(),
        &format!("polished {}", secret("card"))
    );
    for (id, run_id) in [(&*id, &*first), (&*id, ""), (&*child, "")] {
        let events = history::events(&world.address(), id, run_id).await;
        assert!(!shows_secret(&payloads(&events)));
    }
    worker.shutdown().await?;
    shelf.shutdown().await
}

async fn a_memo_and_a_schedule_wait_for_the_key_and_a_client_without_it_reads_the_rest(
    world: &World,
) -> Result<()> {
    let (client, _) = with_keys(world, Keys::new("k1", KEY));
    let (other, learns) = with_keys(world, Keys::new("k2", [8; 32]));
    let worker = Worker::new(&other, &world.queue).workflow::<Shelf>();
    let worker = worker.spawn().await?;
    let id = unique("shelf");
    let run = Shelf::start(&client, None)
        .id(&id)
        .task_queue(&world.queue)
        .memo("card", Encoded(card()))
        .memo("color", "blue")
        .await?;
    let memo = unknown("memo `card`", "Encoded<Encrypted<String>>", "k1", "k2");
    assert_eq!(task_failure(world, &id).await, memo);
    let found = other.handle(&id).describe().await?;
    assert_eq!(found.memo::<String>("color")?, Some("blue".to_owned()));
    let unread = found
        .memo::<Encoded<Encrypted<String>>>("card")
        .unwrap_err();
    assert_eq!(unread.to_string(), memo);
    learns.set_keys(Keys::new("k1", KEY));
    assert_eq!(run.result().await?, card());

    learns.set_keys(Keys::new("k2", [8; 32]));
    let schedule_id = unique("schedule");
    let schedule = Shelf::schedule(&client, &schedule_id, Some(card()))
        .every(days(300))
        .task_queue(&world.queue)
        .workflow_id(format!("{schedule_id}-shelf"))
        .await?;
    schedule.trigger().await?;
    let started = eventually("a run of the schedule", || async {
        let mut runs = client.list(STARTED_BY.eq(&*schedule_id));
        runs.next().await.ok().flatten()
    })
    .await;
    let argument = "argument 1 `card` of workflow `shelf`";
    assert_eq!(
        task_failure(world, &started.workflow_id).await,
        unknown(argument, "Option<Encrypted<String>>", "k1", "k2")
    );
    learns.set_keys(Keys::new("k1", KEY));
    let run = Shelf::handle(&client, &started.workflow_id);
    assert_eq!(run.result().await?, card());
    let events = history::events(&world.address(), &started.workflow_id, "").await;
    assert!(!shows_secret(&payloads(&events)));
    schedule.delete().await?;
    worker.shutdown().await
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
    let replayed = Replayer::new().workflow::<Charges>().replay(exported);
    let unread = replayed.unwrap_err().to_string();
    let expected = "fails in the replay: cannot read argument 1 `card` of signal `pay` as `Encrypted<String>`: \
                    it is always encrypted, and this client has no keys; `Codecs::encrypted_values` or the codec \
                    `Encryption` sets them, in a replay by `.codecs(..)`";
    assert!(unread.ends_with(expected), "{unread}");
    // Another client has the codec for everything, and the same key.
    let whole = Charges::handle(&secured(world), &id);
    assert_eq!(
        whole.result().await?.expose(),
        &format!("charged {}", secret("card"))
    );
    worker.shutdown().await
}
