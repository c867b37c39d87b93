//! `replay HISTORY.json REPETITIONS`: replays a history as `temporal workflow show -o json` prints it.

use std::time::Instant;

use bench_ours::Hello;
use durably::{Result, client::History, replay::Replayer};

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let (Some(file), Some(repetitions)) = (args.next(), args.next()) else {
        durably::bail!("usage: replay HISTORY.json REPETITIONS");
    };
    let history = History::from_json(&std::fs::read_to_string(file)?)?;
    let events = history.len();
    let replayer = Replayer::new().workflow::<Hello>();
    let mut best = f64::INFINITY;
    for _ in 0..repetitions.parse::<u32>()? {
        let history = history.clone();
        let start = Instant::now();
        replayer.replay(history)?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("events={events} events/s={:.0}", events as f64 / best);
    Ok(())
}
