//! A meter that begins its next runs with an error type of its own.
#![deny(warnings)]

use durably::{ContinueAsNew, prelude::*};

#[derive(Debug, thiserror::Error)]
pub enum MeterError {
    #[error("the meter broke")]
    Broken,
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    #[error(transparent)]
    ContinueAsNew(#[from] ContinueAsNew),
}

#[derive(Default)]
pub struct Meter {
    total: u64,
}

#[workflow(task_queue = "meters")]
impl Meter {
    #[run]
    async fn run(&mut self, ctx: &Ctx, way: u32) -> Result<u64, MeterError> {
        ctx.wait_until(|| ctx.continue_as_new_suggested() && ctx.handlers_finished())
            .await?;
        if way == 0 {
            return Self::continue_as_new(way + 1).into();
        }
        match way {
            1 => Self::continue_as_new(way + 1).run_timeout(days(2)).into(),
            2 => Err(Self::continue_as_new(way + 1))?,
            3 => Err(Self::continue_as_new(way + 1).into()),
            4 => Err(MeterError::ContinueAsNew(Self::continue_as_new(way + 1))),
            5 => self.next(way),
            6 => Ok(self.with_durably(way).map_err(|_| MeterError::Broken)?),
            _ => Err(MeterError::Broken),
        }
    }

    fn next<T>(&self, way: u32) -> Result<T, MeterError> {
        Self::continue_as_new(way + 1).into()
    }

    fn with_durably(&self, way: u32) -> Result<u64> {
        Self::continue_as_new(way + 1).into()
    }

    #[signal]
    fn count(&mut self, units: u64) {
        self.total += units;
    }
}

fn main() {}
