//! What workers cost while they have nothing to do, and how exactly one keeps its rate.
//!
//! `workers idle N SECONDS`, on the server at `TEMPORAL_ADDRESS`;
//! `workers rate ACTIVITIES PER_SECOND`, on an embedded server.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bench_ours::{
    Hello, inc,
    process::{cpu, rss_kib},
};
use durably::{Server, prelude::*};

/// Activities of one workflow: the most that a server keeps pending is 2,000.
const EACH: u64 = 1_000;

#[durably::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["idle", workers, seconds] => idle(workers.parse()?, seconds.parse()?).await,
        ["rate", activities, per_second] => rate(activities.parse()?, per_second.parse()?).await,
        _ => bail!("usage: workers idle N SECONDS | workers rate ACTIVITIES PER_SECOND"),
    }
}

async fn idle(workers: usize, seconds: u64) -> Result<()> {
    let client = Client::from_env().await?;
    let mut running = Vec::new();
    for n in 0..workers {
        let queue = format!("bench-idle-{}-{n}", std::process::id());
        let worker = Worker::new(&client, queue).workflow::<Hello>();
        running.push(worker.activity::<inc>().spawn().await?);
    }
    tokio::time::sleep(secs(3)).await;
    let before = cpu();
    tokio::time::sleep(secs(seconds)).await;
    let used = cpu() - before;
    println!("cpu_ms={} rss_kib={}", used.as_millis(), rss_kib());
    for worker in running {
        worker.shutdown().await?;
    }
    Ok(())
}

/// Notes when each attempt begins.
struct Clock(Arc<Mutex<Vec<Instant>>>);

#[activities]
impl Clock {
    #[activity(start_to_close = "1m", task_queue = "limited")]
    async fn tick(&self) {
        self.0.lock().expect("nobody panics").push(Instant::now());
    }
}

/// Calls the activity `EACH` times at once.
#[derive(Default)]
struct Ticks;

#[workflow(task_queue = "ticks")]
impl Ticks {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<()> {
        try_join_all((0..EACH).map(|_| Clock::stub(ctx).tick())).await?;
        Ok(())
    }
}

async fn rate(activities: u64, per_second: f64) -> Result<()> {
    let server = Server::start().await?;
    let client = server.client().await?;
    let workflows = Worker::new(&client, "ticks")
        .workflow::<Ticks>()
        .spawn()
        .await?;
    let mut runs = Vec::new();
    for _ in 0..activities.div_ceil(EACH) {
        runs.push(Ticks::start(&client).await?);
    }
    for run in &runs {
        while run.describe().await?.pending_activities.len() < EACH as usize {
            tokio::time::sleep(millis(20)).await;
        }
    }
    let began = Arc::new(Mutex::new(Vec::new()));
    let worker = Worker::new(&client, "limited").activities(Clock(Arc::clone(&began)));
    let worker = worker.max_activities_per_second(per_second).spawn().await?;
    for run in runs {
        run.result().await?;
    }
    worker.shutdown().await?;
    workflows.shutdown().await?;
    let mut began = std::mem::take(&mut *began.lock().expect("nobody panics"));
    began.sort_unstable();
    let (first, last) = (began[0], began[began.len() - 1]);
    let measured = (began.len() - 1) as f64 / (last - first).as_secs_f64();
    println!(
        "activities={} per_second={measured:.2} off_percent={:.3} most_in_a_second={}",
        began.len(),
        (measured / per_second - 1.0).abs() * 100.0,
        most_within(&began, secs(1))
    );
    Ok(())
}

/// The most begins in any window of this length.
fn most_within(began: &[Instant], window: Duration) -> usize {
    let mut from = 0;
    let counts = began.iter().enumerate().map(|(to, at)| {
        while *at - began[from] >= window {
            from += 1;
        }
        to + 1 - from
    });
    counts.max().unwrap_or(0)
}
