//! A rental that can be cancelled: scopes, shields, clean-up, compensation.
#![deny(warnings)]

use durably::prelude::*;

#[activity(start_to_close = "1m", heartbeat = "10s")]
pub async fn drive(ctx: &ActivityCtx, car: u32) -> Result<u32> {
    for kilometre in 0..1_000 {
        ctx.heartbeat(kilometre);
        let rest = tokio::time::sleep(millis(10));
        tokio::select! {
            reason = ctx.cancelled() => bail!("stopped at {kilometre}: {reason:?}"),
            () = rest => {}
        }
    }
    Ok(car)
}

#[activity(start_to_close = "10s")]
pub async fn reserve(car: u32) -> u32 {
    car
}

#[activity(start_to_close = "10s")]
pub async fn hand_back(car: u32) {
    println!("{car} is back");
}

#[derive(Default)]
pub struct Rental {
    late: bool,
    notes: Vec<String>,
}

#[workflow(task_queue = "cars")]
impl Rental {
    #[run]
    async fn run(&mut self, ctx: &Ctx, car: u32) -> Result<u32> {
        let mut saga = Saga::new();
        let driven = self.drive(ctx, &mut saga, car).await;
        match driven {
            Err(error) if error.is_cancelled() => {
                // What must still happen is shielded from the cancellation.
                ctx.shield().sleep(secs(5)).await?;
                let failed = saga.compensate().await;
                self.notes.extend(failed.iter().map(ToString::to_string));
                Err(error)
            }
            other => other,
        }
    }

    async fn drive(&mut self, ctx: &Ctx, saga: &mut Saga, car: u32) -> Result<u32> {
        let car = reserve::call(ctx, car).await?;
        saga.undo(hand_back::call(ctx, car));
        // A scope of its own: cancelled here, while the run goes on.
        let (scope, inner) = ctx.scope();
        let tour = async {
            let driven = drive::call(&inner, car).await;
            driven.map_err(Error::from)
        };
        let watch = async {
            if ctx.wait_until(|| self.late).timeout(hours(8)).await? {
                self.notes.push("called back".into());
                scope.cancel();
            }
            Ok::<_, Error>(())
        };
        let (driven, watched) = join(tour, watch).await;
        watched?;
        hand_back::call(ctx, car).shielded().await?;
        match driven {
            Err(error) if error.is_cancelled() && !ctx.is_cancelled() => Ok(0),
            driven => driven,
        }
    }

    #[signal]
    async fn call_back(&mut self, ctx: &Ctx, minutes: u64) {
        match race(ctx.sleep(mins(minutes)), ctx.cancelled()).await {
            Either::First(Ok(())) => self.late = true,
            Either::First(Err(_)) | Either::Second(_) => self.notes.push("too late".into()),
        }
    }
}

fn main() {}
