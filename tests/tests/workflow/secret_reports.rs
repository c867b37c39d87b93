//! Reports with secrets, with a codec: of clients that complete activities, of tasks and local activities that fail, of
//! terminations.

use durably::{client::AsyncActivityHandle, error::ResultError, prelude::*};
use durably_proto::{
    Message as _,
    api::{enums::v1::EventType, history::v1::HistoryEvent},
};
use durably_tests::{World, eventually, history, on_both_servers, raw::describe};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::codecs::{secret, secured, shows_secret};

/// Hands its attempts out, with what the previous one has reported.
struct Desk(UnboundedSender<(durably::Bytes, Option<String>)>);

#[activities]
impl Desk {
    #[activity(start_to_close = "60s")]
    async fn approve(&self, ctx: &ActivityCtx) -> Result<String> {
        let attempt = (ctx.task_token(), ctx.heartbeat_details()?);
        self.0.send(attempt).ok();
        ctx.complete_later().into()
    }
}

#[derive(Default)]
struct Order;

#[workflow(name = "secret-order")]
impl Order {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<String> {
        let desk = Desk::stub(ctx).retry(Retry::attempts(2).initial_interval(millis(20)));
        Ok(desk.approve().id("approve").await?)
    }
}

#[activity(start_to_close = "10s", max_attempts = 1)]
async fn crack() -> Result<()> {
    let error = AppError::new("Jammed", secret("local activity"));
    Err(error.details(secret("local detail")).into())
}

/// Panics until it is told not to.
#[derive(Default)]
struct Safe {
    calm: bool,
}

#[workflow(name = "secret-safe")]
impl Safe {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        assert!(self.calm, "{}", secret("panic"));
        let error = crack::call(ctx).local().await.unwrap_err();
        let app = error.app().expect("the activity says why");
        assert_eq!(app.message, secret("local activity"));
        assert_eq!(app.detail::<String>(0)?, secret("local detail"));
        Ok(ctx.wait_until(|| false).await?)
    }

    #[signal]
    fn calm(&mut self) {
        self.calm = true;
    }
}

on_both_servers! {
    what_clients_report_of_an_activity_is_encrypted_by_token_and_by_ids
    failed_tasks_failed_local_activities_and_terminations_show_no_secret
}

fn assert_no_secret(events: &[HistoryEvent], kinds: &[EventType]) {
    for kind in kinds {
        assert!(events.iter().any(|it| it.event_type() == *kind), "{kind:?}");
    }
    for event in events {
        assert!(!shows_secret(&event.encode_to_vec()), "{event:#?}");
    }
}

async fn what_clients_report_of_an_activity_is_encrypted_by_token_and_by_ids(
    world: &World,
) -> Result<()> {
    let client = secured(world);
    let (sender, mut attempts) = unbounded_channel();
    let worker = Worker::new(&client, &world.queue).workflow::<Order>();
    let worker = worker.activities(Desk(sender)).spawn().await?;
    for by_token in [true, false] {
        let run = Order::start(&client).task_queue(&world.queue).await?;
        let handle = |token: durably::Bytes| -> AsyncActivityHandle {
            match by_token {
                true => client.activity_by_token(token),
                false => client.activity(run.id(), "approve"),
            }
        };
        let (token, previous) = attempts.recv().await.expect("the worker runs");
        assert_eq!(previous, None);
        let activity = handle(token);
        activity.heartbeat(secret("heartbeat")).await?;
        let mut described = run.describe().await?;
        let pending = described.pending_activities.remove(0);
        assert_eq!(pending.heartbeat::<String>()?, Some(secret("heartbeat")));
        let error = AppError::new("Busy", secret("busy")).details(secret("detail"));
        activity.fail(error).await?;
        let (token, previous) = attempts.recv().await.expect("it is retried");
        assert_eq!(previous, Some(secret("heartbeat")));
        let mut described = run.describe().await?;
        let pending = described.pending_activities.remove(0);
        let failure = pending.last_failure.expect("the first attempt failed");
        let durably::error::Failure::App(app) = failure else {
            panic!("{failure:?}");
        };
        assert_eq!(app.message, secret("busy"));
        assert_eq!(app.detail::<String>(0)?, secret("detail"));
        let mut service = world.service().await?;
        let raw = describe(&mut service, run.id()).await?;
        assert!(!shows_secret(&raw.encode_to_vec()), "{raw:#?}");

        handle(token).complete(secret("result")).await?;
        assert_eq!(run.result().await?, secret("result"));
        let events = history::events(&world.address(), run.id(), "").await;
        assert_no_secret(&events, &[EventType::ActivityTaskCompleted]);
    }
    worker.shutdown().await
}

async fn failed_tasks_failed_local_activities_and_terminations_show_no_secret(
    world: &World,
) -> Result<()> {
    let client = secured(world);
    let worker = Worker::new(&client, &world.queue).workflow::<Safe>();
    let worker = worker.activity::<crack>().spawn().await?;
    let run = Safe::start(&client).task_queue(&world.queue).await?;
    let events = async || history::events(&world.address(), run.id(), "").await;
    let has = async |kind: EventType| events().await.iter().any(|it| it.event_type() == kind);
    eventually("the task to fail", || async {
        has(EventType::WorkflowTaskFailed).await.then_some(())
    })
    .await;
    run.calm().await?;
    eventually("the local activity to fail", || async {
        has(EventType::MarkerRecorded).await.then_some(())
    })
    .await;
    run.terminate("enough").details(secret("reason")).await?;
    let ResultError::Terminated(terminated) = run.result().await.unwrap_err() else {
        panic!("it was terminated");
    };
    assert_eq!(terminated.detail::<String>(0)?, secret("reason"));
    let kinds = [
        EventType::WorkflowTaskFailed,
        EventType::MarkerRecorded,
        EventType::WorkflowExecutionTerminated,
    ];
    assert_no_secret(&events().await, &kinds);
    worker.shutdown().await
}
