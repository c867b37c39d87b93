//! Activities of one SDK that are completed by the other, by token and by ids.

use std::process::Stdio;

use durably::{Bytes, activity::CancelReason, prelude::*, workflow::CancellationType};
use durably_tests::{
    World, eventually, on_both_servers,
    process::{output, python},
};

/// Waits for a program of another language.
#[activity(start_to_close = "60s", max_attempts = 1)]
async fn approve(ctx: &ActivityCtx) -> Result<bool> {
    let client = ctx.workflow_id().to_owned();
    HANDED_OUT.lock().unwrap().insert(client, ctx.task_token());
    ctx.complete_later().into()
}

/// The task tokens by workflow.
static HANDED_OUT: std::sync::Mutex<std::collections::BTreeMap<String, Bytes>> =
    std::sync::Mutex::new(std::collections::BTreeMap::new());

#[derive(Default)]
struct Approval {
    withdrawn: bool,
}

#[workflow]
impl Approval {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        let call = approve::call(ctx).id("approve");
        let mut approval = call.cancellation(CancellationType::WaitCompleted).start();
        let answer = match race(&mut approval, ctx.wait_until(|| self.withdrawn)).await {
            Either::First(answer) => answer,
            Either::Second(withdrawn) => {
                withdrawn?;
                approval.cancel();
                approval.await
            }
        };
        Ok(match answer {
            Ok(approved) => format!("approved: {approved}"),
            Err(error) if error.is_cancelled() => "cancelled".to_owned(),
            Err(error) => error.app().map(|it| it.kind.clone()).unwrap_or_default(),
        })
    }

    #[signal]
    fn withdraw(&mut self) {
        self.withdrawn = true;
    }
}

on_both_servers! {
    python_completes_an_activity_of_ours
    an_activity_of_python_is_completed_by_us
}

async fn python_completes_an_activity_of_ours(world: &World) -> Result<()> {
    if python("async_completion_client.py").is_none() {
        return Ok(());
    }
    let worker = world.worker().workflow::<Approval>().activity::<approve>();
    let worker = worker.spawn().await?;
    for (how, result) in [
        ("completes by token", "approved: true"),
        ("completes by ids", "approved: true"),
        ("fails by token", "Refused"),
        ("fails by ids", "Refused"),
        ("cancels by token", "cancelled"),
        ("cancels by ids", "cancelled"),
    ] {
        let approval = Approval::start(&world.client);
        let approval = approval.task_queue(&world.queue).await?;
        let token = eventually("the activity runs", || async {
            let handed_out = HANDED_OUT.lock().unwrap();
            handed_out.get(approval.id()).cloned()
        })
        .await;
        if how.starts_with("cancels") {
            approval.withdraw().await?;
        }
        let token: String = token.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut command = python("async_completion_client.py").expect("there was one");
        command.args([&world.address(), how, approval.id(), "approve", &token]);
        output(command).await;
        assert_eq!(approval.result().await?, result, "{how}");
    }
    worker.shutdown().await
}

async fn an_activity_of_python_is_completed_by_us(world: &World) -> Result<()> {
    let Some(mut worker) = python("async_completion_worker.py") else {
        return Ok(());
    };
    let mut worker = worker
        .args([world.address(), world.queue.clone()])
        .stdin(Stdio::piped())
        .spawn()?;
    for by_token in [true, false] {
        for (how, result) in [
            ("completes", "635 pages"),
            ("fails", "failed: OutOfPaper no page was printed"),
            ("cancels", "cancelled: 3 pages"),
        ] {
            let start = world.client.start("Printing", ());
            let printing = start.task_queue(&world.queue).await?;
            let token = eventually("the activity runs", || async {
                let token = printing.query::<Bytes>("task_token", ()).await.ok()?;
                (!token.is_empty()).then_some(token)
            })
            .await;
            let activity = match by_token {
                true => world.client.activity_by_token(token),
                false => world.client.activity(printing.id(), "print"),
            };
            match how {
                "completes" => activity.complete(635).await?,
                "fails" => {
                    let error = AppError::new("OutOfPaper", "no page was printed");
                    activity.fail(error.non_retryable()).await?;
                }
                _ => {
                    printing.signal("stop_it", ()).await?;
                    let reason = eventually("the request arrives", || async {
                        activity.heartbeat(3).await.expect("it goes on")
                    })
                    .await;
                    assert_eq!(reason, CancelReason::Requested);
                    activity.report_cancelled("3 pages").await?;
                }
            }
            assert_eq!(printing.result::<String>().await?, result);
        }
    }
    // It ends with its input.
    drop(worker.stdin.take());
    let ended = tokio::task::spawn_blocking(move || worker.wait());
    assert!(ended.await.expect("waiting does not panic")?.success());
    Ok(())
}
