//! The workflows of a simulation, ordinary ones, with what each of them must come to.

use durably::prelude::*;

use crate::rng::mix;

/// Computes [`mix`].
#[activity(start_to_close = "5s")]
pub(super) async fn step(number: u64) -> u64 {
    mix(number)
}

/// As [`step`], after it has failed so many times.
#[activity(start_to_close = "5s")]
pub(super) async fn flaky(number: u64, failures: u32) -> Result<u64> {
    bail!("{number} after {failures} failures");
}

/// Fails for good.
#[activity(start_to_close = "5s")]
pub(super) async fn broken(number: u64) -> Result<u64> {
    bail!("{number} is broken");
}

/// As [`step`], after so many heartbeats.
#[activity(start_to_close = "60s", heartbeat = "5s")]
pub(super) async fn long(ctx: &ActivityCtx, number: u64, beats: u32) -> u64 {
    ctx.heartbeat(());
    mix(number + u64::from(beats))
}

/// As [`step`], completed by the desk.
#[activity(start_to_close = "20s")]
pub(super) async fn later(number: u64) -> u64 {
    mix(number)
}

/// One step of a [`Pipeline`].
#[durably::data]
#[derive(Clone, Debug)]
pub(super) enum Step {
    Sleep(u64),
    One,
    Flaky(u32),
    Broken,
    Long(u32),
    Later,
    Several(u64),
    Race(u64),
    Cancelled(u64),
    /// A local activity, which fails so many times before.
    Local(u32),
    LocalBroken,
    /// Several local activities beside ordinary ones.
    Mixed(u64),
    LocalRace(u64),
    Recorded,
    Patched,
}

const A_CHANGE: Patch = Patch::new("a change");

/// Folds a number through the activities of a plan.
#[derive(Default)]
pub(super) struct Pipeline;

#[workflow]
impl Pipeline {
    #[run]
    pub(super) async fn run(&mut self, ctx: &Ctx, start: u64, plan: Vec<Step>) -> Result<u64> {
        let mut number = start;
        for step_of_plan in plan {
            number = match step_of_plan {
                Step::Sleep(time) => {
                    ctx.sleep(millis(time)).await?;
                    number
                }
                Step::One => step::call(ctx, number).await?,
                Step::Flaky(failures) => flaky::call(ctx, number, failures).await?,
                Step::Broken => match broken::call(ctx, number).await {
                    Ok(_) => bail!("it is broken"),
                    Err(_) => number + 1,
                },
                Step::Long(beats) => long::call(ctx, number, beats).await?,
                Step::Later => later::call(ctx, number).await?,
                Step::Several(count) => {
                    let all = (0..count).map(|nth| step::call(ctx, number.wrapping_add(nth)));
                    let (all, slept) = join(join_all(all), ctx.sleep(millis(10 * count))).await;
                    slept?;
                    let mut sum = 0_u64;
                    for one in all {
                        sum = sum.wrapping_add(one?);
                    }
                    sum
                }
                Step::Race(time) => {
                    // Either may come first; the other one is cancelled.
                    let first = race(step::call(ctx, number), ctx.sleep(millis(time))).await;
                    match first {
                        Either::First(stepped) => _ = stepped?,
                        Either::Second(slept) => slept?,
                    }
                    number
                }
                Step::Cancelled(time) => {
                    // The activity hears of its end by a heartbeat, if it has not ended before.
                    let first = race(long::call(ctx, number, 4), ctx.sleep(millis(time))).await;
                    match first {
                        Either::First(done) => _ = done?,
                        Either::Second(slept) => slept?,
                    }
                    number
                }
                Step::Local(failures) => flaky::call(ctx, number, failures).local().await?,
                Step::LocalBroken => match broken::call(ctx, number).local().await {
                    Ok(_) => bail!("it is broken"),
                    Err(_) => number + 1,
                },
                Step::Mixed(count) => {
                    let here =
                        (0..count).map(|nth| step::call(ctx, number.wrapping_add(nth)).local());
                    let there = step::call(ctx, number);
                    let (here, there) = join(join_all(here), there).await;
                    let mut sum = there?;
                    for one in here {
                        sum = sum.wrapping_add(one?);
                    }
                    sum
                }
                Step::LocalRace(time) => {
                    let called = step::call(ctx, number).local();
                    match race(called, ctx.sleep(millis(time))).await {
                        Either::First(stepped) => _ = stepped?,
                        Either::Second(slept) => slept?,
                    }
                    number
                }
                Step::Recorded => {
                    let recorded = ctx.side_effect(|| mix(number)).await?;
                    let kept = ctx
                        .mutable_side_effect("a flag", || number.is_multiple_of(2))
                        .await?;
                    recorded.wrapping_add(u64::from(kept))
                }
                Step::Patched => match ctx.patched(A_CHANGE) {
                    true => number + 1,
                    false => bail!("no run is older than the patch"),
                },
            };
        }
        Ok(number)
    }
}

/// What a [`Pipeline`] comes to.
pub(super) fn result_of(start: u64, plan: &[Step]) -> u64 {
    plan.iter().fold(start, |number, step| match step {
        Step::Sleep(_) | Step::Race(_) | Step::Cancelled(_) | Step::LocalRace(_) => number,
        Step::One | Step::Flaky(_) | Step::Later | Step::Local(_) => mix(number),
        Step::Broken | Step::LocalBroken | Step::Patched => number + 1,
        Step::Recorded => mix(number).wrapping_add(u64::from(number.is_multiple_of(2))),
        Step::Mixed(count) => {
            let here = (0..*count).map(|nth| mix(number.wrapping_add(nth)));
            here.fold(mix(number), u64::wrapping_add)
        }
        Step::Long(beats) => mix(number + u64::from(*beats)),
        Step::Several(count) => {
            let all = (0..*count).map(|nth| mix(number.wrapping_add(nth)));
            all.fold(0, u64::wrapping_add)
        }
    })
}

/// Collects the tags of signals and updates, and continues as new after some of them.
#[derive(Default)]
pub(super) struct Ledger {
    tags: Vec<u64>,
    fresh: usize,
    finished: bool,
}

#[workflow]
impl Ledger {
    #[init]
    pub(super) fn new(_limit: usize, tags: Vec<u64>) -> Self {
        Self {
            tags,
            ..Self::default()
        }
    }

    #[run]
    pub(super) async fn run(
        &mut self,
        ctx: &Ctx,
        limit: usize,
        _tags: Vec<u64>,
    ) -> Result<Vec<u64>> {
        ctx.wait_until(|| self.finished || self.fresh >= limit)
            .await?;
        ctx.wait_until(|| ctx.handlers_finished()).await?;
        if self.finished {
            return Ok(self.tags.clone());
        }
        Self::continue_as_new(limit, self.tags.clone()).into()
    }

    #[signal]
    pub(super) fn add(&mut self, tag: u64) {
        self.tags.push(tag);
        self.fresh += 1;
    }

    #[signal]
    pub(super) fn finish(&mut self) {
        self.finished = true;
    }

    /// Odd tags take a while.
    #[update(validator = check_tag)]
    pub(super) async fn apply(&mut self, ctx: &Ctx, tag: u64) -> Result<u64> {
        self.tags.push(tag);
        self.fresh += 1;
        match tag % 2 {
            0 => Ok(mix(tag)),
            _ => Ok(step::call(ctx, tag).await?),
        }
    }

    fn check_tag(&self, tag: &u64) -> Result<(), &'static str> {
        match tag % 5 {
            0 => Err("not this one"),
            _ => Ok(()),
        }
    }

    #[query]
    pub(super) fn tags(&self) -> Vec<u64> {
        self.tags.clone()
    }
}

/// Sleeps until it is cancelled; cleans up then.
#[derive(Default)]
pub(super) struct Stoppable;

#[workflow]
impl Stoppable {
    #[run]
    pub(super) async fn run(&mut self, ctx: &Ctx, seconds: u64) -> Result<u64> {
        match ctx.sleep(secs(seconds)).await {
            Ok(()) => Ok(0),
            Err(cancelled) => {
                step::call(ctx, 7).shielded().await?;
                Err(cancelled.into())
            }
        }
    }
}

/// Fails until the attempt after so many failures.
#[derive(Default)]
pub(super) struct Retried;

#[workflow]
impl Retried {
    #[run]
    pub(super) async fn run(&mut self, ctx: &Ctx, failures: u32) -> Result<u32> {
        step::call(ctx, u64::from(ctx.attempt())).await?;
        if ctx.attempt() <= failures {
            bail!("attempt {}", ctx.attempt());
        }
        Ok(ctx.attempt())
    }
}

/// Counts the runs of a cron schedule.
#[derive(Default)]
pub(super) struct Tick;

#[workflow]
impl Tick {
    #[run]
    pub(super) async fn run(&mut self, ctx: &Ctx) -> Result<u64> {
        let before = ctx.last_completion::<u64>()?.unwrap_or(0);
        step::call(ctx, before).await?;
        Ok(before + 1)
    }
}
