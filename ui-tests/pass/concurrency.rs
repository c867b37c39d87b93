//! A trip booked all at once: joins, races, spawned blocks, branches that share the state.
#![deny(warnings)]

use durably::{prelude::*, race_all};

#[activity(start_to_close = "1m")]
pub async fn book(what: String, from: String) -> Result<String> {
    Ok(format!("{what} from {from}"))
}

#[derive(Default)]
pub struct Trip {
    booked: Vec<String>,
    approved: Option<bool>,
    ticks: u32,
}

#[workflow(task_queue = "trips")]
impl Trip {
    #[run]
    async fn run(&mut self, ctx: &Ctx, city: String) -> Result<Vec<String>> {
        // Two of different kinds; both must succeed.
        let (flight, hotel) = try_join(
            book::call(ctx, "flight", &city),
            book::call(ctx, "hotel", &city),
        )
        .await?;
        self.booked.extend([flight, hotel]);
        // Branches that both use the state.
        let clock = async {
            while self.approved.is_none() && self.ticks < 100 {
                ctx.sleep(mins(1)).await?;
                self.ticks += 1;
            }
            Ok::<_, Error>(self.ticks)
        };
        let question = async {
            let answered = ctx
                .wait_until(|| self.approved.is_some())
                .timeout(hours(1))
                .await?;
            self.booked.push(format!("answered: {answered}"));
            Ok::<_, Error>(answered)
        };
        let (ticks, answered) = join(clock, question).await;
        if ticks? == 100 || !answered? {
            bail!("nobody answered");
        }
        // The first of several, and what it was.
        let shops = ["a", "b", "c"].map(|shop| book::call(ctx, "car", shop));
        let (shop, car) = race_all(shops).await;
        self.booked.push(format!("{} of shop {shop}", car?));
        // All of a list, in its order, of which some may fail.
        let extras = ["tour", "lunch"];
        let all = join_all(extras.iter().map(|extra| book::call(ctx, *extra, &city))).await;
        self.booked.extend(all.into_iter().flatten());
        // Goes on beside what follows.
        let insurance = {
            let ctx = ctx.clone();
            ctx.clone().spawn(async move {
                let insurance = book::call(&ctx, "insurance", "x").await?;
                self.booked.push(insurance);
                Ok::<_, Error>(self.booked.len())
            })
        };
        match race(
            ctx.wait_until(|| self.approved == Some(false)),
            ctx.sleep(secs(5)),
        )
        .await
        {
            Either::First(refused) => refused?,
            Either::Second(slept) => slept?,
        }
        insurance.await?;
        Ok(self.booked.clone())
    }

    #[signal]
    fn approve(&mut self, approved: bool) {
        self.approved = Some(approved);
    }
}

fn main() {}
