//! Encodings other than JSON, with the Python SDK on the other side: protobuf messages with its default
//! converter, MessagePack with a converter of its own.

use std::process::Stdio;

use durably::{
    data::{BinaryProto, Encoded, Encoding, EncodingError, JsonProto, Payload},
    prelude::*,
    raw::api::common::v1::WorkflowExecution,
};
use durably_proto::wkt::{Duration, Timestamp};
use durably_tests::{
    World,
    message_pack::MessagePack,
    on_both_servers,
    process::{output, python},
    unique,
};

/// Cents as a text.
#[derive(Clone, Debug, Default, PartialEq)]
struct Money(i64);

impl Encoding for Money {
    fn encode(&self) -> Result<Payload, EncodingError> {
        Ok(Payload::new("text/cents", self.0.to_string().into_bytes()))
    }

    fn decode(payload: Payload) -> Result<Self, EncodingError> {
        match payload.encoding() {
            "text/cents" => Ok(Self(std::str::from_utf8(payload.data())?.parse()?)),
            other => Err(format!("`{other}` is not an amount of money").into()),
        }
    }
}

/// Says in which encoding its argument came.
#[activity(start_to_close = "10s")]
async fn weigh(ctx: &ActivityCtx, parcel: Payload, price: Option<Money>) -> Result<Vec<Money>> {
    ctx.heartbeat(Encoded(price.clone()));
    let price = price.unwrap_or_default();
    if parcel.encoding() != "json/protobuf" {
        let error = AppError::new("Odd", parcel.encoding()).non_retryable();
        return Err(error.details(Encoded(price)).into());
    }
    Ok(vec![price.clone(), price])
}

/// Takes and returns messages in every way there is.
#[derive(Default)]
struct Parcel {
    sent: Option<Timestamp>,
    run: WorkflowExecution,
}

#[workflow(name = "parcel")]
impl Parcel {
    #[run]
    async fn run(&mut self, ctx: &Ctx, patience: Duration) -> Result<WorkflowExecution> {
        ctx.wait_until(|| self.sent.is_some()).await?;
        let raw = Payload::new("json/protobuf", br#""2s""#.to_vec());
        let prices = weigh::call(ctx, raw, Some(Money(7))).await?;
        assert_eq!(prices, [Money(7), Money(7)]);
        let refused = weigh::call(ctx, Payload::bytes(vec![1]), Some(Money(8))).await;
        let refused = refused.unwrap_err();
        let app = refused.app().expect("the activity says why");
        assert_eq!(app.message, "binary/plain");
        assert_eq!(app.detail::<Encoded<Money>>(0)?, Encoded(Money(8)));
        self.run.workflow_id = format!("waited {}s", patience.seconds);
        Ok(self.run.clone())
    }

    #[signal]
    fn send(&mut self, at: Timestamp) {
        self.sent = Some(at);
    }

    #[update]
    fn name(&mut self, run: BinaryProto<WorkflowExecution>) -> Option<Timestamp> {
        self.run = run.0;
        self.sent
    }

    #[query]
    fn longer(&self, by: Duration) -> Duration {
        Duration {
            seconds: by.seconds + 1,
            ..by
        }
    }

    #[query]
    fn money(&self, more: Vec<Option<Money>>) -> Vec<Option<Money>> {
        more
    }
}

on_both_servers! {
    messages_and_own_types_are_arguments_and_results
    a_python_program_sends_and_receives_messages
    a_python_worker_sends_and_receives_messages
    message_pack_is_what_both_sides_write
    what_cannot_be_read_fails_one_run_and_no_other
}

async fn parcel_worker(world: &World) -> Result<durably::worker::WorkerGuard> {
    let worker = world.worker().workflow::<Parcel>().activity::<weigh>();
    worker.spawn().await
}

async fn messages_and_own_types_are_arguments_and_results(world: &World) -> Result<()> {
    let worker = parcel_worker(world).await?;
    let patience = Duration {
        seconds: 3,
        nanos: 0,
    };
    let parcel = Parcel::start(&world.client, patience).task_queue(&world.queue);
    let parcel = parcel.await?;
    let longer = parcel.longer(patience).await?;
    assert_eq!(longer.seconds, 4);
    let money = vec![None, Some(Money(5))];
    assert_eq!(parcel.money(money.clone()).await?, money);
    let run = WorkflowExecution {
        workflow_id: String::new(),
        run_id: "r".to_owned(),
    };
    assert_eq!(parcel.name(BinaryProto(run)).await?, None);
    let at = Timestamp {
        seconds: 5,
        nanos: 0,
    };
    parcel.send(at).await?;
    let run = parcel.result().await?;
    assert_eq!((&*run.workflow_id, &*run.run_id), ("waited 3s", "r"));
    let history = parcel.history().await?.to_string();
    assert!(history.contains("parcel"), "{history}");
    worker.shutdown().await
}

pub(crate) async fn run_python(script: &str, world: &World) -> Result<()> {
    python_output(script, world, &[]).await.map(drop)
}

/// Runs a Python program to its end, which is a success; returns what it prints, none if there is no Python.
pub(crate) async fn python_output(
    script: &str,
    world: &World,
    arguments: &[&str],
) -> Result<Option<String>> {
    let Some(mut command) = python(script) else {
        return Ok(None);
    };
    command
        .args([world.address(), world.queue.clone()])
        .args(arguments);
    Ok(Some(output(command).await.trim().to_owned()))
}

async fn a_python_program_sends_and_receives_messages(world: &World) -> Result<()> {
    let worker = parcel_worker(world).await?;
    run_python("messages_client.py", world).await?;
    worker.shutdown().await
}

async fn a_python_worker_sends_and_receives_messages(world: &World) -> Result<()> {
    let Some(mut worker) = python("messages_worker.py") else {
        return Ok(());
    };
    let mut worker = worker
        .args([world.address(), world.queue.clone()])
        .stdin(Stdio::piped())
        .spawn()?;
    let run = WorkflowExecution {
        workflow_id: "order-7".to_owned(),
        run_id: "r".to_owned(),
    };
    let length = Duration {
        seconds: 1,
        nanos: 500_000_000,
    };
    let handle = world
        .client
        .start("Measure", (BinaryProto(run), JsonProto(length)))
        .task_queue(&world.queue)
        .await?;
    let JsonProto(doubled) = handle.result::<JsonProto<Duration>>().await?;
    assert_eq!((doubled.seconds, doubled.nanos), (3, 0));
    drop(worker.stdin.take());
    let ended = tokio::task::spawn_blocking(move || worker.wait());
    assert!(ended.await.expect("waiting does not panic")?.success());
    Ok(())
}

#[durably::data]
#[derive(Clone, Debug, PartialEq)]
struct Reading {
    sensor: String,
    degrees: u32,
}

/// Keeps the warmest.
#[activity(start_to_close = "10s")]
async fn warmest(ctx: &ActivityCtx, readings: Vec<Reading>) -> Result<Reading> {
    ctx.heartbeat(readings.len());
    let warmest = readings.into_iter().max_by_key(|it| it.degrees);
    warmest.ok_or_else(|| AppError::new("Empty", "no readings").into())
}

#[derive(Default)]
struct Station {
    readings: Vec<Reading>,
    runs: u32,
}

#[workflow(name = "station")]
impl Station {
    #[init]
    fn new(runs: u32, readings: Vec<Reading>) -> Self {
        Self { readings, runs }
    }

    #[run]
    async fn run(&mut self, ctx: &Ctx, runs: u32, readings: Vec<Reading>) -> Result<Reading> {
        ctx.wait_until(|| self.readings.len() > readings.len())
            .await?;
        let reading = warmest::call(ctx, self.readings.clone()).await?;
        if runs == 0 {
            return Ok(reading);
        }
        Self::continue_as_new(runs - 1, vec![reading]).into()
    }

    #[signal]
    fn read(&mut self, reading: Reading) {
        self.readings.push(reading);
    }

    #[query]
    fn last(&self) -> Option<Reading> {
        self.readings.last().cloned()
    }

    #[update]
    fn correct(&mut self, by: u32) -> u32 {
        self.runs += by;
        self.runs
    }
}

async fn message_pack_is_what_both_sides_write(world: &World) -> Result<()> {
    let client = world.client.with_format(MessagePack);
    let worker = Worker::new(&client, &world.queue)
        .workflow::<Station>()
        .activity::<warmest>()
        .spawn()
        .await?;
    let reading = |sensor: &str, degrees| Reading {
        sensor: sensor.to_owned(),
        degrees,
    };
    let id = unique("station");
    let station = Station::start(&client, 1, vec![reading("roof", 20)])
        .task_queue(&world.queue)
        .id(&id)
        .memo("by", "Ada")
        .with_signal(|it| it.read(reading("cellar", 9)))
        .await?;
    let by: Option<String> = station.describe().await?.memo("by")?;
    assert_eq!(by.as_deref(), Some("Ada"));
    // The next run begins with the warmest reading, and waits for another.
    let other = client.handle(&id);
    durably_tests::eventually("the next run", || async {
        let last: Option<Reading> = other.query("last", ()).await.ok()?;
        (last? == reading("roof", 20)).then_some(())
    })
    .await;
    // A client without the format is understood, too, as far as it sends.
    let plain = Station::handle(&world.client, &id);
    plain.read(reading("attic", 30)).await?;
    assert_eq!(station.result().await?, reading("attic", 30));
    run_python("message_pack_client.py", world).await?;
    worker.shutdown().await
}

/// Takes a number.
#[derive(Default)]
struct Counter {
    n: u32,
}

#[workflow(name = "counter")]
impl Counter {
    #[run]
    async fn run(&mut self, ctx: &Ctx, n: u32) -> Result<u32> {
        ctx.wait_until(|| self.n > 0).await?;
        Ok(self.n + n)
    }

    #[signal]
    fn add(&mut self, n: u32) {
        self.n += n;
    }

    #[update]
    fn set(&mut self, n: u32) -> u32 {
        self.n = n;
        n
    }

    #[query]
    fn plus(&self, n: u32) -> u32 {
        self.n + n
    }
}

async fn what_cannot_be_read_fails_one_run_and_no_other(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Counter>().spawn().await?;
    let message = || {
        BinaryProto(WorkflowExecution {
            workflow_id: "w".to_owned(),
            run_id: "r".to_owned(),
        })
    };
    let unknown = || Encoded(Payload::new("binary/encrypted", vec![1]));
    let id = unique("counter");
    let stuck = world
        .client
        .start("counter", (message(),))
        .id(&id)
        .task_queue(&world.queue)
        .await?;
    let said = durably_tests::eventually("the failed task", || async {
        let history = stuck.history().await.ok()?.to_string();
        history.contains("take its prost type").then_some(history)
    })
    .await;
    assert!(
        said.contains("argument 1 `n` of workflow `counter`"),
        "{said}"
    );
    let good = Counter::start(&world.client, 1)
        .task_queue(&world.queue)
        .await?;
    let by_name = world.client.handle(good.id());
    let of_message = "it is the protobuf message `temporal.api.common.v1.WorkflowExecution`";
    for (text, error) in [
        (
            of_message,
            by_name
                .query::<u32>("plus", (message(),))
                .await
                .unwrap_err()
                .to_string(),
        ),
        (
            of_message,
            by_name
                .update::<u32>("set", (message(),))
                .await
                .unwrap_err()
                .to_string(),
        ),
        (
            "encoding `binary/encrypted` is not known here",
            by_name
                .update::<u32>("set", (unknown(),))
                .await
                .unwrap_err()
                .to_string(),
        ),
        (
            "encoding `binary/encrypted` is not known here",
            by_name
                .query::<u32>("plus", (unknown(),))
                .await
                .unwrap_err()
                .to_string(),
        ),
    ] {
        assert!(error.contains(text), "{error}");
    }
    // A signal that cannot be read is reported and dropped.
    by_name.signal("add", (unknown(),)).await?;
    by_name.signal("add", (2,)).await?;
    assert_eq!(good.result().await?, 3);
    stuck.terminate("the test is over").await?;
    worker.shutdown().await
}
