//! Queries and validators that call contexts or activities kept in the state: an error, and no
//! change.

use std::cell::RefCell;

use durably::{
    prelude::*,
    workflow::{ActivityHandle, Scope},
};
use durably_tests::{World, on_both_servers};

#[activity(start_to_close = "10s")]
async fn greet(name: String) -> String {
    format!("Hi {name}")
}

#[derive(Default)]
struct Keeper {
    scope: Option<Scope>,
    ctx: Option<Ctx>,
    running: RefCell<Option<ActivityHandle<greet>>>,
    done: bool,
}

#[workflow]
impl Keeper {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<(bool, String)> {
        let (scope, inner) = ctx.scope();
        self.scope = Some(scope);
        self.ctx = Some(ctx.clone());
        // Nobody takes it before the worker for it starts, so it runs while the queries come.
        let call = greet::call(ctx, "Bob").task_queue(format!("{}-late", ctx.task_queue()));
        *self.running.borrow_mut() = Some(call.start());
        let cancelled = inner.wait_until(|| self.done).await.is_err();
        let running = self.running.take();
        match running {
            Some(running) => Ok((cancelled, running.await?)),
            None => bail!("the activity is lost"),
        }
    }

    fn act(&self, what: &str) {
        match what {
            "cancel the scope" => self.scope.iter().for_each(Scope::cancel),
            "cancel the activity" => {
                self.running
                    .borrow_mut()
                    .iter_mut()
                    .for_each(ActivityHandle::cancel);
            }
            "start an activity" => {
                let ctx = self.ctx.as_ref().expect("the run has begun");
                greet::call(ctx, "Eve").start().detach();
            }
            "spawn" => {
                let ctx = self.ctx.as_ref().expect("the run has begun");
                drop(ctx.spawn(async {}));
            }
            _ => {}
        }
    }

    #[query]
    fn look(&self, what: String) -> bool {
        self.act(&what);
        self.done
    }

    #[update(validator = looks)]
    fn change(&mut self, _what: String) {}

    fn looks(&self, what: &str) -> Result<()> {
        self.act(what);
        Ok(())
    }

    #[signal]
    fn finish(&mut self) {
        self.done = true;
    }
}

on_both_servers! {
    a_query_or_a_validator_that_acts_fails_and_changes_nothing
}

async fn a_query_or_a_validator_that_acts_fails_and_changes_nothing(world: &World) -> Result<()> {
    let worker = world.worker().workflow::<Keeper>().spawn().await?;
    let handle = Keeper::start(&world.client)
        .task_queue(&world.queue)
        .await?;
    handle.look("nothing").await?;
    let before = handle.history().await?.len();
    for what in [
        "cancel the scope",
        "cancel the activity",
        "start an activity",
        "spawn",
    ] {
        let query = handle.look(what).await.expect_err(what).to_string();
        let update = handle.change(what).await.expect_err(what).to_string();
        for error in [query, update] {
            assert!(
                error.contains("only run methods, signals and updates may do that"),
                "{what}: {error}"
            );
        }
    }
    assert_eq!(handle.history().await?.len(), before);
    // Another worker replays what the first one did live.
    worker.shutdown().await?;
    let worker = world.worker().workflow::<Keeper>().spawn().await?;
    let late = Worker::new(&world.client, format!("{}-late", world.queue))
        .activity::<greet>()
        .spawn()
        .await?;
    handle.change("nothing").await?;
    handle.finish().await?;
    assert_eq!(handle.result().await?, (false, "Hi Bob".to_owned()));
    late.shutdown().await?;
    worker.shutdown().await
}
