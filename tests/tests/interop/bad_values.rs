//! Values that cannot be read: each is an error that says where it is and what is wrong with it, for who
//! reads it. The other runs of the worker carry on.

use durably::{
    data::{BinaryProto, Encoded, JsonProto, Payload},
    prelude::*,
    raw::api::common::v1::WorkflowExecution,
};
use durably_proto::{Message as _, wkt::Duration};
use durably_tests::{World, eventually, message_pack::MessagePack, on_both_servers};

#[durably::data]
#[derive(Debug)]
struct Reading {
    sensor: String,
    degrees: u32,
}

type Binary = BinaryProto<WorkflowExecution>;
type Json = JsonProto<Duration>;

/// The type that a value is read as.
#[derive(Clone, Copy)]
enum As {
    Reading,
    Binary,
    Json,
}

/// A value, the type that it is read as, and what is wrong with it.
struct Case(Payload, As, &'static str);

/// The text of the error of reading a case's value, with `$T` in place of its type.
macro_rules! told {
    ($case:expr, $T:ident => $read:expr) => {{
        let told = match $case.1 {
            As::Reading => {
                type $T = Reading;
                $read.map(|_| ()).map_err(|error| error.to_string())
            }
            As::Binary => {
                type $T = Binary;
                $read.map(|_| ()).map_err(|error| error.to_string())
            }
            As::Json => {
                type $T = Json;
                $read.map(|_| ()).map_err(|error| error.to_string())
            }
        };
        told.expect_err("it cannot be read")
    }};
}

impl As {
    fn name(self) -> &'static str {
        match self {
            Self::Reading => "Reading",
            Self::Binary => "BinaryProto<WorkflowExecution>",
            Self::Json => "JsonProto<Duration>",
        }
    }
}

fn cases() -> Vec<Case> {
    let json = |text: &str| Payload::json(text.as_bytes().to_vec());
    let message = |name: &str, data: Vec<u8>| {
        Payload::new("binary/protobuf", data).with_metadata("messageType", name.into())
    };
    let run = WorkflowExecution {
        workflow_id: "w".to_owned(),
        run_id: "r".to_owned(),
    };
    let run = run.encode_to_vec();
    const RUN: &str = "temporal.api.common.v1.WorkflowExecution";
    // A server takes a memo without data for none.
    let second = Duration {
        seconds: 1,
        nanos: 0,
    };
    let unknown = || Payload::new("binary/encrypted", vec![1]);
    let packed = rmp_serde::to_vec_named(&("roof", 20)).expect("it can be written");
    let message_pack = |data: &[u8]| Payload::new("binary/msgpack", data.to_vec());
    vec![
        Case(
            unknown(),
            As::Reading,
            "encoding `binary/encrypted` is not known here; is a codec missing?",
        ),
        Case(
            Payload::new("", b"raw".to_vec()),
            As::Reading,
            "it does not say how it is encoded",
        ),
        Case(
            json(r#"{"sensor":"roof","deg"#),
            As::Reading,
            "EOF while parsing a string",
        ),
        Case(
            json(r#"{"sensor":"roof","degrees":"hot"}"#),
            As::Reading,
            "invalid type: string \"hot\", expected u32 at `.degrees`",
        ),
        Case(
            Payload::bytes(vec![1]),
            As::Reading,
            "it is bytes; take `durably::Bytes` or `Vec<u8>`",
        ),
        Case(
            message(RUN, run.clone()),
            As::Reading,
            "it is the protobuf message `temporal.api.common.v1.WorkflowExecution`; take its prost type",
        ),
        Case(
            message_pack(&packed[..packed.len() - 1]),
            As::Reading,
            "IO error while reading marker: failed to fill whole buffer",
        ),
        Case(
            message_pack(&[0xc3]),
            As::Reading,
            "invalid type: boolean `true`, expected struct Reading",
        ),
        Case(
            json(r#"{"workflowId":"w"}"#),
            As::Binary,
            "it is JSON, and this message cannot be read from JSON without serde's traits; generate them \
             with pbjson, or send `binary/protobuf`",
        ),
        Case(
            unknown(),
            As::Binary,
            "it is `binary/encrypted`, not a protobuf message",
        ),
        Case(
            message("google.protobuf.Duration", second.encode_to_vec()),
            As::Binary,
            "it is the protobuf message `google.protobuf.Duration`, not \
             `temporal.api.common.v1.WorkflowExecution`",
        ),
        Case(
            message(RUN, run[..run.len() - 1].to_vec()),
            As::Binary,
            "failed to decode Protobuf message: WorkflowExecution.run_id: buffer underflow",
        ),
        Case(
            message(RUN, run),
            As::Json,
            "it is the protobuf message `temporal.api.common.v1.WorkflowExecution`, not \
             `google.protobuf.Duration`",
        ),
        Case(
            Payload::bytes(vec![1]),
            As::Json,
            "it is bytes; take `durably::Bytes` or `Vec<u8>`",
        ),
    ]
}

fn case(number: usize) -> Case {
    cases().swap_remove(number)
}

/// The second attempt says why it cannot read what the first one left.
#[activity(start_to_close = "10s")]
async fn again(ctx: &ActivityCtx, number: usize) -> Result<String> {
    let case = case(number);
    if ctx.attempt() == 1 {
        ctx.heartbeat(Encoded(case.0));
        let error = AppError::new("Again", "").next_retry_delay(millis(1));
        return Err(error.into());
    }
    Ok(told!(case, T => ctx.heartbeat_details::<T>()))
}

#[activity(start_to_close = "30s", heartbeat = "5s", max_attempts = 1)]
async fn stall(ctx: &ActivityCtx, number: usize) {
    ctx.heartbeat(Encoded(case(number).0));
    ctx.cancelled().await;
}

#[activity(start_to_close = "10s", max_attempts = 1)]
async fn fail(number: usize) -> Result<()> {
    Err(bad("", number).into())
}

fn bad(message: &str, number: usize) -> AppError {
    AppError::new("Bad", message).details(Encoded(case(number).0))
}

/// Reads what its activities leave, and fails with all that it was told.
#[derive(Default)]
struct Reader;

#[workflow(name = "reader")]
impl Reader {
    #[run]
    async fn run(&mut self, ctx: &Ctx, number: Option<usize>) -> Result<u32> {
        let Some(number) = number else {
            return Ok(1);
        };
        let case = case(number);
        let retried = again::call(ctx, number).await?;
        let stalled = stall::call(ctx, number).await.unwrap_err();
        let stalled = told!(case, T => stalled.last_heartbeat::<T>());
        let failed = fail::call(ctx, number).await.unwrap_err();
        let app = failed.app().expect("the activity fails");
        let failed = told!(case, T => app.detail::<T>(0));
        Err(bad(&[retried, stalled, failed].join("\n"), number).into())
    }
}

on_both_servers! {
    values_that_cannot_be_read_are_named_with_their_place
}

async fn values_that_cannot_be_read_are_named_with_their_place(world: &World) -> Result<()> {
    let client = world.client.with_format(MessagePack);
    let worker = Worker::new(&client, &world.queue)
        .workflow::<Reader>()
        .activity::<again>()
        .activity::<stall>()
        .activity::<fail>()
        .spawn()
        .await?;
    let mut runs = Vec::new();
    for (number, case) in cases().into_iter().enumerate() {
        let start = Reader::start(&client, Some(number)).task_queue(&world.queue);
        runs.push(start.memo("bad", Encoded(case.0)).await?);
    }
    let good = Reader::start(&client, None).task_queue(&world.queue);
    assert_eq!(good.result().await?, 1);

    for (run, case) in runs.into_iter().zip(cases()) {
        let Case(_, reads, fault) = case;
        let expected = |place: &str| format!("cannot read {place} as `{}`: {fault}", reads.name());
        let described = run.describe().await?;
        let memo = told!(case, T => described.memo::<T>("bad"));
        assert_eq!(memo, expected("memo `bad`"));
        let listed = eventually("the run is listed", || async {
            let filter = format!("WorkflowId = '{}'", run.id());
            client.list(filter).next().await.ok()?
        });
        let listed = listed.await;
        assert_eq!(told!(case, T => listed.memo::<T>("bad")), memo);

        let error = run.result().await.unwrap_err();
        let app = error.app().expect("the run fails");
        let places = [
            "the heartbeat details of activity `again`",
            "the last heartbeat of activity `stall`",
            "detail 0 of error `Bad`",
        ];
        let read: Vec<&str> = app.message.split('\n').collect();
        assert_eq!(read, places.map(expected));
        let detail = told!(case, T => app.detail::<T>(0));
        assert_eq!(detail, expected("detail 0 of error `Bad`"));
    }
    worker.shutdown().await
}
