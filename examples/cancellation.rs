//! A trip whose bookings are undone when it is cancelled or an activity fails: a saga.
//!
//! `cargo run --example cancellation`

use durably::prelude::*;

/// The state that all activities share; in a real program a connection pool.
struct Agency {
    name: &'static str,
}

#[activities]
impl Agency {
    #[activity]
    async fn book(&self, what: String) -> Result<String> {
        if what == "moon rocket" {
            // A retry would fail, too.
            return Err(AppError::new("SoldOut", what).non_retryable().into());
        }
        println!("  {}: booked {what}", self.name);
        Ok(what)
    }

    #[activity]
    async fn cancel_booking(&self, what: String) {
        println!("  {}: undid {what}", self.name);
    }
}

#[derive(Default)]
struct Trip {
    booked: Vec<String>,
}

#[workflow(task_queue = "trips")]
impl Trip {
    #[run]
    async fn run(&mut self, ctx: &Ctx, bookings: Vec<String>) -> Result<usize> {
        let mut saga = Saga::new();
        let trip = self.book_all(ctx, &mut saga, bookings).await;
        if trip.is_err() {
            // Undoes the bookings, newest first; a cancellation of the trip does not stop it.
            saga.compensate().await;
        }
        trip
    }

    async fn book_all(
        &mut self,
        ctx: &Ctx,
        saga: &mut Saga,
        bookings: Vec<String>,
    ) -> Result<usize> {
        let agency = Agency::stub(ctx).start_to_close(secs(10));
        for what in bookings {
            let booked = agency.book(what).await?;
            saga.undo(agency.cancel_booking(&booked));
            self.booked.push(booked);
        }
        // Waits for the day of departure. A cancelled wait returns an `Err`, so `?` ends the trip.
        ctx.sleep(days(30)).await?;
        Ok(self.booked.len())
    }

    #[query]
    fn booked(&self) -> Vec<String> {
        self.booked.clone()
    }
}

#[durably::main]
async fn main() -> Result<()> {
    let client = Client::development().await?;
    let worker = Worker::new(&client, "trips")
        .workflow::<Trip>()
        .activities(Agency { name: "agency" })
        .spawn()
        .await?;

    println!("a trip that is cancelled");
    let bookings = ["flight", "hotel"].map(String::from).to_vec();
    let trip = Trip::start(&client, bookings).await?;
    while trip.booked().await?.len() < 2 {
        tokio::time::sleep(millis(50)).await;
    }
    trip.cancel().await?;
    match trip.result().await {
        Err(error) if error.is_cancelled() => println!("  cancelled, and all bookings are undone"),
        other => println!("  {other:?}"),
    }

    println!("a trip that fails");
    let bookings = ["flight", "moon rocket"].map(String::from).to_vec();
    if let Err(error) = Trip::start(&client, bookings).result().await {
        println!("  {error}");
    }

    worker.shutdown().await
}
