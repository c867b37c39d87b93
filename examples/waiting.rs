//! A race of snails: several waits at once, in a fixed order, with random numbers, ids and times that a replay
//! repeats, what a run knows of itself, log lines that a replay does not repeat, and the lines at which a run waits.
//!
//! `cargo run --example waiting`

use durably::{
    prelude::*,
    workflow::{FutureSet, Lock},
};

#[activity(start_to_close = "10s")]
async fn cheer(snail: String) -> String {
    format!("go, {snail}!")
}

#[derive(Default)]
struct Race {
    bets: Vec<String>,
    register: Lock,
    begun: bool,
}

#[workflow(task_queue = "races")]
impl Race {
    #[run]
    async fn run(&mut self, ctx: &Ctx, snails: Vec<String>) -> Result<Vec<String>> {
        // Logged once, however often the run is replayed.
        tracing::info!("{} waits for bets", ctx.workflow_id());
        let is_in_time = ctx.wait_until(|| self.begun).timeout(mins(10)).await?;
        let mut report = vec![format!("begun by a signal: {is_in_time}")];

        // All at once; the results are in the order of the calls.
        let cheers = try_join_all(snails.iter().map(|snail| cheer::call(ctx, snail))).await?;
        report.extend(cheers);

        // In the order in which they arrive. The draw is that of the run: a replay draws the same.
        let crawl = async |snail: String| {
            let lane: u64 = ctx.random::<u64>() % 10;
            ctx.sleep(millis(20 + 10 * lane)).await.map(|()| snail)
        };
        let mut racing: FutureSet<_> = snails
            .iter()
            .map(|snail| Box::pin(crawl(snail.clone())))
            .collect();
        let mut place = 1;
        while let Some(snail) = racing.join_next().await {
            report.push(format!("{place}. {}", snail?));
            place += 1;
        }

        // The first of two; the other one is cancelled.
        match race(ctx.sleep(hours(1)), ctx.sleep(millis(10))).await {
            Either::First(rested) => rested?,
            Either::Second(rested) => rested?,
        }
        let took = ctx.now().duration_since(ctx.started_at())?;
        let ids = ctx.uuid() != ctx.uuid();
        report.push(format!("it took less than a minute: {}", took < mins(1)));
        report.push(format!("two ids differ: {ids}"));
        report.push(format!(
            "attempt {} on queue {}, {} events",
            ctx.attempt(),
            ctx.task_queue(),
            ctx.history_length()
        ));
        ctx.wait_until(|| ctx.handlers_finished()).await?;
        report.extend(self.bets.clone());
        Ok(report)
    }

    /// Bets are written down one after the other, although each takes its time.
    #[signal]
    async fn bet(&mut self, ctx: &Ctx, bet: String) -> Result<()> {
        let _one_at_a_time = self.register.acquire(ctx).await?;
        ctx.sleep(millis(10)).await?;
        self.bets.push(bet);
        Ok(())
    }

    #[signal]
    fn begin(&mut self) {
        self.begun = true;
    }
}

#[durably::main]
async fn main() -> Result<()> {
    let client = Client::development().await?;
    let worker = Worker::new(&client, "races")
        .workflow::<Race>()
        .activity::<cheer>();
    let worker = worker.spawn().await?;
    let snails = ["Ann", "Bob", "Eve"].map(String::from).to_vec();
    let race = Race::start(&client, snails).await?;
    race.bet("10 on Ann").await?;
    race.bet("20 on Eve").await?;

    // The lines at which it waits, as `temporal workflow stack` prints them.
    let trace: String = race.untyped().query("__stack_trace", ()).await?;
    println!("{trace}\n");

    race.begin().await?;
    for line in race.result().await? {
        println!("{line}");
    }
    worker.shutdown().await
}
