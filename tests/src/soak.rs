//! A workflow that does one of all the kinds of work there are, for a test that kills its workers.

#![allow(missing_docs)]

use durably::prelude::*;
use futures::future::{join_all, try_join_all};

/// What a [`Soak`] does.
#[derive(PartialEq, Eq)]
#[durably::data]
pub enum Work {
    Activities,
    LocalActivities,
    SideEffects,
    Timers,
    Children,
    /// Signals another one, which receives.
    Sender {
        to: String,
    },
    Receiver,
    /// Takes three updates.
    Updates,
    /// Is cancelled, and cleans up.
    Cancelled,
    ContinueAsNew {
        left: u64,
        sum: u64,
    },
}

/// Fails at its first attempt.
#[activity(start_to_close = "3s")]
pub async fn double_at_last(ctx: &ActivityCtx, number: u64) -> Result<u64> {
    if ctx.attempt() == 1 && number.is_multiple_of(3) {
        bail!("busy");
    }
    Ok(number * 2)
}

/// The sum of what it was sent.
#[derive(Default)]
pub struct Soak {
    received: Vec<u64>,
}

#[workflow]
impl Soak {
    #[run]
    pub async fn run(&mut self, ctx: &Ctx, work: Work) -> Result<u64> {
        let retry = Retry::attempts(0).initial_interval(millis(20));
        match work {
            Work::Activities => {
                let calls = (0..10).map(|n| double_at_last::call(ctx, n).retry(retry.clone()));
                Ok(try_join_all(calls).await?.into_iter().sum())
            }
            Work::LocalActivities => {
                let mut sum = 0;
                for number in 0..6 {
                    let call = double_at_last::call(ctx, number).retry(retry.clone());
                    sum += call.local().await?;
                }
                let calls =
                    (0..10).map(|n| double_at_last::call(ctx, n).retry(retry.clone()).local());
                Ok(sum + try_join_all(calls).await?.into_iter().sum::<u64>())
            }
            Work::SideEffects => {
                let recorded = ctx.side_effect(|| u64::from(std::process::id())).await?;
                let doubled = double_at_last::call(ctx, recorded)
                    .retry(retry.clone())
                    .await?;
                ctx.sleep(millis(100)).await?;
                let again = double_at_last::call(ctx, recorded).retry(retry).await?;
                Ok(u64::from(doubled == recorded * 2 && again == doubled))
            }
            Work::Timers => {
                let sleeps = (0..10).map(|n| ctx.sleep(millis(n * 30)));
                let done = join_all(sleeps).await;
                Ok(done.into_iter().map(|slept| u64::from(slept.is_ok())).sum())
            }
            Work::Children => {
                let own = ctx.workflow_id().to_owned();
                let children = [Work::Activities, Work::Timers, Work::SideEffects];
                let children = children.into_iter().enumerate().map(|(number, work)| {
                    Self::child(ctx, work)
                        .id(format!("{own}-{number}"))
                        .task_timeout(secs(2))
                });
                Ok(try_join_all(children).await?.into_iter().sum())
            }
            Work::Sender { to } => {
                for number in 1..=5 {
                    Self::external(ctx, &to).receive(number).await?;
                }
                Ok(5)
            }
            Work::Receiver => {
                ctx.wait_until(|| self.received.len() >= 5).await?;
                Ok(self.received.iter().sum())
            }
            Work::Updates => {
                ctx.wait_until(|| self.received.len() >= 3).await?;
                Ok(self.received.iter().sum())
            }
            Work::Cancelled => {
                let slept = ctx.sleep(hours(1)).await;
                double_at_last::call(ctx, 3).retry(retry).shielded().await?;
                slept?;
                bail!("it was not cancelled")
            }
            Work::ContinueAsNew { left: 0, sum } => Ok(sum),
            Work::ContinueAsNew { left, sum } => {
                let doubled = double_at_last::call(ctx, left).retry(retry).await?;
                let sum = sum + doubled;
                Self::continue_as_new(Work::ContinueAsNew {
                    left: left - 1,
                    sum,
                })
                .into()
            }
        }
    }

    #[signal]
    pub fn receive(&mut self, number: u64) {
        self.received.push(number);
    }

    #[update]
    pub async fn add(&mut self, ctx: &Ctx, number: u64) -> Result<u64> {
        let doubled = double_at_last::call(ctx, number).await?;
        self.received.push(doubled);
        Ok(doubled)
    }
}
