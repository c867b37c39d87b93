//! Parents whose code is ours, on workers that cache, evict, crash and replay: what they come to, and what their
//! children must be.

use durably::{
    error::{ChildError, TimeoutKind},
    prelude::*,
};
use durably_proto::api::enums::v1::WorkflowExecutionStatus as Status;

use super::{
    check::{self, Service},
    workflows::step,
    world::World,
};
use crate::rng::mix;

/// One thing that a [`Parent`] does with other workflows.
#[durably::data]
#[derive(Clone, Debug)]
pub(super) enum Errand {
    Asks,
    AsksSeveral(u64),
    AsksOneThatFails,
    /// It fails so many times before.
    AsksOneThatIsRetried(u32),
    AsksOneThatTimesOut,
    /// A timer of so long may come first, which cancels the child.
    Races(u64),
    /// Cancels a child by its handle, after so long.
    Cancels(u64),
    /// Cancels a child as any other workflow, by its id.
    CancelsById(u64),
    CancelsNobody,
    /// Sends so many signals to a child, by its handle and by its id in turns.
    Signals(u64),
    SignalsNobody,
    /// Gets so many signals of a child.
    IsSignalled(u64),
    StartsTwoOfAnId,
    /// Leaves a child behind.
    Leaves,
}

/// What a [`Child`] does.
#[durably::data]
#[derive(Clone, Debug)]
pub(super) enum Role {
    Computes,
    Fails,
    /// So many attempts.
    FailsBefore(u32),
    /// Until it is cancelled; cleans up then.
    Waits,
    /// For so many signals.
    Listens(u64),
    /// So many signals to its parent.
    Reports(u64),
}

/// Works for a [`Parent`].
#[derive(Default)]
pub(super) struct Child {
    told: Vec<u64>,
}

#[workflow]
impl Child {
    #[run]
    pub(super) async fn run(&mut self, ctx: &Ctx, role: Role, number: u64) -> Result<u64> {
        match role {
            Role::Computes => Ok(step::call(ctx, number).await?),
            Role::Fails => Err(AppError::new("Refused", "it never works")
                .details(number)
                .non_retryable()
                .into()),
            Role::FailsBefore(failures) if ctx.attempt() <= failures => {
                bail!("attempt {}", ctx.attempt())
            }
            Role::FailsBefore(_) => Ok(mix(number)),
            Role::Waits => {
                let cancelled = ctx.sleep(hours(1)).await;
                step::call(ctx, number).shielded().await?;
                cancelled?;
                bail!("nobody has cancelled it");
            }
            Role::Listens(count) => {
                ctx.wait_until(|| self.told.len() as u64 == count).await?;
                Ok(fold(number, &self.told))
            }
            Role::Reports(count) => {
                let parent = ctx.parent().map(|parent| parent.workflow_id().to_owned());
                let parent = Parent::external(ctx, parent.unwrap_or_default());
                for nth in 0..count {
                    parent.report(number.wrapping_add(nth)).await?;
                }
                Ok(count)
            }
        }
    }

    #[signal]
    pub(super) fn tell(&mut self, number: u64) {
        self.told.push(number);
    }
}

/// Folds a number through the errands of a plan.
#[derive(Default)]
pub(super) struct Parent {
    reports: Vec<u64>,
}

#[workflow]
impl Parent {
    #[run]
    pub(super) async fn run(&mut self, ctx: &Ctx, start: u64, plan: Vec<Errand>) -> Result<u64> {
        let mut number = start;
        for (nth, errand) in plan.into_iter().enumerate() {
            let id = child_id(ctx.workflow_id(), nth);
            let child = |role| Child::child(ctx, role, number).id(&id);
            number = match errand {
                Errand::Asks => child(Role::Computes).await?,
                Errand::AsksSeveral(count) => {
                    let all = (0..count).map(|nth| {
                        let number = number.wrapping_add(nth);
                        Child::child(ctx, Role::Computes, number).id(format!("{id}-{nth}"))
                    });
                    let mut sum = 0_u64;
                    for one in join_all(all).await {
                        sum = sum.wrapping_add(one?);
                    }
                    sum
                }
                Errand::AsksOneThatFails => match child(Role::Fails).await {
                    Ok(_) => bail!("it never works"),
                    Err(error) => error.detail::<u64>(0)?.wrapping_add(1),
                },
                Errand::AsksOneThatIsRetried(failures) => {
                    let retry = Retry::attempts(9).initial_interval(secs(1));
                    child(Role::FailsBefore(failures)).retry(retry).await?
                }
                Errand::AsksOneThatTimesOut => {
                    let child = child(Role::Waits).run_timeout(secs(5));
                    match child.await.map_err(|error| error.timeout()) {
                        Err(Some(TimeoutKind::StartToClose)) => number.wrapping_add(2),
                        other => bail!("it takes too long: {other:?}"),
                    }
                }
                Errand::Races(time) => {
                    match race(child(Role::Computes), ctx.sleep(millis(time))).await {
                        Either::First(computed) => _ = computed?,
                        Either::Second(slept) => slept?,
                    }
                    number
                }
                Errand::Cancels(time) => {
                    let child = child(Role::Waits).start().await?;
                    ctx.sleep(millis(time)).await?;
                    child.cancel();
                    cancelled(child.result().await, number)?
                }
                Errand::CancelsById(time) => {
                    let child = child(Role::Waits).start().await?;
                    ctx.sleep(millis(time)).await?;
                    Child::external(ctx, &id).cancel().await?;
                    cancelled(child.result().await, number)?
                }
                Errand::CancelsNobody => match Child::external(ctx, &id).cancel().await {
                    Err(error) if error.is_not_found() => number.wrapping_add(4),
                    other => bail!("nobody has this id: {other:?}"),
                },
                Errand::Signals(count) => {
                    let child = child(Role::Listens(count)).start().await?;
                    let external = Child::external(ctx, &id);
                    for nth in 0..count {
                        match nth % 2 {
                            0 => child.tell(number.wrapping_add(nth)).await?,
                            _ => external.tell(number.wrapping_add(nth)).await?,
                        }
                    }
                    child.result().await?
                }
                Errand::SignalsNobody => match Child::external(ctx, &id).tell(number).await {
                    Err(error) if error.is_not_found() => number.wrapping_add(5),
                    other => bail!("nobody has this id: {other:?}"),
                },
                Errand::IsSignalled(count) => {
                    let all = self.reports.len() + count as usize;
                    let reported = child(Role::Reports(count)).await?;
                    ctx.wait_until(|| self.reports.len() >= all).await?;
                    let before = all - reported as usize;
                    fold(number, &self.reports[before..])
                }
                Errand::StartsTwoOfAnId => {
                    let first = child(Role::Waits).start().await?;
                    match child(Role::Computes).await {
                        Err(error) if error.is_already_started() => {}
                        other => bail!("its id is in use: {other:?}"),
                    }
                    first.cancel();
                    cancelled(first.result().await, number)?
                }
                Errand::Leaves => {
                    let child = child(Role::Computes);
                    let child = child.parent_close(ParentClose::Abandon);
                    child.start().await?;
                    number
                }
            };
        }
        Ok(number.wrapping_add(self.reports.len() as u64))
    }

    #[signal]
    pub(super) fn report(&mut self, number: u64) {
        self.reports.push(number);
    }
}

/// What comes after a child that was cancelled.
fn cancelled(result: Result<u64, ChildError>, number: u64) -> Result<u64> {
    match result {
        Err(error) if error.is_cancelled() => Ok(number.wrapping_add(3)),
        other => bail!("it waits until it is cancelled: {other:?}"),
    }
}

/// Tells the order, too.
fn fold(number: u64, all: &[u64]) -> u64 {
    let all = all.iter();
    all.fold(number, |number, one| mix(number.wrapping_add(*one)))
}

fn child_id(parent: &str, nth: usize) -> String {
    format!("{parent}-{nth}")
}

/// What a [`Parent`] comes to.
pub(super) fn result_of(start: u64, plan: &[Errand]) -> u64 {
    let mut reports = 0_u64;
    let number = plan.iter().fold(start, |number, errand| {
        let counted = |count: u64| (0..count).map(move |nth| number.wrapping_add(nth));
        match errand {
            Errand::Asks | Errand::AsksOneThatIsRetried(_) => mix(number),
            Errand::AsksSeveral(count) => counted(*count).map(mix).fold(0, u64::wrapping_add),
            Errand::AsksOneThatFails => number.wrapping_add(1),
            Errand::AsksOneThatTimesOut => number.wrapping_add(2),
            Errand::Races(_) | Errand::Leaves => number,
            Errand::Cancels(_) | Errand::CancelsById(_) | Errand::StartsTwoOfAnId => {
                number.wrapping_add(3)
            }
            Errand::CancelsNobody => number.wrapping_add(4),
            Errand::SignalsNobody => number.wrapping_add(5),
            Errand::Signals(count) => fold(number, &counted(*count).collect::<Vec<_>>()),
            Errand::IsSignalled(count) => {
                reports += count;
                fold(number, &counted(*count).collect::<Vec<_>>())
            }
        }
    });
    number.wrapping_add(reports)
}

/// The runs of a child.
enum Runs {
    /// With these ends.
    Ended(Vec<Status>),
    /// It may never have been started, and its end is open.
    Any,
}

/// The children of a parent, by their ids.
fn children(parent: &str, plan: &[Errand]) -> Vec<(String, Runs)> {
    let mut children = Vec::new();
    for (nth, errand) in plan.iter().enumerate() {
        let id = child_id(parent, nth);
        let runs = match errand {
            Errand::CancelsNobody | Errand::SignalsNobody => continue,
            Errand::AsksSeveral(count) => {
                let ids = (0..*count).map(|nth| format!("{id}-{nth}"));
                children.extend(ids.map(|id| (id, Runs::Ended(vec![Status::Completed]))));
                continue;
            }
            Errand::Races(_) => Runs::Any,
            Errand::AsksOneThatFails => Runs::Ended(vec![Status::Failed]),
            Errand::AsksOneThatTimesOut => Runs::Ended(vec![Status::TimedOut]),
            Errand::AsksOneThatIsRetried(failures) => {
                let mut ends = vec![Status::Failed; *failures as usize];
                ends.push(Status::Completed);
                Runs::Ended(ends)
            }
            Errand::Cancels(_) | Errand::CancelsById(_) | Errand::StartsTwoOfAnId => {
                Runs::Ended(vec![Status::Canceled])
            }
            Errand::Asks | Errand::Signals(_) | Errand::IsSignalled(_) | Errand::Leaves => {
                Runs::Ended(vec![Status::Completed])
            }
        };
        children.push((id, runs));
    }
    children
}

/// Waits until the children of a closed parent have ended.
pub(super) async fn until_ended(world: &World, parent: &str, plan: &[Errand]) {
    for (child, runs) in children(parent, plan) {
        match runs {
            Runs::Ended(_) => super::until_ended(world, &child).await,
            // What the server has to do for the parent is done by then.
            Runs::Any => super::until_ended_or_missing(world, &child).await,
        }
    }
}

/// Checks the children of a parent; returns how many runs they have.
pub(super) async fn check(
    world: &World,
    service: &Service,
    parent: &str,
    plan: &[Errand],
) -> usize {
    let mut count = 0;
    for (child, runs) in children(parent, plan) {
        if check::status(service, &child).await.is_none() {
            assert!(matches!(runs, Runs::Any), "{child} was not started");
            world.count("children that were never started");
            continue;
        }
        let chain = check::chain(service, &child).await;
        let ends: Vec<_> = chain.iter().map(|run| run.status).collect();
        match runs {
            Runs::Ended(expected) => assert_eq!(ends, expected, "{child}"),
            Runs::Any => assert_eq!(ends.len(), 1, "{child}: {ends:?}"),
        }
        for (run, end) in chain.iter().zip(&ends) {
            check::replay(&child, run);
            check::record(world, &child, run);
            world.count(match end {
                Status::Completed => "children that complete",
                Status::Failed => "children that fail",
                Status::Canceled => "children that are cancelled",
                Status::TimedOut => "children that time out",
                Status::Terminated => "children that are terminated",
                other => panic!("{child}: {other:?}"),
            });
        }
        count += chain.len();
    }
    count
}
