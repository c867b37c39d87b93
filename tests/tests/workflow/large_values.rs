//! Values over the limits of the namespace: a worker names them and fails the workflow task, and one whose code is mended
//! goes on.

use durably::{
    error::{Failure, ResultError},
    prelude::*,
};
use durably_proto::api::{
    enums::v1::WorkflowTaskFailedCause, failure::v1::failure::FailureInfo,
    history::v1::history_event::Attributes,
};
use durably_tests::{World, eventually, history, on_both_servers, told::Told};

#[activity(start_to_close = "1m")]
async fn measure(_number: u8, text: String) -> usize {
    text.len()
}

/// Returns a text of so many bytes.
#[activity(start_to_close = "1m", max_attempts = 2)]
async fn write(bytes: usize) -> String {
    "x".repeat(bytes)
}

/// Sends a heartbeat of so many bytes after a small one, and returns what the last attempt has sent.
#[activity(start_to_close = "1m", heartbeat = "30s")]
async fn beat(ctx: &ActivityCtx, bytes: usize) -> Result<String> {
    match ctx.attempt() {
        1 => ctx.heartbeat("small"),
        2 => ctx.heartbeat("x".repeat(bytes)),
        _ => return Ok(ctx.heartbeat_details::<String>()?.unwrap_or_default()),
    }
    Err(AppError::new("Again", "read the heartbeat")
        .next_retry_delay(millis(1))
        .into())
}

/// A workflow whose values have `$bytes`.
macro_rules! sender {
    ($module:ident, $bytes:expr) => {
        mod $module {
            use durably::prelude::*;

            use super::{measure, write};

            const BYTES: usize = $bytes;

            fn large() -> String {
                "x".repeat(BYTES)
            }

            #[derive(Default)]
            pub(super) struct Sender {
                done: bool,
            }

            #[workflow(name = "Sender")]
            impl Sender {
                #[run]
                pub(super) async fn run(&mut self, ctx: &Ctx, case: String) -> Result<String> {
                    match case.as_str() {
                        "activity" => drop(measure::call(ctx, 1, large()).await?),
                        "child" => {
                            let id = format!("{}-child", ctx.workflow_id());
                            Self::child(ctx, "done")
                                .memo("note", large())
                                .id(id)
                                .await?;
                        }
                        "signal" => {
                            let other = ctx
                                .external("nobody of this id")
                                .signal("hello", (large(),));
                            other.await.expect_err("there is no such workflow");
                        }
                        "next run" => {
                            let next = Self::continue_as_new("done");
                            return Err(next.memo("note", large()).into());
                        }
                        "error" => bail!("{}", large()),
                        "side effect" => drop(ctx.side_effect(large).await?),
                        "local activity" => drop(write::call(ctx, BYTES).local().await?),
                        "memo" => ctx.upsert_memo("note", large())?,
                        "update" => ctx.wait_until(|| self.done).await?,
                        "done" => return Ok("done".to_owned()),
                        "result" => {}
                        other => bail!("no case {other}"),
                    }
                    Ok(large())
                }

                #[update]
                pub(super) fn text(&mut self) -> String {
                    self.done = true;
                    large()
                }
            }
        }
    };
}

sender!(before, 3_000_000);
sender!(after, 4);

on_both_servers! {
    a_value_over_the_limit_fails_the_workflow_task_until_the_code_is_mended
    a_response_of_many_values_is_measured_as_a_whole
    without_the_check_the_server_terminates_the_run
    a_result_over_the_limit_fails_its_activity_for_good
    a_heartbeat_over_the_limit_is_left_out
    a_large_value_is_sent_with_a_warning
    a_request_over_the_limit_names_what_is_large
}

/// The cause and the text of the first failure of a workflow task.
async fn task_failure(world: &World, id: &str) -> (WorkflowTaskFailedCause, String, String) {
    eventually("the workflow task fails", || async {
        let events = history::events(&world.address(), id, "").await;
        events.into_iter().find_map(|event| match event.attributes {
            Some(Attributes::WorkflowTaskFailedEventAttributes(failed)) => {
                let cause = failed.cause();
                let failure = failed.failure.unwrap_or_default();
                let kind = match failure.failure_info {
                    Some(FailureInfo::ApplicationFailureInfo(info)) => info.r#type,
                    _ => String::new(),
                };
                Some((cause, kind, failure.message))
            }
            _ => None,
        })
    })
    .await
}

const REMEDY: &str = ". Keep large values in a store of your own and pass what names them, or use the codec `ClaimCheck`";

async fn a_value_over_the_limit_fails_the_workflow_task_until_the_code_is_mended(
    world: &World,
) -> Result<()> {
    let before = world
        .worker()
        .workflow::<before::Sender>()
        .activity::<measure>();
    let before = before.activity::<write>().spawn().await?;
    let mut started = Vec::new();
    for (case, expected) in [
        (
            "activity",
            "the arguments of activity `measure` of 2.9 MiB (3000065 bytes), 2.9 MiB (3000031 bytes) of it in value 2 over the limit of 2 MiB",
        ),
        (
            "child",
            "the memo of child `Sender` of 2.9 MiB (3000047 bytes) over the limit of 2 MiB",
        ),
        (
            "signal",
            "the arguments of signal `hello` to workflow `nobody of this id` of 2.9 MiB (3000036 bytes) over the limit of 2 MiB",
        ),
        (
            "next run",
            "the memo of the next run (continue-as-new) of 2.9 MiB (3000047 bytes) over the limit of 2 MiB",
        ),
        (
            "result",
            "the result of the workflow of 2.9 MiB (3000036 bytes) over the limit of 2 MiB",
        ),
        ("error", "the error of the workflow of 2.9 MiB ("),
        ("side effect", "the value of a side effect of 2.9 MiB ("),
        (
            "local activity",
            "the result of local activity `write` of 2.9 MiB (",
        ),
        (
            "memo",
            "a change of the memo of 2.9 MiB (3000047 bytes) over the limit of 2 MiB",
        ),
        ("update", "the outcome of update `u-1` of 2.9 MiB ("),
    ] {
        let start = before::Sender::start(&world.client, case);
        let run = start.task_queue(&world.queue).await?;
        let update = match case {
            "update" => {
                let run = run.clone();
                Some(tokio::spawn(async move { run.text().id("u-1").await }))
            }
            _ => None,
        };
        let (cause, kind, text) = task_failure(world, run.id()).await;
        assert_eq!(
            cause,
            WorkflowTaskFailedCause::PayloadsTooLarge,
            "{case}: {text}"
        );
        assert_eq!(kind, "PayloadsTooLarge");
        assert!(text.contains(expected), "{case}: {text}");
        assert!(text.ends_with(REMEDY), "{case}: {text}");
        started.push((case, run, update));
    }
    before.shutdown().await?;

    let after = world
        .worker()
        .workflow::<after::Sender>()
        .activity::<measure>();
    let after = after.activity::<write>().spawn().await?;
    for (case, run, update) in started {
        let result = run.result().await;
        match case {
            "next run" => assert_eq!(result?, "done"),
            "error" => {
                let error = result.expect_err("the workflow fails");
                assert_eq!(error.app().map(|app| &*app.message), Some("xxxx"));
            }
            _ => assert_eq!(result?, "xxxx", "{case}"),
        }
        if let Some(update) = update {
            let update = update.await.expect("the task does not panic");
            assert_eq!(update?, "xxxx");
        }
    }
    after.shutdown().await
}

async fn a_response_of_many_values_is_measured_as_a_whole(world: &World) -> Result<()> {
    mod many {
        use durably::prelude::*;

        use super::measure;

        #[derive(Default)]
        pub(super) struct Many;

        #[workflow]
        impl Many {
            #[run]
            pub(super) async fn run(&mut self, ctx: &Ctx) -> Result<usize> {
                let calls = (0..3).map(|n| measure::call(ctx, n, "x".repeat(1_500_000)));
                Ok(try_join_all(calls).await?.into_iter().sum())
            }
        }
    }
    let worker = world
        .worker()
        .workflow::<many::Many>()
        .activity::<measure>();
    let worker = worker.spawn().await?;
    let run = many::Many::start(&world.client);
    let run = run.task_queue(&world.queue).await?;
    let (cause, _, text) = task_failure(world, run.id()).await;
    assert_eq!(cause, WorkflowTaskFailedCause::PayloadsTooLarge, "{text}");
    let expected = "the response to the workflow task, 3 commands, with the arguments of activity `measure` (1.4 MiB (1500063 bytes)), ";
    assert!(text.starts_with(expected), "{text}");
    assert!(
        text.contains(" bytes) over the limit of 4 MiB. Keep"),
        "{text}"
    );
    run.terminate("seen").await?;
    worker.shutdown().await
}

async fn without_the_check_the_server_terminates_the_run(world: &World) -> Result<()> {
    let worker = world.worker().check_payload_sizes(false);
    let worker = worker.workflow::<before::Sender>().spawn().await?;
    let start = before::Sender::start(&world.client, "result");
    let run = start.task_queue(&world.queue).await?;
    let error = run.result().await.expect_err("it is terminated");
    let ResultError::Terminated(terminated) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(
        terminated.reason,
        "BadScheduleActivityAttributes: CompleteWorkflowExecutionCommandAttributes.Result exceeds size limit."
    );
    worker.shutdown().await
}

/// Calls one of the activities with its argument.
#[derive(Default)]
struct Calls;

#[workflow]
impl Calls {
    #[run]
    async fn run(&mut self, ctx: &Ctx, activity: String, bytes: usize) -> Result<String> {
        Ok(match activity.as_str() {
            "write" => write::call(ctx, bytes).await?,
            "beat" => beat::call(ctx, bytes).await?,
            other => bail!("no activity {other}"),
        })
    }
}

async fn called(world: &World, activity: &str, bytes: usize) -> Result<Handle<Calls>> {
    let start = Calls::start(&world.client, activity, bytes);
    Ok(start.task_queue(&world.queue).await?)
}

async fn a_result_over_the_limit_fails_its_activity_for_good(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Calls>().activity::<write>();
    let worker = worker.spawn().await?;
    for (bytes, size) in [
        (3_000_000, "2.9 MiB (3000036 bytes)"),
        (5_000_000, "4.8 MiB (5000036 bytes)"),
    ] {
        let run = called(world, "write", bytes).await?;
        let error = run.result().await.expect_err("the activity fails");
        let activity = error.activity().expect("the activity fails");
        let Failure::App(app) = &activity.cause else {
            panic!("{activity:?}");
        };
        let expected =
            format!("the result of the activity of {size} over the limit of 2 MiB{REMEDY}");
        assert_eq!(
            (&*app.kind, &*app.message),
            ("PayloadsTooLarge", &*expected)
        );
        assert!(app.non_retryable);
    }
    worker.shutdown().await
}

async fn a_heartbeat_over_the_limit_is_left_out(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Calls>().activity::<beat>();
    let worker = worker.spawn().await?;
    let run = called(world, "beat", 3_000_000).await?;
    assert_eq!(run.result().await?, "small");
    worker.shutdown().await
}

async fn a_large_value_is_sent_with_a_warning(world: &World) -> Result<()> {
    Told::listen();
    let worker = world
        .worker()
        .workflow::<after::Sender>()
        .activity::<measure>();
    let worker = worker.activity::<write>().payload_size_warning(20);
    let worker = worker.memo_size_warning(10).spawn().await?;
    let start = after::Sender::start(&world.client, "memo");
    let run = start.task_queue(&world.queue).await?;
    assert_eq!(run.result().await?, "xxxx");
    let warnings = Told::warnings(run.id());
    let texts = [
        "a large value is sent: a change of the memo of 42 bytes over the limit of 10 bytes from which a server warns",
        "a large value is sent: the result of the workflow of 34 bytes over the limit of 20 bytes from which a server warns",
    ];
    for text in texts {
        assert!(
            warnings.iter().any(|line| line.contains(text)),
            "{text}: {warnings:#?}"
        );
    }
    worker.shutdown().await
}

async fn a_request_over_the_limit_names_what_is_large(world: &World) -> Result<()> {
    let large = "x".repeat(3_000_000);
    let start = before::Sender::start(&world.client, &large);
    let error = start.task_queue(&world.queue).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "over the size limit: Blob data size exceeds limit: the arguments of workflow `Sender` of 2.9 MiB (3000036 bytes)"
    );
    let start = before::Sender::start(&world.client, "x".repeat(5_000_000));
    let error = start
        .task_queue(&world.queue)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with(": the arguments of workflow `Sender` of 4.8 MiB (5000036 bytes)"),
        "{error}"
    );
    let start = before::Sender::start(&world.client, "update");
    let run = start.task_queue(&world.queue).await?.untyped();
    let of = "of 2.9 MiB (3000036 bytes)";
    let error = run
        .signal("hello", (&large,))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with(&format!(": the arguments of signal `hello` {of}")),
        "{error}"
    );
    Ok(run.terminate("seen").await?)
}
