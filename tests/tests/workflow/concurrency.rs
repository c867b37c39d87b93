use durably::prelude::*;
use durably_tests::{World, on_both_servers};

#[activity(start_to_close = "10s")]
async fn echo(what: String) -> String {
    what
}

/// Uses its state from several branches at once.
#[derive(Default)]
struct Busy {
    n: usize,
    log: Vec<String>,
    todo: Vec<usize>,
}

#[workflow]
impl Busy {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<(usize, Vec<String>)> {
        let a = async {
            ctx.sleep(millis(200)).await?;
            self.n += 1;
            self.log.push("a".into());
            Ok::<_, Error>(())
        };
        let b = async {
            ctx.sleep(millis(50)).await?;
            self.n += 10;
            self.log.push("b".into());
            Ok::<_, Error>(())
        };
        let ((x, y), z) = join(join(a, b), self.helper(ctx)).await;
        x?;
        y?;
        z?;
        self.todo.extend([1, 2]);
        while let Some(t) = self.todo.pop() {
            self.n += echo::call(ctx, "x".repeat(t)).await?.len();
            if t == 2 {
                ctx.wait_until(|| self.n >= 1013).await?;
            }
        }
        match race(ctx.wait_until(|| self.n > 5000), ctx.sleep(millis(20))).await {
            Either::First(_) => self.log.push("never".into()),
            Either::Second(_) => self.log.push("timer".into()),
        }
        if !ctx.wait_until(|| self.n > 5000).timeout(millis(10)).await? {
            self.log.push("timeout".into());
        }
        let words = ["p", "q", "r"];
        let echoed = join_all(words.iter().map(|word| echo::call(ctx, *word))).await;
        for word in echoed {
            self.log.push(word?);
        }
        Ok((self.n, self.log.clone()))
    }

    async fn helper(&mut self, ctx: &Ctx) -> Result<()> {
        ctx.sleep(millis(400)).await?;
        self.n += 1000;
        self.log.push("helper".into());
        Ok(())
    }

    #[update]
    async fn slow_add(&mut self, ctx: &Ctx, n: usize) -> Result<usize> {
        ctx.sleep(millis(10)).await?;
        self.n += n;
        Ok(self.n)
    }

    #[query]
    fn n(&self) -> usize {
        self.n
    }
}

on_both_servers! {
    branches_helpers_and_handlers_share_the_state
}

async fn branches_helpers_and_handlers_share_the_state(world: &World) -> Result<()> {
    let worker = world
        .worker()
        .workflow::<Busy>()
        .activity::<echo>()
        .spawn()
        .await?;
    let handle = Busy::start(&world.client).task_queue(&world.queue).await?;
    handle.slow_add(0).await?;
    handle.n().await?;
    let (n, log) = handle.result().await?;
    assert_eq!(n, 1014);
    // A slow server may fire the first two timers in one workflow task; branches are then polled
    // in the order they are written.
    let log = log.join(" ").replacen("a b", "b a", 1);
    assert_eq!(log, "b a helper timer timeout p q r");
    worker.shutdown().await
}
