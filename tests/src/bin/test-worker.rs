//! A worker in a process of its own, to be killed: `test-worker ADDRESS QUEUE`.

use durably::{Result, Worker};
use durably_tests::{
    crunch::{Crunch, crunch},
    ledger::{Ledger, enter},
    soak::{Soak, double_at_last},
    stubborn::{Stubborn, stubborn},
    tally::{Relay, Tally, weigh},
    trip::Trip,
};

#[durably::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(queue)) = (arguments.next(), arguments.next()) else {
        durably::bail!("usage: test-worker ADDRESS QUEUE");
    };
    let client = durably::Client::connect(address).await?;
    println!("ready");
    Worker::new(&client, queue)
        .workflow::<Crunch>()
        .activity::<crunch>()
        .workflow::<Ledger>()
        .activity::<enter>()
        .workflow::<Relay>()
        .workflow::<Soak>()
        .activity::<double_at_last>()
        .workflow::<Tally>()
        .workflow::<Trip>()
        .activity::<weigh>()
        .workflow::<Stubborn>()
        .activity::<stubborn>()
        // What ends within it does so because the worker is told again.
        .shutdown_grace(durably::hours(1))
        .run()
        .await
}
