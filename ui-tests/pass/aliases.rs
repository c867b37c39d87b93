//! Contexts under other names: `use .. as`, a type alias, a path, a module's re-export.
#![deny(warnings)]

use durably::{
    ActivityCtx as Attempt, Ctx as Context, Result as SdkResult, View as Facts, Worker, activities,
    activity, secs, workflow,
};

mod sdk {
    pub(crate) use durably as temporal;
    pub(crate) type Commands = durably::Ctx;
}

#[activity(start_to_close = "10s")]
async fn ping(attempt: &Attempt, host: String) -> SdkResult<u32> {
    Ok(attempt.attempt() + u32::try_from(host.len())?)
}

#[derive(Default)]
struct Pinger;

#[activities]
impl Pinger {
    #[activity(start_to_close = "10s")]
    async fn again(&self, c: &sdk::temporal::ActivityCtx, host: String) -> String {
        format!("{host} {}", c.activity_id())
    }
}

#[derive(Default)]
struct Uptime {
    hosts: Vec<String>,
    first: i64,
}

#[workflow(task_queue = "uptime")]
impl Uptime {
    #[run]
    async fn run(&mut self, cx: &Context, hosts: Vec<String>) -> SdkResult<u32> {
        self.hosts = hosts;
        let mut sum = 0;
        for host in self.hosts.clone() {
            sum += ping::call(cx, &host).await?;
            Pinger::stub(cx).again(host).await?;
            self.pause(cx).await?;
        }
        Ok(sum)
    }

    async fn pause(&self, commands: &sdk::Commands) -> SdkResult<()> {
        commands.sleep(secs(1)).await?;
        Ok(())
    }

    #[signal]
    async fn add(&mut self, w: &sdk::Commands, host: String) {
        if w.sleep(secs(1)).await.is_ok() {
            self.hosts.push(host);
        }
    }

    #[update(validator = is_first)]
    fn mark(&mut self, now: &Facts) -> i64 {
        self.first = now.now().unix_seconds();
        self.first
    }

    fn is_first(&self, facts: &sdk::temporal::View) -> Result<(), String> {
        match self.first {
            0 => Ok(()),
            _ => Err(facts.run_id().to_owned()),
        }
    }

    #[query]
    fn since(&self, _: &Facts) -> i64 {
        self.first
    }
}

fn main() {
    let _ = |client| {
        Worker::new(client, "uptime")
            .workflow::<Uptime>()
            .activity::<ping>()
    };
}
