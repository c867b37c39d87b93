//! Codecs that refuse, panic or do not return at each place of what a worker sends: nothing is sent in its stead but the
//! reason, and the next attempt with a codec that works is done.

use durably_proto::{
    Message as _,
    api::{
        failure::v1::{Failure, failure::FailureInfo},
        query::v1::WorkflowQuery,
        workflowservice::v1::PollWorkflowTaskQueueResponse,
    },
};

use super::{
    past::{Past, attempt, json, update},
    server::{Call, Server, cancels},
};
use crate::{
    interceptor::{ActivityRequest, WorkflowInterceptor},
    prelude::*,
    transport::faulty_codec::{ACTS, Act, Repair, faulty, is_bad},
    wire::encoded_failure::CODEC_FAILURE,
};

fn bad() -> String {
    "bad".to_owned()
}

/// Returns, fails with or reports what is bad.
#[activity(start_to_close = "10s", heartbeat = "10s", max_attempts = 1)]
async fn send(ctx: &ActivityCtx, what: String) -> Result<String> {
    match &*what {
        "result" => Ok(bad()),
        "failure" => Err(AppError::new("Kind", bad()).into()),
        "details" => Err(AppError::new("Kind", "it failed").details(bad()).into()),
        "final" => Err(AppError::new("Kind", bad()).non_retryable().into()),
        "heartbeat" => {
            ctx.heartbeat(bad());
            ctx.cancelled().await;
            Ok("done".to_owned())
        }
        _ => Ok("done".to_owned()),
    }
}

#[derive(Default)]
struct Kid;

#[workflow]
impl Kid {
    #[run]
    async fn run(&mut self, _text: String) {}
}

/// Sends what is bad at the place that its argument names.
#[derive(Default)]
struct Sends;

#[workflow]
impl Sends {
    #[run]
    async fn run(&mut self, ctx: &Ctx, place: String) -> Result<String> {
        match &*place {
            "activity" => _ = send::call(ctx, bad()).await?,
            "activity summary" => _ = send::call(ctx, "good").summary(bad()).await?,
            "header" => _ = send::call(ctx, "headed").await?,
            "child" => Kid::child(ctx, bad()).id("kid").await?,
            "child memo" => {
                Kid::child(ctx, "good")
                    .id("kid")
                    .memo("color", bad())
                    .await?;
            }
            "child summary" => Kid::child(ctx, "good").id("kid").summary(bad()).await?,
            "signal" => ctx.external("other").signal("add", (bad(),)).await?,
            "result" => return Ok(bad()),
            "failure" => return Err(AppError::new("Kind", bad()).into()),
            "details" => {
                let error = AppError::new("Kind", "it failed");
                return Err(error.details(bad()).into());
            }
            "next run" => return Self::continue_as_new(bad()).into(),
            "memo" => ctx.upsert_memo("color", bad())?,
            "side effect" => _ = ctx.side_effect(bad).await?,
            "local result" => _ = send::call(ctx, "result").local().await?,
            "local failure" => _ = send::call(ctx, "final").local().await,
            "timer summary" => ctx.sleep(hours(1)).summary(bad()).await?,
            "refused" => _ = send::call(ctx, "refused").await?,
            _ => {}
        }
        ctx.sleep(hours(1)).await?;
        Ok("done".to_owned())
    }

    #[query]
    fn ask(&self, what: String) -> Result<String> {
        match &*what {
            "answer" => Ok(bad()),
            "failure" => Err(AppError::new("Kind", bad()).into()),
            _ => Ok("done".to_owned()),
        }
    }

    #[update(validator = check)]
    fn set(&mut self, what: String) -> Result<String> {
        match &*what {
            "outcome" => Ok(bad()),
            _ => Err(AppError::new("Kind", bad()).into()),
        }
    }

    fn check(&self, what: &str) -> Result<(), String> {
        match what {
            "rejected" => Err(bad()),
            _ => Ok(()),
        }
    }
}

/// Puts what is bad in a header, or refuses an activity with it.
struct Heads;

impl WorkflowInterceptor for Heads {
    fn start_activity(&self, _: &View, request: &mut ActivityRequest) -> Result<()> {
        match &*request.args.get::<String>(0)? {
            "headed" => Ok(request.headers.set("color", bad())?),
            "refused" => Err(AppError::new("Kind", bad()).into()),
            _ => Ok(()),
        }
    }
}

struct Place {
    name: &'static str,
    /// Where the payload is in the response.
    path: &'static str,
    workflow_id: &'static str,
    others: Others,
}

/// The other payloads of a response.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Others {
    None,
    /// They belong to something else, and pass the codec by themselves.
    Apart,
    /// They pass the codec together with it.
    Together,
}

const fn alone(name: &'static str, path: &'static str) -> Place {
    Place {
        name,
        path,
        workflow_id: "id",
        others: Others::None,
    }
}

const fn apart(name: &'static str, path: &'static str) -> Place {
    Place {
        others: Others::Apart,
        ..alone(name, path)
    }
}

const fn together(name: &'static str, path: &'static str) -> Place {
    Place {
        others: Others::Together,
        ..alone(name, path)
    }
}

impl Place {
    const fn of(self, workflow_id: &'static str) -> Self {
        Self {
            workflow_id,
            ..self
        }
    }

    /// A codec that refuses names the payload; of others it is known as far as it was alone in the call.
    fn told(&self, act: Act) -> String {
        let is_known = match act {
            Act::Refuse => true,
            Act::Panic => self.others != Others::Together,
            Act::Hang | Act::Block => self.others == Others::None,
        };
        let what = match is_known {
            true => format!("payload `{}`", self.path),
            false => "payloads".to_owned(),
        };
        let id = match act.ends() || self.others != Others::Apart {
            true => self.workflow_id,
            false => "id",
        };
        act.told("encode", &format!("{what} of workflow `{id}`"))
    }
}

const COMMANDS: [Place; 16] = [
    alone("activity", "commands[0].ScheduleActivityTask.input[0]"),
    apart("activity summary", "commands[0].user_metadata.summary[0]"),
    together(
        "header",
        "commands[0].ScheduleActivityTask.header[\"color\"][0]",
    ),
    alone("child", "commands[0].StartChildWorkflowExecution.input[0]").of("kid"),
    apart(
        "child memo",
        "commands[0].StartChildWorkflowExecution.memo.fields[\"color\"][0]",
    )
    .of("kid"),
    apart("child summary", "commands[0].user_metadata.summary[0]").of("kid"),
    alone(
        "signal",
        "commands[0].SignalExternalWorkflowExecution.input[0]",
    )
    .of("other"),
    alone("result", "commands[0].CompleteWorkflowExecution.result[0]"),
    alone(
        "failure",
        "commands[0].FailWorkflowExecution.failure.encoded_attributes[0]",
    ),
    together(
        "details",
        "commands[0].FailWorkflowExecution.failure.ApplicationFailureInfo.details[0]",
    ),
    alone(
        "next run",
        "commands[0].ContinueAsNewWorkflowExecution.input[0]",
    ),
    alone(
        "memo",
        "commands[0].ModifyWorkflowProperties.upserted_memo.fields[\"color\"][0]",
    ),
    together("side effect", "commands[0].RecordMarker[\"data\"][0]"),
    alone("local result", "commands[0].RecordMarker[\"result\"][0]"),
    alone(
        "local failure",
        "commands[0].RecordMarker.failure.encoded_attributes[0]",
    ),
    alone("timer summary", "commands[0].user_metadata.summary[0]"),
];

#[track_caller]
fn assert_told(failure: Option<Failure>, why: &str, place: &str) {
    let failure = failure.unwrap_or_default();
    assert_eq!(failure.message, why, "{place}");
    let Some(FailureInfo::ApplicationFailureInfo(info)) = failure.failure_info else {
        panic!("{place}: {:?}", failure.failure_info);
    };
    assert_eq!(info.r#type, CODEC_FAILURE, "{place}");
    assert!(!info.non_retryable, "{place}");
    assert!(info.details.is_none(), "{place}");
}

/// The tasks of these places fail with the reason alone, and are done when the codec is repaired.
async fn all_fail_until_repaired(
    act: Act,
    places: &[Place],
    task: impl Fn(&str, &Place) -> PollWorkflowTaskQueueResponse,
) -> Result<()> {
    let mut server = Server::new();
    let (codecs, repair) = faulty(act);
    let worker = server
        .worker_with(codecs.encode_failures())
        .workflow::<Sends>()
        .activity::<send>()
        .workflow_interceptor(Heads);
    let worker = worker.spawn().await?;
    for place in places {
        let name = format!("{act:?} {}", place.name);
        repair.set(false);
        let task = task(&name, place);
        server.normal.send(Ok(task.clone()))?;
        let failed = server.failed().await;
        assert!(!is_bad(&failed.encode_to_vec()), "{name}");
        assert_told(failed.failure, &place.told(act), &name);
        repair.set(true);
        server.normal.send(Ok(task))?;
        let completed = server.completed().await;
        assert!(is_bad(&completed.encode_to_vec()), "{name}: {completed:?}");
    }
    worker.shutdown().await
}

#[tokio::test]
async fn a_task_whose_response_cannot_be_encoded_fails_at_each_place_and_is_done_when_it_can()
-> Result<()> {
    for act in ACTS {
        let task = |run: &str, place: &Place| {
            let input = json(&format!("\"{}\"", place.name));
            Past::begin("Sends", run).with_input(input).whole()
        };
        all_fail_until_repaired(act, &COMMANDS, task).await?;
    }
    Ok(())
}

const MESSAGES: [Place; 3] = [
    alone("outcome", "messages[1].outcome.value.Success[0]"),
    alone(
        "failed",
        "messages[1].outcome.value.Failure.encoded_attributes[0]",
    ),
    alone("rejected", "messages[0].failure.encoded_attributes[0]"),
];

#[tokio::test]
async fn a_task_whose_updates_cannot_be_answered_fails_and_they_are_answered_when_they_can()
-> Result<()> {
    for act in ACTS {
        let task = |run: &str, place: &Place| {
            let mut task = Past::begin("Sends", run).with_input(json("\"\"")).whole();
            let args = json(&format!("\"{}\"", place.name));
            task.messages = vec![update("set", args)];
            task
        };
        all_fail_until_repaired(act, &MESSAGES, task).await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_failure_of_a_task_that_cannot_be_encoded_is_told_as_that_of_the_codec() -> Result<()> {
    for act in ACTS {
        let mut server = Server::new();
        let (codecs, repair) = faulty(act);
        let worker = server
            .worker_with(codecs.encode_failures())
            .workflow::<Sends>()
            .workflow_interceptor(Heads);
        let worker = worker.spawn().await?;
        let run = format!("{act:?} refused");
        let past = Past::begin("Sends", &run).with_input(json("\"refused\""));
        server.normal.send(Ok(past.whole()))?;
        let failed = server.failed().await;
        assert!(!is_bad(&failed.encode_to_vec()), "{act:?}");
        let place = alone("refused", "failure.encoded_attributes[0]");
        assert_told(failed.failure, &place.told(act), place.name);
        repair.set(true);
        server.normal.send(Ok(past.whole()))?;
        let failed = server.failed().await.failure.unwrap_or_default();
        assert_eq!(failed.message, "Encoded failure");
        worker.shutdown().await?;
    }
    Ok(())
}

fn asked(what: &str) -> WorkflowQuery {
    WorkflowQuery {
        query_type: "ask".to_owned(),
        query_args: json(&format!("\"{what}\"")),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_query_whose_answer_cannot_be_encoded_fails_alone() -> Result<()> {
    for act in ACTS {
        let mut server = Server::new();
        let (codecs, repair) = faulty(act);
        let worker = server
            .worker_with(codecs.encode_failures())
            .workflow::<Sends>();
        let worker = worker.spawn().await?;
        let past = Past::begin("Sends", &format!("{act:?} query")).with_input(json("\"\""));
        let mut task = past.whole();
        let places = [
            alone("answer", "query_results[\"answer\"].answer[0]"),
            alone(
                "failure",
                "query_results[\"failure\"].failure.encoded_attributes[0]",
            ),
        ];
        task.queries = ["answer", "failure", "good"]
            .map(|what| (what.to_owned(), asked(what)))
            .into();
        server.normal.send(Ok(task))?;
        let mut completed = server.completed().await;
        assert!(!is_bad(&completed.encode_to_vec()), "{act:?}");
        assert_eq!(completed.commands.len(), 1, "a timer");
        let good = completed.query_results.remove("good").unwrap_or_default();
        assert_eq!(good.answer, json("\"done\""));
        for place in places {
            let answer = completed.query_results.remove(place.name);
            let answer = answer.unwrap_or_default();
            assert_eq!(answer.error_message, place.told(act));
            assert_told(answer.failure, &place.told(act), place.name);
        }
        assert!(completed.query_results.is_empty());

        let mut alone_in_task = past.answered().timer("1").query("ask");
        alone_in_task.query = Some(asked("answer"));
        server.normal.send(Ok(alone_in_task.clone()))?;
        let answered = server.answered().await;
        assert!(!is_bad(&answered.encode_to_vec()), "{act:?}");
        let place = alone("answer", "query_result[0]");
        assert_eq!(answered.error_message, place.told(act));
        assert_told(answered.failure, &place.told(act), place.name);
        repair.set(true);
        server.normal.send(Ok(alone_in_task))?;
        assert_eq!(server.answered().await.query_result, json("\"bad\""));
        worker.shutdown().await?;
    }
    Ok(())
}

/// The end of an attempt, or its failure.
async fn ended(server: &mut Server) -> (Vec<u8>, Option<Failure>) {
    match server.next_call().await {
        Call::ActivityCompleted(it) => (it.encode_to_vec(), None),
        Call::ActivityFailed(it) => (it.encode_to_vec(), it.failure),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_attempt_whose_end_cannot_be_encoded_fails_with_the_reason() -> Result<()> {
    let places = [
        alone("result", "result[0]"),
        alone("failure", "failure.encoded_attributes[0]"),
        together("details", "failure.ApplicationFailureInfo.details[0]"),
    ];
    for act in ACTS {
        let mut server = Server::new();
        let (codecs, repair) = faulty(act);
        let worker = server
            .worker_with(codecs.encode_failures())
            .activity::<send>();
        let worker = worker.spawn().await?;
        for place in &places {
            repair.set(false);
            let task = attempt("send", json(&format!("\"{}\"", place.name)));
            server.activities.send(Ok(task.clone()))?;
            let (sent, failure) = ended(&mut server).await;
            assert!(!is_bad(&sent), "{act:?} {}", place.name);
            assert_told(failure, &place.told(act), place.name);
            repair.set(true);
            server.activities.send(Ok(task))?;
            assert!(is_bad(&ended(&mut server).await.0));
        }
        heartbeats(act, &mut server, &repair).await?;
        worker.shutdown().await?;
    }
    Ok(())
}

/// The details of a heartbeat that cannot be encoded are dropped; the attempt goes on.
async fn heartbeats(act: Act, server: &mut Server, repair: &Repair) -> Result<()> {
    for is_repaired in [false, true] {
        repair.set(is_repaired);
        server.script().heartbeats.push_back(Ok(cancels()));
        server
            .activities
            .send(Ok(attempt("send", json("\"heartbeat\""))))?;
        let Call::Heartbeat(alive) = server.next_call().await else {
            panic!("the server hears that the attempt is alive");
        };
        let reported = is_repaired.then(|| json("\"bad\"")).flatten();
        assert_eq!(alive.details, reported, "{act:?}");
        let completed = server.activity_completed().await;
        assert_eq!(completed.result, json("\"done\""), "{act:?}");
    }
    Ok(())
}
