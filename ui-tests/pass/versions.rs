//! A workflow whose code changed while runs of it were under way.
#![deny(warnings)]

use durably::{prelude::*, workflow::PatchSeries};

const INSURED_PARCELS: Patch = Patch::new("insured parcels");
const EXACT_SCALES: Patch = Patch::new("exact scales");
const LONGER_STOPS: PatchSeries = PatchSeries::new("longer stops");
const SLOW_SCALES: Patch = Patch::new("slow scales");

#[activity(start_to_close = "10s")]
pub async fn weigh(parcel: String) -> u32 {
    parcel.len() as u32
}

#[activity(start_to_close = "10s")]
pub async fn weigh_exactly(parcel: String, unit: Unit) -> Result<u32> {
    match unit {
        Unit::Grams => Ok(u32::try_from(parcel.len())? * 1000),
        Unit::Kilograms => Ok(u32::try_from(parcel.len())?),
    }
}

#[durably::data]
#[derive(Clone, Copy, Default)]
pub enum Unit {
    #[default]
    Grams,
    Kilograms,
}

#[derive(Default)]
pub struct Parcel {
    unit: Unit,
    weights: Vec<u32>,
    length: u32,
}

#[workflow(task_queue = "parcels")]
impl Parcel {
    #[run]
    async fn run(&mut self, ctx: &Ctx, parcel: String, stops: u32) -> Result<u32> {
        ctx.deprecate_patch(INSURED_PARCELS);
        for stop in 0..stops {
            let weight = if ctx.patched(EXACT_SCALES) {
                weigh_exactly::call(ctx, &parcel, self.unit).await?
            } else {
                weigh::call(ctx, &parcel).await?
            };
            self.weights.push(weight);
            match ctx.patched(LONGER_STOPS.part(stop)) {
                true => ctx.sleep(hours(2)).await?,
                false => ctx.sleep(hours(1)).await?,
            }
        }
        self.length = ctx.history_length();
        Ok(self.weights.iter().sum())
    }

    #[query]
    fn length(&self) -> u32 {
        self.length
    }

    #[signal]
    async fn measure_in(&mut self, ctx: &Ctx, unit: Unit) -> Result<()> {
        if ctx.patched(&SLOW_SCALES) {
            ctx.sleep(secs(1)).await?;
        }
        self.unit = unit;
        Ok(())
    }
}

fn main() {}
