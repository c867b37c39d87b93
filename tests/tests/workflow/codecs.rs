//! Payload codecs: what workflows hold is encrypted wherever the server keeps it, and readable for those with the
//! key.

use durably::{
    client::{Client, History},
    codec::{ClaimCheck, Codecs, Compression, Encryption, Folder, Keys},
    error::{RpcError, StartError},
    prelude::*,
    replay,
    schedule::Overlap,
    search::{Keyword, SearchKey},
};
use durably_proto::{
    Message as _,
    api::{
        common::v1::{Payloads, WorkflowExecution},
        enums::v1::EventType,
        history::v1::{HistoryEvent, history_event::Attributes},
        workflowservice::v1::{
            DescribeScheduleRequest, DescribeWorkflowExecutionRequest,
            ListWorkflowExecutionsRequest,
        },
    },
};
use durably_tests::{World, eventually, history, on_both_servers, unique};

/// A part of everything that must not be seen.
pub(super) const SECRET: &str = "s3cret-4711";

pub(super) const KEY: [u8; 32] = [7; 32];

pub(super) fn secret(what: &str) -> String {
    format!("{SECRET} {what}")
}

pub(super) fn encryption() -> Encryption {
    Encryption::aes256_gcm(Keys::new("k1", KEY))
}

pub(super) fn codecs() -> Codecs {
    Codecs::new()
        .codec(encryption())
        .codec(Compression::zstd())
        .encode_failures()
}

pub(super) fn secured(world: &World) -> Client {
    world.client.with_codecs(codecs())
}

/// A history as a program without the key writes it to a file.
pub(super) async fn exported(
    world: &World,
    workflow_id: &str,
    run_id: Option<&str>,
) -> Result<History> {
    let handle = world.client.handle(workflow_id);
    let handle = match run_id {
        Some(run_id) => handle.run(run_id),
        None => handle,
    };
    Ok(History::from_json(&handle.history().await?.to_json())?)
}

/// Fails once, and returns what the first attempt has reported.
#[activity(start_to_close = "10s", heartbeat = "10s", max_attempts = 2)]
async fn seal(ctx: &ActivityCtx, text: String) -> Result<String> {
    let Some(before) = ctx.heartbeat_details::<String>()? else {
        ctx.heartbeat(secret("heartbeat"));
        let error = AppError::new("Once", secret("activity")).details(secret("detail"));
        return Err(error.next_retry_delay(millis(10)).into());
    };
    Ok(format!("{text}, {before}"))
}

#[activity(start_to_close = "10s")]
async fn shout(text: String) -> String {
    text.to_uppercase()
}

/// Fails with what it is told.
#[derive(Default)]
pub(super) struct Drawer {
    word: Option<String>,
}

#[workflow(name = "drawer")]
impl Drawer {
    #[run]
    pub(super) async fn run(&mut self, ctx: &Ctx, text: String) -> Result<String> {
        ctx.wait_until(|| self.word.is_some()).await?;
        let word = self.word.clone().unwrap_or_default();
        match text.contains("jammed") {
            true => Err(AppError::new("Jammed", text).details(word).into()),
            false => Ok(format!("{text}, {word}")),
        }
    }

    #[signal]
    pub(super) fn say(&mut self, word: String) {
        self.word = Some(word);
    }
}

/// Has a secret in all that a workflow does.
#[derive(Default)]
struct Vault {
    notes: Vec<String>,
    closed: bool,
}

#[workflow(name = "vault")]
impl Vault {
    #[run]
    async fn run(&mut self, ctx: &Ctx, runs: u32, text: String) -> Result<Vec<String>> {
        let memo: Option<String> = ctx.memo("owner")?;
        assert_eq!(memo, Some(secret("memo")));
        ctx.wait_until(|| self.closed).await?;
        let sealed = seal::call(ctx, text.clone())
            .summary(secret("summary"))
            .await?;
        let shouted = shout::call(ctx, text.clone()).local().await?;
        let noted = ctx.side_effect(|| secret("side effect")).await?;
        ctx.upsert_memo("state", secret("upserted memo"))?;
        ctx.sleep(millis(1)).summary(secret("timer")).await?;
        let drawer = |text: String| {
            Drawer::child(ctx, text)
                .memo("drawer", secret("memo of a child"))
                .task_queue(ctx.task_queue())
        };
        let open = drawer(secret("child")).start().await?;
        open.say(secret("signal to a child")).await?;
        let opened = open.result().await?;
        let jammed = drawer(secret("jammed child")).start().await?;
        jammed.say(secret("second signal")).await?;
        let jammed = jammed.result().await.unwrap_err();
        let app = jammed.app().expect("the child says why");
        assert_eq!(app.message, secret("jammed child"));
        self.notes.extend([sealed, shouted, noted, opened]);
        if runs > 1 {
            return Self::continue_as_new(runs - 1, secret("next run")).into();
        }
        Err(AppError::new("Shut", secret("failure"))
            .details(self.notes.clone())
            .caused_by(jammed)
            .into())
    }

    #[signal]
    fn close(&mut self, word: String) {
        self.notes.push(word);
        self.closed = true;
    }

    #[query]
    fn notes(&self, prefix: String) -> Result<Vec<String>> {
        match prefix.starts_with(SECRET) {
            true => Ok(self.notes.clone()),
            false => Err(AppError::new("Refused", secret("query")).into()),
        }
    }

    #[update(validator = check)]
    async fn add(&mut self, note: String) -> Result<String> {
        if note.ends_with("bad") {
            return Err(AppError::new("Refused", secret("update")).into());
        }
        self.notes.push(note.clone());
        Ok(format!("added {note}"))
    }

    fn check(&self, note: &str) -> Result<(), String> {
        match note.ends_with("invalid") {
            true => Err(secret("validator")),
            false => Ok(()),
        }
    }
}

on_both_servers! {
    nothing_that_is_kept_shows_a_secret_and_all_is_read_with_the_key
    a_schedule_keeps_its_arguments_and_memos_encrypted
    large_payloads_are_in_the_store_and_the_history_has_references
}

/// Whether these bytes have the secret, or the length of its plain text in Base64.
pub(super) fn shows_secret(bytes: &[u8]) -> bool {
    let folded = bytes.to_ascii_lowercase();
    folded
        .windows(SECRET.len())
        .any(|it| it == SECRET.as_bytes())
}

pub(super) fn payloads(events: &[HistoryEvent]) -> Vec<u8> {
    events
        .iter()
        .flat_map(HistoryEvent::encode_to_vec)
        .collect()
}

/// The ids of all runs that an event names as the next one, and of the children.
async fn all_events(world: &World, workflow_id: &str, run_id: &str) -> Vec<HistoryEvent> {
    let mut all = Vec::new();
    let mut runs = vec![(workflow_id.to_owned(), run_id.to_owned())];
    while let Some((workflow_id, run_id)) = runs.pop() {
        let events = history::events(&world.address(), &workflow_id, &run_id).await;
        for event in &events {
            match &event.attributes {
                Some(Attributes::WorkflowExecutionContinuedAsNewEventAttributes(next)) => {
                    runs.push((workflow_id.clone(), next.new_execution_run_id.clone()));
                }
                Some(Attributes::ChildWorkflowExecutionStartedEventAttributes(child)) => {
                    let child = child.workflow_execution.clone().unwrap_or_default();
                    runs.push((child.workflow_id, child.run_id));
                }
                _ => {}
            }
        }
        all.extend(events);
    }
    all
}

async fn nothing_that_is_kept_shows_a_secret_and_all_is_read_with_the_key(
    world: &World,
) -> Result<()> {
    let client = secured(world);
    let worker = Worker::new(&client, &world.queue)
        .workflow::<Vault>()
        .workflow::<Drawer>()
        .activity::<seal>()
        .activity::<shout>();
    let worker = worker.spawn().await?;
    let id = unique("vault");
    let run = Vault::start(&client, 2, secret("argument"))
        .id(&id)
        .task_queue(&world.queue)
        .memo("owner", secret("memo"))
        .summary(secret("static summary"))
        .await?;
    assert_eq!(
        run.add(secret("update")).await?,
        format!("added {}", secret("update"))
    );
    let refused = run.add(secret("bad")).await.unwrap_err();
    assert_eq!(
        refused.app().map(|app| app.message.clone()),
        Some(secret("update"))
    );
    let rejected = run.add(secret("invalid")).await.unwrap_err();
    assert!(
        rejected.to_string().contains(&secret("validator")),
        "{rejected}"
    );
    assert_eq!(run.notes(secret("")).await?, [secret("update")]);
    let failed = run.notes("").await.unwrap_err();
    assert_eq!(
        failed.app().map(|app| app.message.clone()),
        Some(secret("query"))
    );

    run.close(secret("signal")).await?;
    let next = eventually("the second run", || async {
        let found = client.handle(&id).describe().await.ok()?;
        (Some(&*found.run_id) != run.run_id()).then_some(found)
    })
    .await;
    assert_eq!(next.memo::<String>("owner")?, Some(secret("memo")));
    let again = Vault::handle(&client, &id);
    again.close(secret("signal")).await?;
    let error = again.result().await.unwrap_err();
    let apps: Vec<_> = error.apps().map(|app| app.message.clone()).collect();
    assert_eq!(apps, [secret("failure"), secret("jammed child")]);
    let notes: Vec<String> = error.app().expect("it is the first").detail(0)?;
    assert_eq!(
        notes,
        [
            secret("signal"),
            format!("{}, {}", secret("next run"), secret("heartbeat")),
            secret("next run").to_uppercase(),
            secret("side effect"),
            format!("{}, {}", secret("child"), secret("signal to a child")),
        ]
    );

    let events = all_events(world, &id, run.run_id().unwrap_or_default()).await;
    for kind in [
        EventType::WorkflowExecutionUpdateCompleted,
        EventType::WorkflowExecutionSignaled,
        EventType::ActivityTaskCompleted,
        EventType::MarkerRecorded,
        EventType::WorkflowPropertiesModified,
        EventType::ChildWorkflowExecutionFailed,
        EventType::WorkflowExecutionContinuedAsNew,
        EventType::WorkflowExecutionFailed,
    ] {
        assert!(events.iter().any(|it| it.event_type() == kind), "{kind:?}");
    }
    for event in &events {
        assert!(!shows_secret(&event.encode_to_vec()), "{event:#?}");
    }
    let encrypted = payloads(&events);
    let encodings = encrypted.windows(16).filter(|it| it == b"binary/encrypted");
    assert!(encodings.count() > 30);
    assert!(encrypted.windows(15).any(|it| it == b"Encoded failure"));

    let exported = replay::histories([
        exported(world, &id, run.run_id()).await?,
        exported(world, &id, None).await?,
    ]);
    let summary = exported.codecs(codecs()).workflow::<Vault>().check()?;
    assert_eq!(summary.histories, 2);

    // What the lists and descriptions of the server show.
    let mut service = world.service().await?;
    let described = service.describe_workflow_execution(DescribeWorkflowExecutionRequest {
        namespace: "default".to_owned(),
        execution: Some(WorkflowExecution {
            workflow_id: id.clone(),
            run_id: String::new(),
        }),
    });
    assert!(!shows_secret(
        &described.await?.into_inner().encode_to_vec()
    ));
    let query = format!("WorkflowId = '{id}'");
    eventually("both runs in the list", || async {
        let mut service = service.clone();
        let listed = service.list_workflow_executions(ListWorkflowExecutionsRequest {
            namespace: "default".to_owned(),
            query: query.clone(),
            ..Default::default()
        });
        let listed = listed.await.ok()?.into_inner();
        assert!(!shows_secret(&listed.encode_to_vec()));
        (listed.executions.len() == 2).then_some(())
    })
    .await;

    // A replay reads it all again.
    worker.shutdown().await?;
    let worker = Worker::new(&client, &world.queue).workflow::<Vault>();
    let worker = worker.spawn().await?;
    assert_eq!(again.notes(secret("")).await?, notes);
    worker.shutdown().await
}

pub(super) const STARTED_BY: SearchKey<Keyword> = SearchKey::new("TemporalScheduledById");

async fn a_schedule_keeps_its_arguments_and_memos_encrypted(world: &World) -> Result<()> {
    let client = secured(world);
    let worker = Worker::new(&client, &world.queue).workflow::<Drawer>();
    let worker = worker.spawn().await?;
    let id = unique("schedule");
    let schedule = Drawer::schedule(&client, &id, secret("scheduled"))
        .every(days(300))
        .overlap(Overlap::AllowAll)
        .task_queue(&world.queue)
        .workflow_id(format!("{id}-drawer"))
        .memo("about", secret("memo of a schedule"))
        .workflow_memo("about", secret("memo of its workflows"))
        .await?;
    let found = schedule.describe().await?;
    assert_eq!(
        found.memo::<String>("about")?,
        Some(secret("memo of a schedule"))
    );
    let mut service = world.service().await?;
    let raw = service.describe_schedule(DescribeScheduleRequest {
        namespace: "default".to_owned(),
        schedule_id: id.clone(),
    });
    assert!(!shows_secret(&raw.await?.into_inner().encode_to_vec()));

    schedule.trigger().await?;
    let started = eventually("a run of the schedule", || async {
        let mut runs = client.list(STARTED_BY.eq(&*id));
        runs.next().await.ok().flatten()
    })
    .await;
    let run = Drawer::handle(&client, &started.workflow_id);
    assert_eq!(
        run.describe().await?.memo::<String>("about")?,
        Some(secret("memo of its workflows"))
    );
    run.say("open".to_owned()).await?;
    assert_eq!(
        run.result().await?,
        format!("{}, open", secret("scheduled"))
    );
    let events = history::events(&world.address(), &started.workflow_id, "").await;
    assert!(!shows_secret(&payloads(&events)));
    schedule.delete().await?;
    worker.shutdown().await
}

async fn large_payloads_are_in_the_store_and_the_history_has_references(
    world: &World,
) -> Result<()> {
    let folder = std::env::temp_dir().join(unique("payloads"));
    let codecs = Codecs::new()
        .codec(ClaimCheck::new(Folder::new(&folder)).min_bytes(10_000))
        .codec(encryption());
    let client = world.client.with_codecs(codecs);
    let worker = Worker::new(&client, &world.queue).workflow::<Drawer>();
    let worker = worker.spawn().await?;
    // More than the server takes.
    let large = secret(&"x".repeat(3 << 20));
    let run = Drawer::start(&client, large.as_str())
        .task_queue(&world.queue)
        .await?;
    run.say("open".to_owned()).await?;
    assert_eq!(run.result().await?, format!("{large}, open"));
    let events = history::events(&world.address(), run.id(), "").await;
    assert!(payloads(&events).len() < 20_000);
    let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) = &events[0].attributes
    else {
        panic!("a history begins with the start");
    };
    let Payloads { payloads } = started.input.clone().unwrap_or_default();
    let reference = String::from_utf8_lossy(&payloads[0].data);
    assert!(
        reference.starts_with(r#"{"driverName":"sha256","claimData":{"sha256":""#),
        "{reference}"
    );

    std::fs::remove_dir_all(&folder)?;
    let gone = run.result().await.unwrap_err();
    assert!(gone.to_string().contains("` is not in the store"), "{gone}");
    let blocked = std::env::temp_dir().join(unique("no-folder"));
    std::fs::write(&blocked, "a file")?;
    let codecs = Codecs::new().codec(ClaimCheck::new(Folder::new(&blocked)));
    let without = world.client.with_codecs(codecs);
    let error = Drawer::start(&without, large)
        .task_queue(&world.queue)
        .await
        .unwrap_err();
    let StartError::Rpc(RpcError::Codec { message }) = &error else {
        panic!("{error:?}");
    };
    assert!(
        message.starts_with("codec `ClaimCheck` cannot encode payload `input[0]` of workflow `"),
        "{message}"
    );
    std::fs::remove_file(&blocked)?;
    worker.shutdown().await
}
