//! Signals: order, early arrival, async handlers and undecodable ones.

use std::collections::BTreeSet;

use durably::{error::SignalError, prelude::*};
use durably_tests::{World, eventually, on_both_servers, told::Told, unique};

/// Collects what it is told, in order.
#[derive(Default)]
struct Inbox {
    seen: Vec<String>,
    total: u64,
    done: bool,
}

#[workflow]
impl Inbox {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<(Vec<String>, u64)> {
        ctx.wait_until(|| self.done).await?;
        ctx.wait_until(|| ctx.handlers_finished()).await?;
        Ok((self.seen.clone(), self.total))
    }

    #[signal]
    fn tell(&mut self, what: String) {
        self.seen.push(what);
    }

    #[signal(name = "Add Up")]
    fn add(&mut self, a: u64, b: u64, c: Option<u64>) {
        self.total += a + b + c.unwrap_or(0);
    }

    #[signal]
    async fn tell_later(&mut self, ctx: &Ctx, what: String) -> Result<()> {
        ctx.sleep(secs(3)).await?;
        self.seen.push(what);
        Ok(())
    }

    #[signal]
    fn finish(&mut self) {
        self.done = true;
    }
}

/// The inbox, by two versions of its code.
mod before {
    use super::*;

    #[derive(Default)]
    pub(super) struct Mailbox {
        opened: bool,
    }

    #[workflow]
    impl Mailbox {
        #[run]
        pub(super) async fn run(&mut self, ctx: &Ctx) -> Result<Vec<String>> {
            ctx.wait_until(|| self.opened).await?;
            Ok(Vec::new())
        }

        #[signal]
        pub(super) fn open(&mut self) {
            self.opened = true;
        }

        #[query]
        pub(super) fn opened(&self) -> bool {
            self.opened
        }
    }
}

mod after {
    use super::*;

    #[derive(Default)]
    pub(super) struct Mailbox {
        opened: bool,
        letters: Vec<String>,
    }

    #[workflow]
    impl Mailbox {
        #[run]
        pub(super) async fn run(&mut self, ctx: &Ctx) -> Result<Vec<String>> {
            ctx.wait_until(|| self.opened).await?;
            Ok(self.letters.clone())
        }

        #[signal]
        pub(super) fn open(&mut self) {
            self.opened = true;
        }

        #[signal]
        pub(super) fn letter(&mut self, text: String) {
            self.letters.push(text);
        }
    }
}

on_both_servers! {
    a_later_version_gets_the_signals_that_had_no_handler
    twenty_signals_with_start_at_once_start_one_run
    signals_with_start_that_race_with_the_end_are_lost_by_no_run
    signals_arrive_in_order_with_all_their_arguments
    signals_sent_before_a_worker_runs_are_kept
    async_handlers_finish_before_the_run_ends
    unknown_and_undecodable_signals_do_not_wedge_the_run
    unknown_and_undecodable_signals_are_logged_once_over_a_replay
    signal_with_start_signals_a_running_workflow_and_starts_a_missing_one
}

async fn signals_arrive_in_order_with_all_their_arguments(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Inbox>().spawn().await?;
    let handle = Inbox::start(&world.client).task_queue(&world.queue).await?;
    for word in ["a", "b", "c"] {
        handle.tell(word).await?;
    }
    handle.add(1, 2, Some(4)).await?;
    world
        .client
        .handle(handle.id())
        .signal("Add Up", (8, 16))
        .await?;
    handle.finish().await?;
    assert_eq!(
        handle.result().await?,
        (vec!["a".into(), "b".into(), "c".into()], 31)
    );
    worker.shutdown().await
}

async fn signals_sent_before_a_worker_runs_are_kept(world: &World) -> Result<()> {
    let handle = Inbox::start(&world.client).task_queue(&world.queue).await?;
    for n in 0..50 {
        handle.tell(n.to_string()).await?;
    }
    Inbox::handle(&world.client, handle.id()).finish().await?;
    let worker = world.worker().workflow::<Inbox>().spawn().await?;
    let expected: Vec<_> = (0..50).map(|n| n.to_string()).collect();
    assert_eq!(handle.result().await?.0, expected);
    worker.shutdown().await
}

async fn async_handlers_finish_before_the_run_ends(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Inbox>().spawn().await?;
    let handle = Inbox::start(&world.client).task_queue(&world.queue).await?;
    handle.tell_later("later").await?;
    handle.tell("now").await?;
    handle.finish().await?;
    assert_eq!(handle.result().await?.0, ["now", "later"]);
    worker.shutdown().await
}

async fn unknown_and_undecodable_signals_do_not_wedge_the_run(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Inbox>().spawn().await?;
    let handle = Inbox::start(&world.client).task_queue(&world.queue).await?;
    let untyped = world.client.handle(handle.id());
    untyped.signal("no such signal", ("x",)).await?;
    untyped.signal("tell", (42,)).await?;
    untyped.signal("Add Up", ("one", "two")).await?;
    handle.tell("still here").await?;
    handle.finish().await?;
    assert_eq!(handle.result().await?, (vec!["still here".into()], 0));
    worker.shutdown().await
}

async fn unknown_and_undecodable_signals_are_logged_once_over_a_replay(
    world: &World,
) -> Result<()> {
    Told::listen();
    let first = world.worker().workflow::<Inbox>().spawn().await?;
    let handle = Inbox::start(&world.client).task_queue(&world.queue).await?;
    let untyped = world.client.handle(handle.id());
    untyped.signal("no such signal", ("x",)).await?;
    untyped.signal("tell", (42,)).await?;
    eventually("both lines", || async {
        (Told::warnings(handle.id()).len() >= 2).then_some(())
    })
    .await;
    first.shutdown().await?;
    // The second worker replays what the first one has logged.
    let second = world.worker().workflow::<Inbox>().spawn().await?;
    handle.tell("still here").await?;
    handle.finish().await?;
    assert_eq!(handle.result().await?, (vec!["still here".into()], 0));
    let run = format!(
        "workflow_type=\"Inbox\" workflow_id={:?} run_id={:?} task_queue={:?}",
        handle.id(),
        handle.run_id().expect("a start returns its run"),
        world.queue
    );
    let expected = [
        format!(
            "message=no handler for this signal; known signals: tell, Add Up, tell_later, finish {run} \
             signal=\"no such signal\""
        ),
        format!(
            "message=a signal could not be read and is skipped {run} signal=\"tell\" error=cannot read argument 1 \
             `what` of signal `tell` as `String`: invalid type: integer `42`, expected a string"
        ),
        format!(
            "message=the workflow ended, and nobody handled this signal {run} signal=no such signal"
        ),
    ];
    assert_eq!(Told::warnings(handle.id()), expected);
    second.shutdown().await
}

async fn signal_with_start_signals_a_running_workflow_and_starts_a_missing_one(
    world: &World,
) -> Result<()> {
    let worker = world.worker().workflow::<Inbox>().spawn().await?;
    let id = unique("inbox");
    let mut runs = Vec::new();
    for word in ["first", "second"] {
        let handle = Inbox::start(&world.client)
            .id(&id)
            .task_queue(&world.queue)
            .with_signal(|inbox| inbox.tell(word))
            .await?;
        runs.push(handle.run_id().map(str::to_owned));
    }
    assert!(runs[0].is_some());
    assert_eq!(runs[0], runs[1]);
    let handle = Inbox::handle(&world.client, &id);
    handle.finish().await?;
    assert_eq!(handle.result().await?.0, ["first", "second"]);
    worker.shutdown().await
}

async fn a_later_version_gets_the_signals_that_had_no_handler(world: &World) -> Result<()> {
    let first = world.worker().workflow::<before::Mailbox>().spawn().await?;
    let mailbox = before::Mailbox::start(&world.client)
        .id(unique("mailbox"))
        .task_queue(&world.queue)
        .await?;
    let untyped = world.client.handle(mailbox.id());
    untyped.signal("letter", ("one",)).await?;
    untyped.signal("letter", ("two",)).await?;
    // The first version has processed them.
    assert!(!mailbox.opened().await?);
    first.shutdown().await?;
    let second = world.worker().workflow::<after::Mailbox>().spawn().await?;
    let mailbox = after::Mailbox::handle(&world.client, mailbox.id());
    mailbox.letter("three").await?;
    mailbox.open().await?;
    assert_eq!(mailbox.result().await?, ["one", "two", "three"]);
    second.shutdown().await
}

async fn twenty_signals_with_start_at_once_start_one_run(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Inbox>().spawn().await?;
    let id = unique("inbox");
    let starts = (0..20).map(|n| {
        let start = Inbox::start(&world.client).id(&id);
        let start = start.task_queue(&world.queue);
        start
            .with_signal(|inbox| inbox.tell(n.to_string()))
            .into_future()
    });
    let mut runs = BTreeSet::new();
    for handle in futures::future::join_all(starts).await {
        runs.insert(handle?.run_id().map(str::to_owned));
    }
    assert_eq!(runs.len(), 1, "{runs:?}");
    let handle = Inbox::handle(&world.client, &id);
    handle.finish().await?;
    let mut seen = handle.result().await?.0;
    seen.sort_by_key(|n| n.parse::<u32>().ok());
    assert_eq!(seen, (0..20).map(|n| n.to_string()).collect::<Vec<_>>());
    worker.shutdown().await
}

async fn signals_with_start_that_race_with_the_end_are_lost_by_no_run(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Inbox>().spawn().await?;
    let id = unique("inbox");
    let mut runs = BTreeSet::new();
    for n in 0..20 {
        let start = Inbox::start(&world.client)
            .id(&id)
            .task_queue(&world.queue)
            .with_signal(|inbox| inbox.tell(n.to_string()));
        let before = Inbox::handle(&world.client, &id);
        let end = async move { before.finish().await };
        let (started, ended) = futures::join!(start.into_future(), end);
        let run = started?.run_id().map(str::to_owned);
        runs.insert(run.expect("a start returns its run"));
        // Nothing runs before the first start, and each other time the run may just have ended.
        if let Err(error) = ended {
            assert!(matches!(error, SignalError::NotFound(_)), "{error}");
        }
    }
    // The last run may be open still; whichever it is, this ends it.
    Inbox::handle(&world.client, &id).finish().await.ok();
    let mut seen = Vec::new();
    for run in &runs {
        let run = world.client.handle(&id).run(run);
        seen.extend(run.result::<(Vec<String>, u64)>().await?.0);
    }
    seen.sort_by_key(|n| n.parse::<u32>().ok());
    assert_eq!(seen, (0..20).map(|n| n.to_string()).collect::<Vec<_>>());
    worker.shutdown().await
}
