//! A delivery and what one may ask of it: facts, filters, pages, refusals.
#![deny(warnings)]

use durably::prelude::*;

#[durably::data]
#[derive(Clone, Debug, PartialEq)]
pub struct Stop {
    pub street: String,
    pub minute: u32,
}

#[durably::data]
pub struct Page {
    pub stops: Vec<Stop>,
    pub next: Option<usize>,
}

#[derive(Default)]
pub struct Delivery {
    stops: Vec<Stop>,
    home: bool,
}

#[workflow(task_queue = "vans")]
impl Delivery {
    #[run]
    async fn run(&mut self, ctx: &Ctx) -> Result<usize> {
        ctx.wait_until(|| self.home).await?;
        Ok(self.stops.len())
    }

    #[signal]
    fn stopped(&mut self, stop: Stop) {
        self.home = stop.street.is_empty();
        self.stops.push(stop);
    }

    #[query]
    fn last(&self) -> Option<Stop> {
        self.stops.last().cloned()
    }

    /// One page of the stops; what is out of range is an error of the caller's.
    #[query]
    fn page(&self, from: usize, size: usize) -> Result<Page> {
        let Some(rest) = self.stops.get(from..) else {
            bail!("there are {} stops only", self.stops.len());
        };
        let stops: Vec<Stop> = rest.iter().take(size).cloned().collect();
        let next = (stops.len() < rest.len()).then_some(from + size);
        Ok(Page { stops, next })
    }

    #[query(name = "isLate")]
    fn is_late(&self, view: &View, minutes: u64) -> bool {
        view.now()
            .duration_since(view.started_at())
            .is_ok_and(|driven| driven > mins(minutes))
    }

    #[query]
    fn streets(&self, only: Option<String>) -> std::collections::BTreeMap<String, u32> {
        self.stops
            .iter()
            .filter(|stop| only.as_ref().is_none_or(|only| *only == stop.street))
            .map(|stop| (stop.street.clone(), stop.minute))
            .collect()
    }

    #[query]
    fn minutes(&self) -> Result<u32, std::num::TryFromIntError> {
        let all: u64 = self.stops.iter().map(|stop| u64::from(stop.minute)).sum();
        all.try_into()
    }
}

pub async fn board(client: &Client) -> Result<()> {
    let delivery = Delivery::handle(client, "van-7");
    let mut from = Some(0);
    while let Some(start) = from {
        let page = delivery.page(start, 20).await?;
        println!("{:?}", page.stops);
        from = page.next;
    }
    let late = delivery.is_late(90).timeout(secs(2)).await?;
    let streets = delivery.streets(Some("Elm")).await?;
    let known: Option<Stop> = delivery.last().await?;
    println!("{late} {streets:?} {known:?} {}", delivery.minutes().await?);
    Ok(())
}

fn main() {
    let mut delivery = Delivery::default();
    delivery.stopped(Stop {
        street: "Elm".into(),
        minute: 3,
    });
    assert!(delivery.page(0, 1).is_ok_and(|page| page.next.is_none()));
}
