//! What a run knows of its place among others: its ids, its parent, its timeouts, its schedule.

use std::{slice, time::Duration};

use durably::{prelude::*, workflow::WorkflowRef};
use durably_tests::{World, eventually, on_both_servers, unique};

#[durably::data]
#[derive(Clone, Debug, Default, PartialEq)]
struct Facts {
    namespace: String,
    workflow_type: String,
    id: String,
    run_id: String,
    first_run_id: String,
    continued_from: Option<String>,
    /// Workflow and run id.
    parent: Option<(String, String)>,
    root: Option<(String, String)>,
    /// Of the execution, the run and its tasks, in seconds.
    timeouts: [Option<u64>; 3],
    cron: Option<String>,
    attempt: u32,
}

fn facts(view: &View) -> Facts {
    let ids = |it: WorkflowRef<'_>| (it.workflow_id().to_owned(), it.run_id().to_owned());
    let timeouts = [
        view.execution_timeout(),
        view.run_timeout(),
        view.task_timeout(),
    ];
    Facts {
        namespace: view.namespace().to_owned(),
        workflow_type: view.workflow_type().to_owned(),
        id: view.workflow_id().to_owned(),
        run_id: view.run_id().to_owned(),
        first_run_id: view.first_run_id().to_owned(),
        continued_from: view.continued_from().map(str::to_owned),
        parent: view.parent().map(ids),
        root: view.root().map(ids),
        timeouts: timeouts.map(|timeout| timeout.as_ref().map(Duration::as_secs)),
        cron: view.cron().map(str::to_owned),
        attempt: view.attempt(),
    }
}

#[derive(Default)]
struct Errand {
    /// As the run method read them.
    read: Vec<Facts>,
    is_replayed: bool,
    done: bool,
}

#[workflow]
impl Errand {
    #[run]
    async fn run(&mut self, ctx: &Ctx, case: String, id: String) -> Result<()> {
        self.read.push(facts(ctx));
        self.is_replayed = ctx.is_replaying();
        match case.as_str() {
            "waits" => Ok(ctx.wait_until(|| self.done).await?),
            "fails first" if ctx.attempt() == 1 => bail!("the first attempt"),
            "fails first" => Ok(ctx.wait_until(|| self.done).await?),
            "continues" => Self::continue_as_new("waits", id).into(),
            "child" => Ok(Self::child(ctx, "waits", "").id(id).await?),
            "grandchild" => {
                let child = Self::child(ctx, "child", &id).id(format!("{id}-parent"));
                Ok(child.execution_timeout(days(3)).await?)
            }
            other => bail!("no case {other}"),
        }
    }

    #[signal]
    fn finish(&mut self) {
        self.done = true;
    }

    #[query]
    fn read(&self) -> Vec<Facts> {
        self.read.clone()
    }

    #[query]
    fn is_replayed(&self) -> bool {
        self.is_replayed
    }
}

on_both_servers! {
    a_run_knows_its_ids_and_timeouts
    the_next_run_knows_the_first_one_and_the_one_before
    an_attempt_knows_its_number
    a_child_knows_its_parent_and_the_root
    a_run_on_a_schedule_knows_it
}

fn worker(world: &World) -> Worker {
    world.worker().workflow::<Errand>()
}

/// The facts that a run has read, once it is `wanted`.
async fn read(errand: &Handle<Errand>, wanted: impl Fn(&Facts) -> bool) -> Facts {
    eventually("the run", || async {
        let read = errand.read().await.ok()?;
        read.into_iter().next().filter(&wanted)
    })
    .await
}

/// Ends a run that `first` has begun, with another worker, which reads the same in a replay.
async fn replayed(
    world: &World,
    first: durably::worker::WorkerGuard,
    errand: &Handle<Errand>,
    facts: &Facts,
) -> Result<()> {
    assert!(!errand.is_replayed().await?);
    first.shutdown().await?;
    let second = worker(world).spawn().await?;
    assert_eq!(errand.read().await?, slice::from_ref(facts));
    assert!(errand.is_replayed().await?);
    errand.finish().await?;
    errand.result().await?;
    second.shutdown().await
}

async fn a_run_knows_its_ids_and_timeouts(world: &World) -> Result<()> {
    let first = worker(world).spawn().await?;
    let id = unique("errand");
    let errand = Errand::start(&world.client, "waits", "")
        .id(&id)
        .task_queue(&world.queue)
        .execution_timeout(hours(3))
        .run_timeout(hours(2))
        .task_timeout(secs(9))
        .await?;
    let run_id = errand.run_id().expect("it was started").to_owned();
    let facts = read(&errand, |_| true).await;
    let expected = Facts {
        namespace: "default".to_owned(),
        workflow_type: "Errand".to_owned(),
        id,
        run_id: run_id.clone(),
        first_run_id: run_id,
        timeouts: [Some(3 * 3_600), Some(2 * 3_600), Some(9)],
        attempt: 1,
        ..Facts::default()
    };
    assert_eq!(facts, expected);
    replayed(world, first, &errand, &facts).await
}

async fn the_next_run_knows_the_first_one_and_the_one_before(world: &World) -> Result<()> {
    let first = worker(world).spawn().await?;
    let started = Errand::start(&world.client, "continues", "")
        .id(unique("errand"))
        .task_queue(&world.queue)
        .await?;
    let run_id = started.run_id().expect("it was started").to_owned();
    let errand = Errand::handle(&world.client, started.id());
    let facts = read(&errand, |facts| facts.run_id != run_id).await;
    assert_eq!(facts.first_run_id, run_id);
    assert_eq!(facts.continued_from, Some(run_id));
    assert_eq!(facts.attempt, 1);
    replayed(world, first, &errand, &facts).await
}

async fn an_attempt_knows_its_number(world: &World) -> Result<()> {
    let first = worker(world).spawn().await?;
    let started = Errand::start(&world.client, "fails first", "")
        .id(unique("errand"))
        .task_queue(&world.queue)
        .retry(Retry::attempts(3).initial_interval(millis(20)))
        .await?;
    let run_id = started.run_id().expect("it was started").to_owned();
    let errand = Errand::handle(&world.client, started.id());
    let facts = read(&errand, |facts| facts.run_id != run_id).await;
    assert_eq!(facts.attempt, 2);
    assert_eq!(facts.first_run_id, run_id);
    assert_eq!(facts.continued_from, Some(run_id));
    replayed(world, first, &errand, &facts).await
}

async fn a_child_knows_its_parent_and_the_root(world: &World) -> Result<()> {
    let first = worker(world).spawn().await?;
    let id = unique("errand");
    let top = Errand::start(&world.client, "grandchild", &id)
        .id(format!("{id}-top"))
        .task_queue(&world.queue)
        .await?;
    let top_run = top.run_id().expect("it was started").to_owned();
    let root = Some((format!("{id}-top"), top_run));
    let middle = Errand::handle(&world.client, format!("{id}-parent"));
    let between = read(&middle, |_| true).await;
    assert_eq!((&between.parent, &between.root), (&root, &root));
    assert_eq!(between.timeouts[0], Some(3 * 86_400));
    let errand = Errand::handle(&world.client, &id);
    let facts = read(&errand, |_| true).await;
    assert_eq!(facts.parent, Some((between.id, between.run_id)));
    assert_eq!(facts.root, root);
    assert_eq!(facts.timeouts[0], None);
    replayed(world, first, &errand, &facts).await?;
    let worker = worker(world).spawn().await?;
    top.result().await?;
    worker.shutdown().await
}

async fn a_run_on_a_schedule_knows_it(world: &World) -> Result<()> {
    let first = worker(world).spawn().await?;
    let errand = Errand::start(&world.client, "waits", "")
        .id(unique("errand"))
        .task_queue(&world.queue)
        .cron("@every 1s")
        .await?;
    let facts = read(&errand, |_| true).await;
    assert_eq!(facts.cron.as_deref(), Some("@every 1s"));
    first.shutdown().await?;
    let second = worker(world).spawn().await?;
    assert_eq!(errand.read().await?, [facts]);
    errand.terminate("seen").await?;
    second.shutdown().await
}
