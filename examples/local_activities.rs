//! A price in several currencies: rates from a cache of the worker, read by local activities that cost no round
//! trip to the server, and the settings of the moment, which a side effect records.
//!
//! `cargo run --example local_activities`

use std::collections::BTreeMap;

use durably::prelude::*;

/// The rates that the worker has loaded.
struct Rates {
    of_euro: BTreeMap<String, f64>,
}

#[activities]
impl Rates {
    #[activity(start_to_close = "1s")]
    async fn rate(&self, ctx: &ActivityCtx, currency: String) -> Result<f64> {
        if ctx.attempt() == 1 && currency == "JPY" {
            bail!("the cache is being filled");
        }
        match self.of_euro.get(&currency) {
            Some(rate) => Ok(*rate),
            None => Err(AppError::new("UnknownCurrency", currency)
                .non_retryable()
                .into()),
        }
    }
}

#[derive(Default)]
struct Quote;

#[workflow(task_queue = "quotes")]
impl Quote {
    #[run]
    async fn run(&mut self, ctx: &Ctx, cents: u32) -> Result<Vec<String>> {
        // Recorded once: a replay on another machine uses the same.
        let discount: u32 = ctx
            .side_effect(|| std::env::var("DISCOUNT").map_or(10, |it| it.parse().unwrap_or(0)))
            .await?;
        let cents = f64::from(cents) * f64::from(100 - discount) / 100.0;

        let rates = Rates::stub(ctx).retry(Retry::attempts(3).initial_interval(millis(50)));
        let mut quotes = Vec::new();
        for currency in ["USD", "JPY", "XXX"] {
            quotes.push(match rates.rate(currency).local().await {
                Ok(rate) => format!("{:.2} {currency}", cents * rate / 100.0),
                Err(error) => format!("no {currency}: {error}"),
            });
        }
        Ok(quotes)
    }
}

#[durably::main]
async fn main() -> Result<()> {
    let client = Client::development().await?;
    let rates = [("USD", 1.1), ("JPY", 160.0)];
    let worker = Worker::new(&client, "quotes")
        .workflow::<Quote>()
        .activities(Rates {
            of_euro: rates.map(|(name, rate)| (name.to_owned(), rate)).into(),
        })
        .spawn()
        .await?;

    let quote = Quote::start(&client, 10_000).await?;
    for line in quote.result().await? {
        println!("{line}");
    }
    // One workflow task: the results are markers in the history.
    println!("{}", quote.history().await?);
    worker.shutdown().await
}
